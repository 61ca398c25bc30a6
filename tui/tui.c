/*
 * tui - the door of the console: options of the command `console` to the loop.
 */
#include "rs/tui/tui.h"

#include <curses.h> /* for its version alone: term is what calls it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "rs/commands/ctx.h"

/* "160x50"; false: not of that form. */
static bool parse_size(const char *text, int *w, int *h)
{
    char end;
    return sscanf(text, "%4dx%4d%c", w, h, &end) == 2 && *w > 0 && *h > 0;
}

enum rs_code rs_tui_run(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                        struct rs_err *err)
{
    (void)out;
    const char *no_color = getenv("NO_COLOR");
    const char *size = rs_args_text(args, "size");
    struct tui_app_opts o = {
        .workspace = ctx->workspace,
        .read_only = rs_args_bool(args, "read-only"),
        .plain = rs_args_bool(args, "plain"),
        .script = rs_args_text(args, "script"),
        .config = rs_args_text(args, "config"),
        .ready_fd = rs_args_has(args, "ready-fd") ? (int)rs_args_int(args, "ready-fd") : -1,
        .term = {.theme = rs_args_text(args, "theme"),
                 .glyphs = rs_args_text(args, "glyphs"),
                 .mono = rs_args_bool(args, "mono") || (no_color && no_color[0]),
                 .mouse = rs_args_bool(args, "mouse")},
    };
    if (size && !parse_size(size, &o.w, &o.h)) {
        return rs_fail(err, RS_EARG, "--size '%s': COLUMNSxROWS is wanted, as in 160x50", size);
    }
    if (size && !o.script && !o.plain) {
        return rs_fail(err, RS_EARG, "--size: only with --script or --plain");
    }
    return tui_app_run(&o, err);
}

void rs_tui_libraries(rs_lib_fn *fn, void *ctx)
{
    const char *running = curses_version(); /* "ncurses 6.3.20211021" */
    fn("ncursesw", NCURSES_VERSION, strncmp(running, "ncurses ", 8) == 0 ? running + 8 : running,
       ctx);
}
