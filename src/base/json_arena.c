/*
 * json_arena - JSON into an arena: the reader for request bodies.
 *
 * It takes what rs_json_parse takes and gives the same values; what it refuses it refuses in the
 * words that jansson has for it. Tokens are proven one by one; lists and maps that are still open
 * stand on a stack of fixed size, so nothing recurses and nothing comes from anywhere but the arena.
 * Keys of large maps are found by a keyed hash, so that no choice of keys makes reading slow.
 */
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8_impl.h"
#include "val_impl.h"

enum {
    FEW_KEYS = 16,     /* are compared one by one */
    NEAR_BYTES = 20,   /* of the longest token that an error shows */
    EXACT_DIGITS = 15, /* 10^15 < 2^53 */
    EXACT_POWER = 22,  /* 10^22 is a double */
};

enum token {
    T_END,
    T_BAD,
    T_WORD, /* null, true, false */
    T_TEXT,
    T_INT,
    T_REAL,
    T_PUNCT, /* one of {}[]:, */
};

/* A list or map that is not closed yet. */
struct frame {
    struct rs_val *v;
    char *key;       /* of the value that comes next */
    uint32_t *slots; /* place in keys + 1 by hash, or 0; NULL while there are few keys */
    size_t n_slots;  /* a power of two, at least twice the keys */
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
};

struct reader {
    struct rs_arena *arena;
    const char *source;
    struct rs_err *err;
    const char *p; /* after the token */
    const char *end;
    int line;
    enum token kind;
    const char *token;
    char *text; /* T_TEXT, decoded */
    bool has_nul;
    int64_t i; /* T_INT */
    double r;  /* T_REAL */
    int64_t n_values;
    int depth;
    struct frame stack[VAL_MAX_DEPTH];
};

/* ---- errors -------------------------------------------------------------------------------- */

static enum rs_code no_memory(const struct reader *rd)
{
    return rs_fail(rd->err, RS_ENOMEM, "%s: out of memory", rd->source);
}

static enum rs_code fail_near(const struct reader *rd, const char *what)
{
    char message[128];
    size_t n = (size_t)(rd->p - rd->token);
    if (n == 0) {
        snprintf(message, sizeof(message), "%s near end of file", what);
    } else if (n <= NEAR_BYTES) {
        snprintf(message, sizeof(message), "%s near '%.*s'", what, (int)n, rd->token);
    } else {
        snprintf(message, sizeof(message), "%s", what);
    }
    return rs_val_fail_at(rd->err, rd->source, rd->line, message);
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

/* rd->p stands behind a backslash. */
static enum rs_code check_escape(struct reader *rd)
{
    bool ok = rd->p < rd->end && memchr("\"\\/bfnrtu", *rd->p, 9);
    bool unicode = ok && *rd->p == 'u';
    if (ok) rd->p++;
    for (int i = 0; unicode && ok && i < 4; i++) {
        ok = rd->p < rd->end && hex_digit(*rd->p) >= 0;
        if (ok) rd->p++;
    }
    if (!ok && rd->p < rd->end && *rd->p != '\n') rd->p++;
    return ok ? RS_OK : fail_near(rd, "invalid escape");
}

/* To the closing quote; *escaped_out: there are escapes to decode. */
static enum rs_code find_quote(struct reader *rd, bool *escaped_out)
{
    *escaped_out = false;
    for (;;) {
        while (rd->p < rd->end && (unsigned char)*rd->p >= 0x20 && *rd->p != '"' && *rd->p != '\\')
            rd->p++;
        if (rd->p == rd->end) return fail_near(rd, "premature end of input");
        if (*rd->p == '"') return RS_OK;
        if (*rd->p == '\n') return fail_near(rd, "unexpected newline");
        if (*rd->p != '\\') {
            char what[32];
            snprintf(what, sizeof(what), "control character 0x%x", (unsigned)*rd->p);
            return fail_near(rd, what);
        }
        *escaped_out = true;
        rd->p++;
        enum rs_code rc = check_escape(rd);
        if (rc) return rc;
    }
}

/* \uXXXX at s, with its other half where it is a surrogate; *end_out behind them. */
static enum rs_code decode_unicode(const struct reader *rd, const char *s, unsigned *cp_out,
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
    return fail_near(rd, what);
}

/* s .. end, proven, without quotes, ends before a quote. */
static enum rs_code decode(struct reader *rd, const char *s, const char *end)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    char *to = rd->text;
    while (s < end) {
        if (*s != '\\') {
            *to++ = *s++;
        } else if (s[1] == 'u') {
            unsigned cp;
            enum rs_code rc = decode_unicode(rd, s, &cp, &s);
            if (rc) return rc;
            if (cp == 0) rd->has_nul = true;
            to = put_utf8(to, cp);
        } else {
            *to++ = meant[strchr(letters, s[1]) - letters];
            s += 2;
        }
    }
    *to = '\0';
    return RS_OK;
}

static enum rs_code read_text(struct reader *rd)
{
    bool escaped;
    const char *begin = ++rd->p;
    enum rs_code rc = find_quote(rd, &escaped);
    if (rc) return rc;
    const char *quote = rd->p++;
    size_t n = (size_t)(quote - begin);
    rd->kind = T_TEXT;
    rd->has_nul = false;
    rd->text = rs_arena_alloc(rd->arena, n + 1); /* no escape is shorter than what it means */
    if (!rd->text) return no_memory(rd);
    if (escaped) return decode(rd, begin, quote);
    memcpy(rd->text, begin, n);
    rd->text[n] = '\0';
    return RS_OK;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool is_digit(const struct reader *rd)
{
    return rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9';
}

/* A number's digits as they go by: value = mantissa * 10^exponent while they are few. */
struct digits {
    uint64_t mantissa;
    int n; /* significant ones */
    int exponent;
};

static void take_digits(struct reader *rd, struct digits *d, int exponent_step)
{
    for (; is_digit(rd); rd->p++) {
        if (d->n < 19) d->mantissa = d->mantissa * 10 + (uint64_t)(*rd->p - '0');
        if (d->n > 0 || *rd->p != '0') d->n++;
        if (d->n <= EXACT_DIGITS) d->exponent += exponent_step;
    }
}

/* False: no number, and rd->p stands behind what looked like one. */
static bool scan_number(struct reader *rd, struct digits *d, bool *real_out)
{
    *real_out = false;
    if (*rd->p == '-') rd->p++;
    if (!is_digit(rd)) return false;
    bool zero = *rd->p == '0';
    if (zero) {
        rd->p++;
        if (is_digit(rd)) return false;
    } else {
        take_digits(rd, d, 0);
    }
    if (rd->p < rd->end && *rd->p == '.') {
        *real_out = true;
        rd->p++;
        if (!is_digit(rd)) return false;
        take_digits(rd, d, -1);
    }
    if (rd->p < rd->end && (*rd->p == 'e' || *rd->p == 'E')) {
        *real_out = true;
        rd->p++;
        bool minus = rd->p < rd->end && *rd->p == '-';
        if (minus || (rd->p < rd->end && *rd->p == '+')) rd->p++;
        if (!is_digit(rd)) return false;
        int e = 0;
        for (; is_digit(rd); rd->p++)
            e = e < 10000 ? e * 10 + (*rd->p - '0') : e;
        d->exponent += minus ? -e : e;
    }
    return true;
}

/* The token by strtod, from a copy that ends. */
static enum rs_code read_real_slowly(struct reader *rd)
{
    char few[64];
    size_t n = (size_t)(rd->p - rd->token);
    char *copy = n < sizeof(few) ? few : rs_arena_alloc(rd->arena, n + 1);
    if (!copy) return no_memory(rd);
    memcpy(copy, rd->token, n);
    copy[n] = '\0';
    rd->r = strtod(copy, NULL);
    return isfinite(rd->r) ? RS_OK : fail_near(rd, "real number overflow");
}

static enum rs_code read_number(struct reader *rd)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct digits d = {0};
    bool real;
    bool minus = *rd->p == '-';
    if (!scan_number(rd, &d, &real)) {
        rd->kind = T_BAD;
        return RS_OK;
    }
    rd->kind = T_INT;
    if (!real && d.n <= 19 && d.mantissa <= (uint64_t)INT64_MAX + minus) {
        rd->i = minus ? (int64_t)(0 - d.mantissa) : (int64_t)d.mantissa;
        return RS_OK;
    }
    rd->kind = T_REAL;
    if (!real || d.n > EXACT_DIGITS || d.exponent > EXACT_POWER || d.exponent < -EXACT_POWER)
        return read_real_slowly(rd);
    /* Both are exact, so the one operation rounds once, as it should. */
    double m = minus ? -(double)d.mantissa : (double)d.mantissa;
    rd->r = d.exponent < 0 ? m / powers[-d.exponent] : m * powers[d.exponent];
    return RS_OK;
}

/* ---- tokens -------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(const struct reader *rd, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(rd->p - rd->token) == n && memcmp(rd->token, word, n) == 0;
}

/* The next token; an error only where a text or number is malformed beyond T_BAD. */
static enum rs_code next(struct reader *rd)
{
    for (; rd->p < rd->end; rd->p++) {
        if (*rd->p == '\n') {
            rd->line++;
        } else if (*rd->p != ' ' && *rd->p != '\t' && *rd->p != '\r') {
            break;
        }
    }
    rd->token = rd->p;
    rd->kind = T_END;
    if (rd->p == rd->end) return RS_OK;
    char c = *rd->p;
    if (c == '"') return read_text(rd);
    if (c == '-' || (c >= '0' && c <= '9')) return read_number(rd);
    if (is_letter(c)) {
        while (rd->p < rd->end && is_letter(*rd->p))
            rd->p++;
        bool known = is_word(rd, "null") || is_word(rd, "true") || is_word(rd, "false");
        rd->kind = known ? T_WORD : T_BAD;
        return RS_OK;
    }
    rd->kind = strchr("{}[]:,", c) ? T_PUNCT : T_BAD;
    rd->p += rs_utf8_len(rd->p, (size_t)(rd->end - rd->p));
    return RS_OK;
}

static bool is_punct(const struct reader *rd, char c)
{
    return rd->kind == T_PUNCT && *rd->token == c;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* Where key stands in the frame's table, or the free slot where it would. */
static uint32_t *find_slot(const struct frame *f, const char *key)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t h;
    crypto_shorthash(hash, (const unsigned char *)key, strlen(key), f->hash_key);
    memcpy(&h, hash, sizeof(h));
    for (size_t i = (size_t)h;; i++) {
        uint32_t *slot = &f->slots[i & (f->n_slots - 1)];
        if (*slot == 0 || strcmp(f->v->keys[*slot - 1], key) == 0) return slot;
    }
}

/* A table for twice the keys there are, with them in it. */
static bool grow_table(struct reader *rd, struct frame *f)
{
    f->n_slots = f->slots ? f->n_slots * 2 : 4 * (size_t)FEW_KEYS;
    f->slots = rs_arena_alloc(rd->arena, f->n_slots * sizeof(*f->slots));
    if (!f->slots) return false;
    memset(f->slots, 0, f->n_slots * sizeof(*f->slots));
    for (size_t i = 0; i < f->v->n; i++)
        *find_slot(f, f->v->keys[i]) = (uint32_t)i + 1;
    return true;
}

/* The key is not there yet, and stands in the table where there is one: its value comes next. */
static enum rs_code claim_key(struct reader *rd, struct frame *f, const char *key)
{
    const struct rs_val *v = f->v;
    if (v->n < FEW_KEYS) {
        for (size_t i = 0; i < v->n; i++) {
            if (strcmp(v->keys[i], key) == 0) return fail_near(rd, "duplicate object key");
        }
        return RS_OK;
    }
    if (!f->slots) randombytes_buf(f->hash_key, sizeof(f->hash_key));
    if ((!f->slots || v->n * 2 >= f->n_slots) && !grow_table(rd, f)) return no_memory(rd);
    uint32_t *slot = find_slot(f, key);
    if (*slot) return fail_near(rd, "duplicate object key");
    /* The key is appended with its value; until then nobody looks. */
    *slot = (uint32_t)v->n + 1;
    return RS_OK;
}

/* The token is a key: it, the colon, and the first token of its value. */
static enum rs_code read_key(struct reader *rd)
{
    struct frame *f = &rd->stack[rd->depth - 1];
    if (rd->kind != T_TEXT) return fail_near(rd, "string or '}' expected");
    if (rd->has_nul)
        return rs_val_fail_at(rd->err, rd->source, rd->line, "a NUL character in a text");
    f->key = rd->text;
    enum rs_code rc = claim_key(rd, f, f->key);
    if (!rc) rc = next(rd);
    if (!rc && !is_punct(rd, ':')) rc = fail_near(rd, "':' expected");
    return rc ? rc : next(rd);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool grow(struct reader *rd, struct rs_val *v)
{
    size_t cap = v->cap ? v->cap * 2 : 4;
    bool map = v->type == RS_VAL_MAP;
    struct rs_val **items = rs_arena_alloc(rd->arena, cap * sizeof(*items));
    char **keys = map ? rs_arena_alloc(rd->arena, cap * sizeof(*keys)) : NULL;
    if (!items || (map && !keys)) return false;
    if (v->n > 0) memcpy(items, v->items, v->n * sizeof(*items));
    if (v->n > 0 && map) memcpy(keys, v->keys, v->n * sizeof(*keys));
    v->items = items;
    v->keys = keys;
    v->cap = cap;
    return true;
}

static bool append(struct reader *rd, struct frame *f, struct rs_val *item)
{
    struct rs_val *v = f->v;
    if (v->n == v->cap && !grow(rd, v)) return false;
    if (v->type == RS_VAL_MAP) v->keys[v->n] = f->key;
    v->items[v->n++] = item;
    return true;
}

/* The token as a value; a list or map is empty yet. */
static enum rs_code read_value(struct reader *rd, struct rs_val **out)
{
    static const enum rs_val_type types[] = {
        [T_TEXT] = RS_VAL_STR, [T_INT] = RS_VAL_INT, [T_REAL] = RS_VAL_REAL};
    bool list = is_punct(rd, '[');
    bool map = is_punct(rd, '{');
    if (rd->kind == T_BAD) return fail_near(rd, "invalid token");
    if (rd->kind == T_END || (rd->kind == T_PUNCT && !list && !map))
        return fail_near(rd, "unexpected token");
    if (rd->kind == T_TEXT && rd->has_nul)
        return rs_val_fail_at(rd->err, rd->source, rd->line, "a NUL character in a text");
    if (++rd->n_values > VAL_MAX_VALUES)
        return rs_fail(rd->err, RS_EPARSE, "%s:%d: more than %d values", rd->source, rd->line,
                       VAL_MAX_VALUES);
    if ((list || map) && rd->depth == VAL_MAX_DEPTH)
        return rs_fail(rd->err, RS_EPARSE, "%s:%d: nested deeper than %d", rd->source, rd->line,
                       VAL_MAX_DEPTH);
    struct rs_val *v = rs_arena_alloc(rd->arena, sizeof(*v));
    if (!v) return no_memory(rd);
    *v = (struct rs_val){.line = rd->line};
    if (rd->kind == T_PUNCT) {
        v->type = list ? RS_VAL_LIST : RS_VAL_MAP;
    } else if (rd->kind == T_WORD) {
        v->type = *rd->token == 'n' ? RS_VAL_NULL : RS_VAL_BOOL;
        v->b = *rd->token == 't';
    } else {
        v->type = types[rd->kind];
        if (v->type == RS_VAL_STR) v->s = rd->text;
        if (v->type == RS_VAL_INT) v->i = rd->i;
        if (v->type == RS_VAL_REAL) v->r = rd->r;
    }
    *out = v;
    return RS_OK;
}

/* The list or map v was begun: on to its first value, unless it is empty (*closed_out). */
static enum rs_code open_container(struct reader *rd, struct rs_val *v, bool *closed_out)
{
    enum rs_code rc = next(rd);
    *closed_out = !rc && is_punct(rd, v->type == RS_VAL_LIST ? ']' : '}');
    if (rc || *closed_out) return rc;
    if (rd->kind == T_END && v->type == RS_VAL_LIST) return fail_near(rd, "']' expected");
    struct frame *f = &rd->stack[rd->depth++];
    f->v = v;
    f->slots = NULL;
    return v->type == RS_VAL_MAP ? read_key(rd) : RS_OK;
}

/* v is whole: put it where it belongs, close what ends behind it, and go on to the next value.
 * *root_out: v or what holds it, once nothing is open. */
static enum rs_code close_value(struct reader *rd, struct rs_val *v, struct rs_val **root_out)
{
    while (rd->depth > 0) {
        struct frame *f = &rd->stack[rd->depth - 1];
        bool list = f->v->type == RS_VAL_LIST;
        if (!append(rd, f, v)) return no_memory(rd);
        enum rs_code rc = next(rd);
        if (rc) return rc;
        if (is_punct(rd, ',')) {
            rc = next(rd);
            if (!rc && list && rd->kind == T_END) rc = fail_near(rd, "']' expected");
            return rc || list ? rc : read_key(rd);
        }
        if (!is_punct(rd, list ? ']' : '}'))
            return fail_near(rd, list ? "']' expected" : "'}' expected");
        v = f->v;
        rd->depth--;
    }
    enum rs_code rc = next(rd);
    if (!rc && rd->kind != T_END) rc = fail_near(rd, "end of file expected");
    if (!rc) *root_out = v;
    return rc;
}

enum rs_code rs_json_parse_in(struct rs_arena *arena, const char *text, size_t len,
                              const char *source, const struct rs_val **out, struct rs_err *err)
{
    enum rs_code rc = rs_val_check_text(&text, &len, source, err);
    if (rc) return rc;
    struct reader rd; /* the stack is not cleared: frames are written when they are opened */
    rd.arena = arena;
    rd.source = source;
    rd.err = err;
    rd.p = text;
    rd.end = text + len;
    rd.line = 1;
    rd.n_values = 0;
    rd.depth = 0;
    struct rs_val *root = NULL;
    rc = next(&rd);
    while (!rc && !root) {
        struct rs_val *v = NULL;
        bool closed = true;
        rc = read_value(&rd, &v);
        if (!rc && v->type >= RS_VAL_LIST) rc = open_container(&rd, v, &closed);
        if (!rc && closed) rc = close_value(&rd, v, &root);
    }
    if (!rc) *out = root;
    return rc;
}
