/*
 * rows - snapshots of rows: counted holders, and the rows of a command's result.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "table.h"

struct tui_rows *tui_rows_new(const struct tui_column *columns, int n_columns, int32_t n,
                              void *data)
{
    struct tui_rows *r = rs_xalloc(1, sizeof(*r));
    r->refs = 1;
    r->columns = (struct tui_columns){columns, n_columns};
    r->n = n;
    r->data = data;
    return r;
}

struct tui_rows *tui_rows_hold(struct tui_rows *r)
{
    if (r) atomic_fetch_add(&r->refs, 1);
    return r;
}

void tui_rows_release(struct tui_rows *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) > 1) return;
    if (r->free) r->free(r->data);
    free(r);
}

const char *tui_rows_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size)
{
    enum tui_role role = TUI_TEXT;
    const char *s = r->text(r, row, column, buf, size, &role);
    return s ? s : "";
}

double tui_rows_number(const struct tui_rows *r, int32_t row, int column)
{
    char buf[64];
    double v;
    if (r->number) return r->number(r, row, column);
    if (rs_str_to_double(tui_rows_text(r, row, column, buf, sizeof(buf)), &v)) return v;
    return NAN;
}

int32_t tui_rows_find(const struct tui_rows *r, uint64_t key)
{
    for (int32_t row = 0; row < r->n; row++) {
        if (r->key(r, row) == key) return row;
    }
    return -1;
}

/* ---- of a result ---- */

struct result_rows {
    struct rs_val *list;
    const struct rs_val **cells; /* [n x n_columns]; NULL: not there */
    uint64_t *keys;              /* [n] */
};

/* Up to four places after the point, as metrics are read; whole numbers without any. */
static void put_real(double v, char *buf, size_t size)
{
    double a = fabs(v);
    int digits = a >= 100 ? 1 : a >= 10 ? 2 : 4;
    if (v == floor(v) && a < 1e15) {
        snprintf(buf, size, "%.0f", v);
    } else if (a >= 0.001 && a < 1e15) {
        snprintf(buf, size, "%.*f", digits, v);
    } else {
        snprintf(buf, size, "%.3g", v);
    }
}

static const char *scalar_text(const struct rs_val *v, char *buf, size_t size)
{
    if (!v) return "-";
    switch (v->type) {
    case RS_VAL_STR:
        return v->s[0] ? v->s : "-";
    case RS_VAL_INT:
        snprintf(buf, size, "%lld", (long long)v->i);
        return buf;
    case RS_VAL_REAL:
        put_real(v->r, buf, size);
        return buf;
    case RS_VAL_BOOL:
        return v->b ? "yes" : "no";
    case RS_VAL_LIST:
    case RS_VAL_MAP:
        snprintf(buf, size, "%zu values", v->n);
        return buf;
    default:
        return "-";
    }
}

/* "a, b" of a list, "k=v, l=w" of a map; what does not fit is cut. */
static const char *joined_text(const struct rs_val *v, char *buf, size_t size)
{
    char part[64];
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < v->n && len + 1 < size; i++) {
        const char *key = v->type == RS_VAL_MAP ? v->keys[i] : "";
        int n = snprintf(buf + len, size - len, "%s%s%s%s", i > 0 ? ", " : "", key,
                         key[0] ? "=" : "", scalar_text(v->items[i], part, sizeof(part)));
        len += n > 0 ? (size_t)n : 0;
    }
    return buf[0] ? buf : "-";
}

static const struct rs_val *cell_of(const struct tui_rows *r, int32_t row, int column)
{
    const struct result_rows *d = r->data;
    return d->cells[(int64_t)row * r->columns.n + column];
}

static const char *result_text(const struct tui_rows *r, int32_t row, int column, char *buf,
                               int size, enum tui_role *role_out)
{
    const struct rs_val *v = cell_of(r, row, column);
    if (!v || v->type == RS_VAL_NULL) *role_out = TUI_DIM;
    if (v && v->type >= RS_VAL_LIST) return joined_text(v, buf, (size_t)size);
    return scalar_text(v, buf, (size_t)size);
}

static double result_number(const struct tui_rows *r, int32_t row, int column)
{
    const struct rs_val *v = cell_of(r, row, column);
    double number;
    if (!v) return NAN;
    switch (v->type) {
    case RS_VAL_INT:
        return (double)v->i;
    case RS_VAL_REAL:
        return v->r;
    case RS_VAL_BOOL:
        return v->b ? 1 : 0;
    case RS_VAL_STR:
        if (rs_str_to_double(v->s, &number)) return number;
        return NAN;
    default:
        return NAN;
    }
}

static uint64_t result_key(const struct tui_rows *r, int32_t row)
{
    const struct result_rows *d = r->data;
    return d->keys[row];
}

static void result_free(void *data)
{
    struct result_rows *d = data;
    rs_val_free(d->list);
    free(d->cells);
    free(d->keys);
    free(d);
}

static const struct rs_val *look_up(const struct rs_val *row, const char *name)
{
    if (row->type != RS_VAL_MAP) return NULL;
    const struct rs_val *v = rs_val_get(row, name); /* a key may have a point in it */
    return v ? v : rs_val_at(row, name);
}

struct tui_rows *tui_rows_of_result(const struct rs_val *list, const struct tui_column *columns,
                                    int n_columns)
{
    char buf[256];
    size_t n = list && list->type == RS_VAL_LIST ? list->n : 0;
    struct result_rows *d = rs_xalloc(1, sizeof(*d));
    d->list = n > 0 ? rs_val_copy(list) : rs_val_list();
    d->cells = rs_xalloc(n * (size_t)n_columns + 1, sizeof(void *));
    d->keys = rs_xalloc(n + 1, sizeof(*d->keys));
    struct tui_rows *r = tui_rows_new(columns, n_columns, (int32_t)n, d);
    r->text = result_text;
    r->number = result_number;
    r->key = result_key;
    r->free = result_free;
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < n_columns; c++) {
            d->cells[i * (size_t)n_columns + (size_t)c] =
                look_up(d->list->items[i], columns[c].name);
        }
        const char *name = tui_rows_text(r, (int32_t)i, 0, buf, sizeof(buf));
        d->keys[i] = rs_checksum(name, strlen(name));
    }
    return r;
}
