/* YAML from hostile hands: never a crash; errors name the source; what is taken is bounded, prints
 * and reads back the same, as YAML and as JSON. */
#include <stdio.h>

#include "fuzz/fuzz_text.h"
#include "ref/support.h"
#include "rs/base/mem.h"

static const char *const docs[] = {
    "# top\ndefaults:\n  - model: als\n  - data: ml-1m\nmodel:\n  factors: 64\n  alpha: 1e-2\n",
    "a: &a {x: 1, y: [2, 3.5]}\nb: *a\nlist:\n- *a\n- - nested\n  - ~\n- k: v\n  l: 'q''q'\n",
    "text: |\n  two\n  lines\nfold: >-\n  one\n  line\nquoted: \"a\\tb\\u00e9\"\n? long\n: value\n",
    "--- \n{a: [1, 0x1f, 0o17, .5, -1], b: {c: null, d: yes}, \"e\": \"${oc.env:X,x}\"}\n...\n",
    "%YAML 1.2\n---\n- !!str 12\n- true\n-\n- 2026-11-24\n- \xe6\x98\xa0\xe7\x94\xbb # note\n",
    "plain: a b\n  c d\n\nempty:\nlast: 9223372036854775808\n",
    NULL,
};
static const char *const words[] = {
    "\n",
    "\n  ",
    ": ",
    "- ",
    "? ",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|\n",
    ">+2\n",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "---\n",
    "...\n",
    "\\x41",
    "\t",
    "<<: ",
    ".inf",
    "\r\n",
    "\xff",
    "\xc2\x85",
    "@",
    "0b1",
    "? - : ",
    "[[[[[[",
    "%TAG ! x:\n",
    "%YAML 1.1\n",
    "\xe2\x80\xa8",
    "!<tag:yaml.org,2002:str> ",
    NULL,
};

static void assert_comes_back(const struct rs_val *v, bool yaml, uint64_t n)
{
    struct rs_err err = {0};
    struct rs_val *again = NULL;
    struct rs_str out;
    rs_str_init(&out, 0);
    if (yaml) {
        rs_yaml_print(v, &out);
    } else {
        rs_json_print(v, 0, &out);
    }
    enum rs_code rc = yaml ? rs_yaml_parse(out.data, out.len, "again", &again, &err)
                           : rs_json_parse(out.data, out.len, "again", &again, &err);
    if (rc || !rs_val_equal(v, again)) fail_msg("case %d: %s of %s", (int)n, err.msg, out.data);
    rs_str_clear(&out);
    rs_val_free(again);
}

static void check(const char *text, size_t len, uint64_t n)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    enum rs_code rc = rs_yaml_parse(text, len, "fuzz.yaml", &v, &err);
    if (rc) {
        bool good = rc == RS_EPARSE && strncmp(err.msg, "fuzz.yaml:", 10) == 0;
        if (!good || strpbrk(err.msg, "\n\r\x1b") || v) fail_msg("case %d: %s", (int)n, err.msg);
        return;
    }
    if (fuzz_depth(v) > 100) fail_msg("case %d: too deep", (int)n);
    assert_comes_back(v, true, n);
    assert_comes_back(v, false, n);
    rs_val_free(v);
}

static void mutated_documents_are_taken_or_refused(void **state)
{
    (void)state;
    for (uint64_t n = 0, end = fuzz_n_cases(20000); n < end; n++) {
        struct fuzz_text t;
        fuzz_make(&t, n, docs, words);
        check(t.bytes, t.len, n);
    }
}

static void repeated(const char *part, size_t n)
{
    size_t len = strlen(part);
    char *text = rs_xalloc(n, len);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, part, len);
    check(text, n * len, n);
    free(text);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static const char *const parts[] = {"[",     "{a: ", "- ",  "? ",   "&a ", "!!str ",
                                        "[[],",  "\"",   "{",   "a:\n", "*a",  "--- ",
                                        "# x\n", "\n",   "'\n", ": ",   "|\n"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        repeated(parts[i], 90);
        repeated(parts[i], 5000);
    }
}

/* Anchors level by level, each a list of `width` aliases of the one before. */
static void aliases_cannot_multiply(void **state)
{
    (void)state;
    for (int width = 1; width <= 27; width *= 3) {
        for (int levels = 1; levels <= 125; levels *= 5) {
            struct rs_str text;
            rs_str_init(&text, 0);
            rs_str_add(&text, "a0: &a0 x\n");
            for (int i = 1; i <= levels; i++) {
                rs_str_addf(&text, "a%d: &a%d [", i, i);
                for (int j = 0; j < width; j++)
                    rs_str_addf(&text, j ? ", *a%d" : "*a%d", i - 1);
                rs_str_add(&text, "]\n");
            }
            check(text.data, text.len, (uint64_t)(width * 1000 + levels));
            rs_str_clear(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_documents_are_taken_or_refused),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(aliases_cannot_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
