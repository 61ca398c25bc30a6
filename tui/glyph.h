/*
 * glyph - safe text and its width, and the drawing characters of a terminal.
 */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 or ASCII, chosen by locale and configuration. */
struct tui_glyphs {
    const char *name; /* "utf8", "ascii" */
    const char *rule, *down, *cross, *tee_down, *tee_up, *tee_left, *tee_right, *corner[4];
    const char *bar_full, *bar_empty, *spark[8], *up, *down_arrow, *point, *more, *dot;
    bool braille; /* charts in dots of 2 x 4 a cell */
};
extern const struct tui_glyphs tui_glyphs_utf8, tui_glyphs_ascii;

/* The next character with its zero-width marks at s (not at the end): how many bytes it takes, its
 * columns in *width_out (0 never), and in out (15 bytes) what may be shown: '?' for what is
 * invalid, a control or a bidi character. ascii: '?' for what has no plain form. */
size_t tui_glyph_next(const char *s, bool ascii, char out[15], int *width_out);
int tui_text_width(const char *s);             /* columns; ASCII glyphs never take more */
size_t tui_text_cut(const char *s, int width); /* bytes that fit into width columns */

#endif
