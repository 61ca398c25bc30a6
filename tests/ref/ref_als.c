/* ref_als - the formulas as they are written in als.h. */
#include "ref_als.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

/* Weight of column i in a row; 0 where it has no entry. */
static double entry(const int32_t *cols, const float *weights, int64_t n, int32_t i)
{
    for (int64_t e = 0; e < n; e++) {
        if (cols[e] == i) return weights ? (double)weights[e] : 1.0;
    }
    return 0;
}

static double confidence(const struct ref_als *c, double r)
{
    if (c->unobserved > 0) return r != 0 ? fabs(r) : c->unobserved;
    return 1 + c->alpha * fabs(r);
}

static double regularization(const struct ref_als *c, int64_t n, int32_t n_cols)
{
    return c->regularization * pow((double)n + c->unobserved * n_cols, c->exponent);
}

/* Gaussian elimination with row pivots; a[f x f] and b[f] are used up, b becomes the solution. */
static void eliminate(double *a, double *b, int32_t f)
{
    for (int32_t k = 0; k < f; k++) {
        int32_t pivot = k;
        for (int32_t r = k + 1; r < f; r++) {
            if (fabs(a[r * f + k]) > fabs(a[pivot * f + k])) pivot = r;
        }
        for (int32_t c = 0; c < f; c++) {
            double t = a[k * f + c];
            a[k * f + c] = a[pivot * f + c];
            a[pivot * f + c] = t;
        }
        double t = b[k];
        b[k] = b[pivot];
        b[pivot] = t;
        for (int32_t r = k + 1; r < f; r++) {
            double factor = a[r * f + k] / a[k * f + k];
            for (int32_t c = k; c < f; c++) {
                a[r * f + c] -= factor * a[k * f + c];
            }
            b[r] -= factor * b[k];
        }
    }
    for (int32_t k = f - 1; k >= 0; k--) {
        for (int32_t c = k + 1; c < f; c++) {
            b[k] -= a[k * f + c] * b[c];
        }
        b[k] /= a[k * f + k];
    }
}

void ref_als_solve(const struct ref_als *c, const double *y, int32_t n_cols, const int32_t *cols,
                   const float *weights, int64_t n, double *x_out)
{
    int32_t f = c->f;
    memset(x_out, 0, (size_t)f * sizeof(*x_out));
    if (n == 0) return;
    double *a = rs_xalloc((size_t)f * (size_t)f, sizeof(*a));
    double reg = regularization(c, n, n_cols);
    for (int32_t k = 0; k < f; k++) {
        a[k * f + k] = reg;
    }
    for (int32_t i = 0; i < n_cols; i++) {
        double r = entry(cols, weights, n, i);
        double conf = confidence(c, r);
        for (int32_t k = 0; k < f; k++) {
            for (int32_t l = 0; l < f; l++) {
                a[k * f + l] += conf * y[i * f + k] * y[i * f + l];
            }
            if (r > 0) x_out[k] += conf * y[i * f + k];
        }
    }
    eliminate(a, x_out, f);
    free(a);
}

double ref_als_objective(const struct ref_als *c, const struct rs_csr *w, const double *x,
                         const double *y)
{
    double sum = 0;
    int64_t *item_rows = rs_xalloc((size_t)w->n_cols, sizeof(*item_rows));
    for (int32_t u = 0; u < w->n_rows; u++) {
        const int32_t *cols = w->indices + w->indptr[u];
        const float *weights = w->values ? w->values + w->indptr[u] : NULL;
        int64_t n = w->indptr[u + 1] - w->indptr[u];
        double norm = 0;
        for (int32_t k = 0; k < c->f; k++) {
            norm += x[u * c->f + k] * x[u * c->f + k];
        }
        if (n > 0) sum += regularization(c, n, w->n_cols) * norm;
        for (int32_t i = 0; i < w->n_cols; i++) {
            double r = entry(cols, weights, n, i);
            double score = 0;
            for (int32_t k = 0; k < c->f; k++) {
                score += x[u * c->f + k] * y[i * c->f + k];
            }
            double p = r > 0 ? 1 : 0;
            sum += confidence(c, r) * (p - score) * (p - score);
            item_rows[i] += r != 0;
        }
    }
    for (int32_t i = 0; i < w->n_cols; i++) {
        double norm = 0;
        for (int32_t k = 0; k < c->f; k++) {
            norm += y[i * c->f + k] * y[i * c->f + k];
        }
        if (item_rows[i]) sum += regularization(c, item_rows[i], w->n_rows) * norm;
    }
    free(item_rows);
    return sum;
}

static void half_step(const struct ref_als *c, const struct rs_csr *w, const double *from,
                      double *to)
{
    for (int32_t row = 0; row < w->n_rows; row++) {
        int64_t begin = w->indptr[row];
        ref_als_solve(c, from, w->n_cols, w->indices + begin, w->values ? w->values + begin : NULL,
                      w->indptr[row + 1] - begin, to + (int64_t)row * c->f);
    }
}

void ref_als_epoch(const struct ref_als *c, const struct rs_csr *w, const struct rs_csr *wt,
                   double *x, double *y)
{
    half_step(c, wt, x, y);
    half_step(c, w, y, x);
}
