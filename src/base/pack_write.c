/* pack_write - writes sections as they come, then the table, then the header over its zeros. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pack_impl.h"
#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"

struct rs_writer {
    struct rs_fs_file file;
    struct pack_header header;
    struct pack_section *sections;
    size_t n;
    size_t cap;
    uint64_t at; /* bytes written so far */
    bool failed; /* a write failed: close must not rename */
};

enum rs_code rs_writer_open(const char *path, const char *kind, uint32_t version,
                            struct rs_writer **out, struct rs_err *err)
{
    rs_assert(strlen(kind) == sizeof(((struct pack_header *)0)->kind));
    struct rs_writer *w = rs_xalloc(1, sizeof(*w));
    enum rs_code rc = rs_fs_create(path, &w->file, err);
    if (rc) {
        free(w);
        return rc;
    }
    memcpy(w->header.magic, PACK_MAGIC, sizeof(w->header.magic));
    memcpy(w->header.kind, kind, sizeof(w->header.kind));
    w->header.layout = PACK_LAYOUT;
    w->header.version = version;
    *out = w;
    return RS_OK;
}

static enum rs_code put(struct rs_writer *w, const void *data, size_t bytes, struct rs_err *err)
{
    if (bytes && fwrite(data, 1, bytes, w->file.f) != bytes) {
        w->failed = true;
        return rs_fail_errno(err, errno, "write '%s'", w->file.path);
    }
    w->at += bytes;
    return RS_OK;
}

/* Zeros up to the next multiple of 64, after the room for the header. */
static enum rs_code pad(struct rs_writer *w, struct rs_err *err)
{
    static const char zeros[PACK_ALIGN];
    uint64_t to = w->at ? pack_align(w->at) : sizeof(struct pack_header);
    return put(w, zeros, (size_t)(to - w->at), err);
}

static enum rs_code check_name(const struct rs_writer *w, const char *name, struct rs_err *err)
{
    size_t len = strlen(name);
    if (len == 0 || len >= PACK_NAME_SIZE)
        return rs_fail(err, RS_EARG, "write '%s': section name '%s' has not 1 to %d characters",
                       w->file.path, name, PACK_NAME_SIZE - 1);
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->sections[i].name, name) == 0)
            return rs_fail(err, RS_EARG, "write '%s': section '%s' twice", w->file.path, name);
    }
    if (w->n == PACK_MAX_SECTIONS)
        return rs_fail(err, RS_EARG, "write '%s': more than %d sections", w->file.path,
                       PACK_MAX_SECTIONS);
    return RS_OK;
}

static bool grow(struct rs_writer *w)
{
    if (w->n < w->cap) return true;
    size_t cap = w->cap ? 2 * w->cap : 16;
    struct pack_section *more = rs_try_realloc(w->sections, w->n, cap, sizeof(*more));
    if (!more) return false;
    w->sections = more;
    w->cap = cap;
    return true;
}

enum rs_code rs_writer_add(struct rs_writer *w, const char *name, enum rs_pack_type type,
                           const void *data, size_t n, struct rs_err *err)
{
    size_t elem = rs_pack_elem_size(type);
    rs_assert(elem > 0);
    size_t bytes;
    enum rs_code rc = check_name(w, name, err);
    if (rc) return rc;
    if (__builtin_mul_overflow(n, elem, &bytes))
        return rs_fail(err, RS_EARG, "write '%s': section '%s' of %zu elements is too large",
                       w->file.path, name, n);
    if (!grow(w)) return rs_fail(err, RS_ENOMEM, "write '%s': out of memory", w->file.path);
    rc = pad(w, err);
    if (rc) return rc;
    struct pack_section *s = &w->sections[w->n];
    *s = (struct pack_section){.type = (uint32_t)type, .offset = w->at, .bytes = bytes};
    memcpy(s->name, name, strlen(name));
    s->checksum = rs_checksum(data, bytes);
    rc = put(w, data, bytes, err);
    if (!rc) w->n++;
    return rc;
}

/* Table and header. */
static enum rs_code finish(struct rs_writer *w, struct rs_err *err)
{
    struct pack_header *h = &w->header;
    enum rs_code rc = pad(w, err);
    if (rc) return rc;
    size_t bytes = w->n * sizeof(*w->sections);
    h->n_sections = (uint32_t)w->n;
    h->table_offset = w->at;
    h->file_size = w->at + bytes;
    h->table_checksum = rs_checksum(w->sections, bytes);
    h->header_checksum = rs_checksum(h, offsetof(struct pack_header, header_checksum));
    rc = put(w, w->sections, bytes, err);
    if (rc) return rc;
    if (fseeko(w->file.f, 0, SEEK_SET) != 0 || fwrite(h, sizeof(*h), 1, w->file.f) != 1 ||
        fflush(w->file.f) != 0)
        return rs_fail_errno(err, errno, "write '%s'", w->file.path);
    return RS_OK;
}

static enum rs_code hash_file(const char *path, char *sha256_out, struct rs_err *err)
{
    struct rs_map map = {0};
    enum rs_code rc = rs_map_open(path, &map, err);
    if (rc) return rc;
    rs_sha256_of(map.data, map.len, sha256_out);
    rs_map_close(&map);
    return RS_OK;
}

/* The last part of the target's path becomes <hash><suffix>. */
static void rename_target(struct rs_fs_file *file, const char *hash, const char *suffix)
{
    const char *slash = strrchr(file->path, '/');
    int folder = slash ? (int)(slash + 1 - file->path) : 0;
    char *path = rs_xprintf("%.*s%s%s", folder, file->path, hash, suffix);
    free(file->path);
    file->path = path;
}

static enum rs_code close_as(struct rs_writer *w, const char *suffix, char *sha256_out,
                             struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    if (w->failed) rc = rs_fail(err, RS_EIO, "write '%s': a section was not written", w->file.path);
    if (!rc) rc = finish(w, err);
    if (!rc && sha256_out) rc = hash_file(w->file.tmp, sha256_out, err);
    if (!rc && suffix) rename_target(&w->file, sha256_out, suffix);
    if (!rc) rc = rs_fs_commit(&w->file, err);
    rs_writer_discard(w);
    return rc;
}

enum rs_code rs_writer_close(struct rs_writer *w, char *sha256_out, struct rs_err *err)
{
    return close_as(w, NULL, sha256_out, err);
}

enum rs_code rs_writer_close_hashed(struct rs_writer *w, const char *suffix, char sha256_out[65],
                                    struct rs_err *err)
{
    return close_as(w, suffix, sha256_out, err);
}

void rs_writer_discard(struct rs_writer *w)
{
    if (!w) return;
    rs_fs_discard(&w->file);
    free(w->sections);
    free(w);
}
