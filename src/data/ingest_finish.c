/*
 * ingest_finish - all parts into sorted, unique columns.
 *
 * Rows that came sorted and whole stay where the parsers put them, rows that came user by user are
 * sorted there; all others are grouped.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"

/* From the last row of a to the first of b. */
static enum order order_between(const struct part *a, const struct part *b)
{
    int32_t user_a = a->id[0].narrow[a->n - 1];
    int32_t user_b = b->id[0].narrow[0];
    if (user_a != user_b) return user_a < user_b ? ORDER_SORTED : ORDER_NONE;
    return a->id[1].narrow[a->n - 1] < b->id[1].narrow[0] ? ORDER_SORTED : ORDER_GROUPED;
}

static enum order worse(enum order a, enum order b)
{
    return a > b ? a : b;
}

/* The order of all rows if they lie one behind the other in one slab; else none. */
static enum order whole_order(const struct ingest *g)
{
    enum order order = g->n_slabs == 1 ? ORDER_SORTED : ORDER_NONE;
    const struct part *before = NULL;
    const int32_t *next = g->n_slabs ? g->slabs[0].row : NULL;
    for (size_t k = 0; k < g->n_parts && order != ORDER_NONE; k++) {
        const struct part *p = &g->parts[k];
        if (p->n == 0) continue;
        if (p->id[0].narrow != next) return ORDER_NONE;
        order = worse(order, p->order);
        if (before) order = worse(order, order_between(before, p));
        next = p->id[0].narrow + p->n;
        before = p;
    }
    return order;
}

/* ---- event types ---------------------------------------------------------------------------- */

static int name_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void free_names(char **names)
{
    for (char **n = names; n && *n; n++)
        free(*n);
    free(names);
}

/* The name of type j of p, a copy. "" where its file has no types. */
static char *type_name(const struct part *p, int32_t j)
{
    size_t len;
    const char *s = intern_key(&p->types, j, &len);
    return rs_xstrndup(s, len);
}

/* Adds name (owned) if it is new. False: too many. */
static bool add_type(char **names, int *n, char *name)
{
    for (int i = 0; i < *n; i++) {
        if (strcmp(names[i], name) == 0) {
            free(name);
            return true;
        }
    }
    if (*n == MAX_TYPES) {
        free(name);
        return false;
    }
    names[(*n)++] = name;
    return true;
}

static void renumber_types(struct part *p, char **names, int n)
{
    uint8_t map[MAX_TYPES + 1] = {0};
    for (int32_t j = 0; j < p->types.n; j++) {
        char *name = type_name(p, j);
        for (int i = 0; i < n; i++) {
            if (strcmp(names[i], name) == 0) map[j] = (uint8_t)i;
        }
        free(name);
    }
    for (int64_t i = 0; i < p->n; i++)
        p->type[i] = map[p->type[i]];
}

/* Names of all parts, sorted, and the parts' numbers by them. */
static enum rs_code map_types(struct ingest *g, char ***out, struct rs_err *err)
{
    char **names = rs_xalloc(MAX_TYPES + 1, sizeof(*names));
    int n = 0;
    bool ok = true;
    for (size_t k = 0; k < g->n_parts && ok; k++) {
        const struct part *p = &g->parts[k];
        for (int32_t j = 0; j < p->types.n && ok; j++)
            ok = add_type(names, &n, type_name(p, j));
        if (p->n > 0 && !p->type) ok = ok && add_type(names, &n, rs_xstrdup(""));
    }
    if (!ok) {
        free_names(names);
        return rs_fail(err, RS_EPARSE, "more than %d event types", MAX_TYPES);
    }
    qsort(names, (size_t)n, sizeof(*names), name_cmp);
    for (size_t k = 0; k < g->n_parts; k++) {
        if (g->parts[k].type) renumber_types(&g->parts[k], names, n);
    }
    *out = names;
    return RS_OK;
}

/* ---- the end -------------------------------------------------------------------------------- */

static enum rs_code group(struct ingest *g, int32_t n_users, unsigned columns,
                          struct rs_columns *out, struct rs_err *err)
{
    struct rs_run *runs = rs_try_alloc(g->n_parts, sizeof(*runs));
    if (!runs) return rs_fail(err, RS_ENOMEM, "no memory for the parts of the rows");
    for (size_t k = 0; k < g->n_parts; k++) {
        const struct part *p = &g->parts[k];
        runs[k] = (struct rs_run){.n = p->n,
                                  .row = p->id[0].narrow,
                                  .col = p->id[1].narrow,
                                  .value = p->value,
                                  .time = p->time,
                                  .type = p->type};
    }
    enum rs_code rc =
        rs_group(runs, (int)g->n_parts, n_users, columns, out, &g->report->duplicates, err);
    free(runs);
    return rc;
}

/* The columns stay where they are; c->ptr is only needed meanwhile. */
static enum rs_code sort_in_place(struct rs_columns *c, int32_t n_users, int64_t *dropped_out,
                                  struct rs_err *err)
{
    c->ptr = rs_try_alloc_raw((size_t)n_users + 1, sizeof(*c->ptr));
    if (!c->ptr)
        return rs_fail(err, RS_ENOMEM, "no memory for the rows of %" PRId32 " users", n_users);
    rs_group_ptr(c->row, c->n, n_users, c->ptr);
    enum rs_code rc = rs_group_sort(c, n_users, dropped_out, err);
    free(c->ptr);
    c->ptr = NULL;
    return rc;
}

static enum rs_code arrange(struct ingest *g, struct rs_interactions *x, int64_t n,
                            struct rs_err *err)
{
    unsigned columns = RS_COLUMN_ROW | RS_COLUMN_VALUE;
    if (g->saw & 1U << ROLE_TIME) columns |= RS_COLUMN_TIME;
    if (g->saw & 1U << ROLE_TYPE) columns |= RS_COLUMN_TYPE;
    struct rs_columns c = {0};
    int32_t n_users = rs_idmap_size(x->users);
    enum order order = whole_order(g);
    enum rs_code rc = RS_OK;
    if (order == ORDER_NONE) {
        rc = group(g, n_users, columns, &c, err);
    } else {
        c = g->slabs[0];
        c.n = n;
        if (order == ORDER_GROUPED) rc = sort_in_place(&c, n_users, &g->report->duplicates, err);
        if (!rc) g->slabs[0].block = NULL;
    }
    if (rc) return rc;
    x->n = c.n;
    x->user = c.row;
    x->item = c.col;
    x->value = c.value;
    x->time = columns & RS_COLUMN_TIME ? c.time : NULL;
    x->type = columns & RS_COLUMN_TYPE ? c.type : NULL;
    x->owned = c.block;
    return RS_OK;
}

static void sum_up_again(struct ingest *g)
{
    int64_t n_parts = (int64_t)g->n_parts;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t k = 0; k < n_parts; k++)
        rs_part_sum_up(&g->parts[k]);
}

enum rs_code rs_ingest_finish(struct ingest *g, struct rs_interactions *out, struct rs_err *err)
{
    int64_t n = 0;
    for (size_t k = 0; k < g->n_parts; k++)
        n += g->parts[k].n;
    struct rs_interactions x = {0};
    bool ranked[2];
    enum rs_code rc = rs_ingest_map(g, 0, &x.users, &ranked[0], err);
    if (!rc) rc = rs_ingest_map(g, 1, &x.items, &ranked[1], err);
    if (!rc && !(ranked[0] && ranked[1])) sum_up_again(g);
    if (!rc && g->saw & 1U << ROLE_TYPE) rc = map_types(g, &x.types, err);
    if (!rc) rc = arrange(g, &x, n, err);
    if (rc) {
        rs_interactions_clear(&x);
    } else {
        *out = x;
    }
    return rc;
}

void rs_interactions_clear(struct rs_interactions *x)
{
    rs_idmap_free(x->users);
    rs_idmap_free(x->items);
    free_names(x->types);
    free(x->owned);
    *x = (struct rs_interactions){0};
}
