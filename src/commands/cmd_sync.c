/*
 * cmd_sync - files came from elsewhere (DVC, a copy): give the store the rows they should have.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/store/datasets.h"
#include "rs/tracking/runs.h"

static enum rs_code sync_datasets(struct rs_ctx *ctx, int64_t *n_out, struct rs_err *err)
{
    char **names = NULL;
    enum rs_code rc = rs_ctx_list_datasets(ctx, &names, err);
    for (char **n = names; !rc && *n; n++) {
        struct rs_dataset *d = NULL;
        rc = rs_ctx_dataset(ctx, *n, &d, err);
        if (rc) break;
        rc = rs_datasets_put(ctx->store, *n, d->fingerprint, rs_idmap_size(d->x.users),
                             rs_idmap_size(d->x.items), d->x.n, err);
        rs_dataset_close(d);
        *n_out += 1;
    }
    rs_fs_list_free(names);
    return rc;
}

/* A finished run that stands for a bundle the store does not know. */
static enum rs_code adopt(struct rs_ctx *ctx, const char *path, const char *sha256,
                          struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    enum rs_code rc = rs_bundle_verify(path, sha256, err);
    if (!rc) rc = rs_bundle_open(path, &b, err);
    if (rc) return rc;
    struct rs_run r = {
        .name = rs_xstrdup(rs_val_get_str(b->info, "model", "")),
        .model = rs_xstrdup(rs_val_get_str(b->info, "model", "")),
        .dataset = rs_xstrdup(rs_val_get_str(b->info, "dataset", "")),
        .split = rs_xstrdup(rs_val_get_str(b->info, "split", "")),
        .split_fingerprint = rs_xstrdup(rs_val_get_str(b->info, "split_fingerprint", "")),
        .dataset_fingerprint = rs_xstrdup(rs_val_get_str(b->info, "dataset_fingerprint", "")),
        .seed = (uint64_t)rs_val_get_int(b->info, "seed", 0)};
    const struct rs_val *params = rs_val_get(b->info, "params");
    rc = rs_runs_start(ctx->store, &r, err);
    if (!rc && params) rc = rs_runs_set_params(ctx->store, r.id, params, err);
    if (!rc) rc = rs_runs_set_tag(ctx->store, r.id, "origin", "sync", err);
    if (!rc) rc = rs_runs_end(ctx->store, r.id, RS_RUN_FINISHED, sha256, "", err);
    rs_run_clear(&r);
    rs_bundle_close(b);
    return rc;
}

static bool is_known(const struct rs_val *hashes, const char *sha256)
{
    for (size_t i = 0; i < hashes->n; i++) {
        if (strcmp(hashes->items[i]->s, sha256) == 0) return true;
    }
    return false;
}

static enum rs_code sync_bundles(struct rs_ctx *ctx, int64_t *n_out, struct rs_err *err)
{
    struct rs_val *known = NULL;
    char **names = NULL;
    char *dir = rs_ctx_path(ctx, "models");
    enum rs_code rc = rs_runs_bundles(ctx->store, &known, err);
    if (!rc) rc = rs_ctx_list_folder(dir, &names, err);
    if (rc) goto done;
    for (char **n = names; *n && !rc; n++) {
        if (strlen(*n) != 68 || !rs_str_ends(*n, ".rsm")) continue;
        char *sha256 = rs_xstrndup(*n, 64);
        char *path = rs_path_join(dir, *n);
        if (!is_known(known, sha256)) {
            rc = adopt(ctx, path, sha256, err);
            *n_out += 1;
        }
        free(path);
        free(sha256);
    }
done:
    rs_fs_list_free(names);
    rs_val_free(known);
    free(dir);
    return rc;
}

enum rs_code rs_cmd_pipeline_sync(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_result *out, struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    int64_t datasets = 0;
    int64_t runs = 0;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = sync_datasets(ctx, &datasets, err);
    if (!rc) rc = sync_bundles(ctx, &runs, err);
    if (rc) return rc;
    rs_val_set_int(out->doc, "datasets", datasets);
    rs_val_set_int(out->doc, "runs_added", runs);
    rs_result_say(out, "%lld datasets in the store, %lld runs added for bundles it did not know",
                  (long long)datasets, (long long)runs);
    return RS_OK;
}
