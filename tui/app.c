/*
 * app - the loop, and what begins and ends with it.
 */
#include "app_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glyph.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define SECOND_NS 1000000000LL
#define REST_NS   30000000LL /* of the cursor before the detail pane follows */
#define EVENTS_NS 4000000LL  /* longest turn of taking answers */
enum { MAX_KEYS = 4096 };    /* a turn */

static bool past(const struct tui_app *a, int64_t deadline)
{
    return deadline != TUI_NO_TIME && a->now_ns >= deadline;
}

static void resize(struct tui_app *a, int w, int h)
{
    if (w == a->canvas.w && h == a->canvas.h) return;
    tui_canvas_resize(&a->canvas, w, h);
    a->active = true;
    a->repaint = true;
    a->key_dirty = true;
}

void tui_app_apply_config(struct tui_app *a)
{
    const struct rs_values *ui = a->config.ui;
    const char *theme = rs_values_text(ui, "theme");
    const char *glyphs = rs_values_text(ui, "glyphs");
    int64_t fps = rs_values_int(ui, "fps");
    const char *ssh = getenv("SSH_CONNECTION");
    if (ssh && ssh[0] && fps > 4) fps = 4;
    a->frame_gap_ns = fps > 0 ? SECOND_NS / fps : 0;
    if (!a->term) a->frame_gap_ns = 1; /* nobody looks: no reason to wait */
    if (a->term && !a->o.term.mono) (void)tui_term_set_theme(a->term, theme);
    a->theme = a->term ? tui_term_theme(a->term) : tui_theme_find(a->o.term.mono ? "mono" : theme);
    if (strcmp(glyphs, "auto") != 0) {
        a->canvas.glyphs = strcmp(glyphs, "ascii") == 0 ? &tui_glyphs_ascii : &tui_glyphs_utf8;
    }
    a->repaint = true;
    a->key_dirty = true;
}

/* ---- answers ---- */

static void app_event(struct tui_app *a, struct tui_event *e)
{
    enum tui_app_question q = (enum tui_app_question)(e->kind % TUI_QUESTIONS);
    if (e->rc) {
        tui_app_error(a, q == TUI_ASK_FILE ? "write" : "command", &e->err);
        return;
    }
    if (q == TUI_ASK_JOB && e->out) {
        tui_app_toast(a, "job %lld began; J shows it", (long long)*(int64_t *)e->out);
    } else if (q == TUI_ASK_FILE && e->out) {
        tui_app_toast(a, "%s", (const char *)e->out);
    } else if (q == TUI_ASK_UNDO) {
        tui_app_toast(a, "taken back: %s", a->undoing);
    } else if (q == TUI_ASK_COMMAND && e->out && !a->leave_later) {
        tui_app_result(a, "result", e->out);
    }
    if (q != TUI_ASK_FILE) tui_app_ask_news(a, true);
}

static void give_event(struct tui_app *a, struct tui_event *e)
{
    struct tui_view *v = NULL;
    if (e->view == TUI_NEWS_VIEW) {
        tui_app_read_news(a, e);
    } else if (e->view == 0) {
        app_event(a, e);
    } else if ((v = tui_app_find_view(a, e->view))) {
        a->current = v;
        if (v->ops->read && v->ops->read(v, e)) a->news_dirty = true;
        a->current = NULL;
    }
}

/* For at most 4 ms; true: there was one. */
static bool take_events(struct tui_app *a)
{
    struct tui_event e;
    bool any = false;
    int64_t end = rs_clock_mono_ns() + EVENTS_NS;
    while ((!any || rs_clock_mono_ns() < end) && tui_worker_take(a->worker, &e)) {
        any = true;
        a->active = true;
        give_event(a, &e);
        tui_event_clear(&e);
    }
    return any;
}

/* ---- input ---- */

static void take_keys(struct tui_app *a)
{
    struct tui_key k;
    for (int i = 0; i < MAX_KEYS && !a->done && tui_term_key(a->term, &k, &a->gone); i++) {
        if (!a->drop_keys || k.code == TUI_KEY_RESIZE) tui_app_input(a, &k);
    }
}

/* A dialog is on the screen from now on: what was typed before is not an answer to it. */
static void drop_keys(struct tui_app *a)
{
    struct tui_key k;
    for (int i = 0; i < MAX_KEYS && a->term && tui_term_key(a->term, &k, &a->gone); i++) {
    }
    a->drop_keys = false;
}

static void on_stderr(const char *line, void *arg)
{
    struct tui_app *a = arg;
    tui_toast(a->toasts, true, "program", line, a->now_ns);
    a->news_dirty = true;
}

static void take_terminal(struct tui_app *a)
{
    bool end = false;
    int w;
    int h;
    tui_term_signals(a->term, &end); /* first: they may bring a Resize among the keys */
    take_keys(a);
    tui_term_stderr(a->term, on_stderr, a);
    tui_term_size(a->term, &w, &h);
    resize(a, w, h);
    if (a->gone || end) a->done = true;
}

/* ---- time ---- */

/* The cursor stands on another row than select was told of: it has to rest there first. */
static void watch_cursor(struct tui_app *a)
{
    struct tui_view *v = tui_app_focus(a);
    const struct tui_table *t = tui_view_table(v);
    uint64_t key = t && t->n_shown > 0 ? t->at_key : 0;
    const void *rows = t ? t->rows : NULL;
    if (v->id == a->selected_view && key == a->selected_key && rows == a->selected_rows) return;
    a->selected_view = v->id;
    a->selected_key = key;
    a->selected_rows = rows;
    a->select_ns = v->ops->select ? a->now_ns + REST_NS : TUI_NO_TIME;
}

static void tick_view(struct tui_app *a)
{
    struct tui_view *v = tui_app_focus(a);
    a->tick_ns = TUI_NO_TIME;
    if (!a->news || !a->news->any_row) return;
    a->tick_ns = a->now_ns + SECOND_NS;
    a->current = v;
    if (v->ops->tick && v->ops->tick(v, a->now_ns)) a->news_dirty = true;
    a->current = NULL;
}

static void keep_time(struct tui_app *a)
{
    watch_cursor(a);
    if (past(a, a->select_ns)) {
        struct tui_view *v = tui_app_focus(a);
        a->select_ns = TUI_NO_TIME;
        a->current = v;
        if (v->id == a->selected_view && v->ops->select) v->ops->select(v);
        a->current = NULL;
        a->news_dirty = true;
    }
    if (tui_toasts_tick(a->toasts, a->now_ns)) a->news_dirty = true;
    if (past(a, a->news_ns)) tui_app_ask_news(a, true);
    bool runs = a->news && a->news->any_row;
    if (past(a, a->tick_ns) || (runs && a->tick_ns == TUI_NO_TIME)) tick_view(a);
}

/* A key is shown at once; news so many times a second, and none while the terminal does not read:
 * then the last frame waits, and so do those behind it. */
static void show(struct tui_app *a)
{
    bool news = a->news_dirty && a->frame_gap_ns > 0 && past(a, a->frame_ns);
    if (a->term && tui_term_write_fd(a->term) >= 0) tui_term_show(a->term, &a->canvas, false);
    if (a->term && tui_term_write_fd(a->term) >= 0) return;
    if (!a->key_dirty && !a->repaint && !news) return;
    tui_app_frame(a);
    if (a->term) tui_term_show(a->term, &a->canvas, a->repaint);
    a->key_dirty = a->news_dirty = a->repaint = false;
    a->frame_ns = a->now_ns + a->frame_gap_ns;
    if (a->drop_keys) drop_keys(a);
}

static void sooner(int64_t *wait, int64_t now, int64_t deadline)
{
    if (deadline == TUI_NO_TIME) return;
    int64_t left = deadline > now ? deadline - now : 0;
    if (*wait < 0 || left < *wait) *wait = left;
}

/* Milliseconds until something is due; -1: nothing is. */
static int due_ms(const struct tui_app *a)
{
    int64_t wait = -1;
    int64_t now = rs_clock_mono_ns();
    bool stuck = a->term && tui_term_write_fd(a->term) >= 0; /* POLLOUT tells */
    if (!stuck && (a->key_dirty || a->repaint)) return 0;
    if (!stuck && a->news_dirty && a->frame_gap_ns > 0) sooner(&wait, now, a->frame_ns);
    sooner(&wait, now, a->select_ns);
    sooner(&wait, now, a->tick_ns);
    sooner(&wait, now, a->news_ns);
    sooner(&wait, now, tui_toasts_deadline(a->toasts));
    if (a->wait_text) sooner(&wait, now, now + SECOND_NS / 10);
    return wait < 0 ? -1 : (int)((wait + 999999) / 1000000);
}

static void wait_for_more(struct tui_app *a)
{
    struct pollfd p[6] = {
        {.fd = a->wake_fd, .events = POLLIN},
        {.fd = a->watch_fd, .events = POLLIN}, /* -1 is skipped */
    };
    nfds_t n = 2;
    if (a->term) {
        p[n++] = (struct pollfd){.fd = tui_term_key_fd(a->term), .events = POLLIN};
        p[n++] = (struct pollfd){.fd = tui_term_signal_fd(a->term), .events = POLLIN};
        p[n++] = (struct pollfd){.fd = tui_term_stderr_fd(a->term), .events = POLLIN};
        p[n++] = (struct pollfd){.fd = tui_term_write_fd(a->term), .events = POLLOUT};
    }
    int ms = due_ms(a);
    if (poll(p, n, ms) < 0) return; /* a signal: its byte waits in the pipe */
    if (p[1].revents) {
        a->now_ns = rs_clock_mono_ns();
        tui_app_watch_events(a);
    }
    /* A hang-up shows as such or as an end of input; either ends the console. */
    if (a->term && (p[2].revents & (POLLHUP | POLLERR | POLLNVAL)) && !(p[2].revents & POLLIN)) {
        a->done = true;
    }
}

/* ---- scripts and tests ---- */

static bool is_idle(struct tui_app *a)
{
    if (a->key_dirty || a->repaint || a->select_ns != TUI_NO_TIME || a->news_asked) return false;
    if (a->news_dirty && a->frame_gap_ns > 0) return false;
    return tui_worker_idle(a->worker);
}

static void say_ready(struct tui_app *a)
{
    if (a->o.ready_fd < 0 || !a->active || !is_idle(a)) return;
    a->active = false;
    if (write(a->o.ready_fd, ".", 1) < 0 && errno != EAGAIN) a->o.ready_fd = -1;
}

static bool still_waits(struct tui_app *a)
{
    if (!a->wait_text) return false;
    bool over =
        a->wait_text[0] ? tui_app_shows(a, a->wait_text) : a->news && a->news->n_running == 0;
    if (!over && a->now_ns < a->wait_ns) return true;
    if (!over) {
        rs_fail(&a->failed, RS_EREFUSED, "%s:%d: wait: '%s' did not come", a->o.script,
                a->script.steps[a->step - 1].line, a->wait_text);
        a->done = true;
    }
    free(a->wait_text);
    a->wait_text = NULL;
    return !over;
}

/* The next step once all is quiet; the end of the script is the end of the console. */
static void play(struct tui_app *a)
{
    if (!is_idle(a) || still_waits(a)) return;
    if (a->step == a->script.n) {
        a->done = true;
        return;
    }
    const struct tui_step *s = &a->script.steps[a->step++];
    tui_app_settle(a);
    for (size_t i = 0; i < s->n_keys && !a->done; i++) {
        struct tui_key k = {.code = s->keys[i]};
        tui_app_input(a, &k);
    }
    if (s->say && tui_app_say(a, s->say, &a->failed)) {
        rs_wrap(&a->failed, "%s:%d", a->o.script, s->line);
        a->done = true;
    }
    a->drop_keys = false;
    a->key_dirty = true;
}

static void turn(struct tui_app *a)
{
    a->now_ns = rs_clock_mono_ns();
    if (a->term) take_terminal(a);
    if (a->done) return;
    (void)take_events(a);
    keep_time(a);
    show(a);
    if (a->o.script && !a->done) play(a);
    say_ready(a);
    if (a->leave_later && !tui_worker_busy(a->worker, 0)) a->done = true;
    bool printed = a->o.plain && is_idle(a); /* nothing more comes to wait for */
    if (!a->done && !printed) wait_for_more(a);
}

/* Each screen as text, once what it asked for is there. */
static void print_plain(struct tui_app *a)
{
    FILE *out = a->o.out ? a->o.out : stdout;
    for (int i = 0; i < TUI_SCREENS; i++) {
        if (!tui_screens[i]) continue;
        struct rs_str text;
        rs_str_init(&text, 0);
        tui_app_screen(a, i, NULL);
        do {
            turn(a);
        } while (!a->done && !is_idle(a));
        tui_app_frame(a);
        tui_canvas_text(&a->canvas, &text);
        fprintf(out, "%s\n", rs_str_text(&text));
        rs_str_clear(&text);
    }
}

/* ---- begin and end ---- */

static void complain(const struct rs_err *err, void *arg)
{
    tui_app_error(arg, "console.yaml", err);
}

static void restore_terminal(void *arg)
{
    struct tui_app *a = arg;
    tui_term_close(a->term);
    a->term = NULL;
}

/* What the command line leaves open comes from the file. */
static void term_options(struct tui_app *a)
{
    struct tui_term_opts *t = &a->o.term;
    const struct rs_values *ui = a->config.ui;
    struct rs_err err = {0};
    if (t->theme && rs_values_set_text(a->config.ui, "theme", t->theme, &err)) complain(&err, a);
    if (t->glyphs && rs_values_set_text(a->config.ui, "glyphs", t->glyphs, &err)) complain(&err, a);
    const char *glyphs = rs_values_text(ui, "glyphs");
    t->theme = rs_values_text(ui, "theme");
    t->glyphs = strcmp(glyphs, "auto") == 0 ? NULL : glyphs;
    t->mouse |= rs_values_bool(ui, "mouse");
    if (rs_values_is_set(ui, "esc_delay")) t->esc_delay_ms = (int)rs_values_int(ui, "esc_delay");
}

static enum rs_code open_screen(struct tui_app *a, bool terminal, struct rs_err *err)
{
    int w = a->o.w > 0 ? a->o.w : 80;
    int h = a->o.h > 0 ? a->o.h : 24;
    const struct tui_glyphs *glyphs = &tui_glyphs_utf8;
    term_options(a);
    if (terminal) {
        enum rs_code rc = tui_term_open(&a->o.term, &a->term, err);
        if (rc) return rc;
        rs_assert_set_hook(restore_terminal, a);
        tui_term_size(a->term, &w, &h);
        glyphs = tui_term_glyphs(a->term);
    }
    tui_canvas_init(&a->canvas, glyphs);
    tui_canvas_resize(&a->canvas, w, h);
    tui_app_apply_config(a);
    return RS_OK;
}

static enum rs_code begin(struct tui_app *a, struct rs_err *err)
{
    bool plays = a->o.script || a->o.plain;
    bool terminal =
        !a->o.plain && a->o.w == 0 && (!plays || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)));
    a->now_ns = rs_clock_mono_ns();
    a->opened_ms = rs_clock_now_ms();
    a->keymap = tui_keymap_new();
    a->toasts = tui_toasts_new();
    tui_config_init(&a->config, a->o.config);
    tui_config_read(&a->config, a->keymap, complain, a);
    enum rs_code rc = RS_OK;
    if (a->o.script) rc = tui_script_read(a->o.script, &a->script, err);
    if (!rc) rc = open_screen(a, terminal, err);
    if (!rc) rc = tui_worker_start(a->o.workspace, &a->wake_fd, &a->worker, err);
    if (rc) return rc;
    tui_app_watch(a);
    tui_app_ask_news(a, true);
    tui_app_first(a);
    return RS_OK;
}

static void end(struct tui_app *a)
{
    if (a->prompt) tui_prompt_close(a->prompt);
    a->prompt = NULL;
    tui_dialog_free(a->dialog);
    a->dialog = NULL;
    /* The terminal first: it is to be had back at once, whatever the worker is at. */
    rs_assert_set_hook(NULL, NULL);
    tui_term_close(a->term);
    a->term = NULL;
    if (a->worker) tui_app_close_views(a);
    if (a->worker) tui_worker_stop(a->worker);
    tui_app_news_clear(a);
    tui_app_undo_clear(a);
    tui_app_pending_clear(a);
    tui_toasts_free(a->toasts);
    tui_keymap_free(a->keymap);
    tui_config_clear(&a->config);
    tui_script_clear(&a->script);
    tui_canvas_clear(&a->canvas);
    free(a->prompt_before);
    free(a->wait_text);
}

enum rs_code tui_app_run(const struct tui_app_opts *o, struct rs_err *err)
{
    struct tui_app a = {.o = *o, .watch_fd = -1, .wake_fd = -1};
    enum rs_code rc = begin(&a, err);
    if (!rc && o->plain) {
        print_plain(&a);
    } else if (!rc) {
        while (!a.done) {
            turn(&a);
        }
    }
    end(&a);
    if (!rc && a.failed.code) {
        *err = a.failed;
        rc = err->code;
    }
    return rc;
}
