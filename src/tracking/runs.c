/*
 * runs - the rows of rs_run: start, end, find, the lost, deletion.
 */
#include "rs/tracking/runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/jobs.h"
#include "rs/store/sql.h"
#include "runs_impl.h"

enum { ID_TRIES = 8, MIN_PREFIX = 4 };

#define RUN_NAME(id, name) [id] = (name),
static const char *const state_names[RS_RUN_STATE_COUNT] = {RS_RUN_STATES(RUN_NAME)};
#undef RUN_NAME

const char *rs_run_state_name(enum rs_run_state s)
{
    return state_names[s];
}

void rs_run_clear(struct rs_run *r)
{
    free(r->name);
    free(r->model);
    free(r->dataset);
    free(r->split);
    free(r->split_fingerprint);
    free(r->dataset_fingerprint);
    free(r->bundle);
    free(r->message);
    *r = (struct rs_run){0};
}

enum rs_code rs_run_stmt(struct rs_store *st, const char *sql, const char *id, sqlite3_stmt **out,
                         struct rs_err *err)
{
    enum rs_code rc = rs_store_stmt(st, sql, out, err);
    if (!rc) rs_store_bind_text(*out, 1, id);
    return rc;
}

static enum rs_code fail_unknown(const char *id, struct rs_err *err)
{
    return rs_fail(err, RS_ENOTFOUND, "no run '%s': 'run list' shows them", id);
}

enum rs_code rs_run_explain(struct rs_store *st, enum rs_code rc, const char *id,
                            struct rs_err *err)
{
    if (rc == RS_EREFUSED &&
        sqlite3_extended_errcode(rs_store_handle(st)) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail_unknown(id, err);
    return rc;
}

/* ---- start and end ------------------------------------------------------------------------- */

static enum rs_code make_id(char out[RS_RUN_ID], struct rs_err *err)
{
    unsigned char bytes[(RS_RUN_ID - 1) / 2];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return rs_fail_errno(err, errno, "make a run id");
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return RS_OK;
}

static enum rs_code insert_run(struct rs_store *st, const struct rs_run *r, struct rs_err *err)
{
    static const char sql[] =
        "INSERT INTO rs_run (id, name, model, dataset, split, dataset_fingerprint, "
        "split_fingerprint, seed, state, started_ms, job_id) "
        "VALUES (?1, coalesce(?2, ''), ?3, coalesce(?4, ''), coalesce(?5, ''), coalesce(?6, ''), "
        "coalesce(?7, ''), ?8, 'running', ?9, ?10)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, r->id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, r->name);
    rs_store_bind_text(q, 3, r->model);
    rs_store_bind_text(q, 4, r->dataset);
    rs_store_bind_text(q, 5, r->split);
    rs_store_bind_text(q, 6, r->dataset_fingerprint);
    rs_store_bind_text(q, 7, r->split_fingerprint);
    sqlite3_bind_int64(q, 8, (int64_t)r->seed);
    sqlite3_bind_int64(q, 9, r->started_ms);
    sqlite3_bind_int64(q, 10, r->job_id);
    return rs_store_exec(st, q, err);
}

enum rs_code rs_runs_start(struct rs_store *st, struct rs_run *r, struct rs_err *err)
{
    r->state = RS_RUN_RUNNING;
    r->started_ms = rs_clock_now_ms();
    r->ended_ms = 0;
    enum rs_code rc = RS_EREFUSED;
    for (int i = 0; i < ID_TRIES && rc == RS_EREFUSED; i++) { /* refused: another run has the id */
        rc = make_id(r->id, err);
        if (!rc) rc = insert_run(st, r, err);
    }
    return rc;
}

enum rs_code rs_runs_end(struct rs_store *st, const char *id, enum rs_run_state state,
                         const char *bundle, const char *message, struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_run SET state = ?2, ended_ms = ?3, "
                              "bundle = coalesce(?4, ''), message = coalesce(?5, '') WHERE id = ?1";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, rs_run_state_name(state));
    sqlite3_bind_int64(q, 3, rs_clock_now_ms());
    rs_store_bind_text(q, 4, bundle);
    rs_store_bind_text(q, 5, message);
    rc = rs_store_exec(st, q, err);
    if (!rc && sqlite3_changes(rs_store_handle(st)) == 0) rc = fail_unknown(id, err);
    return rc;
}

enum rs_code rs_runs_mark_lost(struct rs_store *st, struct rs_err *err)
{
    /* A run without a job belongs to whoever started it. */
    static const char any[] = "SELECT 1 FROM rs_run WHERE state = 'running' AND job_id <> 0";
    static const char sql[] =
        "UPDATE rs_run SET state = 'lost', message = 'its process ended without a word', "
        "ended_ms = max(started_ms, "
        "coalesce((SELECT beat_ms FROM rs_job j WHERE j.id = rs_run.job_id), 0)) "
        "WHERE state = 'running' AND job_id <> 0 AND NOT EXISTS "
        "(SELECT 1 FROM rs_job j WHERE j.id = rs_run.job_id AND j.state = 'running')";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_store_stmt(st, any, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    rs_store_reset(q);
    rc = rs_jobs_mark_lost(st, err);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_exec(st, q, err);
}

/* ---- find ---------------------------------------------------------------------------------- */

static void copy_id(char out[RS_RUN_ID], sqlite3_stmt *q)
{
    snprintf(out, RS_RUN_ID, "%s", rs_store_text(q, 0));
}

static enum rs_code newest(struct rs_store *st, char out[RS_RUN_ID], struct rs_err *err)
{
    static const char sql[] = "SELECT id FROM rs_run ORDER BY started_ms DESC, rowid DESC LIMIT 1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row) return rs_fail(err, RS_ENOTFOUND, "there is no run yet: 'train' makes one");
    copy_id(out, q);
    rs_store_reset(q);
    return RS_OK;
}

/* The run of that id, else the newest of that name, one with a model first; *found false:
 * neither. */
static enum rs_code by_id_or_name(struct rs_store *st, const char *ref, char out[RS_RUN_ID],
                                  bool *found, struct rs_err *err)
{
    static const char sql[] = "SELECT id FROM rs_run WHERE id = ?1 OR (name = ?1 AND ?1 <> '') "
                              "ORDER BY id = ?1 DESC, bundle <> '' DESC, started_ms DESC, "
                              "rowid DESC LIMIT 1";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, ref, &q, err);
    if (!rc) rc = rs_store_step(st, q, found, err);
    if (!rc && *found) {
        copy_id(out, q);
        rs_store_reset(q);
    }
    return rc;
}

/* The one run whose id begins with ref, hex digits. */
static enum rs_code by_prefix(struct rs_store *st, const char *ref, char out[RS_RUN_ID],
                              struct rs_err *err)
{
    /* 'g' is the character after the last hex digit: an index range instead of LIKE. */
    static const char sql[] =
        "SELECT id FROM rs_run WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 3";
    char found[3][RS_RUN_ID];
    int n = 0;
    bool row = true;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, ref, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row) copy_id(found[n++], q);
    }
    if (rc) return rc;
    if (n == 0) return fail_unknown(ref, err);
    if (n > 1) {
        return rs_fail(err, RS_EARG, "run '%s' is ambiguous: %s, %s%s", ref, found[0], found[1],
                       n > 2 ? " and more" : "");
    }
    memcpy(out, found[0], RS_RUN_ID);
    return RS_OK;
}

enum rs_code rs_runs_resolve(struct rs_store *st, const char *ref, char out[RS_RUN_ID],
                             struct rs_err *err)
{
    bool found = false;
    size_t len = strlen(ref);
    bool hex = len > 0 && strspn(ref, "0123456789abcdef") == len;
    if (strcmp(ref, "latest") == 0) return newest(st, out, err);
    enum rs_code rc = by_id_or_name(st, ref, out, &found, err);
    if (rc || found) return rc;
    if (hex && len >= MIN_PREFIX) return by_prefix(st, ref, out, err);
    if (hex)
        return rs_fail(err, RS_ENOTFOUND, "no run '%s': a prefix needs %d digits", ref, MIN_PREFIX);
    return fail_unknown(ref, err);
}

enum rs_code rs_runs_get(struct rs_store *st, const char *id, struct rs_run *out,
                         struct rs_err *err)
{
    static const char sql[] =
        "SELECT id, name, model, dataset, split, split_fingerprint, dataset_fingerprint, seed, "
        "state, started_ms, ended_ms, job_id, bundle, message FROM rs_run WHERE id = ?1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row) return fail_unknown(id, err);
    *out = (struct rs_run){.name = rs_store_dup_text(q, 1),
                           .model = rs_store_dup_text(q, 2),
                           .dataset = rs_store_dup_text(q, 3),
                           .split = rs_store_dup_text(q, 4),
                           .split_fingerprint = rs_store_dup_text(q, 5),
                           .dataset_fingerprint = rs_store_dup_text(q, 6),
                           .seed = (uint64_t)sqlite3_column_int64(q, 7),
                           .started_ms = sqlite3_column_int64(q, 9),
                           .ended_ms = sqlite3_column_int64(q, 10),
                           .job_id = sqlite3_column_int64(q, 11),
                           .bundle = rs_store_dup_text(q, 12),
                           .message = rs_store_dup_text(q, 13)};
    copy_id(out->id, q);
    for (int i = 0; i < RS_RUN_STATE_COUNT; i++) {
        if (strcmp(rs_store_text(q, 8), state_names[i]) == 0) out->state = (enum rs_run_state)i;
    }
    rs_store_reset(q);
    return RS_OK;
}

/* ---- delete -------------------------------------------------------------------------------- */

enum rs_code rs_runs_delete(struct rs_store *st, const char *id, struct rs_err *err)
{
    static const char sql[] = "DELETE FROM rs_run WHERE id = ?1";
    struct rs_run run = {0};
    struct rs_job job = {0};
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_runs_get(st, id, &run, err);
    if (rc) return rc;
    if (run.state == RS_RUN_RUNNING && run.job_id) {
        struct rs_err gone = {0};
        rc = rs_jobs_get(st, run.job_id, &job, &gone);
        if (!rc && job.state == RS_JOB_RUNNING) {
            rc = rs_fail(err, RS_EREFUSED, "run %s is being made by job %lld: cancel that first",
                         id, (long long)run.job_id);
        } else if (rc == RS_ENOTFOUND) {
            rc = RS_OK;
        } else if (rc) {
            *err = gone;
        }
        rs_job_clear(&job);
    }
    rs_run_clear(&run);
    if (!rc) rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rc = rs_store_exec(st, q, err);
    if (rc == RS_EREFUSED) /* the foreign key of versions */
        rc = rs_fail(err, RS_EREFUSED, "run %s is behind a registered version: it stays", id);
    return rc;
}

static void bundle_row(sqlite3_stmt *q, struct rs_val *rows)
{
    rs_val_push(rows, rs_val_str(rs_store_text(q, 0)));
}

enum rs_code rs_runs_bundles(struct rs_store *st, struct rs_val **out, struct rs_err *err)
{
    /* The one look at a table of the registry from here: what must not be collected is one list. */
    static const char sql[] = "SELECT bundle FROM rs_run WHERE bundle <> '' "
                              "UNION SELECT bundle FROM rs_model_version ORDER BY 1";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_collect(st, q, bundle_row, rs_val_list(), out, err);
}
