/*
 * json_out - JSON text straight into a string: no tree, and no printf where lists are long.
 *
 * Nothing fails here: an answer that found no memory has out->failed at its end.
 */
#ifndef SERVE_JSON_OUT_IMPL_H
#define SERVE_JSON_OUT_IMPL_H

#include <stdint.h>
#include <string.h>

#include "rs/base/str.h"
#include "rs/data/idmap.h"
#include "rs/models/bundle.h"

/* Where n more bytes and a NUL may be written; NULL: no memory. srv_json_end follows. */
static inline char *srv_json_room(struct rs_str *out, size_t n)
{
    if (out->cap - out->len > n) return out->data + out->len;
    return rs_str_reserve(out, n) ? out->data + out->len : NULL;
}

/* What was written there ends before `end`. */
static inline void srv_json_end(struct rs_str *out, char *end)
{
    *end = '\0';
    out->len = (size_t)(end - out->data);
}

static inline void srv_json_raw(struct rs_str *out, const char *text, size_t len)
{
    char *to = srv_json_room(out, len);
    if (!to) return;
    memcpy(to, text, len);
    srv_json_end(out, to + len);
}

/* Punctuation and keys as they stand: a literal. */
#define SRV_JSON(out, literal) srv_json_raw((out), "" literal, sizeof(literal) - 1)

enum { SRV_INT_ROOM = 20 }; /* bytes of an integer at most */
/* v in decimal right before `end`; returns where it begins. */
char *srv_json_digits(char *end, int64_t v);
void srv_json_int(struct rs_str *out, int64_t v);
/* The shortest decimal that reads back as the same float, with a point or an exponent; no finite
 * number: null. */
void srv_json_float(struct rs_str *out, float v);
void srv_json_double(struct rs_str *out, double v); /* the same for doubles; slower */
void srv_json_bool(struct rs_str *out, bool v);
void srv_json_text(struct rs_str *out, const char *s); /* "…" with escapes */
/* "2026-11-24T18:13:00.123Z"; null outside the years 0 to 9999. */
void srv_json_time_ms(struct rs_str *out, int64_t ms);
void srv_json_time_s(struct rs_str *out, int64_t s); /* "2026-11-24T18:13:00Z" */

/* An id as somebody said it: a number where the map's ids are numbers and this is one, else text.
 * map NULL: text. */
void srv_json_id(struct rs_str *out, const struct rs_idmap *map, const char *id);
void srv_json_index(struct rs_str *out, const struct rs_idmap *map, int32_t index);
void srv_json_title(struct rs_str *out, const struct rs_bundle *b, int32_t item);
void srv_json_genres(struct rs_str *out, const struct rs_bundle *b, int32_t item);

#endif
