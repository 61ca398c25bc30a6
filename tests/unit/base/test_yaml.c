/* YAML: types of the core schema, lines, anchors, what is refused and where; printing. */
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
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/val.h"

static struct rs_val *parse(const char *text)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_yaml_parse(text, strlen(text), "params.yaml", &v, &err), &err);
    return v;
}

static void refuse(const char *text, const char *want)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_code(rs_yaml_parse(text, strlen(text), "params.yaml", &v, &err), RS_EPARSE, &err, want);
    assert_null(v);
    assert_null(strchr(err.msg, '\n'));
}

static void assert_json(const char *yaml, const char *want)
{
    struct rs_val *v = parse(yaml);
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_json_print(v, 0, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
    rs_val_free(v);
}

static void plain_scalars_follow_the_core_schema(void **state)
{
    (void)state;
    assert_json("[null, Null, NULL, ~, true, True, TRUE, false, False, FALSE]",
                "[null,null,null,null,true,true,true,false,false,false]");
    assert_json("[yes, no, on, off, y, n, nULL, tRUE, 'null', \"true\", '1', !!str 1, ! 2]",
                "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"nULL\",\"tRUE\",\"null\",\"true\","
                "\"1\",\"1\",\"2\"]");
    assert_json("[1, -1, +1, 007, 0o17, 0xfF, 0b1, 1_000, 0o8, 0x, 1:30]",
                "[1,-1,1,7,15,255,\"0b1\",\"1_000\",\"0o8\",\"0x\",\"1:30\"]");
    assert_json(
        "[1e-4, 1., .5, -.5e1, +1.5E+3, 1e, ., .e1, 1.2.3, 2026-11-24, e1]",
        "[0.0001,1.0,0.5,-5.0,1500.0,\"1e\",\".\",\".e1\",\"1.2.3\",\"2026-11-24\",\"e1\"]");
    assert_json("[9223372036854775807, 9223372036854775808, -9223372036854775808,"
                "0xffffffffffffffff, 0o1777777777777777777777]",
                "[9223372036854775807,9.223372036854776e+18,-9223372036854775808,"
                "1.8446744073709552e+19,1.8446744073709552e+19]");
}

static void structure_and_lines_are_kept(void **state)
{
    (void)state;
    struct rs_val *v = parse("# settings\nmodel:\n  name: als   # the model\n  list:\n    - 1\n"
                             "    - a: x\n      b:\n\ntext: |\n  two\n  lines\nfold: >-\n  one\n"
                             "  line\n? long\n: {z: 1, a: [2, 3,]}\n");
    assert_int_equal(v->n, 4);
    assert_int_equal(rs_val_get(v, "model")->line, 2); /* the line of its key */
    assert_int_equal(rs_val_at(v, "model.name")->line, 3);
    const struct rs_val *list = rs_val_at(v, "model.list");
    assert_int_equal(list->line, 4);
    assert_int_equal(list->items[0]->line, 5);
    assert_int_equal(list->items[1]->line, 6);
    assert_int_equal(rs_val_get(list->items[1], "b")->type, RS_VAL_NULL);
    assert_string_equal(rs_val_get_str(v, "text", ""), "two\nlines\n");
    assert_string_equal(rs_val_get_str(v, "fold", ""), "one line");
    assert_int_equal(rs_val_get(v, "text")->line, 9);
    assert_string_equal(rs_val_get(v, "long")->keys[0], "z");
    assert_int_equal(rs_val_at(v, "long.a")->items[1]->i, 3);
    rs_val_free(v);
}

/* Literal blocks of every small shape: lines empty, indented or not, two levels deep. */
static void literal_blocks_keep_every_line(void **state)
{
    (void)state;
    static const char *const lines[] = {"x", "  y", "", "- z: 1", "# no comment"};
    for (int shape = 0; shape < 625; shape++) {
        struct rs_str text;
        struct rs_str want;
        rs_str_init(&text, 0);
        rs_str_init(&want, 0);
        rs_str_add(&text, "m:\n  k: |\n    first\n");
        rs_str_add(&want, "first\n");
        for (int i = 0, rest = shape; i < 4; i++, rest /= 5) {
            const char *line = lines[rest % 5];
            rs_str_addf(&text, *line ? "    %s\n" : "%s\n", line);
            rs_str_addf(&want, "%s\n", line);
        }
        while (rs_str_ends(want.data, "\n\n")) /* the last line's end is kept, empty lines go */
            want.data[--want.len] = '\0';
        struct rs_val *v = parse(text.data);
        assert_string_equal(rs_val_get_str(rs_val_get(v, "m"), "k", ""), want.data);
        rs_val_free(v);
        rs_str_clear(&text);
        rs_str_clear(&want);
    }
}

static void an_empty_document_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const empty[] = {"",      "\n\n",       "# only a comment\n",
                                        "---\n", "---\n...\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < 6; i++)
        assert_json(empty[i], "{}");
    assert_json("[]", "[]");
    assert_json("\xef\xbb\xbf"
                "a: 1\r\nb: 2\r\n",
                "{\"a\":1,\"b\":2}");
    assert_json("a: 1", "{\"a\":1}"); /* no end of line */
}

static void aliases_stand_for_what_was_anchored(void **state)
{
    (void)state;
    assert_json("base: &b {x: 1, y: [2]}\ncopy: *b\nn: &n 5\nlist: [*n, *b, *n]\n",
                "{\"base\":{\"x\":1,\"y\":[2]},\"copy\":{\"x\":1,\"y\":[2]},\"n\":5,"
                "\"list\":[5,{\"x\":1,\"y\":[2]},5]}");
    assert_json("- &a 1\n- &a 2\n- *a\n", "[1,2,2]"); /* the latest of a name */
    refuse("a: 1\nb: *none\n", "params.yaml:2: no anchor of the name 'none'");
    refuse("a: &a\n  b: *a\n", "params.yaml:2: an alias inside its own anchor 'a'");
    refuse("a: &a x\n*a : 1\n", "params.yaml:2: an alias as key");
    refuse("&a k: 1\n", "params.yaml:1: an anchor on the key 'k'");
}

static void bad_text_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } bad[] = {
        {"a: 1\nb: 2\na: 3\n", "params.yaml:3: duplicate key 'a'"},
        {"x: {k: 1, k: 2}\n", "params.yaml:1: duplicate key 'k'"},
        {"a: 1\n  b: 2\n", "params.yaml:1: invalid multiline plain key"},
        {"a: [1, 2\nb: 3\n", "params.yaml:"},
        {"a: 'x\n", "params.yaml:"},
        {"a: \"\\q\"\n", "params.yaml:1: "},
        {"a:\n\t- 1\n", "params.yaml:2: "},
        {"a: 1\n---\nb: 2\n", "params.yaml:2: a second document"},
        {"--- |\n1\n  b\n", "params.yaml:2: a block text as the whole document"},
        {"--- >-\n text\n", "params.yaml:2: a block text as the whole document"},
        {"a: .inf\n", "params.yaml:1: not a finite number: '.inf'"},
        {"a: 1\nb: -.INF\n", "params.yaml:2: not a finite number: '-.INF'"},
        {"a: .NaN\n", "not a finite number"},
        {"a: 1e999\n", "params.yaml:1: not a finite number: '1e999'"},
        {"a: !!int 3\n", "params.yaml:1: a tag other than !!str"},
        {"a: !mine x\n", "params.yaml:1: a tag other than !!str"},
        {"a: !!set {x}\n", "params.yaml:1: a tag on a list or map"},
        {"a: 1\n<<: {b: 1}\n", "params.yaml:2: merge keys"},
        {"[1]: 2\n", "params.yaml:1: a key that is not a text"},
        {"? {a: 1}\n: 2\n", "params.yaml:1: a key that is not a text"},
        {": 2\n", "params.yaml:1: an empty key"},
        {"a: \"x\\0y\"\n", "params.yaml:1: a NUL character"},
        {"a: 1\nb: \xff\n", "params.yaml:2: not valid UTF-8"},
        {"a: 1\nb: \x01\n", "params.yaml:2: a control character"},
        {"a: \x7f\n", "params.yaml:1: a control character"},
        {"\"", "params.yaml:1: "},
        {"@", "params.yaml:1: "},
        {"*", "params.yaml:1: "},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse(bad[i].text, bad[i].want);
}

static void many_keys_are_checked_fast(void **state)
{
    (void)state;
    enum { N = 50000 };
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int i = 0; i < N; i++)
        rs_str_addf(&text, "key%d: %d\n", i, i);
    struct rs_val *v = parse(rs_str_text(&text));
    assert_int_equal(v->n, N);
    rs_val_free(v);
    rs_str_add(&text, "key777: 1\n");
    refuse(rs_str_text(&text), "params.yaml:50001: duplicate key 'key777'");
    rs_str_clear(&text);
}

static void depth_and_aliases_are_bounded(void **state)
{
    (void)state;
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int i = 0; i < 5000; i++)
        rs_str_addc(&text, '[');
    refuse(rs_str_text(&text), "params.yaml:1: ");
    rs_str_reset(&text);
    for (int i = 0; i < 101; i++)
        rs_str_add(&text, "- ");
    refuse(rs_str_text(&text), "params.yaml:1: nested too deep");
    rs_str_reset(&text);
    rs_str_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 30; i++) /* each ten times the one before */
        rs_str_addf(&text,
                    "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                    i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    refuse(rs_str_text(&text), "params.yaml:6: too large by alias 'a4'");
    rs_str_reset(&text);
    rs_str_add(&text, "a0: &a0 [x]\n");
    for (int i = 1; i < 200; i++) /* each one level deeper */
        rs_str_addf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    refuse(rs_str_text(&text), "params.yaml:100: nested too deep by alias 'a98'");
    rs_str_reset(&text);
    rs_str_add(&text, "big: &big \"");
    for (int i = 0; i < 1 << 20; i++)
        rs_str_addc(&text, 'x');
    rs_str_add(&text, "\"\n");
    for (int i = 0; i < 20; i++)
        rs_str_addf(&text, "k%d: *big\n", i);
    refuse(rs_str_text(&text), "params.yaml:18: too large by alias 'big'");
    rs_str_reset(&text);
    for (int i = 0; i < 1001; i++)
        rs_str_addf(&text, "- &a%d 1\n", i);
    refuse(rs_str_text(&text), "params.yaml:1001: too many anchors");
    rs_str_clear(&text);
}

static void assert_prints(struct rs_val *v, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_yaml_print(v, &out);
    assert_string_equal(rs_str_text(&out), want);
    struct rs_val *again = parse(rs_str_text(&out));
    assert_true(rs_val_equal(v, again));
    rs_val_free(again);
    rs_str_clear(&out);
}

static void printing_is_block_style_and_reads_back(void **state)
{
    (void)state;
    static const char *const tricky[] = {
        "",      "no",    "Yes",   "1",      "1e5",   "null",  "a: b",     "# c",  " x",
        "x ",    "-",     "- x",   "two\nl", "'q'",   "\"q\"", "\xc3\xa9", "on",   "~",
        "12:30", "0x1f",  "{a}",   "[a]",    "&a",    "*a",    "!t",       "%d",   "@x",
        "`x",    "True",  ".5",    "a#b",    "a #b",  "=",     "<<",       "a\tb", "\x7f",
        "tRuE",  "ml-1m", "a_b c", "a/b.c",  "null x"};
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "name", "ml-latest-small");
    rs_val_set_real(v, "reg", 1e-5);
    rs_val_set_real(v, "three", 3);
    rs_val_set_int(v, "k", 7);
    rs_val_set(v, "none", rs_val_list());
    rs_val_set(v, "empty", rs_val_map());
    struct rs_val *list = rs_val_set(v, "list", rs_val_list());
    struct rs_val *map = rs_val_push(list, rs_val_map());
    rs_val_set_bool(map, "yes", true);
    rs_val_set(map, "x", rs_val_null());
    struct rs_val *inner = rs_val_push(list, rs_val_list());
    rs_val_push(inner, rs_val_int(1));
    rs_val_push(rs_val_push(inner, rs_val_list()), rs_val_str("no"));
    assert_prints(v, "name: ml-latest-small\nreg: 1.0e-05\nthree: 3.0\nk: 7\nnone: []\nempty: {}\n"
                     "list:\n  - \"yes\": true\n    x: null\n  - - 1\n    - - \"no\"\n");
    rs_val_free(v);
    for (size_t i = 0; i < sizeof(tricky) / sizeof(tricky[0]); i++) {
        struct rs_val *m = rs_val_map();
        rs_val_set_str(m, tricky[i], tricky[i]);
        struct rs_str out;
        rs_str_init(&out, 0);
        rs_yaml_print(m, &out);
        struct rs_val *again = parse(rs_str_text(&out));
        if (!rs_val_equal(m, again)) fail_msg("'%s' came back from %s", tricky[i], out.data);
        rs_val_free(again);
        rs_str_clear(&out);
        rs_val_free(m);
    }
}

static void files_are_named_in_errors(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "config.yaml");
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_fs_write(path, "a: 1\n", 5, &err), &err);
    assert_ok(rs_yaml_read(path, &v, &err), &err);
    assert_int_equal(rs_val_get_int(v, "a", 0), 1);
    rs_val_free(v);
    v = NULL;
    assert_ok(rs_fs_write(path, "a: 1\nb: [\n", 10, &err), &err);
    assert_code(rs_yaml_read(path, &v, &err), RS_EPARSE, &err, "config.yaml:");
    assert_ok(rs_fs_remove(path, &err), &err);
    assert_code(rs_yaml_read(path, &v, &err), RS_ENOTFOUND, &err, "config.yaml");
    assert_null(v);
    free(path);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_follow_the_core_schema),
        cmocka_unit_test(structure_and_lines_are_kept),
        cmocka_unit_test(literal_blocks_keep_every_line),
        cmocka_unit_test(an_empty_document_is_an_empty_map),
        cmocka_unit_test(aliases_stand_for_what_was_anchored),
        cmocka_unit_test(bad_text_is_refused_with_its_line),
        cmocka_unit_test(many_keys_are_checked_fast),
        cmocka_unit_test(depth_and_aliases_are_bounded),
        cmocka_unit_test(printing_is_block_style_and_reads_back),
        cmocka_unit_test(files_are_named_in_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
