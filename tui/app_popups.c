/*
 * app_popups - tables over everything: keys of the place, jobs, errors, values of a column.
 *
 * A popup is a view like any other; it has one table, and Esc closes it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/mem.h"

struct popup {
    struct tui_table table;
    char title[64];
    int64_t job; /* that a question is about */
};
enum { KIND_ORDER = 1, KIND_ROWS, KIND_LOG, KIND_CANCEL };

static void open_popup(struct tui_view *v, const char *title, const char *empty)
{
    struct popup *p = v->state;
    tui_table_init(&p->table, v->id, KIND_ORDER, empty);
    v->panes[0].name = title;
    v->panes[0].table = &p->table;
    v->panes[0].takes_keys = true;
    snprintf(p->title, sizeof(p->title), "%s", title);
}

static void popup_layout(struct tui_view *v, struct tui_rect content)
{
    v->panes[0].area = content;
}

static void popup_draw(struct tui_view *v, struct tui_canvas *c)
{
    struct popup *p = v->state;
    struct tui_rect area = v->panes[0].area;
    struct tui_rect row = {area.x, area.y, area.w, area.h > 0 ? 1 : 0};
    tui_head(c, row, p->title, "Esc closes", true);
    tui_table_draw(&p->table, c, tui_body(area), true);
}

static void set_rows(struct tui_view *v, struct tui_rows *rows)
{
    struct popup *p = v->state;
    tui_table_set(&p->table, tui_app_worker(v->app), rows, NULL);
}

static bool popup_read(struct tui_view *v, struct tui_event *e)
{
    struct popup *p = v->state;
    return tui_table_read(&p->table, e);
}

static void popup_status(struct tui_view *v, struct rs_str *out)
{
    struct popup *p = v->state;
    tui_table_status(&p->table, p->title, out);
}

static void popup_done(struct tui_view *v)
{
    struct popup *p = v->state;
    tui_table_clear(&p->table);
}

static bool popup_request(struct tui_view *v, enum tui_request r, int count)
{
    (void)v;
    (void)r;
    (void)count;
    return false;
}

/* ---- the keys of this place ---- */

static const struct tui_column help_columns[] = {
    {.name = "key", .title = "key", .width = 9, .flags = 0},
    {.name = "place", .title = "place", .width = 8, .flags = 0},
    {.name = "what", .title = "what it does", .width = 40, .flags = TUI_GROWS},
    {.name = "say", .title = "in the palette", .width = 16, .flags = 0},
};

static void add_help(const char *context, const char *key, enum tui_request request,
                     const char *help, void *arg)
{
    struct rs_val *row = rs_val_push(arg, rs_val_map());
    char name[40];
    bool said = strcmp(help, tui_request_help(request)) == 0;
    char *what = said ? rs_xstrdup(help) : rs_xprintf("%s: %s", help, tui_request_help(request));
    snprintf(name, sizeof(name), ":%s", tui_request_name(request));
    rs_val_set_str(row, "key", key);
    rs_val_set_str(row, "place", context);
    rs_val_set_str(row, "what", what);
    rs_val_set_str(row, "say", name);
    free(what);
}

static void help_open(struct tui_view *v, const char *arg)
{
    (void)arg;
    enum tui_context contexts[4];
    struct rs_val *list = rs_val_list();
    int n = tui_view_contexts(tui_app_top(v->app), true, contexts);
    open_popup(v, "keys of this place", "No key matches. Esc clears the filter.");
    tui_keymap_each(v->app->keymap, contexts, n, add_help, list);
    set_rows(v, tui_rows_of_result(list, help_columns, 4));
    rs_val_free(list);
}

const struct tui_view_ops tui_help_popup = {
    .name = "help",
    .title = "Help",
    .context = TUI_POPUP,
    .state_size = sizeof(struct popup),
    .n_panes = 1,
    .open = help_open,
    .read = popup_read,
    .layout = popup_layout,
    .draw = popup_draw,
    .request = popup_request,
    .status = popup_status,
    .done = popup_done,
};

/* ---- what went wrong ---- */

static void show_errors(struct tui_view *v)
{
    set_rows(v, tui_toasts_rows(v->app->toasts));
    tui_toasts_read(v->app->toasts);
}

static void errors_open(struct tui_view *v, const char *arg)
{
    (void)arg;
    open_popup(v, "errors", "Nothing went wrong so far.");
    show_errors(v);
}

/* The whole text of a row, which its cell may cut. */
static void errors_show(struct tui_view *v)
{
    struct popup *p = v->state;
    int32_t row = tui_table_row(&p->table);
    if (row < 0) return;
    struct tui_rows *rows = p->table.rows;
    char *lines[16] = {0};
    int n = 0;
    for (int c = 0; c < rows->columns.n && n < 15; c++) {
        char buf[1024];
        lines[n++] = rs_xprintf("%s: %s", rows->columns.list[c].title,
                                tui_rows_text(rows, row, c, buf, sizeof(buf)));
    }
    tui_app_text(v->app, "error", (const char *const *)lines);
    for (int i = 0; i < n; i++) {
        free(lines[i]);
    }
}

static bool errors_request(struct tui_view *v, enum tui_request r, int count)
{
    (void)count;
    if (r == TUI_REQ_OPEN) {
        errors_show(v);
    } else if (r == TUI_REQ_RELOAD) {
        show_errors(v);
    } else {
        return false;
    }
    return true;
}

const struct tui_view_ops tui_errors_popup = {
    .name = "errors",
    .title = "Errors",
    .context = TUI_POPUP,
    .state_size = sizeof(struct popup),
    .n_panes = 1,
    .open = errors_open,
    .read = popup_read,
    .layout = popup_layout,
    .draw = popup_draw,
    .request = errors_request,
    .status = popup_status,
    .done = popup_done,
};

/* ---- jobs ---- */

static void show_jobs(struct tui_view *v)
{
    if (v->app->news) set_rows(v, tui_rows_hold(v->app->news->jobs));
}

static void jobs_open(struct tui_view *v, const char *arg)
{
    (void)arg;
    open_popup(v, "jobs", "No job yet. 4 trains a model, : says any command.");
    show_jobs(v);
    tui_app_ask_news(v->app, true); /* what died meanwhile */
}

static int64_t chosen_job(struct tui_view *v, char state[32])
{
    struct popup *p = v->state;
    int32_t row = tui_table_row(&p->table);
    if (row < 0) return 0;
    struct tui_rows *rows = p->table.rows;
    char buf[64];
    int64_t id = 0;
    snprintf(state, 32, "%s", tui_rows_text(rows, row, 2, buf, sizeof(buf)));
    return rs_str_to_i64(tui_rows_text(rows, row, 0, buf, sizeof(buf)), &id) ? id : 0;
}

static void ask_cancel(struct tui_view *v)
{
    struct popup *p = v->state;
    char state[32];
    p->job = chosen_job(v, state);
    if (p->job == 0) return;
    if (strcmp(state, "running") != 0) {
        tui_app_toast(v->app, "job %lld is %s: there is nothing to cancel", (long long)p->job,
                      state);
        return;
    }
    char title[48];
    const char *const lines[] = {"It stops at the next step; what it finished stays.", NULL};
    snprintf(title, sizeof(title), "Cancel job %lld?", (long long)p->job);
    tui_app_dialog(v->app, KIND_CANCEL,
                   tui_dialog_new(TUI_DIALOG_ASK, title, lines, NULL, NULL, false, false,
                                  tui_app_last_key(v->app)));
}

static bool jobs_request(struct tui_view *v, enum tui_request r, int count)
{
    (void)count;
    char state[32];
    char id[24];
    if (r == TUI_REQ_OPEN) {
        int64_t job = chosen_job(v, state);
        snprintf(id, sizeof(id), "%lld", (long long)job);
        const char *const words[] = {id, NULL};
        if (job > 0) tui_ask_command(tui_app_worker(v->app), v->id, KIND_LOG, "job show", words);
    } else if (r == TUI_REQ_CANCEL) {
        ask_cancel(v);
    } else if (r == TUI_REQ_RELOAD) {
        tui_app_ask_news(v->app, true);
    } else {
        return false;
    }
    return true;
}

static void jobs_answer(struct tui_view *v, int what, enum tui_dialog_answer answer,
                        const char *note, char choice)
{
    (void)note;
    (void)choice;
    struct popup *p = v->state;
    if (what != KIND_CANCEL || answer != TUI_YES) return;
    char id[24];
    snprintf(id, sizeof(id), "%lld", (long long)p->job);
    const char *const words[] = {id, NULL};
    tui_ask_command(tui_app_worker(v->app), v->id, KIND_CANCEL, "job cancel", words);
}

static bool jobs_read(struct tui_view *v, struct tui_event *e)
{
    struct popup *p = v->state;
    if (tui_table_read(&p->table, e)) return true;
    if (e->rc) {
        tui_app_error(v->app, "jobs", &e->err);
    } else if (e->kind == KIND_LOG) {
        tui_app_result(v->app, "job", e->out);
    } else if (e->kind == KIND_CANCEL) {
        tui_app_toast(v->app, "job %lld was asked to stop", (long long)p->job);
        tui_app_ask_news(v->app, true);
    }
    return true;
}

const struct tui_view_ops tui_jobs_popup = {
    .name = "jobs",
    .title = "Jobs",
    .context = TUI_POPUP,
    .state_size = sizeof(struct popup),
    .n_panes = 1,
    .open = jobs_open,
    .read = jobs_read,
    .layout = popup_layout,
    .draw = popup_draw,
    .request = jobs_request,
    .answer = jobs_answer,
    .status = popup_status,
    .done = popup_done,
    .changed = show_jobs,
};

/* ---- how often a column has each value ---- */

static const struct tui_column frequency_columns[] = {
    {.name = "value", .title = "value", .width = 30, .flags = TUI_GROWS},
    {.name = "rows", .title = "rows", .width = 9, .flags = TUI_NUMBER},
    {.name = "share", .title = "share", .width = 12, .flags = TUI_NUMBER | TUI_BARS},
};

struct counted {
    struct tui_rows *rows;
    int32_t *order;
    int32_t n;
    int column;
};

static void counted_free(void *arg)
{
    struct counted *c = arg;
    tui_rows_release(c->rows);
    free(c->order);
    free(c);
}

static void rows_free(void *rows)
{
    tui_rows_release(rows);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum rs_code count_values(struct tui_work *w, struct rs_err *err)
{
    struct counted *c = w->in;
    char **texts = rs_try_alloc((size_t)c->n + 1, sizeof(*texts));
    if (!texts) return rs_fail(err, RS_ENOMEM, "count values: no memory for %d rows", (int)c->n);
    int32_t n = 0;
    for (; n < c->n && !rs_task_cancelled(w->task); n++) {
        char buf[256];
        texts[n] = rs_xstrdup(tui_rows_text(c->rows, c->order[n], c->column, buf, sizeof(buf)));
    }
    qsort(texts, (size_t)n, sizeof(*texts), by_text);
    struct rs_val *list = rs_val_list();
    for (int32_t i = 0; i < n;) {
        int32_t end = i + 1;
        while (end < n && strcmp(texts[end], texts[i]) == 0) {
            end++;
        }
        struct rs_val *row = rs_val_push(list, rs_val_map());
        rs_val_set_str(row, "value", texts[i]);
        rs_val_set_int(row, "rows", end - i);
        rs_val_set_real(row, "share", (double)(end - i) / n);
        i = end;
    }
    for (int32_t i = 0; i < n; i++) {
        free(texts[i]);
    }
    free(texts);
    w->out = tui_rows_of_result(list, frequency_columns, 3);
    rs_val_free(list);
    return RS_OK;
}

static void frequencies_open(struct tui_view *v, const char *arg)
{
    (void)arg;
    struct tui_app *a = v->app;
    struct tui_table *t = tui_view_table(tui_app_top(a));
    open_popup(v, "values", "The column has no rows.");
    if (!t || !t->rows || t->n_shown == 0) return;
    struct popup *p = v->state;
    struct counted *c = rs_xalloc(1, sizeof(*c));
    c->rows = tui_rows_hold(t->rows);
    c->n = t->n_shown;
    c->column = t->column;
    c->order = rs_xalloc((size_t)c->n, sizeof(*c->order));
    memcpy(c->order, t->order, (size_t)c->n * sizeof(*c->order));
    snprintf(p->title, sizeof(p->title), "values of %.50s", t->rows->columns.list[t->column].name);
    p->table.sort_column = 1;
    p->table.descending = true;
    tui_worker_submit_as(a->worker, TUI_WORK_PURE, v->id, KIND_ROWS, count_values, c, counted_free,
                         rows_free);
}

static bool frequencies_read(struct tui_view *v, struct tui_event *e)
{
    struct popup *p = v->state;
    if (tui_table_read(&p->table, e)) return true;
    if (e->rc) {
        tui_app_error(v->app, "values", &e->err);
    } else if (e->kind == KIND_ROWS) {
        set_rows(v, e->out);
        e->out = NULL;
    }
    return true;
}

const struct tui_view_ops tui_frequencies_popup = {
    .name = "values",
    .title = "Values",
    .context = TUI_POPUP,
    .state_size = sizeof(struct popup),
    .n_panes = 1,
    .open = frequencies_open,
    .read = frequencies_read,
    .layout = popup_layout,
    .draw = popup_draw,
    .request = popup_request,
    .status = popup_status,
    .done = popup_done,
};
