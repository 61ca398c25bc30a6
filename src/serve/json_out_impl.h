/*
 * json_out - JSON text straight into a string: an answer needs no tree.
 *
 * Nothing fails here: an answer that found no memory has out->failed at its end. Integers and texts
 * are rs_str_add_int and rs_json_quote.
 */
#ifndef SERVE_JSON_OUT_IMPL_H
#define SERVE_JSON_OUT_IMPL_H

#include <stdint.h>

#include "rs/base/str.h"
#include "rs/base/val.h"
#include "rs/data/idmap.h"
#include "rs/models/bundle.h"

/* Punctuation and keys as they stand: a literal. */
#define SRV_JSON(out, literal) rs_str_addn((out), "" literal, sizeof(literal) - 1)

/* The shortest decimal that reads back as the same number, with a point or an exponent; null where
 * it is none. */
void srv_json_float(struct rs_str *out, float v);
void srv_json_double(struct rs_str *out, double v);
void srv_json_bool(struct rs_str *out, bool v);
/* "2026-11-24T18:13:00.123Z" and "2026-11-24T18:13:00Z"; null outside the years 0 to 9999. */
void srv_json_time_ms(struct rs_str *out, int64_t ms);
void srv_json_time_s(struct rs_str *out, int64_t s);

/* An id as somebody said it: a number where the map's ids are numbers and this is one, else text.
 * map NULL: text. */
void srv_json_id(struct rs_str *out, const struct rs_idmap *map, const char *id);
void srv_json_index(struct rs_str *out, const struct rs_idmap *map, int32_t index);
void srv_json_title(struct rs_str *out, const struct rs_bundle *b, int32_t item);
void srv_json_genres(struct rs_str *out, const struct rs_bundle *b, int32_t item);

#endif
