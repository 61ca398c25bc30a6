/* Tests of csr: building, turning, cutting, joining, checking, and packs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"

#include "rs/base/mem.h"
#include "rs/data/csr.h"
#include "rs/data/ingest.h"

/* 3 x 4:  row 0: 1 -> 2, 3 -> 5;  row 1: none;  row 2: 0 -> 1, 1 -> 4 */
static struct rs_csr sample(void)
{
    struct rs_err err = {0};
    struct rs_csr m;
    const int32_t rows[] = {2, 0, 0, 2, 0};
    const int32_t cols[] = {1, 3, 1, 0, 3};
    const float values[] = {4, 9, 2, 1, 5};
    const int64_t times[] = {40, 90, 20, 10, 50};
    int64_t dropped = -1;
    assert_ok(rs_csr_from_rows(5, rows, cols, values, times, 3, 4, &m, &dropped, &err), &err);
    assert_int_equal(dropped, 1);
    assert_ok(rs_csr_check(&m, &err), &err);
    return m;
}

static void assert_row(const struct rs_csr *m, int32_t row, int64_t n, const int32_t *cols,
                       const float *values)
{
    assert_int_equal(rs_csr_len(m, row), n);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(m->indices[m->indptr[row] + i], cols[i]);
        if (values) assert_true(m->values[m->indptr[row] + i] == values[i]);
    }
}

static void rows_are_sorted_and_the_last_stays(void **state)
{
    (void)state;
    struct rs_csr m = sample();
    assert_int_equal(m.nnz, 4);
    assert_row(&m, 0, 2, (int32_t[]){1, 3}, (float[]){2, 5});
    assert_row(&m, 1, 0, NULL, NULL);
    assert_row(&m, 2, 2, (int32_t[]){0, 1}, (float[]){1, 4});
    assert_int_equal(m.times[1], 50);
    assert_true(rs_csr_has(&m, 0, 3));
    assert_false(rs_csr_has(&m, 0, 0));
    assert_false(rs_csr_has(&m, 1, 0));
    rs_csr_clear(&m);
    assert_null(m.indptr);
    rs_csr_clear(&m);
}

static void columns_become_rows(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr m = sample();
    struct rs_csr t;
    assert_ok(rs_csr_transpose(&m, &t, &err), &err);
    assert_ok(rs_csr_check(&t, &err), &err);
    assert_int_equal(t.n_rows, 4);
    assert_int_equal(t.n_cols, 3);
    assert_row(&t, 0, 1, (int32_t[]){2}, (float[]){1});
    assert_row(&t, 1, 2, (int32_t[]){0, 2}, (float[]){2, 4});
    assert_row(&t, 2, 0, NULL, NULL);
    assert_row(&t, 3, 1, (int32_t[]){0}, (float[]){5});
    assert_int_equal(t.times[3], 50);
    rs_csr_clear(&t);
    rs_csr_clear(&m);
}

static void selection_renumbers(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr m = sample();
    struct rs_csr s;
    assert_ok(rs_csr_select(&m, (int32_t[]){1, -1, 0}, 2, (int32_t[]){-1, 1, -1, 0}, 2, &s, &err),
              &err);
    assert_row(&s, 0, 1, (int32_t[]){1}, (float[]){4});
    assert_row(&s, 1, 2, (int32_t[]){0, 1}, (float[]){5, 2}); /* columns change places */
    assert_ok(rs_csr_check(&s, &err), &err);
    rs_csr_clear(&s);
    assert_ok(rs_csr_select(&m, NULL, 3, NULL, 4, &s, &err), &err);
    assert_int_equal(s.nnz, 4);
    rs_csr_clear(&s);
    assert_ok(rs_csr_select(&m, NULL, 3, (int32_t[]){0, 0, 0, 0}, 1, &s, &err), &err);
    assert_row(&s, 0, 1, (int32_t[]){0}, (float[]){5}); /* entries that meet: the later */
    assert_row(&s, 2, 1, (int32_t[]){0}, (float[]){4});
    rs_csr_clear(&s);
    rs_csr_clear(&m);
}

static void union_prefers_the_second(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr a = sample();
    struct rs_csr b;
    assert_ok(rs_csr_from_rows(3, (int32_t[]){0, 1, 0}, (int32_t[]){3, 2, 0}, NULL, NULL, 3, 4, &b,
                               NULL, &err),
              &err);
    assert_null(b.values);
    struct rs_csr u;
    assert_ok(rs_csr_union(&a, &b, &u, &err), &err);
    assert_ok(rs_csr_check(&u, &err), &err);
    assert_row(&u, 0, 3, (int32_t[]){0, 1, 3}, (float[]){1, 2, 1});
    assert_row(&u, 1, 1, (int32_t[]){2}, (float[]){1});
    assert_row(&u, 2, 2, (int32_t[]){0, 1}, (float[]){1, 4});
    assert_int_equal(u.times[1], 20);
    assert_int_equal(u.times[2], 0);
    rs_csr_clear(&u);
    rs_csr_clear(&b);
    rs_csr_clear(&a);
}

static void empty_shapes_work(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr m;
    struct rs_csr t;
    assert_ok(rs_csr_from_rows(0, NULL, NULL, NULL, NULL, 0, 0, &m, NULL, &err), &err);
    assert_ok(rs_csr_check(&m, &err), &err);
    assert_ok(rs_csr_transpose(&m, &t, &err), &err);
    assert_int_equal(t.nnz, 0);
    rs_csr_clear(&t);
    rs_csr_clear(&m);
    assert_ok(rs_csr_from_rows(0, NULL, NULL, NULL, NULL, 3, 2, &m, NULL, &err), &err);
    assert_ok(rs_csr_transpose(&m, &t, &err), &err);
    assert_ok(rs_csr_check(&t, &err), &err);
    assert_int_equal(t.n_rows, 2);
    rs_csr_clear(&t);
    rs_csr_clear(&m);
}

static void allocation_is_zero_and_writable(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr m;
    assert_ok(rs_csr_alloc(2, 3, 2, true, true, &m, &err), &err);
    struct rs_csr_mut w = rs_csr_mut(&m);
    assert_int_equal(w.indptr[2], 0);
    assert_true(w.values[1] == 0);
    w.indptr[1] = 1;
    w.indptr[2] = 2;
    w.indices[1] = 2;
    w.values[1] = 3;
    w.times[1] = 7;
    assert_ok(rs_csr_check(&m, &err), &err);
    assert_true(rs_csr_has(&m, 1, 2));
    rs_csr_clear(&m);
}

static void interactions_are_seen_without_a_copy(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_idmap *users = NULL;
    struct rs_idmap *items = NULL;
    assert_ok(rs_idmap_from_ints((int64_t[]){1, 2, 3, 4, 5}, 5, &users, &err), &err);
    assert_ok(rs_idmap_from_ints((int64_t[]){7, 8, 9}, 3, &items, &err), &err);
    const int32_t user[] = {1, 1, 3};
    const int32_t item[] = {0, 2, 1};
    const float value[] = {1, 2, 3};
    struct rs_interactions x = {
        .n = 3, .user = user, .item = item, .value = value, .users = users, .items = items};
    struct rs_csr m;
    assert_ok(rs_csr_from_interactions(&x, &m, &err), &err);
    assert_ok(rs_csr_check(&m, &err), &err);
    assert_ptr_equal(m.indices, item);
    assert_ptr_equal(m.values, value);
    assert_null(m.times);
    const int64_t want[] = {0, 0, 2, 2, 3, 3};
    assert_memory_equal(m.indptr, want, sizeof(want));
    rs_csr_clear(&m);
    x.n = 0;
    assert_ok(rs_csr_from_interactions(&x, &m, &err), &err);
    assert_int_equal(m.indptr[5], 0);
    rs_csr_clear(&m);
    rs_idmap_free(users);
    rs_idmap_free(items);
}

static void damage_is_named(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr m = sample();
    struct rs_csr_mut w = rs_csr_mut(&m);
    w.indices[1] = 4;
    assert_code(rs_csr_check(&m, &err), RS_EDAMAGED, &err, "row 0: column 4 of 4");
    w.indices[1] = 1;
    assert_code(rs_csr_check(&m, &err), RS_EDAMAGED, &err, "row 0: columns do not ascend");
    w.indices[1] = 3;
    w.values[3] = NAN;
    assert_code(rs_csr_check(&m, &err), RS_EDAMAGED, &err, "row 2: the value at column 1");
    w.values[3] = 1;
    w.indptr[1] = 1000000;
    assert_code(rs_csr_check(&m, &err), RS_EDAMAGED, &err, "row 1: offsets fall");
    w.indptr[1] = 2;
    w.indptr[3] = 5;
    assert_code(rs_csr_check(&m, &err), RS_EDAMAGED, &err, "do not span 4");
    rs_csr_clear(&m);
}

static void packs_give_it_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "m.rsd");
    struct rs_csr a = sample();
    struct rs_csr b;
    assert_ok(rs_csr_from_rows(1, (int32_t[]){0}, (int32_t[]){1}, NULL, NULL, 2, 2, &b, NULL, &err),
              &err);
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_csr_save(&a, w, "tenletters", &err), &err);
    assert_ok(rs_csr_save(&b, w, "b", &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    struct rs_reader *r = NULL;
    struct rs_csr m;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_ok(rs_csr_load(r, "tenletters", 3, 4, &m, &err), &err);
    assert_null(m.owned);
    assert_int_equal(m.nnz, 4);
    assert_memory_equal(m.values, a.values, 4 * sizeof(float));
    assert_memory_equal(m.times, a.times, 4 * sizeof(int64_t));
    rs_csr_clear(&m);
    assert_ok(rs_csr_load(r, "b", 2, 2, &m, &err), &err);
    assert_null(m.values);
    assert_null(m.times);
    assert_code(rs_csr_load(r, "b", 3, 2, &m, &err), RS_EDAMAGED, &err, "b.ptr");
    assert_code(rs_csr_load(r, "b", 2, 1, &m, &err), RS_EDAMAGED, &err, "column 1 of 1");
    assert_code(rs_csr_load(r, "c", 2, 1, &m, &err), RS_EDAMAGED, &err, "c.ptr");
    rs_pack_close(r);
    rs_csr_clear(&a);
    rs_csr_clear(&b);
    free(path);
    ref_remove(dir);
}

static enum rs_code everything(void *ctx, struct rs_err *err)
{
    (void)ctx;
    struct rs_csr m = {0};
    struct rs_csr t = {0};
    struct rs_csr s = {0};
    struct rs_csr u = {0};
    enum rs_code rc = rs_csr_from_rows(3, (int32_t[]){1, 0, 1}, (int32_t[]){1, 0, 0}, NULL, NULL, 2,
                                       2, &m, NULL, err);
    if (!rc) rc = rs_csr_transpose(&m, &t, err);
    if (!rc) rc = rs_csr_select(&m, NULL, 2, (int32_t[]){1, 0}, 2, &s, err);
    if (!rc) rc = rs_csr_union(&m, &s, &u, err);
    rs_csr_clear(&u);
    if (!rc) rc = rs_csr_alloc(1, 1, 1, true, true, &u, err);
    rs_csr_clear(&m);
    rs_csr_clear(&t);
    rs_csr_clear(&s);
    rs_csr_clear(&u);
    return rc;
}

static void failing_memory_is_told(void **state)
{
    (void)state;
    assert_survives_oom(everything, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_and_the_last_stays),
        cmocka_unit_test(columns_become_rows),
        cmocka_unit_test(selection_renumbers),
        cmocka_unit_test(union_prefers_the_second),
        cmocka_unit_test(empty_shapes_work),
        cmocka_unit_test(allocation_is_zero_and_writable),
        cmocka_unit_test(interactions_are_seen_without_a_copy),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(packs_give_it_back),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
