/* term_impl - what term's files share. */
#ifndef TUI_TERM_IMPL_H
#define TUI_TERM_IMPL_H

#include <stdint.h>
#include <stdio.h>
#include <termios.h>

#include "rs/base/str.h"
#include "term.h"

enum { TUI_KEY_NONE = UINT32_MAX, TUI_RESET_BYTES = 256 };

struct tui_term {
    int tty;              /* the terminal, opened anew so that it may be non-blocking; or 1 */
    struct termios shell; /* modes as they were found */
    struct termios raw;   /* ours */
    void *screen, *keys;  /* curses' SCREEN, and the pad that keys are read from */
    FILE *sink;           /* where curses writes: a file in memory, sent on by ours */
    struct rs_str unsent; /* bytes for the terminal … */
    size_t sent;          /* … of which so many are there */
    bool gone;            /* it hung up */
    bool ansi;            /* knows control sequences: paste and mouse can be asked for */
    bool sync;            /* shows what stands between marks at once */
    int64_t asked_ns;     /* whether it does was asked then, and not answered yet; 0: no */
    int colours;          /* 256, 16, 8; 0: none */
    bool mouse, repaint;  /* repaint: everything with the next frame */
    int w, h;
    const struct tui_glyphs *glyphs;
    const struct tui_theme *theme;
    char reset[TUI_RESET_BYTES]; /* leaves the screen as it was found */
    /* signals and standard error (term_signal.c) */
    int signals[2];
    int stderr_pipe[2];
    int real_stderr;
    struct rs_str line;
    /* keys (term_key.c) */
    int esc_delay_ms;
    bool resized;  /* a TUI_KEY_RESIZE is due */
    uint32_t last; /* for `held` */
    int64_t last_ns;
    bool pasting;
    int64_t paste_ns; /* of its last byte */
    struct rs_str paste;
    size_t paste_mark;    /* bytes of the mark that ends it, come so far */
    int mouse_x, mouse_y; /* where the last report was */
};

/* ---- term.c ---- */
void tui_term_enter(struct tui_term *t);  /* modes and screen, again */
void tui_term_resize(struct tui_term *t); /* reads the size */

/* ---- term_signal.c: signals to a pipe, standard error through one, the fatal ones ---- */
RS_MUST_USE enum rs_code tui_signals_open(struct tui_term *t, struct rs_err *err);
void tui_signals_arm(struct tui_term *t); /* the screen is ours: fatal signals give it back */
void tui_signals_close(struct tui_term *t);
void tui_stderr_take(struct tui_term *t);
void tui_stderr_give_back(struct tui_term *t);
void tui_stop_here(void); /* stops the process group; returns when it goes on */

#endif
