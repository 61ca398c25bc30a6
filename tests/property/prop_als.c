/*
 * als against its naive twin in double, on random problems of every form.
 *
 * Tolerance 1e-4, relative: float has 6e-8 a rounding; a row sums up to a thousand terms (1e-6 of
 * the sums) and solving multiplies that by the condition of the system, which these
 * regularisations keep below 100.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/ref_als.h"
#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/models/als.h"

static const double tolerance = 1e-4;

/* Parameters of seed: factors around and across the kernels' block of 16, both forms. */
static void draw(uint64_t seed, int32_t epochs, const char *more, struct ref_als *c, char *text,
                 size_t size)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop_als", 0));
    *c = (struct ref_als){.f = 1 + (int32_t)rs_rng_below(&rng, 40),
                          .alpha = 0.5 * (double)(1 + rs_rng_below(&rng, 20)),
                          .unobserved = seed % 2 ? 0 : 0.125 * (double)(1 + rs_rng_below(&rng, 8)),
                          .regularization = 0.0625 * (double)(1 + rs_rng_below(&rng, 8)),
                          .exponent = 0.5 * (double)rs_rng_below(&rng, 3)};
    if (c->exponent <= 0) c->regularization *= 20;
    snprintf(text, size,
             "factors=%d alpha=%g unobserved_weight=%g regularization=%g "
             "regularization_exponent=%g iterations=%d%s",
             c->f, c->alpha, c->unobserved, c->regularization, c->exponent, epochs, more);
}

static double *to_double(const float *v, size_t n)
{
    double *out = rs_xalloc(n, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        out[i] = (double)v[i];
    }
    return out;
}

static const char *const inputs[] = {"binary", "positives", "values", "signed"};

struct case_ {
    struct ref_problem p;
    struct ref_als c;
    struct rs_model *m;
    struct rs_input_rule rule;
    struct rs_csr w; /* weights */
    struct rs_csr wt;
};

static void case_init(struct case_ *t, uint64_t seed, int32_t epochs, const char *solver)
{
    char more[100];
    char text[300];
    struct rs_err err = {0};
    unsigned input = (unsigned)(seed / 2 % 4);
    ref_problem_init(&t->p, seed, 60, 60);
    snprintf(more, sizeof(more), " input=%s %s", inputs[input], solver);
    draw(seed, epochs, more, &t->c, text, sizeof(text));
    t->m = ref_problem_fit(&t->p, "als", text);
    t->rule = rs_input_rule_make((enum rs_input)input, &t->p.ui, 3.5);
    assert_ok(rs_input_apply(&t->rule, &t->p.ui, &t->w, &err), &err);
    assert_ok(rs_csr_transpose(&t->w, &t->wt, &err), &err);
}

static void case_clear(struct case_ *t)
{
    rs_csr_clear(&t->w);
    rs_csr_clear(&t->wt);
    rs_model_free(t->m);
    ref_problem_clear(&t->p);
}

/* Vectors as a whole: |got - want| against the largest of want. */
static void assert_vectors(const float *got, const double *want, size_t n, uint64_t seed)
{
    double largest = 1e-6;
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(want[i]));
        worst = fmax(worst, fabs((double)got[i] - want[i]));
    }
    if (!(worst <= tolerance * largest)) {
        fail_msg("seed %llu: off by %g of %g", (unsigned long long)seed, worst, largest);
    }
}

static void training_equals_the_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct case_ t;
        case_init(&t, seed, 3, "");
        size_t f = (size_t)t.c.f;
        double *x = rs_xalloc((size_t)t.p.n_users, f * sizeof(*x));
        double *y = rs_xalloc((size_t)t.p.n_items, f * sizeof(*y));
        float scale = 0.1f / sqrtf((float)f);
        for (int32_t u = 0; u < t.p.n_users; u++) {
            struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("als.users", (uint64_t)u));
            bool empty = t.w.indptr[u] == t.w.indptr[u + 1];
            for (size_t k = 0; k < f && !empty; k++) {
                x[(size_t)u * f + k] = (double)(scale * (float)rs_rng_normal(&rng));
            }
        }
        for (int epoch = 0; epoch < 3; epoch++) {
            ref_als_epoch(&t.c, &t.w, &t.wt, x, y);
        }
        assert_vectors(rs_als_user_factors(t.m), x, (size_t)t.p.n_users * f, seed);
        assert_vectors(rs_als_item_factors(t.m), y, (size_t)t.p.n_items * f, seed);
        double want = ref_als_objective(&t.c, &t.w, x, y);
        double got = rs_als_objective(t.m, &t.w);
        assert_close(&got, &want, 1, tolerance, seed);
        free(x);
        free(y);
        case_clear(&t);
    }
}

static void fold_in_equals_the_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct case_ t;
        struct rs_err err = {0};
        case_init(&t, seed, 2, seed % 3 ? "" : "solver=cg");
        double *y = to_double(rs_als_item_factors(t.m), (size_t)t.p.n_items * (size_t)t.c.f);
        float got[64];
        double want[64];
        for (int32_t u = 0; u < t.p.n_users; u++) {
            int64_t begin = t.w.indptr[u];
            int64_t n = t.w.indptr[u + 1] - begin;
            const float *weights = t.w.values ? t.w.values + begin : NULL;
            if (n == 0) continue;
            ref_als_solve(&t.c, y, t.p.n_items, t.w.indices + begin, weights, n, want);
            assert_ok(rs_als_fold_in(t.m, t.w.indices + begin, weights, (int32_t)n, got, &err),
                      &err);
            assert_vectors(got, want, (size_t)t.c.f, seed);
        }
        free(y);
        case_clear(&t);
    }
}

struct losses {
    double last;
    int n;
    uint64_t seed;
};

static void loss_falls(const struct rs_progress *p, void *ctx)
{
    struct losses *l = ctx;
    if (!p->metric) return;
    assert_string_equal(p->metric, "loss");
    /* 1e-6: rounding of sums in float, relative */
    if (l->n && p->value > l->last * (1 + 1e-6)) {
        fail_msg("seed %llu: loss rises from %.9g to %.9g in epoch %lld",
                 (unsigned long long)l->seed, l->last, p->value, (long long)p->step);
    }
    l->last = p->value;
    l->n++;
}

static void loss_never_rises_and_is_the_objective(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct case_ t;
        struct rs_err err = {0};
        case_init(&t, seed, 12, seed % 3 ? "" : "solver=cg cg_steps=2");
        struct losses l = {.seed = seed};
        struct rs_task task = {.on_progress = loss_falls, .ctx = &l};
        struct rs_fit_data d = ref_problem_data(&t.p);
        assert_ok(rs_model_fit(t.m, &d, 0, &task, &err), &err);
        assert_int_equal(l.n, 12);
        double objective = rs_als_objective(t.m, &t.w);
        assert_close(&l.last, &objective, 1, 1e-6, seed);
        case_clear(&t);
    }
}

/* Enough conjugate gradient steps are an exact solve. */
static void many_cg_steps_equal_cholesky(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct case_ exact;
        struct case_ steps;
        case_init(&exact, seed, 3, "");
        case_init(&steps, seed, 3, "solver=cg cg_steps=100");
        size_t n = (size_t)exact.p.n_users * (size_t)exact.c.f;
        double *want = to_double(rs_als_user_factors(exact.m), n);
        assert_vectors(rs_als_user_factors(steps.m), want, n, seed);
        free(want);
        case_clear(&exact);
        case_clear(&steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_equals_the_twin),
        cmocka_unit_test(fold_in_equals_the_twin),
        cmocka_unit_test(loss_never_rises_and_is_the_objective),
        cmocka_unit_test(many_cg_steps_equal_cholesky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
