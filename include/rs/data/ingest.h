/*
 * ingest - interactions from files of every format we read, as deduplicated columns.
 *
 * Formats  csv (comma, or semicolon where the first line has no comma), tsv, dat (::), jsonl,
 *          user-items (a line: user, then its items), npz (SciPy CSR); .gz and .zip of the text
 *          formats, known by their first bytes. Separated text goes through libcsv; plain numeric
 *          rows take a direct path that gives the same result, byte for byte.
 * Columns  by the names or numbers asked for; else by known names in the header, in any case;
 *          without a header user, item, value, time are columns 1 to 4.
 * Values   an empty one is 1, an empty time 0. Times: seconds, milliseconds (above 1e11: scaled and
 *          counted), ISO 8601.
 * Bad rows strict: the first stops with file, line, column and value. Otherwise counted, the first
 *          ten kept as text, and RS_EPARSE above max_bad_share. Lines are physical ones.
 * Threads  all of them; the result does not depend on their number. A plain file is mapped, memory
 *          is 20 bytes a row (40 where rows do not come user by user).
 */
#ifndef RS_DATA_INGEST_H
#define RS_DATA_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/task.h"
#include "rs/data/idmap.h"

#define RS_FORMATS(X)         \
    X(RS_FORMAT_AUTO, "auto") \
    X(RS_FORMAT_CSV, "csv")   \
    X(RS_FORMAT_TSV, "tsv")   \
    X(RS_FORMAT_DAT, "dat")   \
    X(RS_FORMAT_JSONL, "jsonl") X(RS_FORMAT_USER_ITEMS, "user-items") X(RS_FORMAT_NPZ, "npz")
#define RS_FORMAT_ENUM(id, name) id,
enum rs_format { RS_FORMATS(RS_FORMAT_ENUM) RS_FORMAT_COUNT };
#undef RS_FORMAT_ENUM
const char *rs_format_name(enum rs_format f);
bool rs_format_parse(const char *name, enum rs_format *out);

struct rs_ingest_opts {
    enum rs_format format; /* AUTO: by the file's name, then its first line */
    const char *columns; /* "user=userId,item=movieId,value=rating,time=timestamp,type=event"; names
                              or 1-based numbers; NULL: known names (userId user_id user uid …) */
    int header;          /* 1 yes, 0 no, -1 look */
    bool strict;
    double max_bad_share;        /* 0 .. 1 */
    double value_min, value_max; /* outside is a bad row; both 0: no bound */
};

struct rs_ingest_report {
    int64_t rows;                    /* data rows seen */
    int64_t bad_rows;                /* refused */
    int64_t duplicates;              /* (user, item) seen again: the later row stays */
    int64_t null_values, null_times; /* empty cells: value 1, time 0 */
    int64_t ms_times;                /* in milliseconds: scaled to seconds */
    int n_examples;
    char *examples[10]; /* "ratings.csv:17: rating 'x' is not a number" */
};
void rs_ingest_report_clear(struct rs_ingest_report *r);

/* Columns of unique (user, item), sorted by user, item. Memory or a mapped dataset. */
struct rs_interactions {
    int64_t n;
    const int32_t *user; /* [n] */
    const int32_t *item; /* [n] */
    const float *value;  /* [n] */
    const int64_t *time; /* [n] seconds since 1970, 0 where unknown; NULL: no times at all */
    const uint8_t *type; /* [n] index into types; NULL: no event types */
    char **types;        /* names, NULL-ended; or NULL */
    struct rs_idmap *users;
    struct rs_idmap *items;
    void *owned; /* memory of this struct, or NULL: borrowed */
};
void rs_interactions_clear(struct rs_interactions *x);

/* Read files in order as one stream of rows. RS_ENOTFOUND, RS_EPARSE, RS_EARG, RS_ENOMEM,
 * RS_ECANCEL. report_out is filled on failure too. */
RS_MUST_USE enum rs_code rs_ingest(const char *const *paths, size_t n_paths,
                                   const struct rs_ingest_opts *opts, struct rs_task *task,
                                   struct rs_interactions *out, struct rs_ingest_report *report_out,
                                   struct rs_err *err);

#endif
