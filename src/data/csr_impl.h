/*
 * csr_impl - columns in one block, and rows in any order turned into sorted, unique rows: shared by
 * csr and ingest.
 */
#ifndef RS_DATA_CSR_IMPL_H
#define RS_DATA_CSR_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"

enum rs_column {
    RS_COLUMN_PTR = 1 << 0, /* row offsets */
    RS_COLUMN_ROW = 1 << 1,
    RS_COLUMN_VALUE = 1 << 2,
    RS_COLUMN_TIME = 1 << 3,
    RS_COLUMN_TYPE = 1 << 4,
};

/* Writable columns; those not asked for are NULL. */
struct rs_columns {
    int64_t n;
    int64_t *ptr;  /* [n_rows + 1] */
    int32_t *row;  /* [n] */
    int32_t *col;  /* [n] */
    float *value;  /* [n] */
    int64_t *time; /* [n] */
    uint8_t *type; /* [n] */
    void *block;   /* what free takes */
};

/* A block with `columns` (of enum rs_column) and col, contents not set. False: out of memory. */
bool rs_columns_alloc(struct rs_columns *c, int64_t n, int32_t n_rows, unsigned columns);

/* Rows in file order. A missing value reads as 1, a missing time or type as 0. */
struct rs_run {
    int64_t n;
    const int32_t *row;
    const int32_t *col;
    const float *value;
    const int64_t *time;
    const uint8_t *type;
};

/*
 * All runs, in order, as rows sorted by column; of equal (row, col) the last stays and
 * *dropped_out counts the others. columns: VALUE, TIME, TYPE; ROW for the row of every entry.
 * out->block is the caller's. Counting sort by row, then a sort inside each row that is not sorted
 * yet; the result does not depend on the number of threads. RS_ENOMEM.
 */
RS_MUST_USE enum rs_code rs_group(const struct rs_run *runs, int n_runs, int32_t n_rows,
                                  unsigned columns, struct rs_columns *out, int64_t *dropped_out,
                                  struct rs_err *err);

/* Rows of c (offsets in c->ptr) sorted and made unique, keeping the last; c->n shrinks, and c->row
 * follows if it is there. */
RS_MUST_USE enum rs_code rs_group_sort(struct rs_columns *c, int32_t n_rows, int64_t *dropped_out,
                                       struct rs_err *err);

/* Offsets of the rows of a column that never falls. */
void rs_group_ptr(const int32_t *row, int64_t n, int32_t n_rows, int64_t *ptr);
/* Threads for a job with a table of n_keys a thread and n entries: 1 where tables would cost more
 * than they win. */
int rs_group_threads(int64_t n, int32_t n_keys);

/* Counts of n_keys keys by thread, cursor[threads x n_keys], become each thread's first place;
 * ptr[n_keys + 1] gets the offsets. */
void rs_group_place(int64_t *cursor, int threads, int32_t n_keys, int64_t *ptr);

#endif
