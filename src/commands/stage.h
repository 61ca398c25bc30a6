/*
 * stage - the stages of the pipeline: what each is made from, and whether it is up to date.
 *
 * Nothing is remembered apart: a stage is fresh if what it left says it was made from the inputs
 * and options that hold now.
 */
#ifndef RS_COMMANDS_STAGE_H
#define RS_COMMANDS_STAGE_H

#include "rs/commands/ctx.h"
#include "rs/data/split.h"

/* Interaction and catalogue files of data/raw/<dataset>. RS_ENOTFOUND says how to get them. */
struct rs_raw_files {
    char *ratings;
    char *items; /* or NULL */
};
RS_MUST_USE enum rs_code rs_stage_raw_files(struct rs_ctx *ctx, const char *dataset,
                                            struct rs_raw_files *out, struct rs_err *err);
void rs_raw_files_clear(struct rs_raw_files *f);

/* {files: [{name, bytes, checksum}], options{}}: what a prepared dataset is made from. */
RS_MUST_USE enum rs_code rs_stage_source(struct rs_ctx *ctx, const char *const *paths, size_t n,
                                         bool strict, const char *reader, struct rs_val **out,
                                         struct rs_err *err);
/* Options of reading, from the configuration. */
struct rs_ingest_opts rs_stage_ingest_opts(const struct rs_ctx *ctx, bool strict);
/* Options of a split, from the configuration (seed, cores, …) for that protocol. */
struct rs_split_opts rs_stage_split_opts(const struct rs_ctx *ctx, enum rs_protocol protocol);

/* The value from which a row is relevant: eval.relevance_threshold; but rows that all say 1
 * carry no opinion, and there every row is relevant. values NULL: all 1. */
double rs_stage_threshold(const struct rs_ctx *ctx, const float *values, int64_t n);

/* Write data/interim/<dataset>/dataset.rsd, its report as JSON beside it, and its row. Items are
 * described by catalogue_file; where it is NULL, as in `before` (or not, where that is NULL too).
 * Takes source. */
RS_MUST_USE enum rs_code rs_stage_save_dataset(struct rs_ctx *ctx, const char *dataset,
                                               const struct rs_interactions *x,
                                               const struct rs_ingest_report *report,
                                               const char *catalogue_file,
                                               const struct rs_dataset *before,
                                               struct rs_val *source, struct rs_result *out,
                                               struct rs_err *err);
/* Cut, write card.json, fill the result. given_test: for `given`. */
RS_MUST_USE enum rs_code rs_stage_save_split(struct rs_ctx *ctx, const struct rs_dataset *d,
                                             const struct rs_interactions *given_test,
                                             const struct rs_split_opts *o, const char *name,
                                             struct rs_result *out, struct rs_err *err);

/* Was the dataset made by `data import`, so that data/raw does not make it? */
bool rs_stage_is_imported(struct rs_ctx *ctx, const char *dataset);
/* "" where the stage is up to date, else why it must run; the caller frees. */
char *rs_stage_why_prepare(struct rs_ctx *ctx, const char *dataset);
char *rs_stage_why_split(struct rs_ctx *ctx, const char *dataset, const char *name,
                         const struct rs_split_opts *o);
char *rs_stage_why_features(struct rs_ctx *ctx, const char *dataset, const char *split);

/* People's view of a quality report and of a split card. */
void rs_show_report(struct rs_result *out, const char *dataset, const struct rs_val *report);
void rs_show_card(struct rs_result *out, const char *name, const struct rs_val *card);

#endif
