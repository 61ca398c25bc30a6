/* ref_archive - packed files by libarchive's writer. */
#include "ref/ref_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"

#include "rs/base/mem.h"

static void add(struct archive *a, const char *name, const void *data, size_t len)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)len);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, data, len), (la_ssize_t)len);
    archive_entry_free(e);
}

static void finish(struct archive *a)
{
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
}

char *ref_gzip(const char *dir, const char *name, const void *data, size_t len)
{
    char *path = rs_path_join(dir, name);
    struct archive *a = archive_write_new();
    archive_write_add_filter_gzip(a);
    archive_write_set_format_raw(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    add(a, "data", data, len);
    finish(a);
    return path;
}

char *ref_zip(const char *dir, const char *name, const struct ref_member *members)
{
    char *path = rs_path_join(dir, name);
    struct archive *a = archive_write_new();
    archive_write_set_format_zip(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (const struct ref_member *m = members; m->name; m++)
        add(a, m->name, m->data, m->len);
    finish(a);
    return path;
}

void *ref_npy(const char *descr, const char *shape, const void *data, size_t len, size_t *len_out)
{
    char head[128];
    int n = snprintf(head, sizeof(head), "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                     descr, shape);
    unsigned char *bytes = rs_xalloc(10 + (size_t)n + len, 1);
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = (unsigned char)n;
    bytes[9] = 0;
    memcpy(bytes + 10, head, (size_t)n);
    if (len > 0) memcpy(bytes + 10 + n, data, len);
    *len_out = 10 + (size_t)n + len;
    return bytes;
}
