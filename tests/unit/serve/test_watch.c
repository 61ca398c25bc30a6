/* The watch: what it publishes, refuses, withdraws, reads again and says, and when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/serve/http_impl.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"
#include "rs/store/datasets.h"

enum { WAIT_MS = 20000 }; /* longest wait; a change shows within 100 ms on a machine that is idle */

/* ---- what belongs to other parts of the server --------------------------------------------- */

static atomic_int reaped, flushed, summaries;

const struct srv_settings *srv_settings_acquire(struct srv *s)
{
    pthread_mutex_lock(&s->settings_lock);
    const struct srv_settings *held = s->settings;
    srv_settings_hold(held);
    pthread_mutex_unlock(&s->settings_lock);
    return held;
}

int srv_conns_reap(struct srv_conns *c, int idle_s, int request_s)
{
    (void)c;
    assert_int_equal(idle_s, 60);
    assert_int_equal(request_s, 30);
    atomic_fetch_add(&reaped, 1);
    return 2;
}

bool srv_conns_crowd_gone(struct srv_conns *c)
{
    (void)c;
    return true;
}

void srv_access_flush(struct srv_access *a)
{
    (void)a;
    atomic_fetch_add(&flushed, 1);
}

struct rs_val *srv_metrics_summary(struct srv *s, struct srv_rates **last)
{
    (void)last;
    atomic_fetch_add(&summaries, 1);
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "swaps", (int64_t)atomic_load(&s->metrics.swaps));
    return v;
}

void srv_rates_free(struct srv_rates *r)
{
    assert_null(r);
}

/* ---- what was logged ----------------------------------------------------------------------- */

static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static char said[1 << 16]; /* lines "level event: text"; under said_lock */

static void hear(int64_t time_ms, enum rs_log_level level, const char *event, const char *text,
                 void *ctx)
{
    (void)time_ms;
    (void)ctx;
    pthread_mutex_lock(&said_lock);
    size_t len = strlen(said);
    snprintf(said + len, sizeof(said) - len, "%s %s: %s\n", rs_log_level_name(level), event, text);
    pthread_mutex_unlock(&said_lock);
}

/* How often part was logged. */
static int times_said(const char *part)
{
    int n = 0;
    pthread_mutex_lock(&said_lock);
    for (const char *at = said; (at = strstr(at, part)); at += strlen(part))
        n++;
    pthread_mutex_unlock(&said_lock);
    return n;
}

/* ---- a server without its doors ------------------------------------------------------------ */

static char production[] = "production";
static char nothing[] = "";

struct world {
    struct ref_store t;
    struct srv s;
    struct srv_watch *watch;
};

static struct srv_settings *settings_new(char *allow)
{
    struct srv_settings *s = rs_xalloc(1, sizeof(*s));
    s->own = s;
    s->alias = rs_xstrdup(production);
    s->allow = rs_xstrdup(allow);
    s->deny = rs_xstrdup(nothing);
    s->idle_s = 60;
    s->request_s = 30;
    s->cursor_s = 3600;
    atomic_init(&s->refs, 1);
    return s;
}

static void start(struct world *w)
{
    struct rs_err err = {0};
    assert_ok(srv_watch_start(&w->s, &w->watch, &err), &err);
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    said[0] = '\0';
    rs_log_set_stderr(false);
    rs_log_set_sink(hear, NULL);
    ref_store_init(&w->t);
    w->s.db_path = w->t.path;
    w->s.models_dir = w->t.models;
    w->s.settings = settings_new(nothing);
    w->s.models = srv_models_new();
    w->s.overlay = srv_overlay_new();
    w->s.tokens = srv_tokens_new();
    w->s.cache = srv_cache_new(1 << 20);
    pthread_mutex_init(&w->s.settings_lock, NULL);
}

static void world_clear(struct world *w)
{
    srv_watch_stop(w->watch);
    rs_log_set_sink(NULL, NULL);
    rs_log_set_stderr(true);
    srv_cache_free(w->s.cache);
    srv_tokens_free(w->s.tokens);
    srv_overlay_free(w->s.overlay);
    srv_models_free(w->s.models);
    srv_settings_release(w->s.settings);
    pthread_mutex_destroy(&w->s.settings_lock);
    ref_store_clear(&w->t);
}

/* A registered version of a model of its own. */
static int64_t add_version(struct world *w, uint64_t seed)
{
    struct rs_err err = {0};
    char id[RS_RUN_ID];
    int64_t version = 0;
    bool existed;
    const struct rs_change by = {.actor = "test", .reason = ""};
    ref_store_run(&w->t, seed, id);
    assert_ok(rs_versions_register(w->t.st, id, w->t.models, "", &by, &version, &existed, &err),
              &err);
    return version;
}

static void promote(struct world *w, int64_t version)
{
    struct rs_err err = {0};
    const struct rs_change by = {.actor = "test", .reason = ""};
    assert_ok(rs_alias_set(w->t.st, production, version, w->t.models, NULL, false, &by, &err),
              &err);
}

static int64_t served(struct world *w)
{
    struct srv_model *m = srv_model_acquire(w->s.models);
    int64_t version = m ? m->version : 0;
    srv_model_release(w->s.models, m);
    return version;
}

/* Until condition holds; the test fails where it does not in time. */
#define WAIT_UNTIL(condition)                                                     \
    do {                                                                          \
        int64_t until_ns = rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;       \
        while (!(condition)) {                                                    \
            if (rs_clock_mono_ns() > until_ns) fail_msg("never: %s", #condition); \
            rs_clock_sleep_ms(2);                                                 \
        }                                                                         \
    } while (0)

/* Until the watch has gone round twice more, so that one round began after this call. */
static void wait_for_rounds(void)
{
    int now = atomic_load(&flushed);
    WAIT_UNTIL(atomic_load(&flushed) >= now + 2);
}

static void add_feedback(struct rs_store *st, const char *user)
{
    struct rs_err err = {0};
    int64_t id;
    const struct rs_feedback f = {.user_id = user, .item_id = "x", .type = "", .value = 1};
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
}

/* A change of the store, and all that follows from it. */
static void wait_for_a_look(struct world *w)
{
    int64_t events = srv_overlay_stats(w->s.overlay).events;
    add_feedback(w->t.st, "someone");
    WAIT_UNTIL(srv_overlay_stats(w->s.overlay).events == events + 1);
    wait_for_rounds();
}

/* The file of a version's bundle; the caller frees. */
static char *bundle_of(struct world *w, int64_t version)
{
    struct rs_err err = {0};
    struct rs_version v = {0};
    assert_ok(rs_versions_get(w->t.st, version, &v, &err), &err);
    char *path = rs_xprintf("%s/%s.rsm", w->t.models, v.bundle);
    rs_version_clear(&v);
    return path;
}

/* ---- the alias ----------------------------------------------------------------------------- */

static void what_is_there_is_served_when_it_has_started(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    promote(&w, add_version(&w, 1));
    start(&w);
    assert_int_equal(served(&w), 1);
    assert_true(srv_watch_store_ok(w.watch));
    assert_int_equal(w.s.metrics.swaps, 0);
    world_clear(&w);
}

static void it_starts_with_nothing_and_follows_the_alias(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    start(&w);
    assert_int_equal(served(&w), 0);
    promote(&w, add_version(&w, 1));
    WAIT_UNTIL(served(&w) == 1);
    promote(&w, add_version(&w, 2));
    WAIT_UNTIL(served(&w) == 2);
    promote(&w, 1);
    WAIT_UNTIL(served(&w) == 1);
    assert_int_equal(times_said("info swap: alias=production version=2 was=1"), 1);
    WAIT_UNTIL(w.s.metrics.swaps == 2);
    ref_store_sql(w.t.path, "DELETE FROM rs_alias");
    WAIT_UNTIL(served(&w) == 0);
    assert_int_equal(times_said("warn swap: alias=production points at no version any more"), 1);
    promote(&w, 2);
    WAIT_UNTIL(served(&w) == 2);
    assert_int_equal(w.s.metrics.failed_swaps, 0);
    world_clear(&w);
}

static void a_damaged_bundle_is_refused_once_and_served_when_repaired(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    char *text = NULL;
    size_t len = 0;
    world_init(&w);
    promote(&w, add_version(&w, 1));
    promote(&w, add_version(&w, 2));
    char *path = bundle_of(&w, 2);
    assert_ok(rs_fs_read(path, 1 << 24, &text, &len, &err), &err);
    text[len / 2] ^= 1;
    assert_ok(rs_fs_write(path, text, len, &err), &err);
    text[len / 2] ^= 1;
    ref_store_sql(w.t.path, "UPDATE rs_alias SET version = 1");
    start(&w);
    assert_int_equal(served(&w), 1);
    ref_store_sql(w.t.path, "UPDATE rs_alias SET version = 2");
    WAIT_UNTIL(w.s.metrics.failed_swaps == 1);
    wait_for_a_look(&w);
    assert_int_equal(served(&w), 1);
    assert_int_equal(times_said("refused, version 1 goes on"), 1);
    assert_int_equal(w.s.metrics.failed_swaps, 1);
    assert_ok(rs_fs_write(path, text, len, &err), &err);
    WAIT_UNTIL(served(&w) == 2);
    free(text);
    free(path);
    world_clear(&w);
}

static void a_bundle_that_is_missing_is_said_and_looked_for(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    promote(&w, add_version(&w, 1));
    char *path = bundle_of(&w, 1);
    char *away = rs_xprintf("%s.away", path);
    assert_int_equal(rename(path, away), 0);
    start(&w);
    assert_int_equal(served(&w), 0);
    assert_int_equal(times_said("version=1 refused, nothing is served: model '"), 1);
    assert_int_equal(rename(away, path), 0);
    WAIT_UNTIL(served(&w) == 1);
    free(away);
    free(path);
    world_clear(&w);
}

/* ---- settings ------------------------------------------------------------------------------ */

static void replace_settings(struct world *w, struct srv_settings *fresh)
{
    pthread_mutex_lock(&w->s.settings_lock);
    const struct srv_settings *old = w->s.settings;
    w->s.settings = fresh;
    pthread_mutex_unlock(&w->s.settings_lock);
    srv_settings_release(old);
}

static bool has_allowed(struct world *w)
{
    struct srv_model *m = srv_model_acquire(w->s.models);
    bool has = m && m->allowed;
    srv_model_release(w->s.models, m);
    return has;
}

static void new_settings_bring_their_lists_and_alias(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    promote(&w, add_version(&w, 1));
    start(&w);
    assert_false(has_allowed(&w));
    char *allow = ref_file(w.t.dir, "allow.txt", "i001\n", SIZE_MAX);
    replace_settings(&w, settings_new(allow));
    WAIT_UNTIL(has_allowed(&w));
    assert_int_equal(served(&w), 1);
    assert_int_equal(w.s.metrics.swaps, 0); /* the same version is no swap */
    char missing[] = "/nowhere/list.txt";
    replace_settings(&w, settings_new(missing));
    WAIT_UNTIL(times_said("version=1 refused, version 1 goes on") == 1);
    assert_true(has_allowed(&w)); /* the old lists hold on */
    replace_settings(&w, settings_new(nothing));
    WAIT_UNTIL(!has_allowed(&w));
    struct srv_settings *other = settings_new(nothing);
    free(other->alias);
    other->alias = rs_xstrdup("canary");
    replace_settings(&w, other);
    WAIT_UNTIL(served(&w) == 0);
    free(allow);
    world_clear(&w);
}

/* ---- tokens and feedback ------------------------------------------------------------------- */

static enum srv_verdict verdict(struct world *w)
{
    char actor[64];
    return srv_tokens_check(w->s.tokens, w->s.settings, SRV_WRITE, "Bearer a-secret-of-ann", actor);
}

static void tokens_and_feedback_of_others_show(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    char hash[RS_SHA256_HEX];
    world_init(&w);
    add_feedback(w.t.st, "ann");
    start(&w);
    assert_int_equal(srv_overlay_stats(w.s.overlay).events, 1);
    assert_int_equal(verdict(&w), SRV_NONE_CONFIGURED);
    rs_sha256_of("a-secret-of-ann", 15, hash);
    assert_ok(rs_tokens_add(w.t.st, "ann", "write", hash, &err), &err);
    WAIT_UNTIL(verdict(&w) == SRV_ALLOWED);
    add_feedback(w.t.st, "bob");
    WAIT_UNTIL(srv_overlay_revision(w.s.overlay, "bob") == 2);
    assert_ok(rs_tokens_revoke(w.t.st, "ann", &err), &err);
    WAIT_UNTIL(verdict(&w) == SRV_NONE_CONFIGURED);
    world_clear(&w);
}

/* ---- stores that go and come --------------------------------------------------------------- */

static void move(struct world *w, const char *from, const char *to)
{
    char *a = rs_path_join(w->t.dir, from);
    char *b = rs_path_join(w->t.dir, to);
    assert_int_equal(rename(a, b), 0);
    free(a);
    free(b);
}

static void a_store_that_is_gone_is_looked_for(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    promote(&w, add_version(&w, 1));
    start(&w);
    move(&w, "db", "away");
    WAIT_UNTIL(!srv_watch_store_ok(w.watch));
    wait_for_rounds();
    assert_int_equal(served(&w), 1); /* what serves goes on serving */
    assert_int_equal(times_said("error store: "), 1);
    char *db = rs_path_join(w.t.dir, "db");
    assert_false(rs_fs_exists(db)); /* nothing was made in its place */
    free(db);
    move(&w, "away", "db");
    WAIT_UNTIL(srv_watch_store_ok(w.watch));
    assert_int_equal(times_said("info store: works again"), 1);
    promote(&w, add_version(&w, 2));
    WAIT_UNTIL(served(&w) == 2);
    world_clear(&w);
}

static void another_store_takes_over(void **state)
{
    (void)state;
    struct world w;
    struct world other;
    world_init(&other);
    world_init(&w);
    promote(&w, add_version(&w, 1));
    add_feedback(w.t.st, "ann");
    add_feedback(other.t.st, "bob");
    start(&w);
    struct srv_body *b = srv_body_new("answer", 6);
    srv_cache_put(w.s.cache, "key", 3, b);
    srv_body_release(b);
    rs_store_close(other.t.st);
    other.t.st = NULL;
    move(&w, "db", "away");
    char *to = rs_path_join(w.t.dir, "db");
    char *from = rs_path_join(other.t.dir, "db");
    assert_int_equal(rename(from, to), 0);
    WAIT_UNTIL(srv_overlay_revision(w.s.overlay, "bob") == 1);
    assert_int_equal(srv_overlay_revision(w.s.overlay, "ann"), 0);
    WAIT_UNTIL(srv_cache_stats(w.s.cache).entries == 0);
    WAIT_UNTIL(served(&w) == 0); /* it has no alias */
    free(to);
    free(from);
    world_clear(&w);
    world_clear(&other);
}

static void a_file_that_is_no_store_is_said_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    rs_store_close(w.t.st);
    w.t.st = NULL;
    move(&w, "db", "away");
    char *db = rs_path_join(w.t.dir, "db");
    assert_int_equal(mkdir(db, 0777), 0);
    char *path = ref_file(db, "recsys.db", "this is no database, whatever its name says", SIZE_MAX);
    start(&w);
    assert_false(srv_watch_store_ok(w.watch));
    wait_for_rounds();
    assert_int_equal(times_said("error store: "), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(db), 0);
    move(&w, "away", "db");
    WAIT_UNTIL(srv_watch_store_ok(w.watch));
    free(path);
    free(db);
    world_clear(&w);
}

static void it_keeps_house(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    atomic_store(&reaped, 0);
    atomic_store(&flushed, 0);
    atomic_store(&summaries, 0);
    start(&w);
    WAIT_UNTIL(atomic_load(&summaries) == 2); /* the first at once, the second after a second */
    assert_true(atomic_load(&flushed) >= 2 && atomic_load(&reaped) >= 2);
    assert_true(w.s.metrics.connections_reaped >= 4);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_served_when_it_has_started),
        cmocka_unit_test(it_starts_with_nothing_and_follows_the_alias),
        cmocka_unit_test(a_damaged_bundle_is_refused_once_and_served_when_repaired),
        cmocka_unit_test(a_bundle_that_is_missing_is_said_and_looked_for),
        cmocka_unit_test(new_settings_bring_their_lists_and_alias),
        cmocka_unit_test(tokens_and_feedback_of_others_show),
        cmocka_unit_test(a_store_that_is_gone_is_looked_for),
        cmocka_unit_test(another_store_takes_over),
        cmocka_unit_test(a_file_that_is_no_store_is_said_once),
        cmocka_unit_test(it_keeps_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
