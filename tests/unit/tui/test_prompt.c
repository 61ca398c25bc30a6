/* The prompt: typing, editing by the inputrc, candidates, history, cancelling, and its place. */
#include <locale.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "tui/glyph.h"
#include "tui/widgets.h"

/* Readline lets go of some of its own blocks when a search or a completion is left half-way. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libreadline";
}

static enum tui_prompt_state press(struct tui_prompt *p, uint32_t code)
{
    struct tui_key k = {.code = code};
    return tui_prompt_key(p, &k);
}

static enum tui_prompt_state press_alt(struct tui_prompt *p, uint32_t code)
{
    struct tui_key k = {.code = code, .alt = true};
    return tui_prompt_key(p, &k);
}

static void type(struct tui_prompt *p, const char *ascii)
{
    for (; *ascii; ascii++)
        assert_int_equal(press(p, (uint32_t)(unsigned char)*ascii), TUI_PROMPT_OPEN);
}

static struct tui_prompt *open_at(const char *text)
{
    return tui_prompt_open(":", text, NULL, NULL, NULL);
}

static char *drawn(const struct tui_prompt *p, struct tui_canvas *c, int w, int h)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(c, &tui_glyphs_utf8);
    tui_canvas_resize(c, w, h);
    tui_prompt_draw(p, c, (struct tui_rect){0, h - 1, w, 1});
    tui_canvas_text(c, &out);
    return rs_str_take(&out);
}

static void expect(const struct tui_prompt *p, int w, int h, const char *want, int cursor)
{
    struct tui_canvas c;
    char *got = drawn(p, &c, w, h);
    assert_string_equal(got, want);
    assert_int_equal(c.cursor_x, cursor);
    assert_int_equal(c.cursor_y, h - 1);
    free(got);
    tui_canvas_clear(&c);
}

static void types_and_enters(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("");
    type(p, "user 1042");
    assert_string_equal(tui_prompt_text(p), "user 1042");
    expect(p, 20, 1, ":user 1042\n", 10);
    assert_int_equal(press(p, TUI_KEY_ENTER), TUI_PROMPT_DONE);
    assert_string_equal(tui_prompt_text(p), "user 1042");
    assert_int_equal(press(p, 'x'), TUI_PROMPT_DONE); /* it is over */
    assert_string_equal(tui_prompt_text(p), "user 1042");
    tui_prompt_close(p);
}

static void edits_in_the_middle(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("abcd");
    press(p, TUI_KEY_LEFT);
    press(p, TUI_KEY_LEFT);
    press(p, 'X');
    assert_string_equal(tui_prompt_text(p), "abXcd");
    press(p, TUI_KEY_DELETE);
    press(p, TUI_KEY_BACKSPACE);
    assert_string_equal(tui_prompt_text(p), "abd");
    press(p, TUI_KEY_HOME);
    press(p, '>');
    press(p, TUI_KEY_END);
    press(p, '<');
    press(p, TUI_KEY_RIGHT);
    assert_string_equal(tui_prompt_text(p), ">abd<");
    press(p, 23); /* ^W */
    assert_string_equal(tui_prompt_text(p), "");
    tui_prompt_close(p);
}

static void alt_is_one_pair(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("one two");
    assert_int_equal(press_alt(p, 'b'), TUI_PROMPT_OPEN); /* a word back */
    press(p, '-');
    assert_string_equal(tui_prompt_text(p), "one -two");
    assert_int_equal(press_alt(p, TUI_KEY_BACKSPACE), TUI_PROMPT_OPEN);
    tui_prompt_close(p);
}

static void escape_cancels_and_so_does_ctrl_c(void **state)
{
    (void)state;
    const uint32_t keys[] = {TUI_KEY_ESC, 3};
    for (size_t i = 0; i < 2; i++) {
        struct tui_prompt *p = open_at("half");
        assert_int_equal(press(p, keys[i]), TUI_PROMPT_CANCELLED);
        assert_string_equal(tui_prompt_text(p), "half");
        expect(p, 12, 1, ":half\n", 5);
        tui_prompt_close(p);
    }
    struct tui_prompt *p = open_at("");
    assert_int_equal(press(p, 4), TUI_PROMPT_CANCELLED); /* ^D in an empty line ends it */
    tui_prompt_close(p);
}

static void wide_text_scrolls_by_columns(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("");
    press(p, 0x5343);
    press(p, 0x3068);
    press(p, 0xe9);
    assert_string_equal(tui_prompt_text(p), "\u5343\u3068\u00e9");
    expect(p, 12, 1, ":\u5343\u3068\u00e9\n", 6);
    press(p, TUI_KEY_LEFT);
    press(p, TUI_KEY_LEFT);
    expect(p, 12, 1, ":\u5343\u3068\u00e9\n", 3);
    press(p, TUI_KEY_END);
    type(p, "12345678");
    expect(p, 9, 1, ":2345678\n", 8);
    press(p, TUI_KEY_HOME);
    expect(p, 9, 1, ":\u5343\u3068\u00e9123\n", 1);
    tui_prompt_close(p);
}

static void paste_is_text_and_no_key(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("a");
    struct tui_key k = {.code = TUI_KEY_PASTE, .paste = "x\ty\r\n\x03\x1b[Az\xff"};
    assert_int_equal(tui_prompt_key(p, &k), TUI_PROMPT_OPEN);
    assert_string_equal(tui_prompt_text(p), "ax y ??[Az?");
    press(p, 31); /* ^_: undone as one */
    assert_string_equal(tui_prompt_text(p), "a");
    tui_prompt_close(p);
}

static char **complete(const char *line, int at, void *ctx)
{
    (void)line;
    *(int *)ctx = at;
    static const char *const words[] = {"train\tfit a model", "trainer", "tune\tsearch",
                                        "factors=", "\u5343\u3068"};
    char **out = rs_xalloc(6, sizeof(*out));
    for (size_t i = 0; i < 5; i++)
        out[i] = rs_xstrdup(words[i]);
    return out;
}

static void completes_and_lists_above(void **state)
{
    (void)state;
    int at = -1;
    struct tui_prompt *p = tui_prompt_open(":", "x t", NULL, complete, &at);
    press(p, TUI_KEY_TAB);
    assert_int_equal(at, 3);
    assert_string_equal(tui_prompt_text(p), "x t");
    expect(p, 30, 4, " train    fit a model\n trainer\n tune     search\n:x t\n", 4);
    expect(p, 30, 3, " train    fit a model\n +2 more\n:x t\n", 4);
    expect(p, 30, 1, ":x t\n", 4);
    press(p, 'r'); /* another key: the list goes */
    expect(p, 30, 4, "\n\n\n:x tr\n", 5);
    press(p, TUI_KEY_TAB);
    assert_string_equal(tui_prompt_text(p), "x train");
    press(p, TUI_KEY_TAB);
    expect(p, 30, 4, "\n train    fit a model\n trainer\n:x train\n", 8);
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_OPEN); /* the list only */
    expect(p, 30, 2, "\n:x train\n", 8);
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_CANCELLED);
    tui_prompt_close(p);
}

static void one_candidate_is_taken(void **state)
{
    (void)state;
    int at = -1;
    struct tui_prompt *p = tui_prompt_open(":", "tu", NULL, complete, &at);
    press(p, TUI_KEY_TAB);
    assert_string_equal(tui_prompt_text(p), "tune ");
    type(p, "fa");
    press(p, TUI_KEY_TAB);
    assert_string_equal(tui_prompt_text(p), "tune factors="); /* its value goes on */
    type(p, " zzz");
    press(p, TUI_KEY_TAB);
    assert_string_equal(tui_prompt_text(p), "tune factors= zzz");
    expect(p, 30, 2, "\n:tune factors= zzz\n", 18);
    tui_prompt_close(p);
}

static void without_completer_tab_does_nothing(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("/et");
    press(p, TUI_KEY_TAB); /* no file names */
    assert_string_equal(tui_prompt_text(p), "/et");
    tui_prompt_close(p);
}

static void enter(const char *file, const char *line)
{
    struct tui_prompt *p = tui_prompt_open(":", "", file, NULL, NULL);
    type(p, line);
    assert_int_equal(press(p, TUI_KEY_ENTER), TUI_PROMPT_DONE);
    tui_prompt_close(p);
}

static void history_is_private_and_without_doubles(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *file = rs_path_join(dir, "state/sub/history");
    enter(file, "one");
    enter(file, "two");
    enter(file, "  ");
    enter(file, "one");
    struct rs_err err = {0};
    char *text = NULL;
    assert_ok(rs_fs_read(file, 1000, &text, NULL, &err), &err);
    assert_string_equal(text, "two\none\n");
    free(text);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(file, 0644), 0); /* made readable by someone: the next line mends it */
    struct tui_prompt *p = tui_prompt_open(":", "dra", file, NULL, NULL);
    press(p, TUI_KEY_UP);
    assert_string_equal(tui_prompt_text(p), "one");
    press(p, TUI_KEY_UP);
    assert_string_equal(tui_prompt_text(p), "two");
    press(p, TUI_KEY_DOWN);
    press(p, TUI_KEY_DOWN);
    assert_string_equal(tui_prompt_text(p), "dra");
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_CANCELLED); /* not kept */
    tui_prompt_close(p);
    enter(file, "three");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(rs_fs_read(file, 1000, &text, NULL, &err), &err);
    assert_string_equal(text, "two\none\nthree\n");
    free(text);
    free(file);
    ref_remove(dir);
}

static void search_shows_and_escape_leaves_it_first(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *file = ref_file(dir, "history", "train als\ntune als\n", SIZE_MAX);
    struct tui_prompt *p = tui_prompt_open(":", "abc", file, NULL, NULL);
    press(p, 18); /* ^R */
    type(p, "tra");
    assert_string_equal(tui_prompt_text(p), "train als");
    struct tui_canvas c;
    char *got = drawn(p, &c, 60, 1);
    assert_non_null(strstr(got, "reverse-i-search"));
    free(got);
    tui_canvas_clear(&c);
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_OPEN);
    assert_string_equal(tui_prompt_text(p), "abc");
    expect(p, 30, 1, ":abc\n", 4);
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_CANCELLED);
    tui_prompt_close(p);
    free(file);
    ref_remove(dir);
}

/* What someone else put into the history file comes as text that has columns. */
static void a_damaged_history_is_shown_safely(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *file = ref_file(dir, "history", "good\n\xff\x01 \u202eab\xe4\xb8\n", SIZE_MAX);
    struct tui_prompt *p = tui_prompt_open(":", "", file, NULL, NULL);
    press(p, TUI_KEY_UP);
    assert_string_equal(tui_prompt_text(p), "?? ?ab??");
    press(p, TUI_KEY_UP);
    assert_string_equal(tui_prompt_text(p), "good");
    press(p, 0x202e); /* nor can it be typed */
    press(p, 22);     /* ^V would quote what comes */
    press(p, 1);
    assert_string_equal(tui_prompt_text(p), "good");
    tui_prompt_close(p);
    free(file);
    ref_remove(dir);
}

static void inputrc_holds_and_environment_stays(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("some words");
    press(p, 20); /* ^T is kill-whole-line in this test's inputrc */
    assert_string_equal(tui_prompt_text(p), "");
    tui_prompt_close(p);
    assert_null(getenv("LINES"));
    assert_null(getenv("COLUMNS"));
}

/* vi mode comes by inputrc or by a key of the user's. */
static void vi_mode_leaves_insert_first(void **state)
{
    (void)state;
    struct tui_prompt *p = open_at("abc");
    press(p, 15); /* ^O is vi-editing-mode in this test's inputrc */
    press(p, 'd');
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_OPEN); /* to command mode */
    press(p, '0');
    press(p, 'x');
    assert_string_equal(tui_prompt_text(p), "bcd");
    press(p, TUI_KEY_RIGHT); /* function keys reach vi, too */
    press(p, 'x');
    assert_string_equal(tui_prompt_text(p), "bd");
    assert_int_equal(press(p, TUI_KEY_ESC), TUI_PROMPT_CANCELLED);
    tui_prompt_close(p);
}

/* No key may crash or hang it, whatever mode the keys before left. */
static void any_keys_are_survived(void **state)
{
    (void)state;
    int at;
    uint32_t seed = 1;
    struct tui_prompt *p = tui_prompt_open(":", "", NULL, complete, &at);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525U + 1013904223U;
        uint32_t r = seed >> 8;
        uint32_t code = r % 3 == 0   ? (r >> 4) % 32
                        : r % 3 == 1 ? 32 + (r >> 4) % 0x400
                                     : TUI_KEY_FIRST + (r >> 4) % 20;
        struct tui_key k = {.code = code, .alt = (r >> 16) % 8 == 0, .paste = "p\nq"};
        if (tui_prompt_key(p, &k) != TUI_PROMPT_OPEN) {
            tui_prompt_close(p);
            p = tui_prompt_open(":", "", NULL, complete, &at);
        } else if (i % 16 == 0) {
            struct tui_canvas c;
            free(drawn(p, &c, 1 + (int)(r % 40), 1 + (int)(r % 7)));
            tui_canvas_clear(&c);
        }
    }
    tui_prompt_close(p);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TERM", "xterm", 1);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    char *dir = ref_temp_dir();
    char *rc = ref_file(dir, "inputrc",
                        "set bell-style audible\nset convert-meta on\n"
                        "\"\\C-t\": kill-whole-line\n\"\\C-o\": vi-editing-mode\n",
                        SIZE_MAX);
    setenv("INPUTRC", rc, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_enters),
        cmocka_unit_test(edits_in_the_middle),
        cmocka_unit_test(alt_is_one_pair),
        cmocka_unit_test(escape_cancels_and_so_does_ctrl_c),
        cmocka_unit_test(wide_text_scrolls_by_columns),
        cmocka_unit_test(paste_is_text_and_no_key),
        cmocka_unit_test(completes_and_lists_above),
        cmocka_unit_test(one_candidate_is_taken),
        cmocka_unit_test(without_completer_tab_does_nothing),
        cmocka_unit_test(history_is_private_and_without_doubles),
        cmocka_unit_test(search_shows_and_escape_leaves_it_first),
        cmocka_unit_test(a_damaged_history_is_shown_safely),
        cmocka_unit_test(inputrc_holds_and_environment_stays),
        cmocka_unit_test(vi_mode_leaves_insert_first),
        cmocka_unit_test(any_keys_are_survived),
    };
    int failed = cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
    free(rc);
    ref_remove(dir);
    return failed;
}
