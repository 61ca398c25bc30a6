/*
 * dense - small dense kernels on float: products, Cholesky, dots.
 *
 * Written once over vectors (dense_body.h), compiled for several vector widths, chosen at run time.
 * Every element of a result is one sum in one order, without fused multiply-add, whatever the width
 * and however rows are grouped. So all variants give the same bytes: a score does not depend on
 * what is scored beside it, and nothing on how wide the processor's vectors are.
 */
#ifndef SRC_MODELS_DENSE_IMPL_H
#define SRC_MODELS_DENSE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_DENSE_BLOCK 16 /* columns and orders are multiples of it */
#define RS_DENSE_TILE  32 /* items in a tile of a transposed matrix */

static inline size_t rs_dense_round(size_t n)
{
    return (n + RS_DENSE_BLOCK - 1) / RS_DENSE_BLOCK * RS_DENSE_BLOCK;
}

enum rs_product_mode { RS_PRODUCT_SET, RS_PRODUCT_ADD, RS_PRODUCT_SUB };

/* s = sum over i < depth, ascending, of q[i ldq + row] p[i ldp + col];
 * c[row ldc + col] = s, += s or -= s. cols is a multiple of RS_DENSE_BLOCK. */
struct rs_product {
    const float *q; /* [depth x ldq] */
    size_t ldq;
    const float *p; /* [depth x ldp] */
    size_t ldp;
    float *c; /* [rows x ldc] */
    size_t ldc;
    int32_t depth;
    int32_t rows;
    int32_t cols;
    enum rs_product_mode mode;
};

/* n and ld are multiples of RS_DENSE_BLOCK. */
struct rs_dense {
    const char *name;
    bool (*usable)(void); /* on this processor */
    void (*product)(const struct rs_product *g);
    /* Upper triangle of a[n x ld] becomes U with U'U = A; columns n..cols-1, right-hand sides,
     * become U'^-1 of themselves. What is below the diagonal is overwritten. Returns -1, or the
     * first row whose pivot has no correct digit left (not positive definite). */
    int32_t (*cholesky)(float *a, size_t ld, int32_t n, int32_t cols);
    void (*back)(const float *u, size_t ld, int32_t n, float *x); /* x := U^-1 x */
    float (*dot)(const float *a, const float *b, size_t n);
    /* out += sum over i < rows of d[i] (p_i . v) p_i, p_i = p[i ld ..] */
    void (*rank_apply)(const float *p, size_t ld, int32_t rows, const float *d, const float *v,
                       float *out);
};

extern const struct rs_dense *const rs_dense_all[]; /* widest first, NULL-ended */
const struct rs_dense *rs_dense_best(void);         /* the first usable one */

/* Rows v[n x f] as tiles[ceil(n / TILE) x f x TILE], missing rows zero. */
void rs_dense_tiles(const float *v, int32_t n, int32_t f, float *tiles);
static inline size_t rs_dense_tiles_size(int32_t n, int32_t f)
{
    return ((size_t)n + RS_DENSE_TILE - 1) / RS_DENSE_TILE * RS_DENSE_TILE * (size_t)f;
}
/* out[rows x n] = scores of columns xt[f x rows] against tiled vectors; each is a sum over f,
 * ascending. */
void rs_dense_score(const float *tiles, int32_t n, int32_t f, const float *xt, int32_t rows,
                    float *out);
/* Floating-point operations a second of one thread, measured in about a millisecond. */
double rs_dense_rate(void);

#endif
