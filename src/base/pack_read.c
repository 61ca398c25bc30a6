/*
 * pack_read - opens a pack only after every byte of it has been checked.
 *
 * Nothing from the file is used before it was compared with the file's true size: the header is
 * checked first, then the table, then sections and the gaps between them in file order.
 */
#include <stdlib.h>
#include <string.h>

#include "pack_impl.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"

struct rs_reader {
    struct rs_map map;
    char *path;
    const struct pack_section *sections; /* in the map */
    size_t n;
};

size_t rs_pack_elem_size(uint32_t type)
{
    static const unsigned char sizes[] = {
        [RS_PACK_BYTES] = 1, [RS_PACK_U8] = 1,  [RS_PACK_I32] = 4,
        [RS_PACK_I64] = 8,   [RS_PACK_F32] = 4, [RS_PACK_F64] = 8,
    };
    return type < sizeof(sizes) ? sizes[type] : 0;
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {
        [RS_PACK_BYTES] = "bytes", [RS_PACK_U8] = "u8",   [RS_PACK_I32] = "i32",
        [RS_PACK_I64] = "i64",     [RS_PACK_F32] = "f32", [RS_PACK_F64] = "f64",
    };
    return type < sizeof(names) / sizeof(*names) ? names[type] : "unknown";
}

static const char *bytes_of(const struct rs_reader *r)
{
    return r->map.data;
}

static enum rs_code damaged(const struct rs_reader *r, const char *why, struct rs_err *err)
{
    return rs_fail(err, RS_EDAMAGED, "'%s' is damaged (%s): make it again or restore a copy",
                   r->path, why);
}

static bool all_zero(const char *p, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        if (p[i]) return false;
    return true;
}

static enum rs_code check_header(const struct rs_reader *r, struct rs_err *err)
{
    const struct pack_header *h = r->map.data;
    if (r->map.len < sizeof(*h)) return damaged(r, "shorter than its header", err);
    if (memcmp(h->magic, PACK_MAGIC, sizeof(h->magic)) != 0)
        return rs_fail(err, RS_EDAMAGED, "'%s' is damaged, or no file of this program", r->path);
    if (h->header_checksum != rs_checksum(h, offsetof(struct pack_header, header_checksum)))
        return damaged(r, "header checksum differs", err);
    if (h->layout != PACK_LAYOUT)
        return rs_fail(err, RS_EARG,
                       "'%s' has file layout %u, this program reads %d: use a newer recsys-tui",
                       r->path, h->layout, PACK_LAYOUT);
    if (h->file_size != r->map.len) return damaged(r, "cut short or too long", err);
    if (h->n_sections > PACK_MAX_SECTIONS || h->table_offset > h->file_size ||
        h->table_offset < sizeof(*h) || h->table_offset % PACK_ALIGN ||
        h->file_size - h->table_offset != h->n_sections * sizeof(struct pack_section))
        return damaged(r, "section table out of bounds", err);
    if (!all_zero((const char *)h->zero, 0, sizeof(h->zero)))
        return damaged(r, "header padding is not zero", err);
    return RS_OK;
}

static enum rs_code check_kind(const struct rs_reader *r, const char *kind, uint32_t min_version,
                               uint32_t max_version, struct rs_err *err)
{
    const struct pack_header *h = r->map.data;
    if (memcmp(h->kind, kind, sizeof(h->kind)) != 0)
        return rs_fail(err, RS_EDAMAGED, "'%s' is of kind '%.4s', not '%s'", r->path, h->kind,
                       kind);
    if (h->version > max_version)
        return rs_fail(err, RS_EARG,
                       "'%s' has format version %u, this program reads up to %u: use a newer "
                       "recsys-tui, or make the file again",
                       r->path, h->version, max_version);
    if (h->version < min_version)
        return rs_fail(err, RS_EARG,
                       "'%s' has format version %u, this program reads from %u: make the file "
                       "again",
                       r->path, h->version, min_version);
    return RS_OK;
}

static bool section_sound(const struct rs_reader *r, size_t i, uint64_t expected_offset)
{
    const struct pack_header *h = r->map.data;
    const struct pack_section *s = &r->sections[i];
    size_t elem = rs_pack_elem_size(s->type);
    size_t name_len = strnlen(s->name, PACK_NAME_SIZE);
    if (name_len == 0 || name_len == PACK_NAME_SIZE) return false;
    if (!all_zero(s->name, name_len, PACK_NAME_SIZE) || s->zero != 0) return false;
    if (s->offset != expected_offset || s->offset > h->table_offset) return false;
    return s->bytes <= h->table_offset - s->offset && elem > 0 && s->bytes % elem == 0;
}

/* Table, then each section and the zeros after it. */
static enum rs_code check_sections(const struct rs_reader *r, struct rs_err *err)
{
    const struct pack_header *h = r->map.data;
    if (h->table_checksum != rs_checksum(r->sections, r->n * sizeof(*r->sections)))
        return damaged(r, "section table checksum differs", err);
    uint64_t offset = sizeof(*h);
    for (size_t i = 0; i < r->n; i++) {
        const struct pack_section *s = &r->sections[i];
        if (!section_sound(r, i, offset)) return damaged(r, "section table makes no sense", err);
        if (s->checksum != rs_checksum(bytes_of(r) + s->offset, s->bytes))
            return rs_fail(err, RS_EDAMAGED,
                           "'%s' is damaged (checksum of section '%s' differs): make it again or "
                           "restore a copy",
                           r->path, s->name);
        uint64_t end = s->offset + s->bytes;
        offset = pack_align(end);
        if (offset > h->table_offset) return damaged(r, "section table makes no sense", err);
        if (!all_zero(bytes_of(r), end, offset))
            return damaged(r, "padding between sections is not zero", err);
    }
    return offset == h->table_offset ? RS_OK : damaged(r, "bytes outside of every section", err);
}

enum rs_code rs_pack_open(const char *path, const char *kind, uint32_t min_version,
                          uint32_t max_version, struct rs_reader **out, struct rs_err *err)
{
    struct rs_reader *r = rs_xalloc(1, sizeof(*r));
    r->path = rs_xstrdup(path);
    enum rs_code rc = rs_map_open(path, &r->map, err);
    if (!rc) rc = check_header(r, err);
    if (!rc) rc = check_kind(r, kind, min_version, max_version, err);
    if (!rc) {
        const struct pack_header *h = r->map.data;
        r->sections = (const void *)(bytes_of(r) + h->table_offset);
        r->n = h->n_sections;
        rc = check_sections(r, err);
    }
    if (rc) {
        rs_pack_close(r);
        return rc;
    }
    *out = r;
    return RS_OK;
}

void rs_pack_close(struct rs_reader *r)
{
    if (!r) return;
    rs_map_close(&r->map);
    free(r->path);
    free(r);
}

static const struct pack_section *find(const struct rs_reader *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->sections[i].name, name) == 0) return &r->sections[i];
    return NULL;
}

bool rs_pack_has(const struct rs_reader *r, const char *name)
{
    return find(r, name) != NULL;
}

enum rs_code rs_pack_get(const struct rs_reader *r, const char *name, enum rs_pack_type type,
                         int64_t n_want, const void **out, int64_t *n_out, struct rs_err *err)
{
    const struct pack_section *s = find(r, name);
    if (!s) return rs_fail(err, RS_EDAMAGED, "'%s' has no section '%s'", r->path, name);
    if (s->type != (uint32_t)type)
        return rs_fail(err, RS_EDAMAGED, "'%s': section '%s' holds %s, not %s", r->path, name,
                       type_name(s->type), type_name((uint32_t)type));
    size_t elem = rs_pack_elem_size(s->type);
    rs_assert(elem > 0); /* checked on opening */
    int64_t n = (int64_t)(s->bytes / elem);
    if (n_want >= 0 && n != n_want)
        return rs_fail(err, RS_EDAMAGED, "'%s': section '%s' has %lld elements, not %lld", r->path,
                       name, (long long)n, (long long)n_want);
    *out = bytes_of(r) + s->offset;
    if (n_out) *n_out = n;
    return RS_OK;
}

size_t rs_pack_size(const struct rs_reader *r)
{
    return r->map.len;
}

const char *rs_pack_path(const struct rs_reader *r)
{
    return r->path;
}

size_t rs_pack_n_sections(const struct rs_reader *r)
{
    return r->n;
}

const char *rs_pack_section(const struct rs_reader *r, size_t i, int64_t *offset_out,
                            int64_t *bytes_out)
{
    rs_assert(i < r->n);
    if (offset_out) *offset_out = (int64_t)r->sections[i].offset;
    if (bytes_out) *bytes_out = (int64_t)r->sections[i].bytes;
    return r->sections[i].name;
}
