/*
 * split_impl - what cutting, describing and writing a split share.
 *
 * A cut labels every row of the dataset with what becomes of it; each row has exactly one label, so
 * parts are disjoint and counts add up by construction.
 */
#ifndef RS_DATA_SPLIT_IMPL_H
#define RS_DATA_SPLIT_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/data/split.h"

#define SPLIT_KIND    "SPLT"
#define SPLIT_VERSION 1

enum row_label {
    ROW_TRAIN,
    ROW_VAL,
    ROW_TEST,
    ROW_FOLD,    /* history of a held-out user */
    ROW_CORE,    /* dropped by the k-core */
    ROW_LATER,   /* after the test window */
    ROW_NO_USER, /* held out, its user has no train row (and no history) */
    ROW_NO_ITEM, /* held out, its item has no train row */
    ROW_LABELS
};

struct cut {
    const struct rs_interactions *x; /* borrowed */
    int32_t n_users;                 /* of x */
    int32_t n_items;
    int64_t *user_ptr;  /* [n_users + 1] rows of a user in x */
    uint8_t *label;     /* [x->n] enum row_label */
    uint8_t *in_user;   /* [n_users] in the k-core; after settle: in the split's index space */
    uint8_t *in_item;   /* [n_items] the same */
    uint8_t *user_part; /* [n_users] user-holdout: ROW_TRAIN, ROW_VAL or ROW_TEST; else NULL */
    int64_t core_rows;  /* after the k-core */
    int32_t core_users;
    int32_t core_items;
    int64_t raw[ROW_LABELS];  /* rows by label before unknown users and items were dropped */
    int64_t rows[ROW_LABELS]; /* and after */
};

/* The k-core; rows outside are ROW_CORE, all others ROW_TRAIN. rs_cut_clear in any case. */
RS_MUST_USE enum rs_code rs_cut_init(struct cut *c, const struct rs_interactions *x,
                                     const struct rs_split_opts *o, struct rs_err *err);
/* The same k-core for another protocol. */
RS_MUST_USE enum rs_code rs_cut_again(struct cut *c, const struct cut *from, struct rs_err *err);
void rs_cut_clear(struct cut *c);
/* Label rows by the protocol, then drop held-out rows of unknown users and items. o is resolved. */
RS_MUST_USE enum rs_code rs_cut_run(struct cut *c, const struct rs_split_opts *o,
                                    struct rs_err *err);
/* Users with a test row of at least that value. */
int64_t rs_cut_evaluable(const struct cut *c, double threshold);

/* Defaults filled in, ranges checked. */
RS_MUST_USE enum rs_code rs_split_resolve(const struct rs_split_opts *o, struct rs_split_opts *out,
                                          struct rs_err *err);
bool rs_split_needs_times(enum rs_protocol p);

/* Rows of the given test part that did not come into the split. */
struct given {
    int64_t rows; /* in the file */
    int64_t no_user;
    int64_t no_item;
    int64_t in_train; /* also in train (or validation, taken from it) */
};

/* The card of s, whose parts are made. alt_users: users user-temporal could evaluate, or -1. */
struct rs_val *rs_split_card(const struct cut *c, const struct rs_split *s,
                             const struct rs_split_opts *o, const struct given *given,
                             int64_t alt_users);
/* Users with a row in the part of at least that value. */
int64_t rs_split_evaluable(const struct rs_csr *part, double threshold);

#endif
