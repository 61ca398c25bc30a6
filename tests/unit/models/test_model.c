/* The input rule: how values become weights, for matrices and for profiles alike. */
#include <stdlib.h>

#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/models/model.h"

/* Users: 5 3 1 | (none) | 2 2 | 4; items 0..3. */
static const int64_t indptr[] = {0, 3, 3, 5, 6};
static const int32_t indices[] = {0, 1, 3, 1, 2, 0};
static const float values[] = {5, 3, 1, 2, 2, 4};
static const struct rs_csr ui = {
    .n_rows = 4, .n_cols = 4, .nnz = 6, .indptr = indptr, .indices = indices, .values = values};

static void check(enum rs_input input, const int64_t *want_ptr, const int32_t *want_items,
                  const double *want_weights)
{
    struct rs_err err = {0};
    struct rs_input_rule rule = rs_input_rule_make(input, &ui, 3.0);
    struct rs_csr m = {0};
    assert_ok(rs_input_apply(&rule, &ui, &m, &err), &err);
    assert_int_equal(m.n_rows, 4);
    assert_int_equal(m.n_cols, 4);
    assert_int_equal(m.nnz, want_ptr[4]);
    assert_true(!m.values == (input <= RS_INPUT_POSITIVES)); /* ones take no memory */
    for (int u = 0; u <= 4; u++) {
        assert_int_equal(m.indptr[u], want_ptr[u]);
    }
    for (int64_t i = 0; i < m.nnz; i++) {
        assert_int_equal(m.indices[i], want_items[i]);
        float weight = m.values ? m.values[i] : 1.0f;
        assert_close(&weight, &want_weights[i], 1, 1e-6, 0); /* one rounding to float */
    }
    for (int32_t u = 0; u < 4; u++) { /* a profile gives what its row gives */
        int32_t items[4];
        float weights[4];
        const struct rs_profile p = {.user = -1,
                                     .items = indices + indptr[u],
                                     .values = values + indptr[u],
                                     .n = (int32_t)(indptr[u + 1] - indptr[u])};
        int32_t n = rs_input_profile(&rule, &p, items, weights);
        assert_int_equal(n, want_ptr[u + 1] - want_ptr[u]);
        for (int32_t i = 0; i < n; i++) {
            assert_int_equal(items[i], want_items[want_ptr[u] + i]);
            float of_row = m.values ? m.values[want_ptr[u] + i] : 1.0f;
            assert_true(weights[i] == of_row);
        }
    }
    rs_csr_clear(&m);
}

static void weights_by_hand(void **state)
{
    (void)state;
    check(RS_INPUT_BINARY, indptr, indices, (double[]){1, 1, 1, 1, 1, 1});
    check(RS_INPUT_POSITIVES, (int64_t[]){0, 2, 2, 2, 3}, (int32_t[]){0, 1, 0},
          (double[]){1, 1, 1});
    check(RS_INPUT_VALUES, indptr, indices, (double[]){5, 3, 1, 2, 2, 4});
    /* the first user's mean is 3; the others' rows are all equal, so the mean of all, 17/6 */
    const double mean = 17.0 / 6;
    check(RS_INPUT_SIGNED, (int64_t[]){0, 2, 2, 4, 5}, (int32_t[]){0, 3, 1, 2, 0},
          (double[]){2, -2, 2 - mean, 2 - mean, 4 - mean});
}

/* What takes no memory: a matrix all of whose entries stay as they are. */
static void entries_that_all_stay_are_borrowed(void **state)
{
    (void)state;
    static const struct {
        enum rs_input input;
        double threshold;
        bool borrowed;
    } cases[] = {{RS_INPUT_BINARY, 9, true},
                 {RS_INPUT_POSITIVES, 1, true},
                 {RS_INPUT_POSITIVES, 2, false},
                 {RS_INPUT_VALUES, 9, true},
                 {RS_INPUT_SIGNED, 1, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rs_err err = {0};
        struct rs_csr m = {0};
        struct rs_input_rule rule = rs_input_rule_make(cases[i].input, &ui, cases[i].threshold);
        assert_ok(rs_input_apply(&rule, &ui, &m, &err), &err);
        assert_true((m.indices == indices) == cases[i].borrowed);
        assert_true(!m.owned == cases[i].borrowed);
        if (cases[i].input == RS_INPUT_VALUES) assert_ptr_equal(m.values, values);
        rs_csr_clear(&m);
    }
}

static void without_values_every_row_is_one(void **state)
{
    (void)state;
    struct rs_csr plain = ui;
    plain.values = NULL;
    for (int input = 0; input < RS_INPUT_COUNT; input++) {
        struct rs_err err = {0};
        struct rs_csr m = {0};
        struct rs_input_rule rule = rs_input_rule_make((enum rs_input)input, &plain, 3.0);
        assert_ok(rs_input_apply(&rule, &plain, &m, &err), &err);
        assert_int_equal(m.nnz, 6);
        assert_null(m.values);
        rs_csr_clear(&m);
        const struct rs_profile p = {.user = -1, .items = indices, .n = 3};
        int32_t items[3];
        float weights[3];
        assert_int_equal(rs_input_profile(&rule, &p, items, weights), 3);
        for (int i = 0; i < 3; i++) {
            assert_true(weights[i] == 1.0f);
        }
    }
}

static enum rs_code apply(void *ctx, struct rs_err *err)
{
    (void)ctx;
    struct rs_csr m = {0};
    struct rs_input_rule rule = {.input = RS_INPUT_SIGNED};
    enum rs_code rc = rs_input_apply(&rule, &ui, &m, err);
    rs_csr_clear(&m);
    return rc;
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    assert_survives_oom(apply, NULL);
}

static void the_refusal_names_need_limit_and_remedy(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_problem p;
    ref_problem_sized(&p, 1, 50, 60, 0.3);
    struct rs_model *m = ref_model_new("als", "factors=512");
    struct rs_fit_data d = ref_problem_data(&p);
    assert_code(rs_model_fit(m, &d, 1500000, NULL, &err), RS_ENOMEM, &err,
                "1.5 MB is available: lower model.factors (now 512)");
    rs_model_free(m);
    ref_problem_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_by_hand),
        cmocka_unit_test(entries_that_all_stay_are_borrowed),
        cmocka_unit_test(without_values_every_row_is_one),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(the_refusal_names_need_limit_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
