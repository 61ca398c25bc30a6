/* ref_vterm - pty, child and libvterm. */
#include "ref_vterm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <vterm.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/cli/cli.h"
#include "support.h"

enum { WAIT_MS = 10000, READY_FD = 9, MAX_ENV = 40 };

struct ref_vterm {
    pid_t pid;
    int master, slave; /* the slave stays open here: what is unread and its modes can be asked */
    int ready;
    int status; /* -1: runs */
    bool stalled, alternate, cursor_shown, said_ready, keying;
    struct termios found;
    VTerm *vt;
    VTermScreen *screen;
    struct rs_str written, given;
    size_t marked; /* of written: read by ref_vterm_written already */
};

/* ---- the terminal ------------------------------------------------------------------------------ */

static int on_prop(VTermProp prop, VTermValue *val, void *user)
{
    struct ref_vterm *v = user;
    if (prop == VTERM_PROP_ALTSCREEN) v->alternate = val->boolean != 0;
    if (prop == VTERM_PROP_CURSORVISIBLE) v->cursor_shown = val->boolean != 0;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_prop};

static void to_program(struct ref_vterm *v, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(v->master, bytes, n);
        if (put <= 0) return; /* it ended: the next wait says so */
        bytes += put;
        n -= (size_t)put;
    }
}

/* What libvterm says for a key. It answers no questions: they would come amid the handshake. */
static void on_output(const char *bytes, size_t n, void *user)
{
    struct ref_vterm *v = user;
    if (v->keying) to_program(v, bytes, n);
}

static void start_terminal(struct ref_vterm *v, int w, int h)
{
    v->vt = vterm_new(h, w);
    vterm_set_utf8(v->vt, 1);
    vterm_output_set_callback(v->vt, on_output, v);
    v->screen = vterm_obtain_screen(v->vt);
    vterm_screen_enable_altscreen(v->screen, 1);
    vterm_screen_set_callbacks(v->screen, &callbacks, v);
    vterm_screen_reset(v->screen, 1);
}

/* Takes what the program writes within ms. false: nothing came. */
static bool pump(struct ref_vterm *v, int ms)
{
    char bytes[4096];
    struct pollfd p[2] = {{.fd = v->stalled ? -1 : v->master, .events = POLLIN},
                          {.fd = v->ready, .events = POLLIN}};
    if (poll(p, 2, ms) <= 0) return false;
    bool came = false;
    if (p[0].revents & POLLIN) {
        ssize_t n = read(v->master, bytes, sizeof(bytes));
        if (n > 0) {
            vterm_input_write(v->vt, bytes, (size_t)n);
            rs_str_addn(&v->written, bytes, (size_t)n);
            came = true;
        }
    }
    if (p[1].revents & POLLIN && read(v->ready, bytes, sizeof(bytes)) > 0) {
        v->said_ready = true;
        came = true;
    }
    if (p[1].revents & POLLHUP && !came && ms > 0) rs_clock_sleep_ms(1); /* it is about to end */
    return came;
}

/* ---- the program ------------------------------------------------------------------------------- */

static void make_environment(const struct ref_vterm_opts *o, char **env)
{
    static const char *const kept[] = {
        "PATH",          "TMPDIR",       "BUILD",      "LSAN_OPTIONS",
        "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_PRELOAD", NULL};
    size_t n = 0;
    for (const char *const *e = o->env; e && *e && n < MAX_ENV / 2; e++)
        env[n++] = rs_xstrdup(*e); /* first: getenv takes the first of a name */
    for (const char *const *k = kept; *k; k++)
        if (getenv(*k)) env[n++] = rs_xprintf("%s=%s", *k, getenv(*k));
    const char *locale = o->locale ? o->locale : "C.UTF-8";
    const char *term = o->term ? o->term : "xterm-256color";
    if (*locale) env[n++] = rs_xprintf("LC_ALL=%s", locale);
    if (*term) env[n++] = rs_xprintf("TERM=%s", term);
    if (o->bin) env[n++] = rs_xprintf("HOME=%s", o->bin->dir);
    /* A report is written to standard error, which is a pipe while the console is on: the signal
     * lets the console give it back. */
    const char *asan = getenv("ASAN_OPTIONS");
    env[n++] = rs_xprintf("ASAN_OPTIONS=%s%sabort_on_error=1", asan ? asan : "", asan ? ":" : "");
    env[n++] = rs_xstrdup("INPUTRC=/dev/null");
    env[n++] = rs_xstrdup("OMP_WAIT_POLICY=passive");
    env[n] = NULL;
}

/* In the child. */
static void become(const struct ref_vterm_opts *o, char **argv, char **env, int ready)
{
    if (dup2(ready, READY_FD) < 0) _exit(120);
    for (int sig = 1; sig < 32; sig++) /* the test's runner has handlers of its own */
        signal(sig, SIG_DFL);
    if (o->fn) {
        extern char **environ;
        environ = env;
        _exit(o->fn(READY_FD, o->ctx));
    }
    if (chdir(o->bin->dir) != 0) _exit(122);
    execve(o->bin->path, argv, env);
    _exit(123);
}

struct ref_vterm *ref_vterm_open(const struct ref_vterm_opts *o)
{
    struct ref_vterm *v = rs_xalloc(1, sizeof(*v));
    int w = o->w ? o->w : 80;
    int h = o->h ? o->h : 24;
    v->status = -1;
    v->cursor_shown = true;
    start_terminal(v, w, h);
    struct winsize size = {.ws_row = (unsigned short)h, .ws_col = (unsigned short)w};
    assert_int_equal(openpty(&v->master, &v->slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(v->slave, &v->found), 0);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    char **argv = NULL;
    char **words = NULL;
    size_t n = 0;
    if (!o->fn) {
        struct rs_err err = {0};
        assert_ok(rs_line_split(o->line, NULL, &words, &n, &err), &err);
        argv = rs_xalloc(n + 4, sizeof(char *));
        argv[0] = o->bin->path;
        memcpy(argv + 1, words, n * sizeof(char *));
        argv[n + 1] = rs_xstrdup("--ready-fd");
        argv[n + 2] = rs_xprintf("%d", READY_FD);
    }
    char *env[MAX_ENV];
    make_environment(o, env);
    v->pid = fork();
    assert_true(v->pid >= 0);
    if (v->pid == 0) {
        close(v->master);
        close(ready[0]);
        if (login_tty(v->slave) != 0) _exit(121);
        become(o, argv, env, ready[1]);
    }
    close(ready[1]);
    v->ready = ready[0];
    assert_true(fcntl(v->ready, F_SETFL, O_NONBLOCK) == 0 &&
                fcntl(v->ready, F_SETFD, FD_CLOEXEC) == 0);
    assert_true(fcntl(v->master, F_SETFD, FD_CLOEXEC) == 0 &&
                fcntl(v->slave, F_SETFD, FD_CLOEXEC) == 0);
    for (char **e = env; *e; e++)
        free(*e);
    if (argv) {
        free(argv[n + 1]);
        free(argv[n + 2]);
        free(argv);
        rs_fs_list_free(words);
    }
    return v;
}

void ref_vterm_close(struct ref_vterm *v)
{
    if (!v) return;
    if (v->status < 0) {
        kill(v->pid, SIGKILL);
        (void)waitpid(v->pid, NULL, 0);
    }
    if (v->master >= 0) close(v->master);
    if (v->slave >= 0) close(v->slave);
    close(v->ready);
    vterm_free(v->vt);
    rs_str_clear(&v->written);
    rs_str_clear(&v->given);
    free(v);
}

pid_t ref_vterm_pid(const struct ref_vterm *v)
{
    return v->pid;
}

/* ---- waiting ----------------------------------------------------------------------------------- */

static bool has_ended(struct ref_vterm *v)
{
    int status;
    if (v->status >= 0) return true;
    if (waitpid(v->pid, &status, WNOHANG) != v->pid) return false;
    v->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

static void give_up(struct ref_vterm *v, const char *what)
{
    char *text = ref_vterm_text(v);
    print_error("%s; status %d; the screen:\n%s\n", what, v->status, text);
    free(text);
    if (v->status < 0) kill(v->pid, SIGKILL);
    fail_msg("%s", what);
}

static int unread(const struct ref_vterm *v)
{
    int n = 0;
    return ioctl(v->slave, FIONREAD, &n) == 0 ? n : 0;
}

void ref_vterm_ready(struct ref_vterm *v)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
    while (!v->said_ready || unread(v) > 0) {
        if (pump(v, 50)) continue;
        if (has_ended(v)) give_up(v, "the program ended");
        if (rs_clock_mono_ns() > until) give_up(v, "the program does not come to rest");
    }
    while (pump(v, 0)) {
    }
}

void ref_vterm_expect(struct ref_vterm *v, const char *text)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
    for (;;) {
        char *screen = ref_vterm_text(v);
        bool there = strstr(screen, text) != NULL;
        free(screen);
        if (there) return;
        if (pump(v, 50)) continue;
        if (has_ended(v) || rs_clock_mono_ns() > until) {
            print_error("expected: '%s'\n", text);
            give_up(v, "the screen does not show it");
        }
    }
}

int ref_vterm_end(struct ref_vterm *v)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
    while (!has_ended(v)) {
        if (pump(v, 20)) continue;
        if (rs_clock_mono_ns() > until) give_up(v, "the program does not end");
    }
    while (v->master >= 0 && pump(v, 0)) {
    }
    return v->status;
}

/* ---- input ------------------------------------------------------------------------------------- */

void ref_vterm_send(struct ref_vterm *v, const char *bytes)
{
    while (pump(v, 0)) {
    }
    v->said_ready = false;
    to_program(v, bytes, strlen(bytes));
}

static const struct {
    const char *name;
    VTermKey key;
    VTermModifier mod;
} named[] = {
    {"Enter", VTERM_KEY_ENTER, VTERM_MOD_NONE},
    {"Tab", VTERM_KEY_TAB, VTERM_MOD_NONE},
    {"S-Tab", VTERM_KEY_TAB, VTERM_MOD_SHIFT},
    {"Backspace", VTERM_KEY_BACKSPACE, VTERM_MOD_NONE},
    {"Esc", VTERM_KEY_ESCAPE, VTERM_MOD_NONE},
    {"Up", VTERM_KEY_UP, VTERM_MOD_NONE},
    {"Down", VTERM_KEY_DOWN, VTERM_MOD_NONE},
    {"Left", VTERM_KEY_LEFT, VTERM_MOD_NONE},
    {"Right", VTERM_KEY_RIGHT, VTERM_MOD_NONE},
    {"Del", VTERM_KEY_DEL, VTERM_MOD_NONE},
    {"Home", VTERM_KEY_HOME, VTERM_MOD_NONE},
    {"End", VTERM_KEY_END, VTERM_MOD_NONE},
    {"PgUp", VTERM_KEY_PAGEUP, VTERM_MOD_NONE},
    {"PgDn", VTERM_KEY_PAGEDOWN, VTERM_MOD_NONE},
    {"F1", VTERM_KEY_FUNCTION(1), VTERM_MOD_NONE},
    {"F5", VTERM_KEY_FUNCTION(5), VTERM_MOD_NONE},
};

static void send_key(struct ref_vterm *v, const char *name, size_t n)
{
    if (n == 5 && memcmp(name, "Space", 5) == 0) {
        ref_vterm_send(v, " ");
        return;
    }
    if (n == 2 && name[0] == '^') {
        char control[2] = {(char)(name[1] & 0x1f), '\0'};
        ref_vterm_send(v, control);
        return;
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strlen(named[i].name) != n || memcmp(named[i].name, name, n) != 0) continue;
        ref_vterm_send(v, "");
        v->keying = true;
        vterm_keyboard_key(v->vt, named[i].key, named[i].mod);
        v->keying = false;
        return;
    }
    char *text = rs_xstrndup(name, n);
    if (rs_str_utf8_count(text) != 1) fail_msg("'%s' is not a key", text);
    ref_vterm_send(v, text);
    free(text);
}

void ref_vterm_keys(struct ref_vterm *v, const char *names)
{
    while (*names) {
        size_t n = strcspn(names, " ");
        send_key(v, names, n);
        ref_vterm_ready(v);
        names += n;
        names += strspn(names, " ");
    }
}

void ref_vterm_resize(struct ref_vterm *v, int w, int h)
{
    while (pump(v, 0)) {
    }
    v->said_ready = false;
    vterm_set_size(v->vt, h, w);
    struct winsize size = {.ws_row = (unsigned short)h, .ws_col = (unsigned short)w};
    assert_int_equal(ioctl(v->master, TIOCSWINSZ, &size), 0);
}

void ref_vterm_hang_up(struct ref_vterm *v)
{
    close(v->slave);
    close(v->master);
    v->slave = v->master = -1;
}

void ref_vterm_stall(struct ref_vterm *v, bool stalled)
{
    v->stalled = stalled;
}

/* ---- what is there ----------------------------------------------------------------------------- */

static VTermScreenCell cell_at(const struct ref_vterm *v, int x, int y)
{
    VTermScreenCell cell = {0};
    vterm_screen_get_cell(v->screen, (VTermPos){.row = y, .col = x}, &cell);
    return cell;
}

static void add_code(struct rs_str *out, uint32_t c)
{
    if (c < 0x80) {
        rs_str_addc(out, (char)c);
        return;
    }
    int n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    rs_str_addc(out, (char)(lead[n] | (c >> (6 * n))));
    for (; n-- > 0;)
        rs_str_addc(out, (char)(0x80 | ((c >> (6 * n)) & 0x3f)));
}

char *ref_vterm_text(const struct ref_vterm *v)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    int w;
    int h;
    vterm_get_size(v->vt, &h, &w);
    for (int y = 0; y < h; y++) {
        size_t end = out.len;
        for (int x = 0; x < w; x++) {
            VTermScreenCell cell = cell_at(v, x, y);
            if (cell.chars[0] == UINT32_MAX) continue; /* the second half of a wide one */
            bool blank = cell.chars[0] == 0 || cell.chars[0] == ' ';
            if (blank) rs_str_addc(&out, ' ');
            for (int i = 0; !blank && i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
                add_code(&out, cell.chars[i]);
            if (!blank) end = out.len;
        }
        if (out.data) out.data[end] = '\0';
        out.len = end;
        rs_str_addc(&out, '\n');
    }
    return rs_str_take(&out);
}

static void add_colour(struct rs_str *out, const char *what, const VTermColor *c)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c)) return;
    if (VTERM_COLOR_IS_INDEXED(c)) {
        rs_str_addf(out, " %s=%d", what, c->indexed.idx);
    } else {
        rs_str_addf(out, " %s=#%02x%02x%02x", what, c->rgb.red, c->rgb.green, c->rgb.blue);
    }
}

/* " bold fg=33"; "" for plain. The caller frees. */
static char *paint_of(const VTermScreenCell *cell)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    if (cell->attrs.bold) rs_str_add(&s, " bold");
    if (cell->attrs.underline) rs_str_add(&s, " underline");
    if (cell->attrs.reverse) rs_str_add(&s, " reverse");
    if (cell->attrs.blink || cell->attrs.italic || cell->attrs.strike) rs_str_add(&s, " other");
    add_colour(&s, "fg", &cell->fg);
    add_colour(&s, "bg", &cell->bg);
    return rs_str_take(&s);
}

char *ref_vterm_attributes(const struct ref_vterm *v)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    int w;
    int h;
    vterm_get_size(v->vt, &h, &w);
    for (int y = 0; y < h; y++) {
        int from = 0;
        char *now = NULL;
        for (int x = 0; x <= w; x++) {
            VTermScreenCell cell = x < w ? cell_at(v, x, y) : (VTermScreenCell){0};
            if (x < w && cell.chars[0] == UINT32_MAX) continue;
            char *paint = x < w ? paint_of(&cell) : NULL;
            if (now && paint && strcmp(now, paint) == 0) {
                free(paint);
                continue;
            }
            if (now && *now) rs_str_addf(&out, "%d %d-%d%s\n", y, from, x - 1, now);
            free(now);
            now = paint;
            from = x;
        }
    }
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(v->vt), &at);
    if (v->cursor_shown) {
        rs_str_addf(&out, "cursor %d,%d\n", at.row, at.col);
    } else {
        rs_str_add(&out, "cursor hidden\n");
    }
    return rs_str_take(&out);
}

const char *ref_vterm_written(struct ref_vterm *v, size_t *n_out)
{
    rs_str_reset(&v->given);
    if (v->written.len > v->marked)
        rs_str_addn(&v->given, v->written.data + v->marked, v->written.len - v->marked);
    v->marked = v->written.len;
    *n_out = v->given.len;
    return rs_str_text(&v->given);
}

bool ref_vterm_alternate(const struct ref_vterm *v)
{
    return v->alternate;
}

bool ref_vterm_as_found(const struct ref_vterm *v)
{
    struct termios now;
    if (tcgetattr(v->slave, &now) != 0) return false;
    return now.c_iflag == v->found.c_iflag && now.c_oflag == v->found.c_oflag &&
           now.c_cflag == v->found.c_cflag && now.c_lflag == v->found.c_lflag &&
           memcmp(now.c_cc, v->found.c_cc, sizeof(now.c_cc)) == 0;
}
