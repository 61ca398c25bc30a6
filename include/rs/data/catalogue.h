/*
 * catalogue - what is known about items beside who liked them: title, genres, year.
 *
 * Aligned with an item idmap: row i describes item index i. Unknown items have an empty title, no
 * genres and year 0.
 */
#ifndef RS_DATA_CATALOGUE_H
#define RS_DATA_CATALOGUE_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/str.h"
#include "rs/data/idmap.h"

#define RS_MAX_GENRES 64 /* a row's genres fit one 64-bit mask */

struct rs_catalogue;

/* A catalogue of n_items empty rows, filled by rs_catalogue_set. NULL: out of memory. */
struct rs_catalogue *rs_catalogue_new(int32_t n_items);
void rs_catalogue_free(struct rs_catalogue *c);
/* genres: "Drama|Comedy" ("(no genres listed)" and "" are none). year 0: taken from a title that
 * ends in "(1999)". RS_EARG: more than RS_MAX_GENRES different genres; RS_ENOMEM. Not on a loaded
 * one. */
RS_MUST_USE enum rs_code rs_catalogue_set(struct rs_catalogue *c, int32_t item, const char *title,
                                          const char *genres, int32_t year, struct rs_err *err);
/* Read "movieId,title,genres" files (comma, tab or ::), matching ids; unknown ids are skipped, rows
 * that matched counted in *matched_out. Column names: the first of item/movieId/item_id/id,
 * title/name, genres/genre, year; without a header (tab and :: only) columns 1, 2, 3. Fields that
 * are not UTF-8 are read as ISO-8859-1. RS_ENOTFOUND, RS_EPARSE (file, line, what), RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_catalogue_read(const char *path, const struct rs_idmap *items,
                                           struct rs_catalogue *c, int64_t *matched_out,
                                           struct rs_err *err);
/* Rows keep[0..n) as a new catalogue; all genre names stay. */
RS_MUST_USE enum rs_code rs_catalogue_subset(const struct rs_catalogue *c, const int32_t *keep,
                                             int32_t n, struct rs_catalogue **out,
                                             struct rs_err *err);

int32_t rs_catalogue_size(const struct rs_catalogue *c);
const char *rs_catalogue_title(const struct rs_catalogue *c, int32_t item); /* "" if unknown */
uint64_t rs_catalogue_genre_mask(const struct rs_catalogue *c, int32_t item);
int32_t rs_catalogue_year(const struct rs_catalogue *c, int32_t item); /* 0 unknown */
int32_t rs_catalogue_n_genres(const struct rs_catalogue *c);
const char *rs_catalogue_genre(const struct rs_catalogue *c, int32_t genre);     /* names, sorted */
int32_t rs_catalogue_find_genre(const struct rs_catalogue *c, const char *name); /* -1; any case */
/* "Comedy|Drama", in the order of the names. */
void rs_catalogue_add_genres(const struct rs_catalogue *c, int32_t item, struct rs_str *out);

/* Sections "cat.*". load borrows from the reader, which must outlive it. RS_EDAMAGED. */
RS_MUST_USE enum rs_code rs_catalogue_save(const struct rs_catalogue *c, struct rs_writer *w,
                                           struct rs_err *err);
RS_MUST_USE enum rs_code rs_catalogue_load(const struct rs_reader *r, int32_t n_items,
                                           struct rs_catalogue **out, struct rs_err *err);

#endif
