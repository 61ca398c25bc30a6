/* Forms: looks, moving, editing, choices, and what rows say about values. */
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

static const struct rs_param rows[] = {
    {.name = "model",
     .type = RS_PARAM_CHOICE,
     .dflt = "als",
     .choices = "als|knn|popularity",
     .help = "what to fit"},
    {.name = "factors",
     .type = RS_PARAM_INT,
     .dflt = "64",
     .min = 1,
     .max = 1024,
     .step = 16,
     .help = "length of a vector"},
    {.name = "reg",
     .type = RS_PARAM_REAL,
     .dflt = "0.01",
     .min = 0,
     .max = 100,
     .help = "pull to 0"},
    {.name = "warm", .type = RS_PARAM_BOOL, .dflt = "false", .help = "start from the last model"},
    {.name = "name", .type = RS_PARAM_TEXT, .help = "of the run"},
    {.name = "k", .type = RS_PARAM_INT_LIST, .dflt = "5,10", .min = 1, .max = 100, .help = "cuts"},
    {.name = "seed", .type = RS_PARAM_INT, .help = "any integer"},
    {.name = NULL},
};

static struct tui_form *whole_form(void)
{
    struct tui_form *f = tui_form_new();
    for (const struct rs_param *p = rows; p->name; p++)
        tui_form_add(f, p->name, p, NULL);
    return f;
}

static void expect(struct tui_form *f, int w, int h, const char *want, int x, int y)
{
    struct tui_canvas c;
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(&c, &tui_glyphs_utf8);
    tui_canvas_resize(&c, w, h);
    tui_form_draw(f, &c, tui_canvas_rect(&c), x >= 0);
    tui_canvas_text(&c, &out);
    assert_string_equal(rs_str_text(&out), want);
    assert_int_equal(c.cursor_x, x);
    assert_int_equal(c.cursor_y, y);
    rs_str_clear(&out);
    tui_canvas_clear(&c);
}

/* Presses; the key of the changed field, or NULL. */
static const char *press(struct tui_form *f, uint32_t code)
{
    const char *changed = "?";
    struct tui_key k = {.code = code};
    assert_true(tui_form_key(f, &k, &changed));
    return changed;
}

static bool takes(struct tui_form *f, struct tui_key k)
{
    const char *changed;
    return tui_form_key(f, &k, &changed);
}

static void type(struct tui_form *f, const char *text)
{
    for (; *text; text++)
        assert_null(press(f, (uint32_t)(unsigned char)*text));
}

static void several_on_a_line(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    expect(f, 60, 4,
           " model <als>  factors [64]  reg [0.01]  warm <false>\n"
           " name [  ]  k [5,10]  seed [  ]\n"
           "\n"
           " model: what to fit (als|knn|popularity, default als)\n",
           -1, -1);
    expect(f, 60, 3,
           ">model <als>  factors [64]  reg [0.01]  warm <false>\n"
           " name [  ]  k [5,10]  seed [  ]\n"
           " model: what to fit (als|knn|popularity, default als)\n",
           8, 0);
    expect(f, 24, 3,
           ">model <als>\n"
           " factors [64]\n"
           " model: what ~ +5 fields\n",
           8, 0);
    tui_form_free(f);
}

static void focus_moves(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    assert_false(takes(f, (struct tui_key){.code = TUI_KEY_BACKTAB})); /* the pane before */
    press(f, TUI_KEY_TAB);
    press(f, TUI_KEY_RIGHT);
    expect(f, 60, 3,
           " model <als>  factors [64] >reg [0.01]  warm <false>\n"
           " name [  ]  k [5,10]  seed [  ]\n"
           " reg: pull to 0 (number 0..100, default 0.01)\n",
           33, 0);
    press(f, TUI_KEY_DOWN); /* below it */
    expect(f, 60, 3,
           " model <als>  factors [64]  reg [0.01]  warm <false>\n"
           " name [  ]  k [5,10] >seed [  ]\n"
           " seed: any integer (integer)\n",
           28, 1);
    assert_false(takes(f, (struct tui_key){.code = TUI_KEY_TAB})); /* the pane behind */
    press(f, 'k');
    press(f, TUI_KEY_HOME);
    assert_false(tui_form_editing(f));
    assert_false(takes(f, (struct tui_key){.code = 'q'})); /* keys of the screen stay */
    assert_false(takes(f, (struct tui_key){.code = '1'}));
    assert_false(takes(f, (struct tui_key){.code = TUI_KEY_ESC}));
    tui_form_free(f);
}

static void text_is_edited(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    press(f, TUI_KEY_TAB);
    assert_null(press(f, TUI_KEY_ENTER));
    assert_true(tui_form_editing(f));
    press(f, TUI_KEY_HOME);
    type(f, "q1");
    press(f, TUI_KEY_RIGHT);
    press(f, TUI_KEY_DELETE);
    assert_string_equal(tui_form_text(f, "factors"), "q16");
    expect(f, 60, 3,
           " model <als> >factors [q16 ]! reg [0.01]  warm <false>\n"
           " name [  ]  k [5,10]  seed [  ]\n"
           " factors: expected an integer 1..1024, got 'q16'\n",
           26, 0);
    assert_null(press(f, TUI_KEY_ENTER)); /* not with that */
    assert_true(tui_form_editing(f));
    press(f, TUI_KEY_HOME);
    press(f, TUI_KEY_DELETE);
    struct tui_key held = {.code = TUI_KEY_ENTER, .held = true};
    assert_true(takes(f, held));
    assert_true(tui_form_editing(f));
    assert_string_equal(press(f, TUI_KEY_ENTER), "factors");
    assert_false(tui_form_editing(f));
    assert_string_equal(tui_form_text(f, "factors"), "16");
    press(f, TUI_KEY_ENTER);
    type(f, "7");
    assert_null(press(f, TUI_KEY_ESC)); /* the old value is back */
    assert_string_equal(tui_form_text(f, "factors"), "16");
    press(f, TUI_KEY_ENTER);
    assert_null(press(f, TUI_KEY_ENTER)); /* nothing is new */
    press(f, TUI_KEY_ENTER);
    type(f, "0");
    assert_string_equal(press(f, TUI_KEY_TAB), "factors"); /* on to reg, still editing */
    assert_true(tui_form_editing(f));
    type(f, "5");
    assert_string_equal(press(f, TUI_KEY_UP), "reg");
    assert_false(tui_form_editing(f));
    assert_string_equal(tui_form_text(f, "reg"), "0.015");
    tui_form_free(f);
}

static void pastes_are_one_line(void **state)
{
    (void)state;
    struct tui_form *f = tui_form_new();
    tui_form_add(f, "n", &rows[4], "ab");
    struct tui_key k = {.code = TUI_KEY_PASTE, .paste = "\u5343\n\x01\xff"};
    assert_false(takes(f, k)); /* no field is open */
    press(f, TUI_KEY_ENTER);
    press(f, TUI_KEY_LEFT);
    assert_true(takes(f, k));
    assert_string_equal(tui_form_text(f, "n"), "a\u5343 ??b");
    expect(f, 30, 1, ">name [a\u5343 ??b ]\n", 13, 0);
    expect(f, 14, 1, ">name [ ??b ]\n", 10, 0);
    press(f, 21); /* ^U */
    assert_string_equal(tui_form_text(f, "n"), "b");
    tui_form_free(f);
}

static void choices_turn(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    assert_string_equal(press(f, TUI_KEY_RIGHT), "model");
    assert_string_equal(tui_form_text(f, "model"), "knn");
    press(f, TUI_KEY_LEFT);
    press(f, TUI_KEY_LEFT);
    assert_string_equal(tui_form_text(f, "model"), "popularity");
    assert_string_equal(press(f, TUI_KEY_ENTER), "model"); /* on, and round the end */
    assert_string_equal(tui_form_text(f, "model"), "als");
    assert_false(tui_form_editing(f));
    for (int i = 0; i < 3; i++)
        press(f, TUI_KEY_TAB);
    assert_string_equal(press(f, ' '), "warm");
    assert_string_equal(tui_form_text(f, "warm"), "true");
    tui_form_set(f, "model", "gone");
    struct rs_err err = {0};
    assert_code(tui_form_check(f, &err), RS_EARG, &err, "one of als, knn, popularity");
    press(f, TUI_KEY_HOME);
    press(f, TUI_KEY_RIGHT);
    assert_string_equal(tui_form_text(f, "model"), "als");
    assert_ok(tui_form_check(f, &err), &err);
    tui_form_free(f);
}

static void numbers_step_within_their_range(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    press(f, TUI_KEY_TAB);
    assert_string_equal(press(f, '+'), "factors");
    assert_string_equal(tui_form_text(f, "factors"), "80");
    tui_form_set(f, "factors", "16");
    assert_false(takes(f, (struct tui_key){.code = '-'})); /* 0 is outside */
    assert_string_equal(tui_form_text(f, "factors"), "16");
    press(f, TUI_KEY_TAB);
    assert_false(takes(f, (struct tui_key){.code = '+'})); /* a row without a step */
    tui_form_free(f);
}

static void rows_decide(void **state)
{
    (void)state;
    static const struct {
        const char *key, *good, *bad, *says;
    } cases[] = {{"factors", "1024", "1025", "factors: expected an integer 1..1024"},
                 {"reg", "1e-3", "x", "reg: expected a number 0..100, got 'x'"},
                 {"warm", "yes", "maybe", "true or false"},
                 {"k", "1, 2,3", "1,,2", "integers separated by commas"},
                 {"factors", "1", "", "got ''"},
                 {"seed", "", "1.5", "seed: expected an integer"}};
    struct tui_form *f = whole_form();
    struct rs_err err = {0};
    assert_ok(tui_form_check(f, &err), &err); /* seed has no default: empty is unset */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tui_form_set(f, cases[i].key, cases[i].bad);
        assert_code(tui_form_check(f, &err), RS_EARG, &err, cases[i].says);
        tui_form_set(f, cases[i].key, cases[i].good);
        assert_ok(tui_form_check(f, &err), &err);
    }
    assert_null(tui_form_text(f, "none"));
    tui_form_free(f);
}

static void fields_go_and_come(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    press(f, TUI_KEY_END);
    press(f, TUI_KEY_ENTER);
    tui_form_remove_from(f, "none");
    tui_form_remove_from(f, "reg");
    assert_false(tui_form_editing(f));
    assert_null(tui_form_text(f, "reg"));
    expect(f, 40, 2, " model <als> >factors [64]\n factors: length of a vector (integer 1~\n", 23,
           0);
    tui_form_add(f, "p", &rows[4], "x");
    assert_string_equal(tui_form_text(f, "p"), "x");
    tui_form_remove_from(f, "model");
    expect(f, 20, 2, "\n\n", -1, -1);
    assert_false(takes(f, (struct tui_key){.code = TUI_KEY_TAB}));
    tui_form_free(f);
    tui_form_free(NULL);
}

static void any_size(void **state)
{
    (void)state;
    struct tui_form *f = whole_form();
    for (int w = 1; w < 90; w++) {
        for (int h = 1; h < 6; h++) {
            struct tui_canvas c;
            tui_canvas_init(&c, h % 2 ? &tui_glyphs_ascii : &tui_glyphs_utf8);
            tui_canvas_resize(&c, w, h);
            takes(f, (struct tui_key){.code = w % 5 ? TUI_KEY_TAB : TUI_KEY_ENTER});
            tui_form_draw(f, &c, (struct tui_rect){-1, -1, w + 2, h + 2}, true);
            assert_true(c.cursor_x < w && c.cursor_y < h);
            tui_canvas_clear(&c);
        }
    }
    tui_form_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_on_a_line), cmocka_unit_test(focus_moves),
        cmocka_unit_test(text_is_edited),    cmocka_unit_test(pastes_are_one_line),
        cmocka_unit_test(choices_turn),      cmocka_unit_test(numbers_step_within_their_range),
        cmocka_unit_test(rows_decide),       cmocka_unit_test(fields_go_and_come),
        cmocka_unit_test(any_size),
    };
    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
