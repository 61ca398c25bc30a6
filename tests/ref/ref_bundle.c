/* ref_bundle - fitted, saved, opened. */
#include "ref_bundle.h"

#include <stdlib.h>

#include "rs/base/mem.h"
#include "support.h"

void ref_bundle_of_split(struct ref_bundle *t, const char *model, const char *params)
{
    struct rs_err err = {0};
    t->m = ref_problem_fit(&t->split.p, model, params);
    t->dir = ref_temp_dir();
    assert_ok(rs_bundle_save(t->dir, t->m, &t->split.s, 3.5, 42, t->sha256, &err), &err);
    t->path = rs_xprintf("%s/%s.rsm", t->dir, t->sha256);
    assert_ok(rs_bundle_open(t->path, &t->b, &err), &err);
}

void ref_bundle_init(struct ref_bundle *t, uint64_t seed, int32_t n_users, int32_t n_items,
                     const char *model, const char *params)
{
    ref_split_init(&t->split, seed, n_users, n_items);
    ref_bundle_of_split(t, model, params);
}

void ref_bundle_clear(struct ref_bundle *t)
{
    rs_bundle_close(t->b);
    rs_model_free(t->m);
    free(t->path);
    ref_split_clear(&t->split);
    ref_remove(t->dir);
}
