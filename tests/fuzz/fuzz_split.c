/*
 * Datasets and splits with right checksums and wrong numbers inside: they are refused, or all that
 * is done with them ends in a result or an error; it never crashes (run under the sanitizers too).
 */
#include <stdlib.h>

#include "ref/ref_cut.h"
#include "ref/ref_problem.h"
#include "ref/ref_rewrite.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/eval/eval.h"
#include "rs/features/features.h"
#include "rs/models/bundle.h"

enum { ROWS = 120, ROUNDS = 20 };

struct target {
    char *dir;
    char *dataset;
    char *split;
    char *broken; /* path to write attacks to */
    char *out;    /* path of what is made from them */
};

static void cut(const struct rs_dataset *d, const char *path, struct rs_err *err)
{
    struct rs_split_opts o = rs_split_defaults(RS_USER_TEMPORAL);
    o.user_core = o.item_core = 0;
    o.relevance_threshold = 2;
    (void)!rs_split_make(d, NULL, &o, path, NULL, err);
}

static void target_init(struct target *t)
{
    struct rs_err err = {0};
    struct ref_row rows[ROWS];
    int n = ref_rows_make(7, rows, ROWS);
    t->dir = ref_temp_dir();
    t->dataset = rs_path_join(t->dir, "dataset.rsd");
    t->split = rs_path_join(t->dir, "split.rsd");
    t->broken = rs_path_join(t->dir, "broken.rsd");
    t->out = rs_path_join(t->dir, "out.rsd");
    struct rs_dataset *d = ref_dataset(t->dir, rows, n, true);
    cut(d, t->split, &err);
    assert_string_equal(err.msg, "");
    rs_dataset_close(d);
}

static void target_clear(struct target *t)
{
    free(t->dataset);
    free(t->split);
    free(t->broken);
    free(t->out);
    ref_remove(t->dir);
}

static void use_model(const struct target *t, const struct rs_split *s, const char *name,
                      const char *params)
{
    static const int32_t ks[] = {2, 5};
    struct rs_err err = {0};
    struct rs_model *m = ref_model_new(name, params);
    const struct rs_fit_data d = {.ui = &s->train, .iu = &s->train_t, .threshold = 2, .seed = 1};
    const struct rs_eval_opts o = {
        .ks = ks, .n_ks = 2, .part = RS_PART_TEST, .threshold = 2, .beyond = true};
    if (!rs_model_fit(m, &d, 0, NULL, &err)) {
        struct rs_eval *e = NULL;
        char sha256[65];
        (void)!rs_eval_run(m, s, &o, NULL, &e, &err);
        rs_eval_free(e);
        if (!rs_bundle_save(t->dir, m, s, 2, 1, sha256, &err)) {
            struct rs_bundle *b = NULL;
            char *path = rs_xprintf("%s/%s.rsm", t->dir, sha256);
            struct rs_err refused = {0};
            assert_ok(rs_bundle_open(path, &b, &refused), &refused); /* what is saved can be read */
            rs_bundle_close(b);
            assert_ok(rs_fs_remove(path, &err), &err);
            free(path);
        }
    }
    rs_model_free(m);
}

static void use_split(const struct target *t, const struct rs_split *s)
{
    struct rs_err err = {0};
    (void)!rs_features_build(s, 30, t->out, &err);
    use_model(t, s, "als", "factors=3 iterations=1 input=values");
    use_model(t, s, "popularity", "score=decayed");
}

static void wrong_splits_never_crash(void **state)
{
    (void)state;
    struct target t;
    target_init(&t);
    int opened = 0;
    int refused = 0;
    size_t sections = 1;
    for (size_t section = 0; section < sections; section++) {
        for (uint64_t round = 0; round < ROUNDS; round++) {
            struct rs_err err = {0};
            struct rs_split *s = NULL;
            sections = ref_rewrite(t.split, t.broken, "SPLT", section, round);
            if (rs_split_open(t.broken, "made", "x", &s, &err)) {
                refused++;
                continue;
            }
            opened++;
            use_split(&t, s);
            rs_split_close(s);
        }
    }
    assert_true(opened > 0 && refused > 0); /* both ways were met */
    target_clear(&t);
}

static void wrong_datasets_never_crash(void **state)
{
    (void)state;
    struct target t;
    target_init(&t);
    int opened = 0;
    int refused = 0;
    size_t sections = 1;
    for (size_t section = 0; section < sections; section++) {
        for (uint64_t round = 0; round < ROUNDS; round++) {
            struct rs_err err = {0};
            struct rs_dataset *d = NULL;
            sections = ref_rewrite(t.dataset, t.broken, "DATA", section, round);
            if (rs_dataset_open(t.broken, "made", &d, &err)) {
                refused++;
                continue;
            }
            opened++;
            struct rs_val *report = NULL;
            assert_ok(rs_quality_report(&d->x, NULL, &report, &err), &err);
            rs_val_free(report);
            cut(d, t.out, &err);
            rs_dataset_close(d);
        }
    }
    assert_true(opened > 0 && refused > 0);
    target_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_splits_never_crash),
        cmocka_unit_test(wrong_datasets_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
