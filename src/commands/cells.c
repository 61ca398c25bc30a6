/*
 * cells - one way to print an id, genres, a time or an interval.
 */
#include "cells.h"

#include <math.h>
#include <stdio.h>

#include "rs/base/clock.h"
#include "rs/base/str.h"

void rs_cell_id(struct rs_table *t, const struct rs_idmap *map, int32_t index)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_idmap_add_text(map, index, &text);
    rs_table_val(t, rs_idmap_val(map, index), rs_str_text(&text));
    rs_str_clear(&text);
}

void rs_cell_genres(struct rs_table *t, const struct rs_catalogue *c, int32_t item)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_catalogue_add_genres(c, item, &text);
    rs_table_str(t, rs_str_text(&text));
    rs_str_clear(&text);
}

double rs_float_real(float v)
{
    double real = (double)v;
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_add_float(&text, v);
    (void)rs_str_to_double(rs_str_text(&text), &real); /* a NaN stays one */
    rs_str_clear(&text);
    return real;
}

void rs_cell_float(struct rs_table *t, float v)
{
    rs_table_real(t, rs_float_real(v));
}

void rs_cell_time(struct rs_table *t, int64_t time_ms)
{
    char text[32];
    rs_clock_format(time_ms, text, sizeof(text));
    rs_table_str(t, time_ms ? text : NULL);
}

struct rs_val *rs_interval_val(struct rs_interval i)
{
    struct rs_val *v = rs_val_list();
    rs_val_push(v, rs_val_real(i.lo));
    rs_val_push(v, rs_val_real(i.hi));
    return v;
}

void rs_interval_text(struct rs_interval i, char *buf, size_t size)
{
    if (isnan(i.lo)) {
        buf[0] = '\0'; /* too few users for one */
    } else {
        snprintf(buf, size, "[%.4f, %.4f]", i.lo, i.hi);
    }
}
