/*
 * libs - versions of the libraries that a layer rests on, as built against and as running: for
 * `doctor`. Each layer with libraries has one such function.
 */
#ifndef RS_BASE_LIBS_H
#define RS_BASE_LIBS_H

typedef void rs_lib_fn(const char *name, const char *built, const char *running, void *ctx);

void rs_base_libraries(rs_lib_fn *fn, void *ctx);

#endif
