/*
 * wish - the same feedback and the same lists of items for whoever asks a bundle in a workspace.
 */
#include "rs/commands/wish.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/store/datasets.h"

/* A user's events while they are read. */
struct events {
    struct rs_arena *arena;
    struct rs_event *rows;
    size_t n, cap;
};

static enum rs_code no_memory(struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "the user's feedback");
}

static enum rs_code add_event(const struct rs_feedback *f, void *ctx, struct rs_err *err)
{
    struct events *e = ctx;
    if (e->n == e->cap) {
        size_t cap = e->cap ? 2 * e->cap : 64;
        struct rs_event *rows = rs_arena_alloc(e->arena, cap * sizeof(*rows));
        if (!rows) return no_memory(err);
        if (e->n) memcpy(rows, e->rows, e->n * sizeof(*rows));
        e->rows = rows;
        e->cap = cap;
    }
    const char *item = rs_arena_strndup(e->arena, f->item_id, strlen(f->item_id));
    if (!item) return no_memory(err);
    e->rows[e->n++] =
        (struct rs_event){.id = f->id, .item_id = item, .value = f->value, .time_s = f->time_s};
    return RS_OK;
}

enum rs_code rs_ctx_events(struct rs_ctx *ctx, const char *user_id, struct rs_arena *arena,
                           const struct rs_event **out, size_t *n_out, struct rs_err *err)
{
    *out = NULL;
    *n_out = 0;
    char *path = rs_ctx_path(ctx, "db/recsys.db");
    bool there = rs_fs_exists(path);
    free(path);
    if (!there) return RS_OK;
    struct rs_store *st;
    struct events e = {.arena = arena};
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_feedback_of(st, user_id, 0, add_event, &e, err);
    *out = e.rows;
    *n_out = e.n;
    return rc;
}

enum rs_code rs_ctx_allowed(struct rs_ctx *ctx, const struct rs_bundle *b, uint64_t **out,
                            struct rs_err *err)
{
    const char *allow = rs_conf_text(ctx->conf, "serving.allow");
    const char *deny = rs_conf_text(ctx->conf, "serving.deny");
    char *allow_path = allow[0] ? rs_path_join(ctx->workspace, allow) : NULL;
    char *deny_path = deny[0] ? rs_path_join(ctx->workspace, deny) : NULL;
    enum rs_code rc = rs_allowed_read(b, allow_path, deny_path, out, err);
    free(allow_path);
    free(deny_path);
    return rc;
}
