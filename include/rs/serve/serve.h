/*
 * serve - the same core behind REST: answers from the bundle behind an alias, on libmicrohttpd.
 *
 * Threads  http (a pool): one request at a time each, from a model snapshot; they never touch the
 *          store and never wait. query: calls that read the store or start jobs. writer: feedback,
 *          several events a transaction, answered once it is on disk. watch: the alias, tokens,
 *          other servers' feedback, connections that dawdle, the job row's beat.
 * Swap     a new bundle is mapped and verified beside the old one, published under one mutex, and
 *          the old one closed by the last request that reads it.
 */
#ifndef RS_SERVE_SERVE_H
#define RS_SERVE_SERVE_H

#include "rs/base/libs.h"
#include "rs/commands/command.h"

/* The command `serve`: answers until SIGTERM or SIGINT, then drains; SIGHUP reads the configuration
 * again. RS_EBUSY: the address is taken; RS_EARG: a setting that cannot be (certificate, host);
 * RS_EIO: no socket. */
rs_cmd_fn rs_serve_run;
/* The version of libmicrohttpd, for `doctor`. */
void rs_serve_libraries(rs_lib_fn *fn, void *ctx);

#endif
