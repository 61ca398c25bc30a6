/* Means, intervals, the signed-rank test against scipy's numbers, Holm, verdicts. */
#include "ref/support.h"

#include <math.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "rs/eval/stats.h"

enum { MAX_N = 600, COLS = 3 };

static void mean_of_few(void **state)
{
    (void)state;
    const double v[] = {1.0, 2.0, 6.0};
    assert_true(rs_mean(v, 3) == 3.0);
    assert_true(rs_mean(v, 1) == 1.0);
    assert_true(isnan(rs_mean(v, 0)));
}

/* v[n x COLS]: a uniform column, 2 x + 1 of it, and a constant. */
static void make_columns(double *v, int n, uint64_t seed)
{
    struct rs_rng rng = rs_rng_make(seed, 1);
    for (int i = 0; i < n; i++) {
        v[i * COLS] = rs_rng_uniform(&rng);
        v[i * COLS + 1] = 2.0 * v[i * COLS] + 1.0;
        v[i * COLS + 2] = 0.25;
    }
}

/* Normal theory: the mean of 600 uniform values has deviation sqrt(1/12/600); the interval of 4000
 * samples must be within 8 % of 2 x 1.96 of the sample's own. */
static void interval_has_the_width_of_theory(void **state)
{
    (void)state;
    static double v[MAX_N * COLS];
    struct rs_err err = {0};
    struct rs_interval got[COLS];
    make_columns(v, MAX_N, 7);
    assert_ok(rs_bootstrap_means(v, MAX_N, COLS, 4000, 42, got, &err), &err);
    double mean = 0.0;
    double squares = 0.0;
    for (int i = 0; i < MAX_N; i++) {
        mean += v[i * COLS] / MAX_N;
        squares += v[i * COLS] * v[i * COLS] / MAX_N;
    }
    double deviation = sqrt((squares - mean * mean) / MAX_N);
    double ratio = (got[0].hi - got[0].lo) / (2.0 * 1.959964 * deviation);
    assert_true(ratio > 0.92 && ratio < 1.08);
    assert_true(got[0].lo < mean && mean < got[0].hi);
}

/* Same resamples for every column: 2 x + 1 has the interval of x, transformed; a constant, itself. */
static void columns_share_resamples(void **state)
{
    (void)state;
    static double v[101 * COLS];
    struct rs_err err = {0};
    struct rs_interval got[COLS];
    make_columns(v, 101, 8);
    assert_ok(rs_bootstrap_means(v, 101, COLS, 501, 1, got, &err), &err);
    const double want[] = {2.0 * got[0].lo + 1.0, 2.0 * got[0].hi + 1.0, 0.25, 0.25};
    const double have[] = {got[1].lo, got[1].hi, got[2].lo, got[2].hi};
    assert_close(have, want, 4, 1e-12, 8);
}

static void same_on_any_number_of_threads(void **state)
{
    (void)state;
    static double v[333 * COLS];
    struct rs_err err = {0};
    struct rs_interval want[COLS];
    make_columns(v, 333, 9);
    rs_par_set_threads(1);
    assert_ok(rs_bootstrap_means(v, 333, COLS, 203, 3, want, &err), &err);
    for (int threads = 2; threads <= 5; threads++) {
        struct rs_interval got[COLS];
        rs_par_set_threads(threads);
        assert_ok(rs_bootstrap_means(v, 333, COLS, 203, 3, got, &err), &err);
        assert_memory_equal(got, want, sizeof(want));
    }
    rs_par_set_threads(0);
    struct rs_interval other[COLS];
    assert_ok(rs_bootstrap_means(v, 333, COLS, 203, 4, other, &err), &err);
    assert_true(other[0].lo != want[0].lo); /* the seed does change it */
}

static void few_users(void **state)
{
    (void)state;
    const double v[] = {0.5, 3.0};
    struct rs_err err = {0};
    struct rs_interval got[2];
    assert_ok(rs_bootstrap_means(v, 0, 2, 10, 1, got, &err), &err);
    assert_true(isnan(got[0].lo) && isnan(got[1].hi));
    assert_ok(rs_bootstrap_means(v, 1, 2, 10, 1, got, &err), &err);
    assert_true(got[0].lo == 0.5 && got[0].hi == 0.5 && got[1].lo == 3.0 && got[1].hi == 3.0);
    assert_ok(rs_bootstrap_means(v, 2, 1, 1, 1, got, &err), &err); /* one sample: a point */
    assert_true(got[0].lo == got[0].hi);
}

static void not_a_number_stays_in_its_column(void **state)
{
    (void)state;
    const double v[] = {0.5, 1.0, (double)NAN, 1.0, 0.75, 1.0};
    struct rs_err err = {0};
    struct rs_interval got[2];
    assert_ok(rs_bootstrap_means(v, 3, 2, 100, 1, got, &err), &err);
    assert_true(isnan(got[0].lo) && isnan(got[0].hi));
    assert_true(got[1].lo == 1.0 && got[1].hi == 1.0);
}

static void refused_arguments(void **state)
{
    (void)state;
    const double v[] = {0.5};
    struct rs_err err = {0};
    struct rs_interval got[1];
    struct rs_paired paired;
    assert_code(rs_bootstrap_means(v, 1, 1, 0, 1, got, &err), RS_EARG, &err, "0 samples");
    assert_code(rs_bootstrap_means(v, 1, 0, 5, 1, got, &err), RS_EARG, &err, "0 columns");
    assert_code(rs_bootstrap_means(v, (int64_t)1 << 40, 1, 5, 1, got, &err), RS_EARG, &err,
                "users");
    assert_code(rs_compare_paired(v, v, 1, 0, 1, &paired, &err), RS_EARG, &err, "0 samples");
}

static double p_of(const double *d, int64_t n)
{
    struct rs_err err = {0};
    double p = (double)NAN;
    assert_ok(rs_wilcoxon(d, n, &p, &err), &err);
    return p;
}

/* d[i] = i + 1, negative where i i mod 7 > 2 (and, with thirds, i mod 3 > 0): no ties, no zeros. */
static double p_of_distinct(int n, int thirds)
{
    double d[MAX_N];
    for (int i = 0; i < n; i++) {
        d[i] = i + 1.0;
        if (i * i % 7 > 2 && (!thirds || i % 3 > 0)) d[i] = -d[i];
    }
    return p_of(d, n);
}

/* d[i] = ((31 i) mod 11 - shift) / 4: ties and zeros. */
static double p_of_tied(int n, int shift)
{
    double d[MAX_N];
    for (int i = 0; i < n; i++) {
        d[i] = (i * 31 % 11 - shift) / 4.0;
    }
    return p_of(d, n);
}

/* Numbers of scipy.stats.wilcoxon 1.17.1 (zero_method="wilcox", correction=False, method="auto"). */
static void wilcoxon_equals_scipy(void **state)
{
    (void)state;
    const double few[] = {1.5, -0.5, 2.5, 3.0, -1.0, 4.0};
    const double tied_8[] = {1, 1, 2, -2, 3, 0, 4, 0};
    const double tied_14[] = {1, 1, 2, -2, 3, 0, 4, 5, -1, 2, 2, 6, -3, 7};
    const double got[] = {
        p_of(few, 6),         p_of(few, 1),         p_of(tied_8, 8),       p_of(tied_14, 13),
        p_of(tied_14, 14),    p_of_distinct(20, 0), p_of_distinct(49, 1),  p_of_distinct(50, 0),
        p_of_distinct(50, 1), p_of_distinct(51, 0), p_of_distinct(200, 0), p_of_tied(30, 4),
        p_of_tied(30, 5),     p_of_tied(593, 4),    p_of_tied(593, 5),
    };
    const double want[] = {
        0.15625,
        1.0,
        0.1875,
        0.076171875,
        0.038346475151991855,
        0.1893482208251953,
        0.0004385102176271971,
        0.006131180232502587,
        0.0002409992117797799,
        0.004127089866598204,
        1.4780507501642945e-07,
        0.0802910526821016,
        0.8753010987051526,
        2.859740540402124e-13,
        0.9700806700629524,
    };
    assert_close(got, want, sizeof(want) / sizeof(*want), 1e-12, 0);
    assert_true(fabs(got[10] / want[10] - 1.0) < 1e-9); /* the small ones relatively too */
    assert_true(fabs(got[13] / want[13] - 1.0) < 1e-9);
}

static void wilcoxon_without_differences(void **state)
{
    (void)state;
    const double zeros[60] = {0};
    assert_true(p_of(zeros, 0) == 1.0);
    assert_true(p_of(zeros, 5) == 1.0);
    assert_true(p_of(zeros, 60) == 1.0);
}

/* p 0.01 0.04 0.03 0.005 of four: 4 x 0.005 = 0.02, 3 x 0.01 = 0.03, 2 x 0.03 = 0.06, 0.04 -> not
 * below the one before: 0.06. */
static void holm_by_hand(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, 0.03, 0.005};
    const double want[] = {0.03, 0.06, 0.06, 0.02};
    double got[4];
    rs_holm(p, 4, got);
    assert_close(got, want, 4, 1e-15, 0);
    const double large[] = {0.7, 0.6};
    const double ones[] = {1.0, 1.0};
    rs_holm(large, 2, got);
    assert_close(got, ones, 2, 0.0, 0);
    rs_holm(p, 1, got);
    assert_true(got[0] == 0.01);
    rs_holm(p, 0, got);
}

static struct rs_paired compare(const double *a, const double *b, int n)
{
    struct rs_err err = {0};
    struct rs_paired p = {0};
    assert_ok(rs_compare_paired(a, b, n, 500, 11, &p, &err), &err);
    return p;
}

static void verdicts(void **state)
{
    (void)state;
    double a[100];
    double b[100];
    struct rs_rng rng = rs_rng_make(5, 5);
    for (int i = 0; i < 100; i++) {
        b[i] = rs_rng_uniform(&rng);
        a[i] = b[i] + 0.1 + 0.05 * rs_rng_uniform(&rng);
    }
    struct rs_paired p = compare(a, b, 100);
    assert_string_equal(p.verdict, "better");
    assert_true(p.n == 100 && p.interval.lo > 0.1 && p.interval.hi < 0.15);
    assert_true(p.difference > p.interval.lo && p.difference < p.interval.hi);
    assert_true(fabs(p.mean_a - p.mean_b - p.difference) < 1e-12);
    assert_true(p.p_value < 1e-10 && p.p_adjusted == p.p_value);
    assert_string_equal(compare(b, a, 100).verdict, "worse");
    assert_string_equal(compare(a, b, RS_MIN_USERS).verdict, "better");
    assert_string_equal(compare(a, b, RS_MIN_USERS - 1).verdict, "too few users");
    assert_string_equal(compare(a, b, 0).verdict, "too few users");
    p = compare(a, a, 100); /* an interval of [0, 0] does not exclude 0 */
    assert_string_equal(p.verdict, "no proven difference");
    assert_true(p.p_value == 1.0 && p.difference == 0.0);
}

static enum rs_code bootstrap_once(void *ctx, struct rs_err *err)
{
    struct rs_interval got[COLS];
    return rs_bootstrap_means(ctx, 20, COLS, 30, 1, got, err);
}

static enum rs_code compare_once(void *ctx, struct rs_err *err)
{
    const double *v = ctx;
    struct rs_paired p;
    return rs_compare_paired(v, v + 20, 20, 30, 1, &p, err);
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    double v[20 * COLS];
    make_columns(v, 20, 3);
    assert_survives_oom(bootstrap_once, v);
    assert_survives_oom(compare_once, v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_of_few),
        cmocka_unit_test(interval_has_the_width_of_theory),
        cmocka_unit_test(columns_share_resamples),
        cmocka_unit_test(same_on_any_number_of_threads),
        cmocka_unit_test(few_users),
        cmocka_unit_test(not_a_number_stays_in_its_column),
        cmocka_unit_test(refused_arguments),
        cmocka_unit_test(wilcoxon_equals_scipy),
        cmocka_unit_test(wilcoxon_without_differences),
        cmocka_unit_test(holm_by_hand),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
