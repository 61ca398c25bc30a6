/*
 * val - a tree of typed values: what JSON (jansson) and YAML (libfyaml) read into and print from.
 *
 * Configuration, results, cards and request bodies are all such trees. Maps keep the order of
 * insertion. A tree owns its children; rs_val_set and rs_val_push take ownership.
 */
#ifndef RS_BASE_VAL_H
#define RS_BASE_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/arena.h"
#include "rs/base/err.h"
#include "rs/base/str.h"

enum rs_val_type {
    RS_VAL_NULL,
    RS_VAL_BOOL,
    RS_VAL_INT,
    RS_VAL_REAL,
    RS_VAL_STR,
    RS_VAL_LIST,
    RS_VAL_MAP
};

struct rs_val {
    enum rs_val_type type;
    bool b;
    int64_t i;
    double r;
    char *s;
    struct rs_val **items; /* list and map */
    char **keys;           /* map */
    size_t n;
    size_t cap;
    int line; /* where it was read from, 1-based; 0: not from a file */
};

struct rs_val *rs_val_null(void);
struct rs_val *rs_val_bool(bool b);
struct rs_val *rs_val_int(int64_t i);
struct rs_val *rs_val_real(double r);     /* a NaN or infinity becomes null */
struct rs_val *rs_val_str(const char *s); /* NULL becomes null */
struct rs_val *rs_val_list(void);
struct rs_val *rs_val_map(void);
void rs_val_free(struct rs_val *v);
struct rs_val *rs_val_copy(const struct rs_val *v);
bool rs_val_equal(const struct rs_val *a, const struct rs_val *b); /* maps: any order */
const char *rs_val_type_name(enum rs_val_type type);               /* "integer", "text", … */

struct rs_val *rs_val_push(struct rs_val *list, struct rs_val *item); /* returns item */
/* Replaces an equal key in place; returns value. */
struct rs_val *rs_val_set(struct rs_val *map, const char *key, struct rs_val *value);
void rs_val_set_str(struct rs_val *map, const char *key, const char *s);
void rs_val_set_int(struct rs_val *map, const char *key, int64_t i);
void rs_val_set_real(struct rs_val *map, const char *key, double r);
void rs_val_set_bool(struct rs_val *map, const char *key, bool b);
bool rs_val_remove(struct rs_val *map, const char *key);              /* true if it was there */
struct rs_val *rs_val_get(const struct rs_val *map, const char *key); /* NULL if absent */
struct rs_val *rs_val_at(const struct rs_val *map, const char *path); /* "a.b.c"; NULL */
const char *rs_val_get_str(const struct rs_val *map, const char *key, const char *dflt);
int64_t rs_val_get_int(const struct rs_val *map, const char *key, int64_t dflt);
double rs_val_get_real(const struct rs_val *map, const char *key, double dflt); /* ints too */
bool rs_val_get_bool(const struct rs_val *map, const char *key, bool dflt);

/* source names the text in errors: "params.yaml:7: …". RS_EPARSE: not of the grammar or UTF-8, a
 * duplicate key, a NUL in a text, more than 16 MiB, 100 levels or a million values. An integer
 * beyond int64 becomes a number; out is written only on success. */
RS_MUST_USE enum rs_code rs_json_parse(const char *text, size_t len, const char *source,
                                       struct rs_val **out, struct rs_err *err);
/* The same text gives the same tree, or is refused with the same code, but everything comes from
 * the arena and lives until its reset: such a tree is only read, never freed, set or pushed to.
 * RS_ENOMEM: the arena is full. What an error left in the arena stays until the reset, too. */
RS_MUST_USE enum rs_code rs_json_parse_in(struct rs_arena *arena, const char *text, size_t len,
                                          const char *source, const struct rs_val **out,
                                          struct rs_err *err);
/* YAML 1.2 core schema: yes is text, 1e-4 a number; an empty document is an empty map. Aliases are
 * resolved. Refused: merge keys, tags but !!str, .inf and .nan, a second document. */
RS_MUST_USE enum rs_code rs_yaml_parse(const char *text, size_t len, const char *source,
                                       struct rs_val **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_json_read(const char *path, struct rs_val **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_yaml_read(const char *path, struct rs_val **out, struct rs_err *err);
/* One line (indent 0) or indented; doubles in their shortest exact form; no final newline. */
void rs_json_print(const struct rs_val *v, int indent, struct rs_str *out);
void rs_yaml_print(const struct rs_val *v, struct rs_str *out); /* block style, final newline */
void rs_json_quote(const char *s, struct rs_str *out);          /* "…" with escapes */
/* Indented JSON and a final newline, written whole. */
RS_MUST_USE enum rs_code rs_json_write(const char *path, const struct rs_val *v,
                                       struct rs_err *err);

#endif
