/*
 * fields_impl - what the readers of paths, queries and bodies share.
 */
#ifndef SERVE_FIELDS_IMPL_H
#define SERVE_FIELDS_IMPL_H

#include "route_impl.h"

#define SRV_FIRST_S (-62135596800) /* 0001-01-01T00:00:00Z */
#define SRV_LAST_S  253402300799   /* 9999-12-31T23:59:59Z */

/* s[n] with its %XX decoded (and + as a space, where plus), to out[n + 1], NUL-terminated.
 * RS_EARG: a bad escape, a NUL, not UTF-8; `where` names the place. */
RS_MUST_USE enum rs_code srv_url_decode(const char *s, size_t n, bool plus, const char *where,
                                        char *out, struct rs_err *err);
/* One value of a field from text: a default, a query, a path. Lists: RS_EARG, as for what does not
 * fit. text stays borrowed. */
RS_MUST_USE enum rs_code srv_field_from_text(const struct srv_field *f, const char *text,
                                             struct srv_value *out, struct rs_err *err);
/* Any value of a field from JSON; lists are made in arena, texts stay borrowed. */
RS_MUST_USE enum rs_code srv_field_from_val(const struct srv_field *f, const struct rs_val *v,
                                            struct rs_arena *arena, struct srv_value *out,
                                            struct rs_err *err);
/* The value of a field that is not given. */
RS_MUST_USE enum rs_code srv_field_absent(const struct srv_field *f, struct srv_value *out,
                                          struct rs_err *err);
/* Least and most characters of a text field, or elements of a list field. */
void srv_field_count_bounds(const struct srv_field *f, size_t *least, size_t *most);
/* Is n, of characters or elements, within the field's bounds? */
RS_MUST_USE enum rs_code srv_field_check_count(const struct srv_field *f, size_t n,
                                               struct rs_err *err);

#endif
