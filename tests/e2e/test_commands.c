/* Commands beside the pipeline's way: imports, feedback, jobs of other processes, checks, settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/store/datasets.h"
#include "rs/store/store.h"

static struct ref_bin bin; /* a demo workspace */

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

static struct rs_val *json(const char *line, const char *keys)
{
    return ref_bin_json(&bin, 0, line, keys);
}

static void works(const char *line)
{
    free(ref_bin_out(&bin, 0, line));
}

static void a_given_split_is_kept_as_it_came(void **state)
{
    (void)state;
    struct rs_str train;
    rs_str_init(&train, 0);
    rs_str_add(&train, "user,item,rating\n");
    for (int u = 1; u <= 20; u++) {
        for (int i = 1; i <= 6; i++) {
            rs_str_addf(&train, "u%d,i%d,%d\n", u, (u + i) % 10, 3 + (u * i) % 3);
        }
    }
    ref_bin_write(&bin, "train.csv", rs_str_text(&train), SIZE_MAX);
    rs_str_reset(&train);
    rs_str_add(&train, "user,item,rating\n");
    for (int u = 1; u <= 20; u++) {
        rs_str_addf(&train, "u%d,i%d,5\n", u, (u + 8) % 10);
    }
    ref_bin_write(&bin, "test.csv", rs_str_text(&train), SIZE_MAX);
    rs_str_clear(&train);
    struct rs_val *doc = json("data import --name own --train train.csv --test test.csv",
                              "users,items,split.train,split.test");
    assert_int_equal(rs_val_get_int(doc, "users", 0), 20);
    assert_int_equal(rs_val_at(doc, "split.train")->i, 120);
    assert_int_equal(rs_val_at(doc, "split.test")->i, 20);
    rs_val_free(doc);
    works("train --dataset own --split given --model als --set factors=4 --name own");
    doc = json("evaluate --run own --trec own", "users_evaluated,metrics.mrr");
    assert_int_equal(rs_val_get_int(doc, "users_evaluated", 0), 20);
    rs_val_free(doc);
    char *path = ref_bin_path(&bin, "own.qrels");
    assert_true(rs_fs_exists(path));
    free(path);
    doc = json("recommend --user u3 -k 2 --model own", "user_id,recommendations");
    assert_string_equal(rs_val_get_str(doc, "user_id", ""), "u3"); /* text ids stay text */
    rs_val_free(doc);
    /* Without time stamps there is nothing to cut by time; a random cut says so itself. */
    works("data split --dataset own --protocol random --user-core 0 --item-core 0");
}

static void posted_events_become_part_of_a_dataset(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    int64_t id;
    char *path = ref_bin_path(&bin, "db/recsys.db");
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    struct rs_feedback f = {
        .user_id = "1", .item_id = "5", .type = "rating", .value = 1.5, .time_s = 2000000000};
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
    f.user_id = "newcomer";
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
    rs_store_close(st);
    free(path);
    struct rs_val *doc = json("user show 1 --dataset synthetic --limit 1000", "ratings");
    rs_val_free(doc);
    works("data import --name copy --columns user=userId data/raw/synthetic/ratings.csv");
    doc = json("data import --feedback --name copy", "feedback_rows,users,duplicates");
    assert_int_equal(rs_val_get_int(doc, "feedback_rows", 0), 2);
    assert_int_equal(rs_val_get_int(doc, "users", 0), 151);
    rs_val_free(doc);
    doc = json("user show 1 --dataset copy --limit 1", "history");
    const struct rs_val *newest = rs_val_get(doc, "history")->items[0];
    assert_true(rs_val_get_real(newest, "value", 0) == 1.5); /* the later row stays */
    rs_val_free(doc);
    works("user show newcomer --dataset copy");
    /* Preparing from what was fetched leaves them out again, and says so. */
    works("data import --feedback --name synthetic");
    char *said = ref_bin_out(&bin, 0, "data prepare --dataset synthetic");
    assert_non_null(strstr(said, "'data import --feedback' appends"));
    free(said);
    said = ref_bin_out(&bin, 0, "data prepare --dataset synthetic");
    assert_null(strstr(said, "--feedback"));
    free(said);
}

/* The job that runs in another process, by its kind. */
static int64_t running_job(const char *kind)
{
    int64_t id = 0;
    for (int i = 0; i < 500 && !id; i++) {
        struct rs_val *doc = json("job list --limit 3", "jobs");
        const struct rs_val *jobs = rs_val_get(doc, "jobs");
        for (size_t j = 0; j < jobs->n && !id; j++) {
            bool is = strcmp(rs_val_get_str(jobs->items[j], "state", ""), "running") == 0 &&
                      strcmp(rs_val_get_str(jobs->items[j], "kind", ""), kind) == 0;
            id = is ? rs_val_get_int(jobs->items[j], "job_id", 0) : 0;
        }
        rs_val_free(doc);
    }
    assert_true(id > 0);
    return id;
}

#define LONG \
    "train --dataset synthetic --model als --set factors=256 --set iterations=1000 --seed 8"

static void a_job_elsewhere_is_seen_waited_for_and_stopped(void **state)
{
    (void)state;
    struct ref_pty p;
    ref_pty_open(&bin, LONG, &p);
    int64_t id = running_job("train");
    char *line = rs_xprintf("job wait %lld --timeout 1", (long long)id);
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){0}, line, &r);
    assert_int_equal(r.status, 9);
    assert_non_null(strstr(r.err, "still runs"));
    ref_run_clear(&r);
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGINT, .delay_us = 200000}, line, &r);
    assert_int_equal(r.status, 130);
    ref_run_clear(&r);
    free(line);
    line = rs_xprintf("job cancel %lld", (long long)id);
    works(line);
    free(line);
    line = rs_xprintf("job wait %lld", (long long)id);
    struct rs_val *doc = ref_bin_json(&bin, 1, line, "state");
    assert_string_equal(rs_val_get_str(doc, "state", ""), "cancelled");
    rs_val_free(doc);
    free(line);
    assert_int_equal(ref_pty_close(&p), 130);
}

static void a_job_that_was_killed_is_lost(void **state)
{
    (void)state;
    struct ref_pty p;
    ref_pty_open(&bin, LONG, &p);
    int64_t id = running_job("train");
    kill(p.pid, SIGKILL);
    assert_int_equal(ref_pty_close(&p), 137);
    char *line = rs_xprintf("job show %lld", (long long)id);
    struct rs_val *doc = json(line, "state");
    assert_string_equal(rs_val_get_str(doc, "state", ""), "lost");
    rs_val_free(doc);
    free(line);
    doc = json("run list --limit 1", "runs");
    assert_string_equal(rs_val_get_str(rs_val_get(doc, "runs")->items[0], "state", ""), "lost");
    rs_val_free(doc);
}

static void models_are_named_in_many_ways(void **state)
{
    (void)state;
    works("train --model als --set factors=5 --set iterations=3 --name five --dataset synthetic");
    struct rs_val *doc =
        json("model register --run five --description 'five of them' --out registry/five.json",
             "version,description");
    char *line = rs_xprintf("evaluate --version %lld --part val",
                            (long long)rs_val_get_int(doc, "version", 0));
    char *bundle = rs_xstrdup(rs_val_get_str(doc, "bundle", ""));
    rs_val_free(doc);
    doc = json(line, "part,metrics");
    assert_string_equal(rs_val_get_str(doc, "part", ""), "val");
    rs_val_free(doc);
    free(line);
    works("evaluate --run five --exclude none --k 1,10");
    works("model verify five"); /* by its run */
    line = rs_xprintf("recommend --user 1 --model models/%s.rsm", bundle);
    works(line);
    free(line);
    doc = json("recommend --user 2 -k 5 --genres Drama,comedy --model @production",
               "recommendations");
    const struct rs_val *list = rs_val_get(doc, "recommendations");
    for (size_t i = 0; i < list->n; i++) {
        const char *genres = rs_val_get_str(list->items[i], "genres", "");
        assert_true(strstr(genres, "Drama") || strstr(genres, "Comedy"));
    }
    rs_val_free(doc);
    doc = json("model diff production five", "a,b,params");
    assert_true(rs_val_get(doc, "params")->n > 0);
    rs_val_free(doc);
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "registry/five.json");
    assert_ok(rs_json_read(path, &doc, &err), &err);
    assert_string_equal(rs_val_get_str(doc, "bundle", ""), bundle);
    rs_val_free(doc);
    free(path);
    free(bundle);
}

static void doctor_finds_what_is_wrong(void **state)
{
    (void)state;
    struct rs_val *doc = json("doctor", "ok,checks");
    assert_true(rs_val_get_bool(doc, "ok", false));
    rs_val_free(doc);
    doc = json("doctor --workspace new", "ok"); /* not there yet: nothing is wrong */
    rs_val_free(doc);
    ref_bin_write(&bin, "file", "x", 1);
    rs_val_free(ref_bin_json(&bin, 1, "doctor --workspace file", "ok,checks"));
    ref_bin_write(&bin, "sick/db/recsys.db", "this is no database at all", SIZE_MAX);
    ref_bin_write(&bin, "sick/params.yaml", "model: [\n", SIZE_MAX);
    doc = ref_bin_json(&bin, 1, "doctor --workspace sick", "ok,checks");
    size_t bad = 0;
    const struct rs_val *checks = rs_val_get(doc, "checks");
    for (size_t i = 0; i < checks->n; i++) {
        bad += strcmp(rs_val_get_str(checks->items[i], "state", ""), "BAD") == 0;
    }
    assert_int_equal(bad, 2);
    rs_val_free(doc);
}

static void settings_come_from_the_environment_too(void **state)
{
    (void)state;
    char *dir = rs_xprintf("RECSYS_WORKSPACE=%s", bin.dir);
    const char *const env[] = {dir,
                               "RECSYS_MODEL__FACTORS=3",
                               "MODEL_STAGE=nowhere",
                               "PORT=81",
                               "API_HOST=::1",
                               "RECSYS_SERVING__READ_NEEDS_TOKEN=true",
                               "RECSYS_TOKEN=hush",
                               NULL};
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){.env = env}, "config show --source", &r);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "environment RECSYS_MODEL__FACTORS"));
    assert_non_null(strstr(r.out, "environment MODEL_STAGE"));
    assert_non_null(strstr(r.out, "environment PORT"));
    assert_non_null(strstr(r.out, "environment API_HOST"));
    assert_non_null(strstr(r.out, "environment RECSYS_SERVING__READ_NEEDS_TOKEN"));
    assert_null(strstr(r.out, "hush")); /* a secret is no configuration */
    ref_run_clear(&r);
    ref_bin_run(&bin, &(struct ref_how){.env = env}, "recommend --user 1", &r);
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(r.err, "'nowhere'"));
    ref_run_clear(&r);
    const char *const typo[] = {"RECSYS_MODEL__FACTRS=3", NULL};
    ref_bin_run(&bin, &(struct ref_how){.env = typo}, "run list", &r);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "factors"));
    ref_run_clear(&r);
    const char *const loud[] = {"LOG_LEVEL=info", NULL};
    ref_bin_run(&bin, &(struct ref_how){.env = loud},
                "train --model als --set factors=3 --set iterations=2 --dataset synthetic", &r);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.err, "train"));
    ref_run_clear(&r);
    free(dir);
}

static bool file_has(const char *name, const char *part)
{
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, name);
    char *text = NULL;
    size_t len = 0;
    bool has = false;
    if (rs_fs_exists(path)) {
        assert_ok(rs_fs_read(path, 64 << 20, &text, &len, &err), &err);
        size_t n = strlen(part);
        for (size_t i = 0; i + n <= len && !has; i++) {
            has = memcmp(text + i, part, n) == 0;
        }
    }
    free(text);
    free(path);
    return has;
}

static void a_token_is_shown_once_and_kept_as_a_hash(void **state)
{
    (void)state;
    char hash[RS_SHA256_HEX];
    struct rs_val *doc = json("token add bot --scope write", "name,scope,token");
    const char *token = rs_val_get_str(doc, "token", "");
    assert_string_equal(rs_val_get_str(doc, "scope", ""), "write");
    assert_int_equal(strlen(token), 68);
    assert_true(rs_str_starts(token, "rst_"));
    rs_sha256_of(token, strlen(token), hash);
    struct rs_val *list = json("token list", "tokens");
    const struct rs_val *bot = rs_val_get(list, "tokens")->items[0];
    assert_string_equal(rs_val_get_str(bot, "name", ""), "bot");
    assert_null(rs_val_get(bot, "token"));
    assert_true(file_has("db/recsys.db", hash) || file_has("db/recsys.db-wal", hash));
    assert_false(file_has("db/recsys.db", token + 4) || file_has("db/recsys.db-wal", token + 4));
    rs_val_free(list);
    rs_val_free(doc);
}

static void bench_measures_and_leaves_nothing(void **state)
{
    (void)state;
    struct rs_val *doc =
        json("bench --interactions 3000 --factors 4 --epochs 1 --out bench.json", "");
    assert_true(doc->n > 0);
    rs_val_free(doc);
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "bench.json");
    assert_ok(rs_json_read(path, &doc, &err), &err);
    rs_val_free(doc);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_split_is_kept_as_it_came),
        cmocka_unit_test(posted_events_become_part_of_a_dataset),
        cmocka_unit_test(a_job_elsewhere_is_seen_waited_for_and_stopped),
        cmocka_unit_test(a_job_that_was_killed_is_lost),
        cmocka_unit_test(models_are_named_in_many_ways),
        cmocka_unit_test(doctor_finds_what_is_wrong),
        cmocka_unit_test(settings_come_from_the_environment_too),
        cmocka_unit_test(a_token_is_shown_once_and_kept_as_a_hash),
        cmocka_unit_test(bench_measures_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
