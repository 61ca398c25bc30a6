/*
 * chart - lines of up to eight series in dots: 2 x 4 a cell in braille, 1 x 2 in half blocks, 1 x 3
 * in ASCII.
 *
 * The canvas is the raster: a cell's character stands for a set of dots, so a dot is added by
 * reading that character back. Drawing thus needs no memory of its own. Points that fall into one
 * column of dots become a stroke from their least to their greatest value: no spike is lost.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "ticks.h"
#include "widgets.h"

enum { LETTER_COLUMNS = 2 };

/* ---- dots in a cell ---- */

struct raster {
    int across, down;          /* dots of a cell */
    const char *const *shapes; /* [1 << (across * down)]; NULL: braille */
};

static const char *const half_shapes[] = {" ", "\u2580", "\u2584", "\u2588"};
/* Bits from above: 1, 2, 4. */
static const char *const ascii_shapes[] = {" ", "'", "-", "\"", ".", ":", ",", "|"};
static const struct raster braille_raster = {2, 4, NULL};
static const struct raster half_raster = {1, 2, half_shapes};
static const struct raster ascii_raster = {1, 3, ascii_shapes};

static const struct raster *raster_of(const struct tui_canvas *c)
{
    if (c->glyphs->braille) return &braille_raster;
    return strcmp(c->glyphs->name, "ascii") == 0 ? &ascii_raster : &half_raster;
}

static unsigned dots_of(const struct raster *r, const char *text)
{
    if (!r->shapes) {
        const unsigned char *b = (const unsigned char *)text;
        if (b[0] != 0xe2 || b[1] < 0xa0 || b[1] > 0xa3) return 0;
        return (unsigned)((b[1] & 3) << 6 | (b[2] & 0x3f));
    }
    for (unsigned i = 1; i < 1U << (r->across * r->down); i++)
        if (strcmp(r->shapes[i], text) == 0) return i;
    return 0;
}

/* Bit of the dot (x, y) within its cell; braille numbers its dots in its own way. */
static unsigned dot_bit(const struct raster *r, int x, int y)
{
    static const unsigned char braille[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    return r->shapes ? 1U << y : braille[y][x];
}

static void add_dots(const struct raster *r, struct tui_cell *cell, unsigned bits)
{
    bits |= dots_of(r, cell->text);
    if (r->shapes) {
        snprintf(cell->text, sizeof(cell->text), "%s", r->shapes[bits]);
    } else {
        tui_utf8(0x2800 + bits, cell->text);
    }
    cell->width = 1;
}

/* ---- what is drawn where ---- */

struct plot {
    const struct tui_chart *chart;
    struct tui_canvas *c;
    const struct raster *raster;
    struct tui_rect area; /* of the dots, in cells */
    struct tui_scale x, y;
    int n; /* series drawn */
    bool axis_x;
    int label_w; /* columns of the y labels; 0: none */
};

/* Beyond 1e300 a range would overflow: as good as infinite. */
static bool usable(const struct tui_chart *ch, double x, double y)
{
    return fabs(x) < 1e300 && fabs(y) < 1e300 && (!ch->log_scale || y > 1e-300);
}

static double y_scaled(const struct tui_chart *ch, double y)
{
    return ch->log_scale ? log10(y) : y;
}

static void extend(struct tui_scale *s, double v)
{
    s->lo = fmin(s->lo, v);
    s->hi = fmax(s->hi, v);
}

static int n_series(const struct tui_chart *ch)
{
    return ch->n < TUI_MAX_SERIES ? ch->n : TUI_MAX_SERIES;
}

/* Ranges of both axes over all series; false: nothing to draw. Counts the gaps. */
static bool measure(const struct tui_chart *ch, struct tui_scale *x, struct tui_scale *y,
                    int *gaps_out)
{
    *x = *y = (struct tui_scale){INFINITY, -INFINITY};
    *gaps_out = 0;
    for (int i = 0; i < n_series(ch); i++) {
        const struct tui_series *s = &ch->series[i];
        for (int j = 0; j < s->n; j++) {
            if (usable(ch, s->x[j], s->y[j])) {
                extend(x, s->x[j]);
                extend(y, y_scaled(ch, s->y[j]));
            } else {
                ++*gaps_out;
            }
        }
    }
    if (x->lo > x->hi) return false;
    if (ch->x_end > x->hi) x->hi = ch->x_end;
    if (!(x->hi > x->lo)) x->hi = x->lo + 1;
    if (!(y->hi > y->lo)) {
        double pad = y->lo != 0 ? fabs(y->lo) * 0.05 : 1;
        y->lo -= pad;
        y->hi += pad;
    }
    return true;
}

static double share(const struct tui_scale *s, double v)
{
    return (v / 2 - s->lo / 2) / (s->hi / 2 - s->lo / 2); /* halves: no overflow */
}

static int dot_x(const struct plot *p, double x)
{
    return (int)lround(share(&p->x, x) * (p->area.w * p->raster->across - 1));
}

static int dot_y(const struct plot *p, double y)
{
    return (int)lround((1 - share(&p->y, y)) * (p->area.h * p->raster->down - 1));
}

static struct tui_cell *cell_at(const struct plot *p, int x, int y)
{
    struct tui_rect all = tui_rect_cut(p->area, tui_canvas_rect(p->c));
    if (x < all.x || x >= all.x + all.w || y < all.y || y >= all.y + all.h) return NULL;
    return &p->c->cells[(size_t)y * (size_t)p->c->w + (size_t)x];
}

/* ---- a series' stroke ---- */

struct pen {
    const struct plot *plot;
    unsigned dash; /* 8 bits along the path; 1: a dot */
    unsigned phase;
    enum tui_role role;
    unsigned attrs;
};

static const struct {
    unsigned dash;
    enum tui_role role;
    unsigned attrs;
} looks[TUI_MAX_SERIES] = {
    {0xff, TUI_BAR, 0},        {0xf0, TUI_WARN, 0},        {0xaa, TUI_KEY, 0},
    {0xfa, TUI_TEXT, 0},       {0xcc, TUI_BAR, TUI_BOLD},  {0xfc, TUI_WARN, TUI_BOLD},
    {0xea, TUI_KEY, TUI_BOLD}, {0x88, TUI_TEXT, TUI_BOLD},
};

/* A run keeps its look wherever it is drawn: by letter, not by place. */
static int look_of(const struct tui_series *s, int index)
{
    return s->letter >= 'a' && s->letter < 'a' + TUI_MAX_SERIES ? s->letter - 'a' : index;
}

static void dot(struct pen *pen, int x, int y, bool always)
{
    const struct plot *p = pen->plot;
    bool on = pen->dash >> (7 - pen->phase++ % 8) & 1;
    if (!on && !always) return;
    const struct raster *r = p->raster;
    struct tui_cell *cell = cell_at(p, p->area.x + x / r->across, p->area.y + y / r->down);
    if (!cell) return;
    add_dots(r, cell, dot_bit(r, x % r->across, y % r->down));
    cell->role = (uint8_t)pen->role;
    cell->attrs = (uint8_t)pen->attrs;
}

/* From (x0, y0), which is drawn already, to (x1, y1). */
static void line_to(struct pen *pen, int x0, int y0, int x1, int y1)
{
    int dx = x1 > x0 ? x1 - x0 : x0 - x1;
    int dy = y1 > y0 ? y0 - y1 : y1 - y0;
    int sx = x1 > x0 ? 1 : -1;
    int sy = y1 > y0 ? 1 : -1;
    for (int e = dx + dy; x0 != x1 || y0 != y1;) {
        int twice = 2 * e;
        if (twice >= dy) {
            e += dy;
            x0 += sx;
        }
        if (twice <= dx) {
            e += dx;
            y0 += sy;
        }
        dot(pen, x0, y0, false);
    }
}

/* Points of one column of dots. */
struct column {
    int x, first, last, top, bottom, n;
};

/* Joins a column to the one before and draws its stroke; the ends of a stroke always show. */
static void put_column(struct pen *pen, const struct column *before, const struct column *col)
{
    if (before->n > 0) {
        line_to(pen, before->x, before->last, col->x, col->first);
    } else {
        pen->phase = 0;
        dot(pen, col->x, col->first, true);
    }
    if (col->top == col->bottom) return;
    for (int y = col->top; y <= col->bottom; y++)
        dot(pen, col->x, y, y == col->top || y == col->bottom);
}

static void draw_series(const struct plot *p, int index)
{
    const struct tui_series *s = &p->chart->series[index];
    int look = look_of(s, index);
    struct pen pen = {p, looks[look].dash, 0, looks[look].role, looks[look].attrs};
    if (s->faint) {
        pen.dash = 0xff;
        pen.role = TUI_DIM;
        pen.attrs = 0;
    }
    struct column before = {0};
    struct column col = {0};
    for (int i = 0; i < s->n; i++) {
        if (!usable(p->chart, s->x[i], s->y[i])) {
            if (col.n > 0) put_column(&pen, &before, &col);
            before.n = col.n = 0;
            continue;
        }
        int x = dot_x(p, s->x[i]);
        int y = dot_y(p, y_scaled(p->chart, s->y[i]));
        if (col.n > 0 && col.x == x) {
            col.last = y;
            col.top = y < col.top ? y : col.top;
            col.bottom = y > col.bottom ? y : col.bottom;
            col.n++;
            continue;
        }
        if (col.n > 0) {
            put_column(&pen, &before, &col);
            before = col;
        }
        col = (struct column){.x = x, .first = y, .last = y, .top = y, .bottom = y, .n = 1};
    }
    if (col.n > 0) put_column(&pen, &before, &col);
}

/* ---- axes ---- */

static int y_ticks(const struct plot *p, double out[TUI_MAX_TICKS], double *step_out)
{
    int max = p->area.h / 3 > 2 ? p->area.h / 3 : 2;
    if (max > TUI_MAX_TICKS) max = TUI_MAX_TICKS;
    int n;
    if (p->chart->log_scale) {
        n = tui_ticks_log(&p->y, max, out);
        *step_out = n >= 2 ? fmin(out[0], out[1] - out[0]) : 1;
    } else {
        *step_out = tui_tick_step(&p->y, max, false);
        n = tui_ticks(&p->y, *step_out, out);
    }
    return n;
}

/* A tick on a log scale has the digits that it needs itself. */
static void y_label(const struct plot *p, double v, double step, char out[TUI_TICK_SIZE])
{
    if (p->chart->log_scale) {
        snprintf(out, TUI_TICK_SIZE, "%.4g", v);
    } else {
        tui_tick_text(v, step, out);
    }
}

static void set_label_width(struct plot *p)
{
    double ticks[TUI_MAX_TICKS];
    double step;
    char text[TUI_TICK_SIZE];
    int n = y_ticks(p, ticks, &step);
    p->label_w = 0;
    for (int i = 0; i < n; i++) {
        y_label(p, ticks[i], step, text);
        int w = (int)strlen(text);
        p->label_w = w > p->label_w ? w : p->label_w;
    }
}

static void draw_y_axis(const struct plot *p)
{
    double ticks[TUI_MAX_TICKS];
    double step;
    char text[TUI_TICK_SIZE];
    struct tui_rect clip = tui_canvas_rect(p->c);
    int n = y_ticks(p, ticks, &step);
    int last_row = -1;
    int left = p->area.x - 1;
    for (int row = 0; row < p->area.h; row++)
        tui_put(p->c, clip, left, p->area.y + row, p->c->glyphs->down, TUI_RULE, 0);
    for (int i = 0; i < n; i++) {
        int row = dot_y(p, y_scaled(p->chart, ticks[i])) / p->raster->down;
        if (row == last_row) continue;
        last_row = row;
        y_label(p, ticks[i], step, text);
        tui_put_in(p->c, clip, left - p->label_w, p->area.y + row, p->label_w, true, text, TUI_DIM,
                   0);
    }
}

/* The finest step whose labels keep two columns between them. */
static double x_step(const struct plot *p)
{
    for (int max = p->area.w / 4; max > 2; max--) {
        double ticks[TUI_MAX_TICKS];
        char text[TUI_TICK_SIZE];
        double step = tui_tick_step(&p->x, max, p->chart->whole_x);
        int widest = 0;
        int n = tui_ticks(&p->x, step, ticks);
        for (int i = 0; i < n; i++) {
            tui_tick_text(ticks[i], step, text);
            widest = (int)strlen(text) > widest ? (int)strlen(text) : widest;
        }
        double columns = step / (p->x.hi - p->x.lo) * p->area.w;
        if (n < TUI_MAX_TICKS && columns >= widest + 2) return step;
    }
    return tui_tick_step(&p->x, 2, p->chart->whole_x);
}

static void draw_x_axis(const struct plot *p)
{
    const struct tui_glyphs *g = p->c->glyphs;
    struct tui_rect clip = tui_canvas_rect(p->c);
    int row = p->area.y + p->area.h;
    double ticks[TUI_MAX_TICKS];
    double step = x_step(p);
    int n = tui_ticks(&p->x, step, ticks);
    for (int x = 0; x < p->area.w; x++)
        tui_put(p->c, clip, p->area.x + x, row, g->rule, TUI_RULE, 0);
    tui_put(p->c, clip, p->area.x - 1, row, g->corner[2], TUI_RULE, 0);
    int end = p->area.x - 1; /* behind the last label */
    for (int i = 0; i < n; i++) {
        char text[TUI_TICK_SIZE];
        int x = p->area.x + dot_x(p, ticks[i]) / p->raster->across;
        tui_put(p->c, clip, x, row, g->tee_down, TUI_RULE, 0);
        tui_tick_text(ticks[i], step, text);
        int w = (int)strlen(text);
        int right = p->area.x + p->area.w + LETTER_COLUMNS - w;
        x = x > right ? right : x;
        if (i > 0 && x <= end) continue;
        tui_put(p->c, clip, x, row + 1, text, TUI_DIM, 0);
        end = x + w;
    }
}

/* ---- letters and legend ---- */

static bool last_point(const struct tui_chart *ch, const struct tui_series *s, int *out)
{
    for (int i = s->n; i-- > 0;) {
        if (!usable(ch, s->x[i], s->y[i])) continue;
        *out = i;
        return true;
    }
    return false;
}

/* Each at the end of its line, the nearest row that no other letter has. */
static void draw_letters(const struct plot *p)
{
    struct {
        int x, y;
    } taken[TUI_MAX_SERIES];
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        const struct tui_series *s = &p->chart->series[i];
        int last;
        if (!s->letter || s->faint || !last_point(p->chart, s, &last)) continue;
        int x = p->area.x + dot_x(p, s->x[last]) / p->raster->across + LETTER_COLUMNS;
        int at = dot_y(p, y_scaled(p->chart, s->y[last])) / p->raster->down;
        for (int turn = 0; turn < 2 * p->area.h; turn++) {
            int row = at + (turn % 2 ? -(turn + 1) / 2 : turn / 2);
            bool is_free = row >= 0 && row < p->area.h;
            for (int j = 0; j < n; j++)
                is_free = is_free && !(taken[j].y == row && abs(taken[j].x - x) < 2);
            if (!is_free) continue;
            taken[n].x = x;
            taken[n++].y = row;
            char text[2] = {s->letter, '\0'};
            int look = look_of(s, i);
            tui_put(p->c, tui_canvas_rect(p->c), x, p->area.y + row, text, looks[look].role,
                    TUI_BOLD);
            break;
        }
    }
}

/* Free for a legend: nothing there, or the crosshair. */
static bool is_blank(const struct plot *p, int row, int w)
{
    for (int x = p->area.x + p->area.w - w - 1; x < p->area.x + p->area.w; x++) {
        const struct tui_cell *cell = cell_at(p, x, p->area.y + row);
        if (!cell || cell->width == 0) return false;
        bool cross = cell->role == TUI_DIM && strcmp(cell->text, p->c->glyphs->down) == 0;
        if (cell->text[0] && !cross) return false;
    }
    return true;
}

/* "b = 2c11" in rows whose right end is free; the letters stay where there is no room. */
static void draw_legend(const struct plot *p)
{
    int row = 0;
    for (int i = 0; i < p->n && p->n > 1; i++) {
        const struct tui_series *s = &p->chart->series[i];
        if (!s->letter || !s->name || s->faint) continue;
        int w = tui_text_width(s->name) + 4;
        if (w >= p->area.w) continue;
        while (row < p->area.h && !is_blank(p, row, w))
            row++;
        if (row == p->area.h) return;
        int look = look_of(s, i);
        tui_putf(p->c, p->area, p->area.x + p->area.w - w, p->area.y + row++, looks[look].role,
                 looks[look].attrs, "%c = %s", s->letter, s->name);
    }
}

/* ---- crosshair and head ---- */

static const struct tui_series *cursor_series(const struct tui_chart *ch)
{
    bool there = ch->n > 0 && ch->cursor >= 0 && ch->cursor < ch->series[0].n;
    return there && isfinite(ch->series[0].x[ch->cursor]) ? &ch->series[0] : NULL;
}

static void draw_crosshair(const struct plot *p)
{
    const struct tui_series *s = cursor_series(p->chart);
    if (!s) return;
    double x = s->x[p->chart->cursor];
    double y = s->y[p->chart->cursor];
    int column = p->area.x + dot_x(p, x) / p->raster->across;
    for (int row = 0; row < p->area.h; row++) {
        const struct tui_cell *cell = cell_at(p, column, p->area.y + row);
        if (cell && cell->width && cell->text[0] == '\0')
            tui_put(p->c, p->area, column, p->area.y + row, p->c->glyphs->down, TUI_DIM, 0);
    }
    if (!usable(p->chart, x, y)) return;
    int row = p->area.y + dot_y(p, y_scaled(p->chart, y)) / p->raster->down;
    tui_tint(p->c, tui_rect_cut(p->area, (struct tui_rect){column, row, 1, 1}), TUI_SELECTED,
             TUI_REVERSE);
    p->c->cursor_x = p->chart->focused ? column : p->c->cursor_x;
    p->c->cursor_y = p->chart->focused ? row : p->c->cursor_y;
}

/* "loss  last 0.2914 best 0.2893@9  2 gaps" */
static void head_text(const struct tui_chart *ch, int gaps, char *out, size_t size)
{
    const struct tui_series *s = ch->n > 0 ? &ch->series[0] : NULL;
    int last;
    size_t n = (size_t)snprintf(out, size, "%s", ch->title ? ch->title : "");
    if (s && last_point(ch, s, &last) && n < size) {
        int best = last;
        for (int i = 0; i < last; i++) {
            if (!usable(ch, s->x[i], s->y[i])) continue;
            if (ch->lower_is_better ? s->y[i] < s->y[best] : s->y[i] > s->y[best]) best = i;
        }
        n += (size_t)snprintf(out + n, size - n, "  last %.4g", s->y[last]);
        if (best != last && n < size)
            n += (size_t)snprintf(out + n, size - n, " best %.4g@%g", s->y[best], s->x[best]);
    }
    if (gaps > 0 && n < size)
        n += (size_t)snprintf(out + n, size - n, "  %d gap%s", gaps, gaps > 1 ? "s" : "");
    if (ch->n > TUI_MAX_SERIES && n < size)
        n += (size_t)snprintf(out + n, size - n, "  +%d series", ch->n - TUI_MAX_SERIES);
    if (ch->log_scale && n < size) snprintf(out + n, size - n, "  log");
}

/* "@9 a 0.1189 b 0.115": every series that has a point there. */
static void cursor_text(const struct tui_chart *ch, char *out, size_t size)
{
    out[0] = '\0';
    const struct tui_series *at = cursor_series(ch);
    if (!at) return;
    double x = at->x[ch->cursor];
    size_t n = (size_t)snprintf(out, size, "@%g", x);
    for (int i = 0; i < n_series(ch) && n < size; i++) {
        const struct tui_series *s = &ch->series[i];
        for (int j = 0; j < s->n && n < size; j++) {
            if (s->x[j] != x || s->faint) continue;
            char letter[3] = {s->letter ? s->letter : '\0', s->letter ? ' ' : '\0', '\0'};
            n += (size_t)snprintf(out + n, size - n, isfinite(s->y[j]) ? " %s%.4g" : " %s-", letter,
                                  s->y[j]);
            break;
        }
    }
}

/* Places the plot in what is below the head; false: too small for one. */
static bool place(struct plot *p, struct tui_rect body)
{
    p->axis_x = body.h >= 5;
    p->area =
        (struct tui_rect){body.x, body.y, body.w - LETTER_COLUMNS, body.h - (p->axis_x ? 2 : 0)};
    if (p->area.h < 1) return false;
    set_label_width(p);
    if (body.w - LETTER_COLUMNS - 1 - p->label_w < 8) p->label_w = 0;
    p->area.x += p->label_w + 1;
    p->area.w -= p->label_w + 1;
    return p->area.w >= 2;
}

void tui_chart_draw(const struct tui_chart *chart, struct tui_canvas *c, struct tui_rect area)
{
    char head[256];
    char right[256];
    int gaps;
    area = tui_rect_cut(area, tui_canvas_rect(c));
    if (area.w < 1 || area.h < 1) return;
    struct plot p = {.chart = chart, .c = c, .raster = raster_of(c), .n = n_series(chart)};
    bool any = measure(chart, &p.x, &p.y, &gaps);
    head_text(chart, gaps, head, sizeof(head));
    cursor_text(chart, right, sizeof(right));
    tui_head(c, (struct tui_rect){area.x, area.y, area.w, 1}, head, right, chart->focused);
    struct tui_rect body = {area.x, area.y + 1, area.w, area.h - 1};
    if (body.h < 1) return;
    tui_fill(c, body, TUI_TEXT, 0);
    if (!any) {
        tui_put(c, body, body.x + 1, body.y, "no points yet", TUI_DIM, 0);
        return;
    }
    if (!place(&p, body)) return;
    for (int i = p.n; i-- > 0;)
        draw_series(&p, i); /* the first one on top */
    draw_crosshair(&p);
    draw_legend(&p);
    draw_letters(&p);
    if (p.label_w) draw_y_axis(&p);
    if (p.axis_x) draw_x_axis(&p);
}
