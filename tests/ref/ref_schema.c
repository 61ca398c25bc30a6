/* A walk of value and schema together; patterns are POSIX extended expressions here. */
#include "ref_schema.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "support.h"

struct walk {
    const struct rs_val *doc;
    struct rs_str *why;
};

static bool allows(const struct walk *w, const struct rs_val *schema, const struct rs_val *v,
                   const char *at);

__attribute__((format(printf, 3, 4))) static bool broken(const struct walk *w, const char *at,
                                                         const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (w->why) {
        rs_str_reset(w->why);
        rs_str_addf(w->why, "%s: %s", *at ? at : "it", text);
    }
    return false;
}

static bool is_whole(const struct rs_val *v)
{
    return v->type == RS_VAL_INT || (v->type == RS_VAL_REAL && v->r == trunc(v->r));
}

static bool is_number(const struct rs_val *v)
{
    return v->type == RS_VAL_INT || v->type == RS_VAL_REAL;
}

static bool is_type(const struct rs_val *v, const char *name)
{
    if (strcmp(name, "null") == 0) return v->type == RS_VAL_NULL;
    if (strcmp(name, "boolean") == 0) return v->type == RS_VAL_BOOL;
    if (strcmp(name, "integer") == 0) return is_whole(v);
    if (strcmp(name, "number") == 0) return is_number(v);
    if (strcmp(name, "string") == 0) return v->type == RS_VAL_STR;
    if (strcmp(name, "array") == 0) return v->type == RS_VAL_LIST;
    if (strcmp(name, "object") == 0) return v->type == RS_VAL_MAP;
    fail_msg("a schema has type '%s'", name);
    return false;
}

static bool has_type(const struct rs_val *types, const struct rs_val *v)
{
    if (types->type == RS_VAL_STR) return is_type(v, types->s);
    for (size_t i = 0; i < types->n; i++) {
        if (is_type(v, types->items[i]->s)) return true;
    }
    return false;
}

/* Our texts hold no NUL, so "anything but NUL" is anything. */
static bool matches(const char *pattern, const char *text)
{
    static const char no_nul[] = "[^\\u0000]";
    static const char no_nul_slash[] = "[^/\\u0000]";
    static const char no_nul_dot_slash[] = "[^./\\u0000]";
    struct rs_str posix;
    regex_t re;
    rs_str_init(&posix, 0);
    for (const char *c = pattern; *c;) {
        if (rs_str_starts(c, no_nul)) {
            rs_str_addc(&posix, '.');
            c += strlen(no_nul);
        } else if (rs_str_starts(c, no_nul_slash)) {
            rs_str_add(&posix, "[^/]");
            c += strlen(no_nul_slash);
        } else if (rs_str_starts(c, no_nul_dot_slash)) {
            rs_str_add(&posix, "[^./]");
            c += strlen(no_nul_dot_slash);
        } else {
            rs_str_addc(&posix, *c++);
        }
    }
    if (regcomp(&re, rs_str_text(&posix), REG_EXTENDED | REG_NOSUB)) {
        fail_msg("pattern %s", pattern);
    }
    bool hit = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    rs_str_clear(&posix);
    return hit;
}

static bool allows_text(const struct walk *w, const struct rs_val *schema, const char *s,
                        const char *at)
{
    const char *pattern = rs_val_get_str(schema, "pattern", NULL);
    int64_t n = (int64_t)rs_str_utf8_count(s);
    if (n < rs_val_get_int(schema, "minLength", 0)) return broken(w, at, "too short");
    if (n > rs_val_get_int(schema, "maxLength", INT64_MAX)) return broken(w, at, "too long");
    if (pattern && !matches(pattern, s)) return broken(w, at, "'%s' is not %s", s, pattern);
    return true;
}

static bool allows_number(const struct walk *w, const struct rs_val *schema, const struct rs_val *v,
                          const char *at)
{
    double x = v->type == RS_VAL_INT ? (double)v->i : v->r;
    if (x < rs_val_get_real(schema, "minimum", (double)-INFINITY))
        return broken(w, at, "below the minimum");
    if (x > rs_val_get_real(schema, "maximum", (double)INFINITY))
        return broken(w, at, "above the maximum");
    return true;
}

static bool allows_list(const struct walk *w, const struct rs_val *schema, const struct rs_val *v,
                        const char *at)
{
    const struct rs_val *items = rs_val_get(schema, "items");
    if ((int64_t)v->n < rs_val_get_int(schema, "minItems", 0)) return broken(w, at, "too few");
    if ((int64_t)v->n > rs_val_get_int(schema, "maxItems", INT64_MAX))
        return broken(w, at, "too many");
    for (size_t i = 0; items && i < v->n; i++) {
        char *place = rs_xprintf("%s[%zu]", at, i);
        bool ok = allows(w, items, v->items[i], place);
        free(place);
        if (!ok) return false;
    }
    return true;
}

static bool allows_map(const struct walk *w, const struct rs_val *schema, const struct rs_val *v,
                       const char *at)
{
    const struct rs_val *properties = rs_val_get(schema, "properties");
    const struct rs_val *required = rs_val_get(schema, "required");
    for (size_t i = 0; required && i < required->n; i++) {
        if (!rs_val_get(v, required->items[i]->s))
            return broken(w, at, "no '%s'", required->items[i]->s);
    }
    for (size_t i = 0; i < v->n; i++) {
        const struct rs_val *one = properties ? rs_val_get(properties, v->keys[i]) : NULL;
        if (!one && !rs_val_get_bool(schema, "additionalProperties", true))
            return broken(w, at, "unknown key '%s'", v->keys[i]);
        if (!one) continue;
        char *place = rs_xprintf("%s%s%s", at, *at ? "." : "", v->keys[i]);
        bool ok = allows(w, one, v->items[i], place);
        free(place);
        if (!ok) return false;
    }
    return true;
}

static void check_keywords(const struct rs_val *schema)
{
    static const char *const known[] = {
        "type",        "enum",   "minimum", "maximum",  "minLength", "maxLength",
        "pattern",     "format", "items",   "minItems", "maxItems",  "properties",
        "required",    "anyOf",  "oneOf",   "$ref",     "default",   "additionalProperties",
        "description",
    };
    for (size_t i = 0; i < schema->n; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof(known) / sizeof(*known); j++) {
            found |= strcmp(known[j], schema->keys[i]) == 0;
        }
        if (!found) fail_msg("a schema has the keyword '%s'", schema->keys[i]);
    }
}

static bool allows(const struct walk *w, const struct rs_val *schema, const struct rs_val *v,
                   const char *at)
{
    check_keywords(schema);
    const char *ref = rs_val_get_str(schema, "$ref", NULL);
    if (ref) return allows(w, ref_schema_find(w->doc, ref), v, at);
    const struct rs_val *any = rs_val_get(schema, "anyOf");
    bool one = !any;
    for (size_t i = 0; any && i < any->n && !one; i++) {
        one = allows(w, any->items[i], v, at);
    }
    if (!one) return false;
    const struct rs_val *single = rs_val_get(schema, "oneOf");
    size_t n = 0;
    for (size_t i = 0; single && i < single->n; i++) {
        n += allows(w, single->items[i], v, at);
    }
    if (single && n != 1) return broken(w, at, "%zu of the alternatives", n);
    const struct rs_val *types = rs_val_get(schema, "type");
    if (types && !has_type(types, v)) {
        return broken(w, at, "of type %s", rs_val_type_name(v->type));
    }
    const struct rs_val *choices = rs_val_get(schema, "enum");
    bool chosen = !choices;
    for (size_t i = 0; choices && i < choices->n; i++) {
        chosen |= rs_val_equal(choices->items[i], v);
    }
    if (!chosen) return broken(w, at, "none of the choices");
    if (v->type == RS_VAL_STR) return allows_text(w, schema, v->s, at);
    if (is_number(v)) return allows_number(w, schema, v, at);
    if (v->type == RS_VAL_LIST) return allows_list(w, schema, v, at);
    return v->type != RS_VAL_MAP || allows_map(w, schema, v, at);
}

bool ref_schema_allows(const struct rs_val *doc, const struct rs_val *schema,
                       const struct rs_val *v, struct rs_str *why)
{
    return allows(&(struct walk){doc, why}, schema, v, "");
}

const struct rs_val *ref_schema_find(const struct rs_val *doc, const char *ref)
{
    const struct rs_val *v = doc;
    if (!rs_str_starts(ref, "#/")) fail_msg("reference %s", ref);
    for (const char *c = ref + 2; *c && v;) {
        char name[128];
        size_t len = strcspn(c, "/");
        snprintf(name, sizeof(name), "%.*s", (int)len, c);
        v = rs_val_get(v, name);
        c += len + (c[len] == '/');
    }
    if (!v) fail_msg("%s leads nowhere", ref);
    return v;
}

const struct rs_val *ref_schema_answer(const struct rs_val *doc, const char *method,
                                       const char *path, int status)
{
    char code[8];
    snprintf(code, sizeof(code), "%d", status);
    const struct rs_val *item = rs_val_get(rs_val_get(doc, "paths"), path);
    const struct rs_val *op = item ? rs_val_get(item, method) : NULL;
    const struct rs_val *r = op ? rs_val_get(rs_val_get(op, "responses"), code) : NULL;
    if (!r) fail_msg("the document has no %s %s with %d", method, path, status);
    const char *ref = rs_val_get_str(r, "$ref", NULL);
    if (ref) r = ref_schema_find(doc, ref);
    const struct rs_val *content = rs_val_get(r, "content");
    if (!content || content->n != 1) fail_msg("%s %s %d: no content", method, path, status);
    return rs_val_get(content->items[0], "schema");
}
