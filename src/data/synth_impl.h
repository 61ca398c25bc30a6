/*
 * synth_impl - the made-up world that the generator's files share: every fact about an item or
 * a user is a function of the seed and its index.
 */
#ifndef RS_DATA_SYNTH_IMPL_H
#define RS_DATA_SYNTH_IMPL_H

#include "rs/data/synth.h"

#define RS_SYNTH_MAX_CLUSTERS 64
#define RS_SYNTH_FIRST_YEAR   1930
#define RS_SYNTH_LAST_YEAR    2024

int32_t rs_synth_clusters(const struct rs_synth_opts *o);
int32_t rs_synth_cluster(const struct rs_synth_opts *o, int32_t item);
int32_t rs_synth_year(const struct rs_synth_opts *o, int32_t item);

/* Walker's alias table over weights: one draw is one look. */
struct rs_alias_table {
    int32_t n;
    float *keep;    /* [n] chance that a slot stays itself */
    int32_t *other; /* [n] what it gives else */
    int32_t *value; /* [n] what slot i stands for */
};
enum rs_code rs_alias_table_make(const double *weights, const int32_t *values, int32_t n,
                                 struct rs_alias_table *out, struct rs_err *err);
void rs_alias_table_clear(struct rs_alias_table *t);

#endif
