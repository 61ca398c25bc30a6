/*
 * split_make - from a dataset to a split file.
 *
 * The way is: k-core, labels (split_cut), index maps, parts, card (split_card), file. Rows of a
 * dataset are sorted and index maps keep the order, so parts are filled row by row; only a given
 * test part, whose ids are of other maps, has to be sorted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "split_impl.h"

/* ---- parts -------------------------------------------------------------------------------- */

struct maps {
    int32_t *user; /* [users of the dataset] index in the split, or -1 */
    int32_t *item;
    int32_t *keep_user; /* [users of the split] index in the dataset */
    int32_t *keep_item;
    int32_t n_users;
    int32_t n_items;
};

static void maps_clear(struct maps *m)
{
    free(m->user);
    free(m->item);
    free(m->keep_user);
    free(m->keep_item);
}

static int32_t number_kept(const uint8_t *in, int32_t n, int32_t *map, int32_t *keep)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) {
        map[i] = in[i] ? kept : -1;
        if (in[i]) keep[kept++] = i;
    }
    return kept;
}

static enum rs_code maps_init(struct maps *m, const struct cut *c, struct rs_err *err)
{
    *m = (struct maps){0};
    m->user = rs_try_alloc((size_t)c->n_users, sizeof(*m->user));
    m->item = rs_try_alloc((size_t)c->n_items, sizeof(*m->item));
    m->keep_user = rs_try_alloc((size_t)c->n_users, sizeof(*m->keep_user));
    m->keep_item = rs_try_alloc((size_t)c->n_items, sizeof(*m->keep_item));
    if (!m->user || !m->item || !m->keep_user || !m->keep_item)
        return rs_fail(err, RS_ENOMEM, "index maps: out of memory");
    m->n_users = number_kept(c->in_user, c->n_users, m->user, m->keep_user);
    m->n_items = number_kept(c->in_item, c->n_items, m->item, m->keep_item);
    return RS_OK;
}

/* Rows with a label, in the split's indices. */
static enum rs_code part_make(const struct cut *c, const struct maps *m, enum row_label label,
                              struct rs_csr *out, struct rs_err *err)
{
    const struct rs_interactions *x = c->x;
    enum rs_code rc =
        rs_csr_alloc(m->n_users, m->n_items, c->rows[label], true, x->time != NULL, out, err);
    if (rc) return rc;
    struct rs_csr_mut w = rs_csr_mut(out);
    int64_t n = 0;
    for (int32_t u = 0; u < m->n_users; u++) {
        int32_t from = m->keep_user[u];
        for (int64_t r = c->user_ptr[from]; r < c->user_ptr[from + 1]; r++) {
            if (c->label[r] != label) continue;
            w.indices[n] = m->item[x->item[r]];
            w.values[n] = x->value[r];
            if (x->time) w.times[n] = x->time[r];
            n++;
        }
        w.indptr[u + 1] = n;
    }
    rs_assert(n == c->rows[label]);
    return RS_OK;
}

/* Index in `to` of every id of `from`, or -1. */
static enum rs_code match_ids(const struct rs_idmap *from, const struct rs_idmap *to, int32_t **out,
                              struct rs_err *err)
{
    int32_t n = rs_idmap_size(from);
    int32_t *map = rs_try_alloc((size_t)n, sizeof(*map));
    if (!map) return rs_fail(err, RS_ENOMEM, "match %d ids: out of memory", n);
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int32_t i = 0; i < n && !text.failed; i++) {
        if (rs_idmap_is_int(from) && rs_idmap_is_int(to)) {
            map[i] = rs_idmap_find_int(to, rs_idmap_int(from, i));
            continue;
        }
        rs_str_reset(&text);
        rs_idmap_add_text(from, i, &text);
        map[i] = rs_idmap_find(to, rs_str_text(&text));
    }
    bool failed = text.failed;
    rs_str_clear(&text);
    if (failed) {
        free(map);
        return rs_fail(err, RS_ENOMEM, "match %d ids: out of memory", n);
    }
    *out = map;
    return RS_OK;
}

struct rows {
    int64_t n;
    int32_t *user;
    int32_t *item;
    float *value;
    int64_t *time;
};

static bool rows_init(struct rows *w, size_t n, bool times)
{
    w->user = rs_try_alloc(n, sizeof(*w->user));
    w->item = rs_try_alloc(n, sizeof(*w->item));
    w->value = rs_try_alloc(n, sizeof(*w->value));
    w->time = times ? rs_try_alloc(n, sizeof(*w->time)) : NULL;
    return w->user && w->item && w->value && (!times || w->time);
}

static void rows_clear(struct rows *w)
{
    free(w->user);
    free(w->item);
    free(w->value);
    free(w->time);
}

/* Those of t that belong into the test part of s, counting the others. */
static void given_filter(const struct rs_split *s, const struct rs_interactions *t,
                         const int32_t *user_map, const int32_t *item_map, struct rows *w,
                         struct given *given)
{
    given->rows = t->n;
    for (int64_t r = 0; r < t->n; r++) {
        int32_t u = user_map[t->user[r]];
        int32_t i = item_map[t->item[r]];
        if (u < 0) {
            given->no_user++;
        } else if (i < 0) {
            given->no_item++;
        } else if (rs_csr_has(&s->train, u, i) || rs_csr_has(&s->val, u, i)) {
            given->in_train++;
        } else {
            w->user[w->n] = u;
            w->item[w->n] = i;
            w->value[w->n] = t->value[r];
            if (w->time) w->time[w->n] = t->time[r];
            w->n++;
        }
    }
}

static enum rs_code given_make(struct rs_split *s, const struct rs_interactions *t,
                               struct given *given, struct rs_err *err)
{
    int32_t *user_map = NULL;
    int32_t *item_map = NULL;
    struct rows w = {0};
    enum rs_code rc = match_ids(t->users, s->users, &user_map, err);
    if (!rc) rc = match_ids(t->items, s->items, &item_map, err);
    if (rc) goto done;
    if (!rows_init(&w, (size_t)t->n, t->time != NULL)) {
        rc = rs_fail(err, RS_ENOMEM, "test part of %lld rows: out of memory", (long long)t->n);
        goto done;
    }
    rs_assert(user_map && item_map);
    given_filter(s, t, user_map, item_map, &w, given);
    rc = rs_csr_from_rows(w.n, w.user, w.item, w.value, w.time, s->n_users, s->n_items, &s->test,
                          NULL, err);
done:
    rows_clear(&w);
    free(user_map);
    free(item_map);
    return rc;
}

static enum rs_code parts_make(struct rs_split *s, const struct rs_dataset *d, const struct cut *c,
                               struct rs_err *err)
{
    struct maps m;
    enum rs_code rc = maps_init(&m, c, err);
    if (!rc) rc = rs_idmap_subset(d->x.users, m.keep_user, m.n_users, &s->users, err);
    if (!rc) rc = rs_idmap_subset(d->x.items, m.keep_item, m.n_items, &s->items, err);
    if (!rc) rc = rs_catalogue_subset(d->catalogue, m.keep_item, m.n_items, &s->catalogue, err);
    s->n_users = m.n_users;
    s->n_items = m.n_items;
    if (!rc) rc = part_make(c, &m, ROW_TRAIN, &s->train, err);
    if (!rc) rc = part_make(c, &m, ROW_VAL, &s->val, err);
    if (!rc && s->protocol != RS_GIVEN) rc = part_make(c, &m, ROW_TEST, &s->test, err);
    if (!rc) rc = part_make(c, &m, ROW_FOLD, &s->fold, err);
    if (!rc) rc = rs_csr_transpose(&s->train, &s->train_t, err);
    maps_clear(&m);
    return rc;
}

/* ---- make --------------------------------------------------------------------------------- */

static enum rs_code check_input(const struct rs_dataset *d, const struct rs_split_opts *o,
                                const struct cut *c, struct rs_err *err)
{
    const char *name = rs_protocol_name(o->protocol);
    if (d->x.n == 0) return rs_fail(err, RS_EARG, "the dataset has no rows");
    if (rs_split_needs_times(o->protocol) && !d->x.time)
        return rs_fail(err, RS_EARG,
                       "%s needs times and the dataset has none: use random, k-fold or "
                       "user-holdout, or import a time column",
                       name);
    if (c->core_rows == 0)
        return rs_fail(err, RS_EARG,
                       "a k-core of %d rows a user and %d an item leaves nothing of %lld rows: "
                       "use a smaller one",
                       o->user_core, o->item_core, (long long)d->x.n);
    return RS_OK;
}

static float largest_value(const struct rs_csr *m)
{
    float largest = -INFINITY;
    for (int64_t i = 0; i < m->nnz; i++)
        if (m->values[i] > largest) largest = m->values[i];
    return largest;
}

/* Someone must be testable, or every later number would be empty. */
static enum rs_code check_testable(const struct rs_split *s, const struct rs_split_opts *o,
                                   const struct cut *c, const struct given *given,
                                   struct rs_err *err)
{
    double threshold = o->relevance_threshold;
    if (o->protocol == RS_NONE) return RS_OK;
    if (s->train.nnz == 0)
        return rs_fail(err, RS_EARG, "nothing is left to train: use smaller test and validation");
    if (rs_split_evaluable(&s->test, threshold) > 0) return RS_OK;
    int64_t raw = o->protocol == RS_GIVEN ? given->rows : c->raw[ROW_TEST];
    if (s->test.nnz == 0)
        return rs_fail(err, RS_EARG,
                       "no user can be tested: of %lld test rows none has a user and an item known "
                       "in train; use a smaller k-core, a larger test part or another protocol",
                       (long long)raw);
    return rs_fail(err, RS_EARG,
                   "no user can be tested: no test row has a value of at least %g, the largest is "
                   "%g; lower the relevance threshold",
                   threshold, (double)largest_value(&s->test));
}

/* Users that user-temporal would evaluate, where the card may want to point there; else -1. */
static enum rs_code alternative(const struct cut *c, const struct rs_split_opts *o, int64_t *out,
                                struct rs_err *err)
{
    *out = -1;
    bool other = o->protocol == RS_USER_TEMPORAL || o->protocol == RS_GIVEN;
    if (other || o->protocol == RS_NONE || !c->x->time) return RS_OK;
    struct rs_split_opts alt = rs_split_defaults(RS_USER_TEMPORAL);
    struct cut again;
    enum rs_code rc = rs_cut_again(&again, c, err);
    if (!rc) rc = rs_cut_run(&again, &alt, err);
    if (!rc) *out = rs_cut_evaluable(&again, o->relevance_threshold);
    rs_cut_clear(&again);
    return rc;
}

static enum rs_code write_sections(const struct rs_split *s, struct rs_writer *w,
                                   struct rs_err *err)
{
    enum rs_code rc = rs_writer_add_json(w, "card", s->card, err);
    if (!rc) rc = rs_idmap_save(s->users, w, "users", err);
    if (!rc) rc = rs_idmap_save(s->items, w, "items", err);
    if (!rc) rc = rs_catalogue_save(s->catalogue, w, err);
    if (!rc) rc = rs_csr_save(&s->train, w, "train", err);
    if (!rc) rc = rs_csr_save(&s->train_t, w, "train_t", err);
    if (!rc) rc = rs_csr_save(&s->val, w, "val", err);
    if (!rc) rc = rs_csr_save(&s->test, w, "test", err);
    if (!rc) rc = rs_csr_save(&s->fold, w, "fold", err);
    return rc;
}

static enum rs_code write_split(const struct rs_split *s, const char *path, struct rs_err *err)
{
    struct rs_writer *w = NULL;
    enum rs_code rc = rs_writer_open(path, SPLIT_KIND, SPLIT_VERSION, &w, err);
    if (!rc) rc = write_sections(s, w, err);
    if (!rc) return rs_writer_close(w, NULL, err);
    rs_writer_discard(w);
    return rc;
}

static enum rs_code step(struct rs_task *task, int done, struct rs_err *err)
{
    if (rs_task_cancelled(task)) return rs_fail(err, RS_ECANCEL, "stopped; nothing was written");
    rs_task_report(task, done);
    return RS_OK;
}

static enum rs_code make(const struct rs_dataset *d, const struct rs_interactions *given_test,
                         const struct rs_split_opts *o, struct cut *c, struct rs_split *s,
                         struct rs_task *task, struct rs_err *err)
{
    struct given given = {0};
    int64_t alt_users = -1;
    enum rs_code rc = rs_cut_init(c, &d->x, o, err);
    if (!rc) rc = check_input(d, o, c, err);
    if (!rc) rc = step(task, 1, err);
    if (!rc) rc = rs_cut_run(c, o, err);
    if (!rc) rc = step(task, 2, err);
    if (!rc) rc = parts_make(s, d, c, err);
    if (!rc && given_test) rc = given_make(s, given_test, &given, err);
    if (!rc) rc = step(task, 3, err);
    if (!rc) rc = check_testable(s, o, c, &given, err);
    if (!rc) rc = alternative(c, o, &alt_users, err);
    if (!rc) s->card = rs_split_card(c, s, o, &given, alt_users);
    if (!rc) rc = step(task, 4, err);
    return rc;
}

enum rs_code rs_split_make(const struct rs_dataset *d, const struct rs_interactions *given_test,
                           const struct rs_split_opts *opts, const char *path, struct rs_task *task,
                           struct rs_err *err)
{
    rs_assert((opts->protocol == RS_GIVEN) == (given_test != NULL));
    struct rs_split_opts o;
    struct cut c = {0};
    struct rs_split *s = rs_xalloc(1, sizeof(*s));
    s->protocol = opts->protocol;
    memcpy(s->dataset_fingerprint, d->fingerprint, sizeof(s->dataset_fingerprint));
    rs_task_begin(task, "split", "steps", 5);
    enum rs_code rc = rs_split_resolve(opts, &o, err);
    if (!rc) rc = make(d, given_test, &o, &c, s, task, err);
    if (!rc) rc = write_split(s, path, err);
    if (!rc) rs_task_report(task, 5);
    if (rc) rs_wrap(err, "split '%s' by %s", d->name, rs_protocol_name(opts->protocol));
    rs_cut_clear(&c);
    rs_split_close(s);
    return rc;
}
