/* conns: who is ended and when, who has to make room, and that a descriptor which was closed and
 * opened again is never hit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/serve/http_impl.h"
#include "rs/base/clock.h"

/* A connection: its server's end is in the list. */
struct pair {
    struct srv_conns *conns;
    struct srv_conn *conn;
    int ends[2]; /* server, client */
};

static void open_pair(struct srv_conns *c, struct pair *p)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    p->conns = c;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->ends) != 0) fail_msg("no sockets");
    p->conn = srv_conns_open(c, p->ends[0], (struct sockaddr *)&from);
}

static void close_pair(struct pair *p)
{
    srv_conns_close(p->conns, p->conn);
    close(p->ends[0]);
    close(p->ends[1]);
}

/* In that state for so many milliseconds. */
static void mark(struct pair *p, enum srv_conn_state state, int64_t ms)
{
    srv_conns_mark(p->conn, state, rs_clock_mono_ns() - ms * 1000000);
}

static bool is_open(const struct pair *p)
{
    char byte;
    return recv(p->ends[1], &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static void phases_have_their_limits(void **state)
{
    (void)state;
    static const struct {
        enum srv_conn_state state;
        int64_t ms;
        bool ends; /* with idle_s 10, request_s 5 */
    } rows[] = {
        {SRV_CONN_IDLE, 9000, false},    {SRV_CONN_IDLE, 10000, true},
        {SRV_CONN_BODY, 4000, false},    {SRV_CONN_BODY, 5000, true},
        {SRV_CONN_BUSY, 9000000, false}, {SRV_CONN_ANSWER, 9000, false},
        {SRV_CONN_ANSWER, 10000, true},
    };
    enum { N = sizeof(rows) / sizeof(*rows) };
    struct srv_conns *c = srv_conns_new(100, false);
    struct pair pairs[N];
    for (int i = 0; i < N; i++) {
        open_pair(c, &pairs[i]);
        assert_string_equal(pairs[i].conn->client, "10.0.0.1");
        mark(&pairs[i], rows[i].state, rows[i].ms);
    }
    assert_int_equal(srv_conns_reap(c, 10, 5), 3);
    assert_int_equal(srv_conns_reap(c, 10, 5), 0); /* each once */
    for (int i = 0; i < N; i++) {
        if (is_open(&pairs[i]) == rows[i].ends) fail_msg("row %d", i);
        mark(&pairs[i], SRV_CONN_BUSY, 0); /* what is shut stays so */
        assert_int_equal(is_open(&pairs[i]), !rows[i].ends);
    }
    srv_conns_shut_all(c);
    for (int i = 0; i < N; i++) {
        assert_false(is_open(&pairs[i]));
        close_pair(&pairs[i]);
    }
    srv_conns_free(c);
}

/* A client whose body is late is told so, where it can be. */
static void the_late_are_told(void **state)
{
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        struct srv_conns *c = srv_conns_new(10, plain);
        struct pair body;
        struct pair idle;
        char text[600] = "";
        open_pair(c, &body);
        open_pair(c, &idle);
        mark(&body, SRV_CONN_BODY, 6000);
        mark(&idle, SRV_CONN_IDLE, 20000);
        assert_int_equal(srv_conns_reap(c, 10, 5), 2);
        ssize_t n = recv(body.ends[1], text, sizeof(text) - 1, 0);
        if (plain) {
            assert_true(rs_str_starts(text, "HTTP/1.1 408 Request Timeout\r\nDate: "));
            const char *json = strstr(text, "\r\n\r\n");
            char *length = strstr(text, "Content-Length: ");
            assert_non_null(json);
            assert_int_equal(strtol(length + 16, NULL, 10), strlen(json + 4));
            assert_int_equal(n, strlen(text));
            assert_non_null(strstr(text, "\"request_timeout\""));
        } else {
            assert_int_equal(n, 0);
        }
        assert_int_equal(recv(idle.ends[1], text, 1, 0), 0); /* it has asked nothing */
        assert_true(srv_conns_is_shut(body.conn));
        close_pair(&body);
        close_pair(&idle);
        srv_conns_free(c);
    }
}

static void the_longest_idle_make_room(void **state)
{
    (void)state;
    struct srv_conns *c = srv_conns_new(4, false);
    struct pair pairs[6];
    for (int i = 0; i < 4; i++) {
        assert_true(srv_conns_reserve(c));
        open_pair(c, &pairs[i]);
    }
    mark(&pairs[0], SRV_CONN_BUSY, 9000); /* not idle, however long */
    mark(&pairs[1], SRV_CONN_IDLE, 10);
    mark(&pairs[2], SRV_CONN_IDLE, 2000);
    mark(&pairs[3], SRV_CONN_IDLE, 20);
    assert_true(srv_conns_reserve(c));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(is_open(&pairs[i]), i != 2);
    }
    assert_true(srv_conns_reserve(c)); /* the first has not come yet */
    assert_true(is_open(&pairs[1]));
    assert_false(is_open(&pairs[3]));
    open_pair(c, &pairs[4]);
    open_pair(c, &pairs[5]);
    mark(&pairs[4], SRV_CONN_BODY, 0);
    mark(&pairs[5], SRV_CONN_ANSWER, 0);
    assert_true(srv_conns_reserve(c));
    assert_false(is_open(&pairs[1]));
    assert_false(srv_conns_reserve(c));               /* all work */
    assert_int_equal(srv_conns_reap(c, 100, 100), 3); /* counted, each once */
    assert_int_equal(srv_conns_reap(c, 100, 100), 0);
    srv_conns_give_back(c); /* nobody came */
    assert_true(srv_conns_reserve(c));
    assert_false(srv_conns_reserve(c));
    close_pair(&pairs[0]);
    assert_true(srv_conns_reserve(c));
    assert_false(srv_conns_reserve(c));
    for (int i = 1; i < 6; i++) {
        close_pair(&pairs[i]);
    }
    srv_conns_free(c);
}

/* Connections that are shut down take descriptors until they are closed. */
static void those_on_their_way_out_are_not_without_number(void **state)
{
    (void)state;
    struct srv_conns *c = srv_conns_new(1, false);
    struct pair pairs[SRV_CONNS_LEAVING + 1];
    for (int i = 0; i < SRV_CONNS_LEAVING + 1; i++) {
        assert_true(srv_conns_reserve(c));
        open_pair(c, &pairs[i]);
        mark(&pairs[i], SRV_CONN_IDLE, 10);
    }
    assert_false(srv_conns_reserve(c));
    close_pair(&pairs[0]);
    assert_true(srv_conns_reserve(c));
    for (int i = 1; i < SRV_CONNS_LEAVING + 1; i++) {
        close_pair(&pairs[i]);
    }
    srv_conns_free(c);
}

/* A client that has closed its side, and nothing of it is left to read, has nothing to wait for. */
static void clients_that_have_left_are_let_go(void **state)
{
    (void)state;
    struct srv_conns *c = srv_conns_new(10, false);
    struct pair idle;
    struct pair body;
    struct pair busy;
    struct pair unread;
    struct pair moved;
    struct pair *all[] = {&idle, &body, &busy, &unread, &moved};
    for (int i = 0; i < 5; i++) {
        open_pair(c, all[i]);
        mark(all[i], i == 1 ? SRV_CONN_BODY : i == 2 ? SRV_CONN_BUSY : SRV_CONN_IDLE, 500);
    }
    assert_int_equal(write(unread.ends[1], "x", 1), 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(shutdown(all[i]->ends[1], SHUT_WR), 0);
    }
    assert_int_equal(srv_conns_reap(c, 100, 100), 0);
    mark(&moved, SRV_CONN_IDLE, 400); /* between the looks a request was served */
    assert_int_equal(srv_conns_reap(c, 100, 100), 0);
    assert_false(is_open(&idle));
    assert_false(is_open(&body));
    assert_true(is_open(&busy));
    assert_true(is_open(&unread));
    assert_true(is_open(&moved));
    assert_int_equal(srv_conns_reap(c, 100, 100), 0);
    assert_false(is_open(&moved));
    for (int i = 0; i < 5; i++) {
        close_pair(all[i]);
    }
    srv_conns_free(c);
}

/* ---- threads ------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TIMES 2000
#else
#define TIMES 20000
#endif

struct crowd {
    struct srv_conns *c;
    atomic_bool stop;
    atomic_int hit; /* connections that were shut although they worked */
};

static void *reap_on(void *arg)
{
    struct crowd *crowd = arg;
    while (!atomic_load(&crowd->stop)) {
        srv_conns_reap(crowd->c, 0, 0); /* whatever is not busy */
        if (srv_conns_reserve(crowd->c)) srv_conns_give_back(crowd->c);
    }
    return NULL;
}

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < TIMES; i++) {
        struct pair busy;
        struct pair idle;
        open_pair(crowd->c, &idle);
        open_pair(crowd->c, &busy);
        mark(&busy, SRV_CONN_BUSY, 0);
        /* It was idle for a moment, in which it may have been chosen. */
        bool chosen = (atomic_load(&busy.conn->mark) & 7) == SRV_CONN_SHUT;
        close_pair(&idle); /* its numbers are given to the next ones, of this or another thread */
        if (!chosen && !is_open(&busy)) atomic_fetch_add(&crowd->hit, 1);
        close_pair(&busy);
    }
    return NULL;
}

static void a_descriptor_that_was_closed_is_not_shut_down(void **state)
{
    (void)state;
    struct crowd crowd = {.c = srv_conns_new(3, false)};
    pthread_t reaper;
    pthread_t others[3];
    assert_int_equal(pthread_create(&reaper, NULL, reap_on, &crowd), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&others[i], NULL, come_and_go, &crowd), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(others[i], NULL);
    }
    atomic_store(&crowd.stop, true);
    pthread_join(reaper, NULL);
    assert_int_equal(atomic_load(&crowd.hit), 0);
    assert_true(srv_conns_reserve(crowd.c)); /* the count has not drifted */
    srv_conns_free(crowd.c);
}

static void what_was_sent_and_not_looked_at_is_seen(void **state)
{
    (void)state;
    struct srv_conns *c = srv_conns_new(10, false);
    struct pair p;
    char byte;
    assert_false(srv_conns_unread(c));
    assert_true(srv_conns_reserve(c));
    assert_true(srv_conns_unread(c)); /* nobody knows yet */
    open_pair(c, &p);
    assert_false(srv_conns_unread(c));
    assert_int_equal(write(p.ends[1], "G", 1), 1);
    assert_true(srv_conns_unread(c));
    mark(&p, SRV_CONN_BUSY, 0); /* its thread comes back to it */
    assert_false(srv_conns_unread(c));
    mark(&p, SRV_CONN_IDLE, 0);
    assert_true(srv_conns_unread(c));
    assert_int_equal(read(p.ends[0], &byte, 1), 1);
    assert_false(srv_conns_unread(c));
    close_pair(&p);
    srv_conns_free(c);
}

/* Said once, after half of at least 256 have gone. */
static void a_crowd_that_goes_is_noticed(void **state)
{
    (void)state;
    enum { FEW = 255, MANY = 300 };
    struct srv_conns *c = srv_conns_new(MANY, false);
    struct pair pairs[MANY];
    for (int n = FEW; n <= MANY; n += MANY - FEW) {
        for (int i = 0; i < n; i++) {
            open_pair(c, &pairs[i]);
            assert_false(srv_conns_crowd_gone(c));
        }
        for (int left = n; left > 0; left--) {
            assert_int_equal(srv_conns_crowd_gone(c), n == MANY && left == n / 2);
            close_pair(&pairs[left - 1]);
        }
        assert_false(srv_conns_crowd_gone(c));
    }
    srv_conns_free(c);
}

/* Who was accepted before the end and is listed after it. */
static void latecomers_are_shut_as_all_others(void **state)
{
    (void)state;
    struct srv_conns *c = srv_conns_new(10, false);
    struct pair pairs[2];
    open_pair(c, &pairs[0]);
    srv_conns_shut_all(c);
    open_pair(c, &pairs[1]);
    assert_false(is_open(&pairs[0]));
    assert_false(is_open(&pairs[1]));
    close_pair(&pairs[0]);
    close_pair(&pairs[1]);
    srv_conns_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_have_their_limits),
        cmocka_unit_test(the_late_are_told),
        cmocka_unit_test(the_longest_idle_make_room),
        cmocka_unit_test(those_on_their_way_out_are_not_without_number),
        cmocka_unit_test(clients_that_have_left_are_let_go),
        cmocka_unit_test(a_descriptor_that_was_closed_is_not_shut_down),
        cmocka_unit_test(what_was_sent_and_not_looked_at_is_seen),
        cmocka_unit_test(a_crowd_that_goes_is_noticed),
        cmocka_unit_test(latecomers_are_shut_as_all_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
