/*
 * backup - is the store sound, copies of it that appear whole, and the way back.
 *
 * A copy is in rollback-journal mode: one file, complete in itself. Restoring replaces the file
 * under SQLite's own exclusive lock, taken without reading a page, so that it works for a damaged
 * store too; the next process to open the path finds the new file or the old one, never a mixture.
 */
#include "rs/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"
#include "store_impl.h"

/* ---- check --------------------------------------------------------------------------------- */

static void add_problem(struct rs_val *problems, char *text)
{
    rs_val_push(problems, rs_val_str(text));
    free(text);
}

/* What SQLite could not even read is a problem, not an error of ours. */
static enum rs_code problem_or_error(enum rs_code rc, struct rs_val *problems, struct rs_err *err)
{
    if (rc != RS_EDAMAGED) return rc;
    rs_val_push(problems, rs_val_str(err->msg));
    *err = (struct rs_err){0};
    return RS_OK;
}

static enum rs_code check_pages(struct rs_store *st, struct rs_val *problems, struct rs_err *err)
{
    static const char sql[] = "PRAGMA integrity_check(100)";
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row && strcmp(rs_store_text(q, 0), "ok") != 0)
            add_problem(problems, rs_xprintf("pages: %s", rs_store_text(q, 0)));
    }
    return problem_or_error(rc, problems, err);
}

static enum rs_code check_references(struct rs_store *st, struct rs_val *problems,
                                     struct rs_err *err)
{
    static const char sql[] = "PRAGMA foreign_key_check";
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row)
            add_problem(problems, rs_xprintf("a row of %s refers to a row of %s that is not there",
                                             rs_store_text(q, 0), rs_store_text(q, 2)));
    }
    return problem_or_error(rc, problems, err);
}

/* Map "table rs_run" -> its SQL, of what is ours. */
static enum rs_code read_schema(sqlite3 *db, const char *path, struct rs_val **out,
                                struct rs_err *err)
{
    static const char sql[] = "SELECT type || ' ' || name, sql FROM sqlite_schema "
                              "WHERE tbl_name GLOB 'rs_*' AND sql IS NOT NULL ORDER BY name";
    sqlite3_stmt *q = NULL;
    struct rs_val *map = rs_val_map();
    int s = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    while (s == SQLITE_OK || s == SQLITE_ROW) {
        s = sqlite3_step(q);
        if (s == SQLITE_ROW) rs_val_set_str(map, rs_store_text(q, 0), rs_store_text(q, 1));
    }
    enum rs_code rc = s == SQLITE_DONE ? RS_OK : rs_store_fail_db(db, path, err);
    sqlite3_finalize(q);
    if (rc) {
        rs_val_free(map);
    } else {
        *out = map;
    }
    return rc;
}

/* Against the schema that the migrations make. */
static enum rs_code check_schema(struct rs_store *st, struct rs_val *problems, struct rs_err *err)
{
    sqlite3 *fresh = NULL;
    struct rs_val *want = NULL;
    struct rs_val *have = NULL;
    enum rs_code rc = rs_store_connect(":memory:", SQLITE_OPEN_READWRITE, 0, &fresh, err);
    if (!rc) rc = rs_store_build_schema(fresh, err);
    if (!rc) rc = read_schema(fresh, ":memory:", &want, err);
    sqlite3_close(fresh);
    if (!rc) rc = problem_or_error(read_schema(st->db, st->path, &have, err), problems, err);
    for (size_t i = 0; !rc && have && i < want->n; i++) {
        const char *sql = rs_val_get_str(have, want->keys[i], NULL);
        if (!sql) {
            add_problem(problems, rs_xprintf("schema: %s is missing", want->keys[i]));
        } else if (strcmp(sql, want->items[i]->s) != 0) {
            add_problem(problems, rs_xprintf("schema: %s is not as it was made", want->keys[i]));
        }
    }
    rs_val_free(want);
    rs_val_free(have);
    return rc;
}

enum rs_code rs_store_check(struct rs_store *st, struct rs_val **problems_out, struct rs_err *err)
{
    struct rs_val *problems = rs_val_list();
    enum rs_code rc = check_pages(st, problems, err);
    if (!rc) rc = check_references(st, problems, err);
    if (!rc) rc = check_schema(st, problems, err);
    if (rc) {
        rs_val_free(problems);
    } else {
        *problems_out = problems;
    }
    return rc;
}

/* ---- backup -------------------------------------------------------------------------------- */

static char *temp_name(const char *path)
{
    return rs_xprintf("%s.tmp.%ld", path, (long)getpid());
}

/* All of src as of now into a new file at path, synced. */
static enum rs_code copy_to(sqlite3 *src, const char *src_path, const char *path,
                            struct rs_err *err)
{
    sqlite3 *dst = NULL;
    if (unlink(path) != 0 && errno != ENOENT) return rs_fail_errno(err, errno, "remove '%s'", path);
    enum rs_code rc =
        rs_store_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0, &dst, err);
    if (rc) return rc;
    sqlite3_backup *copy = sqlite3_backup_init(dst, "main", src, "main");
    if (!copy) {
        rc = rs_store_fail_db(dst, path, err);
    } else {
        sqlite3_backup_step(copy, -1);
        if (sqlite3_backup_finish(copy) != SQLITE_OK) rc = rs_store_fail_db(dst, src_path, err);
    }
    if (!rc) rc = rs_store_script(dst, path, "PRAGMA journal_mode = DELETE", err);
    sqlite3_close(dst);
    if (rc) unlink(path);
    return rc;
}

static bool same_file(const char *a, const char *b)
{
    struct stat sa;
    struct stat sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_ino == sb.st_ino &&
           sa.st_dev == sb.st_dev;
}

enum rs_code rs_store_backup(struct rs_store *st, const char *path, struct rs_err *err)
{
    if (same_file(st->path, path))
        return rs_fail(err, RS_EARG, "backup '%s' is the store itself: name another file", path);
    char *tmp = temp_name(path);
    enum rs_code rc = copy_to(st->db, st->path, tmp, err);
    if (!rc) rc = rs_fs_rename(tmp, path, err);
    if (rc) {
        unlink(tmp);
        rs_wrap(err, "backup of '%s'", st->path);
    }
    free(tmp);
    return rc;
}

/* ---- restore ------------------------------------------------------------------------------- */

/* A sound, checked copy of the backup at path. */
static enum rs_code copy_checked(const char *backup, const char *path, struct rs_err *err)
{
    sqlite3 *src = NULL;
    struct rs_val *problems = NULL;
    struct rs_store *st = NULL;
    int version = 0;
    enum rs_code rc = rs_store_connect(backup, SQLITE_OPEN_READONLY, STORE_BUSY_MS, &src, err);
    if (!rc) rc = rs_store_identify(src, backup, &version, err);
    if (!rc && version == 0) rc = rs_fail(err, RS_EARG, "'%s' is no backup: it is empty", backup);
    if (!rc) rc = copy_to(src, backup, path, err);
    sqlite3_close(src);
    if (rc) return rc;
    rc = rs_store_open(path, 0, &st, err); /* an older schema is brought up to date here */
    if (!rc) rc = rs_store_check(st, &problems, err);
    if (!rc && problems->n > 0)
        rc = rs_fail(err, RS_EDAMAGED, "%s: use another backup", problems->items[0]->s);
    if (!rc) rc = rs_store_script(st->db, path, "PRAGMA journal_mode = DELETE", err);
    rs_val_free(problems);
    rs_store_close(st);
    if (rc) unlink(path);
    return rc;
}

/* The connection's file, locked against every other one; nothing of it need be readable. */
static enum rs_code lock_alone(sqlite3 *db, const char *path, sqlite3_file **out,
                               struct rs_err *err)
{
    sqlite3_file *file = NULL;
    /* Folds the write-ahead log into the file and removes it; a damaged store keeps both. */
    int rc = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) & 0xff;
    if (rc == SQLITE_OK || rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB) {
        rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (rc == SQLITE_OK) rc = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
        if (rc == SQLITE_OK) rc = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
    }
    if (rc == SQLITE_OK) {
        *out = file;
        return RS_OK;
    }
    if (file) file->pMethods->xUnlock(file, SQLITE_LOCK_NONE);
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        return rs_fail(err, RS_EBUSY,
                       "store '%s' is in use: stop the server, consoles and jobs that have it open",
                       path);
    return rs_fail(err, RS_EIO, "store '%s': %s", path, sqlite3_errstr(rc));
}

/* path moves to kept, with the log a damaged store may have; fresh takes its place. */
static enum rs_code swap(const char *fresh, const char *path, const char *kept, struct rs_err *err)
{
    char *wal = rs_xprintf("%s-wal", path);
    char *shm = rs_xprintf("%s-shm", path);
    char *kept_wal = rs_xprintf("%s-wal", kept);
    enum rs_code rc = RS_OK;
    unlink(kept);
    unlink(kept_wal);
    /* A file system without hard links has a moment with no store at path. */
    if (link(path, kept) != 0 && rename(path, kept) != 0)
        rc = rs_fail_errno(err, errno, "keep '%s' as '%s'", path, kept);
    if (!rc && rename(wal, kept_wal) != 0 && errno != ENOENT)
        rc = rs_fail_errno(err, errno, "keep '%s' as '%s'", wal, kept_wal);
    if (!rc) unlink(shm);
    if (!rc) rc = rs_fs_rename(fresh, path, err);
    free(wal);
    free(shm);
    free(kept_wal);
    return rc;
}

static enum rs_code replace(const char *fresh, const char *path, struct rs_err *err)
{
    if (!rs_fs_exists(path)) return rs_fs_rename(fresh, path, err);
    sqlite3 *old = NULL;
    sqlite3_file *file = NULL;
    enum rs_code rc = rs_store_connect(path, SQLITE_OPEN_READWRITE, 0, &old, err);
    if (rc) return rc;
    rc = lock_alone(old, path, &file, err);
    if (file) {
        char *kept = rs_xprintf("%s.before-restore", path);
        rc = swap(fresh, path, kept, err);
        free(kept);
        file->pMethods->xUnlock(file, SQLITE_LOCK_NONE);
    }
    sqlite3_close(old);
    return rc;
}

enum rs_code rs_store_restore(const char *backup, const char *path, struct rs_err *err)
{
    if (!rs_fs_exists(backup))
        return rs_fail(err, RS_ENOTFOUND, "backup '%s' is not there", backup);
    if (same_file(backup, path))
        return rs_fail(err, RS_EARG, "backup '%s' is the store itself: name another file", backup);
    char *fresh = rs_xprintf("%s.restore.%ld", path, (long)getpid());
    enum rs_code rc = copy_checked(backup, fresh, err);
    if (rc) {
        rs_wrap(err, "restore from '%s'", backup);
    } else {
        rc = replace(fresh, path, err);
    }
    if (rc) unlink(fresh);
    free(fresh);
    return rc;
}
