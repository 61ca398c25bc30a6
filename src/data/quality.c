/*
 * quality - what a dataset looks like before anybody trains on it.
 *
 * Sums are of integers, or of values in row order: the report does not depend on threads.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/data/dataset.h"
#include "times_impl.h"

#define MAX_DISTINCT      50 /* more different values: a histogram of bins */
#define N_BINS            20
#define DAY_S             86400
#define SECONDS_BEFORE    INT64_C(20000000000) /* the year 2603: later ones are no seconds */
#define NOTE_SHARE        0.1                  /* from here on a share is worth a sentence */
#define CHUNKS_PER_THREAD 8

static double share_of(int64_t n, int64_t of)
{
    return of > 0 ? (double)n / (double)of : 0.0;
}

static void note(struct rs_val *notes, const char *fmt, ...) RS_PRINTF(2, 3);
static void note(struct rs_val *notes, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    rs_val_push(notes, rs_val_str(text));
}

/* ---- values ------------------------------------------------------------------------------- */

struct histogram {
    float min;
    float max;
    double mean;
    int n; /* different values, or MAX_DISTINCT + 1: too many */
    float value[MAX_DISTINCT + 1];
    int64_t rows[MAX_DISTINCT + 1];
    int64_t bins[N_BINS];
};

static void count_value(struct histogram *h, float v)
{
    int low = 0;
    int high = h->n;
    while (low < high) {
        int mid = (low + high) / 2;
        if (h->value[mid] < v) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low < h->n && h->value[low] == v) {
        h->rows[low]++;
        return;
    }
    for (int i = h->n++; i > low; i--) {
        h->value[i] = h->value[i - 1];
        h->rows[i] = h->rows[i - 1];
    }
    h->value[low] = v;
    h->rows[low] = 1;
}

static void histogram_make(struct histogram *h, const struct rs_interactions *x)
{
    *h = (struct histogram){.min = x->n ? x->value[0] : 0, .max = x->n ? x->value[0] : 0};
    double sum = 0;
    for (int64_t r = 0; r < x->n; r++) {
        float v = x->value[r];
        if (v < h->min) h->min = v;
        if (v > h->max) h->max = v;
        sum += (double)v;
        if (h->n <= MAX_DISTINCT) count_value(h, v);
    }
    h->mean = x->n ? sum / (double)x->n : 0;
    double width = ((double)h->max - (double)h->min) / N_BINS;
    if (h->n <= MAX_DISTINCT) return;
    for (int64_t r = 0; r < x->n; r++) {
        int bin = (int)(((double)x->value[r] - (double)h->min) / width);
        h->bins[bin < N_BINS ? bin : N_BINS - 1]++;
    }
}

static struct rs_val *values_val(const struct rs_interactions *x, struct rs_val *notes)
{
    struct histogram h;
    histogram_make(&h, x);
    bool binned = h.n > MAX_DISTINCT;
    struct rs_val *v = rs_val_map();
    rs_val_set_real(v, "min", (double)h.min);
    rs_val_set_real(v, "max", (double)h.max);
    rs_val_set_real(v, "mean", h.mean);
    if (!binned) rs_val_set_int(v, "distinct", h.n);
    struct rs_val *list = rs_val_set(v, "histogram", rs_val_list());
    double width = ((double)h.max - (double)h.min) / N_BINS;
    for (int i = 0; i < (binned ? N_BINS : h.n); i++) {
        struct rs_val *bar = rs_val_push(list, rs_val_map());
        if (binned) {
            rs_val_set_real(bar, "from", (double)h.min + i * width);
            rs_val_set_real(bar, "to", (double)h.min + (i + 1) * width);
        } else {
            rs_val_set_real(bar, "value", (double)h.value[i]);
        }
        rs_val_set_int(bar, "rows", binned ? h.bins[i] : h.rows[i]);
    }
    if (h.n == 1) note(notes, "every value is %g: nothing says what was disliked", (double)h.min);
    return v;
}

/* ---- times -------------------------------------------------------------------------------- */

struct times {
    int64_t known; /* rows with a time */
    int64_t first;
    int64_t last;
    int64_t tied;         /* rows whose user has another row at the same time */
    int64_t second_users; /* users with two rows or more, all at one time */
    int64_t second_rows;
    int64_t day_users; /* on one day, UTC (one time included) */
    int64_t day_rows;
};

static void times_add(struct times *sum, const struct times *t)
{
    if (t->known && (!sum->known || t->first < sum->first)) sum->first = t->first;
    if (t->known && (!sum->known || t->last > sum->last)) sum->last = t->last;
    sum->known += t->known;
    sum->tied += t->tied;
    sum->second_users += t->second_users;
    sum->second_rows += t->second_rows;
    sum->day_users += t->day_users;
    sum->day_rows += t->day_rows;
}

static int64_t day_of(int64_t t)
{
    return t / DAY_S - (t % DAY_S < 0);
}

/* rows[n]: a user's rows with a time, by time; n > 0. */
static void times_of_user(const int64_t *time, const int64_t *rows, int64_t n, struct times *sum)
{
    struct times t = {.known = n, .first = time[rows[0]], .last = time[rows[n - 1]]};
    for (int64_t i = 0; i < n; i++) {
        bool before = i > 0 && time[rows[i - 1]] == time[rows[i]];
        bool after = i + 1 < n && time[rows[i + 1]] == time[rows[i]];
        t.tied += before || after;
    }
    if (n > 1 && t.first == t.last) {
        t.second_users = 1;
        t.second_rows = n;
    }
    if (n > 1 && day_of(t.first) == day_of(t.last)) {
        t.day_users = 1;
        t.day_rows = n;
    }
    times_add(sum, &t);
}

/* Users from..to-1, whose rows begin at ptr[user]; false: out of memory. */
static bool times_of_users(const struct rs_interactions *x, const int64_t *ptr, int32_t from,
                           int32_t to, struct times *sum)
{
    int64_t most = 0;
    for (int32_t u = from; u < to; u++)
        if (ptr[u + 1] - ptr[u] > most) most = ptr[u + 1] - ptr[u];
    int64_t *rows = rs_try_alloc((size_t)most, 2 * sizeof(*rows));
    if (!rows) return false;
    for (int32_t u = from; u < to; u++) {
        int64_t n = 0;
        for (int64_t r = ptr[u]; r < ptr[u + 1]; r++)
            if (x->time[r] != 0) rows[n++] = r;
        rs_sort_by_time(x->time, rows, rows + most, n);
        if (n > 0) times_of_user(x->time, rows, n, sum);
    }
    free(rows);
    return true;
}

static enum rs_code times_make(struct times *t, const struct rs_interactions *x, const int64_t *ptr,
                               struct rs_err *err)
{
    int threads = rs_par_threads();
    int parts = threads * CHUNKS_PER_THREAD;
    int32_t *bounds = rs_xalloc((size_t)parts + 1, sizeof(*bounds));
    struct times *part = rs_xalloc((size_t)parts, sizeof(*part));
    parts = rs_par_split(ptr, rs_idmap_size(x->users), 1, parts, bounds);
    bool failed = false;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(|| : failed)
    for (int p = 0; p < parts; p++)
        failed = !times_of_users(x, ptr, bounds[p], bounds[p + 1], &part[p]) || failed;
    *t = (struct times){0};
    for (int p = 0; p < parts; p++)
        times_add(t, &part[p]);
    free(bounds);
    free(part);
    return failed ? rs_fail(err, RS_ENOMEM, "times of the report: out of memory") : RS_OK;
}

static struct rs_val *times_val(const struct times *t, int64_t rows, struct rs_val *notes)
{
    if (t->known == 0) {
        note(notes, "without times only random, k-fold and user-holdout splits can be cut");
        return rs_val_null();
    }
    bool seconds = t->last < SECONDS_BEFORE;
    struct rs_val *v = rs_val_map();
    rs_val_set(v, "first", rs_time_val(t->first));
    rs_val_set(v, "last", rs_time_val(t->last));
    rs_val_set_real(v, "days", ((double)t->last - (double)t->first) / DAY_S);
    rs_val_set_int(v, "unknown", rows - t->known);
    rs_val_set_int(v, "tied_rows", t->tied);
    rs_val_set_real(v, "tied_share", share_of(t->tied, rows));
    rs_val_set_str(v, "unit", seconds ? "seconds" : "no seconds");
    if (!seconds)
        note(notes,
             "times go beyond the year 2600: they are not seconds since 1970 (milliseconds?)");
    if (share_of(t->tied, rows) >= NOTE_SHARE)
        note(notes,
             "%.0f %% of the rows share their time with another row of the same user: in "
             "temporal splits these go by item id",
             100 * share_of(t->tied, rows));
    return v;
}

static void set_raters(struct rs_val *v, const char *name, int64_t users, int64_t n_users,
                       int64_t rows, int64_t n_rows)
{
    struct rs_val *m = rs_val_set(v, name, rs_val_map());
    rs_val_set_int(m, "users", users);
    rs_val_set_real(m, "users_share", share_of(users, n_users));
    rs_val_set_int(m, "rows", rows);
    rs_val_set_real(m, "rows_share", share_of(rows, n_rows));
}

static struct rs_val *raters_val(const struct times *t, int32_t n_users, int64_t n_rows,
                                 struct rs_val *notes)
{
    struct rs_val *v = rs_val_map();
    set_raters(v, "one_time", t->second_users, n_users, t->second_rows, n_rows);
    set_raters(v, "one_day", t->day_users, n_users, t->day_rows, n_rows);
    if (share_of(t->day_users, n_users) >= NOTE_SHARE)
        note(notes,
             "%.0f %% of the users gave all their ratings on one day: the order of their "
             "rows is one of clicks, not of what they watched when",
             100 * share_of(t->day_users, n_users));
    return v;
}

/* ---- counts ------------------------------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Smallest count that a share q of all does not exceed (nearest rank). counts[n] ascending. */
static int64_t quantile(const int64_t *counts, int32_t n, double q)
{
    int32_t rank = (int32_t)ceil(q * n);
    return counts[rank > 0 ? rank - 1 : 0];
}

static struct rs_val *activity_val(const int64_t *counts, int32_t n, int64_t rows)
{
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"min", 0.0},  {"p10", 0.1}, {"p25", 0.25}, {"median", 0.5},
                     {"p75", 0.75}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1.0}};
    struct rs_val *v = rs_val_map();
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles) && n > 0; i++)
        rs_val_set_int(v, quantiles[i].name, quantile(counts, n, quantiles[i].q));
    rs_val_set_real(v, "mean", share_of(rows, n));
    return v;
}

/* counts[n] ascending: rows of the most popular `top` items. */
static int64_t rows_of_top(const int64_t *counts, int32_t n, int64_t top)
{
    int64_t sum = 0;
    for (int64_t i = n - top; i < n; i++)
        sum += counts[i];
    return sum;
}

static struct rs_val *long_tail_val(const int64_t *counts, int32_t n, int64_t rows)
{
    int64_t ones = 0;
    while (ones < n && counts[ones] <= 1)
        ones++;
    int64_t half = 0;
    for (int64_t sum = 0; half < n && 2 * sum < rows; half++)
        sum += counts[n - 1 - half];
    int64_t top1 = (n + 99) / 100;
    int64_t top10 = (n + 9) / 10;
    struct rs_val *v = rs_val_map();
    rs_val_set_real(v, "top_1_percent_share", share_of(rows_of_top(counts, n, top1), rows));
    rs_val_set_real(v, "top_10_percent_share", share_of(rows_of_top(counts, n, top10), rows));
    rs_val_set_int(v, "items_for_half_of_the_rows", half);
    rs_val_set_int(v, "items_with_one_row", ones);
    return v;
}

/* ---- report ------------------------------------------------------------------------------- */

static void set_reading(struct rs_val *v, const struct rs_ingest_report *r, struct rs_val *notes)
{
    rs_val_set_int(v, "rows_read", r->rows);
    rs_val_set_int(v, "bad_rows", r->bad_rows);
    rs_val_set_real(v, "bad_share", share_of(r->bad_rows, r->rows));
    struct rs_val *examples = rs_val_set(v, "bad_examples", rs_val_list());
    for (int i = 0; i < r->n_examples; i++)
        rs_val_push(examples, rs_val_str(r->examples[i]));
    rs_val_set_int(v, "duplicates", r->duplicates);
    rs_val_set_int(v, "null_values", r->null_values);
    rs_val_set_int(v, "null_times", r->null_times);
    if (r->bad_rows > 0)
        note(notes, "%lld of %lld rows were refused", (long long)r->bad_rows, (long long)r->rows);
    if (r->duplicates > 0)
        note(notes, "%lld rows repeated a user and an item: the later row stayed",
             (long long)r->duplicates);
}

struct counted {
    int64_t *ptr;        /* [n_users + 1] rows of a user */
    int64_t *user_count; /* [n_users] ascending */
    int64_t *item_count; /* [n_items] ascending */
};

static enum rs_code count_rows(struct counted *c, const struct rs_interactions *x,
                               struct rs_err *err)
{
    size_t n_users = (size_t)rs_idmap_size(x->users);
    size_t n_items = (size_t)rs_idmap_size(x->items);
    c->ptr = rs_try_alloc(n_users + 1, sizeof(*c->ptr));
    c->user_count = rs_try_alloc(n_users, sizeof(*c->user_count));
    c->item_count = rs_try_alloc(n_items, sizeof(*c->item_count));
    if (!c->ptr || !c->user_count || !c->item_count)
        return rs_fail(err, RS_ENOMEM, "quality report: out of memory");
    for (int64_t r = 0; r < x->n; r++) {
        c->user_count[x->user[r]]++;
        c->item_count[x->item[r]]++;
    }
    for (size_t u = 0; u < n_users; u++)
        c->ptr[u + 1] = c->ptr[u] + c->user_count[u];
    qsort(c->user_count, n_users, sizeof(*c->user_count), by_count);
    qsort(c->item_count, n_items, sizeof(*c->item_count), by_count);
    return RS_OK;
}

static struct rs_val *report_val(const struct rs_interactions *x, const struct rs_ingest_report *r,
                                 const struct counted *c, const struct times *t)
{
    int32_t n_users = rs_idmap_size(x->users);
    int32_t n_items = rs_idmap_size(x->items);
    struct rs_val *notes = rs_val_list();
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "rows", x->n);
    rs_val_set_int(v, "users", n_users);
    rs_val_set_int(v, "items", n_items);
    double cells = (double)n_users * (double)n_items;
    rs_val_set_real(v, "density", cells > 0 ? (double)x->n / cells : 0);
    if (r) set_reading(v, r, notes);
    rs_val_set(v, "values", values_val(x, notes));
    rs_val_set(v, "times", times_val(t, x->n, notes));
    rs_val_set(v, "bulk_raters", raters_val(t, n_users, x->n, notes));
    rs_val_set(v, "long_tail", long_tail_val(c->item_count, n_items, x->n));
    struct rs_val *activity = rs_val_set(v, "activity", rs_val_map());
    rs_val_set(activity, "rows_of_a_user", activity_val(c->user_count, n_users, x->n));
    rs_val_set(activity, "rows_of_an_item", activity_val(c->item_count, n_items, x->n));
    rs_val_set(v, "notes", notes);
    return v;
}

enum rs_code rs_quality_report(const struct rs_interactions *x, const struct rs_ingest_report *r,
                               struct rs_val **out, struct rs_err *err)
{
    struct counted c = {0};
    struct times t = {0};
    enum rs_code rc = count_rows(&c, x, err);
    if (!rc && x->time) rc = times_make(&t, x, c.ptr, err);
    if (!rc) *out = report_val(x, r, &c, &t);
    free(c.ptr);
    free(c.user_count);
    free(c.item_count);
    return rc;
}
