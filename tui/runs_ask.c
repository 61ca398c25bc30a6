/*
 * runs_ask - what the screen of runs asks of commands, on the worker.
 */
#include "runs_ask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "registry_view.h"
#include "rs/base/mem.h"
#include "run_rows.h"

/* {run_id: "@production v7"} of the registered ones. */
static struct rs_val *stands_of(const struct rs_val *versions)
{
    struct rs_val *out = rs_val_map();
    for (size_t i = 0; versions && i < versions->n; i++) {
        const struct rs_val *v = versions->items[i];
        const struct rs_val *aliases = rs_val_get(v, "aliases");
        const char *run = rs_val_get_str(v, "run_id", "");
        if (rs_val_get(out, run)) continue; /* newest first: that one counts */
        bool alias = aliases && aliases->n > 0;
        char *text = rs_xprintf("%s%s%sv%lld", alias ? "@" : "", alias ? aliases->items[0]->s : "",
                                alias ? " " : "", (long long)rs_val_get_int(v, "version", 0));
        rs_val_set_str(out, run, text);
        free(text);
    }
    return out;
}

enum rs_code tui_work_runs(struct tui_work *w, struct rs_err *err)
{
    static const char *const all[] = {"--limit", "1000000"};
    struct rs_val *out = rs_val_map();
    struct rs_val *versions = NULL;
    rs_val_set_str(out, "metric", rs_conf_text(w->ctx->conf, "eval.metric"));
    w->out = out;
    enum rs_code rc = tui_call(w, "run list", all, 2, "runs", out, err);
    if (rc) return rc;
    struct rs_val *registry = rs_val_map();
    rc = tui_call(w, "model list", NULL, 0, "versions", registry, err);
    versions = rs_val_get(registry, "versions");
    if (!rc) rs_val_set(out, "stands", stands_of(versions));
    rs_val_free(registry);
    return rc;
}

void tui_comparing_free(void *in)
{
    struct tui_comparing *c = in;
    tui_words_free(c->ids);
    rs_val_free(c->metrics);
    free(c->metric);
    free(c);
}

/* p of each run against the base, as adjusted over all pairs. */
static struct rs_val *p_of(const struct tui_comparing *c, const struct rs_val *pairs)
{
    struct rs_val *p = rs_val_map();
    for (size_t i = 0; pairs && i < pairs->n && i + 1 < (size_t)c->n; i++) {
        rs_val_set_real(p, c->ids[i + 1], /* pairs with the first run come first, in order */
                        rs_val_get_real(pairs->items[i], "p_adjusted", (double)NAN));
    }
    return p;
}

enum rs_code tui_work_compare(struct tui_work *w, struct rs_err *err)
{
    const struct tui_comparing *c = w->in;
    struct rs_val *out = rs_val_map();
    struct rs_val *metrics = rs_val_set(out, "metrics", rs_val_map());
    const char *words[TUI_MAX_COMPARED + 2];
    size_t n = 0;
    w->out = out;
    rs_val_set_str(out, "base", c->ids[0]);
    for (; n < (size_t)c->n; n++) {
        words[n] = c->ids[n];
    }
    words[n++] = "--metric";
    for (size_t i = 0; i < c->metrics->n; i++) {
        struct rs_err why = {0};
        struct rs_val *doc = rs_val_map();
        const char *metric = c->metrics->keys[i];
        words[n] = metric;
        if (rs_task_cancelled(w->task)) {
            rs_val_free(doc);
            return rs_fail(err, RS_ECANCEL, "compare runs: cancelled");
        }
        enum rs_code rc = tui_call(w, "compare", words, n + 1, NULL, doc, &why);
        if (!rc) {
            rs_val_set(metrics, metric, p_of(c, rs_val_get(doc, "pairs")));
            rs_val_set_int(out, "users", rs_val_get_int(doc, "users", 0));
        } else if (strcmp(metric, c->metric) == 0) {
            rs_val_set_str(out, "why", why.msg); /* others may have no scores of users */
        }
        rs_val_free(doc);
    }
    return RS_OK;
}
