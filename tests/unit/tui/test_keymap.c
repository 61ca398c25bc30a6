/* The table of keys: sound as it is, changed by a configuration, printed as hints and help. */
#include <string.h>

#include "rs/base/str.h"
#include "tests/ref/support.h"
#include "tui/glyph.h"
#include "tui/key.h"

static const enum tui_context models[] = {TUI_MODELS, TUI_LIST, TUI_GLOBAL};
static const enum tui_context users[] = {TUI_USERS, TUI_LIST, TUI_GLOBAL};

static void table_is_sound(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_ok(tui_keymap_check(&err), &err);
}

static void inner_places_win(void **state)
{
    (void)state;
    struct tui_keymap *m = tui_keymap_new();
    assert_int_equal(tui_keymap_find(m, models, 3, 'P'), TUI_REQ_PROMOTE);
    assert_int_equal(tui_keymap_find(m, users, 3, 'P'), TUI_REQ_NONE);
    assert_int_equal(tui_keymap_find(m, users, 3, 'j'), TUI_REQ_DOWN);
    assert_int_equal(tui_keymap_find(m, users, 3, 'q'), TUI_REQ_LEAVE);
    assert_int_equal(tui_keymap_find(m, users + 2, 1, 'j'), TUI_REQ_NONE);
    tui_keymap_free(m);
}

static void configuration_moves_keys(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct tui_keymap *m = tui_keymap_new();
    assert_ok(tui_keymap_set(m, "users.turn", "O", &err), &err);
    assert_int_equal(tui_keymap_find(m, users, 3, 'O'), TUI_REQ_TURN);
    assert_ok(tui_keymap_set(m, "list.down", "^N", &err), &err);
    assert_int_equal(tui_keymap_find(m, users, 3, 'j'), TUI_REQ_NONE);
    assert_int_equal(tui_keymap_find(m, users, 3, TUI_KEY_DOWN), TUI_REQ_NONE);
    assert_int_equal(tui_keymap_find(m, users, 3, 14), TUI_REQ_DOWN);
    assert_ok(tui_keymap_set(m, "global.jobs", "none", &err), &err);
    assert_int_equal(tui_keymap_find(m, users, 3, 'J'), TUI_REQ_NONE);
    assert_ok(tui_keymap_set(m, "global.errors", "J", &err), &err);
    assert_int_equal(tui_keymap_find(m, users, 3, 'J'), TUI_REQ_ERRORS);
    /* A new map is the built-in one again. */
    struct tui_keymap *fresh = tui_keymap_new();
    assert_int_equal(tui_keymap_find(fresh, users, 3, 'j'), TUI_REQ_DOWN);
    tui_keymap_free(fresh);
    tui_keymap_free(m);
}

static void bad_changes_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *what, *key, *says;
    } rows[] = {
        {"users", "o", "PLACE.ACTION"},
        {"nowhere.turn", "o", "PLACE.ACTION"},
        {"users.dance", "o", "'dance'"},
        {"users.turn", "oo", "no key 'oo'"},
        {"users.none", "o", "no action"},
        {"global.quit", "e", "is 'errors' there"},
        {"models.promote", "Enter", "too easily"},
        {"models.promote", "y", "too easily"},
    };
    struct tui_keymap *m = tui_keymap_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rs_err err = {0};
        assert_code(tui_keymap_set(m, rows[i].what, rows[i].key, &err), RS_EARG, &err,
                    rows[i].says);
    }
    assert_int_equal(tui_keymap_find(m, models, 3, 'P'), TUI_REQ_PROMOTE);
    assert_int_equal(tui_keymap_find(m, models, 3, 'Q'), TUI_REQ_QUIT);
    tui_keymap_free(m);
}

static void hints_fit_and_keep_order(void **state)
{
    (void)state;
    struct tui_keymap *m = tui_keymap_new();
    for (int width = 0; width <= 160; width++) {
        struct rs_str out;
        rs_str_init(&out, 0);
        tui_keymap_hints(m, models, 3, width, false, &out);
        assert_true(tui_text_width(rs_str_text(&out)) <= width);
        rs_str_clear(&out);
    }
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_keymap_hints(m, models, 3, 160, false, &out);
    const char *open = strstr(rs_str_text(&out), "Enter open");
    const char *promote = strstr(rs_str_text(&out), "P promote");
    const char *help = strstr(rs_str_text(&out), "? help");
    assert_true(open && promote && help && open < promote && promote < help);
    rs_str_reset(&out);
    tui_keymap_hints(m, models, 3, 160, true, &out);
    assert_null(strstr(rs_str_text(&out), "promote"));
    assert_null(strstr(rs_str_text(&out), "archive"));
    assert_non_null(strstr(rs_str_text(&out), "verify"));
    rs_str_clear(&out);
    tui_keymap_free(m);
}

struct seen {
    int n, promotes, turns;
};

static void count_binding(const char *context, const char *key, enum tui_request request,
                          const char *help, void *arg)
{
    struct seen *s = arg;
    s->n++;
    s->promotes += request == TUI_REQ_PROMOTE;
    s->turns += request == TUI_REQ_TURN;
    assert_true(context[0] && key[0] && help[0]);
}

static void each_binding_is_shown_once(void **state)
{
    (void)state;
    struct tui_keymap *m = tui_keymap_new();
    struct seen s = {0};
    tui_keymap_each(m, models, 3, count_binding, &s);
    assert_int_equal(s.promotes, 1);
    assert_int_equal(s.turns, 1); /* the global one is hidden by the screen's own */
    assert_true(s.n > 40);
    tui_keymap_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),           cmocka_unit_test(inner_places_win),
        cmocka_unit_test(configuration_moves_keys), cmocka_unit_test(bad_changes_change_nothing),
        cmocka_unit_test(hints_fit_and_keep_order), cmocka_unit_test(each_binding_is_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
