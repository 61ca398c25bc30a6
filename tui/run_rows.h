/*
 * run_rows - documents of commands about runs and versions as rows of tables.
 *
 * Which way is better is known for every metric; a difference says it with '^' or 'v' and its
 * colour, and how sure it is with "~" (not significant), "*" (p < 0.05), "**" (p < 0.01), where it
 * was tested.
 */
#ifndef TUI_RUN_ROWS_H
#define TUI_RUN_ROWS_H

#include "rs/base/val.h"
#include "sheet.h"

enum { TUI_MAX_COMPARED = 8 };

enum tui_delta_form { TUI_DELTA, TUI_PERCENT, TUI_P, TUI_DELTA_FORMS };

/* "^ +.0008 ~", "^ +0.7% ~", "^ p.31 ~"; "=" where nothing differs, "" where one is not there.
 * p NaN: not tested. */
const char *tui_delta_text(double value, double base, double p, bool lower_is_better,
                           enum tui_delta_form form, char buf[48], enum tui_role *role_out);
const char *tui_metric_text(double v, char buf[32]); /* "0.1201", "49,428"; "" for NaN */
/* "2026-02-10 09:12", UTC; "" for 0. */
const char *tui_time_text(int64_t ms, char buf[24]);

/* What a comparison found: {base, users, why, metrics: {metric: {run: p}}}; why: what stopped
 * it. */
struct tui_compared {
    const struct rs_val *doc; /* NULL: nothing compared yet */
    const char *base;         /* run id; "": none */
    enum tui_delta_form form;
};

/* runs: of `run list`; stands: {run_id: "@production v7"}; metric: the one that counts. */
struct tui_rows *tui_run_rows(const struct rs_val *runs, const struct rs_val *stands,
                              const char *metric, const struct tui_compared *c);
/* Parameters and metrics of the runs, the first one the base. n_out: rows that differ, and all. */
struct tui_rows *tui_compare_rows(const struct rs_val *runs, const char *const *ids, int n,
                                  const char *metric, const struct tui_compared *c,
                                  bool only_different, int n_out[2]);
/* Does the metric belong beside this one: same cut-off, or none, and not of validation? */
bool tui_metric_beside(const char *name, const char *metric);
const struct rs_val *tui_run_of(const struct rs_val *runs, const char *id); /* NULL: not there */

/* run: of `run show`. Its metrics with intervals, and beside popularity, `metric` on top; its
 * parameters. */
struct tui_rows *tui_metric_rows(const struct rs_val *run, const char *metric);
struct tui_rows *tui_param_rows(const struct rs_val *run);

/* versions: of `model list`; history: of `model history`, for the gate. */
struct tui_rows *tui_version_rows(const struct rs_val *versions, const struct rs_val *history);
const char *tui_version_metric(const struct rs_val *versions);   /* that of their column */
struct tui_rows *tui_lineage_rows(const struct rs_val *version); /* of `model show` */
struct tui_rows *tui_audit_rows(const struct rs_val *history);

/* The lines of the dialog that promotes: of `model promote --dry-run`. NULL-ended, freed with
 * rs_fs_list_free. since: what is said of the version that serves now, or "". */
char **tui_promote_lines(const struct rs_val *doc, const char *since, bool *pass_out);
char **tui_rollback_lines(const struct rs_val *doc, const char *since);

#endif
