/*
 * json_token - JSON cut into tokens, each proven and decoded, for the reader into an arena.
 *
 * What is refused is refused in the words that jansson has for it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_impl.h"
#include "rs/base/arena.h"
#include "utf8_impl.h"

enum {
    NEAR_BYTES = 20,   /* of the longest token that an error shows */
    EXACT_DIGITS = 15, /* 10^15 < 2^53 */
    EXACT_POWER = 22,  /* 10^22 is a double */
};

/* ---- errors -------------------------------------------------------------------------------- */

enum rs_code rs_json_no_memory(const struct json_lexer *lx)
{
    return rs_fail(lx->err, RS_ENOMEM, "%s: out of memory", lx->source);
}

enum rs_code rs_json_fail_near(const struct json_lexer *lx, const char *what)
{
    char message[128];
    size_t n = (size_t)(lx->p - lx->token);
    if (n == 0) {
        snprintf(message, sizeof(message), "%s near end of file", what);
    } else if (n <= NEAR_BYTES) {
        snprintf(message, sizeof(message), "%s near '%.*s'", what, (int)n, lx->token);
    } else {
        snprintf(message, sizeof(message), "%s", what);
    }
    return rs_val_fail_at(lx->err, lx->source, lx->line, message);
}

/* ---- texts --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits, proven before. */
static unsigned hex4(const char *s)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 4 | (unsigned)hex_digit(s[i]);
    return v;
}

static char *put_utf8(char *to, unsigned cp)
{
    if (cp < 0x80) {
        *to++ = (char)cp;
        return to;
    }
    if (cp < 0x800) {
        *to++ = (char)(0xc0 | cp >> 6);
    } else {
        if (cp < 0x10000) {
            *to++ = (char)(0xe0 | cp >> 12);
        } else {
            *to++ = (char)(0xf0 | cp >> 18);
            *to++ = (char)(0x80 | (cp >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (cp >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (cp & 0x3f));
    return to;
}

/* lx->p stands behind a backslash. */
static enum rs_code check_escape(struct json_lexer *lx)
{
    bool ok = lx->p < lx->end && strchr("\"\\/bfnrtu", *lx->p);
    bool unicode = ok && *lx->p == 'u';
    if (ok) lx->p++;
    for (int i = 0; unicode && ok && i < 4; i++) {
        ok = lx->p < lx->end && hex_digit(*lx->p) >= 0;
        if (ok) lx->p++;
    }
    if (!ok && lx->p < lx->end && *lx->p != '\n') lx->p++;
    return ok ? RS_OK : rs_json_fail_near(lx, "invalid escape");
}

/* To the closing quote; *escaped_out: there are escapes to decode. */
static enum rs_code find_quote(struct json_lexer *lx, bool *escaped_out)
{
    *escaped_out = false;
    for (;;) {
        while (lx->p < lx->end && (unsigned char)*lx->p >= 0x20 && *lx->p != '"' && *lx->p != '\\')
            lx->p++;
        if (lx->p == lx->end) return rs_json_fail_near(lx, "premature end of input");
        if (*lx->p == '"') return RS_OK;
        if (*lx->p == '\n') return rs_json_fail_near(lx, "unexpected newline");
        if (*lx->p != '\\') {
            char what[32];
            snprintf(what, sizeof(what), "control character 0x%x", (unsigned)*lx->p);
            return rs_json_fail_near(lx, what);
        }
        *escaped_out = true;
        lx->p++;
        enum rs_code rc = check_escape(lx);
        if (rc) return rc;
    }
}

/* \uXXXX at s, with its other half where it is a surrogate; *end_out behind them. */
static enum rs_code decode_unicode(const struct json_lexer *lx, const char *s, unsigned *cp_out,
                                   const char **end_out)
{
    char what[48];
    unsigned high = hex4(s + 2);
    *cp_out = high;
    *end_out = s + 6;
    if (high < 0xd800 || high > 0xdfff) return RS_OK;
    snprintf(what, sizeof(what), "invalid Unicode '\\u%04X'", high);
    if (high < 0xdc00 && s[6] == '\\' && s[7] == 'u') {
        unsigned low = hex4(s + 8);
        *end_out = s + 12;
        *cp_out = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
        if (low >= 0xdc00 && low <= 0xdfff) return RS_OK;
        snprintf(what, sizeof(what), "invalid Unicode '\\u%04X\\u%04X'", high, low);
    }
    return rs_json_fail_near(lx, what);
}

/* s .. end, proven, without quotes, ends before a quote. */
static enum rs_code decode(struct json_lexer *lx, const char *s, const char *end)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    char *to = lx->text;
    while (s < end) {
        if (*s != '\\') {
            *to++ = *s++;
        } else if (s[1] == 'u') {
            unsigned cp;
            enum rs_code rc = decode_unicode(lx, s, &cp, &s);
            if (rc) return rc;
            if (cp == 0) lx->has_nul = true;
            to = put_utf8(to, cp);
        } else {
            *to++ = meant[strchr(letters, s[1]) - letters];
            s += 2;
        }
    }
    *to = '\0';
    return RS_OK;
}

static enum rs_code read_text(struct json_lexer *lx)
{
    bool escaped;
    const char *begin = ++lx->p;
    enum rs_code rc = find_quote(lx, &escaped);
    if (rc) return rc;
    const char *quote = lx->p++;
    size_t n = (size_t)(quote - begin);
    lx->kind = TOKEN_TEXT;
    lx->has_nul = false;
    lx->text = rs_arena_alloc(lx->arena, n + 1); /* no escape is shorter than what it means */
    if (!lx->text) return rs_json_no_memory(lx);
    if (escaped) return decode(lx, begin, quote);
    memcpy(lx->text, begin, n);
    lx->text[n] = '\0';
    return RS_OK;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool is_digit(const struct json_lexer *lx)
{
    return lx->p < lx->end && *lx->p >= '0' && *lx->p <= '9';
}

/* A number's digits as they go by: value = mantissa * 10^exponent while they are few. */
struct digits {
    uint64_t mantissa;
    int n; /* significant ones */
    int exponent;
};

static void take_digits(struct json_lexer *lx, struct digits *d, int exponent_step)
{
    for (; is_digit(lx); lx->p++) {
        if (d->n < 19) d->mantissa = d->mantissa * 10 + (uint64_t)(*lx->p - '0');
        if (d->n > 0 || *lx->p != '0') d->n++;
        if (d->n <= EXACT_DIGITS) d->exponent += exponent_step;
    }
}

/* False: no number, and lx->p stands behind what looked like one. */
static bool scan_number(struct json_lexer *lx, struct digits *d, bool *real_out)
{
    *real_out = false;
    if (*lx->p == '-') lx->p++;
    if (!is_digit(lx)) return false;
    bool zero = *lx->p == '0';
    if (zero) {
        lx->p++;
        if (is_digit(lx)) return false;
    } else {
        take_digits(lx, d, 0);
    }
    if (lx->p < lx->end && *lx->p == '.') {
        *real_out = true;
        lx->p++;
        if (!is_digit(lx)) return false;
        take_digits(lx, d, -1);
    }
    if (lx->p < lx->end && (*lx->p == 'e' || *lx->p == 'E')) {
        *real_out = true;
        lx->p++;
        bool minus = lx->p < lx->end && *lx->p == '-';
        if (minus || (lx->p < lx->end && *lx->p == '+')) lx->p++;
        if (!is_digit(lx)) return false;
        int e = 0;
        for (; is_digit(lx); lx->p++)
            e = e < 10000 ? e * 10 + (*lx->p - '0') : e;
        d->exponent += minus ? -e : e;
    }
    return true;
}

/* The token by strtod, from a copy that ends. */
static enum rs_code read_real_slowly(struct json_lexer *lx)
{
    char few[64];
    size_t n = (size_t)(lx->p - lx->token);
    char *copy = n < sizeof(few) ? few : rs_arena_alloc(lx->arena, n + 1);
    if (!copy) return rs_json_no_memory(lx);
    memcpy(copy, lx->token, n);
    copy[n] = '\0';
    lx->r = strtod(copy, NULL);
    return isfinite(lx->r) ? RS_OK : rs_json_fail_near(lx, "real number overflow");
}

static enum rs_code read_number(struct json_lexer *lx)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct digits d = {0};
    bool real;
    bool minus = *lx->p == '-';
    if (!scan_number(lx, &d, &real)) {
        lx->kind = TOKEN_BAD;
        return RS_OK;
    }
    lx->kind = TOKEN_INT;
    if (!real && d.n <= 19 && d.mantissa <= (uint64_t)INT64_MAX + minus) {
        lx->i = minus ? (int64_t)(0 - d.mantissa) : (int64_t)d.mantissa;
        return RS_OK;
    }
    lx->kind = TOKEN_REAL;
    if (!real || d.n > EXACT_DIGITS || d.exponent > EXACT_POWER || d.exponent < -EXACT_POWER)
        return read_real_slowly(lx);
    /* Both are exact, so the one operation rounds once, as it should. */
    double m = minus ? -(double)d.mantissa : (double)d.mantissa;
    lx->r = d.exponent < 0 ? m / powers[-d.exponent] : m * powers[d.exponent];
    return RS_OK;
}

/* ---- tokens -------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(const struct json_lexer *lx, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(lx->p - lx->token) == n && memcmp(lx->token, word, n) == 0;
}

enum rs_code rs_json_next(struct json_lexer *lx)
{
    for (; lx->p < lx->end; lx->p++) {
        if (*lx->p == '\n') {
            lx->line++;
        } else if (*lx->p != ' ' && *lx->p != '\t' && *lx->p != '\r') {
            break;
        }
    }
    lx->token = lx->p;
    lx->kind = TOKEN_END;
    if (lx->p == lx->end) return RS_OK;
    char c = *lx->p;
    if (c == '"') return read_text(lx);
    if (c == '-' || (c >= '0' && c <= '9')) return read_number(lx);
    if (is_letter(c)) {
        while (lx->p < lx->end && is_letter(*lx->p))
            lx->p++;
        bool known = is_word(lx, "null") || is_word(lx, "true") || is_word(lx, "false");
        lx->kind = known ? TOKEN_WORD : TOKEN_BAD;
        return RS_OK;
    }
    lx->kind = strchr("{}[]:,", c) ? TOKEN_PUNCT : TOKEN_BAD;
    lx->p += rs_utf8_len(lx->p, (size_t)(lx->end - lx->p));
    return RS_OK;
}
