/* Runs: found again by what they are; what belongs to them comes back typed, and goes with them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/jobs.h"

static void named_run(struct ref_store *t, const char *name, int64_t job_id, char out[RS_RUN_ID])
{
    struct rs_err err = {0};
    struct rs_run r = {.name = rs_xstrdup(name),
                       .model = rs_xstrdup("als"),
                       .dataset = rs_xstrdup("ml"),
                       .split = rs_xstrdup("user-temporal"),
                       .split_fingerprint = rs_xstrdup("sf"),
                       .dataset_fingerprint = rs_xstrdup("df"),
                       .seed = UINT64_MAX,
                       .job_id = job_id};
    assert_ok(rs_runs_start(t->st, &r, &err), &err);
    assert_int_equal(strspn(r.id, "0123456789abcdef"), 12);
    assert_int_equal(r.state, RS_RUN_RUNNING);
    memcpy(out, r.id, RS_RUN_ID);
    rs_run_clear(&r);
}

/* Give a run another id, so that prefixes can be tested. */
static void rename_run(struct ref_store *t, const char *id, const char *to)
{
    char *sql = rs_xprintf("UPDATE rs_run SET id = '%s' WHERE id = '%s'", to, id);
    ref_store_sql(t->path, sql);
    free(sql);
}

static struct rs_val *json(const char *text)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_json_parse(text, strlen(text), "test", &v, &err), &err);
    return v;
}

static void set_params(struct ref_store *t, const char *id, const char *text)
{
    struct rs_err err = {0};
    struct rs_val *v = json(text);
    assert_ok(rs_runs_set_params(t->st, id, v, &err), &err);
    rs_val_free(v);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void a_run_comes_back_as_it_was(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_run r;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    rs_clock_set(1000);
    named_run(&t, "first", 0, id);
    assert_ok(rs_runs_get(t.st, id, &r, &err), &err);
    assert_string_equal(r.id, id);
    assert_string_equal(r.name, "first");
    assert_string_equal(r.model, "als");
    assert_string_equal(r.dataset, "ml");
    assert_string_equal(r.split, "user-temporal");
    assert_string_equal(r.split_fingerprint, "sf");
    assert_string_equal(r.dataset_fingerprint, "df");
    assert_true(r.seed == UINT64_MAX);
    assert_int_equal(r.state, RS_RUN_RUNNING);
    assert_int_equal(r.started_ms, 1000);
    assert_int_equal(r.ended_ms, 0);
    assert_string_equal(r.bundle, "");
    rs_run_clear(&r);
    rs_clock_set(3500);
    assert_ok(rs_runs_end(t.st, id, RS_RUN_FAILED, NULL, "no memory", &err), &err);
    rs_clock_set(-1);
    assert_ok(rs_runs_get(t.st, id, &r, &err), &err);
    assert_int_equal(r.state, RS_RUN_FAILED);
    assert_int_equal(r.ended_ms, 3500);
    assert_string_equal(r.message, "no memory");
    rs_run_clear(&r);
    ref_store_clear(&t);
}

static void unknown_runs_are_not_found(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_run r;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    struct rs_val *params = json("{\"a\": 1}");
    assert_code(rs_runs_get(t.st, "nobody", &r, &err), RS_ENOTFOUND, &err, "no run 'nobody'");
    assert_code(rs_runs_end(t.st, "nobody", RS_RUN_FINISHED, "", "", &err), RS_ENOTFOUND, &err,
                "nobody");
    assert_code(rs_runs_set_params(t.st, "nobody", params, &err), RS_ENOTFOUND, &err, "nobody");
    assert_code(rs_runs_add_metric(t.st, "nobody", "m", 0, 1, &err), RS_ENOTFOUND, &err, "nobody");
    assert_code(rs_runs_set_tag(t.st, "nobody", "k", "v", &err), RS_ENOTFOUND, &err, "nobody");
    assert_code(rs_runs_add_artifact(t.st, "nobody", "a", "p", "s", 1, &err), RS_ENOTFOUND, &err,
                "nobody");
    assert_code(
        rs_runs_put_scores(t.st, "nobody", "test", "none", "model", NULL, 0, NULL, 0, NULL, &err),
        RS_ENOTFOUND, &err, "nobody");
    assert_code(rs_runs_delete(t.st, "nobody", &err), RS_ENOTFOUND, &err, "nobody");
    assert_code(rs_runs_resolve(t.st, "latest", id, &err), RS_ENOTFOUND, &err, "no run yet");
    rs_val_free(params);
    ref_store_clear(&t);
}

static void assert_resolves(struct ref_store *t, const char *ref, const char *want)
{
    struct rs_err err = {0};
    char id[RS_RUN_ID];
    assert_ok(rs_runs_resolve(t->st, ref, id, &err), &err);
    assert_string_equal(id, want);
}

static void references_mean_one_run(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    rs_clock_set(1000);
    named_run(&t, "one", 0, id);
    rename_run(&t, id, "abcd11111111");
    named_run(&t, "two", 0, id);
    rename_run(&t, id, "abcd22222222");
    named_run(&t, "two", 0, id);
    rename_run(&t, id, "ffff00000000");
    rs_clock_set(-1);
    assert_resolves(&t, "abcd11111111", "abcd11111111");
    assert_resolves(&t, "abcd1", "abcd11111111");
    assert_resolves(&t, "one", "abcd11111111");
    assert_resolves(&t, "ffff", "ffff00000000");
    assert_resolves(&t, "latest", "ffff00000000"); /* equal times: the one inserted last */
    assert_code(rs_runs_resolve(t.st, "abcd", id, &err), RS_EARG, &err,
                "ambiguous: abcd11111111, abcd22222222");
    assert_resolves(&t, "two", "ffff00000000"); /* of one name: the newest */
    assert_ok(rs_runs_end(t.st, "abcd22222222", RS_RUN_FINISHED, "b", "", &err), &err);
    assert_resolves(&t, "two", "abcd22222222"); /* but one with a model before one without */
    assert_code(rs_runs_resolve(t.st, "fff", id, &err), RS_ENOTFOUND, &err, "4 digits");
    assert_code(rs_runs_resolve(t.st, "abcd3", id, &err), RS_ENOTFOUND, &err, "abcd3");
    assert_code(rs_runs_resolve(t.st, "ABCD1", id, &err), RS_ENOTFOUND, &err, "ABCD1");
    assert_code(rs_runs_resolve(t.st, "%", id, &err), RS_ENOTFOUND, &err, "%");
    assert_code(rs_runs_resolve(t.st, "", id, &err), RS_ENOTFOUND, &err, "no run ''");
    named_run(&t, "abcd11111111", 0, id); /* a name like another's id: the id wins */
    assert_resolves(&t, "abcd11111111", "abcd11111111");
    ref_store_clear(&t);
}

/* ---- parameters ---------------------------------------------------------------------------- */

static void parameters_keep_their_types(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    struct rs_val *got = NULL;
    static const char text[] =
        "{\"factors\": 64, \"alpha\": 0.1, \"whole\": 1.0, \"solver\": \"cg\", \"quoted\": \"64\", "
        "\"warm\": true, \"none\": null, \"list\": [1, \"a\", {\"z\": 1, \"b\": []}], "
        "\"naïve \\\"key\\\"\": \"\"}";
    ref_store_init(&t);
    named_run(&t, "", 0, id);
    set_params(&t, id, "{\"old\": 1}");
    set_params(&t, id, text); /* replaces */
    assert_ok(rs_runs_params(t.st, id, &got, &err), &err);
    struct rs_val *want = json(text);
    assert_true(rs_val_equal(got, want));
    assert_int_equal(rs_val_get(got, "factors")->type, RS_VAL_INT);
    assert_int_equal(rs_val_get(got, "whole")->type, RS_VAL_REAL);
    rs_val_free(want);
    rs_val_free(got);
    ref_store_sql(t.path, "UPDATE rs_run_param SET value = '{' WHERE key = 'alpha'");
    assert_code(rs_runs_params(t.st, id, &got, &err), RS_EDAMAGED, &err, "alpha");
    ref_store_clear(&t);
}

static void assert_same(struct ref_store *t, const char *model, uint64_t seed, const char *params,
                        const char *want)
{
    struct rs_err err = {0};
    char id[RS_RUN_ID];
    struct rs_val *v = json(params);
    if (want) {
        assert_ok(rs_runs_find_same(t->st, model, "sf", seed, v, id, &err), &err);
        assert_string_equal(id, want);
    } else {
        assert_code(rs_runs_find_same(t->st, model, "sf", seed, v, id, &err), RS_ENOTFOUND, &err,
                    model);
    }
    rs_val_free(v);
}

static void equal_work_is_found(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_RUN_ID];
    char b[RS_RUN_ID];
    ref_store_init(&t);
    rs_clock_set(1000);
    named_run(&t, "", 0, a);
    set_params(&t, a, "{\"x\": {\"p\": 1, \"q\": 2}, \"y\": 0.5}");
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", NULL);
    assert_ok(rs_runs_end(t.st, a, RS_RUN_FINISHED, "", NULL, &err), &err);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", NULL);
    assert_ok(rs_runs_end(t.st, a, RS_RUN_FINISHED, "beef", NULL, &err), &err);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", a);
    assert_same(&t, "als", 1, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", NULL);
    assert_same(&t, "knn", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", NULL);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1.0}}", NULL);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5}", NULL);
    rs_clock_set(2000);
    named_run(&t, "", 0, b);
    set_params(&t, b, "{\"y\": 0.5, \"x\": {\"p\": 1, \"q\": 2}}");
    assert_ok(rs_runs_end(t.st, b, RS_RUN_FINISHED, "beef", NULL, &err), &err);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", b);
    assert_ok(rs_runs_end(t.st, b, RS_RUN_FAILED, "beef", NULL, &err), &err);
    assert_same(&t, "als", UINT64_MAX, "{\"y\": 0.5, \"x\": {\"q\": 2, \"p\": 1}}", a);
    rs_clock_set(-1);
    ref_store_clear(&t);
}

/* ---- metrics, tags, artifacts -------------------------------------------------------------- */

static void curves_and_last_values(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    struct rs_val *v = NULL;
    ref_store_init(&t);
    named_run(&t, "", 0, id);
    rs_clock_set(500);
    assert_ok(rs_runs_add_metric(t.st, id, "loss", 2, 0.5, &err), &err);
    assert_ok(rs_runs_add_metric(t.st, id, "loss", 10, 0.1, &err), &err);
    assert_ok(rs_runs_add_metric(t.st, id, "loss", 1, 0.9, &err), &err);
    assert_ok(rs_runs_add_metric(t.st, id, "loss", 1, 0.8, &err), &err); /* again: replaced */
    assert_ok(rs_runs_add_metric(t.st, id, "mrr", 0, 0.25, &err), &err);
    rs_clock_set(-1);
    assert_code(rs_runs_add_metric(t.st, id, "loss", 11, (double)NAN, &err), RS_ENUMERIC, &err,
                "'loss' is not a number at step 11");
    assert_ok(rs_runs_metrics(t.st, id, &v, &err), &err);
    assert_int_equal(v->n, 2);
    assert_true(rs_val_get_real(v, "loss", 0) == 0.1);
    assert_true(rs_val_get_real(v, "mrr", 0) == 0.25);
    rs_val_free(v);
    assert_ok(rs_runs_curve(t.st, id, "loss", &v, &err), &err);
    static const int64_t steps[] = {1, 2, 10};
    static const double values[] = {0.8, 0.5, 0.1};
    assert_int_equal(v->n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rs_val_get_int(v->items[i], "step", 0), steps[i]);
        assert_true(rs_val_get_real(v->items[i], "value", 0) == values[i]);
        assert_int_equal(rs_val_get_int(v->items[i], "time_ms", 0), 500);
    }
    rs_val_free(v);
    assert_ok(rs_runs_curve(t.st, id, "none", &v, &err), &err);
    assert_int_equal(v->n, 0);
    rs_val_free(v);
    ref_store_clear(&t);
}

static void tags_and_artifacts(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    struct rs_val *v = NULL;
    ref_store_init(&t);
    named_run(&t, "", 0, id);
    assert_ok(rs_runs_set_tag(t.st, id, "who", "me", &err), &err);
    assert_ok(rs_runs_set_tag(t.st, id, "who", "you", &err), &err);
    assert_ok(rs_runs_set_tag(t.st, id, "a", "", &err), &err);
    assert_ok(rs_runs_tags(t.st, id, &v, &err), &err);
    assert_int_equal(v->n, 2);
    assert_string_equal(rs_val_get_str(v, "who", ""), "you");
    assert_string_equal(rs_val_get_str(v, "a", "-"), "");
    rs_val_free(v);
    assert_ok(rs_runs_add_artifact(t.st, id, "card", "metrics/card.json", "beef", 12, &err), &err);
    assert_ok(rs_runs_add_artifact(t.st, id, "bundle", "models/x.rsm", "cafe", 345, &err), &err);
    assert_ok(rs_runs_artifacts(t.st, id, &v, &err), &err);
    assert_int_equal(v->n, 2);
    assert_string_equal(rs_val_get_str(v->items[0], "name", ""), "bundle");
    assert_string_equal(rs_val_get_str(v->items[0], "path", ""), "models/x.rsm");
    assert_string_equal(rs_val_get_str(v->items[0], "sha256", ""), "cafe");
    assert_int_equal(rs_val_get_int(v->items[0], "bytes", 0), 345);
    rs_val_free(v);
    ref_store_clear(&t);
}

/* ---- scores of users ----------------------------------------------------------------------- */

static void put_scores(struct ref_store *t, const char *id, const char *exclude, double add)
{
    struct rs_err err = {0};
    static const int32_t users[] = {0, 7, 2147483647};
    const double scores[] = {0 + add, -1.5, 0.25 + add, 1e-300, 1 + add, 3};
    char ndcg[] = "ndcg_at_10";
    char mrr[] = "mrr";
    char *const metrics[] = {ndcg, mrr};
    assert_ok(
        rs_runs_put_scores(t->st, id, "test", exclude, "model", users, 3, metrics, 2, scores, &err),
        &err);
}

static void scores_come_back_bit_for_bit(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    struct rs_user_scores s;
    ref_store_init(&t);
    named_run(&t, "", 0, id);
    assert_code(rs_runs_get_scores(t.st, id, "test", NULL, "model", "mrr", &s, &err), RS_ENOTFOUND,
                &err, "'evaluate --run");
    rs_clock_set(1000);
    put_scores(&t, id, "train+val", 0);
    put_scores(&t, id, "train", 100);
    rs_clock_set(2000);
    put_scores(&t, id, "train+val", 0.5); /* replaces, and is now the newest */
    rs_clock_set(-1);
    assert_ok(rs_runs_get_scores(t.st, id, "test", NULL, "model", "ndcg_at_10", &s, &err), &err);
    assert_string_equal(s.exclude, "train+val");
    assert_int_equal(s.n, 3);
    assert_int_equal(s.users[2], 2147483647);
    assert_true(s.scores[0] == 0.5 && s.scores[1] == 0.75 && s.scores[2] == 1.5);
    rs_user_scores_clear(&s);
    assert_ok(rs_runs_get_scores(t.st, id, "test", "train", "model", "mrr", &s, &err), &err);
    assert_true(s.scores[0] == -1.5 && s.scores[1] == 1e-300 && s.scores[2] == 3);
    rs_user_scores_clear(&s);
    assert_code(rs_runs_get_scores(t.st, id, "test", NULL, "model", "map", &s, &err), RS_ENOTFOUND,
                &err, "without 'map'");
    assert_code(rs_runs_get_scores(t.st, id, "val", NULL, "model", "mrr", &s, &err), RS_ENOTFOUND,
                &err, "on val");
    assert_code(rs_runs_get_scores(t.st, id, "test", "none", "popularity", "mrr", &s, &err),
                RS_ENOTFOUND, &err, "popularity on test");
    assert_int_equal(ref_store_int(t.path, "SELECT hex(substr(data, 5, 4)) = '07000000' "
                                           "FROM rs_user_score WHERE metric = ''"),
                     1); /* little endian */
    ref_store_sql(t.path, "UPDATE rs_user_score SET data = x'00' WHERE metric = 'mrr'");
    assert_code(rs_runs_get_scores(t.st, id, "test", NULL, "model", "mrr", &s, &err), RS_EDAMAGED,
                &err, "bytes");
    ref_store_sql(t.path, "UPDATE rs_user_score SET data = x'', n = 0 WHERE metric = 'mrr'");
    assert_code(rs_runs_get_scores(t.st, id, "test", NULL, "model", "mrr", &s, &err), RS_EDAMAGED,
                &err, "of 0 users, not of 3");
    ref_store_clear(&t);
}

struct oom {
    struct ref_store *t;
    const char *id;
};

static enum rs_code scores_with_oom(void *ctx, struct rs_err *err)
{
    const struct oom *o = ctx;
    static const int32_t users[] = {1, 2};
    static const double scores[] = {0.5, 0.25};
    char name[] = "mrr";
    char *const metrics[] = {name};
    struct rs_user_scores s = {0};
    enum rs_code rc = rs_runs_put_scores(o->t->st, o->id, "val", "train", "model", users, 2,
                                         metrics, 1, scores, err);
    if (!rc) rc = rs_runs_get_scores(o->t->st, o->id, "val", NULL, "model", "mrr", &s, err);
    rs_user_scores_clear(&s);
    return rc;
}

static void scores_survive_want_of_memory(void **state)
{
    (void)state;
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    named_run(&t, "", 0, id);
    struct oom o = {&t, id};
    assert_survives_oom(scores_with_oom, &o);
    ref_store_clear(&t);
}

/* ---- the lost, deletion -------------------------------------------------------------------- */

static void runs_of_dead_jobs_are_lost(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_job_handle *h = NULL;
    struct rs_run r;
    char with_job[RS_RUN_ID];
    char without[RS_RUN_ID];
    ref_store_init(&t);
    assert_ok(rs_job_start(t.st, "train", "train", NULL, &h, &err), &err);
    named_run(&t, "", rs_job_id(h), with_job);
    named_run(&t, "", 0, without);
    assert_ok(rs_runs_mark_lost(t.st, &err), &err);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_run WHERE state = 'running'"),
                     2);
    assert_code(rs_runs_delete(t.st, with_job, &err), RS_EREFUSED, &err, "job 1: cancel");
    ref_store_sql(t.path, "UPDATE rs_job SET process_start = 1"); /* another process's */
    assert_ok(rs_runs_mark_lost(t.st, &err), &err);
    assert_ok(rs_runs_get(t.st, with_job, &r, &err), &err);
    assert_int_equal(r.state, RS_RUN_LOST);
    assert_true(r.ended_ms >= r.started_ms);
    rs_run_clear(&r);
    assert_ok(rs_runs_get(t.st, without, &r, &err), &err);
    assert_int_equal(r.state, RS_RUN_RUNNING);
    rs_run_clear(&r);
    /* who was thought lost and ends after all has the last word */
    assert_ok(rs_runs_end(t.st, with_job, RS_RUN_FINISHED, "beef", "", &err), &err);
    assert_ok(rs_runs_get(t.st, with_job, &r, &err), &err);
    assert_int_equal(r.state, RS_RUN_FINISHED);
    rs_run_clear(&r);
    rs_job_end(h, RS_OK, "");
    ref_store_clear(&t);
}

static void deletion_takes_everything_along(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_val *v = NULL;
    char a[RS_RUN_ID];
    char b[RS_RUN_ID];
    ref_store_init(&t);
    named_run(&t, "", 0, a);
    named_run(&t, "", 0, b);
    set_params(&t, a, "{\"x\": 1}");
    put_scores(&t, a, "train", 0);
    assert_ok(rs_runs_add_metric(t.st, a, "m", 0, 1, &err), &err);
    assert_ok(rs_runs_set_tag(t.st, a, "k", "v", &err), &err);
    assert_ok(rs_runs_add_artifact(t.st, a, "n", "p", "s", 1, &err), &err);
    assert_ok(rs_runs_end(t.st, a, RS_RUN_FINISHED, "aaaa", "", &err), &err);
    assert_ok(rs_runs_end(t.st, b, RS_RUN_FINISHED, "bbbb", "", &err), &err);
    ref_store_sql(t.path, "INSERT INTO rs_model_version (run_id, model, bundle, dataset, split, "
                          "description, stage, created_ms) SELECT id, model, 'cccc', dataset, "
                          "split, '', 'none', 1 FROM rs_run WHERE bundle = 'bbbb'");
    assert_ok(rs_runs_bundles(t.st, &v, &err), &err);
    assert_int_equal(v->n, 3);
    assert_string_equal(v->items[0]->s, "aaaa");
    assert_string_equal(v->items[2]->s, "cccc");
    rs_val_free(v);
    assert_ok(rs_runs_delete(t.st, a, &err), &err);
    assert_int_equal(ref_store_int(t.path, "SELECT (SELECT count(*) FROM rs_run_param) + "
                                           "(SELECT count(*) FROM rs_metric) + "
                                           "(SELECT count(*) FROM rs_run_tag) + "
                                           "(SELECT count(*) FROM rs_artifact) + "
                                           "(SELECT count(*) FROM rs_user_score)"),
                     0);
    assert_code(rs_runs_delete(t.st, b, &err), RS_EREFUSED, &err, "registered version");
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_comes_back_as_it_was),
        cmocka_unit_test(unknown_runs_are_not_found),
        cmocka_unit_test(references_mean_one_run),
        cmocka_unit_test(parameters_keep_their_types),
        cmocka_unit_test(equal_work_is_found),
        cmocka_unit_test(curves_and_last_values),
        cmocka_unit_test(tags_and_artifacts),
        cmocka_unit_test(scores_come_back_bit_for_bit),
        cmocka_unit_test(scores_survive_want_of_memory),
        cmocka_unit_test(runs_of_dead_jobs_are_lost),
        cmocka_unit_test(deletion_takes_everything_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
