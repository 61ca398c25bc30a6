/*
 * http_impl - the server as a whole, its requests and connections, and what it counts.
 */
#ifndef SERVE_HTTP_IMPL_H
#define SERVE_HTTP_IMPL_H

#include <microhttpd.h>

#include "state_impl.h"

/* ---- counters (metrics.c) ------------------------------------------------------------------ */

enum { SRV_MAX_ROUTES = 64, SRV_BUCKETS = 20, SRV_STATUS_SLOTS = 22 };

struct srv_metrics {
    struct srv_series {
        atomic_ullong sum_ns, bucket[SRV_BUCKETS];     /* by duration, 10 us to 10 s and above */
    } by_status[SRV_MAX_ROUTES + 1][SRV_STATUS_SLOTS]; /* the last route: none matched */
    atomic_ullong lists, fallback_lists, identical_lists;
    atomic_ullong feedback_events, swaps, failed_swaps, rate_limited, connections_reaped;
    atomic_int connections, in_flight;
    atomic_ullong recent_list[256]; /* hash of a list and of its user: for identical_lists */
    int64_t started_ms;
};
/* route: its index, or -1: none matched. */
void srv_metrics_request(struct srv_metrics *m, int route, int status, int64_t ns);
/* One personal list went out. user_hash, list_hash: of the user's id and of the items. Identical: a
 * recent list of another user had the same items. */
void srv_metrics_list(struct srv_metrics *m, uint64_t user_hash, uint64_t list_hash, bool fallback);
/* For the job row and `serve status`: {address, version, model, requests_per_s, p50_ms, p99_ms,
 * errors_per_s, fallback_share, identical_share, cache_hit_share, queue, connections, uptime_s,
 * routes: [{route, requests_per_s, p50_ms, p99_ms, errors_per_s}]} over the time since the last
 * call; quantiles and shares of nothing are null. Errors: answers of 5xx. */
struct srv_rates; /* the counters at the last call */
struct rs_val *srv_metrics_summary(struct srv *s, struct srv_rates **last);
void srv_rates_free(struct srv_rates *r);

/* ---- one server (server.c) ----------------------------------------------------------------- */

struct srv_limits; /* limit.c: token buckets by client */
struct srv_conns;  /* conns.c: connections by age, for the slow and the idle */
struct srv_access; /* access.c: lines that wait to be written */

struct srv {
    struct rs_ctx *ctx; /* main thread only */
    char *workspace, *db_path, *models_dir;
    pthread_mutex_t settings_lock;
    const struct srv_settings *settings; /* under settings_lock; srv_settings_acquire */
    char *env_token;
    char address[96]; /* "http://127.0.0.1:8000" */
    struct srv_models *models;
    struct srv_overlay *overlay;
    struct srv_tokens *tokens;
    struct srv_cache *cache;
    struct srv_queue *query, *writer;
    struct srv_watch *watch;
    struct srv_limits *limits;
    struct srv_conns *conns;
    struct srv_access *access;
    _Atomic(struct srv_body *) document; /* /openapi.json, NULL until it is asked for */
    struct srv_metrics metrics;
    struct MHD_Daemon *daemon;
    struct rs_job_handle *job;
    atomic_bool draining; /* answers close their connections */
    atomic_ullong request_ids;
    char id_prefix[17]; /* hex, of this process */
};
const struct srv_settings *srv_settings_acquire(struct srv *s);
/* Parts of srv_start and srv_stop in the order of what needs what; both run on the main thread. */
RS_MUST_USE enum rs_code srv_start(struct rs_ctx *ctx, struct srv **out, struct rs_err *err);
RS_MUST_USE enum rs_code srv_reload(struct srv *s, struct rs_err *err); /* SIGHUP */
void srv_stop(struct srv *s); /* quiesce, drain, stop threads, free */

/* ---- one request (http.c) ------------------------------------------------------------------ */

/* From its first line to its last byte. Made by the URI callback, kept in a free list. */
struct srv_request {
    struct srv_call call; /* first: srv_http_done gets it back */
    struct MHD_Connection *connection;
    char *uri; /* raw, in call.arena */
    struct rs_str body;
    char actor[64];
    char id[40];     /* request id: the client's where it is sound, else ours */
    char client[48]; /* address */
    int64_t begun_ns;
    int status; /* as queued */
    enum { SRV_NEW, SRV_READING, SRV_WAITING, SRV_DONE } stage;
    struct MHD_Response *response; /* made by srv_http_done while suspended */
    const struct srv_settings *held;
    int route_index; /* -1: none */
};
/* A call's handler has returned rc (on any thread but the http ones): make its response and let the
 * connection go on. */
void srv_http_done(struct srv_call *c, enum rs_code rc, const struct rs_err *err);

/* Errors that belong to HTTP rather than to a code of the program. */
#define SRV_HTTP_ERRORS(X)           \
    X(401, "unauthorized")           \
    X(403, "forbidden")              \
    X(404, "not_found")              \
    X(405, "method_not_allowed")     \
    X(408, "request_timeout")        \
    X(411, "length_required")        \
    X(413, "too_large")              \
    X(414, "uri_too_long")           \
    X(415, "unsupported_media_type") \
    X(429, "rate_limited")           \
    X(431, "header_too_large")       \
    X(503, "unavailable")

/* limit.c */
struct srv_limits *srv_limits_new(void);
void srv_limits_free(struct srv_limits *l);
/* May this client (address; IPv6 by /64) ask now? false: *retry_s_out whole seconds. */
bool srv_limits_take(struct srv_limits *l, const struct sockaddr *from, double rate, double burst,
                     int64_t now_ns, int *retry_s_out);

/* conns.c: a connection that has not sent a whole request head within idle_s, or a whole body
 * within request_s, is shut down; near the limit the longest idle go first. */
struct srv_conns *srv_conns_new(int max);
void srv_conns_free(struct srv_conns *c);
void *srv_conns_open(struct srv_conns *c, int fd); /* socket context for MHD */
void srv_conns_close(struct srv_conns *c, void *handle);
enum srv_conn_state { SRV_CONN_IDLE, SRV_CONN_BODY, SRV_CONN_BUSY };
void srv_conns_mark(struct srv_conns *c, void *handle, enum srv_conn_state state);
int srv_conns_reap(struct srv_conns *c, int idle_s, int request_s); /* by watch; how many */

/* access.c: {"time","level":"info","event":"request","id","client","method","route","status",
 * "ms","bytes","actor"}; never query, body or token. Buffered; flushed by watch and at 64 KiB. */
struct srv_access *srv_access_new(int fd);
void srv_access_free(struct srv_access *a); /* flushes */
void srv_access_add(struct srv_access *a, const struct srv_request *r, const char *method,
                    const char *route, size_t bytes, int64_t ns);
void srv_access_flush(struct srv_access *a);

#endif
