/* arena - a list of blocks; the newest is the one being filled. */
#include "rs/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#define ALIGN       64
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
    size_t used; /* bytes handed out, and skipped for alignment */
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

/* A block for at least `size` bytes on top; NULL when out of memory. */
static struct block *push(struct rs_arena *a, size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct block)) return NULL;
    if (size < a->block_size) size = a->block_size;
    struct block *b = rs_try_alloc_raw(1, sizeof(*b) + size);
    if (!b) return NULL;
    b->size = size;
    b->used = 0;
    b->older = a->top;
    a->top = b;
    return b;
}

/* size bytes at a multiple of align, a power of two up to ALIGN. */
static void *place(struct rs_arena *a, size_t size, size_t align)
{
    struct block *b = a->top;
    size_t skip = b ? -b->used & (align - 1) : 0;
    if (b && (skip > b->size - b->used || size > b->size - b->used - skip)) {
        b = NULL;
        skip = 0;
    }
    size_t left = a->max - a->used;
    if (skip > left || size > left - skip) return NULL;
    if (!b) b = push(a, size);
    if (!b) return NULL;
    void *p = b->data + b->used + skip;
    b->used += skip + size;
    a->used += skip + size;
    return p;
}

void *rs_arena_alloc(struct rs_arena *a, size_t size)
{
    return place(a, size ? size : 1, ALIGN);
}

char *rs_arena_strndup(struct rs_arena *a, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = place(a, len + 1, 1);
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
