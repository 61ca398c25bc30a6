/*
 * runs_impl - what the files of tracking share.
 */
#ifndef RS_SRC_TRACKING_RUNS_IMPL_H
#define RS_SRC_TRACKING_RUNS_IMPL_H

#include <sqlite3.h>

#include "rs/base/str.h"
#include "rs/tracking/runs.h"

/* A write about a run that is not there violates a foreign key: RS_ENOTFOUND. Other errors stay. */
enum rs_code rs_run_explain(struct rs_store *st, enum rs_code rc, const char *id,
                            struct rs_err *err);

/* Statement sql with the run's id as ?1. */
RS_MUST_USE enum rs_code rs_run_stmt(struct rs_store *st, const char *sql, const char *id,
                                     sqlite3_stmt **out, struct rs_err *err);

enum { QUERY_MAX_VALUES = 256 };

/* SQL made of constant fragments, and the values that are bound to its ?1, ?2, …. */
struct rs_query {
    struct rs_str sql;
    struct {
        enum { QUERY_TEXT, QUERY_INT, QUERY_REAL } type;
        char *text;
        int64_t i;
        double real;
    } values[QUERY_MAX_VALUES];
    int n;
};
void rs_query_init(struct rs_query *q);
void rs_query_clear(struct rs_query *q);
void rs_query_add(struct rs_query *q, const char *sql);
/* Appends "?N" and keeps a copy of the value. More than QUERY_MAX_VALUES is our bug (assert). */
void rs_query_add_text(struct rs_query *q, const char *text, size_t len);
void rs_query_add_int(struct rs_query *q, int64_t i);
void rs_query_add_real(struct rs_query *q, double real);
RS_MUST_USE enum rs_code rs_query_prepare(struct rs_query *q, struct rs_store *st,
                                          sqlite3_stmt **out, struct rs_err *err);

/* A place that a filter compares or a list is sorted by; rows of rs_run are "r". */
enum rs_field_kind {
    RS_FIELD_TEXT,   /* a column, "" is missing */
    RS_FIELD_NUMBER, /* a column or what follows from some */
    RS_FIELD_TIME,   /* a column in milliseconds, compared with dates */
    RS_FIELD_PARAM,  /* params.KEY: text, number or boolean */
    RS_FIELD_METRIC, /* metrics.KEY: the last value */
    RS_FIELD_TAG,    /* tags.KEY */
};
struct rs_field {
    enum rs_field_kind kind;
    const char *sql; /* columns only */
    const char *key; /* after the point; borrowed from the text */
    size_t key_len;
};
/* name[len] as a field; false: no such field. A name that ends in "." has its key still to come. */
bool rs_field_find(const char *name, size_t len, struct rs_field *out);
/* Names of columns and "metrics.", "params.", "tags.", NULL-ended, for messages. */
const char *const *rs_field_names(void);

/* How a field's value is to be read: as it is, or as a type (null where it has another). */
enum rs_field_as { RS_AS_IS, RS_AS_TEXT, RS_AS_NUMBER, RS_AS_BOOL };
void rs_field_sql(struct rs_query *q, const struct rs_field *f, enum rs_field_as as);

/* Append the condition that a filter means. RS_EPARSE with the position. */
RS_MUST_USE enum rs_code rs_filter_sql(const char *filter, struct rs_query *q, struct rs_err *err);

#endif
