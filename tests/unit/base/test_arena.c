/* arena - alignment, growth over blocks, the maximum, and reset. */
#include "ref/support.h"

#include <stdint.h>
#include <string.h>

#include "rs/base/arena.h"
#include "rs/base/mem.h"

static void blocks_do_not_overlap(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(4096, 0);
    unsigned char *parts[300];
    for (size_t i = 0; i < 300; i++) {
        parts[i] = rs_arena_alloc(a, i);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % 64, 0);
        memset(parts[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(parts[i][j], i & 0xff);
    assert_true(rs_arena_used(a) >= 300 * 299 / 2);
    rs_arena_free(a);
    rs_arena_free(NULL);
}

static void larger_than_a_block(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(1024, 0);
    unsigned char *small = rs_arena_alloc(a, 10);
    unsigned char *large = rs_arena_alloc(a, 100000);
    assert_non_null(small);
    assert_non_null(large);
    memset(large, 1, 100000);
    rs_arena_free(a);
}

static void maximum_is_kept(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(1024, 4096);
    assert_null(rs_arena_alloc(a, 4097));
    assert_null(rs_arena_alloc(a, SIZE_MAX));
    assert_null(rs_arena_alloc(a, SIZE_MAX - 8));
    int n = 0;
    while (rs_arena_alloc(a, 100))
        n++;
    assert_int_equal(n, 33); /* 8 in a block of 1024, and 112 bytes are left of four */
    assert_true(rs_arena_used(a) <= 4096);
    assert_null(rs_arena_strndup(a,
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789",
                                 80));
    rs_arena_reset(a);
    assert_int_equal(rs_arena_used(a), 0);
    assert_non_null(rs_arena_alloc(a, 4096));
    assert_null(rs_arena_alloc(a, 0)); /* an empty one takes room too */
    rs_arena_free(a);
}

static void reset_keeps_the_first_block(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(1024, 0);
    rs_arena_reset(a); /* nothing yet */
    void *first = rs_arena_alloc(a, 100);
    for (int i = 0; i < 100; i++)
        assert_non_null(rs_arena_alloc(a, 500));
    rs_arena_reset(a);
    rs_mem_fail_after(1); /* any new block would fail */
    assert_ptr_equal(rs_arena_alloc(a, 100), first);
    assert_int_equal(rs_mem_fail_after(0), 1);
    rs_arena_free(a);
}

static void strndup_copies_and_ends(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(0, 0);
    assert_string_equal(rs_arena_strndup(a, "abcdef", 3), "abc");
    assert_string_equal(rs_arena_strndup(a, "ab", 10), "ab");
    assert_string_equal(rs_arena_strndup(a, "", 0), "");
    rs_arena_free(a);
}

static void an_unlimited_arena_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(0, SIZE_MAX);
    assert_null(rs_arena_alloc(a, SIZE_MAX));
    assert_null(rs_arena_alloc(a, PTRDIFF_MAX));
    assert_non_null(rs_arena_alloc(a, 10));
    assert_null(rs_arena_alloc(a, SIZE_MAX - 100));
    assert_int_equal(rs_arena_used(a), 10);
    rs_arena_free(a);
}

static void texts_lie_close(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(1024, 0);
    char *first = rs_arena_strndup(a, "abc", 3);
    char *second = rs_arena_strndup(a, "de", 2);
    assert_ptr_equal(second, first + 4);
    float *numbers = rs_arena_alloc(a, sizeof(*numbers)); /* behind a text, and aligned again */
    assert_int_equal((uintptr_t)numbers % 64, 0);
    assert_ptr_equal((char *)numbers, first + 64);
    assert_int_equal(rs_arena_used(a), 64 + sizeof(*numbers));
    assert_string_equal(first, "abc");
    assert_string_equal(second, "de");
    rs_arena_free(a);
}

static void out_of_memory_is_null(void **state)
{
    (void)state;
    struct rs_arena *a = rs_arena_new(1024, 0);
    rs_mem_fail_after(1);
    assert_null(rs_arena_alloc(a, 10));
    assert_int_equal(rs_arena_used(a), 0);
    rs_mem_fail_after(1);
    assert_null(rs_arena_strndup(a, "x", 1));
    assert_non_null(rs_arena_alloc(a, 10));
    rs_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(larger_than_a_block),
        cmocka_unit_test(maximum_is_kept),
        cmocka_unit_test(reset_keeps_the_first_block),
        cmocka_unit_test(strndup_copies_and_ends),
        cmocka_unit_test(texts_lie_close),
        cmocka_unit_test(an_unlimited_arena_refuses_what_cannot_be),
        cmocka_unit_test(out_of_memory_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
