/*
 * fs - files: whole reads, read-only maps, and writes that appear whole or not at all.
 */
#ifndef RS_BASE_FS_H
#define RS_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rs/base/err.h"

bool rs_fs_exists(const char *path);
bool rs_fs_is_dir(const char *path);
/* Create path and its parents; fine if there. */
RS_MUST_USE enum rs_code rs_fs_mkdirs(const char *path, struct rs_err *err);
/* The whole file, NUL-terminated; the caller frees. RS_EARG above max bytes. */
RS_MUST_USE enum rs_code rs_fs_read(const char *path, size_t max, char **out, size_t *len_out,
                                    struct rs_err *err);
/* Write to a temporary name beside path, fsync, rename over path, fsync the folder. */
RS_MUST_USE enum rs_code rs_fs_write(const char *path, const void *data, size_t len,
                                     struct rs_err *err);
/* The same for a stream: f is open on "<path>.tmp.<pid>.<n>"; commit renames, discard removes. */
struct rs_fs_file {
    FILE *f;
    char *path;
    char *tmp;
};
RS_MUST_USE enum rs_code rs_fs_create(const char *path, struct rs_fs_file *out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_fs_commit(struct rs_fs_file *file, struct rs_err *err); /* clears */
void rs_fs_discard(struct rs_fs_file *file); /* after success a no-op */
/* Remove a file or a whole folder, links not followed; fine if absent. */
RS_MUST_USE enum rs_code rs_fs_remove(const char *path, struct rs_err *err);
RS_MUST_USE enum rs_code rs_fs_rename(const char *from, const char *to, struct rs_err *err);
/* Sorted names in a folder, without . and .., as a NULL-ended array; each and the array are freed
 * with rs_fs_list_free. RS_ENOTFOUND if there is no such folder. */
RS_MUST_USE enum rs_code rs_fs_list(const char *dir, char ***names_out, struct rs_err *err);
void rs_fs_list_free(char **names);
RS_MUST_USE enum rs_code rs_fs_size(const char *path, int64_t *bytes_out, struct rs_err *err);
int64_t rs_fs_free_bytes(const char *path);    /* of its file system; -1 unknown */
char *rs_fs_make_temp_dir(const char *prefix); /* below TMPDIR or /tmp; the caller frees */
RS_MUST_USE enum rs_code rs_fs_copy(const char *from, const char *to,
                                    struct rs_err *err); /* whole */

/* Read-only map of a whole file. Empty files map to data NULL, len 0. */
struct rs_map {
    const void *data;
    size_t len;
};
RS_MUST_USE enum rs_code rs_map_open(const char *path, struct rs_map *out, struct rs_err *err);
void rs_map_close(struct rs_map *m); /* leaves it zero */

/* Exclusive advisory lock on a file, held until closed or the process ends.
 * wait_ms 0: RS_EBUSY at once, naming the holder's pid; else waits that long. */
struct rs_lock {
    int fd; /* -1: not held */
};
RS_MUST_USE enum rs_code rs_lock_open(const char *path, int64_t wait_ms, struct rs_lock *out,
                                      struct rs_err *err);
void rs_lock_close(struct rs_lock *l);

#endif
