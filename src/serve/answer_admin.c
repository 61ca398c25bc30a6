/*
 * answer_admin - the commands that a request may start, and their start as jobs.
 */
#include <stdio.h>
#include <string.h>

#include "admin_impl.h"
#include "http_impl.h"
#include "rs/commands/ctx.h"
#include "rs/commands/spawn.h"

/* ---- GET /admin/commands ------------------------------------------------------------------- */

static struct rs_val *describe_command(const struct rs_cmd *cmd)
{
    static const struct {
        unsigned flag;
        const char *name;
    } flags[] = {{RS_CMD_JOB, "job"}, {RS_CMD_WRITES, "writes"}, {RS_CMD_OVERRIDES, "overrides"}};
    char slug[64];
    char path[96];
    srv_command_slug(cmd, slug);
    snprintf(path, sizeof(path), "/admin/commands/%s", slug);
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "name", cmd->name);
    rs_val_set_str(v, "path", path);
    rs_val_set_str(v, "group", cmd->group);
    rs_val_set_str(v, "summary", cmd->summary);
    rs_val_set_str(v, "detail", cmd->detail);
    struct rs_val *list = rs_val_set(v, "flags", rs_val_list());
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
        if (cmd->flags & flags[i].flag) rs_val_push(list, rs_val_str(flags[i].name));
    }
    rs_val_set(v, "arguments", srv_command_schema(cmd));
    return v;
}

enum rs_code srv_get_commands(struct srv_call *c, struct rs_err *err)
{
    struct rs_val *doc = rs_val_map();
    struct rs_val *list = rs_val_set(doc, "commands", rs_val_list());
    for (const struct rs_cmd *cmd = rs_commands; cmd->name; cmd++) {
        if (srv_command_startable(cmd)) rs_val_push(list, describe_command(cmd));
    }
    rs_json_print(doc, 0, c->out);
    rs_val_free(doc);
    return c->out->failed ? rs_fail(err, RS_ENOMEM, "no memory for the answer") : RS_OK;
}

/* ---- the command that is meant ------------------------------------------------------------- */

/* name: "model promote" or "model-promote". NULL: none that may be started; err says why. */
static const struct rs_cmd *find_command(const char *name, struct rs_err *err)
{
    const char *names[128];
    size_t n = 0;
    for (const struct rs_cmd *cmd = rs_commands; cmd->name; cmd++) {
        char slug[64];
        srv_command_slug(cmd, slug);
        if (strcmp(name, cmd->name) == 0 || strcmp(name, slug) == 0) {
            return rs_job_allowed(cmd, err) ? NULL : cmd;
        }
        if (n < 127 && srv_command_startable(cmd)) names[n++] = cmd->name;
    }
    names[n] = NULL;
    const char *near = rs_str_nearest(name, names);
    if (near) {
        rs_fail(err, RS_ENOTFOUND, "no command '%s': did you mean '%s'?", name, near);
    } else {
        rs_fail(err, RS_ENOTFOUND, "no command '%s': see /admin/commands", name);
    }
    return NULL;
}

/* ---- POST /admin/commands/{name} ----------------------------------------------------------- */

static enum rs_code put_started(struct srv_call *c, const struct rs_cmd *cmd, int64_t job,
                                struct rs_err *err)
{
    char *location = rs_arena_alloc(c->arena, 32);
    if (!location) return rs_fail(err, RS_ENOMEM, "no memory for the answer");
    snprintf(location, 32, "/jobs/%lld", (long long)job);
    c->location = location;
    struct rs_val *doc = rs_val_map();
    rs_val_set_int(doc, "job_id", job);
    rs_val_set_str(doc, "command", cmd->name);
    rs_val_set_str(doc, "job", location);
    rs_json_print(doc, 0, c->out);
    rs_val_free(doc);
    return c->out->failed ? rs_fail(err, RS_ENOMEM, "no memory for the answer") : RS_OK;
}

enum rs_code srv_post_command(struct srv_call *c, struct rs_err *err)
{
    static const struct rs_val nothing = {.type = RS_VAL_MAP};
    const struct rs_val *body = c->body ? c->body : &nothing;
    const struct rs_cmd *cmd = find_command(srv_get(c, "name")->s, err);
    struct rs_args *args = NULL;
    struct rs_store *st;
    char actor[80];
    int64_t job = 0;
    if (!cmd) return err->code;
    snprintf(actor, sizeof(actor), "token %s", c->actor);
    enum rs_code rc = srv_command_read(cmd, body, &args, err);
    if (!rc) rc = rs_ctx_store(c->ctx, &st, err);
    if (!rc) rc = rs_job_spawn(c->srv->workspace, st, cmd, args, actor, &job, err);
    if (!rc) rc = put_started(c, cmd, job, err);
    rs_args_free(args);
    return rc;
}
