/*
 * wish - what a workspace adds to a request for a list: posted feedback, and lists of items that
 * may be shown.
 */
#ifndef RS_COMMANDS_WISH_H
#define RS_COMMANDS_WISH_H

#include "rs/base/arena.h"
#include "rs/commands/ctx.h"
#include "rs/models/ask.h"

/* What the user posted to a server, oldest first, in arena; none where the workspace has no store
 * yet: a bundle may be asked anywhere, and no store is made for it. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_ctx_events(struct rs_ctx *ctx, const char *user_id,
                                       struct rs_arena *arena, const struct rs_event **out,
                                       size_t *n_out, struct rs_err *err);
/* The lists serving.allow and serving.deny of the composed configuration, paths from the workspace,
 * by rs_allowed_read. */
RS_MUST_USE enum rs_code rs_ctx_allowed(struct rs_ctx *ctx, const struct rs_bundle *b,
                                        uint64_t **out, struct rs_err *err);

#endif
