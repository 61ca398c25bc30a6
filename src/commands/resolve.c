/*
 * resolve - what a command means by a dataset, a split or a model reference.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/registry/versions.h"
#include "rs/tracking/runs.h"

enum rs_code rs_ctx_list_folder(const char *dir, char ***out, struct rs_err *err)
{
    struct rs_err why = {0};
    enum rs_code rc = rs_fs_list(dir, out, &why);
    if (rc == RS_ENOTFOUND) {
        *out = rs_xalloc(1, sizeof(**out));
        return RS_OK;
    }
    if (rc) *err = why;
    return rc;
}

/* Folders below `dir` that hold `file`, NULL-ended. */
static enum rs_code list_holding(const char *dir, const char *file, char ***out, struct rs_err *err)
{
    char **names = NULL;
    enum rs_code rc = rs_ctx_list_folder(dir, &names, err);
    if (rc) return rc;
    size_t n = 0;
    while (names[n]) {
        n++;
    }
    char **kept = rs_xalloc(n + 1, sizeof(*kept));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        char *sub = rs_path_join(dir, names[i]);
        char *path = rs_path_join(sub, file);
        if (rs_fs_exists(path)) {
            kept[at++] = rs_xstrdup(names[i]);
        }
        free(path);
        free(sub);
    }
    rs_fs_list_free(names);
    *out = kept;
    return RS_OK;
}

enum rs_code rs_ctx_list_datasets(struct rs_ctx *ctx, char ***out, struct rs_err *err)
{
    char *dir = rs_ctx_path(ctx, "data/interim");
    enum rs_code rc = list_holding(dir, "dataset.rsd", out, err);
    free(dir);
    return rc;
}

enum rs_code rs_ctx_list_splits(struct rs_ctx *ctx, const char *dataset, char ***out,
                                struct rs_err *err)
{
    char *dir = rs_ctx_path(ctx, "data/processed/%s", dataset);
    enum rs_code rc = list_holding(dir, "split.rsd", out, err);
    free(dir);
    return rc;
}

static bool in_list(char **names, const char *name)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) return true;
    }
    return false;
}

/* A name becomes a folder: no separators, no leading dot, not too long. */
enum rs_code rs_ctx_check_name(const char *what, const char *name, struct rs_err *err)
{
    size_t n = strlen(name);
    if (n == 0 || n > 100 || name[0] == '.' || strpbrk(name, "/\\") != NULL) {
        return rs_fail(err, RS_EARG,
                       "%s name '%.100s': 1 to 100 characters, no '/' and no leading dot", what,
                       name);
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20) {
            return rs_fail(err, RS_EARG, "%s name: a control character", what);
        }
    }
    return RS_OK;
}

/* said, else `configured` if it is there, else the only one, else `configured`. */
static const char *choose(const char *said, const char *configured, char **there)
{
    if (said) return said;
    return !in_list(there, configured) && there[0] && !there[1] ? there[0] : configured;
}

/* The chosen name, which becomes a folder; takes the list `there`. */
static enum rs_code take_name(const char *what, const char *said, const char *configured,
                              char **there, char **out, struct rs_err *err)
{
    const char *name = choose(said, configured, there);
    enum rs_code rc = rs_ctx_check_name(what, name, err);
    if (!rc) *out = rs_xstrdup(name);
    rs_fs_list_free(there);
    return rc;
}

enum rs_code rs_ctx_dataset_name(struct rs_ctx *ctx, const struct rs_args *args, char **out,
                                 struct rs_err *err)
{
    char **there = NULL;
    enum rs_code rc = rs_ctx_list_datasets(ctx, &there, err);
    if (rc) return rc;
    return take_name("dataset", rs_args_text(args, "dataset"),
                     rs_conf_text(ctx->conf, "data.dataset"), there, out, err);
}

enum rs_code rs_ctx_split_name(struct rs_ctx *ctx, const struct rs_args *args, const char *dataset,
                               char **out, struct rs_err *err)
{
    char **there = NULL;
    enum rs_code rc = rs_ctx_list_splits(ctx, dataset, &there, err);
    if (rc) return rc;
    return take_name("split", rs_args_text(args, "split"),
                     rs_conf_text(ctx->conf, "split.protocol"), there, out, err);
}

enum rs_code rs_ctx_dataset(struct rs_ctx *ctx, const char *name, struct rs_dataset **out,
                            struct rs_err *err)
{
    char *path = rs_ctx_path(ctx, "data/interim/%s/dataset.rsd", name);
    enum rs_code rc = rs_dataset_open(path, name, out, err);
    free(path);
    return rc;
}

enum rs_code rs_ctx_split(struct rs_ctx *ctx, const char *dataset, const char *split,
                          struct rs_split **out, struct rs_err *err)
{
    char *path = rs_ctx_path(ctx, "data/processed/%s/%s/split.rsd", dataset, split);
    enum rs_code rc = rs_split_open(path, dataset, split, out, err);
    free(path);
    return rc;
}

char *rs_ctx_bundle_path(const struct rs_ctx *ctx, const char *sha256)
{
    return rs_ctx_path(ctx, "models/%s.rsm", sha256);
}

static enum rs_code bundle_of_version(struct rs_store *st, int64_t number, char sha256[65],
                                      char **label_out, struct rs_err *err)
{
    struct rs_version v = {0};
    enum rs_code rc = rs_versions_get(st, number, &v, err);
    if (rc) return rc;
    memcpy(sha256, v.bundle, strnlen(v.bundle, 64) + 1);
    *label_out = rs_xprintf("v%lld", (long long)number);
    rs_version_clear(&v);
    return RS_OK;
}

static enum rs_code bundle_of_run(struct rs_store *st, const char *id, char sha256[65],
                                  char **label_out, struct rs_err *err)
{
    struct rs_run run = {0};
    enum rs_code rc = rs_runs_get(st, id, &run, err);
    if (rc) return rc;
    if (!run.bundle[0]) {
        rc = rs_fail(err, RS_ENOTFOUND, "run %s is %s and has no model", id,
                     rs_run_state_name(run.state));
    } else {
        memcpy(sha256, run.bundle, strnlen(run.bundle, 64) + 1);
        *label_out = rs_xprintf("run %s", id);
    }
    rs_run_clear(&run);
    return rc;
}

enum rs_code rs_ctx_bundle_hash(struct rs_ctx *ctx, const char *ref, char sha256[65],
                                char **label_out, struct rs_err *err)
{
    struct rs_store *st;
    struct rs_err why = {0};
    int64_t number;
    char id[RS_RUN_ID];
    const char *alias = rs_conf_text(ctx->conf, "serving.alias");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (rc) return rc;
    if (!ref && rs_alias_get(st, alias, &number, &why) == RS_ENOTFOUND) {
        return rs_fail(err, RS_ENOTFOUND,
                       "no version is behind the alias '%s': promote one ('model promote'), or say "
                       "which with --model RUN",
                       alias);
    }
    why = (struct rs_err){0};
    rc = rs_versions_resolve(st, ref ? ref : alias, &number, &why);
    if (!rc) return bundle_of_version(st, number, sha256, label_out, err);
    if (rc == RS_ENOTFOUND && ref) {
        why = (struct rs_err){0};
        rc = rs_runs_resolve(st, ref, id, &why);
        if (!rc) return bundle_of_run(st, id, sha256, label_out, err);
    }
    if (rc == RS_ENOTFOUND) {
        return rs_fail(
            err, RS_ENOTFOUND,
            "model '%s': neither a version, an alias nor a run (see 'model list', 'run list')",
            ref ? ref : alias);
    }
    *err = why;
    return rc;
}

enum rs_code rs_ctx_bundle(struct rs_ctx *ctx, const char *ref, struct rs_bundle **out,
                           char **label_out, struct rs_err *err)
{
    if (ref && rs_str_ends(ref, ".rsm")) {
        enum rs_code opened = rs_bundle_open(ref, out, err);
        if (!opened && label_out) {
            *label_out = rs_xstrdup(ref);
        }
        return opened;
    }
    char sha256[65];
    char *label = NULL;
    enum rs_code rc = rs_ctx_bundle_hash(ctx, ref, sha256, &label, err);
    if (rc) return rc;
    char *path = rs_ctx_bundle_path(ctx, sha256);
    rc = rs_bundle_open(path, out, err);
    if (rc) {
        rs_wrap(err, "%s", label);
    }
    free(path);
    if (!rc && label_out) {
        *label_out = label;
        label = NULL;
    }
    free(label);
    return rc;
}

const char *rs_ctx_actor(void)
{
    const char *actor = getenv("RECSYS_ACTOR");
    if (actor && actor[0]) return actor;
    const struct passwd *pw = getpwuid(geteuid());
    const char *user = pw ? pw->pw_name : getenv("USER");
    return user ? user : "unknown";
}
