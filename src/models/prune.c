/*
 * prune - what a search needs beside the vectors: made from them, written, checked when read.
 */
#include "prune_impl.h"

#include <math.h>
#include <stdlib.h>

#include "rs/base/mem.h"

enum { TILE = RS_PRUNE_TILE, GROUP = RS_PRUNE_GROUP };

static const char order_section[] = "top.order";
static const char codes_section[] = "top.codes";
static const char bounds_section[] = "top.bounds";

static void shape(struct rs_prune *p, const float *y, int32_t n, int32_t f)
{
    rs_assert(n > 0 && f > 0 && f <= RS_PRUNE_MAX_F);
    *p = (struct rs_prune){.n = n, .f = f, .y = y};
    p->n_tiles = (n - 1) / TILE + 1;
    p->n_groups = (f - 1) / GROUP + 1;
}

static size_t codes_size(const struct rs_prune *p)
{
    return (size_t)p->n_tiles * (size_t)p->n_groups * TILE * GROUP;
}

float rs_prune_largest(const float *v, int32_t f)
{
    float largest = 0;
    for (int32_t k = 0; k < f; k++) {
        float size = fabsf(v[k]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* The length of four parts of a sum of squares. The errors of up to RS_PRUNE_MAX_F roundings in
 * double, each at most 2^-53 of the whole, are less than what is added. */
static double length_up(const double squares[4])
{
    return sqrt((squares[0] + squares[1]) + (squares[2] + squares[3])) * (1 + 0x1p-40);
}

double rs_prune_norm(const float *v, int32_t f)
{
    double squares[4] = {0};
    for (int32_t k = 0; k < f; k++) {
        squares[k % 4] += (double)v[k] * (double)v[k];
    }
    return length_up(squares);
}

double rs_prune_quantise(const float *v, int32_t f, float step, int8_t *codes, size_t stride)
{
    double squares[4] = {0};
    double size = (double)step;
    double inverse = step > 0 ? 1 / size : 0;
    for (int32_t k = 0; k < f; k++) {
        double q = (double)v[k] * inverse;
        q += q < 0 ? -0.5 : 0.5;
        int32_t code = q >= 127 ? 127 : q <= -127 ? -127 : (int32_t)q;
        double e = (double)v[k] - size * code; /* the product is exact */
        squares[k % 4] += e * e;
        codes[(size_t)(k / GROUP) * stride + (size_t)(k % GROUP)] = (int8_t)code;
    }
    return length_up(squares);
}

/* The next float up. */
static float up(double v)
{
    float f = (float)v;
    return (double)f >= v ? f : nextafterf(f, INFINITY);
}

struct by_norm {
    double norm;
    int32_t item;
};

static int longer_first(const void *a, const void *b)
{
    const struct by_norm *x = a;
    const struct by_norm *y = b;
    if (x->norm != y->norm) return x->norm > y->norm ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Items of tile t, which has its order already, as integers; a and E of it. */
static void make_tile(const struct rs_prune *p, int32_t t, int8_t *codes, float *step_out,
                      float *error_out)
{
    int32_t end = p->n - t * TILE < TILE ? p->n : (t + 1) * TILE;
    float largest = 0;
    double error = 0;
    for (int32_t i = t * TILE; i < end; i++) {
        largest = fmaxf(largest, rs_prune_largest(p->y + (size_t)p->order[i] * (size_t)p->f, p->f));
    }
    *step_out = largest / 127;
    for (int32_t i = t * TILE; i < end; i++) {
        const float *y = p->y + (size_t)p->order[i] * (size_t)p->f;
        int8_t *first = codes + (size_t)(i % TILE) * GROUP;
        error = fmax(error, rs_prune_quantise(y, p->f, *step_out, first, TILE * GROUP));
    }
    *error_out = up(error);
}

/* The order by norm, and the norm of each tile's first item. */
static enum rs_code make_order(const struct rs_prune *p, int32_t *order, float *norms,
                               struct rs_err *err)
{
    struct by_norm *sorted = rs_try_alloc((size_t)p->n, sizeof(*sorted));
    if (!sorted) return rs_fail(err, RS_ENOMEM, "order of %d items", p->n);
    for (int32_t i = 0; i < p->n; i++) {
        double norm = rs_prune_norm(p->y + (size_t)i * (size_t)p->f, p->f);
        sorted[i] = (struct by_norm){.norm = norm, .item = i};
    }
    qsort(sorted, (size_t)p->n, sizeof(*sorted), longer_first);
    for (int32_t i = 0; i < p->n; i++) {
        order[i] = sorted[i].item;
        if (i % TILE == 0) norms[i / TILE] = up(sorted[i].norm);
    }
    free(sorted);
    return RS_OK;
}

enum rs_code rs_prune_build(const float *y, int32_t n, int32_t f, struct rs_prune *out,
                            struct rs_err *err)
{
    struct rs_prune p;
    shape(&p, y, n, f);
    size_t tiles = (size_t)p.n_tiles;
    size_t order_bytes = rs_round64((size_t)n * sizeof(int32_t));
    size_t bounds_bytes = rs_round64(3 * tiles * sizeof(float));
    char *own = rs_try_alloc(1, order_bytes + bounds_bytes + codes_size(&p));
    if (!own) return rs_fail(err, RS_ENOMEM, "8-bit copy of %d items of %d factors", n, f);
    int32_t *order = (int32_t *)(void *)own;
    float *bounds = (float *)(void *)(own + order_bytes);
    int8_t *codes = (int8_t *)(own + order_bytes + bounds_bytes);
    enum rs_code rc = make_order(&p, order, bounds + 2 * tiles, err);
    if (rc) {
        free(own);
        return rc;
    }
    p.order = order;
    p.codes = codes;
    p.bounds = bounds;
    p.own = own;
    size_t tile_codes = codes_size(&p) / tiles;
    for (int32_t t = 0; t < p.n_tiles; t++) {
        make_tile(&p, t, codes + (size_t)t * tile_codes, bounds + t, bounds + tiles + (size_t)t);
    }
    *out = p;
    return RS_OK;
}

void rs_prune_clear(struct rs_prune *p)
{
    free(p->own);
    *p = (struct rs_prune){0};
}

enum rs_code rs_prune_save(const struct rs_prune *p, struct rs_writer *w, struct rs_err *err)
{
    enum rs_code rc = rs_writer_add(w, order_section, RS_PACK_I32, p->order, (size_t)p->n, err);
    if (!rc) rc = rs_writer_add(w, codes_section, RS_PACK_U8, p->codes, codes_size(p), err);
    if (rc) return rc;
    return rs_writer_add(w, bounds_section, RS_PACK_F32, p->bounds, 3 * (size_t)p->n_tiles, err);
}

/* Every item once. */
static enum rs_code check_order(const struct rs_prune *p, struct rs_err *err)
{
    uint64_t *met = rs_try_alloc((size_t)p->n / 64 + 1, sizeof(*met));
    if (!met) return rs_fail(err, RS_ENOMEM, "order of %d items", p->n);
    enum rs_code rc = RS_OK;
    for (int32_t i = 0; i < p->n && !rc; i++) {
        int32_t item = p->order[i];
        if (item < 0 || item >= p->n || (met[item / 64] >> (item % 64) & 1)) {
            rc = rs_fail(err, RS_EDAMAGED, "section '%s' has item %d at %d: it is not an order",
                         order_section, item, i);
        } else {
            met[item / 64] |= (uint64_t)1 << (item % 64);
        }
    }
    free(met);
    return rc;
}

/* Numbers that a build gives: of factors up to 1e15, not below 0, norms descending. */
static enum rs_code check_bounds(const struct rs_prune *p, struct rs_err *err)
{
    int32_t n = p->n_tiles;
    for (int32_t i = 0; i < 3 * n; i++) {
        bool sound = p->bounds[i] >= 0 && p->bounds[i] <= 1e17f;
        if (i > 2 * n) sound = sound && p->bounds[i] <= p->bounds[i - 1];
        if (!sound) {
            return rs_fail(err, RS_EDAMAGED, "section '%s' has %g at %d: no bound of any vectors",
                           bounds_section, (double)p->bounds[i], i);
        }
    }
    return RS_OK;
}

/* -128 is no code: two products of it would not fit into 16 bits. */
static enum rs_code check_codes(const struct rs_prune *p, struct rs_err *err)
{
    size_t n = codes_size(p);
    int bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= p->codes[i] == -128;
    }
    if (!bad) return RS_OK;
    return rs_fail(err, RS_EDAMAGED, "section '%s' holds -128", codes_section);
}

enum rs_code rs_prune_load(const struct rs_reader *r, const float *y, int32_t n, int32_t f,
                           struct rs_prune *out, struct rs_err *err)
{
    if (!rs_pack_has(r, order_section) && !rs_pack_has(r, codes_section) &&
        !rs_pack_has(r, bounds_section)) {
        return rs_prune_build(y, n, f, out, err);
    }
    struct rs_prune p;
    shape(&p, y, n, f);
    const void *order;
    const void *codes;
    const void *bounds;
    enum rs_code rc = rs_pack_get(r, order_section, RS_PACK_I32, n, &order, NULL, err);
    if (!rc)
        rc = rs_pack_get(r, codes_section, RS_PACK_U8, (int64_t)codes_size(&p), &codes, NULL, err);
    if (!rc)
        rc =
            rs_pack_get(r, bounds_section, RS_PACK_F32, 3 * (int64_t)p.n_tiles, &bounds, NULL, err);
    if (rc) return rc;
    p.order = order;
    p.codes = codes;
    p.bounds = bounds;
    rc = check_order(&p, err);
    if (!rc) rc = check_bounds(&p, err);
    if (!rc) rc = check_codes(&p, err);
    if (!rc) *out = p;
    return rc;
}
