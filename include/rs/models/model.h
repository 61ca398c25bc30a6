/*
 * model - what every recommender can do, as a table of operations.
 *
 * A model ranks items for a profile: a known user (index in training) or anybody given by past
 * items. Concrete models have struct rs_model as their first member. A fitted model is read-only
 * and may be shared between threads. "Optional" slots may be NULL; callers ask first.
 *
 * One scorer: evaluation, the command line, the console and the server all reach a model through
 * rs_rank (rank.h), and a score of (user, item) never depends on who else is scored with it.
 */
#ifndef RS_MODELS_MODEL_H
#define RS_MODELS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/param.h"
#include "rs/base/task.h"
#include "rs/data/csr.h"

struct rs_model_ops;
struct rs_ranked;

struct rs_model {
    const struct rs_model_ops *ops;
    struct rs_values *values; /* parameters, owned */
    int32_t n_users;          /* of training; 0 before fit */
    int32_t n_items;
};

/* What a model is fitted on. Borrowed for the call. */
struct rs_fit_data {
    const struct rs_csr *ui; /* [n_users x n_items], values and times as in the data */
    const struct rs_csr *iu; /* its transpose */
    const uint64_t *genres;  /* [n_items] masks, or NULL */
    double threshold;        /* relevance: input=positives keeps values >= it */
    uint64_t seed;
    const char *checkpoint; /* file to resume from and to keep; NULL: none */
};

/* Whom to score. Borrowed for the call. */
struct rs_profile {
    int32_t user;         /* index in training; -1: nobody known, use the items */
    const int32_t *items; /* [n] past items, ascending */
    const float
        *values; /* [n] as in the data, or NULL: all 1 (threshold and more count as liked) */
    int32_t n;
};

/* What a list may hold. Borrowed for the call. */
struct rs_filter {
    const int32_t *exclude; /* [n_exclude] items left out, ascending */
    int32_t n_exclude;
    const uint64_t *allowed; /* bit per item, 1 = may appear; NULL: all */
};

struct rs_estimate {
    int64_t bytes;   /* peak memory of fit beyond the data */
    double flops;    /* floating-point operations of the whole fit */
    double seconds;  /* from flops at this machine's measured rate; a guide */
    char advice[96]; /* what to change where it does not fit: "lower model.factors (now 512)" */
};

struct rs_model_ops {
    const char *name;              /* key in configs, CLI and registry */
    const char *summary;           /* one line for help and palette */
    const struct rs_param *params; /* type, default, range, help */
    size_t size;                   /* of the concrete struct */
    /* Cross-checks between parameters beyond the table; optional. */
    enum rs_code (*check)(const struct rs_values *v, struct rs_err *err);
    enum rs_code (*estimate)(const struct rs_model *m, const struct rs_fit_data *d,
                             struct rs_estimate *out, struct rs_err *err);
    enum rs_code (*fit)(struct rs_model *m, const struct rs_fit_data *d, struct rs_task *task,
                        struct rs_err *err);
    /* Scores of all items for n profiles: scores[n x n_items], row-major. scratch: ops->scratch()
     * bytes, 64-byte aligned, one a thread. A profile without usable items scores all 0 and gives
     * `false` in known_out[i] (nothing personal to say), else true. */
    enum rs_code (*score)(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                          float *scores, bool *known_out, void *scratch, struct rs_err *err);
    size_t (*scratch)(const struct rs_model *m, int32_t n); /* NULL: none needed */
    /* The k best items for one profile, out[k] and *n_out of them: to the bit what score and
     * rs_topk give (*known_out false: none), with less work; optional. scratch: top_scratch()
     * bytes, 64-byte aligned, one a thread. */
    enum rs_code (*top)(const struct rs_model *m, const struct rs_profile *who,
                        const struct rs_filter *filter, int32_t k, struct rs_ranked *out,
                        int32_t *n_out, bool *known_out, void *scratch, struct rs_err *err);
    size_t (*top_scratch)(const struct rs_model *m); /* beside top */
    /* Similarity of all items to one: scores[n_items]; optional. */
    void (*similar)(const struct rs_model *m, int32_t item, float *scores);
    /* contribution_out[who->n] of each past item to the score of `item`; their sum plus *base_out
     * is the score. */
    enum rs_code (*explain)(const struct rs_model *m, const struct rs_profile *who, int32_t item,
                            float *contribution_out, float *base_out, struct rs_err *err);
    /* Item vectors for diversity: borrowed [n_items x *f_out] row-major, or NULL; optional. */
    const float *(*item_vectors)(const struct rs_model *m, int32_t *f_out);
    enum rs_code (*save)(const struct rs_model *m, struct rs_writer *w, struct rs_err *err);
    enum rs_code (*load)(struct rs_model *m, const struct rs_reader *r, struct rs_err *err);
    void (*clear)(struct rs_model *m); /* what fit or load made */
};

extern const struct rs_model_ops *const rs_models[];        /* NULL-ended */
const struct rs_model_ops *rs_model_find(const char *name); /* NULL if there is none */
/* Params table of a model by name, for configuration; NULL if there is none. */
const struct rs_param *rs_model_params(const char *name);

/* v is copied. RS_EARG from ops->check. */
RS_MUST_USE enum rs_code rs_model_new(const struct rs_model_ops *ops, const struct rs_values *v,
                                      struct rs_model **out, struct rs_err *err);
void rs_model_free(struct rs_model *m);
/* Estimate, refuse with RS_ENOMEM naming need and limit where it exceeds the memory that is there
 * (limit_bytes 0: rs_mem_available), then ops->fit. */
RS_MUST_USE enum rs_code rs_model_fit(struct rs_model *m, const struct rs_fit_data *d,
                                      int64_t limit_bytes, struct rs_task *task,
                                      struct rs_err *err);

/* Shared parameter `input`: how data values become training weights. A weight of 0 says nothing, so
 * its row leaves.
 *   binary     1
 *   positives  1 where the value is at least the threshold; other rows leave
 *   values     the value
 *   signed     the value less the mean of its row (less `center` where all its values are equal)
 * A weight below 0 is a dislike. */
#define RS_INPUTS(X)             \
    X(RS_INPUT_BINARY, "binary") \
    X(RS_INPUT_POSITIVES, "positives") X(RS_INPUT_VALUES, "values") X(RS_INPUT_SIGNED, "signed")
#define RS_INPUT_ENUM(id, name) id,
enum rs_input { RS_INPUTS(RS_INPUT_ENUM) RS_INPUT_COUNT };
#undef RS_INPUT_ENUM
#define RS_INPUT_CHOICES "binary|positives|values|signed"

/* What training and scoring must share; kept in the fitted model. */
struct rs_input_rule {
    enum rs_input input;
    float threshold;
    float center;
};
/* center: the mean of ui's values (signed; else 0). */
struct rs_input_rule rs_input_rule_make(enum rs_input input, const struct rs_csr *ui,
                                        double threshold);
/* The entries of ui (users in rows) that the rule keeps, with their weights; values are NULL where
 * all weights are 1 (binary, positives). It borrows ui's arrays where none leaves and values do not
 * change, else it is a copy without times. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_input_apply(const struct rs_input_rule *rule, const struct rs_csr *ui,
                                        struct rs_csr *out, struct rs_err *err);
/* The same for one profile. values NULL: every item counts as liked, weight 1. Buffers of p->n;
 * returns how many items stay. */
int32_t rs_input_profile(const struct rs_input_rule *rule, const struct rs_profile *p,
                         int32_t *items_out, float *weights_out);

#endif
