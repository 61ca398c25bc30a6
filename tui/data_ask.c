/*
 * data_ask - lists, similar items and reasons from the served bundle, by the path of the commands.
 */
#include "data_ask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_cells.h"
#include "data_grid.h"
#include "rs/base/mem.h"
#include "rs/commands/wish.h"

struct tui_question *tui_question_new(struct tui_held_split *held, const char *user,
                                      const char *item, int32_t k, bool with_seen)
{
    struct tui_question *q = rs_xalloc(1, sizeof(*q));
    q->held = tui_held_split_hold(held);
    q->user = rs_xstrdup(user);
    q->item = rs_xstrdup(item);
    q->k = k;
    q->with_seen = with_seen;
    return q;
}

void tui_question_free(void *question)
{
    struct tui_question *q = question;
    if (!q) return;
    tui_held_split_release(q->held);
    free(q->user);
    free(q->item);
    free(q);
}

void tui_list_free(void *list)
{
    struct tui_list *l = list;
    if (!l) return;
    tui_rows_release(l->rows);
    free(l->id);
    free(l);
}

void tui_why_free(void *why)
{
    struct tui_why *y = why;
    if (!y) return;
    tui_rows_release(y->rows);
    free(y->user);
    free(y->item);
    free(y);
}

enum { LIST_RANK, LIST_SCORE, LIST_BAR, LIST_TITLE, LIST_GENRES, LIST_YEAR, LIST_COLUMNS };
static const struct tui_column list_heads[] = {
    [LIST_RANK] = {"rank", "#", 3, TUI_NUMBER | TUI_FROZEN},
    [LIST_SCORE] = {"score", "score", 5, TUI_NUMBER},
    [LIST_BAR] = {"bar", "", 10, TUI_NUMBER | TUI_BARS},
    [LIST_TITLE] = {"title", "title", 16, TUI_GROWS},
    [LIST_GENRES] = {"genres", "genres", 14, 0},
    [LIST_YEAR] = {"year", "year", 4, TUI_NUMBER},
};
static const struct tui_grid_cell list_cells[] = {
    [LIST_RANK] = {TUI_GRID_COUNT, 0},  [LIST_SCORE] = {TUI_GRID_REAL, 2},
    [LIST_BAR] = {TUI_GRID_BAR, 0},     [LIST_TITLE] = {TUI_GRID_TEXT, 0},
    [LIST_GENRES] = {TUI_GRID_TEXT, 0}, [LIST_YEAR] = {TUI_GRID_PLAIN, 0},
};
static const struct tui_grid_form list_form = {list_heads, list_cells, LIST_COLUMNS};

/* Rows of a table that has none. */
static enum rs_code no_rows(const struct tui_grid_form *form, struct tui_rows **out,
                            struct rs_err *err)
{
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(form, 0, true, &g, err);
    if (!rc) *out = tui_grid_rows(g, 0);
    return rc;
}

/* 0 … 1 over the list: of the best score, or, where scores are negative, of their range. */
static float share_of(const struct rs_ranked *list, int32_t n, int32_t i)
{
    float best = list[0].score;
    float least = list[n - 1].score < 0 ? list[n - 1].score : 0;
    return best > least ? (list[i].score - least) / (best - least) : 1;
}

static enum rs_code ranked_rows(const struct rs_bundle *b, const struct rs_ranked *list, int32_t n,
                                struct tui_rows **out, struct rs_err *err)
{
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(&list_form, n, rs_idmap_is_int(b->items), &g, err);
    if (rc) return rc;
    bool ok = true;
    for (int32_t i = 0; i < n && ok; i++) {
        int32_t item = list[i].item;
        char genres[16]; /* three */
        ((int32_t *)g->values[LIST_RANK])[i] = i + 1;
        ((float *)g->values[LIST_SCORE])[i] = list[i].score;
        ((float *)g->values[LIST_BAR])[i] = share_of(list, n, i);
        ((int32_t *)g->values[LIST_YEAR])[i] = rs_catalogue_year(b->catalogue, item);
        tui_short_genres(b->catalogue, item, genres, sizeof(genres));
        ok = tui_grid_id(g, i, b->items, item) &&
             tui_grid_text(g, LIST_TITLE, i, rs_catalogue_title(b->catalogue, item)) &&
             tui_grid_text(g, LIST_GENRES, i, genres);
    }
    if (!ok) {
        tui_grid_free(g);
        return rs_fail(err, RS_ENOMEM, "a list of %d items", n);
    }
    *out = tui_grid_rows(g, n);
    return RS_OK;
}

/* "popularity:unknown_user" as people say it. */
static void say_source(const char *source, char *buf, size_t size)
{
    size_t at = 0;
    for (; *source && at + 2 < size; source++) {
        buf[at++] = *source == '_' ? ' ' : *source;
        if (*source == ':') buf[at++] = ' ';
    }
    buf[at] = '\0';
}

enum rs_code tui_list_read(const struct rs_bundle *b, const struct rs_wish *wish,
                           struct tui_list **out, struct rs_err *err)
{
    struct rs_arena *arena = rs_arena_new((size_t)1 << 20, 0);
    struct rs_ranked *list = rs_xalloc((size_t)wish->k, sizeof(*list));
    struct tui_list *l = rs_xalloc(1, sizeof(*l));
    const char *source = "";
    struct rs_ask ask;
    size_t ignored;
    enum rs_code rc = rs_wish_resolve(b, wish, arena, &ask, &ignored, err);
    if (!rc) rc = rs_bundle_recommend(b, &ask, arena, list, &l->n, &source, err);
    if (!rc) rc = ranked_rows(b, list, l->n, &l->rows, err);
    if (!rc) {
        l->id = rs_xstrdup(wish->user_id);
        say_source(source, l->source, sizeof(l->source));
        *out = l;
        l = NULL;
    }
    tui_list_free(l);
    free(list);
    rs_arena_free(arena);
    return rc;
}

enum rs_code tui_similar_read(const struct rs_bundle *b, const char *id, int32_t k,
                              const uint64_t *allowed, struct tui_list **out, struct rs_err *err)
{
    int32_t item = rs_idmap_find(b->items, id);
    struct rs_ranked *list = rs_xalloc((size_t)k, sizeof(*list));
    struct tui_list *l = rs_xalloc(1, sizeof(*l));
    enum rs_code rc = RS_OK;
    l->id = rs_xstrdup(id);
    if (item < 0) {
        snprintf(l->nothing, sizeof(l->nothing), "item '%.40s' is not in the model's catalogue",
                 id);
    } else if (!b->model->ops->similar) {
        snprintf(l->nothing, sizeof(l->nothing), "a model '%s' does not compare items",
                 b->model->ops->name);
    }
    if (l->nothing[0]) {
        rc = no_rows(&list_form, &l->rows, err);
    } else {
        rc = rs_bundle_similar(b, item, k, allowed, NULL, list, &l->n, err);
        if (!rc) rc = ranked_rows(b, list, l->n, &l->rows, err);
    }
    if (!rc) {
        *out = l;
        l = NULL;
    }
    tui_list_free(l);
    free(list);
    return rc;
}

enum { WHY_SHARE, WHY_BAR, WHY_TITLE, WHY_VALUE, WHY_COLUMNS };
static const struct tui_column why_heads[] = {
    [WHY_SHARE] = {"share", "share", 6, TUI_NUMBER | TUI_FROZEN},
    [WHY_BAR] = {"bar", "", 8, TUI_NUMBER | TUI_BARS},
    [WHY_TITLE] = {"title", "because of", 16, TUI_GROWS},
    [WHY_VALUE] = {"rated", "rated", 5, TUI_NUMBER},
};
static const struct tui_grid_cell why_cells[] = {
    [WHY_SHARE] = {TUI_GRID_SHARE, 0},
    [WHY_BAR] = {TUI_GRID_BAR, 0},
    [WHY_TITLE] = {TUI_GRID_TEXT, 0},
    [WHY_VALUE] = {TUI_GRID_REAL, 1},
};
static const struct tui_grid_form why_form = {why_heads, why_cells, WHY_COLUMNS};

struct reason {
    int32_t item;
    float value;
    float contribution;
};

static int by_contribution(const void *a, const void *b)
{
    const struct reason *x = a;
    const struct reason *y = b;
    if (x->contribution != y->contribution) return x->contribution < y->contribution ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

static enum rs_code reason_rows(const struct rs_bundle *b, const struct reason *r, int32_t n,
                                double total, struct tui_rows **out, struct rs_err *err)
{
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(&why_form, n, rs_idmap_is_int(b->items), &g, err);
    if (rc) return rc;
    bool ok = true;
    for (int32_t i = 0; i < n && ok; i++) {
        float share = total > 0 ? (float)((double)r[i].contribution / total) : NAN;
        ((float *)g->values[WHY_SHARE])[i] = share;
        ((float *)g->values[WHY_BAR])[i] =
            r[i].contribution > 0 ? r[i].contribution / r[0].contribution : 0;
        ((float *)g->values[WHY_VALUE])[i] = r[i].value;
        ok = tui_grid_id(g, i, b->items, r[i].item) &&
             tui_grid_text(g, WHY_TITLE, i, rs_catalogue_title(b->catalogue, r[i].item));
    }
    if (!ok) {
        tui_grid_free(g);
        return rs_fail(err, RS_ENOMEM, "%d reasons", n);
    }
    *out = tui_grid_rows(g, n);
    return RS_OK;
}

/* "Spirited Away 41 %, Totoro 22 %, 5 more": of all that speaks for the item. */
static void say_reasons(const struct rs_bundle *b, const struct reason *r, int32_t n, double total,
                        char *buf, size_t size)
{
    int32_t said = 0;
    int32_t speak = 0;
    size_t at = 0;
    buf[0] = '\0';
    for (int32_t i = 0; i < n && r[i].contribution > 0; i++) {
        speak++;
    }
    for (; said < speak && said < 2; said++) {
        int wrote = snprintf(buf + at, size - at, "%s%.60s %.0f %%", said ? ", " : "",
                             rs_catalogue_title(b->catalogue, r[said].item),
                             100 * (double)r[said].contribution / total);
        at += (size_t)wrote < size - at ? (size_t)wrote : size - at - 1;
    }
    if (speak > said) snprintf(buf + at, size - at, ", %d more", speak - said);
    if (!speak) snprintf(buf, size, "nothing in the history speaks for it");
}

static enum rs_code explain(const struct rs_bundle *b, const struct rs_profile *who, int32_t item,
                            struct tui_why *y, struct rs_err *err)
{
    size_t n = (size_t)who->n;
    float *contribution = rs_try_alloc(n + 1, sizeof(*contribution));
    struct reason *reasons = rs_try_alloc(n + 1, sizeof(*reasons));
    float base = 0;
    enum rs_code rc;
    if (!contribution || !reasons) {
        rc = rs_fail(err, RS_ENOMEM, "reasons of %d items", who->n);
        goto done;
    }
    rc = b->model->ops->explain(b->model, who, item, contribution, &base, err);
    if (!rc) {
        double total = 0; /* of what speaks for the item */
        for (int32_t i = 0; i < who->n; i++) {
            reasons[i] = (struct reason){.item = who->items[i],
                                         .value = who->values ? who->values[i] : 1.0F,
                                         .contribution = contribution[i]};
            if (contribution[i] > 0) total += (double)contribution[i];
        }
        qsort(reasons, n, sizeof(*reasons), by_contribution);
        say_reasons(b, reasons, who->n, total, y->text, sizeof(y->text));
        rc = reason_rows(b, reasons, who->n, total, &y->rows, err);
    }
done:
    free(contribution);
    free(reasons);
    return rc;
}

enum rs_code tui_why_read(const struct rs_bundle *b, const struct rs_wish *wish, const char *item,
                          struct tui_why **out, struct rs_err *err)
{
    struct rs_arena *arena = rs_arena_new((size_t)1 << 16, 0);
    struct tui_why *y = rs_xalloc(1, sizeof(*y));
    struct rs_profile who;
    struct rs_ask ask;
    size_t ignored;
    int32_t i = rs_idmap_find(b->items, item);
    enum rs_code rc = rs_wish_resolve(b, wish, arena, &ask, &ignored, err);
    if (!rc) {
        rc = rs_bundle_profile_with(b, ask.user, ask.items, ask.values, ask.n_items, arena, &who,
                                    err);
    }
    y->user = rs_xstrdup(wish->user_id);
    y->item = rs_xstrdup(item);
    if (!rc && i >= 0) {
        snprintf(y->title, sizeof(y->title), "%.90s", rs_catalogue_title(b->catalogue, i));
    }
    if (!rc && i < 0) {
        snprintf(y->text, sizeof(y->text), "item '%.40s' is not in the model's catalogue", item);
    } else if (!rc && who.n == 0) {
        snprintf(y->text, sizeof(y->text), "there is no history to explain it by");
    } else if (!rc) {
        rc = explain(b, &who, i, y, err);
    }
    if (!rc && !y->rows) rc = no_rows(&why_form, &y->rows, err);
    if (!rc) {
        *out = y;
        y = NULL;
    }
    tui_why_free(y);
    rs_arena_free(arena);
    return rc;
}

static const char nothing_serves[] = "No model serves. 7 promotes one.";

/* A user's wish with the feedback that counts; events live in arena. */
static enum rs_code wish_of(struct tui_work *w, const struct tui_question *q,
                            struct rs_arena *arena, struct rs_wish *out, struct rs_err *err)
{
    *out = (struct rs_wish){.user_id = q->user, .k = q->k, .exclude_seen = !q->with_seen};
    return rs_ctx_events(w->ctx, q->user, arena, &out->events, &out->n_events, err);
}

static enum rs_code list_work(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                              struct rs_err *err)
{
    struct rs_wish wish;
    struct tui_list *l = NULL;
    uint64_t *allowed = NULL;
    enum rs_code rc = wish_of(w, w->in, arena, &wish, err);
    if (!rc) rc = rs_ctx_allowed(w->ctx, d->bundle, &allowed, err);
    wish.allowed = allowed;
    if (!rc) rc = tui_list_read(d->bundle, &wish, &l, err);
    free(allowed);
    w->out = l;
    return rc;
}

static enum rs_code why_work(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                             struct rs_err *err)
{
    const struct tui_question *q = w->in;
    struct rs_wish wish;
    struct tui_why *y = NULL;
    enum rs_code rc = wish_of(w, q, arena, &wish, err);
    wish.k = 1;
    if (!rc) rc = tui_why_read(d->bundle, &wish, q->item, &y, err);
    w->out = y;
    return rc;
}

static enum rs_code similar_work(struct tui_work *w, const struct tui_data *d,
                                 struct rs_arena *arena, struct rs_err *err)
{
    const struct tui_question *q = w->in;
    struct tui_list *l = NULL;
    uint64_t *allowed = NULL;
    (void)arena;
    enum rs_code rc = rs_ctx_allowed(w->ctx, d->bundle, &allowed, err);
    if (!rc) rc = tui_similar_read(d->bundle, q->item, q->k, allowed, &l, err);
    free(allowed);
    w->out = l;
    return rc;
}

static enum rs_code user_work(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                              struct rs_err *err)
{
    const struct tui_question *q = w->in;
    const struct rs_event *events;
    size_t n;
    struct tui_user *u = NULL;
    enum rs_code rc = rs_ctx_events(w->ctx, q->user, arena, &events, &n, err);
    if (!rc) rc = tui_user_read(d, q->user, events, n, &u, err);
    w->out = u;
    return rc;
}

static enum rs_code item_work(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                              struct rs_err *err)
{
    const struct tui_question *q = w->in;
    struct tui_item *i = NULL;
    (void)arena;
    enum rs_code rc = tui_item_read(d, q->item, w->task, &i, err);
    w->out = i;
    return rc;
}

typedef enum rs_code on_data_fn(struct tui_work *w, const struct tui_data *d,
                                struct rs_arena *arena, struct rs_err *err);

static enum rs_code with_data(struct tui_work *w, on_data_fn *fn, struct rs_err *err)
{
    const struct tui_question *q = w->in;
    struct tui_data d = {0};
    struct rs_arena *arena = rs_arena_new(0, 0);
    enum rs_code rc = tui_data_open(w, q->held, &d, err);
    if (!rc) rc = fn(w, &d, arena, err);
    if (rc) rs_wrap(err, q->user ? "user %s" : "item %s", q->user ? q->user : q->item);
    tui_data_close(&d);
    rs_arena_free(arena);
    return rc;
}

enum rs_code tui_work_user(struct tui_work *w, struct rs_err *err)
{
    return with_data(w, user_work, err);
}

enum rs_code tui_work_item(struct tui_work *w, struct rs_err *err)
{
    return with_data(w, item_work, err);
}

/* A list of the served model, or one that says that none serves. */
static enum rs_code list_or_nothing(struct tui_work *w, const struct tui_data *d,
                                    struct rs_arena *arena, on_data_fn *fn, struct rs_err *err)
{
    const struct tui_question *q = w->in;
    if (!d->bundle) {
        struct tui_list *l = rs_xalloc(1, sizeof(*l));
        l->id = rs_xstrdup(q->user ? q->user : q->item);
        snprintf(l->nothing, sizeof(l->nothing), "%s", nothing_serves);
        w->out = l;
        return no_rows(&list_form, &l->rows, err);
    }
    enum rs_code rc = fn(w, d, arena, err);
    if (!rc) {
        struct tui_list *l = w->out;
        snprintf(l->label, sizeof(l->label), "%s", d->label);
    }
    return rc;
}

static enum rs_code recommended(struct tui_work *w, const struct tui_data *d,
                                struct rs_arena *arena, struct rs_err *err)
{
    return list_or_nothing(w, d, arena, list_work, err);
}

static enum rs_code similar(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                            struct rs_err *err)
{
    return list_or_nothing(w, d, arena, similar_work, err);
}

static enum rs_code why(struct tui_work *w, const struct tui_data *d, struct rs_arena *arena,
                        struct rs_err *err)
{
    if (d->bundle) return why_work(w, d, arena, err);
    return rs_fail(err, RS_ENOTFOUND, "nothing serves any more: promote a version");
}

enum rs_code tui_work_list(struct tui_work *w, struct rs_err *err)
{
    return with_data(w, recommended, err);
}

enum rs_code tui_work_similar(struct tui_work *w, struct rs_err *err)
{
    return with_data(w, similar, err);
}

enum rs_code tui_work_why(struct tui_work *w, struct rs_err *err)
{
    return with_data(w, why, err);
}
