/*
 * app_complete - what may be typed next in the palette: from the tables of requests and commands,
 * and from the first columns of the tables that are loaded (runs, versions, users). It asks nobody
 * and so never waits.
 */
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/command.h"
#include "rs/models/model.h"

enum { MAX_OFFERS = 200, MAX_ROWS = 20000 };

struct offers {
    char **texts;
    size_t n;
    const char *prefix;
};

/* help NULL: none; it stands behind a tab. */
static void offer_with(struct offers *o, const char *text, const char *help)
{
    size_t len = strlen(text);
    if (o->n >= MAX_OFFERS || !rs_str_starts(text, o->prefix)) return;
    for (size_t i = 0; i < o->n; i++) {
        const char *t = o->texts[i];
        if (strcspn(t, "\t") == len && memcmp(t, text, len) == 0) return;
    }
    o->texts[o->n++] = help ? rs_xprintf("%s\t%s", text, help) : rs_xstrdup(text);
}

static void offer(struct offers *o, const char *text)
{
    offer_with(o, text, NULL);
}

/* The next word of every command that begins with words[0..n). */
static void offer_commands(struct offers *o, char **words, size_t n)
{
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        const char *name = c->name;
        size_t i = 0;
        for (; i < n; i++) {
            size_t len = strcspn(name, " ");
            if (strlen(words[i]) != len || memcmp(words[i], name, len) != 0 || !name[len]) break;
            name += len + 1;
        }
        if (i < n || (c->flags & RS_CMD_DOOR)) continue;
        char *next = rs_xstrndup(name, strcspn(name, " "));
        offer_with(o, next, name[strlen(next)] ? NULL : c->summary);
        free(next);
    }
}

static void offer_first_words(struct offers *o)
{
    static const char *const own[] = {"set", "save", "dump", "save-screen"};
    for (int r = 1; r < TUI_REQUEST_COUNT; r++) {
        offer_with(o, tui_request_name((enum tui_request)r), tui_request_help((enum tui_request)r));
    }
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        offer(o, own[i]);
    }
    offer_commands(o, NULL, 0);
}

static void offer_choices(struct offers *o, const char *before, const char *choices)
{
    while (choices && *choices) {
        size_t len = strcspn(choices, "|");
        char *one = rs_xprintf("%s%.*s", before, (int)len, choices);
        offer(o, one);
        free(one);
        choices += len + (choices[len] == '|');
    }
}

static void offer_settings(struct offers *o)
{
    for (const struct rs_param *p = tui_ui_params; p->name; p++) {
        char *key = rs_xprintf("%s=", p->name);
        offer_with(o, key, p->help);
        if (p->type == RS_PARAM_CHOICE) offer_choices(o, key, p->choices);
        if (p->type == RS_PARAM_BOOL) offer_choices(o, key, "true|false");
        free(key);
    }
}

static void offer_first_column(struct tui_view *v, void *arg)
{
    struct offers *o = arg;
    for (int p = 0; p < v->ops->n_panes; p++) {
        const struct tui_table *t = v->panes[p].table;
        for (int32_t i = 0; t && t->rows && i < t->n_shown && i < MAX_ROWS; i++) {
            char buf[128];
            offer(o, tui_rows_text(t->rows, t->order[i], 0, buf, sizeof(buf)));
            if (o->n >= MAX_OFFERS) return;
        }
    }
}

static void offer_value(struct offers *o, struct tui_app *a, const struct rs_arg *arg)
{
    offer_choices(o, "", arg->choices);
    if (arg->complete == RS_COMPLETE_MODEL) {
        for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
            offer_with(o, (*m)->name, (*m)->summary);
        }
    }
    if (arg->complete == RS_COMPLETE_VERSION) offer(o, "production");
    if (arg->complete == RS_COMPLETE_RUN) offer(o, "latest");
    if (arg->complete == RS_COMPLETE_RUN || arg->complete == RS_COMPLETE_VERSION ||
        (arg->flags & RS_ARG_POSITIONAL)) {
        tui_app_each_view(a, offer_first_column, o);
    }
}

static void offer_arguments(struct offers *o, struct tui_app *a, const struct rs_cmd *cmd,
                            const char *last)
{
    bool option = o->prefix[0] == '-';
    for (const struct rs_arg *arg = cmd->args; arg && arg->name; arg++) {
        if (rs_str_starts(last, "--") && strcmp(last + 2, arg->name) == 0 &&
            arg->type != RS_PARAM_BOOL) {
            offer_value(o, a, arg);
            return;
        }
    }
    for (const struct rs_arg *arg = cmd->args; arg && arg->name; arg++) {
        if (arg->flags & RS_ARG_HIDDEN) continue;
        if (arg->flags & RS_ARG_POSITIONAL) {
            if (!option) offer_value(o, a, arg);
        } else {
            char *name = rs_xprintf("--%s", arg->name);
            offer_with(o, name, arg->help);
            free(name);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **tui_app_complete(const char *line, int at, void *app)
{
    struct tui_app *a = app;
    struct rs_err err = {0};
    char *said = rs_xstrndup(line, (size_t)at);
    char *begin = strrchr(said, ' ');
    char *prefix = rs_xstrdup(begin ? begin + 1 : said);
    char **words = NULL;
    size_t n = 0;
    struct offers o = {.texts = rs_xalloc(MAX_OFFERS + 1, sizeof(char *)), .prefix = prefix};
    if (begin) begin[1] = '\0';
    if (!begin) {
        offer_first_words(&o);
    } else if (!tui_words(said, &words, NULL, &n, &err) && n > 0) {
        size_t used;
        const struct rs_cmd *cmd = rs_command_find((const char *const *)words, n, &used);
        enum tui_request r;
        if (strcmp(words[0], "set") == 0) offer_settings(&o);
        offer_commands(&o, words, n);
        if (cmd) {
            offer_arguments(&o, a, cmd, words[n - 1]);
        } else if (tui_request_parse(words[0], &r)) {
            tui_app_each_view(a, offer_first_column, &o);
        }
    }
    rs_fs_list_free(words);
    free(said);
    qsort(o.texts, o.n, sizeof(*o.texts), by_text);
    free(prefix);
    return o.texts;
}
