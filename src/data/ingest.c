/*
 * ingest - files in order into parts, and the report on them.
 *
 * A plain file is mapped and is one window. A packed one is unpacked into a buffer, a window at a
 * time; what is behind the last whole row of a window moves to the front of the next.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"

#define WINDOW ((size_t)32 << 20)

void rs_ingest_report_clear(struct rs_ingest_report *r)
{
    for (int i = 0; i < r->n_examples; i++)
        free(r->examples[i]);
    *r = (struct rs_ingest_report){0};
}

/* ---- parts and their columns ---------------------------------------------------------------- */

static enum rs_code no_room(int64_t rows, const char *file, struct rs_err *err)
{
    return rs_fail(err, RS_ENOMEM, "%s: no memory for %" PRId64 " rows", file, rows);
}

static bool grow_parts(struct ingest *g, size_t n)
{
    if (g->n_parts + n > g->cap_parts) {
        size_t cap = 2 * g->cap_parts + n;
        struct part *parts = rs_try_realloc(g->parts, g->n_parts, cap, sizeof(*parts));
        if (!parts) return false;
        g->parts = parts;
        g->cap_parts = cap;
    }
    struct rs_columns *slabs = rs_try_realloc(g->slabs, g->n_slabs, g->n_slabs + 1, sizeof(*slabs));
    if (slabs) g->slabs = slabs;
    return slabs != NULL;
}

/* Would `rows` rows fit in what memory is left? */
static enum rs_code check_memory(const struct source *s, int64_t rows, struct rs_err *err)
{
    int64_t bytes = rows * (int64_t)(2 * sizeof(int32_t) + sizeof(float) + sizeof(int64_t));
    int64_t left = rs_mem_available();
    if (bytes <= left) return RS_OK;
    return rs_fail(err, RS_ENOMEM,
                   "%s: %" PRId64 " rows need %" PRId64 " MB, %" PRId64 " MB are free", s->name,
                   rows, bytes / 1000000, left / 1000000);
}

enum rs_code rs_ingest_room(struct ingest *g, const struct source *s, struct part *parts, size_t n,
                            struct rs_err *err)
{
    int64_t rows = 0;
    for (size_t k = 0; k < n; k++)
        rows += parts[k].room;
    enum rs_code rc = check_memory(s, rows, err);
    if (rc) return rc;
    unsigned columns = RS_COLUMN_ROW | RS_COLUMN_VALUE;
    bool json = s->format == RS_FORMAT_JSONL; /* a later row may have what the first had not */
    if (json || s->index[ROLE_TIME] >= 0) columns |= RS_COLUMN_TIME;
    if (json || s->index[ROLE_TYPE] >= 0) columns |= RS_COLUMN_TYPE;
    struct rs_columns slab;
    if (!grow_parts(g, n) || !rs_columns_alloc(&slab, rows, 0, columns))
        return no_room(rows, s->name, err);
    g->slabs[g->n_slabs++] = slab;
    int64_t at = 0;
    for (size_t k = 0; k < n; k++) {
        struct part p = parts[k];
        p.id[0].narrow = slab.row + at;
        p.id[1].narrow = slab.col + at;
        p.value = slab.value + at;
        p.time = slab.time ? slab.time + at : NULL;
        p.type = slab.type ? slab.type + at : NULL;
        for (int r = 0; r < N_ROLES; r++)
            p.label[r] = s->label[r];
        at += p.room;
        g->parts[g->n_parts++] = p;
    }
    return RS_OK;
}

static void add_examples(struct rs_ingest_report *r, struct part *p)
{
    for (int i = 0; i < p->n_examples; i++) {
        if (r->n_examples < MAX_EXAMPLES) {
            r->examples[r->n_examples++] = p->examples[i];
        } else {
            free(p->examples[i]);
        }
    }
    p->n_examples = 0;
}

enum rs_code rs_ingest_settle(struct ingest *g, struct source *s, struct part *parts, size_t n,
                              struct rs_err *err)
{
    struct rs_ingest_report *r = g->report;
    for (size_t k = 0; k < n; k++) {
        struct part *p = &parts[k];
        r->rows += p->rows;
        r->bad_rows += p->bad;
        r->null_values += p->null_values;
        r->null_times += p->null_times;
        r->ms_times += p->ms_times;
        add_examples(r, p);
        s->saw |= p->saw;
        if (p->rc) {
            *err = p->err;
            return p->rc;
        }
    }
    g->saw |= s->saw;
    return RS_OK;
}

/* ---- one file ------------------------------------------------------------------------------- */

static enum rs_code check_asked(const struct source *s, struct rs_err *err)
{
    for (int r = ROLE_VALUE; r < N_ROLES; r++) {
        if (s->format != RS_FORMAT_JSONL || !s->asked[r][0] || s->saw & 1U << r) continue;
        return rs_fail(err, RS_EARG, "%s: no row has a key '%s' (%s)", s->name, s->asked[r][0],
                       rs_role_name((enum role)r));
    }
    return RS_OK;
}

static enum rs_code read_mapped(struct ingest *g, struct source *s, const struct rs_map *map,
                                struct rs_err *err)
{
    size_t begin;
    size_t used;
    enum rs_code rc = rs_source_look(s, map->data, map->len, &begin, err);
    if (rc) return rc;
    const struct window w = {.text = (const char *)map->data + begin,
                             .len = map->len - begin,
                             .eof = true,
                             .mapped = true,
                             .file_bytes = (double)map->len};
    return rs_ingest_window(g, s, &w, &used, err);
}

/* A growing buffer of unpacked text. */
struct buffer {
    char *data;
    size_t len;
    size_t cap;
};

/* Fill b; *eof_out: nothing follows. A buffer that is full at the start is doubled first. */
static enum rs_code fill(struct buffer *b, size_t first_cap, struct stream *st,
                         const struct source *s, bool *eof_out, struct rs_err *err)
{
    if (b->len == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : first_cap;
        if (cap > MAX_ROW && b->cap)
            return rs_fail(err, RS_EPARSE, "%s:%" PRId64 ": a row of more than %zu MB", s->name,
                           s->line, b->cap >> 20);
        char *data = rs_try_realloc(b->data, b->len, cap, 1);
        if (!data) return rs_fail(err, RS_ENOMEM, "%s: no memory to unpack it", s->name);
        b->data = data;
        b->cap = cap;
    }
    size_t got;
    enum rs_code rc = rs_stream_read(st, b->data + b->len, b->cap - b->len, &got, err);
    if (rc) return rc;
    *eof_out = got < b->cap - b->len;
    b->len += got;
    return RS_OK;
}

static enum rs_code read_stream(struct ingest *g, struct source *s, struct stream *st,
                                struct rs_err *err)
{
    struct buffer b = {0};
    size_t cap = g->tune->window_bytes ? g->tune->window_bytes : WINDOW;
    bool eof = false;
    bool looked = false;
    enum rs_code rc = RS_OK;
    double done = g->done_bytes;
    while (!rc && !eof) {
        rc = fill(&b, cap, st, s, &eof, err);
        if (rc) break;
        size_t begin = 0;
        size_t used = 0;
        /* names and the first rows come from whole lines: a buffer that ends early is doubled */
        if (!looked && !eof && !memchr(b.data, '\n', b.len)) continue;
        if (!looked) rc = rs_source_look(s, b.data, b.len, &begin, err);
        looked = true;
        const struct window w = {.text = b.data + begin, .len = b.len - begin, .eof = eof};
        if (!rc) rc = rs_ingest_window(g, s, &w, &used, err);
        used += begin;
        memmove(b.data, b.data + used, b.len - used);
        b.len -= used;
        g->done_bytes = done + rs_stream_done(st);
    }
    g->done_bytes = done;
    free(b.data);
    return rc;
}

/* The one file in a zip: more than one, and it is not clear which. */
static enum rs_code only_one(const char *path, struct rs_err *err)
{
    struct stream *st = NULL;
    const char *name = NULL;
    bool more = false;
    enum rs_code rc = rs_stream_open(path, PACK_ZIP, &st, &name, err);
    if (rc) return rc;
    char *first = rs_xstrdup(name ? name : "");
    rc = rs_stream_next(st, &more, &name, err);
    if (!rc && more)
        rc = rs_fail(err, RS_EARG,
                     "'%s' holds '%.100s', '%.100s' and perhaps more: unpack it and "
                     "name the file to read",
                     path, first, name ? name : "");
    free(first);
    rs_stream_close(st);
    return rc;
}

static enum rs_code read_packed(struct ingest *g, struct source *s, enum packing packing,
                                struct rs_err *err)
{
    struct stream *st = NULL;
    const char *name = NULL;
    enum rs_code rc = packing == PACK_ZIP ? only_one(s->path, err) : RS_OK;
    if (!rc) rc = rs_stream_open(s->path, packing, &st, &name, err);
    if (rc) return rc;
    if (s->format == RS_FORMAT_AUTO && name) s->format = rs_format_of_name(name);
    if (s->format == RS_FORMAT_NPZ) {
        rc = rs_fail(err, RS_EARG, "'%s' holds an archive: unpack it and name '%s'", s->path,
                     name ? name : "the file in it");
    } else {
        rc = read_stream(g, s, st, err);
    }
    rs_stream_close(st);
    return rc;
}

static enum rs_code read_file(struct ingest *g, const char *path, struct rs_err *err)
{
    struct source *s = rs_xalloc(1, sizeof(*s));
    struct rs_map map = {0};
    enum rs_code rc = rs_source_init(s, path, g->opts, err);
    g->sources[g->n_sources++] = s; /* parts point to it until the end */
    if (!rc) rc = rs_map_open(path, &map, err);
    if (rc) return rc;
    enum packing packing = rs_packing_of(map.data, map.len);
    if (s->format == RS_FORMAT_NPZ && packing == PACK_ZIP) {
        rc = rs_ingest_npz(g, s, err);
    } else if (s->format == RS_FORMAT_NPZ) {
        rc = rs_fail(err, RS_EPARSE, "%s: not an .npz file", s->name);
    } else if (packing != PACK_NONE) {
        rc = read_packed(g, s, packing, err);
    } else {
        rc = read_mapped(g, s, &map, err);
    }
    if (!rc) rc = check_asked(s, err);
    g->done_bytes += (double)map.len;
    rs_map_close(&map);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum rs_code check_report(const struct rs_ingest_report *r, const struct rs_ingest_opts *o,
                                 const char *path, size_t n_paths, struct rs_err *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (r->rows == 0) return rs_fail(err, RS_EPARSE, "%s: no rows", name);
    double share = (double)r->bad_rows / (double)r->rows;
    if (share > o->max_bad_share || r->bad_rows == r->rows)
        return rs_fail(err, RS_EPARSE,
                       "%s%s: %" PRId64 " of %" PRId64
                       " rows are bad (%.3g %%, at most %.3g %% are "
                       "let through), the first: %s",
                       name, n_paths > 1 ? " and others" : "", r->bad_rows, r->rows, 100 * share,
                       100 * o->max_bad_share, r->examples[0]);
    return RS_OK;
}

static void clear(struct ingest *g)
{
    for (size_t k = 0; k < g->n_parts; k++)
        rs_part_clear(&g->parts[k]);
    for (size_t k = 0; k < g->n_slabs; k++)
        free(g->slabs[k].block);
    for (size_t k = 0; k < g->n_sources; k++) {
        rs_source_clear(g->sources[k]);
        free(g->sources[k]);
    }
    free(g->parts);
    free(g->slabs);
    free(g->sources);
}

enum rs_code rs_ingest_tuned(const char *const *paths, size_t n_paths,
                             const struct rs_ingest_opts *opts, const struct rs_ingest_tune *tune,
                             struct rs_task *task, struct rs_interactions *out,
                             struct rs_ingest_report *report_out, struct rs_err *err)
{
    *report_out = (struct rs_ingest_report){0};
    if (n_paths == 0) return rs_fail(err, RS_EARG, "no file to read");
    struct ingest g = {.opts = opts, .tune = tune, .task = task, .report = report_out};
    g.sources = rs_xalloc(n_paths, sizeof(struct source *));
    double total = 0;
    enum rs_code rc = RS_OK;
    for (size_t i = 0; !rc && i < n_paths; i++) {
        int64_t bytes = 0;
        rc = rs_fs_size(paths[i], &bytes, err);
        total += (double)bytes;
    }
    rs_task_begin(task, "read rows", "MB", total / 1e6);
    for (size_t i = 0; !rc && i < n_paths; i++)
        rc = read_file(&g, paths[i], err);
    if (!rc) rc = check_report(report_out, opts, paths[0], n_paths, err);
    if (!rc) rs_task_report(task, total / 1e6);
    if (!rc) rc = rs_ingest_finish(&g, out, err);
    clear(&g);
    return rc;
}

enum rs_code rs_ingest(const char *const *paths, size_t n_paths, const struct rs_ingest_opts *opts,
                       struct rs_task *task, struct rs_interactions *out,
                       struct rs_ingest_report *report_out, struct rs_err *err)
{
    static const struct rs_ingest_tune automatic = {0};
    return rs_ingest_tuned(paths, n_paths, opts, &automatic, task, out, report_out, err);
}
