/*
 * ingest_intern - byte strings numbered by first appearance: open addressing over one string of
 * bytes.
 */
#include "ingest_impl.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"

#define FIRST_SLOTS 1024

void rs_intern_clear(struct intern *t)
{
    free(t->at);
    free(t->bytes);
    free(t->hash);
    free(t->slots);
    *t = (struct intern){0};
}

static void put_slot(struct intern *t, int32_t key)
{
    size_t mask = t->n_slots - 1;
    size_t i = t->hash[key] & mask;
    while (t->slots[i])
        i = (i + 1) & mask;
    t->slots[i] = key + 1;
}

static bool grow_slots(struct intern *t)
{
    size_t n = t->n_slots ? 4 * t->n_slots : FIRST_SLOTS;
    int32_t *slots = rs_try_alloc(n, sizeof(*slots));
    if (!slots) return false;
    free(t->slots);
    t->slots = slots;
    t->n_slots = n;
    for (int32_t i = 0; i < t->n; i++)
        put_slot(t, i);
    return true;
}

static bool grow_keys(struct intern *t)
{
    size_t old = (size_t)t->cap;
    size_t cap = old ? 2 * old : FIRST_SLOTS / 2;
    if (cap > INT32_MAX / 2) return false;
    int64_t *at = rs_try_realloc(t->at, old ? old + 1 : 0, cap + 1, sizeof(*at));
    if (!at) return false;
    t->at = at;
    uint32_t *hash = rs_try_realloc(t->hash, old, cap, sizeof(*hash));
    if (!hash) return false;
    t->hash = hash;
    t->cap = (int32_t)cap;
    return true;
}

static bool grow_bytes(struct intern *t, size_t len)
{
    size_t used = t->n ? (size_t)t->at[t->n] : 0;
    if (t->bytes && used + len <= t->bytes_cap) return true;
    size_t cap = 2 * t->bytes_cap + len + 4096;
    char *bytes = rs_try_realloc(t->bytes, used, cap, 1);
    if (!bytes) return false;
    t->bytes = bytes;
    t->bytes_cap = cap;
    return true;
}

int32_t rs_intern_add(struct intern *t, const char *key, size_t len)
{
    uint32_t hash = (uint32_t)(rs_checksum(key, len) >> 16);
    if (t->n_slots) {
        size_t mask = t->n_slots - 1;
        for (size_t i = hash & mask; t->slots[i]; i = (i + 1) & mask) {
            int32_t k = t->slots[i] - 1;
            size_t k_len;
            const char *have = intern_key(t, k, &k_len);
            if (t->hash[k] == hash && k_len == len && memcmp(have, key, len) == 0) return k;
        }
    }
    if ((size_t)t->n >= t->n_slots / 2 && !grow_slots(t)) return -1;
    if (t->n == t->cap && !grow_keys(t)) return -1;
    if (!grow_bytes(t, len)) return -1;
    int32_t k = t->n++;
    memcpy(t->bytes + t->at[k], key, len);
    t->at[k + 1] = t->at[k] + (int64_t)len;
    t->hash[k] = hash;
    put_slot(t, k);
    return k;
}
