/* The official ml-latest-small archive, cut both ways: the counts of the reference, exactly. */
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/data/dataset.h"
#include "rs/data/fetch.h"
#include "rs/data/ingest.h"
#include "rs/data/split.h"

#define MAX_BYTES ((int64_t)64 << 20)

/* From archive to dataset, as the commands do it; NULL where there is no archive. */
static struct rs_dataset *dataset_open(const char *dir)
{
    if (!ref_mirror()) return NULL;
    struct rs_err err = {0};
    struct rs_interactions x = {0};
    struct rs_ingest_report r = {0};
    struct rs_ingest_opts o = {.header = -1, .strict = true};
    struct rs_val *report = NULL;
    struct rs_dataset *d = NULL;
    char *archive = rs_path_join(ref_mirror(), "ml-latest-small.zip");
    char *raw = rs_path_join(dir, "raw");
    char *ratings = rs_path_join(raw, "ratings.csv");
    char *movies = rs_path_join(raw, "movies.csv");
    char *path = rs_path_join(dir, "dataset.rsd");
    int64_t matched = 0;
    assert_ok(rs_archive_extract(archive, raw, MAX_BYTES, NULL, &err), &err);
    const char *const paths[] = {ratings};
    assert_ok(rs_ingest(paths, 1, &o, NULL, &x, &r, &err), &err);
    struct rs_catalogue *c = rs_catalogue_new(rs_idmap_size(x.items));
    assert_ok(rs_catalogue_read(movies, x.items, c, &matched, &err), &err);
    assert_int_equal(matched, 9724); /* every rated film is described */
    assert_ok(rs_quality_report(&x, &r, &report, &err), &err);
    assert_ok(rs_dataset_save(path, &x, c, report, &err), &err);
    assert_ok(rs_dataset_open(path, "ml-latest-small", &d, &err), &err);
    rs_val_free(report);
    rs_catalogue_free(c);
    rs_interactions_clear(&x);
    rs_ingest_report_clear(&r);
    free(archive);
    free(raw);
    free(ratings);
    free(movies);
    free(path);
    return d;
}

struct want {
    const char *path;
    int64_t n;
};

static void assert_counts(const struct rs_split *s, const struct want *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct rs_val *v = rs_val_at(s->card, want[i].path);
        if (!v || v->i != want[i].n)
            print_error("%s is %lld, not %lld\n", want[i].path, v ? (long long)v->i : -1,
                        (long long)want[i].n);
        assert_true(v && v->i == want[i].n);
    }
}

static void check(enum rs_protocol protocol, const struct want *want, size_t n, const char *verdict)
{
    struct rs_err err = {0};
    struct rs_split *s = NULL;
    char *dir = ref_temp_dir();
    struct rs_dataset *d = dataset_open(dir);
    if (!d) {
        ref_remove(dir);
        skip();
    }
    char *path = rs_path_join(dir, "split.rsd");
    struct rs_split_opts o = rs_split_defaults(protocol);
    assert_ok(rs_split_make(d, NULL, &o, path, NULL, &err), &err);
    assert_ok(rs_split_open(path, d->name, "x", &s, &err), &err);
    assert_counts(s, want, n);
    assert_non_null(strstr(rs_val_get_str(s->card, "verdict", ""), verdict));
    rs_split_close(s);
    rs_dataset_close(d);
    free(path);
    ref_remove(dir);
}

static void global_temporal_has_the_reference_counts(void **state)
{
    (void)state;
    static const struct want want[] = {
        {"counts.rows_in", 100836},   {"counts.interactions", 90274},
        {"counts.users", 610},        {"counts.items", 3650},
        {"counts.train", 72219},      {"counts.train_users", 513},
        {"counts.train_items", 3548}, {"counts.val", 432},
        {"counts.val_raw", 9027},     {"counts.test", 540},
        {"counts.test_raw", 9028},    {"users_evaluable", 18},
    };
    check(RS_GLOBAL_TEMPORAL, want, sizeof(want) / sizeof(*want),
          "proves nothing: the test part has 18 users who can be evaluated; a difference in "
          "ndcg@10 smaller than about 0.16 cannot be told from chance; use user-temporal "
          "(593 users)");
}

static void user_temporal_has_the_reference_counts(void **state)
{
    (void)state;
    static const struct want want[] = {
        {"counts.interactions", 90274}, {"counts.train", 63661},    {"counts.train_users", 610},
        {"counts.train_items", 3637},   {"counts.val", 8756},       {"counts.val_raw", 8773},
        {"counts.test", 17781},         {"counts.test_raw", 17840}, {"users_evaluable", 593},
    };
    check(RS_USER_TEMPORAL, want, sizeof(want) / sizeof(*want), "fit to compare models");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_temporal_has_the_reference_counts),
        cmocka_unit_test(user_temporal_has_the_reference_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
