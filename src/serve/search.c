/* search - the first byte is looked for alone: few places of a title need a second look. */
#include "search_impl.h"

#include <string.h>

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct srv_search srv_search_make(const char *text)
{
    if (!text) text = "";
    char lower = fold(text[0]);
    char upper = lower >= 'a' && lower <= 'z' ? (char)(lower - 'a' + 'A') : lower;
    return (struct srv_search){.text = text, .len = strlen(text), .first = {lower, upper}};
}

bool srv_search_in(const struct srv_search *s, const char *hay, size_t len)
{
    if (s->len == 0) return true;
    for (size_t at = 0; at + s->len <= len; at++) {
        if (hay[at] != s->first[0] && hay[at] != s->first[1]) continue;
        size_t i = 1;
        while (i < s->len && fold(hay[at + i]) == fold(s->text[i]))
            i++;
        if (i == s->len) return true;
    }
    return false;
}

/* v in decimal right before `end`; returns where it begins. */
static const char *digits_before(char *end, int64_t v)
{
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--end = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) *--end = '-';
    return end;
}

bool srv_search_in_id(const struct srv_search *s, const struct rs_idmap *map, int32_t index)
{
    char digits[20];
    char *end = digits + sizeof(digits);
    size_t len;
    if (s->len == 0) return true;
    if (!rs_idmap_is_int(map)) {
        const char *text = rs_idmap_text(map, index, &len);
        return srv_search_in(s, text, len);
    }
    const char *begin = digits_before(end, rs_idmap_int(map, index));
    return srv_search_in(s, begin, (size_t)(end - begin));
}
