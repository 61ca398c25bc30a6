/*
 * fit - a model fitted on a split, and its evaluation beside the popularity baseline: what train,
 * evaluate, reproduce and backtest share.
 */
#ifndef RS_COMMANDS_FIT_H
#define RS_COMMANDS_FIT_H

#include "rs/commands/ctx.h"
#include "rs/eval/eval.h"
#include "rs/models/model.h"

/* threshold: liked from this value on. checkpoint: resume from and keep; NULL: none. The model is
 * the caller's. */
RS_MUST_USE enum rs_code rs_fit_split(struct rs_ctx *ctx, const struct rs_split *s,
                                      const struct rs_model_ops *ops, const struct rs_values *v,
                                      double threshold, uint64_t seed, const char *checkpoint,
                                      struct rs_model **out, struct rs_err *err);
/* The baseline of every number: popularity by the sum of values. */
RS_MUST_USE enum rs_code rs_fit_popularity(struct rs_ctx *ctx, const struct rs_split *s,
                                           struct rs_model **out, struct rs_err *err);

/* How a part is evaluated: the configuration, over it the arguments k and exclude where the command
 * has them. ks[RS_FIT_MAX_KS] holds the lengths. RS_EARG: lengths that do not ascend. */
#define RS_FIT_MAX_KS 16
RS_MUST_USE enum rs_code rs_fit_eval_opts(const struct rs_ctx *ctx, const struct rs_args *args,
                                          const struct rs_split *s, enum rs_part part,
                                          int32_t ks[RS_FIT_MAX_KS], struct rs_eval_opts *out,
                                          struct rs_err *err);
const char *rs_part_name(enum rs_part part);

/* The run behind --run or --version (default: the latest), its bundle and its split, which must be
 * the one it was trained on. */
struct rs_trained {
    struct rs_run run;
    struct rs_bundle *bundle;
    struct rs_split *split;
};
RS_MUST_USE enum rs_code rs_trained_open(struct rs_ctx *ctx, const char *run_ref,
                                         const char *version_ref, struct rs_trained *out,
                                         struct rs_err *err);
void rs_trained_close(struct rs_trained *t);

#endif
