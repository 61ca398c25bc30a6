/*
 * data_grid - columns of numbers and texts, and the cells that tables ask for.
 *
 * Cells are read by the worker (sorting, filtering) and the UI thread alike, so nothing here
 * writes after tui_grid_rows.
 */
#include "data_grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"

static size_t size_of(enum tui_grid_kind kind)
{
    switch (kind) {
    case TUI_GRID_ID:
        return 0;
    case TUI_GRID_TEXT:
        return sizeof(const char *);
    case TUI_GRID_COUNT:
    case TUI_GRID_PLAIN:
        return sizeof(int32_t);
    case TUI_GRID_MONTH:
        return sizeof(int64_t);
    default:
        return sizeof(float);
    }
}

enum rs_code tui_grid_new(const struct tui_grid_form *form, int32_t n, bool integer_ids,
                          struct tui_grid **out, struct rs_err *err)
{
    rs_assert(form->n <= TUI_GRID_COLUMNS);
    struct tui_grid *g = rs_xalloc(1, sizeof(*g));
    size_t rows = (size_t)n + 1;
    bool ok = true;
    g->arena = rs_arena_new((size_t)1 << 16, 0);
    g->form = form;
    g->n = n;
    if (integer_ids) {
        g->ids = rs_arena_alloc(g->arena, rows * sizeof(*g->ids));
        ok = g->ids != NULL;
    } else {
        g->id_texts = rs_arena_alloc(g->arena, rows * sizeof(*g->id_texts));
        ok = g->id_texts != NULL;
    }
    for (int c = 0; c < form->n && ok; c++) {
        size_t size = size_of(form->cells[c].kind);
        if (size == 0) continue;
        g->values[c] = rs_arena_alloc(g->arena, rows * size);
        ok = g->values[c] != NULL;
    }
    if (!ok) {
        tui_grid_free(g);
        return rs_fail(err, RS_ENOMEM, "a table of %d rows", n);
    }
    *out = g;
    return RS_OK;
}

void tui_grid_free(void *grid)
{
    struct tui_grid *g = grid;
    if (!g) return;
    rs_arena_free(g->arena);
    free(g);
}

bool tui_grid_text(struct tui_grid *g, int column, int32_t row, const char *text)
{
    const char **cells = g->values[column];
    cells[row] = text ? rs_arena_strndup(g->arena, text, strlen(text)) : NULL;
    return !text || cells[row];
}

bool tui_grid_id_text(struct tui_grid *g, int32_t row, const char *id)
{
    if (g->ids) return rs_id_parse_int(id, strlen(id), &g->ids[row]);
    g->id_texts[row] = rs_arena_strndup(g->arena, id, strlen(id));
    return g->id_texts[row] != NULL;
}

bool tui_grid_id(struct tui_grid *g, int32_t row, const struct rs_idmap *ids, int32_t index)
{
    if (g->ids) {
        g->ids[row] = rs_idmap_int(ids, index);
        return true;
    }
    size_t len;
    const char *text = rs_idmap_text(ids, index, &len);
    g->id_texts[row] = rs_arena_strndup(g->arena, text, len);
    return g->id_texts[row] != NULL;
}

const char *tui_thousands(int64_t n, char buf[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, n < 0 ? -n : n);
    char *to = buf;
    if (n < 0) *to++ = '-';
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return buf;
}

int32_t tui_month_of(int64_t time_s)
{
    char t[25];
    if (time_s < INT64_MIN / 1000 || time_s > INT64_MAX / 1000) return -1;
    if (!rs_clock_stamp(time_s * 1000, t)) return -1;
    int32_t year = (t[0] - '0') * 1000 + (t[1] - '0') * 100 + (t[2] - '0') * 10 + (t[3] - '0');
    return year * 12 + (t[5] - '0') * 10 + (t[6] - '0') - 1;
}

const char *tui_month_text(int32_t month, char buf[16])
{
    snprintf(buf, 16, "%04d-%02d", month / 12, month % 12 + 1);
    return buf;
}

static const char *count_text(int32_t n, char *buf, int size)
{
    char digits[32];
    if (n < 0) return "-";
    snprintf(buf, (size_t)size, "%s", tui_thousands(n, digits));
    return buf;
}

/* Below 1 without its zero, as scores are read: ".94". */
static const char *real_text(float v, int digits, char *buf, int size)
{
    if (isnan(v)) return "-";
    char text[64];
    snprintf(text, sizeof(text), "%.*f", digits, (double)v);
    snprintf(buf, (size_t)size, "%s", digits > 1 && text[0] == '0' ? text + 1 : text);
    return buf;
}

static const char *share_text(float v, char *buf, int size)
{
    if (isnan(v)) return "-";
    snprintf(buf, (size_t)size, "%.1f%%", 100 * (double)v);
    return buf;
}

static const char *month_text(int64_t time_s, char *buf, int size)
{
    char text[16];
    int32_t month = tui_month_of(time_s);
    if (month < 0) return "-";
    snprintf(buf, (size_t)size, "%s", tui_month_text(month, text) + 2);
    return buf;
}

static const char *id_text(const struct tui_grid *g, int32_t row, char *buf, int size)
{
    if (!g->ids) return g->id_texts[row];
    snprintf(buf, (size_t)size, "%" PRId64, g->ids[row]);
    return buf;
}

static const char *cell_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                             enum tui_role *role_out)
{
    const struct tui_grid *g = r->data;
    const struct tui_grid_cell *c = &g->form->cells[column];
    const void *v = g->values[column];
    (void)role_out;
    switch (c->kind) {
    case TUI_GRID_ID:
        return id_text(g, row, buf, size);
    case TUI_GRID_TEXT: {
        const char *text = ((const char *const *)v)[row];
        return text ? text : "";
    }
    case TUI_GRID_COUNT:
        return count_text(((const int32_t *)v)[row], buf, size);
    case TUI_GRID_PLAIN: {
        int32_t n = ((const int32_t *)v)[row];
        if (!n) return "-";
        snprintf(buf, (size_t)size, "%d", n);
        return buf;
    }
    case TUI_GRID_REAL:
        return real_text(((const float *)v)[row], c->digits, buf, size);
    case TUI_GRID_SHARE:
        return share_text(((const float *)v)[row], buf, size);
    case TUI_GRID_BAR:
        return "";
    case TUI_GRID_MONTH:
        return month_text(((const int64_t *)v)[row], buf, size);
    }
    return "";
}

static double cell_number(const struct tui_rows *r, int32_t row, int column)
{
    const struct tui_grid *g = r->data;
    const void *v = g->values[column];
    switch (g->form->cells[column].kind) {
    case TUI_GRID_ID:
        return g->ids ? (double)g->ids[row] : (double)NAN;
    case TUI_GRID_TEXT:
        return (double)NAN;
    case TUI_GRID_COUNT: {
        int32_t n = ((const int32_t *)v)[row];
        return n < 0 ? (double)NAN : n;
    }
    case TUI_GRID_PLAIN: {
        int32_t n = ((const int32_t *)v)[row];
        return n ? n : (double)NAN;
    }
    case TUI_GRID_MONTH: {
        int64_t t = ((const int64_t *)v)[row];
        return t == INT64_MIN ? (double)NAN : (double)t;
    }
    default:
        return (double)((const float *)v)[row];
    }
}

static uint64_t row_key(const struct tui_rows *r, int32_t row)
{
    const struct tui_grid *g = r->data;
    if (g->ids) return (uint64_t)g->ids[row];
    return rs_checksum(g->id_texts[row], strlen(g->id_texts[row]));
}

struct tui_rows *tui_grid_rows(struct tui_grid *g, int32_t n)
{
    rs_assert(n <= g->n);
    struct tui_rows *r = tui_rows_new(g->form->heads, g->form->n, n, g);
    r->text = cell_text;
    r->number = cell_number;
    r->key = row_key;
    r->free = tui_grid_free;
    return r;
}

const char *tui_grid_row_id(const struct tui_rows *r, int32_t row, char *buf, int size)
{
    char number[32];
    snprintf(buf, (size_t)size, "%s", id_text(r->data, row, number, sizeof(number)));
    return buf;
}

uint64_t tui_grid_key_of(const struct tui_rows *r, const char *id)
{
    const struct tui_grid *g = r->data;
    int64_t number;
    if (g->ids && rs_id_parse_int(id, strlen(id), &number)) return (uint64_t)number;
    return rs_checksum(id, strlen(id));
}
