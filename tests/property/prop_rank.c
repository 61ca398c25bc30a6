/* rs_topk equals sorting everything, ties, exclusions and masks included; rs_rank equals rs_topk. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_problem.h"
#include "ref/ref_rank.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

enum { MAX_ITEMS = 700 };

/* Scores of few values, so that most are ties; a share of the items left out; sometimes a mask. */
static void topk_equals_sorting(void **state)
{
    (void)state;
    static float scores[MAX_ITEMS];
    static int32_t exclude[MAX_ITEMS];
    static uint64_t allowed[MAX_ITEMS / 64 + 1];
    static struct rs_ranked got[RS_MAX_K];
    static struct rs_ranked want[RS_MAX_K];
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct rs_rng rng = rs_rng_make(seed, 0);
        int32_t n_items = 1 + (int32_t)rs_rng_below(&rng, MAX_ITEMS);
        int32_t k = 1 + (int32_t)rs_rng_below(&rng, seed % 3 ? 20 : RS_MAX_K);
        uint64_t levels = 1 + rs_rng_below(&rng, 300);
        double density = seed % 5 ? 0.1 : 1.0;
        int32_t n_exclude = 0;
        for (int32_t i = 0; i < n_items; i++) {
            scores[i] = (float)rs_rng_below(&rng, levels) - 100.0f;
            if (rs_rng_uniform(&rng) < density * 0.9) exclude[n_exclude++] = i;
        }
        for (size_t w = 0; w < sizeof(allowed) / 8; w++) {
            allowed[w] = rs_rng_next64(&rng);
        }
        const uint64_t *mask = seed % 2 ? allowed : NULL;
        int32_t n = rs_topk(scores, n_items, exclude, n_exclude, mask, k, got);
        int32_t n_want = ref_topk(scores, n_items, exclude, n_exclude, mask, k, want);
        if (n != n_want || memcmp(got, want, (size_t)n * sizeof(*got)) != 0) {
            fail_msg("seed %llu: %d items, k %d", (unsigned long long)seed, n_items, k);
        }
    }
}

/* All items exclude[0..n) of a row, in a list of their own, from both matrices. */
static int32_t excluded(const struct rs_csr *a, const struct rs_csr *b, int32_t row, int32_t *out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < a->n_cols; i++) {
        bool in = false;
        for (int64_t e = a->indptr[row]; e < a->indptr[row + 1]; e++) {
            in |= a->indices[e] == i;
        }
        for (int64_t e = b->indptr[row]; e < b->indptr[row + 1]; e++) {
            in |= b->indices[e] == i;
        }
        if (in) out[n++] = i;
    }
    return n;
}

static void check_lists(const struct ref_problem *p, const struct ref_problem *q,
                        const struct rs_model *m, int32_t k)
{
    struct rs_err err = {0};
    size_t n = (size_t)p->n_users;
    struct rs_profile *who = rs_xalloc(n, sizeof(*who));
    struct rs_ranked *out = rs_xalloc(n * (size_t)k, sizeof(*out));
    struct rs_ranked *want = rs_xalloc((size_t)k, sizeof(*want));
    int32_t *n_out = rs_xalloc(n, sizeof(*n_out));
    float *scores = rs_xalloc((size_t)p->n_items, sizeof(*scores));
    int32_t *exclude = rs_xalloc((size_t)p->n_items, sizeof(*exclude));
    struct rs_ranked *one = rs_xalloc((size_t)k, sizeof(*one));
    void *scratch = rs_try_alloc(1, m->ops->scratch ? m->ops->scratch(m, 1) : 1);
    void *room = rs_try_alloc(1, rs_rank_one_scratch(m, k));
    for (int32_t u = 0; u < p->n_users; u++) {
        who[u] = ref_problem_profile(p, u);
    }
    struct rs_rank_opts opts = {.k = k, .exclude = &p->ui, .exclude2 = &q->ui};
    assert_ok(rs_rank(m, who, p->n_users, NULL, &opts, NULL, out, n_out, &err), &err);
    for (int32_t u = 0; u < p->n_users; u++) {
        bool known;
        assert_ok(m->ops->score(m, &who[u], 1, scores, &known, scratch, &err), &err);
        int32_t n_exclude = excluded(&p->ui, &q->ui, u, exclude);
        int32_t n_want =
            known ? ref_topk(scores, p->n_items, exclude, n_exclude, NULL, k, want) : 0;
        assert_int_equal(n_out[u], n_want);
        assert_memory_equal(out + (size_t)u * (size_t)k, want, (size_t)n_want * sizeof(*want));
        bool one_known;
        int32_t n_one;
        assert_ok(rs_rank_one(m, &who[u], exclude, n_exclude, NULL, k, room, one, &n_one,
                              &one_known, &err),
                  &err);
        assert_int_equal(one_known, known);
        assert_int_equal(n_one, n_want);
        assert_memory_equal(one, want, (size_t)n_want * sizeof(*want));
    }
    free(who);
    free(out);
    free(want);
    free(n_out);
    free(scores);
    free(exclude);
    free(one);
    free(scratch);
    free(room);
}

static void lists_equal_one_by_one_for_any_threads(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct ref_problem p;
        struct ref_problem q;
        /* lists short and long beside the catalogue: models go about them differently */
        int32_t n_items = seed % 2 ? 1300 : 130;
        double density = 13.0 / n_items;
        ref_problem_sized(&p, seed, 70, n_items, density);
        ref_problem_sized(&q, seed + 100, 70, n_items, density);
        for (int i = 0; rs_models[i]; i++) {
            struct rs_model *m = ref_problem_fit(&p, rs_models[i]->name, "");
            for (int threads = 1; threads <= 4; threads += 3) {
                rs_par_set_threads(threads);
                check_lists(&p, &q, m, 1 + (int32_t)seed * 15);
            }
            rs_par_set_threads(0);
            rs_model_free(m);
        }
        ref_problem_clear(&p);
        ref_problem_clear(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topk_equals_sorting),
        cmocka_unit_test(lists_equal_one_by_one_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
