/*
 * features - per item and per user numbers of a split's train part, in features.rsd.
 *
 * popularity: rows, sum of values, and time-decayed sum w = 2^(-(t_max - t) / half_life);
 * attributes: genre masks and years; users: number of rows, mean value, first and last time.
 */
#ifndef RS_FEATURES_FEATURES_H
#define RS_FEATURES_FEATURES_H

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/data/split.h"

#define RS_POPULARITIES(X) \
    X(RS_POP_COUNT, "count") X(RS_POP_SUM, "sum") X(RS_POP_DECAYED, "decayed")
#define RS_POP_ENUM(id, name) id,
enum rs_popularity_kind { RS_POPULARITIES(RS_POP_ENUM) RS_POP_KIND_COUNT };
#undef RS_POP_ENUM

/* scores_out[n_items] in double. iu: item-major train. half_life_days > 0 for decayed; needs times
 * (RS_EARG without). t_max is the newest time in iu. */
RS_MUST_USE enum rs_code rs_popularity(const struct rs_csr *iu, enum rs_popularity_kind kind,
                                       double half_life_days, double *scores_out,
                                       struct rs_err *err);
/* scores[n] as the floats that models keep. RS_ENUMERIC: one is beyond them. */
RS_MUST_USE enum rs_code rs_popularity_narrow(const double *scores, int32_t n, float *out,
                                              struct rs_err *err);

struct rs_features {
    int32_t n_users, n_items;
    const double *pop_count, *pop_sum;     /* [n_items] */
    const double *pop_decayed;             /* [n_items], or NULL: the data has no times */
    const uint64_t *genres;                /* [n_items] masks */
    const int32_t *year;                   /* [n_items] */
    const int32_t *user_rows;              /* [n_users] */
    const double *user_mean;               /* [n_users] */
    const int64_t *user_first, *user_last; /* [n_users] seconds, or NULL: no times */
    struct rs_val *summary; /* split_fingerprint, half_life_days, features[]: name, rows, min, … */
    struct rs_reader *pack;
};
/* Write path (…/<split>/features.rsd, in a folder that is there) whole. Users without a train row
 * have mean 0 and times 0. RS_EARG: half_life_days not above 0. */
RS_MUST_USE enum rs_code rs_features_build(const struct rs_split *s, double half_life_days,
                                           const char *path, struct rs_err *err);
/* RS_ENOTFOUND: not built yet (says which command builds it); RS_EDAMAGED. */
RS_MUST_USE enum rs_code rs_features_open(const char *path, struct rs_features **out,
                                          struct rs_err *err);
void rs_features_close(struct rs_features *f);

#endif
