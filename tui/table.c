/*
 * table - a list's state: rows, their order, cursor and marks by key, filter and sort.
 *
 * t->rows, t->order, t->at and t->top always belong together. New rows wait in t->next until their
 * order is there, so what is drawn stays whole meanwhile. Cursor and marks survive as keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/task.h"
#include "table_impl.h"

enum { AT_ONCE = 2000 }; /* rows that are ordered without the worker: about a millisecond */

static const struct tui_sort as_loaded = {.column = -1, .previous = -1};

static struct tui_sort asked_sort(const struct tui_table *t)
{
    return (struct tui_sort){t->sort_column, t->descending, t->previous_column,
                             t->previous_descending};
}

static void ask_sort(struct tui_table *t, struct tui_sort s)
{
    t->sort_column = s.column;
    t->descending = s.descending;
    t->previous_column = s.previous;
    t->previous_descending = s.previous_descending;
}

void tui_table_init(struct tui_table *t, int view, int kind, const char *empty)
{
    *t = (struct tui_table){.view = view, .kind = kind, .shown = as_loaded, .empty = empty};
    ask_sort(t, as_loaded);
}

static void share_release(struct tui_share *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) free(s);
}

void tui_table_clear(struct tui_table *t)
{
    tui_rows_release(t->rows);
    tui_rows_release(t->next);
    tui_query_free(t->query);
    share_release(t->share);
    free(t->order);
    free(t->marks);
    tui_table_init(t, t->view, t->kind, t->empty);
}

int32_t tui_table_row(const struct tui_table *t)
{
    return t->rows && t->at < t->n_shown ? t->order[t->at] : -1;
}

uint64_t tui_table_key_at(const struct tui_table *t, int32_t place)
{
    rs_assert(t->rows && place < t->n_shown);
    return t->rows->key(t->rows, t->order[place]);
}

/* ---- order ---- */

struct ordering {
    struct tui_share *share;
    struct tui_rows *rows;
    struct tui_query *query;
    struct tui_sort sort;
    int32_t *order; /* the answer */
    int32_t n;
};

static void ordering_free(void *p)
{
    struct ordering *o = p;
    share_release(o->share);
    tui_rows_release(o->rows);
    tui_query_free(o->query);
    free(o->order);
    free(o);
}

static struct ordering *ordering_new(const struct tui_table *t)
{
    struct ordering *o = rs_xalloc(1, sizeof(*o));
    o->rows = tui_rows_hold(t->next ? t->next : t->rows);
    o->query = tui_query_hold(t->query);
    o->sort = asked_sort(t);
    return o;
}

static enum rs_code order_rows(struct ordering *o, struct rs_task *task, struct rs_err *err)
{
    return tui_order(o->rows, o->query, &o->sort, task, &o->order, &o->n, err);
}

static void note_share(const struct rs_progress *p, void *ctx)
{
    struct tui_share *s = ctx;
    if (p->seconds >= 0.1) atomic_store(&s->percent, 1 + (int)(98 * p->done));
}

static enum rs_code run_ordering(struct tui_work *w, struct rs_err *err)
{
    struct ordering *o = w->in;
    struct rs_task task = {.on_progress = note_share, .ctx = o->share, .parent = w->task};
    w->out = o; /* the answer is in the question */
    w->in = NULL;
    rs_task_begin(&task, "sorting", NULL, 1);
    return order_rows(o, &task, err);
}

/* The worker is at o; NULL: no more. */
static void set_ordering(struct tui_table *t, struct ordering *o)
{
    t->ordering = o != NULL;
    share_release(t->share);
    t->share = NULL;
    if (!o) return;
    o->share = rs_xalloc(1, sizeof(*o->share));
    atomic_store(&o->share->refs, 2);
    t->share = o->share;
}

/* The place of key in the order; -1: it is not shown. */
static int32_t place_of(const struct tui_table *t, uint64_t key)
{
    int32_t row = t->rows ? tui_rows_find(t->rows, key) : -1;
    for (int32_t place = 0; row >= 0 && place < t->n_shown; place++) {
        if (t->order[place] == row) return place;
    }
    return -1;
}

static int32_t clamp(int64_t v, int32_t low, int32_t high)
{
    if (v > high) v = high;
    return v < low ? low : (int32_t)v;
}

/* The cursor on its row, at the height where it was. One whose row is hidden stays at its place and
 * comes back with the row; one whose row is gone is the row's that stands there now. */
static void place_cursor(struct tui_table *t, bool first_time)
{
    int32_t offset = t->at - t->top;
    int32_t place = first_time ? 0 : place_of(t, t->at_key);
    bool gone = place < 0 && tui_rows_find(t->rows, t->at_key) < 0;
    t->at = clamp(place < 0 ? t->at : place, 0, t->n_shown > 0 ? t->n_shown - 1 : 0);
    t->top = clamp((int64_t)t->at - offset, 0, t->at);
    if ((gone || first_time) && t->n_shown > 0) t->at_key = tui_table_key_at(t, t->at);
}

/* Takes what the ordering found. */
static void apply(struct tui_table *t, struct ordering *o)
{
    bool first_time = !t->rows;
    if (o->rows == t->next) {
        tui_rows_release(t->rows);
        t->rows = t->next;
        t->next = NULL;
    }
    free(t->order);
    t->order = o->order;
    t->n_shown = o->n;
    o->order = NULL;
    t->shown = o->sort;
    set_ordering(t, NULL);
    place_cursor(t, first_time);
}

static void say_error(struct tui_table *t, const struct rs_err *err)
{
    snprintf(t->filter_error, sizeof(t->filter_error), "%s", err->msg);
}

static void start(struct tui_table *t, struct tui_worker *w)
{
    struct rs_err err = {0};
    const struct tui_rows *rows = t->next ? t->next : t->rows;
    if (!rows) return;
    struct ordering *o = ordering_new(t);
    bool as_it_is = !t->query && t->sort_column < 0;
    if (w && rows->n > AT_ONCE && !as_it_is) {
        set_ordering(t, o);
        tui_worker_submit_as(w, TUI_WORK_PURE, t->view, t->kind, run_ordering, o, ordering_free,
                             ordering_free);
        return;
    }
    if (t->ordering && w) tui_worker_cancel_kind(w, t->view, t->kind);
    set_ordering(t, NULL);
    if (order_rows(o, NULL, &err)) {
        say_error(t, &err);
    } else {
        apply(t, o);
    }
    ordering_free(o);
}

bool tui_table_read(struct tui_table *t, struct tui_event *e)
{
    if (e->view != t->view || e->kind != t->kind) return false;
    struct ordering *o = e->out;
    set_ordering(t, NULL);
    if (e->rc) {
        say_error(t, &e->err);
    } else if (o->rows == (t->next ? t->next : t->rows)) {
        apply(t, o);
    }
    return true;
}

/* ^C: the order that is shown stays, with the sort that made it. */
static void stop_ordering(struct tui_table *t, struct tui_worker *w)
{
    tui_worker_cancel_kind(w, t->view, t->kind);
    set_ordering(t, NULL);
    if (!t->rows) return;
    tui_rows_release(t->next);
    t->next = NULL;
    ask_sort(t, t->shown);
}

/* ---- filter ---- */

/* The query of t->filter for these columns; one that does not parse leaves the one before. */
static void parse_filter(struct tui_table *t, const struct tui_columns *columns)
{
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    t->filter_error[0] = '\0';
    if (tui_query_parse(t->filter, columns, &q, &err)) {
        say_error(t, &err);
        return;
    }
    tui_query_free(t->query);
    t->query = q;
}

void tui_table_filter(struct tui_table *t, struct tui_worker *w, const char *text)
{
    const struct tui_rows *rows = t->next ? t->next : t->rows;
    size_t n = strlen(text);
    if (n >= sizeof(t->filter)) {
        snprintf(t->filter_error, sizeof(t->filter_error), "filter: longer than %zu bytes",
                 sizeof(t->filter) - 1);
        return;
    }
    memcpy(t->filter, text, n + 1);
    if (!rows) return; /* parsed once the columns are known */
    parse_filter(t, &rows->columns);
    if (!t->filter_error[0]) start(t, w);
}

void tui_table_set(struct tui_table *t, struct tui_worker *w, struct tui_rows *rows, int *gone_out)
{
    const struct tui_rows *before = t->next ? t->next : t->rows;
    if (before && before->columns.list != rows->columns.list) {
        tui_query_free(t->query); /* it counts the columns of before */
        t->query = NULL;
    }
    int gone = tui_marks_drop_gone(t, rows);
    if (gone_out) *gone_out = gone;
    parse_filter(t, &rows->columns);
    if (t->sort_column >= rows->columns.n) ask_sort(t, as_loaded);
    tui_rows_release(t->next);
    t->next = rows;
    start(t, w);
}

/* Only rows whose cell in the cursor's column reads the same. */
static void filter_by_cell(struct tui_table *t, struct tui_worker *w)
{
    char buf[256];
    struct rs_str text;
    rs_str_init(&text, 0);
    const char *cell = tui_rows_text(t->rows, t->order[t->at], t->column, buf, sizeof(buf));
    const char *name = t->rows->columns.list[t->column].name;
    double v = tui_rows_number(t->rows, t->order[t->at], t->column);
    rs_str_addf(&text, "%s=", name);
    if ((t->rows->columns.list[t->column].flags & TUI_NUMBER) && v == v) {
        rs_str_add_double(&text, v);
    } else {
        rs_str_addc(&text, '"');
        for (const char *s = cell; *s; s++) {
            if (*s == '"' || *s == '\\') rs_str_addc(&text, '\\');
            rs_str_addc(&text, *s);
        }
        rs_str_addc(&text, '"');
    }
    tui_table_filter(t, w, rs_str_text(&text));
    rs_str_clear(&text);
}

/* ---- requests ---- */

static void move_to(struct tui_table *t, int64_t place, int height)
{
    if (t->n_shown == 0) return;
    t->at = clamp(place, 0, t->n_shown - 1);
    t->at_key = tui_table_key_at(t, t->at);
    if (t->at < t->top) t->top = t->at;
    if (height > 0 && t->at >= t->top + height) t->top = t->at - height + 1;
}

bool tui_table_go(struct tui_table *t, uint64_t key)
{
    int32_t place = place_of(t, key);
    if (place < 0) return false;
    move_to(t, place, 0);
    return true;
}

static bool request_move(struct tui_table *t, enum tui_request r, int count, int height)
{
    int64_t step = count > 0 ? count : 1;
    int64_t page = step * (height > 0 ? height : 1);
    switch (r) {
    case TUI_REQ_UP:
        move_to(t, t->at - step, height);
        return true;
    case TUI_REQ_DOWN:
        move_to(t, t->at + step, height);
        return true;
    case TUI_REQ_PAGE_UP:
        move_to(t, t->at - page, height);
        return true;
    case TUI_REQ_PAGE_DOWN:
        move_to(t, t->at + page, height);
        return true;
    case TUI_REQ_FIRST:
        move_to(t, step - 1, height);
        return true;
    case TUI_REQ_LAST:
        move_to(t, count > 0 ? step - 1 : t->n_shown - 1, height);
        return true;
    case TUI_REQ_NEXT_MATCH: /* all that is shown matches */
        if (t->query && t->n_shown > 0) move_to(t, (t->at + step) % t->n_shown, height);
        return true;
    case TUI_REQ_PREVIOUS_MATCH:
        if (t->query && t->n_shown > 0)
            move_to(t, (t->at + t->n_shown - step % t->n_shown) % t->n_shown, height);
        return true;
    default:
        return false;
    }
}

static bool request_column(struct tui_table *t, enum tui_request r, int count)
{
    int step = count > 0 ? count : 1;
    int last = t->rows ? t->rows->columns.n - 1 : 0;
    switch (r) {
    case TUI_REQ_LEFT:
        t->column = clamp((int64_t)t->column - step, 0, last);
        tui_table_show_column(t);
        return true;
    case TUI_REQ_RIGHT:
        t->column = clamp((int64_t)t->column + step, 0, last);
        tui_table_show_column(t);
        return true;
    case TUI_REQ_SCROLL_LEFT:
    case TUI_REQ_SCROLL_RIGHT: {
        struct tui_fit fit = tui_table_fit(t, t->width);
        if (r == TUI_REQ_SCROLL_RIGHT && fit.hidden_right == 0) return true;
        if (r == TUI_REQ_SCROLL_LEFT) step = -step;
        t->first_column = clamp((int64_t)fit.first + step, fit.n_frozen, last);
        tui_table_clamp_column(t);
        return true;
    }
    default:
        return false;
    }
}

/* Sorts by column from now on; what it was sorted by breaks ties. */
static void sort_by(struct tui_table *t, struct tui_worker *w, int column, bool descending)
{
    if (t->sort_column >= 0 && t->sort_column != column) {
        t->previous_column = t->sort_column;
        t->previous_descending = t->descending;
    }
    if (t->previous_column == column) t->previous_column = -1;
    t->sort_column = column;
    t->descending = descending;
    if (column < 0) ask_sort(t, as_loaded);
    if (t->n_shown > 0)
        t->at_key = tui_table_key_at(t, t->at); /* the row that is seen is the choice */
    start(t, w);
}

static bool request_sort(struct tui_table *t, struct tui_worker *w, enum tui_request r)
{
    int n = t->rows ? t->rows->columns.n : 0;
    if (r != TUI_REQ_SORT_TURN && r != TUI_REQ_SORT_NEXT && r != TUI_REQ_SORT_PREVIOUS)
        return false;
    if (n == 0) return true;
    if (r == TUI_REQ_SORT_TURN) {
        bool ours = t->sort_column == t->column;
        bool last = ours && !t->descending;
        sort_by(t, w, last ? -1 : t->column, !ours);
        return true;
    }
    int from = t->sort_column >= 0 ? t->sort_column : t->column;
    if (t->sort_column >= 0) from += r == TUI_REQ_SORT_NEXT ? 1 : n - 1;
    t->column = from % n;
    tui_table_show_column(t);
    sort_by(t, w, t->column, true);
    return true;
}

static bool request_mark(struct tui_table *t, enum tui_request r, int height)
{
    if (r != TUI_REQ_MARK && r != TUI_REQ_MARK_RANGE && r != TUI_REQ_MARK_ALL &&
        r != TUI_REQ_MARK_NONE)
        return false;
    if (r == TUI_REQ_MARK_NONE) t->n_marks = 0;
    if (t->n_shown == 0) return true;
    if (r == TUI_REQ_MARK) {
        tui_marks_turn(t);
        move_to(t, (int64_t)t->at + 1, height); /* on, so that holding down marks one by one */
    } else if (r == TUI_REQ_MARK_RANGE) {
        tui_marks_range(t);
    } else if (r == TUI_REQ_MARK_ALL) {
        tui_marks_add(t, 0, t->n_shown - 1);
    }
    return true;
}

bool tui_table_request(struct tui_table *t, struct tui_worker *w, enum tui_request r, int count,
                       int height)
{
    if (request_move(t, r, count, height) || request_column(t, r, count)) return true;
    if (request_sort(t, w, r) || request_mark(t, r, height)) return true;
    if (r == TUI_REQ_FILTER_CELL) {
        if (t->n_shown > 0) filter_by_cell(t, w);
        return true;
    }
    if (r == TUI_REQ_INTERRUPT && t->ordering) {
        stop_ordering(t, w);
        return true;
    }
    return false;
}
