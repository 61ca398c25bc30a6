/*
 * sheet - rows of a table filled cell by cell: small tables, texts made once.
 *
 * For what a command's document says in other words: differences, marks, joined parts. Columns
 * first, then row by row. A cell without text shows "-", dim.
 */
#ifndef TUI_SHEET_H
#define TUI_SHEET_H

#include "table.h"

struct tui_sheet;
struct tui_sheet *tui_sheet_new(void);
void tui_sheet_column(struct tui_sheet *s, const char *name, const char *title, int width,
                      unsigned flags);
void tui_sheet_row(struct tui_sheet *s, const char *id); /* id: copied; the row's key */
/* The next cell of the row. number sorts; NaN: none, then numeric columns have it last. */
void tui_sheet_text(struct tui_sheet *s, const char *text, enum tui_role role);
void tui_sheet_number(struct tui_sheet *s, const char *text, double number, enum tui_role role);
/* The sheet as rows; takes it. */
struct tui_rows *tui_sheet_rows(struct tui_sheet *s);

/* Of rows from a sheet: the id, borrowed; "" where row is -1. */
const char *tui_sheet_id(const struct tui_rows *rows, int32_t row);
uint64_t tui_sheet_key(const char *id);
int32_t tui_sheet_find(const struct tui_rows *rows, const char *id); /* -1: none */

#endif
