/*
 * Requests from hostile hands, against every route's path, query and body: refused with a status
 * that the route declares, or answered in the route's shape.
 *
 * A case is "METHOD target" and, after a newline, the body. Calls of the query thread are read and
 * not run: they start processes.
 */
#include <stdio.h>

#include "fuzz/fuzz_text.h"
#include "ref/ref_call.h"

static const char *const docs[] = {
    "POST /recommend\n{\"user_id\": 10, \"k\": 5, \"exclude_seen\": true}",
    "POST /recommend\n{\"items\": [\"i001\", 7], \"genres\": [\"Drama\"], \"diversity\": 0.5}",
    "POST /recommend\n{\"user_id\": \"20\", \"candidates\": [\"i002\"], \"strict\": true, "
    "\"exclude_items\": []}",
    "POST /recommend\n{\"user_id\": 10, \"cursor\": \"AQAFAAAAAAAAAAA\"}",
    "POST /recommend/batch\n{\"user_ids\": [10, \"20\", 30.0], \"k\": 2}",
    "POST /similar-items\n{\"item_id\": \"i005\", \"k\": 3}",
    "POST /feedback\n{\"user_id\": 10, \"item_id\": \"i001\", \"value\": 4.5, \"timestamp\": "
    "\"2023-11-14T22:13:20Z\", \"type\": \"rating\"}",
    "POST /admin/commands/data%20fetch\n{\"dataset\": \"synthetic\", \"overrides\": [\"a.b=1\"]}",
    "GET /explain?user_id=10&item_id=i001&k=3",
    "GET /users?limit=5&offset=2&search=1",
    "GET /items?search=Film+1&limit=1000",
    "GET /items-with-metadata?search=%28190",
    "GET /user/10/history?limit=3&offset=1",
    "GET /user/a%2Fb/history",
    "GET /models/production",
    "GET /models/journal?limit=3",
    "GET /runs?filter=metrics.ndcg_at_10+%3E+0.1&sort=-name",
    "GET /jobs/17",
    "GET /health",
    "GET /ready",
    NULL,
};
static const char *const words[] = {
    "%",
    "%00",
    "%2e%2e",
    "%2F",
    "%ff",
    "%c3%a9",
    "+",
    "&",
    "=",
    "?",
    "/",
    "//",
    "..",
    "null",
    "true",
    "-1",
    "0",
    "101",
    "1e9",
    "1e999",
    "NaN",
    "\"10\"",
    "[]",
    "{}",
    "[[[[",
    "\\u0000",
    "\\ud800",
    "\xff",
    "\xc3\xa9",
    "\xed\xa0\x80",
    "\n",
    "\"k\":",
    "\"user_id\":",
    "\"items\":",
    "\"cursor\":",
    "limit=",
    "search=",
    "9223372036854775808",
    NULL,
};

static bool declares(const struct srv_route *r, int status)
{
    int statuses[SRV_MAX_STATUSES];
    int n = srv_route_statuses(r, statuses);
    for (int i = 0; i < n; i++) {
        if (statuses[i] == status) return true;
    }
    return false;
}

/* What http does with calls that are not run here. */
static enum rs_code read_only(struct ref_core *t, const struct srv_route *r,
                              const char *const *values, const char *query, const char *body,
                              size_t len, struct rs_err *err)
{
    struct srv_call c = {.srv = t->srv, .route = r, .arena = t->arena};
    return srv_fields_read(&c, values, query ? query + 1 : NULL, body, len, err);
}

static void check(struct ref_core *t, const char *target, const char *body, size_t body_len,
                  uint64_t n)
{
    const char *values[SRV_MAX_PATH_VALUES] = {0};
    const char *query = strchr(target, '?');
    unsigned allow;
    struct rs_err err = {0};
    rs_arena_reset(t->arena);
    const struct srv_route *r = srv_route_find(
        body ? SRV_POST : SRV_GET, target, strcspn(target, "?"), t->arena, values, &allow, &err);
    if (!r) {
        if (err.code && err.code != RS_EARG) fail_msg("case %d: %s: %s", (int)n, target, err.msg);
        return;
    }
    if (!r->answer || strcmp(r->answer, "Document") == 0) return; /* pages and metrics */
    if (r->flags & SRV_QUERY || r->scope == SRV_ADMIN) {
        enum rs_code rc = read_only(t, r, values, query, body, body_len, &err);
        if (rc && !declares(r, rs_code_http(rc))) fail_msg("case %d: %s", (int)n, err.msg);
        return;
    }
    struct ref_core_answer a = ref_core_bytes(t, target, body, body_len);
    int status = a.rc ? rs_code_http(a.rc) : a.status;
    if (!declares(r, status) || (a.rc && !a.err.msg[0]))
        fail_msg("case %d: %s: status %d: %s", (int)n, target, status, a.err.msg);
    if (!a.rc) ref_check_shape(r->answer, a.val);
    ref_core_answer_clear(&a);
}

static void any_request_is_answered_or_refused(void **state)
{
    (void)state;
    struct ref_core t;
    ref_core_init(&t, 5, 20, 40);
    ref_core_publish(&t, "als", "factors=4 iterations=2");
    for (uint64_t n = 0, end = fuzz_n_cases(20000); n < end; n++) {
        struct fuzz_text f;
        fuzz_make(&f, n, docs, words);
        char *text = rs_xstrndup(f.bytes, f.len); /* up to a NUL, as a request line is */
        size_t line = strcspn(text, "\n");
        bool post = strncmp(text, "POST ", 5) == 0;
        const char *body = line < f.len ? f.bytes + line + 1 : "";
        size_t body_len = line < f.len ? f.len - line - 1 : 0;
        text[line] = '\0';
        const char *target = text + strcspn(text, " ");
        target += *target == ' ';
        check(&t, target, post ? body : NULL, post ? body_len : 0, n);
        free(text);
    }
    ref_core_clear(&t);
}

/* Sound JSON, or a sound query, of the route's own fields with values that mostly do not fit. */
static const char *const json_values[] = {
    "10",
    "\"10\"",
    "0",
    "-1",
    "3",
    "1e2",
    "1.5",
    "1e300",
    "true",
    "false",
    "null",
    "\"\"",
    "\"i001\"",
    "\"Drama\"",
    "[]",
    "[\"i001\", 7]",
    "[10, \"20\"]",
    "[null]",
    "[[1]]",
    "[\"Drama\", \"comedy\"]",
    "{}",
    "{\"a\": 1}",
    "\"\\u0001\\ud83c\\udfac\"",
    "\"2023-11-14\"",
    "9223372036854775807",
};
static const char *const query_values[] = {
    "10", "0", "-1", "3", "1000", "", "x", "i001", "%41", "+", "1.5", "true", "999999999999"};

#define N_OF(list) (sizeof(list) / sizeof(*(list)))

static const char *pick(struct rs_rng *rng, const char *const *from, size_t n)
{
    return from[rs_rng_below(rng, n)];
}

static void made_up_fields_are_answered_or_refused(void **state)
{
    (void)state;
    struct ref_core t;
    ref_core_init(&t, 5, 20, 40);
    ref_core_publish(&t, "als", "factors=4 iterations=2");
    for (uint64_t n = 0, end = fuzz_n_cases(20000); n < end; n++) {
        struct rs_rng rng = rs_rng_make(n, rs_rng_stream("fields", 0));
        const struct srv_route *r = &srv_routes[rs_rng_below(&rng, (uint64_t)srv_n_routes())];
        struct rs_str query;
        struct rs_str body;
        rs_str_init(&query, 0);
        rs_str_init(&body, 0);
        rs_str_add(&query, strchr(r->path, '{') ? "/user/10/history" : r->path);
        rs_str_add(&body, "{");
        int n_query = 0;
        int n_body = 0;
        for (const struct srv_field *f = r->fields; f && f->name; f++) {
            if (!(f->flags & SRV_REQUIRED) && rs_rng_below(&rng, 3) > 0) continue;
            if (f->in == SRV_IN_QUERY) {
                rs_str_addf(&query, "%c%s=%s", n_query++ ? '&' : '?', f->name,
                            pick(&rng, query_values, N_OF(query_values)));
            } else if (f->in == SRV_IN_BODY) {
                bool fits = rs_rng_below(&rng, 2) && f->example;
                rs_str_addf(&body, "%s\"%s\": %s", n_body++ ? ", " : "", f->name,
                            fits ? f->example : pick(&rng, json_values, N_OF(json_values)));
            }
        }
        rs_str_add(&body, "}");
        check(&t, query.data, r->method == SRV_POST ? body.data : NULL, body.len, n);
        rs_str_clear(&query);
        rs_str_clear(&body);
    }
    ref_core_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_request_is_answered_or_refused),
        cmocka_unit_test(made_up_fields_are_answered_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
