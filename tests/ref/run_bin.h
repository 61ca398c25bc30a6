/*
 * run_bin - the real program in a workspace of its own: arguments in, output and status out, with
 * files and limits in its way, signals at any moment, or a terminal around it. Every wait ends.
 */
#ifndef TESTS_REF_RUN_BIN_H
#define TESTS_REF_RUN_BIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rs/base/val.h"

struct ref_bin {
    char *path; /* $BUILD/recsys-tui */
    char *dir;  /* the workspace: a fresh folder, and where the program runs */
};
void ref_bin_init(struct ref_bin *b);
void ref_bin_clear(struct ref_bin *b);
/* A small synthetic dataset, two models, one promoted. */
void ref_bin_demo(struct ref_bin *b);
#define REF_DEMO_FETCH \
    "data fetch --dataset synthetic --users 150 --items 400 --interactions 12000 --seed 7"
#define REF_DEMO_OVERRIDES "model.factors=8 model.iterations=4 eval.bootstrap_samples=400"
#define REF_DEMO_RUN       "pipeline run --dataset synthetic " REF_DEMO_OVERRIDES

/* How a run differs from the plain one; {0}: not at all. */
struct ref_how {
    const char *input;      /* standard input; NULL: none */
    const char *out_path;   /* standard output goes there */
    int64_t file_limit;     /* bytes a file may grow to; 0: any */
    const char *const *env; /* "NAME=value", NULL-ended, added to a small fixed environment */
    int signal;             /* sent after delay_us; 0: none */
    int64_t delay_us;
    const char *when_in; /* … once this folder of the workspace holds a finished file; or NULL */
};
struct ref_run {
    int status; /* exit status, or 128 + the signal that ended it */
    char *out, *err;
};
/* line is cut into arguments as a batch line is. */
void ref_bin_run(const struct ref_bin *b, const struct ref_how *how, const char *line,
                 struct ref_run *out);
void ref_run_clear(struct ref_run *r);
/* The same without waiting for its end: fds are its standard input, output and error. Ended by
 * ref_bin_wait, which gives the status as in struct ref_run. */
pid_t ref_bin_start(const struct ref_bin *b, const struct ref_how *how, const char *line,
                    const int fds[3]);
int ref_bin_wait(pid_t pid, const char *what);

/* Runs line; the test fails, with what the program said, unless it ends with status. The result is
 * standard output, the caller's. */
char *ref_bin_out(const struct ref_bin *b, int status, const char *line);
/* The same with --json: exactly one document, with all of the keys ("a,b.c") and nothing on standard
 * error. */
struct rs_val *ref_bin_json(const struct ref_bin *b, int status, const char *line,
                            const char *keys);
/* Runs line, which ends with status and an error that has every part ("a|b"). Standard output stays
 * empty; with --json it is the error's document, of that code. */
void ref_bin_refuses(const struct ref_bin *b, int status, const char *line, const char *parts);

/* dir/name; the caller frees. */
char *ref_bin_path(const struct ref_bin *b, const char *name);
void ref_bin_write(const struct ref_bin *b, const char *name, const char *text, size_t len);
/* Names of temporary files below the workspace, one a line; "" where nothing is half-written. */
char *ref_bin_leftovers(const struct ref_bin *b);

/* The program on a terminal of 80 columns. */
struct ref_pty {
    pid_t pid;
    int fd;
    char *seen; /* all that it has written */
    size_t n, from;
};
void ref_pty_open(const struct ref_bin *b, const char *line, struct ref_pty *out);
void ref_pty_send(struct ref_pty *p, const char *keys);
/* Waits until text is written after what the last call found; fails with all that was seen. */
void ref_pty_expect(struct ref_pty *p, const char *text);
int ref_pty_close(struct ref_pty *p); /* waits for the end; the status */

#endif
