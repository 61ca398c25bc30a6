/*
 * bench_topk - one user's exact list: every item scored and ranked, and with pruning.
 * usage: bench_topk [ITEMS [FACTORS [USERS]]]     default 26744 64 20000
 *
 * Factors are trained on made data of that shape. Users' own items are left out. Both ways give the
 * same lists, which is checked; they run in turns, and the medians of the rounds are printed, one
 * JSON line a k.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/data/synth.h"
#include "rs/models/als.h"
#include "rs/models/rank.h"

enum { ROUNDS = 9, LISTS = 2000, ROWS_PER_USER = 100 };

struct bench {
    struct rs_csr ui;
    struct rs_csr iu;
    struct rs_model *m;
    float *scores;
    void *score_scratch;
    void *rank_scratch;
    struct rs_ranked plain[RS_MAX_K];
    struct rs_ranked pruned[RS_MAX_K];
};

static enum rs_code train(struct bench *b, int32_t users, int32_t items, const char *factors,
                          struct rs_err *err)
{
    struct rs_synth_opts o = {
        .users = users, .items = items, .interactions = (int64_t)users * ROWS_PER_USER, .seed = 7};
    struct rs_synth_rows x = {0};
    struct rs_task task = {0};
    struct rs_values *v = rs_values_new(rs_als_ops.params);
    enum rs_code rc = rs_synth_rows_make(&o, &task, &x, err);
    if (!rc)
        rc =
            rs_csr_from_rows(x.n, x.user, x.item, x.value, x.time, users, items, &b->ui, NULL, err);
    if (!rc) rc = rs_csr_transpose(&b->ui, &b->iu, err);
    if (!rc) rc = rs_values_set_text(v, "factors", factors, err);
    if (!rc) rc = rs_values_set_text(v, "iterations", "3", err);
    if (!rc) rc = rs_model_new(&rs_als_ops, v, &b->m, err);
    struct rs_fit_data d = {.ui = &b->ui, .iu = &b->iu, .threshold = 3.5, .seed = 1};
    if (!rc) rc = rs_model_fit(b->m, &d, 0, &task, err);
    rs_synth_rows_clear(&x);
    rs_values_free(v);
    return rc;
}

static int32_t user_of(const struct bench *b, int i)
{
    return (int32_t)(rs_rng_u64(3, 0, (uint64_t)i) % (uint64_t)b->ui.n_rows);
}

static struct rs_profile profile_of(const struct bench *b, int32_t user)
{
    int64_t at = b->ui.indptr[user];
    return (struct rs_profile){.user = user,
                               .items = b->ui.indices + at,
                               .values = b->ui.values + at,
                               .n = (int32_t)rs_csr_len(&b->ui, user)};
}

static enum rs_code plain(struct bench *b, int32_t user, int32_t k, int32_t *n, struct rs_err *err)
{
    struct rs_profile who = profile_of(b, user);
    bool known;
    enum rs_code rc = b->m->ops->score(b->m, &who, 1, b->scores, &known, b->score_scratch, err);
    *n = 0;
    if (!rc && known) {
        *n = rs_topk(b->scores, b->m->n_items, who.items, who.n, NULL, k, b->plain);
    }
    return rc;
}

static enum rs_code pruned(struct bench *b, int32_t user, int32_t k, int32_t *n, struct rs_err *err)
{
    struct rs_profile who = profile_of(b, user);
    bool known;
    return rs_rank_one(b->m, &who, who.items, who.n, NULL, k, b->rank_scratch, b->pruned, n, &known,
                       err);
}

static int smaller_first(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static enum rs_code measure(struct bench *b, int32_t k, struct rs_err *err)
{
    double us[2][ROUNDS];
    int32_t n;
    int32_t n_plain;
    enum rs_code rc = RS_OK;
    for (int i = 0; i < LISTS && !rc; i++) {
        rc = plain(b, user_of(b, i), k, &n_plain, err);
        if (!rc) rc = pruned(b, user_of(b, i), k, &n, err);
        if (rc) return rc;
        if (n != n_plain || memcmp(b->plain, b->pruned, (size_t)n * sizeof(*b->plain)) != 0) {
            return rs_fail(err, RS_ENUMERIC, "user %d: the lists differ", user_of(b, i));
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < 2; way++) {
            int64_t begun = rs_clock_mono_ns();
            for (int i = 0; i < LISTS && !rc; i++) {
                rc = (way ? pruned : plain)(b, user_of(b, i), k, &n, err);
            }
            us[way][round] = (double)(rs_clock_mono_ns() - begun) / 1e3 / LISTS;
        }
    }
    for (int way = 0; way < 2; way++) {
        qsort(us[way], ROUNDS, sizeof(double), smaller_first);
    }
    double p = us[0][ROUNDS / 2];
    double q = us[1][ROUNDS / 2];
    printf("{\"bench\": \"topk\", \"items\": %d, \"factors\": %d, \"k\": %d, \"plain_us\": %.2f, "
           "\"pruned_us\": %.2f, \"ratio\": %.1f}\n",
           b->m->n_items, rs_als_factors(b->m), k, p, q, p / q);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct rs_err err = {0};
    int32_t items = argc > 1 ? (int32_t)strtol(argv[1], NULL, 10) : 26744;
    const char *factors = argc > 2 ? argv[2] : "64";
    int32_t users = argc > 3 ? (int32_t)strtol(argv[3], NULL, 10) : 20000;
    enum rs_code rc = train(&b, users, items, factors, &err);
    if (!rc) {
        b.scores = rs_try_alloc((size_t)items, sizeof(float));
        b.score_scratch = rs_try_alloc(1, b.m->ops->scratch(b.m, 1));
        b.rank_scratch = rs_try_alloc(1, rs_rank_one_scratch(b.m, RS_MAX_K));
        if (!b.scores || !b.score_scratch || !b.rank_scratch) {
            rc = rs_fail(&err, RS_ENOMEM, "scores of %d items", items);
        }
    }
    static const int32_t ks[] = {10, 100, 500};
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks) && !rc; i++) {
        rc = measure(&b, ks[i], &err);
    }
    if (rc) fprintf(stderr, "bench_topk: %s\n", err.msg);
    rs_model_free(b.m);
    rs_csr_clear(&b.ui);
    rs_csr_clear(&b.iu);
    free(b.scores);
    free(b.score_scratch);
    free(b.rank_scratch);
    return rc ? 1 : 0;
}
