/*
 * term - modes, frames, and leaving.
 *
 * curses writes to a file in memory and not to the terminal: a frame is then sent in one write that
 * never waits. A terminal that takes nothing (a stopped tmux, a dead link) holds up neither keys
 * nor the end of the program. What must stay true: every byte of a frame that was begun is sent
 * before the next one is drawn, since curses counts on it.
 */
#define _GNU_SOURCE      /* memfd_create */
#define NCURSES_WIDECHAR 1
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include <ncurses.h>
#include <term.h>

#include "glyph.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/utf8.h"
#include "term_impl.h"

#define ANSWER_NS INT64_C(1000000000) /* in which a terminal answers a question */

enum {
    ESC_DELAY_MS = 25,
    LEAVE_MS = 500,   /* how long the end waits for a terminal that takes nothing */
    COPY_MAX = 74994, /* xterm's limit of OSC 52 */
    FALLBACK_W = 80,
    FALLBACK_H = 24,
    MAX_SIDE = 1000
};

/* ---- bytes out ------------------------------------------------------------------------------- */

static void send_text(struct tui_term *t, const char *text)
{
    rs_str_add(&t->unsent, text);
}

/* A capability of the terminal; "" where it has none. */
static const char *capability(const char *name)
{
    const char *s = tigetstr(name);
    return s && (intptr_t)s != -1 ? s : "";
}

/* The same into out, without the delays ("$<2>") that terminals of paper and glass needed. */
static void add_capability(struct rs_str *out, const char *name)
{
    const char *s = capability(name);
    const char *delay;
    while ((delay = strstr(s, "$<")) && strchr(delay, '>')) {
        rs_str_addn(out, s, (size_t)(delay - s));
        s = strchr(delay, '>') + 1;
    }
    rs_str_add(out, s);
}

/* What curses wrote goes behind what is unsent. */
static void collect(struct tui_term *t)
{
    int fd = fileno(t->sink);
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size == 0) return;
    char *bytes = rs_xalloc((size_t)st.st_size, 1);
    ssize_t n = pread(fd, bytes, (size_t)st.st_size, 0);
    if (n > 0) rs_str_addn(&t->unsent, bytes, (size_t)n);
    free(bytes);
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) < 0) t->gone = true;
}

/* Sends what the terminal takes now. true: all of it. */
static bool flush(struct tui_term *t)
{
    while (t->sent < t->unsent.len && !t->gone) {
        struct pollfd p = {.fd = t->tty, .events = POLLOUT}; /* where it could not be opened anew */
        if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLOUT | POLLERR | POLLHUP))) return false;
        ssize_t n = write(t->tty, t->unsent.data + t->sent, t->unsent.len - t->sent);
        if (n > 0) t->sent += (size_t)n;
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (n < 0) t->gone = true;
    }
    rs_str_reset(&t->unsent);
    t->sent = 0;
    return true;
}

static void flush_waiting(struct tui_term *t)
{
    while (!flush(t)) {
        struct pollfd p = {.fd = t->tty, .events = POLLOUT};
        if (poll(&p, 1, LEAVE_MS) <= 0) return;
    }
}

int tui_term_write_fd(const struct tui_term *t)
{
    return t->sent < t->unsent.len && !t->gone ? t->tty : -1;
}

/* ---- size ------------------------------------------------------------------------------------ */

static int side(int n, int fallback)
{
    return n < 1 ? fallback : n > MAX_SIDE ? MAX_SIDE : n;
}

void tui_term_resize(struct tui_term *t)
{
    struct winsize size = {0};
    (void)ioctl(t->tty, TIOCGWINSZ, &size);
    int w = side(size.ws_col, FALLBACK_W);
    int h = side(size.ws_row, FALLBACK_H);
    if (w == t->w && h == t->h) return;
    t->w = w;
    t->h = h;
    t->repaint = true;
    resizeterm(h, w);
}

void tui_term_size(const struct tui_term *t, int *w_out, int *h_out)
{
    *w_out = t->w;
    *h_out = t->h;
}

/* ---- colours --------------------------------------------------------------------------------- */

static void use_theme(struct tui_term *t, const struct tui_theme *theme)
{
    t->theme = theme;
    t->repaint = true;
    for (short r = 0; r < TUI_ROLE_COUNT && t->colours > 0; r++) {
        const struct tui_paint *p = &theme->roles[r];
        short fg = t->colours >= 256 ? p->fg256 : t->colours >= 16 ? p->fg16 : p->fg8;
        short bg = t->colours >= 256 ? p->bg256 : t->colours >= 16 ? p->bg16 : p->bg8;
        init_pair((short)(r + 1), fg, bg);
    }
}

bool tui_term_set_theme(struct tui_term *t, const char *name)
{
    const struct tui_theme *theme = tui_theme_find(name);
    if (theme) use_theme(t, t->colours > 0 ? theme : tui_theme_find("mono"));
    return theme != NULL;
}

/* The attributes and the pair of a cell. */
static attr_t paint_of(const struct tui_term *t, const struct tui_cell *cell, short *pair_out)
{
    const struct tui_paint *p = &t->theme->roles[cell->role];
    unsigned attrs = p->attrs | cell->attrs;
    attr_t a = A_NORMAL;
    if (attrs & TUI_BOLD) a |= A_BOLD;
    if (attrs & TUI_REVERSE) a |= A_REVERSE;
    if (attrs & TUI_UNDERLINE) a |= A_UNDERLINE;
    bool plain = p->fg256 < 0 && p->bg256 < 0;
    *pair_out = t->colours > 0 && !plain ? (short)(cell->role + 1) : 0;
    return a;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* A cell's characters as curses takes them. curses lays out by the C library's widths: where those
 * differ from ours the place is kept by '?'. */
static void wide_text(const struct tui_cell *cell, wchar_t out[CCHARW_MAX + 1])
{
    size_t len = strlen(cell->text);
    int n = 0;
    for (size_t at = 0; at < len && n < CCHARW_MAX;) {
        struct rs_char c = rs_char_at(cell->text + at, len - at);
        at += c.bytes;
        int width = wcwidth((wchar_t)c.code);
        if (n == 0 && width != cell->width) break;
        if (n > 0 && width != 0) continue;
        out[n++] = (wchar_t)c.code;
    }
    if (n == 0) out[n++] = len > 0 ? L'?' : L' ';
    out[n] = L'\0';
}

static void draw_row(struct tui_term *t, const struct tui_canvas *c, int y, int w)
{
    const struct tui_cell *row = &c->cells[(size_t)y * (size_t)c->w];
    for (int x = 0; x < w; x++) {
        if (row[x].width == 0 || x + row[x].width > w) continue;
        short pair;
        attr_t attrs = paint_of(t, &row[x], &pair);
        wchar_t text[CCHARW_MAX + 1];
        wide_text(&row[x], text);
        cchar_t cell;
        if (setcchar(&cell, text, attrs, pair, NULL) == ERR) continue;
        mvadd_wch(y, x, &cell);
        if (row[x].width == 2 && text[0] == L'?') mvadd_wch(y, x + 1, &cell);
    }
}

static const char sync_on[] = "\x1b[?2026h";
static const char sync_off[] = "\x1b[?2026l";

void tui_term_show(struct tui_term *t, const struct tui_canvas *c, bool full)
{
    if (full) t->repaint = true;
    if (!flush(t) || t->gone) return;
    int w = c->w < t->w ? c->w : t->w;
    int h = c->h < t->h ? c->h : t->h;
    erase();
    for (int y = 0; y < h; y++)
        draw_row(t, c, y, y == t->h - 1 ? (w < t->w ? w : t->w - 1) : w);
    bool cursor = c->cursor_x >= 0 && c->cursor_y >= 0 && c->cursor_x < w && c->cursor_y < h;
    curs_set(cursor ? 1 : 0);
    if (cursor) move(c->cursor_y, c->cursor_x);
    leaveok(stdscr, !cursor);
    if (t->repaint) clearok(curscr, TRUE);
    t->repaint = false;
    wnoutrefresh(stdscr);
    doupdate();
    if (t->sync) send_text(t, sync_on);
    size_t before = t->unsent.len;
    collect(t);
    if (t->unsent.len == before) rs_str_reset(&t->unsent); /* nothing differs: not a byte */
    if (t->sync && t->unsent.len > before) send_text(t, sync_off);
    flush(t);
}

/* ---- modes ----------------------------------------------------------------------------------- */

/* Does it show a frame at once between marks? The answer comes among the keys. Not asked where the
 * question itself would be shown. */
static void ask_sync(struct tui_term *t)
{
    const char *name = getenv("TERM");
    if (!t->ansi || !name || rs_str_starts(name, "linux") || rs_str_starts(name, "vt")) return;
    send_text(t, "\x1b[?2026$p");
    t->asked_ns = rs_clock_mono_ns();
}

static const char mouse_on[] = "\x1b[?1002h\x1b[?1006h";
static const char mouse_off[] = "\x1b[?1006l\x1b[?1002l";

static void send_modes(struct tui_term *t)
{
    if (!t->ansi) return;
    send_text(t, "\x1b[?2004h"); /* bracketed paste */
    if (t->mouse) send_text(t, mouse_on);
}

void tui_term_enter(struct tui_term *t)
{
    tcsetattr(t->tty, TCSANOW, &t->raw);
    add_capability(&t->unsent, "smcup");
    add_capability(&t->unsent, "smkx");
    send_modes(t);
    curs_set(1); /* as the reset left it; the next frame hides it where it has to */
    t->repaint = true;
}

static void leave(struct tui_term *t)
{
    flush_waiting(t);
    if (t->sent > 0) { /* the frame stays half sent: at least no sequence goes on into ours */
        rs_str_reset(&t->unsent);
        t->sent = 0;
    }
    send_text(t, t->reset);
    flush_waiting(t);
    rs_str_reset(&t->unsent);
    t->sent = 0;
    bool expected = t->asked_ns && rs_clock_mono_ns() - t->asked_ns < ANSWER_NS;
    if (expected) tcflush(STDIN_FILENO, TCIFLUSH); /* an answer on its way is not for the shell */
    tcsetattr(t->tty, TCSANOW, &t->shell);
}

void tui_term_suspend(struct tui_term *t)
{
    leave(t);
    tui_stderr_give_back(t);
    tui_stop_here();
    tui_stderr_take(t);
    tui_term_enter(t);
    tui_term_resize(t);
    t->resized = true;
}

void tui_term_set_mouse(struct tui_term *t, bool on)
{
    if (on == t->mouse || !t->ansi) return;
    t->mouse = on;
    send_text(t, on ? mouse_on : mouse_off);
    flush(t);
}

/* ---- opening --------------------------------------------------------------------------------- */

static const char advice[] = "set TERM=xterm-256color or TERM=vt100, or use --batch";

static enum rs_code check_terminal(struct rs_err *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return rs_fail(err, RS_EARG, "console: standard %s is not a terminal; use --batch",
                       isatty(STDIN_FILENO) ? "output" : "input");
    const char *name = getenv("TERM");
    if (!name || !*name) return rs_fail(err, RS_EARG, "console: TERM is not set; %s", advice);
    int status = 0;
    if (setupterm(name, STDOUT_FILENO, &status) == ERR)
        return rs_fail(err, RS_EARG, "console: TERM '%s' is not known here; %s", name, advice);
    bool addressable = *capability("cup") && !tigetflag("hc");
    del_curterm(cur_term);
    if (addressable) return RS_OK;
    return rs_fail(err, RS_EARG, "console: TERM '%s' cannot address its cursor; %s", name, advice);
}

/* The terminal under a description of its own: non-blocking for us alone. */
static int open_tty(void)
{
    int fd = open("/proc/self/fd/1", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !isatty(fd)) {
        close(fd);
        fd = -1;
    }
    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* curses reads modes and speed of the real terminal, then finds its output turned to memory. */
static enum rs_code start_curses(struct tui_term *t, struct rs_err *err)
{
    int fd = fcntl(t->tty, F_DUPFD_CLOEXEC, 3);
    t->sink = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!t->sink) {
        int cause = errno;
        if (fd >= 0) close(fd);
        return rs_fail_errno(err, cause, "console: open the terminal");
    }
    use_env(FALSE);   /* LINES and COLUMNS would freeze the size … */
    use_tioctl(TRUE); /* … and the terminal's own is asked */
    t->screen = newterm(NULL, t->sink, stdin);
    if (!t->screen)
        return rs_fail(err, RS_EARG,
                       "console: the terminal does not say its size; say it with "
                       "stty rows 24 cols 80");
    raw();
    nonl();
    noecho();
    typeahead(-1);
    int memory = memfd_create("frame", MFD_CLOEXEC);
    bool turned =
        tcgetattr(t->tty, &t->raw) == 0 && memory >= 0 && dup3(memory, fd, O_CLOEXEC) >= 0;
    int cause = errno;
    if (memory >= 0) close(memory);
    return turned ? RS_OK : rs_fail_errno(err, cause, "console: memory for frames");
}

static void start_keys(struct tui_term *t, int esc_delay_ms)
{
    t->keys = newpad(1, 1);
    keypad((WINDOW *)t->keys, TRUE);
    nodelay((WINDOW *)t->keys, TRUE);
    const char *mouse = capability("kmous");
    if (*mouse) define_key(mouse, 0); /* mouse reports are read by ours */
    if (esc_delay_ms > 0) {
        set_escdelay(esc_delay_ms);
    } else if (!getenv("ESCDELAY")) {
        set_escdelay(ESC_DELAY_MS);
    }
    t->esc_delay_ms = get_escdelay();
}

static void start_colours(struct tui_term *t, bool mono)
{
    int n = tigetnum("colors");
    if (mono || n < 8 || start_color() == ERR || use_default_colors() == ERR) return;
    t->colours = n >= 256 ? 256 : n >= 16 ? 16 : 8;
}

/* What brings the terminal back, whatever state the screen is in. */
static void prepare_reset(struct tui_term *t)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    if (t->ansi) {
        rs_str_add(&s, mouse_off);
        rs_str_add(&s, "\x1b[?2004l");
    }
    add_capability(&s, "sgr0");
    if (t->colours > 0) add_capability(&s, "op");
    add_capability(&s, "cnorm");
    add_capability(&s, "rmkx");
    if (*capability("rmcup")) {
        add_capability(&s, "rmcup");
    } else { /* no second screen: below what is there */
        const char *bottom = tiparm(capability("cup"), t->h - 1, 0);
        rs_str_add(&s, bottom ? bottom : "");
        rs_str_add(&s, "\r\n");
    }
    if (s.len < sizeof(t->reset)) memcpy(t->reset, rs_str_text(&s), s.len + 1);
    rs_str_clear(&s);
}

/* Where nothing says which, UTF-8 is tried: SSH often hands no locale on. */
static void try_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return;
    }
    setlocale(LC_CTYPE, "C.UTF-8"); /* not there: ASCII */
}

static const struct tui_glyphs *glyphs_of(const char *name)
{
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (name && strcmp(name, "ascii") == 0) return &tui_glyphs_ascii;
    return utf8 ? &tui_glyphs_utf8 : &tui_glyphs_ascii;
}

enum rs_code tui_term_open(const struct tui_term_opts *o, struct tui_term **out, struct rs_err *err)
{
    enum rs_code rc = check_terminal(err);
    if (rc) return rc;
    const struct tui_theme *theme = tui_theme_find(o->theme ? o->theme : "default");
    if (!theme) return rs_fail(err, RS_EARG, "console: there is no theme '%s'", o->theme);
    try_utf8();
    struct tui_term *t = rs_xalloc(1, sizeof(*t));
    t->tty = open_tty();
    t->signals[0] = t->signals[1] = t->stderr_pipe[0] = t->stderr_pipe[1] = t->real_stderr = -1;
    t->last = TUI_KEY_NONE;
    if (t->tty < 0 || tcgetattr(t->tty, &t->shell) != 0) {
        rc = rs_fail_errno(err, errno, "console: open the terminal");
        goto failed;
    }
    rc = tui_signals_open(t, err);
    if (rc) goto failed;
    rc = start_curses(t, err);
    if (rc) goto failed;
    t->ansi = rs_str_starts(capability("cup"), "\x1b[");
    start_keys(t, o->esc_delay_ms);
    start_colours(t, o->mono);
    t->glyphs = glyphs_of(o->glyphs);
    use_theme(t, t->colours > 0 ? theme : tui_theme_find("mono"));
    tui_term_resize(t);
    prepare_reset(t);
    tui_signals_arm(t);
    tui_stderr_take(t);
    t->mouse = o->mouse && t->ansi;
    collect(t);
    send_modes(t);
    ask_sync(t);
    flush(t);
    *out = t;
    return RS_OK;
failed:
    tui_term_close(t);
    return rc;
}

void tui_term_close(struct tui_term *t)
{
    if (!t) return;
    if (t->reset[0]) {
        leave(t);
        tui_stderr_give_back(t);
    }
    tui_signals_close(t);
    if (t->keys) delwin((WINDOW *)t->keys);
    if (t->screen) {
        endwin(); /* into memory */
        delscreen((SCREEN *)t->screen);
    }
    if (t->sink) fclose(t->sink);
    if (t->tty >= 0) close(t->tty);
    rs_str_clear(&t->unsent);
    rs_str_clear(&t->paste);
    free(t);
}

const struct tui_glyphs *tui_term_glyphs(const struct tui_term *t)
{
    return t->glyphs;
}

const struct tui_theme *tui_term_theme(const struct tui_term *t)
{
    return t->theme;
}

int tui_term_key_fd(const struct tui_term *t)
{
    (void)t;
    return STDIN_FILENO;
}

int tui_term_signal_fd(const struct tui_term *t)
{
    return t->signals[0];
}

int tui_term_stderr_fd(const struct tui_term *t)
{
    return t->stderr_pipe[0];
}

/* ---- clipboard ------------------------------------------------------------------------------- */

static void add_base64(struct rs_str *out, const char *text, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        unsigned v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < len ? (unsigned char)text[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            rs_str_addc(out, i + k < len + 1 ? digits[v >> (18 - 6 * k) & 63] : '=');
    }
}

bool tui_term_copy(struct tui_term *t, const char *text)
{
    size_t len = strlen(text);
    if (len > COPY_MAX || !t->ansi) return false;
    struct rs_str osc;
    rs_str_init(&osc, 0);
    rs_str_add(&osc, "\x1b]52;c;");
    add_base64(&osc, text, len);
    rs_str_add(&osc, "\a");
    send_text(t, rs_str_text(&osc));
    if (getenv("TMUX")) { /* where it keeps the plain form to itself: to the outer one, too */
        send_text(t, "\x1bPtmux;\x1b");
        send_text(t, rs_str_text(&osc));
        send_text(t, "\x1b\\");
    }
    rs_str_clear(&osc);
    flush(t);
    return true;
}
