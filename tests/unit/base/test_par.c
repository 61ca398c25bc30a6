/* par - thread counts from their sources, and cuts that cover, ascend and balance. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "ref/support.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

static void threads_follow_their_sources(void **state)
{
    (void)state;
    const char *env = getenv("OMP_NUM_THREADS");
    char *old = rs_xstrdup(env);
    setenv("OMP_NUM_THREADS", "3,2", 1);
    rs_par_set_threads(0);
    assert_int_equal(rs_par_threads(), 3);
    rs_par_set_threads(5);
    assert_int_equal(rs_par_threads(), 5);
    static const char *const useless[] = {"", "x", "0", "-4"};
    for (size_t i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        setenv("OMP_NUM_THREADS", useless[i], 1);
        rs_par_set_threads(0);
        assert_true(rs_par_threads() >= 1);
    }
    unsetenv("OMP_NUM_THREADS");
    rs_par_set_threads(1 << 30);
    assert_int_equal(rs_par_threads(), 1024);

    cpu_set_t all;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    rs_par_set_threads(0);
    assert_true(rs_par_threads() >= 1 && rs_par_threads() <= CPU_COUNT(&all));
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all)) continue;
        CPU_SET(cpu, &one);
        break;
    }
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    rs_par_set_threads(0);
    assert_int_equal(rs_par_threads(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    if (old) setenv("OMP_NUM_THREADS", old, 1);
    rs_par_set_threads(0);
    free(old);
}

static void no_rows_no_ranges(void **state)
{
    (void)state;
    int64_t indptr[1] = {0};
    int32_t bounds[5];
    assert_int_equal(rs_par_split(indptr, 0, 1, 4, bounds), 0);
    assert_int_equal(bounds[0], 0);
}

static void weights_decide(void **state)
{
    (void)state;
    int32_t bounds[5];
    int64_t heavy[] = {0, 100, 101, 102, 103, 104}; /* one row as heavy as all others */
    assert_int_equal(rs_par_split(heavy, 5, 0, 2, bounds), 2);
    assert_int_equal(bounds[1], 1);
    assert_int_equal(bounds[2], 5);
    int64_t empty[] = {0, 0, 0, 0, 0};
    assert_int_equal(rs_par_split(empty, 4, 1, 2, bounds), 2); /* rows alone */
    assert_int_equal(bounds[1], 2);
    assert_int_equal(rs_par_split(empty, 4, 0, 4, bounds), 4); /* no weight at all */
    assert_int_equal(bounds[4], 4);
    int64_t part[] = {50, 60, 70}; /* a slice of a larger matrix */
    assert_int_equal(rs_par_split(part, 2, 0, 2, bounds), 2);
    assert_int_equal(bounds[1], 1);
}

static void ranges_cover_and_balance(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct rs_rng r = rs_rng_make(seed, 0);
        int32_t n = 1 + (int32_t)rs_rng_below(&r, 500);
        int parts = 1 + (int)rs_rng_below(&r, 40);
        int64_t per_row = (int64_t)rs_rng_below(&r, 10);
        int64_t *indptr = rs_xalloc((size_t)n + 1, sizeof(*indptr));
        int64_t largest = 0;
        for (int32_t i = 0; i < n; i++) {
            int64_t w = (int64_t)rs_rng_below(&r, rs_rng_below(&r, 10) ? 20 : 500);
            indptr[i + 1] = indptr[i] + w;
            if (w + per_row > largest) largest = w + per_row;
        }
        int32_t *bounds = rs_xalloc((size_t)parts + 1, sizeof(*bounds));
        int count = rs_par_split(indptr, n, per_row, parts, bounds);
        assert_true(count >= 1 && count <= parts && count <= n);
        assert_int_equal(bounds[0], 0);
        assert_int_equal(bounds[count], n);
        double share = (double)(indptr[n] + per_row * n) / parts;
        for (int i = 0; i < count; i++) {
            int32_t a = bounds[i];
            int32_t b = bounds[i + 1];
            assert_true(a < b);
            int64_t weight = indptr[b] - indptr[a] + per_row * (b - a);
            /* a cut comes with the first row that reaches its share */
            assert_true((double)weight <= share + (double)largest);
        }
        free(bounds);
        free(indptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_follow_their_sources),
        cmocka_unit_test(no_rows_no_ranges),
        cmocka_unit_test(weights_decide),
        cmocka_unit_test(ranges_cover_and_balance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
