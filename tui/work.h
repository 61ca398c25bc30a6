/*
 * work - one worker thread: it has the store, the models and the data, and answers with events.
 *
 * A view submits a piece of work and goes on; what comes out is an event for that view, taken by
 * the UI thread. Newer work of the same view and kind cancels older: the answer that no longer
 * matters never arrives. Inputs are owned by the work, outputs by the event. The UI thread reads no
 * file, no SQL and no model.
 */
#ifndef TUI_WORK_H
#define TUI_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/commands/ctx.h"
#include "rs/commands/result.h"

struct tui_worker;

struct tui_work {
    int view;                   /* who gets the answer: view id; 0: the app */
    int kind;                   /* the view's own number of the question */
    struct rs_ctx *ctx;         /* the worker's: commands, store, configuration; set when it runs.
                                   conf is as `model list` would see it */
    struct tui_models *models;  /* the worker's open bundles and datasets; set when it runs */
    const struct rs_task *task; /* poll rs_task_cancelled in long loops */
    void *in;                   /* the question; freed with free_in */
    void (*free_in)(void *);
    void *out; /* the answer; the event's */
    void (*free_out)(void *);
};
/* On the worker thread. Fills w->out (NULL is fine). */
typedef enum rs_code tui_work_fn(struct tui_work *w, struct rs_err *err);

struct tui_event {
    int view, kind;
    void *out;
    void (*free_out)(void *);
    enum rs_code rc; /* RS_ECANCEL never arrives */
    struct rs_err err;
};

/* wake_fd: readable while an event waits (poll it; tui_worker_take empties it). */
RS_MUST_USE enum rs_code tui_worker_start(const char *workspace, int *wake_fd_out,
                                          struct tui_worker **out, struct rs_err *err);
void tui_worker_stop(struct tui_worker *w); /* cancels questions, ends acts, frees */
void tui_worker_submit(struct tui_worker *w, int view, int kind, tui_work_fn *fn, void *in,
                       void (*free_in)(void *), void (*free_out)(void *));
enum tui_work_flags {
    TUI_WORK_ACT = 1 << 0,  /* changes the workspace: never cancelled, its answer always arrives */
    TUI_WORK_PURE = 1 << 1, /* needs neither configuration nor models: ctx->conf is not composed */
};
void tui_worker_submit_as(struct tui_worker *w, unsigned flags, int view, int kind, tui_work_fn *fn,
                          void *in, void (*free_in)(void *), void (*free_out)(void *));
void tui_worker_cancel(struct tui_worker *w, int view); /* all of a view that closes */
void tui_worker_cancel_kind(struct tui_worker *w, int view, int kind);
bool tui_worker_idle(struct tui_worker *w);           /* nothing to do, nothing to take */
bool tui_worker_busy(struct tui_worker *w, int view); /* does it wait for an answer? */
/* The next event; false: none. The caller frees with tui_event_clear. */
bool tui_worker_take(struct tui_worker *w, struct tui_event *out);
void tui_event_clear(struct tui_event *e);

/* ---- questions that many views ask ---- */

/* A command of the table, run on the worker: out is a struct rs_result (free with
 * tui_result_free). words: as on a command line, NULL-ended, copied; NULL: none. One that writes is
 * an act. RS_EREFUSED: a job or a door's own. */
void tui_ask_command(struct tui_worker *w, int view, int kind, const char *name,
                     const char *const *words);
void tui_result_free(void *result);
/* A command started as a job (rs_job_spawn): out is an int64_t job id. */
void tui_start_job(struct tui_worker *w, int view, int kind, const char *name,
                   const char *const *words);

/* Open bundles and datasets, the last few used kept. Worker thread only. */
struct tui_models;
/* REF as rs_ctx_bundle takes it, NULL: what serves; the one that served before is closed once
 * another does. Borrowed until the next call of this function; label_out ("v7") or NULL, borrowed
 * with it. */
RS_MUST_USE enum rs_code tui_models_bundle(struct tui_models *m, const char *ref,
                                           const struct rs_bundle **out, const char **label_out,
                                           struct rs_err *err);
/* NULL: the configuration's dataset, or the only one. Opened again where its file is another.
 * Borrowed until the next call of this function. */
RS_MUST_USE enum rs_code tui_models_dataset(struct tui_models *m, const char *name,
                                            const struct rs_dataset **out, struct rs_err *err);

#endif
