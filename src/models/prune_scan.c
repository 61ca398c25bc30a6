/*
 * prune_scan - integer products of one query with tiles of items, for several vector widths.
 *
 * Products of 8-bit numbers and their sums are exact, so every variant gives the same integers, and
 * from them the same floats. No number is -128: pairs of products stay within 16 bits.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <string.h>

#include "prune_impl.h"

enum { TILE = RS_PRUNE_TILE, GROUP = RS_PRUNE_GROUP, TILE_BYTES = TILE * GROUP };

/* ---- any processor: vectors of 16 bytes ---- */

enum { WIDE = 4, PARTS = TILE / WIDE };
typedef int16_t halves __attribute__((vector_size(16), aligned(1), may_alias));
typedef int32_t words __attribute__((vector_size(16), aligned(1), may_alias));
typedef float floats __attribute__((vector_size(16), aligned(4), may_alias));

/* One group of one tile: 4 factors of 32 items. A 16-bit lane holds two factors of an item, the
 * first in its lower byte; shifts bring either down with its sign. */
static inline void base_group(const int8_t *codes, const int8_t *query, words acc[PARTS])
{
    const halves even = {query[0], query[2], query[0], query[2],
                         query[0], query[2], query[0], query[2]};
    const halves odd = {query[1], query[3], query[1], query[3],
                        query[1], query[3], query[1], query[3]};
    for (int v = 0; v < PARTS; v++) {
        halves y = *(const halves *)(codes + 16 * v);
        words pairs = (words)((y << 8 >> 8) * even + (y >> 8) * odd);
        acc[v] += (pairs << 16 >> 16) + (pairs >> 16);
    }
}

static void base_scan(struct rs_prune_batch *b)
{
    const int8_t *codes = b->codes;
    for (int32_t t = 0; t < b->n; t++) {
        words acc[PARTS];
        memset(acc, 0, sizeof(acc));
        for (int32_t g = 0; g < b->n_groups; g++, codes += TILE_BYTES) {
            base_group(codes, b->query + (size_t)g * GROUP, acc);
        }
        float *approx = b->approx + t * TILE;
        uint32_t hits = 0;
        for (int v = 0; v < PARTS; v++) {
            *(floats *)(approx + v * WIDE) = b->scale[t] * __builtin_convertvector(acc[v], floats);
        }
        for (int j = 0; j < TILE; j++) {
            hits |= (uint32_t)(approx[j] >= b->floor[t]) << j;
        }
        b->hits[t] = hits;
    }
}

static bool base_usable(void)
{
    return true;
}

static const struct rs_prune_kernel base_kernel = {
    .name = "base", .usable = base_usable, .scan = base_scan};

#if defined(__x86_64__)

/* ---- AVX2: |p| unsigned times q with the sign of p ---- */

__attribute__((target("avx2"))) static inline __m256i avx2_sums(__m256i y, __m256i p, __m256i size)
{
    __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(y, p));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

__attribute__((target("avx2"))) static void avx2_scan(struct rs_prune_batch *b)
{
    const int8_t *codes = b->codes;
    for (int32_t t = 0; t < b->n; t++) {
        __m256i acc[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                          _mm256_setzero_si256()};
        for (int32_t g = 0; g < b->n_groups; g++, codes += TILE_BYTES) {
            int32_t four;
            memcpy(&four, b->query + (size_t)g * GROUP, sizeof(four));
            __m256i p = _mm256_set1_epi32(four);
            __m256i size = _mm256_abs_epi8(p);
            for (int v = 0; v < 4; v++) {
                __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)codes + v);
                acc[v] = _mm256_add_epi32(acc[v], avx2_sums(y, p, size));
            }
        }
        __m256 scale = _mm256_set1_ps(b->scale[t]);
        __m256 floor = _mm256_set1_ps(b->floor[t]);
        uint32_t hits = 0;
        for (int v = 0; v < 4; v++) {
            __m256 r = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(acc[v]));
            _mm256_storeu_ps(b->approx + t * TILE + 8 * v, r);
            hits |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(r, floor, _CMP_GE_OQ)) << 8 * v;
        }
        b->hits[t] = hits;
    }
}

static bool avx2_usable(void)
{
    return __builtin_cpu_supports("avx2");
}

static const struct rs_prune_kernel avx2_kernel = {
    .name = "avx2", .usable = avx2_usable, .scan = avx2_scan};

/* ---- AVX-512 VNNI: q + 128 unsigned, so each sum is too large by 128 times the sum of p ---- */

#define VNNI __attribute__((target("avx512f,avx512vnni")))

VNNI static inline __m512i vnni_sums(__m512i acc, const int8_t *codes, __m512i p)
{
    __m512i y = _mm512_xor_si512(_mm512_loadu_si512(codes), _mm512_set1_epi8((char)0x80));
    return _mm512_dpbusd_epi32(acc, y, p);
}

VNNI static inline uint32_t vnni_finish(__m512i acc, float scale, float floor, float *approx)
{
    __m512 r = _mm512_mul_ps(_mm512_set1_ps(scale), _mm512_cvtepi32_ps(acc));
    _mm512_storeu_ps(approx, r);
    return _mm512_cmp_ps_mask(r, _mm512_set1_ps(floor), _CMP_GE_OQ);
}

VNNI static void vnni_scan(struct rs_prune_batch *b)
{
    const int8_t *codes = b->codes;
    const __m512i start = _mm512_set1_epi32(-128 * b->query_sum);
    for (int32_t t = 0; t < b->n; t++) {
        __m512i low = start;
        __m512i high = start;
        for (int32_t g = 0; g < b->n_groups; g++, codes += TILE_BYTES) {
            int32_t four;
            memcpy(&four, b->query + (size_t)g * GROUP, sizeof(four));
            __m512i p = _mm512_set1_epi32(four);
            low = vnni_sums(low, codes, p);
            high = vnni_sums(high, codes + TILE_BYTES / 2, p);
        }
        float *approx = b->approx + t * TILE;
        uint32_t hits = vnni_finish(low, b->scale[t], b->floor[t], approx);
        hits |= vnni_finish(high, b->scale[t], b->floor[t], approx + TILE / 2) << 16;
        b->hits[t] = hits;
    }
}

static bool vnni_usable(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
}

static const struct rs_prune_kernel vnni_kernel = {
    .name = "avx512vnni", .usable = vnni_usable, .scan = vnni_scan};

const struct rs_prune_kernel *const rs_prune_kernels[] = {&vnni_kernel, &avx2_kernel, &base_kernel,
                                                          NULL};
#else
const struct rs_prune_kernel *const rs_prune_kernels[] = {&base_kernel, NULL};
#endif

const struct rs_prune_kernel *rs_prune_kernel_best(void)
{
    int i = 0;
    while (rs_prune_kernels[i + 1] && !rs_prune_kernels[i]->usable()) {
        i++; /* the last one always is */
    }
    return rs_prune_kernels[i];
}
