/*
 * ingest_window - a window of text cut into parts at ends of rows, and the parts parsed by all
 * threads.
 *
 * Cuts are at line ends. Where a file has quotes, a line end may lie inside a field: then the
 * quotes are followed from the last sure place, and parts that a field spans become one.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "ingest_impl.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"

#define PART_MIN ((size_t)256 << 10)
#define PART_MAX ((size_t)1 << 20) /* its columns stay in a core's cache until they are summed up */

/* ---- counting ------------------------------------------------------------------------------- */

struct counts {
    int64_t lf;
    int64_t lone_cr; /* '\r' not before '\n' */
    int64_t quotes;
    int64_t gaps; /* spaces, tabs, commas and line ends: between items of a list */
};

/* Sums of bytes stay below 256 in a block of this many, so that the loops count in bytes. */
#define COUNT_BLOCK 240

static void count_block(const char *p, size_t n, struct counts *c)
{
    uint8_t lf = 0;
    uint8_t cr = 0;
    uint8_t quotes = 0;
#pragma omp simd reduction(+ : lf, cr, quotes)
    for (size_t i = 0; i < n; i++) {
        lf = (uint8_t)(lf + (p[i] == '\n'));
        cr = (uint8_t)(cr + (p[i] == '\r'));
        quotes = (uint8_t)(quotes + (p[i] == '"'));
    }
    c->lf += lf;
    c->lone_cr += cr;
    c->quotes += quotes;
}

static void count_separated(const char *begin, const char *end, struct counts *c)
{
    for (const char *p = begin; p < end; p += COUNT_BLOCK) {
        size_t left = (size_t)(end - p);
        count_block(p, left < COUNT_BLOCK ? left : COUNT_BLOCK, c);
    }
    if (c->lone_cr == 0) return;
    for (const char *p = begin; p + 1 < end && (p = memchr(p, '\r', (size_t)(end - p - 1))); p++)
        c->lone_cr -= p[1] == '\n';
}

static void count_list(const char *begin, const char *end, struct counts *c)
{
    for (const char *p = begin; p < end; p++) {
        c->lf += *p == '\n';
        c->gaps += *p == ' ' || *p == '\t' || *p == ',' || *p == '\n' || *p == '\r';
    }
}

static void count_part(struct part *p)
{
    struct counts c = {0};
    bool separated = p->src->format == RS_FORMAT_CSV || p->src->format == RS_FORMAT_TSV;
    if (p->src->format == RS_FORMAT_USER_ITEMS) {
        count_list(p->begin, p->end, &c);
    } else {
        count_separated(p->begin, p->end, &c);
    }
    if (!separated) c.lone_cr = c.quotes = 0; /* no line end, no quote there */
    p->n_lines = c.lf + c.lone_cr;
    p->plain = c.lone_cr == 0 && c.quotes == 0;
    bool tail = p->end > p->begin && p->end[-1] != '\n';
    p->room = (p->src->format == RS_FORMAT_USER_ITEMS ? c.gaps : p->n_lines) + tail;
}

/* ---- cutting -------------------------------------------------------------------------------- */

static size_t part_bytes(const struct ingest *g, size_t len)
{
    if (g->tune->part_bytes) return g->tune->part_bytes;
    size_t even = len / ((size_t)rs_par_threads() * 8);
    return even < PART_MIN ? PART_MIN : even > PART_MAX ? PART_MAX : even;
}

/* Parts that begin and end at line ends; the last may lack one. Returns how many. */
static size_t cut_lines(const struct source *s, const char *text, size_t len, size_t bytes,
                        struct part *parts)
{
    size_t n = 0;
    for (const char *at = text; at < text + len; n++) {
        size_t left = (size_t)(text + len - at);
        const char *lf = left > bytes ? memchr(at + bytes - 1, '\n', left - bytes + 1) : NULL;
        const char *end = lf ? lf + 1 : text + len;
        parts[n] = (struct part){.src = s, .begin = at, .end = end};
        at = end;
    }
    return n;
}

/* Does p end inside quotes? Its state at the start is *q. */
static void follow_quotes(struct part *p, struct quote_state *q, const char **open_at)
{
    if (q->at == 0 && p->plain) return; /* fields begin and end in every line */
    p->open = rs_quotes_open(q, p->src->delim, p->begin, (size_t)(p->end - p->begin), open_at);
    if (!p->open && p->end[-1] == '\n') *q = (struct quote_state){0};
}

/* Parts of which one field spans the border become one. Returns how many are left. */
static size_t join_quoted(struct part *parts, size_t n)
{
    struct quote_state q = {0};
    const char *open_at = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct part next = parts[i];
        follow_quotes(&next, &q, &open_at);
        if (kept > 0 && parts[kept - 1].open) {
            struct part *p = &parts[kept - 1];
            p->end = next.end;
            p->n_lines += next.n_lines;
            p->room += next.room;
            p->plain = false;
            p->open = next.open;
        } else {
            parts[kept++] = next;
        }
    }
    if (kept > 0 && parts[kept - 1].open) parts[kept - 1].open_at = open_at;
    return kept;
}

static void number_lines(struct part *parts, size_t n, int64_t line)
{
    for (size_t i = 0; i < n; i++) {
        parts[i].line = line;
        line += parts[i].n_lines;
    }
}

static enum rs_code never_closed(const struct part *p, struct rs_err *err)
{
    int64_t line = p->line;
    for (const char *c = p->begin; c < p->open_at; c++)
        line += *c == '\n' || (*c == '\r' && c[1] != '\n');
    return rs_fail(err, RS_EPARSE, "%s:%" PRId64 ": a quote that opens here is never closed",
                   p->src->name, line);
}

/* ---- parsing -------------------------------------------------------------------------------- */

static void parse_part(const struct ingest *g, struct part *p, const char *readable_end)
{
    const struct source *s = p->src;
    switch (s->format) {
    case RS_FORMAT_JSONL:
        rs_ingest_jsonl(p);
        break;
    case RS_FORMAT_USER_ITEMS:
        rs_ingest_lists(p);
        break;
    default:
        if (p->plain && !g->tune->no_fast && rs_fast_fits(s)) {
            rs_ingest_fast(p, readable_end);
        } else {
            rs_ingest_csv(p);
        }
    }
}

/* The pages of a mapped part go back at once, by all threads: they are not read again. */
static void give_back(const struct part *p)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (page - (uintptr_t)p->begin % page) % page; /* of a page shared with others */
    size_t len = (size_t)(p->end - p->begin);
    if (len < before + page) return;
    const char *first = p->begin + before;
    void *address;
    memcpy(&address, &first, sizeof(address)); /* madvise takes no const pointer */
    (void)madvise(address, (len - before) / page * page, MADV_DONTNEED);
}

/* Every part, unless an earlier one failed already. */
static void parse_all(struct ingest *g, struct part *parts, size_t n, const struct window *w)
{
    int64_t failed = (int64_t)n; /* the first part that did */
    int64_t done = 0;
    pthread_t caller = pthread_self(); /* it alone reports */
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (int64_t i = 0; i < (int64_t)n; i++) {
        int64_t first;
#pragma omp atomic read
        first = failed;
        if (first < i) continue;
        struct part *p = &parts[i];
        if (rs_task_cancelled(g->task)) {
            (void)rs_part_fail(p, RS_ECANCEL, "stopped while reading");
        } else {
            parse_part(g, p, w->text + w->len);
            rs_part_sum_up(p);
            if (w->mapped) give_back(p);
        }
        int64_t so_far;
#pragma omp atomic capture
        so_far = ++done;
        if (p->rc) {
#pragma omp critical(rs_ingest_failed)
            {
                if (i < failed) {
#pragma omp atomic write
                    failed = i;
                }
            }
        }
        double share = (double)so_far / (double)n;
        if (pthread_equal(pthread_self(), caller))
            rs_task_report(g->task, (g->done_bytes + w->file_bytes * share) / 1e6);
    }
}

/* Parts of w that end at ends of rows, lines numbered; returns how many. */
static size_t cut(const struct source *s, const struct window *w, size_t bytes, struct part *parts)
{
    size_t n = cut_lines(s, w->text, w->len, bytes, parts);
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (size_t i = 0; i < n; i++)
        count_part(&parts[i]);
    if (s->format == RS_FORMAT_CSV || s->format == RS_FORMAT_TSV) n = join_quoted(parts, n);
    number_lines(parts, n, s->line);
    return n;
}

enum rs_code rs_ingest_window(struct ingest *g, struct source *s, const struct window *w,
                              size_t *used_out, struct rs_err *err)
{
    *used_out = 0;
    size_t bytes = part_bytes(g, w->len);
    struct part *parts = rs_try_alloc(w->len / bytes + 1, sizeof(*parts));
    if (!parts) return rs_fail(err, RS_ENOMEM, "%s: no memory for its parts", s->name);
    size_t n = cut(s, w, bytes, parts);
    enum rs_code rc = RS_OK;
    if (w->eof && n > 0 && parts[n - 1].open) {
        rc = never_closed(&parts[n - 1], err);
    } else if (!w->eof && n > 0 && (parts[n - 1].open || parts[n - 1].end[-1] != '\n')) {
        n--; /* the rest comes with the next window */
    }
    if (!rc && n > 0) rc = rs_ingest_room(g, s, parts, n, err);
    if (!rc && n > 0) {
        struct part *own = g->parts + g->n_parts - n;
        parse_all(g, own, n, w);
        *used_out = (size_t)(own[n - 1].end - w->text);
        s->line = own[n - 1].line + own[n - 1].n_lines;
        rc = rs_ingest_settle(g, s, own, n, err);
    }
    free(parts);
    return rc;
}
