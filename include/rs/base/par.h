/*
 * par - threads: how many, and work split over them so that results never depend on the number.
 */
#ifndef RS_BASE_PAR_H
#define RS_BASE_PAR_H

#include <stdint.h>

/* Threads of parallel loops: what was set, else OMP_NUM_THREADS, else the cores we may use (by
 * affinity and cgroup). The automatic number is looked up once. */
int rs_par_threads(void);
void rs_par_set_threads(int n); /* 0: automatic, looked up again */

/* Cut rows 0..n into at most `parts` ranges of about equal weight by the row offsets indptr[n+1]
 * (plus `per_row` a row). bounds_out[parts + 1]; returns the number of ranges. */
int rs_par_split(const int64_t *indptr, int32_t n, int64_t per_row, int parts, int32_t *bounds_out);

#endif
