/* What every row of rs_models[] must do. A new model is tested by being in the table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/models/rank.h"

/* Parameter sets each model is tried with; every model has at least its defaults. */
static const char *const variants[][2] = {
    {"popularity", "score=count"},
    {"popularity", "score=decayed half_life_days=30"},
    {"popularity", "genre_blend=0.5"},
    {"als", "factors=5 iterations=3"},
    {"als", "factors=16 iterations=2 solver=cg input=signed"},
    {"als", "factors=33 iterations=2 unobserved_weight=0.3 input=values"},
};
enum { N_VARIANTS = sizeof(variants) / sizeof(*variants) };

typedef void check_fn(const char *model, const char *params);

static void for_every_model(check_fn *check)
{
    for (int i = 0; rs_models[i]; i++) {
        check(rs_models[i]->name, "");
    }
    for (int v = 0; v < N_VARIANTS; v++) {
        check(variants[v][0], variants[v][1]);
    }
}

static float *scores_of(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                        bool *known)
{
    struct rs_err err = {0};
    float *scores = rs_try_alloc((size_t)n * (size_t)m->n_items, sizeof(*scores));
    void *scratch = rs_try_alloc(1, m->ops->scratch ? m->ops->scratch(m, n) : 1);
    assert_ok(m->ops->score(m, who, n, scores, known, scratch, &err), &err);
    free(scratch);
    return scores;
}

static struct rs_profile *profiles(const struct ref_problem *p)
{
    struct rs_profile *who = rs_xalloc((size_t)p->n_users, sizeof(*who));
    for (int32_t u = 0; u < p->n_users; u++) {
        who[u] = ref_problem_profile(p, u);
    }
    return who;
}

static char *save(const struct rs_model *m, const char *path, size_t *len)
{
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    char *bytes;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(m->ops->save(m, w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_ok(rs_fs_read(path, (size_t)1 << 30, &bytes, len, &err), &err);
    return bytes;
}

static void tables_are_sound(void **state)
{
    (void)state;
    for (int i = 0; rs_models[i]; i++) {
        const struct rs_model_ops *ops = rs_models[i];
        struct rs_err err = {0};
        assert_ok(rs_param_table_check(ops->params, &err), &err);
        assert_ptr_equal(rs_model_find(ops->name), ops);
        assert_ptr_equal(rs_model_params(ops->name), ops->params);
        assert_true(strlen(ops->summary) <= 70);
        assert_true(ops->estimate && ops->fit && ops->score && ops->explain && ops->save &&
                    ops->load && ops->clear);
        assert_int_equal(ops->top != NULL, ops->top_scratch != NULL);
        struct rs_values *v = rs_values_new(ops->params);
        assert_code(rs_values_set_text(v, "no_such_parameter", "1", &err), RS_EARG, &err,
                    "no_such_parameter");
        rs_values_free(v);
    }
    assert_null(rs_model_find("no such model"));
    assert_null(rs_model_params("no such model"));
}

static void check_round_trip(const char *model, const char *params)
{
    struct rs_err err = {0};
    struct ref_problem p;
    ref_problem_sized(&p, 11, 37, 53, 0.2);
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "model");
    struct rs_model *m = ref_problem_fit(&p, model, params);
    size_t len;
    char *bytes = save(m, path, &len);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    struct rs_model *loaded = ref_model_new(model, params);
    assert_ok(m->ops->load(loaded, r, &err), &err);
    assert_int_equal(loaded->n_users, 37);
    assert_int_equal(loaded->n_items, 53);
    struct rs_profile *who = profiles(&p);
    for (int stranger = 0; stranger < 2; stranger++) {
        bool known[37];
        bool known_loaded[37];
        for (int u = 0; u < 37 && stranger; u++) {
            who[u].user = -1;
        }
        float *a = scores_of(m, who, 37, known);
        float *b = scores_of(loaded, who, 37, known_loaded);
        assert_memory_equal(a, b, 37 * 53 * sizeof(*a));
        assert_memory_equal(known, known_loaded, sizeof(known));
        free(a);
        free(b);
    }
    if (m->ops->similar) {
        float a[53];
        float b[53];
        m->ops->similar(m, 52, a);
        m->ops->similar(loaded, 52, b);
        assert_memory_equal(a, b, sizeof(a));
        for (int i = 0; i < 53; i++) {
            assert_true(isfinite(a[i]) && a[i] <= a[52]);
        }
    }
    char *again_path = rs_path_join(dir, "again");
    size_t again_len;
    char *again = save(loaded, again_path, &again_len);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, bytes, len);
    rs_model_free(loaded);
    rs_model_free(m);
    rs_pack_close(r);
    free(who);
    free(bytes);
    free(again);
    free(path);
    free(again_path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

static void saved_and_loaded_is_the_same(void **state)
{
    (void)state;
    for_every_model(check_round_trip);
}

static void check_threads(const char *model, const char *params)
{
    struct ref_problem p;
    ref_problem_sized(&p, 12, 5000, 90, 0.02); /* more users than one block of a sum */
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "model");
    char *first = NULL;
    size_t first_len = 0;
    for (int threads = 1; threads <= 4; threads += 3) {
        rs_par_set_threads(threads);
        struct rs_model *m = ref_problem_fit(&p, model, params);
        size_t len;
        char *bytes = save(m, path, &len);
        if (first) {
            assert_int_equal(len, first_len);
            assert_memory_equal(bytes, first, len);
            free(bytes);
        } else {
            first = bytes;
            first_len = len;
        }
        rs_model_free(m);
    }
    rs_par_set_threads(0);
    free(first);
    free(path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    for_every_model(check_threads);
}

static void check_alone(const char *model, const char *params)
{
    struct ref_problem p;
    ref_problem_sized(&p, 13, 41, 67, 0.15);
    struct rs_model *m = ref_problem_fit(&p, model, params);
    struct rs_profile *who = profiles(&p);
    for (int32_t u = 0; u < 41; u += 2) {
        who[u].user = -1;
    }
    bool known[41];
    float *block = scores_of(m, who, 41, known);
    for (int32_t u = 0; u < 41; u++) {
        bool known_alone;
        float *alone = scores_of(m, &who[u], 1, &known_alone);
        assert_memory_equal(alone, block + u * 67, 67 * sizeof(*alone));
        assert_int_equal(known_alone, known[u]);
        for (int32_t i = 0; i < 67; i++) {
            assert_true(isfinite(alone[i]));
            if (!known_alone) assert_true(alone[i] == 0.0f);
        }
        free(alone);
    }
    free(block);
    free(who);
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void a_score_does_not_depend_on_company(void **state)
{
    (void)state;
    for_every_model(check_alone);
}

static void check_explain(const char *model, const char *params)
{
    struct rs_err err = {0};
    struct ref_problem p;
    ref_problem_sized(&p, 14, 30, 40, 0.2);
    struct rs_model *m = ref_problem_fit(&p, model, params);
    for (int32_t u = 0; u < 30; u++) {
        struct rs_profile who = ref_problem_profile(&p, u);
        if (u % 2) who.user = -1;
        float contribution[40];
        float base;
        bool known;
        float *scores = scores_of(m, &who, 1, &known);
        for (int32_t item = 0; item < 40; item += 3) {
            assert_ok(m->ops->explain(m, &who, item, contribution, &base, &err), &err);
            double sum = (double)base;
            for (int32_t i = 0; i < who.n; i++) {
                sum += (double)contribution[i];
            }
            /* 1e-4: two solves in float of the same system */
            assert_close(&scores[item], &sum, 1, 1e-4, (uint64_t)u);
        }
        free(scores);
    }
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void contributions_add_up_to_the_score(void **state)
{
    (void)state;
    for_every_model(check_explain);
}

static void set_cancel(const struct rs_progress *progress, void *ctx)
{
    (void)progress;
    struct rs_task *task = ctx;
    atomic_store(&task->cancel, true);
}

static void check_cancel(const char *model, const char *params)
{
    struct rs_err err = {0};
    struct ref_problem p;
    ref_problem_sized(&p, 15, 60, 60, 0.2);
    struct rs_fit_data d = ref_problem_data(&p);
    struct rs_model *m = ref_model_new(model, params);
    struct rs_task task = {.cancel = true};
    assert_code(rs_model_fit(m, &d, 0, &task, &err), RS_ECANCEL, &err, "stopped");
    assert_int_equal(m->n_users, 0);
    assert_int_equal(m->n_items, 0);
    /* cancelled from inside, by whoever watches; a model that reports only its end is finished */
    struct rs_task later = {.on_progress = set_cancel, .ctx = &later};
    enum rs_code rc = rs_model_fit(m, &d, 0, &later, &err);
    assert_true(rc == RS_OK || rc == RS_ECANCEL);
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err); /* and can be fitted after all */
    assert_int_equal(m->n_items, 60);
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void cancel_leaves_the_model_unfitted(void **state)
{
    (void)state;
    for_every_model(check_cancel);
}

/* Users without rows, items without rows, one user, one item. */
static void check_shapes(const char *model, const char *params)
{
    const int32_t shapes[][2] = {{1, 1}, {1, 30}, {30, 1}, {40, 7}};
    for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
        struct rs_err err = {0};
        struct ref_problem p;
        ref_problem_sized(&p, 16 + s, shapes[s][0], shapes[s][1], 0.05);
        struct rs_model *m = ref_model_new(model, params);
        struct rs_fit_data d = ref_problem_data(&p);
        enum rs_code rc = rs_model_fit(m, &d, 0, NULL, &err);
        if (rc == RS_EARG && p.ui.nnz == 1) { /* one row: its value less the mean says nothing */
            assert_non_null(strstr(err.msg, "input=signed gives none of 1 rows a weight"));
            rs_model_free(m);
            ref_problem_clear(&p);
            continue;
        }
        assert_ok(rc, &err);
        struct rs_profile who[3] = {ref_problem_profile(&p, p.n_users - 1), {.user = -1}, {0}};
        who[2] = ref_problem_profile(&p, 0);
        struct rs_ranked out[3 * RS_MAX_K];
        int32_t n_out[3];
        struct rs_rank_opts opts = {.k = RS_MAX_K}; /* longer than the catalogue */
        assert_ok(rs_rank(m, who, 3, NULL, &opts, NULL, out, n_out, &err), &err);
        for (int i = 0; i < 3; i++) {
            assert_true(n_out[i] == 0 || n_out[i] == p.n_items);
        }
        rs_model_free(m);
        ref_problem_clear(&p);
    }
}

static void any_shape_is_fine(void **state)
{
    (void)state;
    for_every_model(check_shapes);
}

static void check_refusals(const char *model, const char *params)
{
    struct rs_err err = {0};
    struct ref_problem p;
    ref_problem_sized(&p, 20, 20, 20, 0.3);
    struct rs_model *m = ref_problem_fit(&p, model, params);
    struct rs_fit_data d = ref_problem_data(&p);
    assert_code(rs_model_fit(m, &d, 1, NULL, &err), RS_ENOMEM, &err, "is available");
    struct rs_estimate estimate = {0};
    assert_ok(m->ops->estimate(m, &d, &estimate, &err), &err);
    assert_true(estimate.bytes > 0 && estimate.flops > 0 && estimate.seconds > 0);
    assert_true(estimate.advice[0] != '\0');
    const struct rs_csr empty_ui = {
        .n_rows = 20, .n_cols = 20, .indptr = (int64_t[21]){0}, .indices = (int32_t[1]){0}};
    struct rs_fit_data nothing = {.ui = &empty_ui, .iu = &empty_ui};
    assert_code(rs_model_fit(m, &nothing, 0, NULL, &err), RS_EARG, &err, "nothing to train on");
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    for_every_model(check_refusals);
}

struct oom {
    const char *model;
    const char *params;
    struct ref_problem p;
    struct rs_model *m;
};

static enum rs_code fit_once(void *ctx, struct rs_err *err)
{
    struct oom *o = ctx;
    struct rs_fit_data d = ref_problem_data(&o->p);
    enum rs_code rc = rs_model_fit(o->m, &d, (int64_t)1 << 40, NULL, err);
    assert_int_equal(o->m->n_items, rc ? 0 : o->p.n_items);
    return rc;
}

static void check_oom(const char *model, const char *params)
{
    struct oom o = {.model = model, .params = params};
    ref_problem_sized(&o.p, 21, 20, 20, 0.3);
    o.m = ref_model_new(model, params);
    assert_survives_oom(fit_once, &o);
    rs_model_free(o.m);
    ref_problem_clear(&o.p);
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    for_every_model(check_oom);
}

/* Sections that do not fit each other, or the parameters, are refused. */
static void check_damage(const char *model, const char *params)
{
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "empty");
    struct rs_writer *w = NULL;
    struct rs_reader *r = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    struct rs_model *m = ref_model_new(model, params);
    assert_code(m->ops->load(m, r, &err), RS_EDAMAGED, &err, NULL);
    rs_model_free(m);
    rs_pack_close(r);
    free(path);
    ref_remove(dir);
}

static void a_file_without_the_model_is_refused(void **state)
{
    (void)state;
    for_every_model(check_damage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(saved_and_loaded_is_the_same),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(a_score_does_not_depend_on_company),
        cmocka_unit_test(contributions_add_up_to_the_score),
        cmocka_unit_test(cancel_leaves_the_model_unfitted),
        cmocka_unit_test(any_shape_is_fine),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(a_file_without_the_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
