/*
 * complete - what may be typed next, from the command table and the workspace.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"
#include "rs/data/fetch.h"
#include "rs/models/model.h"
#include "rs/registry/versions.h"
#include "rs/tracking/runs.h"

#define MAX_CANDIDATES 500

struct list {
    char **texts;
    size_t n;
    const char *prefix;
};

static void offer(struct list *l, const char *text)
{
    if (l->n >= MAX_CANDIDATES || !rs_str_starts(text, l->prefix)) return;
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->texts[i], text) == 0) return;
    }
    l->texts[l->n++] = rs_xstrdup(text);
}

static void offer_all(struct list *l, char **names)
{
    for (char **n = names; n && *n; n++) {
        offer(l, *n);
    }
    rs_fs_list_free(names);
}

static void offer_choices(struct list *l, const char *choices)
{
    while (choices && *choices) {
        size_t len = strcspn(choices, "|");
        char *one = rs_xstrndup(choices, len);
        offer(l, one);
        free(one);
        choices += len;
        choices += *choices == '|';
    }
}

static void offer_texts_of(struct list *l, struct rs_val *rows, const char *key)
{
    for (size_t i = 0; rows && i < rows->n; i++) {
        offer(l, rs_val_get_str(rows->items[i], key, ""));
    }
    rs_val_free(rows);
}

static void offer_runs(struct list *l, struct rs_store *st)
{
    struct rs_err err = {0};
    struct rs_val *rows = NULL;
    int64_t total;
    if (rs_runs_list(st, NULL, NULL, 100, 0, &rows, &total, &err)) return;
    offer(l, "latest");
    offer_texts_of(l, rows, "run_id");
}

static void offer_versions(struct list *l, struct rs_store *st)
{
    struct rs_err err = {0};
    struct rs_val *aliases = NULL;
    struct rs_version *versions = NULL;
    size_t n = 0;
    if (!rs_aliases_list(st, &aliases, &err)) {
        offer_texts_of(l, aliases, "alias");
    }
    if (rs_versions_list(st, &versions, &n, &err)) return;
    for (size_t i = 0; i < n; i++) {
        char *number = rs_xprintf("%lld", (long long)versions[i].number);
        offer(l, number);
        free(number);
        rs_version_clear(&versions[i]);
    }
    free(versions);
}

static void offer_workspace(struct list *l, struct rs_ctx *ctx, enum rs_complete kind)
{
    struct rs_err err = {0};
    char **names = NULL;
    struct rs_store *st;
    if (kind == RS_COMPLETE_DATASET && !rs_ctx_list_datasets(ctx, &names, &err)) {
        offer_all(l, names);
    } else if (kind == RS_COMPLETE_SPLIT && !rs_ctx_list_datasets(ctx, &names, &err)) {
        for (char **d = names; *d; d++) {
            char **splits = NULL;
            if (!rs_ctx_list_splits(ctx, *d, &splits, &err)) {
                offer_all(l, splits);
            }
        }
        rs_fs_list_free(names);
    } else if (kind == RS_COMPLETE_RUN && !rs_ctx_store(ctx, &st, &err)) {
        offer_runs(l, st);
    } else if (kind == RS_COMPLETE_VERSION && !rs_ctx_store(ctx, &st, &err)) {
        offer_versions(l, st);
    }
}

/* The next word of every command name that begins with words. */
static void offer_commands(struct list *l, const char *const *words, size_t n)
{
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        const char *name = c->name;
        size_t i = 0;
        while (i < n) {
            size_t len = strcspn(name, " ");
            if (strlen(words[i]) != len || memcmp(words[i], name, len) != 0 || !name[len]) break;
            name += len + 1;
            i++;
        }
        if (i < n) continue;
        char *next = rs_xstrndup(name, strcspn(name, " "));
        offer(l, next);
        free(next);
    }
}

/* said: words of the command line that belong to the same argument, for names of several words. */
static void offer_kind(struct list *l, struct rs_ctx *ctx, const struct rs_arg *a,
                       const char *const *said, size_t n_said)
{
    offer_choices(l, a->choices);
    if (a->complete == RS_COMPLETE_COMMAND) {
        offer_commands(l, said, n_said);
    }
    if (a->complete == RS_COMPLETE_MODEL) {
        for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
            offer(l, (*m)->name);
        }
    }
    if (strcmp(a->name, "set") == 0) {
        for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
            for (const struct rs_param *p = (*m)->params; p->name; p++) {
                char *key = rs_xprintf("%s=", p->name);
                offer(l, key);
                free(key);
            }
        }
    }
    if (a->complete == RS_COMPLETE_DATASET) {
        for (const struct rs_known_set *s = rs_known_sets; s->name; s++) {
            offer(l, s->name);
        }
        offer(l, "synthetic");
    }
    if (ctx && a->complete != RS_COMPLETE_NONE) {
        offer_workspace(l, ctx, a->complete);
    }
}

static void offer_options(struct list *l, const struct rs_arg *table)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        if (a->flags & (RS_ARG_POSITIONAL | RS_ARG_HIDDEN)) continue;
        char *word = rs_xprintf("--%s", a->name);
        offer(l, word);
        free(word);
    }
}

static const struct rs_arg *waiting_option(const struct rs_arg *table, const char *word)
{
    for (const struct rs_arg *a = table; a && a->name && word[0] == '-'; a++) {
        bool hit = word[1] == '-' ? strcmp(word + 2, a->name) == 0
                                  : a->letter && word[1] == a->letter && !word[2];
        if (hit && a->type != RS_PARAM_BOOL) return a;
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Values of "--name=" where prefix begins so, each as the whole word. */
static bool offer_joined(struct list *l, struct rs_ctx *ctx, const struct rs_arg *table)
{
    size_t len = strcspn(l->prefix, "=");
    if (l->prefix[len] != '=') return false;
    char *option = rs_xstrndup(l->prefix, len);
    const struct rs_arg *a = waiting_option(table, option);
    if (a) {
        struct list values = {.texts = rs_xalloc(MAX_CANDIDATES + 1, sizeof(char *)),
                              .prefix = l->prefix + len + 1};
        offer_kind(&values, ctx, a, NULL, 0);
        for (size_t i = 0; i < values.n; i++) {
            char *word = rs_xprintf("%s=%s", option, values.texts[i]);
            offer(l, word);
            free(word);
        }
        rs_fs_list_free(values.texts);
    }
    free(option);
    return a != NULL;
}

/* Words that global options take before the command's name. */
static size_t leading_globals(const char *const *words, size_t n)
{
    size_t i = 0;
    while (i < n && words[i][0] == '-') {
        i += waiting_option(rs_cli_globals, words[i]) ? 2 : 1;
    }
    return i < n ? i : n;
}

char **rs_complete(struct rs_ctx *ctx, const char *const *words, size_t n, const char *prefix)
{
    struct list l = {.texts = rs_xalloc(MAX_CANDIDATES + 1, sizeof(char *)), .prefix = prefix};
    const struct rs_arg *waiting = n ? waiting_option(rs_cli_globals, words[n - 1]) : NULL;
    size_t skip = leading_globals(words, n);
    words += skip;
    n -= skip;
    size_t used;
    const struct rs_cmd *cmd = rs_command_find(words, n, &used);
    const struct rs_arg *table = cmd ? cmd->args : NULL;
    if (cmd && n > used && waiting_option(table, words[n - 1])) {
        waiting = waiting_option(table, words[n - 1]);
    }
    if (waiting) {
        offer_kind(&l, ctx, waiting, NULL, 0);
    } else if (prefix[0] == '-') {
        if (!offer_joined(&l, ctx, table) && !offer_joined(&l, ctx, rs_cli_globals)) {
            offer_options(&l, table);
            offer_options(&l, rs_cli_globals);
        }
    } else {
        if (n == used || !cmd) {
            offer_commands(&l, words, n);
        }
        for (const struct rs_arg *a = table; a && a->name; a++) {
            if (a->flags & RS_ARG_POSITIONAL) {
                offer_kind(&l, ctx, a, words + used, n - used);
            }
        }
        if (cmd && l.n == 0 && !prefix[0]) {
            offer_options(&l, table);
        }
    }
    qsort(l.texts, l.n, sizeof(*l.texts), by_text);
    return l.texts;
}
