/* What is counted, as Prometheus text that keeps to its grammar, and as the job row's summary. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/http_impl.h"
#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

struct fixture {
    struct srv srv;
    struct srv_settings settings;
    struct ref_bundle bundle;
    char *dir;
    char nothing[1];
};

static int set_up(void **state)
{
    struct rs_err err = {0};
    struct fixture *f = rs_xalloc(1, sizeof(*f));
    struct srv *s = &f->srv;
    f->dir = ref_temp_dir();
    f->settings.allow = f->settings.deny = f->nothing;
    s->workspace = f->dir;
    s->models = srv_models_new();
    s->overlay = srv_overlay_new();
    s->cache = srv_cache_new(1 << 20);
    s->metrics.started_ms = rs_clock_now_ms() - 5000;
    snprintf(s->address, sizeof(s->address), "http://127.0.0.1:8000");
    assert_ok(srv_queue_start(s, SRV_QUEUE_QUERY, 4, &s->query, &err), &err);
    assert_ok(srv_queue_start(s, SRV_QUEUE_WRITER, 4, &s->writer, &err), &err);
    assert_ok(srv_queue_start(s, SRV_QUEUE_BATCH, 4, &s->batch, &err), &err);
    ref_bundle_init(&f->bundle, 1, 20, 30, "popularity", "");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    srv_queue_stop(f->srv.query);
    srv_queue_stop(f->srv.writer);
    srv_queue_stop(f->srv.batch);
    srv_models_free(f->srv.models);
    srv_overlay_free(f->srv.overlay);
    srv_cache_free(f->srv.cache);
    ref_bundle_clear(&f->bundle);
    ref_remove(f->dir);
    free(f);
    return 0;
}

static int route_at(const char *path)
{
    int at = 0;
    while (strcmp(srv_routes[at].path, path) != 0) {
        at++;
    }
    return at;
}

static void ask_times(struct srv_metrics *m, const char *path, int status, int64_t ns, int times)
{
    for (int i = 0; i < times; i++) {
        srv_metrics_request(m, path ? route_at(path) : -1, status, ns);
    }
}

static char *scrape(struct fixture *f)
{
    struct rs_err err = {0};
    struct rs_str out;
    rs_str_init(&out, 0);
    struct srv_model *model = srv_model_acquire(f->srv.models);
    struct srv_call c = {.srv = &f->srv, .out = &out, .model = model};
    assert_ok(srv_get_metrics(&c, &err), &err);
    srv_model_release(f->srv.models, model);
    return rs_str_take(&out);
}

/* The value of a sample by its whole name and labels; it must be there once. */
static double sample(const char *text, const char *series)
{
    char *line = rs_xprintf("\n%s ", series);
    const char *at = strstr(text, line);
    if (!at) fail_msg("no sample %s", series);
    assert_null(strstr(at + 1, line));
    double value = strtod(at + strlen(line), NULL);
    free(line);
    return value;
}

/* ---- grammar ------------------------------------------------------------------------------- */

struct family {
    char name[96];
    char type[16];
    char bucket[400]; /* labels of the histogram being read, without le */
    double below, le; /* its last bucket */
};

static size_t name_length(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || s[n] == '_' || (n && s[n] >= '0' && s[n] <= '9')) {
        n++;
    }
    return n;
}

/* Labels in their braces; leaves *at behind them. le_out: text of le, or "". */
static void read_labels(const char **at, char *others, size_t size, char le_out[32])
{
    const char *s = *at + 1;
    others[0] = le_out[0] = '\0';
    for (;;) {
        size_t n = name_length(s);
        assert_true(n > 0 && s[n] == '=' && s[n + 1] == '"');
        size_t len = strcspn(s + n + 2, "\"\\\n"); /* no value of ours needs an escape */
        assert_int_equal(s[n + 2 + len], '"');
        if (n == 2 && memcmp(s, "le", 2) == 0) {
            snprintf(le_out, 32, "%.*s", (int)len, s + n + 2);
        } else {
            size_t used = strlen(others);
            snprintf(others + used, size - used, "%.*s,", (int)(n + len + 3), s);
        }
        s += n + len + 3;
        if (*s == '}') break;
        assert_int_equal(*s++, ',');
    }
    *at = s + 1;
}

/* A bucket adds to the one before, with a greater bound; _count repeats the last. */
static void check_histogram(struct family *f, const char *suffix, const char *labels,
                            const char *le, double value)
{
    if (strcmp(suffix, "_bucket") == 0) {
        double bound = strcmp(le, "+Inf") == 0 ? HUGE_VAL : strtod(le, NULL);
        bool same = strcmp(f->bucket, labels) == 0;
        assert_true(!same || (bound > f->le && value >= f->below));
        snprintf(f->bucket, sizeof(f->bucket), "%s", labels);
        f->le = bound;
        f->below = value;
    } else {
        assert_string_equal(f->bucket, labels);
        assert_true(f->le == HUGE_VAL);
        if (strcmp(suffix, "_count") == 0)
            assert_true(value == f->below);
        else
            assert_string_equal(suffix, "_sum");
    }
}

static void check_sample(const char *line, struct family *f)
{
    char labels[400] = "";
    char le[32] = "";
    size_t n = name_length(line);
    const char *at = line + n;
    size_t base = strlen(f->name);
    assert_true(n >= base && memcmp(line, f->name, base) == 0);
    if (*at == '{') read_labels(&at, labels, sizeof(labels), le);
    assert_int_equal(*at, ' ');
    char *end;
    double value = strtod(at + 1, &end);
    assert_int_equal(*end, '\n');
    if (strcmp(f->type, "histogram") == 0) {
        char suffix[16];
        snprintf(suffix, sizeof(suffix), "%.*s", (int)(n - base), line + base);
        check_histogram(f, suffix, labels, le, value);
    } else {
        assert_int_equal(n, base);
    }
    if (strcmp(f->type, "gauge") != 0) {
        assert_true(value >= 0);
    }
    if (strcmp(f->type, "counter") == 0) assert_true(rs_str_ends(f->name, "_total"));
}

static void text_keeps_to_the_grammar(void **state)
{
    struct fixture *f = *state;
    struct rs_err err = {0};
    assert_ok(
        srv_model_publish(f->srv.models, f->bundle.path, f->bundle.sha256, 3, &f->settings, &err),
        &err);
    ask_times(&f->srv.metrics, "/recommend", 200, 25000, 7);
    ask_times(&f->srv.metrics, "/recommend", 400, 12000, 2);
    ask_times(&f->srv.metrics, "/recommend", 404, 3000000, 2);
    ask_times(&f->srv.metrics, "/user/{id}/history", 200, 30000000000, 1);
    ask_times(&f->srv.metrics, NULL, 418, 1, 1);
    char *text = scrape(f);
    struct family now = {0};
    struct rs_val *seen = rs_val_map();
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_non_null(strchr(line, '\n'));
        if (rs_str_starts(line, "# HELP ")) {
            now = (struct family){0};
            size_t n = name_length(line + 7);
            snprintf(now.name, sizeof(now.name), "%.*s", (int)n, line + 7);
            assert_int_equal(line[7 + n], ' ');
            assert_null(rs_val_get(seen, now.name));
            rs_val_set_bool(seen, now.name, true);
        } else if (rs_str_starts(line, "# TYPE ")) {
            size_t n = strlen(now.name);
            assert_memory_equal(line + 7, now.name, n);
            snprintf(now.type, sizeof(now.type), "%.*s", (int)strcspn(line + 8 + n, "\n"),
                     line + 8 + n);
        } else {
            assert_true(now.type[0] != '\0');
            check_sample(line, &now);
        }
    }
    assert_true(seen->n >= 24);
    rs_val_free(seen);
    free(text);
}

/* ---- values -------------------------------------------------------------------------------- */

static void requests_are_counted_by_route_and_status(void **state)
{
    struct fixture *f = *state;
    ask_times(&f->srv.metrics, "/recommend", 200, 10000, 3);
    ask_times(&f->srv.metrics, "/recommend", 200, 10001, 1);
    ask_times(&f->srv.metrics, "/recommend", 404, 1500000000, 2);
    ask_times(&f->srv.metrics, "/recommend", 422, 60000000000, 1);
    ask_times(&f->srv.metrics, NULL, 404, 5, 4);
    ask_times(&f->srv.metrics, "/live", 299, 5, 1);
    char *text = scrape(f);
#define REC "{route=\"/recommend\",method=\"POST\",status=\""
    assert_true(sample(text, "recsys_requests_total" REC "200\"}") == 4);
    assert_true(sample(text, "recsys_requests_total" REC "404\"}") == 2);
    assert_true(sample(text, "recsys_requests_total{route=\"unmatched\",method=\"other\",status="
                             "\"404\"}") == 4);
    assert_true(
        sample(text, "recsys_requests_total{route=\"/live\",method=\"GET\",status=\"other\"}") ==
        1);
    assert_true(
        sample(text, "recsys_requests_total{route=\"/feedback\",method=\"POST\",status=\"201\"}") ==
        0);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "2xx\",le=\"1e-05\"}") == 3);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "2xx\",le=\"2e-05\"}") == 4);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "4xx\",le=\"1\"}") == 0);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "4xx\",le=\"2\"}") == 2);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "4xx\",le=\"10\"}") == 2);
    assert_true(sample(text, "recsys_request_seconds_bucket" REC "4xx\",le=\"+Inf\"}") == 3);
    assert_true(sample(text, "recsys_request_seconds_count" REC "4xx\"}") == 3);
    assert_true(sample(text, "recsys_request_seconds_sum" REC "4xx\"}") == 63);
    assert_null(strstr(text, "recsys_request_seconds_count" REC "5xx"));
#undef REC
    free(text);
}

static void state_is_told(void **state)
{
    struct fixture *f = *state;
    struct rs_err err = {0};
    struct srv_metrics *m = &f->srv.metrics;
    char *text = scrape(f);
    assert_true(sample(text, "recsys_model_version") == 0);
    assert_null(strstr(text, "recsys_model_info{"));
    free(text);
    assert_ok(
        srv_model_publish(f->srv.models, f->bundle.path, f->bundle.sha256, 3, &f->settings, &err),
        &err);
    atomic_store(&m->connections, 5);
    atomic_store(&m->in_flight, 2);
    atomic_store(&m->feedback_events, 11);
    atomic_store(&m->swaps, 1);
    struct srv_body *body = srv_body_new("answer", 6);
    srv_cache_put(f->srv.cache, "key", 3, body);
    srv_body_release(body);
    srv_body_release(srv_cache_get(f->srv.cache, "key", 3));
    assert_null(srv_cache_get(f->srv.cache, "other", 5));
    text = scrape(f);
    char *info = rs_xprintf("recsys_model_info{version=\"3\",model=\"popularity\",sha256=\"%s\"}",
                            f->bundle.sha256);
    assert_true(sample(text, info) == 1);
    assert_true(sample(text, "recsys_model_version") == 3);
    assert_true(sample(text, "recsys_model_users") == rs_idmap_size(f->bundle.b->users));
    assert_true(sample(text, "recsys_model_items") == rs_idmap_size(f->bundle.b->items));
    assert_true(sample(text, "recsys_connections") == 5);
    assert_true(sample(text, "recsys_in_flight") == 2);
    assert_true(sample(text, "recsys_feedback_events_total") == 11);
    assert_true(sample(text, "recsys_swaps_total") == 1);
    assert_true(sample(text, "recsys_swap_failures_total") == 0);
    assert_true(sample(text, "recsys_cache_hits_total") == 1);
    assert_true(sample(text, "recsys_cache_misses_total") == 1);
    assert_true(sample(text, "recsys_cache_entries") == 1);
    assert_true(sample(text, "recsys_cache_bytes") >= 6);
    assert_true(sample(text, "recsys_queue_depth{queue=\"query\"}") == 0);
    assert_true(sample(text, "recsys_queue_depth{queue=\"writer\"}") == 0);
    assert_true(sample(text, "recsys_queue_depth{queue=\"batch\"}") == 0);
    assert_true(sample(text, "process_resident_memory_bytes") > 1e6);
    assert_true(sample(text, "process_open_fds") >= 3);
    assert_true(sample(text, "process_start_time_seconds") == (double)m->started_ms / 1000);
    free(info);
    free(text);
}

static void identical_lists_are_told_by_user(void **state)
{
    struct fixture *f = *state;
    struct srv_metrics *m = &f->srv.metrics;
    const uint64_t ann = 0x1111111100000000;
    const uint64_t bob = 0x2222222200000000;
    const uint64_t list = 0xabcdef0100000007;
    const uint64_t other = 0x1234567800000007; /* in the same place */
    srv_metrics_list(m, ann, list, false);
    srv_metrics_list(m, ann, list, false); /* her own again */
    assert_int_equal(atomic_load(&m->identical_lists), 0);
    srv_metrics_list(m, bob, list, true);
    assert_int_equal(atomic_load(&m->identical_lists), 1);
    srv_metrics_list(m, ann, other, false);
    srv_metrics_list(m, bob, list, false); /* the last one there was another list */
    assert_int_equal(atomic_load(&m->identical_lists), 1);
    assert_int_equal(atomic_load(&m->lists), 5);
    assert_int_equal(atomic_load(&m->fallback_lists), 1);
}

/* ---- the summary --------------------------------------------------------------------------- */

static void assert_near(const struct rs_val *v, const char *key, double want)
{
    double got[] = {rs_val_get_real(v, key, -1)};
    assert_close(got, &want, 1, 1e-9, 0);
}

static void quantiles_are_interpolated(void **state)
{
    struct fixture *f = *state;
    struct srv_rates *last = NULL;
    /* 90 of 10 to 20 us, 10 of 1 to 2 ms: the 50th is 5/9 into the first, the 99th 9/10 into the
     * second. */
    ask_times(&f->srv.metrics, "/recommend", 200, 15000, 90);
    ask_times(&f->srv.metrics, "/recommend", 200, 1100000, 10);
    struct rs_val *v = srv_metrics_summary(&f->srv, &last);
    assert_near(v, "p50_ms", 0.010 + 0.010 * 50 / 90);
    assert_near(v, "p99_ms", 1.9);
    assert_true(rs_val_get_real(v, "requests_per_s", 0) > 0);
    rs_val_free(v);
    ask_times(&f->srv.metrics, "/recommend", 503, 60000000000, 1); /* beyond the last bound */
    v = srv_metrics_summary(&f->srv, &last);
    assert_near(v, "p50_ms", 10000);
    rs_val_free(v);
    srv_rates_free(last);
}

static void summary_is_of_the_time_since_the_last(void **state)
{
    struct fixture *f = *state;
    struct srv_metrics *m = &f->srv.metrics;
    struct srv_rates *last = NULL;
    ask_times(m, "/recommend", 200, 15000, 60);
    ask_times(m, "/feedback", 503, 15000, 20);
    ask_times(m, NULL, 404, 15000, 20);
    for (uint64_t i = 0; i < 4; i++) {
        srv_metrics_list(m, i << 32, (i / 3 + 1) << 32, i == 0);
    }
    atomic_store(&m->connections, 7);
    struct rs_val *v = srv_metrics_summary(&f->srv, &last);
    double rate = rs_val_get_real(v, "requests_per_s", 0);
    const struct rs_val *routes = rs_val_get(v, "routes");
    assert_near(v, "errors_per_s", rate / 5);
    assert_near(v, "fallback_share", 0.25);
    assert_near(v, "identical_share", 0.5);
    assert_true(rate > 0 && rate < 100 / 4.9); /* 100 in the 5 s since the start */
    assert_int_equal(rs_val_get(v, "cache_hit_share")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get(v, "version")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get_int(v, "connections", 0), 7);
    assert_int_equal(rs_val_get_int(v, "queue", -1), 0);
    assert_true(rs_val_get_real(v, "uptime_s", 0) >= 5);
    assert_string_equal(rs_val_get_str(v, "address", ""), "http://127.0.0.1:8000");
    assert_int_equal(routes->n, 3);
    assert_string_equal(rs_val_get_str(routes->items[1], "route", ""), "/feedback");
    assert_near(routes->items[1], "errors_per_s",
                rs_val_get_real(routes->items[1], "requests_per_s", 0));
    assert_string_equal(rs_val_get_str(routes->items[2], "route", ""), "unmatched");
    rs_val_free(v);
    v = srv_metrics_summary(&f->srv, &last);
    assert_near(v, "requests_per_s", 0);
    assert_int_equal(rs_val_get(v, "p99_ms")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get(v, "fallback_share")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get(v, "routes")->n, 0);
    rs_val_free(v);
    srv_rates_free(last);
}

static void *count_many(void *arg)
{
    ask_times(arg, "/recommend", 200, 15000, 20000);
    return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, &f->srv.metrics), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    char *text = scrape(f);
    assert_true(sample(text, "recsys_requests_total{route=\"/recommend\",method=\"POST\",status="
                             "\"200\"}") == 80000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_keeps_to_the_grammar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_are_counted_by_route_and_status, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(state_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(identical_lists_are_told_by_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quantiles_are_interpolated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(summary_is_of_the_time_since_the_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_count_is_lost_between_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
