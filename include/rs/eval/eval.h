/*
 * eval - lists of a model for every user of a held-out part, their metrics and intervals.
 *
 * Beyond accuracy, of all lists cut at k (short and empty lists count as far as they go):
 *   coverage          share of the catalogue that is in some list
 *   gini              of how often each item of the catalogue is shown; 0: all equally often
 *   novelty           mean over places of -log2(share of train's users who have the item)
 *   diversity_genre   mean over lists of the mean over pairs of 1 - cosine of genre indicators;
 *                     items without a genre are in no pair; absent where no item has genres
 *   diversity_vector  the same for the model's item vectors; absent where it has none
 *   personalisation   1 - mean over pairs of lists of the share of k that both have
 * Memory   lists and scores of all users, and what one block of users needs to be ranked.
 * Threads  blocks of users run on all threads; the result does not depend on their number.
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
    char **beyond_names;          /* "coverage_at_10", "gini_at_10", … for every k */
    double *beyond;               /* [n_beyond]; NaN where not defined (no pairs) */
    int32_t list_len;             /* largest k */
    int32_t *lists;               /* [n_users x list_len], -1 beyond a short list */
    int64_t skipped_no_rows;      /* users without a row in the part */
    int64_t skipped_no_relevant;  /* with rows, none relevant */
    int64_t empty_lists;          /* evaluated as 0: the model returned nothing */
};

/* Users of the part with a relevant item known in train; a user whom train never saw is scored from
 * the rows of s->fold, which then take the place of train rows in `exclude`. RS_EARG: nobody to
 * evaluate, ks not ascending in 1..RS_MAX_K, or m was not trained on s. RS_ENOMEM, RS_ECANCEL. */
RS_MUST_USE enum rs_code rs_eval_run(const struct rs_model *m, const struct rs_split *s,
                                     const struct rs_eval_opts *o, struct rs_task *task,
                                     struct rs_eval **out, struct rs_err *err);
void rs_eval_free(struct rs_eval *e);
int rs_eval_find(const struct rs_eval *e, const char *metric);         /* column, or -1 */
void rs_eval_column(const struct rs_eval *e, int column, double *out); /* [n_users] */
/* Lists and relevant items for outside tools: "user Q0 item rank score recsys-tui" with
 * score = list_len - rank, and "user 0 item 1". White space and '%' in ids become %XX. */
RS_MUST_USE enum rs_code rs_eval_write_trec(const struct rs_eval *e, const struct rs_split *s,
                                            const struct rs_eval_opts *o, const char *run_path,
                                            const char *qrels_path, struct rs_err *err);

#endif
