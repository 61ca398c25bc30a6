/*
 * ref_metrics - naive twins of eval's numbers: one plain loop a definition, in double.
 */
#ifndef TESTS_REF_METRICS_H
#define TESTS_REF_METRICS_H

#include <stdint.h>

#include "rs/eval/metrics.h"
#include "rs/eval/stats.h"

/* One metric of list[n] against relevant[n_relevant] (any order); k is unused by mrr. */
double ref_metric(enum rs_metric m, const int32_t *list, int32_t n, const int32_t *relevant,
                  int32_t n_relevant, int32_t k);

/* Interval of the mean of column c of v[n x n_cols], resampling one sample after the other with
 * the draws that rs_bootstrap_means documents. */
struct rs_interval ref_bootstrap(const double *v, int64_t n, int n_cols, int c, int samples,
                                 uint64_t seed);

/* Two-sided p by going through all signs (no more than 20 differences that are not zero). */
double ref_wilcoxon_exact(const double *d, int n);
/* By the normal approximation, ranks counted by comparing all pairs. */
double ref_wilcoxon_normal(const double *d, int n);
/* adjusted[i] = largest over p[j] <= p[i] of (comparisons not below p[j]) p[j], at most 1. */
void ref_holm(const double *p, int n, double *adjusted);

/* lists[n_users x len], -1 beyond a short list; all cut at k. */
struct ref_lists {
    const int32_t *lists;
    int32_t n_users;
    int32_t len;
    int32_t k;
    int32_t n_items;
};
double ref_coverage(const struct ref_lists *l);
double ref_gini(const struct ref_lists *l);            /* mean absolute difference over all pairs */
double ref_personalisation(const struct ref_lists *l); /* over all pairs of lists */
/* share[n_items]: of users who have the item. */
double ref_novelty(const struct ref_lists *l, const double *share);
/* vectors[n_items x f]; over all pairs of each list. */
double ref_diversity(const struct ref_lists *l, const double *vectors, int32_t f);

#endif
