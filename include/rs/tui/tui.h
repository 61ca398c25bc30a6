/*
 * tui - the full-screen console: look at data, train, compare, promote, serve, from a terminal.
 *
 * One thread draws and takes keys and never waits; a worker thread has the store and the models and
 * answers with events; long work is jobs, processes of their own. Every action is a command of the
 * table, so what a screen can do a script can do.
 */
#ifndef RS_TUI_TUI_H
#define RS_TUI_TUI_H

#include "rs/base/libs.h"
#include "rs/commands/command.h"

/* The command `console`, which the program is on a terminal without arguments. RS_EARG: no
 * terminal, or one that cannot address its cursor; the text says what to do. */
rs_cmd_fn rs_tui_run;
void rs_tui_libraries(rs_lib_fn *fn, void *ctx); /* ncursesw, for `doctor` */

#endif
