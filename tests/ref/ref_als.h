/*
 * ref_als - alternating least squares in double with plain loops: what src/models/als*.c must equal.
 */
#ifndef TESTS_REF_ALS_H
#define TESTS_REF_ALS_H

#include <stdint.h>

#include "rs/data/csr.h"

struct ref_als {
    int32_t f;
    double alpha;
    double unobserved; /* 0: confidence form */
    double regularization;
    double exponent;
};

/* x_out[f] of one row with entries (cols, weights; NULL: all 1) against y[n_cols x f]. */
void ref_als_solve(const struct ref_als *c, const double *y, int32_t n_cols, const int32_t *cols,
                   const float *weights, int64_t n, double *x_out);
/* Every pair of the objective, looked at one by one. */
double ref_als_objective(const struct ref_als *c, const struct rs_csr *w, const double *x,
                         const double *y);
/* One epoch in place: y from x, then x from y. wt: the transpose of w. */
void ref_als_epoch(const struct ref_als *c, const struct rs_csr *w, const struct rs_csr *wt,
                   double *x, double *y);

#endif
