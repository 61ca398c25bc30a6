/*
 * ingest_source - one file before its rows: format, separator, header, and which column is what.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/base/val.h"

static const char *const role_names[N_ROLES + 1] = {"user", "item", "value", "time", "type", NULL};

static const char *const known_user[] = {"userId",    "user_id",    "user", "uid",
                                         "visitorid", "reviewerID", NULL};
static const char *const known_item[] = {"movieId", "item_id", "item",       "movie_id", "itemId",
                                         "itemid",  "asin",    "product_id", NULL};
static const char *const known_value[] = {"rating", "value", "score", "weight", "count", NULL};
static const char *const known_time[] = {"timestamp", "time", "ts", "date", "unixReviewTime", NULL};
static const char *const known_type[] = {"event", "event_type", "type", NULL};
static const char *const *const known[N_ROLES] = {known_user, known_item, known_value, known_time,
                                                  known_type};

const char *rs_role_name(enum role role)
{
    return role_names[role];
}

#define FORMAT_NAME(id, name) [id] = (name),
static const char *const format_names[RS_FORMAT_COUNT] = {RS_FORMATS(FORMAT_NAME)};
#undef FORMAT_NAME

const char *rs_format_name(enum rs_format f)
{
    rs_assert((unsigned)f < RS_FORMAT_COUNT);
    return format_names[f];
}

bool rs_format_parse(const char *name, enum rs_format *out)
{
    for (int f = 0; f < RS_FORMAT_COUNT; f++) {
        if (strcmp(name, format_names[f]) != 0) continue;
        *out = (enum rs_format)f;
        return true;
    }
    return false;
}

/* ---- format --------------------------------------------------------------------------------- */

static bool ends_fold(const char *s, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);
    return len > n && strncasecmp(s + len - n, suffix, n) == 0;
}

enum rs_format rs_format_of_name(const char *name)
{
    static const struct {
        const char *ending;
        enum rs_format format;
    } endings[] = {{".csv", RS_FORMAT_CSV},      {".tsv", RS_FORMAT_TSV},
                   {".dat", RS_FORMAT_DAT},      {".jsonl", RS_FORMAT_JSONL},
                   {".ndjson", RS_FORMAT_JSONL}, {".json", RS_FORMAT_JSONL},
                   {".npz", RS_FORMAT_NPZ}};
    size_t len = strlen(name);
    if (ends_fold(name, len, ".gz")) {
        len -= 3;
    } else if (ends_fold(name, len, ".zip")) {
        len -= 4;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        if (ends_fold(name, len, endings[i].ending)) return endings[i].format;
    }
    return RS_FORMAT_AUTO;
}

static size_t line_len(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] != '\n' && text[n] != '\r')
        n++;
    return n;
}

static bool holds(const char *line, size_t len, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= len; i++) {
        if (memcmp(line + i, what, n) == 0) return true;
    }
    return false;
}

static enum rs_format format_of_line(const char *line, size_t len)
{
    if (len > 0 && line[0] == '{') return RS_FORMAT_JSONL;
    if (holds(line, len, "::")) return RS_FORMAT_DAT;
    if (holds(line, len, "\t")) return RS_FORMAT_TSV;
    if (holds(line, len, ",") || holds(line, len, ";")) return RS_FORMAT_CSV;
    return RS_FORMAT_USER_ITEMS;
}

/* ---- --columns ------------------------------------------------------------------------------ */

static bool is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

/* "role=name" at item, which is cut in two. */
static enum rs_code add_column(struct source *s, char *item, struct rs_err *err)
{
    char *name = strchr(item, '=');
    if (!name || !name[1])
        return rs_fail(err, RS_EARG, "columns '%s': '%s' is not ROLE=NAME", s->opts->columns, item);
    *name++ = '\0';
    for (int r = 0; r < N_ROLES; r++) {
        if (strcmp(item, role_names[r]) != 0) continue;
        if (s->asked[r][0])
            return rs_fail(err, RS_EARG, "columns '%s': '%s' is there twice", s->opts->columns,
                           item);
        s->asked[r][0] = name;
        return RS_OK;
    }
    const char *near = rs_str_nearest(item, role_names);
    return rs_fail(
        err, RS_EARG, "columns '%s': '%s' is none of user, item, value, time, type%s%s%s",
        s->opts->columns, item, near ? "; did you mean '" : "", near ? near : "", near ? "'" : "");
}

static enum rs_code parse_columns(struct source *s, struct rs_err *err)
{
    s->columns = rs_xstrdup(s->opts->columns);
    for (char *item = s->columns; item;) {
        char *comma = strchr(item, ',');
        if (comma) *comma = '\0';
        enum rs_code rc = add_column(s, item, err);
        if (rc) return rc;
        item = comma ? comma + 1 : NULL;
    }
    return RS_OK;
}

enum rs_code rs_source_init(struct source *s, const char *path, const struct rs_ingest_opts *opts,
                            struct rs_err *err)
{
    const char *slash = strrchr(path, '/');
    *s = (struct source){.opts = opts, .path = path, .name = rs_xstrdup(slash ? slash + 1 : path)};
    s->format = opts->format == RS_FORMAT_AUTO ? rs_format_of_name(s->name) : opts->format;
    s->line = 1;
    for (int r = 0; r < N_ROLES; r++)
        s->index[r] = -1;
    bool given = opts->columns && *opts->columns;
    if (given) {
        enum rs_code rc = parse_columns(s, err);
        if (rc) return rc;
    }
    static const char *const none[] = {NULL};
    for (int r = 0; r < N_ROLES; r++) {
        bool optional = r != ROLE_USER && r != ROLE_ITEM;
        s->candidates[r] = s->asked[r][0] ? s->asked[r] : given && optional ? none : known[r];
    }
    return RS_OK;
}

void rs_source_clear(struct source *s)
{
    free(s->name);
    free(s->columns);
    for (int r = 0; r < N_ROLES; r++)
        free(s->label[r]);
    *s = (struct source){0};
}

/* ---- columns of separated text -------------------------------------------------------------- */

static int find_field(char **fields, const char *name, bool fold)
{
    for (int i = 0; fields[i]; i++) {
        if ((fold ? strcasecmp : strcmp)(fields[i], name) == 0) return i;
    }
    return -1;
}

/* Field of the first candidate that is there: as written, else in any case. */
static int find_candidate(char **fields, const char *const *candidates)
{
    for (int fold = 0; fold < 2; fold++) {
        for (const char *const *c = candidates; *c; c++) {
            int i = find_field(fields, *c, fold);
            if (i >= 0) return i;
        }
    }
    return -1;
}

static bool has_data(char **fields)
{
    for (int i = 0; fields[i]; i++) {
        double number;
        int64_t ms;
        if (rs_str_to_double(fields[i], &number) || rs_clock_parse(fields[i], &ms) == 0)
            return true;
    }
    return false;
}

/* Does the file begin with names? With a known or asked one; or where nothing in the first row
 * reads as a number or a time, though a value or time is expected or the second row has one. */
static bool looks_like_header(const struct source *s, char **fields, char **second)
{
    bool expected = !s->columns || has_data(second);
    for (int r = 0; r < N_ROLES; r++) {
        const char *asked = s->asked[r][0];
        if (asked && !is_number(asked)) return true;
        if (find_candidate(fields, known[r]) >= 0) return true;
        expected |= asked && (r == ROLE_VALUE || r == ROLE_TIME);
    }
    return expected && !has_data(fields);
}

static char *join(char **fields, int n)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int i = 0; i < n && text.len < 200; i++)
        rs_str_addf(&text, "%s%.60s", i ? ", " : "", fields[i]);
    char *joined = rs_str_take(&text);
    return joined ? joined : rs_xstrdup("");
}

static enum rs_code no_column(const struct source *s, enum role role, char **fields, int n,
                              bool header, struct rs_err *err)
{
    char *found = join(fields, n);
    if (s->asked[role][0] && is_number(s->asked[role][0])) {
        rs_fail(err, RS_EARG, "%s: %s is column %s of %d: %s", s->name, role_names[role],
                s->asked[role][0], n, found);
    } else if (!header) {
        rs_fail(err, RS_EARG,
                "%s: no column for %s, and no header: pass --columns user=1,item=2 with their "
                "numbers; the first row is: %s",
                s->name, role_names[role], found);
    } else if (s->asked[role][0]) {
        rs_fail(err, RS_EARG, "%s: no column '%s' (%s) in the header: %s", s->name,
                s->asked[role][0], role_names[role], found);
    } else {
        rs_fail(err, RS_EARG,
                "%s: no column for %s in the header: %s; pass --columns user=NAME,item=NAME, or "
                "that there is no header",
                s->name, role_names[role], found);
    }
    free(found);
    return RS_EARG;
}

static enum rs_code find_columns(struct source *s, char **fields, bool header, struct rs_err *err)
{
    int n = 0;
    while (fields[n])
        n++;
    for (int r = 0; r < N_ROLES; r++) {
        const char *asked = s->asked[r][0];
        bool needed = asked || r == ROLE_USER || r == ROLE_ITEM;
        if (asked && is_number(asked)) {
            long field = strtol(asked, NULL, 10);
            s->index[r] = field >= 1 && field <= n ? (int)field - 1 : -1;
        } else if (header) {
            s->index[r] = find_candidate(fields, s->candidates[r]);
        } else if (!s->columns && r != ROLE_TYPE && r < n) {
            s->index[r] = r; /* user, item, value, time */
        }
        if (s->index[r] < 0 && needed) return no_column(s, (enum role)r, fields, n, header, err);
        if (s->index[r] < 0) continue;
        for (int other = 0; other < r; other++) {
            if (s->index[other] == s->index[r])
                return rs_fail(err, RS_EARG, "%s: column '%s' is asked for as %s and as %s",
                               s->name, fields[s->index[r]], role_names[other], role_names[r]);
        }
        if (s->index[r] >= s->n_fields) s->n_fields = s->index[r] + 1;
        s->label[r] = header ? rs_xstrdup(fields[s->index[r]]) : rs_xprintf("%d", s->index[r] + 1);
    }
    s->named = header;
    return RS_OK;
}

static enum rs_code look_separated(struct source *s, const char *text, size_t len, size_t *begin,
                                   struct rs_err *err)
{
    const char *line = text + *begin;
    size_t n = line_len(line, len - *begin);
    s->delim = s->format == RS_FORMAT_TSV ? '\t' : ',';
    if (s->format == RS_FORMAT_CSV && !holds(line, n, ",") && holds(line, n, ";")) s->delim = ';';
    char **fields = NULL;
    char **second = NULL;
    size_t end;
    size_t skip;
    int64_t lines;
    int64_t more;
    enum rs_code rc = rs_first_row(s, line, len - *begin, &fields, &end, &lines, err);
    if (!rc) rc = rs_first_row(s, line + end, len - *begin - end, &second, &skip, &more, err);
    if (!rc && !fields[0]) rc = rs_fail(err, RS_EPARSE, "%s: no rows", s->name);
    if (!rc) {
        bool header = s->opts->header < 0 ? looks_like_header(s, fields, second) : s->opts->header;
        rc = find_columns(s, fields, header, err);
        if (header) {
            *begin += end;
            s->line += lines;
        }
    }
    rs_names_free(fields);
    rs_names_free(second);
    return rc;
}

/* The keys of the first row must hold a user and an item: a wrong name is told once. */
static enum rs_code look_jsonl(struct source *s, const char *text, size_t len, struct rs_err *err)
{
    size_t at = 0;
    while (at < len &&
           (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n'))
        at++;
    if (at == len) return RS_OK;
    struct rs_val *row = NULL;
    struct rs_err ignored = {0}; /* the row is parsed again, and refused then */
    if (rs_json_parse(text + at, line_len(text + at, len - at), "json", &row, &ignored))
        return RS_OK;
    enum rs_code rc = RS_OK;
    for (int r = ROLE_USER; !rc && r <= ROLE_ITEM && row->type == RS_VAL_MAP; r++) {
        bool found = false;
        for (const char *const *c = s->candidates[r]; *c; c++)
            found |= rs_val_get(row, *c) != NULL;
        if (!found) rc = no_column(s, (enum role)r, row->keys, (int)row->n, true, err);
    }
    rs_val_free(row);
    return rc;
}

enum rs_code rs_source_look(struct source *s, const char *text, size_t len, size_t *begin_out,
                            struct rs_err *err)
{
    size_t begin = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return rs_fail(err, RS_EPARSE, "%s: text in UTF-16; convert it to UTF-8 first", s->name);
    if (s->format == RS_FORMAT_AUTO) {
        size_t first = begin;
        while (first < len && (text[first] == '\n' || text[first] == '\r' || text[first] == ' '))
            first++;
        s->format = format_of_line(text + first, line_len(text + first, len - first));
    }
    *begin_out = begin;
    if (s->format == RS_FORMAT_JSONL || s->format == RS_FORMAT_USER_ITEMS) {
        s->named = true;
        for (int r = 0; r < N_ROLES; r++) /* json: for messages where no candidate is there */
            s->label[r] = rs_xstrdup(s->asked[r][0] ? s->asked[r][0] : role_names[r]);
        return s->format == RS_FORMAT_JSONL ? look_jsonl(s, text + begin, len - begin, err) : RS_OK;
    }
    enum rs_code rc = look_separated(s, text, len, &begin, err);
    *begin_out = begin;
    return rc;
}
