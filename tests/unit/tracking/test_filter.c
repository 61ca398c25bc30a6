/* Filters and sorting: what each means on a handful of runs, and where a wrong one is wrong. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

/* Five runs, oldest first; the letter is the name. */
static const struct {
    const char *name, *model, *params;
    double ndcg;
    const char *tag;
    enum rs_run_state state;
} rows[] = {
    {"a", "als", "{\"factors\": 64, \"alpha\": 0.5, \"warm\": true}", 0.30, "alpha",
     RS_RUN_FINISHED},
    {"b", "als", "{\"factors\": 128, \"alpha\": 1, \"warm\": false}", 0.10, "beta",
     RS_RUN_FINISHED},
    {"c", "ease", "{\"factors\": \"64\", \"reg\": 100}", 0.20, NULL, RS_RUN_FINISHED},
    {"d", "popularity", "{\"score\": \"sum\", \"factors\": null}", -1, "it's \"x\"", RS_RUN_FAILED},
    {"e", "als", "{\"solver\": \"cg\", \"list\": [1, 2]}", -1, "", RS_RUN_RUNNING},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void add_row(struct ref_store *t, size_t i)
{
    struct rs_err err = {0};
    struct rs_val *params = NULL;
    struct rs_run r = {.name = rs_xstrdup(rows[i].name),
                       .model = rs_xstrdup(rows[i].model),
                       .dataset = rs_xstrdup("ml"),
                       .split = rs_xstrdup(i < 3 ? "user-temporal" : ""),
                       .seed = i};
    int64_t start_ms = 0;
    assert_int_equal(rs_clock_parse("2026-05-01T00:00:00Z", &start_ms), 0);
    start_ms += (int64_t)i * 86400000;
    rs_clock_set(start_ms);
    assert_ok(rs_runs_start(t->st, &r, &err), &err);
    assert_ok(rs_json_parse(rows[i].params, strlen(rows[i].params), "row", &params, &err), &err);
    assert_ok(rs_runs_set_params(t->st, r.id, params, &err), &err);
    rs_val_free(params);
    if (rows[i].ndcg >= 0) {
        assert_ok(rs_runs_add_metric(t->st, r.id, "ndcg_at_10", 0, 0.99, &err), &err);
        assert_ok(rs_runs_add_metric(t->st, r.id, "ndcg_at_10", 5, rows[i].ndcg, &err), &err);
    }
    if (rows[i].tag) assert_ok(rs_runs_set_tag(t->st, r.id, "my key", rows[i].tag, &err), &err);
    rs_clock_set(start_ms + 1500 * (int64_t)(i + 1));
    if (rows[i].state != RS_RUN_RUNNING)
        assert_ok(rs_runs_end(t->st, r.id, rows[i].state, "", "", &err), &err);
    rs_clock_set(-1);
    rs_run_clear(&r);
}

static int set_up(void **state)
{
    struct ref_store *t = rs_xalloc(1, sizeof(*t));
    ref_store_init(t);
    for (size_t i = 0; i < N_ROWS; i++)
        add_row(t, i);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    ref_store_clear(*state);
    free(*state);
    return 0;
}

/* The names of the runs found, in order, against want; the total is as many. */
static void assert_list(struct ref_store *t, const char *filter, const char *sort, const char *want)
{
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    int64_t total = -1;
    char got[N_ROWS + 1] = "";
    if (rs_runs_list(t->st, filter, sort, 0, 0, &list, &total, &err))
        fail_msg("%s: %s", filter ? filter : sort, err.msg);
    assert_int_equal(total, list->n);
    for (size_t i = 0; i < list->n; i++)
        got[i] = rs_val_get_str(list->items[i], "name", "?")[0];
    rs_val_free(list);
    if (strcmp(got, want) != 0)
        fail_msg("%s: got '%s', not '%s'", filter ? filter : sort, got, want);
}

static void filters_choose(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "edcba"},
        {"", "edcba"},
        {"  \n", "edcba"},
        {"model = \"als\"", "eba"},
        {"model == 'als'", "eba"},
        {"model = als", "eba"},
        {"model != als", "dc"},
        {"model <> als", "dc"},
        {"not model = als", "dc"},
        {"NOT NOT model = als", "eba"},
        {"name >= \"c\"", "edc"},
        {"name like \"A\"", "a"},
        {"model LIKE 'pop%'", "d"},
        {"split is null", "ed"},
        {"split is not null", "cba"},
        {"split = \"\"", ""},
        {"state = running or state = failed", "ed"},
        {"metrics.ndcg_at_10 > 0.15", "ca"},
        {"metrics.ndcg_at_10 <= 0.2", "cb"},
        {"not metrics.ndcg_at_10 <= 0.2", "eda"}, /* a missing value compares false */
        {"metrics.ndcg_at_10 != 0.2", "ba"},
        {"metrics.ndcg_at_10 is null", "ed"},
        {"metrics.\"ndcg_at_10\" >= .3", "a"},
        {"metrics.nothing > 0", ""},
        {"metrics.ndcg_at_10 > 0.1 and params.factors = 64", "a"},
        {"params.factors = 64", "a"}, /* "64" is a text */
        {"params.factors = \"64\"", "ca"},
        {"params.factors > 100", "b"},
        {"params.factors >= 64.0", "ba"},
        {"params.factors is null", "ed"},
        {"params.factors is not null", "cba"},
        {"params.alpha = 1", "b"},
        {"params.alpha < 1e0", "a"},
        {"params.warm = true", "a"},
        {"params.warm = FALSE", "b"},
        {"params.warm != true", "b"},
        {"params.solver = cg", "e"},
        {"params.solver = \"cg\"", "e"},
        {"params.list = \"[1,2]\"", "e"},
        {"params.score like 's_m'", "d"},
        {"tags.`my key` = \"beta\"", "b"},
        {"tags.\"my key\" like \"%a\"", "ba"},
        {"tags.'my key' = 'it''s \"x\"'", "d"},
        {"tags.'my key' = \"it's \\\"x\\\"\"", "d"},
        {"tags.'my key' is null", "c"},
        {"tags.'my key' = ''", "e"},
        {"seed = 3", "d"},
        {"seconds >= 3", "dcb"},
        {"seconds is null", "e"},
        {"started > \"2026-05-03\"", "ed"},
        {"started >= 2026-05-03", "edc"},
        {"started < '2026-05-01T00:00:01Z'", "a"},
        {"ended < 2026-05-02", "a"},
        {"model = als or model = ease and state = failed", "eba"},
        {"(model = als or model = ease) and state = failed", ""},
        {"(((model = als)))and(not(state = running))", "ba"},
        {"not (model = als or model = ease)", "d"},
        {"name = \"' OR 1=1 --\"", ""},
        {"name = 'a' or name='b'or name='é'", "ba"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_list(*state, cases[i][0], NULL, cases[i][1]);
}

static void wrong_filters_say_where(void **state)
{
    struct ref_store *t = *state;
    static const char *const cases[][2] = {
        {"modle = als", "position 1: unknown field 'modle': did you mean 'model'"},
        {"zzzzzzzz = 1", "position 1: expected a field such as"},
        {"= 1", "position 1: expected a field such as"},
        {"model", "position 6: expected = != < <= > >= like or is, found the end"},
        {"model = ", "position 9: expected a value, found the end"},
        {"model = )", "position 9: expected a value, found )"},
        {"model ~ als", "position 7: expected = != < <= > >= like or is, found ~"},
        {"model === als", "position 7"},
        {"model = 5", "position 9: expected a text in quotes, found 5"},
        {"model = null", "position 9: expected a value ('is null'"},
        {"metrics.x = \"a\"", "position 13: expected a number, found \"a\""},
        {"metrics.x like \"a\"", "for 'like' is for texts"},
        {"metrics. > 1", "position 1: expected a key behind the point"},
        {"seed = true", "position 8: expected a number"},
        {"started > monday", "position 11: expected a time such as"},
        {"model like als", "position 12: expected a pattern in quotes"},
        {"model is als", "position 10: expected 'null' or 'not null'"},
        {"model is not", "position 13: expected 'null' or 'not null', found the end"},
        {"model = als state = failed", "position 13: expected 'and', 'or' or the end"},
        {"model = als and", "position 16: expected a field"},
        {"(model = als", "position 13: expected 'and', 'or' or ')', found the end"},
        {"model = als)", "position 12: expected 'and', 'or' or the end, found )"},
        {"name = \"é\" xor model = als", "position 12"}, /* counted in characters */
        {"model = \"als", "position 9: a quote without its end"},
        {"model = 'als\\", "position 9: a quote without its end"},
        {"model = als; DROP TABLE rs_run", "position 12"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rs_err err = {0};
        struct rs_val *list = NULL;
        enum rs_code rc = rs_runs_list(t->st, cases[i][0], NULL, 0, 0, &list, NULL, &err);
        if (rc != RS_EPARSE || !strstr(err.msg, cases[i][1]))
            fail_msg("%s: '%s' without '%s'", cases[i][0], err.msg, cases[i][1]);
        assert_null(list);
    }
}

/* head, then part n times, then tail. */
static char *repeat(const char *head, const char *part, int n, const char *tail)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add(&s, head);
    for (int i = 0; i < n; i++)
        rs_str_add(&s, part);
    rs_str_add(&s, tail);
    return rs_str_take(&s);
}

static void sizes_are_bounded(void **state)
{
    struct ref_store *t = *state;
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    char *most = repeat("model = als", " and params.x is null", 63, "");
    char *more = repeat("model = als", " or params.x is null", 64, "");
    char *deep = repeat("", "(", 33, "model = als");
    char *nots = repeat("", "not ", 33, "model = als");
    char *mixed = repeat("", "not (", 32, "model = als");
    char *closed = repeat(mixed, ")", 32, "");
    char *large = repeat("name = \"", "x", 8200, "\"");
    assert_list(t, most, NULL, "eba");
    assert_list(t, closed, NULL, "eba");
    assert_code(rs_runs_list(t->st, more, NULL, 0, 0, &list, NULL, &err), RS_EPARSE, &err,
                "more than 64 comparisons");
    assert_code(rs_runs_list(t->st, deep, NULL, 0, 0, &list, NULL, &err), RS_EPARSE, &err,
                "position 33: nested deeper than 32");
    assert_code(rs_runs_list(t->st, nots, NULL, 0, 0, &list, NULL, &err), RS_EPARSE, &err,
                "nested deeper than 32");
    assert_code(rs_runs_list(t->st, large, NULL, 0, 0, &list, NULL, &err), RS_EPARSE, &err,
                "longer than 8192 bytes");
    free(most);
    free(more);
    free(deep);
    free(nots);
    free(mixed);
    free(closed);
    free(large);
}

static void lists_are_sorted(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "edcba"},
        {"", "edcba"},
        {"started", "abcde"},
        {"-started", "edcba"},
        {"name", "abcde"},
        {"-name", "edcba"},
        {"model", "ebacd"}, /* equal ones newest first */
        {"metrics.ndcg_at_10", "bcaed"},
        {"-metrics.ndcg_at_10", "acbed"}, /* missing last in both directions */
        {"params.alpha", "abedc"},
        {"-params.alpha", "baedc"},
        {"params.factors", "abced"}, /* numbers before texts */
        {"seconds", "abcde"},
        {"tags.my key", "eabdc"},
        {"split", "cbaed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_list(*state, NULL, cases[i][0], cases[i][1]);
    struct ref_store *t = *state;
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    assert_code(rs_runs_list(t->st, NULL, "nmae", 0, 0, &list, NULL, &err), RS_EARG, &err,
                "did you mean 'name'");
    assert_code(rs_runs_list(t->st, NULL, "metrics.", 0, 0, &list, NULL, &err), RS_EARG, &err,
                "unknown field 'metrics.'");
    assert_code(rs_runs_list(t->st, NULL, "name; DROP TABLE rs_run", 0, 0, &list, NULL, &err),
                RS_EARG, &err, "unknown field");
}

static void pages_are_cut_from_the_whole(void **state)
{
    struct ref_store *t = *state;
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    int64_t total = 0;
    assert_ok(rs_runs_list(t->st, "model = als", "name", 1, 1, &list, &total, &err), &err);
    assert_int_equal(total, 3);
    assert_int_equal(list->n, 1);
    const struct rs_val *b = list->items[0];
    assert_string_equal(rs_val_get_str(b, "name", ""), "b");
    assert_string_equal(rs_val_get_str(b, "model", ""), "als");
    assert_string_equal(rs_val_get_str(b, "dataset", ""), "ml");
    assert_string_equal(rs_val_get_str(b, "state", ""), "finished");
    assert_int_equal(strlen(rs_val_get_str(b, "run_id", "")), 12);
    assert_true(rs_val_get_real(b, "seconds", 0) == 3.0);
    assert_int_equal(rs_val_get_int(rs_val_get(b, "params"), "factors", 0), 128);
    assert_true(rs_val_get_real(rs_val_get(b, "metrics"), "ndcg_at_10", 0) == 0.10);
    assert_string_equal(rs_val_get_str(rs_val_get(b, "tags"), "my key", ""), "beta");
    rs_val_free(list);
    assert_ok(rs_runs_list(t->st, NULL, NULL, 10, 100, &list, &total, &err), &err);
    assert_int_equal(list->n, 0);
    assert_int_equal(total, N_ROWS);
    rs_val_free(list);
    assert_ok(rs_runs_list(t->st, "name = e", NULL, 1, 0, &list, NULL, &err), &err);
    assert_int_equal(rs_val_get(list->items[0], "seconds")->type, RS_VAL_NULL);
    rs_val_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_choose),
        cmocka_unit_test(wrong_filters_say_where),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(pages_are_cut_from_the_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
