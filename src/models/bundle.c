/*
 * bundle - one file with the model and all that answering needs: written, opened, proven.
 *
 * Sections: "info", the model's own, "users.*", "items.*", "cat.*", "train.*", "seen.*",
 * "popularity". Nothing in it depends on when, where or by how many threads it was written.
 */
#include "rs/models/bundle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/features/features.h"

static const char kind[] = "MODL";
enum { VERSION = 1 };

static struct rs_val *describe(const struct rs_model *m, const struct rs_split *s,
                               const struct rs_csr *train, double threshold, uint64_t seed)
{
    struct rs_val *info = rs_val_map();
    rs_val_set_str(info, "model", m->ops->name);
    rs_val_set(info, "params", rs_values_to_map(m->values));
    rs_val_set_int(info, "seed", (int64_t)seed);
    rs_val_set_str(info, "dataset", s->dataset);
    rs_val_set_str(info, "split", s->name);
    rs_val_set_str(info, "dataset_fingerprint", s->dataset_fingerprint);
    rs_val_set_str(info, "split_fingerprint", s->fingerprint);
    rs_val_set_real(info, "threshold", threshold);
    struct rs_val *counts = rs_val_set(info, "counts", rs_val_map());
    rs_val_set_int(counts, "users", s->n_users);
    rs_val_set_int(counts, "items", s->n_items);
    rs_val_set_int(counts, "train", train->nnz);
    rs_val_set_int(counts, "seen", s->val.nnz);
    return info;
}

static enum rs_code write_popularity(const struct rs_split *s, struct rs_writer *w,
                                     struct rs_err *err)
{
    size_t n = (size_t)s->n_items;
    double *sums = rs_try_alloc(n, sizeof(*sums));
    float *scores = rs_try_alloc(n, sizeof(*scores));
    enum rs_code rc;
    if (!sums || !scores) {
        rc = rs_fail(err, RS_ENOMEM, "popularity of %zu items", n);
        goto done;
    }
    rc = rs_popularity(&s->train_t, RS_POP_SUM, 0, sums, err);
    if (!rc) rc = rs_popularity_narrow(sums, s->n_items, scores, err);
    if (!rc) rc = rs_writer_add(w, "popularity", RS_PACK_F32, scores, n, err);
done:
    free(sums);
    free(scores);
    return rc;
}

static enum rs_code write_sections(const struct rs_model *m, const struct rs_split *s,
                                   double threshold, uint64_t seed, struct rs_writer *w,
                                   struct rs_err *err)
{
    struct rs_csr both = {0};
    struct rs_csr train = s->train;
    struct rs_csr seen = s->val;
    seen.values = NULL;
    seen.times = NULL;
    enum rs_code rc = RS_OK;
    if (s->fold.nnz > 0) {
        rc = rs_csr_union(&s->train, &s->fold, &both, err);
        if (rc) return rc;
        train = both;
    }
    struct rs_val *info = describe(m, s, &train, threshold, seed);
    rc = rs_writer_add_json(w, "info", info, err);
    if (!rc) rc = m->ops->save(m, w, err);
    if (!rc) rc = rs_idmap_save(s->users, w, "users", err);
    if (!rc) rc = rs_idmap_save(s->items, w, "items", err);
    if (!rc) rc = rs_catalogue_save(s->catalogue, w, err);
    if (!rc) rc = rs_csr_save(&train, w, "train", err);
    if (!rc) rc = rs_csr_save(&seen, w, "seen", err);
    if (!rc) rc = write_popularity(s, w, err);
    rs_val_free(info);
    rs_csr_clear(&both);
    return rc;
}

enum rs_code rs_bundle_save(const char *dir, const struct rs_model *m, const struct rs_split *s,
                            double threshold, uint64_t seed, char sha256_out[65],
                            struct rs_err *err)
{
    rs_assert(m->n_users == s->n_users && m->n_items == s->n_items);
    char *path = rs_path_join(dir, "new.rsm"); /* until its hash is known */
    struct rs_writer *w = NULL;
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = rs_writer_open(path, kind, VERSION, &w, err);
    if (rc) goto done;
    rc = write_sections(m, s, threshold, seed, w, err);
    if (rc) {
        rs_writer_discard(w);
    } else {
        rc = rs_writer_close_hashed(w, ".rsm", sha256_out, err);
    }
done:
    if (rc) rs_wrap(err, "save model '%s'", m->ops->name);
    free(path);
    return rc;
}

static enum rs_code load_model(struct rs_bundle *b, struct rs_err *err)
{
    const char *name = rs_val_get_str(b->info, "model", NULL);
    const struct rs_val *params = rs_val_get(b->info, "params");
    if (!name || !params) return rs_fail(err, RS_EDAMAGED, "info names no model or parameters");
    const struct rs_model_ops *ops = rs_model_find(name);
    if (!ops) {
        return rs_fail(err, RS_EARG,
                       "it holds a model '%s', which this program does not have: "
                       "use the version that trained it",
                       name);
    }
    struct rs_err cause = {0};
    struct rs_values *values = rs_values_new(ops->params);
    enum rs_code rc = rs_values_set_map(values, params, &cause);
    if (!rc) rc = rs_model_new(ops, values, &b->model, &cause);
    rs_values_free(values);
    if (rc == RS_ENOMEM) return rs_fail(err, rc, "parameters of model '%s'", name);
    if (rc) return rs_fail(err, RS_EDAMAGED, "parameters of model '%s': %s", name, cause.msg);
    rc = ops->load(b->model, b->pack, err);
    if (rc) return rs_wrap(err, "model '%s'", name);
    int32_t n_users = rs_idmap_size(b->users);
    int32_t n_items = rs_idmap_size(b->items);
    if (b->model->n_users != n_users || b->model->n_items != n_items) {
        return rs_fail(err, RS_EDAMAGED,
                       "the model knows %d users and %d items, the id maps %d and %d",
                       b->model->n_users, b->model->n_items, n_users, n_items);
    }
    return RS_OK;
}

static enum rs_code load_popularity(struct rs_bundle *b, struct rs_err *err)
{
    int32_t n = rs_idmap_size(b->items);
    const void *data;
    enum rs_code rc = rs_pack_get(b->pack, "popularity", RS_PACK_F32, n, &data, NULL, err);
    if (rc) return rc;
    b->popularity = data;
    for (int32_t i = 0; i < n; i++) {
        if (!isfinite(b->popularity[i])) {
            return rs_fail(err, RS_EDAMAGED, "popularity of item %d is not a number", i);
        }
    }
    return RS_OK;
}

/* "…/<64 hex digits>.rsm" gives the digits, another name "". */
static void hash_of_name(const char *path, char out[65])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    out[0] = '\0';
    if (strspn(name, "0123456789abcdef") != 64 || strcmp(name + 64, ".rsm") != 0) return;
    memcpy(out, name, 64);
    out[64] = '\0';
}

static enum rs_code load_all(struct rs_bundle *b, const char *path, struct rs_err *err)
{
    enum rs_code rc = rs_pack_open(path, kind, VERSION, VERSION, &b->pack, err);
    if (rc) return rc;
    rc = rs_pack_get_json(b->pack, "info", &b->info, err);
    if (!rc) rc = rs_idmap_load(b->pack, "users", &b->users, err);
    if (!rc) rc = rs_idmap_load(b->pack, "items", &b->items, err);
    if (rc) return rc;
    int32_t n_users = rs_idmap_size(b->users);
    int32_t n_items = rs_idmap_size(b->items);
    rc = rs_catalogue_load(b->pack, n_items, &b->catalogue, err);
    if (!rc) rc = rs_csr_load(b->pack, "train", n_users, n_items, &b->train, err);
    if (!rc) rc = rs_csr_load(b->pack, "seen", n_users, n_items, &b->seen, err);
    if (!rc) rc = load_popularity(b, err);
    if (!rc) rc = load_model(b, err);
    return rc;
}

enum rs_code rs_bundle_open(const char *path, struct rs_bundle **out, struct rs_err *err)
{
    struct rs_bundle *b = rs_xalloc(1, sizeof(*b));
    hash_of_name(path, b->sha256);
    enum rs_code rc = load_all(b, path, err);
    if (rc) {
        rs_bundle_close(b);
        rs_wrap(err, "open model '%s'", path);
        return rc;
    }
    *out = b;
    return RS_OK;
}

void rs_bundle_close(struct rs_bundle *b)
{
    if (!b) return;
    rs_model_free(b->model);
    rs_idmap_free(b->users);
    rs_idmap_free(b->items);
    rs_catalogue_free(b->catalogue);
    rs_csr_clear(&b->train);
    rs_csr_clear(&b->seen);
    rs_val_free(b->info);
    rs_pack_close(b->pack); /* last: the others borrow from it */
    free(b);
}

enum rs_code rs_bundle_verify(const char *path, const char *want, struct rs_err *err)
{
    struct rs_bundle *b = NULL;
    enum rs_code rc = rs_bundle_open(path, &b, err);
    if (rc) return rc;
    char name[65];
    memcpy(name, b->sha256, sizeof(name));
    rs_bundle_close(b);
    char is[65];
    rc = rs_sha256_file(path, is, err);
    if (rc) return rc;
    if (!want) want = name;
    if (!want[0]) {
        return rs_fail(err, RS_EARG,
                       "'%s' is not named by its SHA-256 (%s): rename it, or say which "
                       "hash is wanted",
                       path, is);
    }
    if (strcmp(is, want) != 0) {
        return rs_fail(err, RS_EDAMAGED, "'%s' has SHA-256 %s, wanted %s", path, is, want);
    }
    return RS_OK;
}
