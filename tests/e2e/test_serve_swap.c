/*
 * What other processes do reaches a running server: promotions, rollbacks, feedback, tokens, a
 * store that goes and comes; and what is wrong is refused while the server goes on.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/http_client.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"
#include "rs/store/datasets.h"

#define TOKEN  "test-token-of-32-characters-----"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

enum { WAIT_MS = 30000 }; /* longest wait for anything */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { REACH_MS = 5000 }; /* what we promise is a second; a sanitizer may take some more */
#else
enum { REACH_MS = 1000 };
#endif

static struct ref_bin bin; /* versions 1 (als, in production) and 2 (popularity) */
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

/* Version 1 serves, with whole files, whatever a test before has left. */
static void start(const char *more, struct ref_serve *s)
{
    static const char *const env[] = {"RECSYS_TOKEN=" TOKEN, NULL};
    free(ref_bin_out(&bin, 0, "model promote 1 --to production --force --reason test"));
    ref_serve_start(&bin, &(struct ref_how){.env = env}, more, s);
}

static void stop(struct ref_serve *s)
{
    assert_int_equal(ref_serve_stop(s, SIGTERM), 0);
}

/* ---- what the server says ------------------------------------------------------------------ */

/* Version that answers; 0: none. */
static int64_t served(const struct ref_serve *s)
{
    struct rs_val *v = ref_ask_json(s, "GET", "/health", "", NULL, 200);
    int64_t version = rs_val_get_int(v, "model_version", 0);
    rs_val_free(v);
    return version;
}

static int status_of(const struct ref_serve *s, const char *method, const char *path,
                     const char *heads, const char *body)
{
    struct ref_answer a;
    ref_ask(s, method, path, heads, body, &a);
    int status = a.status;
    ref_answer_clear(&a);
    return status;
}

static struct rs_val *recommend(const struct ref_serve *s, const char *body)
{
    return ref_ask_json(s, "POST", "/recommend", "", body, 200);
}

static int post_feedback(const struct ref_serve *s, const char *heads)
{
    return status_of(s, "POST", "/feedback", heads,
                     "{\"user_id\": 1, \"item_id\": 1, \"value\": 5}");
}

/* A figure of /metrics without labels. */
static double metric(const struct ref_serve *s, const char *name)
{
    struct ref_answer a;
    ref_ask(s, "GET", "/metrics", "", NULL, &a);
    char *want = rs_xprintf("\n%s ", name);
    const char *at = a.body ? strstr(a.body, want) : NULL;
    if (!at) fail_msg("/metrics has no %s", name);
    double value = strtod(at + strlen(want), NULL);
    free(want);
    ref_answer_clear(&a);
    return value;
}

/* Until condition holds, within limit_ms; how long it took, in ms. */
#define WAIT_UNTIL(condition, limit_ms)                                                          \
    do {                                                                                         \
        int64_t begun_ns_ = rs_clock_mono_ns();                                                  \
        while (!(condition)) {                                                                   \
            int64_t ms_ = (rs_clock_mono_ns() - begun_ns_) / 1000000;                            \
            if (ms_ > (limit_ms)) fail_msg("not within %d ms: %s", (int)(limit_ms), #condition); \
            rs_clock_sleep_ms(5);                                                                \
        }                                                                                        \
    } while (0)

/* Point the alias without the checks of a promotion, as an older program or a mistake might. */
static void point_alias(int version)
{
    char *sql =
        rs_xprintf("INSERT OR REPLACE INTO rs_alias VALUES ('production', %d, 1, 'test')", version);
    ref_store_sql(db_path, sql);
    free(sql);
}

/* ---- swaps --------------------------------------------------------------------------------- */

static void promotions_and_rollbacks_reach_it(void **state)
{
    (void)state;
    struct ref_serve s;
    start("", &s);
    assert_int_equal(served(&s), 1);
    for (int round = 0; round < 3; round++) {
        free(ref_bin_out(&bin, 0, "model promote 2 --to production --force --reason test"));
        WAIT_UNTIL(served(&s) == 2, REACH_MS);
        struct rs_val *v = recommend(&s, "{\"user_id\": 1}");
        assert_int_equal(rs_val_get_int(v, "model_version", 0), 2);
        assert_string_equal(rs_val_get_str(v, "source", ""), "popularity");
        rs_val_free(v);
        free(ref_bin_out(&bin, 0, "model rollback"));
        WAIT_UNTIL(served(&s) == 1, REACH_MS);
        v = recommend(&s, "{\"user_id\": 1}");
        assert_int_equal(rs_val_get_int(v, "model_version", 0), 1);
        assert_string_equal(rs_val_get_str(v, "source", ""), "als");
        rs_val_free(v);
    }
    assert_true(metric(&s, "recsys_swaps_total") == 6);
    assert_true(metric(&s, "recsys_swap_failures_total") == 0);
    stop(&s);
}

/* Pages that were begun go on with the version they were begun with. */
static void pages_outlive_a_swap(void **state)
{
    (void)state;
    struct ref_serve s;
    start("", &s);
    struct rs_val *first = recommend(&s, "{\"user_id\": 1, \"k\": 5}");
    const char *cursor = rs_val_get_str(first, "next_cursor", NULL);
    assert_non_null(cursor);
    point_alias(2);
    WAIT_UNTIL(served(&s) == 2, REACH_MS);
    char *body = rs_xprintf("{\"user_id\": 1, \"k\": 5, \"cursor\": \"%s\"}", cursor);
    struct rs_val *second = recommend(&s, body);
    assert_int_equal(rs_val_get_int(second, "model_version", 0), 1);
    const struct rs_val *a = rs_val_get(first, "recommendations");
    const struct rs_val *b = rs_val_get(second, "recommendations");
    assert_int_equal(a->n, 5);
    assert_int_equal(b->n, 5);
    assert_int_equal(rs_val_get_int(b->items[0], "rank", 0), 6);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++)
            assert_false(rs_val_equal(rs_val_get(a->items[i], "item_id"),
                                      rs_val_get(b->items[j], "item_id")));
    }
    rs_val_free(first);
    rs_val_free(second);
    free(body);
    stop(&s);
}

/* The file of a version's bundle, and its bytes; both the caller's. */
static char *read_bundle(const char *version, char **text_out, size_t *len_out)
{
    struct rs_err err = {0};
    char *line = rs_xprintf("model show %s", version);
    struct rs_val *v = ref_bin_json(&bin, 0, line, "bundle");
    char *name = rs_xprintf("models/%s.rsm", rs_val_get_str(v, "bundle", ""));
    char *path = ref_bin_path(&bin, name);
    assert_ok(rs_fs_read(path, 1 << 26, text_out, len_out, &err), &err);
    rs_val_free(v);
    free(name);
    free(line);
    return path;
}

static void a_damaged_bundle_is_refused_and_the_old_one_goes_on(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_serve s;
    char *text = NULL;
    size_t len = 0;
    start("", &s);
    char *path = read_bundle("2", &text, &len);
    text[len / 3] ^= 16;
    assert_ok(rs_fs_write(path, text, len, &err), &err);
    point_alias(2);
    WAIT_UNTIL(metric(&s, "recsys_swap_failures_total") == 1, REACH_MS);
    ref_serve_expect(&s, "version=2 refused, version 1 goes on");
    assert_int_equal(served(&s), 1);
    assert_int_equal(status_of(&s, "GET", "/ready", "", NULL), 200);
    struct rs_val *v = ref_ask_json(&s, "GET", "/health", "", NULL, 200);
    assert_string_equal(rs_val_get_str(v, "status", ""), "degraded");
    rs_val_free(v);
    text[len / 3] ^= 16;
    assert_ok(rs_fs_write(path, text, len, &err), &err);
    WAIT_UNTIL(served(&s) == 2, WAIT_MS);
    stop(&s);
    free(text);
    free(path);
}

static void it_starts_with_a_bad_bundle_and_heals(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_serve s;
    char *text = NULL;
    size_t len = 0;
    char *path = read_bundle("1", &text, &len);
    free(ref_bin_out(&bin, 0, "model promote 1 --to production --force --reason test"));
    assert_ok(rs_fs_write(path, text, len - 100, &err), &err);
    ref_serve_start(&bin, &(struct ref_how){0}, "", &s);
    ref_serve_expect(&s, "version=1 refused, nothing is served");
    assert_int_equal(status_of(&s, "GET", "/ready", "", NULL), 503);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 503);
    assert_int_equal(status_of(&s, "GET", "/live", "", NULL), 200);
    assert_ok(rs_fs_write(path, text, len, &err), &err);
    WAIT_UNTIL(status_of(&s, "GET", "/ready", "", NULL) == 200, WAIT_MS);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 200);
    stop(&s);
    free(text);
    free(path);
}

static void a_withdrawn_alias_is_503(void **state)
{
    (void)state;
    struct ref_serve s;
    start("", &s);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 200);
    ref_store_sql(db_path, "DELETE FROM rs_alias");
    WAIT_UNTIL(status_of(&s, "GET", "/ready", "", NULL) == 503, REACH_MS);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 503);
    assert_int_equal(served(&s), 0);
    point_alias(1);
    WAIT_UNTIL(served(&s) == 1, REACH_MS);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 200);
    stop(&s);
}

static void an_empty_workspace_is_served_as_one(void **state)
{
    (void)state;
    struct ref_bin empty;
    struct ref_serve s;
    ref_bin_init(&empty);
    ref_serve_start(&empty, &(struct ref_how){0}, "", &s);
    struct rs_val *v = ref_ask_json(&s, "GET", "/health", "", NULL, 200);
    assert_string_equal(rs_val_get_str(v, "status", ""), "degraded");
    assert_false(rs_val_get_bool(v, "model_loaded", true));
    rs_val_free(v);
    assert_int_equal(status_of(&s, "GET", "/ready", "", NULL), 503);
    assert_int_equal(status_of(&s, "GET", "/users", "", NULL), 503);
    assert_int_equal(status_of(&s, "GET", "/models", "", NULL), 200);
    stop(&s);
    ref_bin_clear(&empty);
}

/* ---- swaps under load ---------------------------------------------------------------------- */

struct client {
    const struct ref_serve *s;
    atomic_bool *stop;
    int asked, failed;
    int by_version[3];
};

/* One connection, request after request, while versions change. */
static void *ask_on(void *arg)
{
    static const char request[] = "POST /recommend HTTP/1.1\r\nHost: a\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 14\r\n\r\n"
                                  "{\"user_id\": 7}";
    struct client *c = arg;
    struct ref_http h;
    ref_http_open(c->s, &h);
    while (!atomic_load(c->stop)) {
        struct ref_answer a = {0};
        if (ref_http_send(&h, request, SIZE_MAX)) ref_http_read(&h, false, &a);
        const char *at = a.body ? strstr(a.body, "\"model_version\":") : NULL;
        long version = at ? strtol(at + 16, NULL, 10) : 0;
        c->asked++;
        c->failed += a.status != 200 || version < 1 || version > 2;
        if (version == 1 || version == 2) c->by_version[version]++;
        ref_answer_clear(&a);
    }
    ref_http_close(&h);
    return NULL;
}

static int count_in(const struct ref_serve *s, const char *folder)
{
    int n = 0;
    char *path = rs_xprintf("/proc/%d/%s", (int)s->pid, folder);
    DIR *d = opendir(path);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    free(path);
    return n;
}

static int maps_of_models(const struct ref_serve *s)
{
    int n = 0;
    char line[4096];
    char *path = rs_xprintf("/proc/%d/maps", (int)s->pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        n += strstr(line, ".rsm") != NULL;
    fclose(f);
    free(path);
    return n;
}

static void no_request_fails_while_versions_change(void **state)
{
    (void)state;
    enum { N = 3, SWAPS = 20 };
    struct ref_serve s;
    pthread_t threads[N];
    struct client clients[N];
    atomic_bool ended = false;
    start("serving.cache_mb=0", &s);
    for (int i = 0; i < N; i++) {
        clients[i] = (struct client){.s = &s, .stop = &ended};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &clients[i]), 0);
    }
    int files = 0;
    for (int swap = 0; swap < SWAPS; swap++) {
        int version = swap % 2 ? 1 : 2;
        point_alias(version);
        WAIT_UNTIL(served(&s) == version, WAIT_MS);
        if (swap == 4) files = count_in(&s, "fd");
    }
    assert_in_range(count_in(&s, "fd"), files - 4,
                    files + 4); /* connections of our own come and go */
    assert_in_range(maps_of_models(&s), 1, 2);
    atomic_store(&ended, true);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].failed, 0);
        assert_true(clients[i].by_version[1] > 0 && clients[i].by_version[2] > 0);
    }
    stop(&s);
}

/* ---- feedback, tokens, settings ------------------------------------------------------------ */

/* Is the item in the list? */
static bool lists(const struct rs_val *answer, const struct rs_val *item)
{
    const struct rs_val *rows = rs_val_get(answer, "recommendations");
    for (size_t i = 0; i < rows->n; i++) {
        if (rs_val_equal(rs_val_get(rows->items[i], "item_id"), item)) return true;
    }
    return false;
}

static struct rs_val *best_item(const struct ref_serve *s)
{
    struct rs_val *v = recommend(s, "{\"user_id\": 3, \"k\": 1}");
    struct rs_val *item =
        rs_val_copy(rs_val_get(rs_val_get(v, "recommendations")->items[0], "item_id"));
    rs_val_free(v);
    return item;
}

static bool is_listed(const struct ref_serve *s, const struct rs_val *item)
{
    struct rs_val *v = recommend(s, "{\"user_id\": 3, \"k\": 20}");
    bool listed = lists(v, item);
    rs_val_free(v);
    return listed;
}

static char *item_text(const struct rs_val *item)
{
    return item->type == RS_VAL_INT ? rs_xprintf("%lld", (long long)item->i) : rs_xstrdup(item->s);
}

static int64_t history_count(const struct ref_serve *s)
{
    struct rs_val *v = ref_ask_json(s, "GET", "/user/3/history?limit=1", "", NULL, 200);
    int64_t n = rs_val_get_int(v, "count", -1);
    rs_val_free(v);
    return n;
}

/* We are another process: another server, or an import. */
static void feedback_of_another_process_shows(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_serve s;
    struct rs_store *st = NULL;
    int64_t id;
    start("", &s);
    struct rs_val *item = best_item(&s);
    assert_true(is_listed(&s, item));
    int64_t before = history_count(&s);
    char *name = item_text(item);
    assert_ok(rs_store_open(db_path, 0, &st, &err), &err);
    const struct rs_feedback f = {
        .user_id = "3", .item_id = name, .type = "test", .value = 4, .time_s = 1700000000};
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
    WAIT_UNTIL(history_count(&s) == before + 1, REACH_MS);
    assert_false(is_listed(&s, item)); /* seen by now */
    rs_store_close(st);
    rs_val_free(item);
    free(name);
    stop(&s);
    start("", &s); /* and it is there after a restart */
    assert_int_equal(history_count(&s), before + 1);
    stop(&s);
}

static void a_revoked_token_opens_nothing(void **state)
{
    (void)state;
    struct ref_serve s;
    start("", &s);
    struct rs_val *v = ref_bin_json(&bin, 0, "token add swap-test --scope write", "token");
    char *heads = rs_xprintf("Authorization: Bearer %s\r\n", rs_val_get_str(v, "token", ""));
    rs_val_free(v);
    WAIT_UNTIL(post_feedback(&s, heads) == 201, REACH_MS);
    assert_int_equal(status_of(&s, "POST", "/admin/commands/doctor", heads, "{}"), 403);
    free(ref_bin_out(&bin, 0, "token revoke swap-test"));
    WAIT_UNTIL(post_feedback(&s, heads) == 401, REACH_MS);
    assert_int_equal(post_feedback(&s, BEARER), 201);
    assert_int_equal(post_feedback(&s, ""), 401);
    free(heads);
    stop(&s);
}

static void a_hang_up_brings_new_lists_of_items(void **state)
{
    (void)state;
    struct ref_serve s;
    ref_bin_write(&bin, "deny.txt", "# none\n", SIZE_MAX);
    start("serving.deny=deny.txt", &s);
    struct rs_val *item = best_item(&s);
    char *name = item_text(item);
    char *text = rs_xprintf("%s\n", name);
    ref_bin_write(&bin, "deny.txt", text, SIZE_MAX);
    assert_true(is_listed(&s, item));
    kill(s.pid, SIGHUP);
    WAIT_UNTIL(!is_listed(&s, item), REACH_MS);
    ref_bin_write(&bin, "deny.txt", "\xff\n", 2);
    kill(s.pid, SIGHUP);
    ref_serve_expect(&s, "version=1 refused, version 1 goes on");
    assert_false(is_listed(&s, item));
    stop(&s);
    free(text);
    free(name);
    rs_val_free(item);
}

/* ---- the store goes and comes -------------------------------------------------------------- */

static bool healthy(const struct ref_serve *s)
{
    struct rs_val *v = ref_ask_json(s, "GET", "/health", "", NULL, 200);
    bool is = strcmp(rs_val_get_str(v, "status", ""), "healthy") == 0;
    rs_val_free(v);
    return is;
}

static void it_outlives_its_store(void **state)
{
    (void)state;
    struct ref_serve s;
    start("", &s);
    assert_int_equal(post_feedback(&s, BEARER), 201);
    WAIT_UNTIL(healthy(&s), WAIT_MS);
    char *db = ref_bin_path(&bin, "db");
    char *away = ref_bin_path(&bin, "away");
    assert_int_equal(rename(db, away), 0);
    WAIT_UNTIL(!healthy(&s), REACH_MS);
    assert_int_equal(status_of(&s, "POST", "/recommend", "", "{\"user_id\": 1}"), 200);
    assert_int_equal(status_of(&s, "GET", "/ready", "", NULL), 200);
    struct ref_answer a;
    ref_ask(&s, "POST", "/feedback", BEARER, "{\"user_id\": 1, \"item_id\": 1}", &a);
    ref_answer_is_error(&a, 503, "busy", "is not there");
    ref_answer_clear(&a);
    assert_int_equal(status_of(&s, "GET", "/runs", "", NULL), 503);
    assert_false(rs_fs_exists(db)); /* nobody made an empty one */
    assert_int_equal(rename(away, db), 0);
    WAIT_UNTIL(healthy(&s), REACH_MS);
    assert_int_equal(post_feedback(&s, BEARER), 201);
    assert_int_equal(status_of(&s, "GET", "/runs", "", NULL), 200);
    point_alias(2);
    WAIT_UNTIL(served(&s) == 2, REACH_MS);
    free(db);
    free(away);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promotions_and_rollbacks_reach_it),
        cmocka_unit_test(pages_outlive_a_swap),
        cmocka_unit_test(a_damaged_bundle_is_refused_and_the_old_one_goes_on),
        cmocka_unit_test(it_starts_with_a_bad_bundle_and_heals),
        cmocka_unit_test(a_withdrawn_alias_is_503),
        cmocka_unit_test(an_empty_workspace_is_served_as_one),
        cmocka_unit_test(no_request_fails_while_versions_change),
        cmocka_unit_test(feedback_of_another_process_shows),
        cmocka_unit_test(a_revoked_token_opens_nothing),
        cmocka_unit_test(a_hang_up_brings_new_lists_of_items),
        cmocka_unit_test(it_outlives_its_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
