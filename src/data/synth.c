/*
 * synth - users who watch: how much, of which clusters, when, and what they think of it.
 *
 * A user's rows come from a stream of their own, so threads only decide who makes them. Every user
 * gets exactly the rows that were meant for them, so that the sum is what was asked for. Activity,
 * sittings and values were fitted to ml-latest-small.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"

#include "synth_impl.h"

#define MIN_ROWS    20   /* of a user, where the catalogue and the rows asked allow it */
#define MAX_SHARE   0.35 /* of the catalogue that one user rates */
#define ACTIVITY_SD 1.4  /* of the logarithm of the rows beyond those */

#define OWN_SHARE  0.75 /* of a user's picks: from their clusters; others by popularity alone */
#define TASTES_MAX 6    /* of a user, and a third of the clusters */
#define TRIES      24   /* for a row; the second half by popularity alone */

#define ONE_SITTING  0.3 /* of the users rate all they do at once */
#define SESSION_ROWS 12
#define STEP_MAX     95   /* seconds between two rows of a session */
#define DAYS_MAX     3000 /* between their first row and their last, of the others */
#define DAY          86400LL
#define YEAR         31556952LL
#define FIRST_TIME   1388534400LL /* 2014-01-01 */
#define LAST_TIME    1767225600LL /* 2026-01-01 */

#define MATCH      0.55 /* stars more for a film of their clusters */
#define USER_SD    0.4  /* stars, between users */
#define NOISE_SD   0.8  /* stars, between one user's films */
#define WHOLE_ONLY 0.4  /* of the users give no halves */

#define ROW_BYTES   20 /* in rs_synth_rows */
#define ROUND_ROWS  (1 << 20)
#define ROUND_USERS (1 << 16)

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

/* Rows of every user: some for all, the others lognormal, scaled so that the sum is as asked. */
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
    double hi = most * 1e6;
    for (int step = 0; step < 60; step++) { /* the sum grows with the scale: halve */
        double mid = (lo + hi) / 2;
        double sum = 0;
        for (int32_t u = 0; u < o->users; u++) {
            sum += fmin(least + (double)activity[u] * mid, most);
        }
        *(sum < want ? &lo : &hi) = mid;
    }
    double rest = 0; /* what rounding takes from one user goes to the next */
    for (int32_t u = 0; u < o->users; u++) {
        double rows = fmin(least + (double)activity[u] * hi, most) + rest;
        s->target[u] = (int32_t)clamp(floor(rows + 0.5), 1, most);
        s->total += s->target[u];
        rest = rows - s->target[u];
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

/* A person: what they like at the start and at the end, how they rate, when they are here. */
struct user {
    int32_t n_tastes;
    int32_t cluster[TASTES_MAX + 1];
    float early[TASTES_MAX + 1]; /* cumulative shares of their own picks */
    float late[TASTES_MAX + 1];
    uint64_t likes; /* a bit a cluster */
    float bias;     /* stars */
    float step;     /* 0.5, or 1: whole stars only */
    int64_t start;
    int64_t span; /* 0: all in one sitting */
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

static void make_tastes(struct user *u, int32_t n_clusters, struct rs_rng *r)
{
    int32_t most = n_clusters / 3 < TASTES_MAX ? n_clusters / 3 : TASTES_MAX;
    int32_t n = 1 + (int32_t)rs_rng_below(r, (uint64_t)most);
    u->n_tastes = n + 1; /* one more than they begin with: what they come to like */
    for (int32_t i = 0; i <= n; i++) {
        double weight = 0.1 - log(1 - rs_rng_uniform(r));
        u->cluster[i] = (int32_t)rs_rng_below(r, (uint64_t)n_clusters);
        u->likes |= 1ULL << u->cluster[i];
        u->early[i] = i == n ? 0 : (float)weight;
        u->late[i] = (float)(i == 0 ? weight * 0.4 : weight);
    }
    cumulate(u->early, u->n_tastes);
    cumulate(u->late, u->n_tastes);
}

static struct user make_person(const struct rs_synth_world *w, int32_t user, int64_t target)
{
    struct rs_rng r = rs_rng_make(w->o.seed, rs_rng_stream("synth.person", (uint64_t)user));
    struct user u = {0};
    make_tastes(&u, w->n_clusters, &r);
    u.bias = (float)(USER_SD * rs_rng_normal(&r));
    u.step = rs_rng_uniform(&r) < WHOLE_ONLY ? 1 : 0.5F;
    if (rs_rng_uniform(&r) >= ONE_SITTING) {
        double share = rs_rng_uniform(&r) * rs_rng_uniform(&r);
        u.span = 30 * DAY + (int64_t)(share * (double)(DAYS_MAX * DAY));
    }
    int64_t room = LAST_TIME - FIRST_TIME - u.span - target * STEP_MAX;
    u.start = FIRST_TIME + (int64_t)(rs_rng_uniform(&r) * (double)(room > 0 ? room : 0));
    return u;
}

static const struct rs_synth_table *own_table(const struct rs_synth_world *w, const struct user *u,
                                              float progress, float place)
{
    int32_t i = 0;
    while (i < u->n_tastes - 1 && place >= u->early[i] + progress * (u->late[i] - u->early[i])) {
        i++;
    }
    return &w->cluster[u->cluster[i]];
}

/* Films are watched after they came out, most of all soon after. bits: 8. */
static bool is_watched(const struct rs_synth_item *item, int32_t year, uint32_t bits)
{
    int32_t age = year - item->year;
    return age >= 0 && (age < 4 || bits < 160);
}

/* Bits of items; false: it is there already. */
static bool add_seen(uint64_t *seen, int32_t item)
{
    uint64_t bit = UINT64_C(1) << (item & 63);
    if (seen[item >> 6] & bit) return false;
    seen[item >> 6] |= bit;
    return true;
}

/* Who has seen nearly all they like takes what comes: the next from a random one on. */
static int32_t pick_any(const struct rs_synth_world *w, int32_t year, uint64_t *seen, uint32_t bits)
{
    int32_t n = w->o.items;
    int32_t first = (int32_t)((uint64_t)bits * (uint64_t)n >> 32);
    for (int pass = 0; pass < 2; pass++) { /* in the second, even before it is out */
        for (int32_t i = 0; i < n; i++) {
            int32_t item = first < n - i ? first + i : first - n + i;
            if ((pass || w->items[item].year <= year) && add_seen(seen, item)) return item;
        }
    }
    return first; /* not reached: nobody has more than MAX_SHARE of the items */
}

/* An item that the user has not; then it is in seen. bits[2] >> 8 and bits[3] are left to use.
 * *block: the next of the stream. */
static int32_t pick(const struct rs_synth_world *w, const struct user *u, float progress,
                    int32_t year, uint64_t *seen, uint64_t stream, uint64_t *block,
                    uint32_t bits[4])
{
    for (int i = 0; i < TRIES; i++) {
        rs_rng_block(w->o.seed, stream, (*block)++, bits);
        bool own = i < TRIES / 2 && (bits[0] & 0xffff) < (uint32_t)(OWN_SHARE * 0x10000);
        float place = (float)(bits[0] >> 16) * 0x1p-16F;
        int32_t item = rs_synth_draw(own ? own_table(w, u, progress, place) : &w->all, bits[1]);
        if (is_watched(&w->items[item], year, bits[2] & 0xff) && add_seen(seen, item)) return item;
    }
    return pick_any(w, year, seen, bits[1]);
}

static float rate(const struct rs_synth_item *item, const struct user *u, uint32_t bits)
{
    /* the sum of four uniform numbers is near enough to normal; its deviation is 147.8 */
    uint32_t sum = (bits & 0xff) + (bits >> 8 & 0xff) + (bits >> 16 & 0xff) + (bits >> 24);
    float noise = ((float)sum - 510) * (float)(NOISE_SD / 147.8);
    float match = u->likes >> item->cluster & 1 ? (float)MATCH : 0;
    float v = floorf((item->quality + u->bias + match + noise) / u->step + 0.5F) * u->step;
    return v < u->step ? u->step : v > 5 ? 5 : v;
}

/* A user's rows into the arrays from `at` on. seen: all zero, and again afterwards. */
static void make_user(const struct rs_synth_world *w, int32_t user, int32_t target, uint64_t *seen,
                      const struct rs_synth_rows *x, int64_t at)
{
    struct user u = make_person(w, user, target);
    uint64_t stream = rs_rng_stream("synth.rows", (uint64_t)user);
    uint64_t block = 0;
    int64_t now = u.start;
    for (int32_t i = 0; i < target; i++) {
        uint32_t bits[4];
        float progress = u.span ? (float)i / (float)target : 0;
        int32_t year = 1970 + (int32_t)(now / YEAR);
        int32_t item = pick(w, &u, progress, year, seen, stream, &block, bits);
        x->user[at + i] = user;
        x->item[at + i] = item;
        x->value[at + i] = rate(&w->items[item], &u, bits[3]);
        x->time[at + i] = now;
        now += 5 + (bits[2] >> 8 & 0xff) * (STEP_MAX - 5) / 256;
        if (u.span && (bits[2] >> 16) * SESSION_ROWS < 0x10000) { /* the next time they are here */
            int64_t planned = u.start + u.span * (i + 1) / target;
            now = planned > now ? planned : now;
        }
    }
    for (int32_t i = 0; i < target; i++) {
        seen[x->item[at + i] >> 6] = 0;
    }
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

enum rs_code rs_synth_round(const struct rs_synth *s, int32_t first, int32_t end,
                            struct rs_task *task, struct rs_synth_rows *x, struct rs_err *err)
{
    const struct rs_synth_world *w = &s->world;
    size_t users = (size_t)(end - first);
    size_t words = ((size_t)w->o.items + 63) / 64;
    int64_t *place = rs_try_alloc(users, sizeof(*place));
    bool failed = !place;
    int64_t at = x->n;
    for (int32_t u = first; u < end && place; u++) {
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
            if (!seen || !place || rs_task_cancelled(task)) continue;
            make_user(w, u, s->target[u], seen, x, place[u - first]);
        }
        free(seen);
    }
    free(place);
    if (failed) {
        return rs_fail(err, RS_ENOMEM, "synthetic: rows of %zu users: out of memory", users);
    }
    if (rs_task_cancelled(task)) return rs_fail(err, RS_ECANCEL, "synthetic: interrupted");
    x->n = at;
    return RS_OK;
}

enum rs_code rs_synth_rows_alloc(struct rs_synth_rows *x, int64_t room, struct rs_err *err)
{
    size_t n = (size_t)room;
    double need = (double)room * ROW_BYTES / 1e6;
    double have = (double)rs_mem_available() / 1e6;
    if (have > 0 && need > have) {
        return rs_fail(err, RS_ENOMEM, "%lld synthetic rows take %.0f MB, %.0f MB are free",
                       (long long)room, need, have);
    }
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
