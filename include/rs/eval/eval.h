/*
 * eval - lists of a model for every user of a held-out part, their metrics, intervals, baselines.
 */
#ifndef RS_EVAL_EVAL_H
#define RS_EVAL_EVAL_H

#include "rs/base/err.h"
#include "rs/base/task.h"
#include "rs/base/val.h"
#include "rs/data/split.h"
#include "rs/eval/metrics.h"
#include "rs/eval/stats.h"
#include "rs/models/model.h"

#define RS_EXCLUDES(X) \
    X(RS_EXCLUDE_TRAIN_VAL, "train+val") X(RS_EXCLUDE_TRAIN, "train") X(RS_EXCLUDE_NONE, "none")
#define RS_EXCLUDE_ENUM(id, name) id,
enum rs_exclude { RS_EXCLUDES(RS_EXCLUDE_ENUM) RS_EXCLUDE_COUNT };
#undef RS_EXCLUDE_ENUM
const char *rs_exclude_name(enum rs_exclude e);

enum rs_part { RS_PART_VAL, RS_PART_TEST };

struct rs_eval_opts {
    const int32_t *ks; /* ascending; lists are as long as the largest */
    int n_ks;
    enum rs_part part;
    enum rs_exclude exclude; /* on val: train+val means train */
    double threshold;        /* relevant: value >= it */
    int bootstrap_samples;   /* 0: no intervals */
    uint64_t seed;
    bool beyond; /* coverage, gini, novelty, diversity, personalisation too */
};

struct rs_eval {
    int32_t n_users;              /* evaluated */
    int32_t *users;               /* [n_users] indices of the split, ascending */
    int n_metrics;                /* per-user metrics: rs_metrics_per_list(n_ks) */
    char **names;                 /* [n_metrics] */
    double *scores;               /* [n_users x n_metrics] */
    double *mean;                 /* [n_metrics] */
    struct rs_interval *interval; /* [n_metrics]; NaN without bootstrap */
    int n_beyond;                 /* measures of all lists together */
    char **beyond_names;          /* "coverage_at_10", "gini_at_10", … */
    double *beyond;
    int32_t list_len;            /* largest k */
    int32_t *lists;              /* [n_users x list_len], -1 beyond a short list */
    int64_t skipped_no_rows;     /* users without a row in the part */
    int64_t skipped_no_relevant; /* with rows, none relevant */
    int64_t empty_lists;         /* evaluated as 0: the model returned nothing */
};

/* Users of the part with a relevant item known in train. RS_EARG: nobody to evaluate. */
RS_MUST_USE enum rs_code rs_eval_run(const struct rs_model *m, const struct rs_split *s,
                                     const struct rs_eval_opts *o, struct rs_task *task,
                                     struct rs_eval **out, struct rs_err *err);
void rs_eval_free(struct rs_eval *e);
int rs_eval_find(const struct rs_eval *e, const char *metric);         /* column, or -1 */
void rs_eval_column(const struct rs_eval *e, int column, double *out); /* [n_users] */
/* Lists and relevant items in TREC form (run and qrels lines), for outside tools. */
RS_MUST_USE enum rs_code rs_eval_write_trec(const struct rs_eval *e, const struct rs_split *s,
                                            const struct rs_eval_opts *o, const char *run_path,
                                            const char *qrels_path, struct rs_err *err);

#endif
