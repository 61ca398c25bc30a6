/*
 * csr - sparse rows: for every row its column indices, ascending and unique, with values and times.
 */
#ifndef RS_DATA_CSR_H
#define RS_DATA_CSR_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/pack.h"

struct rs_csr {
    int32_t n_rows;
    int32_t n_cols;
    int64_t nnz;
    const int64_t *indptr;  /* [n_rows + 1] */
    const int32_t *indices; /* [nnz] columns, ascending in a row */
    const float *values;    /* [nnz], or NULL: every entry is 1 */
    const int64_t *times;   /* [nnz] seconds since 1970, or NULL: unknown */
    void *owned;            /* memory of this struct; NULL: borrowed (a mapped file) */
};

/* An owned matrix with room for nnz entries; the arrays are zero and writable through the casts
 * that rs_csr_mut gives. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_csr_alloc(int32_t n_rows, int32_t n_cols, int64_t nnz, bool values,
                                      bool times, struct rs_csr *out, struct rs_err *err);
struct rs_csr_mut {
    int64_t *indptr;
    int32_t *indices;
    float *values;
    int64_t *times;
};
struct rs_csr_mut rs_csr_mut(struct rs_csr *m); /* owned matrices only */
void rs_csr_clear(struct rs_csr *m);            /* leaves it zero; fine on a zero struct */

/* From triplets in any order (values, times may be NULL). Of duplicates the later stays;
 * *dropped_out counts the others (or NULL). Threads: ranges of triplets, then of rows; the result
 * does not depend on their number. Cost O(n) + sorting inside rows. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_csr_from_rows(int64_t n, const int32_t *rows, const int32_t *cols,
                                          const float *values, const int64_t *times, int32_t n_rows,
                                          int32_t n_cols, struct rs_csr *out, int64_t *dropped_out,
                                          struct rs_err *err);
/* The columns of x as a matrix, users x items, without copying them: only indptr is built. It
 * borrows from x, which must outlive it. RS_ENOMEM. */
struct rs_interactions;
RS_MUST_USE enum rs_code rs_csr_from_interactions(const struct rs_interactions *x,
                                                  struct rs_csr *out, struct rs_err *err);
/* Columns as rows; same threads, same rule. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_csr_transpose(const struct rs_csr *m, struct rs_csr *out,
                                          struct rs_err *err);
/* Entries of rows and columns that map to >= 0, renumbered (a map that is NULL: as they are). Where
 * two entries meet, the later stays. */
RS_MUST_USE enum rs_code rs_csr_select(const struct rs_csr *m, const int32_t *row_map,
                                       int32_t n_rows, const int32_t *col_map, int32_t n_cols,
                                       struct rs_csr *out, struct rs_err *err);
/* Union of two matrices of equal shape; where both have an entry, b's stays. */
RS_MUST_USE enum rs_code rs_csr_union(const struct rs_csr *a, const struct rs_csr *b,
                                      struct rs_csr *out, struct rs_err *err);
/* Offsets rise, indices in range and ascending, values finite: RS_EDAMAGED with the place. */
RS_MUST_USE enum rs_code rs_csr_check(const struct rs_csr *m, struct rs_err *err);
bool rs_csr_has(const struct rs_csr *m, int32_t row, int32_t col);

static inline int64_t rs_csr_len(const struct rs_csr *m, int32_t row)
{
    return m->indptr[row + 1] - m->indptr[row];
}

/* The value of entry e: 1 where the matrix has none. */
static inline float rs_csr_value(const struct rs_csr *m, int64_t e)
{
    return m->values ? m->values[e] : 1.0f;
}

/* Relevance, the one definition: values are float, so 0.7 as data equals 0.7 as threshold. */
static inline bool rs_is_relevant(float value, double threshold)
{
    return value >= (float)threshold;
}

/* Sections "<prefix>.ptr", ".idx", ".val", ".time"; prefix of at most 10 characters. load borrows
 * from the reader and runs rs_csr_check. */
RS_MUST_USE enum rs_code rs_csr_save(const struct rs_csr *m, struct rs_writer *w,
                                     const char *prefix, struct rs_err *err);
RS_MUST_USE enum rs_code rs_csr_load(const struct rs_reader *r, const char *prefix, int32_t n_rows,
                                     int32_t n_cols, struct rs_csr *out, struct rs_err *err);

#endif
