/*
 * synth - users who watch: how much, of which clusters, when, and what they think of it.
 *
 * A user's rows come from a stream of their own, so threads only decide who makes them.
 * A taste is a share of picks for each of a few clusters: sticks broken by Beta(1, clusters x
 * TASTE), near to a symmetric Dirichlet(TASTE) over all clusters. It drifts from an early to a late
 * mixture.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

#include "synth_impl.h"

#define MIN_ROWS     20   /* of a user, where the numbers asked for allow it */
#define MAX_SHARE    0.35 /* of the catalogue that one user rates */
#define ACTIVITY_SD  1.0  /* of the logarithm of rows a user */
#define OWN_SHARE    0.8  /* of picks: from the user's clusters; the others by popularity */
#define TASTE        0.08 /* of every cluster: few clusters hold most of a user's picks */
#define TASTES       16
#define TASTE_REST   0.02 /* shares below are not told apart */
#define FADE         0.6  /* of the first taste that becomes a new one in the end */
#define SESSION_ROWS 12
#define STEP_MAX     95 /* seconds between two ratings of a session */
#define HOUR         3600
#define DAY          86400LL
#define YEAR         31556952LL
#define FIRST_TIME   852076800LL  /* 1997-01-01 */
#define LAST_TIME    1767225600LL /* 2026-01-01 */
#define ROUND_ROWS   (1 << 20)
#define ROUND_USERS  (1 << 16)

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static enum rs_code check_opts(const struct rs_synth_opts *o, struct rs_err *err)
{
    if (o->users < 1 || o->users > 100000000 || o->items < 10 || o->items > 10000000) {
        return rs_fail(err, RS_EARG,
                       "synthetic: %d users and %d items: 1 to 100000000 users and 10 to 10000000 "
                       "items can be made",
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

/* Rows of every user: lognormal, scaled so that their sum is what was asked for. */
static enum rs_code make_targets(struct rs_synth *s, struct rs_err *err)
{
    const struct rs_synth_opts *o = &s->world.o;
    double want = (double)o->interactions;
    double most = floor(o->items * MAX_SHARE);
    double least = floor(fmax(1, fmin(MIN_ROWS, fmin(most / 2, want / o->users / 2))));
    s->target = rs_try_alloc((size_t)o->users, sizeof(*s->target));
    float *activity = rs_try_alloc((size_t)o->users, sizeof(*activity));
    if (!s->target || !activity) {
        free(activity);
        return rs_fail(err, RS_ENOMEM, "activity of %d users: out of memory", o->users);
    }
#pragma omp parallel for schedule(static) num_threads(rs_par_threads())
    for (int32_t u = 0; u < o->users; u++) {
        struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.activity", (uint64_t)u));
        activity[u] = (float)exp(ACTIVITY_SD * rs_rng_normal(&r));
    }
    double lo = 0;
    double hi = most * 1000;
    double sum = 0;
    for (int step = 0; step < 64 && fabs(sum - want) > 1e-4 * want; step++) {
        double mid = (lo + hi) / 2; /* the sum grows with the scale: halve */
        sum = 0;
        for (int32_t u = 0; u < o->users; u++) {
            sum += clamp((double)activity[u] * mid, least, most);
        }
        *(sum < want ? &lo : &hi) = mid;
    }
    for (int32_t u = 0; u < o->users; u++) {
        s->target[u] = (int32_t)clamp(floor((double)activity[u] * hi + 0.5), least, most);
        s->total += s->target[u];
    }
    free(activity);
    return RS_OK;
}

enum rs_code rs_synth_make(const struct rs_synth_opts *o, struct rs_synth *s, struct rs_err *err)
{
    *s = (struct rs_synth){0};
    enum rs_code rc = check_opts(o, err);
    if (!rc) rc = rs_synth_world_make(o, &s->world, err);
    if (!rc) rc = make_targets(s, err);
    return rc;
}

void rs_synth_clear(struct rs_synth *s)
{
    rs_synth_world_clear(&s->world);
    free(s->target);
    *s = (struct rs_synth){0};
}

/* A user while their rows are made. */
struct viewer {
    struct rs_rng r;
    int n_tastes;
    int32_t cluster[TASTES + 1];
    float early[TASTES + 1]; /* cumulative shares at their first row and at their last */
    float late[TASTES + 1];
    float like[RS_SYNTH_CLUSTERS]; /* 0 .. 1 */
    double bias;
    bool whole; /* gives whole stars only */
    int32_t target;
    int32_t n;   /* rows made */
    int64_t now; /* time of the next row */
    int64_t end;
    int64_t gap;             /* mean of the time between sessions */
    struct rs_synth_rows at; /* where the rows go */
    uint64_t *seen;          /* bits of items */
};

static void cumulate(float *shares, int n)
{
    for (int i = 1; i < n; i++) {
        shares[i] += shares[i - 1];
    }
    for (int i = 0; i < n; i++) {
        shares[i] /= shares[n - 1];
    }
}

static void make_tastes(const struct rs_synth_world *w, struct viewer *v)
{
    double rest = 1;
    double theta = TASTE * w->n_clusters;
    float most = 0;
    int n = 0;
    while (n < TASTES && rest > TASTE_REST) {
        double share = rest * (1 - pow(rs_rng_uniform(&v->r), 1 / theta));
        v->early[n] = v->late[n] = (float)share;
        rest -= share;
        n++;
    }
    v->early[n] = 0; /* what they come to like */
    v->late[n] = (float)FADE * v->early[0];
    v->late[0] -= v->late[n++];
    for (int i = 0; i < n; i++) {
        int32_t c = (int32_t)rs_rng_below(&v->r, (uint64_t)w->n_clusters);
        v->cluster[i] = c;
        v->like[c] += v->early[i] + v->late[i];
        most = fmaxf(most, v->like[c]);
    }
    for (int32_t c = 0; c < w->n_clusters; c++) {
        v->like[c] = sqrtf(v->like[c] / most);
    }
    v->n_tastes = n;
    cumulate(v->early, n);
    cumulate(v->late, n);
}

static void make_times(struct viewer *v)
{
    double length = rs_rng_uniform(&v->r) * rs_rng_uniform(&v->r);
    int64_t span = 30 * DAY + (int64_t)(length * 3000 * DAY);
    int64_t least = (int64_t)v->target * STEP_MAX;
    span = span > least ? span : least;
    double room = (double)(LAST_TIME - FIRST_TIME - span);
    v->now = FIRST_TIME + (int64_t)(rs_rng_uniform(&v->r) * room);
    v->end = v->now + span;
    v->gap = span * SESSION_ROWS / (v->target + SESSION_ROWS);
}

static int32_t own_cluster(const struct viewer *v, float u)
{
    float p = (float)v->n / (float)v->target;
    int i = 0;
    while (i < v->n_tastes - 1 && u >= v->early[i] + p * (v->late[i] - v->early[i])) {
        i++;
    }
    return v->cluster[i];
}

/* Films are watched once they are out, most of all soon after. bits: 8. */
static bool is_watched(int32_t age, uint32_t bits)
{
    return age >= 0 && bits < 128U + 384U / (uint32_t)(age + 3);
}

static float value_of(const struct rs_synth_world *w, const struct viewer *v, int32_t item,
                      uint64_t bits)
{
    double noise = -2; /* the sum of four uniform numbers is near enough to normal */
    for (int i = 0; i < 4; i++) {
        noise += (double)(bits >> (16 * i) & 0xffff) * 0x1p-16;
    }
    double x = 2.95 + 0.8 * (double)v->like[w->cluster_of[item]] + v->bias +
               (double)w->quality[item] + 1.2 * noise;
    if (v->whole) return (float)clamp(floor(x + 0.5), 1, 5);
    return (float)(clamp(floor(2 * x + 0.5), 1, 10) / 2);
}

/* One row, if the film is out and not seen yet; then time goes on. */
static bool watch(const struct rs_synth_world *w, struct viewer *v, int32_t item, int32_t user)
{
    uint64_t bit = UINT64_C(1) << (item & 63);
    if (v->seen[item >> 6] & bit) return false;
    v->seen[item >> 6] |= bit;
    v->at.user[v->n] = user;
    v->at.item[v->n] = item;
    v->at.value[v->n] = value_of(w, v, item, rs_rng_next64(&v->r));
    v->at.time[v->n] = v->now;
    v->n++;
    uint64_t bits = rs_rng_next64(&v->r);
    int64_t pause = HOUR + (int64_t)((double)(bits >> 32) * 0x1p-31 * (double)v->gap);
    bool over = (bits & 0xffff) < 65536 / SESSION_ROWS;
    bool time_left = v->now + pause + (int64_t)(v->target - v->n) * STEP_MAX < v->end;
    v->now += over && time_left ? pause : 5 + (int64_t)((bits >> 16 & 0xffff) % (STEP_MAX - 4));
    return true;
}

static int32_t age_of(const struct rs_synth_world *w, const struct viewer *v, int32_t item)
{
    return 1970 + (int32_t)(v->now / YEAR) - w->year[item];
}

/* Who has seen nearly all they like takes what comes: every film from a random one on. */
static void watch_the_rest(const struct rs_synth_world *w, struct viewer *v, int32_t user)
{
    int32_t item = (int32_t)rs_rng_below(&v->r, (uint64_t)w->o.items);
    for (int32_t i = 0; i < w->o.items && v->n < v->target; i++) {
        if (age_of(w, v, item) >= 0) {
            watch(w, v, item, user);
        }
        item = item + 1 < w->o.items ? item + 1 : 0;
    }
}

/* A user's rows into the arrays from `at` on; returns how many, at most target. seen: all zero, and
 * again afterwards. */
static int32_t make_user(const struct rs_synth_world *w, int32_t user, int32_t target,
                         uint64_t *seen, const struct rs_synth_rows *x, int64_t at)
{
    struct viewer v = {
        .r = rs_rng_make(w->o.seed, rs_rng_stream("synth.user", (uint64_t)user)),
        .target = target,
        .seen = seen,
        .at = {.user = x->user + at,
               .item = x->item + at,
               .value = x->value + at,
               .time = x->time + at},
    };
    make_tastes(w, &v);
    make_times(&v);
    v.bias = 0.35 * rs_rng_normal(&v.r);
    v.whole = rs_rng_below(&v.r, 3) == 0;
    int64_t tries = 10 * (int64_t)target + 100;
    for (int64_t i = 0; i < tries && v.n < target; i++) {
        uint64_t a = rs_rng_next64(&v.r);
        uint64_t b = rs_rng_next64(&v.r);
        bool own = (double)(a & 0xffff) < 65536 * OWN_SHARE;
        float u = (float)(a >> 16 & 0xffffff) * 0x1p-24F;
        int32_t item = rs_synth_draw(own ? &w->cluster[own_cluster(&v, u)] : &w->all, b);
        if (is_watched(age_of(w, &v, item), (uint32_t)(a >> 56))) {
            watch(w, &v, item, user);
        }
    }
    if (v.n < target) {
        watch_the_rest(w, &v, user);
    }
    for (int32_t i = 0; i < v.n; i++) {
        seen[v.at.item[i] >> 6] = 0;
    }
    return v.n;
}

int32_t rs_synth_round_end(const struct rs_synth *s, int32_t first, int64_t *rows_out)
{
    int32_t users = s->world.o.users;
    int32_t limit = users - first > ROUND_USERS ? first + ROUND_USERS : users;
    int32_t end = first;
    *rows_out = 0;
    while (end < limit && (end == first || *rows_out + s->target[end] <= ROUND_ROWS)) {
        *rows_out += s->target[end++];
    }
    return end;
}

/* Rows were made at places with room for each user's target: close the gaps. */
static void close_gaps(struct rs_synth_rows *x, const int64_t *place, const int32_t *made,
                       int32_t users)
{
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

enum rs_code rs_synth_round(const struct rs_synth *s, int32_t first, int32_t end,
                            struct rs_task *task, struct rs_synth_rows *x, struct rs_err *err)
{
    const struct rs_synth_world *w = &s->world;
    size_t users = (size_t)(end - first);
    size_t words = ((size_t)w->o.items + 63) / 64;
    int64_t *place = rs_try_alloc(users, sizeof(*place));
    int32_t *made = rs_try_alloc(users, sizeof(*made));
    bool failed = !place || !made;
    int64_t at = x->n;
    for (int32_t u = first; u < end && !failed; u++) {
        place[u - first] = at;
        at += s->target[u];
    }
#pragma omp parallel num_threads(rs_par_threads()) if (!failed)
    {
        uint64_t *seen = rs_try_alloc(words, sizeof(*seen));
        if (!seen) {
#pragma omp atomic write
            failed = true;
        }
#pragma omp for schedule(dynamic, 16)
        for (int32_t u = first; u < end; u++) {
            if (!seen || !place || !made || rs_task_cancelled(task)) continue;
            made[u - first] = make_user(w, u, s->target[u], seen, x, place[u - first]);
        }
        free(seen);
    }
    enum rs_code rc = RS_OK;
    if (failed) {
        rc = rs_fail(err, RS_ENOMEM, "synthetic: rows of %zu users: out of memory", users);
    } else if (rs_task_cancelled(task)) {
        rc = rs_fail(err, RS_ECANCEL, "synthetic: interrupted");
    } else {
        close_gaps(x, place, made, end - first);
    }
    free(made);
    free(place);
    return rc;
}

enum rs_code rs_synth_rows_alloc(struct rs_synth_rows *x, int64_t room, struct rs_err *err)
{
    size_t n = (size_t)room;
    *x = (struct rs_synth_rows){.user = rs_try_alloc_raw(n, sizeof(int32_t)),
                                .item = rs_try_alloc_raw(n, sizeof(int32_t)),
                                .value = rs_try_alloc_raw(n, sizeof(float)),
                                .time = rs_try_alloc_raw(n, sizeof(int64_t))};
    if (x->user && x->item && x->value && x->time) return RS_OK;
    return rs_fail(err, RS_ENOMEM, "%lld synthetic rows: out of memory", (long long)room);
}

enum rs_code rs_synth_rows_make(const struct rs_synth_opts *o, struct rs_task *task,
                                struct rs_synth_rows *out, struct rs_err *err)
{
    struct rs_synth s;
    *out = (struct rs_synth_rows){0};
    enum rs_code rc = rs_synth_make(o, &s, err);
    if (!rc) rc = rs_synth_rows_alloc(out, s.total, err);
    rs_task_begin(task, "make interactions", "rows", (double)s.total);
    for (int32_t u = 0; u < o->users && !rc;) {
        int64_t rows;
        int32_t end = rs_synth_round_end(&s, u, &rows);
        rc = rs_synth_round(&s, u, end, task, out, err);
        rs_task_report(task, (double)out->n);
        u = end;
    }
    if (rc) {
        rs_synth_rows_clear(out);
    }
    rs_synth_clear(&s);
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
