/* The server as a process among others: what it says when it listens, jobs that it starts and that
 * outlive it, how it is found and stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

static struct ref_bin bin; /* a demo workspace */
static char *token;        /* of scope admin */

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    struct rs_val *doc = ref_bin_json(&bin, 0, "token add all --scope admin", "token");
    token = rs_xstrdup(rs_val_get_str(doc, "token", ""));
    rs_val_free(doc);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    free(token);
    return 0;
}

/* A server on a terminal; *port_out is what it says it listens on. */
static void open_server(const char *line, struct ref_pty *out, int *port_out)
{
    ref_pty_open(&bin, line, out);
    ref_pty_expect(out, "serving on http://127.0.0.1:");
    size_t at = out->from;
    ref_pty_expect(out, ": production, version 1 (");
    *port_out = (int)strtol(out->seen + at, NULL, 10);
    assert_true(*port_out > 0);
}

/* POST of a JSON body to path with the token: the status, and the answer's document. */
static int post(int port, const char *path, const char *body, struct rs_val **doc_out)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    char *request = rs_xprintf("POST %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
                               "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               path, token, strlen(body), body);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    free(request);
    struct rs_str answer;
    rs_str_init(&answer, 1 << 20);
    char buf[4096];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        rs_str_addn(&answer, buf, (size_t)n);
    }
    close(fd);
    const char *text = rs_str_text(&answer);
    const char *content = strstr(text, "\r\n\r\n");
    assert_true(rs_str_starts(text, "HTTP/1.1 ") && content);
    struct rs_err err = {0};
    assert_ok(rs_json_parse(content + 4, strlen(content + 4), "answer", doc_out, &err), &err);
    int status = (int)strtol(text + 9, NULL, 10);
    rs_str_clear(&answer);
    return status;
}

/* Starts a command as a job; its number. */
static int64_t start_job(int port, const char *name, const char *body)
{
    struct rs_val *doc = NULL;
    char *path = rs_xprintf("/admin/commands/%s", name);
    assert_int_equal(post(port, path, body, &doc), 202);
    int64_t id = rs_val_get_int(doc, "job_id", 0);
    assert_true(id > 0);
    rs_val_free(doc);
    free(path);
    return id;
}

static struct rs_val *job_json(int status, const char *command, int64_t id, const char *keys)
{
    char *line = rs_xprintf("%s %lld", command, (long long)id);
    struct rs_val *doc = ref_bin_json(&bin, status, line, keys);
    free(line);
    return doc;
}

static void stop_server(struct ref_pty *p)
{
    rs_val_free(ref_bin_json(&bin, 0, "serve stop", "stopped"));
    assert_int_equal(ref_pty_close(p), 0);
}

static void a_server_is_found_and_stopped(void **state)
{
    (void)state;
    struct ref_pty p;
    int port;
    open_server("--serve --port 0", &p, &port);
    char *address = rs_xprintf("http://127.0.0.1:%d", port);
    for (int i = 0;; i++) { /* until its first beat */
        struct rs_val *doc = ref_bin_json(&bin, 0, "serve status", "servers");
        const struct rs_val *list = rs_val_get(doc, "servers");
        assert_int_equal(list->n, 1);
        bool told = strcmp(rs_val_get_str(list->items[0], "address", ""), address) == 0;
        if (told) assert_int_equal(rs_val_get_int(list->items[0], "version", 0), 1);
        rs_val_free(doc);
        if (told) break;
        assert_true(i < 500);
        rs_clock_sleep_ms(20);
    }
    char *line = rs_xprintf("serve --port %d", port);
    ref_bin_refuses(&bin, 9, line, "127.0.0.1"); /* the address is taken */
    free(line);
    struct rs_val *doc = ref_bin_json(&bin, 0, "serve stop", "stopped");
    assert_string_equal(rs_val_get_str(rs_val_get(doc, "stopped")->items[0], "address", ""),
                        address);
    rs_val_free(doc);
    assert_int_equal(ref_pty_close(&p), 0);
    free(ref_bin_out(&bin, 3, "serve stop"));
    free(address);
}

static void a_job_of_the_server_ends_with_its_result_or_error(void **state)
{
    (void)state;
    struct ref_pty p;
    int port;
    open_server("serve --port 0", &p, &port);
    int64_t id = start_job(port, "run-list", "{\"limit\": 1}");
    rs_val_free(job_json(0, "job wait", id, "state"));
    struct rs_val *doc = job_json(0, "job show", id, "state,result.runs");
    assert_string_equal(rs_val_get_str(doc, "state", ""), "done");
    assert_int_equal(rs_val_at(doc, "result.runs")->n, 1);
    rs_val_free(doc);
    id = start_job(port, "run-show", "{\"run\": \"nosuch\"}");
    doc = job_json(1, "job wait", id, "state,message");
    assert_string_equal(rs_val_get_str(doc, "state", ""), "failed");
    assert_non_null(strstr(rs_val_get_str(doc, "message", ""), "'nosuch'"));
    rs_val_free(doc);
    assert_int_equal(post(port, "/admin/commands/token-add", "{\"name\": \"x\"}", &doc), 409);
    rs_val_free(doc);
    stop_server(&p);
}

static void a_job_outlives_a_server_that_is_killed(void **state)
{
    (void)state;
    struct ref_pty p;
    int port;
    open_server("serve --port 0", &p, &port);
    int64_t id = start_job(port, "train",
                           "{\"dataset\": \"synthetic\", \"model\": \"als\", "
                           "\"set\": [\"factors=256\", \"iterations=1000\"], \"seed\": 8}");
    kill(p.pid, SIGKILL);
    assert_int_equal(ref_pty_close(&p), 137);
    double done = 0;
    for (int i = 0; i < 1000 && done < 2; i++) { /* it still gets on with it */
        struct rs_val *doc = job_json(0, "job show", id, "state,done");
        assert_string_equal(rs_val_get_str(doc, "state", ""), "running");
        done = rs_val_get_real(doc, "done", 0);
        rs_val_free(doc);
        rs_clock_sleep_ms(10);
    }
    assert_true(done >= 2);
    rs_val_free(job_json(0, "job cancel", id, "job_id"));
    struct rs_val *doc = job_json(1, "job wait", id, "state");
    assert_string_equal(rs_val_get_str(doc, "state", ""), "cancelled");
    rs_val_free(doc);
    free(ref_bin_out(&bin, 3, "serve stop")); /* the killed server is no running one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_found_and_stopped),
        cmocka_unit_test(a_job_of_the_server_ends_with_its_result_or_error),
        cmocka_unit_test(a_job_outlives_a_server_that_is_killed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
