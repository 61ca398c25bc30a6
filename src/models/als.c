/* als - parameters, scoring, fold-in, explanation and storage of the factor model. */
#include "rs/models/als.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "als_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

static const struct rs_param als_params[] = {
    {.name = "factors",
     .type = RS_PARAM_INT,
     .dflt = "64",
     .min = 1,
     .max = 1024,
     .step = 16,
     .alias = "embedding_dim",
     .help = "length of user and item vectors",
     .tune_min = 16,
     .tune_max = 128},
    {.name = "regularization",
     .type = RS_PARAM_REAL,
     .dflt = "1.5",
     .min = 0,
     .max = 1e6,
     .log = true,
     .help = "pull of vectors to zero",
     .tune_min = 0.1,
     .tune_max = 10},
    {.name = "iterations",
     .type = RS_PARAM_INT,
     .dflt = "15",
     .min = 1,
     .max = 1000,
     .step = 1,
     .alias = "epochs",
     .help = "passes over items and users"},
    {.name = "alpha",
     .type = RS_PARAM_REAL,
     .dflt = "1",
     .min = 0,
     .max = 1e6,
     .log = true,
     .help = "confidence 1 + alpha weight of a row (unobserved_weight 0)",
     .tune_min = 0.3,
     .tune_max = 40},
    {.name = "unobserved_weight",
     .type = RS_PARAM_REAL,
     .dflt = "0",
     .min = 0,
     .max = 1e6,
     .log = true,
     .help = "weight of pairs without a row against 1 of a row; 0: use alpha"},
    {.name = "regularization_exponent",
     .type = RS_PARAM_REAL,
     .dflt = "0.5",
     .min = 0,
     .max = 2,
     .help = "regularization times (rows of the user or item)^this; 0: the same for all"},
    {.name = "solver",
     .type = RS_PARAM_CHOICE,
     .dflt = "cholesky",
     .choices = "cholesky|cg",
     .help = "exact, or a few conjugate gradient steps (faster with many factors)"},
    {.name = "cg_steps",
     .type = RS_PARAM_INT,
     .dflt = "3",
     .min = 1,
     .max = 100,
     .step = 1,
     .help = "conjugate gradient steps a row and pass (solver=cg)"},
    {.name = "input",
     .type = RS_PARAM_CHOICE,
     .dflt = "positives",
     .choices = RS_INPUT_CHOICES,
     .help = "weight of a row: 1; 1 if relevant; its value; value less the user's mean"},
    {.name = "tolerance",
     .type = RS_PARAM_REAL,
     .dflt = "0",
     .min = 0,
     .max = 1,
     .help = "stop when the loss falls by less than this share; 0: never"},
    {.name = NULL},
};

void als_config_read(const struct rs_values *v, struct als_config *out)
{
    *out = (struct als_config){
        .f = (int32_t)rs_values_int(v, "factors"),
        .iterations = (int32_t)rs_values_int(v, "iterations"),
        .cg_steps = (int32_t)rs_values_int(v, "cg_steps"),
        .solver = (enum als_solver)rs_values_choice(v, "solver"),
        .alpha = (float)rs_values_real(v, "alpha"),
        .unobserved = rs_values_real(v, "unobserved_weight"),
        .regularization = rs_values_real(v, "regularization"),
        .exponent = rs_values_real(v, "regularization_exponent"),
        .tolerance = rs_values_real(v, "tolerance"),
    };
}

const float *rs_als_user_factors(const struct rs_model *m)
{
    return ((const struct als *)m)->x;
}

const float *rs_als_item_factors(const struct rs_model *m)
{
    return ((const struct als *)m)->y;
}

int32_t rs_als_factors(const struct rs_model *m)
{
    return ((const struct als *)m)->c.f;
}

/* Users against the fitted items. rows is only asked for its number of columns. */
static struct als_side users_side(const struct als *a, const struct rs_csr *rows)
{
    return (struct als_side){.c = &a->c, .rows = rows, .from = a->y, .gram = a->gram};
}

static enum rs_code check_items(const struct rs_model *m, const int32_t *items, int32_t n,
                                struct rs_err *err)
{
    for (int32_t i = 0; i < n; i++) {
        if (items[i] < 0 || items[i] >= m->n_items || (i && items[i] <= items[i - 1])) {
            return rs_fail(err, RS_EARG,
                           "item %d of a profile: items are 0 to %d, ascending, each once",
                           items[i], m->n_items - 1);
        }
    }
    return RS_OK;
}

/* x[order] from weights; scratch of als_scratch_bytes. */
static enum rs_code fold_in(const struct als *a, const int32_t *items, const float *weights,
                            int32_t n, float *x, void *scratch, struct rs_err *err)
{
    enum rs_code rc = check_items(&a->base, items, n, err);
    if (rc) return rc;
    if (n == 0) { /* as in training: a row without entries is zero */
        memset(x, 0, als_order(&a->c) * sizeof(*x));
        return RS_OK;
    }
    const struct rs_csr shape = {.n_cols = a->base.n_items};
    struct als_side side = users_side(a, &shape);
    if (!als_solve_one(&side, items, weights, n, x, scratch)) {
        return rs_fail(err, RS_ENUMERIC,
                       "the system of a profile of %d items is not positive definite: train with "
                       "more model.regularization (now %g)",
                       n, a->c.regularization);
    }
    return RS_OK;
}

enum rs_code rs_als_fold_in(const struct rs_model *m, const int32_t *items, const float *weights,
                            int32_t n, float *x_out, struct rs_err *err)
{
    const struct als *a = (const struct als *)m;
    size_t order = als_order(&a->c);
    float *memory = rs_try_alloc(1, als_scratch_bytes(&a->c) + order * sizeof(float));
    if (!memory) return rs_fail(err, RS_ENOMEM, "fold-in with %d factors", a->c.f);
    enum rs_code rc = fold_in(a, items, weights, n, memory, memory + order, err);
    if (!rc) memcpy(x_out, memory, (size_t)a->c.f * sizeof(float));
    free(memory);
    return rc;
}

/* Scratch of scoring: vectors side by side, one vector, a profile's items and weights, solving. */
static size_t als_scratch(const struct rs_model *m, int32_t n)
{
    const struct als *a = (const struct als *)m;
    size_t order = als_order(&a->c);
    size_t n_items = rs_dense_round((size_t)m->n_items);
    return (order * rs_dense_round((size_t)n) + order + 2 * n_items) * sizeof(float) +
           als_scratch_bytes(&a->c);
}

static bool is_zero(const float *x, size_t n)
{
    size_t k = 0;
    while (k < n && x[k] == 0.0f) {
        k++;
    }
    return k == n;
}

/* A profile's vector: the stored one of a user who was trained on, else from its items. *x_out
 * borrows; NULL: nothing personal to say (no item that counts, or dislikes alone: they make a zero
 * vector, which ranks nothing). room: [order], then 2 n_items, then solving. */
static enum rs_code profile_vector(const struct als *a, const struct rs_profile *who, float *room,
                                   const float **x_out, struct rs_err *err)
{
    size_t f = (size_t)a->c.f;
    *x_out = NULL;
    if (who->user >= a->base.n_users) {
        return rs_fail(err, RS_EARG, "user %d: the model has users 0 to %d", who->user,
                       a->base.n_users - 1);
    }
    if (who->user >= 0) {
        const float *x = a->x + (size_t)who->user * f;
        if (!is_zero(x, f)) {
            *x_out = x;
            return RS_OK;
        }
    }
    enum rs_code rc = check_items(&a->base, who->items, who->n, err);
    if (rc) return rc;
    size_t n_items = rs_dense_round((size_t)a->base.n_items);
    float *weights = room + als_order(&a->c);
    int32_t *items = (int32_t *)(void *)(weights + n_items);
    int32_t n = rs_input_profile(&a->rule, who, items, weights);
    if (n == 0) return RS_OK;
    rc = fold_in(a, items, weights, n, room, items + n_items, err);
    if (!rc && !is_zero(room, f)) *x_out = room;
    return rc;
}

static enum rs_code als_score(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                              float *scores, bool *known_out, void *scratch, struct rs_err *err)
{
    const struct als *a = (const struct als *)m;
    size_t order = als_order(&a->c);
    float *columns = scratch; /* [f x n] */
    rs_assert(columns);
    float *room = columns + order * rs_dense_round((size_t)n);
    for (int32_t i = 0; i < n; i++) {
        const float *x;
        enum rs_code rc = profile_vector(a, &who[i], room, &x, err);
        if (rc) return rc;
        known_out[i] = x != NULL;
        for (size_t k = 0; k < (size_t)a->c.f; k++) {
            columns[k * (size_t)n + (size_t)i] = x ? x[k] : 0.0f;
        }
    }
    rs_dense_score(a->tiles, m->n_items, a->c.f, columns, n, scores);
    return RS_OK;
}

static size_t als_top_scratch(const struct rs_model *m)
{
    const struct als *a = (const struct als *)m;
    size_t all = rs_dense_round((size_t)m->n_items) * sizeof(float);
    size_t pruned = rs_prune_scratch(&a->prune);
    return als_scratch(m, 1) + (all > pruned ? all : pruned);
}

static enum rs_code als_top(const struct rs_model *m, const struct rs_profile *who,
                            const struct rs_filter *filter, int32_t k, struct rs_ranked *out,
                            int32_t *n_out, bool *known_out, void *scratch, struct rs_err *err)
{
    const struct als *a = (const struct als *)m;
    const float *x;
    void *room = (char *)scratch + als_scratch(m, 1);
    *n_out = 0;
    enum rs_code rc = profile_vector(a, who, scratch, &x, err);
    if (rc) return rc;
    *known_out = x != NULL;
    if (!x) return RS_OK;
    if (rs_prune_top(&a->prune, rs_prune_kernel_best(), x, filter, k, room, out, n_out)) {
        return RS_OK;
    }
    float *scores = room;
    rs_dense_score(a->tiles, m->n_items, a->c.f, x, 1, scores);
    *n_out =
        rs_topk(scores, m->n_items, filter->exclude, filter->n_exclude, filter->allowed, k, out);
    return RS_OK;
}

static void als_similar(const struct rs_model *m, int32_t item, float *scores)
{
    const struct als *a = (const struct als *)m;
    rs_dense_score(a->tiles, m->n_items, a->c.f, a->y + (size_t)item * (size_t)a->c.f, 1, scores);
    for (int32_t i = 0; i < m->n_items; i++) {
        scores[i] *= a->norms[i] * a->norms[item];
    }
}

/*
 * Hu et al. 2008, section 5: with W = A^-1 of the user, score_i = sum_j y_i' W y_j c_j p_j, a sum
 * over the user's items. That is the score of the fold-in; base_out carries what the stored vector
 * differs by (nothing but rounding with solver=cholesky).
 */
static enum rs_code als_explain(const struct rs_model *m, const struct rs_profile *who,
                                int32_t item, float *contribution_out, float *base_out,
                                struct rs_err *err)
{
    const struct als *a = (const struct als *)m;
    size_t f = (size_t)a->c.f;
    size_t n_items = rs_dense_round((size_t)m->n_items);
    rs_assert(item >= 0 && item < m->n_items);
    float *room = rs_try_alloc(1, als_scratch(m, 1) + n_items * sizeof(float));
    if (!room) return rs_fail(err, RS_ENOMEM, "explanation with %d factors", a->c.f);
    float *weights = room + als_order(&a->c);
    int32_t *items = (int32_t *)(void *)(weights + n_items);
    float *parts = (float *)(void *)items + n_items;
    const float *x;
    const float *y = a->y + (size_t)item * f;
    double score = 0;
    enum rs_code rc = profile_vector(a, who, room, &x, err);
    if (!rc) rc = check_items(m, who->items, who->n, err);
    if (rc) goto done;
    for (size_t k = 0; x && k < f; k++) {
        score += (double)x[k] * (double)y[k];
    }
    int32_t n = rs_input_profile(&a->rule, who, items, weights);
    const struct rs_csr shape = {.n_cols = m->n_items};
    struct als_side side = users_side(a, &shape);
    if (n && !als_contributions(&side, items, weights, n, y, parts, parts + n_items)) {
        rc = rs_fail(err, RS_ENUMERIC, "the system of a profile of %d items is singular", n);
        goto done;
    }
    int32_t at = 0;
    for (int32_t i = 0; i < who->n; i++) {
        bool used = at < n && items[at] == who->items[i];
        contribution_out[i] = used ? parts[at++] : 0.0f;
        score -= (double)contribution_out[i];
    }
    *base_out = (float)score;
done:
    free(room);
    return rc;
}

static const float *als_item_vectors(const struct rs_model *m, int32_t *f_out)
{
    const struct als *a = (const struct als *)m;
    *f_out = a->c.f;
    return a->y;
}

double rs_als_objective(const struct rs_model *m, const struct rs_csr *weighted)
{
    const struct als *a = (const struct als *)m;
    const struct als_config *c = &a->c;
    int threads = rs_par_threads();
    int32_t n_users = weighted->n_rows;
    int32_t n_items = weighted->n_cols;
    size_t ff = (size_t)c->f * (size_t)c->f;
    struct rs_err err = {0};
    struct rs_csr iu = {0};
    double sum = NAN;
    double *grams = rs_try_alloc(2, ff * sizeof(double));
    double *loss = rs_try_alloc((size_t)n_users + (size_t)n_items, sizeof(double));
    void *work = rs_try_alloc(1, als_gram_work(n_users > n_items ? n_users : n_items, c->f));
    void *scratch = rs_try_alloc((size_t)threads, als_scratch_bytes(c));
    if (!grams || !loss || !work || !scratch || rs_csr_transpose(weighted, &iu, &err)) goto done;
    const struct als_side users = {
        .c = c, .rows = weighted, .from = a->y, .vectors = a->x, .loss = loss, .observed = true};
    const struct als_side items = {
        .c = c, .rows = &iu, .from = a->x, .vectors = a->y, .loss = loss + n_users};
    als_losses(&users, threads, scratch);
    als_losses(&items, threads, scratch);
    als_gram(a->x, n_users, c->f, threads, grams, work);
    als_gram(a->y, n_items, c->f, threads, grams + ff, work);
    sum = als_objective_sum(c, loss, n_users, loss + n_users, n_items, grams, grams + ff);
done:
    rs_csr_clear(&iu);
    free(grams);
    free(loss);
    free(work);
    free(scratch);
    return sum;
}

static enum rs_code als_save(const struct rs_model *m, struct rs_writer *w, struct rs_err *err)
{
    const struct als *a = (const struct als *)m;
    int32_t shape[3] = {m->n_users, m->n_items, a->c.f};
    float rule[2] = {a->rule.threshold, a->rule.center};
    size_t f = (size_t)a->c.f;
    size_t tiles = rs_dense_tiles_size(m->n_items, a->c.f);
    size_t gram = als_order(&a->c) * als_ld(&a->c);
    enum rs_code rc = rs_writer_add(w, "als.shape", RS_PACK_I32, shape, 3, err);
    if (!rc) rc = rs_writer_add(w, "als.rule", RS_PACK_F32, rule, 2, err);
    if (!rc) rc = rs_writer_add(w, "als.x", RS_PACK_F32, a->x, (size_t)m->n_users * f, err);
    if (!rc) rc = rs_writer_add(w, "als.y", RS_PACK_F32, a->y, (size_t)m->n_items * f, err);
    if (!rc) rc = rs_writer_add(w, "als.tiles", RS_PACK_F32, a->tiles, tiles, err);
    if (!rc) rc = rs_writer_add(w, "als.gram", RS_PACK_F32, a->gram, gram, err);
    if (!rc) rc = rs_prune_save(&a->prune, w, err);
    return rc;
}

typedef bool sound_fn(const float *v, size_t n);

static enum rs_code get_floats(const struct rs_reader *r, const char *name, size_t n,
                               sound_fn *sound, const float **out, struct rs_err *err)
{
    const void *data;
    enum rs_code rc = rs_pack_get(r, name, RS_PACK_F32, (int64_t)n, &data, NULL, err);
    if (rc) return rc;
    *out = data;
    if (!sound(*out, n)) {
        return rs_fail(err, RS_EDAMAGED, "section '%s' holds numbers that no training gives", name);
    }
    return RS_OK;
}

static enum rs_code als_load(struct rs_model *m, const struct rs_reader *r, struct rs_err *err)
{
    struct als *a = (struct als *)m;
    als_config_read(m->values, &a->c);
    const void *data;
    enum rs_code rc = rs_pack_get(r, "als.shape", RS_PACK_I32, 3, &data, NULL, err);
    if (rc) return rc;
    const int32_t *shape = data;
    if (shape[0] < 0 || shape[1] < 1 || shape[2] != a->c.f) {
        return rs_fail(err, RS_EDAMAGED, "%d factors of %d users and %d items, parameters say %d",
                       shape[2], shape[0], shape[1], a->c.f);
    }
    size_t f = (size_t)a->c.f;
    const float *rule = NULL;
    rc = get_floats(r, "als.rule", 2, als_finite, &rule, err);
    if (!rc) rc = get_floats(r, "als.x", (size_t)shape[0] * f, als_usable, &a->x, err);
    if (!rc) rc = get_floats(r, "als.y", (size_t)shape[1] * f, als_usable, &a->y, err);
    if (!rc)
        rc = get_floats(r, "als.tiles", rs_dense_tiles_size(shape[1], a->c.f), als_usable,
                        &a->tiles, err);
    if (!rc)
        rc = get_floats(r, "als.gram", als_order(&a->c) * als_ld(&a->c), als_finite, &a->gram, err);
    if (!rc) rc = rs_prune_load(r, a->y, shape[1], a->c.f, &a->prune, err);
    if (rc) return rc;
    a->rule = (struct rs_input_rule){.input = (enum rs_input)rs_values_choice(m->values, "input"),
                                     .threshold = rule[0],
                                     .center = rule[1]};
    return als_finish(a, shape[0], shape[1], err);
}

static void als_clear(struct rs_model *m)
{
    struct als *a = (struct als *)m;
    for (size_t i = 0; i < sizeof(a->own) / sizeof(*a->own); i++) {
        free(a->own[i]);
        a->own[i] = NULL;
    }
    rs_prune_clear(&a->prune);
    free(a->norms);
    a->norms = NULL;
    a->x = a->y = a->tiles = a->gram = NULL;
}

const struct rs_model_ops rs_als_ops = {
    .name = "als",
    .summary = "implicit-feedback matrix factorisation (alternating least squares)",
    .params = als_params,
    .size = sizeof(struct als),
    .estimate = als_estimate,
    .fit = als_fit,
    .score = als_score,
    .scratch = als_scratch,
    .top = als_top,
    .top_scratch = als_top_scratch,
    .similar = als_similar,
    .explain = als_explain,
    .item_vectors = als_item_vectors,
    .save = als_save,
    .load = als_load,
    .clear = als_clear,
};
