/*
 * term_signal - signals as bytes in a pipe, standard error as lines, and death with the terminal
 * given back. A handler has no argument: what it needs stands in `held`, written before it is
 * armed.
 */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "term_impl.h"

enum { FATAL_STACK = 32768, LINE_MAX_BYTES = 4096 };

/* SIGINT can only come from another process: ^C is a key. */
static const int told[] = {SIGWINCH, SIGCONT, SIGTSTP, SIGTERM, SIGHUP, SIGINT};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
enum { N_TOLD = sizeof(told) / sizeof(told[0]), N_FATAL = sizeof(fatal) / sizeof(fatal[0]) };

static struct {
    int pipe;
    int tty, real_stderr, stderr_read;
    struct termios shell;
    char reset[TUI_RESET_BYTES];
    size_t reset_len;
    volatile sig_atomic_t armed;
    struct sigaction old_told[N_TOLD], old_fatal[N_FATAL];
    char stack[FATAL_STACK]; /* for a fault of the stack itself */
} held = {.pipe = -1};

static void on_told(int sig)
{
    int saved = errno;
    char byte = (char)sig;
    ssize_t n = write(held.pipe, &byte, 1); /* full: one of its kind waits already */
    (void)n;
    errno = saved;
}

/* Only calls that a handler may make. Also the hook of a failed assertion. */
static void give_back(void *ctx)
{
    (void)ctx;
    if (!held.armed) return;
    held.armed = 0;
    ssize_t n = write(held.tty, held.reset, held.reset_len);
    (void)n; /* a line that takes nothing: at least its modes */
    tcsetattr(held.tty, TCSANOW, &held.shell);
    if (held.real_stderr < 0) return;
    dup2(held.real_stderr, STDERR_FILENO);
    char buf[1024]; /* the last words, which nobody will read from the pipe any more */
    while ((n = read(held.stderr_read, buf, sizeof(buf))) > 0)
        if (write(STDERR_FILENO, buf, (size_t)n) < 0) break;
}

static void on_fatal(int sig)
{
    give_back(NULL);
    for (size_t i = 0; i < N_FATAL; i++)
        if (fatal[i] == sig) sigaction(sig, &held.old_fatal[i], NULL);
    raise(sig); /* blocked until this returns; then as if we had not been there */
}

enum rs_code tui_signals_open(struct tui_term *t, struct rs_err *err)
{
    if (pipe2(t->signals, O_CLOEXEC | O_NONBLOCK) < 0 ||
        pipe2(t->stderr_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return rs_fail_errno(err, errno, "pipes of the console");
    t->real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    held.pipe = t->signals[1];
    struct sigaction act = {.sa_handler = on_told, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < N_TOLD; i++)
        sigaction(told[i], &act, &held.old_told[i]);
    return RS_OK;
}

void tui_signals_arm(struct tui_term *t)
{
    held.tty = t->tty;
    held.shell = t->shell;
    held.real_stderr = t->real_stderr;
    held.stderr_read = t->stderr_pipe[0];
    held.reset_len = strlen(t->reset);
    memcpy(held.reset, t->reset, held.reset_len);
    stack_t stack = {.ss_sp = held.stack, .ss_size = sizeof(held.stack)};
    sigaltstack(&stack, NULL);
    struct sigaction act = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < N_FATAL; i++)
        sigaction(fatal[i], &act, &held.old_fatal[i]);
    rs_assert_set_hook(give_back, NULL);
    held.armed = 1;
}

static void close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0) close(fds[i]);
        fds[i] = -1;
    }
}

void tui_signals_close(struct tui_term *t)
{
    if (held.armed) {
        held.armed = 0;
        rs_assert_set_hook(NULL, NULL);
        for (size_t i = 0; i < N_FATAL; i++)
            sigaction(fatal[i], &held.old_fatal[i], NULL);
        stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
    }
    if (held.pipe >= 0) {
        for (size_t i = 0; i < N_TOLD; i++)
            sigaction(told[i], &held.old_told[i], NULL);
        held.pipe = -1;
    }
    if (t->real_stderr >= 0) close(t->real_stderr);
    t->real_stderr = -1;
    close_pair(t->signals);
    close_pair(t->stderr_pipe);
    rs_str_clear(&t->line);
}

void tui_term_signals(struct tui_term *t, bool *end_out)
{
    char bytes[64];
    ssize_t n;
    bool stop = false;
    while ((n = read(t->signals[0], bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            switch (bytes[i]) {
            case SIGWINCH:
                t->resized = true;
                break;
            case SIGCONT: /* stopped and continued by others: modes may be the shell's */
                tui_term_enter(t);
                t->resized = true;
                break;
            case SIGTSTP:
                stop = true;
                break;
            default:
                *end_out = true;
            }
        }
    }
    if (t->resized) tui_term_resize(t);
    if (stop && !*end_out) tui_term_suspend(t);
}

void tui_stop_here(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    struct sigaction stop;
    struct sigaction go_on;
    sigemptyset(&plain.sa_mask);
    sigaction(SIGTSTP, &plain, &stop);
    sigaction(SIGCONT, &plain, &go_on);
    kill(0, SIGTSTP); /* the group: a shell around us waits for it as a whole */
    sigaction(SIGTSTP, &stop, NULL);
    sigaction(SIGCONT, &go_on, NULL);
}

/* ---- standard error -------------------------------------------------------------------------- */

void tui_stderr_take(struct tui_term *t)
{
    dup2(t->stderr_pipe[1], STDERR_FILENO);
}

void tui_stderr_give_back(struct tui_term *t)
{
    if (t->real_stderr >= 0) dup2(t->real_stderr, STDERR_FILENO);
}

static void line_ends(struct tui_term *t, tui_line_fn *fn, void *ctx)
{
    if (t->line.len > 0) fn(rs_str_text(&t->line), ctx);
    rs_str_reset(&t->line);
}

void tui_term_stderr(struct tui_term *t, tui_line_fn *fn, void *ctx)
{
    char bytes[1024];
    ssize_t n;
    while ((n = read(t->stderr_pipe[0], bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n' || t->line.len >= LINE_MAX_BYTES) line_ends(t, fn, ctx);
            if (bytes[i] != '\n') rs_str_addc(&t->line, bytes[i] ? bytes[i] : '?');
        }
    }
}
