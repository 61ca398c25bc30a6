/* Over HTTP: what reads the store says what the command line says, commands start as jobs, and every
 * answer looks as the document promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_schema.h"
#include "ref/ref_store.h"
#include "ref/ref_web.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

#define PATIENCE_MS 60000

static struct ref_bin bin;
static struct ref_web web;
static struct rs_val *document;

static int set_up(void **state)
{
    (void)state;
    struct ref_reply r;
    ref_bin_demo(&bin);
    ref_web_start(&web, &bin, "serving.rate_per_s=0");
    ref_web_ask(&web, "GET", "/openapi.json", NULL, NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    document = rs_val_copy(r.json);
    ref_reply_clear(&r);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    int status = ref_web_stop(&web);
    rs_val_free(document);
    ref_bin_clear(&bin);
    return status;
}

/* The answer of a call, which must have that status and the shape that the document gives it;
 * template: its path there. */
static struct rs_val *ask(const char *method, const char *path, const char *template,
                          const char *token, const char *body, int status)
{
    struct ref_reply r;
    struct rs_str why;
    rs_str_init(&why, 0);
    ref_web_ask(&web, method, path, token, body, NULL, &r);
    if (r.status != status) fail_msg("%s %s: %d %s", method, path, r.status, r.body);
    const char *lower = strcmp(method, "GET") == 0 ? "get" : "post";
    const struct rs_val *schema = ref_schema_answer(document, lower, template, status);
    assert_non_null(r.json);
    if (!ref_schema_allows(document, schema, r.json, &why)) {
        fail_msg("%s %s: %s in %s", method, path, rs_str_text(&why), r.body);
    }
    struct rs_val *v = r.json;
    r.json = NULL;
    ref_reply_clear(&r);
    rs_str_clear(&why);
    return v;
}

static void get_refused(const char *path, const char *template, int status, const char *part)
{
    struct rs_val *v = ask("GET", path, template, NULL, NULL, status);
    const struct rs_val *message = rs_val_at(v, "error.message");
    if (!strstr(message->s, part)) fail_msg("%s: %s", path, message->s);
    rs_val_free(v);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What changes from one moment to the next, in a list of rows or in one. */
static void forget_times(struct rs_val *v)
{
    static const char *const keys[] = {"beat_ms", "detail", "result", "done", "percent", "time"};
    for (size_t i = 0; v->type == RS_VAL_MAP && i < sizeof(keys) / sizeof(*keys); i++) {
        rs_val_remove(v, keys[i]);
    }
    for (size_t i = 0; i < v->n; i++) {
        forget_times(v->items[i]);
    }
}

static void assert_same(const char *path, const char *template, const char *line)
{
    struct rs_val *over_rest = ask("GET", path, template, NULL, NULL, 200);
    struct rs_val *printed = ref_bin_json(&bin, 0, line, "");
    forget_times(over_rest);
    forget_times(printed);
    if (!rs_val_equal(over_rest, printed)) {
        struct rs_str a;
        struct rs_str b;
        rs_str_init(&a, 0);
        rs_str_init(&b, 0);
        rs_json_print(over_rest, 0, &a);
        rs_json_print(printed, 0, &b);
        fail_msg("%s\n%s\n%s\n%s", path, rs_str_text(&a), line, rs_str_text(&b));
    }
    rs_val_free(over_rest);
    rs_val_free(printed);
}

static void rest_says_what_the_command_line_says(void **state)
{
    (void)state;
    assert_same("/models", "/models", "model list");
    assert_same("/models/production", "/models/{version}", "model show production");
    assert_same("/models/1", "/models/{version}", "model show 1");
    assert_same("/models/journal?limit=5", "/models/journal", "model history --limit 5");
    assert_same("/runs?limit=3&offset=1&sort=-metrics.ndcg_at_10", "/runs",
                "run list --limit 3 --offset 1 --sort -metrics.ndcg_at_10");
    assert_same("/runs?filter=params.model%20%3D%20%22als%22", "/runs",
                "run list --limit 100 --filter 'params.model = \"als\"'");
    assert_same("/runs/latest", "/runs/{id}", "run show latest");
    assert_same("/jobs/1", "/jobs/{id}", "job show 1");
}

static void jobs_are_listed_with_the_server_itself(void **state)
{
    (void)state;
    struct rs_val *v = ask("GET", "/jobs?limit=1000", "/jobs", NULL, NULL, 200);
    const struct rs_val *jobs = rs_val_get(v, "jobs");
    bool serves = false;
    for (size_t i = 0; i < jobs->n; i++) {
        serves |= strcmp(rs_val_get_str(jobs->items[i], "kind", ""), "serve") == 0 &&
                  strcmp(rs_val_get_str(jobs->items[i], "state", ""), "running") == 0;
    }
    assert_true(serves);
    rs_val_free(v);
}

static void studies_are_those_of_the_store(void **state)
{
    (void)state;
    struct rs_val *v = ask("GET", "/studies", "/studies", NULL, NULL, 200);
    assert_int_equal(rs_val_get_int(v, "count", -1), 0);
    rs_val_free(v);
    char *path = ref_bin_path(&bin, "db/recsys.db");
    ref_store_sql(path,
                  "CREATE TABLE studies(study_id INTEGER NOT NULL PRIMARY KEY, study_name TEXT);"
                  "CREATE TABLE study_directions(study_direction_id INTEGER NOT NULL PRIMARY "
                  "KEY, direction TEXT, study_id INTEGER, objective INTEGER);"
                  "CREATE TABLE trials(trial_id INTEGER PRIMARY KEY, number INTEGER, study_id "
                  "INTEGER, state TEXT, datetime_start TEXT, datetime_complete TEXT);"
                  "CREATE TABLE trial_system_attributes(trial_system_attribute_id INTEGER "
                  "PRIMARY KEY, trial_id INTEGER, \"key\" TEXT, value_json TEXT);"
                  "CREATE TABLE trial_values(trial_value_id INTEGER PRIMARY KEY, trial_id "
                  "INTEGER, objective INTEGER, value REAL, value_type TEXT);"
                  "INSERT INTO studies VALUES (1, 'first');"
                  "INSERT INTO study_directions VALUES (1, 'MAXIMIZE', 1, 0);"
                  "INSERT INTO trials VALUES (1, 0, 1, 'COMPLETE', NULL, NULL);"
                  "INSERT INTO trial_values VALUES (1, 1, 0, 0.25, 'FINITE');");
    free(path);
    v = ask("GET", "/studies?limit=1", "/studies", NULL, NULL, 200);
    assert_int_equal(rs_val_get_int(v, "count", -1), 1);
    const struct rs_val *study = rs_val_get(v, "studies")->items[0];
    assert_string_equal(rs_val_get_str(study, "study", ""), "first");
    assert_true(rs_val_at(study, "best.value")->r == 0.25);
    rs_val_free(v);
}

/* No text of a request becomes an option of a command. */
static void texts_of_requests_stay_texts(void **state)
{
    (void)state;
    get_refused("/models/--help", "/models/{version}", 404, "--help");
    get_refused("/models/-k", "/models/{version}", 404, "-k");
    get_refused("/runs/--limit=3", "/runs/{id}", 404, "--limit=3");
    get_refused("/runs/..%2F..%2Fetc%2Fpasswd", "/runs/{id}", 404, "etc/passwd");
    get_refused("/models/eval.k=3", "/models/{version}", 404, "eval.k=3");
    get_refused("/runs?filter=--json", "/runs", 422, "filter");
    get_refused("/runs?filter=metrics.ndcg_at_10%20%3E", "/runs", 422, "filter");
    get_refused("/runs?sort=nosuch", "/runs", 400, "nosuch");
    get_refused("/jobs/999999", "/jobs/{id}", 404, "999999");
    get_refused("/jobs/abc", "/jobs/{id}", 400, "id");
}

/* ---- commands ------------------------------------------------------------------------------ */

static struct rs_val *start(const char *command, const char *body, int status)
{
    char *path = rs_xprintf("/admin/commands/%s", command);
    struct rs_val *v = ask("POST", path, path, REF_WEB_TOKEN, body, status);
    free(path);
    return v;
}

/* The job of a 202 once it has ended; it must have ended so. */
static struct rs_val *finish(struct rs_val *started, const char *state)
{
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    const char *path = rs_val_get_str(started, "job", "");
    for (;;) {
        struct rs_val *v = ask("GET", path, "/jobs/{id}", NULL, NULL, 200);
        const char *now = rs_val_get_str(v, "state", "");
        if (strcmp(now, state) == 0) {
            rs_val_free(started);
            return v;
        }
        if (strcmp(now, "running") != 0 || rs_clock_mono_ns() > deadline) {
            fail_msg("%s is %s: %s", path, now, rs_val_get_str(v, "message", ""));
        }
        rs_val_free(v);
        rs_clock_sleep_ms(10);
    }
}

static void commands_are_listed(void **state)
{
    (void)state;
    struct rs_val *v = ask("GET", "/admin/commands", "/admin/commands", REF_WEB_TOKEN, NULL, 200);
    const struct rs_val *list = rs_val_get(v, "commands");
    const struct rs_val *promote = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const char *name = rs_val_get_str(list->items[i], "name", "");
        assert_string_not_equal(name, "token add");
        assert_string_not_equal(name, "serve");
        if (strcmp(name, "model promote") == 0) promote = list->items[i];
    }
    assert_non_null(promote);
    assert_string_equal(rs_val_get_str(promote, "path", ""), "/admin/commands/model-promote");
    assert_string_equal(rs_val_at(promote, "arguments.required")->items[0]->s, "version");
    rs_val_free(v);
}

static void a_command_runs_as_a_job(void **state)
{
    (void)state;
    struct ref_reply r;
    ref_web_ask(&web, "POST", "/admin/commands/run%20list", REF_WEB_TOKEN, "{\"limit\": 1}", NULL,
                &r);
    assert_int_equal(r.status, 202);
    char *location = ref_reply_header(&r, "Location");
    assert_string_equal(location, rs_val_get_str(r.json, "job", ""));
    assert_string_equal(rs_val_get_str(r.json, "command", ""), "run list");
    free(location);
    struct rs_val *job = finish(rs_val_copy(r.json), "done");
    assert_int_equal(rs_val_at(job, "result.runs")->n, 1);
    rs_val_free(job);
    ref_reply_clear(&r);
}

static void the_journal_names_who_asked(void **state)
{
    (void)state;
    char *token = ref_bin_out(&bin, 0, "token add ops --scope admin --quiet");
    token[strcspn(token, "\n")] = '\0';
    struct ref_reply r = {0};
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    do { /* a new token opens within a second */
        ref_reply_clear(&r);
        ref_web_ask(&web, "POST", "/admin/commands/model-promote", token,
                    "{\"version\": 1, \"to\": \"canary\", \"force\": true, \"reason\": \"a test\"}",
                    NULL, &r);
        assert_true(r.status == 202 || r.status == 401);
        assert_true(rs_clock_mono_ns() < deadline);
    } while (r.status == 401);
    rs_val_free(finish(rs_val_copy(r.json), "done"));
    ref_reply_clear(&r);
    free(token);
    struct rs_val *v = ask("GET", "/models/journal?limit=1", "/models/journal", NULL, NULL, 200);
    const struct rs_val *line = rs_val_get(v, "history")->items[0];
    assert_string_equal(rs_val_get_str(line, "alias", ""), "canary");
    assert_string_equal(rs_val_get_str(line, "actor", ""), "token ops");
    rs_val_free(v);
}

static void files_stay_in_the_workspace(void **state)
{
    (void)state;
    rs_val_free(start("db-backup", "{\"file\": \"../out.db\"}", 400));
    rs_val_free(start("db-backup", "{\"file\": \"/tmp/out.db\"}", 400));
    rs_val_free(start("model-verify", "{\"model\": \"../../x.rsm\"}", 400));
    rs_val_free(finish(start("db-backup", "{\"file\": \"kept/out.db\"}", 202), "done"));
    char *path = ref_bin_path(&bin, "kept/out.db");
    assert_true(rs_fs_exists(path));
    free(path);
}

static void bodies_are_checked_before_a_job_starts(void **state)
{
    (void)state;
    static const struct {
        const char *command, *body, *part;
        int status;
    } cases[] = {
        {"model-promote", NULL, "VERSION", 400},
        {"model-promote", "{\"version\": 1, \"frce\": true}", "force", 400},
        {"model-promote", "{\"version\": 1, \"force\": \"yes\"}", "force", 400},
        {"run-list", "{\"limit\": 0}", "limit", 400},
        {"run-list", "{\"limit\": \"10\"}", "limit", 400},
        {"run-list", "[]", "object", 400},
        {"run-list", "{", "body", 422},
        {"train", "{\"overrides\": [\"x\"]}", "overrides", 400},
        {"evaluate", "{\"k\": [5, 0]}", "k", 400},
    };
    struct rs_val *before = ask("GET", "/jobs?limit=1", "/jobs", NULL, NULL, 200);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rs_val *v = start(cases[i].command, cases[i].body, cases[i].status);
        const char *message = rs_val_at(v, "error.message")->s;
        if (!strstr(message, cases[i].part)) fail_msg("case %zu: %s", i, message);
        rs_val_free(v);
    }
    struct rs_val *after = ask("GET", "/jobs?limit=1", "/jobs", NULL, NULL, 200);
    assert_int_equal(rs_val_get_int(rs_val_get(before, "jobs")->items[0], "job_id", 0),
                     rs_val_get_int(rs_val_get(after, "jobs")->items[0], "job_id", 1));
    rs_val_free(before);
    rs_val_free(after);
}

static void some_commands_are_not_started(void **state)
{
    (void)state;
    static const struct {
        const char *path, *part;
        int status;
    } cases[] = {
        {"/admin/commands/token-add", "secret", 409},
        {"/admin/commands/db%20restore", "store", 409},
        {"/admin/commands/shell", "command line", 409},
        {"/admin/commands/modle-promote", "model promote", 404},
        {"/admin/commands/xyzzy", "/admin/commands", 404},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ref_reply r;
        ref_web_ask(&web, "POST", cases[i].path, REF_WEB_TOKEN, "{\"name\": \"x\"}", NULL, &r);
        assert_int_equal(r.status, cases[i].status);
        assert_non_null(strstr(rs_val_at(r.json, "error.message")->s, cases[i].part));
        ref_reply_clear(&r);
    }
}

static void commands_need_an_admin(void **state)
{
    (void)state;
    struct ref_reply r;
    ref_web_ask(&web, "POST", "/admin/commands/run-list", NULL, "{}", NULL, &r);
    assert_int_equal(r.status, 401);
    ref_reply_clear(&r);
    ref_web_ask(&web, "GET", "/admin/commands", "rst_wrong", NULL, NULL, &r);
    assert_int_equal(r.status, 401);
    ref_reply_clear(&r);
}

/* ---- document, pages, counters ------------------------------------------------------------- */

static void assert_kept_by_tag(const char *path)
{
    struct ref_reply r;
    ref_web_ask(&web, "GET", path, NULL, NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    char *tag = ref_reply_header(&r, "ETag");
    assert_non_null(tag);
    ref_reply_clear(&r);
    char *condition = rs_xprintf("If-None-Match: %s", tag);
    ref_web_ask(&web, "GET", path, NULL, NULL, condition, &r);
    assert_int_equal(r.status, 304);
    assert_int_equal(r.len, 0);
    ref_reply_clear(&r);
    free(condition);
    free(tag);
}

static void pages_and_document_are_kept_by_their_tag(void **state)
{
    (void)state;
    assert_kept_by_tag("/docs");
    assert_kept_by_tag("/assets/docs.js");
    assert_kept_by_tag("/openapi.json");
}

static void requests_show_in_the_counters(void **state)
{
    (void)state;
    struct ref_reply r;
    rs_val_free(ask("GET", "/studies", "/studies", NULL, NULL, 200));
    ref_web_ask(&web, "GET", "/metrics", NULL, NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    char *type = ref_reply_header(&r, "Content-Type");
    assert_string_equal(type, "text/plain; version=0.0.4; charset=utf-8");
    free(type);
    const char *at = strstr(r.body, "\nrecsys_requests_total{route=\"/studies\",method=\"GET\","
                                    "status=\"200\"} ");
    assert_non_null(at);
    assert_true(strtod(strchr(at, '}') + 1, NULL) >= 1);
    assert_non_null(strstr(r.body, "\nrecsys_model_info{version=\""));
    ref_reply_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rest_says_what_the_command_line_says),
        cmocka_unit_test(jobs_are_listed_with_the_server_itself),
        cmocka_unit_test(studies_are_those_of_the_store),
        cmocka_unit_test(texts_of_requests_stay_texts),
        cmocka_unit_test(commands_are_listed),
        cmocka_unit_test(a_command_runs_as_a_job),
        cmocka_unit_test(the_journal_names_who_asked),
        cmocka_unit_test(files_stay_in_the_workspace),
        cmocka_unit_test(bodies_are_checked_before_a_job_starts),
        cmocka_unit_test(some_commands_are_not_started),
        cmocka_unit_test(commands_need_an_admin),
        cmocka_unit_test(pages_and_document_are_kept_by_their_tag),
        cmocka_unit_test(requests_show_in_the_counters),
    };
    return cmocka_run_group_tests_name("serve_store", tests, set_up, tear_down);
}
