/*
 * catalogue - titles in one block of NUL-terminated texts, genres as bit masks, years.
 *
 * Genre names are always sorted and bit g stands for name g: a new name moves the bits above it in
 * every mask, which happens at most 64 times. Offset 0 of the block is the empty title.
 */
#include "rs/data/catalogue.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/mem.h"

struct rs_catalogue {
    int32_t n_items;
    int32_t n_genres;
    char *genres[RS_MAX_GENRES]; /* sorted */
    const int64_t *offsets;      /* [n_items] of the title in titles */
    const uint64_t *masks;       /* [n_items] */
    const int32_t *years;        /* [n_items] */
    const char *titles;          /* [n_titles] bytes, the last is NUL */
    size_t n_titles;
    /* The same memory while it is ours to change; NULL after load. */
    int64_t *own_offsets;
    uint64_t *own_masks;
    int32_t *own_years;
    char *own_titles;
    size_t cap_titles;
};

/* ---- make --------------------------------------------------------------------------------- */

static bool reserve_titles(struct rs_catalogue *c, size_t more)
{
    size_t need = c->n_titles + more;
    if (need <= c->cap_titles) return true;
    size_t cap = c->cap_titles ? c->cap_titles : 256;
    while (cap < need)
        cap *= 2;
    char *grown = rs_try_realloc(c->own_titles, c->n_titles, cap, 1);
    if (!grown) return false;
    c->titles = c->own_titles = grown;
    c->cap_titles = cap;
    return true;
}

struct rs_catalogue *rs_catalogue_new(int32_t n_items)
{
    rs_assert(n_items >= 0);
    struct rs_catalogue *c = rs_xalloc(1, sizeof(*c));
    c->n_items = n_items;
    c->offsets = c->own_offsets = rs_try_alloc((size_t)n_items, sizeof(*c->own_offsets));
    c->masks = c->own_masks = rs_try_alloc((size_t)n_items, sizeof(*c->own_masks));
    c->years = c->own_years = rs_try_alloc((size_t)n_items, sizeof(*c->own_years));
    if (!c->own_offsets || !c->own_masks || !c->own_years || !reserve_titles(c, 1)) {
        rs_catalogue_free(c);
        return NULL;
    }
    c->n_titles = 1; /* the empty title */
    return c;
}

void rs_catalogue_free(struct rs_catalogue *c)
{
    if (!c) return;
    for (int32_t g = 0; g < c->n_genres; g++)
        free(c->genres[g]);
    free(c->own_offsets);
    free(c->own_masks);
    free(c->own_years);
    free(c->own_titles);
    free(c);
}

static bool set_title(struct rs_catalogue *c, int32_t item, const char *title)
{
    size_t len = strlen(title);
    c->own_offsets[item] = 0;
    if (len == 0) return true;
    if (!reserve_titles(c, len + 1)) return false;
    memcpy(c->own_titles + c->n_titles, title, len + 1);
    c->own_offsets[item] = (int64_t)c->n_titles;
    c->n_titles += len + 1;
    return true;
}

/* Bit of a genre, made if new; -1: no bit is left. */
static int genre_bit(struct rs_catalogue *c, const char *name, size_t len)
{
    int32_t at = 0;
    for (; at < c->n_genres; at++) {
        int order = strncmp(c->genres[at], name, len);
        if (order == 0 && c->genres[at][len] == '\0') return at;
        if (order >= 0) break;
    }
    if (c->n_genres == RS_MAX_GENRES) return -1;
    memmove(&c->genres[at + 1], &c->genres[at], (size_t)(c->n_genres - at) * sizeof(*c->genres));
    c->genres[at] = rs_xstrndup(name, len);
    c->n_genres++;
    uint64_t below = (UINT64_C(1) << at) - 1;
    for (int32_t i = 0; i < c->n_items; i++)
        c->own_masks[i] = (c->own_masks[i] & below) | (c->own_masks[i] & ~below) << 1;
    return at;
}

static enum rs_code set_genres(struct rs_catalogue *c, int32_t item, const char *genres,
                               struct rs_err *err)
{
    c->own_masks[item] = 0;
    if (strcmp(genres, "(no genres listed)") == 0) return RS_OK;
    for (const char *at = genres; *at;) {
        size_t len = strcspn(at, "|");
        if (len > 0) {
            int bit = genre_bit(c, at, len);
            if (bit < 0)
                return rs_fail(err, RS_EARG, "genre '%.*s' is one more than %d different genres",
                               len < 100 ? (int)len : 100, at, RS_MAX_GENRES);
            c->own_masks[item] |= UINT64_C(1) << bit;
        }
        at += len + (at[len] == '|');
    }
    return RS_OK;
}

/* 1999 of "Title (1999) "; 0 where a title does not end so. */
static int32_t year_of(const char *title)
{
    size_t n = strlen(title);
    while (n > 0 && title[n - 1] == ' ')
        n--;
    if (n < 6 || title[n - 1] != ')' || title[n - 6] != '(') return 0;
    int32_t year = 0;
    for (size_t i = n - 5; i < n - 1; i++) {
        if (title[i] < '0' || title[i] > '9') return 0;
        year = year * 10 + (title[i] - '0');
    }
    return year;
}

enum rs_code rs_catalogue_set(struct rs_catalogue *c, int32_t item, const char *title,
                              const char *genres, int32_t year, struct rs_err *err)
{
    rs_assert(c->own_masks && item >= 0 && item < c->n_items);
    if (!set_title(c, item, title))
        return rs_fail(err, RS_ENOMEM, "titles of the catalogue: out of memory");
    c->own_years[item] = year ? year : year_of(title);
    return set_genres(c, item, genres, err);
}

enum rs_code rs_catalogue_subset(const struct rs_catalogue *c, const int32_t *keep, int32_t n,
                                 struct rs_catalogue **out, struct rs_err *err)
{
    struct rs_catalogue *s = rs_catalogue_new(n);
    if (!s) return rs_fail(err, RS_ENOMEM, "catalogue of %d items: out of memory", n);
    s->n_genres = c->n_genres;
    for (int32_t g = 0; g < c->n_genres; g++)
        s->genres[g] = rs_xstrdup(c->genres[g]);
    for (int32_t i = 0; i < n; i++) {
        rs_assert(keep[i] >= 0 && keep[i] < c->n_items);
        s->own_masks[i] = c->masks[keep[i]];
        s->own_years[i] = c->years[keep[i]];
        if (!set_title(s, i, rs_catalogue_title(c, keep[i]))) {
            rs_catalogue_free(s);
            return rs_fail(err, RS_ENOMEM, "titles of the catalogue: out of memory");
        }
    }
    *out = s;
    return RS_OK;
}

/* ---- read --------------------------------------------------------------------------------- */

int32_t rs_catalogue_size(const struct rs_catalogue *c)
{
    return c->n_items;
}

const char *rs_catalogue_title(const struct rs_catalogue *c, int32_t item)
{
    return c->titles + c->offsets[item];
}

uint64_t rs_catalogue_genre_mask(const struct rs_catalogue *c, int32_t item)
{
    return c->masks[item];
}

int32_t rs_catalogue_year(const struct rs_catalogue *c, int32_t item)
{
    return c->years[item];
}

int32_t rs_catalogue_n_genres(const struct rs_catalogue *c)
{
    return c->n_genres;
}

const char *rs_catalogue_genre(const struct rs_catalogue *c, int32_t genre)
{
    rs_assert(genre >= 0 && genre < c->n_genres);
    return c->genres[genre];
}

int32_t rs_catalogue_find_genre(const struct rs_catalogue *c, const char *name)
{
    for (int32_t g = 0; g < c->n_genres; g++)
        if (strcasecmp(c->genres[g], name) == 0) return g;
    return -1;
}

void rs_catalogue_add_genres(const struct rs_catalogue *c, int32_t item, struct rs_str *out)
{
    bool first = true;
    for (int32_t g = 0; g < c->n_genres; g++) {
        if (!(c->masks[item] >> g & 1)) continue;
        if (!first) rs_str_addc(out, '|');
        rs_str_add(out, c->genres[g]);
        first = false;
    }
}

/* ---- save and load ------------------------------------------------------------------------ */

/* Titles in item order: the order of setting, and what was replaced, leave no trace. */
static size_t lay_titles(const struct rs_catalogue *c, int64_t *offsets, char *titles)
{
    size_t len = 1;
    for (int32_t i = 0; i < c->n_items; i++) {
        const char *title = rs_catalogue_title(c, i);
        size_t bytes = strlen(title) + 1;
        if (bytes == 1) continue;
        offsets[i] = (int64_t)len;
        memcpy(titles + len, title, bytes);
        len += bytes;
    }
    return len;
}

static enum rs_code write_sections(const struct rs_catalogue *c, const int64_t *offsets,
                                   const char *titles, size_t len, struct rs_writer *w,
                                   struct rs_err *err)
{
    size_t n = (size_t)c->n_items;
    struct rs_val *genres = rs_val_list();
    for (int32_t g = 0; g < c->n_genres; g++)
        rs_val_push(genres, rs_val_str(c->genres[g]));
    enum rs_code rc = rs_writer_add(w, "cat.title", RS_PACK_BYTES, titles, len, err);
    if (!rc) rc = rs_writer_add(w, "cat.title_at", RS_PACK_I64, offsets, n, err);
    if (!rc) rc = rs_writer_add_json(w, "cat.genre", genres, err);
    if (!rc) rc = rs_writer_add(w, "cat.mask", RS_PACK_I64, c->masks, n, err);
    if (!rc) rc = rs_writer_add(w, "cat.year", RS_PACK_I32, c->years, n, err);
    rs_val_free(genres);
    return rc;
}

enum rs_code rs_catalogue_save(const struct rs_catalogue *c, struct rs_writer *w,
                               struct rs_err *err)
{
    int64_t *offsets = rs_try_alloc((size_t)c->n_items, sizeof(*offsets));
    char *titles = rs_try_alloc(c->n_titles, 1);
    enum rs_code rc;
    if (offsets && titles) {
        rc = write_sections(c, offsets, titles, lay_titles(c, offsets, titles), w, err);
    } else {
        rc = rs_fail(err, RS_ENOMEM, "save catalogue: out of memory");
    }
    free(offsets);
    free(titles);
    return rc;
}

static bool load_genres(struct rs_catalogue *c, const struct rs_val *names)
{
    if (names->type != RS_VAL_LIST || names->n > RS_MAX_GENRES) return false;
    for (size_t g = 0; g < names->n; g++) {
        const struct rs_val *name = names->items[g];
        if (name->type != RS_VAL_STR) return false;
        if (g > 0 && strcmp(c->genres[g - 1], name->s) >= 0) return false;
        c->genres[c->n_genres++] = rs_xstrdup(name->s);
    }
    return true;
}

/* Titles as lay_titles lays them: none shares bytes with another, so all fit into n_titles. */
static bool rows_sound(const struct rs_catalogue *c)
{
    uint64_t beyond = c->n_genres < 64 ? ~UINT64_C(0) << c->n_genres : 0;
    if (c->n_titles == 0 || c->titles[0] != '\0' || c->titles[c->n_titles - 1] != '\0')
        return false;
    int64_t before = 0; /* offset of the last title that is not empty */
    for (int32_t i = 0; i < c->n_items; i++) {
        if (c->masks[i] & beyond) return false;
        int64_t at = c->offsets[i];
        if (at == 0) continue;
        if (at <= before || (size_t)at >= c->n_titles || c->titles[at - 1] != '\0') return false;
        before = at;
    }
    return true;
}

enum rs_code rs_catalogue_load(const struct rs_reader *r, int32_t n_items,
                               struct rs_catalogue **out, struct rs_err *err)
{
    struct rs_catalogue *c = rs_xalloc(1, sizeof(*c));
    struct rs_val *names = NULL;
    const void *titles = NULL;
    const void *offsets = NULL;
    const void *masks = NULL;
    const void *years = NULL;
    int64_t n_titles = 0;
    c->n_items = n_items;
    enum rs_code rc = rs_pack_get(r, "cat.title", RS_PACK_BYTES, -1, &titles, &n_titles, err);
    if (!rc) rc = rs_pack_get(r, "cat.title_at", RS_PACK_I64, n_items, &offsets, NULL, err);
    if (!rc) rc = rs_pack_get(r, "cat.mask", RS_PACK_I64, n_items, &masks, NULL, err);
    if (!rc) rc = rs_pack_get(r, "cat.year", RS_PACK_I32, n_items, &years, NULL, err);
    if (!rc) rc = rs_pack_get_json(r, "cat.genre", &names, err);
    c->titles = titles;
    c->n_titles = (size_t)n_titles;
    c->offsets = offsets;
    c->masks = masks;
    c->years = years;
    if (!rc && (!load_genres(c, names) || !rows_sound(c)))
        rc = rs_fail(err, RS_EDAMAGED, "'%s' has a catalogue that makes no sense: make it again",
                     rs_pack_path(r));
    rs_val_free(names);
    if (rc) {
        rs_catalogue_free(c);
    } else {
        *out = c;
    }
    return rc;
}
