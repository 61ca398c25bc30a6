/*
 * jobs - the rows of rs_job as others see them: list, one, the lost, cancel. The job's own side is
 * beat.c.
 */
#include "rs/store/jobs.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "jobs_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"

enum { STALE_MS = 30000 };

#define JOB_NAME(id, name) [id] = (name),
static const char *const state_names[RS_JOB_STATE_COUNT] = {RS_JOB_STATES(JOB_NAME)};
#undef JOB_NAME

#define JOB_COLUMNS                                                                             \
    "id, kind, command, state, pid, run_id, started_ms, beat_ms, ended_ms, done, total, what, " \
    "unit, message, cancel, "

const char *rs_job_state_name(enum rs_job_state s)
{
    return state_names[s];
}

void rs_job_clear(struct rs_job *j)
{
    free(j->kind);
    free(j->command);
    free(j->run_id);
    free(j->what);
    free(j->unit);
    free(j->message);
    free(j->detail);
    *j = (struct rs_job){0};
}

static void read_job(sqlite3_stmt *q, struct rs_job *out)
{
    *out = (struct rs_job){.id = sqlite3_column_int64(q, 0),
                           .kind = rs_store_dup_text(q, 1),
                           .command = rs_store_dup_text(q, 2),
                           .state = RS_JOB_LOST,
                           .pid = sqlite3_column_int64(q, 4),
                           .run_id = rs_store_dup_text(q, 5),
                           .started_ms = sqlite3_column_int64(q, 6),
                           .beat_ms = sqlite3_column_int64(q, 7),
                           .ended_ms = sqlite3_column_int64(q, 8),
                           .done = sqlite3_column_double(q, 9),
                           .total = sqlite3_column_double(q, 10),
                           .what = rs_store_dup_text(q, 11),
                           .unit = rs_store_dup_text(q, 12),
                           .message = rs_store_dup_text(q, 13),
                           .cancel = sqlite3_column_int(q, 14) != 0,
                           .detail = rs_store_dup_text(q, 15)};
    const char *state = rs_store_text(q, 3);
    for (int i = 0; i < RS_JOB_STATE_COUNT; i++) {
        if (strcmp(state, state_names[i]) == 0) out->state = (enum rs_job_state)i;
    }
}

/* ---- the reserved -------------------------------------------------------------------------- */

enum rs_code rs_job_insert(struct rs_store *st, const char *kind, const char *command,
                           const char *space, int64_t *id_out, struct rs_err *err)
{
    static const char sql[] =
        "INSERT INTO rs_job (kind, command, state, pid, process_start, pid_space, started_ms, "
        "beat_ms) VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?6)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, kind);
    rs_store_bind_text(q, 2, command);
    sqlite3_bind_int64(q, 3, getpid());
    sqlite3_bind_int64(q, 4, rs_job_process_start(getpid()));
    rs_store_bind_text(q, 5, space);
    sqlite3_bind_int64(q, 6, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (!rc) *id_out = sqlite3_last_insert_rowid(rs_store_handle(st));
    return rc;
}

enum rs_code rs_job_fail_unreserved(struct rs_store *st, int64_t id, struct rs_err *err)
{
    struct rs_job job = {0};
    enum rs_code rc = rs_jobs_get(st, id, &job, err);
    if (!rc)
        rc = rs_fail(err, RS_EARG, "job %lld does not wait for its process: it is %s",
                     (long long)id, rs_job_state_name(job.state));
    rs_job_clear(&job);
    return rc;
}

enum rs_code rs_jobs_reserve(struct rs_store *st, const char *kind, const char *command,
                             int64_t *id_out, struct rs_err *err)
{
    return rs_job_insert(st, kind, command, "", id_out, err);
}

enum rs_code rs_jobs_abandon(struct rs_store *st, int64_t id, const char *message,
                             struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_job SET state = 'failed', message = ?2, ended_ms = ?3 "
                              "WHERE id = ?1 AND state IN ('running', 'lost') AND pid_space = ''";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, id);
    rs_store_bind_text(q, 2, message);
    sqlite3_bind_int64(q, 3, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (!rc && sqlite3_changes(rs_store_handle(st)) == 0) rc = rs_job_fail_unreserved(st, id, err);
    return rc;
}

/* ---- the lost ------------------------------------------------------------------------------ */

/* A running job as far as its life is concerned. */
struct sign {
    int64_t id, pid, start, beat_ms;
    bool here; /* its pid means a process we can see */
};

static bool is_alive(const struct sign *s, int64_t now_ms)
{
    if (s->here && !rs_job_process_alive(s->pid, s->start)) return false;
    return now_ms - s->beat_ms <= STALE_MS;
}

/* Signs of all running jobs (id < 0) or of one; the caller frees. */
static enum rs_code read_signs(struct rs_store *st, int64_t id, struct sign **out, size_t *n_out,
                               struct rs_err *err)
{
    static const char sql[] = "SELECT id, pid, process_start, beat_ms, pid_space = ?1 FROM rs_job "
                              "WHERE state = 'running' AND (?2 < 0 OR id = ?2)";
    char space[160];
    struct sign *signs = NULL;
    size_t n = 0;
    size_t cap = 0;
    bool row = true;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_job_pid_space(space, sizeof(space));
    rs_store_bind_text(q, 1, space);
    sqlite3_bind_int64(q, 2, id);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        if (n == cap) {
            size_t more = cap ? cap * 2 : 8;
            struct sign *grown = rs_try_realloc(signs, cap, more, sizeof(*signs));
            if (!grown) {
                rs_store_reset(q);
                rc = rs_fail(err, RS_ENOMEM, "jobs: out of memory");
                break;
            }
            signs = grown;
            cap = more;
        }
        signs[n++] = (struct sign){.id = sqlite3_column_int64(q, 0),
                                   .pid = sqlite3_column_int64(q, 1),
                                   .start = sqlite3_column_int64(q, 2),
                                   .beat_ms = sqlite3_column_int64(q, 3),
                                   .here = sqlite3_column_int(q, 4) != 0};
    }
    if (rc) {
        free(signs);
        return rc;
    }
    *out = signs;
    *n_out = n;
    return RS_OK;
}

/* Unless it has beaten since. It ended, as far as anyone knows, with its last beat. */
static enum rs_code mark_one(struct rs_store *st, const struct sign *s, struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_job SET state = 'lost', ended_ms = beat_ms, message = ?3 "
                              "WHERE id = ?1 AND state = 'running' AND beat_ms = ?2";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    bool gone = s->here && !rs_job_process_alive(s->pid, s->start);
    char *why = gone ? rs_xprintf("process %lld is gone", (long long)s->pid)
                     : rs_xprintf("no sign of life for more than %d s", STALE_MS / 1000);
    sqlite3_bind_int64(q, 1, s->id);
    sqlite3_bind_int64(q, 2, s->beat_ms);
    rs_store_bind_text(q, 3, why);
    free(why);
    return rs_store_exec(st, q, err);
}

enum rs_code rs_jobs_mark_lost(struct rs_store *st, struct rs_err *err)
{
    struct sign *signs = NULL;
    size_t n = 0;
    enum rs_code rc = read_signs(st, -1, &signs, &n, err);
    int64_t now = rs_clock_now_ms();
    for (size_t i = 0; i < n && !rc; i++) {
        if (!is_alive(&signs[i], now)) rc = mark_one(st, &signs[i], err);
    }
    free(signs);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

enum rs_code rs_jobs_list(struct rs_store *st, int64_t limit, struct rs_job **out, size_t *n_out,
                          struct rs_err *err)
{
    static const char sql[] = "SELECT " JOB_COLUMNS "iif(state = 'running', detail, '{}') "
                              "FROM rs_job ORDER BY id DESC LIMIT ?1";
    sqlite3_stmt *q = NULL;
    struct rs_job *jobs = NULL;
    size_t n = 0;
    size_t cap = 0;
    bool row = true;
    enum rs_code rc = rs_jobs_mark_lost(st, err);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, limit > 0 ? limit : -1);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        if (n == cap) {
            size_t more = cap ? cap * 2 : 16;
            struct rs_job *grown = rs_try_realloc(jobs, cap, more, sizeof(*jobs));
            if (!grown) {
                rs_store_reset(q);
                rc = rs_fail(err, RS_ENOMEM, "jobs: out of memory");
                break;
            }
            jobs = grown;
            cap = more;
        }
        read_job(q, &jobs[n++]);
    }
    if (rc) {
        for (size_t i = 0; i < n; i++)
            rs_job_clear(&jobs[i]);
        free(jobs);
        return rc;
    }
    *out = jobs;
    *n_out = n;
    return RS_OK;
}

enum rs_code rs_jobs_get(struct rs_store *st, int64_t id, struct rs_job *out, struct rs_err *err)
{
    static const char sql[] = "SELECT " JOB_COLUMNS "detail FROM rs_job WHERE id = ?1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_jobs_mark_lost(st, err);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, id);
    rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row)
        return rs_fail(err, RS_ENOTFOUND, "no job %lld: 'job list' shows them", (long long)id);
    read_job(q, out);
    rs_store_reset(q);
    return RS_OK;
}

enum rs_code rs_jobs_cancel(struct rs_store *st, int64_t id, struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_job SET cancel = 1 WHERE id = ?1";
    struct rs_job job = {0};
    struct sign *sign = NULL;
    size_t n = 0;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_jobs_get(st, id, &job, err);
    if (rc) return rc;
    if (job.state != RS_JOB_RUNNING)
        rc = rs_fail(err, RS_EARG, "job %lld does not run: it is %s", (long long)id,
                     rs_job_state_name(job.state));
    rs_job_clear(&job);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, id);
    rc = rs_store_exec(st, q, err);
    if (!rc) rc = read_signs(st, id, &sign, &n, err);
    /* The flag reaches it within a beat; the signal at once, where it is surely that process. */
    if (!rc && n == 1 && sign->here && sign->start && rs_job_process_alive(sign->pid, sign->start))
        kill((pid_t)sign->pid, SIGTERM);
    free(sign);
    return rc;
}
