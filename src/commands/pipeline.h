/*
 * pipeline - one run through all stages: what it works on and what it found.
 */
#ifndef RS_COMMANDS_PIPELINE_H
#define RS_COMMANDS_PIPELINE_H

#include "rs/commands/ctx.h"
#include "rs/tracking/runs.h"

#define RS_PIPELINE_OVERRIDES 48
#define RS_PIPELINE_WORDS     (RS_PIPELINE_OVERRIDES + 16) /* and a stage's own arguments */

struct rs_pipeline_model {
    char *name;
    char run_id[RS_RUN_ID];
    const char *why; /* it has no run yet */
    double choice;   /* the metric it is chosen by, on validation */
};

struct rs_pipeline {
    struct rs_ctx *ctx;
    const struct rs_args *args;
    bool force;
    char *dataset;
    char *split;
    struct rs_pipeline_model *models;
    size_t n_models;
    size_t best;
    bool by_validation; /* how it was chosen; the split may have no such part */
    int64_t version;
    int ran;
    struct rs_table *table; /* stages */
};

void rs_pipeline_init(struct rs_pipeline *p, struct rs_ctx *ctx, const struct rs_args *args,
                      bool force);
void rs_pipeline_clear(struct rs_pipeline *p);
/* Dataset, split and models from arguments and configuration; opens the store. */
RS_MUST_USE enum rs_code rs_pipeline_plan(struct rs_pipeline *p, struct rs_err *err);

/* "best on validation", or that it had to be test. */
const char *rs_pipeline_choice(const struct rs_pipeline *p);

/* The data card, the models beside each other with intervals on test, and the verdict. */
RS_MUST_USE enum rs_code rs_pipeline_show(struct rs_pipeline *p, struct rs_result *out,
                                          struct rs_err *err);

#endif
