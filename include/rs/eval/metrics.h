/*
 * metrics - ranking quality of one list against one user's relevant items, in double.
 *
 * Definitions (rel: relevant items of the user, |rel| > 0; hit_r: item at rank r is relevant)
 *   precision@k      hits/k
 *   recall@k         hits/|rel|
 *   recall_capped@k  hits/min(k,|rel|)
 *   hit_rate@k       1 with any hit
 *   ndcg@k           sum of hit_r/log2(r+1), over its ideal of min(k,|rel|) hits
 *   map@k            sum of precision@r at hits, over min(k,|rel|)
 *   mrr              1/rank of the first hit in the whole list
 */
#ifndef RS_EVAL_METRICS_H
#define RS_EVAL_METRICS_H

#include <stddef.h>
#include <stdint.h>

/*    id                name             at k  help */
#define RS_METRICS(X)                                                                \
    X(RS_PRECISION, "precision", 1, "share of the list that is relevant")            \
    X(RS_RECALL, "recall", 1, "share of the relevant items that is in the list")     \
    X(RS_RECALL_CAPPED, "recall_capped", 1, "hits over what a list of k could hold") \
    X(RS_HIT_RATE, "hit_rate", 1, "lists with at least one relevant item")           \
    X(RS_NDCG, "ndcg", 1, "hits discounted by rank, over the best possible")         \
    X(RS_MAP, "map", 1, "mean precision at the ranks of hits")                       \
    X(RS_MRR, "mrr", 0, "one over the rank of the first hit")
#define RS_METRIC_ENUM(id, name, at_k, help) id,
enum rs_metric { RS_METRICS(RS_METRIC_ENUM) RS_METRIC_COUNT };
#undef RS_METRIC_ENUM

const char *rs_metric_name(enum rs_metric m);
const char *rs_metric_help(enum rs_metric m);
/* "ndcg_at_10" or "mrr" into buf. */
void rs_metric_label(enum rs_metric m, int32_t k, char *buf, size_t size);

/* list[n] items by rank, n <= the largest k (a shorter list has no hits below its end);
 * relevant[n_relevant] ascending, n_relevant > 0. out: for every k of ks[n_ks] the metrics that
 * have a k in the order of the table, then those that have none. Returns how many were written:
 * rs_metrics_per_list(n_ks). */
int rs_metrics_list(const int32_t *list, int32_t n, const int32_t *relevant, int32_t n_relevant,
                    const int32_t *ks, int n_ks, double *out);
int rs_metrics_per_list(int n_ks);
/* Label of column c of that output. */
void rs_metrics_column(const int32_t *ks, int n_ks, int c, char *buf, size_t size);

#endif
