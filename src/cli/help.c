/*
 * help - what the program can do, printed from the command table: for the terminal and as a manual
 * page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/cli/cli.h"
#include "rs/models/model.h"

#define HELP_COLUMN 28 /* where explanations begin */
#define WIDTH       98

static const char *placeholder(const struct rs_arg *a)
{
    if (a->value) return a->value;
    if (a->type == RS_PARAM_INT) return "N";
    if (a->type == RS_PARAM_REAL) return "X";
    return a->type == RS_PARAM_CHOICE ? "CHOICE" : "TEXT";
}

/* "VERSION", "[--k N]", "RUN…": one argument as it stands in a usage line. */
static void usage_arg(const struct rs_arg *a, struct rs_str *out)
{
    bool optional = a->dflt || (a->flags & RS_ARG_OPTIONAL);
    rs_str_add(out, optional ? " [" : " ");
    if (a->flags & RS_ARG_POSITIONAL) {
        rs_str_add(out, placeholder(a));
    } else if (a->type == RS_PARAM_BOOL) {
        rs_str_addf(out, "--%s%s", a->dflt && strcmp(a->dflt, "true") == 0 ? "no-" : "", a->name);
    } else {
        rs_str_addf(out, "--%s %s", a->name, placeholder(a));
    }
    rs_str_add(out, a->flags & RS_ARG_REPEAT ? "\u2026" : "");
    rs_str_add(out, optional ? "]" : "");
}

static void usage(const struct rs_cmd *c, struct rs_str *out)
{
    rs_str_addf(out, "recsys-tui %s", c->name);
    for (const struct rs_arg *a = c->args; a && a->name; a++) {
        if (a->flags & RS_ARG_HIDDEN) continue;
        usage_arg(a, out);
    }
    if (c->flags & RS_CMD_OVERRIDES) {
        rs_str_add(out, " [KEY=VALUE\u2026]");
    }
}

/* "-k, --k N" or "VERSION" */
static void arg_label(const struct rs_arg *a, struct rs_str *out)
{
    if (a->flags & RS_ARG_POSITIONAL) {
        rs_str_add(out, placeholder(a));
        return;
    }
    if (a->letter) {
        rs_str_addf(out, "-%c, ", a->letter);
    }
    rs_str_addf(out, "--%s", a->name);
    if (a->type != RS_PARAM_BOOL) {
        rs_str_addf(out, " %s", placeholder(a));
    }
}

static void arg_note(const struct rs_arg *a, struct rs_str *out)
{
    rs_str_add(out, a->help);
    for (const char *c = a->type == RS_PARAM_CHOICE ? a->choices : ""; *c; c++) {
        if (c == a->choices) rs_str_add(out, ": ");
        rs_str_addn(out, *c == '|' ? ", " : c, *c == '|' ? 2 : 1);
    }
    if (a->dflt && a->dflt[0] && a->type != RS_PARAM_BOOL) {
        rs_str_addf(out, " (default %s)", a->dflt);
    } else if (a->type == RS_PARAM_BOOL && a->dflt && strcmp(a->dflt, "true") == 0) {
        rs_str_addf(out, " (on; --no-%s)", a->name);
    }
}

/* Words of text from column `at` on, in lines of at most WIDTH columns that begin at `indent`. */
static void wrapped(const char *text, int at, int indent, struct rs_str *out)
{
    bool first = true;
    while (*text) {
        size_t bytes = strcspn(text, " ");
        char *word = rs_xstrndup(text, bytes);
        int len = rs_text_width(word);
        if (!first && at + 1 + len > WIDTH) {
            rs_str_addf(out, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        rs_str_addf(out, first ? "%s" : " %s", word);
        at += len + !first;
        first = false;
        text += bytes;
        text += *text == ' ';
        free(word);
    }
    rs_str_addc(out, '\n');
}

/* label in the left column, note in the right one, or below where label is too wide. */
static void two_columns(const char *label, const char *note, struct rs_str *out)
{
    int width = rs_text_width(label);
    rs_str_addf(out, "  %s", label);
    if (width > HELP_COLUMN - 4) {
        rs_str_addf(out, "\n%*s", HELP_COLUMN, "");
    } else {
        rs_str_addf(out, "%*s", HELP_COLUMN - 2 - width, "");
    }
    wrapped(note, HELP_COLUMN, HELP_COLUMN, out);
}

static void arg_lines(const struct rs_arg *table, struct rs_str *out)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        if (a->flags & RS_ARG_HIDDEN) continue;
        struct rs_str label;
        struct rs_str note;
        rs_str_init(&label, 4096);
        rs_str_init(&note, 4096);
        arg_label(a, &label);
        arg_note(a, &note);
        two_columns(rs_str_text(&label), rs_str_text(&note), out);
        rs_str_clear(&label);
        rs_str_clear(&note);
    }
}

static void model_lines(struct rs_str *out)
{
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        rs_str_addf(out, "\nParameters of %s (%s):\n", (*m)->name, (*m)->summary);
        for (const struct rs_param *p = (*m)->params; p->name; p++) {
            struct rs_str kind;
            rs_str_init(&kind, 4096);
            rs_param_describe(p, &kind);
            two_columns(p->name, p->help, out);
            rs_str_addf(out, "%*s%s\n", HELP_COLUMN, "", rs_str_text(&kind));
            rs_str_clear(&kind);
        }
    }
}

static void about_command(const struct rs_cmd *c, struct rs_str *out)
{
    struct rs_str line;
    rs_str_init(&line, 1 << 16);
    usage(c, &line);
    rs_str_addf(out, "%s: %s\n\n  ", c->name, c->summary);
    wrapped(rs_str_text(&line), 2, 4, out);
    rs_str_clear(&line);
    if (c->detail) {
        rs_str_addc(out, '\n');
        wrapped(c->detail, 0, 0, out);
    }
    if (c->args) {
        rs_str_addc(out, '\n');
        arg_lines(c->args, out);
    }
    if (strcmp(c->name, "train") == 0) {
        model_lines(out);
    }
    if (c->example) {
        rs_str_addf(out, "\nExample:\n  %s\n", c->example);
    }
}

static void command_line(const struct rs_cmd *c, struct rs_str *out)
{
    rs_str_addf(out, "  %-*s%s\n", HELP_COLUMN - 2, c->name, c->summary);
}

/* Commands whose names begin with that word and a blank, below heading; how many there are. */
static int commands_below(const char *word, const char *heading, struct rs_str *out)
{
    int n = 0;
    size_t len = strlen(word);
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        if (strncmp(c->name, word, len) != 0 || c->name[len] != ' ') continue;
        if (n++ == 0) rs_str_add(out, heading);
        command_line(c, out);
    }
    return n;
}

static void group_lines(const char *group, struct rs_str *out)
{
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        if (strcmp(c->group, group) == 0) {
            command_line(c, out);
        }
    }
}

void rs_help_all(struct rs_str *out)
{
    rs_str_add(out, "recsys-tui takes interactions to a recommender in production.\n\n"
                    "  recsys-tui COMMAND [ARGUMENTS]   one command\n"
                    "  recsys-tui --batch FILE          many, a line each\n"
                    "  recsys-tui shell                 a prompt\n"
                    "  recsys-tui --serve               a server that answers over HTTP\n");
    for (size_t i = 0; rs_command_groups[i]; i++) {
        rs_str_addf(out, "\n%s\n", rs_command_groups[i]);
        group_lines(rs_command_groups[i], out);
    }
    rs_str_add(out, "\nwith every command\n");
    arg_lines(rs_cli_globals, out);
    rs_str_add(out, "\n'recsys-tui help COMMAND' says more. To see it all work: "
                    "recsys-tui pipeline run --dataset synthetic\n");
}

bool rs_help_about(const char *const *words, size_t n, struct rs_str *out)
{
    size_t used;
    const struct rs_cmd *c = n > 0 ? rs_command_find(words, n, &used) : NULL;
    if (c) {
        about_command(c, out);
        commands_below(c->name, "\nSee also:\n", out);
        return true;
    }
    if (n == 0) return false;
    char *heading = rs_xprintf("commands of '%s':\n", words[0]);
    bool any = commands_below(words[0], heading, out) > 0;
    free(heading);
    for (size_t i = 0; rs_command_groups[i] && !any; i++) {
        if (strcmp(rs_command_groups[i], words[0]) != 0) continue;
        group_lines(words[0], out);
        any = true;
    }
    return any;
}

/* Text as man(7) wants it: backslashes and leading dots escaped, plain dashes kept. */
static void roff(const char *text, struct rs_str *out)
{
    if (*text == '.' || *text == '\'') {
        rs_str_add(out, "\\&");
    }
    for (; *text; text++) {
        if (*text == '\\') {
            rs_str_add(out, "\\e");
        } else if (*text == '-') {
            rs_str_add(out, "\\-");
        } else if (*text == '|') {
            rs_str_add(out, "|\\:"); /* a long list of choices may break here */
        } else if (strncmp(text, "\u2026", 3) == 0) {
            rs_str_add(out, "...");
            text += 2;
        } else {
            rs_str_addc(out, *text);
        }
    }
}

static void man_args(const struct rs_arg *table, struct rs_str *out)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        if (a->flags & RS_ARG_HIDDEN) continue;
        struct rs_str part;
        rs_str_init(&part, 8192);
        rs_str_add(out, ".TP\n.B ");
        arg_label(a, &part);
        roff(rs_str_text(&part), out);
        rs_str_addc(out, '\n');
        rs_str_reset(&part);
        arg_note(a, &part);
        roff(rs_str_text(&part), out);
        rs_str_addc(out, '\n');
        rs_str_clear(&part);
    }
}

static void man_command(const struct rs_cmd *c, struct rs_str *out)
{
    struct rs_str part;
    rs_str_init(&part, 1 << 16);
    rs_str_add(out, ".SS ");
    roff(c->name, out);
    rs_str_addc(out, '\n');
    roff(c->summary, out);
    rs_str_add(out, ".\n.PP\n");
    usage(c, &part);
    roff(rs_str_text(&part), out);
    rs_str_addc(out, '\n');
    if (c->detail) {
        rs_str_add(out, ".PP\n");
        roff(c->detail, out);
        rs_str_addc(out, '\n');
    }
    man_args(c->args, out);
    if (c->example) {
        rs_str_add(out, ".PP\nExample:\n.RS\n.EX\n");
        roff(c->example, out);
        rs_str_add(out, "\n.EE\n.RE\n");
    }
    rs_str_clear(&part);
}

static void man_models(struct rs_str *out)
{
    rs_str_add(out, ".SH MODEL PARAMETERS\nSet with \\-\\-set KEY=VALUE or model.KEY=VALUE.\n");
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        rs_str_addf(out, ".SS %s\n", (*m)->name);
        roff((*m)->summary, out);
        rs_str_addc(out, '\n');
        for (const struct rs_param *p = (*m)->params; p->name; p++) {
            struct rs_str kind;
            rs_str_init(&kind, 4096);
            rs_param_describe(p, &kind);
            rs_str_addf(out, ".TP\n.B %s\n", p->name);
            roff(p->help, out);
            rs_str_add(out, " (");
            roff(rs_str_text(&kind), out);
            rs_str_add(out, ")\n");
            rs_str_clear(&kind);
        }
    }
}

static void man_config(struct rs_str *out)
{
    rs_str_add(out, ".SH CONFIGURATION\nOrder: built\\-in, configs/config.yaml, params.yaml, "
                    "environment, command line. Any key is also the variable "
                    "RECSYS_GROUP__KEY.\n");
    for (const struct rs_conf_group *g = rs_conf_groups; g->name; g++) {
        for (const struct rs_param *p = g->table; p->name; p++) {
            struct rs_str kind;
            rs_str_init(&kind, 4096);
            rs_param_describe(p, &kind);
            rs_str_addf(out, ".TP\n.B %s.%s\n", g->name, p->name);
            roff(p->help, out);
            rs_str_add(out, " (");
            roff(rs_str_text(&kind), out);
            rs_str_add(out, ")\n");
            rs_str_clear(&kind);
        }
    }
}

#define MAN_EXIT(code, status, http, name, text) rs_str_addf(out, ".TP\n.B %d\n%s\n", status, text);

void rs_help_man(struct rs_str *out)
{
    rs_str_add(out, ".TH RECSYS\\-TUI 1 " RS_VERSION_DATE " \"recsys\\-tui " RS_VERSION
                    "\" \"User Commands\"\n.ad l\n"
                    ".SH NAME\nrecsys\\-tui \\- from interactions to a recommender in production\n"
                    ".SH SYNOPSIS\n.B recsys\\-tui\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.br\n"
                    ".B recsys\\-tui \\-\\-batch\n.I FILE\n"
                    ".SH OPTIONS\n");
    man_args(rs_cli_globals, out);
    rs_str_add(out, ".SH COMMANDS\n");
    for (size_t i = 0; rs_command_groups[i]; i++) {
        for (const struct rs_cmd *c = rs_commands; c->name; c++) {
            if (strcmp(c->group, rs_command_groups[i]) == 0) {
                man_command(c, out);
            }
        }
    }
    man_models(out);
    man_config(out);
    rs_str_add(out, ".SH EXIT STATUS\n");
    RS_CODES(MAN_EXIT)
    rs_str_add(out, ".SH ENVIRONMENT\n.TP\n.B RECSYS_WORKSPACE\nthe workspace, where "
                    "\\-\\-workspace is not said\n"
                    ".TP\n.B RECSYS_TOKEN\nan admin token of the server (see token add)\n");
    for (const struct rs_conf_env *e = rs_conf_envs; e->variable; e++) {
        rs_str_addf(out, ".TP\n.B %s\nsets %s\n", e->variable, e->key);
    }
    rs_str_add(out,
               ".TP\n.B NO_COLOR\nno bold headings\n"
               ".SH FILES\n.TP\n.I db/recsys.db\nruns, versions, jobs (SQLite)\n.TP\n"
               ".I models/*.rsm\nmodel bundles, named by SHA\\-256\n.TP\n"
               ".I data/raw, data/interim, data/processed\nwhat was fetched, prepared, split\n");
}
