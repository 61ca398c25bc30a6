/*
 * bundle_list - answers from an open bundle: whom a list is for, what it leaves out, the list.
 */
#include <string.h>

#include "bundle_impl.h"
#include "rank_impl.h"

static enum rs_code no_memory(const struct rs_bundle *b, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "a list over %d items", b->train.n_cols);
}

struct rs_profile rs_bundle_profile(const struct rs_bundle *b, int32_t user)
{
    int64_t begin = b->train.indptr[user];
    return (struct rs_profile){.user = user,
                               .items = b->train.indices + begin,
                               .values = b->train.values ? b->train.values + begin : NULL,
                               .n = (int32_t)rs_csr_len(&b->train, user)};
}

static enum rs_code check_row(const char *what, const int32_t *items, int32_t n, int32_t n_items,
                              struct rs_err *err)
{
    for (int32_t i = 0; i < n; i++) {
        if (items[i] < 0 || items[i] >= n_items || (i && items[i] <= items[i - 1])) {
            return rs_fail(err, RS_EARG, "%s: item %d; they are 0 to %d, ascending, each once",
                           what, items[i], n_items - 1);
        }
    }
    return RS_OK;
}

/* Is every new row in old, with the same value? Then they merge to old. */
static bool nothing_new(const struct rs_profile *old, const struct rs_profile *fresh)
{
    int32_t o = 0;
    for (int32_t i = 0; i < fresh->n; i++) {
        while (o < old->n && old->items[o] < fresh->items[i]) {
            o++;
        }
        if (o == old->n || old->items[o] != fresh->items[i]) return false;
        if (old->values && old->values[o] != fresh->values[i]) return false;
    }
    return true;
}

/* New rows over old ones, in room for both. values NULL: none have any. */
static int32_t put_over(const struct rs_profile *old, const struct rs_profile *fresh,
                        int32_t *items, float *values)
{
    int32_t n = rs_rank_merge(old->items, old->n, fresh->items, fresh->n, items);
    int32_t o = 0;
    int32_t j = 0;
    for (int32_t i = 0; values && i < n; i++) {
        bool is_old = o < old->n && old->items[o] == items[i];
        bool is_new = j < fresh->n && fresh->items[j] == items[i];
        values[i] = is_new ? fresh->values[j] : old->values[o];
        o += is_old;
        j += is_new;
    }
    return n;
}

/* n times a value that counts as liked, just so; NULL: out of memory. */
static const float *liked_values(const struct rs_bundle *b, int32_t n, struct rs_arena *arena)
{
    double threshold = rs_val_get_real(b->info, "threshold", 0);
    float *values = rs_arena_alloc(arena, (size_t)n * sizeof(*values));
    for (int32_t i = 0; values && i < n; i++) {
        values[i] = threshold > 0 ? (float)threshold : 1.0f;
    }
    return values;
}

enum rs_code rs_bundle_profile_with(const struct rs_bundle *b, int32_t user, const int32_t *items,
                                    const float *values, int32_t n, struct rs_arena *arena,
                                    struct rs_profile *out, struct rs_err *err)
{
    if (user < -1 || user >= b->train.n_rows) {
        return rs_fail(err, RS_EARG, "user %d: the model has users 0 to %d", user,
                       b->train.n_rows - 1);
    }
    enum rs_code rc = check_row("history", items, n, b->train.n_cols, err);
    if (rc) return rc;
    bool with_values = b->train.values != NULL;
    struct rs_profile fresh = {
        .user = -1, .items = items, .values = with_values ? values : NULL, .n = n};
    if (user < 0) {
        *out = fresh;
        return RS_OK;
    }
    struct rs_profile old = rs_bundle_profile(b, user);
    if (n > 0 && with_values && !values) {
        fresh.values = liked_values(b, n, arena);
        if (!fresh.values) return no_memory(b, err);
    }
    if (nothing_new(&old, &fresh)) {
        *out = old;
        return RS_OK;
    }
    size_t most = (size_t)old.n + (size_t)n;
    int32_t *joined = rs_arena_alloc(arena, most * sizeof(*joined));
    float *joined_values = rs_arena_alloc(arena, most * sizeof(*joined_values));
    if (!joined || !joined_values) return no_memory(b, err);
    if (!with_values) joined_values = NULL;
    *out = (struct rs_profile){.user = -1, .items = joined, .values = joined_values};
    out->n = put_over(&old, &fresh, joined, joined_values);
    return RS_OK;
}

/* Ascending items. */
struct row {
    const int32_t *items;
    int32_t n;
};

static struct row csr_row(const struct rs_csr *m, int32_t row)
{
    return (struct row){m->indices + m->indptr[row], (int32_t)rs_csr_len(m, row)};
}

/* Adds b to *a; what is alone is borrowed. false: out of memory. */
static bool join(struct row *a, struct row b, struct rs_arena *arena)
{
    if (b.n == 0) return true;
    if (a->n == 0) {
        *a = b;
        return true;
    }
    int32_t *items = rs_arena_alloc(arena, ((size_t)a->n + (size_t)b.n) * sizeof(*items));
    if (!items) return false;
    a->n = rs_rank_merge(a->items, a->n, b.items, b.n, items);
    a->items = items;
    return true;
}

/* All that a list leaves out. */
static enum rs_code left_out(const struct rs_bundle *b, const struct rs_ask *ask,
                             struct rs_arena *arena, struct row *out, struct rs_err *err)
{
    *out = (struct row){ask->exclude, ask->n_exclude};
    bool ok = true;
    if (ask->exclude_seen) {
        ok = join(out, (struct row){ask->items, ask->n_items}, arena);
        if (ok && ask->user >= 0) {
            ok = join(out, csr_row(&b->train, ask->user), arena) &&
                 join(out, csr_row(&b->seen, ask->user), arena);
        }
    }
    return ok ? RS_OK : no_memory(b, err);
}

enum rs_code rs_ask_check(const struct rs_ask *ask, struct rs_err *err)
{
    if (ask->k < 1 || ask->k > RS_MAX_K) {
        return rs_fail(err, RS_EARG, "k=%d: it is 1 to %d", ask->k, RS_MAX_K);
    }
    if (!(ask->diversity >= 0 && ask->diversity <= 1)) {
        return rs_fail(err, RS_EARG, "diversity=%g: it is 0 to 1", ask->diversity);
    }
    int32_t most = ask->diversity > 0 ? RS_MMR_POOL : RS_MAX_K;
    if (ask->offset < 0 || ask->offset > most - ask->k) {
        return rs_fail(err, RS_EARG, "offset=%d with k=%d: a list has %d places%s", ask->offset,
                       ask->k, most, ask->diversity > 0 ? " with diversity" : "");
    }
    return RS_OK;
}

/* The first `most` places of the list by score: list[most]. */
static enum rs_code best(const struct rs_bundle *b, const struct rs_ask *ask, int32_t most,
                         struct rs_arena *arena, struct rs_ranked *list, int32_t *n_out,
                         const char **source_out, struct rs_err *err)
{
    bool known = false;
    struct rs_profile who;
    struct row exclude;
    enum rs_code rc = rs_bundle_profile_with(b, ask->user, ask->items, ask->values, ask->n_items,
                                             arena, &who, err);
    if (!rc) rc = left_out(b, ask, arena, &exclude, err);
    if (rc) return rc;
    bool nobody = ask->user < 0 && ask->n_items == 0;
    if (!nobody) {
        void *scratch = rs_arena_alloc(arena, rs_rank_one_scratch(b->model, most));
        if (!scratch) return no_memory(b, err);
        rc = rs_rank_one(b->model, &who, exclude.items, exclude.n, ask->allowed, most, scratch,
                         list, n_out, &known, err);
        if (rc) return rc;
    }
    *source_out = known    ? b->model->ops->name
                  : nobody ? "popularity:unknown_user"
                           : "popularity:cold_user";
    if (!known) {
        *n_out = rs_topk(b->popularity, b->train.n_cols, exclude.items, exclude.n, ask->allowed,
                         most, list);
    }
    return RS_OK;
}

static enum rs_code recommend(const struct rs_bundle *b, const struct rs_ask *ask,
                              struct rs_arena *arena, struct rs_ranked *out, int32_t *n_out,
                              const char **source_out, struct rs_err *err)
{
    bool diverse = ask->diversity > 0;
    int32_t end = ask->offset + ask->k;
    int32_t most = diverse ? RS_MMR_POOL : end;
    struct rs_ranked *list = out;
    int32_t n = 0;
    if (most > ask->k) {
        list = rs_arena_alloc(arena, (size_t)most * sizeof(*list));
        if (!list) return no_memory(b, err);
    }
    enum rs_code rc = best(b, ask, most, arena, list, &n, source_out, err);
    if (rc) return rc;
    if (diverse) {
        struct rs_ranked *pool = list;
        int32_t n_pool = n;
        n = n < end ? n : end;
        list = rs_arena_alloc(arena, (size_t)end * sizeof(*list));
        if (!list) return no_memory(b, err);
        rc = rs_mmr_pick(b, pool, n_pool, ask->diversity, n, arena, list, err);
        if (rc) return rc;
    }
    *n_out = n > ask->offset ? n - ask->offset : 0;
    if (list != out) memcpy(out, list + ask->offset, (size_t)*n_out * sizeof(*out));
    return RS_OK;
}

/* The caller's arena, or one for this call. */
static struct rs_arena *arena_for_call(struct rs_arena *arena)
{
    return arena ? arena : rs_arena_new(0, SIZE_MAX);
}

enum rs_code rs_bundle_recommend(const struct rs_bundle *b, const struct rs_ask *ask,
                                 struct rs_arena *arena, struct rs_ranked *out, int32_t *n_out,
                                 const char **source_out, struct rs_err *err)
{
    enum rs_code rc = rs_ask_check(ask, err);
    if (!rc) rc = check_row("exclude", ask->exclude, ask->n_exclude, b->train.n_cols, err);
    if (rc) return rc;
    struct rs_arena *a = arena_for_call(arena);
    rc = recommend(b, ask, a, out, n_out, source_out, err);
    if (!arena) rs_arena_free(a);
    return rc;
}

enum rs_code rs_bundle_similar(const struct rs_bundle *b, int32_t item, int32_t k,
                               const uint64_t *allowed, struct rs_arena *arena,
                               struct rs_ranked *out, int32_t *n_out, struct rs_err *err)
{
    int32_t n_items = b->train.n_cols;
    if (k < 1 || k > RS_MAX_K) return rs_fail(err, RS_EARG, "k=%d: it is 1 to %d", k, RS_MAX_K);
    if (item < 0 || item >= n_items) {
        return rs_fail(err, RS_EARG, "item %d: the model has items 0 to %d", item, n_items - 1);
    }
    if (!b->model->ops->similar) {
        return rs_fail(err, RS_EARG, "model '%s' does not compare items: use another, such as als",
                       b->model->ops->name);
    }
    struct rs_arena *a = arena_for_call(arena);
    float *scores = rs_arena_alloc(a, (size_t)n_items * sizeof(*scores));
    enum rs_code rc = scores ? RS_OK : no_memory(b, err);
    if (!rc) {
        b->model->ops->similar(b->model, item, scores);
        *n_out = rs_topk(scores, n_items, &item, 1, allowed, k, out);
    }
    if (!arena) rs_arena_free(a);
    return rc;
}
