/*
 * ctx - one command at a time: compose its configuration, register its job, run it, close it.
 */
#include "rs/commands/ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/spawn.h"

#include "job_log.h"

#define LOCK_SLICE_MS 100 /* between looks at the cancel flag */

extern char **environ;

/* A curve that cannot be written is worth a warning, not the training. */
static void keep_metric(struct rs_ctx *ctx, const struct rs_progress *p)
{
    struct rs_err err = {0};
    rs_log(RS_LOG_INFO, "train", "step=%lld %s=%.6g", (long long)p->step, p->metric, p->value);
    if (rs_runs_add_metric(ctx->store, ctx->run_id, p->metric, p->step, p->value, &err)) {
        rs_log(RS_LOG_WARN, "train", "run=%s %s not stored: %s", ctx->run_id, p->metric, err.msg);
    }
}

/* Progress of a command goes to the door's bar, the job's row and the run's curve. */
static void on_progress(const struct rs_progress *p, void *arg)
{
    struct rs_ctx *ctx = arg;
    if (p->metric && ctx->run_id[0] && ctx->store) {
        keep_metric(ctx, p);
    }
    if (ctx->on_progress) {
        ctx->on_progress(p, ctx->progress_ctx);
    }
    if (ctx->job) {
        rs_job_progress(ctx->job, p);
        rs_job_log_flush(ctx->job_log, ctx->store);
    }
}

struct rs_ctx *rs_ctx_new(const char *workspace)
{
    struct rs_ctx *ctx = rs_xalloc(1, sizeof(*ctx));
    ctx->workspace = rs_xstrdup(workspace);
    ctx->auto_level = RS_LOG_WARN;
    ctx->task.on_progress = on_progress;
    ctx->task.ctx = ctx;
    return ctx;
}

void rs_ctx_free(struct rs_ctx *ctx)
{
    if (!ctx) return;
    rs_store_close(ctx->store);
    rs_conf_free(ctx->conf);
    free(ctx->log_level);
    free(ctx->command_line);
    free(ctx->workspace);
    free(ctx);
}

char *rs_ctx_path(const struct rs_ctx *ctx, const char *fmt, ...)
{
    char name[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    return rs_path_join(ctx->workspace, name);
}

enum rs_code rs_ctx_make_folder_of(const char *path, struct rs_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return RS_OK;
    char *dir = rs_xstrndup(path, (size_t)(slash - path));
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    free(dir);
    return rc;
}

enum rs_code rs_ctx_lock(struct rs_ctx *ctx, const char *path, int64_t wait_ms, struct rs_lock *out,
                         struct rs_err *err)
{
    int64_t deadline = rs_clock_mono_ns() + wait_ms * 1000000;
    for (;;) {
        struct rs_err busy = {0};
        enum rs_code rc = rs_lock_open(path, LOCK_SLICE_MS, out, &busy);
        if (!rc) return RS_OK;
        if (rs_task_cancelled(&ctx->task))
            return rs_fail(err, RS_ECANCEL, "stopped while another process held '%s'", path);
        if (rc != RS_EBUSY || rs_clock_mono_ns() >= deadline) {
            *err = busy;
            return rc;
        }
    }
}

static enum rs_code open_store(struct rs_ctx *ctx, unsigned flags, struct rs_store **out,
                               struct rs_err *err)
{
    if (!ctx->store) {
        char *path = rs_ctx_path(ctx, "db/recsys.db");
        enum rs_code rc = rs_store_open(path, flags, &ctx->store, err);
        free(path);
        if (rc) return rc;
    }
    *out = ctx->store;
    return RS_OK;
}

enum rs_code rs_ctx_store(struct rs_ctx *ctx, struct rs_store **out, struct rs_err *err)
{
    return open_store(ctx, RS_STORE_CREATE, out, err);
}

static const char *env_get(const char *name)
{
    return getenv(name);
}

enum rs_code rs_ctx_compose(struct rs_ctx *ctx, const struct rs_args *args, struct rs_err *err)
{
    enum rs_code rc = rs_conf_check_environment(rs_conf_groups, environ, err);
    if (rc) return rc;
    size_t n;
    char **overrides = rs_args_to_overrides(args, &n);
    struct rs_conf *conf = NULL;
    rc = rs_conf_load(rs_conf_groups, rs_conf_envs, env_get, ctx->workspace,
                      (const char *const *)overrides, n, &conf, err);
    rs_fs_list_free(overrides);
    if (rc) return rc;
    rs_conf_free(ctx->conf);
    ctx->conf = conf;
    if (!ctx->keep_log_level) rs_ctx_take_log_level(ctx);
    return RS_OK;
}

void rs_ctx_take_log_level(const struct rs_ctx *ctx)
{
    const char *said = ctx->log_level ? ctx->log_level : rs_conf_text(ctx->conf, "logging.level");
    enum rs_log_level level = ctx->auto_level;
    (void)rs_log_level_parse(said, &level); /* auto is no level */
    rs_log_set_level(level);
}

static const char *line_of(const struct rs_ctx *ctx, const struct rs_cmd *cmd)
{
    return ctx->command_line ? ctx->command_line : cmd->name;
}

/* A row of our own, or, with adopt, the one that another reserved for us: in a store that is there,
 * for one made now would stand where the other is only away. */
static enum rs_code begin_job(struct rs_ctx *ctx, const struct rs_cmd *cmd, int64_t adopt,
                              struct rs_err *err)
{
    struct rs_store *st;
    enum rs_code rc = adopt ? rs_job_allowed(cmd, err) : RS_OK;
    if (!rc) rc = open_store(ctx, adopt ? 0 : RS_STORE_CREATE, &st, err);
    if (!rc && adopt) rc = rs_job_adopt(st, adopt, &ctx->task, &ctx->job, err);
    if (!rc && !adopt)
        rc = rs_job_start(st, cmd->name, line_of(ctx, cmd), &ctx->task, &ctx->job, err);
    if (!rc) ctx->job_log = rs_job_log_open(rs_job_id(ctx->job));
    return rc;
}

static void end_job(struct rs_ctx *ctx, enum rs_code rc, const struct rs_err *err)
{
    rs_log(RS_LOG_INFO, "job", rc ? "ended: %s" : "done%s", rc ? err->msg : "");
    rs_job_log_close(ctx->job_log, ctx->store);
    ctx->job_log = NULL;
    rs_job_end(ctx->job, rc, rc ? err->msg : "");
    ctx->job = NULL;
}

/* Nobody reads what an adopted job prints: its result goes to the row, and a file for standard
 * error that holds nothing goes away. */
static void leave_result(struct rs_ctx *ctx, int64_t id, const struct rs_result *out)
{
    struct rs_str text;
    struct rs_err none = {0};
    int64_t bytes = -1;
    rs_str_init(&text, 0);
    rs_json_print(out->doc, 0, &text);
    rs_job_set_result(ctx->job, rs_str_text(&text));
    rs_str_clear(&text);
    char *path = rs_job_stderr(ctx->workspace, id);
    if (!rs_fs_size(path, &bytes, &none) && bytes == 0 && rs_fs_remove(path, &none)) {
        rs_log(RS_LOG_WARN, "job", "%s", none.msg);
    }
    free(path);
}

enum rs_code rs_ctx_run(struct rs_ctx *ctx, const struct rs_cmd *cmd, const struct rs_args *args,
                        struct rs_result *out, struct rs_err *err)
{
    rs_assert(cmd->run);
    int64_t adopt = ctx->adopt;
    ctx->adopt = 0;
    enum rs_code rc = adopt ? begin_job(ctx, cmd, adopt, err) : RS_OK;
    if (!rc && !(cmd->flags & RS_CMD_ANYWHERE)) rc = rs_ctx_compose(ctx, args, err);
    if (!rc && rs_task_cancelled(&ctx->task))
        rc = rs_fail(err, RS_ECANCEL, "%s: interrupted", cmd->name);
    if (!rc && !adopt && (cmd->flags & RS_CMD_JOB)) rc = begin_job(ctx, cmd, 0, err);
    if (!rc && ctx->job) rs_log(RS_LOG_INFO, "job", "started: %s", line_of(ctx, cmd));
    if (!rc) rc = cmd->run(ctx, args, out, err);
    if (!rc && adopt) leave_result(ctx, adopt, out);
    if (ctx->job) end_job(ctx, rc, err);
    return rc;
}

/* Another command's configuration; the running one's stays in ctx. */
static enum rs_code compose_apart(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_conf **out, struct rs_err *err)
{
    struct rs_conf *outer = ctx->conf;
    ctx->conf = NULL;
    enum rs_code rc = rs_ctx_compose(ctx, args, err);
    *out = ctx->conf;
    ctx->conf = outer;
    return rc;
}

enum rs_code rs_ctx_call(struct rs_ctx *ctx, const char *name, const char *const *words, size_t n,
                         struct rs_result *out, struct rs_err *err)
{
    const struct rs_cmd *cmd = rs_command_named(name);
    struct rs_args *args = NULL;
    struct rs_conf *conf = NULL;
    enum rs_code rc = rs_args_parse(cmd, words, n, &args, err);
    if (!rc) rc = compose_apart(ctx, args, &conf, err);
    if (!rc) {
        struct rs_conf *outer = ctx->conf;
        ctx->conf = conf;
        rc = cmd->run(ctx, args, out, err);
        ctx->conf = outer;
    }
    rs_conf_free(conf);
    rs_args_free(args);
    return rc;
}

enum rs_code rs_ctx_conf_for(struct rs_ctx *ctx, const char *name, const char *const *words,
                             size_t n, struct rs_conf **out, struct rs_err *err)
{
    struct rs_args *args = NULL;
    const struct rs_cmd *cmd = rs_command_named(name);
    enum rs_code rc = rs_args_parse(cmd, words, n, &args, err);
    if (!rc) rc = compose_apart(ctx, args, out, err);
    rs_args_free(args);
    return rc;
}
