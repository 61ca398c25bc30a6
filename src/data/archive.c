/*
 * archive - files out of a zip, tar or gz that somebody else made.
 *
 * Nothing an archive says is trusted: a name must be a plain relative path, an entry a regular file
 * or folder, and sizes are counted as they are written, not as they are announced.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/data/fetch.h"

#define MAX_ENTRIES       10000
#define MAX_NAME          512
#define MAX_RATIO         1000
#define RATIO_FREE        (1 << 20) /* small files may be as compressible as they like */
#define DEFAULT_MAX_BYTES (8LL << 30)

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
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return false;
    }
    for (const char *at = name; *at;) {
        size_t len = strcspn(at, "/");
        bool dots = (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.');
        if (len == 0 || dots) return false;
        at += len;
        at += *at == '/';
    }
    return true;
}

static enum rs_code check_entry(const struct extraction *x, struct archive_entry *e,
                                const char *name, struct rs_err *err)
{
    if (!name || !is_safe_name(name)) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%.80s': not a plain relative name; refused",
                       x->path, name ? name : "");
    }
    if (archive_entry_hardlink(e) || archive_entry_symlink(e)) {
        return rs_fail(err, RS_EDAMAGED, "%s: entry '%s' is a link; refused", x->path, name);
    }
    if (archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != AE_IFDIR) {
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

/* Folder of a path below x->dir, made where it is not there. */
static enum rs_code make_parent(const char *path, struct rs_err *err)
{
    char *dir = rs_xstrdup(path);
    *strrchr(dir, '/') = '\0'; /* path_join put one there */
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    free(dir);
    return rc;
}

static enum rs_code extract_file(struct extraction *x, const char *name, struct rs_err *err)
{
    char *path = rs_path_join(x->dir, name);
    struct rs_fs_file file = {0};
    enum rs_code rc = RS_OK;
    if (rs_fs_exists(path)) {
        rc = rs_fail(err, RS_EDAMAGED, "%s: entry '%s' is there twice; refused", x->path, name);
    }
    if (!rc) rc = make_parent(path, err);
    if (!rc) rc = rs_fs_create(path, &file, err);
    if (!rc) rc = copy_data(x, name, file.f, err);
    if (!rc) rc = rs_fs_commit(&file, err);
    rs_fs_discard(&file);
    free(path);
    return rc;
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
        const char *name = archive_entry_pathname_utf8(e);
        if (!name) {
            name = archive_entry_pathname(e);
        }
        enum rs_code rc = check_entry(x, e, name, err);
        if (rc) return rc;
        if (archive_entry_filetype(e) == AE_IFDIR) continue;
        rc = extract_file(x, name, err);
        if (rc) return rc;
    }
    return x->entries > 0 ? RS_OK : rs_fail(err, RS_EDAMAGED, "%s: the archive is empty", x->path);
}

/* Where all that came out lies in one folder, its contents take its place. */
static enum rs_code flatten(const char *dir, struct rs_err *err)
{
    char **names = NULL;
    enum rs_code rc = rs_fs_list(dir, &names, err);
    if (rc) return rc;
    char *top = names[0] && !names[1] ? rs_path_join(dir, names[0]) : NULL;
    if (top && rs_fs_is_dir(top)) {
        char *aside = rs_path_join(dir, ".top");
        char **inner = NULL;
        rc = rs_fs_rename(top, aside, err);
        if (!rc) rc = rs_fs_list(aside, &inner, err);
        for (char **n = inner; n && *n && !rc; n++) {
            char *from = rs_path_join(aside, *n);
            char *to = rs_path_join(dir, *n);
            rc = rs_fs_rename(from, to, err);
            free(to);
            free(from);
        }
        rs_fs_list_free(inner);
        if (!rc) rc = rs_fs_remove(aside, err);
        free(aside);
    }
    free(top);
    rs_fs_list_free(names);
    return rc;
}

static struct archive *open_archive(const char *path, bool raw)
{
    struct archive *a = archive_read_new();
    if (!a) return NULL;
    archive_read_support_filter_gzip(a);
    if (raw) {
        archive_read_support_format_raw(a);
    } else {
        archive_read_support_format_zip(a);
        archive_read_support_format_tar(a);
        archive_read_support_format_empty(a);
    }
    if (archive_read_open_filename(a, path, 1 << 16) != ARCHIVE_OK) {
        archive_read_free(a);
        return NULL;
    }
    return a;
}

/* A .gz that is no tar holds one file: the archive's name without .gz. */
static enum rs_code extract_gz(struct extraction *x, struct rs_err *err)
{
    struct archive_entry *e = NULL;
    const char *slash = strrchr(x->path, '/');
    char *name = rs_xstrdup(slash ? slash + 1 : x->path);
    name[strlen(name) - 3] = '\0';
    enum rs_code rc = RS_OK;
    if (archive_read_next_header(x->a, &e) != ARCHIVE_OK) {
        rc = damaged(x, err);
    } else if (!is_safe_name(name)) {
        rc = rs_fail(err, RS_EARG, "%s: no name is left without '.gz'", x->path);
    } else {
        rc = extract_file(x, name, err);
    }
    free(name);
    return rc;
}

enum rs_code rs_archive_extract(const char *archive, const char *dir, int64_t max_bytes,
                                struct rs_task *task, struct rs_err *err)
{
    struct extraction x = {.path = archive,
                           .dir = dir,
                           .max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES,
                           .task = task};
    bool tar = rs_str_ends(archive, ".tar.gz") || rs_str_ends(archive, ".tgz");
    bool gz = rs_str_ends(archive, ".gz") && !tar;
    enum rs_code rc = rs_fs_size(archive, &x.archive_bytes, err);
    if (rc) return rc;
    x.a = open_archive(archive, gz);
    if (!x.a) {
        return rs_fail(err, RS_EDAMAGED, "%s: neither a zip, a tar nor a gz, or cut short",
                       archive);
    }
    rs_task_begin(task, "extract", "bytes", 0);
    rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = gz ? extract_gz(&x, err) : extract_all(&x, err);
    archive_read_free(x.a);
    return rc ? rc : flatten(dir, err);
}
