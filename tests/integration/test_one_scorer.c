/*
 * One scorer: the lists that evaluation ranked are those that a bundle recommends, item for item and
 * score for score, for every user and every model, whatever blocks or threads they were made in,
 * by whatever pages, and with rows told again that training has seen.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/data/ingest.h"
#include "rs/data/split.h"
#include "rs/data/synth.h"
#include "rs/eval/eval.h"
#include "rs/models/ask.h"

#include "ref/support.h"

#define K 20

struct world {
    char *dir;
    struct rs_split *split;
};

static int set_up(void **state)
{
    struct world *w = rs_xalloc(1, sizeof(*w));
    struct rs_err err = {0};
    struct rs_synth_opts o = {.users = 150, .items = 400, .interactions = 9000, .seed = 11};
    struct rs_ingest_opts io = {.header = -1};
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_val *quality = NULL;
    struct rs_dataset *d = NULL;
    int64_t rows;
    w->dir = ref_temp_dir();
    assert_ok(rs_synth_write(w->dir, &o, NULL, &rows, &err), &err);
    char *csv = rs_path_join(w->dir, "ratings.csv");
    const char *paths[] = {csv};
    assert_ok(rs_ingest(paths, 1, &io, NULL, &x, &report, &err), &err);
    assert_int_equal(x.n, rows);
    struct rs_catalogue *c = rs_catalogue_new(rs_idmap_size(x.items));
    char *movies = rs_path_join(w->dir, "movies.csv");
    int64_t matched;
    assert_ok(rs_catalogue_read(movies, x.items, c, &matched, &err), &err);
    assert_ok(rs_quality_report(&x, &report, &quality, &err), &err);
    char *data = rs_path_join(w->dir, "dataset.rsd");
    assert_ok(rs_dataset_save(data, &x, c, quality, &err), &err);
    assert_ok(rs_dataset_open(data, "made", &d, &err), &err);
    struct rs_split_opts so = rs_split_defaults(RS_USER_TEMPORAL);
    char *split = rs_path_join(w->dir, "split.rsd");
    assert_ok(rs_split_make(d, NULL, &so, split, NULL, &err), &err);
    assert_ok(rs_split_open(split, "made", "user-temporal", &w->split, &err), &err);
    rs_dataset_close(d);
    rs_val_free(quality);
    rs_catalogue_free(c);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    free(split);
    free(data);
    free(movies);
    free(csv);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rs_split_close(w->split);
    ref_remove(w->dir);
    free(w);
    return 0;
}

static struct rs_bundle *make_bundle(const struct world *w, const struct rs_model_ops *ops)
{
    struct rs_err err = {0};
    struct rs_values *v = rs_values_new(ops->params);
    struct rs_model *m = NULL;
    struct rs_bundle *b = NULL;
    struct rs_fit_data d = {
        .ui = &w->split->train, .iu = &w->split->train_t, .threshold = 3.5, .seed = 5};
    char sha256[65];
    assert_ok(rs_model_new(ops, v, &m, &err), &err);
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    assert_ok(rs_bundle_save(w->dir, m, w->split, 3.5, 5, sha256, &err), &err);
    rs_model_free(m);
    rs_values_free(v);
    char *name = rs_xprintf("%s/%s.rsm", w->dir, sha256);
    assert_ok(rs_bundle_open(name, &b, &err), &err);
    free(name);
    return b;
}

/* One user's list of `ask`, as the evaluation has it. */
static void check_list(const struct rs_eval *e, int32_t row, const struct rs_bundle *b,
                       const struct rs_ask *ask)
{
    struct rs_err err = {0};
    struct rs_ranked list[K];
    int32_t n = 0;
    const char *source = NULL;
    assert_ok(rs_bundle_recommend(b, ask, NULL, list, &n, &source, &err), &err);
    assert_string_equal(source, b->model->ops->name);
    const int32_t *want = e->lists + row * e->list_len + ask->offset;
    for (int32_t i = 0; i < n; i++) {
        assert_int_equal(list[i].item, want[i]);
    }
    assert_true(n == ask->k || want[n] == -1);
}

/* The list at once, by pages, and with events that training has seen, asked by external id. */
static void check_user(const struct rs_eval *e, int32_t row, const struct rs_bundle *b)
{
    struct rs_err err = {0};
    struct rs_ask ask = {.user = e->users[row], .k = K, .exclude_seen = true};
    check_list(e, row, b, &ask);
    ask.k = K / 4;
    for (; ask.offset < K; ask.offset += ask.k) {
        check_list(e, row, b, &ask);
    }
    struct rs_arena *arena = rs_arena_new(0, 0);
    struct rs_str user = {0};
    struct rs_str item = {0};
    size_t ignored;
    struct rs_profile known = rs_bundle_profile(b, ask.user);
    rs_idmap_add_text(b->users, ask.user, &user);
    rs_idmap_add_text(b->items, known.items[known.n / 2], &item);
    const struct rs_event old[] = {
        {.item_id = rs_str_text(&item), .value = (double)known.values[known.n / 2]}};
    const struct rs_wish wish = {.user_id = rs_str_text(&user),
                                 .events = old,
                                 .n_events = 1,
                                 .k = K,
                                 .exclude_seen = true,
                                 .strict = true};
    assert_ok(rs_wish_resolve(b, &wish, arena, &ask, &ignored, &err), &err);
    assert_int_equal(ask.n_items, 1);
    check_list(e, row, b, &ask);
    rs_str_clear(&user);
    rs_str_clear(&item);
    rs_arena_free(arena);
}

static void evaluation_and_bundle_rank_alike(void **state)
{
    const struct world *w = *state;
    int32_t ks[] = {5, K};
    struct rs_eval_opts o = {.ks = ks,
                             .n_ks = 2,
                             .part = RS_PART_TEST,
                             .exclude = RS_EXCLUDE_TRAIN_VAL,
                             .threshold = 3.5};
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        struct rs_bundle *b = make_bundle(w, *m);
        for (int threads = 1; threads <= 4; threads += 3) {
            struct rs_err err = {0};
            struct rs_eval *e = NULL;
            rs_par_set_threads(threads);
            assert_ok(rs_eval_run(b->model, w->split, &o, NULL, &e, &err), &err);
            assert_true(e->n_users > 100);
            for (int32_t row = 0; row < e->n_users; row++) {
                check_user(e, row, b);
            }
            rs_eval_free(e);
        }
        rs_par_set_threads(0);
        rs_bundle_close(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evaluation_and_bundle_rank_alike, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
