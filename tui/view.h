/*
 * view - a screen: its operations, its panes, and what it may ask of the app.
 *
 * A view is one static const table of operations in one file. draw is pure: state to cells, no I/O,
 * no locks, no allocation, right at any size. A view never waits: it asks the worker, and the
 * answer comes to read.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "canvas.h"
#include "key.h"
#include "table.h"
#include "widgets.h"
#include "work.h"

struct tui_app;
struct tui_view;

enum { TUI_MAX_PANES = 6, TUI_SCREENS = 8 };

/* A pane: where it is, and the table in it (NULL: something else). */
struct tui_pane {
    const char *name;
    struct tui_rect area; /* with its head row; h 0: hidden at this size */
    struct tui_table *table;
    bool takes_keys;
};

struct tui_view_ops {
    const char *name;  /* "users": breadcrumb, scripts, configuration */
    const char *title; /* "Users" */
    enum tui_context context;
    size_t state_size;
    int n_panes;
    void (*open)(struct tui_view *v,
                 const char *arg); /* start loading; returns within 1 ms. arg: "1042" */
    void (*news)(struct tui_view *v, const char *arg); /* shown again: with another arg, or NULL */
    bool (*read)(struct tui_view *v, struct tui_event *e); /* an answer; true: draw again */
    bool (*tick)(struct tui_view *v, int64_t now_ns);      /* once a second while shown; optional */
    void (*layout)(struct tui_view *v, struct tui_rect content); /* sets panes[].area; pure */
    void (*draw)(struct tui_view *v, struct tui_canvas *c);
    bool (*request)(struct tui_view *v, enum tui_request r, int count); /* false: not mine */
    bool (*key)(struct tui_view *v,
                const struct tui_key *k); /* before the keymap: forms; optional */
    void (*select)(struct tui_view *v);   /* the cursor rested 30 ms on another row; optional */
    void (*text)(struct tui_view *v, enum tui_request r, const char *text); /* a prompt's answer */
    void (*answer)(struct tui_view *v, int what, enum tui_dialog_answer a, const char *note,
                   char choice);                            /* a dialog's; what: as opened */
    void (*status)(struct tui_view *v, struct rs_str *out); /* left side of the status row */
    void (*done)(struct tui_view *v);
    void (*changed)(struct tui_view *v); /* the store changed: runs, jobs, versions; optional */
};
extern const struct tui_view_ops *const tui_screens[8]; /* keys 1 to 8; NULL: not there */

struct tui_view {
    const struct tui_view_ops *ops;
    struct tui_app *app;
    int id;
    void *state;
    struct tui_pane panes[TUI_MAX_PANES];
    int pane;    /* focused */
    bool zoomed; /* that pane alone */
    int border;  /* columns that { } moved the border by */
    int turn;    /* o: which view of the detail pane */
    char *arg;
};

/* ---- view.c ---- */
struct tui_view *tui_view_new(const struct tui_view_ops *ops, struct tui_app *app, int id);
void tui_view_free(struct tui_view *v); /* cancels what it asked */
/* The view's own layout; zoomed: the focused pane alone. */
void tui_view_layout(struct tui_view *v, struct tui_rect content);
struct tui_table *tui_view_table(struct tui_view *v);         /* of the focused pane, or NULL */
void tui_view_next_pane(struct tui_view *v, int step);        /* 1, -1: of those that take keys */
int tui_view_pane_at(const struct tui_view *v, int x, int y); /* -1: none */
/* Where its keys count, innermost first; of 4. all: those of lists too where no table is. */
int tui_view_contexts(struct tui_view *v, bool all, enum tui_context out[4]);

/* ---- what a view may ask of the app (app_ask.c) ---- */
struct tui_worker *tui_app_worker(struct tui_app *a);
bool tui_app_read_only(const struct tui_app *a);
void tui_app_toast(struct tui_app *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tui_app_error(struct tui_app *a, const char *where, const struct rs_err *err);
void tui_app_go(struct tui_app *a, const char *view, const char *arg); /* open over this one */
/* Opens a prompt whose answer comes to text(view, request, …), or a dialog, to answer(view,
 * what). */
void tui_app_prompt(struct tui_app *a, enum tui_request r, const char *label, const char *text);
void tui_app_dialog(struct tui_app *a, int what, struct tui_dialog *d); /* takes it */
/* Something that can be taken back: u runs `undo` with its words as a command. */
void tui_app_did(struct tui_app *a, const char *what, const char *command,
                 const char *const *undo_words);
uint32_t tui_app_last_key(const struct tui_app *a); /* for tui_dialog_new */

/* ---- layout.c ---- */
/* Panes side by side and above each other for a size class, borders moved by { }. */
enum tui_size { TUI_TOO_SMALL, TUI_ONE_PANE, TUI_TWO_PANES, TUI_THREE_PANES };
enum tui_size tui_size_of(int w, int h); /* of the whole screen */
/* Cuts an area: the left or upper part gets share (0 … 1) of it, a rule column between. */
void tui_split_across(struct tui_rect area, double share, int border, struct tui_rect *left,
                      struct tui_rect *right);
void tui_split_down(struct tui_rect area, double share, struct tui_rect *upper,
                    struct tui_rect *lower);
struct tui_rect tui_body(struct tui_rect pane); /* without its head row */

#endif
