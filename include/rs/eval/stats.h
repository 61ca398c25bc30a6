/*
 * stats - what a number over users is worth: bootstrap intervals and paired tests, deterministic.
 *
 * Source   Efron, Tibshirani 1993 (percentile bootstrap); Wilcoxon 1945, as scipy.stats.wilcoxon
 *          does it by default (zeros leave; exact or normal by size and ties); Holm 1979.
 * Cost     bootstrap O(samples n n_cols), n log n for the test.
 */
#ifndef RS_EVAL_STATS_H
#define RS_EVAL_STATS_H

#include <stdint.h>

#include "rs/base/err.h"

struct rs_interval {
    double lo;
    double hi;
};

/* Mean in fixed order, double. NaN for n = 0. */
double rs_mean(const double *v, int64_t n);
/* 95 % percentile interval of the mean of every column of v[n x n_cols] (row-major: a row a user)
 * from `samples` resamples of users keyed by seed; out[n_cols]. Same resamples for every column.
 * Threads do not change it. NaN for n = 0; a point for n = 1. */
RS_MUST_USE enum rs_code rs_bootstrap_means(const double *v, int64_t n, int n_cols, int samples,
                                            uint64_t seed, struct rs_interval *out,
                                            struct rs_err *err);

struct rs_paired {
    int64_t n;
    double mean_a, mean_b;
    double difference;           /* mean of a - b */
    struct rs_interval interval; /* 95 %, bootstrap of the paired difference */
    double p_value;              /* Wilcoxon signed-rank, two-sided; 1 where all are equal */
    double p_adjusted;           /* after Holm; = p_value for one pair */
    const char *verdict;         /* "better", "worse", "no proven difference", "too few users" */
};
/* a and b on the same users. "better"/"worse" only if the interval excludes 0; fewer than
 * min_users (30) is "too few users" whatever the numbers say. */
RS_MUST_USE enum rs_code rs_compare_paired(const double *a, const double *b, int64_t n, int samples,
                                           uint64_t seed, struct rs_paired *out,
                                           struct rs_err *err);
#define RS_MIN_USERS 30
/* The verdict in a sentence about b: "better than", "worse than", "not proven to differ from",
 * "tested on too few users to compare with". */
const char *rs_verdict_words(const struct rs_paired *p);
/* Two-sided p of the differences d[n], zeros left out; 1 where nothing else is there. Exact for
 * n <= 50 without ties and zeros and for n <= 13 with them, else normal with tie correction. */
RS_MUST_USE enum rs_code rs_wilcoxon(const double *d, int64_t n, double *p_out, struct rs_err *err);
/* Step-down adjustment of p[n] for n comparisons; adjusted_out[n] is another array. */
void rs_holm(const double *p, int n, double *adjusted_out);

#endif
