/*
 * Tests of archive extraction: what comes out, what is refused, and that nothing lands outside.
 */
#include "ref/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "ref/ref_hostile.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/data/fetch.h"

/* base/in holds archives, base/out what came out; base must never hold anything else. */
struct place {
    char *base;
    char *in;
    char *out;
};

static struct place make_place(void)
{
    struct rs_err err = {0};
    struct place p = {.base = ref_temp_dir()};
    p.in = rs_path_join(p.base, "in");
    p.out = rs_path_join(p.base, "out");
    assert_ok(rs_fs_mkdirs(p.in, &err), &err);
    assert_ok(rs_fs_mkdirs(p.out, &err), &err);
    return p;
}

static void clear_place(struct place *p)
{
    ref_remove(p->base);
    free(p->in);
    free(p->out);
}

static void empty(const struct place *p)
{
    struct rs_err err = {0};
    ref_assert_holds(p->base, "in out");
    assert_ok(rs_fs_remove(p->out, &err), &err);
    assert_ok(rs_fs_mkdirs(p->out, &err), &err);
}

static const struct ref_entry two_files[] = {
    {.name = "ratings.csv", .text = "1,2,3\n"}, {.name = "movies.csv", .text = "2,\"x\"\n"}, {0}};

static void files_come_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum ref_format pack;
    } kinds[] = {{"a.zip", REF_ZIP},    {"a.tar", REF_TAR},    {"a.tar.gz", REF_TAR_GZ},
                 {"a.tgz", REF_TAR_GZ}, {"nameless", REF_ZIP}, {"named.gz", REF_TAR_GZ}};
    struct rs_err err = {0};
    struct place p = make_place();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        char *path = ref_pack(p.in, kinds[i].name, kinds[i].pack, two_files);
        assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
        ref_assert_holds(p.out, "movies.csv ratings.csv");
        ref_assert_text(p.out, "ratings.csv", "1,2,3\n");
        ref_assert_text(p.out, "movies.csv", "2,\"x\"\n");
        free(path);
        empty(&p);
    }
    clear_place(&p);
}

static void a_gz_is_one_file(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "ratings.csv.gz", REF_GZ, two_files);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "ratings.csv");
    ref_assert_text(p.out, "ratings.csv", "1,2,3\n");
    free(path);
    path = ref_pack(p.in, ".gz", REF_GZ, two_files);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EARG, &err, ".gz");
    free(path);
    path = ref_pack(p.in, "cut.tar.gz", REF_GZ, two_files); /* no tar inside */
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err, "neither");
    free(path);
    clear_place(&p);
}

static void one_top_folder_is_flattened(void **state)
{
    (void)state;
    static const struct ref_entry one[] = {{.name = "ml/", .kind = REF_DIR},
                                           {.name = "ml/a.csv", .text = "a"},
                                           {.name = "ml/ml/b.csv", .text = "b"},
                                           {0}};
    static const struct ref_entry two[] = {
        {.name = "x/a.csv", .text = "a"}, {.name = "y/a.csv", .text = "b"}, {0}};
    static const struct ref_entry dots[] = {{.name = "./", .kind = REF_DIR},
                                            {.name = "./a.csv", .text = "a"},
                                            {.name = "././b.csv", .text = "b"},
                                            {0}};
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "one.zip", REF_ZIP, one);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "a.csv ml");
    ref_assert_text(p.out, "ml/b.csv", "b");
    free(path);
    empty(&p);
    path = ref_pack(p.in, "two.zip", REF_ZIP, two);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "x y");
    ref_assert_text(p.out, "x/a.csv", "a");
    ref_assert_text(p.out, "y/a.csv", "b");
    free(path);
    empty(&p);
    path = ref_pack(p.in, "dots.tar", REF_TAR, dots);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "a.csv b.csv");
    free(path);
    clear_place(&p);
}

static void hidden_files_stay_in(void **state)
{
    (void)state;
    static const struct ref_entry hidden[] = {{.name = "ml/.DS_Store", .text = "x"},
                                              {.name = ".fetched.json", .text = "{}"},
                                              {.name = ".git/config", .text = "x"},
                                              {.name = "ml/a.csv", .text = "a"},
                                              {0}};
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, hidden);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "a.csv");
    free(path);
    clear_place(&p);
}

static void names_of_other_scripts_come_out(void **state)
{
    (void)state;
    static const struct ref_entry entries[] = {{.name = "donn\303\251es.csv", .text = "a"}, {0}};
    static const enum ref_format packs[] = {REF_ZIP, REF_TAR};
    struct rs_err err = {0};
    struct place p = make_place();
    for (int i = 0; i < 2; i++) {
        char *path = ref_pack(p.in, "a", packs[i], entries);
        assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
        ref_assert_holds(p.out, "donn\303\251es.csv");
        free(path);
        empty(&p);
    }
    clear_place(&p);
}

#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PART    NAME_64 NAME_64 NAME_64

struct hostile {
    const char *names; /* what the message names */
    bool tar_only;
    struct ref_entry entries[3];
};
static const struct hostile hostile[] = {
    {"'/etc/recsys-test'", false, {{.name = "/etc/recsys-test", .text = "x"}}},
    {"'../up.csv'", false, {{.name = "../up.csv", .text = "x"}}},
    {"'a/../../up.csv'", false, {{.name = "a/../../up.csv", .text = "x"}}},
    {"'a/..'", false, {{.name = "a/..", .text = "x"}}},
    {"'../'", false, {{.name = "..", .kind = REF_DIR}}},
    {"'/up.csv'", false, {{.name = ".//up.csv", .text = "x"}}},
    {"'a//b'", false, {{.name = "a//b", .text = "x"}}},
    {"'a/./b'", false, {{.name = "a/./b", .text = "x"}}},
    {"up.csv'", false, {{.name = "..\\up.csv", .text = "x"}}},
    {"'C:\\up.csv'", true, {{.name = "C:\\up.csv", .text = "x"}}},
    {"entry 'a", false, {{.name = "a\nb", .text = "x"}}},
    {"entry '", false, {{.name = "\033[2J", .text = "x"}}},
    {"entry 'a", false, {{.name = "a\177", .text = "x"}}},
    {"entry 'a", true, {{.name = "a\377b", .text = "x"}}},
    {NAME_64, false, {{.name = PART NAME_64, .text = "x"}}},
    {NAME_64, false, {{.name = PART "/" PART "/" PART, .text = "x"}}},
    {"'a.csv' is a link", false, {{.name = "a.csv", .text = "/etc/passwd", .kind = REF_SYMLINK}}},
    {"'up' is a link",
     false,
     {{.name = "up", .text = "..", .kind = REF_SYMLINK}, {.name = "up/a.csv", .text = "x"}}},
    {"'b.csv' is a link",
     true,
     {{.name = "a.csv", .text = "x"}, {.name = "b.csv", .text = "a.csv", .kind = REF_HARDLINK}}},
    {"'b.csv' is a link",
     true,
     {{.name = "b.csv", .text = "/tmp/donn\303\251es", .kind = REF_HARDLINK}}},
    {"'null' is neither", true, {{.name = "null", .kind = REF_DEVICE}}},
    {"'pipe' is neither", true, {{.name = "pipe", .kind = REF_FIFO}}},
    {"'a.csv' is there twice",
     false,
     {{.name = "a.csv", .text = "x"}, {.name = "a.csv", .text = "y"}}},
    {"'a.csv' is there twice",
     true,
     {{.name = "a.csv", .text = "x"}, {.name = "./a.csv", .text = "y"}}},
    {"'a/b' lies below another file",
     false,
     {{.name = "a", .text = "x"}, {.name = "a/b", .text = "y"}}},
    {"'a' is there twice", false, {{.name = "a/b", .text = "x"}, {.name = "a", .text = "y"}}},
};

static void hostile_entries_are_refused(void **state)
{
    (void)state;
    static const enum ref_format packs[] = {REF_TAR, REF_TAR_GZ, REF_ZIP};
    struct rs_err err = {0};
    struct place p = make_place();
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        const struct hostile *h = &hostile[i];
        for (int k = 0; k < (h->tar_only ? 2 : 3); k++) {
            char *path = ref_pack(p.in, "a", packs[k], h->entries);
            assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err,
                        h->names);
            free(path);
            empty(&p);
        }
    }
    assert_false(rs_fs_exists("/etc/recsys-test"));
    clear_place(&p);
}

static void an_absolute_name_writes_nothing(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct place p = make_place();
    char *target = rs_path_join(p.base, "planted.csv");
    const struct ref_entry entries[] = {{.name = target, .text = "x"}, {0}};
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, entries);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err, target);
    empty(&p);
    free(path);
    free(target);
    clear_place(&p);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static const struct ref_entry big[] = {{.name = "big.csv", .text = "1,2\n", .zeros = 80 << 20},
                                           {0}};
    static const struct ref_entry fair[] = {{.name = "fair.csv", .text = "a", .zeros = 999999},
                                            {0}};
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, big);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err,
                "'big.csv': unpacks to over 1000 times");
    free(path);
    path = ref_pack(p.in, "big.csv.gz", REF_GZ_GZ, big);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err,
                "'big.csv': unpacks to over 1000 times");
    free(path);
    empty(&p);
    path = ref_pack(p.in, "a.zip", REF_ZIP, fair); /* small: as compressible as it likes */
    assert_code(rs_archive_extract(path, p.out, 999999, NULL, &err), RS_EDAMAGED, &err,
                "'fair.csv': more than 999999 bytes");
    empty(&p);
    assert_ok(rs_archive_extract(path, p.out, 1000000, NULL, &err), &err);
    free(path);
    clear_place(&p);
}

static void too_many_entries_are_refused(void **state)
{
    (void)state;
    enum { N = 10001 };
    struct rs_err err = {0};
    struct place p = make_place();
    struct ref_entry *entries = rs_xalloc(N + 1, sizeof(*entries));
    for (int i = 0; i < N; i++) {
        entries[i] = (struct ref_entry){.name = "folder/", .kind = REF_DIR};
    }
    char *path = ref_pack(p.in, "a.tar.gz", REF_TAR_GZ, entries);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err,
                "more than 10000 entries");
    free(path);
    entries[N - 1].name = NULL;
    path = ref_pack(p.in, "a.tar.gz", REF_TAR_GZ, entries);
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    free(path);
    free(entries);
    clear_place(&p);
}

/* Every file that came out of a cut archive without an error is whole. */
static void cut_archives_are_refused(void **state)
{
    (void)state;
    enum { FIRST_END = 1024, BOTH_END = 2048 }; /* of the entries in the tar */
    static const enum ref_format packs[] = {REF_ZIP, REF_TAR_GZ, REF_GZ, REF_TAR};
    struct rs_err err = {0};
    struct place p = make_place();
    for (int k = 0; k < 4; k++) {
        char *path = ref_pack(p.in, "whole", packs[k], two_files);
        char *text = NULL;
        size_t len = 0;
        assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
        size_t step = packs[k] == REF_TAR ? 128 : 7;
        for (size_t cut = 0; cut < len; cut += step) {
            char *part = ref_file(p.in, "part.gz", text, cut);
            enum rs_code rc = rs_archive_extract(part, p.out, 0, NULL, &err);
            if (packs[k] == REF_TAR && rc == RS_OK) { /* between entries a tar cannot tell */
                assert_true(cut == FIRST_END || cut >= BOTH_END);
                ref_assert_text(p.out, "ratings.csv", "1,2,3\n");
            } else if (rc != RS_EDAMAGED) {
                fail_msg("kind %d cut at %zu of %zu: %s %s", k, cut, len, rs_code_name(rc),
                         err.msg);
            }
            err = (struct rs_err){0};
            free(part);
            empty(&p);
        }
        free(text);
        free(path);
    }
    clear_place(&p);
}

static void what_holds_nothing_is_refused(void **state)
{
    (void)state;
    static const struct ref_entry none[] = {{0}};
    static const char *const texts[] = {"", "userId,movieId\n1,2\n", "PK", "PK\3\4", "\x1f\x8b"};
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, none);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err, path);
    free(path);
    path = ref_pack(p.in, "a.tar", REF_TAR, none);
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err, "empty");
    free(path);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        path = ref_file(p.in, "a.zip", texts[i], SIZE_MAX);
        assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_EDAMAGED, &err, path);
        free(path);
    }
    path = rs_path_join(p.in, "absent.zip");
    assert_code(rs_archive_extract(path, p.out, 0, NULL, &err), RS_ENOTFOUND, &err, path);
    free(path);
    clear_place(&p);
}

static void an_impossible_folder_is_an_error(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, two_files);
    char *below = rs_path_join(path, "out"); /* below a file */
    assert_code(rs_archive_extract(path, below, 0, NULL, &err), RS_EIO, &err, "make folder");
    free(below);
    free(path);
    clear_place(&p);
}

static void a_cancel_ends_it(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_task task = {.cancel = true};
    struct place p = make_place();
    char *path = ref_pack(p.in, "a.zip", REF_ZIP, two_files);
    assert_code(rs_archive_extract(path, p.out, 0, &task, &err), RS_ECANCEL, &err, NULL);
    ref_assert_holds(p.out, "");
    free(path);
    clear_place(&p);
}

static void the_real_archive_comes_out(void **state)
{
    (void)state;
    if (!ref_mirror()) skip();
    struct rs_err err = {0};
    struct place p = make_place();
    char *path = rs_path_join(ref_mirror(), "ml-latest-small.zip");
    char *ratings = rs_path_join(p.out, "ratings.csv");
    int64_t bytes = 0;
    assert_ok(rs_archive_extract(path, p.out, 0, NULL, &err), &err);
    ref_assert_holds(p.out, "README.txt links.csv movies.csv ratings.csv tags.csv");
    assert_ok(rs_fs_size(ratings, &bytes, &err), &err);
    assert_int_equal(bytes, 2483723);
    free(ratings);
    free(path);
    clear_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_out),
        cmocka_unit_test(a_gz_is_one_file),
        cmocka_unit_test(one_top_folder_is_flattened),
        cmocka_unit_test(hidden_files_stay_in),
        cmocka_unit_test(names_of_other_scripts_come_out),
        cmocka_unit_test(hostile_entries_are_refused),
        cmocka_unit_test(an_absolute_name_writes_nothing),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(too_many_entries_are_refused),
        cmocka_unit_test(cut_archives_are_refused),
        cmocka_unit_test(what_holds_nothing_is_refused),
        cmocka_unit_test(an_impossible_folder_is_an_error),
        cmocka_unit_test(a_cancel_ends_it),
        cmocka_unit_test(the_real_archive_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
