/*
 * beyond - what all lists together are like, beside being right.
 *
 * Everything but diversity follows from how often each item is recommended, so it costs one pass
 * over lists and items. The sum of cosines over the pairs of a list is taken as every item's
 * product with the sum of the unit vectors before it: O(k f) a list. Sums over users run in
 * ascending order.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

enum {
    MAX_PER_K = 6,
    LABEL = 64,
    ALONE = 200, /* users or items that are not worth waking a second thread */
};

/* Where items have directions: their genres (vectors NULL) or the model's item vectors. */
struct space {
    const float *vectors; /* [n_items x f] */
    int32_t f;
    const struct rs_catalogue *catalogue;
    double *inverse_norm; /* [n_items]; 0: the item has no direction and is in no pair */
};

static uint64_t genres_of(const struct space *sp, int32_t item)
{
    return rs_catalogue_genre_mask(sp->catalogue, item);
}

static double squared_norm(const struct space *sp, int32_t item)
{
    if (!sp->vectors) return __builtin_popcountll(genres_of(sp, item));
    const float *v = sp->vectors + (int64_t)item * sp->f;
    double sum = 0.0;
    for (int32_t c = 0; c < sp->f; c++) {
        sum += (double)v[c] * (double)v[c];
    }
    return sum;
}

static enum rs_code space_init(struct space *sp, int32_t n_items, struct rs_err *err)
{
    sp->inverse_norm = rs_try_alloc((size_t)n_items, sizeof(*sp->inverse_norm));
    if (!sp->inverse_norm) return rs_fail(err, RS_ENOMEM, "norms of %d items", (int)n_items);
#pragma omp parallel for schedule(static) num_threads(rs_par_threads()) if (n_items >= ALONE)
    for (int32_t item = 0; item < n_items; item++) {
        double squared = squared_norm(sp, item);
        sp->inverse_norm[item] = squared > 0.0 ? 1.0 / sqrt(squared) : 0.0;
    }
    return RS_OK;
}

/* Sum of cosines of item to those already in sum[f]; then the item joins them. */
static double join(const struct space *sp, int32_t item, double *sum)
{
    double scale = sp->inverse_norm[item];
    double product = 0.0;
    if (sp->vectors) {
        const float *v = sp->vectors + (int64_t)item * sp->f;
        for (int32_t c = 0; c < sp->f; c++) {
            product += (double)v[c] * sum[c];
            sum[c] += (double)v[c] * scale;
        }
    } else {
        for (uint64_t left = genres_of(sp, item); left; left &= left - 1) {
            int genre = __builtin_ctzll(left);
            product += sum[genre];
            sum[genre] += scale;
        }
    }
    return product * scale;
}

/* Mean of 1 - cosine over the pairs of the first k items, for every k; NaN without a pair. */
static void diversity_of(const struct space *sp, const int32_t *list, const struct rs_eval_opts *o,
                         double *sum, double *out)
{
    double cosines = 0.0;
    double n = 0.0;
    int32_t rank = 0;
    for (int32_t c = 0; c < sp->f; c++) {
        sum[c] = 0.0;
    }
    for (int i = 0; i < o->n_ks; i++) {
        for (; rank < o->ks[i] && list[rank] >= 0; rank++) {
            if (!(sp->inverse_norm[list[rank]] > 0.0)) continue;
            cosines += join(sp, list[rank], sum);
            n += 1.0;
        }
        out[i] = n > 1.0 ? 1.0 - cosines / (n * (n - 1.0) / 2.0) : (double)NAN;
    }
}

/* Mean of those of v[0], v[step], … (n of them) that are numbers; NaN where none is. */
static double mean_of_known(const double *v, int64_t n, int step)
{
    double sum = 0.0;
    int64_t known = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(v[i * step])) continue;
        sum += v[i * step];
        known++;
    }
    return known > 0 ? sum / (double)known : (double)NAN;
}

/* Mean diversity over the lists that have a pair, for every k of out[n_ks]. */
static enum rs_code diversity(struct space *sp, const struct rs_split *s,
                              const struct rs_eval_opts *o, const struct rs_eval *e, double *out,
                              struct rs_err *err)
{
    int threads = e->n_users < ALONE ? 1 : rs_par_threads();
    double *each = rs_try_alloc((size_t)e->n_users, (size_t)o->n_ks * sizeof(*each));
    double *sums = rs_try_alloc((size_t)threads, (size_t)sp->f * sizeof(*sums));
    enum rs_code rc = space_init(sp, s->n_items, err);
    if (rc) goto done;
    if (!each || !sums) {
        rc = rs_fail(err, RS_ENOMEM, "diversity of %d lists", (int)e->n_users);
        goto done;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        double *sum = sums + (size_t)t * (size_t)sp->f;
        for (int64_t u = t; u < e->n_users; u += threads) {
            diversity_of(sp, e->lists + u * e->list_len, o, sum, each + u * o->n_ks);
        }
    }
    for (int i = 0; i < o->n_ks; i++) {
        out[i] = mean_of_known(each + i, e->n_users, o->n_ks);
    }
done:
    free(each);
    free(sums);
    free(sp->inverse_norm);
    return rc;
}

/* How often each item is in the lists cut at some k. */
struct exposure {
    int32_t *count;  /* [n_items] */
    int32_t *sorted; /* [n_items] scratch */
    int32_t n_items;
    int64_t slots; /* items in all lists together */
    int64_t lists; /* with at least one item */
};

/* Extend from lists cut at `from` to lists cut at `to`. */
static void expose(struct exposure *x, const struct rs_eval *e, int32_t from, int32_t to)
{
    for (int64_t u = 0; u < e->n_users; u++) {
        const int32_t *list = e->lists + u * e->list_len;
        for (int32_t rank = from; rank < to && list[rank] >= 0; rank++) {
            x->count[list[rank]]++;
            x->slots++;
            x->lists += rank == 0;
        }
    }
}

static double coverage(const struct exposure *x)
{
    int64_t shown = 0;
    for (int32_t i = 0; i < x->n_items; i++) {
        shown += x->count[i] > 0;
    }
    return (double)shown / x->n_items;
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Of exposure over the catalogue: 0 all items equally often, towards 1 one item only. */
static double gini(const struct exposure *x)
{
    int32_t n_shown = 0;
    for (int32_t i = 0; i < x->n_items; i++) {
        if (x->count[i] > 0) x->sorted[n_shown++] = x->count[i];
    }
    qsort(x->sorted, (size_t)n_shown, sizeof(*x->sorted), ascending);
    double n = x->n_items;
    double place = n - n_shown; /* items never shown come first and add nothing */
    double sum = 0.0;
    for (int32_t i = 0; i < n_shown; i++) {
        place += 1.0;
        sum += (2.0 * place - n - 1.0) * x->sorted[i];
    }
    return sum / (n * (double)x->slots);
}

/* Mean over all places of -log2 of the share of train's users who have the item there. */
static double novelty(const struct exposure *x, const struct rs_split *s)
{
    int64_t n_users = 0;
    for (int32_t u = 0; u < s->train.n_rows; u++) {
        n_users += rs_csr_len(&s->train, u) > 0;
    }
    double sum = 0.0;
    for (int32_t i = 0; i < x->n_items; i++) {
        if (x->count[i] == 0) continue;
        sum -= x->count[i] * log2((double)rs_csr_len(&s->train_t, i) / (double)n_users);
    }
    return sum / (double)x->slots;
}

/* 1 - mean over pairs of lists of the share of k they have in common: an item in c lists is common
 * to c (c - 1) / 2 pairs. */
static double personalisation(const struct exposure *x, int32_t k)
{
    if (x->lists < 2) return (double)NAN;
    double common = 0.0;
    for (int32_t i = 0; i < x->n_items; i++) {
        common += 0.5 * x->count[i] * (x->count[i] - 1.0);
    }
    double pairs = 0.5 * (double)x->lists * ((double)x->lists - 1.0);
    return 1.0 - common / (pairs * k);
}

static void put(struct rs_eval *e, const char *name, int32_t k, double value)
{
    char *label = rs_xalloc(LABEL, 1);
    (void)snprintf(label, LABEL, "%s_at_%d", name, (int)k);
    e->beyond_names[e->n_beyond] = label;
    e->beyond[e->n_beyond++] = value;
}

static enum rs_code exposure_init(struct exposure *x, int32_t n_items, struct rs_err *err)
{
    x->n_items = n_items;
    x->count = rs_try_alloc((size_t)n_items, sizeof(*x->count));
    x->sorted = rs_try_alloc((size_t)n_items, sizeof(*x->sorted));
    if (x->count && x->sorted) return RS_OK;
    return rs_fail(err, RS_ENOMEM, "exposure of %d items", (int)n_items);
}

enum rs_code rs_eval_beyond(const struct rs_model *m, const struct rs_split *s,
                            const struct rs_eval_opts *o, struct rs_eval *e, struct rs_err *err)
{
    struct space genres = {.f = RS_MAX_GENRES, .catalogue = s->catalogue};
    struct space vectors = {0};
    if (m->ops->item_vectors) vectors.vectors = m->ops->item_vectors(m, &vectors.f);
    bool has_genres = s->catalogue && rs_catalogue_n_genres(s->catalogue) > 0;
    size_t n_ks = (size_t)o->n_ks;
    double *by_genre = rs_xalloc(n_ks, sizeof(*by_genre));
    double *by_vector = rs_xalloc(n_ks, sizeof(*by_vector));
    e->beyond_names = rs_xalloc(n_ks * MAX_PER_K, sizeof(*e->beyond_names));
    e->beyond = rs_xalloc(n_ks * MAX_PER_K, sizeof(*e->beyond));
    struct exposure x = {0};
    enum rs_code rc = exposure_init(&x, s->n_items, err);
    if (rc) goto done;
    if (has_genres) rc = diversity(&genres, s, o, e, by_genre, err);
    if (rc) goto done;
    if (vectors.vectors) rc = diversity(&vectors, s, o, e, by_vector, err);
    if (rc) goto done;
    for (int i = 0; i < o->n_ks; i++) {
        int32_t k = o->ks[i];
        expose(&x, e, i > 0 ? o->ks[i - 1] : 0, k);
        put(e, "coverage", k, coverage(&x));
        put(e, "gini", k, gini(&x));
        put(e, "novelty", k, novelty(&x, s));
        if (has_genres) put(e, "diversity_genre", k, by_genre[i]);
        if (vectors.vectors) put(e, "diversity_vector", k, by_vector[i]);
        put(e, "personalisation", k, personalisation(&x, k));
    }
done:
    free(x.count);
    free(x.sorted);
    free(by_genre);
    free(by_vector);
    return rc;
}
