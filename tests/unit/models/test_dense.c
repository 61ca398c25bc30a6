/* Every variant of the kernels gives the bytes of the plainest one, and right numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/dense_impl.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

static float *random_floats(uint64_t seed, size_t n)
{
    struct rs_rng rng = rs_rng_make(seed, 0);
    float *v = rs_try_alloc(n, sizeof(*v));
    for (size_t i = 0; i < n; i++) {
        v[i] = (float)rs_rng_normal(&rng);
    }
    return v;
}

static const struct rs_dense *plain(void)
{
    int last = 0;
    while (rs_dense_all[last + 1]) {
        last++;
    }
    return rs_dense_all[last];
}

/* Sums in the promised order, in float. The volatile keeps a compiler from reordering them. */
static float sum_product(const struct rs_product *g, int32_t row, int32_t col)
{
    volatile float s = 0;
    for (int32_t i = 0; i < g->depth; i++) {
        volatile float term =
            g->q[(size_t)i * g->ldq + (size_t)row] * g->p[(size_t)i * g->ldp + (size_t)col];
        s = s + term;
    }
    return s;
}

static void products_are_sums_in_order(void **state)
{
    (void)state;
    enum { LD = 96 };
    float *q = random_floats(1, 70 * LD);
    float *p = random_floats(2, 70 * LD);
    float *before = random_floats(3, 40 * LD);
    float *c = rs_try_alloc(40 * LD, sizeof(*c));
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct rs_rng rng = rs_rng_make(seed, 1);
        struct rs_product g = {.q = q,
                               .ldq = LD,
                               .p = p,
                               .ldp = LD,
                               .c = c,
                               .ldc = LD,
                               .depth = (int32_t)rs_rng_below(&rng, 70),
                               .rows = 1 + (int32_t)rs_rng_below(&rng, 40),
                               .cols = 16 * (1 + (int32_t)rs_rng_below(&rng, 6)),
                               .mode = (enum rs_product_mode)(seed % 3)};
        for (int v = 0; rs_dense_all[v]; v++) {
            if (!rs_dense_all[v]->usable()) continue;
            memcpy(c, before, 40 * LD * sizeof(*c));
            rs_dense_all[v]->product(&g);
            for (int32_t i = 0; i < 40 * LD; i++) {
                float want = before[i];
                if (i / LD < g.rows && i % LD < g.cols) {
                    float s = sum_product(&g, i / LD, i % LD);
                    want = g.mode == RS_PRODUCT_SET   ? s
                           : g.mode == RS_PRODUCT_ADD ? want + s
                                                      : want - s;
                }
                if (memcmp(&c[i], &want, sizeof(want)) != 0) {
                    fail_msg("%s seed %llu element %d: %.9g, want %.9g", rs_dense_all[v]->name,
                             (unsigned long long)seed, i, (double)c[i], (double)want);
                }
            }
        }
    }
    free(q);
    free(p);
    free(before);
    free(c);
}

/* A = B'B + I of order n with a right-hand side, in a[n x (n + 16)]. */
static float *positive_definite(uint64_t seed, int32_t n)
{
    size_t ld = (size_t)n + 16;
    float *b = random_floats(seed, (size_t)n * (size_t)n);
    float *a = rs_try_alloc((size_t)n, ld * sizeof(*a));
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < n; j++) {
            double s = i == j;
            for (int32_t k = 0; k < n; k++) {
                s += (double)b[k * n + i] * (double)b[k * n + j] / n;
            }
            a[(size_t)i * ld + (size_t)j] = (float)s;
        }
        a[(size_t)i * ld + (size_t)n] = b[i];
    }
    free(b);
    return a;
}

static void cholesky_solves_and_variants_agree(void **state)
{
    (void)state;
    for (int32_t n = 16; n <= 112; n += 32) {
        size_t ld = (size_t)n + 16;
        size_t bytes = (size_t)n * ld * sizeof(float);
        float *a = positive_definite((uint64_t)n, n);
        float *u = rs_try_alloc(1, bytes);
        float *x = rs_try_alloc((size_t)n, sizeof(*x));
        float *x_plain = rs_try_alloc((size_t)n, sizeof(*x_plain));
        for (int v = 0; rs_dense_all[v]; v++) {
            const struct rs_dense *dense = rs_dense_all[v];
            if (!dense->usable()) continue;
            for (int pass = 0; pass < 2; pass++) { /* the plain variant, then this one */
                const struct rs_dense *d = pass ? dense : plain();
                memcpy(u, a, bytes);
                assert_int_equal(d->cholesky(u, ld, n, (int32_t)ld), -1);
                float *out = pass ? x : x_plain;
                for (int32_t k = 0; k < n; k++) {
                    out[k] = u[(size_t)k * ld + (size_t)n];
                }
                d->back(u, ld, n, out);
            }
            assert_memory_equal(x, x_plain, (size_t)n * sizeof(*x));
        }
        for (int32_t i = 0; i < n; i++) {
            double s = 0;
            for (int32_t k = 0; k < n; k++) {
                s += (double)a[(size_t)i * ld + (size_t)k] * (double)x[k];
            }
            double want = (double)a[(size_t)i * ld + (size_t)n];
            assert_close(&s, &want, 1, 1e-4, (uint64_t)n); /* float, condition below 10 */
        }
        free(a);
        free(u);
        free(x);
        free(x_plain);
    }
}

static void indefinite_systems_are_refused_at_their_row(void **state)
{
    (void)state;
    enum { N = 48, LD = N + 16 };
    for (int v = 0; rs_dense_all[v]; v++) {
        if (!rs_dense_all[v]->usable()) continue;
        for (int32_t bad = 0; bad < N; bad += 7) {
            float *a = positive_definite(9, N);
            a[bad * LD + bad] = bad % 2 ? -1.0f : NAN;
            assert_int_equal(rs_dense_all[v]->cholesky(a, LD, N, LD), bad);
            free(a);
        }
        float *singular = rs_try_alloc(N * LD, sizeof(float)); /* rank one */
        for (int i = 0; i < N * LD; i++) {
            singular[i] = 1.0f;
        }
        assert_int_equal(rs_dense_all[v]->cholesky(singular, LD, N, LD), 1);
        free(singular);
    }
}

static void dots_and_rank_updates_agree(void **state)
{
    (void)state;
    enum { ROWS = 37, LD = 80 };
    float *p = random_floats(4, ROWS * LD);
    float *d = random_floats(5, ROWS);
    float *x = random_floats(6, LD);
    float want[LD];
    float got[LD];
    memset(want, 0, sizeof(want));
    plain()->rank_apply(p, LD, ROWS, d, x, want);
    for (int v = 0; rs_dense_all[v]; v++) {
        const struct rs_dense *dense = rs_dense_all[v];
        if (!dense->usable()) continue;
        for (size_t n = 0; n <= LD; n += 16) {
            float dot = dense->dot(p, x, n);
            float dot_plain = plain()->dot(p, x, n);
            double exact = 0;
            for (size_t k = 0; k < n; k++) {
                exact += (double)p[k] * (double)x[k];
            }
            assert_memory_equal(&dot, &dot_plain, sizeof(dot));
            assert_close(&dot, &exact, 1, 1e-5, n); /* 80 terms of float */
        }
        memset(got, 0, sizeof(got));
        dense->rank_apply(p, LD, ROWS, d, x, got);
        assert_memory_equal(got, want, sizeof(got));
    }
    for (int k = 0; k < LD; k++) {
        double exact = 0;
        for (int r = 0; r < ROWS; r++) {
            double s = 0;
            for (int c = 0; c < LD; c++) {
                s += (double)p[r * LD + c] * (double)x[c];
            }
            exact += (double)d[r] * s * (double)p[r * LD + k];
        }
        assert_close(&want[k], &exact, 1, 1e-4, 0); /* 3000 terms of float */
    }
    free(p);
    free(d);
    free(x);
}

static void a_score_is_the_same_alone_and_in_a_block(void **state)
{
    (void)state;
    for (int32_t n = 1; n <= 100; n += 11) {
        for (int32_t f = 1; f <= 40; f += 13) {
            enum { WHO = 19 };
            float *y = random_floats(7, (size_t)n * (size_t)f);
            float *xt = random_floats(8, (size_t)f * WHO);
            float *tiles = rs_try_alloc(rs_dense_tiles_size(n, f), sizeof(float));
            float *block = rs_try_alloc((size_t)n, WHO * sizeof(float));
            float *alone = rs_try_alloc((size_t)n, sizeof(float));
            float *x = rs_try_alloc((size_t)f, sizeof(float));
            rs_dense_tiles(y, n, f, tiles);
            rs_dense_score(tiles, n, f, xt, WHO, block);
            for (int32_t w = 0; w < WHO; w++) {
                for (int32_t k = 0; k < f; k++) {
                    x[k] = xt[k * WHO + w];
                }
                rs_dense_score(tiles, n, f, x, 1, alone);
                assert_memory_equal(alone, block + (size_t)w * (size_t)n,
                                    (size_t)n * sizeof(float));
                for (int32_t i = 0; i < n; i++) {
                    volatile float s = 0;
                    for (int32_t k = 0; k < f; k++) {
                        volatile float term = x[k] * y[i * f + k];
                        s = s + term;
                    }
                    float want = s;
                    assert_memory_equal(&alone[i], &want, sizeof(want));
                }
            }
            free(y);
            free(xt);
            free(tiles);
            free(block);
            free(alone);
            free(x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_sums_in_order),
        cmocka_unit_test(cholesky_solves_and_variants_agree),
        cmocka_unit_test(indefinite_systems_are_refused_at_their_row),
        cmocka_unit_test(dots_and_rank_updates_agree),
        cmocka_unit_test(a_score_is_the_same_alone_and_in_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
