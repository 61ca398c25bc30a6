/*
 * data_rows - one pass over the sparse rows gives the tables of users and items.
 */
#include "data_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "data_grid.h"

struct tui_held_split {
    atomic_int refs;
    struct rs_split *split;
};

struct tui_held_split *tui_held_split_hold(struct tui_held_split *h)
{
    if (h) atomic_fetch_add(&h->refs, 1);
    return h;
}

void tui_held_split_release(struct tui_held_split *h)
{
    if (!h || atomic_fetch_sub(&h->refs, 1) > 1) return;
    rs_split_close(h->split);
    free(h);
}

void tui_data_of_bundle(const struct rs_bundle *b, const char *label, struct tui_data *out)
{
    *out = (struct tui_data){.bundle = b,
                             .fingerprint = b->sha256,
                             .users = b->users,
                             .items = b->items,
                             .catalogue = b->catalogue,
                             .train = b->train,
                             .seen = b->seen,
                             .threshold = rs_val_get_real(b->info, "threshold", 0)};
    snprintf(out->label, sizeof(out->label), "%s %s", b->model->ops->name, label);
}

static void data_of_split(struct tui_held_split *h, double threshold, struct tui_data *out)
{
    const struct rs_split *s = h->split;
    *out = (struct tui_data){.held = tui_held_split_hold(h),
                             .fingerprint = s->fingerprint,
                             .users = s->users,
                             .items = s->items,
                             .catalogue = s->catalogue,
                             .train = s->train,
                             .seen = s->val,
                             .threshold = threshold};
    snprintf(out->label, sizeof(out->label), "split %s of %s", s->name, s->dataset);
}

/* The split that `train` would use. */
static enum rs_code open_split(struct rs_ctx *ctx, struct tui_held_split **out, struct rs_err *err)
{
    struct rs_args *args = NULL;
    char *dataset = NULL;
    char *name = NULL;
    struct rs_split *s = NULL;
    enum rs_code rc = rs_args_parse(rs_command_named("train"), NULL, 0, &args, err);
    if (!rc) rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (!rc) rc = rs_ctx_split_name(ctx, args, dataset, &name, err);
    if (!rc) rc = rs_ctx_split(ctx, dataset, name, &s, err);
    if (!rc) {
        *out = rs_xalloc(1, sizeof(**out));
        atomic_init(&(*out)->refs, 1);
        (*out)->split = s;
    }
    free(name);
    free(dataset);
    rs_args_free(args);
    return rc;
}

enum rs_code tui_data_open(struct tui_work *w, struct tui_held_split *held, struct tui_data *out,
                           struct rs_err *err)
{
    char sha256[65];
    char *alias_label = NULL;
    const char *label;
    const struct rs_bundle *b;
    struct rs_err why = {0};
    enum rs_code rc = rs_ctx_bundle_hash(w->ctx, NULL, sha256, &alias_label, &why);
    free(alias_label);
    if (!rc) {
        rc = tui_models_bundle(w->models, NULL, &b, &label, err);
        if (!rc) tui_data_of_bundle(b, label, out);
        return rc;
    }
    if (rc != RS_ENOTFOUND) {
        *err = why;
        return rc;
    }
    struct tui_held_split *h = tui_held_split_hold(held);
    rc = h ? RS_OK : open_split(w->ctx, &h, err);
    if (!rc) data_of_split(h, rs_conf_real(w->ctx->conf, "eval.relevance_threshold"), out);
    tui_held_split_release(h);
    return rc;
}

void tui_data_close(struct tui_data *d)
{
    tui_held_split_release(d->held);
    d->held = NULL;
}

/* Values and times of one user's or item's rows. */
struct tally {
    int32_t rows, valued, liked;
    double sum, squares;
    int64_t first, last;
};

static struct tally tally_none(void)
{
    return (struct tally){.first = INT64_MAX, .last = INT64_MIN};
}

/* Values and times apart: either loop streams one array. */
static void tally_row(struct tally *t, const struct rs_csr *m, int32_t row, double threshold)
{
    int64_t n = rs_csr_len(m, row);
    t->rows += (int32_t)n;
    if (m->values) {
        const float *v = m->values + m->indptr[row];
        double sum = 0;
        double squares = 0;
        int32_t liked = 0;
#pragma omp simd reduction(+ : sum, squares, liked)
        for (int64_t e = 0; e < n; e++) {
            sum += (double)v[e];
            squares += (double)v[e] * (double)v[e];
            liked += rs_is_relevant(v[e], threshold);
        }
        t->valued += (int32_t)n;
        t->liked += liked;
        t->sum += sum;
        t->squares += squares;
    }
    if (m->times) {
        const int64_t *when = m->times + m->indptr[row];
        for (int64_t e = 0; e < n; e++) {
            t->first = t->first < when[e] ? t->first : when[e];
            t->last = t->last > when[e] ? t->last : when[e];
        }
    }
}

static float mean_of(const struct tally *t)
{
    return t->valued ? (float)(t->sum / t->valued) : NAN;
}

static float spread_of(const struct tally *t)
{
    if (!t->valued) return NAN;
    double mean = t->sum / t->valued;
    double variance = t->squares / t->valued - mean * mean;
    return (float)sqrt(variance > 0 ? variance : 0);
}

static const struct tui_column user_heads[] = {
    [TUI_USER_ID] = {"user", "user", 8, TUI_NUMBER | TUI_FROZEN},
    [TUI_USER_RATED] = {"rated", "rated", 6, TUI_NUMBER},
    [TUI_USER_MEAN] = {"mean", "mean", 4, TUI_NUMBER},
    [TUI_USER_LAST] = {"last", "last", 5, TUI_NUMBER},
    [TUI_USER_FIRST] = {"first", "first", 5, TUI_NUMBER},
    [TUI_USER_SPREAD] = {"spread", "sd", 3, TUI_NUMBER},
    [TUI_USER_LIKED] = {"liked", "liked", 6, TUI_NUMBER},
    [TUI_USER_HELD] = {"held", "held", 5, TUI_NUMBER},
};
static const struct tui_grid_cell user_cells[] = {
    [TUI_USER_ID] = {TUI_GRID_ID, 0},       [TUI_USER_RATED] = {TUI_GRID_COUNT, 0},
    [TUI_USER_MEAN] = {TUI_GRID_REAL, 1},   [TUI_USER_LAST] = {TUI_GRID_MONTH, 0},
    [TUI_USER_FIRST] = {TUI_GRID_MONTH, 0}, [TUI_USER_SPREAD] = {TUI_GRID_REAL, 1},
    [TUI_USER_LIKED] = {TUI_GRID_SHARE, 0}, [TUI_USER_HELD] = {TUI_GRID_COUNT, 0},
};
static const struct tui_grid_form user_form = {user_heads, user_cells, TUI_USER_COLUMNS};

static void user_row(const struct tui_data *d, struct tui_grid *g, int32_t u)
{
    struct tally t = tally_none();
    tally_row(&t, &d->train, u, d->threshold);
    tally_row(&t, &d->seen, u, d->threshold);
    ((int32_t *)g->values[TUI_USER_RATED])[u] = t.rows;
    ((float *)g->values[TUI_USER_MEAN])[u] = mean_of(&t);
    ((int64_t *)g->values[TUI_USER_LAST])[u] = t.last;
    ((int64_t *)g->values[TUI_USER_FIRST])[u] = t.last == INT64_MIN ? INT64_MIN : t.first;
    ((float *)g->values[TUI_USER_SPREAD])[u] = spread_of(&t);
    ((float *)g->values[TUI_USER_LIKED])[u] = t.valued ? (float)t.liked / (float)t.valued : NAN;
    ((int32_t *)g->values[TUI_USER_HELD])[u] = (int32_t)rs_csr_len(&d->seen, u);
}

enum { USERS_A_BLOCK = 1024 };

enum rs_code tui_user_rows(const struct tui_data *d, const struct rs_task *task,
                           struct tui_rows **out, struct rs_err *err)
{
    int32_t n = rs_idmap_size(d->users);
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(&user_form, n, rs_idmap_is_int(d->users), &g, err);
    if (rc) return rc;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int32_t block = 0; block < (n + USERS_A_BLOCK - 1) / USERS_A_BLOCK; block++) {
        if (rs_task_cancelled(task)) continue;
        int32_t first = block * USERS_A_BLOCK;
        for (int32_t u = first; u < n && u < first + USERS_A_BLOCK; u++) {
            user_row(d, g, u);
        }
    }
    bool ok = true;
    for (int32_t u = 0; u < n && ok; u++) {
        ok = tui_grid_id(g, u, d->users, u);
    }
    if (ok && !rs_task_cancelled(task)) {
        *out = tui_grid_rows(g, n);
        return RS_OK;
    }
    tui_grid_free(g);
    return ok ? rs_fail(err, RS_ECANCEL, "users: stopped")
              : rs_fail(err, RS_ENOMEM, "ids of %d users", n);
}

static const struct tui_column item_heads[] = {
    [TUI_ITEM_ID] = {"item", "item", 7, TUI_NUMBER | TUI_FROZEN},
    [TUI_ITEM_TITLE] = {"title", "title", 20, TUI_GROWS},
    [TUI_ITEM_RATED] = {"rated", "rated", 6, TUI_NUMBER},
    [TUI_ITEM_MEAN] = {"mean", "mean", 4, TUI_NUMBER},
    [TUI_ITEM_YEAR] = {"year", "year", 4, TUI_NUMBER},
    [TUI_ITEM_GENRES] = {"genres", "genres", 18, 0},
    [TUI_ITEM_SHARE] = {"share", "lists", 6, TUI_NUMBER},
};
static const struct tui_grid_cell item_cells[] = {
    [TUI_ITEM_ID] = {TUI_GRID_ID, 0},       [TUI_ITEM_TITLE] = {TUI_GRID_TEXT, 0},
    [TUI_ITEM_RATED] = {TUI_GRID_COUNT, 0}, [TUI_ITEM_MEAN] = {TUI_GRID_REAL, 1},
    [TUI_ITEM_YEAR] = {TUI_GRID_PLAIN, 0},  [TUI_ITEM_GENRES] = {TUI_GRID_TEXT, 0},
    [TUI_ITEM_SHARE] = {TUI_GRID_SHARE, 0},
};
static const struct tui_grid_form item_form = {item_heads, item_cells, TUI_ITEM_COLUMNS};

/* Rows and sum of known values of every item. */
struct sums {
    int32_t *rows, *valued;
    double *sum;
};

static enum rs_code add_up(const struct rs_csr *m, struct sums *s, const struct rs_task *task,
                           struct rs_err *err)
{
    for (int32_t u = 0; u < m->n_rows; u++) {
        if (u % USERS_A_BLOCK == 0 && rs_task_cancelled(task)) {
            return rs_fail(err, RS_ECANCEL, "items: stopped");
        }
        for (int64_t e = m->indptr[u]; e < m->indptr[u + 1]; e++) {
            int32_t item = m->indices[e];
            s->rows[item]++;
            if (!m->values) continue;
            s->valued[item]++;
            s->sum[item] += (double)m->values[e];
        }
    }
    return RS_OK;
}

/* "Comedy Drama" */
static bool genres_cell(struct tui_grid *g, const struct rs_catalogue *c, int32_t item,
                        struct rs_str *text)
{
    rs_str_reset(text);
    rs_catalogue_add_genres(c, item, text);
    for (char *at = text->data; at && *at; at++) {
        if (*at == '|') *at = ' ';
    }
    return !text->failed && tui_grid_text(g, TUI_ITEM_GENRES, item, rs_str_text(text));
}

static bool item_row(const struct tui_data *d, const struct sums *s, const float *share,
                     struct tui_grid *g, int32_t i, struct rs_str *text)
{
    ((int32_t *)g->values[TUI_ITEM_RATED])[i] = s->rows[i];
    ((float *)g->values[TUI_ITEM_MEAN])[i] = s->valued[i] ? (float)(s->sum[i] / s->valued[i]) : NAN;
    ((int32_t *)g->values[TUI_ITEM_YEAR])[i] = rs_catalogue_year(d->catalogue, i);
    ((float *)g->values[TUI_ITEM_SHARE])[i] = share ? share[i] : NAN;
    return tui_grid_id(g, i, d->items, i) &&
           tui_grid_text(g, TUI_ITEM_TITLE, i, rs_catalogue_title(d->catalogue, i)) &&
           genres_cell(g, d->catalogue, i, text);
}

enum rs_code tui_item_rows(const struct tui_data *d, const float *share, const struct rs_task *task,
                           struct tui_rows **out, struct rs_err *err)
{
    int32_t n = rs_idmap_size(d->items);
    struct tui_grid *g = NULL;
    struct rs_str text;
    rs_str_init(&text, 0);
    struct sums s = {.rows = rs_try_alloc((size_t)n + 1, sizeof(int32_t)),
                     .valued = rs_try_alloc((size_t)n + 1, sizeof(int32_t)),
                     .sum = rs_try_alloc((size_t)n + 1, sizeof(double))};
    enum rs_code rc;
    if (!s.rows || !s.valued || !s.sum) {
        rc = rs_fail(err, RS_ENOMEM, "sums of %d items", n);
        goto done;
    }
    rc = add_up(&d->train, &s, task, err);
    if (!rc) rc = add_up(&d->seen, &s, task, err);
    if (!rc) {
        rc = tui_grid_new(&item_form, n, rs_idmap_is_int(d->items), &g, err);
    }
    for (int32_t i = 0; i < n && !rc; i++) {
        if (!item_row(d, &s, share, g, i, &text)) rc = rs_fail(err, RS_ENOMEM, "texts of items");
    }
    if (!rc) {
        *out = tui_grid_rows(g, n);
        g = NULL;
    }
done:
    tui_grid_free(g);
    rs_str_clear(&text);
    free(s.rows);
    free(s.valued);
    free(s.sum);
    return rc;
}

void tui_load_free(void *load)
{
    struct tui_load *l = load;
    if (!l) return;
    tui_held_split_release(l->held);
    free(l->share);
    free(l);
}

void tui_loaded_free(void *loaded)
{
    struct tui_loaded *l = loaded;
    if (!l) return;
    tui_rows_release(l->rows);
    tui_held_split_release(l->held);
    free(l);
}

typedef enum rs_code rows_fn(const struct tui_data *d, const struct tui_load *in,
                             const struct rs_task *task, struct tui_rows **out, struct rs_err *err);

static enum rs_code user_rows(const struct tui_data *d, const struct tui_load *in,
                              const struct rs_task *task, struct tui_rows **out, struct rs_err *err)
{
    (void)in;
    return tui_user_rows(d, task, out, err);
}

static enum rs_code item_rows(const struct tui_data *d, const struct tui_load *in,
                              const struct rs_task *task, struct tui_rows **out, struct rs_err *err)
{
    bool fits = in && in->share && in->n_share == rs_idmap_size(d->items);
    return tui_item_rows(d, fits ? in->share : NULL, task, out, err);
}

/* Has the view these rows already? */
static bool is_known(const struct tui_load *in, const struct tui_data *d)
{
    return in && !in->share && d->fingerprint[0] && strcmp(in->fingerprint, d->fingerprint) == 0;
}

static enum rs_code fill(struct tui_work *w, const struct tui_data *d, rows_fn *rows,
                         struct tui_loaded *l, struct rs_err *err)
{
    const struct tui_load *in = w->in;
    l->there = true;
    l->serves = d->bundle != NULL;
    l->held = tui_held_split_hold(d->held);
    snprintf(l->label, sizeof(l->label), "%s", d->label);
    snprintf(l->fingerprint, sizeof(l->fingerprint), "%s", d->fingerprint);
    return is_known(in, d) ? RS_OK : rows(d, in, w->task, &l->rows, err);
}

static enum rs_code load(struct tui_work *w, rows_fn *rows, struct rs_err *err)
{
    const struct tui_load *in = w->in;
    struct tui_data d = {0};
    struct rs_err why = {0};
    struct tui_loaded *l = rs_xalloc(1, sizeof(*l));
    enum rs_code rc = tui_data_open(w, in ? in->held : NULL, &d, &why);
    if (rc == RS_ENOTFOUND) {
        rc = RS_OK; /* no data yet: the view says so */
    } else if (!rc) {
        rc = fill(w, &d, rows, l, &why);
    }
    tui_data_close(&d);
    if (rc) {
        tui_loaded_free(l);
        *err = why;
        return rc;
    }
    w->out = l;
    return RS_OK;
}

enum rs_code tui_work_users(struct tui_work *w, struct rs_err *err)
{
    return load(w, user_rows, err);
}

enum rs_code tui_work_items(struct tui_work *w, struct rs_err *err)
{
    return load(w, item_rows, err);
}
