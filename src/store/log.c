/*
 * log - the only file that knows the columns of rs_log.
 */
#include "rs/store/jobs.h"
#include "rs/store/sql.h"

enum rs_code rs_log_add(struct rs_store *st, int64_t job_id, int64_t time_ms, const char *level,
                        const char *event, const char *text, struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_log (job_id, time_ms, level, event, text) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, job_id);
    sqlite3_bind_int64(q, 2, time_ms);
    rs_store_bind_text(q, 3, level);
    rs_store_bind_text(q, 4, event);
    rs_store_bind_text(q, 5, text);
    return rs_store_exec(st, q, err);
}

static void log_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_int(v, "time_ms", sqlite3_column_int64(q, 0));
    rs_val_set_str(v, "level", rs_store_text(q, 1));
    rs_val_set_str(v, "event", rs_store_text(q, 2));
    rs_val_set_str(v, "text", rs_store_text(q, 3));
}

enum rs_code rs_log_read(struct rs_store *st, int64_t job_id, int64_t limit, struct rs_val **out,
                         struct rs_err *err)
{
    static const char sql[] = "SELECT time_ms, level, event, text FROM "
                              "(SELECT * FROM rs_log WHERE job_id = ?1 ORDER BY id DESC LIMIT ?2) "
                              "ORDER BY id";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) {
        sqlite3_bind_int64(q, 1, job_id);
        sqlite3_bind_int64(q, 2, limit > 0 ? limit : -1);
    }
    return rc ? rc : rs_store_collect(st, q, log_row, rs_val_list(), out, err);
}
