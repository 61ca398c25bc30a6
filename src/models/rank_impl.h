/*
 * rank_impl - what lists leave out, put together.
 */
#ifndef SRC_MODELS_RANK_IMPL_H
#define SRC_MODELS_RANK_IMPL_H

#include <stdint.h>

/* Union of two ascending rows into out[n_a + n_b]; returns its length. */
int32_t rs_rank_merge(const int32_t *a, int64_t n_a, const int32_t *b, int64_t n_b, int32_t *out);

#endif
