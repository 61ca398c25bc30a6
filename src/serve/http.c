/*
 * http - a request from its first line to its last byte, in the calls that libmicrohttpd makes.
 *
 *     begin   the request line is there: a struct srv_request
 *     answer  heads are there (SRV_NEW), a piece of the body (SRV_READING, size > 0), all is there
 *             (SRV_READING, size 0): run the call, or hand it to a queue and suspend
 *     answer  the queue's thread has resumed the connection (SRV_WAITING): queue the response
 *     end     the response is out, or the connection is gone: the request goes back to the pool
 *
 * One thread serves a connection, so a request needs no lock. While it waits in a queue it belongs
 * to the queue's thread: libmicrohttpd does not look at a suspended connection, whatever its client
 * does, and calls end only after it was resumed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"

enum {
    DISCARD_TIMES = 4, /* max_body: more of a body that is too long is not even read */
    LAST_READS = 64,   /* of LAST_BYTES, before a connection closes */
    LAST_BYTES = 16 << 10,
};

/* ---- connections --------------------------------------------------------------------------- */

static struct srv_conn *conn_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* A descriptor that is closed with bytes unread resets the connection, and the client may lose an
 * answer that it has not read: of a body that was refused, say. */
static void read_the_rest(int fd)
{
    char bytes[LAST_BYTES];
    for (int i = 0; i < LAST_READS && recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0; i++) {
    }
}

void srv_http_connection(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_ConnectionNotificationCode what)
{
    struct srv *s = srv_worker_server(cls);
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const struct sockaddr *from =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        *context = srv_conns_open(s->conns, fd, from);
        atomic_fetch_add_explicit(&s->metrics.connections, 1, memory_order_relaxed);
    } else {
        read_the_rest(fd);
        srv_conns_close(s->conns, *context);
        srv_worker_count(cls, -1);
        atomic_fetch_sub_explicit(&s->metrics.connections, 1, memory_order_relaxed);
    }
}

/* Paths are decoded by srv_route_find, once it is known where their parts end. */
size_t srv_http_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* ---- begin --------------------------------------------------------------------------------- */

static void clear_request(struct srv_request *r)
{
    struct srv_call *c = &r->call;
    c->route = NULL;
    c->model = NULL;
    c->settings = NULL;
    c->scratch = NULL;
    c->ctx = NULL;
    c->out = NULL;
    c->shared = NULL;
    c->location = NULL;
    c->etag = NULL;
    c->status = 0;
    c->actor = r->actor;
    c->body = NULL;
    r->heads = (struct srv_heads){0};
    r->query = NULL;
    r->path_len = 0;
    r->actor[0] = '\0';
    r->id[0] = '\0';
    r->body_read = 0;
    r->stage = SRV_NEW;
    r->close = false;
    r->allow = 0;
    r->retry_s = 0;
    r->status = 0;
    r->sent = 0;
    r->response = NULL;
    r->lent = NULL;
    r->settings = NULL;
    r->route_index = -1;
}

void *srv_http_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct srv *s = srv_worker_server(cls);
    struct srv_request *r = srv_pool_request(s->pool);
    clear_request(r);
    r->call.srv = r->srv = s;
    r->worker = cls;
    r->connection = connection;
    r->conn = conn_of(connection);
    r->begun_ns = rs_clock_mono_ns();
    r->uri_at = uri;
    r->uri_len = strlen(uri);
    r->uri = rs_arena_strndup(r->call.arena, uri, r->uri_len);
    atomic_fetch_add(&s->metrics.in_flight, 1);
    if (atomic_load(&s->stopping)) r->stage = SRV_DONE;
    return r;
}

/* "<prefix>-<number in hex>" */
static void write_id(char *to, const char *prefix, unsigned long long number)
{
    char digits[16];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number);
    size_t n = strlen(prefix);
    memcpy(to, prefix, n);
    to[n] = '-';
    memcpy(to + n + 1, digits + at, sizeof(digits) - at);
    to[n + 1 + sizeof(digits) - at] = '\0';
}

/* The client's id where it is sound, so that its log and ours can be joined; else ours. */
static void name_request(struct srv_request *r)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *theirs = r->heads.request_id;
    size_t n = theirs ? strspn(theirs, letters) : 0;
    if (n > 0 && n <= 36 && theirs[n] == '\0') {
        memcpy(r->id, theirs, n + 1);
    } else {
        unsigned long long number =
            atomic_fetch_add_explicit(&r->srv->request_ids, 1, memory_order_relaxed);
        write_id(r->id, r->srv->id_prefix, number);
    }
}

/* ---- answer -------------------------------------------------------------------------------- */

/* Nothing of the call is needed once its answer is made. */
static void let_go(struct srv_request *r)
{
    srv_model_release(r->srv->models, r->call.model);
    r->call.model = NULL;
    rs_arena_reset(r->call.arena);
    r->uri = NULL;
}

static void drop_response(struct srv_request *r)
{
    if (r->lent) {
        srv_body_release(r->lent);
    } else if (r->response) {
        MHD_destroy_response(r->response);
    }
    r->lent = NULL;
    r->response = NULL;
}

static enum MHD_Result send_response(struct srv_request *r)
{
    r->stage = SRV_DONE;
    let_go(r);
    if (!r->response) return MHD_NO; /* no memory: the connection closes */
    enum MHD_Result ok = MHD_queue_response(r->connection, (unsigned)r->status, r->response);
    drop_response(r);
    srv_conns_mark(r->conn, SRV_CONN_ANSWER, rs_clock_mono_ns());
    return ok;
}

/* The heads are there. A body follows where one was announced. One that is somewhat too long is
 * read to its end and dropped: most clients send all of it before they read, and would find a
 * closed connection instead of the answer. */
static enum MHD_Result take_heads(struct srv_request *r, const char *method, const char *version)
{
    int status;
    if (!r->uri) return MHD_NO;
    r->settings = srv_settings_acquire(r->srv);
    r->call.settings = r->settings;
    r->verb = srv_verb_of(method);
    const char *wrong = srv_heads_read(r, method, version, &status);
    name_request(r);
    /* Where chunks end is for libmicrohttpd to say, and it takes a bare LF for a line's end: what
     * comes after them on this connection is never read as a request. */
    r->close = wrong || r->heads.transfer_encoding;
    if (wrong) {
        srv_reply_error(r, status, "%s", wrong);
        return send_response(r);
    }
    size_t max = r->settings->max_body;
    if (r->heads.length > max) {
        bool waits = r->heads.expect || r->heads.length / DISCARD_TIMES > max;
        r->close = r->close || waits;
        srv_reply_error(r, MHD_HTTP_CONTENT_TOO_LARGE,
                        "a body of %llu bytes: at most %zu are taken (serving.max_body_kb)",
                        (unsigned long long)r->heads.length, max);
        if (waits) return send_response(r);
    } else {
        srv_admit(r);
    }
    r->stage = SRV_READING;
    bool has_body = r->heads.length > 0 || r->heads.transfer_encoding;
    srv_conns_mark(r->conn, has_body ? SRV_CONN_BODY : SRV_CONN_BUSY, r->begun_ns);
    return MHD_YES;
}

/* A piece of the body, kept unless the answer is settled. */
static enum MHD_Result take_body(struct srv_request *r, const char *data, size_t *size)
{
    size_t max = r->settings->max_body;
    r->body_read += *size;
    if (!r->response && r->body_read > max) {
        r->close = true;
        srv_reply_error(r, MHD_HTTP_CONTENT_TOO_LARGE,
                        "the body is longer than %zu bytes (serving.max_body_kb)", max);
    }
    if (!r->response) {
        rs_str_addn(&r->body, data, *size);
        if (r->body.failed) srv_reply_error(r, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    }
    *size = 0;
    return r->body_read / DISCARD_TIMES > max ? MHD_NO : MHD_YES;
}

static void run_here(struct srv_request *r)
{
    struct srv_call *c = &r->call;
    struct rs_err err = {0};
    const struct srv_model *m = c->model;
    struct srv_bench *b = srv_pool_bench(r->srv->pool, m ? rs_idmap_size(m->bundle->items) : 0);
    c->scratch = b->scratch;
    c->out = &b->out;
    enum rs_code rc = c->route->run(c, &err);
    srv_reply_result(r, rc, &err);
    srv_pool_give_bench(r->srv->pool, b);
}

static void refuse_without_model(struct srv_request *r)
{
    int64_t refused = srv_watch_refused(r->srv->watch);
    r->retry_s = 1;
    if (refused) {
        srv_reply_error(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "no model is served: version %lld behind the alias '%s' is refused, the "
                        "server's log says why",
                        (long long)refused, r->settings->alias);
    } else {
        srv_reply_error(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "no model is served: no version stands behind the alias '%s' yet "
                        "('recsys-tui model promote')",
                        r->settings->alias);
    }
}

/* Everything is there. */
static enum MHD_Result run_call(struct srv_request *r)
{
    struct srv_call *c = &r->call;
    struct rs_err err = {0};
    srv_conns_mark(r->conn, SRV_CONN_BUSY, r->begun_ns);
    if (r->response) return send_response(r); /* settled by the heads */
    enum rs_code rc =
        srv_fields_read(c, r->path_values, r->query, r->body_read ? rs_str_text(&r->body) : NULL,
                        r->body.len, &err);
    if (rc) {
        srv_reply_result(r, rc, &err);
        return send_response(r);
    }
    c->status = c->route->status ? c->route->status : MHD_HTTP_OK;
    c->model = srv_model_acquire(r->srv->models);
    if ((c->route->flags & SRV_MODEL) && !c->model) {
        refuse_without_model(r);
        return send_response(r);
    }
    if (c->route->flags & (SRV_QUERY | SRV_WRITER | SRV_LONG)) {
        r->stage = SRV_HELD;
        return MHD_YES;
    }
    run_here(r);
    return send_response(r);
}

/* From here on r may be gone. */
static void resume(struct srv_request *r)
{
    struct srv_worker *worker = r->worker;
    MHD_resume_connection(r->connection);
    srv_worker_wake(worker);
}

/*
 * The connection was left alone with everything read and nothing to send, so libmicrohttpd has
 * come back at once, and it now wants neither to read nor to write. Had it been suspended a call
 * earlier, it would read first when resumed, find the end where the client has closed its sending
 * side, and drop the answer.
 */
static void suspend(struct srv_request *r)
{
    struct srv *s = r->srv;
    unsigned flags = r->call.route->flags;
    struct srv_queue *queue = flags & SRV_WRITER ? s->writer
                              : flags & SRV_LONG ? s->batch
                                                 : s->query;
    r->stage = SRV_WAITING;
    MHD_suspend_connection(r->connection);
    if (srv_queue_put(queue, &r->call)) return; /* it is the queue's now */
    r->retry_s = 1;
    srv_reply_error(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                    "too many such calls wait already: try again in %d s", r->retry_s);
    resume(r);
}

void srv_http_done(struct srv_call *c, enum rs_code rc, const struct rs_err *err)
{
    struct srv_request *r = (struct srv_request *)c;
    srv_reply_result(r, rc, err);
    resume(r);
}

enum MHD_Result srv_http_answer(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **request)
{
    struct srv_request *r = *request;
    (void)cls;
    (void)connection;
    (void)url;
    switch (r->stage) {
    case SRV_NEW:
        return take_heads(r, method, version);
    case SRV_READING:
        return *size ? take_body(r, data, size) : run_call(r);
    case SRV_HELD:
        suspend(r);
        return MHD_YES;
    case SRV_WAITING:
        return send_response(r);
    case SRV_DONE:
        break;
    }
    return MHD_NO;
}

/* ---- end ----------------------------------------------------------------------------------- */

static void log_access(const struct srv_request *r, int64_t ns)
{
    if (!r->settings || r->settings->access_log == SRV_ACCESS_NONE) return;
    const struct srv_route *route = r->call.route;
    bool quiet =
        r->settings->access_log == SRV_ACCESS_ERRORS || (route && route->flags & SRV_QUIET);
    if (quiet && r->status < 400) return;
    srv_access_add(r->srv->access, r, srv_verb_name(r->verb), route ? route->path : "none", r->sent,
                   ns);
}

/* A body that is late was answered by srv_conns_reap; what libmicrohttpd cannot read it answers by
 * itself. 0: the client went away before its request was whole. */
static int status_of(struct srv_request *r)
{
    if (r->stage == SRV_READING && srv_conns_is_shut(r->conn)) return MHD_HTTP_REQUEST_TIMEOUT;
    if (r->status) return r->status;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? (int)info->http_status : 0;
}

void srv_http_end(void *cls, struct MHD_Connection *connection, void **request,
                  enum MHD_RequestTerminationCode why)
{
    struct srv *s = srv_worker_server(cls);
    struct srv_request *r = *request;
    (void)connection;
    (void)why;
    if (!r) return;
    *request = NULL;
    int64_t now_ns = rs_clock_mono_ns();
    r->status = status_of(r);
    if (r->status) {
        srv_metrics_request(&s->metrics, r->route_index, r->status, now_ns - r->begun_ns);
        log_access(r, now_ns - r->begun_ns);
    }
    drop_response(r);
    srv_model_release(s->models, r->call.model);
    srv_settings_release(r->settings);
    srv_conns_mark(r->conn, SRV_CONN_IDLE, now_ns);
    srv_pool_give_request(s->pool, r);
    atomic_fetch_sub(&s->metrics.in_flight, 1);
}
