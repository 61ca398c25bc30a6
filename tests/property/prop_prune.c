/*
 * Pruned lists equal scoring everything and sorting it, to the bit: on vectors made to be hard,
 * with every filter, by every variant of the kernel. Sections that lie never crash a search.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/dense_impl.h"
#include "../src/models/prune_impl.h"
#include "ref/ref_rank.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

enum { MAX_N = 1500, QUERIES = 4 };

enum kind {
    NORMAL,         /* nothing to gain but from the bound */
    FALLING,        /* norms like those of trained factors */
    EQUAL,          /* every item the same */
    WHOLE,          /* few whole numbers: exact ties */
    ONE_WAY,        /* nearly parallel */
    HUGE_NUMBERS,   /* as large as factors may be */
    SUBNORMAL,      /* products vanish */
    MANY_ZERO,      /* most items are zero vectors */
    AXES,           /* equal norms, one factor each */
    MIXED_SIZES,    /* sums that cancel */
    NEAR,           /* differ in the last bits */
    ONE_STANDS_OUT, /* one large factor makes the integers of its tile coarse */
    /* Each of these is wrong without one part of the bound. */
    BIASED,         /* all rounding of an item to integers goes one way: |x| E */
    BIASED_QUERY,   /* all rounding of the query does: |d| N */
    LONG_SUMS,      /* next to no error but that of the float sums: g |x| N */
    SHORTER_BETTER, /* integers, later norms just below: g |x| N + t */
    KINDS
};

static float item_number(enum kind kind, int32_t i, int32_t k, struct rs_rng *rng)
{
    static const float parts[] = {10.0f, 10.49f, 10.51f};
    double v = rs_rng_normal(rng);
    uint64_t random = rs_rng_below(rng, 20);
    switch (kind) {
    case FALLING:
        return (float)(v / sqrt(1.0 + i));
    case EQUAL:
        return (float)(k % 7) - 2.5f;
    case WHOLE:
        return (float)(random % 3) - 1.0f;
    case ONE_WAY:
        return (float)(1 + 0.01 * v);
    case HUGE_NUMBERS:
        return v > 0 ? 1e15f : (float)(v < -1 ? -1e15 : 1e14 * v);
    case SUBNORMAL:
        return (float)(v * (i % 3 ? 1e-42 : 1e-21));
    case MANY_ZERO:
        return i % 10 ? 0.0f : (float)v;
    case AXES:
        return k == i % 5 ? (i % 2 ? 1.0f : -1.0f) : 0.0f;
    case MIXED_SIZES:
        return (float)(v * pow(10, (double)random - 10));
    case NEAR:
        return 0.3f + (float)k + 1e-6f * (float)(random % 3);
    case ONE_STANDS_OUT:
        return (float)(k == 0 && i % 40 == 0 ? 100 : v);
    case BIASED:
        return k == 0 ? 127.0f : i % 2 ? parts[1] : parts[random < 12 ? 2 : 0];
    case BIASED_QUERY:
        return k && k % 2 == i % 2 && random ? 127.0f : 0.0f;
    case SHORTER_BETTER:
        return k == 0 ? 127.0f : k == 1 ? (float)(random % 4) : 0.0f;
    default:
        return (float)v;
    }
}

/* Whole steps in four patterns, whose sums round differently; the last factor hardly counts. */
static float long_sum_number(int32_t i, int32_t k, int32_t f, struct rs_rng *rng)
{
    const int32_t steps[] = {126, k % 2 ? 125 : 127, k < f / 2 ? 125 : 127, k < f / 2 ? 127 : 125};
    int32_t last = (int32_t)rs_rng_below(rng, 20);
    return 0.003f * (float)(k == 0 ? 127 : k == f - 1 ? last : steps[i % 4]);
}

static float query_number(enum kind kind, int32_t k, int32_t f, struct rs_rng *rng)
{
    switch (kind) {
    case BIASED:
        return 1.0f;
    case BIASED_QUERY:
        return k == 0 ? 127.0f : k % 2 ? 5.49f : 5.51f;
    case LONG_SUMS:
        return k == f - 1 ? 0.7f / 127 : 0.7f;
    case SHORTER_BETTER:
        return k == 0 ? 127.0f : k == 1 ? -1.0f : 0.0f;
    default:
        return item_number(kind, 0, k, rng);
    }
}

struct problem {
    enum kind kind;
    int32_t n;
    int32_t f;
    int32_t k;
    float *y;
    float *tiles;
    float *x; /* [QUERIES x f] */
    struct rs_prune prune;
    struct rs_filter filter;
    int32_t *exclude;
    uint64_t *allowed;
};

/* A stranger, an item, what is unlike it, and nothing at all. */
static void make_queries(struct problem *p, struct rs_rng *rng)
{
    size_t f = (size_t)p->f;
    const float *item = p->y + (size_t)rs_rng_below(rng, (uint64_t)p->n) * f;
    for (size_t k = 0; k < f; k++) {
        p->x[k] = query_number(p->kind, (int32_t)k, p->f, rng);
        p->x[f + k] = item[k];
        p->x[2 * f + k] = -item[k];
        p->x[3 * f + k] = 0.0f;
    }
}

/* By turns: nothing, some items, nearly all, all, a mask, a mask and items. */
static void make_filter(struct problem *p, uint64_t seed, struct rs_rng *rng)
{
    static const double shares[] = {0, 0.1, 0.97, 1, 0, 0.3};
    size_t turn = seed % 6;
    p->filter = (struct rs_filter){.exclude = p->exclude};
    for (int32_t i = 0; i < p->n; i++) {
        if (rs_rng_uniform(rng) < shares[turn]) p->exclude[p->filter.n_exclude++] = i;
    }
    uint64_t thin = seed % 4;
    for (int32_t w = 0; w <= p->n / 64; w++) { /* bits past the end too */
        p->allowed[w] = rs_rng_next64(rng) & (thin ? rs_rng_next64(rng) : UINT64_MAX);
    }
    if (turn >= 4) p->filter.allowed = p->allowed;
}

static void problem_init(struct problem *p, uint64_t seed)
{
    struct rs_err err = {0};
    struct rs_rng rng = rs_rng_make(seed, 0);
    *p = (struct problem){.kind = (enum kind)(seed % KINDS)};
    p->n = 1 + (int32_t)rs_rng_below(&rng, seed % 3 ? 400 : MAX_N);
    p->f = 1 + (int32_t)rs_rng_below(&rng, 90);
    if (p->kind == LONG_SUMS) {
        p->n = 1 + p->n % 300;
        p->f = RS_PRUNE_MAX_F - p->f;
    }
    p->k = 1 + (int32_t)rs_rng_below(&rng, seed % 5 ? 12 : RS_MAX_K);
    size_t n = (size_t)p->n;
    size_t f = (size_t)p->f;
    p->y = rs_try_alloc(n, f * sizeof(float));
    p->x = rs_try_alloc(QUERIES, f * sizeof(float));
    p->tiles = rs_try_alloc(rs_dense_tiles_size(p->n, p->f), sizeof(float));
    p->exclude = rs_xalloc(n, sizeof(*p->exclude));
    p->allowed = rs_xalloc(n / 64 + 1, sizeof(*p->allowed));
    for (int32_t i = 0; i < p->n; i++) {
        for (int32_t k = 0; k < p->f; k++) {
            p->y[(size_t)i * f + (size_t)k] = p->kind == LONG_SUMS
                                                  ? long_sum_number(i, k, p->f, &rng)
                                                  : item_number(p->kind, i, k, &rng);
        }
    }
    make_queries(p, &rng);
    make_filter(p, seed, &rng);
    rs_dense_tiles(p->y, p->n, p->f, p->tiles);
    assert_ok(rs_prune_build(p->y, p->n, p->f, &p->prune, &err), &err);
}

static void problem_clear(struct problem *p)
{
    rs_prune_clear(&p->prune);
    free(p->y);
    free(p->x);
    free(p->tiles);
    free(p->exclude);
    free(p->allowed);
}

/* Lists of one problem's queries; pruned_out[kernel]: how many came without scoring everything. */
static void check_lists(const struct problem *p, uint64_t seed, int *pruned_out)
{
    static float scores[MAX_N];
    static struct rs_ranked want[RS_MAX_K];
    static struct rs_ranked got[RS_MAX_K];
    void *scratch = rs_try_alloc(1, rs_prune_scratch(&p->prune));
    for (int q = 0; q < QUERIES; q++) {
        const float *x = p->x + (size_t)q * (size_t)p->f;
        rs_dense_score(p->tiles, p->n, p->f, x, 1, scores);
        int32_t n_want = ref_topk(scores, p->n, p->filter.exclude, p->filter.n_exclude,
                                  p->filter.allowed, p->k, want);
        for (int v = 0; rs_prune_kernels[v]; v++) {
            const struct rs_prune_kernel *kernel = rs_prune_kernels[v];
            int32_t n;
            if (!kernel->usable()) continue;
            if (!rs_prune_top(&p->prune, kernel, x, &p->filter, p->k, scratch, got, &n)) continue;
            pruned_out[v]++;
            if (n != n_want || memcmp(got, want, (size_t)n * sizeof(*got)) != 0) {
                fail_msg("%s seed %llu kind %d query %d: %d items, %d factors, k %d", kernel->name,
                         (unsigned long long)seed, p->kind, q, p->n, p->f, p->k);
            }
        }
    }
    free(scratch);
}

static void lists_equal_scoring_everything(void **state)
{
    (void)state;
    enum { SEEDS = 1600 };
    int pruned[KINDS][8] = {0};
    int last = 0; /* the variant that every processor has */
    while (rs_prune_kernels[last + 1]) {
        last++;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct problem p;
        problem_init(&p, seed);
        check_lists(&p, seed, pruned[p.kind]);
        problem_clear(&p);
    }
    for (int kind = 0; kind < KINDS; kind++) { /* not a test of falling back */
        for (int v = 0; rs_prune_kernels[v]; v++) {
            assert_int_equal(pruned[kind][v],
                             rs_prune_kernels[v]->usable() ? pruned[kind][last] : 0);
        }
        assert_true(pruned[kind][last] > SEEDS * QUERIES / KINDS / 4);
    }
}

/* One number of one section becomes another; what load takes, a search survives. */
static void spoil(struct rs_prune *p, int32_t *order, int8_t *codes, float *bounds,
                  struct rs_rng *rng)
{
    size_t n_codes = (size_t)p->n_tiles * (size_t)p->n_groups * RS_PRUNE_TILE * RS_PRUNE_GROUP;
    memcpy(order, p->order, (size_t)p->n * sizeof(*order));
    memcpy(codes, p->codes, n_codes);
    memcpy(bounds, p->bounds, 3 * (size_t)p->n_tiles * sizeof(*bounds));
    size_t a = rs_rng_below(rng, (uint64_t)p->n);
    size_t b = rs_rng_below(rng, (uint64_t)p->n);
    size_t at = rs_rng_below(rng, 3 * (uint64_t)p->n_tiles);
    switch (rs_rng_below(rng, 4)) {
    case 0:
        order[a] = (int32_t)rs_rng_next32(rng);
        break;
    case 1:
        order[a] = p->order[b], order[b] = p->order[a];
        break;
    case 2:
        codes[rs_rng_below(rng, n_codes)] = (int8_t)rs_rng_next32(rng);
        break;
    default:
        bounds[at] *= (float)pow(10, (double)rs_rng_below(rng, 60) - 30);
    }
    p->order = order;
    p->codes = codes;
    p->bounds = bounds;
}

static void sections_that_lie_never_crash(void **state)
{
    (void)state;
    static int32_t order[MAX_N];
    static int8_t codes[(MAX_N + RS_PRUNE_TILE) * (RS_PRUNE_MAX_F + RS_PRUNE_GROUP)];
    static float bounds[3 * MAX_N];
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "lies");
    int opened = 0;
    int refused = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct problem p;
        struct rs_err err = {0};
        struct rs_writer *w = NULL;
        struct rs_reader *r = NULL;
        struct rs_ranked out[RS_MAX_K];
        struct rs_rng rng = rs_rng_make(seed, 1);
        int32_t n;
        problem_init(&p, seed);
        struct rs_prune lie = p.prune;
        spoil(&lie, order, codes, bounds, &rng);
        assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
        assert_ok(rs_prune_save(&lie, w, &err), &err);
        assert_ok(rs_writer_close(w, NULL, &err), &err);
        assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
        if (rs_prune_load(r, p.y, p.n, p.f, &lie, &err)) {
            refused++;
        } else {
            opened++;
            void *scratch = rs_try_alloc(1, rs_prune_scratch(&lie));
            for (int v = 0; rs_prune_kernels[v]; v++) {
                if (!rs_prune_kernels[v]->usable()) continue;
                if (!rs_prune_top(&lie, rs_prune_kernels[v], p.x, &p.filter, p.k, scratch, out, &n))
                    continue;
                assert_in_range(n, 0, p.k);
                for (int32_t i = 0; i < n; i++) {
                    assert_in_range(out[i].item, 0, p.n - 1);
                }
            }
            free(scratch);
        }
        rs_pack_close(r);
        problem_clear(&p);
    }
    assert_true(opened > 0 && refused > 0); /* both ways were met */
    free(path);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_equal_scoring_everything),
        cmocka_unit_test(sections_that_lie_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
