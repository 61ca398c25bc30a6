/* fs - reads, maps, folders. Writing is in fs_write.c, locks in fs_lock.c. */
#include "rs/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fs_impl.h"
#include "rs/base/mem.h"

enum rs_code rs_fs_fail(struct rs_err *err, int errno_value, const char *what, const char *path)
{
    rs_fail_errno(err, errno_value, "%s '%s'", what, path);
    if (errno_value == ENOENT || errno_value == ENOTDIR) err->code = RS_ENOTFOUND;
    return err->code;
}

bool rs_fs_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool rs_fs_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum rs_code rs_fs_mkdirs(const char *path, struct rs_err *err)
{
    char *copy = rs_xstrdup(path);
    enum rs_code rc = RS_OK;
    for (char *at = copy; *at && !rc;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char cut = *at;
        *at = '\0';
        if (mkdir(copy, 0777) != 0) {
            int e = errno;
            /* EEXIST, but also EROFS and EACCES of parents that are there */
            if (!rs_fs_is_dir(copy)) rc = rs_fail_errno(err, e, "make folder '%s'", copy);
        }
        *at = cut;
    }
    free(copy);
    return rc;
}

/* Read fd to its end, at most max bytes, into a NUL-terminated block of the caller. */
static enum rs_code read_all(int fd, const char *path, size_t max, size_t expected, char **out,
                             size_t *len_out, struct rs_err *err)
{
    size_t cap = (expected < max ? expected : max) + 2; /* one to see the end, one for the NUL */
    size_t len = 0;
    char *buf = rs_try_alloc(cap, 1);
    while (buf) {
        ssize_t n = read(fd, buf + len, cap - 1 - len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            rs_fail_errno(err, errno, "read '%s'", path);
            goto failed;
        }
        len += (size_t)n;
        if (len > max) {
            rs_fail(err, RS_EARG, "read '%s': larger than the %zu bytes allowed", path, max);
            goto failed;
        }
        if (n == 0) {
            buf[len] = '\0';
            *out = buf;
            if (len_out) *len_out = len;
            return RS_OK;
        }
        if (len < cap - 1) continue;
        char *more = rs_try_realloc(buf, cap, cap * 2, 1);
        if (!more) break;
        buf = more;
        cap *= 2;
    }
    rs_fail(err, RS_ENOMEM, "read '%s': out of memory", path);
failed:
    free(buf);
    return err->code;
}

enum rs_code rs_fs_read(const char *path, size_t max, char **out, size_t *len_out,
                        struct rs_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rs_fs_fail(err, errno, "open", path);
    struct stat st;
    enum rs_code rc;
    if (fstat(fd, &st) != 0) {
        rc = rs_fs_fail(err, errno, "read", path);
    } else if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size > max) {
        rc = rs_fail(err, RS_EARG, "read '%s': %jd bytes, larger than the %zu allowed", path,
                     (intmax_t)st.st_size, max);
    } else {
        size_t expected = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 4096;
        rc = read_all(fd, path, max, expected, out, len_out, err);
    }
    close(fd);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

enum rs_code rs_fs_remove(const char *path, struct rs_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? RS_OK
                                                   : rs_fail_errno(err, errno, "remove '%s'", path);
    int rc = S_ISDIR(st.st_mode) ? nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) : unlink(path);
    if (rc != 0 && errno != ENOENT) return rs_fail_errno(err, errno, "remove '%s'", path);
    return RS_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append name to the NULL-ended list of n names; false when out of memory. */
static bool list_add(char ***names, size_t n, const char *name)
{
    if (n == 0 || (n & (n + 1)) == 0) { /* full at 0, 1, 3, 7, …: room for the name and a NULL */
        char **more = rs_try_realloc(*names, n ? n + 1 : 0, 2 * (n + 1), sizeof(char *));
        if (!more) return false;
        *names = more;
    }
    (*names)[n] = rs_xstrdup(name);
    return true;
}

enum rs_code rs_fs_list(const char *dir, char ***names_out, struct rs_err *err)
{
    DIR *d = opendir(dir);
    if (!d) return rs_fs_fail(err, errno, "list", dir);
    size_t n = 0;
    char **names = rs_try_alloc(1, sizeof(*names));
    bool ok = names != NULL;
    struct dirent *e = NULL;
    errno = 0;
    while (ok && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            ok = list_add(&names, n, e->d_name);
            n += ok;
        }
        errno = 0;
    }
    int read_errno = errno;
    closedir(d);
    if (!ok || read_errno) {
        rs_fs_list_free(names);
        if (ok) return rs_fail_errno(err, read_errno, "list '%s'", dir);
        return rs_fail(err, RS_ENOMEM, "list '%s': out of memory", dir);
    }
    qsort(names, n, sizeof(*names), by_name);
    *names_out = names;
    return RS_OK;
}

void rs_fs_list_free(char **names)
{
    for (char **p = names; p && *p; p++)
        free(*p);
    free(names);
}

enum rs_code rs_fs_size(const char *path, int64_t *bytes_out, struct rs_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) return rs_fs_fail(err, errno, "look at", path);
    *bytes_out = (int64_t)st.st_size;
    return RS_OK;
}

int64_t rs_fs_free_bytes(const char *path)
{
    struct statvfs st;
    if (statvfs(path, &st) != 0) return -1;
    int64_t bytes;
    if (__builtin_mul_overflow(st.f_bavail, st.f_frsize, &bytes)) return INT64_MAX;
    return bytes;
}

char *rs_fs_make_temp_dir(const char *prefix)
{
    const char *base = getenv("TMPDIR");
    char *path = rs_xprintf("%s/%s.XXXXXX", base && *base ? base : "/tmp", prefix);
    if (mkdtemp(path)) return path;
    free(path);
    return NULL;
}

enum rs_code rs_map_open(const char *path, struct rs_map *out, struct rs_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rs_fs_fail(err, errno, "open", path);
    enum rs_code rc = RS_OK;
    struct stat st;
    void *data = NULL;
    if (fstat(fd, &st) != 0) {
        rc = rs_fs_fail(err, errno, "map", path);
    } else if (!S_ISREG(st.st_mode)) {
        rc = rs_fail(err, RS_EIO, "map '%s': not a regular file", path);
    } else if (st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) rc = rs_fail_errno(err, errno, "map '%s'", path);
    }
    close(fd);
    if (!rc) *out = (struct rs_map){.data = data, .len = (size_t)st.st_size};
    return rc;
}

void rs_map_close(struct rs_map *m)
{
    if (m->data) {
        void *data;
        memcpy(&data, &m->data, sizeof(data)); /* munmap takes no const pointer */
        munmap(data, m->len);
    }
    *m = (struct rs_map){0};
}
