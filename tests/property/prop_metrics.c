/* Metrics against their naive twin on random lists, and what must hold whatever the list is. */
#include "ref/support.h"

#include <stdlib.h>

#include "ref/ref_metrics.h"
#include "rs/base/rng.h"

#define TOL 1e-12 /* sums of at most 100 terms in double */

enum { MAX_ITEMS = 200, MAX_K = 100, MAX_KS = 4, MAX_OUT = 64, SEEDS = 2000 };

struct problem {
    int32_t list[MAX_ITEMS];
    int32_t n;
    int32_t relevant[MAX_ITEMS]; /* ascending */
    int32_t n_relevant;
    int32_t ks[MAX_KS];
    int n_ks;
};

static void problem_make(struct problem *p, uint64_t seed)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop_metrics", 0));
    int64_t items[MAX_ITEMS];
    int32_t n_items = 1 + (int32_t)rs_rng_below(&rng, MAX_ITEMS);
    for (int32_t i = 0; i < n_items; i++) {
        items[i] = i;
    }
    rs_rng_shuffle(&rng, items, n_items);
    p->n_ks = 1 + (int)rs_rng_below(&rng, MAX_KS);
    int32_t k = 0;
    for (int i = 0; i < p->n_ks; i++) {
        k += 1 + (int32_t)rs_rng_below(&rng, MAX_K / MAX_KS);
        p->ks[i] = k;
    }
    int32_t longest = k < n_items ? k : n_items;
    p->n = (int32_t)rs_rng_below(&rng, (uint64_t)longest + 1);
    for (int32_t i = 0; i < p->n; i++) {
        p->list[i] = (int32_t)items[i];
    }
    uint64_t odds = 1 + rs_rng_below(&rng, 20); /* one item in `odds` is relevant */
    p->n_relevant = 0;
    for (int32_t i = 0; i < n_items; i++) {
        if (rs_rng_below(&rng, odds) == 0) p->relevant[p->n_relevant++] = i;
    }
    if (p->n_relevant == 0) p->relevant[p->n_relevant++] = (int32_t)items[0];
}

static void equals_the_naive_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct problem p;
        problem_make(&p, seed);
        double got[MAX_OUT];
        double want[MAX_OUT];
        int n = rs_metrics_list(p.list, p.n, p.relevant, p.n_relevant, p.ks, p.n_ks, got);
        assert_int_equal(n, rs_metrics_per_list(p.n_ks));
        int c = 0;
        for (int i = 0; i < p.n_ks; i++) {
            for (int m = 0; m < (int)RS_MRR; m++) {
                want[c++] =
                    ref_metric((enum rs_metric)m, p.list, p.n, p.relevant, p.n_relevant, p.ks[i]);
            }
        }
        want[c++] = ref_metric(RS_MRR, p.list, p.n, p.relevant, p.n_relevant, 0);
        assert_int_equal(c, n);
        assert_close(got, want, n, TOL, seed);
    }
}

/* All in [0, 1]; capped recall not below recall and precision; hits (recall, capped recall over
 * the same relevant, hit rate) never fall with k. */
static void bounds_and_orders(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct problem p;
        problem_make(&p, seed);
        double v[MAX_OUT];
        int n = rs_metrics_list(p.list, p.n, p.relevant, p.n_relevant, p.ks, p.n_ks, v);
        for (int c = 0; c < n; c++) {
            assert_true(v[c] >= 0.0 && v[c] <= 1.0 + TOL);
        }
        for (int i = 0; i < p.n_ks; i++) {
            const double *at = v + i * (int)RS_MRR;
            assert_true(at[RS_RECALL_CAPPED] >= at[RS_RECALL]);
            assert_true(at[RS_RECALL_CAPPED] >= at[RS_PRECISION]);
            assert_true(at[RS_MAP] <= at[RS_RECALL_CAPPED] + TOL);
            if (i == 0) continue;
            assert_true(at[RS_RECALL] >= (at - RS_MRR)[RS_RECALL]);
            assert_true(at[RS_HIT_RATE] >= (at - RS_MRR)[RS_HIT_RATE]);
        }
    }
}

/* Moving a hit up one rank never lowers a metric, and raises ndcg and map at a k that holds it. */
static void earlier_hits_are_better(void **state)
{
    (void)state;
    int moved = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct problem p;
        problem_make(&p, seed);
        double before[MAX_OUT];
        double after[MAX_OUT];
        int n = rs_metrics_list(p.list, p.n, p.relevant, p.n_relevant, p.ks, p.n_ks, before);
        for (int32_t r = 1; r < p.n; r++) {
            const int32_t one[] = {p.list[r - 1]};
            const int32_t next[] = {p.list[r]};
            if (ref_metric(RS_HIT_RATE, one, 1, p.relevant, p.n_relevant, 1) > 0.0 ||
                ref_metric(RS_HIT_RATE, next, 1, p.relevant, p.n_relevant, 1) == 0.0) {
                continue;
            }
            p.list[r - 1] = next[0];
            p.list[r] = one[0];
            (void)rs_metrics_list(p.list, p.n, p.relevant, p.n_relevant, p.ks, p.n_ks, after);
            for (int c = 0; c < n; c++) {
                assert_true(after[c] >= before[c] - TOL);
            }
            const double *last = after + (p.n_ks - 1) * (int)RS_MRR;
            const double *last_before = before + (p.n_ks - 1) * (int)RS_MRR;
            assert_true(last[RS_NDCG] > last_before[RS_NDCG]);
            assert_true(last[RS_MAP] > last_before[RS_MAP]);
            moved++;
            break;
        }
    }
    assert_true(moved > SEEDS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_naive_twin),
        cmocka_unit_test(bounds_and_orders),
        cmocka_unit_test(earlier_hits_are_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
