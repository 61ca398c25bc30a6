/* canvas_dump - a canvas as text, as ANSI of 256 colours, and as an SVG picture. */
#include <string.h>

#include "canvas.h"
#include "theme.h"

enum { CELL_W = 9, CELL_H = 19, FONT_SIZE = 15, BASELINE = 14, MARGIN = 8 };

static const struct tui_cell *row_of(const struct tui_canvas *c, int y)
{
    return &c->cells[(size_t)y * (size_t)c->w];
}

/* A cell's text; NULL: the second half of a wide one. */
static const char *shown(const struct tui_cell *cell)
{
    if (cell->width == 0) return NULL;
    return cell->text[0] ? cell->text : " ";
}

void tui_canvas_text(const struct tui_canvas *c, struct rs_str *out)
{
    for (int y = 0; y < c->h; y++) {
        const struct tui_cell *row = row_of(c, y);
        int end = c->w;
        while (end > 0 && row[end - 1].width == 1 && !row[end - 1].text[0])
            end--;
        for (int x = 0; x < end; x++) {
            const char *text = shown(&row[x]);
            if (text) rs_str_add(out, text);
        }
        rs_str_addc(out, '\n');
    }
}

/* How a cell is painted: the theme's role and the cell's own attributes. */
struct paint {
    int fg, bg; /* of the 256 colours; -1: the terminal's own */
    unsigned attrs;
};

static struct paint paint_of(const struct tui_theme *theme, const struct tui_cell *cell)
{
    const struct tui_paint *p = &theme->roles[cell->role];
    return (struct paint){p->fg256, p->bg256, p->attrs | cell->attrs};
}

static bool same(struct paint a, struct paint b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attrs == b.attrs;
}

static void add_sgr(struct rs_str *out, struct paint p)
{
    rs_str_add(out, "\x1b[0");
    if (p.attrs & TUI_BOLD) rs_str_add(out, ";1");
    if (p.attrs & TUI_UNDERLINE) rs_str_add(out, ";4");
    if (p.attrs & TUI_REVERSE) rs_str_add(out, ";7");
    if (p.fg >= 0) rs_str_addf(out, ";38;5;%d", p.fg);
    if (p.bg >= 0) rs_str_addf(out, ";48;5;%d", p.bg);
    rs_str_addc(out, 'm');
}

void tui_canvas_ansi(const struct tui_canvas *c, const struct tui_theme *theme, struct rs_str *out)
{
    const struct paint plain = {-1, -1, 0};
    for (int y = 0; y < c->h; y++) {
        const struct tui_cell *row = row_of(c, y);
        struct paint now = plain;
        for (int x = 0; x < c->w; x++) {
            const char *text = shown(&row[x]);
            if (!text) continue;
            struct paint p = paint_of(theme, &row[x]);
            if (!same(p, now)) add_sgr(out, p);
            now = p;
            rs_str_add(out, text);
        }
        if (!same(now, plain)) rs_str_add(out, "\x1b[0m");
        rs_str_addc(out, '\n');
    }
}

/* ---- SVG ------------------------------------------------------------------------------------- */

static unsigned rgb256(int colour)
{
    static const unsigned first[16] = {0x000000, 0xcd3131, 0x0dbc79, 0xe5e510, 0x2472c8, 0xbc3fbc,
                                       0x11a8cd, 0xe5e5e5, 0x666666, 0xf14c4c, 0x23d18b, 0xf5f543,
                                       0x3b8eea, 0xd670d6, 0x29b8db, 0xffffff};
    static const unsigned steps[6] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    if (colour < 16) return first[colour];
    unsigned n = (unsigned)colour - 16;
    if (n < 216) return steps[n / 36] << 16 | steps[n / 6 % 6] << 8 | steps[n % 6];
    unsigned grey = 8 + 10 * (n - 216);
    return grey << 16 | grey << 8 | grey;
}

static void add_escaped(struct rs_str *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            rs_str_add(out, "&lt;");
            break;
        case '>':
            rs_str_add(out, "&gt;");
            break;
        case '&':
            rs_str_add(out, "&amp;");
            break;
        default:
            rs_str_addc(out, *text);
        }
    }
}

struct picture {
    const struct tui_canvas *canvas;
    const struct tui_theme *theme;
    unsigned fg, bg; /* where the theme leaves it to the terminal */
    struct rs_str *out;
};

/* Cells from .. to - 1 of a row, all painted alike: their background, and their text, pinned to its
 * columns whatever font is there. */
static void add_run(const struct picture *p, int y, int from, int to)
{
    const struct tui_cell *row = row_of(p->canvas, y);
    struct paint paint = paint_of(p->theme, &row[from]);
    unsigned fg = paint.fg >= 0 ? rgb256(paint.fg) : p->fg;
    unsigned bg = paint.bg >= 0 ? rgb256(paint.bg) : p->bg;
    if (paint.attrs & TUI_REVERSE) {
        unsigned swapped = fg;
        fg = bg;
        bg = swapped;
    }
    int left = MARGIN + from * CELL_W;
    int top = MARGIN + y * CELL_H;
    int width = (to - from) * CELL_W;
    if (bg != p->bg) {
        rs_str_addf(p->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                    left, top, width, CELL_H, bg);
    }
    bool blank = !(paint.attrs & TUI_UNDERLINE);
    for (int x = from; x < to && blank; x++)
        blank = !row[x].text[0];
    if (blank) return;
    rs_str_addf(p->out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"", left,
                top + BASELINE, width, fg);
    if (paint.attrs & TUI_BOLD) rs_str_add(p->out, " font-weight=\"bold\"");
    if (paint.attrs & TUI_UNDERLINE) rs_str_add(p->out, " text-decoration=\"underline\"");
    rs_str_addc(p->out, '>');
    for (int x = from; x < to; x++) {
        const char *text = shown(&row[x]);
        if (text) add_escaped(p->out, text);
    }
    rs_str_add(p->out, "</text>\n");
}

/* A run ends where the paint changes, and around wide characters, whose fonts differ in width. */
static int run_end(const struct picture *p, int y, int from)
{
    const struct tui_cell *row = row_of(p->canvas, y);
    struct paint first = paint_of(p->theme, &row[from]);
    if (row[from].width == 2) return from + 2;
    int x = from + 1;
    while (x < p->canvas->w && row[x].width == 1 && same(first, paint_of(p->theme, &row[x])))
        x++;
    return x;
}

void tui_canvas_svg(const struct tui_canvas *c, const struct tui_theme *theme, struct rs_str *out)
{
    bool light = strcmp(theme->name, "light") == 0;
    struct picture p = {.canvas = c, .theme = theme, .fg = 0xd8d8d8, .bg = 0x16181d, .out = out};
    if (light) {
        p.fg = 0x1f2328;
        p.bg = 0xffffff;
    }
    int w = c->w * CELL_W + 2 * MARGIN;
    int h = c->h * CELL_H + 2 * MARGIN;
    rs_str_addf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" "
        "font-size=\"%d\" xml:space=\"preserve\">\n"
        "<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#%06x\"/>\n",
        w, h, w, h, FONT_SIZE, w, h, p.bg);
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w;) {
            int end = run_end(&p, y, x);
            add_run(&p, y, x, end);
            x = end;
        }
    }
    rs_str_add(out, "</svg>\n");
}
