/*
 * cmd_doctor - is everything here that the program needs: each check with its finding and remedy.
 */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/libs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/data/libs.h"

enum finding { FINE, NOTE, BAD };

struct doctor {
    struct rs_table *table;
    int bad;
};

static void add(struct doctor *d, const char *what, enum finding f, const char *detail)
{
    static const char *const words[] = {"ok", "note", "BAD"};
    rs_table_row(d->table);
    rs_table_str(d->table, what);
    rs_table_str(d->table, words[f]);
    rs_table_str(d->table, detail);
    d->bad += f == BAD;
}

static void check_terminal(struct doctor *d)
{
    const char *term = getenv("TERM");
    char text[200];
    const char *codeset = nl_langinfo(CODESET);
    bool utf8 = strcmp(codeset, "UTF-8") == 0;
    if (!isatty(STDOUT_FILENO)) {
        add(d, "terminal", FINE, "standard output is not a terminal: plain tables, no bars");
    } else if (!term || strcmp(term, "dumb") == 0) {
        add(d, "terminal", NOTE, "TERM is not set: no bold headings (export TERM=xterm-256color)");
    } else {
        snprintf(text, sizeof(text), "TERM=%.100s", term);
        add(d, "terminal", FINE, text);
    }
    snprintf(text, sizeof(text), "%.60s%s", codeset,
             utf8 ? "" : ": titles show as they come (export LC_ALL=C.UTF-8)");
    add(d, "locale", utf8 ? FINE : NOTE, text);
}

static void check_machine(struct doctor *d)
{
    char text[200];
    int64_t memory = rs_mem_available();
    snprintf(text, sizeof(text), "%d threads, %.1f GB of memory free", rs_par_threads(),
             (double)memory / 1e9);
    add(d, "machine", memory > 500000000 ? FINE : NOTE, text);
}

struct library_list {
    struct rs_str text;
    bool differ;
};

static void add_library(const char *name, const char *built, const char *running, void *arg)
{
    struct library_list *l = arg;
    bool same = strcmp(built, running) == 0;
    rs_str_addf(&l->text, "%s%s %s", l->text.len ? ", " : "", name, running);
    if (!same) rs_str_addf(&l->text, " (built with %s)", built);
    l->differ |= !same;
}

static void check_libraries(struct doctor *d, const struct rs_ctx *ctx)
{
    struct library_list l = {0};
    rs_str_init(&l.text, 4096);
    rs_base_libraries(add_library, &l);
    rs_data_libraries(add_library, &l);
    rs_store_libraries(add_library, &l);
    for (const struct rs_door *door = ctx->doors; door && door->command; door++) {
        if (door->libraries) door->libraries(add_library, &l);
    }
    add(d, "libraries", l.differ ? NOTE : FINE, rs_str_text(&l.text));
    rs_str_clear(&l.text);
}

static void check_workspace(struct doctor *d, const struct rs_ctx *ctx)
{
    char text[600];
    char *probe = rs_ctx_path(ctx, ".doctor-probe");
    struct rs_err err = {0};
    if (rs_fs_exists(ctx->workspace) && !rs_fs_is_dir(ctx->workspace)) {
        snprintf(text, sizeof(text), "'%.200s' is no folder: say another with --workspace",
                 ctx->workspace);
        add(d, "workspace", BAD, text);
    } else if (!rs_fs_is_dir(ctx->workspace)) {
        snprintf(text, sizeof(text), "'%.200s' is not there yet: the first command makes it",
                 ctx->workspace);
        add(d, "workspace", NOTE, text);
    } else if (rs_fs_write(probe, "x", 1, &err)) {
        snprintf(text, sizeof(text), "cannot write: %.500s", err.msg);
        add(d, "workspace", BAD, text);
    } else {
        add(d, "workspace", FINE, ctx->workspace);
        if (rs_fs_remove(probe, &err)) {
            add(d, "workspace", BAD, err.msg);
        }
    }
    int64_t space = rs_fs_free_bytes(rs_fs_is_dir(ctx->workspace) ? ctx->workspace : ".");
    snprintf(text, sizeof(text), "%.1f GB free%s", (double)space / 1e9,
             space < 1000000000 ? ": little; 'run gc' frees bundles that nothing needs" : "");
    add(d, "space", space < 100000000 ? BAD : space < 1000000000 ? NOTE : FINE, text);
    free(probe);
}

static void check_store(struct doctor *d, const struct rs_ctx *ctx)
{
    char text[600];
    char *path = rs_ctx_path(ctx, "db/recsys.db");
    struct rs_store *st = NULL;
    struct rs_val *problems = NULL;
    struct rs_err err = {0};
    if (!rs_fs_exists(path)) {
        add(d, "store", FINE, "none yet: the first command that needs it makes it");
    } else if (rs_store_open(path, RS_STORE_READONLY, &st, &err) ||
               rs_store_check(st, &problems, &err)) {
        add(d, "store", BAD, err.msg);
    } else if (problems->n > 0) {
        snprintf(text, sizeof(text), "%zu problems ('db check' lists them): %.400s", problems->n,
                 problems->items[0]->s);
        add(d, "store", BAD, text);
    } else {
        snprintf(text, sizeof(text), "sound, schema %d", rs_store_version(st));
        add(d, "store", FINE, text);
    }
    rs_val_free(problems);
    rs_store_close(st);
    free(path);
}

static const char *env_get(const char *name)
{
    return getenv(name);
}

static void check_configuration(struct doctor *d, const struct rs_ctx *ctx)
{
    struct rs_conf *conf = NULL;
    struct rs_err err = {0};
    if (rs_conf_load(rs_conf_groups, rs_conf_envs, env_get, ctx->workspace, NULL, 0, &conf, &err)) {
        add(d, "configuration", BAD, err.msg);
        return;
    }
    const char *mirror = rs_conf_text(conf, "data.mirror");
    char text[600];
    snprintf(text, sizeof(text), "composes; data mirror: %.400s", mirror[0] ? mirror : "none");
    add(d, "configuration", FINE, text);
    rs_conf_free(conf);
}

enum rs_code rs_cmd_doctor(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                           struct rs_err *err)
{
    (void)args;
    (void)err;
    struct doctor d = {.table = rs_table_new()};
    rs_table_column(d.table, "check", NULL, RS_LEFT, 0);
    rs_table_column(d.table, "state", "", RS_LEFT, 0);
    rs_table_column(d.table, "detail", "found", RS_LEFT, 0);
    check_terminal(&d);
    check_machine(&d);
    check_libraries(&d, ctx);
    check_workspace(&d, ctx);
    check_store(&d, ctx);
    check_configuration(&d, ctx);
    rs_result_table(out, "checks", NULL, d.table);
    rs_val_set_bool(out->doc, "ok", d.bad == 0);
    out->exit_status = d.bad ? 1 : 0;
    return RS_OK;
}
