/* data_cells - texts that the files data_*.c share. */
#ifndef TUI_DATA_CELLS_H
#define TUI_DATA_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "rs/data/catalogue.h"

/* "Anim Fant SciF": four letters a genre, as many as fit. */
void tui_short_genres(const struct rs_catalogue *c, int32_t item, char *buf, size_t size);

#endif
