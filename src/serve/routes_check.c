/*
 * routes_check - is the table of calls sound? What dispatch, validation and the document rely on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fields_impl.h"
#include "http_impl.h"

enum { SUMMARY_MAX = 60 };

/* Errors name the row. */
RS_PRINTF(3, 4)
static enum rs_code unsound(const struct srv_route *r, struct rs_err *err, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return rs_fail(err, RS_EARG, "%s %s: %s", r->method == SRV_GET ? "GET" : "POST", r->path, what);
}

static const struct srv_shape *find_shape(const char *name)
{
    for (const struct srv_shape *s = srv_shapes; s->name; s++) {
        if (strcmp(s->name, name) == 0) return s;
    }
    return NULL;
}

static enum rs_code check_field(const struct srv_route *r, const struct srv_field *f,
                                struct rs_err *err)
{
    struct srv_value value;
    enum rs_code rc;
    if (!f->help || !f->help[0]) return unsound(r, err, "field '%s' has no help", f->name);
    for (const struct srv_field *o = r->fields; o != f; o++) {
        if (strcmp(o->name, f->name) == 0) return unsound(r, err, "field '%s' twice", f->name);
    }
    if (f->min > f->max) return unsound(r, err, "field '%s': bounds", f->name);
    if (f->in == SRV_IN_BODY && (r->method != SRV_POST || r->flags & SRV_AS_IS)) {
        return unsound(r, err, "field '%s' has no body to be in", f->name);
    }
    if (f->in == SRV_IN_PATH && !(f->flags & SRV_REQUIRED)) {
        return unsound(r, err, "field '%s' of the path is not required", f->name);
    }
    if (f->dflt && f->flags & SRV_REQUIRED) {
        return unsound(r, err, "field '%s' is required and has a default", f->name);
    }
    rc = f->dflt ? srv_field_from_text(f, f->dflt, &value, err) : RS_OK;
    if (rc) return unsound(r, err, "default of %s", err->msg);
    if (!f->example) return RS_OK;
    struct rs_val *example = NULL;
    struct rs_arena *arena = rs_arena_new(4096, 0);
    rc = rs_json_parse(f->example, strlen(f->example), f->name, &example, err);
    if (!rc) rc = srv_field_from_val(f, example, arena, &value, err);
    rs_val_free(example);
    rs_arena_free(arena);
    return rc ? unsound(r, err, "example of %s", err->msg) : RS_OK;
}

/* The braces of the path are its path fields, in order. */
static enum rs_code check_path(const struct srv_route *r, struct rs_err *err)
{
    const struct srv_field *f = r->fields;
    int n = 0;
    if (r->path[0] != '/') return unsound(r, err, "the path does not begin with /");
    for (const char *at = strchr(r->path, '{'); at; at = strchr(at + 1, '{'), n++) {
        size_t len = strcspn(at + 1, "}");
        while (f && f->name && f->in != SRV_IN_PATH)
            f++;
        if (!f || !f->name || strlen(f->name) != len || memcmp(f->name, at + 1, len) != 0) {
            return unsound(r, err, "no field for '%.*s'", (int)len, at + 1);
        }
        f++;
    }
    for (; f && f->name; f++) {
        if (f->in == SRV_IN_PATH) return unsound(r, err, "'%s' is not in the path", f->name);
    }
    return n <= SRV_MAX_PATH_VALUES ? RS_OK : unsound(r, err, "more than 4 values in the path");
}

static enum rs_code check_answer(const struct srv_route *r, struct rs_err *err)
{
    if (!r->answer == !r->type) return unsound(r, err, "a shape or a content type");
    if (r->answer && !find_shape(r->answer)) {
        return unsound(r, err, "there is no shape '%s'", r->answer);
    }
    if (!r->run) return unsound(r, err, "no handler");
    unsigned threads = r->flags & (SRV_QUERY | SRV_WRITER | SRV_LONG);
    if (threads & (threads - 1)) return unsound(r, err, "two threads");
    int statuses[SRV_MAX_STATUSES];
    int n = srv_route_statuses(r, statuses);
    for (int i = 0; i < n; i++) {
        if (statuses[i] < 200 || statuses[i] > 599) {
            return unsound(r, err, "status %d", statuses[i]);
        }
    }
    return RS_OK;
}

static enum rs_code check_route(const struct srv_route *r, struct rs_err *err)
{
    int n = 0;
    if (!r->summary || strlen(r->summary) > SUMMARY_MAX) {
        return unsound(r, err, "a summary of at most %d bytes", SUMMARY_MAX);
    }
    if (!r->tag) return unsound(r, err, "no tag");
    for (const struct srv_route *o = srv_routes; o != r; o++) {
        if (o->method == r->method && strcmp(o->path, r->path) == 0) {
            return unsound(r, err, "there are two");
        }
    }
    enum rs_code rc = check_path(r, err);
    for (const struct srv_field *f = r->fields; !rc && f && f->name; f++) {
        if (++n > SRV_MAX_FIELDS) return unsound(r, err, "more than %d fields", SRV_MAX_FIELDS);
        rc = check_field(r, f, err);
    }
    return rc ? rc : check_answer(r, err);
}

static bool is_type(const char *type)
{
    static const char *const plain[] = {"id", "text", "integer", "number", "boolean", "any"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        if (strcmp(plain[i], type) == 0) return true;
    }
    return find_shape(type);
}

static enum rs_code check_shape(const struct srv_shape *s, struct rs_err *err)
{
    if (find_shape(s->name) != s) return rs_fail(err, RS_EARG, "shape %s: there are two", s->name);
    for (const struct srv_prop *p = s->props; p->name; p++) {
        if (!is_type(p->type)) {
            return rs_fail(err, RS_EARG, "shape %s: %s: no type '%s'", s->name, p->name, p->type);
        }
        if (!p->help) return rs_fail(err, RS_EARG, "shape %s: %s: no help", s->name, p->name);
        for (const struct srv_prop *o = s->props; o != p; o++) {
            if (strcmp(o->name, p->name) != 0) continue;
            return rs_fail(err, RS_EARG, "shape %s: %s twice", s->name, p->name);
        }
    }
    return RS_OK;
}

enum rs_code srv_routes_check(struct rs_err *err)
{
    if (srv_n_routes() > SRV_MAX_ROUTES) {
        return rs_fail(err, RS_EARG, "%d routes, room for %d", srv_n_routes(), SRV_MAX_ROUTES);
    }
    enum rs_code rc = RS_OK;
    for (const struct srv_route *r = srv_routes; !rc && r->path; r++) {
        rc = check_route(r, err);
    }
    for (const struct srv_shape *s = srv_shapes; !rc && s->name; s++) {
        rc = check_shape(s, err);
    }
    return rc;
}
