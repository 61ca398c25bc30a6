/*
 * wilcoxon - the signed-rank test.
 *
 * Ranks of |d| are kept doubled: a tie's mean rank is then a whole number, and the exact
 * distribution of W+ (every rank in or out with probability 1/2) is one table of sums that serves
 * with ties and without.
 */
#include "rs/eval/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

enum {
    EXACT_N = 50,      /* exact up to here without ties and zeros */
    EXACT_TIED_N = 13, /* and up to here with them */
    MAX_TWICE_SUM = EXACT_N * (EXACT_N + 1),
};

struct difference {
    double size; /* |d| */
    bool positive;
};

static int by_size(const void *a, const void *b)
{
    double x = ((const struct difference *)a)->size;
    double y = ((const struct difference *)b)->size;
    return (x > y) - (x < y);
}

/* Signed ranks of n differences ascending by size. */
struct ranking {
    double w_plus;      /* sum of the ranks of positive differences */
    double tie_term;    /* sum of t^3 - t over groups of t ties */
    int twice[EXACT_N]; /* doubled rank of each; filled where n <= EXACT_N */
};

static void rank_all(const struct difference *d, int64_t n, struct ranking *r)
{
    for (int64_t start = 0, end; start < n; start = end) {
        int64_t positive = 0;
        for (end = start; end < n && d[end].size <= d[start].size; end++) {
            positive += d[end].positive;
        }
        double ties = (double)(end - start);
        double twice_rank = (double)(start + 1 + end); /* first + last rank of the group */
        r->w_plus += 0.5 * twice_rank * (double)positive;
        r->tie_term += ties * (ties * ties - 1.0);
        for (int64_t i = start; n <= EXACT_N && i < end; i++) {
            r->twice[i] = (int)twice_rank;
        }
    }
}

/* 2 min(P(W+ <= w), P(W+ >= w)) over all 2^n signs of the ranks. */
static double exact_p(const struct ranking *r, int n)
{
    double share[MAX_TWICE_SUM + 1] = {1.0}; /* P(2 W+ = sum) for the ranks so far */
    int top = 0;
    for (int i = 0; i < n; i++) {
        int rank = r->twice[i];
        top += rank;
        for (int sum = top; sum >= 0; sum--) {
            double with = sum >= rank ? share[sum - rank] : 0.0;
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    int w = (int)lrint(2.0 * r->w_plus);
    double below = 0.0;
    double above = 0.0;
    for (int sum = 0; sum <= top; sum++) {
        if (sum <= w) below += share[sum];
        if (sum >= w) above += share[sum];
    }
    return fmin(1.0, 2.0 * fmin(below, above));
}

static double normal_p(const struct ranking *r, double n)
{
    double mean = n * (n + 1.0) / 4.0;
    double variance = (n * (n + 1.0) * (2.0 * n + 1.0) - r->tie_term / 2.0) / 24.0;
    return erfc(fabs(r->w_plus - mean) / sqrt(2.0 * variance));
}

enum rs_code rs_wilcoxon(const double *d, int64_t n, double *p_out, struct rs_err *err)
{
    struct difference *sorted = rs_try_alloc(n > 0 ? (size_t)n : 1, sizeof(*sorted));
    if (!sorted) return rs_fail(err, RS_ENOMEM, "signed ranks of %lld users", (long long)n);
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++) {
        if (fabs(d[i]) > 0.0) {
            sorted[left++] = (struct difference){.size = fabs(d[i]), .positive = d[i] > 0.0};
        }
    }
    qsort(sorted, (size_t)left, sizeof(*sorted), by_size);
    struct ranking r = {0};
    rank_all(sorted, left, &r);
    free(sorted);
    bool plain = left == n && !(r.tie_term > 0.0);
    if (left == 0) {
        *p_out = 1.0;
    } else if (n <= (plain ? EXACT_N : EXACT_TIED_N)) {
        *p_out = exact_p(&r, (int)left);
    } else {
        *p_out = normal_p(&r, (double)left);
    }
    return RS_OK;
}
