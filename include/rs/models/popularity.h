/*
 * popularity - the same list for everybody: what most people took. The baseline of every number.
 *
 * score = count of rows, sum of values (default: better than count on the validation rows of
 * ml-latest-small, ndcg@10 0.0691 to 0.0673), or time-decayed sum (half-life in days); with
 * genre_blend b > 0 (1 - b) score / max score + b (share of the profile's items that have the
 * item's genres, mean over those genres). It has an answer for everybody, so known_out is always
 * true.
 */
#ifndef RS_MODELS_POPULARITY_H
#define RS_MODELS_POPULARITY_H

#include "rs/models/model.h"

extern const struct rs_model_ops rs_popularity_ops;

#endif
