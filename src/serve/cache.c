/*
 * cache - finished answers by key, the least recently used out first, and the answers themselves.
 *
 * The key's hash picks a shard; a shard's lock guards everything in it, and is held for a walk of
 * at most MAX_CHAIN entries. A full key is compared, so two keys are never taken for one. A chain
 * that is full loses its oldest entry: what clients choose as keys cannot make a walk long.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "state_impl.h"

enum {
    N_SHARDS = 16,
    MAX_CHAIN = 16,
    ENTRY_GUESS = 1024, /* bytes of an entry, for the number of chains */
    MIN_CHAINS = 16,
    ALLOCATION = 80, /* what alignment and malloc take for one block, about */
    RESPONSE = 576,  /* what libmicrohttpd takes for a body's response and its heads */
};

struct entry {
    struct entry *next;          /* in its chain */
    struct entry *newer, *older; /* by use */
    struct srv_body *body;
    uint64_t hash;
    size_t key_len;
    unsigned char key[];
};

struct chain {
    struct entry *first;
};

struct shard {
    pthread_mutex_t lock; /* guards what follows */
    struct chain *chains;
    size_t n_chains; /* a power of two, or 0: keeps nothing */
    struct entry *newest, *oldest;
    size_t bytes, max_bytes, entries;
    uint64_t hits, misses;
    char apart[64]; /* from the next shard's lock */
};

struct srv_cache {
    struct shard shards[N_SHARDS];
};

/* ---- bodies -------------------------------------------------------------------------------- */

struct srv_body *srv_body_new(const char *data, size_t len)
{
    if (len > PTRDIFF_MAX) return NULL;
    struct srv_body *b = rs_try_alloc_raw(1, sizeof(*b) + len);
    if (!b) return NULL;
    atomic_init(&b->refs, 1);
    b->list_hash = 0;
    b->fallback = false;
    b->plain = false;
    b->ready = NULL;
    b->len = len;
    memcpy(b->data, data, len);
    return b;
}

void srv_body_release(struct srv_body *b)
{
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1) return;
    if (b->ready) {
        MHD_destroy_response(b->ready); /* frees b when the last answer is on its way */
    } else {
        free(b);
    }
}

static struct srv_body *acquire(struct srv_body *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed); /* somebody holds it already */
    return b;
}

/* ---- one shard, under its lock ------------------------------------------------------------- */

static size_t cost(const struct entry *e)
{
    const struct srv_body *b = e->body;
    size_t response = b->ready ? RESPONSE : 0;
    return sizeof(*e) + e->key_len + sizeof(*b) + b->len + response + 2 * (size_t)ALLOCATION;
}

static struct chain *chain_of(struct shard *s, uint64_t hash)
{
    return &s->chains[hash / N_SHARDS & (s->n_chains - 1)];
}

static void unlink_use(struct shard *s, struct entry *e)
{
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct shard *s, struct entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void drop(struct shard *s, struct entry *e)
{
    struct entry **at = &chain_of(s, e->hash)->first;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    unlink_use(s, e);
    s->bytes -= cost(e);
    s->entries--;
    srv_body_release(e->body);
    free(e);
}

static void shrink_to(struct shard *s, size_t max_bytes)
{
    while (s->oldest && s->bytes > max_bytes)
        drop(s, s->oldest);
}

static struct entry *find(struct shard *s, uint64_t hash, const void *key, size_t len)
{
    if (!s->n_chains) return NULL;
    struct entry *e = chain_of(s, hash)->first;
    while (e && !(e->hash == hash && e->key_len == len && memcmp(e->key, key, len) == 0))
        e = e->next;
    return e;
}

/* A new entry goes first, so the last one of a chain is the one that came before all others. */
static void link_chain(struct shard *s, struct entry *e)
{
    int n = 0;
    struct entry *last = NULL;
    struct chain *chain = chain_of(s, e->hash);
    for (struct entry *at = chain->first; at; at = at->next, n++)
        last = at;
    if (n == MAX_CHAIN) drop(s, last);
    e->next = chain->first;
    chain->first = e;
}

static void insert(struct shard *s, struct entry *e)
{
    size_t bytes = cost(e);
    if (bytes > s->max_bytes) { /* one answer for the whole of a shard: not worth it */
        srv_body_release(e->body);
        free(e);
        return;
    }
    shrink_to(s, s->max_bytes - bytes);
    link_chain(s, e);
    link_newest(s, e);
    s->bytes += bytes;
    s->entries++;
}

/* Empties it and gives it room for max_bytes, its chains included. */
static void resize(struct shard *s, size_t max_bytes)
{
    shrink_to(s, 0);
    free(s->chains);
    s->chains = NULL;
    s->n_chains = 0;
    s->max_bytes = 0;
    size_t n = MIN_CHAINS;
    while (n < max_bytes / ENTRY_GUESS)
        n *= 2;
    if (max_bytes <= n * sizeof(*s->chains)) return;
    s->chains = rs_try_alloc(n, sizeof(*s->chains));
    if (!s->chains) return; /* without memory nothing is kept */
    s->n_chains = n;
    s->max_bytes = max_bytes - n * sizeof(*s->chains);
}

/* ---- the cache ----------------------------------------------------------------------------- */

struct srv_cache *srv_cache_new(size_t max_bytes)
{
    struct srv_cache *c = rs_xalloc(1, sizeof(*c));
    for (int i = 0; i < N_SHARDS; i++)
        pthread_mutex_init(&c->shards[i].lock, NULL);
    srv_cache_resize(c, max_bytes);
    return c;
}

void srv_cache_free(struct srv_cache *c)
{
    if (!c) return;
    for (int i = 0; i < N_SHARDS; i++) {
        shrink_to(&c->shards[i], 0);
        free(c->shards[i].chains);
        pthread_mutex_destroy(&c->shards[i].lock);
    }
    free(c);
}

void srv_cache_resize(struct srv_cache *c, size_t max_bytes)
{
    for (int i = 0; i < N_SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        resize(s, max_bytes / N_SHARDS);
        pthread_mutex_unlock(&s->lock);
    }
}

void srv_cache_empty(struct srv_cache *c)
{
    for (int i = 0; i < N_SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        shrink_to(s, 0);
        pthread_mutex_unlock(&s->lock);
    }
}

struct srv_body *srv_cache_get(struct srv_cache *c, const void *key, size_t len)
{
    uint64_t hash = rs_checksum(key, len);
    struct shard *s = &c->shards[hash % N_SHARDS];
    struct srv_body *found = NULL;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, hash, key, len);
    if (e) {
        found = acquire(e->body);
        unlink_use(s, e);
        link_newest(s, e);
    }
    *(e ? &s->hits : &s->misses) += 1;
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* A copy of the key that holds a reference to the body; NULL: no memory. */
static struct entry *entry_new(uint64_t hash, const void *key, size_t len, struct srv_body *b)
{
    struct entry *e = rs_try_alloc_raw(1, sizeof(*e) + len);
    if (!e) return NULL;
    *e = (struct entry){.body = acquire(b), .hash = hash, .key_len = len};
    memcpy(e->key, key, len);
    return e;
}

void srv_cache_put(struct srv_cache *c, const void *key, size_t len, struct srv_body *b)
{
    uint64_t hash = rs_checksum(key, len);
    struct shard *s = &c->shards[hash % N_SHARDS];
    struct entry *e = entry_new(hash, key, len, b);
    if (!e) return;
    pthread_mutex_lock(&s->lock);
    struct entry *old = find(s, hash, key, len);
    if (old) drop(s, old);
    insert(s, e);
    pthread_mutex_unlock(&s->lock);
}

struct srv_cache_stats srv_cache_stats(struct srv_cache *c)
{
    struct srv_cache_stats sum = {0};
    for (int i = 0; i < N_SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        sum.hits += s->hits;
        sum.misses += s->misses;
        sum.entries += s->entries;
        sum.bytes += s->bytes + s->n_chains * sizeof(*s->chains);
        pthread_mutex_unlock(&s->lock);
    }
    return sum;
}
