/* canvas_draw - rules that join where they meet, heads, boxes, bars, sparks. */
#include "canvas.h"

#include <math.h>
#include <string.h>

#include "glyph.h"

enum arm { LEFT = 1, RIGHT = 2, UP = 4, DOWN = 8 };

/* Where the lines of a rule's cell lead; 0: not a rule. In ASCII a '+' leads everywhere. */
static unsigned arms_at(const struct tui_canvas *c, int x, int y)
{
    if (x < 0 || y < 0 || x >= c->w || y >= c->h) return 0;
    const struct tui_cell *cell = &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
    const struct tui_glyphs *g = c->glyphs;
    if (cell->role != TUI_RULE || !cell->text[0]) return 0;
    const struct {
        const char *glyph;
        unsigned arms;
    } joints[] = {
        {g->rule, LEFT | RIGHT},
        {g->down, UP | DOWN},
        {g->cross, LEFT | RIGHT | UP | DOWN},
        {g->tee_down, LEFT | RIGHT | DOWN},
        {g->tee_up, LEFT | RIGHT | UP},
        {g->tee_left, LEFT | UP | DOWN},
        {g->tee_right, RIGHT | UP | DOWN},
    };
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++)
        if (strcmp(cell->text, joints[i].glyph) == 0) return joints[i].arms;
    return 0;
}

static const char *joint(const struct tui_glyphs *g, unsigned arms)
{
    switch (arms) {
    case LEFT | RIGHT | DOWN:
        return g->tee_down;
    case LEFT | RIGHT | UP:
        return g->tee_up;
    case LEFT | UP | DOWN:
    case LEFT | UP:
    case LEFT | DOWN:
        return g->tee_left;
    case RIGHT | UP | DOWN:
    case RIGHT | UP:
    case RIGHT | DOWN:
        return g->tee_right;
    case LEFT | RIGHT | UP | DOWN:
        return g->cross;
    default:
        return (arms & (LEFT | RIGHT)) ? g->rule : g->down;
    }
}

/* Draws the rule's cell at x, y by what leads to it; own: arms that it has in any case. */
static void join(struct tui_canvas *c, int x, int y, unsigned own)
{
    unsigned arms = own;
    if (arms_at(c, x - 1, y) & RIGHT) arms |= LEFT;
    if (arms_at(c, x + 1, y) & LEFT) arms |= RIGHT;
    if (arms_at(c, x, y - 1) & DOWN) arms |= UP;
    if (arms_at(c, x, y + 1) & UP) arms |= DOWN;
    tui_put(c, tui_canvas_rect(c), x, y, joint(c->glyphs, arms), TUI_RULE, 0);
}

/* The neighbour's end of a joint: across it stays as it was, up and down is looked at anew. */
static void join_neighbour(struct tui_canvas *c, int x, int y)
{
    unsigned own = arms_at(c, x, y);
    if (own) join(c, x, y, own & (LEFT | RIGHT));
}

static void rule_across(struct tui_canvas *c, int x, int y, int w)
{
    for (int i = x; i < x + w; i++)
        join(c, i, y, LEFT | RIGHT);
    join_neighbour(c, x - 1, y);
    join_neighbour(c, x + w, y);
}

void tui_rule_down(struct tui_canvas *c, int x, int y, int h)
{
    struct tui_rect line = tui_rect_cut((struct tui_rect){x, y, 1, h}, tui_canvas_rect(c));
    for (int i = line.y; i < line.y + line.h; i++) {
        unsigned inner = (i > line.y ? UP : 0u) | (i + 1 < line.y + line.h ? DOWN : 0u);
        join(c, x, i, inner ? inner : UP | DOWN);
        join_neighbour(c, x - 1, i);
        join_neighbour(c, x + 1, i);
    }
    join_neighbour(c, x, line.y - 1);
    join_neighbour(c, x, line.y + line.h);
}

void tui_head(struct tui_canvas *c, struct tui_rect row, const char *title, const char *right,
              bool focused)
{
    row.h = row.h > 1 ? 1 : row.h;
    struct tui_rect area = tui_rect_cut(row, tui_canvas_rect(c));
    if (area.w < 1 || area.h < 1) return;
    tui_fill(c, area, TUI_RULE, 0);
    rule_across(c, area.x, area.y, area.w);
    if (area.w < 6) return;
    enum tui_role role = focused ? TUI_FOCUS : TUI_TITLE;
    unsigned attrs = focused ? TUI_BOLD : 0;
    int room = area.w - 5; /* "-- " before, " -" behind */
    int title_w = tui_text_width(title);
    int right_w = right && *right ? tui_text_width(right) : 0;
    if (focused) tui_put(c, area, area.x + 1, area.y, ">", TUI_FOCUS, TUI_BOLD);
    if (title_w > 0) {
        int w = title_w < room ? title_w : room;
        struct tui_rect around = {area.x + 2, area.y, w + 2, 1};
        tui_fill(c, around, role, 0);
        tui_put_in(c, area, area.x + 3, area.y, w, false, title, role, attrs);
    }
    if (right_w > 0 && title_w + right_w + 4 <= room) {
        struct tui_rect around = {area.x + area.w - right_w - 4, area.y, right_w + 2, 1};
        tui_fill(c, around, TUI_TITLE, 0);
        tui_put(c, area, around.x + 1, area.y, right, TUI_TITLE, 0);
    }
}

void tui_box(struct tui_canvas *c, struct tui_rect area, const char *title)
{
    if (area.w < 2 || area.h < 2) return;
    const struct tui_glyphs *g = c->glyphs;
    struct tui_rect all = tui_canvas_rect(c);
    int right = area.x + area.w - 1;
    int bottom = area.y + area.h - 1;
    tui_fill(c, area, TUI_TEXT, 0);
    for (int x = area.x + 1; x < right; x++) {
        tui_put(c, all, x, area.y, g->rule, TUI_RULE, 0);
        tui_put(c, all, x, bottom, g->rule, TUI_RULE, 0);
    }
    for (int y = area.y + 1; y < bottom; y++) {
        tui_put(c, all, area.x, y, g->down, TUI_RULE, 0);
        tui_put(c, all, right, y, g->down, TUI_RULE, 0);
    }
    tui_put(c, all, area.x, area.y, g->corner[0], TUI_RULE, 0);
    tui_put(c, all, right, area.y, g->corner[1], TUI_RULE, 0);
    tui_put(c, all, area.x, bottom, g->corner[2], TUI_RULE, 0);
    tui_put(c, all, right, bottom, g->corner[3], TUI_RULE, 0);
    if (!title || !*title || area.w < 9) return;
    int room = area.w - 8; /* "+-- " and " --+" */
    int w = tui_text_width(title) < room ? tui_text_width(title) : room;
    tui_fill(c, (struct tui_rect){area.x + 3, area.y, w + 2, 1}, TUI_TITLE, 0);
    tui_put_in(c, all, area.x + 4, area.y, w, false, title, TUI_TITLE, TUI_BOLD);
}

void tui_bar(struct tui_canvas *c, struct tui_rect clip, int x, int y, int w, double share,
             enum tui_role role)
{
    double s = share > 1.0 ? 1.0 : share > 0.0 ? share : 0.0; /* NaN: none */
    int full = (int)lround(s * w);
    for (int i = 0; i < w; i++) {
        bool on = i < full;
        tui_put(c, clip, x + i, y, on ? c->glyphs->bar_full : c->glyphs->bar_empty,
                on ? role : TUI_DIM, 0);
    }
}

void tui_spark(struct tui_canvas *c, struct tui_rect clip, int x, int y, const double *v, int n,
               enum tui_role role)
{
    int room = clip.x + clip.w - x;
    if (n > room) { /* the last ones */
        v += n - room;
        n = room;
    }
    double low = INFINITY;
    double high = -INFINITY;
    for (int i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
    }
    for (int i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        double span = high - low;
        double share = span > 0.0 && isfinite(span) ? (v[i] - low) / span : 0.0;
        tui_put(c, clip, x + i, y, c->glyphs->spark[(int)(share * 7.0 + 0.5)], role, 0);
    }
}
