/*
 * pipeline_show - what a pipeline found, from the store: models beside each other on the same
 * users.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/eval/stats.h"

#include "cells.h"
#include "pipeline.h"
#include "stage.h"

#define MAX_SHOWN 3 /* metrics of the table */

static enum rs_code show_data(struct rs_pipeline *p, struct rs_result *out, struct rs_err *err)
{
    struct rs_dataset *d = NULL;
    struct rs_split *s = NULL;
    enum rs_code rc = rs_ctx_dataset(p->ctx, p->dataset, &d, err);
    if (!rc) rc = rs_ctx_split(p->ctx, p->dataset, p->split, &s, err);
    if (!rc) {
        rs_val_set_str(out->doc, "dataset", p->dataset);
        rs_val_set_str(out->doc, "split", p->split);
        rs_show_report(out, p->dataset, d->report);
        rs_show_card(out, p->split, s->card);
        rs_result_set(out, "card", rs_val_copy(s->card));
    }
    rs_split_close(s);
    rs_dataset_close(d);
    return rc;
}

/* "0.0866 [0.0749, 0.0990]" of a run's stored scores; the mean too. */
static enum rs_code cell_of(struct rs_pipeline *p, const char *run, const char *metric, char *buf,
                            size_t size, double *mean, struct rs_interval *interval,
                            struct rs_err *err)
{
    const struct rs_conf *c = p->ctx->conf;
    struct rs_user_scores s = {0};
    enum rs_code rc = rs_runs_get_scores(p->ctx->store, run, "test",
                                         rs_conf_text(c, "eval.exclude"), "model", metric, &s, err);
    if (!rc) {
        *mean = rs_mean(s.scores, s.n);
        rc = rs_bootstrap_means(s.scores, s.n, 1, (int)rs_conf_int(c, "eval.bootstrap_samples"),
                                (uint64_t)rs_conf_int(c, "eval.seed"), interval, err);
    }
    if (!rc) {
        char text[64];
        rs_interval_text(*interval, text, sizeof(text));
        snprintf(buf, size, "%.4f %s", *mean, text);
    }
    rs_user_scores_clear(&s);
    return rc;
}

static enum rs_code versus_popularity(struct rs_pipeline *p, const char *run, struct rs_paired *out,
                                      struct rs_err *err)
{
    const struct rs_conf *c = p->ctx->conf;
    const char *metric = rs_conf_text(c, "eval.metric");
    const char *exclude = rs_conf_text(c, "eval.exclude");
    struct rs_user_scores a = {0};
    struct rs_user_scores b = {0};
    enum rs_code rc =
        rs_runs_get_scores(p->ctx->store, run, "test", exclude, "model", metric, &a, err);
    if (!rc) {
        rc = rs_runs_get_scores(p->ctx->store, run, "test", exclude, "popularity", metric, &b, err);
    }
    if (!rc) {
        rc = rs_compare_paired(a.scores, b.scores, a.n,
                               (int)rs_conf_int(c, "eval.bootstrap_samples"),
                               (uint64_t)rs_conf_int(c, "eval.seed"), out, err);
    }
    rs_user_scores_clear(&a);
    rs_user_scores_clear(&b);
    return rc;
}

static struct rs_val *model_val(const struct rs_pipeline_model *m, const struct rs_paired *pair)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "model", m->name);
    rs_val_set_str(v, "run_id", m->run_id);
    rs_val_set_real(v, "difference", pair->difference);
    rs_val_set(v, "interval", rs_interval_val(pair->interval));
    rs_val_set_str(v, "verdict", pair->verdict);
    return v;
}

static enum rs_code add_model(struct rs_pipeline *p, struct rs_pipeline_model *m,
                              const char *const *metrics, size_t n_metrics, struct rs_table *t,
                              struct rs_val *list, struct rs_paired *pair, struct rs_err *err)
{
    char cell[96];
    char difference[96];
    enum rs_code rc = versus_popularity(p, m->run_id, pair, err);
    if (rc) return rc;
    struct rs_val *v = rs_val_push(list, model_val(m, pair));
    struct rs_val *values = rs_val_set(v, "metrics", rs_val_map());
    struct rs_val *intervals = rs_val_set(v, "intervals", rs_val_map());
    rs_table_row(t);
    rs_table_str(t, m->name);
    rs_table_str(t, m->run_id);
    for (size_t i = 0; i < n_metrics; i++) {
        double mean;
        struct rs_interval interval;
        rc = cell_of(p, m->run_id, metrics[i], cell, sizeof(cell), &mean, &interval, err);
        if (rc) return rc;
        rs_table_str(t, cell);
        rs_val_set_real(values, metrics[i], mean);
        rs_val_set(intervals, metrics[i], rs_interval_val(interval));
    }
    snprintf(difference, sizeof(difference), "%+.4f [%+.4f, %+.4f] %s", pair->difference,
             pair->interval.lo, pair->interval.hi, pair->verdict);
    rs_table_str(t, strcmp(m->name, "popularity") == 0 && pair->difference == 0 ? "" : difference);
    return RS_OK;
}

enum rs_code rs_pipeline_show(struct rs_pipeline *p, struct rs_result *out, struct rs_err *err)
{
    const char *metric = rs_conf_text(p->ctx->conf, "eval.metric");
    const char *metrics[MAX_SHOWN] = {metric, "recall_at_10", "mrr"};
    size_t n_metrics = strcmp(metric, "recall_at_10") == 0 || strcmp(metric, "mrr") == 0 ? 1 : 3;
    size_t n_ks;
    const int64_t *ks = rs_conf_ints(p->ctx->conf, "eval.k", &n_ks);
    bool ten = false;
    for (size_t i = 0; i < n_ks; i++) {
        ten |= ks[i] == 10;
    }
    n_metrics = ten ? n_metrics : 1;
    enum rs_code rc = show_data(p, out, err);
    if (rc) return rc;
    struct rs_table *t = rs_table_new();
    struct rs_val *list = rs_result_set(out, "models", rs_val_list());
    struct rs_paired best = {0};
    rs_table_column(t, "model", NULL, RS_LEFT, 0);
    rs_table_column(t, "run", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < n_metrics; i++) {
        rs_table_column(t, metrics[i], NULL, RS_LEFT, 0);
    }
    rs_table_column(t, "difference", "difference to popularity", RS_LEFT, 0);
    for (size_t i = 0; i < p->n_models && !rc; i++) {
        struct rs_paired pair = {0};
        rc = add_model(p, &p->models[i], metrics, n_metrics, t, list, &pair, err);
        best = i == p->best ? pair : best;
    }
    char *heading = rs_xprintf("models on test, %lld users, 95 %% intervals", (long long)best.n);
    rs_result_table(out, NULL, heading, t);
    free(heading);
    if (rc) return rc;
    const char *name = p->models[p->best].name;
    rs_val_set_str(out->doc, "best", name);
    rs_val_set_str(out->doc, "best_run", p->models[p->best].run_id);
    if (strcmp(name, "popularity") == 0 && best.difference == 0) {
        rs_result_say(out, "verdict: popularity, %s: no model beat it", rs_pipeline_choice(p));
        return RS_OK;
    }
    rs_result_say(out, "verdict: %s, %s, is %s popularity on %s (%+.4f, p %.2g)", name,
                  rs_pipeline_choice(p), rs_verdict_words(&best), metric, best.difference,
                  best.p_value);
    return RS_OK;
}
