/* arena - a list of blocks; the newest is the one being filled. */
#include "rs/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#define ALIGN       16
#define DEFAULT_MAX ((size_t)1 << 30)
#define MIN_BLOCK   1024

struct block {
    struct block *older;
    size_t size; /* bytes of data */
    size_t used;
    _Alignas(ALIGN) unsigned char data[];
};

struct rs_arena {
    struct block *top; /* NULL before the first allocation */
    size_t block_size;
    size_t max;
    size_t used; /* bytes handed out, rounded to ALIGN */
};

struct rs_arena *rs_arena_new(size_t block_size, size_t max_size)
{
    struct rs_arena *a = rs_xalloc(1, sizeof(*a));
    a->block_size = block_size > MIN_BLOCK ? block_size : MIN_BLOCK;
    a->max = max_size ? max_size : DEFAULT_MAX;
    return a;
}

void rs_arena_free(struct rs_arena *a)
{
    if (!a) return;
    for (struct block *b = a->top; b;) {
        struct block *older = b->older;
        free(b);
        b = older;
    }
    free(a);
}

/* A block for at least `size` bytes on top; false when out of memory. */
static struct block *push(struct rs_arena *a, size_t size)
{
    if (size < a->block_size) size = a->block_size;
    struct block *b = rs_try_alloc(1, sizeof(*b) + size);
    if (!b) return NULL;
    b->size = size;
    b->older = a->top;
    a->top = b;
    return b;
}

void *rs_arena_alloc(struct rs_arena *a, size_t size)
{
    if (size > a->max - a->used || a->max - a->used < ALIGN) return NULL;
    size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    if (size > a->max - a->used) return NULL;
    struct block *b = a->top;
    if (!b || size > b->size - b->used) b = push(a, size);
    if (!b) return NULL;
    void *p = b->data + b->used;
    b->used += size;
    a->used += size;
    return p;
}

char *rs_arena_strndup(struct rs_arena *a, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = rs_arena_alloc(a, len + 1);
    if (!copy) return NULL;
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

void rs_arena_reset(struct rs_arena *a)
{
    while (a->top && a->top->older) {
        struct block *older = a->top->older;
        free(a->top);
        a->top = older;
    }
    if (a->top) a->top->used = 0;
    a->used = 0;
}

size_t rs_arena_used(const struct rs_arena *a)
{
    return a->used;
}
