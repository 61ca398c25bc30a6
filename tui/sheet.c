/*
 * sheet - rows of a table filled cell by cell.
 */
#include "sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"

struct cell {
    char *text;
    double number;
    enum tui_role role;
};

struct tui_sheet {
    struct tui_column *columns;
    char **names; /* [2 x n_columns] of the columns: name, title */
    int n_columns;
    char **ids; /* [n_rows] */
    int32_t n_rows;
    struct cell *cells; /* [n_rows x n_columns] */
    int at;             /* next column of the last row */
};

/* Room for one more: capacities are powers of two. */
static void *grow(void *list, size_t n, size_t size)
{
    if (n & (n - 1)) return list;
    void *more = rs_xalloc(n ? 2 * n : 1, size);
    if (n) memcpy(more, list, n * size);
    free(list);
    return more;
}

struct tui_sheet *tui_sheet_new(void)
{
    return rs_xalloc(1, sizeof(struct tui_sheet));
}

static void sheet_free(void *sheet)
{
    struct tui_sheet *s = sheet;
    if (!s) return;
    for (int i = 0; i < 2 * s->n_columns; i++) {
        free(s->names[i]);
    }
    for (int32_t i = 0; i < s->n_rows; i++) {
        free(s->ids[i]);
        for (int c = 0; c < s->n_columns; c++) {
            free(s->cells[(size_t)i * (size_t)s->n_columns + (size_t)c].text);
        }
    }
    free(s->columns);
    free(s->names);
    free(s->ids);
    free(s->cells);
    free(s);
}

void tui_sheet_column(struct tui_sheet *s, const char *name, const char *title, int width,
                      unsigned flags)
{
    size_t n = (size_t)s->n_columns;
    rs_assert(s->n_rows == 0);
    s->columns = grow(s->columns, n, sizeof(*s->columns));
    s->names = grow(s->names, n, 2 * sizeof(*s->names));
    s->names[2 * n] = rs_xstrdup(name);
    s->names[2 * n + 1] = rs_xstrdup(title);
    s->columns[n] = (struct tui_column){s->names[2 * n], s->names[2 * n + 1], width, flags};
    s->n_columns++;
}

void tui_sheet_row(struct tui_sheet *s, const char *id)
{
    rs_assert(s->n_columns > 0);
    s->ids = grow(s->ids, (size_t)s->n_rows, sizeof(*s->ids));
    s->cells = grow(s->cells, (size_t)s->n_rows, (size_t)s->n_columns * sizeof(*s->cells));
    s->ids[s->n_rows++] = rs_xstrdup(id);
    struct cell *row = s->cells + (size_t)(s->n_rows - 1) * (size_t)s->n_columns;
    for (int c = 0; c < s->n_columns; c++) {
        row[c] = (struct cell){NULL, (double)NAN, TUI_DIM};
    }
    s->at = 0;
}

void tui_sheet_number(struct tui_sheet *s, const char *text, double number, enum tui_role role)
{
    rs_assert(s->n_rows > 0 && s->at < s->n_columns);
    struct cell *c = s->cells + (size_t)(s->n_rows - 1) * (size_t)s->n_columns + s->at++;
    if (text && text[0]) *c = (struct cell){rs_xstrdup(text), number, role};
}

void tui_sheet_text(struct tui_sheet *s, const char *text, enum tui_role role)
{
    tui_sheet_number(s, text, (double)NAN, role);
}

static const struct cell *cell_of(const struct tui_rows *r, int32_t row, int column)
{
    const struct tui_sheet *s = r->data;
    return &s->cells[(size_t)row * (size_t)s->n_columns + (size_t)column];
}

static const char *cell_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                             enum tui_role *role_out)
{
    (void)buf;
    (void)size;
    const struct cell *c = cell_of(r, row, column);
    *role_out = c->role;
    return c->text ? c->text : "-";
}

static double cell_number(const struct tui_rows *r, int32_t row, int column)
{
    return cell_of(r, row, column)->number;
}

uint64_t tui_sheet_key(const char *id)
{
    return rs_checksum(id, strlen(id));
}

const char *tui_sheet_id(const struct tui_rows *rows, int32_t row)
{
    const struct tui_sheet *s = rows ? rows->data : NULL;
    return s && row >= 0 && row < s->n_rows ? s->ids[row] : "";
}

int32_t tui_sheet_find(const struct tui_rows *rows, const char *id)
{
    for (int32_t i = 0; rows && i < rows->n; i++) {
        if (strcmp(tui_sheet_id(rows, i), id) == 0) return i;
    }
    return -1;
}

static uint64_t row_key(const struct tui_rows *r, int32_t row)
{
    return tui_sheet_key(tui_sheet_id(r, row));
}

struct tui_rows *tui_sheet_rows(struct tui_sheet *s)
{
    struct tui_rows *r = tui_rows_new(s->columns, s->n_columns, s->n_rows, s);
    r->text = cell_text;
    r->number = cell_number;
    r->key = row_key;
    r->free = sheet_free;
    return r;
}
