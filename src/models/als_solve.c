/*
 * als_solve - the half step: one small system a row, gathered, accumulated and solved per thread.
 *
 * Rows are independent and each is summed in the order of its entries, so neither threads nor the
 * cut into parts change a bit. Nothing here allocates.
 */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "als_impl.h"
#include "rs/base/par.h"

enum { TILE = 128 };                /* entries gathered at once */
enum { PARTS = 512 };               /* pieces of a half step: balance, and polls of cancel */
static const float largest = 1e15f; /* of a factor: products and their sums stay finite */

/* Views into one thread's scratch; every vector has `order` elements. */
struct work {
    const struct rs_dense *dense;
    size_t order;
    size_t ld;
    float *a;      /* [order x ld] the system */
    float *tile;   /* [TILE x order] gathered vectors, zero past f */
    float *scaled; /* [TILE x order] the same times extra */
    float *b;
    float *x;
    float *r; /* cg: residual, direction, A times direction */
    float *p;
    float *ap;
    float *extra;  /* [TILE] */
    float *target; /* [TILE] */
};

size_t als_scratch_bytes(const struct als_config *c)
{
    size_t order = als_order(c);
    size_t floats = order * als_ld(c) + 2 * TILE * order + 5 * order + 2 * TILE;
    return floats * sizeof(float); /* a multiple of 64: each part is */
}

static struct work work_of(const struct als_config *c, void *scratch)
{
    struct work w = {.dense = rs_dense_best(), .order = als_order(c), .ld = als_ld(c)};
    float *at = scratch;
    float **const parts[] = {&w.a, &w.tile, &w.scaled, &w.b,     &w.x,
                             &w.r, &w.p,    &w.ap,     &w.extra, &w.target};
    const size_t sizes[] = {w.order * w.ld, TILE * w.order, TILE * w.order, w.order, w.order,
                            w.order,        w.order,        w.order,        TILE,    TILE};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        *parts[i] = at;
        at += sizes[i];
    }
    if ((size_t)c->f < w.order) memset(w.tile, 0, TILE * w.order * sizeof(float));
    return w;
}

/* Entries of one row. */
struct entries {
    const int32_t *cols;
    const float *weights; /* NULL: all 1 */
    int64_t n;
};

static struct entries row_entries(const struct rs_csr *m, int32_t row)
{
    int64_t begin = m->indptr[row];
    return (struct entries){.cols = m->indices + begin,
                            .weights = m->values ? m->values + begin : NULL,
                            .n = m->indptr[row + 1] - begin};
}

/* regularization (n + w0 n_cols)^exponent, w0 the unobserved_weight */
static double row_regularization(const struct als_side *s, int64_t n)
{
    const struct als_config *c = s->c;
    if (c->exponent <= 0) return c->regularization;
    return c->regularization * pow((double)n + c->unobserved * s->rows->n_cols, c->exponent);
}

/* Asks for a vector of the other side a few entries before it is copied: they lie anywhere. */
static void ask_for(const struct als_side *s, int32_t col)
{
    const float *v = s->from + (size_t)col * (size_t)s->c->f;
    for (int32_t k = 0; k < s->c->f; k += 16) {
        __builtin_prefetch(v + k);
    }
}

/* Entries begin .. begin+n-1 of e: their vectors into w->tile, extra_j and target_j. */
static int32_t gather(const struct als_side *s, const struct entries *e, int64_t begin,
                      struct work *w)
{
    enum { AHEAD = 8 };
    const struct als_config *c = s->c;
    int32_t n = e->n - begin < TILE ? (int32_t)(e->n - begin) : TILE;
    size_t f = (size_t)c->f;
    for (int32_t j = 0; j < n; j++) {
        if (begin + j + AHEAD < e->n) ask_for(s, e->cols[begin + j + AHEAD]);
        float r = e->weights ? e->weights[begin + j] : 1.0f;
        float size = fabsf(r);
        float confidence = c->unobserved > 0 ? size : 1.0f + c->alpha * size;
        w->extra[j] = c->unobserved > 0 ? size - (float)c->unobserved : c->alpha * size;
        w->target[j] = r > 0.0f ? confidence : 0.0f;
        memcpy(w->tile + (size_t)j * w->order, s->from + (size_t)e->cols[begin + j] * f,
               f * sizeof(float));
    }
    return n;
}

/* The tile's share of b, and of A's upper triangle where `system`. */
static void accumulate(struct work *w, int32_t n, bool system)
{
    struct rs_product g = {.q = w->target,
                           .ldq = 1,
                           .p = w->tile,
                           .ldp = w->order,
                           .c = w->b,
                           .ldc = w->order,
                           .depth = n,
                           .rows = 1,
                           .cols = (int32_t)w->order,
                           .mode = RS_PRODUCT_ADD};
    w->dense->product(&g);
    if (!system) return;
    for (int32_t j = 0; j < n; j++) {
        const float *from = w->tile + (size_t)j * w->order;
        float *to = w->scaled + (size_t)j * w->order;
        for (size_t k = 0; k < w->order; k++) {
            to[k] = w->extra[j] * from[k];
        }
    }
    g.ldq = w->order;
    g.ldc = w->ld;
    g.rows = RS_DENSE_BLOCK;
    for (size_t k = 0; k < w->order; k += RS_DENSE_BLOCK) {
        g.q = w->scaled + k;
        g.p = w->tile + k;
        g.c = w->a + k * w->ld + k;
        g.cols = (int32_t)(w->order - k);
        w->dense->product(&g);
    }
}

/* w G + reg I with ones on the padded diagonal and no right-hand side yet. */
static void start_system(const struct als_side *s, struct work *w, double regularization)
{
    memcpy(w->a, s->gram, w->order * w->ld * sizeof(float));
    for (size_t k = 0; k < w->order; k++) {
        w->a[k * w->ld + k] += k < (size_t)s->c->f ? (float)regularization : 1.0f;
    }
}

static void set_right_side(struct work *w, const float *v)
{
    for (size_t k = 0; k < w->order; k++) {
        w->a[k * w->ld + w->order] = v[k];
    }
}

/* Factor A with its right-hand side, solve into out[order]. */
static bool solve_system(struct work *w, float *out)
{
    int32_t order = (int32_t)w->order;
    if (w->dense->cholesky(w->a, w->ld, order, (int32_t)w->ld) >= 0) return false;
    for (size_t k = 0; k < w->order; k++) {
        out[k] = w->a[k * w->ld + w->order];
    }
    w->dense->back(w->a, w->ld, order, out);
    return true;
}

static bool all_within(const float *v, size_t n, float bound)
{
    int bad = 0;
    for (size_t k = 0; k < n; k++) {
        bad |= !(fabsf(v[k]) <= bound); /* NaN is bad too */
    }
    return !bad;
}

bool als_usable(const float *v, size_t n)
{
    return all_within(v, n, largest);
}

bool als_finite(const float *v, size_t n)
{
    return all_within(v, n, FLT_MAX);
}

static bool row_cholesky(const struct als_side *s, const struct entries *e, struct work *w)
{
    start_system(s, w, row_regularization(s, e->n));
    memset(w->b, 0, w->order * sizeof(float));
    for (int64_t begin = 0; begin < e->n; begin += TILE) {
        accumulate(w, gather(s, e, begin, w), true);
    }
    set_right_side(w, w->b);
    return solve_system(w, w->x) && als_usable(w->x, w->order);
}

/* out = A v, with A never formed. One tile holds a short row from one step to the next. */
static void apply_system(const struct als_side *s, const struct entries *e, struct work *w,
                         float regularization, const float *v, float *out)
{
    const struct rs_product g = {.q = v,
                                 .ldq = 1,
                                 .p = s->gram,
                                 .ldp = w->ld,
                                 .c = out,
                                 .ldc = w->order,
                                 .depth = s->c->f,
                                 .rows = 1,
                                 .cols = (int32_t)w->order,
                                 .mode = RS_PRODUCT_SET};
    w->dense->product(&g);
    for (size_t k = 0; k < w->order; k++) {
        out[k] += regularization * v[k];
    }
    for (int64_t begin = 0; begin < e->n; begin += TILE) {
        int32_t n = e->n <= TILE ? (int32_t)e->n : gather(s, e, begin, w);
        w->dense->rank_apply(w->tile, w->order, n, w->extra, v, out);
    }
}

/* cg_steps steps of conjugate gradients from the row as it is. */
static bool row_cg(const struct als_side *s, const struct entries *e, struct work *w)
{
    const struct rs_dense *dense = w->dense;
    float regularization = (float)row_regularization(s, e->n);
    memset(w->b, 0, w->order * sizeof(float));
    for (int64_t begin = 0; begin < e->n; begin += TILE) {
        accumulate(w, gather(s, e, begin, w), false);
    }
    apply_system(s, e, w, regularization, w->x, w->r);
    for (size_t k = 0; k < w->order; k++) {
        w->p[k] = w->r[k] = w->b[k] - w->r[k];
    }
    float rr = dense->dot(w->r, w->r, w->order);
    float enough = FLT_EPSILON * FLT_EPSILON * dense->dot(w->b, w->b, w->order);
    for (int32_t step = 0; step < s->c->cg_steps && rr > enough; step++) {
        apply_system(s, e, w, regularization, w->p, w->ap);
        float curvature = dense->dot(w->p, w->ap, w->order);
        if (!(curvature > 0.0f)) return false;
        float length = rr / curvature;
        for (size_t k = 0; k < w->order; k++) {
            w->x[k] += length * w->p[k];
            w->r[k] -= length * w->ap[k];
        }
        float next = dense->dot(w->r, w->r, w->order);
        float ratio = next / rr;
        for (size_t k = 0; k < w->order; k++) {
            w->p[k] = w->r[k] + ratio * w->p[k];
        }
        rr = next;
    }
    return isfinite(rr) && als_usable(w->x, w->order);
}

/* This row's share of the objective, x its vector and the last tile still gathered. */
static double row_loss(const struct als_side *s, const struct entries *e, struct work *w)
{
    double norm = (double)w->dense->dot(w->x, w->x, w->order);
    double loss = row_regularization(s, e->n) * norm;
    for (int64_t begin = 0; s->observed && begin < e->n; begin += TILE) {
        int32_t n = e->n <= TILE ? (int32_t)e->n : gather(s, e, begin, w);
        for (int32_t j = 0; j < n; j++) {
            double score = (double)w->dense->dot(w->tile + (size_t)j * w->order, w->x, w->order);
            double target = (double)w->target[j]; /* c (p - s)^2 - w s^2, p 0 or 1 */
            loss += target - 2.0 * target * score + (double)w->extra[j] * score * score;
        }
    }
    return loss;
}

static bool step_row(const struct als_side *s, int32_t row, struct work *w)
{
    size_t f = (size_t)s->c->f;
    struct entries e = row_entries(s->rows, row);
    float *to = s->to + (size_t)row * f;
    if (e.n == 0) {
        memset(to, 0, f * sizeof(float));
        s->loss[row] = 0;
        return true;
    }
    bool good;
    if (s->c->solver == ALS_CG) {
        memset(w->x, 0, w->order * sizeof(float));
        memcpy(w->x, to, f * sizeof(float));
        good = row_cg(s, &e, w);
    } else {
        good = row_cholesky(s, &e, w);
    }
    if (!good) return false;
    memcpy(to, w->x, f * sizeof(float));
    s->loss[row] = row_loss(s, &e, w);
    return true;
}

/* Cost of a row beyond its entries, in entries. */
static int64_t row_cost(const struct als_config *c)
{
    return c->solver == ALS_CG ? 8 + c->f / 4 : 8 + c->f / 2;
}

enum rs_code als_half_step(const struct als_side *s, int threads, void *scratch,
                           struct rs_task *task, struct rs_err *err)
{
    int32_t bounds[PARTS + 1];
    int parts = rs_par_split(s->rows->indptr, s->rows->n_rows, row_cost(s->c), PARTS, bounds);
    int32_t bad = s->rows->n_rows; /* the first row that cannot be solved */
    atomic_int next = 0;           /* part to take */
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(min : bad)
    for (int t = 0; t < threads; t++) {
        struct work w = work_of(s->c, (char *)scratch + als_scratch_bytes(s->c) * (size_t)t);
        int part;
        while ((part = atomic_fetch_add(&next, 1)) < parts && !rs_task_cancelled(task)) {
            for (int32_t row = bounds[part]; row < bounds[part + 1]; row++) {
                if (!step_row(s, row, &w) && row < bad) bad = row;
            }
        }
    }
    if (rs_task_cancelled(task)) return rs_fail(err, RS_ECANCEL, "stopped");
    if (bad < s->rows->n_rows) {
        return rs_fail(err, RS_ENUMERIC,
                       "the system of %s %d is not positive definite in float: raise "
                       "model.regularization (now %g)",
                       s->row_name, bad, s->c->regularization);
    }
    return RS_OK;
}

void als_losses(const struct als_side *s, int threads, void *scratch)
{
    size_t f = (size_t)s->c->f;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        struct work w = work_of(s->c, (char *)scratch + als_scratch_bytes(s->c) * (size_t)t);
        memset(w.x, 0, w.order * sizeof(float));
        for (int32_t row = t; row < s->rows->n_rows; row += threads) {
            struct entries e = row_entries(s->rows, row);
            memcpy(w.x, s->vectors + (size_t)row * f, f * sizeof(float));
            if (s->observed && e.n <= TILE) gather(s, &e, 0, &w);
            s->loss[row] = e.n ? row_loss(s, &e, &w) : 0.0;
        }
    }
}

bool als_solve_one(const struct als_side *s, const int32_t *cols, const float *weights, int64_t n,
                   float *x, void *scratch)
{
    struct work w = work_of(s->c, scratch);
    struct entries e = {.cols = cols, .weights = weights, .n = n};
    if (!row_cholesky(s, &e, &w)) return false;
    memcpy(x, w.x, w.order * sizeof(float));
    return true;
}

bool als_contributions(const struct als_side *s, const int32_t *cols, const float *weights,
                       int64_t n, const float *v, float *parts_out, void *scratch)
{
    struct work w = work_of(s->c, scratch);
    struct entries e = {.cols = cols, .weights = weights, .n = n};
    start_system(s, &w, row_regularization(s, n));
    for (int64_t begin = 0; begin < n; begin += TILE) {
        accumulate(&w, gather(s, &e, begin, &w), true);
    }
    memset(w.b, 0, w.order * sizeof(float));
    memcpy(w.b, v, (size_t)s->c->f * sizeof(float));
    set_right_side(&w, w.b);
    if (!solve_system(&w, w.x)) return false;
    for (int64_t begin = 0; begin < n; begin += TILE) {
        int32_t m = gather(s, &e, begin, &w);
        for (int32_t j = 0; j < m; j++) {
            parts_out[begin + j] =
                w.target[j] * w.dense->dot(w.tile + (size_t)j * w.order, w.x, w.order);
        }
    }
    return true;
}
