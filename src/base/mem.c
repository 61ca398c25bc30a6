/* mem - allocators, and what the system says about memory. */
#include "rs/base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cgroup_impl.h"
#include "rs/base/err.h"

#define ALIGN 64

static _Atomic int64_t fail_after; /* 0: off; else calls until one fails */

static bool product(size_t n, size_t size, size_t *out)
{
    return !__builtin_mul_overflow(n, size, out);
}

static _Noreturn void out_of_memory(void)
{
    fputs("recsys-tui: out of memory\n", stderr);
    abort();
}

static bool injected_failure(void)
{
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) <= 0) return false;
    return atomic_fetch_sub(&fail_after, 1) == 1;
}

void *rs_xalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1); /* checks the product */
    if (!p) out_of_memory();
    return p;
}

/* 64-byte aligned, not zeroed; NULL when out. *bytes_out is the rounded size. */
static void *alloc_aligned(size_t n, size_t size, size_t *bytes_out)
{
    size_t bytes;
    if (injected_failure() || !product(n, size, &bytes) || bytes > PTRDIFF_MAX - ALIGN) return NULL;
    bytes = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    *bytes_out = bytes;
    return aligned_alloc(ALIGN, bytes);
}

void *rs_try_alloc(size_t n, size_t size)
{
    size_t bytes;
    void *p = alloc_aligned(n, size, &bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

void *rs_try_alloc_raw(size_t n, size_t size)
{
    size_t bytes;
    return alloc_aligned(n, size, &bytes);
}

void *rs_try_realloc(void *p, size_t old_n, size_t n, size_t size)
{
    size_t bytes;
    char *q = alloc_aligned(n, size, &bytes);
    if (!q) return NULL;
    /* old_n * size was allocated before, so it does not overflow */
    size_t keep = p ? (old_n < n ? old_n : n) * size : 0;
    if (keep) memcpy(q, p, keep);
    memset(q + keep, 0, bytes - keep);
    free(p);
    return q;
}

char *rs_xstrndup(const char *s, size_t n)
{
    if (!s) return NULL;
    size_t len = strnlen(s, n);
    char *copy = rs_xalloc(len + 1, 1);
    memcpy(copy, s, len);
    return copy;
}

char *rs_xstrdup(const char *s)
{
    return s ? rs_xstrndup(s, strlen(s)) : NULL;
}

char *rs_xprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    rs_assert(n >= 0);
    char *s = rs_xalloc((size_t)n + 1, 1);
    vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *rs_path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    if (n == 0 || name[0] == '/') return rs_xstrdup(name);
    return rs_xprintf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

int64_t rs_mem_fail_after(int64_t nth)
{
    int64_t left = atomic_exchange(&fail_after, nth);
    return left > 0 ? left : 0;
}

/* The value of "Key:   1234 kB" in a file below /proc, in bytes; -1 unknown. */
static int64_t proc_bytes(const char *path, const char *key)
{
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    char line[256];
    size_t key_len = strlen(key);
    int64_t bytes = -1;
    while (bytes < 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, key, key_len) == 0 && line[key_len] == ':')
            bytes = (int64_t)strtoll(line + key_len + 1, NULL, 10) * 1024;
    }
    fclose(f);
    return bytes;
}

int64_t rs_mem_peak_rss(void)
{
    int64_t bytes = proc_bytes("/proc/self/status", "VmHWM");
    return bytes > 0 ? bytes : 0;
}

int64_t rs_mem_available(void)
{
    int64_t system = proc_bytes("/proc/meminfo", "MemAvailable");
    int64_t group = rs_cgroup_memory_left(RS_CGROUP_ROOT, RS_CGROUP_SELF);
    if (system < 0) system = INT64_MAX;
    return group >= 0 && group < system ? group : system;
}

void rs_mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
