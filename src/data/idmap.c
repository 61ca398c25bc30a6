/*
 * idmap - sorted ids in flat arrays, found by binary search.
 *
 * Integers in one array, or texts in one string of bytes and n + 1 offsets. The arrays are one
 * owned block, or borrowed from a mapped pack. What must stay true: ids strictly ascending, texts
 * of 1 .. RS_ID_MAX_BYTES bytes of valid UTF-8 without NUL.
 */
#include "rs/data/idmap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

struct rs_idmap {
    int32_t n;
    const int64_t *ints;    /* [n]; NULL: texts */
    const int64_t *offsets; /* [n + 1]; NULL: integers */
    const char *bytes;
    void *owned; /* the block of the arrays; NULL: borrowed */
};

/* <0, 0, >0 as text a sorts before, equals, sorts after b: by bytes, a prefix first. */
static int text_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int c = memcmp(a, b, a_len < b_len ? a_len : b_len);
    if (c) return c;
    return (a_len > b_len) - (a_len < b_len);
}

static size_t text_len(const struct rs_idmap *m, int32_t i)
{
    return (size_t)(m->offsets[i + 1] - m->offsets[i]);
}

static enum rs_code check_ints(const struct rs_idmap *m, enum rs_code code, struct rs_err *err)
{
    for (int32_t i = 1; i < m->n; i++) {
        if (m->ints[i] > m->ints[i - 1]) continue;
        return rs_fail(err, code, "id %" PRId64 " at index %" PRId32 " is not above the one before",
                       m->ints[i], i);
    }
    return RS_OK;
}

static enum rs_code check_texts(const struct rs_idmap *m, enum rs_code code, struct rs_err *err)
{
    for (int32_t i = 0; i < m->n; i++) {
        const char *s = m->bytes + m->offsets[i];
        int64_t len = m->offsets[i + 1] - m->offsets[i];
        if (len < 1 || len > RS_ID_MAX_BYTES)
            return rs_fail(err, code, "id at index %" PRId32 " has %" PRId64 " bytes, not 1 to %d",
                           i, len, RS_ID_MAX_BYTES);
        if (memchr(s, 0, (size_t)len) || !rs_str_utf8_valid(s, (size_t)len))
            return rs_fail(err, code, "id at index %" PRId32 " is not text", i);
        if (i > 0 &&
            text_cmp(m->bytes + m->offsets[i - 1], text_len(m, i - 1), s, (size_t)len) >= 0)
            return rs_fail(err, code, "id '%.*s' at index %" PRId32 " is not after the one before",
                           (int)len, s, i);
    }
    return RS_OK;
}

/* Offsets start at 0, never fall, end at n_bytes: what check_texts relies on. */
static enum rs_code check_offsets(const int64_t *offsets, int32_t n, int64_t n_bytes,
                                  enum rs_code code, struct rs_err *err)
{
    bool ok = offsets[0] == 0 && offsets[n] == n_bytes;
    for (int32_t i = 0; ok && i < n; i++)
        ok = offsets[i] <= offsets[i + 1];
    return ok ? RS_OK : rs_fail(err, code, "offsets of ids do not rise from 0 to their end");
}

/* A map with an owned block; texts if n_bytes >= 0. The arrays come back writable. */
static struct rs_idmap *alloc_map(int32_t n, int64_t n_bytes, int64_t **words_out, char **bytes_out)
{
    size_t words = (size_t)n + (n_bytes >= 0 ? 1 : 0);
    size_t tail = n_bytes > 0 ? (size_t)n_bytes : 0;
    int64_t *block = rs_try_alloc(words * sizeof(int64_t) + tail, 1);
    if (!block) return NULL;
    struct rs_idmap *m = rs_xalloc(1, sizeof(*m));
    m->n = n;
    m->owned = block;
    *words_out = block;
    if (n_bytes < 0) {
        m->ints = block;
    } else {
        m->offsets = block;
        *bytes_out = (char *)(block + words);
        m->bytes = *bytes_out;
    }
    return m;
}

static enum rs_code no_memory(int32_t n, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "no memory for a map of %" PRId32 " ids", n);
}

/* Hands m over if it is sound, else frees it. */
static enum rs_code finish(struct rs_idmap *m, struct rs_idmap **out, struct rs_err *err)
{
    enum rs_code rc = m->ints ? check_ints(m, RS_EARG, err) : check_texts(m, RS_EARG, err);
    if (rc) {
        rs_idmap_free(m);
    } else {
        *out = m;
    }
    return rc;
}

enum rs_code rs_idmap_from_ints(const int64_t *ids, int32_t n, struct rs_idmap **out,
                                struct rs_err *err)
{
    int64_t *words;
    struct rs_idmap *m = alloc_map(n, -1, &words, NULL);
    if (!m) return no_memory(n, err);
    if (n > 0) memcpy(words, ids, (size_t)n * sizeof(*ids));
    return finish(m, out, err);
}

enum rs_code rs_idmap_from_texts(const int64_t *offsets, const char *bytes, int32_t n,
                                 struct rs_idmap **out, struct rs_err *err)
{
    enum rs_code rc = check_offsets(offsets, n, offsets[n], RS_EARG, err);
    if (rc) return rc;
    int64_t *words;
    char *copy = NULL;
    struct rs_idmap *m = alloc_map(n, offsets[n], &words, &copy);
    if (!m) return no_memory(n, err);
    memcpy(words, offsets, ((size_t)n + 1) * sizeof(*offsets));
    if (copy) memcpy(copy, bytes, (size_t)offsets[n]);
    return finish(m, out, err);
}

enum rs_code rs_idmap_subset(const struct rs_idmap *m, const int32_t *keep, int32_t n,
                             struct rs_idmap **out, struct rs_err *err)
{
    int64_t n_bytes = m->offsets ? 0 : -1;
    for (int32_t k = 0; k < n; k++) {
        rs_assert(keep[k] >= 0 && keep[k] < m->n && (k == 0 || keep[k] > keep[k - 1]));
        if (m->offsets) n_bytes += (int64_t)text_len(m, keep[k]);
    }
    int64_t *words;
    char *bytes = NULL;
    struct rs_idmap *sub = alloc_map(n, n_bytes, &words, &bytes);
    if (!sub) return no_memory(n, err);
    int64_t at = 0;
    for (int32_t k = 0; k < n; k++) {
        if (!m->offsets) {
            words[k] = m->ints[keep[k]];
            continue;
        }
        rs_assert(bytes);
        size_t len = text_len(m, keep[k]);
        memcpy(bytes + at, m->bytes + m->offsets[keep[k]], len);
        at += (int64_t)len;
        words[k + 1] = at;
    }
    *out = sub;
    return RS_OK;
}

void rs_idmap_free(struct rs_idmap *m)
{
    if (!m) return;
    free(m->owned);
    free(m);
}

int32_t rs_idmap_size(const struct rs_idmap *m)
{
    return m->n;
}

bool rs_idmap_is_int(const struct rs_idmap *m)
{
    return m->ints != NULL;
}

int32_t rs_idmap_find_int(const struct rs_idmap *m, int64_t id)
{
    if (!m->ints) {
        char text[24];
        snprintf(text, sizeof(text), "%" PRId64, id);
        return rs_idmap_find(m, text);
    }
    if (m->n == 0 || id < m->ints[0] || id > m->ints[m->n - 1]) return -1;
    int32_t lo = 0;
    int32_t hi = m->n; /* ids[lo] <= id < ids[hi] */
    while (hi - lo > 1) {
        int32_t mid = lo + (hi - lo) / 2;
        if (m->ints[mid] <= id) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return m->ints[lo] == id ? lo : -1;
}

int32_t rs_idmap_find(const struct rs_idmap *m, const char *id)
{
    size_t len = strlen(id);
    if (m->ints) {
        int64_t v;
        return rs_id_parse_int(id, len, &v) ? rs_idmap_find_int(m, v) : -1;
    }
    int32_t lo = 0;
    int32_t hi = m->n;
    while (lo < hi) {
        int32_t mid = lo + (hi - lo) / 2;
        int c = text_cmp(id, len, m->bytes + m->offsets[mid], text_len(m, mid));
        if (c == 0) return mid;
        if (c < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return -1;
}

int64_t rs_idmap_int(const struct rs_idmap *m, int32_t index)
{
    rs_assert(m->ints && index >= 0 && index < m->n);
    return m->ints[index];
}

const char *rs_idmap_text(const struct rs_idmap *m, int32_t index, size_t *len_out)
{
    rs_assert(m->offsets && index >= 0 && index < m->n);
    *len_out = text_len(m, index);
    return m->bytes + m->offsets[index];
}

void rs_idmap_add_text(const struct rs_idmap *m, int32_t index, struct rs_str *out)
{
    rs_assert(index >= 0 && index < m->n);
    if (m->ints) {
        rs_str_add_int(out, m->ints[index]);
    } else {
        rs_str_addn(out, m->bytes + m->offsets[index], text_len(m, index));
    }
}

struct rs_val *rs_idmap_val(const struct rs_idmap *m, int32_t index)
{
    rs_assert(index >= 0 && index < m->n);
    if (m->ints) return rs_val_int(m->ints[index]);
    char text[RS_ID_MAX_BYTES + 1];
    size_t len = text_len(m, index);
    memcpy(text, m->bytes + m->offsets[index], len);
    text[len] = '\0';
    return rs_val_str(text);
}

bool rs_id_parse_int(const char *s, size_t len, int64_t *out)
{
    bool negative = len > 0 && s[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == len || len - at > 19) return false;
    if (s[at] == '0' && (len - at > 1 || negative)) return false; /* 07, -0 */
    uint64_t v = 0;                                               /* 19 digits fit */
    for (; at < len; at++) {
        if (s[at] < '0' || s[at] > '9') return false;
        v = v * 10 + (uint64_t)(s[at] - '0');
    }
    if (v > (uint64_t)INT64_MAX + negative) return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* ---- packs ---------------------------------------------------------------------------------- */

static const char *section(char name[16], const char *prefix, const char *suffix)
{
    int n = snprintf(name, 16, "%s.%s", prefix, suffix);
    rs_assert(n > 0 && n < 16);
    return name;
}

enum rs_code rs_idmap_save(const struct rs_idmap *m, struct rs_writer *w, const char *prefix,
                           struct rs_err *err)
{
    char name[16];
    size_t n = (size_t)m->n;
    if (m->ints)
        return rs_writer_add(w, section(name, prefix, "int"), RS_PACK_I64, m->ints, n, err);
    enum rs_code rc =
        rs_writer_add(w, section(name, prefix, "off"), RS_PACK_I64, m->offsets, n + 1, err);
    if (rc) return rc;
    return rs_writer_add(w, section(name, prefix, "txt"), RS_PACK_BYTES, m->bytes,
                         (size_t)m->offsets[n], err);
}

/* Sections of r into m; their contents are not checked yet. */
static enum rs_code borrow(const struct rs_reader *r, const char *prefix, struct rs_idmap *m,
                           int64_t *n_bytes_out, struct rs_err *err)
{
    char name[16];
    const void *data;
    int64_t n;
    bool ints = rs_pack_has(r, section(name, prefix, "int"));
    if (!ints) section(name, prefix, "off");
    enum rs_code rc = rs_pack_get(r, name, RS_PACK_I64, -1, &data, &n, err);
    if (rc) return rc;
    n -= ints ? 0 : 1;
    if (n < 0 || n >= INT32_MAX)
        return rs_fail(err, RS_EDAMAGED, "'%s': section '%s' has %" PRId64 " ids", rs_pack_path(r),
                       name, n);
    m->n = (int32_t)n;
    if (ints) {
        m->ints = data;
        return RS_OK;
    }
    m->offsets = data;
    rc = rs_pack_get(r, section(name, prefix, "txt"), RS_PACK_BYTES, -1, &data, n_bytes_out, err);
    if (!rc) m->bytes = data;
    return rc;
}

enum rs_code rs_idmap_load(const struct rs_reader *r, const char *prefix, struct rs_idmap **out,
                           struct rs_err *err)
{
    struct rs_idmap *m = rs_xalloc(1, sizeof(*m));
    int64_t n_bytes = 0;
    enum rs_code rc = borrow(r, prefix, m, &n_bytes, err);
    if (!rc) {
        if (m->ints) {
            rc = check_ints(m, RS_EDAMAGED, err);
        } else {
            rs_assert(m->offsets);
            rc = check_offsets(m->offsets, m->n, n_bytes, RS_EDAMAGED, err);
            if (!rc) rc = check_texts(m, RS_EDAMAGED, err);
        }
        if (rc) rs_wrap(err, "'%s': ids '%s'", rs_pack_path(r), prefix);
    }
    if (rc) {
        free(m);
    } else {
        *out = m;
    }
    return rc;
}
