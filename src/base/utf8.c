/* utf8 - RFC 3629 sequences. */
#include "utf8_impl.h"

#include <stdbool.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t rs_utf8_len(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned char c = u[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n < len) return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_tail(u[i])) return 0;
    if (c == 0xe0 && u[1] < 0xa0) return 0; /* overlong */
    if (c == 0xed && u[1] > 0x9f) return 0; /* surrogate */
    if (c == 0xf0 && u[1] < 0x90) return 0; /* overlong */
    if (c == 0xf4 && u[1] > 0x8f) return 0; /* above U+10FFFF */
    return len;
}

static bool is_control(const char *s, size_t len)
{
    unsigned char c = (unsigned char)s[0];
    if (len == 1) return c < 0x20 || c == 0x7f;
    return len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0; /* C1 */
}

void rs_utf8_clean(char *s)
{
    size_t n = strlen(s);
    char *to = s;
    for (size_t i = 0; i < n;) {
        size_t len = rs_utf8_len(s + i, n - i);
        if (len == 0 || is_control(s + i, len)) {
            *to++ = '?';
            i += len ? len : 1;
        } else {
            memmove(to, s + i, len);
            to += len;
            i += len;
        }
    }
    *to = '\0';
}

void rs_utf8_ellipsis(char *s, size_t size)
{
    size_t at = size - 4;
    while (at > 0 && is_tail((unsigned char)s[at]))
        at--;
    memcpy(s + at, "...", 4);
}
