/*
 * synth - users who watch: how much, of which clusters, when, and what they think of it.
 *
 * A user's rows come from a stream of their own, so threads only decide who makes them.
 */
#include "rs/data/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

#include "synth_impl.h"

#define OWN_SHARE    0.6  /* of a user's picks: from their clusters; others by popularity alone */
#define MIN_ROWS     20   /* of a user, where the catalogue allows it */
#define MAX_SHARE    0.35 /* of the catalogue that one user rates */
#define MAX_TASTES   5
#define SESSION_ROWS 12
#define DAY          86400LL
#define FIRST_TIME   852076800LL  /* 1997-01-01 */
#define LAST_TIME    1704067200LL /* 2024-01-01 */
#define USERS_BLOCK  64

int32_t rs_synth_clusters(const struct rs_synth_opts *o)
{
    int32_t n = o->items / 40;
    return n < 4 ? 4 : n > RS_SYNTH_MAX_CLUSTERS ? RS_SYNTH_MAX_CLUSTERS : n;
}

int32_t rs_synth_cluster(const struct rs_synth_opts *o, int32_t item)
{
    uint64_t h = rs_rng_u64(o->seed, rs_rng_stream("synth.cluster", 0), (uint64_t)item);
    return (int32_t)(h % (uint64_t)rs_synth_clusters(o));
}

int32_t rs_synth_year(const struct rs_synth_opts *o, int32_t item)
{
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.year", (uint64_t)item));
    double u = rs_rng_uniform(&r);
    int32_t span = RS_SYNTH_LAST_YEAR - RS_SYNTH_FIRST_YEAR;
    return RS_SYNTH_FIRST_YEAR + (int32_t)((double)span * (1 - u * u * u));
}

void rs_alias_table_clear(struct rs_alias_table *t)
{
    free(t->keep);
    free(t->other);
    free(t->value);
    *t = (struct rs_alias_table){0};
}

enum rs_code rs_alias_table_make(const double *weights, const int32_t *values, int32_t n,
                                 struct rs_alias_table *out, struct rs_err *err)
{
    size_t room = (size_t)n + 1;
    double *scaled = rs_try_alloc(room, sizeof(*scaled));
    int32_t *stack = rs_try_alloc(room, sizeof(*stack));
    *out = (struct rs_alias_table){.n = n,
                                   .keep = rs_try_alloc(room, sizeof(float)),
                                   .other = rs_try_alloc(room, sizeof(int32_t)),
                                   .value = rs_try_alloc(room, sizeof(int32_t))};
    enum rs_code rc = RS_OK;
    if (!scaled || !stack || !out->keep || !out->other || !out->value) {
        rs_alias_table_clear(out);
        rc = rs_fail(err, RS_ENOMEM, "a table of %d items", n);
        goto done;
    }
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    int32_t small = 0; /* small slots grow from the front of the stack, large from its end */
    int32_t large = n;
    for (int32_t i = 0; i < n; i++) {
        out->value[i] = values ? values[i] : i;
        out->keep[i] = 1;
        out->other[i] = i;
        scaled[i] = weights[i] * n / sum;
        stack[scaled[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < n) {
        int32_t s = stack[--small];
        int32_t l = stack[large];
        out->keep[s] = (float)scaled[s];
        out->other[s] = l;
        scaled[l] += scaled[s] - 1;
        if (scaled[l] < 1) {
            large++;
            stack[small++] = l;
        }
    }
done:
    free(scaled);
    free(stack);
    return rc;
}

/* Tables of items: by popularity overall and within each cluster; years and quality. */
struct world {
    const struct rs_synth_opts *o;
    int32_t n_clusters;
    struct rs_alias_table all;
    struct rs_alias_table cluster[RS_SYNTH_MAX_CLUSTERS];
    uint8_t *cluster_of; /* [items] */
    int16_t *year;       /* [items] */
    float *quality;      /* [items] */
};

static void world_clear(struct world *w)
{
    rs_alias_table_clear(&w->all);
    for (int32_t c = 0; c < w->n_clusters; c++) {
        rs_alias_table_clear(&w->cluster[c]);
    }
    free(w->cluster_of);
    free(w->year);
    free(w->quality);
}

/* Zipf weights with a flat head, dealt to the items in a shuffled order. */
static enum rs_code make_weights(const struct rs_synth_opts *o, double *weights, struct rs_err *err)
{
    int64_t *order = rs_try_alloc((size_t)o->items, sizeof(*order));
    if (!order) return rs_fail(err, RS_ENOMEM, "an order of %d items", o->items);
    for (int32_t i = 0; i < o->items; i++) {
        order[i] = i;
    }
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.rank", 0));
    rs_rng_shuffle(&r, order, o->items);
    for (int32_t rank = 0; rank < o->items; rank++) {
        weights[order[rank]] = 1 / pow(rank < 40 ? 41 : rank + 1, 0.95);
    }
    free(order);
    return RS_OK;
}

static enum rs_code make_clusters(struct world *w, const double *weights, struct rs_err *err)
{
    int32_t n = w->o->items;
    int32_t *members = rs_try_alloc((size_t)n, sizeof(*members));
    double *own = rs_try_alloc((size_t)n, sizeof(*own));
    enum rs_code rc = members && own ? RS_OK : rs_fail(err, RS_ENOMEM, "clusters of %d items", n);
    for (int32_t c = 0; c < w->n_clusters && !rc; c++) {
        int32_t size = 0;
        for (int32_t i = 0; i < n; i++) {
            if (w->cluster_of[i] == c) {
                members[size] = i;
                own[size++] = weights[i];
            }
        }
        if (size == 0) { /* a tiny catalogue: the cluster is everything */
            rc = rs_alias_table_make(weights, NULL, n, &w->cluster[c], err);
        } else {
            rc = rs_alias_table_make(own, members, size, &w->cluster[c], err);
        }
    }
    free(own);
    free(members);
    return rc;
}

static enum rs_code world_make(const struct rs_synth_opts *o, struct world *w, struct rs_err *err)
{
    size_t n = (size_t)o->items;
    double *weights = rs_try_alloc(n, sizeof(*weights));
    *w = (struct world){.o = o,
                        .n_clusters = rs_synth_clusters(o),
                        .cluster_of = rs_try_alloc(n, 1),
                        .year = rs_try_alloc(n, sizeof(int16_t)),
                        .quality = rs_try_alloc(n, sizeof(float))};
    enum rs_code rc = RS_OK;
    if (!weights || !w->cluster_of || !w->year || !w->quality) {
        rc = rs_fail(err, RS_ENOMEM, "facts of %d items", o->items);
        goto done;
    }
    rc = make_weights(o, weights, err);
    if (rc) goto done;
    for (int32_t i = 0; i < o->items; i++) {
        struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.quality", (uint64_t)i));
        w->cluster_of[i] = (uint8_t)rs_synth_cluster(o, i);
        w->year[i] = (int16_t)rs_synth_year(o, i);
        w->quality[i] = (float)(0.45 * rs_rng_normal(&r));
    }
    rc = rs_alias_table_make(weights, NULL, o->items, &w->all, err);
    if (!rc) rc = make_clusters(w, weights, err);
done:
    free(weights);
    return rc;
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Rows of every user: lognormal activity scaled so that the sum is what was asked. target[users]. */
static enum rs_code make_targets(const struct rs_synth_opts *o, int64_t *target, struct rs_err *err)
{
    double cap = fmax(1, floor(o->items * MAX_SHARE));
    double least = fmin(fmin(MIN_ROWS, fmax(1, o->items / 4)),
                        fmax(1, (double)o->interactions / o->users / 2));
    double *activity = rs_try_alloc((size_t)o->users, sizeof(*activity));
    if (!activity) return rs_fail(err, RS_ENOMEM, "activity of %d users", o->users);
    for (int32_t u = 0; u < o->users; u++) {
        struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.activity", (uint64_t)u));
        activity[u] = exp(rs_rng_normal(&r));
    }
    double lo = 0;
    double hi = cap * 1e6;
    for (int step = 0; step < 100; step++) { /* the scale is monotone in the sum: halve */
        double mid = (lo + hi) / 2;
        double sum = 0;
        for (int32_t u = 0; u < o->users; u++) {
            sum += clamp(activity[u] * mid, least, cap);
        }
        *(sum < (double)o->interactions ? &lo : &hi) = mid;
    }
    for (int32_t u = 0; u < o->users; u++) {
        target[u] = (int64_t)clamp(floor(activity[u] * hi + 0.5), floor(least), cap);
    }
    free(activity);
    return RS_OK;
}

/* What a user likes at the start and at the end of their time here. */
struct taste {
    int32_t n;
    int32_t cluster[MAX_TASTES + 1];
    float early[MAX_TASTES + 1]; /* cumulative shares */
    float late[MAX_TASTES + 1];
};

static void cumulate(float *weights, int32_t n)
{
    float sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += weights[i];
        weights[i] = sum;
    }
    for (int32_t i = 0; i < n; i++) {
        weights[i] /= sum;
    }
}

static struct taste make_taste(const struct world *w, struct rs_rng *r)
{
    struct taste t = {.n = 2 + (int32_t)rs_rng_below(r, MAX_TASTES - 1)};
    for (int32_t i = 0; i <= t.n; i++) { /* one more than they begin with: what they come to like */
        double weight = -log(1 - rs_rng_uniform(r)) + 0.1;
        t.cluster[i] = (int32_t)rs_rng_below(r, (uint64_t)w->n_clusters);
        t.early[i] = i == t.n ? 0 : (float)weight;
        t.late[i] = (float)(i == 0 ? weight * 0.4 : weight);
    }
    t.n++;
    cumulate(t.early, t.n);
    cumulate(t.late, t.n);
    return t;
}

static int32_t draw(const struct rs_alias_table *t, uint64_t bits)
{
    uint64_t slot = ((bits >> 32) * (uint64_t)t->n) >> 32;
    float u = (float)(bits & 0xffffff) * 0x1p-24F;
    return t->value[u < t->keep[slot] ? (int32_t)slot : t->other[slot]];
}

static int32_t own_cluster(const struct taste *t, double progress, float u)
{
    float p = (float)progress;
    for (int32_t i = 0; i < t->n; i++) {
        if (u < t->early[i] * (1 - p) + t->late[i] * p) return t->cluster[i];
    }
    return t->cluster[t->n - 1];
}

/* Open-addressed set of the items a user has; slots hold item + 1. */
struct seen {
    int32_t *slots;
    uint32_t mask;
};

static bool add_seen(struct seen *s, int32_t item)
{
    uint32_t at = (uint32_t)item * 2654435761U;
    for (at = (at ^ (at >> 15)) & s->mask; s->slots[at]; at = (at + 1) & s->mask) {
        if (s->slots[at] == item + 1) return false;
    }
    s->slots[at] = item + 1;
    return true;
}

/* Films are watched after they came out, most of all soon after. */
static bool accepts(const struct world *w, int32_t item, int32_t now_year, uint32_t bits)
{
    int32_t age = now_year - w->year[item];
    uint32_t chance = age < 0 ? 0 : age < 4 ? 256 : 160;
    return (bits & 255) < chance;
}

static float value_of(const struct world *w, const struct taste *t, int32_t item, double bias,
                      uint64_t bits)
{
    bool match = false;
    for (int32_t i = 0; i < t->n; i++) {
        match |= w->cluster_of[item] == t->cluster[i];
    }
    double noise = 0; /* the sum of four uniform numbers is near enough to normal */
    for (int i = 0; i < 4; i++) {
        noise += (double)((bits >> (16 * i)) & 0xffff) / 65536 - 0.5;
    }
    double v = 3.1 + (match ? 0.75 : 0) + bias + (double)w->quality[item] + 1.25 * noise;
    return (float)(clamp(floor(2 * v + 0.5), 1, 10) / 2);
}

/* One user's rows into the arrays from `at` on; returns how many (at most target). */
static int64_t make_user(const struct world *w, int32_t user, int64_t target, struct seen *seen,
                         struct rs_synth_rows *out, int64_t at)
{
    struct rs_rng r = rs_rng_make(w->o->seed, rs_rng_stream("synth.user", (uint64_t)user));
    struct taste taste = make_taste(w, &r);
    double bias = 0.35 * rs_rng_normal(&r);
    int64_t span = 30 * DAY + (int64_t)(rs_rng_uniform(&r) * rs_rng_uniform(&r) * 3000 * DAY);
    int64_t t =
        FIRST_TIME + (int64_t)(rs_rng_uniform(&r) * (double)(LAST_TIME - FIRST_TIME - span));
    int64_t gap = span * SESSION_ROWS / (target + SESSION_ROWS);
    int64_t n = 0;
    uint32_t room = 64;
    while (room < 2 * (uint64_t)target) {
        room *= 2;
    }
    seen->mask = room - 1;
    memset(seen->slots, 0, room * sizeof(*seen->slots));
    for (int64_t tries = 0; n < target && tries < 12 * target + 200; tries++) {
        uint64_t a = rs_rng_next64(&r);
        uint64_t b = rs_rng_next64(&r);
        double progress = (double)n / (double)target;
        bool own = (double)(a & 0xffff) / 65536 < OWN_SHARE;
        float u = (float)((a >> 16) & 0xffffff) * 0x1p-24F;
        const struct rs_alias_table *from =
            own ? &w->cluster[own_cluster(&taste, progress, u)] : &w->all;
        int32_t item = draw(from, b);
        int32_t year = 1970 + (int32_t)(t / (365 * DAY + DAY / 4));
        if (!accepts(w, item, year, (uint32_t)(a >> 40)) || !add_seen(seen, item)) continue;
        bool session = rs_rng_below(&r, SESSION_ROWS) == 0;
        t += session ? 3600 + (int64_t)(2 * rs_rng_uniform(&r) * (double)gap)
                     : 5 + (int64_t)((a >> 48) % 90);
        out->user[at + n] = user;
        out->item[at + n] = item;
        out->value[at + n] = value_of(w, &taste, item, bias, rs_rng_next64(&r));
        out->time[at + n] = t;
        n++;
    }
    return n;
}

static enum rs_code check_opts(const struct rs_synth_opts *o, struct rs_err *err)
{
    if (o->users < 1 || o->users > 100000000 || o->items < 10 || o->items > 10000000) {
        return rs_fail(err, RS_EARG,
                       "synthetic: 1..100000000 users and 10..10000000 items, got %d and %d",
                       o->users, o->items);
    }
    double most = (double)o->users * floor(o->items * MAX_SHARE);
    if (o->interactions < o->users || (double)o->interactions > most) {
        return rs_fail(err, RS_EARG,
                       "synthetic: %lld interactions: %d users and %d items hold %d to %.0f",
                       (long long)o->interactions, o->users, o->items, o->users, most);
    }
    return RS_OK;
}

/* Rows were made at places with room for each user's target: close the gaps. */
static void close_gaps(struct rs_synth_rows *x, const int64_t *place, const int64_t *made,
                       int32_t users)
{
    x->n = 0;
    for (int32_t u = 0; u < users; u++) {
        size_t n = (size_t)made[u];
        if (x->n != place[u]) {
            memmove(x->user + x->n, x->user + place[u], n * sizeof(*x->user));
            memmove(x->item + x->n, x->item + place[u], n * sizeof(*x->item));
            memmove(x->value + x->n, x->value + place[u], n * sizeof(*x->value));
            memmove(x->time + x->n, x->time + place[u], n * sizeof(*x->time));
        }
        x->n += made[u];
    }
}

static enum rs_code rows_alloc(struct rs_synth_rows *x, int64_t n, struct rs_err *err)
{
    size_t room = (size_t)n + 1;
    *x = (struct rs_synth_rows){.user = rs_try_alloc_raw(room, sizeof(int32_t)),
                                .item = rs_try_alloc_raw(room, sizeof(int32_t)),
                                .value = rs_try_alloc_raw(room, sizeof(float)),
                                .time = rs_try_alloc_raw(room, sizeof(int64_t))};
    if (x->user && x->item && x->value && x->time) return RS_OK;
    rs_synth_rows_clear(x);
    return rs_fail(err, RS_ENOMEM, "%lld made rows", (long long)n);
}

/* All users, in blocks on all threads. max_target: the largest. */
static enum rs_code make_all(const struct world *w, const int64_t *target, const int64_t *place,
                             int64_t *made, int64_t max_target, struct rs_task *task,
                             struct rs_synth_rows *x, struct rs_err *err)
{
    int32_t users = w->o->users;
    size_t room = 64;
    bool failed = false;
    while (room < 2 * (size_t)max_target) {
        room *= 2;
    }
#pragma omp parallel num_threads(rs_par_threads())
    {
        struct seen seen = {.slots = rs_try_alloc(room, sizeof(int32_t))};
#pragma omp for schedule(dynamic, 1)
        for (int32_t block = 0; block < users; block += USERS_BLOCK) {
            if (!seen.slots) {
#pragma omp atomic write
                failed = true;
                continue;
            }
            if (rs_task_cancelled(task)) continue;
            for (int32_t u = block; u < users && u < block + USERS_BLOCK; u++) {
                made[u] = make_user(w, u, target[u], &seen, x, place[u]);
            }
        }
        free(seen.slots);
    }
    if (failed) return rs_fail(err, RS_ENOMEM, "scratch of %zu slots", room);
    if (rs_task_cancelled(task)) return rs_fail(err, RS_ECANCEL, "synthetic: interrupted");
    return RS_OK;
}

enum rs_code rs_synth_rows_make(const struct rs_synth_opts *o, struct rs_task *task,
                                struct rs_synth_rows *out, struct rs_err *err)
{
    struct world w = {0};
    *out = (struct rs_synth_rows){0};
    enum rs_code rc = check_opts(o, err);
    if (rc) return rc;
    size_t users = (size_t)o->users + 1;
    int64_t *target = rs_try_alloc(users, sizeof(*target));
    int64_t *place = rs_try_alloc(users, sizeof(*place));
    int64_t *made = rs_try_alloc(users, sizeof(*made));
    if (!target || !place || !made) {
        rc = rs_fail(err, RS_ENOMEM, "counts of %d users", o->users);
        goto done;
    }
    rs_task_begin(task, "make interactions", NULL, 0);
    rc = world_make(o, &w, err);
    if (!rc) rc = make_targets(o, target, err);
    if (rc) goto done;
    int64_t total = 0;
    int64_t largest = 0;
    for (int32_t u = 0; u < o->users; u++) {
        place[u] = total;
        total += target[u];
        largest = target[u] > largest ? target[u] : largest;
    }
    rc = rows_alloc(out, total, err);
    if (!rc) rc = make_all(&w, target, place, made, largest, task, out, err);
    if (!rc) close_gaps(out, place, made, o->users);
done:
    if (rc) {
        rs_synth_rows_clear(out);
    }
    world_clear(&w);
    free(made);
    free(place);
    free(target);
    return rc;
}

void rs_synth_rows_clear(struct rs_synth_rows *r)
{
    free(r->user);
    free(r->item);
    free(r->value);
    free(r->time);
    *r = (struct rs_synth_rows){0};
}
