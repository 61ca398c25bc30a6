/*
 * listen - the socket, and the thread that accepts.
 *
 * One thread accepts for all workers: so connections are spread evenly, the limit of connections is
 * one number, and newcomers can push out the idle. To stop is to close.
 */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"

enum {
    BACKLOG = 1024,
    PAUSE_MS = 20, /* before another look, where no connection can be taken */
};

struct srv_listener {
    struct srv *srv;
    int fd;   /* -1: closed */
    int wake; /* eventfd: stop */
    pthread_t thread;
    bool running;
};

/* ---- the socket ---------------------------------------------------------------------------- */

static enum rs_code fail_bind(int e, const char *host, int port, struct rs_err *err)
{
    if (e == EADDRINUSE)
        return rs_fail(err, RS_EBUSY,
                       "%s port %d is in use: end what listens there ('recsys-tui serve stop' ends "
                       "a server of this workspace), or say --port N",
                       host, port);
    if (e == EACCES)
        return rs_fail(err, RS_EARG, "%s port %d needs privileges: say --port N with N above 1023",
                       host, port);
    if (e == EADDRNOTAVAIL)
        return rs_fail(err, RS_EARG,
                       "serving.host '%s' is no address of this machine: 127.0.0.1 is this machine "
                       "alone, 0.0.0.0 every address",
                       host);
    return rs_fail_errno(err, e, "listen on %s port %d", host, port);
}

/* -1: errno says why. */
static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    int off = 0;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0) return -1;
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
    if (ok && a->ai_family == AF_INET6) { /* :: takes IPv4 too */
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0;
    }
    ok = ok && bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    if (ok) return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

static enum rs_code open_socket(const char *host, int port, int *fd_out, struct rs_err *err)
{
    char service[16];
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(service, sizeof(service), "%d", port);
    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc)
        return rs_fail(err, RS_EARG,
                       "serving.host '%s' is no host that is known (%s): 127.0.0.1 is this machine "
                       "alone, 0.0.0.0 every address",
                       host, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    int e = 0;
    int fd = -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = listen_on(a);
        if (fd < 0 && !e) e = errno; /* of the first: the others are its doubles */
    }
    freeaddrinfo(list);
    *fd_out = fd;
    return fd < 0 ? fail_bind(e, host, port, err) : RS_OK;
}

static void name_address(int fd, bool tls, char *out, size_t size)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    if (getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
        getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    bool v6 = strchr(host, ':') != NULL;
    snprintf(out, size, "http%s://%s%.64s%s:%.8s", tls ? "s" : "", v6 ? "[" : "", host,
             v6 ? "]" : "", port);
}

enum rs_code srv_listen(struct srv *s, const struct srv_settings *set, struct srv_listener **out,
                        struct rs_err *err)
{
    int fd = -1;
    enum rs_code rc = open_socket(set->host, set->port, &fd, err);
    if (rc) return rc;
    int wake = eventfd(0, EFD_CLOEXEC);
    if (wake < 0) {
        close(fd);
        return rs_fail_errno(err, errno, "make an event descriptor");
    }
    struct srv_listener *l = rs_xalloc(1, sizeof(*l));
    *l = (struct srv_listener){.srv = s, .fd = fd, .wake = wake};
    name_address(fd, s->tls_cert != NULL, s->address, sizeof(s->address));
    *out = l;
    return RS_OK;
}

/* ---- accepting ----------------------------------------------------------------------------- */

/* false: there is nobody, or nobody can be taken; then errno says why. */
static bool accept_one(struct srv_listener *l)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return false;
    srv_workers_take(l->srv->workers, fd, &from, len);
    return true;
}

/* errno as accept_one leaves it, 0 where there is no room. */
static bool take_one(struct srv_listener *l)
{
    bool room = srv_conns_reserve(l->srv->conns);
    errno = 0;
    if (room && accept_one(l)) return true;
    int why = errno;
    if (room) srv_conns_give_back(l->srv->conns);
    errno = why;
    return false;
}

/* Waits until one of n descriptors is readable, the first of which says stop; false: it did. */
static bool wait_for(struct srv_listener *l, int n, int ms)
{
    struct pollfd p[] = {{.fd = l->wake, .events = POLLIN}, {.fd = l->fd, .events = POLLIN}};
    int got;
    do {
        got = poll(p, (nfds_t)n, ms);
    } while (got < 0 && errno == EINTR);
    return got >= 0 && !(p[0].revents & POLLIN);
}

/* Out of descriptors or memory: said once until it is over. */
static bool is_shortage(int e)
{
    return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM;
}

static void *accept_main(void *arg)
{
    struct srv_listener *l = arg;
    bool short_of = false;
    while (wait_for(l, 2, -1)) {
        bool taken = take_one(l);
        bool now_short = !taken && is_shortage(errno);
        if (now_short && !short_of) {
            rs_log(RS_LOG_WARN, "accept", "no connection can be taken: %s", strerror(errno));
        }
        short_of = now_short;
        if (!taken && !wait_for(l, 1, PAUSE_MS)) break;
    }
    return NULL;
}

enum rs_code srv_listener_start(struct srv_listener *l, struct rs_err *err)
{
    enum rs_code rc = srv_thread_start(&l->thread, accept_main, l, "accepting", err);
    l->running = !rc;
    return rc;
}

void srv_listener_stop(struct srv_listener *l)
{
    if (!l) return;
    if (l->running) {
        while (eventfd_write(l->wake, 1) != 0 && errno == EINTR) {
        }
        pthread_join(l->thread, NULL);
        l->running = false;
        for (int i = 0; i < BACKLOG && take_one(l); i++) {
        }
    }
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}

void srv_listener_free(struct srv_listener *l)
{
    if (!l) return;
    srv_listener_stop(l);
    close(l->wake);
    free(l);
}
