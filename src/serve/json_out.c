/* json_out - what an answer is made of, as JSON text. */
#include "json_out_impl.h"

#include <math.h>
#include <string.h>

#include "rs/base/clock.h"

/* ---- numbers and times --------------------------------------------------------------------- */

/* A whole number gets a point, so that it is a number with a fraction to every reader. */
static void finish_number(struct rs_str *out, size_t begin)
{
    if (!out->failed && !strpbrk(out->data + begin, ".e")) SRV_JSON(out, ".0");
}

void srv_json_float(struct rs_str *out, float v)
{
    size_t begin = out->len;
    if (!isfinite(v)) {
        SRV_JSON(out, "null");
        return;
    }
    rs_str_add_float(out, v);
    finish_number(out, begin);
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

void srv_json_bool(struct rs_str *out, bool v)
{
    rs_str_add(out, v ? "true" : "false");
}

void srv_json_time_ms(struct rs_str *out, int64_t ms)
{
    char text[25];
    if (rs_clock_stamp(ms, text)) {
        rs_json_quote(text, out);
    } else {
        SRV_JSON(out, "null");
    }
}

void srv_json_time_s(struct rs_str *out, int64_t s)
{
    char text[25];
    bool fits = s >= INT64_MIN / 1000 && s <= INT64_MAX / 1000;
    if (!fits || !rs_clock_stamp(s * 1000, text)) {
        SRV_JSON(out, "null");
        return;
    }
    memcpy(text + 19, "Z", 2); /* over the milliseconds */
    rs_json_quote(text, out);
}

/* ---- ids and items ------------------------------------------------------------------------- */

void srv_json_id(struct rs_str *out, const struct rs_idmap *map, const char *id)
{
    int64_t number;
    size_t len = strlen(id);
    if (map && rs_idmap_is_int(map) && rs_id_parse_int(id, len, &number)) {
        rs_str_addn(out, id, len);
    } else {
        rs_json_quote(id, out);
    }
}

void srv_json_index(struct rs_str *out, const struct rs_idmap *map, int32_t index)
{
    size_t len;
    char text[RS_ID_MAX_BYTES + 1];
    if (rs_idmap_is_int(map)) {
        rs_str_add_int(out, rs_idmap_int(map, index));
        return;
    }
    const char *bytes = rs_idmap_text(map, index, &len);
    memcpy(text, bytes, len);
    text[len] = '\0';
    rs_json_quote(text, out);
}

void srv_json_title(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    rs_json_quote(rs_catalogue_title(b->catalogue, item), out);
}

void srv_json_genres(struct rs_str *out, const struct rs_bundle *b, int32_t item)
{
    uint64_t left = rs_catalogue_genre_mask(b->catalogue, item);
    size_t begin = out->len;
    if (!left) SRV_JSON(out, "\"\"");
    for (; left; left &= left - 1) {
        size_t join = out->len;
        rs_json_quote(rs_catalogue_genre(b->catalogue, __builtin_ctzll(left)), out);
        if (out->failed || join == begin) continue;
        /* "A""B" becomes "A|B" */
        out->data[join - 1] = '|';
        memmove(out->data + join, out->data + join + 1, out->len - join);
        out->len--;
    }
}
