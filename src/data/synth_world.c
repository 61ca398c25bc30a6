/*
 * synth_world - made-up items: how popular, of which cluster and year, how good.
 *
 * Popularity falls as in MovieLens: a flat head, then about 1 / rank, and a tail that falls faster.
 */
#include <math.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"

#include "synth_impl.h"

#define HEAD          40   /* items that are about equally popular, … */
#define HEAD_PER_ITEM 150  /* … and one more for so many, … */
#define HEAD_MORE_MAX 60   /* … up to that */
#define TAIL          2.0  /* how fast the tail falls: exp(-TAIL rank / items) */
#define QUALITY_SD    0.4  /* stars, of items of equal popularity */
#define QUALITY_RISE  0.18 /* stars a factor e of popularity */
#define QUALITY_MEAN  3.2  /* stars, of an item of mean popularity */

static int32_t n_clusters(int32_t items)
{
    int32_t n = (int32_t)(0.35 * sqrt(items));
    return n < 4 ? 4 : n > RS_SYNTH_CLUSTERS ? RS_SYNTH_CLUSTERS : n;
}

int32_t rs_synth_cluster(const struct rs_synth_opts *o, int32_t item)
{
    uint64_t h = rs_rng_u64(o->seed, rs_rng_stream("synth.cluster", 0), (uint64_t)item);
    return (int32_t)(h % (uint64_t)n_clusters(o->items));
}

int32_t rs_synth_year(const struct rs_synth_opts *o, int32_t item)
{
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.year", (uint64_t)item));
    double u = rs_rng_uniform(&r);
    int32_t span = RS_SYNTH_LAST_YEAR - RS_SYNTH_FIRST_YEAR + 1;
    return RS_SYNTH_LAST_YEAR - (int32_t)((double)span * u * u);
}

static void table_clear(struct rs_synth_table *t)
{
    free(t->slots);
    *t = (struct rs_synth_table){0};
}

/* Vose: A Linear Algorithm for Generating Random Numbers with a Given Distribution, 1991. Draws
 * items[i] (NULL: i) with chance weights[i] / sum. */
static enum rs_code table_make(const double *weights, const int32_t *items, int32_t n,
                               struct rs_synth_table *out, struct rs_err *err)
{
    double *scaled = rs_try_alloc((size_t)n, sizeof(*scaled));
    int32_t *stack = rs_try_alloc((size_t)n, sizeof(*stack));
    struct rs_synth_slot *slots = rs_try_alloc((size_t)n, sizeof(*slots));
    if (!scaled || !stack || !slots) {
        free(scaled);
        free(stack);
        free(slots);
        return rs_fail(err, RS_ENOMEM, "a table of %d items: out of memory", n);
    }
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    int32_t small = 0; /* small slots grow from the front of the stack, large from its end */
    int32_t large = n;
    for (int32_t i = 0; i < n; i++) {
        slots[i].keep = 1;
        slots[i].self = slots[i].other = items ? items[i] : i;
        scaled[i] = weights[i] * n / sum;
        stack[scaled[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < n) {
        int32_t s = stack[--small];
        int32_t l = stack[large];
        slots[s].keep = (float)scaled[s];
        slots[s].other = slots[l].self;
        scaled[l] += scaled[s] - 1;
        if (scaled[l] < 1) {
            large++;
            stack[small++] = l;
        }
    }
    free(scaled);
    free(stack);
    *out = (struct rs_synth_table){.n = n, .slots = slots};
    return RS_OK;
}

/* Dealt to the items in a shuffled order; their mean is 1. weights[items] */
static enum rs_code make_weights(const struct rs_synth_opts *o, double *weights, struct rs_err *err)
{
    int64_t *order = rs_try_alloc((size_t)o->items, sizeof(*order));
    if (!order) return rs_fail(err, RS_ENOMEM, "an order of %d items: out of memory", o->items);
    for (int32_t i = 0; i < o->items; i++) {
        order[i] = i;
    }
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.rank", 0));
    rs_rng_shuffle(&r, order, o->items);
    int32_t more = o->items / HEAD_PER_ITEM;
    double head = HEAD + (more < HEAD_MORE_MAX ? more : HEAD_MORE_MAX);
    double sum = 0;
    for (int32_t rank = 0; rank < o->items; rank++) {
        double weight = exp(-TAIL * rank / o->items) / (rank + head);
        weights[order[rank]] = weight;
        sum += weight;
    }
    for (int32_t i = 0; i < o->items; i++) {
        weights[i] *= o->items / sum;
    }
    free(order);
    return RS_OK;
}

static void make_items(struct rs_synth_world *w, const double *weights)
{
    for (int32_t i = 0; i < w->o.items; i++) {
        struct rs_rng r = rs_rng_make(w->o.seed, rs_rng_stream("synth.quality", (uint64_t)i));
        double quality =
            QUALITY_MEAN + QUALITY_RISE * log(weights[i]) + QUALITY_SD * rs_rng_normal(&r);
        w->items[i] = (struct rs_synth_item){.quality = (float)quality,
                                             .year = (int16_t)rs_synth_year(&w->o, i),
                                             .cluster = (uint8_t)rs_synth_cluster(&w->o, i)};
    }
}

/* members[items], own[items]: scratch for items and weights of the clusters, one after another. */
static enum rs_code fill_clusters(struct rs_synth_world *w, const double *weights, int32_t *members,
                                  double *own, struct rs_err *err)
{
    int32_t n = w->o.items;
    int32_t start[RS_SYNTH_CLUSTERS + 1] = {0};
    int32_t at[RS_SYNTH_CLUSTERS];
    for (int32_t i = 0; i < n; i++) {
        start[w->items[i].cluster + 1]++;
    }
    for (int32_t c = 0; c < w->n_clusters; c++) {
        start[c + 1] += start[c];
        at[c] = start[c];
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t place = at[w->items[i].cluster]++;
        members[place] = i;
        own[place] = weights[i];
    }
    enum rs_code rc = RS_OK;
    for (int32_t c = 0; c < w->n_clusters && !rc; c++) {
        int32_t size = start[c + 1] - start[c];
        if (size > 0) {
            rc = table_make(own + start[c], members + start[c], size, &w->cluster[c], err);
        } else { /* a tiny catalogue: then the cluster is everything */
            rc = table_make(weights, NULL, n, &w->cluster[c], err);
        }
    }
    return rc;
}

static enum rs_code make_clusters(struct rs_synth_world *w, const double *weights,
                                  struct rs_err *err)
{
    int32_t n = w->o.items;
    int32_t *members = rs_try_alloc((size_t)n, sizeof(*members));
    double *own = rs_try_alloc((size_t)n, sizeof(*own));
    enum rs_code rc = members && own
                          ? fill_clusters(w, weights, members, own, err)
                          : rs_fail(err, RS_ENOMEM, "clusters of %d items: out of memory", n);
    free(own);
    free(members);
    return rc;
}

enum rs_code rs_synth_world_make(const struct rs_synth_opts *o, struct rs_synth_world *w,
                                 struct rs_err *err)
{
    double *weights = rs_try_alloc((size_t)o->items, sizeof(*weights));
    *w = (struct rs_synth_world){.o = *o,
                                 .n_clusters = n_clusters(o->items),
                                 .items = rs_try_alloc((size_t)o->items, sizeof(*w->items))};
    enum rs_code rc = RS_OK;
    if (!weights || !w->items) {
        rc = rs_fail(err, RS_ENOMEM, "facts of %d items: out of memory", o->items);
        goto done;
    }
    rc = make_weights(o, weights, err);
    if (rc) goto done;
    make_items(w, weights);
    rc = table_make(weights, NULL, o->items, &w->all, err);
    if (!rc) rc = make_clusters(w, weights, err);
done:
    free(weights);
    return rc;
}

void rs_synth_world_clear(struct rs_synth_world *w)
{
    table_clear(&w->all);
    for (int32_t c = 0; c < w->n_clusters; c++) {
        table_clear(&w->cluster[c]);
    }
    free(w->items);
    *w = (struct rs_synth_world){0};
}
