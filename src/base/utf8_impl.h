/* utf8 - what err, str and log share about text: sequence lengths, and making a line printable. */
#ifndef RS_BASE_UTF8_IMPL_H
#define RS_BASE_UTF8_IMPL_H

#include <stddef.h>

/* Bytes of the well-formed UTF-8 sequence at s[0..n), or 0 (overlong, surrogate, above U+10FFFF,
 * cut short). n > 0. */
size_t rs_utf8_len(const char *s, size_t n);
/* In place: control characters and bytes that are not UTF-8 become '?', so that text from files
 * can neither break a line nor steer a terminal. */
void rs_utf8_clean(char *s);
/* Formats were cut at size: end s[size], full, in "..." at the start of a sequence. */
void rs_utf8_ellipsis(char *s, size_t size);

#endif
