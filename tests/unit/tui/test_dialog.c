/* Dialogs: what answers and what never does, words and notes, and their looks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "tui/glyph.h"
#include "tui/widgets.h"

static const char *const pass[] = {"replaces v7", "ok  NDCG@10 0.1201", NULL};
static const char *const fail[] = {"ok  NDCG@10", "no  coverage 0.2  at least 0.30", NULL};

static enum tui_dialog_answer press(struct tui_dialog *d, uint32_t code)
{
    return tui_dialog_key(d, &(struct tui_key){.code = code});
}

static enum tui_dialog_answer hold(struct tui_dialog *d, uint32_t code)
{
    return tui_dialog_key(d, &(struct tui_key){.code = code, .held = true});
}

static void type(struct tui_dialog *d, const char *text)
{
    for (; *text; text++)
        assert_int_equal(press(d, (uint32_t)(unsigned char)*text), TUI_OPEN);
}

static struct tui_dialog *ask(uint32_t opened_by)
{
    return tui_dialog_new(TUI_DIALOG_ASK, "Cancel job 12?", NULL, NULL, NULL, false, false,
                          opened_by);
}

static struct tui_dialog *promote(const char *const *lines, bool wants, bool needs)
{
    return tui_dialog_new(TUI_DIALOG_WORD, "Promote als v8", lines, "v8", NULL, wants, needs, 'P');
}

static void expect(struct tui_dialog *d, int w, int h, const char *want, int x, int y)
{
    struct tui_canvas c;
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(&c, &tui_glyphs_ascii);
    tui_canvas_resize(&c, w, h);
    tui_dialog_draw(d, &c);
    tui_canvas_text(&c, &out);
    assert_string_equal(rs_str_text(&out), want);
    assert_int_equal(c.cursor_x, x);
    assert_int_equal(c.cursor_y, y);
    rs_str_clear(&out);
    tui_canvas_clear(&c);
}

static void asking_wants_a_letter(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        enum tui_dialog_answer want;
    } cases[] = {{'y', TUI_YES},          {'Y', TUI_YES},
                 {'n', TUI_NO},           {TUI_KEY_ESC, TUI_NO},
                 {TUI_KEY_ENTER, TUI_NO}, {'x', TUI_OPEN},
                 {' ', TUI_OPEN},         {'q', TUI_OPEN},
                 {TUI_KEY_TAB, TUI_OPEN}, {TUI_KEY_RESIZE, TUI_OPEN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tui_dialog *d = ask('x');
        assert_int_equal(hold(d, cases[i].code), TUI_OPEN); /* a held key never */
        assert_int_equal(press(d, cases[i].code), cases[i].want);
        tui_dialog_free(d);
    }
    struct tui_dialog *d = ask('x');
    expect(d, 44, 5,
           "\n"
           "       +-- Cancel job 12? ---------+\n"
           "       | y yes  n no    Esc leaves |\n"
           "       +---------------------------+\n"
           "\n",
           -1, -1);
    tui_dialog_free(d);
}

static void the_opening_key_does_not_answer(void **state)
{
    (void)state;
    struct tui_dialog *d = ask('y');
    assert_int_equal(press(d, 'y'), TUI_OPEN);
    assert_int_equal(press(d, 'Y'), TUI_YES);
    tui_dialog_free(d);
    d = ask(TUI_KEY_ENTER);
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
    assert_int_equal(press(d, 'n'), TUI_NO);
    tui_dialog_free(d);
    d = ask('n');
    assert_int_equal(press(d, 'n'), TUI_OPEN);
    assert_int_equal(press(d, TUI_KEY_ESC), TUI_NO);
    tui_dialog_free(d);
}

static void a_word_is_typed_letter_for_letter(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "v", "V8", "v8 ", " v8", "v88", "8v"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct tui_dialog *d = promote(pass, false, false);
        type(d, wrong[i]);
        assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
        press(d, 21); /* ^U */
        press(d, TUI_KEY_END);
        press(d, 21);
        type(d, "v8");
        assert_int_equal(hold(d, TUI_KEY_ENTER), TUI_OPEN);
        assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
        tui_dialog_free(d);
    }
    struct tui_dialog *d = promote(pass, false, false);
    type(d, "yv");
    press(d, TUI_KEY_HOME);
    press(d, TUI_KEY_DELETE);
    type(d, "x");
    press(d, TUI_KEY_BACKSPACE);
    press(d, TUI_KEY_END);
    struct tui_key paste = {.code = TUI_KEY_PASTE, .paste = "8\n"};
    assert_int_equal(tui_dialog_key(d, &paste), TUI_OPEN); /* its line end is no Enter */
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
    press(d, TUI_KEY_BACKSPACE);
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
    tui_dialog_free(d);
    d = promote(pass, false, false);
    assert_int_equal(hold(d, 'P'), TUI_OPEN); /* the key that opened it, still down: no text */
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
    tui_dialog_free(d);
    d = promote(pass, false, false);
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ESC), TUI_NO);
    tui_dialog_free(d);
}

static void a_note_may_be_given(void **state)
{
    (void)state;
    struct tui_dialog *d = promote(pass, true, false);
    expect(d, 66, 7,
           "   +-- Promote als v8 ----------------------------------------+\n"
           "   | replaces v7                                              |\n"
           "   | ok  NDCG@10 0.1201                                       |\n"
           "   | note [                                                 ] |\n"
           "   | type v8 to confirm [          ]               Esc leaves |\n"
           "   |                                                          |\n"
           "   +----------------------------------------------------------+\n",
           25, 4);
    press(d, TUI_KEY_TAB);
    type(d, "temporal split");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN); /* on to the word */
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
    assert_string_equal(tui_dialog_note(d), "temporal split");
    tui_dialog_free(d);
}

static void a_failed_check_wants_a_reason(void **state)
{
    (void)state;
    struct tui_dialog *d = promote(fail, true, true);
    press(d, TUI_KEY_TAB); /* from the note to the word */
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
    type(d, "  "); /* the cursor went to the note */
    press(d, TUI_KEY_ENTER);
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
    type(d, "hot fix");
    press(d, TUI_KEY_ENTER);
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
    assert_string_equal(tui_dialog_note(d), "  hot fix");
    tui_dialog_free(d);
    d = promote(fail, true, false); /* no override */
    press(d, TUI_KEY_TAB);
    type(d, "please");
    press(d, TUI_KEY_ENTER);
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_OPEN);
    tui_dialog_free(d);
    d = promote(pass, true, true); /* nothing failed: no reason wanted */
    type(d, "v8");
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_YES);
    assert_string_equal(tui_dialog_note(d), "");
    tui_dialog_free(d);
}

static void one_of_several(void **state)
{
    (void)state;
    static const char *const lines[] = {"Job 12 is at 43 %.", NULL};
    static const char letters[] = "kdg";
    for (int i = 0; i < 3; i++) {
        struct tui_dialog *d = tui_dialog_new(TUI_DIALOG_CHOICE, "Cancel", lines, NULL,
                                              "k keep,d discard,g go on", false, false, 'x');
        assert_int_equal(press(d, 'z'), TUI_OPEN);
        assert_int_equal(press(d, (uint32_t)letters[i]), TUI_YES);
        assert_int_equal(tui_dialog_choice(d), letters[i]);
        tui_dialog_free(d);
    }
    struct tui_dialog *d = tui_dialog_new(TUI_DIALOG_CHOICE, "Cancel", lines, NULL,
                                          "k keep,d discard,x go on", false, false, 'x');
    assert_int_equal(press(d, 'x'), TUI_OPEN);
    expect(d, 50, 4,
           "   +-- Cancel --------------------------------+\n"
           "   | Job 12 is at 43 %.                       |\n"
           "   | k keep  d discard  X go on    Esc leaves |\n"
           "   +------------------------------------------+\n",
           -1, -1);
    assert_int_equal(press(d, TUI_KEY_ENTER), TUI_NO);
    assert_int_equal(press(d, 'X'), TUI_YES);
    assert_int_equal(tui_dialog_choice(d), 'x');
    tui_dialog_free(d);
}

static void text_is_wrapped_and_scrolls(void **state)
{
    (void)state;
    static const char *const lines[] = {"one two three four five six", "", "seven", NULL};
    struct tui_dialog *d =
        tui_dialog_new(TUI_DIALOG_TEXT, "T", lines, NULL, NULL, false, false, '?');
    expect(d, 16, 6,
           "+-- T ---------+\n"
           "| one two      |\n"
           "| three four   |\n"
           "| five six     |\n"
           "| Esc closes   |\n"
           "+---- +2 PgDn -+\n",
           -1, -1);
    assert_int_equal(press(d, TUI_KEY_DOWN), TUI_OPEN);
    assert_int_equal(hold(d, 'j'), TUI_OPEN);
    assert_int_equal(press(d, TUI_KEY_END), TUI_OPEN);
    assert_int_equal(press(d, 'G'), TUI_OPEN);
    expect(d, 16, 6,
           "+-- T ---------+\n"
           "| five six     |\n"
           "|              |\n"
           "| seven        |\n"
           "| Esc closes   |\n"
           "+--------------+\n",
           -1, -1);
    assert_int_equal(press(d, TUI_KEY_HOME), TUI_OPEN);
    assert_int_equal(hold(d, '?'), TUI_OPEN);
    assert_int_equal(press(d, '?'), TUI_NO); /* reading answers nothing: its key closes it, too */
    tui_dialog_free(d);
}

static void any_size(void **state)
{
    (void)state;
    struct tui_dialog *d[] = {
        ask('x'), promote(fail, true, true),
        tui_dialog_new(TUI_DIALOG_TEXT, "\u5343\u5343\u5343", fail, NULL, NULL, false, false, '?')};
    for (size_t i = 0; i < 3; i++) {
        for (int w = 1; w < 110; w++) {
            for (int h = 1; h < 12; h++) {
                struct tui_canvas c;
                tui_canvas_init(&c, &tui_glyphs_utf8);
                tui_canvas_resize(&c, w, h);
                tui_dialog_draw(d[i], &c);
                assert_true(c.cursor_x < w && c.cursor_y < h);
                press(d[i], TUI_KEY_PAGE_DOWN);
                tui_canvas_clear(&c);
            }
        }
        tui_dialog_free(d[i]);
    }
    tui_dialog_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asking_wants_a_letter),
        cmocka_unit_test(the_opening_key_does_not_answer),
        cmocka_unit_test(a_word_is_typed_letter_for_letter),
        cmocka_unit_test(a_note_may_be_given),
        cmocka_unit_test(a_failed_check_wants_a_reason),
        cmocka_unit_test(one_of_several),
        cmocka_unit_test(text_is_wrapped_and_scrolls),
        cmocka_unit_test(any_size),
    };
    return cmocka_run_group_tests_name("dialog", tests, NULL, NULL);
}
