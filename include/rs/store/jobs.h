/*
 * jobs - long work as rows: what runs, where it stands, whether it still lives.
 *
 * A job beats every second with pid and boot id; whoever opens the list marks those whose process
 * is gone, or whose beat is older than 30 s, `lost`. Cancel is a flag in the row plus SIGTERM.
 */
#ifndef RS_STORE_JOBS_H
#define RS_STORE_JOBS_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/task.h"
#include "rs/store/store.h"

#define RS_JOB_STATES(X)         \
    X(RS_JOB_RUNNING, "running") \
    X(RS_JOB_DONE, "done")       \
    X(RS_JOB_FAILED, "failed") X(RS_JOB_CANCELLED, "cancelled") X(RS_JOB_LOST, "lost")
#define RS_JOB_ENUM(id, name) id,
enum rs_job_state { RS_JOB_STATES(RS_JOB_ENUM) RS_JOB_STATE_COUNT };
#undef RS_JOB_ENUM
const char *rs_job_state_name(enum rs_job_state s);

struct rs_job {
    int64_t id;
    char *kind;    /* command name, "train"; "serve" for a server */
    char *command; /* the whole line, for people */
    enum rs_job_state state;
    int64_t pid;
    char *run_id;                          /* run it makes, or "" */
    int64_t started_ms, beat_ms, ended_ms; /* ended 0: still running */
    double done, total;                    /* progress; total 0: unknown */
    char *what, *unit;
    char *message; /* error text or last word */
    bool cancel;   /* asked to stop */
    char *detail;  /* a JSON object: what the job says of itself (a server's address and rates), or
                      {"result": …} at its end. In lists that of running jobs only, else "{}" */
};
void rs_job_clear(struct rs_job *j);

/* A row for this process, running; a thread with its own connection beats every second until end
 * (first after one second, so short jobs write twice) and sets task->cancel where the row says so.
 * task may be NULL. st is borrowed until the end and used on the calling thread only. */
struct rs_job_handle;
RS_MUST_USE enum rs_code rs_job_start(struct rs_store *st, const char *kind, const char *command,
                                      struct rs_task *task, struct rs_job_handle **out,
                                      struct rs_err *err);
int64_t rs_job_id(const struct rs_job_handle *h);
void rs_job_set_run(struct rs_job_handle *h, const char *run_id);
/* A JSON object that takes the place of rs_job.detail with the next beat, or at the end. */
void rs_job_set_detail(struct rs_job_handle *h, const char *json);
/* A JSON document that rs_job_end keeps in rs_job.detail as {"result": …}; of one above
 * RS_JOB_MAX_RESULT bytes only a note that says so: {"note": "…"}. */
enum { RS_JOB_MAX_RESULT = 1 << 20 };
void rs_job_set_result(struct rs_job_handle *h, const char *json);
void rs_job_progress(struct rs_job_handle *h, const struct rs_progress *p); /* for the next beat */
/* code RS_OK: done; RS_ECANCEL: cancelled; else failed with err's text. Rolls back a transaction
 * that the job left open. A locked store is waited for (half a minute); what cannot be written is
 * logged, and the job will show as lost. Frees h. */
void rs_job_end(struct rs_job_handle *h, enum rs_code code, const char *message);

/* A row for a process that the caller is about to start, running, so that its number is known
 * before it lives. Its pid is the caller's, which gets no signal for it. If nobody adopts it within
 * 30 s it becomes lost; a late one still may. */
RS_MUST_USE enum rs_code rs_jobs_reserve(struct rs_store *st, const char *kind, const char *command,
                                         int64_t *id_out, struct rs_err *err);
/* The process could not be started: failed, with that text. RS_ENOTFOUND: no such job; RS_EARG: not
 * reserved (any more). */
RS_MUST_USE enum rs_code rs_jobs_abandon(struct rs_store *st, int64_t id, const char *message,
                                         struct rs_err *err);
/* That process takes the row over: like rs_job_start from then on. A wish to stop that came before
 * is in task at once. Errors as of rs_jobs_abandon. */
RS_MUST_USE enum rs_code rs_job_adopt(struct rs_store *st, int64_t id, struct rs_task *task,
                                      struct rs_job_handle **out, struct rs_err *err);

/* Running jobs whose process is gone (told by pid and start time, where the pid means the same here
 * as there) or whose beat is older than 30 s become lost. One that beats again runs again. */
RS_MUST_USE enum rs_code rs_jobs_mark_lost(struct rs_store *st, struct rs_err *err);
/* Newest first, at most limit (0: all); marks the lost first. n_out rows, the caller clears each
 * and frees the array. rs_jobs_get: RS_ENOTFOUND. */
RS_MUST_USE enum rs_code rs_jobs_list(struct rs_store *st, int64_t limit, struct rs_job **out,
                                      size_t *n_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_jobs_get(struct rs_store *st, int64_t id, struct rs_job *out,
                                     struct rs_err *err);
/* Flag, and SIGTERM to a process that is surely the job's. RS_EARG: not running. */
RS_MUST_USE enum rs_code rs_jobs_cancel(struct rs_store *st, int64_t id, struct rs_err *err);

/* Log lines of jobs and servers (rs_log): level and event as in base/log. */
RS_MUST_USE enum rs_code rs_log_add(struct rs_store *st, int64_t job_id, int64_t time_ms,
                                    const char *level, const char *event, const char *text,
                                    struct rs_err *err);
/* The last `limit` rows (0: all) {time_ms, level, event, text} as a list of maps, oldest first. */
RS_MUST_USE enum rs_code rs_log_read(struct rs_store *st, int64_t job_id, int64_t limit,
                                     struct rs_val **out, struct rs_err *err);

#endif
