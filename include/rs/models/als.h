/*
 * als - matrix factorisation for implicit feedback by alternating least squares.
 *
 * Problem  min sum_ui c_ui (p_ui - x_u . y_i)^2 + sum_u reg_u |x_u|^2 + sum_i reg_i |y_i|^2,
 *          p_ui = 1 where a row has weight r_ui > 0, 0 elsewhere;
 *          c_ui = 1 + alpha |r_ui| (unobserved_weight 0), or c_ui = |r_ui| on rows and
 *          unobserved_weight w0 elsewhere;
 *          reg_u = regularization (n_u + w0 n_items)^regularization_exponent, n_u the user's rows.
 *          Exponent 0 is the plain sum of squares. 0.5 (default) follows the noise of a sparse
 *          matrix, whose largest singular value grows with the square root of the rows: one value
 *          serves small and large data.
 * Source   Hu, Koren, Volinsky 2008; Takacs, Pilaszy, Tikk 2011 (cg); Rendle et al. 2021, 2022
 *          (frequency-scaled regularisation, unobserved weight).
 * Shapes   X [n_users x f], Y [n_items x f], row-major float, 64-byte aligned.
 * Cost     one epoch O(nnz f^2 + (n_users + n_items) f^3) cholesky, O(nnz f + rows f^2) a cg step.
 * Threads  rows are independent; sums over rows are in fixed blocks: any number of threads gives
 *          the same bytes. So does any vector width: kernels have one order of summation and no
 *          fused multiply-add.
 * Order    an epoch solves items, then users: a stored user vector answers the final items, as
 *          folding in the same history would (to the bit with solver=cholesky).
 */
#ifndef RS_MODELS_ALS_H
#define RS_MODELS_ALS_H

#include "rs/models/model.h"

extern const struct rs_model_ops rs_als_ops;

/* Factors of a fitted model, borrowed. */
const float *rs_als_user_factors(const struct rs_model *m);
const float *rs_als_item_factors(const struct rs_model *m);
int32_t rs_als_factors(const struct rs_model *m);
/* Factors of a user who was not in training, from weights as fit gives them. x_out[f] is written
 * only on success. RS_EARG: item out of range. RS_ENUMERIC: system not positive definite. */
RS_MUST_USE enum rs_code rs_als_fold_in(const struct rs_model *m, const int32_t *items,
                                        const float *weights, int32_t n, float *x_out,
                                        struct rs_err *err);
/* The objective above, summed in double, for the factors as they are; weighted: rows as fit sees
 * them (rs_input_apply). NaN when out of memory. */
double rs_als_objective(const struct rs_model *m, const struct rs_csr *weighted);

#endif
