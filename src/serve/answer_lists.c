/*
 * answer_lists - /recommend, /recommend/batch and /similar-items.
 *
 * A list depends on the model as published, the user's feedback, the page and the request; that is
 * the key of a finished answer, so nothing has to be taken back when one of them changes. A cursor
 * pins the same things, so pages of one list never repeat an item, whatever happens between them.
 */
#include <string.h>

#include "answer_impl.h"
#include "cursor_impl.h"
#include "rs/base/clock.h"
#include "rs/base/hash.h"

enum { MAX_KEY = 1024 }; /* bytes of a key that an answer is kept under */

/* ---- what was asked, as bytes -------------------------------------------------------------- */

struct key_head {
    uint64_t generation;
    int64_t revision; /* of the user's feedback */
    int32_t offset;
    int32_t route;
};

/* Head, options, and who it is for; equal requests have equal bytes. */
struct key {
    unsigned char *data; /* in an arena */
    size_t who;          /* where that begins */
    size_t len;
};

static size_t list_size(const struct srv_value *v)
{
    size_t size = sizeof(v->n);
    for (size_t i = 0; i < v->n; i++)
        size += strlen(v->list[i]) + 1;
    return size;
}

static void put(struct key *key, const void *bytes, size_t n)
{
    memcpy(key->data + key->len, bytes, n);
    key->len += n;
}

static void put_text(struct key *key, const char *text)
{
    put(key, text, strlen(text) + 1);
}

/* The number keeps an absent list and an empty one, and one list and the next, apart. */
static void put_list(struct key *key, const struct srv_value *v)
{
    size_t n = v->given ? v->n : SIZE_MAX;
    put(key, &n, sizeof(n));
    for (size_t i = 0; i < v->n; i++)
        put_text(key, v->list[i]);
}

/* The options of a list, with room for `who` bytes behind them. */
static enum rs_code key_options(struct srv_call *c, size_t who, struct key *out, struct rs_err *err)
{
    const struct srv_value *lists[] = {srv_get(c, "exclude_items"), srv_get(c, "candidates"),
                                       srv_get(c, "genres")};
    const int64_t k = srv_get(c, "k")->i;
    const double diversity = srv_get(c, "diversity")->r;
    const unsigned char flags[] = {srv_get(c, "exclude_seen")->b, srv_get(c, "strict")->b};
    size_t size = sizeof(struct key_head) + sizeof(k) + sizeof(diversity) + sizeof(flags) + who;
    for (size_t i = 0; i < 3; i++)
        size += list_size(lists[i]);
    *out = (struct key){.data = rs_arena_alloc(c->arena, size), .len = sizeof(struct key_head)};
    if (!out->data) return rs_fail(err, RS_ENOMEM, "no memory for the request");
    put(out, &k, sizeof(k));
    put(out, &diversity, sizeof(diversity));
    put(out, flags, sizeof(flags));
    for (size_t i = 0; i < 3; i++)
        put_list(out, lists[i]);
    out->who = out->len;
    return RS_OK;
}

static void key_user(struct key *key, const char *user_id)
{
    key->len = key->who;
    put(key, "u", 1);
    put_text(key, user_id);
}

/* A history instead. */
static void key_items(struct key *key, const struct srv_value *items)
{
    key->len = key->who;
    put(key, "i", 1);
    put_list(key, items);
}

/* Hash of all that the client said; the same on every page. */
static uint64_t key_request(const struct key *key)
{
    return rs_checksum(key->data + sizeof(struct key_head), key->len - sizeof(struct key_head));
}

static uint64_t key_who(const struct key *key)
{
    return rs_checksum(key->data + key->who, key->len - key->who);
}

static void key_head(const struct srv_call *c, struct key *key, uint64_t generation,
                     int64_t revision, int32_t offset)
{
    const struct key_head head = {.generation = generation,
                                  .revision = revision,
                                  .offset = offset,
                                  .route = (int32_t)(c->route - srv_routes)};
    memcpy(key->data, &head, sizeof(head));
}

/* ---- one list ------------------------------------------------------------------------------ */

/* Which part of which list. */
struct page {
    struct srv_model *model;
    struct srv_cursor at;
    uint64_t request;
    bool pinned; /* by a cursor; model is held by the page */
};

/* What /metrics wants to know of it. */
struct shown {
    uint64_t hash;
    bool fallback;
};

/* Places of a list that can be asked for. */
static int32_t reach(double diversity)
{
    return diversity > 0 ? RS_MMR_POOL : RS_MAX_K;
}

static void put_rows(struct rs_str *out, const struct rs_bundle *b, const struct rs_ranked *list,
                     int32_t n, int32_t offset, const char *score_key)
{
    size_t key_len = strlen(score_key);
    for (int32_t i = 0; i < n; i++) {
        rs_str_addn(out, i ? ",{" : "{", i ? 2 : 1);
        SRV_JSON(out, "\"item_id\":");
        srv_json_index(out, b->items, list[i].item);
        SRV_JSON(out, ",\"");
        rs_str_addn(out, score_key, key_len);
        SRV_JSON(out, "\":");
        srv_json_float(out, list[i].score);
        SRV_JSON(out, ",\"rank\":");
        rs_str_add_int(out, offset + i + 1);
        SRV_JSON(out, ",\"title\":");
        srv_json_title(out, b, list[i].item);
        SRV_JSON(out, ",\"genres\":");
        srv_json_genres(out, b, list[i].item);
        SRV_JSON(out, "}");
    }
}

static uint64_t hash_of(const struct rs_ranked *list, int32_t n)
{
    uint64_t hash = 0;
    for (int32_t i = 0; i < n; i++) {
        hash = (hash ^ (uint64_t)list[i].item) * 0x9e3779b97f4a7c15 + 1;
        hash ^= hash >> 29;
    }
    return hash;
}

static void put_cursor(struct rs_str *out, const struct page *page, int32_t offset)
{
    struct srv_cursor next = page->at;
    char text[SRV_CURSOR_TEXT];
    next.offset = offset;
    srv_cursor_write(&next, page->request, text);
    rs_json_quote(text, out);
}

/* Answers what a wish became. Asks for one place more than is shown, to know whether there is. */
static enum rs_code put_list_of(struct srv_call *c, const struct page *page,
                                const struct rs_wish *wish, struct rs_ask *ask, size_t ignored,
                                struct shown *shown, struct rs_err *err)
{
    const struct rs_bundle *b = page->model->bundle;
    int32_t room = reach(ask->diversity) - ask->offset;
    int32_t n = 0;
    const char *source = "";
    ask->k = wish->k < room ? wish->k + 1 : room;
    struct rs_ranked *list = rs_arena_alloc(c->scratch, (size_t)ask->k * sizeof(*list));
    if (!list) return rs_fail(err, RS_ENOMEM, "no memory for a list of %d", ask->k);
    enum rs_code rc = rs_bundle_recommend(b, ask, c->scratch, list, &n, &source, err);
    if (rc) return rc;
    bool more = n > wish->k;
    if (more) n = wish->k;
    *shown = (struct shown){.hash = hash_of(list, n), .fallback = strchr(source, ':')};
    SRV_JSON(c->out, "{\"user_id\":");
    if (wish->user_id) {
        srv_json_id(c->out, b->users, wish->user_id);
    } else {
        SRV_JSON(c->out, "null");
    }
    SRV_JSON(c->out, ",\"recommendations\":[");
    put_rows(c->out, b, list, n, ask->offset, "score");
    SRV_JSON(c->out, "],\"source\":");
    rs_json_quote(source, c->out);
    SRV_JSON(c->out, ",\"model_version\":");
    rs_str_add_int(c->out, page->model->version);
    SRV_JSON(c->out, ",\"timestamp\":");
    srv_json_time_ms(c->out, rs_clock_now_ms());
    SRV_JSON(c->out, ",\"next_cursor\":");
    if (more) {
        put_cursor(c->out, page, ask->offset + n);
    } else {
        SRV_JSON(c->out, "null");
    }
    if (ignored) {
        SRV_JSON(c->out, ",\"ignored_items\":");
        rs_str_add_int(c->out, (int64_t)ignored);
    }
    SRV_JSON(c->out, "}");
    return srv_answer_end(c, err);
}

/* A wish's user's feedback as far as the page knows it. Where nothing is pinned, this is the moment
 * that pins it. */
static enum rs_code read_feedback(struct srv_call *c, struct page *page, struct rs_wish *wish,
                                  struct rs_err *err)
{
    if (!wish->user_id || (page->pinned && !page->at.revision)) return RS_OK;
    int64_t revision;
    enum rs_code rc =
        srv_overlay_read(c->srv->overlay, wish->user_id, page->pinned ? page->at.revision : 0,
                         c->scratch, &wish->events, &wish->n_events, &revision, err);
    if (!rc && !page->pinned) page->at.revision = revision;
    return rc;
}

/* The options of the call; for nobody yet. */
static struct rs_wish wish_of(const struct srv_call *c, const struct srv_model *model)
{
    const struct srv_value *exclude = srv_get(c, "exclude_items");
    const struct srv_value *candidates = srv_get(c, "candidates");
    const struct srv_value *genres = srv_get(c, "genres");
    return (struct rs_wish){.exclude = exclude->list,
                            .n_exclude = exclude->n,
                            .candidates = candidates->list,
                            .n_candidates = candidates->n,
                            .genres = genres->list,
                            .n_genres = genres->n,
                            .allowed = model->allowed,
                            .k = (int32_t)srv_get(c, "k")->i,
                            .diversity = srv_get(c, "diversity")->r,
                            .exclude_seen = srv_get(c, "exclude_seen")->b,
                            .strict = srv_get(c, "strict")->b};
}

/* ---- /recommend ---------------------------------------------------------------------------- */

/* The first page of now, or the one that the cursor names. */
static enum rs_code open_page(struct srv_call *c, const struct key *key, struct page *out,
                              struct rs_err *err)
{
    const char *cursor = srv_get(c, "cursor")->s;
    const char *user_id = srv_get(c, "user_id")->s;
    *out = (struct page){.request = key_request(key)};
    if (!cursor) {
        out->model = c->model;
        out->at.version = c->model->version;
        if (user_id) out->at.revision = srv_overlay_revision(c->srv->overlay, user_id);
        return RS_OK;
    }
    if (!srv_cursor_read(cursor, out->request, &out->at) ||
        out->at.offset >= reach(srv_get(c, "diversity")->r)) {
        return rs_fail(err, RS_EREFUSED,
                       "cursor: it is no next_cursor of this request: repeat all "
                       "other fields of the page before");
    }
    out->pinned = true;
    out->model = srv_model_acquire_version(c->srv->models, out->at.version);
    if (out->model) return RS_OK;
    return rs_fail(err, RS_EREFUSED,
                   "version %lld is no longer served: ask for the first page again",
                   (long long)out->at.version);
}

/* What c->out holds becomes the call's answer, and the next equal request's. */
static void keep(struct srv_call *c, const struct key *key, const struct shown *shown)
{
    struct srv_body *body = srv_body_new(c->out->data, c->out->len);
    if (!body) return; /* it goes out from c->out */
    if (shown) {
        body->list_hash = shown->hash;
        body->fallback = shown->fallback;
    }
    srv_reply_ready(body);
    srv_cache_put(c->srv->cache, key->data, key->len, body);
    c->shared = body;
    rs_str_reset(c->out);
}

static struct srv_body *kept(struct srv_call *c, const struct key *key)
{
    return key->len <= MAX_KEY ? srv_cache_get(c->srv->cache, key->data, key->len) : NULL;
}

static enum rs_code answer_page(struct srv_call *c, struct key *key, struct page *page,
                                struct rs_err *err)
{
    struct shown shown = {0};
    struct rs_ask ask;
    size_t ignored;
    key_head(c, key, page->model->generation, page->at.revision, page->at.offset);
    c->shared = kept(c, key);
    if (c->shared) {
        srv_metrics_list(&c->srv->metrics, key_who(key), c->shared->list_hash, c->shared->fallback);
        return RS_OK;
    }
    struct rs_wish wish = wish_of(c, page->model);
    wish.user_id = srv_get(c, "user_id")->s;
    wish.items = srv_get(c, "items")->list;
    wish.n_items = srv_get(c, "items")->n;
    wish.offset = page->at.offset;
    int32_t room = reach(wish.diversity) - wish.offset;
    if (wish.k > room) wish.k = room;
    enum rs_code rc = read_feedback(c, page, &wish, err);
    if (!rc) rc = rs_wish_resolve(page->model->bundle, &wish, c->scratch, &ask, &ignored, err);
    if (!rc) rc = put_list_of(c, page, &wish, &ask, ignored, &shown, err);
    if (rc) return rc;
    srv_metrics_list(&c->srv->metrics, key_who(key), shown.hash, shown.fallback);
    key_head(c, key, page->model->generation, page->at.revision, page->at.offset); /* as read */
    if (key->len <= MAX_KEY) keep(c, key, &shown);
    return RS_OK;
}

enum rs_code srv_post_recommend(struct srv_call *c, struct rs_err *err)
{
    const struct srv_value *user = srv_get(c, "user_id");
    const struct srv_value *items = srv_get(c, "items");
    struct key key;
    struct page page;
    size_t who = 1 + (user->given ? strlen(user->s) + 1 : list_size(items));
    enum rs_code rc = key_options(c, who, &key, err);
    if (rc) return rc;
    if (user->given) {
        key_user(&key, user->s);
    } else {
        key_items(&key, items);
    }
    rc = open_page(c, &key, &page, err);
    if (rc) return rc;
    rc = answer_page(c, &key, &page, err);
    if (page.pinned) srv_model_release(c->srv->models, page.model);
    return rc;
}

/* ---- /recommend/batch ---------------------------------------------------------------------- */

/* One element. What all users share was resolved before: `common`. */
static enum rs_code answer_user(struct srv_call *c, const char *user_id, struct key *key,
                                const struct rs_ask *common, size_t ignored, struct rs_err *err)
{
    struct rs_wish wish = wish_of(c, c->model);
    struct page page = {.model = c->model, .at.version = c->model->version};
    struct rs_ask ask;
    size_t unknown;
    struct shown shown = {0};
    key_user(key, user_id);
    page.request = key_request(key);
    wish.user_id = user_id;
    wish.exclude = wish.candidates = wish.genres = NULL;
    wish.n_exclude = wish.n_candidates = wish.n_genres = 0;
    enum rs_code rc = read_feedback(c, &page, &wish, err);
    if (!rc) rc = rs_wish_resolve(c->model->bundle, &wish, c->scratch, &ask, &unknown, err);
    if (rc) return rc;
    ask.allowed = common->allowed;
    ask.exclude = common->exclude;
    ask.n_exclude = common->n_exclude;
    rc = put_list_of(c, &page, &wish, &ask, ignored, &shown, err);
    if (!rc) srv_metrics_list(&c->srv->metrics, key_who(key), shown.hash, shown.fallback);
    return rc;
}

enum rs_code srv_post_recommend_batch(struct srv_call *c, struct rs_err *err)
{
    const struct srv_value *users = srv_get(c, "user_ids");
    struct rs_wish wish = wish_of(c, c->model);
    struct key key;
    struct rs_ask common;
    size_t ignored;
    enum rs_code rc = key_options(c, 1 + RS_ID_MAX_BYTES + 1, &key, err);
    if (!rc) rc = rs_wish_resolve(c->model->bundle, &wish, c->arena, &common, &ignored, err);
    SRV_JSON(c->out, "[");
    for (size_t i = 0; !rc && i < users->n; i++) {
        if (i) SRV_JSON(c->out, ",");
        rc = answer_user(c, users->list[i], &key, &common, ignored, err);
        rs_arena_reset(c->scratch);
    }
    SRV_JSON(c->out, "]");
    return rc ? rc : srv_answer_end(c, err);
}

/* ---- /similar-items ------------------------------------------------------------------------ */

static enum rs_code put_similar(struct srv_call *c, int32_t item, struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    int32_t k = (int32_t)srv_get(c, "k")->i;
    int32_t n = 0;
    struct rs_ranked *list = rs_arena_alloc(c->scratch, (size_t)k * sizeof(*list));
    if (!list) return rs_fail(err, RS_ENOMEM, "no memory for a list of %d", k);
    enum rs_code rc = rs_bundle_similar(b, item, k, c->model->allowed, c->scratch, list, &n, err);
    if (rc) return rc;
    SRV_JSON(c->out, "{\"item_id\":");
    srv_json_index(c->out, b->items, item);
    SRV_JSON(c->out, ",\"similar_items\":[");
    put_rows(c->out, b, list, n, 0, "similarity");
    SRV_JSON(c->out, "],\"model_version\":");
    rs_str_add_int(c->out, c->model->version);
    SRV_JSON(c->out, ",\"timestamp\":");
    srv_json_time_ms(c->out, rs_clock_now_ms());
    SRV_JSON(c->out, "}");
    return srv_answer_end(c, err);
}

enum rs_code srv_post_similar(struct srv_call *c, struct rs_err *err)
{
    const struct rs_bundle *b = c->model->bundle;
    const char *id = srv_get(c, "item_id")->s;
    const int64_t k = srv_get(c, "k")->i;
    unsigned char bytes[sizeof(struct key_head) + sizeof(k) + RS_ID_MAX_BYTES + 1];
    struct key key = {.data = bytes, .len = sizeof(struct key_head)};
    int32_t item;
    enum rs_code rc = srv_find_item(b, id, &item, err);
    if (rc) return rc;
    if (!b->model->ops->similar) {
        return rs_fail(err, RS_EREFUSED,
                       "model '%s' (version %lld) does not compare items: promote one that does, "
                       "such as als",
                       b->model->ops->name, (long long)c->model->version);
    }
    put(&key, &k, sizeof(k));
    put_text(&key, id);
    key_head(c, &key, c->model->generation, 0, 0);
    c->shared = kept(c, &key);
    if (c->shared) return RS_OK;
    rc = put_similar(c, item, err);
    if (!rc && key.len <= MAX_KEY) keep(c, &key, NULL);
    return rc;
}
