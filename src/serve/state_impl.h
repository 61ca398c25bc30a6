/*
 * state_impl - what the server's threads share: settings, the served model, feedback in memory,
 * tokens, finished answers, and the queues of the query and writer threads.
 */
#ifndef SERVE_STATE_IMPL_H
#define SERVE_STATE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "rs/base/arena.h"
#include "rs/base/conf.h"
#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/models/ask.h"
#include "rs/models/bundle.h"
#include "rs/store/store.h"
#include "route_impl.h"

/* ---- settings (settings.c) ----------------------------------------------------------------- */

/* The group `serving` as read; immutable, replaced by SIGHUP. */
struct srv_settings {
    atomic_int refs;
    struct srv_settings *own; /* itself: holders see it const, the count is not */
    char *alias, *host;
    int port, threads;
    bool read_needs_token;
    double rate_per_s, rate_burst; /* of one client; 0: no limit */
    size_t max_body;               /* bytes */
    int connections;
    int idle_s, request_s, drain_s, cursor_s;
    size_t cache_bytes;
    char **cors; /* origins, NULL-ended; "*" alone: any */
    char *tls_cert, *tls_key;
    enum srv_access_log { SRV_ACCESS_ALL, SRV_ACCESS_ERRORS, SRV_ACCESS_NONE } access_log;
    char *allow, *deny;  /* files of item ids, or "" */
    char token_hash[65]; /* of RECSYS_TOKEN, scope admin; "" where unset */
};
RS_MUST_USE enum rs_code srv_settings_read(const struct rs_conf *conf, const char *workspace,
                                           const char *env_token, struct srv_settings **out,
                                           struct rs_err *err);
void srv_settings_hold(const struct srv_settings *s); /* one more holder, of who holds it already */
void srv_settings_release(const struct srv_settings *s);

/* ---- the served model (model.c) ------------------------------------------------------------ */

struct srv_model {
    int refs; /* under srv_models.lock */
    int64_t version;
    uint64_t generation; /* counts publications; part of cache keys */
    struct rs_bundle *bundle;
    uint64_t *allowed; /* bits of allow and deny lists over items, or NULL: all */
    int64_t since_ms;
    char model[32], label[48]; /* "als", "v3" */
};
/* A file as it stands: one that is written to or replaced is another. */
struct srv_file {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};
bool srv_file_look(const char *path, struct srv_file *out); /* false: why is in errno */
bool srv_file_same(const struct srv_file *a, const struct srv_file *b);

struct srv_models; /* current, previous (for cursors), and their lock */
struct srv_models *srv_models_new(void);
void srv_models_free(struct srv_models *m); /* after all were released */
/* NULL: none is served. */
struct srv_model *srv_model_acquire(struct srv_models *m);
/* The current or the previous one if it is that version, else NULL. */
struct srv_model *srv_model_acquire_version(struct srv_models *m, int64_t version);
void srv_model_release(struct srv_models *m, struct srv_model *held); /* NULL is fine */
/* Opens, verifies (checksums and SHA-256; a file that was hashed before and has not changed since
 * is not hashed again) and publishes. On failure what served goes on. RS_ENOTFOUND: no file;
 * RS_EDAMAGED: not what was registered; RS_EBUSY: replaced meanwhile; else as rs_bundle_open and
 * rs_allowed_read. One thread at a time. */
RS_MUST_USE enum rs_code srv_model_publish(struct srv_models *m, const char *path,
                                           const char *sha256, int64_t version,
                                           const struct srv_settings *s, struct rs_err *err);
/* Lets the previous one go where the swap is at least that long ago. */
void srv_models_drop_previous(struct srv_models *m, int64_t age_ms);
void srv_models_withdraw(struct srv_models *m); /* the alias points at nothing any more */

/* ---- feedback in memory (overlay.c) -------------------------------------------------------- */

struct srv_overlay;
struct srv_overlay *srv_overlay_new(void);
void srv_overlay_free(struct srv_overlay *o);
/* Applies the rows of rs_feedback that are not applied yet, whoever wrote them, in order of id. The
 * last applied row is read again each time: where it is not what it was, st is another store, and
 * all is read anew. Any thread, one at a time; readers do not wait for the store. */
RS_MUST_USE enum rs_code srv_overlay_catch_up(struct srv_overlay *o, struct rs_store *st,
                                              struct rs_err *err);
/* A user's events, oldest first, up to that id (0: all), copied to arena; *revision_out: the id of
 * the last one, 0 where there is none. RS_ENOMEM. */
RS_MUST_USE enum rs_code srv_overlay_read(struct srv_overlay *o, const char *user_id, int64_t up_to,
                                          struct rs_arena *arena, const struct rs_event **out,
                                          size_t *n_out, int64_t *revision_out, struct rs_err *err);
/* The id of a user's last event without copying, 0: none. For cache keys. */
int64_t srv_overlay_revision(struct srv_overlay *o, const char *user_id);
struct srv_overlay_stats {
    int64_t events, users, last_id;
    double lag_s;   /* between the receipt of the last applied event and its being applied; 0 for
                       what was there at the start */
    int64_t resets; /* how often another store took the place of the one before */
};
struct srv_overlay_stats srv_overlay_stats(struct srv_overlay *o);

/* ---- tokens (auth.c) ----------------------------------------------------------------------- */

struct srv_tokens; /* hashes of the store's live tokens, read again when the store changes */
struct srv_tokens *srv_tokens_new(void);
void srv_tokens_free(struct srv_tokens *t);
RS_MUST_USE enum rs_code srv_tokens_reload(struct srv_tokens *t, struct rs_store *st,
                                           struct rs_err *err);
enum srv_verdict { SRV_ALLOWED, SRV_NO_TOKEN, SRV_BAD_TOKEN, SRV_LOW_SCOPE, SRV_NONE_CONFIGURED };
/* header: the Authorization value or NULL. Every stored hash is compared, in constant time.
 * actor_out: name of the token ("RECSYS_TOKEN" for the environment's), "" where none was needed. */
enum srv_verdict srv_tokens_check(struct srv_tokens *t, const struct srv_settings *s,
                                  enum srv_scope need, const char *header, char actor_out[64]);

/* ---- finished answers (cache.c) ------------------------------------------------------------ */

struct srv_body { /* an answer's bytes, shared by the cache and by responses on their way */
    atomic_int refs;
    uint64_t list_hash;         /* of the items listed; 0: none */
    bool fallback;              /* its source is popularity */
    bool plain;                 /* `ready` has all its heads */
    struct MHD_Response *ready; /* owns this body where it is not NULL; see srv_reply_ready */
    size_t len;
    char data[];
};
struct srv_body *srv_body_new(const char *data, size_t len); /* one reference; NULL: no memory */
void srv_body_release(struct srv_body *b);

/* Least recently used out first, in shards with a lock each; max_bytes bounds keys, bodies and
 * bookkeeping together. What has no room or no memory is not kept. */
struct srv_cache;
struct srv_cache *srv_cache_new(size_t max_bytes); /* 0: keeps nothing */
void srv_cache_free(struct srv_cache *c);
void srv_cache_resize(struct srv_cache *c, size_t max_bytes); /* empties it, too */
void srv_cache_empty(struct srv_cache *c);
struct srv_body *srv_cache_get(struct srv_cache *c, const void *key, size_t len); /* a reference */
void srv_cache_put(struct srv_cache *c, const void *key, size_t len, struct srv_body *b);
struct srv_cache_stats {
    uint64_t hits, misses;
    size_t bytes, entries;
};
struct srv_cache_stats srv_cache_stats(struct srv_cache *c);

/* ---- threads and their connections (thread.c) ---------------------------------------------- */

/* A thread that no signal interrupts: signals belong to the main thread. what: for the error. */
typedef void *srv_thread_fn(void *arg);
RS_MUST_USE enum rs_code srv_thread_start(pthread_t *out, srv_thread_fn *run, void *arg,
                                          const char *what, struct rs_err *err);
/* *st is a connection to the file that is at path now: one to a file that has gone from there is
 * closed, and no file is made. mark, *changed_out: as of rs_store_changes; a new connection has
 * changed. RS_EBUSY: no file; else as rs_store_open. On failure *st may be NULL. */
RS_MUST_USE enum rs_code srv_store_keep(const char *path, struct rs_store **st, uint64_t *mark,
                                        bool *changed_out, struct rs_err *err);

/* ---- query and writer threads (queue.c) ---------------------------------------------------- */

/* Takes calls in order. The query thread runs them one by one, each with a fresh result of the
 * store; the writer runs up to 512 that wait in one transaction synced to disk, catches the overlay
 * up, and answers them: a handler that fails takes back its own part only (savepoint), a commit
 * that fails fails them all. The batch thread runs them one by one, without the store.
 * srv_http_done(call) answers. The queue lends the call its ctx, scratch
 * and out, from before the handler runs until srv_http_done returns. A store that is gone or locked
 * fails the calls of that moment (RS_EBUSY). */
struct srv_queue;
enum srv_queue_kind { SRV_QUEUE_QUERY, SRV_QUEUE_WRITER, SRV_QUEUE_BATCH };
RS_MUST_USE enum rs_code srv_queue_start(struct srv *s, enum srv_queue_kind kind, int max_waiting,
                                         struct srv_queue **out, struct rs_err *err);
bool srv_queue_put(struct srv_queue *q, struct srv_call *c); /* false: full, or at its end */
int srv_queue_depth(struct srv_queue *q);                    /* waiting or running */
/* From now on no call is begun: those that wait fail (RS_ECANCEL), what runs goes on; or NULL. */
void srv_queue_drop(struct srv_queue *q);
void srv_queue_stop(struct srv_queue *q); /* what waits is done first; then frees */

/* ---- watch (watch.c) ----------------------------------------------------------------------- */

/* Every 100 ms: has the store changed (data_version, or another file in its place), or have the
 * settings? Then tokens, feedback, alias. Reaps connections, flushes the access log, lets old
 * models go, writes the job row's detail every second. Logs what it cannot do once a change of
 * state; a store that is gone is looked for again, and what serves goes on serving. A version that
 * cannot be served is refused once, and tried again when its file changes, or every 5 s.
 *
 * Starts last and stops first: it uses all other parts. The first look at the store is done before
 * srv_watch_start returns, so tokens, feedback and model are there then; that they cannot be is no
 * failure of the start. */
struct srv_watch;
RS_MUST_USE enum rs_code srv_watch_start(struct srv *s, struct srv_watch **out, struct rs_err *err);
void srv_watch_stop(struct srv_watch *w);
bool srv_watch_store_ok(struct srv_watch *w); /* for /health */
/* The version that the alias names and that cannot be served; 0: none. For /health. */
int64_t srv_watch_refused(struct srv_watch *w);

#endif
