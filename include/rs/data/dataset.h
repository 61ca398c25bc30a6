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

/* rows, users, items, density; what reading met (r; NULL: left out): rows_read, bad_rows,
 * bad_share, bad_examples[], duplicates, null_values, null_times; values{} with a histogram;
 * times{} (range, unknown, tied, unit); bulk_raters{} (users whose rows share one timestamp, or one
 * day); long_tail{}; activity{} quantiles; notes[] in words. x sorted as ingest gives it.
 * RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_quality_report(const struct rs_interactions *x,
                                           const struct rs_ingest_report *r, struct rs_val **out,
                                           struct rs_err *err);

/* path: the .rsd file, in a folder that is there. report: the caller adds "source" (what it was
 * made from: input fingerprint, options) before; it must hold no time, path or host. */
RS_MUST_USE enum rs_code rs_dataset_save(const char *path, const struct rs_interactions *x,
                                         const struct rs_catalogue *catalogue,
                                         const struct rs_val *report, struct rs_err *err);
/* RS_ENOTFOUND: not prepared yet (says which command prepares it); RS_EDAMAGED. Reads the whole
 * file, for its checksums and its fingerprint. */
RS_MUST_USE enum rs_code rs_dataset_open(const char *path, const char *name,
                                         struct rs_dataset **out, struct rs_err *err);
void rs_dataset_close(struct rs_dataset *d);

#endif
