/*
 * prop_rng - Philox against its published vectors, order and thread independence, distributions.
 *
 * The seeds are fixed, so a statistical bound either holds always or never. Bounds on chi-square
 * and Kolmogorov-Smirnov statistics are at p = 1e-6 or further out.
 */
#include "ref/support.h"

#include <math.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"

static void check_vector(const uint32_t ctr[4], const uint32_t key[2], const uint32_t want[4])
{
    uint32_t got[4];
    rs_rng_block(key[0] | (uint64_t)key[1] << 32, ctr[2] | (uint64_t)ctr[3] << 32,
                 ctr[0] | (uint64_t)ctr[1] << 32, got);
    for (int i = 0; i < 4; i++)
        assert_int_equal(got[i], want[i]);
}

static void known_answers(void **state) /* philox4x32, 10 rounds: kat_vectors of Random123 */
{
    (void)state;
    check_vector((uint32_t[]){0, 0, 0, 0}, (uint32_t[]){0, 0},
                 (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check_vector((uint32_t[]){0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                 (uint32_t[]){0xffffffff, 0xffffffff},
                 (uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check_vector((uint32_t[]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                 (uint32_t[]){0xa4093822, 0x299f31d0},
                 (uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void order_and_threads_do_not_matter(void **state)
{
    (void)state;
    enum { N = 4096 };
    uint64_t *want = rs_xalloc(N, sizeof(*want));
    uint64_t *got = rs_xalloc(N, sizeof(*got));
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (int i = 0; i < N; i++) {
            struct rs_rng r = rs_rng_make(seed, rs_rng_stream("row", (uint64_t)i));
            (void)rs_rng_normal(&r);
            want[i] = rs_rng_next64(&r);
        }
#pragma omp parallel for num_threads(4) schedule(dynamic, 7)
        for (int i = N - 1; i >= 0; i--) {
            struct rs_rng r = rs_rng_make(seed, rs_rng_stream("row", (uint64_t)i));
            (void)rs_rng_normal(&r);
            got[i] = rs_rng_next64(&r);
        }
        assert_memory_equal(got, want, N * sizeof(*want));
    }
    free(got);
    free(want);
}

/* Chi-square of counts against equal expectation. */
static double chi_square(const int64_t *counts, int n, double expected)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double d = (double)counts[i] - expected;
        sum += d * d / expected;
    }
    return sum;
}

/* Wilson-Hilferty: the statistic as a standard normal deviate, valid for df >= 30. */
static double chi_deviate(double chi, int df)
{
    double v = 2.0 / (9.0 * df);
    return (cbrt(chi / df) - (1 - v)) / sqrt(v);
}

static void assert_uniform(const int64_t *counts, int n, double expected, const char *what)
{
    double z = chi_deviate(chi_square(counts, n, expected), n - 1);
    if (fabs(z) > 4.9) fail_msg("%s: chi-square lies %.2f deviations off", what, z);
}

static void bytes_are_uniform(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        int64_t counts[256] = {0};
        struct rs_rng r = rs_rng_make(seed, 0);
        for (int i = 0; i < 100000; i++) {
            uint32_t v = rs_rng_next32(&r);
            for (int b = 0; b < 4; b++)
                counts[v >> 8 * b & 255]++;
        }
        assert_uniform(counts, 256, 400000.0 / 256, "bytes of one stream");
    }
}

/* First words of neighbouring streams, seeds and blocks: what keying by row relies on. */
static void neighbours_are_unrelated(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        int64_t pairs[256] = {0}; /* top 4 bits of one and of the next */
        uint64_t last = 0;
        for (uint64_t i = 0; i < 200001; i++) {
            uint64_t v = kind == 0   ? rs_rng_u64(i, 0, 0)
                         : kind == 1 ? rs_rng_u64(0, i, 0)
                                     : rs_rng_u64(0, 0, i);
            if (i > 0) pairs[(last >> 60) << 4 | v >> 60]++;
            last = v;
        }
        assert_uniform(pairs, 256, 200000.0 / 256, "pairs of neighbours");
    }
}

static void below_is_unbiased(void **state)
{
    (void)state;
    static const int sides[] = {37, 64, 100, 255};
    for (size_t s = 0; s < 4; s++) {
        int64_t counts[256] = {0};
        struct rs_rng r = rs_rng_make(11, s);
        for (int i = 0; i < 200000; i++)
            counts[rs_rng_below(&r, (uint64_t)sides[s])]++;
        assert_uniform(counts, sides[s], 200000.0 / sides[s], "below");
    }
    /* 3/4 of 2^64: a plain remainder would hit the lower third twice as often */
    int64_t thirds[48] = {0};
    struct rs_rng r = rs_rng_make(12, 0);
    for (int i = 0; i < 200000; i++)
        thirds[rs_rng_below(&r, UINT64_C(3) << 62) >> 58]++;
    assert_uniform(thirds, 48, 200000.0 / 48, "below 3/4 of the range");
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times the largest distance between the sample's distribution and cdf. */
static double kolmogorov(double *v, int n, double (*cdf)(double))
{
    qsort(v, (size_t)n, sizeof(*v), by_value);
    double d = 0;
    for (int i = 0; i < n; i++) {
        double p = cdf(v[i]);
        d = fmax(d, fmax(fabs(p - (double)i / n), fabs(p - (i + 1.0) / n)));
    }
    return d * sqrt(n);
}

static double cdf_uniform(double x)
{
    return x;
}

static double cdf_normal(double x)
{
    return 0.5 * erfc(-x / M_SQRT2);
}

static double cdf_gamma_half(double x) /* chi-square of one degree, halved */
{
    return erf(sqrt(x));
}

static double cdf_gamma_3(double x) /* Erlang */
{
    return 1 - exp(-x) * (1 + x + x * x / 2);
}

static void distributions_fit(void **state)
{
    (void)state;
    enum { N = 100000 };
    double *v = rs_xalloc(N, sizeof(*v));
    for (int kind = 0; kind < 4; kind++) {
        struct rs_rng r = rs_rng_make(5, (uint64_t)kind);
        for (int i = 0; i < N; i++) {
            v[i] = kind == 0   ? rs_rng_uniform(&r)
                   : kind == 1 ? rs_rng_normal(&r)
                   : kind == 2 ? rs_rng_gamma(&r, 0.5)
                               : rs_rng_gamma(&r, 3);
        }
        double (*const cdfs[])(double) = {cdf_uniform, cdf_normal, cdf_gamma_half, cdf_gamma_3};
        double d = kolmogorov(v, N, cdfs[kind]);
        if (d > 2.7) fail_msg("distribution %d lies %.2f off", kind, d); /* p = 2 exp(-2 d^2) */
    }
    free(v);
}

static void shuffles_are_uniform(void **state)
{
    (void)state;
    int64_t counts[120] = {0}; /* permutations of five */
    struct rs_rng r = rs_rng_make(21, 0);
    for (int i = 0; i < 120000; i++) {
        int64_t v[5] = {0, 1, 2, 3, 4};
        rs_rng_shuffle(&r, v, 5);
        int rank = 0;
        for (int a = 0; a < 5; a++) {
            int smaller = 0;
            for (int b = a + 1; b < 5; b++)
                smaller += v[b] < v[a];
            rank = rank * (5 - a) + smaller;
        }
        counts[rank]++;
    }
    assert_uniform(counts, 120, 1000, "permutations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),        cmocka_unit_test(order_and_threads_do_not_matter),
        cmocka_unit_test(bytes_are_uniform),    cmocka_unit_test(neighbours_are_unrelated),
        cmocka_unit_test(below_is_unbiased),    cmocka_unit_test(distributions_fit),
        cmocka_unit_test(shuffles_are_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
