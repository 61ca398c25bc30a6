/*
 * fs_write - files that appear whole or not at all.
 *
 * Bytes go to a hidden name beside the target, so that rename stays within one file system; they
 * are on the disk before the rename, and the rename is before success is reported. A temporary file
 * is locked while its writer lives; the next writer of the same target removes those that are not,
 * so a killed process leaves nothing for good.
 */
#define _DEFAULT_SOURCE /* flock */
#include "rs/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_impl.h"
#include "rs/base/mem.h"

#define COPY_SIZE ((size_t)1 << 18)
#define TRIES     1000 /* other names, where one is taken */

static atomic_uint next_temp;

/* The folder of path ("." if it has none), the caller's. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return rs_xstrdup(".");
    return slash == path ? rs_xstrdup("/") : rs_xstrndup(path, (size_t)(slash - path));
}

static enum rs_code sync_folder_of(const char *path, struct rs_err *err)
{
    char *dir = folder_of(path);
    enum rs_code rc = RS_OK;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that cannot sync folders has nothing to lose there */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = rs_fail_errno(err, errno, "sync folder '%s'", dir);
    if (fd >= 0) close(fd);
    free(dir);
    return rc;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char *temp_name(const char *path)
{
    const char *name = last_part(path);
    return rs_xprintf("%.*s.%s.tmp.%ld.%u", (int)(name - path), path, name, (long)getpid(),
                      atomic_fetch_add(&next_temp, 1));
}

/* Remove temporary files of path whose writers are gone. What cannot be looked at stays. */
static void sweep(const char *path)
{
    char *folder = folder_of(path);
    char *prefix = rs_xprintf(".%s.tmp.", last_part(path));
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0) continue;
        int fd = openat(dirfd(d), e->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(dirfd(d), e->d_name, 0);
        close(fd);
    }
    if (d) closedir(d);
    free(prefix);
    free(folder);
}

/* A new file named tmp, locked; -1 with errno. EEXIST: try another name. */
static int create_locked(const char *tmp)
{
    int fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    /* a sweep may come between open and lock; a file system without locks has no sweep either */
    bool swept = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!swept && rs_fs_still_there(fd, tmp)) return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

enum rs_code rs_fs_create(const char *path, struct rs_fs_file *out, struct rs_err *err)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) { /* a rename would put it away */
        return rs_fail(err, RS_EIO, "create '%s': %s stands there", path,
                       S_ISDIR(there.st_mode) ? "a folder" : "a device, pipe or socket");
    }
    sweep(path);
    char *tmp = NULL;
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0; i++) {
        free(tmp);
        tmp = temp_name(path);
        fd = create_locked(tmp);
        if (fd < 0 && errno != EEXIST) break;
    }
    FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (!f) {
        int e = errno;
        if (fd >= 0) {
            close(fd);
            unlink(tmp);
        }
        free(tmp);
        return rs_fs_fail(err, e, "create", path);
    }
    *out = (struct rs_fs_file){.f = f, .path = rs_xstrdup(path), .tmp = tmp};
    return RS_OK;
}

/* Forget the names; close where open; remove the temporary file unless it was renamed. */
static void clear(struct rs_fs_file *file, bool renamed)
{
    if (file->f) fclose(file->f);
    if (file->tmp && !renamed) unlink(file->tmp);
    free(file->tmp);
    free(file->path);
    *file = (struct rs_fs_file){0};
}

/* Why an earlier write to f failed: the stream kept no errno, so the kernel is asked once more. */
static int stream_errno(FILE *f)
{
    static const char zeros[4096];
    for (int i = 0; i < 16; i++) { /* the last block on the disk may have had room */
        errno = 0;
        if (write(fileno(f), zeros, sizeof(zeros)) != (ssize_t)sizeof(zeros) && errno) return errno;
    }
    return EIO;
}

enum rs_code rs_fs_commit(struct rs_fs_file *file, struct rs_err *err)
{
    rs_assert(file->f && file->path && file->tmp);
    int e = 0;
    if (ferror(file->f)) {
        e = stream_errno(file->f);
    } else if (fflush(file->f) != 0 || fsync(fileno(file->f)) != 0) {
        e = errno;
    }
    if (e) {
        rs_fail_errno(err, e, "write '%s'", file->path);
        clear(file, false);
        return err->code;
    }
    if (rename(file->tmp, file->path) != 0) { /* before the close, which gives up the lock */
        rs_fail_errno(err, errno, "rename '%s' to '%s'", file->tmp, file->path);
        clear(file, false);
        return err->code;
    }
    enum rs_code rc = sync_folder_of(file->path, err);
    clear(file, true);
    return rc;
}

void rs_fs_discard(struct rs_fs_file *file)
{
    clear(file, false);
}

enum rs_code rs_fs_write(const char *path, const void *data, size_t len, struct rs_err *err)
{
    struct rs_fs_file file = {0};
    enum rs_code rc = rs_fs_create(path, &file, err);
    if (rc) return rc;
    if (len && fwrite(data, 1, len, file.f) != len) {
        rs_fail_errno(err, errno, "write '%s'", path);
        rs_fs_discard(&file);
        return err->code;
    }
    return rs_fs_commit(&file, err);
}

enum rs_code rs_fs_rename(const char *from, const char *to, struct rs_err *err)
{
    if (rename(from, to) != 0) {
        int e = errno;
        rs_fail_errno(err, e, "rename '%s' to '%s'", from, to);
        if (e == ENOENT && !rs_fs_exists(from)) err->code = RS_ENOTFOUND;
        return err->code;
    }
    return sync_folder_of(to, err);
}

/* Everything left in fd to f. */
static enum rs_code pump(int fd, FILE *f, const char *from, const char *to, struct rs_err *err)
{
    char *buf = rs_try_alloc(COPY_SIZE, 1);
    if (!buf) return rs_fail(err, RS_ENOMEM, "copy '%s': out of memory", from);
    enum rs_code rc = RS_OK;
    for (;;) {
        ssize_t n = read(fd, buf, COPY_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = rs_fail_errno(err, errno, "read '%s'", from);
        if (n <= 0) break;
        if (fwrite(buf, 1, (size_t)n, f) != (size_t)n) {
            rc = rs_fail_errno(err, errno, "write '%s'", to);
            break;
        }
    }
    free(buf);
    return rc;
}

enum rs_code rs_fs_copy(const char *from, const char *to, struct rs_err *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rs_fs_fail(err, errno, "open", from);
    struct rs_fs_file file = {0};
    enum rs_code rc = rs_fs_create(to, &file, err);
    if (rc) goto done;
    rc = pump(fd, file.f, from, to, err);
    if (!rc) rc = rs_fs_commit(&file, err);
    rs_fs_discard(&file);
done:
    close(fd);
    return rc;
}
