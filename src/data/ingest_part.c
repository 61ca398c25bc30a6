/*
 * ingest_part - one row of text into columns: what is a number, a time and an id, and what a row
 * that is none of these is told. Every format but npz and the direct path comes through here, and
 * the direct path for all rows that are not plain.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

#define SHOWN 60 /* bytes of a value that messages show */

void rs_part_clear(struct part *p)
{
    for (int c = 0; c < 2; c++) {
        free(p->id[c].wide);
        rs_intern_clear(&p->id[c].texts);
    }
    rs_intern_clear(&p->types);
    for (int i = 0; i < p->n_examples; i++)
        free(p->examples[i]);
    *p = (struct part){0};
}

bool rs_part_fail(struct part *p, enum rs_code code, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    p->rc = rs_fail(&p->err, code, "%s: %s", p->src->name, text);
    return false;
}

bool rs_part_no_memory(struct part *p)
{
    return rs_part_fail(p, RS_ENOMEM, "no memory for its rows");
}

bool rs_part_bad(struct part *p, int64_t line, const char *fmt, ...)
{
    p->bad++;
    if (!p->src->opts->strict && p->n_examples == MAX_EXAMPLES) return true;
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct rs_err e = {0};
    char place[32] = "";
    if (line > 0) snprintf(place, sizeof(place), ":%" PRId64, line);
    rs_fail(&e, RS_EPARSE, "%s%s: %s", p->src->name, place, text);
    p->examples[p->n_examples++] = rs_xstrdup(e.msg);
    if (!p->src->opts->strict) return true;
    p->err = e;
    p->rc = RS_EPARSE;
    return false;
}

/* ---- ids ------------------------------------------------------------------------------------ */

static bool to_texts(struct id_column *c, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        char text[24];
        int64_t id = c->kind == ID_WIDE ? c->wide[i] : c->narrow[i];
        int len = snprintf(text, sizeof(text), "%" PRId64, id);
        c->narrow[i] = rs_intern_add(&c->texts, text, (size_t)len);
        if (c->narrow[i] < 0) return false;
    }
    free(c->wide);
    c->wide = NULL;
    c->kind = ID_TEXT;
    return true;
}

/* Row i gets a text id. False: out of memory. */
static bool put_text(struct id_column *c, int64_t i, int64_t room, const char *s, size_t len)
{
    int64_t id;
    if (c->kind != ID_TEXT) {
        if (rs_id_parse_int(s, len, &id)) return rs_id_put_int(c, i, room, id);
        if (!to_texts(c, i)) return false;
    }
    c->narrow[i] = rs_intern_add(&c->texts, s, len);
    return c->narrow[i] >= 0;
}

bool rs_id_put_int(struct id_column *c, int64_t i, int64_t room, int64_t id)
{
    if (c->kind == ID_TEXT) {
        char text[24];
        int len = snprintf(text, sizeof(text), "%" PRId64, id);
        return put_text(c, i, room, text, (size_t)len);
    }
    if (c->kind == ID_NARROW) {
        if (id >= 0 && id <= INT32_MAX) {
            c->narrow[i] = (int32_t)id;
            return true;
        }
        c->wide = rs_try_alloc_raw((size_t)room, sizeof(*c->wide));
        if (!c->wide) return false;
        for (int64_t k = 0; k < i; k++)
            c->wide[k] = c->narrow[k];
        c->kind = ID_WIDE;
    }
    c->wide[i] = id;
    return true;
}

void rs_part_sum_up(struct part *p)
{
    const int32_t *user = p->id[0].narrow;
    const int32_t *item = p->id[1].narrow;
    for (int c = 0; c < 2; c++) {
        const int32_t *id = p->id[c].narrow;
        int32_t largest = 0;
#pragma omp simd reduction(max : largest)
        for (int64_t i = 0; i < p->n; i++)
            largest = id[i] > largest ? id[i] : largest;
        p->largest[c] = largest;
    }
    int32_t falls = 0;
    int32_t stays = 0;
#pragma omp simd reduction(| : falls, stays)
    for (int64_t i = 1; i < p->n; i++) {
        falls |= user[i] < user[i - 1];
        stays |= user[i] == user[i - 1] && item[i] <= item[i - 1];
    }
    p->order = falls ? ORDER_NONE : stays ? ORDER_GROUPED : ORDER_SORTED;
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* "column 'rating'" or "column 3" */
static const char *label(const struct part *p, enum role role, char buf[100])
{
    const char *quote = p->src->named ? "'" : "";
    snprintf(buf, 100, "column %s%.80s%s", quote, p->label[role], quote);
    return buf;
}

/* The cell's bytes for a message; rs_fail makes them printable. */
static const char *shown(struct cell c, char buf[SHOWN + 8])
{
    size_t n = c.len < SHOWN ? c.len : SHOWN;
    for (size_t i = 0; i < n; i++)
        buf[i] = c.s[i] ? c.s[i] : '?';
    snprintf(buf + n, 8, "%s", c.len > n ? "..." : "");
    return buf;
}

static bool bad_cell(struct part *p, int64_t line, enum role role, struct cell c, const char *what)
{
    char name[100];
    char text[SHOWN + 8];
    return rs_part_bad(p, line, "%s: '%s' %s", label(p, role, name), shown(c, text), what);
}

/* A cell that could be a number, as a C string; NULL if it cannot. */
static const char *number_text(struct cell c, char buf[64])
{
    if (c.len >= 64 || memchr(c.s, 0, c.len)) return NULL;
    memcpy(buf, c.s, c.len);
    buf[c.len] = '\0';
    return buf;
}

/* What is wrong with text that is no finite number. */
static const char *not_a_number(const char *text)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    if (!text) return "is not a number";
    const char *word = text + (*text == '-' || *text == '+');
    for (size_t i = 0; i < 3; i++) {
        if (strcasecmp(word, words[i]) == 0) return "is not finite";
    }
    char *end;
    double v = strtod(text, &end);
    bool number = end != text && !*end && !text[strspn(text, "0123456789+-.eE")];
    return number && isinf(v) ? "is out of range" : "is not a number";
}

/* Why the value is refused, or NULL and *out. */
static const char *parse_value(struct part *p, struct cell c, float *out)
{
    if (c.len == 0) {
        *out = 1;
        return NULL;
    }
    char buf[64];
    const char *text = number_text(c, buf);
    double v;
    if (!text || !rs_str_to_double(text, &v)) return not_a_number(text);
    if (value_refused(p->src->opts, v)) return "is out of range";
    *out = (float)v;
    return isfinite(*out) ? NULL : "is out of range";
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Why the time is refused, or NULL and *out in seconds. *ms_out: it was in milliseconds. */
static const char *parse_time(struct cell c, int64_t *out, bool *ms_out)
{
    *out = 0;
    if (c.len == 0) return NULL;
    static const char no_time[] = "is not a time (seconds since 1970 or ISO 8601)";
    char buf[64];
    const char *text = number_text(c, buf);
    if (!text) return no_time;
    int64_t t;
    double real;
    bool number = rs_id_parse_int(text, c.len, &t);
    if (!number && rs_str_to_double(text, &real)) {
        if (fabs(real) > 1e15) return "is out of range";
        t = (int64_t)floor(real);
        number = true;
    }
    if (!number) {
        if (rs_clock_parse(text, &t) != 0) return no_time;
        t = floor_div(t, 1000);
    } else if (t > MS_ABOVE || t < -MS_ABOVE) {
        t = floor_div(t, 1000);
        *ms_out = true;
    }
    if (t > MAX_TIME_S || t < -MAX_TIME_S) return "is out of range";
    *out = t;
    return NULL;
}

/* Why the id is refused, or NULL. */
static const char *check_id(struct cell c)
{
    if (c.len == 0) return "is empty";
    if (c.len > RS_ID_MAX_BYTES) return "is longer than 1024 bytes";
    if (memchr(c.s, 0, c.len)) return "holds a NUL byte";
    int64_t id;
    size_t sign = c.s[0] == '-';
    bool digits = c.len - sign >= 19 && c.s[sign] != '0';
    for (size_t i = sign; digits && i < c.len; i++)
        digits = c.s[i] >= '0' && c.s[i] <= '9';
    if (digits && !rs_id_parse_int(c.s, c.len, &id)) return "does not fit in 64 bits";
    return rs_str_utf8_valid(c.s, c.len) ? NULL : "is not UTF-8";
}

static const char *check_type(struct cell c)
{
    if (c.len > RS_ID_MAX_BYTES) return "is longer than 1024 bytes";
    if (memchr(c.s, 0, c.len)) return "holds a NUL byte";
    return rs_str_utf8_valid(c.s, c.len) ? NULL : "is not UTF-8";
}

static bool put_type(struct part *p, struct cell c)
{
    int32_t type = rs_intern_add(&p->types, c.s, c.len);
    if (type < 0) return rs_part_no_memory(p);
    if (type >= MAX_TYPES) {
        char name[100];
        return rs_part_fail(p, RS_EPARSE, "%s: more than %d event types", label(p, ROLE_TYPE, name),
                            MAX_TYPES);
    }
    p->type[p->n] = (uint8_t)type;
    return true;
}

bool rs_part_row(struct part *p, const struct cell cells[N_ROLES], int n_fields, int64_t line)
{
    p->rows++;
    if (n_fields < p->src->n_fields)
        return rs_part_bad(p, line, "%d fields, not %d", n_fields, p->src->n_fields);
    float value = 1;
    int64_t time = 0;
    bool ms = false;
    const char *why[N_ROLES] = {0};
    why[ROLE_USER] = check_id(cells[ROLE_USER]);
    why[ROLE_ITEM] = check_id(cells[ROLE_ITEM]);
    if (cells[ROLE_VALUE].s) why[ROLE_VALUE] = parse_value(p, cells[ROLE_VALUE], &value);
    if (cells[ROLE_TIME].s) why[ROLE_TIME] = parse_time(cells[ROLE_TIME], &time, &ms);
    if (cells[ROLE_TYPE].s) why[ROLE_TYPE] = check_type(cells[ROLE_TYPE]);
    for (int r = 0; r < N_ROLES; r++) {
        if (why[r]) return bad_cell(p, line, (enum role)r, cells[r], why[r]);
    }
    rs_assert(p->n < p->room);
    for (int c = 0; c < 2; c++) {
        if (!put_text(&p->id[c], p->n, p->room, cells[c].s, cells[c].len))
            return rs_part_no_memory(p);
    }
    p->value[p->n] = value;
    if (p->time) p->time[p->n] = time;
    if (p->type && !put_type(p, cells[ROLE_TYPE].s ? cells[ROLE_TYPE] : (struct cell){"", 0}))
        return false;
    for (int r = 0; r < N_ROLES; r++)
        p->saw |= (unsigned)(cells[r].s != NULL) << r;
    p->null_values += cells[ROLE_VALUE].s && cells[ROLE_VALUE].len == 0;
    p->null_times += cells[ROLE_TIME].s && cells[ROLE_TIME].len == 0;
    p->ms_times += ms;
    p->n++;
    return true;
}
