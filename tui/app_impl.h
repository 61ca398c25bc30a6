/*
 * app_impl - the state of the loop, shared by the files app*.c.
 */
#ifndef TUI_APP_IMPL_H
#define TUI_APP_IMPL_H

#include "app.h"
#include "config.h"
#include "script.h"
#include "view.h"

enum {
    TUI_MAX_STACK = 16,
    TUI_MAX_UNDO = 32,
    TUI_NO_TIME = 0,
    TUI_NEWS_VIEW = 1 << 30, /* asks for news: ^C of the app does not stop it */
};

struct tui_stack {
    struct tui_view *views[TUI_MAX_STACK]; /* the first is a screen's own */
    int depth;
};

/* Questions that the app itself asks (view 0). Newer work of a kind cancels older, so each has a
 * kind of its own: TUI_QUESTIONS times a number, and the question. */
enum tui_app_question {
    TUI_ASK_NEWS,
    TUI_ASK_COMMAND,
    TUI_ASK_JOB,
    TUI_ASK_UNDO,
    TUI_ASK_FILE,
    TUI_QUESTIONS = 8
};
/* Dialogs of its own. */
enum tui_app_dialog { TUI_SAY_RESULT, TUI_SAY_QUIT, TUI_SAY_COMMAND };

/* What the store says to everyone; made on the worker. */
struct tui_news {
    char serving[64];   /* "als v7 @production"; "" nothing serves */
    char job[96];       /* "#12 tune 43%", the newest that runs; "" none */
    int n_running;      /* servers not counted */
    bool any_row;       /* something runs, servers too: a tick a second */
    int64_t running[8]; /* the newest of those */
    int64_t newest_started_ms;
    struct tui_rows *jobs;
};

struct tui_undo {
    char *what, *command;
    char **words;
};

/* Digits typed in a row are a count where a motion follows at once, and screens otherwise. */
struct tui_count {
    int value, digits;
    int64_t at_ns;
    struct tui_stack before; /* as it was when the first digit came; depth 0: the same still */
};

struct tui_app {
    struct tui_app_opts o;
    struct tui_config config;
    struct tui_keymap *keymap;
    struct tui_term *term; /* NULL: none; a script or plain text */
    const struct tui_theme *theme;
    struct tui_canvas canvas;
    struct tui_worker *worker;
    int wake_fd, watch_fd;
    struct tui_toasts *toasts;

    struct tui_view *roots[TUI_SCREENS];
    struct tui_stack stack;
    struct tui_view *popup;   /* over them, or NULL */
    struct tui_view *current; /* whose operation runs, or NULL: the app's own */
    int last_id, last_question;

    struct tui_dialog *dialog;
    int dialog_view, dialog_what; /* 0: the app's own */
    struct tui_prompt *prompt;
    int prompt_view;
    enum tui_request prompt_request;
    bool prompt_own;     /* answered by the app: palette, filter, file of a table */
    char *prompt_before; /* the filter as it was */

    struct tui_news *news; /* NULL: not yet */
    struct tui_watch *watch;
    bool news_asked, news_again, news_anyhow; /* under way; once more; changed or not */
    int64_t opened_ms;

    struct tui_undo undo[TUI_MAX_UNDO];
    int n_undo;
    char *undoing;         /* what is being taken back */
    char *pending_command; /* of a question before a command */
    char **pending_words;

    struct tui_count count;
    uint32_t last_key;
    int64_t now_ns, tick_ns, select_ns, frame_ns, news_ns; /* deadlines; TUI_NO_TIME: none */
    int selected_view;
    uint64_t selected_key;
    const void *selected_rows;
    bool key_dirty, news_dirty, repaint, done, gone;
    bool active;          /* something happened since the last byte on ready_fd */
    bool busy;            /* tui_app_idle's */
    bool drop_keys;       /* a dialog opened: what was typed before is not for it */
    bool leave_later;     /* once the worker has nothing to do */
    int64_t frame_gap_ns; /* between frames for news; 0: never */

    struct tui_script script;
    size_t step;
    char *wait_text; /* until the screen has it */
    int64_t wait_ns;
    struct rs_err failed; /* what ends the program */
};

/* ---- app_input.c ---- */
void tui_app_input(struct tui_app *a, const struct tui_key *k);

/* ---- app.c ---- */
void tui_app_apply_config(struct tui_app *a);

/* ---- app_stack.c ---- */
struct tui_view *tui_app_top(struct tui_app *a);   /* of the stack */
struct tui_view *tui_app_focus(struct tui_app *a); /* popup, or that */
struct tui_view *tui_app_find_view(struct tui_app *a, int id);
void tui_app_first(struct tui_app *a); /* what the console begins with */
void tui_app_screen(struct tui_app *a, int screen, const char *arg);
bool tui_app_pop(struct tui_app *a); /* false: that was the root */
void tui_app_popup(struct tui_app *a, const struct tui_view_ops *ops, const char *arg);
void tui_app_popdown(struct tui_app *a);
void tui_app_settle(struct tui_app *a);   /* what a count kept aside is closed */
bool tui_app_unsettle(struct tui_app *a); /* back to where the count began */
void tui_app_close_views(struct tui_app *a);
typedef void tui_each_view_fn(struct tui_view *v, void *ctx);
void tui_app_each_view(struct tui_app *a, tui_each_view_fn *fn, void *ctx);

/* ---- app_draw.c ---- */
void tui_app_frame(struct tui_app *a); /* the whole screen onto the canvas */
struct tui_rect tui_app_content(const struct tui_app *a);

/* ---- app_request.c ---- */
void tui_app_request(struct tui_app *a, enum tui_request r, int count);
void tui_app_answer_prompt(struct tui_app *a, const char *text); /* NULL: given up */
void tui_app_typed_prompt(struct tui_app *a, const char *text);  /* so far */
void tui_app_answer_dialog(struct tui_app *a, enum tui_dialog_answer answer);
void tui_app_mouse(struct tui_app *a, const struct tui_key *k);

/* ---- app_ask.c ---- */
int tui_app_kind(struct tui_app *a, enum tui_app_question q); /* a new one */
void tui_app_undo(struct tui_app *a);
void tui_app_undo_clear(struct tui_app *a);

/* ---- app_palette.c ---- */
void tui_app_palette(struct tui_app *a); /* opens it */
RS_MUST_USE enum rs_code tui_app_say(struct tui_app *a, const char *line, struct rs_err *err);
bool tui_app_shows(struct tui_app *a, const char *text);
void tui_app_pending_clear(struct tui_app *a);
void tui_app_command(struct tui_app *a, const char *name, const char *const *words); /* runs it */
void tui_app_text(struct tui_app *a, const char *title, const char *const *lines);   /* to read */
void tui_app_result(struct tui_app *a, const char *title, const struct rs_result *r);

/* ---- app_complete.c ---- */
char **tui_app_complete(const char *line, int at, void *app);

/* ---- app_popups.c ---- */
extern const struct tui_view_ops tui_help_popup, tui_jobs_popup, tui_errors_popup,
    tui_frequencies_popup;

/* ---- app_news.c ---- */
void tui_app_watch(struct tui_app *a); /* the store's folder, where it is there */
void tui_app_ask_news(struct tui_app *a, bool anyhow);
void tui_app_read_news(struct tui_app *a, struct tui_event *e);
void tui_app_watch_events(struct tui_app *a); /* of watch_fd */
void tui_app_news_clear(struct tui_app *a);

#endif
