/*
 * split - train, validation and test parts of a dataset, cut by one protocol, with a card.
 *
 * Index space  users and items of the train part (user-holdout: the held-out users with a history
 *              too, with empty train rows), in ascending id order. Every item has a train row.
 *              Held-out rows of other users and items are dropped and counted.
 * Protocols    n: rows after the k-core, of a user where cut by user; shares are floor(ratio n) in
 *              double. Default ratios of test and validation:
 *   global-temporal 0.1, 0.1  rows by (time, user, item): floor((1 - test - val) n) are train, up
 *                             to floor((1 - test) n) validation
 *   user-temporal   0.2, 0.1  a user's rows by (time, item): the last are test, before them val
 *   leave-last-n    -         the same with n_last rows each; users with fewer than 2 n_last + 1
 *                             rows are train (val_ratio 0: no validation, n_last + 1)
 *   random          0.2, 0.1  user-temporal on rows shuffled by (seed, user)
 *   k-fold          -, 0.1    shuffled rows dealt to the folds in turn, from a random one on; val
 *                             is taken from the rows outside the test fold
 *   user-holdout    0.2, 0.1  shares of users; the first floor(0.8 n) rows of one, but at least 1,
 *                             are history, the rest is held out
 *   rolling         -, 0.1    rows by (time, user, item): the second half in `windows` equal
 *                             windows; train is before window `fold`, its last rows are val, later
 *                             windows are dropped
 *   given           -, 0      test as it came less what is in train; val at random from train
 *   none            -, -      no test, no validation
 * Card         JSON: protocol, options, dataset_fingerprint; counts{}; dropped{reason: {rows, …}};
 *              users_evaluable (a relevant test item known in train); times{}, leaks{}, warnings[];
 *              verdict, in words, and proof{level, detectable_difference, …}: how much the test
 *              part can prove.
 */
#ifndef RS_DATA_SPLIT_H
#define RS_DATA_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/task.h"
#include "rs/base/val.h"
#include "rs/data/csr.h"
#include "rs/data/dataset.h"

#define RS_PROTOCOLS(X)                                                                           \
    X(RS_GLOBAL_TEMPORAL, "global-temporal", "cut the time line: oldest rows train, newest test") \
    X(RS_USER_TEMPORAL, "user-temporal",                                                          \
      "each user's last rows are test, those before validation")                                  \
    X(RS_LEAVE_LAST_N, "leave-last-n",                                                            \
      "each user's last n rows are test, the n before validation")                                \
    X(RS_RANDOM, "random", "rows of each user at random (leaks the future)")                      \
    X(RS_K_FOLD, "k-fold", "rows of each user in k random folds, one of them test")               \
    X(RS_USER_HOLDOUT, "user-holdout",                                                            \
      "whole users unseen in train, folded in from part of their rows")                           \
    X(RS_ROLLING, "rolling", "consecutive time windows: train before, test in window w")          \
    X(RS_GIVEN, "given", "train and test files as they came")                                     \
    X(RS_NONE, "none", "everything is train: final fits and benchmarks")
#define RS_PROTOCOL_ENUM(id, name, help) id,
enum rs_protocol { RS_PROTOCOLS(RS_PROTOCOL_ENUM) RS_PROTOCOL_COUNT };
#undef RS_PROTOCOL_ENUM
const char *rs_protocol_name(enum rs_protocol p);
const char *rs_protocol_help(enum rs_protocol p);
bool rs_protocol_parse(const char *name, enum rs_protocol *out);

struct rs_split_opts {
    enum rs_protocol protocol;
    double test_ratio;          /* < 0: the protocol's own */
    double val_ratio;           /* < 0: the protocol's own; 0: no validation part */
    int32_t user_core;          /* iterated k-core: least rows of a user; 0: none */
    int32_t item_core;          /* and of an item */
    int32_t n_last;             /* leave-last-n */
    int32_t folds;              /* k-fold */
    int32_t fold;               /* k-fold: which is test, 0-based; rolling: which window */
    int32_t windows;            /* rolling */
    double relevance_threshold; /* for the card's count of users that can be evaluated */
    uint64_t seed;
};
/* What p uses unless said: its ratios (below), k-core 5/5 (none for given and none), n_last 1,
 * folds 5, fold 0, windows 4, threshold 3.5, seed 0. */
struct rs_split_opts rs_split_defaults(enum rs_protocol p);

struct rs_split {
    char *dataset;
    char *name;
    enum rs_protocol protocol;
    int32_t n_users;
    int32_t n_items;
    struct rs_idmap *users;
    struct rs_idmap *items;
    struct rs_csr train;   /* [n_users x n_items] with values and times */
    struct rs_csr train_t; /* [n_items x n_users] */
    struct rs_csr val;     /* [n_users x n_items] */
    struct rs_csr test;
    struct rs_csr fold;             /* user-holdout: history of the held-out users; else empty */
    struct rs_catalogue *catalogue; /* aligned with items */
    struct rs_val *card;
    char fingerprint[65];         /* SHA-256 of the file */
    char dataset_fingerprint[65]; /* of what it was cut from */
    struct rs_reader *pack;
};

/* Cut d and write path (…/<split>/split.rsd, in a folder that is there) whole. given_test: the test
 * part's interactions for `given`, else NULL. RS_EARG: an option out of range, no times where the
 * protocol needs them, nothing left after the k-core, or no user that can be tested (says how to
 * change that). The result does not depend on the number of threads. */
RS_MUST_USE enum rs_code rs_split_make(const struct rs_dataset *d,
                                       const struct rs_interactions *given_test,
                                       const struct rs_split_opts *o, const char *path,
                                       struct rs_task *task, struct rs_err *err);
/* RS_ENOTFOUND: not cut yet (says which command cuts it); RS_EDAMAGED. Reads the whole file, for
 * its checksums and its fingerprint. */
RS_MUST_USE enum rs_code rs_split_open(const char *path, const char *dataset, const char *name,
                                       struct rs_split **out, struct rs_err *err);
void rs_split_close(struct rs_split *s);
/* The options that o's protocol reads, defaults filled in: equals the card's "options" of a split
 * that is up to date with them. */
struct rs_val *rs_split_opts_val(const struct rs_split_opts *o);

/* Iterated k-core on columns to its fixed point: keep_user[n_users] and keep_item[n_items] set to 1
 * or 0; rows left in *rows_out. A core below 1 counts as 1. Cost O(n). */
RS_MUST_USE enum rs_code rs_k_core(const struct rs_interactions *x, int32_t user_core,
                                   int32_t item_core, uint8_t *keep_user, uint8_t *keep_item,
                                   int64_t *rows_out, struct rs_err *err);

#endif
