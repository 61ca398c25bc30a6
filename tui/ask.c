/*
 * ask - questions that many views have: a command's result, a command as a job.
 */
#include <stdlib.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/spawn.h"
#include "work.h"

struct saying {
    const struct rs_cmd *cmd;
    char **words; /* NULL-ended */
    size_t n;
};

static struct saying *saying_new(const char *name, const char *const *words)
{
    struct saying *s = rs_xalloc(1, sizeof(*s));
    size_t n = 0;
    while (words && words[n]) {
        n++;
    }
    s->cmd = rs_command_named(name);
    s->n = n;
    s->words = rs_xalloc(n + 1, sizeof(*s->words));
    for (size_t i = 0; i < n; i++) {
        s->words[i] = rs_xstrdup(words[i]);
    }
    return s;
}

static void saying_free(void *in)
{
    struct saying *s = in;
    rs_fs_list_free(s->words);
    free(s);
}

void tui_result_free(void *result)
{
    if (!result) return;
    rs_result_clear(result);
    free(result);
}

static enum rs_code run_command(struct tui_work *w, struct rs_err *err)
{
    const struct saying *s = w->in;
    if (!s->cmd->run || (s->cmd->flags & RS_CMD_DOOR))
        return rs_fail(err, RS_EREFUSED, "%s: not a command of the console", s->cmd->name);
    if (s->cmd->flags & RS_CMD_JOB)
        return rs_fail(err, RS_EREFUSED, "%s: runs as a job, start it as one", s->cmd->name);
    struct rs_result *r = rs_xalloc(1, sizeof(*r));
    rs_result_init(r);
    w->out = r;
    return rs_ctx_call(w->ctx, s->cmd->name, (const char *const *)s->words, s->n, r, err);
}

void tui_ask_command(struct tui_worker *w, int view, int kind, const char *name,
                     const char *const *words)
{
    struct saying *s = saying_new(name, words);
    unsigned flags = TUI_WORK_PURE; /* the call composes its own configuration */
    if (s->cmd->flags & RS_CMD_WRITES) flags |= TUI_WORK_ACT;
    tui_worker_submit_as(w, flags, view, kind, run_command, s, saying_free, tui_result_free);
}

static enum rs_code start_job(struct tui_work *w, struct rs_err *err)
{
    const struct saying *s = w->in;
    struct rs_args *args = NULL;
    struct rs_store *st;
    int64_t id = 0;
    enum rs_code rc = rs_args_parse(s->cmd, (const char *const *)s->words, s->n, &args, err);
    if (!rc) rc = rs_ctx_store(w->ctx, &st, err);
    if (!rc) rc = rs_job_spawn(w->ctx->workspace, st, s->cmd, args, NULL, &id, err);
    rs_args_free(args);
    if (rc) return rc;
    int64_t *out = rs_xalloc(1, sizeof(*out));
    *out = id;
    w->out = out;
    return RS_OK;
}

void tui_start_job(struct tui_worker *w, int view, int kind, const char *name,
                   const char *const *words)
{
    tui_worker_submit_as(w, TUI_WORK_PURE | TUI_WORK_ACT, view, kind, start_job,
                         saying_new(name, words), saying_free, free);
}
