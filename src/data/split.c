/* split - protocols, options, and opening what split_make wrote. */
#include "rs/data/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "split_impl.h"

/* ---- protocols and options ---------------------------------------------------------------- */

enum { USES_TEST = 1, USES_VAL = 2, USES_SEED = 4, NEEDS_TIMES = 8 };

static const struct {
    const char *name;
    const char *help;
} names[] = {
#define NAME(id, name, help) [id] = {name, help},
    RS_PROTOCOLS(NAME)
#undef NAME
};

static const struct {
    double test_ratio;
    double val_ratio;
    int core;
    unsigned flags;
} protocols[RS_PROTOCOL_COUNT] = {
    [RS_GLOBAL_TEMPORAL] = {0.1, 0.1, 5, USES_TEST | USES_VAL | NEEDS_TIMES},
    [RS_USER_TEMPORAL] = {0.2, 0.1, 5, USES_TEST | USES_VAL | NEEDS_TIMES},
    [RS_LEAVE_LAST_N] = {0.0, 0.1, 5, USES_VAL | NEEDS_TIMES},
    [RS_RANDOM] = {0.2, 0.1, 5, USES_TEST | USES_VAL | USES_SEED},
    [RS_K_FOLD] = {0.0, 0.1, 5, USES_VAL | USES_SEED},
    [RS_USER_HOLDOUT] = {0.2, 0.1, 5, USES_TEST | USES_VAL | USES_SEED},
    [RS_ROLLING] = {0.0, 0.1, 5, USES_VAL | NEEDS_TIMES},
    [RS_GIVEN] = {0.0, 0.0, 0, USES_VAL | USES_SEED},
    [RS_NONE] = {0.0, 0.0, 0, 0},
};

const char *rs_protocol_name(enum rs_protocol p)
{
    rs_assert((unsigned)p < RS_PROTOCOL_COUNT);
    return names[p].name;
}

const char *rs_protocol_help(enum rs_protocol p)
{
    rs_assert((unsigned)p < RS_PROTOCOL_COUNT);
    return names[p].help;
}

bool rs_protocol_parse(const char *name, enum rs_protocol *out)
{
    for (int p = 0; p < RS_PROTOCOL_COUNT; p++) {
        if (!rs_str_eq(names[p].name, name)) continue;
        *out = (enum rs_protocol)p;
        return true;
    }
    return false;
}

bool rs_split_needs_times(enum rs_protocol p)
{
    return protocols[p].flags & NEEDS_TIMES;
}

struct rs_split_opts rs_split_defaults(enum rs_protocol p)
{
    return (struct rs_split_opts){
        .protocol = p,
        .test_ratio = protocols[p].test_ratio,
        .val_ratio = protocols[p].val_ratio,
        .user_core = protocols[p].core,
        .item_core = protocols[p].core,
        .n_last = 1,
        .folds = 5,
        .windows = 4,
        .relevance_threshold = 3.5,
    };
}

static struct rs_split_opts with_defaults(const struct rs_split_opts *o)
{
    struct rs_split_opts full = *o;
    if (!(protocols[o->protocol].flags & USES_TEST) || o->test_ratio < 0)
        full.test_ratio = protocols[o->protocol].test_ratio;
    if (!(protocols[o->protocol].flags & USES_VAL) || o->val_ratio < 0)
        full.val_ratio = protocols[o->protocol].val_ratio;
    return full;
}

enum rs_code rs_split_resolve(const struct rs_split_opts *o, struct rs_split_opts *out,
                              struct rs_err *err)
{
    rs_assert((unsigned)o->protocol < RS_PROTOCOL_COUNT);
    struct rs_split_opts r = with_defaults(o);
    bool uses_test = protocols[r.protocol].flags & USES_TEST;
    if (!isfinite(r.test_ratio) || !isfinite(r.val_ratio) || !isfinite(r.relevance_threshold))
        return rs_fail(err, RS_EARG, "ratios and relevance threshold have to be finite numbers");
    if (r.test_ratio >= 1 || (uses_test && r.test_ratio <= 0))
        return rs_fail(err, RS_EARG, "test ratio %g is not between 0 and 1%s", r.test_ratio,
                       uses_test && r.test_ratio == 0
                           ? "; for a split without test part use the protocol 'none'"
                           : "");
    if (r.test_ratio + r.val_ratio >= 1)
        return rs_fail(err, RS_EARG, "test ratio %g and validation ratio %g leave nothing to train",
                       r.test_ratio, r.val_ratio);
    if (r.protocol == RS_LEAVE_LAST_N && r.n_last < 1)
        return rs_fail(err, RS_EARG, "leave-last-n: n %d is not at least 1", r.n_last);
    if (r.protocol == RS_K_FOLD && (r.folds < 2 || r.fold < 0 || r.fold >= r.folds))
        return rs_fail(err, RS_EARG, "k-fold: fold %d of %d does not exist (folds count from 0)",
                       r.fold, r.folds);
    if (r.protocol == RS_ROLLING && (r.windows < 1 || r.fold < 0 || r.fold >= r.windows))
        return rs_fail(err, RS_EARG, "rolling: window %d of %d does not exist (they count from 0)",
                       r.fold, r.windows);
    *out = r;
    return RS_OK;
}

struct rs_val *rs_split_opts_val(const struct rs_split_opts *o)
{
    struct rs_split_opts r = with_defaults(o);
    unsigned flags = protocols[r.protocol].flags;
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "protocol", rs_protocol_name(r.protocol));
    if (flags & USES_TEST) rs_val_set_real(v, "test_ratio", r.test_ratio);
    if (flags & USES_VAL) rs_val_set_real(v, "val_ratio", r.val_ratio);
    rs_val_set_int(v, "user_core", r.user_core > 1 ? r.user_core : 0);
    rs_val_set_int(v, "item_core", r.item_core > 1 ? r.item_core : 0);
    if (r.protocol == RS_LEAVE_LAST_N) rs_val_set_int(v, "n_last", r.n_last);
    if (r.protocol == RS_K_FOLD) rs_val_set_int(v, "folds", r.folds);
    if (r.protocol == RS_ROLLING) rs_val_set_int(v, "windows", r.windows);
    if (r.protocol == RS_K_FOLD) rs_val_set_int(v, "fold", r.fold);
    if (r.protocol == RS_ROLLING) rs_val_set_int(v, "window", r.fold);
    rs_val_set_real(v, "relevance_threshold", r.relevance_threshold);
    if (flags & USES_SEED) rs_val_set_int(v, "seed", (int64_t)r.seed);
    return v;
}

/* ---- open --------------------------------------------------------------------------------- */

static enum rs_code read_card(struct rs_split *s, struct rs_err *err)
{
    enum rs_code rc = rs_pack_get_json(s->pack, "card", &s->card, err);
    if (rc) return rc;
    const char *fingerprint = rs_val_get_str(s->card, "dataset_fingerprint", "");
    if (!rs_protocol_parse(rs_val_get_str(s->card, "protocol", ""), &s->protocol) ||
        strlen(fingerprint) != sizeof(s->dataset_fingerprint) - 1)
        return rs_fail(err, RS_EDAMAGED,
                       "'%s' has a card without protocol or fingerprint: make it "
                       "again",
                       rs_pack_path(s->pack));
    memcpy(s->dataset_fingerprint, fingerprint, sizeof(s->dataset_fingerprint));
    return RS_OK;
}

static enum rs_code read_parts(struct rs_split *s, struct rs_err *err)
{
    const struct rs_reader *r = s->pack;
    enum rs_code rc = rs_idmap_load(r, "users", &s->users, err);
    if (!rc) rc = rs_idmap_load(r, "items", &s->items, err);
    if (rc) return rc;
    int32_t n_users = s->n_users = rs_idmap_size(s->users);
    int32_t n_items = s->n_items = rs_idmap_size(s->items);
    rc = rs_catalogue_load(r, n_items, &s->catalogue, err);
    if (!rc) rc = rs_csr_load(r, "train", n_users, n_items, &s->train, err);
    if (!rc) rc = rs_csr_load(r, "train_t", n_items, n_users, &s->train_t, err);
    if (!rc) rc = rs_csr_load(r, "val", n_users, n_items, &s->val, err);
    if (!rc) rc = rs_csr_load(r, "test", n_users, n_items, &s->test, err);
    if (!rc) rc = rs_csr_load(r, "fold", n_users, n_items, &s->fold, err);
    if (!rc && s->train.nnz != s->train_t.nnz)
        rc = rs_fail(err, RS_EDAMAGED, "'%s' has two different train parts: make it again",
                     rs_pack_path(r));
    return rc;
}

enum rs_code rs_split_open(const char *path, const char *dataset, const char *name,
                           struct rs_split **out, struct rs_err *err)
{
    if (!rs_fs_exists(path))
        return rs_fail(err, RS_ENOTFOUND,
                       "dataset '%s' has no split '%s' ('%s' is not there): run 'data split "
                       "--dataset %s' first",
                       dataset, name, path, dataset);
    struct rs_split *s = rs_xalloc(1, sizeof(*s));
    s->dataset = rs_xstrdup(dataset);
    s->name = rs_xstrdup(name);
    enum rs_code rc = rs_pack_open(path, SPLIT_KIND, SPLIT_VERSION, SPLIT_VERSION, &s->pack, err);
    if (!rc) rc = read_card(s, err);
    if (!rc) rc = read_parts(s, err);
    if (!rc) rc = rs_sha256_file(path, s->fingerprint, err);
    if (!rc) {
        *out = s;
        return RS_OK;
    }
    rs_split_close(s);
    return rs_wrap(err, "split '%s' of '%s'", name, dataset);
}

void rs_split_close(struct rs_split *s)
{
    if (!s) return;
    rs_csr_clear(&s->train);
    rs_csr_clear(&s->train_t);
    rs_csr_clear(&s->val);
    rs_csr_clear(&s->test);
    rs_csr_clear(&s->fold);
    rs_idmap_free(s->users);
    rs_idmap_free(s->items);
    rs_catalogue_free(s->catalogue);
    rs_val_free(s->card);
    rs_pack_close(s->pack);
    free(s->dataset);
    free(s->name);
    free(s);
}
