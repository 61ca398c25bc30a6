/*
 * runs - experiments as rows: parameters, metrics by step, tags, artifacts, per-user scores.
 *
 * A run id is 12 hex digits; every call that takes one accepts a unique prefix of at least 4
 * or a name through rs_runs_resolve.
 */
#ifndef RS_TRACKING_RUNS_H
#define RS_TRACKING_RUNS_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/store/store.h"

#define RS_RUN_ID 13 /* 12 hex digits and NUL */
#define RS_RUN_STATES(X)           \
    X(RS_RUN_RUNNING, "running")   \
    X(RS_RUN_FINISHED, "finished") \
    X(RS_RUN_FAILED, "failed") X(RS_RUN_CANCELLED, "cancelled") X(RS_RUN_LOST, "lost")
#define RS_RUN_ENUM(id, name) id,
enum rs_run_state { RS_RUN_STATES(RS_RUN_ENUM) RS_RUN_STATE_COUNT };
#undef RS_RUN_ENUM
const char *rs_run_state_name(enum rs_run_state s);

struct rs_run {
    char id[RS_RUN_ID];
    char *name;  /* "" if none */
    char *model; /* "als" */
    char *dataset, *split;
    char *split_fingerprint, *dataset_fingerprint;
    uint64_t seed;
    enum rs_run_state state;
    int64_t started_ms, ended_ms; /* ended 0: running */
    int64_t job_id;               /* 0: none */
    char *bundle;                 /* sha256, "" until trained */
    char *message;                /* why it failed */
};
void rs_run_clear(struct rs_run *r);

/* New row from name, model, dataset, split, fingerprints, seed, job_id; sets id, state, started. */
RS_MUST_USE enum rs_code rs_runs_start(struct rs_store *st, struct rs_run *r, struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_end(struct rs_store *st, const char *id, enum rs_run_state state,
                                     const char *bundle, const char *message, struct rs_err *err);
/* The id of a whole id, of the newest run of a name (of those with a model, if any has one), of
 * a unique prefix of an id, or of "latest". RS_ENOTFOUND, RS_EARG (ambiguous prefix). */
RS_MUST_USE enum rs_code rs_runs_resolve(struct rs_store *st, const char *ref, char out[RS_RUN_ID],
                                         struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_get(struct rs_store *st, const char *id, struct rs_run *out,
                                     struct rs_err *err);
/* A finished run of exactly this work whose bundle is known, newest first; RS_ENOTFOUND. params:
 * as rs_values_to_map gives them. */
RS_MUST_USE enum rs_code rs_runs_find_same(struct rs_store *st, const char *model,
                                           const char *split_fingerprint, uint64_t seed,
                                           const struct rs_val *params, char out[RS_RUN_ID],
                                           struct rs_err *err);
/* Runs that say running but whose job is gone become lost. */
RS_MUST_USE enum rs_code rs_runs_mark_lost(struct rs_store *st, struct rs_err *err);

RS_MUST_USE enum rs_code rs_runs_set_params(struct rs_store *st, const char *id,
                                            const struct rs_val *params, struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_params(struct rs_store *st, const char *id, struct rs_val **out,
                                        struct rs_err *err); /* typed map */
RS_MUST_USE enum rs_code rs_runs_add_metric(struct rs_store *st, const char *id, const char *name,
                                            int64_t step, double value, struct rs_err *err);
/* Map name -> last value. */
RS_MUST_USE enum rs_code rs_runs_metrics(struct rs_store *st, const char *id, struct rs_val **out,
                                         struct rs_err *err);
/* List of {step, value, time_ms} in order of step. */
RS_MUST_USE enum rs_code rs_runs_curve(struct rs_store *st, const char *id, const char *name,
                                       struct rs_val **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_set_tag(struct rs_store *st, const char *id, const char *key,
                                         const char *value, struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_tags(struct rs_store *st, const char *id, struct rs_val **out,
                                      struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_add_artifact(struct rs_store *st, const char *id, const char *name,
                                              const char *path, const char *sha256, int64_t bytes,
                                              struct rs_err *err);
RS_MUST_USE enum rs_code rs_runs_artifacts(struct rs_store *st, const char *id, struct rs_val **out,
                                           struct rs_err *err);

/* Per-user scores of one evaluation. part "test" or "val"; exclude as named; scorer "model" or a
 * baseline's name ("popularity"). users[n] are split indices ascending, the same for every metric.
 * Replaces what was there for (run, part, exclude, scorer). scores[n x n_metrics] row-major. */
RS_MUST_USE enum rs_code rs_runs_put_scores(struct rs_store *st, const char *id, const char *part,
                                            const char *exclude, const char *scorer,
                                            const int32_t *users, int64_t n, char *const *metrics,
                                            int n_metrics, const double *scores,
                                            struct rs_err *err);
struct rs_user_scores {
    int64_t n;
    int32_t *users;
    double *scores; /* [n] of one metric */
    char *exclude;
};
/* exclude NULL: the newest evaluation of that part. RS_ENOTFOUND: not evaluated (says how). */
RS_MUST_USE enum rs_code rs_runs_get_scores(struct rs_store *st, const char *id, const char *part,
                                            const char *exclude, const char *scorer,
                                            const char *metric, struct rs_user_scores *out,
                                            struct rs_err *err);
void rs_user_scores_clear(struct rs_user_scores *s);
/* Metrics with scores of a model in a run's newest evaluation of that part, as a sorted list of
 * texts; empty where it was not evaluated. */
RS_MUST_USE enum rs_code rs_runs_scored(struct rs_store *st, const char *id, const char *part,
                                        struct rs_val **out, struct rs_err *err);

/* List of {run_id, name, model, dataset, split, state, started_ms, seconds, params{}, metrics{},
 * tags{}, bundle}. filter: NULL or comparisons joined by and/or/not with parentheses:
 * metrics.ndcg_at_10 > 0.1, params.model = "als", tags.x like "a%", name/model/dataset/split/state
 * = "…", started > "2026-05-01"; a missing value compares false (use `is null`). sort: a column of
 * those, "-" before it descends; NULL: newest first. RS_EPARSE: filter with the position. */
RS_MUST_USE enum rs_code rs_runs_list(struct rs_store *st, const char *filter, const char *sort,
                                      int64_t limit, int64_t offset, struct rs_val **out,
                                      int64_t *total_out, struct rs_err *err);
/* Gone with everything about it. RS_EREFUSED: a registered version rests on it. */
RS_MUST_USE enum rs_code rs_runs_delete(struct rs_store *st, const char *id, struct rs_err *err);
/* Bundles (sha256) that runs or versions refer to, as a list of texts. */
RS_MUST_USE enum rs_code rs_runs_bundles(struct rs_store *st, struct rs_val **out,
                                         struct rs_err *err);

#endif
