/*
 * json - jansson's tree turned into ours, and printing.
 *
 * jansson proves the text and keeps no places, so the conversion walks the text beside the tree:
 * both are in the same order, which gives each value its line and each number its own spelling
 * (an integer that fits int64 is one, anything else is a double).
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "utf8_impl.h"
#include "val_impl.h"

struct reader {
    const char *p; /* after the last token */
    const char *end;
    int line;
    int64_t n_values;
    const char *source;
    struct rs_err *err;
};

/* ---- reading ------------------------------------------------------------------------------- */

/* The next token of a text that jansson accepted; p moves behind it. */
static const char *next_token(struct reader *rd)
{
    while (rd->p < rd->end && strchr(" \t\r\n,:]}", *rd->p)) {
        if (*rd->p == '\n') rd->line++;
        rd->p++;
    }
    const char *token = rd->p;
    if (rd->p == rd->end) return token;
    if (*token == '"') {
        for (rd->p++; *rd->p != '"'; rd->p++) {
            if (*rd->p == '\\') rd->p++;
        }
        rd->p++;
    } else if (*token == '[' || *token == '{') {
        rd->p++;
    } else {
        while (rd->p < rd->end && !strchr(" \t\r\n,:]}", *rd->p))
            rd->p++;
    }
    return token;
}

static struct rs_val *number(const struct reader *rd, const char *token, double real)
{
    char digits[32];
    size_t len = (size_t)(rd->p - token);
    if (len >= sizeof(digits)) return rs_val_real(real);
    memcpy(digits, token, len);
    digits[len] = '\0';
    int64_t i;
    if (strspn(digits, "-0123456789") == len && rs_str_to_i64(digits, &i)) return rs_val_int(i);
    return rs_val_real(real);
}

static enum rs_code convert(struct reader *rd, const json_t *j, int depth, struct rs_val **out);

static enum rs_code convert_items(struct reader *rd, const json_t *j, int depth, struct rs_val *v)
{
    if (depth >= VAL_MAX_DEPTH)
        return rs_fail(rd->err, RS_EPARSE, "%s:%d: nested deeper than %d", rd->source, rd->line,
                       VAL_MAX_DEPTH);
    struct rs_val *item = NULL;
    for (size_t i = 0; v->type == RS_VAL_LIST && i < json_array_size(j); i++) {
        enum rs_code rc = convert(rd, json_array_get(j, i), depth + 1, &item);
        if (rc) return rc;
        rs_val_push(v, item);
    }
    if (v->type == RS_VAL_LIST) return RS_OK;
    /* jansson's iterators take a pointer to plain data, but do not write through it. */
    union {
        const json_t *in;
        json_t *out;
    } map = {.in = j};
    for (void *it = json_object_iter(map.out); it; it = json_object_iter_next(map.out, it)) {
        next_token(rd);
        enum rs_code rc = convert(rd, json_object_iter_value(it), depth + 1, &item);
        if (rc) return rc;
        rs_val_append(v, json_object_iter_key(it), json_object_iter_key_len(it), item);
    }
    return RS_OK;
}

static enum rs_code convert(struct reader *rd, const json_t *j, int depth, struct rs_val **out)
{
    const char *token = next_token(rd);
    int line = rd->line;
    struct rs_val *v = NULL;
    if (++rd->n_values > VAL_MAX_VALUES)
        return rs_fail(rd->err, RS_EPARSE, "%s:%d: more than %d values", rd->source, line,
                       VAL_MAX_VALUES);
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        v = rs_val_map();
        break;
    case JSON_ARRAY:
        v = rs_val_list();
        break;
    case JSON_STRING:
        v = rs_val_str(json_string_value(j));
        break;
    case JSON_INTEGER: /* read as JSON_REAL: see rs_json_parse */
    case JSON_REAL:
        v = number(rd, token, json_number_value(j));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        v = rs_val_bool(json_is_true(j));
        break;
    case JSON_NULL:
        v = rs_val_null();
        break;
    }
    v->line = line;
    if (json_is_object(j) || json_is_array(j)) {
        enum rs_code rc = convert_items(rd, j, depth, v);
        if (rc) {
            rs_val_free(v);
            return rc;
        }
    }
    *out = v;
    return RS_OK;
}

static enum rs_code fail_syntax(const json_error_t *e, const char *source, struct rs_err *err)
{
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
        return rs_fail(err, RS_ENOMEM, "%s: out of memory", source);
    case json_error_stack_overflow:
        return rs_fail(err, RS_EPARSE, "%s:%d: nested deeper than %d", source, e->line,
                       VAL_MAX_DEPTH);
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return rs_fail(err, RS_EPARSE, "%s:%d: a NUL character in a text", source, e->line);
    default:
        return rs_val_fail_at(err, source, e->line, e->text);
    }
}

enum rs_code rs_json_parse(const char *text, size_t len, const char *source, struct rs_val **out,
                           struct rs_err *err)
{
    enum rs_code rc = rs_val_check_text(&text, &len, source, err);
    if (rc) return rc;
    json_error_t e;
    /* Integers as reals: jansson refuses integers beyond int64, we take the nearest double. */
    json_t *j = json_loadb(text, len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &e);
    if (!j) return fail_syntax(&e, source, err);
    struct reader rd = {.p = text, .end = text + len, .line = 1, .source = source, .err = err};
    rc = convert(&rd, j, 0, out);
    json_decref(j);
    return rc;
}

enum rs_code rs_json_read(const char *path, struct rs_val **out, struct rs_err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_code rc = rs_fs_read(path, VAL_MAX_BYTES, &text, &len, err);
    if (!rc) rc = rs_json_parse(text, len, path, out, err);
    free(text);
    return rc;
}

/* ---- printing ------------------------------------------------------------------------------ */

void rs_val_add_real(struct rs_str *out, double r)
{
    if (!isfinite(r)) {
        rs_str_add(out, "null");
        return;
    }
    size_t begin = out->len;
    rs_str_add_double(out, r);
    if (!out->failed && !strpbrk(out->data + begin, ".eE")) rs_str_add(out, ".0");
}

/* The length of the sequence at s[0..n) that stands in JSON as it is, or 0. */
static size_t plain_len(const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;
    if (c < 0x80) return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
    size_t len = rs_utf8_len(s, n);
    return len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0 ? 0 : len; /* C1 controls */
}

/* A high bit where a byte of x is zero (and maybe in bytes above it). */
static uint64_t zero_bytes(uint64_t x)
{
    return (x - UINT64_C(0x0101010101010101)) & ~x;
}

/* Are the eight bytes at s ASCII that stands as it is? */
static bool are_plain(const char *s)
{
    const uint64_t each = UINT64_C(0x0101010101010101); /* times c: c in every byte */
    uint64_t x;
    memcpy(&x, s, sizeof(x));
    uint64_t bad = x | (x - each * 0x20) | zero_bytes(x ^ each * '"') |
                   zero_bytes(x ^ each * '\\') | zero_bytes(x ^ each * 0x7f);
    return (bad & each * 0x80) == 0;
}

/* The end of what stands in JSON as it is. */
static const char *skip_plain(const char *s, const char *end)
{
    while (end - s >= 8 && are_plain(s))
        s += 8;
    for (size_t n = 1; s < end && n > 0; s += n)
        n = plain_len(s, (size_t)(end - s));
    return s;
}

/* What plain_len refuses at s[0..n); its length. */
static size_t quote_one(const char *s, size_t n, struct rs_str *out)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *at = strchr(named, *s);
    size_t len = rs_utf8_len(s, n);
    if (len == 0) {
        rs_str_add(out, "\xef\xbf\xbd");
        return 1;
    }
    if (at) {
        rs_str_addc(out, '\\');
        rs_str_addc(out, letters[at - named]);
    } else {
        rs_str_addf(out, "\\u%04x", (unsigned)(unsigned char)s[len - 1]); /* C1: U+0080 … 009F */
    }
    return len;
}

/* Escapes what JSON demands, and what could steer a terminal; bad bytes become U+FFFD. */
void rs_json_quote(const char *s, struct rs_str *out)
{
    const char *end = s + strlen(s);
    rs_str_addc(out, '"');
    while (s < end) {
        const char *plain = s;
        s = skip_plain(s, end);
        rs_str_addn(out, plain, (size_t)(s - plain));
        if (s < end) s += quote_one(s, (size_t)(end - s), out);
    }
    rs_str_addc(out, '"');
}

static bool is_scalar_list(const struct rs_val *v)
{
    if (v->type != RS_VAL_LIST) return false;
    for (size_t i = 0; i < v->n; i++) {
        if (v->items[i]->type >= RS_VAL_LIST) return false;
    }
    return true;
}

static void new_line(int indent, int level, struct rs_str *out)
{
    rs_str_addc(out, '\n');
    for (int i = 0; i < indent * level; i++)
        rs_str_addc(out, ' ');
}

static void print(const struct rs_val *v, int indent, int level, struct rs_str *out);

static void print_items(const struct rs_val *v, int indent, int level, struct rs_str *out)
{
    bool map = v->type == RS_VAL_MAP;
    bool lines = indent > 0 && v->n > 0 && !(v->n <= 8 && is_scalar_list(v)); /* [0.1, 0.2] */
    rs_str_addc(out, map ? '{' : '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0) rs_str_add(out, indent > 0 && !lines ? ", " : ",");
        if (lines) new_line(indent, level + 1, out);
        if (map) {
            rs_json_quote(v->keys[i], out);
            rs_str_add(out, indent > 0 ? ": " : ":");
        }
        print(v->items[i], indent, level + 1, out);
    }
    if (lines) new_line(indent, level, out);
    rs_str_addc(out, map ? '}' : ']');
}

static void print(const struct rs_val *v, int indent, int level, struct rs_str *out)
{
    switch (v->type) {
    case RS_VAL_NULL:
        rs_str_add(out, "null");
        break;
    case RS_VAL_BOOL:
        rs_str_add(out, v->b ? "true" : "false");
        break;
    case RS_VAL_INT:
        rs_str_add_int(out, v->i);
        break;
    case RS_VAL_REAL:
        rs_val_add_real(out, v->r);
        break;
    case RS_VAL_STR:
        rs_json_quote(v->s, out);
        break;
    case RS_VAL_LIST:
    case RS_VAL_MAP:
        print_items(v, indent, level, out);
        break;
    }
}

void rs_json_print(const struct rs_val *v, int indent, struct rs_str *out)
{
    print(v, indent, 0, out);
}

enum rs_code rs_json_write(const char *path, const struct rs_val *v, struct rs_err *err)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(v, 2, &text);
    rs_str_addc(&text, '\n');
    enum rs_code rc;
    if (text.failed) {
        rc = rs_fail(err, RS_ENOMEM, "%s: text too large", path);
    } else {
        rc = rs_fs_write(path, text.data, text.len, err);
    }
    rs_str_clear(&text);
    return rc;
}
