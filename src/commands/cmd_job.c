/*
 * cmd_job - what runs and what ran: list, one job, its log, cancel, wait.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/store/jobs.h"

#include "cells.h"

enum { FACT_COLUMNS = 100 }; /* of a value that people see; --json has all of it */

static double share_of(const struct rs_job *j)
{
    return j->total > 0 ? 100 * j->done / j->total : j->state == RS_JOB_DONE ? 100 : 0;
}

static struct rs_val *job_val(const struct rs_job *j)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "job_id", j->id);
    rs_val_set_str(v, "kind", j->kind);
    rs_val_set_str(v, "command", j->command);
    rs_val_set_str(v, "state", rs_job_state_name(j->state));
    rs_val_set_int(v, "pid", j->pid);
    rs_val_set_str(v, "run_id", j->run_id);
    rs_val_set_int(v, "started_ms", j->started_ms);
    rs_val_set_int(v, "beat_ms", j->beat_ms);
    rs_val_set(v, "ended_ms", j->ended_ms ? rs_val_int(j->ended_ms) : rs_val_null());
    rs_val_set_real(v, "done", j->done);
    rs_val_set_real(v, "total", j->total);
    rs_val_set_str(v, "what", j->what);
    rs_val_set_str(v, "message", j->message);
    return v;
}

static void add_job(struct rs_table *t, const struct rs_job *j)
{
    int64_t end = j->ended_ms ? j->ended_ms : rs_clock_now_ms();
    char time[32];
    rs_clock_format_duration((double)(end - j->started_ms) / 1000, time, sizeof(time));
    rs_table_row(t);
    rs_table_int(t, j->id);
    rs_table_str(t, j->kind);
    rs_table_str(t, rs_job_state_name(j->state));
    rs_table_real(t, share_of(j));
    rs_table_str(t, time);
    rs_cell_time(t, j->started_ms);
    rs_table_str(t, j->message[0] ? j->message : j->command);
}

static struct rs_table *job_table(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "job", NULL, RS_RIGHT, 0);
    rs_table_column(t, "kind", NULL, RS_LEFT, 0);
    rs_table_column(t, "state", NULL, RS_LEFT, 0);
    rs_table_column(t, "percent", "%", RS_RIGHT, 0);
    rs_table_column(t, "time", NULL, RS_LEFT, 0);
    rs_table_column(t, "started", NULL, RS_LEFT, 0);
    rs_table_column(t, "note", "command or last word", RS_LEFT, 0);
    return t;
}

enum rs_code rs_cmd_job_list(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_store *st;
    struct rs_job *jobs = NULL;
    size_t n = 0;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_jobs_list(st, rs_args_int(args, "limit"), &jobs, &n, err);
    }
    if (rc) return rc;
    struct rs_val *list = rs_result_set(out, "jobs", rs_val_list());
    struct rs_table *t = job_table();
    for (size_t i = 0; i < n; i++) {
        rs_val_push(list, job_val(&jobs[i]));
        add_job(t, &jobs[i]);
        rs_job_clear(&jobs[i]);
    }
    rs_result_table(out, NULL, NULL, t);
    free(jobs);
    return RS_OK;
}

/* What the job says of itself, a map, the caller's. NULL: RS_EDAMAGED in err. */
static struct rs_val *read_detail(const struct rs_job *j, struct rs_err *err)
{
    struct rs_val *v = NULL;
    struct rs_err cause = {0};
    enum rs_code rc = rs_json_parse(j->detail, strlen(j->detail), "detail", &v, &cause);
    if (!rc && v->type == RS_VAL_MAP) return v;
    rs_val_free(v);
    rs_fail(err, RS_EDAMAGED, "job %lld: its row is damaged: %s", (long long)j->id,
            rc ? cause.msg : "detail is not a map");
    return NULL;
}

/* People's view of a map: a line a key. */
static void show_facts(struct rs_result *out, const char *heading, const struct rs_val *map)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "what", "", RS_LEFT, 0);
    rs_table_column(t, "value", "", RS_LEFT, 0);
    for (size_t i = 0; i < map->n; i++) {
        const struct rs_val *v = map->items[i];
        struct rs_str json;
        struct rs_str fit;
        rs_str_init(&json, 0);
        rs_str_init(&fit, 0);
        if (v->type != RS_VAL_STR) rs_json_print(v, 0, &json);
        rs_text_fit(v->type == RS_VAL_STR ? v->s : rs_str_text(&json), FACT_COLUMNS, &fit);
        rs_table_row(t);
        rs_table_str(t, map->keys[i]);
        rs_table_str(t, rs_str_text(&fit));
        rs_str_clear(&fit);
        rs_str_clear(&json);
    }
    rs_result_table(out, NULL, heading, t);
}

static enum rs_code show_job(struct rs_result *out, const struct rs_job *j, struct rs_err *err)
{
    struct rs_val *detail = read_detail(j, err);
    if (!detail) return err->code;
    rs_val_free(out->doc);
    out->doc = job_val(j);
    struct rs_table *t = job_table();
    add_job(t, j);
    rs_result_table(out, NULL, NULL, t);
    rs_result_say(out, "%s", j->command);
    const struct rs_val *result = rs_val_get(detail, "result");
    if (result) {
        if (result->type == RS_VAL_MAP) show_facts(out, "result", result);
        rs_result_set(out, "result", rs_val_copy(result));
    } else if (detail->n > 0) {
        show_facts(out, "detail", detail);
        rs_result_set(out, "detail", rs_val_copy(detail));
    }
    rs_val_free(detail);
    return RS_OK;
}

enum rs_code rs_cmd_job_show(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_store *st;
    struct rs_job j = {0};
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_jobs_get(st, rs_args_int(args, "job"), &j, err);
    }
    if (rc) return rc;
    rc = show_job(out, &j, err);
    rs_job_clear(&j);
    return rc;
}

enum rs_code rs_cmd_job_log(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                            struct rs_err *err)
{
    struct rs_store *st;
    struct rs_job j = {0};
    struct rs_val *lines = NULL;
    int64_t id = rs_args_int(args, "job");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_jobs_get(st, id, &j, err);
    }
    if (rc) return rc;
    bool serves = strcmp(j.kind, "serve") == 0;
    rs_job_clear(&j);
    rc = rs_log_read(st, id, rs_args_int(args, "limit"), &lines, err);
    if (rc) return rc;
    for (size_t i = 0; i < lines->n; i++) {
        const struct rs_val *l = lines->items[i];
        char time[32];
        rs_clock_format(rs_val_get_int(l, "time_ms", 0), time, sizeof(time));
        rs_result_say(out, "%s %-5s %s %s", time, rs_val_get_str(l, "level", ""),
                      rs_val_get_str(l, "event", ""), rs_val_get_str(l, "text", ""));
    }
    if (lines->n == 0) {
        rs_result_say(out,
                      serves ? "job %lld is a server: what it says goes to its standard error"
                             : "job %lld said nothing",
                      (long long)id);
    }
    rs_val_set_int(out->doc, "job_id", id);
    rs_result_set(out, "log", lines);
    return RS_OK;
}

enum rs_code rs_cmd_job_cancel(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    int64_t id = rs_args_int(args, "job");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) {
        rc = rs_jobs_cancel(st, id, err);
    }
    if (rc) return rc;
    rs_val_set_int(out->doc, "job_id", id);
    rs_result_say(out, "job %lld was asked to stop ('job wait %lld' tells when it has)",
                  (long long)id, (long long)id);
    return RS_OK;
}

enum rs_code rs_cmd_job_wait(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    struct rs_store *st;
    int64_t id = rs_args_int(args, "job");
    int64_t limit_ns = rs_args_int(args, "timeout") * 1000000000;
    int64_t begun = rs_clock_mono_ns();
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    while (!rc) {
        struct rs_job j = {0};
        rc = rs_jobs_get(st, id, &j, err);
        if (rc) break;
        bool ended = j.state != RS_JOB_RUNNING;
        if (ended) {
            rc = show_job(out, &j, err);
            out->exit_status = j.state == RS_JOB_DONE ? 0 : 1;
        }
        rs_job_clear(&j);
        if (ended || rc) break;
        if (rs_task_cancelled(&ctx->task)) {
            rc = rs_fail(err, RS_ECANCEL, "job wait: interrupted; job %lld goes on", (long long)id);
        } else if (limit_ns && rs_clock_mono_ns() - begun > limit_ns) {
            rc = rs_fail(err, RS_EBUSY, "job %lld still runs after %lld s", (long long)id,
                         (long long)(limit_ns / 1000000000));
        } else {
            rs_clock_sleep_ms(100);
        }
    }
    return rc;
}
