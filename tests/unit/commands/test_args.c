/* args: every form a command line may take, the same from JSON, and what is refused with which
 * words. */
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
#include "rs/commands/command.h"

static const struct rs_arg table[] = {
    {.name = "first",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_POSITIONAL,
     .value = "FIRST",
     .help = "the one that must be there"},
    {.name = "more",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_POSITIONAL | RS_ARG_OPTIONAL | RS_ARG_REPEAT,
     .help = "others"},
    {.name = "limit",
     .type = RS_PARAM_INT,
     .letter = 'k',
     .dflt = "10",
     .min = 1,
     .max = 99,
     .help = "rows at most"},
    {.name = "ratio",
     .type = RS_PARAM_REAL,
     .flags = RS_ARG_OPTIONAL,
     .min = -1,
     .max = 1,
     .help = "a share"},
    {.name = "at",
     .type = RS_PARAM_INT_LIST,
     .flags = RS_ARG_OPTIONAL,
     .min = 1,
     .max = 100,
     .help = "lengths"},
    {.name = "verbose", .type = RS_PARAM_BOOL, .letter = 'v', .dflt = "false", .help = "say more"},
    {.name = "seen", .type = RS_PARAM_BOOL, .dflt = "true", .help = "with those seen"},
    {.name = "set",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_OPTIONAL | RS_ARG_REPEAT,
     .help = "key=value"},
    {.name = "order",
     .type = RS_PARAM_CHOICE,
     .flags = RS_ARG_OPTIONAL,
     .choices = "up|down",
     .help = "which way"},
    {.name = "door",
     .type = RS_PARAM_INT,
     .flags = RS_ARG_OPTIONAL,
     .min = 0,
     .max = 9,
     .key = "house.door",
     .help = "a key of the configuration"},
    {.name = "put",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_OPTIONAL | RS_ARG_REPEAT,
     .key = "house.",
     .help = "any key of that group"},
    {.name = NULL},
};
static const struct rs_cmd plain = {.name = "go on", .args = table};
static const struct rs_cmd tuned = {.name = "go on", .args = table, .flags = RS_CMD_OVERRIDES};
static const struct rs_cmd bare = {.name = "bare"};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct rs_args *parse(const struct rs_cmd *cmd, const char *const *words)
{
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    struct rs_args *a = NULL;
    struct rs_err err = {0};
    assert_ok(rs_args_parse(cmd, words, n, &a, &err), &err);
    return a;
}

static void refuse(const struct rs_cmd *cmd, const char *const *words, const char *want)
{
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    struct rs_args *a = NULL;
    struct rs_err err = {0};
    enum rs_code rc = rs_args_parse(cmd, words, n, &a, &err);
    assert_int_equal(rc, RS_EARG);
    assert_string_equal(err.msg, want);
    assert_null(a);
}

static struct rs_args *from_json(const char *text, enum rs_code want, struct rs_err *err)
{
    struct rs_val *map = NULL;
    assert_ok(rs_json_parse(text, strlen(text), "body", &map, err), err);
    struct rs_args *a = NULL;
    assert_int_equal(rs_args_from_val(&tuned, map, &a, err), want);
    rs_val_free(map);
    return a;
}

static void refuse_json(const char *text, const char *want)
{
    struct rs_err err = {0};
    assert_null(from_json(text, RS_EARG, &err));
    assert_string_equal(err.msg, want);
}

static void defaults_stand_where_nothing_is_said(void **state)
{
    (void)state;
    struct rs_args *a = parse(&plain, WORDS("x"));
    assert_ptr_equal(rs_args_command(a), &plain);
    assert_string_equal(rs_args_text(a, "first"), "x");
    assert_true(rs_args_given(a, "first"));
    assert_int_equal(rs_args_int(a, "limit"), 10);
    assert_false(rs_args_given(a, "limit"));
    assert_true(rs_args_has(a, "limit"));
    assert_false(rs_args_has(a, "ratio"));
    assert_true(rs_args_real(a, "ratio") == 0);
    assert_null(rs_args_text(a, "order"));
    assert_false(rs_args_bool(a, "verbose"));
    assert_true(rs_args_bool(a, "seen"));
    assert_int_equal(rs_args_count(a, "more"), 0);
    assert_null(rs_args_nth(a, "more", 0));
    size_t n = 9;
    rs_args_ints(a, "at", &n);
    assert_int_equal(n, 0);
    rs_args_overrides(a, &n);
    assert_int_equal(n, 0);
    rs_args_free(a);
    rs_args_free(NULL);
    rs_args_free(parse(&bare, WORDS(NULL)));
}

static void values_stand_after_beside_or_behind_a_letter(void **state)
{
    (void)state;
    const char *const *const forms[] = {WORDS("--limit", "5", "x"), WORDS("--limit=5", "x"),
                                        WORDS("-k", "5", "x"), WORDS("x", "-k5")};
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        struct rs_args *a = parse(&plain, forms[i]);
        assert_int_equal(rs_args_int(a, "limit"), 5);
        assert_true(rs_args_given(a, "limit"));
        assert_string_equal(rs_args_text(a, "first"), "x");
        rs_args_free(a);
    }
    struct rs_args *a = parse(&plain, WORDS("--first=a=b", "--ratio", "-0.5", "--at", "5,10, 20",
                                            "--order=down", "--set="));
    assert_string_equal(rs_args_text(a, "first"), "a=b");
    assert_true(rs_args_real(a, "ratio") == -0.5);
    size_t n = 0;
    const int64_t *at = rs_args_ints(a, "at", &n);
    assert_int_equal(n, 3);
    assert_int_equal(at[2], 20);
    assert_string_equal(rs_args_text(a, "order"), "down");
    assert_string_equal(rs_args_nth(a, "set", 0), "");
    rs_args_free(a);
}

static void flags_are_said_negated_or_given_a_value(void **state)
{
    (void)state;
    struct rs_args *a = parse(&plain, WORDS("x", "-v", "--no-seen"));
    assert_true(rs_args_bool(a, "verbose"));
    assert_false(rs_args_bool(a, "seen"));
    rs_args_free(a);
    a = parse(&plain, WORDS("--verbose=no", "--seen", "x"));
    assert_false(rs_args_bool(a, "verbose"));
    assert_true(rs_args_given(a, "verbose"));
    assert_true(rs_args_bool(a, "seen"));
    rs_args_free(a);
}

static void plain_words_fill_places_in_order(void **state)
{
    (void)state;
    struct rs_args *a = parse(&plain, WORDS("a", "-v", "b", "-5", "-", "--set", "x=1", "c", "--",
                                            "--limit", "--set", "--"));
    assert_string_equal(rs_args_text(a, "first"), "a");
    const char *const want[] = {"b", "-5", "-", "c", "--limit", "--set", "--"};
    assert_int_equal(rs_args_count(a, "more"), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(rs_args_nth(a, "more", i), want[i]);
    }
    assert_null(rs_args_nth(a, "more", 7));
    assert_false(rs_args_given(a, "limit"));
    rs_args_free(a);
    a = parse(&plain, WORDS("--set", "a=1", "--first", "x", "--set=b=2", "y"));
    assert_int_equal(rs_args_count(a, "set"), 2);
    assert_string_equal(rs_args_nth(a, "set", 1), "b=2");
    assert_string_equal(rs_args_nth(a, "more", 0), "y"); /* first is taken by its name */
    rs_args_free(a);
}

static void overrides_are_taken_where_the_command_takes_them(void **state)
{
    (void)state;
    struct rs_args *a = parse(&tuned, WORDS("model=als", "x", "~eval.k", "+a.b=1"));
    size_t n = 0;
    const char *const *o = rs_args_overrides(a, &n);
    assert_int_equal(n, 3);
    assert_string_equal(o[0], "model=als");
    assert_string_equal(o[1], "~eval.k");
    assert_string_equal(o[2], "+a.b=1");
    assert_string_equal(rs_args_text(a, "first"), "x");
    rs_args_free(a);
    a = parse(&plain, WORDS("model=als"));
    assert_string_equal(rs_args_text(a, "first"), "model=als");
    rs_args_free(a);
    refuse(&bare, WORDS("model=als"), "bare: unexpected argument 'model=als' (see 'help bare')");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    refuse(&plain, WORDS(NULL),
           "go on: FIRST is missing: the one that must be there (see 'help go on')");
    refuse(&plain, WORDS("x", "--limt", "5"),
           "go on: unknown option '--limt': did you mean --limit? (see 'help go on')");
    refuse(&plain, WORDS("x", "--quiet=1"), "go on: unknown option '--quiet=1' (see 'help go on')");
    refuse(&plain, WORDS("x", "-z"), "go on: unknown option '-z' (see 'help go on')");
    refuse(&plain, WORDS("x", "--no-limit"),
           "go on: unknown option '--no-limit': did you mean --limit? (see 'help go on')");
    refuse(&plain, WORDS("x", "--no-seen=true"),
           "go on: unknown option '--no-seen=true': did you mean --seen? (see 'help go on')");
    refuse(&plain, WORDS("x", "--limit"), "go on: --limit needs a value: rows at most");
    refuse(&plain, WORDS("x", "-k"), "go on: --limit needs a value: rows at most");
    refuse(&plain, WORDS("x", "--limit", "5", "-k", "6"), "go on: --limit is given twice");
    refuse(&plain, WORDS("x", "-v", "--no-verbose"), "go on: --verbose is given twice");
    refuse(&plain, WORDS("x", "--limit", "0"),
           "go on: --limit: expected an integer 1..99, got '0'");
    refuse(&plain, WORDS("x", "--limit="), "go on: --limit: expected an integer 1..99, got ''");
    refuse(&plain, WORDS("x", "--limit", "9223372036854775808"),
           "go on: --limit: expected an integer 1..99, got '9223372036854775808'");
    refuse(&plain, WORDS("x", "--ratio", "nan"),
           "go on: --ratio: expected a number -1..1, got 'nan'");
    refuse(&plain, WORDS("x", "--at", "5,101"),
           "go on: --at: expected integers separated by commas, each 1..100, got '5,101'");
    refuse(&plain, WORDS("x", "--verbose=maybe"),
           "go on: --verbose: expected true or false, got 'maybe'");
    refuse(&plain, WORDS("x", "--order", "left"),
           "go on: --order: expected one of up, down, got 'left'");
    refuse(&bare, WORDS("x"), "bare: unexpected argument 'x' (see 'help bare')");
    refuse(&bare, WORDS("-x"), "bare: unknown option '-x' (see 'help bare')");
}

static void an_object_says_the_same(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_args *a =
        from_json("{\"first\": 7, \"more\": [\"a\", 2], \"limit\": 5, \"ratio\": 0.25, "
                  "\"at\": [5, 10], \"verbose\": true, \"set\": \"x=1\", \"order\": \"up\", "
                  "\"overrides\": [\"model=als\"]}",
                  RS_OK, &err);
    assert_string_equal(rs_args_text(a, "first"), "7");
    assert_string_equal(rs_args_nth(a, "more", 1), "2");
    assert_int_equal(rs_args_int(a, "limit"), 5);
    assert_true(rs_args_real(a, "ratio") == 0.25);
    size_t n = 0;
    assert_int_equal(rs_args_ints(a, "at", &n)[1], 10);
    assert_int_equal(n, 2);
    assert_true(rs_args_bool(a, "verbose"));
    assert_true(rs_args_bool(a, "seen"));
    assert_string_equal(rs_args_nth(a, "set", 0), "x=1");
    assert_string_equal(rs_args_overrides(a, &n)[0], "model=als");
    rs_args_free(a);
}

static void a_wrong_object_is_refused(void **state)
{
    (void)state;
    refuse_json("[]", "go on: arguments are list, expected an object");
    refuse_json("{}", "go on: FIRST is missing: the one that must be there (see 'help go on')");
    refuse_json("{\"first\": null}", "go on: 'first' is null, expected a plain value");
    refuse_json("{\"first\": {}}", "go on: 'first' is map, expected a plain value");
    refuse_json("{\"first\": [\"a\", \"b\"]}", "go on: --first is given twice");
    refuse_json("{\"more\": [[\"a\"]]}", "go on: 'more' is list, expected a plain value");
    refuse_json("{\"lmit\": 5}",
                "go on: unknown argument 'lmit': did you mean limit? (see 'help go on')");
    refuse_json("{\"at\": [5, \"x\"]}", "go on: at[1] is text, expected an integer");
    refuse_json("{\"at\": [5.5]}", "go on: at[0] is number, expected an integer");
    refuse_json("{\"at\": [0]}",
                "go on: --at: expected integers separated by commas, each 1..100, got '0'");
    refuse_json("{\"limit\": true}", "go on: --limit: expected an integer 1..99, got "
                                     "'true'");
    refuse_json("{\"overrides\": \"a=b\"}",
                "go on: overrides are text, expected a list of key=value");
    refuse_json("{\"overrides\": [\"a\"]}", "go on: overrides[0] is not key=value");
}

static size_t count(char **list)
{
    size_t n = 0;
    while (list[n]) {
        n++;
    }
    return n;
}

static void arguments_stand_for_keys(void **state)
{
    (void)state;
    struct rs_args *a =
        parse(&tuned, WORDS("model=als", "--put", "a=1", "x", "--door", "3", "--put=b=2"));
    size_t n = 9;
    char **o = rs_args_to_overrides(a, &n);
    const char *const want[] = {"house.door=3", "house.a=1", "house.b=2", "model=als"};
    assert_int_equal(n, 4);
    assert_int_equal(count(o), 4);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(o[i], want[i]);
    }
    rs_fs_list_free(o);
    rs_args_free(a);
    a = parse(&bare, WORDS(NULL));
    o = rs_args_to_overrides(a, &n);
    assert_int_equal(n, 0);
    assert_null(o[0]);
    rs_fs_list_free(o);
    rs_args_free(a);
}

/* Words, and whether the words that arguments give are read as the same. */
static void assert_same_again(const char *const *words, const char *want)
{
    struct rs_args *a = parse(&tuned, words);
    char **first = rs_args_to_words(a);
    struct rs_args *b = parse(&tuned, (const char *const *)first);
    char **second = rs_args_to_words(b);
    char *line = rs_words_line((const char *const *)first, count(first));
    assert_string_equal(line, want);
    assert_int_equal(count(first), count(second));
    for (size_t i = 0; first[i]; i++) {
        assert_string_equal(first[i], second[i]);
    }
    assert_int_equal(rs_args_given(a, "limit"), rs_args_given(b, "limit"));
    free(line);
    rs_fs_list_free(first);
    rs_fs_list_free(second);
    rs_args_free(a);
    rs_args_free(b);
}

static void arguments_become_words_again(void **state)
{
    (void)state;
    assert_same_again(WORDS("x"), "--first=x");
    assert_same_again(WORDS("-k5", "x", "-v", "--no-seen", "y", "model=als", "~eval.k"),
                      "--first=x --more=y --limit=5 --verbose=true --seen=false model=als ~eval.k");
    assert_same_again(WORDS("--", "--json", "-x", "it's", ""),
                      "--first=--json --more=-x '--more=it'\\''s' --more=");
    assert_same_again(WORDS("a b", "--at", "5, 10", "--ratio=-0.5", "--set", "k=v w"),
                      "'--first=a b' --ratio=-0.5 '--at=5, 10' '--set=k=v w'");
}

static void a_line_shows_no_password(void **state)
{
    (void)state;
    const char *const words[] = {"data",
                                 "fetch",
                                 "--url",
                                 "https://me:pass@word@host.org/a@b?c=d@e",
                                 "data.mirror=ftp://token@host",
                                 "https://host/path@2",
                                 "https://@host",
                                 "me@host",
                                 ""};
    char *line = rs_words_line(words, sizeof(words) / sizeof(*words));
    assert_string_equal(line, "data fetch --url 'https://***@host.org/a@b?c=d@e' "
                              "'data.mirror=ftp://***@host' https://host/path@2 https://@host "
                              "me@host ''");
    free(line);
    line = rs_words_line(NULL, 0);
    assert_string_equal(line, "");
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_where_nothing_is_said),
        cmocka_unit_test(values_stand_after_beside_or_behind_a_letter),
        cmocka_unit_test(flags_are_said_negated_or_given_a_value),
        cmocka_unit_test(plain_words_fill_places_in_order),
        cmocka_unit_test(overrides_are_taken_where_the_command_takes_them),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(an_object_says_the_same),
        cmocka_unit_test(a_wrong_object_is_refused),
        cmocka_unit_test(arguments_stand_for_keys),
        cmocka_unit_test(arguments_become_words_again),
        cmocka_unit_test(a_line_shows_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
