/*
 * cmd_run - runs as a table, one run whole, and what may go.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/registry/versions.h"
#include "rs/tracking/runs.h"

#include "cells.h"
#include "evaluation.h"

static double metric_of(const struct rs_val *run, const char *name)
{
    const struct rs_val *metrics = rs_val_get(run, "metrics");
    return metrics ? rs_val_get_real(metrics, name, (double)NAN) : (double)NAN;
}

enum rs_code rs_cmd_run_list(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_store *st;
    struct rs_val *runs = NULL;
    int64_t total = 0;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    rc = rs_runs_mark_lost(st, err);
    if (rc) return rc;
    rc = rs_runs_list(st, rs_args_text(args, "filter"), rs_args_text(args, "sort"),
                      rs_args_int(args, "limit"), rs_args_int(args, "offset"), &runs, &total, err);
    if (rc) return rc;
    const char *metric = rs_conf_text(ctx->conf, "eval.metric");
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "run", NULL, RS_LEFT, 0);
    rs_table_column(t, "name", NULL, RS_LEFT, 0);
    rs_table_column(t, "model", NULL, RS_LEFT, 0);
    rs_table_column(t, "split", NULL, RS_LEFT, 0);
    rs_table_column(t, "state", NULL, RS_LEFT, 0);
    rs_table_column(t, "metric", metric, RS_RIGHT, 4);
    rs_table_column(t, "seconds", NULL, RS_RIGHT, 2);
    rs_table_column(t, "started", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < runs->n; i++) {
        const struct rs_val *r = runs->items[i];
        struct rs_str where;
        rs_str_init(&where, 0);
        rs_str_addf(&where, "%s/%s", rs_val_get_str(r, "dataset", ""),
                    rs_val_get_str(r, "split", ""));
        rs_table_row(t);
        rs_table_str(t, rs_val_get_str(r, "run_id", ""));
        rs_table_str(t, rs_val_get_str(r, "name", ""));
        rs_table_str(t, rs_val_get_str(r, "model", ""));
        rs_table_str(t, rs_str_text(&where));
        rs_table_str(t, rs_val_get_str(r, "state", ""));
        rs_table_real(t, metric_of(r, metric));
        rs_table_real(t, rs_val_get_real(r, "seconds", (double)NAN));
        rs_cell_time(t, rs_val_get_int(r, "started_ms", 0));
        rs_str_clear(&where);
    }
    rs_result_table(out, NULL, NULL, t);
    if ((int64_t)runs->n < total) {
        rs_result_say(out, "%zu of %lld runs (--limit, --offset)", runs->n, (long long)total);
    }
    rs_result_set(out, "runs", runs);
    rs_val_set_int(out->doc, "total", total);
    return RS_OK;
}

/* A map as a table of two columns, for people. */
static void show_map(struct rs_result *out, const char *heading, const struct rs_val *map)
{
    if (!map || map->n == 0) return;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "key", "", RS_LEFT, 0);
    rs_table_column(t, "value", "", RS_LEFT, 0);
    for (size_t i = 0; i < map->n; i++) {
        struct rs_str text;
        rs_str_init(&text, 0);
        if (map->items[i]->type == RS_VAL_STR) {
            rs_str_add(&text, map->items[i]->s);
        } else if (map->items[i]->type == RS_VAL_REAL) {
            rs_str_addf(&text, "%.6g", map->items[i]->r);
        } else {
            rs_json_print(map->items[i], 0, &text);
        }
        rs_table_row(t);
        rs_table_str(t, map->keys[i]);
        rs_table_str(t, rs_str_text(&text));
        rs_str_clear(&text);
    }
    rs_result_table(out, NULL, heading, t);
}

static void show_curve(struct rs_result *out, struct rs_val *curve)
{
    if (curve->n > 0) {
        struct rs_table *t = rs_table_new();
        rs_table_column(t, "step", "epoch", RS_RIGHT, 0);
        rs_table_column(t, "value", "loss", RS_RIGHT, 4);
        for (size_t i = 0; i < curve->n; i++) {
            rs_table_row(t);
            rs_table_int(t, rs_val_get_int(curve->items[i], "step", 0));
            rs_table_real(t, rs_val_get_real(curve->items[i], "value", (double)NAN));
        }
        rs_result_table(out, NULL, "curve", t);
    }
    rs_result_set(out, "curve", curve);
}

static void describe_run(const struct rs_run *r, struct rs_result *out)
{
    char started[32];
    rs_clock_format(r->started_ms, started, sizeof(started));
    rs_val_set_str(out->doc, "run_id", r->id);
    rs_val_set_str(out->doc, "name", r->name);
    rs_val_set_str(out->doc, "model", r->model);
    rs_val_set_str(out->doc, "dataset", r->dataset);
    rs_val_set_str(out->doc, "split", r->split);
    rs_val_set_str(out->doc, "dataset_fingerprint", r->dataset_fingerprint);
    rs_val_set_str(out->doc, "split_fingerprint", r->split_fingerprint);
    rs_val_set_int(out->doc, "seed", (int64_t)r->seed);
    rs_val_set_str(out->doc, "state", rs_run_state_name(r->state));
    rs_val_set_int(out->doc, "started_ms", r->started_ms);
    rs_result_set(out, "ended_ms", r->ended_ms ? rs_val_int(r->ended_ms) : rs_val_null());
    rs_val_set_str(out->doc, "bundle", r->bundle);
    rs_val_set_str(out->doc, "message", r->message);
    rs_result_say(out, "run %s \"%s\": %s on %s/%s, %s, seed %llu", r->id, r->name, r->model,
                  r->dataset, r->split, rs_run_state_name(r->state), (unsigned long long)r->seed);
    rs_result_say(out, "started %s%s%.12s%s", started, r->bundle[0] ? ", bundle " : "", r->bundle,
                  r->bundle[0] ? "…" : "");
    if (r->message[0]) {
        rs_result_say(out, "%s", r->message);
    }
}

enum rs_code rs_cmd_run_show(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_store *st;
    struct rs_run run = {0};
    char id[RS_RUN_ID];
    struct rs_val *v = NULL;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    rc = rs_runs_resolve(st, rs_args_text(args, "run"), id, err);
    if (!rc) {
        rc = rs_runs_get(st, id, &run, err);
    }
    if (rc) return rc;
    describe_run(&run, out);
    rs_run_clear(&run);
    rc = rs_runs_params(st, id, &v, err);
    if (rc) return rc;
    show_map(out, "parameters", v);
    rs_result_set(out, "params", v);
    rc = rs_runs_metrics(st, id, &v, err);
    if (rc) return rc;
    show_map(out, "metrics", v);
    rs_result_set(out, "metrics", v);
    rc = rs_runs_tags(st, id, &v, err);
    if (rc) return rc;
    show_map(out, "tags", v);
    rs_result_set(out, "tags", v);
    rc = rs_runs_artifacts(st, id, &v, err);
    if (rc) return rc;
    rs_result_set(out, "artifacts", v);
    rc = rs_runs_curve(st, id, "loss", &v, err);
    if (rc) return rc;
    show_curve(out, v);
    return rs_show_evaluation(ctx, id, out, err);
}

enum rs_code rs_cmd_run_delete(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    size_t n = rs_args_count(args, "run");
    char(*ids)[RS_RUN_ID] = rs_xalloc(n + 1, sizeof(*ids));
    struct rs_val *deleted = rs_result_set(out, "deleted", rs_val_list());
    for (size_t i = 0; i < n && !rc; i++) { /* all must be there before the first one goes */
        rc = rs_runs_resolve(st, rs_args_nth(args, "run", i), ids[i], err);
    }
    if (!rc) rc = rs_store_begin(st, err);
    if (rc) goto done;
    for (size_t i = 0; i < n && !rc; i++) {
        rc = rs_runs_delete(st, ids[i], err);
        rs_val_push(deleted, rs_val_str(ids[i]));
    }
    if (rc) {
        rs_store_rollback(st); /* all of them, or none */
    } else {
        rc = rs_store_commit(st, err);
    }
    if (!rc) {
        rs_result_say(out, "%zu runs removed; 'run gc' frees the bundles nothing needs", n);
    }
done:
    free(ids);
    return rc;
}

static bool needed(const struct rs_val *hashes, const char *file)
{
    for (size_t i = 0; i < hashes->n; i++) {
        if (strncmp(hashes->items[i]->s, file, 64) == 0) return true;
    }
    return false;
}

/* When the oldest run that still runs began: its bundle may be there before its row names it.
 * INT64_MAX: none runs. */
static enum rs_code oldest_running(struct rs_store *st, int64_t *ms_out, struct rs_err *err)
{
    struct rs_val *runs = NULL;
    int64_t total;
    *ms_out = INT64_MAX;
    enum rs_code rc = rs_runs_mark_lost(st, err);
    if (rc) return rc;
    rc = rs_runs_list(st, "state = \"running\"", "started", 1, 0, &runs, &total, err);
    if (rc) return rc;
    if (runs->n > 0) *ms_out = rs_val_get_int(runs->items[0], "started_ms", 0);
    rs_val_free(runs);
    return RS_OK;
}

static bool is_younger(const char *path, int64_t ms)
{
    struct stat s;
    return ms != INT64_MAX && (stat(path, &s) != 0 || s.st_mtim.tv_sec + 1 >= ms / 1000);
}

enum rs_code rs_cmd_run_gc(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                           struct rs_err *err)
{
    struct rs_store *st;
    struct rs_val *hashes = NULL;
    char **files = NULL;
    bool dry = rs_args_bool(args, "dry-run");
    int64_t bytes = 0;
    char *dir = rs_ctx_path(ctx, "models");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) goto done;
    int64_t running_ms; /* a file of the list belongs to a run that runs still, or to a known one */
    rc = rs_ctx_list_folder(dir, &files, err);
    if (!rc) rc = oldest_running(st, &running_ms, err);
    if (rc) goto done;
    rc = rs_runs_bundles(st, &hashes, err);
    if (rc) goto done;
    struct rs_val *gone = rs_result_set(out, "removed", rs_val_list());
    for (char **f = files; *f && !rc; f++) {
        if (!rs_str_ends(*f, ".rsm") || needed(hashes, *f)) continue;
        char *path = rs_path_join(dir, *f);
        int64_t size = 0;
        if (is_younger(path, running_ms)) {
            free(path);
            continue;
        }
        rc = rs_fs_size(path, &size, err);
        if (!rc && !dry) {
            rc = rs_fs_remove(path, err);
        }
        if (!rc) {
            bytes += size;
            rs_val_push(gone, rs_val_str(*f));
        }
        free(path);
    }
    rs_val_set_int(out->doc, "bytes", bytes);
    rs_val_set_bool(out->doc, "dry_run", dry);
    rs_result_say(out, "%zu bundles that no run needs, %.1f MB%s", gone->n, (double)bytes / 1e6,
                  dry ? " (dry run: nothing removed)" : " freed");
done:
    rs_fs_list_free(files);
    rs_val_free(hashes);
    free(dir);
    return rc;
}
