/*
 * arena - memory that lives until one reset: a request, an import, a frame.
 *
 * Blocks come from rs_try_alloc_raw, so a page costs nothing before it is written: the first block
 * may be as large as one use ever needs, and what fits it makes no further allocation.
 */
#ifndef RS_BASE_ARENA_H
#define RS_BASE_ARENA_H

#include <stddef.h>

struct rs_arena; /* not thread-safe: one a thread */

struct rs_arena *rs_arena_new(size_t block_size, size_t max_size); /* max_size 0: 1 GiB */
void rs_arena_free(struct rs_arena *a);
/* 64-byte aligned, not zeroed. NULL when out of memory or above max_size. */
void *rs_arena_alloc(struct rs_arena *a, size_t size);
/* NUL-terminated copy, without alignment: texts lie close. NULL as above. */
char *rs_arena_strndup(struct rs_arena *a, const char *s, size_t n);
void rs_arena_reset(struct rs_arena *a); /* keeps the first block */
/* Bytes handed out since the reset, with what alignment took. */
size_t rs_arena_used(const struct rs_arena *a);

#endif
