/*
 * http_impl - the server as a whole, its requests and connections, and what it counts.
 */
#ifndef SERVE_HTTP_IMPL_H
#define SERVE_HTTP_IMPL_H

#include <microhttpd.h>
#include <sys/socket.h>

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

struct srv_limits;   /* limit.c: token buckets by client */
struct srv_conns;    /* conns.c: connections by age, for the slow and the idle */
struct srv_access;   /* access.c: lines that wait to be written */
struct srv_listener; /* listen.c: the socket, and the thread that accepts */
struct srv_workers;  /* workers.c: threads that serve connections */
struct srv_worker;   /* one of them */
struct srv_pool;     /* pool.c: requests and scratch memory between their uses */

struct srv {
    struct rs_ctx *ctx;         /* main thread only */
    const struct rs_args *args; /* of `serve`, for SIGHUP */
    char *workspace, *db_path, *models_dir;
    pthread_mutex_t settings_lock;
    struct srv_settings *settings; /* under settings_lock; srv_settings_acquire */
    char *env_token;
    char address[96]; /* "http://127.0.0.1:8000" */
    struct srv_models *models;
    struct srv_overlay *overlay;
    struct srv_tokens *tokens;
    struct srv_cache *cache;
    struct srv_queue *query, *writer, *batch;
    int busy_ms; /* how long a call waits for another process to end its write */
    struct srv_watch *watch;
    struct srv_limits *limits;
    struct srv_conns *conns;
    struct srv_access *access;
    _Atomic(struct srv_body *) document; /* /openapi.json, NULL until it is asked for */
    struct srv_listener *listener;
    struct srv_pool *pool;
    struct srv_metrics metrics;
    struct srv_workers *workers;
    char *tls_cert, *tls_key; /* PEM; NULL: plain HTTP */
    struct rs_job_handle *job;
    atomic_bool draining; /* answers close their connections */
    atomic_bool stopping; /* requests are dropped: parts go away */
    atomic_ullong request_ids;
    char id_prefix[17]; /* hex, of this process */
};
const struct srv_settings *srv_settings_acquire(struct srv *s);
/* Parts of srv_start and srv_stop in the order of what needs what; both run on the main thread,
 * whose signals the caller has blocked. args: of the command `serve`. */
RS_MUST_USE enum rs_code srv_start(struct rs_ctx *ctx, const struct rs_args *args, struct srv **out,
                                   struct rs_err *err);
/* SIGHUP. A configuration that cannot be leaves the old one in force. */
RS_MUST_USE enum rs_code srv_reload(struct srv *s, struct rs_err *err);
/* Accepts nothing more; answers close their connections. */
void srv_drain(struct srv *s);
void srv_stop(struct srv *s); /* drops what is left of requests, stops threads, frees; or NULL */

uint64_t srv_random(void); /* of the system */

/* ---- libmicrohttpd (workers.c, tls.c) ------------------------------------------------------ */

/* PEM of both files, the caller's; NULL where TLS is not set. RS_EARG, RS_EIO name the file. */
RS_MUST_USE enum rs_code srv_tls_read(const struct srv_settings *set, char **cert_out,
                                      char **key_out, struct rs_err *err);
/* settings->threads of them. RS_EARG: certificate and key do not fit; RS_EIO. */
RS_MUST_USE enum rs_code srv_workers_start(struct srv *s, const struct srv_settings *set,
                                           struct srv_workers **out, struct rs_err *err);
/* No connection is suspended. Closes those that are left. */
void srv_workers_stop(struct srv_workers *ws);
/* A connection for the worker that has the fewest; takes fd. */
void srv_workers_take(struct srv_workers *ws, int fd, const struct sockaddr_storage *from,
                      socklen_t len);
/* After MHD_resume_connection: let its worker see it. */
void srv_worker_wake(struct srv_worker *w);
void srv_worker_count(struct srv_worker *w, int more); /* connections that it has */
struct srv *srv_worker_server(const struct srv_worker *w);

/* ---- listening (listen.c) ------------------------------------------------------------------ */

/* Binds and listens; sets s->address. RS_EBUSY: taken; RS_EARG: no such host or address; RS_EIO. */
RS_MUST_USE enum rs_code srv_listen(struct srv *s, const struct srv_settings *set,
                                    struct srv_listener **out, struct rs_err *err);
/* Hands what comes to s->workers from now on. Near the limit of connections the longest idle goes
 * first; where none is idle newcomers wait in the kernel's queue. */
RS_MUST_USE enum rs_code srv_listener_start(struct srv_listener *l, struct rs_err *err);
/* Takes who has come, closes the socket: whoever comes now is refused. srv_listener_free ends it
 * too. */
void srv_listener_stop(struct srv_listener *l);
void srv_listener_free(struct srv_listener *l);

/* ---- one request (http.c) ------------------------------------------------------------------ */

/* Methods; OTHER: one that no call has. */
enum srv_verb {
    SRV_VERB_GET,
    SRV_VERB_HEAD,
    SRV_VERB_POST,
    SRV_VERB_OPTIONS,
    SRV_VERB_OTHER,
};

/* The heads that matter, in the connection's memory. */
struct srv_heads {
    const char *host, *authorization, *content_type, *content_encoding, *transfer_encoding;
    const char *expect, *origin, *asked_method, *if_none_match, *request_id;
    const char *length_text; /* Content-Length */
    uint64_t length;
};

/* From its first line to its last byte. Made by the URI callback, kept in a pool. */
struct srv_request {
    struct srv_call call; /* first: srv_http_done gets it back */
    struct srv *srv;
    struct srv_worker *worker;
    struct srv_request *next; /* in the pool */
    struct MHD_Connection *connection;
    struct srv_conn *conn;
    char *uri; /* raw, in call.arena; NULL: no memory for it */
    const char *path_values[4];
    const char *query;  /* in uri, after '?'; or NULL */
    const char *uri_at; /* where the connection's memory has it */
    size_t uri_len, path_len;
    struct srv_heads heads;
    struct rs_str body;
    char actor[64];
    char id[40]; /* request id: the client's where it is sound, else ours */
    int64_t begun_ns;
    uint64_t body_read; /* bytes, of which `body` has none where the answer is settled */
    enum srv_verb verb;
    enum {
        SRV_NEW,     /* heads not seen */
        SRV_READING, /* the body comes */
        SRV_HELD,    /* for a queue: suspended when libmicrohttpd comes back */
        SRV_WAITING, /* suspended; in a queue */
        SRV_DONE,    /* its response is queued */
    } stage;
    bool close;                    /* the connection ends with the answer */
    unsigned allow;                /* bits of methods, for Allow; 0: none */
    int retry_s;                   /* Retry-After; 0: none */
    int status;                    /* of the response; 0: none yet */
    size_t sent;                   /* bytes of the response's body */
    struct MHD_Response *response; /* made, not queued */
    struct srv_body *lent;         /* whose `ready` that is, and so not ours; or NULL */
    const struct srv_settings *settings;
    int route_index; /* -1: none */
};
/* For MHD_OPTION_URI_LOG_CALLBACK, MHD_start_daemon, MHD_OPTION_NOTIFY_COMPLETED and
 * MHD_OPTION_NOTIFY_CONNECTION; cls is the struct srv_worker. */
void *srv_http_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result srv_http_answer(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **request);
void srv_http_end(void *cls, struct MHD_Connection *connection, void **request,
                  enum MHD_RequestTerminationCode why);
size_t srv_http_unescape(void *cls, struct MHD_Connection *connection, char *text); /* as it is */
void srv_http_connection(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_ConnectionNotificationCode what);
/* A call's handler has returned rc (on any thread but the http ones): make its response and let the
 * connection go on. */
void srv_http_done(struct srv_call *c, enum rs_code rc, const struct rs_err *err);

/* heads.c: reads the heads into r->heads. NULL: they are sound; else what is wrong with them, and
 * *status_out. Line ends other than CR LF, folded lines, NUL and control characters, names that are
 * no token, doubled and contradicting heads are all refused: whoever stands before this server may
 * read them differently. */
const char *srv_heads_read(struct srv_request *r, const char *method, const char *version,
                           int *status_out);

/* admit.c: settles what the heads alone decide: sets route, path values, query, actor; or makes a
 * response (r->response) that refuses. */
void srv_admit(struct srv_request *r);
enum srv_verb srv_verb_of(const char *method);
const char *srv_verb_name(enum srv_verb verb); /* "other" where no call has it */

/* ---- answers (reply.c) --------------------------------------------------------------------- */

/* Errors that belong to HTTP rather than to a code of the program. */
#define SRV_HTTP_ERRORS(X)           \
    X(400, "bad_request")            \
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
    X(501, "not_implemented")        \
    X(503, "unavailable")

/* Before a body is shared: the response that plain requests get, made once. */
void srv_reply_ready(struct srv_body *b);
/* Each makes r->response (NULL: no memory) and sets r->status. */
void srv_reply_result(struct srv_request *r, enum rs_code rc, const struct rs_err *err);
void srv_reply_error(struct srv_request *r, int status, const char *fmt, ...) RS_PRINTF(3, 4);
void srv_reply_options(struct srv_request *r); /* 204: what r->allow has, and CORS */
/* A whole response, 408: the body did not arrive in time. */
void srv_reply_late(char *out, size_t size);

/* ---- memory between its uses (pool.c) ------------------------------------------------------ */

struct srv_bench { /* what a handler works with: one a thread that runs one */
    struct srv_bench *next;
    struct rs_arena *scratch;
    size_t block;
    struct rs_str out;
};
struct srv_pool *srv_pool_new(void);
void srv_pool_free(struct srv_pool *p); /* after all was given back */
struct srv_request *srv_pool_request(struct srv_pool *p);
void srv_pool_give_request(struct srv_pool *p, struct srv_request *r);
/* n_items: of the model that is scored; 0: none. */
struct srv_bench *srv_pool_bench(struct srv_pool *p, int32_t n_items);
void srv_pool_give_bench(struct srv_pool *p, struct srv_bench *b);

/* ---- limit.c ------------------------------------------------------------------------------- */

struct srv_limits *srv_limits_new(void);
void srv_limits_free(struct srv_limits *l);
/* May this client (address; IPv6 by /64) ask now? false: *retry_s_out whole seconds. */
bool srv_limits_take(struct srv_limits *l, const struct sockaddr *from, double rate, double burst,
                     int64_t now_ns, int *retry_s_out);

/* ---- conns.c ------------------------------------------------------------------------------- */

/* A connection that has not sent a whole request head within idle_s, a whole body within request_s,
 * or not taken its answer within idle_s, is shut down; near the limit the longest idle go first.
 * srv_conns.lock guards the list and keeps a descriptor from being closed while it is shut down. */
enum srv_conn_state {
    SRV_CONN_IDLE,   /* no whole head yet */
    SRV_CONN_BODY,   /* the body comes */
    SRV_CONN_BUSY,   /* the call runs or waits */
    SRV_CONN_ANSWER, /* the answer leaves */
    SRV_CONN_SHUT,   /* shut down; only srv_conns sets it */
};
struct srv_conn {
    struct srv_conn *newer, *older; /* under lock */
    int fd;
    atomic_ullong mark;        /* since when (ms, monotonic) << 3 | state */
    unsigned long long looked; /* at that mark srv_conns_reap saw whether the client has closed */
    bool left;
    char client[48]; /* address */
};
/* plain: no TLS, so whose body is late can be told. */
struct srv_conns *srv_conns_new(int max, bool plain);
void srv_conns_free(struct srv_conns *c);
struct srv_conn *srv_conns_open(struct srv_conns *c, int fd, const struct sockaddr *from);
void srv_conns_close(struct srv_conns *c, struct srv_conn *conn);
/* By the thread that serves the connection; takes no lock. */
void srv_conns_mark(struct srv_conn *conn, enum srv_conn_state state, int64_t now_ns);
bool srv_conns_is_shut(const struct srv_conn *conn);
/* By watch. Returns how many were shut for being slow or idle, or for a newcomer since the last
 * time. */
int srv_conns_reap(struct srv_conns *c, int idle_s, int request_s);
/* Has somebody sent, and nobody looked yet? */
bool srv_conns_unread(struct srv_conns *c);
void srv_conns_shut_all(struct srv_conns *c); /* and whoever comes after */
/* A place for one more, for the next srv_conns_open or srv_conns_give_back; where there is none the
 * longest idle is shut down. false: all are at work, or many are on their way out. */
bool srv_conns_reserve(struct srv_conns *c);
void srv_conns_give_back(struct srv_conns *c);
/* Have most of many gone since this was true? Their memory lies scattered, and malloc keeps it. */
bool srv_conns_crowd_gone(struct srv_conns *c);
enum { SRV_CONNS_LEAVING = 256 }; /* at most so many beside max are shut down and not closed yet */

/* ---- access.c ------------------------------------------------------------------------------ */

/* {"time","level":"info","event":"request","id","client","method","route","status","ms","bytes",
 * "actor"}; never query, body or token. Buffered; written by watch, and at 64 KiB as far as the
 * reader takes it at once. What a reader does not take is dropped in the end, and counted. */
struct srv_access *srv_access_new(int fd);
void srv_access_free(struct srv_access *a); /* flushes */
void srv_access_add(struct srv_access *a, const struct srv_request *r, const char *method,
                    const char *route, size_t bytes, int64_t ns);
void srv_access_flush(struct srv_access *a);

#endif
