/*
 * table_out - a table as text for others: the clipboard, a CSV file, how often values come.
 *
 * What takes long works on a copy of the order and a share of the rows, on the worker.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/task.h"
#include "table.h"

enum { CELL = 512, POLL_ROWS = 2048 };

/* What is shown, for a question. */
struct shown {
    struct tui_rows *rows;
    int32_t *order;
    int32_t n;
    int column;
    char *path;
};

static struct shown *shown_new(const struct tui_table *t)
{
    struct shown *s = rs_xalloc(1, sizeof(*s));
    s->rows = tui_rows_hold(t->rows);
    s->n = t->rows ? t->n_shown : 0;
    s->column = t->column;
    s->order = rs_xalloc((size_t)s->n + 1, sizeof(*s->order));
    if (s->n > 0) memcpy(s->order, t->order, (size_t)s->n * sizeof(*s->order));
    return s;
}

static void shown_free(void *in)
{
    struct shown *s = in;
    tui_rows_release(s->rows);
    free(s->order);
    free(s->path);
    free(s);
}

static enum rs_code poll(const struct rs_task *task, int32_t i, struct rs_err *err)
{
    if (i % POLL_ROWS == 0 && rs_task_cancelled(task))
        return rs_fail(err, RS_ECANCEL, "table: stopped");
    return RS_OK;
}

/* ---- copy -------------------------------------------------------------------------------------- */

void tui_table_copy(const struct tui_table *t, bool whole_row, struct rs_str *out)
{
    char buf[CELL];
    int32_t row = tui_table_row(t);
    if (row < 0) return;
    int first = whole_row ? 0 : t->column;
    int end = whole_row ? t->rows->columns.n : t->column + 1;
    for (int c = first; c < end; c++) {
        if (c > first) rs_str_addc(out, '\t');
        rs_str_add(out, tui_rows_text(t->rows, row, c, buf, sizeof(buf)));
    }
}

/* ---- CSV --------------------------------------------------------------------------------------- */

static void add_field(struct rs_str *out, const char *s, bool last)
{
    if (strpbrk(s, ",\"\r\n")) {
        rs_str_addc(out, '"');
        for (; *s; s++) {
            if (*s == '"') rs_str_addc(out, '"');
            rs_str_addc(out, *s);
        }
        rs_str_addc(out, '"');
    } else {
        rs_str_add(out, s);
    }
    rs_str_add(out, last ? "\r\n" : ",");
}

static enum rs_code add_csv(const struct tui_rows *r, const int32_t *order, int32_t n,
                            const struct rs_task *task, struct rs_str *out, struct rs_err *err)
{
    char buf[CELL];
    int n_columns = r->columns.n;
    for (int c = 0; c < n_columns; c++) {
        add_field(out, r->columns.list[c].name, c + 1 == n_columns);
    }
    for (int32_t i = 0; i < n; i++) {
        if (poll(task, i, err)) return RS_ECANCEL;
        for (int c = 0; c < n_columns; c++) {
            add_field(out, tui_rows_text(r, order[i], c, buf, sizeof(buf)), c + 1 == n_columns);
        }
    }
    if (out->failed) return rs_fail(err, RS_ENOMEM, "table of %d rows: out of memory", n);
    return RS_OK;
}

void tui_table_csv(const struct tui_table *t, struct rs_str *out)
{
    struct rs_err err = {0};
    if (!t->rows) return;
    (void)!add_csv(t->rows, t->order, t->n_shown, NULL, out, &err); /* out says that it failed */
}

static enum rs_code write_csv(struct tui_work *w, struct rs_err *err)
{
    const struct shown *s = w->in;
    struct rs_str text;
    if (!s->rows) return rs_fail(err, RS_ENOTFOUND, "%s: the table has no rows yet", s->path);
    rs_str_init(&text, 0);
    enum rs_code rc = add_csv(s->rows, s->order, s->n, w->task, &text, err);
    if (!rc) rc = rs_fs_write(s->path, rs_str_text(&text), text.len, err);
    rs_str_clear(&text);
    if (rc) return rc;
    int64_t *n = rs_xalloc(1, sizeof(*n));
    *n = s->n;
    w->out = n;
    return RS_OK;
}

void tui_table_write(const struct tui_table *t, struct tui_worker *w, int view, int kind,
                     const char *path)
{
    struct shown *s = shown_new(t);
    s->path = rs_xstrdup(path);
    tui_worker_submit_as(w, TUI_WORK_PURE, view, kind, write_csv, s, shown_free, free);
}

/* ---- frequencies ------------------------------------------------------------------------------- */

struct value {
    char *text;
    uint64_t hash;
    int32_t n;
};

struct values {
    struct value *list; /* [n] of [n_slots] once packed: most frequent first */
    size_t n_slots;     /* a power of two, over half of them free */
    int32_t n;
    int32_t total;
};

static const struct tui_column value_columns[] = {
    {.name = "value", .title = "value", .width = 24, .flags = TUI_GROWS},
    {.name = "rows", .title = "rows", .width = 9, .flags = TUI_NUMBER},
    {.name = "share", .title = "share", .width = 18, .flags = TUI_NUMBER | TUI_BARS},
};

static const char *value_text(const struct tui_rows *r, int32_t row, int column, char *buf,
                              int size, enum tui_role *role_out)
{
    (void)role_out;
    const struct values *v = r->data;
    if (column == 0) return v->list[row].text;
    if (column == 1) {
        snprintf(buf, (size_t)size, "%d", v->list[row].n);
    } else {
        snprintf(buf, (size_t)size, "%5.1f %%", 100.0 * v->list[row].n / v->total);
    }
    return buf;
}

static double value_number(const struct tui_rows *r, int32_t row, int column)
{
    double v;
    const struct values *vs = r->data;
    if (column == 0) return rs_str_to_double(vs->list[row].text, &v) ? v : (double)NAN;
    return column == 1 ? vs->list[row].n : (double)vs->list[row].n / vs->total;
}

static uint64_t value_key(const struct tui_rows *r, int32_t row)
{
    const struct values *v = r->data;
    return v->list[row].hash;
}

static void values_free(void *data)
{
    struct values *v = data;
    for (size_t i = 0; i < v->n_slots; i++) {
        free(v->list[i].text);
    }
    free(v->list);
    free(v);
}

static int more_frequent(const void *a, const void *b)
{
    const struct value *x = a;
    const struct value *y = b;
    if (!x->text || !y->text) return !x->text - !y->text; /* free slots last */
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return strcmp(x->text, y->text);
}

static void count_value(struct values *v, const char *text)
{
    uint64_t hash = rs_checksum(text, strlen(text));
    size_t at = (size_t)hash & (v->n_slots - 1);
    while (v->list[at].text && v->list[at].hash != hash) {
        at = (at + 1) & (v->n_slots - 1);
    }
    if (!v->list[at].text) {
        v->list[at] = (struct value){.text = rs_xstrdup(text), .hash = hash};
        v->n++;
    }
    v->list[at].n++;
}

static enum rs_code count_values(struct tui_work *w, struct rs_err *err)
{
    char buf[CELL];
    enum rs_code rc = RS_OK;
    const struct shown *s = w->in;
    struct values *v = rs_xalloc(1, sizeof(*v));
    v->n_slots = 16;
    while (v->n_slots < 2 * (size_t)s->n) {
        v->n_slots *= 2;
    }
    v->list = rs_xalloc(v->n_slots, sizeof(*v->list));
    v->total = s->n;
    for (int32_t i = 0; i < s->n && !rc; i++) {
        rc = poll(w->task, i, err);
        if (!rc) count_value(v, tui_rows_text(s->rows, s->order[i], s->column, buf, sizeof(buf)));
    }
    if (rc) {
        values_free(v);
        return rc;
    }
    qsort(v->list, v->n_slots, sizeof(*v->list), more_frequent);
    struct tui_rows *r = tui_rows_new(value_columns, 3, v->n, v);
    r->text = value_text;
    r->number = value_number;
    r->key = value_key;
    r->free = values_free;
    w->out = r;
    return RS_OK;
}

static void release_rows(void *rows)
{
    tui_rows_release(rows);
}

void tui_table_frequencies(const struct tui_table *t, struct tui_worker *w, int view, int kind)
{
    tui_worker_submit_as(w, TUI_WORK_PURE, view, kind, count_values, shown_new(t), shown_free,
                         release_rows);
}
