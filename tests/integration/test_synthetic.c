/*
 * The generator's data, from files to metrics: popularity is as good as on MovieLens, and a model of
 * what each user likes is clearly better, as there (ndcg@10 0.087 and 0.120 on ml-latest-small).
 */
#include "ref/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/data/catalogue.h"
#include "rs/data/dataset.h"
#include "rs/data/ingest.h"
#include "rs/data/split.h"
#include "rs/data/synth.h"
#include "rs/eval/eval.h"
#include "rs/models/model.h"

/* dir/split.rsd, from generated files. */
static struct rs_split *make_split(const char *dir, const struct rs_synth_opts *o)
{
    struct rs_err err = {0};
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_val *quality = NULL;
    struct rs_dataset *d = NULL;
    struct rs_split *s = NULL;
    int64_t rows = 0;
    int64_t matched = 0;
    char *ratings = rs_path_join(dir, "ratings.csv");
    char *movies = rs_path_join(dir, "movies.csv");
    char *data_path = rs_path_join(dir, "dataset.rsd");
    char *split_path = rs_path_join(dir, "split.rsd");
    const char *const paths[] = {ratings};
    struct rs_ingest_opts in = {.header = -1, .strict = true, .value_min = 0.5, .value_max = 5.0};
    struct rs_split_opts cut = rs_split_defaults(RS_USER_TEMPORAL);
    assert_ok(rs_synth_write(dir, o, NULL, &rows, &err), &err);
    assert_ok(rs_ingest(paths, 1, &in, NULL, &x, &report, &err), &err);
    assert_int_equal(x.n, rows);
    assert_int_equal(report.bad_rows + report.duplicates, 0);
    int32_t n_items = (int32_t)rs_idmap_size(x.items);
    struct rs_catalogue *catalogue = rs_catalogue_new(n_items);
    assert_ok(rs_catalogue_read(movies, x.items, catalogue, &matched, &err), &err);
    assert_int_equal(matched, n_items);
    assert_ok(rs_quality_report(&x, &report, &quality, &err), &err);
    assert_ok(rs_dataset_save(data_path, &x, catalogue, quality, &err), &err);
    assert_ok(rs_dataset_open(data_path, "synthetic", &d, &err), &err);
    assert_ok(rs_split_make(d, NULL, &cut, split_path, NULL, &err), &err);
    assert_ok(rs_split_open(split_path, "synthetic", "user-temporal", &s, &err), &err);
    rs_dataset_close(d);
    rs_val_free(quality);
    rs_catalogue_free(catalogue);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    free(split_path);
    free(data_path);
    free(movies);
    free(ratings);
    return s;
}

/* ndcg@10 on test of a model as it is by default. */
static double ndcg_of(const char *model, const struct rs_split *s)
{
    static const int32_t ks[] = {10};
    struct rs_err err = {0};
    struct rs_model *m = NULL;
    struct rs_eval *e = NULL;
    const struct rs_model_ops *ops = rs_model_find(model);
    struct rs_values *v = rs_values_new(ops->params);
    struct rs_fit_data d = {.ui = &s->train, .iu = &s->train_t, .threshold = 3.5, .seed = 42};
    struct rs_eval_opts o = {.ks = ks,
                             .n_ks = 1,
                             .part = RS_PART_TEST,
                             .exclude = RS_EXCLUDE_TRAIN_VAL,
                             .threshold = 3.5};
    assert_ok(rs_model_new(ops, v, &m, &err), &err);
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    assert_ok(rs_eval_run(m, s, &o, NULL, &e, &err), &err);
    double ndcg = e->mean[rs_eval_find(e, "ndcg_at_10")];
    rs_eval_free(e);
    rs_model_free(m);
    rs_values_free(v);
    return ndcg;
}

static void als_beats_popularity_as_on_movielens(void **state)
{
    (void)state;
    static const struct rs_synth_opts shapes[] = {
        {.users = 600, .items = 3000, .interactions = 90000, .seed = 42}, /* the default */
        {.users = 2000, .items = 1500, .interactions = 120000, .seed = 42},
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        char *dir = ref_temp_dir();
        struct rs_split *s = make_split(dir, &shapes[i]);
        double popularity = ndcg_of("popularity", s);
        double als = ndcg_of("als", s);
        if (popularity < 0.05 || popularity > 0.15 || als < 1.3 * popularity) {
            fail_msg("shape %zu: ndcg@10 of popularity %.4f, of als %.4f", i, popularity, als);
        }
        rs_split_close(s);
        ref_remove(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(als_beats_popularity_as_on_movielens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
