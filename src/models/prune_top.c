/*
 * prune_top - the search: bounds decide what is scored, exact scores decide the list.
 *
 * The heap holds the k largest lower bounds of items that may appear; its root, theta, only rises.
 * Whatever may still reach it is a candidate. In the end those below the last theta leave, and the
 * others are scored.
 */
#include <math.h>
#include <string.h>

#include "prune_impl.h"
#include "rs/base/mem.h"

enum { TILE = RS_PRUNE_TILE, GROUP = RS_PRUNE_GROUP, BATCH = RS_PRUNE_BATCH };

static const double tiny = 0x1p-100; /* t of the bound */
static const double unit = 0x1p-24;  /* u */

/* x as b p + d, and what its bounds are made of: w = E of_error + N of_norm + 2 t. */
struct query {
    double step; /* b */
    double of_error;
    double of_norm;
    double reach; /* no score of a tile is above N reach + t */
};

struct search {
    const struct rs_prune *p;
    const float *x;
    const struct rs_prune_kernel *kernel;
    struct query q;
    struct rs_prune_batch batch;
    double width[BATCH];          /* w of the batch's tiles */
    const uint64_t *open;         /* bit per item: it may appear */
    struct rs_ranked *candidates; /* score: upper bound */
    int32_t n_candidates;
    int32_t limit; /* more of them are not worth it */
    struct rs_top lower;
    float theta;
};

static size_t open_bytes(const struct rs_prune *p)
{
    return rs_round64(((size_t)p->n + 63) / 64 * sizeof(uint64_t));
}

/* Scoring one by one costs as much as 8 items of a scan. */
static int32_t candidate_limit(const struct rs_prune *p)
{
    return p->n / 8 + 256;
}

size_t rs_prune_scratch(const struct rs_prune *p)
{
    return open_bytes(p) + rs_round64((size_t)candidate_limit(p) * sizeof(struct rs_ranked)) +
           rs_round64((size_t)p->n_groups * GROUP);
}

/* To the safe side, as a float. */
static float down(double v)
{
    return (float)(v - fabs(v) * 4 * unit);
}

static float up(double v)
{
    return (float)(v + fabs(v) * 4 * unit);
}

/* Bits of the items that may appear; returns how many. */
static int32_t open_items(const struct rs_filter *filter, int32_t n, uint64_t *open)
{
    size_t words = ((size_t)n + 63) / 64;
    if (filter->allowed) {
        memcpy(open, filter->allowed, words * sizeof(*open));
    } else {
        memset(open, 0xff, words * sizeof(*open));
    }
    if (n % 64) open[words - 1] &= ((uint64_t)1 << (n % 64)) - 1;
    int32_t left_out = 0;
    for (int32_t e = 0; e < filter->n_exclude; e++) {
        size_t item = (size_t)filter->exclude[e];
        rs_assert(item < (size_t)n); /* nor below 0 */
        uint64_t bit = (uint64_t)1 << (item % 64);
        left_out += (open[item / 64] & bit) != 0;
        open[item / 64] &= ~bit;
    }
    if (!filter->allowed) return n - left_out;
    int32_t count = 0;
    for (size_t w = 0; w < words; w++) {
        count += __builtin_popcountll(open[w]);
    }
    return count;
}

static void make_query(struct search *s, int8_t *codes)
{
    const struct rs_prune *p = s->p;
    const float *x = s->x;
    float step = rs_prune_largest(x, p->f) / 127;
    memset(codes, 0, (size_t)p->n_groups * GROUP);
    double error = rs_prune_quantise(x, p->f, step, codes, GROUP);
    double norm = rs_prune_norm(x, p->f);
    double sums = ((double)p->f + 1) * unit; /* g: f u / (1 - f u) <= (f + 1) u for f <= 1024 */
    double both = error + 3 * unit * (norm + error);
    s->q = (struct query){.step = (double)step,
                          .of_error = (norm + both) * (1 + 0x1p-40),
                          .of_norm = (both + sums * norm) * (1 + 0x1p-40),
                          .reach = norm * (1 + sums) * (1 + 0x1p-40)};
    s->batch.n_groups = p->n_groups;
    s->batch.query = codes;
    for (int32_t k = 0; k < p->f; k++) {
        s->batch.query_sum += codes[k];
    }
}

/* Up to `most` tiles from `tile` on, with their floors; how many may still reach theta. */
static int32_t make_batch(struct search *s, int32_t tile, int32_t most)
{
    const struct rs_prune *p = s->p;
    size_t tiles = (size_t)p->n_tiles;
    const float *at = p->bounds + tile;
    int32_t n = 0;
    double theta = (double)s->theta;
    for (; n < most && tile + n < p->n_tiles; n++) {
        double norm = (double)at[2 * tiles + (size_t)n];
        double error = (double)at[tiles + (size_t)n];
        if (norm * s->q.reach + tiny < theta) break;
        s->width[n] = error * s->q.of_error + norm * s->q.of_norm + 2 * tiny;
        s->batch.scale[n] = (float)((double)at[n] * s->q.step);
        s->batch.floor[n] = down(theta - s->width[n]);
    }
    s->batch.codes = p->codes + (size_t)tile * (size_t)p->n_groups * TILE * GROUP;
    s->batch.n = n;
    return n;
}

/* An item that may be in the list. False: too many. */
static bool add_candidate(struct search *s, int32_t item, double approx, double width)
{
    float upper = up(approx + width);
    if (upper < s->theta) return true;
    if (s->n_candidates == s->limit) return false;
    s->candidates[s->n_candidates++] = (struct rs_ranked){.item = item, .score = upper};
    struct rs_ranked lower = {.item = item, .score = down(approx - width)};
    if (lower.score > s->theta) {
        rs_top_offer(&s->lower, lower);
        if (s->lower.n == s->lower.k) s->theta = s->lower.heap[0].score;
    }
    return true;
}

static bool take_hits(struct search *s, int32_t tile)
{
    const struct rs_prune *p = s->p;
    for (int32_t t = 0; t < s->batch.n; t++) {
        int32_t first = (tile + t) * TILE;
        for (uint32_t left = s->batch.hits[t]; left; left &= left - 1) {
            int32_t j = __builtin_ctz(left);
            if (first + j >= p->n) break; /* past the end of the last tile */
            int32_t item = p->order[first + j];
            if (!(s->open[item / 64] >> (item % 64) & 1)) continue;
            double approx = (double)s->batch.approx[t * TILE + j];
            if (!add_candidate(s, item, approx, s->width[t])) return false;
        }
    }
    return true;
}

static bool find_candidates(struct search *s)
{
    int32_t batch = 1; /* theta rises fast at first */
    for (int32_t tile = 0; make_batch(s, tile, batch) > 0; tile += s->batch.n) {
        s->kernel->scan(&s->batch);
        if (!take_hits(s, tile)) return false;
        if (batch < BATCH) batch *= 2;
    }
    int32_t n = 0;
    for (int32_t c = 0; c < s->n_candidates; c++) {
        if (s->candidates[c].score >= s->theta) s->candidates[n++] = s->candidates[c];
    }
    s->n_candidates = n;
    return true;
}

/* Every open item, where they are few. */
static void take_open(struct search *s)
{
    for (int32_t i = 0; i < s->p->n; i += 64) {
        for (uint64_t left = s->open[i / 64]; left; left &= left - 1) {
            s->candidates[s->n_candidates++] =
                (struct rs_ranked){.item = i + __builtin_ctzll(left)};
        }
    }
}

/* Scores of `m` items, m known when compiled, each summed as rs_dense_score sums it. */
static inline __attribute__((always_inline)) void score_some(const struct search *s, const int m,
                                                             const struct rs_ranked *items,
                                                             struct rs_top *top)
{
    const float *y[8];
    float sum[8] = {0};
    int32_t f = s->p->f;
    for (int i = 0; i < m; i++) {
        y[i] = s->p->y + (size_t)items[i].item * (size_t)f;
    }
    for (int32_t k = 0; k < f; k++) {
        for (int i = 0; i < m; i++) {
            sum[i] += s->x[k] * y[i][k];
        }
    }
    for (int i = 0; i < m; i++) {
        rs_top_offer(top, (struct rs_ranked){.item = items[i].item, .score = sum[i]});
    }
}

static int32_t score_candidates(const struct search *s, int32_t k, struct rs_ranked *out)
{
    struct rs_top top = {.heap = out, .k = k};
    int32_t c = 0;
    for (; c + 8 <= s->n_candidates; c += 8) {
        score_some(s, 8, s->candidates + c, &top);
    }
    for (; c < s->n_candidates; c++) {
        score_some(s, 1, s->candidates + c, &top);
    }
    rs_top_sort(&top);
    return top.n;
}

bool rs_prune_top(const struct rs_prune *p, const struct rs_prune_kernel *kernel, const float *x,
                  const struct rs_filter *filter, int32_t k, void *scratch, struct rs_ranked *out,
                  int32_t *n_out)
{
    rs_assert(k > 0);
    char *memory = scratch;
    uint64_t *open = scratch;
    struct search s = {.p = p, .x = x, .kernel = kernel, .open = open, .limit = candidate_limit(p)};
    s.candidates = (struct rs_ranked *)(void *)(memory + open_bytes(p));
    int8_t *codes =
        (int8_t *)(s.candidates) + rs_round64((size_t)s.limit * sizeof(struct rs_ranked));
    int32_t n_open = open_items(filter, p->n, open);
    if (n_open <= p->n / 64 + 64) {
        take_open(&s);
    } else {
        if (k > n_open / 16) return false;
        s.lower = (struct rs_top){.heap = out, .k = k};
        s.theta = -INFINITY;
        make_query(&s, codes);
        if (!find_candidates(&s)) return false;
    }
    *n_out = score_candidates(&s, k, out);
    return true;
}
