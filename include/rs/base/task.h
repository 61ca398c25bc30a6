/*
 * task - progress out of and cancel into long work; and the bar that shows it on a terminal.
 */
#ifndef RS_BASE_TASK_H
#define RS_BASE_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rs_progress {
    const char *what; /* "train als", "read ratings.csv" */
    const char *unit; /* "epochs", "rows"; NULL: none */
    double done;
    double total;       /* 0: unknown */
    const char *metric; /* name of value, or NULL */
    double value;       /* a loss or score to show and store */
    int64_t step;       /* epoch or iteration of value; -1: none */
    double seconds;     /* since rs_task_begin */
};

typedef void rs_progress_fn(const struct rs_progress *p, void *ctx); /* must not block */

struct rs_task {
    atomic_bool cancel; /* any thread sets it, the job polls it */
    rs_progress_fn *on_progress;
    void *ctx;
    const char *what; /* set by rs_task_begin; borrowed */
    const char *unit;
    double total;
    int64_t begun_ns;
    int64_t told_ns;              /* last report, for the throttle */
    const struct rs_task *parent; /* a cancel of the parent cancels this one; or NULL */
};

/* Every function here accepts task == NULL: no progress, never cancelled. */
void rs_task_begin(struct rs_task *task, const char *what, const char *unit, double total);
bool rs_task_cancelled(const struct rs_task *task);
/* At most 10 calls a second reach on_progress; the first and the last (done == total) always. */
void rs_task_report(struct rs_task *task, double done);
/* With a value of a step (loss of an epoch): never throttled away. */
void rs_task_metric(struct rs_task *task, double done, const char *metric, int64_t step,
                    double value);

/* A bar on f, redrawn in place, fields dropped from the right where the terminal is narrow:
 * "train als  [######------]  53%  8/15 epochs  3.1 epochs/s  eta 2 s  loss 0.1234".
 * Prints nothing where f is not a terminal or `on` is false. */
struct rs_bar {
    FILE *f;
    bool on;
    bool shown; /* a line stands on the screen */
    int width;  /* terminal columns */
};
void rs_bar_init(struct rs_bar *b, FILE *f, bool on);
void rs_bar_update(struct rs_bar *b, const struct rs_progress *p);
void rs_bar_finish(struct rs_bar *b); /* wipes the line */
/* The bar's text for a width, without control codes: what rs_bar_update draws. Testable. */
void rs_bar_text(const struct rs_progress *p, int width, bool ascii, char *buf, size_t size);

#endif
