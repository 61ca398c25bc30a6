/* serve, from its start to its end: addresses, certificates, signals, limits of time and number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ref/http_client.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define HOST        "Host: a\r\n"
#define GET(path)   "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define POST_HEADS  "POST /recommend HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
#define HALF_HEADS  POST_HEADS "Content-Length: 13\r\n\r\n"
#define FIRST_HALF  "{\"user_"
#define SECOND_HALF "id\":1}"

static struct ref_bin bin;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static void start(struct ref_serve *s, const char *more)
{
    ref_serve_start(&bin, &(struct ref_how){0}, more, s);
}

static int status_of(const struct ref_serve *s, const char *path)
{
    struct ref_answer a;
    ref_ask(s, "GET", path, "", NULL, &a);
    int status = a.status;
    ref_answer_clear(&a);
    return status;
}

/* How the newest job of kind serve stands. */
static char *job_state(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "job list --limit 1", "jobs");
    const struct rs_val *job = rs_val_get(doc, "jobs")->items[0];
    assert_string_equal(rs_val_get_str(job, "kind", ""), "serve");
    char *text = rs_xstrdup(rs_val_get_str(job, "state", ""));
    rs_val_free(doc);
    return text;
}

static void assert_job(const char *state)
{
    char *now = job_state();
    assert_string_equal(now, state);
    free(now);
}

/* ---- start --------------------------------------------------------------------------------- */

static void it_says_where_it_listens(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, "");
    char *want = rs_xprintf("serving on %s: production, version 1 (als)", s.address);
    assert_string_equal(s.announced, want);
    assert_string_equal(s.host, "127.0.0.1");
    assert_job("running");
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
    assert_job("done");
    free(want);
    start(&s, "serving.alias=nobody");
    assert_non_null(strstr(s.announced, "no version stands behind 'nobody' yet"));
    struct ref_answer a;
    ref_ask(&s, "POST", "/recommend", "", "{\"user_id\":1}", &a);
    ref_answer_is_error(&a, 503, "unavailable", "'nobody'");
    char *retry = ref_answer_head(&a, "Retry-After");
    assert_string_equal(retry, "1");
    free(retry);
    ref_answer_clear(&a);
    assert_int_equal(status_of(&s, "/live"), 200);
    assert_int_equal(status_of(&s, "/ready"), 503);
    assert_int_equal(ref_serve_stop(&s, SIGINT), 0);
}

/* One document when it listens, and nothing at its end. */
static void with_json_it_says_so_as_a_document(void **state)
{
    (void)state;
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGTERM, .delay_us = 2000000},
                "serve --port 0 --json", &r);
    assert_int_equal(r.status, 0);
    struct rs_val *doc = NULL;
    struct rs_err err = {0};
    assert_ok(rs_json_parse(r.out, strlen(r.out), "output", &doc, &err), &err);
    assert_true(rs_str_starts(rs_val_get_str(doc, "address", ""), "http://127.0.0.1:"));
    assert_string_equal(rs_val_get_str(doc, "alias", ""), "production");
    assert_string_equal(rs_val_get_str(doc, "model", ""), "als");
    assert_int_equal(rs_val_get_int(doc, "version", 0), 1);
    assert_true(rs_val_get_int(doc, "pid", 0) > 1);
    assert_true(rs_val_get_int(doc, "job_id", 0) > 0);
    rs_val_free(doc);
    ref_run_clear(&r);
}

static void an_address_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, "");
    char *line = rs_xprintf("serve --port %d", s.port);
    char *parts = rs_xprintf("127.0.0.1 port %d is in use|serve stop|--port", s.port);
    ref_bin_refuses(&bin, 9, line, parts);
    assert_int_equal(status_of(&s, "/live"), 200);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
    free(line);
    free(parts);
    ref_bin_refuses(&bin, 2, "serve --port 0 --host 192.0.2.1", "'192.0.2.1'|no address of this");
    ref_bin_refuses(&bin, 2, "serve --port 70000", "70000");
    ref_bin_refuses(&bin, 2, "serve --port 0 serving.cors=shop", "serving.cors|'shop'");
}

/* ---- end ----------------------------------------------------------------------------------- */

static void wait_until_refused(const struct ref_serve *s)
{
    struct ref_http h;
    for (int ms = 0; ref_http_try_open(s, &h); ms++) {
        ref_http_close(&h);
        if (ms > 20000) fail_msg("%s still accepts", s->address);
        rs_clock_sleep_ms(1);
    }
}

static void begin_request(const struct ref_serve *s, struct ref_http *h)
{
    ref_http_open(s, h);
    ref_http_send(h, GET("/live"), SIZE_MAX); /* the connection is known there */
    struct ref_answer a;
    ref_http_read(h, false, &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
    ref_http_send(h, HALF_HEADS FIRST_HALF, SIZE_MAX);
    for (int ms = 0; ms < 20000; ms++) { /* until it is in flight, beside the one that asks */
        ref_ask(s, "GET", "/metrics", "", NULL, &a);
        bool there = strstr(a.body, "recsys_in_flight 2\n") != NULL;
        ref_answer_clear(&a);
        if (there) return;
        rs_clock_sleep_ms(1);
    }
    fail_msg("the request does not begin");
}

static void a_request_in_flight_is_finished(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_http h;
    struct ref_http idle;
    struct ref_answer a;
    start(&s, "");
    ref_http_open(&s, &idle);
    begin_request(&s, &h);
    kill(s.pid, SIGTERM);
    wait_until_refused(&s);
    ref_http_send(&h, SECOND_HALF, SIZE_MAX);
    ref_http_read(&h, false, &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"recommendations\""));
    char *connection = ref_answer_head(&a, "Connection");
    assert_string_equal(connection, "close");
    free(connection);
    ref_answer_clear(&a);
    assert_true(ref_http_ended(&h));
    assert_true(ref_http_ended(&idle)); /* nobody waits for those that say nothing */
    ref_http_close(&h);
    ref_http_close(&idle);
    assert_int_equal(ref_serve_stop(&s, 0), 0);
    assert_job("done");
}

/* Whatever has arrived when the signal comes is answered, looked at or not; also of those who wait
 * to be accepted. */
static void requests_that_were_sent_are_answered(void **state)
{
    (void)state;
    enum { CROWD = 300, ROUNDS = 5 };
    for (int round = 0; round < ROUNDS; round++) {
        struct ref_serve s;
        struct ref_http h[CROWD];
        struct ref_answer a;
        start(&s, "serving.threads=2");
        for (int i = 0; i < CROWD; i++) {
            ref_http_open(&s, &h[i]);
            ref_http_send(&h[i], i % 3 ? GET("/live") : GET("/models"), SIZE_MAX);
        }
        kill(s.pid, SIGTERM);
        for (int i = 0; i < CROWD; i++) {
            ref_http_read(&h[i], false, &a);
            if (a.status != 200) fail_msg("round %d, request %d: %d", round, i, a.status);
            ref_answer_clear(&a);
            ref_http_close(&h[i]);
        }
        assert_int_equal(ref_serve_stop(&s, 0), 0);
    }
}

static void a_request_that_does_not_end_is_waited_for_so_long(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_http h;
    start(&s, "serving.drain_s=1");
    begin_request(&s, &h);
    int64_t begun_ns = rs_clock_mono_ns();
    kill(s.pid, SIGTERM);
    ref_serve_expect(&s, "1 requests were not done within serving.drain_s = 1");
    assert_true(rs_clock_mono_ns() - begun_ns >= 1000000000);
    assert_true(ref_http_ended(&h));
    ref_http_close(&h);
    assert_int_equal(ref_serve_stop(&s, 0), 0);
    assert_job("done");
}

static void a_second_signal_ends_at_once(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_http h;
    start(&s, "serving.drain_s=600");
    begin_request(&s, &h);
    kill(s.pid, SIGTERM);
    wait_until_refused(&s);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 128 + SIGTERM);
    ref_http_close(&h);
    assert_job("lost");
}

static void serve_stop_ends_it(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, "");
    free(ref_bin_out(&bin, 0, "serve stop"));
    assert_int_equal(ref_serve_stop(&s, 0), 0);
    assert_job("done");
}

/* ---- reload -------------------------------------------------------------------------------- */

static void configure(struct ref_serve *s, const char *params, const char *said)
{
    ref_bin_write(&bin, "params.yaml", params, SIZE_MAX);
    kill(s->pid, SIGHUP);
    ref_serve_expect(s, said);
}

static void sighup_reads_the_configuration_again(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_answer a;
    start(&s, "");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(status_of(&s, "/models"), 200);
    }
    configure(&s, "serving: {rate_per_s: 0.01, rate_burst: 3, threads: 7}\n",
              "serving.threads has changed: it holds after a restart");
    ref_serve_expect(&s, "was read again");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(status_of(&s, "/models"), 200);
    }
    ref_ask(&s, "GET", "/models", "", NULL, &a);
    ref_answer_is_error(&a, 429, "rate_limited", "0.01 requests a second");
    char *retry = ref_answer_head(&a, "Retry-After");
    assert_in_range(strtol(retry, NULL, 10), 50, 100);
    free(retry);
    ref_answer_clear(&a);
    assert_int_equal(status_of(&s, "/nothing"), 429); /* guessing paths counts */
    assert_int_equal(status_of(&s, "/live"), 200);    /* probes do not */
    configure(&s, "serving: {rate_per_s: fast}\n", "what held before still holds");
    assert_int_equal(status_of(&s, "/models"), 429);
    configure(&s, "serving: {rate_per_s: 0}\n", "\"reload\",\"message\":\"the configuration was");
    for (int ms = 0; status_of(&s, "/models") != 200; ms++) {
        assert_true(ms < 20000);
        rs_clock_sleep_ms(1);
    }
    ref_bin_write(&bin, "params.yaml", "{}\n", SIZE_MAX);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* ---- time and number ----------------------------------------------------------------------- */

/* Sends byte after byte until the server ends the connection, which takes its second; what it says
 * before, the caller's. */
static char *trickle(const struct ref_serve *s, const char *first, const char *bytes)
{
    struct ref_http h;
    int64_t begun_ns = rs_clock_mono_ns();
    ref_http_open(s, &h);
    ref_http_send(&h, first, SIZE_MAX);
    for (size_t i = 0; ref_http_send(&h, bytes + i % strlen(bytes), 1); i++) {
        if (rs_clock_mono_ns() - begun_ns > 30000000000) fail_msg("a trickle goes on");
        rs_clock_sleep_ms(20);
    }
    assert_true(rs_clock_mono_ns() - begun_ns >= 900000000);
    char *said = ref_http_rest(&h);
    ref_http_close(&h);
    return said;
}

/* A byte now and then keeps nobody: the time runs from the beginning. */
static void slow_clients_are_ended(void **state)
{
    (void)state;
    static const struct {
        const char *first, *bytes;
    } slow[] = {
        {"", "GET /live HTTP/1.1"},
        {"GET /live HTTP/1.1\r\n" HOST "X: ", "y"},
        {POST_HEADS "Content-Length: 60000\r\n\r\n", " "},
        {POST_HEADS "Transfer-Encoding: chunked\r\n\r\nffff\r\n", " "},
    };
    struct ref_serve s;
    struct ref_http h;
    start(&s, "serving.idle_s=1 serving.request_s=1");
    ref_http_open(&s, &h); /* says nothing at all */
    assert_true(ref_http_ended(&h));
    ref_http_close(&h);
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++) {
        char *said = trickle(&s, slow[i].first, slow[i].bytes);
        assert_int_equal(rs_str_starts(said, "HTTP/1.1 408 "), i >= 2);
        free(said);
    }
    struct ref_answer a;
    ref_ask(&s, "GET", "/metrics", "", NULL, &a);
    const char *reaped = strstr(a.body, "\nrecsys_connections_reaped_total ");
    assert_non_null(reaped);
    assert_true(strtol(reaped + 33, NULL, 10) >= 5);
    assert_non_null(strstr(
        a.body, "recsys_requests_total{route=\"/recommend\",method=\"POST\",status=\"408\"} 2"));
    ref_answer_clear(&a);
    ref_serve_expect(&s, "\"route\":\"/recommend\",\"status\":408,");
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* More idle connections than it takes: each newcomer takes the place of the longest idle. */
static void idle_connections_keep_nobody_out(void **state)
{
    (void)state;
    enum { PLACES = 2000, CROWD = 2300 };
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < CROWD + 100) {
        struct rlimit more = {.rlim_cur = CROWD + 100, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &more) != 0) skip();
    }
    struct ref_serve s;
    start(&s, "serving.connections=2000");
    struct ref_http *crowd = rs_xalloc(CROWD, sizeof(*crowd));
    for (int i = 0; i < CROWD; i++) {
        ref_http_open(&s, &crowd[i]);
    }
    assert_int_equal(status_of(&s, "/health"), 200);
    struct ref_answer a;
    for (int i = 0; i < 100; i++) { /* the oldest had to go */
        assert_true(ref_http_ended(&crowd[i]));
    }
    ref_http_send(&crowd[CROWD - 1], GET("/live"), SIZE_MAX); /* the youngest is served */
    ref_http_read(&crowd[CROWD - 1], false, &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
    for (int i = 0; i < CROWD; i++) {
        ref_http_close(&crowd[i]);
    }
    free(crowd);
    assert_int_equal(status_of(&s, "/health"), 200);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* So many connections have something at once that one answer of epoll is just full. */
static void all_may_ask_at_once(void **state)
{
    (void)state;
    enum { MOST = 256 };
    struct ref_serve s;
    struct ref_answer a;
    static struct ref_http crowd[MOST];
    start(&s, "serving.threads=1");
    for (int n = 64; n <= MOST; n *= 2) {
        for (int i = 0; i < n; i++) {
            ref_http_open(&s, &crowd[i]);
            ref_http_send(&crowd[i], GET("/live"), SIZE_MAX);
            ref_http_read(&crowd[i], false, &a);
            assert_int_equal(a.status, 200);
            ref_answer_clear(&a);
        }
        for (int round = 0; round < 3; round++) {
            kill(s.pid, SIGSTOP);
            for (int i = 0; i < n; i++) {
                ref_http_send(&crowd[i], i % 2 ? GET("/live") : GET("/models"), SIZE_MAX);
            }
            kill(s.pid, SIGCONT);
            for (int i = 0; i < n; i++) {
                ref_http_read(&crowd[i], false, &a);
                assert_int_equal(a.status, 200);
                ref_answer_clear(&a);
            }
        }
        for (int i = 0; i < n; i++) {
            ref_http_close(&crowd[i]);
        }
    }
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

static double sample(const struct ref_serve *s, const char *name)
{
    struct ref_answer a;
    ref_ask(s, "GET", "/metrics", "", NULL, &a);
    char *line = rs_xprintf("\n%s ", name);
    const char *at = strstr(a.body, line);
    assert_non_null(at);
    double value = strtod(at + strlen(line), NULL);
    free(line);
    ref_answer_clear(&a);
    return value;
}

/* What thousands of connections took goes back to the system when they have gone. */
static void memory_of_a_crowd_is_given_back(void **state)
{
    (void)state;
    enum { CROWD = 800 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their allocators keep what is freed */
#endif
    struct ref_serve s;
    struct ref_http crowd[CROWD];
    static const char memory[] = "process_resident_memory_bytes";
    start(&s, "");
    double before = sample(&s, memory);
    for (int i = 0; i < CROWD; i++) {
        struct ref_answer a;
        ref_http_open(&s, &crowd[i]);
        ref_http_send(&crowd[i], GET("/live") GET("/live"), SIZE_MAX);
        ref_http_read(&crowd[i], false, &a);
        ref_answer_clear(&a);
    }
    double most = sample(&s, memory);
    assert_true(most - before > CROWD * 20e3);
    for (int i = 0; i < CROWD; i++) {
        ref_http_close(&crowd[i]);
    }
    for (int ms = 0; sample(&s, memory) - before > (most - before) / 2; ms += 10) {
        if (ms > 20000) fail_msg("%g bytes, %g, %g", before, most, sample(&s, memory));
        rs_clock_sleep_ms(10);
    }
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
}

/* ---- TLS ----------------------------------------------------------------------------------- */

/* Of a test alone: for 127.0.0.1, signed by itself. */
static const char cert[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBZzCCAQ6gAwIBAgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9yZWNzeXMt\n"
                           "dHVpIHRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBoxGDAW\n"
                           "BgNVBAMMD3JlY3N5cy10dWkgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"
                           "BKp0lnJvHn+0tqlIe4QZle0jnri8itrW2N3WBnntnINcD8IA8CZxBm+wBnbMm4i4\n"
                           "ois8TgtIFyI5bTLHCcZYnpyjQzBBMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/\n"
                           "BAUwAwEB/zAdBgNVHQ4EFgQUbsmqKFDpvu91dtdzLWzQSMzCqzwwCgYIKoZIzj0E\n"
                           "AwIDRwAwRAIgCY33YjVetGsf1tg3KC24OGwm3NEPkAUvvBCK2BHjLd8CIEmR7zW9\n"
                           "GXJ4lioKPVRsU7Lb6tw0iAqdHSf9+xsl5BTp\n"
                           "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB7axcx48yES4ZTkV\n"
                          "WS80/aUFFtxFBUm8n3F005HI3EKhRANCAASqdJZybx5/tLapSHuEGZXtI564vIra\n"
                          "1tjd1gZ57ZyDXA/CAPAmcQZvsAZ2zJuIuKIrPE4LSBciOW0yxwnGWJ6c\n"
                          "-----END PRIVATE KEY-----\n";
static const char other_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/daoCZrPAerJlGh8\n"
                                "nUC1tKTwjvcYcgREpLm4n2Wr05KhRANCAAQKEOA1MV0sYduDHgglxr+EMO4vr0rG\n"
                                "SDFoIOBVrMHN2MmmvXW9TKcnIWJ1lyJKqnccT1X6XOzdarOF1F3VOF+R\n"
                                "-----END PRIVATE KEY-----\n";
#define TLS "serve --port 0 serving.tls_cert=cert.pem serving.tls_key="

static size_t gather(char *data, size_t size, size_t n, void *to)
{
    rs_str_addn(to, data, size * n);
    return size * n;
}

static void with_a_certificate_it_speaks_tls(void **state)
{
    (void)state;
    struct ref_serve s;
    struct rs_str text;
    ref_bin_write(&bin, "cert.pem", cert, SIZE_MAX);
    ref_bin_write(&bin, "key.pem", key, SIZE_MAX);
    start(&s, "serving.tls_cert=cert.pem serving.tls_key=key.pem");
    assert_true(rs_str_starts(s.address, "https://127.0.0.1:"));
    char *url = rs_xprintf("%s/models", s.address);
    char *authority = ref_bin_path(&bin, "cert.pem");
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    rs_str_init(&text, 0);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, authority);
    curl_easy_setopt(curl, CURLOPT_HEADER, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    for (int i = 0; i < 3; i++) { /* on one connection, from the store */
        CURLcode rc = curl_easy_perform(curl);
        if (rc) fail_msg("%s: %s", url, curl_easy_strerror(rc));
        assert_true(rs_str_starts(rs_str_text(&text), "HTTP/1.1 200"));
        assert_non_null(strstr(rs_str_text(&text), "Strict-Transport-Security: max-age="));
        assert_non_null(strstr(rs_str_text(&text), "\"versions\""));
        rs_str_reset(&text);
    }
    curl_easy_cleanup(curl);
    struct ref_http h; /* who does not speak it is let go */
    ref_http_open(&s, &h);
    ref_http_send(&h, GET("/live"), SIZE_MAX);
    char *rest = ref_http_rest(&h);
    assert_non_null(rest);
    assert_null(strstr(rest, "HTTP/1.1"));
    free(rest);
    ref_http_close(&h);
    assert_int_equal(ref_serve_stop(&s, SIGTERM), 0);
    rs_str_clear(&text);
    free(authority);
    free(url);
}

static void certificates_that_cannot_be_are_refused(void **state)
{
    (void)state;
    ref_bin_write(&bin, "cert.pem", cert, SIZE_MAX);
    ref_bin_write(&bin, "key.pem", key, SIZE_MAX);
    ref_bin_write(&bin, "other.pem", other_key, SIZE_MAX);
    ref_bin_refuses(&bin, 2, TLS "other.pem", "serving.tls_cert|other.pem|not a certificate and");
    ref_bin_refuses(&bin, 2, TLS "cert.pem", "serving.tls_key|not a certificate and");
    assert_job("failed");
    ref_bin_refuses(&bin, 3, TLS "gone.pem", "serving.tls_key|gone.pem");
    ref_bin_refuses(&bin, 2, "serve --port 0 serving.tls_cert=cert.pem", "tls_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_where_it_listens),
        cmocka_unit_test(with_json_it_says_so_as_a_document),
        cmocka_unit_test(an_address_that_cannot_be_is_refused),
        cmocka_unit_test(a_request_in_flight_is_finished),
        cmocka_unit_test(requests_that_were_sent_are_answered),
        cmocka_unit_test(a_request_that_does_not_end_is_waited_for_so_long),
        cmocka_unit_test(a_second_signal_ends_at_once),
        cmocka_unit_test(serve_stop_ends_it),
        cmocka_unit_test(sighup_reads_the_configuration_again),
        cmocka_unit_test(slow_clients_are_ended),
        cmocka_unit_test(idle_connections_keep_nobody_out),
        cmocka_unit_test(all_may_ask_at_once),
        cmocka_unit_test(memory_of_a_crowd_is_given_back),
        cmocka_unit_test(with_a_certificate_it_speaks_tls),
        cmocka_unit_test(certificates_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
