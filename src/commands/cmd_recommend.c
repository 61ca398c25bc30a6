/*
 * cmd_recommend - lists, similar items and reasons from a bundle: the path that evaluation ranked.
 *
 * What was asked becomes a struct rs_wish, as the server's requests do, so both give one list.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/commands/wish.h"
#include "rs/models/ask.h"

#include "cells.h"

/* A wish with all that it points to. */
struct question {
    struct rs_arena *arena;
    struct rs_wish wish;
    uint64_t *allowed;
};

static void question_clear(struct question *q)
{
    rs_arena_free(q->arena);
    free(q->allowed);
}

static enum rs_code no_memory(struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "the request");
}

/* The parts of an argument "a,b,c"; NULL where it was not said. */
static enum rs_code read_list(const struct rs_args *args, const char *name, struct rs_arena *arena,
                              const char *const **out, size_t *n_out, struct rs_err *err)
{
    const char *text = rs_args_text(args, name);
    if (!text) return RS_OK;
    if (!text[0]) return rs_fail(err, RS_EARG, "recommend: --%s is empty", name);
    size_t n = 1;
    for (const char *c = text; *c; c++) {
        n += *c == ',' && c[1];
    }
    const char **parts = rs_arena_alloc(arena, n * sizeof(*parts));
    if (!parts) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(text, ",");
        parts[i] = rs_arena_strndup(arena, text, len);
        if (!parts[i]) return no_memory(err);
        text += len + 1;
    }
    *out = parts;
    *n_out = n;
    return RS_OK;
}

/* What the wish's user posted to a server, if --feedback wants it. */
static enum rs_code read_feedback(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct question *q, struct rs_err *err)
{
    if (!q->wish.user_id || !rs_args_bool(args, "feedback")) return RS_OK;
    return rs_ctx_events(ctx, q->wish.user_id, q->arena, &q->wish.events, &q->wish.n_events, err);
}

/* The items that the workspace lets be listed. */
static enum rs_code read_allowed(struct rs_ctx *ctx, const struct rs_bundle *b, struct question *q,
                                 struct rs_err *err)
{
    enum rs_code rc = rs_ctx_allowed(ctx, b, &q->allowed, err);
    q->wish.allowed = q->allowed;
    return rc;
}

static enum rs_code read_wish(struct rs_ctx *ctx, const struct rs_bundle *b,
                              const struct rs_args *args, struct question *q, struct rs_err *err)
{
    const char *user = rs_args_text(args, "user");
    if (!user == !rs_args_text(args, "items")) {
        return rs_fail(err, RS_EARG, "recommend: say --user ID or --items ID,ID,…");
    }
    struct rs_wish *w = &q->wish;
    *w = (struct rs_wish){.user_id = user,
                          .k = (int32_t)rs_args_int(args, "k"),
                          .offset = (int32_t)rs_args_int(args, "offset"),
                          .diversity = rs_args_real(args, "diversity"),
                          .exclude_seen = rs_args_bool(args, "exclude-seen"),
                          .strict = !user || rs_args_bool(args, "strict")};
    enum rs_code rc = read_list(args, "items", q->arena, &w->items, &w->n_items, err);
    if (!rc) rc = read_list(args, "exclude-items", q->arena, &w->exclude, &w->n_exclude, err);
    if (!rc) rc = read_list(args, "candidates", q->arena, &w->candidates, &w->n_candidates, err);
    if (!rc) rc = read_list(args, "genres", q->arena, &w->genres, &w->n_genres, err);
    if (!rc) rc = read_feedback(ctx, args, q, err);
    if (!rc) rc = read_allowed(ctx, b, q, err);
    return rc;
}

static struct rs_table *ranked_table(const struct rs_bundle *b, const struct rs_ranked *list,
                                     int32_t n, int32_t offset, const char *score_key)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "rank", NULL, RS_RIGHT, 0);
    rs_table_column(t, "item_id", "item", RS_RIGHT, 0);
    rs_table_column(t, score_key, NULL, RS_RIGHT, 4);
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    for (int32_t i = 0; i < n; i++) {
        rs_table_row(t);
        rs_table_int(t, offset + i + 1);
        rs_cell_id(t, b->items, list[i].item);
        rs_cell_float(t, list[i].score);
        rs_table_str(t, rs_catalogue_title(b->catalogue, list[i].item));
        rs_cell_genres(t, b->catalogue, list[i].item);
    }
    return t;
}

/* The id, a number where the ids are numbers; null where no user was asked for. */
static struct rs_val *user_val(const struct rs_idmap *users, int32_t user, const char *said)
{
    int64_t id;
    if (user >= 0) return rs_idmap_val(users, user);
    if (!said) return rs_val_null();
    if (rs_idmap_is_int(users) && rs_id_parse_int(said, strlen(said), &id)) return rs_val_int(id);
    return rs_val_str(said);
}

static void show_list(const struct rs_bundle *b, const struct rs_args *args, const char *label,
                      const struct rs_ask *ask, const struct rs_ranked *list, int32_t n,
                      const char *source, size_t ignored, struct rs_result *out)
{
    const char *user = rs_args_text(args, "user");
    rs_result_set(out, "user_id", user_val(b->users, ask->user, user));
    rs_result_say(out, "%s %s, by %s (%s)", user ? "for user" : "for somebody who liked",
                  user ? user : rs_args_text(args, "items"), source, label);
    rs_result_table(out, "recommendations", NULL, ranked_table(b, list, n, ask->offset, "score"));
    rs_val_set_str(out->doc, "source", source);
    rs_val_set_str(out->doc, "model", label);
    if (ignored > 0) {
        rs_result_say(out, "%zu of the items said are not in the model's catalogue", ignored);
        rs_val_set_int(out->doc, "ignored_items", (int64_t)ignored);
    }
}

enum rs_code rs_cmd_recommend(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    char *label = NULL;
    const char *source = NULL;
    int32_t n = 0;
    enum rs_code rc = rs_ctx_bundle(ctx, rs_args_text(args, "model"), &b, &label, err);
    if (rc) return rc;
    struct question q = {.arena = rs_arena_new((size_t)1 << 20, 0)};
    struct rs_ranked *list = rs_xalloc((size_t)rs_args_int(args, "k"), sizeof(*list));
    struct rs_ask ask;
    size_t ignored = 0;
    rc = read_wish(ctx, b, args, &q, err);
    if (!rc) rc = rs_wish_resolve(b, &q.wish, q.arena, &ask, &ignored, err);
    if (!rc) rc = rs_bundle_recommend(b, &ask, q.arena, list, &n, &source, err);
    if (!rc) show_list(b, args, label, &ask, list, n, source, ignored, out);
    question_clear(&q);
    free(list);
    free(label);
    rs_bundle_close(b);
    return rc;
}

static enum rs_code find_item(const struct rs_bundle *b, const char *id, int32_t *out,
                              struct rs_err *err)
{
    *out = rs_idmap_find(b->items, id);
    return *out >= 0 ? RS_OK
                     : rs_fail(err, RS_ENOTFOUND, "item '%s' is not in the model's catalogue", id);
}

enum rs_code rs_cmd_similar(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                            struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    char *label = NULL;
    int32_t item = -1;
    int32_t n = 0;
    int32_t k = (int32_t)rs_args_int(args, "k");
    enum rs_code rc = rs_ctx_bundle(ctx, rs_args_text(args, "model"), &b, &label, err);
    if (rc) return rc;
    struct rs_ranked *list = rs_xalloc((size_t)k, sizeof(*list));
    struct question q = {0};
    rc = find_item(b, rs_args_text(args, "item"), &item, err);
    if (!rc) rc = read_allowed(ctx, b, &q, err);
    if (!rc) rc = rs_bundle_similar(b, item, k, q.allowed, NULL, list, &n, err);
    if (!rc) {
        rs_result_set(out, "item_id", rs_idmap_val(b->items, item));
        rs_val_set_str(out->doc, "title", rs_catalogue_title(b->catalogue, item));
        rs_result_say(out, "like %s %s (%s)", rs_args_text(args, "item"),
                      rs_catalogue_title(b->catalogue, item), label);
        rs_result_table(out, "similar_items", NULL, ranked_table(b, list, n, 0, "similarity"));
        rs_val_set_str(out->doc, "model", label);
    }
    question_clear(&q);
    free(list);
    free(label);
    rs_bundle_close(b);
    return rc;
}

struct reason {
    int32_t item;
    float value; /* what the user gave it */
    float contribution;
};

static int by_contribution(const void *a, const void *b)
{
    const struct reason *x = a;
    const struct reason *y = b;
    if (x->contribution != y->contribution) return x->contribution < y->contribution ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

static void show_reasons(const struct rs_bundle *b, struct reason *reasons, int32_t n, int32_t k,
                         struct rs_result *out)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "item_id", "item", RS_RIGHT, 0);
    rs_table_column(t, "contribution", NULL, RS_RIGHT, 4);
    rs_table_column(t, "value", "rated", RS_RIGHT, 1);
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    qsort(reasons, (size_t)n, sizeof(*reasons), by_contribution);
    for (int32_t i = 0; i < n && i < k; i++) {
        rs_table_row(t);
        rs_cell_id(t, b->items, reasons[i].item);
        rs_cell_float(t, reasons[i].contribution);
        rs_cell_float(t, reasons[i].value);
        rs_table_str(t, rs_catalogue_title(b->catalogue, reasons[i].item));
        rs_cell_genres(t, b->catalogue, reasons[i].item);
    }
    rs_result_table(out, "contributions", NULL, t);
}

static enum rs_code explain(const struct rs_bundle *b, const struct rs_profile *who, int32_t item,
                            int32_t k, struct rs_result *out, struct rs_err *err)
{
    size_t n = (size_t)who->n;
    float *contribution = rs_xalloc(n + 1, sizeof(*contribution));
    struct reason *reasons = rs_xalloc(n + 1, sizeof(*reasons));
    float base = 0;
    enum rs_code rc = b->model->ops->explain(b->model, who, item, contribution, &base, err);
    if (!rc) {
        double score = (double)base;
        for (int32_t i = 0; i < who->n; i++) {
            reasons[i] = (struct reason){.item = who->items[i],
                                         .value = who->values ? who->values[i] : 1.0F,
                                         .contribution = contribution[i]};
            score += (double)contribution[i];
        }
        rs_val_set_real(out->doc, "score", score);
        rs_val_set_real(out->doc, "base", rs_float_real(base));
        show_reasons(b, reasons, who->n, k, out);
        if (fabsf(base) < 5e-5F) {
            rs_result_say(out, "score %.4f = contributions of %d items", score, who->n);
        } else {
            rs_result_say(out, "score %.4f = contributions of %d items %+.4f", score, who->n,
                          (double)base);
        }
    }
    free(reasons);
    free(contribution);
    return rc;
}

/* The profile that the user's list is made of. */
static enum rs_code profile_of(struct rs_ctx *ctx, const struct rs_bundle *b,
                               const struct rs_args *args, struct question *q, struct rs_ask *ask,
                               struct rs_profile *out, struct rs_err *err)
{
    size_t ignored;
    q->wish = (struct rs_wish){.user_id = rs_args_text(args, "user"), .k = 1, .strict = true};
    enum rs_code rc = read_feedback(ctx, args, q, err);
    if (!rc) rc = rs_wish_resolve(b, &q->wish, q->arena, ask, &ignored, err);
    if (rc) return rc;
    return rs_bundle_profile_with(b, ask->user, ask->items, ask->values, ask->n_items, q->arena,
                                  out, err);
}

enum rs_code rs_cmd_explain(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                            struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    char *label = NULL;
    int32_t item = -1;
    const char *user = rs_args_text(args, "user");
    enum rs_code rc = rs_ctx_bundle(ctx, rs_args_text(args, "model"), &b, &label, err);
    if (rc) return rc;
    struct question q = {.arena = rs_arena_new(0, 0)};
    struct rs_profile who;
    struct rs_ask ask;
    rc = profile_of(ctx, b, args, &q, &ask, &who, err);
    if (!rc) rc = find_item(b, rs_args_text(args, "item"), &item, err);
    if (!rc) {
        rs_result_set(out, "user_id", user_val(b->users, ask.user, user));
        rs_result_set(out, "item_id", rs_idmap_val(b->items, item));
        rs_val_set_str(out->doc, "title", rs_catalogue_title(b->catalogue, item));
        rs_result_say(out, "why %s for user %s (%s)", rs_catalogue_title(b->catalogue, item), user,
                      label);
        rc = explain(b, &who, item, (int32_t)rs_args_int(args, "k"), out, err);
    }
    question_clear(&q);
    free(label);
    rs_bundle_close(b);
    return rc;
}
