/*
 * cells - one way to print an id, genres or a time in a table.
 */
#include "cells.h"

#include "rs/base/clock.h"

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

void rs_cell_time(struct rs_table *t, int64_t time_ms)
{
    char text[32];
    rs_clock_format(time_ms, text, sizeof(text));
    rs_table_str(t, time_ms ? text : NULL);
}
