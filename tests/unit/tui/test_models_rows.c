/* Rows of the screens of runs and models, from documents as the commands give them. */
#include <math.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "tui/run_rows.h"

static struct rs_val *parse(const char *text)
{
    struct rs_val *v = NULL;
    struct rs_err err = {0};
    assert_ok(rs_json_parse(text, strlen(text), "test", &v, &err), &err);
    return v;
}

static int column_of(const struct tui_rows *r, const char *name)
{
    for (int c = 0; c < r->columns.n; c++) {
        if (strcmp(r->columns.list[c].name, name) == 0) return c;
    }
    fail_msg("there is no column '%s'", name);
    return -1;
}

static const char *cell(const struct tui_rows *r, const char *id, const char *column)
{
    enum tui_role role = TUI_TEXT;
    int32_t row = tui_sheet_find(r, id);
    if (row < 0) fail_msg("there is no row '%s'", id);
    return r->text(r, row, column_of(r, column), NULL, 0, &role);
}

static enum tui_role role_of(const struct tui_rows *r, const char *id, const char *column)
{
    enum tui_role role = TUI_TEXT;
    r->text(r, tui_sheet_find(r, id), column_of(r, column), NULL, 0, &role);
    return role;
}

static void check_delta(double value, double base, double p, bool lower, enum tui_delta_form form,
                        const char *want, enum tui_role want_role)
{
    char buf[48];
    enum tui_role role = TUI_TEXT;
    assert_string_equal(tui_delta_text(value, base, p, lower, form, buf, &role), want);
    assert_int_equal(role, want_role);
}

static void differences_say_which_way_is_better(void **state)
{
    (void)state;
    double untested = (double)NAN;
    check_delta(0.1201, 0.1193, 0.31, false, TUI_DELTA, "^ +.0008 ~", TUI_DIM);
    check_delta(0.1164, 0.1193, 0.004, false, TUI_DELTA, "v -.0029 **", TUI_WORSE);
    check_delta(0.1233, 0.1193, 0.04, false, TUI_DELTA, "^ +.0040 *", TUI_BETTER);
    check_delta(0.9, 0.95, untested, true, TUI_DELTA, "^ -.0500", TUI_TEXT); /* gini */
    check_delta(0.9, 0.95, 0.001, true, TUI_DELTA, "^ -.0500 **", TUI_BETTER);
    check_delta(0.11, 0.10, untested, false, TUI_PERCENT, "^ +10.0%", TUI_TEXT);
    check_delta(0.11, 0, untested, false, TUI_PERCENT, "^ +.1100", TUI_TEXT); /* of nothing */
    check_delta(0.11, 0.10, 0.314, false, TUI_P, "^ p.31 ~", TUI_DIM);
    check_delta(0.11, 0.10, 1e-9, false, TUI_P, "^ p<.0001 **", TUI_BETTER);
    check_delta(0.11, 0.10, untested, false, TUI_P, "^ p -", TUI_TEXT);
    check_delta(0.1, 0.1, untested, false, TUI_DELTA, "=", TUI_DIM);
    check_delta((double)NAN, 0.1, untested, false, TUI_DELTA, "", TUI_DIM);
    check_delta(1505, 1000, untested, true, TUI_DELTA, "v +505", TUI_TEXT);
}

static const char runs_text[] =
    "[{\"run_id\":\"aaaa11112222\",\"name\":\"x\",\"model\":\"als\",\"dataset\":\"d\","
    "\"split\":\"s\",\"state\":\"finished\",\"started_ms\":1770714720000,"
    "\"params\":{\"factors\":64,\"reg\":0.01},"
    "\"metrics\":{\"ndcg_at_10\":0.12,\"ndcg_at_5\":0.1,\"recall_at_10\":0.05,"
    "\"val_ndcg_at_10\":0.2}},"
    "{\"run_id\":\"bbbb11112222\",\"name\":\"y\",\"model\":\"als\",\"dataset\":\"d\","
    "\"split\":\"s\",\"state\":\"failed\",\"started_ms\":0,"
    "\"params\":{\"factors\":96,\"reg\":0.01},"
    "\"metrics\":{\"ndcg_at_10\":0.13,\"recall_at_10\":0.05}},"
    "{\"run_id\":\"cccc11112222\",\"name\":\"z\",\"model\":\"popularity\",\"dataset\":\"d\","
    "\"split\":\"s\",\"state\":\"finished\",\"started_ms\":0,\"params\":{},\"metrics\":{}}]";

static void runs_stand_against_the_base(void **state)
{
    (void)state;
    struct rs_val *runs = parse(runs_text);
    struct rs_val *stands = parse("{\"aaaa11112222\":\"@production v7\"}");
    struct rs_val *doc = parse("{\"base\":\"aaaa11112222\",\"users\":12,\"metrics\":"
                               "{\"ndcg_at_10\":{\"bbbb11112222\":0.02}}}");
    struct tui_compared c = {doc, "aaaa11112222", TUI_DELTA};
    struct tui_rows *r = tui_run_rows(runs, stands, "ndcg_at_10", &c);
    assert_int_equal(r->n, 3);
    assert_string_equal(cell(r, "aaaa11112222", "run"), "aaaa1111");
    assert_string_equal(cell(r, "aaaa11112222", "ndcg_at_10.delta"), "base");
    assert_string_equal(cell(r, "bbbb11112222", "ndcg_at_10.delta"), "^ +.0100 *");
    assert_string_equal(cell(r, "bbbb11112222", "recall_at_10.delta"), "=");
    assert_string_equal(cell(r, "cccc11112222", "ndcg_at_10"), "-");
    assert_string_equal(cell(r, "cccc11112222", "factors"), "-");
    assert_string_equal(cell(r, "bbbb11112222", "factors"), "96");
    assert_string_equal(cell(r, "aaaa11112222", "state"), "@production v7");
    assert_string_equal(cell(r, "aaaa11112222", "started"), "2026-02-10 09:12");
    assert_int_equal(role_of(r, "bbbb11112222", "state"), TUI_ERROR);
    for (int i = 0; i < r->columns.n; i++) { /* other cut-offs and validation stay away */
        assert_string_not_equal(r->columns.list[i].name, "ndcg_at_5");
        assert_string_not_equal(r->columns.list[i].name, "val_ndcg_at_10");
    }
    double v = r->number(r, 1, column_of(r, "ndcg_at_10.delta"));
    assert_true(fabs(v - 0.01) < 1e-12);
    tui_rows_release(r);
    c.base = "bbbb11112222"; /* what was tested against another base counts no more */
    r = tui_run_rows(runs, stands, "ndcg_at_10", &c);
    assert_string_equal(cell(r, "aaaa11112222", "ndcg_at_10.delta"), "v -.0100");
    tui_rows_release(r);
    rs_val_free(doc);
    rs_val_free(stands);
    rs_val_free(runs);
}

static void compared_runs_show_what_differs(void **state)
{
    (void)state;
    static const char *const ids[] = {"aaaa11112222", "bbbb11112222", "gone"};
    struct rs_val *runs = parse(runs_text);
    struct tui_compared c = {NULL, "aaaa11112222", TUI_DELTA};
    int n[2];
    struct tui_rows *r = tui_compare_rows(runs, ids, 3, "ndcg_at_10", &c, false, n);
    assert_int_equal(r->columns.n, 3); /* the one that is gone has none */
    assert_int_equal(n[1], r->n);
    assert_int_equal(n[0], 2); /* factors, ndcg_at_10 */
    assert_string_equal(cell(r, "model", "aaaa11112222"), "als");
    assert_string_equal(cell(r, "reg", "bbbb11112222"), "0.01");
    assert_string_equal(cell(r, "ndcg_at_10", "bbbb11112222"), "0.1300 ^ +.0100");
    assert_string_equal(cell(r, "recall_at_10", "bbbb11112222"), "0.0500 =");
    assert_int_equal(tui_sheet_find(r, "ndcg_at_5"), -1);
    tui_rows_release(r);
    r = tui_compare_rows(runs, ids, 2, "ndcg_at_10", &c, true, n);
    assert_int_equal(r->n, 2);
    assert_int_equal(n[0], 2);
    assert_int_equal(tui_sheet_find(r, "reg"), -1);
    assert_true(tui_sheet_find(r, "factors") >= 0);
    tui_rows_release(r);
    r = tui_compare_rows(NULL, NULL, 0, "ndcg_at_10", &c, false, n);
    assert_int_equal(r->n, 0);
    tui_rows_release(r);
    rs_val_free(runs);
}

static void metrics_of_a_run_have_intervals(void **state)
{
    (void)state;
    struct rs_val *run =
        parse("{\"metrics\":{\"loss\":12.5,\"mrr\":0.2,\"ndcg_at_10\":0.12,\"ndcg_at_5\":0.1},"
              "\"evaluation\":{\"metrics\":[{\"metric\":\"ndcg_at_10\",\"value\":0.12,"
              "\"interval\":[0.11,0.13],\"popularity\":0.09,\"difference\":0.03,"
              "\"difference_interval\":[0.02,0.04],\"verdict\":\"better\"}]}}");
    struct tui_rows *r = tui_metric_rows(run, "ndcg_at_10");
    assert_int_equal(r->n, 4);
    assert_string_equal(tui_sheet_id(r, 0), "ndcg_at_10"); /* what counts is on top */
    assert_string_equal(tui_sheet_id(r, 3), "ndcg_at_5");  /* other cut-offs below */
    assert_string_equal(cell(r, "ndcg_at_10", "interval"), "[0.1100, 0.1300]");
    assert_string_equal(cell(r, "ndcg_at_10", "difference"), "^ +.0300");
    assert_int_equal(role_of(r, "ndcg_at_10", "difference"), TUI_BETTER);
    assert_string_equal(cell(r, "loss", "value"), "12.50");
    assert_string_equal(cell(r, "loss", "interval"), "-");
    tui_rows_release(r);
    rs_val_free(run);
}

static const char history_text[] =
    "[{\"id\":3,\"time_ms\":1770714720000,\"actor\":\"mira\",\"action\":\"promote\","
    "\"alias\":\"production\",\"version\":2,\"from_version\":1,\"reason\":\"why\","
    "\"verdict\":{\"pass\":false,\"rules\":[]}},"
    "{\"id\":2,\"time_ms\":1,\"actor\":\"jon\",\"action\":\"promote\",\"alias\":\"production\","
    "\"version\":1,\"from_version\":0,\"reason\":\"\",\"verdict\":{\"pass\":true}},"
    "{\"id\":1,\"time_ms\":1,\"actor\":\"jon\",\"action\":\"register\",\"alias\":\"\","
    "\"version\":3,\"from_version\":0,\"reason\":\"\",\"verdict\":null}]";

static void versions_say_what_the_gate_said(void **state)
{
    (void)state;
    struct rs_val *history = parse(history_text);
    struct rs_val *versions = parse(
        "[{\"version\":3,\"model\":\"als\",\"stage\":\"none\",\"aliases\":[],\"mrr\":null,"
        "\"run_id\":\"aaaa11112222\",\"split\":\"d/s\",\"created\":\"2026-02-10T09:12:00Z\","
        "\"description\":\"\"},"
        "{\"version\":2,\"model\":\"als\",\"stage\":\"production\","
        "\"aliases\":[\"production\",\"blue\"],\"mrr\":0.25,\"run_id\":\"b\",\"split\":\"d/s\","
        "\"created\":\"2026-02-10T09:12:00Z\",\"description\":\"\"},"
        "{\"version\":1,\"model\":\"als\",\"stage\":\"archived\",\"aliases\":[],\"mrr\":0.2,"
        "\"run_id\":\"c\",\"split\":\"d/s\",\"created\":\"2026-02-10T09:12:00Z\","
        "\"description\":\"old\"}]");
    struct tui_rows *r = tui_version_rows(versions, history);
    assert_string_equal(tui_version_metric(versions), "mrr");
    assert_string_equal(cell(r, "3", "gate"), "-");
    assert_string_equal(cell(r, "2", "gate"), "FAIL");
    assert_string_equal(cell(r, "1", "gate"), "pass");
    assert_string_equal(cell(r, "2", "alias"), "@production @blue");
    assert_string_equal(cell(r, "2", "mrr"), "0.2500");
    assert_string_equal(cell(r, "3", "mrr"), "-");
    assert_string_equal(cell(r, "2", "version"), "v2");
    tui_rows_release(r);
    r = tui_audit_rows(history);
    assert_string_equal(cell(r, "3", "versions"), "v1 -> v2");
    assert_string_equal(cell(r, "1", "versions"), "v3");
    assert_string_equal(cell(r, "3", "time"), "2026-02-10 09:12");
    assert_string_equal(cell(r, "3", "reason"), "why");
    tui_rows_release(r);
    rs_val_free(versions);
    rs_val_free(history);
}

static void dialogs_show_the_verdict(void **state)
{
    (void)state;
    bool pass = true;
    struct rs_val *doc =
        parse("{\"version\":8,\"alias\":\"production\",\"from_version\":7,\"pass\":false,"
              "\"verdict\":{\"pass\":false,\"rules\":[{\"rule\":\"not_worse\",\"pass\":false,"
              "\"detail\":\"it is worse\"},{\"rule\":\"verified\",\"pass\":true,"
              "\"detail\":\"whole\"}]}}");
    char **lines = tui_promote_lines(doc, "@production since today by mira", &pass);
    assert_false(pass);
    assert_true(rs_str_starts(lines[0], "replaces v7, @production since today by mira"));
    assert_string_equal(lines[1], "no not_worse: it is worse"); /* the dialog refuses on "no " */
    assert_string_equal(lines[2], "ok verified: whole");
    assert_true(rs_str_starts(lines[3], "gate: FAIL, 1 of 2"));
    assert_null(lines[4]);
    rs_fs_list_free(lines);
    rs_val_set(doc, "from_version", rs_val_null());
    lines = tui_rollback_lines(doc, "");
    assert_string_equal(lines[0], "nothing is @production yet");
    rs_fs_list_free(lines);
    rs_val_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_say_which_way_is_better),
        cmocka_unit_test(runs_stand_against_the_base),
        cmocka_unit_test(compared_runs_show_what_differs),
        cmocka_unit_test(metrics_of_a_run_have_intervals),
        cmocka_unit_test(versions_say_what_the_gate_said),
        cmocka_unit_test(dialogs_show_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
