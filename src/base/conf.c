/*
 * conf - the composed configuration: merge layers, interpolate, check against the tables.
 */
#include "rs/base/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#include "conf_impl.h"

#define MAX_INTERPOLATION 20 /* a chain longer than this is a cycle */

const struct rs_conf_group *rs_conf_find_group(const struct rs_conf *c, const char *name,
                                               size_t len)
{
    for (const struct rs_conf_group *g = c->groups; g->name; g++) {
        if (strlen(g->name) == len && memcmp(g->name, name, len) == 0) return g;
    }
    return NULL;
}

enum rs_code rs_conf_unknown_group(const struct rs_conf *c, const char *name, const char *source,
                                   struct rs_err *err)
{
    const char *names[64];
    size_t n = 0;
    for (const struct rs_conf_group *g = c->groups; g->name && n < 63; g++) {
        names[n++] = g->name;
    }
    names[n] = NULL;
    const char *near = rs_str_nearest(name, names);
    return rs_fail(err, RS_EARG, "%s: there is no group '%s'%s%s%s (see 'config schema')", source,
                   name, near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

static size_t add_names(const struct rs_param *table, const char **names, size_t n, size_t max)
{
    for (const struct rs_param *p = table; p && p->name && n + 2 < max; p++) {
        names[n++] = p->name;
        if (p->alias) {
            names[n++] = p->alias;
        }
    }
    return n;
}

enum rs_code rs_conf_unknown_key(const struct rs_conf *c, const struct rs_conf_group *g,
                                 const char *key, const char *source, struct rs_err *err)
{
    const char *names[128];
    size_t n = add_names(g->table, names, 0, 128);
    if (g->select) {
        n = add_names(g->pick(rs_conf_chosen(c, g)), names, n, 128);
    }
    names[n] = NULL;
    const char *near = rs_str_nearest(key, names);
    return rs_fail(err, RS_EARG, "%s: there is no key %s.%s%s%s%s%s%s (see 'config schema')",
                   source, g->name, key, g->select ? " of " : "",
                   g->select ? rs_conf_chosen(c, g) : "", near ? ": did you mean " : "",
                   near ? near : "", near ? "?" : "");
}

const char *rs_conf_chosen(const struct rs_conf *c, const struct rs_conf_group *g)
{
    const struct rs_val *map = c->raw ? rs_val_get(c->raw, g->name) : NULL;
    const char *said = map ? rs_val_get_str(map, g->select, NULL) : NULL;
    const struct rs_param *row = rs_param_find(g->table, g->select);
    return said ? said : row && row->dflt ? row->dflt : "";
}

const struct rs_param *rs_conf_row(const struct rs_conf *c, const struct rs_conf_group *g,
                                   const char *key)
{
    const struct rs_param *row = rs_param_find(g->table, key);
    if (row || !g->select) return row;
    const struct rs_param *table = g->pick(rs_conf_chosen(c, g));
    return table ? rs_param_find(table, key) : NULL;
}

static void set_source(struct rs_conf *c, const char *group, const char *key, const char *source)
{
    char *path = rs_xprintf("%s.%s", group, key);
    rs_val_set_str(c->sources, path, source);
    free(path);
}

void rs_conf_put(struct rs_conf *c, const struct rs_conf_group *g, const char *key,
                 const struct rs_val *value, const char *source)
{
    struct rs_val *map = rs_val_get(c->raw, g->name);
    if (!map) {
        map = rs_val_set(c->raw, g->name, rs_val_map());
    }
    bool selects = g->select && strcmp(key, g->select) == 0;
    if (selects && (value->type != RS_VAL_STR || strcmp(value->s, rs_conf_chosen(c, g)) != 0)) {
        for (size_t i = map->n; i-- > 0;) {
            if (!rs_param_find(g->table, map->keys[i])) {
                rs_val_remove(map, map->keys[i]);
            }
        }
    }
    /* An alias and its name are one key: the later layer stands. */
    const struct rs_param *row = rs_conf_row(c, g, key);
    const char *name = row ? row->name : key;
    rs_val_set(map, name, rs_val_copy(value));
    set_source(c, g->name, name, source);
}

/* ${oc.env:VAR} or ${oc.env:VAR,default}; a default may stand in quotes. */
static enum rs_code look_up_variable(const struct rs_conf *c, const char *spec, struct rs_val **out,
                                     struct rs_err *err)
{
    size_t len = strcspn(spec, ",");
    char *variable = rs_xstrndup(spec, len);
    const char *value = c->environ_get(variable);
    enum rs_code rc = RS_OK;
    if (value) {
        *out = rs_val_str(value);
    } else if (spec[len] == ',') {
        const char *dflt = spec + len + 1;
        dflt += strspn(dflt, " ");
        size_t n = strlen(dflt);
        bool quoted = n >= 2 && (dflt[0] == '\'' || dflt[0] == '"') && dflt[n - 1] == dflt[0];
        char *text = quoted ? rs_xstrndup(dflt + 1, n - 2) : rs_xstrdup(dflt);
        *out = rs_val_str(text);
        free(text);
    } else {
        rc = rs_fail(err, RS_EARG, "variable %s is not set: use ${oc.env:%s,DEFAULT}", variable,
                     variable);
    }
    free(variable);
    return rc;
}

/* What a ${…} stands for; *out is the caller's. */
static enum rs_code look_up(const struct rs_conf *c, const char *name, struct rs_val **out,
                            struct rs_err *err)
{
    if (rs_str_starts(name, "oc.env:")) return look_up_variable(c, name + 7, out, err);
    size_t len = strcspn(name, ".");
    const struct rs_conf_group *g = rs_conf_find_group(c, name, len);
    const struct rs_param *row = g && name[len] ? rs_conf_row(c, g, name + len + 1) : NULL;
    if (!row) return rs_fail(err, RS_EARG, "${%s}: there is no such key", name);
    const struct rs_val *map = rs_val_get(c->raw, g->name);
    const struct rs_val *v = map ? rs_val_get(map, row->name) : NULL;
    *out = v ? rs_val_copy(v) : rs_val_str(row->dflt);
    return RS_OK;
}

static void add_value(const struct rs_val *v, struct rs_str *out)
{
    rs_assert(v);
    if (v->type == RS_VAL_STR) {
        rs_str_add(out, v->s);
    } else if (v->type != RS_VAL_NULL) {
        rs_json_print(v, 0, out);
    }
}

/* One pass over text: every innermost ${…} replaced. A text that is one ${…} takes the value's
 * type. */
static enum rs_code expand(const struct rs_conf *c, const char *text, struct rs_val **out,
                           struct rs_err *err)
{
    struct rs_str joined;
    rs_str_init(&joined, RS_CONF_MAX_FILE);
    enum rs_code rc = RS_OK;
    const char *at = text;
    for (const char *open; !rc && (open = strstr(at, "${"));) {
        const char *close = strchr(open, '}');
        if (!close) {
            rc = rs_fail(err, RS_EARG, "'%.200s': a ${ is not closed", text);
            break;
        }
        for (const char *inner; (inner = strstr(open + 2, "${")) && inner < close;) {
            open = inner;
        }
        rs_str_addn(&joined, at, (size_t)(open - at));
        char *name = rs_xstrndup(open + 2, (size_t)(close - open - 2));
        struct rs_val *v = NULL;
        rc = look_up(c, name, &v, err);
        free(name);
        if (!rc && open == text && close[1] == '\0') {
            *out = v;
            rs_str_clear(&joined);
            return RS_OK;
        }
        if (!rc) {
            add_value(v, &joined);
        }
        rs_val_free(v);
        at = close + 1;
    }
    rs_str_add(&joined, at);
    if (!rc && joined.failed) {
        rc = rs_fail(err, RS_EARG, "it becomes longer than %d bytes", RS_CONF_MAX_FILE);
    }
    if (!rc) {
        *out = rs_val_str(rs_str_text(&joined));
    }
    rs_str_clear(&joined);
    return rc;
}

/* The value at map->items[at] with every ${…} replaced, typed as its row wants. */
static enum rs_code resolve(struct rs_conf *c, const struct rs_conf_group *g, struct rs_val *map,
                            size_t at, struct rs_err *err)
{
    const struct rs_val *said = map->items[at];
    if (said->type != RS_VAL_STR || !strstr(said->s, "${")) return RS_OK;
    struct rs_val *now = rs_val_copy(said);
    enum rs_code rc = RS_OK;
    for (int depth = 0; !rc && now->type == RS_VAL_STR && strstr(now->s, "${"); depth++) {
        struct rs_val *next = NULL;
        rc = depth < MAX_INTERPOLATION ? expand(c, now->s, &next, err)
                                       : rs_fail(err, RS_EARG, "it refers to itself");
        if (rc) break;
        rs_val_free(now);
        now = next;
        rs_assert(now);
    }
    if (!rc && now->type == RS_VAL_STR) {
        struct rs_val *typed = NULL;
        rc = rs_conf_read_text(rs_conf_row(c, g, map->keys[at]), now->s, "value", &typed, err);
        rs_val_free(now);
        now = typed;
    }
    if (rc) {
        rs_wrap(err, "'%.200s'", said->s);
        rs_val_free(now);
        return rc;
    }
    rs_val_free(map->items[at]);
    map->items[at] = now;
    return RS_OK;
}

/* ${key} and ${oc.env:VAR,default} in every text of raw. */
static enum rs_code interpolate(struct rs_conf *c, struct rs_err *err)
{
    for (size_t i = 0; i < c->raw->n; i++) {
        struct rs_val *map = c->raw->items[i];
        const char *name = c->raw->keys[i];
        const struct rs_conf_group *g = rs_conf_find_group(c, name, strlen(name));
        for (size_t j = 0; j < map->n; j++) {
            if (resolve(c, g, map, j, err)) {
                char *path = rs_xprintf("%s.%s", name, map->keys[j]);
                rs_wrap(err, "%s: %s", rs_val_get_str(c->sources, path, ""), path);
                free(path);
                return err->code;
            }
        }
    }
    return RS_OK;
}

/* One merged key into the table that has it. */
static enum rs_code check_key(struct rs_conf *c, size_t group, const char *key,
                              const struct rs_val *value, struct rs_err *err)
{
    const struct rs_conf_group *g = &c->groups[group];
    char *path = rs_xprintf("%s.%s", g->name, key);
    const char *source = rs_val_get_str(c->sources, path, "");
    struct rs_values *values =
        rs_param_find(g->table, key) ? c->main_values[group] : c->picked_values[group];
    const struct rs_param *row = values ? rs_param_find(rs_values_table(values), key) : NULL;
    enum rs_code rc;
    if (!row) {
        rc = rs_conf_unknown_key(c, g, key, source, err);
    } else {
        rc = row->type == RS_PARAM_INT_LIST && value->type == RS_VAL_STR
                 ? rs_values_set_text(values, key, value->s, err)
                 : rs_values_set_val(values, key, value, err);
        if (rc) rs_wrap(err, "%s: %s", source, g->name);
    }
    free(path);
    return rc;
}

static enum rs_code pick_table(struct rs_conf *c, size_t group, struct rs_err *err)
{
    const struct rs_conf_group *g = &c->groups[group];
    const char *chosen = rs_values_text(c->main_values[group], g->select);
    const struct rs_param *table = g->pick(chosen);
    if (!table) {
        char *path = rs_xprintf("%s.%s", g->name, g->select);
        const char *source = rs_val_get_str(c->sources, path, "built-in");
        struct rs_str known;
        rs_str_init(&known, 4096);
        if (g->list) g->list(&known);
        rs_fail(err, RS_EARG, "%s: there is no %s '%s'%s%s", source, g->name, chosen,
                known.len ? "; options: " : "", rs_str_text(&known));
        rs_str_clear(&known);
        free(path);
        return err->code;
    }
    c->picked_values[group] = rs_values_new(table);
    return RS_OK;
}

static enum rs_code check_group(struct rs_conf *c, size_t group, struct rs_err *err)
{
    const struct rs_conf_group *g = &c->groups[group];
    const struct rs_val *map = rs_val_get(c->raw, g->name);
    enum rs_code rc = RS_OK;
    c->main_values[group] = rs_values_new(g->table);
    const struct rs_val *selected = map && g->select ? rs_val_get(map, g->select) : NULL;
    if (selected) {
        rc = check_key(c, group, g->select, selected, err);
    }
    if (!rc && g->select) {
        rc = pick_table(c, group, err);
    }
    for (size_t i = 0; map && i < map->n && !rc; i++) {
        rc = check_key(c, group, map->keys[i], map->items[i], err);
    }
    return rc;
}

enum rs_code rs_conf_load(const struct rs_conf_group *groups, const struct rs_conf_env *env,
                          const char *(*environ_get)(const char *name), const char *dir,
                          const char *const *overrides, size_t n_overrides, struct rs_conf **out,
                          struct rs_err *err)
{
    size_t n = 0;
    while (groups[n].name) {
        n++;
    }
    struct rs_conf *c = rs_xalloc(1, sizeof(*c));
    *c = (struct rs_conf){.groups = groups,
                          .raw = rs_val_map(),
                          .sources = rs_val_map(),
                          .main_values = rs_xalloc(n + 1, sizeof(struct rs_values *)),
                          .picked_values = rs_xalloc(n + 1, sizeof(struct rs_values *)),
                          .dir = dir,
                          .environ_get = environ_get};
    enum rs_code rc = rs_conf_read_files(c, overrides, n_overrides, err);
    if (rc) goto done;
    rs_conf_read_environment(c, env);
    rc = rs_conf_apply_overrides(c, overrides, n_overrides, err);
    if (rc) goto done;
    rc = interpolate(c, err);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = check_group(c, i, err);
    }
    if (rc) goto done;
    c->dir = NULL; /* borrowed for the call */
    *out = c;
    c = NULL;
done:
    rs_conf_free(c);
    return rc;
}

void rs_conf_free(struct rs_conf *c)
{
    if (!c) return;
    for (size_t i = 0; c->groups[i].name; i++) {
        rs_values_free(c->main_values[i]);
        rs_values_free(c->picked_values[i]);
    }
    free(c->main_values);
    free(c->picked_values);
    rs_val_free(c->raw);
    rs_val_free(c->sources);
    free(c);
}

/* The values that hold key "group.name", and the name alone. */
static const struct rs_values *values_of(const struct rs_conf *c, const char *key,
                                         const char **name_out)
{
    size_t len = strcspn(key, ".");
    const struct rs_conf_group *g = rs_conf_find_group(c, key, len);
    rs_assert(g && key[len] == '.');
    *name_out = key + len + 1;
    size_t at = (size_t)(g - c->groups);
    return rs_param_find(g->table, *name_out) ? c->main_values[at] : c->picked_values[at];
}

int64_t rs_conf_int(const struct rs_conf *c, const char *key)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    return rs_values_int(v, name);
}

double rs_conf_real(const struct rs_conf *c, const char *key)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    return rs_values_real(v, name);
}

bool rs_conf_bool(const struct rs_conf *c, const char *key)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    return rs_values_bool(v, name);
}

const char *rs_conf_text(const struct rs_conf *c, const char *key)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    return rs_values_text(v, name);
}

const int64_t *rs_conf_ints(const struct rs_conf *c, const char *key, size_t *n_out)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    return rs_values_ints(v, name, n_out);
}

const char *rs_conf_source(const struct rs_conf *c, const char *key)
{
    const char *name;
    const struct rs_values *v = values_of(c, key, &name);
    if (!rs_values_is_set(v, name)) return "built-in";
    char *path =
        rs_xprintf("%.*s%s", (int)(name - key), key, rs_param_find(rs_values_table(v), name)->name);
    const char *source = rs_val_get_str(c->sources, path, "built-in");
    free(path);
    return source;
}

const struct rs_values *rs_conf_group(const struct rs_conf *c, const char *group)
{
    const struct rs_conf_group *g = rs_conf_find_group(c, group, strlen(group));
    rs_assert(g);
    return c->main_values[g - c->groups];
}

const struct rs_values *rs_conf_picked(const struct rs_conf *c, const char *group)
{
    const struct rs_conf_group *g = rs_conf_find_group(c, group, strlen(group));
    rs_assert(g);
    return c->picked_values[g - c->groups];
}

struct rs_val *rs_conf_tree(const struct rs_conf *c)
{
    struct rs_val *tree = rs_val_map();
    for (size_t i = 0; c->groups[i].name; i++) {
        struct rs_val *map = rs_values_to_map(c->main_values[i]);
        if (c->picked_values[i]) {
            struct rs_val *more = rs_values_to_map(c->picked_values[i]);
            for (size_t j = 0; j < more->n; j++) {
                rs_val_set(map, more->keys[j], rs_val_copy(more->items[j]));
            }
            rs_val_free(more);
        }
        rs_val_set(tree, c->groups[i].name, map);
    }
    return tree;
}

bool rs_conf_is_override(const char *text)
{
    bool marked = text[0] == '+' || text[0] == '~';
    const char *at = text + marked;
    at += text[0] == '+' && text[1] == '+';
    if (!isalpha((unsigned char)*at)) return false;
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == '.') {
        len++;
    }
    return at[len] == '=' || (text[0] == '~' && at[len] == '\0');
}
