/*
 * fields - names that people compare and sort runs by, as SQL. Names come from a table, keys of
 * parameters, metrics and tags are bound, so nothing a user types becomes SQL.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/store/sql.h"
#include "runs_impl.h"

struct column {
    const char *name;
    enum rs_field_kind kind;
    const char *sql;
};

static const struct column columns[] = {
    {"name", RS_FIELD_TEXT, "nullif(r.name, '')"},
    {"model", RS_FIELD_TEXT, "nullif(r.model, '')"},
    {"params.model", RS_FIELD_TEXT, "nullif(r.model, '')"}, /* as other trackers name it */
    {"dataset", RS_FIELD_TEXT, "nullif(r.dataset, '')"},
    {"split", RS_FIELD_TEXT, "nullif(r.split, '')"},
    {"state", RS_FIELD_TEXT, "r.state"},
    {"id", RS_FIELD_TEXT, "r.id"},
    {"run_id", RS_FIELD_TEXT, "r.id"},
    {"bundle", RS_FIELD_TEXT, "nullif(r.bundle, '')"},
    {"message", RS_FIELD_TEXT, "nullif(r.message, '')"},
    {"seed", RS_FIELD_NUMBER, "r.seed"},
    {"started", RS_FIELD_TIME, "r.started_ms"},
    {"started_ms", RS_FIELD_NUMBER, "r.started_ms"},
    {"ended", RS_FIELD_TIME, "nullif(r.ended_ms, 0)"},
    {"seconds", RS_FIELD_NUMBER, "((nullif(r.ended_ms, 0) - r.started_ms) / 1000.0)"},
};

static const struct column keyed[] = {
    {"metrics.", RS_FIELD_METRIC, NULL},
    {"params.", RS_FIELD_PARAM, NULL},
    {"tags.", RS_FIELD_TAG, NULL},
};

enum {
    N_COLUMNS = sizeof(columns) / sizeof(columns[0]),
    N_KEYED = sizeof(keyed) / sizeof(keyed[0]),
};

const char *const *rs_field_names(void)
{
    static const char *const names[] = {
        "name", "model",   "dataset", "split",   "state",    "id",      "bundle", "message",
        "seed", "started", "ended",   "seconds", "metrics.", "params.", "tags.",  NULL,
    };
    return names;
}

bool rs_field_find(const char *name, size_t len, struct rs_field *out)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (strlen(columns[i].name) == len && memcmp(columns[i].name, name, len) == 0) {
            *out = (struct rs_field){.kind = columns[i].kind, .sql = columns[i].sql};
            return true;
        }
    }
    for (size_t i = 0; i < N_KEYED; i++) {
        size_t prefix = strlen(keyed[i].name);
        if (len >= prefix && memcmp(keyed[i].name, name, prefix) == 0) {
            *out = (struct rs_field){
                .kind = keyed[i].kind, .key = name + prefix, .key_len = len - prefix};
            return true;
        }
    }
    return false;
}

/* p.value is JSON: a parameter of another type than asked for counts as missing; as text, numbers
 * and lists are what JSON prints. */
static const char *param_value(enum rs_field_as as)
{
    static const char *const sql[] = {
        [RS_AS_IS] = "CASE json_type(p.value) WHEN 'null' THEN NULL WHEN 'array' THEN p.value "
                     "WHEN 'object' THEN p.value ELSE json_extract(p.value, '$') END",
        [RS_AS_TEXT] = "CASE json_type(p.value) WHEN 'null' THEN NULL "
                       "WHEN 'text' THEN json_extract(p.value, '$') ELSE p.value END",
        [RS_AS_NUMBER] = "CASE WHEN json_type(p.value) IN ('integer', 'real') "
                         "THEN json_extract(p.value, '$') END",
        [RS_AS_BOOL] = "CASE json_type(p.value) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END",
    };
    return sql[as];
}

void rs_field_sql(struct rs_query *q, const struct rs_field *f, enum rs_field_as as)
{
    switch (f->kind) {
    case RS_FIELD_TEXT:
    case RS_FIELD_NUMBER:
    case RS_FIELD_TIME:
        rs_query_add(q, f->sql);
        return;
    case RS_FIELD_METRIC:
        rs_query_add(q, "(SELECT m.value FROM rs_metric m WHERE m.run_id = r.id AND m.name = ");
        rs_query_add_text(q, f->key, f->key_len);
        rs_query_add(q, " ORDER BY m.step DESC LIMIT 1)");
        return;
    case RS_FIELD_PARAM:
        rs_query_add(q, "(SELECT ");
        rs_query_add(q, param_value(as));
        rs_query_add(q, " FROM rs_run_param p WHERE p.run_id = r.id AND p.key = ");
        break;
    case RS_FIELD_TAG:
        rs_query_add(q, "(SELECT t.value FROM rs_run_tag t WHERE t.run_id = r.id AND t.key = ");
        break;
    }
    rs_query_add_text(q, f->key, f->key_len);
    rs_query_add(q, ")");
}

/* ---- queries ------------------------------------------------------------------------------- */

void rs_query_init(struct rs_query *q)
{
    *q = (struct rs_query){0};
    rs_str_init(&q->sql, 0);
}

void rs_query_clear(struct rs_query *q)
{
    for (int i = 0; i < q->n; i++)
        free(q->values[i].text);
    rs_str_clear(&q->sql);
    q->n = 0;
}

void rs_query_add(struct rs_query *q, const char *sql)
{
    rs_str_add(&q->sql, sql);
}

static void add_mark(struct rs_query *q)
{
    q->n++;
    rs_str_addf(&q->sql, "?%d", q->n);
}

void rs_query_add_text(struct rs_query *q, const char *text, size_t len)
{
    rs_assert(q->n < QUERY_MAX_VALUES);
    q->values[q->n].type = QUERY_TEXT;
    q->values[q->n].text = rs_xstrndup(text, len);
    add_mark(q);
}

void rs_query_add_int(struct rs_query *q, int64_t i)
{
    rs_assert(q->n < QUERY_MAX_VALUES);
    q->values[q->n].type = QUERY_INT;
    q->values[q->n].i = i;
    add_mark(q);
}

void rs_query_add_real(struct rs_query *q, double real)
{
    rs_assert(q->n < QUERY_MAX_VALUES);
    q->values[q->n].type = QUERY_REAL;
    q->values[q->n].real = real;
    add_mark(q);
}

enum rs_code rs_query_prepare(struct rs_query *q, struct rs_store *st, sqlite3_stmt **out,
                              struct rs_err *err)
{
    if (q->sql.failed) return rs_fail(err, RS_ENOMEM, "query: out of memory");
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(rs_store_handle(st), rs_str_text(&q->sql), -1, &stmt, NULL) != SQLITE_OK)
        return rs_store_fail(st, err);
    for (int i = 0; i < q->n; i++) {
        switch (q->values[i].type) {
        case QUERY_TEXT:
            rs_store_bind_text(stmt, i + 1, q->values[i].text);
            break;
        case QUERY_INT:
            sqlite3_bind_int64(stmt, i + 1, q->values[i].i);
            break;
        case QUERY_REAL:
            sqlite3_bind_double(stmt, i + 1, q->values[i].real);
            break;
        }
    }
    *out = stmt;
    return RS_OK;
}
