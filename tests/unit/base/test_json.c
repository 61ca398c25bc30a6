/* JSON: what is read, what is refused and where, and that printing reads back the same. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/arena.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/val.h"

static struct rs_val *parse(const char *text)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_json_parse(text, strlen(text), "body", &v, &err), &err);
    return v;
}

static void refuse(const char *text, size_t len, const char *want)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_code(rs_json_parse(text, len, "body", &v, &err), RS_EPARSE, &err, want);
    assert_null(v);
    assert_null(strchr(err.msg, '\n'));
}

static void assert_prints(const struct rs_val *v, int indent, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_json_print(v, indent, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
}

static void every_type_is_read_with_its_line(void **state)
{
    (void)state;
    struct rs_val *v = parse("{\"a\": [1, -2.5,\n true, null],\n\n \"b, ]\\\"\": \"x\\u00e9\\n\",\n"
                             "\"c\":{},\"d\":[ ]\n}");
    const struct rs_val *a = rs_val_get(v, "a");
    assert_int_equal(a->n, 4);
    assert_int_equal(a->items[0]->i, 1);
    assert_true(a->items[1]->r == -2.5);
    assert_true(a->items[2]->b);
    assert_int_equal(a->items[3]->type, RS_VAL_NULL);
    assert_int_equal(v->line, 1);
    assert_int_equal(a->items[1]->line, 1);
    assert_int_equal(a->items[2]->line, 2);
    const struct rs_val *b = rs_val_get(v, "b, ]\"");
    assert_string_equal(b->s, "x\xc3\xa9\n");
    assert_int_equal(b->line, 4);
    assert_int_equal(rs_val_get(v, "c")->type, RS_VAL_MAP);
    assert_int_equal(rs_val_get(v, "d")->type, RS_VAL_LIST);
    assert_int_equal(rs_val_get(v, "d")->line, 5);
    rs_val_free(v);
}

static void numbers_keep_their_kind(void **state)
{
    (void)state;
    struct rs_val *v = parse("[9223372036854775807, -9223372036854775808, 9223372036854775808, 3.0,"
                             "1e3, 0, -0, 123456789012345678901234567890123456789, 1E-400]");
    assert_true(v->items[0]->type == RS_VAL_INT && v->items[0]->i == INT64_MAX);
    assert_true(v->items[1]->type == RS_VAL_INT && v->items[1]->i == INT64_MIN);
    assert_true(v->items[2]->type == RS_VAL_REAL && v->items[2]->r == 0x1p63);
    assert_true(v->items[3]->type == RS_VAL_REAL && v->items[3]->r == 3);
    assert_true(v->items[4]->type == RS_VAL_REAL && v->items[4]->r == 1000);
    assert_int_equal(v->items[5]->type, RS_VAL_INT);
    assert_int_equal(v->items[6]->type, RS_VAL_INT);
    assert_true(v->items[7]->r == 123456789012345678901234567890123456789.0);
    assert_true(v->items[8]->r == 0);
    rs_val_free(v);
}

static void any_value_may_stand_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "true", "-7", "0.25", "\"\"", "[]", "{}"};
    for (int i = 0; i < 7; i++) {
        struct rs_val *v = parse(texts[i]);
        assert_int_equal(v->type, i);
        assert_prints(v, 0, texts[i]);
        rs_val_free(v);
    }
    struct rs_val *v = parse("\xef\xbb\xbf{\"bom\": 1}");
    assert_int_equal(rs_val_get_int(v, "bom", 0), 1);
    rs_val_free(v);
}

static void bad_text_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } bad[] = {
        {"", "body:1: "},
        {"{\"a\": 1,\n\"a\": 2}", "body:2: duplicate"},
        {"[1,\n2,\n]", "body:3: "},
        {"[1] 2", "body:1: end of file expected"},
        {"{\"a\" 1}", "body:1: "},
        {"[NaN]", "body:1: "},
        {"[Infinity]", "body:1: "},
        {"[1e999]", "body:1: "},
        {"[01]", "body:1: "},
        {"['x']", "body:1: "},
        {"\"a\\u0000b\"", "body:1: a NUL character"},
        {"{\"a\\u0000b\": 1}", "body:1: a NUL character"},
        {"\"\\ud800\"", "body:1: "},
        {"[\n\"a\tb\"]", "body:2: "},
        {"[\n\"\xff\"]", "body:2: not valid UTF-8"},
        {"[\"\xc0\x80\"]", "body:1: not valid UTF-8"},
        {"[\"\xed\xa0\x80\"]", "body:1: not valid UTF-8"},
        {"\"\x1b[2J", "body:1: "},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse(bad[i].text, strlen(bad[i].text), bad[i].want);
    refuse("[1,\n\0]", 6, "body:2: a NUL byte");
}

/* depth opening brackets around nothing, closed again */
static char *nested(size_t depth)
{
    char *text = rs_xalloc(2 * depth + 1, 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    char *text = nested(100);
    struct rs_val *v = parse(text);
    assert_prints(v, 0, text);
    rs_val_free(v);
    free(text);
    static const size_t depths[] = {101, 2000, 3000, 1000000};
    for (size_t i = 0; i < 4; i++) {
        text = nested(depths[i]);
        refuse(text, 2 * depths[i], "body:1: nested deeper than 100");
        free(text);
    }
    size_t len = (16 << 20) + 1;
    text = rs_xalloc(len + 1, 1);
    memset(text, ' ', len);
    refuse(text, len, "larger than 16 MiB");
    for (size_t i = 0; i < len; i++)
        text[i] = i == 0 ? '[' : i % 2 ? '1' : ',';
    text[2000002] = ']'; /* behind a million values and one */
    refuse(text, 2000003, "body:1: more than 1000000 values");
    free(text);
}

/* ---- into an arena ------------------------------------------------------------------------- */

static void a_body_is_read_into_an_arena(void **state)
{
    (void)state;
    static const char text[] =
        "{\"user_id\": 42, \"k\": 10,\n\"items\": [\"\\u00e9\", -1.5, true, {}]}";
    struct rs_err err = {0};
    const struct rs_val *v = NULL;
    struct rs_arena *a = rs_arena_new(0, 0);
    for (int i = 0; i < 3; i++) {
        assert_ok(rs_json_parse_in(a, text, strlen(text), "body", &v, &err), &err);
        assert_int_equal(rs_val_get_int(v, "user_id", 0), 42);
        const struct rs_val *items = rs_val_get(v, "items");
        assert_int_equal(items->line, 2);
        assert_string_equal(items->items[0]->s, "\xc3\xa9");
        assert_true(items->items[1]->r == -1.5);
        assert_prints(v, 0, "{\"user_id\":42,\"k\":10,\"items\":[\"\xc3\xa9\",-1.5,true,{}]}");
        rs_arena_reset(a);
    }
    rs_arena_free(a);
}

/* Whatever the arena cannot give any more, and wherever: said, and nothing comes out. */
static void a_full_arena_is_said(void **state)
{
    (void)state;
    struct rs_str text;
    struct rs_err err = {0};
    rs_str_init(&text, 0);
    rs_str_add(&text,
               "[0.1234567890123456789012345678901234567890123456789012345678901234567890,{");
    for (int i = 0; i < 40; i++)
        rs_str_addf(&text, "\"k%d\":\"\\n\",", i);
    rs_str_add(&text, "\"z\":[]}]");
    int refused = 0;
    for (size_t max = 16;; max += 16) {
        struct rs_arena *a = rs_arena_new(0, max);
        const struct rs_val *v = NULL;
        enum rs_code rc = rs_json_parse_in(a, text.data, text.len, "body", &v, &err);
        if (rc) assert_code(rc, RS_ENOMEM, &err, "body: out of memory");
        assert_true((rc == RS_OK) == (v != NULL));
        rs_arena_free(a);
        if (!rc) break;
        refused++;
    }
    assert_true(refused > 100);
    rs_str_clear(&text);
}

static void printing_is_exact(void **state)
{
    (void)state;
    struct rs_val *v = rs_val_map();
    rs_val_set_real(v, "three", 3.0);
    rs_val_set_real(v, "tenth", 0.1);
    rs_val_set_real(v, "tiny", 1e-300);
    rs_val_set_real(v, "nan", NAN);
    rs_val_set_int(v, "least", INT64_MIN);
    rs_val_set_str(v, "text", "a\"b\\c\n\t\x01\x7f\xc2\x9b/\xc3\xa9");
    assert_prints(v, 0,
                  "{\"three\":3.0,\"tenth\":0.1,\"tiny\":1e-300,\"nan\":null,"
                  "\"least\":-9223372036854775808,"
                  "\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\\u009b/\xc3\xa9\"}");
    rs_val_get(v, "tenth")->r = INFINITY; /* written past the constructor: still valid JSON */
    rs_val_set_str(v, "text", "bad \xff\xc3 bytes");
    rs_val_remove(v, "least");
    assert_prints(v, 0,
                  "{\"three\":3.0,\"tenth\":null,\"tiny\":1e-300,\"nan\":null,"
                  "\"text\":\"bad \xef\xbf\xbd\xef\xbf\xbd bytes\"}");
    rs_val_free(v);
}

static void indent_breaks_lines_where_it_helps(void **state)
{
    (void)state;
    struct rs_val *v = parse("{\"interval\":[0.1,0.2],\"none\":[],\"runs\":[{\"id\":1}],\"e\":{}}");
    assert_prints(v, 2,
                  "{\n  \"interval\": [0.1, 0.2],\n  \"none\": [],\n  \"runs\": [\n    {\n"
                  "      \"id\": 1\n    }\n  ],\n  \"e\": {}\n}");
    rs_val_free(v);
}

static struct rs_val *random_tree(uint64_t *seed, int depth);

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

static struct rs_val *random_scalar(uint64_t *seed)
{
    static const char *const texts[] = {"",    "a b", "\"\\\n", "\xe6\x98\xa0\xe7\x94\xbb",
                                        "no",  "1",   "~",      ": x",
                                        "- y", "#",   "true",   "\x01",
                                        "'",   "1e5", "x: y"};
    switch (next(seed) % 5) {
    case 0:
        return rs_val_null();
    case 1:
        return rs_val_bool(next(seed) % 2);
    case 2:
        return rs_val_int((int64_t)(next(seed) << 33 ^ next(seed)));
    case 3:
        return rs_val_real(ldexp((double)next(seed), (int)(next(seed) % 400) - 200));
    default:
        return rs_val_str(texts[next(seed) % 15]);
    }
}

static struct rs_val *random_tree(uint64_t *seed, int depth)
{
    if (depth == 0 || next(seed) % 3 == 0) return random_scalar(seed);
    bool map = next(seed) % 2;
    struct rs_val *v = map ? rs_val_map() : rs_val_list();
    for (uint64_t i = next(seed) % 5; i > 0; i--) {
        struct rs_val *item = random_tree(seed, depth - 1);
        if (map) {
            char key[32];
            snprintf(key, sizeof(key), next(seed) % 4 ? "k%u" : "%u: #", (unsigned)next(seed) % 9);
            rs_val_set(v, key, item);
        } else {
            rs_val_push(v, item);
        }
    }
    return v;
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        uint64_t s = seed;
        struct rs_val *v = random_tree(&s, 5);
        for (int indent = 0; indent <= 4; indent += 2) {
            struct rs_str out;
            rs_str_init(&out, 0);
            rs_json_print(v, indent, &out);
            struct rs_val *again = parse(rs_str_text(&out));
            if (!rs_val_equal(v, again)) fail_msg("seed %d", (int)seed);
            rs_val_free(again);
            rs_str_clear(&out);
        }
        rs_val_free(v);
    }
}

static void files_are_written_whole_and_read(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "card.json");
    struct rs_err err = {0};
    struct rs_val *v = parse("{\"rows\": 12, \"share\": 1.0}");
    assert_ok(rs_json_write(path, v, &err), &err);
    char *text = NULL;
    size_t len = 0;
    assert_ok(rs_fs_read(path, 1000, &text, &len, &err), &err);
    assert_string_equal(text, "{\n  \"rows\": 12,\n  \"share\": 1.0\n}\n");
    struct rs_val *again = NULL;
    assert_ok(rs_json_read(path, &again, &err), &err);
    assert_true(rs_val_equal(v, again));
    assert_ok(rs_fs_write(path, "{\n\"a\":", 6, &err), &err);
    struct rs_val *none = NULL;
    assert_code(rs_json_read(path, &none, &err), RS_EPARSE, &err, "card.json:2: ");
    char *missing = rs_path_join(dir, "none.json");
    assert_code(rs_json_read(missing, &none, &err), RS_ENOTFOUND, &err, "none.json");
    free(missing);
    free(text);
    free(path);
    rs_val_free(v);
    rs_val_free(again);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_with_its_line),
        cmocka_unit_test(numbers_keep_their_kind),
        cmocka_unit_test(any_value_may_stand_alone),
        cmocka_unit_test(bad_text_is_refused_with_its_line),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(a_body_is_read_into_an_arena),
        cmocka_unit_test(a_full_arena_is_said),
        cmocka_unit_test(printing_is_exact),
        cmocka_unit_test(indent_breaks_lines_where_it_helps),
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(files_are_written_whole_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
