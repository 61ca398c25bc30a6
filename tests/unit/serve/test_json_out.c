/* JSON text: numbers, times, ids and items as answers have them. */
#include <math.h>

#include "../src/serve/json_out_impl.h"
#include "ref/support.h"

static void numbers_are_the_shortest_and_have_a_point(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    static const float floats[] = {0,    1,        -1,    0.1F,        100000,
                                   1e6F, 16777216, 3e38F, 0.33333334F, -2e-7F};
    for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++) {
        srv_json_float(&s, floats[i]);
        SRV_JSON(&s, ",");
    }
    srv_json_double(&s, 2);
    SRV_JSON(&s, ",");
    srv_json_double(&s, 0.1);
    SRV_JSON(&s, ",");
    srv_json_double(&s, 1e300);
    srv_json_float(&s, NAN);
    srv_json_float(&s, INFINITY);
    srv_json_double(&s, -INFINITY);
    assert_string_equal(s.data,
                        "0.0,1.0,-1.0,0.1,100000.0,1e+06,16777216.0,3e+38,0.33333334,-2e-07,"
                        "2.0,0.1,1e+300nullnullnull");
    rs_str_clear(&s);
}

static void times_and_booleans_are_printed(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    srv_json_time_ms(&s, 1700000000007);
    srv_json_time_s(&s, 1700000000);
    srv_json_time_s(&s, INT64_MAX);
    srv_json_time_s(&s, INT64_MIN);
    srv_json_time_ms(&s, INT64_MIN);
    srv_json_bool(&s, true);
    srv_json_bool(&s, false);
    assert_string_equal(s.data, "\"2023-11-14T22:13:20.007Z\"\"2023-11-14T22:13:20Z\"nullnullnull"
                                "truefalse");
    rs_str_clear(&s);
}

static void ids_are_numbers_where_all_are(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_idmap *ints = NULL;
    struct rs_idmap *texts = NULL;
    struct rs_str s;
    rs_str_init(&s, 0);
    assert_ok(rs_idmap_from_ints((const int64_t[]){-5, 7}, 2, &ints, &err), &err);
    assert_ok(rs_idmap_from_texts((const int64_t[]){0, 2, 4}, "7\"a\\", 2, &texts, &err), &err);
    static const char *const said[] = {"7", "-5", "8", "07", "-0", "9223372036854775808", "a\"b"};
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
        srv_json_id(&s, ints, said[i]);
        SRV_JSON(&s, " ");
        srv_json_id(&s, texts, said[i]);
        SRV_JSON(&s, " ");
        srv_json_id(&s, NULL, said[i]);
        SRV_JSON(&s, "\n");
    }
    srv_json_index(&s, ints, 0);
    srv_json_index(&s, texts, 0);
    srv_json_index(&s, texts, 1);
    assert_string_equal(s.data, "7 \"7\" \"7\"\n"
                                "-5 \"-5\" \"-5\"\n"
                                "8 \"8\" \"8\"\n"
                                "\"07\" \"07\" \"07\"\n"
                                "\"-0\" \"-0\" \"-0\"\n"
                                "\"9223372036854775808\" \"9223372036854775808\" "
                                "\"9223372036854775808\"\n"
                                "\"a\\\"b\" \"a\\\"b\" \"a\\\"b\"\n"
                                "-5\"7\\\"\"\"a\\\\\"");
    rs_str_clear(&s);
    rs_idmap_free(ints);
    rs_idmap_free(texts);
}

static void genres_are_joined_and_escaped(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_str s;
    struct rs_bundle b = {.catalogue = rs_catalogue_new(4)};
    rs_str_init(&s, 0);
    assert_ok(rs_catalogue_set(b.catalogue, 0, "T\"1\"", "Drama|Comedy", 0, &err), &err);
    assert_ok(rs_catalogue_set(b.catalogue, 1, "", "Film \"noir\"|Drama", 0, &err), &err);
    assert_ok(rs_catalogue_set(b.catalogue, 2, "",
                               "Com\xc3\xa9"
                               "die",
                               0, &err),
              &err);
    for (int32_t i = 0; i < 4; i++) {
        srv_json_title(&s, &b, i);
        srv_json_genres(&s, &b, i);
    }
    assert_string_equal(s.data, "\"T\\\"1\\\"\"\"Comedy|Drama\""
                                "\"\"\"Drama|Film \\\"noir\\\"\""
                                "\"\"\"Com\xc3\xa9"
                                "die\""
                                "\"\"\"\"");
    rs_str_clear(&s);
    rs_catalogue_free(b.catalogue);
}

static void a_full_string_stays_failed(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 8);
    srv_json_id(&s, NULL, "abcdef");
    assert_false(s.failed);
    SRV_JSON(&s, "x");
    assert_true(s.failed);
    srv_json_id(&s, NULL, "y");
    srv_json_float(&s, 1);
    srv_json_time_ms(&s, 0);
    assert_true(s.failed);
    assert_int_equal(s.len, 0);
    rs_str_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_shortest_and_have_a_point),
        cmocka_unit_test(times_and_booleans_are_printed),
        cmocka_unit_test(ids_are_numbers_where_all_are),
        cmocka_unit_test(genres_are_joined_and_escaped),
        cmocka_unit_test(a_full_string_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
