/*
 * url - percent-decoding, strict: what is not sound is refused, never repaired.
 */
#include <string.h>

#include "rs/base/str.h"
#include "fields_impl.h"

/* The value of a hex digit, -1: it is none. */
static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum rs_code srv_url_decode(const char *s, size_t n, bool plus, const char *where, char *out,
                            struct rs_err *err)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '%') {
            int high = n - i > 2 ? hex(s[i + 1]) : -1;
            int low = high >= 0 ? hex(s[i + 2]) : -1;
            if (low < 0) {
                return rs_fail(err, RS_EARG, "%s: '%.*s' is not %% and two hex digits", where,
                               (int)(n - i < 3 ? n - i : 3), s + i);
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (!c) return rs_fail(err, RS_EARG, "%s: it has a NUL character", where);
        out[len++] = c;
    }
    out[len] = '\0';
    if (!rs_str_utf8_valid(out, len)) return rs_fail(err, RS_EARG, "%s: it is not UTF-8", where);
    return RS_OK;
}
