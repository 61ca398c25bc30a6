/* Parameter tables: defaults, what is taken and refused, and what is printed from them. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/param.h"

static const struct rs_param table[] = {
    {.name = "factors",
     .type = RS_PARAM_INT,
     .dflt = "64",
     .min = 1,
     .max = 1024,
     .alias = "embedding_dim",
     .help = "length of a vector",
     .log = true,
     .tune_min = 8,
     .tune_max = 256},
    {.name = "regularization",
     .type = RS_PARAM_REAL,
     .dflt = "0.01",
     .min = 0,
     .max = 100,
     .help = "pull of vectors to 0"},
    {.name = "solver",
     .type = RS_PARAM_CHOICE,
     .dflt = "cg",
     .choices = "cholesky|cg|block",
     .help = "how a half-step is solved"},
    {.name = "warm", .type = RS_PARAM_BOOL, .dflt = "false", .help = "start from the last model"},
    {.name = "name", .type = RS_PARAM_TEXT, .help = "name of the run"},
    {.name = "k",
     .type = RS_PARAM_INT_LIST,
     .dflt = "5,10,20",
     .min = 1,
     .max = 100,
     .help = "cuts"},
    {.name = "seed", .type = RS_PARAM_INT, .help = "any integer; unset: from the split"},
    {.name = "gain", .type = RS_PARAM_REAL, .min = 1, .max = INFINITY, .help = "at least 1"},
    {.name = "mode", .type = RS_PARAM_CHOICE, .choices = "a|b", .help = "unset unless given"},
    {.name = NULL},
};

static void set(struct rs_values *v, const char *name, const char *text)
{
    struct rs_err err = {0};
    assert_ok(rs_values_set_text(v, name, text, &err), &err);
}

static void refuse(const char *name, const char *text, const char *want)
{
    struct rs_err err = {0};
    struct rs_values *v = rs_values_new(table);
    assert_code(rs_values_set_text(v, name, text, &err), RS_EARG, &err, want);
    assert_null(strchr(err.msg, '\n'));
    struct rs_values *untouched = rs_values_new(table);
    struct rs_val *a = rs_values_to_map(v);
    struct rs_val *b = rs_values_to_map(untouched);
    assert_true(rs_val_equal(a, b)); /* a refused value changes nothing */
    rs_val_free(a);
    rs_val_free(b);
    rs_values_free(untouched);
    rs_values_free(v);
}

static void defaults_are_there_and_not_given(void **state)
{
    (void)state;
    struct rs_values *v = rs_values_new(table);
    size_t n = 9;
    assert_ptr_equal(rs_values_table(v), table);
    assert_int_equal(rs_values_int(v, "factors"), 64);
    assert_int_equal(rs_values_int(v, "embedding_dim"), 64);
    assert_true(rs_values_real(v, "regularization") == 0.01);
    assert_int_equal(rs_values_choice(v, "solver"), 1);
    assert_string_equal(rs_values_text(v, "solver"), "cg");
    assert_false(rs_values_bool(v, "warm"));
    assert_string_equal(rs_values_text(v, "name"), "");
    const int64_t *k = rs_values_ints(v, "k", &n);
    assert_int_equal(n, 3);
    assert_int_equal(k[2], 20);
    assert_int_equal(rs_values_int(v, "seed"), 0);
    assert_int_equal(rs_values_choice(v, "mode"), -1);
    for (const struct rs_param *p = table; p->name; p++)
        assert_false(rs_values_is_set(v, p->name));
    rs_values_free(v);
    rs_values_free(NULL);
}

static void texts_are_read_by_type(void **state)
{
    (void)state;
    struct rs_values *v = rs_values_new(table);
    set(v, "embedding_dim", "1024");
    set(v, "regularization", "1e-3");
    set(v, "solver", "block");
    set(v, "warm", "yes");
    set(v, "name", "a b, c");
    set(v, "k", "1, 100");
    set(v, "seed", "-5");
    set(v, "gain", "1e300");
    assert_int_equal(rs_values_int(v, "factors"), 1024);
    assert_true(rs_values_is_set(v, "factors") && rs_values_is_set(v, "embedding_dim"));
    assert_true(rs_values_real(v, "regularization") == 1e-3);
    assert_int_equal(rs_values_choice(v, "solver"), 2);
    assert_true(rs_values_bool(v, "warm"));
    assert_string_equal(rs_values_text(v, "name"), "a b, c");
    assert_int_equal(rs_values_int(v, "seed"), -5);
    size_t n = 0;
    assert_int_equal(rs_values_ints(v, "k", &n)[1], 100);
    assert_int_equal(n, 2);
    set(v, "k", "");
    rs_values_ints(v, "k", &n);
    assert_int_equal(n, 0);
    rs_values_free(v);
}

static void wrong_texts_are_refused_with_what_was_expected(void **state)
{
    (void)state;
    refuse("factors", "0", "factors: expected an integer 1..1024, got '0'");
    refuse("factors", "1025", "1..1024");
    refuse("embedding_dim", "x", "factors: expected an integer 1..1024, got 'x'");
    refuse("factors", "1.5", "an integer");
    refuse("factors", "99999999999999999999", "an integer");
    refuse("factors", "", "got ''");
    refuse("regularization", "nan", "regularization: expected a number 0..100, got 'nan'");
    refuse("regularization", "-0.1", "0..100");
    refuse("gain", "0.5", "gain: expected a number >= 1, got '0.5'");
    refuse("gain", "inf", "got 'inf'");
    refuse("solver", "lu", "solver: expected one of cholesky, cg, block, got 'lu'");
    refuse("solver", "", "one of");
    refuse("solver", "cholesky|cg", "one of");
    refuse("warm", "maybe", "warm: expected true or false, got 'maybe'");
    refuse("k", "5,,10", "k: expected integers separated by commas, each 1..100, got '5,,10'");
    refuse("k", "5,10,", "integers");
    refuse("k", "5 10", "integers");
    refuse("k", "5,101", "1..100");
    refuse("k", "1234567890123456789012345678901234567890", "integers");
    refuse("seed", "1\n\x1b[2J", "got '1??[2J'");
    refuse("factor", "1", "'factor' is unknown, did you mean 'factors'?");
    refuse("embeding_dim", "1", "did you mean 'embedding_dim'?");
    refuse("zzzzzzzzzz", "1", "'zzzzzzzzzz' is unknown");
}

static void typed_values_must_have_the_type(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *want; /* NULL: taken */
    } rows[] = {
        {"{\"factors\": 32, \"regularization\": 1, \"solver\": \"cg\", \"warm\": true}", NULL},
        {"{\"factors\": 32.0, \"k\": [1, 2], \"name\": \"x\", \"seed\": null}", NULL},
        {"{\"k\": 7, \"name\": 42, \"mode\": null}", NULL},
        {"{\"factors\": \"32\"}", "factors: expected an integer 1..1024, got \"32\""},
        {"{\"factors\": 32.5}", "got 32.5"},
        {"{\"factors\": 1e300}", "got 1e+300"},
        {"{\"factors\": 0}", "got '0'"},
        {"{\"factors\": null}", "got null"},
        {"{\"factors\": [1]}", "got list"},
        {"{\"regularization\": \"0.1\"}", "got \"0.1\""},
        {"{\"regularization\": true}", "got true"},
        {"{\"warm\": 1}", "warm: expected true or false, got 1"},
        {"{\"warm\": \"true\"}", "got \"true\""},
        {"{\"name\": {}}", "name: expected a text, got map"},
        {"{\"name\": false}", "got false"},
        {"{\"solver\": 3}", "one of cholesky, cg, block, got '3'"},
        {"{\"k\": [1, 2.5]}", "got list"},
        {"{\"k\": \"1,2\"}", "got \"1,2\""},
        {"{\"k\": [0]}", "1..100, got '0'"},
        {"{\"alpha\": 1}", "'alpha' is unknown"},
        {"[1]", "expected a map of names and values, got list"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rs_err err = {0};
        struct rs_val *map = NULL;
        struct rs_values *v = rs_values_new(table);
        assert_ok(rs_json_parse(rows[i].json, strlen(rows[i].json), "row", &map, &err), &err);
        if (rows[i].want) {
            assert_code(rs_values_set_map(v, map, &err), RS_EARG, &err, rows[i].want);
        } else {
            assert_ok(rs_values_set_map(v, map, &err), &err);
        }
        rs_val_free(map);
        rs_values_free(v);
    }
}

static void maps_and_copies_give_the_same_values_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_values *v = rs_values_new(table);
    set(v, "name", "run");
    set(v, "k", "3");
    set(v, "mode", "b");
    struct rs_values *copy = rs_values_copy(v);
    struct rs_val *map = rs_values_to_map(v);
    rs_values_free(v);
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_json_print(map, 0, &out);
    assert_string_equal(rs_str_text(&out),
                        "{\"factors\":64,\"regularization\":0.01,\"solver\":\"cg\",\"warm\":false,"
                        "\"name\":\"run\",\"k\":[3],\"seed\":null,\"gain\":null,\"mode\":\"b\"}");
    struct rs_values *again = rs_values_new(table);
    assert_ok(rs_values_set_map(again, map, &err), &err);
    struct rs_val *a = rs_values_to_map(copy);
    struct rs_val *b = rs_values_to_map(again);
    assert_true(rs_val_equal(a, map));
    assert_true(rs_val_equal(b, map));
    assert_true(rs_values_is_set(copy, "mode"));
    assert_false(rs_values_is_set(copy, "factors"));
    assert_false(rs_values_is_set(again, "seed"));
    rs_val_free(a);
    rs_val_free(b);
    rs_val_free(map);
    rs_values_free(copy);
    rs_values_free(again);
    rs_str_clear(&out);
}

static void text_forms_read_back(void **state)
{
    (void)state;
    static const char *const want[] = {"64", "0.01", "cg", "false", "", "5,10,20", "", "", ""};
    struct rs_values *v = rs_values_new(table);
    for (size_t i = 0; table[i].name; i++) {
        struct rs_str out;
        rs_str_init(&out, 0);
        rs_values_text_of(v, table[i].name, &out);
        assert_string_equal(rs_str_text(&out), want[i]);
        rs_str_clear(&out);
    }
    rs_values_free(v);
}

static void rows_describe_themselves(void **state)
{
    (void)state;
    static const char *const want[] = {"integer 1..1024, default 64",
                                       "number 0..100, default 0.01",
                                       "cholesky|cg|block, default cg",
                                       "boolean, default false",
                                       "text",
                                       "integers 1..100, default 5,10,20",
                                       "integer",
                                       "number >= 1",
                                       "a|b"};
    for (size_t i = 0; table[i].name; i++) {
        struct rs_str out;
        rs_str_init(&out, 0);
        rs_param_describe(&table[i], &out);
        assert_string_equal(rs_str_text(&out), want[i]);
        rs_str_clear(&out);
    }
    assert_ptr_equal(rs_param_find(table, "embedding_dim"), &table[0]);
    assert_null(rs_param_find(table, "none"));
    assert_string_equal(rs_param_type_name(RS_PARAM_INT_LIST), "integers");
}

static void the_schema_has_types_bounds_and_defaults(void **state)
{
    (void)state;
    struct rs_val *s = rs_param_schema(table);
    struct rs_str out;
    rs_str_init(&out, 0);
    assert_string_equal(rs_val_get_str(s, "type", ""), "object");
    assert_false(rs_val_get_bool(s, "additionalProperties", true));
    struct rs_val *p = rs_val_get(s, "properties");
    assert_int_equal(p->n, 9);
    rs_json_print(rs_val_get(p, "factors"), 0, &out);
    rs_json_print(rs_val_get(p, "solver"), 0, &out);
    rs_json_print(rs_val_get(p, "k"), 0, &out);
    rs_json_print(rs_val_get(p, "gain"), 0, &out);
    assert_string_equal(
        rs_str_text(&out),
        "{\"type\":\"integer\",\"description\":\"length of a vector\",\"minimum\":1,"
        "\"maximum\":1024,\"default\":64}"
        "{\"type\":\"string\",\"description\":\"how a half-step is solved\","
        "\"enum\":[\"cholesky\",\"cg\",\"block\"],\"default\":\"cg\"}"
        "{\"type\":\"array\",\"description\":\"cuts\",\"items\":{\"type\":\"integer\",\"minimum\":"
        "1,"
        "\"maximum\":100},\"default\":[5,10,20]}"
        "{\"type\":\"number\",\"description\":\"at least 1\",\"minimum\":1.0}");
    rs_str_clear(&out);
    rs_val_free(s);
}

static void unsound_tables_are_found(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_ok(rs_param_table_check(table, &err), &err);
    static const struct {
        struct rs_param row;
        const char *want;
    } bad[] = {
        {{.name = "", .help = "h"}, "without a name"},
        {{.name = "x", .type = RS_PARAM_TYPE_COUNT, .help = "h"}, "type 6 is unknown"},
        {{.name = "x", .type = RS_PARAM_TEXT}, "x: no help"},
        {{.name = "x", .type = RS_PARAM_TEXT, .help = "a\nb"}, "two lines"},
        {{.name = "first", .type = RS_PARAM_TEXT, .help = "h"}, "taken"},
        {{.name = "x", .type = RS_PARAM_TEXT, .help = "h", .alias = "first"}, "taken"},
        {{.name = "x", .type = RS_PARAM_INT, .help = "h", .min = 2, .max = 1}, "above maximum"},
        {{.name = "x", .type = RS_PARAM_CHOICE, .help = "h"}, "choices"},
        {{.name = "x", .type = RS_PARAM_INT, .help = "h", .choices = "a"}, "choices"},
        {{.name = "x", .type = RS_PARAM_CHOICE, .help = "h", .choices = "a|b", .dflt = "c"},
         "expected one of a, b, got 'c'"},
        {{.name = "x", .type = RS_PARAM_INT, .help = "h", .min = 1, .max = 5, .dflt = "6"}, "1..5"},
        {{.name = "x",
          .type = RS_PARAM_REAL,
          .help = "h",
          .max = 1,
          .tune_min = 0.1,
          .tune_max = 2},
         "search range"},
        {{.name = "x", .type = RS_PARAM_REAL, .help = "h", .log = true, .tune_max = 2},
         "log scale"},
        {{.name = "x", .type = RS_PARAM_REAL, .help = "h", .step = -1}, "step"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct rs_param t[] = {
            {.name = "first", .type = RS_PARAM_TEXT, .help = "h"}, bad[i].row, {.name = NULL}};
        assert_code(rs_param_table_check(t, &err), RS_EARG, &err, bad[i].want);
    }
}

static void a_row_checks_without_storing(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_ok(rs_param_check(&table[0], "3", &err), &err);
    assert_ok(rs_param_check(&table[5], "3", &err), &err);
    assert_code(rs_param_check(&table[5], "0", &err), RS_EARG, &err, "k: expected integers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_there_and_not_given),
        cmocka_unit_test(texts_are_read_by_type),
        cmocka_unit_test(wrong_texts_are_refused_with_what_was_expected),
        cmocka_unit_test(typed_values_must_have_the_type),
        cmocka_unit_test(maps_and_copies_give_the_same_values_back),
        cmocka_unit_test(text_forms_read_back),
        cmocka_unit_test(rows_describe_themselves),
        cmocka_unit_test(the_schema_has_types_bounds_and_defaults),
        cmocka_unit_test(unsound_tables_are_found),
        cmocka_unit_test(a_row_checks_without_storing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
