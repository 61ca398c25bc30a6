/* complete: candidates from the table and the workspace, in the prompt and in bash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

static char *joined(char **texts)
{
    struct rs_str got;
    rs_str_init(&got, 0);
    for (char **t = texts; *t; t++) {
        rs_str_addf(&got, t == texts ? "%s" : " %s", *t);
    }
    rs_fs_list_free(texts);
    return rs_str_take(&got);
}

/* What may follow line, whose last word (empty after a blank) is being typed. */
static char *candidates(struct rs_ctx *ctx, const char *line)
{
    const char *words[16];
    size_t n = 0;
    char *text = rs_xstrdup(line);
    char *at = text;
    for (char *blank; (blank = strchr(at, ' ')); at = blank + 1) {
        *blank = '\0';
        words[n++] = at;
    }
    char *got = joined(rs_complete(ctx, words, n, at));
    free(text);
    return got;
}

static void assert_offers(struct rs_ctx *ctx, const char *line, const char *want)
{
    char *got = candidates(ctx, line);
    if (strcmp(got, want) != 0) {
        fail_msg("'%s' offers '%s', not '%s'", line, got, want);
    }
    free(got);
}

static void command_names_come_word_by_word(void **state)
{
    (void)state;
    assert_offers(NULL, "ru", "run");
    assert_offers(NULL, "run ", "delete gc list show");
    assert_offers(NULL, "run l", "list");
    assert_offers(NULL, "pipeline s", "status sync");
    assert_offers(NULL, "nosuch ", "");
    assert_offers(NULL, "serve st", "status stop");
    assert_offers(NULL, "serve --ho", "--host");
    assert_offers(NULL, "zz", "");
    assert_offers(NULL, "--json run l", "list");
    assert_offers(NULL, "--workspace here -q run l", "list");
    assert_offers(NULL, "help ru", "run");
    assert_offers(NULL, "help run s", "show");
    char *all = candidates(NULL, "");
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        char *first = rs_xstrndup(c->name, strcspn(c->name, " "));
        assert_non_null(strstr(all, first));
        free(first);
    }
    free(all);
}

static void options_and_their_values_come_from_the_table(void **state)
{
    (void)state;
    assert_offers(NULL, "train --se", "--seed --serve --set");
    assert_offers(NULL, "run list --li", "--limit");
    assert_offers(NULL, "train --mod", "--model");
    assert_offers(NULL, "train --model ", "als popularity");
    assert_offers(NULL, "train -m a", "als");
    assert_offers(NULL, "train --model=p", "--model=popularity");
    assert_offers(NULL, "evaluate --part ", "test val");
    assert_offers(NULL, "evaluate --part=v", "--part=val");
    assert_offers(NULL, "train --log-level w", "warn");
    assert_offers(NULL, "--log-level d", "debug");
    assert_offers(NULL, "help --completion ", "bash zsh");
    assert_offers(NULL, "data fetch --dataset syn", "synthetic");
    assert_offers(NULL, "train --json --se", "--seed --serve --set"); /* a flag waits for nothing */
    assert_offers(NULL, "similar ", "--item --k --model");
    assert_offers(NULL, "similar --k ", ""); /* a number is the user's */
    char *all = candidates(NULL, "doctor --");
    for (const struct rs_arg *a = rs_cli_globals; a->name; a++) {
        assert_int_equal(strstr(all, a->name) != NULL, !(a->flags & RS_ARG_HIDDEN));
    }
    free(all);
}

static void the_workspace_knows_datasets_and_splits(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    const char *const files[] = {"data/interim/mine/dataset.rsd", "data/interim/half/x",
                                 "data/processed/mine/weekly/split.rsd", NULL};
    for (const char *const *f = files; *f; f++) {
        char *path = rs_path_join(dir, *f);
        char *slash = strrchr(path, '/');
        *slash = '\0';
        assert_ok(rs_fs_mkdirs(path, &err), &err);
        *slash = '/';
        assert_ok(rs_fs_write(path, "", 0, &err), &err);
        free(path);
    }
    struct rs_ctx *ctx = rs_ctx_new(dir);
    assert_offers(ctx, "train --dataset m", "mine ml-1m ml-20m ml-25m ml-32m ml-latest-small");
    assert_offers(ctx, "train --dataset h", ""); /* not finished */
    assert_offers(ctx, "train --split w", "weekly");
    rs_ctx_free(ctx);
    ref_remove(dir);
}

/* What bash offers after sourcing the printed script: words are COMP_WORDS, the last one typed. */
static char *bash_offers(const char *dir, const char *words)
{
    char *line = rs_xprintf("cd '%s' && . ./script && COMP_WORDS=(recsys-tui %s) && "
                            "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _recsys_tui && "
                            "echo \"${COMPREPLY[*]}\"",
                            dir, words);
    char *quoted = rs_xprintf("bash --norc -c \"$LINE\" 2>&1");
    setenv("LINE", line, 1);
    FILE *f = popen(quoted, "r");
    assert_non_null(f);
    char buf[4096];
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    buf[n] = '\0';
    assert_int_equal(pclose(f), 0);
    buf[strcspn(buf, "\n")] = '\0';
    free(line);
    free(quoted);
    return rs_xstrdup(buf);
}

static void bash_completes_from_the_printed_script(void **state)
{
    (void)state;
    if (access("/bin/bash", X_OK) != 0) skip();
    static const char *const cases[][2] = {
        {"ru", "run"},
        {"run ''", "delete gc list show"},
        {"run list --li", "--limit"},
        {"train --model ''", "als popularity"},
        {"train --model p", "popularity"},
        {"train --model = p", "popularity"}, /* bash breaks words at '=' */
        {"train --model = ", "als popularity"},
        {"train --model=p", "--model=popularity"}, /* unless told not to */
        {"evaluate --part v", "val"},
        {"--json pipeline s", "status sync"},
        {"--workspace w --threads 2 run l", "list"},
        {"run list --log-level w", "warn"},
        {"--log-level d", "debug"},
        {"help tra", "train"},
        {"help model h", "history"},
        {"help --comp", "--completion"},
        {"model register --out ot", "other.txt"},
        {"model register --out = ot", "other.txt"},
        {"--batch ot", "other.txt"},
        {"nosuch ''", ""},
        {"serve ''", "status stop"}, /* a command, and the first word of others */
        {"serve sta", "status"},
        {"serve --po", "--port"},
        {"--ser", "--serve"},
        {"--as", ""},
        {NULL, NULL},
    };
    char *dir = ref_temp_dir();
    struct rs_str script;
    rs_str_init(&script, 0);
    rs_help_completion_bash(&script);
    free(ref_file(dir, "script", rs_str_text(&script), SIZE_MAX));
    free(ref_file(dir, "other.txt", "", 0));
    rs_str_clear(&script);
    for (size_t i = 0; cases[i][0]; i++) {
        char *got = bash_offers(dir, cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0) {
            fail_msg("'%s' offers '%s', not '%s'", cases[i][0], got, cases[i][1]);
        }
        free(got);
    }
    ref_remove(dir);
}

static void assert_parses(const char *shell, const char *check, void (*print)(struct rs_str *))
{
    if (access(shell, X_OK) != 0) skip();
    char *dir = ref_temp_dir();
    struct rs_str script;
    rs_str_init(&script, 0);
    print(&script);
    assert_false(script.failed);
    char *path = ref_file(dir, "script", rs_str_text(&script), SIZE_MAX);
    rs_str_clear(&script);
    char *command = rs_xprintf("%s %s '%s' 2>&1", shell, check, path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    char buf[2000] = "";
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    buf[n] = '\0';
    int status = pclose(f);
    if (status != 0 || n > 0) fail_msg("%s: status %d\n%s", command, status, buf);
    free(command);
    free(path);
    ref_remove(dir);
}

static void bash_reads_the_script(void **state)
{
    (void)state;
    assert_parses("/bin/bash", "-n", rs_help_completion_bash);
}

static void zsh_reads_the_script(void **state)
{
    (void)state;
    assert_parses("/bin/zsh", "-n", rs_help_completion_zsh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_names_come_word_by_word),
        cmocka_unit_test(options_and_their_values_come_from_the_table),
        cmocka_unit_test(the_workspace_knows_datasets_and_splits),
        cmocka_unit_test(bash_completes_from_the_printed_script),
        cmocka_unit_test(bash_reads_the_script),
        cmocka_unit_test(zsh_reads_the_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
