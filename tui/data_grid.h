/*
 * data_grid - rows held by column: arrays of one kind each, formatted when a cell is looked at.
 *
 * What users, items, histories and lists are shown from. A grid owns all its memory, so it outlives
 * the bundle or the split that it was filled from.
 */
#ifndef TUI_DATA_GRID_H
#define TUI_DATA_GRID_H

#include "rs/base/arena.h"
#include "rs/base/err.h"
#include "rs/data/idmap.h"
#include "table.h"

enum tui_grid_kind {
    TUI_GRID_ID,    /* the row's id; no array */
    TUI_GRID_TEXT,  /* const char *, in the grid's arena; NULL: none */
    TUI_GRID_COUNT, /* int32_t, as "1,234"; negative: none */
    TUI_GRID_PLAIN, /* int32_t without separators (years); 0: none */
    TUI_GRID_REAL,  /* float with `digits`; NaN: none */
    TUI_GRID_SHARE, /* float 0 … 1, as "8.1%"; NaN: none */
    TUI_GRID_BAR,   /* float 0 … 1, no text: for TUI_BARS */
    TUI_GRID_MONTH, /* int64_t seconds, as "19-06"; INT64_MIN: none */
};
enum { TUI_GRID_COLUMNS = 8 };

struct tui_grid_cell {
    enum tui_grid_kind kind;
    int digits;
};
/* A kind of table: how its columns are headed and held. Static. */
struct tui_grid_form {
    const struct tui_column *heads;
    const struct tui_grid_cell *cells;
    int n;
};

struct tui_grid {
    struct rs_arena *arena;
    const struct tui_grid_form *form;
    int32_t n;
    void *values[TUI_GRID_COLUMNS]; /* [n] each, of its kind */
    int64_t *ids;                   /* [n], where ids are numbers */
    const char **id_texts;          /* [n], where they are texts */
};

/* Arrays of n rows of that form, values not set. RS_ENOMEM. */
RS_MUST_USE enum rs_code tui_grid_new(const struct tui_grid_form *form, int32_t n, bool integer_ids,
                                      struct tui_grid **out, struct rs_err *err);
void tui_grid_free(void *grid);
/* A copy of text (NULL stays) in the grid; false: out of memory. */
bool tui_grid_text(struct tui_grid *g, int column, int32_t row, const char *text);
/* The row's id from a map; false: out of memory. */
bool tui_grid_id(struct tui_grid *g, int32_t row, const struct rs_idmap *ids, int32_t index);
bool tui_grid_id_text(struct tui_grid *g, int32_t row, const char *id);
/* The grid as rows of a table; takes it. n: the rows that were filled, from the first. */
struct tui_rows *tui_grid_rows(struct tui_grid *g, int32_t n);

/* Of rows from a grid: the id in buf. */
const char *tui_grid_row_id(const struct tui_rows *r, int32_t row, char *buf, int size);
/* The key of the row that has this id. */
uint64_t tui_grid_key_of(const struct tui_rows *r, const char *id);

/* "12,480"; buf of 32. */
const char *tui_thousands(int64_t n, char buf[32]);
/* Months since year 0, -1: not a time of the years 0 to 9999; and as "2019-06" in buf of 16. */
int32_t tui_month_of(int64_t time_s);
const char *tui_month_text(int32_t month, char buf[16]);

#endif
