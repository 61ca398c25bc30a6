/*
 * evaluation - a run's stored scores as a table of metrics with intervals.
 */
#ifndef RS_COMMANDS_EVALUATION_H
#define RS_COMMANDS_EVALUATION_H

#include "rs/commands/ctx.h"

/* Puts "evaluation" into the document: {part, exclude, users, metrics: [{metric, value, interval,
 * popularity, difference, difference_interval, verdict}]} of the newest evaluation on test, else on
 * validation, and shows it as a table; null where there is none. */
RS_MUST_USE enum rs_code rs_show_evaluation(struct rs_ctx *ctx, const char *run,
                                            struct rs_result *out, struct rs_err *err);

#endif
