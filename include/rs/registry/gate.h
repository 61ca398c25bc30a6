/*
 * gate - may this version be promoted? Rules on stored per-user scores, each with its numbers.
 *
 * Rules    beats_popularity: paired difference to popularity on the gate metric has its whole 95 %
 *          interval above 0 (an evaluation of fewer than RS_MIN_USERS users proves nothing);
 *          not_worse: against the version the alias points at now, on the same split and users, the
 *          lower end of the paired difference is above -tolerance (skipped, and said, where they
 *          were evaluated on different splits);
 *          verified: the bundle's file is whole.
 */
#ifndef RS_REGISTRY_GATE_H
#define RS_REGISTRY_GATE_H

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/registry/versions.h"
#include "rs/store/store.h"

struct rs_gate_opts {
    const char *metric; /* "ndcg_at_10" */
    double tolerance;   /* of not_worse, in units of the metric */
    int bootstrap_samples;
    uint64_t seed;
    const char *models_dir;
};
/* verdict_out: {pass, metric, rules: [{rule, pass, detail, difference, interval, p_value, users}],
 * text}; a rule that compared nothing has nulls, one that did not apply `skipped: true`. The
 * verdict is a result, not an error: rc is RS_OK also where pass is false. Not evaluated on test:
 * the rule fails and says what to run. */
RS_MUST_USE enum rs_code rs_gate_judge(struct rs_store *st, int64_t version, const char *alias,
                                       const struct rs_gate_opts *o, struct rs_val **verdict_out,
                                       struct rs_err *err);

#endif
