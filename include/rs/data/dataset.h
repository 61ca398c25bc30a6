/*
 * dataset - prepared interactions in data/interim/<dataset>/dataset.rsd, and the quality report.
 *
 * The file holds the columns of rs_interactions, both id maps, the catalogue and the report as
 * JSON. Its fingerprint is the SHA-256 of the file: equal data gives an equal fingerprint.
 */
#ifndef RS_DATA_DATASET_H
#define RS_DATA_DATASET_H

#include "rs/base/err.h"
#include "rs/base/pack.h"
#include "rs/base/val.h"
#include "rs/data/catalogue.h"
#include "rs/data/ingest.h"

struct rs_dataset {
    char *name;
    struct rs_interactions x;       /* borrowed from pack */
    struct rs_catalogue *catalogue; /* aligned with x.items */
    struct rs_val *report;          /* quality report, "source" = input fingerprint and options */
    char fingerprint[65];
    struct rs_reader *pack;
};

/* Nulls, duplicates, ranges, time order, bulk raters (users whose ratings share one timestamp or
 * day), long-tail share, histogram of values, activity quantiles. x must be sorted as ingest gives
 * it; r may be NULL. */
struct rs_val *rs_quality_report(const struct rs_interactions *x, const struct rs_ingest_report *r);

/* path: the .rsd file. meta: kept as "source" inside the report (what it was made from). */
RS_MUST_USE enum rs_code rs_dataset_save(const char *path, const struct rs_interactions *x,
                                         const struct rs_catalogue *catalogue,
                                         const struct rs_val *report, struct rs_err *err);
/* RS_ENOTFOUND: not prepared yet (says which command prepares it); RS_EDAMAGED. */
RS_MUST_USE enum rs_code rs_dataset_open(const char *path, const char *name,
                                         struct rs_dataset **out, struct rs_err *err);
void rs_dataset_close(struct rs_dataset *d);

#endif
