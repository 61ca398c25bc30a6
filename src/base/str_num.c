/*
 * str_num - numbers as their shortest decimal texts.
 *
 * A double or float is m 2^e. Scaled by a power of ten to as many digits before the point as any
 * such number may need, it is an integer and a fraction that 128 bits hold exactly for the numbers
 * that occur (1e-6 to 1e17, floats 1e-22 to 1e9), so every question - which digits are nearest, do
 * they read back - is answered by integers. The others are tried digit by digit by printf.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/str.h"

__extension__ typedef unsigned __int128 wide;

/* A kind of binary number. Texts of fewer than `min` digits always read back as they were, so one
 * with trailing zeros stands for them; `max` digits always suffice. */
struct kind {
    int min, max;
    int most_tens; /* m 10^most_tens < 2^127 */
    double (*read)(const char *text);
};

/* digits is 10^(n - 1) .. 10^n - 1, the value digits 10^(exponent - n + 1). */
struct decimal {
    uint64_t digits;
    int n, exponent;
};

static const uint64_t tens[20] = {UINT64_C(1),
                                  UINT64_C(10),
                                  UINT64_C(100),
                                  UINT64_C(1000),
                                  UINT64_C(10000),
                                  UINT64_C(100000),
                                  UINT64_C(1000000),
                                  UINT64_C(10000000),
                                  UINT64_C(100000000),
                                  UINT64_C(1000000000),
                                  UINT64_C(10000000000),
                                  UINT64_C(100000000000),
                                  UINT64_C(1000000000000),
                                  UINT64_C(10000000000000),
                                  UINT64_C(100000000000000),
                                  UINT64_C(1000000000000000),
                                  UINT64_C(10000000000000000),
                                  UINT64_C(100000000000000000),
                                  UINT64_C(1000000000000000000),
                                  UINT64_C(10000000000000000000)};

/* 10^p, p <= 38 */
static wide power(int p)
{
    return p < 20 ? tens[p] : (wide)tens[19] * tens[p - 19];
}

/* ---- the shortest digits ------------------------------------------------------------------- */

/* value 10^tens = scaled / 2^shift */
struct scaled {
    wide value;
    wide gap; /* between the number and its upper neighbour, in the units of value */
    int shift;
    int exponent; /* of the number as a decimal */
};

/* Scale so that max digits stand before the point. False: too large or too small for that. */
static bool scale(uint64_t m, int e, const struct kind *kind, struct scaled *out)
{
    int bits = 64 - __builtin_clzll(m) + e; /* 2^(bits - 1) <= value < 2^bits */
    if (bits < -80 || bits > 60) return false;
    int x = (3000000 + bits * 30103) / 100000 - 30; /* the decimal exponent, or one more */
    for (;; x--) {
        int p = kind->max - 1 - x;
        if (p < 0 || p > kind->most_tens) return false;
        int up = e > 0 ? e : 0;
        *out = (struct scaled){.value = (m * power(p)) << up,
                               .gap = power(p) << up,
                               .shift = e < 0 ? -e : 0,
                               .exponent = x};
        if ((uint64_t)(out->value >> out->shift) >= tens[kind->max - 1]) return true;
    }
}

/* The nearest decimal of n digits (ties to even), and whether it reads back as m 2^e. */
static bool nearest(const struct scaled *s, uint64_t m, bool lower_gap_is_half, int drop,
                    uint64_t *digits_out)
{
    uint64_t whole = (uint64_t)(s->value >> s->shift);
    uint64_t digits = whole / tens[drop];
    wide unit = (wide)tens[drop] << s->shift;
    wide below = s->value - digits * unit;
    wide above = unit - below;
    bool up = below > above || (below == above && (digits & 1));
    wide distance = up ? above : below;
    wide room = !up && lower_gap_is_half ? s->gap / 2 : s->gap;
    *digits_out = digits + up;
    return 2 * distance < room || (2 * distance == room && (m & 1) == 0);
}

/* False: out of the range of exact scaling. power_of_two: the gap below m 2^e is half of the one
 * above. */
static bool shorten(uint64_t m, int e, bool power_of_two, const struct kind *kind,
                    struct decimal *out)
{
    struct scaled s;
    if (!scale(m, e, kind, &s)) return false;
    for (int n = kind->min; n <= kind->max; n++) {
        uint64_t digits;
        if (!nearest(&s, m, power_of_two, kind->max - n, &digits)) continue;
        bool carried = digits == tens[n];
        *out = (struct decimal){
            .digits = carried ? tens[n - 1] : digits, .n = n, .exponent = s.exponent + carried};
        return true;
    }
    return false;
}

/* ---- texts --------------------------------------------------------------------------------- */

/* The decimal digits of v at the end of a buffer; how many. */
static int write_digits(uint64_t v, char *end)
{
    char *p = end;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return (int)(end - p);
}

static char *write_exponent(int exponent, char *to)
{
    unsigned x = (unsigned)(exponent < 0 ? -exponent : exponent); /* below 100 here */
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    *to++ = (char)('0' + x / 10);
    *to++ = (char)('0' + x % 10);
    return to;
}

static char *write_bytes(char *to, const char *from, int n)
{
    memcpy(to, from, (size_t)n);
    return to + n;
}

static char *write_zeros(char *to, int n)
{
    memset(to, '0', (size_t)n);
    return to + n;
}

/* As printf's %.*g of d.n digits writes it. */
static void add_decimal(struct rs_str *s, bool minus, struct decimal d)
{
    char digits[20];
    char text[48];
    char *to = text;
    int x = d.exponent;
    int precision = d.n;
    while (d.digits % 10 == 0)
        d.digits /= 10;
    int n = write_digits(d.digits, digits + sizeof(digits));
    const char *from = digits + sizeof(digits) - n;
    if (minus) *to++ = '-';
    if (x < -4 || x >= precision) {
        *to++ = *from;
        if (n > 1) *to++ = '.';
        to = write_bytes(to, from + 1, n - 1);
        to = write_exponent(x, to);
    } else if (x < 0) {
        to = write_bytes(to, "0.", 2);
        to = write_zeros(to, -x - 1);
        to = write_bytes(to, from, n);
    } else if (n <= x + 1) {
        to = write_bytes(to, from, n);
        to = write_zeros(to, x + 1 - n);
    } else {
        to = write_bytes(to, from, x + 1);
        *to++ = '.';
        to = write_bytes(to, from + x + 1, n - x - 1);
    }
    rs_str_addn(s, text, (size_t)(to - text));
}

static void add_by_trial(struct rs_str *s, double v, const struct kind *kind)
{
    char text[32];
    for (int digits = kind->min; digits <= kind->max; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (kind->read(text) == v) break;
    }
    rs_str_add(s, text);
}

static double read_double(const char *text)
{
    return strtod(text, NULL);
}

static double read_float(const char *text)
{
    return (double)strtof(text, NULL);
}

static const struct kind double_kind = {15, 17, 22, read_double};
static const struct kind float_kind = {6, 9, 30, read_float};

void rs_str_add_double(struct rs_str *s, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff);
    struct decimal d;
    /* exponent 0: zero and subnormals; 0x7ff fails as too large */
    if (exponent > 0 &&
        shorten(fraction | UINT64_C(1) << 52, exponent - 1075, fraction == 0, &double_kind, &d)) {
        add_decimal(s, bits >> 63, d);
    } else {
        add_by_trial(s, v, &double_kind);
    }
}

void rs_str_add_float(struct rs_str *s, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint32_t fraction = bits & ((UINT32_C(1) << 23) - 1);
    int exponent = (int)(bits >> 23 & 0xff);
    struct decimal d;
    if (exponent > 0 &&
        shorten(fraction | UINT32_C(1) << 23, exponent - 150, fraction == 0, &float_kind, &d)) {
        add_decimal(s, bits >> 31, d);
    } else {
        add_by_trial(s, (double)v, &float_kind);
    }
}

void rs_str_add_int(struct rs_str *s, int64_t v)
{
    char text[24];
    char *end = text + sizeof(text);
    const char *begin = end - write_digits(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, end);
    if (v < 0) rs_str_addc(s, '-');
    rs_str_addn(s, begin, (size_t)(end - begin));
}
