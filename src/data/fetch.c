/*
 * fetch - find a dataset's archive, prove its hash, unpack it beside its place, then move it there.
 */
#include "rs/data/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/base/val.h"

#include "fetch_impl.h"

#define MARK      ".fetched.json" /* what was fetched: origin, sha256; files, sizes, checksums */
#define GROUPLENS "https://files.grouplens.org/datasets/movielens/"

const struct rs_known_set rs_known_sets[] = {
    {"ml-latest-small", GROUPLENS "ml-latest-small.zip",
     "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
     "100,836 ratings of 610 users, 9,742 films (2018)", 978202},
    {"ml-1m", GROUPLENS "ml-1m.zip",
     "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
     "1 million ratings of 6,040 users, 3,706 films (2003)", 0},
    {"ml-20m", GROUPLENS "ml-20m.zip",
     "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
     "20 million ratings of 138,493 users, 26,744 films (2015)", 0},
    {"ml-25m", GROUPLENS "ml-25m.zip",
     "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
     "25 million ratings of 162,541 users, 59,047 films (2019)", 0},
    {"ml-32m", GROUPLENS "ml-32m.zip",
     "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
     "32 million ratings of 200,948 users, 84,432 films (2024)", 0},
    {NULL, NULL, NULL, NULL, 0},
};

const struct rs_known_set *rs_known_set_find(const char *name)
{
    for (const struct rs_known_set *s = rs_known_sets; s->name; s++) {
        if (strcmp(s->name, name) == 0) return s;
    }
    return NULL;
}

void rs_fetch_result_clear(struct rs_fetch_result *r)
{
    rs_fs_list_free(r->files);
    free(r->from);
    *r = (struct rs_fetch_result){0};
}

static bool is_address(const char *text)
{
    return rs_str_starts(text, "http://") || rs_str_starts(text, "https://");
}

/* 64 hex digits, in lower case as ours are. */
static bool read_hash(const char *text, char out[RS_SHA256_HEX])
{
    if (strlen(text) != RS_SHA256_HEX - 1) return false;
    for (int i = 0; i < RS_SHA256_HEX; i++) {
        bool upper = text[i] >= 'A' && text[i] <= 'F';
        out[i] = upper ? (char)(text[i] - 'A' + 'a') : text[i];
    }
    return strspn(out, "0123456789abcdef") == RS_SHA256_HEX - 1;
}

/* What is fetched, from where (--url, else the mirror, else the set's own address), to be what. */
struct origin {
    char *from;
    char sha256[RS_SHA256_HEX];
    bool mirror;
};

static enum rs_code find_origin(const struct rs_fetch_opts *o, struct origin *out,
                                struct rs_err *err)
{
    const struct rs_known_set *set = rs_known_set_find(o->dataset);
    if (!set && !o->url) {
        return rs_fail(err, RS_EARG,
                       "dataset '%s' is not known: give --url and --sha256, or 'data import' for "
                       "files of your own",
                       o->dataset);
    }
    if (!set && !o->sha256) {
        return rs_fail(err, RS_EARG, "%s: its --sha256 is missing", o->url);
    }
    const char *sha256 = o->sha256 ? o->sha256 : set->sha256;
    if (!read_hash(sha256, out->sha256)) {
        return rs_fail(err, RS_EARG, "--sha256 '%.80s' is not 64 hex digits", sha256);
    }
    if (o->url) {
        out->from = rs_xstrdup(o->url + (rs_str_starts(o->url, "file://") ? 7 : 0));
    } else if (o->mirror && o->mirror[0]) {
        size_t n = strlen(o->mirror);
        out->mirror = true;
        out->from =
            rs_xprintf("%s%s%s.zip", o->mirror, o->mirror[n - 1] == '/' ? "" : "/", o->dataset);
    } else {
        out->from = rs_xstrdup(set->url);
    }
    return RS_OK;
}

/* The last part of an address or path, without a query; the caller's. */
static char *name_of(const char *from)
{
    const char *slash = strrchr(from, '/');
    const char *base = slash ? slash + 1 : from;
    size_t n = is_address(from) ? strcspn(base, "?#") : strlen(base);
    return n == 0 || base[0] == '.' || n > 200 ? rs_xstrdup("archive") : rs_xstrndup(base, n);
}

/* Onto the disk: the mark, which is written after, must not be there without it. */
static enum rs_code sync_file(const char *path, struct rs_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum rs_code rc = RS_OK;
    if (fd < 0 || fsync(fd) != 0) {
        rc = rs_fail_errno(err, errno, "write '%s'", path);
    }
    if (fd >= 0) close(fd);
    return rc;
}

/* Size and checksum of a file. */
static enum rs_code measure(const char *path, int64_t *bytes, char sum[17], struct rs_err *err)
{
    struct rs_map m = {0};
    enum rs_code rc = rs_map_open(path, &m, err);
    if (rc) return rc;
    *bytes = (int64_t)m.len;
    snprintf(sum, 17, "%016llx", (unsigned long long)rs_checksum(m.data, m.len));
    rs_map_close(&m);
    return RS_OK;
}

/* A file of the mark is there as it was. */
static bool is_same(const char *raw_dir, const struct rs_val *file)
{
    struct rs_err none = {0};
    int64_t bytes = -1;
    int64_t want = rs_val_get_int(file, "bytes", -2);
    char sum[17] = "";
    char *path = rs_path_join(raw_dir, rs_val_get_str(file, "name", ""));
    bool same = !rs_fs_size(path, &bytes, &none) && bytes == want &&
                !measure(path, &bytes, sum, &none) && bytes == want &&
                strcmp(sum, rs_val_get_str(file, "checksum", "")) == 0;
    free(path);
    return same;
}

/* Everything in the mark is there, from an archive of that hash. */
static bool is_fetched(const char *raw_dir, const char *sha256, struct rs_fetch_result *out)
{
    struct rs_val *mark = NULL;
    struct rs_err none = {0};
    char *path = rs_path_join(raw_dir, MARK);
    bool good = !rs_json_read(path, &mark, &none) &&
                strcmp(rs_val_get_str(mark, "sha256", ""), sha256) == 0;
    const struct rs_val *files = good ? rs_val_get(mark, "files") : NULL;
    good = files && files->type == RS_VAL_LIST && files->n > 0;
    char **names = rs_xalloc((good ? files->n : 0) + 1, sizeof(*names));
    for (size_t i = 0; good && i < files->n; i++) {
        names[i] = rs_xstrdup(rs_val_get_str(files->items[i], "name", ""));
        good = is_same(raw_dir, files->items[i]);
    }
    if (good) {
        out->files = names;
        out->from = rs_xstrdup(rs_val_get_str(mark, "from", ""));
        out->cached = true;
    } else {
        rs_fs_list_free(names);
    }
    rs_val_free(mark);
    free(path);
    return good;
}

static enum rs_code check_hash(const char *path, const struct origin *o, struct rs_err *err)
{
    char got[RS_SHA256_HEX];
    enum rs_code rc = rs_sha256_file(path, got, err);
    if (rc || strcmp(got, o->sha256) == 0) return rc;
    return rs_fail(err, RS_EDAMAGED, "%s: SHA-256 is %s, expected %s: not the file it should be",
                   o->from, got, o->sha256);
}

/* Into path and proven. What an earlier try left may be of another file: then all of it again. */
static enum rs_code download(const struct origin *o, const char *path, int64_t max_bytes,
                             struct rs_task *task, struct rs_err *err)
{
    struct rs_err first = {0};
    bool resumed = false;
    enum rs_code rc = rs_download(o->from, path, max_bytes, task, &resumed, &first);
    if (!rc) rc = check_hash(path, o, &first);
    if (rc != RS_EDAMAGED || !resumed) {
        if (rc) *err = first;
        return rc;
    }
    rc = rs_fs_remove(path, err);
    if (!rc) rc = rs_download(o->from, path, max_bytes, task, &resumed, err);
    return rc ? rc : check_hash(path, o, err);
}

/* The archive on this disk, proven. *path is the caller's; a download lies in part_dir. */
static enum rs_code get_archive(const struct origin *o, const char *part_dir, int64_t max_bytes,
                                struct rs_task *task, char **path, struct rs_err *err)
{
    if (!is_address(o->from)) {
        *path = rs_xstrdup(o->from);
        if (!rs_fs_exists(o->from)) {
            return rs_fail(err, RS_ENOTFOUND, "%s: there is no such file%s", o->from,
                           o->mirror ? " in the mirror (RECSYS_DATA_MIRROR, data.mirror)" : "");
        }
        return check_hash(o->from, o, err);
    }
    enum rs_code rc = rs_fs_mkdirs(part_dir, err);
    if (rc) return rc;
    char *name = name_of(o->from);
    *path = rs_path_join(part_dir, name);
    free(name);
    rc = download(o, *path, max_bytes, task, err);
    struct rs_err none = {0};
    if (rc == RS_EDAMAGED && rs_fs_remove(part_dir, &none)) {
        rs_wrap(err, "'%s' is left", part_dir);
    }
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in dir/folder to files and folders, relative to dir. */
static enum rs_code list_folder(const char *dir, const char *folder, struct rs_val *files,
                                struct rs_val *folders, struct rs_err *err)
{
    char **names = NULL;
    char *path = rs_path_join(dir, folder);
    enum rs_code rc = rs_fs_list(path, &names, err);
    for (char **n = names; !rc && *n; n++) {
        char *inner = folder[0] ? rs_path_join(folder, *n) : rs_xstrdup(*n);
        char *full = rs_path_join(dir, inner);
        rs_val_push(rs_fs_is_dir(full) ? folders : files, rs_val_str(inner));
        free(full);
        free(inner);
    }
    rs_fs_list_free(names);
    free(path);
    return rc;
}

/* Files below dir, relative to it, sorted, NULL-ended. */
static enum rs_code list_files(const char *dir, char ***out, struct rs_err *err)
{
    struct rs_val *files = rs_val_list();
    struct rs_val *folders = rs_val_list();
    rs_val_push(folders, rs_val_str(""));
    enum rs_code rc = RS_OK;
    for (size_t i = 0; i < folders->n && !rc; i++) { /* it grows on the way */
        rc = list_folder(dir, folders->items[i]->s, files, folders, err);
    }
    if (!rc) {
        char **names = rs_xalloc(files->n + 1, sizeof(*names));
        for (size_t i = 0; i < files->n; i++) {
            names[i] = rs_xstrdup(files->items[i]->s);
        }
        qsort(names, files->n, sizeof(*names), by_name);
        *out = names;
    }
    rs_val_free(folders);
    rs_val_free(files);
    return rc;
}

static enum rs_code write_mark(const char *dir, const struct origin *o, char *const *names,
                               struct rs_err *err)
{
    struct rs_val *mark = rs_val_map();
    rs_val_set_str(mark, "from", o->from);
    rs_val_set_str(mark, "sha256", o->sha256);
    struct rs_val *files = rs_val_set(mark, "files", rs_val_list());
    enum rs_code rc = RS_OK;
    for (; *names && !rc; names++) {
        char *path = rs_path_join(dir, *names);
        int64_t bytes = 0;
        char sum[17] = "";
        rc = sync_file(path, err);
        if (!rc) rc = measure(path, &bytes, sum, err);
        struct rs_val *f = rs_val_push(files, rs_val_map());
        rs_val_set_str(f, "name", *names);
        rs_val_set_int(f, "bytes", bytes);
        rs_val_set_str(f, "checksum", sum);
        free(path);
    }
    char *path = rs_path_join(dir, MARK);
    if (!rc) rc = rs_json_write(path, mark, err);
    free(path);
    rs_val_free(mark);
    return rc;
}

/* Named like an archive, or begins like one. */
static enum rs_code is_archive(const char *path, bool *out, struct rs_err *err)
{
    static const char *const ends[] = {".zip", ".gz", ".tgz", ".tar"};
    *out = false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        *out |= rs_str_ends(path, ends[i]);
    }
    if (*out) return RS_OK;
    struct rs_map m = {0};
    enum rs_code rc = rs_map_open(path, &m, err);
    if (rc) return rc;
    const char *text = m.data;
    *out = (m.len > 4 && memcmp(text, "PK\3\4", 4) == 0) ||
           (m.len > 2 && memcmp(text, "\x1f\x8b", 2) == 0) ||
           (m.len > 262 && memcmp(text + 257, "ustar", 5) == 0);
    rs_map_close(&m);
    return RS_OK;
}

static enum rs_code copy_as_it_is(const char *archive, const char *dir, const struct origin *o,
                                  struct rs_err *err)
{
    char *name = name_of(o->from);
    char *to = rs_path_join(dir, name);
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = rs_fs_copy(archive, to, err);
    free(to);
    free(name);
    return rc;
}

/* Put the proven file's contents in place of raw_dir. */
static enum rs_code unpack(const char *raw_dir, const char *archive, const struct origin *o,
                           int64_t max_bytes, struct rs_task *task, char ***files,
                           struct rs_err *err)
{
    char *aside = rs_xprintf("%s.new", raw_dir);
    bool packed = false;
    enum rs_code rc = rs_fs_remove(aside, err);
    if (!rc) rc = is_archive(archive, &packed, err);
    if (!rc) {
        rc = packed ? rs_archive_extract(archive, aside, max_bytes, task, err)
                    : copy_as_it_is(archive, aside, o, err);
    }
    if (!rc) rc = list_files(aside, files, err);
    if (!rc && !(*files)[0]) {
        rc = rs_fail(err, RS_EDAMAGED, "%s: there is no file in the archive", o->from);
    }
    if (!rc) rc = write_mark(aside, o, *files, err);
    if (!rc) rc = rs_fs_remove(raw_dir, err);
    if (!rc) rc = rs_fs_rename(aside, raw_dir, err);
    struct rs_err none = {0};
    if (rc && rs_fs_remove(aside, &none)) {
        rs_wrap(err, "'%s' is left", aside);
    }
    free(aside);
    return rc;
}

static enum rs_code make_parent(const char *raw_dir, struct rs_err *err)
{
    const char *slash = strrchr(raw_dir, '/');
    if (!slash || slash == raw_dir) return RS_OK;
    char *parent = rs_xstrndup(raw_dir, (size_t)(slash - raw_dir));
    enum rs_code rc = rs_fs_mkdirs(parent, err);
    free(parent);
    return rc;
}

enum rs_code rs_fetch(const char *raw_dir, const struct rs_fetch_opts *opts, struct rs_task *task,
                      struct rs_fetch_result *out, struct rs_err *err)
{
    struct origin o = {0};
    char *archive = NULL;
    char *part = rs_xprintf("%s.part", raw_dir);
    int64_t max_bytes = opts->max_bytes > 0 ? opts->max_bytes : RS_FETCH_MAX_BYTES;
    *out = (struct rs_fetch_result){0};
    enum rs_code rc = find_origin(opts, &o, err);
    if (rc) goto done;
    rs_assert(o.from);
    if (is_fetched(raw_dir, o.sha256, out)) goto done;
    rc = make_parent(raw_dir, err);
    if (!rc) rc = get_archive(&o, part, max_bytes, task, &archive, err);
    if (!rc) rc = unpack(raw_dir, archive, &o, max_bytes, task, &out->files, err);
    if (!rc) rc = rs_fs_remove(part, err);
done:
    if (rc) {
        rs_fetch_result_clear(out);
    } else {
        memcpy(out->sha256, o.sha256, sizeof(o.sha256));
        if (!out->from) out->from = rs_xstrdup(o.from);
    }
    free(part);
    free(archive);
    free(o.from);
    return rc;
}
