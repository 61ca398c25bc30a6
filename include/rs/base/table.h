/*
 * table - rows and typed columns apart from how they are shown: aligned text, CSV or JSON.
 *
 * Widths are terminal columns (utf8proc): wide and combining characters line up; control
 * characters show as '?'. Cells keep their type, so JSON prints numbers as numbers.
 */
#ifndef RS_BASE_TABLE_H
#define RS_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/str.h"
#include "rs/base/val.h"

enum rs_align { RS_LEFT, RS_RIGHT };

struct rs_table;

struct rs_table *rs_table_new(void);
void rs_table_free(struct rs_table *t);
/* key: JSON and CSV name; title: heading for people (NULL: key); digits: decimals shown of reals
 * (-1: shortest). All columns come before the first row. */
void rs_table_column(struct rs_table *t, const char *key, const char *title, enum rs_align align,
                     int digits);
void rs_table_row(struct rs_table *t); /* begin a row; cells below fill it from the left */
void rs_table_str(struct rs_table *t, const char *s); /* NULL: empty, null in JSON */
void rs_table_int(struct rs_table *t, int64_t v);
void rs_table_real(struct rs_table *t, double v); /* NaN: empty, null in JSON */
void rs_table_bool(struct rs_table *t, bool v);
/* JSON gets v (owned), people see text: "[0.11, 0.14]", an id that may be number or text. */
void rs_table_val(struct rs_table *t, struct rs_val *v, const char *text);
size_t rs_table_n_rows(const struct rs_table *t);
size_t rs_table_n_columns(const struct rs_table *t);

/* max_width 0: unlimited; else the widest left-aligned column is cut with "…". */
void rs_table_print(const struct rs_table *t, int max_width, struct rs_str *out);
void rs_table_csv(const struct rs_table *t, struct rs_str *out); /* RFC 4180, but lines end in \n */
struct rs_val *rs_table_to_val(const struct rs_table *t);        /* list of maps */

int rs_text_width(const char *s); /* terminal columns of UTF-8 text; invalid bytes count 1 */
/* s cut to width columns (with "…" where cut) and made safe: control characters and bad bytes show
 * as '?', marks that turn the direction of text are dropped. */
void rs_text_fit(const char *s, int width, struct rs_str *out);

#endif
