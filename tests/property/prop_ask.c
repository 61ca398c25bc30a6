/*
 * Lists: pages of any length are one list, without repeats; diversity is maximal marginal relevance
 * worked step by step from its definition; rows that training has seen change nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

enum { USERS = 25, ITEMS = 700 };

static const struct {
    const char *name;
    const char *params;
} models[] = {
    {"als", "factors=6 iterations=3 input=values"},
    {"popularity", "score=sum"}, /* has no vectors: genres compare its items */
};
enum { N_MODELS = sizeof(models) / sizeof(*models) };
static const double diversities[] = {0, 0.3, 0.8, 1};
enum { N_DIVERSITIES = sizeof(diversities) / sizeof(*diversities) };

struct world {
    struct ref_bundle model[N_MODELS];
};

/* Up to four of six genres an item, some items with none. */
static void mix_genres(struct rs_split *s)
{
    static const char *const sets[] = {
        "Drama",        "Drama|Comedy", "Action|Horror|War|Comedy", "", "War", "Action|Drama",
        "Comedy|Crime", "Crime|Horror", "Crime|Action|War",
    };
    struct rs_err err = {0};
    struct rs_rng rng = rs_rng_make(5, 0);
    rs_catalogue_free(s->catalogue);
    s->catalogue = rs_catalogue_new(s->n_items);
    for (int32_t i = 0; i < s->n_items; i++) {
        const char *genres = sets[rs_rng_below(&rng, sizeof(sets) / sizeof(*sets))];
        assert_ok(rs_catalogue_set(s->catalogue, i, "A film", genres, 0, &err), &err);
    }
}

static int set_up(void **state)
{
    struct world *w = rs_xalloc(1, sizeof(*w));
    for (int m = 0; m < N_MODELS; m++) {
        ref_split_init(&w->model[m].split, 3, USERS, ITEMS);
        mix_genres(&w->model[m].split.s);
        ref_bundle_of_split(&w->model[m], models[m].name, models[m].params);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    for (int m = 0; m < N_MODELS; m++) {
        ref_bundle_clear(&w->model[m]);
    }
    free(w);
    return 0;
}

/* A request with what it points to. */
struct request {
    struct rs_ask ask;
    int32_t items[20];
    float values[20];
    int32_t exclude[20];
    uint64_t allowed[ITEMS / 64 + 1];
};

static int32_t random_row(struct rs_rng *rng, int32_t *out)
{
    int32_t n = 0;
    int32_t want = (int32_t)rs_rng_below(rng, 20);
    for (int32_t item = 0; n < want; n++) {
        item += 1 + (int32_t)rs_rng_below(rng, ITEMS / 21);
        out[n] = item;
    }
    return n;
}

/* Anybody: a user, with or without newer rows, a stranger with rows, or nobody. */
static void random_request(struct request *r, uint64_t seed)
{
    struct rs_rng rng = rs_rng_make(seed, 0);
    memset(r, 0, sizeof(*r));
    r->ask.user = (int32_t)rs_rng_below(&rng, USERS + 8) - 8;
    if (r->ask.user < 0) r->ask.user = -1;
    r->ask.n_items = rs_rng_below(&rng, 3) ? random_row(&rng, r->items) : 0;
    for (int32_t i = 0; i < r->ask.n_items; i++) {
        r->values[i] = 0.5f * (float)(1 + rs_rng_below(&rng, 10));
    }
    r->ask.n_exclude = random_row(&rng, r->exclude);
    r->ask.items = r->items;
    r->ask.values = rs_rng_below(&rng, 4) ? r->values : NULL;
    r->ask.exclude = r->exclude;
    r->ask.exclude_seen = rs_rng_below(&rng, 4) > 0;
    uint64_t share = rs_rng_below(&rng, 4); /* of items that may be listed: all, most, half, few */
    for (size_t word = 0; word < sizeof(r->allowed) / sizeof(*r->allowed); word++) {
        uint64_t one = rs_rng_next64(&rng);
        uint64_t two = rs_rng_next64(&rng);
        r->allowed[word] = share == 1 ? one | two : share == 2 ? one : one & two;
    }
    if (share > 0) r->ask.allowed = r->allowed;
}

static int32_t recommend(const struct rs_bundle *b, const struct rs_ask *ask, struct rs_ranked *out,
                         const char **source)
{
    struct rs_err err = {0};
    int32_t n = -1;
    assert_ok(rs_bundle_recommend(b, ask, NULL, out, &n, source, &err), &err);
    assert_in_range(n, 0, ask->k);
    return n;
}

static bool may_be_listed(const struct ref_bundle *t, const struct request *r, int32_t item)
{
    const struct rs_ask *a = &r->ask;
    for (int32_t i = 0; i < a->n_exclude; i++) {
        if (a->exclude[i] == item) return false;
    }
    if (a->allowed && !(a->allowed[item / 64] >> (item % 64) & 1)) return false;
    if (!a->exclude_seen) return true;
    for (int32_t i = 0; i < a->n_items; i++) {
        if (a->items[i] == item) return false;
    }
    return a->user < 0 || !(rs_csr_has(&t->split.p.ui, a->user, item) ||
                            rs_csr_has(&t->split.val.ui, a->user, item));
}

/* The whole list at once, then by pages of random length: the same bytes. */
static void check_pages(const struct ref_bundle *t, struct request *r, int32_t most, uint64_t seed)
{
    struct rs_ranked whole[RS_MAX_K];
    struct rs_ranked page[RS_MAX_K];
    bool listed[ITEMS] = {false};
    const char *source = NULL;
    const char *page_source = NULL;
    struct rs_rng rng = rs_rng_make(seed, 1);
    r->ask.offset = 0;
    r->ask.k = most;
    int32_t n = recommend(t->b, &r->ask, whole, &source);
    for (int32_t i = 0; i < n; i++) {
        assert_false(listed[whole[i].item]);
        assert_true(may_be_listed(t, r, whole[i].item));
        listed[whole[i].item] = true;
    }
    r->ask.k = 1 + (int32_t)rs_rng_below(&rng, 120);
    for (; r->ask.offset + r->ask.k <= most; r->ask.offset += r->ask.k) {
        int32_t got = recommend(t->b, &r->ask, page, &page_source);
        int32_t left = n > r->ask.offset ? n - r->ask.offset : 0;
        assert_int_equal(got, left < r->ask.k ? left : r->ask.k);
        assert_memory_equal(page, whole + r->ask.offset, (size_t)got * sizeof(*page));
        assert_string_equal(page_source, source);
    }
}

static void pages_are_one_list(void **state)
{
    const struct world *w = *state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct request r;
        random_request(&r, seed);
        r.ask.diversity = diversities[seed % N_DIVERSITIES];
        int32_t most = r.ask.diversity > 0 ? RS_MMR_POOL : RS_MAX_K;
        for (int m = 0; m < N_MODELS; m++) {
            check_pages(&w->model[m], &r, most, seed);
        }
    }
}

/* The definition, in doubles and one pair at a time. */
static double similarity(const struct rs_bundle *b, int32_t i, int32_t j)
{
    int32_t f = 0;
    const float *vectors =
        b->model->ops->item_vectors ? b->model->ops->item_vectors(b->model, &f) : NULL;
    if (!vectors) {
        int both = 0;
        int either = 0;
        uint64_t x = rs_catalogue_genre_mask(b->catalogue, i);
        uint64_t y = rs_catalogue_genre_mask(b->catalogue, j);
        for (int g = 0; g < 64; g++) {
            both += (int)(x >> g & y >> g & 1);
            either += (int)((x >> g | y >> g) & 1);
        }
        return either ? (double)both / either : 0;
    }
    double dot = 0;
    double ii = 0;
    double jj = 0;
    for (int32_t k = 0; k < f; k++) {
        double x = (double)vectors[i * f + k];
        double y = (double)vectors[j * f + k];
        dot += x * y;
        ii += x * x;
        jj += y * y;
    }
    return ii > 0 && jj > 0 ? dot / sqrt(ii * jj) : 0;
}

static double worth(const struct rs_bundle *b, const struct rs_ranked *pool, int32_t n, int32_t i,
                    const struct rs_ranked *list, int32_t n_list, double diversity)
{
    double low = (double)pool[n - 1].score;
    double range = (double)pool[0].score - low;
    double nearest = n_list ? -2 : 0;
    for (int32_t j = 0; j < n_list; j++) {
        nearest = fmax(nearest, similarity(b, pool[i].item, list[j].item));
    }
    double relevance = range > 0 ? ((double)pool[i].score - low) / range : 1;
    return (1 - diversity) * relevance - diversity * nearest;
}

/* Every place holds an item of the pool, with its score, that is worth as much as any left. Where
 * values differ by float rounding alone, either may come first: similarities are sums of f products
 * of unit vectors, so off by less than f times 2^-23. */
static void check_steps(const struct rs_bundle *b, const struct rs_ranked *pool, int32_t n,
                        const struct rs_ranked *list, int32_t n_list, double diversity)
{
    const double tolerance = 1e-5;
    bool *taken = rs_xalloc((size_t)n + 1, sizeof(*taken));
    for (int32_t place = 0; place < n_list; place++) {
        double best = -INFINITY;
        double its = NAN;
        for (int32_t i = 0; i < n; i++) {
            if (taken[i]) continue;
            double v = worth(b, pool, n, i, list, place, diversity);
            best = fmax(best, v);
            if (pool[i].item != list[place].item) continue;
            assert_true(pool[i].score == list[place].score);
            taken[i] = true;
            its = v;
        }
        assert_true(its >= best - tolerance); /* NaN: not in the pool, or listed twice */
    }
    free(taken);
}

static void diversity_is_maximal_marginal_relevance(void **state)
{
    const struct world *w = *state;
    struct rs_ranked pool[RS_MMR_POOL];
    struct rs_ranked list[60];
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct request r;
        const char *source;
        random_request(&r, seed);
        for (int m = 0; m < N_MODELS; m++) {
            const struct rs_bundle *b = w->model[m].b;
            r.ask.diversity = 0;
            r.ask.k = RS_MMR_POOL;
            int32_t n = recommend(b, &r.ask, pool, &source);
            r.ask.diversity = diversities[1 + seed % (N_DIVERSITIES - 1)];
            r.ask.k = 1 + (int32_t)(seed * 7 % 60);
            int32_t n_list = recommend(b, &r.ask, list, &source);
            assert_int_equal(n_list, n < r.ask.k ? n : r.ask.k);
            check_steps(b, pool, n, list, n_list, r.ask.diversity);
        }
    }
}

/* Lists with diversity hold items that are less alike; the first item is the best one. */
static void diversity_makes_lists_less_alike(void **state)
{
    const struct world *w = *state;
    enum { K = 10 };
    for (int m = 0; m < N_MODELS; m++) {
        double alike[N_DIVERSITIES] = {0};
        for (int32_t u = 0; u < USERS; u++) {
            int32_t first = -1;
            for (int d = 0; d < N_DIVERSITIES; d++) {
                struct rs_ranked list[K];
                const char *source;
                struct rs_ask ask = {.user = u, .k = K, .diversity = diversities[d]};
                assert_int_equal(recommend(w->model[m].b, &ask, list, &source), K);
                for (int i = 0; i < K; i++) {
                    for (int j = 0; j < i; j++) {
                        alike[d] += similarity(w->model[m].b, list[i].item, list[j].item);
                    }
                }
                if (d == 0) first = list[0].item;
                assert_int_equal(list[0].item, first);
            }
        }
        for (int d = 1; d < N_DIVERSITIES; d++) {
            assert_true(alike[d] < alike[0]);
        }
    }
}

static void rows_of_training_change_nothing(void **state)
{
    const struct world *w = *state;
    struct rs_ranked plain[50];
    struct rs_ranked told[50];
    struct rs_rng rng = rs_rng_make(9, 0);
    for (int m = 0; m < N_MODELS; m++) {
        const struct rs_bundle *b = w->model[m].b;
        for (int32_t u = 0; u < USERS; u++) {
            struct rs_profile who = rs_bundle_profile(b, u);
            int32_t items[ITEMS];
            float values[ITEMS];
            int32_t n = 0;
            for (int32_t i = 0; i < who.n; i++) {
                if (rs_rng_below(&rng, 2)) continue;
                items[n] = who.items[i];
                values[n++] = who.values[i];
            }
            const char *source = NULL;
            const char *told_source = NULL;
            struct rs_ask ask = {.user = u, .k = 50, .exclude_seen = true};
            assert_int_equal(recommend(b, &ask, plain, &source), 50);
            ask.items = items;
            ask.values = values;
            ask.n_items = n;
            assert_int_equal(recommend(b, &ask, told, &told_source), 50);
            assert_memory_equal(told, plain, sizeof(plain));
            assert_string_equal(told_source, source);
        }
    }
}

/* A large enough first block serves a request whole, with the bytes that the heap gives. */
static void an_arena_is_all_that_is_used(void **state)
{
    const struct world *w = *state;
    struct rs_arena *arena = rs_arena_new((size_t)4 << 20, 0);
    assert_non_null(rs_arena_alloc(arena, 1));
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct request r;
        struct rs_ranked heap[30];
        struct rs_ranked got[30];
        const char *source = NULL;
        const char *arena_source = NULL;
        struct rs_err err = {0};
        int32_t n = -1;
        random_request(&r, seed);
        r.ask.k = 30;
        r.ask.offset = (int32_t)seed;
        r.ask.diversity = diversities[seed % N_DIVERSITIES];
        for (int m = 0; m < N_MODELS; m++) {
            int32_t want = recommend(w->model[m].b, &r.ask, heap, &source);
            rs_arena_reset(arena);
            rs_mem_fail_after(1);
            enum rs_code rc =
                rs_bundle_recommend(w->model[m].b, &r.ask, arena, got, &n, &arena_source, &err);
            assert_int_equal(rs_mem_fail_after(0), 1); /* not one allocation */
            assert_ok(rc, &err);
            assert_int_equal(n, want);
            assert_memory_equal(got, heap, (size_t)n * sizeof(*got));
            assert_string_equal(arena_source, source);
        }
    }
    rs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_one_list),
        cmocka_unit_test(diversity_is_maximal_marginal_relevance),
        cmocka_unit_test(diversity_makes_lists_less_alike),
        cmocka_unit_test(rows_of_training_change_nothing),
        cmocka_unit_test(an_arena_is_all_that_is_used),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
