/*
 * features - one pass over the rows of the train part, both ways.
 *
 * A row's sum runs in the order of its entries, in double, and rows are independent: the numbers do
 * not depend on the number of threads.
 */
#include "rs/features/features.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

#define FEATURES_KIND    "FEAT"
#define FEATURES_VERSION 1
#define DAY_S            86400.0

/* ---- popularity --------------------------------------------------------------------------- */

static double row_sum(const struct rs_csr *m, int32_t row)
{
    double sum = 0;
    for (int64_t e = m->indptr[row]; e < m->indptr[row + 1]; e++)
        sum += (double)rs_csr_value(m, e);
    return sum;
}

static double row_decayed(const struct rs_csr *m, int32_t row, int64_t t_max, double half_life_s)
{
    double sum = 0;
    for (int64_t e = m->indptr[row]; e < m->indptr[row + 1]; e++)
        sum += exp2(-((double)t_max - (double)m->times[e]) / half_life_s);
    return sum;
}

static int64_t newest(const struct rs_csr *m)
{
    int64_t t = m->nnz ? m->times[0] : 0;
    for (int64_t e = 1; e < m->nnz; e++)
        if (m->times[e] > t) t = m->times[e];
    return t;
}

enum rs_code rs_popularity(const struct rs_csr *iu, enum rs_popularity_kind kind,
                           double half_life_days, double *scores_out, struct rs_err *err)
{
    int64_t t_max = 0;
    if (kind == RS_POP_DECAYED) {
        if (!(half_life_days > 0) || !isfinite(half_life_days))
            return rs_fail(err, RS_EARG, "half-life of %g days is not above 0", half_life_days);
        if (!iu->times)
            return rs_fail(err, RS_EARG,
                           "decayed popularity needs times and the data has none: "
                           "use count or sum");
        t_max = newest(iu);
    }
    double half_life_s = half_life_days * DAY_S;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(static)
    for (int32_t i = 0; i < iu->n_rows; i++) {
        scores_out[i] = kind == RS_POP_COUNT ? (double)rs_csr_len(iu, i)
                        : kind == RS_POP_SUM ? row_sum(iu, i)
                                             : row_decayed(iu, i, t_max, half_life_s);
    }
    return RS_OK;
}

enum rs_code rs_popularity_narrow(const double *scores, int32_t n, float *out, struct rs_err *err)
{
    for (int32_t i = 0; i < n; i++) {
        if (!(fabs(scores[i]) <= (double)FLT_MAX))
            return rs_fail(err, RS_ENUMERIC,
                           "popularity of item %d is %g, beyond float: scale the values down", i,
                           scores[i]);
        out[i] = (float)scores[i];
    }
    return RS_OK;
}

/* ---- build -------------------------------------------------------------------------------- */

struct building {
    const struct rs_split *s;
    double *count; /* [n_items] */
    double *sum;
    double *decayed; /* or NULL: no times */
    uint64_t *genres;
    int32_t *year;
    int32_t *rows; /* [n_users] */
    double *mean;
    int64_t *first; /* or NULL: no times */
    int64_t *last;
};

static enum rs_code building_init(struct building *b, const struct rs_split *s, struct rs_err *err)
{
    size_t n_items = (size_t)s->n_items;
    size_t n_users = (size_t)s->n_users;
    bool times = s->train.times != NULL;
    *b = (struct building){
        .s = s,
        .count = rs_try_alloc(n_items, sizeof(*b->count)),
        .sum = rs_try_alloc(n_items, sizeof(*b->sum)),
        .decayed = times ? rs_try_alloc(n_items, sizeof(*b->decayed)) : NULL,
        .genres = rs_try_alloc(n_items, sizeof(*b->genres)),
        .year = rs_try_alloc(n_items, sizeof(*b->year)),
        .rows = rs_try_alloc(n_users, sizeof(*b->rows)),
        .mean = rs_try_alloc(n_users, sizeof(*b->mean)),
        .first = times ? rs_try_alloc(n_users, sizeof(*b->first)) : NULL,
        .last = times ? rs_try_alloc(n_users, sizeof(*b->last)) : NULL,
    };
    bool got = b->count && b->sum && b->genres && b->year && b->rows && b->mean;
    if (times) got = got && b->decayed && b->first && b->last;
    return got ? RS_OK : rs_fail(err, RS_ENOMEM, "features: out of memory");
}

static void building_clear(struct building *b)
{
    free(b->count);
    free(b->sum);
    free(b->decayed);
    free(b->genres);
    free(b->year);
    free(b->rows);
    free(b->mean);
    free(b->first);
    free(b->last);
}

static void fill_users(struct building *b)
{
    const struct rs_csr *m = &b->s->train;
    for (int32_t u = 0; u < m->n_rows; u++) {
        int64_t n = rs_csr_len(m, u);
        b->rows[u] = (int32_t)n; /* at most n_items */
        if (n == 0) continue;
        b->mean[u] = row_sum(m, u) / (double)n;
        if (!m->times) continue;
        b->first[u] = b->last[u] = m->times[m->indptr[u]];
        for (int64_t e = m->indptr[u]; e < m->indptr[u + 1]; e++) {
            if (m->times[e] < b->first[u]) b->first[u] = m->times[e];
            if (m->times[e] > b->last[u]) b->last[u] = m->times[e];
        }
    }
}

static enum rs_code fill(struct building *b, double half_life_days, struct rs_err *err)
{
    const struct rs_csr *iu = &b->s->train_t;
    enum rs_code rc = rs_popularity(iu, RS_POP_COUNT, 0, b->count, err);
    if (!rc) rc = rs_popularity(iu, RS_POP_SUM, 0, b->sum, err);
    if (!rc && b->decayed) rc = rs_popularity(iu, RS_POP_DECAYED, half_life_days, b->decayed, err);
    for (int32_t i = 0; i < b->s->n_items; i++) {
        b->genres[i] = rs_catalogue_genre_mask(b->s->catalogue, i);
        b->year[i] = rs_catalogue_year(b->s->catalogue, i);
    }
    fill_users(b);
    return rc;
}

/* ---- summary ------------------------------------------------------------------------------ */

struct stats {
    int64_t n;
    double min;
    double max;
    double sum;
};

static void stats_add(struct stats *s, double v)
{
    if (s->n == 0 || v < s->min) s->min = v;
    if (s->n == 0 || v > s->max) s->max = v;
    s->sum += v;
    s->n++;
}

static void push_stats(struct rs_val *list, const char *name, const struct stats *s)
{
    struct rs_val *v = rs_val_push(list, rs_val_map());
    rs_val_set_str(v, "name", name);
    rs_val_set_int(v, "rows", s->n);
    rs_val_set_real(v, "min", s->min);
    rs_val_set_real(v, "mean", s->n ? s->sum / (double)s->n : 0);
    rs_val_set_real(v, "max", s->max);
}

static void push_reals(struct rs_val *list, const char *name, const double *v, int32_t n)
{
    struct stats s = {0};
    for (int32_t i = 0; i < n && v; i++)
        stats_add(&s, v[i]);
    if (v) push_stats(list, name, &s);
}

static struct rs_val *summary_val(const struct building *b, double half_life_days)
{
    const struct rs_split *s = b->s;
    struct stats genres = {0};
    struct stats years = {0};
    struct stats rows = {0};
    for (int32_t i = 0; i < s->n_items; i++) {
        stats_add(&genres, __builtin_popcountll(b->genres[i]));
        if (b->year[i]) stats_add(&years, b->year[i]);
    }
    for (int32_t u = 0; u < s->n_users; u++)
        stats_add(&rows, b->rows[u]);
    struct rs_val *v = rs_val_map();
    rs_val_set_str(v, "split_fingerprint", s->fingerprint);
    rs_val_set_real(v, "half_life_days", half_life_days);
    struct rs_val *list = rs_val_set(v, "features", rs_val_list());
    push_reals(list, "popularity_count", b->count, s->n_items);
    push_reals(list, "popularity_sum", b->sum, s->n_items);
    push_reals(list, "popularity_decayed", b->decayed, s->n_items);
    push_stats(list, "item_genres", &genres);
    push_stats(list, "item_year", &years);
    push_stats(list, "user_rows", &rows);
    push_reals(list, "user_mean", b->mean, s->n_users);
    return v;
}

/* ---- file --------------------------------------------------------------------------------- */

static enum rs_code write_sections(const struct building *b, const struct rs_val *summary,
                                   struct rs_writer *w, struct rs_err *err)
{
    size_t n_items = (size_t)b->s->n_items;
    size_t n_users = (size_t)b->s->n_users;
    enum rs_code rc = rs_writer_add_json(w, "summary", summary, err);
    if (!rc) rc = rs_writer_add(w, "pop.count", RS_PACK_F64, b->count, n_items, err);
    if (!rc) rc = rs_writer_add(w, "pop.sum", RS_PACK_F64, b->sum, n_items, err);
    if (!rc && b->decayed)
        rc = rs_writer_add(w, "pop.decayed", RS_PACK_F64, b->decayed, n_items, err);
    if (!rc) rc = rs_writer_add(w, "item.genres", RS_PACK_I64, b->genres, n_items, err);
    if (!rc) rc = rs_writer_add(w, "item.year", RS_PACK_I32, b->year, n_items, err);
    if (!rc) rc = rs_writer_add(w, "user.rows", RS_PACK_I32, b->rows, n_users, err);
    if (!rc) rc = rs_writer_add(w, "user.mean", RS_PACK_F64, b->mean, n_users, err);
    if (!rc && b->first) rc = rs_writer_add(w, "user.first", RS_PACK_I64, b->first, n_users, err);
    if (!rc && b->last) rc = rs_writer_add(w, "user.last", RS_PACK_I64, b->last, n_users, err);
    return rc;
}

enum rs_code rs_features_build(const struct rs_split *s, double half_life_days, const char *path,
                               struct rs_err *err)
{
    if (!(half_life_days > 0) || !isfinite(half_life_days))
        return rs_fail(err, RS_EARG, "half-life of %g days is not above 0", half_life_days);
    struct building b;
    struct rs_writer *w = NULL;
    struct rs_val *summary = NULL;
    enum rs_code rc = building_init(&b, s, err);
    if (!rc) rc = fill(&b, half_life_days, err);
    if (!rc) summary = summary_val(&b, half_life_days);
    if (!rc) rc = rs_writer_open(path, FEATURES_KIND, FEATURES_VERSION, &w, err);
    if (!rc) rc = write_sections(&b, summary, w, err);
    if (!rc) {
        rc = rs_writer_close(w, NULL, err);
    } else {
        rs_writer_discard(w);
    }
    rs_val_free(summary);
    building_clear(&b);
    return rc;
}

/* A section of n elements (n < 0: any), or NULL where it is optional and absent. */
static enum rs_code get(struct rs_features *f, const char *name, enum rs_pack_type type, int64_t n,
                        bool optional, const void **out, int64_t *n_out, struct rs_err *err)
{
    if (optional && !rs_pack_has(f->pack, name)) return RS_OK;
    return rs_pack_get(f->pack, name, type, n, out, n_out, err);
}

static enum rs_code read_sections(struct rs_features *f, struct rs_err *err)
{
    const void *p[9] = {NULL};
    int64_t items = 0;
    int64_t users = 0;
    enum rs_code rc = rs_pack_get_json(f->pack, "summary", &f->summary, err);
    if (!rc) rc = get(f, "pop.count", RS_PACK_F64, -1, false, &p[0], &items, err);
    if (!rc) rc = get(f, "pop.sum", RS_PACK_F64, items, false, &p[1], NULL, err);
    if (!rc) rc = get(f, "pop.decayed", RS_PACK_F64, items, true, &p[2], NULL, err);
    if (!rc) rc = get(f, "item.genres", RS_PACK_I64, items, false, &p[3], NULL, err);
    if (!rc) rc = get(f, "item.year", RS_PACK_I32, items, false, &p[4], NULL, err);
    if (!rc) rc = get(f, "user.rows", RS_PACK_I32, -1, false, &p[5], &users, err);
    if (!rc) rc = get(f, "user.mean", RS_PACK_F64, users, false, &p[6], NULL, err);
    if (!rc) rc = get(f, "user.first", RS_PACK_I64, users, true, &p[7], NULL, err);
    if (!rc) rc = get(f, "user.last", RS_PACK_I64, users, true, &p[8], NULL, err);
    if (!rc && (items > INT32_MAX || users > INT32_MAX))
        rc = rs_fail(err, RS_EDAMAGED, "'%s' has too many rows: build it again",
                     rs_pack_path(f->pack));
    if (rc) return rc;
    f->n_items = (int32_t)items;
    f->n_users = (int32_t)users;
    f->pop_count = p[0];
    f->pop_sum = p[1];
    f->pop_decayed = p[2];
    f->genres = p[3];
    f->year = p[4];
    f->user_rows = p[5];
    f->user_mean = p[6];
    f->user_first = p[7];
    f->user_last = p[8];
    return RS_OK;
}

enum rs_code rs_features_open(const char *path, struct rs_features **out, struct rs_err *err)
{
    if (!rs_fs_exists(path))
        return rs_fail(err, RS_ENOTFOUND, "'%s' is not there: run 'features build' first", path);
    struct rs_features *f = rs_xalloc(1, sizeof(*f));
    enum rs_code rc =
        rs_pack_open(path, FEATURES_KIND, FEATURES_VERSION, FEATURES_VERSION, &f->pack, err);
    if (!rc) rc = read_sections(f, err);
    if (rc) {
        rs_features_close(f);
    } else {
        *out = f;
    }
    return rc;
}

void rs_features_close(struct rs_features *f)
{
    if (!f) return;
    rs_val_free(f->summary);
    rs_pack_close(f->pack);
    free(f);
}
