/*
 * table - typed cells in one array, row by row; shown as aligned text, CSV or JSON.
 */
#include "rs/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/utf8.h"
#include "val_impl.h"

enum { MIN_CUT_WIDTH = 8, GAP = 2, MAX_DIGITS = 17 };

enum cell_type { CELL_EMPTY, CELL_STR, CELL_INT, CELL_REAL, CELL_BOOL, CELL_VAL };

struct cell {
    enum cell_type type;
    union {
        int64_t i;
        double r;
        bool b;
        struct rs_val *v;
    };
    char *text; /* of a CELL_STR, and what people see of a CELL_VAL */
};

struct column {
    char *key;
    char *title;
    enum rs_align align;
    int digits;
};

struct rs_table {
    struct column *columns;
    size_t n_columns;
    struct cell *cells; /* [n_rows x n_columns] */
    size_t n_rows;
    size_t cap_rows;
    size_t at; /* next column of the row being filled */
};

struct rs_table *rs_table_new(void)
{
    return rs_xalloc(1, sizeof(struct rs_table));
}

void rs_table_free(struct rs_table *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        if (t->cells[i].type == CELL_VAL) rs_val_free(t->cells[i].v);
        free(t->cells[i].text);
    }
    for (size_t c = 0; c < t->n_columns; c++) {
        free(t->columns[c].key);
        free(t->columns[c].title);
    }
    free(t->columns);
    free(t->cells);
    free(t);
}

void rs_table_column(struct rs_table *t, const char *key, const char *title, enum rs_align align,
                     int digits)
{
    rs_assert(t->n_rows == 0);
    struct column *columns = rs_xalloc(t->n_columns + 1, sizeof(*columns));
    if (t->n_columns > 0) memcpy(columns, t->columns, t->n_columns * sizeof(*columns));
    free(t->columns);
    t->columns = columns;
    columns[t->n_columns++] = (struct column){
        .key = rs_xstrdup(key),
        .title = rs_xstrdup(title ? title : key),
        .align = align,
        .digits = digits > MAX_DIGITS ? MAX_DIGITS : digits,
    };
}

void rs_table_row(struct rs_table *t)
{
    rs_assert(t->n_columns > 0);
    if (t->n_rows == t->cap_rows) {
        size_t cap = t->cap_rows ? t->cap_rows * 2 : 16;
        struct cell *cells = rs_xalloc(cap, t->n_columns * sizeof(*cells));
        if (t->n_rows > 0) memcpy(cells, t->cells, t->n_rows * t->n_columns * sizeof(*cells));
        free(t->cells);
        t->cells = cells;
        t->cap_rows = cap;
    }
    t->n_rows++;
    t->at = 0;
}

static struct cell *next_cell(struct rs_table *t, enum cell_type type)
{
    rs_assert(t->n_rows > 0 && t->at < t->n_columns);
    struct cell *c = &t->cells[(t->n_rows - 1) * t->n_columns + t->at++];
    c->type = type;
    return c;
}

void rs_table_str(struct rs_table *t, const char *s)
{
    next_cell(t, s ? CELL_STR : CELL_EMPTY)->text = rs_xstrdup(s);
}

void rs_table_int(struct rs_table *t, int64_t v)
{
    next_cell(t, CELL_INT)->i = v;
}

void rs_table_real(struct rs_table *t, double v)
{
    next_cell(t, isfinite(v) ? CELL_REAL : CELL_EMPTY)->r = v;
}

void rs_table_bool(struct rs_table *t, bool v)
{
    next_cell(t, CELL_BOOL)->b = v;
}

void rs_table_val(struct rs_table *t, struct rs_val *v, const char *text)
{
    struct cell *c = next_cell(t, CELL_VAL);
    c->v = v;
    c->text = rs_xstrdup(text ? text : "");
}

size_t rs_table_n_rows(const struct rs_table *t)
{
    return t->n_rows;
}

size_t rs_table_n_columns(const struct rs_table *t)
{
    return t->n_columns;
}

/* ---- aligned text -------------------------------------------------------------------------- */

/* What people see of a cell, before it is made safe; digits -1: reals in full. */
static void cell_text(const struct cell *c, int digits, struct rs_str *out)
{
    switch (c->type) {
    case CELL_EMPTY:
        break;
    case CELL_INT:
        rs_str_addf(out, "%lld", (long long)c->i);
        break;
    case CELL_REAL:
        if (digits < 0) {
            rs_str_add_double(out, c->r);
        } else {
            rs_str_addf(out, "%.*f", digits, c->r);
        }
        break;
    case CELL_BOOL:
        rs_str_add(out, c->b ? "yes" : "no");
        break;
    case CELL_STR:
    case CELL_VAL:
        rs_str_add(out, c->text);
        break;
    }
}

static int sum_widths(const int *widths, size_t n)
{
    int sum = n > 0 ? GAP * (int)(n - 1) : 0;
    for (size_t c = 0; c < n; c++)
        sum += widths[c];
    return sum;
}

/* Take columns from the widest left-aligned one until the line fits or none can give. */
static void cut_widths(const struct rs_table *t, int *widths, int max_width)
{
    int excess = sum_widths(widths, t->n_columns) - max_width;
    while (excess > 0) {
        size_t widest = t->n_columns;
        int second = MIN_CUT_WIDTH; /* the widest gives way down to the next one at once */
        for (size_t c = 0; c < t->n_columns; c++) {
            if (t->columns[c].align != RS_LEFT || widths[c] <= MIN_CUT_WIDTH) continue;
            if (widest == t->n_columns || widths[c] > widths[widest]) {
                if (widest < t->n_columns) second = widths[widest];
                widest = c;
            } else if (widths[c] > second) {
                second = widths[c];
            }
        }
        if (widest == t->n_columns) return;
        int give = widths[widest] - second;
        if (give > excess) give = excess;
        if (give < 1) give = 1;
        widths[widest] -= give;
        excess -= give;
    }
}

static void pad(struct rs_str *line, char c, int n)
{
    for (int i = 0; i < n; i++)
        rs_str_addc(line, c);
}

static void add_cell(struct rs_str *line, const char *text, enum rs_align align, int width)
{
    int used = rs_text_width(text);
    if (align == RS_RIGHT) pad(line, ' ', width - used);
    size_t start = line->len;
    rs_text_fit(text, width, line);
    if (align == RS_RIGHT) return;
    if (used > width) used = rs_text_width(rs_str_text(line) + start); /* cut: may end early */
    pad(line, ' ', width - used);
}

static void end_line(struct rs_str *line, struct rs_str *out)
{
    size_t len = line->len;
    while (len > 0 && line->data[len - 1] == ' ')
        len--;
    if (line->failed) out->failed = true;
    rs_str_addn(out, rs_str_text(line), len);
    rs_str_addc(out, '\n');
    rs_str_reset(line);
}

static void print_head(const struct rs_table *t, const int *widths, struct rs_str *line,
                       struct rs_str *out)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        if (c > 0) pad(line, ' ', GAP);
        add_cell(line, t->columns[c].title, t->columns[c].align, widths[c]);
    }
    end_line(line, out);
    for (size_t c = 0; c < t->n_columns; c++) {
        if (c > 0) pad(line, ' ', GAP);
        pad(line, '-', widths[c]);
    }
    end_line(line, out);
}

/* A table of pairs has no headings: all its titles are empty. */
static bool has_titles(const struct rs_table *t)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        if (t->columns[c].title[0]) return true;
    }
    return false;
}

void rs_table_print(const struct rs_table *t, int max_width, struct rs_str *out)
{
    if (t->n_columns == 0) return;
    int *widths = rs_xalloc(t->n_columns, sizeof(*widths));
    struct rs_str text;
    struct rs_str line;
    rs_str_init(&text, 0);
    rs_str_init(&line, 0);
    for (size_t c = 0; c < t->n_columns; c++) {
        widths[c] = rs_text_width(t->columns[c].title);
        for (size_t r = 0; r < t->n_rows; r++) {
            rs_str_reset(&text);
            cell_text(&t->cells[r * t->n_columns + c], t->columns[c].digits, &text);
            int w = rs_text_width(rs_str_text(&text));
            if (w > widths[c]) widths[c] = w;
        }
    }
    if (max_width > 0) cut_widths(t, widths, max_width);
    if (has_titles(t)) print_head(t, widths, &line, out);
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            rs_str_reset(&text);
            cell_text(&t->cells[r * t->n_columns + c], t->columns[c].digits, &text);
            if (c > 0) pad(&line, ' ', GAP);
            add_cell(&line, rs_str_text(&text), t->columns[c].align, widths[c]);
        }
        end_line(&line, out);
    }
    rs_str_clear(&line);
    rs_str_clear(&text);
    free(widths);
}

/* ---- CSV and JSON -------------------------------------------------------------------------- */

static void csv_field(const char *s, struct rs_str *out)
{
    if (!strpbrk(s, ",\"\r\n")) {
        rs_str_add(out, s);
        return;
    }
    rs_str_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"') rs_str_addc(out, '"');
        rs_str_addc(out, *s);
    }
    rs_str_addc(out, '"');
}

void rs_table_csv(const struct rs_table *t, struct rs_str *out)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    for (size_t c = 0; c < t->n_columns; c++) {
        if (c > 0) rs_str_addc(out, ',');
        csv_field(t->columns[c].key, out);
    }
    rs_str_addc(out, '\n');
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        const struct cell *cell = &t->cells[i];
        rs_str_reset(&text);
        if (cell->type == CELL_BOOL) {
            rs_str_add(&text, cell->b ? "true" : "false");
        } else {
            cell_text(cell, -1, &text);
        }
        csv_field(rs_str_text(&text), out);
        rs_str_addc(out, (i + 1) % t->n_columns ? ',' : '\n');
    }
    rs_str_clear(&text);
}

static struct rs_val *cell_val(const struct cell *c)
{
    switch (c->type) {
    case CELL_EMPTY:
        break;
    case CELL_STR:
        return rs_val_str(c->text);
    case CELL_INT:
        return rs_val_int(c->i);
    case CELL_REAL:
        return rs_val_real(c->r);
    case CELL_BOOL:
        return rs_val_bool(c->b);
    case CELL_VAL:
        return c->v ? rs_val_copy(c->v) : rs_val_null();
    }
    return rs_val_null();
}

struct rs_val *rs_table_to_val(const struct rs_table *t)
{
    struct rs_val *list = rs_val_list();
    for (size_t r = 0; r < t->n_rows; r++) {
        struct rs_val *map = rs_val_push(list, rs_val_map());
        for (size_t c = 0; c < t->n_columns; c++)
            rs_val_set(map, t->columns[c].key, cell_val(&t->cells[r * t->n_columns + c]));
    }
    return list;
}

/* ---- text on a terminal -------------------------------------------------------------------- */

static int shown_width(const struct rs_char *c)
{
    return c->kind == RS_CHAR_UNSAFE ? 1 : c->kind == RS_CHAR_BIDI ? 0 : c->width;
}

int rs_text_width(const char *s)
{
    int width = 0;
    for (size_t len = strlen(s); len > 0;) {
        struct rs_char c = rs_char_at(s, len);
        width += shown_width(&c);
        s += c.bytes;
        len -= c.bytes;
    }
    return width;
}

void rs_text_fit(const char *s, int width, struct rs_str *out)
{
    bool cut = rs_text_width(s) > width;
    if (width < 1) return;
    int left = cut ? width - 1 : width;
    for (size_t len = strlen(s); len > 0;) {
        struct rs_char c = rs_char_at(s, len);
        int w = shown_width(&c);
        if (w > left) break;
        if (c.kind == RS_CHAR_UNSAFE) {
            rs_str_addc(out, '?');
        } else if (c.kind != RS_CHAR_BIDI) {
            rs_str_addn(out, s, c.bytes);
        }
        left -= w;
        s += c.bytes;
        len -= c.bytes;
    }
    if (cut) rs_str_add(out, "\xe2\x80\xa6");
}
