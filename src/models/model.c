/* model - the table of models, and what they share: making, refusing what does not fit, freeing. */
#include "rs/models/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/models/als.h"
#include "rs/models/popularity.h"

const struct rs_model_ops *const rs_models[] = {
    &rs_popularity_ops,
    &rs_als_ops,
    NULL,
};

const struct rs_model_ops *rs_model_find(const char *name)
{
    for (size_t i = 0; rs_models[i]; i++) {
        if (strcmp(rs_models[i]->name, name) == 0) return rs_models[i];
    }
    return NULL;
}

const struct rs_param *rs_model_params(const char *name)
{
    const struct rs_model_ops *ops = rs_model_find(name);
    return ops ? ops->params : NULL;
}

enum rs_code rs_model_new(const struct rs_model_ops *ops, const struct rs_values *v,
                          struct rs_model **out, struct rs_err *err)
{
    if (ops->check) {
        enum rs_code rc = ops->check(v, err);
        if (rc) return rc;
    }
    struct rs_model *m = rs_xalloc(1, ops->size);
    m->ops = ops;
    m->values = rs_values_copy(v);
    *out = m;
    return RS_OK;
}

void rs_model_free(struct rs_model *m)
{
    if (!m) return;
    m->ops->clear(m);
    rs_values_free(m->values);
    free(m);
}

static void format_bytes(int64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    double v = (double)bytes / 1e3;
    size_t unit = 0;
    for (; v >= 999.5 && unit < 4; unit++) {
        v /= 1e3;
    }
    snprintf(buf, size, "%.*f %s", v < 10.0 ? 1 : 0, v, units[unit]);
}

static enum rs_code check_data(const struct rs_fit_data *d, struct rs_err *err)
{
    rs_assert(d->ui->n_rows == d->iu->n_cols && d->ui->n_cols == d->iu->n_rows &&
              d->ui->nnz == d->iu->nnz);
    if (d->ui->n_cols == 0 || d->ui->nnz == 0) {
        return rs_fail(err, RS_EARG, "nothing to train on: %d users, %d items, no interaction",
                       d->ui->n_rows, d->ui->n_cols);
    }
    return RS_OK;
}

enum rs_code rs_model_fit(struct rs_model *m, const struct rs_fit_data *d, int64_t limit_bytes,
                          struct rs_task *task, struct rs_err *err)
{
    enum rs_code rc = check_data(d, err);
    if (rc) return rc;
    struct rs_estimate need = {0};
    rc = m->ops->estimate(m, d, &need, err);
    if (rc) return rc;
    int64_t have = limit_bytes > 0 ? limit_bytes : rs_mem_available();
    if (need.bytes > have) {
        char need_text[32];
        char have_text[32];
        format_bytes(need.bytes, need_text, sizeof(need_text));
        format_bytes(have, have_text, sizeof(have_text));
        return rs_fail(err, RS_ENOMEM, "%s on %d users and %d items needs %s, %s is available: %s",
                       m->ops->name, d->ui->n_rows, d->ui->n_cols, need_text, have_text,
                       need.advice);
    }
    m->ops->clear(m);
    m->n_users = 0;
    m->n_items = 0;
    rc = m->ops->fit(m, d, task, err);
    if (rc) {
        m->ops->clear(m);
        return rc;
    }
    m->n_users = d->ui->n_rows;
    m->n_items = d->ui->n_cols;
    return RS_OK;
}
