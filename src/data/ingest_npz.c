/*
 * ingest_npz - a sparse matrix as scipy.sparse.save_npz writes it: a zip of indices, indptr, data,
 * shape and format, each an .npy file. Rows are users, columns items, both from 0.
 *
 * No size is believed: an array grows as its bytes arrive, and what the arrays say of each other is
 * checked before an entry is read.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/str.h"

#define HEAD_MAX     65536              /* bytes of an .npy header */
#define FIRST_BLOCK  ((size_t)1 << 20)  /* an array is first given so many bytes */
#define PART_ENTRIES ((int64_t)1 << 19) /* of a part, about */

struct array {
    char kind; /* b i u f S U as numpy writes it; 0: not read yet */
    size_t size;
    int64_t n;
    void *data;
};

enum { INDICES, INDPTR, DATA, SHAPE, FORMAT, N_ARRAYS };
static const char *const array_names[N_ARRAYS] = {"indices.npy", "indptr.npy", "data.npy",
                                                  "shape.npy", "format.npy"};

struct npz {
    const char *file;
    struct array arrays[N_ARRAYS];
    int64_t n_rows;
    int64_t n_cols;
};

/* ---- one array ------------------------------------------------------------------------------ */

static enum rs_code unsound(const struct npz *z, const char *name, const char *what,
                            struct rs_err *err)
{
    return rs_fail(err, RS_EPARSE, "%s: %s: %s", z->file, name, what);
}

static enum rs_code read_exact(struct stream *st, void *buf, size_t n, const struct npz *z,
                               const char *name, struct rs_err *err)
{
    size_t got;
    enum rs_code rc = rs_stream_read(st, buf, n, &got, err);
    if (!rc && got != n) rc = unsound(z, name, "ends too early", err);
    return rc;
}

/* The text behind "'key':" in a header, or NULL. */
static const char *value_of(const char *head, const char *key)
{
    const char *p = strstr(head, key);
    if (!p) return NULL;
    p += strlen(key);
    return p + strspn(p, " ");
}

/* "<f4", "|b1", "|S3" at p. */
static bool parse_descr(const char *p, struct array *a)
{
    if (!p || *p != '\'' || !strchr("<|=", p[1]) || !strchr("biufSU", p[2]) || !p[2]) return false;
    char *end;
    unsigned long size = strtoul(p + 3, &end, 10);
    bool text = p[2] == 'S' || p[2] == 'U';
    if (*end != '\'' || (text ? size > 64 : size != 1 && size != 2 && size != 4 && size != 8))
        return false;
    if (p[2] == 'f' && size < 4) return false;
    if (p[2] == 'b' && size != 1) return false;
    a->kind = p[2];
    a->size = p[2] == 'U' ? 4 * size : size;
    return true;
}

/* "()" or "(n,)": one element or n. */
static bool parse_shape(const char *p, struct array *a)
{
    if (!p || *p++ != '(') return false;
    a->n = 1;
    if (*p == ')') return true;
    char *end;
    long long n = strtoll(p, &end, 10);
    if (end == p || n < 0 || n > (1LL << 40) || *end != ',' || end[1 + strspn(end + 1, " ")] != ')')
        return false;
    a->n = n;
    return true;
}

static enum rs_code read_head(struct stream *st, struct array *a, const struct npz *z,
                              const char *name, struct rs_err *err)
{
    unsigned char start[12] = {0};
    enum rs_code rc = read_exact(st, start, 10, z, name, err);
    if (rc) return rc;
    if (memcmp(start, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3)
        return unsound(z, name, "is no .npy file of version 1 to 3", err);
    size_t len = (size_t)start[8] | (size_t)start[9] << 8;
    if (start[6] > 1) {
        rc = read_exact(st, start + 10, 2, z, name, err);
        if (rc) return rc;
        len |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    }
    if (len > HEAD_MAX) return unsound(z, name, "has a header that is too long", err);
    char *head = rs_xalloc(len + 1, 1);
    rc = read_exact(st, head, len, z, name, err);
    const char *order = value_of(head, "'fortran_order':");
    if (!rc && !parse_descr(value_of(head, "'descr':"), a)) {
        rc = unsound(z, name, "has a type that is not read (little-endian numbers are)", err);
    } else if (!rc && !parse_shape(value_of(head, "'shape':"), a)) {
        rc = unsound(z, name, "has not one dimension", err);
    } else if (!rc &&
               (!order || !(rs_str_starts(order, "False") || rs_str_starts(order, "True")))) {
        rc = unsound(z, name, "does not say its order", err); /* the same in one dimension */
    }
    free(head);
    return rc;
}

static enum rs_code read_array(struct stream *st, struct array *a, const struct npz *z,
                               const char *name, struct rs_err *err)
{
    enum rs_code rc = read_head(st, a, z, name, err);
    if (rc) return rc;
    size_t want = (size_t)a->n * a->size; /* at most 2^40 * 256 */
    size_t cap = 0;
    do {
        size_t more = cap ? 2 * cap : FIRST_BLOCK;
        if (more > want) more = want;
        void *data = rs_try_realloc(a->data, cap, more, 1);
        if (!data) return rs_fail(err, RS_ENOMEM, "%s: %s: no memory for it", z->file, name);
        a->data = data;
        rc = read_exact(st, (char *)data + cap, more - cap, z, name, err);
        cap = more;
    } while (!rc && cap < want);
    char beyond;
    size_t got = 0;
    if (!rc) rc = rs_stream_read(st, &beyond, 1, &got, err);
    if (!rc && got) rc = unsound(z, name, "is longer than its header says", err);
    return rc;
}

static int64_t int_at(const struct array *a, int64_t i)
{
    const char *p = (const char *)a->data + (size_t)i * a->size;
    uint64_t v = 0;
    memcpy(&v, p, a->size); /* little endian */
    if (a->kind != 'i' || a->size == 8) return (int64_t)v;
    uint64_t sign = UINT64_C(1) << (8 * a->size - 1);
    return (int64_t)((v ^ sign) - sign);
}

static double real_at(const struct array *a, int64_t i)
{
    if (a->kind == 'u' && a->size == 8) return (double)(uint64_t)int_at(a, i);
    if (a->kind != 'f') return (double)int_at(a, i);
    const char *p = (const char *)a->data + (size_t)i * a->size;
    if (a->size == 8) {
        double v;
        memcpy(&v, p, sizeof(v));
        return v;
    }
    float v;
    memcpy(&v, p, sizeof(v));
    return (double)v;
}

/* ---- the matrix ----------------------------------------------------------------------------- */

static enum rs_code read_arrays(struct ingest *g, const char *path, struct npz *z,
                                struct rs_err *err)
{
    struct stream *st = NULL;
    const char *name = NULL;
    bool more = true;
    enum rs_code rc = rs_stream_open(path, PACK_ZIP, &st, &name, err);
    while (!rc && more) {
        if (rs_task_cancelled(g->task))
            rc = rs_fail(err, RS_ECANCEL, "%s: stopped while reading", z->file);
        for (int k = 0; !rc && k < N_ARRAYS; k++) {
            if (!name || strcmp(name, array_names[k]) != 0) continue;
            rc = z->arrays[k].kind ? unsound(z, name, "is there twice", err)
                                   : read_array(st, &z->arrays[k], z, name, err);
        }
        if (!rc) rc = rs_stream_next(st, &more, &name, err);
    }
    rs_stream_close(st);
    return rc;
}

static bool is_int(const struct array *a)
{
    return a->kind == 'i' || a->kind == 'u';
}

/* The format's name; kind U is one character in four bytes. */
static void format_text(const struct array *a, char buf[8])
{
    size_t step = a->kind == 'U' ? 4 : 1;
    const char *s = a->data;
    size_t n = 0;
    for (; n < 7 && n * step < a->size && s[n * step]; n++)
        buf[n] = s[n * step];
    buf[n] = '\0';
}

static enum rs_code check_kinds(const struct npz *z, struct rs_err *err)
{
    for (int k = N_ARRAYS - 1; k >= 0; k--) { /* the format first: it explains most */
        const struct array *a = &z->arrays[k];
        if (!a->kind)
            return rs_fail(err, RS_EPARSE, "%s: no %s: not what scipy.sparse.save_npz writes",
                           z->file, array_names[k]);
        bool text = a->kind == 'S' || a->kind == 'U';
        if (k == FORMAT) {
            char format[8] = "";
            if (text && a->n == 1) format_text(a, format);
            if (strcmp(format, "csr") != 0)
                return rs_fail(err, RS_EARG,
                               "%s: a matrix in format '%s', not 'csr': save "
                               "matrix.tocsr()",
                               z->file, format);
        } else if (k == DATA ? text : !is_int(a)) {
            return unsound(z, array_names[k], "has no numbers of the kind it should", err);
        }
    }
    return RS_OK;
}

static enum rs_code check(struct npz *z, struct rs_err *err)
{
    enum rs_code rc = check_kinds(z, err);
    if (rc) return rc;
    const struct array *ptr = &z->arrays[INDPTR];
    if (z->arrays[SHAPE].n != 2) return unsound(z, "shape.npy", "has not two numbers", err);
    z->n_rows = int_at(&z->arrays[SHAPE], 0);
    z->n_cols = int_at(&z->arrays[SHAPE], 1);
    if (z->n_rows < 0 || z->n_rows >= INT32_MAX || z->n_cols < 0 || z->n_cols >= INT32_MAX)
        return unsound(z, "shape.npy", "is out of range", err);
    int64_t nnz = z->arrays[INDICES].n;
    bool ok = ptr->n == z->n_rows + 1 && z->arrays[DATA].n == nnz && int_at(ptr, 0) == 0 &&
              int_at(ptr, z->n_rows) == nnz;
    for (int64_t r = 0; ok && r < z->n_rows; r++)
        ok = int_at(ptr, r) <= int_at(ptr, r + 1);
    if (!ok) return unsound(z, "indptr.npy", "does not fit the other arrays", err);
    for (int64_t i = 0; ok && i < nnz; i++) {
        int64_t col = int_at(&z->arrays[INDICES], i);
        ok = col >= 0 && col < z->n_cols;
    }
    return ok ? RS_OK : unsound(z, "indices.npy", "has a column outside the shape", err);
}

/* Rows begin .. end of the matrix into p. */
static void fill(const struct npz *z, int64_t begin, int64_t end, struct part *p)
{
    for (int64_t r = begin; r < end; r++) {
        for (int64_t i = int_at(&z->arrays[INDPTR], r); i < int_at(&z->arrays[INDPTR], r + 1);
             i++) {
            int64_t col = int_at(&z->arrays[INDICES], i);
            double v = real_at(&z->arrays[DATA], i);
            const char *why = !isfinite(v)                     ? "is not finite"
                              : value_refused(p->src->opts, v) ? "is out of range"
                              : !isfinite((float)v)            ? "is out of range"
                                                               : NULL;
            p->rows++;
            if (why) {
                if (rs_part_bad(p, 0, "row %" PRId64 ", column %" PRId64 ": value %g %s", r, col, v,
                                why))
                    continue;
                return;
            }
            p->id[0].narrow[p->n] = (int32_t)r;
            p->id[1].narrow[p->n] = (int32_t)col;
            p->value[p->n++] = (float)v;
        }
    }
}

/* Rows of about PART_ENTRIES entries a part: bounds[k] .. bounds[k + 1]; returns the parts. */
static size_t cut_rows(const struct npz *z, const struct source *s, struct part *parts,
                       int64_t *bounds)
{
    const struct array *ptr = &z->arrays[INDPTR];
    size_t n = 0;
    for (int64_t r = 0; r < z->n_rows;) {
        int64_t begin = r;
        while (r < z->n_rows && (r == begin || int_at(ptr, r) - int_at(ptr, begin) < PART_ENTRIES))
            r++;
        bounds[n] = begin;
        bounds[n + 1] = r;
        parts[n++] = (struct part){.src = s, .room = int_at(ptr, r) - int_at(ptr, begin)};
    }
    return n;
}

static enum rs_code take(struct ingest *g, struct source *s, const struct npz *z,
                         struct rs_err *err)
{
    size_t most = (size_t)(z->arrays[INDICES].n / PART_ENTRIES) + 2;
    struct part *parts = rs_try_alloc(most, sizeof(*parts));
    int64_t *bounds = rs_try_alloc(most + 1, sizeof(*bounds));
    enum rs_code rc = RS_OK;
    if (!parts || !bounds) {
        rc = rs_fail(err, RS_ENOMEM, "%s: no memory for its parts", s->name);
        goto done;
    }
    size_t n = cut_rows(z, s, parts, bounds);
    if (n == 0) goto done;
    rc = rs_ingest_room(g, s, parts, n, err);
    if (rc) goto done;
    struct part *own = g->parts + g->n_parts - n;
#pragma omp parallel for num_threads(rs_par_threads()) schedule(dynamic, 1)
    for (size_t k = 0; k < n; k++) {
        fill(z, bounds[k], bounds[k + 1], &own[k]);
        rs_part_sum_up(&own[k]);
    }
    rc = rs_ingest_settle(g, s, own, n, err);
done:
    free(parts);
    free(bounds);
    return rc;
}

enum rs_code rs_ingest_npz(struct ingest *g, struct source *s, struct rs_err *err)
{
    struct npz z = {.file = s->name};
    enum rs_code rc = read_arrays(g, s->path, &z, err);
    if (!rc) rc = check(&z, err);
    if (!rc) rc = take(g, s, &z, err);
    for (int k = 0; k < N_ARRAYS; k++)
        free(z.arrays[k].data);
    return rc;
}
