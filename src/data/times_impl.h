/*
 * times_impl - what splits and reports need of time columns.
 */
#ifndef RS_DATA_TIMES_IMPL_H
#define RS_DATA_TIMES_IMPL_H

#include <stdint.h>

#include "rs/base/val.h"

/* Order row numbers by their time, stable: rows that ascend before do so within equal times.
 * tmp[n]. Cost O(n log n). */
void rs_sort_by_time(const int64_t *time, int64_t *rows, int64_t *tmp, int64_t n);

/* Seconds since 1970 as ISO 8601, or as a bare number where they are no date of the years 0 to
 * 9999. */
struct rs_val *rs_time_val(int64_t seconds);

#endif
