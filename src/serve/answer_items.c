/*
 * answer_items - /users, /items, /items-with-metadata, /user/{id}/history and /explain: what the
 * served bundle knows, and what users did since.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer_impl.h"
#include "rs/base/clock.h"
#include "search_impl.h"

/* ---- rows of users and items --------------------------------------------------------------- */

/* Rows offset … offset + limit of those that match; all of them are counted. */
struct rows {
    int64_t skip, left;
    int64_t count;
};

static struct rows rows_of(const struct srv_call *c)
{
    return (struct rows){.skip = srv_get(c, "offset")->i, .left = srv_get(c, "limit")->i};
}

/* One more row matches: is it shown? */
static bool take_row(struct rows *r)
{
    r->count++;
    if (r->count <= r->skip || r->left == 0) return false;
    r->left--;
    return true;
}

static void put_count(struct rs_str *out, int64_t count)
{
    SRV_JSON(out, "],\"count\":");
    rs_str_add_int(out, count);
    SRV_JSON(out, "}");
}

enum rs_code srv_get_users(struct srv_call *c, struct rs_err *err)
{
    const struct rs_idmap *users = c->model->bundle->users;
    struct srv_search search = srv_search_make(srv_get(c, "search")->s);
    struct rows rows = rows_of(c);
    bool first = true;
    SRV_JSON(c->out, "{\"users\":[");
    for (int32_t i = 0; i < rs_idmap_size(users); i++) {
        if (!srv_search_in_id(&search, users, i) || !take_row(&rows)) continue;
        if (!first) SRV_JSON(c->out, ",");
        srv_json_index(c->out, users, i);
        first = false;
    }
    put_count(c->out, rows.count);
    return srv_answer_end(c, err);
}

static bool item_matches(const struct srv_search *s, const struct rs_bundle *b, int32_t item)
{
    if (srv_search_in_id(s, b->items, item)) return true;
    const char *title = rs_catalogue_title(b->catalogue, item);
    return srv_search_in(s, title, strlen(title));
}

typedef void put_item_fn(struct rs_str *out, const struct rs_bundle *b, int32_t item);

static enum rs_code answer_items(struct srv_call *c, put_item_fn *put, struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    struct srv_search search = srv_search_make(srv_get(c, "search")->s);
    struct rows rows = rows_of(c);
    bool first = true;
    SRV_JSON(c->out, "{\"items\":[");
    for (int32_t i = 0; i < rs_idmap_size(b->items); i++) {
        if (!item_matches(&search, b, i) || !take_row(&rows)) continue;
        if (!first) SRV_JSON(c->out, ",");
        put(c->out, b, i);
        first = false;
    }
    put_count(c->out, rows.count);
    return srv_answer_end(c, err);
}

static void put_id(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    srv_json_index(out, b->items, item);
}

enum rs_code srv_get_items(struct srv_call *c, struct rs_err *err)
{
    return answer_items(c, put_id, err);
}

static void put_described(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    SRV_JSON(out, "{\"item_id\":");
    srv_json_index(out, b->items, item);
    SRV_JSON(out, ",\"title\":");
    srv_json_title(out, b, item);
    SRV_JSON(out, ",\"genres\":");
    srv_json_genres(out, b, item);
}

static void put_item_row(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    int32_t year = rs_catalogue_year(b->catalogue, item);
    put_described(out, b, item);
    SRV_JSON(out, ",\"year\":");
    if (year) {
        rs_str_add_int(out, year);
    } else {
        SRV_JSON(out, "null");
    }
    SRV_JSON(out, ",\"popularity\":");
    srv_json_float(out, b->popularity[item]);
    SRV_JSON(out, "}");
}

enum rs_code srv_get_items_with_metadata(struct srv_call *c, struct rs_err *err)
{
    return answer_items(c, put_item_row, err);
}

/* ---- history ------------------------------------------------------------------------------- */

/* Something a user has. */
struct past {
    int64_t time_s;      /* INT64_MIN: unknown */
    int64_t event;       /* id of feedback; 0: a row of the bundle */
    int32_t item;        /* -1: one that the model does not know */
    const char *item_id; /* of feedback */
    double value;        /* NaN: not kept */
    const char *part;
};

/* Newest first, feedback before rows of the same second, the unknown last by item. */
static int newest_first(const void *a, const void *b)
{
    const struct past *x = a;
    const struct past *y = b;
    if (x->time_s != y->time_s) return x->time_s < y->time_s ? 1 : -1;
    if (x->event != y->event) return x->event < y->event ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

struct pasts {
    struct past *rows;
    size_t n;
};

static void add_rows(struct pasts *p, const struct rs_csr *m, int32_t user, bool valued,
                     const char *part)
{
    for (int64_t e = m->indptr[user]; e < m->indptr[user + 1]; e++) {
        p->rows[p->n++] = (struct past){.time_s = m->times ? m->times[e] : INT64_MIN,
                                        .item = m->indices[e],
                                        .value = valued ? (double)rs_csr_value(m, e) : (double)NAN,
                                        .part = part};
    }
}

/* All that a user has, in scratch; RS_ENOTFOUND: nobody has seen that user. */
static enum rs_code read_pasts(struct srv_call *c, const char *user_id, struct pasts *out,
                               struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    int32_t user = rs_idmap_find(b->users, user_id);
    const struct rs_event *events = NULL;
    size_t n_events = 0;
    int64_t revision;
    enum rs_code rc = srv_overlay_read(c->srv->overlay, user_id, 0, c->scratch, &events, &n_events,
                                       &revision, err);
    if (rc) return rc;
    if (user < 0 && n_events == 0) {
        return rs_fail(err, RS_ENOTFOUND, "user '%s' was not in training and posted no feedback",
                       user_id);
    }
    size_t n = n_events;
    if (user >= 0) n += (size_t)(rs_csr_len(&b->train, user) + rs_csr_len(&b->seen, user));
    *out = (struct pasts){.rows = rs_arena_alloc(c->scratch, n * sizeof(*out->rows))};
    if (!out->rows) return rs_fail(err, RS_ENOMEM, "no memory for a history of %zu rows", n);
    if (user >= 0) {
        add_rows(out, &b->train, user, true, "train");
        add_rows(out, &b->seen, user, b->seen.values, "validation");
    }
    for (size_t i = 0; i < n_events; i++) {
        out->rows[out->n++] = (struct past){.time_s = events[i].time_s,
                                            .event = events[i].id,
                                            .item = rs_idmap_find(b->items, events[i].item_id),
                                            .item_id = events[i].item_id,
                                            .value = events[i].value,
                                            .part = "feedback"};
    }
    qsort(out->rows, out->n, sizeof(*out->rows), newest_first);
    return RS_OK;
}

static void put_past(struct rs_str *out, const struct rs_bundle *b, const struct past *p)
{
    if (p->item >= 0) {
        put_described(out, b, p->item);
    } else {
        SRV_JSON(out, "{\"item_id\":");
        srv_json_id(out, b->items, p->item_id);
        SRV_JSON(out, ",\"title\":\"\",\"genres\":\"\"");
    }
    SRV_JSON(out, ",\"value\":");
    if (p->event) {
        srv_json_double(out, p->value);
    } else {
        srv_json_float(out, (float)p->value);
    }
    SRV_JSON(out, ",\"timestamp\":");
    srv_json_time_s(out, p->time_s);
    SRV_JSON(out, ",\"part\":");
    rs_json_quote(p->part, out);
    SRV_JSON(out, "}");
}

enum rs_code srv_get_history(struct srv_call *c, struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    const char *user_id = srv_get(c, "id")->s;
    struct rows rows = rows_of(c);
    struct pasts pasts = {0};
    bool first = true;
    enum rs_code rc = read_pasts(c, user_id, &pasts, err);
    if (rc) return rc;
    SRV_JSON(c->out, "{\"user_id\":");
    srv_json_id(c->out, b->users, user_id);
    SRV_JSON(c->out, ",\"history\":[");
    for (size_t i = 0; i < pasts.n; i++) {
        if (!take_row(&rows)) continue;
        if (!first) SRV_JSON(c->out, ",");
        put_past(c->out, b, &pasts.rows[i]);
        first = false;
    }
    put_count(c->out, rows.count);
    return srv_answer_end(c, err);
}

/* ---- explain ------------------------------------------------------------------------------- */

struct reason {
    int32_t item;
    float value; /* what the user gave it */
    float contribution;
};

static int largest_first(const void *a, const void *b)
{
    const struct reason *x = a;
    const struct reason *y = b;
    if (x->contribution != y->contribution) return x->contribution < y->contribution ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The profile that the user's lists are made of. */
static enum rs_code read_profile(struct srv_call *c, const char *user_id, struct rs_profile *out,
                                 struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    struct rs_wish wish = {.user_id = user_id, .k = 1, .strict = true};
    struct rs_ask ask;
    size_t ignored;
    int64_t revision;
    enum rs_code rc = srv_overlay_read(c->srv->overlay, user_id, 0, c->scratch, &wish.events,
                                       &wish.n_events, &revision, err);
    if (!rc) rc = rs_wish_resolve(b, &wish, c->scratch, &ask, &ignored, err);
    if (rc) return rc;
    return rs_bundle_profile_with(b, ask.user, ask.items, ask.values, ask.n_items, c->scratch, out,
                                  err);
}

static void put_reasons(struct srv_call *c, const struct reason *reasons, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        if (i) SRV_JSON(c->out, ",");
        put_described(c->out, c->model->bundle, reasons[i].item);
        SRV_JSON(c->out, ",\"contribution\":");
        srv_json_float(c->out, reasons[i].contribution);
        SRV_JSON(c->out, ",\"value\":");
        srv_json_float(c->out, reasons[i].value);
        SRV_JSON(c->out, "}");
    }
}

static enum rs_code explain(struct srv_call *c, const struct rs_profile *who, int32_t item,
                            struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    size_t n = (size_t)who->n;
    int64_t k = srv_get(c, "k")->i;
    float base = 0;
    float *contributions = rs_arena_alloc(c->scratch, (n + 1) * sizeof(*contributions));
    struct reason *reasons = rs_arena_alloc(c->scratch, (n + 1) * sizeof(*reasons));
    if (!contributions || !reasons) {
        return rs_fail(err, RS_ENOMEM, "no memory for %zu contributions", n);
    }
    enum rs_code rc = b->model->ops->explain(b->model, who, item, contributions, &base, err);
    if (rc) return rc;
    double score = (double)base;
    for (size_t i = 0; i < n; i++) {
        reasons[i] = (struct reason){.item = who->items[i],
                                     .value = who->values ? who->values[i] : 1.0F,
                                     .contribution = contributions[i]};
        score += (double)contributions[i];
    }
    qsort(reasons, n, sizeof(*reasons), largest_first);
    SRV_JSON(c->out, "{\"user_id\":");
    srv_json_id(c->out, b->users, srv_get(c, "user_id")->s);
    SRV_JSON(c->out, ",\"item_id\":");
    srv_json_index(c->out, b->items, item);
    SRV_JSON(c->out, ",\"title\":");
    srv_json_title(c->out, b, item);
    SRV_JSON(c->out, ",\"score\":");
    srv_json_double(c->out, score);
    SRV_JSON(c->out, ",\"base\":");
    srv_json_float(c->out, base);
    SRV_JSON(c->out, ",\"contributions\":[");
    put_reasons(c, reasons, who->n < k ? who->n : (int32_t)k);
    SRV_JSON(c->out, "],\"source\":");
    rs_json_quote(b->model->ops->name, c->out);
    SRV_JSON(c->out, ",\"model_version\":");
    rs_str_add_int(c->out, c->model->version);
    SRV_JSON(c->out, ",\"timestamp\":");
    srv_json_time_ms(c->out, rs_clock_now_ms());
    SRV_JSON(c->out, "}");
    return srv_answer_end(c, err);
}

enum rs_code srv_get_explain(struct srv_call *c, struct rs_err *err)
{
    struct rs_profile who;
    int32_t item;
    enum rs_code rc = srv_find_item(c->model->bundle, srv_get(c, "item_id")->s, &item, err);
    if (!rc) rc = read_profile(c, srv_get(c, "user_id")->s, &who, err);
    return rc ? rc : explain(c, &who, item, err);
}
