/*
 * run_rows - runs side by side: what a list, a comparison and one run say in rows.
 */
#include "run_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"

enum { ID_SHOWN = 8, VALUE_WIDTH = 9, DELTA_WIDTH = 12 };

/* ---- texts ---- */

static bool lower_is_better_of(const char *metric)
{
    static const char *const lower[] = {"gini", "loss", "peak_rss_bytes", "train_seconds"};
    if (rs_str_starts(metric, "val_")) metric += 4;
    for (size_t i = 0; i < sizeof(lower) / sizeof(lower[0]); i++) {
        if (rs_str_starts(metric, lower[i])) return true;
    }
    return false;
}

const char *tui_metric_text(double v, char buf[32])
{
    double a = fabs(v);
    if (!isfinite(v)) return "";
    if (a >= 1e6) {
        snprintf(buf, 32, "%.3g", v);
    } else {
        snprintf(buf, 32, "%.*f", a >= 1000 ? 0 : a >= 10 ? 2 : 4, v);
    }
    return buf;
}

const char *tui_time_text(int64_t ms, char buf[24])
{
    char full[40];
    if (ms <= 0) return "";
    rs_clock_format(ms, full, sizeof(full));
    snprintf(buf, 24, "%.10s %.5s", full, full + 11);
    return buf;
}

/* ".0008", "12.3": no zero before the point. */
static void short_number(double v, int digits, char buf[32])
{
    snprintf(buf, 32, "%.*f", digits, v);
    if (buf[0] == '0' && buf[1] == '.') memmove(buf, buf + 1, strlen(buf));
}

const char *tui_delta_text(double value, double base, double p, bool lower_is_better,
                           enum tui_delta_form form, char buf[48], enum tui_role *role_out)
{
    char number[32];
    const char *sure = isnan(p) ? "" : p < 0.01 ? " **" : p < 0.05 ? " *" : " ~";
    double d = value - base;
    *role_out = TUI_DIM;
    if (!isfinite(d)) return "";
    if (d == 0) return "=";
    bool better = (d > 0) != lower_is_better;
    if (!isnan(p) && p < 0.05) *role_out = better ? TUI_BETTER : TUI_WORSE;
    if (isnan(p)) *role_out = TUI_TEXT;
    const char *way = better ? "^" : "v";
    if (form == TUI_P) {
        short_number(p, p < 0.001 ? 4 : p < 0.1 ? 3 : 2, number);
        snprintf(buf, 48, "%s %s%s%s", way,
                 isnan(p)     ? ""
                 : p < 0.0001 ? "p<"
                              : "p",
                 isnan(p)     ? "p -"
                 : p < 0.0001 ? ".0001"
                              : number,
                 sure);
    } else if (form == TUI_PERCENT && base != 0) {
        snprintf(buf, 48, "%s %+.1f%%%s", way, 100 * d / fabs(base), sure);
    } else {
        double a = fabs(d);
        short_number(a, a >= 100 ? 0 : a >= 10 ? 2 : 4, number);
        snprintf(buf, 48, "%s %c%s%s", way, d > 0 ? '+' : '-', number, sure);
    }
    return buf;
}

static const char *value_text(const struct rs_val *v, char *buf, size_t size)
{
    struct rs_str s;
    if (!v || v->type == RS_VAL_NULL) return "";
    if (v->type == RS_VAL_STR) return v->s;
    rs_str_init(&s, 0);
    if (v->type == RS_VAL_REAL) {
        rs_str_add_float(&s, (float)v->r);
    } else {
        rs_json_print(v, 0, &s);
    }
    snprintf(buf, size, "%s", rs_str_text(&s));
    rs_str_clear(&s);
    return buf;
}

static double number_of(const struct rs_val *v)
{
    if (v && v->type == RS_VAL_INT) return (double)v->i;
    return v && v->type == RS_VAL_REAL ? v->r : (double)NAN;
}

static double metric_of(const struct rs_val *run, const char *name)
{
    const struct rs_val *metrics = run ? rs_val_get(run, "metrics") : NULL;
    return metrics ? number_of(rs_val_get(metrics, name)) : (double)NAN;
}

/* "ndcg_at_10" as "ndcg@10": how a metric is shown. */
static const char *metric_title(const char *name, char buf[48])
{
    const char *at = strstr(name, "_at_");
    if (at) {
        snprintf(buf, 48, "%.*s@%s", (int)(at - name), name, at + 4);
    } else {
        snprintf(buf, 48, "%s", name);
    }
    return buf;
}

bool tui_metric_beside(const char *name, const char *metric)
{
    const char *a = strstr(name, "_at_");
    const char *b = strstr(metric, "_at_");
    if (rs_str_starts(name, "val_")) return false;
    return !a || !b || strcmp(a, b) == 0;
}

const struct rs_val *tui_run_of(const struct rs_val *runs, const char *id)
{
    for (size_t i = 0; runs && i < runs->n; i++) {
        if (strcmp(rs_val_get_str(runs->items[i], "run_id", ""), id) == 0) return runs->items[i];
    }
    return NULL;
}

static double p_of(const struct tui_compared *c, const char *metric, const char *run)
{
    if (!c || !c->doc || strcmp(rs_val_get_str(c->doc, "base", ""), c->base) != 0)
        return (double)NAN;
    const struct rs_val *metrics = rs_val_get(c->doc, "metrics");
    const struct rs_val *of = metrics ? rs_val_get(metrics, metric) : NULL;
    return of ? number_of(rs_val_get(of, run)) : (double)NAN;
}

/* ---- keys of many runs ---- */

/* Union of the keys that the maps under `part` have, as they come: a map key -> the first value. */
static struct rs_val *keys_of(const struct rs_val *runs, const char *part)
{
    struct rs_val *keys = rs_val_map();
    for (size_t i = 0; i < runs->n; i++) {
        const struct rs_val *map = rs_val_get(runs->items[i], part);
        for (size_t k = 0; map && k < map->n; k++) {
            if (!rs_val_get(keys, map->keys[k]))
                rs_val_set(keys, map->keys[k], rs_val_copy(map->items[k]));
        }
    }
    return keys;
}

/* A parameter that all have, and with one value, tells nothing. */
static bool varies(const struct rs_val *runs, const char *key, const struct rs_val *first)
{
    for (size_t i = 0; i < runs->n; i++) {
        const struct rs_val *map = rs_val_get(runs->items[i], "params");
        const struct rs_val *v = map ? rs_val_get(map, key) : NULL;
        if (!v || !rs_val_equal(v, first)) return true;
    }
    return false;
}

/* ---- the list of runs ---- */

struct run_columns {
    const char *metric;
    char second[64];       /* recall at the same cut-off; "": the runs do not have it */
    struct rs_val *params; /* those that vary */
    struct rs_val *others; /* metrics behind the two */
};

static void choose_columns(struct run_columns *k, const struct rs_val *runs, const char *metric)
{
    struct rs_val *params = keys_of(runs, "params");
    struct rs_val *metrics = keys_of(runs, "metrics");
    const char *at = strstr(metric, "_at_");
    k->metric = metric;
    snprintf(k->second, sizeof(k->second), "recall%s", at ? at : "");
    if (!rs_val_get(metrics, k->second) || strcmp(k->second, metric) == 0) k->second[0] = '\0';
    k->params = rs_val_map();
    k->others = rs_val_map();
    for (size_t i = 0; i < params->n; i++) {
        if (varies(runs, params->keys[i], params->items[i]))
            rs_val_set_bool(k->params, params->keys[i], true);
    }
    for (size_t i = 0; i < metrics->n; i++) {
        const char *name = metrics->keys[i];
        if (!tui_metric_beside(name, metric) || strcmp(name, metric) == 0 ||
            strcmp(name, k->second) == 0)
            continue;
        rs_val_set_bool(k->others, name, true);
    }
    rs_val_free(params);
    rs_val_free(metrics);
}

static int width_of(const char *title, int least)
{
    int n = (int)strlen(title);
    return n > least ? n : least;
}

static void add_metric_columns(struct tui_sheet *s, const char *metric)
{
    char title[48];
    metric_title(metric, title);
    tui_sheet_column(s, metric, title, width_of(title, VALUE_WIDTH - 1), TUI_NUMBER);
    char *delta = rs_xprintf("%s.delta", metric);
    tui_sheet_column(s, delta, "vs base", DELTA_WIDTH, TUI_NUMBER);
    free(delta);
}

static void add_columns(struct tui_sheet *s, const struct run_columns *k)
{
    char title[48];
    tui_sheet_column(s, "run", "run", ID_SHOWN, TUI_FROZEN);
    tui_sheet_column(s, "model", "model", 10, 0);
    add_metric_columns(s, k->metric);
    if (k->second[0]) add_metric_columns(s, k->second);
    tui_sheet_column(s, "started", "started", 16, 0);
    tui_sheet_column(s, "state", "state", 14, 0);
    tui_sheet_column(s, "name", "name", 12, 0);
    for (size_t i = 0; i < k->params->n; i++) {
        tui_sheet_column(s, k->params->keys[i], k->params->keys[i], width_of(k->params->keys[i], 8),
                         TUI_NUMBER);
    }
    for (size_t i = 0; i < k->others->n; i++) {
        metric_title(k->others->keys[i], title);
        tui_sheet_column(s, k->others->keys[i], title, width_of(title, VALUE_WIDTH), TUI_NUMBER);
    }
    tui_sheet_column(s, "split", "split", 28, 0);
}

static void add_metric(struct tui_sheet *s, const struct rs_val *run, const char *metric)
{
    char buf[32];
    double v = metric_of(run, metric);
    tui_sheet_number(s, tui_metric_text(v, buf), v, TUI_TEXT);
}

static void add_against_base(struct tui_sheet *s, const struct rs_val *run,
                             const struct rs_val *base, const char *metric,
                             const struct tui_compared *c)
{
    char buf[48];
    enum tui_role role;
    const char *id = rs_val_get_str(run, "run_id", "");
    add_metric(s, run, metric);
    if (run == base) {
        tui_sheet_text(s, "base", TUI_KEY);
        return;
    }
    double v = metric_of(run, metric);
    double from = metric_of(base, metric);
    const char *text = tui_delta_text(v, from, p_of(c, metric, id), lower_is_better_of(metric),
                                      c->form, buf, &role);
    tui_sheet_number(s, text, v - from, role);
}

static void add_run(struct tui_sheet *s, const struct rs_val *run, const struct rs_val *base,
                    const struct rs_val *stands, const struct run_columns *k,
                    const struct tui_compared *c)
{
    char buf[48];
    const char *id = rs_val_get_str(run, "run_id", "");
    const char *state = rs_val_get_str(run, "state", "");
    const char *stand = stands ? rs_val_get_str(stands, id, NULL) : NULL;
    int64_t started = rs_val_get_int(run, "started_ms", 0);
    const struct rs_val *params = rs_val_get(run, "params");
    snprintf(buf, sizeof(buf), "%.*s", ID_SHOWN, id);
    tui_sheet_row(s, id);
    tui_sheet_text(s, buf, TUI_TEXT);
    tui_sheet_text(s, rs_val_get_str(run, "model", ""), TUI_TEXT);
    add_against_base(s, run, base, k->metric, c);
    if (k->second[0]) add_against_base(s, run, base, k->second, c);
    tui_sheet_number(s, tui_time_text(started, buf), (double)started, TUI_DIM);
    bool failed = strcmp(state, "failed") == 0 || strcmp(state, "lost") == 0;
    tui_sheet_text(s, stand ? stand : state, stand ? TUI_KEY : failed ? TUI_ERROR : TUI_TEXT);
    tui_sheet_text(s, rs_val_get_str(run, "name", ""), TUI_TEXT);
    for (size_t i = 0; i < k->params->n; i++) {
        const struct rs_val *v = params ? rs_val_get(params, k->params->keys[i]) : NULL;
        tui_sheet_number(s, value_text(v, buf, sizeof(buf)), number_of(v), TUI_TEXT);
    }
    for (size_t i = 0; i < k->others->n; i++) {
        add_metric(s, run, k->others->keys[i]);
    }
    char *split =
        rs_xprintf("%s/%s", rs_val_get_str(run, "dataset", ""), rs_val_get_str(run, "split", ""));
    tui_sheet_text(s, split, TUI_DIM);
    free(split);
}

struct tui_rows *tui_run_rows(const struct rs_val *runs, const struct rs_val *stands,
                              const char *metric, const struct tui_compared *c)
{
    struct run_columns k;
    struct tui_sheet *s = tui_sheet_new();
    const struct rs_val *base = tui_run_of(runs, c->base);
    choose_columns(&k, runs, metric);
    add_columns(s, &k);
    for (size_t i = 0; i < runs->n; i++) {
        add_run(s, runs->items[i], base, stands, &k, c);
    }
    rs_val_free(k.params);
    rs_val_free(k.others);
    return tui_sheet_rows(s);
}

/* ---- some runs side by side ---- */

struct compare {
    struct tui_sheet *s;
    const struct rs_val *runs[TUI_MAX_COMPARED];
    int n;
    const struct tui_compared *c;
    bool only_different;
    int *n_out;
};

/* Counts the row; true: it is shown. */
static bool begin_row(struct compare *k, const char *name, bool differs)
{
    k->n_out[1]++;
    if (differs) k->n_out[0]++;
    if (k->only_different && !differs) return false;
    char title[48];
    tui_sheet_row(k->s, name);
    tui_sheet_text(k->s, metric_title(name, title), TUI_TEXT);
    return true;
}

static void compare_values(struct compare *k, const char *part, const char *name)
{
    char buf[64];
    const struct rs_val *v[TUI_MAX_COMPARED];
    bool differs = false;
    for (int i = 0; i < k->n; i++) {
        const struct rs_val *map = part ? rs_val_get(k->runs[i], part) : k->runs[i];
        v[i] = map ? rs_val_get(map, name) : NULL;
        differs = differs || !v[i] != !v[0] || (v[i] && !rs_val_equal(v[i], v[0]));
    }
    if (!begin_row(k, name, differs)) return;
    for (int i = 0; i < k->n; i++) {
        tui_sheet_number(k->s, value_text(v[i], buf, sizeof(buf)), number_of(v[i]), TUI_TEXT);
    }
}

static void compare_metric(struct compare *k, const char *name)
{
    char value[32];
    char delta[48];
    double base = metric_of(k->runs[0], name);
    bool differs = false;
    for (int i = 1; i < k->n; i++) {
        double v = metric_of(k->runs[i], name);
        differs = differs || isnan(v) != isnan(base) || (!isnan(v) && v != base);
    }
    if (!begin_row(k, name, differs)) return;
    tui_sheet_number(k->s, tui_metric_text(base, value), base, TUI_TEXT);
    for (int i = 1; i < k->n; i++) {
        enum tui_role role;
        double v = metric_of(k->runs[i], name);
        double p = p_of(k->c, name, rs_val_get_str(k->runs[i], "run_id", ""));
        const char *d =
            tui_delta_text(v, base, p, lower_is_better_of(name), k->c->form, delta, &role);
        char *text = rs_xprintf("%s %s", tui_metric_text(v, value), d);
        tui_sheet_number(k->s, isnan(v) ? "" : text, v, isnan(base) ? TUI_TEXT : role);
        free(text);
    }
}

/* The metric that counts comes first: what is asked is which run is better, then why. */
static void compare_all(struct compare *k, const struct rs_val *some, const char *metric)
{
    struct rs_val *params = keys_of(some, "params");
    struct rs_val *metrics = keys_of(some, "metrics");
    compare_values(k, NULL, "model");
    compare_metric(k, metric);
    for (size_t i = 0; i < params->n; i++) {
        compare_values(k, "params", params->keys[i]);
    }
    for (size_t i = 0; i < metrics->n; i++) {
        const char *name = metrics->keys[i];
        if (strcmp(name, metric) != 0 && tui_metric_beside(name, metric)) compare_metric(k, name);
    }
    compare_values(k, NULL, "split");
    rs_val_free(params);
    rs_val_free(metrics);
}

struct tui_rows *tui_compare_rows(const struct rs_val *runs, const char *const *ids, int n,
                                  const char *metric, const struct tui_compared *c,
                                  bool only_different, int n_out[2])
{
    struct compare k = {
        .s = tui_sheet_new(), .c = c, .only_different = only_different, .n_out = n_out};
    struct rs_val *some = rs_val_list();
    n_out[0] = n_out[1] = 0;
    tui_sheet_column(k.s, "what", "", 20, TUI_FROZEN);
    for (int i = 0; i < n && k.n < TUI_MAX_COMPARED; i++) {
        char title[48];
        const struct rs_val *run = tui_run_of(runs, ids[i]);
        if (!run) continue;
        snprintf(title, sizeof(title), "%s%.*s", k.n == 0 ? "b " : "", ID_SHOWN, ids[i]);
        tui_sheet_column(k.s, ids[i], title, k.n == 0 ? 12 : 19, 0);
        k.runs[k.n++] = run;
        rs_val_push(some, rs_val_copy(run));
    }
    if (k.n > 0) compare_all(&k, some, metric);
    rs_val_free(some);
    return tui_sheet_rows(k.s);
}

/* ---- one run ---- */

static const char *interval_text(const struct rs_val *v, char buf[48])
{
    const struct rs_val *lo = v && v->type == RS_VAL_LIST && v->n == 2 ? v->items[0] : NULL;
    if (!lo) return "";
    snprintf(buf, 48, "[%.4f, %.4f]", number_of(lo), number_of(v->items[1]));
    return buf;
}

static void add_evaluated(struct tui_sheet *s, const struct rs_val *m)
{
    char buf[48];
    char delta[48];
    enum tui_role role = TUI_DIM;
    const char *name = rs_val_get_str(m, "metric", "");
    const char *verdict = rs_val_get_str(m, "verdict", "");
    double value = number_of(rs_val_get(m, "value"));
    double by = number_of(rs_val_get(m, "popularity"));
    tui_sheet_row(s, name);
    tui_sheet_text(s, metric_title(name, buf), TUI_TEXT);
    tui_sheet_number(s, tui_metric_text(value, buf), value, TUI_TEXT);
    tui_sheet_text(s, interval_text(rs_val_get(m, "interval"), buf), TUI_DIM);
    tui_sheet_number(s, tui_metric_text(by, buf), by, TUI_DIM);
    const char *d =
        tui_delta_text(value, by, (double)NAN, lower_is_better_of(name), TUI_DELTA, delta, &role);
    if (strcmp(verdict, "better") == 0) role = TUI_BETTER;
    if (strcmp(verdict, "worse") == 0) role = TUI_WORSE;
    tui_sheet_number(s, d, value - by, role);
    tui_sheet_text(s, interval_text(rs_val_get(m, "difference_interval"), buf), TUI_DIM);
    tui_sheet_text(s, verdict, role);
}

static const struct rs_val *evaluated_of(const struct rs_val *evaluated, const char *metric)
{
    for (size_t i = 0; evaluated && i < evaluated->n; i++) {
        const struct rs_val *m = evaluated->items[i];
        if (strcmp(rs_val_get_str(m, "metric", ""), metric) == 0) return m;
    }
    return NULL;
}

/* Those at the cut-off of `metric`, that one on top, or the others. */
static void add_metrics(struct tui_sheet *s, const struct rs_val *run, const char *metric,
                        bool beside)
{
    const struct rs_val *evaluated = rs_val_at(run, "evaluation.metrics");
    const struct rs_val *all = rs_val_get(run, "metrics");
    char title[48];
    for (int top = beside ? 1 : 0; top >= 0; top--) {
        for (size_t i = 0; all && i < all->n; i++) {
            const char *name = all->keys[i];
            if (beside != tui_metric_beside(name, metric)) continue;
            if (beside && (strcmp(name, metric) == 0) != top) continue;
            const struct rs_val *m = evaluated_of(evaluated, name);
            if (m) {
                add_evaluated(s, m);
                continue;
            }
            tui_sheet_row(s, name);
            tui_sheet_text(s, metric_title(name, title), TUI_TEXT);
            add_metric(s, run, name);
        }
    }
}

struct tui_rows *tui_metric_rows(const struct rs_val *run, const char *metric)
{
    struct tui_sheet *s = tui_sheet_new();
    tui_sheet_column(s, "metric", "metric", 18, TUI_FROZEN);
    tui_sheet_column(s, "value", "value", VALUE_WIDTH - 1, TUI_NUMBER);
    tui_sheet_column(s, "interval", "95 % interval", 16, 0);
    tui_sheet_column(s, "popularity", "popularity", 10, TUI_NUMBER);
    tui_sheet_column(s, "difference", "difference", DELTA_WIDTH, TUI_NUMBER);
    tui_sheet_column(s, "difference_interval", "95 % interval", 18, 0);
    tui_sheet_column(s, "verdict", "verdict", 20, 0);
    add_metrics(s, run, metric, true);
    add_metrics(s, run, metric, false);
    return tui_sheet_rows(s);
}

struct tui_rows *tui_param_rows(const struct rs_val *run)
{
    char buf[256];
    struct tui_sheet *s = tui_sheet_new();
    const struct rs_val *params = rs_val_get(run, "params");
    tui_sheet_column(s, "parameter", "parameter", 26, TUI_FROZEN);
    tui_sheet_column(s, "value", "value", 20, TUI_GROWS);
    for (size_t i = 0; params && i < params->n; i++) {
        const struct rs_val *v = params->items[i];
        tui_sheet_row(s, params->keys[i]);
        tui_sheet_text(s, params->keys[i], TUI_TEXT);
        tui_sheet_number(s, value_text(v, buf, sizeof(buf)), number_of(v), TUI_TEXT);
    }
    return tui_sheet_rows(s);
}
