/* mem - alignment, zeros, overflow and injected failures. */
#include "ref/support.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

static void try_alloc_is_aligned_and_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        unsigned char *p = rs_try_alloc(sizes[i], 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_true(all_zero(p, sizes[i]));
        memset(p, 0xff, sizes[i]); /* so that a block used again is not zero by chance */
        free(p);
    }
}

static void too_large_is_null(void **state)
{
    (void)state;
    assert_null(rs_try_alloc(SIZE_MAX, 2));
    assert_null(rs_try_alloc(SIZE_MAX, 1)); /* rounding up would overflow */
    assert_null(rs_try_alloc(SIZE_MAX / 8, 8));
    assert_null(rs_try_realloc(NULL, 0, SIZE_MAX / 4, 8));
}

static void realloc_keeps_and_zeroes(void **state)
{
    (void)state;
    int32_t *p = rs_try_realloc(NULL, 0, 3, sizeof(*p));
    assert_non_null(p);
    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(p[i], 0);
        p[i] = i + 1;
    }
    p = rs_try_realloc(p, 3, 100, sizeof(*p));
    assert_int_equal((uintptr_t)p % 64, 0);
    for (int32_t i = 0; i < 100; i++)
        assert_int_equal(p[i], i < 3 ? i + 1 : 0);
    p = rs_try_realloc(p, 100, 2, sizeof(*p));
    assert_int_equal(p[0], 1);
    assert_int_equal(p[1], 2);

    rs_mem_fail_after(1);
    assert_null(rs_try_realloc(p, 2, 1000, sizeof(*p)));
    assert_int_equal(p[1], 2); /* the old block stays */
    free(p);
}

static void nth_allocation_fails_once(void **state)
{
    (void)state;
    rs_mem_fail_after(3);
    for (int i = 1; i <= 5; i++) {
        void *p = rs_try_alloc(1, 1);
        assert_true((p == NULL) == (i == 3));
        free(p);
    }
    assert_int_equal(rs_mem_fail_after(2), 0);
    free(rs_try_alloc(1, 1));
    assert_int_equal(rs_mem_fail_after(0), 1); /* one was left; now off */
    void *p = rs_try_alloc(1, 1);
    assert_non_null(p);
    free(p);
}

static void xalloc_is_zero_and_not_injected(void **state)
{
    (void)state;
    rs_mem_fail_after(1);
    unsigned char *p = rs_xalloc(10, 10);
    assert_true(all_zero(p, 100));
    free(p);
    free(rs_xalloc(0, 0));
    assert_int_equal(rs_mem_fail_after(0), 1);
}

static void strings(void **state)
{
    (void)state;
    assert_null(rs_xstrdup(NULL));
    assert_null(rs_xstrndup(NULL, 3));
    char *s = rs_xstrdup("abc");
    assert_string_equal(s, "abc");
    free(s);
    s = rs_xstrndup("abcdef", 3);
    assert_string_equal(s, "abc");
    free(s);
    s = rs_xstrndup("ab", 10);
    assert_string_equal(s, "ab");
    free(s);
    s = rs_xprintf("%d-%s", 7, "x");
    assert_string_equal(s, "7-x");
    free(s);
}

static void path_join(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}, {"a", "/b", "/b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *path = rs_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

static void system_figures_are_sane(void **state)
{
    (void)state;
    int64_t before = rs_mem_peak_rss();
    assert_true(before > 100 * 1024);
    size_t bytes = (size_t)64 << 20;
    unsigned char *p = rs_try_alloc(bytes, 1);
    assert_non_null(p);
    assert_true(p[bytes / 2] == 0);
    assert_true(rs_mem_peak_rss() >= (int64_t)bytes);
    free(p);
    assert_true(rs_mem_available() > (int64_t)bytes);
    assert_true(rs_mem_available() < INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(try_alloc_is_aligned_and_zero),
        cmocka_unit_test(too_large_is_null),
        cmocka_unit_test(realloc_keeps_and_zeroes),
        cmocka_unit_test(nth_allocation_fails_once),
        cmocka_unit_test(xalloc_is_zero_and_not_injected),
        cmocka_unit_test(strings),
        cmocka_unit_test(path_join),
        cmocka_unit_test(system_figures_are_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
