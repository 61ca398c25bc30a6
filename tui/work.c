/*
 * work - the worker thread: a list of questions in, a list of answers out, one lock.
 *
 * A question is in exactly one of three places: todo, running, done. The pipe holds one byte
 * exactly while done is not empty, so poll wakes the UI thread once for any number of answers.
 * Questions are released outside of the lock: their free functions are the views'.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/mem.h"
#include "rs/base/task.h"
#include "work_impl.h"

enum { MAX_DONE = 64 }; /* answers that wait; the worker waits for room */

struct question {
    struct question *next;
    struct tui_work work;
    tui_work_fn *fn;
    unsigned flags;
    struct rs_task task; /* its cancel flag is set by the UI thread */
    enum rs_code rc;
    struct rs_err err;
};

struct list {
    struct question *first;
    struct question *last;
    int n;
};

struct tui_worker {
    pthread_t thread;
    struct rs_ctx *ctx;        /* of the thread */
    struct tui_models *models; /* of the thread */
    int wake[2];               /* read and write end of the pipe */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* todo has something, done has room, or stopping */
    struct list todo;       /* under lock, as all below */
    struct list done;
    struct question *running; /* or NULL */
    bool stopping;
};

/* ---- lists ---- */

static void append(struct list *l, struct question *q)
{
    q->next = NULL;
    if (l->last) {
        l->last->next = q;
    } else {
        l->first = q;
    }
    l->last = q;
    l->n++;
}

static struct question *take_first(struct list *l)
{
    struct question *q = l->first;
    if (!q) return NULL;
    l->first = q->next;
    if (!l->first) l->last = NULL;
    l->n--;
    return q;
}

enum { ANY_VIEW = -1, ANY_KIND = -1 };

/* Something that nobody must stop: it changes the workspace. */
static bool is_act(const struct question *q)
{
    return (q->flags & TUI_WORK_ACT) != 0;
}

static bool is_of(const struct question *q, int view, int kind)
{
    return (view == ANY_VIEW || q->work.view == view) && (kind == ANY_KIND || q->work.kind == kind);
}

/* Moves what a newer question or a closed view makes pointless from l to out. */
static void take_pointless(struct list *l, int view, int kind, struct list *out)
{
    struct list kept = {0};
    for (struct question *q = take_first(l); q; q = take_first(l)) {
        append(is_of(q, view, kind) && !is_act(q) ? out : &kept, q);
    }
    *l = kept;
}

static void free_question(struct question *q)
{
    if (q->work.in && q->work.free_in) q->work.free_in(q->work.in);
    if (q->work.out && q->work.free_out) q->work.free_out(q->work.out);
    free(q);
}

static void free_list(struct list *l)
{
    for (struct question *q = take_first(l); q; q = take_first(l)) {
        free_question(q);
    }
}

/* ---- the pipe, under lock ---- */

static void wake(const struct tui_worker *w)
{
    char byte = 'e';
    while (write(w->wake[1], &byte, 1) < 0 && errno == EINTR)
        ;
}

static void unwake(const struct tui_worker *w)
{
    char bytes[16];
    ssize_t n;
    do {
        n = read(w->wake[0], bytes, sizeof(bytes));
    } while (n > 0 || (n < 0 && errno == EINTR));
}

/* ---- the thread ---- */

static void run(struct tui_worker *w, struct question *q)
{
    q->work.ctx = w->ctx;
    q->work.models = w->models;
    q->work.task = &q->task;
    w->ctx->task.parent = &q->task; /* commands poll the context's */
    if (!(q->flags & TUI_WORK_PURE)) q->rc = tui_models_compose(w->models, &q->err);
    if (!q->rc) q->rc = q->fn(&q->work, &q->err);
    w->ctx->task.parent = NULL;
}

/* The answer of the question that ran; one that was cancelled meanwhile goes nowhere. */
static bool keep_answer(struct tui_worker *w, struct question *q)
{
    while (w->done.n >= MAX_DONE && !w->stopping && !rs_task_cancelled(&q->task)) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    w->running = NULL;
    if (w->stopping || rs_task_cancelled(&q->task) || q->rc == RS_ECANCEL) return false;
    append(&w->done, q);
    if (w->done.n == 1) wake(w);
    return true;
}

static void *thread_main(void *arg)
{
    struct tui_worker *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct question *q = take_first(&w->todo);
        if (!q && w->stopping) break;
        if (!q) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        w->running = q;
        pthread_mutex_unlock(&w->lock);
        run(w, q);
        pthread_mutex_lock(&w->lock);
        if (keep_answer(w, q)) continue;
        pthread_mutex_unlock(&w->lock);
        free_question(q);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- from the UI thread ---- */

static enum rs_code open_pipe(int fds[2], struct rs_err *err)
{
    if (pipe(fds)) return rs_fail_errno(err, errno, "worker: pipe");
    for (int i = 0; i < 2; i++) {
        if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) || fcntl(fds[i], F_SETFL, O_NONBLOCK)) {
            enum rs_code rc = rs_fail_errno(err, errno, "worker: pipe");
            close(fds[0]);
            close(fds[1]);
            return rc;
        }
    }
    return RS_OK;
}

static void free_worker(struct tui_worker *w)
{
    free_list(&w->todo);
    free_list(&w->done);
    tui_models_free(w->models);
    rs_ctx_free(w->ctx);
    close(w->wake[0]);
    close(w->wake[1]);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum rs_code tui_worker_start(const char *workspace, int *wake_fd_out, struct tui_worker **out,
                              struct rs_err *err)
{
    int fds[2];
    enum rs_code rc = open_pipe(fds, err);
    if (rc) return rc;
    struct tui_worker *w = rs_xalloc(1, sizeof(*w));
    memcpy(w->wake, fds, sizeof(fds));
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->ctx = rs_ctx_new(workspace);
    w->ctx->keep_log_level = true; /* one command's must not change what the console hears */
    w->models = tui_models_new(w->ctx);
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the UI thread's */
    int failed = pthread_create(&w->thread, NULL, thread_main, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        free_worker(w);
        return rs_fail_errno(err, failed, "worker: thread");
    }
    *wake_fd_out = w->wake[0];
    *out = w;
    return RS_OK;
}

void tui_worker_stop(struct tui_worker *w)
{
    if (!w) return;
    struct list pointless = {0};
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    if (w->running && !is_act(w->running)) atomic_store(&w->running->task.cancel, true);
    take_pointless(&w->todo, ANY_VIEW, ANY_KIND, &pointless);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    free_list(&pointless);
    pthread_join(w->thread, NULL);
    free_worker(w);
}

/* Under lock. What is to be freed comes to out. */
static void cancel(struct tui_worker *w, int view, int kind, struct list *out)
{
    struct question *r = w->running;
    if (r && is_of(r, view, kind) && !is_act(r)) atomic_store(&r->task.cancel, true);
    take_pointless(&w->todo, view, kind, out);
    bool had = w->done.n > 0;
    take_pointless(&w->done, view, kind, out);
    if (had && w->done.n == 0) unwake(w);
    pthread_cond_broadcast(&w->changed);
}

void tui_worker_submit_as(struct tui_worker *w, unsigned flags, int view, int kind, tui_work_fn *fn,
                          void *in, void (*free_in)(void *), void (*free_out)(void *))
{
    struct list pointless = {0};
    struct question *q = rs_xalloc(1, sizeof(*q));
    q->work = (struct tui_work){
        .view = view, .kind = kind, .in = in, .free_in = free_in, .free_out = free_out};
    q->fn = fn;
    q->flags = flags;
    pthread_mutex_lock(&w->lock);
    if (!is_act(q)) cancel(w, view, kind, &pointless);
    append(&w->todo, q);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    free_list(&pointless);
}

void tui_worker_submit(struct tui_worker *w, int view, int kind, tui_work_fn *fn, void *in,
                       void (*free_in)(void *), void (*free_out)(void *))
{
    tui_worker_submit_as(w, 0, view, kind, fn, in, free_in, free_out);
}

void tui_worker_cancel_kind(struct tui_worker *w, int view, int kind)
{
    struct list pointless = {0};
    pthread_mutex_lock(&w->lock);
    cancel(w, view, kind, &pointless);
    pthread_mutex_unlock(&w->lock);
    free_list(&pointless);
}

void tui_worker_cancel(struct tui_worker *w, int view)
{
    tui_worker_cancel_kind(w, view, ANY_KIND);
}

static bool has_of(const struct list *l, int view)
{
    for (const struct question *q = l->first; q; q = q->next) {
        if (q->work.view == view) return true;
    }
    return false;
}

bool tui_worker_busy(struct tui_worker *w, int view)
{
    pthread_mutex_lock(&w->lock);
    const struct question *r = w->running;
    bool busy = r && r->work.view == view && !rs_task_cancelled(&r->task);
    busy = busy || has_of(&w->todo, view) || has_of(&w->done, view);
    pthread_mutex_unlock(&w->lock);
    return busy;
}

bool tui_worker_idle(struct tui_worker *w)
{
    pthread_mutex_lock(&w->lock);
    bool idle = !w->running && !w->todo.first && !w->done.first;
    pthread_mutex_unlock(&w->lock);
    return idle;
}

bool tui_worker_take(struct tui_worker *w, struct tui_event *out)
{
    pthread_mutex_lock(&w->lock);
    struct question *q = take_first(&w->done);
    if (q && w->done.n == 0) unwake(w);
    if (q && w->done.n == MAX_DONE - 1) pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (!q) return false;
    *out = (struct tui_event){.view = q->work.view,
                              .kind = q->work.kind,
                              .out = q->work.out,
                              .free_out = q->work.free_out,
                              .rc = q->rc,
                              .err = q->err};
    q->work.out = NULL;
    free_question(q);
    return true;
}

void tui_event_clear(struct tui_event *e)
{
    if (e->out && e->free_out) e->free_out(e->out);
    *e = (struct tui_event){0};
}
