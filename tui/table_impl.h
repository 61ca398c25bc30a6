/*
 * table_impl - what the files of the table share: which columns fit.
 */
#ifndef TUI_TABLE_IMPL_H
#define TUI_TABLE_IMPL_H

#include "table.h"

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

#endif
