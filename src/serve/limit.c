/*
 * limit - a token bucket a client, in a table of fixed size.
 *
 * A bucket holds up to `burst` tokens and gains `rate` a second; a request takes one. The table is
 * N_SETS sets of N_WAYS buckets; a client's set is a keyed hash of its address, so nobody can
 * choose whom to push out. A newcomer takes the place in its set that was asked least recently:
 * that client begins again with a full bucket. One lock guards N_SETS / N_LOCKS sets.
 */
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"

enum { N_SETS = 2048, N_WAYS = 8, N_LOCKS = 64 };

struct client {
    unsigned char key[16];
};

struct bucket {
    struct client client;
    int64_t last_ns; /* 0: free */
    double tokens;   /* at last_ns */
};

struct srv_limits {
    uint64_t seed;
    pthread_mutex_t locks[N_LOCKS];
    struct bucket buckets[N_SETS][N_WAYS]; /* set i under locks[i % N_LOCKS] */
};

struct srv_limits *srv_limits_new(void)
{
    struct srv_limits *l = rs_xalloc(1, sizeof(*l));
    l->seed = srv_random();
    for (int i = 0; i < N_LOCKS; i++) {
        pthread_mutex_init(&l->locks[i], NULL);
    }
    return l;
}

void srv_limits_free(struct srv_limits *l)
{
    if (!l) return;
    for (int i = 0; i < N_LOCKS; i++) {
        pthread_mutex_destroy(&l->locks[i]);
    }
    free(l);
}

/* The address; of IPv6 the network of 64 bits that one customer has; IPv4 within IPv6 is IPv4. */
static struct client client_of(const struct sockaddr *from)
{
    struct client c = {{0}};
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        memcpy(c.key + 12, &in.sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            memcpy(c.key + 12, in6.sin6_addr.s6_addr + 12, 4);
        } else {
            memcpy(c.key, &in6.sin6_addr, 8);
        }
    }
    return c;
}

static size_t set_of(const struct srv_limits *l, const struct client *c)
{
    unsigned char text[sizeof(l->seed) + sizeof(*c)];
    memcpy(text, &l->seed, sizeof(l->seed));
    memcpy(text + sizeof(l->seed), c, sizeof(*c));
    return rs_checksum(text, sizeof(text)) % N_SETS;
}

/* The client's bucket in its set, or the one to give it. */
static struct bucket *bucket_of(struct bucket set[N_WAYS], const struct client *c, double burst)
{
    struct bucket *oldest = &set[0];
    for (int i = 0; i < N_WAYS; i++) {
        struct bucket *b = &set[i];
        if (b->last_ns && memcmp(&b->client, c, sizeof(*c)) == 0) return b;
        if (b->last_ns < oldest->last_ns) oldest = b;
    }
    *oldest = (struct bucket){.client = *c, .tokens = burst};
    return oldest;
}

static bool take(struct bucket *b, double rate, double burst, int64_t now_ns, int *retry_s_out)
{
    double since = b->last_ns && now_ns > b->last_ns ? (double)(now_ns - b->last_ns) / 1e9 : 0;
    b->tokens = fmin(burst, b->tokens + since * rate);
    b->last_ns = now_ns > 0 ? now_ns : 1;
    if (b->tokens >= 1) {
        b->tokens -= 1;
        return true;
    }
    *retry_s_out = (int)fmin(3600, ceil((1 - b->tokens) / rate));
    return false;
}

bool srv_limits_take(struct srv_limits *l, const struct sockaddr *from, double rate, double burst,
                     int64_t now_ns, int *retry_s_out)
{
    if (rate <= 0) return true;
    struct client c = client_of(from);
    size_t set = set_of(l, &c);
    pthread_mutex_lock(&l->locks[set % N_LOCKS]);
    bool may = take(bucket_of(l->buckets[set], &c, burst), rate, burst, now_ns, retry_s_out);
    pthread_mutex_unlock(&l->locks[set % N_LOCKS]);
    return may;
}
