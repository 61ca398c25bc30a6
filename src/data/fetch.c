/*
 * fetch - find a dataset's archive, prove its hash, unpack it beside its place, then move it there.
 */
#include "rs/data/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/base/val.h"

#include "fetch_impl.h"

#define MARK      ".fetched.json" /* what was fetched: files with sizes, sha256, origin */
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

/* Where the archive is read from: --url, else the mirror, else the set's own address. */
static enum rs_code find_origin(const struct rs_fetch_opts *o, const char **sha256, char **from,
                                struct rs_err *err)
{
    const struct rs_known_set *set = rs_known_set_find(o->dataset);
    *sha256 = o->sha256 ? o->sha256 : set && !o->url ? set->sha256 : NULL;
    if (!set && !o->url) {
        return rs_fail(err, RS_EARG,
                       "dataset '%s' is not known: give --url and --sha256, or 'data import' for "
                       "files of your own",
                       o->dataset);
    }
    if (!*sha256 || strlen(*sha256) != 64) {
        return rs_fail(err, RS_EARG, "%s: its --sha256 (64 hex digits) is missing",
                       o->url ? o->url : o->dataset);
    }
    if (o->url) {
        *from = rs_xstrdup(o->url);
    } else if (o->mirror && o->mirror[0]) {
        size_t n = strlen(o->mirror);
        *from = rs_xprintf("%s%s%s.zip", o->mirror, o->mirror[n - 1] == '/' ? "" : "/", o->dataset);
    } else {
        *from = rs_xstrdup(set->url);
    }
    return RS_OK;
}

/* Everything in the mark is there with its size, from an archive of that hash. */
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
        int64_t size = -1;
        names[i] = rs_xstrdup(rs_val_get_str(files->items[i], "name", ""));
        char *file = rs_path_join(raw_dir, names[i]);
        good =
            !rs_fs_size(file, &size, &none) && size == rs_val_get_int(files->items[i], "bytes", -2);
        free(file);
    }
    if (good) {
        out->files = names;
        out->from = rs_xstrdup(rs_val_get_str(mark, "from", ""));
        out->cached = true;
        memcpy(out->sha256, sha256, 65);
    } else {
        rs_fs_list_free(names);
    }
    rs_val_free(mark);
    free(path);
    return good;
}

static enum rs_code check_hash(const char *path, const char *from, const char *want,
                               struct rs_err *err)
{
    char got[RS_SHA256_HEX];
    enum rs_code rc = rs_sha256_file(path, got, err);
    if (rc || strcmp(got, want) == 0) return rc;
    return rs_fail(err, RS_EDAMAGED, "%s: SHA-256 is %s, expected %s: not the file it should be",
                   from, got, want);
}

/* The archive on this disk, proven. *path is the caller's; a download lies in <raw_dir>.part/. */
static enum rs_code get_archive(const char *raw_dir, const struct rs_fetch_opts *o,
                                const char *from, const char *sha256, struct rs_task *task,
                                char **path, struct rs_err *err)
{
    if (!is_address(from)) {
        *path = rs_xstrdup(from);
        if (!rs_fs_exists(from)) {
            return rs_fail(err, RS_ENOTFOUND, "%s: there is no such file%s", from,
                           o->url ? "" : " in the mirror (RECSYS_DATA_MIRROR, data.mirror)");
        }
        return check_hash(from, from, sha256, err);
    }
    const char *name = strrchr(from, '/') + 1;
    char *part = rs_xprintf("%s.part", raw_dir);
    *path = rs_path_join(part, name[0] ? name : "archive");
    enum rs_code rc = rs_fs_mkdirs(part, err);
    free(part);
    if (!rc) rc = rs_download(from, *path, task, err);
    if (!rc) {
        rc = check_hash(*path, from, sha256, err);
        struct rs_err none = {0};
        if (rc == RS_EDAMAGED && rs_fs_remove(*path, &none)) {
            return rs_wrap(err, "%s is left", *path);
        }
    }
    return rc;
}

/* Names and sizes of regular files in dir, as the mark keeps them. */
static enum rs_code list_files(const char *dir, const char *from, const char *sha256,
                               struct rs_val **mark_out, char ***names_out, struct rs_err *err)
{
    char **names = NULL;
    enum rs_code rc = rs_fs_list(dir, &names, err);
    if (rc) return rc;
    struct rs_val *mark = rs_val_map();
    rs_val_set_str(mark, "from", from);
    rs_val_set_str(mark, "sha256", sha256);
    struct rs_val *files = rs_val_set(mark, "files", rs_val_list());
    for (char **n = names; *n && !rc; n++) {
        char *path = rs_path_join(dir, *n);
        int64_t size = 0;
        rc = rs_fs_is_dir(path) ? RS_OK : rs_fs_size(path, &size, err);
        struct rs_val *f = rs_val_push(files, rs_val_map());
        rs_val_set_str(f, "name", *n);
        rs_val_set_int(f, "bytes", size);
        free(path);
    }
    *mark_out = mark;
    *names_out = names;
    return rc;
}

/* Put the proven file's contents in place of raw_dir. */
static enum rs_code unpack(const char *raw_dir, const struct rs_fetch_opts *o, const char *archive,
                           const char *from, const char *sha256, struct rs_task *task,
                           struct rs_fetch_result *out, struct rs_err *err)
{
    char *aside = rs_xprintf("%s.new", raw_dir);
    char *mark_path = rs_path_join(aside, MARK);
    struct rs_val *mark = NULL;
    const char *name = strrchr(from, '/') ? strrchr(from, '/') + 1 : from;
    bool packed = rs_str_ends(name, ".zip") || rs_str_ends(name, ".gz") ||
                  rs_str_ends(name, ".tgz") || rs_str_ends(name, ".tar");
    enum rs_code rc = rs_fs_remove(aside, err);
    if (!rc && packed) {
        rc = rs_archive_extract(archive, aside, o->max_bytes, task, err);
    } else if (!rc) {
        char *to = rs_path_join(aside, name);
        rc = rs_fs_mkdirs(aside, err);
        if (!rc) rc = rs_fs_copy(archive, to, err);
        free(to);
    }
    if (!rc) rc = list_files(aside, from, sha256, &mark, &out->files, err);
    if (!rc) rc = rs_json_write(mark_path, mark, err);
    if (!rc) rc = rs_fs_remove(raw_dir, err);
    if (!rc) rc = rs_fs_rename(aside, raw_dir, err);
    if (rc) {
        struct rs_err none = {0};
        if (rs_fs_remove(aside, &none)) {
            rs_wrap(err, "%s is left", aside);
        }
    }
    rs_val_free(mark);
    free(mark_path);
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

enum rs_code rs_fetch(const char *raw_dir, const struct rs_fetch_opts *o, struct rs_task *task,
                      struct rs_fetch_result *out, struct rs_err *err)
{
    const char *sha256;
    char *from = NULL;
    char *archive = NULL;
    *out = (struct rs_fetch_result){0};
    enum rs_code rc = find_origin(o, &sha256, &from, err);
    if (rc) goto done;
    if (is_fetched(raw_dir, sha256, out)) goto done;
    rc = make_parent(raw_dir, err);
    if (!rc) rc = get_archive(raw_dir, o, from, sha256, task, &archive, err);
    if (!rc) rc = unpack(raw_dir, o, archive, from, sha256, task, out, err);
    if (!rc && is_address(from)) {
        char *part = rs_xprintf("%s.part", raw_dir);
        rc = rs_fs_remove(part, err);
        free(part);
    }
    if (!rc) {
        memcpy(out->sha256, sha256, 65);
        out->from = rs_xstrdup(from);
    }
done:
    if (rc) {
        rs_fetch_result_clear(out);
    }
    free(archive);
    free(from);
    return rc;
}
