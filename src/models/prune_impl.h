/*
 * prune - the k largest inner products x . y_i of one vector, without taking all of them.
 *
 * Items lie in descending order of |y_i|, in tiles of RS_PRUNE_TILE, beside themselves as 8-bit
 * integers: y_i = a q_i + e_i with one a a tile. x becomes b p + d likewise. A search takes the
 * integer products p . q_i from the first tile on, keeps the items whose score may reach the k-th
 * best, stops where no later norm can, and scores exactly what is left.
 *
 * Bound  Let |e_i| <= E, |y_i| <= N in a tile, so |a q_i| <= N + E. Among real numbers
 *            x . y_i = a b (p . q_i) + d . (a q_i) + x . e_i.
 *        A score is the float sum s_i of the products in the order of k, each rounded, so (Higham,
 *        Accuracy and Stability of Numerical Algorithms, 2002, 3.1)
 *            |s_i - x . y_i| <= g |x| |y_i| + t,   g = f u / (1 - f u), u = 2^-24;
 *        p . q_i is exact, and exact as a float: f <= 1024 gives |p . q_i| <= 127^2 1024 < 2^24.
 *        What is compared is r_i = fl(fl(a b) (p . q_i)),
 *            |r_i - a b (p . q_i)| <= 3 u |b p| |a q_i| + t.
 *        t = 2^-100 is more than underflow takes: 2^-126 of each of f products and sums, and of
 *        fl(a b), which is then multiplied by less than 2^24.
 *        With |b p| <= |x| + |d| together |s_i - r_i| <= w,
 *            w = |x| E + |d| (N + E) + g |x| N + 3 u (|x| + |d|) (N + E) + 2 t,
 *        one number a tile. E, N, |x|, |d| and w are rounded up, comparisons are made to the safe
 *        side. An item is left out only where r_i + w, or g N |x| + t past the last tile taken, is
 *        below k lower bounds r_j - w_j of items that may appear: then k scores are larger than its
 *        own, and no tie is lost.
 * Cost   n (f + 4) bytes beside the vectors; a search reads a prefix of them.
 */
#ifndef SRC_MODELS_PRUNE_IMPL_H
#define SRC_MODELS_PRUNE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rank_impl.h"
#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/models/rank.h"

#define RS_PRUNE_TILE  32   /* items of a tile */
#define RS_PRUNE_GROUP 4    /* factors of an item that lie together */
#define RS_PRUNE_MAX_F 1024 /* products stay below 2^24 */
#define RS_PRUNE_BATCH 8    /* tiles of one call of a kernel, at most */

struct rs_prune {
    int32_t n;
    int32_t f;
    int32_t n_tiles;
    int32_t n_groups;     /* ceil(f / GROUP) */
    const float *y;       /* [n x f], borrowed */
    const int32_t *order; /* [n] items by norm, descending; ties by index */
    const int8_t *codes;  /* [n_tiles x n_groups x TILE x GROUP], missing items and factors 0 */
    const float *bounds;  /* [3 x n_tiles]: a, E, N; N descends */
    void *own;            /* memory of the three; NULL where they lie in a file */
};

/* From y[n x f], every |y_ik| <= 1e15; y must outlive it. Equal y give equal arrays. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_prune_build(const float *y, int32_t n, int32_t f, struct rs_prune *out,
                                        struct rs_err *err);
void rs_prune_clear(struct rs_prune *p);

/* Sections "top.order", "top.codes", "top.bounds". load borrows them; where a file has none of them
 * (older programs wrote none) it builds. RS_EDAMAGED: not a permutation, not numbers. */
RS_MUST_USE enum rs_code rs_prune_save(const struct rs_prune *p, struct rs_writer *w,
                                       struct rs_err *err);
RS_MUST_USE enum rs_code rs_prune_load(const struct rs_reader *r, const float *y, int32_t n,
                                       int32_t f, struct rs_prune *out, struct rs_err *err);

/* The numbers of v[f] as integers -127 … 127 times step: factor k to codes[(k / GROUP) stride +
 * k % GROUP]. Returns |v - step codes|, rounded up. */
double rs_prune_quantise(const float *v, int32_t f, float step, int8_t *codes, size_t stride);
double rs_prune_norm(const float *v, int32_t f);   /* |v|, rounded up */
float rs_prune_largest(const float *v, int32_t f); /* max |v_k| */

/* A call of a kernel: r_i of the items of n tiles, and which of them reach their tile's floor. */
struct rs_prune_batch {
    const int8_t *codes; /* of the first tile */
    int32_t n;           /* tiles */
    int32_t n_groups;
    const int8_t *query;         /* [n_groups x GROUP] p */
    int32_t query_sum;           /* of p */
    float scale[RS_PRUNE_BATCH]; /* fl(a b) */
    float floor[RS_PRUNE_BATCH];
    float approx[RS_PRUNE_BATCH * RS_PRUNE_TILE]; /* out */
    uint32_t hits[RS_PRUNE_BATCH];                /* out: bit j: item j of the tile */
};

/* All variants give the same bytes. */
struct rs_prune_kernel {
    const char *name;
    bool (*usable)(void); /* on this processor */
    void (*scan)(struct rs_prune_batch *b);
};
extern const struct rs_prune_kernel *const rs_prune_kernels[]; /* fastest first, NULL-ended */
const struct rs_prune_kernel *rs_prune_kernel_best(void);

/* The k best items for x[f], every |x_k| <= 1e15: what exact scores and rs_topk give, to the bit;
 * out[k], *n_out of them. False: the bounds leave too much, scoring all items is faster (out then
 * holds nothing of use). scratch: rs_prune_scratch bytes, 64-byte aligned. */
bool rs_prune_top(const struct rs_prune *p, const struct rs_prune_kernel *kernel, const float *x,
                  const struct rs_filter *filter, int32_t k, void *scratch, struct rs_ranked *out,
                  int32_t *n_out);
size_t rs_prune_scratch(const struct rs_prune *p);

#endif
