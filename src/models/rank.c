/*
 * rank - the k best of a score vector in one pass, and lists for many profiles on all threads.
 *
 * The k best so far are a heap with the worst at its root. Items come in ascending order, so one
 * that only equals the root loses the tie: a block of items none of which exceeds the root is
 * skipped by one vector comparison.
 */
#include "rs/models/rank.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "rank_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

enum { SCAN = 64 }; /* items compared at once */

static bool worse(struct rs_ranked a, struct rs_ranked b)
{
    return a.score < b.score || (a.score == b.score && a.item > b.item);
}

static void sift_down(struct rs_ranked *heap, int32_t n, int32_t at)
{
    struct rs_ranked moving = heap[at];
    for (int32_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && worse(heap[child + 1], heap[child])) child++;
        if (!worse(heap[child], moving)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void sift_up(struct rs_ranked *heap, int32_t at)
{
    struct rs_ranked moving = heap[at];
    while (at > 0 && worse(moving, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moving;
}

void rs_top_offer(struct rs_top *t, struct rs_ranked item)
{
    if (t->n < t->k) {
        t->heap[t->n] = item;
        sift_up(t->heap, t->n++);
    } else if (worse(t->heap[0], item)) {
        t->heap[0] = item;
        sift_down(t->heap, t->n, 0);
    }
}

/* Worst last: the root goes behind what is left of the heap, again and again. */
void rs_top_sort(struct rs_top *t)
{
    for (int32_t left = t->n - 1; left > 0; left--) {
        struct rs_ranked root = t->heap[0];
        t->heap[0] = t->heap[left];
        t->heap[left] = root;
        sift_down(t->heap, left, 0);
    }
}

/* Does any of SCAN scores exceed floor? */
static bool any_above(const float *scores, float floor)
{
    int above = 0;
    int nan = 0;
    for (int i = 0; i < SCAN; i++) {
        above |= scores[i] > floor;
        nan |= scores[i] != scores[i];
    }
    rs_assert(!nan);
    return above;
}

int32_t rs_topk(const float *scores, int32_t n_items, const int32_t *exclude, int32_t n_exclude,
                const uint64_t *allowed, int32_t k, struct rs_ranked *out)
{
    rs_assert(k > 0);
    struct rs_top t = {.heap = out, .k = k};
    int32_t e = 0;
    for (int32_t begin = 0; begin < n_items; begin += SCAN) {
        int32_t end = n_items - begin < SCAN ? n_items : begin + SCAN;
        if (t.n == k && end - begin == SCAN && !any_above(scores + begin, out[0].score)) continue;
        for (int32_t i = begin; i < end; i++) {
            rs_assert(scores[i] == scores[i]);
            if (t.n == k && scores[i] <= out[0].score) continue;
            while (e < n_exclude && exclude[e] < i) {
                e++;
            }
            if (e < n_exclude && exclude[e] == i) continue;
            if (allowed && !(allowed[i / 64] >> (i % 64) & 1)) continue;
            rs_top_offer(&t, (struct rs_ranked){.item = i, .score = scores[i]});
        }
    }
    rs_top_sort(&t);
    return t.n;
}

static enum rs_code check_k(int32_t k, struct rs_err *err)
{
    if (k >= 1 && k <= RS_MAX_K) return RS_OK;
    return rs_fail(err, RS_EARG, "lists of %d items: k is 1 to %d", k, RS_MAX_K);
}

static size_t scores_bytes(const struct rs_model *m, int32_t n)
{
    return rs_round64((size_t)n * (size_t)m->n_items * sizeof(float));
}

size_t rs_rank_one_scratch(const struct rs_model *m, int32_t k)
{
    (void)k;
    if (m->ops->top) return m->ops->top_scratch(m);
    return scores_bytes(m, 1) + (m->ops->scratch ? m->ops->scratch(m, 1) : 0);
}

enum rs_code rs_rank_one(const struct rs_model *m, const struct rs_profile *who,
                         const int32_t *exclude, int32_t n_exclude, const uint64_t *allowed,
                         int32_t k, void *scratch, struct rs_ranked *out, int32_t *n_out,
                         bool *known_out, struct rs_err *err)
{
    enum rs_code rc = check_k(k, err);
    if (rc) return rc;
    if (m->ops->top) {
        const struct rs_filter filter = {exclude, n_exclude, allowed};
        return m->ops->top(m, who, &filter, k, out, n_out, known_out, scratch, err);
    }
    *n_out = 0;
    void *room = (char *)scratch + scores_bytes(m, 1);
    rc = m->ops->score(m, who, 1, scratch, known_out, room, err);
    if (rc || !*known_out) return rc;
    *n_out = rs_topk(scratch, m->n_items, exclude, n_exclude, allowed, k, out);
    return RS_OK;
}

int32_t rs_rank_merge(const int32_t *a, int64_t n_a, const int32_t *b, int64_t n_b, int32_t *out)
{
    int64_t i = 0;
    int64_t j = 0;
    int32_t n = 0;
    while (i < n_a || j < n_b) {
        int32_t next = j >= n_b || (i < n_a && a[i] <= b[j]) ? a[i] : b[j];
        i += i < n_a && a[i] == next;
        j += j < n_b && b[j] == next;
        out[n++] = next;
    }
    return n;
}

static const int32_t *csr_row(const struct rs_csr *m, int32_t row, int64_t *n_out)
{
    *n_out = 0;
    if (!m || row < 0) return NULL;
    rs_assert(row < m->n_rows);
    *n_out = rs_csr_len(m, row);
    return m->indices + m->indptr[row];
}

struct ranking {
    const struct rs_model *m;
    const struct rs_profile *who;
    int32_t n;
    const int32_t *rows;
    const struct rs_rank_opts *opts;
    struct rs_ranked *out;
    int32_t *n_out;
    int32_t block; /* profiles taken at once */
    bool singly;   /* each by the model's own top, not scored together */
};

/* Memory of one thread. */
struct bench {
    float *scores;    /* [block x n_items]; NULL: singly */
    int32_t *exclude; /* [n_items] */
    bool *known;      /* [block] */
    void *scratch;
};

/* What the list of profile i may hold; its exclude lies in room[n_items]. */
static struct rs_filter filter_of(const struct ranking *r, int32_t i, int32_t *room)
{
    int32_t row = r->rows ? r->rows[i] : r->who[i].user;
    int64_t n1;
    int64_t n2;
    const int32_t *row1 = csr_row(r->opts->exclude, row, &n1);
    const int32_t *row2 = csr_row(r->opts->exclude2, row, &n2);
    return (struct rs_filter){.exclude = room,
                              .n_exclude = rs_rank_merge(row1, n1, row2, n2, room),
                              .allowed = r->opts->allowed};
}

static enum rs_code rank_block(const struct ranking *r, int32_t begin, const struct bench *b,
                               struct rs_err *err)
{
    int32_t n = r->n - begin < r->block ? r->n - begin : r->block;
    int32_t k = r->opts->k;
    enum rs_code rc = RS_OK;
    if (!r->singly) {
        rc = r->m->ops->score(r->m, r->who + begin, n, b->scores, b->known, b->scratch, err);
    }
    for (int32_t i = begin; i < begin + n && !rc; i++) {
        struct rs_filter filter = filter_of(r, i, b->exclude);
        struct rs_ranked *out = r->out + (size_t)i * (size_t)k;
        bool *known = b->known + (i - begin);
        r->n_out[i] = 0;
        if (r->singly) {
            rc = r->m->ops->top(r->m, &r->who[i], &filter, k, out, &r->n_out[i], known, b->scratch,
                                err);
        } else if (*known) {
            const float *scores = b->scores + (size_t)(i - begin) * (size_t)r->m->n_items;
            r->n_out[i] = rs_topk(scores, r->m->n_items, filter.exclude, filter.n_exclude,
                                  filter.allowed, k, out);
        }
    }
    return rc;
}

static size_t scratch_bytes(const struct ranking *r)
{
    if (r->singly) return r->m->ops->top_scratch(r->m);
    return r->m->ops->scratch ? r->m->ops->scratch(r->m, r->block) : 0;
}

/* One allocation for all threads; bench_of cuts it. */
static size_t bench_bytes(const struct ranking *r)
{
    return (r->singly ? 0 : scores_bytes(r->m, r->block)) +
           rs_round64((size_t)r->m->n_items * sizeof(int32_t)) +
           rs_round64((size_t)r->block * sizeof(bool)) + rs_round64(scratch_bytes(r));
}

static struct bench bench_of(const struct ranking *r, char *memory)
{
    struct bench b = {0};
    if (!r->singly) {
        b.scores = (float *)(void *)memory;
        memory += scores_bytes(r->m, r->block);
    }
    b.exclude = (int32_t *)(void *)memory;
    memory += rs_round64((size_t)r->m->n_items * sizeof(int32_t));
    b.known = (bool *)memory;
    b.scratch = memory + rs_round64((size_t)r->block * sizeof(bool));
    return b;
}

/* Longer lists leave a model's top little to skip; then blocks that share a pass are faster. */
static bool worth_singly(const struct rs_model *m, int32_t k)
{
    return m->ops->top && k <= m->n_items / 32;
}

/* Profiles share a pass over the item vectors, within 4 MB of scores. */
static int32_t block_size(int32_t n_items)
{
    enum { MAX = 32 };
    int32_t fit =
        (int32_t)(((size_t)4 << 20) / sizeof(float) / (size_t)(n_items > 0 ? n_items : 1));
    return fit < 1 ? 1 : fit > MAX ? MAX : fit;
}

static enum rs_code rank_all(const struct ranking *r, int threads, char *memory, size_t bytes,
                             struct rs_task *task, struct rs_err *err)
{
    int32_t n_blocks = (r->n + r->block - 1) / r->block;
    int32_t bad_block = n_blocks; /* the first block that failed gives the error */
    int32_t done = 0;
    atomic_int next = 0; /* block to take */
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        struct bench b = bench_of(r, memory + bytes * (size_t)t);
        int32_t block;
        while ((block = atomic_fetch_add(&next, 1)) < n_blocks && !rs_task_cancelled(task)) {
            struct rs_err mine = {0};
            enum rs_code rc = rank_block(r, block * r->block, &b, &mine);
#pragma omp critical(rs_rank_result)
            {
                done += r->n - block * r->block < r->block ? r->n - block * r->block : r->block;
                if (rc && block < bad_block) {
                    bad_block = block;
                    *err = mine;
                }
                if (t == 0) rs_task_report(task, done); /* t 0 is the caller's thread */
            }
        }
    }
    if (bad_block < n_blocks) return err->code;
    if (rs_task_cancelled(task)) {
        return rs_fail(err, RS_ECANCEL, "stopped after %d of %d lists", done, r->n);
    }
    return RS_OK;
}

enum rs_code rs_rank(const struct rs_model *m, const struct rs_profile *who, int32_t n,
                     const int32_t *rows, const struct rs_rank_opts *opts, struct rs_task *task,
                     struct rs_ranked *out, int32_t *n_out, struct rs_err *err)
{
    enum rs_code rc = check_k(opts->k, err);
    if (rc) return rc;
    if (n == 0) return RS_OK;
    struct ranking r = {.m = m,
                        .who = who,
                        .n = n,
                        .rows = rows,
                        .opts = opts,
                        .out = out,
                        .n_out = n_out,
                        .block = block_size(m->n_items),
                        .singly = worth_singly(m, opts->k)};
    if (r.block > n) r.block = n;
    int32_t n_blocks = (n + r.block - 1) / r.block;
    int threads = rs_par_threads();
    if (threads > n_blocks) threads = n_blocks;
    size_t bytes = bench_bytes(&r);
    char *memory = rs_try_alloc((size_t)threads, bytes);
    if (!memory) {
        return rs_fail(err, RS_ENOMEM, "scores of %d items for %d lists at a time on %d threads",
                       m->n_items, r.block, threads);
    }
    rc = rank_all(&r, threads, memory, bytes, task, err);
    free(memory);
    return rc;
}
