/*
 * items - the screen of items: all of them, what is like one, who rated it and when.
 *
 * The item shown is the one of the cursor. How often items are recommended is counted a slice of
 * users at a time (tui_work_shares); the column of the table comes when all slices are in.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_grid.h"
#include "data_view.h"
#include "rs/base/mem.h"

enum { P_ITEMS, P_SIMILAR, P_RATERS, P_MONTHS, N_PANES };
enum { T_ITEMS, T_SIMILAR, T_RATERS, N_TABLES };
enum { K_ROWS, K_SIMILAR, K_ITEM, K_SHARES, K_SHARE_ROWS, K_ORDER };
enum { N_TURNS = 3, DEFAULT_K = 20 };

/* Lists that were looked at. */
struct counted {
    int32_t n_items, users, lists; /* users 0: not begun */
    int32_t *times;                /* [n_items] */
    int64_t *ranks;                /* [n_items] sum of places */
    bool whole;
};

struct items {
    struct tui_table t[N_TABLES];
    struct tui_held_split *held;
    char label[96], fingerprint[65];
    const char *nothing;     /* why there are no rows, and what to do; NULL: there are, or may be */
    struct tui_rect content; /* of the last layout */
    bool serves;
    char *which;  /* the item shown */
    int32_t row;  /* its row; -1: not in the table */
    char *wanted; /* to be shown once the rows are here */
    uint64_t cursor;
    struct tui_list *similar;
    struct tui_item *item;
    struct counted counted;
    int32_t k;
    enum tui_size size;
};

static const char *const names[N_PANES] = {"items", "similar", "raters", "by month"};

static void ask_similar(struct tui_view *v)
{
    struct items *s = v->state;
    if (!s->which) return;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_SIMILAR, tui_work_similar,
                      tui_question_new(s->held, NULL, s->which, s->k, false), tui_question_free,
                      tui_list_free);
}

static void ask_item(struct tui_view *v)
{
    struct items *s = v->state;
    ask_similar(v);
    tui_worker_submit(tui_app_worker(v->app), v->id, K_ITEM, tui_work_item,
                      tui_question_new(s->held, NULL, s->which, s->k, false), tui_question_free,
                      tui_item_free);
}

static void show_cursor(struct tui_view *v)
{
    struct items *s = v->state;
    char id[256];
    int32_t row = tui_table_row(&s->t[T_ITEMS]);
    if (row < 0) return;
    s->cursor = s->t[T_ITEMS].at_key;
    s->row = row;
    free(s->which);
    s->which = rs_xstrdup(tui_grid_row_id(s->t[T_ITEMS].rows, row, id, sizeof(id)));
    ask_item(v);
}

static void show_item(struct tui_view *v, const char *id)
{
    struct items *s = v->state;
    struct tui_table *t = &s->t[T_ITEMS];
    char *copy = rs_xstrdup(id);
    if (!t->rows) {
        free(s->wanted);
        s->wanted = copy;
        return;
    }
    uint64_t key = tui_grid_key_of(t->rows, id);
    int32_t row = tui_rows_find(t->rows, key);
    if (row < 0) {
        tui_app_toast(v->app, "item '%.60s' is not in the data; / searches titles", id);
        free(copy);
        return;
    }
    if (tui_table_go(t, key)) s->cursor = key; /* else the filter hides it, and the cursor stays */
    free(s->which);
    s->which = copy;
    s->row = row;
    ask_item(v);
}

/* What to show first, once there are rows. */
static void settle(struct tui_view *v)
{
    struct items *s = v->state;
    if (s->wanted && s->t[T_ITEMS].rows) {
        char *wanted = s->wanted;
        s->wanted = NULL;
        show_item(v, wanted);
        free(wanted);
    }
    if (!s->which) show_cursor(v);
}

static struct tui_load *load_new(const struct items *s)
{
    struct tui_load *in = rs_xalloc(1, sizeof(*in));
    in->held = tui_held_split_hold(s->held);
    memcpy(in->fingerprint, s->fingerprint, sizeof(in->fingerprint));
    return in;
}

static void load(struct tui_view *v, bool again)
{
    struct tui_load *in = again ? rs_xalloc(1, sizeof(*in)) : load_new(v->state);
    tui_worker_submit(tui_app_worker(v->app), v->id, K_ROWS, tui_work_items, in, tui_load_free,
                      tui_loaded_free);
}

static void counted_clear(struct counted *c)
{
    free(c->times);
    free(c->ranks);
    *c = (struct counted){0};
}

static void ask_shares(struct tui_view *v)
{
    struct items *s = v->state;
    struct tui_share_slice *in = rs_xalloc(1, sizeof(*in));
    memcpy(in->fingerprint, s->fingerprint, sizeof(in->fingerprint));
    in->done = s->counted.users;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_SHARES, tui_work_shares, in, free, free);
}

static void begin_shares(struct tui_view *v, int32_t n_items)
{
    struct items *s = v->state;
    counted_clear(&s->counted);
    if (!s->serves || n_items == 0) return;
    s->counted = (struct counted){.n_items = n_items,
                                  .times = rs_try_alloc((size_t)n_items, sizeof(int32_t)),
                                  .ranks = rs_try_alloc((size_t)n_items, sizeof(int64_t))};
    if (s->counted.times && s->counted.ranks) {
        ask_shares(v);
    } else {
        counted_clear(&s->counted); /* the column stays empty, the rest works */
    }
}

/* The table again, with the column of shares. */
static void ask_share_rows(struct tui_view *v)
{
    struct items *s = v->state;
    const struct counted *c = &s->counted;
    float *share = rs_try_alloc((size_t)c->n_items, sizeof(*share));
    if (!share) return;
    for (int32_t i = 0; i < c->n_items; i++) {
        share[i] = c->lists ? (float)c->times[i] / (float)c->lists : NAN;
    }
    struct tui_load *in = load_new(s);
    in->share = share;
    in->n_share = c->n_items;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_SHARE_ROWS, tui_work_items, in,
                      tui_load_free, tui_loaded_free);
}

static bool read_shares(struct tui_view *v, const struct tui_shares *in)
{
    struct items *s = v->state;
    struct counted *c = &s->counted;
    if (strcmp(in->fingerprint, s->fingerprint) != 0 || !c->times || c->whole) return false;
    for (int32_t i = 0; i < in->n_hits; i++) {
        c->times[in->hits[i].item]++;
        c->ranks[in->hits[i].item] += in->hits[i].rank;
    }
    c->lists += in->n_lists;
    c->users = in->done;
    c->whole = in->done >= in->total;
    if (c->whole) {
        ask_share_rows(v);
    } else {
        ask_shares(v);
    }
    return c->whole;
}

static void open(struct tui_view *v, const char *arg)
{
    struct items *s = v->state;
    static const char *const empty[N_TABLES] = {"The data has no items.", "",
                                                "No ratings of this item."};
    s->k = DEFAULT_K;
    s->row = -1;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_init(&s->t[i], v->id, K_ORDER + i, empty[i]);
        v->panes[i].table = &s->t[i];
    }
    s->t[T_ITEMS].sort_column = TUI_ITEM_RATED;
    s->t[T_ITEMS].descending = true;
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].name = names[i];
    }
    if (arg) s->wanted = rs_xstrdup(arg);
    load(v, true);
}

static void news(struct tui_view *v, const char *arg)
{
    if (arg && arg[0]) show_item(v, arg);
    load(v, false);
}

static void changed(struct tui_view *v)
{
    load(v, false);
}

/* Another model or other data answers from now on. */
static void take_source(struct tui_view *v, const struct tui_loaded *l)
{
    struct items *s = v->state;
    s->serves = l->serves;
    memcpy(s->label, l->label, sizeof(s->label));
    memcpy(s->fingerprint, l->fingerprint, sizeof(s->fingerprint));
    struct tui_held_split *held = tui_held_split_hold(l->held);
    tui_held_split_release(s->held);
    s->held = held;
}

/* Other rows, or another order of them, are shown. */
static void read_order(struct tui_view *v)
{
    struct items *s = v->state;
    const struct tui_rows *r = s->t[T_ITEMS].rows;
    if (r && s->which) s->row = tui_rows_find(r, tui_grid_key_of(r, s->which));
    settle(v);
}

static void read_rows(struct tui_view *v, struct tui_loaded *l)
{
    struct items *s = v->state;
    struct tui_table *t = &s->t[T_ITEMS];
    int gone = 0;
    bool other = strcmp(s->label, l->label) != 0 || strcmp(s->fingerprint, l->fingerprint) != 0;
    s->nothing = l->there ? NULL : tui_no_data;
    take_source(v, l);
    if (!l->there) tui_data_set(t, tui_app_worker(v->app), NULL);
    if (l->rows) {
        int32_t n = l->rows->n;
        tui_table_set(t, tui_app_worker(v->app), l->rows, &gone);
        l->rows = NULL;
        if (gone) tui_app_toast(v->app, "items: %d marks were on rows that are no more", gone);
        if (other || !s->counted.times) {
            begin_shares(v, n);
        } else if (s->counted.whole) {
            ask_share_rows(v);
        }
    }
    if (s->which && other) ask_item(v);
    read_order(v);
}

static void read_share_rows(struct tui_view *v, struct tui_loaded *l)
{
    struct items *s = v->state;
    if (!l->rows || strcmp(l->fingerprint, s->fingerprint) != 0) return;
    tui_table_set(&s->t[T_ITEMS], tui_app_worker(v->app), l->rows, NULL);
    l->rows = NULL;
}

static bool read_similar(struct tui_view *v, struct tui_event *e)
{
    struct items *s = v->state;
    struct tui_list *l = e->out;
    if (!s->which || strcmp(l->id, s->which) != 0) return false;
    bool other = !s->similar || strcmp(s->similar->id, l->id) != 0;
    tui_data_set(&s->t[T_SIMILAR], tui_app_worker(v->app), l->rows);
    if (other) tui_data_first(&s->t[T_SIMILAR]);
    tui_list_free(s->similar);
    s->similar = l;
    e->out = NULL;
    s->t[T_SIMILAR].empty = l->nothing[0] ? l->nothing : "Nothing is like it.";
    return true;
}

static bool read_item(struct tui_view *v, struct tui_event *e)
{
    struct items *s = v->state;
    struct tui_item *i = e->out;
    if (!s->which || strcmp(i->id, s->which) != 0) return false;
    bool other = !s->item || strcmp(s->item->id, i->id) != 0;
    tui_data_set(&s->t[T_RATERS], tui_app_worker(v->app), i->raters);
    if (other) tui_data_first(&s->t[T_RATERS]);
    tui_item_free(s->item);
    s->item = i;
    e->out = NULL;
    return true;
}

static bool read_event(struct tui_view *v, struct tui_event *e)
{
    struct items *s = v->state;
    if (e->rc) {
        tui_app_error(v->app, "items", &e->err);
        if (e->kind == K_ROWS && !s->t[T_ITEMS].rows) s->nothing = tui_see_errors;
        return true;
    }
    for (int i = 0; i < N_TABLES; i++) {
        if (!tui_table_read(&s->t[i], e)) continue;
        if (i == T_ITEMS) read_order(v);
        return true;
    }
    if (!e->out) return false;
    switch (e->kind) {
    case K_ROWS:
        read_rows(v, e->out);
        return true;
    case K_SHARE_ROWS:
        read_share_rows(v, e->out);
        return true;
    case K_SIMILAR:
        return read_similar(v, e);
    case K_ITEM:
        return read_item(v, e);
    case K_SHARES:
        return read_shares(v, e->out);
    default:
        return false;
    }
}

static void select_row(struct tui_view *v)
{
    struct items *s = v->state;
    const struct tui_table *t = &s->t[T_ITEMS];
    if (v->pane == P_ITEMS && t->rows && (!s->which || t->at_key != s->cursor)) show_cursor(v);
}

static int turned_pane(const struct tui_view *v)
{
    return P_SIMILAR + v->turn % N_TURNS;
}

/* Beside a list that always shows, o turns between the other two. */
static int lower_pane(const struct tui_view *v)
{
    return v->turn % N_TURNS == 1 ? P_RATERS : P_MONTHS;
}

static void layout(struct tui_view *v, struct tui_rect content)
{
    struct items *s = v->state;
    struct tui_rect right;
    s->size = tui_data_size(content);
    s->content = content;
    bool wide = s->size == TUI_THREE_PANES;
    bool two = s->size == TUI_TWO_PANES;
    int detail = wide ? lower_pane(v) : turned_pane(v);
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].area = (struct tui_rect){0};
        v->panes[i].takes_keys = i == P_ITEMS || i == detail || (wide && i == P_SIMILAR);
    }
    if (!v->panes[v->pane].takes_keys) v->pane = detail; /* turned away from under the focus */
    if (!wide && !two) {
        v->panes[v->pane].area = content;
        return;
    }
    tui_split_across(content, wide ? 0.5 : 0.56, v->border, &v->panes[P_ITEMS].area, &right);
    if (wide) {
        tui_split_down(right, 0.56, &v->panes[P_SIMILAR].area, &v->panes[detail].area);
    } else {
        v->panes[detail].area = right;
    }
}

static void draw_head(const struct tui_view *v, struct tui_canvas *c, int pane, const char *title)
{
    struct tui_rect row = v->panes[pane].area;
    row.h = row.h > 0;
    tui_head(c, row, title, NULL, v->pane == pane);
}

static const char *title_of(const struct items *s)
{
    if (s->item && s->item->title[0]) return s->item->title;
    return s->which ? s->which : "";
}

static void draw_items(struct tui_view *v, struct tui_canvas *c)
{
    const struct items *s = v->state;
    char title[120];
    snprintf(title, sizeof(title), "items  %s", s->label);
    draw_head(v, c, P_ITEMS, title);
    tui_table_draw(v->panes[P_ITEMS].table, c, tui_body(v->panes[P_ITEMS].area),
                   v->pane == P_ITEMS);
}

/* "in 8.1 % of 1,000 users' lists of 10", "mean place in them 3.4" */
static void draw_counted(const struct items *s, struct tui_canvas *c, struct tui_rect area)
{
    const struct counted *n = &s->counted;
    char lists[32];
    int32_t times = s->row >= 0 && s->row < n->n_items ? n->times[s->row] : 0;
    tui_putf(c, area, area.x + 1, area.y, TUI_TEXT, 0, "in %.1f %% of %s users' lists of %d%s",
             n->lists ? 100.0 * times / n->lists : 0.0, tui_thousands(n->lists, lists), TUI_SHARE_K,
             n->whole ? "" : " so far");
    if (times > 0) {
        tui_putf(c, area, area.x + 1, area.y + 1, TUI_TEXT, 0, "mean place in them %.1f",
                 (double)n->ranks[s->row] / times);
    }
}

static void draw_similar(struct tui_view *v, struct tui_canvas *c)
{
    const struct items *s = v->state;
    struct tui_rect body = tui_body(v->panes[P_SIMILAR].area);
    char title[240];
    snprintf(title, sizeof(title), "similar to %s  %s", title_of(s),
             s->similar && s->similar->label[0] ? s->similar->label : "");
    draw_head(v, c, P_SIMILAR, title);
    bool lines = s->counted.times && s->row >= 0 && body.h > 5;
    if (lines) body.h -= 2;
    tui_table_draw(v->panes[P_SIMILAR].table, c, body, v->pane == P_SIMILAR);
    if (lines) draw_counted(s, c, (struct tui_rect){body.x, body.y + body.h, body.w, 2});
}

static void draw_raters(struct tui_view *v, struct tui_canvas *c)
{
    const struct items *s = v->state;
    char title[200];
    char n[32];
    snprintf(title, sizeof(title), "%s raters of %s",
             tui_thousands(s->item ? s->item->rated : 0, n), title_of(s));
    draw_head(v, c, P_RATERS, title);
    tui_table_draw(v->panes[P_RATERS].table, c, tui_body(v->panes[P_RATERS].area),
                   v->pane == P_RATERS);
}

static void draw_months(struct tui_view *v, struct tui_canvas *c)
{
    const struct items *s = v->state;
    const struct tui_item *it = s->item;
    struct tui_rect body = tui_body(v->panes[P_MONTHS].area);
    char title[240];
    char first[16];
    char last[16];
    char newest[32];
    char most[32];
    if (!it || it->n_months == 0) {
        draw_head(v, c, P_MONTHS, "ratings by month");
        tui_put(c, body, body.x + 1, body.y, it ? "no times are known" : "", TUI_DIM, 0);
        return;
    }
    double peak = 0;
    int at = 0;
    for (int m = 0; m < it->n_months; m++) {
        if (it->count[m] <= peak) continue;
        peak = it->count[m];
        at = m;
    }
    int32_t from = (int32_t)lround(it->month[0] * 12);
    snprintf(title, sizeof(title), "ratings by month  most %s in %s, last %s",
             tui_thousands((int64_t)peak, most), tui_month_text(from + at, first),
             tui_thousands((int64_t)it->count[it->n_months - 1], newest));
    draw_head(v, c, P_MONTHS, title);
    if (body.h < 3 || body.w < 20) return;
    tui_data_months(c, it, (struct tui_rect){body.x + 1, body.y, body.w - 2, body.h - 1});
    int y = body.y + body.h - 1;
    int columns = (it->n_months + body.w - 3) / (body.w - 2);
    tui_putf(c, body, body.x + 1, y, TUI_DIM, 0, "%s to %s, %d %s a column",
             tui_month_text(from, first), tui_month_text(from + it->n_months - 1, last), columns,
             columns == 1 ? "month" : "months");
}

static void draw(struct tui_view *v, struct tui_canvas *c)
{
    typedef void pane_fn(struct tui_view * v, struct tui_canvas * c);
    static pane_fn *const panes[N_PANES] = {draw_items, draw_similar, draw_raters, draw_months};
    const struct items *s = v->state;
    if (s->nothing) {
        tui_data_nothing(c, s->content, "items", s->nothing);
        return;
    }
    for (int i = 0; i < N_PANES; i++) {
        if (v->panes[i].area.h > 0) panes[i](v, c);
    }
    tui_data_rules(v, c, N_PANES);
}

/* The similar item, or the rater, of the focused pane. */
static bool open_row(struct tui_view *v)
{
    struct items *s = v->state;
    char id[256];
    if (v->pane == P_MONTHS) return false;
    int32_t row = tui_table_row(&s->t[v->pane]);
    if (row < 0) return false;
    tui_grid_row_id(s->t[v->pane].rows, row, id, sizeof(id));
    if (v->pane == P_SIMILAR) {
        show_item(v, id);
    } else {
        tui_app_go(v->app, "users", id);
    }
    return true;
}

static bool request(struct tui_view *v, enum tui_request r, int count)
{
    struct items *s = v->state;
    char said[16];
    (void)count;
    switch (r) {
    case TUI_REQ_TURN:
        v->turn = (v->turn + 1) % N_TURNS;
        if (s->size == TUI_THREE_PANES && v->turn == 2) v->turn = 0; /* two to turn between */
        return true;
    case TUI_REQ_HOW_MANY:
        snprintf(said, sizeof(said), "%d", s->k);
        tui_app_prompt(v->app, r, "how many: ", said);
        return true;
    case TUI_REQ_RELOAD:
        load(v, true);
        return true;
    case TUI_REQ_OPEN:
        if (v->pane != P_ITEMS) return open_row(v);
        show_cursor(v);
        v->pane = s->size == TUI_THREE_PANES ? P_SIMILAR : turned_pane(v);
        return true;
    default:
        return false;
    }
}

static void text(struct tui_view *v, enum tui_request r, const char *said)
{
    struct items *s = v->state;
    if (r == TUI_REQ_HOW_MANY && tui_data_read_k(v->app, said, &s->k)) ask_similar(v);
}

static void status(struct tui_view *v, struct rs_str *out)
{
    const struct tui_table *t = v->panes[v->pane].table;
    if (t && t->rows) tui_table_status(t, v->pane == P_RATERS ? "raters" : "items", out);
}

static void done(struct tui_view *v)
{
    struct items *s = v->state;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_clear(&s->t[i]);
    }
    tui_list_free(s->similar);
    tui_item_free(s->item);
    tui_held_split_release(s->held);
    counted_clear(&s->counted);
    free(s->which);
    free(s->wanted);
}

const struct tui_view_ops tui_items_ops = {
    .name = "items",
    .title = "Items",
    .context = TUI_ITEMS,
    .state_size = sizeof(struct items),
    .n_panes = N_PANES,
    .open = open,
    .news = news,
    .read = read_event,
    .layout = layout,
    .draw = draw,
    .request = request,
    .select = select_row,
    .text = text,
    .status = status,
    .done = done,
    .changed = changed,
};
