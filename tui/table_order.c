/*
 * table_order - which rows match, and in what order.
 *
 * Keys are computed once into arrays: of a number, bits that compare as it does; of a text, its
 * folded first eight bytes, the rest looked at where those are equal. A descending key is turned
 * over; missing is the largest key of all both ways. Ties go to the previous column, then to the
 * place as loaded, so the order is one whatever the algorithm. Cost O(n log n); 16 bytes a row, and
 * the texts of text columns.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/task.h"
#include "table.h"

enum {
    POLL_ROWS = 2048, /* between looks at the cancel flag */
    RUN = 16,         /* sorted by insertion before merging */
    CELL = 512,
};

#define MISSING UINT64_MAX

/* The keys of one column over the rows that match. */
struct keys {
    bool descending;
    uint64_t *key; /* [n]; NULL: no such column */
    size_t *at;    /* [n] where the text begins; NULL: numbers */
    char *texts;   /* folded, NUL-ended, one after the other */
    size_t len, cap;
};

struct entry {
    uint64_t key;
    int32_t place; /* in the list of matching rows, as loaded */
};

struct job {
    const struct tui_rows *rows;
    struct rs_task *task;
    int steps, step; /* of all the passes over rows: the one that runs */
    int32_t *match;  /* [n] row indices */
    int32_t n;
    struct keys by, then;
    struct rs_err *err;
};

/* At place i of n of a pass. */
static enum rs_code poll(const struct job *j, int64_t i, int64_t n)
{
    if (i % POLL_ROWS != 0) return RS_OK;
    if (rs_task_cancelled(j->task)) return rs_fail(j->err, RS_ECANCEL, "ordering: stopped");
    rs_task_report(j->task, (j->step + (double)i / (double)n) / j->steps);
    return RS_OK;
}

static enum rs_code no_memory(const struct job *j)
{
    return rs_fail(j->err, RS_ENOMEM, "ordering %d rows: out of memory", j->rows->n);
}

/* ---- filter ---- */

struct place {
    const struct tui_rows *rows;
    int32_t row;
};

static const char *read_text(void *ctx, int column, char *buf, int size)
{
    const struct place *p = ctx;
    return tui_rows_text(p->rows, p->row, column, buf, size);
}

static double read_number(void *ctx, int column)
{
    const struct place *p = ctx;
    return tui_rows_number(p->rows, p->row, column);
}

bool tui_rows_match(const struct tui_rows *rows, int32_t row, const struct tui_query *q)
{
    struct place place = {rows, row};
    const struct tui_row_reader reader = {read_text, read_number, &place, rows->columns.n};
    return tui_query_match(q, &reader);
}

static enum rs_code filter(struct job *j, const struct tui_query *q)
{
    for (int32_t row = 0; row < j->rows->n; row++) {
        if (poll(j, row, j->rows->n)) return RS_ECANCEL;
        if (!q || tui_rows_match(j->rows, row, q)) j->match[j->n++] = row;
    }
    return RS_OK;
}

/* ---- keys ---- */

static uint64_t turned(uint64_t key, bool descending)
{
    if (key == MISSING) key--; /* only bytes that are no text come so far */
    return descending ? ~key : key;
}

/* Bits that compare as the numbers do. */
static uint64_t number_key(double v, bool descending)
{
    uint64_t bits;
    if (isnan(v)) return MISSING;
    v += 0.0; /* -0 is 0 */
    memcpy(&bits, &v, sizeof(bits));
    return turned(bits >> 63 ? ~bits : bits | (UINT64_C(1) << 63), descending);
}

static uint64_t text_key(const char *folded, bool descending)
{
    uint64_t key = 0;
    if (!folded[0]) return MISSING;
    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*folded;
        folded += *folded != '\0';
    }
    return turned(key, descending);
}

static bool make_room(struct keys *k, size_t more)
{
    if (k->cap - k->len >= more) return true;
    size_t cap = 2 * k->cap + more;
    char *texts = rs_try_realloc(k->texts, k->len, cap, 1);
    if (!texts) return false;
    k->texts = texts;
    k->cap = cap;
    return true;
}

/* Keeps the text in lower case; "" of a missing one. */
static enum rs_code add_text(const struct job *j, struct keys *k, int32_t i, const char *s)
{
    if (strcmp(s, "-") == 0) s = "";
    size_t n = strlen(s) + 1;
    if (!make_room(k, n)) return no_memory(j);
    tui_fold(s, k->texts + k->len);
    k->at[i] = k->len;
    k->key[i] = text_key(k->texts + k->len, k->descending);
    k->len += n;
    return RS_OK;
}

static enum rs_code make_keys(struct job *j, struct keys *k, int column, bool descending)
{
    char buf[CELL];
    size_t n = (size_t)j->n + 1;
    if (column < 0 || column >= j->rows->columns.n) return RS_OK;
    bool number = (j->rows->columns.list[column].flags & TUI_NUMBER) != 0;
    j->step++;
    k->descending = descending;
    k->key = rs_try_alloc_raw(n, sizeof(*k->key));
    if (!number) k->at = rs_try_alloc_raw(n, sizeof(*k->at));
    if (!k->key || (!number && !k->at)) return no_memory(j);
    for (int32_t i = 0; i < j->n; i++) {
        enum rs_code rc = poll(j, i, j->n);
        if (rc) return rc;
        if (number) {
            k->key[i] = number_key(tui_rows_number(j->rows, j->match[i], column), descending);
            continue;
        }
        rc = add_text(j, k, i, tui_rows_text(j->rows, j->match[i], column, buf, sizeof(buf)));
        if (rc) return rc;
    }
    return RS_OK;
}

static void clear_keys(struct keys *k)
{
    free(k->key);
    free(k->at);
    free(k->texts);
}

/* ---- sort ---- */

/* Where the first eight bytes are equal: the rest. */
static int compare_rest(const struct keys *k, int32_t a, int32_t b)
{
    if (!k->at || k->key[a] == MISSING) return 0;
    int order = strcmp(k->texts + k->at[a], k->texts + k->at[b]);
    return k->descending ? -order : order;
}

static bool before_in_tie(const struct job *j, int32_t a, int32_t b)
{
    int order = compare_rest(&j->by, a, b);
    if (order == 0 && j->then.key) {
        uint64_t x = j->then.key[a];
        uint64_t y = j->then.key[b];
        order = x < y ? -1 : x > y;
        if (order == 0) order = compare_rest(&j->then, a, b);
    }
    return order ? order < 0 : a < b;
}

static inline bool before(const struct job *j, const struct entry *a, const struct entry *b)
{
    if (a->key != b->key) return a->key < b->key;
    return before_in_tie(j, a->place, b->place);
}

static void sort_run(const struct job *j, struct entry *e, int32_t n)
{
    for (int32_t i = 1; i < n; i++) {
        struct entry x = e[i];
        int32_t to = i;
        for (; to > 0 && before(j, &x, &e[to - 1]); to--) {
            e[to] = e[to - 1];
        }
        e[to] = x;
    }
}

/* a[0 .. n_a) and the n_b entries behind them, merged to out. */
static void merge(const struct job *j, const struct entry *a, int32_t n_a, int32_t n_b,
                  struct entry *out)
{
    const struct entry *b = a + n_a;
    const struct entry *end_a = b;
    const struct entry *end_b = b + n_b;
    if (n_a == 0 || n_b == 0 || !before(j, b, b - 1)) { /* in order as they stand */
        memcpy(out, a, (size_t)(n_a + n_b) * sizeof(*a));
        return;
    }
    while (a < end_a && b < end_b) {
        *out++ = before(j, b, a) ? *b++ : *a++;
    }
    memcpy(out, a, (size_t)(end_a - a) * sizeof(*a));
    memcpy(out + (end_a - a), b, (size_t)(end_b - b) * sizeof(*b));
}

/* Bottom-up merge sort from e by way of spare; *sorted_out is the one that holds the result. */
static enum rs_code sort(struct job *j, struct entry *e, struct entry *spare,
                         struct entry **sorted_out)
{
    int64_t n = j->n;
    for (int64_t at = 0; at < n; at += RUN) {
        sort_run(j, e + at, (int32_t)(n - at < RUN ? n - at : RUN));
    }
    for (int64_t width = RUN; width < n; width *= 2) {
        j->step++;
        for (int64_t at = 0; at < n; at += 2 * width) {
            int64_t n_a = n - at < width ? n - at : width;
            int64_t n_b = n - at - n_a < width ? n - at - n_a : width;
            if (poll(j, at, n)) return RS_ECANCEL;
            merge(j, e + at, (int32_t)n_a, (int32_t)n_b, spare + at);
        }
        struct entry *swap = e;
        e = spare;
        spare = swap;
    }
    *sorted_out = e;
    return RS_OK;
}

/* Puts the matching rows into the order of their keys. */
static enum rs_code reorder(struct job *j)
{
    size_t n = (size_t)j->n;
    struct entry *sorted = NULL;
    enum rs_code rc = RS_OK;
    struct entry *e = rs_try_alloc_raw(2 * n + 1, sizeof(*e));
    int32_t *loaded = rs_try_alloc_raw(n + 1, sizeof(*loaded));
    if (!e || !loaded) {
        rc = no_memory(j);
        goto done;
    }
    memcpy(loaded, j->match, n * sizeof(*loaded));
    for (int32_t i = 0; i < j->n; i++) {
        e[i] = (struct entry){j->by.key[i], i};
    }
    rc = sort(j, e, e + n, &sorted);
    if (rc) goto done;
    for (int32_t i = 0; i < j->n; i++) {
        j->match[i] = loaded[sorted[i].place];
    }
done:
    free(e);
    free(loaded);
    return rc;
}

/* The filter, keys of the columns, and as many merges as double a run to n. */
static int count_steps(int32_t n, const struct tui_sort *s)
{
    int steps = 1;
    if (s->column < 0) return steps;
    steps += s->previous < 0 ? 1 : 2;
    for (int64_t width = RUN; width < n; width *= 2) {
        steps++;
    }
    return steps;
}

enum rs_code tui_order(const struct tui_rows *rows, const struct tui_query *q,
                       const struct tui_sort *sort_by, struct rs_task *task, int32_t **out,
                       int32_t *n_out, struct rs_err *err)
{
    struct job j = {.rows = rows, .task = task, .err = err};
    enum rs_code rc;
    *out = NULL;
    *n_out = 0;
    j.match = rs_try_alloc_raw((size_t)rows->n + 1, sizeof(*j.match));
    if (!j.match) return no_memory(&j);
    j.steps = count_steps(rows->n, sort_by);
    rc = filter(&j, q);
    if (!rc) rc = make_keys(&j, &j.by, sort_by->column, sort_by->descending);
    if (!rc && j.by.key) {
        rc = make_keys(&j, &j.then, sort_by->previous, sort_by->previous_descending);
    }
    if (!rc && j.by.key) rc = reorder(&j);
    clear_keys(&j.by);
    clear_keys(&j.then);
    if (rc) {
        free(j.match);
        return rc;
    }
    *out = j.match;
    *n_out = j.n;
    return RS_OK;
}
