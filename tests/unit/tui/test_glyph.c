/* Characters as a terminal may be sent them: widths, marks, what is unsafe, what ASCII shows. */
#include <string.h>

#include "ref/support.h"
#include "tui/glyph.h"

static void assert_glyph(const char *s, bool ascii, const char *want, int width, size_t bytes)
{
    char out[15];
    int w = -1;
    size_t n = tui_glyph_next(s, ascii, out, &w);
    assert_string_equal(out, want);
    assert_int_equal(w, width);
    assert_int_equal(n, bytes);
}

static void plain_and_wide_characters(void **state)
{
    (void)state;
    assert_glyph("ab", false, "a", 1, 1);
    assert_glyph("éa", false, "é", 1, 2);
    assert_glyph("千と", false, "千", 2, 3);
    assert_glyph("😀x", false, "😀", 2, 4);
    assert_glyph("─", false, "─", 1, 3);
    assert_glyph("⣀", false, "⣀", 1, 3);
}

static void marks_stay_with_their_base(void **state)
{
    (void)state;
    assert_glyph("e\u0301x", false, "e\u0301", 1, 3);
    assert_glyph("か\u3099x", false, "か\u3099", 2, 6);
    assert_glyph("a\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308z", false,
                 "a\u0301\u0302\u0303\u0304\u0305\u0306", 1, 17); /* as many as a cell holds */
    assert_glyph("\u0301x", false, "?", 1, 2);                    /* no base */
}

static void what_formats_takes_no_cell(void **state)
{
    (void)state;
    assert_glyph("\uFEFFab", false, "a", 1, 4); /* byte order mark */
    assert_glyph("a\u200Bb", false, "a", 1, 4); /* zero-width space */
    assert_glyph("❤\uFE0Fx", false, "❤", 1, 6); /* a width that terminals do not agree on */
    assert_glyph("👩\u200D👧", false, "👩", 2, 7); /* joined pictures stand side by side */
    assert_glyph("\u200B", false, "?", 1, 3);   /* never nothing */
}

static void unsafe_ones_are_question_marks(void **state)
{
    (void)state;
    static const char *const unsafe[] = {"\n",       "\t",     "\x1b",   "\x7f",     "\xc2\x85",
                                         "\xc2\x9b", "\xff",   "\xc3",   "\xc0\x80", "\xed\xa0\x80",
                                         "\u202e",   "\u2066", "\u200f", "\u2028",   "\U000e1234"};
    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
        for (int ascii = 0; ascii < 2; ascii++) {
            char out[15];
            int w;
            size_t n = tui_glyph_next(unsafe[i], ascii, out, &w);
            assert_string_equal(out, "?");
            assert_int_equal(w, 1);
            assert_in_range(n, 1, strlen(unsafe[i]));
        }
    }
}

static void ascii_shows_the_letter(void **state)
{
    (void)state;
    assert_glyph("é", true, "e", 1, 2);
    assert_glyph("e\u0301", true, "e", 1, 3);
    assert_glyph("Ő", true, "O", 1, 2);
    assert_glyph("ø", true, "o", 1, 2);
    assert_glyph("’", true, "'", 1, 3);
    assert_glyph("—", true, "-", 1, 3);
    assert_glyph("\u00a0x", true, " ", 1, 2);
    assert_glyph("½", true, "?", 1, 2);
    assert_glyph("千", true, "?", 1, 3);
    assert_glyph("Ａ", true, "A", 1, 3);
}

static void widths_and_cuts(void **state)
{
    (void)state;
    assert_int_equal(tui_text_width(""), 0);
    assert_int_equal(tui_text_width("Amélie"), 6);
    assert_int_equal(tui_text_width("千と千尋"), 8);
    assert_int_equal(tui_text_width("a\tb\xff"), 4);
    assert_int_equal(tui_text_cut("千と千尋", 3), 3);
    assert_int_equal(tui_text_cut("千と千尋", 4), 6);
    assert_int_equal(tui_text_cut("e\u0301a", 1), 3);
    assert_int_equal(tui_text_cut("abc", 0), 0);
    assert_int_equal(tui_text_cut("abc", -1), 0);
    assert_int_equal(tui_text_cut("abc", 9), 3);
}

/* Whatever the bytes are: it goes on, stays inside, and gives what may be shown. */
static void any_bytes(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (int round = 0; round < 20000; round++) {
        char s[24];
        size_t len = 1 + (size_t)round % 22;
        for (size_t i = 0; i < len; i++) {
            x = x * 1664525u + 1013904223u;
            s[i] = (char)(x >> 24);
            if (!s[i]) s[i] = 1;
        }
        s[len] = '\0';
        for (size_t at = 0; at < len;) {
            char out[15];
            int w = 0;
            size_t n = tui_glyph_next(s + at, round % 2 == 0, out, &w);
            assert_in_range(n, 1, len - at);
            assert_in_range(w, 1, 2);
            assert_in_range(strlen(out), 1, 14);
            assert_true((unsigned char)out[0] >= 0x20 && out[0] != 0x7f);
            if (round % 2 == 0) assert_true((unsigned char)out[0] < 0x7f && !out[1]);
            at += n;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_wide_characters),
        cmocka_unit_test(marks_stay_with_their_base),
        cmocka_unit_test(what_formats_takes_no_cell),
        cmocka_unit_test(ascii_shows_the_letter),
        cmocka_unit_test(unsafe_ones_are_question_marks),
        cmocka_unit_test(widths_and_cuts),
        cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
