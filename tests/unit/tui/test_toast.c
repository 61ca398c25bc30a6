/* Toasts: how long they stay, where they stand, and the log of errors. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/clock.h"
#include "tui/glyph.h"
#include "tui/table.h"
#include "tui/widgets.h"

#define SECOND 1000000000LL

static void expect(const struct tui_toasts *t, int w, int h, const char *want)
{
    struct tui_canvas c;
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(&c, &tui_glyphs_ascii);
    tui_canvas_resize(&c, w, h);
    for (int y = 0; y < h; y++)
        tui_put(&c, tui_canvas_rect(&c), 0, y, "..............................", TUI_TEXT, 0);
    tui_toasts_draw(t, &c, (struct tui_rect){0, h - 1, w, 1});
    tui_canvas_text(&c, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
    tui_canvas_clear(&c);
}

static void stays_five_seconds(void **state)
{
    (void)state;
    struct tui_toasts *t = tui_toasts_new();
    assert_true(tui_toasts_deadline(t) == 0);
    assert_false(tui_toasts_tick(t, 0));
    expect(t, 20, 1, "....................\n");
    tui_toast(t, false, NULL, "saved", SECOND);
    assert_true(tui_toasts_deadline(t) == 6 * SECOND);
    expect(t, 20, 1, "............. saved\n");
    assert_false(tui_toasts_tick(t, 6 * SECOND - 1));
    assert_true(tui_toasts_tick(t, 6 * SECOND));
    expect(t, 20, 1, "....................\n");
    assert_true(tui_toasts_deadline(t) == 0);
    assert_int_equal(tui_toasts_unread(t), 0);
    tui_toasts_free(t);
    tui_toasts_free(NULL);
}

static void a_key_ends_it_and_the_next_has_its_time(void **state)
{
    (void)state;
    struct tui_toasts *t = tui_toasts_new();
    assert_false(tui_toasts_key(t));
    tui_toast(t, true, "import", "line 812", SECOND);
    tui_toast(t, false, NULL, "saved", SECOND);
    expect(t, 30, 1, "............ import: line 812\n");
    assert_true(tui_toasts_key(t));
    expect(t, 30, 1, "....................... saved\n");
    assert_true(tui_toasts_deadline(t) > 0);
    assert_true(tui_toasts_deadline(t) <= 9 * SECOND); /* a tick is due */
    assert_false(tui_toasts_tick(t, 9 * SECOND));
    assert_true(tui_toasts_deadline(t) == 14 * SECOND);
    assert_true(tui_toasts_tick(t, 14 * SECOND));
    tui_toasts_free(t);
}

static void two_lines_at_most(void **state)
{
    (void)state;
    struct tui_toasts *t = tui_toasts_new();
    tui_toast(t, true, "train", "out of memory: 410 MB wanted; fewer factors", 0);
    expect(t, 30, 3,
           "..............................\n"
           " train: out of memory: 410 MB\n"
           " wanted; fewer factors\n");
    expect(t, 20, 2, " train: out of\n memory: 410 MB wan~\n");
    expect(t, 20, 1, " train: out of memo~\n");
    for (int w = 1; w < 60; w++)
        for (int h = 1; h < 4; h++) {
            struct tui_canvas c;
            tui_canvas_init(&c, &tui_glyphs_utf8);
            tui_canvas_resize(&c, w, h);
            tui_toasts_draw(t, &c, (struct tui_rect){0, h - 1, w, 1});
            tui_canvas_clear(&c);
        }
    tui_toasts_free(t);
}

static const char *cell(const struct tui_rows *r, int32_t row, int column)
{
    static char buf[64];
    enum tui_role role = TUI_TEXT;
    return r->text(r, row, column, buf, sizeof(buf), &role);
}

static void errors_are_kept(void **state)
{
    (void)state;
    rs_clock_set(1767225600000); /* 2026-01-01 */
    struct tui_toasts *t = tui_toasts_new();
    tui_toast(t, true, "import", "line 812: 'x' is no rating", 0);
    rs_clock_set(1767225661000);
    tui_toast(t, false, "users", "copied", 0);
    tui_toast(t, true, "train", "stopped", 0);
    assert_int_equal(tui_toasts_unread(t), 2);
    struct tui_rows *r = tui_toasts_rows(t);
    tui_toasts_read(t);
    assert_int_equal(tui_toasts_unread(t), 0);
    tui_toast(t, true, "later", "than the rows", 0);
    assert_int_equal(tui_toasts_unread(t), 1);
    tui_toasts_free(t); /* the rows outlive it */
    rs_clock_set(-1);
    assert_int_equal(r->n, 2);
    assert_string_equal(cell(r, 0, 0), "2026-01-01 00:01:01");
    assert_string_equal(cell(r, 0, 1), "train");
    assert_string_equal(cell(r, 1, 0), "2026-01-01 00:00:00");
    assert_string_equal(cell(r, 1, 2), "line 812: 'x' is no rating");
    assert_true(r->number(r, 0, 0) > r->number(r, 1, 0));
    assert_true(isnan(r->number(r, 0, 2)));
    assert_true(r->key(r, 0) != r->key(r, 1));
    tui_rows_release(r);
}

static void the_log_keeps_the_newest(void **state)
{
    (void)state;
    struct tui_toasts *t = tui_toasts_new();
    char text[32];
    for (int i = 0; i < 1200; i++) {
        snprintf(text, sizeof(text), "error %d", i);
        tui_toast(t, true, "x", text, 0);
    }
    struct tui_rows *r = tui_toasts_rows(t);
    assert_int_equal(r->n, 500);
    assert_string_equal(cell(r, 0, 2), "error 1199");
    assert_string_equal(cell(r, 499, 2), "error 700");
    assert_int_equal(tui_toasts_unread(t), 1200);
    tui_rows_release(r);
    for (int i = 0; i < 7; i++)
        assert_true(tui_toasts_key(t)); /* a few wait, not all */
    expect(t, 30, 1, "............... x: error 1199\n");
    assert_true(tui_toasts_key(t));
    assert_false(tui_toasts_key(t));
    tui_toasts_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_five_seconds),
        cmocka_unit_test(a_key_ends_it_and_the_next_has_its_time),
        cmocka_unit_test(two_lines_at_most),
        cmocka_unit_test(errors_are_kept),
        cmocka_unit_test(the_log_keeps_the_newest),
    };
    return cmocka_run_group_tests_name("toast", tests, NULL, NULL);
}
