/* The document against the tables that it is made from, and against what requests are read by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/admin_impl.h"
#include "../src/serve/fields_impl.h"
#include "../src/serve/http_impl.h"
#include "ref/ref_schema.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/mem.h"

/* Values of every kind and near every bound. */
static const char *const samples[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "10",
    "100",
    "101",
    "1000",
    "1000000000",
    "1e6",
    "1000001",
    "-1000001",
    "0.5",
    "1.5",
    "9007199254740991",
    "1e30",
    "9223372036854775807",
    "-9223372036854775808",
    "-62135596800",
    "253402300799",
    "253402300800",
    "-1e12",
    "1e12",
    "\"\"",
    "\"x\"",
    "\"1\"",
    "\"a b\"",
    "\"é\"",
    "\"true\"",
    "\"2026-05-01\"",
    "\"2026-02-29\"",
    "\"2024-02-29\"",
    "\"1900-02-29\"",
    "\"2000-02-29\"",
    "\"2026-04-31\"",
    "\"0000-01-01\"",
    "\"2026-05-01T10:00\"",
    "\"2026-05-01 10:00:59.25Z\"",
    "\"2026-05-01T24:00:00Z\"",
    "\"2026-05-01T10:00:00+02:00\"",
    "\"2026-05-01T10:00:00-1459\"",
    "\"2026-05-01T10:00+15:00\"",
    "\"2026-5-1\"",
    "\"2026-05-01T\"",
    "\"2026\"",
    "[]",
    "[1]",
    "[1, \"x\"]",
    "[true]",
    "[null]",
    "[1.5]",
    "[\"\"]",
    "[[1]]",
    "{}",
    "{\"a\": 1}",
    "\"started\"",
    "\"-metrics.ndcg_at_10\"",
    "\"train\"",
    "\"test\"",
    "\"csv\"",
    "\"../x\"",
    "\"/etc/passwd\"",
    "\"a/b.csv\"",
    "\"a/../b\"",
    "\"a//b\"",
    "\"a/\"",
    "\".hidden\"",
    "\"https://example.org/a\"",
    "\"http://\"",
    "\"@live\"",
    "\"a.b=1\"",
    "\"+a.b=1\"",
    "\"~a\"",
    "\"++a=\"",
    "\"=1\"",
    "\"1a=2\"",
    "[\"a=1\"]",
    "[\"a\"]",
    "[5, 10]",
    "[0]",
    "[1001]",
    "[\"5\"]",
    "\"5,10\"",
    "64",
    "0.9",
    "0.91",
};
enum { N_SAMPLES = sizeof(samples) / sizeof(*samples), MANY = 10001 };

struct fixture {
    struct srv srv;
    struct rs_arena *arena;
    struct rs_str out;
    struct srv_call call;
    struct rs_val *doc;
    struct rs_val *values[N_SAMPLES + 8];
    size_t n_values;
};

static struct rs_val *parse(const char *json)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_json_parse(json, strlen(json), json, &v, &err), &err);
    return v;
}

/* A text of n letters, or a list of n ones. */
static struct rs_val *long_text(size_t n)
{
    char *text = rs_xalloc(n + 1, 1);
    memset(text, 'a', n);
    struct rs_val *v = rs_val_str(text);
    free(text);
    return v;
}

/* n characters of four bytes each. */
static struct rs_val *wide_text(size_t n)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    for (size_t i = 0; i < n; i++) {
        rs_str_add(&text, "\xf0\x9f\x8e\xac");
    }
    struct rs_val *v = rs_val_str(rs_str_text(&text));
    rs_str_clear(&text);
    return v;
}

static struct rs_val *long_list(size_t n)
{
    struct rs_val *v = rs_val_list();
    for (size_t i = 0; i < n; i++) {
        rs_val_push(v, rs_val_int(1));
    }
    return v;
}

static int set_up(void **state)
{
    struct rs_err err = {0};
    struct fixture *f = rs_xalloc(1, sizeof(*f));
    f->arena = rs_arena_new(1 << 16, 0);
    rs_str_init(&f->out, 0);
    f->call = (struct srv_call){.srv = &f->srv, .arena = f->arena, .out = &f->out};
    assert_ok(srv_get_openapi(&f->call, &err), &err);
    assert_ok(rs_json_parse(f->call.shared->data, f->call.shared->len, "document", &f->doc, &err),
              &err);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        f->values[f->n_values++] = parse(samples[i]);
    }
    f->values[f->n_values++] = long_text(64);
    f->values[f->n_values++] = wide_text(64);
    f->values[f->n_values++] = wide_text(65);
    f->values[f->n_values++] = long_text(129);
    f->values[f->n_values++] = long_text(1024);
    f->values[f->n_values++] = long_text(1025);
    f->values[f->n_values++] = long_list(101);
    f->values[f->n_values++] = long_list(MANY);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    srv_body_release(f->call.shared);
    srv_body_release(atomic_load(&f->srv.document));
    for (size_t i = 0; i < f->n_values; i++) {
        rs_val_free(f->values[i]);
    }
    rs_val_free(f->doc);
    rs_str_clear(&f->out);
    rs_arena_free(f->arena);
    free(f);
    return 0;
}

static const struct rs_val *operation(const struct fixture *f, const struct srv_route *r)
{
    const struct rs_val *item = rs_val_get(rs_val_get(f->doc, "paths"), r->path);
    return item ? rs_val_get(item, r->method == SRV_GET ? "get" : "post") : NULL;
}

static void document_is_kept(void **state)
{
    struct fixture *f = *state;
    struct rs_err err = {0};
    struct srv_body *first = f->call.shared;
    const char *etag = f->call.etag;
    assert_int_equal(etag[0], '"');
    assert_ok(srv_get_openapi(&f->call, &err), &err);
    assert_ptr_equal(f->call.shared, first);
    assert_string_equal(f->call.etag, etag);
    assert_int_equal(atomic_load(&first->refs), 3);
    srv_body_release(first);
}

static void every_call_is_there_with_its_statuses(void **state)
{
    struct fixture *f = *state;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        const struct rs_val *op = operation(f, r);
        if (r->flags & (SRV_ASSET | SRV_AS_IS)) {
            assert_null(op);
            continue;
        }
        int statuses[SRV_MAX_STATUSES];
        int n = srv_route_statuses(r, statuses);
        assert_non_null(op);
        assert_string_equal(rs_val_get_str(op, "summary", ""), r->summary);
        assert_int_equal(rs_val_get(op, "responses")->n, n);
        for (int i = 0; i < n; i++) {
            if (statuses[i] == 304) continue;
            const char *method = r->method == SRV_GET ? "get" : "post";
            assert_non_null(ref_schema_answer(f->doc, method, r->path, statuses[i]));
        }
        assert_int_equal(r->scope == SRV_OPEN, rs_val_get(op, "security")->n == 0);
    }
}

static void operations_have_names_of_their_own(void **state)
{
    struct fixture *f = *state;
    const struct rs_val *paths = rs_val_get(f->doc, "paths");
    struct rs_val *seen = rs_val_map();
    size_t n = 0;
    for (size_t i = 0; i < paths->n; i++) {
        for (size_t j = 0; j < paths->items[i]->n; j++, n++) {
            const char *id = rs_val_get_str(paths->items[i]->items[j], "operationId", NULL);
            assert_non_null(id);
            rs_val_set_bool(seen, id, true);
        }
    }
    assert_int_equal(seen->n, n);
    rs_val_free(seen);
}

/* Every "$ref" below v leads somewhere. */
static void follow_references(const struct fixture *f, const struct rs_val *v)
{
    for (size_t i = 0; i < v->n; i++) {
        if (v->type == RS_VAL_MAP && strcmp(v->keys[i], "$ref") == 0) {
            ref_schema_find(f->doc, v->items[i]->s);
        }
        follow_references(f, v->items[i]);
    }
}

static void references_lead_somewhere(void **state)
{
    struct fixture *f = *state;
    follow_references(f, f->doc);
}

static void assert_agree(const struct rs_val *schema, const struct rs_val *v, bool taken,
                         const char *who, const struct rs_err *err)
{
    struct rs_str why;
    struct rs_str text;
    rs_str_init(&why, 0);
    rs_str_init(&text, 0);
    bool allowed = ref_schema_allows(NULL, schema, v, &why);
    rs_json_print(v, 0, &text);
    if (allowed != taken) {
        fail_msg("%s: %.200s: the document %s it (%s), the server %s it (%s)", who,
                 rs_str_text(&text), allowed ? "allows" : "forbids", rs_str_text(&why),
                 taken ? "takes" : "refuses", err->msg);
    }
    rs_str_clear(&text);
    rs_str_clear(&why);
}

/* A number beyond what is exact cannot be told from its neighbour: JSON Schema compares it anyhow. */
static bool is_inexact(const struct rs_val *v)
{
    return v->type == RS_VAL_REAL && (v->r > 9e15 || v->r < -9e15);
}

/* Fields with a pattern are judged by their handlers. */
static void bodies_allow_what_is_taken(void **state)
{
    struct fixture *f = *state;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        const struct rs_val *op = operation(f, r);
        if (!op || !srv_route_has_body(r)) continue;
        const struct rs_val *media = rs_val_at(op, "requestBody.content.application/json");
        const struct rs_val *schema = rs_val_get(media, "schema");
        struct rs_str why;
        rs_str_init(&why, 0);
        if (!ref_schema_allows(f->doc, schema, rs_val_get(media, "example"), &why)) {
            fail_msg("example of %s: %s", r->path, rs_str_text(&why));
        }
        rs_str_clear(&why);
        for (const struct srv_field *field = r->fields; field->name; field++) {
            const struct rs_val *one = rs_val_get(rs_val_get(schema, "properties"), field->name);
            for (size_t i = 0; one && !field->pattern && i < f->n_values; i++) {
                struct rs_err err = {0};
                struct srv_value value = {0};
                if (is_inexact(f->values[i])) continue;
                bool taken = !srv_field_from_val(field, f->values[i], f->arena, &value, &err);
                assert_agree(one, f->values[i], taken, field->name, &err);
            }
        }
    }
}

static void bodies_say_one_of_the_alternatives(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"user_id\": 1}",
        "{\"items\": [1]}",
        "{\"user_id\": 1, \"items\": [1]}",
        "{\"user_id\": null}",
        "{\"user_id\": null, \"items\": [1]}",
        "{\"user_id\": 1, \"items\": null}",
        "{\"user_id\": null, \"items\": null}",
        "{\"k\": 3}",
        "{\"user_id\": 1, \"k\": null}",
    };
    struct fixture *f = *state;
    const struct srv_route *r = srv_routes;
    while (strcmp(r->path, "/recommend") != 0) {
        r++;
    }
    const struct rs_val *schema =
        rs_val_at(operation(f, r), "requestBody.content.application/json.schema");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct rs_err err = {0};
        struct rs_val *v = parse(bodies[i]);
        struct srv_call c = {.route = r, .arena = f->arena};
        const char *const none[SRV_MAX_PATH_VALUES] = {0};
        bool taken = !srv_fields_read(&c, none, NULL, bodies[i], strlen(bodies[i]), &err);
        assert_agree(schema, v, taken, "body", &err);
        rs_val_free(v);
    }
}

/* Texts of a query or path: a number's schema sees the number that the text is. */
static void parameters_allow_what_is_taken(void **state)
{
    struct fixture *f = *state;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        const struct rs_val *op = operation(f, r);
        const struct rs_val *list = op ? rs_val_get(op, "parameters") : NULL;
        for (size_t p = 0; list && p < list->n; p++) {
            const struct srv_field *field = r->fields;
            const struct rs_val *schema = rs_val_get(list->items[p], "schema");
            while (strcmp(field->name, rs_val_get_str(list->items[p], "name", "")) != 0) {
                field++;
            }
            for (size_t i = 0; !field->pattern && i < f->n_values; i++) {
                struct rs_err err = {0};
                struct srv_value value = {0};
                const struct rs_val *v = f->values[i];
                bool number = field->type == SRV_INT || field->type == SRV_REAL;
                if (v->type != (number ? RS_VAL_INT : RS_VAL_STR)) continue;
                char digits[32];
                snprintf(digits, sizeof(digits), "%lld", (long long)v->i);
                bool taken = !srv_field_from_text(field, number ? digits : v->s, &value, &err);
                assert_agree(schema, v, taken, field->name, &err);
            }
        }
    }
}

static void runs_are_sorted_by_what_is_allowed(void **state)
{
    static const char *const sorts[] = {
        "name",    "-model",      "params.model", "dataset",    "split",    "state",      "id",
        "run_id",  "bundle",      "message",      "seed",       "-started", "started_ms", "ended",
        "seconds", "metrics.mrr", "tags.a b",     "params.x.y", "metrics.", "params",     "-",
        "--name",  "metric.mrr",  "Name",         "started ",
    };
    struct fixture *f = *state;
    struct ref_store store;
    ref_store_init(&store);
    const struct rs_val *op = rs_val_at(f->doc, "paths./runs.get");
    const struct rs_val *list = rs_val_get(op, "parameters");
    const struct rs_val *schema = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const char *name = rs_val_get_str(list->items[i], "name", "");
        if (strcmp(name, "sort") == 0) schema = rs_val_get(list->items[i], "schema");
    }
    assert_non_null(schema);
    for (size_t i = 0; i < sizeof(sorts) / sizeof(*sorts); i++) {
        struct rs_err err = {0};
        struct rs_val *runs = NULL;
        struct rs_val *v = rs_val_str(sorts[i]);
        bool taken = !rs_runs_list(store.st, NULL, sorts[i], 1, 0, &runs, NULL, &err);
        assert_agree(schema, v, taken, "sort", &err);
        rs_val_free(v);
        rs_val_free(runs);
    }
    ref_store_clear(&store);
}

/* What an argument needs beside it, so that only it is judged. */
static struct rs_val *least_body(const struct rs_cmd *cmd)
{
    struct rs_val *body = rs_val_map();
    for (const struct rs_arg *a = cmd->args; a && a->name; a++) {
        if (a->dflt || a->flags & RS_ARG_OPTIONAL) continue;
        struct rs_val *one = a->type == RS_PARAM_TEXT ? rs_val_str("x") : rs_val_int(1);
        if (a->flags & RS_ARG_REPEAT) {
            rs_val_push(rs_val_set(body, a->name, rs_val_list()), one);
        } else {
            rs_val_set(body, a->name, one);
        }
    }
    return body;
}

static void assert_command_agrees(const struct rs_cmd *cmd, const struct rs_val *schema,
                                  const struct rs_val *body, const char *argument)
{
    struct rs_err err = {0};
    struct rs_args *args = NULL;
    char who[128];
    snprintf(who, sizeof(who), "%s %s", cmd->name, argument);
    bool taken = !srv_command_read(cmd, body, &args, &err);
    assert_agree(schema, body, taken, who, &err);
    rs_args_free(args);
}

static void commands_allow_what_is_taken(void **state)
{
    struct fixture *f = *state;
    size_t n = 0;
    for (const struct rs_cmd *cmd = rs_commands; cmd->name; cmd++) {
        char slug[64];
        char path[128];
        srv_command_slug(cmd, slug);
        snprintf(path, sizeof(path), "/admin/commands/%s", slug);
        const struct rs_val *item = rs_val_get(rs_val_get(f->doc, "paths"), path);
        assert_int_equal(srv_command_startable(cmd), item != NULL);
        if (!item) continue;
        const struct rs_val *body =
            rs_val_at(rs_val_get(item, "post"), "requestBody.content.application/json");
        const struct rs_val *schema = rs_val_get(body, "schema");
        struct rs_val *nothing = rs_val_map();
        assert_command_agrees(cmd, schema, nothing, "alone");
        rs_val_set_bool(nothing, "no-such-argument", true);
        assert_command_agrees(cmd, schema, nothing, "with an unknown one");
        rs_val_free(nothing);
        const struct rs_val *properties = rs_val_get(schema, "properties");
        for (size_t p = 0; p < properties->n; p++) {
            for (size_t i = 0; i < f->n_values; i++) {
                struct rs_val *one = least_body(cmd);
                rs_val_set(one, properties->keys[p], rs_val_copy(f->values[i]));
                if (!is_inexact(f->values[i])) {
                    assert_command_agrees(cmd, schema, one, properties->keys[p]);
                }
                rs_val_free(one);
            }
        }
        n++;
    }
    assert_true(n > 30);
}

static void secrets_and_doors_are_not_started(void **state)
{
    (void)state;
    assert_false(srv_command_startable(rs_command_named("token add")));
    assert_false(srv_command_startable(rs_command_named("db restore")));
    assert_false(srv_command_startable(rs_command_named("shell")));
    assert_false(srv_command_startable(rs_command_named("help")));
    assert_true(srv_command_startable(rs_command_named("train")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(document_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_call_is_there_with_its_statuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(operations_have_names_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(references_lead_somewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_allow_what_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_say_one_of_the_alternatives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_allow_what_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_are_sorted_by_what_is_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commands_allow_what_is_taken, set_up, tear_down),
        cmocka_unit_test(secrets_and_doors_are_not_started),
    };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
