/*
 * split_card - what a split's numbers can prove, and what may have leaked.
 *
 * Leaks are counted on the finished parts, not derived from the protocol: a wrong cut would show.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "split_impl.h"
#include "times_impl.h"

/* Smallest difference of two means over n paired users that a two-sided test at 5 % finds four
 * times in five: (1.96 + 0.84) sd / sqrt(n). The spread is that of the users' ndcg@10, which is
 * 0.15 to 0.25 on the usual sets; the cautious end is taken. */
#define POWER_FACTOR 2.8
#define ASSUMED_SD   0.25
#define MIN_WEAK     30  /* users: below, the test proves nothing */
#define MIN_FIT      200 /* below, it is weak */
#define MAX_NAMED    20  /* ids listed of users who cannot be evaluated */

static double part_of(int64_t n, int64_t of)
{
    return of > 0 ? (double)n / (double)of : 0.0;
}

static bool row_has(const struct rs_csr *m, int32_t row, double threshold)
{
    for (int64_t e = m->indptr[row]; e < m->indptr[row + 1]; e++)
        if (rs_is_relevant(rs_csr_value(m, e), threshold)) return true;
    return false;
}

int64_t rs_split_evaluable(const struct rs_csr *part, double threshold)
{
    int64_t n = 0;
    for (int32_t u = 0; u < part->n_rows; u++)
        n += row_has(part, u, threshold);
    return n;
}

/* ---- counts ------------------------------------------------------------------------------- */

static struct rs_val *counts_val(const struct cut *c, const struct rs_split *s,
                                 const struct given *given)
{
    int64_t train_users = 0;
    for (int32_t u = 0; u < s->n_users; u++)
        train_users += rs_csr_len(&s->train, u) > 0;
    bool is_given = s->protocol == RS_GIVEN;
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "rows_in", c->x->n + given->rows);
    rs_val_set_int(v, "users", c->core_users);
    rs_val_set_int(v, "items", c->core_items);
    rs_val_set_int(v, "interactions", c->core_rows);
    rs_val_set_int(v, "train", s->train.nnz);
    rs_val_set_int(v, "val", s->val.nnz);
    rs_val_set_int(v, "test", s->test.nnz);
    rs_val_set_int(v, "history", s->fold.nnz);
    rs_val_set_int(v, "val_raw", c->raw[ROW_VAL]);
    rs_val_set_int(v, "test_raw", is_given ? given->rows : c->raw[ROW_TEST]);
    rs_val_set_int(v, "split_users", s->n_users);
    rs_val_set_int(v, "split_items", s->n_items);
    rs_val_set_int(v, "train_users", train_users);
    rs_val_set_int(v, "train_items", s->n_items);
    return v;
}

static struct rs_val *reason(struct rs_val *dropped, const char *why, int64_t rows)
{
    struct rs_val *v = rs_val_set(dropped, why, rs_val_map());
    rs_val_set_int(v, "rows", rows);
    return v;
}

static struct rs_val *dropped_val(const struct cut *c, const struct rs_split *s,
                                  const struct given *given)
{
    struct rs_val *v = rs_val_map();
    struct rs_val *core = reason(v, "k_core", c->rows[ROW_CORE]);
    rs_val_set_int(core, "users", c->n_users - c->core_users);
    rs_val_set_int(core, "items", c->n_items - c->core_items);
    struct rs_val *user = reason(v, "unknown_user", c->rows[ROW_NO_USER] + given->no_user);
    rs_val_set_int(user, "users", c->core_users - s->n_users);
    struct rs_val *item = reason(v, "unknown_item", c->rows[ROW_NO_ITEM] + given->no_item);
    rs_val_set_int(item, "items", c->core_items - s->n_items);
    if (s->protocol == RS_ROLLING) reason(v, "after_window", c->rows[ROW_LATER]);
    if (s->protocol == RS_GIVEN) reason(v, "also_in_train", given->in_train);
    return v;
}

/* Users with and without something to find; those with test rows but nothing relevant by name. */
static struct rs_val *not_evaluable_val(const struct rs_split *s, double threshold)
{
    int64_t no_row = 0;
    int64_t no_relevant = 0;
    struct rs_val *named = rs_val_list();
    for (int32_t u = 0; u < s->n_users; u++) {
        if (rs_csr_len(&s->test, u) == 0) {
            no_row++;
        } else if (!row_has(&s->test, u, threshold)) {
            if (no_relevant++ < MAX_NAMED) rs_val_push(named, rs_idmap_val(s->users, u));
        }
    }
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "no_test_row", no_row);
    rs_val_set_int(v, "no_relevant_item", no_relevant);
    rs_val_set(v, "no_relevant_item_first", named);
    return v;
}

/* ---- leaks -------------------------------------------------------------------------------- */

/* Pairs (user, item) that two parts share. */
static int64_t overlap(const struct rs_csr *a, const struct rs_csr *b)
{
    int64_t n = 0;
    for (int32_t u = 0; u < a->n_rows; u++) {
        int64_t i = a->indptr[u];
        int64_t j = b->indptr[u];
        while (i < a->indptr[u + 1] && j < b->indptr[u + 1]) {
            int32_t x = a->indices[i];
            int32_t y = b->indices[j];
            n += x == y;
            i += x <= y;
            j += y <= x;
        }
    }
    return n;
}

struct span {
    int64_t first;
    int64_t last;
};

static struct span span_of(const int64_t *times, int64_t from, int64_t to)
{
    struct span s = {INT64_MAX, INT64_MIN};
    for (int64_t e = from; e < to; e++) {
        if (times[e] < s.first) s.first = times[e];
        if (times[e] > s.last) s.last = times[e];
    }
    return s;
}

static double mean_time(const struct rs_csr *m)
{
    double sum = 0;
    for (int64_t e = 0; e < m->nnz; e++)
        sum += (double)m->times[e];
    return sum / (double)m->nnz;
}

static void set_span(struct rs_val *v, const char *name, const struct rs_csr *part)
{
    if (!part->times || part->nnz == 0) return;
    struct span s = span_of(part->times, 0, part->nnz);
    struct rs_val *list = rs_val_set(v, name, rs_val_list());
    rs_val_push(list, rs_time_val(s.first));
    rs_val_push(list, rs_time_val(s.last));
}

struct leaks {
    int64_t tested;       /* users with a test row */
    int64_t future_users; /* of them, those whose own past holds a row newer than their first */
    int64_t future_rows;  /* train rows newer than the first test row of all */
    int64_t later_rows; /* train rows newer than the average test row: one early row says little */
};

static struct leaks find_leaks(const struct rs_split *s)
{
    struct leaks l = {0};
    const struct rs_csr *past = s->protocol == RS_USER_HOLDOUT ? &s->fold : &s->train;
    for (int32_t u = 0; u < s->n_users; u++)
        l.tested += rs_csr_len(&s->test, u) > 0;
    if (!s->train.times || !s->test.times || s->test.nnz == 0) return l;
    int64_t first = span_of(s->test.times, 0, s->test.nnz).first;
    double mean = mean_time(&s->test);
    for (int64_t e = 0; e < s->train.nnz; e++) {
        l.future_rows += s->train.times[e] > first;
        l.later_rows += (double)s->train.times[e] > mean;
    }
    for (int32_t u = 0; u < s->n_users; u++) {
        if (rs_csr_len(&s->test, u) == 0 || rs_csr_len(past, u) == 0) continue;
        struct span test = span_of(s->test.times, s->test.indptr[u], s->test.indptr[u + 1]);
        struct span own = span_of(past->times, past->indptr[u], past->indptr[u + 1]);
        l.future_users += own.last > test.first;
    }
    return l;
}

static struct rs_val *leaks_val(const struct rs_split *s, const struct leaks *l)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "overlap_train_test", overlap(&s->train, &s->test));
    rs_val_set_int(v, "overlap_train_val", overlap(&s->train, &s->val));
    rs_val_set_int(v, "overlap_val_test", overlap(&s->val, &s->test));
    rs_val_set_int(v, "overlap_history_test", overlap(&s->fold, &s->test));
    if (!s->train.times || !s->test.times) return v;
    rs_val_set_int(v, "train_rows_after_first_test", l->future_rows);
    rs_val_set_real(v, "train_rows_after_first_test_share", part_of(l->future_rows, s->train.nnz));
    rs_val_set_real(v, "train_rows_after_mean_test_share", part_of(l->later_rows, s->train.nnz));
    rs_val_set_int(v, "users_with_own_future_in_train", l->future_users);
    rs_val_set_real(v, "users_with_own_future_in_train_share", part_of(l->future_users, l->tested));
    return v;
}

static void warn(struct rs_val *list, const char *fmt, ...) RS_PRINTF(2, 3);
static void warn(struct rs_val *list, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    rs_val_push(list, rs_val_str(text));
}

static struct rs_val *warnings_val(const struct rs_split *s, const struct cut *c,
                                   const struct given *given, const struct leaks *l)
{
    struct rs_val *v = rs_val_list();
    bool times = s->train.times && s->test.times;
    int64_t raw = s->protocol == RS_GIVEN ? given->rows : c->raw[ROW_TEST];
    if (s->test.nnz > 0 && !times)
        warn(v, "without times nobody can check whether train holds the test part's future");
    if (l->future_users > 0)
        warn(v,
             "%.1f %% of the tested users have rows in train that are newer than their first "
             "test row: scores will look better than they are in use",
             100 * part_of(l->future_users, l->tested));
    if (l->later_rows > 0)
        warn(v,
             "%.0f %% of the train rows are newer than the average test row: popularity and "
             "similarity learn from what other users did later",
             100 * part_of(l->later_rows, s->train.nnz));
    if (raw > 2 * s->test.nnz && s->protocol != RS_NONE)
        warn(v,
             "only %lld of %lld test rows are of users and items known in train: the others "
             "cannot be predicted and are left out",
             (long long)s->test.nnz, (long long)raw);
    return v;
}

/* ---- verdict ------------------------------------------------------------------------------ */

static const char *level_of(int64_t users)
{
    if (users < MIN_WEAK) return "proves nothing";
    return users < MIN_FIT ? "weak" : "fit to compare models";
}

static void set_verdict(struct rs_val *card, const struct rs_split *s, int64_t users,
                        int64_t alt_users)
{
    struct rs_val *proof = rs_val_set(card, "proof", rs_val_map());
    if (s->protocol == RS_NONE) {
        rs_val_set_str(proof, "level", "no test part");
        rs_val_set_str(card, "verdict",
                       "everything is train: for final fits and benchmarks, nothing can be "
                       "measured on it");
        return;
    }
    double smallest = POWER_FACTOR * ASSUMED_SD / sqrt((double)users);
    rs_val_set_str(proof, "level", level_of(users));
    rs_val_set_int(proof, "users", users);
    rs_val_set_real(proof, "detectable_difference", smallest);
    rs_val_set_real(proof, "assumed_sd", ASSUMED_SD);
    if (alt_users >= 0) rs_val_set_int(proof, "users_by_user_temporal", alt_users);
    char *remedy = NULL;
    if (users < MIN_FIT && alt_users > users) {
        remedy = rs_xprintf("; use user-temporal (%lld users)", (long long)alt_users);
    } else if (users < MIN_FIT) {
        remedy = rs_xstrdup("; use more data, or a smaller k-core");
    }
    char *text = rs_xprintf("%s: the test part has %lld %s who can be evaluated; a difference in "
                            "ndcg@10 smaller than about %.2g cannot be told from chance%s",
                            level_of(users), (long long)users, users == 1 ? "user" : "users",
                            smallest, remedy ? remedy : "");
    rs_val_set_str(card, "verdict", text);
    free(remedy);
    free(text);
}

struct rs_val *rs_split_card(const struct cut *c, const struct rs_split *s,
                             const struct rs_split_opts *o, const struct given *given,
                             int64_t alt_users)
{
    double threshold = o->relevance_threshold;
    int64_t users = rs_split_evaluable(&s->test, threshold);
    struct leaks l = find_leaks(s);
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "protocol", rs_protocol_name(s->protocol));
    rs_val_set(v, "options", rs_split_opts_val(o));
    rs_val_set_str(v, "dataset_fingerprint", s->dataset_fingerprint);
    rs_val_set(v, "counts", counts_val(c, s, given));
    rs_val_set(v, "dropped", dropped_val(c, s, given));
    rs_val_set_int(v, "users_evaluable", users);
    rs_val_set_int(v, "users_evaluable_val", rs_split_evaluable(&s->val, threshold));
    rs_val_set(v, "users_not_evaluable", not_evaluable_val(s, threshold));
    struct rs_val *times = rs_val_set(v, "times", rs_val_map());
    set_span(times, "train", &s->train);
    set_span(times, "val", &s->val);
    set_span(times, "test", &s->test);
    rs_val_set(v, "leaks", leaks_val(s, &l));
    rs_val_set(v, "warnings", warnings_val(s, c, given, &l));
    set_verdict(v, s, users, alt_users);
    return v;
}
