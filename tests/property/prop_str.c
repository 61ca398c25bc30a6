/*
 * prop_str - numbers as text against printf and strtod: the shortest %g that reads back.
 */
#include "ref/support.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz_text.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"

static struct rs_str text;

static void check_double(double v)
{
    char want[64];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(want, sizeof(want), "%.*g", digits, v);
        if (strtod(want, NULL) == v) break;
    }
    rs_str_reset(&text);
    rs_str_add_double(&text, v);
    if (strcmp(text.data, want) != 0) fail_msg("%a: %s, not %s", v, text.data, want);
}

static void check_float(float v)
{
    char want[64];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(want, sizeof(want), "%.*g", digits, (double)v);
        if (strtof(want, NULL) == v) break;
    }
    rs_str_reset(&text);
    rs_str_add_float(&text, v);
    if (strcmp(text.data, want) != 0) fail_msg("%a: %s, not %s", (double)v, text.data, want);
}

/* v and its neighbours, both signs */
static void check_around(double v)
{
    float f = (float)v;
    double doubles[] = {v, nextafter(v, 0), nextafter(v, (double)INFINITY)};
    float floats[] = {f, nextafterf(f, 0), nextafterf(f, INFINITY)};
    for (int i = 0; i < 3; i++) {
        check_double(doubles[i]);
        check_double(-doubles[i]);
        check_float(floats[i]);
        check_float(-floats[i]);
    }
}

static void any_bits(void **state)
{
    (void)state;
    for (uint64_t i = 0, end = fuzz_n_cases(200000); i < end; i++) {
        uint64_t bits = rs_rng_u64(1, rs_rng_stream("bits", 0), i);
        double d;
        float f;
        memcpy(&d, &bits, sizeof(d));
        memcpy(&f, &bits, sizeof(f));
        check_double(d);
        check_float(f);
    }
}

/* Of the sizes that occur: scores, shares, times, counts. */
static void usual_numbers(void **state)
{
    (void)state;
    for (uint64_t i = 0, end = fuzz_n_cases(300000); i < end; i++) {
        struct rs_rng rng = rs_rng_make(i, rs_rng_stream("usual", 0));
        double mantissa = 1 + rs_rng_uniform(&rng);
        double v = ldexp(mantissa, (int)rs_rng_below(&rng, 100) - 40);
        check_double(v);
        check_float((float)-v);
        check_double((double)(float)v);
        double tens = pow(10, (double)rs_rng_below(&rng, 12));
        check_double((double)rs_rng_below(&rng, 1000000) / tens);
        check_float((float)((double)rs_rng_below(&rng, 100000) / tens));
        check_double((double)(rs_rng_next64(&rng) >> rs_rng_below(&rng, 64)));
        check_float((float)(rs_rng_next64(&rng) >> rs_rng_below(&rng, 64)));
    }
}

/* Powers of two have a smaller gap below; powers of ten change the number of digits; halves tie. */
static void edges(void **state)
{
    (void)state;
    for (int e = -1074; e <= 1023; e++)
        check_around(ldexp(1, e));
    for (int e = -323; e <= 308; e++) {
        char power[16];
        snprintf(power, sizeof(power), "1e%d", e);
        check_around(strtod(power, NULL));
        snprintf(power, sizeof(power), "5e%d", e);
        check_around(strtod(power, NULL));
    }
    for (int i = 0; i < 2000; i++) {
        check_around((double)i);
        check_around((double)i / 8);
        check_around((double)(INT64_C(1) << 53) + 2 * i);
        check_around(999999 + (double)i / 16);
        check_around(1e15 + (double)i / 8);
    }
    check_double(0);
    check_double(-0.0);
    check_float(0);
    check_float(-0.0f);
    check_double((double)INFINITY);
    check_double(-(double)INFINITY);
    check_float(INFINITY);
    check_double((double)NAN);
    check_float(NAN);
}

static void integers(void **state)
{
    (void)state;
    for (uint64_t i = 0, end = fuzz_n_cases(200000); i < end; i++) {
        static const int64_t edges[] = {0,  1,   9,         10,        -1,           -9,
                                        99, 100, INT64_MAX, INT64_MIN, INT64_MIN + 1};
        struct rs_rng rng = rs_rng_make(i, rs_rng_stream("int", 0));
        int64_t v = (int64_t)(rs_rng_next64(&rng)) >> rs_rng_below(&rng, 64);
        if (i < sizeof(edges) / sizeof(edges[0])) v = edges[i];
        char want[32];
        snprintf(want, sizeof(want), "%" PRId64, v);
        rs_str_reset(&text);
        rs_str_add_int(&text, v);
        if (strcmp(text.data, want) != 0) fail_msg("%s, not %s", text.data, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bits),
        cmocka_unit_test(usual_numbers),
        cmocka_unit_test(edges),
        cmocka_unit_test(integers),
    };
    rs_str_init(&text, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rs_str_clear(&text);
    return failed;
}
