/*
 * models - the screen of versions: what serves, what could, where each comes from and who decided.
 *
 * Nothing in production changes by one key: promoting and rolling back first ask what would happen,
 * show it in a dialog, and do exactly that once the version's name was typed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_view.h"
#include "registry_view.h"
#include "rs/base/mem.h"
#include "run_rows.h"
#include "view.h"

enum { P_VERSIONS, P_LINEAGE, P_METRICS, P_AUDIT, N_PANES }; /* a table each */
enum { N_TABLES = N_PANES, N_TURNS = 3 };
enum { K_MODELS, K_SHOW, K_GATE, K_BACK, K_ACT, K_ARCHIVE, K_VERIFY, K_ORDER };
enum { D_PROMOTE = 1, D_ROLL_BACK };

struct models {
    struct tui_table t[N_TABLES];
    struct rs_val *list;    /* {versions, history} */
    struct rs_val *version; /* of `model show`: the one of the cursor */
    char *shown;            /* number of the detail */
    char *wanted;           /* where the cursor is to go once the rows are here */
    uint32_t asked_by;      /* key that the verdict was asked with */
    char *target;           /* number that the open dialog is about */
    bool force;             /* the gate refused it */
    char *acting;           /* "v8": what a running act is about */
    enum tui_size size;
};

static const char *const names[N_PANES] = {"versions", "lineage", "metrics", "audit trail"};

static void val_free(void *v)
{
    rs_val_free(v);
}

static enum rs_code work_models(struct tui_work *w, struct rs_err *err)
{
    static const char *const all[] = {"--limit", "1000000"};
    struct rs_val *out = rs_val_map();
    w->out = out;
    enum rs_code rc = tui_call(w, "model list", NULL, 0, "versions", out, err);
    if (!rc) rc = tui_call(w, "model history", all, 2, "history", out, err);
    return rc;
}

static void load(struct tui_view *v)
{
    tui_worker_submit_as(tui_app_worker(v->app), TUI_WORK_PURE, v->id, K_MODELS, work_models, NULL,
                         NULL, val_free);
}

static void ask(struct tui_view *v, int kind, const char *name, const char *const *words)
{
    tui_ask_command(tui_app_worker(v->app), v->id, kind, name, words);
}

static const char *cursor_id(const struct models *s)
{
    return tui_sheet_id(s->t[P_VERSIONS].rows, tui_table_row(&s->t[P_VERSIONS]));
}

static void show_cursor(struct tui_view *v)
{
    struct models *s = v->state;
    const char *id = cursor_id(s);
    if (!id[0] || (s->shown && strcmp(s->shown, id) == 0)) return;
    tui_take_text(&s->shown, id);
    const char *const words[] = {id, NULL};
    ask(v, K_SHOW, "model show", words);
}

static void open(struct tui_view *v, const char *arg)
{
    struct models *s = v->state;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_init(&s->t[i], v->id, K_ORDER + i, "");
        v->panes[i].table = &s->t[i];
        v->panes[i].name = names[i];
    }
    s->t[P_VERSIONS].empty = "reading versions";
    if (arg && arg[0]) tui_take_text(&s->wanted, arg);
    load(v);
}

static void changed(struct tui_view *v)
{
    load(v);
}

/* "v8" or "8" */
static void go_to_wanted(struct tui_view *v)
{
    struct models *s = v->state;
    const char *id = s->wanted ? s->wanted : "";
    id += id[0] == 'v';
    if (id[0]) (void)tui_table_go(&s->t[P_VERSIONS], tui_sheet_key(id));
    free(s->wanted);
    s->wanted = NULL;
}

static void news(struct tui_view *v, const char *arg)
{
    struct models *s = v->state;
    if (arg && arg[0]) {
        tui_take_text(&s->wanted, arg);
        go_to_wanted(v);
    }
    load(v);
}

/* ---- answers ---- */

static const struct rs_val *history_of(const struct models *s)
{
    return s->list ? rs_val_get(s->list, "history") : NULL;
}

static const struct rs_val *versions_of(const struct models *s)
{
    return s->list ? rs_val_get(s->list, "versions") : NULL;
}

/* NULL: not there. */
static const struct rs_val *version_of(const struct models *s, int64_t number)
{
    const struct rs_val *versions = versions_of(s);
    for (size_t i = 0; versions && i < versions->n; i++) {
        if (rs_val_get_int(versions->items[i], "version", 0) == number) return versions->items[i];
    }
    return NULL;
}

static bool read_models(struct tui_view *v, struct tui_event *e)
{
    struct models *s = v->state;
    int gone = 0;
    struct tui_worker *w = tui_app_worker(v->app);
    if (s->list && rs_val_equal(s->list, e->out)) return false;
    rs_val_free(s->list);
    s->list = e->out;
    e->out = NULL;
    s->t[P_VERSIONS].empty = "No versions yet. 6 lists runs; P there makes a version of one.";
    s->t[P_AUDIT].empty = "Nothing was done yet.";
    tui_table_set(&s->t[P_VERSIONS], w, tui_version_rows(versions_of(s), history_of(s)), &gone);
    tui_table_set(&s->t[P_AUDIT], w, tui_audit_rows(history_of(s)), NULL);
    if (gone) tui_app_toast(v->app, "models: %d marks were on versions that are no more", gone);
    if (s->wanted) go_to_wanted(v);
    tui_take_text(&s->shown, ""); /* what is said of it may be new */
    show_cursor(v);
    return true;
}

static bool read_show(struct tui_view *v, struct tui_event *e)
{
    struct models *s = v->state;
    struct tui_worker *w = tui_app_worker(v->app);
    struct rs_result *r = e->out;
    char id[32];
    snprintf(id, sizeof(id), "%" PRId64, rs_val_get_int(r->doc, "version", 0));
    if (!s->shown || strcmp(id, s->shown) != 0) return false;
    rs_val_free(s->version);
    s->version = tui_take_doc(r);
    const struct rs_val *run = rs_val_get(s->version, "run");
    s->t[P_METRICS].empty = "No metrics: the run was not evaluated.";
    tui_table_set(&s->t[P_LINEAGE], w, tui_lineage_rows(s->version), NULL);
    if (run) {
        const char *metric = tui_version_metric(versions_of(s));
        tui_table_set(&s->t[P_METRICS], w, tui_metric_rows(run, metric), NULL);
    }
    return true;
}

/* "@production since 2026-02-10 09:12 by mira"; "" where the journal does not say. */
static void since_text(const struct models *s, const struct rs_val *doc, char *buf, size_t size)
{
    char when[24];
    const struct rs_val *history = history_of(s);
    const char *alias = rs_val_get_str(doc, "alias", "");
    int64_t from = rs_val_get_int(doc, "from_version", 0);
    buf[0] = '\0';
    for (size_t i = 0; from && history && i < history->n; i++) {
        const struct rs_val *line = history->items[i];
        if (rs_val_get_int(line, "version", 0) != from ||
            strcmp(rs_val_get_str(line, "alias", ""), alias) != 0)
            continue;
        snprintf(buf, size, "@%s since %s by %s", alias,
                 tui_time_text(rs_val_get_int(line, "time_ms", 0), when),
                 rs_val_get_str(line, "actor", ""));
        return;
    }
}

/* What would happen is known: ask for the word that makes it happen. */
static void open_dialog(struct tui_view *v, const struct rs_val *doc, bool back)
{
    struct models *s = v->state;
    char since[160];
    char word[32];
    char title[96];
    bool pass = true;
    int64_t to = rs_val_get_int(doc, "version", 0);
    if (to == rs_val_get_int(doc, "from_version", 0)) {
        tui_app_toast(v->app, "promote: v%" PRId64 " is @%s already", to,
                      rs_val_get_str(doc, "alias", ""));
        return;
    }
    since_text(s, doc, since, sizeof(since));
    snprintf(word, sizeof(word), "v%" PRId64, to);
    const struct rs_val *version = version_of(s, to);
    const char *model = version ? rs_val_get_str(version, "model", "") : "";
    snprintf(title, sizeof(title),
             back ? "Roll back production to %.40s %s" : "Promote %.40s %s to production", model,
             word);
    char **lines = back ? tui_rollback_lines(doc, since) : tui_promote_lines(doc, since, &pass);
    tui_take_text(&s->target, word + 1);
    s->force = !pass;
    tui_app_dialog(v->app, back ? D_ROLL_BACK : D_PROMOTE,
                   tui_dialog_new(TUI_DIALOG_WORD, title, (const char *const *)lines, word, NULL,
                                  true, !pass, s->asked_by));
    tui_words_free(lines);
}

static void read_archived(struct tui_view *v, const struct rs_result *r)
{
    char number[32];
    char what[64];
    int64_t version = rs_val_get_int(r->doc, "version", 0);
    snprintf(number, sizeof(number), "%" PRId64, version);
    snprintf(what, sizeof(what), "v%s archived", number);
    const char *const undo[] = {number, "--undo", NULL};
    tui_app_did(v->app, what, "model archive", undo);
    load(v);
}

static bool read_event(struct tui_view *v, struct tui_event *e)
{
    static const char *const where[] = {"models", "models",  "promote", "roll back",
                                        "models", "archive", "verify"};
    struct models *s = v->state;
    if (e->rc) {
        tui_app_error(v->app, e->kind < K_ORDER ? where[e->kind] : "models", &e->err);
        if (e->kind == K_MODELS && !s->list)
            s->t[P_VERSIONS].empty = "The versions could not be read. e says why, R tries again.";
        return true;
    }
    for (int i = 0; i < N_TABLES; i++) {
        if (!tui_table_read(&s->t[i], e)) continue;
        if (i == P_VERSIONS) show_cursor(v);
        return true;
    }
    if (!e->out) return false;
    const struct rs_result *r = e->out;
    switch (e->kind) {
    case K_MODELS:
        return read_models(v, e);
    case K_SHOW:
        return read_show(v, e);
    case K_GATE:
    case K_BACK:
        open_dialog(v, r->doc, e->kind == K_BACK);
        return true;
    case K_ARCHIVE:
        read_archived(v, r);
        return true;
    case K_ACT:
        tui_toast_result(v->app, r);
        load(v);
        return true;
    case K_VERIFY:
        tui_app_toast(v->app, "%s is whole: every byte is as it was written",
                      s->acting ? s->acting : "the file");
        return true;
    default:
        return false;
    }
}

static void select_row(struct tui_view *v)
{
    if (v->pane == P_VERSIONS) show_cursor(v);
}

/* ---- layout and drawing ---- */

static void layout(struct tui_view *v, struct tui_rect content)
{
    struct models *s = v->state;
    int pane = P_LINEAGE + v->turn % N_TURNS;
    s->size = tui_data_size(content);
    if (s->size == TUI_THREE_PANES && pane == P_AUDIT) pane = P_LINEAGE; /* it is there anyhow */
    for (int i = 0; i < N_PANES; i++) {
        v->panes[i].area = (struct tui_rect){0};
        v->panes[i].takes_keys = i == P_VERSIONS || i == pane;
    }
    if (s->size == TUI_THREE_PANES) v->panes[P_AUDIT].takes_keys = true;
    if (!v->panes[v->pane].takes_keys) v->pane = pane; /* it was turned away under the focus */
    if (s->size == TUI_THREE_PANES) {
        struct tui_rect upper;
        tui_split_down(content, 0.6, &upper, &v->panes[P_AUDIT].area);
        tui_split_across(upper, 0.56, v->border, &v->panes[P_VERSIONS].area, &v->panes[pane].area);
    } else if (s->size == TUI_TWO_PANES) {
        tui_split_down(content, 0.45, &v->panes[P_VERSIONS].area, &v->panes[pane].area);
    } else {
        v->panes[v->pane].area = content;
    }
}

static void draw(struct tui_view *v, struct tui_canvas *c)
{
    struct models *s = v->state;
    char title[96];
    for (int i = 0; i < N_PANES; i++) {
        struct tui_rect row = v->panes[i].area;
        if (row.h <= 0) continue;
        row.h = 1;
        bool own = i == P_LINEAGE || i == P_METRICS;
        snprintf(title, sizeof(title), "%s%.20s%s%s", own && s->shown ? "v" : "",
                 own && s->shown ? s->shown : "", own && s->shown ? "  " : "", names[i]);
        tui_head(c, row, title, NULL, v->pane == i);
        tui_table_draw(&s->t[i], c, tui_body(v->panes[i].area), v->pane == i);
    }
    tui_data_rules(v, c, N_PANES);
}

/* ---- requests ---- */

static void ask_gate(struct tui_view *v)
{
    struct models *s = v->state;
    const char *const words[] = {cursor_id(s), "--dry-run", NULL};
    if (!words[0][0]) {
        tui_app_toast(v->app, "promote: no version here; 6 lists runs, P there makes one");
        return;
    }
    s->asked_by = tui_app_last_key(v->app);
    tui_app_toast(v->app, "promote: asking the gate about v%s", words[0]);
    ask(v, K_GATE, "model promote", words);
}

static void ask_back(struct tui_view *v)
{
    struct models *s = v->state;
    static const char *const words[] = {"--dry-run", NULL};
    s->asked_by = tui_app_last_key(v->app);
    ask(v, K_BACK, "model rollback", words);
}

static void archive(struct tui_view *v)
{
    struct models *s = v->state;
    const char *const words[] = {cursor_id(s), NULL};
    int64_t number = 0;
    (void)rs_str_to_i64(words[0], &number);
    const struct rs_val *version = version_of(s, number);
    if (!version) {
        tui_app_toast(v->app, "archive: no version here");
    } else if (strcmp(rs_val_get_str(version, "stage", ""), "archived") == 0) {
        tui_app_toast(v->app, "archive: v%s is archived already", words[0]);
    } else {
        ask(v, K_ARCHIVE, "model archive", words);
    }
}

static void verify(struct tui_view *v)
{
    struct models *s = v->state;
    char name[32];
    const char *const words[] = {cursor_id(s), NULL};
    if (!words[0][0]) {
        tui_app_toast(v->app, "verify: no version here");
        return;
    }
    snprintf(name, sizeof(name), "v%.24s", words[0]);
    tui_take_text(&s->acting, name);
    ask(v, K_VERIFY, "model verify", words);
}

static bool request(struct tui_view *v, enum tui_request r, int count)
{
    (void)count;
    switch (r) {
    case TUI_REQ_TURN:
        v->turn = (v->turn + 1) % N_TURNS;
        return true;
    case TUI_REQ_PROMOTE:
        ask_gate(v);
        return true;
    case TUI_REQ_ROLL_BACK:
        ask_back(v);
        return true;
    case TUI_REQ_ARCHIVE:
        archive(v);
        return true;
    case TUI_REQ_VERIFY:
        verify(v);
        return true;
    case TUI_REQ_RELOAD:
        load(v);
        return true;
    case TUI_REQ_OPEN:
        if (v->pane != P_VERSIONS) return false;
        show_cursor(v);
        v->pane = P_LINEAGE + v->turn % N_TURNS;
        return true;
    default:
        return false;
    }
}

static void answer(struct tui_view *v, int what, enum tui_dialog_answer a, const char *note,
                   char choice)
{
    struct models *s = v->state;
    const char *words[6] = {NULL};
    size_t n = 0;
    (void)choice;
    if (a != TUI_YES || !s->target) return;
    if (what == D_ROLL_BACK) words[n++] = "--to";
    words[n++] = s->target;
    if (note && note[strspn(note, " ")]) {
        words[n++] = "--reason";
        words[n++] = note;
    }
    if (what == D_PROMOTE && s->force) words[n++] = "--force";
    ask(v, K_ACT, what == D_ROLL_BACK ? "model rollback" : "model promote", words);
}

static void status(struct tui_view *v, struct rs_str *out)
{
    const struct tui_table *t = v->panes[v->pane].table;
    if (t && t->rows) tui_table_status(t, v->pane == P_VERSIONS ? "versions" : "rows", out);
}

static void done(struct tui_view *v)
{
    struct models *s = v->state;
    for (int i = 0; i < N_TABLES; i++) {
        tui_table_clear(&s->t[i]);
    }
    rs_val_free(s->list);
    rs_val_free(s->version);
    free(s->shown);
    free(s->wanted);
    free(s->target);
    free(s->acting);
}

const struct tui_view_ops tui_models_ops = {
    .name = "models",
    .title = "Models",
    .context = TUI_MODELS,
    .state_size = sizeof(struct models),
    .n_panes = N_PANES,
    .open = open,
    .news = news,
    .read = read_event,
    .layout = layout,
    .draw = draw,
    .request = request,
    .select = select_row,
    .answer = answer,
    .status = status,
    .done = done,
    .changed = changed,
};
