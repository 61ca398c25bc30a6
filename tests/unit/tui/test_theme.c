/* Themes: every role told apart without colour where it has to be, and readable with it. */
#include <math.h>
#include <string.h>

#include "ref/support.h"
#include "tui/theme.h"

static double linear(unsigned byte)
{
    double c = byte / 255.0;
    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* Relative luminance (WCAG 2.1) of a colour of the cube or the greys, which terminals agree on. */
static double luminance(int colour)
{
    static const unsigned steps[6] = {0, 95, 135, 175, 215, 255};
    assert_in_range(colour, 16, 255);
    unsigned n = (unsigned)colour - 16;
    unsigned grey = 8 + 10 * (n - 216);
    unsigned r = n < 216 ? steps[n / 36] : grey;
    unsigned g = n < 216 ? steps[n / 6 % 6] : grey;
    unsigned b = n < 216 ? steps[n % 6] : grey;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

static double contrast(double a, double b)
{
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

/* Contrast of each role's text with what it stands on: a background of its own, or the
 * terminal's, of that luminance. */
static void assert_readable(const char *name, double background, double at_least)
{
    const struct tui_theme *t = tui_theme_find(name);
    assert_non_null(t);
    for (int r = 0; r < TUI_ROLE_COUNT; r++) {
        const struct tui_paint *p = &t->roles[r];
        if (p->fg256 < 0) continue;
        double on = p->bg256 >= 0 ? luminance(p->bg256) : background;
        double got = contrast(luminance(p->fg256), on);
        if (got < at_least) fail_msg("%s role %d: contrast %.2f", name, r, got);
    }
}

static void found_by_name(void **state)
{
    (void)state;
    assert_string_equal(tui_theme_find("default")->name, "default");
    assert_string_equal(tui_theme_find("light")->name, "light");
    assert_string_equal(tui_theme_find("high-contrast")->name, "high-contrast");
    assert_string_equal(tui_theme_find("mono")->name, "mono");
    assert_null(tui_theme_find("dark"));
    assert_null(tui_theme_find(""));
}

static void readable(void **state)
{
    (void)state;
    assert_readable("default", 0.0, 3.0); /* WCAG's floor for user interface parts, both ways */
    assert_readable("default", 1.0, 3.0);
    assert_readable("light", 1.0, 4.5);         /* AA */
    assert_readable("high-contrast", 0.0, 7.0); /* AAA */
    assert_readable("high-contrast", 1.0, 7.0);
}

static void colours_fit_their_palettes(void **state)
{
    (void)state;
    for (const struct tui_theme *t = tui_themes; t->name; t++) {
        bool mono = strcmp(t->name, "mono") == 0;
        for (int r = 0; r < TUI_ROLE_COUNT; r++) {
            const struct tui_paint *p = &t->roles[r];
            assert_true(p->fg256 >= -1 && p->fg256 < 256 && p->bg256 >= -1 && p->bg256 < 256);
            assert_true(p->fg16 >= -1 && p->fg16 < 16 && p->bg16 >= -1 && p->bg16 < 16);
            assert_true(p->fg8 >= -1 && p->fg8 < 8 && p->bg8 >= -1 && p->bg8 < 8);
            if (p->bg256 >= 0) assert_true(p->bg16 >= 0 && p->bg8 >= 0);
            if (mono) assert_true(p->fg256 == -1 && p->fg16 == -1 && p->fg8 == -1);
        }
    }
}

/* What a role says is also said by an attribute, in every theme. */
static void colour_is_never_the_only_sign(void **state)
{
    (void)state;
    static const enum tui_role roles[] = {TUI_FOCUS, TUI_SELECTED, TUI_MARKED, TUI_MATCH,
                                          TUI_WARN,  TUI_ERROR,    TUI_INPUT,  TUI_KEY};
    for (const struct tui_theme *t = tui_themes; t->name; t++) {
        for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
            assert_int_not_equal(t->roles[roles[i]].attrs, 0);
        assert_true(t->roles[TUI_SELECTED].attrs & TUI_REVERSE);
        assert_int_not_equal(t->roles[TUI_BETTER].fg256 + 1000 * (int)t->roles[TUI_BETTER].attrs,
                             t->roles[TUI_WORSE].fg256 + 1000 * (int)t->roles[TUI_WORSE].attrs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_name),
        cmocka_unit_test(readable),
        cmocka_unit_test(colours_fit_their_palettes),
        cmocka_unit_test(colour_is_never_the_only_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
