/*
 * users - the screen of users: all of them, one's history, what is recommended and why.
 *
 * The user shown is the one of the cursor, or whoever was asked for by id (a), in the data or not.
 * Three questions follow each other: history, list, and why its selected row is on it; an answer
 * about somebody else than the user shown is dropped.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_ask.h"
#include "data_grid.h"
#include "data_view.h"
#include "rs/base/mem.h"
#include "view.h"

enum { P_USERS, P_HISTORY, P_LIST, P_WHY, P_PROFILE, N_PANES };
enum { T_USERS, T_HISTORY, T_LIST, T_WHY, N_TABLES };
enum { K_ROWS, K_USER, K_LIST, K_WHY, K_ORDER };
enum { TURN_LIST, TURN_WHY, TURN_PROFILE, N_TURNS };
enum { DEFAULT_K = 10 };

struct users {
    struct tui_table t[N_TABLES];
    struct tui_held_split *held;
    char label[96], fingerprint[65];
    const char *nothing;     /* why there are no rows, and what to do; NULL: there are, or may be */
    struct tui_rect content; /* of the last layout */
    char *who;               /* the user shown; NULL: none yet */
    bool anybody;            /* by id, not by the cursor */
    char *wanted;            /* to be shown once the rows are here */
    uint64_t cursor;         /* key that `who` was taken from */
    struct tui_user *user;
    struct tui_list *list;
    struct tui_why *why;
    bool asked_list;
    int32_t k;
    bool with_seen;
    enum tui_size size;
    struct tui_rect lower; /* two lines below the list: why and source */
};

static const char *const names[N_PANES] = {"users", "history", "recommended", "why", "profile"};

static void take_text(char **to, const char *text)
{
    char *copy = rs_xstrdup(text);
    free(*to);
    *to = copy;
}

static struct tui_question *question(const struct users *s, const char *item)
{
    return tui_question_new(s->held, s->who, item, s->k, s->with_seen);
}

static void ask_list(struct tui_view *v)
{
    struct users *s = v->state;
    if (!s->who) return;
    s->asked_list = true;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_LIST, tui_work_list, question(s, NULL),
                      tui_question_free, tui_list_free);
}

static void ask_user(struct tui_view *v)
{
    struct users *s = v->state;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_USER, tui_work_user, question(s, NULL),
                      tui_question_free, tui_user_free);
    ask_list(v);
}

/* The reasons of the list's selected row. */
static void ask_why(struct tui_view *v)
{
    struct users *s = v->state;
    char id[256];
    int32_t row = tui_table_row(&s->t[T_LIST]);
    if (row < 0 || !s->list) return;
    tui_grid_row_id(s->t[T_LIST].rows, row, id, sizeof(id));
    if (s->why && strcmp(s->why->item, id) == 0 && strcmp(s->why->user, s->who) == 0) return;
    tui_worker_submit(tui_app_worker(v->app), v->id, K_WHY, tui_work_why, question(s, id),
                      tui_question_free, tui_why_free);
}

static void show_user(struct tui_view *v, const char *id, bool anybody)
{
    struct users *s = v->state;
    take_text(&s->who, id);
    s->anybody = anybody;
    ask_user(v);
}

static void show_cursor(struct tui_view *v)
{
    struct users *s = v->state;
    char id[256];
    int32_t row = tui_table_row(&s->t[T_USERS]);
    if (row < 0) return;
    s->cursor = s->t[T_USERS].at_key;
    show_user(v, tui_grid_row_id(s->t[T_USERS].rows, row, id, sizeof(id)), false);
}

/* Somebody by id: the cursor goes there, where the table has that row. */
static void show_anybody(struct tui_view *v, const char *id)
{
    struct users *s = v->state;
    struct tui_table *t = &s->t[T_USERS];
    if (!t->rows) {
        take_text(&s->wanted, id);
        return;
    }
    bool there = tui_table_go(t, tui_grid_key_of(t->rows, id));
    if (there) s->cursor = t->at_key;
    show_user(v, id, !there);
}

/* Whom to show first, once there are rows. */
static void settle(struct tui_view *v)
{
    struct users *s = v->state;
    if (s->wanted && s->t[T_USERS].rows) {
        char *wanted = s->wanted;
        s->wanted = NULL;
        show_anybody(v, wanted);
        free(wanted);
    } else if (!s->who) {
        show_cursor(v);
    }
}

static void load(struct tui_view *v, bool again)
{
    struct users *s = v->state;
    struct tui_load *in = rs_xalloc(1, sizeof(*in));
    if (!again) {
        in->held = tui_held_split_hold(s->held);
        memcpy(in->fingerprint, s->fingerprint, sizeof(in->fingerprint));
    }
    tui_worker_submit(tui_app_worker(v->app), v->id, K_ROWS, tui_work_users, in, tui_load_free,
                      tui_loaded_free);
}

static void open(struct tui_view *v, const char *arg)
{
    struct users *s = v->state;
    static const char *const empty[N_TABLES] = {"The data has no users.",
                                                "No ratings of this user.", "", ""};
    s->k = DEFAULT_K;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_init(&s->t[i], v->id, K_ORDER + i, empty[i]);
        v->panes[i].table = &s->t[i];
    }
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].name = names[i];
    }
    if (arg) take_text(&s->wanted, arg);
    load(v, true);
}

static void news(struct tui_view *v, const char *arg)
{
    if (arg && arg[0]) show_anybody(v, arg);
    load(v, false);
}

static void changed(struct tui_view *v)
{
    load(v, false);
}

static void read_rows(struct tui_view *v, struct tui_loaded *l)
{
    struct users *s = v->state;
    struct tui_table *t = &s->t[T_USERS];
    int gone = 0;
    s->nothing = l->there ? NULL : tui_no_data;
    if (strcmp(s->label, l->label) != 0) s->asked_list = false; /* another model answers now */
    memcpy(s->label, l->label, sizeof(s->label));
    memcpy(s->fingerprint, l->fingerprint, sizeof(s->fingerprint));
    tui_held_split_release(s->held);
    s->held = tui_held_split_hold(l->held);
    if (l->rows) {
        tui_table_set(t, tui_app_worker(v->app), l->rows, &gone);
        l->rows = NULL;
        if (gone) tui_app_toast(v->app, "users: %d marks were on rows that are no more", gone);
        s->asked_list = false;
    }
    if (s->who && !s->asked_list) ask_user(v);
    settle(v);
}

static bool is_who(const struct users *s, const char *id)
{
    return s->who && strcmp(s->who, id) == 0;
}

static bool read_user(struct tui_view *v, struct tui_event *e)
{
    struct users *s = v->state;
    struct tui_user *u = e->out;
    if (!is_who(s, u->id)) return false;
    bool other = !s->user || strcmp(s->user->id, u->id) != 0;
    tui_user_free(s->user);
    s->user = u;
    e->out = NULL;
    tui_data_set(&s->t[T_HISTORY], tui_app_worker(v->app), u->history);
    if (other) tui_data_first(&s->t[T_HISTORY]);
    return true;
}

static bool read_list(struct tui_view *v, struct tui_event *e)
{
    struct users *s = v->state;
    struct tui_list *l = e->out;
    if (!is_who(s, l->id)) return false;
    bool other = !s->list || strcmp(s->list->id, l->id) != 0;
    tui_list_free(s->list);
    s->list = l;
    e->out = NULL;
    tui_why_free(s->why);
    s->why = NULL;
    tui_data_set(&s->t[T_LIST], tui_app_worker(v->app), l->rows);
    tui_data_set(&s->t[T_WHY], tui_app_worker(v->app), NULL);
    s->t[T_LIST].empty = l->nothing[0] ? l->nothing : "Nothing is left to recommend.";
    s->t[T_WHY].empty = s->t[T_LIST].empty;
    if (other) tui_data_first(&s->t[T_LIST]);
    ask_why(v);
    return true;
}

static bool read_why(struct tui_view *v, struct tui_event *e)
{
    struct users *s = v->state;
    struct tui_why *y = e->out;
    if (!is_who(s, y->user)) return false;
    tui_why_free(s->why);
    s->why = y;
    e->out = NULL;
    tui_data_set(&s->t[T_WHY], tui_app_worker(v->app), y->rows);
    tui_data_first(&s->t[T_WHY]);
    s->t[T_WHY].empty = y->text;
    return true;
}

static bool read_event(struct tui_view *v, struct tui_event *e)
{
    struct users *s = v->state;
    if (e->rc) {
        tui_app_error(v->app, "users", &e->err);
        if (e->kind == K_ROWS && !s->t[T_USERS].rows) s->nothing = tui_see_errors;
        return true;
    }
    for (int i = 0; i < N_TABLES; i++) {
        if (!tui_table_read(&s->t[i], e)) continue;
        if (i == T_USERS) settle(v);
        return true;
    }
    if (!e->out) return false;
    switch (e->kind) {
    case K_ROWS:
        read_rows(v, e->out);
        return true;
    case K_USER:
        return read_user(v, e);
    case K_LIST:
        return read_list(v, e);
    case K_WHY:
        return read_why(v, e);
    default:
        return false;
    }
}

static void select_row(struct tui_view *v)
{
    struct users *s = v->state;
    const struct tui_table *t = &s->t[T_USERS];
    if (v->pane == P_USERS && t->rows && t->at_key != s->cursor) {
        show_cursor(v);
    } else if (v->pane == P_LIST) {
        ask_why(v);
    }
}

static int turned_pane(const struct tui_view *v)
{
    return P_LIST + v->turn % N_TURNS;
}

static void layout_wide(struct tui_view *v, struct tui_rect content)
{
    struct tui_rect right;
    struct tui_rect lower;
    tui_split_across(content, 1.0 / 3, v->border, &v->panes[P_USERS].area, &right);
    tui_split_across(right, 0.5, 0, &v->panes[P_HISTORY].area, &right);
    tui_split_down(right, 0.45, &v->panes[P_LIST].area, &lower);
    if (v->turn % N_TURNS == TURN_PROFILE) {
        v->panes[P_PROFILE].area = lower;
    } else if (v->turn % N_TURNS == TURN_WHY) {
        v->panes[P_WHY].area = lower;
    } else {
        tui_split_down(lower, 0.4, &v->panes[P_WHY].area, &v->panes[P_PROFILE].area);
    }
}

static void layout(struct tui_view *v, struct tui_rect content)
{
    struct users *s = v->state;
    s->size = tui_data_size(content);
    s->content = content;
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].area = (struct tui_rect){0};
        v->panes[i].takes_keys = i < P_LIST || i == turned_pane(v);
    }
    if (s->size == TUI_THREE_PANES) {
        layout_wide(v, content);
        v->panes[P_LIST].takes_keys = true;
    } else if (s->size == TUI_TWO_PANES) {
        struct tui_rect right;
        tui_split_across(content, 0.45, v->border, &v->panes[P_USERS].area, &right);
        tui_split_down(right, 0.45, &v->panes[P_HISTORY].area, &v->panes[turned_pane(v)].area);
    } else {
        v->panes[v->pane].area = content;
    }
    for (int i = 0; i < N_PANES && s->size == TUI_THREE_PANES; i++) {
        v->panes[i].takes_keys = v->panes[i].area.h > 0;
    }
    if (!v->panes[v->pane].takes_keys) { /* it was turned away from under the focus */
        v->pane = s->size == TUI_THREE_PANES ? P_LIST : turned_pane(v);
        if (s->size == TUI_ONE_PANE || s->size == TUI_TOO_SMALL) layout(v, content);
    }
}

static void draw_head(const struct tui_view *v, struct tui_canvas *c, int pane, const char *title,
                      const char *right)
{
    struct tui_rect row = v->panes[pane].area;
    row.h = row.h > 0;
    tui_head(c, row, title, right, v->pane == pane);
}

static void draw_table(struct tui_view *v, struct tui_canvas *c, int pane, struct tui_rect area)
{
    tui_table_draw(v->panes[pane].table, c, area, v->pane == pane);
}

static void draw_history(struct tui_view *v, struct tui_canvas *c)
{
    const struct users *s = v->state;
    char title[160] = "history";
    const struct tui_user *u = s->user;
    if (u) {
        char n[32];
        char mean[24] = "";
        char posted[40] = "";
        if (!isnan(u->mean)) snprintf(mean, sizeof(mean), ", mean %.1f", u->mean);
        if (u->posted) snprintf(posted, sizeof(posted), ", %d posted", u->posted);
        snprintf(title, sizeof(title), "user %.60s  history %s%s%s%s", u->id,
                 tui_thousands(u->rated, n), mean, posted,
                 u->known || u->posted ? "" : ", not in the data");
    }
    draw_head(v, c, P_HISTORY, title, NULL);
    draw_table(v, c, P_HISTORY, tui_body(v->panes[P_HISTORY].area));
}

static void draw_list(struct tui_view *v, struct tui_canvas *c)
{
    const struct users *s = v->state;
    struct tui_rect body = tui_body(v->panes[P_LIST].area);
    char title[160];
    const char *label = s->list && s->list->label[0] ? s->list->label : s->label;
    snprintf(title, sizeof(title), "recommended  %s  k %d  seen %s", label, s->k,
             s->with_seen ? "listed" : "hidden");
    draw_head(v, c, P_LIST, title, NULL);
    bool lines = s->list && s->list->source[0] && body.h > 4;
    if (lines) body.h -= 2;
    draw_table(v, c, P_LIST, body);
    if (!lines) return;
    struct tui_rect under = {body.x, body.y + body.h, body.w, 2};
    char why[320] = "why";
    if (s->why) {
        int32_t row = tui_table_row(&s->t[T_LIST]);
        snprintf(why, sizeof(why), "why %d: %s", row + 1, s->why->text);
    }
    char source[120];
    snprintf(source, sizeof(source), "source: %s, %d items", s->list->source, s->list->n);
    tui_put_in(c, under, under.x + 1, under.y, under.w - 1, false, why, TUI_TEXT, 0);
    tui_put_in(c, under, under.x + 1, under.y + 1, under.w - 1, false, source, TUI_DIM, 0);
}

static void draw_why(struct tui_view *v, struct tui_canvas *c)
{
    const struct users *s = v->state;
    char title[120] = "why";
    if (s->why) snprintf(title, sizeof(title), "why %s", s->why->title);
    draw_head(v, c, P_WHY, title, NULL);
    draw_table(v, c, P_WHY, tui_body(v->panes[P_WHY].area));
}

static void draw_profile(struct tui_view *v, struct tui_canvas *c)
{
    const struct users *s = v->state;
    struct tui_rect left = tui_body(v->panes[P_PROFILE].area);
    struct tui_rect right = left;
    draw_head(v, c, P_PROFILE, "profile  genres, ratings", NULL);
    if (!s->user) return;
    left.w = left.w * 3 / 5;
    right.x += left.w + 1;
    right.w -= left.w + 1;
    tui_data_bars(c, left, s->user->genres, s->user->n_genres, s->user->rated);
    tui_data_bars(c, right, s->user->values, s->user->n_values, s->user->rated);
}

static void draw(struct tui_view *v, struct tui_canvas *c)
{
    typedef void pane_fn(struct tui_view * v, struct tui_canvas * c);
    static pane_fn *const panes[N_PANES] = {[P_HISTORY] = draw_history,
                                            [P_LIST] = draw_list,
                                            [P_WHY] = draw_why,
                                            [P_PROFILE] = draw_profile};
    const struct users *s = v->state;
    if (s->nothing) {
        tui_data_nothing(c, s->content, "users", s->nothing);
        return;
    }
    if (v->panes[P_USERS].area.h > 0) {
        struct tui_rect body = v->panes[P_USERS].area;
        char title[120];
        snprintf(title, sizeof(title), "users  %s", s->label);
        draw_head(v, c, P_USERS, title, NULL);
        draw_table(v, c, P_USERS, tui_body(body));
    }
    for (int i = P_HISTORY; i < N_PANES; i++) {
        if (v->panes[i].area.h > 0) panes[i](v, c);
    }
    tui_data_rules(v, c, N_PANES);
}

/* The item of the focused detail pane. */
static bool open_item(struct tui_view *v)
{
    struct users *s = v->state;
    char id[256];
    if (v->pane == P_USERS || v->pane == P_PROFILE) return false;
    int32_t row = tui_table_row(&s->t[v->pane]);
    if (row < 0) return false;
    tui_app_go(v->app, "items", tui_grid_row_id(s->t[v->pane].rows, row, id, sizeof(id)));
    return true;
}

static bool request(struct tui_view *v, enum tui_request r, int count)
{
    struct users *s = v->state;
    char said[16];
    (void)count;
    switch (r) {
    case TUI_REQ_TURN:
        v->turn = (v->turn + 1) % N_TURNS;
        return true;
    case TUI_REQ_SEEN:
        s->with_seen = !s->with_seen;
        ask_list(v);
        return true;
    case TUI_REQ_HOW_MANY:
        snprintf(said, sizeof(said), "%d", s->k);
        tui_app_prompt(v->app, r, "how many: ", said);
        return true;
    case TUI_REQ_ANY_USER:
        tui_app_prompt(v->app, r, "user: ", "");
        return true;
    case TUI_REQ_RELOAD:
        load(v, true);
        return true;
    case TUI_REQ_OPEN:
        if (v->pane != P_USERS) return open_item(v);
        show_cursor(v);
        v->pane = P_HISTORY;
        return true;
    default:
        return false;
    }
}

static void text(struct tui_view *v, enum tui_request r, const char *said)
{
    struct users *s = v->state;
    if (r == TUI_REQ_ANY_USER && said[0]) {
        show_anybody(v, said);
    } else if (r == TUI_REQ_HOW_MANY && tui_data_read_k(v->app, said, &s->k)) {
        ask_list(v);
    }
}

static void status(struct tui_view *v, struct rs_str *out)
{
    const struct users *s = v->state;
    const struct tui_table *t = v->panes[v->pane].table;
    if (t && t->rows) tui_table_status(t, v->pane == P_USERS ? "users" : "rows", out);
    if (s->anybody && s->who) rs_str_addf(out, "  shown: user %s", s->who);
}

static void done(struct tui_view *v)
{
    struct users *s = v->state;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_clear(&s->t[i]);
    }
    tui_user_free(s->user);
    tui_list_free(s->list);
    tui_why_free(s->why);
    tui_held_split_release(s->held);
    free(s->who);
    free(s->wanted);
}

const struct tui_view_ops tui_users_ops = {
    .name = "users",
    .title = "Users",
    .context = TUI_USERS,
    .state_size = sizeof(struct users),
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
