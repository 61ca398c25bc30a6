/*
 * ref_rank - top-k by sorting everything: what src/models/rank.c must equal.
 */
#ifndef TESTS_REF_RANK_H
#define TESTS_REF_RANK_H

#include <stdint.h>

#include "rs/models/rank.h"

int32_t ref_topk(const float *scores, int32_t n_items, const int32_t *exclude, int32_t n_exclude,
                 const uint64_t *allowed, int32_t k, struct rs_ranked *out);

#endif
