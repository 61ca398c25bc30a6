/*
 * archive - files out of a zip, tar or gz that somebody else made.
 *
 * Nothing an archive says is trusted: a name must be a plain relative path, an entry a regular file
 * or folder, and sizes are counted as they are written, not as they are announced.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

#include "fetch_impl.h"

#define MAX_ENTRIES 10000
#define MAX_NAME    512
#define MAX_PART    200 /* of a name, so that a temporary name beside it fits */
#define MAX_RATIO   1000
#define RATIO_FREE  (1 << 20) /* small files may be as compressible as they like */

struct extraction {
    struct archive *a;
    const char *path; /* of the archive, for errors */
    const char *dir;
    int64_t archive_bytes;
    int64_t max_bytes;
    int64_t written;
    int entries;
    struct rs_task *task;
};

static enum rs_code damaged(const struct extraction *x, struct rs_err *err)
{
    const char *why = archive_error_string(x->a);
    return rs_fail(err, RS_EDAMAGED, "%s: %s: the archive is damaged or cut short; fetch it again",
                   x->path, why ? why : "unreadable");
}

/* A plain relative path of printable names: no "..", no empty parts, no control characters. */
static bool is_safe_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > MAX_NAME || name[0] == '/' || strchr(name, '\\')) return false;
    if (!rs_str_utf8_valid(name, n)) return false;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return false;
    }
    for (const char *at = name; *at;) {
        size_t len = strcspn(at, "/");
        bool dots = (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.');
        if (len == 0 || len > MAX_PART || dots) return false;
        at += len;
        at += *at == '/';
    }
    return true;
}

/* Of what desktops put into archives; ours begin with a dot too. */
static bool is_hidden(const char *name)
{
    return name[0] == '.' || strstr(name, "/.");
}

/* The entry's name as it came, without the "./" that tar puts before it. */
static const char *entry_name(struct archive_entry *e)
{
    const char *name = archive_entry_pathname_utf8(e);
    if (!name) {
        name = archive_entry_pathname(e); /* not of this locale: bytes as they came */
    }
    if (!name) return "";
    while (name[0] == '.' && name[1] == '/') {
        name += 2;
    }
    return strcmp(name, ".") == 0 ? "" : name;
}

static enum rs_code check_entry(const struct extraction *x, struct archive_entry *e,
                                const char *name, struct rs_err *err)
{
    bool folder = archive_entry_filetype(e) == AE_IFDIR;
    if (!is_safe_name(name) && !(folder && name[0] == '\0')) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%.80s': not a plain relative name; refused",
                       x->path, name);
    }
    if (archive_entry_hardlink(e) || archive_entry_hardlink_utf8(e) || archive_entry_symlink(e)) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%s' is a link; refused", x->path, name);
    }
    if (archive_entry_filetype(e) != AE_IFREG && !folder) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%s' is neither file nor folder; refused",
                       x->path, name);
    }
    return RS_OK;
}

static enum rs_code count_bytes(struct extraction *x, const char *name, int64_t n,
                                struct rs_err *err)
{
    x->written += n;
    if (x->written > x->max_bytes) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%s': more than %lld bytes in all; refused",
                       x->path, name, (long long)x->max_bytes);
    }
    if (x->written > RATIO_FREE && x->written / MAX_RATIO > x->archive_bytes) {
        return rs_fail(err, RS_EDAMAGED,
                       "%s: entry '%s': unpacks to over %d times the archive; refused", x->path,
                       name, MAX_RATIO);
    }
    return RS_OK;
}

static enum rs_code copy_data(struct extraction *x, const char *name, FILE *f, struct rs_err *err)
{
    char buf[1 << 16];
    for (;;) {
        la_ssize_t n = archive_read_data(x->a, buf, sizeof(buf));
        if (n < 0) return damaged(x, err);
        if (n == 0) return RS_OK;
        enum rs_code rc = count_bytes(x, name, n, err);
        if (rc) return rc;
        if (fwrite(buf, 1, (size_t)n, f) != (size_t)n) {
            return rs_fail_errno(err, errno, "write '%s'", name);
        }
        if (rs_task_cancelled(x->task)) return rs_fail(err, RS_ECANCEL, "extract: interrupted");
        rs_task_report(x->task, (double)x->written);
    }
}

/* Folders above x->dir/name, which is path, made where they are not there. */
static enum rs_code make_parents(const struct extraction *x, const char *path, const char *name,
                                 struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    for (const char *end = strchr(name, '/'); end && !rc; end = strchr(end + 1, '/')) {
        char *folder = rs_xstrndup(path, strlen(path) - strlen(end));
        if (rs_fs_exists(folder) && !rs_fs_is_dir(folder)) {
            rc = rs_fail(err, RS_EDAMAGED, "%s: entry '%s' lies below another file; refused",
                         x->path, name);
        } else {
            rc = rs_fs_mkdirs(folder, err);
        }
        free(folder);
    }
    return rc;
}

/* A new file, never one that is there or that a link leads to. */
static enum rs_code create(const struct extraction *x, const char *path, const char *name,
                           FILE **out, struct rs_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%s' is there twice; refused", x->path, name);
    }
    *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (*out) return RS_OK;
    int why = errno;
    if (fd >= 0) close(fd);
    return rs_fail_errno(err, why, "create '%s'", path);
}

static enum rs_code extract_file(struct extraction *x, const char *name, struct rs_err *err)
{
    char *path = rs_path_join(x->dir, name);
    FILE *f = NULL;
    enum rs_code rc = make_parents(x, path, name, err);
    if (!rc) rc = create(x, path, name, &f, err);
    if (!rc) rc = copy_data(x, name, f, err);
    if (f && fclose(f) != 0 && !rc) {
        rc = rs_fail_errno(err, errno, "write '%s'", path);
    }
    if (f && rc) unlink(path);
    free(path);
    return rc;
}

/* What is compressed but no archive is one file: the archive's name without .gz. */
static enum rs_code extract_gz(struct extraction *x, struct rs_err *err)
{
    if (archive_filter_code(x->a, 0) != ARCHIVE_FILTER_GZIP || rs_str_ends(x->path, ".tgz") ||
        rs_str_ends(x->path, ".tar.gz")) {
        return rs_fail(err, RS_EDAMAGED, "%s: neither a zip, a tar nor a gz, or empty or cut short",
                       x->path);
    }
    const char *slash = strrchr(x->path, '/');
    const char *base = slash ? slash + 1 : x->path;
    size_t n = strlen(base) - (rs_str_ends(base, ".gz") ? 3 : 0);
    char *name = rs_xstrndup(base, n);
    enum rs_code rc = RS_OK;
    if (!is_safe_name(name) || is_hidden(name)) {
        rc = rs_fail(err, RS_EARG, "%s: '%s' is no name for what it holds", x->path, name);
    } else {
        rc = extract_file(x, name, err);
    }
    free(name);
    return rc;
}

static enum rs_code extract_entry(struct extraction *x, struct archive_entry *e, struct rs_err *err)
{
    if (archive_format(x->a) == ARCHIVE_FORMAT_RAW) return extract_gz(x, err);
    const char *name = entry_name(e);
    enum rs_code rc = check_entry(x, e, name, err);
    if (rc || archive_entry_filetype(e) == AE_IFDIR || is_hidden(name)) return rc;
    return extract_file(x, name, err);
}

static enum rs_code extract_all(struct extraction *x, struct rs_err *err)
{
    for (;;) {
        struct archive_entry *e = NULL;
        int status = archive_read_next_header(x->a, &e);
        if (status == ARCHIVE_EOF) break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return damaged(x, err);
        if (++x->entries > MAX_ENTRIES) {
            return rs_fail(err, RS_EDAMAGED, "%s: more than %d entries; refused", x->path,
                           MAX_ENTRIES);
        }
        if (rs_task_cancelled(x->task)) return rs_fail(err, RS_ECANCEL, "extract: interrupted");
        enum rs_code rc = extract_entry(x, e, err);
        if (rc) return rc;
    }
    return x->entries > 0 ? RS_OK : rs_fail(err, RS_EDAMAGED, "%s: the archive is empty", x->path);
}

/* rs_fs_rename syncs the folder each time; here the caller sees to that once. */
static enum rs_code move(const char *from_dir, const char *from, const char *to_dir, const char *to,
                         struct rs_err *err)
{
    char *old_path = rs_path_join(from_dir, from);
    char *new_path = rs_path_join(to_dir, to);
    enum rs_code rc = RS_OK;
    if (rename(old_path, new_path) != 0) {
        rc = rs_fail_errno(err, errno, "rename '%s' to '%s'", old_path, new_path);
    }
    free(new_path);
    free(old_path);
    return rc;
}

/* Where all that came out lies in one folder, its contents take its place. */
static enum rs_code flatten(const char *dir, struct rs_err *err)
{
    static const char aside[] = ".top"; /* no entry has such a name */
    char **names = NULL;
    char **inner = NULL;
    char *top = NULL;
    enum rs_code rc = rs_fs_list(dir, &names, err);
    if (rc) return rc;
    if (!names[0] || names[1]) goto done;
    top = rs_path_join(dir, names[0]);
    if (!rs_fs_is_dir(top)) goto done;
    rc = move(dir, names[0], dir, aside, err);
    if (rc) goto done;
    free(top);
    top = rs_path_join(dir, aside);
    rc = rs_fs_list(top, &inner, err);
    for (char **n = inner; !rc && *n; n++) {
        rc = move(top, *n, dir, *n, err);
    }
    if (!rc) rc = rs_fs_remove(top, err);
done:
    free(top);
    rs_fs_list_free(inner);
    rs_fs_list_free(names);
    return rc;
}

/* NULL: of no kind that is read. A zip is read from the directory at its end: a cut one shows. */
static struct archive *open_archive(const char *path)
{
    struct archive *a = archive_read_new();
    if (!a) return NULL;
    archive_read_support_filter_gzip(a);
    archive_read_support_format_zip_seekable(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open_filename(a, path, 1 << 16) != ARCHIVE_OK) {
        archive_read_free(a);
        return NULL;
    }
    return a;
}

static enum rs_code extract(struct extraction *x, struct rs_err *err)
{
    x->a = open_archive(x->path);
    if (!x->a) {
        return rs_fail(err, RS_EDAMAGED, "%s: neither a zip, a tar nor a gz, or empty or cut short",
                       x->path);
    }
    rs_task_begin(x->task, "extract", "bytes", 0);
    enum rs_code rc = rs_fs_mkdirs(x->dir, err);
    if (!rc) rc = extract_all(x, err);
    archive_read_free(x->a);
    return rc ? rc : flatten(x->dir, err);
}

enum rs_code rs_archive_extract(const char *archive, const char *dir, int64_t max_bytes,
                                struct rs_task *task, struct rs_err *err)
{
    struct extraction x = {.path = archive,
                           .dir = dir,
                           .max_bytes = max_bytes ? max_bytes : RS_FETCH_MAX_BYTES,
                           .task = task};
    enum rs_code rc = rs_fs_size(archive, &x.archive_bytes, err);
    if (rc) return rc;
    /* libarchive drops names that the locale cannot say: one that can say them all */
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    rc = extract(&x, err);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return rc;
}
