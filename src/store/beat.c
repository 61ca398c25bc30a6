/*
 * beat - a job's own side: its row, and the thread that says every second that it lives.
 *
 * The thread opens its own connection at the first beat, so a job of less than a second costs two
 * small writes. It waits on a condition and for locks only briefly, so that the end is instant.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jobs_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/store/jobs.h"
#include "rs/store/sql.h"
#include "store_impl.h"

enum {
    BEAT_BUSY_MS = 250, /* a beat that meets a lock is left to the next one */
    END_TRIES = 3,      /* times the store's wait for locks */
};

/* What the next beat writes. */
struct status {
    char run_id[40];
    char what[96];
    char unit[32];
    double done, total;
};

struct rs_job_handle {
    struct rs_store *st; /* the job's thread only */
    struct rs_task *task;
    int64_t id;
    char *path;
    int beat_ms;
    pthread_t thread;
    pthread_cond_t wake;
    pthread_mutex_t lock;
    bool ending;          /* under lock */
    struct status status; /* under lock */
};

/* ---- the beating thread -------------------------------------------------------------------- */

static void bind_status(sqlite3_stmt *q, const struct status *s)
{
    rs_store_bind_text(q, 1, s->run_id);
    rs_store_bind_text(q, 2, s->what);
    rs_store_bind_text(q, 3, s->unit);
    sqlite3_bind_double(q, 4, s->done);
    sqlite3_bind_double(q, 5, s->total);
    sqlite3_bind_int64(q, 6, rs_clock_now_ms());
}

/* Also brings back a job that someone thought lost while this process was stopped. */
static enum rs_code write_beat(struct rs_store *st, struct rs_job_handle *h, const struct status *s,
                               struct rs_err *err)
{
    static const char sql[] =
        "UPDATE rs_job SET run_id = ?1, what = ?2, unit = ?3, done = ?4, total = ?5, beat_ms = ?6, "
        "message = iif(state = 'lost', '', message), state = 'running', ended_ms = 0 "
        "WHERE id = ?7 AND state IN ('running', 'lost') RETURNING cancel";
    sqlite3_stmt *q = NULL;
    bool row = false;
    bool cancel = false;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    bind_status(q, s);
    sqlite3_bind_int64(q, 7, h->id);
    rc = rs_store_step(st, q, &row, err);
    if (!rc && row) {
        cancel = sqlite3_column_int(q, 0) != 0;
        rc = rs_store_exec(st, q, err);
    }
    if (cancel && h->task) atomic_store_explicit(&h->task->cancel, true, memory_order_relaxed);
    return rc;
}

static void beat(struct rs_store **st, struct rs_job_handle *h, const struct status *s)
{
    struct rs_err err = {0};
    enum rs_code rc = RS_OK;
    if (!*st) {
        rc = rs_store_open(h->path, 0, st, &err);
        if (!rc) rs_store_set_busy_ms(*st, BEAT_BUSY_MS);
    }
    if (!rc) rc = write_beat(*st, h, s, &err);
    if (rc && rc != RS_EBUSY)
        rs_log(RS_LOG_WARN, "job", "id=%lld beat: %s", (long long)h->id, err.msg);
}

static void add_ms(struct timespec *t, int ms)
{
    t->tv_sec += ms / 1000;
    t->tv_nsec += (long)(ms % 1000) * 1000000;
    if (t->tv_nsec >= 1000000000) {
        t->tv_nsec -= 1000000000;
        t->tv_sec++;
    }
}

static void *beat_main(void *arg)
{
    struct rs_job_handle *h = arg;
    struct rs_store *st = NULL;
    pthread_mutex_lock(&h->lock);
    while (!h->ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        add_ms(&until, h->beat_ms);
        int waited = 0;
        while (!h->ending && waited != ETIMEDOUT)
            waited = pthread_cond_timedwait(&h->wake, &h->lock, &until);
        if (h->ending) break;
        struct status now = h->status;
        pthread_mutex_unlock(&h->lock);
        beat(&st, h, &now);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    rs_store_close(st);
    return NULL;
}

/* Signals belong to the job's thread. */
static int start_thread(struct rs_job_handle *h)
{
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int e = pthread_create(&h->thread, NULL, beat_main, h);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return e;
}

static void free_handle(struct rs_job_handle *h)
{
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h->path);
    free(h);
}

/* ---- the job's thread ---------------------------------------------------------------------- */

static enum rs_code insert_row(struct rs_job_handle *h, const char *kind, const char *command,
                               struct rs_err *err)
{
    static const char sql[] =
        "INSERT INTO rs_job (kind, command, state, pid, process_start, pid_space, started_ms, "
        "beat_ms) VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?6)";
    char space[160];
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(h->st, sql, &q, err);
    if (rc) return rc;
    rs_job_pid_space(space, sizeof(space));
    rs_store_bind_text(q, 1, kind);
    rs_store_bind_text(q, 2, command);
    sqlite3_bind_int64(q, 3, getpid());
    sqlite3_bind_int64(q, 4, rs_job_process_start(getpid()));
    rs_store_bind_text(q, 5, space);
    sqlite3_bind_int64(q, 6, rs_clock_now_ms());
    rc = rs_store_exec(h->st, q, err);
    if (!rc) h->id = sqlite3_last_insert_rowid(rs_store_handle(h->st));
    return rc;
}

static enum rs_code write_end(struct rs_job_handle *h, enum rs_job_state state, const char *message,
                              struct rs_err *err)
{
    static const char sql[] =
        "UPDATE rs_job SET run_id = ?1, what = ?2, unit = ?3, done = ?4, total = ?5, beat_ms = ?6, "
        "ended_ms = ?6, state = ?7, message = ?8 WHERE id = ?9";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(h->st, sql, &q, err);
    if (rc) return rc;
    bind_status(q, &h->status);
    rs_store_bind_text(q, 7, rs_job_state_name(state));
    rs_store_bind_text(q, 8, message ? message : "");
    sqlite3_bind_int64(q, 9, h->id);
    return rs_store_exec(h->st, q, err);
}

enum rs_code rs_job_start(struct rs_store *st, const char *kind, const char *command,
                          struct rs_task *task, struct rs_job_handle **out, struct rs_err *err)
{
    struct rs_job_handle *h = rs_xalloc(1, sizeof(*h));
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&h->lock, NULL);
    h->st = st;
    h->task = task;
    h->path = rs_xstrdup(rs_store_path(st));
    h->beat_ms = st->beat_ms;
    enum rs_code rc = insert_row(h, kind, command, err);
    if (!rc) {
        int e = start_thread(h);
        struct rs_err late = {0};
        if (e) {
            rc = rs_fail_errno(err, e, "job %lld: start its heartbeat", (long long)h->id);
            if (write_end(h, RS_JOB_FAILED, err->msg, &late))
                rs_log(RS_LOG_WARN, "job", "id=%lld end: %s", (long long)h->id, late.msg);
        }
    }
    if (rc) {
        free_handle(h);
    } else {
        *out = h;
    }
    return rc;
}

int64_t rs_job_id(const struct rs_job_handle *h)
{
    return h->id;
}

void rs_job_set_run(struct rs_job_handle *h, const char *run_id)
{
    pthread_mutex_lock(&h->lock);
    snprintf(h->status.run_id, sizeof(h->status.run_id), "%s", run_id);
    pthread_mutex_unlock(&h->lock);
}

void rs_job_progress(struct rs_job_handle *h, const struct rs_progress *p)
{
    pthread_mutex_lock(&h->lock);
    snprintf(h->status.what, sizeof(h->status.what), "%s", p->what ? p->what : "");
    snprintf(h->status.unit, sizeof(h->status.unit), "%s", p->unit ? p->unit : "");
    h->status.done = p->done;
    h->status.total = p->total;
    pthread_mutex_unlock(&h->lock);
}

void rs_job_end(struct rs_job_handle *h, enum rs_code code, const char *message)
{
    pthread_mutex_lock(&h->lock);
    h->ending = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    rs_store_rollback(h->st);
    enum rs_job_state state = code == RS_OK        ? RS_JOB_DONE
                              : code == RS_ECANCEL ? RS_JOB_CANCELLED
                                                   : RS_JOB_FAILED;
    struct rs_err err = {0};
    enum rs_code rc = RS_EBUSY;
    for (int i = 0; i < END_TRIES && rc == RS_EBUSY; i++)
        rc = write_end(h, state, message, &err);
    if (rc) rs_log(RS_LOG_WARN, "job", "id=%lld end: %s", (long long)h->id, err.msg);
    free_handle(h);
}
