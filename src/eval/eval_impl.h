/*
 * eval_impl - what the files of this layer share.
 */
#ifndef RS_EVAL_IMPL_H
#define RS_EVAL_IMPL_H

#include "rs/eval/eval.h"

const struct rs_csr *rs_eval_part(const struct rs_split *s, enum rs_part part);

/* Fill e->n_beyond, beyond_names and beyond from e->lists. */
RS_MUST_USE enum rs_code rs_eval_beyond(const struct rs_model *m, const struct rs_split *s,
                                        const struct rs_eval_opts *o, struct rs_eval *e,
                                        struct rs_err *err);

#endif
