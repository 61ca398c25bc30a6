/*
 * feedback - the only file that knows the columns of rs_feedback.
 */
#include "rs/base/clock.h"
#include "rs/store/datasets.h"
#include "rs/store/sql.h"

enum rs_code rs_feedback_add(struct rs_store *st, const struct rs_feedback *f, int64_t *id_out,
                             struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_feedback "
                              "(user_id, item_id, value, time_s, type, received_ms) "
                              "VALUES (?1, ?2, ?3, ?4, coalesce(?5, ''), ?6)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, f->user_id);
    rs_store_bind_text(q, 2, f->item_id);
    sqlite3_bind_double(q, 3, f->value);
    sqlite3_bind_int64(q, 4, f->time_s);
    rs_store_bind_text(q, 5, f->type);
    sqlite3_bind_int64(q, 6, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (!rc) *id_out = sqlite3_last_insert_rowid(rs_store_handle(st));
    return rc;
}

/* Gives the rows of a bound statement to fn. */
static enum rs_code each_row(struct rs_store *st, sqlite3_stmt *q, rs_feedback_fn *fn, void *ctx,
                             struct rs_err *err)
{
    bool row = true;
    enum rs_code rc = RS_OK;
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        const struct rs_feedback f = {.id = sqlite3_column_int64(q, 0),
                                      .user_id = rs_store_text(q, 1),
                                      .item_id = rs_store_text(q, 2),
                                      .type = rs_store_text(q, 3),
                                      .value = sqlite3_column_double(q, 4),
                                      .time_s = sqlite3_column_int64(q, 5),
                                      .received_ms = sqlite3_column_int64(q, 6)};
        rc = fn(&f, ctx, err);
    }
    rs_store_reset(q);
    return rc;
}

#define FEEDBACK_COLUMNS "id, user_id, item_id, type, value, time_s, received_ms"

enum rs_code rs_feedback_each(struct rs_store *st, int64_t after_id, rs_feedback_fn *fn, void *ctx,
                              struct rs_err *err)
{
    static const char sql[] = "SELECT " FEEDBACK_COLUMNS " FROM rs_feedback "
                              "WHERE id > ?1 ORDER BY id";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, after_id);
    return each_row(st, q, fn, ctx, err);
}

enum rs_code rs_feedback_of(struct rs_store *st, const char *user_id, int64_t after_id,
                            rs_feedback_fn *fn, void *ctx, struct rs_err *err)
{
    static const char sql[] = "SELECT " FEEDBACK_COLUMNS " FROM rs_feedback "
                              "WHERE user_id = ?2 AND id > ?1 ORDER BY id";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, after_id);
    rs_store_bind_text(q, 2, user_id);
    return each_row(st, q, fn, ctx, err);
}
