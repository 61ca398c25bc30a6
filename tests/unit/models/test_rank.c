/* Lists: worked by hand, limits, cancel, errors and failing memory. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/models/rank.h"

static void best_first_ties_by_smaller_index(void **state)
{
    (void)state;
    const float scores[] = {1, 3, 2, 3, -1, 2, 0};
    struct rs_ranked out[10];
    assert_int_equal(rs_topk(scores, 7, NULL, 0, NULL, 4, out), 4);
    const int32_t want[] = {1, 3, 2, 5};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(out[i].item, want[i]);
        assert_true(out[i].score == scores[want[i]]);
    }
    assert_int_equal(rs_topk(scores, 7, NULL, 0, NULL, 10, out), 7); /* fewer items than k */
    assert_int_equal(out[6].item, 4);
    assert_int_equal(rs_topk(scores, 0, NULL, 0, NULL, 10, out), 0);
}

static void left_out_items_take_no_place(void **state)
{
    (void)state;
    const float scores[] = {1, 3, 2, 3, -1, 2, 0};
    const int32_t exclude[] = {1, 2, 6};
    const uint64_t allowed[] = {1u << 0 | 1u << 1 | 1u << 5 | 1u << 4};
    struct rs_ranked out[10];
    assert_int_equal(rs_topk(scores, 7, exclude, 3, NULL, 3, out), 3);
    assert_int_equal(out[0].item, 3);
    assert_int_equal(out[1].item, 5);
    assert_int_equal(out[2].item, 0);
    assert_int_equal(rs_topk(scores, 7, exclude, 3, allowed, 10, out), 3);
    assert_int_equal(out[0].item, 5);
    assert_int_equal(out[1].item, 0);
    assert_int_equal(out[2].item, 4);
    const int32_t all[] = {0, 1, 2, 3, 4, 5, 6};
    assert_int_equal(rs_topk(scores, 7, all, 7, NULL, 3, out), 0);
}

static void refused_k(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 1, 5, 8, 0.5);
    struct rs_model *m = ref_problem_fit(&p, "popularity", "");
    struct rs_profile who = ref_problem_profile(&p, 0);
    struct rs_ranked out[1];
    int32_t n_out;
    struct rs_rank_opts opts = {.k = 0};
    assert_code(rs_rank(m, &who, 1, NULL, &opts, NULL, out, &n_out, &err), RS_EARG, &err, "1000");
    opts.k = RS_MAX_K + 1;
    assert_code(rs_rank(m, &who, 1, NULL, &opts, NULL, out, &n_out, &err), RS_EARG, &err, "1001");
    bool known;
    assert_code(rs_rank_one(m, &who, NULL, 0, NULL, 0, NULL, out, &n_out, &known, &err), RS_EARG,
                &err, "1000");
    assert_code(rs_rank_one(m, &who, NULL, 0, NULL, 1001, NULL, out, &n_out, &known, &err), RS_EARG,
                &err, "1001");
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void rows_name_what_is_left_out(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 2, 6, 20, 0.4);
    struct rs_model *m = ref_problem_fit(&p, "popularity", "");
    struct rs_profile who[2] = {ref_problem_profile(&p, 0), {.user = -1}};
    const int32_t rows[2] = {-1, 0}; /* nothing for the first, row 0 for the second */
    struct rs_ranked out[2 * 20];
    int32_t n_out[2];
    struct rs_rank_opts opts = {.k = 20, .exclude = &p.ui};
    assert_ok(rs_rank(m, who, 2, rows, &opts, NULL, out, n_out, &err), &err);
    assert_int_equal(n_out[0], 20);
    assert_int_equal(n_out[1], 20 - rs_csr_len(&p.ui, 0));
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void strangers_get_an_empty_list_from_a_personal_model(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 3, 12, 30, 0.3);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=4");
    struct rs_profile who[2] = {{.user = -1}, ref_problem_profile(&p, 0)};
    who[1].user = -1;
    struct rs_ranked out[2 * 5];
    int32_t n_out[2] = {9, 9};
    struct rs_rank_opts opts = {.k = 5};
    assert_ok(rs_rank(m, who, 2, NULL, &opts, NULL, out, n_out, &err), &err);
    assert_int_equal(n_out[0], 0);
    assert_int_equal(n_out[1], 5);
    rs_model_free(m);
    ref_problem_clear(&p);
}

static void cancel_and_errors_come_back(void **state)
{
    (void)state;
    struct ref_problem p;
    struct rs_err err = {0};
    ref_problem_sized(&p, 4, 200, 30, 0.3);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=4");
    struct rs_profile *who = rs_xalloc(200, sizeof(*who));
    struct rs_ranked *out = rs_xalloc(200 * 3, sizeof(*out));
    int32_t n_out[200];
    for (int32_t u = 0; u < 200; u++) {
        who[u] = ref_problem_profile(&p, u);
    }
    struct rs_rank_opts opts = {.k = 3};
    struct rs_task task = {.cancel = true};
    assert_code(rs_rank(m, who, 200, NULL, &opts, &task, out, n_out, &err), RS_ECANCEL, &err,
                "stopped");
    who[190].user = 4711; /* the first bad block is the one told, whichever thread met it */
    who[100].user = 4710;
    for (int threads = 1; threads <= 4; threads++) {
        rs_par_set_threads(threads);
        assert_code(rs_rank(m, who, 200, NULL, &opts, NULL, out, n_out, &err), RS_EARG, &err,
                    "user 4710");
    }
    rs_par_set_threads(0);
    free(who);
    free(out);
    rs_model_free(m);
    ref_problem_clear(&p);
}

struct oom {
    const struct rs_model *m;
    struct rs_profile who;
};

static enum rs_code rank_once(void *ctx, struct rs_err *err)
{
    struct oom *o = ctx;
    struct rs_ranked out[5];
    int32_t n_out;
    struct rs_rank_opts opts = {.k = 5};
    return rs_rank(o->m, &o->who, 1, NULL, &opts, NULL, out, &n_out, err);
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    struct ref_problem p;
    ref_problem_sized(&p, 5, 12, 30, 0.3);
    struct rs_model *m = ref_problem_fit(&p, "als", "factors=4");
    struct oom o = {.m = m, .who = ref_problem_profile(&p, 0)};
    assert_survives_oom(rank_once, &o);
    rs_model_free(m);
    ref_problem_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_first_ties_by_smaller_index),
        cmocka_unit_test(left_out_items_take_no_place),
        cmocka_unit_test(refused_k),
        cmocka_unit_test(rows_name_what_is_left_out),
        cmocka_unit_test(strangers_get_an_empty_list_from_a_personal_model),
        cmocka_unit_test(cancel_and_errors_come_back),
        cmocka_unit_test(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
