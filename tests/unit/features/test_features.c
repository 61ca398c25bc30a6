/* Popularity, attributes and activity on data small enough to work by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_cut.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/features/features.h"

#define DAY 86400

/* Item 1 (odd: "All|Odd"): users 1 and 2; item 2: user 1; item 4: user 2. */
static const struct ref_row rows[] = {
    {1, 1, 4.0f, 10 * DAY}, {1, 2, 2.5f, 0}, {2, 1, 1.0f, 20 * DAY}, {2, 4, 5.0f, 15 * DAY}};
#define N_ROWS 4

struct fixture {
    char *dir;
    char *path; /* features.rsd */
    struct rs_split *s;
};

static void fixture_init(struct fixture *f, bool times)
{
    struct rs_err err = {0};
    f->dir = ref_temp_dir();
    f->path = rs_path_join(f->dir, "features.rsd");
    char *split = rs_path_join(f->dir, "split.rsd");
    struct rs_dataset *d = ref_dataset(f->dir, rows, N_ROWS, times);
    struct rs_split_opts o = rs_split_defaults(RS_NONE);
    assert_ok(rs_split_make(d, NULL, &o, split, NULL, &err), &err);
    assert_ok(rs_split_open(split, "made-up", "none", &f->s, &err), &err);
    rs_dataset_close(d);
    free(split);
}

static void fixture_clear(struct fixture *f)
{
    rs_split_close(f->s);
    free(f->path);
    ref_remove(f->dir);
}

static void popularity_is_that_by_hand(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    double got[3];
    fixture_init(&f, true);
    const struct rs_csr *iu = &f.s->train_t;
    static const double count[] = {2, 1, 1};
    static const double sum[] = {5, 2.5, 5};
    static const double decayed[] = {0.5 + 1, 0.25, 0.70710678118654752}; /* half-life 10 days */
    assert_ok(rs_popularity(iu, RS_POP_COUNT, 0, got, &err), &err);
    assert_memory_equal(got, count, sizeof(got));
    assert_ok(rs_popularity(iu, RS_POP_SUM, 0, got, &err), &err);
    assert_memory_equal(got, sum, sizeof(got));
    assert_ok(rs_popularity(iu, RS_POP_DECAYED, 10, got, &err), &err);
    assert_close(got, decayed, 3, 1e-15, 0);
    struct rs_csr ones = *iu; /* without values every row counts 1 */
    ones.values = NULL;
    assert_ok(rs_popularity(&ones, RS_POP_SUM, 0, got, &err), &err);
    assert_memory_equal(got, count, sizeof(got));
    fixture_clear(&f);
}

static void popularity_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    double got[3];
    fixture_init(&f, false);
    static const double bad[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        assert_code(rs_popularity(&f.s->train_t, RS_POP_DECAYED, bad[i], got, &err), RS_EARG, &err,
                    "half-life");
        assert_code(rs_features_build(f.s, bad[i], f.path, &err), RS_EARG, &err, "half-life");
    }
    assert_code(rs_popularity(&f.s->train_t, RS_POP_DECAYED, 10, got, &err), RS_EARG, &err,
                "needs times and the data has none");
    assert_false(rs_fs_exists(f.path));
    fixture_clear(&f);
}

static const struct rs_val *feature(const struct rs_features *f, const char *name)
{
    const struct rs_val *list = rs_val_get(f->summary, "features");
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(rs_val_get_str(list->items[i], "name", ""), name) == 0) return list->items[i];
    return NULL;
}

static void what_is_built_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_features *x = NULL;
    fixture_init(&f, true);
    assert_ok(rs_features_build(f.s, 10, f.path, &err), &err);
    assert_ok(rs_features_open(f.path, &x, &err), &err);
    assert_int_equal(x->n_users, 2);
    assert_int_equal(x->n_items, 3);
    assert_true(x->pop_count[0] == 2 && x->pop_sum[0] == 5 && x->pop_decayed[0] == 1.5);
    assert_int_equal(x->genres[0], 3); /* "All" and "Odd" */
    assert_int_equal(x->genres[1], 1);
    assert_int_equal(x->year[2], 2000);
    assert_int_equal(x->user_rows[1], 2);
    assert_true(x->user_mean[0] == 3.25 && x->user_mean[1] == 3);
    assert_int_equal(x->user_first[0], 0);
    assert_int_equal(x->user_last[0], 10 * DAY);
    assert_int_equal(x->user_first[1], 15 * DAY);
    assert_int_equal(x->user_last[1], 20 * DAY);
    assert_string_equal(rs_val_get_str(x->summary, "split_fingerprint", ""), f.s->fingerprint);
    assert_true(rs_val_get_real(x->summary, "half_life_days", 0) == 10);
    const struct rs_val *sum = feature(x, "popularity_sum");
    assert_int_equal(rs_val_get_int(sum, "rows", 0), 3);
    assert_true(rs_val_get_real(sum, "min", 0) == 2.5 && rs_val_get_real(sum, "max", 0) == 5);
    assert_true(fabs(rs_val_get_real(sum, "mean", 0) - 12.5 / 3) < 1e-15);
    assert_non_null(feature(x, "popularity_decayed"));
    assert_non_null(feature(x, "user_rows"));
    rs_features_close(x);
    rs_features_close(NULL);
    fixture_clear(&f);
}

static void without_times_there_is_no_decay(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_features *x = NULL;
    fixture_init(&f, false);
    assert_ok(rs_features_build(f.s, 10, f.path, &err), &err);
    assert_ok(rs_features_open(f.path, &x, &err), &err);
    assert_null(x->pop_decayed);
    assert_null(x->user_first);
    assert_null(x->user_last);
    assert_null(feature(x, "popularity_decayed"));
    assert_true(x->pop_sum[2] == 5);
    rs_features_close(x);
    fixture_clear(&f);
}

/* Held-out users are in the index space without a train row. */
static void users_without_rows_are_zero(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_features *x = NULL;
    struct rs_split *s = NULL;
    struct ref_row many[200];
    for (int r = 0; r < 200; r++)
        many[r] = (struct ref_row){r / 10, r % 10, 4.0f, 1000 + r};
    char *dir = ref_temp_dir();
    char *split = rs_path_join(dir, "split.rsd");
    char *path = rs_path_join(dir, "features.rsd");
    struct rs_dataset *d = ref_dataset(dir, many, 200, true);
    struct rs_split_opts o = rs_split_defaults(RS_USER_HOLDOUT);
    assert_ok(rs_split_make(d, NULL, &o, split, NULL, &err), &err);
    assert_ok(rs_split_open(split, "made-up", "holdout", &s, &err), &err);
    assert_ok(rs_features_build(s, 10, path, &err), &err);
    assert_ok(rs_features_open(path, &x, &err), &err);
    int32_t empty = 0;
    for (int32_t u = 0; u < x->n_users; u++) {
        if (rs_csr_len(&s->train, u) > 0) continue;
        empty++;
        assert_true(x->user_rows[u] == 0 && x->user_mean[u] == 0);
        assert_true(x->user_first[u] == 0 && x->user_last[u] == 0);
    }
    assert_int_equal(empty, 6); /* 0.2 and 0.1 of 20 users */
    rs_features_close(x);
    rs_split_close(s);
    rs_dataset_close(d);
    free(path);
    free(split);
    ref_remove(dir);
}

static void threads_and_runs_give_equal_bytes(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    char *bytes[3];
    size_t len[3];
    fixture_init(&f, true);
    for (int i = 0; i < 3; i++) {
        rs_par_set_threads(i + 1);
        assert_ok(rs_features_build(f.s, 10, f.path, &err), &err);
        assert_ok(rs_fs_read(f.path, 1 << 20, &bytes[i], &len[i], &err), &err);
        assert_int_equal(len[i], len[0]);
        assert_memory_equal(bytes[i], bytes[0], len[0]);
    }
    rs_par_set_threads(0);
    for (int i = 0; i < 3; i++)
        free(bytes[i]);
    fixture_clear(&f);
}

static void missing_and_damaged_files_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_features *x = NULL;
    char *bytes;
    size_t len;
    fixture_init(&f, true);
    assert_code(rs_features_open(f.path, &x, &err), RS_ENOTFOUND, &err, "run 'features build'");
    assert_ok(rs_features_build(f.s, 10, f.path, &err), &err);
    assert_ok(rs_fs_read(f.path, 1 << 20, &bytes, &len, &err), &err);
    for (size_t i = 0; i < len; i += 11) {
        bytes[i] = (char)(bytes[i] ^ 1);
        assert_ok(rs_fs_write(f.path, bytes, len, &err), &err);
        enum rs_code rc = rs_features_open(f.path, &x, &err);
        assert_true(rc == RS_EDAMAGED || rc == RS_EARG);
        err = (struct rs_err){0};
        bytes[i] = (char)(bytes[i] ^ 1);
    }
    assert_null(x);
    free(bytes);
    fixture_clear(&f);
}

/* Sections of unequal lengths with sound checksums. */
static void sections_that_do_not_fit_are_damaged(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    struct rs_features *x = NULL;
    static const double reals[3] = {1, 2, 3};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "features.rsd");
    struct rs_val *summary = rs_val_map();
    assert_ok(rs_writer_open(path, "FEAT", 1, &w, &err), &err);
    assert_ok(rs_writer_add_json(w, "summary", summary, &err), &err);
    assert_ok(rs_writer_add(w, "pop.count", RS_PACK_F64, reals, 3, &err), &err);
    assert_ok(rs_writer_add(w, "pop.sum", RS_PACK_F64, reals, 2, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_code(rs_features_open(path, &x, &err), RS_EDAMAGED, &err, "pop.sum");
    assert_null(x);
    rs_val_free(summary);
    free(path);
    ref_remove(dir);
}

static enum rs_code build_and_open(void *ctx, struct rs_err *err)
{
    const struct fixture *f = ctx;
    struct rs_features *x = NULL;
    enum rs_code rc = rs_features_build(f->s, 10, f->path, err);
    if (!rc) rc = rs_features_open(f->path, &x, err);
    rs_features_close(x);
    return rc;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    assert_survives_oom(build_and_open, &f);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(popularity_is_that_by_hand),
        cmocka_unit_test(popularity_refuses_what_it_cannot_do),
        cmocka_unit_test(what_is_built_comes_back),
        cmocka_unit_test(without_times_there_is_no_decay),
        cmocka_unit_test(users_without_rows_are_zero),
        cmocka_unit_test(threads_and_runs_give_equal_bytes),
        cmocka_unit_test(missing_and_damaged_files_are_refused),
        cmocka_unit_test(sections_that_do_not_fit_are_damaged),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
