/* glyph - one character at a time: what a terminal may be sent, and how wide it is. */
#include "glyph.h"

#include <string.h>

#include "rs/base/utf8.h"

enum { CELL_BYTES = 15 }; /* with the NUL: a base of 4 and marks as they fit */

const struct tui_glyphs tui_glyphs_utf8 = {
    .name = "utf8",
    .rule = "─",
    .down = "│",
    .cross = "┼",
    .tee_down = "┬",
    .tee_up = "┴",
    .tee_left = "┤",
    .tee_right = "├",
    .corner = {"┌", "┐", "└", "┘"},
    .bar_full = "█",
    .bar_empty = "░",
    .spark = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
    .up = "▲",
    .down_arrow = "▼",
    .point = "●",
    .more = "~",
    .dot = "·",
    .braille = true,
};

const struct tui_glyphs tui_glyphs_ascii = {
    .name = "ascii",
    .rule = "-",
    .down = "|",
    .cross = "+",
    .tee_down = "+",
    .tee_up = "+",
    .tee_left = "+",
    .tee_right = "+",
    .corner = {"+", "+", "+", "+"},
    .bar_full = "#",
    .bar_empty = ".",
    .spark = {"_", ".", ",", "-", "~", ":", "|", "#"},
    .up = "^",
    .down_arrow = "v",
    .point = "*",
    .more = "~",
    .dot = ".",
    .braille = false,
};

/* What out shows of c; false: a character that takes no cell. */
static bool base_of(const char *s, const struct rs_char *c, bool ascii, char out[CELL_BYTES],
                    int *width_out)
{
    out[0] = '?';
    out[1] = '\0';
    *width_out = 1;
    if (c->kind == RS_CHAR_HIDDEN) return false;
    if (c->kind != RS_CHAR_SHOWN) return true; /* a mark without a base, too */
    char plain = ascii ? rs_char_plain(c->code) : '\0';
    if (plain) {
        out[0] = plain;
    } else if (!ascii) {
        memcpy(out, s, c->bytes);
        out[c->bytes] = '\0';
        *width_out = c->width;
    }
    return true;
}

/* Bytes of what follows a base and takes no cell; marks go behind the base as long as they fit. */
static size_t take_marks(const char *s, bool keep, char out[CELL_BYTES])
{
    size_t used = 0;
    size_t len = strlen(out);
    while (((unsigned char)s[used] & 0x80) != 0) {
        struct rs_char c = rs_char_at(s + used, strnlen(s + used, 4));
        if (c.kind != RS_CHAR_MARK && c.kind != RS_CHAR_HIDDEN) break;
        if (c.kind == RS_CHAR_MARK && keep && len + c.bytes < CELL_BYTES) {
            memcpy(out + len, s + used, c.bytes);
            len += c.bytes;
            out[len] = '\0';
        }
        used += c.bytes;
    }
    return used;
}

size_t tui_glyph_next(const char *s, bool ascii, char out[15], int *width_out)
{
    size_t n = 0;
    *width_out = 1;
    for (bool shown = false; !shown && s[n];) { /* what is hidden before a base goes with it */
        struct rs_char c = rs_char_at(s + n, strnlen(s + n, 4));
        shown = base_of(s + n, &c, ascii, out, width_out);
        n += c.bytes;
        if (shown && c.kind != RS_CHAR_SHOWN) return n;
    }
    return n + take_marks(s + n, !ascii, out);
}

int tui_text_width(const char *s)
{
    int width = 0;
    while (*s) {
        char cell[CELL_BYTES];
        int w;
        s += tui_glyph_next(s, false, cell, &w);
        width += w;
    }
    return width;
}

size_t tui_text_cut(const char *s, int width)
{
    size_t n = 0;
    while (s[n]) {
        char cell[CELL_BYTES];
        int w;
        size_t bytes = tui_glyph_next(s + n, false, cell, &w);
        if (w > width) break;
        width -= w;
        n += bytes;
    }
    return n;
}
