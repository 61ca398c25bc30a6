/*
 * find - rows of the command table by words, and the proof that the table is sound.
 */
#include <stdio.h>
#include <string.h>

#include "rs/base/conf.h"
#include "rs/base/param.h"
#include "rs/commands/command.h"
#include "rs/commands/ctx.h"

/* Does name ("run list") begin words[0..n)? Returns the words it has, or 0. */
static size_t matches(const char *name, const char *const *words, size_t n)
{
    size_t used = 0;
    while (*name) {
        size_t len = strcspn(name, " ");
        if (used >= n || strlen(words[used]) != len || memcmp(words[used], name, len) != 0) {
            return 0;
        }
        used++;
        name += len;
        name += *name == ' ';
    }
    return used;
}

const struct rs_cmd *rs_command_find(const char *const *words, size_t n, size_t *used_out)
{
    const struct rs_cmd *best = NULL;
    *used_out = 0;
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        size_t used = matches(c->name, words, n);
        if (used > *used_out) {
            best = c;
            *used_out = used;
        }
    }
    return best;
}

const struct rs_cmd *rs_command_named(const char *name)
{
    const struct rs_cmd *c = rs_commands;
    while (c->name && strcmp(c->name, name) != 0) {
        c++;
    }
    rs_assert(c->name);
    return c;
}

bool rs_command_takes(const struct rs_cmd *c, const char *arg)
{
    for (const struct rs_arg *a = c->args; a && a->name; a++) {
        if (strcmp(a->name, arg) == 0) return true;
    }
    return false;
}

struct rs_param rs_arg_param(const struct rs_arg *arg)
{
    return (struct rs_param){.name = arg->name,
                             .type = arg->type,
                             .dflt = arg->dflt,
                             .min = arg->min,
                             .max = arg->max,
                             .choices = arg->choices,
                             .help = arg->help};
}

const char *rs_command_nearest(const char *const *words, size_t n)
{
    if (n == 0) return NULL;
    const char *names[128];
    size_t count = 0;
    for (const struct rs_cmd *c = rs_commands; c->name && count < 127; c++) {
        names[count++] = c->name;
    }
    names[count] = NULL;
    char two[160];
    snprintf(two, sizeof(two), "%s%s%s", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
    const char *near = rs_str_nearest(two, names);
    return near ? near : rs_str_nearest(words[0], names);
}

/* "serving.port" of a group's table; "model" or "model." of a group with a selector. */
static bool is_key(const char *key)
{
    size_t len = strcspn(key, ".");
    for (const struct rs_conf_group *g = rs_conf_groups; g->name; g++) {
        if (strlen(g->name) != len || memcmp(g->name, key, len) != 0) continue;
        bool selects = !key[len] || !key[len + 1];
        return selects ? g->select != NULL : rs_param_find(g->table, key + len + 1) != NULL;
    }
    return false;
}

static enum rs_code check_arg(const struct rs_cmd *c, const struct rs_arg *arg, struct rs_err *err)
{
    if (!arg->help || !arg->help[0] || strlen(arg->help) > 64) {
        return rs_fail(err, RS_EARG, "%s: --%s: help of 1 to 64 columns", c->name, arg->name);
    }
    for (const struct rs_arg *b = c->args; b != arg; b++) {
        if (strcmp(b->name, arg->name) == 0 || (arg->letter && b->letter == arg->letter)) {
            return rs_fail(err, RS_EARG, "%s: --%s is there twice", c->name, arg->name);
        }
    }
    struct rs_param p = rs_arg_param(arg);
    if (arg->dflt && rs_param_check(&p, arg->dflt, err)) {
        return rs_wrap(err, "%s: default of --%s", c->name, arg->name);
    }
    if (arg->key && (!is_key(arg->key) || arg->dflt)) {
        return rs_fail(err, RS_EARG, "%s: --%s: a key that exists, and no default of its own",
                       c->name, arg->name);
    }
    return RS_OK;
}

static enum rs_code check_flags(const struct rs_cmd *c, struct rs_err *err)
{
    if (!c->run == !(c->flags & RS_CMD_DOOR)) {
        return rs_fail(err, RS_EARG, "%s: either a handler or RS_CMD_DOOR", c->name);
    }
    if ((c->flags & RS_CMD_JOB) && (c->flags & (RS_CMD_DOOR | RS_CMD_SECRET | RS_CMD_ALONE))) {
        return rs_fail(err, RS_EARG, "%s: RS_CMD_JOB, and a flag that rules jobs out", c->name);
    }
    return RS_OK;
}

enum rs_code rs_command_check(struct rs_err *err)
{
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        for (const struct rs_cmd *b = rs_commands; b != c; b++) {
            if (strcmp(b->name, c->name) == 0) {
                return rs_fail(err, RS_EARG, "%s: two commands of this name", c->name);
            }
        }
        if (!c->summary || strlen(c->summary) > 60) {
            return rs_fail(err, RS_EARG, "%s: summary of 1 to 60 columns", c->name);
        }
        bool group = false;
        for (size_t i = 0; rs_command_groups[i]; i++) {
            group |= strcmp(rs_command_groups[i], c->group) == 0;
        }
        if (!group) return rs_fail(err, RS_EARG, "%s: unknown group '%s'", c->name, c->group);
        enum rs_code rc = check_flags(c, err);
        if (rc) return rc;
        for (const struct rs_arg *arg = c->args; arg && arg->name; arg++) {
            rc = check_arg(c, arg, err);
            if (rc) return rc;
        }
    }
    return RS_OK;
}
