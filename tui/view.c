/*
 * view - what all views have in common: panes, the focus among them, the contexts of their keys.
 */
#include "view.h"

#include <stdlib.h>

#include "rs/base/mem.h"

struct tui_view *tui_view_new(const struct tui_view_ops *ops, struct tui_app *app, int id)
{
    struct tui_view *v = rs_xalloc(1, sizeof(*v));
    v->ops = ops;
    v->app = app;
    v->id = id;
    v->state = ops->state_size ? rs_xalloc(1, ops->state_size) : NULL;
    return v;
}

void tui_view_free(struct tui_view *v)
{
    if (!v) return;
    tui_worker_cancel(tui_app_worker(v->app), v->id);
    if (v->ops->done) v->ops->done(v);
    free(v->state);
    free(v->arg);
    free(v);
}

void tui_view_layout(struct tui_view *v, struct tui_rect content)
{
    v->ops->layout(v, content);
    if (!v->zoomed) return;
    for (int i = 0; i < v->ops->n_panes; i++) {
        v->panes[i].area = i == v->pane ? content : (struct tui_rect){0};
    }
}

struct tui_table *tui_view_table(struct tui_view *v)
{
    return v->ops->n_panes > 0 ? v->panes[v->pane].table : NULL;
}

void tui_view_next_pane(struct tui_view *v, int step)
{
    int n = v->ops->n_panes;
    for (int i = 1; i < n; i++) {
        int pane = (v->pane + step * i + n * n) % n;
        if (!v->panes[pane].takes_keys) continue;
        v->pane = pane;
        return;
    }
}

int tui_view_pane_at(const struct tui_view *v, int x, int y)
{
    for (int i = 0; i < v->ops->n_panes; i++) {
        const struct tui_rect *a = &v->panes[i].area;
        if (x >= a->x && x < a->x + a->w && y >= a->y && y < a->y + a->h) return i;
    }
    return -1;
}

int tui_view_contexts(struct tui_view *v, bool all, enum tui_context out[4])
{
    int n = 0;
    if (v->ops->context != TUI_GLOBAL) out[n++] = v->ops->context;
    if (all || tui_view_table(v)) out[n++] = TUI_LIST;
    out[n++] = TUI_GLOBAL;
    return n;
}
