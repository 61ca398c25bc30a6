/*
 * ask - external ids looked up in a bundle: rows of items, and bits of what may be listed.
 *
 * Ids become bits of a set over items, and the set is read in order: that sorts them and makes them
 * unique without a sort.
 */
#include "rs/models/ask.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

#define MAX_LIST_FILE ((size_t)256 << 20)

static size_t words_of(int32_t n_items)
{
    return (size_t)n_items / 64 + 1;
}

static void add_bit(uint64_t *bits, int32_t item)
{
    bits[item / 64] |= 1ULL << (item % 64);
}

/* One wish while it is resolved. */
struct resolver {
    const struct rs_bundle *b;
    const struct rs_wish *w;
    struct rs_arena *arena;
    size_t words;   /* of a set over the items */
    uint64_t *bits; /* a set, empty between uses */
    size_t ignored;
};

static enum rs_code no_memory(const struct resolver *r, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "a request over %d items", rs_idmap_size(r->b->items));
}

static uint64_t *empty_set(const struct resolver *r)
{
    uint64_t *bits = rs_arena_alloc(r->arena, r->words * sizeof(*bits));
    if (bits) memset(bits, 0, r->words * sizeof(*bits));
    return bits;
}

/* Adds ids[n] to a set; an unknown one is counted, and with `strict` an error. */
static enum rs_code add_ids(struct resolver *r, const char *const *ids, size_t n, bool strict,
                            uint64_t *bits, struct rs_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int32_t item = rs_idmap_find(r->b->items, ids[i]);
        if (item >= 0) {
            add_bit(bits, item);
            continue;
        }
        r->ignored++;
        if (strict) {
            return rs_fail(err, RS_ENOTFOUND, "item '%s' is not in the model's catalogue", ids[i]);
        }
    }
    return RS_OK;
}

/* Empties r->bits into an ascending row; most: at least as many as there are. */
static enum rs_code take_row(struct resolver *r, size_t most, const int32_t **out, int32_t *n_out,
                             struct rs_err *err)
{
    size_t n_items = (size_t)rs_idmap_size(r->b->items);
    int32_t *row = rs_arena_alloc(r->arena, (most < n_items ? most : n_items) * sizeof(*row));
    if (!row) return no_memory(r, err);
    int32_t n = 0;
    for (size_t word = 0; word < r->words; word++) {
        for (uint64_t left = r->bits[word]; left; left &= left - 1) {
            row[n++] = (int32_t)(word * 64) + __builtin_ctzll(left);
        }
        r->bits[word] = 0;
    }
    *out = row;
    *n_out = n;
    return RS_OK;
}

static enum rs_code read_row(struct resolver *r, const char *const *ids, size_t n, bool strict,
                             const int32_t **out, int32_t *n_out, struct rs_err *err)
{
    if (n == 0) return RS_OK;
    enum rs_code rc = add_ids(r, ids, n, strict, r->bits, err);
    return rc ? rc : take_row(r, n, out, n_out, err);
}

/* Where item is in an ascending row that has it. */
static int32_t place_of(const int32_t *row, int32_t n, int32_t item)
{
    int32_t low = 0;
    for (int32_t high = n - 1; low < high;) {
        int32_t middle = low + (high - low) / 2;
        if (row[middle] < item) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Events as rows with values, the last one of an item over those before. */
static enum rs_code read_events(struct resolver *r, struct rs_ask *ask, struct rs_err *err)
{
    size_t n = r->w->n_events;
    if (n == 0) return RS_OK;
    int32_t *found = rs_arena_alloc(r->arena, n * sizeof(*found));
    float *values = rs_arena_alloc(r->arena, n * sizeof(*values));
    if (!found || !values) return no_memory(r, err);
    for (size_t e = 0; e < n; e++) {
        bool usable = fabs(r->w->events[e].value) <= (double)FLT_MAX;
        found[e] = usable ? rs_idmap_find(r->b->items, r->w->events[e].item_id) : -1;
        if (found[e] >= 0) add_bit(r->bits, found[e]);
    }
    enum rs_code rc = take_row(r, n, &ask->items, &ask->n_items, err);
    if (rc) return rc;
    for (size_t e = 0; e < n; e++) {
        if (found[e] < 0) continue;
        values[place_of(ask->items, ask->n_items, found[e])] = (float)r->w->events[e].value;
    }
    ask->values = values;
    return RS_OK;
}

static enum rs_code read_who(struct resolver *r, struct rs_ask *ask, struct rs_err *err)
{
    const struct rs_wish *w = r->w;
    if (!w->user_id) {
        return read_row(r, w->items, w->n_items, w->strict, &ask->items, &ask->n_items, err);
    }
    ask->user = rs_idmap_find(r->b->users, w->user_id);
    enum rs_code rc = read_events(r, ask, err);
    if (!rc && w->strict && ask->user < 0 && ask->n_items == 0) {
        rc = rs_fail(err, RS_ENOTFOUND, "user '%s' was not in training", w->user_id);
    }
    return rc;
}

static enum rs_code read_genres(const struct resolver *r, uint64_t *mask_out, struct rs_err *err)
{
    *mask_out = 0;
    for (size_t i = 0; i < r->w->n_genres; i++) {
        int32_t genre = rs_catalogue_find_genre(r->b->catalogue, r->w->genres[i]);
        if (genre < 0) {
            return rs_fail(err, RS_ENOTFOUND, "genre '%s' is not in the catalogue",
                           r->w->genres[i]);
        }
        *mask_out |= 1ULL << genre;
    }
    return RS_OK;
}

/* Takes the items that have none of the genres out of a set. */
static void keep_genres(const struct resolver *r, uint64_t mask, uint64_t *bits)
{
    int32_t n_items = rs_idmap_size(r->b->items);
    for (size_t word = 0; word < r->words; word++) {
        uint64_t kept = 0;
        int32_t first = (int32_t)(word * 64);
        for (int32_t i = first; bits[word] && i < n_items && i < first + 64; i++) {
            bool has = (rs_catalogue_genre_mask(r->b->catalogue, i) & mask) != 0;
            kept |= (uint64_t)has << (i - first);
        }
        bits[word] &= kept;
    }
}

/* Candidates, genres and the wish's own set in one set. */
static enum rs_code read_allowed(struct resolver *r, struct rs_ask *ask, struct rs_err *err)
{
    const struct rs_wish *w = r->w;
    ask->allowed = w->allowed;
    if (!w->candidates && !w->genres) return RS_OK;
    uint64_t *bits = empty_set(r);
    if (!bits) return no_memory(r, err);
    if (w->candidates) {
        enum rs_code rc = add_ids(r, w->candidates, w->n_candidates, w->strict, bits, err);
        if (rc) return rc;
    } else {
        memset(bits, 0xff, r->words * sizeof(*bits));
    }
    for (size_t i = 0; w->allowed && i < r->words; i++) {
        bits[i] &= w->allowed[i];
    }
    ask->allowed = bits;
    if (!w->genres) return RS_OK;
    uint64_t mask;
    enum rs_code rc = read_genres(r, &mask, err);
    if (!rc) keep_genres(r, mask, bits);
    return rc;
}

enum rs_code rs_wish_resolve(const struct rs_bundle *b, const struct rs_wish *w,
                             struct rs_arena *arena, struct rs_ask *out, size_t *ignored_out,
                             struct rs_err *err)
{
    struct rs_ask ask = {.user = -1,
                         .k = w->k,
                         .offset = w->offset,
                         .diversity = w->diversity,
                         .exclude_seen = w->exclude_seen};
    struct resolver r = {
        .b = b, .w = w, .arena = arena, .words = words_of(rs_idmap_size(b->items))};
    if (w->user_id && w->items) {
        return rs_fail(err, RS_EARG, "a user and items: say one of them");
    }
    enum rs_code rc = rs_ask_check(&ask, err);
    if (rc) return rc;
    r.bits = empty_set(&r);
    if (!r.bits) return no_memory(&r, err);
    rc = read_who(&r, &ask, err);
    if (!rc) rc = read_allowed(&r, &ask, err);
    size_t ignored = r.ignored; /* an excluded item that is unknown needs no leaving out */
    if (!rc) rc = read_row(&r, w->exclude, w->n_exclude, false, &ask.exclude, &ask.n_exclude, err);
    if (rc) return rc;
    *out = ask;
    *ignored_out = ignored;
    return RS_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The id in a line: blanks around it and a comment behind it taken off. A # inside a word belongs
 * to it. */
static char *id_of_line(char *line, size_t *len)
{
    while (*len && is_blank(*line)) {
        line++;
        (*len)--;
    }
    for (size_t i = 0; i < *len; i++) {
        if (line[i] == '#' && (i == 0 || is_blank(line[i - 1]))) *len = i;
    }
    while (*len && is_blank(line[*len - 1])) {
        (*len)--;
    }
    return line;
}

typedef void item_fn(uint64_t *bits, int32_t item);

static void clear_bit(uint64_t *bits, int32_t item)
{
    bits[item / 64] &= ~(1ULL << (item % 64));
}

/* fn for every item of a file of ids that the bundle knows. */
static enum rs_code each_listed(const struct rs_bundle *b, const char *path, item_fn *fn,
                                uint64_t *bits, struct rs_err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_code rc = rs_fs_read(path, MAX_LIST_FILE, &text, &len, err);
    if (rc) return rc;
    int64_t line = 1;
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    bool marked = len >= 3 && memcmp(text, byte_order_mark, 3) == 0;
    for (char *at = text + (marked ? 3 : 0); !rc && at < text + len; line++) {
        char *newline = memchr(at, '\n', (size_t)(text + len - at));
        char *end = newline ? newline : text + len;
        size_t n = (size_t)(end - at);
        char *id = id_of_line(at, &n);
        if (memchr(id, '\0', n) || !rs_str_utf8_valid(id, n)) {
            rc = rs_fail(err, RS_EPARSE, "%s:%" PRId64 ": not UTF-8 text: one item id a line", path,
                         line);
        } else if (n > RS_ID_MAX_BYTES) {
            rc = rs_fail(err, RS_EPARSE, "%s:%" PRId64 ": an id of %zu bytes, more than %d", path,
                         line, n, RS_ID_MAX_BYTES);
        } else if (n > 0) {
            id[n] = '\0'; /* of the line's end, a blank, a comment, or the file's own NUL */
            int32_t item = rs_idmap_find(b->items, id);
            if (item >= 0) fn(bits, item);
        }
        at = end + 1;
    }
    free(text);
    return rc;
}

enum rs_code rs_allowed_read(const struct rs_bundle *b, const char *allow, const char *deny,
                             uint64_t **out, struct rs_err *err)
{
    bool has_allow = allow && allow[0];
    bool has_deny = deny && deny[0];
    *out = NULL;
    if (!has_allow && !has_deny) return RS_OK;
    size_t words = words_of(rs_idmap_size(b->items));
    uint64_t *bits = rs_try_alloc(words, sizeof(*bits));
    if (!bits) return rs_fail(err, RS_ENOMEM, "a set of %d items", rs_idmap_size(b->items));
    if (!has_allow) memset(bits, 0xff, words * sizeof(*bits));
    enum rs_code rc = has_allow ? each_listed(b, allow, add_bit, bits, err) : RS_OK;
    if (!rc && has_deny) rc = each_listed(b, deny, clear_bit, bits, err);
    if (rc) {
        free(bits);
        return rc;
    }
    *out = bits;
    return RS_OK;
}
