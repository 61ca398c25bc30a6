/* eval_problem - see the header. */
#include "ref/eval_problem.h"

#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

static const char *const genre_texts[] = {"", "Drama", "Comedy|Drama", "Comedy", "Crime|Drama|War"};

float ep_stranger_score(const int32_t *items, int32_t n, int32_t item)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += items[i] * (item + 3) + items[i] / 3;
    }
    return (float)(sum % 13);
}

static enum rs_code table_score(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                                float *scores, bool *known_out, void *scratch, struct rs_err *err)
{
    (void)scratch;
    (void)err;
    const struct ep_model *t = (const struct ep_model *)m;
    for (int32_t i = 0; i < n; i++) {
        float *row = scores + (int64_t)i * m->n_items;
        known_out[i] = who[i].n > 0;
        for (int32_t item = 0; item < m->n_items; item++) {
            row[item] = who[i].user < 0 ? ep_stranger_score(who[i].items, who[i].n, item)
                                        : t->scores[(int64_t)who[i].user * m->n_items + item];
        }
    }
    return RS_OK;
}

static const float *table_vectors(const struct rs_model *m, int32_t *f_out)
{
    *f_out = EP_F;
    return ((const struct ep_model *)m)->vectors;
}

const struct rs_model_ops ep_ops = {
    .name = "table", .score = table_score, .item_vectors = table_vectors};
const struct rs_model_ops ep_plain_ops = {.name = "plain", .score = table_score};

void ep_take_part(const uint8_t *part_of, const float *values, int32_t n_users, int32_t n_items,
                  enum ep_part part, struct rs_csr *out)
{
    struct rs_err err = {0};
    size_t cells = (size_t)n_users * (size_t)n_items;
    int32_t *rows = rs_xalloc(cells, sizeof(*rows));
    int32_t *cols = rs_xalloc(cells, sizeof(*cols));
    float *kept = rs_xalloc(cells, sizeof(*kept));
    int64_t n = 0;
    for (size_t c = 0; c < cells; c++) {
        if (part_of[c] != part) continue;
        rows[n] = (int32_t)(c / (size_t)n_items);
        cols[n] = (int32_t)(c % (size_t)n_items);
        kept[n++] = values[c];
    }
    assert_ok(rs_csr_from_rows(n, rows, cols, kept, NULL, n_users, n_items, out, NULL, &err), &err);
    free(rows);
    free(cols);
    free(kept);
}

/* User 0 has every item in train, so that none is without a train row. */
static enum ep_part draw_part(int32_t user, bool held_out, bool silent, struct rs_rng *rng)
{
    static const enum ep_part known[] = {EP_UNSEEN, EP_UNSEEN, EP_UNSEEN, EP_TRAIN,
                                         EP_TRAIN,  EP_VAL,    EP_TEST,   EP_TEST};
    enum ep_part part = known[rs_rng_below(rng, 8)];
    if (user == 0) return EP_TRAIN;
    if (held_out && part == EP_TRAIN) return silent ? EP_UNSEEN : EP_FOLD;
    if (held_out && part == EP_VAL) return EP_TEST;
    if (!held_out && silent && part != EP_UNSEEN) return EP_TRAIN;
    return part;
}

static void assign_parts(uint8_t *part_of, float *values, int32_t n_users, int32_t n_items,
                         bool holdout, struct rs_rng *rng)
{
    for (int32_t u = 0; u < n_users; u++) {
        bool silent = rs_rng_below(rng, 6) == 0; /* nothing held out; or a stranger's empty past */
        for (int32_t i = 0; i < n_items; i++) {
            size_t cell = (size_t)u * (size_t)n_items + (size_t)i;
            part_of[cell] = (uint8_t)draw_part(u, holdout && u % 3 == 1, silent, rng);
            values[cell] = 0.5f * (float)(1 + rs_rng_below(rng, 10));
        }
    }
}

static void describe_items(struct ep_problem *p, struct rs_rng *rng)
{
    struct rs_err err = {0};
    int32_t n_items = p->split.n_items;
    p->split.catalogue = rs_catalogue_new(n_items);
    p->vectors = rs_xalloc((size_t)n_items * EP_F, sizeof(*p->vectors));
    p->dense_vectors = rs_xalloc((size_t)n_items * EP_F, sizeof(*p->dense_vectors));
    p->dense_genres = rs_xalloc((size_t)n_items * EP_GENRES, sizeof(*p->dense_genres));
    static const char *const names[] = {"Comedy", "Crime", "Drama", "War"};
    for (int32_t i = 0; i < n_items; i++) {
        const char *genres = genre_texts[rs_rng_below(rng, 5)];
        assert_ok(rs_catalogue_set(p->split.catalogue, i, "A Film (1999)", genres, 0, &err), &err);
        for (int g = 0; g < EP_GENRES; g++) {
            p->dense_genres[i * EP_GENRES + g] = strstr(genres, names[g]) != NULL;
        }
        for (int c = 0; c < EP_F; c++) { /* every seventh item has the zero vector */
            p->vectors[i * EP_F + c] = i % 7 == 3 ? 0.0f : (float)rs_rng_normal(rng);
            p->dense_vectors[i * EP_F + c] = (double)p->vectors[i * EP_F + c];
        }
    }
}

void ep_init(struct ep_problem *p, uint64_t seed, int32_t n_users, bool holdout)
{
    struct rs_rng rng = rs_rng_make(seed, rs_rng_stream("eval_problem", 0));
    struct rs_err err = {0};
    int32_t n_items = 5 + (int32_t)rs_rng_below(&rng, EP_MAX_ITEMS - 5);
    size_t cells = (size_t)n_users * (size_t)n_items;
    uint8_t *part_of = rs_xalloc(cells, 1);
    float *values = rs_xalloc(cells, sizeof(*values));
    assign_parts(part_of, values, n_users, n_items, holdout, &rng);
    *p = (struct ep_problem){.split = {.protocol = holdout ? RS_USER_HOLDOUT : RS_RANDOM,
                                       .n_users = n_users,
                                       .n_items = n_items}};
    ep_take_part(part_of, values, n_users, n_items, EP_TRAIN, &p->split.train);
    ep_take_part(part_of, values, n_users, n_items, EP_VAL, &p->split.val);
    ep_take_part(part_of, values, n_users, n_items, EP_TEST, &p->split.test);
    ep_take_part(part_of, values, n_users, n_items, EP_FOLD, &p->split.fold);
    assert_ok(rs_csr_transpose(&p->split.train, &p->split.train_t, &err), &err);
    describe_items(p, &rng);
    p->scores = rs_xalloc(cells, sizeof(*p->scores));
    for (size_t c = 0; c < cells; c++) {
        p->scores[c] = (float)rs_rng_below(&rng, 12); /* many ties */
    }
    p->model = (struct ep_model){.base = {.ops = &ep_ops, .n_users = n_users, .n_items = n_items},
                                 .scores = p->scores,
                                 .vectors = p->vectors};
    free(part_of);
    free(values);
}

void ep_clear(struct ep_problem *p)
{
    rs_csr_clear(&p->split.train);
    rs_csr_clear(&p->split.train_t);
    rs_csr_clear(&p->split.val);
    rs_csr_clear(&p->split.test);
    rs_csr_clear(&p->split.fold);
    rs_catalogue_free(p->split.catalogue);
    free(p->scores);
    free(p->vectors);
    free(p->dense_genres);
    free(p->dense_vectors);
}
