/* The table of calls is sound, and paths find their route: literal or decoded, never by accident. */
#include <string.h>

#include "../src/serve/route_impl.h"
#include "ref/support.h"

static void the_table_is_sound(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_ok(srv_routes_check(&err), &err);
    assert_null(srv_routes[srv_n_routes()].path);
}

struct found {
    const struct srv_route *route;
    const char *values[SRV_MAX_PATH_VALUES];
    unsigned allow;
    enum rs_code code;
};

/* path may hold a NUL: len counts. */
static struct found find(struct rs_arena *arena, enum srv_method method, const char *path,
                         size_t len)
{
    struct found f = {0};
    struct rs_err err = {0};
    f.route = srv_route_find(method, path, len, arena, f.values, &f.allow, &err);
    f.code = err.code;
    return f;
}

static void paths_find_their_route(void **state)
{
    (void)state;
    static const struct {
        enum srv_method method;
        const char *path, *want, *value;
    } cases[] = {
        {SRV_POST, "/recommend", "/recommend", NULL},
        {SRV_POST, "/recommend/batch", "/recommend/batch", NULL},
        {SRV_POST, "/recom%6dend", "/recommend", NULL},
        {SRV_GET, "/", "/", NULL},
        {SRV_GET, "/models/journal", "/models/journal", NULL},
        {SRV_GET, "/models/%6Aournal", "/models/journal", NULL},
        {SRV_GET, "/models/journals", "/models/{version}", "journals"},
        {SRV_GET, "/user/7/history", "/user/{id}/history", "7"},
        {SRV_GET, "/user/a%2Fb%20c+d/history", "/user/{id}/history", "a/b c+d"},
        {SRV_GET, "/user/%2e%2e/history", "/user/{id}/history", ".."},
        {SRV_GET, "/user/\xc3\xa9%C3%A9/history", "/user/{id}/history", "\xc3\xa9\xc3\xa9"},
        {SRV_GET, "/user/{id}/history", "/user/{id}/history", "{id}"},
        {SRV_POST, "/admin/commands/data%20fetch", "/admin/commands/{name}", "data fetch"},
    };
    struct rs_arena *arena = rs_arena_new(4096, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct found f = find(arena, cases[i].method, cases[i].path, strlen(cases[i].path));
        assert_int_equal(f.code, RS_OK);
        assert_non_null(f.route);
        assert_string_equal(f.route->path, cases[i].want);
        assert_true(f.allow & 1U << cases[i].method);
        if (cases[i].value) assert_string_equal(f.values[0], cases[i].value);
        rs_arena_reset(arena);
    }
    rs_arena_free(arena);
}

static void every_route_is_found_by_its_own_path(void **state)
{
    (void)state;
    struct rs_arena *arena = rs_arena_new(4096, 0);
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        assert_ptr_equal(find(arena, r->method, r->path, strlen(r->path)).route, r);
        rs_arena_reset(arena);
    }
    rs_arena_free(arena);
}

static void other_paths_find_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "*",
        "//",
        "recommend",
        "/recommend/",
        "//recommend",
        "/RECOMMEND",
        "/recom",
        "/recommend2",
        "/user/7",
        "/user//history",
        "/user/7/history/",
        "/models/",
        "/a/b/c/d",
        "/a/a/a/a/a/a/a/a/a/a/a/a/a",
        "/%",
        NULL,
    };
    struct rs_arena *arena = rs_arena_new(4096, 0);
    for (int i = 0; paths[i]; i++) {
        for (int m = 0; m < SRV_METHOD_COUNT; m++) {
            struct found f = find(arena, (enum srv_method)m, paths[i], strlen(paths[i]));
            assert_null(f.route);
            assert_int_equal(f.allow, 0);
        }
        rs_arena_reset(arena);
    }
    struct found f = find(arena, SRV_GET, "/users\0/x", 9);
    assert_null(f.route);
    assert_int_equal(f.code, RS_EARG);
    rs_arena_free(arena);
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
    (void)state;
    struct rs_arena *arena = rs_arena_new(4096, 0);
    struct found f = find(arena, SRV_GET, "/recommend", 10);
    assert_null(f.route);
    assert_int_equal(f.allow, 1U << SRV_POST);
    f = find(arena, SRV_POST, "/models/journal", 15);
    assert_null(f.route);
    assert_int_equal(f.allow, 1U << SRV_GET);
    f = find(arena, SRV_POST, "/user/7/history", 15);
    assert_null(f.route);
    assert_int_equal(f.allow, 1U << SRV_GET);
    rs_arena_free(arena);
}

static void paths_that_do_not_decode_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/user/%/history",   "/user/%4/history",           "/user/%zz/history",
        "/user/%00/history", "/user/%ff/history",          "/user/%c3%28/history",
        "/user/7/history%",  "/user/\xed\xa0\x80/history", NULL};
    struct rs_arena *arena = rs_arena_new(4096, 0);
    for (int i = 0; paths[i]; i++) {
        struct found f = find(arena, SRV_GET, paths[i], strlen(paths[i]));
        assert_null(f.route);
        assert_int_equal(f.code, RS_EARG);
    }
    rs_arena_free(arena);
}

static void no_memory_is_said(void **state)
{
    (void)state;
    struct rs_arena *arena = rs_arena_new(0, 16);
    assert_int_equal(find(arena, SRV_GET, "/user/123456789012345678/history", 32).code, RS_ENOMEM);
    rs_arena_free(arena);
}

static const struct srv_route *route(enum srv_method method, const char *path)
{
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (r->method == method && strcmp(r->path, path) == 0) return r;
    }
    fail_msg("no route %s", path);
    return NULL;
}

static void assert_statuses(enum srv_method method, const char *path, const int *want)
{
    int got[SRV_MAX_STATUSES];
    int n = srv_route_statuses(route(method, path), got);
    for (int i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
    assert_int_equal(want[n], 0);
}

static void statuses_follow_from_the_row(void **state)
{
    (void)state;
    assert_statuses(SRV_POST, "/recommend",
                    (const int[]){200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 0});
    assert_statuses(SRV_POST, "/feedback",
                    (const int[]){201, 400, 401, 403, 413, 415, 422, 429, 500, 503, 0});
    assert_statuses(SRV_GET, "/live", (const int[]){200, 400, 0});
    assert_statuses(SRV_GET, "/ready", (const int[]){200, 400, 503, 0});
    assert_statuses(SRV_GET, "/runs", (const int[]){200, 400, 401, 403, 422, 429, 500, 503, 0});
    assert_statuses(SRV_GET, "/", (const int[]){200, 304, 429, 0});
    assert_true(srv_route_answers(route(SRV_GET, "/ready"), 503));
    assert_true(srv_route_answers(route(SRV_POST, "/feedback"), 201));
    assert_false(srv_route_answers(route(SRV_POST, "/feedback"), 200));
    assert_false(srv_route_answers(route(SRV_POST, "/recommend"), 503));
    assert_true(srv_route_has_body(route(SRV_POST, "/admin/commands/{name}")));
    assert_false(srv_route_has_body(route(SRV_GET, "/explain")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(paths_find_their_route),
        cmocka_unit_test(every_route_is_found_by_its_own_path),
        cmocka_unit_test(other_paths_find_nothing),
        cmocka_unit_test(a_wrong_method_is_told_the_right_ones),
        cmocka_unit_test(paths_that_do_not_decode_are_refused),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(statuses_follow_from_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
