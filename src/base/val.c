/*
 * val - the tree of typed values. Maps are arrays in order of insertion: they are small.
 */
#include "rs/base/val.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/table.h"
#include "val_impl.h"

static struct rs_val *val_new(enum rs_val_type type)
{
    struct rs_val *v = rs_xalloc(1, sizeof(*v));
    v->type = type;
    return v;
}

struct rs_val *rs_val_null(void)
{
    return val_new(RS_VAL_NULL);
}

struct rs_val *rs_val_bool(bool b)
{
    struct rs_val *v = val_new(RS_VAL_BOOL);
    v->b = b;
    return v;
}

struct rs_val *rs_val_int(int64_t i)
{
    struct rs_val *v = val_new(RS_VAL_INT);
    v->i = i;
    return v;
}

struct rs_val *rs_val_real(double r)
{
    if (!isfinite(r)) return rs_val_null();
    struct rs_val *v = val_new(RS_VAL_REAL);
    v->r = r;
    return v;
}

struct rs_val *rs_val_str(const char *s)
{
    if (!s) return rs_val_null();
    struct rs_val *v = val_new(RS_VAL_STR);
    v->s = rs_xstrdup(s);
    return v;
}

struct rs_val *rs_val_list(void)
{
    return val_new(RS_VAL_LIST);
}

struct rs_val *rs_val_map(void)
{
    return val_new(RS_VAL_MAP);
}

void rs_val_free(struct rs_val *v)
{
    if (!v) return;
    for (size_t i = 0; i < v->n; i++) {
        rs_val_free(v->items[i]);
        if (v->keys) free(v->keys[i]);
    }
    free(v->items);
    free(v->keys);
    free(v->s);
    free(v);
}

static void *grow(void *old, size_t n, size_t cap)
{
    void *p = rs_xalloc(cap, sizeof(void *));
    if (n > 0) memcpy(p, old, n * sizeof(void *));
    free(old);
    return p;
}

static void reserve_one(struct rs_val *v)
{
    if (v->n < v->cap) return;
    v->cap = v->cap ? v->cap * 2 : 4;
    v->items = grow(v->items, v->n, v->cap);
    if (v->type == RS_VAL_MAP) v->keys = grow(v->keys, v->n, v->cap);
}

void rs_val_append(struct rs_val *map, const char *key, size_t key_len, struct rs_val *value)
{
    rs_assert(map->type == RS_VAL_MAP && value);
    reserve_one(map);
    map->keys[map->n] = rs_xstrndup(key, key_len);
    map->items[map->n++] = value;
}

struct rs_val *rs_val_push(struct rs_val *list, struct rs_val *item)
{
    rs_assert(list->type == RS_VAL_LIST && item);
    reserve_one(list);
    list->items[list->n++] = item;
    return item;
}

/* Position of a key given by length, or map->n. */
static size_t find(const struct rs_val *map, const char *key, size_t key_len)
{
    for (size_t i = 0; i < map->n; i++) {
        if (strncmp(map->keys[i], key, key_len) == 0 && map->keys[i][key_len] == '\0') return i;
    }
    return map->n;
}

struct rs_val *rs_val_set(struct rs_val *map, const char *key, struct rs_val *value)
{
    rs_assert(map->type == RS_VAL_MAP && value);
    size_t len = strlen(key);
    size_t at = find(map, key, len);
    if (at == map->n) {
        rs_val_append(map, key, len, value);
    } else if (map->items[at] != value) {
        rs_val_free(map->items[at]);
        map->items[at] = value;
    }
    return value;
}

void rs_val_set_str(struct rs_val *map, const char *key, const char *s)
{
    rs_val_set(map, key, rs_val_str(s));
}

void rs_val_set_int(struct rs_val *map, const char *key, int64_t i)
{
    rs_val_set(map, key, rs_val_int(i));
}

void rs_val_set_real(struct rs_val *map, const char *key, double r)
{
    rs_val_set(map, key, rs_val_real(r));
}

void rs_val_set_bool(struct rs_val *map, const char *key, bool b)
{
    rs_val_set(map, key, rs_val_bool(b));
}

bool rs_val_remove(struct rs_val *map, const char *key)
{
    if (map->type != RS_VAL_MAP) return false;
    size_t at = find(map, key, strlen(key));
    if (at == map->n) return false;
    rs_val_free(map->items[at]);
    free(map->keys[at]);
    map->n--;
    memmove(&map->items[at], &map->items[at + 1], (map->n - at) * sizeof(void *));
    memmove(&map->keys[at], &map->keys[at + 1], (map->n - at) * sizeof(void *));
    return true;
}

static struct rs_val *get(const struct rs_val *map, const char *key, size_t key_len)
{
    if (!map || map->type != RS_VAL_MAP) return NULL;
    size_t at = find(map, key, key_len);
    return at < map->n ? map->items[at] : NULL;
}

struct rs_val *rs_val_get(const struct rs_val *map, const char *key)
{
    return get(map, key, strlen(key));
}

struct rs_val *rs_val_at(const struct rs_val *map, const char *path)
{
    for (;;) {
        size_t len = strcspn(path, ".");
        struct rs_val *v = get(map, path, len);
        if (!v || path[len] == '\0') return v;
        map = v;
        path += len + 1;
    }
}

const char *rs_val_get_str(const struct rs_val *map, const char *key, const char *dflt)
{
    const struct rs_val *v = rs_val_get(map, key);
    return v && v->type == RS_VAL_STR ? v->s : dflt;
}

int64_t rs_val_get_int(const struct rs_val *map, const char *key, int64_t dflt)
{
    const struct rs_val *v = rs_val_get(map, key);
    return v && v->type == RS_VAL_INT ? v->i : dflt;
}

double rs_val_get_real(const struct rs_val *map, const char *key, double dflt)
{
    const struct rs_val *v = rs_val_get(map, key);
    if (v && v->type == RS_VAL_REAL) return v->r;
    return v && v->type == RS_VAL_INT ? (double)v->i : dflt;
}

bool rs_val_get_bool(const struct rs_val *map, const char *key, bool dflt)
{
    const struct rs_val *v = rs_val_get(map, key);
    return v && v->type == RS_VAL_BOOL ? v->b : dflt;
}

struct rs_val *rs_val_copy(const struct rs_val *v)
{
    if (!v) return NULL;
    struct rs_val *c = val_new(v->type);
    c->b = v->b;
    c->i = v->i;
    c->r = v->r;
    c->s = rs_xstrdup(v->s);
    c->line = v->line;
    for (size_t i = 0; i < v->n; i++) {
        struct rs_val *item = rs_val_copy(v->items[i]);
        if (v->type == RS_VAL_MAP) {
            rs_val_append(c, v->keys[i], strlen(v->keys[i]), item);
        } else {
            rs_val_push(c, item);
        }
    }
    return c;
}

static bool items_equal(const struct rs_val *a, const struct rs_val *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct rs_val *other = b->items[i];
        /* Maps mostly have one order: look at the same place first. */
        if (a->type == RS_VAL_MAP && strcmp(a->keys[i], b->keys[i]) != 0)
            other = rs_val_get(b, a->keys[i]);
        if (!rs_val_equal(a->items[i], other)) return false;
    }
    return true;
}

bool rs_val_equal(const struct rs_val *a, const struct rs_val *b)
{
    if (!a || !b) return a == b;
    if (a->type != b->type) return false;
    switch (a->type) {
    case RS_VAL_NULL:
        return true;
    case RS_VAL_BOOL:
        return a->b == b->b;
    case RS_VAL_INT:
        return a->i == b->i;
    case RS_VAL_REAL:
        return a->r == b->r;
    case RS_VAL_STR:
        return strcmp(a->s, b->s) == 0;
    case RS_VAL_LIST:
    case RS_VAL_MAP:
        return items_equal(a, b);
    }
    return false;
}

const char *rs_val_type_name(enum rs_val_type type)
{
    static const char *const names[] = {
        [RS_VAL_NULL] = "null",   [RS_VAL_BOOL] = "boolean", [RS_VAL_INT] = "integer",
        [RS_VAL_REAL] = "number", [RS_VAL_STR] = "text",     [RS_VAL_LIST] = "list",
        [RS_VAL_MAP] = "map",
    };
    rs_assert((size_t)type < sizeof(names) / sizeof(names[0]));
    return names[type];
}

/* ---- what the readers share ---------------------------------------------------------------- */

enum rs_code rs_val_fail_at(struct rs_err *err, const char *source, int line, const char *message)
{
    struct rs_str clean;
    rs_str_init(&clean, 0);
    rs_text_fit(message, 200, &clean);
    enum rs_code rc =
        rs_fail(err, RS_EPARSE, "%s:%d: %s", source, line > 0 ? line : 1, rs_str_text(&clean));
    rs_str_clear(&clean);
    return rc;
}

enum rs_code rs_val_check_text(const char **text, size_t *len, const char *source,
                               struct rs_err *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (*len > VAL_MAX_BYTES)
        return rs_fail(err, RS_EPARSE, "%s: larger than %d MiB", source, VAL_MAX_BYTES >> 20);
    if (*len >= 3 && memcmp(*text, bom, 3) == 0) {
        *text += 3;
        *len -= 3;
    }
    if (!memchr(*text, '\0', *len) && rs_str_utf8_valid(*text, *len)) return RS_OK;
    int line = 1;
    for (const char *p = *text, *end = p + *len; p < end; line++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        const char *stop = eol ? eol : end;
        if (memchr(p, '\0', (size_t)(stop - p)))
            return rs_val_fail_at(err, source, line, "a NUL byte");
        if (!rs_str_utf8_valid(p, (size_t)(stop - p)))
            return rs_val_fail_at(err, source, line, "not valid UTF-8");
        p = stop + 1;
    }
    return rs_val_fail_at(err, source, line, "not valid UTF-8");
}
