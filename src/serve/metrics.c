/*
 * metrics - counts of requests and lists, as Prometheus text and as the job row's summary.
 *
 * A request adds to one bucket of its (route, status) and to that one's sum; how many there were is
 * the sum of the buckets, so a histogram always adds up. Adds are relaxed: a reader may see one
 * counter ahead of another, never a torn one.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

/* Upper bounds; the bucket after them has none. */
static const int64_t bound_ns[SRV_BUCKETS - 1] = {
    10000,     20000,      50000,      100000,     200000,      500000,    1000000,
    2000000,   5000000,    10000000,   20000000,   50000000,    100000000, 200000000,
    500000000, 1000000000, 2000000000, 5000000000, 10000000000,
};
/* The last slot has every other status. */
static const int statuses[SRV_STATUS_SLOTS] = {200, 201, 202, 204, 304, 400, 401, 403,
                                               404, 405, 408, 409, 411, 413, 414, 415,
                                               422, 429, 431, 500, 503, 0};
static unsigned long long load(atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add(atomic_ullong *counter, unsigned long long n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static int slot_of(int status)
{
    int at = 0;
    while (statuses[at] && statuses[at] != status) {
        at++;
    }
    return at;
}

void srv_metrics_request(struct srv_metrics *m, int route, int status, int64_t ns)
{
    rs_assert(route < SRV_MAX_ROUTES);
    struct srv_series *s = &m->by_status[route < 0 ? SRV_MAX_ROUTES : route][slot_of(status)];
    int bucket = 0;
    while (bucket < SRV_BUCKETS - 1 && ns > bound_ns[bucket]) {
        bucket++;
    }
    add(&s->bucket[bucket], 1);
    add(&s->sum_ns, (unsigned long long)(ns > 0 ? ns : 0));
}

void srv_metrics_list(struct srv_metrics *m, uint64_t user_hash, uint64_t list_hash, bool fallback)
{
    uint64_t list = list_hash >> 32;
    uint64_t user = user_hash >> 32;
    atomic_ullong *place = &m->recent_list[list_hash % 256];
    uint64_t before = atomic_exchange_explicit(place, list << 32 | user, memory_order_relaxed);
    add(&m->lists, 1);
    if (fallback) add(&m->fallback_lists, 1);
    if (before && before >> 32 == list && (before & UINT32_MAX) != user) {
        add(&m->identical_lists, 1);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Rows are the routes in their order, then one for what matched none. */
static struct srv_series *row_series(struct srv_metrics *m, int row)
{
    return m->by_status[row < srv_n_routes() ? row : SRV_MAX_ROUTES];
}

static const char *row_path(int row)
{
    return row < srv_n_routes() ? srv_routes[row].path : "unmatched";
}

struct histogram {
    uint64_t n, bucket[SRV_BUCKETS], sum_ns;
};

static void add_series(struct histogram *h, struct srv_series *s)
{
    for (int i = 0; i < SRV_BUCKETS; i++) {
        uint64_t in = load(&s->bucket[i]);
        h->bucket[i] += in;
        h->n += in;
    }
    h->sum_ns += load(&s->sum_ns);
}

/* ---- Prometheus text ----------------------------------------------------------------------- */

static void put_family(struct rs_str *out, const char *name, const char *type, const char *help)
{
    rs_str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_sample(struct rs_str *out, const char *name, const char *labels, double value)
{
    rs_str_addf(out, "%s%s ", name, labels);
    rs_str_add_double(out, value);
    rs_str_addc(out, '\n');
}

/* "{route="/live",method="GET",status="200"" without its brace. */
static void row_labels(int row, const char *status, char out[160])
{
    static const char *const methods[SRV_METHOD_COUNT] = {[SRV_GET] = "GET", [SRV_POST] = "POST"};
    snprintf(out, 160, "{route=\"%s\",method=\"%s\",status=\"%s\"", row_path(row),
             row < srv_n_routes() ? methods[srv_routes[row].method] : "other", status);
}

static int success_of(int row)
{
    if (row == srv_n_routes()) return 404;
    return srv_routes[row].status ? srv_routes[row].status : 200;
}

/* Zeros for successes, so that a rate is there from the first scrape on. */
static void put_requests(struct srv_metrics *m, struct rs_str *out)
{
    static const char name[] = "recsys_requests_total";
    put_family(out, name, "counter", "requests answered");
    for (int row = 0; row <= srv_n_routes(); row++) {
        for (int i = 0; i < SRV_STATUS_SLOTS; i++) {
            struct histogram h = {0};
            char status[16] = "other";
            char labels[160];
            add_series(&h, &row_series(m, row)[i]);
            if (h.n == 0 && statuses[i] != success_of(row)) continue;
            if (statuses[i]) snprintf(status, sizeof(status), "%d", statuses[i]);
            row_labels(row, status, labels);
            rs_str_addf(out, "%s%s} %llu\n", name, labels, (unsigned long long)h.n);
        }
    }
}

static void put_histogram(const struct histogram *h, const char *labels, struct rs_str *out)
{
    static const char name[] = "recsys_request_seconds";
    uint64_t n = 0;
    for (int i = 0; i < SRV_BUCKETS; i++) {
        n += h->bucket[i];
        rs_str_addf(out, "%s_bucket%s,le=\"", name, labels);
        if (i < SRV_BUCKETS - 1) {
            rs_str_add_double(out, (double)bound_ns[i] / 1e9);
        } else {
            rs_str_add(out, "+Inf");
        }
        rs_str_addf(out, "\"} %llu\n", (unsigned long long)n);
    }
    rs_str_addf(out, "%s_sum%s} ", name, labels);
    rs_str_add_double(out, (double)h->sum_ns / 1e9);
    rs_str_addf(out, "\n%s_count%s} %llu\n", name, labels, (unsigned long long)n);
}

static void put_durations(struct srv_metrics *m, struct rs_str *out)
{
    put_family(out, "recsys_request_seconds", "histogram",
               "from a request's first line to its answer, by class of status");
    for (int row = 0; row <= srv_n_routes(); row++) {
        struct histogram classes[6] = {{0}}; /* by a status' first digit */
        for (int i = 0; i < SRV_STATUS_SLOTS; i++) {
            add_series(&classes[statuses[i] / 100], &row_series(m, row)[i]);
        }
        for (int class = 0; class < 6; class ++) {
            char name[16];
            char labels[160];
            if (classes[class].n == 0) continue;
            snprintf(name, sizeof(name), class ? "%dxx" : "other", class);
            row_labels(row, name, labels);
            put_histogram(&classes[class], labels, out);
        }
    }
}

/* A family of one sample. */
struct single {
    const char *name, *type, *help;
    double value;
};

static void put_singles(const struct single *rows, size_t n, struct rs_str *out)
{
    for (size_t i = 0; i < n; i++) {
        put_family(out, rows[i].name, rows[i].type, rows[i].help);
        put_sample(out, rows[i].name, "", rows[i].value);
    }
}
#define PUT_SINGLES(rows, out) put_singles((rows), sizeof(rows) / sizeof(*(rows)), (out))

static void put_counters(struct srv_metrics *m, struct rs_str *out)
{
    const struct single rows[] = {
        {"recsys_in_flight", "gauge", "requests being answered", atomic_load(&m->in_flight)},
        {"recsys_connections", "gauge", "open connections", atomic_load(&m->connections)},
        {"recsys_connections_reaped_total", "counter",
         "connections shut for being slow or idle, or for a newcomer",
         (double)load(&m->connections_reaped)},
        {"recsys_rate_limited_total", "counter", "requests refused by the rate of their client",
         (double)load(&m->rate_limited)},
        {"recsys_lists_total", "counter", "lists of recommendations sent", (double)load(&m->lists)},
        {"recsys_fallback_lists_total", "counter", "those that were the popularity list",
         (double)load(&m->fallback_lists)},
        {"recsys_identical_lists_total", "counter", "those equal to a recent list of another user",
         (double)load(&m->identical_lists)},
        {"recsys_feedback_events_total", "counter", "events stored",
         (double)load(&m->feedback_events)},
        {"recsys_swaps_total", "counter", "models put in place of another",
         (double)load(&m->swaps)},
        {"recsys_swap_failures_total", "counter", "models refused", (double)load(&m->failed_swaps)},
    };
    PUT_SINGLES(rows, out);
}

static void put_state(struct srv *s, struct rs_str *out)
{
    struct srv_cache_stats cache = srv_cache_stats(s->cache);
    const struct single rows[] = {
        {"recsys_cache_hits_total", "counter", "answers given again", (double)cache.hits},
        {"recsys_cache_misses_total", "counter", "answers that had to be made",
         (double)cache.misses},
        {"recsys_cache_bytes", "gauge", "memory of finished answers", (double)cache.bytes},
        {"recsys_cache_entries", "gauge", "finished answers", (double)cache.entries},
        {"recsys_feedback_lag_seconds", "gauge",
         "from the last event's receipt to the first list that knows it",
         srv_overlay_stats(s->overlay).lag_s},
    };
    PUT_SINGLES(rows, out);
    put_family(out, "recsys_queue_depth", "gauge", "calls that wait for their thread");
    put_sample(out, "recsys_queue_depth", "{queue=\"query\"}", srv_queue_depth(s->query));
    put_sample(out, "recsys_queue_depth", "{queue=\"writer\"}", srv_queue_depth(s->writer));
    put_sample(out, "recsys_queue_depth", "{queue=\"batch\"}", srv_queue_depth(s->batch));
}

static void put_model(const struct srv_model *m, struct rs_str *out)
{
    const struct single rows[] = {
        {"recsys_model_version", "gauge", "version served; 0: none", m ? (double)m->version : 0},
        {"recsys_model_users", "gauge", "users it knows", m ? rs_idmap_size(m->bundle->users) : 0},
        {"recsys_model_items", "gauge", "items it knows", m ? rs_idmap_size(m->bundle->items) : 0},
    };
    PUT_SINGLES(rows, out);
    if (!m) return;
    put_family(out, "recsys_model_info", "gauge", "what is served, as labels");
    rs_str_addf(out, "recsys_model_info{version=\"%lld\",model=\"%s\",sha256=\"%s\"} 1\n",
                (long long)m->version, m->model, m->bundle->sha256);
}

/* Resident bytes; 0 where the system does not say. */
static double resident_bytes(void)
{
    double pages = 0;
    char line[128] = "";
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fgets(line, sizeof(line), f)) pages = strtod(line + strcspn(line, " "), NULL);
    fclose(f);
    return pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_fds(void)
{
    double n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) return 0;
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n - 3; /* ".", "..", and the one that reads */
}

static void put_process(const struct srv_metrics *m, struct rs_str *out)
{
    const struct single rows[] = {
        {"process_resident_memory_bytes", "gauge", "resident memory", resident_bytes()},
        {"process_open_fds", "gauge", "open file descriptors", open_fds()},
        {"process_start_time_seconds", "gauge", "start of the server since 1970",
         (double)m->started_ms / 1000},
    };
    PUT_SINGLES(rows, out);
}

enum rs_code srv_get_metrics(struct srv_call *c, struct rs_err *err)
{
    struct srv *s = c->srv;
    put_requests(&s->metrics, c->out);
    put_durations(&s->metrics, c->out);
    put_counters(&s->metrics, c->out);
    put_state(s, c->out);
    put_model(c->model, c->out);
    put_process(&s->metrics, c->out);
    return c->out->failed ? rs_fail(err, RS_ENOMEM, "no memory for the metrics") : RS_OK;
}

/* ---- the job row's summary ----------------------------------------------------------------- */

/* Counters at one moment. */
struct srv_rates {
    int64_t at_ns; /* monotonic */
    uint64_t lists, fallback_lists, identical_lists, hits, misses;
    struct seen {
        struct histogram all;
        uint64_t errors; /* of 5xx */
    } rows[SRV_MAX_ROUTES + 1];
};

void srv_rates_free(struct srv_rates *r)
{
    free(r);
}

static struct srv_rates *take_rates(struct srv *s)
{
    struct srv_metrics *m = &s->metrics;
    struct srv_cache_stats cache = srv_cache_stats(s->cache);
    struct srv_rates *r = rs_xalloc(1, sizeof(*r));
    r->at_ns = rs_clock_mono_ns();
    r->lists = load(&m->lists);
    r->fallback_lists = load(&m->fallback_lists);
    r->identical_lists = load(&m->identical_lists);
    r->hits = cache.hits;
    r->misses = cache.misses;
    for (int row = 0; row <= srv_n_routes(); row++) {
        struct seen *seen = &r->rows[row];
        for (int i = 0; i < SRV_STATUS_SLOTS; i++) {
            uint64_t before = seen->all.n;
            add_series(&seen->all, &row_series(m, row)[i]);
            if (statuses[i] >= 500) seen->errors += seen->all.n - before;
        }
    }
    return r;
}

/* What came since `before`. */
static struct seen since(const struct seen *now, const struct seen *before)
{
    struct seen d = {.errors = now->errors - before->errors};
    d.all.n = now->all.n - before->all.n;
    for (int i = 0; i < SRV_BUCKETS; i++) {
        d.all.bucket[i] = now->all.bucket[i] - before->all.bucket[i];
    }
    return d;
}

/* The duration that a share q of the requests kept to: straight lines within buckets; of the last,
 * which has no end, its start. */
static double quantile_ms(const struct histogram *h, double q)
{
    double below = 0;
    for (int i = 0; i < SRV_BUCKETS - 1; i++) {
        double in = (double)h->bucket[i];
        if (in > 0 && below + in >= q * (double)h->n) {
            double low = i ? (double)bound_ns[i - 1] : 0;
            double part = (q * (double)h->n - below) / in;
            return (low + part * ((double)bound_ns[i] - low)) / 1e6;
        }
        below += in;
    }
    return (double)bound_ns[SRV_BUCKETS - 2] / 1e6;
}

static void set_rates(struct rs_val *v, const struct seen *d, double seconds)
{
    rs_val_set_real(v, "requests_per_s", (double)d->all.n / seconds);
    rs_val_set(v, "p50_ms", d->all.n ? rs_val_real(quantile_ms(&d->all, 0.50)) : rs_val_null());
    rs_val_set(v, "p99_ms", d->all.n ? rs_val_real(quantile_ms(&d->all, 0.99)) : rs_val_null());
    rs_val_set_real(v, "errors_per_s", (double)d->errors / seconds);
}

static void set_share(struct rs_val *v, const char *key, uint64_t part, uint64_t whole)
{
    rs_val_set(v, key, whole ? rs_val_real((double)part / (double)whole) : rs_val_null());
}

/* Totals into v, every route that was asked into its list `routes`. */
static void set_routes(struct rs_val *v, struct rs_val *routes, const struct srv_rates *now,
                       const struct srv_rates *before, double seconds)
{
    struct seen total = {0};
    for (int row = 0; row <= srv_n_routes(); row++) {
        struct seen d = since(&now->rows[row], &before->rows[row]);
        if (d.all.n == 0) continue;
        struct rs_val *one = rs_val_push(routes, rs_val_map());
        rs_val_set_str(one, "route", row_path(row));
        set_rates(one, &d, seconds);
        total.errors += d.errors;
        total.all.n += d.all.n;
        for (int i = 0; i < SRV_BUCKETS; i++) {
            total.all.bucket[i] += d.all.bucket[i];
        }
    }
    set_rates(v, &total, seconds);
}

struct rs_val *srv_metrics_summary(struct srv *s, struct srv_rates **last)
{
    struct srv_rates *now = take_rates(s);
    struct srv_rates *before = *last ? *last : rs_xalloc(1, sizeof(*before));
    double uptime_s = (double)(rs_clock_now_ms() - s->metrics.started_ms) / 1e3;
    double seconds = *last ? (double)(now->at_ns - before->at_ns) / 1e9 : uptime_s;
    if (seconds < 1e-3) seconds = 1e-3; /* nothing is divided by 0 */
    struct srv_model *model = srv_model_acquire(s->models);
    struct rs_val *v = rs_val_map();
    struct rs_val *routes = rs_val_list();
    rs_val_set_str(v, "address", s->address);
    rs_val_set(v, "version", model ? rs_val_int(model->version) : rs_val_null());
    rs_val_set(v, "model", model ? rs_val_str(model->model) : rs_val_null());
    srv_model_release(s->models, model);
    set_routes(v, routes, now, before, seconds);
    uint64_t lists = now->lists - before->lists;
    uint64_t hits = now->hits - before->hits;
    set_share(v, "fallback_share", now->fallback_lists - before->fallback_lists, lists);
    set_share(v, "identical_share", now->identical_lists - before->identical_lists, lists);
    set_share(v, "cache_hit_share", hits, hits + now->misses - before->misses);
    rs_val_set_int(v, "queue",
                   srv_queue_depth(s->query) + srv_queue_depth(s->writer) +
                       srv_queue_depth(s->batch));
    rs_val_set_int(v, "connections", atomic_load(&s->metrics.connections));
    rs_val_set_real(v, "uptime_s", uptime_s);
    rs_val_set(v, "routes", routes);
    srv_rates_free(before);
    *last = now;
    return v;
}
