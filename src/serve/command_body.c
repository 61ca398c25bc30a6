/*
 * command_body - the body that starts a command: as JSON Schema, and read.
 *
 * A body is checked for what JSON and REST ask (types as they are, lengths, files inside the
 * workspace), then by the command's own table, so a job starts only with arguments that its command
 * line would take. The schema allows what is taken and nothing else; a test compares the two.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "admin_impl.h"
#include "rs/commands/spawn.h"

bool srv_command_startable(const struct rs_cmd *cmd)
{
    struct rs_err ignored = {0};
    return rs_job_allowed(cmd, &ignored) == RS_OK;
}

void srv_command_slug(const struct rs_cmd *cmd, char out[64])
{
    snprintf(out, 64, "%s", cmd->name);
    for (char *c = out; *c; c++) {
        if (*c == ' ') *c = '-';
    }
}

/* Versions may be said as an .rsm file. */
static bool may_be_file(const struct rs_arg *arg)
{
    return arg->complete == RS_COMPLETE_FILE || arg->complete == RS_COMPLETE_VERSION;
}

/* ---- as JSON Schema ---------------------------------------------------------------------- */

static void set_default(struct rs_val *schema, const char *key, int64_t value)
{
    if (!rs_val_get(schema, key)) rs_val_set_int(schema, key, value);
}

/* A number that JSON can say and int64 can hold. */
static void bound_int(struct rs_val *schema)
{
    set_default(schema, "minimum", INT64_MIN);
    set_default(schema, "maximum", INT64_MAX);
}

/* Ids and versions are texts that may be said as integers. */
static void describe_text(const struct rs_arg *arg, struct rs_val *schema)
{
    struct rs_val *types = rs_val_set(schema, "type", rs_val_list());
    rs_val_push(types, rs_val_str("string"));
    rs_val_push(types, rs_val_str("integer"));
    bound_int(schema);
    rs_val_set_int(schema, "maxLength", SRV_ARG_CHARS);
    rs_val_set_str(schema, "pattern", may_be_file(arg) ? SRV_PATTERN_FILE : SRV_PATTERN_TEXT);
}

static struct rs_val *list_of(struct rs_val *items, bool required)
{
    struct rs_val *list = rs_val_map();
    rs_val_set_str(list, "type", "array");
    rs_val_set(list, "items", items);
    if (required) rs_val_set_int(list, "minItems", 1);
    rs_val_set_int(list, "maxItems", SRV_ARG_ITEMS);
    return list;
}

static bool is_required(const struct rs_arg *arg)
{
    return !arg->dflt && !(arg->flags & RS_ARG_OPTIONAL);
}

static struct rs_val *describe(const struct rs_arg *arg)
{
    const struct rs_param table[2] = {rs_arg_param(arg), {.name = NULL}};
    struct rs_val *all = rs_param_schema(table);
    struct rs_val *schema = rs_val_copy(rs_val_get(rs_val_get(all, "properties"), arg->name));
    rs_val_free(all);
    if (arg->type == RS_PARAM_TEXT) describe_text(arg, schema);
    if (arg->type == RS_PARAM_INT) bound_int(schema);
    if (arg->type == RS_PARAM_INT_LIST) {
        bound_int(rs_val_get(schema, "items"));
        rs_val_set_int(schema, "maxItems", SRV_ARG_ITEMS);
    }
    if (!(arg->flags & RS_ARG_REPEAT)) return schema;
    struct rs_val *list = list_of(schema, is_required(arg));
    rs_val_set_str(list, "description", arg->help);
    rs_val_remove(schema, "description");
    return list;
}

static struct rs_val *describe_overrides(void)
{
    struct rs_val *one = rs_val_map();
    rs_val_set_str(one, "type", "string");
    rs_val_set_int(one, "maxLength", SRV_ARG_CHARS);
    rs_val_set_str(one, "pattern", SRV_PATTERN_OVERRIDE);
    struct rs_val *list = list_of(one, false);
    rs_val_set_str(list, "description",
                   "changes of the configuration: group=option, key.path=value");
    return list;
}

struct rs_val *srv_command_schema(const struct rs_cmd *cmd)
{
    struct rs_val *schema = rs_val_map();
    struct rs_val *required = rs_val_list();
    rs_val_set_str(schema, "type", "object");
    struct rs_val *properties = rs_val_set(schema, "properties", rs_val_map());
    for (const struct rs_arg *arg = cmd->args; arg && arg->name; arg++) {
        if (arg->flags & RS_ARG_HIDDEN) continue;
        rs_val_set(properties, arg->name, describe(arg));
        if (is_required(arg)) rs_val_push(required, rs_val_str(arg->name));
    }
    if (cmd->flags & RS_CMD_OVERRIDES) rs_val_set(properties, "overrides", describe_overrides());
    if (required->n) {
        rs_val_set(schema, "required", required);
    } else {
        rs_val_free(required);
    }
    rs_val_set_bool(schema, "additionalProperties", false);
    return schema;
}

/* ---- read ------------------------------------------------------ */

/* An address, or a relative path none of whose parts is empty or begins with a dot. */
static bool is_inside(const char *s)
{
    if (rs_str_starts(s, "http://")) return s[7];
    if (rs_str_starts(s, "https://")) return s[8];
    for (;;) {
        if (*s == '.' || *s == '/' || !*s) return false;
        s += strcspn(s, "/");
        if (!*s) return true;
        s++;
    }
}

static enum rs_code check_text(const char *name, const char *s, bool file, struct rs_err *err)
{
    if (rs_str_utf8_count(s) > SRV_ARG_CHARS) {
        return rs_fail(err, RS_EARG, "%s: %zu characters: at most %d were expected", name,
                       rs_str_utf8_count(s), SRV_ARG_CHARS);
    }
    if (file && !is_inside(s)) {
        return rs_fail(err, RS_EARG,
                       "%s: '%.80s' may be outside the workspace: a relative path "
                       "without .. was expected",
                       name, s);
    }
    return RS_OK;
}

static enum rs_code check_one(const struct rs_arg *arg, const struct rs_val *v, struct rs_err *err)
{
    static const struct {
        unsigned types; /* bits 1 << RS_VAL_… */
        const char *expected;
    } kinds[] = {
        [RS_PARAM_BOOL] = {1U << RS_VAL_BOOL, "true or false"},
        [RS_PARAM_INT] = {1U << RS_VAL_INT, "an integer"},
        [RS_PARAM_REAL] = {1U << RS_VAL_INT | 1U << RS_VAL_REAL, "a number"},
        [RS_PARAM_TEXT] = {1U << RS_VAL_STR | 1U << RS_VAL_INT, "a text"},
        [RS_PARAM_CHOICE] = {1U << RS_VAL_STR, "a text"},
        [RS_PARAM_INT_LIST] = {1U << RS_VAL_LIST, "a list of integers"},
    };
    if (!(kinds[arg->type].types & 1U << v->type)) {
        return rs_fail(err, RS_EARG, "%s: it is %s: %s was expected", arg->name,
                       rs_val_type_name(v->type), kinds[arg->type].expected);
    }
    return v->type == RS_VAL_STR ? check_text(arg->name, v->s, may_be_file(arg), err) : RS_OK;
}

static enum rs_code check_count(const char *name, const struct rs_val *list, struct rs_err *err)
{
    if (list->type != RS_VAL_LIST) {
        return rs_fail(err, RS_EARG, "%s: it is %s: a list was expected", name,
                       rs_val_type_name(list->type));
    }
    if (list->n <= SRV_ARG_ITEMS) return RS_OK;
    return rs_fail(err, RS_EARG, "%s: %zu elements: at most %d were expected", name, list->n,
                   SRV_ARG_ITEMS);
}

static enum rs_code check_argument(const struct rs_arg *arg, const struct rs_val *v,
                                   struct rs_err *err)
{
    if (arg->flags & RS_ARG_HIDDEN) {
        return rs_fail(err, RS_EARG, "%s: it is not said over REST", arg->name);
    }
    if (!(arg->flags & RS_ARG_REPEAT)) {
        enum rs_code rc = check_one(arg, v, err);
        return rc || v->type != RS_VAL_LIST ? rc : check_count(arg->name, v, err);
    }
    enum rs_code rc = check_count(arg->name, v, err);
    for (size_t i = 0; !rc && i < v->n; i++) {
        rc = check_one(arg, v->items[i], err);
    }
    return rc;
}

static enum rs_code check_overrides(const struct rs_val *list, struct rs_err *err)
{
    enum rs_code rc = check_count("overrides", list, err);
    for (size_t i = 0; !rc && i < list->n; i++) {
        if (list->items[i]->type == RS_VAL_STR) {
            rc = check_text("overrides", list->items[i]->s, false, err);
        }
    }
    return rc;
}

/* Names that the command lacks are left to rs_args_from_val. */
static enum rs_code check_body(const struct rs_cmd *cmd, const struct rs_val *body,
                               struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    for (size_t i = 0; !rc && i < body->n; i++) {
        const struct rs_arg *arg = cmd->args;
        while (arg && arg->name && strcmp(arg->name, body->keys[i]) != 0) {
            arg++;
        }
        if (arg && arg->name) {
            rc = check_argument(arg, body->items[i], err);
        } else if (strcmp(body->keys[i], "overrides") == 0) {
            rc = check_overrides(body->items[i], err);
        }
    }
    return rc;
}

/* JSON's 10.0 is the integer 10, as far as doubles are exact. */
static void make_whole(struct rs_val *v)
{
    if (v->type != RS_VAL_REAL || v->r != trunc(v->r) || fabs(v->r) > 9007199254740992.0) return;
    v->type = RS_VAL_INT;
    v->i = (int64_t)v->r;
}

enum rs_code srv_command_read(const struct rs_cmd *cmd, const struct rs_val *body,
                              struct rs_args **out, struct rs_err *err)
{
    struct rs_val *plain = rs_val_copy(body);
    for (size_t i = 0; i < plain->n; i++) {
        make_whole(plain->items[i]);
        for (size_t j = 0; j < plain->items[i]->n; j++) {
            make_whole(plain->items[i]->items[j]);
        }
    }
    enum rs_code rc = check_body(cmd, plain, err);
    if (!rc) rc = rs_args_from_val(cmd, plain, out, err);
    rs_val_free(plain);
    return rc;
}
