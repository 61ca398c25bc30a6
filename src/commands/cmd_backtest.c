/*
 * cmd_backtest - fit before every window of the log and rank the window's rows: the metric over
 * time, beside popularity fitted on the same rows.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"

#include "fit.h"
#include "stage.h"

struct backtest {
    const char *metric;
    const struct rs_dataset *dataset;
    const char *dir; /* of the windows' splits, removed at the end */
    uint64_t seed;
    struct rs_table *table;
};

static enum rs_code evaluate(struct rs_ctx *ctx, const struct backtest *b, const struct rs_split *s,
                             const struct rs_args *args, struct rs_eval **model_out,
                             struct rs_eval **popularity_out, struct rs_err *err)
{
    struct rs_model *m = NULL;
    struct rs_model *p = NULL;
    int32_t ks[RS_FIT_MAX_KS];
    struct rs_eval_opts o;
    enum rs_code rc = rs_fit_eval_opts(ctx, args, s, RS_PART_TEST, ks, &o, err);
    if (rc) return rc;
    o.beyond = false;
    rc = rs_fit_split(ctx, s, rs_model_find(rs_conf_text(ctx->conf, "model.name")),
                      rs_conf_picked(ctx->conf, "model"), o.threshold, b->seed, NULL, &m, err);
    if (!rc) {
        rc = rs_eval_run(m, s, &o, &ctx->task, model_out, err);
    }
    if (!rc) {
        rc = rs_fit_popularity(ctx, s, &p, err);
    }
    if (!rc) {
        rc = rs_eval_run(p, s, &o, &ctx->task, popularity_out, err);
    }
    rs_model_free(p);
    rs_model_free(m);
    return rc;
}

static enum rs_code add_row(const struct rs_ctx *ctx, struct backtest *b, int window,
                            const struct rs_split *s, const struct rs_eval *e,
                            const struct rs_eval *p, struct rs_err *err)
{
    int c = rs_eval_find(e, b->metric);
    if (c < 0) return rs_fail(err, RS_EARG, "metric: there is no '%s'", b->metric);
    double *x = rs_xalloc((size_t)e->n_users, sizeof(*x));
    double *y = rs_xalloc((size_t)e->n_users, sizeof(*y));
    struct rs_paired pair = {0};
    rs_eval_column(e, c, x);
    rs_eval_column(p, c, y);
    enum rs_code rc =
        rs_compare_paired(x, y, e->n_users, (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
                          b->seed, &pair, err);
    free(y);
    free(x);
    if (rc) return rc;
    rs_table_row(b->table);
    rs_table_int(b->table, window);
    rs_table_int(b->table, s->train.nnz);
    rs_table_int(b->table, s->test.nnz);
    rs_table_int(b->table, e->n_users);
    rs_table_real(b->table, e->mean[c]);
    rs_table_real(b->table, e->interval[c].lo);
    rs_table_real(b->table, e->interval[c].hi);
    rs_table_real(b->table, p->mean[c]);
    rs_table_real(b->table, pair.difference);
    rs_table_str(b->table, pair.verdict);
    return RS_OK;
}

static enum rs_code one_window(struct rs_ctx *ctx, struct backtest *b, const struct rs_args *args,
                               int window, int windows, struct rs_err *err)
{
    struct rs_split_opts o = rs_stage_split_opts(ctx, RS_ROLLING);
    struct rs_split *s = NULL;
    struct rs_eval *e = NULL;
    struct rs_eval *p = NULL;
    o.windows = windows;
    o.fold = window;
    char *name = rs_xprintf("window-%d.rsd", window);
    char *path = rs_path_join(b->dir, name);
    enum rs_code rc = rs_split_make(b->dataset, NULL, &o, path, &ctx->task, err);
    if (!rc) {
        rc = rs_split_open(path, b->dataset->name, name, &s, err);
    }
    if (!rc) {
        rc = evaluate(ctx, b, s, args, &e, &p, err);
    }
    if (!rc) {
        rc = add_row(ctx, b, window, s, e, p, err);
    }
    if (rc) rs_wrap(err, "window %d", window);
    rs_eval_free(e);
    rs_eval_free(p);
    rs_split_close(s);
    free(path);
    free(name);
    return rc;
}

/* Folders of backtests that were killed: their jobs do not run any more. */
static void sweep(struct rs_ctx *ctx, const char *dataset)
{
    static const char prefix[] = ".backtest-";
    char **names = NULL;
    struct rs_err none = {0};
    char *parent = rs_ctx_path(ctx, "data/processed/%s", dataset);
    if (rs_fs_list(parent, &names, &none)) {
        free(parent);
        return;
    }
    for (char **n = names; *n; n++) {
        int64_t id;
        struct rs_job job = {0};
        if (!rs_str_starts(*n, prefix) || !rs_str_to_i64(*n + sizeof(prefix) - 1, &id)) continue;
        enum rs_code rc = rs_jobs_get(ctx->store, id, &job, &none);
        bool runs = rc ? rc != RS_ENOTFOUND : job.state == RS_JOB_RUNNING;
        rs_job_clear(&job);
        char *path = rs_path_join(parent, *n);
        if (!runs && rs_fs_remove(path, &none)) {
            rs_log(RS_LOG_WARN, "backtest", "%s", none.msg);
        }
        free(path);
    }
    rs_fs_list_free(names);
    free(parent);
}

static struct rs_table *window_table(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "window", NULL, RS_RIGHT, 0);
    rs_table_column(t, "train", "train rows", RS_RIGHT, 0);
    rs_table_column(t, "test", "test rows", RS_RIGHT, 0);
    rs_table_column(t, "users", NULL, RS_RIGHT, 0);
    rs_table_column(t, "value", "model", RS_RIGHT, 4);
    rs_table_column(t, "lo", "from", RS_RIGHT, 4);
    rs_table_column(t, "hi", "to", RS_RIGHT, 4);
    rs_table_column(t, "popularity", NULL, RS_RIGHT, 4);
    rs_table_column(t, "difference", NULL, RS_RIGHT, 4);
    rs_table_column(t, "verdict", "to popularity", RS_LEFT, 0);
    return t;
}

enum rs_code rs_cmd_backtest(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    char *dataset = NULL;
    char *dir = NULL;
    struct rs_dataset *d = NULL;
    struct backtest b = {.metric = rs_args_text(args, "metric"), .table = window_table()};
    b.seed = (uint64_t)(rs_args_given(args, "seed") ? rs_args_int(args, "seed")
                                                    : rs_conf_int(ctx->conf, "train.seed"));
    if (!b.metric) {
        b.metric = rs_conf_text(ctx->conf, "eval.metric");
    }
    enum rs_code rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (rc) goto done;
    rc = rs_ctx_dataset(ctx, dataset, &d, err);
    if (rc) goto done;
    sweep(ctx, dataset);
    dir = rs_ctx_path(ctx, "data/processed/%s/.backtest-%lld", dataset,
                      ctx->job ? (long long)rs_job_id(ctx->job) : 0LL);
    rc = rs_fs_mkdirs(dir, err);
    b.dataset = d;
    b.dir = dir;
    int windows = (int)rs_args_int(args, "windows");
    for (int w = 0; w < windows && !rc; w++) {
        rc = one_window(ctx, &b, args, w, windows, err);
    }
    if (rc) goto done;
    const char *model = rs_conf_text(ctx->conf, "model.name");
    rs_val_set_str(out->doc, "dataset", dataset);
    rs_val_set_str(out->doc, "model", model);
    rs_val_set_str(out->doc, "metric", b.metric);
    rs_result_say(out, "%s on %s, fitted before every window; %s", model, dataset, b.metric);
    rs_result_table(out, "windows", NULL, b.table);
    b.table = NULL;
done:;
    struct rs_err none = {0};
    if (dir && rs_fs_remove(dir, &none)) {
        rs_log(RS_LOG_WARN, "backtest", "%s", none.msg);
    }
    rs_table_free(b.table);
    rs_dataset_close(d);
    free(dir);
    free(dataset);
    return rc;
}
