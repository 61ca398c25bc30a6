/* Metrics on lists worked by hand, labels, and the order of columns. */
#include "ref/support.h"

#include <math.h>
#include <string.h>

#include "rs/eval/metrics.h"

#define TOL 1e-15 /* a few operations in double, values up to 1 */

enum { PER_K = 6 };

/*
 * list 10 3 7 1 5, relevant 3 5 9: hits at ranks 2 and 5.
 * k = 3: 1 hit; dcg 1/log2(3) = 0.63092975357; ideal of 3 = 1 + 0.63092975357 + 1/2 = 2.13092975357;
 *        precisions 1/2; a list of 3 could hold 3.
 * k = 5: 2 hits; dcg + 1/log2(6) = 0.63092975357 + 0.38685280723 = 1.01778256080; ideal as above;
 *        precisions 1/2 + 2/5 = 0.9.
 * First hit at 2.
 */
static void two_hits_of_three(void **state)
{
    (void)state;
    const int32_t list[] = {10, 3, 7, 1, 5};
    const int32_t relevant[] = {3, 5, 9};
    const int32_t ks[] = {3, 5};
    double dcg_3 = 1.0 / log2(3.0);
    double dcg_5 = dcg_3 + 1.0 / log2(6.0);
    double ideal = 1.0 + 1.0 / log2(3.0) + 0.5;
    const double want[] = {
        1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0, dcg_3 / ideal, 0.5 / 3, /* k = 3 */
        2.0 / 5, 2.0 / 3, 2.0 / 3, 1.0, dcg_5 / ideal, 0.9 / 3, /* k = 5 */
        0.5,
    };
    double got[13];
    assert_int_equal(rs_metrics_list(list, 5, relevant, 3, ks, 2, got), 13);
    assert_close(got, want, 13, TOL, 0);
    const double ndcg[] = {0.29608191097, 0.47762370350}; /* by hand, to 11 digits */
    assert_close(&got[4], &ndcg[0], 1, 1e-10, 0);
    assert_close(&got[PER_K + 4], &ndcg[1], 1, 1e-10, 0);
}

/* A perfect list of 2 with one relevant item beyond it: everything that a list of 2 can reach. */
static void perfect_and_short_of_relevant(void **state)
{
    (void)state;
    const int32_t list[] = {4, 2};
    const int32_t relevant[] = {2, 4, 8};
    const int32_t ks[] = {1, 2};
    const double want[] = {
        1.0, 1.0 / 3, 1.0, 1.0, 1.0, 1.0, /* k = 1: one hit of the one it holds */
        1.0, 2.0 / 3, 1.0, 1.0, 1.0, 1.0, /* k = 2 */
        1.0,
    };
    double got[13];
    (void)rs_metrics_list(list, 2, relevant, 3, ks, 2, got);
    assert_close(got, want, 13, TOL, 0);
}

/* More room than relevant items: one relevant item at rank 3 of a list of 3, k = 10. Precision is
 * over k; ndcg is 1/log2(4) = 1/2 over an ideal of 1; map is 1/3. */
static void list_shorter_than_k(void **state)
{
    (void)state;
    const int32_t list[] = {0, 1, 2};
    const int32_t relevant[] = {2};
    const int32_t ks[] = {2, 10};
    const double want[] = {
        0.0,     0.0, 0.0, 0.0, 0.0, 0.0,     /* k = 2: before the hit */
        0.1,     1.0, 1.0, 1.0, 0.5, 1.0 / 3, /* k = 10 */
        1.0 / 3,
    };
    double got[13];
    (void)rs_metrics_list(list, 3, relevant, 1, ks, 2, got);
    assert_close(got, want, 13, TOL, 0);
}

static void nothing_found_and_empty_list(void **state)
{
    (void)state;
    const int32_t list[] = {1, 3, 5};
    const int32_t relevant[] = {0, 2, 6};
    const int32_t ks[] = {3};
    const double want[7] = {0};
    double got[7];
    (void)rs_metrics_list(list, 3, relevant, 3, ks, 1, got);
    assert_close(got, want, 7, 0.0, 0);
    memset(got, 0xff, sizeof(got));
    assert_int_equal(rs_metrics_list(NULL, 0, relevant, 3, ks, 1, got), 7);
    assert_close(got, want, 7, 0.0, 0);
}

/* -1 fills the end of a short list and is never a hit. */
static void filler_is_no_hit(void **state)
{
    (void)state;
    const int32_t list[] = {7, -1, -1};
    const int32_t relevant[] = {0, 7};
    const int32_t ks[] = {3};
    const double want[] = {1.0 / 3, 0.5, 0.5, 1.0, 1.0 / (1.0 + 1.0 / log2(3.0)), 0.5, 1.0};
    double got[7];
    (void)rs_metrics_list(list, 3, relevant, 2, ks, 1, got);
    assert_close(got, want, 7, TOL, 0);
}

/* mrr looks at the whole list, also beyond the ks and without any. */
static void mrr_without_ks(void **state)
{
    (void)state;
    const int32_t list[] = {9, 8, 7, 6};
    const int32_t relevant[] = {6};
    double got[7];
    assert_int_equal(rs_metrics_list(list, 4, relevant, 1, NULL, 0, got), 1);
    assert_true(got[0] == 0.25);
    const int32_t ks[] = {2};
    assert_int_equal(rs_metrics_list(list, 4, relevant, 1, ks, 1, got), 7);
    assert_true(got[6] == 0.25);
    assert_true(got[0] == 0.0);
}

static void labels_in_column_order(void **state)
{
    (void)state;
    const int32_t ks[] = {5, 100};
    const char *const want[] = {
        "precision_at_5",
        "recall_at_5",
        "recall_capped_at_5",
        "hit_rate_at_5",
        "ndcg_at_5",
        "map_at_5",
        "precision_at_100",
        "recall_at_100",
        "recall_capped_at_100",
        "hit_rate_at_100",
        "ndcg_at_100",
        "map_at_100",
        "mrr",
    };
    assert_int_equal(rs_metrics_per_list(2), 13);
    for (int c = 0; c < 13; c++) {
        char label[64];
        rs_metrics_column(ks, 2, c, label, sizeof(label));
        assert_string_equal(label, want[c]);
    }
}

static void every_metric_has_name_and_help(void **state)
{
    (void)state;
    for (int m = 0; m < (int)RS_METRIC_COUNT; m++) {
        assert_true(strlen(rs_metric_name((enum rs_metric)m)) > 0);
        assert_true(strlen(rs_metric_help((enum rs_metric)m)) > 0);
    }
    char label[64];
    rs_metric_label(RS_NDCG, 10, label, sizeof(label));
    assert_string_equal(label, "ndcg_at_10");
    rs_metric_label(RS_MRR, 10, label, sizeof(label));
    assert_string_equal(label, "mrr");
    rs_metric_label(RS_NDCG, 10, label, 5); /* cut to the buffer */
    assert_string_equal(label, "ndcg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hits_of_three),      cmocka_unit_test(perfect_and_short_of_relevant),
        cmocka_unit_test(list_shorter_than_k),    cmocka_unit_test(nothing_found_and_empty_list),
        cmocka_unit_test(filler_is_no_hit),       cmocka_unit_test(mrr_without_ks),
        cmocka_unit_test(labels_in_column_order), cmocka_unit_test(every_metric_has_name_and_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
