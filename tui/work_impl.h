/*
 * work_impl - what the worker's thread and its open files share.
 */
#ifndef TUI_WORK_IMPL_H
#define TUI_WORK_IMPL_H

#include "work.h"

struct tui_models *tui_models_new(struct rs_ctx *ctx); /* ctx: borrowed, the worker's */
void tui_models_free(struct tui_models *m);
/* ctx->conf, composed anew: files may have changed since the last question. */
RS_MUST_USE enum rs_code tui_models_compose(struct tui_models *m, struct rs_err *err);

#endif
