/* JSON from hostile hands: never a crash; errors name the source; what is taken prints and reads
 * back the same; both readers take and refuse the same. */
#include <stdio.h>

#include "fuzz/fuzz_text.h"
#include "ref/support.h"
#include "rs/base/arena.h"
#include "rs/base/mem.h"

static const char *const docs[] = {
    "{\"user_id\": 42, \"k\": 10, \"exclude_seen\": true}",
    "[1, -2.5e-3, 1e308, \"\\u00e9\\ud83d\\ude00\", null, false, {\"a\": {\"b\": []}}]",
    "{\n  \"metrics\": {\"ndcg_at_10\": 0.123456789012345, \"mrr\": 0.0},\n  \"n\": -0\n}\n",
    "\"a\\\\ \\\" \\/ \\b \\n text, with ] and } and : inside\"",
    "{\"a\":9223372036854775807,\"b\":9223372036854775808,\"c\":-9223372036854775809}",
    "[[[[[[[[[[]]]]]]]]]]",
    "{\"items\":[\"1\",\"22\",\"333\"],\"weights\":[0.1,1.0,1e2]}",
    NULL,
};
static const char *const words[] = {
    "{",    "}",     "[",     "]",  ",",    ":",       "\"",      "\\u0000",      "\\ud800",
    "null", "true",  "false", "-",  "0x1",  "NaN",     "\xff",    "\xef\xbb\xbf", "\\",
    "[[[[", "1e999", "1.",    "\\", "/**/", "\"a\":1", "\"\\u\"", "\r\n",         "\xe2\x80\xa8",
    NULL,
};

/* The reader of request bodies, held against what rs_json_parse made of the text. */
static void check_in_arena(const char *text, size_t len, uint64_t n, enum rs_code want,
                           const struct rs_val *tree)
{
    struct rs_err err = {0};
    const struct rs_val *v = NULL;
    struct rs_arena *arena = rs_arena_new(0, 0);
    enum rs_code rc = rs_json_parse_in(arena, text, len, "fuzz.json", &v, &err);
    if (rc != want || !rs_val_equal(v, tree)) fail_msg("case %d: arena: %s", (int)n, err.msg);
    if (rc && strncmp(err.msg, "fuzz.json:", 10) != 0) fail_msg("case %d: %s", (int)n, err.msg);
    if (strpbrk(err.msg, "\n\r\x1b")) fail_msg("case %d: %s", (int)n, err.msg);
    rs_arena_free(arena);
}

static void check(const char *text, size_t len, uint64_t n)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    enum rs_code rc = rs_json_parse(text, len, "fuzz.json", &v, &err);
    check_in_arena(text, len, n, rc, v);
    if (rc) {
        bool good = rc == RS_EPARSE && strncmp(err.msg, "fuzz.json:", 10) == 0;
        if (!good || strpbrk(err.msg, "\n\r\x1b") || v) fail_msg("case %d: %s", (int)n, err.msg);
        return;
    }
    if (fuzz_depth(v) > 100) fail_msg("case %d: too deep", (int)n);
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_json_print(v, (int)(n % 3), &out);
    struct rs_val *again = NULL;
    rc = rs_json_parse(out.data, out.len, "again", &again, &err);
    if (rc || !rs_val_equal(v, again)) fail_msg("case %d: %s of %s", (int)n, err.msg, out.data);
    rs_str_clear(&out);
    rs_val_free(again);
    rs_val_free(v);
}

static void mutated_documents_are_taken_or_refused(void **state)
{
    (void)state;
    for (uint64_t n = 0, end = fuzz_n_cases(50000); n < end; n++) {
        struct fuzz_text t;
        fuzz_make(&t, n, docs, words);
        check(t.bytes, t.len, n);
    }
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static const char *const parts[] = {"[", "{\"a\":", "[{\"a\":", "[[],"};
    enum { N = 200000, LEN = 4 << 20 };
    for (size_t i = 0; i < 4; i++) {
        size_t len = strlen(parts[i]);
        char *text = rs_xalloc(N, len);
        for (size_t j = 0; j < N; j++)
            memcpy(text + j * len, parts[i], len);
        check(text, N * len, i);
        free(text);
    }
    char *text = rs_xalloc(LEN, 1); /* one number of many digits, one text of many escapes */
    memset(text, '1', LEN);
    check(text, LEN, 0);
    for (size_t i = 0; i < LEN; i += 2) {
        text[i] = '\\';
        text[i + 1] = 'n';
    }
    text[0] = '"';
    text[1] = ' ';
    check(text, LEN, 1);
    text[LEN - 2] = ' ';
    text[LEN - 1] = '"';
    check(text, LEN, 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_documents_are_taken_or_refused),
        cmocka_unit_test(bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
