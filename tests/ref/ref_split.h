/*
 * ref_split - a split in memory, made from a ref_problem: what bundles and answers are tested on.
 */
#ifndef TESTS_REF_SPLIT_H
#define TESTS_REF_SPLIT_H

#include "ref_problem.h"
#include "rs/data/split.h"

struct ref_split {
    struct rs_split s; /* train = p's rows; val: another problem's; ids 10, 20, … and "i000", … */
    struct ref_problem p;
    struct ref_problem val;
};

void ref_split_init(struct ref_split *t, uint64_t seed, int32_t n_users, int32_t n_items);
void ref_split_clear(struct ref_split *t);

#endif
