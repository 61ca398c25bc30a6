/* als_checkpoint - the state between two epochs in a file, under the key of what it belongs to. */
#include <math.h>
#include <string.h>

#include "als_impl.h"
#include "rs/base/hash.h"
#include "rs/base/log.h"
#include "rs/base/pack.h"

enum { VERSION = 1 };

uint64_t als_checkpoint_key(const struct rs_model *m, const struct rs_csr *weights, uint64_t seed)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    struct rs_val *map = rs_values_to_map(m->values);
    rs_json_print(map, 0, &text);
    rs_val_free(map);
    size_t n = (size_t)weights->nnz;
    uint64_t parts[] = {
        rs_checksum(text.data, text.len),
        seed,
        (uint64_t)weights->n_cols,
        rs_checksum(weights->indptr, ((size_t)weights->n_rows + 1) * sizeof(*weights->indptr)),
        rs_checksum(weights->indices, n * sizeof(*weights->indices)),
        weights->values ? rs_checksum(weights->values, n * sizeof(*weights->values)) : 0,
    };
    rs_str_clear(&text);
    return rs_checksum(parts, sizeof(parts));
}

enum rs_code als_checkpoint_save(const char *path, uint64_t key, const struct als_config *c,
                                 const struct als_state *s, struct rs_err *err)
{
    struct rs_writer *w = NULL;
    enum rs_code rc = rs_writer_open(path, "CKPT", VERSION, &w, err);
    if (rc) return rc;
    size_t f = (size_t)c->f;
    int64_t head[2] = {(int64_t)key, s->epoch};
    rc = rs_writer_add(w, "head", RS_PACK_I64, head, 2, err);
    if (!rc) rc = rs_writer_add(w, "loss", RS_PACK_F64, &s->loss, 1, err);
    if (!rc) rc = rs_writer_add(w, "x", RS_PACK_F32, s->x, (size_t)s->n_users * f, err);
    if (!rc) rc = rs_writer_add(w, "y", RS_PACK_F32, s->y, (size_t)s->n_items * f, err);
    if (rc) {
        rs_writer_discard(w);
        return rc;
    }
    return rs_writer_close(w, NULL, err);
}

static enum rs_code read_state(const struct rs_reader *r, uint64_t key, const struct als_config *c,
                               struct als_state *s, struct rs_err *err)
{
    const void *head;
    const void *loss;
    const void *x;
    const void *y;
    int64_t n_x = (int64_t)s->n_users * c->f;
    int64_t n_y = (int64_t)s->n_items * c->f;
    enum rs_code rc = rs_pack_get(r, "head", RS_PACK_I64, 2, &head, NULL, err);
    if (rc) return rc;
    int64_t epoch = ((const int64_t *)head)[1];
    if ((uint64_t)((const int64_t *)head)[0] != key) {
        return rs_fail(err, RS_EREFUSED, "it belongs to other parameters, another seed or data");
    }
    if (epoch < 1 || epoch > c->iterations) {
        return rs_fail(err, RS_EDAMAGED, "epoch %lld of %d", (long long)epoch, c->iterations);
    }
    rc = rs_pack_get(r, "loss", RS_PACK_F64, 1, &loss, NULL, err);
    if (!rc) rc = rs_pack_get(r, "x", RS_PACK_F32, n_x, &x, NULL, err);
    if (!rc) rc = rs_pack_get(r, "y", RS_PACK_F32, n_y, &y, NULL, err);
    if (rc) return rc;
    if (!als_usable(x, (size_t)n_x) || !als_usable(y, (size_t)n_y)) {
        return rs_fail(err, RS_EDAMAGED, "it holds numbers beyond any factor");
    }
    s->epoch = (int32_t)epoch;
    s->loss = *(const double *)loss;
    memcpy(s->x, x, (size_t)n_x * sizeof(*s->x));
    memcpy(s->y, y, (size_t)n_y * sizeof(*s->y));
    return RS_OK;
}

bool als_checkpoint_load(const char *path, uint64_t key, const struct als_config *c,
                         struct als_state *s)
{
    struct rs_err err = {0};
    struct rs_reader *r = NULL;
    enum rs_code rc = rs_pack_open(path, "CKPT", VERSION, VERSION, &r, &err);
    if (rc == RS_ENOTFOUND) return false;
    if (!rc) rc = read_state(r, key, c, s, &err);
    rs_pack_close(r);
    if (rc) {
        rs_log(RS_LOG_WARN, "train", "checkpoint=%s ignored=\"%s\"", path, err.msg);
        return false;
    }
    rs_log(RS_LOG_INFO, "train", "checkpoint=%s resumed_after_epoch=%d", path, s->epoch);
    return true;
}
