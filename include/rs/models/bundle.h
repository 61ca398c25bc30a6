/*
 * bundle - a trained model with all that serving it needs, in one mapped file (.rsm).
 *
 * Holds the model's sections, id maps, catalogue, users' train rows (what is scored from) and seen
 * rows (what lists leave out), popularity (the answer for strangers), and a JSON description:
 * model, parameters, seed, dataset and split fingerprints, counts. No time, path or host name:
 * equal inputs, seed and program give equal bytes.
 */
#ifndef RS_MODELS_BUNDLE_H
#define RS_MODELS_BUNDLE_H

#include "rs/base/arena.h"
#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/val.h"
#include "rs/data/catalogue.h"
#include "rs/data/csr.h"
#include "rs/data/idmap.h"
#include "rs/data/split.h"
#include "rs/models/model.h"
#include "rs/models/rank.h"

struct rs_bundle {
    struct rs_model *model;
    struct rs_idmap *users;
    struct rs_idmap *items;
    struct rs_catalogue *catalogue;
    struct rs_csr train;     /* what profiles are made of */
    struct rs_csr seen;      /* validation rows: left out of lists beside train */
    const float *popularity; /* [n_items] sum of values: the fallback's scores */
    struct rs_val *info; /* model, params, seed, dataset, split, fingerprints, counts, threshold */
    char sha256[65];     /* as its file is named; "" where the name is no hash */
    struct rs_reader *pack;
};

/* Write the bundle of a model fitted on s whole, to dir/<sha256>.rsm; sha256_out[65]. dir is made.
 * The histories of held-out users (s->fold) are kept beside the train rows. */
RS_MUST_USE enum rs_code rs_bundle_save(const char *dir, const struct rs_model *m,
                                        const struct rs_split *s, double threshold, uint64_t seed,
                                        char sha256_out[65], struct rs_err *err);
/* Header, sizes, checksums and meaning (indices in range) are checked. RS_EDAMAGED; RS_ENOTFOUND;
 * RS_EARG: made by a newer program. */
RS_MUST_USE enum rs_code rs_bundle_open(const char *path, struct rs_bundle **out,
                                        struct rs_err *err);
void rs_bundle_close(struct rs_bundle *b);
/* rs_bundle_open, and that the file's SHA-256 is its name (or `want`, where not NULL). */
RS_MUST_USE enum rs_code rs_bundle_verify(const char *path, const char *want, struct rs_err *err);

/* A profile of a known user: its train rows. */
struct rs_profile rs_bundle_profile(const struct rs_bundle *b, int32_t user);
/* The profile that lists and explanations are made of: a known user's train rows with newer rows
 * over them, or (user -1) the rows alone. Newer rows that are all in train with the same value say
 * nothing new: the profile is the plain one, so the list is the evaluated one. values NULL: liked;
 * a bundle whose train rows have no values ignores them. *out lives in arena, borrows items and
 * values, or both. RS_EARG: user or items out of range, items not ascending; RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_bundle_profile_with(const struct rs_bundle *b, int32_t user,
                                                const int32_t *items, const float *values,
                                                int32_t n, struct rs_arena *arena,
                                                struct rs_profile *out, struct rs_err *err);

/*
 * Diversity is maximal marginal relevance (Carbonell, Goldstein: The Use of MMR, SIGIR 1998). The
 * pool is the RS_MMR_POOL best of the items that may be listed, whatever k and offset are, so the
 * pages of a list agree. The best comes first; then, again and again, the item i not yet listed
 * with the largest
 *     (1 - diversity) relevance_i - diversity max over listed j of similarity(i, j),
 * ties to the better one by score. relevance_i is the score scaled to 0 … 1 over the pool (1 where
 * all are equal). similarity is the cosine of the model's item vectors (0 with a zero vector), for
 * a model without vectors the Jaccard index of the genre sets (0 where both are empty).
 * Cost O(pool (offset + k) f) beyond finding the pool.
 */
#define RS_MMR_POOL 500

/* A recommendation request: what commands, console and server ask. */
struct rs_ask {
    int32_t user;         /* index, or -1 */
    const int32_t *items; /* ascending; history of a stranger, or newer than the user's; or NULL */
    const float *values;  /* of items; NULL: liked */
    int32_t n_items;
    int32_t k;
    int32_t offset;   /* places before the first one wanted; offset + k <= RS_MAX_K */
    double diversity; /* 0: by score; to 1: unlike items go first; then offset + k <= RS_MMR_POOL */
    bool exclude_seen;      /* leave out train and seen rows, and `items` */
    const int32_t *exclude; /* more to leave out, ascending */
    int32_t n_exclude;
    const uint64_t *allowed; /* bit set over items, or NULL */
};
/* Places offset + 1 … offset + k of the list: out[k], *n_out of them. A score is the model's, also
 * where diversity moved the item. arena: all memory of the call, taken until its reset; NULL: the
 * heap, given back. source_out (static text): the model's name, or "popularity:unknown_user"
 * (neither user nor items), "popularity:cold_user" (the model has nothing personal to say).
 * RS_EARG: k, offset, diversity, user or items out of range, items or exclude not ascending;
 * RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_bundle_recommend(const struct rs_bundle *b, const struct rs_ask *ask,
                                             struct rs_arena *arena, struct rs_ranked *out,
                                             int32_t *n_out, const char **source_out,
                                             struct rs_err *err);
/* The k items most similar to item, itself left out; allowed as in struct rs_ask, arena as above.
 * RS_EARG where the model cannot say. */
RS_MUST_USE enum rs_code rs_bundle_similar(const struct rs_bundle *b, int32_t item, int32_t k,
                                           const uint64_t *allowed, struct rs_arena *arena,
                                           struct rs_ranked *out, int32_t *n_out,
                                           struct rs_err *err);

#endif
