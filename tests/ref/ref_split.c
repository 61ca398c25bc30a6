/* ref_split - id maps and a catalogue around the rows of a ref_problem. */
#include "ref_split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "support.h"

static void make_ids(struct ref_split *t)
{
    struct rs_err err = {0};
    int64_t *ids = rs_xalloc((size_t)t->p.n_users, sizeof(*ids));
    for (int32_t u = 0; u < t->p.n_users; u++) {
        ids[u] = 10 * (int64_t)(u + 1);
    }
    assert_ok(rs_idmap_from_ints(ids, t->p.n_users, &t->s.users, &err), &err);
    free(ids);
    size_t n = (size_t)t->p.n_items;
    int64_t *offsets = rs_xalloc(n + 1, sizeof(*offsets));
    char *texts = rs_xalloc(n, 12);
    for (size_t i = 0; i < n; i++) {
        int len = snprintf(texts + offsets[i], 12, "i%03d", (int)i);
        offsets[i + 1] = offsets[i] + len;
    }
    assert_ok(rs_idmap_from_texts(offsets, texts, t->p.n_items, &t->s.items, &err), &err);
    free(offsets);
    free(texts);
}

static void make_catalogue(struct ref_split *t)
{
    struct rs_err err = {0};
    t->s.catalogue = rs_catalogue_new(t->p.n_items);
    for (int32_t i = 0; i < t->p.n_items; i++) {
        char title[40];
        snprintf(title, sizeof(title), "Film %d (19%02d)", i, i % 100);
        assert_ok(
            rs_catalogue_set(t->s.catalogue, i, title, i % 2 ? "Drama|Comedy" : "Drama", 0, &err),
            &err);
    }
}

void ref_split_init(struct ref_split *t, uint64_t seed, int32_t n_users, int32_t n_items)
{
    memset(t, 0, sizeof(*t));
    ref_problem_sized(&t->p, seed, n_users, n_items, 0.2);
    ref_problem_sized(&t->val, seed + 1000, n_users, n_items, 0.05);
    t->s = (struct rs_split){.dataset = rs_xstrdup("made-up"),
                             .name = rs_xstrdup("by-hand"),
                             .n_users = n_users,
                             .n_items = n_items,
                             .train = t->p.ui,
                             .train_t = t->p.iu,
                             .val = t->val.ui};
    memset(t->s.fingerprint, 'a', 64);
    memset(t->s.dataset_fingerprint, 'b', 64);
    make_ids(t);
    make_catalogue(t);
}

void ref_split_clear(struct ref_split *t)
{
    rs_idmap_free(t->s.users);
    rs_idmap_free(t->s.items);
    rs_catalogue_free(t->s.catalogue);
    free(t->s.dataset);
    free(t->s.name);
    ref_problem_clear(&t->p);
    ref_problem_clear(&t->val);
    memset(t, 0, sizeof(*t));
}
