/*
 * canvas - a screen as cells in memory: what views draw on, tests compare, and term shows.
 *
 * Nothing here knows curses. All text goes through glyph: invalid UTF-8, control and bidi
 * characters become '?', cuts are by column and never through a wide character, zero-width marks
 * stay with their base. Drawing clips to a rectangle and allocates nothing.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/str.h"

struct tui_rect {
    int x, y, w, h;
};

/* What a piece of text means; theme gives it colours and attributes. */
#define TUI_ROLES(X)                                                             \
    X(TUI_TEXT, "text")         /* plain */                                      \
    X(TUI_DIM, "dim")           /* less important: units, hints, older values */ \
    X(TUI_TITLE, "title")       /* of a pane */                                  \
    X(TUI_FOCUS, "focus")       /* title of the focused pane */                  \
    X(TUI_RULE, "rule")         /* lines between panes */                        \
    X(TUI_SELECTED, "selected") /* the row of the cursor */                      \
    X(TUI_MARKED, "marked")     /* rows marked with space */                     \
    X(TUI_MATCH, "match")       /* what the filter found */                      \
    X(TUI_BETTER, "better")     /* blue, never alone: ^ beside it */             \
    X(TUI_WORSE, "worse")       /* orange, v beside it */                        \
    X(TUI_WARN, "warn")         /* something to look at */                       \
    X(TUI_ERROR, "error")       /* failed */                                     \
    X(TUI_INPUT, "input")       /* fields and the prompt */                      \
    X(TUI_KEY, "key")           /* keys in hints and help */                     \
    X(TUI_BAR, "bar")           /* bars and plots */                             \
    X(TUI_TOP, "top")           /* the breadcrumb row */
#define TUI_ROLE_ENUM(id, name) id,
enum tui_role { TUI_ROLES(TUI_ROLE_ENUM) TUI_ROLE_COUNT };
#undef TUI_ROLE_ENUM

enum tui_attr { TUI_BOLD = 1 << 0, TUI_REVERSE = 1 << 1, TUI_UNDERLINE = 1 << 2 };

struct tui_cell {
    char
        text[15]; /* one character with its marks, UTF-8, NUL-ended; "" in the second half of a wide
                      one and in a blank cell */
    uint8_t width; /* 1, 2; 0: the second half of a wide character */
    uint8_t role;
    uint8_t attrs;
};

struct tui_glyphs;

struct tui_canvas {
    int w, h;
    struct tui_cell *cells; /* [h x w] */
    int cursor_x, cursor_y; /* where the real cursor rests; -1: hidden */
    const struct tui_glyphs *glyphs;
};

void tui_canvas_init(struct tui_canvas *c, const struct tui_glyphs *glyphs);
void tui_canvas_clear(struct tui_canvas *c);                /* frees */
void tui_canvas_resize(struct tui_canvas *c, int w, int h); /* blank */
void tui_canvas_erase(struct tui_canvas *c);                /* all cells blank, cursor hidden */
struct tui_rect tui_canvas_rect(const struct tui_canvas *c);
struct tui_rect tui_rect_cut(struct tui_rect a, struct tui_rect b); /* what both have; w or h 0 */

/* Each draws inside clip only and returns the columns used (also those clipped at the right). */
int tui_put(struct tui_canvas *c, struct tui_rect clip, int x, int y, const char *text,
            enum tui_role role, unsigned attrs);
int tui_putf(struct tui_canvas *c, struct tui_rect clip, int x, int y, enum tui_role role,
             unsigned attrs, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* In exactly w columns: padded, or cut with '~' as its last one. right: flush right. */
void tui_put_in(struct tui_canvas *c, struct tui_rect clip, int x, int y, int w, bool right,
                const char *text, enum tui_role role, unsigned attrs);
/* Role and attributes of what stands there already. */
void tui_tint(struct tui_canvas *c, struct tui_rect area, enum tui_role role, unsigned attrs);
void tui_fill(struct tui_canvas *c, struct tui_rect area, enum tui_role role, unsigned attrs);
/* "-- title ------": a pane's head; ">" and bold where it has the focus; right: text at its end. */
void tui_head(struct tui_canvas *c, struct tui_rect row, const char *title, const char *right,
              bool focused);
void tui_rule_down(struct tui_canvas *c, int x, int y, int h);               /* between panes */
void tui_box(struct tui_canvas *c, struct tui_rect area, const char *title); /* a dialog's */
/* share 0 … 1 of w columns: "######...." in ASCII. */
void tui_bar(struct tui_canvas *c, struct tui_rect clip, int x, int y, int w, double share,
             enum tui_role role);
/* The last values as a line of blocks, one column each, oldest left; NaN is a gap. */
void tui_spark(struct tui_canvas *c, struct tui_rect clip, int x, int y, const double *v, int n,
               enum tui_role role);

/* The screen as text (rows end in '\n', trailing blanks cut), as ANSI, and as a picture. */
void tui_canvas_text(const struct tui_canvas *c, struct rs_str *out);
struct tui_theme;
void tui_canvas_ansi(const struct tui_canvas *c, const struct tui_theme *theme, struct rs_str *out);
void tui_canvas_svg(const struct tui_canvas *c, const struct tui_theme *theme, struct rs_str *out);

#endif
