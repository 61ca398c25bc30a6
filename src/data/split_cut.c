/*
 * split_cut - labels every row with the part that the protocol gives it.
 *
 * Rows of x are sorted by user, then item; so "by (time, user, item)" is a stable order of rows by
 * time, and "a user's rows by (time, item)" one of the user's slice. Every user is labelled on its
 * own, from its rows and a random stream keyed by (seed, user), whatever the number of threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "split_impl.h"
#include "times_impl.h"

#define HISTORY_SHARE     0.8 /* user-holdout: what is known of a held-out user */
#define CHUNKS_PER_THREAD 8

static int64_t share(double ratio, int64_t n)
{
    return (int64_t)floor(ratio * (double)n);
}

/* 1 - a - b as the double nearest to its decimal form: 1 - 0.7 is 0.3, not 0.30000000000000004. */
static double rest(double a, double b)
{
    return round((1.0 - a - b) * 1e12) / 1e12;
}

enum rs_code rs_cut_init(struct cut *c, const struct rs_interactions *x,
                         const struct rs_split_opts *o, struct rs_err *err)
{
    *c = (struct cut){
        .x = x, .n_users = rs_idmap_size(x->users), .n_items = rs_idmap_size(x->items)};
    c->user_ptr = rs_try_alloc((size_t)c->n_users + 1, sizeof(*c->user_ptr));
    c->label = rs_try_alloc((size_t)x->n, 1);
    c->in_user = rs_try_alloc((size_t)c->n_users, 1);
    c->in_item = rs_try_alloc((size_t)c->n_items, 1);
    if (!c->user_ptr || !c->label || !c->in_user || !c->in_item)
        return rs_fail(err, RS_ENOMEM, "split of %lld rows: out of memory", (long long)x->n);
    enum rs_code rc =
        rs_k_core(x, o->user_core, o->item_core, c->in_user, c->in_item, &c->core_rows, err);
    if (rc) return rc;
    for (int64_t r = 0; r < x->n; r++) {
        c->user_ptr[x->user[r] + 1]++;
        c->label[r] = c->in_user[x->user[r]] && c->in_item[x->item[r]] ? ROW_TRAIN : ROW_CORE;
    }
    for (int32_t u = 0; u < c->n_users; u++) {
        c->user_ptr[u + 1] += c->user_ptr[u];
        c->core_users += c->in_user[u];
    }
    for (int32_t i = 0; i < c->n_items; i++)
        c->core_items += c->in_item[i];
    return RS_OK;
}

enum rs_code rs_cut_again(struct cut *c, const struct cut *from, struct rs_err *err)
{
    *c = *from;
    size_t n = (size_t)from->x->n;
    c->user_part = NULL;
    memset(c->raw, 0, sizeof(c->raw));
    memset(c->rows, 0, sizeof(c->rows));
    c->user_ptr = rs_try_alloc((size_t)c->n_users + 1, sizeof(*c->user_ptr));
    c->label = rs_try_alloc(n, 1);
    c->in_user = rs_try_alloc((size_t)c->n_users, 1);
    c->in_item = rs_try_alloc((size_t)c->n_items, 1);
    if (!c->user_ptr || !c->label || !c->in_user || !c->in_item)
        return rs_fail(err, RS_ENOMEM, "split of %zu rows: out of memory", n);
    memcpy(c->user_ptr, from->user_ptr, ((size_t)c->n_users + 1) * sizeof(*c->user_ptr));
    for (size_t r = 0; r < n; r++)
        c->label[r] = from->label[r] == ROW_CORE ? ROW_CORE : ROW_TRAIN;
    return RS_OK;
}

void rs_cut_clear(struct cut *c)
{
    free(c->user_ptr);
    free(c->label);
    free(c->in_user);
    free(c->in_item);
    free(c->user_part);
    *c = (struct cut){0};
}

/* ---- cuts of the whole time line ---------------------------------------------------------- */

/* Order-keeping map of times to unsigned. */
static uint64_t time_key(int64_t t)
{
    return (uint64_t)t ^ UINT64_C(1) << 63;
}

/* Time of the row of rank k in the order (time, row) of the k-core's rows, and how many rows of
 * that very time come before it: a radix selection from the top byte down, O(n), no sorting. */
static int64_t select_time(const struct cut *c, int64_t k, int64_t *ties_out)
{
    uint64_t prefix = 0;
    for (int shift = 56; shift >= 0; shift -= 8) {
        int64_t count[256] = {0};
        for (int64_t r = 0; r < c->x->n; r++) {
            uint64_t key = time_key(c->x->time[r]);
            bool under = shift == 56 || (key ^ prefix) >> (shift + 8) == 0;
            if (under && c->label[r] != ROW_CORE) count[key >> shift & 255]++;
        }
        uint64_t byte = 0;
        while (k >= count[byte])
            k -= count[byte++];
        prefix |= byte << shift;
    }
    *ties_out = k;
    return (int64_t)(prefix ^ UINT64_C(1) << 63);
}

/* Give `label` to the rows of rank k and above, in the order (time, row). */
static void label_from(struct cut *c, int64_t k, enum row_label label)
{
    if (k >= c->core_rows) return;
    int64_t ties;
    int64_t time = select_time(c, k, &ties);
    for (int64_t r = 0; r < c->x->n; r++) {
        if (c->label[r] == ROW_CORE || c->x->time[r] < time) continue;
        if (c->x->time[r] == time && ties > 0) {
            ties--;
        } else {
            c->label[r] = (uint8_t)label;
        }
    }
}

static void cut_global(struct cut *c, const struct rs_split_opts *o)
{
    label_from(c, share(rest(o->test_ratio, o->val_ratio), c->core_rows), ROW_VAL);
    label_from(c, share(rest(o->test_ratio, 0), c->core_rows), ROW_TEST);
}

static void cut_rolling(struct cut *c, const struct rs_split_opts *o)
{
    int64_t half = c->core_rows / 2;
    int64_t length = c->core_rows - half;
    int64_t begin = half + length * o->fold / o->windows;
    int64_t end = half + length * (o->fold + 1) / o->windows;
    label_from(c, begin - share(o->val_ratio, begin), ROW_VAL);
    label_from(c, begin, ROW_TEST);
    label_from(c, end, ROW_LATER);
}

/* ---- cuts of every user's rows ------------------------------------------------------------ */

static bool by_time(const struct cut *c, const struct rs_split_opts *o)
{
    return rs_split_needs_times(o->protocol) ||
           (o->protocol == RS_USER_HOLDOUT && c->x->time != NULL);
}

static void label_range(struct cut *c, const int64_t *rows, int64_t from, int64_t to,
                        enum row_label label)
{
    for (int64_t i = from; i < to; i++)
        c->label[rows[i]] = (uint8_t)label;
}

/* The last n_test rows, and the n_val before them. */
static void label_tail(struct cut *c, const int64_t *rows, int64_t n, int64_t n_test, int64_t n_val)
{
    label_range(c, rows, n - n_test - n_val, n - n_test, ROW_VAL);
    label_range(c, rows, n - n_test, n, ROW_TEST);
}

static void label_fold(struct cut *c, const struct rs_split_opts *o, const int64_t *rows, int64_t n,
                       struct rs_rng *rng)
{
    int64_t first = (int64_t)rs_rng_below(rng, (uint64_t)o->folds); /* or fold 0 would be largest */
    int64_t n_test = 0;
    for (int64_t i = 0; i < n; i++)
        n_test += (first + i) % o->folds == o->fold;
    int64_t n_val = share(o->val_ratio, n - n_test);
    for (int64_t i = 0; i < n; i++) {
        bool test = (first + i) % o->folds == o->fold;
        if (test || n_val > 0) c->label[rows[i]] = test ? ROW_TEST : ROW_VAL;
        n_val -= !test;
    }
}

/* rows[n]: the user's rows of the k-core, by time or shuffled. */
static void label_user(struct cut *c, const struct rs_split_opts *o, int32_t user,
                       const int64_t *rows, int64_t n, struct rs_rng *rng)
{
    int64_t last = o->n_last;
    int64_t last_val = o->val_ratio > 0 ? last : 0;
    switch (o->protocol) {
    case RS_USER_TEMPORAL:
    case RS_RANDOM:
        label_tail(c, rows, n, share(o->test_ratio, n), share(o->val_ratio, n));
        break;
    case RS_LEAVE_LAST_N:
        if (n > last + last_val) label_tail(c, rows, n, last, last_val);
        break;
    case RS_K_FOLD:
        label_fold(c, o, rows, n, rng);
        break;
    case RS_USER_HOLDOUT:
        if (c->user_part[user] != ROW_TRAIN) {
            int64_t history = share(HISTORY_SHARE, n);
            if (history == 0) history = 1;
            label_range(c, rows, 0, history, ROW_FOLD);
            label_range(c, rows, history, n, (enum row_label)c->user_part[user]);
        }
        break;
    case RS_GIVEN:
        label_tail(c, rows, n, 0, share(o->val_ratio, n));
        break;
    default:
        rs_assert(!"a protocol that is not cut by user");
    }
}

/* Users from..to-1; false: out of memory. */
static bool cut_users(struct cut *c, const struct rs_split_opts *o, int32_t from, int32_t to)
{
    int64_t most = 0;
    for (int32_t u = from; u < to; u++) {
        int64_t n = c->user_ptr[u + 1] - c->user_ptr[u];
        if (n > most) most = n;
    }
    int64_t *rows = rs_try_alloc((size_t)most, 2 * sizeof(*rows));
    if (!rows) return false;
    for (int32_t u = from; u < to; u++) {
        int64_t n = 0;
        for (int64_t r = c->user_ptr[u]; r < c->user_ptr[u + 1]; r++)
            if (c->label[r] != ROW_CORE) rows[n++] = r;
        if (n == 0) continue;
        struct rs_rng rng = rs_rng_make(o->seed, rs_rng_stream("split.rows", (uint64_t)u));
        if (by_time(c, o)) {
            rs_sort_by_time(c->x->time, rows, rows + most, n);
        } else {
            rs_rng_shuffle(&rng, rows, n);
        }
        label_user(c, o, u, rows, n, &rng);
    }
    free(rows);
    return true;
}

static enum rs_code cut_each_user(struct cut *c, const struct rs_split_opts *o, struct rs_err *err)
{
    int threads = rs_par_threads();
    int parts = threads * CHUNKS_PER_THREAD;
    int32_t *bounds = rs_xalloc((size_t)parts + 1, sizeof(*bounds));
    parts = rs_par_split(c->user_ptr, c->n_users, 1, parts, bounds);
    bool failed = false;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(|| : failed)
    for (int p = 0; p < parts; p++)
        failed = !cut_users(c, o, bounds[p], bounds[p + 1]) || failed;
    free(bounds);
    return failed ? rs_fail(err, RS_ENOMEM, "split by user: out of memory") : RS_OK;
}

/* Which users are held out, and for what. */
static enum rs_code pick_users(struct cut *c, const struct rs_split_opts *o, struct rs_err *err)
{
    int64_t *users = rs_try_alloc((size_t)c->core_users, sizeof(*users));
    c->user_part = rs_try_alloc((size_t)c->n_users, 1);
    if (!users || !c->user_part) {
        free(users);
        return rs_fail(err, RS_ENOMEM, "split of %d users: out of memory", c->n_users);
    }
    int64_t n = 0;
    for (int32_t u = 0; u < c->n_users; u++)
        if (c->in_user[u]) users[n++] = u;
    struct rs_rng rng = rs_rng_make(o->seed, rs_rng_stream("split.users", 0));
    rs_rng_shuffle(&rng, users, n);
    int64_t n_test = share(o->test_ratio, n);
    int64_t n_held = n_test + share(o->val_ratio, n);
    memset(c->user_part, ROW_TRAIN, (size_t)c->n_users);
    for (int64_t i = 0; i < n_held; i++)
        c->user_part[users[i]] = i < n_test ? ROW_TEST : ROW_VAL;
    free(users);
    return RS_OK;
}

/* ---- what is known ------------------------------------------------------------------------ */

/* Items with a train row, users with a train row or a history; drop the held-out rest. */
static void settle(struct cut *c)
{
    const struct rs_interactions *x = c->x;
    memset(c->in_user, 0, (size_t)c->n_users);
    memset(c->in_item, 0, (size_t)c->n_items);
    for (int64_t r = 0; r < x->n; r++) {
        c->raw[c->label[r]]++;
        if (c->label[r] == ROW_TRAIN) c->in_user[x->user[r]] = c->in_item[x->item[r]] = 1;
    }
    for (int64_t r = 0; r < x->n; r++) {
        if (c->label[r] != ROW_FOLD) continue;
        if (c->in_item[x->item[r]]) {
            c->in_user[x->user[r]] = 1;
        } else {
            c->label[r] = ROW_NO_ITEM;
        }
    }
    for (int64_t r = 0; r < x->n; r++) {
        if (c->label[r] == ROW_VAL || c->label[r] == ROW_TEST) {
            if (!c->in_user[x->user[r]]) {
                c->label[r] = ROW_NO_USER;
            } else if (!c->in_item[x->item[r]]) {
                c->label[r] = ROW_NO_ITEM;
            }
        }
        c->rows[c->label[r]]++;
    }
}

enum rs_code rs_cut_run(struct cut *c, const struct rs_split_opts *o, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    switch (o->protocol) {
    case RS_GLOBAL_TEMPORAL:
        cut_global(c, o);
        break;
    case RS_ROLLING:
        cut_rolling(c, o);
        break;
    case RS_NONE:
        break;
    case RS_USER_HOLDOUT:
        rc = pick_users(c, o, err);
        if (!rc) rc = cut_each_user(c, o, err);
        break;
    default:
        rc = cut_each_user(c, o, err);
    }
    if (!rc) settle(c);
    return rc;
}

int64_t rs_cut_evaluable(const struct cut *c, double threshold)
{
    int64_t n = 0;
    for (int32_t u = 0; u < c->n_users; u++) {
        bool found = false;
        for (int64_t r = c->user_ptr[u]; r < c->user_ptr[u + 1] && !found; r++)
            found = c->label[r] == ROW_TEST && rs_is_relevant(c->x->value[r], threshold);
        n += found;
    }
    return n;
}
