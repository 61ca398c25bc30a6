/*
 * ref_problem - small random interaction data, all of it a function of a seed.
 *
 * Sizes, sparsity, values (half stars), times and genres come from the seed; some users have no row.
 */
#ifndef TESTS_REF_PROBLEM_H
#define TESTS_REF_PROBLEM_H

#include "rs/data/csr.h"
#include "rs/models/model.h"

struct ref_problem {
    uint64_t seed;
    int32_t n_users;
    int32_t n_items;
    struct rs_csr ui; /* with values and times */
    struct rs_csr iu;
    uint64_t *genres; /* [n_items] */
};

/* 1..max_users users and 1..max_items items; at least one row. */
void ref_problem_init(struct ref_problem *p, uint64_t seed, int32_t max_users, int32_t max_items);
/* The same of given sizes, each pair present with probability `density`. */
void ref_problem_sized(struct ref_problem *p, uint64_t seed, int32_t n_users, int32_t n_items,
                       double density);
void ref_problem_clear(struct ref_problem *p);

struct rs_fit_data ref_problem_data(const struct ref_problem *p);
struct rs_profile ref_problem_profile(const struct ref_problem *p, int32_t user);
/* A model of p with parameters "a=1 b=2", fitted; the test fails on an error. */
struct rs_model *ref_problem_fit(const struct ref_problem *p, const char *model,
                                 const char *params);
/* Not fitted. */
struct rs_model *ref_model_new(const char *model, const char *params);

#endif
