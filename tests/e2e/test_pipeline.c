/* The program from nothing to a promoted model, and every command on what then is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"
#include "rs/store/datasets.h"
#include "rs/store/store.h"
#include "rs/tracking/runs.h"

static struct ref_bin bin; /* one workspace, in which the tests go on from each other */

static struct rs_val *json(const char *line, const char *keys)
{
    return ref_bin_json(&bin, 0, line, keys);
}

static void says(const char *line, const char *keys)
{
    rs_val_free(json(line, keys));
}

static const struct rs_val *first(const struct rs_val *doc, const char *key)
{
    const struct rs_val *list = rs_val_at(doc, key);
    assert_non_null(list);
    assert_int_equal(list->type, RS_VAL_LIST);
    assert_true(list->n > 0);
    return list->items[0];
}

/* The text of an id in a command line: numbers come back as numbers. */
static char *id_text(const struct rs_val *v)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    if (v->type == RS_VAL_STR) {
        rs_str_add(&text, v->s);
    } else {
        rs_json_print(v, 0, &text);
    }
    return rs_str_take(&text);
}

static char *line_of(const char *fmt, const char *id)
{
    char *line = rs_xstrdup("");
    for (const char *at = fmt; *at;) {
        size_t len = strcspn(at, "%");
        char *grown = rs_xprintf("%s%.*s%s", line, (int)len, at, at[len] ? id : "");
        free(line);
        line = grown;
        at += len + (at[len] != '\0');
    }
    return line;
}

static void says_of(const char *fmt, const char *id, const char *keys)
{
    char *line = line_of(fmt, id);
    says(line, keys);
    free(line);
}

static int set_up(void **state)
{
    (void)state;
    ref_bin_init(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static void the_pipeline_runs_from_nothing_and_promotes(void **state)
{
    (void)state;
    struct rs_val *doc = json(REF_DEMO_FETCH, "dataset,files,sha256");
    assert_string_equal(rs_val_get_str(doc, "dataset", ""), "synthetic");
    rs_val_free(doc);
    doc = json(REF_DEMO_RUN, "dataset,split,card.counts.train,models,best,best_run,stages,ran,"
                             "promotion.version,promotion.verdict.rules");
    assert_int_equal(rs_val_get_int(doc, "ran", -1), 11); /* all but fetch */
    assert_string_equal(rs_val_get_str(doc, "best", ""), "als");
    assert_true(rs_val_get_bool(rs_val_at(doc, "promotion.verdict"), "pass", false));
    assert_int_equal(rs_val_get(doc, "models")->n, 2);
    rs_val_free(doc);
    char *left = ref_bin_leftovers(&bin);
    assert_string_equal(left, "");
    free(left);
    says("registry verify", "ok,problems");
    says("db check", "ok");
}

static void a_second_run_redoes_nothing(void **state)
{
    (void)state;
    struct rs_val *doc = json(REF_DEMO_RUN, "ran,stages");
    assert_int_equal(rs_val_get_int(doc, "ran", -1), 0);
    const struct rs_val *stages = rs_val_get(doc, "stages");
    for (size_t i = 0; i < stages->n; i++) {
        assert_string_equal(rs_val_get_str(stages->items[i], "did", ""), "skipped");
    }
    rs_val_free(doc);
    doc = json("pipeline status --dataset synthetic " REF_DEMO_OVERRIDES, "up_to_date,stages");
    assert_true(rs_val_get_bool(doc, "up_to_date", false));
    rs_val_free(doc);
    struct rs_err err = {0}; /* status says what a run would do, also about the validation part */
    char *path = ref_bin_path(&bin, "metrics/als-val.json");
    assert_ok(rs_fs_remove(path, &err), &err);
    free(path);
    doc = json("pipeline status --dataset synthetic " REF_DEMO_OVERRIDES, "up_to_date");
    assert_false(rs_val_get_bool(doc, "up_to_date", true));
    rs_val_free(doc);
    doc = json(REF_DEMO_RUN, "ran");
    assert_int_equal(rs_val_get_int(doc, "ran", -1), 1);
    rs_val_free(doc);
}

/* A change of settings redoes what depends on them, and nothing else. */
static void a_change_redoes_what_depends_on_it(void **state)
{
    (void)state;
    static const char *const want[] = {"train als", "evaluate als on val", "evaluate als on test",
                                       NULL};
    struct rs_val *doc = json("pipeline run --dataset synthetic --no-promote model.factors=6 "
                              "model.iterations=4 eval.bootstrap_samples=400",
                              "ran,stages");
    const struct rs_val *stages = rs_val_get(doc, "stages");
    size_t found = 0;
    for (size_t i = 0; i < stages->n; i++) {
        if (strcmp(rs_val_get_str(stages->items[i], "did", ""), "ran") != 0) continue;
        const char *stage = rs_val_get_str(stages->items[i], "stage", "");
        if (strncmp(stage, "register", 8) == 0) continue; /* either model may be best */
        assert_non_null(want[found]);
        assert_string_equal(stage, want[found++]);
    }
    assert_null(want[found]);
    rs_val_free(doc);
}

static void lists_are_made_for_users_and_items(void **state)
{
    (void)state;
    struct rs_val *doc = json("recommend --user 1 -k 3", "user_id,recommendations,source");
    assert_int_equal(rs_val_get(doc, "user_id")->type, RS_VAL_INT);
    assert_int_equal(rs_val_get(doc, "recommendations")->n, 3);
    const struct rs_val *top = first(doc, "recommendations");
    assert_int_equal(rs_val_get_int(top, "rank", 0), 1);
    assert_non_null(rs_val_get(top, "title"));
    assert_non_null(rs_val_get(top, "score"));
    assert_non_null(rs_val_get(top, "genres"));
    char *item = id_text(rs_val_get(top, "item_id"));
    rs_val_free(doc);
    says_of("similar --item % -k 3", item, "item_id,similar_items");
    says_of("explain --user 1 --item %", item, "user_id,item_id,contributions");
    says_of("item show %", item, "item_id,title,genres,ratings");
    says_of("recommend --items % -k 3 --model production", item, "recommendations,source");
    doc = json("recommend --user nobody -k 3", "recommendations");
    assert_string_equal(rs_val_get_str(doc, "source", ""), "popularity:unknown_user");
    assert_string_equal(rs_val_get_str(doc, "user_id", ""), "nobody");
    rs_val_free(doc);
    doc = json("recommend --user 987654321 -k 3", "recommendations"); /* a number as the others */
    assert_int_equal(rs_val_get_int(doc, "user_id", 0), 987654321);
    rs_val_free(doc);
    free(item);

    doc = json("user list --limit 2 --sort -ratings", "users,total");
    assert_int_equal(rs_val_get(doc, "users")->n, 2);
    assert_true(rs_val_get_int(rs_val_get(doc, "users")->items[0], "ratings", 0) >=
                rs_val_get_int(rs_val_get(doc, "users")->items[1], "ratings", 0));
    rs_val_free(doc);
    says("user show 1 --limit 3", "user_id,ratings,history");
    doc = json("item list --limit 400 --offset 5 --search e", "items,total");
    const struct rs_val *items = rs_val_get(doc, "items");
    for (size_t i = 0; i < items->n; i++) {
        assert_true(rs_str_contains_fold(rs_val_get_str(items->items[i], "title", ""), "e"));
    }
    assert_int_equal(items->n, rs_val_get_int(doc, "total", 0) - 5);
    rs_val_free(doc);
}

static void numbers_are_measured_and_compared(void **state)
{
    (void)state;
    struct rs_val *doc =
        json("evaluate --run latest --part test --k 5,10",
             "run_id,part,users_evaluated,users_skipped,metrics.ndcg_at_10,metrics.precision_at_5,"
             "metrics.recall_capped_at_10,metrics.map_at_10,metrics.mrr,metrics.hit_rate_at_10,"
             "metrics.coverage_at_10,intervals.ndcg_at_10,baselines");
    assert_int_equal(rs_val_at(doc, "intervals.ndcg_at_10")->n, 2);
    assert_null(rs_val_at(doc, "metrics.ndcg_at_20"));
    struct rs_val *shown = json("run show latest", "evaluation.users,evaluation.metrics,params");
    const struct rs_val *rows = rs_val_at(shown, "evaluation.metrics");
    assert_true(rows->n > 0);
    for (size_t i = 0; i < rows->n; i++) { /* from stored scores: the same numbers again */
        const struct rs_val *row = rows->items[i];
        const char *metric = rs_val_get_str(row, "metric", "");
        const struct rs_val *metrics = rs_val_get(doc, "metrics");
        assert_true(rs_val_get_real(row, "value", -1) == rs_val_get_real(metrics, metric, -2));
        assert_true(rs_val_equal(rs_val_get(row, "interval"),
                                 rs_val_get(rs_val_get(doc, "intervals"), metric)));
        assert_non_null(rs_val_get(row, "difference_interval"));
    }
    rs_val_free(shown);
    rs_val_free(doc);
    doc = json("compare als popularity", "pairs,metric,users");
    const struct rs_val *pair = first(doc, "pairs");
    assert_non_null(rs_val_get(pair, "difference"));
    assert_int_equal(rs_val_get(pair, "interval")->n, 2);
    assert_non_null(rs_val_get(pair, "p_value"));
    assert_non_null(rs_val_get(pair, "verdict"));
    rs_val_free(doc);
    doc = json("backtest --windows 2 --set factors=4 --set iterations=2 "
               "eval.bootstrap_samples=200",
               "windows,metric,model");
    assert_int_equal(rs_val_get(doc, "windows")->n, 2);
    rs_val_free(doc);
}

static void a_run_can_be_made_again_byte_for_byte(void **state)
{
    (void)state;
    struct rs_val *doc = json(
        "train --model als --set factors=4 --set iterations=2 --name small --out out/small.rsm",
        "run_id,model,params.factors,seconds,seconds_per_epoch,loss,peak_rss_bytes,bundle");
    char *bundle = rs_xstrdup(rs_val_get_str(doc, "bundle", ""));
    assert_int_equal(strlen(bundle), 64);
    rs_val_free(doc);
    says("model verify out/small.rsm", "ok");
    const char *const threads[] = {"1", "3", NULL};
    for (const char *const *t = threads; *t; t++) {
        char *line = line_of("reproduce small --threads %", *t);
        doc = json(line, "run_id,equal,bundle");
        assert_true(rs_val_get_bool(doc, "equal", false));
        assert_string_equal(rs_val_get_str(doc, "bundle", ""), bundle);
        rs_val_free(doc);
        free(line);
    }
    free(bundle);
    /* the run's own threshold, not the one that is configured now */
    says("train --model als --set factors=4 --set iterations=2 --name strict "
         "eval.relevance_threshold=4.5",
         "run_id");
    doc = json("reproduce strict", "equal");
    assert_true(rs_val_get_bool(doc, "equal", false));
    rs_val_free(doc);
}

static void runs_are_listed_filtered_and_removed(void **state)
{
    (void)state;
    struct rs_val *doc = json("run list", "runs,total");
    size_t all = rs_val_get(doc, "runs")->n;
    assert_true(all >= 4);
    rs_val_free(doc);
    doc = json("run list --filter 'params.model = \"als\" and metrics.ndcg_at_10 > 0.01' "
               "--sort -metrics.ndcg_at_10",
               "runs");
    assert_true(rs_val_get(doc, "runs")->n >= 1 && rs_val_get(doc, "runs")->n < all);
    rs_val_free(doc);
    says("run show latest", "run_id,model,state,params,metrics,bundle,seed");
    says("train --model als --set factors=3 --set iterations=1 --name waste", "run_id");
    says("run delete waste", "");
    ref_bin_refuses(&bin, 3, "run show waste", "waste");
    doc = json("run gc --dry-run", "removed,bytes");
    assert_int_equal(rs_val_get(doc, "removed")->n, 1);
    rs_val_free(doc);
    doc = json("run gc", "removed");
    assert_int_equal(rs_val_get(doc, "removed")->n, 1);
    rs_val_free(doc);
    doc = json("run gc", "removed");
    assert_int_equal(rs_val_get(doc, "removed")->n, 0);
    rs_val_free(doc);
    ref_bin_refuses(&bin, 8, "run delete als", "version");
    says("train --model als --set factors=3 --set iterations=1 --name stays", "run_id");
    ref_bin_refuses(&bin, 8, "run delete stays als", "version");
    says("run show stays", "run_id"); /* all that are named, or none */
    says("run delete stays", "deleted");
    says("run gc", "removed");
}

/* A bundle may be there before its run's row names it: while a run goes on, young ones stay. */
static void gc_leaves_a_running_training_alone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    char *path = ref_bin_path(&bin, "db/recsys.db");
    char words[][20] = {"als", "synthetic", "user-temporal", ""};
    struct rs_run run = {.name = words[3],
                         .model = words[0],
                         .dataset = words[1],
                         .split = words[2],
                         .split_fingerprint = words[3],
                         .dataset_fingerprint = words[3]};
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    assert_ok(rs_runs_start(st, &run, &err), &err);
    static const char orphan[] =
        "models/0000000000000000000000000000000000000000000000000000000000000000.rsm";
    ref_bin_write(&bin, orphan, "not named yet", SIZE_MAX);
    struct rs_val *doc = json("run gc", "removed");
    assert_int_equal(rs_val_get(doc, "removed")->n, 0);
    rs_val_free(doc);
    assert_ok(rs_runs_end(st, run.id, RS_RUN_FAILED, "", "as a test", &err), &err);
    doc = json("run gc", "removed");
    assert_int_equal(rs_val_get(doc, "removed")->n, 1);
    rs_val_free(doc);
    assert_ok(rs_runs_delete(st, run.id, &err), &err);
    rs_store_close(st);
    free(path);
}

static void versions_move_by_proof_or_by_force(void **state)
{
    (void)state;
    struct rs_val *doc = json("model register --run small", "version,aliases,stage");
    char *number = id_text(rs_val_get(doc, "version"));
    rs_val_free(doc);
    says_of("model show %", number, "version,run_id,model,stage,bundle");
    says_of("model diff production %", number, "params");
    char *line = line_of("model promote %", number);
    ref_bin_refuses(&bin, 8, line, "evaluate --run|--force --reason"); /* not evaluated */
    free(line);
    line = line_of("model promote % --force", number);
    ref_bin_refuses(&bin, 2, line, "--reason");
    free(line);
    says("evaluate --run small", "metrics");
    doc = json("model register --run popularity", "version");
    char *baseline = id_text(rs_val_get(doc, "version"));
    rs_val_free(doc);
    line = line_of("model promote %", baseline);
    ref_bin_refuses(&bin, 8, line, "popularity");
    free(line);
    line = line_of("model promote % --dry-run", number);
    doc = ref_bin_json(&bin, 1, line, "version,alias,from_version,dry_run,verdict.rules");
    assert_false(rs_val_get_bool(doc, "pass", true)); /* a "no" is no error: the status says it */
    rs_val_free(doc);
    free(line);
    says_of("model promote % --to staging --force --reason 'to look at it'", baseline,
            "version,aliases,stage,verdict.rules");
    doc = json("model show production", "version");
    assert_int_equal(rs_val_get_int(doc, "version", 0), 1);
    rs_val_free(doc);

    line = line_of("model promote % --force --reason why", number);
    says(line, "version,aliases,stage,verdict");
    free(line);
    doc = json("model rollback --dry-run", "version,from_version,alias");
    assert_int_equal(rs_val_get_int(doc, "version", 0), 1);
    rs_val_free(doc);
    doc = json("model show production", "version"); /* neither dry run moved anything */
    assert_int_not_equal(rs_val_get_int(doc, "version", 0), 1);
    rs_val_free(doc);
    doc = json("model rollback --reason 'it was worse'", "version,stage");
    assert_int_equal(rs_val_get_int(doc, "version", 0), 1);
    assert_string_equal(rs_val_get_str(doc, "stage", ""), "production");
    rs_val_free(doc);
    doc = json("model history", "history");
    assert_string_equal(rs_val_get_str(first(doc, "history"), "reason", ""), "it was worse");
    rs_val_free(doc);
    says_of("model archive % --reason old", number, "version,stage");
    ref_bin_refuses(&bin, 8, "model archive 1", "production");
    doc = json("model list", "versions");
    assert_true(rs_val_get(doc, "versions")->n >= 3);
    rs_val_free(doc);
    says("model verify production", "ok");
    doc = json("registry verify", "ok,problems");
    assert_true(rs_val_get_bool(doc, "ok", false));
    rs_val_free(doc);
    free(number);
    free(baseline);
}

static void jobs_tokens_and_the_store_are_kept(void **state)
{
    (void)state;
    struct rs_val *doc = json("job list --limit 100", "jobs");
    char *id = id_text(rs_val_get(first(doc, "jobs"), "job_id"));
    assert_string_equal(rs_val_get_str(first(doc, "jobs"), "state", ""), "done");
    rs_val_free(doc);
    says_of("job show %", id, "job_id,kind,state,command");
    says_of("job log %", id, "job_id,log");
    says_of("job wait %", id, "job_id,state");
    free(id);

    doc = json("token add ci --scope write", "name,scope,token");
    const char *token = rs_val_get_str(doc, "token", "");
    assert_true(strlen(token) > 20);
    char *list = ref_bin_out(&bin, 0, "token list --json");
    assert_null(strstr(list, token)); /* shown once */
    free(list);
    rs_val_free(doc);
    says("token list", "tokens");
    says("token revoke ci", "name,revoked");

    says("db backup copies/one.db", "file,bytes");
}

static void a_backup_brings_the_store_back(void **state)
{
    (void)state;
    says("db backup two.db", "file,bytes");
    says("train --model popularity --set score=count --name later", "run_id");
    says("db restore two.db", "file");
    ref_bin_refuses(&bin, 3, "run show later", "later");
    says("db check", "ok");
    says("pipeline sync", "");
    says("run show als", "run_id");
}

static void stages_run_one_by_one_too(void **state)
{
    (void)state;
    says("data prepare --dataset synthetic", "dataset,rows,users,items");
    says("data split --dataset synthetic --protocol leave-last-n --as last",
         "users,items,interactions,train,val,test,dropped");
    says("features build --split last", "features");
    says("train --model popularity --split last --name on-last", "run_id,bundle");
    says("evaluate --run on-last --out out/m.json", "metrics");
    struct rs_val *doc = json("data inspect", "report,splits.last,splits.user-temporal");
    rs_val_free(doc);
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "out/m.json");
    assert_ok(rs_json_read(path, &doc, &err), &err);
    assert_non_null(rs_val_at(doc, "test.ndcg_at_10"));
    rs_val_free(doc);
    free(path);
}

/* Posted events join a dataset that was imported; its titles stay, and the pipeline goes on. */
static void feedback_joins_a_dataset_for_good(void **state)
{
    (void)state;
    static const char ratings[] = "userId,movieId,rating,timestamp\n";
    static const char movies[] = "movieId,title,genres\n1,First (1999),Drama\n2,Second,Comedy\n"
                                 "3,Third,Drama|Comedy\n4,Fourth,Drama\n5,Fifth,Comedy\n";
    struct rs_str rows;
    rs_str_init(&rows, 0);
    rs_str_add(&rows, ratings);
    for (int r = 0; r < 60; r++) {
        rs_str_addf(&rows, "%d,%d,%d,%d\n", r / 5 + 1, r % 5 + 1, r % 7 ? 5 : 2,
                    1000 + r * 13 % 60);
    }
    ref_bin_write(&bin, "own.csv", rs_str_text(&rows), rows.len);
    rs_str_clear(&rows);
    ref_bin_write(&bin, "own-movies.csv", movies, strlen(movies));
    says("data import own.csv --name own --catalogue own-movies.csv", "rows");
    ref_bin_refuses(&bin, 2, "user list data.dataset=../interim/own", "dataset name|no '/'");
    ref_bin_refuses(&bin, 3, "data import --name own --feedback", "nothing to append");

    struct rs_store *st = NULL;
    struct rs_err err = {0};
    int64_t id;
    char *path = ref_bin_path(&bin, "db/recsys.db");
    struct rs_feedback f = {.user_id = "99", .item_id = "2", .value = 5, .time_s = 2000000000};
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
    rs_store_close(st);
    free(path);

    struct rs_val *doc = json("data import --name own --feedback", "feedback_rows,interactions");
    assert_int_equal(rs_val_get_int(doc, "interactions", 0), 61);
    rs_val_free(doc);
    for (int pass = 0; pass < 2; pass++) { /* before the pipeline, and after it */
        doc = json("user show 99 --dataset own", "history");
        assert_string_equal(rs_val_get_str(first(doc, "history"), "title", ""), "Second");
        assert_string_equal(rs_val_get_str(first(doc, "history"), "genres", ""), "Comedy");
        rs_val_free(doc);
        doc = json("item show 1 --dataset own", "year,title");
        assert_int_equal(rs_val_get_int(doc, "year", 0), 1999);
        rs_val_free(doc);
        says("pipeline run --dataset own --models popularity --no-promote "
             "eval.bootstrap_samples=100 split.user_core=0 split.item_core=0",
             "stages");
    }
}

static void the_configuration_is_shown_as_composed(void **state)
{
    (void)state;
    ref_bin_write(&bin, "params.yaml", "model:\n  factors: 12\n", SIZE_MAX);
    struct rs_val *doc = json("config show eval.k=3,30", "model.factors,eval.k,split.protocol");
    assert_int_equal(rs_val_at(doc, "model.factors")->i, 12);
    assert_int_equal(rs_val_at(doc, "eval.k")->items[1]->i, 30);
    rs_val_free(doc);
    doc = json("train --set factors=9 --config-show", "model.factors");
    assert_int_equal(rs_val_at(doc, "model.factors")->i, 9);
    rs_val_free(doc);
    char *text = ref_bin_out(&bin, 0, "config show --source");
    assert_non_null(strstr(text, "params.yaml:2"));
    assert_non_null(strstr(text, "built-in"));
    free(text);
    says("config schema", "properties.model,properties.eval.properties.k");
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "params.yaml");
    assert_ok(rs_fs_remove(path, &err), &err);
    free(path);
}

/* Lists of items without values, in a split of their own: every row is relevant, and the pipeline
 * takes the split it finds. */
static void lists_without_values_come_with_their_split(void **state)
{
    (void)state;
    struct rs_str train;
    struct rs_str test;
    rs_str_init(&train, 0);
    rs_str_init(&test, 0);
    for (int user = 0; user < 40; user++) { /* each of two groups likes its own 20 items */
        rs_str_addf(&train, "%d", user);
        rs_str_addf(&test, "%d", user);
        for (int i = 0; i < 20; i++) {
            rs_str_addf((i + user) % 5 == 0 ? &test : &train, " %d", 100 + 20 * (user % 2) + i);
        }
        rs_str_addc(&train, '\n');
        rs_str_addc(&test, '\n');
    }
    ref_bin_write(&bin, "train.txt", rs_str_text(&train), train.len);
    ref_bin_write(&bin, "test.txt", rs_str_text(&test), test.len);
    rs_str_clear(&train);
    rs_str_clear(&test);
    says("data import --name lists --format user-items --train train.txt --test test.txt",
         "dataset,rows,users,items,bad_rows,split.test");
    struct rs_val *doc = ref_bin_json(&bin, 0, "pipeline run --dataset lists model.factors=4",
                                      "split,best,best_run,models,stages");
    assert_string_equal(rs_val_get_str(doc, "split", ""), "given");
    assert_string_equal(rs_val_get_str(doc, "best", ""), "als");
    rs_val_free(doc);
    doc = ref_bin_json(&bin, 0, "evaluate --run als --k 4", "metrics.precision_at_4,baselines");
    assert_true(rs_val_get_real(doc, "relevance_threshold", 0) == 1);
    assert_int_equal(rs_val_get_int(doc, "users_evaluated", 0), 40);
    rs_val_free(doc);
}

static void the_program_explains_itself(void **state)
{
    (void)state;
    says("help", "help");
    says("help train", "help");
    says("--version", "version");
    says("doctor", "checks,ok");
    char *text = ref_bin_out(&bin, 0, "run list --csv");
    assert_int_equal(strncmp(text, "run,name,model", 14), 0);
    free(text);
    free(ref_bin_out(&bin, 0, "help --man"));
    free(ref_bin_out(&bin, 0, "help --completion zsh"));
    free(ref_bin_out(&bin, 2, ""));
    ref_bin_refuses(&bin, 2, "trian", "did you mean train?");
    ref_bin_refuses(&bin, 2, "run list --limt 5", "did you mean --limit?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pipeline_runs_from_nothing_and_promotes),
        cmocka_unit_test(a_second_run_redoes_nothing),
        cmocka_unit_test(a_change_redoes_what_depends_on_it),
        cmocka_unit_test(lists_are_made_for_users_and_items),
        cmocka_unit_test(numbers_are_measured_and_compared),
        cmocka_unit_test(a_run_can_be_made_again_byte_for_byte),
        cmocka_unit_test(runs_are_listed_filtered_and_removed),
        cmocka_unit_test(gc_leaves_a_running_training_alone),
        cmocka_unit_test(versions_move_by_proof_or_by_force),
        cmocka_unit_test(jobs_tokens_and_the_store_are_kept),
        cmocka_unit_test(a_backup_brings_the_store_back),
        cmocka_unit_test(stages_run_one_by_one_too),
        cmocka_unit_test(lists_without_values_come_with_their_split),
        cmocka_unit_test(feedback_joins_a_dataset_for_good),
        cmocka_unit_test(the_configuration_is_shown_as_composed),
        cmocka_unit_test(the_program_explains_itself),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
