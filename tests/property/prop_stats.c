/* Bootstrap, signed-rank test and Holm against their naive twins on random inputs. */
#include "ref/support.h"

#include <math.h>

#include "ref/ref_metrics.h"
#include "rs/base/rng.h"

enum { MAX_N = 300, MAX_COLS = 9, MAX_P = 12 };

static void bootstrap_equals_the_naive_twin(void **state)
{
    (void)state;
    static double v[MAX_N * MAX_COLS];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop_stats.bootstrap", 0));
        int n = 1 + (int)rs_rng_below(&rng, MAX_N);
        int n_cols = 1 + (int)rs_rng_below(&rng, MAX_COLS);
        int samples = 1 + (int)rs_rng_below(&rng, 120);
        for (int i = 0; i < n * n_cols; i++) {
            v[i] = rs_rng_below(&rng, 3) ? rs_rng_normal(&rng) : 0.0;
        }
        struct rs_err err = {0};
        struct rs_interval got[MAX_COLS];
        assert_ok(rs_bootstrap_means(v, n, n_cols, samples, seed, got, &err), &err);
        for (int c = 0; c < n_cols; c++) {
            struct rs_interval want = ref_bootstrap(v, n, n_cols, c, samples, seed);
            assert_close(&got[c].lo, &want.lo, 1, 1e-12, seed);
            assert_close(&got[c].hi, &want.hi, 1, 1e-12, seed);
            assert_true(got[c].lo <= got[c].hi);
        }
    }
}

/* n differences; with ties: small whole numbers, many equal and zero. */
static void make_differences(double *d, int n, bool ties, struct rs_rng *rng)
{
    double shift = rs_rng_uniform(rng) - 0.5;
    for (int i = 0; i < n; i++) {
        d[i] = rs_rng_normal(rng) + shift;
        if (ties) d[i] = round(2.0 * d[i]) / 2.0;
    }
}

static void check_wilcoxon(const double *d, int n, double want, uint64_t seed)
{
    struct rs_err err = {0};
    double got = (double)NAN;
    double negated[MAX_N];
    for (int i = 0; i < n; i++) {
        negated[i] = -d[i];
    }
    assert_ok(rs_wilcoxon(d, n, &got, &err), &err);
    assert_close(&got, &want, 1, 1e-12, seed);
    assert_ok(rs_wilcoxon(negated, n, &got, &err), &err); /* two-sided: sides do not matter */
    assert_close(&got, &want, 1, 1e-12, seed);
}

static void wilcoxon_equals_the_naive_twins(void **state)
{
    (void)state;
    double d[MAX_N];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop_stats.wilcoxon", 0));
        int n = 1 + (int)rs_rng_below(&rng, 13);
        bool ties = rs_rng_below(&rng, 2) == 0;
        make_differences(d, n, ties, &rng);
        check_wilcoxon(d, n, ref_wilcoxon_exact(d, n), seed);
        n = (ties ? 20 : 51) + (int)rs_rng_below(&rng, 200);
        make_differences(d, n, ties, &rng);
        d[0] = d[1] = ties ? 1.0 : d[1]; /* in 20 .. 50 there must be a tie */
        if (ties || n > 50) check_wilcoxon(d, n, ref_wilcoxon_normal(d, n), seed);
    }
}

static void holm_equals_the_naive_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop_stats.holm", 0));
        int n = 1 + (int)rs_rng_below(&rng, MAX_P);
        double p[MAX_P];
        double got[MAX_P];
        double want[MAX_P];
        for (int i = 0; i < n; i++) {
            double u = rs_rng_uniform(&rng);
            p[i] = rs_rng_below(&rng, 4) ? u * u * u : round(u * 4.0) / 4.0; /* some equal */
        }
        rs_holm(p, n, got);
        ref_holm(p, n, want);
        assert_close(got, want, n, 1e-15, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_equals_the_naive_twin),
        cmocka_unit_test(wilcoxon_equals_the_naive_twins),
        cmocka_unit_test(holm_equals_the_naive_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
