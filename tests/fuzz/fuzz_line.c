/*
 * fuzz_line - lines of a batch file made of the characters that mean something: every one is cut into
 * words or refused with a reason, and what is cut and quoted again is cut into the same words.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"
#include "rs/cli/cli.h"

#include "ref/support.h"

#define LINES 20000

static const char *no_variable(const char *name)
{
    return strcmp(name, "A") == 0 ? "value of a" : NULL;
}

/* Words in single quotes, a quote in them as '\''. */
static void quote(char *const *words, size_t n, struct rs_str *out)
{
    for (size_t i = 0; i < n; i++) {
        rs_str_add(out, i ? " '" : "'");
        for (const char *c = words[i]; *c; c++) {
            rs_str_add(out, *c == '\'' ? "'\\''" : "");
            if (*c != '\'') rs_str_addc(out, *c);
        }
        rs_str_addc(out, '\'');
    }
}

static void check_again(char **words, size_t n)
{
    struct rs_err err = {0};
    struct rs_str line;
    char **again = NULL;
    size_t n_again = 0;
    rs_str_init(&line, 0);
    quote(words, n, &line);
    assert_ok(rs_line_split(rs_str_text(&line), no_variable, &again, &n_again, &err), &err);
    assert_int_equal(n_again, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(again[i], words[i]);
    }
    rs_fs_list_free(again);
    rs_str_clear(&line);
}

static void any_line_is_cut_or_refused(void **state)
{
    (void)state;
    static const char alphabet[] = "ab  \t'\"\\$${}:-A#=\xc3\xa9\x01";
    int cut = 0;
    for (uint64_t i = 0; i < LINES; i++) {
        struct rs_rng r = rs_rng_make(i, rs_rng_stream("fuzz.line", 0));
        char line[64] = "";
        size_t len = (size_t)rs_rng_below(&r, sizeof(line) - 1);
        for (size_t j = 0; j < len; j++) {
            line[j] = alphabet[rs_rng_below(&r, sizeof(alphabet) - 1)];
        }
        struct rs_err err = {0};
        char **words = NULL;
        size_t n = 0;
        if (rs_line_split(line, no_variable, &words, &n, &err)) {
            assert_true(err.msg[0] != '\0');
            continue;
        }
        check_again(words, n);
        rs_fs_list_free(words);
        cut++;
    }
    assert_true(cut > LINES / 20); /* both ways out are taken */
    assert_true(cut < LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_line_is_cut_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
