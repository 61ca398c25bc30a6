/*
 * metrics - values by step, and per-user scores of evaluations.
 *
 * Scores are blobs, little endian: float64 a user for every metric, and the users' int32 indices as
 * the row with metric ''. An evaluation of 100,000 users and 20 metrics is 16 MB in 21 rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"
#include "runs_impl.h"

/* ---- values by step ------------------------------------------------------------------------ */

enum rs_code rs_runs_add_metric(struct rs_store *st, const char *id, const char *name, int64_t step,
                                double value, struct rs_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO rs_metric "
                              "(run_id, name, step, value, time_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    if (isnan(value))
        return rs_fail(err, RS_ENUMERIC, "run %s: metric '%s' is not a number at step %lld", id,
                       name, (long long)step);
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, name);
    sqlite3_bind_int64(q, 3, step);
    sqlite3_bind_double(q, 4, value);
    sqlite3_bind_int64(q, 5, rs_clock_now_ms());
    return rs_run_explain(st, rs_store_exec(st, q, err), id, err);
}

static void metric_row(sqlite3_stmt *q, struct rs_val *rows)
{
    rs_val_set_real(rows, rs_store_text(q, 0), sqlite3_column_double(q, 1));
}

enum rs_code rs_runs_metrics(struct rs_store *st, const char *id, struct rs_val **out,
                             struct rs_err *err)
{
    /* In SQLite the other columns of a max() are those of the row that has it. */
    static const char sql[] = "SELECT name, value, max(step) FROM rs_metric WHERE run_id = ?1 "
                              "GROUP BY name ORDER BY name";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    return rc ? rc : rs_store_collect(st, q, metric_row, rs_val_map(), out, err);
}

static void curve_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_int(v, "step", sqlite3_column_int64(q, 0));
    rs_val_set_real(v, "value", sqlite3_column_double(q, 1));
    rs_val_set_int(v, "time_ms", sqlite3_column_int64(q, 2));
}

enum rs_code rs_runs_curve(struct rs_store *st, const char *id, const char *name,
                           struct rs_val **out, struct rs_err *err)
{
    static const char sql[] = "SELECT step, value, time_ms FROM rs_metric "
                              "WHERE run_id = ?1 AND name = ?2 ORDER BY step";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (!rc) rs_store_bind_text(q, 2, name);
    return rc ? rc : rs_store_collect(st, q, curve_row, rs_val_list(), out, err);
}

/* ---- scores of users ----------------------------------------------------------------------- */

static void put_le(unsigned char *out, uint64_t bits, size_t bytes)
{
    for (size_t b = 0; b < bytes; b++)
        out[b] = (unsigned char)(bits >> (8 * b));
}

static uint64_t get_le(const unsigned char *in, size_t bytes)
{
    uint64_t bits = 0;
    for (size_t b = 0; b < bytes; b++)
        bits |= (uint64_t)in[b] << (8 * b);
    return bits;
}

/* Which evaluation. */
struct key {
    const char *id, *part, *exclude, *scorer;
    int64_t time_ms;
};

static void bind_key(sqlite3_stmt *q, const struct key *k)
{
    rs_store_bind_text(q, 2, k->part);
    rs_store_bind_text(q, 3, k->scorer);
    rs_store_bind_text(q, 4, k->exclude);
}

/* bytes must live until it returns. */
static enum rs_code put_blob(struct rs_store *st, const struct key *k, const char *metric,
                             int64_t n, const void *bytes, size_t size, struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_user_score "
                              "(run_id, part, scorer, exclude, metric, n, data, time_ms) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, k->id, &q, err);
    if (rc) return rc;
    bind_key(q, k);
    rs_store_bind_text(q, 5, metric);
    sqlite3_bind_int64(q, 6, n);
    sqlite3_bind_blob64(q, 7, bytes, size, SQLITE_STATIC);
    sqlite3_bind_int64(q, 8, k->time_ms);
    return rs_run_explain(st, rs_store_exec(st, q, err), k->id, err);
}

static enum rs_code delete_scores(struct rs_store *st, const struct key *k, struct rs_err *err)
{
    static const char sql[] = "DELETE FROM rs_user_score "
                              "WHERE run_id = ?1 AND part = ?2 AND scorer = ?3 AND exclude = ?4";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, k->id, &q, err);
    if (rc) return rc;
    bind_key(q, k);
    return rs_store_exec(st, q, err);
}

enum rs_code rs_runs_put_scores(struct rs_store *st, const char *id, const char *part,
                                const char *exclude, const char *scorer, const int32_t *users,
                                int64_t n, char *const *metrics, int n_metrics,
                                const double *scores, struct rs_err *err)
{
    const struct key k = {id, part, exclude, scorer, rs_clock_now_ms()};
    bool own;
    unsigned char *bytes = rs_try_alloc((size_t)n + 1, sizeof(double));
    if (!bytes) return rs_fail(err, RS_ENOMEM, "scores of %lld users: out of memory", (long long)n);
    enum rs_code rc = rs_store_join(st, &own, err);
    if (rc) {
        free(bytes);
        return rc;
    }
    rc = delete_scores(st, &k, err);
    for (int64_t i = 0; i < n; i++)
        put_le(bytes + 4 * i, (uint32_t)users[i], 4);
    if (!rc) rc = put_blob(st, &k, "", n, bytes, (size_t)n * 4, err);
    for (int m = 0; m < n_metrics && !rc; m++) {
        for (int64_t i = 0; i < n; i++) {
            uint64_t bits;
            memcpy(&bits, &scores[i * n_metrics + m], sizeof(bits));
            put_le(bytes + 8 * i, bits, 8);
        }
        rc = put_blob(st, &k, metrics[m], n, bytes, (size_t)n * 8, err);
    }
    free(bytes);
    return rs_store_leave(st, own, rc, err);
}

/* ---- reading scores ------------------------------------------------------------------------ */

void rs_user_scores_clear(struct rs_user_scores *s)
{
    free(s->users);
    free(s->scores);
    free(s->exclude);
    *s = (struct rs_user_scores){0};
}

/* What the newest evaluation left out; "" in *out: there is none. */
static enum rs_code newest_exclude(struct rs_store *st, const struct key *k, char **out,
                                   struct rs_err *err)
{
    static const char sql[] = "SELECT exclude FROM rs_user_score "
                              "WHERE run_id = ?1 AND part = ?2 AND scorer = ?3 AND metric = '' "
                              "ORDER BY time_ms DESC, rowid DESC LIMIT 1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_run_stmt(st, sql, k->id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, k->part);
    rs_store_bind_text(q, 3, k->scorer);
    rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    *out = row ? rs_store_dup_text(q, 0) : rs_xstrdup("");
    if (row) rs_store_reset(q);
    return RS_OK;
}

/* One row as n elements of `bytes` bytes in *out (the caller's; NULL where there is none). */
static enum rs_code get_blob(struct rs_store *st, const struct key *k, const char *metric,
                             size_t bytes, int64_t *n_out, void **out, struct rs_err *err)
{
    static const char sql[] = "SELECT n, data FROM rs_user_score WHERE run_id = ?1 AND part = ?2 "
                              "AND scorer = ?3 AND exclude = ?4 AND metric = ?5";
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_run_stmt(st, sql, k->id, &q, err);
    if (rc) return rc;
    bind_key(q, k);
    rs_store_bind_text(q, 5, metric);
    rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    int64_t n = sqlite3_column_int64(q, 0);
    const unsigned char *data = sqlite3_column_blob(q, 1);
    size_t size = (size_t)sqlite3_column_bytes(q, 1);
    unsigned char *copy = NULL;
    if (n < 0 || size % bytes != 0 || size / bytes != (size_t)n) {
        rc = rs_fail(err, RS_EDAMAGED, "run %s: scores '%s' have %zu bytes for %lld users", k->id,
                     metric, size, (long long)n);
    } else {
        copy = rs_try_alloc((size_t)n + 1, bytes);
        if (!copy) rc = rs_fail(err, RS_ENOMEM, "run %s: scores: out of memory", k->id);
    }
    for (int64_t i = 0; i < n && copy; i++) {
        uint64_t bits = get_le(data + (size_t)i * bytes, bytes);
        uint32_t low = (uint32_t)bits;
        memcpy(copy + (size_t)i * bytes, bytes == 4 ? (const void *)&low : (const void *)&bits,
               bytes);
    }
    rs_store_reset(q);
    *n_out = n;
    *out = copy;
    return rc;
}

static enum rs_code fail_missing(const struct key *k, const char *metric, bool evaluated,
                                 struct rs_err *err)
{
    if (evaluated)
        return rs_fail(
            err, RS_ENOTFOUND,
            "run %s was evaluated on %s without '%s': 'evaluate --run %s --part %s' with "
            "that cut-off adds it",
            k->id, k->part, metric, k->id, k->part);
    return rs_fail(err, RS_ENOTFOUND,
                   "run %s has no scores of %s on %s%s%s: 'evaluate --run %s --part %s' makes them",
                   k->id, k->scorer, k->part, k->exclude[0] ? " without " : "", k->exclude, k->id,
                   k->part);
}

enum rs_code rs_runs_get_scores(struct rs_store *st, const char *id, const char *part,
                                const char *exclude, const char *scorer, const char *metric,
                                struct rs_user_scores *out, struct rs_err *err)
{
    struct key k = {id, part, exclude, scorer, 0};
    struct rs_user_scores s = {0};
    int64_t n = 0;
    void *users = NULL;
    void *scores = NULL;
    enum rs_code rc = RS_OK;
    if (exclude) {
        s.exclude = rs_xstrdup(exclude);
    } else {
        rc = newest_exclude(st, &k, &s.exclude, err);
    }
    k.exclude = s.exclude;
    if (!rc) rc = get_blob(st, &k, "", sizeof(*s.users), &s.n, &users, err);
    s.users = users;
    if (!rc && !users) rc = fail_missing(&k, metric, false, err);
    if (!rc) rc = get_blob(st, &k, metric, sizeof(*s.scores), &n, &scores, err);
    s.scores = scores;
    if (!rc && !scores) rc = fail_missing(&k, metric, true, err);
    if (!rc && n != s.n)
        rc = rs_fail(err, RS_EDAMAGED, "run %s: '%s' has scores of %lld users, not of %lld", id,
                     metric, (long long)n, (long long)s.n);
    if (rc) {
        rs_user_scores_clear(&s);
    } else {
        *out = s;
    }
    return rc;
}

static void metric_name(sqlite3_stmt *q, struct rs_val *rows)
{
    rs_val_push(rows, rs_val_str(rs_store_text(q, 0)));
}

enum rs_code rs_runs_scored(struct rs_store *st, const char *id, const char *part,
                            struct rs_val **out, struct rs_err *err)
{
    static const char sql[] = "SELECT metric FROM rs_user_score WHERE run_id = ?1 AND part = ?2 "
                              "AND scorer = ?3 AND exclude = ?4 AND metric <> '' ORDER BY metric";
    char *exclude = NULL;
    struct key k = {id, part, NULL, "model", 0};
    sqlite3_stmt *q = NULL;
    enum rs_code rc = newest_exclude(st, &k, &exclude, err);
    if (!rc) rc = rs_run_stmt(st, sql, id, &q, err);
    if (!rc) {
        k.exclude = exclude;
        bind_key(q, &k);
        rc = rs_store_collect(st, q, metric_name, rs_val_list(), out, err);
    }
    free(exclude);
    return rc;
}
