/*
 * The terminal by itself, on a pty: frames as drawn, keys as pressed, and the line as it was found
 * however the program ends. The child below shows what it gets.
 */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/ref_vterm.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "tui/glyph.h"
#include "tui/term.h"

enum { LOG_LINES = 8 };

/* ---- the child --------------------------------------------------------------------------------- */

struct child {
    struct tui_term *term;
    struct tui_canvas canvas;
    char log[LOG_LINES][80]; /* keys, newest first */
    uint64_t seed;           /* > 0: random pictures instead of the log */
    bool done, full;
};

static void note(struct child *c, const char *text)
{
    memmove(c->log[1], c->log[0], sizeof(c->log[0]) * (LOG_LINES - 1));
    snprintf(c->log[0], sizeof(c->log[0]), "%s", text);
}

static void note_key(struct child *c, const struct tui_key *k)
{
    static const char *const names[] = {
#define NAME(id, name) name,
        TUI_KEYS(NAME)
#undef NAME
    };
    char text[80];
    if (k->code == TUI_KEY_MOUSE) {
        snprintf(text, sizeof(text), "Mouse %d at %d,%d%s", k->button, k->x, k->y,
                 k->held ? " moved" : "");
    } else if (k->code == TUI_KEY_PASTE) {
        snprintf(text, sizeof(text), "Paste %zu [%.30s]", strlen(k->paste), k->paste);
    } else if (k->code > TUI_KEY_FIRST) {
        snprintf(text, sizeof(text), "%s%s", k->alt ? "M-" : "",
                 names[k->code - TUI_KEY_FIRST - 1]);
    } else {
        snprintf(text, sizeof(text), "%sU+%04X%s", k->alt ? "M-" : "", k->code,
                 k->held ? " held" : "");
    }
    note(c, text);
}

static uint64_t step(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return *x >> 33;
}

/* A picture of text, wide and marked characters, rules and paint in all roles. */
static void random_picture(struct tui_canvas *c, uint64_t seed)
{
    static const char *const words[] = {"plain", "千と千尋", "e\u0301e\u0301", "Amélie",  "│─┼",
                                        "😀x",    "   ",      "\u202e\x1b[m",   "#######", "⣀⠤⠒"};
    uint64_t x = seed;
    tui_canvas_erase(c);
    struct tui_rect all = tui_canvas_rect(c);
    for (int i = 0; i < 60; i++) {
        int at_x = (int)(step(&x) % (unsigned)(c->w + 8)) - 6;
        int at_y = (int)(step(&x) % (unsigned)c->h);
        enum tui_role role = (enum tui_role)(step(&x) % TUI_ROLE_COUNT);
        tui_put(c, all, at_x, at_y, words[step(&x) % 10], role, (unsigned)(step(&x) % 8));
    }
    if (step(&x) % 2) tui_box(c, (struct tui_rect){4, 2, c->w / 2, c->h / 2}, "box");
    for (int y = 0; y < c->h; y++) { /* libvterm puts marks of the last column on the next row */
        char *text = c->cells[(y + 1) * c->w - 1].text;
        if (strncmp(text, "e\u0301", 3) == 0) text[1] = '\0';
    }
    if (step(&x) % 2) {
        c->cursor_x = (int)(step(&x) % (unsigned)c->w);
        c->cursor_y = (int)(step(&x) % (unsigned)c->h);
    }
}

static void on_line(const char *line, void *ctx)
{
    struct child *c = ctx;
    char text[80];
    snprintf(text, sizeof(text), "stderr: %.50s", line);
    note(c, text);
}

static void act(struct child *c, const struct tui_key *k)
{
    note_key(c, k);
    int w;
    int h;
    tui_term_size(c->term, &w, &h);
    if (k->code == TUI_KEY_RESIZE) tui_canvas_resize(&c->canvas, w, h);
    switch (k->code) {
    case 'q':
        c->done = true;
        break;
    case 'd':
        c->seed++;
        break;
    case 'F':
        c->full = true;
        break;
    case 'm':
        tui_term_set_mouse(c->term, true);
        break;
    case 'M':
        tui_term_set_mouse(c->term, false);
        break;
    case 'e':
        fputs("one\ntwo\n", stderr);
        break;
    case 'y':
        note(c, tui_term_copy(c->term, "h\xc3\xa9llo") ? "copied" : "not copied");
        break;
    case 'l':
        note(c, tui_term_set_theme(c->term, "light") ? "light" : "none");
        break;
    case 'Z':
        tui_term_suspend(c->term);
        break;
    case 'A':
        rs_assert(c->done);
        break;
    case 'S':
        raise(SIGSEGV);
        break;
    default:
        break;
    }
}

static void draw(struct child *c)
{
    if (c->seed) {
        random_picture(&c->canvas, c->seed);
    } else {
        tui_canvas_erase(&c->canvas);
        for (int i = 0; i < LOG_LINES; i++)
            tui_put(&c->canvas, tui_canvas_rect(&c->canvas), 0, i, c->log[i],
                    i ? TUI_DIM : TUI_SELECTED, 0);
        tui_putf(&c->canvas, tui_canvas_rect(&c->canvas), 20, 9, TUI_BETTER, 0, "%dx%d %s é─ %s",
                 c->canvas.w, c->canvas.h, tui_term_glyphs(c->term)->name,
                 tui_term_theme(c->term)->name);
        c->canvas.cursor_x = 0;
        c->canvas.cursor_y = 0;
    }
    tui_term_show(c->term, &c->canvas, c->full);
    c->full = false;
}

static void run(struct child *c, int ready_fd)
{
    while (!c->done) {
        bool end = false;
        bool gone = false;
        struct tui_key k;
        tui_term_signals(c->term, &end);
        tui_term_stderr(c->term, on_line, c);
        while (tui_term_key(c->term, &k, &gone))
            act(c, &k);
        if (gone || end || c->done) return;
        draw(c);
        struct pollfd p[] = {{.fd = tui_term_key_fd(c->term), .events = POLLIN},
                             {.fd = tui_term_signal_fd(c->term), .events = POLLIN},
                             {.fd = tui_term_stderr_fd(c->term), .events = POLLIN},
                             {.fd = tui_term_write_fd(c->term), .events = POLLOUT}};
        if (poll(p, 4, 0) == 0 && write(ready_fd, ".", 1) == 1) (void)poll(p, 4, -1);
    }
}

static int program(int ready_fd, void *ctx)
{
    struct child c = {0};
    struct rs_err err = {0};
    enum rs_code rc = tui_term_open(ctx, &c.term, &err);
    if (rc) {
        fprintf(stderr, "%s\n", err.msg);
        return rs_code_exit(rc);
    }
    int w;
    int h;
    tui_term_size(c.term, &w, &h);
    tui_canvas_init(&c.canvas, tui_term_glyphs(c.term));
    tui_canvas_resize(&c.canvas, w, h);
    run(&c, ready_fd);
    tui_canvas_clear(&c.canvas);
    tui_term_close(c.term);
    return 0;
}

/* ---- the tests --------------------------------------------------------------------------------- */

static struct tui_term_opts plain;

static struct ref_vterm *start(struct tui_term_opts *o, const char *locale, const char *term)
{
    setlocale(LC_CTYPE, locale ? locale : "C.UTF-8");
    struct ref_vterm *v = ref_vterm_open(
        &(struct ref_vterm_opts){.fn = program, .ctx = o, .locale = locale, .term = term});
    return v;
}

static struct ref_vterm *started(struct tui_term_opts *o)
{
    struct ref_vterm *v = start(o, NULL, NULL);
    ref_vterm_ready(v);
    return v;
}

static void assert_row(const struct ref_vterm *v, int row, const char *want)
{
    char *text = ref_vterm_text(v);
    char *at = text;
    for (int i = 0; i < row; i++)
        at = strchr(at, '\n') + 1;
    *strchr(at, '\n') = '\0';
    assert_string_equal(at, want);
    free(text);
}

static void assert_key(struct ref_vterm *v, const char *bytes, const char *want)
{
    ref_vterm_send(v, bytes);
    ref_vterm_ready(v);
    assert_row(v, 0, want);
}

static void stop(struct ref_vterm *v)
{
    ref_vterm_send(v, "q");
    assert_int_equal(ref_vterm_end(v), 0);
    assert_true(ref_vterm_as_found(v));
    assert_false(ref_vterm_alternate(v));
    ref_vterm_close(v);
}

/* The screen of libvterm is the canvas, but for the last cell, which stays blank. */
static void frames_are_what_was_drawn(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    struct tui_canvas c;
    tui_canvas_init(&c, &tui_glyphs_utf8);
    tui_canvas_resize(&c, 80, 24);
    for (uint64_t seed = 1; seed <= 150; seed++) {
        ref_vterm_keys(v, "d");
        random_picture(&c, seed);
        int last = 80 * 24 - 1;
        if (c.cells[last].width == 0) c.cells[last - 1] = (struct tui_cell){.width = 1};
        c.cells[last] = (struct tui_cell){.width = 1};
        struct rs_str want;
        rs_str_init(&want, 0);
        tui_canvas_text(&c, &want);
        char *got = ref_vterm_text(v);
        if (strcmp(got, rs_str_text(&want)) != 0) print_error("picture %d\n", (int)seed);
        assert_string_equal(got, rs_str_text(&want));
        char *attributes = ref_vterm_attributes(v);
        char cursor[40] = "cursor hidden\n";
        if (c.cursor_x >= 0)
            snprintf(cursor, sizeof(cursor), "cursor %d,%d\n", c.cursor_y, c.cursor_x);
        assert_true(rs_str_ends(attributes, cursor));
        free(attributes);
        free(got);
        rs_str_clear(&want);
    }
    tui_canvas_clear(&c);
    stop(v);
}

static void paint_is_the_theme(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_keys(v, "x");
    char *a = ref_vterm_attributes(v);
    assert_string_equal(a, "0 0-5 reverse\n9 20-40 bold fg=33\ncursor 0,0\n");
    free(a);
    ref_vterm_keys(v, "l");
    assert_row(v, 9, "                    80x24 utf8 é─ light");
    a = ref_vterm_attributes(v);
    assert_non_null(strstr(a, "9 20-38 bold fg=25\n"));
    assert_non_null(strstr(a, "1 0-5 fg=241\n"));
    free(a);
    stop(v);
}

static void only_what_differs_is_sent(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_keys(v, "d");
    size_t n;
    ref_vterm_written(v, &n);
    ref_vterm_keys(v, "x"); /* the same picture */
    ref_vterm_written(v, &n);
    assert_int_equal(n, 0);
    ref_vterm_keys(v, "F"); /* all of it */
    ref_vterm_written(v, &n);
    assert_in_range(n, 500, 8000);
    char *before = ref_vterm_text(v);
    ref_vterm_keys(v, "F");
    char *after = ref_vterm_text(v);
    assert_string_equal(before, after);
    free(before);
    free(after);
    stop(v);
}

static void keys_of_all_kinds(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    assert_key(v, "j", "U+006A");
    assert_key(v, "é", "U+00E9");
    assert_key(v, "千", "U+5343");
    assert_key(v, "😀", "U+1F600");
    assert_key(v, "\r", "Enter");
    assert_key(v, "\t", "Tab");
    assert_key(v, "\x1b[Z", "S-Tab");
    assert_key(v, "\x1b", "Esc");
    assert_key(v, "\x7f", "Backspace");
    assert_key(v, "\x12", "U+0012");
    assert_key(v, "\x03", "U+0003"); /* ^C, ^Z, ^S: keys */
    assert_key(v, "\x1a", "U+001A");
    assert_key(v, "\x13", "U+0013");
    static const char *const names[] = {"Up",   "Down", "Left", "Right", "Home", "End",
                                        "PgUp", "PgDn", "Del",  "F1",    "F5"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ref_vterm_keys(v, names[i]);
        assert_row(v, 0, names[i]);
    }
    assert_key(v, "\x1b[A", "Up"); /* not as terminfo has it */
    assert_key(v, "\x1b[1;5C", "Right");
    assert_key(v, "\x1b[7~", "Home");
    assert_key(v,
               "\x1b"
               "b",
               "M-U+0062");
    stop(v);
}

/* What is no key of ours is read to its end: none of its letters is a key. */
static void unknown_sequences_fall_in_one_piece(void **state)
{
    (void)state;
    static const char *const strange[] = {"\x1b[?1;2c",
                                          "\x1b[>0;276;0c",
                                          "\x1b[99;7$q",
                                          "\x1b[I",
                                          "\x1b[201~",
                                          "\x1b[<0;3;4M",
                                          "\x1b[1;2;3;4;5;6;7;8;9999999999999z",
                                          "\x1bOX",
                                          "\xff\xfe",
                                          "\xc3"};
    struct ref_vterm *v = started(&plain);
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        assert_key(v, "j", "U+006A");
        ref_vterm_send(v, strange[i]);
        ref_vterm_ready(v);
        assert_row(v, 0, "U+006A");
        ref_vterm_keys(v, "k");
        assert_row(v, 0, "U+006B");
    }
    stop(v);
}

static void held_keys_are_told(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    assert_key(v, "xjjj", "U+006A held");
    assert_row(v, 2, "U+006A");
    assert_key(v, "jk", "U+006B");
    stop(v);
}

static void pastes(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    size_t n;
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?2004h"));
    assert_key(v, "\x1b[200~qA\x1b[B\x1b[20q\rZ\x1b[201~", "Paste 12 [qA?[B?[20q?Z]");
    assert_key(v, "\x1b[200~\x1b[201~j", "U+006A");
    assert_row(v, 1, "Paste 0 []");
    ref_vterm_send(v, "\x1b[200~begins");
    ref_vterm_ready(v); /* not here yet: nothing happens */
    assert_row(v, 0, "U+006A");
    assert_key(v, " ends\x1b[201~", "Paste 11 [begins ends]");
    stop(v);
}

static void the_mouse_only_where_asked(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    size_t n;
    const char *bytes = ref_vterm_written(v, &n);
    for (int mode = 1000; mode <= 1006; mode++) {
        char text[16];
        snprintf(text, sizeof(text), "?%d", mode);
        assert_null(strstr(bytes, text));
    }
    ref_vterm_keys(v, "m");
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?1002h\x1b[?1006h"));
    assert_key(v, "\x1b[<0;3;4M", "Mouse 1 at 2,3");
    assert_key(v, "\x1b[<0;3;4m", "Mouse 1 at 2,3"); /* let go */
    assert_row(v, 1, "U+006D");
    assert_key(v, "\x1b[<32;5;4M", "Mouse 1 at 4,3 moved");
    assert_key(v, "\x1b[<2;3;4M", "Mouse 3 at 2,3");
    assert_key(v, "\x1b[<65;300;4M", "Mouse 5 at 299,3");
    ref_vterm_keys(v, "M");
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?1006l\x1b[?1002l"));
    stop(v);
}

static void resizes(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    static const int sizes[][2] = {{160, 50}, {52, 12}, {1, 1}, {400, 120}, {60, 16}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ref_vterm_resize(v, sizes[i][0], sizes[i][1]);
        ref_vterm_ready(v);
        char want[64];
        snprintf(want, sizeof(want), "                    %dx%d utf8 é─ default", sizes[i][0],
                 sizes[i][1]);
        if (sizes[i][1] > 9) assert_row(v, 9, want);
    }
    ref_vterm_keys(v, "j");
    assert_row(v, 0, "U+006A");
    assert_row(v, 1, "Resize");
    stop(v);
}

static void ascii_and_mono(void **state)
{
    (void)state;
    struct tui_term_opts mono = {.mono = true};
    struct ref_vterm *v = start(&mono, "C", NULL);
    ref_vterm_ready(v);
    ref_vterm_keys(v, "x d d d");
    size_t n;
    const char *bytes = ref_vterm_written(v, &n);
    for (size_t i = 0; i < n; i++)
        assert_true((unsigned char)bytes[i] < 0x80);
    for (const char *s = bytes; (s = strstr(s, "\x1b["));
         s++) { /* no colour among the attributes */
        size_t len = strspn(s + 2, "0123456789;");
        if (s[2 + len] != 'm') continue;
        for (const char *p = s + 2; p < s + 2 + len; p += strcspn(p, ";m") + 1) {
            int code = (int)strtol(p, NULL, 10);
            assert_true(code < 30 || code == 39 || code == 49);
        }
    }
    stop(v);
    v = start(&plain, "C", NULL);
    ref_vterm_ready(v);
    assert_row(v, 9, "                    80x24 ascii e? default");
    stop(v);
}

static void other_terminals(void **state)
{
    (void)state;
    static const char *const terms[] = {"vt100", "linux", "xterm", "screen-256color",
                                        "tmux-256color"};
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        struct ref_vterm *v = start(&plain, NULL, terms[i]);
        ref_vterm_ready(v);
        struct tui_canvas c;
        tui_canvas_init(&c, &tui_glyphs_utf8);
        tui_canvas_resize(&c, 80, 24);
        for (uint64_t seed = 1; seed <= 10; seed++) {
            ref_vterm_keys(v, "d");
            random_picture(&c, seed);
            struct rs_str want;
            rs_str_init(&want, 0);
            tui_canvas_text(&c, &want);
            char *got = ref_vterm_text(v);
            size_t rows = (size_t)(strrchr(got, '\n') - got) - 80; /* the last cell aside */
            assert_memory_equal(got, rs_str_text(&want), rows < want.len ? rows : want.len);
            free(got);
            rs_str_clear(&want);
        }
        tui_canvas_clear(&c);
        ref_vterm_send(v, "q");
        assert_int_equal(ref_vterm_end(v), 0);
        assert_true(ref_vterm_as_found(v));
        ref_vterm_close(v);
    }
}

static void refuses(const char *term, const char *part)
{
    struct ref_vterm *v = start(&plain, NULL, term);
    assert_int_equal(ref_vterm_end(v), 2);
    char *text = ref_vterm_text(v);
    if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
    assert_non_null(strstr(text, "TERM=xterm-256color"));
    assert_non_null(strstr(text, "--batch"));
    size_t n;
    assert_null(strchr(ref_vterm_written(v, &n), '\x1b')); /* never an escape code */
    assert_true(ref_vterm_as_found(v));
    free(text);
    ref_vterm_close(v);
}

static void terminals_that_will_not_do(void **state)
{
    (void)state;
    refuses("", "TERM is not set");
    refuses("no-such-terminal", "TERM 'no-such-terminal' is not known");
    refuses("dumb", "TERM 'dumb' cannot address its cursor");
    struct tui_term *t = NULL;
    struct rs_err err = {0};
    if (!isatty(STDIN_FILENO))
        assert_code(tui_term_open(&plain, &t, &err), RS_EARG, &err, "is not a terminal");
    assert_null(t);
}

static void given_back(const char *key, int signal, int status)
{
    struct ref_vterm *v = started(&plain);
    ref_vterm_keys(v, "j m");
    if (key) ref_vterm_send(v, key);
    if (signal) kill(ref_vterm_pid(v), signal);
    assert_int_equal(ref_vterm_end(v), status);
    assert_true(ref_vterm_as_found(v));
    assert_false(ref_vterm_alternate(v));
    size_t n;
    const char *bytes = ref_vterm_written(v, &n);
    assert_non_null(strstr(bytes, "\x1b[?2004l"));
    assert_non_null(strstr(bytes, "\x1b[?1002l"));
    char *a = ref_vterm_attributes(v);
    assert_null(strstr(a, "cursor hidden"));
    free(a);
    ref_vterm_close(v);
}

static void the_terminal_is_given_back(void **state)
{
    (void)state;
    given_back("q", 0, 0);
    given_back(NULL, SIGTERM, 0);
    given_back(NULL, SIGHUP, 0);
    given_back(NULL, SIGINT, 0);
    given_back("A", 0, 128 + SIGABRT);
    given_back(NULL, SIGQUIT, 128 + SIGQUIT);
    given_back(NULL, SIGBUS, 128 + SIGBUS);
}

static void last_words_reach_the_terminal(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_send(v, "A");
    assert_int_equal(ref_vterm_end(v), 128 + SIGABRT);
    char *text = ref_vterm_text(v);
    assert_non_null(strstr(text, "internal error"));
    free(text);
    ref_vterm_close(v);
}

static void standard_error_comes_as_lines(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_send(v, "e");
    ref_vterm_expect(v, "stderr: two\nstderr: one\n");
    ref_vterm_keys(v, "j");
    stop(v);
}

static void suspended_and_back(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_keys(v, "j");
    size_t n;
    ref_vterm_written(v, &n);
    ref_vterm_keys(v, "Z"); /* nobody could continue an orphan: it goes on at once */
    const char *bytes = ref_vterm_written(v, &n);
    const char *left = strstr(bytes, "\x1b[?1049l");
    assert_non_null(left);
    assert_non_null(strstr(left, "\x1b[?1049h"));
    assert_non_null(strstr(left, "\x1b[?2004h"));
    assert_true(ref_vterm_alternate(v));
    assert_row(v, 0, "Resize");
    assert_row(v, 2, "U+006A");
    kill(ref_vterm_pid(v), SIGSTOP); /* by others, and continued */
    kill(ref_vterm_pid(v), SIGCONT);
    ref_vterm_expect(v, "Resize\nResize\n");
    ref_vterm_keys(v, "Up");
    assert_row(v, 0, "Up");
    stop(v);
}

static void a_terminal_that_takes_nothing(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_stall(v, true);
    for (int i = 0; i < 40; i++) { /* pictures of several KB: more than a line holds */
        ref_vterm_send(v, "d");
        ref_vterm_send(v, "F");
    }
    ref_vterm_send(v, "q"); /* keys go on */
    assert_int_equal(ref_vterm_end(v), 0);
    assert_true(ref_vterm_as_found(v));
    ref_vterm_close(v);
    v = started(&plain);
    ref_vterm_stall(v, true);
    for (int i = 0; i < 40; i++)
        ref_vterm_send(v, "dF");
    ref_vterm_stall(v, false); /* it reads again: the last picture comes whole */
    ref_vterm_ready(v);
    ref_vterm_keys(v, "x");
    struct tui_canvas c;
    tui_canvas_init(&c, &tui_glyphs_utf8);
    tui_canvas_resize(&c, 80, 24);
    random_picture(&c, 40);
    struct rs_str want;
    rs_str_init(&want, 0);
    tui_canvas_text(&c, &want);
    char *got = ref_vterm_text(v);
    assert_memory_equal(got, rs_str_text(&want), strlen(got) - 81);
    free(got);
    rs_str_clear(&want);
    tui_canvas_clear(&c);
    stop(v);
}

static void a_line_that_hangs_up(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    ref_vterm_hang_up(v);
    assert_int_equal(ref_vterm_end(v), 0);
    ref_vterm_close(v);
}

static void frames_at_once_where_it_knows_how(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    size_t n;
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b[?2026$p"));
    ref_vterm_keys(v, "d");
    assert_null(strstr(ref_vterm_written(v, &n), "\x1b[?2026h")); /* no answer: no marks */
    ref_vterm_send(v, "\x1b[?2026;2$y");
    ref_vterm_ready(v);
    ref_vterm_written(v, &n);
    assert_int_equal(n, 0);
    ref_vterm_keys(v, "d");
    const char *bytes = ref_vterm_written(v, &n);
    assert_true(rs_str_starts(bytes, "\x1b[?2026h"));
    assert_true(rs_str_ends(bytes, "\x1b[?2026l"));
    ref_vterm_keys(v, "x"); /* the same picture: no marks either */
    ref_vterm_written(v, &n);
    assert_int_equal(n, 0);
    stop(v);
    v = start(&plain, NULL, "vt100"); /* is not asked */
    ref_vterm_ready(v);
    assert_null(strstr(ref_vterm_written(v, &n), "2026"));
    stop(v);
}

static void the_clipboard(void **state)
{
    (void)state;
    struct ref_vterm *v = started(&plain);
    size_t n;
    ref_vterm_written(v, &n);
    assert_key(v, "y", "copied");
    assert_non_null(strstr(ref_vterm_written(v, &n), "\x1b]52;c;aMOpbGxv\a"));
    stop(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_what_was_drawn),
        cmocka_unit_test(paint_is_the_theme),
        cmocka_unit_test(only_what_differs_is_sent),
        cmocka_unit_test(keys_of_all_kinds),
        cmocka_unit_test(unknown_sequences_fall_in_one_piece),
        cmocka_unit_test(held_keys_are_told),
        cmocka_unit_test(pastes),
        cmocka_unit_test(the_mouse_only_where_asked),
        cmocka_unit_test(resizes),
        cmocka_unit_test(ascii_and_mono),
        cmocka_unit_test(other_terminals),
        cmocka_unit_test(terminals_that_will_not_do),
        cmocka_unit_test(the_terminal_is_given_back),
        cmocka_unit_test(last_words_reach_the_terminal),
        cmocka_unit_test(standard_error_comes_as_lines),
        cmocka_unit_test(suspended_and_back),
        cmocka_unit_test(a_terminal_that_takes_nothing),
        cmocka_unit_test(a_line_that_hangs_up),
        cmocka_unit_test(frames_at_once_where_it_knows_how),
        cmocka_unit_test(the_clipboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
