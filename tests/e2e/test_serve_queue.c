/* serve, while the store is held by somebody else: calls that wait for it by the hundred, the one
 * that finds no room, and the server's end while they wait. And while long lists are computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "ref/http_client.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/store.h"

#define TOKEN "test-token-of-32-characters-----"

static const char *const env[] = {"RECSYS_TOKEN=" TOKEN, NULL};
static struct ref_bin bin;
static struct rs_store *store; /* of the one who holds it */

static int set_up(void **state)
{
    (void)state;
    struct rs_err err = {0};
    ref_bin_demo(&bin);
    char *path = ref_bin_path(&bin, "db/recsys.db");
    assert_ok(rs_store_open(path, 0, &store, &err), &err);
    free(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rs_store_close(store);
    ref_bin_clear(&bin);
    return 0;
}

static void hold_store(void)
{
    struct rs_err err = {0};
    assert_ok(rs_store_begin(store, &err), &err);
}

static void let_store_go(void)
{
    rs_store_rollback(store);
}

static int after_each(void **state)
{
    (void)state;
    let_store_go();
    return 0;
}

/* n connections, each with one event of a user. */
static void send_events(const struct ref_serve *s, struct ref_http *list, int n, const char *user)
{
    for (int i = 0; i < n; i++) {
        char *body = rs_xprintf("{\"user_id\":\"%s\",\"item_id\":\"%d\"}", user, i);
        char *request =
            rs_xprintf("POST /feedback HTTP/1.1\r\nHost: a\r\n"
                       "Authorization: Bearer " TOKEN "\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(body), body);
        ref_http_open(s, &list[i]);
        ref_http_send(&list[i], request, SIZE_MAX);
        free(request);
        free(body);
    }
}

/* The value of a line of /metrics that begins so; 0 where there is none. */
static int64_t metric(const struct ref_serve *s, const char *name)
{
    struct ref_answer a;
    ref_ask(s, "GET", "/metrics", "", NULL, &a);
    const char *at = strstr(a.body, name);
    int64_t value = at ? strtoll(at + strlen(name), NULL, 10) : 0;
    ref_answer_clear(&a);
    return value;
}

static void wait_for_metric(const struct ref_serve *s, const char *name, int64_t least)
{
    int64_t until = rs_clock_mono_ns() + 20000000000;
    for (int64_t now = 0; now < least; now = metric(s, name)) {
        if (rs_clock_mono_ns() > until) fail_msg("%s is %lld", name, (long long)now);
        rs_clock_sleep_ms(5);
    }
}

static int64_t count_events(const struct ref_serve *s, const char *user)
{
    char *path = rs_xprintf("/user/%s/history?limit=1000", user);
    struct rs_val *v = ref_ask_json(s, "GET", path, "", NULL, 200);
    int64_t n = rs_val_get_int(v, "count", -1);
    rs_val_free(v);
    free(path);
    return n;
}

/* Nobody else waits for them meanwhile, and each gets its own answer. */
static void calls_wait_for_the_store_and_nobody_for_them(void **state)
{
    (void)state;
    enum { N = 300 };
    static struct ref_http list[N];
    struct ref_serve s;
    ref_serve_start(&bin, &(struct ref_how){.env = env}, "", &s);
    hold_store();
    send_events(&s, list, N, "wait");
    wait_for_metric(&s, "\nrecsys_in_flight ", N + 1);
    for (int i = 0; i < 50; i++) {
        rs_val_free(ref_ask_json(&s, "POST", "/recommend", "", "{\"user_id\":1}", 200));
    }
    for (int i = 0; i < N; i += 3) { /* some do not wait for their answer */
        ref_http_close(&list[i]);
    }
    let_store_go();
    for (int i = 0; i < N; i++) {
        struct ref_answer a;
        char *item = rs_xprintf("\"item_id\":%d,", i);
        if (i % 3 == 0) {
            free(item);
            continue;
        }
        ref_http_read(&list[i], false, &a);
        assert_int_equal(a.status, 201);
        if (!strstr(a.body, item)) fail_msg("no %s in %s", item, a.body);
        ref_answer_clear(&a);
        ref_http_close(&list[i]);
        free(item);
    }
    assert_int_equal(count_events(&s, "wait"), N); /* of those who left, too */
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* As many wait as may; whoever comes then is told to come again. */
static void a_queue_that_is_full_refuses_at_once(void **state)
{
    (void)state;
    enum { N = 1700, WAIT = 1024, WRITTEN = 512 };
    static const char refusals[] =
        "\nrecsys_requests_total{route=\"/feedback\",method=\"POST\",status=\"503\"} ";
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < N + 100) {
        struct rlimit more = {.rlim_cur = N + 100, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &more) != 0) skip();
    }
    static struct ref_http list[N];
    struct ref_serve s;
    int stored = 0;
    ref_serve_start(&bin, &(struct ref_how){.env = env}, "", &s);
    hold_store();
    send_events(&s, list, N, "full");
    wait_for_metric(&s, refusals, N - WAIT - WRITTEN);
    let_store_go();
    for (int i = 0; i < N; i++) {
        struct ref_answer a;
        ref_http_read(&list[i], false, &a);
        stored += a.status == 201;
        if (a.status != 201) {
            ref_answer_is_error(&a, 503, "unavailable", "too many such calls wait already");
            char *retry = ref_answer_head(&a, "Retry-After");
            assert_string_equal(retry, "1");
            free(retry);
        }
        ref_answer_clear(&a);
        ref_http_close(&list[i]);
    }
    assert_in_range(stored, WAIT, WAIT + WRITTEN);
    assert_int_equal(metric(&s, "\nrecsys_feedback_events_total "), stored);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* ---- the end ------------------------------------------------------------------------------- */

enum { FEW = 50 };

static void begin_the_end(struct ref_serve *s, struct ref_http *list, const char *more)
{
    ref_serve_start(&bin, &(struct ref_how){.env = env}, more, s);
    hold_store();
    send_events(s, list, FEW, "end");
    wait_for_metric(s, "\nrecsys_in_flight ", FEW + 1);
    kill(s->pid, SIGTERM);
    ref_serve_expect(s, "ending: ");
}

static void calls_that_wait_are_answered_before_the_end(void **state)
{
    (void)state;
    struct ref_http list[FEW];
    struct ref_serve s;
    begin_the_end(&s, list, "");
    let_store_go();
    for (int i = 0; i < FEW; i++) {
        struct ref_answer a;
        ref_http_read(&list[i], false, &a);
        assert_int_equal(a.status, 201);
        char *connection = ref_answer_head(&a, "Connection");
        assert_string_equal(connection, "close");
        free(connection);
        ref_answer_clear(&a);
        assert_true(ref_http_ended(&list[i]));
        ref_http_close(&list[i]);
    }
    assert_int_equal(ref_serve_stop(&s, 0), 0);
}

/* What is not done in time is dropped, and the server still ends as it should. */
static void calls_that_wait_too_long_are_dropped(void **state)
{
    (void)state;
    struct ref_http list[FEW];
    struct ref_serve s;
    begin_the_end(&s, list, "serving.drain_s=1");
    ref_serve_expect(&s, "50 requests were not done within serving.drain_s = 1");
    for (int i = 0; i < FEW; i++) {
        assert_true(ref_http_ended(&list[i]));
        ref_http_close(&list[i]);
    }
    let_store_go();
    assert_int_equal(ref_serve_stop(&s, 0), 0);
}

/* "[1,2,…,150]", some times over; the caller's. */
static char *ids_of_everybody(int times)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int i = 0; i < 150 * times; i++) {
        rs_str_addf(&text, "%s%d", i ? "," : "[", i % 150 + 1);
    }
    rs_str_add(&text, "]");
    char *ids = rs_xstrdup(rs_str_text(&text));
    rs_str_clear(&text);
    return ids;
}

/* One thread serves, and yet answers while batches are computed and wait. */
static void nobody_waits_for_a_batch(void **state)
{
    (void)state;
    enum { BATCHES = 12 };
    struct ref_serve s;
    struct ref_http list[BATCHES];
    struct ref_answer a;
    bool seen = false;
    ref_serve_start(&bin, &(struct ref_how){.env = env}, "serving.threads=1", &s);
    char *ids = ids_of_everybody(2);
    char *body = rs_xprintf("{\"user_ids\":%s,\"k\":100,\"diversity\":0.5}", ids);
    char *request = rs_xprintf("POST /recommend/batch HTTP/1.1\r\nHost: a\r\n"
                               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                               strlen(body), body);
    for (int i = 0; i < BATCHES; i++) {
        ref_http_open(&s, &list[i]);
        ref_http_send(&list[i], request, SIZE_MAX);
    }
    for (int i = 0; i < 1000 && !seen; i++) {
        ref_ask(&s, "GET", "/metrics", "", NULL, &a);
        assert_int_equal(a.status, 200);
        const char *depth = strstr(a.body, "recsys_queue_depth{queue=\"batch\"} ");
        assert_non_null(depth);
        seen = strtol(strchr(depth, ' '), NULL, 10) > 1;
        ref_answer_clear(&a);
    }
    assert_true(seen);
    for (int i = 0; i < BATCHES; i++) {
        ref_http_expect(&list[i], 200, "a batch");
        ref_http_close(&list[i]);
    }
    free(request);
    free(body);
    free(ids);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(calls_wait_for_the_store_and_nobody_for_them, after_each),
        cmocka_unit_test_teardown(a_queue_that_is_full_refuses_at_once, after_each),
        cmocka_unit_test_teardown(calls_that_wait_are_answered_before_the_end, after_each),
        cmocka_unit_test_teardown(calls_that_wait_too_long_are_dropped, after_each),
        cmocka_unit_test(nobody_waits_for_a_batch),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
