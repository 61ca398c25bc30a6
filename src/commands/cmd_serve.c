/*
 * cmd_serve - the running servers of a workspace, from their rows: what they do, and how they stop.
 *
 * The server itself (`serve`) is a door; this sees it as any process that shares the store does.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/store/jobs.h"

#define DRAIN_MARGIN_S 5 /* threads and files, after the drain */

struct servers {
    struct rs_job *rows;
    size_t n;
};

static void clear_servers(struct servers *s)
{
    for (size_t i = 0; i < s->n; i++) {
        rs_job_clear(&s->rows[i]);
    }
    free(s->rows);
    *s = (struct servers){0};
}

/* Those that run, newest first; with job not 0 only that one. */
static enum rs_code find_servers(struct rs_store *st, int64_t job, struct servers *out,
                                 struct rs_err *err)
{
    struct rs_job *all = NULL;
    size_t n = 0;
    enum rs_code rc = rs_jobs_list(st, 0, &all, &n, err);
    if (rc) return rc;
    *out = (struct servers){.rows = all};
    for (size_t i = 0; i < n; i++) {
        bool runs = all[i].state == RS_JOB_RUNNING && strcmp(all[i].kind, "serve") == 0;
        if (runs && (job == 0 || all[i].id == job)) {
            struct rs_job found = all[i];
            all[i] = all[out->n];
            all[out->n++] = found;
        }
    }
    for (size_t i = out->n; i < n; i++) {
        rs_job_clear(&all[i]);
    }
    return RS_OK;
}

/* What a server says of itself; an empty map before its first beat. */
static struct rs_val *detail_of(const struct rs_job *j)
{
    struct rs_val *v = NULL;
    struct rs_err none = {0};
    if (rs_json_parse(j->detail, strlen(j->detail), "detail", &v, &none) || v->type != RS_VAL_MAP) {
        rs_val_free(v);
        v = rs_val_map();
    }
    return v;
}

static void describe_server(const struct rs_job *j, struct rs_val *into, struct rs_table *t)
{
    struct rs_val *d = detail_of(j);
    rs_val_set_int(into, "job_id", j->id);
    rs_val_set_int(into, "pid", j->pid);
    rs_val_set_int(into, "started_ms", j->started_ms);
    rs_val_set_int(into, "beat_ms", j->beat_ms);
    for (size_t i = 0; i < d->n; i++) {
        rs_val_set(into, d->keys[i], rs_val_copy(d->items[i]));
    }
    char up[32];
    rs_clock_format_duration((double)(rs_clock_now_ms() - j->started_ms) / 1000, up, sizeof(up));
    rs_table_row(t);
    rs_table_int(t, j->id);
    rs_table_str(t, rs_val_get_str(d, "address", "starting"));
    const struct rs_val *version = rs_val_get(d, "version");
    if (version && version->type == RS_VAL_INT) {
        rs_table_int(t, version->i);
    } else {
        rs_table_str(t, "none");
    }
    rs_table_real(t, rs_val_get_real(d, "requests_per_s", 0));
    rs_table_real(t, rs_val_get_real(d, "p50_ms", 0));
    rs_table_real(t, rs_val_get_real(d, "p99_ms", 0));
    rs_table_real(t, 100 * rs_val_get_real(d, "fallback_share", 0));
    rs_table_str(t, up);
    rs_val_free(d);
}

enum rs_code rs_cmd_serve_status(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    struct servers s = {0};
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = find_servers(st, 0, &s, err);
    if (rc) return rc;
    struct rs_val *list = rs_result_set(out, "servers", rs_val_list());
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "job", NULL, RS_RIGHT, 0);
    rs_table_column(t, "address", NULL, RS_LEFT, 0);
    rs_table_column(t, "version", NULL, RS_RIGHT, 0);
    rs_table_column(t, "requests_per_s", "requests/s", RS_RIGHT, 1);
    rs_table_column(t, "p50_ms", "p50 ms", RS_RIGHT, 3);
    rs_table_column(t, "p99_ms", "p99 ms", RS_RIGHT, 3);
    rs_table_column(t, "fallback_percent", "fallback %", RS_RIGHT, 1);
    rs_table_column(t, "up", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < s.n; i++) {
        describe_server(&s.rows[i], rs_val_push(list, rs_val_map()), t);
    }
    rs_result_table(out, NULL, NULL, t);
    clear_servers(&s);
    return RS_OK;
}

/* One of them, until its row has ended. */
static enum rs_code wait_for_end(struct rs_ctx *ctx, struct rs_store *st,
                                 const struct rs_job *server, int64_t deadline_ns,
                                 struct rs_err *err)
{
    for (;;) {
        struct rs_job now = {0};
        enum rs_code rc = rs_jobs_get(st, server->id, &now, err);
        if (rc) return rc;
        bool runs = now.state == RS_JOB_RUNNING;
        rs_job_clear(&now);
        if (!runs) return RS_OK;
        if (rs_task_cancelled(&ctx->task))
            return rs_fail(err, RS_ECANCEL,
                           "serve stop: interrupted; the server was asked to stop");
        if (rs_clock_mono_ns() > deadline_ns)
            return rs_fail(
                err, RS_EBUSY,
                "the server of job %lld (process %lld) was asked to stop and still runs: "
                "wait longer with --timeout, or end the process",
                (long long)server->id, (long long)server->pid);
        rs_clock_sleep_ms(50);
    }
}

/* Asks them all first, so that they drain at the same time. One that ended meanwhile is fine. */
static enum rs_code stop_servers(struct rs_ctx *ctx, struct rs_store *st, const struct servers *s,
                                 int64_t seconds, struct rs_err *err)
{
    int64_t deadline_ns = rs_clock_mono_ns() + seconds * 1000000000;
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < s->n && !rc; i++) {
        struct rs_err gone = {0};
        rc = rs_jobs_cancel(st, s->rows[i].id, &gone);
        if (rc == RS_EARG) {
            rc = RS_OK;
        } else if (rc) {
            *err = gone;
        }
    }
    for (size_t i = 0; i < s->n && !rc; i++) {
        rc = wait_for_end(ctx, st, &s->rows[i], deadline_ns, err);
    }
    return rc;
}

enum rs_code rs_cmd_serve_stop(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    struct servers s = {0};
    int64_t job = rs_args_int(args, "job");
    int64_t seconds = rs_args_given(args, "timeout")
                          ? rs_args_int(args, "timeout")
                          : rs_conf_int(ctx->conf, "serving.drain_s") + DRAIN_MARGIN_S;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = find_servers(st, job, &s, err);
    if (!rc && s.n == 0 && job)
        rc = rs_fail(err, RS_ENOTFOUND, "job %lld is no running server: 'serve status' shows them",
                     (long long)job);
    else if (!rc && s.n == 0)
        rc = rs_fail(err, RS_ENOTFOUND, "no server of this workspace runs");
    if (!rc) rc = stop_servers(ctx, st, &s, seconds, err);
    struct rs_val *list = rc ? NULL : rs_result_set(out, "stopped", rs_val_list());
    for (size_t i = 0; i < s.n && !rc; i++) {
        struct rs_val *d = detail_of(&s.rows[i]);
        struct rs_val *one = rs_val_push(list, rs_val_map());
        const char *address = rs_val_get_str(d, "address", "");
        rs_val_set_int(one, "job_id", s.rows[i].id);
        rs_val_set_str(one, "address", address);
        rs_result_say(out, "%s%s(job %lld) has stopped", address, address[0] ? " " : "",
                      (long long)s.rows[i].id);
        rs_val_free(d);
    }
    clear_servers(&s);
    return rc;
}
