/*
 * list - a page of runs, chosen by a filter and sorted.
 *
 * The page's rows come first; parameters, metrics and tags are read for these alone, so that the
 * cost beside filter and sort is that of the page.
 */
#include <string.h>

#include "rs/store/sql.h"
#include "runs_impl.h"

static enum rs_code add_where(struct rs_query *q, const char *filter, struct rs_err *err)
{
    if (!filter || !filter[strspn(filter, " \t\r\n")]) return RS_OK;
    rs_query_add(q, " WHERE ");
    return rs_filter_sql(filter, q, err);
}

/* Missing values last in both directions; ties newest first. */
static enum rs_code add_order(struct rs_query *q, const char *sort, struct rs_err *err)
{
    struct rs_field f;
    if (sort && *sort) {
        bool down = *sort == '-';
        const char *name = sort + down;
        if (!rs_field_find(name, strlen(name), &f) || (f.key && f.key_len == 0)) {
            const char *near = rs_str_nearest(name, rs_field_names());
            return rs_fail(err, RS_EARG, "sort: unknown field '%s': %s%s%s", name,
                           near ? "did you mean '" : "use model, started, params.KEY, metrics.KEY",
                           near ? near : "", near ? "'" : "");
        }
        rs_query_add(q, " ORDER BY (");
        rs_field_sql(q, &f, RS_AS_IS);
        rs_query_add(q, down ? ") DESC NULLS LAST, " : ") ASC NULLS LAST, ");
    } else {
        rs_query_add(q, " ORDER BY ");
    }
    rs_query_add(q, "r.started_ms DESC, r.rowid DESC");
    return RS_OK;
}

static void push_row(struct rs_val *list, sqlite3_stmt *q)
{
    static const char *const texts[] = {"run_id", "name", "model", "dataset", "split", "state"};
    struct rs_val *v = rs_val_push(list, rs_val_map());
    for (int i = 0; i < 6; i++)
        rs_val_set_str(v, texts[i], rs_store_text(q, i));
    int64_t started = sqlite3_column_int64(q, 6);
    int64_t ended = sqlite3_column_int64(q, 7);
    rs_val_set_int(v, "started_ms", started);
    rs_val_set(v, "seconds",
               ended ? rs_val_real((double)(ended - started) / 1000.0) : rs_val_null());
    rs_val_set_str(v, "bundle", rs_store_text(q, 8));
}

static enum rs_code read_rows(struct rs_store *st, const char *filter, const char *sort,
                              int64_t limit, int64_t offset, struct rs_val *list,
                              struct rs_err *err)
{
    struct rs_query query;
    sqlite3_stmt *q = NULL;
    bool row = true;
    rs_query_init(&query);
    rs_query_add(&query, "SELECT r.id, r.name, r.model, r.dataset, r.split, r.state, r.started_ms, "
                         "r.ended_ms, r.bundle FROM rs_run r");
    enum rs_code rc = add_where(&query, filter, err);
    if (!rc) rc = add_order(&query, sort, err);
    rs_query_add(&query, " LIMIT ");
    rs_query_add_int(&query, limit > 0 ? limit : -1);
    rs_query_add(&query, " OFFSET ");
    rs_query_add_int(&query, offset > 0 ? offset : 0);
    if (!rc) rc = rs_query_prepare(&query, st, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row) push_row(list, q);
    }
    sqlite3_finalize(q);
    rs_query_clear(&query);
    return rc;
}

static enum rs_code count_rows(struct rs_store *st, const char *filter, int64_t *total_out,
                               struct rs_err *err)
{
    struct rs_query query;
    sqlite3_stmt *q = NULL;
    bool row = false;
    rs_query_init(&query);
    rs_query_add(&query, "SELECT count(*) FROM rs_run r");
    enum rs_code rc = add_where(&query, filter, err);
    if (!rc) rc = rs_query_prepare(&query, st, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (!rc && row) *total_out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    rs_query_clear(&query);
    return rc;
}

static enum rs_code add_details(struct rs_store *st, struct rs_val *run, struct rs_err *err)
{
    const char *id = rs_val_get_str(run, "run_id", "");
    struct rs_val *v = NULL;
    enum rs_code rc = rs_runs_params(st, id, &v, err);
    if (rc) return rc;
    rs_val_set(run, "params", v);
    rc = rs_runs_metrics(st, id, &v, err);
    if (rc) return rc;
    rs_val_set(run, "metrics", v);
    rc = rs_runs_tags(st, id, &v, err);
    if (rc) return rc;
    rs_val_set(run, "tags", v);
    return RS_OK;
}

enum rs_code rs_runs_list(struct rs_store *st, const char *filter, const char *sort, int64_t limit,
                          int64_t offset, struct rs_val **out, int64_t *total_out,
                          struct rs_err *err)
{
    struct rs_val *list = rs_val_list();
    enum rs_code rc = read_rows(st, filter, sort, limit, offset, list, err);
    for (size_t i = 0; i < list->n && !rc; i++)
        rc = add_details(st, list->items[i], err);
    if (!rc && total_out) rc = count_rows(st, filter, total_out, err);
    if (rc) {
        rs_val_free(list);
    } else {
        *out = list;
    }
    return rc;
}
