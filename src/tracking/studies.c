/*
 * studies - reads Optuna's tables: schema 12, which 4.x and 5.x write.
 *
 * Not our rows: a study may vanish between two statements, and then simply has no trials.
 */
#include "rs/tracking/studies.h"

#include <stdio.h>

#include "rs/store/sql.h"

static const char sql_has_tables[] =
    "SELECT count(*) = 5 FROM sqlite_master WHERE type = 'table' AND name IN ('studies', "
    "'study_directions', 'trials', 'trial_values', 'trial_system_attributes')";
static const char sql_count[] = "SELECT count(*) FROM studies";
static const char sql_page[] =
    "SELECT s.study_id, s.study_name, count(t.trial_id), "
    "count(*) FILTER (WHERE t.state = 'RUNNING'), count(*) FILTER (WHERE t.state = 'WAITING'), "
    "count(*) FILTER (WHERE t.state = 'COMPLETE'), count(*) FILTER (WHERE t.state = 'PRUNED'), "
    "count(*) FILTER (WHERE t.state = 'FAIL'), min(t.datetime_start), max(t.datetime_complete) "
    "FROM (SELECT study_id, study_name FROM studies ORDER BY study_id DESC LIMIT ?1 OFFSET ?2) s "
    "LEFT JOIN trials t ON t.study_id = s.study_id GROUP BY s.study_id ORDER BY s.study_id DESC";
static const char sql_directions[] =
    "SELECT lower(direction) FROM study_directions WHERE study_id = ?1 ORDER BY objective";
/* ?2: 1 where less is better, else -1. A trial with a constraint above 0 is not feasible. */
static const char sql_best[] =
    "SELECT t.number, CASE v.value_type WHEN 'FINITE' THEN v.value END "
    "FROM trials t JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0 "
    "WHERE t.study_id = ?1 AND t.state = 'COMPLETE' AND NOT EXISTS ("
    "SELECT 1 FROM trial_system_attributes a, json_each("
    "CASE WHEN json_valid(a.value_json) THEN a.value_json ELSE '[]' END) c "
    "WHERE a.trial_id = t.trial_id AND c.value > 0 "
    "AND (a.key = 'constraints' OR substr(a.key, 1, 12) = 'constraints:')) "
    "ORDER BY ?2 * CASE v.value_type WHEN 'INF_NEG' THEN -1 WHEN 'INF_POS' THEN 1 ELSE 0 END, "
    "?2 * v.value, t.number LIMIT 1";

static enum rs_code read_int(struct rs_store *st, const char *sql, int64_t *out, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    *out = row ? sqlite3_column_int64(q, 0) : 0;
    rs_store_reset(q);
    return RS_OK;
}

static void add_text(sqlite3_stmt *q, struct rs_val *rows)
{
    rs_val_push(rows, rs_val_str(rs_store_text(q, 0)));
}

static enum rs_code read_directions(struct rs_store *st, int64_t study, struct rs_val **out,
                                    struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql_directions, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, study);
    return rs_store_collect(st, q, add_text, rs_val_list(), out, err);
}

/* {number, value}, or null: no trial, or several objectives. */
static enum rs_code read_best(struct rs_store *st, int64_t study, const struct rs_val *directions,
                              struct rs_val **out, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    *out = rs_val_null();
    if (directions->n != 1) return RS_OK;
    enum rs_code rc = rs_store_stmt(st, sql_best, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, study);
    sqlite3_bind_int(q, 2, rs_str_eq(directions->items[0]->s, "maximize") ? -1 : 1);
    rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    bool finite = sqlite3_column_type(q, 1) != SQLITE_NULL;
    rs_val_free(*out);
    *out = rs_val_map();
    rs_val_set_int(*out, "number", sqlite3_column_int64(q, 0));
    rs_val_set(*out, "value", finite ? rs_val_real(sqlite3_column_double(q, 1)) : rs_val_null());
    rs_store_reset(q);
    return RS_OK;
}

/* Optuna's "2026-05-01 10:00:00.123456" in UTC as 2026-05-01T10:00:00Z. */
static struct rs_val *time_val(sqlite3_stmt *q, int column)
{
    char text[32];
    const char *s = rs_store_text(q, column);
    int n = snprintf(text, sizeof(text), "%.19sZ", s);
    if (n != 20 || text[10] != ' ') return rs_val_null();
    text[10] = 'T';
    return rs_val_str(text);
}

static void add_page_row(sqlite3_stmt *q, struct rs_val *rows)
{
    static const char *const states[] = {"running", "waiting", "complete", "pruned", "fail"};
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_int(v, "id", sqlite3_column_int64(q, 0));
    rs_val_set_str(v, "study", rs_store_text(q, 1));
    rs_val_set(v, "directions", rs_val_null());
    rs_val_set_int(v, "trials", sqlite3_column_int64(q, 2));
    struct rs_val *counts = rs_val_set(v, "states", rs_val_map());
    for (int i = 0; i < 5; i++) {
        rs_val_set_int(counts, states[i], sqlite3_column_int64(q, 3 + i));
    }
    rs_val_set(v, "best", rs_val_null());
    rs_val_set(v, "started", time_val(q, 8));
    rs_val_set(v, "last", time_val(q, 9));
}

/* Fills in what the page's statement left open. */
static enum rs_code complete_row(struct rs_store *st, struct rs_val *v, struct rs_err *err)
{
    int64_t id = rs_val_get_int(v, "id", 0);
    struct rs_val *directions = NULL;
    struct rs_val *best = NULL;
    enum rs_code rc = read_directions(st, id, &directions, err);
    if (rc) return rc;
    rc = read_best(st, id, directions, &best, err);
    rs_val_set(v, "directions", directions);
    rs_val_set(v, "best", best);
    rs_val_remove(v, "id"); /* a rename changes it: a study is known by its name */
    return rc;
}

enum rs_code rs_studies_list(struct rs_store *st, int64_t limit, int64_t offset,
                             struct rs_val **out, int64_t *total_out, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    int64_t there = 0;
    int64_t total = 0;
    struct rs_val *rows = NULL;
    enum rs_code rc = read_int(st, sql_has_tables, &there, err);
    if (!rc && !there) {
        *out = rs_val_list();
        *total_out = 0;
    }
    if (rc || !there) return rc;
    rc = read_int(st, sql_count, &total, err);
    if (!rc) rc = rs_store_stmt(st, sql_page, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, limit > 0 ? limit : -1);
    sqlite3_bind_int64(q, 2, offset);
    rc = rs_store_collect(st, q, add_page_row, rs_val_list(), &rows, err);
    for (size_t i = 0; !rc && i < rows->n; i++) {
        rc = complete_row(st, rows->items[i], err);
    }
    if (rc) {
        rs_val_free(rows);
        return rc;
    }
    *out = rows;
    *total_out = total;
    return RS_OK;
}
