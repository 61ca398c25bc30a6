/*
 * The feedback loop over HTTP: what was answered with 201 is stored, whatever happens next, and the
 * next answer for that user reflects it, whichever model serves.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/http_client.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define TOKEN  "test-token-of-32-characters-----"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static struct ref_bin bin; /* versions 1 (als) and 2 (popularity) */
static char *db_path;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    free(ref_bin_out(&bin, 0, "model register --run popularity"));
    db_path = ref_bin_path(&bin, "db/recsys.db");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(db_path);
    ref_bin_clear(&bin);
    return 0;
}

/* Serves that version. */
static void start(int version, struct ref_serve *s)
{
    static const char *const env[] = {"RECSYS_TOKEN=" TOKEN, NULL};
    char *line = rs_xprintf("model promote %d --to production --force --reason test", version);
    free(ref_bin_out(&bin, 0, line));
    free(line);
    ref_serve_start(&bin, &(struct ref_how){.env = env}, "", s);
}

static void stop(struct ref_serve *s)
{
    assert_int_equal(ref_serve_stop(s, SIGTERM), 0);
}

static struct rs_val *recommend(const struct ref_serve *s, const char *user, const char *more)
{
    char *body = rs_xprintf("{\"user_id\": \"%s\"%s}", user, more);
    struct rs_val *v = ref_ask_json(s, "POST", "/recommend", "", body, 200);
    free(body);
    return v;
}

/* The item at a place of a list, as text; the caller's. */
static char *item_at(const struct rs_val *answer, size_t place)
{
    const struct rs_val *row = rs_val_get(answer, "recommendations")->items[place];
    const struct rs_val *item = rs_val_get(row, "item_id");
    return item->type == RS_VAL_INT ? rs_xprintf("%lld", (long long)item->i) : rs_xstrdup(item->s);
}

static bool lists(const struct rs_val *answer, const char *item)
{
    bool found = false;
    for (size_t i = 0; i < rs_val_get(answer, "recommendations")->n && !found; i++) {
        char *have = item_at(answer, i);
        found = strcmp(have, item) == 0;
        free(have);
    }
    return found;
}

/* The id of the stored event. */
static int64_t post(const struct ref_serve *s, const char *user, const char *item, double value)
{
    char *body =
        rs_xprintf("{\"user_id\": \"%s\", \"item_id\": \"%s\", \"value\": %g}", user, item, value);
    struct rs_val *v = ref_ask_json(s, "POST", "/feedback", BEARER, body, 201);
    int64_t id = rs_val_get_int(v, "id", 0);
    assert_true(id > 0);
    rs_val_free(v);
    free(body);
    return id;
}

/* ---- the next answer ----------------------------------------------------------------------- */

/* What is posted is not listed any more, and stands in the history, at once. */
static void check_seen(const struct ref_serve *s, const char *user)
{
    for (int round = 0; round < 10; round++) {
        struct rs_val *before = recommend(s, user, "");
        char *best = item_at(before, 0);
        post(s, user, best, 5);
        struct rs_val *after = recommend(s, user, "");
        assert_false(lists(after, best));
        char *path = rs_xprintf("/user/%s/history?limit=1", user);
        struct rs_val *history = ref_ask_json(s, "GET", path, "", NULL, 200);
        const struct rs_val *newest = rs_val_get(history, "history")->items[0];
        assert_string_equal(rs_val_get_str(newest, "part", ""), "feedback");
        rs_val_free(history);
        rs_val_free(after);
        rs_val_free(before);
        free(path);
        free(best);
    }
}

static void als_reflects_it(void **state)
{
    (void)state;
    struct ref_serve s;
    start(1, &s);
    check_seen(&s, "5");
    /* More than what is left out has changed: the user's factors are made anew. */
    struct rs_val *before = recommend(&s, "6", ", \"exclude_seen\": false");
    struct rs_val *all = recommend(&s, "6", ", \"k\": 100");
    char *last = item_at(all, rs_val_get(all, "recommendations")->n - 1);
    post(&s, "6", last, 5);
    struct rs_val *after = recommend(&s, "6", ", \"exclude_seen\": false");
    assert_string_equal(rs_val_get_str(after, "source", ""), "als");
    const struct rs_val *a = rs_val_get(before, "recommendations")->items[0];
    const struct rs_val *b = rs_val_get(after, "recommendations")->items[0];
    assert_true(rs_val_get_real(a, "score", 0) != rs_val_get_real(b, "score", 0));
    rs_val_free(before);
    rs_val_free(all);
    rs_val_free(after);
    free(last);
    stop(&s);
}

static void popularity_reflects_it(void **state)
{
    (void)state;
    struct ref_serve s;
    start(2, &s);
    check_seen(&s, "8");
    check_seen(&s, "a-stranger-to-popularity");
    stop(&s);
}

static void a_stranger_gets_lists_of_their_own(void **state)
{
    (void)state;
    struct ref_serve s;
    start(1, &s);
    struct rs_val *v = recommend(&s, "newcomer", "");
    assert_string_equal(rs_val_get_str(v, "source", ""), "popularity:unknown_user");
    char *first = item_at(v, 2);
    char *second = item_at(v, 5);
    rs_val_free(v);
    post(&s, "newcomer", first, 5);
    post(&s, "newcomer", second, 4.5);
    v = recommend(&s, "newcomer", "");
    assert_string_equal(rs_val_get_str(v, "source", ""), "als");
    assert_false(lists(v, first) || lists(v, second));
    rs_val_free(v);
    stop(&s);
    start(1, &s); /* and after a restart */
    v = recommend(&s, "newcomer", "");
    assert_string_equal(rs_val_get_str(v, "source", ""), "als");
    assert_false(lists(v, first) || lists(v, second));
    rs_val_free(v);
    free(first);
    free(second);
    stop(&s);
}

static void items_that_the_model_does_not_know_are_stored_too(void **state)
{
    (void)state;
    struct ref_serve s;
    start(1, &s);
    struct rs_val *before = recommend(&s, "11", "");
    int64_t id = post(&s, "11", "an item of tomorrow", 5);
    char *sql = rs_xprintf(
        "SELECT item_id = 'an item of tomorrow' FROM rs_feedback WHERE id = %lld", (long long)id);
    assert_int_equal(ref_store_int(db_path, sql), 1);
    struct rs_val *after = recommend(&s, "11", "");
    assert_true(
        rs_val_equal(rs_val_get(before, "recommendations"), rs_val_get(after, "recommendations")));
    rs_val_free(before);
    rs_val_free(after);
    free(sql);
    stop(&s);
}

static void what_is_refused_is_not_stored(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"user_id\": 1}",
                                      "{\"user_id\": 1, \"item_id\": 1, \"value\": \"5\"}",
                                      "{\"user_id\": 1, \"item_id\": 1, \"value\": 1e300}",
                                      "{\"user_id\": 1, \"item_id\": 1, \"stars\": 5}",
                                      "{\"user_id\": \"\", \"item_id\": 1}",
                                      "[{\"user_id\": 1, \"item_id\": 1}]"};
    struct ref_serve s;
    start(1, &s);
    int64_t before = ref_store_int(db_path, "SELECT count(*) FROM rs_feedback");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ref_answer a;
        ref_ask(&s, "POST", "/feedback", BEARER, bad[i], &a);
        assert_int_equal(a.status, 400);
        ref_answer_clear(&a);
    }
    assert_int_equal(ref_store_int(db_path, "SELECT count(*) FROM rs_feedback"), before);
    stop(&s);
}

/* ---- many at once -------------------------------------------------------------------------- */

/* Posts on one connection: one event a user of its own. */
struct poster {
    const struct ref_serve *s;
    int number, n;
    int first, answered; /* those are stored: first … first + answered - 1 */
    int wrong;
    atomic_int *total;
};

static int ask_on(struct ref_http *h, const char *method, const char *path, const char *body,
                  char **body_out)
{
    struct ref_answer a = {0};
    char *request = rs_xprintf("%s %s HTTP/1.1\r\nHost: a\r\n" BEARER
                               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                               method, path, strlen(body), body);
    if (ref_http_send(h, request, SIZE_MAX)) ref_http_read(h, false, &a);
    int status = a.status;
    if (body_out) *body_out = rs_xstrdup(a.body);
    ref_answer_clear(&a);
    free(request);
    return status;
}

static bool post_one(struct poster *p, struct ref_http *h, int i)
{
    char *body = rs_xprintf("{\"user_id\": \"poster %d\", \"item_id\": \"item %d\", \"value\": %d}",
                            p->number, i, i);
    int status = ask_on(h, "POST", "/feedback", body, NULL);
    free(body);
    return status == 201;
}

/* Each event is in the history as soon as it is answered. */
static void *post_and_look(void *arg)
{
    struct poster *p = arg;
    struct ref_http h;
    char path[64];
    snprintf(path, sizeof(path), "/user/poster%%20%d/history?limit=1", p->number);
    ref_http_open(p->s, &h);
    for (int i = 0; i < p->n; i++) {
        char *body = NULL;
        char want[32];
        snprintf(want, sizeof(want), "\"count\":%d}", i + 1);
        p->wrong += !post_one(p, &h, i);
        p->wrong += ask_on(&h, "GET", path, "", &body) != 200;
        p->wrong += !body || !strstr(body, want);
        free(body);
    }
    ref_http_close(&h);
    return NULL;
}

static void concurrent_posters_lose_nothing(void **state)
{
    (void)state;
    enum { N = 8, EACH = 40 };
    struct ref_serve s;
    pthread_t threads[N];
    struct poster posters[N];
    start(1, &s);
    for (int i = 0; i < N; i++) {
        posters[i] = (struct poster){.s = &s, .number = i, .n = EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, post_and_look, &posters[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].wrong, 0);
    }
    assert_int_equal(ref_store_int(db_path, "SELECT count(*) FROM rs_feedback "
                                            "WHERE user_id LIKE 'poster %'"),
                     N * EACH);
    stop(&s);
}

static void *post_until_it_ends(void *arg)
{
    struct poster *p = arg;
    struct ref_http h;
    ref_http_open(p->s, &h);
    while (post_one(p, &h, p->first + p->answered)) {
        p->answered++;
        atomic_fetch_add(p->total, 1);
    }
    ref_http_close(&h);
    return NULL;
}

/* Kills a server under load; every event that was answered is in the store. */
static void kill_and_count(int round)
{
    enum { N = 4 };
    struct ref_serve s;
    pthread_t threads[N];
    struct poster posters[N];
    atomic_int total = 0;
    start(1, &s);
    for (int i = 0; i < N; i++) {
        posters[i] =
            (struct poster){.s = &s, .number = 100 * round + i, .first = 1000, .total = &total};
        assert_int_equal(pthread_create(&threads[i], NULL, post_until_it_ends, &posters[i]), 0);
    }
    int64_t until_ns = rs_clock_mono_ns() + 30000000000;
    while (atomic_load(&total) < 50 * round && rs_clock_mono_ns() < until_ns)
        rs_clock_sleep_ms(1);
    assert_int_equal(ref_serve_stop(&s, SIGKILL), 128 + SIGKILL);
    for (int i = 0; i < N; i++) {
        const struct poster *p = &posters[i];
        pthread_join(threads[i], NULL);
        char *sql = rs_xprintf("SELECT count(DISTINCT item_id) FROM rs_feedback "
                               "WHERE user_id = 'poster %d' AND value BETWEEN %d AND %d",
                               p->number, p->first, p->first + p->answered - 1);
        assert_int_equal(ref_store_int(db_path, sql), p->answered);
        free(sql);
    }
    assert_true(atomic_load(&total) >= 50 * round);
}

static void what_was_answered_outlives_a_kill(void **state)
{
    (void)state;
    for (int round = 1; round <= 4; round++)
        kill_and_count(round);
    struct ref_serve s;
    start(1, &s);
    struct rs_val *v = ref_ask_json(&s, "GET", "/user/poster%20100/history", "", NULL, 200);
    assert_true(rs_val_get_int(v, "count", 0) > 0);
    rs_val_free(v);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(als_reflects_it),
        cmocka_unit_test(popularity_reflects_it),
        cmocka_unit_test(a_stranger_gets_lists_of_their_own),
        cmocka_unit_test(items_that_the_model_does_not_know_are_stored_too),
        cmocka_unit_test(what_is_refused_is_not_stored),
        cmocka_unit_test(concurrent_posters_lose_nothing),
        cmocka_unit_test(what_was_answered_outlives_a_kill),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
