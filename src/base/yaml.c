/*
 * yaml - libfyaml's events built into a tree.
 *
 * The tree is built here and not by libfyaml, so that depth, size and what aliases stand for are
 * bounded while reading. Plain scalars have the types of the YAML 1.2 core schema; quoted ones and
 * blocks are text.
 */
#include <errno.h>
#include <libfyaml.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "val_impl.h"

enum { MAX_ANCHORS = 1000 };

struct frame {
    struct rs_val *v; /* list or map, owned by its parent */
    char *key;        /* of a map: read, waiting for its value */
    int key_line;
};

struct anchor {
    char *name;
    const struct rs_val *v; /* in the tree */
};

struct builder {
    struct rs_val *root;
    struct frame frames[VAL_MAX_DEPTH]; /* the containers that are open */
    int depth;
    struct anchor *anchors; /* [MAX_ANCHORS], made with the first */
    int n_anchors;
    int n_documents;
    int64_t n_values;
    size_t n_alias_bytes;
    const char *source;
    struct rs_err *err;
};

static enum rs_code fail(struct builder *b, int line, const char *message)
{
    return rs_val_fail_at(b->err, b->source, line, message);
}

static enum rs_code fail_about(struct builder *b, int line, const char *message, const char *text)
{
    char *whole = rs_xprintf("%s '%.80s'", message, text);
    enum rs_code rc = fail(b, line, whole);
    free(whole);
    return rc;
}

/* ---- scalars ------------------------------------------------------------------------------- */

static bool is_one_of(const char *s, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(s, *words) == 0) return true;
    }
    return false;
}

/* [-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *s)
{
    static const char digits[] = "0123456789";
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, digits);
    s += whole;
    if (*s == '.') {
        size_t rest = strspn(s + 1, digits);
        if (whole == 0 && rest == 0) return false;
        s += 1 + rest;
    } else if (whole == 0) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t exponent = strspn(s, digits);
        if (exponent == 0) return false;
        s += exponent;
    }
    return *s == '\0';
}

/* Value of an integer that has `base`; beyond int64 a double. */
static struct rs_val *integer(const char *digits, int base)
{
    errno = 0;
    char *end;
    long long i = strtoll(digits, &end, base);
    if (errno == 0) return rs_val_int(i);
    double r = 0; /* exact until 2^53, then the nearest within rounding */
    if (base == 10) return rs_val_real(strtod(digits, NULL));
    for (; *digits; digits++) {
        int d = *digits <= '9' ? *digits - '0' : (*digits | 0x20) - 'a' + 10;
        r = r * base + d;
    }
    return rs_val_real(r);
}

/* A plain scalar by the core schema; NULL: a number that no double holds. */
static struct rs_val *resolve(const char *s)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const infinite[] = {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", NULL};
    if (is_one_of(s, nulls)) return rs_val_null();
    if (is_one_of(s, trues)) return rs_val_bool(true);
    if (is_one_of(s, falses)) return rs_val_bool(false);
    const char *digits = s + (*s == '-' || *s == '+');
    if (is_one_of(digits, infinite)) return NULL;
    struct rs_val *v = NULL;
    if (*digits != '\0' && digits[strspn(digits, "0123456789")] == '\0') {
        v = integer(s, 10);
    } else if (s[0] == '0' && s[1] == 'o' && s[2] && s[2 + strspn(s + 2, "01234567")] == '\0') {
        v = integer(s + 2, 8);
    } else if (s[0] == '0' && s[1] == 'x' && s[2] &&
               s[2 + strspn(s + 2, "0123456789abcdefABCDEF")] == '\0') {
        v = integer(s + 2, 16);
    } else if (is_float(s)) {
        v = rs_val_real(strtod(s, NULL));
    } else {
        return rs_val_str(s);
    }
    if (v->type != RS_VAL_NULL) return v;
    rs_val_free(v);
    return NULL;
}

/* ---- building ------------------------------------------------------------------------------ */

static int line_of(struct fy_event *e)
{
    const struct fy_mark *mark = fy_event_start_mark(e);
    return mark ? mark->line + 1 : 1;
}

/* Put v where the next value belongs. Takes v, also on failure. */
static enum rs_code place(struct builder *b, struct rs_val *v, int line)
{
    v->line = line;
    if (b->depth == 0) {
        b->root = v;
    } else {
        struct frame *top = &b->frames[b->depth - 1];
        if (top->v->type == RS_VAL_LIST) {
            rs_val_push(top->v, v);
        } else {
            v->line = top->key_line;
            rs_val_append(top->v, top->key, strlen(top->key), v);
            free(top->key);
            top->key = NULL;
        }
    }
    if (++b->n_values > VAL_MAX_VALUES) return fail(b, line, "too many values");
    return RS_OK;
}

/* A map whose next scalar is a key. */
static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->frames[b->depth - 1].v->type == RS_VAL_MAP &&
           !b->frames[b->depth - 1].key;
}

static enum rs_code add_anchor(struct builder *b, struct fy_token *token, const struct rs_val *v,
                               int line)
{
    if (!token) return RS_OK;
    size_t len = 0;
    const char *text = fy_token_get_text(token, &len);
    if (!text) return rs_fail(b->err, RS_ENOMEM, "%s: out of memory", b->source);
    if (!b->anchors) b->anchors = rs_xalloc(MAX_ANCHORS, sizeof(*b->anchors));
    if (b->n_anchors == MAX_ANCHORS) return fail(b, line, "too many anchors");
    b->anchors[b->n_anchors++] = (struct anchor){.name = rs_xstrndup(text, len), .v = v};
    return RS_OK;
}

/* Values, text bytes and levels that a copy of v would add. */
static int measure(const struct rs_val *v, int64_t *n_values, size_t *n_bytes)
{
    int deepest = 0;
    *n_values += 1;
    if (v->s) *n_bytes += strlen(v->s);
    for (size_t i = 0; i < v->n; i++) {
        if (v->keys) *n_bytes += strlen(v->keys[i]);
        int depth = measure(v->items[i], n_values, n_bytes);
        if (depth > deepest) deepest = depth;
    }
    return v->type >= RS_VAL_LIST ? deepest + 1 : 0;
}

static bool is_open(const struct builder *b, const struct rs_val *v)
{
    for (int i = 0; i < b->depth; i++) {
        if (b->frames[i].v == v) return true;
    }
    return false;
}

static enum rs_code on_alias(struct builder *b, struct fy_event *e)
{
    int line = line_of(e);
    size_t len = 0;
    const char *text = fy_token_get_text(e->alias.anchor, &len);
    if (!text) return rs_fail(b->err, RS_ENOMEM, "%s: out of memory", b->source);
    if (wants_key(b)) return fail(b, line, "an alias as key, write the key out");
    const struct rs_val *v = NULL;
    for (int i = b->n_anchors - 1; i >= 0 && !v; i--) { /* the latest of a name */
        if (strlen(b->anchors[i].name) == len && memcmp(b->anchors[i].name, text, len) == 0)
            v = b->anchors[i].v;
    }
    char *name = rs_xstrndup(text, len);
    enum rs_code rc = RS_OK;
    int64_t n_values = 0;
    if (!v) {
        rc = fail_about(b, line, "no anchor of the name", name);
    } else if (is_open(b, v)) {
        rc = fail_about(b, line, "an alias inside its own anchor", name);
    } else if (b->depth + measure(v, &n_values, &b->n_alias_bytes) > VAL_MAX_DEPTH) {
        rc = fail_about(b, line, "nested too deep by alias", name);
    } else if (b->n_values + n_values > VAL_MAX_VALUES || b->n_alias_bytes > VAL_MAX_BYTES) {
        rc = fail_about(b, line, "too large by alias", name);
    }
    free(name);
    if (rc) return rc;
    b->n_values += n_values - 1;
    return place(b, rs_val_copy(v), line);
}

static enum rs_code on_key(struct builder *b, struct fy_event *e, const char *text, bool plain)
{
    struct frame *top = &b->frames[b->depth - 1];
    int line = line_of(e);
    if (e->scalar.anchor) return fail_about(b, line, "an anchor on the key", text);
    if (plain && strcmp(text, "<<") == 0)
        return fail(b, line, "merge keys ('<<') are not read, write the keys out");
    if (plain && *text == '\0') return fail(b, line, "an empty key");
    top->key = rs_xstrdup(text);
    top->key_line = line;
    return RS_OK;
}

/* Type that a tag asks for: 's' text, 0 none, '?' one that we do not know. */
static char tag_of(struct fy_token *tag)
{
    static const char core[] = "tag:yaml.org,2002:";
    if (!tag) return 0;
    size_t len = 0;
    const char *text = fy_token_get_text(tag, &len);
    if (!text) return '?';
    if (len == 1 && *text == '!') return 's';
    size_t skip = sizeof(core) - 1;
    return len == skip + 3 && memcmp(text, core, skip) == 0 && memcmp(text + skip, "str", 3) == 0
               ? 's'
               : '?';
}

static enum rs_code on_scalar(struct builder *b, struct fy_event *e)
{
    size_t len = 0;
    int line = line_of(e);
    const char *bytes = fy_token_get_text(e->scalar.value, &len);
    if (!bytes) return rs_fail(b->err, RS_ENOMEM, "%s: out of memory", b->source);
    if (memchr(bytes, '\0', len)) return fail(b, line, "a NUL character in a text");
    enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
    bool plain = style == FYSS_PLAIN;
    /* libfyaml 0.7 returns unset memory for one that starts in the first column. */
    if (b->depth == 0 && (style == FYSS_LITERAL || style == FYSS_FOLDED))
        return fail(b, line, "a block text as the whole document");
    char *text = rs_xstrndup(bytes, len);
    char tag = tag_of(e->scalar.tag);
    enum rs_code rc = RS_OK;
    if (tag == '?') {
        rc = fail_about(b, line, "a tag other than !!str on", text);
    } else if (wants_key(b)) {
        rc = on_key(b, e, text, plain && !tag);
    } else {
        struct rs_val *v = plain && !tag ? resolve(text) : rs_val_str(text);
        rc = v ? place(b, v, line) : fail_about(b, line, "not a finite number:", text);
        if (!rc) rc = add_anchor(b, e->scalar.anchor, v, line);
    }
    free(text);
    return rc;
}

static enum rs_code on_start(struct builder *b, struct fy_event *e, struct rs_val *v,
                             struct fy_token *anchor, const struct fy_token *tag)
{
    int line = line_of(e);
    const char *bad = NULL;
    if (wants_key(b)) bad = "a key that is not a text";
    if (b->depth == VAL_MAX_DEPTH) bad = "nested too deep";
    if (tag) bad = "a tag on a list or map";
    if (bad) {
        rs_val_free(v);
        return fail(b, line, bad);
    }
    enum rs_code rc = place(b, v, line);
    if (rc) return rc;
    b->frames[b->depth++] = (struct frame){.v = v};
    return add_anchor(b, anchor, v, line);
}

struct key_at {
    const char *key;
    size_t at;
};

static int by_key(const void *a, const void *b)
{
    const struct key_at *x = a;
    const struct key_at *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static enum rs_code on_end(struct builder *b)
{
    const struct rs_val *v = b->frames[--b->depth].v;
    if (v->type != RS_VAL_MAP || v->n < 2) return RS_OK;
    struct key_at *keys = rs_xalloc(v->n, sizeof(*keys));
    for (size_t i = 0; i < v->n; i++)
        keys[i] = (struct key_at){.key = v->keys[i], .at = i};
    qsort(keys, v->n, sizeof(*keys), by_key);
    enum rs_code rc = RS_OK;
    for (size_t i = 1; i < v->n && !rc; i++) {
        if (strcmp(keys[i - 1].key, keys[i].key) == 0)
            rc = fail_about(b, v->items[keys[i].at]->line, "duplicate key", keys[i].key);
    }
    free(keys);
    return rc;
}

static enum rs_code on_event(struct builder *b, struct fy_event *e)
{
    switch (e->type) {
    case FYET_DOCUMENT_START:
        return b->n_documents++ ? fail(b, line_of(e), "a second document") : RS_OK;
    case FYET_MAPPING_START:
        return on_start(b, e, rs_val_map(), e->mapping_start.anchor, e->mapping_start.tag);
    case FYET_SEQUENCE_START:
        return on_start(b, e, rs_val_list(), e->sequence_start.anchor, e->sequence_start.tag);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return on_end(b);
    case FYET_SCALAR:
        return on_scalar(b, e);
    case FYET_ALIAS:
        return on_alias(b, e);
    default:
        return RS_OK;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void no_output(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
    (void)diag, (void)user, (void)buf, (void)len; /* errors are collected instead */
}

static enum rs_code fail_syntax(struct builder *b, struct fy_diag *diag)
{
    void *at = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
    if (!e || !e->msg) return fail(b, 1, "not valid YAML");
    return fail(b, e->line > 0 ? e->line : 1, e->msg);
}

static enum rs_code read_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    for (;;) {
        struct fy_event *e = fy_parser_parse(parser);
        if (!e) return fy_parser_get_stream_error(parser) ? fail_syntax(b, diag) : RS_OK;
        enum rs_code rc = on_event(b, e);
        bool last = e->type == FYET_STREAM_END;
        fy_parser_event_free(parser, e);
        if (rc || last) return rc;
    }
}

static void builder_clear(struct builder *b)
{
    for (int i = 0; i < b->depth; i++)
        free(b->frames[i].key);
    for (int i = 0; i < b->n_anchors; i++)
        free(b->anchors[i].name);
    free(b->anchors);
    rs_val_free(b->root);
    free(b);
}

/* Control characters that YAML does not allow and libfyaml lets pass. */
static enum rs_code check_controls(const char *text, size_t len, const char *source,
                                   struct rs_err *err)
{
    int line = 1;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') line++;
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return rs_val_fail_at(err, source, line, "a control character, write it as \"\\x1f\"");
    }
    return RS_OK;
}

enum rs_code rs_yaml_parse(const char *text, size_t len, const char *source, struct rs_val **out,
                           struct rs_err *err)
{
    enum rs_code rc = rs_val_check_text(&text, &len, source, err);
    if (!rc) rc = check_controls(text, len, source, err);
    if (rc) return rc;
    struct builder *b = rs_xalloc(1, sizeof(*b));
    b->source = source;
    b->err = err;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = no_output;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    struct fy_parser *parser = NULL;
    if (diag) {
        fy_diag_set_collect_errors(diag, true);
        struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                                   .diag = diag};
        parser = fy_parser_create(&cfg);
    }
    if (!parser || fy_parser_set_string(parser, text, len) != 0) {
        rc = rs_fail(err, RS_ENOMEM, "%s: out of memory", source);
    } else {
        rc = read_events(b, parser, diag);
    }
    if (!rc) {
        bool empty = !b->root || (b->root->type == RS_VAL_NULL && b->n_values == 1);
        *out = empty ? rs_val_map() : b->root;
        if (!empty) b->root = NULL;
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    builder_clear(b);
    return rc;
}

enum rs_code rs_yaml_read(const char *path, struct rs_val **out, struct rs_err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_code rc = rs_fs_read(path, VAL_MAX_BYTES, &text, &len, err);
    if (!rc) rc = rs_yaml_parse(text, len, path, out, err);
    free(text);
    return rc;
}
