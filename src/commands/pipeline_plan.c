/*
 * pipeline_plan - what a pipeline works on: dataset, split and models, from arguments and
 * configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/models/model.h"

#include "pipeline.h"

void rs_pipeline_init(struct rs_pipeline *p, struct rs_ctx *ctx, const struct rs_args *args,
                      bool force)
{
    *p = (struct rs_pipeline){.ctx = ctx, .args = args, .force = force, .table = rs_table_new()};
    rs_table_column(p->table, "stage", NULL, RS_LEFT, 0);
    rs_table_column(p->table, "did", "", RS_LEFT, 0);
    rs_table_column(p->table, "seconds", NULL, RS_RIGHT, 3);
    rs_table_column(p->table, "why", NULL, RS_LEFT, 0);
}

void rs_pipeline_clear(struct rs_pipeline *p)
{
    for (size_t i = 0; i < p->n_models; i++) {
        free(p->models[i].name);
    }
    free(p->models);
    free(p->dataset);
    free(p->split);
    rs_table_free(p->table);
}

static enum rs_code add_model(struct rs_pipeline *p, const char *name, size_t len,
                              struct rs_err *err)
{
    char *one = rs_xstrndup(name, len);
    if (!rs_model_find(one)) {
        rs_fail(err, RS_EARG, "models: there is no model '%s'", one);
        free(one);
        return err->code;
    }
    p->models[p->n_models++].name = one;
    return RS_OK;
}

static enum rs_code plan_models(struct rs_pipeline *p, struct rs_err *err)
{
    const char *said = rs_args_text(p->args, "models");
    const char *list = said ? said : rs_conf_text(p->ctx->conf, "pipeline.models");
    size_t room = 1;
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        room++;
    }
    p->models = rs_xalloc(room + strlen(list), sizeof(*p->models));
    enum rs_code rc = RS_OK;
    for (const char *at = list; *at && !rc;) {
        size_t len = strcspn(at, ",");
        rc = add_model(p, at, len, err);
        at += len + (at[len] == ',');
    }
    for (const struct rs_model_ops *const *m = rs_models; *m && !list[0] && !rc; m++) {
        rc = add_model(p, (*m)->name, strlen((*m)->name), err);
    }
    return rc;
}

/* What was said; else `given` where the dataset came with that split alone; else the
 * configuration's. */
static enum rs_code plan_split(struct rs_pipeline *p, struct rs_err *err)
{
    bool takes = rs_command_takes(rs_args_command(p->args), "protocol");
    const char *said = takes ? rs_args_text(p->args, "protocol") : NULL;
    char **there = NULL;
    enum rs_code rc = rs_ctx_list_splits(p->ctx, p->dataset, &there, err);
    if (rc) return rc;
    bool given = there[0] && !there[1] && strcmp(there[0], "given") == 0;
    p->split = rs_xstrdup(said    ? said
                          : given ? "given"
                                  : rs_conf_text(p->ctx->conf, "split.protocol"));
    rs_fs_list_free(there);
    return RS_OK;
}

enum rs_code rs_pipeline_plan(struct rs_pipeline *p, struct rs_err *err)
{
    size_t n_overrides;
    rs_args_overrides(p->args, &n_overrides);
    if (n_overrides > RS_PIPELINE_OVERRIDES) {
        return rs_fail(err, RS_EARG, "%zu overrides: at most %d, the others into params.yaml",
                       n_overrides, RS_PIPELINE_OVERRIDES);
    }
    enum rs_code rc = plan_models(p, err);
    if (rc) return rc;
    const char *dataset = rs_args_text(p->args, "dataset");
    if (dataset) {
        p->dataset = rs_xstrdup(dataset);
        rc = rs_ctx_check_name("dataset", dataset, err);
    } else {
        rc = rs_ctx_dataset_name(p->ctx, p->args, &p->dataset, err);
    }
    if (rc) return rc;
    rc = plan_split(p, err);
    if (rc) return rc;
    struct rs_store *st;
    return rs_ctx_store(p->ctx, &st, err);
}

const char *rs_pipeline_choice(const struct rs_pipeline *p)
{
    return p->by_validation ? "best on validation" : "best on test, for want of a validation part";
}
