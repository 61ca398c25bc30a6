/* The edited line: characters and their marks, its limit, scrolling; encoding and wrapping. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "tui/glyph.h"
#include "tui/widgets.h"

static bool press(struct tui_edit *e, uint32_t code)
{
    return tui_edit_key(e, &(struct tui_key){.code = code});
}

static void marks_stay_with_their_base(void **state)
{
    (void)state;
    struct tui_edit e = {0};
    assert_string_equal(tui_edit_text(&e), "");
    press(&e, TUI_KEY_BACKSPACE);
    press(&e, TUI_KEY_DELETE);
    press(&e, TUI_KEY_LEFT);
    tui_edit_set(&e, "xe\u0301y");
    press(&e, TUI_KEY_LEFT);
    press(&e, TUI_KEY_LEFT);
    assert_int_equal(e.at, 1);
    press(&e, TUI_KEY_DELETE);
    assert_string_equal(tui_edit_text(&e), "xy");
    press(&e, 0x4e2d);
    assert_string_equal(tui_edit_text(&e), "x\u4e2dy");
    press(&e, TUI_KEY_BACKSPACE);
    assert_string_equal(tui_edit_text(&e), "xy");
    tui_edit_clear(&e);
}

static void control_keys_and_words(void **state)
{
    (void)state;
    struct tui_edit e = {0};
    tui_edit_set(&e, "one two  three");
    press(&e, 23); /* ^W */
    assert_string_equal(tui_edit_text(&e), "one two  ");
    press(&e, 23);
    assert_string_equal(tui_edit_text(&e), "one ");
    press(&e, 1);  /* ^A */
    press(&e, 6);  /* ^F */
    press(&e, 11); /* ^K */
    assert_string_equal(tui_edit_text(&e), "o");
    press(&e, 2); /* ^B */
    press(&e, 4); /* ^D */
    assert_string_equal(tui_edit_text(&e), "");
    assert_false(press(&e, TUI_KEY_ENTER));
    assert_false(press(&e, 20));
    assert_false(tui_edit_key(&e, &(struct tui_key){.code = 'b', .alt = true}));
    assert_true(press(&e, 0x202e)); /* text that turns about is taken, and dropped */
    assert_true(press(&e, 0x85));
    assert_string_equal(tui_edit_text(&e), "");
    tui_edit_clear(&e);
}

static void it_has_a_limit(void **state)
{
    (void)state;
    struct tui_edit e = {0};
    char *long_text = rs_xalloc(TUI_EDIT_MAX + 2, 1);
    memset(long_text, 'x', TUI_EDIT_MAX + 1);
    struct tui_key paste = {.code = TUI_KEY_PASTE, .paste = long_text};
    tui_edit_key(&e, &paste);
    assert_string_equal(tui_edit_text(&e), ""); /* whole or not at all */
    long_text[TUI_EDIT_MAX - 1] = '\0';
    tui_edit_key(&e, &paste);
    press(&e, 'y');
    press(&e, 'z');
    assert_int_equal(e.text.len, TUI_EDIT_MAX);
    assert_int_equal(tui_edit_text(&e)[TUI_EDIT_MAX - 1], 'y');
    free(long_text);
    tui_edit_clear(&e);
}

static void it_scrolls_to_the_cursor(void **state)
{
    (void)state;
    struct tui_edit e = {0};
    struct tui_canvas c;
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(&c, &tui_glyphs_utf8);
    tui_canvas_resize(&c, 10, 1);
    tui_edit_set(&e, "ab\u4e2dcdefgh");
    for (int i = 0; i < 3; i++) { /* at its end, at its start, without the focus */
        static const char *const want[] = {"  cdefgh\n", "  ab\u4e2dcde\n", "  ab\u4e2dcd~\n"};
        static const int cursor[] = {8, 2, -1};
        tui_canvas_erase(&c);
        tui_edit_draw(&e, &c, tui_canvas_rect(&c), 2, 0, 7, TUI_INPUT, 0, i < 2);
        rs_str_reset(&out);
        tui_canvas_text(&c, &out);
        assert_string_equal(rs_str_text(&out), want[i]);
        assert_int_equal(c.cursor_x, cursor[i]);
        press(&e, TUI_KEY_HOME);
    }
    rs_str_clear(&out);
    tui_canvas_clear(&c);
    tui_edit_clear(&e);
}

static void code_points_become_bytes(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        const char *bytes;
    } cases[] = {{'a', "a"},
                 {0x7f, "\x7f"},
                 {0x80, "\xc2\x80"},
                 {0x7ff, "\u07ff"},
                 {0x800, "\u0800"},
                 {0xffff, "\uffff"},
                 {0x10000, "\U00010000"},
                 {0x10ffff, "\U0010ffff"},
                 {0, ""},
                 {0xd800, ""},
                 {0xdfff, ""},
                 {0x110000, ""},
                 {TUI_KEY_ENTER, ""},
                 {UINT32_MAX, ""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[5];
        assert_int_equal(tui_utf8(cases[i].code, out), strlen(cases[i].bytes));
        assert_string_equal(out, cases[i].bytes);
    }
}

static void wrap(const char *text, int width, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    while (*text) {
        size_t skip;
        size_t n = tui_wrap(text, width, &skip);
        assert_true(n + skip > 0);
        rs_str_addn(&out, text, n);
        rs_str_addc(&out, '|');
        text += n + skip;
    }
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
}

static void lines_wrap_at_blanks(void **state)
{
    (void)state;
    wrap("one two three", 7, "one two|three|");
    wrap("one two three", 8, "one two|three|");
    wrap("one two three", 3, "one|two|thr|ee|");
    wrap("one   two", 4, "one|two|");
    wrap("a\n\nb\n", 5, "a||b|");
    wrap("\u4e2d\u4e2d\u4e2d", 5, "\u4e2d\u4e2d|\u4e2d|");
    wrap("\u4e2d\u4e2d", 1, "\u4e2d|\u4e2d|"); /* one at least: it ends */
    wrap("ab", 0, "a|b|");
    wrap("one two ", 7, "one two|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_stay_with_their_base),
        cmocka_unit_test(control_keys_and_words),
        cmocka_unit_test(it_has_a_limit),
        cmocka_unit_test(it_scrolls_to_the_cursor),
        cmocka_unit_test(code_points_become_bytes),
        cmocka_unit_test(lines_wrap_at_blanks),
    };
    return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
