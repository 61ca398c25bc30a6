/* The gate: what proves enough passes, everything else is refused with its reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/registry/gate.h"

static const struct rs_change me = {"me", ""};

static struct rs_gate_opts opts(const struct ref_store *t, double tolerance)
{
    return (struct rs_gate_opts){.metric = "ndcg_at_10",
                                 .tolerance = tolerance,
                                 .bootstrap_samples = 400,
                                 .seed = 7,
                                 .models_dir = t->models};
}

/* A registered run; scores come later. */
static int64_t add_version(struct ref_store *t, uint64_t seed, char id[RS_RUN_ID])
{
    struct rs_err err = {0};
    int64_t number = 0;
    bool existed;
    ref_store_run(t, seed, id);
    assert_ok(rs_versions_register(t->st, id, t->models, "", &me, &number, &existed, &err), &err);
    return number;
}

static struct rs_val *judge_within(struct ref_store *t, int64_t version, double tolerance)
{
    struct rs_err err = {0};
    struct rs_val *verdict = NULL;
    const struct rs_gate_opts o = opts(t, tolerance);
    assert_ok(rs_gate_judge(t->st, version, "production", &o, &verdict, &err), &err);
    return verdict;
}

static struct rs_val *judge(struct ref_store *t, int64_t version)
{
    return judge_within(t, version, 0.01);
}

/* The rule has that outcome and its detail contains part. */
static const struct rs_val *assert_rule(const struct rs_val *verdict, const char *name, bool pass,
                                        const char *part)
{
    const struct rs_val *rules = rs_val_get(verdict, "rules");
    for (size_t i = 0; i < rules->n; i++) {
        const struct rs_val *r = rules->items[i];
        if (strcmp(rs_val_get_str(r, "rule", ""), name) != 0) continue;
        const char *detail = rs_val_get_str(r, "detail", "");
        if (rs_val_get_bool(r, "pass", !pass) != pass || !strstr(detail, part))
            fail_msg("%s: '%s' without '%s', or pass is not %d", name, detail, part, pass);
        return r;
    }
    fail_msg("no rule %s", name);
    return NULL;
}

static void assert_verdict(const struct rs_val *verdict, bool pass, const char *part)
{
    const char *text = rs_val_get_str(verdict, "text", "");
    if (rs_val_get_bool(verdict, "pass", !pass) != pass || !strstr(text, part))
        fail_msg("'%s' without '%s', or pass is not %d", text, part, pass);
    assert_string_equal(rs_val_get_str(verdict, "metric", ""), "ndcg_at_10");
    assert_int_equal(rs_val_get(verdict, "rules")->n, 3);
}

static void a_proven_model_passes(void **state)
{
    (void)state;
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    int64_t v = add_version(&t, 1, id);
    ref_store_scores(&t, id, 1, 593, 0.03);
    struct rs_val *verdict = judge(&t, v);
    assert_verdict(verdict, true, "version 1 may become @production: ndcg_at_10 is 0.0");
    const struct rs_val *r =
        assert_rule(verdict, "beats_popularity", true, "above popularity [0.0");
    assert_non_null(strstr(rs_val_get_str(r, "detail", ""), "on 593 users"));
    double d = rs_val_get_real(r, "difference", 0);
    const struct rs_val *interval = rs_val_get(r, "interval");
    assert_true(d > 0.02 && d < 0.04);
    assert_true(interval->items[0]->r > 0 && interval->items[0]->r < d);
    assert_true(interval->items[1]->r > d);
    assert_true(rs_val_get_real(r, "p_value", 1) < 0.001);
    assert_rule(verdict, "not_worse", true, "nothing is @production yet");
    assert_rule(verdict, "verified", true, "is whole");
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void chance_and_defeat_are_refused(void **state)
{
    (void)state;
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    int64_t v = add_version(&t, 1, id);
    ref_store_scores(&t, id, 1, 593, 0);
    struct rs_val *verdict = judge(&t, v);
    assert_verdict(verdict, false, "version 1 is refused for @production: ndcg_at_10");
    assert_rule(verdict, "beats_popularity", false, "not proven, the interval holds 0");
    rs_val_free(verdict);
    ref_store_scores(&t, id, 1, 593, -0.05);
    verdict = judge(&t, v);
    assert_rule(verdict, "beats_popularity", false, "below popularity [-0.0");
    assert_rule(verdict, "beats_popularity", false, "popularity is better");
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void few_users_prove_nothing(void **state)
{
    (void)state;
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    int64_t v = add_version(&t, 1, id);
    ref_store_scores(&t, id, 1, 18, 0.4);
    struct rs_val *verdict = judge(&t, v);
    assert_rule(verdict, "beats_popularity", false, "18 users prove nothing: at least 30");
    rs_val_free(verdict);
    ref_store_scores(&t, id, 1, 30, 0.4);
    verdict = judge(&t, v);
    assert_verdict(verdict, true, "on 30 users");
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void no_evaluation_says_what_to_run(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    struct rs_val *verdict = NULL;
    ref_store_init(&t);
    int64_t v = add_version(&t, 1, id);
    verdict = judge(&t, v);
    char *want = rs_xprintf("'evaluate --run %s --part test'", id);
    assert_verdict(verdict, false, want);
    rs_val_free(verdict);
    free(want);
    const struct rs_gate_opts o = opts(&t, 0.01);
    assert_code(rs_gate_judge(t.st, 9, "production", &o, &verdict, &err), RS_ENOTFOUND, &err,
                "no version 9");
    ref_store_clear(&t);
}

static void the_served_version_must_not_lose(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_RUN_ID];
    char b[RS_RUN_ID];
    ref_store_init(&t);
    int64_t old = add_version(&t, 1, a);
    int64_t new = add_version(&t, 2, b);
    assert_ok(rs_alias_set(t.st, "production", old, t.models, NULL, true, &me, &err), &err);
    ref_store_scores(&t, b, 5, 200, 0.05);
    struct rs_val *verdict = judge(&t, new);
    assert_rule(verdict, "beats_popularity", true, "above");
    char *want = rs_xprintf("'evaluate --run %s --part test'", a);
    assert_rule(verdict, "not_worse", false, want); /* the one to compare with */
    free(want);
    rs_val_free(verdict);
    ref_store_scores(&t, a, 5, 200, 0.05); /* equal on every user */
    verdict = judge(&t, new);
    assert_verdict(verdict, true, "above version 1 [0.0000, 0.0000] on 200 users");
    rs_val_free(verdict);
    ref_store_scores(&t, a, 6, 200, 0.05); /* as good, but for noise */
    verdict = judge(&t, new);
    assert_rule(verdict, "not_worse", true, "version 1 [-0.00");
    rs_val_free(verdict);
    verdict = judge_within(&t, new, 0.001);
    const struct rs_val *r = assert_rule(verdict, "not_worse", false, "more than 0.0010");
    assert_int_equal(rs_val_get_int(r, "users", 0), 200);
    rs_val_free(verdict);
    verdict = judge(&t, old);
    r = assert_rule(verdict, "not_worse", true, "version 1 is @production already");
    assert_true(rs_val_get_bool(r, "skipped", false));
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void other_splits_are_not_compared(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_RUN_ID];
    char b[RS_RUN_ID];
    ref_store_init(&t);
    int64_t old = add_version(&t, 1, a);
    int64_t new = add_version(&t, 2, b);
    assert_ok(rs_alias_set(t.st, "production", old, t.models, NULL, true, &me, &err), &err);
    ref_store_scores(&t, a, 1, 200, 0.05);
    ref_store_scores(&t, b, 2, 100, 0.05);
    struct rs_val *verdict = judge(&t, new);
    assert_rule(verdict, "not_worse", true, "on 100 users"); /* those that both have */
    rs_val_free(verdict);
    char *sql = rs_xprintf("UPDATE rs_run SET split_fingerprint = 'f2' WHERE id = '%s'", a);
    ref_store_sql(t.path, sql);
    free(sql);
    verdict = judge(&t, new);
    assert_rule(verdict, "not_worse", true, "skipped: version 1 was evaluated on another split");
    assert_true(rs_val_get_bool(verdict, "pass", false));
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void a_damaged_bundle_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    int64_t v = add_version(&t, 1, id);
    ref_store_scores(&t, id, 1, 100, 0.05);
    assert_ok(rs_fs_remove(t.models, &err), &err);
    struct rs_val *verdict = judge(&t, v);
    assert_rule(verdict, "verified", false, ".rsm");
    assert_verdict(verdict, false, "refused");
    rs_val_free(verdict);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proven_model_passes),
        cmocka_unit_test(chance_and_defeat_are_refused),
        cmocka_unit_test(few_users_prove_nothing),
        cmocka_unit_test(no_evaluation_says_what_to_run),
        cmocka_unit_test(the_served_version_must_not_lose),
        cmocka_unit_test(other_splits_are_not_compared),
        cmocka_unit_test(a_damaged_bundle_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
