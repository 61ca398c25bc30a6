/*
 * table - rows by the hundred thousand: only visible cells are formatted.
 *
 * Rows are an immutable snapshot with a count of its holders. Cursor and marks are row keys, so a
 * sort, a filter or a reload moves the row and not the choice. Sorting and filtering run on the
 * worker and give an order; the old one stays usable meanwhile.
 */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "key.h"
#include "query.h"
#include "work.h"

enum tui_column_flags {
    TUI_NUMBER = 1 << 0, /* sorts by number, flush right */
    TUI_BARS = 1 << 1,   /* number 0 … 1, drawn as a bar behind its text */
    TUI_GROWS = 1 << 2,  /* takes what width is left */
    TUI_FROZEN = 1 << 3, /* stays when columns scroll; the first one always does */
};
struct tui_column {
    const char *name;  /* for filters and configuration: "rated" */
    const char *title; /* over the column */
    int width;         /* columns, without the gap */
    unsigned flags;
};
struct tui_columns {
    const struct tui_column *list;
    int n;
};

/* A snapshot. Functions are called by the worker and the UI thread alike: they read only. */
struct tui_rows {
    atomic_int refs;
    struct tui_columns columns;
    int32_t n;
    void *data;
    /* The cell as shown, in buf or borrowed from data; role_out starts as TUI_TEXT. */
    const char *(*text)(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                        enum tui_role *role_out);
    double (*number)(const struct tui_rows *r, int32_t row, int column); /* NaN: missing; or NULL */
    uint64_t (*key)(const struct tui_rows *r, int32_t row);              /* of the row, for good */
    void (*free)(void *data);
};
struct tui_rows *tui_rows_new(const struct tui_column *columns, int n_columns, int32_t n,
                              void *data); /* one reference; set the functions */
struct tui_rows *tui_rows_hold(struct tui_rows *r);
void tui_rows_release(struct tui_rows *r);
/* A cell's text and number whatever the functions give: "", NaN where there is none; without a
 * number function, the number that the text says. */
const char *tui_rows_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size);
double tui_rows_number(const struct tui_rows *r, int32_t row, int column);
int32_t tui_rows_find(const struct tui_rows *r, uint64_t key); /* row; -1: none. O(n) */
bool tui_rows_match(const struct tui_rows *rows, int32_t row, const struct tui_query *q);
/* Rows of a command's result: the list under key of its document; column names are keys of the rows
 * ("metrics.ndcg_at_10" goes inside). The key of a row is a hash of its first column's text. */
struct tui_rows *tui_rows_of_result(const struct rs_val *list, const struct tui_column *columns,
                                    int n_columns);

/* A sort: stable, rows that are equal in column go by previous. */
struct tui_sort {
    int column; /* -1: as loaded */
    bool descending;
    int previous; /* -1: none */
    bool previous_descending;
};

/* rows, order, at and top go together: they change at once, when an ordering is there. A view reads
 * what is shown from rows->data, not from a snapshot that it gave later. */
struct tui_share;
struct tui_table {
    struct tui_rows *rows; /* NULL: not loaded yet */
    struct tui_rows *next; /* newer ones whose order is being made; NULL: none */
    int32_t *order;        /* [n_shown] row indices as shown */
    int32_t n_shown;
    int32_t at, top; /* place in order of the cursor and of the first visible row */
    uint64_t at_key;
    int column, first_column; /* cursor column; first one after the frozen ones */
    uint64_t *marks;          /* keys, sorted */
    int32_t n_marks;
    uint64_t last_mark; /* where a range begins */
    int sort_column;    /* asked for; -1: as loaded */
    bool descending;
    int previous_column; /* tie-break */
    bool previous_descending;
    struct tui_sort shown;   /* the sort that made order */
    char filter[256];        /* as typed */
    struct tui_query *query; /* of the last filter that parsed */
    char filter_error[500];  /* "?" behind the filter while it does not parse */
    bool ordering;           /* the worker is at it */
    struct tui_share *share; /* how far it is; NULL: it is not */
    int view, kind;          /* of the ordering work */
    int width;               /* of the last drawing */
    const char *empty;       /* what to say without rows: names the next key */
};
void tui_table_init(struct tui_table *t, int view, int kind, const char *empty);
void tui_table_clear(struct tui_table *t);
/* New rows (takes the reference): keeps cursor, marks, filter, sort by key; starts the ordering
 * where one is needed. *gone_out: marks on rows that are no more (or NULL). Up to 2,000 rows are
 * ordered at once, and any number where w is NULL. */
void tui_table_set(struct tui_table *t, struct tui_worker *w, struct tui_rows *rows, int *gone_out);
/* An answer of the ordering work: true where it was ours. */
bool tui_table_read(struct tui_table *t, struct tui_event *e);
void tui_table_filter(struct tui_table *t, struct tui_worker *w, const char *text);
/* Moving, sorting, marking: true where the request was the table's. count: typed before the key, 0
 * none. height: visible rows. */
bool tui_table_request(struct tui_table *t, struct tui_worker *w, enum tui_request r, int count,
                       int height);
void tui_table_draw(struct tui_table *t, struct tui_canvas *c, struct tui_rect area, bool focused);
/* Puts the cursor on the row with this key; false: it is not shown. */
bool tui_table_go(struct tui_table *t, uint64_t key);
int32_t tui_table_row(const struct tui_table *t); /* row index of the cursor, -1: none */
bool tui_table_marked(const struct tui_table *t, int32_t row);
void tui_table_status(const struct tui_table *t, const char *what, struct rs_str *out);
/* The table as shown, as CSV (RFC 4180). */
void tui_table_csv(const struct tui_table *t, struct rs_str *out);
/* On the worker and in tests: the order of rows under a query and a sort; the caller frees. NULL in
 * *out with RS_ECANCEL. The task hears shares of 1. Stable; missing values last both ways. */
RS_MUST_USE enum rs_code tui_order(const struct tui_rows *rows, const struct tui_query *q,
                                   const struct tui_sort *sort_by, struct rs_task *task,
                                   int32_t **out, int32_t *n_out, struct rs_err *err);

#endif
