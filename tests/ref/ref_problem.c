/* ref_problem - random interactions drawn pair by pair. */
#include "ref_problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "support.h"

/* Entries of p->ui into p->iu, by looking each up. */
static void transpose(struct ref_problem *p)
{
    int64_t nnz = p->ui.nnz;
    int64_t *indptr = rs_xalloc((size_t)p->n_items + 1, sizeof(*indptr));
    int32_t *indices = rs_xalloc((size_t)nnz + 1, sizeof(*indices));
    float *values = rs_xalloc((size_t)nnz + 1, sizeof(*values));
    int64_t *times = rs_xalloc((size_t)nnz + 1, sizeof(*times));
    int64_t at = 0;
    for (int32_t i = 0; i < p->n_items; i++) {
        for (int32_t u = 0; u < p->n_users; u++) {
            for (int64_t e = p->ui.indptr[u]; e < p->ui.indptr[u + 1]; e++) {
                if (p->ui.indices[e] != i) continue;
                indices[at] = u;
                values[at] = p->ui.values[e];
                times[at++] = p->ui.times[e];
            }
        }
        indptr[i + 1] = at;
    }
    p->iu = (struct rs_csr){.n_rows = p->n_items,
                            .n_cols = p->n_users,
                            .nnz = nnz,
                            .indptr = indptr,
                            .indices = indices,
                            .values = values,
                            .times = times};
}

void ref_problem_sized(struct ref_problem *p, uint64_t seed, int32_t n_users, int32_t n_items,
                       double density)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("ref_problem", 0));
    size_t most = (size_t)n_users * (size_t)n_items;
    int64_t *indptr = rs_xalloc((size_t)n_users + 1, sizeof(*indptr));
    int32_t *indices = rs_xalloc(most, sizeof(*indices));
    float *values = rs_xalloc(most, sizeof(*values));
    int64_t *times = rs_xalloc(most, sizeof(*times));
    int64_t at = 0;
    for (int32_t u = 0; u < n_users; u++) {
        bool empty = u > 0 && rs_rng_below(&rng, 10) == 0;
        for (int32_t i = 0; i < n_items; i++) {
            bool taken = rs_rng_uniform(&rng) < density;
            if (empty || (!taken && (u > 0 || i > 0))) continue;
            indices[at] = i;
            values[at] = 0.5f * (float)(1 + rs_rng_below(&rng, 10));
            if (at == 0) values[at] = 5.0f; /* one row is relevant whatever the seed */
            times[at++] = 1000000000 + (int64_t)rs_rng_below(&rng, 100000000);
        }
        indptr[u + 1] = at;
    }
    *p = (struct ref_problem){.seed = seed, .n_users = n_users, .n_items = n_items};
    p->ui = (struct rs_csr){.n_rows = n_users,
                            .n_cols = n_items,
                            .nnz = at,
                            .indptr = indptr,
                            .indices = indices,
                            .values = values,
                            .times = times};
    p->genres = rs_xalloc((size_t)n_items, sizeof(*p->genres));
    for (int32_t i = 0; i < n_items; i++) {
        p->genres[i] = rs_rng_next64(&rng) & rs_rng_next64(&rng) & rs_rng_next64(&rng);
    }
    transpose(p);
}

void ref_problem_init(struct ref_problem *p, uint64_t seed, int32_t max_users, int32_t max_items)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("ref_problem.size", 0));
    int32_t n_users = 1 + (int32_t)rs_rng_below(&rng, (uint64_t)max_users);
    int32_t n_items = 1 + (int32_t)rs_rng_below(&rng, (uint64_t)max_items);
    ref_problem_sized(p, seed, n_users, n_items, 0.02 + 0.5 * rs_rng_uniform(&rng));
}

static void free_csr(const struct rs_csr *m)
{
    const void *arrays[] = {m->indptr, m->indices, m->values, m->times};
    for (int i = 0; i < 4; i++) {
        void *memory;
        memcpy(&memory, &arrays[i], sizeof(memory)); /* the const of a borrowed array */
        free(memory);
    }
}

void ref_problem_clear(struct ref_problem *p)
{
    free_csr(&p->ui);
    free_csr(&p->iu);
    free(p->genres);
    memset(p, 0, sizeof(*p));
}

struct rs_fit_data ref_problem_data(const struct ref_problem *p)
{
    return (struct rs_fit_data){
        .ui = &p->ui, .iu = &p->iu, .genres = p->genres, .threshold = 3.5, .seed = p->seed};
}

struct rs_profile ref_problem_profile(const struct ref_problem *p, int32_t user)
{
    int64_t begin = p->ui.indptr[user];
    return (struct rs_profile){.user = user,
                               .items = p->ui.indices + begin,
                               .values = p->ui.values + begin,
                               .n = (int32_t)(p->ui.indptr[user + 1] - begin)};
}

struct rs_model *ref_model_new(const char *model, const char *params)
{
    struct rs_err err = {0};
    const struct rs_model_ops *ops = rs_model_find(model);
    assert_non_null(ops);
    struct rs_values *v = rs_values_new(ops->params);
    while (*params) {
        char pair[100];
        size_t n = strcspn(params, " ");
        snprintf(pair, sizeof(pair), "%.*s", (int)n, params);
        char *value = strchr(pair, '=');
        assert_non_null(value);
        *value++ = '\0';
        assert_ok(rs_values_set_text(v, pair, value, &err), &err);
        params += n + (params[n] == ' ');
    }
    struct rs_model *m = NULL;
    assert_ok(rs_model_new(ops, v, &m, &err), &err);
    rs_values_free(v);
    return m;
}

struct rs_model *ref_problem_fit(const struct ref_problem *p, const char *model, const char *params)
{
    struct rs_err err = {0};
    struct rs_model *m = ref_model_new(model, params);
    struct rs_fit_data d = ref_problem_data(p);
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    return m;
}
