/* serve, byte by byte: what the server makes of requests that no library would send, and of those
 * that every library sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/http_client.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define TOKEN     "test-token-of-32-characters-----"
#define BEARER    "Authorization: Bearer " TOKEN "\r\n"
#define HOST      "Host: a\r\n"
#define JSON      "Content-Type: application/json\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define RAW_BODY  "{\"user_id\":1}" /* 13 bytes */
#define CHUNKED   "POST /recommend HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"

static struct ref_bin bin;
static struct ref_serve server;

static int set_up(void **state)
{
    static const char *const env[] = {"RECSYS_TOKEN=" TOKEN, NULL};
    (void)state;
    ref_bin_demo(&bin);
    ref_serve_start(&bin, &(struct ref_how){.env = env},
                    "serving.max_body_kb=64 serving.cors=https://shop.example", &server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    int status = ref_serve_stop(&server, SIGTERM);
    ref_bin_clear(&bin);
    return status;
}

/* A POST with a body, the caller's. */
static char *post(const char *path, const char *heads, const char *body)
{
    return rs_xprintf("POST %s HTTP/1.1\r\n" HOST JSON "%sContent-Length: %zu\r\n\r\n%s", path,
                      heads, strlen(body), body);
}

static void open_with(struct ref_http *h, const char *bytes)
{
    ref_http_open(&server, h);
    ref_http_send(h, bytes, SIZE_MAX);
}

static void assert_alive(void)
{
    struct ref_answer a;
    ref_ask(&server, "GET", "/live", "", NULL, &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
}

/* ---- connections that stay ----------------------------------------------------------------- */

static void a_connection_serves_one_request_after_the_other(void **state)
{
    (void)state;
    struct ref_http h;
    struct ref_answer a;
    char *recommend = post("/recommend", "", "{\"user_id\":1}");
    ref_http_open(&server, &h);
    for (int i = 0; i < 50; i++) {
        ref_http_send(&h, i % 2 ? GET("/health") : recommend, SIZE_MAX);
        ref_http_read(&h, false, &a);
        assert_int_equal(a.status, 200);
        ref_answer_expect_head(&a, "Connection", NULL);
        assert_non_null(strstr(a.body, i % 2 ? "\"status\"" : "\"recommendations\""));
        ref_answer_clear(&a);
    }
    ref_http_close(&h);
    free(recommend);
}

/* Some of the calls wait for the store, some do not: answers come in the order of the requests. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    static const char *const parts[] = {"\"versions\"", "\"status\"", "\"recommendations\"",
                                        "\"not_found\"", "\"item_id\":7"};
    enum { N = sizeof(parts) / sizeof(*parts), ROUNDS = 20 };
    char *feedback = post("/feedback", BEARER, "{\"user_id\":\"pipe\",\"item_id\":\"7\"}");
    char *recommend = post("/recommend", "", "{\"user_id\":2}");
    const char *const calls[N] = {GET("/models"), GET("/live"), recommend, GET("/nothing"),
                                  feedback};
    struct ref_http h;
    struct ref_answer a;
    ref_http_open(&server, &h);
    for (int i = 0; i < ROUNDS * N; i++) {
        ref_http_send(&h, calls[i % N], SIZE_MAX);
    }
    for (int i = 0; i < ROUNDS * N; i++) {
        ref_http_read(&h, false, &a);
        if (!a.body || !strstr(a.body, parts[i % N])) {
            fail_msg("answer %d has no %s: %s", i, parts[i % N], a.body ? a.body : "");
        }
        ref_answer_clear(&a);
    }
    ref_http_close(&h);
    free(feedback);
    free(recommend);
}

static void connections_end_as_the_client_says(void **state)
{
    (void)state;
    static const char *const ending[] = {
        "GET /live HTTP/1.0\r\n\r\n",
        "GET /live HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
        "GET /live HTTP/1.1\r\n" HOST "connection: Close\r\n\r\n",
    };
    struct ref_http h;
    for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++) {
        open_with(&h, ending[i]);
        ref_http_expect(&h, 200, ending[i]);
        ref_http_expect_end(&h, ending[i]);
    }
    open_with(&h, "GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ref_http_expect(&h, 200, "keep-alive");
    ref_http_send(&h, GET("/live"), SIZE_MAX);
    ref_http_expect(&h, 200, "after keep-alive");
    ref_http_close(&h);
}

/* A client that has sent all that it will is still owed its answer: at once, from the store, after
 * a write, and where it does not fit into one packet. */
static void a_half_closed_connection_gets_its_answer(void **state)
{
    (void)state;
    char *feedback = post("/feedback", BEARER, "{\"user_id\":\"half\",\"item_id\":\"3\"}");
    char *recommend = post("/recommend", "", "{\"user_id\":1}");
    const char *const calls[] = {GET("/live"), GET("/models"), recommend, feedback,
                                 GET("/items-with-metadata?limit=400")};
    static const int statuses[] = {200, 200, 200, 201, 200};
    struct ref_http h;
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        for (int times = 0; times < 4; times++) {
            open_with(&h, calls[i]);
            ref_http_end_sending(&h);
            ref_http_expect(&h, statuses[i], calls[i]);
            ref_http_expect_end(&h, calls[i]);
        }
    }
    for (size_t len = 1; len < strlen(feedback); len += 7) { /* half a request has no answer */
        ref_http_open(&server, &h);
        ref_http_send(&h, feedback, len);
        ref_http_end_sending(&h);
        ref_http_expect_end(&h, "half a request");
    }
    assert_alive();
    free(feedback);
    free(recommend);
}

/* Clients that leave while their call waits for the store. */
static void a_client_that_leaves_harms_nobody(void **state)
{
    (void)state;
    char *feedback = post("/feedback", BEARER, "{\"user_id\":\"gone\",\"item_id\":\"4\"}");
    for (int i = 0; i < 300; i++) {
        struct ref_http h;
        open_with(&h, i % 3 == 0 ? feedback : i % 3 == 1 ? GET("/models") : GET("/health"));
        ref_http_close(&h);
    }
    free(feedback);
    assert_alive();
    int status = 0; /* what was read is stored, in its time */
    for (int i = 0; i < 2000 && status != 200; i++) {
        struct ref_answer a;
        ref_ask(&server, "GET", "/user/gone/history", "", NULL, &a);
        status = a.status;
        ref_answer_clear(&a);
    }
    assert_int_equal(status, 200);
}

/* ---- methods and paths --------------------------------------------------------------------- */

static void head_is_get_without_its_body(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/health", "/models", "/openapi.json", "/nothing"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct ref_answer get;
        struct ref_answer head;
        struct ref_http h;
        char *line = rs_xprintf("HEAD %s HTTP/1.1\r\n" HOST "\r\n" GET("/live"), paths[i]);
        ref_ask(&server, "GET", paths[i], "", NULL, &get);
        open_with(&h, line);
        ref_http_read(&h, true, &head);
        assert_int_equal(head.status, get.status);
        char *len = ref_answer_head(&get, "Content-Length");
        ref_answer_expect_head(&head, "Content-Length", len);
        ref_http_expect(&h, 200, "the request after HEAD"); /* no body came between */
        ref_http_close(&h);
        ref_answer_clear(&get);
        ref_answer_clear(&head);
        free(len);
        free(line);
    }
}

static void expect_methods(const char *method, const char *path, int status, const char *allow)
{
    struct ref_answer a;
    ref_ask(&server, method, path, "", NULL, &a);
    if (a.status != status) fail_msg("%s %s: %d, not %d", method, path, a.status, status);
    ref_answer_expect_head(&a, "Allow", allow);
    ref_answer_clear(&a);
}

static void methods_that_a_path_lacks_are_refused(void **state)
{
    (void)state;
    expect_methods("OPTIONS", "/recommend", 204, "POST, OPTIONS");
    expect_methods("OPTIONS", "/health", 204, "GET, HEAD, OPTIONS");
    expect_methods("OPTIONS", "*", 204, "GET, HEAD, POST, OPTIONS");
    expect_methods("OPTIONS", "/nothing", 404, NULL);
    expect_methods("GET", "/recommend", 405, "POST, OPTIONS");
    expect_methods("HEAD", "/recommend", 405, "POST, OPTIONS");
    expect_methods("POST", "/health", 405, "GET, HEAD, OPTIONS");
    static const char *const known[] = {"PUT", "DELETE", "PATCH", "TRACE", "CONNECT"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        expect_methods(known[i], "/user/1/history", 405, "GET, HEAD, OPTIONS");
        expect_methods(known[i], "/nothing", 404, NULL);
    }
    expect_methods("BREW", "/health", 405, "GET, HEAD, OPTIONS");
    expect_methods("get", "/health", 405, "GET, HEAD, OPTIONS");
}

static void paths_are_taken_apart_before_they_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        {"/nothing", 404},
        {"/live/", 404},
        {"//live", 404},
        {"/Live", 404},
        {"/live?x=1", 400},
        {"/%6cive", 200},
        {"/..%2f..%2fetc%2fpasswd", 404},
        {"/%2e%2e/%2e%2e/etc/passwd", 404},
        {"/assets/../favicon.svg", 404},
        {"/assets/%2e%2e/favicon.svg", 404},
        {"/assets/..%5c..%5csecret", 404},
        {"/user/%2e%2e%2fx/history", 404}, /* a user of that name: unknown */
        {"/user/a%2fb/history", 404},
        {"/user/1%00/history", 400},
        {"/user/%zz/history", 400},
        {"/user/%c3%28/history", 400},
        {"/user/1/history?limit=10%00", 400},
        {"/user/1/history?limit=10&limit=10", 400},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ref_answer a;
        ref_ask(&server, "GET", rows[i].path, "", NULL, &a);
        if (a.status != rows[i].status) {
            fail_msg("%s: %d, not %d: %s", rows[i].path, a.status, rows[i].status, a.body);
        }
        ref_answer_clear(&a);
    }
}

/* ---- bodies -------------------------------------------------------------------------------- */

static char *repeat(char c, size_t n)
{
    char *text = rs_xalloc(n + 1, 1);
    memset(text, c, n);
    return text;
}

static void a_body_that_is_too_long_is_a_413(void **state)
{
    (void)state;
    struct ref_http h;
    struct ref_answer a;
    char *long_text = repeat(' ', 70000);
    /* far too long: nothing of it is waited for */
    open_with(&h, "POST /recommend HTTP/1.1\r\n" HOST JSON "Content-Length: 300000\r\n\r\n");
    ref_http_read(&h, false, &a);
    ref_answer_is_error(&a, 413, "too_large", "300000");
    ref_answer_clear(&a);
    ref_http_expect_end(&h, "too long by its length");
    open_with(&h, "POST /recommend HTTP/1.1\r\n" HOST JSON
                  "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
    ref_http_expect(&h, 413, "instead of 100");
    ref_http_expect_end(&h, "instead of 100");
    /* somewhat too long: read to its end, so a client that sends first gets the answer and goes on */
    open_with(&h, "POST /recommend HTTP/1.1\r\n" HOST JSON "Content-Length: 210000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        ref_http_send(&h, long_text, SIZE_MAX);
    }
    ref_http_expect(&h, 413, "sent all the same");
    ref_http_send(&h, "GET /live HTTP/1.1\r\n" HOST "\r\n", SIZE_MAX);
    ref_http_expect(&h, 200, "behind a body that was too long");
    ref_http_close(&h);
    open_with(&h, CHUNKED);
    for (int i = 0; i < 20; i++) {
        ref_http_send(&h, "1000\r\n", SIZE_MAX);
        ref_http_send(&h, long_text, 0x1000);
        ref_http_send(&h, "\r\n", SIZE_MAX);
    }
    ref_http_send(&h, "0\r\n\r\n", SIZE_MAX);
    ref_http_expect(&h, 413, "too long in chunks");
    ref_http_close(&h);
    /* chunks without an end */
    open_with(&h, CHUNKED);
    for (int i = 0; i < 1000 && ref_http_send(&h, "1000\r\n", SIZE_MAX) &&
                    ref_http_send(&h, long_text, 0x1000) && ref_http_send(&h, "\r\n", SIZE_MAX);
         i++) {
    }
    assert_true(ref_http_ended(&h));
    ref_http_close(&h);
    free(long_text);
    assert_alive();
}

/* Up to the limit, and in pieces. */
static void a_body_may_come_slowly_and_be_as_long_as_the_limit(void **state)
{
    (void)state;
    struct ref_http h;
    char *blanks = repeat(' ', 65536 - 13);
    open_with(&h, "POST /recommend HTTP/1.1\r\n" HOST JSON "Content-Length: 65536\r\n\r\n");
    ref_http_send(&h, blanks, SIZE_MAX);
    ref_http_send(&h, RAW_BODY, SIZE_MAX);
    ref_http_expect(&h, 200, "as long as the limit");
    static const char request[] =
        "POST /recommend HTTP/1.1\r\n" HOST JSON "Content-Length: 13\r\n\r\n" RAW_BODY;
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        ref_http_send(&h, request + i, 1);
    }
    ref_http_expect(&h, 200, "byte by byte");
    ref_http_send(&h,
                  "POST /recommend HTTP/1.1\r\n" HOST JSON
                  "Expect: 100-continue\r\nContent-Length: 13\r\n\r\n",
                  SIZE_MAX);
    ref_http_expect(&h, 100, "Expect: 100-continue");
    ref_http_send(&h, RAW_BODY, SIZE_MAX);
    ref_http_expect(&h, 200, "after 100");
    ref_http_close(&h);
    free(blanks);
}

static void a_body_is_json_in_utf_8(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int status;
    } rows[] = {
        {"Content-Type: application/json\r\n", 200},
        {"content-type: Application/JSON; charset=UTF-8\r\n", 200},
        {"Content-Type: application/json;charset=\"utf-8\"\r\n", 200},
        {"Content-Type: application/json ; v=1\r\n", 200},
        {"Content-Encoding: identity\r\n" JSON, 200},
        {"", 415},
        {"Content-Type: text/plain\r\n", 415},
        {"Content-Type: application/jsonp\r\n", 415},
        {"Content-Type: application/json; charset=latin1\r\n", 415},
        {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
        {"Content-Encoding: gzip\r\n" JSON, 415},
    };
    struct ref_http h;
    ref_http_open(&server, &h);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) { /* refused or not: it stays */
        char *request =
            rs_xprintf("POST /recommend HTTP/1.1\r\n" HOST "%sContent-Length: 13\r\n\r\n" RAW_BODY,
                       rows[i].type);
        ref_http_send(&h, request, SIZE_MAX);
        ref_http_expect(&h, rows[i].status, rows[i].type);
        free(request);
    }
    ref_http_close(&h);
    struct ref_answer a;
    ref_ask(&server, "POST", "/recommend", "", "{\"user_id\":1", &a);
    ref_answer_is_error(&a, 422, "malformed_input", "");
    ref_answer_clear(&a);
    ref_ask(&server, "POST", "/recommend", "", "{\"user_id\":1,\"k\":0}", &a);
    ref_answer_is_error(&a, 400, "invalid_argument", "k: ");
    ref_answer_clear(&a);
    ref_ask(&server, "POST", "/recommend", "", NULL, &a); /* no body at all */
    ref_answer_is_error(&a, 400, "invalid_argument", "user_id");
    ref_answer_clear(&a);
}

/* ---- who asks ------------------------------------------------------------------------------ */

static void writing_wants_a_token(void **state)
{
    (void)state;
    static const char body[] = "{\"user_id\":\"auth\",\"item_id\":\"5\"}";
    struct ref_answer a;
    ref_ask(&server, "POST", "/feedback", "", body, &a);
    ref_answer_is_error(&a, 401, "unauthorized", "scope write");
    ref_answer_expect_head(&a, "WWW-Authenticate", "Bearer realm=\"recsys-tui\"");
    ref_answer_clear(&a);
    static const char *const bad[] = {
        "Authorization: Bearer no-such-token\r\n", "Authorization: Bearer\r\n",
        "Authorization: Basic dGVzdDp0ZXN0\r\n", "Authorization: " TOKEN "\r\n",
        "Authorization: Bearer " TOKEN " x\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ref_ask(&server, "POST", "/feedback", bad[i], body, &a);
        ref_answer_is_error(&a, 401, "unauthorized", "token");
        ref_answer_expect_head(&a, "WWW-Authenticate",
                               "Bearer realm=\"recsys-tui\", error=\"invalid_token\"");
        ref_answer_clear(&a);
    }
    rs_val_free(ref_ask_json(&server, "POST", "/feedback", BEARER, body, 201));
    struct rs_val *made = ref_bin_json(&bin, 0, "token add --name reader --scope read", "token");
    char *heads = rs_xprintf("Authorization: Bearer %s\r\n", rs_val_get_str(made, "token", ""));
    for (int ms = 0; ms < 20000; ms += 20) { /* known within a second */
        ref_ask(&server, "POST", "/feedback", heads, body, &a);
        if (a.status != 401) break;
        ref_answer_clear(&a);
        rs_clock_sleep_ms(20);
    }
    ref_answer_is_error(&a, 403, "forbidden", "scope write");
    ref_answer_clear(&a);
    free(heads);
    rs_val_free(made);
}

static void every_answer_has_its_heads(void **state)
{
    (void)state;
    struct ref_answer a;
    ref_ask(&server, "GET", "/health", "", NULL, &a);
    ref_answer_expect_head(&a, "Content-Type", "application/json");
    ref_answer_expect_head(&a, "X-Content-Type-Options", "nosniff");
    ref_answer_expect_head(&a, "Cache-Control", "no-store");
    ref_answer_expect_head(&a, "Strict-Transport-Security", NULL);
    ref_answer_expect_head(&a, "Vary", "Origin");
    ref_answer_expect_head(&a, "Access-Control-Allow-Origin", NULL);
    ref_answer_clear(&a);
    ref_ask(&server, "GET", "/", "", NULL, &a);
    ref_answer_expect_head(&a, "Content-Type", "text/html; charset=utf-8");
    ref_answer_expect_head(&a, "X-Frame-Options", "DENY");
    ref_answer_expect_head(&a, "Referrer-Policy", "no-referrer");
    char *policy = ref_answer_head(&a, "Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'none'"));
    free(policy);
    char *etag = ref_answer_head(&a, "ETag");
    ref_answer_clear(&a);
    char *known[] = {rs_xprintf("If-None-Match: %s\r\n", etag),
                     rs_xprintf("If-None-Match: \"other\", %s\r\n", etag),
                     rs_xstrdup("If-None-Match: *\r\n"),
                     rs_xstrdup("If-None-Match: \"other\"\r\n")};
    for (int i = 0; i < 4; i++) {
        ref_ask(&server, "GET", "/", known[i], NULL, &a);
        assert_int_equal(a.status, i < 3 ? 304 : 200);
        ref_answer_expect_head(&a, "ETag", etag);
        ref_answer_clear(&a);
        free(known[i]);
    }
    free(etag);
}

static void other_origins_read_what_settings_allow(void **state)
{
    (void)state;
    struct ref_answer a;
    ref_ask(&server, "GET", "/health", "Origin: https://shop.example\r\n", NULL, &a);
    ref_answer_expect_head(&a, "Access-Control-Allow-Origin", "https://shop.example");
    ref_answer_expect_head(&a, "Vary", "Origin");
    ref_answer_clear(&a);
    ref_ask(&server, "GET", "/health", "Origin: https://evil.example\r\n", NULL, &a);
    ref_answer_expect_head(&a, "Access-Control-Allow-Origin", NULL);
    ref_answer_clear(&a);
    ref_ask(&server, "OPTIONS", "/feedback",
            "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n", NULL, &a);
    assert_int_equal(a.status, 204);
    ref_answer_expect_head(&a, "Access-Control-Allow-Origin", "https://shop.example");
    ref_answer_expect_head(&a, "Access-Control-Allow-Methods", "POST, OPTIONS");
    ref_answer_expect_head(&a, "Access-Control-Allow-Headers",
                           "Authorization, Content-Type, X-Request-Id");
    ref_answer_clear(&a);
    ref_ask(&server, "OPTIONS", "/feedback",
            "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n", NULL, &a);
    assert_int_equal(a.status, 204);
    ref_answer_expect_head(&a, "Access-Control-Allow-Methods", NULL);
    ref_answer_clear(&a);
    ref_ask(&server, "POST", "/feedback", "Origin: https://shop.example\r\n", "{}", &a);
    assert_int_equal(a.status, 401); /* a script may read why */
    ref_answer_expect_head(&a, "Access-Control-Allow-Origin", "https://shop.example");
    ref_answer_clear(&a);
}

static void a_request_has_an_id_and_a_line_in_the_log(void **state)
{
    (void)state;
    struct ref_answer a;
    ref_ask(&server, "POST", "/feedback", BEARER "X-Request-Id: Order_66.a-b\r\n",
            "{\"user_id\":\"log\",\"item_id\":\"9\",\"type\":\"never-in-a-log\"}", &a);
    assert_int_equal(a.status, 201);
    ref_answer_expect_head(&a, "X-Request-Id", "Order_66.a-b");
    ref_answer_clear(&a);
    static const char *const bad[] = {"X-Request-Id: a b\r\n", "X-Request-Id: a\"b\r\n",
                                      "X-Request-Id:\r\n",
                                      "X-Request-Id: 0123456789012345678901234567890123456\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ref_ask(&server, "GET", "/users?search=never-in-a-log", bad[i], NULL, &a);
        char *id = ref_answer_head(&a, "X-Request-Id");
        assert_true(strlen(id) >= 18 && strspn(id, "0123456789abcdef-") == strlen(id));
        free(id);
        ref_answer_clear(&a);
    }
    ref_serve_expect(&server,
                     "\"id\":\"Order_66.a-b\",\"client\":\"127.0.0.1\",\"method\":\"POST\","
                     "\"route\":\"/feedback\",\"status\":201,");
    ref_serve_expect(&server, "\"actor\":\"RECSYS_TOKEN\"}");
    ref_serve_expect(&server, "\"route\":\"/users\"");
    char *log = ref_serve_log(&server);
    assert_null(strstr(log, "never-in-a-log"));
    assert_null(strstr(log, TOKEN));
    assert_null(strstr(log, "\"route\":\"/live\",\"status\":200")); /* probes are quiet */
    for (char *line = log; *line;) {                                /* every line is JSON */
        char *end = strchr(line, '\n');
        struct rs_val *v = NULL;
        struct rs_err err = {0};
        if (!end) break; /* one that is being written */
        assert_ok(rs_json_parse(line, (size_t)(end - line), "log", &v, &err), &err);
        assert_true(rs_val_get_str(v, "event", "")[0] != '\0');
        rs_val_free(v);
        line = end + 1;
    }
    free(log);
}

static void requests_are_counted_by_route_and_status(void **state)
{
    (void)state;
    struct ref_answer a;
    struct ref_http h;
    char *filler = repeat('x', 60000); /* what libmicrohttpd refuses counts as well */
    open_with(&h, "GET /live HTTP/1.1\r\n" HOST "X: ");
    ref_http_send(&h, filler, SIZE_MAX);
    ref_http_expect(&h, 431, "a long head");
    ref_http_close(&h);
    free(filler);
    ref_ask(&server, "GET", "/nothing", "", NULL, &a);
    ref_answer_clear(&a);
    ref_ask(&server, "POST", "/recommend", "", RAW_BODY, &a);
    ref_answer_clear(&a);
    static const char *const parts[] = {
        "recsys_requests_total{route=\"/recommend\",method=\"POST\",status=\"200\"} ",
        "recsys_requests_total{route=\"/recommend\",method=\"POST\",status=\"400\"} ",
        "status=\"404\"} ",
        "status=\"431\"} ",
        "recsys_in_flight 1\n", /* this one */
        "recsys_connections ",
    };
    bool all = false;
    for (int ms = 0; ms < 20000 && !all; ms += 10) { /* counted when the last byte is out */
        ref_ask(&server, "GET", "/metrics", "", NULL, &a);
        all = true;
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
            all &= strstr(a.body, parts[i]) != NULL;
        }
        if (!all && ms > 19900) fail_msg("%s", a.body);
        ref_answer_clear(&a);
        rs_clock_sleep_ms(10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_serves_one_request_after_the_other),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(connections_end_as_the_client_says),
        cmocka_unit_test(a_half_closed_connection_gets_its_answer),
        cmocka_unit_test(a_client_that_leaves_harms_nobody),
        cmocka_unit_test(head_is_get_without_its_body),
        cmocka_unit_test(methods_that_a_path_lacks_are_refused),
        cmocka_unit_test(paths_are_taken_apart_before_they_are_decoded),
        cmocka_unit_test(a_body_that_is_too_long_is_a_413),
        cmocka_unit_test(a_body_may_come_slowly_and_be_as_long_as_the_limit),
        cmocka_unit_test(a_body_is_json_in_utf_8),
        cmocka_unit_test(writing_wants_a_token),
        cmocka_unit_test(every_answer_has_its_heads),
        cmocka_unit_test(other_origins_read_what_settings_allow),
        cmocka_unit_test(a_request_has_an_id_and_a_line_in_the_log),
        cmocka_unit_test(requests_are_counted_by_route_and_status),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
