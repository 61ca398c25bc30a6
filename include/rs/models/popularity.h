/*
 * popularity - the same list for everybody: what most people took. The baseline of every number.
 *
 * score = count of rows, sum of values, or time-decayed sum (half-life in days); with
 * genre_blend > 0 mixed with the share of the profile's genres.
 */
#ifndef RS_MODELS_POPULARITY_H
#define RS_MODELS_POPULARITY_H

#include "rs/models/model.h"

extern const struct rs_model_ops rs_popularity_ops;

#endif
