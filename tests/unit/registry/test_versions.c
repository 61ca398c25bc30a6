/* The registry: versions are complete, aliases move and come back, the journal proves it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"

static const struct rs_change me = {"me", "because"};

/* A store with n versions, 1 .. n. */
static void set_up(struct ref_store *t, int n)
{
    struct rs_err err = {0};
    ref_store_init(t);
    for (int i = 1; i <= n; i++) {
        char id[RS_RUN_ID];
        int64_t number = 0;
        bool existed = true;
        ref_store_run(t, (uint64_t)i, id);
        assert_ok(rs_versions_register(t->st, id, t->models, "made for a test", &me, &number,
                                       &existed, &err),
                  &err);
        assert_int_equal(number, i);
        assert_false(existed);
    }
}

static void set(struct ref_store *t, const char *alias, int64_t number)
{
    struct rs_err err = {0};
    assert_ok(rs_alias_set(t->st, alias, number, t->models, NULL, true, &me, &err), &err);
}

static void assert_at(struct ref_store *t, const char *alias, int64_t want)
{
    struct rs_err err = {0};
    int64_t number = 0;
    assert_ok(rs_alias_get(t->st, alias, &number, &err), &err);
    assert_int_equal(number, want);
}

static void roll_back(struct ref_store *t, const char *alias, int64_t to, int64_t want)
{
    struct rs_err err = {0};
    int64_t number = 0;
    assert_ok(rs_alias_rollback(t->st, alias, to, t->models, &me, &number, &err), &err);
    assert_int_equal(number, want);
    assert_at(t, alias, want);
}

static void assert_stage(struct ref_store *t, int64_t number, enum rs_stage want)
{
    struct rs_err err = {0};
    struct rs_version v;
    assert_ok(rs_versions_get(t->st, number, &v, &err), &err);
    assert_string_equal(rs_stage_name(v.stage), rs_stage_name(want));
    rs_version_clear(&v);
}

/* The first problem contains part; NULL: there is none. */
static void assert_verified(struct ref_store *t, const char *part)
{
    struct rs_err err = {0};
    struct rs_val *problems = NULL;
    assert_ok(rs_registry_verify(t->st, t->models, &problems, &err), &err);
    if (!part && problems->n > 0) fail_msg("%s", problems->items[0]->s);
    if (part && (problems->n == 0 || !strstr(problems->items[0]->s, part)))
        fail_msg("'%s' without '%s'", problems->n ? problems->items[0]->s : "sound", part);
    rs_val_free(problems);
}

static char *bundle_path(struct ref_store *t, int64_t number)
{
    struct rs_err err = {0};
    struct rs_version v;
    assert_ok(rs_versions_get(t->st, number, &v, &err), &err);
    char *name = rs_xprintf("%s.rsm", v.bundle);
    char *path = rs_path_join(t->models, name);
    free(name);
    rs_version_clear(&v);
    return path;
}

static void flip_a_byte(const char *path)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, 1000, SEEK_SET);
    int c = fgetc(f);
    fseek(f, 1000, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

/* ---- versions ------------------------------------------------------------------------------ */

static void versions_count_and_come_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_version v;
    int64_t number = 0;
    bool existed = false;
    rs_clock_set(4000);
    set_up(&t, 3);
    rs_clock_set(-1);
    set(&t, "production", 2);
    set(&t, "best", 2);
    assert_ok(rs_versions_get(t.st, 2, &v, &err), &err);
    assert_int_equal(v.number, 2);
    assert_string_equal(v.model, "popularity");
    assert_string_equal(v.dataset, "made-up");
    assert_string_equal(v.split, "by-hand");
    assert_string_equal(v.description, "made for a test");
    assert_int_equal(strlen(v.bundle), 64);
    assert_int_equal(v.created_ms, 4000);
    assert_string_equal(v.aliases[0], "best");
    assert_string_equal(v.aliases[1], "production");
    assert_null(v.aliases[2]);
    struct rs_val *val = rs_version_val(&v);
    assert_int_equal(rs_val_get_int(val, "version", 0), 2);
    assert_string_equal(rs_val_get_str(val, "run_id", ""), v.run_id);
    assert_string_equal(rs_val_get_str(val, "stage", ""), "production");
    assert_int_equal(rs_val_get(val, "aliases")->n, 2);
    rs_val_free(val);
    assert_ok(rs_versions_register(t.st, v.run_id, t.models, "again", &me, &number, &existed, &err),
              &err);
    assert_true(existed);
    assert_int_equal(number, 2);
    rs_version_clear(&v);
    struct rs_version *list = NULL;
    size_t n = 0;
    assert_ok(rs_versions_list(t.st, &list, &n, &err), &err);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].number, 3 - (int64_t)i);
        rs_version_clear(&list[i]);
    }
    free(list);
    assert_code(rs_versions_get(t.st, 4, &v, &err), RS_ENOTFOUND, &err, "no version 4");
    assert_verified(&t, NULL);
    ref_store_clear(&t);
}

static void only_whole_models_become_versions(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    int64_t number = 0;
    bool existed;
    ref_store_init(&t);
    assert_code(rs_versions_register(t.st, "nobody", t.models, "", &me, &number, &existed, &err),
                RS_ENOTFOUND, &err, "nobody");
    ref_store_start(&t, "als", "f1", id);
    assert_code(rs_versions_register(t.st, id, t.models, "", &me, &number, &existed, &err),
                RS_EREFUSED, &err, "it is running");
    ref_store_run(&t, 1, id);
    assert_code(rs_versions_register(t.st, id, t.dir, "", &me, &number, &existed, &err),
                RS_ENOTFOUND, &err, "register run");
    struct rs_run r;
    assert_ok(rs_runs_get(t.st, id, &r, &err), &err);
    char *name = rs_xprintf("%s.rsm", r.bundle);
    char *path = rs_path_join(t.models, name);
    flip_a_byte(path);
    assert_code(rs_versions_register(t.st, id, t.models, "", &me, &number, &existed, &err),
                RS_EDAMAGED, &err, "register run");
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_journal"), 0);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_model_version"), 0);
    free(path);
    free(name);
    rs_run_clear(&r);
    ref_store_clear(&t);
}

static void assert_means(struct ref_store *t, const char *ref, int64_t want)
{
    struct rs_err err = {0};
    int64_t number = 0;
    assert_ok(rs_versions_resolve(t->st, ref, &number, &err), &err);
    assert_int_equal(number, want);
}

static void references_mean_one_version(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_version v;
    int64_t number = 0;
    char id[RS_RUN_ID];
    set_up(&t, 2);
    set(&t, "production", 2);
    set(&t, "vice", 1);
    assert_means(&t, "1", 1);
    assert_means(&t, "v2", 2);
    assert_means(&t, "production", 2);
    assert_means(&t, "@production", 2);
    assert_means(&t, "vice", 1);
    assert_ok(rs_versions_get(t.st, 1, &v, &err), &err);
    assert_means(&t, v.run_id, 1);
    ref_store_sql(t.path, "UPDATE rs_run SET id = '123456789012' WHERE id = "
                          "(SELECT run_id FROM rs_model_version WHERE number = 1);"
                          "UPDATE rs_model_version SET run_id = '123456789012' WHERE number = 1");
    assert_means(&t, "1234", 1); /* no such version, but a run that begins so */
    rs_version_clear(&v);
    ref_store_start(&t, "als", "f1", id);
    assert_code(rs_versions_resolve(t.st, id, &number, &err), RS_ENOTFOUND, &err,
                "is not registered");
    assert_code(rs_versions_resolve(t.st, "3", &number, &err), RS_ENOTFOUND, &err, "'3'");
    assert_code(rs_versions_resolve(t.st, "@none", &number, &err), RS_ENOTFOUND, &err,
                "model promote VERSION --to none");
    assert_code(rs_versions_resolve(t.st, "none", &number, &err), RS_ENOTFOUND, &err, "'none'");
    assert_code(rs_versions_resolve(t.st, "", &number, &err), RS_ENOTFOUND, &err, "''");
    ref_store_clear(&t);
}

/* ---- aliases ------------------------------------------------------------------------------- */

static void stages_follow_the_aliases(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    set_up(&t, 3);
    assert_stage(&t, 1, RS_STAGE_NONE);
    set(&t, "other", 1);
    assert_stage(&t, 1, RS_STAGE_NONE);
    set(&t, "staging", 1);
    assert_stage(&t, 1, RS_STAGE_STAGING);
    set(&t, "production", 1);
    assert_stage(&t, 1, RS_STAGE_PRODUCTION);
    set(&t, "production", 2); /* 1 is still staging */
    assert_stage(&t, 1, RS_STAGE_STAGING);
    assert_stage(&t, 2, RS_STAGE_PRODUCTION);
    set(&t, "staging", 3);
    assert_stage(&t, 1, RS_STAGE_ARCHIVED);
    assert_ok(rs_alias_set(t.st, "production", 3, t.models, NULL, false, &me, &err), &err);
    assert_stage(&t, 2, RS_STAGE_NONE); /* archive_old: no */
    assert_stage(&t, 3, RS_STAGE_PRODUCTION);
    int64_t from = 0;
    int64_t to = 0;
    assert_ok(rs_alias_before(t.st, "production", 0, &from, &to, &err), &err);
    assert_int_equal(from, 3);
    assert_int_equal(to, 2);
    assert_stage(&t, 3, RS_STAGE_PRODUCTION); /* it only looked */
    roll_back(&t, "production", 0, to);
    assert_stage(&t, 2, RS_STAGE_PRODUCTION);
    assert_stage(&t, 3, RS_STAGE_STAGING);
    assert_code(rs_versions_archive(t.st, 2, &me, &err), RS_EREFUSED, &err, "@production");
    assert_code(rs_versions_archive(t.st, 9, &me, &err), RS_ENOTFOUND, &err, "9");
    roll_back(&t, "production", 1, 1);
    roll_back(&t, "staging", 1, 1);
    assert_stage(&t, 3, RS_STAGE_ARCHIVED);
    int64_t lines = ref_store_int(t.path, "SELECT count(*) FROM rs_journal");
    assert_ok(rs_versions_archive(t.st, 3, &me, &err), &err); /* it is: no line */
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_journal"), lines);
    assert_ok(rs_versions_unarchive(t.st, 3, &me, &err), &err);
    assert_stage(&t, 3, RS_STAGE_NONE);
    assert_ok(rs_versions_unarchive(t.st, 3, &me, &err), &err); /* it is not: no line */
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_journal"), lines + 1);
    assert_code(rs_versions_unarchive(t.st, 9, &me, &err), RS_ENOTFOUND, &err, "9");
    assert_verified(&t, NULL);
    ref_store_clear(&t);
}

static void an_unchanged_alias_leaves_no_line(void **state)
{
    (void)state;
    struct ref_store t;
    set_up(&t, 1);
    set(&t, "production", 1);
    set(&t, "production", 1);
    roll_back(&t, "production", 1, 1);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_journal"), 2);
    ref_store_clear(&t);
}

static void rollback_walks_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int64_t number = 0;
    set_up(&t, 4);
    assert_code(rs_alias_rollback(t.st, "production", 0, t.models, &me, &number, &err),
                RS_ENOTFOUND, &err, "points at no version");
    set(&t, "staging", 4); /* another alias's history is its own */
    set(&t, "production", 1);
    assert_code(rs_alias_rollback(t.st, "production", 0, t.models, &me, &number, &err),
                RS_ENOTFOUND, &err, "nothing before version 1");
    set(&t, "production", 2);
    set(&t, "production", 3);
    roll_back(&t, "production", 0, 2); /* 1 2 */
    roll_back(&t, "production", 0, 1); /* 1 */
    assert_code(rs_alias_rollback(t.st, "production", 0, t.models, &me, &number, &err),
                RS_ENOTFOUND, &err, "nothing before");
    assert_at(&t, "production", 1);
    set(&t, "production", 3); /* 1 3: what was rolled back is not gone through again */
    set(&t, "production", 1); /* 1 3 1 */
    set(&t, "production", 2); /* 1 3 1 2 */
    roll_back(&t, "production", 0, 1);
    roll_back(&t, "production", 0, 3);
    roll_back(&t, "production", 0, 1);
    set(&t, "production", 2);
    set(&t, "production", 3);          /* 1 2 3 */
    roll_back(&t, "production", 1, 1); /* straight to the bottom */
    roll_back(&t, "production", 4, 4); /* never there: a step forward, 1 4 */
    roll_back(&t, "production", 0, 1);
    assert_code(rs_alias_rollback(t.st, "production", 99, t.models, &me, &number, &err),
                RS_ENOTFOUND, &err, "no version 99");
    assert_verified(&t, NULL);
    ref_store_clear(&t);
}

static void damaged_models_do_not_serve(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int64_t number = 0;
    set_up(&t, 3);
    set(&t, "production", 1);
    set(&t, "production", 2);
    char *first = bundle_path(&t, 1);
    char *third = bundle_path(&t, 3);
    flip_a_byte(first);
    assert_ok(rs_fs_remove(third, &err), &err);
    assert_code(rs_alias_rollback(t.st, "production", 0, t.models, &me, &number, &err), RS_EDAMAGED,
                &err, "version 1");
    assert_code(rs_alias_set(t.st, "production", 3, t.models, NULL, true, &me, &err), RS_ENOTFOUND,
                &err, "version 3");
    assert_at(&t, "production", 2);
    assert_verified(&t, "version 3");
    free(first);
    free(third);
    ref_store_clear(&t);
}

static void names_that_confuse_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    static const char *const bad[] = {"",    "7",  "v7",    "latest", "-x",  "a b",
                                      "a/b", "@x", "naïve", "'",      "a\n", NULL};
    set_up(&t, 1);
    for (int i = 0; bad[i]; i++)
        assert_code(rs_alias_set(t.st, bad[i], 1, t.models, NULL, true, &me, &err), RS_EARG, &err,
                    "alias '");
    set(&t, "v", 1);
    set(&t, "v7a", 1);
    set(&t, "Canary_2.x-y", 1);
    assert_code(rs_alias_set(t.st, "production", 5, t.models, NULL, true, &me, &err), RS_ENOTFOUND,
                &err, "no version 5");
    struct rs_val *list = NULL;
    assert_ok(rs_aliases_list(t.st, &list, &err), &err);
    assert_int_equal(list->n, 3);
    assert_string_equal(rs_val_get_str(list->items[0], "alias", ""), "Canary_2.x-y");
    assert_int_equal(rs_val_get_int(list->items[0], "version", 0), 1);
    assert_string_equal(rs_val_get_str(list->items[0], "by", ""), "me");
    rs_val_free(list);
    ref_store_clear(&t);
}

/* ---- journal ------------------------------------------------------------------------------- */

static void the_journal_tells_everything(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_val *lines = NULL;
    struct rs_val *verdict = rs_val_map();
    rs_val_set_bool(verdict, "pass", true);
    rs_clock_set(1000);
    set_up(&t, 2);
    rs_clock_set(2000);
    set(&t, "production", 1);
    rs_clock_set(3000);
    assert_ok(rs_alias_set(t.st, "production", 2, t.models, verdict, true, &me, &err), &err);
    rs_clock_set(4000);
    roll_back(&t, "production", 0, 1);
    rs_clock_set(-1);
    assert_ok(rs_journal_list(t.st, 0, 0, &lines, &err), &err);
    static const char *const actions[] = {"rollback", "promote", "promote", "register", "register"};
    assert_int_equal(lines->n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(rs_val_get_str(lines->items[i], "action", ""), actions[i]);
        assert_int_equal(rs_val_get_int(lines->items[i], "id", 0), 5 - (int64_t)i);
        assert_string_equal(rs_val_get_str(lines->items[i], "actor", ""), "me");
        assert_string_equal(rs_val_get_str(lines->items[i], "reason", ""), "because");
        assert_int_equal(strlen(rs_val_get_str(lines->items[i], "hash", "")), 64);
    }
    const struct rs_val *second = lines->items[1];
    assert_string_equal(rs_val_get_str(second, "alias", ""), "production");
    assert_int_equal(rs_val_get_int(second, "version", 0), 2);
    assert_int_equal(rs_val_get_int(second, "from_version", 0), 1);
    assert_int_equal(rs_val_get_int(second, "time_ms", 0), 3000);
    assert_true(rs_val_equal(rs_val_get(second, "verdict"), verdict));
    assert_int_equal(rs_val_get(lines->items[0], "verdict")->type, RS_VAL_NULL);
    rs_val_free(lines);
    assert_ok(rs_journal_list(t.st, 2500, 1, &lines, &err), &err); /* as it was then */
    assert_int_equal(lines->n, 1);
    assert_int_equal(rs_val_get_int(lines->items[0], "id", 0), 3);
    rs_val_free(lines);
    rs_val_free(verdict);
    ref_store_clear(&t);
}

static void a_journal_changed_by_hand_shows(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *problem;
    } cases[] = {
        {"UPDATE rs_journal SET reason = 'better' WHERE id = 3", "line 3 was changed"},
        {"UPDATE rs_journal SET version = 1 WHERE id = 4", "line 4 was changed"},
        {"DELETE FROM rs_journal WHERE id = 2", "line 2 is missing"},
        {"DELETE FROM rs_journal WHERE id = 4", "ends at line 3, but line 4 was written"},
        {"UPDATE rs_journal SET previous_hash = hash WHERE id = 3", "line 3 does not follow"},
        {"UPDATE rs_alias SET version = 1", "points at version 1, the journal says version 2"},
        {"DELETE FROM rs_alias", "alias production points at nothing, the journal says version 2"},
        {"INSERT INTO rs_alias VALUES ('x', 1, 1, 'me')",
         "alias x points at version 1, the journal says nothing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ref_store t;
        set_up(&t, 2);
        set(&t, "production", 1);
        set(&t, "production", 2);
        assert_verified(&t, NULL);
        ref_store_sql(t.path,
                      "DROP TRIGGER rs_journal_no_update; DROP TRIGGER rs_journal_no_delete");
        ref_store_sql(t.path, cases[i].sql);
        assert_verified(&t, cases[i].problem);
        ref_store_clear(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_count_and_come_back),
        cmocka_unit_test(only_whole_models_become_versions),
        cmocka_unit_test(references_mean_one_version),
        cmocka_unit_test(stages_follow_the_aliases),
        cmocka_unit_test(an_unchanged_alias_leaves_no_line),
        cmocka_unit_test(rollback_walks_back),
        cmocka_unit_test(damaged_models_do_not_serve),
        cmocka_unit_test(names_that_confuse_are_refused),
        cmocka_unit_test(the_journal_tells_everything),
        cmocka_unit_test(a_journal_changed_by_hand_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
