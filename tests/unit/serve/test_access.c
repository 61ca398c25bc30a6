/* access: lines of requests, whole and in JSON, and a reader that is slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/serve/http_impl.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"

static struct srv_request request(const char *id, const char *actor)
{
    static struct srv_conn conn = {.client = "10.0.0.1"};
    struct srv_request r = {.conn = &conn, .status = 201};
    snprintf(r.id, sizeof(r.id), "%s", id);
    snprintf(r.actor, sizeof(r.actor), "%s", actor);
    return r;
}

/* All that is in the pipe now. */
static void read_pipe(int fd, struct rs_str *out)
{
    char bytes[65536];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        rs_str_addn(out, bytes, (size_t)n);
    }
}

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* Every line is one of ours; how many there are. */
static int count_lines(const struct rs_str *text)
{
    int n = 0;
    for (const char *at = rs_str_text(text); *at; n++) {
        const char *end = strchr(at, '\n');
        struct rs_val *v = NULL;
        struct rs_err err = {0};
        assert_non_null(end);
        assert_ok(rs_json_parse(at, (size_t)(end - at), "line", &v, &err), &err);
        assert_string_equal(rs_val_get_str(v, "event", ""), "request");
        rs_val_free(v);
        at = end + 1;
    }
    return n;
}

static void a_line_has_what_happened(void **state)
{
    (void)state;
    int ends[2];
    struct rs_str text;
    rs_str_init(&text, 0);
    open_pipe(ends);
    struct srv_access *a = srv_access_new(ends[1]);
    struct srv_request r = request("id-1", "a \"name\"\x01");
    rs_clock_set(INT64_C(1764007980123));
    srv_access_add(a, &r, "POST", "/user/{id}/history", 321, 1234567);
    rs_clock_set(-1);
    read_pipe(ends[0], &text);
    assert_int_equal(text.len, 0); /* not before somebody flushes */
    srv_access_flush(a);
    read_pipe(ends[0], &text);
    assert_string_equal(
        rs_str_text(&text),
        "{\"time\":\"2025-11-24T18:13:00.123Z\",\"level\":\"info\",\"event\":\"request\","
        "\"id\":\"id-1\",\"client\":\"10.0.0.1\",\"method\":\"POST\","
        "\"route\":\"/user/{id}/history\",\"status\":201,\"ms\":1.235,\"bytes\":321,"
        "\"actor\":\"a \\\"name\\\"\\u0001\"}\n");
    srv_access_add(a, &r, "POST", "/", 0, 0);
    srv_access_free(a); /* writes what is left */
    read_pipe(ends[0], &text);
    assert_int_equal(count_lines(&text), 2);
    rs_str_clear(&text);
    close(ends[0]);
    close(ends[1]);
}

/* The longest line that can be. */
static void long_names_fit(void **state)
{
    (void)state;
    int ends[2];
    struct rs_str text;
    char name[64];
    rs_str_init(&text, 0);
    open_pipe(ends);
    struct srv_access *a = srv_access_new(ends[1]);
    memset(name, '\x1f', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct srv_request r = request("0123456789012345678901234567890123456", name);
    srv_access_add(a, &r, "OPTIONS", "/admin/commands/{name}", SIZE_MAX, INT64_MAX);
    srv_access_free(a);
    read_pipe(ends[0], &text);
    assert_int_equal(count_lines(&text), 1);
    rs_str_clear(&text);
    close(ends[0]);
    close(ends[1]);
}

static char warned[200];

static void on_log(int64_t time_ms, enum rs_log_level level, const char *event, const char *line,
                   void *ctx)
{
    (void)time_ms;
    (void)level;
    (void)event;
    (void)ctx;
    snprintf(warned, sizeof(warned), "%s", line);
}

/* Nobody reads: whoever answers goes on, lines are dropped and counted, and those that were kept
 * come out whole once somebody reads. */
static void a_reader_that_does_not_read_holds_nobody_up(void **state)
{
    (void)state;
    enum { LINES = 40000 };
    int ends[2];
    struct rs_str text;
    rs_str_init(&text, 0);
    open_pipe(ends);
    rs_log_set_stderr(false);
    rs_log_set_sink(on_log, NULL);
    struct srv_access *a = srv_access_new(ends[1]);
    struct srv_request r = request("id", "");
    for (int i = 0; i < LINES; i++) {
        srv_access_add(a, &r, "GET", "/health", 1, 1);
    }
    read_pipe(ends[0], &text);
    assert_true(text.len > 0); /* at 64 KiB nobody waits for a flush */
    for (size_t before = 0; before != text.len;) {
        before = text.len;
        srv_access_flush(a);
        read_pipe(ends[0], &text);
    }
    unsigned long long dropped = strtoull(warned, NULL, 10);
    assert_non_null(strstr(warned, "lines were dropped"));
    assert_true(dropped > 1000);
    assert_int_equal(count_lines(&text) + (int)dropped, LINES);
    srv_access_free(a);
    rs_log_set_sink(NULL, NULL);
    rs_log_set_stderr(true);
    rs_str_clear(&text);
    close(ends[0]);
    close(ends[1]);
}

static void *add_many(void *arg)
{
    struct srv_request r = request("thread", "");
    for (int i = 0; i < 3000; i++) {
        srv_access_add(arg, &r, "GET", "/health", 1, 1);
    }
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    (void)state;
    char path[] = "/tmp/test_access_XXXXXX";
    pthread_t threads[4];
    struct rs_str text;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    struct srv_access *a = srv_access_new(fd);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, a), 0);
    }
    for (int i = 0; i < 4; i++) {
        srv_access_flush(a);
        pthread_join(threads[i], NULL);
    }
    srv_access_free(a);
    rs_str_init(&text, 0);
    lseek(fd, 0, SEEK_SET);
    read_pipe(fd, &text);
    assert_int_equal(count_lines(&text), 12000);
    rs_str_clear(&text);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_what_happened),
        cmocka_unit_test(long_names_fit),
        cmocka_unit_test(a_reader_that_does_not_read_holds_nobody_up),
        cmocka_unit_test(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
