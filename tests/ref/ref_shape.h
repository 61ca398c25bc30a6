/*
 * ref_shape - answers held against the table of shapes.
 */
#ifndef TESTS_REF_REF_SHAPE_H
#define TESTS_REF_REF_SHAPE_H

#include <string.h>

#include "../src/serve/route_impl.h"
#include "support.h"

static inline void ref_check_shape(const char *name, const struct rs_val *v);

static inline void ref_check_value(const struct srv_prop *p, const struct rs_val *v)
{
    static const struct {
        const char *name;
        unsigned types; /* bits 1 << enum rs_val_type */
    } plain[] = {
        {"id", 1U << RS_VAL_INT | 1U << RS_VAL_STR},
        {"text", 1U << RS_VAL_STR},
        {"integer", 1U << RS_VAL_INT},
        {"number", 1U << RS_VAL_REAL},
        {"boolean", 1U << RS_VAL_BOOL},
        {"any", ~0U},
    };
    if (v->type == RS_VAL_NULL && p->flags & SRV_PROP_NULL) return;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        if (strcmp(plain[i].name, p->type) != 0) continue;
        if (!(plain[i].types >> v->type & 1))
            fail_msg("%s is a %s, not %s", p->name, rs_val_type_name(v->type), p->type);
        return;
    }
    ref_check_shape(p->type, v);
}

/* A closed shape's keys come in its order. */
static inline const struct rs_val *ref_find_prop(const struct srv_shape *s, const char *name,
                                                 const struct rs_val *v, size_t at)
{
    if (s->open) return rs_val_get(v, name);
    return at < v->n && strcmp(v->keys[at], name) == 0 ? v->items[at] : NULL;
}

static inline void ref_check_props(const struct srv_shape *s, const struct rs_val *v)
{
    size_t n = 0;
    assert_int_equal(v->type, RS_VAL_MAP);
    for (const struct srv_prop *p = s->props; p->name; p++) {
        const struct rs_val *value = ref_find_prop(s, p->name, v, n);
        if (!value && p->flags & SRV_PROP_OPTIONAL) continue;
        if (!value) fail_msg("%s: no %s where it belongs", s->name, p->name);
        n++;
        if (!(p->flags & SRV_PROP_LIST)) {
            ref_check_value(p, value);
            continue;
        }
        assert_int_equal(value->type, RS_VAL_LIST);
        for (size_t i = 0; i < value->n; i++)
            ref_check_value(p, value->items[i]);
    }
    if (n < v->n && !s->open) fail_msg("%s: unexpected %s", s->name, v->keys[n]);
}

/* v has the keys of a shape with values of their types and (unless the shape is open) no others. */
static inline void ref_check_shape(const char *name, const struct rs_val *v)
{
    const struct srv_shape *s = srv_shapes;
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    if (!s->name) fail_msg("no shape %s", name);
    if (!s->list) {
        ref_check_props(s, v);
        return;
    }
    assert_int_equal(v->type, RS_VAL_LIST);
    for (size_t i = 0; i < v->n; i++)
        ref_check_props(s, v->items[i]);
}

#endif
