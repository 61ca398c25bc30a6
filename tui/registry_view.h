/*
 * registry_view - what the screens of runs and models have in common.
 */
#ifndef TUI_REGISTRY_VIEW_H
#define TUI_REGISTRY_VIEW_H

#include "view.h"

extern const struct tui_view_ops tui_runs_ops, tui_models_ops;

/* On the worker: a command's document, whole into `into`, or what it has under key. */
RS_MUST_USE enum rs_code tui_call(struct tui_work *w, const char *name, const char *const *words,
                                  size_t n, const char *key, struct rs_val *into,
                                  struct rs_err *err);
struct rs_val *tui_take_doc(struct rs_result *r); /* leaves it empty */
/* The first line that a command says to people. */
void tui_toast_result(struct tui_app *a, const struct rs_result *r);
void tui_take_text(char **to, const char *text); /* text may be part of *to */
char **tui_words_copy(const char *const *words); /* NULL-ended, freed with tui_words_free */
void tui_words_free(char **words);

#endif
