/*
 * split - train, validation and test parts of a dataset, cut by one protocol, with a card.
 *
 * Index space  users and items of the train part (holdout protocols: the held-out users too, with
 *              empty train rows), in ascending id order. Every item has a train row.
 * Card         JSON: counts, rows and users kept and dropped and why, leak checks, and a verdict in
 *              words that says how much the test part can prove.
 */
#ifndef RS_DATA_SPLIT_H
#define RS_DATA_SPLIT_H

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
bool rs_protocol_parse(const char *name, enum rs_protocol *out);

struct rs_split_opts {
    enum rs_protocol protocol;
    double test_ratio;          /* user-temporal, random, holdout: share of rows (users); 0.2 */
    double val_ratio;           /* 0.1 */
    int32_t user_core;          /* iterated k-core: least rows of a user; 0: none */
    int32_t item_core;          /* and of an item */
    int32_t n_last;             /* leave-last-n; 1 */
    int32_t folds;              /* k-fold; 5 */
    int32_t fold;               /* k-fold: which is test, 0-based; rolling: which window */
    int32_t windows;            /* rolling; 4 */
    double relevance_threshold; /* for the card's count of users that can be evaluated */
    uint64_t seed;
};

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
    struct rs_csr fold;             /* user-holdout: the held-out users' history; else no entries */
    struct rs_catalogue *catalogue; /* aligned with items */
    struct rs_val *card;
    char fingerprint[65];         /* SHA-256 of the file */
    char dataset_fingerprint[65]; /* of what it was cut from */
    struct rs_reader *pack;
};

/* Cut d and write path (…/<split>/split.rsd) whole. RS_EARG: nothing left after the k-core, or no
 * user that can be tested (says how to change that). given: d2 is the test part's interactions
 * (else NULL), whose unknown users and items are dropped and counted. */
RS_MUST_USE enum rs_code rs_split_make(const struct rs_dataset *d,
                                       const struct rs_interactions *given_test,
                                       const struct rs_split_opts *o, const char *path,
                                       struct rs_task *task, struct rs_err *err);
RS_MUST_USE enum rs_code rs_split_open(const char *path, const char *dataset, const char *name,
                                       struct rs_split **out, struct rs_err *err);
void rs_split_close(struct rs_split *s);
/* The options a split was made with, from its card: what makes it up to date or not. */
struct rs_val *rs_split_opts_val(const struct rs_split_opts *o);

/* Iterated k-core on columns: keep_user/keep_item [n_users]/[n_items] set to 1 or 0; rows left. */
RS_MUST_USE enum rs_code rs_k_core(const struct rs_interactions *x, int32_t user_core,
                                   int32_t item_core, uint8_t *keep_user, uint8_t *keep_item,
                                   int64_t *rows_out, struct rs_err *err);

#endif
