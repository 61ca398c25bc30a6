/*
 * store_impl - the connection, as the files of this layer see it.
 */
#ifndef RS_SRC_STORE_STORE_IMPL_H
#define RS_SRC_STORE_STORE_IMPL_H

#include <sqlite3.h>

#include "rs/store/store.h"

enum {
    STORE_APPLICATION_ID = 0x52535455, /* "RSTU" in the file's header */
    STORE_BUSY_MS = 10000,
    STORE_BEAT_MS = 1000,
};

struct store_stmt {
    const char *sql; /* its address is the key */
    sqlite3_stmt *q;
};

struct rs_store {
    sqlite3 *db;
    char *path;
    unsigned flags; /* enum rs_store_flags */
    int version;    /* user_version of the file */
    int busy_ms;
    int beat_ms;
    bool full; /* the open transaction is synced */
    struct store_stmt *stmts;
    size_t n_stmts;
    size_t cap_stmts;
};

/* A connection to any SQLite file with our waits, nothing read yet. flags: SQLITE_OPEN_…. */
RS_MUST_USE enum rs_code rs_store_connect(const char *path, int flags, int busy_ms, sqlite3 **out,
                                          struct rs_err *err);
/* What db says went wrong with the file at path, as our code, with the remedy. */
enum rs_code rs_store_fail_db(sqlite3 *db, const char *path, struct rs_err *err);
/* Run a script without rows; RS_OK, or rs_store_fail_db. */
RS_MUST_USE enum rs_code rs_store_script(sqlite3 *db, const char *path, const char *sql,
                                         struct rs_err *err);
/* First column of the first row as a number. */
RS_MUST_USE enum rs_code rs_store_scalar(sqlite3 *db, const char *path, const char *sql,
                                         int64_t *out, struct rs_err *err);
/* Whose file it is: version_out is its user_version (0: empty). RS_EARG: of another program, or
 * newer than ours. */
RS_MUST_USE enum rs_code rs_store_identify(sqlite3 *db, const char *path, int *version_out,
                                           struct rs_err *err);
/* All migrations into an empty database that nobody else has open (":memory:"). */
RS_MUST_USE enum rs_code rs_store_build_schema(sqlite3 *db, struct rs_err *err);

#endif
