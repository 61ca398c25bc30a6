/*
 * field - one value of a request: its type and bounds, from JSON and from text, and the sentence
 * that says what was expected.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/str.h"
#include "rs/data/idmap.h"
#include "fields_impl.h"

#define DEFAULT_COUNT 1000               /* elements of a list without bounds */
#define DEFAULT_CHARS 1024               /* characters of a text without bounds */
#define EXACT_INT     9007199254740992.0 /* 2^53: whole numbers up to it are exact as doubles */

/* ---- what a field may be ------------------------------------------------------------------- */

#define SRV_TYPE_TEXT(id, text) [id] = (text),
static const char *const type_texts[] = {SRV_TYPES(SRV_TYPE_TEXT)};
#undef SRV_TYPE_TEXT

static bool is_number(const struct srv_field *f)
{
    return f->type == SRV_INT || f->type == SRV_REAL;
}

static bool is_bounded(const struct srv_field *f)
{
    return f->min != 0 || f->max != 0;
}

void srv_field_count_bounds(const struct srv_field *f, size_t *least, size_t *most)
{
    *least = (size_t)f->min;
    *most = (size_t)f->max;
    if (!is_bounded(f)) *most = f->type == SRV_TEXT ? DEFAULT_CHARS : DEFAULT_COUNT;
}

static void add_bound(struct rs_str *out, double bound)
{
    if (bound == trunc(bound) && fabs(bound) <= EXACT_INT) {
        rs_str_addf(out, "%.0f", bound);
    } else {
        rs_str_add_double(out, bound);
    }
}

void srv_field_expected(const struct srv_field *f, struct rs_str *out)
{
    size_t least = 0;
    size_t most = 0;
    rs_str_add(out, type_texts[f->type]);
    if (is_number(f) && is_bounded(f)) {
        rs_str_add(out, " from ");
        add_bound(out, f->min);
        rs_str_add(out, " to ");
        add_bound(out, f->max);
    } else if (f->type == SRV_TEXT || f->type == SRV_IDS || f->type == SRV_TEXTS) {
        srv_field_count_bounds(f, &least, &most);
        const char *unit = f->type == SRV_TEXT ? "characters" : "elements";
        if (least) {
            rs_str_addf(out, " of %zu to %zu %s", least, most, unit);
        } else {
            rs_str_addf(out, " of at most %zu %s", most, unit);
        }
    }
}

/* "name: what it is: what was expected". */
RS_PRINTF(3, 4)
static enum rs_code refuse(const struct srv_field *f, struct rs_err *err, const char *fmt, ...)
{
    char is[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(is, sizeof(is), fmt, ap);
    va_end(ap);
    struct rs_str expected;
    rs_str_init(&expected, 0);
    srv_field_expected(f, &expected);
    rs_fail(err, RS_EARG, "%s: %s: %s was expected", f->name, is, rs_str_text(&expected));
    rs_str_clear(&expected);
    return err->code;
}

/* Bytes of the start of a text that an error may quote: at most 40, whole characters. */
static int quoted(const char *s)
{
    size_t n = strnlen(s, 41);
    if (n < 41) return (int)n;
    for (n = 40; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
        n--;
    return (int)n;
}

static const char *dots(const char *s)
{
    return s[quoted(s)] ? "..." : "";
}

static enum rs_code refuse_text(const struct srv_field *f, const char *s, struct rs_err *err)
{
    return refuse(f, err, "\"%.*s%s\" is a text", quoted(s), s, dots(s));
}

static enum rs_code refuse_val(const struct srv_field *f, const struct rs_val *v,
                               struct rs_err *err)
{
    switch (v->type) {
    case RS_VAL_BOOL:
        return refuse(f, err, "%s is a boolean", v->b ? "true" : "false");
    case RS_VAL_INT:
        return refuse(f, err, "%lld is an integer", (long long)v->i);
    case RS_VAL_REAL:
        return refuse(f, err, "%.15g is a number", v->r);
    case RS_VAL_STR:
        return refuse_text(f, v->s, err);
    case RS_VAL_LIST:
        return refuse(f, err, "it is a list");
    case RS_VAL_MAP:
        return refuse(f, err, "it is an object");
    default:
        return refuse(f, err, "it is null");
    }
}

/* ---- values within bounds ------------------------------------------------------------------ */

static enum rs_code take_int(const struct srv_field *f, int64_t i, struct srv_value *out,
                             struct rs_err *err)
{
    if (is_bounded(f) && (double)i < f->min) {
        return refuse(f, err, "%lld is below %.0f", (long long)i, f->min);
    }
    if (is_bounded(f) && (double)i > f->max) {
        return refuse(f, err, "%lld is above %.0f", (long long)i, f->max);
    }
    *out = (struct srv_value){.given = true, .i = i};
    return RS_OK;
}

static enum rs_code take_real(const struct srv_field *f, double r, struct srv_value *out,
                              struct rs_err *err)
{
    if (!isfinite(r)) return refuse(f, err, "it is too large");
    if (is_bounded(f) && r < f->min) return refuse(f, err, "%.15g is below %.15g", r, f->min);
    if (is_bounded(f) && r > f->max) return refuse(f, err, "%.15g is above %.15g", r, f->max);
    *out = (struct srv_value){.given = true, .r = r};
    return RS_OK;
}

static enum rs_code take_time(const struct srv_field *f, double s, struct srv_value *out,
                              struct rs_err *err)
{
    if (!(s >= (double)SRV_FIRST_S && s <= (double)SRV_LAST_S)) {
        return refuse(f, err, "%.15g seconds are not within the years 1 to 9999", s);
    }
    *out = (struct srv_value){.given = true, .i = (int64_t)floor(s)};
    return RS_OK;
}

static enum rs_code take_id(const struct srv_field *f, const char *s, struct srv_value *out,
                            struct rs_err *err)
{
    size_t len = strlen(s);
    if (len < 1) return refuse(f, err, "it is empty");
    if (len > RS_ID_MAX_BYTES) return refuse(f, err, "it has %zu bytes", len);
    *out = (struct srv_value){.given = true, .s = s};
    return RS_OK;
}

enum rs_code srv_field_check_count(const struct srv_field *f, size_t n, struct rs_err *err)
{
    size_t least;
    size_t most;
    srv_field_count_bounds(f, &least, &most);
    if (n >= least && n <= most) return RS_OK;
    const char *unit = f->type == SRV_TEXT ? "character" : "element";
    return refuse(f, err, "it has %zu %s%s", n, unit, n == 1 ? "" : "s");
}

static enum rs_code take_text(const struct srv_field *f, const char *s, struct srv_value *out,
                              struct rs_err *err)
{
    enum rs_code rc = srv_field_check_count(f, rs_str_utf8_count(s), err);
    if (!rc) *out = (struct srv_value){.given = true, .s = s};
    return rc;
}

/* ---- from text ----------------------------------------------------------------------------- */

static enum rs_code bool_from_text(const struct srv_field *f, const char *text,
                                   struct srv_value *out, struct rs_err *err)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) {
        return refuse(f, err, "\"%.*s%s\" is neither", quoted(text), text, dots(text));
    }
    *out = (struct srv_value){.given = true, .b = yes};
    return RS_OK;
}

enum rs_code srv_field_from_text(const struct srv_field *f, const char *text, struct srv_value *out,
                                 struct rs_err *err)
{
    int64_t i;
    double r;
    switch (f->type) {
    case SRV_ID:
        return take_id(f, text, out, err);
    case SRV_TEXT:
        return take_text(f, text, out, err);
    case SRV_INT:
        if (rs_id_parse_int(text, strlen(text), &i)) return take_int(f, i, out, err);
        break;
    case SRV_REAL:
        if (rs_str_to_double(text, &r)) return take_real(f, r, out, err);
        break;
    case SRV_BOOL:
        return bool_from_text(f, text, out, err);
    case SRV_TIME:
        if (rs_str_to_double(text, &r)) return take_time(f, r, out, err);
        if (rs_clock_parse(text, &i) == 0) return take_time(f, floor((double)i / 1e3), out, err);
        break;
    default:
        break;
    }
    return refuse_text(f, text, err);
}

/* ---- from JSON ----------------------------------------------------------------------------- */

/* A whole number that a double holds exactly, as 10.0 for 10. */
static bool whole(double r, int64_t *out)
{
    if (!(fabs(r) <= EXACT_INT) || r != trunc(r)) return false;
    *out = (int64_t)r;
    return true;
}

static enum rs_code int_from_val(const struct srv_field *f, const struct rs_val *v,
                                 struct srv_value *out, struct rs_err *err)
{
    int64_t i;
    if (v->type == RS_VAL_INT) return take_int(f, v->i, out, err);
    if (v->type != RS_VAL_REAL) return refuse_val(f, v, err);
    if (whole(v->r, &i)) return take_int(f, i, out, err);
    if (v->r != trunc(v->r)) return refuse(f, err, "%.15g is not a whole number", v->r);
    return refuse(f, err, "%.15g is too large", v->r);
}

static enum rs_code id_from_val(const struct srv_field *f, const struct rs_val *v,
                                struct rs_arena *arena, struct srv_value *out, struct rs_err *err)
{
    enum { DIGITS = 24 };
    int64_t i = v->i;
    if (v->type == RS_VAL_STR) return take_id(f, v->s, out, err);
    if (v->type == RS_VAL_REAL && !whole(v->r, &i)) {
        return refuse(f, err, "%.15g is no integer that is exact", v->r);
    }
    if (v->type != RS_VAL_INT && v->type != RS_VAL_REAL) return refuse_val(f, v, err);
    char *text = rs_arena_alloc(arena, DIGITS);
    if (!text) return rs_fail(err, RS_ENOMEM, "%s: out of memory", f->name);
    snprintf(text, DIGITS, "%lld", (long long)i);
    return take_id(f, text, out, err);
}

static enum rs_code time_from_val(const struct srv_field *f, const struct rs_val *v,
                                  struct srv_value *out, struct rs_err *err)
{
    int64_t ms;
    double r;
    if (v->type == RS_VAL_INT) return take_time(f, (double)v->i, out, err);
    if (v->type == RS_VAL_REAL) return take_time(f, v->r, out, err);
    if (v->type != RS_VAL_STR) return refuse_val(f, v, err);
    if (rs_str_to_double(v->s, &r) || rs_clock_parse(v->s, &ms) != 0) {
        return refuse_text(f, v->s, err); /* a number is a number */
    }
    return take_time(f, floor((double)ms / 1e3), out, err);
}

static enum rs_code list_from_val(const struct srv_field *f, const struct rs_val *v,
                                  struct rs_arena *arena, struct srv_value *out, struct rs_err *err)
{
    if (v->type != RS_VAL_LIST) return refuse_val(f, v, err);
    enum rs_code rc = srv_field_check_count(f, v->n, err);
    if (rc) return rc;
    const char **list = rs_arena_alloc(arena, v->n * sizeof(*list));
    if (!list) return rs_fail(err, RS_ENOMEM, "%s: out of memory", f->name);
    struct srv_field one = {.name = f->name,
                            .type = f->type == SRV_IDS ? SRV_ID : SRV_TEXT,
                            .flags = SRV_REQUIRED}; /* no null among them */
    for (size_t i = 0; i < v->n; i++) {
        char name[64];
        struct srv_value value = {0};
        rc = srv_field_from_val(&one, v->items[i], arena, &value, err);
        if (rc == RS_EARG) { /* again, with its place */
            snprintf(name, sizeof(name), "%s[%zu]", f->name, i);
            one.name = name;
            return srv_field_from_val(&one, v->items[i], arena, &value, err);
        }
        if (rc) return rc;
        list[i] = value.s;
    }
    *out = (struct srv_value){.given = true, .list = list, .n = v->n};
    return RS_OK;
}

enum rs_code srv_field_from_val(const struct srv_field *f, const struct rs_val *v,
                                struct rs_arena *arena, struct srv_value *out, struct rs_err *err)
{
    if (v->type == RS_VAL_NULL && !(f->flags & SRV_REQUIRED)) return RS_OK; /* as if absent */
    switch (f->type) {
    case SRV_ID:
        return id_from_val(f, v, arena, out, err);
    case SRV_IDS:
    case SRV_TEXTS:
        return list_from_val(f, v, arena, out, err);
    case SRV_TEXT:
        if (v->type == RS_VAL_STR) return take_text(f, v->s, out, err);
        break;
    case SRV_INT:
        return int_from_val(f, v, out, err);
    case SRV_REAL:
        if (v->type == RS_VAL_INT) return take_real(f, (double)v->i, out, err);
        if (v->type == RS_VAL_REAL) return take_real(f, v->r, out, err);
        break;
    case SRV_BOOL:
        if (v->type != RS_VAL_BOOL) break;
        *out = (struct srv_value){.given = true, .b = v->b};
        return RS_OK;
    case SRV_TIME:
        return time_from_val(f, v, out, err);
    case SRV_OBJECT:
        if (v->type != RS_VAL_MAP) break;
        *out = (struct srv_value){.given = true, .map = v};
        return RS_OK;
    default:
        break;
    }
    return refuse_val(f, v, err);
}

enum rs_code srv_field_absent(const struct srv_field *f, struct srv_value *out, struct rs_err *err)
{
    if (f->flags & SRV_REQUIRED) return refuse(f, err, "it is missing");
    *out = (struct srv_value){0};
    if (!f->dflt) return RS_OK;
    enum rs_code rc = srv_field_from_text(f, f->dflt, out, err);
    out->given = false;
    return rc;
}
