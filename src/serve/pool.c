/*
 * pool - requests and scratch memory between their uses: last in, first out, so what is used again
 * is warm, and a server that has seen its load allocates no more.
 *
 * One lock guards both lists; it is held for a few instructions.
 */
#include <stdlib.h>
#include <string.h>

#include "http_impl.h"
#include "rs/base/mem.h"

enum {
    MAX_KEPT = 64,            /* requests: with the bodies kept in them, at most 5 MB */
    REQUEST_BLOCK = 16 << 10, /* first block of a request's arena */
    KEEP_TEXT = 64 << 10,     /* memory of a body or answer that is kept */
    MIN_SCRATCH = 64 << 10,
    FLOATS_PER_ITEM = 4, /* scores, and what a list with filters needs beside them */
};

struct srv_pool {
    pthread_mutex_t lock;
    struct srv_request *requests; /* under lock, as all below */
    int n_requests;
    struct srv_bench *benches;
};

struct srv_pool *srv_pool_new(void)
{
    struct srv_pool *p = rs_xalloc(1, sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void free_request(struct srv_request *r)
{
    rs_arena_free(r->call.arena);
    rs_str_clear(&r->body);
    free(r);
}

static void free_bench(struct srv_bench *b)
{
    rs_arena_free(b->scratch);
    rs_str_clear(&b->out);
    free(b);
}

void srv_pool_free(struct srv_pool *p)
{
    if (!p) return;
    while (p->requests) {
        struct srv_request *r = p->requests;
        p->requests = r->next;
        free_request(r);
    }
    while (p->benches) {
        struct srv_bench *b = p->benches;
        p->benches = b->next;
        free_bench(b);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* Empty, or short and empty. */
static void empty(struct rs_str *s)
{
    if (s->cap > KEEP_TEXT) {
        rs_str_clear(s);
    } else {
        rs_str_reset(s);
    }
}

/* ---- requests ------------------------------------------------------------------------------ */

struct srv_request *srv_pool_request(struct srv_pool *p)
{
    pthread_mutex_lock(&p->lock);
    struct srv_request *r = p->requests;
    if (r) {
        p->requests = r->next;
        p->n_requests--;
    }
    pthread_mutex_unlock(&p->lock);
    if (!r) {
        r = rs_xalloc(1, sizeof(*r));
        r->call.arena = rs_arena_new(REQUEST_BLOCK, 0);
        rs_str_init(&r->body, 0);
    }
    return r;
}

void srv_pool_give_request(struct srv_pool *p, struct srv_request *r)
{
    rs_arena_reset(r->call.arena);
    empty(&r->body);
    pthread_mutex_lock(&p->lock);
    bool kept = p->n_requests < MAX_KEPT;
    if (kept) {
        r->next = p->requests;
        p->requests = r;
        p->n_requests++;
    }
    pthread_mutex_unlock(&p->lock);
    if (!kept) free_request(r);
}

/* ---- benches ------------------------------------------------------------------------------- */

struct srv_bench *srv_pool_bench(struct srv_pool *p, int32_t n_items)
{
    pthread_mutex_lock(&p->lock);
    struct srv_bench *b = p->benches;
    if (b) p->benches = b->next;
    pthread_mutex_unlock(&p->lock);
    if (!b) {
        b = rs_xalloc(1, sizeof(*b));
        rs_str_init(&b->out, 0);
    }
    size_t block = MIN_SCRATCH + (size_t)n_items * FLOATS_PER_ITEM * sizeof(float);
    if (block > b->block) {
        rs_arena_free(b->scratch);
        b->scratch = rs_arena_new(block, 0);
        b->block = block;
    }
    return b;
}

void srv_pool_give_bench(struct srv_pool *p, struct srv_bench *b)
{
    rs_arena_reset(b->scratch);
    empty(&b->out);
    pthread_mutex_lock(&p->lock);
    b->next = p->benches;
    p->benches = b;
    pthread_mutex_unlock(&p->lock);
}
