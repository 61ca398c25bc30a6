/* Requests through the fields of their route: what is taken, what is refused, and in which words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/fields_impl.h"
#include "ref/support.h"
#include "rs/base/mem.h"

static const struct srv_route *route(enum srv_method method, const char *path)
{
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (r->method == method && strcmp(r->path, path) == 0) return r;
    }
    fail_msg("no route %s", path);
    return NULL;
}

static void call_init(struct srv_call *c, enum srv_method method, const char *path)
{
    memset(c, 0xa5, sizeof(*c)); /* values are set, not left */
    c->route = route(method, path);
    c->arena = rs_arena_new(4096, 0);
}

static enum rs_code read(struct srv_call *c, const char *path_value, const char *query,
                         const char *body, struct rs_err *err)
{
    const char *const path[SRV_MAX_PATH_VALUES] = {path_value};
    return srv_fields_read(c, path, query, body, body ? strlen(body) : 0, err);
}

static void bodies_become_values(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/recommend");
    assert_ok(read(&c, NULL, NULL,
                   "{\"user_id\": -42, \"k\": 10.0, \"exclude_seen\": false, \"diversity\": 1,"
                   " \"exclude_items\": [1, \"1\", 2e3, \"caf\\u00e9\"], \"candidates\": null,"
                   " \"genres\": [\"Drama\"], \"strict\": true}",
                   &err),
              &err);
    assert_string_equal(srv_get(&c, "user_id")->s, "-42");
    assert_true(srv_get(&c, "user_id")->given);
    assert_int_equal(srv_get(&c, "k")->i, 10);
    assert_false(srv_get(&c, "exclude_seen")->b);
    assert_true(srv_get(&c, "strict")->b);
    assert_true(srv_get(&c, "diversity")->r == 1.0);
    const struct srv_value *ids = srv_get(&c, "exclude_items");
    assert_int_equal(ids->n, 4);
    assert_string_equal(ids->list[0], "1");
    assert_string_equal(ids->list[1], "1");
    assert_string_equal(ids->list[2], "2000");
    assert_string_equal(ids->list[3], "caf\xc3\xa9");
    assert_false(srv_get(&c, "candidates")->given); /* null is absent */
    assert_int_equal(srv_get(&c, "candidates")->n, 0);
    assert_string_equal(srv_get(&c, "genres")->list[0], "Drama");
    assert_null(srv_get(&c, "cursor")->s);
    rs_arena_free(c.arena);
}

static void what_is_absent_has_its_default(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/recommend");
    const char *const bodies[] = {
        "{\"user_id\": 1}", "{\"user_id\": 1, \"k\": null, \"strict\":null, \"items\": null}"};
    for (int i = 0; i < 2; i++) {
        assert_ok(read(&c, NULL, "", bodies[i], &err), &err);
        assert_false(srv_get(&c, "k")->given);
        assert_int_equal(srv_get(&c, "k")->i, 10);
        assert_true(srv_get(&c, "exclude_seen")->b);
        assert_false(srv_get(&c, "strict")->b);
        assert_true(srv_get(&c, "diversity")->r == 0);
        assert_null(srv_get(&c, "cursor")->s);
        assert_false(srv_get(&c, "items")->given);
    }
    rs_arena_free(c.arena);
}

static void one_of_the_alternatives_is_said(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/recommend");
    const char *const none[] = {NULL, "", "{}", "{\"user_id\": null, \"k\": 5}"};
    for (int i = 0; i < 4; i++) {
        assert_code(read(&c, NULL, "", none[i], &err), RS_EARG, &err, "both missing");
    }
    assert_code(read(&c, NULL, "", "{\"user_id\": 1, \"items\": [2]}", &err), RS_EARG, &err,
                "user_id and items are both given");
    assert_ok(read(&c, NULL, "", "{\"items\": [2]}", &err), &err);
    rs_arena_free(c.arena);
}

static void queries_and_paths_become_values(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_GET, "/user/{id}/history");
    assert_ok(read(&c, "a b", "limit=5&&offset=%31&", NULL, &err), &err);
    assert_string_equal(srv_get(&c, "id")->s, "a b");
    assert_int_equal(srv_get(&c, "limit")->i, 5);
    assert_int_equal(srv_get(&c, "offset")->i, 1);
    rs_arena_free(c.arena);
    call_init(&c, SRV_GET, "/items");
    assert_ok(read(&c, NULL, "search=toy+story%3F&l%69mit=1000", NULL, &err), &err);
    assert_string_equal(srv_get(&c, "search")->s, "toy story?");
    assert_int_equal(srv_get(&c, "limit")->i, 1000);
    assert_ok(read(&c, NULL, "search=", NULL, &err), &err);
    assert_string_equal(srv_get(&c, "search")->s, "");
    rs_arena_free(c.arena);
    call_init(&c, SRV_GET, "/");
    assert_ok(read(&c, NULL, "utm=1&utm=%", NULL, &err), &err); /* a page ignores it */
    rs_arena_free(c.arena);
}

static void times_come_in_both_forms(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t want;
    } cases[] = {
        {"1700000000", 1700000000},
        {"1700000000.9", 1700000000},
        {"-1.5", -2},
        {"\"2023-11-14T22:13:20Z\"", 1700000000},
        {"\"2023-11-14T22:13:20.999+00:00\"", 1700000000},
        {"\"1969-12-31T23:59:59.5Z\"", -1},
        {"\"9999-12-31\"", 253402214400},
    };
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/feedback");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *body = rs_xprintf("{\"user_id\":1,\"item_id\":2,\"timestamp\":%s}", cases[i].body);
        assert_ok(read(&c, NULL, NULL, body, &err), &err);
        assert_true(srv_get(&c, "timestamp")->i == cases[i].want);
        free(body);
    }
    rs_arena_free(c.arena);
}

struct refusal {
    const char *in, *want;
};

static void assert_refused(enum srv_method method, const char *path, bool body,
                           const struct refusal *cases, size_t n)
{
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, method, path);
    for (size_t i = 0; i < n; i++) {
        enum rs_code rc = body ? read(&c, NULL, NULL, cases[i].in, &err)
                               : read(&c, NULL, cases[i].in, NULL, &err);
        assert_int_equal(rc, RS_EARG);
        assert_string_equal(err.msg, cases[i].want);
        err = (struct rs_err){0};
    }
    rs_arena_free(c.arena);
}

#define AN_INT "an integer from 1 to 100 was expected"
#define AN_ID  "an id (text of 1 to 1024 bytes, or an integer) was expected"

static void wrong_bodies_name_field_and_expectation(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"k\": \"10\"}", "k: \"10\" is a text: " AN_INT},
        {"{\"k\": 0}", "k: 0 is below 1: " AN_INT},
        {"{\"k\": -1}", "k: -1 is below 1: " AN_INT},
        {"{\"k\": 101}", "k: 101 is above 100: " AN_INT},
        {"{\"k\": 1e9}", "k: 1000000000 is above 100: " AN_INT},
        {"{\"k\": 1e300}", "k: 1e+300 is too large: " AN_INT},
        {"{\"k\": 123456789012345678901234567890}",
         "k: 1.23456789012346e+29 is too large: " AN_INT},
        {"{\"k\": 9223372036854775807}", "k: 9223372036854775807 is above 100: " AN_INT},
        {"{\"k\": 1.5}", "k: 1.5 is not a whole number: " AN_INT},
        {"{\"k\": true}", "k: true is a boolean: " AN_INT},
        {"{\"k\": []}", "k: it is a list: " AN_INT},
        {"{\"k\": {\"k\": 1}}", "k: it is an object: " AN_INT},
        {"{\"user_id\": \"\"}", "user_id: it is empty: " AN_ID},
        {"{\"user_id\": 1.5}", "user_id: 1.5 is no integer that is exact: " AN_ID},
        {"{\"user_id\": 1e300}", "user_id: 1e+300 is no integer that is exact: " AN_ID},
        {"{\"user_id\": false}", "user_id: false is a boolean: " AN_ID},
        {"{\"items\": []}",
         "items: it has 0 elements: a list of ids of 1 to 2000 elements was expected"},
        {"{\"items\": \"1\"}",
         "items: \"1\" is a text: a list of ids of 1 to 2000 elements was expected"},
        {"{\"items\": [1, null]}", "items[1]: it is null: " AN_ID},
        {"{\"items\": [1, 2, [3]]}", "items[2]: it is a list: " AN_ID},
        {"{\"genres\": [1]}",
         "genres[0]: 1 is an integer: text of at most 1024 characters was expected"},
        {"{\"exclude_seen\": 1}", "exclude_seen: 1 is an integer: true or false was expected"},
        {"{\"exclude_seen\": \"true\"}",
         "exclude_seen: \"true\" is a text: true or false was expected"},
        {"{\"diversity\": 1.01}", "diversity: 1.01 is above 1: a number from 0 to 1 was expected"},
        {"{\"diversity\": \"0\"}", "diversity: \"0\" is a text: a number from 0 to 1 was expected"},
        {"{\"cursor\": \"\"}",
         "cursor: it has 0 characters: text of 1 to 128 characters was expected"},
        {"{\"strict\": \"0123456789012345678901234567890123456789012345\"}",
         "strict: \"0123456789012345678901234567890123456789...\" is a text: true or false was "
         "expected"},
        {"{\"user\": 1}", "unknown field 'user': did you mean 'user_id'?"},
        {"{\"zzzzzzzz\": 1}",
         "unknown field 'zzzzzzzz': there are user_id, items, k, exclude_seen, exclude_items, "
         "candidates, genres, diversity, strict, cursor"},
        {"[1]", "body: it is of type list: an object was expected"},
        {"null", "body: it is of type null: an object was expected"},
    };
    assert_refused(SRV_POST, "/recommend", true, cases, sizeof(cases) / sizeof(*cases));
    static const struct refusal feedback[] = {
        {"{\"item_id\": 1}", "user_id: it is missing: " AN_ID},
        {"", "user_id: it is missing: " AN_ID},
        {"{\"user_id\": null, \"item_id\": 1}", "user_id: it is null: " AN_ID},
        {"{\"user_id\":1,\"item_id\":2,\"timestamp\":1700000000000}",
         "timestamp: 1700000000000 seconds are not within the years 1 to 9999: seconds since 1970 "
         "or an ISO 8601 time was expected"},
        {"{\"user_id\":1,\"item_id\":2,\"timestamp\":\"1700000000\"}",
         "timestamp: \"1700000000\" is a text: seconds since 1970 or an ISO 8601 time was "
         "expected"},
        {"{\"user_id\":1,\"item_id\":2,\"timestamp\":\"2023-02-29\"}",
         "timestamp: \"2023-02-29\" is a text: seconds since 1970 or an ISO 8601 time was "
         "expected"},
        {"{\"user_id\":1,\"item_id\":2,\"value\":1e7}",
         "value: 10000000 is above 1000000: a number from -1000000 to 1000000 was expected"},
    };
    assert_refused(SRV_POST, "/feedback", true, feedback, sizeof(feedback) / sizeof(*feedback));
    static const struct refusal none[] = {{"{}", "body: this call takes none"}};
    assert_refused(SRV_GET, "/users", true, none, 1);
}

static void wrong_queries_name_parameter_and_expectation(void **state)
{
    (void)state;
#define A_LIMIT "an integer from 1 to 1000 was expected"
    static const struct refusal cases[] = {
        {"limit=0", "limit: 0 is below 1: " A_LIMIT},
        {"limit=", "limit: \"\" is a text: " A_LIMIT},
        {"limit", "limit: \"\" is a text: " A_LIMIT},
        {"limit=1.0", "limit: \"1.0\" is a text: " A_LIMIT},
        {"limit=%2B1", "limit: \"+1\" is a text: " A_LIMIT},
        {"limit=+1", "limit: \" 1\" is a text: " A_LIMIT},
        {"limit=0x10", "limit: \"0x10\" is a text: " A_LIMIT},
        {"limit=99999999999999999999", "limit: \"99999999999999999999\" is a text: " A_LIMIT},
        {"limit=1&offset=2&limit=1", "query parameter 'limit' is given twice"},
        {"limits=1", "unknown query parameter 'limits': did you mean 'limit'?"},
        {"=1", "unknown query parameter '': there are limit, offset, search"},
        {"search=%00", "search: it has a NUL character"},
        {"search=%ff", "search: it is not UTF-8"},
        {"search=%e", "search: '%e' is not % and two hex digits"},
        {"%zz=1", "query: '%zz' is not % and two hex digits"},
    };
    assert_refused(SRV_GET, "/items", false, cases, sizeof(cases) / sizeof(*cases));
    static const struct refusal none[] = {
        {"limit=1", "unknown query parameter 'limit': this call takes none"}};
    assert_refused(SRV_GET, "/health", false, none, 1);
    static const struct refusal body_only[] = {
        {"k=1", "unknown query parameter 'k': this call takes none"}};
    assert_refused(SRV_POST, "/recommend", false, body_only, 1);
}

static void what_is_no_json_is_malformed(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{", "{\"k\": 1, \"k\": 1}",       "{\"k\": NaN}", "{'k': 1}",
        " ", "{\"user_id\": \"\\u0000\"}", "{\"k\": 1} x", "{\"user_id\": \"\xff\"}"};
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/recommend");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        assert_code(read(&c, NULL, NULL, bodies[i], &err), RS_EPARSE, &err, "body");
    }
    char deep[512];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    assert_code(read(&c, NULL, NULL, deep, &err), RS_EPARSE, &err, "body");
    rs_arena_free(c.arena);
}

static void the_longest_id_is_taken_and_one_more_byte_is_not(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    char *body = rs_xprintf("{\"user_id\": \"%01025d\"}", 7);
    call_init(&c, SRV_POST, "/recommend");
    assert_code(read(&c, NULL, NULL, body, &err), RS_EARG, &err, "it has 1025 bytes");
    free(body);
    body = rs_xprintf("{\"user_id\": \"%01024d\"}", 7);
    assert_ok(read(&c, NULL, NULL, body, &err), &err);
    assert_int_equal(strlen(srv_get(&c, "user_id")->s), 1024);
    free(body);
    rs_arena_free(c.arena);
}

static void a_commands_body_is_handed_over(void **state)
{
    (void)state;
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/admin/commands/{name}");
    assert_ok(read(&c, "train", NULL, "{\"model\": \"als\", \"epochs\": 3}", &err), &err);
    assert_string_equal(srv_get(&c, "name")->s, "train");
    assert_int_equal(rs_val_get_int(c.body, "epochs", 0), 3);
    assert_ok(read(&c, "train", NULL, NULL, &err), &err);
    assert_null(c.body);
    assert_code(read(&c, "train", NULL, "3", &err), RS_EARG, &err, "an object was expected");
    rs_arena_free(c.arena);
}

/* Fields that no route has today. */
static const struct srv_field lists[] = {
    {.name = "ids", .type = SRV_IDS, .in = SRV_IN_QUERY, .max = 4},
    {.name = "on", .type = SRV_BOOL, .in = SRV_IN_QUERY},
    {.name = "when", .type = SRV_TIME, .in = SRV_IN_QUERY},
    {.name = "r", .type = SRV_REAL, .in = SRV_IN_QUERY},
    {.name = "map", .type = SRV_OBJECT},
    {.name = NULL}};

static void lists_in_a_query_repeat_or_have_commas(void **state)
{
    (void)state;
    static const struct srv_route by_hand = {.method = SRV_POST, .path = "/x", .fields = lists};
    struct srv_call c = {.route = &by_hand, .arena = rs_arena_new(4096, 0)};
    struct rs_err err = {0};
    assert_ok(read(&c, NULL, "ids=1,b%2C%20&ids=%C3%A9&on=1&when=2000-01-01&r=-1e-3", NULL, &err),
              &err);
    const struct srv_value *ids = srv_get(&c, "ids");
    assert_int_equal(ids->n, 4);
    assert_string_equal(ids->list[0], "1");
    assert_string_equal(ids->list[1], "b");
    assert_string_equal(ids->list[2], " ");
    assert_string_equal(ids->list[3], "\xc3\xa9");
    assert_true(srv_get(&c, "on")->b);
    assert_int_equal(srv_get(&c, "when")->i, 946684800);
    assert_true(srv_get(&c, "r")->r == -1e-3);
    assert_ok(read(&c, NULL, "on=false&when=-1.5", "{\"map\": {\"a\": [1]}}", &err), &err);
    assert_false(srv_get(&c, "on")->b);
    assert_int_equal(srv_get(&c, "when")->i, -2);
    assert_int_equal(srv_get(&c, "map")->map->n, 1);
    assert_code(read(&c, NULL, "ids=1,2,3&ids=4,5", NULL, &err), RS_EARG, &err,
                "ids: it has 5 elements: a list of ids of at most 4 elements was expected");
    assert_code(read(&c, NULL, "ids=1,,2", NULL, &err), RS_EARG, &err, "ids: it is empty");
    assert_code(read(&c, NULL, "on=yes", NULL, &err), RS_EARG, &err, "on: \"yes\" is neither");
    assert_code(read(&c, NULL, "r=1e999", NULL, &err), RS_EARG, &err, "r: \"1e999\" is a text");
    assert_code(read(&c, NULL, NULL, "{\"map\": 1}", &err), RS_EARG, &err, "map: 1 is an integer");
    rs_arena_free(c.arena);
}

static void a_full_arena_is_said(void **state)
{
    (void)state;
    static const char body[] = "{\"items\": [1, 2, 3, 4, 5, 6, 7, 8, 9], \"k\": 3}";
    struct srv_call c;
    struct rs_err err = {0};
    call_init(&c, SRV_POST, "/recommend");
    rs_arena_free(c.arena);
    bool through = false;
    for (size_t max = 16; max < 65536 && !through; max += 16) {
        c.arena = rs_arena_new(0, max);
        enum rs_code rc = read(&c, NULL, NULL, body, &err);
        through = rc == RS_OK;
        if (rc) assert_int_equal(rc, RS_ENOMEM);
        err = (struct rs_err){0};
        rs_arena_free(c.arena);
    }
    assert_true(through);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_become_values),
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(one_of_the_alternatives_is_said),
        cmocka_unit_test(queries_and_paths_become_values),
        cmocka_unit_test(times_come_in_both_forms),
        cmocka_unit_test(wrong_bodies_name_field_and_expectation),
        cmocka_unit_test(wrong_queries_name_parameter_and_expectation),
        cmocka_unit_test(what_is_no_json_is_malformed),
        cmocka_unit_test(the_longest_id_is_taken_and_one_more_byte_is_not),
        cmocka_unit_test(a_commands_body_is_handed_over),
        cmocka_unit_test(lists_in_a_query_repeat_or_have_commas),
        cmocka_unit_test(a_full_arena_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
