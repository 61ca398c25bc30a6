/*
 * eval_problem - small splits from a seed, and a model that is a table of scores.
 */
#ifndef TESTS_EVAL_PROBLEM_H
#define TESTS_EVAL_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/data/split.h"
#include "rs/models/model.h"

enum { EP_MAX_ITEMS = 40, EP_F = 5, EP_GENRES = 4 };

struct ep_model {
    struct rs_model base;
    const float *scores;  /* [n_users x n_items] of known users */
    const float *vectors; /* [n_items x EP_F] */
};
extern const struct rs_model_ops ep_ops;       /* with item vectors */
extern const struct rs_model_ops ep_plain_ops; /* without */
/* What the model says of an item to a stranger with this history; any fixed function does. */
float ep_stranger_score(const int32_t *items, int32_t n, int32_t item);

/* The part that a cell of [n_users x n_items] belongs to; the cells of one as a matrix. */
enum ep_part { EP_UNSEEN, EP_TRAIN, EP_VAL, EP_TEST, EP_FOLD };
void ep_take_part(const uint8_t *part_of, const float *values, int32_t n_users, int32_t n_items,
                  enum ep_part part, struct rs_csr *out);

struct ep_problem {
    struct rs_split split; /* no id maps, no file behind it */
    struct ep_model model;
    float *scores;
    float *vectors;        /* every seventh is zero */
    double *dense_genres;  /* [n_items x EP_GENRES] 0 or 1; some items have none */
    double *dense_vectors; /* [n_items x EP_F] */
};
/* 5 .. EP_MAX_ITEMS - 1 items, each with a train row; scores have many ties. holdout: users with
 * user mod 3 = 1 have no train rows but a history, some an empty one. */
void ep_init(struct ep_problem *p, uint64_t seed, int32_t n_users, bool holdout);
void ep_clear(struct ep_problem *p);

#endif
