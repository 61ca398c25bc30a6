/*
 * rng - counter-based random numbers: a value is a function of (seed, stream, index) alone.
 *
 * So the same seed gives the same numbers on any number of threads and in any order.
 * Source   Philox4x32-10: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
 */
#ifndef RS_BASE_RNG_H
#define RS_BASE_RNG_H

#include <stdint.h>

/* Four 32-bit words of block `index` of `stream`. */
void rs_rng_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);
uint64_t rs_rng_u64(uint64_t seed, uint64_t stream, uint64_t index);

/* A cursor over one stream; on the stack, copied freely. */
struct rs_rng {
    uint64_t seed;
    uint64_t stream;
    uint64_t index; /* next block */
    uint32_t buf[4];
    int left; /* unread words of buf */
};

struct rs_rng rs_rng_make(uint64_t seed, uint64_t stream);
uint32_t rs_rng_next32(struct rs_rng *r);
uint64_t rs_rng_next64(struct rs_rng *r);
uint64_t rs_rng_below(struct rs_rng *r, uint64_t n); /* uniform in [0, n), unbiased; n > 0 */
double rs_rng_uniform(struct rs_rng *r);             /* [0, 1), 53 bits */
double rs_rng_normal(struct rs_rng *r);              /* mean 0, variance 1 */
double rs_rng_gamma(struct rs_rng *r, double shape); /* scale 1; shape > 0 */
/* Stream number of a name ("split", "als.users"): keeps streams of different uses apart. */
uint64_t rs_rng_stream(const char *name, uint64_t n);
void rs_rng_shuffle(struct rs_rng *r, int64_t *values, int64_t n);

#endif
