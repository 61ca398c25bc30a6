/* The model's calls over HTTP: every declared status, every shape, feedback that shows at once, and
 * promotions between two pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_shape.h"
#include "ref/ref_web.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define PATIENCE_MS 60000
#define TOKEN       REF_WEB_TOKEN

static struct ref_bin bin;
static struct ref_web web;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin); /* version 1: als */
    free(ref_bin_out(&bin, 0, "model register --run popularity"));
    ref_web_start(&web, &bin, "serving.rate_per_s=0 serving.max_body_kb=64");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    int status = ref_web_stop(&web);
    ref_bin_clear(&bin);
    return status;
}

static const struct srv_route *route_of(const char *method, const char *path)
{
    struct rs_arena *arena = rs_arena_new(4096, 0);
    struct rs_err err = {0};
    const char *values[SRV_MAX_PATH_VALUES];
    unsigned allow;
    const struct srv_route *r =
        srv_route_find(strcmp(method, "GET") == 0 ? SRV_GET : SRV_POST, path, strcspn(path, "?"),
                       arena, values, &allow, &err);
    rs_arena_free(arena);
    if (!r) fail_msg("%s %s: no route", method, path);
    return r;
}

/* One request. The answer has a status that its route declares, and the shape that goes with it. */
static struct ref_reply ask_with(const char *method, const char *path, const char *body,
                                 const char *token, const char *extra)
{
    struct ref_reply reply;
    int statuses[SRV_MAX_STATUSES];
    const struct srv_route *r = route_of(method, path);
    int n = srv_route_statuses(r, statuses);
    bool declared = false;
    ref_web_ask(&web, method, path, token, body, extra, &reply);
    for (int i = 0; i < n; i++)
        declared |= statuses[i] == reply.status;
    if (!declared || !reply.json)
        fail_msg("%s %s: %d is not declared: %s", method, path, reply.status, reply.body);
    ref_check_shape(srv_route_answers(r, reply.status) ? r->answer : "Error", reply.json);
    return reply;
}

static struct rs_val *ask(const char *method, const char *path, const char *body, int status)
{
    struct ref_reply reply = ask_with(method, path, body, TOKEN, NULL);
    if (reply.status != status)
        fail_msg("%s %s %s: %d, not %d: %s", method, path, body ? body : "", reply.status, status,
                 reply.body);
    struct rs_val *v = reply.json;
    reply.json = NULL;
    ref_reply_clear(&reply);
    return v;
}

static struct rs_val *recommend(const char *body)
{
    return ask("POST", "/recommend", body, 200);
}

static bool has_item(const struct rs_val *rows, int64_t item)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (rs_val_get_int(rows->items[i], "item_id", -1) == item) return true;
    }
    return false;
}

/* Waits until that version answers. */
static void expect_version(int64_t version)
{
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    for (int64_t is = -1; is != version;) {
        if (rs_clock_mono_ns() > deadline)
            fail_msg("version %lld answers, not %lld", (long long)is, (long long)version);
        struct rs_val *v = ask("GET", "/health", NULL, 200);
        is = rs_val_get_int(v, "model_version", 0);
        rs_val_free(v);
    }
}

static void promote(int64_t version)
{
    char line[96];
    snprintf(line, sizeof(line), "model promote %lld --force --reason 'a test'",
             (long long)version);
    free(ref_bin_out(&bin, 0, line));
    expect_version(version);
}

static void every_call_answers_its_own_example(void **state)
{
    (void)state;
    int n = 0;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (!r->answer || r->scope == SRV_ADMIN || strcmp(r->path, "/jobs/{id}") == 0) continue;
        struct rs_str target;
        struct rs_str body;
        int n_query = 0;
        int n_body = 0;
        rs_str_init(&target, 0);
        rs_str_init(&body, 0);
        rs_str_addn(&target, r->path, strcspn(r->path, "{"));
        for (const struct srv_field *f = r->fields; f && f->name; f++) {
            if (!f->example) continue;
            if (f->in == SRV_IN_BODY) {
                rs_str_addf(&body, "%s\"%s\": %s", n_body++ ? ", " : "{", f->name, f->example);
                continue;
            }
            if (f->example[0] == '"' && f->in == SRV_IN_QUERY) continue; /* needs encoding */
            size_t quotes = f->example[0] == '"';
            if (f->in == SRV_IN_QUERY)
                rs_str_addf(&target, "%c%s=", n_query++ ? '&' : '?', f->name);
            rs_str_addn(&target, f->example + quotes, strlen(f->example) - 2 * quotes);
            if (f->in == SRV_IN_PATH) rs_str_add(&target, strchr(r->path, '}') + 1);
        }
        rs_str_add(&body, n_body ? "}" : "");
        rs_val_free(ask(r->method == SRV_GET ? "GET" : "POST", target.data,
                        n_body ? body.data : NULL, r->status ? r->status : 200));
        n++;
        rs_str_clear(&target);
        rs_str_clear(&body);
    }
    assert_true(n > 15);
}

static void refusals_have_their_status(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *part;
    } cases[] = {
        {"POST", "/recommend", "{\"user_id\": 1, \"k\": 0}", 400, "k: 0 is below 1"},
        {"POST", "/recommend", "{\"user_id\": 1, \"k\": \"10\"}", 400, "k: \\\"10\\\" is a text"},
        {"POST", "/recommend", "{\"usr_id\": 1}", 400, "did you mean 'user_id'?"},
        {"POST", "/recommend", "{\"user_id\": 1, \"items\": [3]}", 400, "say one of them"},
        {"POST", "/recommend", "", 400, "both missing"},
        {"POST", "/recommend", "{\"user_id\": 1, \"genres\": [\"x\"]}", 404, "genre 'x'"},
        {"POST", "/recommend", "{\"user_id\": \"x\", \"strict\": true}", 404, "user 'x'"},
        {"POST", "/recommend", "{\"user_id\": 1,}", 422, "body:1"},
        {"POST", "/recommend", "[[[[[", 422, "body:1"},
        {"POST", "/recommend/batch", "{\"user_ids\": []}", 400, "user_ids: it has 0 elements"},
        {"POST", "/recommend/batch", "{}", 400, "user_ids: it is missing"},
        {"POST", "/similar-items", "{\"item_id\": \"x\"}", 404, "item 'x'"},
        {"GET", "/explain?user_id=x&item_id=3", NULL, 404, "user 'x'"},
        {"GET", "/explain?user_id=1&item_id=x", NULL, 404, "item 'x'"},
        {"GET", "/explain?user_id=1", NULL, 400, "item_id: it is missing"},
        {"GET", "/users?limit=1001", NULL, 400, "limit: 1001 is above 1000"},
        {"GET", "/items?limit=1&limit=2", NULL, 400, "given twice"},
        {"GET", "/user/nobody/history", NULL, 404, "user 'nobody'"},
        {"POST", "/feedback", "{\"user_id\": 1}", 400, "item_id: it is missing"},
        {"GET", "/health?verbose=1", NULL, 400, "unknown query parameter 'verbose'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ref_reply r = ask_with(cases[i].method, cases[i].path, cases[i].body, TOKEN, NULL);
        if (r.status != cases[i].status || !strstr(r.body, cases[i].part))
            fail_msg("%s %s: %d %s", cases[i].method, cases[i].path, r.status, r.body);
        ref_reply_clear(&r);
    }
    static const char event[] = "{\"user_id\": 1, \"item_id\": 3}";
    struct ref_reply r = ask_with("POST", "/feedback", event, NULL, NULL);
    assert_int_equal(r.status, 401);
    ref_reply_clear(&r);
    char *large = rs_xalloc(1, 70000);
    memset(large, ' ', 69999);
    r = ask_with("POST", "/recommend", large, NULL, NULL);
    assert_int_equal(r.status, 413);
    ref_reply_clear(&r);
    free(large);
}

/* An event shows in the next answers of every kind, for whichever model serves. */
static void check_feedback(const char *user)
{
    char *body = rs_xprintf("{\"user_id\": \"%s\"}", user);
    struct rs_val *before = recommend(body);
    const struct rs_val *rows = rs_val_get(before, "recommendations");
    int64_t item = rs_val_get_int(rows->items[0], "item_id", -1);
    char *event =
        rs_xprintf("{\"user_id\": \"%s\", \"item_id\": %lld, \"value\": 5}", user, (long long)item);
    struct rs_val *stored = ask("POST", "/feedback", event, 201);
    assert_true(rs_val_get_bool(stored, "known_item", false));
    struct rs_val *after = recommend(body);
    assert_false(has_item(rs_val_get(after, "recommendations"), item));
    char *path = rs_xprintf("/user/%s/history?limit=1", user);
    struct rs_val *history = ask("GET", path, NULL, 200);
    assert_true(has_item(rs_val_get(history, "history"), item));
    free(path);
    path = rs_xprintf("/explain?user_id=%s&item_id=%lld&k=100", user, (long long)item);
    rs_val_free(ask("GET", path, NULL, 200));
    free(path);
    char *command = rs_xprintf("recommend --user %s --feedback", user);
    struct rs_val *printed = ref_bin_json(&bin, 0, command, "recommendations");
    const struct rs_val *same = rs_val_get(printed, "recommendations");
    rows = rs_val_get(after, "recommendations");
    assert_int_equal(same->n, rows->n);
    for (size_t i = 0; i < rows->n; i++)
        assert_int_equal(rs_val_get_int(same->items[i], "item_id", -1),
                         rs_val_get_int(rows->items[i], "item_id", -2));
    rs_val_free(printed);
    free(command);
    rs_val_free(history);
    rs_val_free(after);
    rs_val_free(stored);
    rs_val_free(before);
    free(event);
    free(body);
}

static void feedback_shows_in_the_next_answer(void **state)
{
    (void)state;
    check_feedback("2");
    check_feedback("2");
    check_feedback("stranger");
    struct rs_val *v = recommend("{\"user_id\": \"stranger\"}");
    assert_string_equal(rs_val_get_str(v, "source", ""), "als");
    rs_val_free(v);
    promote(2); /* popularity */
    check_feedback("2");
    check_feedback("another");
    promote(1);
}

/* The next page of a list; NULL: there is none. */
static struct rs_val *next_page(const char *fields, const struct rs_val *page)
{
    const char *cursor = rs_val_get_str(page, "next_cursor", NULL);
    if (!cursor) return NULL;
    char *body = rs_xprintf("{%s, \"cursor\": \"%s\"}", fields, cursor);
    struct rs_val *v = recommend(body);
    free(body);
    return v;
}

static void pages_never_repeat_whatever_happens(void **state)
{
    (void)state;
#define FIELDS "\"user_id\": 3, \"k\": 25"
    bool seen[1000] = {false};
    struct rs_val *page = recommend("{" FIELDS "}");
    int n_pages = 0;
    int n_rows = 0;
    while (page) {
        const struct rs_val *rows = rs_val_get(page, "recommendations");
        assert_int_equal(rs_val_get_int(page, "model_version", 0), 1);
        for (size_t i = 0; i < rows->n; i++) {
            int64_t item = rs_val_get_int(rows->items[i], "item_id", -1);
            assert_true(item >= 0 && item < 1000 && !seen[item]);
            seen[item] = true;
            assert_int_equal(rs_val_get_int(rows->items[i], "rank", 0), ++n_rows);
        }
        if (n_pages++ == 1) {
            promote(2);
            rs_val_free(ask("POST", "/feedback", "{\"user_id\": 3, \"item_id\": 5}", 201));
        }
        struct rs_val *next = next_page(FIELDS, page);
        rs_val_free(page);
        page = next;
    }
    assert_true(n_pages > 5);
    promote(1);
}

static void a_version_that_is_gone_is_refused(void **state)
{
    (void)state;
    struct rs_val *page = recommend("{" FIELDS "}");
    free(
        ref_bin_out(&bin, 0, "train --model als --dataset synthetic --name other model.factors=4"));
    free(ref_bin_out(&bin, 0, "model register --run other"));
    promote(2);
    promote(3);
    char *body =
        rs_xprintf("{" FIELDS ", \"cursor\": \"%s\"}", rs_val_get_str(page, "next_cursor", ""));
    struct rs_val *v = ask("POST", "/recommend", body, 409);
    assert_string_equal(rs_val_at(v, "error.code")->s, "refused");
    assert_string_equal(rs_val_at(v, "error.message")->s,
                        "version 1 is no longer served: ask for the first page again");
    rs_val_free(v);
    promote(2);
    rs_val_free(ask("POST", "/similar-items", "{\"item_id\": 5}", 409));
    promote(1);
    rs_val_free(page);
    free(body);
}

static void without_a_model_it_says_so(void **state)
{
    (void)state;
    struct ref_bin empty;
    struct ref_web with_model = web;
    ref_bin_init(&empty);
    ref_web_start(&web, &empty, "");
    struct rs_val *v = ask("GET", "/health", NULL, 200);
    assert_string_equal(rs_val_get_str(v, "status", ""), "degraded");
    rs_val_free(v);
    v = ask("GET", "/ready", NULL, 503);
    assert_string_equal(rs_val_get_str(v, "status", ""), "no model is served");
    rs_val_free(v);
    rs_val_free(ask("GET", "/live", NULL, 200));
    rs_val_free(ask("POST", "/recommend", "{\"user_id\": 1}", 503));
    rs_val_free(ask("GET", "/users", NULL, 503));
    v = ask("POST", "/feedback", "{\"user_id\": 1, \"item_id\": 2}", 201);
    assert_false(rs_val_get_bool(v, "known_user", true));
    rs_val_free(v);
    assert_int_equal(ref_web_stop(&web), 0);
    ref_bin_clear(&empty);
    web = with_model;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_answers_its_own_example),
        cmocka_unit_test(refusals_have_their_status),
        cmocka_unit_test(feedback_shows_in_the_next_answer),
        cmocka_unit_test(pages_never_repeat_whatever_happens),
        cmocka_unit_test(a_version_that_is_gone_is_refused),
        cmocka_unit_test(without_a_model_it_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
