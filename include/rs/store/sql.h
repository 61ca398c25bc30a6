/*
 * sql - prepared statements for the files that own tables (store, tracking, registry).
 *
 * SQL text is constant, values are bound. Statements are prepared once a connection and reused.
 */
#ifndef RS_STORE_SQL_H
#define RS_STORE_SQL_H

#include <sqlite3.h>

#include "rs/store/store.h"

sqlite3 *rs_store_handle(struct rs_store *st);
/* sql must be a constant: its address is the cache key. */
RS_MUST_USE enum rs_code rs_store_stmt(struct rs_store *st, const char *sql, sqlite3_stmt **out,
                                       struct rs_err *err);
/* Step a statement that gives no rows to its end, reset, clear bindings. */
RS_MUST_USE enum rs_code rs_store_exec(struct rs_store *st, sqlite3_stmt *q, struct rs_err *err);
/* Next row: *row_out false at the end (then the statement is reset). A caller that stops early
 * calls rs_store_reset. */
RS_MUST_USE enum rs_code rs_store_step(struct rs_store *st, sqlite3_stmt *q, bool *row_out,
                                       struct rs_err *err);
/* Step q to its end: add puts each row into `rows` (a list or map, owned), which *out gets; on
 * failure it is freed. */
typedef void rs_row_fn(sqlite3_stmt *q, struct rs_val *rows);
RS_MUST_USE enum rs_code rs_store_collect(struct rs_store *st, sqlite3_stmt *q, rs_row_fn *add,
                                          struct rs_val *rows, struct rs_val **out,
                                          struct rs_err *err);
void rs_store_reset(sqlite3_stmt *q);
void rs_store_bind_text(sqlite3_stmt *q, int at, const char *s); /* copied; NULL: null */
const char *rs_store_text(sqlite3_stmt *q,
                          int column); /* borrowed until the next step; "" for null */
char *rs_store_dup_text(sqlite3_stmt *q, int column); /* the caller's; "" for null */
/* Several writes of one call: a transaction of our own, or part of the one the caller has open.
 * rs_store_leave commits or rolls back what rs_store_join began, by rc, and returns what came out;
 * where join failed there is nothing to leave. */
RS_MUST_USE enum rs_code rs_store_join(struct rs_store *st, bool *own_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_store_leave(struct rs_store *st, bool own, enum rs_code rc,
                                        struct rs_err *err);
enum rs_code rs_store_fail(struct rs_store *st, struct rs_err *err); /* from sqlite's state */

#endif
