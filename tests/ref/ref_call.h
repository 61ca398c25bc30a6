/*
 * ref_call - the server without HTTP: calls go through routes, fields and handlers as a request's
 * do, on one thread, against a small bundle and a store in a folder of its own.
 */
#ifndef TESTS_REF_REF_CALL_H
#define TESTS_REF_REF_CALL_H

#include <stdlib.h>
#include <string.h>

#include "../src/serve/http_impl.h"
#include "ref_shape.h"
#include "ref_split.h"
#include "ref_store.h"
#include "rs/base/mem.h"
#include "support.h"

struct ref_core {
    struct srv *srv;
    struct ref_split split;
    struct ref_store store;
    struct rs_ctx *ctx;
    struct srv_settings settings;
    struct rs_arena *arena, *scratch;
    struct rs_str out;
    int64_t version; /* published last */
};

struct ref_core_answer {
    enum rs_code rc;
    int status;         /* of success */
    char *text;         /* of success; else NULL */
    struct rs_val *val; /* the same, read */
    bool shared;        /* it may be given again */
    struct rs_err err;
};

static inline void ref_core_init(struct ref_core *t, uint64_t seed, int32_t n_users,
                                 int32_t n_items)
{
    memset(t, 0, sizeof(*t));
    ref_split_init(&t->split, seed, n_users, n_items);
    ref_store_init(&t->store);
    t->settings.alias = rs_xstrdup("production");
    t->settings.allow = rs_xstrdup("");
    t->settings.deny = rs_xstrdup("");
    t->ctx = rs_ctx_new(t->store.dir);
    t->arena = rs_arena_new(4096, 0);
    t->scratch = rs_arena_new(65536, 0);
    rs_str_init(&t->out, 0);
    t->srv = rs_xalloc(1, sizeof(*t->srv));
    t->srv->models = srv_models_new();
    t->srv->overlay = srv_overlay_new();
    t->srv->cache = srv_cache_new((size_t)4 << 20);
}

static inline void ref_core_clear(struct ref_core *t)
{
    srv_models_free(t->srv->models);
    srv_overlay_free(t->srv->overlay);
    srv_cache_free(t->srv->cache);
    free(t->srv);
    rs_str_clear(&t->out);
    rs_arena_free(t->scratch);
    rs_arena_free(t->arena);
    rs_ctx_free(t->ctx);
    free(t->settings.alias);
    free(t->settings.allow);
    free(t->settings.deny);
    ref_store_clear(&t->store);
    ref_split_clear(&t->split);
}

/* The next version: a model of the split, published. */
static inline void ref_core_publish(struct ref_core *t, const char *model, const char *params)
{
    struct rs_err err = {0};
    char sha256[65];
    struct rs_model *m = ref_problem_fit(&t->split.p, model, params);
    assert_ok(rs_bundle_save(t->store.models, m, &t->split.s, 3.5, 42, sha256, &err), &err);
    rs_model_free(m);
    char *path = rs_xprintf("%s/%s.rsm", t->store.models, sha256);
    assert_ok(srv_model_publish(t->srv->models, path, sha256, ++t->version, &t->settings, &err),
              &err);
    free(path);
}

/* What the writer thread does with a call of its. */
static inline enum rs_code ref_core_write(struct ref_core *t, struct srv_call *c,
                                          struct rs_err *err)
{
    struct rs_store *st = NULL;
    enum rs_code rc = rs_ctx_store(t->ctx, &st, err);
    if (!rc) rc = rs_store_begin_full(st, err);
    if (!rc) rc = c->route->run(c, err);
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) {
        rs_store_rollback(st);
        return rc;
    }
    return srv_overlay_catch_up(t->srv->overlay, st, err);
}

static inline enum rs_code ref_core_run(struct ref_core *t, struct srv_call *c, const char *target,
                                        const char *body, size_t body_len, struct rs_err *err)
{
    const char *values[SRV_MAX_PATH_VALUES] = {0};
    const char *query = strchr(target, '?');
    size_t len = query ? (size_t)(query - target) : strlen(target);
    unsigned allow = 0;
    enum srv_method method = body ? SRV_POST : SRV_GET;
    c->route = srv_route_find(method, target, len, c->arena, values, &allow, err);
    if (!c->route) return err->code ? err->code : rs_fail(err, RS_ENOTFOUND, "no such path");
    c->status = c->route->status ? c->route->status : 200;
    enum rs_code rc = srv_fields_read(c, values, query ? query + 1 : NULL, body, body_len, err);
    if (rc) return rc;
    if (c->route->flags & SRV_MODEL && !c->model) return rs_fail(err, RS_EBUSY, "no model");
    return c->route->flags & SRV_WRITER ? ref_core_write(t, c, err) : c->route->run(c, err);
}

/* target: path and query. body: NULL for GET; bytes of POST. */
static inline struct ref_core_answer ref_core_bytes(struct ref_core *t, const char *target,
                                                    const char *body, size_t body_len)
{
    struct ref_core_answer a = {0};
    rs_str_reset(&t->out);
    rs_arena_reset(t->arena);
    struct srv_call c = {.srv = t->srv,
                         .settings = &t->settings,
                         .model = srv_model_acquire(t->srv->models),
                         .arena = t->arena,
                         .scratch = t->scratch,
                         .ctx = t->ctx,
                         .out = &t->out,
                         .actor = ""};
    a.rc = ref_core_run(t, &c, target, body, body_len, &a.err);
    a.status = c.status;
    a.shared = c.shared != NULL;
    if (!a.rc) {
        a.text = c.shared ? rs_xstrndup(c.shared->data, c.shared->len)
                          : rs_xstrndup(rs_str_text(&t->out), t->out.len);
        struct rs_err err = {0};
        assert_ok(rs_json_parse(a.text, strlen(a.text), target, &a.val, &err), &err);
    }
    srv_body_release(c.shared);
    srv_model_release(t->srv->models, c.model);
    rs_arena_reset(t->scratch);
    return a;
}

static inline void ref_core_answer_clear(struct ref_core_answer *a)
{
    free(a->text);
    rs_val_free(a->val);
    *a = (struct ref_core_answer){0};
}

/* It succeeds. */
static inline struct ref_core_answer ref_core_ask(struct ref_core *t, const char *target,
                                                  const char *body)
{
    struct ref_core_answer a = ref_core_bytes(t, target, body, body ? strlen(body) : 0);
    assert_ok(a.rc, &a.err);
    return a;
}

/* It fails with that code and a message that contains `part`. */
static inline void ref_core_fails(struct ref_core *t, const char *target, const char *body,
                                  enum rs_code code, const char *part)
{
    struct ref_core_answer a = ref_core_bytes(t, target, body, body ? strlen(body) : 0);
    assert_code(a.rc, code, &a.err, part);
    ref_core_answer_clear(&a);
}

#endif
