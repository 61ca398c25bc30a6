/*
 * What a server says of itself to whoever runs it: its log, what it announces, and why it does not
 * serve.
 */
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

#define TOKEN  "test-token-of-32-characters-----"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static struct ref_bin bin; /* versions 1 (als, production) and 2 (popularity) */

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    free(ref_bin_out(&bin, 0, "model register --run popularity"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static void start(struct ref_serve *s, const char *level, const char *more)
{
    const char *env[] = {"RECSYS_TOKEN=" TOKEN, level, NULL};
    ref_serve_start(&bin, &(struct ref_how){.env = env}, more, s);
}

static void stop(struct ref_serve *s)
{
    assert_int_equal(ref_serve_stop(s, SIGTERM), 0);
}

static int64_t served(const struct ref_serve *s)
{
    struct rs_val *health = ref_ask_json(s, "GET", "/health", "", NULL, 200);
    int64_t version = rs_val_get_int(health, "model_version", 0);
    rs_val_free(health);
    return version;
}

static void promote(int version)
{
    char *line = rs_xprintf("model promote %d --to production --force --reason test", version);
    free(ref_bin_out(&bin, 0, line));
    free(line);
}

/* ---- the log ------------------------------------------------------------------------------- */

static void it_logs_its_start_its_swaps_and_its_end(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, NULL, "");
    ref_serve_expect(&s, s.address);
    ref_serve_expect(&s, "alias=production version=1 was=0");
    promote(2);
    ref_serve_expect(&s, "alias=production version=2 was=1");
    kill(s.pid, SIGHUP);
    ref_serve_expect(&s, "the configuration was read again");
    promote(1);
    ref_serve_expect(&s, "alias=production version=1 was=2"); /* as it did before the reload */
    stop(&s);
}

/* Whoever has set a level gets that. */
static void a_level_that_was_set_holds(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, "LOG_LEVEL=warn", "");
    promote(2);
    for (int i = 0; i < 2000 && served(&s) != 2; i++) {
        rs_clock_sleep_ms(5);
    }
    assert_int_equal(served(&s), 2);
    promote(1);
    char *log = ref_serve_log(&s);
    assert_null(strstr(log, "was=1"));
    assert_null(strstr(log, s.address));
    free(log);
    stop(&s);
}

/* Lines of JSON, and in none of them a token, a body, an id or a query. */
static void its_log_gives_nobody_away(void **state)
{
    (void)state;
    static const char *const secret[] = {
        TOKEN, "wrong-token", "private-user", "private%20user", "private user", "private-type"};
    static const char *const bodies[] = {
        "{\"user_id\":\"private-user\",\"item_id\":\"private-user\",\"type\":\"private-type\"}",
        "{\"user_id\":\"private-user\",\"oops\":\"private-user\"}",
        "{\"user_id\":\"private-user\"",
    };
    struct ref_serve s;
    struct ref_answer a;
    start(&s, NULL, "--log-level debug");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        ref_ask(&s, "POST", "/feedback", BEARER, bodies[i], &a);
        assert_int_equal(a.status, i == 0 ? 201 : i == 1 ? 400 : 422);
        ref_answer_clear(&a);
    }
    ref_ask(&s, "POST", "/feedback", "Authorization: Bearer wrong-token\r\n", bodies[0], &a);
    ref_answer_is_error(&a, 401, "unauthorized", "token");
    ref_answer_clear(&a);
    ref_ask(&s, "GET", "/user/private%20user/history", "", NULL, &a);
    ref_answer_is_error(&a, 404, "not_found", "private user");
    ref_answer_clear(&a);
    ref_ask(&s, "GET", "/users?search=private-user", "", NULL, &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
    ref_serve_expect(&s, "\"/users\"");
    char *log = ref_serve_log(&s);
    stop(&s);
    for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
        if (strstr(log, secret[i])) fail_msg("'%s' is in the log:\n%s", secret[i], log);
    }
    size_t lines = 0;
    for (char *line = log, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        struct rs_val *v = NULL;
        struct rs_err err = {0};
        assert_ok(rs_json_parse(line, (size_t)(end - line), "log", &v, &err), &err);
        assert_non_null(rs_val_get(v, "time"));
        assert_non_null(rs_val_get(v, "level"));
        assert_non_null(rs_val_get(v, "event"));
        rs_val_free(v);
    }
    if (lines < 8) fail_msg("%zu lines:\n%s", lines, log);
    free(log);
}

/* ---- why it does not serve ----------------------------------------------------------------- */

static char *bundle_of_production(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "model show production", "bundle");
    char *name = rs_xprintf("models/%s.rsm", rs_val_get_str(doc, "bundle", ""));
    char *path = ref_bin_path(&bin, name);
    free(name);
    rs_val_free(doc);
    return path;
}

static void a_version_that_is_refused_is_named(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_answer a;
    char *path = bundle_of_production();
    char *away = rs_xprintf("%s.away", path);
    assert_int_equal(rename(path, away), 0);
    start(&s, NULL, "");
    assert_non_null(strstr(s.announced, "version 1 behind 'production' is refused"));
    ref_serve_expect(&s, "version=1 refused, nothing is served");
    ref_ask(&s, "POST", "/recommend", "", "{\"user_id\":1}", &a);
    ref_answer_is_error(&a, 503, "unavailable",
                        "version 1 behind the alias 'production' is refused");
    ref_answer_clear(&a);
    /* no force goes past a bundle that is not there, so none is offered */
    ref_bin_refuses(&bin, 8, "model promote 1 --to production", "promote version 1|.rsm");
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){0}, "model promote 1 --to production", &r);
    assert_null(strstr(r.err, "--force"));
    ref_run_clear(&r);
    ref_bin_refuses(&bin, 3, "model promote 1 --to production --force --reason test", ".rsm");
    assert_int_equal(rename(away, path), 0);
    ref_serve_expect(&s, "alias=production version=1 was=0"); /* it looks again by itself */
    ref_ask(&s, "POST", "/recommend", "", "{\"user_id\":1}", &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
    stop(&s);
    free(away);
    free(path);
}

static void lists_that_cannot_be_read_are_no_start(void **state)
{
    (void)state;
    struct ref_serve s;
    ref_bin_refuses(&bin, 3, "serve --port 0 serving.allow=none.txt", "serving.allow|none.txt");
    ref_bin_refuses(&bin, 5, "serve --port 0 serving.deny=models",
                    "serving.deny|not a regular file");
    /* and no reload: what held before goes on */
    ref_bin_write(&bin, "deny.txt", "# nothing\n", SIZE_MAX);
    ref_bin_write(&bin, "params.yaml", "serving:\n  deny: deny.txt\n", SIZE_MAX);
    start(&s, NULL, "");
    ref_bin_write(&bin, "params.yaml", "serving:\n  deny: gone.txt\n", SIZE_MAX);
    kill(s.pid, SIGHUP);
    ref_serve_expect(&s, "serving.deny: open");
    ref_serve_expect(&s, "what held before still holds");
    struct rs_val *v = ref_ask_json(&s, "POST", "/recommend", "", "{\"user_id\":1}", 200);
    rs_val_free(v);
    stop(&s);
    char *path = ref_bin_path(&bin, "params.yaml");
    assert_int_equal(remove(path), 0);
    free(path);
}

/* A server's log is not a job's. */
static void job_log_says_where_to_look(void **state)
{
    (void)state;
    struct ref_serve s;
    start(&s, NULL, "");
    struct rs_val *doc = ref_bin_json(&bin, 0, "job list --limit 1", "jobs");
    int64_t id = rs_val_get_int(rs_val_get(doc, "jobs")->items[0], "job_id", 0);
    rs_val_free(doc);
    char *line = rs_xprintf("job log %lld", (long long)id);
    char *said = ref_bin_out(&bin, 0, line);
    assert_non_null(strstr(said, "standard error"));
    free(said);
    free(line);
    stop(&s);
}

static void a_header_that_comes_twice_is_named(void **state)
{
    (void)state;
    struct ref_serve s;
    struct ref_answer a;
    start(&s, NULL, "");
    ref_ask(&s, "POST", "/feedback", BEARER BEARER, "{}", &a);
    ref_answer_is_error(&a, 400, "bad_request", "Authorization is given twice");
    ref_answer_clear(&a);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_logs_its_start_its_swaps_and_its_end),
        cmocka_unit_test(a_level_that_was_set_holds),
        cmocka_unit_test(its_log_gives_nobody_away),
        cmocka_unit_test(a_version_that_is_refused_is_named),
        cmocka_unit_test(lists_that_cannot_be_read_are_no_start),
        cmocka_unit_test(job_log_says_where_to_look),
        cmocka_unit_test(a_header_that_comes_twice_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
