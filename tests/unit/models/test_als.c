/* als beyond the contract: fold-in, checkpoints, numerical failure, early stop, similarity. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/models/als.h"

static void own_history_folds_into_the_stored_vector(void **state)
{
    (void)state;
    const char *const solvers[] = {"cholesky", "cg"};
    for (int s = 0; s < 2; s++) {
        char params[100];
        snprintf(params, sizeof(params), "factors=20 iterations=20 input=binary solver=%s",
                 solvers[s]);
        struct ref_problem p;
        struct rs_err err = {0};
        ref_problem_sized(&p, 1, 50, 60, 0.2);
        struct rs_model *m = ref_problem_fit(&p, "als", params);
        for (int32_t u = 0; u < 50; u++) {
            struct rs_profile who = ref_problem_profile(&p, u);
            float x[20];
            const float *stored = rs_als_user_factors(m) + (size_t)u * 20;
            if (who.n == 0) {
                for (int k = 0; k < 20; k++) {
                    assert_true(stored[k] == 0.0f);
                }
                continue;
            }
            assert_ok(rs_als_fold_in(m, who.items, NULL, who.n, x, &err), &err);
            if (s == 0) {
                assert_memory_equal(x, stored, sizeof(x));
            } else {
                double want[20];
                for (int k = 0; k < 20; k++) {
                    want[k] = (double)stored[k];
                }
                assert_close(x, want, 20, 0.02, (uint64_t)u); /* what 20 x 3 cg steps leave */
            }
        }
        rs_model_free(m);
        ref_problem_clear(&p);
    }
}

static void a_strangers_items_must_exist_and_ascend(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 2, 20, 30, 0.3);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=3");
    const int32_t bad[][2] = {{3, 30}, {-1, 3}, {5, 5}, {7, 2}};
    float x[3] = {7, 7, 7};
    for (int i = 0; i < 4; i++) {
        assert_code(rs_als_fold_in(m, bad[i], NULL, 2, x, &err), RS_EARG, &err, "0 to 29");
        const struct rs_profile who = {.user = -1, .items = bad[i], .n = 2};
        float scores[30];
        bool known;
        void *scratch = rs_try_alloc(1, m->ops->scratch(m, 1));
        assert_code(m->ops->score(m, &who, 1, scores, &known, scratch, &err), RS_EARG, &err,
                    "item");
        free(scratch);
    }
    for (int k = 0; k < 3; k++) {
        assert_true(x[k] == 7.0f); /* untouched on failure */
    }
    rs_model_free(m);
    ref_problem_clear(&p);
}

/* Without a pull to zero, two users cannot carry eight factors. */
static void a_singular_system_names_its_row(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 3, 2, 30, 0.5);
    struct rs_fit_data d = ref_problem_data(&p);
    struct rs_model *m = ref_model_new("als", "factors=8 regularization=0 input=binary");
    assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_ENUMERIC, &err, "item 0");
    assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_ENUMERIC, &err,
                "raise model.regularization (now 0)");
    assert_int_equal(m->n_items, 0);
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void values_beyond_float_are_a_numerical_failure(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 4, 20, 20, 0.3);
    struct rs_csr ui = p.ui;
    struct rs_csr iu = p.iu;
    float *huge = rs_xalloc((size_t)ui.nnz, sizeof(*huge));
    for (int64_t i = 0; i < ui.nnz; i++) {
        huge[i] = 3e38f;
    }
    ui.values = huge;
    iu.values = huge;
    struct rs_fit_data d = {.ui = &ui, .iu = &iu, .threshold = 3.5, .seed = 1};
    const char *const params[] = {"factors=4 input=values alpha=1000",
                                  "factors=4 input=values alpha=1000 solver=cg"};
    for (int i = 0; i < 2; i++) {
        struct rs_model *m = ref_model_new("als", params[i]);
        assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_ENUMERIC, &err, "not positive definite");
        rs_model_free(m);
    }
    free(huge);
    ref_problem_clear(&p);
}

/* Cancels after an epoch, at its report; keeps count. */
struct watch {
    struct rs_task task;
    int64_t cancel_after;
    int64_t first;
    int64_t last;
};

static void watch_epochs(const struct rs_progress *p, void *ctx)
{
    struct watch *w = ctx;
    if (!p->metric) return;
    if (!w->first) w->first = p->step;
    w->last = p->step;
    if (w->last == w->cancel_after) atomic_store(&w->task.cancel, true);
}

static struct watch watch_make(struct watch *at, int64_t cancel_after)
{
    return (struct watch){.task = {.on_progress = watch_epochs, .ctx = at},
                          .cancel_after = cancel_after};
}

static void check_resume(const char *params)
{
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 5, 60, 50, 0.2);
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "als.ckpt");
    struct rs_fit_data d = ref_problem_data(&p);
    struct rs_model *whole = ref_problem_fit(&p, "als", params);
    d.checkpoint = path;
    struct rs_model *m = ref_model_new("als", params);

    struct watch w = watch_make(&w, 3);
    assert_code(rs_model_fit(m, &d, 0, &w.task, &err), RS_ECANCEL, &err, "after epoch 3 of 8");
    assert_true(rs_fs_exists(path));
    w = watch_make(&w, -1);
    assert_ok(rs_model_fit(m, &d, 0, &w.task, &err), &err);
    assert_int_equal(w.first, 4);
    assert_int_equal(w.last, 8);
    assert_false(rs_fs_exists(path));
    assert_memory_equal(rs_als_user_factors(m), rs_als_user_factors(whole), 60 * 9 * sizeof(float));
    assert_memory_equal(rs_als_item_factors(m), rs_als_item_factors(whole), 50 * 9 * sizeof(float));

    /* killed between the last epoch and the end: nothing is left to do */
    w = watch_make(&w, 8);
    assert_code(rs_model_fit(m, &d, 0, &w.task, &err), RS_ECANCEL, &err, "after epoch 8 of 8");
    w = watch_make(&w, -1);
    assert_ok(rs_model_fit(m, &d, 0, &w.task, &err), &err);
    assert_int_equal(w.first, 0);
    assert_memory_equal(rs_als_user_factors(m), rs_als_user_factors(whole), 60 * 9 * sizeof(float));

    rs_model_free(m);
    rs_model_free(whole);
    free(path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

static void a_resumed_fit_is_the_uninterrupted_one(void **state)
{
    (void)state;
    check_resume("factors=9 iterations=8");
    check_resume("factors=9 iterations=8 solver=cg input=binary");
}

static void a_checkpoint_of_something_else_is_ignored(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 6, 60, 50, 0.2);
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "als.ckpt");
    for (int other = 0; other < 4; other++) {
        struct rs_fit_data d = ref_problem_data(&p);
        d.checkpoint = path;
        struct rs_model *m = ref_model_new("als", "factors=4 iterations=5");
        struct watch w = watch_make(&w, 2);
        assert_code(rs_model_fit(m, &d, 0, &w.task, &err), RS_ECANCEL, &err, "after epoch 2");
        struct rs_model *n = ref_model_new("als", other == 0 ? "factors=4 iterations=5 alpha=2"
                                                             : "factors=4 iterations=5");
        if (other == 1) d.seed++;
        if (other == 2) d.threshold = 2.0; /* other weights */
        if (other == 3) {
            free(ref_file(dir, "als.ckpt", "not a checkpoint", SIZE_MAX));
        }
        w = watch_make(&w, -1);
        assert_ok(rs_model_fit(n, &d, 0, &w.task, &err), &err);
        assert_int_equal(w.first, 1);
        assert_false(rs_fs_exists(path));
        rs_model_free(m);
        rs_model_free(n);
    }
    free(path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

static void a_checkpoint_that_cannot_be_written_stops_nothing(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 7, 30, 30, 0.2);
    struct rs_fit_data d = ref_problem_data(&p);
    char long_name[400]; /* nor read, nor removed */
    snprintf(long_name, sizeof(long_name), "/tmp/%0300d", 0);
    const char *const paths[] = {"/no/such/folder/als.ckpt", long_name};
    for (int i = 0; i < 2; i++) {
        d.checkpoint = paths[i];
        struct rs_model *m = ref_model_new("als", "factors=4 iterations=3");
        struct watch w = watch_make(&w, 2);
        assert_code(rs_model_fit(m, &d, 0, &w.task, &err), RS_ECANCEL, &err, "after epoch 2");
        assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
        assert_int_equal(m->n_items, 30);
        rs_model_free(m);
    }
    ref_problem_clear(&p);
}

/* The checkpoint at path again, x[0] no number, its checksums right. */
static void spoil_checkpoint(const char *path)
{
    struct rs_err err = {0};
    struct rs_reader *r = NULL;
    struct rs_writer *w = NULL;
    assert_ok(rs_pack_open(path, "CKPT", 1, 1, &r, &err), &err);
    assert_ok(rs_writer_open(path, "CKPT", 1, &w, &err), &err);
    static const struct {
        const char *name;
        enum rs_pack_type type;
    } parts[] = {
        {"head", RS_PACK_I64}, {"loss", RS_PACK_F64}, {"x", RS_PACK_F32}, {"y", RS_PACK_F32}};
    for (size_t i = 0; i < 4; i++) {
        const void *data;
        int64_t n;
        assert_ok(rs_pack_get(r, parts[i].name, parts[i].type, -1, &data, &n, &err), &err);
        float *x = NULL;
        if (i == 2) {
            x = rs_xalloc((size_t)n, sizeof(*x));
            memcpy(x, data, (size_t)n * sizeof(*x));
            x[0] = NAN;
            data = x;
        }
        assert_ok(rs_writer_add(w, parts[i].name, parts[i].type, data, (size_t)n, &err), &err);
        free(x);
    }
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    rs_pack_close(r);
}

static void a_checkpoint_of_no_numbers_is_ignored(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 13, 60, 50, 0.2);
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "als.ckpt");
    struct rs_fit_data d = ref_problem_data(&p);
    d.checkpoint = path;
    struct rs_model *m = ref_model_new("als", "factors=4 iterations=5");
    struct watch w = watch_make(&w, 2);
    assert_code(rs_model_fit(m, &d, 0, &w.task, &err), RS_ECANCEL, &err, "after epoch 2");
    spoil_checkpoint(path);
    w = watch_make(&w, -1);
    assert_ok(rs_model_fit(m, &d, 0, &w.task, &err), &err);
    assert_int_equal(w.first, 1);
    rs_model_free(m);
    free(path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

static void a_loss_that_stands_still_ends_the_fit(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 8, 60, 50, 0.2);
    struct rs_fit_data d = ref_problem_data(&p);
    struct rs_model *m = ref_model_new("als", "factors=4 iterations=1000 tolerance=0.001");
    struct watch w = watch_make(&w, -1);
    assert_ok(rs_model_fit(m, &d, 0, &w.task, &err), &err);
    assert_in_range(w.last, 2, 200);
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void similar_is_the_cosine(void **state)
{
    (void)state;
    struct ref_problem p;
    ref_problem_sized(&p, 9, 40, 45, 0.2);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=7");
    int32_t f;
    const float *y = m->ops->item_vectors(m, &f);
    assert_int_equal(f, 7);
    assert_int_equal(rs_als_factors(m), 7);
    assert_ptr_equal(y, rs_als_item_factors(m));
    float scores[45];
    for (int32_t a = 0; a < 45; a++) {
        m->ops->similar(m, a, scores);
        for (int32_t b = 0; b < 45; b++) {
            double ab = 0;
            double aa = 0;
            double bb = 0;
            for (int k = 0; k < 7; k++) {
                ab += (double)y[a * 7 + k] * (double)y[b * 7 + k];
                aa += (double)y[a * 7 + k] * (double)y[a * 7 + k];
                bb += (double)y[b * 7 + k] * (double)y[b * 7 + k];
            }
            double want = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
            assert_close(&scores[b], &want, 1, 1e-5, (uint64_t)a); /* 7 terms of float */
        }
    }
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void the_seed_decides(void **state)
{
    (void)state;
    struct ref_problem p;
    ref_problem_sized(&p, 10, 30, 30, 0.3);
    struct rs_model *a = ref_problem_fit(&p, "als", "embedding_dim=6 epochs=3");
    struct rs_model *b = ref_problem_fit(&p, "als", "factors=6 iterations=3");
    p.seed++;
    struct rs_model *c = ref_problem_fit(&p, "als", "factors=6 iterations=3");
    size_t bytes = 30 * 6 * sizeof(float);
    assert_memory_equal(rs_als_item_factors(a), rs_als_item_factors(b), bytes);
    assert_memory_not_equal(rs_als_item_factors(a), rs_als_item_factors(c), bytes);
    rs_model_free(a);
    rs_model_free(b);
    rs_model_free(c);
    ref_problem_clear(&p);
}

/* A dislike lowers a score that a like raises. */
static void negative_weights_push_down(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 11, 60, 40, 0.2);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=8 input=signed");
    const int32_t items[] = {3, 8};
    float liked[8];
    float disliked[8];
    assert_ok(rs_als_fold_in(m, items, (const float[]){1, 2}, 2, liked, &err), &err);
    assert_ok(rs_als_fold_in(m, items, (const float[]){1, -2}, 2, disliked, &err), &err);
    double difference = 0;
    for (int k = 0; k < 8; k++) {
        difference += (double)(liked[k] - disliked[k]) * (double)rs_als_item_factors(m)[8 * 8 + k];
    }
    assert_true(difference > 0.01);
    rs_model_free(m);
    ref_problem_clear(&p);
}

/* Their vector is zero, and zero scores are no order: such a profile is answered otherwise. */
static void dislikes_alone_say_nothing_personal(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 12, 60, 40, 0.2);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=8 input=signed");
    const int32_t items[] = {3, 8};
    const struct rs_profile who[] = {
        {.user = -1, .items = items, .values = (const float[]){-9, -9}, .n = 2},
        {.user = -1, .items = items, .values = (const float[]){1, 2}, .n = 2},
        {.user = -1}};
    float scores[3 * 40];
    bool known[3] = {true, false, true};
    void *scratch = rs_try_alloc(1, m->ops->scratch(m, 3));
    assert_ok(m->ops->score(m, who, 3, scores, known, scratch, &err), &err);
    assert_false(known[0]);
    assert_true(known[1]);
    assert_false(known[2]);
    for (int i = 0; i < 40; i++) {
        assert_true(scores[i] == 0.0f && scores[80 + i] == 0.0f);
    }
    free(scratch);
    rs_model_free(m);
    ref_problem_clear(&p);
}

/* Of more factors than items: G alone has no inverse. */
static void no_items_fold_into_a_zero_vector(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 14, 20, 5, 0.5);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=8 input=binary");
    float x[8];
    memset(x, 0xff, sizeof(x));
    assert_ok(rs_als_fold_in(m, NULL, NULL, 0, x, &err), &err);
    for (int k = 0; k < 8; k++) {
        assert_true(x[k] == 0.0f);
    }
    rs_model_free(m);
    ref_problem_clear(&p);
}

/* What a fit keeps, a load takes: a threshold is no factor. */
static void large_thresholds_are_loaded(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 15, 20, 20, 0.3);
    struct rs_fit_data d = ref_problem_data(&p);
    d.threshold = 1e16;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "model");
    struct rs_writer *w = NULL;
    struct rs_reader *r = NULL;
    struct rs_model *m = ref_model_new("als", "factors=4 input=binary");
    struct rs_model *loaded = ref_model_new("als", "factors=4 input=binary");
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(m->ops->save(m, w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_ok(m->ops->load(loaded, r, &err), &err);
    rs_model_free(loaded);
    rs_model_free(m);
    rs_pack_close(r);
    free(path);
    ref_problem_clear(&p);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_history_folds_into_the_stored_vector),
        cmocka_unit_test(a_strangers_items_must_exist_and_ascend),
        cmocka_unit_test(a_singular_system_names_its_row),
        cmocka_unit_test(values_beyond_float_are_a_numerical_failure),
        cmocka_unit_test(a_resumed_fit_is_the_uninterrupted_one),
        cmocka_unit_test(a_checkpoint_of_something_else_is_ignored),
        cmocka_unit_test(a_checkpoint_that_cannot_be_written_stops_nothing),
        cmocka_unit_test(a_checkpoint_of_no_numbers_is_ignored),
        cmocka_unit_test(a_loss_that_stands_still_ends_the_fit),
        cmocka_unit_test(similar_is_the_cosine),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(negative_weights_push_down),
        cmocka_unit_test(dislikes_alone_say_nothing_personal),
        cmocka_unit_test(large_thresholds_are_loaded),
        cmocka_unit_test(no_items_fold_into_a_zero_vector),
    };
    rs_log_set_stderr(false); /* ignored checkpoints are told there */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
