/* Studies as Optuna leaves them in the store: counts, directions, the best trial. */
#include <stdlib.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/tracking/studies.h"

/* Those of Optuna's tables that are read, as Optuna makes them. */
static const char tables[] =
    "CREATE TABLE studies(study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL);"
    "CREATE TABLE study_directions(study_direction_id INTEGER NOT NULL PRIMARY KEY, direction "
    "VARCHAR(8) NOT NULL, study_id INTEGER NOT NULL REFERENCES studies(study_id), objective "
    "INTEGER "
    "NOT NULL, UNIQUE(study_id,objective));"
    "CREATE TABLE trials(trial_id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER, study_id "
    "INTEGER REFERENCES studies(study_id), state VARCHAR(8) NOT NULL, datetime_start DATETIME, "
    "datetime_complete DATETIME);"
    "CREATE TABLE trial_system_attributes(trial_system_attribute_id INTEGER NOT NULL PRIMARY KEY, "
    "trial_id INTEGER REFERENCES trials(trial_id), \"key\" VARCHAR(512), value_json TEXT, "
    "UNIQUE(trial_id,\"key\"));"
    "CREATE TABLE trial_values(trial_value_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER NOT "
    "NULL REFERENCES trials(trial_id), objective INTEGER NOT NULL, value FLOAT, value_type "
    "VARCHAR(7) NOT NULL, UNIQUE(trial_id,objective));";
/* up: 1 maximises; its best feasible trial is number 3. down minimises, with an infinite value that
 * is worse than any and a NaN's FAIL. two has two objectives. none has no trial. */
static const char rows[] =
    "INSERT INTO studies VALUES (1,'up'),(2,'down'),(3,'two'),(4,'none');"
    "INSERT INTO study_directions(direction,study_id,objective) VALUES ('MAXIMIZE',1,0),"
    "('MINIMIZE',2,0),('MINIMIZE',3,1),('MAXIMIZE',3,0),('MAXIMIZE',4,0);"
    "INSERT INTO trials VALUES "
    "(1,0,1,'COMPLETE','2026-05-01 10:00:00.000000','2026-05-01 10:00:09.500000'),"
    "(2,1,1,'COMPLETE','2026-05-01 10:01:00','2026-05-01 10:02:00.1'),"
    "(3,2,1,'PRUNED','2026-05-01 10:02:00','2026-05-01 10:02:30'),"
    "(4,3,1,'COMPLETE','2026-05-01 10:03:00','2026-05-01 10:04:00'),"
    "(5,4,1,'RUNNING','2026-05-01 10:05:00',NULL),(6,5,1,'WAITING',NULL,NULL),"
    "(7,0,2,'COMPLETE',NULL,NULL),(8,1,2,'COMPLETE',NULL,NULL),(9,2,2,'FAIL',NULL,NULL),"
    "(10,0,3,'COMPLETE',NULL,NULL);"
    "INSERT INTO trial_values(trial_id,objective,value,value_type) VALUES (1,0,0.2,'FINITE'),"
    "(2,0,0.9,'FINITE'),(3,0,0.95,'FINITE'),(4,0,0.3,'FINITE'),(7,0,NULL,'INF_POS'),"
    "(8,0,-2.5,'FINITE'),(10,0,1,'FINITE'),(10,1,2,'FINITE');"
    "INSERT INTO trial_system_attributes(trial_id,\"key\",value_json) VALUES "
    "(2,'constraints','[-1, 1.5]'),(4,'constraints:size','-0.5'),(1,'note','not json');";

static int set_up(void **state)
{
    struct ref_store *t = rs_xalloc(1, sizeof(*t));
    ref_store_init(t);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    ref_store_clear(*state);
    free(*state);
    return 0;
}

static struct rs_val *list(struct ref_store *t, int64_t limit, int64_t offset, int64_t want_total)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    int64_t total = -1;
    assert_ok(rs_studies_list(t->st, limit, offset, &v, &total, &err), &err);
    assert_int_equal(total, want_total);
    return v;
}

static void assert_json(const struct rs_val *v, const char *want)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(v, 0, &text);
    assert_string_equal(rs_str_text(&text), want);
    rs_str_clear(&text);
}

static void store_without_tables_has_none(void **state)
{
    struct rs_val *v = list(*state, 0, 0, 0);
    assert_int_equal(v->n, 0);
    rs_val_free(v);
}

static void studies_are_told(void **state)
{
    struct ref_store *t = *state;
    ref_store_sql(t->path, tables);
    struct rs_val *v = list(t, 0, 0, 0);
    rs_val_free(v);
    ref_store_sql(t->path, rows);
    v = list(t, 0, 0, 4);
    assert_int_equal(v->n, 4);
    assert_json(v->items[0],
                "{\"study\":\"none\",\"directions\":[\"maximize\"],\"trials\":0,\"states\":{"
                "\"running\":0,\"waiting\":0,\"complete\":0,\"pruned\":0,\"fail\":0},\"best\":null,"
                "\"started\":null,\"last\":null}");
    assert_json(rs_val_get(v->items[1], "directions"), "[\"maximize\",\"minimize\"]");
    assert_json(rs_val_get(v->items[1], "best"), "null");
    assert_json(rs_val_get(v->items[2], "best"), "{\"number\":1,\"value\":-2.5}");
    assert_json(v->items[3],
                "{\"study\":\"up\",\"directions\":[\"maximize\"],\"trials\":6,\"states\":{"
                "\"running\":1,\"waiting\":1,\"complete\":3,\"pruned\":1,\"fail\":0},\"best\":{"
                "\"number\":3,\"value\":0.3},\"started\":\"2026-05-01T10:00:00Z\",\"last\":"
                "\"2026-05-01T10:04:00Z\"}");
    rs_val_free(v);
}

static void infinite_best_is_null(void **state)
{
    struct ref_store *t = *state;
    ref_store_sql(t->path, tables);
    ref_store_sql(t->path, rows);
    ref_store_sql(t->path, "UPDATE study_directions SET direction = 'MAXIMIZE'");
    struct rs_val *v = list(t, 0, 0, 4);
    assert_json(rs_val_get(v->items[2], "best"), "{\"number\":0,\"value\":null}");
    rs_val_free(v);
}

static void pages_are_newest_first(void **state)
{
    struct ref_store *t = *state;
    ref_store_sql(t->path, tables);
    ref_store_sql(t->path, rows);
    struct rs_val *v = list(t, 2, 1, 4);
    assert_int_equal(v->n, 2);
    assert_string_equal(rs_val_get_str(v->items[0], "study", ""), "two");
    assert_string_equal(rs_val_get_str(v->items[1], "study", ""), "down");
    rs_val_free(v);
    v = list(t, 2, 9, 4);
    assert_int_equal(v->n, 0);
    rs_val_free(v);
}

static void strange_table_is_told(void **state)
{
    struct ref_store *t = *state;
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    int64_t total = 0;
    ref_store_sql(t->path, tables);
    ref_store_sql(t->path, "ALTER TABLE trials RENAME COLUMN number TO nr");
    ref_store_sql(t->path, rows);
    assert_code(rs_studies_list(t->st, 0, 0, &v, &total, &err), RS_EDAMAGED, &err, "number");
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(store_without_tables_has_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(studies_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(infinite_best_is_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_are_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strange_table_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("studies", tests, NULL, NULL);
}
