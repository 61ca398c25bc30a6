/* Splits worked by hand, options, refusals, cards; and the counts of the real archive. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_cut.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

/* Ten rows at times 1..10: user 1 has five, user 2 four, user 3 one. */
static const struct ref_row rows[] = {
    {1, 10, 5.0f, 1}, {2, 13, 3.0f, 2}, {1, 11, 1.0f, 3}, {2, 12, 4.0f, 4}, {1, 12, 4.0f, 5},
    {3, 10, 4.0f, 6}, {1, 13, 4.0f, 7}, {2, 10, 4.0f, 8}, {1, 14, 2.0f, 9}, {2, 11, 5.0f, 10},
};
#define N_ROWS ((int)(sizeof(rows) / sizeof(*rows)))

struct fixture {
    char *dir;
    char *path;
    struct rs_dataset *d;
};

static void fixture_init(struct fixture *f, bool times)
{
    f->dir = ref_temp_dir();
    f->path = rs_path_join(f->dir, "split.rsd");
    f->d = ref_dataset(f->dir, rows, N_ROWS, times);
}

static void fixture_clear(struct fixture *f)
{
    rs_dataset_close(f->d);
    free(f->path);
    ref_remove(f->dir);
}

static struct rs_split_opts plain(enum rs_protocol p)
{
    struct rs_split_opts o = rs_split_defaults(p);
    o.user_core = o.item_core = 0;
    return o;
}

static struct rs_split *cut(const struct fixture *f, const struct rs_split_opts *o)
{
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    assert_ok(rs_split_make(f->d, NULL, o, f->path, NULL, &err), &err);
    assert_ok(rs_split_open(f->path, "hand", "cut", &s, &err), &err);
    return s;
}

/* "1:10,11 2:10": users and items of a part by external id. */
static void assert_part(const struct rs_split *s, const struct rs_csr *m, const char *want)
{
    struct rs_str got;
    rs_str_init(&got, 0);
    for (int32_t u = 0; u < m->n_rows; u++) {
        if (rs_csr_len(m, u) == 0) continue;
        rs_str_addf(&got, "%s%lld:", got.len ? " " : "", (long long)rs_idmap_int(s->users, u));
        for (int64_t e = m->indptr[u]; e < m->indptr[u + 1]; e++)
            rs_str_addf(&got, "%s%lld", e > m->indptr[u] ? "," : "",
                        (long long)rs_idmap_int(s->items, m->indices[e]));
    }
    assert_string_equal(rs_str_text(&got), want);
    rs_str_clear(&got);
}

static int64_t count(const struct rs_split *s, const char *path)
{
    const struct rs_val *v = rs_val_at(s->card, path);
    if (!v) print_error("the card has no %s\n", path);
    assert_non_null(v);
    return v->i;
}

/* ---- by hand ------------------------------------------------------------------------------ */

static void global_temporal_cuts_the_time_line(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = plain(RS_GLOBAL_TEMPORAL);
    o.test_ratio = 0.3; /* times 8, 9, 10 */
    o.val_ratio = 0.2;  /* times 6, 7 */
    struct rs_split *s = cut(&f, &o);
    assert_int_equal(s->n_users, 2); /* user 3 has no train row */
    assert_int_equal(s->n_items, 4); /* nor has item 14 */
    assert_part(s, &s->train, "1:10,11,12 2:12,13");
    assert_part(s, &s->val, "1:13");
    assert_part(s, &s->test, "2:10,11");
    assert_int_equal(count(s, "counts.val_raw"), 2);
    assert_int_equal(count(s, "counts.test_raw"), 3);
    assert_int_equal(count(s, "dropped.unknown_user.rows"), 1);
    assert_int_equal(count(s, "dropped.unknown_user.users"), 1);
    assert_int_equal(count(s, "dropped.unknown_item.rows"), 1);
    assert_int_equal(count(s, "dropped.unknown_item.items"), 1);
    rs_split_close(s);
    fixture_clear(&f);
}

static void user_temporal_cuts_every_user(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = plain(RS_USER_TEMPORAL);
    o.test_ratio = 0.25; /* 1, 1, 0 rows */
    o.val_ratio = 0.4;   /* 2, 1, 0 rows */
    struct rs_split *s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11 2:12,13 3:10");
    assert_part(s, &s->val, "1:12,13 2:10");
    assert_part(s, &s->test, "2:11"); /* 1:14 is unknown */
    rs_split_close(s);
    fixture_clear(&f);
}

static void leave_last_n_leaves_small_users_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = plain(RS_LEAVE_LAST_N);
    struct rs_split *s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11,12 2:12,13 3:10");
    assert_part(s, &s->val, "1:13 2:10");
    assert_part(s, &s->test, "2:11");
    rs_split_close(s);
    o.n_last = 2; /* with validation user 2 would need five rows */
    s = cut(&f, &o);
    assert_part(s, &s->train, "1:10 2:10,11,12,13 3:10");
    assert_part(s, &s->val, "1:11,12");
    assert_part(s, &s->test, "1:13");
    rs_split_close(s);
    o.val_ratio = 0;
    s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11,12 2:12,13 3:10");
    assert_part(s, &s->val, "");
    assert_part(s, &s->test, "1:13 2:10,11");
    rs_split_close(s);
    fixture_clear(&f);
}

static void rolling_tests_one_window(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = plain(RS_ROLLING);
    o.windows = 2; /* the second half is times 6..10: windows 6, 7 and 8, 9, 10 */
    o.fold = 1;
    o.val_ratio = 0.15; /* one of the seven rows before */
    struct rs_split *s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11,12 2:12,13 3:10");
    assert_part(s, &s->val, "1:13");
    assert_part(s, &s->test, "2:10,11");
    assert_int_equal(count(s, "dropped.after_window.rows"), 0);
    rs_split_close(s);
    o.fold = 0;
    o.val_ratio = 0;
    s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11,12 2:12,13");
    assert_part(s, &s->test, "1:13");
    assert_int_equal(count(s, "dropped.after_window.rows"), 3);
    rs_split_close(s);
    o.windows = 5;
    o.fold = 3; /* time 9 alone: the unknown item 14 */
    struct rs_err err = {0};
    assert_code(rs_split_make(f.d, NULL, &o, f.path, NULL, &err), RS_EARG, &err,
                "no user can be tested: of 1 test rows none");
    fixture_clear(&f);
}

static void none_keeps_all_for_train(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, false);
    struct rs_split_opts o = rs_split_defaults(RS_NONE);
    struct rs_split *s = cut(&f, &o);
    assert_int_equal(s->train.nnz, N_ROWS);
    assert_int_equal(s->val.nnz + s->test.nnz + s->fold.nnz, 0);
    assert_null(s->train.times);
    assert_string_equal(rs_val_at(s->card, "proof.level")->s, "no test part");
    assert_string_equal(s->dataset, "hand");
    assert_string_equal(s->name, "cut");
    assert_string_equal(s->dataset_fingerprint, f.d->fingerprint);
    assert_string_equal(rs_catalogue_title(s->catalogue, 1), "item 11 (2000)");
    rs_split_close(s);
    rs_split_close(NULL);
    fixture_clear(&f);
}

static void the_k_core_runs_to_its_fixed_point(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = rs_split_defaults(RS_NONE);
    o.user_core = 4; /* user 3 goes, then ... */
    o.item_core = 2; /* item 14 goes, and user 1 keeps four */
    struct rs_split *s = cut(&f, &o);
    assert_part(s, &s->train, "1:10,11,12,13 2:10,11,12,13");
    assert_int_equal(count(s, "dropped.k_core.rows"), 2);
    assert_int_equal(count(s, "dropped.k_core.users"), 1);
    assert_int_equal(count(s, "dropped.k_core.items"), 1);
    rs_split_close(s);
    o.user_core = 5; /* now user 1 falls to four and everything goes */
    struct rs_err err = {0};
    assert_code(rs_split_make(f.d, NULL, &o, f.path, NULL, &err), RS_EARG, &err,
                "a k-core of 5 rows a user and 2 an item leaves nothing of 10 rows");
    fixture_clear(&f);
}

/* A path user - item - user - ...: every removal makes the next one, thousands of rounds. */
static void long_chains_peel_in_linear_time(void **state)
{
    (void)state;
    enum { N = 100000 };
    int32_t *user = rs_xalloc(2 * N, sizeof(*user));
    int32_t *item = rs_xalloc(2 * N, sizeof(*item));
    int64_t *ids = rs_xalloc(N + 1, sizeof(*ids));
    uint8_t *keep_user = rs_xalloc(N, 1);
    uint8_t *keep_item = rs_xalloc(N + 1, 1);
    for (int32_t u = 0; u < N; u++) { /* user u likes items u and u + 1 */
        user[2 * u] = user[2 * u + 1] = u;
        item[2 * u] = u;
        item[2 * u + 1] = u + 1;
        ids[u] = u;
    }
    ids[N] = N;
    struct rs_err err = {0};
    struct rs_interactions x = {.n = 2 * N, .user = user, .item = item};
    assert_ok(rs_idmap_from_ints(ids, N, &x.users, &err), &err);
    assert_ok(rs_idmap_from_ints(ids, N + 1, &x.items, &err), &err);
    int64_t left = -1;
    assert_ok(rs_k_core(&x, 2, 2, keep_user, keep_item, &left, &err), &err);
    assert_int_equal(left, 0);
    assert_ok(rs_k_core(&x, 2, 0, keep_user, keep_item, &left, &err), &err);
    assert_int_equal(left, 2 * N);
    rs_idmap_free(x.users);
    rs_idmap_free(x.items);
    free(user);
    free(item);
    free(ids);
    free(keep_user);
    free(keep_item);
}

/* ---- options ------------------------------------------------------------------------------ */

static void protocols_have_names_and_defaults(void **state)
{
    (void)state;
    for (int i = 0; i < RS_PROTOCOL_COUNT; i++) {
        enum rs_protocol p;
        assert_true(rs_protocol_parse(rs_protocol_name((enum rs_protocol)i), &p));
        assert_int_equal(p, i);
        assert_true(strlen(rs_protocol_help(p)) > 10);
        struct rs_split_opts o = rs_split_defaults(p);
        bool bare = p == RS_GIVEN || p == RS_NONE;
        assert_int_equal(o.user_core, bare ? 0 : 5);
        assert_int_equal(o.item_core, bare ? 0 : 5);
        assert_true(o.relevance_threshold == 3.5);
    }
    enum rs_protocol p = RS_NONE;
    assert_false(rs_protocol_parse("temporal", &p));
    assert_false(rs_protocol_parse("", &p));
    assert_int_equal(p, RS_NONE);
    assert_true(rs_split_defaults(RS_GLOBAL_TEMPORAL).test_ratio == 0.1);
    assert_true(rs_split_defaults(RS_USER_TEMPORAL).test_ratio == 0.2);
}

static void options_that_say_the_same_are_equal(void **state)
{
    (void)state;
    for (int i = 0; i < RS_PROTOCOL_COUNT; i++) {
        struct rs_split_opts a = rs_split_defaults((enum rs_protocol)i);
        struct rs_split_opts b = a;
        b.test_ratio = b.val_ratio = -1; /* the protocol's own */
        struct rs_val *x = rs_split_opts_val(&a);
        struct rs_val *y = rs_split_opts_val(&b);
        assert_true(rs_val_equal(x, y));
        rs_val_free(y);
        b.seed = 9;
        y = rs_split_opts_val(&b);
        bool draws = i == RS_RANDOM || i == RS_K_FOLD || i == RS_USER_HOLDOUT || i == RS_GIVEN;
        assert_int_equal(rs_val_equal(x, y), !draws);
        rs_val_free(x);
        rs_val_free(y);
    }
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    static const struct {
        enum rs_protocol p;
        double test, val;
        int32_t n_last, folds, fold, windows;
        const char *part;
    } cases[] = {
        {RS_USER_TEMPORAL, 1.0, 0, 1, 5, 0, 4, "test ratio 1 is not between 0 and 1"},
        {RS_USER_TEMPORAL, 0.0, 0, 1, 5, 0, 4, "use the protocol 'none'"},
        {RS_RANDOM, 0.5, 0.5, 1, 5, 0, 4, "leave nothing to train"},
        {RS_RANDOM, NAN, 0.1, 1, 5, 0, 4, "finite"},
        {RS_GLOBAL_TEMPORAL, 0.1, INFINITY, 1, 5, 0, 4, "finite"},
        {RS_LEAVE_LAST_N, 0, 0.1, 0, 5, 0, 4, "n 0 is not at least 1"},
        {RS_K_FOLD, 0, 0.1, 1, 5, 5, 4, "fold 5 of 5 does not exist"},
        {RS_K_FOLD, 0, 0.1, 1, 1, 0, 4, "fold 0 of 1 does not exist"},
        {RS_K_FOLD, 0, 0.1, 1, 5, -1, 4, "fold -1 of 5"},
        {RS_ROLLING, 0, 0.1, 1, 5, 4, 4, "window 4 of 4 does not exist"},
        {RS_ROLLING, 0, 0.1, 1, 5, 0, 0, "window 0 of 0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rs_split_opts o = plain(cases[i].p);
        struct rs_err err = {0};
        o.test_ratio = cases[i].test;
        o.val_ratio = cases[i].val;
        o.n_last = cases[i].n_last;
        o.folds = cases[i].folds;
        o.fold = cases[i].fold;
        o.windows = cases[i].windows;
        assert_code(rs_split_make(f.d, NULL, &o, f.path, NULL, &err), RS_EARG, &err, cases[i].part);
        assert_false(rs_fs_exists(f.path));
    }
    fixture_clear(&f);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    fixture_init(&f, false);
    struct rs_split_opts o = plain(RS_USER_TEMPORAL);
    assert_code(rs_split_make(f.d, NULL, &o, f.path, NULL, &err), RS_EARG, &err,
                "user-temporal needs times and the dataset has none: use random");
    o = plain(RS_K_FOLD);
    o.relevance_threshold = 6;
    assert_code(rs_split_make(f.d, NULL, &o, f.path, NULL, &err), RS_EARG, &err,
                "lower the relevance threshold");
    assert_code(rs_split_open(f.path, "ml", "k-fold", &s, &err), RS_ENOTFOUND, &err,
                "dataset 'ml' has no split 'k-fold'");
    struct rs_task task = {0};
    task.cancel = true;
    o.relevance_threshold = 1;
    assert_code(rs_split_make(f.d, NULL, &o, f.path, &task, &err), RS_ECANCEL, &err, NULL);
    assert_false(rs_fs_exists(f.path));
    fixture_clear(&f);
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "split.rsd");
    struct rs_dataset *empty = ref_dataset(dir, NULL, 0, true);
    o = rs_split_defaults(RS_NONE);
    assert_code(rs_split_make(empty, NULL, &o, path, NULL, &err), RS_EARG, &err, "has no rows");
    rs_dataset_close(empty);
    free(path);
    ref_remove(dir);
}

/* ---- cards -------------------------------------------------------------------------------- */

static bool warns(const struct rs_split *s, const char *part)
{
    const struct rs_val *list = rs_val_get(s->card, "warnings");
    for (size_t i = 0; i < list->n; i++)
        if (strstr(list->items[i]->s, part)) return true;
    return false;
}

/* n users with the same ten items at times 1..10; the last is liked. */
static struct rs_split *cut_valued(int n, float value, const struct rs_split_opts *o, bool times)
{
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    struct ref_row *many = rs_xalloc((size_t)n * 10, sizeof(*many));
    for (int r = 0; r < n * 10; r++)
        many[r] = (struct ref_row){r / 10, (r / 10 + r) % 10, value, r % 10 + 1};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "split.rsd");
    struct rs_dataset *d = ref_dataset(dir, many, n * 10, times);
    assert_ok(rs_split_make(d, NULL, o, path, NULL, &err), &err);
    assert_ok(rs_split_open(path, "many", "x", &s, &err), &err);
    rs_dataset_close(d); /* what is open stays mapped */
    free(path);
    free(many);
    ref_remove(dir);
    return s;
}

static struct rs_split *cut_many(int n, const struct rs_split_opts *o, bool times)
{
    return cut_valued(n, 4.0f, o, times);
}

/* Though 0.7 as a float is less than 0.7 as a double; in the part and in the cut not made. */
static void a_value_equal_to_the_threshold_is_relevant(void **state)
{
    (void)state;
    struct rs_split_opts o = plain(RS_RANDOM);
    o.relevance_threshold = 0.7;
    struct rs_split *s = cut_valued(40, 0.7f, &o, true);
    assert_int_equal(count(s, "users_evaluable"), 40);
    assert_int_equal(count(s, "proof.users_by_user_temporal"), 40);
    rs_split_close(s);
}

static void verdicts_follow_the_number_of_users(void **state)
{
    (void)state;
    static const struct {
        int users;
        const char *level;
        const char *part;
    } cases[] = {{29, "proves nothing", "29 users who can be evaluated"},
                 {30, "weak", "use more data"},
                 {199, "weak", "cannot be told from chance"},
                 {200, "fit to compare models", "smaller than about 0.049"}};
    struct rs_split_opts o = plain(RS_USER_TEMPORAL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rs_split *s = cut_many(cases[i].users, &o, true);
        assert_int_equal(count(s, "users_evaluable"), cases[i].users);
        assert_string_equal(rs_val_at(s->card, "proof.level")->s, cases[i].level);
        double want = 2.8 * 0.25 / sqrt(cases[i].users);
        assert_true(fabs(rs_val_at(s->card, "proof.detectable_difference")->r - want) < 1e-12);
        const char *verdict = rs_val_get_str(s->card, "verdict", "");
        assert_non_null(strstr(verdict, cases[i].part));
        assert_non_null(strstr(verdict, cases[i].level));
        rs_split_close(s);
    }
}

static void a_weak_split_points_to_a_better_one(void **state)
{
    (void)state;
    struct rs_split_opts o = plain(RS_USER_HOLDOUT);
    struct rs_split *s = cut_many(100, &o, true);
    assert_int_equal(count(s, "users_evaluable"), 20);
    assert_int_equal(count(s, "proof.users_by_user_temporal"), 100);
    assert_int_equal(count(s, "counts.history"), 30 * 8); /* of 20 and 10 users */
    assert_int_equal(count(s, "counts.test_raw"), 20 * 2);
    assert_non_null(
        strstr(rs_val_get_str(s->card, "verdict", ""), "use user-temporal (100 users)"));
    rs_split_close(s);
}

static void leaks_in_time_are_counted_and_told(void **state)
{
    (void)state;
    struct rs_split_opts o = plain(RS_RANDOM);
    o.seed = 1;
    struct rs_split *s = cut_many(40, &o, true);
    assert_true(count(s, "leaks.users_with_own_future_in_train") > 20);
    assert_true(count(s, "leaks.train_rows_after_first_test") > 40);
    assert_true(warns(s, "of the tested users have rows in train that are newer"));
    rs_split_close(s);
    s = cut_many(40, &o, false);
    assert_null(rs_val_at(s->card, "leaks.train_rows_after_first_test"));
    assert_true(warns(s, "without times"));
    rs_split_close(s);
    o = plain(RS_USER_TEMPORAL);
    s = cut_many(40, &o, true);
    assert_int_equal(count(s, "leaks.train_rows_after_first_test"), 0);
    assert_int_equal(rs_val_get(s->card, "warnings")->n, 0);
    assert_string_equal(rs_val_at(s->card, "times.test")->items[1]->s, "1970-01-01T00:00:10Z");
    rs_split_close(s);
}

static void users_with_nothing_relevant_are_named(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    struct rs_split_opts o = plain(RS_GLOBAL_TEMPORAL);
    o.test_ratio = 0.4;
    o.val_ratio = 0;
    o.relevance_threshold = 4.5;
    struct rs_split *s = cut(&f, &o);
    assert_part(s, &s->test, "1:13 2:10,11"); /* values 4; 4 and 5 */
    assert_int_equal(count(s, "users_evaluable"), 1);
    assert_int_equal(count(s, "users_not_evaluable.no_test_row"), 1);
    assert_int_equal(count(s, "users_not_evaluable.no_relevant_item"), 1);
    const struct rs_val *ids = rs_val_at(s->card, "users_not_evaluable.no_relevant_item_first");
    assert_int_equal(ids->n, 1);
    assert_int_equal(ids->items[0]->i, 1);
    rs_split_close(s);
    fixture_clear(&f);
}

static void folds_share_out_rows_evenly(void **state)
{
    (void)state;
    struct rs_split_opts o = plain(RS_K_FOLD);
    o.val_ratio = 0.3; /* of the eight rows of a user that are not test: two */
    for (o.fold = 0; o.fold < o.folds; o.fold++) {
        struct rs_split *s = cut_many(40, &o, true);
        assert_int_equal(count(s, "counts.test_raw"), 80);
        assert_int_equal(count(s, "counts.val_raw"), 80);
        for (int32_t u = 0; u < s->n_users; u++) {
            assert_int_equal(rs_csr_len(&s->test, u), 2);
            assert_int_equal(rs_csr_len(&s->val, u), 2);
        }
        rs_split_close(s);
    }
}

static void another_seed_is_another_split(void **state)
{
    (void)state;
    static const enum rs_protocol draws[] = {RS_RANDOM, RS_K_FOLD, RS_USER_HOLDOUT};
    for (size_t i = 0; i < sizeof(draws) / sizeof(*draws); i++) {
        char first[65];
        struct rs_split_opts o = plain(draws[i]);
        for (o.seed = 0; o.seed < 3; o.seed++) {
            struct rs_split *s = cut_many(40, &o, true);
            struct rs_split *again = cut_many(40, &o, true);
            assert_string_equal(s->fingerprint, again->fingerprint);
            if (o.seed > 0) assert_string_not_equal(s->fingerprint, first);
            memcpy(first, s->fingerprint, sizeof(first));
            rs_split_close(s);
            rs_split_close(again);
        }
    }
}

/* ---- given -------------------------------------------------------------------------------- */

static void a_given_test_part_is_matched_by_id(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    fixture_init(&f, false);
    /* texts, of which two are no integers; columns in order of the texts */
    static const char bytes[] = "123x10"
                                "1014new";
    static const int64_t user_at[] = {0, 1, 2, 3, 4}; /* 1 2 3 x */
    static const int64_t item_at[] = {0, 2, 4, 7};    /* 10 14 new */
    static const int32_t user[] = {0, 0, 1, 2, 2, 3};
    static const int32_t item[] = {0, 2, 1, 0, 1, 0};
    static const float value[] = {5, 5, 4, 5, 5, 5};
    struct rs_interactions x = {.n = 6, .user = user, .item = item, .value = value};
    assert_ok(rs_idmap_from_texts(user_at, bytes, 4, &x.users, &err), &err);
    assert_ok(rs_idmap_from_texts(item_at, bytes + 6, 3, &x.items, &err), &err);
    struct rs_split_opts o = rs_split_defaults(RS_GIVEN);
    assert_ok(rs_split_make(f.d, &x, &o, f.path, NULL, &err), &err);
    assert_ok(rs_split_open(f.path, "hand", "given", &s, &err), &err);
    assert_int_equal(s->train.nnz, N_ROWS);
    assert_part(s, &s->test, "2:14 3:14");
    assert_int_equal(count(s, "counts.rows_in"), N_ROWS + 6);
    assert_int_equal(count(s, "counts.test_raw"), 6);
    assert_int_equal(count(s, "dropped.unknown_user.rows"), 1);
    assert_int_equal(count(s, "dropped.unknown_item.rows"), 1);
    assert_int_equal(count(s, "dropped.also_in_train.rows"), 2);
    assert_int_equal(count(s, "users_evaluable"), 2);
    rs_split_close(s);
    rs_idmap_free(x.users);
    rs_idmap_free(x.items);
    fixture_clear(&f);
}

/* ---- memory ------------------------------------------------------------------------------- */

static enum rs_code make_and_open(void *ctx, struct rs_err *err)
{
    const struct fixture *f = ctx;
    struct rs_split *s = NULL;
    struct rs_split_opts o = plain(RS_USER_HOLDOUT);
    o.test_ratio = 0.7;
    o.seed = 3; /* holds out users whose items the other one knows */
    o.val_ratio = 0;
    o.relevance_threshold = 1;
    enum rs_code rc = rs_split_make(f->d, NULL, &o, f->path, NULL, err);
    if (!rc) rc = rs_split_open(f->path, "hand", "x", &s, err);
    rs_split_close(s);
    return rc;
}

static enum rs_code make_given(void *ctx, struct rs_err *err)
{
    const struct fixture *f = ctx;
    static const int32_t user[] = {0};
    static const int32_t item[] = {0};
    static const float value[] = {5};
    static const int64_t at[] = {0, 1};
    static const int64_t id = 14;
    struct rs_interactions x = {.n = 1, .user = user, .item = item, .value = value};
    struct rs_split_opts o = rs_split_defaults(RS_GIVEN);
    enum rs_code rc = rs_idmap_from_texts(at, "2", 1, &x.users, err);
    if (!rc) rc = rs_idmap_from_ints(&id, 1, &x.items, err);
    if (!rc) rc = rs_split_make(f->d, &x, &o, f->path, NULL, err);
    rs_idmap_free(x.users);
    rs_idmap_free(x.items);
    return rc;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    assert_survives_oom(make_and_open, &f);
    assert_survives_oom(make_given, &f);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_temporal_cuts_the_time_line),
        cmocka_unit_test(user_temporal_cuts_every_user),
        cmocka_unit_test(leave_last_n_leaves_small_users_alone),
        cmocka_unit_test(rolling_tests_one_window),
        cmocka_unit_test(none_keeps_all_for_train),
        cmocka_unit_test(the_k_core_runs_to_its_fixed_point),
        cmocka_unit_test(long_chains_peel_in_linear_time),
        cmocka_unit_test(protocols_have_names_and_defaults),
        cmocka_unit_test(options_that_say_the_same_are_equal),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(a_value_equal_to_the_threshold_is_relevant),
        cmocka_unit_test(verdicts_follow_the_number_of_users),
        cmocka_unit_test(a_weak_split_points_to_a_better_one),
        cmocka_unit_test(leaks_in_time_are_counted_and_told),
        cmocka_unit_test(users_with_nothing_relevant_are_named),
        cmocka_unit_test(folds_share_out_rows_evenly),
        cmocka_unit_test(another_seed_is_another_split),
        cmocka_unit_test(a_given_test_part_is_matched_by_id),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
