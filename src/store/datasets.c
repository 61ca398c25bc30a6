/*
 * datasets - the only file that knows the columns of rs_dataset.
 */
#include "rs/store/datasets.h"

#include "rs/base/clock.h"
#include "rs/store/sql.h"

enum rs_code rs_datasets_put(struct rs_store *st, const char *name, const char *fingerprint,
                             int64_t users, int64_t items, int64_t interactions, struct rs_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO rs_dataset "
                              "(name, fingerprint, users, items, interactions, prepared_ms) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, name);
    rs_store_bind_text(q, 2, fingerprint);
    sqlite3_bind_int64(q, 3, users);
    sqlite3_bind_int64(q, 4, items);
    sqlite3_bind_int64(q, 5, interactions);
    sqlite3_bind_int64(q, 6, rs_clock_now_ms());
    return rs_store_exec(st, q, err);
}

static void dataset_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_str(v, "name", rs_store_text(q, 0));
    rs_val_set_str(v, "fingerprint", rs_store_text(q, 1));
    rs_val_set_int(v, "users", sqlite3_column_int64(q, 2));
    rs_val_set_int(v, "items", sqlite3_column_int64(q, 3));
    rs_val_set_int(v, "interactions", sqlite3_column_int64(q, 4));
    rs_val_set_int(v, "prepared_ms", sqlite3_column_int64(q, 5));
}

enum rs_code rs_datasets_list(struct rs_store *st, struct rs_val **out, struct rs_err *err)
{
    static const char sql[] = "SELECT name, fingerprint, users, items, interactions, prepared_ms "
                              "FROM rs_dataset ORDER BY name";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_collect(st, q, dataset_row, rs_val_list(), out, err);
}
