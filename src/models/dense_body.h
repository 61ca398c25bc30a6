/*
 * dense_body - the kernels of dense_impl.h over vectors of DENSE_LANES floats.
 *
 * Included once a variant, with DENSE_LANES (4, 8 or 16), DENSE_ROWS (rows of a register tile),
 * DENSE_NAME(x) and DENSE_TARGET defined. Alone it is the variant for any processor.
 */
#ifndef DENSE_LANES
#include <float.h>
#include <math.h>

#include "dense_impl.h"
#define DENSE_LANES   4
#define DENSE_ROWS    4
#define DENSE_NAME(x) base_##x
#define DENSE_TARGET
#endif

#define DENSE_INLINE static inline __attribute__((always_inline)) DENSE_TARGET
#define DENSE_PARTS  (16 / DENSE_LANES)            /* vectors of one block */
#define DENSE_WIDE   (RS_DENSE_TILE / DENSE_LANES) /* vectors of one tile */
#define vec          DENSE_NAME(vec)
#define quad         DENSE_NAME(quad)

typedef float vec __attribute__((vector_size(4 * DENSE_LANES), aligned(4), may_alias));
typedef float quad __attribute__((vector_size(16)));

/* One register tile: mr rows by nr vectors, both known when compiled. */
DENSE_INLINE void DENSE_NAME(product_tile)(const int mr, const int nr, const struct rs_product *g,
                                           int32_t row, int32_t col)
{
    vec acc[DENSE_ROWS][DENSE_WIDE];
#pragma GCC unroll 8
    for (int a = 0; a < mr; a++) {
#pragma GCC unroll 8
        for (int b = 0; b < nr; b++) {
            acc[a][b] = (vec){0};
        }
    }
    const float *q = g->q + row;
    const float *p = g->p + col;
    for (int32_t i = 0; i < g->depth; i++, q += g->ldq, p += g->ldp) {
#pragma GCC unroll 8
        for (int a = 0; a < mr; a++) {
#pragma GCC unroll 8
            for (int b = 0; b < nr; b++) {
                acc[a][b] += q[a] * *(const vec *)(p + DENSE_LANES * b);
            }
        }
    }
#pragma GCC unroll 8
    for (int a = 0; a < mr; a++) {
        float *c = g->c + (size_t)(row + a) * g->ldc + col;
#pragma GCC unroll 8
        for (int b = 0; b < nr; b++, c += DENSE_LANES) {
            vec s = acc[a][b];
            if (g->mode == RS_PRODUCT_ADD) s = *(vec *)c + s;
            if (g->mode == RS_PRODUCT_SUB) s = *(vec *)c - s;
            *(vec *)c = s;
        }
    }
}

DENSE_INLINE void DENSE_NAME(product_rows)(const int mr, const int nr, const struct rs_product *g,
                                           int32_t row)
{
    int32_t col = 0;
    for (; col + nr * DENSE_LANES <= g->cols; col += nr * DENSE_LANES) {
        DENSE_NAME(product_tile)(mr, nr, g, row, col);
    }
    for (; col < g->cols; col += DENSE_LANES) {
        DENSE_NAME(product_tile)(mr, 1, g, row, col);
    }
}

DENSE_TARGET static void DENSE_NAME(product)(const struct rs_product *g)
{
    int32_t row = 0;
    for (; row + DENSE_ROWS <= g->rows; row += DENSE_ROWS) {
        DENSE_NAME(product_rows)(DENSE_ROWS, 2, g, row);
    }
    for (; row < g->rows; row++) {
        DENSE_NAME(product_rows)(1, DENSE_WIDE, g, row);
    }
}

/* Sixteen partial sums become one, halves onto each other: the same for every width. */
DENSE_INLINE float DENSE_NAME(fold)(const vec *acc)
{
#if DENSE_LANES == 16
    quad a = __builtin_shufflevector(acc[0], acc[0], 0, 1, 2, 3);
    quad b = __builtin_shufflevector(acc[0], acc[0], 4, 5, 6, 7);
    quad c = __builtin_shufflevector(acc[0], acc[0], 8, 9, 10, 11);
    quad d = __builtin_shufflevector(acc[0], acc[0], 12, 13, 14, 15);
#elif DENSE_LANES == 8
    quad a = __builtin_shufflevector(acc[0], acc[0], 0, 1, 2, 3);
    quad b = __builtin_shufflevector(acc[0], acc[0], 4, 5, 6, 7);
    quad c = __builtin_shufflevector(acc[1], acc[1], 0, 1, 2, 3);
    quad d = __builtin_shufflevector(acc[1], acc[1], 4, 5, 6, 7);
#else
    quad a = acc[0];
    quad b = acc[1];
    quad c = acc[2];
    quad d = acc[3];
#endif
    quad s = (a + c) + (b + d);
    return (s[0] + s[2]) + (s[1] + s[3]);
}

/* out[r] = p_r . v for m rows, m known when compiled. */
DENSE_INLINE void DENSE_NAME(dots)(const int m, const float *p, size_t ld, const float *v, size_t n,
                                   float *out)
{
    vec acc[4][DENSE_PARTS];
#pragma GCC unroll 4
    for (int r = 0; r < m; r++) {
#pragma GCC unroll 4
        for (int l = 0; l < DENSE_PARTS; l++) {
            acc[r][l] = (vec){0};
        }
    }
    for (size_t i = 0; i < n; i += 16) {
#pragma GCC unroll 4
        for (int r = 0; r < m; r++) {
#pragma GCC unroll 4
            for (int l = 0; l < DENSE_PARTS; l++) {
                size_t at = i + (size_t)l * DENSE_LANES;
                acc[r][l] += *(const vec *)(p + (size_t)r * ld + at) * *(const vec *)(v + at);
            }
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < m; r++) {
        out[r] = DENSE_NAME(fold)(acc[r]);
    }
}

DENSE_TARGET static float DENSE_NAME(dot)(const float *a, const float *b, size_t n)
{
    float s;
    DENSE_NAME(dots)(1, a, 0, b, n, &s);
    return s;
}

/* m rows of rank_apply: their sums come one after the other, as they would alone. */
DENSE_INLINE void DENSE_NAME(rank_rows)(const int m, const float *p, size_t ld, const float *d,
                                        const float *v, float *out)
{
    float s[4];
    DENSE_NAME(dots)(m, p, ld, v, ld, s);
    for (size_t c = 0; c < ld; c += DENSE_LANES) {
        vec sum = *(const vec *)(out + c);
#pragma GCC unroll 4
        for (int r = 0; r < m; r++) {
            sum += d[r] * s[r] * *(const vec *)(p + (size_t)r * ld + c);
        }
        *(vec *)(out + c) = sum;
    }
}

DENSE_TARGET static void DENSE_NAME(rank_apply)(const float *p, size_t ld, int32_t rows,
                                                const float *d, const float *v, float *out)
{
    int32_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        DENSE_NAME(rank_rows)(4, p + (size_t)i * ld, ld, d + i, v, out);
    }
    for (; i < rows; i++) {
        DENSE_NAME(rank_rows)(1, p + (size_t)i * ld, ld, d + i, v, out);
    }
}

/* Rows r0 .. r0+15 of U, given all rows above: their diagonal block, then what is right of it. */
DENSE_INLINE int32_t DENSE_NAME(cholesky_block)(float *a, size_t ld, int32_t r0, int32_t cols,
                                                const float *diagonal)
{
    float *block = a + (size_t)r0 * ld + r0;
    for (int32_t k = 0; k < 16; k++) {
        float *row = block + (size_t)k * ld;
        /* !(>) is true of NaN too */
        if (!(row[k] > FLT_EPSILON * diagonal[k])) return r0 + k;
        float inverse = 1.0f / sqrtf(row[k]);
        for (int32_t c = 0; c < cols - r0; c += DENSE_LANES) {
            *(vec *)(row + c) *= inverse;
        }
        for (int32_t c = 0; c < k; c++) {
            row[c] = 0.0f;
        }
        for (int32_t m = k + 1; m < 16; m++) {
            float *below = block + (size_t)m * ld;
            float factor = row[m];
            for (int32_t c = 0; c < cols - r0; c += DENSE_LANES) {
                *(vec *)(below + c) -= factor * *(vec *)(row + c);
            }
        }
    }
    return -1;
}

DENSE_TARGET static int32_t DENSE_NAME(cholesky)(float *a, size_t ld, int32_t n, int32_t cols)
{
    for (int32_t r0 = 0; r0 < n; r0 += 16) {
        float *block = a + (size_t)r0 * ld + r0;
        float diagonal[16];
        for (int32_t k = 0; k < 16; k++) {
            diagonal[k] = block[(size_t)k * ld + (size_t)k];
        }
        struct rs_product g = {.q = a + r0,
                               .ldq = ld,
                               .p = a + r0,
                               .ldp = ld,
                               .c = block,
                               .ldc = ld,
                               .depth = r0,
                               .rows = 16,
                               .cols = cols - r0,
                               .mode = RS_PRODUCT_SUB};
        if (r0) DENSE_NAME(product)(&g);
        int32_t bad = DENSE_NAME(cholesky_block)(a, ld, r0, cols, diagonal);
        if (bad >= 0) return bad;
    }
    return -1;
}

DENSE_TARGET static void DENSE_NAME(back)(const float *u, size_t ld, int32_t n, float *x)
{
    for (int32_t r0 = n - 16; r0 >= 0; r0 -= 16) {
        const float *block = u + (size_t)r0 * ld + r0;
        for (int32_t k = 0; k < 16; k += 4) {
            float right[4];
            DENSE_NAME(dots)
            (4, block + (size_t)k * ld + 16, ld, x + r0 + 16, (size_t)(n - r0 - 16), right);
            for (int32_t m = 0; m < 4; m++) {
                x[r0 + k + m] -= right[m];
            }
        }
        for (int32_t k = 15; k >= 0; k--) {
            float s = x[r0 + k] / block[(size_t)k * ld + (size_t)k];
            x[r0 + k] = s;
            for (int32_t m = 0; m < k; m++) {
                x[r0 + m] -= s * block[(size_t)m * ld + (size_t)k];
            }
        }
    }
}

#undef DENSE_INLINE
#undef DENSE_PARTS
#undef DENSE_WIDE
#undef DENSE_LANES
#undef DENSE_ROWS
#undef DENSE_NAME
#undef DENSE_TARGET
#undef vec
#undef quad
