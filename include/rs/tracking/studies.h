/*
 * studies - hyperparameter studies in Optuna's own tables of the store, whoever wrote them.
 *
 * Optuna makes the tables when it first opens the file; a store without them has no studies.
 */
#ifndef RS_TRACKING_STUDIES_H
#define RS_TRACKING_STUDIES_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/store/store.h"

/* Newest first, a page as a list of {study, directions: ["maximize", …], trials, states: {running,
 * waiting, complete, pruned, fail}, best: {number, value} or null, started, last}. best: of one
 * objective, of complete trials that keep to their constraints; a value that is infinite is null.
 * started, last: UTC texts of the first trial's start and the last one's end, or null. limit 0:
 * all. *total_out: all there are. */
RS_MUST_USE enum rs_code rs_studies_list(struct rs_store *st, int64_t limit, int64_t offset,
                                         struct rs_val **out, int64_t *total_out,
                                         struct rs_err *err);

#endif
