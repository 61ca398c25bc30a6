/*
 * clock - wall and monotonic time. A test pins the wall clock with rs_clock_set.
 */
#ifndef RS_BASE_CLOCK_H
#define RS_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t rs_clock_now_ms(void);     /* UTC since 1970; the pinned value where one is set */
void rs_clock_set(int64_t now_ms); /* pin; negative: the real clock again */
int64_t rs_clock_mono_ns(void);    /* for durations */
void rs_clock_sleep_ms(int64_t ms);
/* "2026-11-24T18:13:00Z" (ms: "…00.123Z"); buf of at least 32 bytes. */
void rs_clock_format(int64_t time_ms, char *buf, size_t size);
/* The same with milliseconds always, 24 characters, without printf; false: not of the years 0 to
 * 9999. */
bool rs_clock_stamp(int64_t time_ms, char out[25]);
/* ISO 8601 date or date-time in UTC, or seconds since 1970. Returns 0 and *out_ms, or -1. */
int rs_clock_parse(const char *text, int64_t *out_ms);
/* "850 ms", "12.3 s", "4 min 10 s", "2 h 05 min" */
void rs_clock_format_duration(double seconds, char *buf, size_t size);

#endif
