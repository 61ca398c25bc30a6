/*
 * theme - colours and attributes of the roles: default, light, high-contrast, mono.
 *
 * Colours are of the 256-colour palette with their 16- and 8-colour stand-ins; -1 is the terminal's
 * own. The palette is never redefined and the background is the terminal's. Bold, reverse and
 * underline carry state wherever colour does.
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "canvas.h"

struct tui_paint {
    short fg256, bg256, fg16, bg16, fg8, bg8;
    unsigned attrs;
};
struct tui_theme {
    const char *name; /* NULL ends tui_themes */
    struct tui_paint roles[TUI_ROLE_COUNT];
};
extern const struct tui_theme tui_themes[];
const struct tui_theme *tui_theme_find(const char *name); /* NULL: none */

#endif
