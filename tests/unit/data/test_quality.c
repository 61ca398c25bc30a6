/* The quality report on data small enough to count by hand. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_cut.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/data/dataset.h"

static struct rs_val *report_of(const struct ref_row *rows, int n, bool times,
                                const struct rs_ingest_report *r)
{
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    struct rs_interactions x = ref_interactions(rows, n, times);
    assert_ok(rs_quality_report(&x, r, &v, &err), &err);
    ref_interactions_clear(&x);
    return v;
}

static void assert_int(const struct rs_val *v, const char *path, int64_t want)
{
    const struct rs_val *got = rs_val_at(v, path);
    if (!got || got->type != RS_VAL_INT || got->i != want)
        print_error("%s is not %lld\n", path, (long long)want);
    assert_true(got && got->type == RS_VAL_INT && got->i == want);
}

static void assert_real(const struct rs_val *v, const char *path, double want)
{
    const struct rs_val *got = rs_val_at(v, path);
    if (!got || got->type != RS_VAL_REAL || got->r != want)
        print_error("%s is %.17g, not %.17g\n", path, got ? got->r : 0, want);
    assert_true(got && got->type == RS_VAL_REAL && got->r == want);
}

static bool has_note(const struct rs_val *v, const char *part)
{
    const struct rs_val *notes = rs_val_get(v, "notes");
    for (size_t i = 0; i < notes->n; i++)
        if (strstr(notes->items[i]->s, part)) return true;
    return false;
}

#define DAY 86400

/* user 1: three times on two days; user 2: one second; user 3: one day, one unknown time; 4: one row */
static const struct ref_row rows[] = {
    {1, 10, 5.0f, 10 * DAY}, {1, 11, 4.0f, 10 * DAY},    {1, 12, 4.0f, 11 * DAY},
    {2, 10, 1.0f, 5 * DAY},  {2, 11, 1.0f, 5 * DAY},     {3, 10, 3.0f, 7 * DAY + 5},
    {3, 11, 2.0f, 0},        {3, 13, 2.0f, 8 * DAY - 1}, {4, 10, 5.0f, 12 * DAY},
};
#define N_ROWS ((int)(sizeof(rows) / sizeof(*rows)))

static void counts_are_those_by_hand(void **state)
{
    (void)state;
    struct rs_val *v = report_of(rows, N_ROWS, true, NULL);
    assert_int(v, "rows", 9);
    assert_int(v, "users", 4);
    assert_int(v, "items", 4);
    assert_real(v, "density", 9.0 / 16);
    assert_null(rs_val_get(v, "duplicates")); /* nothing was read */
    assert_real(v, "values.min", 1);
    assert_real(v, "values.max", 5);
    assert_real(v, "values.mean", 27.0 / 9);
    assert_int(v, "values.distinct", 5);
    const struct rs_val *bars = rs_val_at(v, "values.histogram");
    static const int64_t want[] = {2, 2, 1, 2, 2};
    assert_int_equal(bars->n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(rs_val_get_real(bars->items[i], "value", 0) == (double)(i + 1));
        assert_int_equal(rs_val_get_int(bars->items[i], "rows", 0), want[i]);
    }
    rs_val_free(v);
}

static void times_and_bulk_raters_are_those_by_hand(void **state)
{
    (void)state;
    struct rs_val *v = report_of(rows, N_ROWS, true, NULL);
    assert_string_equal(rs_val_at(v, "times.first")->s, "1970-01-06T00:00:00Z");
    assert_string_equal(rs_val_at(v, "times.last")->s, "1970-01-13T00:00:00Z");
    assert_real(v, "times.days", 7);
    assert_int(v, "times.unknown", 1);
    assert_int(v, "times.tied_rows", 4); /* two of user 1, two of user 2 */
    assert_real(v, "times.tied_share", 4.0 / 9);
    assert_string_equal(rs_val_at(v, "times.unit")->s, "seconds");
    assert_int(v, "bulk_raters.one_time.users", 1);
    assert_int(v, "bulk_raters.one_time.rows", 2);
    assert_real(v, "bulk_raters.one_time.users_share", 0.25);
    assert_int(v, "bulk_raters.one_day.users", 2);
    assert_int(v, "bulk_raters.one_day.rows", 4);
    assert_real(v, "bulk_raters.one_day.rows_share", 4.0 / 9);
    assert_true(has_note(v, "50 % of the users gave all their ratings on one day"));
    assert_true(has_note(v, "44 % of the rows share their time"));
    rs_val_free(v);
}

static void long_tail_and_activity_are_those_by_hand(void **state)
{
    (void)state;
    struct rs_val *v = report_of(rows, N_ROWS, true, NULL);
    /* items have 4, 3, 1, 1 rows; users 3, 2, 3, 1 */
    assert_real(v, "long_tail.top_1_percent_share", 4.0 / 9);
    assert_real(v, "long_tail.top_10_percent_share", 4.0 / 9);
    assert_int(v, "long_tail.items_for_half_of_the_rows", 2);
    assert_int(v, "long_tail.items_with_one_row", 2);
    assert_int(v, "activity.rows_of_a_user.min", 1);
    assert_int(v, "activity.rows_of_a_user.p25", 1);
    assert_int(v, "activity.rows_of_a_user.median", 2);
    assert_int(v, "activity.rows_of_a_user.p75", 3);
    assert_int(v, "activity.rows_of_a_user.max", 3);
    assert_real(v, "activity.rows_of_a_user.mean", 2.25);
    assert_int(v, "activity.rows_of_an_item.p90", 4);
    rs_val_free(v);
}

static void what_reading_met_is_told(void **state)
{
    (void)state;
    char example[] = "ratings.csv:3: rating 'x' is not a number";
    struct rs_ingest_report r = {.rows = 12,
                                 .bad_rows = 1,
                                 .duplicates = 2,
                                 .null_values = 3,
                                 .null_times = 4,
                                 .n_examples = 1,
                                 .examples = {example}};
    struct rs_val *v = report_of(rows, N_ROWS, true, &r);
    assert_int(v, "rows_read", 12);
    assert_int(v, "bad_rows", 1);
    assert_real(v, "bad_share", 1.0 / 12);
    assert_int(v, "duplicates", 2);
    assert_int(v, "null_values", 3);
    assert_int(v, "null_times", 4);
    assert_string_equal(rs_val_get(v, "bad_examples")->items[0]->s, example);
    assert_true(has_note(v, "1 of 12 rows were refused"));
    assert_true(has_note(v, "2 rows repeated"));
    rs_val_free(v);
}

static void plain_data_is_said_to_be_plain(void **state)
{
    (void)state;
    static const struct ref_row ones[] = {{1, 1, 1.0f, 0}, {1, 2, 1.0f, 0}};
    struct rs_val *v = report_of(ones, 2, false, NULL);
    assert_int_equal(rs_val_get(v, "times")->type, RS_VAL_NULL);
    assert_int(v, "bulk_raters.one_time.users", 0);
    assert_true(has_note(v, "without times only"));
    assert_true(has_note(v, "every value is 1"));
    rs_val_free(v);
    v = report_of(ones, 2, true, NULL); /* times that are all unknown are none */
    assert_int_equal(rs_val_get(v, "times")->type, RS_VAL_NULL);
    rs_val_free(v);
}

static void odd_times_are_named(void **state)
{
    (void)state;
    static const struct ref_row odd[] = {{1, 1, 1.0f, 1537799250000}, {1, 2, 2.0f, INT64_MAX}};
    struct rs_val *v = report_of(odd, 2, true, NULL);
    assert_string_equal(rs_val_at(v, "times.last")->s, "9223372036854775807");
    assert_true(has_note(v, "they are not seconds since 1970"));
    rs_val_free(v);
    static const struct ref_row old[] = {{1, 1, 1.0f, -1}, {1, 2, 2.0f, 1}};
    v = report_of(old, 2, true, NULL);
    assert_string_equal(rs_val_at(v, "times.first")->s, "1969-12-31T23:59:59Z");
    assert_int(v, "bulk_raters.one_day.users", 0); /* midnight lies between */
    rs_val_free(v);
}

static void many_values_go_to_bins(void **state)
{
    (void)state;
    struct ref_row many[200];
    for (int i = 0; i < 200; i++)
        many[i] = (struct ref_row){i / 20, i % 20, (float)i, i + 1};
    struct rs_val *v = report_of(many, 200, true, NULL);
    assert_null(rs_val_at(v, "values.distinct"));
    const struct rs_val *bars = rs_val_at(v, "values.histogram");
    assert_int_equal(bars->n, 20);
    int64_t sum = 0;
    for (size_t i = 0; i < bars->n; i++) {
        int64_t n = rs_val_get_int(bars->items[i], "rows", 0);
        assert_in_range(n, 9, 11);
        sum += n;
    }
    assert_int_equal(sum, 200);
    assert_true(rs_val_get_real(bars->items[0], "from", -1) == 0);
    assert_true(rs_val_get_real(bars->items[19], "to", -1) == 199);
    rs_val_free(v);
}

static void no_rows_no_numbers(void **state)
{
    (void)state;
    struct rs_val *v = report_of(NULL, 0, true, NULL);
    assert_int(v, "rows", 0);
    assert_real(v, "density", 0);
    assert_real(v, "long_tail.top_1_percent_share", 0);
    rs_val_free(v);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static struct ref_row made[900];
        int n = ref_rows_make(seed, made, 900);
        rs_par_set_threads(1);
        struct rs_val *one = report_of(made, n, true, NULL);
        rs_par_set_threads(3);
        struct rs_val *three = report_of(made, n, true, NULL);
        rs_par_set_threads(0);
        assert_true(rs_val_equal(one, three));
        rs_val_free(one);
        rs_val_free(three);
    }
}

static enum rs_code report_again(void *ctx, struct rs_err *err)
{
    struct rs_val *v = NULL;
    enum rs_code rc = rs_quality_report(ctx, NULL, &v, err);
    rs_val_free(v);
    return rc;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct rs_interactions x = ref_interactions(rows, N_ROWS, true);
    assert_survives_oom(report_again, &x);
    ref_interactions_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_by_hand),
        cmocka_unit_test(times_and_bulk_raters_are_those_by_hand),
        cmocka_unit_test(long_tail_and_activity_are_those_by_hand),
        cmocka_unit_test(what_reading_met_is_told),
        cmocka_unit_test(plain_data_is_said_to_be_plain),
        cmocka_unit_test(odd_times_are_named),
        cmocka_unit_test(many_values_go_to_bins),
        cmocka_unit_test(no_rows_no_numbers),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
