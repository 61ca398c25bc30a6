/*
 * popularity - one list for everybody.
 *
 * With genre_blend b > 0 an item's score is (1 - b) pop_i / max pop + b share_i, where share_i is
 * the mean, over the item's genres, of the share of the profile's items that have the genre.
 */
#include "rs/models/popularity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/features/features.h"

#define GENRES 64

struct popularity {
    struct rs_model base;
    const float *scores;    /* [n_items] */
    const uint64_t *genres; /* [n_items] masks; NULL without a blend */
    float *own_scores;      /* memory of a fitted model; NULL in a loaded one */
    uint64_t *own_genres;
    float blend;
};

static const struct rs_param popularity_params[] = {
    {.name = "score",
     .type = RS_PARAM_CHOICE,
     .dflt = "sum",
     .choices = "count|sum|decayed",
     .help = "rows of an item, sum of its values, or rows that fade with age"},
    {.name = "half_life_days",
     .type = RS_PARAM_REAL,
     .dflt = "180",
     .min = 0.01,
     .max = 100000,
     .log = true,
     .tune_min = 7,
     .tune_max = 2000,
     .help = "days after which a row counts half (score=decayed)"},
    {.name = "genre_blend",
     .type = RS_PARAM_REAL,
     .dflt = "0",
     .min = 0,
     .max = 1,
     .help = "weight of the profile's genres against popularity"},
    {.name = NULL},
};

static enum rs_code popularity_estimate(const struct rs_model *m, const struct rs_fit_data *d,
                                        struct rs_estimate *out, struct rs_err *err)
{
    (void)m;
    (void)err;
    out->bytes = (int64_t)d->ui->n_cols * (int64_t)(sizeof(double) + sizeof(float) + 8);
    out->flops = (double)d->ui->nnz;
    out->seconds = out->flops * 2e-9;
    strncpy(out->advice, "train on fewer items", sizeof(out->advice) - 1);
    return RS_OK;
}

/* The largest becomes 1, unless none is above 0. */
static void scale_to_one(double *scores, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) {
        max = fmax(max, scores[i]);
    }
    for (size_t i = 0; max > 0 && i < n; i++) {
        scores[i] /= max;
    }
}

static enum rs_code popularity_fit(struct rs_model *m, const struct rs_fit_data *d,
                                   struct rs_task *task, struct rs_err *err)
{
    struct popularity *p = (struct popularity *)m;
    size_t n = (size_t)d->ui->n_cols;
    rs_task_begin(task, "train popularity", "items", (double)n);
    p->blend = (float)rs_values_real(m->values, "genre_blend");
    bool blend = p->blend > 0.0f;
    if (blend && !d->genres) {
        return rs_fail(err, RS_EARG,
                       "model.genre_blend=%g needs genres, and the dataset has none: "
                       "set it to 0 or import a catalogue",
                       (double)p->blend);
    }
    enum rs_code rc = RS_OK;
    double *scores = rs_try_alloc(n, sizeof(*scores));
    p->own_scores = rs_try_alloc(n, sizeof(*p->own_scores));
    if (blend) p->own_genres = rs_try_alloc(n, sizeof(*p->own_genres));
    if (!scores || !p->own_scores || (blend && !p->own_genres)) {
        rc = rs_fail(err, RS_ENOMEM, "popularity of %zu items", n);
        goto done;
    }
    rc = rs_popularity(d->iu, (enum rs_popularity_kind)rs_values_choice(m->values, "score"),
                       rs_values_real(m->values, "half_life_days"), scores, err);
    if (rc) goto done;
    if (rs_task_cancelled(task)) {
        rc = rs_fail(err, RS_ECANCEL, "stopped");
        goto done;
    }
    if (blend) scale_to_one(scores, n);
    rc = rs_popularity_narrow(scores, d->ui->n_cols, p->own_scores, err);
    if (rc) goto done;
    if (blend) memcpy(p->own_genres, d->genres, n * sizeof(*p->own_genres));
    p->scores = p->own_scores;
    p->genres = p->own_genres;
    rs_task_report(task, (double)n);
done:
    free(scores);
    return rc;
}

static enum rs_code check_profile(const struct rs_model *m, const struct rs_profile *who,
                                  struct rs_err *err)
{
    for (int32_t i = 0; i < who->n; i++) {
        if (who->items[i] < 0 || who->items[i] >= m->n_items) {
            return rs_fail(err, RS_EARG, "item %d of a profile: the model has items 0 to %d",
                           who->items[i], m->n_items - 1);
        }
    }
    return RS_OK;
}

/* share[g]: part of the profile's items that have genre g. */
static void genre_shares(const struct popularity *p, const struct rs_profile *who,
                         float share[GENRES])
{
    memset(share, 0, GENRES * sizeof(*share));
    for (int32_t i = 0; i < who->n; i++) {
        for (uint64_t left = p->genres[who->items[i]]; left; left &= left - 1) {
            share[__builtin_ctzll(left)] += 1.0f / (float)who->n;
        }
    }
}

static float mean_share(const float share[GENRES], uint64_t genres)
{
    float sum = 0;
    for (uint64_t left = genres; left; left &= left - 1) {
        sum += share[__builtin_ctzll(left)];
    }
    return genres ? sum / (float)__builtin_popcountll(genres) : 0.0f;
}

static enum rs_code popularity_score(const struct rs_model *m, const struct rs_profile *who,
                                     int32_t n, float *scores, bool *known_out, void *scratch,
                                     struct rs_err *err)
{
    (void)scratch;
    const struct popularity *p = (const struct popularity *)m;
    for (int32_t w = 0; w < n; w++, scores += m->n_items) {
        known_out[w] = true; /* it has an answer for anybody */
        memcpy(scores, p->scores, (size_t)m->n_items * sizeof(*scores));
        if (!p->genres) continue;
        enum rs_code rc = check_profile(m, &who[w], err);
        if (rc) return rc;
        float share[GENRES];
        genre_shares(p, &who[w], share);
        for (int32_t i = 0; i < m->n_items; i++) {
            scores[i] = (1.0f - p->blend) * scores[i] + p->blend * mean_share(share, p->genres[i]);
        }
    }
    return RS_OK;
}

static enum rs_code popularity_explain(const struct rs_model *m, const struct rs_profile *who,
                                       int32_t item, float *contribution_out, float *base_out,
                                       struct rs_err *err)
{
    const struct popularity *p = (const struct popularity *)m;
    *base_out = p->scores[item];
    memset(contribution_out, 0, (size_t)who->n * sizeof(*contribution_out));
    if (!p->genres) return RS_OK;
    enum rs_code rc = check_profile(m, who, err);
    if (rc) return rc;
    *base_out = (1.0f - p->blend) * p->scores[item];
    uint64_t genres = p->genres[item];
    if (!genres) return RS_OK;
    float unit = p->blend / (float)who->n / (float)__builtin_popcountll(genres);
    for (int32_t i = 0; i < who->n; i++) {
        uint64_t common = genres & p->genres[who->items[i]];
        contribution_out[i] = unit * (float)__builtin_popcountll(common);
    }
    return RS_OK;
}

static enum rs_code popularity_save(const struct rs_model *m, struct rs_writer *w,
                                    struct rs_err *err)
{
    const struct popularity *p = (const struct popularity *)m;
    int32_t shape[2] = {m->n_users, m->n_items};
    size_t n = (size_t)m->n_items;
    enum rs_code rc = rs_writer_add(w, "pop.shape", RS_PACK_I32, shape, 2, err);
    if (!rc) rc = rs_writer_add(w, "pop.scores", RS_PACK_F32, p->scores, n, err);
    if (!rc && p->genres) rc = rs_writer_add(w, "pop.genres", RS_PACK_I64, p->genres, n, err);
    return rc;
}

static enum rs_code popularity_load(struct rs_model *m, const struct rs_reader *r,
                                    struct rs_err *err)
{
    struct popularity *p = (struct popularity *)m;
    const void *data;
    enum rs_code rc = rs_pack_get(r, "pop.shape", RS_PACK_I32, 2, &data, NULL, err);
    if (rc) return rc;
    const int32_t *shape = data;
    if (shape[0] < 0 || shape[1] < 1) {
        return rs_fail(err, RS_EDAMAGED, "popularity of %d users and %d items", shape[0], shape[1]);
    }
    rc = rs_pack_get(r, "pop.scores", RS_PACK_F32, shape[1], &data, NULL, err);
    if (rc) return rc;
    const float *scores = data;
    for (int32_t i = 0; i < shape[1]; i++) {
        if (!isfinite(scores[i])) {
            return rs_fail(err, RS_EDAMAGED, "popularity of item %d is not a number", i);
        }
    }
    p->blend = (float)rs_values_real(m->values, "genre_blend");
    if (p->blend > 0.0f) {
        rc = rs_pack_get(r, "pop.genres", RS_PACK_I64, shape[1], &data, NULL, err);
        if (rc) return rc;
        p->genres = data;
    }
    p->scores = scores;
    m->n_users = shape[0];
    m->n_items = shape[1];
    return RS_OK;
}

static void popularity_clear(struct rs_model *m)
{
    struct popularity *p = (struct popularity *)m;
    free(p->own_scores);
    free(p->own_genres);
    p->own_scores = NULL;
    p->own_genres = NULL;
    p->scores = NULL;
    p->genres = NULL;
}

const struct rs_model_ops rs_popularity_ops = {
    .name = "popularity",
    .summary = "the same list for everybody: what most people took",
    .params = popularity_params,
    .size = sizeof(struct popularity),
    .estimate = popularity_estimate,
    .fit = popularity_fit,
    .score = popularity_score,
    .explain = popularity_explain,
    .save = popularity_save,
    .load = popularity_load,
    .clear = popularity_clear,
};
