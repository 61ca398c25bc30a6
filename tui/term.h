/*
 * term - the terminal: modes, size, keys in, a canvas out, and leaving it as it was found.
 *
 * The only module that calls curses. Raw mode, alternate screen, bracketed paste; mouse only where
 * asked. Fatal signals write a prepared reset text and re-raise. While it is open, standard error
 * is a pipe whose lines tui_term_stderr gives.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include "canvas.h"
#include "key.h"
#include "rs/base/err.h"
#include "theme.h"

struct tui_term;

struct tui_term_opts {
    const char *theme;  /* NULL: default */
    const char *glyphs; /* "utf8", "ascii"; NULL: by locale */
    bool mono;          /* NO_COLOR or --mono: no colour code at all */
    bool mouse;
    int esc_delay_ms; /* 0: 25, or ESCDELAY */
};
/* RS_EARG: TERM unset or unknown, not a terminal, no cursor addressing: with TERM=xterm-256color,
 * vt100 and --batch named. */
RS_MUST_USE enum rs_code tui_term_open(const struct tui_term_opts *o, struct tui_term **out,
                                       struct rs_err *err);
void tui_term_close(struct tui_term *t); /* NULL is fine; the terminal is as it was */
const struct tui_glyphs *tui_term_glyphs(const struct tui_term *t);
const struct tui_theme *tui_term_theme(const struct tui_term *t);
bool tui_term_set_theme(struct tui_term *t, const char *name);
void tui_term_set_mouse(struct tui_term *t, bool on);
void tui_term_size(const struct tui_term *t, int *w_out, int *h_out);

/* For poll: keys come on key_fd, signals (resize, continue, terminate, hang-up) on signal_fd, lines
 * of standard error on stderr_fd. */
int tui_term_key_fd(const struct tui_term *t);
int tui_term_signal_fd(const struct tui_term *t);
int tui_term_stderr_fd(const struct tui_term *t);
/* For poll with POLLOUT: the terminal does not take what there is to show, frames wait until it
 * does (then show again); -1: all is shown. */
int tui_term_write_fd(const struct tui_term *t);
/* The next key that is there; false: none. Resizes come as TUI_KEY_RESIZE, many as one. *gone_out:
 * the terminal hung up or ended. */
bool tui_term_key(struct tui_term *t, struct tui_key *out, bool *gone_out);
/* Signals that came: SIGTERM or SIGHUP set *end_out; the size is read again on resize. */
void tui_term_signals(struct tui_term *t, bool *end_out);
/* The lines of standard error that are there, each through fn. */
typedef void tui_line_fn(const char *line, void *ctx);
void tui_term_stderr(struct tui_term *t, tui_line_fn *fn, void *ctx);

/* Show a canvas: only what differs is sent, in one write. Nothing waits: while the terminal does
 * not take the frame before, this one is left out. full: everything (^L, after resume). The
 * last cell of the screen stays blank. */
void tui_term_show(struct tui_term *t, const struct tui_canvas *c, bool full);
void tui_term_suspend(struct tui_term *t); /* ^Z: restore, stop, on return take the screen again */
/* Put text on the clipboard by the escape that terminals know (OSC 52); false: too long for it. */
bool tui_term_copy(struct tui_term *t, const char *text);

#endif
