/*
 * app_stack - which views there are: eight roots that keep their state, a stack over one of them,
 * and a popup over all.
 */
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/mem.h"

struct tui_view *tui_app_top(struct tui_app *a)
{
    return a->stack.depth > 0 ? a->stack.views[a->stack.depth - 1] : NULL;
}

struct tui_view *tui_app_focus(struct tui_app *a)
{
    return a->popup ? a->popup : tui_app_top(a);
}

static bool is_root(const struct tui_app *a, const struct tui_view *v)
{
    for (int i = 0; i < TUI_SCREENS; i++) {
        if (a->roots[i] == v) return true;
    }
    return false;
}

static bool in_stack(const struct tui_stack *s, const struct tui_view *v)
{
    for (int i = 0; i < s->depth; i++) {
        if (s->views[i] == v) return true;
    }
    return false;
}

/* Every view once: roots, those that stand only in a stack, the popup. */
void tui_app_each_view(struct tui_app *a, tui_each_view_fn *fn, void *ctx)
{
    struct tui_view *all[TUI_SCREENS + 2 * TUI_MAX_STACK + 1];
    int n = 0;
    for (int i = 0; i < TUI_SCREENS; i++) {
        if (a->roots[i]) all[n++] = a->roots[i];
    }
    for (int i = 0; i < a->stack.depth; i++) {
        if (!is_root(a, a->stack.views[i])) all[n++] = a->stack.views[i];
    }
    for (int i = 0; i < a->count.before.depth; i++) {
        struct tui_view *v = a->count.before.views[i];
        if (!is_root(a, v) && !in_stack(&a->stack, v)) all[n++] = v;
    }
    if (a->popup) all[n++] = a->popup;
    for (int i = 0; i < n; i++) {
        fn(all[i], ctx);
    }
}

struct wanted {
    int id;
    struct tui_view *view;
};

static void match_id(struct tui_view *v, void *arg)
{
    struct wanted *w = arg;
    if (v->id == w->id) w->view = v;
}

struct tui_view *tui_app_find_view(struct tui_app *a, int id)
{
    struct wanted w = {.id = id};
    tui_app_each_view(a, match_id, &w);
    return w.view;
}

static void open_view(struct tui_app *a, struct tui_view *v, const char *arg)
{
    struct tui_view *caller = a->current;
    tui_view_layout(v, tui_app_content(a));
    v->arg = rs_xstrdup(arg);
    a->current = v;
    v->ops->open(v, arg);
    a->current = caller;
}

static void show_again(struct tui_app *a, struct tui_view *v, const char *arg)
{
    struct tui_view *caller = a->current;
    if (arg) {
        free(v->arg);
        v->arg = rs_xstrdup(arg);
    }
    a->current = v;
    if (v->ops->news) v->ops->news(v, arg);
    a->current = caller;
    a->key_dirty = true;
}

/* The screen's own view; *fresh_out: it was opened now, with arg. */
static struct tui_view *root_of(struct tui_app *a, int screen, const char *arg, bool *fresh_out)
{
    *fresh_out = !a->roots[screen];
    if (*fresh_out) {
        a->roots[screen] = tui_view_new(tui_screens[screen], a, ++a->last_id);
        open_view(a, a->roots[screen], arg);
    }
    return a->roots[screen];
}

/* Closes what belongs to a view that goes. */
static void close_view(struct tui_app *a, struct tui_view *v)
{
    if (a->prompt && a->prompt_view == v->id) tui_app_answer_prompt(a, NULL);
    if (a->dialog && a->dialog_view == v->id) {
        tui_dialog_free(a->dialog);
        a->dialog = NULL;
    }
    if (a->current == v) a->current = NULL;
    tui_view_free(v);
}

void tui_app_settle(struct tui_app *a)
{
    struct tui_stack gone = a->count.before;
    a->count = (struct tui_count){0};
    for (int i = 0; i < gone.depth; i++) {
        struct tui_view *v = gone.views[i];
        if (!is_root(a, v) && !in_stack(&a->stack, v)) close_view(a, v);
    }
}

bool tui_app_unsettle(struct tui_app *a)
{
    if (a->count.before.depth == 0) return false;
    a->stack = a->count.before; /* over it stand roots only, which are kept */
    a->count.before.depth = 0;
    a->key_dirty = true;
    return true;
}

void tui_app_screen(struct tui_app *a, int screen, const char *arg)
{
    if (!tui_screens[screen]) {
        tui_app_toast(a, "screen %d is not part of this program", screen + 1);
        return;
    }
    tui_app_popdown(a);
    struct tui_stack old = a->stack;
    bool fresh;
    struct tui_view *v = root_of(a, screen, arg, &fresh);
    a->stack = (struct tui_stack){.views = {v}, .depth = 1};
    if (!fresh && (tui_app_top(a) != old.views[0] || old.depth > 1 || arg)) show_again(a, v, arg);
    if (a->count.digits > 0 && a->count.before.depth == 0) {
        a->count.before = old; /* closed once it is sure that no count was meant */
    } else {
        for (int i = 0; i < old.depth; i++) {
            if (!is_root(a, old.views[i]) && !in_stack(&a->count.before, old.views[i])) {
                close_view(a, old.views[i]);
            }
        }
    }
    a->key_dirty = true;
}

void tui_app_first(struct tui_app *a)
{
    int first = 0;
    while (first < TUI_SCREENS - 1 && !tui_screens[first]) {
        first++;
    }
    rs_assert(tui_screens[first]); /* there is one */
    tui_app_screen(a, first, NULL);
}

bool tui_app_pop(struct tui_app *a)
{
    if (a->stack.depth <= 1) return false;
    struct tui_view *v = a->stack.views[--a->stack.depth];
    if (!is_root(a, v) && !in_stack(&a->stack, v)) close_view(a, v);
    show_again(a, tui_app_top(a), NULL);
    return true;
}

void tui_app_go(struct tui_app *a, const char *view, const char *arg)
{
    int screen = 0;
    while (screen < TUI_SCREENS &&
           !(tui_screens[screen] && strcmp(tui_screens[screen]->name, view) == 0)) {
        screen++;
    }
    if (screen == TUI_SCREENS) {
        tui_app_toast(a, "%s: there is no such screen", view);
        return;
    }
    tui_app_popdown(a);
    struct tui_view *top = tui_app_top(a);
    if (top && top->ops == tui_screens[screen]) {
        show_again(a, top, arg);
        return;
    }
    if (a->stack.depth == TUI_MAX_STACK) {
        tui_app_toast(a, "%s: too many views are open; Esc leaves the last", view);
        return;
    }
    bool fresh = true;
    struct tui_view *v = a->roots[screen];
    if (v && in_stack(&a->stack, v)) { /* the one below keeps its place */
        v = tui_view_new(tui_screens[screen], a, ++a->last_id);
        open_view(a, v, arg);
    } else {
        v = root_of(a, screen, arg, &fresh);
    }
    a->stack.views[a->stack.depth++] = v;
    if (!fresh) show_again(a, v, arg);
    a->key_dirty = true;
}

void tui_app_popup(struct tui_app *a, const struct tui_view_ops *ops, const char *arg)
{
    tui_app_popdown(a);
    a->popup = tui_view_new(ops, a, ++a->last_id);
    open_view(a, a->popup, arg);
    a->key_dirty = true;
}

void tui_app_popdown(struct tui_app *a)
{
    struct tui_view *v = a->popup;
    if (!v) return;
    a->popup = NULL;
    close_view(a, v);
    a->key_dirty = true;
}

void tui_app_close_views(struct tui_app *a)
{
    tui_app_popdown(a);
    tui_app_settle(a);
    while (a->stack.depth > 0) {
        struct tui_view *v = a->stack.views[--a->stack.depth];
        if (!is_root(a, v) && !in_stack(&a->stack, v)) close_view(a, v);
    }
    for (int i = 0; i < TUI_SCREENS; i++) {
        if (a->roots[i]) close_view(a, a->roots[i]);
        a->roots[i] = NULL;
    }
}
