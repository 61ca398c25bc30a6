/* limit: buckets of clients, who is one client, and a table that does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include "../src/serve/http_impl.h"

#define SECOND INT64_C(1000000000)

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 1};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = 1};
    if (strchr(text, ':')) {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&s, &in6, sizeof(in6));
    } else {
        assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
        memcpy(&s, &in, sizeof(in));
    }
    return s;
}

/* May it, with a rate of 2 a second and 3 at once? Else retry_out. */
static bool take(struct srv_limits *l, const char *who, double at_s, int *retry_out)
{
    struct sockaddr_storage from = address(who);
    return srv_limits_take(l, (struct sockaddr *)&from, 2, 3, (int64_t)(at_s * 1e9), retry_out);
}

static void a_client_has_a_burst_and_then_its_rate(void **state)
{
    (void)state;
    int retry = 0;
    struct srv_limits *l = srv_limits_new();
    for (int i = 0; i < 3; i++) {
        assert_true(take(l, "10.0.0.1", 100, &retry));
    }
    assert_false(take(l, "10.0.0.1", 100, &retry));
    assert_int_equal(retry, 1);
    assert_false(take(l, "10.0.0.1", 100.4, &retry)); /* 0.8 of one */
    assert_true(take(l, "10.0.0.1", 100.5, &retry));
    assert_false(take(l, "10.0.0.1", 100.5, &retry));
    for (int i = 0; i < 3; i++) { /* never more than the burst */
        assert_true(take(l, "10.0.0.1", 1000, &retry));
    }
    assert_false(take(l, "10.0.0.1", 1000, &retry));
    assert_false(take(l, "10.0.0.1", 900, &retry)); /* a clock that goes back gives nothing */
    srv_limits_free(l);
}

static void the_wait_is_said_in_whole_seconds(void **state)
{
    (void)state;
    struct sockaddr_storage from = address("10.0.0.1");
    const struct sockaddr *who = (struct sockaddr *)&from;
    int retry = 0;
    struct srv_limits *l = srv_limits_new();
    assert_true(srv_limits_take(l, who, 0.1, 1, SECOND, &retry));
    assert_false(srv_limits_take(l, who, 0.1, 1, SECOND, &retry));
    assert_int_equal(retry, 10);
    assert_false(srv_limits_take(l, who, 0.1, 1, 4 * SECOND, &retry));
    assert_int_equal(retry, 7);
    assert_true(srv_limits_take(l, who, 0, 0, SECOND, &retry)); /* no limit */
    assert_false(srv_limits_take(l, who, 1e-9, 1, 4 * SECOND, &retry));
    assert_int_equal(retry, 3600); /* and no wait that is none */
    srv_limits_free(l);
}

static void clients_are_told_apart_by_address(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.2", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true}, /* one network */
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::1", "127.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int retry = 0;
        struct srv_limits *l = srv_limits_new();
        for (int n = 0; n < 3; n++) {
            assert_true(take(l, rows[i].one, 1, &retry));
        }
        assert_false(take(l, rows[i].one, 1, &retry));
        if (take(l, rows[i].other, 1, &retry) == rows[i].same) {
            fail_msg("%s and %s", rows[i].one, rows[i].other);
        }
        srv_limits_free(l);
    }
}

/* A crowd that is larger than the table: nobody is refused for another's requests, and those who
 * ask again and again stay known. */
static void a_crowd_pushes_out_only_those_who_are_silent(void **state)
{
    (void)state;
    int retry = 0;
    int refused = 0;
    struct srv_limits *l = srv_limits_new();
    for (uint32_t i = 0; i < 200000; i++) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(i + 1)};
        int64_t now_ns = SECOND + i * 1000;
        assert_true(srv_limits_take(l, (struct sockaddr *)&in, 2, 3, now_ns, &retry));
        if (i % 1000 == 0) refused += !take(l, "203.0.113.7", (double)now_ns / 1e9, &retry);
    }
    assert_in_range(refused, 150, 197); /* 200 requests in 0.2 s: burst 3, and what it gains */
    srv_limits_free(l);
}

struct crowd {
    struct srv_limits *l;
    atomic_int taken;
};

static void *take_many(void *arg)
{
    struct crowd *c = arg;
    int retry;
    struct sockaddr_storage from = address("10.0.0.1");
    for (int i = 0; i < 5000; i++) {
        if (srv_limits_take(c->l, (struct sockaddr *)&from, 1, 1000, SECOND, &retry))
            atomic_fetch_add(&c->taken, 1);
    }
    return NULL;
}

static void threads_share_a_client_s_bucket(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct crowd c = {.l = srv_limits_new()};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &c), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&c.taken), 1000);
    srv_limits_free(c.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_has_a_burst_and_then_its_rate),
        cmocka_unit_test(the_wait_is_said_in_whole_seconds),
        cmocka_unit_test(clients_are_told_apart_by_address),
        cmocka_unit_test(a_crowd_pushes_out_only_those_who_are_silent),
        cmocka_unit_test(threads_share_a_client_s_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
