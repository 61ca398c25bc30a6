/*
 * fit - models on splits, for the commands that train and evaluate.
 */
#include "fit.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/models/popularity.h"
#include "rs/registry/versions.h"

#include "stage.h"

/* Genre masks of the split's items, or NULL where nothing is known of them. */
static uint64_t *genre_masks(const struct rs_split *s)
{
    if (rs_catalogue_n_genres(s->catalogue) == 0) return NULL;
    uint64_t *masks = rs_xalloc((size_t)s->n_items + 1, sizeof(*masks));
    for (int32_t i = 0; i < s->n_items; i++) {
        masks[i] = rs_catalogue_genre_mask(s->catalogue, i);
    }
    return masks;
}

enum rs_code rs_fit_split(struct rs_ctx *ctx, const struct rs_split *s,
                          const struct rs_model_ops *ops, const struct rs_values *v,
                          double threshold, uint64_t seed, const char *checkpoint,
                          struct rs_model **out, struct rs_err *err)
{
    struct rs_model *m = NULL;
    enum rs_code rc = rs_model_new(ops, v, &m, err);
    if (rc) return rc;
    uint64_t *genres = genre_masks(s);
    struct rs_fit_data d = {.ui = &s->train,
                            .iu = &s->train_t,
                            .genres = genres,
                            .threshold = threshold,
                            .seed = seed,
                            .checkpoint = checkpoint};
    int64_t limit = rs_conf_int(ctx->conf, "train.memory_limit_mb") << 20;
    rc = rs_model_fit(m, &d, limit, &ctx->task, err);
    free(genres);
    if (rc) {
        rs_model_free(m);
        return rc;
    }
    *out = m;
    return RS_OK;
}

enum rs_code rs_fit_popularity(struct rs_ctx *ctx, const struct rs_split *s, struct rs_model **out,
                               struct rs_err *err)
{
    struct rs_values *v = rs_values_new(rs_popularity_ops.params);
    enum rs_code rc = rs_values_set_text(v, "score", "sum", err);
    if (!rc) {
        double threshold = rs_stage_threshold(ctx, s->train.values, s->train.nnz);
        rc = rs_fit_split(ctx, s, &rs_popularity_ops, v, threshold, 0, NULL, out, err);
    }
    rs_values_free(v);
    return rc;
}

static bool is_said(const struct rs_args *args, const char *name)
{
    return rs_command_takes(rs_args_command(args), name) && rs_args_given(args, name);
}

static enum rs_exclude parse_exclude(const char *name)
{
    for (int e = 0; e < RS_EXCLUDE_COUNT; e++) {
        if (strcmp(rs_exclude_name((enum rs_exclude)e), name) == 0) return (enum rs_exclude)e;
    }
    return RS_EXCLUDE_TRAIN_VAL; /* the tables admit no other names */
}

enum rs_code rs_fit_eval_opts(const struct rs_ctx *ctx, const struct rs_args *args,
                              const struct rs_split *s, enum rs_part part,
                              int32_t ks[RS_FIT_MAX_KS], struct rs_eval_opts *out,
                              struct rs_err *err)
{
    size_t n;
    const int64_t *said =
        is_said(args, "k") ? rs_args_ints(args, "k", &n) : rs_conf_ints(ctx->conf, "eval.k", &n);
    if (n == 0 || n > RS_FIT_MAX_KS) {
        return rs_fail(err, RS_EARG, "k: 1 to %d list lengths, got %zu", RS_FIT_MAX_KS, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (said[i] < 1 || said[i] > RS_MAX_K || (i > 0 && said[i] <= said[i - 1])) {
            return rs_fail(err, RS_EARG, "k: lengths must ascend in 1..%d, got %lld", RS_MAX_K,
                           (long long)said[i]);
        }
        ks[i] = (int32_t)said[i];
    }
    const char *exclude = is_said(args, "exclude") ? rs_args_text(args, "exclude")
                                                   : rs_conf_text(ctx->conf, "eval.exclude");
    *out = (struct rs_eval_opts){
        .ks = ks,
        .n_ks = (int)n,
        .part = part,
        .exclude = parse_exclude(exclude),
        .threshold = rs_stage_threshold(ctx, s->train.values, s->train.nnz),
        .bootstrap_samples = (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
        .seed = (uint64_t)rs_conf_int(ctx->conf, "eval.seed"),
        .beyond = true,
    };
    return RS_OK;
}

const char *rs_part_name(enum rs_part part)
{
    return part == RS_PART_VAL ? "val" : "test";
}

static enum rs_code run_of(struct rs_ctx *ctx, const char *run_ref, const char *version_ref,
                           struct rs_run *out, struct rs_err *err)
{
    struct rs_store *st;
    char id[RS_RUN_ID];
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    if (run_ref && version_ref) return rs_fail(err, RS_EARG, "--run and --version: say one");
    if (version_ref) {
        struct rs_version v = {0};
        int64_t number;
        rc = rs_versions_resolve(st, version_ref, &number, err);
        if (!rc) {
            rc = rs_versions_get(st, number, &v, err);
        }
        if (!rc) {
            rc = rs_runs_get(st, v.run_id, out, err);
        }
        rs_version_clear(&v);
        return rc;
    }
    rc = rs_runs_resolve(st, run_ref ? run_ref : "latest", id, err);
    return rc ? rc : rs_runs_get(st, id, out, err);
}

enum rs_code rs_trained_open(struct rs_ctx *ctx, const char *run_ref, const char *version_ref,
                             struct rs_trained *out, struct rs_err *err)
{
    *out = (struct rs_trained){0};
    char *path = NULL;
    enum rs_code rc = run_of(ctx, run_ref, version_ref, &out->run, err);
    if (rc) goto done;
    if (!out->run.bundle[0]) {
        rc = rs_fail(err, RS_ENOTFOUND, "run %s is %s and has no model", out->run.id,
                     rs_run_state_name(out->run.state));
        goto done;
    }
    path = rs_ctx_bundle_path(ctx, out->run.bundle);
    rc = rs_bundle_open(path, &out->bundle, err);
    if (rc) goto done;
    rc = rs_ctx_split(ctx, out->run.dataset, out->run.split, &out->split, err);
    if (rc) goto done;
    if (strcmp(out->split->fingerprint, out->run.split_fingerprint) != 0) {
        rc = rs_fail(err, RS_EARG,
                     "run %s was trained on an earlier cut of split '%s': train it again",
                     out->run.id, out->run.split);
    }
done:
    if (rc) {
        rs_trained_close(out);
    }
    free(path);
    return rc;
}

void rs_trained_close(struct rs_trained *t)
{
    rs_bundle_close(t->bundle);
    rs_split_close(t->split);
    rs_run_clear(&t->run);
    *t = (struct rs_trained){0};
}
