/* What users get wrong, and what they get for it: the status of its code, one line that names place,
 * value and remedy, and a workspace as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"
#include "rs/store/store.h"

static struct ref_bin bin; /* a demo workspace; each test leaves it as it was */

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static void refuses(int status, const char *line, const char *parts)
{
    ref_bin_refuses(&bin, status, line, parts);
}

static void works(const char *line)
{
    free(ref_bin_out(&bin, 0, line));
}

static bool exists(const char *name)
{
    char *path = ref_bin_path(&bin, name);
    bool there = rs_fs_exists(path);
    free(path);
    return there;
}

static void assert_clean(void)
{
    char *left = ref_bin_leftovers(&bin);
    assert_string_equal(left, "");
    free(left);
}

#define HEAD "userId,movieId,rating,timestamp\n"
#define GOOD HEAD "1,10,4,100\n2,20,3,200\n"

struct bad_file {
    const char *text;
    size_t len; /* 0: up to the NUL */
    const char *args;
    int status;
    const char *parts;
};

static const struct bad_file bad_files[] = {
    {"userId,movie,rating\n1,2,3\n", 0, "", 2, "bad.csv|no column for item|userId, movie, rating"},
    {GOOD, 0, "--columns user=nope", 2, "bad.csv|'nope'|userId, movieId"},
    {GOOD, 0, "--columns usr=userId", 2, "'usr'|'user'"},
    {GOOD, 0, "--columns user=9", 2, "9|4"},
    {HEAD "1,2,three,4\n", 0, "", 4, "bad.csv:2|'rating'|'three' is not a number"},
    {HEAD "1,2,nan,4\n", 0, "--strict", 4, "bad.csv:2|'rating'|'nan'"},
    {HEAD "1,2,-inf,4\n", 0, "--strict", 4, "bad.csv:2|'rating'|'-inf'"},
    {HEAD "1,2,1e999,4\n", 0, "--strict", 4, "bad.csv:2|'rating'|'1e999'"},
    {HEAD "1,2,9,4\n", 0, "--strict data.value_min=0.5 data.value_max=5", 4,
     "bad.csv:2|'rating'|'9' is out of range"},
    {HEAD "1,2,3,99999999999999999999\n", 0, "--strict", 4, "bad.csv:2|'timestamp'|99999999999"},
    {HEAD "99999999999999999999,2,3,4\n1,2,3,4\n", 0, "--strict", 4, "bad.csv:2|'userId'|64 bits"},
    {HEAD ",2,3,4\n", 0, "--strict", 4, "bad.csv:2|'userId'|empty"},
    {HEAD "1,2,3,4\n1,2\n", 0, "--strict", 4, "bad.csv:3|2 fields"},
    {HEAD "1,2,3,4\n\"1,2,3,4\n", 0, "--strict", 4, "bad.csv:3|quote"},
    {HEAD "1,2,3\0,4\n", sizeof(HEAD "1,2,3\0,4\n") - 1, "--strict", 4, "bad.csv:2|'rating'"},
    {HEAD "\xff\xfe,2,3,4\n1,2,3,4\n", 0, "--strict", 4, "bad.csv:2|'userId'|UTF-8"},
    {"", 0, "", 4, "bad.csv|no rows"},
    {HEAD, 0, "", 4, "bad.csv|no rows"},
    {GOOD "3,30,x,1\n", 0, "", 4, "1 of 3 rows|bad.csv:4|'x'"},
    {GOOD, 0, "--format npz", 4, "bad.csv|npz"},
    {GOOD, 0, "--format jsonl", 4, "bad.csv:1|JSON"},
    {GOOD, 0, "--format xml", 2, "--format|csv, tsv|'xml'"},
    {GOOD, 0, "--catalogue none.csv", 3, "none.csv"},
    {NULL, 0, NULL, 0, NULL},
};

static void bad_files_are_refused_whole(void **state)
{
    (void)state;
    for (const struct bad_file *f = bad_files; f->text; f++) {
        ref_bin_write(&bin, "bad.csv", f->text, f->len ? f->len : SIZE_MAX);
        char *line = rs_xprintf("data import bad.csv --name mine %s", f->args);
        refuses(f->status, line, f->parts);
        free(line);
        assert_false(exists("data/interim/mine/dataset.rsd"));
    }
    refuses(3, "data import none.csv --name mine", "none.csv|no such file");
    refuses(5, "data import data --name mine", "data|not a regular file");
    refuses(2, "data import bad.csv", "--name");
    refuses(2, "data import bad.csv --name ../mine", "../mine|'/'");
    refuses(2, "data import --name mine --train bad.csv", "--test");
    refuses(3, "data import --feedback --name synthetic", "feedback");
    assert_clean();
}

/* Both files of a given split are read before anything is written. */
static void a_bad_test_file_keeps_the_train_file_out(void **state)
{
    (void)state;
    ref_bin_write(&bin, "train.csv", GOOD, SIZE_MAX);
    ref_bin_write(&bin, "test.csv", HEAD "1,10,x,4\n", SIZE_MAX);
    refuses(4, "data import --name mine --train train.csv --test test.csv", "test.csv|'x'");
    assert_false(exists("data/interim/mine/dataset.rsd"));
    assert_clean();
}

static void odd_but_good_files_are_read(void **state)
{
    (void)state;
    static const struct bad_file odd[] = {
        {"\xef\xbb\xbf" GOOD, 0, NULL, 0, NULL}, /* byte order mark */
        {"userId,movieId,rating,timestamp\r\n1,10,4,1\r\n2,20,3,2\r\n", 0, NULL, 0, NULL},
        {HEAD "\"1\",\"10\",4,1\n2,20,3,2\n", 0, NULL, 0, NULL}, /* quoted */
        {HEAD "1,10,4,1\n2,20,3,2", 0, NULL, 0, NULL},           /* no last newline */
        {HEAD "1,10,4,1\n\n2,20,3,2\n\n", 0, NULL, 0, NULL},     /* empty lines */
        {"1,10,4,1\n2,20,3,2\n", 0, NULL, 0, NULL},              /* no header */
        {NULL, 0, NULL, 0, NULL},
    };
    for (const struct bad_file *f = odd; f->text; f++) {
        ref_bin_write(&bin, "odd.csv", f->text, SIZE_MAX);
        struct rs_val *doc =
            ref_bin_json(&bin, 0, "data import odd.csv --name odd --strict", "users,items,rows");
        assert_int_equal(rs_val_get_int(doc, "users", 0), 2);
        assert_int_equal(rs_val_get_int(doc, "bad_rows", 9), 0);
        rs_val_free(doc);
        works("user show 2 --dataset odd"); /* ids came as they are */
        works("item show 10 --dataset odd");
    }
    ref_bin_write(&bin, "odd.csv", "userId,movieId,rating\n\"a\nb\",x,4\nc,\"d,\"\"e\",3\n",
                  SIZE_MAX);
    works("data import odd.csv --name odd --strict");
    works("item show 'd,\"e' --dataset odd");
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "data/interim/odd");
    assert_ok(rs_fs_remove(path, &err), &err);
    free(path);
}

static void splits_that_leave_nothing_are_refused(void **state)
{
    (void)state;
    refuses(2, "data split --dataset synthetic --k-core 100000 --as x", "k-core of 100000|smaller");
    refuses(2, "data split --dataset synthetic --as x eval.relevance_threshold=99",
            "99|largest is 5|threshold");
    refuses(2, "data split --dataset synthetic --protocol global-temporal --test-ratio 0 --as x",
            "ratio 0|'none'");
    refuses(2, "data split --dataset synthetic --as a/b", "a/b");
    refuses(3, "data split --dataset nowhere", "nowhere");
    assert_false(exists("data/processed/synthetic/x"));
    works("data split --dataset synthetic --protocol none");
    works("train --dataset synthetic --split none --model popularity --name whole");
    refuses(2, "evaluate --run whole", "150 users|split");
    works("run delete whole");
    works("run gc");
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "data/processed/synthetic/none");
    assert_ok(rs_fs_remove(path, &err), &err);
    free(path);
    assert_clean();
}

static void bad_settings_name_what_is_expected(void **state)
{
    (void)state;
    refuses(2, "train --set factors=0", "model: factors|1..1024|'0'");
    refuses(2, "train --set factors=many", "factors|integer|\"many\"");
    refuses(2, "train --set factor=8", "model.factor|factors?");
    refuses(2, "train model.alpha=-1", "alpha|'-1'");
    refuses(2, "train --model alsx", "'alsx'|als");
    refuses(2, "train eval.kk=3", "eval.kk|did you mean k?");
    refuses(2, "train evall.k=3", "'evall'|did you mean eval?");
    refuses(2, "train --seed -1", "--seed|'-1'");
    refuses(2, "evaluate --k 10,5", "ascend|5");
    refuses(2, "recommend --user 1 -k 0", "--k|1..1000|'0'");
    refuses(2, "recommend --user 1 --threads x", "--threads|'x'");
    refuses(2, "recommend", "--user|--items");
    refuses(2, "recommend --items ''", "--items|empty");
    refuses(2, "recommend --user 1 --genres ''", "--genres|empty");
    refuses(2, "features build --dataset synthetic --split ../synthetic/user-temporal",
            "split name");
    ref_bin_write(&bin, "params.yaml", "model:\n  factors: lots\n", SIZE_MAX);
    refuses(2, "train", "params.yaml:2|factors|\"lots\"");
    ref_bin_write(&bin, "params.yaml", "model:\n  factors: [8\n", SIZE_MAX);
    refuses(4, "train", "params.yaml:");
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "params.yaml");
    assert_ok(rs_fs_remove(path, &err), &err);
    free(path);
    refuses(4, "run list --filter 'metrics.x >'", "filter|position 12");
    refuses(2, "run list --sort nosuch", "'nosuch'|metrics.KEY");
    refuses(2, "model history --at yesterday", "'yesterday'|2026");
}

static void unknown_names_are_not_found(void **state)
{
    (void)state;
    refuses(3, "recommend --user nobody --strict", "'nobody'");
    refuses(3, "recommend --items nothing,2", "'nothing'");
    refuses(3, "model verify nothing", "'nothing'|neither a version, an alias nor a run");
    refuses(3, "similar --item nothing", "'nothing'");
    refuses(3, "explain --user nobody --item 1", "'nobody'");
    refuses(3, "user show nobody", "'nobody'|synthetic");
    refuses(3, "item show nothing", "'nothing'|synthetic");
    refuses(3, "recommend --user 1 --model 99", "'99'|model list");
    refuses(3, "recommend --user 1 --model none.rsm", "none.rsm");
    refuses(3, "run show nosuch", "'nosuch'|run list");
    refuses(3, "evaluate --run nosuch", "'nosuch'");
    refuses(3, "compare als nosuch", "'nosuch'");
    refuses(3, "model promote 77", "'77'|model list");
    refuses(3, "job show 99999", "99999|job list");
    refuses(3, "token revoke nobody", "'nobody'|token list");
    refuses(3, "db restore none.db", "none.db");
    refuses(3, "train --split nosuch", "'nosuch'|data split");
    refuses(2, "data fetch --dataset nosuch", "'nosuch'|data import");
    refuses(3, "data fetch --dataset ml-latest-small --url none.zip", "none.zip");
}

/* A wrong hash and a file that is no archive leave nothing behind. */
static void archives_must_be_what_they_say(void **state)
{
    (void)state;
    ref_bin_write(&bin, "ml-latest-small.zip", "not a zip", SIZE_MAX);
    refuses(10, "data fetch --dataset ml-latest-small --url ml-latest-small.zip",
            "ml-latest-small.zip|SHA-256");
    refuses(10,
            "data fetch --dataset other --url ml-latest-small.zip --sha256 "
            "a3989126344744ef800dbc88bf7e744853f3f2eac75c9ab3301f4e845ef22078",
            "ml-latest-small.zip|neither a zip");
    assert_false(exists("data/raw/other/ratings.csv"));
    assert_false(exists("data/raw/ml-latest-small/ratings.csv"));
    assert_clean();
}

/* ---- damage -------------------------------------------------------------------------------- */

struct kept {
    char *path, *text;
    size_t len;
};

static struct kept keep(const char *name)
{
    struct kept k = {.path = ref_bin_path(&bin, name)};
    struct rs_err err = {0};
    assert_ok(rs_fs_read(k.path, 1 << 26, &k.text, &k.len, &err), &err);
    return k;
}

static void put_back(struct kept *k)
{
    struct rs_err err = {0};
    assert_ok(rs_fs_write(k->path, k->text, k->len, &err), &err);
    free(k->path);
    free(k->text);
}

static char *production_bundle(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "model show production", "bundle");
    char *name = rs_xprintf("models/%s.rsm", rs_val_get_str(doc, "bundle", ""));
    rs_val_free(doc);
    return name;
}

static void a_bundle_with_one_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *name = production_bundle();
    struct kept k = keep(name);
    char *line = rs_xprintf("model verify %s", name);
    for (size_t i = 0; i < 24; i++) { /* header, table, sections, end */
        size_t at = i < 12 ? i * 17 : (k.len - 1) / 11 * (i - 12);
        char was = k.text[at];
        k.text[at] = (char)(was ^ (1 << i % 8));
        assert_ok(rs_fs_write(k.path, k.text, k.len, &err), &err);
        k.text[at] = was;
        struct ref_run r;
        ref_bin_run(&bin, &(struct ref_how){0}, line, &r);
        if (r.status != 10 && r.status != 2) { /* 2: a version that we do not know */
            fail_msg("byte %zu of %zu flipped: status %d\n%s", at, k.len, r.status, r.err);
        }
        ref_run_clear(&r);
    }
    refuses(10, "recommend --user 1", "damaged|restore");
    refuses(10, "model verify production", "damaged");
    struct rs_val *doc = ref_bin_json(&bin, 1, "registry verify", "ok,problems");
    assert_int_equal(rs_val_get(doc, "problems")->n, 1);
    rs_val_free(doc);
    assert_ok(rs_fs_write(k.path, k.text, k.len / 2, &err), &err);
    refuses(10, line, "damaged");
    assert_ok(rs_fs_write(k.path, k.text, 0, &err), &err);
    refuses(10, line, "damaged");
    assert_ok(rs_fs_remove(k.path, &err), &err);
    refuses(3, "recommend --user 1", ".rsm|no such file");
    put_back(&k);
    works("registry verify");
    free(line);
    free(name);
}

/* The pipeline makes again what is damaged or gone. */
static void the_pipeline_mends_a_damaged_bundle(void **state)
{
    (void)state;
    char *name = production_bundle();
    struct kept k = keep(name);
    k.text[k.len / 2] ^= 4;
    struct rs_err err = {0};
    assert_ok(rs_fs_write(k.path, k.text, k.len, &err), &err);
    k.text[k.len / 2] ^= 4;
    works(REF_DEMO_RUN);
    works("registry verify");
    works("recommend --user 1");
    put_back(&k);
    free(name);
}

static void damaged_datasets_and_splits_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    static const char *const files[] = {"data/interim/synthetic/dataset.rsd",
                                        "data/processed/synthetic/user-temporal/split.rsd"};
    static const char *const lines[] = {"user list --dataset synthetic",
                                        "train --model popularity"};
    for (int i = 0; i < 2; i++) {
        struct kept k = keep(files[i]);
        k.text[k.len / 3] ^= 1;
        assert_ok(rs_fs_write(k.path, k.text, k.len, &err), &err);
        k.text[k.len / 3] ^= 1;
        refuses(10, lines[i], "damaged");
        put_back(&k);
    }
    works("user list --dataset synthetic");
}

static void remove_wal(void)
{
    struct rs_err err = {0};
    static const char *const names[] = {"db/recsys.db-wal", "db/recsys.db-shm"};
    for (int i = 0; i < 2; i++) {
        char *path = ref_bin_path(&bin, names[i]);
        assert_ok(rs_fs_remove(path, &err), &err);
        free(path);
    }
}

static void a_damaged_or_newer_store_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    works("db backup good.db");
    struct kept k = keep("db/recsys.db");
    char *garbage = rs_xalloc(k.len, 1);
    memset(garbage, 'x', k.len);
    assert_ok(rs_fs_write(k.path, garbage, k.len, &err), &err);
    refuses(10, "run list", "recsys.db|not a database|db restore");
    refuses(10, REF_DEMO_RUN, "recsys.db|db restore");
    works("db restore good.db"); /* the remedy is one */
    works("run list");
    free(garbage);

    struct kept again = keep("db/recsys.db");
    memset(again.text + 8192, 'z', 8192);
    remove_wal();
    assert_ok(rs_fs_write(again.path, again.text, again.len, &err), &err);
    struct rs_val *doc = ref_bin_json(&bin, 1, "db check", "ok,problems");
    assert_false(rs_val_get_bool(doc, "ok", true));
    rs_val_free(doc);
    works("db restore good.db");
    free(again.path);
    free(again.text);

    again = keep("db/recsys.db");
    remove_wal();
    memcpy(again.text + 60, "\0\0\3\347", 4); /* user_version 999 */
    assert_ok(rs_fs_write(again.path, again.text, again.len, &err), &err);
    refuses(2, "run list", "schema 999|upgrade");
    refuses(2, "recommend --user 1", "schema 999|upgrade");
    remove_wal();
    free(again.path);
    free(again.text);
    put_back(&k);
    works("db check");
    works("registry verify");
}

/* Somebody else holds the store's write lock: reading goes on, writing says who to wait for. */
static void a_locked_store_can_be_read_and_says_so(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    char *path = ref_bin_path(&bin, "db/recsys.db");
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    assert_ok(rs_store_begin(st, &err), &err);
    works("run list");
    works("recommend --user 1");
    struct ref_run r; /* once: a wait is 10 seconds */
    ref_bin_run(&bin, &(struct ref_how){0}, "token add late", &r);
    assert_int_equal(r.status, 9);
    assert_non_null(strstr(r.err, "another process"));
    ref_run_clear(&r);
    rs_store_rollback(st);
    rs_store_close(st);
    works("token add late");
    free(path);
}

/* ---- no room, no permission ---------------------------------------------------------------- */

static void a_full_disk_leaves_nothing_half_written(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "data fetch --dataset synthetic --interactions 60000 --seed 3",
        "train --set factors=700 --set iterations=1 --name too-big",
        "db backup full.db",
        NULL,
    };
    for (const char *const *line = lines; *line; line++) {
        struct ref_run r;
        ref_bin_run(&bin, &(struct ref_how){.file_limit = 700000}, *line, &r);
        if (r.status != 5 && !(strstr(*line, "backup") && r.status == 0)) {
            fail_msg("%s\n  status %d: %s%s", *line, r.status, r.out, r.err);
        }
        ref_run_clear(&r);
        assert_clean();
    }
    works(REF_DEMO_RUN); /* what was there still stands */
    works("registry verify");
    works("db check");
    works("recommend --user 1");
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    (void)state;
    static const char *const lines[] = {"run list",  "run list --json",       "help --man",
                                        "--version", "item list --limit 400", NULL};
    for (const char *const *line = lines; *line; line++) {
        struct ref_run r;
        ref_bin_run(&bin, &(struct ref_how){.out_path = "/dev/full"}, *line, &r);
        if (r.status != 5 || !strstr(r.err, "standard output")) {
            fail_msg("%s\n  status %d: %s", *line, r.status, r.err);
        }
        ref_run_clear(&r);
    }
}

/* A file where a folder should be: what a read-only place is to root. */
static void a_workspace_that_cannot_be_written_says_so(void **state)
{
    (void)state;
    struct rs_err err = {0};
    ref_bin_write(&bin, "file", "x", 1);
    refuses(5, "run list --workspace file", "file/db|not a directory");
    refuses(5, REF_DEMO_FETCH " --workspace /proc", "/proc");
    char *models = ref_bin_path(&bin, "models");
    char *aside = ref_bin_path(&bin, "aside");
    assert_ok(rs_fs_rename(models, aside, &err), &err);
    ref_bin_write(&bin, "models", "x", 1);
    refuses(5, "train --set factors=4 --set iterations=1", "models");
    assert_ok(rs_fs_remove(models, &err), &err);
    assert_ok(rs_fs_rename(aside, models, &err), &err);
    free(models);
    free(aside);
    refuses(5, "train --set factors=4 --set iterations=1 --out file/x.rsm", "'file'");
    refuses(5, "evaluate --run als --out file/x/y.json", "file");
    refuses(5, "evaluate --run als --out data", "data|a folder stands there");
    char *pipe = ref_bin_path(&bin, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    refuses(5, "evaluate --run als --out pipe", "pipe|a device");
    free(pipe);
    assert_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_refused_whole),
        cmocka_unit_test(a_bad_test_file_keeps_the_train_file_out),
        cmocka_unit_test(odd_but_good_files_are_read),
        cmocka_unit_test(splits_that_leave_nothing_are_refused),
        cmocka_unit_test(bad_settings_name_what_is_expected),
        cmocka_unit_test(unknown_names_are_not_found),
        cmocka_unit_test(archives_must_be_what_they_say),
        cmocka_unit_test(a_bundle_with_one_flipped_bit_is_refused),
        cmocka_unit_test(the_pipeline_mends_a_damaged_bundle),
        cmocka_unit_test(damaged_datasets_and_splits_are_refused),
        cmocka_unit_test(a_damaged_or_newer_store_is_refused),
        cmocka_unit_test(a_locked_store_can_be_read_and_says_so),
        cmocka_unit_test(a_full_disk_leaves_nothing_half_written),
        cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
        cmocka_unit_test(a_workspace_that_cannot_be_written_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
