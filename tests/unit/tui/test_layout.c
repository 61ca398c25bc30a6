/* Size classes and cuts, at every size from 1x1 to 400x120. */
#include <math.h>

#include "ref/support.h"
#include "tui/view.h"

static void classes_are_those_of_the_standard(void **state)
{
    (void)state;
    for (int w = 1; w <= 400; w++) {
        for (int h = 1; h <= 120; h++) {
            enum tui_size want = TUI_TOO_SMALL;
            if (w >= 60 && h >= 16) want = TUI_ONE_PANE;
            if (w >= 80 && h >= 24) want = TUI_TWO_PANES;
            if (w >= 120 && h >= 30) want = TUI_THREE_PANES;
            if (tui_size_of(w, h) != want) fail_msg("%dx%d: %d", w, h, (int)tui_size_of(w, h));
        }
    }
}

static bool inside(struct tui_rect part, struct tui_rect all)
{
    return part.w >= 0 && part.h >= 0 && part.x >= all.x && part.y >= all.y &&
           part.x + part.w <= all.x + all.w && part.y + part.h <= all.y + all.h;
}

static const double shares[] = {0, 0.01, 1.0 / 3, 0.45, 0.5, 0.55, 0.99, 1};
static const int borders[] = {0, 1, -1, 7, -30, 500, -500, 2147483647, -2147483647};

/* Left, one column of rule, right: nothing else, whatever the border was moved by. */
static void check_across(struct tui_rect area, double share, int border)
{
    struct tui_rect l;
    struct tui_rect r;
    tui_split_across(area, share, border, &l, &r);
    int rule = area.w > 2 ? 1 : 0;
    bool good = inside(l, area) && inside(r, area) && l.x == area.x && l.h == area.h &&
                r.h == area.h && l.w + rule + r.w == area.w && r.x == l.x + l.w + rule;
    bool usable = area.w < 3 || (l.w > 0 && r.w > 0);
    if (!good || !usable)
        fail_msg("%dx%d share %f border %d: %d at %d, %d at %d", area.w, area.h, share, border, l.w,
                 l.x, r.w, r.x);
}

static void check_down(struct tui_rect area, double share)
{
    struct tui_rect u;
    struct tui_rect l;
    tui_split_down(area, share, &u, &l);
    bool good = inside(u, area) && inside(l, area) && u.y == area.y && u.w == area.w &&
                l.w == area.w && u.h + l.h == area.h && l.y == u.y + u.h;
    if (!good) fail_msg("%dx%d share %f: %d, %d", area.w, area.h, share, u.h, l.h);
}

static void parts_cover_their_area_and_nothing_else(void **state)
{
    (void)state;
    for (int w = 1; w <= 400; w++) {
        for (int h = 1; h <= 120; h++) {
            struct tui_rect area = {3, 2, w, h};
            for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
                for (size_t b = 0; b < sizeof(borders) / sizeof(borders[0]); b++) {
                    check_across(area, shares[s], borders[b]);
                }
                check_down(area, shares[s]);
            }
            struct tui_rect body = tui_body(area);
            assert_true(inside(body, area) && body.h == h - 1 && body.y == 3);
        }
    }
}

static void nothing_is_cut_from_nothing(void **state)
{
    (void)state;
    struct tui_rect l;
    struct tui_rect r;
    tui_split_across((struct tui_rect){1, 1, 0, 0}, NAN, 0, &l, &r);
    assert_true(l.w == 0 && r.w == 0);
    tui_split_down((struct tui_rect){1, 1, 10, 0}, NAN, &l, &r);
    assert_true(l.h == 0 && r.h == 0);
    assert_int_equal(tui_body((struct tui_rect){0, 0, 5, 0}).h, 0);
}

/* The figures of the page that screens are made from. */
static void the_big_size_gives_the_sketched_panes(void **state)
{
    (void)state;
    struct tui_rect content = {0, 2, 160, 46};
    struct tui_rect l;
    struct tui_rect r;
    tui_split_across(content, 1.0 / 3, 0, &l, &r);
    assert_true(l.w == 53 && r.w == 106);
    tui_split_across(content, 0.5, 0, &l, &r);
    assert_true(l.w == 80 && r.w == 79);
    tui_split_across(content, 0.5, 5, &l, &r);
    assert_true(l.w == 85 && r.w == 74);
    tui_split_down(r, 26.0 / 46, &l, &r);
    assert_true(l.h == 26 && r.h == 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_standard),
        cmocka_unit_test(parts_cover_their_area_and_nothing_else),
        cmocka_unit_test(nothing_is_cut_from_nothing),
        cmocka_unit_test(the_big_size_gives_the_sketched_panes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
