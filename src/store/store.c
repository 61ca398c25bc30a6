/*
 * store - open, identify and migrate db/recsys.db.
 *
 * Nothing is written to a file before it is known to be ours. Many processes may open a fresh
 * workspace at once: the switch to WAL needs the file alone for a moment, and SQLite does not wait
 * for that by itself, so it is retried; migrations look at the version again once they hold the
 * write lock.
 */
#include "rs/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "store_impl.h"

struct migration {
    int number;
    const char *name;
    const char *sql;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings" /* a migration is one string */
static const struct migration migrations[] = {
#include "migrations.inc"
};
#pragma GCC diagnostic pop

enum { N_MIGRATIONS = sizeof(migrations) / sizeof(migrations[0]), RETRY_MS = 5 };

int rs_store_latest_version(void)
{
    return migrations[N_MIGRATIONS - 1].number;
}

enum rs_code rs_store_connect(const char *path, int flags, int busy_ms, sqlite3 **out,
                              struct rs_err *err)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) !=
        SQLITE_OK) {
        enum rs_code rc = db ? rs_store_fail_db(db, path, err)
                             : rs_fail(err, RS_ENOMEM, "store '%s': out of memory", path);
        sqlite3_close(db);
        return rc;
    }
    sqlite3_busy_timeout(db, busy_ms);
    *out = db;
    return RS_OK;
}

enum rs_code rs_store_identify(sqlite3 *db, const char *path, int *version_out, struct rs_err *err)
{
    int64_t application = 0;
    int64_t version = 0;
    /* The version first: both are set in one transaction, which may end in between. */
    enum rs_code rc = rs_store_scalar(db, path, "PRAGMA user_version", &version, err);
    if (!rc) rc = rs_store_scalar(db, path, "PRAGMA application_id", &application, err);
    if (rc) return rc;
    if (application != STORE_APPLICATION_ID && (application != 0 || version != 0))
        return rs_fail(err, RS_EARG,
                       "store '%s' is the database of another program: name another file", path);
    if (version > rs_store_latest_version())
        return rs_fail(err, RS_EARG,
                       "store '%s' was made by a newer recsys-tui (schema %lld, this program knows "
                       "%d): upgrade the program",
                       path, (long long)version, rs_store_latest_version());
    *version_out = (int)version;
    return RS_OK;
}

/* ---- migrations ---------------------------------------------------------------------------- */

/* Inside a transaction. */
static enum rs_code apply(sqlite3 *db, const char *path, const struct migration *m,
                          struct rs_err *err)
{
    char mark[96];
    snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             STORE_APPLICATION_ID, m->number);
    enum rs_code rc = rs_store_script(db, path, m->sql, err);
    if (!rc) rc = rs_store_script(db, path, mark, err);
    if (rc) rs_wrap(err, "migration %d (%s)", m->number, m->name);
    return rc;
}

/* One migration in a transaction of its own, unless another process was faster. */
static enum rs_code migrate(struct rs_store *st, const struct migration *m, struct rs_err *err)
{
    enum rs_code rc = rs_store_begin(st, err);
    if (rc) return rc;
    rc = rs_store_identify(st->db, st->path, &st->version, err);
    bool due = !rc && st->version < m->number;
    if (due) rc = apply(st->db, st->path, m, err);
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) {
        rs_store_rollback(st);
    } else if (due) {
        st->version = m->number;
    }
    return rc;
}

enum rs_code rs_store_build_schema(sqlite3 *db, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    for (int i = 0; i < N_MIGRATIONS && !rc; i++)
        rc = apply(db, ":memory:", &migrations[i], err);
    return rc;
}

/* ---- open ---------------------------------------------------------------------------------- */

/* SQLite's code; *wal_out: the journal is a write-ahead log now. */
static int set_wal(sqlite3 *db, bool *wal_out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &q, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(q);
        const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
        *wal_out = mode && strcmp(mode, "wal") == 0;
        if (rc == SQLITE_ROW) rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc;
}

static enum rs_code switch_to_wal(struct rs_store *st, struct rs_err *err)
{
    int64_t deadline = rs_clock_mono_ns() + (int64_t)st->busy_ms * 1000000;
    for (;;) {
        bool wal = false;
        int rc = set_wal(st->db, &wal);
        if (rc == SQLITE_OK && wal) return RS_OK;
        if (rc == SQLITE_OK)
            return rs_fail(err, RS_EIO,
                           "store '%s': its file system cannot share memory between processes: put "
                           "the workspace on a local disk",
                           st->path);
        if ((rc & 0xff) != SQLITE_BUSY || rs_clock_mono_ns() > deadline)
            return rs_store_fail_db(st->db, st->path, err);
        rs_clock_sleep_ms(RETRY_MS);
    }
}

static enum rs_code prepare_to_write(struct rs_store *st, struct rs_err *err)
{
    enum rs_code rc = switch_to_wal(st, err);
    if (!rc)
        rc = rs_store_script(st->db, st->path,
                             "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON", err);
    for (int i = 0; i < N_MIGRATIONS && !rc; i++) {
        if (st->version < migrations[i].number) rc = migrate(st, &migrations[i], err);
    }
    return rc;
}

static enum rs_code make_folder(const char *path, struct rs_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return RS_OK;
    char *dir = rs_xstrndup(path, (size_t)(slash - path));
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    free(dir);
    return rc;
}

enum rs_code rs_store_open(const char *path, unsigned flags, struct rs_store **out,
                           struct rs_err *err)
{
    if (access(path, F_OK) != 0) {
        if (errno != ENOENT || !(flags & RS_STORE_CREATE))
            return errno == ENOENT
                       ? rs_fail(err, RS_ENOTFOUND,
                                 "store '%s' is not there: 'data fetch' begins a workspace", path)
                       : rs_fail_errno(err, errno, "store '%s'", path);
        enum rs_code rc = make_folder(path, err);
        if (rc) return rs_wrap(err, "store '%s'", path);
    }
    bool readonly = flags & RS_STORE_READONLY;
    struct rs_store *st = rs_xalloc(1, sizeof(*st));
    *st = (struct rs_store){.path = rs_xstrdup(path),
                            .flags = flags,
                            .busy_ms = STORE_BUSY_MS,
                            .beat_ms = STORE_BEAT_MS};
    int mode = readonly                  ? SQLITE_OPEN_READONLY
               : flags & RS_STORE_CREATE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                         : SQLITE_OPEN_READWRITE;
    enum rs_code rc = rs_store_connect(path, mode, st->busy_ms, &st->db, err);
    if (!rc) rc = rs_store_identify(st->db, path, &st->version, err);
    if (!rc && !readonly) {
        rc = prepare_to_write(st, err);
    } else if (!rc && st->version < rs_store_latest_version()) {
        rc = rs_fail(err, RS_EARG,
                     "store '%s' is older than this program (schema %d of %d): run a command that "
                     "writes, which brings it up to date",
                     path, st->version, rs_store_latest_version());
    }
    if (rc) {
        rs_store_close(st);
        return rc;
    }
    *out = st;
    return RS_OK;
}

void rs_store_close(struct rs_store *st)
{
    if (!st) return;
    for (size_t i = 0; i < st->n_stmts; i++)
        sqlite3_finalize(st->stmts[i].q);
    int rc = sqlite3_close(st->db);
    rs_assert(rc == SQLITE_OK); /* a statement of someone's is still open */
    free(st->stmts);
    free(st->path);
    free(st);
}

const char *rs_store_path(const struct rs_store *st)
{
    return st->path;
}

int rs_store_version(const struct rs_store *st)
{
    return st->version;
}

void rs_store_set_busy_ms(struct rs_store *st, int ms)
{
    st->busy_ms = ms;
    sqlite3_busy_timeout(st->db, ms);
}

void rs_store_set_beat_ms(struct rs_store *st, int ms)
{
    st->beat_ms = ms;
}

void rs_store_libraries(rs_lib_fn *fn, void *ctx)
{
    fn("SQLite", SQLITE_VERSION, sqlite3_libversion(), ctx);
}
