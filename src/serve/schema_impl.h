/*
 * schema_impl - fields and shapes as JSON Schema, for the document.
 */
#ifndef SERVE_SCHEMA_IMPL_H
#define SERVE_SCHEMA_IMPL_H

#include "route_impl.h"

/* Each is the caller's. */
struct rs_val *srv_field_schema(const struct srv_field *f);
struct rs_val *srv_shape_schema(const struct srv_shape *s);
/* "$ref": "#/components/<kind>/<name>". */
void srv_set_ref(struct rs_val *map, const char *kind, const char *name);

#endif
