/*
 * ref_bundle - an open bundle of a model on a ref_split, in a folder of its own.
 */
#ifndef TESTS_REF_BUNDLE_H
#define TESTS_REF_BUNDLE_H

#include "ref_split.h"
#include "rs/models/bundle.h"

struct ref_bundle {
    struct ref_split split;
    struct rs_model *m;
    char *dir;
    char *path;
    char sha256[65];
    struct rs_bundle *b;
};

/* Threshold 3.5, model parameters "a=1 b=2". */
void ref_bundle_init(struct ref_bundle *t, uint64_t seed, int32_t n_users, int32_t n_items,
                     const char *model, const char *params);
/* The same from t->split, which the caller has filled. */
void ref_bundle_of_split(struct ref_bundle *t, const char *model, const char *params);
void ref_bundle_clear(struct ref_bundle *t);

#endif
