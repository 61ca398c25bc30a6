/* The canvas: text, cuts and clips, rules that join, bars, sparks, and what it is written out as. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "tui/canvas.h"
#include "tui/glyph.h"
#include "tui/theme.h"

static struct tui_canvas canvas_of(const struct tui_glyphs *glyphs, int w, int h)
{
    struct tui_canvas c;
    tui_canvas_init(&c, glyphs);
    tui_canvas_resize(&c, w, h);
    return c;
}

/* The canvas as text is want, and no wide character stands with one half. */
static void assert_text(const struct tui_canvas *c, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_text(c, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
    for (int i = 0; i < c->w * c->h; i++) {
        const struct tui_cell *cell = &c->cells[i];
        bool last = i % c->w == c->w - 1;
        if (cell->width == 2) assert_true(!last && cell[1].width == 0);
        if (cell->width == 0) assert_true(i % c->w > 0 && cell[-1].width == 2 && !cell->text[0]);
    }
}

static void put_returns_columns(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 10, 2);
    struct tui_rect all = tui_canvas_rect(&c);
    assert_int_equal(tui_put(&c, all, 1, 0, "abc", TUI_TITLE, TUI_BOLD), 3);
    assert_int_equal(tui_put(&c, all, 8, 1, "千と", TUI_TEXT, 0), 4); /* clipped, counted */
    assert_int_equal(tui_put(&c, all, 0, 7, "below", TUI_TEXT, 0), 5);
    assert_int_equal(tui_putf(&c, all, 5, 0, TUI_TEXT, 0, "%d%%", 42), 3);
    assert_text(&c, " abc 42%\n        千\n");
    assert_int_equal(c.cells[1].role, TUI_TITLE);
    assert_int_equal(c.cells[1].attrs, TUI_BOLD);
    assert_int_equal(c.cells[0].role, TUI_TEXT);
    tui_canvas_clear(&c);
}

static void clips_at_all_sides(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 8, 3);
    struct tui_rect clip = {2, 1, 4, 1};
    tui_put(&c, clip, 0, 1, "abcdefgh", TUI_TEXT, 0);
    tui_put(&c, clip, 2, 0, "no", TUI_TEXT, 0);
    tui_put(&c, clip, 2, 2, "no", TUI_TEXT, 0);
    assert_text(&c, "\n  cdef\n\n");
    tui_put(&c, clip, -3, 1, "xxxxxY千", TUI_TEXT, 0); /* a wide one cut at neither side */
    assert_text(&c, "\n  Y千f\n\n");
    tui_put(&c, clip, 1, 1, "千x千", TUI_TEXT, 0); /* half out at the left: blank */
    assert_text(&c, "\n   x千\n\n");
    tui_put(&c, clip, 2, 1, "abc千", TUI_TEXT, 0); /* half out at the right: blank */
    assert_text(&c, "\n  abc\n\n");
    tui_put(&c, (struct tui_rect){-5, -5, 100, 100}, -2, 0, "..in", TUI_TEXT, 0);
    tui_put(&c, (struct tui_rect){3, 0, 0, 3}, 3, 0, "none", TUI_TEXT, 0);
    assert_text(&c, "in\n  abc\n\n");
    tui_canvas_clear(&c);
}

static void wide_ones_lose_both_halves(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 6, 1);
    struct tui_rect all = tui_canvas_rect(&c);
    tui_put(&c, all, 0, 0, "千千千", TUI_TEXT, 0);
    tui_put(&c, all, 1, 0, "x", TUI_TEXT, 0);
    assert_text(&c, " x千千\n");
    tui_put(&c, all, 2, 0, "y", TUI_TEXT, 0);
    assert_text(&c, " xy 千\n");
    tui_put(&c, all, 3, 0, "千", TUI_TEXT, 0); /* over the first half of another */
    assert_text(&c, " xy千\n");
    tui_fill(&c, (struct tui_rect){4, 0, 1, 1}, TUI_TEXT, 0);
    assert_text(&c, " xy\n");
    tui_canvas_clear(&c);
}

static void marks_and_unsafe_text(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 12, 1);
    struct tui_rect all = tui_canvas_rect(&c);
    assert_int_equal(tui_put(&c, all, 0, 0, "e\u0301\x1b[2J\u202e\xff.", TUI_TEXT, 0), 8);
    assert_text(&c, "e\u0301?[2J??.\n");
    assert_string_equal(c.cells[0].text, "e\u0301");
    c.glyphs = &tui_glyphs_ascii;
    tui_canvas_erase(&c);
    tui_put(&c, all, 0, 0, "Amélie 千尋…", TUI_TEXT, 0);
    assert_text(&c, "Amelie ??~\n");
    tui_canvas_clear(&c);
}

static void fields(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 12, 6);
    struct tui_rect all = tui_canvas_rect(&c);
    tui_fill(&c, all, TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 0, 6, false, "abc", TUI_INPUT, 0);
    tui_put_in(&c, all, 1, 1, 6, true, "abc", TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 2, 6, false, "abcdef", TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 3, 6, true, "abcdefg", TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 4, 6, false, "千と千尋", TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 5, 6, false, "a千と千", TUI_TEXT, 0); /* 千 would end in the last one */
    for (int y = 0; y < 6; y++)
        tui_put(&c, all, 7, y, "|", TUI_TEXT, 0);
    assert_text(&c, " abc   |\n    abc|\n abcdef|\n abcde~|\n 千と ~|\n a千と~|\n");
    assert_int_equal(c.cells[6].role, TUI_INPUT); /* the padding too */
    tui_put_in(&c, all, 1, 0, 1, false, "abc", TUI_TEXT, 0);
    tui_put_in(&c, all, 1, 1, 0, false, "abc", TUI_TEXT, 0);
    tui_put_in(&c, all, 10, 2, 6, false, "xyz", TUI_TEXT, 0); /* beyond the right edge */
    tui_put_in(&c, (struct tui_rect){0, 0, 3, 6}, 1, 3, 6, false, "ABCDEFGH", TUI_TEXT, 0);
    assert_text(&c, " ~bc   |\n    abc|\n abcdef|  xy\n ABcde~|\n 千と ~|\n a千と~|\n");
    tui_canvas_clear(&c);
}

static void tint_keeps_text(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 6, 2);
    tui_put(&c, tui_canvas_rect(&c), 0, 0, "ab千", TUI_BETTER, TUI_BOLD);
    tui_tint(&c, (struct tui_rect){1, 0, 90, 1}, TUI_SELECTED, 0);
    assert_text(&c, "ab千\n\n");
    assert_int_equal(c.cells[0].role, TUI_BETTER);
    for (int x = 1; x < 6; x++) {
        assert_int_equal(c.cells[x].role, TUI_SELECTED);
        assert_int_equal(c.cells[x].attrs, 0);
    }
    assert_int_equal(c.cells[6].role, TUI_TEXT);
    tui_canvas_clear(&c);
}

static void rects(void **state)
{
    (void)state;
    struct tui_rect r =
        tui_rect_cut((struct tui_rect){0, 0, 10, 5}, (struct tui_rect){8, -2, 9, 4});
    assert_true(r.x == 8 && r.y == 0 && r.w == 2 && r.h == 2);
    r = tui_rect_cut((struct tui_rect){0, 0, 3, 3}, (struct tui_rect){5, 5, 3, 3});
    assert_true(r.w == 0 && r.h == 0);
}

static void heads(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_ascii, 30, 5);
    tui_head(&c, (struct tui_rect){0, 0, 30, 9}, "log", "x cancel", false);
    tui_head(&c, (struct tui_rect){0, 1, 30, 1}, "log", NULL, true);
    tui_head(&c, (struct tui_rect){0, 2, 12, 1}, "a long title", "right", false);
    tui_head(&c, (struct tui_rect){0, 3, 5, 1}, "x", NULL, false);
    tui_head(&c, (struct tui_rect){26, 4, 30, 1}, "", "", false);
    assert_text(&c, "-- log ----------- x cancel --\n->"
                    " log -----------------------\n-- a long~ -\n-----\n"
                    "                          ----\n");
    assert_int_equal(c.cells[30 + 3].role, TUI_FOCUS);
    assert_int_equal(c.cells[30 + 3].attrs, TUI_BOLD);
    assert_int_equal(c.cells[3].role, TUI_TITLE);
    tui_canvas_clear(&c);
}

static void draw_panes(struct tui_canvas *c, bool rules_first)
{
    for (int pass = 0; pass < 2; pass++) {
        if ((pass == 0) == rules_first) {
            tui_rule_down(c, 4, 0, 2);
            tui_rule_down(c, 6, 3, 9);
        } else {
            tui_head(c, (struct tui_rect){0, 0, 4, 1}, "", NULL, false);
            tui_head(c, (struct tui_rect){5, 0, 5, 1}, "", NULL, false);
            tui_head(c, (struct tui_rect){0, 2, 10, 1}, "", NULL, false);
            tui_head(c, (struct tui_rect){0, 4, 6, 1}, "", NULL, false);
        }
    }
}

static void rules_join_in_any_order(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 10, 5);
        draw_panes(&c, first == 1);
        assert_text(&c, "────┬─────\n    │\n────┴─┬───\n      │\n──────┤\n");
        c.glyphs = &tui_glyphs_ascii;
        tui_canvas_erase(&c);
        draw_panes(&c, first == 1);
        assert_text(&c, "----+-----\n    |\n----+-+---\n      |\n------+\n");
        tui_canvas_clear(&c);
    }
}

static void text_never_joins(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_ascii, 5, 1);
    tui_put(&c, tui_canvas_rect(&c), 0, 0, "1-", TUI_TEXT, 0);
    tui_rule_down(&c, 2, 0, 1);
    assert_text(&c, "1-|\n");
    tui_canvas_clear(&c);
}

static void boxes(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 14, 4);
    for (int y = 0; y < 4; y++)
        tui_put(&c, tui_canvas_rect(&c), 0, y, "千千千千千千千", TUI_DIM, 0);
    tui_box(&c, (struct tui_rect){1, 0, 12, 4}, "go");
    assert_text(&c, " ┌── go ────┐\n │          │\n │          │\n └──────────┘\n");
    tui_box(&c, (struct tui_rect){1, 0, 12, 4}, "a longer title");
    assert_text(&c, " ┌── a l~ ──┐\n │          │\n │          │\n └──────────┘\n");
    c.glyphs = &tui_glyphs_ascii;
    tui_canvas_erase(&c);
    tui_box(&c, (struct tui_rect){0, 0, 3, 3}, "go"); /* no room for a title */
    tui_box(&c, (struct tui_rect){5, 0, 1, 3}, NULL); /* no room for a box */
    tui_box(&c, (struct tui_rect){10, 2, 9, 9}, NULL);
    assert_text(&c, "+-+\n| |\n+-+       +---\n          |\n");
    tui_canvas_clear(&c);
}

static void bars(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_ascii, 10, 8);
    struct tui_rect all = tui_canvas_rect(&c);
    const double share[] = {0.0, 0.43, 1.0, 7.0, -1.0, NAN, 0.05};
    for (int i = 0; i < 7; i++)
        tui_bar(&c, all, 0, i, 10, share[i], TUI_BAR);
    tui_bar(&c, (struct tui_rect){0, 0, 4, 8}, 0, 7, 10, 0.2, TUI_BAR);
    assert_text(&c, "..........\n####......\n##########\n##########\n..........\n..........\n"
                    "#.........\n##..\n");
    c.glyphs = &tui_glyphs_utf8;
    tui_canvas_resize(&c, 4, 1);
    tui_bar(&c, tui_canvas_rect(&c), 0, 0, 4, 0.5, TUI_BAR);
    assert_text(&c, "██░░\n");
    tui_canvas_clear(&c);
}

static void sparks(void **state)
{
    (void)state;
    const double v[] = {9.0, 0.0, 1.0, NAN, 7.0, INFINITY, 3.0};
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 7, 4);
    struct tui_rect all = tui_canvas_rect(&c);
    tui_spark(&c, all, 0, 0, v, 7, TUI_BAR);
    tui_spark(&c, all, 1, 1, v, 7, TUI_BAR); /* the last six: 0 … 7 */
    const double flat[] = {2.0, 2.0};
    tui_spark(&c, all, 0, 2, flat, 2, TUI_BAR);
    tui_spark(&c, all, 0, 3, v + 3, 1, TUI_BAR);
    tui_spark(&c, all, 9, 3, v, 7, TUI_BAR);
    assert_text(&c, "█▁▂ ▆ ▃\n ▁▂ █ ▄\n▁▁\n\n");
    c.glyphs = &tui_glyphs_ascii;
    tui_canvas_erase(&c);
    const double rise[] = {0, 1, 2, 3, 4, 5, 6, 7};
    tui_spark(&c, (struct tui_rect){0, 0, 8, 1}, -1, 0, rise, 8, TUI_BAR);
    assert_text(&c, ".,-~:|#\n\n\n\n");
    tui_canvas_clear(&c);
}

static void ansi_changes_only_where_paint_does(void **state)
{
    (void)state;
    struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 5, 2);
    struct tui_rect all = tui_canvas_rect(&c);
    tui_put(&c, all, 0, 0, "a", TUI_TEXT, 0);
    tui_put(&c, all, 1, 0, "千x", TUI_BETTER, 0);
    tui_put(&c, all, 0, 1, "b", TUI_TEXT, TUI_REVERSE | TUI_UNDERLINE);
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_ansi(&c, tui_theme_find("default"), &out);
    assert_string_equal(rs_str_text(&out), "a\x1b[0;1;38;5;33m千x\x1b[0m \n"
                                           "\x1b[0;4;7mb\x1b[0m    \n");
    rs_str_reset(&out);
    tui_canvas_ansi(&c, tui_theme_find("mono"), &out);
    assert_null(strstr(rs_str_text(&out), "38;5"));
    rs_str_clear(&out);
    tui_canvas_clear(&c);
}

/* Elements open and close in order, attributes are quoted, nothing else begins with '<' or '&'. */
static void assert_well_formed(const char *s)
{
    char open[16][16];
    int depth = 0;
    for (; *s; s++) {
        if (*s == '&')
            assert_true(!strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) ||
                        !strncmp(s, "&amp;", 5));
        if (*s != '<') {
            assert_true((unsigned char)*s >= 0x20 || *s == '\n');
            continue;
        }
        bool closing = s[1] == '/';
        s += closing ? 2 : 1;
        size_t n = strcspn(s, " />");
        assert_in_range(n, 1, 15);
        if (closing) {
            assert_in_range(depth, 1, 15);
            depth--;
            assert_true(strlen(open[depth]) == n && memcmp(open[depth], s, n) == 0);
        }
        char name[16] = {0};
        memcpy(name, s, n);
        bool quoted = false;
        for (s += n; *s && (quoted || *s != '>'); s++) {
            if (*s == '"') quoted = !quoted;
            assert_int_not_equal(*s, '<');
        }
        assert_int_equal(*s, '>');
        if (!closing && s[-1] != '/') {
            assert_in_range(depth, 0, 14);
            memcpy(open[depth++], name, sizeof(name));
        }
    }
    assert_int_equal(depth, 0);
}

static void svg_is_well_formed(void **state)
{
    (void)state;
    for (const struct tui_theme *t = tui_themes; t->name; t++) {
        struct tui_canvas c = canvas_of(&tui_glyphs_utf8, 30, 4);
        struct tui_rect all = tui_canvas_rect(&c);
        tui_head(&c, (struct tui_rect){0, 0, 30, 1}, "a <b> & \"c\"", NULL, true);
        tui_put(&c, all, 0, 1, "千と千尋 e\u0301 \x01", TUI_SELECTED, 0);
        tui_bar(&c, all, 0, 2, 30, 0.5, TUI_BAR);
        tui_put(&c, all, 0, 3, "error", TUI_ERROR, TUI_UNDERLINE);
        struct rs_str out;
        rs_str_init(&out, 0);
        tui_canvas_svg(&c, t, &out);
        assert_well_formed(rs_str_text(&out));
        assert_non_null(strstr(rs_str_text(&out), "a &lt;b&gt; &amp; \"c\""));
        assert_non_null(strstr(rs_str_text(&out), "textLength=\"18\"")); /* 千, two columns of 9 */
        rs_str_clear(&out);
        tui_canvas_clear(&c);
    }
}

static void any_size(void **state)
{
    (void)state;
    const double v[] = {1, 2, 3, 2, 1};
    for (int w = -1; w < 14; w++) {
        for (int h = 0; h < 5; h++) {
            struct tui_canvas c = canvas_of(&tui_glyphs_utf8, w, h);
            for (int x = -3; x < 9; x++) {
                struct tui_rect r = {x, x - 2, w - 2, h};
                tui_head(&c, r, "千と千尋", "right", x % 2 == 0);
                tui_rule_down(&c, x, x - 1, h + 3);
                tui_box(&c, r, "千title");
                tui_spark(&c, r, x - 1, x, v, 5, TUI_BAR);
                tui_bar(&c, r, x, x, w, 0.4, TUI_BAR);
                tui_put_in(&c, r, x + 1, x, w - 3, x % 2 == 0, "a千b千", TUI_TEXT, 0);
                tui_tint(&c, r, TUI_SELECTED, 0);
            }
            for (int i = 0; i < c.w * c.h; i++) {
                if (c.cells[i].width == 2) assert_int_equal(c.cells[i + 1].width, 0);
                if (c.cells[i].width == 0) assert_int_equal(c.cells[i - 1].width, 2);
            }
            tui_canvas_clear(&c);
            assert_null(c.cells);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_returns_columns),
        cmocka_unit_test(clips_at_all_sides),
        cmocka_unit_test(wide_ones_lose_both_halves),
        cmocka_unit_test(marks_and_unsafe_text),
        cmocka_unit_test(fields),
        cmocka_unit_test(tint_keeps_text),
        cmocka_unit_test(rects),
        cmocka_unit_test(heads),
        cmocka_unit_test(rules_join_in_any_order),
        cmocka_unit_test(text_never_joins),
        cmocka_unit_test(boxes),
        cmocka_unit_test(bars),
        cmocka_unit_test(sparks),
        cmocka_unit_test(ansi_changes_only_where_paint_does),
        cmocka_unit_test(svg_is_well_formed),
        cmocka_unit_test(any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
