/*
 * theme - the tables of paint. Better is blue and worse is orange: apart for all three types of
 * colour vision. Foregrounds without a background are readable on black and on white (the default),
 * on white (light); a test computes their contrast.
 */
#include "theme.h"

#include <string.h>

#define PLAIN(a)                    \
    {                               \
        -1, -1, -1, -1, -1, -1, (a) \
    }
#define INK(f256, f16, f8, a)                \
    {                                        \
        (f256), -1, (f16), -1, (f8), -1, (a) \
    }
#define ON(f256, b256, f16, b16, f8, b8, a)           \
    {                                                 \
        (f256), (b256), (f16), (b16), (f8), (b8), (a) \
    }

const struct tui_theme tui_themes[] = {
    {.name = "default",
     .roles = {[TUI_TEXT] = PLAIN(0),
               [TUI_DIM] = INK(245, 8, -1, 0),
               [TUI_TITLE] = PLAIN(0),
               [TUI_FOCUS] = INK(33, 12, 4, TUI_BOLD),
               [TUI_RULE] = INK(245, 8, -1, 0),
               [TUI_SELECTED] = PLAIN(TUI_REVERSE),
               [TUI_MARKED] = INK(30, 6, 6, TUI_BOLD),
               [TUI_MATCH] = INK(133, 13, 5, TUI_UNDERLINE),
               [TUI_BETTER] = INK(33, 12, 4, TUI_BOLD),
               [TUI_WORSE] = INK(166, 3, 3, 0),
               [TUI_WARN] = INK(136, 3, 3, TUI_BOLD),
               [TUI_ERROR] = INK(160, 9, 1, TUI_BOLD),
               [TUI_INPUT] = PLAIN(TUI_UNDERLINE),
               [TUI_KEY] = INK(30, 6, 6, TUI_BOLD),
               [TUI_BAR] = INK(33, 12, 4, 0),
               [TUI_TOP] = PLAIN(TUI_BOLD)}},
    {.name = "light",
     .roles = {[TUI_TEXT] = PLAIN(0),
               [TUI_DIM] = INK(241, 8, -1, 0),
               [TUI_TITLE] = PLAIN(0),
               [TUI_FOCUS] = INK(25, 4, 4, TUI_BOLD),
               [TUI_RULE] = INK(241, 8, -1, 0),
               [TUI_SELECTED] = PLAIN(TUI_REVERSE),
               [TUI_MARKED] = INK(23, 4, 4, TUI_BOLD),
               [TUI_MATCH] = INK(90, 5, 5, TUI_UNDERLINE),
               [TUI_BETTER] = INK(25, 4, 4, TUI_BOLD),
               [TUI_WORSE] = INK(130, 1, 1, 0),
               [TUI_WARN] = INK(94, 5, 5, TUI_BOLD),
               [TUI_ERROR] = INK(124, 1, 1, TUI_BOLD),
               [TUI_INPUT] = PLAIN(TUI_UNDERLINE),
               [TUI_KEY] = INK(23, 4, 4, TUI_BOLD),
               [TUI_BAR] = INK(25, 4, 4, 0),
               [TUI_TOP] = PLAIN(TUI_BOLD)}},
    {.name = "high-contrast",
     .roles = {[TUI_TEXT] = PLAIN(0),
               [TUI_DIM] = PLAIN(0),
               [TUI_TITLE] = PLAIN(TUI_BOLD),
               [TUI_FOCUS] = ON(16, 226, 0, 11, 0, 3, TUI_BOLD),
               [TUI_RULE] = PLAIN(0),
               [TUI_SELECTED] = PLAIN(TUI_REVERSE | TUI_BOLD),
               [TUI_MARKED] = ON(16, 51, 0, 14, 0, 6, TUI_BOLD),
               [TUI_MATCH] = ON(16, 226, 0, 11, 0, 3, TUI_UNDERLINE),
               [TUI_BETTER] = ON(231, 18, 15, 4, 7, 4, TUI_BOLD),
               [TUI_WORSE] = ON(16, 214, 0, 11, 0, 3, 0),
               [TUI_WARN] = ON(16, 226, 0, 11, 0, 3, TUI_BOLD),
               [TUI_ERROR] = ON(231, 88, 15, 1, 7, 1, TUI_BOLD),
               [TUI_INPUT] = PLAIN(TUI_UNDERLINE | TUI_BOLD),
               [TUI_KEY] = PLAIN(TUI_BOLD | TUI_UNDERLINE),
               [TUI_BAR] = PLAIN(TUI_BOLD),
               [TUI_TOP] = PLAIN(TUI_REVERSE | TUI_BOLD)}},
    {.name = "mono",
     .roles = {[TUI_TEXT] = PLAIN(0),
               [TUI_DIM] = PLAIN(0),
               [TUI_TITLE] = PLAIN(0),
               [TUI_FOCUS] = PLAIN(TUI_BOLD),
               [TUI_RULE] = PLAIN(0),
               [TUI_SELECTED] = PLAIN(TUI_REVERSE),
               [TUI_MARKED] = PLAIN(TUI_BOLD),
               [TUI_MATCH] = PLAIN(TUI_UNDERLINE),
               [TUI_BETTER] = PLAIN(TUI_BOLD),
               [TUI_WORSE] = PLAIN(TUI_UNDERLINE),
               [TUI_WARN] = PLAIN(TUI_BOLD),
               [TUI_ERROR] = PLAIN(TUI_BOLD | TUI_REVERSE),
               [TUI_INPUT] = PLAIN(TUI_UNDERLINE),
               [TUI_KEY] = PLAIN(TUI_BOLD),
               [TUI_BAR] = PLAIN(0),
               [TUI_TOP] = PLAIN(TUI_BOLD)}},
    {.name = NULL},
};

const struct tui_theme *tui_theme_find(const char *name)
{
    for (const struct tui_theme *t = tui_themes; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}
