/*
 * Tests of fetch: from files and from a mirror. Over HTTP: test_download.c.
 */
#include "ref/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/ref_hostile.h"
#include "ref/ref_fetch.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

static void assert_nothing(const struct ref_set *p)
{
    assert_false(rs_fs_exists(p->raw));
    assert_false(rs_fs_exists(p->part));
}

static void a_local_file_is_fetched(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "mine", .url = p.zip, .sha256 = p.sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, true);
    char *address = rs_xprintf("file://%s", p.zip);
    o.url = address;
    assert_ok(rs_fs_remove(p.raw, &err), &err);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    free(address);
    ref_set_clear(&p);
}

static void what_is_no_archive_stays_as_it_is(void **state)
{
    (void)state;
    static const char text[] = "userId,movieId,rating\n1,2,3\n";
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    char sha256[RS_SHA256_HEX];
    char *csv = ref_file(p.base, "own.csv", text, SIZE_MAX);
    rs_sha256_of(text, strlen(text), sha256);
    struct rs_fetch_opts o = {.dataset = "own", .url = csv, .sha256 = sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    assert_string_equal(r.files[0], "own.csv");
    assert_null(r.files[1]);
    ref_assert_text(p.raw, "own.csv", text);
    rs_fetch_result_clear(&r);
    free(csv);
    ref_set_clear(&p);
}

static void an_archive_needs_no_name(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    char *path = ref_file(p.base, "download", p.bytes, p.len);
    struct rs_fetch_opts o = {.dataset = "mine", .url = path, .sha256 = p.sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, path, false);
    free(path);
    ref_set_clear(&p);
}

static void a_mirror_holds_known_sets(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    char *mirror = rs_xprintf("%s/", p.base);
    char *path = ref_file(p.base, "ml-1m.zip", p.bytes, p.len);
    struct rs_fetch_opts o = {.dataset = "ml-1m", .mirror = mirror, .sha256 = p.sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, path, false);
    o.sha256 = NULL; /* the pinned hash: another file */
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err,
                rs_known_set_find("ml-1m")->sha256);
    ref_assert_holds(p.raw, ".fetched.json movies.csv ratings.csv"); /* what was there stays */
    o.dataset = "ml-20m";
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_ENOTFOUND, &err, "ml-20m.zip");
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_ENOTFOUND, &err, "RECSYS_DATA_MIRROR");
    free(path);
    free(mirror);
    ref_set_clear(&p);
}

static void a_wrong_hash_names_both(void **state)
{
    (void)state;
    static const char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "mine", .url = p.zip, .sha256 = other};
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, other);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, p.sha256);
    assert_null(r.files);
    assert_nothing(&p);
    ref_set_clear(&p);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "ml-9m"};
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EARG, &err, "'ml-9m' is not known");
    o.url = p.zip;
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EARG, &err, "--sha256 is missing");
    o.sha256 = "abc";
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EARG, &err, "'abc' is not 64 hex digits");
    char bad[RS_SHA256_HEX];
    memcpy(bad, p.sha256, sizeof(bad));
    bad[10] = 'g';
    o.sha256 = bad;
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EARG, &err, bad);
    for (char *c = bad; *c; c++) { /* upper case is the same number */
        size_t i = (size_t)(c - bad);
        *c = p.sha256[i] >= 'a' ? (char)(p.sha256[i] - 'a' + 'A') : p.sha256[i];
    }
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    o.url = "/nowhere/at/all.zip";
    assert_ok(rs_fs_remove(p.raw, &err), &err);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_ENOTFOUND, &err, o.url);
    assert_nothing(&p);
    ref_set_clear(&p);
}

static void what_changed_is_fetched_again(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "mine", .url = p.zip, .sha256 = p.sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    rs_fetch_result_clear(&r);
    free(ref_file(p.raw, "ratings.csv", "1,2,4\n", SIZE_MAX)); /* of the same size */
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    free(ref_file(p.raw, "ratings.csv", "1,2\n", SIZE_MAX));
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    char *movies = rs_path_join(p.raw, "movies.csv");
    assert_ok(rs_fs_remove(movies, &err), &err);
    free(movies);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    free(ref_file(p.raw, ".fetched.json", "{\"files\": 3", SIZE_MAX)); /* a damaged mark */
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, p.zip, false);
    ref_set_clear(&p);
}

static void files_in_folders_are_cached_too(void **state)
{
    (void)state;
    static const struct ref_entry deep[] = {{.name = "x/b/c.csv", .text = "1"},
                                            {.name = "x/a.csv", .text = "2"},
                                            {.name = "y/a.csv", .text = "3"},
                                            {0}};
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    char sha256[RS_SHA256_HEX];
    char *path = ref_pack(p.base, "deep.tar.gz", REF_TAR_GZ, deep);
    assert_ok(rs_sha256_file(path, sha256, &err), &err);
    struct rs_fetch_opts o = {.dataset = "deep", .url = path, .sha256 = sha256};
    for (int i = 0; i < 2; i++) {
        assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
        assert_int_equal(r.cached, i == 1);
        assert_string_equal(r.files[0], "x/a.csv");
        assert_string_equal(r.files[1], "x/b/c.csv");
        assert_string_equal(r.files[2], "y/a.csv");
        assert_null(r.files[3]);
        rs_fetch_result_clear(&r);
    }
    free(ref_file(p.raw, "x/b/c.csv", "4", SIZE_MAX));
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    assert_false(r.cached);
    rs_fetch_result_clear(&r);
    free(path);
    ref_set_clear(&p);
}

static void hostile_and_empty_archives_leave_nothing(void **state)
{
    (void)state;
    static const struct ref_entry up[] = {
        {.name = "a.csv", .text = "x"}, {.name = "../up.csv", .text = "x"}, {0}};
    static const struct ref_entry folder[] = {{.name = "a/", .kind = REF_DIR}, {0}};
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    char sha256[RS_SHA256_HEX];
    char *path = ref_pack(p.base, "a.zip", REF_ZIP, up);
    assert_ok(rs_sha256_file(path, sha256, &err), &err);
    struct rs_fetch_opts o = {.dataset = "bad", .url = path, .sha256 = sha256};
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, "'../up.csv'");
    free(path);
    path = ref_pack(p.base, "a.zip", REF_ZIP, folder);
    o.url = path;
    assert_ok(rs_sha256_file(path, sha256, &err), &err);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, "no file");
    o = (struct rs_fetch_opts){.dataset = "big", .url = p.zip, .sha256 = p.sha256, .max_bytes = 5};
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, "more than 5 bytes");
    char *raw = rs_path_join(p.base, "raw");
    ref_assert_holds(raw, "");
    free(raw);
    free(path);
    ref_set_clear(&p);
}

static void an_impossible_target_is_an_error(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "mine", .url = p.zip, .sha256 = p.sha256};
    char *below = rs_path_join(p.zip, "raw/mine"); /* below a file */
    assert_code(rs_fetch(below, &o, NULL, &r, &err), RS_EIO, &err, p.zip);
    free(below);
    if (geteuid() != 0) { /* root may write everywhere */
        char *locked = rs_path_join(p.base, "locked");
        char *raw = rs_path_join(locked, "mine");
        assert_ok(rs_fs_mkdirs(locked, &err), &err);
        assert_int_equal(chmod(locked, 0500), 0);
        assert_code(rs_fetch(raw, &o, NULL, &r, &err), RS_EIO, &err, raw);
        assert_int_equal(chmod(locked, 0700), 0);
        free(raw);
        free(locked);
    }
    ref_set_clear(&p);
}

static void a_cancel_leaves_nothing(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct rs_task task = {.cancel = true};
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "mine", .url = p.zip, .sha256 = p.sha256};
    assert_code(rs_fetch(p.raw, &o, &task, &r, &err), RS_ECANCEL, &err, NULL);
    char *raw = rs_path_join(p.base, "raw");
    ref_assert_holds(raw, "");
    free(raw);
    ref_set_clear(&p);
}

static void the_real_archive_is_fetched(void **state)
{
    (void)state;
    if (!ref_mirror()) skip();
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct rs_fetch_opts o = {.dataset = "ml-latest-small", .mirror = ref_mirror()};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_holds(p.raw, ".fetched.json README.txt links.csv movies.csv ratings.csv tags.csv");
    assert_string_equal(r.sha256, rs_known_set_find("ml-latest-small")->sha256);
    rs_fetch_result_clear(&r);
    ref_set_clear(&p);
}

static void known_sets_are_well_formed(void **state)
{
    (void)state;
    for (const struct rs_known_set *s = rs_known_sets; s->name; s++) {
        char *file = rs_xprintf("/%s.zip", s->name);
        assert_ptr_equal(rs_known_set_find(s->name), s);
        assert_true(rs_str_starts(s->url, "https://"));
        assert_true(rs_str_ends(s->url, file));
        assert_int_equal(strspn(s->sha256, "0123456789abcdef"), 64);
        assert_int_equal(s->sha256[64], '\0');
        assert_true(s->summary[0] != '\0');
        free(file);
    }
    assert_null(rs_known_set_find("ml-9m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_local_file_is_fetched),
        cmocka_unit_test(what_is_no_archive_stays_as_it_is),
        cmocka_unit_test(an_archive_needs_no_name),
        cmocka_unit_test(a_mirror_holds_known_sets),
        cmocka_unit_test(a_wrong_hash_names_both),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(what_changed_is_fetched_again),
        cmocka_unit_test(files_in_folders_are_cached_too),
        cmocka_unit_test(hostile_and_empty_archives_leave_nothing),
        cmocka_unit_test(an_impossible_target_is_an_error),
        cmocka_unit_test(a_cancel_leaves_nothing),
        cmocka_unit_test(the_real_archive_is_fetched),
        cmocka_unit_test(known_sets_are_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
