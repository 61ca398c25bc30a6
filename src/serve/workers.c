/*
 * workers - the threads that serve connections, each with a libmicrohttpd of its own.
 *
 * libmicrohttpd could run its threads itself, but that of version 0.9.75 sleeps with everything
 * undone when exactly as many connections have something to read as it asks epoll for (128); a
 * connection that is handed over beyond its limit leaves a lock taken; and its quiescing aborts
 * where two threads meet. Run from outside it never sleeps: a worker waits until the epoll of its
 * daemon or its own eventfd has something, and lets the daemon do what there is. It has neither a
 * limit nor a timeout: conns.c counts, and ends what takes too long by the settings in force.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/serve/serve.h"

enum {
    CONNECTION_MEMORY = 24 << 10, /* heads of a request, then those of its answer */
    CONNECTION_STEP = 4 << 10,
};

/* A connection on its way to its worker. */
struct newcomer {
    struct newcomer *next;
    int fd;
    socklen_t len;
    struct sockaddr_storage from;
};

struct srv_worker {
    struct srv *srv;
    struct MHD_Daemon *daemon;
    int ready; /* epoll of the daemon, its own */
    int wake;  /* eventfd: newcomers, resumed connections, stop */
    pthread_t thread;
    bool running;
    atomic_bool stop;
    atomic_int connections;
    pthread_mutex_t lock;
    struct newcomer *newcomers; /* under lock */
    char says[200];             /* the first thing the daemon said while it started */
};

struct srv_workers {
    int n;
    struct srv_worker *list;
};

void srv_worker_wake(struct srv_worker *w)
{
    while (eventfd_write(w->wake, 1) != 0 && errno == EINTR) {
    }
}

struct srv *srv_worker_server(const struct srv_worker *w)
{
    return w->srv;
}

/* ---- the thread ---------------------------------------------------------------------------- */

static struct newcomer *take_newcomers(struct srv_worker *w)
{
    pthread_mutex_lock(&w->lock);
    struct newcomer *list = w->newcomers;
    w->newcomers = NULL;
    pthread_mutex_unlock(&w->lock);
    return list;
}

/* A connection that cannot be added is closed without ever having been opened. */
static void add_newcomers(struct srv_worker *w)
{
    for (struct newcomer *c = take_newcomers(w); c;) {
        struct newcomer *next = c->next;
        if (MHD_add_connection(w->daemon, c->fd, (struct sockaddr *)&c->from, c->len) != MHD_YES) {
            srv_worker_count(w, -1);
            srv_conns_give_back(w->srv->conns);
        }
        free(c);
        c = next;
    }
}

/* Until there is something to do. */
static void wait_for_work(struct srv_worker *w)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    eventfd_t number;
    struct pollfd p[] = {{.fd = w->ready, .events = POLLIN}, {.fd = w->wake, .events = POLLIN}};
    bool at_once = MHD_get_timeout(w->daemon, &ms) == MHD_YES && ms == 0;
    if (poll(p, 2, at_once ? 0 : -1) > 0 && p[1].revents) eventfd_read(w->wake, &number);
}

static void *worker_main(void *arg)
{
    struct srv_worker *w = arg;
    while (!atomic_load(&w->stop)) {
        wait_for_work(w);
        add_newcomers(w);
        MHD_run(w->daemon);
    }
    return NULL;
}

/* ---- newcomers ----------------------------------------------------------------------------- */

void srv_worker_count(struct srv_worker *w, int more)
{
    atomic_fetch_add_explicit(&w->connections, more, memory_order_relaxed);
}

static int count_of(struct srv_worker *w)
{
    return atomic_load_explicit(&w->connections, memory_order_relaxed);
}

void srv_workers_take(struct srv_workers *ws, int fd, const struct sockaddr_storage *from,
                      socklen_t len)
{
    struct srv_worker *least = &ws->list[0];
    for (int i = 1; i < ws->n; i++) {
        if (count_of(&ws->list[i]) < count_of(least)) least = &ws->list[i];
    }
    struct newcomer *c = rs_xalloc(1, sizeof(*c));
    *c = (struct newcomer){.fd = fd, .len = len, .from = *from};
    srv_worker_count(least, 1);
    pthread_mutex_lock(&least->lock);
    c->next = least->newcomers;
    least->newcomers = c;
    pthread_mutex_unlock(&least->lock);
    srv_worker_wake(least);
}

/* ---- start and stop ------------------------------------------------------------------------ */

/* What it says of requests has their contents; such texts stay unformatted. */
static void __attribute__((format(printf, 2, 0))) on_say(void *cls, const char *fmt, va_list ap)
{
    struct srv_worker *w = cls;
    char text[sizeof(w->says)];
    if (w->daemon && rs_log_level() > RS_LOG_DEBUG) return;
    if (strstr(fmt, "request for")) {
        snprintf(text, sizeof(text), "%s", fmt);
    } else {
        vsnprintf(text, sizeof(text), fmt, ap);
    }
    text[strcspn(text, "\n")] = '\0';
    if (!w->daemon && !w->says[0]) snprintf(w->says, sizeof(w->says), "%s", text);
    rs_log(RS_LOG_DEBUG, "http", "%s", text);
}

static enum rs_code fail_start(const struct srv_worker *w, const struct srv_settings *set,
                               struct rs_err *err)
{
    const char *says = w->says[0] ? w->says : "no reason given";
    if (w->srv->tls_cert)
        return rs_fail(err, RS_EARG,
                       "serving.tls_cert '%s' and serving.tls_key '%s' are not a certificate and "
                       "its key in PEM: %s",
                       set->tls_cert, set->tls_key, says);
    return rs_fail(err, RS_EIO, "start libmicrohttpd: %s", says);
}

static enum rs_code start_daemon(struct srv_worker *w, const struct srv_settings *set,
                                 struct rs_err *err)
{
    struct srv *s = w->srv;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     MHD_USE_NO_LISTEN_SOCKET | (s->tls_cert ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, s->tls_cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, s->tls_key},
                                   {MHD_OPTION_END, 0, NULL}};
    w->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, srv_http_answer, w, MHD_OPTION_EXTERNAL_LOGGER, on_say, w,
        MHD_OPTION_URI_LOG_CALLBACK, srv_http_begin, w, MHD_OPTION_NOTIFY_COMPLETED, srv_http_end,
        w, MHD_OPTION_NOTIFY_CONNECTION, srv_http_connection, w, MHD_OPTION_UNESCAPE_CALLBACK,
        srv_http_unescape, w, MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_STEP, MHD_OPTION_ARRAY,
        s->tls_cert ? tls : tls + 2, MHD_OPTION_END);
    if (!w->daemon) return fail_start(w, set, err);
    w->ready = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return RS_OK;
}

static enum rs_code start_worker(struct srv_worker *w, const struct srv_settings *set,
                                 struct rs_err *err)
{
    w->wake = eventfd(0, EFD_CLOEXEC);
    if (w->wake < 0) return rs_fail_errno(err, errno, "make an event descriptor");
    enum rs_code rc = start_daemon(w, set, err);
    if (!rc) rc = srv_thread_start(&w->thread, worker_main, w, "http", err);
    w->running = !rc;
    return rc;
}

enum rs_code srv_workers_start(struct srv *s, const struct srv_settings *set,
                               struct srv_workers **out, struct rs_err *err)
{
    struct srv_workers *ws = rs_xalloc(1, sizeof(*ws));
    enum rs_code rc = RS_OK;
    ws->n = set->threads;
    ws->list = rs_xalloc((size_t)ws->n, sizeof(*ws->list));
    for (int i = 0; i < ws->n; i++) {
        ws->list[i].srv = s;
        ws->list[i].wake = -1;
        pthread_mutex_init(&ws->list[i].lock, NULL);
    }
    for (int i = 0; i < ws->n && !rc; i++) {
        rc = start_worker(&ws->list[i], set, err);
    }
    if (rc) {
        srv_workers_stop(ws);
        return rc;
    }
    *out = ws;
    return RS_OK;
}

static void stop_worker(struct srv_worker *w)
{
    if (w->running) {
        atomic_store(&w->stop, true);
        srv_worker_wake(w);
        pthread_join(w->thread, NULL);
    }
    if (w->daemon) MHD_stop_daemon(w->daemon);
    for (struct newcomer *c = w->newcomers; c;) {
        struct newcomer *next = c->next;
        close(c->fd);
        free(c);
        c = next;
    }
    if (w->wake >= 0) close(w->wake);
    pthread_mutex_destroy(&w->lock);
}

void srv_workers_stop(struct srv_workers *ws)
{
    if (!ws) return;
    for (int i = 0; i < ws->n; i++) {
        stop_worker(&ws->list[i]);
    }
    free(ws->list);
    free(ws);
}

void rs_serve_libraries(rs_lib_fn *fn, void *ctx)
{
    char built[16];
    unsigned v = MHD_VERSION; /* 0x00097500: 0.9.75 */
    snprintf(built, sizeof(built), "%x.%x.%x", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff);
    fn("libmicrohttpd", built, MHD_get_version(), ctx);
}
