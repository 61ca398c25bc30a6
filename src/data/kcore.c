/*
 * kcore - peels users and items with too few rows until none is left.
 *
 * A row lives while its user and its item live. Each node is taken off once and its rows are then
 * looked at once, so the cost is linear however long the chain of removals gets. The fixed point
 * does not depend on the order of removals.
 */
#include <stdlib.h>

#include "rs/base/mem.h"
#include "rs/data/split.h"

struct graph {
    const struct rs_interactions *x;
    int32_t n_users;
    int32_t n_items;
    int64_t *user_ptr;   /* [n_users + 1] rows of a user in x */
    int64_t *item_ptr;   /* [n_items + 1] */
    int32_t *item_users; /* [n] users of an item */
    int64_t *user_deg;   /* [n_users] living rows */
    int64_t *item_deg;   /* [n_items] */
    int32_t *queue;      /* [n_users + n_items] to take off: user u is u, item i is n_users + i */
    int64_t n_queue;
};

static enum rs_code graph_init(struct graph *g, const struct rs_interactions *x, struct rs_err *err)
{
    size_t n_users = (size_t)rs_idmap_size(x->users);
    size_t n_items = (size_t)rs_idmap_size(x->items);
    *g = (struct graph){.x = x, .n_users = (int32_t)n_users, .n_items = (int32_t)n_items};
    g->user_ptr = rs_try_alloc(n_users + 1, sizeof(*g->user_ptr));
    g->item_ptr = rs_try_alloc(n_items + 1, sizeof(*g->item_ptr));
    g->item_users = rs_try_alloc((size_t)x->n, sizeof(*g->item_users));
    g->user_deg = rs_try_alloc(n_users, sizeof(*g->user_deg));
    g->item_deg = rs_try_alloc(n_items, sizeof(*g->item_deg));
    g->queue = rs_try_alloc(n_users + n_items, sizeof(*g->queue));
    if (!g->user_ptr || !g->item_ptr || !g->item_users || !g->user_deg || !g->item_deg || !g->queue)
        return rs_fail(err, RS_ENOMEM, "k-core of %lld rows: out of memory", (long long)x->n);
    for (int64_t r = 0; r < x->n; r++) {
        g->user_deg[x->user[r]]++;
        g->item_deg[x->item[r]]++;
    }
    for (size_t u = 0; u < n_users; u++)
        g->user_ptr[u + 1] = g->user_ptr[u] + g->user_deg[u];
    for (size_t i = 0; i < n_items; i++)
        g->item_ptr[i + 1] = g->item_ptr[i] + g->item_deg[i];
    for (int64_t r = x->n; r-- > 0;) /* item_deg runs down here and is set again below */
        g->item_users[g->item_ptr[x->item[r]] + --g->item_deg[x->item[r]]] = x->user[r];
    for (size_t i = 0; i < n_items; i++)
        g->item_deg[i] = g->item_ptr[i + 1] - g->item_ptr[i];
    return RS_OK;
}

static void graph_clear(struct graph *g)
{
    free(g->user_ptr);
    free(g->item_ptr);
    free(g->item_users);
    free(g->user_deg);
    free(g->item_deg);
    free(g->queue);
}

/* One row of the node less; the node goes when that takes it below its core. */
static void take_row(struct graph *g, int64_t *deg, int64_t core, uint8_t *keep, int32_t node)
{
    if (--*deg >= core || !*keep) return;
    *keep = 0;
    g->queue[g->n_queue++] = node;
}

static void peel(struct graph *g, int64_t user_core, int64_t item_core, uint8_t *keep_user,
                 uint8_t *keep_item)
{
    for (int32_t u = 0; u < g->n_users; u++) {
        keep_user[u] = g->user_deg[u] >= user_core;
        if (!keep_user[u]) g->queue[g->n_queue++] = u;
    }
    for (int32_t i = 0; i < g->n_items; i++) {
        keep_item[i] = g->item_deg[i] >= item_core;
        if (!keep_item[i]) g->queue[g->n_queue++] = g->n_users + i;
    }
    for (int64_t at = 0; at < g->n_queue; at++) {
        int32_t node = g->queue[at];
        if (node < g->n_users) {
            for (int64_t r = g->user_ptr[node]; r < g->user_ptr[node + 1]; r++) {
                int32_t i = g->x->item[r];
                take_row(g, &g->item_deg[i], item_core, &keep_item[i], g->n_users + i);
            }
        } else {
            int32_t i = node - g->n_users;
            for (int64_t r = g->item_ptr[i]; r < g->item_ptr[i + 1]; r++) {
                int32_t u = g->item_users[r];
                take_row(g, &g->user_deg[u], user_core, &keep_user[u], u);
            }
        }
    }
}

enum rs_code rs_k_core(const struct rs_interactions *x, int32_t user_core, int32_t item_core,
                       uint8_t *keep_user, uint8_t *keep_item, int64_t *rows_out,
                       struct rs_err *err)
{
    struct graph g;
    enum rs_code rc = graph_init(&g, x, err);
    if (!rc) {
        peel(&g, user_core > 1 ? user_core : 1, item_core > 1 ? item_core : 1, keep_user,
             keep_item);
        int64_t rows = 0;
        for (int64_t r = 0; r < x->n; r++)
            rows += keep_user[x->user[r]] && keep_item[x->item[r]];
        *rows_out = rows;
    }
    graph_clear(&g);
    return rc;
}
