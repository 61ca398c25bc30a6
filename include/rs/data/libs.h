/*
 * libs - the libraries of the data layer, for `doctor`.
 */
#ifndef RS_DATA_LIBS_H
#define RS_DATA_LIBS_H

#include "rs/base/libs.h"

void rs_data_libraries(rs_lib_fn *fn, void *ctx);

#endif
