/*
 * app_request - what a key asked for, from the app's own through the view to its table and panes;
 * and the answers of prompts and dialogs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

/* ---- the app's own ---- */

static void quit(struct tui_app *a)
{
    if (!a->news || a->news->n_running == 0 || a->news->newest_started_ms < a->opened_ms) {
        a->done = true;
        return;
    }
    const char *const lines[] = {"Jobs that began here still run.", NULL};
    tui_app_dialog(a, TUI_SAY_QUIT,
                   tui_dialog_new(TUI_DIALOG_CHOICE, "Quit", lines, NULL,
                                  "l leave them running,c cancel them,s stay", false, false,
                                  a->last_key));
}

/* Esc: one layer. */
static bool step_back(struct tui_app *a)
{
    struct tui_view *v = tui_app_focus(a);
    struct tui_table *t = tui_view_table(v);
    if (t && t->filter[0]) {
        tui_table_filter(t, a->worker, "");
        return true;
    }
    if (a->popup) {
        tui_app_popdown(a);
        return true;
    }
    if (v->zoomed) {
        v->zoomed = false;
        return true;
    }
    return tui_app_pop(a);
}

static void leave(struct tui_app *a)
{
    if (a->popup) {
        tui_app_popdown(a);
    } else if (!tui_app_pop(a)) {
        quit(a);
    }
}

static void turn_mouse(struct tui_app *a)
{
    a->o.term.mouse = !a->o.term.mouse;
    if (a->term) tui_term_set_mouse(a->term, a->o.term.mouse);
    tui_app_toast(a, "mouse %s", a->o.term.mouse ? "on: clicks select, the wheel scrolls" : "off");
}

static void interrupt_view(struct tui_view *v, void *app)
{
    tui_worker_cancel(((struct tui_app *)app)->worker, v->id);
}

static void interrupt(struct tui_app *a)
{
    tui_worker_cancel(a->worker, 0);
    tui_app_each_view(a, interrupt_view, a);
    tui_app_toast(a, "interrupted what was being computed; q quits");
}

static bool app_request(struct tui_app *a, enum tui_request r)
{
    if (r >= TUI_REQ_SCREEN_1 && r <= TUI_REQ_SCREEN_8) {
        tui_app_screen(a, (int)(r - TUI_REQ_SCREEN_1), NULL);
        return true;
    }
    switch (r) {
    case TUI_REQ_HELP:
        tui_app_popup(a, &tui_help_popup, NULL);
        return true;
    case TUI_REQ_JOBS:
        tui_app_popup(a, &tui_jobs_popup, NULL);
        return true;
    case TUI_REQ_ERRORS:
        tui_app_popup(a, &tui_errors_popup, NULL);
        return true;
    case TUI_REQ_PALETTE:
        tui_app_palette(a);
        return true;
    case TUI_REQ_QUIT:
        quit(a);
        return true;
    case TUI_REQ_REPAINT:
        a->repaint = true;
        return true;
    case TUI_REQ_MOUSE:
        turn_mouse(a);
        return true;
    case TUI_REQ_INTERRUPT:
        interrupt(a);
        return true;
    case TUI_REQ_UNDO:
        tui_app_undo(a);
        return true;
    case TUI_REQ_REDO:
        tui_app_toast(a, "nothing to redo: do it again by its key");
        return true;
    case TUI_REQ_SUSPEND:
        if (a->term) tui_term_suspend(a->term);
        a->repaint = true;
        return true;
    default:
        return false;
    }
}

/* ---- what every table can ---- */

static void own_prompt(struct tui_app *a, enum tui_request r, const char *label, const char *text)
{
    free(a->prompt_before);
    a->prompt_before = rs_xstrdup(text);
    tui_app_prompt(a, r, label, text);
    a->prompt_own = true;
}

static void copy_cells(struct tui_app *a, const struct tui_table *t, bool whole_row)
{
    int32_t row = tui_table_row(t);
    if (row < 0) {
        tui_app_toast(a, "no row to copy");
        return;
    }
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int c = whole_row ? 0 : t->column; c < t->rows->columns.n; c++) {
        char buf[1024];
        if (text.len > 0) rs_str_addc(&text, '\t');
        rs_str_add(&text, tui_rows_text(t->rows, row, c, buf, sizeof(buf)));
        if (!whole_row) break;
    }
    if (!a->term) {
        tui_app_toast(a, "no terminal to copy to");
    } else if (tui_term_copy(a->term, rs_str_text(&text))) {
        tui_app_toast(a, "copied: %.60s", rs_str_text(&text));
    } else {
        tui_app_toast(a, "too long for the clipboard; w writes the table to a file");
    }
    rs_str_clear(&text);
}

struct to_write {
    struct tui_table table; /* rows and order only */
    char *path;
};

static void to_write_free(void *arg)
{
    struct to_write *w = arg;
    tui_rows_release(w->table.rows);
    free(w->table.order);
    free(w->path);
    free(w);
}

static enum rs_code write_rows(struct tui_work *work, struct rs_err *err)
{
    struct to_write *w = work->in;
    struct rs_str text;
    if (rs_fs_exists(w->path)) {
        return rs_fail(err, RS_EREFUSED, "%s: is there already; give another name", w->path);
    }
    rs_str_init(&text, 0);
    tui_table_csv(&w->table, &text);
    enum rs_code rc = rs_fs_write(w->path, rs_str_text(&text), text.len, err);
    rs_str_clear(&text);
    if (!rc) work->out = rs_xprintf("%d rows in %s", (int)w->table.n_shown, w->path);
    return rc;
}

static void write_table(struct tui_app *a, const struct tui_table *t, const char *path)
{
    if (!t || !t->rows) {
        tui_app_toast(a, "no table to write");
        return;
    }
    struct to_write *w = rs_xalloc(1, sizeof(*w));
    w->path = rs_xstrdup(path);
    w->table.rows = tui_rows_hold(t->rows);
    w->table.n_shown = t->n_shown;
    w->table.order = rs_xalloc((size_t)t->n_shown + 1, sizeof(*w->table.order));
    if (t->n_shown > 0) {
        memcpy(w->table.order, t->order, (size_t)t->n_shown * sizeof(*t->order));
    }
    tui_worker_submit(a->worker, 0, tui_app_kind(a, TUI_ASK_FILE), write_rows, w, to_write_free,
                      free);
}

static bool table_request(struct tui_app *a, struct tui_view *v, enum tui_request r, int count)
{
    struct tui_table *t = tui_view_table(v);
    if (!t) return false;
    char name[64];
    switch (r) {
    case TUI_REQ_FILTER:
        own_prompt(a, r, "/", t->filter);
        return true;
    case TUI_REQ_WRITE_TABLE:
        snprintf(name, sizeof(name), "%s.csv", v->ops->name);
        own_prompt(a, r, "write to: ", name);
        return true;
    case TUI_REQ_COPY_CELL:
        copy_cells(a, t, false);
        return true;
    case TUI_REQ_COPY_ROW:
        copy_cells(a, t, true);
        return true;
    case TUI_REQ_FREQUENCIES:
        if (a->popup) {
            tui_app_toast(a, "values are counted on screens only");
        } else {
            tui_app_popup(a, &tui_frequencies_popup, NULL);
        }
        return true;
    default: {
        int height = v->panes[v->pane].area.h - 2; /* without its head and the titles */
        return tui_table_request(t, a->worker, r, count, height > 0 ? height : 1);
    }
    }
}

static bool pane_request(struct tui_app *a, struct tui_view *v, enum tui_request r, int count)
{
    int steps = count > 0 ? count : 1;
    switch (r) {
    case TUI_REQ_NEXT_PANE:
        tui_view_next_pane(v, 1);
        return true;
    case TUI_REQ_PREVIOUS_PANE:
        tui_view_next_pane(v, -1);
        return true;
    case TUI_REQ_ZOOM:
        v->zoomed = !v->zoomed;
        return true;
    case TUI_REQ_NARROWER:
        v->border -= steps;
        return true;
    case TUI_REQ_WIDER:
        v->border += steps;
        return true;
    case TUI_REQ_BACK:
        (void)step_back(a);
        return true;
    case TUI_REQ_LEAVE:
        leave(a);
        return true;
    default:
        return false;
    }
}

void tui_app_request(struct tui_app *a, enum tui_request r, int count)
{
    if (tui_app_read_only(a) && (tui_request_flags(r) & (TUI_PRODUCTION | TUI_CHANGES))) {
        tui_app_toast(a, "%s: not with --read-only", tui_request_name(r));
        return;
    }
    if (app_request(a, r)) return;
    struct tui_view *v = tui_app_focus(a);
    a->current = v;
    bool taken = v->ops->request && v->ops->request(v, r, count);
    a->current = NULL;
    if (taken || table_request(a, v, r, count) || pane_request(a, v, r, count)) return;
    tui_app_toast(a, "nothing here for '%s' (%s)", tui_request_name(r), tui_request_help(r));
}

/* ---- answers ---- */

static struct tui_table *table_of(struct tui_app *a, int view)
{
    struct tui_view *v = tui_app_find_view(a, view);
    return v ? tui_view_table(v) : NULL;
}

void tui_app_typed_prompt(struct tui_app *a, const char *text)
{
    struct tui_table *t = table_of(a, a->prompt_view);
    if (a->prompt_own && a->prompt_request == TUI_REQ_FILTER && t && strcmp(t->filter, text) != 0)
        tui_table_filter(t, a->worker, text);
}

static void answer_own(struct tui_app *a, enum tui_request r, int view, const char *text)
{
    struct rs_err err = {0};
    struct tui_table *t = table_of(a, view);
    if (r == TUI_REQ_FILTER && t) {
        const char *filter = text ? text : a->prompt_before;
        if (strcmp(t->filter, filter) != 0) tui_table_filter(t, a->worker, filter);
    } else if (r == TUI_REQ_WRITE_TABLE && text && text[0]) {
        write_table(a, t, text);
    } else if (r == TUI_REQ_PALETTE && text && tui_app_say(a, text, &err)) {
        tui_app_error(a, "palette", &err);
    }
}

void tui_app_answer_prompt(struct tui_app *a, const char *text)
{
    struct tui_prompt *p = a->prompt; /* text is its */
    struct tui_view *v = tui_app_find_view(a, a->prompt_view);
    a->prompt = NULL;
    a->key_dirty = true;
    if (a->prompt_own) {
        answer_own(a, a->prompt_request, a->prompt_view, text);
    } else if (v && text && v->ops->text) {
        a->current = v;
        v->ops->text(v, a->prompt_request, text);
        a->current = NULL;
    }
    tui_prompt_close(p);
}

static void answer_quit(struct tui_app *a, enum tui_dialog_answer answer, char choice)
{
    if (answer != TUI_YES || choice == 's') return;
    for (int i = 0; choice == 'c' && i < 8 && i < a->news->n_running; i++) {
        char id[24];
        snprintf(id, sizeof(id), "%lld", (long long)a->news->running[i]);
        const char *const words[] = {id, NULL};
        tui_ask_command(a->worker, 0, tui_app_kind(a, TUI_ASK_COMMAND), "job cancel", words);
    }
    if (choice == 'c') {
        a->leave_later = true;
    } else {
        a->done = true;
    }
}

void tui_app_answer_dialog(struct tui_app *a, enum tui_dialog_answer answer)
{
    struct tui_dialog *d = a->dialog;
    struct tui_view *v = tui_app_find_view(a, a->dialog_view);
    a->dialog = NULL;
    a->key_dirty = true;
    if (a->dialog_view == 0 && a->dialog_what == TUI_SAY_QUIT) {
        answer_quit(a, answer, tui_dialog_choice(d));
    } else if (a->dialog_view == 0 && a->dialog_what == TUI_SAY_COMMAND) {
        if (answer == TUI_YES) {
            tui_app_command(a, a->pending_command, (const char *const *)a->pending_words);
        }
    } else if (v && v->ops->answer) {
        a->current = v;
        v->ops->answer(v, a->dialog_what, answer, tui_dialog_note(d), tui_dialog_choice(d));
        a->current = NULL;
    }
    tui_dialog_free(d);
}

/* ---- mouse ---- */

void tui_app_mouse(struct tui_app *a, const struct tui_key *k)
{
    struct tui_view *v = tui_app_focus(a);
    int pane = tui_view_pane_at(v, k->x, k->y);
    if (a->dialog || a->prompt || pane < 0 || !v->panes[pane].takes_keys) return;
    struct tui_table *t = v->panes[pane].table;
    if (k->button >= 4) { /* the wheel scrolls what is below it, the focus stays */
        int was = v->pane;
        v->pane = pane;
        tui_app_request(a, k->button == 4 ? TUI_REQ_UP : TUI_REQ_DOWN, 3);
        v->pane = was;
        return;
    }
    v->pane = pane;
    int row = k->y - v->panes[pane].area.y - 2; /* behind its head and the titles */
    if (!t || row < 0 || t->top + row >= t->n_shown) return;
    tui_app_request(a, TUI_REQ_FIRST, t->top + row + 1);
}
