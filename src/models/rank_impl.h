/*
 * rank_impl - a list as it grows to k, and what lists leave out, put together.
 */
#ifndef SRC_MODELS_RANK_IMPL_H
#define SRC_MODELS_RANK_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "rs/models/rank.h"

/* Bytes up to the next boundary of scratch memory. */
static inline size_t rs_round64(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* Union of two ascending rows into out[n_a + n_b]; returns its length. */
int32_t rs_rank_merge(const int32_t *a, int64_t n_a, const int32_t *b, int64_t n_b, int32_t *out);

/* The k best of what was offered, in any order: a heap with the worst at its root. */
struct rs_top {
    struct rs_ranked *heap; /* [k] */
    int32_t n;
    int32_t k;
};
void rs_top_offer(struct rs_top *t, struct rs_ranked item);
void rs_top_sort(struct rs_top *t); /* heap becomes the list, best first */

#endif
