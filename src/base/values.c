/*
 * values - the values of one parameter table, index for index, checked on the way in.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "param_impl.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/base/table.h"

struct rs_values {
    const struct rs_param *table;
    size_t n;
    struct rs_slot *slots; /* [n] */
};

static size_t table_len(const struct rs_param *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

struct rs_values *rs_values_new(const struct rs_param *table)
{
    struct rs_values *v = rs_xalloc(1, sizeof(*v));
    v->table = table;
    v->n = table_len(table);
    v->slots = rs_xalloc(v->n ? v->n : 1, sizeof(*v->slots));
    for (size_t i = 0; i < v->n; i++) {
        struct rs_err err = {0};
        enum rs_code rc = RS_OK;
        if (table[i].dflt) rc = rs_param_parse(&table[i], table[i].dflt, &v->slots[i], &err);
        rs_assert(rc == RS_OK); /* rs_param_table_check is the test */
    }
    return v;
}

struct rs_values *rs_values_copy(const struct rs_values *v)
{
    struct rs_values *c = rs_xalloc(1, sizeof(*c));
    c->table = v->table;
    c->n = v->n;
    c->slots = rs_xalloc(v->n ? v->n : 1, sizeof(*c->slots));
    for (size_t i = 0; i < v->n; i++) {
        const struct rs_slot *from = &v->slots[i];
        struct rs_slot *to = &c->slots[i];
        *to = *from;
        to->text = rs_xstrdup(from->text);
        if (!from->ints) continue;
        to->ints = rs_xalloc(from->n_ints, sizeof(*to->ints));
        memcpy(to->ints, from->ints, from->n_ints * sizeof(*to->ints));
    }
    return c;
}

void rs_values_free(struct rs_values *v)
{
    if (!v) return;
    for (size_t i = 0; i < v->n; i++)
        rs_slot_clear(&v->slots[i]);
    free(v->slots);
    free(v);
}

const struct rs_param *rs_values_table(const struct rs_values *v)
{
    return v->table;
}

/* ---- writing ------------------------------------------------------------------------------- */

static enum rs_code fail_unknown(const struct rs_values *v, const char *name, struct rs_err *err)
{
    const char **names = rs_xalloc(2 * v->n + 1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        names[n++] = v->table[i].name;
        if (v->table[i].alias) names[n++] = v->table[i].alias;
    }
    const char *nearest = rs_str_nearest(name, names);
    struct rs_str shown;
    rs_str_init(&shown, 0);
    rs_text_fit(name, 80, &shown);
    enum rs_code rc;
    if (nearest) {
        rc = rs_fail(err, RS_EARG, "'%s' is unknown, did you mean '%s'?", rs_str_text(&shown),
                     nearest);
    } else {
        rc = rs_fail(err, RS_EARG, "'%s' is unknown", rs_str_text(&shown));
    }
    rs_str_clear(&shown);
    free(names);
    return rc;
}

static enum rs_code store_text(const struct rs_param *p, struct rs_slot *slot, const char *text,
                               struct rs_err *err)
{
    struct rs_slot s = {0};
    enum rs_code rc = rs_param_parse(p, text, &s, err);
    if (rc) return rc;
    s.is_given = true;
    rs_slot_clear(slot);
    *slot = s;
    return RS_OK;
}

enum rs_code rs_values_set_text(struct rs_values *v, const char *name, const char *text,
                                struct rs_err *err)
{
    const struct rs_param *p = rs_param_find(v->table, name);
    if (!p) return fail_unknown(v, name, err);
    return store_text(p, &v->slots[p - v->table], text, err);
}

/* The text form of a typed value, if its type suits the row: 64.0 is an integer, "64" is not. */
static bool val_to_text(const struct rs_param *p, const struct rs_val *value, struct rs_str *out)
{
    bool whole = value->type == RS_VAL_INT;
    bool numeric = whole || value->type == RS_VAL_REAL;
    switch (p->type) {
    case RS_PARAM_BOOL:
        if (value->type != RS_VAL_BOOL) return false;
        rs_str_add(out, value->b ? "true" : "false");
        return true;
    case RS_PARAM_INT:
        if (value->type == RS_VAL_REAL && fabs(value->r) <= 0x1p53 && value->r == floor(value->r)) {
            rs_str_addf(out, "%lld", (long long)value->r);
            return true;
        }
        if (!whole) return false;
        break;
    case RS_PARAM_REAL:
        if (!numeric) return false;
        break;
    case RS_PARAM_TEXT:
    case RS_PARAM_CHOICE:
        if (value->type == RS_VAL_STR) {
            rs_str_add(out, value->s);
            return true;
        }
        if (!numeric) return false; /* an id, a name made of digits */
        break;
    case RS_PARAM_INT_LIST:
        if (!whole) return false;
        break;
    case RS_PARAM_TYPE_COUNT:
        return false;
    }
    if (whole) {
        rs_str_addf(out, "%lld", (long long)value->i);
    } else {
        rs_str_add_double(out, value->r);
    }
    return true;
}

static bool list_to_text(const struct rs_val *list, struct rs_str *out)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i]->type != RS_VAL_INT) return false;
        rs_str_addf(out, i ? ",%lld" : "%lld", (long long)list->items[i]->i);
    }
    return true;
}

enum rs_code rs_values_set_val(struct rs_values *v, const char *name, const struct rs_val *value,
                               struct rs_err *err)
{
    const struct rs_param *p = rs_param_find(v->table, name);
    if (!p) return fail_unknown(v, name, err);
    struct rs_slot *slot = &v->slots[p - v->table];
    enum rs_code rc;
    if (value->type == RS_VAL_NULL && !p->dflt) { /* null: leave it unset */
        rs_slot_clear(slot);
        return RS_OK;
    }
    struct rs_str text;
    rs_str_init(&text, 0);
    bool fits = p->type == RS_PARAM_INT_LIST && value->type == RS_VAL_LIST
                    ? list_to_text(value, &text)
                    : val_to_text(p, value, &text);
    if (text.failed) {
        rc = rs_fail(err, RS_ENOMEM, "%s: out of memory", name);
    } else if (fits) {
        rc = store_text(p, slot, rs_str_text(&text), err);
    } else if (value->type >= RS_VAL_LIST) {
        rc = rs_param_refuse(p, rs_val_type_name(value->type), err);
    } else {
        struct rs_str json;
        rs_str_init(&json, 0);
        rs_json_print(value, 0, &json);
        rs_text_fit(rs_str_text(&json), 80, &text);
        rc = rs_param_refuse(p, rs_str_text(&text), err);
        rs_str_clear(&json);
    }
    rs_str_clear(&text);
    return rc;
}

enum rs_code rs_values_set_map(struct rs_values *v, const struct rs_val *map, struct rs_err *err)
{
    if (map->type != RS_VAL_MAP)
        return rs_fail(err, RS_EARG, "expected a map of names and values, got %s",
                       rs_val_type_name(map->type));
    for (size_t i = 0; i < map->n; i++) {
        enum rs_code rc = rs_values_set_val(v, map->keys[i], map->items[i], err);
        if (rc) return rc;
    }
    return RS_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static const struct rs_slot *slot_of(const struct rs_values *v, const char *name)
{
    const struct rs_param *p = rs_param_find(v->table, name);
    rs_assert(p);
    return &v->slots[p - v->table];
}

static const struct rs_slot *typed(const struct rs_values *v, const char *name,
                                   enum rs_param_type type)
{
    const struct rs_slot *s = slot_of(v, name);
    rs_assert(v->table[s - v->slots].type == type);
    return s;
}

bool rs_values_is_set(const struct rs_values *v, const char *name)
{
    return slot_of(v, name)->is_given;
}

int64_t rs_values_int(const struct rs_values *v, const char *name)
{
    return typed(v, name, RS_PARAM_INT)->i;
}

double rs_values_real(const struct rs_values *v, const char *name)
{
    return typed(v, name, RS_PARAM_REAL)->r;
}

bool rs_values_bool(const struct rs_values *v, const char *name)
{
    return typed(v, name, RS_PARAM_BOOL)->b;
}

const char *rs_values_text(const struct rs_values *v, const char *name)
{
    const struct rs_slot *s = slot_of(v, name);
    enum rs_param_type type = v->table[s - v->slots].type;
    rs_assert(type == RS_PARAM_TEXT || type == RS_PARAM_CHOICE);
    return s->text ? s->text : "";
}

int rs_values_choice(const struct rs_values *v, const char *name)
{
    const struct rs_slot *s = typed(v, name, RS_PARAM_CHOICE);
    return s->has ? (int)s->i : -1;
}

const int64_t *rs_values_ints(const struct rs_values *v, const char *name, size_t *n_out)
{
    const struct rs_slot *s = typed(v, name, RS_PARAM_INT_LIST);
    *n_out = s->n_ints;
    return s->ints;
}

struct rs_val *rs_slot_to_val(const struct rs_param *p, const struct rs_slot *s)
{
    if (!s->has) return rs_val_null();
    switch (p->type) {
    case RS_PARAM_BOOL:
        return rs_val_bool(s->b);
    case RS_PARAM_INT:
        return rs_val_int(s->i);
    case RS_PARAM_REAL:
        return rs_val_real(s->r);
    case RS_PARAM_TEXT:
    case RS_PARAM_CHOICE:
        return rs_val_str(s->text);
    case RS_PARAM_INT_LIST:
    case RS_PARAM_TYPE_COUNT:
        break;
    }
    struct rs_val *list = rs_val_list();
    for (size_t i = 0; i < s->n_ints; i++)
        rs_val_push(list, rs_val_int(s->ints[i]));
    return list;
}

struct rs_val *rs_values_to_map(const struct rs_values *v)
{
    struct rs_val *map = rs_val_map();
    for (size_t i = 0; i < v->n; i++)
        rs_val_set(map, v->table[i].name, rs_slot_to_val(&v->table[i], &v->slots[i]));
    return map;
}

void rs_values_text_of(const struct rs_values *v, const char *name, struct rs_str *out)
{
    const struct rs_slot *s = slot_of(v, name);
    if (!s->has) return;
    switch (v->table[s - v->slots].type) {
    case RS_PARAM_BOOL:
        rs_str_add(out, s->b ? "true" : "false");
        break;
    case RS_PARAM_INT:
        rs_str_addf(out, "%lld", (long long)s->i);
        break;
    case RS_PARAM_REAL:
        rs_str_add_double(out, s->r);
        break;
    case RS_PARAM_TEXT:
    case RS_PARAM_CHOICE:
        rs_str_add(out, s->text);
        break;
    case RS_PARAM_INT_LIST:
        for (size_t i = 0; i < s->n_ints; i++)
            rs_str_addf(out, i ? ",%lld" : "%lld", (long long)s->ints[i]);
        break;
    case RS_PARAM_TYPE_COUNT:
        break;
    }
}
