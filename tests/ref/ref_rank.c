/* ref_rank - collect what may appear, sort it all, cut. */
#include "ref_rank.h"

#include <stdlib.h>

#include "rs/base/mem.h"

static int before(const void *a, const void *b)
{
    const struct rs_ranked *x = a;
    const struct rs_ranked *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

int32_t ref_topk(const float *scores, int32_t n_items, const int32_t *exclude, int32_t n_exclude,
                 const uint64_t *allowed, int32_t k, struct rs_ranked *out)
{
    struct rs_ranked *all = rs_xalloc((size_t)n_items + 1, sizeof(*all));
    int32_t n = 0;
    for (int32_t i = 0; i < n_items; i++) {
        bool left_out = allowed && !(allowed[i / 64] >> (i % 64) & 1);
        for (int32_t e = 0; e < n_exclude; e++) {
            left_out = left_out || exclude[e] == i;
        }
        if (!left_out) all[n++] = (struct rs_ranked){.item = i, .score = scores[i]};
    }
    qsort(all, (size_t)n, sizeof(*all), before);
    if (n > k) n = k;
    for (int32_t i = 0; i < n; i++) {
        out[i] = all[i];
    }
    free(all);
    return n;
}
