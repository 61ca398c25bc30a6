/*
 * utf8 - characters of text one by one: what they are, how wide, what stands in for them in ASCII.
 *
 * Tables are utf8proc's, not the C library's, so that widths are the same everywhere.
 */
#ifndef RS_BASE_UTF8_H
#define RS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum rs_char_kind {
    RS_CHAR_SHOWN,  /* has columns of its own */
    RS_CHAR_MARK,   /* combines with the character before it: no columns */
    RS_CHAR_HIDDEN, /* formats (joiners, soft hyphen, byte order mark): nothing to see */
    RS_CHAR_BIDI,   /* turns the direction of text: a title could rewrite the line it stands in */
    RS_CHAR_UNSAFE, /* not UTF-8, a control, unassigned: never sent to a terminal */
};
struct rs_char {
    uint32_t code; /* of valid UTF-8 */
    uint8_t bytes; /* 1 where invalid */
    uint8_t width; /* columns by the tables: 0, 1, 2 */
    enum rs_char_kind kind;
};
struct rs_char rs_char_at(const char *s, size_t n); /* the first of s[0..n), n > 0 */
/* The ASCII character that stands in for it: the letter without its accent, the straight quote; 0:
 * none. */
char rs_char_plain(uint32_t code);

#endif
