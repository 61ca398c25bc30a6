/*
 * schema - fields and shapes as JSON Schema.
 *
 * What must stay true: a field's schema allows what srv_fields_read takes and nothing else, as far
 * as JSON Schema can say it (it counts characters of ids, whose limit is in bytes). A test compares
 * the two.
 */
#include "schema_impl.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "admin_impl.h"
#include "fields_impl.h"
#include "rs/data/idmap.h"

/* What rs_clock_parse takes but plain seconds: a date of the Gregorian calendar, perhaps a time,
 * perhaps with a zone. */
#define YEAR "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
#define LEAP                                    \
    "([0-9]{2}(0[48]|[2468][048]|[13579][26])|" \
    "(0[48]|[2468][048]|[13579][26])00)"
#define DAY                                                                         \
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|" \
    "02-(0[1-9]|1[0-9]|2[0-8]))"
#define HOUR         "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
#define ZONE         "(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?"
#define PATTERN_TIME "^(" YEAR "-" DAY "|" LEAP "-02-29)([T ]" HOUR ZONE ")?$"

void srv_set_ref(struct rs_val *map, const char *kind, const char *name)
{
    char ref[96];
    snprintf(ref, sizeof(ref), "#/components/%s/%s", kind, name);
    rs_val_set_str(map, "$ref", ref);
}

/* ---- fields -------------------------------------------------------------------------------- */

static void set_bound(struct rs_val *schema, const char *key, double bound)
{
    if (bound == trunc(bound) && fabs(bound) < 9.1e15) {
        rs_val_set_int(schema, key, (int64_t)bound);
    } else {
        rs_val_set_real(schema, key, bound);
    }
}

static void set_bounds(struct rs_val *schema, const struct srv_field *f)
{
    bool bounded = f->min != 0 || f->max != 0;
    if (bounded) {
        set_bound(schema, "minimum", f->min);
        set_bound(schema, "maximum", f->max);
    } else if (f->type == SRV_INT) {
        rs_val_set_int(schema, "minimum", INT64_MIN);
        rs_val_set_int(schema, "maximum", INT64_MAX);
    }
}

/* The types of a schema, one as a text, several as a list; NULL is none. */
static void set_types(struct rs_val *schema, const char *one, const char *two, const char *three)
{
    const char *types[] = {one, two, three};
    struct rs_val *list = rs_val_list();
    for (size_t i = 0; i < 3; i++) {
        if (types[i]) rs_val_push(list, rs_val_str(types[i]));
    }
    if (list->n > 1) {
        rs_val_set(schema, "type", list);
    } else {
        rs_val_free(list);
        rs_val_set_str(schema, "type", one);
    }
}

static void describe_id(struct rs_val *schema, const char *null)
{
    set_types(schema, "string", "integer", null);
    rs_val_set_int(schema, "minLength", 1);
    rs_val_set_int(schema, "maxLength", RS_ID_MAX_BYTES);
    rs_val_set_str(schema, "pattern", SRV_PATTERN_TEXT);
    rs_val_set_int(schema, "minimum", INT64_MIN);
    rs_val_set_int(schema, "maximum", INT64_MAX);
}

static void describe_text(struct rs_val *schema, const struct srv_field *f, const char *null)
{
    size_t least;
    size_t most;
    srv_field_count_bounds(f, &least, &most);
    set_types(schema, "string", null, NULL);
    if (least) rs_val_set_int(schema, "minLength", (int64_t)least);
    rs_val_set_int(schema, "maxLength", (int64_t)most);
    rs_val_set_str(schema, "pattern", f->pattern ? f->pattern : SRV_PATTERN_TEXT);
}

static void describe_list(struct rs_val *schema, const struct srv_field *f, const char *null)
{
    static const struct srv_field text = {.type = SRV_TEXT};
    size_t least;
    size_t most;
    srv_field_count_bounds(f, &least, &most);
    set_types(schema, "array", null, NULL);
    struct rs_val *items = rs_val_set(schema, "items", rs_val_map());
    if (f->type == SRV_IDS) {
        describe_id(items, NULL);
    } else {
        describe_text(items, &text, NULL);
    }
    if (least) rs_val_set_int(schema, "minItems", (int64_t)least);
    rs_val_set_int(schema, "maxItems", (int64_t)most);
}

static void describe_time(struct rs_val *schema, const char *null)
{
    set_types(schema, "string", "number", null);
    rs_val_set_str(schema, "pattern", PATTERN_TIME);
    rs_val_set_int(schema, "minimum", SRV_FIRST_S);
    rs_val_set_int(schema, "maximum", SRV_LAST_S);
}

/* A text of the table as the value that it stands for. */
static struct rs_val *value_of(const struct srv_field *f, const char *text)
{
    struct rs_val *v = NULL;
    struct rs_err ignored = {0};
    if (f->type == SRV_TEXT || rs_json_parse(text, strlen(text), f->name, &v, &ignored)) {
        return rs_val_str(text);
    }
    return v;
}

struct rs_val *srv_field_schema(const struct srv_field *f)
{
    struct rs_val *schema = rs_val_map();
    const char *null = f->in == SRV_IN_BODY && !(f->flags & SRV_REQUIRED) ? "null" : NULL;
    switch (f->type) {
    case SRV_ID:
        describe_id(schema, null);
        break;
    case SRV_IDS:
    case SRV_TEXTS:
        describe_list(schema, f, null);
        break;
    case SRV_TEXT:
        describe_text(schema, f, null);
        break;
    case SRV_TIME:
        describe_time(schema, null);
        break;
    case SRV_INT:
        set_types(schema, "integer", null, NULL);
        set_bounds(schema, f);
        break;
    case SRV_REAL:
        set_types(schema, "number", null, NULL);
        set_bounds(schema, f);
        break;
    case SRV_BOOL:
        set_types(schema, "boolean", null, NULL);
        break;
    default:
        set_types(schema, "object", null, NULL);
        break;
    }
    rs_val_set_str(schema, "description", f->help);
    if (f->dflt) rs_val_set(schema, "default", value_of(f, f->dflt));
    return schema;
}

/* ---- shapes -------------------------------------------------------------------------------- */

static void describe_type(struct rs_val *schema, const struct srv_prop *p)
{
    static const struct {
        const char *name, *one, *two;
    } plain[] = {
        {"id", "string", "integer"}, {"text", "string", NULL},     {"integer", "integer", NULL},
        {"number", "number", NULL},  {"boolean", "boolean", NULL},
    };
    const char *null = p->flags & SRV_PROP_NULL && !(p->flags & SRV_PROP_LIST) ? "null" : NULL;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        if (strcmp(plain[i].name, p->type) != 0) continue;
        set_types(schema, plain[i].one, plain[i].two, null);
        return;
    }
    if (strcmp(p->type, "any") == 0) return;
    if (!null) {
        srv_set_ref(schema, "schemas", p->type);
        return;
    }
    struct rs_val *any = rs_val_set(schema, "anyOf", rs_val_list());
    srv_set_ref(rs_val_push(any, rs_val_map()), "schemas", p->type);
    rs_val_set_str(rs_val_push(any, rs_val_map()), "type", "null");
}

static struct rs_val *prop_schema(const struct srv_prop *p)
{
    struct rs_val *schema = rs_val_map();
    if (p->flags & SRV_PROP_LIST) {
        set_types(schema, "array", p->flags & SRV_PROP_NULL ? "null" : NULL, NULL);
        describe_type(rs_val_set(schema, "items", rs_val_map()), p);
    } else {
        describe_type(schema, p);
    }
    rs_val_set_str(schema, "description", p->help);
    return schema;
}

/* The shape of a list's elements: the one with the same keys. */
static const char *element_of(const struct srv_shape *list)
{
    const struct srv_shape *s = srv_shapes;
    while (s->list || s->props != list->props) {
        s++;
        rs_assert(s->name);
    }
    return s->name;
}

struct rs_val *srv_shape_schema(const struct srv_shape *s)
{
    struct rs_val *schema = rs_val_map();
    if (s->list) {
        rs_val_set_str(schema, "type", "array");
        srv_set_ref(rs_val_set(schema, "items", rs_val_map()), "schemas", element_of(s));
        return schema;
    }
    rs_val_set_str(schema, "type", "object");
    struct rs_val *properties = rs_val_set(schema, "properties", rs_val_map());
    struct rs_val *required = rs_val_set(schema, "required", rs_val_list());
    for (const struct srv_prop *p = s->props; p->name; p++) {
        rs_val_set(properties, p->name, prop_schema(p));
        if (!(p->flags & SRV_PROP_OPTIONAL)) rs_val_push(required, rs_val_str(p->name));
    }
    if (!s->open) rs_val_set_bool(schema, "additionalProperties", false);
    return schema;
}
