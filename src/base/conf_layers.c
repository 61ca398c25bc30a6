/*
 * conf_layers - configuration from files, environment and command line, merged key by key.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"

#include "conf_impl.h"

static enum rs_code merge_group(struct rs_conf *c, const struct rs_conf_group *g,
                                const struct rs_val *map, const char *file, struct rs_err *err)
{
    if (map->type != RS_VAL_MAP) {
        return rs_fail(err, RS_EARG, "%s:%d: %s: expected keys with values, got %s", file,
                       map->line, g->name, rs_val_type_name(map->type));
    }
    /* The selector first: it decides which other keys belong to the group. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < map->n; i++) {
            bool selector = g->select && strcmp(map->keys[i], g->select) == 0;
            if (selector != (pass == 0)) continue;
            char *source = rs_xprintf("%s:%d", file, map->items[i]->line);
            rs_conf_put(c, g, map->keys[i], map->items[i], source);
            free(source);
        }
    }
    return RS_OK;
}

/* defaults: may the tree have a list of them? It is not a group. */
static enum rs_code merge_tree(struct rs_conf *c, const struct rs_val *tree, const char *file,
                               bool defaults, struct rs_err *err)
{
    if (tree->type != RS_VAL_MAP) {
        return rs_fail(err, RS_EARG, "%s: expected groups of keys, got %s", file,
                       rs_val_type_name(tree->type));
    }
    for (size_t i = 0; i < tree->n; i++) {
        const char *name = tree->keys[i];
        if (defaults && strcmp(name, "defaults") == 0) continue;
        const struct rs_conf_group *g = rs_conf_find_group(c, name, strlen(name));
        if (!g) {
            char source[600];
            snprintf(source, sizeof(source), "%s:%d", file, tree->items[i]->line);
            return rs_conf_unknown_group(c, name, source, err);
        }
        enum rs_code rc = merge_group(c, g, tree->items[i], file, err);
        if (rc) return rc;
    }
    return RS_OK;
}

/* Parse dir/name where it is there; *out NULL where it is not. Errors name the short path. */
static enum rs_code read_yaml(const struct rs_conf *c, const char *name, struct rs_val **out,
                              struct rs_err *err)
{
    char *path = rs_path_join(c->dir, name);
    *out = NULL;
    enum rs_code rc = RS_OK;
    if (rs_fs_exists(path)) {
        char *text = NULL;
        size_t len = 0;
        rc = rs_fs_read(path, RS_CONF_MAX_FILE, &text, &len, err);
        if (!rc) {
            rc = rs_yaml_parse(text, len, name, out, err);
        }
        free(text);
    }
    free(path);
    return rc;
}

/* Names of configs/<group>/<name>.yaml, for an error. */
static void list_options(const struct rs_conf *c, const struct rs_conf_group *g, struct rs_str *out)
{
    char *sub = rs_xprintf("configs/%s", g->name);
    char *dir = rs_path_join(c->dir, sub);
    char **names = NULL;
    struct rs_err none = {0};
    if (!rs_fs_list(dir, &names, &none)) {
        for (char **n = names; *n; n++) {
            char *option = rs_xstrndup(*n, strlen(*n) - (rs_str_ends(*n, ".yaml") ? 5 : 0));
            if (rs_str_ends(*n, ".yaml") && !(g->pick && g->pick(option))) {
                rs_str_addf(out, "%s%s", out->len ? ", " : "", option);
            }
            free(option);
        }
        rs_fs_list_free(names);
    }
    free(dir);
    free(sub);
}

/* group=option: the option's file, and the selector where the group has one. */
static enum rs_code load_option(struct rs_conf *c, const struct rs_conf_group *g,
                                const char *option, const char *source, struct rs_err *err)
{
    if (!option[0] || strpbrk(option, "/\\") || option[0] == '.') {
        return rs_fail(err, RS_EARG, "%s: %s=%s is not the name of an option", source, g->name,
                       option);
    }
    char *name = rs_xprintf("configs/%s/%s.yaml", g->name, option);
    struct rs_val *tree = NULL;
    enum rs_code rc = read_yaml(c, name, &tree, err);
    bool selects = g->select && g->pick && g->pick(option);
    if (!rc && selects) {
        struct rs_val *chosen = rs_val_str(option);
        rs_conf_put(c, g, g->select, chosen, source);
        rs_val_free(chosen);
    }
    if (!rc && tree) {
        rc = merge_group(c, g, tree, name, err);
    } else if (!rc && !selects) {
        struct rs_str known;
        rs_str_init(&known, 4096);
        if (g->list) g->list(&known);
        list_options(c, g, &known);
        struct rs_str what;
        rs_str_init(&what, 4096);
        if (g->pick) rs_str_addf(&what, "there is no %s '%s' and no ", g->name, option);
        if (!g->pick) rs_str_addf(&what, "%s=%s: there is no ", g->name, option);
        rc = rs_fail(err, RS_EARG, "%s: %s%s%s%s", source, rs_str_text(&what), name,
                     known.len ? "; options: " : "", rs_str_text(&known));
        rs_str_clear(&what);
        rs_str_clear(&known);
    }
    rs_val_free(tree);
    free(name);
    return rc;
}

/* The option that the command line gives a group in place of the defaults list's, or NULL. */
static const char *overridden(const char *group, const char *const *overrides, size_t n)
{
    const char *found = NULL;
    size_t len = strlen(group);
    for (size_t i = 0; i < n; i++) {
        const char *at = overrides[i] + strspn(overrides[i], "+");
        if (strncmp(at, group, len) == 0 && at[len] == '=') {
            found = at + len + 1;
        }
    }
    return found;
}

static enum rs_code load_default(struct rs_conf *c, const struct rs_val *entry,
                                 const char *const *overrides, size_t n, struct rs_err *err)
{
    const char *file = "configs/config.yaml";
    if (entry->type != RS_VAL_MAP || entry->n != 1 || entry->items[0]->type != RS_VAL_STR) {
        return rs_fail(err, RS_EARG, "%s:%d: defaults: expected '- group: option' or '- _self_'",
                       file, entry->line);
    }
    const char *name = entry->keys[0];
    char source[600];
    snprintf(source, sizeof(source), "%s:%d", file, entry->line);
    const struct rs_conf_group *g = rs_conf_find_group(c, name, strlen(name));
    if (!g) return rs_conf_unknown_group(c, name, source, err);
    const char *said = overridden(name, overrides, n);
    return load_option(c, g, said ? said : entry->items[0]->s, said ? "command line" : source, err);
}

static bool in_defaults(const struct rs_val *defaults, const char *group)
{
    for (size_t i = 0; defaults && i < defaults->n; i++) {
        const struct rs_val *entry = defaults->items[i];
        if (entry->type == RS_VAL_MAP && rs_val_get(entry, group)) return true;
    }
    return false;
}

/* Options that the command line gives to groups with a selector stand here, below params.yaml,
 * also where the defaults list does not have the group. */
static enum rs_code load_chosen(struct rs_conf *c, const struct rs_val *defaults,
                                const char *const *overrides, size_t n, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    for (const struct rs_conf_group *g = c->groups; g->name && !rc; g++) {
        const char *said = g->select ? overridden(g->name, overrides, n) : NULL;
        if (said && !in_defaults(defaults, g->name)) {
            rc = load_option(c, g, said, "command line", err);
        }
    }
    return rc;
}

static enum rs_code read_config_yaml(struct rs_conf *c, const char *const *overrides, size_t n,
                                     struct rs_err *err)
{
    struct rs_val *tree = NULL;
    enum rs_code rc = read_yaml(c, "configs/config.yaml", &tree, err);
    if (rc) return rc;
    if (!tree) return load_chosen(c, NULL, overrides, n, err);
    const struct rs_val *defaults = tree->type == RS_VAL_MAP ? rs_val_get(tree, "defaults") : NULL;
    bool self_done = false;
    if (defaults && defaults->type != RS_VAL_LIST) {
        rc = rs_fail(err, RS_EARG, "configs/config.yaml:%d: defaults: expected a list, got %s",
                     defaults->line, rs_val_type_name(defaults->type));
    }
    for (size_t i = 0; !rc && defaults && i < defaults->n; i++) {
        const struct rs_val *entry = defaults->items[i];
        if (entry->type == RS_VAL_STR && strcmp(entry->s, "_self_") == 0) {
            rc = merge_tree(c, tree, "configs/config.yaml", true, err);
            self_done = true;
        } else {
            rc = load_default(c, entry, overrides, n, err);
        }
    }
    if (!rc && !self_done) {
        rc = merge_tree(c, tree, "configs/config.yaml", true, err);
    }
    if (!rc) {
        rc = load_chosen(c, defaults, overrides, n, err);
    }
    rs_val_free(tree);
    return rc;
}

enum rs_code rs_conf_read_files(struct rs_conf *c, const char *const *overrides, size_t n,
                                struct rs_err *err)
{
    enum rs_code rc = read_config_yaml(c, overrides, n, err);
    if (rc) return rc;
    struct rs_val *params = NULL;
    rc = read_yaml(c, "params.yaml", &params, err);
    if (!rc && params) {
        rc = merge_tree(c, params, "params.yaml", false, err);
    }
    rs_val_free(params);
    return rc;
}

enum rs_code rs_conf_read_text(const struct rs_param *row, const char *text, const char *source,
                               struct rs_val **out, struct rs_err *err)
{
    size_t len = strlen(text);
    bool quoted = len >= 2 && (text[0] == '\'' || text[0] == '"');
    bool words = row && (row->type == RS_PARAM_TEXT || row->type == RS_PARAM_CHOICE);
    if (strcmp(text, "null") == 0) {
        *out = rs_val_null();
        return RS_OK;
    }
    if (len == 0 || (words && !quoted)) {
        *out = rs_val_str(text);
        return RS_OK;
    }
    if (text[0] == '[' || quoted || !strpbrk(text, ":#{}&*!|>'\"%@`")) {
        struct rs_err none = {0};
        enum rs_code rc = rs_yaml_parse(text, len, source, out, &none);
        if (!rc && (*out)->type != RS_VAL_MAP) return RS_OK;
        if (!rc) {
            rs_val_free(*out);
        } else if (text[0] == '[' || quoted) {
            *err = none;
            return rc;
        }
    }
    *out = rs_val_str(text);
    return RS_OK;
}

static void put_environment(struct rs_conf *c, const struct rs_conf_group *g, const char *key,
                            const char *variable)
{
    const char *value = c->environ_get(variable);
    if (!value || !value[0]) return;
    struct rs_val *v = NULL;
    struct rs_err none = {0};
    char *source = rs_xprintf("environment %s", variable);
    if (rs_conf_read_text(rs_conf_row(c, g, key), value, source, &v, &none)) {
        v = rs_val_str(value); /* the check says what is wrong with it */
    }
    rs_conf_put(c, g, key, v, source);
    rs_val_free(v);
    free(source);
}

static void read_table_environment(struct rs_conf *c, const struct rs_conf_group *g,
                                   const struct rs_param *table)
{
    for (const struct rs_param *p = table; p && p->name; p++) {
        char *variable = rs_xprintf("RECSYS_%s__%s", g->name, p->name);
        for (char *at = variable; *at; at++) {
            *at = (char)toupper((unsigned char)*at);
        }
        put_environment(c, g, p->name, variable);
        free(variable);
    }
}

/* Is key in the group's table, or in that of any option that could be picked? */
static bool any_table_has(const struct rs_conf_group *g, const char *key)
{
    if (rs_param_find(g->table, key)) return true;
    if (!g->select || !g->list) return false;
    struct rs_str options;
    rs_str_init(&options, 4096);
    g->list(&options);
    bool found = false;
    for (const char *at = rs_str_text(&options); *at && !found;) {
        size_t len = strcspn(at, ", ");
        char *option = rs_xstrndup(at, len);
        const struct rs_param *table = g->pick(option);
        found = table && rs_param_find(table, key);
        free(option);
        at += len + strspn(at + len, ", ");
    }
    rs_str_clear(&options);
    return found;
}

enum rs_code rs_conf_check_environment(const struct rs_conf_group *groups, char *const *variables,
                                       struct rs_err *err)
{
    const struct rs_conf c = {.groups = groups};
    for (; *variables; variables++) {
        size_t len = strcspn(*variables, "=");
        const char *split = strstr(*variables, "__");
        if (!rs_str_starts(*variables, "RECSYS_") || !split || split > *variables + len) continue;
        char *name = rs_xstrndup(*variables, len);
        char *lower = rs_xstrndup(*variables + 7, len - 7);
        for (char *at = lower; *at; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
        char *key = strstr(lower, "__");
        *key = '\0';
        key += 2;
        char *source = rs_xprintf("environment %s", name);
        const struct rs_conf_group *g = rs_conf_find_group(&c, lower, strlen(lower));
        enum rs_code rc = RS_OK;
        if (!g) {
            rc = rs_conf_unknown_group(&c, lower, source, err);
        } else if (!any_table_has(g, key)) {
            rc = rs_conf_unknown_key(&c, g, key, source, err);
        }
        free(source);
        free(lower);
        free(name);
        if (rc) return rc;
    }
    return RS_OK;
}

void rs_conf_read_environment(struct rs_conf *c, const struct rs_conf_env *env)
{
    for (const struct rs_conf_env *e = env; e && e->variable; e++) {
        size_t len = strcspn(e->key, ".");
        const struct rs_conf_group *g = rs_conf_find_group(c, e->key, len);
        rs_assert(g && e->key[len] == '.');
        put_environment(c, g, e->key + len + 1, e->variable);
    }
    for (const struct rs_conf_group *g = c->groups; g->name; g++) {
        read_table_environment(c, g, g->table);
        if (!g->select) continue;
        read_table_environment(c, g, g->pick(rs_conf_chosen(c, g)));
    }
}

/* One override taken apart. */
struct said {
    bool remove;
    const struct rs_conf_group *g;
    char *key; /* NULL: an option of the group */
    const char *value;
};

static enum rs_code read_override(const struct rs_conf *c, const char *text, struct said *out,
                                  struct rs_err *err)
{
    bool remove = text[0] == '~';
    const char *at = text + (text[0] == '+' || remove);
    at += text[0] == '+' && text[1] == '+';
    size_t key_len = strcspn(at, "=");
    size_t group_len = strcspn(at, ".=");
    char group[128];
    snprintf(group, sizeof(group), "%.*s", (int)group_len, at);
    const struct rs_conf_group *g = rs_conf_find_group(c, at, group_len);
    if (!g) return rs_conf_unknown_group(c, group, "command line", err);
    bool option = group_len == key_len;
    if (option && remove) {
        return rs_fail(err, RS_EARG, "command line: %s: say which key: ~%s.KEY", text, group);
    }
    *out = (struct said){.remove = remove,
                         .g = g,
                         .key = option ? NULL
                                       : rs_xstrndup(at + group_len + 1, key_len - group_len - 1),
                         .value = at[key_len] == '=' ? at + key_len + 1 : ""};
    return RS_OK;
}

static enum rs_code apply_option(struct rs_conf *c, const struct said *s, struct rs_err *err)
{
    rs_assert(s->g);
    /* Already composed below params.yaml: what stands above the option's file keeps standing. */
    bool holds =
        s->g->select && s->g->pick(s->value) && strcmp(rs_conf_chosen(c, s->g), s->value) == 0;
    return holds ? RS_OK : load_option(c, s->g, s->value, "command line", err);
}

static enum rs_code apply_key(struct rs_conf *c, const struct said *s, struct rs_err *err)
{
    const struct rs_param *row = rs_conf_row(c, s->g, s->key);
    if (s->remove) {
        struct rs_val *map = rs_val_get(c->raw, s->g->name);
        if (!row) return rs_conf_unknown_key(c, s->g, s->key, "command line", err);
        if (map) {
            rs_val_remove(map, row->name);
        }
        return RS_OK;
    }
    struct rs_val *v = NULL;
    enum rs_code rc = rs_conf_read_text(row, s->value, "command line", &v, err);
    if (rc) return rc;
    rs_conf_put(c, s->g, s->key, v, "command line");
    rs_val_free(v);
    return RS_OK;
}

enum rs_code rs_conf_apply_overrides(struct rs_conf *c, const char *const *overrides, size_t n,
                                     struct rs_err *err)
{
    /* Options of groups first, then selectors, then keys: the order they are said in is free. */
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < n; i++) {
            struct said s = {0};
            enum rs_code rc = read_override(c, overrides[i], &s, err);
            if (rc) return rc;
            bool selects = s.key && !s.remove && rs_str_eq(s.key, s.g->select);
            int rank = !s.key ? 0 : selects ? 1 : 2;
            if (rank == pass) {
                rc = rank == 0 ? apply_option(c, &s, err) : apply_key(c, &s, err);
            }
            free(s.key);
            if (rc) return rc;
        }
    }
    return RS_OK;
}
