/* str - growth and its maximum, numbers both ways, UTF-8, and likeness. */
#include "ref/support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"

static void appends_grow(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    assert_string_equal(rs_str_text(&s), "");
    for (int i = 0; i < 1000; i++)
        rs_str_addf(&s, "%d,", i);
    rs_str_add(&s, "end");
    rs_str_addc(&s, '!');
    rs_str_addn(&s, "a\0b", 3);
    rs_str_addn(&s, NULL, 0);
    assert_false(s.failed);
    assert_int_equal(s.len, 10 * 2 + 90 * 3 + 900 * 4 + 4 + 3);
    assert_memory_equal(rs_str_text(&s), "0,1,2,3,4,", 10);
    assert_memory_equal(s.data + s.len - 11, "999,end!a\0b", 12); /* with its NUL */
    rs_str_reset(&s);
    assert_int_equal(s.len, 0);
    assert_string_equal(rs_str_text(&s), "");
    assert_true(s.cap > 0);
    rs_str_clear(&s);
    assert_null(s.data);
}

static void take_moves(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 10);
    char *empty = rs_str_take(&s);
    assert_string_equal(empty, "");
    free(empty);
    rs_str_add(&s, "abc");
    char *text = rs_str_take(&s);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.max, 10);
}

static void maximum_fails_for_good(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 5);
    rs_str_add(&s, "12345");
    assert_false(s.failed);
    rs_str_addc(&s, '6');
    assert_true(s.failed);
    assert_string_equal(rs_str_text(&s), "");
    rs_str_add(&s, "1");
    rs_str_addf(&s, "%d", 1);
    assert_int_equal(s.len, 0);
    assert_null(rs_str_take(&s));
    rs_str_add(&s, "again"); /* take made it anew */
    assert_string_equal(rs_str_text(&s), "again");
    rs_str_addf(&s, "%s", "x");
    assert_true(s.failed);
    rs_str_reset(&s);
    assert_false(s.failed);
    rs_str_addn(&s, "x", SIZE_MAX);
    assert_true(s.failed);
    rs_str_clear(&s);
}

static enum rs_code build_text(void *ctx, struct rs_err *err)
{
    (void)ctx;
    struct rs_str s;
    rs_str_init(&s, 0);
    for (int i = 0; i < 100; i++)
        rs_str_addf(&s, "%d and ", i);
    rs_str_add(&s, "done");
    char *text = rs_str_take(&s);
    if (!text) return rs_fail(err, RS_ENOMEM, "out of memory");
    assert_int_equal(strlen(text), 10 * 6 + 90 * 7 + 4);
    free(text);
    return RS_OK;
}

static void survives_oom(void **state)
{
    (void)state;
    assert_survives_oom(build_text, NULL);
}

static void comparisons(void **state)
{
    (void)state;
    assert_true(rs_str_eq("a", "a"));
    assert_false(rs_str_eq("a", "b"));
    assert_false(rs_str_eq(NULL, "a"));
    assert_false(rs_str_eq("a", NULL));
    assert_true(rs_str_eq(NULL, NULL));
    assert_true(rs_str_starts("abc", "ab"));
    assert_true(rs_str_starts("abc", ""));
    assert_false(rs_str_starts("a", "ab"));
    assert_true(rs_str_ends("abc", "bc"));
    assert_true(rs_str_ends("abc", ""));
    assert_false(rs_str_ends("c", "bc"));
    assert_true(rs_str_contains_fold("The Matrix", "mAT"));
    assert_true(rs_str_contains_fold("x", ""));
    assert_true(rs_str_contains_fold("aab", "AB"));
    assert_false(rs_str_contains_fold("", "a"));
    assert_false(rs_str_contains_fold("matri", "matrix"));
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "abc",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x8e\xac",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",
        "\xc3",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(rs_str_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rs_str_utf8_valid(bad[i], strlen(bad[i])));
    assert_true(rs_str_utf8_valid("a\0b", 3));
    assert_int_equal(rs_str_utf8_count(""), 0);
    assert_int_equal(rs_str_utf8_count("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xac"), 4);
    assert_false(rs_str_utf8_valid("\xe2\x82\xac", 2)); /* looks no further than n */
}

static void integers(void **state)
{
    (void)state;
    int64_t v = 42;
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x10",
                                      "-",
                                      "+-1",
                                      "abc",
                                      "1e3",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(rs_str_to_i64(bad[i], &v));
        assert_int_equal(v, 42);
    }
    assert_true(rs_str_to_i64("9223372036854775807", &v) && v == INT64_MAX);
    assert_true(rs_str_to_i64("-9223372036854775808", &v) && v == INT64_MIN);
    assert_true(rs_str_to_i64("+7", &v) && v == 7);
    assert_true(rs_str_to_i64("007", &v) && v == 7);
}

static void doubles(void **state)
{
    (void)state;
    double v = 42;
    static const char *const bad[] = {"",     " 1",    "1 ", "nan",   "inf",
                                      "-inf", "0x1p3", "1e", "1e999", "-1e999",
                                      "1..2", "--1",   "e5", ".",     "1e+"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(rs_str_to_double(bad[i], &v));
        assert_true(v == 42);
    }
    assert_true(rs_str_to_double("0.1", &v) && v == 0.1);
    assert_true(rs_str_to_double("-1e-4", &v) && v == -1e-4);
    assert_true(rs_str_to_double(".5", &v) && v == 0.5);
    assert_true(rs_str_to_double("5.", &v) && v == 5);
    assert_true(rs_str_to_double("1e-400", &v) && v == 0); /* underflow is a number */
}

static void booleans(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "yes", "on", "1", "TRUE", "Yes"};
    static const char *const no[] = {"false", "no", "off", "0", "False", "OFF"};
    bool v;
    for (size_t i = 0; i < 6; i++) {
        v = false;
        assert_true(rs_str_to_bool(yes[i], &v) && v);
        assert_true(rs_str_to_bool(no[i], &v) && !v);
    }
    assert_false(rs_str_to_bool("2", &v));
    assert_false(rs_str_to_bool("", &v));
    assert_false(rs_str_to_bool("true ", &v));
}

static void nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"train",           "evaluate", "recommend",
                                        "registry verify", "run list", NULL};
    assert_string_equal(rs_str_nearest("trian", names), "train"); /* a swap is one step */
    assert_string_equal(rs_str_nearest("TRAIN", names), "train");
    assert_string_equal(rs_str_nearest("reco", names), "recommend"); /* prefix */
    assert_string_equal(rs_str_nearest("evalute", names), "evaluate");
    assert_null(rs_str_nearest("serve", names)); /* 4 steps and more from all */
    assert_null(rs_str_nearest("xyz", names));
    static const char *const small[] = {"set", "k", NULL};
    assert_null(rs_str_nearest("quiet", small)); /* 3 steps from "set", but more than half */
    assert_string_equal(rs_str_nearest("sett", small), "set");
    assert_null(rs_str_nearest("", names));
    static const char *const none[] = {NULL};
    assert_null(rs_str_nearest("train", none));
    char text[200];
    memset(text, 'a', sizeof(text));
    text[199] = '\0';
    const char *const long_names[] = {text, "a", NULL};
    assert_null(rs_str_nearest(text, names));
    assert_string_equal(rs_str_nearest("ab", long_names), "a");
}

static void integers_are_written(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 52);
    static const int64_t values[] = {0, -1, 10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 5; i++) {
        rs_str_add_int(&s, values[i]);
        rs_str_addc(&s, ' ');
    }
    assert_false(s.failed);
    assert_string_equal(rs_str_text(&s), "0 -1 10 9223372036854775807 -9223372036854775808 ");
    rs_str_add_int(&s, 12345);
    assert_true(s.failed); /* its maximum holds here as well */
    rs_str_clear(&s);
}

static void check_double(double v, const char *want)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add_double(&s, v);
    if (want) assert_string_equal(rs_str_text(&s), want);
    double back;
    assert_true(rs_str_to_double(rs_str_text(&s), &back));
    assert_memory_equal(&back, &v, sizeof(v));
    rs_str_clear(&s);
}

static void check_float(float v, const char *want)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add_float(&s, v);
    if (want) assert_string_equal(rs_str_text(&s), want);
    float back = strtof(rs_str_text(&s), NULL);
    assert_memory_equal(&back, &v, sizeof(v));
    rs_str_clear(&s);
}

static void numbers_read_back(void **state)
{
    (void)state;
    check_double(0, "0");
    check_double(-0.0, "-0");
    check_double(3, "3");
    check_double(0.1, "0.1");
    check_double(0.1 + 0.2, "0.30000000000000004");
    check_double(1e300, "1e+300");
    check_double(1.0 / 3, "0.3333333333333333");
    check_double(DBL_MAX, NULL);
    check_double(DBL_MIN, NULL);
    check_double(0x1p-1074, NULL);
    check_float(0.1f, "0.1");
    check_float(3, "3");
    check_float(FLT_MAX, NULL);
    check_float(0x1p-149f, NULL);
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t bits = rs_rng_u64(1, 2, i);
        double d;
        float f;
        memcpy(&d, &bits, sizeof(d));
        memcpy(&f, &bits, sizeof(f));
        if (isfinite(d)) check_double(d, NULL);
        if (isfinite(f)) check_float(f, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_grow),
        cmocka_unit_test(take_moves),
        cmocka_unit_test(maximum_fails_for_good),
        cmocka_unit_test(survives_oom),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(utf8),
        cmocka_unit_test(integers),
        cmocka_unit_test(doubles),
        cmocka_unit_test(booleans),
        cmocka_unit_test(nearest_name),
        cmocka_unit_test(integers_are_written),
        cmocka_unit_test(numbers_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
