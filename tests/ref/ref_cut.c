/* ref_cut - see the header. */
#include "ref/ref_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

/* ---- datasets ----------------------------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
    const struct ref_row *x = a;
    const struct ref_row *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct rs_idmap *ids_of(const struct ref_row *rows, int n, bool users)
{
    int64_t *ids = rs_xalloc((size_t)n, sizeof(*ids));
    int n_ids = 0;
    for (int r = 0; r < n; r++)
        ids[r] = users ? rows[r].user : rows[r].item;
    qsort(ids, (size_t)n, sizeof(*ids), by_id);
    for (int r = 0; r < n; r++)
        if (r == 0 || ids[r] != ids[r - 1]) ids[n_ids++] = ids[r];
    struct rs_idmap *m = NULL;
    struct rs_err err = {0};
    assert_ok(rs_idmap_from_ints(ids, n_ids, &m, &err), &err);
    free(ids);
    return m;
}

struct rs_interactions ref_interactions(const struct ref_row *rows, int n, bool times)
{
    struct ref_row *sorted = rs_xalloc((size_t)n, sizeof(*sorted));
    if (n > 0) memcpy(sorted, rows, (size_t)n * sizeof(*rows));
    qsort(sorted, (size_t)n, sizeof(*sorted), by_pair);
    int32_t *user = rs_xalloc((size_t)n, sizeof(*user));
    int32_t *item = rs_xalloc((size_t)n, sizeof(*item));
    float *value = rs_xalloc((size_t)n, sizeof(*value));
    int64_t *time = times ? rs_xalloc((size_t)n, sizeof(*time)) : NULL;
    struct rs_interactions x = {.n = n, .user = user, .item = item, .value = value, .time = time};
    x.users = ids_of(rows, n, true);
    x.items = ids_of(rows, n, false);
    for (int r = 0; r < n; r++) {
        user[r] = rs_idmap_find_int(x.users, sorted[r].user);
        item[r] = rs_idmap_find_int(x.items, sorted[r].item);
        value[r] = sorted[r].value;
        if (times) time[r] = sorted[r].time;
    }
    free(sorted);
    return x;
}

void ref_interactions_clear(struct rs_interactions *x)
{
    free((void *)(uintptr_t)x->user);
    free((void *)(uintptr_t)x->item);
    free((void *)(uintptr_t)x->value);
    free((void *)(uintptr_t)x->time);
    rs_idmap_free(x->users);
    rs_idmap_free(x->items);
    *x = (struct rs_interactions){0};
}

struct rs_dataset *ref_dataset(const char *dir, const struct ref_row *rows, int n, bool times)
{
    struct rs_err err = {0};
    struct rs_interactions x = ref_interactions(rows, n, times);
    struct rs_catalogue *c = rs_catalogue_new(rs_idmap_size(x.items));
    assert_non_null(c);
    for (int32_t i = 0; i < rs_idmap_size(x.items); i++) {
        int64_t id = rs_idmap_int(x.items, i);
        char *title = rs_xprintf("item %lld (2000)", (long long)id);
        assert_ok(rs_catalogue_set(c, i, title, id % 2 ? "Odd|All" : "All", 0, &err), &err);
        free(title);
    }
    struct rs_val *report = NULL;
    assert_ok(rs_quality_report(&x, NULL, &report, &err), &err);
    char *path = rs_path_join(dir, "dataset.rsd");
    assert_ok(rs_dataset_save(path, &x, c, report, &err), &err);
    struct rs_dataset *d = NULL;
    assert_ok(rs_dataset_open(path, "made-up", &d, &err), &err);
    free(path);
    rs_val_free(report);
    rs_catalogue_free(c);
    ref_interactions_clear(&x);
    return d;
}

int ref_rows_make(uint64_t seed, struct ref_row *rows, int max)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("ref.rows", 0));
    int n_users = 1 + (int)rs_rng_below(&rng, 30);
    int n_items = 1 + (int)rs_rng_below(&rng, 30);
    double density = 0.05 + 0.9 * rs_rng_uniform(&rng);
    uint64_t span = 1 + rs_rng_below(&rng, seed % 3 ? 40 : 100000); /* few times: many ties */
    int64_t start = (int64_t)rs_rng_below(&rng, 1000) - 500;
    int n = 0;
    for (int u = 0; u < n_users; u++) {
        for (int i = 0; i < n_items && n < max; i++) {
            if (rs_rng_uniform(&rng) >= density) continue;
            rows[n++] = (struct ref_row){.user = 7 * u - 20,
                                         .item = 3 * i + 1,
                                         .value = (float)(1 + rs_rng_below(&rng, 10)) / 2,
                                         .time = start + (int64_t)rs_rng_below(&rng, span)};
        }
    }
    return n;
}

/* ---- k-core ------------------------------------------------------------------------------- */

int ref_k_core(const struct ref_row *rows, int n, int user_core, int item_core, uint8_t *keep)
{
    memset(keep, 1, (size_t)n);
    int left = n;
    for (bool changed = true; changed;) {
        changed = false;
        for (int r = 0; r < n; r++) {
            int of_user = 0;
            int of_item = 0;
            for (int s = 0; s < n && keep[r]; s++) {
                of_user += keep[s] && rows[s].user == rows[r].user;
                of_item += keep[s] && rows[s].item == rows[r].item;
            }
            if (!keep[r] || (of_user >= user_core && of_item >= item_core)) continue;
            keep[r] = 0;
            left--;
            changed = true;
        }
    }
    return left;
}

/* ---- splits ------------------------------------------------------------------------------- */

struct placed {
    struct ref_row row;
    int at;
};

static int by_time(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;
    if (x->row.time != y->row.time) return x->row.time < y->row.time ? -1 : 1;
    return by_pair(&x->row, &y->row);
}

/* Kept rows of one user, or of all, by (time, user, item). */
static int in_order(const struct ref_row *rows, int n, const uint8_t *keep, bool all, int64_t user,
                    struct placed *out)
{
    int m = 0;
    for (int r = 0; r < n; r++)
        if (keep[r] && (all || rows[r].user == user)) out[m++] = (struct placed){rows[r], r};
    qsort(out, (size_t)m, sizeof(*out), by_time);
    return m;
}

static void label_user(const struct rs_split_opts *o, const struct placed *p, int n, uint8_t *label)
{
    int n_test = 0;
    int n_val = 0;
    if (o->protocol == RS_USER_TEMPORAL) {
        n_test = (int)floor(o->test_ratio * n);
        n_val = (int)floor(o->val_ratio * n);
    } else {
        int with_val = o->val_ratio > 0;
        if (n >= o->n_last * (1 + with_val) + 1) {
            n_test = o->n_last;
            n_val = o->n_last * with_val;
        }
    }
    for (int i = 0; i < n; i++) {
        if (i >= n - n_test) {
            label[p[i].at] = REF_TEST;
        } else if (i >= n - n_test - n_val) {
            label[p[i].at] = REF_VAL;
        } else {
            label[p[i].at] = REF_TRAIN;
        }
    }
}

static void label_line(const struct rs_split_opts *o, double train_share, double before_test,
                       const struct placed *p, int n, uint8_t *label)
{
    int val_at = (int)floor(train_share * n);
    int test_at = (int)floor(before_test * n);
    int end = n;
    if (o->protocol == RS_NONE) val_at = test_at = n;
    if (o->protocol == RS_ROLLING) {
        int half = n / 2;
        test_at = half + (n - half) * o->fold / o->windows;
        end = half + (n - half) * (o->fold + 1) / o->windows;
        val_at = test_at - (int)floor(o->val_ratio * test_at);
    }
    for (int i = 0; i < n; i++)
        label[p[i].at] = i < val_at    ? REF_TRAIN
                         : i < test_at ? REF_VAL
                         : i < end     ? REF_TEST
                                       : REF_LATER;
}

void ref_cut_labels(const struct ref_row *rows, int n, const struct rs_split_opts *o,
                    double train_share, double before_test, const uint8_t *keep, uint8_t *label)
{
    struct placed *p = rs_xalloc((size_t)n, sizeof(*p));
    memset(label, REF_OUT, (size_t)n);
    if (o->protocol == RS_USER_TEMPORAL || o->protocol == RS_LEAVE_LAST_N) {
        for (int r = 0; r < n; r++) /* a user's rows again and again, with the same result */
            label_user(o, p, in_order(rows, n, keep, false, rows[r].user, p), label);
    } else {
        label_line(o, train_share, before_test, p, in_order(rows, n, keep, true, 0, p), label);
    }
    free(p);
}

void ref_cut_drop_unknown(const struct ref_row *rows, int n, uint8_t *label)
{
    for (int r = 0; r < n; r++) {
        if (label[r] != REF_VAL && label[r] != REF_TEST) continue;
        bool user = false;
        bool item = false;
        for (int s = 0; s < n; s++) {
            user = user || (label[s] == REF_TRAIN && rows[s].user == rows[r].user);
            item = item || (label[s] == REF_TRAIN && rows[s].item == rows[r].item);
        }
        if (!user || !item) label[r] = REF_OUT;
    }
}

int ref_cut_evaluable(const struct ref_row *rows, int n, const uint8_t *label, double threshold)
{
    int users = 0;
    for (int r = 0; r < n; r++) {
        bool first = label[r] == REF_TEST && (double)rows[r].value >= threshold;
        for (int s = 0; s < r && first; s++)
            first = rows[s].user != rows[r].user || label[s] != REF_TEST ||
                    (double)rows[s].value < threshold;
        users += first;
    }
    return users;
}
