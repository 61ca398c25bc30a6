/*
 * catalogue_read - item files: comma-separated by libcsv, tab and "::" as they stand (no quotes).
 *
 * Fields of one row are kept in one buffer until the row ends; the first row settles the columns.
 * Text is fed line by line, so a row's first line is known without counting inside the parser.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/fs.h"
#include "rs/data/catalogue.h"

#define MAX_FILE   ((size_t)1 << 30)
#define MAX_FIELDS 64 /* columns beyond are not looked at */

enum column { COL_ID, COL_TITLE, COL_GENRES, COL_YEAR, N_COLUMNS };

static const char *const column_names[N_COLUMNS][5] = {
    [COL_ID] = {"item", "movieId", "item_id", "id"},
    [COL_TITLE] = {"title", "name"},
    [COL_GENRES] = {"genres", "genre"},
    [COL_YEAR] = {"year"},
};

struct reading {
    const char *file; /* name for messages */
    const struct rs_idmap *items;
    struct rs_catalogue *c;
    bool plain;            /* no header needed: columns by place */
    int column[N_COLUMNS]; /* index of a field, -1: none */
    bool settled;
    struct rs_str text; /* fields of the row, each with its NUL */
    size_t start[MAX_FIELDS];
    int n_fields;
    int64_t line;     /* being fed */
    int64_t row_line; /* where the row began */
    int64_t matched;
    struct rs_err *err;
    enum rs_code rc; /* first failure; the rest is skipped */
};

static const char *field(const struct reading *r, enum column col)
{
    return r->column[col] < 0 ? "" : r->text.data + r->start[r->column[col]];
}

static void add_field(struct reading *r, const char *bytes, size_t len)
{
    if (r->rc || r->n_fields == MAX_FIELDS) return;
    if (len && memchr(bytes, '\0', len)) {
        r->rc = rs_fail(r->err, RS_EPARSE, "%s:%lld: a NUL byte in column %d", r->file,
                        (long long)r->row_line, r->n_fields + 1);
        return;
    }
    r->start[r->n_fields++] = r->text.len;
    if (!len || rs_str_utf8_valid(bytes, len)) {
        rs_str_addn(&r->text, len ? bytes : "", len);
    } else {
        for (size_t i = 0; i < len; i++) { /* ISO-8859-1: byte b is U+00b */
            unsigned char b = (unsigned char)bytes[i];
            if (b >= 0x80) rs_str_addc(&r->text, (char)(0xc0 | b >> 6));
            rs_str_addc(&r->text, (char)(b < 0x80 ? b : 0x80 | (b & 0x3f)));
        }
    }
    rs_str_addc(&r->text, '\0');
    if (r->text.failed)
        r->rc =
            rs_fail(r->err, RS_ENOMEM, "%s:%lld: out of memory", r->file, (long long)r->row_line);
}

static void on_field(void *data, size_t len, void *ctx)
{
    add_field(ctx, data, len);
}

static int find_column(const struct reading *r, enum column col)
{
    for (const char *const *name = column_names[col]; *name; name++)
        for (int f = 0; f < r->n_fields; f++)
            if (strcasecmp(r->text.data + r->start[f], *name) == 0) return f;
    return -1;
}

/* Columns from the first row; true if it was a header. */
static bool settle_columns(struct reading *r)
{
    for (int col = 0; col < N_COLUMNS; col++)
        r->column[col] = find_column(r, (enum column)col);
    if (r->column[COL_ID] >= 0) return true;
    if (!r->plain) {
        r->rc = rs_fail(r->err, RS_EPARSE,
                        "%s:%lld: no column is named item, movieId, item_id or id: name the column "
                        "of item ids in the first line",
                        r->file, (long long)r->row_line);
        return true;
    }
    for (int col = 0; col < N_COLUMNS; col++)
        r->column[col] = col < COL_YEAR && col < r->n_fields ? col : -1;
    return false;
}

static enum rs_code set_item(struct reading *r)
{
    for (int col = 0; col < N_COLUMNS; col++)
        if (r->column[col] >= r->n_fields)
            return rs_fail(r->err, RS_EPARSE, "%s:%lld: %d columns, where column %d is '%s'",
                           r->file, (long long)r->row_line, r->n_fields, r->column[col] + 1,
                           column_names[col][0]);
    int64_t year = 0;
    const char *text = field(r, COL_YEAR);
    if (*text && (!rs_str_to_i64(text, &year) || year < -9999 || year > 9999))
        return rs_fail(r->err, RS_EPARSE, "%s:%lld: year '%.40s' is not a year", r->file,
                       (long long)r->row_line, text);
    int32_t item = rs_idmap_find(r->items, field(r, COL_ID));
    if (item < 0) return RS_OK;
    r->matched++;
    enum rs_code rc = rs_catalogue_set(r->c, item, field(r, COL_TITLE), field(r, COL_GENRES),
                                       (int32_t)year, r->err);
    return rc ? rs_wrap(r->err, "%s:%lld", r->file, (long long)r->row_line) : RS_OK;
}

static void end_row(int terminator, void *ctx)
{
    (void)terminator;
    struct reading *r = ctx;
    bool blank = r->n_fields == 1 && r->text.len == 1;
    if (!r->rc && r->n_fields > 0 && !blank) {
        bool header = !r->settled && settle_columns(r);
        r->settled = true;
        if (!r->rc && !header) r->rc = set_item(r);
    }
    r->n_fields = 0;
    rs_str_reset(&r->text);
    r->row_line = r->line + 1;
}

static void split_line(struct reading *r, const char *line, size_t len, const char *separator)
{
    size_t sep = strlen(separator);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    size_t from = 0;
    for (size_t at = 0; at + sep <= len; at++) {
        if (memcmp(line + at, separator, sep) != 0) continue;
        add_field(r, line + from, at - from);
        at += sep - 1;
        from = at + 1;
    }
    add_field(r, line + from, len - from);
    end_row('\n', r);
}

static enum rs_code read_lines(struct reading *r, const char *text, size_t len,
                               const char *separator)
{
    struct csv_parser p;
    if (csv_init(&p, 0) != 0)
        return rs_fail(r->err, RS_ENOMEM, "read '%s': out of memory", r->file);
    for (size_t at = 0; at < len && !r->rc;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) + 1 - at : len - at;
        r->line++;
        bool blank = text[at] == '\n' || (text[at] == '\r' && n == 2);
        if (blank && r->row_line == r->line) r->row_line++;
        if (separator) {
            split_line(r, text + at, n, separator);
        } else if (csv_parse(&p, text + at, n, on_field, end_row, r) != n) {
            r->rc = rs_fail(r->err, RS_ENOMEM, "%s:%lld: %s", r->file, (long long)r->line,
                            csv_strerror(csv_error(&p)));
        }
        at += n;
    }
    /* a "quoted" word in a plain title is fine, a quote that swallows the rest is not */
    csv_set_opts(&p, CSV_STRICT | CSV_STRICT_FINI);
    if (!r->rc && !separator && csv_fini(&p, on_field, end_row, r) != 0)
        r->rc = rs_fail(r->err, RS_EPARSE, "%s:%lld: a quote opens here and is never closed",
                        r->file, (long long)r->row_line);
    csv_free(&p);
    return r->rc;
}

/* NULL: comma. */
static const char *find_separator(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    size_t n = end ? (size_t)(end - text) : len;
    for (size_t i = 0; i + 1 < n; i++)
        if (text[i] == ':' && text[i + 1] == ':') return "::";
    return n && memchr(text, '\t', n) ? "\t" : NULL;
}

enum rs_code rs_catalogue_read(const char *path, const struct rs_idmap *items,
                               struct rs_catalogue *c, int64_t *matched_out, struct rs_err *err)
{
    rs_assert(rs_catalogue_size(c) == rs_idmap_size(items));
    char *text = NULL;
    size_t len = 0;
    enum rs_code rc = rs_fs_read(path, MAX_FILE, &text, &len, err);
    if (rc) return rc;
    size_t bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *separator = find_separator(text + bom, len - bom);
    const char *slash = strrchr(path, '/');
    struct reading r = {.file = slash ? slash + 1 : path,
                        .items = items,
                        .c = c,
                        .plain = separator != NULL,
                        .row_line = 1,
                        .err = err};
    rs_str_init(&r.text, 0);
    rc = read_lines(&r, text + bom, len - bom, separator);
    if (!rc && !r.settled) rc = rs_fail(err, RS_EPARSE, "%s: the file is empty", r.file);
    if (!rc) *matched_out = r.matched;
    rs_str_clear(&r.text);
    free(text);
    return rc;
}
