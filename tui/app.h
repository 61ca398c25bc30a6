/*
 * app - the loop: keys to requests, requests to views, events to views, at most one frame a turn.
 *
 * poll on terminal, wake pipe and signal pipe; drain all input; run requests; take events for at
 * most 4 ms; then at most one frame if something changed. Nothing pending: poll without a timeout.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdio.h>

#include "term.h"
#include "view.h"

struct tui_app_opts {
    const char *workspace;
    bool read_only, plain;
    const char *script; /* key names and :dump FILE, instead of a person; or NULL */
    const char *config; /* console.yaml; NULL: $XDG_CONFIG_HOME/recsys-tui/console.yaml */
    int ready_fd;       /* a byte is written when input, worker and frame are all done; -1: no */
    int w, h;           /* of the screen where there is no terminal (script, plain); 0: 80x24 */
    FILE *out;          /* of plain; NULL: standard output */
    struct tui_term_opts term;
};
RS_MUST_USE enum rs_code tui_app_run(const struct tui_app_opts *o, struct rs_err *err);

#endif
