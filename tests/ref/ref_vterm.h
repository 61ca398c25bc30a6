/*
 * ref_vterm - a program on a pty whose other end is a terminal in memory (libvterm): keys in, screen,
 * attributes and cursor out. Waiting is by handshake: the program writes a byte on an inherited
 * descriptor whenever it has nothing left to do. Every wait ends.
 */
#ifndef TESTS_REF_REF_VTERM_H
#define TESTS_REF_REF_VTERM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "run_bin.h"

/* Instead of the program: runs in the child, on the terminal; its result is the exit status. */
typedef int ref_vterm_fn(int ready_fd, void *ctx);

struct ref_vterm_opts {
    int w, h;                  /* 0: 80 x 24 */
    const char *locale;        /* LC_ALL; NULL: C.UTF-8; "": unset */
    const char *term;          /* TERM; NULL: xterm-256color; "": unset */
    const char *const *env;    /* "NAME=value", NULL-ended; or NULL */
    const struct ref_bin *bin; /* its workspace, home and folder … */
    const char *line;          /* … and arguments, cut as a batch line; --ready-fd is added */
    ref_vterm_fn *fn;          /* or this, with ctx */
    void *ctx;
};
struct ref_vterm;
struct ref_vterm *ref_vterm_open(const struct ref_vterm_opts *o);
void ref_vterm_close(struct ref_vterm *v); /* kills the program where it still runs */

/* Waits until the program has nothing to do after what was sent last; fails, with the screen, where
 * it ends or takes too long. */
void ref_vterm_ready(struct ref_vterm *v);
/* Waits until text stands on the screen. */
void ref_vterm_expect(struct ref_vterm *v, const char *text);
/* Waits for the end; the status, or 128 + the signal. */
int ref_vterm_end(struct ref_vterm *v);

void ref_vterm_send(struct ref_vterm *v, const char *bytes);
/* Keys by name, as the terminal's mode has them, one after the other with a ready between: "j",
 * "Enter", "^R", "PgDn", "Space". The same key twice is a held one: it moves, but does not act. */
void ref_vterm_keys(struct ref_vterm *v, const char *names);
void ref_vterm_resize(struct ref_vterm *v, int w, int h);
void ref_vterm_hang_up(struct ref_vterm *v);
/* Takes output only up to now, from now on nothing (true), or again. */
void ref_vterm_stall(struct ref_vterm *v, bool stalled);
pid_t ref_vterm_pid(const struct ref_vterm *v);

/* Rows end in '\n', trailing blanks cut; the caller frees. */
char *ref_vterm_text(const struct ref_vterm *v);
/* "row from-to bold underline reverse fg=33 bg=4" for every run that is not plain, one a line, and
 * "cursor row,column" or "cursor hidden"; the caller frees. */
char *ref_vterm_attributes(const struct ref_vterm *v);
/* What the program has written since this was asked last, and how much; borrowed until then. */
const char *ref_vterm_written(struct ref_vterm *v, size_t *n_out);
bool ref_vterm_alternate(const struct ref_vterm *v); /* the second screen is shown */
/* Modes of the line are as they were before the program. */
bool ref_vterm_as_found(const struct ref_vterm *v);

#endif
