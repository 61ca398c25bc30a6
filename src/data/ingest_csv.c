/*
 * ingest_csv - separated text: csv and tsv through libcsv, "::" by plain splitting.
 *
 * libcsv is fed one line end at a time, so that a row knows the physical line it begins on. Fields
 * lose the spaces around them, as libcsv does it; "::" has no quotes.
 */
#include "ingest_impl.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/str.h"

#define CELL_MAX  (RS_ID_MAX_BYTES + 1) /* one more than any cell may have, so that it shows */
#define BLOCK     4096                  /* by which libcsv's buffer grows */
#define MAX_FIELD 4096                  /* bytes of a header's name */
#define MAX_NAMES 4096                  /* columns of a file whose header is read */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The first '\n' or '\r' in [p, end), or end. */
static const char *find_line_end(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    const char *cr = memchr(p, '\r', (size_t)((lf ? lf : end) - p));
    return cr ? cr : lf ? lf : end;
}

/* Nothing but spaces: libcsv sees no row in it. */
static bool all_blank(const char *p, const char *end, char delim)
{
    while (p < end && (is_blank(*p) || *p == '\n' || *p == '\r') && *p != delim)
        p++;
    return p == end;
}

/* Behind the line end at p. */
static const char *skip_line_end(const char *p, const char *end)
{
    if (p < end && *p == '\r' && p + 1 < end && p[1] == '\n') return p + 2;
    return p < end ? p + 1 : end;
}

/* ---- quotes --------------------------------------------------------------------------------- */

/* The states of libcsv's own machine that matter here, in its lenient mode. */
enum { AT_FIELD, IN_FIELD, IN_QUOTES, AFTER_QUOTE };

bool rs_quotes_open(struct quote_state *state, char delim, const char *text, size_t len,
                    const char **open_out)
{
    int at = state->at;
    size_t spaces = state->spaces;
    const char *end = text + len;
    for (const char *p = text; p < end; p++) {
        char c = *p;
        bool ends_field = c == delim || c == '\n' || c == '\r';
        bool space = is_blank(c) && c != delim;
        switch (at) {
        case AT_FIELD:
            if (c == '"') {
                at = IN_QUOTES;
                *open_out = p;
            } else if (!ends_field && !space) {
                at = IN_FIELD;
            }
            break;
        case IN_FIELD:
            if (ends_field) at = AT_FIELD;
            break;
        case IN_QUOTES:
            if (c != '"') {
                p = memchr(p, '"', (size_t)(end - p));
                if (!p) goto done;
            }
            at = AFTER_QUOTE;
            spaces = 0;
            break;
        default:
            if (ends_field) {
                at = AT_FIELD;
            } else if (space) {
                spaces++;
            } else if (c == '"' && spaces > 0) {
                spaces = 0; /* text now, and still perhaps the end */
            } else {
                at = IN_QUOTES; /* a doubled quote, or a quote that was none */
            }
        }
    }
done:
    *state = (struct quote_state){.at = at, .spaces = spaces};
    return at == IN_QUOTES;
}

/* ---- rows by libcsv ------------------------------------------------------------------------- */

struct csv_reader {
    struct csv_parser csv;
    struct part *part;
    int role_of_field[N_ROLES]; /* roles by ascending field */
    int n_roles;
    int next_role; /* in role_of_field, of this row */
    int n_fields;  /* of this row so far */
    int64_t line;  /* the row began on */
    bool row_done;
    struct cell cells[N_ROLES];
    char text[N_ROLES][CELL_MAX];
};

void rs_csv_reader_free(struct csv_reader *r)
{
    if (!r) return;
    csv_free(&r->csv);
    free(r);
}

/* Roles in the order of their fields. */
static void order_roles(struct csv_reader *r, const struct source *s)
{
    for (int field = 0; field < s->n_fields; field++) {
        for (int role = 0; role < N_ROLES; role++) {
            if (s->index[role] == field) r->role_of_field[r->n_roles++] = role;
        }
    }
}

static struct csv_reader *reader_new(struct part *p)
{
    struct csv_reader *r = rs_xalloc(1, sizeof(*r));
    csv_init(&r->csv, 0);
    csv_set_delim(&r->csv, (unsigned char)p->src->delim);
    csv_set_blk_size(&r->csv, BLOCK);
    r->part = p;
    order_roles(r, p->src);
    return r;
}

static void on_field(void *s, size_t len, void *ctx)
{
    struct csv_reader *r = ctx;
    int field = r->n_fields++;
    if (r->next_role == r->n_roles) return;
    int role = r->role_of_field[r->next_role];
    if (r->part->src->index[role] != field) return;
    r->next_role++;
    size_t n = len < CELL_MAX ? len : CELL_MAX;
    if (n > 0) memcpy(r->text[role], s, n);
    r->cells[role] = (struct cell){.s = r->text[role], .len = n};
}

static void on_row(int c, void *ctx)
{
    (void)c;
    struct csv_reader *r = ctx;
    r->row_done = true;
    if (!r->part->rc) (void)rs_part_row(r->part, r->cells, r->n_fields, r->line);
    r->n_fields = 0;
    r->next_role = 0;
}

static bool csv_rows(struct csv_reader **reader, struct part *p, const char *begin, const char *end,
                     int64_t line)
{
    if (!*reader) *reader = reader_new(p);
    struct csv_reader *r = *reader;
    bool in_row = false;
    for (const char *at = begin; at < end; line++) {
        const char *next = skip_line_end(find_line_end(at, end), end);
        if (!in_row) r->line = line;
        r->row_done = false;
        size_t len = (size_t)(next - at);
        if (csv_parse(&r->csv, at, len, on_field, on_row, r) != len) return rs_part_no_memory(p);
        if (p->rc) return false;
        in_row = !r->row_done && (in_row || !all_blank(at, next, p->src->delim));
        at = next;
    }
    if (in_row && csv_fini(&r->csv, on_field, on_row, r) != 0) return rs_part_no_memory(p);
    return p->rc == RS_OK;
}

/* ---- "::" ----------------------------------------------------------------------------------- */

static struct cell trim(const char *begin, const char *end)
{
    while (begin < end && (is_blank(*begin) || *begin == '\r'))
        begin++;
    while (end > begin && (is_blank(end[-1]) || end[-1] == '\r'))
        end--;
    return (struct cell){.s = begin, .len = (size_t)(end - begin)};
}

/* The first "::" in [p, end), or end. */
static const char *find_colons(const char *p, const char *end)
{
    while (p < end) {
        p = memchr(p, ':', (size_t)(end - p));
        if (!p || p + 1 >= end) return end;
        if (p[1] == ':') return p;
        p++;
    }
    return end;
}

static bool dat_row(struct part *p, const char *begin, const char *end, int64_t line)
{
    struct cell cells[N_ROLES] = {0};
    int n_fields = 0;
    for (const char *at = begin; at <= end;) {
        const char *next = find_colons(at, end);
        for (int role = 0; role < N_ROLES; role++) {
            if (p->src->index[role] == n_fields) cells[role] = trim(at, next);
        }
        n_fields++;
        if (next == end) break;
        at = next + 2;
    }
    return rs_part_row(p, cells, n_fields, line);
}

static bool dat_rows(struct part *p, const char *begin, const char *end, int64_t line)
{
    for (const char *at = begin; at < end; line++) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        if (!lf) lf = end;
        if (trim(at, lf).len > 0 && !dat_row(p, at, lf, line)) return false;
        at = lf + 1;
    }
    return true;
}

bool rs_separated_rows(struct csv_reader **reader, struct part *p, const char *begin,
                       const char *end, int64_t line)
{
    if (p->src->format == RS_FORMAT_DAT) return dat_rows(p, begin, end, line);
    return csv_rows(reader, p, begin, end, line);
}

void rs_ingest_csv(struct part *p)
{
    struct csv_reader *reader = NULL;
    (void)rs_separated_rows(&reader, p, p->begin, p->end, p->line);
    rs_csv_reader_free(reader);
}

/* ---- the first row -------------------------------------------------------------------------- */

struct first_row {
    char **fields;
    size_t n;
    bool too_many;
    bool done;
};

static void add_name(struct first_row *f, const char *s, size_t len)
{
    if (f->n == MAX_NAMES) {
        f->too_many = true;
        return;
    }
    char *name = rs_xalloc(len < MAX_FIELD ? len + 1 : MAX_FIELD + 1, 1);
    memcpy(name, s, len < MAX_FIELD ? len : MAX_FIELD);
    f->fields[f->n++] = name;
}

static void on_name(void *s, size_t len, void *ctx)
{
    add_name(ctx, len ? s : "", len);
}

static void on_names(int c, void *ctx)
{
    (void)c;
    struct first_row *f = ctx;
    f->done = true;
}

static bool csv_first_row(struct first_row *f, char delim, const char *text, size_t len,
                          const char **at, int64_t *lines)
{
    struct csv_parser csv;
    csv_init(&csv, 0);
    csv_set_delim(&csv, (unsigned char)delim);
    csv_set_blk_size(&csv, BLOCK);
    const char *end = text + len;
    bool ok = true;
    while (ok && !f->done && *at < end) {
        const char *next = skip_line_end(find_line_end(*at, end), end);
        size_t n = (size_t)(next - *at);
        ok = csv_parse(&csv, *at, n, on_name, on_names, f) == n;
        *at = next;
        (*lines)++;
    }
    if (ok && !f->done) ok = csv_fini(&csv, on_name, on_names, f) == 0;
    csv_free(&csv);
    return ok;
}

static void dat_first_row(struct first_row *f, const char *text, size_t len, const char **at,
                          int64_t *lines)
{
    const char *end = text + len;
    while (f->n == 0 && *at < end) {
        const char *lf = memchr(*at, '\n', (size_t)(end - *at));
        if (!lf) lf = end;
        if (trim(*at, lf).len > 0) {
            for (const char *p = *at; p <= lf;) {
                const char *next = find_colons(p, lf);
                struct cell c = trim(p, next);
                add_name(f, c.s, c.len);
                p = next == lf ? lf + 1 : next + 2;
            }
        }
        *at = lf < end ? lf + 1 : end;
        (*lines)++;
    }
}

enum rs_code rs_first_row(const struct source *s, const char *text, size_t len, char ***fields_out,
                          size_t *end_out, int64_t *lines_out, struct rs_err *err)
{
    struct first_row f = {.fields = rs_xalloc(MAX_NAMES + 1, sizeof(char *))};
    const char *at = text;
    int64_t lines = 0;
    bool ok = true;
    if (s->format == RS_FORMAT_DAT) {
        dat_first_row(&f, text, len, &at, &lines);
    } else {
        ok = csv_first_row(&f, s->delim, text, len, &at, &lines);
    }
    enum rs_code rc = RS_OK;
    if (!ok) rc = rs_fail(err, RS_ENOMEM, "%s: no memory for its first row", s->name);
    if (f.too_many) rc = rs_fail(err, RS_EPARSE, "%s: more than %d columns", s->name, MAX_NAMES);
    if (rc) {
        rs_names_free(f.fields);
        return rc;
    }
    *fields_out = f.fields;
    *end_out = (size_t)(at - text);
    *lines_out = lines;
    return RS_OK;
}

void rs_names_free(char **names)
{
    for (char **n = names; n && *n; n++)
        free(*n);
    free(names);
}
