/* str - byte strings that grow by doubling, and helpers on C strings. */
#include "rs/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/mem.h"
#include "utf8_impl.h"

#define DEFAULT_MAX ((size_t)1 << 30)
#define NEAREST_MAX 63 /* longest word that rs_str_nearest looks at */

void rs_str_init(struct rs_str *s, size_t max)
{
    *s = (struct rs_str){.max = max};
}

void rs_str_clear(struct rs_str *s)
{
    free(s->data);
    *s = (struct rs_str){.max = s->max};
}

void rs_str_reset(struct rs_str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->data) s->data[0] = '\0';
}

/* Room for n more bytes and the NUL; on failure the string is cleared and marked. */
static bool reserve(struct rs_str *s, size_t n)
{
    if (s->failed) return false;
    size_t max = s->max ? s->max : DEFAULT_MAX;
    if (n > max || s->len > max - n) goto failed;
    size_t need = s->len + n + 1;
    if (need <= s->cap) return true;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap *= 2;
    char *data = rs_try_realloc(s->data, s->len, cap, 1);
    if (!data) goto failed;
    s->data = data;
    s->cap = cap;
    return true;
failed:
    rs_str_clear(s);
    s->failed = true;
    return false;
}

void rs_str_addn(struct rs_str *s, const char *bytes, size_t n)
{
    if (!reserve(s, n)) return;
    if (n) memcpy(s->data + s->len, bytes, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void rs_str_add(struct rs_str *s, const char *text)
{
    rs_str_addn(s, text, strlen(text));
}

void rs_str_addc(struct rs_str *s, char c)
{
    rs_str_addn(s, &c, 1);
}

void rs_str_addf(struct rs_str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    size_t room = s->cap - s->len;
    int n = vsnprintf(room ? s->data + s->len : NULL, room, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(s, (size_t)n)) {
        if ((size_t)n >= room) vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

char *rs_str_take(struct rs_str *s)
{
    char *data = s->failed ? NULL : s->data ? s->data : rs_xstrdup("");
    *s = (struct rs_str){.max = s->max};
    return data;
}

const char *rs_str_text(const struct rs_str *s)
{
    return s->data ? s->data : "";
}

bool rs_str_eq(const char *a, const char *b)
{
    if (!a || !b) return a == b;
    return strcmp(a, b) == 0;
}

bool rs_str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool rs_str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rs_str_contains_fold(const char *hay, const char *needle)
{
    for (;; hay++) {
        size_t i = 0;
        while (needle[i] && fold(hay[i]) == fold(needle[i]))
            i++;
        if (!needle[i]) return true;
        if (!*hay) return false;
    }
}

bool rs_str_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = rs_utf8_len(s + i, n - i);
        if (len == 0) return false;
        i += len;
    }
    return true;
}

size_t rs_str_utf8_count(const char *s)
{
    size_t n = 0;
    for (; *s; s++) {
        n += ((unsigned char)*s & 0xc0) != 0x80; /* not a byte that goes on */
    }
    return n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool rs_str_to_i64(const char *s, int64_t *out)
{
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    if (!is_digit(*digits)) return false; /* strtoll would skip spaces */
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end) return false;
    *out = (int64_t)v;
    return true;
}

bool rs_str_to_double(const char *s, double *out)
{
    /* decimal characters only: strtod would also take spaces, hexadecimal, "inf" and "nan" */
    if (!*s || s[strspn(s, "0123456789+-.eE")]) return false;
    char *end;
    double v = strtod(s, &end);
    if (*end || end == s || !isfinite(v)) return false;
    *out = v;
    return true;
}

bool rs_str_to_bool(const char *s, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(s, yes[i]) != 0 && strcasecmp(s, no[i]) != 0) continue;
        *out = strcasecmp(s, yes[i]) == 0;
        return true;
    }
    return false;
}

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance with swaps of neighbours (optimal string alignment), ASCII case ignored. */
static int edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = rows[i % 3];
        const int *above = rows[(i - 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int differ = fold(a[i - 1]) != fold(b[j - 1]);
            now[j] = min3(above[j] + 1, now[j - 1] + 1, above[j - 1] + differ);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                int swapped = rows[(i - 2) % 3][j - 2] + 1;
                if (swapped < now[j]) now[j] = swapped;
            }
        }
    }
    return rows[n % 3][m];
}

const char *rs_str_nearest(const char *word, const char *const *names)
{
    size_t n = strlen(word);
    if (n == 0 || n > NEAREST_MAX) return NULL;
    const char *best = NULL;
    int best_d = 4;
    for (; *names; names++) {
        size_t m = strlen(*names);
        if (m > NEAREST_MAX) continue;
        int d = edit_distance(word, n, *names, m);
        if (d > 1 && strncasecmp(word, *names, n) == 0) d = 1;
        int longer = (int)(n > m ? n : m);
        if (d < best_d && d < (int)n && 2 * d <= longer) { /* half of the letters stand */
            best = *names;
            best_d = d;
        }
    }
    return best;
}
