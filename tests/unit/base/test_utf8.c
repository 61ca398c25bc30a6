/* Characters of text: what kind, how wide, and what stands in for them in ASCII. */
#include <string.h>

#include "ref/support.h"
#include "rs/base/utf8.h"

static void assert_char(const char *s, uint32_t code, int bytes, int width, enum rs_char_kind kind)
{
    struct rs_char c = rs_char_at(s, strlen(s));
    assert_int_equal(c.code, code);
    assert_int_equal(c.bytes, bytes);
    assert_int_equal(c.width, width);
    assert_int_equal(c.kind, kind);
}

static void kinds_and_widths(void **state)
{
    (void)state;
    assert_char("ab", 'a', 1, 1, RS_CHAR_SHOWN);
    assert_char("é", 0xe9, 2, 1, RS_CHAR_SHOWN);
    assert_char("千", 0x5343, 3, 2, RS_CHAR_SHOWN);
    assert_char("😀", 0x1f600, 4, 2, RS_CHAR_SHOWN);
    assert_char("\u0301", 0x301, 2, 0, RS_CHAR_MARK);
    assert_char("\ufe0f", 0xfe0f, 3, 0, RS_CHAR_HIDDEN);
    assert_int_equal(rs_char_at("\u200d", 3).kind, RS_CHAR_HIDDEN);
    assert_int_equal(rs_char_at("\u202e", 3).kind, RS_CHAR_BIDI);
    assert_int_equal(rs_char_at("\u2069", 3).kind, RS_CHAR_BIDI);
}

static void what_is_unsafe(void **state)
{
    (void)state;
    static const char *const one_byte[] = {"\x01", "\x7f",     "\xff",
                                           "\xc3", "\xc0\x80", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof(one_byte) / sizeof(one_byte[0]); i++) {
        struct rs_char c = rs_char_at(one_byte[i], strlen(one_byte[i]));
        assert_int_equal(c.kind, RS_CHAR_UNSAFE);
        assert_int_equal(c.bytes, 1);
    }
    assert_int_equal(rs_char_at("\xc2\x9b", 2).kind, RS_CHAR_UNSAFE);     /* C1 */
    assert_int_equal(rs_char_at("\u2028", 3).kind, RS_CHAR_UNSAFE);       /* a line's end */
    assert_int_equal(rs_char_at("\xe5\x8d\x83", 2).kind, RS_CHAR_UNSAFE); /* cut short */
}

static void stand_ins(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        char plain;
    } want[] = {{'a', 'a'},     {0xe9, 'e'},    {0x151, 'o'},    {0x1ea4, 'A'}, {0xf8, 'o'},
                {0x142, 'l'},   {0x2019, '\''}, {0x2014, '-'},   {0xa0, ' '},   {0xff21, 'A'},
                {0x5343, '\0'}, {0xbd, '\0'},   {0x1f600, '\0'}, {'\n', '\0'},  {0x7f, '\0'}};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_int_equal(rs_char_plain(want[i].code), want[i].plain);
    for (uint32_t code = 0; code < 0x30000; code++) { /* never anything but printable ASCII */
        char c = rs_char_plain(code);
        assert_true(c == '\0' || (c >= 0x20 && c < 0x7f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_widths),
        cmocka_unit_test(what_is_unsafe),
        cmocka_unit_test(stand_ins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
