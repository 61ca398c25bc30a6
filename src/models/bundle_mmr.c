/*
 * bundle_mmr - lists whose items are unlike each other: greedy maximal marginal relevance.
 *
 * Every item of the pool keeps its largest similarity to what is listed so far, so a step compares
 * with the item listed last alone.
 */
#include <math.h>

#include "bundle_impl.h"
#include "dense_impl.h"

/* How the items of a pool compare. */
struct likeness {
    int32_t n;
    int32_t f;
    float *unit;      /* [n x f] vectors of length 1, or zero; NULL: by genres */
    float *tiles;     /* the same for rs_dense_score */
    uint64_t *genres; /* [n] masks; NULL: by vectors */
};

static void add_unit(const float *vector, int32_t f, float *out)
{
    double square = 0;
    for (int32_t k = 0; k < f; k++) {
        square += (double)vector[k] * (double)vector[k];
    }
    float scale = square > 0 ? (float)(1 / sqrt(square)) : 0.0f;
    for (int32_t k = 0; k < f; k++) {
        out[k] = vector[k] * scale;
    }
}

/* false: out of memory. */
static bool likeness_make(const struct rs_bundle *b, const struct rs_ranked *pool, int32_t n,
                          struct rs_arena *arena, struct likeness *l)
{
    const struct rs_model *m = b->model;
    const float *vectors = m->ops->item_vectors ? m->ops->item_vectors(m, &l->f) : NULL;
    l->n = n;
    if (!vectors) {
        l->genres = rs_arena_alloc(arena, (size_t)n * sizeof(*l->genres));
        for (int32_t i = 0; l->genres && i < n; i++) {
            l->genres[i] = rs_catalogue_genre_mask(b->catalogue, pool[i].item);
        }
        return l->genres != NULL;
    }
    size_t f = (size_t)l->f;
    l->unit = rs_arena_alloc(arena, (size_t)n * f * sizeof(*l->unit));
    l->tiles = rs_arena_alloc(arena, rs_dense_tiles_size(n, l->f) * sizeof(*l->tiles));
    if (!l->unit || !l->tiles) return false;
    for (int32_t i = 0; i < n; i++) {
        add_unit(vectors + (size_t)pool[i].item * f, l->f, l->unit + (size_t)i * f);
    }
    rs_dense_tiles(l->unit, n, l->f, l->tiles);
    return true;
}

/* out[n]: similarity of every item of the pool to one of them. */
static void compare(const struct likeness *l, int32_t with, float *out)
{
    if (l->unit) {
        rs_dense_score(l->tiles, l->n, l->f, l->unit + (size_t)with * (size_t)l->f, 1, out);
        return;
    }
    uint64_t one = l->genres[with];
    for (int32_t i = 0; i < l->n; i++) {
        uint64_t either = one | l->genres[i];
        out[i] = either ? (float)__builtin_popcountll(one & l->genres[i]) /
                              (float)__builtin_popcountll(either)
                        : 0.0f;
    }
}

/* The item of the pool that is worth most and not yet listed. */
static int32_t best_left(const struct rs_ranked *pool, int32_t n, double diversity,
                         const float *nearest, const bool *listed)
{
    double low = (double)pool[n - 1].score;
    double range = (double)pool[0].score - low;
    int32_t best = -1;
    double most = 0;
    for (int32_t i = 0; i < n; i++) {
        if (listed[i]) continue;
        double relevance = range > 0 ? ((double)pool[i].score - low) / range : 1;
        double worth = (1 - diversity) * relevance - diversity * (double)nearest[i];
        if (best >= 0 && worth <= most) continue;
        best = i;
        most = worth;
    }
    return best;
}

enum rs_code rs_mmr_pick(const struct rs_bundle *b, const struct rs_ranked *pool, int32_t n_pool,
                         double diversity, int32_t n, struct rs_arena *arena, struct rs_ranked *out,
                         struct rs_err *err)
{
    if (n == 0) return RS_OK;
    struct likeness l = {0};
    size_t size = (size_t)n_pool;
    float *nearest = rs_arena_alloc(arena, size * sizeof(*nearest));
    float *to_last = rs_arena_alloc(arena, size * sizeof(*to_last));
    bool *listed = rs_arena_alloc(arena, size * sizeof(*listed));
    if (!nearest || !to_last || !listed || !likeness_make(b, pool, n_pool, arena, &l)) {
        return rs_fail(err, RS_ENOMEM, "similarities of %d items", n_pool);
    }
    for (int32_t i = 0; i < n_pool; i++) {
        nearest[i] = -INFINITY;
        listed[i] = false;
    }
    int32_t last = 0; /* the best comes first */
    for (int32_t place = 0;; place++) {
        out[place] = pool[last];
        listed[last] = true;
        if (place + 1 == n) return RS_OK;
        compare(&l, last, to_last);
        for (int32_t i = 0; i < n_pool; i++) {
            if (to_last[i] > nearest[i]) nearest[i] = to_last[i];
        }
        last = best_left(pool, n_pool, diversity, nearest, listed);
    }
}
