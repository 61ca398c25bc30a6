/*
 * widgets - what views and the app put on a canvas beside tables: charts, forms, dialogs, toasts.
 */
#ifndef TUI_WIDGETS_H
#define TUI_WIDGETS_H

#include "canvas.h"
#include "key.h"
#include "rs/base/param.h"

/* ---- edit (edit.c): one line of text under a cursor, in forms and dialogs ---- */
struct tui_edit {
    struct rs_str text; /* UTF-8 */
    size_t at;          /* byte of the cursor, between characters */
};
enum { TUI_EDIT_MAX = 4096 }; /* bytes that typing and pasting may reach */
void tui_edit_set(struct tui_edit *e, const char *text); /* cursor at its end; starts from {0} */
void tui_edit_clear(struct tui_edit *e);                 /* frees */
const char *tui_edit_text(const struct tui_edit *e);
/* Characters, Paste, Left Right Home End Backspace Del, ^A ^B ^D ^E ^F ^K ^U ^W; true: taken. */
bool tui_edit_key(struct tui_edit *e, const struct tui_key *k);
/* In w columns, scrolled so that the cursor is seen; focused: the canvas's cursor goes there. */
void tui_edit_draw(const struct tui_edit *e, struct tui_canvas *c, struct tui_rect clip, int x,
                   int y, int w, enum tui_role role, unsigned attrs, bool focused);
size_t tui_utf8(uint32_t code, char out[5]); /* bytes, NUL behind; 0: not a character */
/* A character that has a shape: no control, nothing that turns text about or is unassigned. */
bool tui_may_type(uint32_t code);
/* Pasted text for one line: line ends and tabs as blanks, what may not be shown as '?'. */
void tui_paste_text(const char *paste, struct rs_str *out);
/* Bytes of the first line of text wrapped at blanks to width columns; *skip_out: of the blanks and
 * the line end behind it. */
size_t tui_wrap(const char *text, int width, size_t *skip_out);

/* ---- chart (chart.c) ---- */
enum { TUI_MAX_SERIES = 8 };
struct tui_series {
    const double *x, *y; /* [n]; x does not fall; y that is not finite is a gap */
    int n;
    char letter;      /* a to h: at its end; also chooses its dash and colour. 0: none */
    const char *name; /* for the legend, or NULL */
    bool faint;       /* raw values behind a smoothed series: dim, no letter, not in the head */
};
struct tui_chart {
    const char *title; /* "loss"; last and best are added as text */
    const struct tui_series *series;
    int n; /* what is beyond TUI_MAX_SERIES is counted in the head */
    bool lower_is_better, log_scale, whole_x; /* integer ticks for steps */
    bool focused;                             /* of its pane */
    double x_end; /* the axis reaches at least this far: planned steps; 0: as the data */
    int cursor;   /* index of the crosshair's point in series 0; -1: none */
};
/* area with its head row, where last and best value stand. Braille, half blocks or ASCII by the
 * canvas's glyphs; columns keep min and max when thinning. */
void tui_chart_draw(const struct tui_chart *chart, struct tui_canvas *c, struct tui_rect area);

/* ---- form (form.c) ---- */
/* Fields from a table of parameters: model parameters, arguments. Enter opens a field of text or
 * number: from then on (tui_form_editing) letters are text, Enter keeps, Esc brings the old value
 * back, Tab keeps and goes on to the next field. Choices and booleans turn with left and right. */
struct tui_form;
struct tui_form *tui_form_new(void);
void tui_form_free(struct tui_form *f);
/* The row is borrowed, key and value (NULL: the row's default) are copied. */
void tui_form_add(struct tui_form *f, const char *key, const struct rs_param *p, const char *value);
const char *tui_form_text(const struct tui_form *f, const char *key); /* NULL: no such field */
void tui_form_set(struct tui_form *f, const char *key, const char *value);
void tui_form_remove_from(struct tui_form *f, const char *key); /* this field and all behind it */
bool tui_form_editing(const struct tui_form *f);
/* true: taken. *changed_out: the key of a field that has a new value, or NULL. Tab behind the last
 * field and S-Tab before the first are not taken: the next pane's. */
bool tui_form_key(struct tui_form *f, const struct tui_key *k, const char **changed_out);
/* The first field that does not pass its row: RS_EARG. */
RS_MUST_USE enum rs_code tui_form_check(const struct tui_form *f, struct rs_err *err);
/* Last row: what is wrong with the focused field, or its help. */
void tui_form_draw(struct tui_form *f, struct tui_canvas *c, struct tui_rect area, bool focused);

/* ---- dialog (dialog.c) ---- */
enum tui_dialog_kind {
    TUI_DIALOG_ASK,   /* y or n; Enter and Esc: no; the key that opened it does not answer */
    TUI_DIALOG_WORD,  /* a word has to be typed; a note may be */
    TUI_DIALOG_TEXT,  /* something to read: scrolls */
    TUI_DIALOG_CHOICE /* one of several, by letter; Enter and Esc: TUI_NO, nothing is done */
};
struct tui_dialog;
/* lines: NULL-ended, copied, wrapped; one that begins with "ok " or "no " passed or failed.
 * word: what must be typed ("v8"); NULL for the others. choices: "k keep,d discard,g go on".
 * In a word dialog a failed line refuses, unless needs_note: then a note has to be given. */
struct tui_dialog *tui_dialog_new(enum tui_dialog_kind kind, const char *title,
                                  const char *const *lines, const char *word, const char *choices,
                                  bool wants_note, bool needs_note, uint32_t opened_by);
void tui_dialog_free(struct tui_dialog *d);
enum tui_dialog_answer { TUI_OPEN, TUI_YES, TUI_NO };
/* After TUI_YES: tui_dialog_note, and for a choice its letter. */
enum tui_dialog_answer tui_dialog_key(struct tui_dialog *d, const struct tui_key *k);
const char *tui_dialog_note(const struct tui_dialog *d);
char tui_dialog_choice(const struct tui_dialog *d);
void tui_dialog_draw(struct tui_dialog *d, struct tui_canvas *c);

/* ---- prompt (prompt.c): GNU readline by its callback interface, one at a time ---- */
struct tui_prompt;
/* Candidates for the word that ends at the cursor, NULL-ended, freed by rs_fs_list_free; or NULL.
 * "word\thelp": what is behind the tab is shown beside it. */
typedef char **tui_complete_fn(const char *line, int at, void *ctx);
struct tui_prompt *tui_prompt_open(const char *label, const char *text, const char *history_file,
                                   tui_complete_fn *complete, void *ctx);
void tui_prompt_close(struct tui_prompt *p);
enum tui_prompt_state { TUI_PROMPT_OPEN, TUI_PROMPT_DONE, TUI_PROMPT_CANCELLED };
enum tui_prompt_state tui_prompt_key(struct tui_prompt *p, const struct tui_key *k);
const char *tui_prompt_text(const struct tui_prompt *p);
/* On the status row; candidates above it. Sets the canvas's cursor. */
void tui_prompt_draw(const struct tui_prompt *p, struct tui_canvas *c, struct tui_rect row);

/* ---- toast and error log (toast.c) ---- */
struct tui_toasts;
struct tui_toasts *tui_toasts_new(void);
void tui_toasts_free(struct tui_toasts *t);
/* Shown until the next key or 5 s, at most 2 lines; errors also stay in the log. */
void tui_toast(struct tui_toasts *t, bool error, const char *where, const char *text,
               int64_t now_ns);
bool tui_toasts_tick(struct tui_toasts *t, int64_t now_ns); /* true: the picture changed */
bool tui_toasts_key(struct tui_toasts *t);                  /* a key came */
int64_t tui_toasts_deadline(const struct tui_toasts *t);    /* ns; 0: none */
int tui_toasts_unread(const struct tui_toasts *t);
void tui_toasts_read(struct tui_toasts *t); /* the log was looked at */
void tui_toasts_draw(const struct tui_toasts *t, struct tui_canvas *c, struct tui_rect status);
struct tui_rows *tui_toasts_rows(const struct tui_toasts *t); /* the log as a table */

#endif
