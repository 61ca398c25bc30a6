/*
 * cells - what several commands print alike: external ids, genres, times, intervals.
 */
#ifndef RS_COMMANDS_CELLS_H
#define RS_COMMANDS_CELLS_H

#include "rs/base/table.h"
#include "rs/data/catalogue.h"
#include "rs/data/idmap.h"
#include "rs/eval/stats.h"

void rs_cell_id(struct rs_table *t, const struct rs_idmap *map, int32_t index);
void rs_cell_genres(struct rs_table *t, const struct rs_catalogue *c, int32_t item); /* "A|B" */
/* A score: JSON has the digits of the float, as the server prints it, not those of a double. */
void rs_cell_float(struct rs_table *t, float v);
double rs_float_real(float v);                          /* the number with those digits */
void rs_cell_time(struct rs_table *t, int64_t time_ms); /* 0: empty */

struct rs_val *rs_interval_val(struct rs_interval i);                /* [lo, hi] */
void rs_interval_text(struct rs_interval i, char *buf, size_t size); /* "[0.0749, 0.0990]" or "" */

#endif
