/*
 * fields - a request's path values, query and body, read through the fields of its route.
 *
 * What must stay true: every value in call.values is within its field's type and bounds, and what
 * the route does not know is refused, so handlers check meaning only.
 */
#include <string.h>

#include "rs/base/str.h"
#include "fields_impl.h"

/* ---- names that are not fields ------------------------------------------------------------- */

static bool in_place(const struct srv_field *f, enum srv_place in)
{
    return f->in == in;
}

/* Which field of a place has that name; -1: none. */
static int find_field(const struct srv_route *r, enum srv_place in, const char *name)
{
    for (int i = 0; r->fields && r->fields[i].name; i++) {
        if (in_place(&r->fields[i], in) && strcmp(r->fields[i].name, name) == 0) return i;
    }
    return -1;
}

static enum rs_code refuse_name(const struct srv_route *r, enum srv_place in, const char *name,
                                struct rs_err *err)
{
    const char *what = in == SRV_IN_BODY ? "field" : "query parameter";
    const char *names[SRV_MAX_FIELDS + 1];
    size_t n = 0;
    struct rs_str all;
    rs_str_init(&all, 0);
    for (const struct srv_field *f = r->fields; f && f->name; f++) {
        if (!in_place(f, in)) continue;
        rs_str_addf(&all, "%s%s", n ? ", " : "", f->name);
        names[n++] = f->name;
    }
    names[n] = NULL;
    const char *nearest = rs_str_nearest(name, names);
    if (nearest) {
        rs_fail(err, RS_EARG, "unknown %s '%.60s': did you mean '%s'?", what, name, nearest);
    } else if (n) {
        rs_fail(err, RS_EARG, "unknown %s '%.60s': there are %s", what, name, rs_str_text(&all));
    } else {
        rs_fail(err, RS_EARG, "unknown %s '%.60s': this call takes none", what, name);
    }
    rs_str_clear(&all);
    return err->code;
}

/* ---- query --------------------------------------------------------------------------------- */

/* What was said of a list so far; texts are found in the query one by one. */
struct query_list {
    const char **texts;
    size_t n, cap;
};

static enum rs_code no_memory(const char *where, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "%s: out of memory", where);
}

static bool is_list(const struct srv_field *f)
{
    return f->type == SRV_IDS || f->type == SRV_TEXTS;
}

/* The elements of "a,b,c" behind those that are there already. */
static enum rs_code add_elements(const struct srv_field *f, char *text, struct rs_arena *arena,
                                 struct query_list *list, struct rs_err *err)
{
    for (bool more = true; more;) {
        size_t len = strcspn(text, ",");
        more = text[len] == ',';
        text[len] = '\0';
        const struct srv_field one = {.name = f->name,
                                      .type = f->type == SRV_IDS ? SRV_ID : SRV_TEXT};
        struct srv_value value = {0};
        enum rs_code rc = srv_field_from_text(&one, text, &value, err);
        if (rc) return rc;
        if (list->n == list->cap) {
            size_t cap = list->cap ? 2 * list->cap : 16;
            const char **texts = rs_arena_alloc(arena, cap * sizeof(*texts));
            if (!texts) return no_memory("query", err);
            if (list->n) memcpy(texts, list->texts, list->n * sizeof(*texts));
            list->texts = texts;
            list->cap = cap;
        }
        list->texts[list->n++] = value.s;
        text += len + 1;
    }
    return RS_OK;
}

/* One "name=value", still encoded. */
static enum rs_code read_parameter(struct srv_call *c, const char *pair, size_t len,
                                   struct query_list lists[SRV_MAX_FIELDS], struct rs_err *err)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    size_t value_len = equals ? len - name_len - 1 : 0;
    char *name = rs_arena_alloc(c->arena, name_len + 1);
    char *value = rs_arena_alloc(c->arena, value_len + 1);
    if (!name || !value) return no_memory("query", err);
    enum rs_code rc = srv_url_decode(pair, name_len, true, "query", name, err);
    if (rc) return rc;
    int at = find_field(c->route, SRV_IN_QUERY, name);
    if (at < 0) return refuse_name(c->route, SRV_IN_QUERY, name, err);
    const struct srv_field *f = &c->route->fields[at];
    rc = srv_url_decode(equals ? equals + 1 : "", value_len, true, f->name, value, err);
    if (rc) return rc;
    if (is_list(f)) return add_elements(f, value, c->arena, &lists[at], err);
    if (c->values[at].given) {
        return rs_fail(err, RS_EARG, "query parameter '%s' is given twice", f->name);
    }
    return srv_field_from_text(f, value, &c->values[at], err);
}

static enum rs_code read_query(struct srv_call *c, const char *query, struct rs_err *err)
{
    struct query_list lists[SRV_MAX_FIELDS] = {0};
    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&");
        enum rs_code rc = len ? read_parameter(c, at, len, lists, err) : RS_OK;
        if (rc) return rc;
        at += len + (at[len] == '&');
    }
    for (int i = 0; c->route->fields && c->route->fields[i].name; i++) {
        if (!lists[i].n) continue;
        enum rs_code rc = srv_field_check_count(&c->route->fields[i], lists[i].n, err);
        if (rc) return rc;
        c->values[i] = (struct srv_value){.given = true, .list = lists[i].texts, .n = lists[i].n};
    }
    return RS_OK;
}

/* ---- body and path ------------------------------------------------------------------------- */

static enum rs_code read_body(struct srv_call *c, const char *body, size_t len, struct rs_err *err)
{
    const struct rs_val *v = NULL;
    if (!srv_route_has_body(c->route)) {
        return rs_fail(err, RS_EARG, "body: this call takes none");
    }
    enum rs_code rc = rs_json_parse_in(c->arena, body, len, "body", &v, err);
    if (rc) return rc;
    if (v->type != RS_VAL_MAP) {
        return rs_fail(err, RS_EARG, "body: it is of type %s: an object was expected",
                       rs_val_type_name(v->type));
    }
    if (c->route->flags & SRV_AS_IS) {
        c->body = v;
        return RS_OK;
    }
    for (size_t i = 0; i < v->n; i++) {
        int at = find_field(c->route, SRV_IN_BODY, v->keys[i]);
        if (at < 0) return refuse_name(c->route, SRV_IN_BODY, v->keys[i], err);
        rc = srv_field_from_val(&c->route->fields[at], v->items[i], c->arena, &c->values[at], err);
        if (rc) return rc;
    }
    return RS_OK;
}

static enum rs_code read_path(struct srv_call *c, const char *const *path_values,
                              struct rs_err *err)
{
    int n = 0;
    for (int i = 0; c->route->fields && c->route->fields[i].name; i++) {
        const struct srv_field *f = &c->route->fields[i];
        if (!in_place(f, SRV_IN_PATH)) continue;
        enum rs_code rc = srv_field_from_text(f, path_values[n++], &c->values[i], err);
        if (rc) return rc;
    }
    return RS_OK;
}

static enum rs_code fill_in(struct srv_call *c, struct rs_err *err)
{
    for (int i = 0; c->route->fields && c->route->fields[i].name; i++) {
        if (c->values[i].given) continue;
        enum rs_code rc = srv_field_absent(&c->route->fields[i], &c->values[i], err);
        if (rc) return rc;
    }
    return RS_OK;
}

/* Exactly one of the route's alternatives is given. */
static enum rs_code check_one_of(const struct srv_call *c, struct rs_err *err)
{
    const char *given = NULL;
    const char *const *names = c->route->one_of;
    for (const char *const *name = names; name && *name; name++) {
        if (!srv_get(c, *name)->given) continue;
        if (given) {
            return rs_fail(err, RS_EARG, "%s and %s are both given: say one of them", given, *name);
        }
        given = *name;
    }
    if (!names || given) return RS_OK;
    return rs_fail(err, RS_EARG, "%s and %s are both missing: say one of them", names[0], names[1]);
}

enum rs_code srv_fields_read(struct srv_call *c, const char *const path_values[SRV_MAX_PATH_VALUES],
                             const char *query, const char *body, size_t body_len,
                             struct rs_err *err)
{
    for (int i = 0; c->route->fields && c->route->fields[i].name; i++) {
        c->values[i] = (struct srv_value){0};
    }
    c->body = NULL;
    enum rs_code rc = read_path(c, path_values, err);
    if (!rc && query && !(c->route->flags & SRV_ASSET)) rc = read_query(c, query, err);
    if (!rc && body && body_len) rc = read_body(c, body, body_len, err);
    if (!rc) rc = fill_in(c, err);
    if (!rc) rc = check_one_of(c, err);
    return rc;
}
