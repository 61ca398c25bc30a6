/*
 * data_view - what the screens of users and items have in common.
 */
#ifndef TUI_DATA_VIEW_H
#define TUI_DATA_VIEW_H

#include "data_ask.h"
#include "view.h"

extern const struct tui_view_ops tui_users_ops, tui_items_ops;

extern const char tui_no_data[];    /* empty states */
extern const char tui_see_errors[]; /* where the rows could not be read */

/* The size class of the screen that has this content. */
enum tui_size tui_data_size(struct tui_rect content);
/* Other rows (a reference of its own is taken), from the first on; NULL: none. */
void tui_data_set(struct tui_table *t, struct tui_worker *w, struct tui_rows *rows);
/* The cursor to the first row: what is shown is of something else now. */
void tui_data_first(struct tui_table *t);
/* The whole of a screen that has nothing to show: why, and what to do. */
void tui_data_nothing(struct tui_canvas *c, struct tui_rect content, const char *title,
                      const char *text);
/* Bars with names and counts, as many as fit; of the largest count. */
void tui_data_bars(struct tui_canvas *c, struct tui_rect area, const struct tui_bar_row *rows,
                   int n, int32_t total);
/* Ratings by month as bars, a column each; months are taken together where there are more of them
 * than columns. */
void tui_data_months(struct tui_canvas *c, const struct tui_item *it, struct tui_rect area);
/* Lines between panes that stand side by side. */
void tui_data_rules(const struct tui_view *v, struct tui_canvas *c, int n_panes);
/* How long a list is to be; false, with a toast: not 1 to RS_MAX_K. */
bool tui_data_read_k(struct tui_app *a, const char *text, int32_t *k);

#endif
