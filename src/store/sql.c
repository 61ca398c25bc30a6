/*
 * sql - statements, transactions, and SQLite's errors in our words.
 *
 * A statement is prepared once a connection; asking for it while its rows are still being read is
 * our bug. Text is copied into SQLite, so a caller's buffer may go at once.
 */
#include "rs/store/sql.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "store_impl.h"

/* ---- errors -------------------------------------------------------------------------------- */

struct remedy {
    int primary; /* SQLite's code */
    enum rs_code code;
    const char *text; /* what to do */
};

static const struct remedy remedies[] = {
    {SQLITE_BUSY, RS_EBUSY, "another process writes it: wait for it, or stop it (see 'job list')"},
    {SQLITE_LOCKED, RS_EBUSY,
     "another process writes it: wait for it, or stop it (see 'job list')"},
    {SQLITE_PROTOCOL, RS_EBUSY, "too many processes open it at once: try again"},
    {SQLITE_CORRUPT, RS_EDAMAGED, "put a backup in its place with 'db restore FILE'"},
    {SQLITE_NOTADB, RS_EDAMAGED, "put a backup in its place with 'db restore FILE'"},
    {SQLITE_ERROR, RS_EDAMAGED, "its tables are not ours: see 'db check'"},
    {SQLITE_SCHEMA, RS_EDAMAGED, "its tables are not ours: see 'db check'"},
    {SQLITE_CONSTRAINT, RS_EREFUSED, "the change contradicts what is stored"},
    {SQLITE_READONLY, RS_EIO, "make the file and its folder writable"},
    {SQLITE_CANTOPEN, RS_EIO, "make the file and its folder readable and writable"},
    {SQLITE_PERM, RS_EIO, "make the file and its folder readable and writable"},
    {SQLITE_FULL, RS_EIO, "free space on its disk"},
    {SQLITE_IOERR, RS_EIO, "check the disk, its free space and the folder's permissions"},
    {SQLITE_NOMEM, RS_ENOMEM, "free memory"},
    {SQLITE_TOOBIG, RS_EARG, "a value is larger than the store takes"},
    {SQLITE_INTERRUPT, RS_ECANCEL, "interrupted"},
};

enum rs_code rs_store_fail_db(sqlite3 *db, const char *path, struct rs_err *err)
{
    int code = sqlite3_errcode(db) & 0xff;
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (remedies[i].primary == code)
            return rs_fail(err, remedies[i].code, "store '%s': %s: %s", path, sqlite3_errmsg(db),
                           remedies[i].text);
    }
    return rs_fail(err, RS_EIO, "store '%s': %s (code %d)", path, sqlite3_errmsg(db), code);
}

enum rs_code rs_store_fail(struct rs_store *st, struct rs_err *err)
{
    return rs_store_fail_db(st->db, st->path, err);
}

enum rs_code rs_store_script(sqlite3 *db, const char *path, const char *sql, struct rs_err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? RS_OK
                                                                : rs_store_fail_db(db, path, err);
}

enum rs_code rs_store_scalar(sqlite3 *db, const char *path, const char *sql, int64_t *out,
                             struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    enum rs_code rc = RS_OK;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW) {
        rc = rs_store_fail_db(db, path, err);
    } else {
        *out = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    return rc;
}

/* ---- statements ---------------------------------------------------------------------------- */

sqlite3 *rs_store_handle(struct rs_store *st)
{
    return st->db;
}

enum rs_code rs_store_stmt(struct rs_store *st, const char *sql, sqlite3_stmt **out,
                           struct rs_err *err)
{
    for (size_t i = 0; i < st->n_stmts; i++) {
        if (st->stmts[i].sql == sql) {
            rs_assert(!sqlite3_stmt_busy(st->stmts[i].q));
            *out = st->stmts[i].q;
            return RS_OK;
        }
    }
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL) != SQLITE_OK)
        return rs_store_fail(st, err);
    if (st->n_stmts == st->cap_stmts) {
        size_t cap = st->cap_stmts ? st->cap_stmts * 2 : 32;
        struct store_stmt *more = rs_xalloc(cap, sizeof(*more));
        if (st->n_stmts) memcpy(more, st->stmts, st->n_stmts * sizeof(*more));
        free(st->stmts);
        st->stmts = more;
        st->cap_stmts = cap;
    }
    st->stmts[st->n_stmts++] = (struct store_stmt){.sql = sql, .q = q};
    *out = q;
    return RS_OK;
}

enum rs_code rs_store_collect(struct rs_store *st, sqlite3_stmt *q, rs_row_fn *add,
                              struct rs_val *rows, struct rs_val **out, struct rs_err *err)
{
    bool row = true;
    enum rs_code rc = RS_OK;
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row) add(q, rows);
    }
    if (rc) {
        rs_val_free(rows);
    } else {
        *out = rows;
    }
    return rc;
}

void rs_store_reset(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

enum rs_code rs_store_step(struct rs_store *st, sqlite3_stmt *q, bool *row_out, struct rs_err *err)
{
    int s = sqlite3_step(q);
    *row_out = s == SQLITE_ROW;
    if (*row_out) return RS_OK;
    enum rs_code rc = s == SQLITE_DONE ? RS_OK : rs_store_fail(st, err);
    rs_store_reset(q);
    return rc;
}

enum rs_code rs_store_exec(struct rs_store *st, sqlite3_stmt *q, struct rs_err *err)
{
    bool row = true;
    enum rs_code rc = RS_OK;
    while (row && !rc)
        rc = rs_store_step(st, q, &row, err);
    return rc;
}

void rs_store_bind_text(sqlite3_stmt *q, int at, const char *s)
{
    sqlite3_bind_text(q, at, s, -1, SQLITE_TRANSIENT);
}

const char *rs_store_text(sqlite3_stmt *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    return s ? s : "";
}

char *rs_store_dup_text(sqlite3_stmt *q, int column)
{
    return rs_xstrdup(rs_store_text(q, column));
}

/* ---- transactions -------------------------------------------------------------------------- */

static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_sync_full[] = "PRAGMA synchronous = FULL";
static const char sql_sync_normal[] = "PRAGMA synchronous = NORMAL";

static enum rs_code run(struct rs_store *st, const char *sql, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_exec(st, q, err);
}

/* After a transaction of rs_store_begin_full; cannot fail outside a transaction. */
static void end_full(struct rs_store *st)
{
    if (st->full) sqlite3_exec(st->db, sql_sync_normal, NULL, NULL, NULL);
    st->full = false;
}

enum rs_code rs_store_begin(struct rs_store *st, struct rs_err *err)
{
    rs_assert(sqlite3_get_autocommit(st->db));
    return run(st, sql_begin, err);
}

enum rs_code rs_store_begin_full(struct rs_store *st, struct rs_err *err)
{
    rs_assert(sqlite3_get_autocommit(st->db));
    enum rs_code rc = rs_store_script(st->db, st->path, sql_sync_full, err);
    if (rc) return rc;
    st->full = true;
    rc = rs_store_begin(st, err);
    if (rc) end_full(st);
    return rc;
}

enum rs_code rs_store_commit(struct rs_store *st, struct rs_err *err)
{
    enum rs_code rc = run(st, sql_commit, err);
    if (rc) {
        rs_store_rollback(st);
    } else {
        end_full(st);
    }
    return rc;
}

void rs_store_rollback(struct rs_store *st)
{
    if (!sqlite3_get_autocommit(st->db)) sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    end_full(st);
}

static const char sql_savepoint[] = "SAVEPOINT rs_part";
static const char sql_release[] = "RELEASE rs_part";
static const char sql_rollback_to[] = "ROLLBACK TO rs_part";

/* A statement about the part; its transaction may have been lost with the statement that failed. */
static enum rs_code run_part(struct rs_store *st, const char *sql, struct rs_err *err)
{
    if (sqlite3_get_autocommit(st->db))
        return rs_fail(err, RS_EIO, "store '%s': the transaction was rolled back by an error",
                       st->path);
    return run(st, sql, err);
}

enum rs_code rs_store_savepoint(struct rs_store *st, struct rs_err *err)
{
    return run_part(st, sql_savepoint, err);
}

enum rs_code rs_store_release(struct rs_store *st, struct rs_err *err)
{
    return run_part(st, sql_release, err);
}

enum rs_code rs_store_rollback_to(struct rs_store *st, struct rs_err *err)
{
    enum rs_code rc = run_part(st, sql_rollback_to, err);
    return rc ? rc : run_part(st, sql_release, err); /* the mark itself goes, too */
}

enum rs_code rs_store_changes(struct rs_store *st, uint64_t *mark, bool *changed_out,
                              struct rs_err *err)
{
    static const char sql[] = "PRAGMA data_version";
    int moved = 0;
    bool row = false;
    sqlite3_stmt *q = NULL;
    if (sqlite3_file_control(st->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
        return rs_fail(err, RS_ENOTFOUND,
                       "store '%s' is gone: another file, or none, is in its place", st->path);
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    uint64_t version = (uint64_t)sqlite3_column_int64(q, 0) + 1; /* 0 is no mark */
    rs_store_reset(q);
    *changed_out = version != *mark;
    *mark = version;
    return RS_OK;
}

enum rs_code rs_store_join(struct rs_store *st, bool *own_out, struct rs_err *err)
{
    *own_out = sqlite3_get_autocommit(st->db) != 0;
    return *own_out ? rs_store_begin(st, err) : RS_OK;
}

enum rs_code rs_store_leave(struct rs_store *st, bool own, enum rs_code rc, struct rs_err *err)
{
    if (!own) return rc;
    if (!rc) return rs_store_commit(st, err);
    rs_store_rollback(st);
    return rc;
}
