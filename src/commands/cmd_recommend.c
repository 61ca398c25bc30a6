/*
 * cmd_recommend - lists, similar items and reasons from a bundle: the path that evaluation ranked.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"

#include "cells.h"

/* External ids "a,b,c" as ascending unique indices. */
static enum rs_code parse_items(const struct rs_idmap *map, const char *text, int32_t **out,
                                int32_t *n_out, struct rs_err *err)
{
    size_t cap = 1;
    for (const char *c = text; *c; c++) {
        cap += *c == ',';
    }
    int32_t *items = rs_xalloc(cap, sizeof(*items));
    int32_t n = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        char *id = rs_xstrndup(at, len);
        int32_t item = rs_idmap_find(map, id);
        if (item < 0) {
            rs_fail(err, RS_ENOTFOUND, "item '%s' is not in the model's catalogue", id);
            free(id);
            free(items);
            return err->code;
        }
        free(id);
        int32_t place = n;
        while (place > 0 && items[place - 1] > item) {
            place--;
        }
        if (place == 0 || items[place - 1] != item) {
            memmove(items + place + 1, items + place, (size_t)(n - place) * sizeof(*items));
            items[place] = item;
            n++;
        }
        at += len + (at[len] == ',');
    }
    *out = items;
    *n_out = n;
    return RS_OK;
}

/* A bit set of the items that have one of the genres "A,B". */
static enum rs_code parse_genres(const struct rs_bundle *b, const char *text, uint64_t **out,
                                 struct rs_err *err)
{
    uint64_t mask = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        char *name = rs_xstrndup(at, len);
        int32_t genre = rs_catalogue_find_genre(b->catalogue, name);
        if (genre < 0) {
            rs_fail(err, RS_ENOTFOUND, "genre '%s' is not in the catalogue", name);
            free(name);
            return err->code;
        }
        free(name);
        mask |= 1ULL << genre;
        at += len + (at[len] == ',');
    }
    int32_t n_items = rs_idmap_size(b->items);
    uint64_t *bits = rs_xalloc((size_t)n_items / 64 + 1, sizeof(*bits));
    for (int32_t i = 0; i < n_items; i++) {
        if (rs_catalogue_genre_mask(b->catalogue, i) & mask) {
            bits[i / 64] |= 1ULL << (i % 64);
        }
    }
    *out = bits;
    return RS_OK;
}

static struct rs_table *ranked_table(const struct rs_bundle *b, const struct rs_ranked *list,
                                     int32_t n, const char *score_key)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "rank", NULL, RS_RIGHT, 0);
    rs_table_column(t, "item_id", "item", RS_RIGHT, 0);
    rs_table_column(t, score_key, NULL, RS_RIGHT, 4);
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    for (int32_t i = 0; i < n; i++) {
        rs_table_row(t);
        rs_table_int(t, i + 1);
        rs_cell_id(t, b->items, list[i].item);
        rs_table_real(t, (double)list[i].score);
        rs_table_str(t, rs_catalogue_title(b->catalogue, list[i].item));
        rs_cell_genres(t, b->catalogue, list[i].item);
    }
    return t;
}

struct request {
    struct rs_ask ask;
    int32_t *items;
    uint64_t *allowed;
};

static enum rs_code read_request(const struct rs_bundle *b, const struct rs_args *args,
                                 struct request *r, struct rs_err *err)
{
    const char *user = rs_args_text(args, "user");
    const char *items = rs_args_text(args, "items");
    const char *genres = rs_args_text(args, "genres");
    if (!user == !items) {
        return rs_fail(err, RS_EARG, "recommend: say --user ID or --items ID,ID,…");
    }
    if ((items && !items[0]) || (genres && !genres[0])) {
        return rs_fail(err, RS_EARG, "recommend: %s is empty",
                       items && !items[0] ? "--items" : "--genres");
    }
    r->ask = (struct rs_ask){.user = -1,
                             .k = (int32_t)rs_args_int(args, "k"),
                             .exclude_seen = rs_args_bool(args, "exclude-seen")};
    enum rs_code rc = RS_OK;
    if (user) {
        r->ask.user = rs_idmap_find(b->users, user);
        if (r->ask.user < 0 && rs_args_bool(args, "strict")) {
            return rs_fail(err, RS_ENOTFOUND, "user '%s' was not in training", user);
        }
    } else {
        rc = parse_items(b->items, items, &r->items, &r->ask.n_items, err);
        r->ask.items = r->items;
    }
    if (!rc && genres) {
        rc = parse_genres(b, genres, &r->allowed, err);
        r->ask.allowed = r->allowed;
    }
    return rc;
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

enum rs_code rs_cmd_recommend(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    char *label = NULL;
    struct request r = {0};
    const char *source = NULL;
    const char *user = rs_args_text(args, "user");
    int32_t n = 0;
    enum rs_code rc = rs_ctx_bundle(ctx, rs_args_text(args, "model"), &b, &label, err);
    if (rc) return rc;
    struct rs_ranked *list = rs_xalloc((size_t)rs_args_int(args, "k"), sizeof(*list));
    rc = read_request(b, args, &r, err);
    if (!rc) {
        rc = rs_bundle_recommend(b, &r.ask, NULL, list, &n, &source, err);
    }
    if (!rc) {
        rs_result_set(out, "user_id", user_val(b->users, r.ask.user, user));
        rs_result_say(out, "%s %s, by %s (%s)", user ? "for user" : "for somebody who liked",
                      user ? user : rs_args_text(args, "items"), source, label);
        rs_result_table(out, "recommendations", NULL, ranked_table(b, list, n, "score"));
        rs_val_set_str(out->doc, "source", source);
        rs_val_set_str(out->doc, "model", label);
    }
    free(r.items);
    free(r.allowed);
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
    rc = find_item(b, rs_args_text(args, "item"), &item, err);
    if (!rc) {
        rc = rs_bundle_similar(b, item, k, NULL, list, &n, err);
    }
    if (!rc) {
        rs_result_set(out, "item_id", rs_idmap_val(b->items, item));
        rs_val_set_str(out->doc, "title", rs_catalogue_title(b->catalogue, item));
        rs_result_say(out, "like %s %s (%s)", rs_args_text(args, "item"),
                      rs_catalogue_title(b->catalogue, item), label);
        rs_result_table(out, "similar_items", NULL, ranked_table(b, list, n, "similarity"));
        rs_val_set_str(out->doc, "model", label);
    }
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
        rs_table_real(t, (double)reasons[i].contribution);
        rs_table_real(t, (double)reasons[i].value);
        rs_table_str(t, rs_catalogue_title(b->catalogue, reasons[i].item));
        rs_cell_genres(t, b->catalogue, reasons[i].item);
    }
    rs_result_table(out, "contributions", NULL, t);
}

static enum rs_code explain(const struct rs_bundle *b, int32_t user, int32_t item, int32_t k,
                            struct rs_result *out, struct rs_err *err)
{
    struct rs_profile who = rs_bundle_profile(b, user);
    size_t n = (size_t)who.n;
    float *contribution = rs_xalloc(n + 1, sizeof(*contribution));
    struct reason *reasons = rs_xalloc(n + 1, sizeof(*reasons));
    float base = 0;
    enum rs_code rc = b->model->ops->explain(b->model, &who, item, contribution, &base, err);
    if (!rc) {
        double score = (double)base;
        for (int32_t i = 0; i < who.n; i++) {
            reasons[i] = (struct reason){.item = who.items[i],
                                         .value = who.values ? who.values[i] : 1.0F,
                                         .contribution = contribution[i]};
            score += (double)contribution[i];
        }
        rs_val_set_real(out->doc, "score", score);
        rs_val_set_real(out->doc, "base", (double)base);
        show_reasons(b, reasons, who.n, k, out);
        if (fabsf(base) < 5e-5F) {
            rs_result_say(out, "score %.4f = contributions of %d items", score, who.n);
        } else {
            rs_result_say(out, "score %.4f = contributions of %d items %+.4f", score, who.n,
                          (double)base);
        }
    }
    free(reasons);
    free(contribution);
    return rc;
}

enum rs_code rs_cmd_explain(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                            struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    char *label = NULL;
    int32_t item = -1;
    const char *id = rs_args_text(args, "user");
    enum rs_code rc = rs_ctx_bundle(ctx, rs_args_text(args, "model"), &b, &label, err);
    if (rc) return rc;
    int32_t user = rs_idmap_find(b->users, id);
    if (user < 0) {
        rc = rs_fail(err, RS_ENOTFOUND, "user '%s' was not in training", id);
    }
    if (!rc) {
        rc = find_item(b, rs_args_text(args, "item"), &item, err);
    }
    if (!rc) {
        rs_result_set(out, "user_id", rs_idmap_val(b->users, user));
        rs_result_set(out, "item_id", rs_idmap_val(b->items, item));
        rs_val_set_str(out->doc, "title", rs_catalogue_title(b->catalogue, item));
        rs_result_say(out, "why %s for user %s (%s)", rs_catalogue_title(b->catalogue, item), id,
                      label);
        rc = explain(b, user, item, (int32_t)rs_args_int(args, "k"), out, err);
    }
    free(label);
    rs_bundle_close(b);
    return rc;
}
