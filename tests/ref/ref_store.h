/*
 * ref_store - a store in a folder of its own, SQL behind its back, and runs with models to
 * register.
 */
#ifndef TESTS_REF_REF_STORE_H
#define TESTS_REF_REF_STORE_H

#include "rs/store/store.h"
#include "rs/tracking/runs.h"

struct ref_store {
    char *dir;
    char *path;   /* dir/db/recsys.db */
    char *models; /* dir/models */
    struct rs_store *st;
};

void ref_store_init(struct ref_store *t);
void ref_store_clear(struct ref_store *t);

/* Run SQL on a connection of its own, without foreign keys or triggers in the way of damage. */
void ref_store_sql(const char *path, const char *sql);
/* First number of the first row. */
int64_t ref_store_int(const char *path, const char *sql);

/* A run of a split with that fingerprint, running; the id goes to out. */
void ref_store_start(struct ref_store *t, const char *model, const char *fingerprint,
                     char out[RS_RUN_ID]);
/* A finished run with a bundle in models, different for every seed. */
void ref_store_run(struct ref_store *t, uint64_t seed, char out[RS_RUN_ID]);
/* Test scores of ndcg_at_10 of users 0..n-1: base + noise of the seed, of the model and, lower by
 * `lead`, of popularity. */
void ref_store_scores(struct ref_store *t, const char *id, uint64_t seed, int32_t n, double lead);

#endif
