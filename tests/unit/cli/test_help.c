/* help: every command, option and model parameter is in the help and the manual, which mandoc
 * accepts. */
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
#include "rs/base/table.h"
#include "rs/cli/cli.h"
#include "rs/models/model.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *about(const char *const *words)
{
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    struct rs_str out;
    rs_str_init(&out, 0);
    bool any = rs_help_about(words, n, &out);
    if (!any) {
        assert_int_equal(out.len, 0);
        return NULL;
    }
    return rs_str_take(&out);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
}

/* Lines of at most 100 columns, none with blanks at its end. */
static void assert_tidy(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char *line = rs_xstrndup(text, len);
        if (rs_text_width(line) > 100 || (len > 0 && line[len - 1] == ' ')) {
            fail_msg("too long, or blanks at the end: '%s'", line);
        }
        free(line);
        text += len + (text[len] == '\n');
    }
}

/* Options that stand before any command mean the same with every command: only `version` may be a
 * command's own. */
static void global_options_are_nobody_elses(void **state)
{
    (void)state;
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        for (const struct rs_arg *a = c->args; a && a->name; a++) {
            for (const struct rs_arg *g = rs_cli_globals; g->name; g++) {
                bool same = strcmp(g->name, a->name) == 0 && strcmp(a->name, "version") != 0;
                if (same || (a->letter && a->letter == g->letter)) {
                    fail_msg("%s: --%s is a global option", c->name, a->name);
                }
            }
        }
    }
}

/* An example runs as it stands: the command it belongs to, with arguments that parse. */
static void examples_parse(void **state)
{
    (void)state;
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        if (!c->example) continue;
        char **words = NULL;
        size_t n = 0;
        size_t used = 0;
        struct rs_args *args = NULL;
        struct rs_err err = {0};
        assert_ok(rs_line_split(c->example, NULL, &words, &n, &err), &err);
        assert_string_equal(words[0], "recsys-tui");
        const char *const *rest = (const char *const *)words + 1;
        assert_ptr_equal(rs_command_find(rest, n - 1, &used), c);
        assert_ok(rs_args_parse(c, rest + used, n - 1 - used, &args, &err), &err);
        rs_args_free(args);
        rs_fs_list_free(words);
    }
}

static void all_commands_are_listed(void **state)
{
    (void)state;
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_help_all(&out);
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        char *row = rs_xprintf("\n  %-26s%s\n", c->name, c->summary);
        assert_has(rs_str_text(&out), row);
        free(row);
    }
    for (const struct rs_arg *a = rs_cli_globals; a->name; a++) {
        if (a->flags & RS_ARG_HIDDEN) {
            assert_null(strstr(rs_str_text(&out), a->name));
            continue;
        }
        assert_has(rs_str_text(&out), a->name);
        assert_has(rs_str_text(&out), a->help);
    }
    assert_tidy(rs_str_text(&out));
    rs_str_clear(&out);
}

static void each_command_explains_its_arguments(void **state)
{
    (void)state;
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        const char *blank = strchr(c->name, ' ');
        char *first = rs_xstrndup(c->name, strcspn(c->name, " "));
        char *text = about(WORDS(first, blank ? blank + 1 : NULL));
        free(first);
        assert_non_null(text);
        assert_has(text, c->summary);
        for (const struct rs_arg *a = c->args; a && a->name; a++) {
            if (a->flags & RS_ARG_HIDDEN) {
                assert_null(strstr(text, a->help));
                assert_null(strstr(text, a->name));
                continue;
            }
            assert_has(text, a->help);
        }
        if (c->example) assert_has(text, c->example);
        assert_tidy(text);
        free(text);
    }
}

static void groups_and_headings_list_theirs(void **state)
{
    (void)state;
    char *text = about(WORDS("run"));
    assert_has(text, "commands of 'run':\n");
    assert_has(text, "  run gc ");
    assert_null(strstr(text, "job list"));
    free(text);
    text = about(WORDS("tracking"));
    assert_has(text, "  run gc ");
    assert_has(text, "  job list ");
    free(text);
    text = about(WORDS("serve"));
    assert_has(text, "recsys-tui serve [--host ADDRESS] [--port N] [--alias ALIAS] [KEY=VALUE");
    assert_has(text, "\nSee also:\n  serve stop  ");
    free(text);
    assert_null(about(WORDS("nosuch")));
    assert_null(about(WORDS("ru")));
    assert_null(about(WORDS(NULL)));
}

static void usage_shows_what_may_be_left_out(void **state)
{
    (void)state;
    char *text = about(WORDS("recommend"));
    assert_has(text, "recsys-tui recommend [--user ID] [--items ID,ID,\u2026] [--k N] "
                     "[--no-exclude-seen]");
    assert_has(text, "  -k, --k N                 length of the list (default 10)\n");
    assert_has(text, "(on; --no-exclude-seen)");
    assert_has(text, "[KEY=VALUE\u2026]");
    free(text);
    text = about(WORDS("model", "diff"));
    assert_has(text, "recsys-tui model diff VERSION VERSION [--metric NAME]");
    free(text);
    text = about(WORDS("train"));
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        for (const struct rs_param *p = (*m)->params; p->name; p++) {
            char *row = rs_xprintf("\n  %s ", p->name);
            assert_has(text, row);
            free(row);
        }
    }
    free(text);
}

static void the_manual_has_everything(void **state)
{
    (void)state;
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_help_man(&out);
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        char *heading = rs_xprintf("\n.SS %s\n", c->name);
        assert_has(rs_str_text(&out), heading);
        free(heading);
    }
    for (const struct rs_conf_group *g = rs_conf_groups; g->name; g++) {
        for (const struct rs_param *p = g->table; p->name; p++) {
            char *row = rs_xprintf("\n.B %s.%s\n", g->name, p->name);
            assert_has(rs_str_text(&out), row);
            free(row);
        }
    }
    for (const struct rs_conf_env *e = rs_conf_envs; e->variable; e++) {
        assert_has(rs_str_text(&out), e->variable);
    }
    assert_has(rs_str_text(&out), "\n.B RECSYS_TOKEN\n");
    for (const struct rs_arg *a = rs_cli_globals; a->name; a++) {
        if (a->flags & RS_ARG_HIDDEN) assert_null(strstr(rs_str_text(&out), a->help));
    }
    rs_str_clear(&out);
}

static void mandoc_accepts_the_manual(void **state)
{
    (void)state;
    if (access("/usr/bin/mandoc", X_OK) != 0) skip();
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_help_man(&out);
    char *dir = ref_temp_dir();
    char *path = ref_file(dir, "recsys-tui.1", rs_str_text(&out), SIZE_MAX);
    char *command = rs_xprintf("/usr/bin/mandoc -T lint -W warning '%s' 2>&1", path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    char buf[2000];
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    buf[n] = '\0';
    if (pclose(f) != 0 || n > 0) fail_msg("%s", buf);
    free(command);
    free(path);
    ref_remove(dir);
    rs_str_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_options_are_nobody_elses),
        cmocka_unit_test(examples_parse),
        cmocka_unit_test(all_commands_are_listed),
        cmocka_unit_test(each_command_explains_its_arguments),
        cmocka_unit_test(groups_and_headings_list_theirs),
        cmocka_unit_test(usage_shows_what_may_be_left_out),
        cmocka_unit_test(the_manual_has_everything),
        cmocka_unit_test(mandoc_accepts_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
