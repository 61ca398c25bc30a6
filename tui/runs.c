/*
 * runs - the screen of runs: all of them against a baseline, some side by side, one in detail.
 *
 * The list is one document of `run list`; a comparison asks `compare` for every metric shown, so
 * that what is said about significance is the same as on the command line. Without another choice
 * the baseline is the run that serves.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_view.h"
#include "registry_view.h"
#include "rs/base/mem.h"
#include "run_rows.h"
#include "runs_ask.h"
#include "view.h"

enum { P_RUNS, P_COMPARE, P_METRICS, P_PARAMS, P_CURVE, N_PANES };
enum { T_RUNS, T_COMPARE, T_METRICS, T_PARAMS, N_TABLES };
enum { K_RUNS, K_SHOW, K_COMPARE, K_REGISTER, K_ORDER };
enum { TURN_METRICS, TURN_PARAMS, TURN_CURVE, TURN_COMPARE, N_TURNS }; /* the last where it fits */

struct runs {
    struct tui_table t[N_TABLES];
    struct rs_val *list;     /* {runs, stands, metric} */
    struct rs_val *run;      /* of `run show`: the one of the cursor */
    struct rs_val *compared; /* see tui_compared */
    char *base;              /* run id; NULL: none */
    bool chosen;             /* the base was set by b */
    char **ids;              /* compared, the base first; NULL-ended */
    int n_ids;
    bool only_different;
    enum tui_delta_form form;
    int n_rows[2]; /* of the comparison: that differ, all */
    char *shown;   /* run id of the detail */
    char *wanted;  /* where the cursor is to go once the rows are here */
    double *x, *y; /* [n_curve] loss by step */
    int n_curve;
    bool log_scale;
    enum tui_size size;
};

static const char *const names[N_PANES] = {"runs", "compare", "metrics", "parameters", "curve"};
static const int turned[N_TURNS] = {P_METRICS, P_PARAMS, P_CURVE, P_COMPARE};

static void val_free(void *v)
{
    rs_val_free(v);
}

/* ---- asking ---- */

static const struct rs_val *list_of(const struct runs *s)
{
    return s->list ? rs_val_get(s->list, "runs") : NULL;
}

static const char *metric_of(const struct runs *s)
{
    return s->list ? rs_val_get_str(s->list, "metric", "ndcg_at_10") : "ndcg_at_10";
}

static void load(struct tui_view *v)
{
    tui_worker_submit(tui_app_worker(v->app), v->id, K_RUNS, tui_work_runs, NULL, NULL, val_free);
}

static const char *cursor_id(const struct runs *s)
{
    return tui_sheet_id(s->t[T_RUNS].rows, tui_table_row(&s->t[T_RUNS]));
}

static void show_cursor(struct tui_view *v)
{
    struct runs *s = v->state;
    const char *id = cursor_id(s);
    if (!id[0] || (s->shown && strcmp(s->shown, id) == 0)) return;
    tui_take_text(&s->shown, id);
    const char *const words[] = {id, NULL};
    tui_ask_command(tui_app_worker(v->app), v->id, K_SHOW, "run show", words);
}

static struct tui_compared compared(const struct runs *s)
{
    return (struct tui_compared){s->compared, s->base ? s->base : "", s->form};
}

static void fill_runs(struct tui_view *v)
{
    struct runs *s = v->state;
    int gone = 0;
    struct tui_compared c = compared(s);
    if (!s->list) return;
    tui_table_set(&s->t[T_RUNS], tui_app_worker(v->app),
                  tui_run_rows(list_of(s), rs_val_get(s->list, "stands"), metric_of(s), &c), &gone);
    if (gone) tui_app_toast(v->app, "runs: %d marks were on runs that are no more", gone);
}

static void fill_compare(struct tui_view *v)
{
    struct runs *s = v->state;
    struct tui_compared c = compared(s);
    tui_table_set(&s->t[T_COMPARE], tui_app_worker(v->app),
                  tui_compare_rows(list_of(s), (const char *const *)s->ids, s->n_ids, metric_of(s),
                                   &c, s->only_different, s->n_rows),
                  NULL);
}

/* The base first, then what is marked; without marks the cursor's run. */
static void choose_compared(struct tui_view *v)
{
    struct runs *s = v->state;
    const struct tui_table *t = &s->t[T_RUNS];
    char **ids = rs_xalloc(TUI_MAX_COMPARED + 1, sizeof(*ids));
    int n = 0;
    int marked = 0;
    if (s->base) ids[n++] = rs_xstrdup(s->base);
    for (int32_t i = 0; t->rows && i < t->n_shown; i++) {
        const char *id = tui_sheet_id(t->rows, t->order[i]);
        if (!tui_table_marked(t, t->order[i]) || (s->base && strcmp(id, s->base) == 0)) continue;
        marked++;
        if (n < TUI_MAX_COMPARED) ids[n++] = rs_xstrdup(id);
    }
    if (marked == 0 && cursor_id(s)[0] && (n == 0 || strcmp(ids[0], cursor_id(s)) != 0))
        ids[n++] = rs_xstrdup(cursor_id(s));
    if (marked + 1 > TUI_MAX_COMPARED)
        tui_app_toast(v->app, "compare: %d runs at a time, the first ones are shown",
                      TUI_MAX_COMPARED);
    tui_words_free(s->ids);
    s->ids = ids;
    s->n_ids = n;
}

static void compare(struct tui_view *v)
{
    struct runs *s = v->state;
    choose_compared(v);
    if (s->n_ids < 2) {
        tui_app_toast(v->app, "compare: Space marks runs, b sets the baseline; two are needed");
        return;
    }
    if (!s->base) tui_take_text(&s->base, s->ids[0]);
    struct tui_comparing *c = rs_xalloc(1, sizeof(*c));
    const struct rs_val *run = tui_run_of(list_of(s), s->ids[0]);
    const struct rs_val *metrics = run ? rs_val_get(run, "metrics") : NULL;
    c->n = s->n_ids;
    c->ids = tui_words_copy((const char *const *)s->ids);
    c->metric = rs_xstrdup(metric_of(s));
    c->metrics = rs_val_map();
    rs_val_set_bool(c->metrics, c->metric, true);
    for (size_t i = 0; metrics && i < metrics->n; i++) {
        if (tui_metric_beside(metrics->keys[i], c->metric))
            rs_val_set_bool(c->metrics, metrics->keys[i], true);
    }
    rs_val_free(s->compared);
    s->compared = NULL;
    s->t[T_COMPARE].empty = "comparing";
    fill_compare(v);
    if (s->size != TUI_THREE_PANES) v->turn = TURN_COMPARE; /* there it has a pane of its own */
    tui_worker_submit(tui_app_worker(v->app), v->id, K_COMPARE, tui_work_compare, c,
                      tui_comparing_free, val_free);
}

static void open(struct tui_view *v, const char *arg)
{
    struct runs *s = v->state;
    static const char *const empty[N_TABLES] = {
        "reading runs", "Space marks runs, d compares them with the baseline.", "", ""};
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_init(&s->t[i], v->id, K_ORDER + i, empty[i]);
        v->panes[i].table = &s->t[i];
    }
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].name = names[i];
    }
    if (arg && arg[0]) tui_take_text(&s->wanted, arg);
    fill_compare(v);
    load(v);
}

static void changed(struct tui_view *v)
{
    load(v);
}

static void go_to_wanted(struct tui_view *v)
{
    struct runs *s = v->state;
    const struct rs_val *runs = list_of(s);
    for (size_t i = 0; s->wanted && runs && i < runs->n; i++) {
        const char *id = rs_val_get_str(runs->items[i], "run_id", "");
        if (!rs_str_starts(id, s->wanted)) continue;
        (void)tui_table_go(&s->t[T_RUNS], tui_sheet_key(id));
        break;
    }
    free(s->wanted);
    s->wanted = NULL;
}

static void news(struct tui_view *v, const char *arg)
{
    struct runs *s = v->state;
    if (arg && arg[0]) tui_take_text(&s->wanted, arg);
    if (arg && arg[0]) go_to_wanted(v);
    load(v);
}

/* ---- answers ---- */

/* The run behind @production, else the newest that has the metric. */
static void choose_base(struct runs *s)
{
    const struct rs_val *runs = list_of(s);
    const struct rs_val *stands = rs_val_get(s->list, "stands");
    if (s->base && !tui_run_of(runs, s->base)) s->chosen = false;
    if (s->chosen) return;
    free(s->base);
    s->base = NULL;
    for (size_t i = 0; stands && i < stands->n; i++) {
        if (rs_str_starts(stands->items[i]->s, "@production ")) {
            s->base = rs_xstrdup(stands->keys[i]);
        }
    }
}

static bool read_runs(struct tui_view *v, struct tui_event *e)
{
    struct runs *s = v->state;
    if (s->list && rs_val_equal(s->list, e->out)) return false;
    rs_val_free(s->list);
    s->list = e->out;
    e->out = NULL;
    s->t[T_RUNS].empty = "No runs yet. 4 trains a model.";
    choose_base(s);
    fill_runs(v);
    if (s->wanted) go_to_wanted(v);
    fill_compare(v);
    tui_take_text(&s->shown, ""); /* what is said of it may be new */
    show_cursor(v);
    return true;
}

static void read_curve(struct runs *s)
{
    const struct rs_val *curve = rs_val_get(s->run, "curve");
    free(s->x);
    free(s->y);
    s->n_curve = curve ? (int)curve->n : 0;
    s->x = rs_xalloc((size_t)s->n_curve + 1, sizeof(*s->x));
    s->y = rs_xalloc((size_t)s->n_curve + 1, sizeof(*s->y));
    for (int i = 0; i < s->n_curve; i++) {
        s->x[i] = (double)rs_val_get_int(curve->items[i], "step", 0);
        s->y[i] = rs_val_get_real(curve->items[i], "value", (double)NAN);
    }
}

static bool read_show(struct tui_view *v, struct tui_event *e)
{
    struct runs *s = v->state;
    struct rs_result *r = e->out;
    if (!s->shown || strcmp(rs_val_get_str(r->doc, "run_id", ""), s->shown) != 0) return false;
    rs_val_free(s->run);
    s->run = tui_take_doc(r);
    s->t[T_METRICS].empty = "No metrics: the run was not evaluated. 4 trains and evaluates.";
    s->t[T_PARAMS].empty = "No parameters.";
    tui_table_set(&s->t[T_METRICS], tui_app_worker(v->app), tui_metric_rows(s->run, metric_of(s)),
                  NULL);
    tui_table_set(&s->t[T_PARAMS], tui_app_worker(v->app), tui_param_rows(s->run), NULL);
    read_curve(s);
    return true;
}

static bool read_compared(struct tui_view *v, struct tui_event *e)
{
    struct runs *s = v->state;
    rs_val_free(s->compared);
    s->compared = e->out;
    e->out = NULL;
    fill_runs(v);
    fill_compare(v);
    const char *why = rs_val_get_str(s->compared, "why", NULL);
    if (why) tui_app_toast(v->app, "compare: no test of significance: %s", why);
    return true;
}

static bool read_event(struct tui_view *v, struct tui_event *e)
{
    struct runs *s = v->state;
    if (e->rc) {
        tui_app_error(v->app, e->kind == K_REGISTER ? "register" : "runs", &e->err);
        if (e->kind == K_RUNS && !s->list) {
            s->t[T_RUNS].empty = "The runs could not be read. e says why, R tries again.";
        }
        return true;
    }
    for (int i = 0; i < N_TABLES; i++) {
        if (!tui_table_read(&s->t[i], e)) continue;
        if (i == T_RUNS) show_cursor(v);
        return true;
    }
    if (!e->out) return false;
    switch (e->kind) {
    case K_RUNS:
        return read_runs(v, e);
    case K_SHOW:
        return read_show(v, e);
    case K_COMPARE:
        return read_compared(v, e);
    case K_REGISTER:
        tui_toast_result(v->app, e->out);
        load(v);
        return true;
    default:
        return false;
    }
}

static void select_row(struct tui_view *v)
{
    if (v->pane == P_RUNS) show_cursor(v);
}

/* ---- layout and drawing ---- */

static void layout_wide(struct tui_view *v, struct tui_rect content)
{
    struct tui_rect lower;
    int pane = turned[v->turn % N_TURNS];
    tui_split_down(content, 0.48, &v->panes[P_RUNS].area, &lower);
    tui_split_across(lower, 0.56, v->border, &v->panes[P_COMPARE].area, &v->panes[P_METRICS].area);
    if (pane == P_COMPARE) pane = P_METRICS;
    v->panes[pane].area = v->panes[P_METRICS].area;
    if (pane != P_METRICS) v->panes[P_METRICS].area = (struct tui_rect){0};
}

static void layout(struct tui_view *v, struct tui_rect content)
{
    struct runs *s = v->state;
    int pane = turned[v->turn % N_TURNS];
    s->size = tui_data_size(content);
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].area = (struct tui_rect){0};
        v->panes[i].takes_keys = i == P_RUNS || i == pane;
    }
    if (s->size == TUI_THREE_PANES) {
        layout_wide(v, content);
        for (int i = 0; i < N_PANES; i++) {
            v->panes[i].takes_keys = v->panes[i].area.h > 0;
        }
    }
    if (!v->panes[v->pane].takes_keys) v->pane = pane; /* it was turned away under the focus */
    if (!v->panes[v->pane].takes_keys) v->pane = P_RUNS;
    if (s->size == TUI_TWO_PANES) {
        tui_split_down(content, 0.45, &v->panes[P_RUNS].area, &v->panes[pane].area);
    } else if (s->size != TUI_THREE_PANES) {
        v->panes[v->pane].area = content;
    }
}

static void draw_head(const struct tui_view *v, struct tui_canvas *c, int pane, const char *title)
{
    struct tui_rect row = v->panes[pane].area;
    row.h = row.h > 0;
    tui_head(c, row, title, NULL, v->pane == pane);
}

static void compare_title(const struct runs *s, char *buf, size_t size)
{
    static const char *const forms[TUI_DELTA_FORMS] = {"difference", "percent", "p"};
    int64_t users = s->compared ? rs_val_get_int(s->compared, "users", 0) : 0;
    if (s->n_ids < 2) {
        snprintf(buf, size, "compare");
    } else if (users) {
        snprintf(buf, size, "compare %d runs, %d of %d rows differ  %s, paired over %lld users",
                 s->n_ids, s->n_rows[0], s->n_rows[1], forms[s->form], (long long)users);
    } else {
        snprintf(buf, size, "compare %d runs, %d of %d rows differ  %s", s->n_ids, s->n_rows[0],
                 s->n_rows[1], forms[s->form]);
    }
}

static void draw_curve(struct tui_view *v, struct tui_canvas *c)
{
    const struct runs *s = v->state;
    struct tui_rect area = v->panes[P_CURVE].area;
    if (s->n_curve == 0) {
        struct tui_rect body = tui_body(area);
        draw_head(v, c, P_CURVE, "loss");
        tui_put(c, body, body.x + 1, body.y, "No curve: the model has no epochs.", TUI_DIM, 0);
        return;
    }
    const struct tui_series series = {.x = s->x, .y = s->y, .n = s->n_curve, .letter = 'a'};
    const struct tui_chart chart = {.title = "loss",
                                    .series = &series,
                                    .n = 1,
                                    .lower_is_better = true,
                                    .log_scale = s->log_scale,
                                    .whole_x = true,
                                    .focused = v->pane == P_CURVE,
                                    .cursor = -1};
    tui_chart_draw(&chart, c, area);
}

static void draw(struct tui_view *v, struct tui_canvas *c)
{
    const struct runs *s = v->state;
    char title[160];
    for (int i = 0; i < P_CURVE; i++) {
        if (v->panes[i].area.h <= 0) continue;
        if (i == P_COMPARE) {
            compare_title(s, title, sizeof(title));
        } else if (i == P_RUNS) {
            snprintf(title, sizeof(title), "runs  baseline %.12s", s->base ? s->base : "none");
        } else {
            snprintf(title, sizeof(title), "%.12s  %s", s->shown ? s->shown : "", names[i]);
        }
        draw_head(v, c, i, title);
        tui_table_draw(v->panes[i].table, c, tui_body(v->panes[i].area), v->pane == i);
    }
    if (v->panes[P_CURVE].area.h > 0) draw_curve(v, c);
    tui_data_rules(v, c, N_PANES);
}

/* ---- requests ---- */

static void set_base(struct tui_view *v)
{
    struct runs *s = v->state;
    if (!cursor_id(s)[0]) {
        tui_app_toast(v->app, "baseline: no run here");
        return;
    }
    tui_take_text(&s->base, cursor_id(s));
    s->chosen = true;
    fill_runs(v);
    if (s->n_ids >= 2) compare(v);
}

static void register_run(struct tui_view *v)
{
    struct runs *s = v->state;
    if (!cursor_id(s)[0]) {
        tui_app_toast(v->app, "register: no run here");
        return;
    }
    const char *const words[] = {"--run", cursor_id(s), NULL};
    tui_ask_command(tui_app_worker(v->app), v->id, K_REGISTER, "model register", words);
}

static void to_train(struct tui_view *v)
{
    struct runs *s = v->state;
    if (cursor_id(s)[0]) {
        tui_app_go(v->app, "train", cursor_id(s));
    } else {
        tui_app_toast(v->app, "train form: no run here");
    }
}

static bool request(struct tui_view *v, enum tui_request r, int count)
{
    struct runs *s = v->state;
    (void)count;
    switch (r) {
    case TUI_REQ_TURN:
        v->turn = (v->turn + 1) % (s->size == TUI_THREE_PANES ? TURN_COMPARE : N_TURNS);
        return true;
    case TUI_REQ_BASELINE:
        set_base(v);
        return true;
    case TUI_REQ_COMPARE:
        compare(v);
        return true;
    case TUI_REQ_DIFFERENT:
        s->only_different = !s->only_different;
        fill_compare(v);
        return true;
    case TUI_REQ_DELTA_FORM:
        s->form = (enum tui_delta_form)((s->form + 1) % TUI_DELTA_FORMS);
        fill_runs(v);
        fill_compare(v);
        return true;
    case TUI_REQ_REGISTER:
        register_run(v);
        return true;
    case TUI_REQ_TO_TRAIN:
        to_train(v);
        return true;
    case TUI_REQ_LOG_SCALE:
        s->log_scale = !s->log_scale;
        return true;
    case TUI_REQ_RELOAD:
        load(v);
        return true;
    case TUI_REQ_OPEN:
        if (v->pane != P_RUNS) return false;
        show_cursor(v);
        v->turn = v->turn == TURN_COMPARE ? TURN_METRICS : v->turn;
        v->pane = turned[v->turn];
        return true;
    default:
        return false;
    }
}

static void status(struct tui_view *v, struct rs_str *out)
{
    const struct runs *s = v->state;
    const struct tui_table *t = v->panes[v->pane].table;
    if (t && t->rows) tui_table_status(t, v->pane == P_RUNS ? "runs" : "rows", out);
    if (s->only_different && v->pane == P_COMPARE) rs_str_add(out, "  only rows that differ");
}

static void done(struct tui_view *v)
{
    struct runs *s = v->state;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_clear(&s->t[i]);
    }
    rs_val_free(s->list);
    rs_val_free(s->run);
    rs_val_free(s->compared);
    tui_words_free(s->ids);
    free(s->base);
    free(s->shown);
    free(s->wanted);
    free(s->x);
    free(s->y);
}

const struct tui_view_ops tui_runs_ops = {
    .name = "runs",
    .title = "Runs",
    .context = TUI_RUNS,
    .state_size = sizeof(struct runs),
    .n_panes = N_PANES,
    .open = open,
    .news = news,
    .read = read_event,
    .layout = layout,
    .draw = draw,
    .request = request,
    .select = select_row,
    .status = status,
    .done = done,
    .changed = changed,
};
