/*
 * config - console.yaml: what a person wants otherwise than it comes.
 *
 *   ui:       theme, glyphs, mouse, fps, esc_delay
 *   keys:     users.turn: o      (PLACE.ACTION: key, or none)
 *   columns:  runs: [run, model, ndcg]
 * A bad line is complained of with its number and left out; the rest counts. Written only by :save,
 * whole, and never over another user's file.
 */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include "key.h"
#include "rs/base/err.h"
#include "rs/base/param.h"
#include "rs/base/val.h"

struct tui_config {
    char *path; /* NULL: no home to keep it in */
    struct rs_values *ui;
    struct rs_val *keys, *columns; /* maps: the good lines */
};
extern const struct rs_param tui_ui_params[];

/* path NULL: $XDG_CONFIG_HOME/recsys-tui/console.yaml, or below ~/.config. */
void tui_config_init(struct tui_config *c, const char *path);
void tui_config_clear(struct tui_config *c);
typedef void tui_complain_fn(const struct rs_err *err, void *ctx);
/* A file that is not there is an empty one. keymap gets the keys. */
void tui_config_read(struct tui_config *c, struct tui_keymap *keymap, tui_complain_fn *complain,
                     void *ctx);
RS_MUST_USE enum rs_code tui_config_write(const struct tui_config *c, struct rs_err *err);

#endif
