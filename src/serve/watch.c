/*
 * watch - the thread that looks at the store, so that a promotion, a token or another server's
 * feedback reaches this server within a fraction of a second.
 *
 * srv_watch.lock guards `stopping` alone, what others ask for is atomic; the rest belongs to the
 * thread (before it starts: to the one that starts it).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"
#include "rs/store/jobs.h"

#define TICK_NS  100000000LL
#define SLOW_NS  1000000000LL /* between looks at a store that says nothing changed */
#define AGAIN_NS 5000000000LL /* between tries of a version that was refused */

/* A version that cannot be served. */
struct refusal {
    int64_t version; /* 0: none */
    struct srv_file file;
    int64_t again_ns;
    char reason[sizeof((struct rs_err){0}.msg)];
};

/* What each part of a look ended with last, to speak of changes only. */
struct state {
    const char *event;
    enum rs_code code;
};

struct srv_watch {
    struct srv *srv;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
    atomic_bool store_ok;
    atomic_llong refused_version; /* refused.version at the end of the last look */
    struct rs_store *store;
    uint64_t mark;
    const struct srv_settings *settings; /* held: those of the last look */
    int64_t served;                      /* version; 0: none */
    bool republish;                      /* it was published with other lists */
    struct refusal refused;
    struct state opened, tokens, feedback, alias;
    int64_t resets; /* of the overlay, at the last look */
    int64_t slow_ns;
    struct srv_rates *rates;
};

/* ---- looks --------------------------------------------------------------------------------- */

/* Returns whether it went well. */
static bool tell(struct state *s, enum rs_code rc, const struct rs_err *err)
{
    if (rc && rc != s->code) rs_log(RS_LOG_ERROR, s->event, "%s", err->msg);
    if (!rc && s->code) rs_log(RS_LOG_INFO, s->event, "works again");
    s->code = rc;
    return !rc;
}

static void look_at_tokens(struct srv_watch *w)
{
    struct rs_err err = {0};
    enum rs_code rc = srv_tokens_reload(w->srv->tokens, w->store, &err);
    tell(&w->tokens, rc, &err);
}

/* Another store's feedback may have the ids of ours, so what was made with ours goes. */
static void look_at_feedback(struct srv_watch *w)
{
    struct rs_err err = {0};
    enum rs_code rc = srv_overlay_catch_up(w->srv->overlay, w->store, &err);
    tell(&w->feedback, rc, &err);
    int64_t resets = srv_overlay_stats(w->srv->overlay).resets;
    if (resets != w->resets) srv_cache_empty(w->srv->cache);
    w->resets = resets;
}

/* ---- the alias ----------------------------------------------------------------------------- */

static void withdraw(struct srv_watch *w)
{
    if (w->served) {
        rs_log(RS_LOG_WARN, "swap", "alias=%s points at no version any more: nothing is served",
               w->settings->alias);
        srv_models_withdraw(w->srv->models);
    }
    w->served = 0;
    w->republish = false;
    w->refused = (struct refusal){0};
}

static void refuse(struct srv_watch *w, int64_t version, const struct srv_file *file,
                   const struct rs_err *err)
{
    struct refusal *r = &w->refused;
    bool said = r->version == version && strcmp(r->reason, err->msg) == 0;
    r->version = version;
    r->file = *file;
    r->again_ns = rs_clock_mono_ns() + AGAIN_NS;
    snprintf(r->reason, sizeof(r->reason), "%s", err->msg);
    if (said) return;
    atomic_fetch_add(&w->srv->metrics.failed_swaps, 1);
    if (w->served) {
        rs_log(RS_LOG_ERROR, "swap", "alias=%s version=%lld refused, version %lld goes on: %s",
               w->settings->alias, (long long)version, (long long)w->served, err->msg);
    } else {
        rs_log(RS_LOG_ERROR, "swap", "alias=%s version=%lld refused, nothing is served: %s",
               w->settings->alias, (long long)version, err->msg);
    }
}

static void publish(struct srv_watch *w, int64_t version, const char *path, const char *sha256)
{
    struct rs_err err = {0};
    struct srv_file file = {0};
    int64_t begun_ns = rs_clock_mono_ns();
    (void)srv_file_look(path, &file); /* one that is not there stays zero */
    bool refused = w->refused.version == version && srv_file_same(&w->refused.file, &file);
    if (refused && begun_ns < w->refused.again_ns) return;
    if (srv_model_publish(w->srv->models, path, sha256, version, w->settings, &err)) {
        refuse(w, version, &file, &err);
        return;
    }
    rs_log(RS_LOG_INFO, "swap", "alias=%s version=%lld was=%lld ms=%.1f", w->settings->alias,
           (long long)version, (long long)w->served, (double)(rs_clock_mono_ns() - begun_ns) / 1e6);
    if (w->served && w->served != version) atomic_fetch_add(&w->srv->metrics.swaps, 1);
    w->served = version;
    w->republish = false;
    w->refused = (struct refusal){0};
}

static enum rs_code follow(struct srv_watch *w, int64_t version, struct rs_err *err)
{
    struct rs_version v = {0};
    enum rs_code rc = rs_versions_get(w->store, version, &v, err);
    if (rc) return rc;
    char *name = rs_xprintf("%s.rsm", v.bundle);
    char *path = rs_path_join(w->srv->models_dir, name);
    publish(w, version, path, v.bundle);
    free(path);
    free(name);
    rs_version_clear(&v);
    return RS_OK;
}

static void look_at_alias(struct srv_watch *w)
{
    struct rs_err err = {0};
    int64_t version = 0;
    enum rs_code rc = rs_alias_get(w->store, w->settings->alias, &version, &err);
    if (rc == RS_ENOTFOUND) {
        withdraw(w);
        rc = RS_OK;
    } else if (!rc && version == w->served && !w->republish) {
        w->refused = (struct refusal){0};
    } else if (!rc) {
        rc = follow(w, version, &err);
    }
    tell(&w->alias, rc, &err);
}

/* ---- one round ----------------------------------------------------------------------------- */

static bool has_lists(const struct srv_settings *s)
{
    return s && (s->allow[0] || s->deny[0]);
}

/* Whether they are others than at the last look. Lists of items are read with the model. */
static bool take_settings(struct srv_watch *w)
{
    const struct srv_settings *old = w->settings;
    w->settings = srv_settings_acquire(w->srv);
    bool changed = w->settings != old;
    if (changed) {
        w->republish = w->republish || has_lists(w->settings) || has_lists(old);
        w->refused = (struct refusal){0};
    }
    srv_settings_release(old);
    return changed;
}

static void look_at_store(struct srv_watch *w, bool anyway)
{
    struct rs_err err = {0};
    bool changed = false;
    enum rs_code rc = srv_store_keep(w->srv->db_path, &w->store, &w->mark, &changed, &err);
    atomic_store(&w->store_ok, !rc);
    if (!tell(&w->opened, rc, &err) || !(changed || anyway)) return;
    look_at_tokens(w);
    look_at_feedback(w);
    look_at_alias(w);
}

static void write_detail(struct srv_watch *w)
{
    struct rs_val *v = srv_metrics_summary(w->srv, &w->rates);
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(v, 0, &text);
    if (w->srv->job && !text.failed) rs_job_set_detail(w->srv->job, rs_str_text(&text));
    rs_str_clear(&text);
    rs_val_free(v);
}

static void keep_house(struct srv_watch *w)
{
    struct srv *s = w->srv;
    int reaped = srv_conns_reap(s->conns, w->settings->idle_s, w->settings->request_s);
    if (reaped > 0) atomic_fetch_add(&s->metrics.connections_reaped, (unsigned)reaped);
    srv_access_flush(s->access);
    srv_models_drop_previous(s->models, (int64_t)w->settings->cursor_s * 1000);
    if (srv_conns_crowd_gone(s->conns)) rs_mem_trim();
}

static void look_round(struct srv_watch *w)
{
    int64_t now_ns = rs_clock_mono_ns();
    bool slow = now_ns >= w->slow_ns;
    bool reloaded = take_settings(w);
    look_at_store(w, slow || reloaded);
    atomic_store(&w->refused_version, w->refused.version);
    keep_house(w);
    if (!slow) return;
    write_detail(w);
    w->slow_ns = now_ns + SLOW_NS;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Waits for the next tick; false: it is time to stop. */
static bool wait_tick(struct srv_watch *w)
{
    int64_t until_ns = rs_clock_mono_ns() + TICK_NS;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    int waited = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&w->wake, &w->lock, &until);
    bool go_on = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void *watch_main(void *arg)
{
    struct srv_watch *w = arg;
    while (wait_tick(w))
        look_round(w);
    return NULL;
}

static void free_watch(struct srv_watch *w)
{
    rs_store_close(w->store);
    srv_settings_release(w->settings);
    srv_rates_free(w->rates);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum rs_code srv_watch_start(struct srv *s, struct srv_watch **out, struct rs_err *err)
{
    struct srv_watch *w = rs_xalloc(1, sizeof(*w));
    pthread_condattr_t monotonic;
    w->srv = s;
    w->opened.event = "store";
    w->tokens.event = "tokens";
    w->feedback.event = "feedback";
    w->alias.event = "alias";
    atomic_init(&w->store_ok, false);
    atomic_init(&w->refused_version, 0);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    look_round(w);
    enum rs_code rc = srv_thread_start(&w->thread, watch_main, w, "watch", err);
    if (rc) {
        free_watch(w);
        return rc;
    }
    *out = w;
    return RS_OK;
}

void srv_watch_stop(struct srv_watch *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    free_watch(w);
}

bool srv_watch_store_ok(struct srv_watch *w)
{
    return atomic_load(&w->store_ok);
}

int64_t srv_watch_refused(struct srv_watch *w)
{
    return atomic_load(&w->refused_version);
}
