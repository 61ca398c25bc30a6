/* serve status, serve stop: what they make of the rows that servers keep, and how long they wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/commands/ctx.h"
#include "rs/store/jobs.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct ref_store t; /* its folder is the workspace */
static struct rs_ctx *ctx;

/* A server as the store sees it: a row that beats, says what it does, and ends when it is asked to,
 * unless it is stubborn. */
struct server {
    const char *detail;
    bool stubborn;
    pthread_t thread;
    struct rs_task task;
    atomic_llong id; /* 0: not yet there */
    atomic_bool end;
};

static void *server_main(void *arg)
{
    struct server *s = arg;
    struct rs_store *st = NULL;
    struct rs_job_handle *job = NULL;
    struct rs_err err = {0};
    assert_ok(rs_store_open(t.path, 0, &st, &err), &err);
    rs_store_set_beat_ms(st, 20);
    assert_ok(rs_job_start(st, "serve", "serve", &s->task, &job, &err), &err);
    if (s->detail) rs_job_set_detail(job, s->detail);
    atomic_store(&s->id, rs_job_id(job));
    while (!atomic_load(&s->end) && (s->stubborn || !rs_task_cancelled(&s->task))) {
        rs_clock_sleep_ms(2);
    }
    rs_job_end(job, RS_OK, "");
    rs_store_close(st);
    return NULL;
}

static void open_server(struct server *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
    while (!atomic_load(&s->id)) {
        rs_clock_sleep_ms(2);
    }
}

static void close_server(struct server *s)
{
    atomic_store(&s->end, true);
    pthread_join(s->thread, NULL);
}

static enum rs_code run(const char *name, const char *const *words, struct rs_result *out,
                        struct rs_err *err)
{
    size_t n = 0;
    struct rs_args *args = NULL;
    while (words[n]) {
        n++;
    }
    rs_result_init(out);
    assert_ok(rs_args_parse(rs_command_named(name), words, n, &args, err), err);
    enum rs_code rc = rs_ctx_run(ctx, rs_command_named(name), args, out, err);
    rs_args_free(args);
    return rc;
}

static void refused(const char *const *words, enum rs_code want, const char *part)
{
    struct rs_result r;
    struct rs_err err = {0};
    assert_code(run("serve stop", words, &r, &err), want, &err, part);
    rs_result_clear(&r);
}

/* The servers that status lists once there are n that have said something; the caller's. */
static struct rs_val *status(size_t n)
{
    for (int i = 0; i < 2000; i++) {
        struct rs_result r;
        struct rs_err err = {0};
        assert_ok(run("serve status", WORDS(NULL), &r, &err), &err);
        const struct rs_val *list = rs_val_get(r.doc, "servers");
        size_t told = 0;
        for (size_t j = 0; j < list->n; j++) {
            told += rs_val_get(list->items[j], "address") != NULL;
        }
        struct rs_val *copy = list->n == n && told == n ? rs_val_copy(list) : NULL;
        rs_result_clear(&r);
        if (copy) return copy;
        rs_clock_sleep_ms(5);
    }
    fail_msg("serve status never listed %zu servers", n);
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGTERM, SIG_IGN); /* the servers are threads of this process */
    ref_store_init(&t);
    ctx = rs_ctx_new(t.dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rs_ctx_free(ctx);
    ref_store_clear(&t);
    return 0;
}

static void without_a_server_there_is_none(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_job_handle *other = NULL;
    assert_ok(rs_job_start(t.st, "train", "train", NULL, &other, &err), &err); /* no server */
    rs_val_free(status(0));
    refused(WORDS(NULL), RS_ENOTFOUND, "no server of this workspace runs");
    rs_job_end(other, RS_OK, "");
}

static void status_says_what_a_server_does(void **state)
{
    (void)state;
    struct server s = {.detail = "{\"address\": \"http://127.0.0.1:81\", \"version\": 3, "
                                 "\"requests_per_s\": 12.5, \"p50_ms\": 0.04, \"p99_ms\": 0.3, "
                                 "\"fallback_share\": 0.25, \"routes\": []}"};
    open_server(&s);
    struct rs_val *list = status(1);
    const struct rs_val *one = list->items[0];
    assert_int_equal(rs_val_get_int(one, "job_id", 0), atomic_load(&s.id));
    assert_string_equal(rs_val_get_str(one, "address", ""), "http://127.0.0.1:81");
    assert_int_equal(rs_val_get_int(one, "version", 0), 3);
    assert_true(rs_val_get_real(one, "p99_ms", 0) == 0.3);
    assert_non_null(rs_val_get(one, "routes"));
    rs_val_free(list);
    struct rs_result r;
    struct rs_err err = {0};
    struct rs_str text;
    rs_str_init(&text, 0);
    assert_ok(run("serve status", WORDS(NULL), &r, &err), &err);
    rs_result_print(&r, 0, false, &text);
    assert_non_null(strstr(rs_str_text(&text), "http://127.0.0.1:81        3        12.5"));
    assert_non_null(strstr(rs_str_text(&text), "25.0"));
    rs_str_clear(&text);
    rs_result_clear(&r);
    close_server(&s);
    rs_val_free(status(0));
}

static void stop_ends_the_one_that_is_named_or_all(void **state)
{
    (void)state;
    struct server one = {.detail = "{\"address\": \"http://127.0.0.1:1\"}"};
    struct server two = {.detail = "{\"address\": \"http://127.0.0.1:2\"}"};
    struct server three = {.detail = "{\"address\": \"http://127.0.0.1:3\", \"version\": null}"};
    open_server(&one);
    open_server(&two);
    open_server(&three);
    rs_val_free(status(3));
    char id[32];
    snprintf(id, sizeof(id), "%lld", atomic_load(&two.id));
    struct rs_result r;
    struct rs_err err = {0};
    assert_ok(run("serve stop", WORDS("--job", id), &r, &err), &err);
    const struct rs_val *stopped = rs_val_get(r.doc, "stopped");
    assert_int_equal(stopped->n, 1);
    assert_string_equal(rs_val_get_str(stopped->items[0], "address", ""), "http://127.0.0.1:2");
    rs_result_clear(&r);
    refused(WORDS("--job", id), RS_ENOTFOUND, "is no running server");
    rs_val_free(status(2));
    assert_ok(run("serve stop", WORDS(NULL), &r, &err), &err);
    assert_int_equal(rs_val_get(r.doc, "stopped")->n, 2);
    rs_result_clear(&r);
    rs_val_free(status(0));
    close_server(&one);
    close_server(&two);
    close_server(&three);
}

static void stop_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct server s = {.detail = "{\"address\": \"http://127.0.0.1:1\"}", .stubborn = true};
    open_server(&s);
    refused(WORDS("--timeout", "1"), RS_EBUSY, "still runs");
    close_server(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_server_there_is_none),
        cmocka_unit_test(status_says_what_a_server_does),
        cmocka_unit_test(stop_ends_the_one_that_is_named_or_all),
        cmocka_unit_test(stop_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
