/* Every protocol on seeded made-up data: against the naive twins, and what must always hold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_cut.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

#define MAX_ROWS  900
#define N_SEEDS   100
#define THRESHOLD 2.5

/* Ratios with their complements as one writes them. */
static const struct {
    double test;
    double val;
    double train;
    double before_test;
} ratios[] = {
    {0.1, 0.1, 0.8, 0.9}, {0.2, 0.1, 0.7, 0.8}, {0.3, 0.0, 0.7, 0.7}, {0.25, 0.25, 0.5, 0.75}};
#define N_RATIOS (sizeof(ratios) / sizeof(*ratios))

struct problem {
    char *dir;
    char *path;
    struct rs_dataset *d;
    struct ref_row rows[MAX_ROWS];
    int n;
    uint8_t keep[MAX_ROWS];
    int n_kept;
    struct rs_split_opts o;
    size_t ratio; /* of the table */
};

static void problem_init(struct problem *p, uint64_t seed, enum rs_protocol protocol)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("prop.split", protocol));
    do {
        p->n = ref_rows_make(seed, p->rows, MAX_ROWS);
    } while (p->n == 0 && ++seed);
    p->ratio = (size_t)rs_rng_below(&rng, N_RATIOS);
    p->o = rs_split_defaults(protocol);
    p->o.test_ratio = ratios[p->ratio].test;
    p->o.val_ratio = ratios[p->ratio].val;
    p->o.user_core = (int32_t)rs_rng_below(&rng, 4);
    p->o.item_core = (int32_t)rs_rng_below(&rng, 4);
    p->o.n_last = 1 + (int32_t)rs_rng_below(&rng, 3);
    p->o.folds = 2 + (int32_t)rs_rng_below(&rng, 4);
    p->o.windows = 1 + (int32_t)rs_rng_below(&rng, 4);
    int32_t parts = protocol == RS_K_FOLD ? p->o.folds : p->o.windows;
    p->o.fold = (int32_t)rs_rng_below(&rng, (uint64_t)parts);
    p->o.relevance_threshold = THRESHOLD;
    p->o.seed = seed;
    p->dir = ref_temp_dir();
    p->path = rs_path_join(p->dir, "split.rsd");
    p->d = ref_dataset(p->dir, p->rows, p->n, true);
    p->n_kept = ref_k_core(p->rows, p->n, p->o.user_core, p->o.item_core, p->keep);
}

static void problem_clear(struct problem *p)
{
    rs_dataset_close(p->d);
    free(p->path);
    ref_remove(p->dir);
}

/* The split, or NULL where it was refused for want of a user to test. */
static struct rs_split *cut(const struct problem *p, const struct rs_interactions *given)
{
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    enum rs_code rc = rs_split_make(p->d, given, &p->o, p->path, NULL, &err);
    if (rc == RS_EARG) {
        assert_false(rs_fs_exists(p->path));
        return NULL;
    }
    assert_ok(rc, &err);
    assert_ok(rs_split_open(p->path, "made-up", "s", &s, &err), &err);
    return s;
}

/* The part that holds a pair, checked to be the only one; its value and time must be the row's. */
static enum ref_label part_of(const struct rs_split *s, const struct ref_row *row, bool *history)
{
    const struct {
        const struct rs_csr *part;
        enum ref_label label;
    } parts[] = {
        {&s->train, REF_TRAIN}, {&s->val, REF_VAL}, {&s->test, REF_TEST}, {&s->fold, REF_TRAIN}};
    int32_t user = rs_idmap_find_int(s->users, row->user);
    int32_t item = rs_idmap_find_int(s->items, row->item);
    enum ref_label found = REF_OUT;
    *history = false;
    if (user < 0 || item < 0) return REF_OUT;
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        const struct rs_csr *m = parts[i].part;
        for (int64_t e = m->indptr[user]; e < m->indptr[user + 1]; e++) {
            if (m->indices[e] != item) continue;
            assert_true(found == REF_OUT); /* disjoint */
            assert_true(m->values[e] == row->value && m->times[e] == row->time);
            found = parts[i].label;
            *history = m == &s->fold;
        }
    }
    return found;
}

static int64_t count(const struct rs_split *s, const char *path)
{
    const struct rs_val *v = rs_val_at(s->card, path);
    assert_non_null(v);
    return v->i;
}

/* Rows in = rows kept + rows dropped by reason; parts hold dataset rows and nothing else. */
static void check_sums(const struct problem *p, const struct rs_split *s)
{
    int64_t parts = s->train.nnz + s->val.nnz + s->test.nnz + s->fold.nnz;
    int64_t found = 0;
    int64_t dropped = 0;
    bool history;
    for (int r = 0; r < p->n; r++)
        found += part_of(s, &p->rows[r], &history) != REF_OUT;
    if (s->protocol != RS_GIVEN) assert_int_equal(found, parts);
    const struct rs_val *reasons = rs_val_get(s->card, "dropped");
    for (size_t i = 0; i < reasons->n; i++)
        dropped += rs_val_get_int(reasons->items[i], "rows", -1);
    assert_int_equal(count(s, "counts.rows_in"), parts + dropped);
    assert_int_equal(count(s, "counts.train"), s->train.nnz);
    assert_int_equal(count(s, "counts.val"), s->val.nnz);
    assert_int_equal(count(s, "counts.test"), s->test.nnz);
    assert_int_equal(count(s, "counts.interactions"), p->n_kept);
    assert_int_equal(count(s, "dropped.k_core.rows"), p->n - p->n_kept);
    assert_int_equal(count(s, "leaks.overlap_train_test"), 0);
    assert_int_equal(count(s, "leaks.overlap_train_val"), 0);
    assert_int_equal(count(s, "leaks.overlap_val_test"), 0);
    assert_int_equal(count(s, "leaks.overlap_history_test"), 0);
}

/* Every item has a train row, every user a train row or a history; train_t is train. */
static void check_space(const struct rs_split *s)
{
    for (int32_t i = 0; i < s->n_items; i++) {
        assert_true(rs_csr_len(&s->train_t, i) > 0);
        for (int64_t e = s->train_t.indptr[i]; e < s->train_t.indptr[i + 1]; e++)
            assert_true(rs_csr_has(&s->train, s->train_t.indices[e], i));
        assert_int_equal(rs_catalogue_year(s->catalogue, i), 2000);
    }
    assert_int_equal(s->train_t.nnz, s->train.nnz);
    for (int32_t u = 0; u < s->n_users; u++) {
        bool history = rs_csr_len(&s->fold, u) > 0;
        assert_true((rs_csr_len(&s->train, u) > 0) != history);
        assert_true(s->protocol == RS_USER_HOLDOUT || !history);
    }
}

static void span(const struct rs_csr *m, int32_t from, int32_t to, int64_t *first, int64_t *last)
{
    for (int64_t e = m->indptr[from]; e < m->indptr[to]; e++) {
        if (m->times[e] < *first) *first = m->times[e];
        if (m->times[e] > *last) *last = m->times[e];
    }
}

/* Times of rows from..to of the parts do not go back from train over val to test. */
static void check_order(const struct rs_split *s, const struct rs_csr *past, int32_t from,
                        int32_t to)
{
    int64_t val_first = INT64_MAX;
    int64_t test_first = INT64_MAX;
    int64_t train_last = INT64_MIN;
    int64_t val_last = INT64_MIN;
    int64_t none = 0;
    span(past, from, to, &none, &train_last);
    span(&s->val, from, to, &val_first, &val_last);
    span(&s->test, from, to, &test_first, &none);
    assert_true(train_last <= val_first && train_last <= test_first && val_last <= test_first);
}

static void check_time(const struct rs_split *s)
{
    enum rs_protocol p = s->protocol;
    if (p == RS_GLOBAL_TEMPORAL || p == RS_ROLLING) {
        check_order(s, &s->train, 0, s->n_users);
        assert_int_equal(count(s, "leaks.train_rows_after_first_test"), 0);
    }
    bool by_user = p == RS_USER_TEMPORAL || p == RS_LEAVE_LAST_N || p == RS_USER_HOLDOUT;
    for (int32_t u = 0; u < s->n_users && by_user; u++)
        check_order(s, p == RS_USER_HOLDOUT ? &s->fold : &s->train, u, u + 1);
    if (by_user) assert_int_equal(count(s, "leaks.users_with_own_future_in_train"), 0);
}

static void check_all(const struct problem *p, const struct rs_split *s)
{
    check_sums(p, s);
    check_space(s);
    check_time(s);
    struct rs_val *opts = rs_split_opts_val(&p->o);
    assert_true(rs_val_equal(opts, rs_val_get(s->card, "options")));
    rs_val_free(opts);
}

static void against_twin(enum rs_protocol protocol, uint64_t seed, int *cuts)
{
    struct problem p;
    problem_init(&p, seed, protocol);
    static uint8_t label[MAX_ROWS];
    ref_cut_labels(p.rows, p.n, &p.o, ratios[p.ratio].train, ratios[p.ratio].before_test, p.keep,
                   label);
    int raw_test = 0;
    for (int r = 0; r < p.n; r++)
        raw_test += label[r] == REF_TEST;
    ref_cut_drop_unknown(p.rows, p.n, label);
    int users = ref_cut_evaluable(p.rows, p.n, label, THRESHOLD);
    struct rs_split *s = cut(&p, NULL);
    if (!s) {
        assert_true(p.n_kept == 0 || users == 0);
    } else {
        (*cuts)++;
        for (int r = 0; r < p.n; r++) {
            bool history;
            enum ref_label want = label[r] == REF_LATER ? REF_OUT : (enum ref_label)label[r];
            assert_int_equal(part_of(s, &p.rows[r], &history), want);
        }
        check_all(&p, s);
        assert_int_equal(count(s, "users_evaluable"), users);
        assert_int_equal(count(s, "counts.test_raw"), raw_test);
    }
    rs_split_close(s);
    problem_clear(&p);
}

static void temporal_splits_match_the_twins(void **state)
{
    (void)state;
    static const enum rs_protocol protocols[] = {RS_GLOBAL_TEMPORAL, RS_USER_TEMPORAL,
                                                 RS_LEAVE_LAST_N, RS_ROLLING, RS_NONE};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
        int cuts = 0;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++)
            against_twin(protocols[i], seed, &cuts);
        assert_true(cuts > N_SEEDS / 2); /* else the loop proved little */
    }
}

static void random_splits_keep_the_invariants(void **state)
{
    (void)state;
    static const enum rs_protocol protocols[] = {RS_RANDOM, RS_K_FOLD, RS_USER_HOLDOUT};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
        int cuts = 0;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct problem p;
            problem_init(&p, seed, protocols[i]);
            struct rs_split *s = cut(&p, NULL);
            if (s) check_all(&p, s);
            cuts += s != NULL;
            rs_split_close(s);
            problem_clear(&p);
        }
        assert_true(cuts > N_SEEDS / 3);
    }
}

/* What random and k-fold give a user is floor(ratio n) rows; the raw counts show it. */
static void random_shares_are_exact(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct problem p;
        problem_init(&p, seed, RS_RANDOM);
        int64_t test = 0;
        int64_t val = 0;
        for (int r = 0; r < p.n; r++) {
            int of_user = 0;
            bool first = p.keep[r];
            for (int q = 0; q < p.n; q++) {
                if (!p.keep[q] || p.rows[q].user != p.rows[r].user) continue;
                of_user++;
                if (q < r) first = false;
            }
            if (first) test += (int64_t)floor(p.o.test_ratio * of_user);
            if (first) val += (int64_t)floor(p.o.val_ratio * of_user);
        }
        struct rs_split *s = cut(&p, NULL);
        if (s) {
            assert_int_equal(count(s, "counts.test_raw"), test);
            assert_int_equal(count(s, "counts.val_raw"), val);
        }
        rs_split_close(s);
        problem_clear(&p);
    }
}

/* Over the folds every row of the core is a test row once. */
static void folds_partition_the_rows(void **state)
{
    (void)state;
    int whole = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct problem p;
        problem_init(&p, seed, RS_K_FOLD);
        static int times_test[MAX_ROWS];
        memset(times_test, 0, sizeof(times_test));
        int64_t raw = 0;
        int cuts = 0;
        for (p.o.fold = 0; p.o.fold < p.o.folds; p.o.fold++) {
            struct rs_split *s = cut(&p, NULL);
            if (!s) continue;
            cuts++;
            raw += count(s, "counts.test_raw");
            for (int r = 0; r < p.n; r++) {
                bool history;
                times_test[r] += part_of(s, &p.rows[r], &history) == REF_TEST;
            }
            rs_split_close(s);
            struct rs_err err = {0};
            assert_ok(rs_fs_remove(p.path, &err), &err);
        }
        for (int r = 0; r < p.n; r++)
            assert_true(times_test[r] <= 1);
        if (cuts == p.o.folds) assert_int_equal(raw, p.n_kept);
        whole += cuts == p.o.folds;
        problem_clear(&p);
    }
    assert_true(whole > 20);
}

static void held_out_users_are_unseen(void **state)
{
    (void)state;
    int singles = 0;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct problem p;
        problem_init(&p, seed, RS_USER_HOLDOUT);
        p.o.user_core = p.o.item_core = 0;
        p.n_kept = p.n;
        struct rs_split *s = cut(&p, NULL);
        if (s) {
            int32_t users = rs_idmap_size(p.d->x.users);
            int32_t held = (int32_t)(floor(p.o.test_ratio * users) + floor(p.o.val_ratio * users));
            assert_int_equal(count(s, "counts.train_users"), users - held);
            for (int r = 0; r < p.n; r++) { /* a single row is history, not test */
                int of_user = 0;
                for (int q = 0; q < p.n; q++)
                    of_user += p.rows[q].user == p.rows[r].user;
                bool known = rs_idmap_find_int(s->items, p.rows[r].item) >= 0;
                bool in = rs_idmap_find_int(s->users, p.rows[r].user) >= 0;
                assert_true(of_user > 1 || !known || in);
                singles += of_user == 1 && known;
            }
            for (int32_t u = 0; u < s->n_users; u++) {
                bool tested = rs_csr_len(&s->val, u) + rs_csr_len(&s->test, u) > 0;
                assert_true(!tested || rs_csr_len(&s->train, u) == 0);
                assert_true(rs_csr_len(&s->val, u) == 0 || rs_csr_len(&s->test, u) == 0);
            }
        }
        rs_split_close(s);
        problem_clear(&p);
    }
    assert_true(singles > 0);
}

static bool pair_in(const struct ref_row *rows, int n, const struct ref_row *row)
{
    for (int r = 0; r < n; r++)
        if (rows[r].user == row->user && rows[r].item == row->item) return true;
    return false;
}

static void given_parts_stay_as_they_came(void **state)
{
    (void)state;
    int cuts = 0;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct problem p;
        problem_init(&p, seed, RS_GIVEN);
        p.o.user_core = p.o.item_core = 0;
        p.n_kept = p.n;
        p.o.val_ratio = seed % 2 ? 0 : 0.2;
        static struct ref_row test[MAX_ROWS];
        int n = ref_rows_make(seed + 1000, test, MAX_ROWS);
        struct rs_interactions x = ref_interactions(test, n, seed % 5 != 0);
        struct rs_split *s = cut(&p, &x);
        cuts += s != NULL;
        if (s) {
            check_sums(&p, s);
            check_space(s);
            int64_t kept = 0;
            for (int r = 0; r < n; r++) {
                int32_t user = rs_idmap_find_int(s->users, test[r].user);
                int32_t item = rs_idmap_find_int(s->items, test[r].item);
                bool in = user >= 0 && item >= 0 && rs_csr_has(&s->test, user, item);
                bool in_val = user >= 0 && item >= 0 && rs_csr_has(&s->val, user, item);
                bool known = user >= 0 && item >= 0;
                bool in_train = known && !in_val && pair_in(p.rows, p.n, &test[r]);
                assert_int_equal(in, known && !in_val && !in_train);
                kept += in;
            }
            assert_int_equal(kept, s->test.nnz);
            assert_int_equal(count(s, "counts.test_raw"), n);
            assert_true(seed % 2 == 0 || s->val.nnz == 0);
        }
        rs_split_close(s);
        ref_interactions_clear(&x);
        problem_clear(&p);
    }
    assert_true(cuts > N_SEEDS / 3);
}

static void k_core_matches_the_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2 * N_SEEDS; seed++) {
        static struct ref_row rows[MAX_ROWS];
        static uint8_t keep[MAX_ROWS];
        uint8_t keep_user[64];
        uint8_t keep_item[64];
        int64_t left = -1;
        struct rs_err err = {0};
        int n = ref_rows_make(seed, rows, MAX_ROWS);
        int user_core = (int)(seed % 7);
        int item_core = (int)(seed / 7 % 9);
        int want = ref_k_core(rows, n, user_core, item_core, keep);
        struct rs_interactions x = ref_interactions(rows, n, true);
        assert_ok(rs_k_core(&x, user_core, item_core, keep_user, keep_item, &left, &err), &err);
        assert_int_equal(left, want);
        for (int r = 0; r < n; r++) {
            int32_t user = rs_idmap_find_int(x.users, rows[r].user);
            int32_t item = rs_idmap_find_int(x.items, rows[r].item);
            assert_int_equal(keep_user[user] && keep_item[item], keep[r]);
        }
        ref_interactions_clear(&x);
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    for (int protocol = 0; protocol < RS_PROTOCOL_COUNT; protocol++) {
        if (protocol == RS_GIVEN) continue;
        for (uint64_t seed = 1; seed <= 12; seed++) {
            struct problem p;
            problem_init(&p, seed, (enum rs_protocol)protocol);
            char first[65] = "";
            static const int threads[] = {1, 2, 5};
            for (int i = 0; i < 3; i++) {
                rs_par_set_threads(threads[i]);
                struct rs_split *s = cut(&p, NULL);
                if (!s) break;
                if (i == 0) memcpy(first, s->fingerprint, sizeof(first));
                assert_string_equal(s->fingerprint, first);
                rs_split_close(s);
            }
            rs_par_set_threads(0);
            problem_clear(&p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporal_splits_match_the_twins),
        cmocka_unit_test(random_splits_keep_the_invariants),
        cmocka_unit_test(random_shares_are_exact),
        cmocka_unit_test(folds_partition_the_rows),
        cmocka_unit_test(held_out_users_are_unseen),
        cmocka_unit_test(given_parts_stay_as_they_came),
        cmocka_unit_test(k_core_matches_the_twin),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
