/*
 * args - words of a command line, or a JSON object, read through a command's argument table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/conf.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/command.h"

struct slot {
    bool given;
    char **texts; /* as said; one, or several where repeated */
    size_t n;
    int64_t *ints; /* of an integer list */
    size_t n_ints;
};

struct rs_args {
    const struct rs_cmd *cmd;
    struct slot *slots; /* one an argument of the table */
    size_t n_slots;
    char **overrides;
    size_t n_overrides;
};

static const struct rs_arg no_args[] = {{.name = NULL}};

static const struct rs_arg *table_of(const struct rs_cmd *cmd)
{
    return cmd->args ? cmd->args : no_args;
}

static size_t table_size(const struct rs_arg *table)
{
    size_t n = 0;
    while (table[n].name) {
        n++;
    }
    return n;
}

void rs_args_free(struct rs_args *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->n_slots; i++) {
        rs_fs_list_free(a->slots[i].texts);
        free(a->slots[i].ints);
    }
    free(a->slots);
    rs_fs_list_free(a->overrides);
    free(a);
}

/* Appends a text to a NULL-ended list, and owns it. */
static void push_own(char ***list, size_t *n, char *text)
{
    char **grown = rs_xalloc(*n + 2, sizeof(*grown));
    for (size_t i = 0; i < *n; i++) {
        grown[i] = (*list)[i];
    }
    grown[*n] = text;
    free(*list);
    *list = grown;
    (*n)++;
}

static void push(char ***list, size_t *n, const char *text)
{
    push_own(list, n, rs_xstrdup(text));
}

/* Check and keep one value said for an argument. */
static enum rs_code take(struct rs_args *a, size_t at, const char *text, struct rs_err *err)
{
    const struct rs_arg *arg = &table_of(a->cmd)[at];
    struct slot *s = &a->slots[at];
    if (s->given && !(arg->flags & RS_ARG_REPEAT)) {
        return rs_fail(err, RS_EARG, "%s: --%s is given twice", a->cmd->name, arg->name);
    }
    struct rs_param p = rs_arg_param(arg);
    char shown[64];
    snprintf(shown, sizeof(shown), "--%s", arg->name);
    p.name = shown;
    if (rs_param_check(&p, text, err)) return rs_wrap(err, "%s", a->cmd->name);
    push(&s->texts, &s->n, text);
    s->given = true;
    return RS_OK;
}

static int find_long(const struct rs_arg *table, const char *name, size_t len)
{
    for (int i = 0; table[i].name; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) return i;
    }
    return -1;
}

static int find_short(const struct rs_arg *table, char letter)
{
    for (int i = 0; table[i].name; i++) {
        if (table[i].letter && table[i].letter == letter) return i;
    }
    return -1;
}

static const char *nearest(const struct rs_cmd *cmd, const char *name)
{
    const struct rs_arg *table = table_of(cmd);
    const char *names[64];
    size_t n = 0;
    for (; n < 63 && table[n].name; n++) {
        names[n] = table[n].name;
    }
    names[n] = NULL;
    return rs_str_nearest(name, names);
}

static enum rs_code fail_unknown(const struct rs_cmd *cmd, const char *word, struct rs_err *err)
{
    char bare[64];
    snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = word[1] == '-' ? nearest(cmd, bare) : NULL;
    if (near) {
        return rs_fail(err, RS_EARG, "%s: unknown option '%s': did you mean --%s? (see 'help %s')",
                       cmd->name, word, near, cmd->name);
    }
    return rs_fail(err, RS_EARG, "%s: unknown option '%s' (see 'help %s')", cmd->name, word,
                   cmd->name);
}

/* An option word at words[*i]; moves *i past what it used. */
static enum rs_code take_option(struct rs_args *a, const char *const *words, size_t n, size_t *i,
                                struct rs_err *err)
{
    const struct rs_arg *table = table_of(a->cmd);
    const char *word = words[*i];
    const char *value = NULL;
    int at;
    bool negated = false;
    if (word[1] == '-') {
        const char *name = word + 2;
        size_t len = strcspn(name, "=");
        value = name[len] == '=' ? name + len + 1 : NULL;
        at = find_long(table, name, len);
        if (at < 0 && !value && len > 3 && memcmp(name, "no-", 3) == 0) {
            at = find_long(table, name + 3, len - 3);
            negated = at >= 0 && table[at].type == RS_PARAM_BOOL;
            if (!negated) {
                at = -1;
            }
        }
    } else {
        at = find_short(table, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (at < 0) return fail_unknown(a->cmd, word, err);
    (*i)++;
    if (table[at].type == RS_PARAM_BOOL && !value) {
        return take(a, (size_t)at, negated ? "false" : "true", err);
    }
    if (!value) {
        if (*i >= n) {
            return rs_fail(err, RS_EARG, "%s: --%s needs a value: %s", a->cmd->name, table[at].name,
                           table[at].help);
        }
        value = words[(*i)++];
    }
    return take(a, (size_t)at, value, err);
}

static enum rs_code take_plain(struct rs_args *a, const char *word, struct rs_err *err)
{
    if ((a->cmd->flags & RS_CMD_OVERRIDES) && rs_conf_is_override(word)) {
        push(&a->overrides, &a->n_overrides, word);
        return RS_OK;
    }
    const struct rs_arg *table = table_of(a->cmd);
    for (size_t i = 0; table[i].name; i++) {
        if (!(table[i].flags & RS_ARG_POSITIONAL)) continue;
        if (a->slots[i].given && !(table[i].flags & RS_ARG_REPEAT)) continue;
        return take(a, i, word, err);
    }
    return rs_fail(err, RS_EARG, "%s: unexpected argument '%s' (see 'help %s')", a->cmd->name, word,
                   a->cmd->name);
}

static enum rs_code parse_ints(struct slot *s, const char *text, struct rs_err *err)
{
    struct rs_param row = {.name = "list", .type = RS_PARAM_INT_LIST, .dflt = NULL, .help = "-"};
    struct rs_param table[2] = {row, {.name = NULL}};
    struct rs_values *v = rs_values_new(table);
    enum rs_code rc = rs_values_set_text(v, "list", text, err);
    if (rc) goto done;
    const int64_t *ints = rs_values_ints(v, "list", &s->n_ints);
    s->ints = rs_xalloc(s->n_ints + 1, sizeof(*s->ints));
    if (s->n_ints) memcpy(s->ints, ints, s->n_ints * sizeof(*ints));
done:
    rs_values_free(v);
    return rc;
}

/* Defaults for what was not said; required arguments must be there. */
static enum rs_code finish(struct rs_args *a, struct rs_err *err)
{
    const struct rs_arg *table = table_of(a->cmd);
    for (size_t i = 0; table[i].name; i++) {
        struct slot *s = &a->slots[i];
        if (s->n == 0 && table[i].dflt) {
            push(&s->texts, &s->n, table[i].dflt);
        }
        if (s->n == 0 && !(table[i].flags & RS_ARG_OPTIONAL)) {
            bool positional = table[i].flags & RS_ARG_POSITIONAL;
            return rs_fail(err, RS_EARG, "%s: %s%s is missing: %s (see 'help %s')", a->cmd->name,
                           positional ? "" : "--",
                           positional && table[i].value ? table[i].value : table[i].name,
                           table[i].help, a->cmd->name);
        }
        if (s->n > 0 && table[i].type == RS_PARAM_INT_LIST) {
            enum rs_code rc = parse_ints(s, s->texts[0], err);
            if (rc) return rc;
        }
    }
    return RS_OK;
}

static struct rs_args *args_new(const struct rs_cmd *cmd)
{
    struct rs_args *a = rs_xalloc(1, sizeof(*a));
    a->cmd = cmd;
    a->n_slots = table_size(table_of(cmd));
    a->slots = rs_xalloc(a->n_slots + 1, sizeof(*a->slots));
    return a;
}

enum rs_code rs_args_parse(const struct rs_cmd *cmd, const char *const *words, size_t n,
                           struct rs_args **out, struct rs_err *err)
{
    struct rs_args *a = args_new(cmd);
    enum rs_code rc = RS_OK;
    bool options = true;
    for (size_t i = 0; i < n && !rc;) {
        const char *w = words[i];
        if (options && strcmp(w, "--") == 0) {
            options = false;
            i++;
        } else if (options && w[0] == '-' && w[1] && !(w[1] >= '0' && w[1] <= '9')) {
            rc = take_option(a, words, n, &i, err);
        } else {
            rc = take_plain(a, w, err);
            i++;
        }
    }
    if (!rc) {
        rc = finish(a, err);
    }
    if (rc) {
        rs_args_free(a);
        return rc;
    }
    *out = a;
    return RS_OK;
}

static enum rs_code take_val(struct rs_args *a, size_t at, const struct rs_val *v,
                             struct rs_err *err)
{
    if (v->type == RS_VAL_STR) return take(a, at, v->s, err);
    if (v->type == RS_VAL_LIST || v->type == RS_VAL_MAP || v->type == RS_VAL_NULL) {
        return rs_fail(err, RS_EARG, "%s: '%s' is %s, expected a plain value", a->cmd->name,
                       table_of(a->cmd)[at].name, rs_val_type_name(v->type));
    }
    struct rs_str text;
    rs_str_init(&text, 4096);
    rs_json_print(v, 0, &text);
    enum rs_code rc = take(a, at, rs_str_text(&text), err);
    rs_str_clear(&text);
    return rc;
}

static enum rs_code take_overrides(struct rs_args *a, const struct rs_val *list, struct rs_err *err)
{
    if (list->type != RS_VAL_LIST) {
        return rs_fail(err, RS_EARG, "%s: overrides are %s, expected a list of key=value",
                       a->cmd->name, rs_val_type_name(list->type));
    }
    for (size_t i = 0; i < list->n; i++) {
        const struct rs_val *o = list->items[i];
        if (o->type != RS_VAL_STR || !rs_conf_is_override(o->s)) {
            return rs_fail(err, RS_EARG, "%s: overrides[%zu] is not key=value", a->cmd->name, i);
        }
        push(&a->overrides, &a->n_overrides, o->s);
    }
    return RS_OK;
}

static enum rs_code take_ints(struct rs_args *a, size_t at, const struct rs_val *list,
                              struct rs_err *err)
{
    struct rs_str text;
    rs_str_init(&text, 1 << 16);
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < list->n && !rc; i++) {
        const struct rs_val *v = list->items[i];
        if (v->type == RS_VAL_INT) {
            rs_str_addf(&text, i ? ",%lld" : "%lld", (long long)v->i);
        } else {
            rc = rs_fail(err, RS_EARG, "%s: %s[%zu] is %s, expected an integer", a->cmd->name,
                         table_of(a->cmd)[at].name, i, rs_val_type_name(v->type));
        }
    }
    if (!rc) {
        rc = take(a, at, rs_str_text(&text), err);
    }
    rs_str_clear(&text);
    return rc;
}

static enum rs_code take_member(struct rs_args *a, const char *key, const struct rs_val *v,
                                struct rs_err *err)
{
    if (strcmp(key, "overrides") == 0 && (a->cmd->flags & RS_CMD_OVERRIDES)) {
        return take_overrides(a, v, err);
    }
    int at = find_long(table_of(a->cmd), key, strlen(key));
    if (at < 0) {
        const char *near = nearest(a->cmd, key);
        return rs_fail(err, RS_EARG, "%s: unknown argument '%.60s'%s%s%s (see 'help %s')",
                       a->cmd->name, key, near ? ": did you mean " : "", near ? near : "",
                       near ? "?" : "", a->cmd->name);
    }
    if (v->type != RS_VAL_LIST) return take_val(a, (size_t)at, v, err);
    if (table_of(a->cmd)[at].type == RS_PARAM_INT_LIST) return take_ints(a, (size_t)at, v, err);
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < v->n && !rc; i++) {
        rc = take_val(a, (size_t)at, v->items[i], err);
    }
    return rc;
}

enum rs_code rs_args_from_val(const struct rs_cmd *cmd, const struct rs_val *map,
                              struct rs_args **out, struct rs_err *err)
{
    if (map->type != RS_VAL_MAP) {
        return rs_fail(err, RS_EARG, "%s: arguments are %s, expected an object", cmd->name,
                       rs_val_type_name(map->type));
    }
    struct rs_args *a = args_new(cmd);
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < map->n && !rc; i++) {
        rc = take_member(a, map->keys[i], map->items[i], err);
    }
    if (!rc) {
        rc = finish(a, err);
    }
    if (rc) {
        rs_args_free(a);
        return rc;
    }
    *out = a;
    return RS_OK;
}

const struct rs_cmd *rs_args_command(const struct rs_args *a)
{
    return a->cmd;
}

char **rs_args_to_words(const struct rs_args *a)
{
    const struct rs_arg *table = table_of(a->cmd);
    char **words = rs_xalloc(1, sizeof(*words));
    size_t n = 0;
    for (size_t i = 0; table[i].name; i++) {
        for (size_t j = 0; a->slots[i].given && j < a->slots[i].n; j++) {
            push_own(&words, &n, rs_xprintf("--%s=%s", table[i].name, a->slots[i].texts[j]));
        }
    }
    for (size_t i = 0; i < a->n_overrides; i++) {
        push_own(&words, &n, rs_xstrdup(a->overrides[i]));
    }
    return words;
}

char **rs_args_to_overrides(const struct rs_args *a, size_t *n_out)
{
    const struct rs_arg *table = table_of(a->cmd);
    char **list = rs_xalloc(1, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; table[i].name; i++) {
        const char *key = table[i].key;
        const char *joint = key && rs_str_ends(key, ".") ? "" : "=";
        for (size_t j = 0; key && a->slots[i].given && j < a->slots[i].n; j++) {
            push_own(&list, &n, rs_xprintf("%s%s%s", key, joint, a->slots[i].texts[j]));
        }
    }
    for (size_t i = 0; i < a->n_overrides; i++) {
        push_own(&list, &n, rs_xstrdup(a->overrides[i]));
    }
    *n_out = n;
    return list;
}

static struct slot *slot_of(const struct rs_args *a, const char *name)
{
    int at = find_long(table_of(a->cmd), name, strlen(name));
    rs_assert(at >= 0);
    return &a->slots[at];
}

bool rs_args_given(const struct rs_args *a, const char *name)
{
    return slot_of(a, name)->given;
}

bool rs_args_has(const struct rs_args *a, const char *name)
{
    return slot_of(a, name)->n > 0;
}

const char *rs_args_text(const struct rs_args *a, const char *name)
{
    const struct slot *s = slot_of(a, name);
    return s->n ? s->texts[0] : NULL;
}

int64_t rs_args_int(const struct rs_args *a, const char *name)
{
    int64_t v = 0;
    const char *text = rs_args_text(a, name);
    if (text) {
        rs_str_to_i64(text, &v);
    }
    return v;
}

double rs_args_real(const struct rs_args *a, const char *name)
{
    double v = 0;
    const char *text = rs_args_text(a, name);
    if (text) {
        rs_str_to_double(text, &v);
    }
    return v;
}

bool rs_args_bool(const struct rs_args *a, const char *name)
{
    bool v = false;
    const char *text = rs_args_text(a, name);
    if (text) {
        rs_str_to_bool(text, &v);
    }
    return v;
}

const int64_t *rs_args_ints(const struct rs_args *a, const char *name, size_t *n_out)
{
    const struct slot *s = slot_of(a, name);
    *n_out = s->n_ints;
    return s->ints;
}

size_t rs_args_count(const struct rs_args *a, const char *name)
{
    return slot_of(a, name)->n;
}

const char *rs_args_nth(const struct rs_args *a, const char *name, size_t i)
{
    const struct slot *s = slot_of(a, name);
    return i < s->n ? s->texts[i] : NULL;
}

const char *const *rs_args_overrides(const struct rs_args *a, size_t *n_out)
{
    *n_out = a->n_overrides;
    return (const char *const *)a->overrides;
}
