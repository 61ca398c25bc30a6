/* dense - the variants of the kernels, which one runs, and what is built from them. */
#include "dense_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"

#include "dense_body.h" /* any processor: 4 lanes */

#if defined(__x86_64__)
#define DENSE_LANES   8
#define DENSE_ROWS    4
#define DENSE_NAME(x) avx2_##x
#define DENSE_TARGET  __attribute__((target("avx2")))
#include "dense_body.h"

#define DENSE_LANES   16
#define DENSE_ROWS    8
#define DENSE_NAME(x) avx512_##x
#define DENSE_TARGET  __attribute__((target("avx512f")))
#include "dense_body.h"

static bool avx2_usable(void)
{
    return __builtin_cpu_supports("avx2");
}

static bool avx512_usable(void)
{
    return __builtin_cpu_supports("avx512f");
}
#endif

static bool base_usable(void)
{
    return true;
}

#define VARIANT(x)                               \
    static const struct rs_dense x##_kernels = { \
        .name = #x,                              \
        .usable = x##_usable,                    \
        .product = x##_product,                  \
        .cholesky = x##_cholesky,                \
        .back = x##_back,                        \
        .dot = x##_dot,                          \
        .rank_apply = x##_rank_apply,            \
    }
VARIANT(base);
#if defined(__x86_64__)
VARIANT(avx2);
VARIANT(avx512);
const struct rs_dense *const rs_dense_all[] = {&avx512_kernels, &avx2_kernels, &base_kernels, NULL};
#else
const struct rs_dense *const rs_dense_all[] = {&base_kernels, NULL};
#endif

const struct rs_dense *rs_dense_best(void)
{
    int i = 0;
    while (rs_dense_all[i + 1] && !rs_dense_all[i]->usable()) {
        i++; /* the last one always is */
    }
    return rs_dense_all[i];
}

void rs_dense_tiles(const float *v, int32_t n, int32_t f, float *tiles)
{
    memset(tiles, 0, rs_dense_tiles_size(n, f) * sizeof(*tiles));
    for (int32_t i = 0; i < n; i++) {
        float *tile = tiles + (size_t)(i / RS_DENSE_TILE) * RS_DENSE_TILE * (size_t)f;
        for (int32_t k = 0; k < f; k++) {
            tile[(size_t)k * RS_DENSE_TILE + (size_t)(i % RS_DENSE_TILE)] =
                v[(size_t)i * (size_t)f + (size_t)k];
        }
    }
}

void rs_dense_score(const float *tiles, int32_t n, int32_t f, const float *xt, int32_t rows,
                    float *out)
{
    const struct rs_dense *dense = rs_dense_best();
    enum { GROUP = 64 }; /* rows of the last tile's buffer */
    float last[GROUP * RS_DENSE_TILE];
    struct rs_product g = {.q = xt,
                           .ldq = (size_t)rows,
                           .p = tiles,
                           .ldp = RS_DENSE_TILE,
                           .ldc = (size_t)n,
                           .depth = f,
                           .rows = rows,
                           .cols = RS_DENSE_TILE};
    int32_t whole = n / RS_DENSE_TILE * RS_DENSE_TILE;
    for (int32_t i = 0; i < whole; i += RS_DENSE_TILE, g.p += (size_t)f * RS_DENSE_TILE) {
        g.c = out + i;
        dense->product(&g);
    }
    if (whole == n) return;
    g.c = last; /* the last tile reaches past the end of a row of out */
    g.ldc = RS_DENSE_TILE;
    for (int32_t row = 0; row < rows; row += GROUP) {
        g.q = xt + row;
        g.rows = rows - row < GROUP ? rows - row : GROUP;
        dense->product(&g);
        for (int32_t r = 0; r < g.rows; r++) {
            memcpy(out + (size_t)(row + r) * (size_t)n + whole, last + r * RS_DENSE_TILE,
                   (size_t)(n - whole) * sizeof(*out));
        }
    }
}

double rs_dense_rate(void)
{
    enum { N = 64, LOOPS = 200 };
    float v[N * N];
    float c[N * N];
    memset(v, 0, sizeof(v));
    const struct rs_dense *dense = rs_dense_best();
    struct rs_product g = {.q = v,
                           .ldq = N,
                           .p = v,
                           .ldp = N,
                           .c = c,
                           .ldc = N,
                           .depth = N,
                           .rows = N,
                           .cols = N,
                           .mode = RS_PRODUCT_SET};
    dense->product(&g); /* warm */
    int64_t begun = rs_clock_mono_ns();
    for (int i = 0; i < LOOPS; i++) {
        dense->product(&g);
    }
    int64_t ns = rs_clock_mono_ns() - begun;
    return 2.0 * N * N * N * LOOPS / (1e-9 * (double)(ns > 0 ? ns : 1));
}
