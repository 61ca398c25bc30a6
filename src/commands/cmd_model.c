/*
 * cmd_model - versions: register, list, show, archive, history, diff, verify.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/registry/versions.h"
#include "rs/tracking/runs.h"

#include "cells.h"

static struct rs_change change_of(const char *reason)
{
    return (struct rs_change){.actor = rs_ctx_actor(), .reason = reason ? reason : ""};
}

enum rs_code rs_cmd_model_register(struct rs_ctx *ctx, const struct rs_args *args,
                                   struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    char id[RS_RUN_ID];
    int64_t number = 0;
    bool existed = false;
    struct rs_version v = {0};
    struct rs_change by = change_of(NULL);
    const char *ref = rs_args_text(args, "run");
    char *dir = rs_ctx_path(ctx, "models");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) goto done;
    rc = rs_runs_resolve(st, ref ? ref : "latest", id, err);
    if (rc) goto done;
    rc = rs_versions_register(st, id, dir, rs_args_text(args, "description"), &by, &number,
                              &existed, err);
    if (rc) goto done;
    rc = rs_versions_get(st, number, &v, err);
    if (rc) goto done;
    rs_val_free(out->doc);
    out->doc = rs_version_val(&v);
    rs_val_set_bool(out->doc, "existed", existed);
    rs_result_say(out, "version %lld: %s of run %s%s", (long long)number, v.model, id,
                  existed ? " (it was registered before)" : "");
    if (rs_args_text(args, "out")) {
        struct rs_val *fixed = rs_val_map(); /* no numbers of this store: equal for equal models */
        rs_val_set_str(fixed, "model", v.model);
        rs_val_set_str(fixed, "bundle", v.bundle);
        rs_val_set_str(fixed, "dataset", v.dataset);
        rs_val_set_str(fixed, "split", v.split);
        rc = rs_ctx_make_folder_of(rs_args_text(args, "out"), err);
        if (!rc) rc = rs_json_write(rs_args_text(args, "out"), fixed, err);
        rs_val_free(fixed);
    }
done:
    rs_version_clear(&v);
    free(dir);
    return rc;
}

static void add_aliases(struct rs_table *t, char **aliases)
{
    struct rs_val *list = rs_val_list();
    struct rs_str text;
    rs_str_init(&text, 0);
    for (; aliases && *aliases; aliases++) {
        rs_val_push(list, rs_val_str(*aliases));
        rs_str_addf(&text, "%s@%s", text.len ? " " : "", *aliases);
    }
    rs_table_val(t, list, rs_str_text(&text));
    rs_str_clear(&text);
}

static enum rs_code metric_of(struct rs_store *st, const char *run, const char *name, double *out,
                              struct rs_err *err)
{
    struct rs_val *metrics = NULL;
    *out = (double)NAN;
    enum rs_code rc = rs_runs_metrics(st, run, &metrics, err);
    if (!rc) {
        *out = rs_val_get_real(metrics, name, (double)NAN);
    }
    rs_val_free(metrics);
    return rc;
}

enum rs_code rs_cmd_model_list(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    struct rs_version *versions = NULL;
    size_t n = 0;
    const char *metric = rs_conf_text(ctx->conf, "registry.gate_metric");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_versions_list(st, &versions, &n, err);
    }
    if (rc) return rc;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "version", NULL, RS_RIGHT, 0);
    rs_table_column(t, "model", NULL, RS_LEFT, 0);
    rs_table_column(t, "stage", NULL, RS_LEFT, 0);
    rs_table_column(t, "aliases", NULL, RS_LEFT, 0);
    rs_table_column(t, metric, NULL, RS_RIGHT, 4);
    rs_table_column(t, "run_id", "run", RS_LEFT, 0);
    rs_table_column(t, "split", "data", RS_LEFT, 0);
    rs_table_column(t, "created", NULL, RS_LEFT, 0);
    rs_table_column(t, "description", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < n; i++) {
        struct rs_version *v = &versions[i];
        double value = (double)NAN;
        char *data = rs_xprintf("%s/%s", v->dataset, v->split);
        if (!rc) {
            rc = metric_of(st, v->run_id, metric, &value, err);
        }
        rs_table_row(t);
        rs_table_int(t, v->number);
        rs_table_str(t, v->model);
        rs_table_str(t, rs_stage_name(v->stage));
        add_aliases(t, v->aliases);
        rs_table_real(t, value);
        rs_table_str(t, v->run_id);
        rs_table_str(t, data);
        rs_cell_time(t, v->created_ms);
        rs_table_str(t, v->description);
        free(data);
        rs_version_clear(v);
    }
    free(versions);
    rs_result_table(out, "versions", NULL, t);
    return rc;
}

static enum rs_code get_version(struct rs_ctx *ctx, const char *ref, struct rs_version *out,
                                struct rs_err *err)
{
    struct rs_store *st;
    int64_t number;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_versions_resolve(st, ref, &number, err);
    }
    return rc ? rc : rs_versions_get(st, number, out, err);
}

enum rs_code rs_cmd_model_show(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    struct rs_version v = {0};
    enum rs_code rc = get_version(ctx, rs_args_text(args, "version"), &v, err);
    if (rc) return rc;
    struct rs_result run;
    rs_result_init(&run);
    const char *words[] = {v.run_id};
    rc = rs_ctx_call(ctx, "run show", words, 1, &run, err);
    if (!rc) {
        rs_val_free(out->doc);
        out->doc = rs_version_val(&v);
        rs_result_say(out, "version %lld, %s%s%s", (long long)v.number, rs_stage_name(v.stage),
                      v.description[0] ? ": " : "", v.description);
        for (char **a = v.aliases; a && *a; a++) {
            rs_result_say(out, "@%s points at it", *a);
        }
        rs_result_append(out, "run", &run);
    }
    rs_result_clear(&run);
    rs_version_clear(&v);
    return rc;
}

enum rs_code rs_cmd_model_archive(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_result *out, struct rs_err *err)
{
    struct rs_version v = {0};
    struct rs_change by = change_of(rs_args_text(args, "reason"));
    bool back = rs_args_bool(args, "undo");
    enum rs_code rc = get_version(ctx, rs_args_text(args, "version"), &v, err);
    if (!rc && back) {
        rc = rs_versions_unarchive(ctx->store, v.number, &by, err);
    } else if (!rc) {
        rc = rs_versions_archive(ctx->store, v.number, &by, err);
    }
    int64_t number = v.number;
    rs_version_clear(&v);
    if (!rc) rc = rs_versions_get(ctx->store, number, &v, err);
    if (!rc) {
        rs_val_set_int(out->doc, "version", number);
        rs_val_set_str(out->doc, "stage", rs_stage_name(v.stage));
        rs_result_say(out, "version %lld is %s", (long long)number,
                      back ? "out of the archive" : "archived");
    }
    rs_version_clear(&v);
    return rc;
}

enum rs_code rs_cmd_model_history(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    struct rs_val *lines = NULL;
    int64_t at_ms = 0;
    const char *at = rs_args_text(args, "at");
    if (at && rs_clock_parse(at, &at_ms)) {
        return rs_fail(err, RS_EARG, "--at: '%s' is not a time like 2026-05-03T10:00Z", at);
    }
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_journal_list(st, at_ms, rs_args_int(args, "limit"), &lines, err);
    }
    if (rc) return rc;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "time", NULL, RS_LEFT, 0);
    rs_table_column(t, "actor", "who", RS_LEFT, 0);
    rs_table_column(t, "action", NULL, RS_LEFT, 0);
    rs_table_column(t, "alias", NULL, RS_LEFT, 0);
    rs_table_column(t, "version", NULL, RS_RIGHT, 0);
    rs_table_column(t, "from_version", "from", RS_RIGHT, 0);
    rs_table_column(t, "reason", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < lines->n; i++) {
        const struct rs_val *l = lines->items[i];
        int64_t from = rs_val_get_int(l, "from_version", 0);
        rs_table_row(t);
        rs_cell_time(t, rs_val_get_int(l, "time_ms", 0));
        rs_table_str(t, rs_val_get_str(l, "actor", ""));
        rs_table_str(t, rs_val_get_str(l, "action", ""));
        rs_table_str(t, rs_val_get_str(l, "alias", ""));
        rs_table_int(t, rs_val_get_int(l, "version", 0));
        rs_table_val(t, from ? rs_val_int(from) : rs_val_null(), NULL);
        rs_table_str(t, rs_val_get_str(l, "reason", ""));
    }
    rs_result_table(out, NULL, NULL, t);
    rs_result_set(out, "history", lines);
    return RS_OK;
}

/* Keys of both maps side by side; only those that differ. */
static void show_differences(struct rs_result *out, const char *key, const char *heading,
                             const struct rs_val *a, const struct rs_val *b)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "key", NULL, RS_LEFT, 0);
    rs_table_column(t, "a", NULL, RS_LEFT, 0);
    rs_table_column(t, "b", NULL, RS_LEFT, 0);
    for (int side = 0; side < 2; side++) {
        const struct rs_val *from = side ? b : a;
        for (size_t i = 0; i < from->n; i++) {
            struct rs_val *x = rs_val_get(a, from->keys[i]);
            struct rs_val *y = rs_val_get(b, from->keys[i]);
            if ((side && x) || (x && y && rs_val_equal(x, y))) continue;
            struct rs_str xs;
            struct rs_str ys;
            rs_str_init(&xs, 0);
            rs_str_init(&ys, 0);
            if (x) rs_json_print(x, 0, &xs);
            if (y) rs_json_print(y, 0, &ys);
            rs_table_row(t);
            rs_table_str(t, from->keys[i]);
            rs_table_val(t, x ? rs_val_copy(x) : rs_val_null(), rs_str_text(&xs));
            rs_table_val(t, y ? rs_val_copy(y) : rs_val_null(), rs_str_text(&ys));
            rs_str_clear(&xs);
            rs_str_clear(&ys);
        }
    }
    rs_result_table(out, key, heading, t);
}

enum rs_code rs_cmd_model_diff(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    struct rs_version a = {0};
    struct rs_version b = {0};
    struct rs_val *pa = NULL;
    struct rs_val *pb = NULL;
    struct rs_result pair;
    rs_result_init(&pair);
    enum rs_code rc = get_version(ctx, rs_args_text(args, "a"), &a, err);
    if (!rc) rc = get_version(ctx, rs_args_text(args, "b"), &b, err);
    if (!rc) rc = rs_runs_params(ctx->store, a.run_id, &pa, err);
    if (!rc) rc = rs_runs_params(ctx->store, b.run_id, &pb, err);
    if (rc) goto done;
    rs_result_set(out, "a", rs_version_val(&a));
    rs_result_set(out, "b", rs_version_val(&b));
    rs_result_say(out, "a: version %lld (%s), b: version %lld (%s)", (long long)a.number, a.model,
                  (long long)b.number, b.model);
    show_differences(out, "params", "parameters that differ", pa, pb);
    const char *words[4] = {a.run_id, b.run_id, "--metric", rs_args_text(args, "metric")};
    struct rs_err why = {0};
    enum rs_code compared = rs_ctx_call(ctx, "compare", words, words[3] ? 4 : 2, &pair, &why);
    if (compared) {
        rs_result_say(out, "not compared: %s", why.msg);
        rs_result_set(out, "comparison", rs_val_null());
    } else {
        rs_result_append(out, "comparison", &pair);
    }
done:
    rs_result_clear(&pair);
    rs_val_free(pa);
    rs_val_free(pb);
    rs_version_clear(&a);
    rs_version_clear(&b);
    return rc;
}

/* Path and expected hash of what a reference means; where it is a file, its name tells. */
static enum rs_code bundle_of(struct rs_ctx *ctx, const char *ref, char **path, char want[65],
                              struct rs_err *err)
{
    want[0] = '\0';
    if (ref && rs_str_ends(ref, ".rsm")) {
        *path = rs_xstrdup(ref);
        return RS_OK;
    }
    char *label = NULL;
    enum rs_code rc = rs_ctx_bundle_hash(ctx, ref, want, &label, err);
    if (!rc) *path = rs_ctx_bundle_path(ctx, want);
    free(label);
    return rc;
}

/* A file whose name is no hash is held to its own checksums, which opening checks. */
static enum rs_code hash_of_unnamed(const char *path, char want[65], struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    enum rs_code rc = rs_bundle_open(path, &b, err);
    if (!rc && !b->sha256[0]) rc = rs_sha256_file(path, want, err);
    rs_bundle_close(b);
    return rc;
}

enum rs_code rs_cmd_model_verify(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    const char *ref = rs_args_text(args, "model");
    char *path = NULL;
    char want[65];
    enum rs_code rc = bundle_of(ctx, ref, &path, want, err);
    if (!rc && !want[0]) rc = hash_of_unnamed(path, want, err);
    if (!rc) {
        rc = rs_bundle_verify(path, want[0] ? want : NULL, err);
    }
    if (!rc) {
        rs_val_set_bool(out->doc, "ok", true);
        rs_val_set_str(out->doc, "bundle", path);
        rs_result_say(out, "%s: every byte is as it was written", path);
    }
    free(path);
    return rc;
}

enum rs_code rs_cmd_registry_verify(struct rs_ctx *ctx, const struct rs_args *args,
                                    struct rs_result *out, struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    struct rs_val *problems = NULL;
    char *dir = rs_ctx_path(ctx, "models");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_registry_verify(st, dir, &problems, err);
    }
    free(dir);
    if (rc) return rc;
    rs_val_set_bool(out->doc, "ok", problems->n == 0);
    rs_result_say(out, problems->n ? "%zu problems" : "journal, aliases and bundles are sound",
                  problems->n);
    for (size_t i = 0; i < problems->n; i++) {
        rs_result_say(out, "  %s", problems->items[i]->s);
    }
    out->exit_status = problems->n ? 1 : 0;
    rs_result_set(out, "problems", problems);
    return RS_OK;
}
