/*
 * csr_group - counting sort by row and a stable sort inside rows.
 *
 * Every thread takes consecutive runs and has its own cursor for each row, so entries of a row stay
 * in file order whatever the number of threads; "the last stays" relies on that.
 */
#include "csr_impl.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"

#define INSERTION_MAX  24 /* rows up to here are sorted by insertion, longer ones by radix */
#define PARTS_A_THREAD 16 /* ranges of rows a thread, for balance */

/* ---- columns in one block ------------------------------------------------------------------- */

/* Take n elements off the block's plan; false on overflow. */
static bool plan(size_t *at, size_t n, size_t size, size_t *offset_out)
{
    size_t bytes;
    *offset_out = *at;
    if (__builtin_mul_overflow(n, size, &bytes) || __builtin_add_overflow(bytes, 63, &bytes))
        return false;
    return !__builtin_add_overflow(*at, bytes / 64 * 64, at);
}

bool rs_columns_alloc(struct rs_columns *c, int64_t n, int32_t n_rows, unsigned columns)
{
    size_t len = (size_t)n;
    size_t end = 0;
    size_t ptr;
    size_t row;
    size_t col;
    size_t value;
    size_t time;
    size_t type;
    bool ok = plan(&end, columns & RS_COLUMN_PTR ? (size_t)n_rows + 1 : 0, sizeof(int64_t), &ptr) &&
              plan(&end, columns & RS_COLUMN_TIME ? len : 0, sizeof(int64_t), &time) &&
              plan(&end, columns & RS_COLUMN_ROW ? len : 0, sizeof(int32_t), &row) &&
              plan(&end, len, sizeof(int32_t), &col) &&
              plan(&end, columns & RS_COLUMN_VALUE ? len : 0, sizeof(float), &value) &&
              plan(&end, columns & RS_COLUMN_TYPE ? len : 0, 1, &type);
    char *block = ok ? rs_try_alloc_raw(end, 1) : NULL;
    if (!block) return false;
    *c = (struct rs_columns){
        .n = n,
        .ptr = columns & RS_COLUMN_PTR ? (int64_t *)(void *)(block + ptr) : NULL,
        .row = columns & RS_COLUMN_ROW ? (int32_t *)(void *)(block + row) : NULL,
        .col = (int32_t *)(void *)(block + col),
        .value = columns & RS_COLUMN_VALUE ? (float *)(void *)(block + value) : NULL,
        .time = columns & RS_COLUMN_TIME ? (int64_t *)(void *)(block + time) : NULL,
        .type = columns & RS_COLUMN_TYPE ? (uint8_t *)(block + type) : NULL,
        .block = block,
    };
    return true;
}

static enum rs_code no_memory(int64_t n, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "no memory for %" PRId64 " interactions", n);
}

/* ---- sort inside rows ----------------------------------------------------------------------- */

/* One thread's room for the longest unsorted row seen. A key is (column, place in the row). */
struct scratch {
    int64_t cap;
    uint64_t *block; /* of both lists of keys */
    uint64_t *keys;
    uint64_t *keys2;
    struct rs_columns copy;
};

static void scratch_clear(struct scratch *s)
{
    free(s->block);
    free(s->copy.block);
    *s = (struct scratch){0};
}

static bool scratch_fit(struct scratch *s, int64_t n)
{
    if (n <= s->cap) return true;
    int64_t cap = n > INT64_MAX / 4 ? n : 2 * n;
    scratch_clear(s);
    s->block = rs_try_alloc_raw((size_t)cap, 2 * sizeof(*s->block));
    if (!s->block ||
        !rs_columns_alloc(&s->copy, cap, 0, RS_COLUMN_VALUE | RS_COLUMN_TIME | RS_COLUMN_TYPE))
        return false;
    s->keys = s->block;
    s->keys2 = s->block + cap;
    s->cap = cap;
    return true;
}

static void sort_insertion(uint64_t *keys, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        int64_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

/* By the upper 32 bits, a byte a pass; equal ones keep their order. The result is in keys. */
static void sort_radix(struct scratch *s, int64_t n)
{
    uint64_t differ = 0; /* bits in which two keys differ */
    for (int64_t i = 1; i < n; i++)
        differ |= s->keys[i] ^ s->keys[0];
    for (int shift = 32; shift < 64; shift += 8) {
        if (!(differ >> shift & 0xff)) continue;
        int64_t at[257] = {0};
        for (int64_t i = 0; i < n; i++)
            at[(s->keys[i] >> shift & 0xff) + 1]++;
        for (int b = 0; b < 256; b++)
            at[b + 1] += at[b];
        for (int64_t i = 0; i < n; i++)
            s->keys2[at[s->keys[i] >> shift & 0xff]++] = s->keys[i];
        uint64_t *swap = s->keys;
        s->keys = s->keys2;
        s->keys2 = swap;
    }
}

static bool ascending(const int32_t *col, int64_t n)
{
    int64_t bad = 0;
    for (int64_t i = 1; i < n; i++)
        bad += col[i] <= col[i - 1];
    return bad == 0;
}

/* Entries begin .. begin + n of c: sorted, the last of equal columns; returns how many stay. */
static int64_t sort_row(struct rs_columns *c, int64_t begin, int64_t n, struct scratch *s)
{
    rs_assert(n <= s->cap && s->copy.value && s->copy.time && s->copy.type);
    for (int64_t i = 0; i < n; i++)
        s->keys[i] = (uint64_t)(uint32_t)c->col[begin + i] << 32 | (uint64_t)i;
    if (c->value) memcpy(s->copy.value, c->value + begin, (size_t)n * sizeof(*c->value));
    if (c->time) memcpy(s->copy.time, c->time + begin, (size_t)n * sizeof(*c->time));
    if (c->type) memcpy(s->copy.type, c->type + begin, (size_t)n * sizeof(*c->type));
    if (n <= INSERTION_MAX) {
        sort_insertion(s->keys, n);
    } else {
        sort_radix(s, n);
    }
    int64_t kept = begin;
    for (int64_t i = 0; i < n; i++) {
        uint32_t col = (uint32_t)(s->keys[i] >> 32);
        if (i + 1 < n && (uint32_t)(s->keys[i + 1] >> 32) == col) continue; /* a later one comes */
        uint32_t from = (uint32_t)s->keys[i];
        c->col[kept] = (int32_t)col;
        if (c->value) c->value[kept] = s->copy.value[from];
        if (c->time) c->time[kept] = s->copy.time[from];
        if (c->type) c->type[kept] = s->copy.type[from];
        kept++;
    }
    return kept - begin;
}

/* Rows begin .. end; kept[r] = entries that stay. False: out of memory. */
static bool sort_range(struct rs_columns *c, int32_t begin, int32_t end, int64_t *kept,
                       struct scratch *s, int64_t *dropped)
{
    for (int32_t r = begin; r < end; r++) {
        int64_t n = c->ptr[r + 1] - c->ptr[r];
        kept[r] = n;
        if (ascending(c->col + c->ptr[r], n)) continue;
        if (!scratch_fit(s, n)) return false;
        kept[r] = sort_row(c, c->ptr[r], n, s);
        *dropped += n - kept[r];
    }
    return true;
}

static void compact(struct rs_columns *c, int32_t n_rows, const int64_t *kept)
{
    int64_t to = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t from = c->ptr[r];
        size_t n = (size_t)kept[r];
        c->ptr[r] = to;
        memmove(c->col + to, c->col + from, n * sizeof(*c->col));
        if (c->value) memmove(c->value + to, c->value + from, n * sizeof(*c->value));
        if (c->time) memmove(c->time + to, c->time + from, n * sizeof(*c->time));
        if (c->type) memmove(c->type + to, c->type + from, n * sizeof(*c->type));
        to += kept[r];
    }
    c->ptr[n_rows] = to;
    c->n = to;
}

static void fill_rows(struct rs_columns *c, int32_t n_rows)
{
    for (int32_t r = 0; r < n_rows; r++) {
        for (int64_t i = c->ptr[r]; i < c->ptr[r + 1]; i++)
            c->row[i] = r;
    }
}

enum rs_code rs_group_sort(struct rs_columns *c, int32_t n_rows, int64_t *dropped_out,
                           struct rs_err *err)
{
    int threads = rs_group_threads(c->n, n_rows);
    int parts = threads == 1 ? 1 : threads * PARTS_A_THREAD;
    int64_t *kept = rs_try_alloc_raw((size_t)n_rows, sizeof(*kept));
    int32_t *bounds = rs_try_alloc((size_t)parts + 1, sizeof(*bounds));
    int64_t dropped = 0;
    if (!kept || !bounds) {
        free(kept);
        free(bounds);
        return no_memory(c->n, err);
    }
    atomic_bool ok = true;
    int n_parts = rs_par_split(c->ptr, n_rows, 1, parts, bounds);
#pragma omp parallel num_threads(threads) reduction(+ : dropped)
    {
        struct scratch s = {0};
#pragma omp for schedule(dynamic, 1)
        for (int p = 0; p < n_parts; p++) {
            if (ok && !sort_range(c, bounds[p], bounds[p + 1], kept, &s, &dropped)) ok = false;
        }
        scratch_clear(&s);
    }
    if (ok && dropped > 0) compact(c, n_rows, kept);
    if (ok && dropped > 0 && c->row) fill_rows(c, n_rows);
    free(kept);
    free(bounds);
    if (!ok) return no_memory(c->n, err);
    *dropped_out = dropped;
    return RS_OK;
}

/* ---- counting sort by row ------------------------------------------------------------------- */

int rs_group_threads(int64_t n, int32_t n_keys)
{
    int64_t worth = n / (4 * ((int64_t)n_keys + 1024));
    int threads = rs_par_threads();
    return worth < 1 ? 1 : worth < threads ? (int)worth : threads;
}

/* ptr[u] for the users that begin in begin .. end. */
static void fill_ptr(const int32_t *row, int64_t begin, int64_t end, int64_t *ptr)
{
    for (int64_t i = begin; i < end; i++) {
        int32_t before = i > 0 ? row[i - 1] : -1;
        for (int32_t r = before + 1; r <= row[i]; r++)
            ptr[r] = i;
    }
}

void rs_group_ptr(const int32_t *row, int64_t n, int32_t n_rows, int64_t *ptr)
{
    int threads = rs_group_threads(n, n_rows);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        fill_ptr(row, n * t / threads, n * (t + 1) / threads, ptr);
    for (int32_t r = n > 0 ? row[n - 1] + 1 : 0; r <= n_rows; r++)
        ptr[r] = n;
}

static void scatter(const struct rs_run *run, int64_t begin, int64_t end, int64_t *cursor,
                    struct rs_columns *out)
{
    for (int64_t i = begin; i < end; i++) {
        int64_t at = cursor[run->row[i]]++;
        out->col[at] = run->col[i];
        if (out->value) out->value[at] = run->value ? run->value[i] : 1;
        if (out->time) out->time[at] = run->time ? run->time[i] : 0;
        if (out->type) out->type[at] = run->type ? run->type[i] : 0;
    }
}

/* Entries begin .. end of all runs in a row, counted in (out NULL) or moved by cursor. */
static void walk(const struct rs_run *runs, int n_runs, int64_t begin, int64_t end, int64_t *cursor,
                 struct rs_columns *out)
{
    int64_t first = 0; /* of this run */
    for (int k = 0; k < n_runs && first < end; first += runs[k].n, k++) {
        int64_t lo = begin > first ? begin - first : 0;
        int64_t hi = end - first < runs[k].n ? end - first : runs[k].n;
        if (out) {
            scatter(&runs[k], lo, hi, cursor, out);
            continue;
        }
        for (int64_t i = lo; i < hi; i++)
            cursor[runs[k].row[i]]++;
    }
}

void rs_group_place(int64_t *cursor, int threads, int32_t n_keys, int64_t *ptr)
{
    int64_t at = 0;
    for (int32_t k = 0; k < n_keys; k++) {
        ptr[k] = at;
        for (int t = 0; t < threads; t++) {
            int64_t *c = &cursor[(size_t)t * (size_t)n_keys + (size_t)k];
            int64_t count = *c;
            *c = at;
            at += count;
        }
    }
    ptr[n_keys] = at;
}

enum rs_code rs_group(const struct rs_run *runs, int n_runs, int32_t n_rows, unsigned columns,
                      struct rs_columns *out, int64_t *dropped_out, struct rs_err *err)
{
    int64_t n = 0;
    for (int k = 0; k < n_runs; k++)
        n += runs[k].n;
    int threads = rs_group_threads(n, n_rows);
    struct rs_columns c = {0};
    int64_t *cursor = rs_try_alloc((size_t)threads * (size_t)n_rows, sizeof(*cursor));
    enum rs_code rc = RS_OK;
    if (!cursor || !rs_columns_alloc(&c, n, n_rows, columns | RS_COLUMN_PTR)) {
        rc = no_memory(n, err);
        goto done;
    }
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        walk(runs, n_runs, n * t / threads, n * (t + 1) / threads,
             cursor + (size_t)t * (size_t)n_rows, NULL);
    rs_group_place(cursor, threads, n_rows, c.ptr);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        walk(runs, n_runs, n * t / threads, n * (t + 1) / threads,
             cursor + (size_t)t * (size_t)n_rows, &c);
    rc = rs_group_sort(&c, n_rows, dropped_out, err);
    if (rc) goto done;
    if (c.row && *dropped_out == 0) fill_rows(&c, n_rows);
    *out = c;
    c.block = NULL;
done:
    free(cursor);
    free(c.block);
    return rc;
}
