/*
 * The real archive, from fetch to metrics: counts must be equal, and figures within 1e-9 of numbers
 * that were computed apart from this program, in double precision, from the definitions alone.
 * Needs ml-latest-small.zip in the folder that RECSYS_DATA_MIRROR names; skipped without it.
 */
#include "ref/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/data/dataset.h"
#include "rs/data/fetch.h"
#include "rs/data/ingest.h"
#include "rs/data/split.h"
#include "rs/eval/eval.h"
#include "rs/models/als.h"
#include "rs/models/model.h"
#include "rs/models/popularity.h"

#define TOL 1e-9 /* what the reference promises: its sums ran in another order */

enum { N_KS = 3, N_AT_K = 4 };
static const int32_t ks[N_KS] = {5, 10, 20};
static const enum rs_metric at_k[N_AT_K] = {RS_PRECISION, RS_RECALL, RS_NDCG, RS_MAP};

enum {
    ROWS = 100836, /* of the archive */
    USERS = 610,
    ITEMS = 9724,
    CORE_ROWS = 90274, /* after the k-core 5/5 */
    CORE_USERS = 610,
    CORE_ITEMS = 3650,
};

struct counts {
    enum rs_protocol protocol;
    enum rs_exclude exclude;
    int64_t train_rows;
    int32_t train_users;
    int32_t train_items;
    int64_t val_rows;     /* of users and items known in train */
    int64_t val_rows_raw; /* of all */
    int64_t test_rows;
    int64_t test_rows_raw;
    int32_t users_evaluated;
};
static const struct counts global_temporal = {
    RS_GLOBAL_TEMPORAL, RS_EXCLUDE_TRAIN, 72219, 513, 3548, 432, 9027, 540, 9028, 18};
static const struct counts user_temporal = {
    RS_USER_TEMPORAL, RS_EXCLUDE_TRAIN_VAL, 63661, 610, 3637, 8756, 8773, 17781, 17840, 593};

struct figures {
    enum rs_protocol protocol;
    const char *score;          /* of the popularity model */
    double value[N_KS][N_AT_K]; /* precision, recall, ndcg, map at 5, 10, 20 */
    double mrr;
    double ndcg_at_10_error; /* standard errors of the mean */
    double mrr_error;
};
static const struct figures figures[] = {
    {RS_GLOBAL_TEMPORAL,
     "sum",
     {{0.13333333333333333, 0.03750478377344049, 0.14561468804999805, 0.12555555555555553},
      {0.09444444444444444, 0.05013343943692202, 0.1152029433520317, 0.07687830687830688},
      {0.08888888888888889, 0.07389679603609951, 0.12257890146654285, 0.07198544551614726}},
     0.21256613756613754,
     0.0550060283101895,
     0.08991706557533133},
    {RS_GLOBAL_TEMPORAL,
     "count",
     {{0.1111111111111111, 0.031120040821533357, 0.13469770755479366, 0.10518518518518519},
      {0.09444444444444446, 0.04642973573321832, 0.11473116316482256, 0.07638888888888888},
      {0.07222222222222224, 0.0691349672071065, 0.11155707951800527, 0.06310459944586622}},
     0.23961640211640212,
     0.05633689569719668,
     0.09891871493531576},
    {RS_USER_TEMPORAL,
     "sum",
     {{0.08161888701517707, 0.030715933779977094, 0.09105529230126005, 0.055636593591905564},
      {0.06745362563237774, 0.051520259851769924, 0.08655412701244396, 0.04250962507918663},
      {0.05792580101180439, 0.08325225206233977, 0.09112213925377088, 0.03802362799098787}},
     0.19214504891390535,
     0.006156783370992352,
     0.013423631602545082},
    {RS_USER_TEMPORAL,
     "count",
     {{0.08229342327150084, 0.03342309194925036, 0.09036643401312629, 0.05418212478920743},
      {0.061720067453625634, 0.046689643753726015, 0.0807192564782471, 0.03944799907971433},
      {0.05370994940978078, 0.07789041830783201, 0.08567998642209831, 0.03508183065075875}},
     0.18466490031732619,
     0.005936317713390298,
     0.013002294861742071},
};

struct fixture {
    char *dir;
    struct rs_dataset *dataset;
};

static char *in_dir(const struct fixture *f, const char *name)
{
    return rs_path_join(f->dir, name);
}

static void fetch(const struct fixture *f)
{
    struct rs_err err = {0};
    struct rs_fetch_opts o = {.dataset = "ml-latest-small", .mirror = ref_mirror()};
    struct rs_fetch_result r = {0};
    char *raw = in_dir(f, "raw");
    assert_ok(rs_fetch(raw, &o, NULL, &r, &err), &err);
    assert_false(r.cached);
    assert_string_equal(r.sha256, rs_known_set_find("ml-latest-small")->sha256);
    rs_fetch_result_clear(&r);
    assert_ok(rs_fetch(raw, &o, NULL, &r, &err), &err); /* nothing to do the second time */
    assert_true(r.cached);
    rs_fetch_result_clear(&r);
    free(raw);
}

static void ingest(const struct fixture *f, struct rs_interactions *x, struct rs_ingest_report *r)
{
    struct rs_err err = {0};
    char *ratings = in_dir(f, "raw/ratings.csv");
    const char *const paths[] = {ratings};
    struct rs_ingest_opts o = {.header = -1, .strict = true, .value_min = 0.5, .value_max = 5.0};
    assert_ok(rs_ingest(paths, 1, &o, NULL, x, r, &err), &err);
    assert_int_equal(r->rows, ROWS);
    assert_int_equal(r->bad_rows, 0);
    assert_int_equal(r->duplicates, 0);
    assert_int_equal(x->n, ROWS);
    assert_int_equal(rs_idmap_size(x->users), USERS);
    assert_int_equal(rs_idmap_size(x->items), ITEMS);
    free(ratings);
}

/* raw/ratings.csv and raw/movies.csv to dataset.rsd. */
static void prepare(struct fixture *f)
{
    struct rs_err err = {0};
    char *movies = in_dir(f, "raw/movies.csv");
    char *path = in_dir(f, "dataset.rsd");
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_val *quality = NULL;
    int64_t matched = 0;
    ingest(f, &x, &report);
    struct rs_catalogue *catalogue = rs_catalogue_new(ITEMS);
    assert_ok(rs_catalogue_read(movies, x.items, catalogue, &matched, &err), &err);
    assert_int_equal(matched, ITEMS);
    assert_ok(rs_quality_report(&x, &report, &quality, &err), &err);
    assert_ok(rs_dataset_save(path, &x, catalogue, quality, &err), &err);
    assert_ok(rs_dataset_open(path, "ml-latest-small", &f->dataset, &err), &err);
    rs_val_free(quality);
    rs_catalogue_free(catalogue);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    free(movies);
    free(path);
}

static int set_up(void **state)
{
    if (!ref_mirror()) return 0;
    struct fixture *f = rs_xalloc(1, sizeof(*f));
    f->dir = ref_temp_dir();
    fetch(f);
    prepare(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (!f) return 0;
    rs_dataset_close(f->dataset);
    ref_remove(f->dir);
    free(f);
    return 0;
}

static void k_core(void **state)
{
    const struct fixture *f = *state;
    if (!f) skip();
    struct rs_err err = {0};
    uint8_t *users = rs_xalloc(USERS, 1);
    uint8_t *items = rs_xalloc(ITEMS, 1);
    int64_t rows = 0;
    assert_ok(rs_k_core(&f->dataset->x, 5, 5, users, items, &rows, &err), &err);
    int n_users = 0;
    int n_items = 0;
    for (int i = 0; i < USERS; i++) {
        n_users += users[i];
    }
    for (int i = 0; i < ITEMS; i++) {
        n_items += items[i];
    }
    assert_int_equal(rows, CORE_ROWS);
    assert_int_equal(n_users, CORE_USERS);
    assert_int_equal(n_items, CORE_ITEMS);
    free(users);
    free(items);
}

static struct rs_split *make_split(const struct fixture *f, enum rs_protocol protocol)
{
    struct rs_err err = {0};
    struct rs_split_opts o = rs_split_defaults(protocol);
    struct rs_split *s = NULL;
    char *path = in_dir(f, "split.rsd");
    assert_ok(rs_split_make(f->dataset, NULL, &o, path, NULL, &err), &err);
    assert_ok(rs_split_open(path, "ml-latest-small", rs_protocol_name(protocol), &s, &err), &err);
    free(path);
    return s;
}

static int64_t on_card(const struct rs_split *s, const char *path)
{
    const struct rs_val *v = rs_val_at(s->card, path);
    if (!v || v->type != RS_VAL_INT) fail_msg("the card has no count '%s'", path);
    return v->i;
}

static void check_counts(const struct rs_split *s, const struct counts *c)
{
    assert_int_equal(s->n_users, c->train_users);
    assert_int_equal(s->n_items, c->train_items);
    assert_int_equal(s->train.nnz, c->train_rows);
    assert_int_equal(s->val.nnz, c->val_rows);
    assert_int_equal(s->test.nnz, c->test_rows);
    assert_int_equal(on_card(s, "counts.val_raw"), c->val_rows_raw);
    assert_int_equal(on_card(s, "counts.test_raw"), c->test_rows_raw);
    assert_int_equal(on_card(s, "users_evaluable"), c->users_evaluated);
}

static struct rs_model *fit(const struct rs_split *s, const struct rs_model_ops *ops,
                            const struct rs_values *v)
{
    struct rs_err err = {0};
    struct rs_model *m = NULL;
    assert_ok(rs_model_new(ops, v, &m, &err), &err);
    struct rs_fit_data d = {.ui = &s->train, .iu = &s->train_t, .threshold = 3.5, .seed = 42};
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    return m;
}

static struct rs_model *fit_popularity(const struct rs_split *s, const char *score)
{
    struct rs_err err = {0};
    struct rs_values *v = rs_values_new(rs_popularity_ops.params);
    assert_ok(rs_values_set_text(v, "score", score, &err), &err);
    struct rs_model *m = fit(s, &rs_popularity_ops, v);
    rs_values_free(v);
    return m;
}

/* Standard error of a mean over users, with n - 1 degrees of freedom. */
static double error_of(const struct rs_eval *e, int column)
{
    double squares = 0.0;
    for (int64_t u = 0; u < e->n_users; u++) {
        double off = e->scores[u * e->n_metrics + column] - e->mean[column];
        squares += off * off;
    }
    return sqrt(squares / (e->n_users - 1.0) / e->n_users);
}

static void check_one(double got, double want, const char *name, const struct figures *f)
{
    if (fabs(got - want) <= TOL) return;
    fail_msg("%s of popularity by %s on %s is %.17g, not %.17g", name, f->score,
             rs_protocol_name(f->protocol), got, want);
}

static int column_of(const struct rs_eval *e, const char *name)
{
    int c = rs_eval_find(e, name);
    if (c < 0) fail_msg("no metric '%s'", name);
    return c;
}

static void check_figures(const struct rs_eval *e, const struct figures *want)
{
    for (int i = 0; i < N_KS; i++) {
        for (int m = 0; m < N_AT_K; m++) {
            char name[64];
            rs_metric_label(at_k[m], ks[i], name, sizeof(name));
            check_one(e->mean[column_of(e, name)], want->value[i][m], name, want);
        }
    }
    int mrr = column_of(e, "mrr");
    int ndcg = column_of(e, "ndcg_at_10");
    check_one(e->mean[mrr], want->mrr, "mrr", want);
    check_one(error_of(e, mrr), want->mrr_error, "error of mrr", want);
    check_one(error_of(e, ndcg), want->ndcg_at_10_error, "error of ndcg_at_10", want);
}

static void check_split(const struct fixture *f, const struct counts *c)
{
    struct rs_err err = {0};
    struct rs_split *s = make_split(f, c->protocol);
    check_counts(s, c);
    struct rs_eval_opts o = {.ks = ks,
                             .n_ks = N_KS,
                             .part = RS_PART_TEST,
                             .exclude = c->exclude,
                             .threshold = 3.5,
                             .bootstrap_samples = 100,
                             .beyond = true};
    int checked = 0;
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        if (figures[i].protocol != c->protocol) continue;
        struct rs_model *m = fit_popularity(s, figures[i].score);
        struct rs_eval *e = NULL;
        assert_ok(rs_eval_run(m, s, &o, NULL, &e, &err), &err);
        assert_int_equal(e->n_users, c->users_evaluated);
        check_figures(e, &figures[i]);
        rs_eval_free(e);
        rs_model_free(m);
        checked++;
    }
    assert_int_equal(checked, 2);
    rs_split_close(s);
}

static void popularity_on_global_temporal(void **state)
{
    if (!*state) skip();
    check_split(*state, &global_temporal);
}

static void popularity_on_user_temporal(void **state)
{
    if (!*state) skip();
    check_split(*state, &user_temporal);
}

/* ndcg_at_10 of every user. The caller frees. */
static double *ndcg_of(const struct rs_model *m, const struct rs_split *s, enum rs_part part,
                       int32_t *n_out)
{
    struct rs_err err = {0};
    struct rs_eval *e = NULL;
    struct rs_eval_opts o = {.ks = ks, .n_ks = N_KS, .part = part, .threshold = 3.5};
    assert_ok(rs_eval_run(m, s, &o, NULL, &e, &err), &err);
    double *scores = rs_xalloc((size_t)e->n_users, sizeof(*scores));
    rs_eval_column(e, column_of(e, "ndcg_at_10"), scores);
    *n_out = e->n_users;
    rs_eval_free(e);
    return scores;
}

/* What a user gets who sets nothing is better than popularity, and the interval says so. */
static void default_als_beats_popularity_on_user_temporal(void **state)
{
    if (!*state) skip();
    struct rs_err err = {0};
    struct rs_split *s = make_split(*state, RS_USER_TEMPORAL);
    struct rs_values *v = rs_values_new(rs_als_ops.params);
    struct rs_model *als = fit(s, &rs_als_ops, v);
    struct rs_model *popularity = fit_popularity(s, "sum");
    static const enum rs_part parts[] = {RS_PART_VAL, RS_PART_TEST};
    for (int i = 0; i < 2; i++) {
        int32_t n;
        int32_t n_popularity;
        double *a = ndcg_of(als, s, parts[i], &n);
        double *b = ndcg_of(popularity, s, parts[i], &n_popularity);
        struct rs_paired p;
        assert_int_equal(n, n_popularity);
        assert_ok(rs_compare_paired(a, b, n, 1000, 1, &p, &err), &err);
        assert_string_equal(p.verdict, "better");
        assert_true(p.interval.lo > 0.01 && p.p_value < 1e-4);
        free(a);
        free(b);
    }
    rs_model_free(als);
    rs_model_free(popularity);
    rs_values_free(v);
    rs_split_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k_core),
        cmocka_unit_test(default_als_beats_popularity_on_user_temporal),
        cmocka_unit_test(popularity_on_global_temporal),
        cmocka_unit_test(popularity_on_user_temporal),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
