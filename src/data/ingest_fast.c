/*
 * ingest_fast - plain numeric rows, straight from the bytes.
 *
 * Plain means: ids are canonical integers of at most 16 digits, values and times are digits with at
 * most one point, nothing is quoted, nothing is padded. Every other row goes, as its line, to the
 * parser that knows all rules; so the two agree if this one takes only what it reads right. Digits
 * are taken eight at a time:
 *
 * Source   Lemire, Number Parsing at a Gigabyte per Second, Software: Practice and Experience 2021.
 */
#include "ingest_impl.h"

#include <float.h>
#include <string.h>

#define FAST_FIELDS   64 /* wider files take the other path */
#define ALWAYS_INLINE static inline __attribute__((always_inline)) /* one loop a shape */

static const double power_of_ten[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
static const uint64_t int_power_of_ten[] = {1,      10,      100,      1000,     10000,
                                            100000, 1000000, 10000000, 100000000};

/* tenth[4][5] is the double nearest to 4.5. */
#define TENTHS(n)                                                                                 \
    {                                                                                             \
        (n##0) / 10.0, (n##1) / 10.0, (n##2) / 10.0, (n##3) / 10.0, (n##4) / 10.0, (n##5) / 10.0, \
            (n##6) / 10.0, (n##7) / 10.0, (n##8) / 10.0, (n##9) / 10.0                            \
    }
static const double tenth[10][10] = {TENTHS(),  TENTHS(1), TENTHS(2), TENTHS(3), TENTHS(4),
                                     TENTHS(5), TENTHS(6), TENTHS(7), TENTHS(8), TENTHS(9)};
#undef TENTHS

struct number {
    uint64_t v;
    int n; /* digits */
};

ALWAYS_INLINE uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

#define ZEROS      UINT64_C(0x3030303030303030) /* '0' eight times */
#define ABOVE_NINE UINT64_C(0x7676767676767676) /* added to a byte above 9: its top bit */
#define TOP_BITS   UINT64_C(0x8080808080808080)

/* The number whose digits are the bytes of v, the first in the lowest byte. */
ALWAYS_INLINE uint64_t value8(uint64_t v)
{
    const uint64_t pairs = UINT64_C(0x000000ff000000ff);
    v = v * 10 + (v >> 8);
    v = (v & pairs) * UINT64_C(0x000f424000000064) +
        (v >> 16 & pairs) * UINT64_C(0x0000271000000001);
    return v >> 32;
}

/* Up to 8 digits at p; p[0 .. 8) is readable. */
ALWAYS_INLINE struct number digits8(const char *p)
{
    uint64_t v = load8(p) ^ ZEROS;
    uint64_t other = (v | (v + ABOVE_NINE)) & TOP_BITS;
    int n = other ? __builtin_ctzll(other) / 8 : 8;
    v = v << (32 - 4 * n) << (32 - 4 * n); /* leading zeros where there are fewer than eight */
    return (struct number){value8(v), n};
}

/* Up to 16 digits; n = 16 may mean that more follow. */
ALWAYS_INLINE struct number digits16(const char *p)
{
    struct number a = digits8(p);
    if (a.n < 8) return a;
    struct number b = digits8(p + 8);
    return (struct number){a.v * int_power_of_ten[b.n] + b.v, 8 + b.n};
}

/* Digits, or digits with a point and more digits, of at most 15 in all: exact up to one division,
 * so the same double as strtod gives. */
ALWAYS_INLINE bool parse_real(const char **at, double *out)
{
    const char *p = *at;
    unsigned ones = (unsigned char)(p[0] - '0');
    unsigned tenths = (unsigned char)(p[2] - '0');
    if (p[1] == '.' && ones < 10 && tenths < 10 && (unsigned char)(p[3] - '0') > 9) {
        *at += 3; /* "4.5", as most ratings are */
        *out = tenth[ones][tenths];
        return true;
    }
    struct number a = digits8(*at);
    if (a.n == 0) return false;
    *at += a.n;
    *out = (double)a.v;
    if (**at != '.') return true;
    struct number b = digits8(*at + 1);
    if (b.n == 0 || a.n + b.n > 15) return false;
    *at += 1 + b.n;
    *out = (double)(a.v * int_power_of_ten[b.n] + b.v) / power_of_ten[b.n];
    return true;
}

/* "0" or no leading zero, as canonical integers are. */
ALWAYS_INLINE bool parse_id(const char **at, uint64_t *out)
{
    struct number a = digits16(*at);
    if (a.n == 0 || (**at == '0' && a.n > 1)) return false;
    *at += a.n;
    *out = a.v;
    return true;
}

/* Nine or ten digits up to the end of the line, as times are: the last eight at once, the first by
 * arithmetic, since a branch on which of the two it is would be guessed wrong too often. */
ALWAYS_INLINE bool parse_last_seconds(const char **at, const char *end, int64_t *out)
{
    const char *p = *at;
    int64_t more = end - p - 9;
    if (more < 0 || more > 1) return false;
    uint64_t v = load8(end - 8) ^ ZEROS;
    int64_t first = p[0] - '0';
    int64_t second = p[1] - '0'; /* or the first of the eight */
    if ((v | (v + ABOVE_NINE)) & TOP_BITS || first < 0 || first > 9 || second < 0 || second > 9)
        return false;
    *out = (first + more * (9 * first + second)) * 100000000 + (int64_t)value8(v);
    *at = end;
    return true;
}

/* eol: of the line. */
ALWAYS_INLINE bool parse_seconds(const char **at, const char *eol, int64_t *out, bool *ms)
{
    *ms = false;
    const char *end = eol > *at && eol[-1] == '\r' ? eol - 1 : eol;
    if (parse_last_seconds(at, end, out)) return true;
    struct number a = digits16(*at);
    if (a.n == 0 || a.v > (uint64_t)MAX_TIME_S * 1000) return false;
    *at += a.n;
    *ms = a.v > (uint64_t)MS_ABOVE;
    *out = (int64_t)(*ms ? a.v / 1000 : a.v);
    return *out <= MAX_TIME_S;
}

/* What a field holds; FIELD_SKIP: nothing we read. */
enum { FIELD_SKIP = N_ROLES };

struct layout {
    double min; /* of values */
    double max;
    int n_fields;
    char delim;
    uint8_t role[FAST_FIELDS];
};

/* Shapes of rows that get a loop of their own, all decisions on fields made by the compiler. */
enum shape {
    SHAPE_ANY,   /* by layout.role */
    SHAPE_FOUR,  /* user, item, value, time at the front, apart by one character */
    SHAPE_COLON, /* by layout.role, apart by "::" */
};

/* The row read last. */
struct row {
    uint64_t id[2];
    double value;
    int64_t time;
    bool ms;
    int user_len; /* of the user's digits as they stood there, at most 7; 0: more, or none yet */
    uint64_t user_text; /* these and the character behind them, as far as user_mask says */
    uint64_t user_mask;
};

/* Most files come user by user: what stood there last is compared before it is read again. */
ALWAYS_INLINE bool parse_user(const char **at, struct row *r)
{
    uint64_t text = load8(*at);
    if (r->user_len && !((text ^ r->user_text) & r->user_mask)) {
        *at += r->user_len;
        return true;
    }
    const char *begin = *at;
    if (!parse_id(at, &r->id[0])) return false;
    int64_t len = *at - begin;
    r->user_len = len < 8 ? (int)len : 0;
    r->user_text = text;
    r->user_mask = UINT64_MAX >> (56 - 8 * r->user_len);
    return true;
}

ALWAYS_INLINE bool at_delim(const char *p, const struct layout *l, enum shape shape)
{
    return *p == l->delim && (shape != SHAPE_COLON || p[1] == l->delim);
}

ALWAYS_INLINE bool parse_field(const struct layout *l, const char **at, const char *eol, int role,
                               enum shape shape, struct row *r)
{
    switch (role) {
    case ROLE_USER:
        return parse_user(at, r);
    case ROLE_ITEM:
        return parse_id(at, &r->id[1]);
    case ROLE_VALUE:
        return parse_real(at, &r->value) && r->value >= l->min && r->value <= l->max;
    case ROLE_TIME:
        return parse_seconds(at, eol, &r->time, &r->ms);
    default:
        while (!at_delim(*at, l, shape)) {
            if (**at == '\n') return false;
            ++*at;
        }
        return true;
    }
}

/* The row in [p, eol), where eol is a '\n'. False: it is not plain. */
ALWAYS_INLINE bool parse_row(const struct layout *l, const char *p, const char *eol,
                             enum shape shape, struct row *r)
{
    int delim_len = shape == SHAPE_COLON ? 2 : 1;
    int n_fields = shape == SHAPE_FOUR ? 4 : l->n_fields;
#pragma GCC unroll 4
    for (int f = 0; f < n_fields; f++) {
        if (f > 0) {
            if (!at_delim(p, l, shape)) return false;
            p += delim_len;
        }
        if (!parse_field(l, &p, eol, shape == SHAPE_FOUR ? f : l->role[f], shape, r)) return false;
    }
    return p == eol || (*p == '\r' && p + 1 == eol) || at_delim(p, l, shape);
}

/* A row whose ids need more than 31 bits, or a column that has left them. */
static bool put_ids(struct part *p, const struct row *r)
{
    for (int c = 0; c < 2; c++) {
        if (!rs_id_put_int(&p->id[c], p->n, p->room, (int64_t)r->id[c]))
            return rs_part_no_memory(p);
    }
    return true;
}

/* Lines of [begin, end), which ends in '\n' with 8 readable bytes behind it. */
ALWAYS_INLINE bool parse_lines(struct part *p, const struct layout *l, const char *begin,
                               const char *end, enum shape shape, struct csv_reader **slow)
{
    int32_t *user = p->id[0].narrow;
    int32_t *item = p->id[1].narrow;
    float *value = p->value;
    int64_t *time = p->time;
    int64_t line = p->line;
    int64_t n = 0; /* as p->n, p->rows and p->ms_times, which are behind by what is here */
    int64_t bad = 0;
    int64_t ms = 0;
    bool narrow = true;
    struct row r = {.value = 1};
    for (const char *at = begin; at < end; line++) {
        /* the next row is found before this one is read, so that they are read side by side */
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        const char *next = eol + 1;
        if (__builtin_expect(!parse_row(l, at, eol, shape, &r), 0)) {
            p->rows = n + bad;
            p->n = n;
            p->ms_times += ms;
            ms = 0;
            if (!rs_separated_rows(slow, p, at, next, line)) return false;
            n = p->n;
            bad = p->rows - n;
            narrow = p->id[0].kind == ID_NARROW && p->id[1].kind == ID_NARROW;
        } else {
            if (__builtin_expect(narrow && (r.id[0] | r.id[1]) <= INT32_MAX, 1)) {
                user[n] = (int32_t)r.id[0];
                item[n] = (int32_t)r.id[1];
            } else {
                p->n = n;
                if (!put_ids(p, &r)) return false;
                narrow = p->id[0].kind == ID_NARROW && p->id[1].kind == ID_NARROW;
            }
            value[n] = (float)r.value;
            if (time) time[n] = r.time;
            ms += r.ms;
            n++;
        }
        at = next;
    }
    p->n = n;
    p->rows = n + bad;
    p->ms_times += ms;
    return true;
}

bool rs_fast_fits(const struct source *s)
{
    return s->index[ROLE_TYPE] < 0 && s->n_fields <= FAST_FIELDS;
}

/* The end of the last line that has 8 readable bytes behind it. */
static const char *fast_end(const struct part *p, const char *readable_end)
{
    const char *end = p->end;
    if (readable_end - end < 8) end = readable_end - p->begin > 8 ? readable_end - 8 : p->begin;
    while (end > p->begin && end[-1] != '\n')
        end--;
    return end;
}

void rs_ingest_fast(struct part *p, const char *readable_end)
{
    const struct source *s = p->src;
    struct layout l = {.min = -DBL_MAX, .max = DBL_MAX, .n_fields = s->n_fields, .delim = s->delim};
    if (s->opts->value_min != 0 || s->opts->value_max != 0) {
        l.min = s->opts->value_min;
        l.max = s->opts->value_max;
    }
    for (int f = 0; f < s->n_fields; f++)
        l.role[f] = FIELD_SKIP;
    for (int r = 0; r < N_ROLES; r++) {
        if (s->index[r] >= 0) l.role[s->index[r]] = (uint8_t)r;
    }
    struct csv_reader *slow = NULL;
    const char *end = fast_end(p, readable_end);
    bool ok;
    if (s->format == RS_FORMAT_DAT) {
        l.delim = ':';
        ok = parse_lines(p, &l, p->begin, end, SHAPE_COLON, &slow);
    } else if (s->n_fields == 4 && l.role[0] == ROLE_USER && l.role[1] == ROLE_ITEM &&
               l.role[2] == ROLE_VALUE && l.role[3] == ROLE_TIME) {
        ok = parse_lines(p, &l, p->begin, end, SHAPE_FOUR, &slow);
    } else {
        ok = parse_lines(p, &l, p->begin, end, SHAPE_ANY, &slow);
    }
    if (ok && end < p->end) {
        int64_t lines = p->line;
        for (const char *c = p->begin; c < end && (c = memchr(c, '\n', (size_t)(end - c))); c++)
            lines++;
        (void)rs_separated_rows(&slow, p, end, p->end, lines);
    }
    for (int r = 0; r < N_ROLES; r++)
        p->saw |= (unsigned)(s->index[r] >= 0) << r;
    rs_csv_reader_free(slow);
}
