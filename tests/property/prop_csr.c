/*
 * csr against plain loops over a dense table, on seeded shapes and any number of threads: short and
 * long rows, sorted and not, with and without duplicates.
 */
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "rs/data/csr.h"

struct problem {
    int64_t n;
    int32_t n_rows;
    int32_t n_cols;
    int32_t *rows;
    int32_t *cols;
    float *values;
    int64_t *times;
    int64_t *last; /* [n_rows x n_cols] index of the entry that stays, or -1 */
    int64_t kept;
};

static void problem_init(struct problem *p, uint64_t seed)
{
    struct rs_rng g = rs_rng_make(seed, rs_rng_stream("prop_csr", 0));
    bool wide = rs_rng_below(&g, 3) == 0; /* few rows, long enough for the radix sort */
    p->n_rows = (int32_t)(1 + rs_rng_below(&g, wide ? 4 : 60));
    p->n_cols = (int32_t)(1 + rs_rng_below(&g, wide ? 70000 : 40));
    p->n = (int64_t)rs_rng_below(&g, seed % 10 == 0 ? 40000 : 1500);
    size_t cells = (size_t)p->n_rows * (size_t)p->n_cols;
    p->rows = rs_xalloc((size_t)p->n, sizeof(*p->rows));
    p->cols = rs_xalloc((size_t)p->n, sizeof(*p->cols));
    p->values = rs_xalloc((size_t)p->n, sizeof(*p->values));
    p->times = rs_xalloc((size_t)p->n, sizeof(*p->times));
    p->last = rs_xalloc(cells, sizeof(*p->last));
    p->kept = 0;
    for (size_t i = 0; i < cells; i++)
        p->last[i] = -1;
    for (int64_t i = 0; i < p->n; i++) {
        p->rows[i] = (int32_t)rs_rng_below(&g, (uint64_t)p->n_rows);
        p->cols[i] = (int32_t)rs_rng_below(&g, (uint64_t)p->n_cols);
        p->values[i] = (float)rs_rng_uniform(&g);
        p->times[i] = (int64_t)rs_rng_below(&g, 1000);
        int64_t *last = &p->last[(size_t)p->rows[i] * (size_t)p->n_cols + (size_t)p->cols[i]];
        p->kept += *last < 0;
        *last = i;
    }
}

static void problem_clear(struct problem *p)
{
    free(p->rows);
    free(p->cols);
    free(p->values);
    free(p->times);
    free(p->last);
}

static void assert_same(const struct rs_csr *a, const struct rs_csr *b)
{
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_cols, b->n_cols);
    assert_int_equal(a->nnz, b->nnz);
    size_t nnz = (size_t)a->nnz;
    assert_memory_equal(a->indptr, b->indptr, ((size_t)a->n_rows + 1) * sizeof(*a->indptr));
    assert_memory_equal(a->indices, b->indices, nnz * sizeof(*a->indices));
    assert_memory_equal(a->values, b->values, nnz * sizeof(*a->values));
    assert_memory_equal(a->times, b->times, nnz * sizeof(*a->times));
}

static void assert_is_table(const struct rs_csr *m, const struct problem *p)
{
    struct rs_err err = {0};
    assert_ok(rs_csr_check(m, &err), &err);
    assert_int_equal(m->nnz, p->kept);
    for (int32_t r = 0; r < m->n_rows; r++) {
        for (int64_t i = m->indptr[r]; i < m->indptr[r + 1]; i++) {
            int64_t from = p->last[(size_t)r * (size_t)p->n_cols + (size_t)m->indices[i]];
            assert_true(from >= 0);
            assert_true(m->values[i] == p->values[from]);
            assert_true(m->times[i] == p->times[from]);
        }
    }
}

static void rows_transpose_and_threads_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        struct problem p;
        problem_init(&p, seed);
        struct rs_csr first = {0};
        struct rs_csr first_t = {0};
        for (int threads = 1; threads <= 5; threads += 2) {
            rs_par_set_threads(threads);
            struct rs_err err = {0};
            struct rs_csr m;
            struct rs_csr t;
            struct rs_csr back;
            int64_t dropped;
            assert_ok(rs_csr_from_rows(p.n, p.rows, p.cols, p.values, p.times, p.n_rows, p.n_cols,
                                       &m, &dropped, &err),
                      &err);
            assert_int_equal(dropped, p.n - p.kept);
            assert_is_table(&m, &p);
            assert_ok(rs_csr_transpose(&m, &t, &err), &err);
            assert_ok(rs_csr_check(&t, &err), &err);
            assert_ok(rs_csr_transpose(&t, &back, &err), &err);
            assert_same(&m, &back);
            if (threads == 1) {
                first = m;
                first_t = t;
            } else {
                assert_same(&m, &first);
                assert_same(&t, &first_t);
                rs_csr_clear(&m);
                rs_csr_clear(&t);
            }
            rs_csr_clear(&back);
        }
        rs_csr_clear(&first);
        rs_csr_clear(&first_t);
        problem_clear(&p);
    }
    rs_par_set_threads(0);
}

/* More rows than a block and columns for several bands: turned twice, nothing has moved. */
static void bands_and_blocks_turn_back(void **state)
{
    (void)state;
    enum { N = 200000, ROWS = 5000, COLS = 7000 };
    struct rs_rng g = rs_rng_make(1, rs_rng_stream("prop_csr", 2));
    int32_t *rows = rs_xalloc(N, sizeof(*rows));
    int32_t *cols = rs_xalloc(N, sizeof(*cols));
    float *values = rs_xalloc(N, sizeof(*values));
    int64_t *times = rs_xalloc(N, sizeof(*times));
    for (int i = 0; i < N; i++) {
        rows[i] = (int32_t)rs_rng_below(&g, ROWS);
        cols[i] = (int32_t)rs_rng_below(&g, 1 + rs_rng_below(&g, COLS)); /* the first more often */
        values[i] = (float)rs_rng_uniform(&g);
        times[i] = i;
    }
    struct rs_err err = {0};
    struct rs_csr m;
    assert_ok(rs_csr_from_rows(N, rows, cols, values, times, ROWS, COLS, &m, NULL, &err), &err);
    for (int threads = 1; threads <= 3; threads++) {
        rs_par_set_threads(threads);
        struct rs_csr t;
        struct rs_csr back;
        assert_ok(rs_csr_transpose(&m, &t, &err), &err);
        assert_ok(rs_csr_check(&t, &err), &err);
        for (int32_t c = 0; c < COLS; c += 13) {
            for (int64_t i = t.indptr[c]; i < t.indptr[c + 1]; i++)
                assert_true(rs_csr_has(&m, t.indices[i], c));
        }
        assert_ok(rs_csr_transpose(&t, &back, &err), &err);
        assert_same(&back, &m);
        rs_csr_clear(&t);
        rs_csr_clear(&back);
    }
    rs_par_set_threads(0);
    rs_csr_clear(&m);
    free(rows);
    free(cols);
    free(values);
    free(times);
}

/* The union of two halves, each deduplicated alone, is the matrix of all rows. */
static void union_of_halves_is_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct problem p;
        problem_init(&p, seed);
        struct rs_err err = {0};
        int64_t half = p.n / 2;
        struct rs_csr a;
        struct rs_csr b;
        struct rs_csr u;
        assert_ok(rs_csr_from_rows(half, p.rows, p.cols, p.values, p.times, p.n_rows, p.n_cols, &a,
                                   NULL, &err),
                  &err);
        assert_ok(rs_csr_from_rows(p.n - half, p.rows + half, p.cols + half, p.values + half,
                                   p.times + half, p.n_rows, p.n_cols, &b, NULL, &err),
                  &err);
        assert_ok(rs_csr_union(&a, &b, &u, &err), &err);
        assert_is_table(&u, &p);
        rs_csr_clear(&a);
        rs_csr_clear(&b);
        rs_csr_clear(&u);
        problem_clear(&p);
    }
}

/* Selecting with a map and building from mapped rows give the same. */
static void selection_is_mapping_first(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct problem p;
        problem_init(&p, seed);
        struct rs_err err = {0};
        struct rs_rng g = rs_rng_make(seed, rs_rng_stream("prop_csr", 1));
        int32_t *map = rs_xalloc((size_t)p.n_cols, sizeof(*map));
        int32_t n_cols = 0;
        for (int32_t c = 0; c < p.n_cols; c++)
            map[c] = rs_rng_below(&g, 2) ? n_cols++ : -1;
        for (int32_t c = 0; c < p.n_cols; c++) /* the other way round: rows must be sorted again */
            map[c] = map[c] < 0 ? -1 : n_cols - 1 - map[c];
        int64_t n = 0;
        struct rs_csr m;
        struct rs_csr got;
        struct rs_csr want;
        assert_ok(rs_csr_from_rows(p.n, p.rows, p.cols, p.values, p.times, p.n_rows, p.n_cols, &m,
                                   NULL, &err),
                  &err);
        assert_ok(rs_csr_select(&m, NULL, p.n_rows, map, n_cols, &got, &err), &err);
        for (int64_t i = 0; i < p.n; i++) {
            if (map[p.cols[i]] < 0) continue;
            p.rows[n] = p.rows[i];
            p.cols[n] = map[p.cols[i]];
            p.values[n] = p.values[i];
            p.times[n++] = p.times[i];
        }
        assert_ok(rs_csr_from_rows(n, p.rows, p.cols, p.values, p.times, p.n_rows, n_cols, &want,
                                   NULL, &err),
                  &err);
        assert_same(&got, &want);
        rs_csr_clear(&m);
        rs_csr_clear(&got);
        rs_csr_clear(&want);
        free(map);
        problem_clear(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_transpose_and_threads_agree),
        cmocka_unit_test(bands_and_blocks_turn_back),
        cmocka_unit_test(union_of_halves_is_the_whole),
        cmocka_unit_test(selection_is_mapping_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
