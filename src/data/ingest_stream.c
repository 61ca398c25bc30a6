/*
 * ingest_stream - the bytes of a packed file, unpacked as they are read.
 */
#include "ingest_impl.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#define READ_BLOCK ((size_t)1 << 18)

struct stream {
    struct archive *a;
    const char *path;
    char *name; /* of the member, or NULL */
    bool zip;
    bool ended; /* no member is open */
};

enum packing rs_packing_of(const void *head, size_t len)
{
    if (len >= 2 && memcmp(head, "\x1f\x8b", 2) == 0) return PACK_GZIP;
    if (len >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0))
        return PACK_ZIP;
    return PACK_NONE;
}

void rs_stream_close(struct stream *s)
{
    if (!s) return;
    archive_read_free(s->a);
    free(s->name);
    free(s);
}

/* libarchive's text is its own; what and where are ours. */
static enum rs_code damaged(const struct stream *s, struct rs_err *err)
{
    const char *why = archive_error_string(s->a);
    return rs_fail(err, archive_errno(s->a) == ENOMEM ? RS_ENOMEM : RS_EDAMAGED,
                   "'%s' is damaged or cut short: %s", s->path, why ? why : "not readable");
}

enum rs_code rs_stream_next(struct stream *s, bool *more_out, const char **name_out,
                            struct rs_err *err)
{
    struct archive_entry *entry;
    *more_out = false;
    for (;;) {
        int rc = archive_read_next_header(s->a, &entry);
        s->ended = rc == ARCHIVE_EOF;
        if (s->ended) return RS_OK;
        if (rc < ARCHIVE_WARN) return damaged(s, err);
        if (!s->zip || archive_entry_filetype(entry) == AE_IFREG) break;
    }
    free(s->name);
    s->name = s->zip ? rs_xstrdup(archive_entry_pathname(entry)) : NULL;
    if (name_out) *name_out = s->name;
    *more_out = true;
    return RS_OK;
}

enum rs_code rs_stream_open(const char *path, enum packing packing, struct stream **out,
                            const char **name_out, struct rs_err *err)
{
    struct stream *s = rs_xalloc(1, sizeof(*s));
    s->path = path;
    s->zip = packing == PACK_ZIP;
    s->a = archive_read_new();
    if (!s->a) {
        free(s);
        return rs_fail(err, RS_ENOMEM, "'%s': no memory to unpack it", path);
    }
    if (s->zip) {
        archive_read_support_format_zip(s->a);
    } else {
        archive_read_support_filter_gzip(s->a);
        archive_read_support_format_raw(s->a);
        archive_read_support_format_empty(s->a);
    }
    bool more = false;
    enum rs_code rc = RS_OK;
    if (archive_read_open_filename(s->a, path, READ_BLOCK) != ARCHIVE_OK) {
        rc = damaged(s, err);
    } else {
        rc = rs_stream_next(s, &more, name_out, err);
    }
    if (!rc && !more && s->zip) rc = rs_fail(err, RS_EPARSE, "'%s' holds no file", path);
    if (rc) {
        rs_stream_close(s);
    } else {
        *out = s;
    }
    return rc;
}

enum rs_code rs_stream_read(struct stream *s, void *buf, size_t n, size_t *got_out,
                            struct rs_err *err)
{
    size_t got = 0;
    while (got < n && !s->ended) {
        la_ssize_t k = archive_read_data(s->a, (char *)buf + got, n - got);
        if (k < 0) return damaged(s, err);
        if (k == 0) break;
        got += (size_t)k;
    }
    *got_out = got;
    return RS_OK;
}

double rs_stream_done(const struct stream *s)
{
    return (double)archive_filter_bytes(s->a, -1);
}
