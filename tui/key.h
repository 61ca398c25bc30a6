/*
 * key - what a person pressed, requests, and the one table that joins them.
 *
 * A key is a character or a name ("Enter", "S-Tab", "^R", "F5", "PgUp"). Requests are what views
 * act on. The table gives each context its keys; help, hints, palette and manual are printed from
 * it.
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/str.h"

/* Named keys; a character is its code point. */
/* clang-format off */
#define TUI_KEYS(X)                                                                        \
    X(TUI_KEY_ENTER, "Enter") X(TUI_KEY_ESC, "Esc") X(TUI_KEY_TAB, "Tab")                  \
    X(TUI_KEY_BACKTAB, "S-Tab") X(TUI_KEY_BACKSPACE, "Backspace") X(TUI_KEY_DELETE, "Del") \
    X(TUI_KEY_UP, "Up") X(TUI_KEY_DOWN, "Down") X(TUI_KEY_LEFT, "Left")                    \
    X(TUI_KEY_RIGHT, "Right") X(TUI_KEY_HOME, "Home") X(TUI_KEY_END, "End")                \
    X(TUI_KEY_PAGE_UP, "PgUp") X(TUI_KEY_PAGE_DOWN, "PgDn") X(TUI_KEY_F1, "F1")            \
    X(TUI_KEY_F5, "F5") X(TUI_KEY_RESIZE, "Resize") X(TUI_KEY_MOUSE, "Mouse")              \
    X(TUI_KEY_PASTE, "Paste")
/* clang-format on */
enum tui_key_name {
    TUI_KEY_FIRST = 0x110000, /* beyond Unicode */
#define TUI_KEY_ENUM(id, name) id,
    TUI_KEYS(TUI_KEY_ENUM)
#undef TUI_KEY_ENUM
};

struct tui_key {
    uint32_t code;     /* a code point (^A is 1) or a TUI_KEY_… */
    bool held;         /* repeats the key before without a pause: moves, never acts */
    bool alt;          /* came as one pair with Esc in front: for editing only */
    const char *paste; /* TUI_KEY_PASTE: the text; borrowed until the next key */
    int x, y, button;  /* TUI_KEY_MOUSE; button 1 to 3, 4 and 5 wheel */
};
/* "^R", "Enter", "j", "é"; buf of 16. */
const char *tui_key_text(uint32_t code, char buf[16]);
bool tui_key_parse(const char *text, uint32_t *code_out);

enum tui_request_flags {
    TUI_REPEATS = 1 << 0, /* may be done again by a held key: moving, scrolling */
    TUI_PRODUCTION =
        1 << 1,           /* changes what serves: dialog with a typed word; gone with --read-only */
    TUI_CHANGES = 1 << 2, /* changes the workspace; gone with --read-only */
    TUI_TEXT_INPUT = 1 << 3, /* opens an input */
};

/* id, name (for :name, keys: and scripts), flags, help (at most 50 columns) */
#define TUI_REQUESTS(X)                                                            \
    X(NONE, "none", 0, "nothing")                                                  \
    X(SCREEN_1, "dash", 0, "the dashboard")                                        \
    X(SCREEN_2, "users", 0, "users, histories, recommendations")                   \
    X(SCREEN_3, "items", 0, "items and what is like them")                         \
    X(SCREEN_4, "train", 0, "train a model, watch it")                             \
    X(SCREEN_5, "tune", 0, "hyperparameter studies")                               \
    X(SCREEN_6, "runs", 0, "runs, side by side")                                   \
    X(SCREEN_7, "models", 0, "versions, promotion, rollback")                      \
    X(SCREEN_8, "serve", 0, "the service and its log")                             \
    X(UP, "up", TUI_REPEATS, "up")                                                 \
    X(DOWN, "down", TUI_REPEATS, "down")                                           \
    X(PAGE_UP, "page-up", TUI_REPEATS, "a page up")                                \
    X(PAGE_DOWN, "page-down", TUI_REPEATS, "a page down")                          \
    X(FIRST, "first", 0, "first row; with a count that row")                       \
    X(LAST, "last", 0, "last row; with a count that row")                          \
    X(LEFT, "left", TUI_REPEATS, "column to the left")                             \
    X(RIGHT, "right", TUI_REPEATS, "column to the right")                          \
    X(SCROLL_LEFT, "scroll-left", TUI_REPEATS, "scroll columns left")              \
    X(SCROLL_RIGHT, "scroll-right", TUI_REPEATS, "scroll columns right")           \
    X(NEXT_PANE, "next-pane", 0, "next pane")                                      \
    X(PREVIOUS_PANE, "previous-pane", 0, "previous pane")                          \
    X(ZOOM, "zoom", 0, "this pane alone, and back")                                \
    X(NARROWER, "narrower", TUI_REPEATS, "move the border left")                   \
    X(WIDER, "wider", TUI_REPEATS, "move the border right")                        \
    X(OPEN, "open", 0, "open what is selected")                                    \
    X(BACK, "back", 0, "close the innermost thing")                                \
    X(LEAVE, "leave", 0, "back; at the root quit")                                 \
    X(QUIT, "quit", 0, "quit")                                                     \
    X(FILTER, "filter", TUI_TEXT_INPUT, "show only rows that match")               \
    X(NEXT_MATCH, "next-match", TUI_REPEATS, "next row that matches")              \
    X(PREVIOUS_MATCH, "previous-match", TUI_REPEATS, "previous row that matches")  \
    X(SORT_PREVIOUS, "sort-previous", 0, "sort by the column to the left")         \
    X(SORT_NEXT, "sort-next", 0, "sort by the column to the right")                \
    X(SORT_TURN, "sort-turn", 0, "descending, ascending, as loaded")               \
    X(MARK, "mark", 0, "mark the row, or not")                                     \
    X(MARK_RANGE, "mark-range", 0, "mark from the last mark to here")              \
    X(MARK_ALL, "mark-all", 0, "mark all that are shown")                          \
    X(MARK_NONE, "mark-none", 0, "no marks")                                       \
    X(FILTER_CELL, "filter-cell", 0, "only rows with this cell's value")           \
    X(FREQUENCIES, "frequencies", 0, "how often the column has each value")        \
    X(COPY_CELL, "copy-cell", 0, "copy the cell")                                  \
    X(COPY_ROW, "copy-row", 0, "copy the row")                                     \
    X(WRITE_TABLE, "write-table", TUI_TEXT_INPUT, "write the table to a CSV file") \
    X(RELOAD, "reload", 0, "load again, keeping the place")                        \
    X(UNDO, "undo", TUI_CHANGES, "undo")                                           \
    X(REDO, "redo", TUI_CHANGES, "redo")                                           \
    X(PALETTE, "palette", TUI_TEXT_INPUT, "say a command")                         \
    X(HELP, "help", 0, "keys of this place")                                       \
    X(JOBS, "jobs", 0, "jobs")                                                     \
    X(ERRORS, "errors", 0, "what went wrong")                                      \
    X(TURN, "turn", 0, "next view of the detail pane")                             \
    X(REPAINT, "repaint", 0, "paint the screen again")                             \
    X(SUSPEND, "suspend", 0, "to the shell; fg comes back")                        \
    X(MOUSE, "mouse", 0, "mouse on or off")                                        \
    X(INTERRUPT, "interrupt", 0, "stop what is being computed")                    \
    X(SEEN, "seen", 0, "seen items in or out")                                     \
    X(HOW_MANY, "how-many", TUI_TEXT_INPUT, "length of the list")                  \
    X(ANY_USER, "any-user", TUI_TEXT_INPUT, "any user by id")                      \
    X(START, "start", TUI_CHANGES, "start")                                        \
    X(CANCEL, "cancel", TUI_CHANGES, "cancel or stop")                             \
    X(FOLLOW, "follow", 0, "follow the end")                                       \
    X(WRAP, "wrap", 0, "wrap long lines")                                          \
    X(TO_TRAIN, "to-train", 0, "these parameters into the train form")             \
    X(LOG_SCALE, "log-scale", 0, "logarithmic scale")                              \
    X(BASELINE, "baseline", 0, "compare with this one")                            \
    X(COMPARE, "compare", 0, "compare the marked runs")                            \
    X(DIFFERENT, "different", 0, "only rows that differ")                          \
    X(DELTA_FORM, "delta-form", 0, "difference, percent, p")                       \
    X(PROMOTE, "promote", TUI_PRODUCTION, "promote one stage")                     \
    X(ROLL_BACK, "roll-back", TUI_PRODUCTION, "roll back")                         \
    X(ARCHIVE, "archive", TUI_CHANGES, "archive")                                  \
    X(VERIFY, "verify", 0, "is the file whole")                                    \
    X(REGISTER, "register", TUI_CHANGES, "make a version of the run")              \
    X(DEMO_SET, "demo", TUI_CHANGES, "load the demo data")                         \
    X(TOUR, "tour", 0, "a tour of six cards")
#define TUI_REQUEST_ENUM(id, name, flags, help) TUI_REQ_##id,
enum tui_request { TUI_REQUESTS(TUI_REQUEST_ENUM) TUI_REQUEST_COUNT };
#undef TUI_REQUEST_ENUM
const char *tui_request_name(enum tui_request r);
const char *tui_request_help(enum tui_request r);
unsigned tui_request_flags(enum tui_request r);
bool tui_request_parse(const char *name, enum tui_request *out);

/* Where a key counts: a view's own context first, then LIST where its pane is a table, then
 * GLOBAL. */
/* clang-format off */
#define TUI_CONTEXTS(X)                                                                   \
    X(TUI_GLOBAL, "global") X(TUI_LIST, "list") X(TUI_DASH, "dash") X(TUI_USERS, "users") \
    X(TUI_ITEMS, "items") X(TUI_TRAIN, "train") X(TUI_TUNE, "tune") X(TUI_RUNS, "runs")   \
    X(TUI_MODELS, "models") X(TUI_SERVE, "serve") X(TUI_POPUP, "popup")
/* clang-format on */
#define TUI_CONTEXT_ENUM(id, name) id,
enum tui_context { TUI_CONTEXTS(TUI_CONTEXT_ENUM) TUI_CONTEXT_COUNT };
#undef TUI_CONTEXT_ENUM

struct tui_binding {
    enum tui_context context;
    const char *key; /* NULL ends the table */
    enum tui_request request;
    const char *help; /* shorter or more exact than the request's, for hints; NULL: the request's */
    int rank;         /* in the hint row: 1 first; 0 not there */
};
extern const struct tui_binding tui_bindings[];

struct tui_keymap; /* the table with what the configuration changed */
struct tui_keymap *tui_keymap_new(void);
void tui_keymap_free(struct tui_keymap *m);
/* "users.why" = "o", "none" unbinds. RS_EARG: no such request, context or key, or taken. */
RS_MUST_USE enum rs_code tui_keymap_set(struct tui_keymap *m, const char *what, const char *key,
                                        struct rs_err *err);
/* contexts: innermost first, n of them. */
enum tui_request tui_keymap_find(const struct tui_keymap *m, const enum tui_context *contexts,
                                 int n, uint32_t code);
/* Keys of those contexts for the hint row, by rank: "Enter open  / filter  q quit", cut by priority
 * to width. For the help popup: every binding in turn. */
void tui_keymap_hints(const struct tui_keymap *m, const enum tui_context *contexts, int n,
                      int width, bool read_only, struct rs_str *out);
typedef void tui_binding_fn(const char *context, const char *key, enum tui_request request,
                            const char *help, void *ctx);
void tui_keymap_each(const struct tui_keymap *m, const enum tui_context *contexts, int n,
                     tui_binding_fn *fn, void *ctx);
/* Sound table: no key doubled in a context, every request titled, none that changes production on
 * the same key as one that could be pressed just before. */
RS_MUST_USE enum rs_code tui_keymap_check(struct rs_err *err);

#endif
