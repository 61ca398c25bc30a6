/* Popularity worked by hand, with and without genres. */
#include <stdlib.h>

#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/models/model.h"

/* Users: 5 3 - | 4 - 1 | 3 - -; a day apart, newest last. Items 0, 1, 2. */
static const int64_t day = 86400;
static const int64_t ui_ptr[] = {0, 2, 4, 5};
static const int32_t ui_items[] = {0, 1, 0, 2, 0};
static const float ui_values[] = {5, 3, 4, 1, 3};
static const int64_t ui_times[] = {0, 10 * 86400, 10 * 86400, 20 * 86400, 20 * 86400};
static const int64_t iu_ptr[] = {0, 3, 4, 5};
static const int32_t iu_users[] = {0, 1, 2, 0, 1};
static const float iu_values[] = {5, 4, 3, 3, 1};
static const int64_t iu_times[] = {0, 10 * 86400, 20 * 86400, 10 * 86400, 20 * 86400};
static const uint64_t genres[] = {1u << 2 | 1u << 5, 1u << 5, 0};

static const struct rs_csr ui = {.n_rows = 3,
                                 .n_cols = 3,
                                 .nnz = 5,
                                 .indptr = ui_ptr,
                                 .indices = ui_items,
                                 .values = ui_values,
                                 .times = ui_times};
static const struct rs_csr iu = {.n_rows = 3,
                                 .n_cols = 3,
                                 .nnz = 5,
                                 .indptr = iu_ptr,
                                 .indices = iu_users,
                                 .values = iu_values,
                                 .times = iu_times};

static void check(const char *params, const struct rs_profile *who, const double want[3])
{
    struct rs_err err = {0};
    struct rs_model *m = ref_model_new("popularity", params);
    struct rs_fit_data d = {.ui = &ui, .iu = &iu, .genres = genres};
    float scores[3];
    bool known = false;
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    assert_ok(m->ops->score(m, who, 1, scores, &known, NULL, &err), &err);
    assert_true(known);
    assert_close(scores, want, 3, 1e-6, 0); /* one rounding to float */
    rs_model_free(m);
}

static void scores_by_hand(void **state)
{
    (void)state;
    assert_int_equal(ui_times[1] / day, 10);
    const struct rs_profile stranger = {.user = -1};
    check("score=count", &stranger, (double[]){3, 1, 1});
    check("score=sum", &stranger, (double[]){12, 3, 1});
    check("", &stranger, (double[]){12, 3, 1});
    check("score=decayed half_life_days=10", &stranger, (double[]){1 + 0.5 + 0.25, 0.5, 1});
}

static void genres_by_hand(void **state)
{
    (void)state;
    /* items 1 and 2: half of them have genre 5, none genre 2 */
    const struct rs_profile who = {.user = -1, .items = (int32_t[]){1, 2}, .n = 2};
    check("score=sum genre_blend=1", &who, (double[]){0.25, 0.5, 0});
    check("score=sum genre_blend=0.5", &who,
          (double[]){0.5 + 0.125, 0.5 * 3 / 12 + 0.25, 0.5 * 1 / 12});
    const struct rs_profile stranger = {.user = -1};
    check("score=sum genre_blend=0.5", &stranger, (double[]){0.5, 0.5 * 3 / 12, 0.5 * 1 / 12});
}

static void a_blend_needs_genres(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_model *m = ref_model_new("popularity", "genre_blend=0.1");
    struct rs_fit_data d = {.ui = &ui, .iu = &iu};
    assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_EARG, &err, "needs genres");
    rs_model_free(m);
}

static void decay_needs_times(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_csr timeless_ui = ui;
    struct rs_csr timeless_iu = iu;
    timeless_ui.times = NULL;
    timeless_iu.times = NULL;
    struct rs_model *m = ref_model_new("popularity", "score=decayed");
    struct rs_fit_data d = {.ui = &timeless_ui, .iu = &timeless_iu};
    assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_EARG, &err, "time");
    rs_model_free(m);
}

static void sums_beyond_float_are_a_numerical_failure(void **state)
{
    (void)state;
    struct rs_err err = {0};
    static const float huge[] = {3e38f, 3e38f, 3e38f, 1, 1};
    struct rs_csr huge_iu = iu;
    huge_iu.values = huge;
    struct rs_fit_data d = {.ui = &ui, .iu = &huge_iu, .genres = genres};
    struct rs_model *m = ref_model_new("popularity", "score=sum");
    assert_code(rs_model_fit(m, &d, 0, NULL, &err), RS_ENUMERIC, &err,
                "popularity of item 0 is 9e+38");
    assert_int_equal(m->n_items, 0);
    rs_model_free(m);
    m = ref_model_new("popularity", "score=sum genre_blend=0.5"); /* shares of the largest */
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    rs_model_free(m);
}

static void a_profile_item_must_exist(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_model *m = ref_model_new("popularity", "genre_blend=0.1");
    struct rs_fit_data d = {.ui = &ui, .iu = &iu, .genres = genres};
    assert_ok(rs_model_fit(m, &d, 0, NULL, &err), &err);
    const struct rs_profile who = {.user = -1, .items = (int32_t[]){3}, .n = 1};
    float scores[3];
    bool known;
    assert_code(m->ops->score(m, &who, 1, scores, &known, NULL, &err), RS_EARG, &err, "0 to 2");
    rs_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_by_hand),
        cmocka_unit_test(genres_by_hand),
        cmocka_unit_test(a_blend_needs_genres),
        cmocka_unit_test(decay_needs_times),
        cmocka_unit_test(sums_beyond_float_are_a_numerical_failure),
        cmocka_unit_test(a_profile_item_must_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
