/*
 * als_gram - Gram matrices and the objective's sums, in orders that threads do not change.
 *
 * Rows are cut into a number of chunks that depends on the shape alone. A chunk adds blocks of 1024
 * rows, summed in float, to its sums in double; chunks are added in order.
 */
#include <string.h>

#include "als_impl.h"

enum { CHUNKS = 16, BLOCK_ROWS = 1024, TILE_ROWS = 64 };

static int32_t n_chunks(int32_t n)
{
    int32_t blocks = n / BLOCK_ROWS + 1;
    return blocks < CHUNKS ? blocks : CHUNKS;
}

/* Per chunk: sums[f x f] in double, a block's sums[order x order] and a padded tile in float. */
static size_t chunk_bytes(int32_t f)
{
    size_t order = rs_dense_round((size_t)f);
    return order * order * (sizeof(double) + sizeof(float)) + TILE_ROWS * order * sizeof(float);
}

size_t als_gram_work(int32_t n, int32_t f)
{
    return (size_t)n_chunks(n) * chunk_bytes(f);
}

/* acc += upper triangle of v'v over one block. */
static void add_block(const float *v, int32_t n, size_t f, size_t order, float *tile, float *acc)
{
    const struct rs_dense *dense = rs_dense_best();
    for (int32_t begin = 0; begin < n; begin += TILE_ROWS) {
        int32_t rows = n - begin < TILE_ROWS ? n - begin : TILE_ROWS;
        for (int32_t r = 0; r < rows; r++) {
            memcpy(tile + (size_t)r * order, v + (size_t)(begin + r) * f, f * sizeof(float));
        }
        for (size_t k = 0; k < order; k += RS_DENSE_BLOCK) {
            const struct rs_product g = {.q = tile + k,
                                         .ldq = order,
                                         .p = tile + k,
                                         .ldp = order,
                                         .c = acc + k * order + k,
                                         .ldc = order,
                                         .depth = rows,
                                         .rows = RS_DENSE_BLOCK,
                                         .cols = (int32_t)(order - k),
                                         .mode = RS_PRODUCT_ADD};
            dense->product(&g);
        }
    }
}

static void sum_chunk(const float *v, int32_t begin, int32_t end, int32_t f, char *work)
{
    size_t order = rs_dense_round((size_t)f);
    double *sums = (double *)(void *)work;
    float *acc = (float *)(void *)(sums + order * order);
    float *tile = acc + order * order;
    memset(work, 0, chunk_bytes(f));
    for (int32_t row = begin; row < end; row += BLOCK_ROWS) {
        int32_t rows = end - row < BLOCK_ROWS ? end - row : BLOCK_ROWS;
        memset(acc, 0, order * order * sizeof(*acc));
        add_block(v + (size_t)row * (size_t)f, rows, (size_t)f, order, tile, acc);
        for (size_t i = 0; i < order * order; i++) {
            sums[i] += (double)acc[i];
        }
    }
}

void als_gram(const float *v, int32_t n, int32_t f, int threads, double *gram_out, void *work)
{
    size_t order = rs_dense_round((size_t)f);
    int32_t chunks = n_chunks(n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int32_t c = 0; c < chunks; c++) {
        int32_t begin = (int32_t)((int64_t)n * c / chunks);
        int32_t end = (int32_t)((int64_t)n * (c + 1) / chunks);
        sum_chunk(v, begin, end, f, (char *)work + chunk_bytes(f) * (size_t)c);
    }
    for (int32_t i = 0; i < f; i++) {
        for (int32_t j = i; j < f; j++) {
            double sum = 0;
            for (int32_t c = 0; c < chunks; c++) {
                const char *at = (const char *)work + chunk_bytes(f) * (size_t)c;
                sum += ((const double *)(const void *)at)[(size_t)i * order + (size_t)j];
            }
            gram_out[(size_t)i * (size_t)f + (size_t)j] = sum;
            gram_out[(size_t)j * (size_t)f + (size_t)i] = sum;
        }
    }
}

void als_gram_base(const struct als_config *c, const double *gram, float *out)
{
    size_t f = (size_t)c->f;
    size_t ld = als_ld(c);
    double w = als_pair_weight(c);
    memset(out, 0, als_order(c) * ld * sizeof(*out));
    for (size_t i = 0; i < f; i++) {
        for (size_t j = 0; j < f; j++) {
            out[i * ld + j] = (float)(w * gram[i * f + j]);
        }
    }
}

double als_objective_sum(const struct als_config *c, const double *user_loss, int32_t n_users,
                         const double *item_loss, int32_t n_items, const double *gram_x,
                         const double *gram_y)
{
    double sum = 0;
    for (int32_t u = 0; u < n_users; u++) {
        sum += user_loss[u];
    }
    for (int32_t i = 0; i < n_items; i++) {
        sum += item_loss[i];
    }
    double all = 0; /* sum over all pairs of (x . y)^2 = trace(X'X Y'Y) */
    for (size_t k = 0; k < (size_t)c->f * (size_t)c->f; k++) {
        all += gram_x[k] * gram_y[k];
    }
    return sum + als_pair_weight(c) * all;
}
