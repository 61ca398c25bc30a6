/*
 * runs_ask - what the screen of runs asks of commands, on the worker.
 */
#ifndef TUI_RUNS_ASK_H
#define TUI_RUNS_ASK_H

#include "work.h"

/* out: a map {metric, runs, stands: {run_id: "@production v7"}}. */
tui_work_fn tui_work_runs;

/* Which runs to compare, on what. */
struct tui_comparing {
    char **ids; /* NULL-ended, the base first */
    int n;
    char *metric;           /* the one that counts */
    struct rs_val *metrics; /* keys of a map: those to be tested */
};
void tui_comparing_free(void *in);
/* in: a struct tui_comparing; out: a map as tui_compared has it. */
tui_work_fn tui_work_compare;

#endif
