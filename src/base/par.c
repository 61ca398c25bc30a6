/* par - how many threads, and rows cut by weight. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "rs/base/par.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup_impl.h"
#include "rs/base/err.h"

#define MAX_THREADS 1024

static atomic_int chosen;    /* 0: automatic */
static atomic_int automatic; /* cores found by the first automatic call; 0: not asked yet */

static int from_environment(void)
{
    const char *text = getenv("OMP_NUM_THREADS"); /* "8" or, by nesting level, "8,2" */
    if (!text) return 0;
    char *end;
    long n = strtol(text, &end, 10);
    return end != text && n > 0 ? (int)(n < MAX_THREADS ? n : MAX_THREADS) : 0;
}

static int usable_cores(void)
{
    int n = 0;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) n = CPU_COUNT(&set);
    if (n <= 0) n = (int)sysconf(_SC_NPROCESSORS_ONLN); /* more cores than the set has bits */
    int quota = rs_cgroup_cpus(RS_CGROUP_ROOT, RS_CGROUP_SELF);
    if (quota > 0 && quota < n) n = quota;
    return n < 1 ? 1 : n < MAX_THREADS ? n : MAX_THREADS;
}

int rs_par_threads(void)
{
    int n = atomic_load(&chosen);
    if (n == 0) n = atomic_load(&automatic);
    if (n) return n;
    n = from_environment();
    if (n == 0) n = usable_cores();
    atomic_store(&automatic, n);
    return n;
}

void rs_par_set_threads(int n)
{
    rs_assert(n >= 0);
    atomic_store(&chosen, n < MAX_THREADS ? n : MAX_THREADS);
    atomic_store(&automatic, 0); /* look again */
}

int rs_par_split(const int64_t *indptr, int32_t n, int64_t per_row, int parts, int32_t *bounds_out)
{
    rs_assert(n >= 0 && per_row >= 0 && parts > 0);
    double total = (double)(indptr[n] - indptr[0]) + (double)per_row * n;
    int32_t begin = 0;
    int count = 0;
    bounds_out[0] = 0;
    for (int p = 1; p <= parts && begin < n; p++) {
        /* the first row at which the weight so far reaches p shares of parts */
        double want = total * p / parts;
        int32_t low = begin + 1;
        int32_t high = n;
        while (p < parts && low < high) {
            int32_t mid = low + (high - low) / 2;
            double weight = (double)(indptr[mid] - indptr[0]) + (double)per_row * mid;
            if (weight < want) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        begin = p < parts ? low : n;
        bounds_out[++count] = begin;
    }
    return count;
}
