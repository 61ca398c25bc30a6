/*
 * conns - open connections by age: absolute deadlines for the slow, and room for newcomers.
 *
 * libmicrohttpd's own timeout begins again with every byte, so a client that trickles would stay.
 * Here a phase has a start and an end. The serving thread notes a phase with one atomic store; the
 * list, and with it the life of a descriptor, is under the lock: a connection is shut down only
 * while it is in the list, and leaves the list before its descriptor is closed. Shutting down makes
 * libmicrohttpd read the end and close.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

enum {
    STATE_BITS = 3,
    STATE_MASK = (1 << STATE_BITS) - 1,
    CROWD = 256,  /* connections: some 6 MB of memory */
    LOOK_MS = 50, /* in a phase so long: has the client left? */
};

struct srv_conns {
    pthread_mutex_t lock;
    struct srv_conn *newest; /* under lock, as the next six */
    bool ended;              /* whoever comes now is shut down */
    int expected;            /* places given away, and not in the list yet */
    int listed;
    int crowd;      /* most that were listed since a crowd had gone */
    int live;       /* of those: not shut down */
    int pushed_out; /* by newcomers, since the last reaping */
    int max;
    bool plain;
};

struct srv_conns *srv_conns_new(int max, bool plain)
{
    struct srv_conns *c = rs_xalloc(1, sizeof(*c));
    c->max = max;
    c->plain = plain;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void srv_conns_free(struct srv_conns *c)
{
    if (!c) return;
    rs_assert(!c->newest);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static unsigned long long mark_of(enum srv_conn_state state, int64_t now_ns)
{
    return (unsigned long long)(now_ns / 1000000) << STATE_BITS | (unsigned)state;
}

static enum srv_conn_state state_of(unsigned long long mark)
{
    return (enum srv_conn_state)(mark & STATE_MASK);
}

static int64_t since_ms(unsigned long long mark)
{
    return (int64_t)(mark >> STATE_BITS);
}

/* Under lock. Unless the phase has just ended, it ends here. last_words: for the client, or
 * NULL. */
static bool shut(struct srv_conns *c, struct srv_conn *conn, unsigned long long seen,
                 const char *last_words)
{
    unsigned long long gone = (unsigned long long)since_ms(seen) << STATE_BITS | SRV_CONN_SHUT;
    if (!atomic_compare_exchange_strong(&conn->mark, &seen, gone)) return false;
    if (last_words) {
        (void)!send(conn->fd, last_words, strlen(last_words), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    shutdown(conn->fd, SHUT_RDWR);
    c->live--;
    return true;
}

/* ---- the list ------------------------------------------------------------------------------ */

static void name_client(const struct sockaddr *from, char *out, size_t size)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    const void *address = NULL;
    if (from->sa_family == AF_INET) {
        memcpy(&in, from, sizeof(in));
        address = &in.sin_addr;
    } else if (from->sa_family == AF_INET6) {
        memcpy(&in6, from, sizeof(in6));
        address = &in6.sin6_addr;
    }
    if (!address || !inet_ntop(from->sa_family, address, out, (socklen_t)size)) {
        snprintf(out, size, "unknown");
    }
}

struct srv_conn *srv_conns_open(struct srv_conns *c, int fd, const struct sockaddr *from)
{
    struct srv_conn *conn = rs_xalloc(1, sizeof(*conn));
    conn->fd = fd;
    atomic_init(&conn->mark, mark_of(SRV_CONN_IDLE, rs_clock_mono_ns()));
    name_client(from, conn->client, sizeof(conn->client));
    pthread_mutex_lock(&c->lock);
    conn->older = c->newest;
    if (c->newest) c->newest->newer = conn;
    c->newest = conn;
    c->live++;
    c->listed++;
    if (c->listed > c->crowd) c->crowd = c->listed;
    c->expected -= c->expected > 0;
    if (c->ended) shut(c, conn, atomic_load(&conn->mark), NULL);
    pthread_mutex_unlock(&c->lock);
    return conn;
}

void srv_conns_close(struct srv_conns *c, struct srv_conn *conn)
{
    pthread_mutex_lock(&c->lock);
    if (conn->newer) {
        conn->newer->older = conn->older;
    } else {
        c->newest = conn->older;
    }
    if (conn->older) conn->older->newer = conn->newer;
    c->live -= state_of(atomic_load(&conn->mark)) != SRV_CONN_SHUT;
    c->listed--;
    pthread_mutex_unlock(&c->lock);
    free(conn);
}

/* ---- phases -------------------------------------------------------------------------------- */

void srv_conns_mark(struct srv_conn *conn, enum srv_conn_state state, int64_t now_ns)
{
    unsigned long long before = atomic_load_explicit(&conn->mark, memory_order_relaxed);
    do {
        if (state_of(before) == SRV_CONN_SHUT) return;
    } while (!atomic_compare_exchange_weak_explicit(&conn->mark, &before, mark_of(state, now_ns),
                                                    memory_order_relaxed, memory_order_relaxed));
}

bool srv_conns_is_shut(const struct srv_conn *conn)
{
    return state_of(atomic_load(&conn->mark)) == SRV_CONN_SHUT;
}

/*
 * A client may close its sending side right behind its last bytes. libmicrohttpd, which is told of
 * an event once, has read the bytes by then and not the end, so it would wait. Where a look finds
 * nothing but the end, and the next one still the same phase, nothing comes of it any more.
 */
static bool is_left(struct srv_conn *conn, unsigned long long seen)
{
    if (conn->looked == seen) return conn->left;
    char byte;
    conn->looked = seen;
    conn->left = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    return false;
}

int srv_conns_reap(struct srv_conns *c, int idle_s, int request_s)
{
    const int64_t limit_ms[] = {[SRV_CONN_IDLE] = 1000 * (int64_t)idle_s,
                                [SRV_CONN_BODY] = 1000 * (int64_t)request_s,
                                [SRV_CONN_BUSY] = INT64_MAX,
                                [SRV_CONN_ANSWER] = 1000 * (int64_t)idle_s,
                                [SRV_CONN_SHUT] = INT64_MAX};
    int64_t now_ms = rs_clock_mono_ns() / 1000000;
    int n = 0;
    char late[512];
    srv_reply_late(late, sizeof(late));
    pthread_mutex_lock(&c->lock);
    n += c->pushed_out;
    c->pushed_out = 0;
    for (struct srv_conn *conn = c->newest; conn; conn = conn->older) {
        unsigned long long seen = atomic_load(&conn->mark);
        enum srv_conn_state state = state_of(seen);
        int64_t age_ms = now_ms - since_ms(seen);
        if (age_ms >= limit_ms[state]) {
            n += shut(c, conn, seen, state == SRV_CONN_BODY && c->plain ? late : NULL);
        } else if ((state == SRV_CONN_IDLE || state == SRV_CONN_BODY) && age_ms >= LOOK_MS &&
                   is_left(conn, seen)) {
            shut(c, conn, seen, NULL);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return n;
}

bool srv_conns_unread(struct srv_conns *c)
{
    char byte;
    pthread_mutex_lock(&c->lock);
    bool any = c->expected > 0;
    for (struct srv_conn *conn = c->newest; conn && !any; conn = conn->older) {
        any = state_of(atomic_load(&conn->mark)) == SRV_CONN_IDLE &&
              recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }
    pthread_mutex_unlock(&c->lock);
    return any;
}

void srv_conns_shut_all(struct srv_conns *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    for (struct srv_conn *conn = c->newest; conn; conn = conn->older) {
        while (state_of(atomic_load(&conn->mark)) != SRV_CONN_SHUT) {
            shut(c, conn, atomic_load(&conn->mark), NULL);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

/* Under lock. Cost O(connections); false: none is idle. */
static bool shut_longest_idle(struct srv_conns *c)
{
    struct srv_conn *longest = NULL;
    unsigned long long mark = 0;
    for (struct srv_conn *conn = c->newest; conn; conn = conn->older) {
        unsigned long long seen = atomic_load(&conn->mark);
        if (state_of(seen) == SRV_CONN_IDLE && (!longest || seen <= mark)) {
            longest = conn;
            mark = seen;
        }
    }
    if (!longest || !shut(c, longest, mark, NULL)) return false;
    c->pushed_out++;
    return true;
}

bool srv_conns_reserve(struct srv_conns *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->live + c->expected >= c->max && shut_longest_idle(c)) {
    }
    bool room =
        c->live + c->expected < c->max && c->listed + c->expected < c->max + SRV_CONNS_LEAVING;
    c->expected += room;
    pthread_mutex_unlock(&c->lock);
    return room;
}

void srv_conns_give_back(struct srv_conns *c)
{
    pthread_mutex_lock(&c->lock);
    c->expected--;
    pthread_mutex_unlock(&c->lock);
}

bool srv_conns_crowd_gone(struct srv_conns *c)
{
    pthread_mutex_lock(&c->lock);
    bool gone = c->crowd >= CROWD && c->listed <= c->crowd / 2;
    if (gone) c->crowd = c->listed;
    pthread_mutex_unlock(&c->lock);
    return gone;
}
