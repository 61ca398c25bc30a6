/*
 * table_draw - a table on the canvas: titles, then the rows that are seen, and no others.
 *
 * Columns that do not fit are counted at the end of the title row, and the status says how to reach
 * them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "glyph.h"
#include "rs/base/mem.h"
#include "table_impl.h"

enum {
    CELL = 512,
    COUNT_WIDTH = 4, /* "+12 " at the right end where columns are hidden */
    LEAST_BAR = 3,
};

/* ---- columns ---- */

static int count_frozen(const struct tui_columns *cs)
{
    int n = cs->n > 0 ? 1 : 0;
    while (n < cs->n && (cs->list[n].flags & TUI_FROZEN))
        n++;
    return n;
}

/* Columns [from, to) side by side, a gap behind each. */
static int width_of(const struct tui_columns *cs, int from, int to)
{
    int w = 0;
    for (int c = from; c < to; c++) {
        w += cs->list[c].width + 1;
    }
    return w;
}

struct tui_fit tui_table_fit(const struct tui_table *t, int width)
{
    struct tui_fit fit = {0};
    if (!t->rows) return fit;
    const struct tui_columns *cs = &t->rows->columns;
    int room = width - TUI_TABLE_GUTTER + 1; /* the last one needs no gap */
    fit.n_frozen = count_frozen(cs);
    fit.first = fit.n_frozen;
    fit.end = cs->n;
    int used = width_of(cs, 0, cs->n);
    if (used > room) {
        room -= COUNT_WIDTH;
        if (t->first_column > fit.first) fit.first = t->first_column;
        if (fit.first > cs->n) fit.first = cs->n;
        used = width_of(cs, 0, fit.n_frozen);
        fit.end = fit.first;
        while (fit.end < cs->n) { /* with the last one, nothing is left to count */
            int with = used + cs->list[fit.end].width + 1;
            if (with > room + (fit.end + 1 == cs->n ? COUNT_WIDTH : 0)) break;
            used = with;
            fit.end++;
        }
        /* One at least, cut, where there is any room for it. */
        if (fit.end == fit.first && fit.end < cs->n && used < room) fit.end++;
    }
    fit.hidden_left = fit.first - fit.n_frozen;
    fit.hidden_right = cs->n - fit.end;
    if (fit.hidden_right == 0) room = width - TUI_TABLE_GUTTER + 1;
    fit.extra = room > used ? room - used : 0;
    for (int c = 0; c < fit.end; c++) {
        bool seen = c < fit.n_frozen || c >= fit.first;
        fit.n_growing += seen && (cs->list[c].flags & TUI_GROWS) ? 1 : 0;
    }
    return fit;
}

void tui_table_show_column(struct tui_table *t)
{
    struct tui_fit fit = tui_table_fit(t, t->width);
    if (t->width <= 0 || t->column < fit.n_frozen) return;
    if (t->column < fit.first) t->first_column = t->column;
    while (t->column >= tui_table_fit(t, t->width).end && t->first_column < t->column) {
        t->first_column = (fit.first > t->first_column ? fit.first : t->first_column) + 1;
    }
}

void tui_table_clamp_column(struct tui_table *t)
{
    struct tui_fit fit = tui_table_fit(t, t->width);
    if (t->column < fit.n_frozen) return;
    if (t->column < fit.first) t->column = fit.first;
    if (t->column >= fit.end && fit.end > fit.first) t->column = fit.end - 1;
}

/* ---- drawing ---- */

struct pen {
    const struct tui_table *t;
    struct tui_canvas *c;
    struct tui_rect area; /* clipped: cells stay left of the count of hidden columns */
    struct tui_fit fit;
    bool focused;
};

typedef void cell_fn(const struct pen *p, int column, int x, int y, int w, int32_t row);

/* Calls draw for each column that is seen. */
static void each_column(const struct pen *p, int y, int32_t row, cell_fn *draw)
{
    const struct tui_columns *cs = &p->t->rows->columns;
    int x = p->area.x + TUI_TABLE_GUTTER;
    int left = p->fit.extra;
    int growing = p->fit.n_growing;
    for (int c = 0; c < p->fit.end; c++) {
        if (c >= p->fit.n_frozen && c < p->fit.first) continue;
        int w = cs->list[c].width;
        if (cs->list[c].flags & TUI_GROWS) {
            int share = left / growing--;
            left -= share;
            w += share;
        }
        draw(p, c, x, y, w, row);
        x += w + 1;
    }
}

static bool is_flush_right(unsigned flags)
{
    return (flags & TUI_NUMBER) && !(flags & TUI_BARS);
}

static void draw_title(const struct pen *p, int column, int x, int y, int w, int32_t row)
{
    char title[128];
    (void)row;
    const struct tui_column *col = &p->t->rows->columns.list[column];
    bool sorted = p->t->shown.column == column;
    const struct tui_glyphs *g = p->c->glyphs;
    const char *arrow = p->t->shown.descending ? g->down_arrow : g->up;
    bool here = p->focused && p->t->column == column;
    snprintf(title, sizeof(title), "%s", col->title);
    if (sorted) { /* the arrow is never cut */
        int arrow_w = tui_text_width(arrow) + 1;
        title[tui_text_cut(title, w > arrow_w ? w - arrow_w : 0)] = '\0';
        size_t n = strlen(title);
        snprintf(title + n, sizeof(title) - n, "%s%s", n > 0 ? " " : "", arrow);
    }
    tui_put_in(p->c, p->area, x, y, w, is_flush_right(col->flags), title,
               sorted ? TUI_TEXT : TUI_DIM, (sorted ? TUI_BOLD : 0U) | (here ? TUI_UNDERLINE : 0U));
}

/* "0.1201 #########.": the bar has what the text leaves. */
static void draw_bar(const struct pen *p, int x, int y, int w, const char *text, double share,
                     enum tui_role role)
{
    int text_w = tui_text_width(text);
    tui_put_in(p->c, p->area, x, y, w < text_w ? w : text_w, false, text, role, 0);
    int bar_w = w - text_w - 1;
    if (bar_w >= LEAST_BAR && !isnan(share))
        tui_bar(p->c, p->area, x + text_w + 1, y, bar_w, share, TUI_BAR);
}

/* Shows what the filter found, where the cell has room for all of its text. */
static void tint_match(const struct pen *p, int column, int x, int y, int w, const char *text)
{
    char part[CELL];
    size_t n = 0;
    int text_w = tui_text_width(text);
    const char *at = tui_query_find(p->t->query, column, text, &n);
    size_t before = at ? (size_t)(at - text) : 0;
    if (!at || text_w > w || before + n >= sizeof(part)) return;
    memcpy(part, text, before + n);
    part[before + n] = '\0';
    int end = tui_text_width(part);
    part[before] = '\0';
    int begin = tui_text_width(part);
    if (is_flush_right(p->t->rows->columns.list[column].flags)) x += w - text_w;
    struct tui_rect found = {x + begin, y, end - begin, 1};
    tui_tint(p->c, tui_rect_cut(p->area, found), TUI_MATCH, 0);
}

static void draw_cell(const struct pen *p, int column, int x, int y, int w, int32_t row)
{
    char buf[CELL];
    enum tui_role role = TUI_TEXT;
    const struct tui_rows *r = p->t->rows;
    unsigned flags = r->columns.list[column].flags;
    const char *text = r->text(r, row, column, buf, sizeof(buf), &role);
    if (!text) text = "";
    if (flags & TUI_BARS) {
        draw_bar(p, x, y, w, text, tui_rows_number(r, row, column), role);
    } else {
        tui_put_in(p->c, p->area, x, y, w, is_flush_right(flags), text, role, 0);
        if (p->t->query) tint_match(p, column, x, y, w, text);
    }
}

static void draw_row(const struct pen *p, int y, int32_t place)
{
    int32_t row = p->t->order[place];
    bool marked = tui_table_marked(p->t, row);
    bool here = p->focused && place == p->t->at;
    each_column(p, y, row, draw_cell);
    if (marked) {
        tui_put(p->c, p->area, p->area.x + 1, y, "*", TUI_MARKED, TUI_BOLD);
    }
    if (here) {
        tui_put(p->c, p->area, p->area.x, y, ">", TUI_SELECTED, 0);
        tui_tint(p->c, (struct tui_rect){p->area.x, y, p->area.w, 1}, TUI_SELECTED, 0);
        p->c->cursor_x = p->area.x;
        p->c->cursor_y = y;
    }
}

static void draw_nothing(const struct tui_table *t, struct tui_canvas *c, struct tui_rect area)
{
    int y = t->rows ? area.y + 1 : area.y;
    if (!t->rows) {
        bool failed = !t->ordering && t->filter_error[0];
        tui_put(c, area, area.x, y, failed ? t->filter_error : "loading", TUI_DIM, 0);
    } else if (t->rows->n == 0) {
        tui_put(c, area, area.x, y, t->empty ? t->empty : "", TUI_TEXT, 0);
    } else {
        tui_putf(c, area, area.x, y, TUI_TEXT, 0, "Nothing matches \"%s\". Esc clears the filter.",
                 t->filter);
    }
}

void tui_table_draw(struct tui_table *t, struct tui_canvas *c, struct tui_rect area, bool focused)
{
    if (area.w <= 0 || area.h <= 0) return;
    if (t->width != area.w) {
        t->width = area.w;
        tui_table_show_column(t);
    }
    if (!t->rows) {
        draw_nothing(t, c, area);
        return;
    }
    struct pen p = {t, c, area, tui_table_fit(t, area.w), focused};
    if (p.fit.hidden_left > 0) tui_put(c, area, area.x, area.y, "<", TUI_DIM, 0);
    if (p.fit.hidden_right > 0) {
        tui_putf(c, area, area.x + area.w - COUNT_WIDTH + 1, area.y, TUI_DIM, 0, "+%d",
                 p.fit.hidden_right);
        p.area.w -= COUNT_WIDTH;
    }
    int height = area.h - 1;
    if (t->top > t->n_shown - height) t->top = t->n_shown - height;
    if (t->at >= t->top + height && height > 0) t->top = t->at - height + 1;
    if (t->top > t->at) t->top = t->at;
    if (t->top < 0) t->top = 0;
    each_column(&p, area.y, -1, draw_title);
    for (int i = 0; i < height && t->top + i < t->n_shown; i++) {
        draw_row(&p, area.y + 1 + i, t->top + i);
    }
    if (t->n_shown == 0) draw_nothing(t, c, area);
}

/* ---- status ---- */

/* 162,541 */
static void add_count(struct rs_str *out, int32_t n)
{
    char digits[16];
    int len = snprintf(digits, sizeof(digits), "%d", n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) rs_str_addc(out, ',');
        rs_str_addc(out, digits[i]);
    }
}

void tui_table_status(const struct tui_table *t, const char *what, struct rs_str *out)
{
    if (t->filter[0]) rs_str_addf(out, "/%s%s  ", t->filter, t->filter_error[0] ? " ?" : "");
    if (!t->rows) return;
    if (t->n_shown != t->rows->n) {
        add_count(out, t->n_shown);
        rs_str_add(out, " of ");
    }
    add_count(out, t->rows->n);
    rs_str_addf(out, " %s", what);
    if (t->n_marks > 0) rs_str_addf(out, "  %d marked", t->n_marks);
    int percent = t->share ? atomic_load(&t->share->percent) : 0;
    if (percent > 0) rs_str_addf(out, "  sorting %d %%", percent);
    struct tui_fit fit = tui_table_fit(t, t->width);
    int hidden = fit.hidden_right > 0 ? fit.hidden_right : fit.hidden_left;
    if (t->width > 0 && hidden > 0) {
        rs_str_addf(out, "  +%d column%s, %s to scroll", hidden, hidden > 1 ? "s" : "",
                    fit.hidden_right > 0 ? "L" : "H");
    }
}
