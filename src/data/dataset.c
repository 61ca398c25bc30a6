/* dataset - columns, id maps, catalogue and report in one mapped file. */
#include "rs/data/dataset.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"

#define DATASET_KIND    "DATA"
#define DATASET_VERSION 1
#define MAX_TYPES       256 /* an index fits uint8_t */

/* ---- save --------------------------------------------------------------------------------- */

static enum rs_code write_types(const struct rs_interactions *x, struct rs_writer *w,
                                struct rs_err *err)
{
    struct rs_val *names = rs_val_list();
    for (char **name = x->types; name && *name; name++)
        rs_val_push(names, rs_val_str(*name));
    enum rs_code rc = rs_writer_add_json(w, "types", names, err);
    if (!rc) rc = rs_writer_add(w, "type", RS_PACK_U8, x->type, (size_t)x->n, err);
    rs_val_free(names);
    return rc;
}

static enum rs_code write_sections(const struct rs_interactions *x,
                                   const struct rs_catalogue *catalogue,
                                   const struct rs_val *report, struct rs_writer *w,
                                   struct rs_err *err)
{
    size_t n = (size_t)x->n;
    enum rs_code rc = rs_writer_add_json(w, "report", report, err);
    if (!rc) rc = rs_idmap_save(x->users, w, "users", err);
    if (!rc) rc = rs_idmap_save(x->items, w, "items", err);
    if (!rc) rc = rs_catalogue_save(catalogue, w, err);
    if (!rc) rc = rs_writer_add(w, "user", RS_PACK_I32, x->user, n, err);
    if (!rc) rc = rs_writer_add(w, "item", RS_PACK_I32, x->item, n, err);
    if (!rc) rc = rs_writer_add(w, "value", RS_PACK_F32, x->value, n, err);
    if (!rc && x->time) rc = rs_writer_add(w, "time", RS_PACK_I64, x->time, n, err);
    if (!rc && x->type) rc = write_types(x, w, err);
    return rc;
}

enum rs_code rs_dataset_save(const char *path, const struct rs_interactions *x,
                             const struct rs_catalogue *catalogue, const struct rs_val *report,
                             struct rs_err *err)
{
    rs_assert(rs_catalogue_size(catalogue) == rs_idmap_size(x->items));
    struct rs_writer *w = NULL;
    enum rs_code rc = rs_writer_open(path, DATASET_KIND, DATASET_VERSION, &w, err);
    if (!rc) rc = write_sections(x, catalogue, report, w, err);
    if (!rc) return rs_writer_close(w, NULL, err);
    rs_writer_discard(w);
    return rc;
}

/* ---- open --------------------------------------------------------------------------------- */

static enum rs_code read_types(struct rs_dataset *d, struct rs_err *err)
{
    struct rs_val *names = NULL;
    const void *type = NULL;
    enum rs_code rc = rs_pack_get(d->pack, "type", RS_PACK_U8, d->x.n, &type, NULL, err);
    if (!rc) rc = rs_pack_get_json(d->pack, "types", &names, err);
    if (rc) return rc;
    d->x.type = type;
    bool sound = names->type == RS_VAL_LIST && names->n <= MAX_TYPES;
    size_t n = sound ? names->n : 0;
    d->x.types = rs_xalloc(n + 1, sizeof(*d->x.types));
    for (size_t i = 0; i < n && sound; i++) {
        sound = names->items[i]->type == RS_VAL_STR;
        if (sound) d->x.types[i] = rs_xstrdup(names->items[i]->s);
    }
    for (int64_t r = 0; r < d->x.n && sound; r++)
        sound = d->x.type[r] < n;
    rs_val_free(names);
    if (!sound)
        return rs_fail(err, RS_EDAMAGED,
                       "'%s' has event types that make no sense: prepare it again",
                       rs_pack_path(d->pack));
    return RS_OK;
}

/* Indices in range, rows strictly ascending by (user, item), values finite. */
static enum rs_code check_rows(const struct rs_dataset *d, struct rs_err *err)
{
    const struct rs_interactions *x = &d->x;
    int32_t n_users = rs_idmap_size(x->users);
    int32_t n_items = rs_idmap_size(x->items);
    for (int64_t r = 0; r < x->n; r++) {
        bool in_range = x->user[r] >= 0 && x->user[r] < n_users && x->item[r] >= 0 &&
                        x->item[r] < n_items && isfinite(x->value[r]);
        bool ascends = r == 0 || x->user[r] > x->user[r - 1] ||
                       (x->user[r] == x->user[r - 1] && x->item[r] > x->item[r - 1]);
        if (!in_range || !ascends)
            return rs_fail(
                err, RS_EDAMAGED, "'%s' is damaged (row %" PRId64 " %s): prepare it again",
                rs_pack_path(d->pack), r, in_range ? "is out of order" : "makes no sense");
    }
    return RS_OK;
}

static enum rs_code read_sections(struct rs_dataset *d, struct rs_err *err)
{
    const struct rs_reader *r = d->pack;
    const void *user = NULL;
    const void *item = NULL;
    const void *value = NULL;
    const void *time = NULL;
    int64_t n = 0;
    enum rs_code rc = rs_pack_get_json(r, "report", &d->report, err);
    if (!rc) rc = rs_idmap_load(r, "users", &d->x.users, err);
    if (!rc) rc = rs_idmap_load(r, "items", &d->x.items, err);
    if (!rc) rc = rs_catalogue_load(r, rs_idmap_size(d->x.items), &d->catalogue, err);
    if (!rc) rc = rs_pack_get(r, "user", RS_PACK_I32, -1, &user, &n, err);
    if (!rc) rc = rs_pack_get(r, "item", RS_PACK_I32, n, &item, NULL, err);
    if (!rc) rc = rs_pack_get(r, "value", RS_PACK_F32, n, &value, NULL, err);
    if (!rc && rs_pack_has(r, "time"))
        rc = rs_pack_get(r, "time", RS_PACK_I64, n, &time, NULL, err);
    if (rc) return rc;
    d->x.n = n;
    d->x.user = user;
    d->x.item = item;
    d->x.value = value;
    d->x.time = time;
    rc = check_rows(d, err);
    if (!rc && rs_pack_has(r, "type")) rc = read_types(d, err);
    return rc;
}

enum rs_code rs_dataset_open(const char *path, const char *name, struct rs_dataset **out,
                             struct rs_err *err)
{
    if (!rs_fs_exists(path))
        return rs_fail(err, RS_ENOTFOUND,
                       "dataset '%s' is not prepared ('%s' is not there): run 'data prepare "
                       "--dataset %s' first",
                       name, path, name);
    struct rs_dataset *d = rs_xalloc(1, sizeof(*d));
    d->name = rs_xstrdup(name);
    enum rs_code rc =
        rs_pack_open(path, DATASET_KIND, DATASET_VERSION, DATASET_VERSION, &d->pack, err);
    if (!rc) rc = read_sections(d, err);
    if (!rc) rc = rs_sha256_file(path, d->fingerprint, err);
    if (!rc) {
        *out = d;
        return RS_OK;
    }
    rs_dataset_close(d);
    return rs_wrap(err, "dataset '%s'", name);
}

void rs_dataset_close(struct rs_dataset *d)
{
    if (!d) return;
    for (char **type = d->x.types; type && *type; type++)
        free(*type);
    free(d->x.types);
    rs_idmap_free(d->x.users);
    rs_idmap_free(d->x.items);
    rs_catalogue_free(d->catalogue);
    rs_val_free(d->report);
    rs_pack_close(d->pack);
    free(d->name);
    free(d);
}
