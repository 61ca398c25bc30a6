/* The tree: order, ownership, lookup, equality. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rs/base/val.h"

static void scalars_hold_their_value(void **state)
{
    (void)state;
    struct rs_val *list = rs_val_list();
    assert_int_equal(rs_val_push(list, rs_val_null())->type, RS_VAL_NULL);
    assert_true(rs_val_push(list, rs_val_bool(true))->b);
    assert_true(rs_val_push(list, rs_val_int(INT64_MIN))->i == INT64_MIN);
    assert_true(rs_val_push(list, rs_val_real(0.1))->r == 0.1);
    assert_string_equal(rs_val_push(list, rs_val_str("x"))->s, "x");
    assert_int_equal(rs_val_push(list, rs_val_real(NAN))->type, RS_VAL_NULL);
    assert_int_equal(rs_val_push(list, rs_val_real(-INFINITY))->type, RS_VAL_NULL);
    assert_int_equal(rs_val_push(list, rs_val_str(NULL))->type, RS_VAL_NULL);
    assert_int_equal(list->n, 8);
    rs_val_free(list);
    rs_val_free(NULL);
}

static void maps_keep_order_and_replace_in_place(void **state)
{
    (void)state;
    struct rs_val *map = rs_val_map();
    static const char *const keys[] = {"z", "a", "m", "b", "y", "c", "x"};
    for (int i = 0; i < 7; i++)
        rs_val_set_int(map, keys[i], i);
    rs_val_set_str(map, "m", "two");
    assert_int_equal(map->n, 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(map->keys[i], keys[i]);
    assert_string_equal(rs_val_get_str(map, "m", "none"), "two");
    assert_true(rs_val_remove(map, "a"));
    assert_false(rs_val_remove(map, "a"));
    assert_int_equal(map->n, 6);
    assert_string_equal(map->keys[1], "m");
    assert_int_equal(rs_val_get_int(map, "b", -1), 3);
    assert_int_equal(rs_val_get_int(map, "x", -1), 6);
    struct rs_val *same = rs_val_get(map, "x");
    assert_ptr_equal(rs_val_set(map, "x", same), same); /* setting what is there frees nothing */
    assert_int_equal(rs_val_get_int(map, "x", -1), 6);
    rs_val_free(map);
}

static void getters_fall_back_on_absence_and_wrong_type(void **state)
{
    (void)state;
    struct rs_val *map = rs_val_map();
    rs_val_set_int(map, "i", 3);
    rs_val_set_real(map, "r", 2.5);
    rs_val_set_bool(map, "b", true);
    rs_val_set_str(map, "s", "text");
    assert_true(rs_val_get_real(map, "i", 0) == 3.0); /* an integer is a number */
    assert_true(rs_val_get_real(map, "r", 0) == 2.5);
    assert_true(rs_val_get_real(map, "s", -1) == -1);
    assert_int_equal(rs_val_get_int(map, "r", 9), 9);
    assert_true(rs_val_get_bool(map, "b", false));
    assert_false(rs_val_get_bool(map, "i", false));
    assert_string_equal(rs_val_get_str(map, "i", "dflt"), "dflt");
    assert_null(rs_val_get_str(map, "none", NULL));
    assert_null(rs_val_get(NULL, "x"));
    assert_null(rs_val_get(rs_val_get(map, "i"), "x"));
    rs_val_free(map);
}

static void paths_lead_through_maps(void **state)
{
    (void)state;
    struct rs_val *map = rs_val_map();
    struct rs_val *model = rs_val_set(map, "model", rs_val_map());
    struct rs_val *als = rs_val_set(model, "als", rs_val_map());
    rs_val_set_int(als, "factors", 64);
    rs_val_set_int(als, "fac", 1);
    assert_int_equal(rs_val_at(map, "model.als.factors")->i, 64);
    assert_int_equal(rs_val_at(map, "model.als.fac")->i, 1);
    assert_ptr_equal(rs_val_at(map, "model"), model);
    assert_null(rs_val_at(map, "model.als.factor"));
    assert_null(rs_val_at(map, "model.als.factors.more"));
    assert_null(rs_val_at(map, "model..als"));
    assert_null(rs_val_at(map, ""));
    assert_null(rs_val_at(map, "model."));
    rs_val_free(map);
}

static struct rs_val *sample(bool reversed)
{
    struct rs_val *map = rs_val_map();
    for (int i = 0; i < 3; i++) {
        int k = reversed ? 2 - i : i;
        const char *keys[] = {"one", "two", "three"};
        if (k == 0) rs_val_set_real(map, keys[k], 1.5);
        if (k == 1) rs_val_push(rs_val_set(map, keys[k], rs_val_list()), rs_val_str("x"));
        if (k == 2) rs_val_set_bool(map, keys[k], false);
    }
    return map;
}

static void equality_ignores_order_of_keys_only(void **state)
{
    (void)state;
    struct rs_val *a = sample(false);
    struct rs_val *b = sample(true);
    struct rs_val *c = rs_val_copy(a);
    assert_true(rs_val_equal(a, b));
    assert_true(rs_val_equal(a, c));
    assert_string_equal(c->keys[2], "three");
    rs_val_push(rs_val_get(c, "two"), rs_val_null());
    assert_false(rs_val_equal(a, c));
    assert_int_equal(rs_val_get(a, "two")->n, 1); /* a copy is deep */
    rs_val_remove(b, "one");
    assert_false(rs_val_equal(a, b));
    rs_val_set_real(b, "uno", 1.5);
    assert_false(rs_val_equal(a, b));
    assert_false(rs_val_equal(a, NULL));
    assert_true(rs_val_equal(NULL, NULL));
    struct rs_val *i = rs_val_int(3);
    struct rs_val *r = rs_val_real(3);
    assert_false(rs_val_equal(i, r)); /* the type is part of the value */
    rs_val_free(i);
    rs_val_free(r);
    rs_val_free(a);
    rs_val_free(b);
    rs_val_free(c);
    assert_null(rs_val_copy(NULL));
}

static void types_have_names_for_people(void **state)
{
    (void)state;
    static const char *const want[] = {"null", "boolean", "integer", "number",
                                       "text", "list",    "map"};
    for (int t = RS_VAL_NULL; t <= RS_VAL_MAP; t++)
        assert_string_equal(rs_val_type_name((enum rs_val_type)t), want[t]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_hold_their_value),
        cmocka_unit_test(maps_keep_order_and_replace_in_place),
        cmocka_unit_test(getters_fall_back_on_absence_and_wrong_type),
        cmocka_unit_test(paths_lead_through_maps),
        cmocka_unit_test(equality_ignores_order_of_keys_only),
        cmocka_unit_test(types_have_names_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
