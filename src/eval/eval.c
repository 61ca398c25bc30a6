/*
 * eval - from a model and a held-out part to lists and numbers.
 *
 * Users are ranked and scored a block at a time; a user's numbers depend on that user alone and
 * sums run over users in ascending order, so blocks and threads never show in a result.
 */
#include "rs/eval/eval.h"

#include <math.h>
#include <stdlib.h>

#include "eval_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/models/rank.h"

enum {
    BLOCK = 4096,
    ALONE = 200, /* users that are not worth waking a second thread */
    LABEL = 64,
};

#define EXCLUDE_NAME(id, name) [id] = (name),
static const char *const exclude_names[RS_EXCLUDE_COUNT] = {RS_EXCLUDES(EXCLUDE_NAME)};
#undef EXCLUDE_NAME

const char *rs_exclude_name(enum rs_exclude e)
{
    rs_assert((unsigned)e < RS_EXCLUDE_COUNT);
    return exclude_names[e];
}

const struct rs_csr *rs_eval_part(const struct rs_split *s, enum rs_part part)
{
    return part == RS_PART_VAL ? &s->val : &s->test;
}

/* One evaluation while it runs. */
struct run {
    const struct rs_model *m;
    const struct rs_split *s;
    const struct rs_eval_opts *o;
    struct rs_eval *e;
    int64_t *relevant_ptr;    /* [n_users + 1] offsets into relevant */
    int32_t *relevant;        /* relevant items of the evaluated users, ascending in each */
    struct rs_profile *who;   /* [BLOCK] */
    struct rs_ranked *ranked; /* [BLOCK x list_len] */
    int32_t *n_ranked;        /* [BLOCK] */
};

static enum rs_code check(const struct rs_model *m, const struct rs_split *s,
                          const struct rs_eval_opts *o, struct rs_err *err)
{
    if (o->n_ks < 1) return rs_fail(err, RS_EARG, "evaluate: no list length k given");
    for (int i = 0; i < o->n_ks; i++) {
        if (o->ks[i] < 1 || o->ks[i] > RS_MAX_K) {
            return rs_fail(err, RS_EARG, "evaluate: k = %d is outside 1..%d", (int)o->ks[i],
                           RS_MAX_K);
        }
        if (i > 0 && o->ks[i] <= o->ks[i - 1]) {
            return rs_fail(err, RS_EARG, "evaluate: k = %d after %d: give them ascending",
                           (int)o->ks[i], (int)o->ks[i - 1]);
        }
    }
    if (m->n_users != s->n_users || m->n_items != s->n_items) {
        return rs_fail(err, RS_EARG,
                       "evaluate: the model knows %d users and %d items, split '%s' has %d and %d; "
                       "evaluate it on the split it was trained on",
                       (int)m->n_users, (int)m->n_items, s->name ? s->name : "", (int)s->n_users,
                       (int)s->n_items);
    }
    return RS_OK;
}

/* Note the users with a relevant item, and those items; count the others. */
static void walk_part(struct run *r, const struct rs_csr *part)
{
    struct rs_eval *e = r->e;
    int64_t n_relevant = 0;
    for (int32_t user = 0; user < part->n_rows; user++) {
        for (int64_t j = part->indptr[user]; j < part->indptr[user + 1]; j++) {
            if (!rs_is_relevant(rs_csr_value(part, j), r->o->threshold)) continue;
            r->relevant[n_relevant++] = part->indices[j];
        }
        if (n_relevant > r->relevant_ptr[e->n_users]) {
            e->users[e->n_users++] = user;
            r->relevant_ptr[e->n_users] = n_relevant;
        } else if (rs_csr_len(part, user) > 0) {
            e->skipped_no_relevant++;
        } else {
            e->skipped_no_rows++;
        }
    }
}

static enum rs_code find_users(struct run *r, struct rs_err *err)
{
    const struct rs_csr *part = rs_eval_part(r->s, r->o->part);
    size_t n_rows = (size_t)part->n_rows; /* room for all: no more than the part itself takes */
    r->e->users = rs_try_alloc(n_rows + 1, sizeof(*r->e->users));
    r->relevant_ptr = rs_try_alloc(n_rows + 1, sizeof(*r->relevant_ptr));
    r->relevant = rs_try_alloc((size_t)part->nnz + 1, sizeof(*r->relevant));
    if (!r->e->users || !r->relevant_ptr || !r->relevant) {
        return rs_fail(err, RS_ENOMEM, "relevant items of %d users", (int)part->n_rows);
    }
    walk_part(r, part);
    if (r->e->n_users > 0) return RS_OK;
    return rs_fail(err, RS_EARG,
                   "evaluate: no user has a %s item with value >= %g (%lld users have none at all, "
                   "%lld only lower ones): lower eval.relevance_threshold or split otherwise",
                   r->o->part == RS_PART_VAL ? "validation" : "test", r->o->threshold,
                   (long long)r->e->skipped_no_rows, (long long)r->e->skipped_no_relevant);
}

static enum rs_code make_room(struct run *r, struct rs_err *err)
{
    struct rs_eval *e = r->e;
    size_t n = (size_t)e->n_users;
    size_t block = n < BLOCK ? n : BLOCK;
    e->list_len = r->o->ks[r->o->n_ks - 1];
    e->n_metrics = rs_metrics_per_list(r->o->n_ks);
    size_t len = (size_t)e->list_len;
    size_t n_metrics = (size_t)e->n_metrics;
    e->names = rs_xalloc(n_metrics, sizeof(*e->names));
    for (int c = 0; c < e->n_metrics; c++) {
        e->names[c] = rs_xalloc(LABEL, 1);
        rs_metrics_column(r->o->ks, r->o->n_ks, c, e->names[c], LABEL);
    }
    e->mean = rs_xalloc(n_metrics, sizeof(*e->mean));
    e->interval = rs_xalloc(n_metrics, sizeof(*e->interval));
    e->scores = rs_try_alloc(n, n_metrics * sizeof(*e->scores));
    e->lists = rs_try_alloc(n, len * sizeof(*e->lists));
    r->who = rs_try_alloc(block, sizeof(*r->who));
    r->ranked = rs_try_alloc(block, len * sizeof(*r->ranked));
    r->n_ranked = rs_try_alloc(block, sizeof(*r->n_ranked));
    if (!e->scores || !e->lists || !r->who || !r->ranked || !r->n_ranked) {
        return rs_fail(err, RS_ENOMEM, "lists of %d for %d users", (int)e->list_len,
                       (int)e->n_users);
    }
    return RS_OK;
}

/* A user whose rows train never saw: scored from the history kept for folding in. */
static bool is_held_out(const struct rs_split *s, int32_t user)
{
    return s->protocol == RS_USER_HOLDOUT && rs_csr_len(&s->train, user) == 0;
}

static struct rs_profile profile_of(const struct rs_csr *history, int32_t row, int32_t user)
{
    int64_t start = history->indptr[row];
    return (struct rs_profile){.user = user,
                               .items = history->indices + start,
                               .values = history->values ? history->values + start : NULL,
                               .n = (int32_t)rs_csr_len(history, row)};
}

/* Rank users first .. first + n, all held out or none, and keep their lists. */
static enum rs_code rank_block(struct run *r, int32_t first, int32_t n, struct rs_task *task,
                               struct rs_err *err)
{
    const int32_t *users = r->e->users + first;
    bool held_out = is_held_out(r->s, users[0]);
    const struct rs_csr *history = held_out ? &r->s->fold : &r->s->train;
    for (int32_t i = 0; i < n; i++) {
        r->who[i] = profile_of(history, users[i], held_out ? -1 : users[i]);
    }
    struct rs_rank_opts opts = {.k = r->e->list_len};
    if (r->o->exclude != RS_EXCLUDE_NONE) opts.exclude = history;
    if (r->o->exclude == RS_EXCLUDE_TRAIN_VAL && r->o->part == RS_PART_TEST) {
        opts.exclude2 = &r->s->val;
    }
    struct rs_task quiet = {.parent = task}; /* cancelled with it, but reports nothing */
    return rs_rank(r->m, r->who, n, users, &opts, &quiet, r->ranked, r->n_ranked, err);
}

/* Lists and metrics of the block that was ranked last. */
static void score_block(struct run *r, int32_t first, int32_t n)
{
    struct rs_eval *e = r->e;
    int64_t empty = 0;
#pragma omp parallel for schedule(static) num_threads(rs_par_threads()) reduction(+ : empty)       \
    if (n >= ALONE)
    for (int32_t i = 0; i < n; i++) {
        int64_t u = first + i;
        int32_t *list = e->lists + u * e->list_len;
        const struct rs_ranked *ranked = r->ranked + (int64_t)i * e->list_len;
        for (int32_t rank = 0; rank < e->list_len; rank++) {
            list[rank] = rank < r->n_ranked[i] ? ranked[rank].item : -1;
        }
        int64_t start = r->relevant_ptr[u];
        rs_metrics_list(list, r->n_ranked[i], r->relevant + start,
                        (int32_t)(r->relevant_ptr[u + 1] - start), r->o->ks, r->o->n_ks,
                        e->scores + u * e->n_metrics);
        empty += r->n_ranked[i] == 0;
    }
    e->empty_lists += empty;
}

static enum rs_code evaluate_users(struct run *r, struct rs_task *task, struct rs_err *err)
{
    const struct rs_eval *e = r->e;
    rs_task_begin(task, "evaluate", "users", e->n_users);
    for (int32_t first = 0, n; first < e->n_users; first += n) {
        bool held_out = is_held_out(r->s, e->users[first]);
        for (n = 1; n < BLOCK && first + n < e->n_users; n++) {
            if (is_held_out(r->s, e->users[first + n]) != held_out) break;
        }
        enum rs_code rc = rank_block(r, first, n, task, err);
        if (rc) return rc;
        score_block(r, first, n);
        rs_task_report(task, first + n);
    }
    return RS_OK;
}

static enum rs_code sum_up(struct run *r, struct rs_err *err)
{
    struct rs_eval *e = r->e;
    for (int64_t u = 0; u < e->n_users; u++) {
        for (int c = 0; c < e->n_metrics; c++) {
            e->mean[c] += e->scores[u * e->n_metrics + c];
        }
    }
    for (int c = 0; c < e->n_metrics; c++) {
        e->mean[c] /= e->n_users;
        e->interval[c] = (struct rs_interval){NAN, NAN};
    }
    if (r->o->bootstrap_samples == 0) return RS_OK;
    return rs_bootstrap_means(e->scores, e->n_users, e->n_metrics, r->o->bootstrap_samples,
                              r->o->seed, e->interval, err);
}

enum rs_code rs_eval_run(const struct rs_model *m, const struct rs_split *s,
                         const struct rs_eval_opts *o, struct rs_task *task, struct rs_eval **out,
                         struct rs_err *err)
{
    struct run r = {.m = m, .s = s, .o = o, .e = rs_xalloc(1, sizeof(*r.e))};
    enum rs_code rc = check(m, s, o, err);
    if (rc) goto done;
    rc = find_users(&r, err);
    if (rc) goto done;
    rc = make_room(&r, err);
    if (rc) goto done;
    rc = evaluate_users(&r, task, err);
    if (rc) goto done;
    rc = sum_up(&r, err);
    if (rc) goto done;
    if (o->beyond) rc = rs_eval_beyond(m, s, o, r.e, err);
    if (rc) goto done;
    *out = r.e;
    r.e = NULL; /* the caller owns it now */
done:
    rs_eval_free(r.e);
    free(r.relevant_ptr);
    free(r.relevant);
    free(r.who);
    free(r.ranked);
    free(r.n_ranked);
    return rc;
}

static void free_names(char **names, int n)
{
    for (int i = 0; names && i < n; i++) {
        free(names[i]);
    }
    free(names);
}

void rs_eval_free(struct rs_eval *e)
{
    if (!e) return;
    free_names(e->names, e->n_metrics);
    free_names(e->beyond_names, e->n_beyond);
    free(e->users);
    free(e->scores);
    free(e->mean);
    free(e->interval);
    free(e->beyond);
    free(e->lists);
    free(e);
}

int rs_eval_find(const struct rs_eval *e, const char *metric)
{
    for (int c = 0; c < e->n_metrics; c++) {
        if (rs_str_eq(e->names[c], metric)) return c;
    }
    return -1;
}

void rs_eval_column(const struct rs_eval *e, int column, double *out)
{
    rs_assert(column >= 0 && column < e->n_metrics);
    for (int64_t u = 0; u < e->n_users; u++) {
        out[u] = e->scores[u * e->n_metrics + column];
    }
}
