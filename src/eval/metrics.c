/*
 * metrics - one walk down a list gives every metric at every k; sums are taken in rank order.
 */
#include "rs/eval/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "rs/base/err.h"

struct metric_row {
    const char *name;
    bool at_k;
    const char *help;
};
#define METRIC_ROW(id, name, at_k, help) [id] = {name, at_k, help},
static const struct metric_row rows[RS_METRIC_COUNT] = {RS_METRICS(METRIC_ROW)};
#undef METRIC_ROW

static int count_at_k(void)
{
    int n = 0;
    for (int m = 0; m < (int)RS_METRIC_COUNT; m++) {
        n += rows[m].at_k;
    }
    return n;
}

const char *rs_metric_name(enum rs_metric m)
{
    rs_assert((unsigned)m < RS_METRIC_COUNT);
    return rows[m].name;
}

const char *rs_metric_help(enum rs_metric m)
{
    rs_assert((unsigned)m < RS_METRIC_COUNT);
    return rows[m].help;
}

void rs_metric_label(enum rs_metric m, int32_t k, char *buf, size_t size)
{
    rs_assert((unsigned)m < RS_METRIC_COUNT);
    if (rows[m].at_k) {
        (void)snprintf(buf, size, "%s_at_%d", rows[m].name, (int)k);
    } else {
        (void)snprintf(buf, size, "%s", rows[m].name);
    }
}

int rs_metrics_per_list(int n_ks)
{
    int n_at_k = count_at_k();
    return n_ks * n_at_k + (int)RS_METRIC_COUNT - n_at_k;
}

void rs_metrics_column(const int32_t *ks, int n_ks, int c, char *buf, size_t size)
{
    rs_assert(c >= 0 && c < rs_metrics_per_list(n_ks));
    int n_at_k = count_at_k();
    bool at_k = c < n_ks * n_at_k;
    int nth = at_k ? c % n_at_k : c - n_ks * n_at_k; /* among the metrics of its kind */
    int m = 0;
    while (rows[m].at_k != at_k || nth-- > 0) {
        m++;
    }
    rs_metric_label((enum rs_metric)m, at_k ? ks[c / n_at_k] : 0, buf, size);
}

static bool is_in(const int32_t *ascending, int32_t n, int32_t x)
{
    int32_t lo = 0;
    int32_t hi = n;
    while (lo < hi) {
        int32_t mid = lo + (hi - lo) / 2;
        if (ascending[mid] < x) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < n && ascending[lo] == x;
}

/* What the walk knows after rank r. */
struct walk {
    int32_t hits;
    int32_t first;     /* rank of the first hit, 0: none yet */
    double dcg;        /* sum of 1 / log2(rank + 1) over hits */
    double ideal;      /* the same over the first min(r, |rel|) ranks */
    double precisions; /* sum of hits / rank over hits */
};

static int put_at_k(const struct walk *w, int32_t k, int32_t n_relevant, double *out)
{
    double best = k < n_relevant ? k : n_relevant; /* hits that a list of k could hold */
    const double value[RS_METRIC_COUNT] = {
        [RS_PRECISION] = (double)w->hits / k, [RS_RECALL] = (double)w->hits / n_relevant,
        [RS_RECALL_CAPPED] = w->hits / best,  [RS_HIT_RATE] = w->hits > 0 ? 1.0 : 0.0,
        [RS_NDCG] = w->dcg / w->ideal,        [RS_MAP] = w->precisions / best,
    };
    int n = 0;
    for (int m = 0; m < (int)RS_METRIC_COUNT; m++) {
        if (rows[m].at_k) out[n++] = value[m];
    }
    return n;
}

int rs_metrics_list(const int32_t *list, int32_t n, const int32_t *relevant, int32_t n_relevant,
                    const int32_t *ks, int n_ks, double *out)
{
    rs_assert(n_relevant > 0);
    struct walk w = {0};
    int32_t depth = n_ks > 0 && ks[n_ks - 1] > n ? ks[n_ks - 1] : n;
    int written = 0;
    int next_k = 0;
    for (int32_t rank = 1; rank <= depth; rank++) {
        double discount = 1.0 / log2((double)rank + 1.0);
        if (rank <= n_relevant) w.ideal += discount;
        if (rank <= n && is_in(relevant, n_relevant, list[rank - 1])) {
            w.hits++;
            w.dcg += discount;
            w.precisions += (double)w.hits / rank;
            if (w.first == 0) w.first = rank;
        }
        while (next_k < n_ks && ks[next_k] == rank) {
            written += put_at_k(&w, ks[next_k++], n_relevant, out + written);
        }
    }
    out[written++] = w.first > 0 ? 1.0 / w.first : 0.0; /* mrr, the one without a k */
    return written;
}
