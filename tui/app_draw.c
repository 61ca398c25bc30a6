/*
 * app_draw - the frame around views: breadcrumb, screens, status, hints; and what lies over it.
 */
#include <stdio.h>
#include <string.h>

#include "app_impl.h"
#include "glyph.h"

static enum tui_size size_of(const struct tui_app *a)
{
    return tui_size_of(a->canvas.w, a->canvas.h);
}

struct tui_rect tui_app_content(const struct tui_app *a)
{
    int top = size_of(a) == TUI_ONE_PANE ? 1 : 2; /* the screens row goes first */
    int h = a->canvas.h - top - 2;
    return (struct tui_rect){0, top, a->canvas.w, h > 0 ? h : 0};
}

static int put_right(struct tui_app *a, int right, int y, const char *text, enum tui_role role,
                     unsigned attrs)
{
    int x = right - tui_text_width(text);
    if (x < 0) return right;
    tui_put(&a->canvas, tui_canvas_rect(&a->canvas), x, y, text, role, attrs);
    return x;
}

static void draw_crumbs(struct tui_app *a)
{
    struct rs_str path;
    rs_str_init(&path, 0);
    rs_str_add(&path, " recsys");
    for (int i = 0; i < a->stack.depth; i++) {
        const struct tui_view *v = a->stack.views[i];
        rs_str_addf(&path, " > %s%s%s", v->ops->title, v->arg ? " " : "", v->arg ? v->arg : "");
    }
    if (a->popup) rs_str_addf(&path, " > %s", a->popup->ops->title);
    struct tui_rect row = {0, 0, a->canvas.w, 1};
    tui_fill(&a->canvas, row, TUI_TOP, 0);
    char text[64];
    int unread = tui_toasts_unread(a->toasts);
    snprintf(text, sizeof(text), " ! %d ", unread);
    int right =
        put_right(a, a->canvas.w, 0, text, unread ? TUI_ERROR : TUI_TOP, unread ? TUI_BOLD : 0);
    if (a->news && a->news->job[0]) {
        right = put_right(a, right, 0, " |", TUI_TOP, 0);
        if (a->news->n_running > 1) {
            snprintf(text, sizeof(text), " +%d", a->news->n_running - 1);
            right = put_right(a, right, 0, text, TUI_TOP, 0);
        }
        right = put_right(a, right, 0, a->news->job, TUI_TOP, 0);
        right = put_right(a, right, 0, " | ", TUI_TOP, 0);
    } else {
        right = put_right(a, right, 0, " |", TUI_TOP, 0);
    }
    const char *serving = !a->news ? "" : a->news->serving[0] ? a->news->serving : "nothing serves";
    right = put_right(a, right, 0, serving, TUI_TOP, TUI_BOLD);
    tui_put_in(&a->canvas, row, 0, 0, right - 1, false, rs_str_text(&path), TUI_TOP, TUI_BOLD);
    rs_str_clear(&path);
}

/* "[1 Dash] 2 Users  3 Items" */
static void draw_screens(struct tui_app *a)
{
    struct tui_rect row = {0, 1, a->canvas.w, 1};
    const struct tui_view *root = a->stack.depth > 0 ? a->stack.views[0] : NULL;
    int x = 0;
    for (int i = 0; i < TUI_SCREENS; i++) {
        const struct tui_view_ops *ops = tui_screens[i];
        if (!ops) continue;
        bool here = root && root->ops == ops;
        char text[40];
        snprintf(text, sizeof(text), here ? "[%d %.24s]" : " %d %.24s ", i + 1, ops->title);
        x += tui_put(&a->canvas, row, x, 1, text, here ? TUI_FOCUS : TUI_TEXT, here ? TUI_BOLD : 0);
    }
    if (x + 7 <= a->canvas.w) put_right(a, a->canvas.w, 1, "? help ", TUI_DIM, 0);
}

/* "[2/3 history]" where panes are hidden. */
static void add_panes(const struct tui_view *v, struct rs_str *out)
{
    int n = 0;
    int at = 0;
    bool hidden = false;
    for (int i = 0; i < v->ops->n_panes; i++) {
        if (!v->panes[i].takes_keys) continue;
        n++;
        if (i == v->pane) at = n;
        hidden |= v->panes[i].area.h == 0;
    }
    if (hidden && v->panes[v->pane].name) {
        rs_str_addf(out, "[%d/%d %s] ", at, n, v->panes[v->pane].name);
    }
}

static void draw_status(struct tui_app *a, struct tui_rect row)
{
    struct tui_view *v = tui_app_focus(a);
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_addc(&text, ' ');
    add_panes(v, &text);
    if (v->ops->status) v->ops->status(v, &text);
    if (a->count.digits > 1) rs_str_addf(&text, "  %d", a->count.value);
    tui_put_in(&a->canvas, row, row.x, row.y, row.w, false, rs_str_text(&text), TUI_TEXT, 0);
    rs_str_clear(&text);
    if (a->n_undo > 0 && tui_toasts_deadline(a->toasts) == TUI_NO_TIME) {
        put_right(a, row.w, row.y, " u undo ", TUI_DIM, 0);
    }
    tui_toasts_draw(a->toasts, &a->canvas, row);
}

static void draw_hints(struct tui_app *a, struct tui_rect row)
{
    enum tui_context contexts[4];
    struct rs_str text;
    int n = tui_view_contexts(tui_app_focus(a), false, contexts);
    rs_str_init(&text, 0);
    tui_keymap_hints(a->keymap, contexts, n, row.w - 2, tui_app_read_only(a), &text);
    tui_put(&a->canvas, row, 1, row.y, rs_str_text(&text), TUI_KEY, 0);
    rs_str_clear(&text);
}

static void draw_too_small(struct tui_app *a)
{
    struct tui_rect all = tui_canvas_rect(&a->canvas);
    tui_putf(&a->canvas, all, 0, 0, TUI_TEXT, 0, "recsys-tui needs 60x16, this is %dx%d",
             a->canvas.w, a->canvas.h);
    if (a->news && a->news->job[0]) {
        tui_put(&a->canvas, all, 0, 1, a->news->job, TUI_TEXT, 0);
    }
}

static void draw_view(struct tui_app *a, struct tui_view *v)
{
    tui_view_layout(v, tui_app_content(a));
    a->current = v;
    v->ops->draw(v, &a->canvas);
    a->current = NULL;
}

void tui_app_frame(struct tui_app *a)
{
    struct tui_canvas *c = &a->canvas;
    tui_canvas_erase(c);
    if (size_of(a) == TUI_TOO_SMALL) {
        draw_too_small(a);
        return;
    }
    struct tui_rect content = tui_app_content(a);
    struct tui_rect status = {0, c->h - 2, c->w, 1};
    draw_crumbs(a);
    if (content.y > 1) draw_screens(a);
    draw_view(a, tui_app_focus(a));
    draw_hints(a, (struct tui_rect){0, c->h - 1, c->w, 1});
    if (a->prompt) {
        tui_prompt_draw(a->prompt, c, status);
        tui_toasts_draw(a->toasts, c, (struct tui_rect){0, c->h - 3, c->w, 1});
    } else {
        draw_status(a, status);
    }
    if (a->dialog) tui_dialog_draw(a->dialog, c);
}
