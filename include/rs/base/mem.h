/*
 * mem - the allocators: one that aborts for small bookkeeping, one that reports for data.
 *
 * Products are checked for overflow. Everything from here goes to free(). A test makes the nth
 * rs_try_alloc fail with rs_mem_fail_after.
 */
#ifndef RS_BASE_MEM_H
#define RS_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

void *rs_xalloc(size_t n, size_t size);    /* zeroed; aborts when out: small, bounded bookkeeping */
void *rs_try_alloc(size_t n, size_t size); /* zeroed, 64-byte aligned, NULL when out: by data */
/* The same, not zeroed: large arrays that are written whole. */
void *rs_try_alloc_raw(size_t n, size_t size);
/* Grow a block from rs_try_alloc or NULL to n*size bytes; old_n*old_size are kept, the rest is
 * zeroed. NULL when out (the old block stays valid). */
void *rs_try_realloc(void *p, size_t old_n, size_t n, size_t size);
char *rs_xstrdup(const char *s); /* NULL stays NULL */
char *rs_xstrndup(const char *s, size_t n);
char *rs_xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* aborts when out */
char *rs_path_join(const char *dir, const char *name); /* "dir/name"; name alone if absolute */

/* The nth (1 = next) rs_try_alloc from now on fails, once; 0 turns it off. For tests.
 * Returns what was left of the last setting: 0 if it was off or did its work. */
int64_t rs_mem_fail_after(int64_t nth);
/* Peak resident set of this process in bytes (VmHWM). 0 where the system does not say. */
int64_t rs_mem_peak_rss(void);
/* Memory that this process may still take: available memory or what is left of its cgroup. */
int64_t rs_mem_available(void);
/* After much was freed: pages that nothing uses go back to the system, where libc can do that.
 * Takes milliseconds, in which other threads may wait to allocate. */
void rs_mem_trim(void);

#endif
