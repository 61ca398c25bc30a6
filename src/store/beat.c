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
    char *result;         /* the job's thread only; NULL: none */
    bool ending;          /* under lock */
    struct status status; /* under lock */
    char *detail;         /* under lock: not written yet; NULL: nothing new */
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
                               const char *detail, struct rs_err *err)
{
    static const char sql[] =
        "UPDATE rs_job SET run_id = ?1, what = ?2, unit = ?3, done = ?4, total = ?5, beat_ms = ?6, "
        "message = iif(state = 'lost', '', message), state = 'running', ended_ms = 0, "
        "detail = coalesce(?8, detail) WHERE id = ?7 AND state IN ('running', 'lost') RETURNING "
        "cancel";
    sqlite3_stmt *q = NULL;
    bool row = false;
    bool cancel = false;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    bind_status(q, s);
    sqlite3_bind_int64(q, 7, h->id);
    rs_store_bind_text(q, 8, detail);
    rc = rs_store_step(st, q, &row, err);
    if (!rc && row) {
        cancel = sqlite3_column_int(q, 0) != 0;
        rc = rs_store_exec(st, q, err);
    }
    if (cancel && h->task) atomic_store_explicit(&h->task->cancel, true, memory_order_relaxed);
    return rc;
}

/* Is it written? */
static bool beat(struct rs_store **st, struct rs_job_handle *h, const struct status *s,
                 const char *detail)
{
    struct rs_err err = {0};
    enum rs_code rc = RS_OK;
    if (!*st) {
        rc = rs_store_open(h->path, 0, st, &err);
        if (!rc) rs_store_set_busy_ms(*st, BEAT_BUSY_MS);
    }
    if (!rc) rc = write_beat(*st, h, s, detail, &err);
    if (rc && rc != RS_EBUSY)
        rs_log(RS_LOG_WARN, "job", "id=%lld beat: %s", (long long)h->id, err.msg);
    return rc == RS_OK;
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
        char *detail = h->detail;
        h->detail = NULL;
        pthread_mutex_unlock(&h->lock);
        bool written = beat(&st, h, &now, detail);
        pthread_mutex_lock(&h->lock);
        if (!written && !h->detail) {
            h->detail = detail; /* for the next one */
        } else {
            free(detail);
        }
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
    free(h->result);
    free(h->detail);
    free(h);
}

/* ---- the job's thread ---------------------------------------------------------------------- */

/* What the row keeps of the job: its result, else what it last said of itself, else (NULL) what is
 * there. The caller's. */
static char *final_detail(const struct rs_job_handle *h)
{
    if (!h->result) return rs_xstrdup(h->detail);
    size_t n = strlen(h->result);
    return n <= RS_JOB_MAX_RESULT
               ? rs_xprintf("{\"result\":%s}", h->result)
               : rs_xprintf("{\"note\":\"the result has %zu bytes, more than are kept\"}", n);
}

static enum rs_code write_end(struct rs_job_handle *h, enum rs_job_state state, const char *message,
                              struct rs_err *err)
{
    static const char sql[] =
        "UPDATE rs_job SET run_id = ?1, what = ?2, unit = ?3, done = ?4, total = ?5, beat_ms = ?6, "
        "ended_ms = ?6, state = ?7, message = ?8, detail = coalesce(?10, detail) WHERE id = ?9";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(h->st, sql, &q, err);
    if (rc) return rc;
    char *detail = final_detail(h);
    bind_status(q, &h->status);
    rs_store_bind_text(q, 7, rs_job_state_name(state));
    rs_store_bind_text(q, 8, message ? message : "");
    sqlite3_bind_int64(q, 9, h->id);
    rs_store_bind_text(q, 10, detail);
    free(detail);
    return rs_store_exec(h->st, q, err);
}

/* A handle of job id whose heart beats, or the job has failed. */
static enum rs_code begin(struct rs_store *st, int64_t id, struct rs_task *task,
                          struct rs_job_handle **out, struct rs_err *err)
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
    h->id = id;
    h->path = rs_xstrdup(rs_store_path(st));
    h->beat_ms = st->beat_ms;
    int e = start_thread(h);
    if (!e) {
        *out = h;
        return RS_OK;
    }
    struct rs_err late = {0};
    enum rs_code rc = rs_fail_errno(err, e, "job %lld: start its heartbeat", (long long)id);
    if (write_end(h, RS_JOB_FAILED, err->msg, &late))
        rs_log(RS_LOG_WARN, "job", "id=%lld end: %s", (long long)id, late.msg);
    free_handle(h);
    return rc;
}

enum rs_code rs_job_start(struct rs_store *st, const char *kind, const char *command,
                          struct rs_task *task, struct rs_job_handle **out, struct rs_err *err)
{
    char space[160];
    int64_t id = 0;
    rs_job_pid_space(space, sizeof(space));
    enum rs_code rc = rs_job_insert(st, kind, command, space, &id, err);
    return rc ? rc : begin(st, id, task, out, err);
}

enum rs_code rs_job_adopt(struct rs_store *st, int64_t id, struct rs_task *task,
                          struct rs_job_handle **out, struct rs_err *err)
{
    static const char sql[] =
        "UPDATE rs_job SET pid = ?2, process_start = ?3, pid_space = ?4, beat_ms = ?5, "
        "state = 'running', message = '', ended_ms = 0 "
        "WHERE id = ?1 AND state IN ('running', 'lost') AND pid_space = '' RETURNING cancel";
    char space[160];
    bool row = false;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_job_pid_space(space, sizeof(space));
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, getpid());
    sqlite3_bind_int64(q, 3, rs_job_process_start(getpid()));
    rs_store_bind_text(q, 4, space);
    sqlite3_bind_int64(q, 5, rs_clock_now_ms());
    rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row) return rs_job_fail_unreserved(st, id, err);
    bool cancel = sqlite3_column_int(q, 0) != 0;
    rc = rs_store_exec(st, q, err);
    if (rc) return rc;
    if (cancel && task) atomic_store_explicit(&task->cancel, true, memory_order_relaxed);
    return begin(st, id, task, out, err);
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

void rs_job_set_detail(struct rs_job_handle *h, const char *json)
{
    char *detail = rs_xstrdup(json);
    pthread_mutex_lock(&h->lock);
    char *old = h->detail;
    h->detail = detail;
    pthread_mutex_unlock(&h->lock);
    free(old);
}

void rs_job_set_result(struct rs_job_handle *h, const char *json)
{
    free(h->result);
    h->result = rs_xstrdup(json);
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
