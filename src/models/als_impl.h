/*
 * als_impl - what the files of the als model share: its parameters, its memory, the half step.
 *
 * A half step solves every row of one side given the other: A x = b with
 *   A = w G + sum_j extra_j y_j y_j' + reg I,   b = sum_j target_j y_j,
 * G = Y'Y of the other side, w = unobserved_weight (1 in the confidence form), c_j the confidence:
 *   extra_j = c_j - w,   target_j = c_j where the weight is positive, else 0.
 */
#ifndef SRC_MODELS_ALS_IMPL_H
#define SRC_MODELS_ALS_IMPL_H

#include "dense_impl.h"
#include "prune_impl.h"
#include "rs/models/als.h"

enum als_solver { ALS_CHOLESKY, ALS_CG };

struct als_config {
    int32_t f;
    int32_t iterations;
    int32_t cg_steps;
    enum als_solver solver;
    float alpha;
    double unobserved; /* 0: confidence form */
    double regularization;
    double exponent;
    double tolerance;
};

struct als {
    struct rs_model base;
    struct als_config c;
    struct rs_input_rule rule;
    const float *x;        /* [n_users x f] */
    const float *y;        /* [n_items x f] */
    const float *tiles;    /* y as rs_dense_tiles */
    const float *gram;     /* w Y'Y as als_gram_base gives it */
    float *norms;          /* [n_items] 1 / |y_i|, 0 of a zero vector; always own */
    float *own[4];         /* memory of x, y, tiles, gram; NULL where they lie in a file */
    struct rs_prune prune; /* of y */
};

void als_config_read(const struct rs_values *v, struct als_config *out);

/* w: what a pair without a row weighs. */
static inline double als_pair_weight(const struct als_config *c)
{
    return c->unobserved > 0 ? c->unobserved : 1.0;
}

/* Order of the padded system and its leading dimension: one more block holds right-hand sides. */
static inline size_t als_order(const struct als_config *c)
{
    return rs_dense_round((size_t)c->f);
}

static inline size_t als_ld(const struct als_config *c)
{
    return als_order(c) + RS_DENSE_BLOCK;
}

/* sum of v v' over rows v[n x f], in double and in an order that threads do not change:
 * gram_out[f x f]. work: als_gram_work bytes. */
void als_gram(const float *v, int32_t n, int32_t f, int threads, double *gram_out, void *work);
size_t als_gram_work(int32_t n, int32_t f);
/* w times that, padded: out[order x ld]. */
void als_gram_base(const struct als_config *c, const double *gram, float *out);

/* Scratch of one thread for solving. */
size_t als_scratch_bytes(const struct als_config *c);
/* All of v[n] are factors: numbers whose products and sums of products stay finite. */
bool als_usable(const float *v, size_t n);
bool als_finite(const float *v, size_t n);

/* One side of a half step. */
struct als_side {
    const struct als_config *c;
    const struct rs_csr *rows; /* weights; values NULL: all 1 */
    const float *from;         /* [rows->n_cols x f] */
    const float *gram;         /* als_gram_base of from */
    float *to;                 /* [rows->n_rows x f] solved for by als_half_step */
    const float *vectors;      /* [rows->n_rows x f] read by als_losses */
    const char *row_name;      /* "user", "item": for errors */
    double *loss;              /* [rows->n_rows] each row's share of the objective */
    bool observed;             /* loss counts observed entries too, not only regularisation */
};
enum rs_code als_half_step(const struct als_side *s, int threads, void *scratch,
                           struct rs_task *task, struct rs_err *err);

/* One row's vector into x[order] (zero past f) from entries (cols, weights) against `from`. False:
 * not positive definite, or beyond what float holds. Exact (cholesky) whatever the solver. */
bool als_solve_one(const struct als_side *s, const int32_t *cols, const float *weights, int64_t n,
                   float *x, void *scratch);
/* parts_out[j] = target_j (A^-1 v) . y_j for v[f]: what entry j adds to the score of v. */
bool als_contributions(const struct als_side *s, const int32_t *cols, const float *weights,
                       int64_t n, const float *v, float *parts_out, void *scratch);

/* Objective from the rows' shares and the two sides' Gram matrices. */
double als_objective_sum(const struct als_config *c, const double *user_loss, int32_t n_users,
                         const double *item_loss, int32_t n_items, const double *gram_x,
                         const double *gram_y);
/* Shares of rows as they are, without solving: what a half step reports. */
void als_losses(const struct als_side *s, int threads, void *scratch);

/* Checkpoints: epoch, loss and factors under a key. */
struct als_state {
    int32_t epoch; /* finished */
    double loss;
    float *x; /* [n_users x f] */
    float *y; /* [n_items x f] */
    int32_t n_users;
    int32_t n_items;
};
/* What a checkpoint belongs to: parameters, seed, data. */
uint64_t als_checkpoint_key(const struct rs_model *m, const struct rs_csr *weights, uint64_t seed);
enum rs_code als_checkpoint_save(const char *path, uint64_t key, const struct als_config *c,
                                 const struct als_state *s, struct rs_err *err);
/* True, and s filled, if path holds a whole checkpoint of that key. */
bool als_checkpoint_load(const char *path, uint64_t key, const struct als_config *c,
                         struct als_state *s);

/* als_fit.c */
enum rs_code als_fit(struct rs_model *m, const struct rs_fit_data *d, struct rs_task *task,
                     struct rs_err *err);
enum rs_code als_estimate(const struct rs_model *m, const struct rs_fit_data *d,
                          struct rs_estimate *out, struct rs_err *err);
/* Shape, and norms of the items, made from y; a->prune is there. RS_ENOMEM. */
enum rs_code als_finish(struct als *a, int32_t n_users, int32_t n_items, struct rs_err *err);

#endif
