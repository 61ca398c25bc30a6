/* input - one rule that turns data values into weights, for whole matrices and for one profile. */
#include <math.h>
#include <string.h>

#include "rs/base/par.h"
#include "rs/models/model.h"

struct rs_input_rule rs_input_rule_make(enum rs_input input, const struct rs_csr *ui,
                                        double threshold)
{
    struct rs_input_rule rule = {.input = input, .threshold = (float)threshold};
    if (input != RS_INPUT_SIGNED || !ui->values || ui->nnz == 0) return rule;
    double sum = 0;
    for (int64_t i = 0; i < ui->nnz; i++) {
        sum += (double)ui->values[i];
    }
    rule.center = (float)(sum / (double)ui->nnz);
    return rule;
}

/* What a row subtracts: its mean, or the centre where the mean would leave nothing. */
static float row_center(const struct rs_input_rule *rule, const float *values, int64_t n)
{
    double sum = 0;
    bool equal = true;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)values[i];
        equal = equal && values[i] == values[0];
    }
    return equal ? rule->center : (float)(sum / (double)n);
}

static float weight(const struct rs_input_rule *rule, float value, float center)
{
    switch (rule->input) {
    case RS_INPUT_POSITIVES:
        return rs_is_relevant(value, (double)rule->threshold) ? 1.0f : 0.0f;
    case RS_INPUT_VALUES:
        return value;
    case RS_INPUT_SIGNED:
        return value - center;
    default:
        return 1.0f;
    }
}

/* items_out NULL: only counts. weights_out NULL: weights are not asked for. */
static int64_t apply_row(const struct rs_input_rule *rule, const int32_t *items,
                         const float *values, int64_t n, int32_t *items_out, float *weights_out)
{
    float center =
        rule->input == RS_INPUT_SIGNED && values ? row_center(rule, values, n) : rule->center;
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        float w = values ? weight(rule, values[i], center) : 1.0f;
        if (w == 0.0f) continue;
        if (items_out) {
            items_out[kept] = items[i];
            if (weights_out) weights_out[kept] = w;
        }
        kept++;
    }
    return kept;
}

int32_t rs_input_profile(const struct rs_input_rule *rule, const struct rs_profile *p,
                         int32_t *items_out, float *weights_out)
{
    return (int32_t)apply_row(rule, p->items, p->values, p->n, items_out, weights_out);
}

static const float *row_values(const struct rs_csr *m, int32_t row)
{
    return m->values ? m->values + m->indptr[row] : NULL;
}

static int64_t count_kept(const struct rs_input_rule *rule, const struct rs_csr *ui)
{
    int64_t kept = 0;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1024) reduction(+ : kept)
    for (int32_t u = 0; u < ui->n_rows; u++) {
        kept += apply_row(rule, NULL, row_values(ui, u), rs_csr_len(ui, u), NULL, NULL);
    }
    return kept;
}

/* All entries of ui with these weights. */
static struct rs_csr borrow(const struct rs_csr *ui, const float *weights)
{
    struct rs_csr m = *ui;
    m.values = weights;
    m.owned = NULL;
    return m;
}

enum rs_code rs_input_apply(const struct rs_input_rule *rule, const struct rs_csr *ui,
                            struct rs_csr *out, struct rs_err *err)
{
    if (rule->input == RS_INPUT_BINARY || !ui->values) {
        *out = borrow(ui, NULL);
        return RS_OK;
    }
    bool ones = rule->input == RS_INPUT_POSITIVES;
    int64_t kept = count_kept(rule, ui);
    if (kept == ui->nnz && rule->input != RS_INPUT_SIGNED) {
        *out = borrow(ui, ones ? NULL : ui->values);
        return RS_OK;
    }
    struct rs_csr m = {0};
    enum rs_code rc = rs_csr_alloc(ui->n_rows, ui->n_cols, kept, !ones, false, &m, err);
    if (rc) return rc;
    struct rs_csr_mut to = rs_csr_mut(&m);
    for (int32_t u = 0; u < ui->n_rows; u++) {
        int64_t begin = ui->indptr[u];
        to.indptr[u + 1] = to.indptr[u] + apply_row(rule, ui->indices + begin, row_values(ui, u),
                                                    rs_csr_len(ui, u), to.indices + to.indptr[u],
                                                    ones ? NULL : to.values + to.indptr[u]);
    }
    *out = m;
    return RS_OK;
}
