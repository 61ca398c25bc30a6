/*
 * evaluation - what a run's stored scores say: every metric with its interval, beside popularity on
 * the same users.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/eval/stats.h"

#include "cells.h"
#include "evaluation.h"

/* Scores of the run's own users: columns model 0 … m-1, then model less popularity m … 2m-1. */
struct sheet {
    int64_t n_users;
    int n_metrics;
    double *v; /* [n_users x 2 n_metrics] */
    char *exclude;
    bool baseline; /* popularity was scored on the same users */
};

static void sheet_clear(struct sheet *s)
{
    free(s->v);
    free(s->exclude);
}

/* One metric's column; popularity's, where it is there, becomes the column of differences. */
static enum rs_code fill(struct sheet *s, struct rs_store *st, const char *run, const char *part,
                         const char *scorer, const char *metric, int column, struct rs_err *err)
{
    struct rs_user_scores scores = {0};
    enum rs_code rc = rs_runs_get_scores(st, run, part, s->exclude, scorer, metric, &scores, err);
    if (rc) return rc;
    if (!s->v) {
        s->n_users = scores.n;
        s->v = rs_try_alloc((size_t)scores.n * 2 * (size_t)s->n_metrics + 1, sizeof(*s->v));
        if (!s->v) rc = rs_fail(err, RS_ENOMEM, "scores of %lld users", (long long)scores.n);
        s->exclude = rs_xstrdup(scores.exclude);
    }
    bool differs = strcmp(scorer, "model") != 0;
    if (!rc && scores.n != s->n_users) {
        rc = rs_fail(err, RS_EDAMAGED, "run %s: '%s' has scores of %lld users, not of %lld", run,
                     metric, (long long)scores.n, (long long)s->n_users);
    }
    rs_assert(rc || s->v);
    for (int64_t i = 0; !rc && i < scores.n; i++) {
        double *row = s->v + (size_t)i * 2 * (size_t)s->n_metrics;
        if (differs) {
            row[s->n_metrics + column] = row[column] - scores.scores[i];
        } else {
            row[column] = scores.scores[i];
        }
    }
    rs_user_scores_clear(&scores);
    return rc;
}

static enum rs_code read_sheet(struct sheet *s, struct rs_store *st, const char *run,
                               const char *part, const struct rs_val *metrics, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    s->n_metrics = (int)metrics->n;
    s->baseline = true;
    for (int m = 0; m < s->n_metrics && !rc; m++) {
        const char *name = metrics->items[m]->s;
        rc = fill(s, st, run, part, "model", name, m, err);
        if (rc || !s->baseline) continue;
        struct rs_err why = {0};
        enum rs_code none = fill(s, st, run, part, "popularity", name, m, &why);
        s->baseline = none != RS_ENOTFOUND;
        if (none && s->baseline) {
            *err = why;
            rc = none;
        }
    }
    return rc;
}

static double mean_of(const struct sheet *s, int column)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n_users; i++) {
        sum += s->v[i * 2 * s->n_metrics + column];
    }
    return sum / (double)s->n_users;
}

static const char *verdict(const struct sheet *s, struct rs_interval difference)
{
    if (s->n_users < RS_MIN_USERS) return "too few users";
    return difference.lo > 0 ? "better" : difference.hi < 0 ? "worse" : "no proven difference";
}

static void add_columns(struct rs_table *t, bool baseline)
{
    rs_table_column(t, "metric", NULL, RS_LEFT, 0);
    rs_table_column(t, "value", NULL, RS_RIGHT, 4);
    rs_table_column(t, "interval", "95 % interval", RS_LEFT, 0);
    if (!baseline) return;
    rs_table_column(t, "popularity", NULL, RS_RIGHT, 4);
    rs_table_column(t, "difference", NULL, RS_RIGHT, 4);
    rs_table_column(t, "difference_interval", "95 % interval", RS_LEFT, 0);
    rs_table_column(t, "verdict", NULL, RS_LEFT, 0);
}

static struct rs_table *sheet_table(const struct sheet *s, const struct rs_val *metrics,
                                    const struct rs_interval *intervals)
{
    struct rs_table *t = rs_table_new();
    add_columns(t, s->baseline);
    for (int m = 0; m < s->n_metrics; m++) {
        char text[64];
        double value = mean_of(s, m);
        rs_table_row(t);
        rs_table_str(t, metrics->items[m]->s);
        rs_table_real(t, value);
        rs_interval_text(intervals[m], text, sizeof(text));
        rs_table_val(t, rs_interval_val(intervals[m]), text);
        if (!s->baseline) continue;
        struct rs_interval difference = intervals[s->n_metrics + m];
        double by = mean_of(s, s->n_metrics + m);
        rs_table_real(t, value - by);
        rs_table_real(t, by);
        rs_interval_text(difference, text, sizeof(text));
        rs_table_val(t, rs_interval_val(difference), text);
        rs_table_str(t, verdict(s, difference));
    }
    return t;
}

static enum rs_code show_sheet(struct rs_ctx *ctx, const struct sheet *s, const char *part,
                               const struct rs_val *metrics, struct rs_result *out,
                               struct rs_err *err)
{
    int columns = 2 * s->n_metrics;
    struct rs_interval *intervals = rs_xalloc((size_t)columns, sizeof(*intervals));
    enum rs_code rc = rs_bootstrap_means(
        s->v, s->n_users, columns, (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
        (uint64_t)rs_conf_int(ctx->conf, "eval.seed"), intervals, err);
    if (!rc) {
        struct rs_result part_result;
        rs_result_init(&part_result);
        rs_val_set_str(part_result.doc, "part", part);
        rs_val_set_str(part_result.doc, "exclude", s->exclude);
        rs_val_set_int(part_result.doc, "users", s->n_users);
        char *heading = rs_xprintf("%s, %lld users", part, (long long)s->n_users);
        rs_result_table(&part_result, "metrics", heading, sheet_table(s, metrics, intervals));
        rs_result_append(out, "evaluation", &part_result);
        rs_result_clear(&part_result);
        free(heading);
    }
    free(intervals);
    return rc;
}

enum rs_code rs_show_evaluation(struct rs_ctx *ctx, const char *run, struct rs_result *out,
                                struct rs_err *err)
{
    static const char *const parts[] = {"test", "val"};
    struct rs_store *st;
    struct rs_val *metrics = NULL;
    struct sheet s = {0};
    size_t at = 0;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    for (; !rc && at < 2; at++) {
        rs_val_free(metrics);
        metrics = NULL;
        rc = rs_runs_scored(st, run, parts[at], &metrics, err);
        if (!rc && metrics->n > 0) break;
    }
    if (!rc && metrics->n == 0) rs_result_set(out, "evaluation", rs_val_null());
    if (!rc && metrics->n > 0) {
        rc = read_sheet(&s, st, run, parts[at], metrics, err);
        if (!rc) rc = show_sheet(ctx, &s, parts[at], metrics, out, err);
    }
    sheet_clear(&s);
    rs_val_free(metrics);
    return rc;
}
