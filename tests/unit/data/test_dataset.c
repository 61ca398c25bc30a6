/* What is saved comes back; what is missing, damaged or senseless is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_cut.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/data/dataset.h"

static const struct ref_row rows[] = {
    {2, 10, 4.0f, 300}, {1, 20, 3.5f, 100}, {1, 10, 5.0f, 200}, {9, 30, 0.5f, 400}};
#define N_ROWS 4

struct fixture {
    char *dir;
    char *path;
    struct rs_interactions x;
    struct rs_catalogue *c;
    struct rs_val *report;
};

static void fixture_init(struct fixture *f, bool times)
{
    struct rs_err err = {0};
    f->dir = ref_temp_dir();
    f->path = rs_path_join(f->dir, "dataset.rsd");
    f->x = ref_interactions(rows, N_ROWS, times);
    f->c = rs_catalogue_new(3);
    assert_ok(rs_catalogue_set(f->c, 1, "Twenty (1920)", "Drama", 0, &err), &err);
    assert_ok(rs_quality_report(&f->x, NULL, &f->report, &err), &err);
    rs_val_set_str(f->report, "source", "by hand");
}

static void fixture_clear(struct fixture *f)
{
    ref_interactions_clear(&f->x);
    rs_catalogue_free(f->c);
    rs_val_free(f->report);
    free(f->path);
    ref_remove(f->dir);
}

static void save(const struct fixture *f)
{
    struct rs_err err = {0};
    assert_ok(rs_dataset_save(f->path, &f->x, f->c, f->report, &err), &err);
}

static void what_is_saved_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_dataset *d = NULL;
    fixture_init(&f, true);
    save(&f);
    assert_ok(rs_dataset_open(f.path, "made", &d, &err), &err);
    assert_string_equal(d->name, "made");
    assert_int_equal(d->x.n, N_ROWS);
    static const int32_t users[] = {0, 0, 1, 2};
    static const int32_t items[] = {0, 1, 0, 2};
    static const int64_t times[] = {200, 100, 300, 400};
    static const float values[] = {5.0f, 3.5f, 4.0f, 0.5f};
    assert_memory_equal(d->x.user, users, sizeof(users));
    assert_memory_equal(d->x.item, items, sizeof(items));
    assert_memory_equal(d->x.time, times, sizeof(times));
    assert_memory_equal(d->x.value, values, sizeof(values));
    assert_null(d->x.type);
    assert_int_equal(rs_idmap_int(d->x.users, 2), 9);
    assert_int_equal(rs_idmap_int(d->x.items, 1), 20);
    assert_string_equal(rs_catalogue_title(d->catalogue, 1), "Twenty (1920)");
    assert_string_equal(rs_val_get_str(d->report, "source", ""), "by hand");
    char sha[65];
    assert_ok(rs_sha256_file(f.path, sha, &err), &err);
    assert_string_equal(d->fingerprint, sha);
    rs_dataset_close(d);
    rs_dataset_close(NULL);
    fixture_clear(&f);
}

static void event_types_come_back(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    struct rs_dataset *d = NULL;
    const uint8_t type[N_ROWS] = {0, 1, 1, 0};
    char view[] = "view";
    char buy[] = "buy";
    char *types[] = {view, buy, NULL};
    fixture_init(&f, false);
    f.x.type = type;
    f.x.types = types;
    save(&f);
    f.x.type = NULL;
    f.x.types = NULL;
    assert_ok(rs_dataset_open(f.path, "made", &d, &err), &err);
    assert_null(d->x.time);
    assert_memory_equal(d->x.type, type, sizeof(type));
    assert_string_equal(d->x.types[0], "view");
    assert_string_equal(d->x.types[1], "buy");
    assert_null(d->x.types[2]);
    rs_dataset_close(d);
    fixture_clear(&f);
}

static void equal_data_gives_equal_fingerprints(void **state)
{
    (void)state;
    char fingerprints[3][65];
    for (int i = 0; i < 3; i++) {
        char *dir = ref_temp_dir();
        struct ref_row mine[N_ROWS];
        for (int r = 0; r < N_ROWS; r++)
            mine[r] = rows[i == 1 ? N_ROWS - 1 - r : r];
        if (i == 2) mine[0].time++;
        struct rs_dataset *d = ref_dataset(dir, mine, N_ROWS, true);
        memcpy(fingerprints[i], d->fingerprint, 65);
        rs_dataset_close(d);
        ref_remove(dir);
    }
    assert_string_equal(fingerprints[0], fingerprints[1]);
    assert_string_not_equal(fingerprints[0], fingerprints[2]);
}

static void a_missing_file_names_the_command(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_dataset *d = NULL;
    assert_code(rs_dataset_open("/nowhere/x.rsd", "ml", &d, &err), RS_ENOTFOUND, &err,
                "run 'data prepare --dataset ml' first");
    assert_null(d);
}

static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    char *bytes = NULL;
    size_t len = 0;
    fixture_init(&f, true);
    save(&f);
    assert_ok(rs_fs_read(f.path, 1 << 20, &bytes, &len, &err), &err);
    for (size_t i = 0; i < len; i += i < 128 ? 1 : 7) {
        struct rs_dataset *d = NULL;
        bytes[i] = (char)(bytes[i] ^ 0x20);
        assert_ok(rs_fs_write(f.path, bytes, len, &err), &err);
        enum rs_code rc = rs_dataset_open(f.path, "ml", &d, &err);
        assert_true(rc == RS_EDAMAGED || rc == RS_EARG); /* EARG: "newer version" */
        assert_null(d);
        err = (struct rs_err){0};
        bytes[i] = (char)(bytes[i] ^ 0x20);
    }
    free(bytes);
    fixture_clear(&f);
}

/* Files with sound checksums whose numbers make no sense. */
static void senseless_rows_are_damaged(void **state)
{
    (void)state;
    static const int32_t good_user[] = {0, 0, 1, 2};
    static const int32_t good_item[] = {0, 1, 0, 2};
    for (int fault = 0; fault < 8; fault++) {
        struct fixture f;
        struct rs_err err = {0};
        struct rs_dataset *d = NULL;
        fixture_init(&f, true);
        int32_t user[N_ROWS];
        int32_t item[N_ROWS];
        float value[N_ROWS] = {1, 2, 3, 4};
        uint8_t type[N_ROWS] = {0, 0, 0, 0};
        char view[] = "view";
        char *types[] = {view, NULL};
        memcpy(user, good_user, sizeof(user));
        memcpy(item, good_item, sizeof(item));
        if (fault == 0) user[3] = 3;
        if (fault == 1) user[0] = -1;
        if (fault == 2) item[3] = 3;
        if (fault == 3) item[2] = -7;
        if (fault == 4) value[1] = NAN;
        if (fault == 5) item[1] = 0; /* the same pair twice */
        if (fault == 6) user[2] = 2, user[3] = 1;
        if (fault == 7) type[2] = 1;
        struct rs_interactions x = f.x;
        x.user = user;
        x.item = item;
        x.value = value;
        x.type = type;
        x.types = types;
        assert_ok(rs_dataset_save(f.path, &x, f.c, f.report, &err), &err);
        assert_code(rs_dataset_open(f.path, "ml", &d, &err), RS_EDAMAGED, &err,
                    fault == 5 || fault == 6 ? "is out of order" : "dataset 'ml'");
        assert_null(d);
        fixture_clear(&f);
    }
}

static enum rs_code save_and_open(void *ctx, struct rs_err *err)
{
    const struct fixture *f = ctx;
    struct rs_dataset *d = NULL;
    enum rs_code rc = rs_dataset_save(f->path, &f->x, f->c, f->report, err);
    if (!rc) rc = rs_dataset_open(f->path, "made", &d, err);
    rs_dataset_close(d);
    return rc;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, true);
    assert_survives_oom(save_and_open, &f);
    fixture_clear(&f);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct rs_err err = {0};
    fixture_init(&f, true);
    assert_code(rs_dataset_save("/nowhere/at/all.rsd", &f.x, f.c, f.report, &err), RS_ENOTFOUND,
                &err, "/nowhere/at/all.rsd");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(event_types_come_back),
        cmocka_unit_test(equal_data_gives_equal_fingerprints),
        cmocka_unit_test(a_missing_file_names_the_command),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(senseless_rows_are_damaged),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
