/* clock - UTC without the C library's time zones: the civil calendar is plain arithmetic. */
#include "rs/base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rs/base/str.h"

#define DAY_S    86400
#define MAX_S    253402300799      /* 9999-12-31T23:59:59Z */
#define FIRST_MS (-62167219200000) /* 0000-01-01T00:00:00Z */
#define NOT_SET  INT64_MIN

static _Atomic int64_t pinned_ms = NOT_SET;

int64_t rs_clock_now_ms(void)
{
    int64_t pin = atomic_load(&pinned_ms);
    if (pin != NOT_SET) return pin;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void rs_clock_set(int64_t now_ms)
{
    atomic_store(&pinned_ms, now_ms < 0 ? NOT_SET : now_ms);
}

int64_t rs_clock_mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void rs_clock_sleep_ms(int64_t ms)
{
    if (ms <= 0) return;
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/*
 * Days since 1970-01-01 and back, in the proleptic Gregorian calendar, counted in eras of 400 years
 * that begin on 1 March. Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms.
 */
static int64_t days_of_date(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year = y - era * 400;
    int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static void date_of_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t rest = days - era * 146097;
    int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t day = rest - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day + 2) / 153;
    *d = day - (153 * month + 2) / 5 + 1;
    *m = month < 10 ? month + 3 : month - 9;
    *y = year + era * 400 + (*m <= 2);
}

/* Floor division and the rest, which is never negative. */
static int64_t split(int64_t v, int64_t by, int64_t *rest)
{
    *rest = v % by;
    if (*rest < 0) *rest += by;
    return (v - *rest) / by;
}

void rs_clock_format(int64_t time_ms, char *buf, size_t size)
{
    int64_t ms;
    int64_t s;
    int64_t days = split(split(time_ms, 1000, &ms), DAY_S, &s);
    int64_t year;
    int64_t month;
    int64_t day;
    date_of_days(days, &year, &month, &day);
    char fraction[8] = "";
    if (ms) snprintf(fraction, sizeof(fraction), ".%03d", (int)ms);
    snprintf(buf, size, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ", (long long)year, (int)month, (int)day,
             (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60), fraction);
}

/* v in n digits; returns what is behind them. */
static char *put_digits(char *to, int n, int64_t v)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + n;
}

bool rs_clock_stamp(int64_t time_ms, char out[25])
{
    if (time_ms < FIRST_MS || time_ms > MAX_S * 1000 + 999) return false;
    int64_t ms;
    int64_t s;
    int64_t days = split(split(time_ms, 1000, &ms), DAY_S, &s);
    int64_t year;
    int64_t month;
    int64_t day;
    date_of_days(days, &year, &month, &day);
    const struct {
        int64_t v;
        int n;
        char after;
    } parts[] = {{year, 4, '-'},        {month, 2, '-'},  {day, 2, 'T'}, {s / 3600, 2, ':'},
                 {s / 60 % 60, 2, ':'}, {s % 60, 2, '.'}, {ms, 3, 'Z'}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        out = put_digits(out, parts[i].n, parts[i].v);
        *out++ = parts[i].after;
    }
    *out = '\0';
    return true;
}

/* Exactly n digits with a value in lo..hi; moves *p past them. */
static bool digits(const char **p, int n, int64_t lo, int64_t hi, int64_t *out)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++) {
        char c = (*p)[i];
        if (c < '0' || c > '9') return false;
        v = v * 10 + (c - '0');
    }
    *p += n;
    *out = v;
    return v >= lo && v <= hi;
}

static bool literal(const char **p, char c)
{
    if (**p != c) return false;
    (*p)++;
    return true;
}

static bool parse_date(const char **p, int64_t *days_out)
{
    static const char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t y;
    int64_t m;
    int64_t d;
    if (!digits(p, 4, 0, 9999, &y) || !literal(p, '-') || !digits(p, 2, 1, 12, &m) ||
        !literal(p, '-') || !digits(p, 2, 1, 31, &d))
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (d > lengths[m - 1] + (m == 2 && leap)) return false;
    *days_out = days_of_date(y, m, d);
    return true;
}

/* "18:13", "18:13:00", "18:13:00.123" in milliseconds; digits past the third are dropped. */
static bool parse_time(const char **p, int64_t *ms_out)
{
    int64_t h;
    int64_t m;
    int64_t s = 0;
    int64_t ms = 0;
    if (!digits(p, 2, 0, 23, &h) || !literal(p, ':') || !digits(p, 2, 0, 59, &m)) return false;
    if (literal(p, ':')) {
        if (!digits(p, 2, 0, 59, &s)) return false;
        if (literal(p, '.')) {
            int64_t digit;
            int64_t unit = 100;
            if (**p < '0' || **p > '9') return false;
            for (; digits(p, 1, 0, 9, &digit); unit /= 10)
                ms += digit * unit;
        }
    }
    *ms_out = ((h * 60 + m) * 60 + s) * 1000 + ms;
    return true;
}

/* "", "Z", "+02:00", "-0330": milliseconds east of UTC. */
static bool parse_zone(const char **p, int64_t *ms_out)
{
    *ms_out = 0;
    if (!**p || literal(p, 'Z')) return true;
    bool west = **p == '-';
    if (!literal(p, '-') && !literal(p, '+')) return false;
    int64_t h;
    int64_t m;
    if (!digits(p, 2, 0, 14, &h)) return false;
    (void)literal(p, ':');
    if (!digits(p, 2, 0, 59, &m)) return false;
    *ms_out = (h * 60 + m) * 60000 * (west ? -1 : 1);
    return true;
}

int rs_clock_parse(const char *text, int64_t *out_ms)
{
    double seconds;
    if (rs_str_to_double(text, &seconds)) {
        if (fabs(seconds) > (double)MAX_S) return -1; /* milliseconds, most likely */
        *out_ms = (int64_t)llround(seconds * 1000);
        return 0;
    }
    const char *p = text;
    int64_t days;
    int64_t ms = 0;
    int64_t zone_ms = 0;
    if (!parse_date(&p, &days)) return -1;
    if (*p) {
        if (!literal(&p, 'T') && !literal(&p, ' ')) return -1;
        if (!parse_time(&p, &ms) || !parse_zone(&p, &zone_ms) || *p) return -1;
    }
    *out_ms = days * DAY_S * 1000 + ms - zone_ms;
    return 0;
}

void rs_clock_format_duration(double seconds, char *buf, size_t size)
{
    if (!(seconds >= 0) || seconds > 1e15) {
        snprintf(buf, size, "-");
    } else if (seconds < 0.00995) {
        snprintf(buf, size, "%.1f ms", seconds * 1e3);
    } else if (seconds < 0.9995) {
        snprintf(buf, size, "%.0f ms", seconds * 1e3);
    } else if (seconds < 59.95) {
        snprintf(buf, size, "%.1f s", seconds);
    } else {
        long long s = llround(seconds);
        if (s < 3600) {
            snprintf(buf, size, "%lld min %02lld s", s / 60, s % 60);
        } else {
            long long m = (s + 30) / 60;
            snprintf(buf, size, "%lld h %02lld min", m / 60, m % 60);
        }
    }
}
