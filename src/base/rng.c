/* rng - Philox4x32-10 and the distributions drawn from it. */
#include "rs/base/rng.h"

#include <math.h>
#include <string.h>

#include "rs/base/err.h"
#include "rs/base/hash.h"

/* Multipliers and Weyl increments of the paper, table 2 and section 4. */
#define M0     UINT64_C(0xD2511F53)
#define M1     UINT64_C(0xCD9E8D57)
#define W0     UINT32_C(0x9E3779B9)
#define W1     UINT32_C(0xBB67AE85)
#define ROUNDS 10

__extension__ typedef unsigned __int128 u128;

void rs_rng_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)index;
    uint32_t c1 = (uint32_t)(index >> 32);
    uint32_t c2 = (uint32_t)stream;
    uint32_t c3 = (uint32_t)(stream >> 32);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t p0 = M0 * c0;
        uint64_t p1 = M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += W0;
        k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t rs_rng_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t out[4];
    rs_rng_block(seed, stream, index, out);
    return out[0] | (uint64_t)out[1] << 32;
}

struct rs_rng rs_rng_make(uint64_t seed, uint64_t stream)
{
    return (struct rs_rng){.seed = seed, .stream = stream};
}

uint32_t rs_rng_next32(struct rs_rng *r)
{
    if (r->left == 0) {
        rs_rng_block(r->seed, r->stream, r->index++, r->buf);
        r->left = 4;
    }
    return r->buf[4 - r->left--];
}

uint64_t rs_rng_next64(struct rs_rng *r)
{
    uint64_t low = rs_rng_next32(r);
    return low | (uint64_t)rs_rng_next32(r) << 32;
}

/* Lemire: Fast Random Integer Generation in an Interval, ACM TOMACS 2019. */
uint64_t rs_rng_below(struct rs_rng *r, uint64_t n)
{
    rs_assert(n > 0);
    u128 m = (u128)rs_rng_next64(r) * n;
    if ((uint64_t)m < n) {
        uint64_t threshold = -n % n; /* 2^64 mod n */
        while ((uint64_t)m < threshold)
            m = (u128)rs_rng_next64(r) * n;
    }
    return (uint64_t)(m >> 64);
}

double rs_rng_uniform(struct rs_rng *r)
{
    return (double)(rs_rng_next64(r) >> 11) * 0x1p-53;
}

/* Box-Muller; one of its two values, so that a draw always takes the same four words. */
double rs_rng_normal(struct rs_rng *r)
{
    double u = 1.0 - rs_rng_uniform(r); /* (0, 1] */
    double v = rs_rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(2.0 * M_PI * v);
}

/* Marsaglia, Tsang: A Simple Method for Generating Gamma Variables, ACM TOMS 2000. */
double rs_rng_gamma(struct rs_rng *r, double shape)
{
    rs_assert(shape > 0);
    double boost = 1.0;
    if (shape < 1.0) { /* gamma(a) = gamma(a + 1) u^(1/a) */
        boost = pow(1.0 - rs_rng_uniform(r), 1.0 / shape);
        shape += 1.0;
    }
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = rs_rng_normal(r);
        double v = 1.0 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        double u = 1.0 - rs_rng_uniform(r);
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return boost * d * v;
    }
}

uint64_t rs_rng_stream(const char *name, uint64_t n)
{
    return rs_checksum(name, strlen(name)) + n;
}

void rs_rng_shuffle(struct rs_rng *r, int64_t *values, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)rs_rng_below(r, (uint64_t)i + 1);
        int64_t v = values[i];
        values[i] = values[j];
        values[j] = v;
    }
}
