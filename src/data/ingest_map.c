/*
 * ingest_map - external ids of one column into dense indices, part by part.
 *
 * Small integers go through one table indexed by id. All others are numbered within their part,
 * the parts' distinct ids are put together, sorted, and the numbers replaced by ranks. Indices are
 * ranks of ids, so the order of rows in the files is no part of the result.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"

/* A table of this many ids a row, and this many beside, costs less than hashing. */
#define TABLE_PER_ROW 2
#define TABLE_MIN     ((int64_t)1 << 20)

static enum rs_code no_memory(struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "no memory for the map of ids");
}

/* ---- small integers ------------------------------------------------------------------------- */

/* The largest id, or -1 where some column is not narrow. */
static int64_t largest_narrow(const struct ingest *g, int column)
{
    int64_t largest = 0;
    for (size_t k = 0; k < g->n_parts; k++) {
        const struct part *p = &g->parts[k];
        if (p->id[column].kind != ID_NARROW) return -1;
        if (p->n > 0 && p->largest[column] > largest) largest = p->largest[column];
    }
    return largest;
}

/* seen[id] = 1 for every id; several threads may write the same 1. */
static void mark(const struct part *p, int column, int32_t *seen)
{
    const int32_t *id = p->id[column].narrow;
    for (int64_t i = 0; i < p->n; i++) {
        int32_t *at = &seen[id[i]]; /* read first: a line that is not written stays shared */
        if (!__atomic_load_n(at, __ATOMIC_RELAXED)) __atomic_store_n(at, 1, __ATOMIC_RELAXED);
    }
}

static enum rs_code map_table(struct ingest *g, int column, int64_t largest, struct rs_idmap **out,
                              struct rs_err *err)
{
    int32_t *table = rs_try_alloc((size_t)largest + 1, sizeof(*table));
    int64_t *ids = NULL;
    if (!table) return no_memory(err);
    int64_t n_parts = (int64_t)g->n_parts;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t k = 0; k < n_parts; k++)
        mark(&g->parts[k], column, table);
    int32_t n = 0;
    for (int64_t id = 0; id <= largest; id++)
        n += table[id];
    ids = rs_try_alloc_raw((size_t)n, sizeof(*ids));
    enum rs_code rc = ids ? RS_OK : no_memory(err);
    if (rc) goto done;
    n = 0;
    for (int64_t id = 0; id <= largest; id++) {
        if (!table[id]) continue;
        table[id] = n;
        ids[n++] = id;
    }
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t k = 0; k < n_parts; k++) {
        int32_t *id = g->parts[k].id[column].narrow;
        for (int64_t i = 0; i < g->parts[k].n; i++)
            id[i] = table[id[i]];
    }
    rc = rs_idmap_from_ints(ids, n, out, err);
done:
    free(table);
    free(ids);
    return rc;
}

/* ---- all others ----------------------------------------------------------------------------- */

/* Number the ids of a part's rows; keys are texts, or the eight bytes of integers. */
static bool number_ids(struct part *p, int column, bool texts)
{
    struct id_column *c = &p->id[column];
    if (c->kind == ID_TEXT) return true;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t id = c->kind == ID_WIDE ? c->wide[i] : c->narrow[i];
        char key[24];
        int len = (int)sizeof(id);
        if (texts) {
            len = snprintf(key, sizeof(key), "%" PRId64, id);
        } else {
            memcpy(key, &id, sizeof(id));
        }
        c->narrow[i] = rs_intern_add(&c->texts, key, (size_t)len);
        if (c->narrow[i] < 0) return false;
    }
    free(c->wide);
    c->wide = NULL;
    return true;
}

/* A distinct id, and its number in the table of all. */
struct key {
    uint64_t order; /* integers: offset by 2^63; texts: first eight bytes */
    const char *s;
    size_t len;
    int32_t number;
};

static int key_cmp(const void *pa, const void *pb)
{
    const struct key *a = pa;
    const struct key *b = pb;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    int c = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
    return c ? c : (a->len > b->len) - (a->len < b->len);
}

static struct key make_key(const struct intern *all, int32_t number, bool texts)
{
    struct key k = {.number = number};
    k.s = intern_key(all, number, &k.len);
    if (texts) {
        for (size_t i = 0; i < 8; i++)
            k.order = k.order << 8 | (i < k.len ? (unsigned char)k.s[i] : 0);
    } else {
        memcpy(&k.order, k.s, sizeof(k.order));
        k.order ^= UINT64_C(1) << 63;
    }
    return k;
}

/* Sorted keys as a map. */
static enum rs_code make_map(const struct key *keys, int32_t n, bool texts, struct rs_idmap **out,
                             struct rs_err *err)
{
    size_t n_bytes = 0;
    for (int32_t i = 0; texts && i < n; i++)
        n_bytes += keys[i].len;
    int64_t *words = rs_try_alloc_raw((size_t)n + 1, sizeof(*words));
    char *bytes = rs_try_alloc_raw(n_bytes, 1);
    enum rs_code rc;
    if (!words || !bytes) {
        rc = no_memory(err);
    } else if (!texts) {
        for (int32_t i = 0; i < n; i++)
            words[i] = (int64_t)(keys[i].order ^ UINT64_C(1) << 63);
        rc = rs_idmap_from_ints(words, n, out, err);
    } else {
        words[0] = 0;
        for (int32_t i = 0; i < n; i++) {
            memcpy(bytes + words[i], keys[i].s, keys[i].len);
            words[i + 1] = words[i] + (int64_t)keys[i].len;
        }
        rc = rs_idmap_from_texts(words, bytes, n, out, err);
    }
    free(words);
    free(bytes);
    return rc;
}

/* number[first[k] + j]: the number among all of key j of part k. */
static bool join_parts(const struct ingest *g, int column, struct intern *all, const int64_t *first,
                       int32_t *number)
{
    for (size_t k = 0; k < g->n_parts; k++) {
        const struct intern *own = &g->parts[k].id[column].texts;
        for (int32_t j = 0; j < own->n; j++) {
            size_t len;
            const char *key = intern_key(own, j, &len);
            int32_t at = rs_intern_add(all, key, len);
            if (at < 0) return false;
            number[first[k] + j] = at;
        }
    }
    return true;
}

/* Ranks of all keys in rank[], and the map. */
static enum rs_code rank_keys(const struct intern *all, bool texts, int32_t *rank,
                              struct rs_idmap **out, struct rs_err *err)
{
    struct key *keys = rs_try_alloc_raw((size_t)all->n, sizeof(*keys));
    if (!keys) return no_memory(err);
    for (int32_t i = 0; i < all->n; i++)
        keys[i] = make_key(all, i, texts);
    qsort(keys, (size_t)all->n, sizeof(*keys), key_cmp);
    for (int32_t i = 0; i < all->n; i++)
        rank[keys[i].number] = i;
    enum rs_code rc = make_map(keys, all->n, texts, out, err);
    free(keys);
    return rc;
}

static bool number_all(struct ingest *g, int column, bool texts)
{
    atomic_bool ok = true;
    int64_t n_parts = (int64_t)g->n_parts;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t k = 0; k < n_parts; k++) {
        if (ok && !number_ids(&g->parts[k], column, texts)) ok = false;
    }
    return ok;
}

static enum rs_code map_keys(struct ingest *g, int column, struct rs_idmap **out,
                             struct rs_err *err)
{
    bool texts = false;
    for (size_t k = 0; k < g->n_parts; k++)
        texts |= g->parts[k].id[column].kind == ID_TEXT;
    if (!number_all(g, column, texts)) return no_memory(err);
    struct intern all = {0};
    int32_t *number = NULL;
    int32_t *rank = NULL;
    enum rs_code rc = RS_OK;
    int64_t *first = rs_try_alloc(g->n_parts + 1, sizeof(*first));
    if (!first) return no_memory(err);
    for (size_t k = 0; k < g->n_parts; k++)
        first[k + 1] = first[k] + g->parts[k].id[column].texts.n;
    number = rs_try_alloc_raw((size_t)first[g->n_parts], sizeof(*number));
    if (!number || !join_parts(g, column, &all, first, number)) {
        rc = no_memory(err);
        goto done;
    }
    rank = rs_try_alloc_raw((size_t)all.n, sizeof(*rank));
    rc = rank ? rank_keys(&all, texts, rank, out, err) : no_memory(err);
    if (rc) goto done;
    int64_t n_parts = (int64_t)g->n_parts;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t k = 0; k < n_parts; k++) {
        struct part *p = &g->parts[k];
        for (int64_t i = 0; i < p->n; i++)
            p->id[column].narrow[i] = rank[number[first[k] + p->id[column].narrow[i]]];
        rs_intern_clear(&p->id[column].texts);
    }
done:
    rs_intern_clear(&all);
    free(number);
    free(rank);
    free(first);
    return rc;
}

enum rs_code rs_ingest_map(struct ingest *g, int column, struct rs_idmap **out, bool *ranked_out,
                           struct rs_err *err)
{
    int64_t n = 0;
    for (size_t k = 0; k < g->n_parts; k++)
        n += g->parts[k].n;
    int64_t largest = largest_narrow(g, column);
    *ranked_out = largest >= 0 && largest < TABLE_PER_ROW * n + TABLE_MIN;
    if (*ranked_out) return map_table(g, column, largest, out, err);
    return map_keys(g, column, out, err);
}
