/*
 * cmd_pipeline - every stage from data to a promoted model; what is up to date is skipped, and each
 * stage says why it ran or not.
 *
 * The model is chosen on the validation part alone; the test part is looked at once, for the
 * figures that are printed and for the gate.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"
#include "rs/data/fetch.h"
#include "rs/eval/stats.h"
#include "rs/registry/versions.h"
#include "rs/tracking/runs.h"

#include "pipeline.h"
#include "stage.h"

/* Plain overrides of the command, passed on; those of the model only to the model they are for. */
static size_t add_overrides(const struct rs_pipeline *p, const char **words, size_t n, bool model)
{
    size_t count;
    const char *const *o = rs_args_overrides(p->args, &count);
    for (size_t i = 0; i < count; i++) {
        const char *key = o[i] + strspn(o[i], "+~");
        bool of_model = strncmp(key, "model", 5) == 0 && (key[5] == '.' || key[5] == '=');
        if (of_model && (!model || key[5] == '=')) continue;
        words[n++] = o[i];
    }
    return n;
}

static void add_stage(struct rs_pipeline *p, const char *stage, const char *did, double seconds,
                      const char *why)
{
    rs_table_row(p->table);
    rs_table_str(p->table, stage);
    rs_table_str(p->table, did);
    rs_table_real(p->table, seconds);
    rs_table_str(p->table, why);
}

/* Run one stage by its command; result NULL: not kept. */
static enum rs_code run_stage(struct rs_pipeline *p, const char *label, const char *why,
                              const char *command, const char **words, size_t n, bool model,
                              struct rs_result *result, struct rs_err *err)
{
    struct rs_result own;
    rs_result_init(&own);
    if (rs_command_named(command)->flags & RS_CMD_OVERRIDES) {
        n = add_overrides(p, words, n, model);
    }
    int64_t begun = rs_clock_mono_ns();
    enum rs_code rc = rs_ctx_call(p->ctx, command, words, n, result ? result : &own, err);
    double seconds = (double)(rs_clock_mono_ns() - begun) / 1e9;
    rs_result_clear(&own);
    if (rc) return rc == RS_EREFUSED ? rc : rs_wrap(err, "%s", label); /* a refusal says it all */
    rs_log(RS_LOG_INFO, "pipeline", "stage=\"%s\" seconds=%.3f why=\"%s\"", label, seconds, why);
    add_stage(p, label, "ran", seconds, why);
    p->ran++;
    return RS_OK;
}

static void skip_stage(struct rs_pipeline *p, const char *label, const char *why)
{
    add_stage(p, label, "skipped", (double)NAN, why);
}

/* Is there something to fetch for this name, or did its rows come by import? */
static bool can_fetch(const struct rs_pipeline *p)
{
    char *dir = rs_ctx_path(p->ctx, "data/raw/%s", p->dataset);
    bool known = rs_known_set_find(p->dataset) || rs_str_starts(p->dataset, "synthetic");
    bool there = rs_fs_is_dir(dir);
    free(dir);
    return (known || there) && !rs_stage_is_imported(p->ctx, p->dataset);
}

static enum rs_code fetch(struct rs_pipeline *p, struct rs_err *err)
{
    struct rs_raw_files raw = {0};
    struct rs_err none = {0};
    if (!can_fetch(p)) {
        skip_stage(p, "fetch", "imported");
        return RS_OK;
    }
    if (!rs_stage_raw_files(p->ctx, p->dataset, &raw, &none)) {
        rs_raw_files_clear(&raw);
        skip_stage(p, "fetch", "the files are there");
        return RS_OK;
    }
    const char *words[RS_PIPELINE_WORDS] = {"--dataset", p->dataset};
    return run_stage(p, "fetch", "not fetched yet", "data fetch", words, 2, false, NULL, err);
}

static enum rs_code prepare(struct rs_pipeline *p, struct rs_err *err)
{
    char *why = rs_stage_why_prepare(p->ctx, p->dataset);
    enum rs_code rc = RS_OK;
    if (why[0] || (p->force && can_fetch(p))) {
        const char *words[RS_PIPELINE_WORDS] = {"--dataset", p->dataset};
        rc = run_stage(p, "prepare", why[0] ? why : "--force", "data prepare", words, 2, false,
                       NULL, err);
    } else {
        skip_stage(p, "prepare", "up to date");
    }
    free(why);
    return rc;
}

static enum rs_code split(struct rs_pipeline *p, struct rs_err *err)
{
    enum rs_protocol protocol = RS_USER_TEMPORAL;
    bool cut = rs_protocol_parse(p->split, &protocol) && protocol != RS_GIVEN;
    struct rs_split_opts o = rs_stage_split_opts(p->ctx, protocol);
    char *why = cut ? rs_stage_why_split(p->ctx, p->dataset, p->split, &o) : rs_xstrdup("");
    enum rs_code rc = RS_OK;
    if (cut && (why[0] || p->force)) {
        const char *words[RS_PIPELINE_WORDS] = {"--dataset", p->dataset, "--protocol", p->split};
        rc = run_stage(p, "split", why[0] ? why : "--force", "data split", words, 4, false, NULL,
                       err);
    } else {
        skip_stage(p, "split", "up to date");
    }
    free(why);
    return rc;
}

static enum rs_code features(struct rs_pipeline *p, struct rs_err *err)
{
    char *why = rs_stage_why_features(p->ctx, p->dataset, p->split);
    enum rs_code rc = RS_OK;
    if (why[0] || p->force) {
        const char *words[RS_PIPELINE_WORDS] = {"--dataset", p->dataset, "--split", p->split};
        rc = run_stage(p, "features", why[0] ? why : "--force", "features build", words, 4, false,
                       NULL, err);
    } else {
        skip_stage(p, "features", "up to date");
    }
    free(why);
    return rc;
}

/* The finished run of this model with these settings on this split, if its bundle is there. */
static enum rs_code find_run(struct rs_pipeline *p, struct rs_pipeline_model *m, const char **words,
                             size_t n, struct rs_err *err)
{
    struct rs_conf *conf = NULL;
    struct rs_split *s = NULL;
    struct rs_run run = {0};
    struct rs_err none = {0};
    struct rs_val *params = NULL;
    struct rs_bundle *b = NULL;
    char *path = NULL;
    m->run_id[0] = '\0';
    m->why = "no run with these settings";
    enum rs_code rc = rs_ctx_conf_for(p->ctx, "train", words, n, &conf, err);
    if (rc) return rc;
    if (rs_ctx_split(p->ctx, p->dataset, p->split, &s, &none)) goto done;
    params = rs_values_to_map(rs_conf_picked(conf, "model"));
    if (rs_runs_find_same(p->ctx->store, m->name, s->fingerprint,
                          (uint64_t)rs_conf_int(conf, "train.seed"), params, m->run_id, &none)) {
        m->run_id[0] = '\0';
        goto done;
    }
    rc = rs_runs_get(p->ctx->store, m->run_id, &run, err);
    if (rc) goto done;
    path = rs_ctx_bundle_path(p->ctx, run.bundle);
    if (rs_bundle_open(path, &b, &none)) {
        m->run_id[0] = '\0';
        m->why = none.code == RS_ENOTFOUND ? "its bundle is gone" : "its bundle is damaged";
    } else if (rs_val_get_real(b->info, "threshold", 0) !=
               rs_stage_threshold(p->ctx, s->train.values, s->train.nnz)) {
        m->run_id[0] = '\0';
        m->why = "the relevance threshold changed";
    }
done:
    rs_bundle_close(b);
    free(path);
    rs_run_clear(&run);
    rs_val_free(params);
    rs_split_close(s);
    rs_conf_free(conf);
    return rc;
}

/* The arguments of a model's training; overrides of a model only for the one that is configured. */
static size_t train_words(const struct rs_pipeline *p, const struct rs_pipeline_model *m,
                          const char **words, bool *selected_out)
{
    const char *const fixed[] = {"--model", m->name,  "--dataset", p->dataset,
                                 "--split", p->split, "--name",    m->name};
    memcpy(words, fixed, sizeof(fixed));
    *selected_out = strcmp(rs_conf_text(p->ctx->conf, "model.name"), m->name) == 0;
    return sizeof(fixed) / sizeof(*fixed);
}

static enum rs_code train(struct rs_pipeline *p, struct rs_pipeline_model *m, struct rs_err *err)
{
    const char *words[RS_PIPELINE_WORDS];
    bool selected;
    size_t n = train_words(p, m, words, &selected);
    char *label = rs_xprintf("train %s", m->name);
    enum rs_code rc = find_run(p, m, words, add_overrides(p, words, n, selected), err);
    if (!rc && m->run_id[0] && !p->force) {
        skip_stage(p, label, "a run with these settings is there");
    } else if (!rc) {
        struct rs_result r;
        rs_result_init(&r);
        rc = run_stage(p, label, p->force ? "--force" : m->why, "train", words, n, selected, &r,
                       err);
        if (!rc) {
            const char *id = rs_val_get_str(r.doc, "run_id", "");
            memcpy(m->run_id, id, strnlen(id, RS_RUN_ID - 1) + 1);
        }
        rs_result_clear(&r);
    }
    free(label);
    return rc;
}

static bool has_scores(struct rs_pipeline *p, const char *run_id, const char *part,
                       const char *metric)
{
    struct rs_user_scores scores = {0};
    struct rs_err none = {0};
    const char *exclude = rs_conf_text(p->ctx->conf, "eval.exclude");
    bool there =
        !rs_runs_get_scores(p->ctx->store, run_id, part, exclude, "model", metric, &scores, &none);
    rs_user_scores_clear(&scores);
    return there;
}

/* Does the store have the scores of a run on a part, at every length of list that is asked for? */
static bool is_evaluated(struct rs_pipeline *p, const char *run_id, const char *part)
{
    size_t n;
    const int64_t *ks = rs_conf_ints(p->ctx->conf, "eval.k", &n);
    bool there = has_scores(p, run_id, part, rs_conf_text(p->ctx->conf, "eval.metric"));
    for (size_t i = 0; i < n && there; i++) {
        char *metric = rs_xprintf("ndcg_at_%lld", (long long)ks[i]);
        there = has_scores(p, run_id, part, metric);
        free(metric);
    }
    return there;
}

/* What the evaluation of a model leaves for people and DVC; the caller frees. */
static char *metrics_file(const struct rs_pipeline *p, const struct rs_pipeline_model *m,
                          const char *part)
{
    return rs_ctx_path(p->ctx, "metrics/%s-%s.json", m->name, part);
}

static bool is_fresh(struct rs_pipeline *p, const struct rs_pipeline_model *m, const char *part)
{
    char *file = metrics_file(p, m, part);
    bool fresh = is_evaluated(p, m->run_id, part) && rs_fs_exists(file);
    free(file);
    return fresh;
}

static enum rs_code evaluate(struct rs_pipeline *p, struct rs_pipeline_model *m, const char *part,
                             struct rs_err *err)
{
    char *label = rs_xprintf("evaluate %s on %s", m->name, part);
    char *file = metrics_file(p, m, part);
    char *dir = rs_ctx_path(p->ctx, "metrics");
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    if (!rc && is_fresh(p, m, part) && !p->force) {
        skip_stage(p, label, "the store has it");
    } else if (!rc) {
        const char *words[RS_PIPELINE_WORDS] = {"--run", m->run_id, "--part", part, "--out", file};
        rc = run_stage(p, label, p->force ? "--force" : "not evaluated yet", "evaluate", words, 6,
                       false, NULL, err);
    }
    free(dir);
    free(file);
    free(label);
    return rc;
}

/* Does the split hold validation rows to choose by? */
static enum rs_code has_validation(struct rs_pipeline *p, bool *out, struct rs_err *err)
{
    struct rs_split *s = NULL;
    enum rs_code rc = rs_ctx_split(p->ctx, p->dataset, p->split, &s, err);
    if (rc) return rc;
    *out = s->val.nnz > 0;
    rs_split_close(s);
    return RS_OK;
}

static enum rs_code choose(struct rs_pipeline *p, struct rs_err *err)
{
    char *name = rs_xprintf("%s%s", p->by_validation ? "val_" : "",
                            rs_conf_text(p->ctx->conf, "eval.metric"));
    enum rs_code rc = RS_OK;
    p->best = 0;
    for (size_t i = 0; i < p->n_models && !rc; i++) {
        struct rs_val *metrics = NULL;
        rc = rs_runs_metrics(p->ctx->store, p->models[i].run_id, &metrics, err);
        if (!rc) {
            p->models[i].choice = rs_val_get_real(metrics, name, -1);
        }
        rs_val_free(metrics);
        if (p->models[i].choice > p->models[p->best].choice) {
            p->best = i;
        }
    }
    free(name);
    return rc;
}

static enum rs_code all_models(struct rs_pipeline *p, struct rs_err *err)
{
    enum rs_code rc = has_validation(p, &p->by_validation, err);
    for (size_t i = 0; i < p->n_models && !rc; i++) {
        rc = train(p, &p->models[i], err);
        if (!rc && p->by_validation) rc = evaluate(p, &p->models[i], "val", err);
        if (!rc) rc = evaluate(p, &p->models[i], "test", err);
    }
    return rc ? rc : choose(p, err);
}

static enum rs_code register_best(struct rs_pipeline *p, struct rs_err *err)
{
    const struct rs_pipeline_model *m = &p->models[p->best];
    struct rs_err none = {0};
    char *label = rs_xprintf("register %s", m->name);
    enum rs_code rc = RS_OK;
    if (!rs_versions_resolve(p->ctx->store, m->run_id, &p->version, &none)) {
        skip_stage(p, label, "it is registered");
    } else {
        const char *words[RS_PIPELINE_WORDS] = {"--run", m->run_id};
        rc = run_stage(p, label, rs_pipeline_choice(p), "model register", words, 2, false, NULL,
                       err);
        if (!rc) rc = rs_versions_resolve(p->ctx->store, m->run_id, &p->version, err);
    }
    free(label);
    return rc;
}

/* A refusal of the gate is a finding of the pipeline, not its failure. */
static enum rs_code promote_best(struct rs_pipeline *p, struct rs_result *out, struct rs_err *err)
{
    int64_t now = 0;
    struct rs_err refused = {0};
    struct rs_result r;
    const char *alias = rs_conf_text(p->ctx->conf, "serving.alias");
    char *label = rs_xprintf("promote version %lld", (long long)p->version);
    char *number = rs_xprintf("%lld", (long long)p->version);
    rs_result_init(&r);
    enum rs_code rc = RS_OK;
    if (!rs_alias_get(p->ctx->store, alias, &now, &refused) && now == p->version) {
        skip_stage(p, label, "it serves already");
        goto done;
    }
    refused = (struct rs_err){0};
    const char *words[RS_PIPELINE_WORDS] = {number, "--to", alias};
    rc = run_stage(p, label, rs_pipeline_choice(p), "model promote", words, 3, false, &r, &refused);
    if (rc == RS_EREFUSED) {
        add_stage(p, label, "refused", (double)NAN, "the gate wants proof");
        rs_result_say(out, "not promoted: %s", refused.msg);
        rs_val_set_str(out->doc, "refused", refused.msg);
        rc = RS_OK;
    } else if (rc) {
        *err = refused;
    } else {
        rs_result_append(out, "promotion", &r);
    }
done:
    rs_result_clear(&r);
    free(number);
    free(label);
    return rc;
}

enum rs_code rs_cmd_pipeline_run(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    struct rs_pipeline p;
    struct rs_lock lock = {.fd = -1};
    char *lock_path = rs_ctx_path(ctx, "db/pipeline.lock");
    int64_t begun = rs_clock_mono_ns();
    rs_pipeline_init(&p, ctx, args, rs_args_bool(args, "force"));
    enum rs_code rc = rs_pipeline_plan(&p, err);
    if (!rc) rc = rs_ctx_lock(ctx, lock_path, 60000, &lock, err);
    if (!rc) rc = fetch(&p, err);
    if (!rc) rc = prepare(&p, err);
    if (!rc) rc = split(&p, err);
    if (!rc) rc = features(&p, err);
    if (!rc) rc = all_models(&p, err);
    if (!rc) rc = rs_pipeline_show(&p, out, err);
    if (!rc) rc = register_best(&p, err);
    if (!rc && rs_args_bool(args, "promote")) rc = promote_best(&p, out, err);
    if (!rc) {
        double seconds = (double)(rs_clock_mono_ns() - begun) / 1e9;
        rs_result_table(out, "stages", "stages", p.table);
        p.table = NULL;
        rs_val_set_real(out->doc, "seconds", seconds);
        rs_val_set_int(out->doc, "ran", p.ran);
        rs_result_say(out, "%d stages ran in %.2f s", p.ran, seconds);
    }
    rs_lock_close(&lock);
    free(lock_path);
    rs_pipeline_clear(&p);
    return rc;
}

/* Prepare, split and features; is one of them to run? */
static bool data_status(struct rs_pipeline *p)
{
    enum rs_protocol protocol = RS_USER_TEMPORAL;
    rs_protocol_parse(p->split, &protocol);
    struct rs_split_opts o = rs_stage_split_opts(p->ctx, protocol);
    static const char *const names[3] = {"prepare", "split", "features"};
    char *why[3] = {rs_stage_why_prepare(p->ctx, p->dataset),
                    rs_stage_why_split(p->ctx, p->dataset, p->split, &o),
                    rs_stage_why_features(p->ctx, p->dataset, p->split)};
    bool stale = false;
    for (int i = 0; i < 3; i++) {
        stale |= why[i][0] != '\0';
        add_stage(p, names[i], why[i][0] ? "to run" : "up to date", (double)NAN, why[i]);
        free(why[i]);
    }
    return stale;
}

/* Is the model to be trained or evaluated? Where its data is stale, both wait for that. */
static enum rs_code model_status(struct rs_pipeline *p, struct rs_pipeline_model *m,
                                 bool data_stale, bool *stale_out, struct rs_err *err)
{
    const char *words[RS_PIPELINE_WORDS];
    bool selected;
    size_t n = train_words(p, m, words, &selected);
    enum rs_code rc = find_run(p, m, words, add_overrides(p, words, n, selected), err);
    if (rc) return rc;
    bool trained = m->run_id[0] && !data_stale;
    bool fresh = trained && is_fresh(p, m, "test") && (!p->by_validation || is_fresh(p, m, "val"));
    const char *why = data_stale ? "its data comes first" : trained ? "not evaluated yet" : m->why;
    add_stage(p, m->name, fresh ? "up to date" : "to run", (double)NAN, fresh ? m->run_id : why);
    *stale_out |= !fresh;
    return RS_OK;
}

enum rs_code rs_cmd_pipeline_status(struct rs_ctx *ctx, const struct rs_args *args,
                                    struct rs_result *out, struct rs_err *err)
{
    struct rs_pipeline p;
    rs_pipeline_init(&p, ctx, args, false);
    enum rs_code rc = rs_pipeline_plan(&p, err);
    if (rc) goto done;
    bool data_stale = data_status(&p);
    bool stale = data_stale;
    if (!data_stale) rc = has_validation(&p, &p.by_validation, err);
    for (size_t i = 0; i < p.n_models && !rc; i++) {
        rc = model_status(&p, &p.models[i], data_stale, &stale, err);
    }
    if (rc) goto done;
    rs_val_set_str(out->doc, "dataset", p.dataset);
    rs_val_set_str(out->doc, "split", p.split);
    rs_val_set_bool(out->doc, "up_to_date", !stale);
    rs_result_table(out, "stages", NULL, p.table);
    p.table = NULL;
done:
    rs_pipeline_clear(&p);
    return rc;
}
