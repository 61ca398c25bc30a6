/* JSON text: the same numbers and texts as the slow printers give, byte for byte. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/json_out_impl.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/base/val.h"

static void check_float(struct rs_str *got, struct rs_str *want, float v)
{
    rs_str_reset(got);
    rs_str_reset(want);
    srv_json_float(got, v);
    rs_str_add_float(want, v);
    if (!strpbrk(want->data, ".e")) rs_str_add(want, ".0");
    assert_string_equal(got->data, want->data);
    assert_true(strtof(got->data, NULL) == v);
}

static void floats_are_the_shortest(void **state)
{
    (void)state;
    struct rs_str got;
    struct rs_str want;
    rs_str_init(&got, 0);
    rs_str_init(&want, 0);
    static const float some[] = {
        0,      1,           -1,          0.1F,           0.5F,       0.3F,       100000,   999999,
        1e6F,   999999.94F,  1e-4F,       9.9999997e-05F, 1.5e-4F,    524288.1F,  16777216, 3e38F,
        1e-45F, 0.99999994F, -2.0000002F, 99999.99F,      1.0000001F, 524288.125F};
    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
        check_float(&got, &want, some[i]);
    struct rs_rng rng = rs_rng_make(5, rs_rng_stream("floats", 0));
    for (int i = 0; i < 300000; i++) {
        uint32_t bits = rs_rng_next32(&rng);
        float v;
        if (i % 2) bits = (bits & 0x807fffff) | (112 + rs_rng_next32(&rng) % 38) << 23;
        memcpy(&v, &bits, sizeof(v));
        if (isfinite(v)) check_float(&got, &want, v);
    }
    for (int i = 1; i < 40; i++) { /* around powers of two the gaps differ */
        float v = ldexpf(1, i - 14);
        check_float(&got, &want, nextafterf(v, 0));
        check_float(&got, &want, nextafterf(v, INFINITY));
    }
    rs_str_reset(&got);
    srv_json_float(&got, NAN);
    srv_json_float(&got, INFINITY);
    srv_json_double(&got, -INFINITY);
    assert_string_equal(got.data, "nullnullnull");
    rs_str_clear(&got);
    rs_str_clear(&want);
}

static void other_numbers_are_printed(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    static const int64_t ints[] = {0, 7, -7, 10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++) {
        srv_json_int(&s, ints[i]);
        SRV_JSON(&s, ",");
    }
    srv_json_double(&s, 2);
    SRV_JSON(&s, ",");
    srv_json_double(&s, 0.1);
    SRV_JSON(&s, ",");
    srv_json_double(&s, 1e300);
    srv_json_bool(&s, true);
    srv_json_bool(&s, false);
    assert_string_equal(s.data, "0,7,-7,10,9223372036854775807,-9223372036854775808,2.0,0.1,1e+300"
                                "truefalse");
    rs_str_reset(&s);
    srv_json_time_ms(&s, 1700000000007);
    srv_json_time_s(&s, 1700000000);
    srv_json_time_s(&s, INT64_MAX);
    srv_json_time_s(&s, INT64_MIN);
    srv_json_time_ms(&s, INT64_MIN);
    assert_string_equal(s.data, "\"2023-11-14T22:13:20.007Z\"\"2023-11-14T22:13:20Z\"nullnullnull");
    rs_str_clear(&s);
}

static void texts_are_escaped_as_everywhere(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "plain",
                                        "a\"b\\c/",
                                        "\x01\t\n\x7f",
                                        "caf\xc3\xa9",
                                        "\xc2\x9b[31m",
                                        "bad \xff byte",
                                        "\xf0\x9f\x8e\xac",
                                        NULL};
    for (int i = 0; texts[i]; i++) {
        struct rs_str got;
        struct rs_str want;
        rs_str_init(&got, 0);
        rs_str_init(&want, 0);
        srv_json_text(&got, texts[i]);
        rs_json_quote(texts[i], &want);
        assert_string_equal(got.data, want.data);
        rs_str_clear(&got);
        rs_str_clear(&want);
    }
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
    srv_json_text(&s, "abcdef");
    assert_false(s.failed);
    srv_json_int(&s, 1);
    assert_true(s.failed);
    SRV_JSON(&s, "x");
    srv_json_text(&s, "y");
    srv_json_float(&s, 1);
    srv_json_time_ms(&s, 0);
    assert_true(s.failed);
    assert_int_equal(s.len, 0);
    rs_str_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_the_shortest),
        cmocka_unit_test(other_numbers_are_printed),
        cmocka_unit_test(texts_are_escaped_as_everywhere),
        cmocka_unit_test(ids_are_numbers_where_all_are),
        cmocka_unit_test(genres_are_joined_and_escaped),
        cmocka_unit_test(a_full_string_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
