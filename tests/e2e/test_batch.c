/* Many commands from one file or standard input: what a line may hold, and where a failure stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

static struct ref_bin bin; /* without data: the commands used here need none */

static int set_up(void **state)
{
    (void)state;
    ref_bin_init(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static struct ref_run batch(const char *text, const char *options)
{
    static const char *const env[] = {"TOKEN_NAME=from env", "SCOPE=write", NULL};
    struct ref_run r;
    ref_bin_write(&bin, "batch", text, SIZE_MAX);
    char *line = rs_xprintf("--batch batch %s", options);
    ref_bin_run(&bin, &(struct ref_how){.env = env}, line, &r);
    free(line);
    return r;
}

static void assert_ends(struct ref_run r, int status, const char *out_part, const char *err_part)
{
    if (r.status != status || !strstr(r.out, out_part) || !strstr(r.err, err_part)) {
        fail_msg("status %d\n--- out\n%s--- err\n%s", r.status, r.out, r.err);
    }
    ref_run_clear(&r);
}

/* Names of the tokens there are, as "a,b,c,", and none of them from now on. */
static char *take_tokens(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "token list", "tokens");
    const struct rs_val *list = rs_val_get(doc, "tokens");
    struct rs_str names;
    rs_str_init(&names, 0);
    for (size_t i = 0; i < list->n; i++) {
        const char *name = rs_val_get_str(list->items[i], "name", "");
        if (rs_val_get_bool(list->items[i], "revoked", false)) continue;
        rs_str_addf(&names, "%s,", name);
        char *line = rs_xprintf("token revoke '%s'", name);
        free(ref_bin_out(&bin, 0, line));
        free(line);
    }
    rs_val_free(doc);
    return rs_str_take(&names);
}

static void assert_tokens(const char *const *want)
{
    char *names = take_tokens();
    size_t len = 0;
    for (const char *const *w = want; *w; w++) {
        char *one = rs_xprintf("%s,", *w);
        if (!strstr(names, one)) fail_msg("no token '%s' among '%s'", *w, names);
        len += strlen(one);
        free(one);
    }
    assert_int_equal(strlen(names), len);
    free(names);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void lines_are_cut_as_the_manual_says(void **state)
{
    (void)state;
    assert_ends(batch("# tokens, one a line\n"
                      "\n"
                      "   \t\n"
                      "token add 'a b'   # quoted\n"
                      "token add \"$TOKEN_NAME\" --scope $SCOPE\n"
                      "token add ${NOPE:-dflt}\r\n"
                      "recsys-tui token add pasted\n"
                      "token \\\n"
                      "  add joi\\\n"
                      "ned\n"
                      "# a comment is no line to go on from \\\n"
                      "token add after\n"
                      "token list # nor is this one \\\n"
                      "token add last",
                      ""),
                0, "joined", "");
    assert_tokens(NAMES("a b", "from env", "dflt", "pasted", "joined", "after", "last"));
}

static void the_first_failure_stops_and_is_named(void **state)
{
    (void)state;
    assert_ends(batch("token add one\n\ntoken \\\n revoke nobody\ntoken add two\n", ""), 3, "one",
                "batch:3: exit status 3: token  revoke nobody");
    assert_tokens(NAMES("one"));
    assert_ends(batch("nosuch\ntoken add two\n", ""), 2, "", "batch:1: exit status 2: nosuch");
    assert_ends(batch("token add 'two\n", ""), 4, "", "a ' is not closed");
    assert_ends(batch("token add $NOPE\n", ""), 2, "", "variable NOPE is not set");
    assert_tokens(NAMES(NULL));
}

static void keep_going_does_the_rest(void **state)
{
    (void)state;
    assert_ends(batch("token revoke nobody\ntoken add go1\ntoken add \"x\nnosuch\ntoken add go2\n",
                      "--keep-going"),
                3, "", "batch:4: exit status 2: nosuch");
    assert_tokens(NAMES("go1", "go2"));
}

static void json_is_one_document_a_line(void **state)
{
    (void)state;
    struct ref_run r = batch("token add json\ntoken revoke nobody\n'\nhelp train\ndoctor\n",
                             "--json --keep-going");
    assert_int_equal(r.status, 3);
    static const char *const keys[] = {"token", "error.code", "error.message", "help", "checks"};
    char *at = r.out;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        size_t len = strcspn(at, "\n");
        struct rs_val *doc = NULL;
        struct rs_err err = {0};
        assert_ok(rs_json_parse(at, len, "line", &doc, &err), &err);
        if (!rs_val_at(doc, keys[i])) fail_msg("no '%s' in %.*s", keys[i], (int)len, at);
        rs_val_free(doc);
        at += len + 1;
    }
    assert_string_equal(at, "");
    ref_run_clear(&r);
    r = batch("token list --json\ntoken list\n", "");
    assert_int_equal(r.status, 0);
    assert_int_equal(strncmp(r.out, "{\"tokens\":[", 11), 0); /* a line may ask for itself */
    ref_run_clear(&r);
    assert_tokens(NAMES("json"));
}

static void standard_input_is_a_file_too(void **state)
{
    (void)state;
    struct ref_run r;
    struct ref_how how = {.input = "token add in\ntoken add in2 --nosuch\n"};
    ref_bin_run(&bin, &how, "--batch -", &r);
    assert_ends(r, 2, "in", "standard input:2: exit status 2");
    ref_bin_run(&bin, &(struct ref_how){.input = "token add piped\nshell\n"}, "shell", &r);
    assert_ends(r, 2, "piped", "standard input:2");
    assert_tokens(NAMES("in", "piped"));
    ref_bin_run(&bin, &(struct ref_how){.input = ""}, "--batch -", &r);
    assert_ends(r, 0, "", "");
}

static void bad_batches_are_refused(void **state)
{
    (void)state;
    ref_bin_refuses(&bin, 3, "--batch none", "'none'|no such file");
    ref_bin_refuses(&bin, 5, "--batch .", "is a directory");
    ref_bin_refuses(&bin, 2, "--batch batch run list", "'run'");
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){0}, "--batch", &r);
    assert_ends(r, 2, "", "--batch needs a value");
    ref_bin_write(&bin, "nul", "token add a\nrun\0list\n", 21);
    ref_bin_run(&bin, &(struct ref_how){0}, "--batch nul", &r);
    assert_ends(r, 4, "", "nul:2: a NUL byte");
    assert_tokens(NAMES("a"));
    static const char *const late[] = {"--workspace x", "--batch x", "--threads 2", "--keep-going",
                                       "--log-level info"};
    for (size_t i = 0; i < sizeof(late) / sizeof(*late); i++) {
        char *text = rs_xprintf("token list %s\n", late[i]);
        assert_ends(batch(text, ""), 2, "", "command line only");
        free(text);
    }
    assert_ends(batch("--json\n", ""), 2, "no command", "batch:1");
    assert_ends(batch("\xef\xbb\xbftoken add bom\n", ""), 0, "bom", "");
    assert_tokens(NAMES("bom"));
    char *big = rs_xalloc((1 << 20) + 20, 1);
    memset(big, 'x', (1 << 20) + 10);
    assert_ends(batch(big, ""), 4, "", "more than 1048576 bytes");
    free(big);
}

/* The whole service's way in one file: what cron and CI run. */
static void a_batch_takes_data_to_a_recommendation(void **state)
{
    (void)state;
    struct ref_run r =
        batch(REF_DEMO_FETCH "\n" REF_DEMO_RUN "\nrecommend --user ${USER_ID:-1} -k 3\n", "--json");
    assert_ends(r, 0, "\"recommendations\"", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_cut_as_the_manual_says),
        cmocka_unit_test(the_first_failure_stops_and_is_named),
        cmocka_unit_test(keep_going_does_the_rest),
        cmocka_unit_test(json_is_one_document_a_line),
        cmocka_unit_test(standard_input_is_a_file_too),
        cmocka_unit_test(bad_batches_are_refused),
        cmocka_unit_test(a_batch_takes_data_to_a_recommendation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
