/*
 * store - db/recsys.db: one SQLite file that every process of a workspace shares.
 *
 * WAL, STRICT tables, foreign keys, busy timeout 10 s, short BEGIN IMMEDIATE writes. Migrations
 * are numbered, embedded, applied forward, each in one transaction; a newer schema than ours is
 * refused. One connection a thread. sql.h beside this has what the table files use.
 */
#ifndef RS_STORE_STORE_H
#define RS_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/libs.h"
#include "rs/base/val.h"

struct rs_store;

enum rs_store_flags {
    RS_STORE_CREATE = 1 << 0,   /* make the file and its folder where they are not there */
    RS_STORE_READONLY = 1 << 1, /* no write, no migration; an older schema is refused */
};

/* RS_ENOTFOUND: no file (and no CREATE); RS_EBUSY: locked for 10 s; RS_EDAMAGED: not a database or
 * corrupt; RS_EARG: made by a newer version; RS_EIO: read-only folder, full disk. Each with the
 * remedy. */
RS_MUST_USE enum rs_code rs_store_open(const char *path, unsigned flags, struct rs_store **out,
                                       struct rs_err *err);
void rs_store_close(struct rs_store *st);
const char *rs_store_path(const struct rs_store *st);
int rs_store_version(const struct rs_store *st); /* user_version of the file */
void rs_store_libraries(rs_lib_fn *fn, void *ctx);
int rs_store_latest_version(void); /* newest migration we carry */
/* A test's shorter wait for locks; milliseconds. */
void rs_store_set_busy_ms(struct rs_store *st, int ms);
/* A test's quicker heartbeat of the jobs started from now on; milliseconds. */
void rs_store_set_beat_ms(struct rs_store *st, int ms);

/* Group several writes of any table file: BEGIN IMMEDIATE … COMMIT. Calls do not nest. After a
 * failed commit nothing of the group is stored and no transaction is open. */
RS_MUST_USE enum rs_code rs_store_begin(struct rs_store *st, struct rs_err *err);
RS_MUST_USE enum rs_code rs_store_commit(struct rs_store *st, struct rs_err *err);
void rs_store_rollback(struct rs_store *st); /* fine outside a transaction */
/* Registry changes: a transaction that is synced to disk before commit returns. */
RS_MUST_USE enum rs_code rs_store_begin_full(struct rs_store *st, struct rs_err *err);

/* A part of an open transaction that can be taken back alone; parts do not nest. release keeps it,
 * rollback_to takes it back. Where the failure of a statement has ended the whole transaction (full
 * disk, out of memory) both fail: roll back. */
RS_MUST_USE enum rs_code rs_store_savepoint(struct rs_store *st, struct rs_err *err);
RS_MUST_USE enum rs_code rs_store_release(struct rs_store *st, struct rs_err *err);
RS_MUST_USE enum rs_code rs_store_rollback_to(struct rs_store *st, struct rs_err *err);

/* Has another connection committed since the last call with this mark (0 before the first call,
 * which says yes)? Some microseconds, outside a transaction. RS_ENOTFOUND: the store is gone, or
 * another file is in its place (db restore): close and open again. */
RS_MUST_USE enum rs_code rs_store_changes(struct rs_store *st, uint64_t *mark, bool *changed_out,
                                          struct rs_err *err);

/* integrity_check, foreign_key_check, schema: problems as a list of texts; empty: sound. */
RS_MUST_USE enum rs_code rs_store_check(struct rs_store *st, struct rs_val **problems_out,
                                        struct rs_err *err);
/* Online backup to a file that appears whole. */
RS_MUST_USE enum rs_code rs_store_backup(struct rs_store *st, const char *path, struct rs_err *err);
/* Put a backup in place of the store at path: checked first, the old file kept as
 * "<path>.before-restore". RS_EBUSY: someone has the store open; RS_EDAMAGED: the backup is not
 * sound, the store stays as it is. */
RS_MUST_USE enum rs_code rs_store_restore(const char *backup, const char *path, struct rs_err *err);

#endif
