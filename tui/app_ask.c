/*
 * app_ask - what views may ask of the app: toasts, prompts, dialogs, undo, and facts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

struct tui_worker *tui_app_worker(struct tui_app *a)
{
    return a->worker;
}

bool tui_app_read_only(const struct tui_app *a)
{
    return a->o.read_only;
}

uint32_t tui_app_last_key(const struct tui_app *a)
{
    return a->last_key;
}

void tui_app_toast(struct tui_app *a, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    tui_toast(a->toasts, false, "", text, a->now_ns);
    a->key_dirty = true;
}

void tui_app_error(struct tui_app *a, const char *where, const struct rs_err *err)
{
    tui_toast(a->toasts, true, where, err->msg, a->now_ns);
    a->key_dirty = true;
}

/* Where what was typed into the prompt is remembered; NULL: nowhere. The caller frees. */
static char *history_file(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && state[0] == '/') return rs_path_join(state, "recsys-tui/console_history");
    if (!home || !home[0]) return NULL;
    return rs_path_join(home, ".local/state/recsys-tui/console_history");
}

void tui_app_prompt(struct tui_app *a, enum tui_request r, const char *label, const char *text)
{
    const struct tui_view *v = a->current ? a->current : tui_app_focus(a);
    if (a->prompt) tui_app_answer_prompt(a, NULL);
    bool palette = r == TUI_REQ_PALETTE;
    char *history = palette && a->term ? history_file() : NULL;
    a->prompt =
        tui_prompt_open(label, text ? text : "", history, palette ? tui_app_complete : NULL, a);
    free(history);
    a->prompt_view = v->id;
    a->prompt_request = r;
    a->prompt_own = false;
    a->key_dirty = true;
}

void tui_app_dialog(struct tui_app *a, int what, struct tui_dialog *d)
{
    if (a->dialog) tui_app_answer_dialog(a, TUI_NO);
    if (a->prompt) tui_app_answer_prompt(a, NULL);
    a->dialog = d;
    a->dialog_view = a->current ? a->current->id : 0;
    a->dialog_what = what;
    a->drop_keys = true;
    a->key_dirty = true;
}

int tui_app_kind(struct tui_app *a, enum tui_app_question q)
{
    return ++a->last_question * TUI_QUESTIONS + (int)q;
}

static void undo_clear(struct tui_undo *u)
{
    free(u->what);
    free(u->command);
    rs_fs_list_free(u->words);
    *u = (struct tui_undo){0};
}

static char **copy_words(const char *const *words)
{
    size_t n = 0;
    while (words && words[n]) {
        n++;
    }
    char **out = rs_xalloc(n + 1, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        out[i] = rs_xstrdup(words[i]);
    }
    return out;
}

void tui_app_did(struct tui_app *a, const char *what, const char *command,
                 const char *const *undo_words)
{
    if (a->n_undo == TUI_MAX_UNDO) {
        undo_clear(&a->undo[0]);
        memmove(a->undo, a->undo + 1, (TUI_MAX_UNDO - 1) * sizeof(a->undo[0]));
        a->n_undo--;
    }
    a->undo[a->n_undo++] = (struct tui_undo){
        .what = rs_xstrdup(what), .command = rs_xstrdup(command), .words = copy_words(undo_words)};
    tui_app_toast(a, "%s: u takes it back", what);
    tui_app_ask_news(a, true);
}

void tui_app_undo(struct tui_app *a)
{
    if (a->n_undo == 0) {
        tui_app_toast(a, "nothing to undo");
        return;
    }
    struct tui_undo *u = &a->undo[--a->n_undo];
    tui_ask_command(a->worker, 0, tui_app_kind(a, TUI_ASK_UNDO), u->command,
                    (const char *const *)u->words);
    free(a->undoing);
    a->undoing = rs_xstrdup(u->what);
    undo_clear(u);
}

void tui_app_undo_clear(struct tui_app *a)
{
    free(a->undoing);
    while (a->n_undo > 0) {
        undo_clear(&a->undo[--a->n_undo]);
    }
}
