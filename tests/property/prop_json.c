/*
 * prop_json - the two readers of JSON are one: rs_json_parse_in takes what rs_json_parse takes,
 * gives the same tree, bit by bit and line by line, and refuses the rest at the same line in the
 * same words. Quoting is held against a plain twin, too.
 *
 * They part in two things: jansson proves all of the text before depth and number of values are
 * looked at, the other reader comes upon them on its way; and a line that ends within an escape is
 * still that line here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "fuzz/fuzz_text.h"
#include "ref/support.h"
#include "rs/base/arena.h"
#include "rs/base/mem.h"

/* What both have in common, as texts of one length: kind, bits of the number, line. */
static bool same_scalar(const struct rs_val *a, const struct rs_val *b)
{
    if (a->type != b->type || a->line != b->line || a->n != b->n) return false;
    if (a->b != b->b || a->i != b->i || memcmp(&a->r, &b->r, sizeof(a->r)) != 0) return false;
    return a->s ? b->s && strcmp(a->s, b->s) == 0 : !b->s;
}

/* Trees are at most 100 deep. */
static bool same_tree(const struct rs_val *a, const struct rs_val *b)
{
    if (!same_scalar(a, b)) return false;
    for (size_t i = 0; i < a->n; i++) {
        if (a->type == RS_VAL_MAP && strcmp(a->keys[i], b->keys[i]) != 0) return false;
        if (!same_tree(a->items[i], b->items[i])) return false;
    }
    return true;
}

static bool same_message(const char *got, const char *want)
{
    if (strstr(got, "nested deeper than") || strstr(got, "more than 1000000 values")) return true;
    if (strstr(got, "invalid escape") && strstr(want, "invalid escape")) return true;
    return strcmp(got, want) == 0;
}

static struct rs_arena *arena;
static int64_t n_taken;
static int64_t n_refused;

/* The text stands in a block of its very size, so that a byte read beyond it is seen. */
static void compare(const char *bytes, size_t len, uint64_t n)
{
    char *text = rs_xalloc(len, 1);
    if (len > 0) memcpy(text, bytes, len);
    struct rs_err want_err = {0};
    struct rs_err err = {0};
    struct rs_val *want = NULL;
    const struct rs_val *got = NULL;
    enum rs_code want_rc = rs_json_parse(text, len, "body", &want, &want_err);
    enum rs_code rc = rs_json_parse_in(arena, text, len, "body", &got, &err);
    if (rc != want_rc)
        fail_msg("case %lld: '%s', not '%s': %.*s", (long long)n, err.msg, want_err.msg, (int)len,
                 text);
    if (rc == RS_OK && !same_tree(got, want))
        fail_msg("case %lld: other values: %.*s", (long long)n, (int)len, text);
    if (rc && !same_message(err.msg, want_err.msg))
        fail_msg("case %lld: '%s', not '%s': %.*s", (long long)n, err.msg, want_err.msg, (int)len,
                 text);
    if (rc && got) fail_msg("case %lld: a tree comes out of what was refused", (long long)n);
    n_taken += rc == RS_OK;
    n_refused += rc != RS_OK;
    rs_arena_reset(arena);
    rs_val_free(want);
    free(text);
}

/* ---- by hand ------------------------------------------------------------------------------- */

static void every_way_to_be_wrong(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "  ",
        "\xef\xbb\xbf",
        "\xef\xbb\xbf\xef\xbb\xbf{}",
        "{",
        "[",
        "[1,\n2,\n]",
        "[1] 2",
        "{\"a\" 1}",
        "[NaN]",
        "nullx",
        "[01]",
        "[-]",
        "[1.]",
        "[1e]",
        "[-a]",
        "[.5]",
        "[+1]",
        "['x']",
        "\"abc",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\\udc00\"",
        "\"\\ud800\\ud800\"",
        "\"\\ud800\\u00\"",
        "\"\\ud800\\n\"",
        "\"\\ud83d\\ude00\\uDBFF\\uDFFF\\u00e9\\u20ac\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
        "{\"a\":1,\n\"a\":2}",
        "{\"a\":1,\n\"a\"\n:\n2}",
        "{\"a\":1,\n\"a\" 2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "{,}",
        "{\"a\":1,}",
        "{\"a\":1,,}",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "[1 \"\\x\"]",
        "[1 \"\\u0000\"]",
        "[1 01]",
        "[1 1e999]",
        "[,]",
        "tru",
        "true false",
        "[1e999]",
        "[-1e999]",
        "[1E+",
        "1.5.5",
        "--1",
        "[1e5x]",
        "{\"\":1}",
        "\v1",
        "[1,]",
        "]",
        "\"\\u0000\"",
        "{\"\\u0000\":1}",
        "{\"a\\u0000\":",
        "\"\x7f\"",
        "[1\n",
        "{\"a\":\n",
        "{\"a\":}",
        "-0",
        "-01",
        "0e",
        "0e0",
        "-0.0",
        "-0e-0",
        "[\"\\",
        "[\"abc\\n",
        "True",
        "\"a\" \"b\"",
        "{}x",
        "[\x01]",
        "[abc~]",
        "[\"\\u\n\"]",
        "[\"\\\n\"]",
        "[a\n",
        "{\"a\":1,\"b\":[1,2}",
        "[1}",
        "{]",
        "[\xc3\xa9]",
        "[1, \xf0\x9f\x8e\xac]",
        "\"a long text that no error shows as a whole\" 1",
        "[1, 123456789012345678901234567890 1]",
        "[/**/]",
        "[\xe2\x80\xa8]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        compare(texts[i], strlen(texts[i]), i);
    compare("[1,\n\0]", 6, 0);
    compare("[\n\"\xff\"]", 6, 0);
}

/* ---- documents and their mutations --------------------------------------------------------- */

static const char *const docs[] = {
    "{\"user_id\": 42, \"k\": 10, \"exclude_seen\": true}",
    "{\"user_id\":\"u-17\",\"k\":20,\"genres\":[\"Sci-Fi\",\"Film\\u002dNoir\"],\"diversity\":0."
    "25}",
    "[1, -2.5e-3, 1e308, \"\\u00e9\\ud83d\\ude00\", null, false, {\"a\": {\"b\": []}}]",
    "{\n  \"metrics\": {\"ndcg_at_10\": 0.123456789012345, \"mrr\": 0.0},\n  \"n\": -0\n}\n",
    "\"a\\\\ \\\" \\/ \\b \\n text, with ] and } and : inside\"",
    "{\"a\":9223372036854775807,\"b\":9223372036854775808,\"c\":-9223372036854775809}",
    "[[[[[[[[[[]]]]]]]]]]",
    "{\"items\":[\"1\",\"22\",\"333\"],\"weights\":[0.1,1.0,1e2]}",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11,"
    "\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16,\"q\":17,\"r\":18}",
    NULL,
};
static const char *const words[] = {
    "{",    "}",     "[",     "]",  ",",    ":",       "\"",      "\\u0000",      "\\ud800",
    "null", "true",  "false", "-",  "0x1",  "NaN",     "\xff",    "\xef\xbb\xbf", "\\",
    "[[[[", "1e999", "1.",    "\\", "/**/", "\"a\":1", "\"\\u\"", "\r\n",         "\xe2\x80\xa8",
    NULL,
};

static void mutated_documents(void **state)
{
    (void)state;
    for (uint64_t n = 0, end = fuzz_n_cases(100000); n < end; n++) {
        struct fuzz_text t;
        fuzz_make(&t, n, docs, words);
        compare(t.bytes, t.len, n);
    }
    assert_true(n_taken > 1000 && n_refused > 1000); /* neither is all there was */
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void add_number(struct rs_rng *rng, struct rs_str *out)
{
    uint64_t kind = rs_rng_below(rng, 4);
    if (rs_rng_below(rng, 2)) rs_str_add(out, "-");
    for (uint64_t n = rs_rng_below(rng, kind == 0 ? 25 : 18) + 1; n > 0; n--)
        rs_str_addf(out, "%u", (unsigned)rs_rng_below(rng, 10));
    if (kind & 1) {
        rs_str_add(out, ".");
        for (uint64_t n = rs_rng_below(rng, 30) + 1; n > 0; n--)
            rs_str_addf(out, "%u", rs_rng_below(rng, 3) ? (unsigned)rs_rng_below(rng, 10) : 0);
    }
    if (kind & 2) {
        int range = rs_rng_below(rng, 2) ? 25 : 360;
        rs_str_addf(out, "e%d", (int)rs_rng_below(rng, (uint64_t)(2 * range)) - range);
    }
}

static void random_numbers(void **state)
{
    (void)state;
    struct rs_str text;
    rs_str_init(&text, 0);
    for (uint64_t n = 0, end = fuzz_n_cases(200000); n < end; n++) {
        struct rs_rng rng = rs_rng_make(n, rs_rng_stream("number", 0));
        rs_str_reset(&text);
        add_number(&rng, &text);
        compare(text.data, text.len, n);
    }
    static const char *const edges[] = {
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "9007199254740993.0",
        "999999999999999e22",
        "1000000000000000e22",
        "1e23",
        "1e-22",
        "1e-23",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "4.9e-324",
        "2.4e-324",
        "0.000000000000000000000000000000001",
        "123456789012345678.9e-5",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e99999999999999999999",
    };
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        compare(edges[i], strlen(edges[i]), i);
    rs_str_clear(&text);
}

/* ---- large ones ---------------------------------------------------------------------------- */

static void nest(struct rs_str *text, const char *open, const char *close, int depth)
{
    rs_str_reset(text);
    for (int i = 0; i < depth; i++)
        rs_str_add(text, open);
    if (*open == '{') rs_str_add(text, "1");
    for (int i = 0; i < depth; i++)
        rs_str_add(text, close);
}

static void depths_and_sizes_around_the_bounds(void **state)
{
    (void)state;
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int depth = 98; depth <= 103; depth++) {
        nest(&text, "[", "]", depth);
        compare(text.data, text.len, (uint64_t)depth);
        nest(&text, "{\"a\":", "}", depth);
        compare(text.data, text.len, (uint64_t)depth);
    }
    for (int n = 999998; n <= 1000001; n++) { /* values, and the list around them */
        rs_str_reset(&text);
        rs_str_add(&text, "[\n1");
        for (int i = 1; i < n; i++)
            rs_str_add(&text, ",1");
        rs_str_add(&text, "]");
        compare(text.data, text.len, (uint64_t)n);
    }
    rs_str_clear(&text);
}

/* Maps of any size, a key of which comes again now and then. */
static void keys_of_large_maps_differ(void **state)
{
    (void)state;
    struct rs_str text;
    rs_str_init(&text, 0);
    for (uint64_t n = 1; n <= 300; n++) {
        struct rs_rng rng = rs_rng_make(n, rs_rng_stream("keys", 0));
        uint64_t twice = n % 3 == 0 ? rs_rng_below(&rng, n) : n;
        rs_str_reset(&text);
        for (uint64_t i = 0; i < n; i++)
            rs_str_addf(&text, "%s\"k%llu\":\n%llu", i ? "," : "{",
                        (unsigned long long)(i == twice ? i / 2 : i), (unsigned long long)i);
        rs_str_add(&text, "}");
        compare(text.data, text.len, n);
    }
    rs_str_reset(&text);
    for (int i = 0; i < 200000; i++)
        rs_str_addf(&text, "%s\"%d\":0", i ? "," : "{", i);
    rs_str_add(&text, ",\n\"777\":0}");
    compare(text.data, text.len, 0);
    rs_str_clear(&text);
}

/* ---- quoting ------------------------------------------------------------------------------- */

/* One code point at a time, as utf8proc reads them. */
static void quote_slowly(const char *s, struct rs_str *out)
{
    size_t len = strlen(s);
    rs_str_addc(out, '"');
    for (size_t i = 0; i < len;) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(len - i), &cp);
        static const char *const named[] = {
            ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
            ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t", [0x7f] = NULL,
        };
        if (n < 1) {
            rs_str_add(out, "\xef\xbf\xbd");
            n = 1;
        } else if (cp < 0x80 && named[cp]) {
            rs_str_add(out, named[cp]);
        } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
            rs_str_addf(out, "\\u%04x", (unsigned)cp);
        } else {
            rs_str_addn(out, s + i, (size_t)n);
        }
        i += (size_t)n;
    }
    rs_str_addc(out, '"');
}

static void texts_are_quoted_alike(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "The Matrix (1999)",
        "\"",
        "\\",
        "\n",
        "\x01",
        "\x7f",
        "\xc2\x80",
        "\xc2\x9f",
        "\xc2\xa0",
        "\xc3\xa9",
        "\xe6\x98\xa0",
        "\xf0\x9f\x8e\xac",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xc0\xaf",
        "/",
        "\x1f",
        " ",
        "\t",
    };
    struct rs_str raw;
    struct rs_str want;
    struct rs_str got;
    rs_str_init(&raw, 0);
    rs_str_init(&want, 0);
    rs_str_init(&got, 0);
    for (uint64_t n = 0, end = fuzz_n_cases(100000); n < end; n++) {
        struct rs_rng rng = rs_rng_make(n, rs_rng_stream("quote", 0));
        rs_str_reset(&raw);
        rs_str_reset(&want);
        rs_str_reset(&got);
        for (uint64_t i = rs_rng_below(&rng, 12); i > 0; i--) {
            char byte = (char)(1 + rs_rng_below(&rng, 255));
            if (rs_rng_below(&rng, 4) == 0) rs_str_addc(&raw, byte);
            rs_str_add(&raw, pieces[rs_rng_below(&rng, sizeof(pieces) / sizeof(pieces[0]))]);
        }
        quote_slowly(rs_str_text(&raw), &want);
        rs_json_quote(rs_str_text(&raw), &got);
        if (strcmp(got.data, want.data) != 0)
            fail_msg("case %lld: %s, not %s", (long long)n, got.data, want.data);
    }
    rs_str_clear(&raw);
    rs_str_clear(&want);
    rs_str_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_be_wrong),
        cmocka_unit_test(mutated_documents),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(depths_and_sizes_around_the_bounds),
        cmocka_unit_test(keys_of_large_maps_differ),
        cmocka_unit_test(texts_are_quoted_alike),
    };
    arena = rs_arena_new(1 << 16, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rs_arena_free(arena);
    return failed;
}
