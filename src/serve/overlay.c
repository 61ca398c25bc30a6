/*
 * overlay - posted feedback in memory, by user, so that answers never wait for the store.
 *
 * Events stand in one log in the order of their ids, in chunks that never move; each knows the one
 * before it of the same user, and a user knows its last. Ids are interned. That takes 32 bytes an
 * event, and for every user and item some 60 bytes and its id.
 *
 * Locks  `feeding` lets one thread at a time read the store; it alone guards `last` and `fed`, and
 *        it is taken first. `lock` guards `log` and what it holds, and is held for one event or for
 *        one user's events at a time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"
#include "state_impl.h"

#define CHUNK        ((size_t)1 << 14) /* events: 512 KiB */
#define TEXT_BLOCK   ((size_t)1 << 16)
#define TEXT_MAX     ((size_t)1 << 40)
#define FIRST_SLOTS  64
#define MAX_NUMBERED (UINT32_MAX - 1)

struct event {
    int64_t id;
    double value;
    int64_t time_s;
    uint32_t item;
    uint32_t before; /* 1 + place of the user's event before it; 0: none */
};

/* Texts numbered from 0 in the order they came. */
struct names {
    uint32_t *slots; /* 1 + number, or 0; open addressing, at most half full */
    size_t n_slots;
    struct name {
        const char *text; /* in the log's texts */
        uint64_t hash;
        uint32_t last; /* of a user: 1 + place of its last event */
    } * list;
    size_t n, cap;
};

struct chunk {
    struct event *events; /* [CHUNK] */
};

struct log {
    struct chunk *chunks;
    size_t n, n_chunks, cap_chunks;
    struct names users, items;
    struct rs_arena *texts;
};

/* The row that was applied last, to see that a store still has it. */
struct row {
    int64_t id, received_ms, time_s;
    double value;
    uint64_t ids_hash;
};

struct srv_overlay {
    pthread_mutex_t feeding;
    struct row last; /* under feeding; id 0: none */
    bool fed;        /* under feeding: the store was read to its end once */
    pthread_mutex_t lock;
    struct log *log;                 /* under lock */
    struct srv_overlay_stats counts; /* under lock */
};

/* ---- names --------------------------------------------------------------------------------- */

/* Number of a text, or -1. */
static int64_t names_find(const struct names *t, const char *text, uint64_t hash)
{
    if (!t->n_slots) return -1;
    for (size_t i = hash & (t->n_slots - 1); t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
        const struct name *name = &t->list[t->slots[i] - 1];
        if (name->hash == hash && strcmp(name->text, text) == 0) return t->slots[i] - 1;
    }
    return -1;
}

static void put_slot(struct names *t, uint32_t number)
{
    size_t i = t->list[number].hash & (t->n_slots - 1);
    while (t->slots[i])
        i = (i + 1) & (t->n_slots - 1);
    t->slots[i] = number + 1;
}

static bool grow_slots(struct names *t)
{
    size_t n = t->n_slots ? 2 * t->n_slots : FIRST_SLOTS;
    uint32_t *slots = rs_try_alloc(n, sizeof(*slots));
    if (!slots) return false;
    free(t->slots);
    t->slots = slots;
    t->n_slots = n;
    for (size_t i = 0; i < t->n; i++)
        put_slot(t, (uint32_t)i);
    return true;
}

static bool grow_list(struct names *t)
{
    size_t cap = t->cap ? t->cap + t->cap / 2 : FIRST_SLOTS / 2;
    struct name *list = rs_try_realloc(t->list, t->cap, cap, sizeof(*list));
    if (!list) return false;
    t->list = list;
    t->cap = cap;
    return true;
}

/* -1: no memory. */
static int64_t names_add(struct names *t, struct rs_arena *texts, const char *text, uint64_t hash)
{
    int64_t found = names_find(t, text, hash);
    if (found >= 0) return found;
    if (t->n >= MAX_NUMBERED) return -1;
    if (t->n >= t->n_slots / 2 && !grow_slots(t)) return -1;
    if (t->n == t->cap && !grow_list(t)) return -1;
    char *copy = rs_arena_strndup(texts, text, strlen(text));
    if (!copy) return -1;
    t->list[t->n] = (struct name){.text = copy, .hash = hash};
    put_slot(t, (uint32_t)t->n);
    return (int64_t)t->n++;
}

static uint64_t hash_of(const char *text)
{
    return rs_checksum(text, strlen(text));
}

/* ---- log ----------------------------------------------------------------------------------- */

static struct log *log_new(void)
{
    struct log *log = rs_xalloc(1, sizeof(*log));
    log->texts = rs_arena_new(TEXT_BLOCK, TEXT_MAX);
    return log;
}

static void log_free(struct log *log)
{
    if (!log) return;
    for (size_t i = 0; i < log->n_chunks; i++)
        free(log->chunks[i].events);
    free(log->chunks);
    free(log->users.slots);
    free(log->users.list);
    free(log->items.slots);
    free(log->items.list);
    rs_arena_free(log->texts);
    free(log);
}

static struct event *log_at(const struct log *log, size_t place)
{
    return &log->chunks[place / CHUNK].events[place % CHUNK];
}

static bool grow_log(struct log *log)
{
    if (log->n < log->n_chunks * CHUNK) return true;
    if (log->n >= MAX_NUMBERED) return false;
    if (log->n_chunks == log->cap_chunks) {
        size_t cap = log->cap_chunks ? 2 * log->cap_chunks : 16;
        struct chunk *chunks = rs_try_realloc(log->chunks, log->cap_chunks, cap, sizeof(*chunks));
        if (!chunks) return false;
        log->chunks = chunks;
        log->cap_chunks = cap;
    }
    struct event *events = rs_try_alloc_raw(CHUNK, sizeof(*events));
    if (!events) return false;
    log->chunks[log->n_chunks++].events = events;
    return true;
}

/* false: no memory, and nothing of the event is there. */
static bool log_add(struct log *log, const struct rs_feedback *f)
{
    if (!grow_log(log)) return false;
    int64_t item = names_add(&log->items, log->texts, f->item_id, hash_of(f->item_id));
    if (item < 0) return false;
    int64_t user = names_add(&log->users, log->texts, f->user_id, hash_of(f->user_id));
    if (user < 0) return false;
    struct name *who = &log->users.list[user];
    *log_at(log, log->n) = (struct event){.id = f->id,
                                          .value = f->value,
                                          .time_s = f->time_s,
                                          .item = (uint32_t)item,
                                          .before = who->last};
    who->last = (uint32_t)++log->n;
    return true;
}

/* ---- feeding ------------------------------------------------------------------------------- */

struct srv_overlay *srv_overlay_new(void)
{
    struct srv_overlay *o = rs_xalloc(1, sizeof(*o));
    pthread_mutex_init(&o->feeding, NULL);
    pthread_mutex_init(&o->lock, NULL);
    o->log = log_new();
    return o;
}

void srv_overlay_free(struct srv_overlay *o)
{
    if (!o) return;
    log_free(o->log);
    pthread_mutex_destroy(&o->feeding);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* Reading of one catch_up. */
struct feed {
    struct srv_overlay *o;
    bool check; /* the next row must be o->last */
    bool other; /* it was not */
};

static struct row row_of(const struct rs_feedback *f)
{
    return (struct row){.id = f->id,
                        .received_ms = f->received_ms,
                        .time_s = f->time_s,
                        .value = f->value,
                        .ids_hash = hash_of(f->user_id) ^ (hash_of(f->item_id) << 1)};
}

static bool same_row(const struct row *a, const struct row *b)
{
    return a->id == b->id && a->received_ms == b->received_ms && a->time_s == b->time_s &&
           a->value == b->value && a->ids_hash == b->ids_hash;
}

static enum rs_code apply(const struct rs_feedback *f, void *ctx, struct rs_err *err)
{
    struct feed *feed = ctx;
    struct srv_overlay *o = feed->o;
    struct row row = row_of(f);
    if (feed->check) {
        feed->check = false;
        if (same_row(&row, &o->last)) return RS_OK;
        feed->other = true;
        return rs_fail(err, RS_ECANCEL, "another store");
    }
    double lag_s = o->fed ? (double)(rs_clock_now_ms() - f->received_ms) / 1000 : 0;
    pthread_mutex_lock(&o->lock);
    bool added = log_add(o->log, f);
    if (added) {
        o->counts.events++;
        o->counts.users = (int64_t)o->log->users.n;
        o->counts.last_id = f->id;
        o->counts.lag_s = lag_s > 0 ? lag_s : 0;
    }
    pthread_mutex_unlock(&o->lock);
    if (!added)
        return rs_fail(err, RS_ENOMEM, "feedback in memory: no room for event %lld after %lld",
                       (long long)f->id, (long long)o->counts.events);
    o->last = row;
    return RS_OK;
}

/* Under feeding. */
static void start_over(struct srv_overlay *o)
{
    struct log *fresh = log_new();
    pthread_mutex_lock(&o->lock);
    struct log *old = o->log;
    o->log = fresh;
    o->counts = (struct srv_overlay_stats){.resets = o->counts.resets + 1};
    pthread_mutex_unlock(&o->lock);
    log_free(old);
    o->last = (struct row){0};
    o->fed = false;
}

/* Under feeding. *other_out: st does not have the row that was applied last. */
static enum rs_code feed_rows(struct srv_overlay *o, struct rs_store *st, bool *other_out,
                              struct rs_err *err)
{
    struct rs_err why = {0};
    struct feed feed = {.o = o, .check = o->last.id != 0};
    enum rs_code rc = rs_feedback_each(st, o->last.id ? o->last.id - 1 : 0, apply, &feed, &why);
    *other_out = feed.other || (!rc && feed.check);
    if (*other_out) return RS_OK;
    if (rc) {
        *err = why;
    } else {
        o->fed = true;
    }
    return rc;
}

enum rs_code srv_overlay_catch_up(struct srv_overlay *o, struct rs_store *st, struct rs_err *err)
{
    bool other = false;
    pthread_mutex_lock(&o->feeding);
    enum rs_code rc = feed_rows(o, st, &other, err);
    if (other) {
        start_over(o);
        rc = feed_rows(o, st, &other, err);
    }
    pthread_mutex_unlock(&o->feeding);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Under lock: 1 + place of a user's last event with id <= up_to (0: any); 0: none. */
static uint32_t last_of(const struct srv_overlay *o, const char *user_id, uint64_t hash,
                        int64_t up_to)
{
    int64_t user = names_find(&o->log->users, user_id, hash);
    uint32_t at = user < 0 ? 0 : o->log->users.list[user].last;
    while (at && up_to && log_at(o->log, at - 1)->id > up_to)
        at = log_at(o->log, at - 1)->before;
    return at;
}

int64_t srv_overlay_revision(struct srv_overlay *o, const char *user_id)
{
    uint64_t hash = hash_of(user_id);
    pthread_mutex_lock(&o->lock);
    uint32_t last = last_of(o, user_id, hash, 0);
    int64_t id = last ? log_at(o->log, last - 1)->id : 0;
    pthread_mutex_unlock(&o->lock);
    return id;
}

/* Under lock: the events that end at place last - 1, in arena; NULL: no memory. */
static struct rs_event *copy_events(const struct log *log, uint32_t last, struct rs_arena *arena,
                                    size_t *n_out)
{
    size_t n = 0;
    for (uint32_t at = last; at; at = log_at(log, at - 1)->before)
        n++;
    struct rs_event *list = rs_arena_alloc(arena, n * sizeof(*list));
    if (!list) return NULL;
    *n_out = n;
    for (uint32_t at = last; at;) {
        const struct event *e = log_at(log, at - 1);
        const char *item = log->items.list[e->item].text;
        char *copy = rs_arena_strndup(arena, item, strlen(item));
        if (!copy) return NULL;
        list[--n] =
            (struct rs_event){.id = e->id, .item_id = copy, .value = e->value, .time_s = e->time_s};
        at = e->before;
    }
    return list;
}

enum rs_code srv_overlay_read(struct srv_overlay *o, const char *user_id, int64_t up_to,
                              struct rs_arena *arena, const struct rs_event **out, size_t *n_out,
                              int64_t *revision_out, struct rs_err *err)
{
    uint64_t hash = hash_of(user_id);
    struct rs_event *events = NULL;
    size_t n = 0;
    pthread_mutex_lock(&o->lock);
    uint32_t last = last_of(o, user_id, hash, up_to);
    if (last) events = copy_events(o->log, last, arena, &n);
    pthread_mutex_unlock(&o->lock);
    if (last && !events) return rs_fail(err, RS_ENOMEM, "a user's events: out of memory");
    *out = events;
    *n_out = n;
    *revision_out = n ? events[n - 1].id : 0;
    return RS_OK;
}

struct srv_overlay_stats srv_overlay_stats(struct srv_overlay *o)
{
    pthread_mutex_lock(&o->lock);
    struct srv_overlay_stats stats = o->counts;
    pthread_mutex_unlock(&o->lock);
    return stats;
}
