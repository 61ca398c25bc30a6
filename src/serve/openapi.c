/*
 * openapi - /openapi.json: the route table, the shapes and the command table as OpenAPI 3.1.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "admin_impl.h"
#include "http_impl.h"
#include "rs/base/hash.h"
#include "rs/base/version.h"
#include "schema_impl.h"

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    {200, "the answer"},
    {201, "stored"},
    {202, "started"},
    {304, "not changed since the ETag that was sent"},
    {400, "a field is wrong, missing or unknown; the message names it"},
    {401, "no token, or one that is not known"},
    {403, "the token's scope does not reach, or no token is set up"},
    {404, "not found"},
    {409, "refused as things are"},
    {413, "the body is too large"},
    {415, "the body is not application/json"},
    {422, "what was sent cannot be read"},
    {429, "too many requests; Retry-After says when to come back"},
    {500, "the server's own failure"},
    {503, "no model, or too much to do; try again"},
};

static const char *status_text(int status)
{
    for (size_t i = 0; i < sizeof(status_texts) / sizeof(*status_texts); i++) {
        if (status_texts[i].status == status) return status_texts[i].text;
    }
    return "the answer";
}

static struct rs_val *set_map(struct rs_val *map, const char *key)
{
    return rs_val_set(map, key, rs_val_map());
}

static struct rs_val *set_list(struct rs_val *map, const char *key)
{
    return rs_val_set(map, key, rs_val_list());
}

/* ---- requests ------------------------------------------------------------------------------ */

/* Examples are JSON. */
static struct rs_val *example_of(const struct srv_field *f)
{
    struct rs_val *v = NULL;
    struct rs_err err = {0};
    return rs_json_parse(f->example, strlen(f->example), f->name, &v, &err) ? rs_val_null() : v;
}

static void add_parameter(struct rs_val *list, const struct srv_field *f)
{
    struct rs_val *p = rs_val_push(list, rs_val_map());
    rs_val_set_str(p, "name", f->name);
    rs_val_set_str(p, "in", f->in == SRV_IN_PATH ? "path" : "query");
    rs_val_set_bool(p, "required", f->flags & SRV_REQUIRED);
    rs_val_set_str(p, "description", f->help);
    rs_val_set(p, "schema", srv_field_schema(f));
    if (f->example) rs_val_set(p, "example", example_of(f));
}

static void add_body(struct rs_val *op, struct rs_val *schema, struct rs_val *example)
{
    struct rs_val *body = set_map(op, "requestBody");
    bool needed = rs_val_get(schema, "required") || rs_val_get(schema, "oneOf");
    rs_val_set_bool(body, "required", needed);
    struct rs_val *media = set_map(set_map(body, "content"), "application/json");
    rs_val_set(media, "schema", schema);
    if (example) rs_val_set(media, "example", example);
}

/* Exactly one of the named properties is there and not null. */
static void add_alternatives(struct rs_val *schema, const char *const *names)
{
    struct rs_val *list = set_list(schema, "oneOf");
    const struct rs_val *all = rs_val_get(schema, "properties");
    for (const char *const *chosen = names; *chosen; chosen++) {
        struct rs_val *one = rs_val_push(list, rs_val_map());
        rs_val_push(set_list(one, "required"), rs_val_str(*chosen));
        struct rs_val *properties = set_map(one, "properties");
        for (const char *const *name = names; *name; name++) {
            struct rs_val *types = set_list(set_map(properties, *name), "type");
            const struct rs_val *any = rs_val_get(rs_val_get(all, *name), "type");
            for (size_t i = 0; i < any->n; i++) {
                bool null = strcmp(any->items[i]->s, "null") == 0;
                if (null == (name != chosen)) rs_val_push(types, rs_val_copy(any->items[i]));
            }
        }
    }
}

static void add_body_fields(struct rs_val *op, const struct srv_route *r)
{
    struct rs_val *schema = rs_val_map();
    struct rs_val *required = rs_val_list();
    struct rs_val *example = rs_val_map();
    rs_val_set_str(schema, "type", "object");
    struct rs_val *properties = set_map(schema, "properties");
    for (const struct srv_field *f = r->fields; f->name; f++) {
        if (f->in != SRV_IN_BODY) continue;
        rs_val_set(properties, f->name, srv_field_schema(f));
        if (f->flags & SRV_REQUIRED) rs_val_push(required, rs_val_str(f->name));
        if (f->example) rs_val_set(example, f->name, example_of(f));
    }
    if (required->n) {
        rs_val_set(schema, "required", required);
    } else {
        rs_val_free(required);
    }
    rs_val_set_bool(schema, "additionalProperties", false);
    if (r->one_of) add_alternatives(schema, r->one_of);
    add_body(op, schema, example);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void add_header(struct rs_val *response, const char *name, const char *type,
                       const char *help)
{
    struct rs_val *header = set_map(set_map(response, "headers"), name);
    rs_val_set_str(header, "description", help);
    rs_val_set_str(set_map(header, "schema"), "type", type);
}

/* An answer of the route's own shape, or without a body. */
static struct rs_val *answer_of(const struct srv_route *r, int status)
{
    struct rs_val *response = rs_val_map();
    rs_val_set_str(response, "description", status_text(status));
    if (status == 202) add_header(response, "Location", "string", "the job: /jobs/ID");
    if (status == 304) return response;
    const char *type = r->type ? r->type : "application/json";
    struct rs_val *media = set_map(set_map(response, "content"), type);
    struct rs_val *schema = set_map(media, "schema");
    if (r->answer) {
        srv_set_ref(schema, "schemas", r->answer);
    } else {
        rs_val_set_str(schema, "type", "string");
    }
    return response;
}

/* Errors look alike everywhere and stand in the components. */
static void add_responses(struct rs_val *op, const struct srv_route *r, struct rs_val *errors)
{
    int statuses[SRV_MAX_STATUSES];
    int n = srv_route_statuses(r, statuses);
    struct rs_val *responses = set_map(op, "responses");
    for (int i = 0; i < n; i++) {
        char key[8];
        snprintf(key, sizeof(key), "%d", statuses[i]);
        if (srv_route_answers(r, statuses[i]) || statuses[i] == 304) {
            rs_val_set(responses, key, answer_of(r, statuses[i]));
            continue;
        }
        srv_set_ref(set_map(responses, key), "responses", key);
        if (rs_val_get(errors, key)) continue;
        struct rs_val *error = set_map(errors, key);
        rs_val_set_str(error, "description", status_text(statuses[i]));
        if (statuses[i] == 429) add_header(error, "Retry-After", "integer", "seconds");
        struct rs_val *media = set_map(set_map(error, "content"), "application/json");
        srv_set_ref(set_map(media, "schema"), "schemas", "Error");
    }
}

/* ---- operations ---------------------------------------------------------------------------- */

/* "/user/{id}/history" of GET: get_user_id_history. */
static void set_operation_id(struct rs_val *op, const char *method, const char *path)
{
    char id[128];
    size_t n = (size_t)snprintf(id, sizeof(id), "%s", method);
    for (const char *c = path; *c && n < sizeof(id) - 1; c++) {
        bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        if (word) id[n++] = *c;
        if (!word && id[n - 1] != '_') id[n++] = '_';
    }
    while (id[n - 1] == '_') {
        n--;
    }
    id[n] = '\0';
    rs_val_set_str(op, "operationId", id);
}

static void add_security(struct rs_val *op, enum srv_scope scope)
{
    static const char *const scopes[] = {
        [SRV_OPEN] = "", [SRV_READ] = "read", [SRV_WRITE] = "write", [SRV_ADMIN] = "admin"};
    struct rs_val *list = set_list(op, "security");
    if (scope == SRV_OPEN) return;
    if (scope == SRV_READ) rs_val_push(list, rs_val_map()); /* unless settings ask for a token */
    struct rs_val *bearer = rs_val_push(list, rs_val_map());
    rs_val_push(set_list(bearer, "bearerAuth"), rs_val_str(scopes[scope]));
}

/* What every operation has; path may be one of several that the route stands for. */
static struct rs_val *add_operation(struct rs_val *doc, const struct srv_route *r, const char *path,
                                    const char *tag, const char *summary, const char *detail)
{
    static const char *const methods[] = {[SRV_GET] = "get", [SRV_POST] = "post"};
    struct rs_val *paths = rs_val_get(doc, "paths");
    struct rs_val *item = rs_val_get(paths, path);
    if (!item) item = set_map(paths, path);
    struct rs_val *op = set_map(item, methods[r->method]);
    rs_val_push(set_list(op, "tags"), rs_val_str(tag));
    rs_val_set_str(op, "summary", summary);
    if (detail) rs_val_set_str(op, "description", detail);
    set_operation_id(op, methods[r->method], path);
    add_security(op, r->scope);
    add_responses(op, r, rs_val_at(doc, "components.responses"));
    return op;
}

static void add_route(struct rs_val *doc, const struct srv_route *r)
{
    struct rs_val *op = add_operation(doc, r, r->path, r->tag, r->summary, r->detail);
    struct rs_val *parameters = rs_val_list();
    for (const struct srv_field *f = r->fields; f && f->name; f++) {
        if (f->in != SRV_IN_BODY) add_parameter(parameters, f);
    }
    if (parameters->n) {
        rs_val_set(op, "parameters", parameters);
    } else {
        rs_val_free(parameters);
    }
    if (srv_route_has_body(r)) add_body_fields(op, r);
}

/* A route whose body is a command's arguments stands for a path a command. */
static void add_commands(struct rs_val *doc, const struct srv_route *r)
{
    for (const struct rs_cmd *cmd = rs_commands; cmd->name; cmd++) {
        char slug[64];
        char path[128];
        if (!srv_command_startable(cmd)) continue;
        srv_command_slug(cmd, slug);
        snprintf(path, sizeof(path), "%.*s%s", (int)strcspn(r->path, "{"), r->path, slug);
        struct rs_val *op = add_operation(doc, r, path, "commands", cmd->summary, cmd->detail);
        add_body(op, srv_command_schema(cmd), NULL);
    }
}

static void add_info(struct rs_val *doc)
{
    rs_val_set_str(doc, "openapi", "3.1.0");
    struct rs_val *info = set_map(doc, "info");
    rs_val_set_str(info, "title", "recsys-tui");
    rs_val_set_str(info, "version", RS_VERSION);
    rs_val_set_str(info, "description",
                   "Recommendations from the model behind an alias, its catalogue, feedback, and "
                   "the registry. Errors are {\"error\": {\"code\", \"message\"}}.");
    struct rs_val *license = set_map(info, "license");
    rs_val_set_str(license, "name", "GPL-3.0-or-later");
    rs_val_set_str(license, "identifier", "GPL-3.0-or-later");
    struct rs_val *servers = set_list(doc, "servers");
    rs_val_set_str(rs_val_push(servers, rs_val_map()), "url", "/");
}

static void add_components(struct rs_val *doc)
{
    struct rs_val *components = set_map(doc, "components");
    struct rs_val *schemas = set_map(components, "schemas");
    for (const struct srv_shape *s = srv_shapes; s->name; s++) {
        rs_val_set(schemas, s->name, srv_shape_schema(s));
    }
    set_map(components, "responses");
    struct rs_val *bearer = set_map(set_map(components, "securitySchemes"), "bearerAuth");
    rs_val_set_str(bearer, "type", "http");
    rs_val_set_str(bearer, "scheme", "bearer");
    rs_val_set_str(bearer, "description", "RECSYS_TOKEN of the server, or one of 'token add'");
}

static struct rs_val *make_document(void)
{
    struct rs_val *doc = rs_val_map();
    add_info(doc);
    set_map(doc, "paths");
    add_components(doc);
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (r->flags & SRV_ASSET) continue;
        if (r->flags & SRV_AS_IS) {
            add_commands(doc, r);
        } else {
            add_route(doc, r);
        }
    }
    return doc;
}

static struct srv_body *make_body(void)
{
    struct rs_str text;
    struct rs_val *doc = make_document();
    rs_str_init(&text, 0);
    rs_json_print(doc, 0, &text);
    rs_val_free(doc);
    struct srv_body *body = text.failed ? NULL : srv_body_new(rs_str_text(&text), text.len);
    rs_str_clear(&text);
    return body;
}

/* Made by the first that asks; of two at once, one copy is kept. */
enum rs_code srv_get_openapi(struct srv_call *c, struct rs_err *err)
{
    struct srv_body *kept = atomic_load(&c->srv->document);
    if (!kept) {
        struct srv_body *made = make_body();
        if (!made) return rs_fail(err, RS_ENOMEM, "no memory for the document");
        if (atomic_compare_exchange_strong(&c->srv->document, &kept, made)) {
            kept = made;
        } else {
            srv_body_release(made);
        }
    }
    char *etag = rs_arena_alloc(c->arena, 20);
    if (!etag) return rs_fail(err, RS_ENOMEM, "no memory for the answer");
    snprintf(etag, 20, "\"%016llx\"", (unsigned long long)rs_checksum(kept->data, kept->len));
    c->etag = etag;
    atomic_fetch_add(&kept->refs, 1);
    c->shared = kept;
    return RS_OK;
}
