/* Names of keys and requests: both ways, and what is none. */
#include "tui/key.h"

#include <string.h>

#include "tests/ref/support.h"

static void names_go_both_ways(void **state)
{
    (void)state;
    static const uint32_t codes[] = {'j',
                                     ' ',
                                     '~',
                                     1,
                                     26,
                                     0xe9,
                                     0x4e2d,
                                     0x1f3ac,
                                     TUI_KEY_ENTER,
                                     TUI_KEY_ESC,
                                     TUI_KEY_F5,
                                     TUI_KEY_BACKTAB,
                                     TUI_KEY_PAGE_UP,
                                     TUI_KEY_PASTE};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char buf[16];
        uint32_t code = 0;
        const char *name = tui_key_text(codes[i], buf);
        assert_true(tui_key_parse(name, &code));
        assert_int_equal(code, codes[i]);
    }
}

static void names_are_the_manuals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t code;
    } rows[] = {
        {"Enter", TUI_KEY_ENTER}, {"S-Tab", TUI_KEY_BACKTAB},  {"^R", 18},        {"^Z", 26},
        {"Space", ' '},           {"PgDn", TUI_KEY_PAGE_DOWN}, {"\xc3\xa9", 0xe9}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[16];
        uint32_t code = 0;
        assert_true(tui_key_parse(rows[i].name, &code));
        assert_int_equal(code, rows[i].code);
        assert_string_equal(tui_key_text(code, buf), rows[i].name);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "enter", "jj", "^", "^r", "^RR", "\xff", "\x01", "\x7f", "F99", "\xc3\xa9\xc3\xa9"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint32_t code = 77;
        bool is = tui_key_parse(texts[i], &code);
        /* "^" is the character itself. */
        assert_int_equal(is, strcmp(texts[i], "^") == 0);
        if (!is) assert_int_equal(code, 77);
    }
}

static void requests_have_names(void **state)
{
    (void)state;
    enum tui_request r;
    assert_true(tui_request_parse("promote", &r));
    assert_int_equal(r, TUI_REQ_PROMOTE);
    assert_true(tui_request_flags(r) & TUI_PRODUCTION);
    assert_true(tui_request_flags(TUI_REQ_ROLL_BACK) & TUI_PRODUCTION);
    assert_true(tui_request_flags(TUI_REQ_DOWN) & TUI_REPEATS);
    assert_false(tui_request_parse("Promote", &r));
    assert_string_equal(tui_request_name(TUI_REQ_SCREEN_2), "users");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(names_are_the_manuals),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(requests_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
