/*
 * cmd_evaluate - metrics of a run with their intervals, beside the popularity baseline on the same
 * users; and the paired comparison of runs.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"
#include "rs/models/popularity.h"

#include "cells.h"
#include "fit.h"

/* "ndcg_at_10" on test, "val_ndcg_at_10" on validation: one name space a run. */
static char *stored_name(enum rs_part part, const char *metric)
{
    return rs_xprintf("%s%s", part == RS_PART_VAL ? "val_" : "", metric);
}

static enum rs_code store_means(struct rs_store *st, const char *run, enum rs_part part,
                                char *const *names, const double *values, int n, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    for (int c = 0; c < n && !rc; c++) {
        if (!isfinite(values[c])) continue;
        char *name = stored_name(part, names[c]);
        rc = rs_runs_add_metric(st, run, name, 0, values[c], err);
        free(name);
    }
    return rc;
}

static enum rs_code store_evaluation(struct rs_store *st, const char *run,
                                     const struct rs_eval_opts *o, const struct rs_eval *e,
                                     const struct rs_eval *baseline, struct rs_err *err)
{
    const char *part = rs_part_name(o->part);
    const char *exclude = rs_exclude_name(o->exclude);
    enum rs_code rc = rs_store_begin(st, err);
    if (rc) return rc;
    rc = store_means(st, run, o->part, e->names, e->mean, e->n_metrics, err);
    if (!rc) {
        rc = store_means(st, run, o->part, e->beyond_names, e->beyond, e->n_beyond, err);
    }
    if (!rc) {
        rc = rs_runs_put_scores(st, run, part, exclude, "model", e->users, e->n_users, e->names,
                                e->n_metrics, e->scores, err);
    }
    if (!rc) {
        rc = rs_runs_put_scores(st, run, part, exclude, "popularity", baseline->users,
                                baseline->n_users, baseline->names, baseline->n_metrics,
                                baseline->scores, err);
    }
    if (!rc) {
        rc = rs_store_commit(st, err);
    }
    if (rc) {
        rs_store_rollback(st);
    }
    return rc;
}

static struct rs_val *means_val(const struct rs_eval *e, bool beyond)
{
    struct rs_val *v = rs_val_map();
    for (int c = 0; c < e->n_metrics; c++) {
        rs_val_set_real(v, e->names[c], e->mean[c]);
    }
    for (int c = 0; c < e->n_beyond && beyond; c++) {
        rs_val_set_real(v, e->beyond_names[c], e->beyond[c]);
    }
    return v;
}

static struct rs_val *intervals_of(const struct rs_eval *e)
{
    struct rs_val *v = rs_val_map();
    for (int c = 0; c < e->n_metrics; c++) {
        rs_val_set(v, e->names[c], rs_interval_val(e->interval[c]));
    }
    return v;
}

static struct rs_val *paired_val(const char *metric, const struct rs_paired *p)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "metric", metric);
    rs_val_set_int(v, "users", p->n);
    rs_val_set_real(v, "difference", p->difference);
    rs_val_set(v, "interval", rs_interval_val(p->interval));
    rs_val_set_real(v, "p_value", p->p_value);
    rs_val_set_str(v, "verdict", p->verdict);
    return v;
}

static void show_metrics(const struct rs_eval *e, const struct rs_eval *baseline,
                         struct rs_result *out)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "metric", NULL, RS_LEFT, 0);
    rs_table_column(t, "value", NULL, RS_RIGHT, 4);
    rs_table_column(t, "interval", "95 % interval", RS_LEFT, 0);
    rs_table_column(t, "popularity", NULL, RS_RIGHT, 4);
    for (int c = 0; c < e->n_metrics + e->n_beyond; c++) {
        bool user = c < e->n_metrics;
        char interval[64] = "";
        rs_table_row(t);
        rs_table_str(t, user ? e->names[c] : e->beyond_names[c - e->n_metrics]);
        rs_table_real(t, user ? e->mean[c] : e->beyond[c - e->n_metrics]);
        if (user) {
            rs_interval_text(e->interval[c], interval, sizeof(interval));
        }
        rs_table_str(t, interval);
        if (user) {
            rs_table_real(t, baseline->mean[c]);
        }
    }
    rs_result_table(out, NULL, NULL, t);
}

/* eval.metric among the columns; where its k was not asked for, the same metric at the largest k
 * that was. */
static enum rs_code counting_metric(const struct rs_ctx *ctx, const struct rs_eval *e,
                                    const struct rs_eval_opts *o, int *column, struct rs_err *err)
{
    const char *metric = rs_conf_text(ctx->conf, "eval.metric");
    const char *at = strstr(metric, "_at_");
    *column = rs_eval_find(e, metric);
    if (*column < 0 && at) {
        char *other = rs_xprintf("%.*s_at_%d", (int)(at - metric), metric, (int)o->ks[o->n_ks - 1]);
        *column = rs_eval_find(e, other);
        free(other);
    }
    return *column >= 0 ? RS_OK
                        : rs_fail(err, RS_EARG, "eval.metric: there is no metric '%s'", metric);
}

/* Difference to popularity on the metric that counts. */
static enum rs_code judge(const struct rs_ctx *ctx, const struct rs_eval *e,
                          const struct rs_eval *baseline, const struct rs_eval_opts *o,
                          struct rs_result *out, struct rs_err *err)
{
    int c;
    enum rs_code rc = counting_metric(ctx, e, o, &c, err);
    if (rc) return rc;
    const char *metric = e->names[c];
    size_t n = (size_t)e->n_users;
    double *a = rs_try_alloc(n, sizeof(*a));
    double *b = rs_try_alloc(n, sizeof(*b));
    struct rs_paired p = {0};
    if (!a || !b) {
        rc = rs_fail(err, RS_ENOMEM, "scores of %zu users", n);
    } else {
        rs_eval_column(e, c, a);
        rs_eval_column(baseline, c, b);
        rc = rs_compare_paired(a, b, e->n_users,
                               (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
                               (uint64_t)rs_conf_int(ctx->conf, "eval.seed"), &p, err);
    }
    if (!rc) {
        char interval[64];
        rs_interval_text(p.interval, interval, sizeof(interval));
        rs_result_set(out, "versus_popularity", paired_val(metric, &p));
        rs_result_say(out, "%s popularity on %s: difference %+.4f %s, p %.2g, %lld users",
                      rs_verdict_words(&p), metric, p.difference, interval, p.p_value,
                      (long long)p.n);
        if (p.n < RS_MIN_USERS) {
            rs_result_say(out, "%lld users prove nothing: evaluate on a split that tests more",
                          (long long)p.n);
        }
    }
    free(a);
    free(b);
    return rc;
}

static void describe(const struct rs_trained *t, const struct rs_eval_opts *o,
                     const struct rs_eval *e, struct rs_result *out)
{
    rs_val_set_str(out->doc, "run_id", t->run.id);
    rs_val_set_str(out->doc, "model", t->run.model);
    rs_val_set_str(out->doc, "dataset", t->run.dataset);
    rs_val_set_str(out->doc, "split", t->run.split);
    rs_val_set_str(out->doc, "split_fingerprint", t->run.split_fingerprint);
    rs_val_set_str(out->doc, "part", rs_part_name(o->part));
    rs_val_set_str(out->doc, "exclude", rs_exclude_name(o->exclude));
    rs_val_set_real(out->doc, "relevance_threshold", o->threshold);
    rs_val_set_int(out->doc, "users_evaluated", e->n_users);
    struct rs_val *skipped = rs_result_set(out, "users_skipped", rs_val_map());
    rs_val_set_int(skipped, "no_rows", e->skipped_no_rows);
    rs_val_set_int(skipped, "no_relevant_item", e->skipped_no_relevant);
    rs_val_set_int(out->doc, "empty_lists", e->empty_lists);
    rs_result_say(out,
                  "run %s: %s on %s of %s/%s, %d users, relevant from %g on, lists leave out %s",
                  t->run.id, t->run.model, rs_part_name(o->part), t->run.dataset, t->run.split,
                  e->n_users, o->threshold, rs_exclude_name(o->exclude));
    if (e->skipped_no_rows + e->skipped_no_relevant > 0) {
        rs_result_say(out,
                      "not evaluated: %lld users without rows there, %lld without a relevant "
                      "item",
                      (long long)e->skipped_no_rows, (long long)e->skipped_no_relevant);
    }
}

static enum rs_code write_trec(const struct rs_eval *e, const struct rs_split *s,
                               const struct rs_eval_opts *o, const char *prefix, struct rs_err *err)
{
    char *run = rs_xprintf("%s.run", prefix);
    char *qrels = rs_xprintf("%s.qrels", prefix);
    enum rs_code rc = rs_ctx_make_folder_of(prefix, err);
    if (!rc) rc = rs_eval_write_trec(e, s, o, run, qrels, err);
    free(qrels);
    free(run);
    return rc;
}

/* {part: {metric: value}}: numbers only, the same bytes for the same evaluation. */
static enum rs_code write_metrics(const struct rs_eval *e, const struct rs_eval_opts *o,
                                  const char *path, struct rs_err *err)
{
    struct rs_val *v = rs_val_map();
    rs_val_set(v, rs_part_name(o->part), means_val(e, true));
    struct rs_val *part = rs_val_get(v, rs_part_name(o->part));
    rs_val_set_int(part, "users_evaluated", e->n_users);
    enum rs_code rc = rs_ctx_make_folder_of(path, err);
    if (!rc) rc = rs_json_write(path, v, err);
    rs_val_free(v);
    return rc;
}

enum rs_code rs_cmd_evaluate(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_trained t;
    struct rs_eval *e = NULL;
    struct rs_eval *baseline = NULL;
    struct rs_model *popularity = NULL;
    int32_t ks[RS_FIT_MAX_KS];
    struct rs_eval_opts o;
    bool val = strcmp(rs_args_text(args, "part"), "val") == 0;
    enum rs_code rc =
        rs_trained_open(ctx, rs_args_text(args, "run"), rs_args_text(args, "version"), &t, err);
    if (rc) return rc;
    rc = rs_fit_eval_opts(ctx, args, t.split, val ? RS_PART_VAL : RS_PART_TEST, ks, &o, err);
    if (rc) goto done;
    rc = rs_eval_run(t.bundle->model, t.split, &o, &ctx->task, &e, err);
    if (rc) goto done;
    rc = rs_fit_popularity(ctx, t.split, &popularity, err);
    if (rc) goto done;
    struct rs_eval_opts plain = o;
    plain.beyond = false;
    rc = rs_eval_run(popularity, t.split, &plain, &ctx->task, &baseline, err);
    if (rc) goto done;
    describe(&t, &o, e, out);
    rs_result_set(out, "metrics", means_val(e, true));
    rs_result_set(out, "intervals", intervals_of(e));
    struct rs_val *baselines = rs_result_set(out, "baselines", rs_val_map());
    rs_val_set(baselines, "popularity", means_val(baseline, false));
    show_metrics(e, baseline, out);
    rc = judge(ctx, e, baseline, &o, out, err);
    if (rc) goto done;
    rc = store_evaluation(ctx->store, t.run.id, &o, e, baseline, err);
    if (rc) goto done;
    if (rs_args_text(args, "trec")) {
        rc = write_trec(e, t.split, &o, rs_args_text(args, "trec"), err);
    }
    if (!rc && rs_args_text(args, "out")) {
        rc = write_metrics(e, &o, rs_args_text(args, "out"), err);
    }
done:
    if (rc) rs_wrap(err, "evaluate %s", t.run.id);
    rs_eval_free(baseline);
    rs_eval_free(e);
    rs_model_free(popularity);
    rs_trained_close(&t);
    return rc;
}

/* One side of a comparison: a run's own scores, or its popularity baseline's. */
struct side {
    char label[64];
    char split_fingerprint[65];
    struct rs_user_scores scores;
};

static enum rs_code load_side(struct rs_ctx *ctx, const char *ref, const char *baseline_of,
                              const char *part, const char *metric, struct side *out,
                              struct rs_err *err)
{
    struct rs_store *st;
    struct rs_run run = {0};
    char id[RS_RUN_ID];
    bool baseline = strcmp(ref, "popularity") == 0 && baseline_of;
    struct rs_err unknown = {0};
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    rc = rs_runs_resolve(st, ref, id, &unknown);
    if (!rc) {
        baseline = false;
    } else if (baseline) {
        rc = rs_runs_resolve(st, baseline_of, id, err);
    } else {
        *err = unknown;
    }
    if (rc) return rc;
    rc = rs_runs_get(st, id, &run, err);
    if (rc) return rc;
    if (baseline) {
        snprintf(out->label, sizeof(out->label), "popularity");
    } else {
        snprintf(out->label, sizeof(out->label), "%s (%.40s)", id, run.model);
    }
    snprintf(out->split_fingerprint, sizeof(out->split_fingerprint), "%s", run.split_fingerprint);
    rc = rs_runs_get_scores(st, id, part, NULL, baseline ? "popularity" : "model", metric,
                            &out->scores, err);
    rs_run_clear(&run);
    return rc;
}

static enum rs_code check_pair(const struct side *a, const struct side *b, struct rs_err *err)
{
    bool same =
        strcmp(a->split_fingerprint, b->split_fingerprint) == 0 && a->scores.n == b->scores.n &&
        memcmp(a->scores.users, b->scores.users, (size_t)a->scores.n * sizeof(*a->scores.users)) ==
            0;
    if (same) return RS_OK;
    return rs_fail(
        err, RS_EARG,
        "%s and %s were not evaluated on the same users of the same split: evaluate both on "
        "one split",
        a->label, b->label);
}

static void add_p(struct rs_table *t, double p)
{
    char text[32];
    snprintf(text, sizeof(text), "%.2g", p);
    rs_table_val(t, rs_val_real(p), text);
}

static void add_pair(struct rs_table *t, const struct side *a, const struct side *b,
                     const struct rs_paired *p)
{
    char interval[64];
    rs_interval_text(p->interval, interval, sizeof(interval));
    rs_table_row(t);
    rs_table_str(t, a->label);
    rs_table_str(t, b->label);
    rs_table_real(t, p->mean_a);
    rs_table_real(t, p->mean_b);
    rs_table_real(t, p->difference);
    rs_table_val(t, rs_interval_val(p->interval), interval);
    add_p(t, p->p_value);
    add_p(t, p->p_adjusted);
    rs_table_str(t, p->verdict);
}

static struct rs_table *pair_table(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "a", NULL, RS_LEFT, 0);
    rs_table_column(t, "b", NULL, RS_LEFT, 0);
    rs_table_column(t, "mean_a", "mean a", RS_RIGHT, 4);
    rs_table_column(t, "mean_b", "mean b", RS_RIGHT, 4);
    rs_table_column(t, "difference", "a - b", RS_RIGHT, 4);
    rs_table_column(t, "interval", "95 % interval", RS_LEFT, 0);
    rs_table_column(t, "p_value", "p", RS_RIGHT, 4);
    rs_table_column(t, "p_adjusted", "p Holm", RS_RIGHT, 4);
    rs_table_column(t, "verdict", "a is", RS_LEFT, 0);
    return t;
}

/* Every pair of sides; Holm over all of them. "Better" stays only where the adjusted p agrees. */
static enum rs_code compare_sides(const struct rs_ctx *ctx, const struct side *sides, size_t n,
                                  struct rs_result *out, struct rs_err *err)
{
    size_t n_pairs = n * (n - 1) / 2;
    struct rs_paired *pairs = rs_xalloc(n_pairs, sizeof(*pairs));
    double *p = rs_xalloc(n_pairs, sizeof(*p));
    double *adjusted = rs_xalloc(n_pairs, sizeof(*adjusted));
    enum rs_code rc = RS_OK;
    size_t at = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        for (size_t j = i + 1; j < n && !rc; j++, at++) {
            rc = check_pair(&sides[i], &sides[j], err);
            if (rc) break;
            rc =
                rs_compare_paired(sides[i].scores.scores, sides[j].scores.scores, sides[i].scores.n,
                                  (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
                                  (uint64_t)rs_conf_int(ctx->conf, "eval.seed"), &pairs[at], err);
            p[at] = pairs[at].p_value;
        }
    }
    if (!rc) {
        struct rs_table *t = pair_table();
        rs_holm(p, (int)n_pairs, adjusted);
        at = 0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = i + 1; j < n; j++, at++) {
                pairs[at].p_adjusted = adjusted[at];
                bool claim = pairs[at].verdict[0] == 'b' || pairs[at].verdict[0] == 'w';
                if (n_pairs > 1 && claim && adjusted[at] > 0.05) {
                    pairs[at].verdict = "no proven difference";
                }
                add_pair(t, &sides[i], &sides[j], &pairs[at]);
            }
        }
        rs_result_table(out, "pairs", NULL, t);
    }
    free(adjusted);
    free(p);
    free(pairs);
    return rc;
}

enum rs_code rs_cmd_compare(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                            struct rs_err *err)
{
    const char *metric = rs_args_text(args, "metric");
    const char *part = rs_args_text(args, "part");
    size_t said = rs_args_count(args, "run");
    size_t n = said < 2 ? 2 : said; /* one run stands against its popularity baseline */
    if (n > 50) return rs_fail(err, RS_EARG, "compare: at most 50 runs, got %zu", n);
    if (!metric) {
        metric = rs_conf_text(ctx->conf, "eval.metric");
    }
    struct side *sides = rs_xalloc(n, sizeof(*sides));
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < n && !rc; i++) {
        const char *ref = i < said ? rs_args_nth(args, "run", i) : "popularity";
        rc = load_side(ctx, ref, i > 0 ? rs_args_nth(args, "run", 0) : NULL, part, metric,
                       &sides[i], err);
    }
    if (!rc) {
        rs_val_set_str(out->doc, "metric", metric);
        rs_val_set_str(out->doc, "part", part);
        rs_val_set_int(out->doc, "users", sides[0].scores.n);
        rs_result_say(out, "%s on %s, %lld users", metric, part, (long long)sides[0].scores.n);
        rc = compare_sides(ctx, sides, n, out, err);
    }
    for (size_t i = 0; i < n; i++) {
        rs_user_scores_clear(&sides[i].scores);
    }
    free(sides);
    return rc;
}
