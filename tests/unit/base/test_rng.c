/* rng - the cursor against its blocks, edges, and names of streams. Distributions: prop_rng. */
#include "ref/support.h"

#include "rs/base/rng.h"

static void cursor_reads_blocks_in_order(void **state)
{
    (void)state;
    struct rs_rng r = rs_rng_make(7, 9);
    for (uint64_t index = 0; index < 10; index++) {
        uint32_t block[4];
        rs_rng_block(7, 9, index, block);
        for (int i = 0; i < 4; i++)
            assert_int_equal(rs_rng_next32(&r), block[i]);
    }
    struct rs_rng a = rs_rng_make(7, 9);
    struct rs_rng b = rs_rng_make(7, 9);
    for (int i = 0; i < 10; i++) {
        uint64_t low = rs_rng_next32(&b);
        uint64_t high = rs_rng_next32(&b);
        assert_true(rs_rng_next64(&a) == (low | high << 32));
    }
    struct rs_rng copy = a;
    assert_true(rs_rng_next64(&copy) == rs_rng_next64(&a));
    uint32_t block[4];
    rs_rng_block(1, 2, 3, block);
    assert_true(rs_rng_u64(1, 2, 3) == (block[0] | (uint64_t)block[1] << 32));
}

static void every_bit_of_the_key_counts(void **state)
{
    (void)state;
    uint64_t base = rs_rng_u64(0, 0, 0);
    for (int bit = 0; bit < 64; bit++) {
        uint64_t v = UINT64_C(1) << bit;
        assert_true(rs_rng_u64(v, 0, 0) != base);
        assert_true(rs_rng_u64(0, v, 0) != base);
        assert_true(rs_rng_u64(0, 0, v) != base);
    }
}

static void below_stays_below(void **state)
{
    (void)state;
    struct rs_rng r = rs_rng_make(1, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(rs_rng_below(&r, 1), 0);
        assert_true(rs_rng_below(&r, 3) < 3);
        assert_true(rs_rng_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
        assert_true(rs_rng_below(&r, UINT64_MAX) < UINT64_MAX);
        double u = rs_rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        assert_true(rs_rng_gamma(&r, 0.1) >= 0);
    }
}

static void streams_have_names(void **state)
{
    (void)state;
    assert_true(rs_rng_stream("split", 0) != rs_rng_stream("als.users", 0));
    assert_true(rs_rng_stream("split", 0) != rs_rng_stream("split", 1));
    assert_true(rs_rng_stream("split", 5) == rs_rng_stream("split", 5));
}

static void shuffle_keeps_all(void **state)
{
    (void)state;
    int64_t v[100];
    int64_t again[100];
    int moved = 0;
    int seen[100] = {0};
    for (int i = 0; i < 100; i++)
        v[i] = again[i] = i;
    struct rs_rng r = rs_rng_make(3, 4);
    rs_rng_shuffle(&r, v, 100);
    for (int i = 0; i < 100; i++) {
        seen[v[i]]++;
        moved += v[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
    r = rs_rng_make(3, 4);
    rs_rng_shuffle(&r, again, 100);
    assert_memory_equal(v, again, sizeof(v));
    rs_rng_shuffle(&r, v, 1);
    rs_rng_shuffle(&r, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_reads_blocks_in_order),
        cmocka_unit_test(every_bit_of_the_key_counts),
        cmocka_unit_test(below_stays_below),
        cmocka_unit_test(streams_have_names),
        cmocka_unit_test(shuffle_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
