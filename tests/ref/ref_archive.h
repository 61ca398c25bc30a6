/*
 * ref_archive - packed files for tests: a gzip of one text, a zip of several, an .npy array.
 */
#ifndef TESTS_REF_ARCHIVE_H
#define TESTS_REF_ARCHIVE_H

#include <stddef.h>

struct ref_member {
    const char *name; /* NULL ends a list */
    const void *data;
    size_t len;
};

/* Write dir/name; the path is the caller's. */
char *ref_gzip(const char *dir, const char *name, const void *data, size_t len);
char *ref_zip(const char *dir, const char *name, const struct ref_member *members);
/* An .npy file of version 1: descr "<i4", shape "(3,)"; the bytes are the caller's. */
void *ref_npy(const char *descr, const char *shape, const void *data, size_t len, size_t *len_out);

#endif
