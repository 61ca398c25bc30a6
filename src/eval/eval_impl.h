/*
 * eval_impl - what the files of this layer share.
 */
#ifndef RS_EVAL_IMPL_H
#define RS_EVAL_IMPL_H

#include "rs/eval/eval.h"

const struct rs_csr *rs_eval_part(const struct rs_split *s, enum rs_part part);

/* Entry j of a part is relevant. */
static inline bool rs_eval_is_relevant(const struct rs_csr *part, int64_t j, double threshold)
{
    return (part->values ? (double)part->values[j] : 1.0) >= threshold;
}

/* Fill e->n_beyond, beyond_names and beyond from e->lists. */
RS_MUST_USE enum rs_code rs_eval_beyond(const struct rs_model *m, const struct rs_split *s,
                                        const struct rs_eval_opts *o, struct rs_eval *e,
                                        struct rs_err *err);

#endif
