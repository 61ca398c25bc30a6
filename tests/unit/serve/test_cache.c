/* Finished answers: against a naive list, within bounds, with keys of one hash, and by threads. */
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/state_impl.h"
#include "ref/support.h"
#include "rs/base/hash.h"
#include "rs/base/rng.h"

enum { N_SHARDS = 16, BODY = 100 };

static void put_text(struct srv_cache *c, const char *key, const char *text)
{
    struct srv_body *b = srv_body_new(text, strlen(text));
    assert_non_null(b);
    srv_cache_put(c, key, strlen(key), b);
    srv_body_release(b);
}

/* NULL: a miss. Else what is there equals text. */
static bool has(struct srv_cache *c, const char *key, const char *text)
{
    struct srv_body *b = srv_cache_get(c, key, strlen(key));
    if (!b) return false;
    assert_int_equal(b->len, strlen(text));
    assert_memory_equal(b->data, text, b->len);
    srv_body_release(b);
    return true;
}

static void what_is_put_comes_back(void **state)
{
    (void)state;
    struct srv_cache *c = srv_cache_new(1 << 20);
    assert_false(has(c, "a", ""));
    put_text(c, "a", "one");
    put_text(c, "b", "");
    assert_true(has(c, "a", "one"));
    assert_true(has(c, "b", ""));
    put_text(c, "a", "two");
    assert_true(has(c, "a", "two"));
    assert_false(has(c, "", "")); /* a key of no bytes is a key */
    put_text(c, "", "empty");
    assert_true(has(c, "", "empty"));
    struct srv_cache_stats s = srv_cache_stats(c);
    assert_int_equal(s.entries, 3);
    assert_int_equal(s.hits, 4);
    assert_int_equal(s.misses, 2);
    srv_cache_empty(c);
    assert_int_equal(srv_cache_stats(c).entries, 0);
    assert_false(has(c, "a", ""));
    srv_cache_free(c);
}

static void keys_are_bytes_of_their_length(void **state)
{
    (void)state;
    struct srv_cache *c = srv_cache_new(1 << 20);
    struct srv_body *b = srv_body_new("x", 1);
    srv_cache_put(c, "a\0b", 3, b);
    srv_body_release(b);
    assert_null(srv_cache_get(c, "a\0c", 3));
    assert_null(srv_cache_get(c, "a", 1));
    b = srv_cache_get(c, "a\0b", 3);
    assert_non_null(b);
    srv_cache_free(c); /* a body outlives it */
    assert_memory_equal(b->data, "x", 1);
    srv_body_release(b);
}

static void a_cache_of_nothing_keeps_nothing(void **state)
{
    (void)state;
    struct srv_cache *c = srv_cache_new(0);
    put_text(c, "a", "one");
    assert_false(has(c, "a", ""));
    srv_cache_resize(c, 1 << 20);
    put_text(c, "a", "one");
    assert_true(has(c, "a", "one"));
    srv_cache_resize(c, 0);
    put_text(c, "a", "one");
    assert_false(has(c, "a", ""));
    struct srv_cache_stats s = srv_cache_stats(c);
    assert_int_equal(s.bytes + s.entries, 0);
    srv_cache_free(c);
}

/* The nth key whose hash is `want` in the bits of mask. */
static void key_like(uint64_t mask, uint64_t want, int nth, char out[32])
{
    for (int i = 0, found = -1; found < nth; i++) {
        snprintf(out, 32, "key %d", i);
        found += (rs_checksum(out, strlen(out)) & mask) == want;
    }
}

/* Keys and their last use, newest last: what one shard should hold. */
struct twin {
    int keys[256];
    int values[256];
    int n, max;
};

static int twin_find(const struct twin *t, int key)
{
    for (int i = 0; i < t->n; i++) {
        if (t->keys[i] == key) return i;
    }
    return -1;
}

static void twin_remove(struct twin *t, int at)
{
    memmove(t->keys + at, t->keys + at + 1, (size_t)(t->n - at - 1) * sizeof(int));
    memmove(t->values + at, t->values + at + 1, (size_t)(t->n - at - 1) * sizeof(int));
    t->n--;
}

static void twin_use(struct twin *t, int key, int value)
{
    int at = twin_find(t, key);
    if (at >= 0) twin_remove(t, at);
    if (t->n == t->max) twin_remove(t, 0);
    t->keys[t->n] = key;
    t->values[t->n++] = value;
}

static void body_text(int value, char out[BODY + 1])
{
    snprintf(out, BODY + 1, "%0*d", BODY, value);
}

/* How many entries of BODY bytes one shard takes. */
static int shard_room(struct srv_cache *c, char (*keys)[32], int n)
{
    char text[BODY + 1];
    body_text(0, text);
    for (int i = 0; i < n; i++)
        put_text(c, keys[i], text);
    int room = (int)srv_cache_stats(c).entries;
    srv_cache_empty(c);
    return room;
}

static void one_shard_is_least_recently_used_first_out(void **state)
{
    (void)state;
    enum { N_KEYS = 200, STEPS = 50000 };
    static char keys[N_KEYS][32];
    for (int i = 0; i < N_KEYS; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%03d", i);
        for (int tail = 0; rs_checksum(keys[i], strlen(keys[i])) % N_SHARDS != 0; tail++)
            snprintf(keys[i], sizeof(keys[i]), "%03d/%04d", i, tail % 10000);
    }
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rs_rng rng = rs_rng_make(seed, 0);
        struct srv_cache *c = srv_cache_new((size_t)N_SHARDS << (13 + seed % 3));
        struct twin t = {.max = shard_room(c, keys, N_KEYS)};
        assert_in_range(t.max, 10, N_KEYS - 1);
        for (int step = 0; step < STEPS; step++) {
            int k = (int)rs_rng_below(&rng, N_KEYS);
            char text[BODY + 1];
            int at = twin_find(&t, k);
            if (rs_rng_below(&rng, 2) == 0) {
                body_text(step, text);
                put_text(c, keys[k], text);
                twin_use(&t, k, step);
                continue;
            }
            body_text(at >= 0 ? t.values[at] : 0, text);
            if (has(c, keys[k], text) != (at >= 0))
                fail_msg("seed %d step %d key %d", (int)seed, step, k);
            if (at >= 0) twin_use(&t, k, t.values[at]);
        }
        srv_cache_free(c);
    }
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    struct rs_rng rng = rs_rng_make(3, 0);
    static char text[40000];
    memset(text, 'x', sizeof(text));
    for (size_t max = 1 << 12; max <= 1 << 20; max *= 4) {
        struct srv_cache *c = srv_cache_new(max);
        for (int i = 0; i < 3000; i++) {
            char key[32];
            size_t len = rs_rng_below(&rng, i % 100 ? 2000 : (uint32_t)sizeof(text));
            snprintf(key, sizeof(key), "%d", (int)rs_rng_below(&rng, 100000));
            struct srv_body *b = srv_body_new(text, len);
            srv_cache_put(c, key, strlen(key), b);
            srv_body_release(b);
            assert_true(srv_cache_stats(c).bytes <= max);
        }
        struct srv_cache_stats s = srv_cache_stats(c);
        assert_true(max < 1 << 16 || s.bytes > max / 2);
        srv_cache_resize(c, max / 2);
        assert_int_equal(srv_cache_stats(c).entries, 0);
        srv_cache_free(c);
    }
}

static void keys_that_share_a_chain_push_out_the_oldest(void **state)
{
    (void)state;
    enum { N = 30, CHAIN = 16, CHAINS = 16 };
    struct srv_cache *c = srv_cache_new((size_t)N_SHARDS * CHAINS * 1024);
    static char keys[N][32];
    for (int i = 0; i < N; i++) {
        key_like(N_SHARDS * CHAINS - 1, 5, i, keys[i]);
        put_text(c, keys[i], keys[i]);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(has(c, keys[i], keys[i]), i >= N - CHAIN);
    assert_int_equal(srv_cache_stats(c).entries, CHAIN);
    srv_cache_free(c);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct worker {
    struct srv_cache *c;
    uint64_t seed;
    int wrong, hits;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct rs_rng rng = rs_rng_make(w->seed, 0);
    for (int i = 0; i < 20000; i++) {
        char key[32];
        char text[64];
        int k = (int)rs_rng_below(&rng, 300);
        size_t len = (size_t)snprintf(key, sizeof(key), "user %d", k);
        size_t want = (size_t)snprintf(text, sizeof(text), "answer of %s", key);
        struct srv_body *b = srv_cache_get(w->c, key, len);
        if (b) {
            w->hits++;
            w->wrong += b->len != want || memcmp(b->data, text, want) != 0;
        } else if ((b = srv_body_new(text, want))) {
            srv_cache_put(w->c, key, len, b);
        }
        srv_body_release(b);
        if (w->seed == 1 && i % 5000 == 4999) srv_cache_resize(w->c, (size_t)(i % 3 + 1) << 15);
    }
    return NULL;
}

static void threads_get_their_own_answers(void **state)
{
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    struct worker workers[N] = {0};
    struct srv_cache *c = srv_cache_new(1 << 16);
    for (int i = 0; i < N; i++) {
        workers[i] = (struct worker){.c = c, .seed = (uint64_t)i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    uint64_t hits = 0;
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        hits += (uint64_t)workers[i].hits;
    }
    struct srv_cache_stats s = srv_cache_stats(c);
    assert_int_equal(s.hits, hits);
    assert_int_equal(s.hits + s.misses, N * 20000);
    srv_cache_free(c);
}

/* What libmicrohttpd keeps for a body is many times a small body's own size. */
static void a_kept_response_counts(void **state)
{
    (void)state;
    struct srv_cache *c = srv_cache_new(1 << 20);
    size_t empty = srv_cache_stats(c).bytes;
    put_text(c, "a", "text");
    size_t plain = srv_cache_stats(c).bytes - empty;
    struct srv_body *b = srv_body_new("text", 4);
    b->ready = MHD_create_response_from_buffer_with_free_callback_cls(b->len, b->data, free, b);
    assert_non_null(b->ready);
    srv_cache_put(c, "b", 1, b);
    srv_body_release(b);
    assert_true(srv_cache_stats(c).bytes - empty - plain > plain + 500);
    srv_cache_empty(c);
    assert_int_equal(srv_cache_stats(c).bytes, empty);
    srv_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back),
        cmocka_unit_test(keys_are_bytes_of_their_length),
        cmocka_unit_test(a_cache_of_nothing_keeps_nothing),
        cmocka_unit_test(one_shard_is_least_recently_used_first_out),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(keys_that_share_a_chain_push_out_the_oldest),
        cmocka_unit_test(threads_get_their_own_answers),
        cmocka_unit_test(a_kept_response_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
