/*
 * layout - size classes, and areas cut in two. Pure: sizes in, rectangles out.
 *
 * The parts of a cut cover their area exactly: across, with one column between them for the rule;
 * down, without any, since the head row of the lower pane is the rule.
 */
#include <math.h>

#include "view.h"

enum {
    MIN_PART = 12, /* columns that a border leaves on both sides, where there are as many */
};

enum tui_size tui_size_of(int w, int h)
{
    if (w < 60 || h < 16) return TUI_TOO_SMALL;
    if (w < 80 || h < 24) return TUI_ONE_PANE;
    if (w < 120 || h < 30) return TUI_TWO_PANES;
    return TUI_THREE_PANES;
}

static int clamp(int v, int low, int high)
{
    if (v > high) v = high;
    return v < low ? low : v;
}

/* share of n, rounded; what is no share counts as none. */
static int part_of(int n, double share)
{
    if (!(share > 0)) return 0;
    return share >= 1 ? n : (int)lround(share * n);
}

void tui_split_across(struct tui_rect area, double share, int border, struct tui_rect *left,
                      struct tui_rect *right)
{
    int w = area.w > 0 ? area.w : 0;
    int room = w > 2 ? w - 1 : w; /* too narrow for two parts and a rule: all is the left one's */
    int least = room < 2 * MIN_PART ? room / 2 : MIN_PART;
    int first = w > 2 ? clamp(part_of(room, share) + clamp(border, -w, w), least, room - least) : w;
    int at = w > 2 ? first + 1 : w;
    *left = (struct tui_rect){area.x, area.y, first, area.h};
    *right = (struct tui_rect){area.x + at, area.y, w - at, area.h};
}

void tui_split_down(struct tui_rect area, double share, struct tui_rect *upper,
                    struct tui_rect *lower)
{
    int h = area.h > 0 ? area.h : 0;
    int first = part_of(h, share);
    *upper = (struct tui_rect){area.x, area.y, area.w, first};
    *lower = (struct tui_rect){area.x, area.y + first, area.w, h - first};
}

struct tui_rect tui_body(struct tui_rect pane)
{
    if (pane.h <= 0) return pane;
    return (struct tui_rect){pane.x, pane.y + 1, pane.w, pane.h - 1};
}
