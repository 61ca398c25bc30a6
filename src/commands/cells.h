/*
 * cells - table cells that several commands print: external ids, genres, times.
 */
#ifndef RS_COMMANDS_CELLS_H
#define RS_COMMANDS_CELLS_H

#include "rs/base/table.h"
#include "rs/data/catalogue.h"
#include "rs/data/idmap.h"

void rs_cell_id(struct rs_table *t, const struct rs_idmap *map, int32_t index);
void rs_cell_genres(struct rs_table *t, const struct rs_catalogue *c, int32_t item); /* "A|B" */
void rs_cell_time(struct rs_table *t, int64_t time_ms);                              /* 0: empty */

#endif
