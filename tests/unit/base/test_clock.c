/* clock - the calendar both ways, the pinned clock, durations. */
#include "ref/support.h"

#include <time.h>

#include "rs/base/clock.h"
#include "rs/base/rng.h"

static void wall_clock_can_be_pinned(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = rs_clock_now_ms();
    assert_true(now >= before - 1000 && now < before + 60000);
    rs_clock_set(123456);
    assert_int_equal(rs_clock_now_ms(), 123456);
    rs_clock_set(0);
    assert_int_equal(rs_clock_now_ms(), 0);
    rs_clock_set(-1);
    assert_true(rs_clock_now_ms() >= now);
}

static void monotonic_and_sleep(void **state)
{
    (void)state;
    int64_t a = rs_clock_mono_ns();
    rs_clock_sleep_ms(0);
    rs_clock_sleep_ms(-5);
    rs_clock_sleep_ms(3);
    assert_true(rs_clock_mono_ns() - a >= 3000000);
}

static void check_format(int64_t ms, const char *want)
{
    char buf[32];
    rs_clock_format(ms, buf, sizeof(buf));
    assert_string_equal(buf, want);
}

static void stamps_are_formats_with_milliseconds(void **state)
{
    (void)state;
    struct rs_rng rng = rs_rng_make(11, rs_rng_stream("stamps", 0));
    char got[25];
    char want[32];
    for (int i = 0; i < 20000; i++) {
        int64_t ms = (int64_t)rs_rng_below(&rng, 315569520000000) - 62167219200000; /* 0 … 9999 */
        if (ms % 1000 == 0) ms++; /* has its digits */
        assert_true(rs_clock_stamp(ms, got));
        rs_clock_format(ms, want, sizeof(want));
        assert_string_equal(got, want);
    }
    assert_true(rs_clock_stamp(-1, got));
    assert_string_equal(got, "1969-12-31T23:59:59.999Z");
    assert_true(rs_clock_stamp(253402300799000, got));
    assert_string_equal(got, "9999-12-31T23:59:59.000Z");
    assert_true(rs_clock_stamp(-62167219200000, got));
    assert_string_equal(got, "0000-01-01T00:00:00.000Z");
    assert_false(rs_clock_stamp(253402300800000, got));
    assert_false(rs_clock_stamp(-62167219200001, got));
    assert_false(rs_clock_stamp(INT64_MIN, got));
    assert_false(rs_clock_stamp(INT64_MAX, got));
}

static void formats(void **state)
{
    (void)state;
    check_format(0, "1970-01-01T00:00:00Z");
    check_format(123, "1970-01-01T00:00:00.123Z");
    check_format(-1, "1969-12-31T23:59:59.999Z");
    check_format(951782400000, "2000-02-29T00:00:00Z");
    check_format(1795543980000, "2026-11-24T18:13:00Z");
    check_format(4107542399000, "2100-02-28T23:59:59Z");
    check_format(253402300799000, "9999-12-31T23:59:59Z");
    check_format(-62167219200000, "0000-01-01T00:00:00Z");
}

static void agrees_with_the_system(void **state)
{
    (void)state;
    struct rs_rng r = rs_rng_make(1, rs_rng_stream("test.clock", 0));
    for (int i = 0; i < 20000; i++) {
        time_t t = (time_t)rs_rng_below(&r, 253402300800);
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        char want[32];
        char got[32];
        assert_int_not_equal(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm), 0);
        rs_clock_format((int64_t)t * 1000, got, sizeof(got));
        assert_string_equal(got, want);
        int64_t back;
        assert_int_equal(rs_clock_parse(got, &back), 0);
        assert_true(back == (int64_t)t * 1000);
    }
}

static void parses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-02", 86400000},
        {"2026-11-24T18:13:00Z", 1795543980000},
        {"2026-11-24 18:13:00", 1795543980000},
        {"2026-11-24T18:13", 1795543980000},
        {"2026-11-24T18:13:00.5Z", 1795543980500},
        {"2026-11-24T18:13:00.123987", 1795543980123},
        {"2026-11-24T20:13:00+02:00", 1795543980000},
        {"2026-11-24T14:43:00-0330", 1795543980000},
        {"2000-02-29", 951782400000},
        {"964982703", 964982703000},
        {"964982703.25", 964982703250},
        {"9.64982703e8", 964982703000},
        {"2026", 2026000}, /* no year alone */
        {"0", 0},
        {"-1", -1000},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t ms = -7;
        if (rs_clock_parse(good[i].text, &ms) != 0 || ms != good[i].ms)
            fail_msg("'%s' is %lld", good[i].text, (long long)ms);
    }
    static const char *const bad[] = {
        "",
        " ",
        "now",
        "2026-1-1",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-11-24T",
        "2026-11-24T24:00",
        "2026-11-24T18:60",
        "2026-11-24T18:13:60",
        "2026-11-24T18:13:00.",
        "2026-11-24T18:13:00Zx",
        "2026-11-24T18:13:00+2",
        "2026-11-24T18:13:00+15:00",
        "2026-11-24x18:13:00",
        "26-11-24",
        "1795543980000", /* milliseconds */
        "nan",
        "1e400",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t ms = -7;
        if (rs_clock_parse(bad[i], &ms) != -1) fail_msg("'%s' is taken", bad[i]);
        assert_int_equal(ms, -7);
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *want;
    } cases[] = {
        {0, "0.0 ms"},
        {0.0034, "3.4 ms"},
        {0.85, "850 ms"},
        {0.9996, "1.0 s"},
        {12.34, "12.3 s"},
        {59.94, "59.9 s"},
        {59.96, "1 min 00 s"},
        {250, "4 min 10 s"},
        {3599.4, "59 min 59 s"},
        {3599.6, "1 h 00 min"},
        {7500, "2 h 05 min"},
        {180300, "50 h 05 min"},
        {-1, "-"},
        {0.0 / 0.0, "-"},
        {1e300, "-"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char buf[32];
        rs_clock_format_duration(cases[i].seconds, buf, sizeof(buf));
        assert_string_equal(buf, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_clock_can_be_pinned),
        cmocka_unit_test(monotonic_and_sleep),
        cmocka_unit_test(formats),
        cmocka_unit_test(stamps_are_formats_with_milliseconds),
        cmocka_unit_test(agrees_with_the_system),
        cmocka_unit_test(parses),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
