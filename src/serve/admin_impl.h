/*
 * admin_impl - commands over REST: which of them may be started, and what their bodies look like.
 *
 * Texts have at most SRV_ARG_CHARS characters and lists at most SRV_ARG_ITEMS elements. What may
 * name a file names it inside the workspace: a relative path without a part that begins with a dot,
 * or an address; no request reaches a file outside.
 */
#ifndef SERVE_ADMIN_IMPL_H
#define SERVE_ADMIN_IMPL_H

#include "route_impl.h"

enum { SRV_ARG_CHARS = 1024, SRV_ARG_ITEMS = 100 };

/* The patterns of texts, for the document. */
#define SRV_PATTERN_TEXT "^[^\\u0000]*$"
#define SRV_PATTERN_FILE \
    "^(https?://[^\\u0000]+|[^./\\u0000][^/\\u0000]*(/[^./\\u0000][^/\\u0000]*)*)$"
#define SRV_PATTERN_OVERRIDE                            \
    "^(([+]{0,2}|~)[A-Za-z][A-Za-z0-9_.]*=[^\\u0000]*|" \
    "~[A-Za-z][A-Za-z0-9_.]*)$"

/* May a request start it? As rs_job_allowed. */
bool srv_command_startable(const struct rs_cmd *cmd);
/* The last part of its path: "model-promote". */
void srv_command_slug(const struct rs_cmd *cmd, char out[64]);
/* Its arguments as the JSON Schema of a body; the caller's. */
struct rs_val *srv_command_schema(const struct rs_cmd *cmd);
/* A body (a map) as the command's arguments. RS_EARG names the argument. */
RS_MUST_USE enum rs_code srv_command_read(const struct rs_cmd *cmd, const struct rs_val *body,
                                          struct rs_args **out, struct rs_err *err);

#endif
