/* json_out - numbers and texts as JSON; the common cases without a call into the C library. */
#include "json_out_impl.h"

#include <math.h>

#include "rs/base/clock.h"
#include "rs/base/val.h"

enum { FLOAT_ROOM = 24 };

/* ---- numbers ------------------------------------------------------------------------------- */

/* v in decimal before `end`; returns where it begins. */
static char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return end;
}

char *srv_json_digits(char *end, int64_t v)
{
    char *begin = digits_before(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0) *--begin = '-';
    return begin;
}

void srv_json_int(struct rs_str *out, int64_t v)
{
    char text[SRV_INT_ROOM];
    char *end = text + sizeof(text);
    char *begin = srv_json_digits(end, v);
    srv_json_raw(out, begin, (size_t)(end - begin));
}

/* What the C library prints, with a point so that it is a number with a fraction to every reader. */
static void finish_number(struct rs_str *out, size_t begin)
{
    if (!out->failed && !strpbrk(out->data + begin, ".e")) SRV_JSON(out, ".0");
}

void srv_json_double(struct rs_str *out, double v)
{
    size_t begin = out->len;
    if (!isfinite(v)) {
        SRV_JSON(out, "null");
        return;
    }
    rs_str_add_double(out, v);
    finish_number(out, begin);
}

static const double tens[] = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5,  1e6,
                              1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13};

/* n / 10^places, without the zeros that end it. */
static void put_decimal(struct rs_str *out, bool negative, uint64_t n, int places)
{
    char text[FLOAT_ROOM];
    char *end = text + sizeof(text);
    char *begin = end;
    while (places > 1 && n % 10 == 0) {
        n /= 10;
        places--;
    }
    for (int i = 0; i < places; i++, n /= 10)
        *--begin = (char)('0' + n % 10);
    if (places == 0) *--begin = '0';
    *--begin = '.';
    begin = digits_before(begin, n);
    if (negative) *--begin = '-';
    srv_json_raw(out, begin, (size_t)(end - begin));
}

static void put_any_float(struct rs_str *out, float v)
{
    size_t begin = out->len;
    if (!isfinite(v)) {
        SRV_JSON(out, "null");
        return;
    }
    rs_str_add_float(out, v);
    finish_number(out, begin);
}

/*
 * From 1e-4 to 1e6 by arithmetic that is exact where it matters: n and 10^places are doubles, so
 * n / 10^places is the double nearest to the decimal. Where that lies between the middles to v's
 * neighbours (doubles, too), the decimal itself does and reads back as v. Nine digits always do.
 */
void srv_json_float(struct rs_str *out, float v)
{
    float size = fabsf(v);
    if (!(size >= 1e-4F && size < 1e6F)) {
        put_any_float(out, v);
        return;
    }
    double exact = (double)size;
    double below = (exact + (double)nextafterf(size, 0)) / 2;
    double above = (exact + (double)nextafterf(size, INFINITY)) / 2;
    int places = 6; /* for six digits in all */
    for (double rest = exact; rest >= 1; rest /= 10)
        places--;
    for (double rest = exact; rest < 0.1; rest *= 10)
        places++;
    for (int digits = 6;; digits++, places++) {
        double n = nearbyint(exact * tens[places]);
        double back = n / tens[places];
        if (digits < 9 && !(back > below && back < above)) continue;
        put_decimal(out, v < 0, (uint64_t)n, places);
        return;
    }
}

void srv_json_bool(struct rs_str *out, bool v)
{
    if (v) {
        SRV_JSON(out, "true");
    } else {
        SRV_JSON(out, "false");
    }
}

/* ---- texts --------------------------------------------------------------------------------- */

/* No byte that needs an escape or a second look. */
static bool is_plain(const char *s, size_t len)
{
    unsigned odd = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        odd |= (unsigned)(c < 0x20) | (unsigned)(c >= 0x7f) | (unsigned)(c == '"') |
               (unsigned)(c == '\\');
    }
    return !odd;
}

static void put_plain(struct rs_str *out, const char *s, size_t len)
{
    char *to = srv_json_room(out, len + 2);
    if (!to) return;
    to[0] = '"';
    memcpy(to + 1, s, len);
    to[len + 1] = '"';
    srv_json_end(out, to + len + 2);
}

void srv_json_text(struct rs_str *out, const char *s)
{
    size_t len = strlen(s);
    if (is_plain(s, len)) {
        put_plain(out, s, len);
    } else {
        rs_json_quote(s, out);
    }
}

void srv_json_time_ms(struct rs_str *out, int64_t ms)
{
    char text[25];
    if (!rs_clock_stamp(ms, text)) {
        SRV_JSON(out, "null");
        return;
    }
    put_plain(out, text, 24);
}

void srv_json_time_s(struct rs_str *out, int64_t s)
{
    char text[25];
    if (s < INT64_MIN / 1000 || s > INT64_MAX / 1000 || !rs_clock_stamp(s * 1000, text)) {
        SRV_JSON(out, "null");
        return;
    }
    text[19] = 'Z';
    put_plain(out, text, 20);
}

/* ---- ids and items ------------------------------------------------------------------------- */

void srv_json_id(struct rs_str *out, const struct rs_idmap *map, const char *id)
{
    int64_t number;
    size_t len = strlen(id);
    if (map && rs_idmap_is_int(map) && rs_id_parse_int(id, len, &number)) {
        srv_json_raw(out, id, len);
    } else {
        srv_json_text(out, id);
    }
}

void srv_json_index(struct rs_str *out, const struct rs_idmap *map, int32_t index)
{
    size_t len;
    char text[RS_ID_MAX_BYTES + 1];
    if (rs_idmap_is_int(map)) {
        srv_json_int(out, rs_idmap_int(map, index));
        return;
    }
    const char *bytes = rs_idmap_text(map, index, &len);
    memcpy(text, bytes, len);
    text[len] = '\0';
    srv_json_text(out, text);
}

void srv_json_title(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    srv_json_text(out, rs_catalogue_title(b->catalogue, item));
}

void srv_json_genres(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    size_t begin = out->len;
    SRV_JSON(out, "\"");
    rs_catalogue_add_genres(b->catalogue, item, out);
    if (out->failed || is_plain(out->data + begin + 1, out->len - begin - 1)) {
        SRV_JSON(out, "\"");
        return;
    }
    struct rs_str names;
    rs_str_init(&names, 0);
    rs_catalogue_add_genres(b->catalogue, item, &names);
    if (names.failed) {
        rs_str_clear(out);
        out->failed = true;
    } else {
        out->len = begin;
        rs_json_quote(rs_str_text(&names), out);
    }
    rs_str_clear(&names);
}
