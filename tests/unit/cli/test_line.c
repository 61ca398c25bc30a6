/* line: words, quotes, comments and variables of one line; what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

static const char *env_get(const char *name)
{
    if (strcmp(name, "USER_ID") == 0) return "42";
    if (strcmp(name, "SPACED") == 0) return "a b";
    if (strcmp(name, "DOLLAR") == 0) return "$USER_ID";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

/* The words of line, joined by '|', are want. */
static void assert_words(const char *line, const char *want)
{
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    assert_ok(rs_line_split(line, env_get, &words, &n, &err), &err);
    struct rs_str got;
    rs_str_init(&got, 0);
    for (size_t i = 0; i < n; i++) {
        rs_str_addf(&got, i ? "|%s" : "%s", words[i]);
    }
    assert_null(words[n]);
    if (strcmp(rs_str_text(&got), want) != 0) {
        fail_msg("<%s> is <%s>, not <%s>", line, rs_str_text(&got), want);
    }
    rs_str_clear(&got);
    rs_fs_list_free(words);
}

static void refuse(const char *line, enum rs_code code, const char *want)
{
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    assert_int_equal(rs_line_split(line, env_get, &words, &n, &err), code);
    assert_string_equal(err.msg, want);
    assert_null(words);
}

static void blanks_part_words_and_a_hash_ends_them(void **state)
{
    (void)state;
    assert_words("", "");
    assert_words(" \t\r\n", "");
    assert_words("# all of it", "");
    assert_words("  run\tlist  --limit 5 \r", "run|list|--limit|5");
    assert_words("run list # newest first", "run|list");
    assert_words("run#1 a#b", "run#1|a#b"); /* only where a word would begin */
    assert_words("caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9|\xe2\x82\xac");
}

static void quotes_keep_blanks_and_signs(void **state)
{
    (void)state;
    assert_words("'a b' \"c d\" e\\ f", "a b|c d|e f");
    assert_words("--name='a b'c\"d e\"", "--name=a bcd e");
    assert_words("'' \"\"", "|");
    assert_words("'#' \"#\" \\#", "#|#|#");
    assert_words("'$USER_ID \\' \"\\\"\\\\\\$x\\n\"", "$USER_ID \\|\"\\$x\\n");
    assert_words("'\"' \"'\" \\' \\\"", "\"|'|'|\"");
    assert_words("a\\", "a\\");
}

static void variables_come_from_the_environment(void **state)
{
    (void)state;
    assert_words("--user $USER_ID ${USER_ID}x \"<$USER_ID>\"", "--user|42|42x|<42>");
    assert_words("$SPACED$EMPTY", "a b"); /* a value is never cut */
    assert_words("$EMPTY x", "|x");
    assert_words("$DOLLAR", "$USER_ID"); /* nor read again */
    assert_words("${NOPE:-7} ${EMPTY:-8} ${USER_ID:-9} ${NOPE:-}", "7|8|42|");
    assert_words("\"${NOPE:-a b}\" ${NOPE:-c d}", "a b|c d");
    assert_words("$ a$ $- \"$\" 5$", "$|a$|$-|$|5$");
}

static void what_is_open_or_unset_is_refused(void **state)
{
    (void)state;
    refuse("run 'list", RS_EPARSE, "a ' is not closed");
    refuse("run \"list", RS_EPARSE, "a \" is not closed");
    refuse("run \"list\\\"", RS_EPARSE, "a \" is not closed");
    refuse("a ${USER_ID", RS_EPARSE, "'${USER_ID' is not closed by '}'");
    refuse("a ${}", RS_EPARSE, "'${' without a name");
    refuse("a ${USER_ID-7}", RS_EPARSE, "'${USER_ID…}': expected ${NAME} or ${NAME:-default}");
    refuse("a $NOPE", RS_EARG, "variable NOPE is not set: use ${NOPE:-default}");
    refuse("a \"${NOPE}\"", RS_EARG, "variable NOPE is not set: use ${NOPE:-default}");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct rs_str line;
    rs_str_init(&line, 0);
    for (int i = 0; i < 1000; i++) {
        rs_str_add(&line, "x ");
    }
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    assert_ok(rs_line_split(rs_str_text(&line), env_get, &words, &n, &err), &err);
    assert_int_equal(n, 1000);
    rs_fs_list_free(words);
    rs_str_add(&line, "x");
    refuse(rs_str_text(&line), RS_EPARSE, "more than 1000 words");
    rs_str_reset(&line);
    rs_str_addc(&line, '$');
    for (int i = 0; i < 201; i++) {
        rs_str_addc(&line, 'N');
    }
    refuse(rs_str_text(&line), RS_EPARSE, "a variable's name of more than 200 bytes");
    rs_str_clear(&line);

    char *big = rs_xalloc((1 << 20) + 2, 1);
    memset(big, 'x', (1 << 20) + 1);
    refuse(big, RS_EPARSE, "a word of more than 1048576 bytes");
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_part_words_and_a_hash_ends_them),
        cmocka_unit_test(quotes_keep_blanks_and_signs),
        cmocka_unit_test(variables_come_from_the_environment),
        cmocka_unit_test(what_is_open_or_unset_is_refused),
        cmocka_unit_test(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
