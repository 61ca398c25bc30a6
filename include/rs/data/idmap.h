/*
 * idmap - external ids of users or items, and their dense indices.
 *
 * Index order is ascending id: integers by value, texts by bytes. So a tie "by smaller index" is a
 * tie by smaller id, and a subset keeps the order. Ids are integers if every one reads as a
 * canonical int64 ("7", not "07"), else texts as they came.
 */
#ifndef RS_DATA_IDMAP_H
#define RS_DATA_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/str.h"
#include "rs/base/val.h"

#define RS_ID_MAX_BYTES 1024 /* longest text id accepted */

struct rs_idmap;

/* ids[n] strictly ascending (else RS_EARG); copied. */
RS_MUST_USE enum rs_code rs_idmap_from_ints(const int64_t *ids, int32_t n, struct rs_idmap **out,
                                            struct rs_err *err);
/* Text i is bytes[offsets[i] .. offsets[i+1]), strictly ascending; copied. RS_EARG: not ascending,
 * empty, too long, not UTF-8. */
RS_MUST_USE enum rs_code rs_idmap_from_texts(const int64_t *offsets, const char *bytes, int32_t n,
                                             struct rs_idmap **out, struct rs_err *err);
/* The ids of kept indices, ascending keep[n]. */
RS_MUST_USE enum rs_code rs_idmap_subset(const struct rs_idmap *m, const int32_t *keep, int32_t n,
                                         struct rs_idmap **out, struct rs_err *err);
void rs_idmap_free(struct rs_idmap *m);

int32_t rs_idmap_size(const struct rs_idmap *m);
bool rs_idmap_is_int(const struct rs_idmap *m);
int32_t rs_idmap_find(const struct rs_idmap *m, const char *id); /* -1: unknown */
int32_t rs_idmap_find_int(const struct rs_idmap *m, int64_t id);
int64_t rs_idmap_int(const struct rs_idmap *m, int32_t index); /* integer maps only */
/* Text maps only: the id's bytes, borrowed, with no NUL behind them. */
const char *rs_idmap_text(const struct rs_idmap *m, int32_t index, size_t *len_out);
void rs_idmap_add_text(const struct rs_idmap *m, int32_t index, struct rs_str *out);
struct rs_val *rs_idmap_val(const struct rs_idmap *m, int32_t index); /* number or text */
/* Is s[len] a canonical int64: no sign but '-', no leading zero, in range? */
bool rs_id_parse_int(const char *s, size_t len, int64_t *out);

/* Sections "<prefix>.int", or "<prefix>.off" and "<prefix>.txt"; prefix of at most 10 characters.
 * A loaded map borrows from the reader, which must outlive it. */
RS_MUST_USE enum rs_code rs_idmap_save(const struct rs_idmap *m, struct rs_writer *w,
                                       const char *prefix, struct rs_err *err);
RS_MUST_USE enum rs_code rs_idmap_load(const struct rs_reader *r, const char *prefix,
                                       struct rs_idmap **out, struct rs_err *err);

#endif
