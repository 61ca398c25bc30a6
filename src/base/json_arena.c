/*
 * json_arena - JSON into an arena: the reader for request bodies.
 *
 * It takes what rs_json_parse takes and gives the same values; what it refuses it refuses alike.
 * Lists and maps that are still open stand on a stack of fixed size: nothing recurses, and memory
 * comes from the arena alone. Keys of large maps are found by a keyed hash, so that no choice of
 * keys makes reading slow.
 */
#include <sodium.h>
#include <string.h>

#include "json_impl.h"
#include "rs/base/arena.h"

enum { FEW_KEYS = 16 }; /* are compared one by one */

/* A list or map that is not closed yet. */
struct frame {
    struct rs_val *v;
    char *key;       /* of the value that comes next */
    uint32_t *slots; /* place in keys + 1 by hash, or 0; NULL while there are few keys */
    size_t n_slots;  /* a power of two, at least twice the keys */
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
};

struct reader {
    struct json_lexer lx;
    int64_t n_values;
    int depth;
    struct frame *stack; /* [VAL_MAX_DEPTH] */
};

static bool is_punct(const struct reader *rd, char c)
{
    return rd->lx.kind == TOKEN_PUNCT && *rd->lx.token == c;
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
    f->slots = rs_arena_alloc(rd->lx.arena, f->n_slots * sizeof(*f->slots));
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
            if (strcmp(v->keys[i], key) == 0)
                return rs_json_fail_near(&rd->lx, "duplicate object key");
        }
        return RS_OK;
    }
    if (!f->slots) randombytes_buf(f->hash_key, sizeof(f->hash_key));
    if ((!f->slots || v->n * 2 >= f->n_slots) && !grow_table(rd, f))
        return rs_json_no_memory(&rd->lx);
    uint32_t *slot = find_slot(f, key);
    if (*slot) return rs_json_fail_near(&rd->lx, "duplicate object key");
    /* The key is appended with its value; until then nobody looks. */
    *slot = (uint32_t)v->n + 1;
    return RS_OK;
}

/* The token is a key: it, the colon, and the first token of its value. */
static enum rs_code read_key(struct reader *rd)
{
    struct frame *f = &rd->stack[rd->depth - 1];
    if (rd->lx.kind != TOKEN_TEXT) return rs_json_fail_near(&rd->lx, "string or '}' expected");
    if (rd->lx.has_nul)
        return rs_val_fail_at(rd->lx.err, rd->lx.source, rd->lx.line, "a NUL character in a text");
    f->key = rd->lx.text;
    enum rs_code rc = claim_key(rd, f, f->key);
    if (!rc) rc = rs_json_next(&rd->lx);
    if (!rc && !is_punct(rd, ':')) rc = rs_json_fail_near(&rd->lx, "':' expected");
    return rc ? rc : rs_json_next(&rd->lx);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool grow(struct reader *rd, struct rs_val *v)
{
    size_t cap = v->cap ? v->cap * 2 : 4;
    bool map = v->type == RS_VAL_MAP;
    struct rs_val **items = rs_arena_alloc(rd->lx.arena, cap * sizeof(void *));
    char **keys = map ? rs_arena_alloc(rd->lx.arena, cap * sizeof(void *)) : NULL;
    if (!items || (map && !keys)) return false;
    if (v->n > 0) memcpy(items, v->items, v->n * sizeof(void *));
    if (v->n > 0 && map) memcpy(keys, v->keys, v->n * sizeof(void *));
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
        [TOKEN_TEXT] = RS_VAL_STR, [TOKEN_INT] = RS_VAL_INT, [TOKEN_REAL] = RS_VAL_REAL};
    bool list = is_punct(rd, '[');
    bool map = is_punct(rd, '{');
    if (rd->lx.kind == TOKEN_BAD) return rs_json_fail_near(&rd->lx, "invalid token");
    if (rd->lx.kind == TOKEN_END || (rd->lx.kind == TOKEN_PUNCT && !list && !map))
        return rs_json_fail_near(&rd->lx, "unexpected token");
    if (rd->lx.kind == TOKEN_TEXT && rd->lx.has_nul)
        return rs_val_fail_at(rd->lx.err, rd->lx.source, rd->lx.line, "a NUL character in a text");
    if (++rd->n_values > VAL_MAX_VALUES)
        return rs_fail(rd->lx.err, RS_EPARSE, "%s:%d: more than %d values", rd->lx.source,
                       rd->lx.line, VAL_MAX_VALUES);
    if ((list || map) && rd->depth == VAL_MAX_DEPTH)
        return rs_fail(rd->lx.err, RS_EPARSE, "%s:%d: nested deeper than %d", rd->lx.source,
                       rd->lx.line, VAL_MAX_DEPTH);
    struct rs_val *v = rs_arena_alloc(rd->lx.arena, sizeof(*v));
    if (!v) return rs_json_no_memory(&rd->lx);
    *v = (struct rs_val){.line = rd->lx.line};
    if (rd->lx.kind == TOKEN_PUNCT) {
        v->type = list ? RS_VAL_LIST : RS_VAL_MAP;
    } else if (rd->lx.kind == TOKEN_WORD) {
        v->type = *rd->lx.token == 'n' ? RS_VAL_NULL : RS_VAL_BOOL;
        v->b = *rd->lx.token == 't';
    } else {
        v->type = types[rd->lx.kind];
        if (v->type == RS_VAL_STR) v->s = rd->lx.text;
        if (v->type == RS_VAL_INT) v->i = rd->lx.i;
        if (v->type == RS_VAL_REAL) v->r = rd->lx.r;
    }
    *out = v;
    return RS_OK;
}

/* The list or map v was begun: on to its first value, unless it is empty (*closed_out). */
static enum rs_code open_container(struct reader *rd, struct rs_val *v, bool *closed_out)
{
    enum rs_code rc = rs_json_next(&rd->lx);
    *closed_out = !rc && is_punct(rd, v->type == RS_VAL_LIST ? ']' : '}');
    if (rc || *closed_out) return rc;
    if (rd->lx.kind == TOKEN_END && v->type == RS_VAL_LIST)
        return rs_json_fail_near(&rd->lx, "']' expected");
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
        if (!append(rd, f, v)) return rs_json_no_memory(&rd->lx);
        enum rs_code rc = rs_json_next(&rd->lx);
        if (rc) return rc;
        if (is_punct(rd, ',')) {
            rc = rs_json_next(&rd->lx);
            if (!rc && list && rd->lx.kind == TOKEN_END)
                rc = rs_json_fail_near(&rd->lx, "']' expected");
            return rc || list ? rc : read_key(rd);
        }
        if (!is_punct(rd, list ? ']' : '}'))
            return rs_json_fail_near(&rd->lx, list ? "']' expected" : "'}' expected");
        v = f->v;
        rd->depth--;
    }
    enum rs_code rc = rs_json_next(&rd->lx);
    if (!rc && rd->lx.kind != TOKEN_END) rc = rs_json_fail_near(&rd->lx, "end of file expected");
    if (!rc) *root_out = v;
    return rc;
}

enum rs_code rs_json_parse_in(struct rs_arena *arena, const char *text, size_t len,
                              const char *source, const struct rs_val **out, struct rs_err *err)
{
    enum rs_code rc = rs_val_check_text(&text, &len, source, err);
    if (rc) return rc;
    struct frame stack[VAL_MAX_DEPTH]; /* written where a frame is opened */
    struct reader rd = {.stack = stack};
    rd.lx = (struct json_lexer){
        .arena = arena, .source = source, .err = err, .p = text, .end = text + len, .line = 1};
    struct rs_val *root = NULL;
    rc = rs_json_next(&rd.lx);
    while (!rc && !root) {
        struct rs_val *v = NULL;
        bool closed = true;
        rc = read_value(&rd, &v);
        rs_assert(rc || v);
        if (!rc && v->type >= RS_VAL_LIST) rc = open_container(&rd, v, &closed);
        if (!rc && closed) rc = close_value(&rd, v, &root);
    }
    if (!rc) *out = root;
    return rc;
}
