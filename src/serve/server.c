/*
 * server - the life of a server: what starts and stops in which order, and the signals in between.
 *
 * Signals are blocked in every thread; the main thread takes them when it looks.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/serve/serve.h"

enum {
    QUEUE_LENGTH = 1024, /* calls that may wait for the store, each kind */
    BATCH_LENGTH = 256,  /* of those that compute for long */
    BUSY_MS = 5000,      /* half of what a command waits for another process's write */
    END_BUSY_MS = 1000,  /* the server's own, at its end */
    OTHER_FILES = 128,   /* descriptors beside connections */
    LOOK_MS = 200,       /* between looks at the job row's wish */
    DRAIN_LOOK_MS = 5,
    QUIET_LOOKS = 2, /* in which nothing is left to do, before the end */
};

uint64_t srv_random(void)
{
    uint64_t v = 0;
    while (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v)) {
        rs_assert(errno == EINTR);
    }
    return v;
}

const struct srv_settings *srv_settings_acquire(struct srv *s)
{
    pthread_mutex_lock(&s->settings_lock);
    struct srv_settings *held = s->settings;
    atomic_fetch_add(&held->refs, 1);
    pthread_mutex_unlock(&s->settings_lock);
    return held;
}

/* ---- start --------------------------------------------------------------------------------- */

static struct srv *new_server(struct rs_ctx *ctx, const struct rs_args *args)
{
    struct srv *s = rs_xalloc(1, sizeof(*s));
    s->ctx = ctx;
    s->args = args;
    s->workspace = rs_xstrdup(ctx->workspace);
    s->db_path = rs_ctx_path(ctx, "db/recsys.db");
    s->models_dir = rs_ctx_path(ctx, "models");
    s->busy_ms = BUSY_MS;
    s->env_token = rs_xstrdup(getenv("RECSYS_TOKEN"));
    s->metrics.started_ms = rs_clock_now_ms();
    snprintf(s->id_prefix, sizeof(s->id_prefix), "%016llx", (unsigned long long)srv_random());
    pthread_mutex_init(&s->settings_lock, NULL);
    return s;
}

/* As many connections as were asked for, or as there can be descriptors for. */
static int allowed_connections(int want)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)want + SRV_CONNS_LEAVING + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need) return want;
    struct rlimit more = {.rlim_cur = need,
                          .rlim_max = limit.rlim_max > need ? limit.rlim_max : need};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) return want;
    more = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    rlim_t have = setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : limit.rlim_cur;
    rlim_t spare = have > OTHER_FILES ? have - OTHER_FILES : 0;
    rlim_t leaving = spare / 2 < SRV_CONNS_LEAVING ? spare / 2 : SRV_CONNS_LEAVING;
    int fits = spare > leaving ? (int)(spare - leaving) : 1;
    rs_log(RS_LOG_WARN, "serve",
           "connections=%d instead of %d: this process may open %llu files (raise 'ulimit -n')",
           fits, want, (unsigned long long)have);
    return fits;
}

static void make_parts(struct srv *s, int connections)
{
    s->models = srv_models_new();
    s->overlay = srv_overlay_new();
    s->tokens = srv_tokens_new();
    s->cache = srv_cache_new(s->settings->cache_bytes);
    s->limits = srv_limits_new();
    s->conns = srv_conns_new(connections, !s->tls_cert);
    s->access = srv_access_new(STDERR_FILENO);
    s->pool = srv_pool_new();
}

static enum rs_code register_job(struct srv *s, struct rs_err *err)
{
    struct rs_store *st;
    const char *line = s->ctx->command_line ? s->ctx->command_line : "serve";
    enum rs_code rc = rs_ctx_store(s->ctx, &st, err);
    if (!rc) rc = rs_job_start(st, "serve", line, &s->ctx->task, &s->job, err);
    return rc;
}

/* A store that is locked is no reason to stay: the row is found lost then. */
static void end_job(struct rs_ctx *ctx, struct rs_job_handle *job, enum rs_code rc,
                    const char *message)
{
    rs_store_set_busy_ms(ctx->store, END_BUSY_MS);
    rs_job_end(job, rc, message);
}

/* Each thread starts when what it uses is there; whoever asks comes last. */
static enum rs_code start_threads(struct srv *s, struct rs_err *err)
{
    enum rs_code rc = srv_queue_start(s, SRV_QUEUE_QUERY, QUEUE_LENGTH, &s->query, err);
    if (!rc) rc = srv_queue_start(s, SRV_QUEUE_WRITER, QUEUE_LENGTH, &s->writer, err);
    if (!rc) rc = srv_queue_start(s, SRV_QUEUE_BATCH, BATCH_LENGTH, &s->batch, err);
    if (!rc) rc = srv_workers_start(s, s->settings, &s->workers, err);
    if (!rc) rc = srv_watch_start(s, &s->watch, err);
    if (!rc) rc = srv_listener_start(s->listener, err);
    return rc;
}

static enum rs_code check_list(const char *key, const char *path, struct rs_err *err)
{
    struct rs_map map = {0};
    enum rs_code rc = path[0] ? rs_map_open(path, &map, err) : RS_OK;
    rs_map_close(&map);
    return rc ? rs_wrap(err, "%s", key) : RS_OK;
}

/* What the lists say is read with each model; that they are there is seen before one is. */
static enum rs_code read_settings(struct srv *s, struct srv_settings **out, struct rs_err *err)
{
    enum rs_code rc = srv_settings_read(s->ctx->conf, s->workspace, s->env_token, out, err);
    if (rc) return rc;
    rc = check_list("serving.allow", (*out)->allow, err);
    if (!rc) rc = check_list("serving.deny", (*out)->deny, err);
    if (rc) {
        srv_settings_release(*out);
        *out = NULL;
    }
    return rc;
}

enum rs_code srv_start(struct rs_ctx *ctx, const struct rs_args *args, struct srv **out,
                       struct rs_err *err)
{
    struct srv *s = new_server(ctx, args);
    enum rs_code rc = read_settings(s, &s->settings, err);
    if (!rc) rc = srv_tls_read(s->settings, &s->tls_cert, &s->tls_key, err);
    if (!rc) rc = srv_listen(s, s->settings, &s->listener, err);
    if (!rc) {
        make_parts(s, allowed_connections(s->settings->connections));
        rc = register_job(s, err);
        if (!rc) rc = start_threads(s, err);
    }
    if (rc) {
        struct rs_job_handle *job = s->job;
        srv_stop(s);
        if (job) end_job(ctx, job, rc, err->msg);
        return rc;
    }
    *out = s;
    return RS_OK;
}

/* ---- reload -------------------------------------------------------------------------------- */

static void tell_what_waits(const struct srv_settings *old, const struct srv_settings *now)
{
    const struct {
        const char *key;
        bool changed;
    } rows[] = {
        {"host", strcmp(old->host, now->host) != 0},
        {"port", old->port != now->port},
        {"threads", old->threads != now->threads},
        {"connections", old->connections != now->connections},
        {"tls_cert", strcmp(old->tls_cert, now->tls_cert) != 0},
        {"tls_key", strcmp(old->tls_key, now->tls_key) != 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].changed) {
            rs_log(RS_LOG_WARN, "reload", "serving.%s has changed: it holds after a restart",
                   rows[i].key);
        }
    }
}

enum rs_code srv_reload(struct srv *s, struct rs_err *err)
{
    struct srv_settings *fresh = NULL;
    enum rs_code rc = rs_ctx_compose(s->ctx, s->args, err);
    if (!rc) rc = read_settings(s, &fresh, err);
    if (rc) return rc;
    tell_what_waits(s->settings, fresh);
    pthread_mutex_lock(&s->settings_lock);
    struct srv_settings *old = s->settings;
    s->settings = fresh;
    pthread_mutex_unlock(&s->settings_lock);
    srv_settings_release(old);
    srv_cache_resize(s->cache, fresh->cache_bytes);
    return RS_OK;
}

/* ---- stop ---------------------------------------------------------------------------------- */

void srv_drain(struct srv *s)
{
    atomic_store(&s->draining, true);
    srv_listener_stop(s->listener);
}

/* A request counts itself before it looks at `stopping` (srv_http_begin), so once none is in flight
 * no thread of libmicrohttpd uses a part any more, and no connection is suspended. */
static void drop_requests(struct srv *s)
{
    atomic_store(&s->stopping, true);
    srv_queue_drop(s->query);
    srv_queue_drop(s->writer);
    srv_queue_drop(s->batch);
    srv_conns_shut_all(s->conns);
    while (atomic_load(&s->metrics.in_flight) > 0) {
        rs_clock_sleep_ms(DRAIN_LOOK_MS);
    }
}

void srv_stop(struct srv *s)
{
    if (!s) return;
    srv_drain(s);
    if (s->workers) drop_requests(s);
    srv_watch_stop(s->watch);
    srv_queue_stop(s->query);
    srv_queue_stop(s->writer);
    srv_queue_stop(s->batch);
    srv_workers_stop(s->workers);
    srv_listener_free(s->listener);
    srv_access_free(s->access);
    srv_conns_free(s->conns);
    srv_pool_free(s->pool);
    srv_limits_free(s->limits);
    srv_cache_free(s->cache);
    srv_tokens_free(s->tokens);
    srv_overlay_free(s->overlay);
    srv_models_free(s->models);
    srv_body_release(atomic_load(&s->document));
    srv_settings_release(s->settings);
    pthread_mutex_destroy(&s->settings_lock);
    free(s->tls_cert);
    free(s->tls_key);
    free(s->env_token);
    free(s->models_dir);
    free(s->db_path);
    free(s->workspace);
    free(s);
}

/* ---- the command --------------------------------------------------------------------------- */

static bool is_loopback(const char *address)
{
    const char *host = strstr(address, "://") + 3;
    return rs_str_starts(host, "127.") || rs_str_starts(host, "[::1]");
}

static void warn_of_openness(struct srv *s)
{
    char actor[64];
    if (is_loopback(s->address)) return;
    if (srv_tokens_check(s->tokens, s->settings, SRV_WRITE, NULL, actor) != SRV_NONE_CONFIGURED)
        return;
    rs_log(RS_LOG_WARN, "serve",
           "%s is open to others and there is no token: %s, and calls that write are off; make one "
           "with 'recsys-tui token add'",
           s->address,
           s->settings->read_needs_token ? "calls that read are off too"
                                         : "whoever reaches it may read");
}

/* What the command says once it listens. */
static void announce(struct srv *s, struct rs_result *out)
{
    struct srv_model *m = srv_model_acquire(s->models);
    const char *alias = s->settings->alias;
    rs_val_set_str(out->doc, "address", s->address);
    rs_val_set_str(out->doc, "alias", alias);
    rs_val_set(out->doc, "version", m ? rs_val_int(m->version) : rs_val_null());
    rs_val_set(out->doc, "model", m ? rs_val_str(m->model) : rs_val_null());
    rs_val_set_int(out->doc, "job_id", rs_job_id(s->job));
    rs_val_set_int(out->doc, "pid", getpid());
    if (m) {
        rs_result_say(out, "serving on %s: %s, version %lld (%s)", s->address, alias,
                      (long long)m->version, m->model);
    } else if (srv_watch_refused(s->watch)) {
        rs_result_say(out, "serving on %s: version %lld behind '%s' is refused, the log says why",
                      s->address, (long long)srv_watch_refused(s->watch), alias);
    } else {
        rs_result_say(out, "serving on %s: no version stands behind '%s' yet", s->address, alias);
    }
    srv_model_release(s->models, m);
    if (s->ctx->announce) s->ctx->announce(out, s->ctx->announce_arg);
    rs_log(RS_LOG_INFO, "serve", "address=%s threads=%d", s->address, s->settings->threads);
    warn_of_openness(s);
}

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/* The next signal within ms; 0: none came. */
static int next_signal(int ms)
{
    sigset_t set = our_signals();
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    int number = sigtimedwait(&set, NULL, &wait);
    return number > 0 ? number : 0;
}

static void reload(struct srv *s)
{
    struct rs_err err = {0};
    if (srv_reload(s, &err)) {
        rs_log(RS_LOG_ERROR, "reload", "%s; what held before still holds", err.msg);
    } else {
        rs_log(RS_LOG_INFO, "reload", "the configuration was read again");
    }
}

static void serve_until_told(struct srv *s)
{
    int number = 0;
    while (number != SIGINT && number != SIGTERM && !rs_task_cancelled(&s->ctx->task)) {
        number = next_signal(LOOK_MS);
        if (number == SIGHUP) reload(s);
    }
    rs_log(RS_LOG_INFO, "serve", "ending: %s", number ? strsignal(number) : "asked by its job row");
}

/* In the moment between its last byte being read and its beginning a request is neither unread nor
 * in flight, so one look is not enough. */
static void wait_for_requests(struct srv *s)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)s->settings->drain_s * 1000000000;
    int quiet = 0;
    while (quiet < QUIET_LOOKS && rs_clock_mono_ns() < until) {
        bool busy = srv_conns_unread(s->conns) || atomic_load(&s->metrics.in_flight) > 0;
        quiet = busy ? 0 : quiet + 1;
        rs_clock_sleep_ms(DRAIN_LOOK_MS);
    }
}

/* A second signal to end meets its default action: at once. */
static void finish_requests(struct srv *s)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    srv_drain(s);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
    wait_for_requests(s);
    int left = atomic_load(&s->metrics.in_flight);
    if (left > 0) {
        rs_log(RS_LOG_WARN, "serve", "%d requests were not done within serving.drain_s = %d", left,
               s->settings->drain_s);
    }
}

enum rs_code rs_serve_run(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                          struct rs_err *err)
{
    sigset_t ours = our_signals();
    sigset_t before;
    struct srv *s = NULL;
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    rs_log_set_format(RS_LOG_JSON);
    ctx->auto_level = RS_LOG_INFO;
    rs_ctx_take_log_level(ctx);
    enum rs_code rc = srv_start(ctx, args, &s, err);
    if (!rc) {
        announce(s, out);
        serve_until_told(s);
        finish_requests(s);
        struct rs_job_handle *job = s->job;
        srv_stop(s);
        end_job(ctx, job, RS_OK, "");
    }
    ctx->auto_level = RS_LOG_WARN; /* the next command of a batch takes it */
    rs_log_set_format(RS_LOG_TEXT);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}
