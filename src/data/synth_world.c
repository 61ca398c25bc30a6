/*
 * synth_world - the films: how popular, of which cluster and year, how good.
 */
#include <math.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"

#include "synth_impl.h"

#define ZIPF          0.95
#define HEAD          40 /* as popular as each other */
#define CLUSTER_ITEMS 40 /* in a small catalogue, fewer clusters */
#define QUALITY_SD    0.4
#define QUALITY_RANK  0.4 /* from the least popular to the most */

static int32_t count_clusters(const struct rs_synth_opts *o)
{
    int32_t n = o->items / CLUSTER_ITEMS;
    return n < 4 ? 4 : n > RS_SYNTH_CLUSTERS ? RS_SYNTH_CLUSTERS : n;
}

int32_t rs_synth_cluster(const struct rs_synth_opts *o, int32_t item)
{
    uint64_t bits = rs_rng_u64(o->seed, rs_rng_stream("synth.cluster", 0), (uint64_t)item);
    return (int32_t)((bits >> 32) * (uint64_t)count_clusters(o) >> 32);
}

/* More films the later: nearly half of them in the last third of the span. */
int32_t rs_synth_year(const struct rs_synth_opts *o, int32_t item)
{
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.year", (uint64_t)item));
    double u = rs_rng_uniform(&r);
    int32_t span = RS_SYNTH_LAST_YEAR - RS_SYNTH_FIRST_YEAR + 1;
    return RS_SYNTH_LAST_YEAR - (int32_t)(span * u * sqrt(u));
}

static void table_clear(struct rs_synth_table *t)
{
    free(t->slots);
    *t = (struct rs_synth_table){0};
}

/* Vose: A Linear Algorithm for Generating Random Numbers with a Given Distribution, 1991. Draws
 * items[i] (NULL: i) with chance weights[i] / sum. scaled[n] and stack[n] are scratch. */
static enum rs_code table_make(const double *weights, const int32_t *items, int32_t n,
                               double *scaled, int32_t *stack, struct rs_synth_table *t,
                               struct rs_err *err)
{
    t->slots = rs_try_alloc((size_t)n, sizeof(*t->slots));
    if (!t->slots) return rs_fail(err, RS_ENOMEM, "a table of %d items: out of memory", n);
    t->n = n;
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    int32_t small = 0; /* the small grow from the front of the stack, the large from its end */
    int32_t large = n;
    for (int32_t i = 0; i < n; i++) {
        int32_t item = items ? items[i] : i;
        t->slots[i] = (struct rs_synth_slot){.keep = 1, .self = item, .other = item};
        scaled[i] = weights[i] * n / sum;
        stack[scaled[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < n) {
        int32_t s = stack[--small];
        int32_t l = stack[large];
        t->slots[s].keep = (float)scaled[s];
        t->slots[s].other = t->slots[l].self;
        scaled[l] += scaled[s] - 1;
        if (scaled[l] < 1) {
            large++;
            stack[small++] = l;
        }
    }
    return RS_OK;
}

int32_t rs_synth_draw(const struct rs_synth_table *t, uint64_t bits)
{
    const struct rs_synth_slot *s = &t->slots[(bits >> 32) * (uint64_t)t->n >> 32];
    return (float)(bits & 0xffffff) * 0x1p-24F < s->keep ? s->self : s->other;
}

/* What making the tables takes, by items. */
struct scratch {
    double *weights; /* popularity */
    double *own;     /* that of a cluster's items */
    double *scaled;
    int32_t *members;
    int32_t *stack;
    int64_t *order;
};

static enum rs_code scratch_make(int32_t items, struct scratch *s, struct rs_err *err)
{
    size_t n = (size_t)items;
    *s = (struct scratch){.weights = rs_try_alloc(n, sizeof(double)),
                          .own = rs_try_alloc(n, sizeof(double)),
                          .scaled = rs_try_alloc(n, sizeof(double)),
                          .members = rs_try_alloc(n, sizeof(int32_t)),
                          .stack = rs_try_alloc(n, sizeof(int32_t)),
                          .order = rs_try_alloc(n, sizeof(int64_t))};
    if (s->weights && s->own && s->scaled && s->members && s->stack && s->order) return RS_OK;
    return rs_fail(err, RS_ENOMEM, "weights of %d items: out of memory", items);
}

static void scratch_clear(struct scratch *s)
{
    free(s->weights);
    free(s->own);
    free(s->scaled);
    free(s->members);
    free(s->stack);
    free(s->order);
}

/* Zipf weights with a flat head, dealt to the items in a shuffled order; the better-liked are a
 * little more popular. */
static void make_items(struct rs_synth_world *w, struct scratch *s)
{
    const struct rs_synth_opts *o = &w->o;
    for (int32_t i = 0; i < o->items; i++) {
        s->order[i] = i;
    }
    struct rs_rng shuffle = rs_rng_make(o->seed, rs_rng_stream("synth.rank", 0));
    rs_rng_shuffle(&shuffle, s->order, o->items);
    for (int32_t rank = 0; rank < o->items; rank++) {
        int32_t i = (int32_t)s->order[rank];
        struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.quality", (uint64_t)i));
        double above = 0.5 - (double)rank / o->items;
        s->weights[i] = pow((rank < HEAD ? HEAD : rank) + 1, -ZIPF);
        w->cluster_of[i] = (uint8_t)rs_synth_cluster(o, i);
        w->year[i] = (int16_t)rs_synth_year(o, i);
        w->quality[i] = (float)(QUALITY_SD * rs_rng_normal(&r) + QUALITY_RANK * above);
    }
}

static enum rs_code make_tables(struct rs_synth_world *w, struct scratch *s, struct rs_err *err)
{
    int32_t n = w->o.items;
    enum rs_code rc = table_make(s->weights, NULL, n, s->scaled, s->stack, &w->all, err);
    for (int32_t c = 0; c < w->n_clusters && !rc; c++) {
        int32_t size = 0;
        for (int32_t i = 0; i < n; i++) {
            if (w->cluster_of[i] != c) continue;
            s->members[size] = i;
            s->own[size++] = s->weights[i];
        }
        if (size > 0) {
            rc = table_make(s->own, s->members, size, s->scaled, s->stack, &w->cluster[c], err);
        } else { /* a tiny catalogue: the cluster is everything */
            rc = table_make(s->weights, NULL, n, s->scaled, s->stack, &w->cluster[c], err);
        }
    }
    return rc;
}

enum rs_code rs_synth_world_make(const struct rs_synth_opts *o, struct rs_synth_world *w,
                                 struct rs_err *err)
{
    size_t n = (size_t)o->items;
    struct scratch s;
    *w = (struct rs_synth_world){.o = *o,
                                 .n_clusters = count_clusters(o),
                                 .cluster_of = rs_try_alloc(n, sizeof(uint8_t)),
                                 .year = rs_try_alloc(n, sizeof(int16_t)),
                                 .quality = rs_try_alloc(n, sizeof(float))};
    enum rs_code rc = scratch_make(o->items, &s, err);
    if (!rc && (!w->cluster_of || !w->year || !w->quality)) {
        rc = rs_fail(err, RS_ENOMEM, "facts of %d items: out of memory", o->items);
    }
    if (!rc) {
        make_items(w, &s);
        rc = make_tables(w, &s, err);
    }
    scratch_clear(&s);
    return rc;
}

void rs_synth_world_clear(struct rs_synth_world *w)
{
    table_clear(&w->all);
    for (int32_t c = 0; c < w->n_clusters; c++) {
        table_clear(&w->cluster[c]);
    }
    free(w->cluster_of);
    free(w->year);
    free(w->quality);
    *w = (struct rs_synth_world){0};
}
