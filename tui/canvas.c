/* canvas - cells and text in them. A wide character is never left with one half. */
#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "rs/base/mem.h"

enum { MAX_SIDE = 1000, MAX_FORMATTED = 512 };

static const struct tui_cell blank = {.width = 1};

void tui_canvas_init(struct tui_canvas *c, const struct tui_glyphs *glyphs)
{
    *c = (struct tui_canvas){.cursor_x = -1, .cursor_y = -1, .glyphs = glyphs};
}

void tui_canvas_clear(struct tui_canvas *c)
{
    free(c->cells);
    tui_canvas_init(c, c->glyphs);
}

void tui_canvas_resize(struct tui_canvas *c, int w, int h)
{
    w = w < 1 ? 1 : w > MAX_SIDE ? MAX_SIDE : w;
    h = h < 1 ? 1 : h > MAX_SIDE ? MAX_SIDE : h;
    if (!c->cells || w != c->w || h != c->h) {
        free(c->cells);
        c->cells = rs_xalloc((size_t)w * (size_t)h, sizeof(*c->cells));
        c->w = w;
        c->h = h;
    }
    tui_canvas_erase(c);
}

void tui_canvas_erase(struct tui_canvas *c)
{
    for (size_t i = 0, n = (size_t)c->w * (size_t)c->h; i < n; i++)
        c->cells[i] = blank;
    c->cursor_x = -1;
    c->cursor_y = -1;
}

struct tui_rect tui_canvas_rect(const struct tui_canvas *c)
{
    return (struct tui_rect){0, 0, c->w, c->h};
}

struct tui_rect tui_rect_cut(struct tui_rect a, struct tui_rect b)
{
    int right = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    int bottom = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
    int x = a.x > b.x ? a.x : b.x;
    int y = a.y > b.y ? a.y : b.y;
    return (struct tui_rect){x, y, right > x ? right - x : 0, bottom > y ? bottom - y : 0};
}

/* Before cells x … x + w - 1 of a row are written: a wide character that they cut loses its other
 * half. */
static void split_wide(struct tui_canvas *c, struct tui_cell *row, int x, int w)
{
    if (x > 0 && row[x].width == 0) {
        row[x - 1].text[0] = '\0';
        row[x - 1].width = 1;
    }
    if (x + w < c->w && row[x + w].width == 0) {
        row[x + w].text[0] = '\0';
        row[x + w].width = 1;
    }
}

/* One character at x, y, inside of area. */
static void set_cell(struct tui_canvas *c, struct tui_rect area, int x, int y, const char *text,
                     int width, struct tui_cell paint)
{
    int left = x < area.x ? area.x : x;
    int right = x + width < area.x + area.w ? x + width : area.x + area.w;
    if (left >= right) return;
    struct tui_cell *row = &c->cells[(size_t)y * (size_t)c->w];
    split_wide(c, row, left, right - left);
    bool whole = right - left == width;
    for (int i = left; i < right; i++) {
        row[i] = paint;
        row[i].width = whole && i > left ? 0 : 1;
    }
    if (!whole) return; /* half of a wide one: blank */
    if (text[0] != ' ' || text[1]) memcpy(row[left].text, text, strnlen(text, 14));
    row[left].width = (uint8_t)width;
}

int tui_put(struct tui_canvas *c, struct tui_rect clip, int x, int y, const char *text,
            enum tui_role role, unsigned attrs)
{
    bool ascii = c->glyphs == &tui_glyphs_ascii;
    struct tui_rect area = tui_rect_cut(clip, tui_canvas_rect(c));
    bool seen = y >= area.y && y < area.y + area.h;
    struct tui_cell paint = {.width = 1, .role = (uint8_t)role, .attrs = (uint8_t)attrs};
    int used = 0;
    while (*text) {
        char cell[15];
        int w;
        text += tui_glyph_next(text, ascii, cell, &w);
        if (seen) set_cell(c, area, x + used, y, cell, w, paint);
        used += w;
    }
    return used;
}

int tui_putf(struct tui_canvas *c, struct tui_rect clip, int x, int y, enum tui_role role,
             unsigned attrs, const char *fmt, ...)
{
    char buf[MAX_FORMATTED];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    return tui_put(c, clip, x, y, buf, role, attrs);
}

/* Columns of as much of text as fits into w; *bytes_out: of that much. */
static int measure(const char *text, bool ascii, int w, size_t *bytes_out)
{
    int used = 0;
    size_t n = 0;
    while (text[n]) {
        char cell[15];
        int width;
        size_t bytes = tui_glyph_next(text + n, ascii, cell, &width);
        if (used + width > w) break;
        used += width;
        n += bytes;
    }
    *bytes_out = n;
    return used;
}

void tui_put_in(struct tui_canvas *c, struct tui_rect clip, int x, int y, int w, bool right,
                const char *text, enum tui_role role, unsigned attrs)
{
    struct tui_rect field = {x, y, w, 1};
    struct tui_rect area = tui_rect_cut(clip, field);
    tui_fill(c, area, role, attrs);
    if (area.w == 0 || area.h == 0) return;
    bool ascii = c->glyphs == &tui_glyphs_ascii;
    size_t bytes;
    int used = measure(text, ascii, w, &bytes);
    if (!text[bytes]) {
        tui_put(c, area, right ? x + w - used : x, y, text, role, attrs);
        return;
    }
    used = measure(text, ascii, w - 1, &bytes);
    struct tui_rect kept = {x, y, used, 1};
    tui_put(c, tui_rect_cut(area, kept), x, y, text, role, attrs);
    tui_put(c, area, x + w - 1, y, c->glyphs->more, role, attrs);
}

void tui_tint(struct tui_canvas *c, struct tui_rect area, enum tui_role role, unsigned attrs)
{
    area = tui_rect_cut(area, tui_canvas_rect(c));
    for (int y = area.y; y < area.y + area.h; y++) {
        for (int x = area.x; x < area.x + area.w; x++) {
            struct tui_cell *cell = &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
            cell->role = (uint8_t)role;
            cell->attrs = (uint8_t)attrs;
        }
    }
}

void tui_fill(struct tui_canvas *c, struct tui_rect area, enum tui_role role, unsigned attrs)
{
    area = tui_rect_cut(area, tui_canvas_rect(c));
    if (area.w == 0) return;
    struct tui_cell paint = {.width = 1, .role = (uint8_t)role, .attrs = (uint8_t)attrs};
    for (int y = area.y; y < area.y + area.h; y++) {
        struct tui_cell *row = &c->cells[(size_t)y * (size_t)c->w];
        split_wide(c, row, area.x, area.w);
        for (int x = area.x; x < area.x + area.w; x++)
            row[x] = paint;
    }
}
