/* table: the rows are sound, and words find theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/commands/command.h"
#include "rs/commands/ctx.h"
#include "rs/models/model.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__})

static const char *found(const char *const *words, size_t n, size_t want_used)
{
    size_t used = 99;
    const struct rs_cmd *c = rs_command_find(words, n, &used);
    assert_int_equal(used, want_used);
    return c ? c->name : NULL;
}

static void the_table_is_sound(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_ok(rs_command_check(&err), &err);
    for (const struct rs_conf_group *g = rs_conf_groups; g->name; g++) {
        assert_ok(rs_param_table_check(g->table, &err), &err);
    }
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        assert_ok(rs_param_table_check((*m)->params, &err), &err);
    }
}

static void the_longest_name_wins(void **state)
{
    (void)state;
    assert_string_equal(found(WORDS("run", "list", "x"), 3, 2), "run list");
    assert_string_equal(found(WORDS("train"), 1, 1), "train");
    assert_string_equal(found(WORDS("train", "list"), 2, 1), "train");
    assert_null(found(WORDS("run"), 1, 0));
    assert_null(found(WORDS("run", "lis"), 2, 0));
    assert_null(found(WORDS("Train"), 1, 0));
    assert_null(found(NULL, 0, 0));
}

static void near_names_are_offered(void **state)
{
    (void)state;
    assert_string_equal(rs_command_nearest(WORDS("trian"), 1), "train");
    assert_string_equal(rs_command_nearest(WORDS("run", "lsit"), 2), "run list");
    assert_string_equal(rs_command_nearest(WORDS("recomend", "--user"), 2), "recommend");
    assert_null(rs_command_nearest(WORDS("xyzzy"), 1));
    assert_null(rs_command_nearest(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(the_longest_name_wins),
        cmocka_unit_test(near_names_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
