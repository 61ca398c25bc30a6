/*
 * Whole evaluations of a table of scores on small splits, against lists that are sorted whole and
 * measured one by one.
 */
#include "ref/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/eval_problem.h"
#include "ref/ref_metrics.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "rs/eval/eval.h"
#include "rs/models/rank.h"

#define TOL 1e-12

enum { N_KS = 3, LEN = 10 };
static const int32_t ks[N_KS] = {2, 5, LEN};

static struct rs_eval_opts opts_of(enum rs_part part, enum rs_exclude exclude)
{
    return (struct rs_eval_opts){.ks = ks,
                                 .n_ks = N_KS,
                                 .part = part,
                                 .exclude = exclude,
                                 .threshold = 3.5,
                                 .bootstrap_samples = 40,
                                 .seed = 5,
                                 .beyond = true};
}

static bool is_held_out(const struct ep_problem *p, int32_t user)
{
    return p->split.fold.nnz > 0 && user % 3 == 1;
}

static bool is_excluded(const struct ep_problem *p, const struct rs_eval_opts *o, int32_t user,
                        int32_t item)
{
    if (o->exclude == RS_EXCLUDE_NONE) return false;
    if (rs_csr_has(&p->split.train, user, item)) return true;
    if (is_held_out(p, user) && rs_csr_has(&p->split.fold, user, item)) return true;
    return o->exclude == RS_EXCLUDE_TRAIN_VAL && o->part == RS_PART_TEST &&
           rs_csr_has(&p->split.val, user, item);
}

static double score_of(const struct ep_problem *p, int32_t user, int32_t item)
{
    if (!is_held_out(p, user)) {
        return (double)p->scores[(int64_t)user * p->split.n_items + item];
    }
    int64_t start = p->split.fold.indptr[user];
    return (double)ep_stranger_score(p->split.fold.indices + start,
                                     (int32_t)rs_csr_len(&p->split.fold, user), item);
}

/* Best first, one selection after the other; returns how many, fills list[LEN] with -1 behind. */
static int32_t naive_list(const struct ep_problem *p, const struct rs_eval_opts *o, int32_t user,
                          int32_t *list)
{
    bool taken[EP_MAX_ITEMS] = {false};
    int32_t n = 0;
    const struct rs_csr *history = is_held_out(p, user) ? &p->split.fold : &p->split.train;
    bool nothing = rs_csr_len(history, user) == 0;
    for (int32_t rank = 0; rank < LEN; rank++) {
        int32_t best = -1;
        for (int32_t i = 0; !nothing && i < p->split.n_items; i++) {
            if (taken[i] || is_excluded(p, o, user, i)) continue;
            if (best < 0 || score_of(p, user, i) > score_of(p, user, best)) best = i;
        }
        list[rank] = best;
        if (best < 0) continue;
        taken[best] = true;
        n++;
    }
    return n;
}

static int32_t relevant_of(const struct ep_problem *p, const struct rs_eval_opts *o, int32_t user,
                           int32_t *relevant)
{
    const struct rs_csr *part = o->part == RS_PART_VAL ? &p->split.val : &p->split.test;
    int32_t n = 0;
    for (int64_t j = part->indptr[user]; j < part->indptr[user + 1]; j++) {
        if ((double)part->values[j] >= o->threshold) relevant[n++] = part->indices[j];
    }
    return n;
}

static void check_user(const struct rs_eval *e, const struct rs_eval_opts *o, int32_t u,
                       const int32_t *list, int32_t n, const int32_t *relevant, int32_t n_relevant,
                       uint64_t seed)
{
    double want[64];
    int c = 0;
    assert_memory_equal(e->lists + (int64_t)u * LEN, list, LEN * sizeof(*list));
    for (int i = 0; i < o->n_ks; i++) {
        for (int m = 0; m < (int)RS_MRR; m++) {
            want[c++] = ref_metric((enum rs_metric)m, list, n, relevant, n_relevant, ks[i]);
        }
    }
    want[c++] = ref_metric(RS_MRR, list, n, relevant, n_relevant, 0);
    assert_int_equal(c, e->n_metrics);
    assert_close(e->scores + (int64_t)u * c, want, c, TOL, seed);
}

static void check_sums(const struct rs_eval *e, const struct rs_eval_opts *o, uint64_t seed)
{
    double *column = rs_xalloc((size_t)e->n_users, sizeof(*column));
    for (int c = 0; c < e->n_metrics; c++) {
        rs_eval_column(e, c, column);
        assert_int_equal(rs_eval_find(e, e->names[c]), c);
        double mean = rs_mean(column, e->n_users);
        assert_close(&e->mean[c], &mean, 1, TOL, seed);
        struct rs_interval want =
            ref_bootstrap(e->scores, e->n_users, e->n_metrics, c, o->bootstrap_samples, o->seed);
        assert_close(&e->interval[c].lo, &want.lo, 1, TOL, seed);
        assert_close(&e->interval[c].hi, &want.hi, 1, TOL, seed);
    }
    assert_int_equal(rs_eval_find(e, "ndcg"), -1);
    free(column);
}

/* Everything in e against the naive way. */
static void check_eval(const struct ep_problem *p, const struct rs_eval_opts *o,
                       const struct rs_eval *e, uint64_t seed)
{
    int32_t u = 0;
    int64_t no_rows = 0;
    int64_t no_relevant = 0;
    int64_t empty = 0;
    const struct rs_csr *part = o->part == RS_PART_VAL ? &p->split.val : &p->split.test;
    for (int32_t user = 0; user < p->split.n_users; user++) {
        int32_t relevant[EP_MAX_ITEMS];
        int32_t list[LEN];
        int32_t n_relevant = relevant_of(p, o, user, relevant);
        if (n_relevant == 0) {
            (*(rs_csr_len(part, user) > 0 ? &no_relevant : &no_rows))++;
            continue;
        }
        assert_true(u < e->n_users);
        assert_int_equal(e->users[u], user);
        int32_t n = naive_list(p, o, user, list);
        empty += n == 0;
        check_user(e, o, u++, list, n, relevant, n_relevant, seed);
    }
    assert_int_equal(e->n_users, u);
    assert_int_equal(e->skipped_no_rows, no_rows);
    assert_int_equal(e->skipped_no_relevant, no_relevant);
    assert_int_equal(e->empty_lists, empty);
    assert_int_equal(e->list_len, LEN);
    check_sums(e, o, seed);
}

static double beyond_of(const struct rs_eval *e, const char *name, int32_t k)
{
    char label[64];
    (void)snprintf(label, sizeof(label), "%s_at_%d", name, (int)k);
    for (int i = 0; i < e->n_beyond; i++) {
        if (strcmp(e->beyond_names[i], label) == 0) return e->beyond[i];
    }
    fail_msg("no %s", label);
    return 0.0;
}

/* A measure that is not a number on both sides is equal. */
static void check_beyond_one(const struct rs_eval *e, const char *name, int32_t k, double want,
                             uint64_t seed)
{
    double got = beyond_of(e, name, k);
    if (isnan(want) && isnan(got)) return;
    assert_close(&got, &want, 1, TOL, seed);
}

static void check_beyond(const struct ep_problem *p, const struct rs_eval *e, uint64_t seed)
{
    double share[EP_MAX_ITEMS];
    double n_users = 0.0;
    for (int32_t u = 0; u < p->split.n_users; u++) {
        n_users += rs_csr_len(&p->split.train, u) > 0;
    }
    for (int32_t i = 0; i < p->split.n_items; i++) {
        share[i] = (double)rs_csr_len(&p->split.train_t, i) / n_users;
    }
    assert_int_equal(e->n_beyond, N_KS * 6);
    for (int i = 0; i < N_KS; i++) {
        struct ref_lists l = {e->lists, e->n_users, LEN, ks[i], p->split.n_items};
        check_beyond_one(e, "coverage", ks[i], ref_coverage(&l), seed);
        check_beyond_one(e, "gini", ks[i], ref_gini(&l), seed);
        check_beyond_one(e, "novelty", ks[i], ref_novelty(&l, share), seed);
        check_beyond_one(e, "personalisation", ks[i], ref_personalisation(&l), seed);
        check_beyond_one(e, "diversity_genre", ks[i], ref_diversity(&l, p->dense_genres, EP_GENRES),
                         seed);
        check_beyond_one(e, "diversity_vector", ks[i], ref_diversity(&l, p->dense_vectors, EP_F),
                         seed);
    }
}

static struct rs_eval *run(const struct ep_problem *p, const struct rs_eval_opts *o)
{
    struct rs_err err = {0};
    struct rs_eval *e = NULL;
    assert_ok(rs_eval_run(&p->model.base, &p->split, o, NULL, &e, &err), &err);
    return e;
}

static void check_all_settings(uint64_t seed, int32_t n_users, bool holdout)
{
    struct ep_problem p;
    ep_init(&p, seed, n_users, holdout);
    for (int x = 0; x < (int)RS_EXCLUDE_COUNT; x++) {
        for (int part = RS_PART_VAL; part <= RS_PART_TEST; part++) {
            struct rs_eval_opts o = opts_of((enum rs_part)part, (enum rs_exclude)x);
            struct rs_eval *e = run(&p, &o);
            check_eval(&p, &o, e, seed);
            check_beyond(&p, e, seed);
            rs_eval_free(e);
        }
    }
    ep_clear(&p);
}

static void equals_the_naive_way(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        check_all_settings(seed, 25 + (int32_t)seed, false);
    }
}

static void held_out_users_are_folded_in(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed <= 120; seed++) {
        check_all_settings(seed, 30, true);
    }
}

/* More users than one block holds. */
static void many_blocks(void **state)
{
    (void)state;
    for (int holdout = 0; holdout <= 1; holdout++) {
        struct ep_problem p;
        ep_init(&p, 7, 9000, holdout);
        struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN_VAL);
        o.bootstrap_samples = 1;
        o.beyond = false;
        struct rs_eval *e = run(&p, &o);
        assert_true(e->n_users > 5000);
        check_eval(&p, &o, e, 7);
        assert_int_equal(e->n_beyond, 0);
        rs_eval_free(e);
        ep_clear(&p);
    }
}

static void same_on_any_number_of_threads(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 3, 500, true);
    struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN);
    rs_par_set_threads(1);
    struct rs_eval *one = run(&p, &o);
    rs_par_set_threads(4);
    struct rs_eval *four = run(&p, &o);
    rs_par_set_threads(0);
    size_t n = (size_t)one->n_users;
    size_t n_metrics = (size_t)one->n_metrics;
    assert_int_equal(one->n_users, four->n_users);
    assert_memory_equal(one->lists, four->lists, n * LEN * sizeof(int32_t));
    assert_memory_equal(one->scores, four->scores, n * n_metrics * sizeof(double));
    assert_memory_equal(one->interval, four->interval, n_metrics * sizeof(struct rs_interval));
    assert_memory_equal(one->beyond, four->beyond, (size_t)one->n_beyond * sizeof(double));
    rs_eval_free(one);
    rs_eval_free(four);
    ep_clear(&p);
}

static void without_bootstrap_and_vectors(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 4, 40, false);
    p.model.base.ops = &ep_plain_ops;
    rs_catalogue_free(p.split.catalogue);
    p.split.catalogue = rs_catalogue_new(p.split.n_items); /* no genres at all */
    struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN);
    o.bootstrap_samples = 0;
    struct rs_eval *e = run(&p, &o);
    for (int c = 0; c < e->n_metrics; c++) {
        assert_true(isnan(e->interval[c].lo) && isnan(e->interval[c].hi));
    }
    assert_int_equal(e->n_beyond, N_KS * 4); /* neither diversity */
    rs_eval_free(e);
    ep_clear(&p);
}

/* 0.7 as a float lies below 0.7 as a double; a value of 0.7 meets a threshold of 0.7 all the same. */
static void a_value_equal_to_the_threshold_is_relevant(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 6, 40, false);
    struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN);
    struct rs_eval *want = run(&p, &o);
    struct rs_csr_mut test = rs_csr_mut(&p.split.test);
    for (int64_t j = 0; j < p.split.test.nnz; j++) {
        test.values[j] = test.values[j] >= 3.5f ? 0.7f : 0.6f;
    }
    o.threshold = 0.7;
    struct rs_eval *got = run(&p, &o);
    assert_int_equal(got->n_users, want->n_users);
    assert_memory_equal(got->mean, want->mean, (size_t)want->n_metrics * sizeof(*want->mean));
    rs_eval_free(got);
    rs_eval_free(want);
    ep_clear(&p);
}

static void refuses(const struct ep_problem *p, const struct rs_eval_opts *o, const char *part)
{
    struct rs_err err = {0};
    struct rs_eval *e = NULL;
    assert_code(rs_eval_run(&p->model.base, &p->split, o, NULL, &e, &err), RS_EARG, &err, part);
    assert_null(e);
}

static void refused_arguments(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 6, 30, false);
    struct rs_eval_opts good = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN);
    struct rs_eval_opts o = good;
    o.threshold = 5.5;
    refuses(&p, &o, "no user has a test item with value >= 5.5");
    o.part = RS_PART_VAL;
    refuses(&p, &o, "no user has a validation item");
    o = good;
    o.n_ks = 0;
    refuses(&p, &o, "no list length");
    const int32_t falling[] = {10, 10};
    o.ks = falling;
    o.n_ks = 2;
    refuses(&p, &o, "k = 10 after 10");
    const int32_t wide[] = {0, RS_MAX_K + 1};
    o.ks = wide;
    refuses(&p, &o, "k = 0 is outside 1..1000");
    o.ks = wide + 1;
    o.n_ks = 1;
    refuses(&p, &o, "k = 1001 is outside");
    p.model.base.n_items--;
    refuses(&p, &good, "the split it was trained on");
    ep_clear(&p);
}

static void stops_when_cancelled(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 6, 30, false);
    struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN);
    struct rs_err err = {0};
    struct rs_eval *e = NULL;
    struct rs_task task = {.cancel = true};
    assert_code(rs_eval_run(&p.model.base, &p.split, &o, &task, &e, &err), RS_ECANCEL, &err, NULL);
    assert_null(e);
    ep_clear(&p);
}

static enum rs_code run_once(void *ctx, struct rs_err *err)
{
    const struct ep_problem *p = ctx;
    struct rs_eval_opts o = opts_of(RS_PART_TEST, RS_EXCLUDE_TRAIN_VAL);
    struct rs_eval *e = NULL;
    enum rs_code rc = rs_eval_run(&p->model.base, &p->split, &o, NULL, &e, err);
    rs_eval_free(e);
    return rc;
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    struct ep_problem p;
    ep_init(&p, 8, 30, true);
    assert_survives_oom(run_once, &p);
    ep_clear(&p);
}

static void exclude_names(void **state)
{
    (void)state;
    assert_string_equal(rs_exclude_name(RS_EXCLUDE_TRAIN_VAL), "train+val");
    assert_string_equal(rs_exclude_name(RS_EXCLUDE_TRAIN), "train");
    assert_string_equal(rs_exclude_name(RS_EXCLUDE_NONE), "none");
    rs_eval_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_naive_way),
        cmocka_unit_test(held_out_users_are_folded_in),
        cmocka_unit_test(many_blocks),
        cmocka_unit_test(same_on_any_number_of_threads),
        cmocka_unit_test(without_bootstrap_and_vectors),
        cmocka_unit_test(a_value_equal_to_the_threshold_is_relevant),
        cmocka_unit_test(refused_arguments),
        cmocka_unit_test(stops_when_cancelled),
        cmocka_unit_test(survives_want_of_memory),
        cmocka_unit_test(exclude_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
