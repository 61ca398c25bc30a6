/*
 * rank - exact top-k lists: the one path from a model's scores to what a user sees.
 *
 * Order is by score, descending; ties by smaller item index. NaN scores are a bug of the model
 * (assert). Excluded items never take a place in the k.
 */
#ifndef RS_MODELS_RANK_H
#define RS_MODELS_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/task.h"
#include "rs/models/model.h"

#define RS_MAX_K 1000

struct rs_ranked {
    int32_t item;
    float score;
};

/* The k best of scores[n_items]: out[k], returns how many (fewer where less is left). exclude:
 * ascending item indices. allowed: bit per item, 1 = may appear; NULL: all. Cost O(n_items), and
 * O(log k) for every item that enters the list. */
int32_t rs_topk(const float *scores, int32_t n_items, const int32_t *exclude, int32_t n_exclude,
                const uint64_t *allowed, int32_t k, struct rs_ranked *out);

/*
 * The k best for one profile: what scoring all items and rs_topk give, to the bit. exclude and
 * allowed: as for rs_topk; k is 1 .. RS_MAX_K. scratch: rs_rank_one_scratch(m, k) bytes, 64-byte
 * aligned, one a thread. out[k], *n_out of them. *known_out false: the model has nothing personal
 * to say, and *n_out is 0. RS_EARG: k, user or items of the profile out of range; RS_ENUMERIC.
 */
RS_MUST_USE enum rs_code rs_rank_one(const struct rs_model *m, const struct rs_profile *who,
                                     const int32_t *exclude, int32_t n_exclude,
                                     const uint64_t *allowed, int32_t k, void *scratch,
                                     struct rs_ranked *out, int32_t *n_out, bool *known_out,
                                     struct rs_err *err);
size_t rs_rank_one_scratch(const struct rs_model *m, int32_t k);

struct rs_rank_opts {
    int32_t k;                    /* 1 .. RS_MAX_K */
    const struct rs_csr *exclude; /* row of a query is left out; NULL: nothing */
    const struct rs_csr *exclude2;
    const uint64_t *allowed; /* bit set over items for all queries, or NULL */
};

/* Lists for n profiles; the caller begins the task, which counts profiles. rows[i]: the row of
 * `exclude` for profile i (-1: none); NULL: profile i's user. out[n x k], n_out[n]: 0 where the
 * model has nothing personal to say. Blocks of profiles run on all threads; the result does not
 * depend on blocks or threads. */
RS_MUST_USE enum rs_code rs_rank(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                                 const int32_t *rows, const struct rs_rank_opts *opts,
                                 struct rs_task *task, struct rs_ranked *out, int32_t *n_out,
                                 struct rs_err *err);

#endif
