/*
 * csr - building, turning, cutting and checking sparse rows.
 *
 * An owned matrix has one block for all its arrays. What must stay true: columns ascend strictly in
 * a row, and results do not depend on the number of threads.
 */
#include "rs/data/csr.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csr_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/data/ingest.h"

static enum rs_code no_memory(int64_t nnz, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "no memory for a matrix of %" PRId64 " entries", nnz);
}

static unsigned columns_of(bool values, bool times)
{
    return RS_COLUMN_PTR | (values ? RS_COLUMN_VALUE : 0U) | (times ? RS_COLUMN_TIME : 0U);
}

/* The matrix owns c's block from here on. */
static struct rs_csr from_columns(const struct rs_columns *c, int32_t n_rows, int32_t n_cols)
{
    return (struct rs_csr){
        .n_rows = n_rows,
        .n_cols = n_cols,
        .nnz = c->n,
        .indptr = c->ptr,
        .indices = c->col,
        .values = c->value,
        .times = c->time,
        .owned = c->block,
    };
}

enum rs_code rs_csr_alloc(int32_t n_rows, int32_t n_cols, int64_t nnz, bool values, bool times,
                          struct rs_csr *out, struct rs_err *err)
{
    rs_assert(n_rows >= 0 && n_cols >= 0 && nnz >= 0);
    struct rs_columns c;
    if (!rs_columns_alloc(&c, nnz, n_rows, columns_of(values, times))) return no_memory(nnz, err);
    memset(c.ptr, 0, ((size_t)n_rows + 1) * sizeof(*c.ptr));
    memset(c.col, 0, (size_t)nnz * sizeof(*c.col));
    if (values) memset(c.value, 0, (size_t)nnz * sizeof(*c.value));
    if (times) memset(c.time, 0, (size_t)nnz * sizeof(*c.time));
    *out = from_columns(&c, n_rows, n_cols);
    return RS_OK;
}

/* The same address; a cast may not drop const. */
static void *writable(const void *p)
{
    void *w;
    memcpy(&w, &p, sizeof(w));
    return w;
}

struct rs_csr_mut rs_csr_mut(struct rs_csr *m)
{
    rs_assert(m->owned);
    return (struct rs_csr_mut){
        .indptr = writable(m->indptr),
        .indices = writable(m->indices),
        .values = writable(m->values),
        .times = writable(m->times),
    };
}

void rs_csr_clear(struct rs_csr *m)
{
    free(m->owned);
    *m = (struct rs_csr){0};
}

/* ---- from rows ------------------------------------------------------------------------------ */

enum rs_code rs_csr_from_rows(int64_t n, const int32_t *rows, const int32_t *cols,
                              const float *values, const int64_t *times, int32_t n_rows,
                              int32_t n_cols, struct rs_csr *out, int64_t *dropped_out,
                              struct rs_err *err)
{
    rs_assert(n >= 0 && n_rows >= 0 && n_cols >= 0);
    const struct rs_run run = {.n = n, .row = rows, .col = cols, .value = values, .time = times};
    for (int64_t i = 0; i < n; i++)
        rs_assert(rows[i] >= 0 && rows[i] < n_rows && cols[i] >= 0 && cols[i] < n_cols);
    struct rs_columns c;
    int64_t dropped;
    enum rs_code rc =
        rs_group(&run, 1, n_rows, columns_of(values != NULL, times != NULL), &c, &dropped, err);
    if (rc) return rc;
    *out = from_columns(&c, n_rows, n_cols);
    if (dropped_out) *dropped_out = dropped;
    return RS_OK;
}

enum rs_code rs_csr_from_interactions(const struct rs_interactions *x, struct rs_csr *out,
                                      struct rs_err *err)
{
    int32_t n_users = rs_idmap_size(x->users);
    int64_t *ptr = rs_try_alloc_raw((size_t)n_users + 1, sizeof(*ptr));
    if (!ptr) return no_memory(x->n, err);
    rs_group_ptr(x->user, x->n, n_users, ptr);
    *out = (struct rs_csr){
        .n_rows = n_users,
        .n_cols = rs_idmap_size(x->items),
        .nnz = x->n,
        .indptr = ptr,
        .indices = x->item,
        .values = x->value,
        .times = x->time,
        .owned = ptr,
    };
    return RS_OK;
}

/* ---- transpose ------------------------------------------------------------------------------ */

/*
 * The places written are as many as there are columns: more than a cache has lines. So rows are
 * taken in blocks that the cache holds, and a block a band of columns at a time.
 */
#define BLOCK_ROWS    4096
#define BLOCK_ENTRIES ((int64_t)1 << 19)
#define BAND_COLUMNS  2048
#define BAND_ENTRIES  8 /* of a row in a band, on average: fewer, and finding them costs too much */

static int32_t band_width(const struct rs_csr *m)
{
    int64_t bands = m->nnz / (BAND_ENTRIES * ((int64_t)m->n_rows + 1));
    if (bands > m->n_cols / BAND_COLUMNS) bands = m->n_cols / BAND_COLUMNS;
    return bands < 2 ? m->n_cols : (int32_t)(m->n_cols / bands) + 1;
}

/* Entries i .. of row r that lie before column `stop`; returns the first that does not. */
static inline int64_t turn_row(const struct rs_csr *m, int32_t r, int64_t i, int32_t stop,
                               int64_t *cursor, struct rs_columns *out)
{
    for (; i < m->indptr[r + 1] && m->indices[i] < stop; i++) {
        int64_t at = cursor[m->indices[i]]++;
        out->col[at] = r;
        if (out->value) out->value[at] = m->values[i];
        if (out->time) out->time[at] = m->times[i];
    }
    return i;
}

/* Rows begin .. end of m to the places that cursor has for their columns. */
static void turn(const struct rs_csr *m, int32_t begin, int32_t end, int64_t *cursor,
                 struct rs_columns *out)
{
    int32_t width = band_width(m);
    while (begin < end) {
        int64_t next[BLOCK_ROWS]; /* of each row of the block */
        int32_t n = 0;
        for (; n < BLOCK_ROWS && begin + n < end; n++) {
            next[n] = m->indptr[begin + n];
            if (n > 0 && next[n] - next[0] > BLOCK_ENTRIES) break;
        }
        for (int64_t first = 0; first < m->n_cols; first += width) {
            int64_t stop = first + width < m->n_cols ? first + width : m->n_cols;
            for (int32_t k = 0; k < n; k++)
                next[k] = turn_row(m, begin + k, next[k], (int32_t)stop, cursor, out);
        }
        begin += n;
    }
}

static void count_columns(const struct rs_csr *m, int32_t begin, int32_t end, int64_t *cursor)
{
    for (int64_t i = m->indptr[begin]; i < m->indptr[end]; i++)
        cursor[m->indices[i]]++;
}

enum rs_code rs_csr_transpose(const struct rs_csr *m, struct rs_csr *out, struct rs_err *err)
{
    int threads = rs_group_threads(m->nnz, m->n_cols);
    size_t n_cols = (size_t)m->n_cols;
    int64_t *cursor = rs_try_alloc((size_t)threads * n_cols, sizeof(*cursor));
    int32_t *bounds = rs_try_alloc((size_t)threads + 1, sizeof(*bounds));
    struct rs_columns c = {0};
    enum rs_code rc = RS_OK;
    if (!cursor || !bounds ||
        !rs_columns_alloc(&c, m->nnz, m->n_cols, columns_of(m->values != NULL, m->times != NULL))) {
        rc = no_memory(m->nnz, err);
        goto done;
    }
    int n_parts = rs_par_split(m->indptr, m->n_rows, 1, threads, bounds);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < n_parts; t++)
        count_columns(m, bounds[t], bounds[t + 1], cursor + (size_t)t * n_cols);
    rs_group_place(cursor, threads, m->n_cols, c.ptr);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < n_parts; t++)
        turn(m, bounds[t], bounds[t + 1], cursor + (size_t)t * n_cols, &c);
    *out = from_columns(&c, m->n_cols, m->n_rows);
done:
    free(cursor);
    free(bounds);
    return rc;
}

/* ---- select, union -------------------------------------------------------------------------- */

static int32_t mapped(const int32_t *map, int32_t n_out, int32_t i)
{
    int32_t to = map ? map[i] : i;
    rs_assert(to < n_out);
    return to;
}

/* Entries of row r of m whose column is kept, at place `to` of c; returns how many. */
static int64_t select_row(const struct rs_csr *m, int32_t r, const int32_t *col_map, int32_t n_cols,
                          struct rs_columns *c, int64_t to)
{
    int64_t first = to;
    for (int64_t i = m->indptr[r]; i < m->indptr[r + 1]; i++) {
        int32_t col = mapped(col_map, n_cols, m->indices[i]);
        if (col < 0) continue;
        if (c) {
            c->col[to] = col;
            if (c->value) c->value[to] = m->values[i];
            if (c->time) c->time[to] = m->times[i];
        }
        to++;
    }
    return to - first;
}

enum rs_code rs_csr_select(const struct rs_csr *m, const int32_t *row_map, int32_t n_rows,
                           const int32_t *col_map, int32_t n_cols, struct rs_csr *out,
                           struct rs_err *err)
{
    struct rs_columns c = {0};
    enum rs_code rc = RS_OK;
    int64_t *ptr = rs_try_alloc((size_t)n_rows + 1, sizeof(*ptr));
    if (!ptr) return no_memory(m->nnz, err);
    for (int32_t r = 0; r < m->n_rows; r++) {
        int32_t to = mapped(row_map, n_rows, r);
        if (to >= 0) ptr[to + 1] += select_row(m, r, col_map, n_cols, NULL, 0);
    }
    for (int32_t r = 0; r < n_rows; r++)
        ptr[r + 1] += ptr[r];
    if (!rs_columns_alloc(&c, ptr[n_rows], n_rows,
                          columns_of(m->values != NULL, m->times != NULL))) {
        rc = no_memory(ptr[n_rows], err);
        goto done;
    }
    memcpy(c.ptr, ptr, ((size_t)n_rows + 1) * sizeof(*ptr));
    for (int32_t r = 0; r < m->n_rows; r++) {
        int32_t to = mapped(row_map, n_rows, r);
        if (to >= 0) ptr[to] += select_row(m, r, col_map, n_cols, &c, ptr[to]);
    }
    int64_t dropped; /* maps that are not one to one: the later entry stays */
    rc = rs_group_sort(&c, n_rows, &dropped, err);
    if (rc) goto done;
    *out = from_columns(&c, n_rows, n_cols);
    c.block = NULL;
done:
    free(ptr);
    free(c.block);
    return rc;
}

static void put(struct rs_columns *c, const struct rs_csr *from, int64_t i)
{
    int64_t to = c->n++;
    c->col[to] = from->indices[i];
    if (c->value) c->value[to] = from->values ? from->values[i] : 1;
    if (c->time) c->time[to] = from->times ? from->times[i] : 0;
}

enum rs_code rs_csr_union(const struct rs_csr *a, const struct rs_csr *b, struct rs_csr *out,
                          struct rs_err *err)
{
    rs_assert(a->n_rows == b->n_rows && a->n_cols == b->n_cols);
    struct rs_columns c;
    if (!rs_columns_alloc(&c, a->nnz + b->nnz, a->n_rows,
                          columns_of(a->values || b->values, a->times || b->times)))
        return no_memory(a->nnz + b->nnz, err);
    c.n = 0;
    for (int32_t r = 0; r < a->n_rows; r++) {
        c.ptr[r] = c.n;
        int64_t i = a->indptr[r];
        int64_t j = b->indptr[r];
        while (i < a->indptr[r + 1] || j < b->indptr[r + 1]) {
            bool a_left = i < a->indptr[r + 1];
            bool b_left = j < b->indptr[r + 1];
            if (b_left && (!a_left || b->indices[j] <= a->indices[i])) {
                if (a_left && a->indices[i] == b->indices[j]) i++;
                put(&c, b, j++);
            } else {
                put(&c, a, i++);
            }
        }
    }
    c.ptr[a->n_rows] = c.n;
    *out = from_columns(&c, a->n_rows, a->n_cols);
    return RS_OK;
}

/* ---- reading and checking ------------------------------------------------------------------- */

bool rs_csr_has(const struct rs_csr *m, int32_t row, int32_t col)
{
    int64_t lo = m->indptr[row];
    int64_t hi = m->indptr[row + 1];
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (m->indices[mid] == col) return true;
        if (m->indices[mid] < col) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return false;
}

/* The first place in row r that is wrong, in words. */
static enum rs_code check_row(const struct rs_csr *m, int32_t r, struct rs_err *err)
{
    for (int64_t i = m->indptr[r]; i < m->indptr[r + 1]; i++) {
        int32_t col = m->indices[i];
        if (col < 0 || col >= m->n_cols)
            return rs_fail(err, RS_EDAMAGED, "row %" PRId32 ": column %" PRId32 " of %" PRId32, r,
                           col, m->n_cols);
        if (i > m->indptr[r] && col <= m->indices[i - 1])
            return rs_fail(err, RS_EDAMAGED, "row %" PRId32 ": columns do not ascend at %" PRId32,
                           r, col);
        if (m->values && !isfinite(m->values[i]))
            return rs_fail(err, RS_EDAMAGED,
                           "row %" PRId32 ": the value at column %" PRId32 " is not finite", r,
                           col);
    }
    return RS_OK;
}

enum rs_code rs_csr_check(const struct rs_csr *m, struct rs_err *err)
{
    if (m->n_rows < 0 || m->n_cols < 0 || m->nnz < 0 || m->indptr[0] != 0 ||
        m->indptr[m->n_rows] != m->nnz)
        return rs_fail(err, RS_EDAMAGED, "row offsets do not span %" PRId64 " entries", m->nnz);
    for (int32_t r = 0; r < m->n_rows; r++) { /* all, before one is used to read */
        if (m->indptr[r] > m->indptr[r + 1])
            return rs_fail(err, RS_EDAMAGED, "row %" PRId32 ": offsets fall", r);
    }
    for (int32_t r = 0; r < m->n_rows; r++) {
        enum rs_code rc = check_row(m, r, err);
        if (rc) return rc;
    }
    return RS_OK;
}

/* ---- packs ---------------------------------------------------------------------------------- */

static const char *section(char name[16], const char *prefix, const char *suffix)
{
    int n = snprintf(name, 16, "%s.%s", prefix, suffix);
    rs_assert(n > 0 && n < 16);
    return name;
}

enum rs_code rs_csr_save(const struct rs_csr *m, struct rs_writer *w, const char *prefix,
                         struct rs_err *err)
{
    char name[16];
    size_t nnz = (size_t)m->nnz;
    enum rs_code rc = rs_writer_add(w, section(name, prefix, "ptr"), RS_PACK_I64, m->indptr,
                                    (size_t)m->n_rows + 1, err);
    if (!rc) {
        rc = rs_writer_add(w, section(name, prefix, "idx"), RS_PACK_I32, m->indices, nnz, err);
    }
    if (!rc && m->values) {
        rc = rs_writer_add(w, section(name, prefix, "val"), RS_PACK_F32, m->values, nnz, err);
    }
    if (!rc && m->times) {
        rc = rs_writer_add(w, section(name, prefix, "time"), RS_PACK_I64, m->times, nnz, err);
    }
    return rc;
}

enum rs_code rs_csr_load(const struct rs_reader *r, const char *prefix, int32_t n_rows,
                         int32_t n_cols, struct rs_csr *out, struct rs_err *err)
{
    char name[16];
    struct rs_csr m = {.n_rows = n_rows, .n_cols = n_cols};
    const void *data;
    enum rs_code rc = rs_pack_get(r, section(name, prefix, "ptr"), RS_PACK_I64, (int64_t)n_rows + 1,
                                  &data, NULL, err);
    if (rc) return rc;
    m.indptr = data;
    rc = rs_pack_get(r, section(name, prefix, "idx"), RS_PACK_I32, -1, &data, &m.nnz, err);
    if (rc) return rc;
    m.indices = data;
    if (rs_pack_has(r, section(name, prefix, "val"))) {
        rc = rs_pack_get(r, name, RS_PACK_F32, m.nnz, &data, NULL, err);
        if (rc) return rc;
        m.values = data;
    }
    if (rs_pack_has(r, section(name, prefix, "time"))) {
        rc = rs_pack_get(r, name, RS_PACK_I64, m.nnz, &data, NULL, err);
        if (rc) return rc;
        m.times = data;
    }
    rc = rs_csr_check(&m, err);
    if (rc) return rs_wrap(err, "'%s': matrix '%s'", rs_pack_path(r), prefix);
    *out = m;
    return RS_OK;
}
