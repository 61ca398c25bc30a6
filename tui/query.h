/*
 * query - the text behind '/': words that a row must have.
 *
 *   words are AND;  a|b  -word  col:text  col>=n (< <= > >= = !=)  "two words"  ~regex~
 * Case is ignored (ASCII and Latin-1 letters). Words look into columns of text and the first one;
 * numbers are asked for by column. Missing values hold for no comparison. In quotes \" is a quote,
 * in a regex (extended POSIX) \~ is '~'. A half-typed regex keeps the last good query and says so.
 */
#ifndef TUI_QUERY_H
#define TUI_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "rs/base/err.h"

struct tui_query; /* immutable once made; may be used by several threads */
struct tui_columns;

/* columns: names that col: may say. An unknown column is part of a word, not an error. RS_EPARSE: a
 * regex that is not whole, with its text, or more than 1000 bytes. *out NULL where nothing is
 * asked: everything matches. */
RS_MUST_USE enum rs_code tui_query_parse(const char *text, const struct tui_columns *columns,
                                         struct tui_query **out, struct rs_err *err);
struct tui_query *tui_query_hold(struct tui_query *q); /* one more holder; NULL stays NULL */
void tui_query_free(struct tui_query *q);              /* one fewer */
/* Cells of a row on demand. */
struct tui_row_reader {
    const char *(*text)(void *ctx, int column, char *buf, int size); /* as shown */
    double (*number)(void *ctx, int column);                         /* NaN: none */
    void *ctx;
    int n_columns;
};
bool tui_query_match(const struct tui_query *q, const struct tui_row_reader *row);
/* Where the text of a cell has what a word of the query looks for there, and how many bytes of it;
 * NULL: nowhere. Of regular expressions and comparisons nothing is told. */
const char *tui_query_find(const struct tui_query *q, int column, const char *text, size_t *n_out);
/* s in lower case, as queries and sorts see it; out: as long as s. */
void tui_fold(const char *s, char *out);

#endif
