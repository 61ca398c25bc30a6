/* utf8_char - characters by utf8proc's tables. */
#include "rs/base/utf8.h"

#include <stdbool.h>

#include <utf8proc.h>

static bool is_bidi_control(utf8proc_int32_t cp)
{
    return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static enum rs_char_kind kind_of(utf8proc_int32_t cp, int width)
{
    if (is_bidi_control(cp)) return RS_CHAR_BIDI;
    if (cp == 0xfe0e || cp == 0xfe0f) return RS_CHAR_HIDDEN; /* terminals differ in its width */
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return RS_CHAR_UNSAFE;
    case UTF8PROC_CATEGORY_CF:
        return RS_CHAR_HIDDEN;
    default:
        return width > 0 ? RS_CHAR_SHOWN : RS_CHAR_MARK;
    }
}

struct rs_char rs_char_at(const char *s, size_t n)
{
    struct rs_char c = {.code = (unsigned char)*s, .bytes = 1, .width = 1, .kind = RS_CHAR_SHOWN};
    if (c.code < 0x80) {
        if (c.code < 0x20 || c.code == 0x7f) c.kind = RS_CHAR_UNSAFE;
        return c;
    }
    utf8proc_int32_t cp;
    utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &cp);
    if (len < 1) {
        c.kind = RS_CHAR_UNSAFE;
        return c;
    }
    int width = utf8proc_charwidth(cp);
    c.code = (uint32_t)cp;
    c.bytes = (uint8_t)len;
    c.width = (uint8_t)width;
    c.kind = kind_of(cp, width);
    return c;
}

/* Letters and signs that Unicode does not decompose into a plain one. */
static const struct {
    uint16_t code;
    char plain;
} stand_ins[] = {
    {0x00a1, '!'},  {0x00ab, '"'},  {0x00b7, '.'},  {0x00bb, '"'}, {0x00bf, '?'}, {0x00c6, 'A'},
    {0x00d0, 'D'},  {0x00d7, 'x'},  {0x00d8, 'O'},  {0x00df, 's'}, {0x00e6, 'a'}, {0x00f0, 'd'},
    {0x00f8, 'o'},  {0x0110, 'D'},  {0x0111, 'd'},  {0x0126, 'H'}, {0x0127, 'h'}, {0x0131, 'i'},
    {0x0141, 'L'},  {0x0142, 'l'},  {0x0152, 'O'},  {0x0153, 'o'}, {0x0166, 'T'}, {0x0167, 't'},
    {0x2010, '-'},  {0x2011, '-'},  {0x2012, '-'},  {0x2013, '-'}, {0x2014, '-'}, {0x2015, '-'},
    {0x2018, '\''}, {0x2019, '\''}, {0x201a, ','},  {0x201c, '"'}, {0x201d, '"'}, {0x201e, '"'},
    {0x2022, '*'},  {0x2026, '~'},  {0x2032, '\''}, {0x2033, '"'}, {0x2039, '<'}, {0x203a, '>'},
    {0x2212, '-'},  {0x2190, '<'},  {0x2191, '^'},  {0x2192, '>'}, {0x2193, 'v'}, {0x2264, '<'},
    {0x2265, '>'},
};

char rs_char_plain(uint32_t code)
{
    if (code < 0x80) return code >= 0x20 && code != 0x7f ? (char)code : '\0';
    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
        if (stand_ins[i].code == code) return stand_ins[i].plain;
    utf8proc_int32_t parts[8];
    int class = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)code, parts, 8,
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &class);
    if (n < 1 || n > 8 || parts[0] < 0x20 || parts[0] >= 0x7f) return '\0';
    for (utf8proc_ssize_t i = 1; i < n; i++)
        if (utf8proc_category(parts[i]) != UTF8PROC_CATEGORY_MN) return '\0'; /* "½", "ﬁ" */
    return (char)parts[0];
}
