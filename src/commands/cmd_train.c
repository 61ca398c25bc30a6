/*
 * cmd_train - fit a model on a split, keep its bundle and its run; train a run again and compare.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"

#include "fit.h"
#include "stage.h"

struct training {
    const struct rs_model_ops *ops;
    const struct rs_values *values;
    struct rs_val *params;
    struct rs_split *split;
    struct rs_run run;
    char *checkpoint;
    double threshold; /* liked from this value on */
    uint64_t seed;
    double seconds;
    char bundle[65];
};

/* Where an interrupted fit of exactly this work goes on. */
static char *checkpoint_path(const struct rs_ctx *ctx, const struct training *t)
{
    struct rs_str text;
    rs_str_init(&text, 1 << 20);
    rs_json_print(t->params, 0, &text);
    rs_str_addf(&text, "|%s|%llu|%s|%.17g", t->ops->name, (unsigned long long)t->seed,
                t->split->fingerprint, t->threshold);
    char hex[RS_SHA256_HEX];
    rs_sha256_of(rs_str_text(&text), text.len, hex);
    rs_str_clear(&text);
    return rs_ctx_path(ctx, "models/checkpoints/%.16s.ckpt", hex);
}

static enum rs_code start_run(struct rs_ctx *ctx, struct training *t, const char *name,
                              struct rs_err *err)
{
    struct rs_store *st;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    t->run.name = rs_xstrdup(name ? name : t->ops->name);
    t->run.model = rs_xstrdup(t->ops->name);
    t->run.dataset = rs_xstrdup(t->split->dataset);
    t->run.split = rs_xstrdup(t->split->name);
    t->run.split_fingerprint = rs_xstrdup(t->split->fingerprint);
    t->run.dataset_fingerprint = rs_xstrdup(t->split->dataset_fingerprint);
    t->run.seed = t->seed;
    t->run.job_id = ctx->job ? rs_job_id(ctx->job) : 0;
    rc = rs_runs_start(st, &t->run, err);
    if (rc) return rc;
    snprintf(ctx->run_id, sizeof(ctx->run_id), "%s", t->run.id);
    if (ctx->job) {
        rs_job_set_run(ctx->job, t->run.id);
    }
    return rs_runs_set_params(st, t->run.id, t->params, err);
}

static enum rs_code fit_and_save(struct rs_ctx *ctx, struct training *t, struct rs_err *err)
{
    struct rs_model *m = NULL;
    char *dir = rs_ctx_path(ctx, "models");
    char *checkpoints = rs_ctx_path(ctx, "models/checkpoints");
    enum rs_code rc = rs_fs_mkdirs(checkpoints, err);
    if (rc) goto done;
    int64_t begun = rs_clock_mono_ns();
    rc = rs_fit_split(ctx, t->split, t->ops, t->values, t->threshold, t->seed, t->checkpoint, &m,
                      err);
    if (rc) goto done;
    t->seconds = (double)(rs_clock_mono_ns() - begun) / 1e9;
    rc = rs_bundle_save(dir, m, t->split, t->threshold, t->seed, t->bundle, err);
done:
    rs_model_free(m);
    free(checkpoints);
    free(dir);
    return rc;
}

/* The last word on a run, also where the work failed; the first error stays. */
static enum rs_code end_run(struct rs_ctx *ctx, const struct training *t, enum rs_code rc,
                            struct rs_err *err)
{
    struct rs_err late = {0};
    enum rs_run_state state = rc == RS_OK        ? RS_RUN_FINISHED
                              : rc == RS_ECANCEL ? RS_RUN_CANCELLED
                                                 : RS_RUN_FAILED;
    enum rs_code ended =
        rs_runs_end(ctx->store, t->run.id, state, t->bundle, rc ? err->msg : "", &late);
    if (rc && ended) {
        rs_log(RS_LOG_WARN, "train", "run=%s end not stored: %s", t->run.id, late.msg);
    } else if (ended) {
        *err = late;
    }
    return rc ? rc : ended;
}

/* Last loss of the run's curve and epochs on it; NaN and 0 where the model has none. */
static enum rs_code curve_end(struct rs_ctx *ctx, const char *id, double *loss, int64_t *epochs,
                              struct rs_err *err)
{
    struct rs_val *curve = NULL;
    *loss = NAN;
    *epochs = 0;
    enum rs_code rc = rs_runs_curve(ctx->store, id, "loss", &curve, err);
    if (!rc && curve->n > 0) {
        *loss = rs_val_get_real(curve->items[curve->n - 1], "value", NAN);
        *epochs = (int64_t)curve->n;
    }
    rs_val_free(curve);
    return rc;
}

static enum rs_code report(struct rs_ctx *ctx, const struct training *t, struct rs_result *out,
                           struct rs_err *err)
{
    double loss;
    int64_t epochs;
    enum rs_code rc = curve_end(ctx, t->run.id, &loss, &epochs, err);
    if (rc) return rc;
    int64_t rss = rs_mem_peak_rss();
    rc = rs_runs_add_metric(ctx->store, t->run.id, "train_seconds", 0, t->seconds, err);
    if (rc) return rc;
    rc = rs_runs_add_metric(ctx->store, t->run.id, "peak_rss_bytes", 0, (double)rss, err);
    if (rc) return rc;
    rs_val_set_str(out->doc, "run_id", t->run.id);
    rs_val_set_str(out->doc, "model", t->ops->name);
    rs_val_set_str(out->doc, "dataset", t->split->dataset);
    rs_val_set_str(out->doc, "split", t->split->name);
    rs_result_set(out, "params", rs_val_copy(t->params));
    rs_val_set_int(out->doc, "seed", (int64_t)t->seed);
    rs_val_set_real(out->doc, "seconds", t->seconds);
    rs_result_set(out, "seconds_per_epoch",
                  epochs ? rs_val_real(t->seconds / (double)epochs) : rs_val_null());
    rs_result_set(out, "loss", rs_val_real(loss));
    rs_val_set_int(out->doc, "peak_rss_bytes", rss);
    rs_val_set_str(out->doc, "bundle", t->bundle);
    char time[32];
    rs_clock_format_duration(t->seconds, time, sizeof(time));
    rs_result_say(out, "run %s: %s on %s/%s in %s%s", t->run.id, t->ops->name, t->split->dataset,
                  t->split->name, time, epochs ? "" : ", closed form");
    if (epochs) {
        rs_result_say(out, "%lld epochs, last loss %.6g", (long long)epochs, loss);
    }
    rs_result_say(out, "bundle models/%.12s….rsm", t->bundle);
    return RS_OK;
}

static enum rs_code copy_bundle(struct rs_ctx *ctx, const struct training *t, const char *to,
                                struct rs_err *err)
{
    char *from = rs_ctx_bundle_path(ctx, t->bundle);
    enum rs_code rc = rs_ctx_make_folder_of(to, err);
    if (!rc) rc = rs_fs_copy(from, to, err);
    free(from);
    return rc;
}

static void training_clear(struct training *t)
{
    rs_val_free(t->params);
    rs_split_close(t->split);
    rs_run_clear(&t->run);
    free(t->checkpoint);
}

static enum rs_code open_split(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_split **out, struct rs_err *err)
{
    char *dataset = NULL;
    char *split = NULL;
    enum rs_code rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (!rc) {
        rc = rs_ctx_split_name(ctx, args, dataset, &split, err);
    }
    if (!rc) {
        rc = rs_ctx_split(ctx, dataset, split, out, err);
    }
    free(split);
    free(dataset);
    return rc;
}

enum rs_code rs_cmd_train(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                          struct rs_err *err)
{
    struct training t = {.ops = rs_model_find(rs_conf_text(ctx->conf, "model.name")),
                         .values = rs_conf_picked(ctx->conf, "model")};
    t.params = rs_values_to_map(t.values);
    t.seed = (uint64_t)(rs_args_given(args, "seed") ? rs_args_int(args, "seed")
                                                    : rs_conf_int(ctx->conf, "train.seed"));
    enum rs_code rc = open_split(ctx, args, &t.split, err);
    if (rc) goto done;
    t.threshold = rs_stage_threshold(ctx, t.split->train.values, t.split->train.nnz);
    t.checkpoint = checkpoint_path(ctx, &t);
    rc = start_run(ctx, &t, rs_args_text(args, "name"), err);
    if (rc) goto done;
    rc = fit_and_save(ctx, &t, err);
    if (rc == RS_ECANCEL && rs_fs_exists(t.checkpoint)) {
        char why[sizeof(err->msg)];
        snprintf(why, sizeof(why), "%s", err->msg);
        rs_fail(err, rc, "%s; the same command goes on from there", why);
    }
    rc = end_run(ctx, &t, rc, err);
    if (!rc) {
        rc = report(ctx, &t, out, err);
    }
    if (!rc && rs_args_text(args, "out")) {
        rc = copy_bundle(ctx, &t, rs_args_text(args, "out"), err);
    }
done:
    if (rc) rs_wrap(err, "train %s", t.ops->name);
    ctx->run_id[0] = '\0';
    training_clear(&t);
    return rc;
}

static enum rs_code values_of_run(struct rs_ctx *ctx, const struct rs_run *run,
                                  struct rs_values **out, struct rs_err *err)
{
    const struct rs_model_ops *ops = rs_model_find(run->model);
    if (!ops) {
        return rs_fail(err, RS_EARG, "run %s: this program has no model '%s'", run->id, run->model);
    }
    struct rs_val *params = NULL;
    struct rs_values *v = rs_values_new(ops->params);
    enum rs_code rc = rs_runs_params(ctx->store, run->id, &params, err);
    if (!rc) {
        rc = rs_values_set_map(v, params, err);
    }
    rs_val_free(params);
    if (rc) {
        rs_values_free(v);
        return rc;
    }
    *out = v;
    return RS_OK;
}

enum rs_code rs_cmd_reproduce(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_trained was;
    struct rs_values *v = NULL;
    struct rs_model *m = NULL;
    char sha256[65];
    enum rs_code rc = rs_trained_open(ctx, rs_args_text(args, "run"), NULL, &was, err);
    if (rc) return rc;
    char *dir = rs_ctx_path(ctx, "models/checkpoints/reproduce-%s", was.run.id);
    double threshold = rs_val_get_real(was.bundle->info, "threshold", 0);
    rc = values_of_run(ctx, &was.run, &v, err);
    if (rc) goto done;
    rc = rs_fit_split(ctx, was.split, rs_model_find(was.run.model), v, threshold, was.run.seed,
                      NULL, &m, err);
    if (rc) goto done;
    rc = rs_bundle_save(dir, m, was.split, threshold, was.run.seed, sha256, err);
    if (rc) goto done;
    bool equal = strcmp(sha256, was.run.bundle) == 0;
    rs_val_set_str(out->doc, "run_id", was.run.id);
    rs_val_set_bool(out->doc, "equal", equal);
    rs_val_set_str(out->doc, "bundle", sha256);
    rs_val_set_str(out->doc, "bundle_before", was.run.bundle);
    rs_result_say(out,
                  equal ? "run %s: equal, every byte of the bundle (%.12s…)"
                        : "run %s: not equal: the bundle is now %.12s…",
                  was.run.id, sha256);
    if (!equal) {
        rs_result_say(out,
                      "it was %.12s…: another version of the program or another kind of "
                      "processor made it",
                      was.run.bundle);
        out->exit_status = 1;
    }
done:;
    struct rs_err none = {0};
    if (rs_fs_remove(dir, &none)) {
        rs_log(RS_LOG_WARN, "reproduce", "%s", none.msg);
    }
    rs_model_free(m);
    rs_values_free(v);
    free(dir);
    rs_trained_close(&was);
    return rc;
}
