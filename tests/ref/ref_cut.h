/*
 * ref_cut - naive twins of k-core and splits, and made-up datasets to cut.
 *
 * The twins sort whole rows and look for every answer by going through all rows again.
 */
#ifndef TESTS_REF_CUT_H
#define TESTS_REF_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/data/dataset.h"
#include "rs/data/split.h"

struct ref_row {
    int64_t user; /* external ids */
    int64_t item;
    float value;
    int64_t time;
};

/* A dataset of these rows (any order, unique pairs) in dir/dataset.rsd, opened. The catalogue holds
 * titles "item <id> (2000)" and genres by parity of the id. */
struct rs_dataset *ref_dataset(const char *dir, const struct ref_row *rows, int n, bool times);
/* Columns of these rows, as ingest gives them; cleared by ref_interactions_clear. */
struct rs_interactions ref_interactions(const struct ref_row *rows, int n, bool times);
void ref_interactions_clear(struct rs_interactions *x);
/* Up to max made-up rows of unique pairs, with ties in time; returns how many. */
int ref_rows_make(uint64_t seed, struct ref_row *rows, int max);

/* keep[n]: 1 for rows that the iterated core leaves; returns how many. */
int ref_k_core(const struct ref_row *rows, int n, int user_core, int item_core, uint8_t *keep);

enum ref_label { REF_OUT, REF_TRAIN, REF_VAL, REF_TEST, REF_LATER };
/* label[n] for global-temporal, user-temporal, leave-last-n, rolling and none, before unknown users
 * and items leave. train_share: 1 - test - val; before_test: 1 - test (as written in decimals). */
void ref_cut_labels(const struct ref_row *rows, int n, const struct rs_split_opts *o,
                    double train_share, double before_test, const uint8_t *keep, uint8_t *label);
/* Held-out rows whose user or item has no train row become REF_OUT. */
void ref_cut_drop_unknown(const struct ref_row *rows, int n, uint8_t *label);
/* Users with a test row of at least that value. */
int ref_cut_evaluable(const struct ref_row *rows, int n, const uint8_t *label, double threshold);

#endif
