/*
 * bundle_impl - what the files of answering share.
 */
#ifndef SRC_MODELS_BUNDLE_IMPL_H
#define SRC_MODELS_BUNDLE_IMPL_H

#include "rs/models/bundle.h"

/* Are k, offset and diversity within their ranges, each and together? RS_EARG. */
RS_MUST_USE enum rs_code rs_ask_check(const struct rs_ask *ask, struct rs_err *err);

/* The first n of pool[n_pool] (best first) by maximal marginal relevance, as bundle.h has it:
 * out[n], n <= n_pool. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_mmr_pick(const struct rs_bundle *b, const struct rs_ranked *pool,
                                     int32_t n_pool, double diversity, int32_t n,
                                     struct rs_arena *arena, struct rs_ranked *out,
                                     struct rs_err *err);

#endif
