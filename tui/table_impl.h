/*
 * table_impl - what the files of the table share: which columns fit.
 */
#ifndef TUI_TABLE_IMPL_H
#define TUI_TABLE_IMPL_H

#include "table.h"

/* How far an ordering is, between the worker and the table that waits. */
struct tui_share {
    atomic_int refs;
    atomic_int percent; /* 0 for the first 100 ms: nobody has to know */
};

enum { TUI_TABLE_GUTTER = 2 }; /* '>' of the cursor and '*' of a mark */

struct tui_fit {
    int n_frozen;    /* columns [0, n_frozen) stand still */
    int first, end;  /* of those that scroll, [first, end) are seen */
    int extra;       /* width for columns that grow */
    int n_growing;   /* among those seen */
    int hidden_left; /* columns scrolled out */
    int hidden_right;
};
struct tui_fit tui_table_fit(const struct tui_table *t, int width);
/* Scrolls until the cursor's column is seen at t->width. */
void tui_table_show_column(struct tui_table *t);
/* Puts the cursor's column among those seen, after scrolling. */
void tui_table_clamp_column(struct tui_table *t);

uint64_t tui_table_key_at(const struct tui_table *t, int32_t place); /* place: of the order */

/* ---- marks (table_marks.c): there are rows ---- */
void tui_marks_turn(struct tui_table *t);                          /* of the cursor's row */
void tui_marks_range(struct tui_table *t);                         /* from the last one turned */
void tui_marks_add(struct tui_table *t, int32_t from, int32_t to); /* places [from, to] */
/* Drops marks on rows that are not among rows; returns how many. */
int tui_marks_drop_gone(struct tui_table *t, const struct tui_rows *rows);

#endif
