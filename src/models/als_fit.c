/*
 * als_fit - the loop over epochs: items from users, then users from items.
 *
 * Users come last, so a stored user vector is the exact answer to the final items: what a fold-in
 * of the same history gives.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "als_impl.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

static const int64_t checkpoint_gap_ns = 1000000000;

/* All of one fit beside the model's own arrays. */
struct fit {
    struct als *a;
    const struct als_config *c;
    struct rs_csr ui; /* weights, users in rows */
    struct rs_csr iu;
    int threads;
    double *gram_x; /* [f x f] of the current x */
    double *gram_y;
    double *user_loss;
    double *item_loss;
    void *gram_work;
    void *scratch;
    struct als_state state; /* x and y are the model's own */
    uint64_t key;           /* of the checkpoint */
    const char *checkpoint; /* path or NULL */
    int64_t kept_ns;        /* when the last checkpoint was written */
};

/* At most: both ways, columns and weights of all entries, and row offsets. */
static double weights_bytes(enum rs_input input, const struct rs_csr *ui)
{
    if (input == RS_INPUT_BINARY || !ui->values) return 0;
    double entry = sizeof(int32_t) + (input == RS_INPUT_POSITIVES ? 0 : sizeof(float));
    return 2 * entry * (double)ui->nnz +
           sizeof(int64_t) * ((double)ui->n_rows + (double)ui->n_cols + 2);
}

enum rs_code als_estimate(const struct rs_model *m, const struct rs_fit_data *d,
                          struct rs_estimate *out, struct rs_err *err)
{
    (void)err;
    struct als_config c;
    als_config_read(m->values, &c);
    double f = c.f;
    double n_users = d->ui->n_rows;
    double n_items = d->ui->n_cols;
    double nnz = (double)d->ui->nnz;
    int threads = rs_par_threads();
    enum rs_input input = (enum rs_input)rs_values_choice(m->values, "input");
    double bytes = (n_users + 2 * n_items) * f * sizeof(float);
    bytes += weights_bytes(input, d->ui);
    bytes += (double)als_scratch_bytes(&c) * threads;
    bytes +=
        (double)als_gram_work(d->ui->n_rows > d->ui->n_cols ? d->ui->n_rows : d->ui->n_cols, c.f);
    bytes += n_items * (f + 20); /* pruning: 8-bit copy, order, sorting */
    bytes += 16 * f * f + 4.0 * (double)(als_order(&c) * als_ld(&c)) + 8 * (n_users + 2 * n_items);
    double rows = n_users + n_items;
    double epoch = 2 * rows * f * f + 2 * nnz * f; /* Gram matrices, loss */
    if (c.solver == ALS_CG) {
        epoch += (c.cg_steps + 1) * (8 * nnz * f + 2 * rows * f * f);
    } else {
        epoch += 2 * nnz * f * f + rows * (f * f * f / 3 + 4 * f * f);
    }
    out->bytes = (int64_t)bytes;
    out->flops = epoch * c.iterations;
    out->seconds = out->flops / (rs_dense_rate() * threads);
    snprintf(out->advice, sizeof(out->advice),
             "lower model.factors (now %d) or train on fewer rows", c.f);
    return RS_OK;
}

static enum rs_code make_weights(struct fit *t, const struct rs_fit_data *d, struct rs_err *err)
{
    struct als *a = t->a;
    enum rs_input input = (enum rs_input)rs_values_choice(a->base.values, "input");
    a->rule = rs_input_rule_make(input, d->ui, d->threshold);
    enum rs_code rc = rs_input_apply(&a->rule, d->ui, &t->ui, err);
    if (rc) return rc;
    if (t->ui.nnz == 0) {
        return rs_fail(err, RS_EARG,
                       "input=%s gives none of %lld rows a weight (relevance threshold %g): "
                       "use input=binary",
                       rs_values_text(a->base.values, "input"), (long long)d->ui->nnz,
                       d->threshold);
    }
    if (input == RS_INPUT_SIGNED) return rs_csr_transpose(&t->ui, &t->iu, err);
    return rs_input_apply(&a->rule, d->iu, &t->iu, err); /* a value's weight is its own */
}

static enum rs_code allocate(struct fit *t, struct rs_err *err)
{
    struct als *a = t->a;
    size_t f = (size_t)t->c->f;
    size_t n_users = (size_t)t->ui.n_rows;
    size_t n_items = (size_t)t->ui.n_cols;
    int32_t longest = t->ui.n_rows > t->ui.n_cols ? t->ui.n_rows : t->ui.n_cols;
    a->own[0] = rs_try_alloc(n_users, f * sizeof(float));
    a->own[1] = rs_try_alloc(n_items, f * sizeof(float));
    a->own[2] = rs_try_alloc(rs_dense_tiles_size(t->ui.n_cols, t->c->f), sizeof(float));
    a->own[3] = rs_try_alloc(als_order(t->c), als_ld(t->c) * sizeof(float));
    t->gram_x = rs_try_alloc(f * f, sizeof(double));
    t->gram_y = rs_try_alloc(f * f, sizeof(double));
    t->user_loss = rs_try_alloc(n_users, sizeof(double));
    t->item_loss = rs_try_alloc(n_items, sizeof(double));
    t->gram_work = rs_try_alloc(1, als_gram_work(longest, t->c->f));
    t->scratch = rs_try_alloc((size_t)t->threads, als_scratch_bytes(t->c));
    if (!a->own[0] || !a->own[1] || !a->own[2] || !a->own[3] || !t->gram_x || !t->gram_y ||
        !t->user_loss || !t->item_loss || !t->gram_work || !t->scratch) {
        return rs_fail(err, RS_ENOMEM,
                       "factors of %zu users and %zu items: lower model.factors "
                       "(now %d)",
                       n_users, n_items, t->c->f);
    }
    t->state.x = a->own[0];
    t->state.y = a->own[1];
    t->state.n_users = t->ui.n_rows;
    t->state.n_items = t->ui.n_cols;
    return RS_OK;
}

/* Small normal numbers for users who have entries; items follow from them. */
static void init_users(struct fit *t, uint64_t seed)
{
    float scale = 0.1f / sqrtf((float)t->c->f);
    size_t f = (size_t)t->c->f;
#pragma omp parallel for num_threads(t->threads) schedule(static)
    for (int32_t u = 0; u < t->ui.n_rows; u++) {
        struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("als.users", (uint64_t)u));
        float *x = t->state.x + (size_t)u * f;
        if (rs_csr_len(&t->ui, u) == 0) continue;
        for (size_t k = 0; k < f; k++) {
            x[k] = scale * (float)rs_rng_normal(&rng);
        }
    }
}

static enum rs_code epoch(struct fit *t, struct rs_task *task, struct rs_err *err)
{
    struct als *a = t->a;
    struct als_state *s = &t->state;
    float *gram = a->own[3];
    als_gram_base(t->c, t->gram_x, gram);
    const struct als_side items = {.c = t->c,
                                   .rows = &t->iu,
                                   .from = s->x,
                                   .gram = gram,
                                   .to = s->y,
                                   .row_name = "item",
                                   .loss = t->item_loss};
    enum rs_code rc = als_half_step(&items, t->threads, t->scratch, task, err);
    if (rc) return rc;
    als_gram(s->y, s->n_items, t->c->f, t->threads, t->gram_y, t->gram_work);
    als_gram_base(t->c, t->gram_y, gram);
    const struct als_side users = {.c = t->c,
                                   .rows = &t->ui,
                                   .from = s->y,
                                   .gram = gram,
                                   .to = s->x,
                                   .row_name = "user",
                                   .loss = t->user_loss,
                                   .observed = true};
    rc = als_half_step(&users, t->threads, t->scratch, task, err);
    if (rc) return rc;
    als_gram(s->x, s->n_users, t->c->f, t->threads, t->gram_x, t->gram_work);
    s->loss = als_objective_sum(t->c, t->user_loss, s->n_users, t->item_loss, s->n_items, t->gram_x,
                                t->gram_y);
    if (!isfinite(s->loss)) return rs_fail(err, RS_ENUMERIC, "the objective is not finite");
    return RS_OK;
}

/* At the end of an epoch: once a second, and before giving up. A checkpoint that cannot be written
 * is no reason to stop. */
static void keep_checkpoint(struct fit *t, bool now)
{
    int64_t ns = rs_clock_mono_ns();
    if (!t->checkpoint || (!now && ns - t->kept_ns < checkpoint_gap_ns)) return;
    struct rs_err err = {0};
    if (als_checkpoint_save(t->checkpoint, t->key, t->c, &t->state, &err)) {
        rs_log(RS_LOG_WARN, "train", "checkpoint=%s not_written=\"%s\"", t->checkpoint, err.msg);
    }
    t->kept_ns = ns;
}

/* The fit is done. A file that stays costs room, not the model: another fit ignores it. */
static void drop_checkpoint(const struct fit *t)
{
    struct rs_err err = {0};
    if (t->checkpoint && rs_fs_remove(t->checkpoint, &err)) {
        rs_log(RS_LOG_WARN, "train", "checkpoint=%s not_removed=\"%s\"", t->checkpoint, err.msg);
    }
}

static enum rs_code run(struct fit *t, struct rs_task *task, struct rs_err *err)
{
    const struct als_config *c = t->c;
    struct als_state *s = &t->state;
    rs_task_begin(task, "train als", "epochs", c->iterations);
    rs_task_report(task, s->epoch);
    t->kept_ns = rs_clock_mono_ns();
    als_gram(s->x, s->n_users, c->f, t->threads, t->gram_x, t->gram_work);
    while (s->epoch < c->iterations) {
        double before = s->loss;
        enum rs_code rc = epoch(t, task, err);
        if (rc) return rs_wrap(err, "epoch %d of %d", s->epoch + 1, c->iterations);
        s->epoch++;
        rs_task_metric(task, s->epoch, "loss", s->epoch, s->loss);
        bool cancelled = rs_task_cancelled(task);
        keep_checkpoint(t, cancelled);
        if (cancelled) {
            return rs_fail(err, RS_ECANCEL, "stopped after epoch %d of %d", s->epoch,
                           c->iterations);
        }
        bool still = before - s->loss < c->tolerance * before;
        if (c->tolerance > 0 && s->epoch > 1 && still) break;
    }
    rs_task_report(task, c->iterations); /* fewer where the loss stood still */
    als_gram(s->y, s->n_items, c->f, t->threads, t->gram_y, t->gram_work);
    als_gram_base(c, t->gram_y, t->a->own[3]);
    if (als_finite(t->a->own[3], als_order(c) * als_ld(c))) return RS_OK;
    return rs_fail(err, RS_ENUMERIC, "sums over the item factors are beyond float");
}

/* 1 / |y| of m items, m known when compiled: their sums run side by side. */
static inline __attribute__((always_inline)) void inverse_norms(const int m, const float *y,
                                                                size_t f, float *out)
{
    double sum[4] = {0};
    for (size_t k = 0; k < f; k++) {
        for (int i = 0; i < m; i++) {
            double v = (double)y[(size_t)i * f + k];
            sum[i] += v * v;
        }
    }
    for (int i = 0; i < m; i++) {
        out[i] = sum[i] > 1e-30 ? (float)(1.0 / sqrt(sum[i])) : 0.0f;
    }
}

enum rs_code als_finish(struct als *a, int32_t n_users, int32_t n_items, struct rs_err *err)
{
    size_t f = (size_t)a->c.f;
    a->norms = rs_try_alloc((size_t)n_items, sizeof(*a->norms));
    if (!a->norms) return rs_fail(err, RS_ENOMEM, "norms of %d items", n_items);
    int32_t i = 0;
    for (; i + 4 <= n_items; i += 4) {
        inverse_norms(4, a->y + (size_t)i * f, f, a->norms + i);
    }
    for (; i < n_items; i++) {
        inverse_norms(1, a->y + (size_t)i * f, f, a->norms + i);
    }
    a->base.n_users = n_users;
    a->base.n_items = n_items;
    return RS_OK;
}

static void fit_clear(struct fit *t)
{
    rs_csr_clear(&t->ui);
    rs_csr_clear(&t->iu);
    free(t->gram_x);
    free(t->gram_y);
    free(t->user_loss);
    free(t->item_loss);
    free(t->gram_work);
    free(t->scratch);
}

enum rs_code als_fit(struct rs_model *m, const struct rs_fit_data *d, struct rs_task *task,
                     struct rs_err *err)
{
    struct als *a = (struct als *)m;
    als_config_read(m->values, &a->c);
    struct fit t = {.a = a, .c = &a->c, .threads = rs_par_threads(), .checkpoint = d->checkpoint};
    enum rs_code rc = make_weights(&t, d, err);
    if (rc) goto done;
    rc = allocate(&t, err);
    if (rc) goto done;
    if (t.checkpoint) t.key = als_checkpoint_key(m, &t.ui, d->seed);
    if (!t.checkpoint || !als_checkpoint_load(t.checkpoint, t.key, &a->c, &t.state)) {
        init_users(&t, d->seed);
    }
    rc = run(&t, task, err);
    if (rc) goto done;
    rs_dense_tiles(a->own[1], t.ui.n_cols, a->c.f, a->own[2]);
    a->x = a->own[0];
    a->y = a->own[1];
    a->tiles = a->own[2];
    a->gram = a->own[3];
    rc = rs_prune_build(a->y, t.ui.n_cols, a->c.f, &a->prune, err);
    if (!rc) rc = als_finish(a, t.ui.n_rows, t.ui.n_cols, err);
    if (!rc) drop_checkpoint(&t);
done:
    fit_clear(&t);
    return rc;
}
