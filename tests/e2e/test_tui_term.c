/*
 * The console on a terminal: frames at each size class, in each locale and palette; what a key costs in
 * bytes; storms of sizes and keys; and the terminal as it was found, however the console ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_vterm.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

static struct ref_bin bin;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static struct ref_vterm *started(const struct ref_vterm_opts *how)
{
    struct ref_vterm_opts o = *how;
    o.bin = &bin;
    if (!o.line) o.line = "console";
    struct ref_vterm *v = ref_vterm_open(&o);
    ref_vterm_ready(v);
    return v;
}

static bool shows(const struct ref_vterm *v, const char *text)
{
    char *screen = ref_vterm_text(v);
    bool there = strstr(screen, text) != NULL;
    free(screen);
    return there;
}

static void assert_shows(const struct ref_vterm *v, const char *text)
{
    if (shows(v, text)) return;
    char *screen = ref_vterm_text(v);
    print_error("%s\n", screen);
    free(screen);
    fail_msg("'%s' is not on the screen", text);
}

static void assert_given_back(struct ref_vterm *v, int status)
{
    assert_int_equal(ref_vterm_end(v), status);
    assert_true(ref_vterm_as_found(v));
    assert_false(ref_vterm_alternate(v));
    size_t n;
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?2004l"));
    ref_vterm_close(v);
}

static void stop(struct ref_vterm *v)
{
    ref_vterm_send(v, "Q");
    assert_given_back(v, 0);
}

/* ---- the tests --------------------------------------------------------------------------------- */

static void every_size_class(void **state)
{
    (void)state;
    static const int sizes[][2] = {{160, 50}, {80, 24}, {60, 16}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct ref_vterm *v = started(&(struct ref_vterm_opts){.w = sizes[i][0], .h = sizes[i][1]});
        assert_shows(v, "recsys >");
        assert_true(ref_vterm_alternate(v));
        for (const char *key = "2345678"; *key; key++) {
            char name[2] = {*key, '\0'};
            ref_vterm_keys(v, name);
            assert_shows(v, "recsys >");
        }
        stop(v);
    }
    struct ref_vterm *v = started(&(struct ref_vterm_opts){.w = 59, .h = 15});
    assert_shows(v, "recsys-tui needs 60x16, this is 59x15");
    ref_vterm_resize(v, 80, 24); /* and then it fits */
    ref_vterm_ready(v);
    assert_shows(v, "recsys >");
    stop(v);
}

static void ascii_and_mono(void **state)
{
    (void)state;
    const char *const no_colour[] = {"NO_COLOR=1", NULL};
    struct ref_vterm *v = started(&(struct ref_vterm_opts){.locale = "C", .env = no_colour});
    ref_vterm_keys(v, "2 j j 6 7 ? Esc");
    size_t n;
    const char *bytes = ref_vterm_written(v, &n);
    for (size_t i = 0; i < n; i++)
        assert_true((unsigned char)bytes[i] < 0x80);
    char *a = ref_vterm_attributes(v);
    assert_null(strstr(a, "fg="));
    assert_null(strstr(a, "bg="));
    assert_non_null(strstr(a, "bold")); /* what state is carried by */
    free(a);
    stop(v);
    v = started(&(struct ref_vterm_opts){.locale = ""}); /* unset: UTF-8 is tried */
    assert_shows(v, "─");
    a = ref_vterm_attributes(v);
    assert_non_null(strstr(a, "fg="));
    free(a);
    stop(v);
}

static void the_cursor_follows_the_selection(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
    ref_vterm_keys(v, "2");
    int before = -1;
    int after = -1;
    char *a = ref_vterm_attributes(v);
    assert_int_equal(sscanf(strstr(a, "cursor "), "cursor %d,", &before), 1);
    free(a);
    ref_vterm_keys(v, "j");
    a = ref_vterm_attributes(v);
    assert_int_equal(sscanf(strstr(a, "cursor "), "cursor %d,", &after), 1);
    free(a);
    assert_int_equal(after, before + 1);
    stop(v);
}

/* The goals of a cursor move, a screen switch and a full paint, at 80x24. */
static void what_keys_cost(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
    size_t n;
    ref_vterm_keys(v, "2");
    ref_vterm_written(v, &n);
    for (int i = 0; i < 8; i++) {
        ref_vterm_keys(v, "j"); /* with the detail pane, once the cursor rests */
        ref_vterm_written(v, &n);
        assert_in_range(n, 1, 300 + 1536);
    }
    static const char *const screens[] = {"6", "7", "3", "^L"};
    for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        ref_vterm_keys(v, screens[i]);
        ref_vterm_written(v, &n);
        assert_in_range(n, 1, 3584);
    }
    stop(v);
}

static void no_mouse_unless_asked(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
    size_t n;
    assert_null(strstr(ref_vterm_written(v, &n), "\x1b[?100"));
    ref_vterm_keys(v, "m");
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?1006h"));
    ref_vterm_keys(v, "j m"); /* twice at once would be a held key */
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?1006l"));
    stop(v);
}

static void pasted_binary_does_nothing(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
    ref_vterm_keys(v, "2");
    ref_vterm_send(v, "\x1b[200~QQP\r\x01\x1b[A\xff\xfe y\r\x1b[201~");
    ref_vterm_ready(v);
    assert_shows(v, "Users");
    ref_vterm_keys(v, "/");
    ref_vterm_send(v, "\x1b[200~a\x1b[31mb\x1b[201~"); /* text of the prompt, made safe */
    ref_vterm_ready(v);
    ref_vterm_keys(v, "Esc");
    stop(v);
}

static void terminals_that_will_not_do(void **state)
{
    (void)state;
    static const char *const terms[] = {"", "no-such-terminal", "dumb"};
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        struct ref_vterm *v = ref_vterm_open(
            &(struct ref_vterm_opts){.w = 200, .bin = &bin, .line = "console", .term = terms[i]});
        assert_int_equal(ref_vterm_end(v), 2);
        assert_shows(v, "TERM=xterm-256color");
        assert_shows(v, "--batch");
        size_t n;
        assert_null(strchr(ref_vterm_written(v, &n), '\x1b'));
        ref_vterm_close(v);
    }
    ref_bin_refuses(&bin, 2, "console", "not a terminal|--batch");
}

static void ended_from_outside(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
        ref_vterm_keys(v, "7 ?"); /* in a popup */
        kill(ref_vterm_pid(v), signals[i]);
        assert_given_back(v, 0);
    }
    struct ref_vterm *v = started(&(struct ref_vterm_opts){0});
    ref_vterm_keys(v, "2 /");
    kill(ref_vterm_pid(v), SIGQUIT);
    assert_given_back(v, 128 + SIGQUIT);
    v = started(&(struct ref_vterm_opts){0});
    ref_vterm_keys(v, "7 ?");
    ref_vterm_hang_up(v);
    assert_int_equal(ref_vterm_end(v), 0);
    ref_vterm_close(v);
}

static uint64_t step(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return *x >> 33;
}

static void any_size_and_any_key(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&(struct ref_vterm_opts){.line = "console --read-only"});
    static const char *const keys[] = {"1", "2",    "3",    "4",     "5",     "6", "7",   "8",
                                       "j", "k",    "G",    "g",     "Tab",   "z", "{",   "}",
                                       "o", "s",    "<",    ">",     "Space", "?", "Esc", "H",
                                       "L", "PgDn", "Home", "S-Tab", "^L",    "f", "U",   "%"};
    uint64_t x = 7;
    for (int i = 0; i < 200; i++) {
        if (i % 4 == 0) {
            int w = 1 + (int)(step(&x) % 200);
            int h = 1 + (int)(step(&x) % 60);
            ref_vterm_resize(v, w, h);
            ref_vterm_ready(v);
        }
        ref_vterm_keys(v, keys[step(&x) % 32]);
    }
    for (int i = 0; i < 30; i++) /* a storm: many as one */
        ref_vterm_resize(v, 60 + i, 16 + i);
    ref_vterm_resize(v, 100, 30);
    ref_vterm_ready(v);
    ref_vterm_keys(v, "Esc Esc Esc Esc 1");
    assert_shows(v, "recsys >");
    stop(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_class),
        cmocka_unit_test(ascii_and_mono),
        cmocka_unit_test(the_cursor_follows_the_selection),
        cmocka_unit_test(what_keys_cost),
        cmocka_unit_test(no_mouse_unless_asked),
        cmocka_unit_test(pasted_binary_does_nothing),
        cmocka_unit_test(terminals_that_will_not_do),
        cmocka_unit_test(ended_from_outside),
        cmocka_unit_test(any_size_and_any_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
