/* ref_metrics - see the header. */
#include "ref/ref_metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"

static bool is_hit(const int32_t *list, int32_t n, int32_t rank, const int32_t *relevant,
                   int32_t n_relevant)
{
    for (int32_t i = 0; rank <= n && i < n_relevant; i++) {
        if (relevant[i] == list[rank - 1]) return true;
    }
    return false;
}

static int32_t hits_to(const int32_t *list, int32_t n, int32_t k, const int32_t *relevant,
                       int32_t n_relevant)
{
    int32_t hits = 0;
    for (int32_t rank = 1; rank <= k; rank++) {
        if (is_hit(list, n, rank, relevant, n_relevant)) hits++;
    }
    return hits;
}

static double ndcg(const int32_t *list, int32_t n, const int32_t *relevant, int32_t n_relevant,
                   int32_t k)
{
    double dcg = 0.0;
    double ideal = 0.0;
    for (int32_t rank = 1; rank <= k; rank++) {
        if (is_hit(list, n, rank, relevant, n_relevant)) dcg += 1.0 / log2(rank + 1.0);
        if (rank <= n_relevant) ideal += 1.0 / log2(rank + 1.0);
    }
    return dcg / ideal;
}

static double average_precision(const int32_t *list, int32_t n, const int32_t *relevant,
                                int32_t n_relevant, int32_t k)
{
    double sum = 0.0;
    for (int32_t rank = 1; rank <= k; rank++) {
        if (!is_hit(list, n, rank, relevant, n_relevant)) continue;
        sum += hits_to(list, n, rank, relevant, n_relevant) / (double)rank;
    }
    return sum / (k < n_relevant ? k : n_relevant);
}

double ref_metric(enum rs_metric m, const int32_t *list, int32_t n, const int32_t *relevant,
                  int32_t n_relevant, int32_t k)
{
    double hits = hits_to(list, n, k, relevant, n_relevant);
    switch (m) {
    case RS_PRECISION:
        return hits / k;
    case RS_RECALL:
        return hits / n_relevant;
    case RS_RECALL_CAPPED:
        return hits / (k < n_relevant ? k : n_relevant);
    case RS_HIT_RATE:
        return hits > 0.0 ? 1.0 : 0.0;
    case RS_NDCG:
        return ndcg(list, n, relevant, n_relevant, k);
    case RS_MAP:
        return average_precision(list, n, relevant, n_relevant, k);
    case RS_MRR:
        for (int32_t rank = 1; rank <= n; rank++) {
            if (is_hit(list, n, rank, relevant, n_relevant)) return 1.0 / rank;
        }
        return 0.0;
    case RS_METRIC_COUNT:
        break;
    }
    abort();
}

static uint32_t draw_below(struct rs_rng *rng, uint32_t n)
{
    uint64_t two_to_32 = 1ull << 32;
    for (;;) {
        uint64_t product = (uint64_t)rs_rng_next32(rng) * n;
        if (product % two_to_32 >= two_to_32 % n) return (uint32_t)(product / two_to_32);
    }
}

static int up(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(const double *sorted, int n, double percent)
{
    double at = percent / 100.0 * (n - 1);
    double floor_at = floor(at);
    int i = (int)floor_at;
    int j = i + 1 < n ? i + 1 : i;
    return (1.0 - (at - floor_at)) * sorted[i] + (at - floor_at) * sorted[j];
}

struct rs_interval ref_bootstrap(const double *v, int64_t n, int n_cols, int c, int samples,
                                 uint64_t seed)
{
    double *means = rs_xalloc((size_t)samples, sizeof(*means));
    for (int s = 0; s < samples; s++) {
        struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("bootstrap", (uint64_t)s));
        for (int64_t draw = 0; draw < n; draw++) {
            means[s] += v[draw_below(&rng, (uint32_t)n) * (int64_t)n_cols + c] / (double)n;
        }
    }
    qsort(means, (size_t)samples, sizeof(*means), up);
    struct rs_interval interval = {percentile(means, samples, 2.5),
                                   percentile(means, samples, 97.5)};
    free(means);
    return interval;
}

/* Twice the rank of |d[i]| among those that are not zero: ties share their mean rank. */
static int twice_rank(const double *d, int n, int i)
{
    int below = 0;
    int equal = 0;
    for (int j = 0; j < n; j++) {
        if (d[j] == 0.0) continue;
        below += fabs(d[j]) < fabs(d[i]);
        equal += fabs(d[j]) == fabs(d[i]);
    }
    return 2 * below + equal + 1;
}

double ref_wilcoxon_exact(const double *d, int n)
{
    int ranks[20];
    int left = 0;
    int observed = 0;
    for (int i = 0; i < n; i++) {
        if (d[i] == 0.0) continue;
        ranks[left] = twice_rank(d, n, i);
        if (d[i] > 0.0) observed += ranks[left];
        left++;
    }
    int64_t below = 0;
    int64_t above = 0;
    for (int64_t signs = 0; signs < (int64_t)1 << left; signs++) {
        int sum = 0;
        for (int i = 0; i < left; i++) {
            if (signs >> i & 1) sum += ranks[i];
        }
        below += sum <= observed;
        above += sum >= observed;
    }
    double p = 2.0 * (double)(below < above ? below : above) / (double)((int64_t)1 << left);
    return p < 1.0 ? p : 1.0;
}

double ref_wilcoxon_normal(const double *d, int n)
{
    double plus = 0.0;
    double minus = 0.0;
    double left = 0.0;
    double ties = 0.0; /* sum over differences of (t^2 - 1): over a group of t it is t^3 - t */
    for (int i = 0; i < n; i++) {
        if (d[i] == 0.0) continue;
        double t = 0.0;
        for (int j = 0; j < n; j++) {
            t += fabs(d[j]) == fabs(d[i]);
        }
        left += 1.0;
        ties += t * t - 1.0;
        (*(d[i] > 0.0 ? &plus : &minus)) += twice_rank(d, n, i) / 2.0;
    }
    double smaller = plus < minus ? plus : minus;
    double deviation = sqrt(left * (left + 1.0) * (2.0 * left + 1.0) / 24.0 - ties / 48.0);
    return erfc((left * (left + 1.0) / 4.0 - smaller) / deviation / sqrt(2.0));
}

void ref_holm(const double *p, int n, double *adjusted)
{
    for (int i = 0; i < n; i++) {
        adjusted[i] = 0.0;
        for (int j = 0; j < n; j++) {
            if (p[j] > p[i]) continue;
            int not_below = 0;
            for (int l = 0; l < n; l++) {
                not_below += p[l] >= p[j];
            }
            adjusted[i] = fmax(adjusted[i], fmin(1.0, not_below * p[j]));
        }
    }
}

static int32_t place(const struct ref_lists *l, int32_t user, int32_t rank)
{
    return l->lists[(int64_t)user * l->len + rank];
}

static double times_shown(const struct ref_lists *l, int32_t item)
{
    double times = 0.0;
    for (int32_t u = 0; u < l->n_users; u++) {
        for (int32_t r = 0; r < l->k; r++) {
            times += place(l, u, r) == item;
        }
    }
    return times;
}

double ref_coverage(const struct ref_lists *l)
{
    double shown = 0.0;
    for (int32_t i = 0; i < l->n_items; i++) {
        shown += times_shown(l, i) > 0.0;
    }
    return shown / l->n_items;
}

double ref_gini(const struct ref_lists *l)
{
    double differences = 0.0;
    double total = 0.0;
    for (int32_t i = 0; i < l->n_items; i++) {
        total += times_shown(l, i);
        for (int32_t j = 0; j < l->n_items; j++) {
            differences += fabs(times_shown(l, i) - times_shown(l, j));
        }
    }
    return differences / (2.0 * l->n_items * total);
}

double ref_personalisation(const struct ref_lists *l)
{
    double shares = 0.0;
    double pairs = 0.0;
    for (int32_t u = 0; u < l->n_users; u++) {
        for (int32_t v = u + 1; v < l->n_users; v++) {
            if (place(l, u, 0) < 0 || place(l, v, 0) < 0) continue;
            double common = 0.0;
            for (int32_t r = 0; r < l->k; r++) {
                for (int32_t q = 0; q < l->k; q++) {
                    common += place(l, u, r) >= 0 && place(l, u, r) == place(l, v, q);
                }
            }
            shares += common / l->k;
            pairs += 1.0;
        }
    }
    return 1.0 - shares / pairs;
}

double ref_novelty(const struct ref_lists *l, const double *share)
{
    double sum = 0.0;
    double n = 0.0;
    for (int32_t u = 0; u < l->n_users; u++) {
        for (int32_t r = 0; r < l->k && place(l, u, r) >= 0; r++) {
            sum += -log2(share[place(l, u, r)]);
            n += 1.0;
        }
    }
    return sum / n;
}

static double dot(const double *a, const double *b, int32_t f)
{
    double sum = 0.0;
    for (int32_t c = 0; c < f; c++) {
        sum += a[c] * b[c];
    }
    return sum;
}

double ref_diversity(const struct ref_lists *l, const double *vectors, int32_t f)
{
    double lists = 0.0;
    double total = 0.0;
    for (int32_t u = 0; u < l->n_users; u++) {
        double pairs = 0.0;
        double distances = 0.0;
        for (int32_t r = 0; r < l->k && place(l, u, r) >= 0; r++) {
            for (int32_t q = 0; q < r; q++) {
                const double *a = vectors + (int64_t)place(l, u, r) * f;
                const double *b = vectors + (int64_t)place(l, u, q) * f;
                double norms = sqrt(dot(a, a, f)) * sqrt(dot(b, b, f));
                if (norms == 0.0) continue;
                distances += 1.0 - dot(a, b, f) / norms;
                pairs += 1.0;
            }
        }
        if (pairs == 0.0) continue;
        total += distances / pairs;
        lists += 1.0;
    }
    return total / lists;
}
