/*
 * form - fields over rows of a parameter table, several on a line as the width allows.
 *
 * A field knows at any time whether its text passes its row: what is wrong is found when a key
 * changes it, so that drawing only shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "rs/base/mem.h"
#include "widgets.h"

struct field {
    char *key;
    const struct rs_param *row;
    struct tui_edit edit;
    char *before; /* while it is edited: what Esc brings back */
    char *help;   /* "factors: length of … (integer 1..1024, default 64)" */
    char wrong[200];
    int x, line; /* within the form, as last placed */
};

struct tui_form {
    struct field *fields;
    int n, cap;
    int at;
    bool editing;
    int width; /* of the last placing */
    int n_lines;
};

enum { GAP = 1, MIN_BOX = 2, FRAME = 2 /* [ ] */ };

struct tui_form *tui_form_new(void)
{
    return rs_xalloc(1, sizeof(struct tui_form));
}

static void field_clear(struct field *fd)
{
    free(fd->key);
    free(fd->before);
    free(fd->help);
    tui_edit_clear(&fd->edit);
    *fd = (struct field){0};
}

void tui_form_free(struct tui_form *f)
{
    if (!f) return;
    for (int i = 0; i < f->n; i++)
        field_clear(&f->fields[i]);
    free(f->fields);
    free(f);
}

static struct field *find(const struct tui_form *f, const char *key)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->fields[i].key, key) == 0) return &f->fields[i];
    return NULL;
}

/* An empty field of a row without a default is unset, which is fine. */
static enum rs_code check(const struct field *fd, struct rs_err *err)
{
    const char *text = tui_edit_text(&fd->edit);
    if (*text == '\0' && !fd->row->dflt) return RS_OK;
    return rs_param_check(fd->row, text, err);
}

static void judge(struct field *fd)
{
    struct rs_err err = {0};
    fd->wrong[0] = '\0';
    if (check(fd, &err)) snprintf(fd->wrong, sizeof(fd->wrong), "%.*s", 199, err.msg);
}

static char *help_of(const struct rs_param *row)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_addf(&s, "%s: %s (", row->name, row->help ? row->help : "");
    rs_param_describe(row, &s);
    rs_str_addc(&s, ')');
    return rs_str_take(&s);
}

void tui_form_add(struct tui_form *f, const char *key, const struct rs_param *p, const char *value)
{
    if (f->n == f->cap) {
        int cap = f->cap ? 2 * f->cap : 16;
        struct field *grown = rs_xalloc((size_t)cap, sizeof(*grown));
        if (f->n) memcpy(grown, f->fields, (size_t)f->n * sizeof(*grown));
        free(f->fields);
        f->fields = grown;
        f->cap = cap;
    }
    struct field *fd = &f->fields[f->n++];
    *fd = (struct field){.key = rs_xstrdup(key), .row = p, .help = help_of(p)};
    const char *text = value ? value : p->dflt;
    tui_edit_set(&fd->edit, text ? text : "");
    judge(fd);
    f->width = 0;
}

const char *tui_form_text(const struct tui_form *f, const char *key)
{
    const struct field *fd = find(f, key);
    return fd ? tui_edit_text(&fd->edit) : NULL;
}

void tui_form_set(struct tui_form *f, const char *key, const char *value)
{
    struct field *fd = find(f, key);
    if (!fd) return;
    tui_edit_set(&fd->edit, value);
    judge(fd);
    f->width = 0;
}

void tui_form_remove_from(struct tui_form *f, const char *key)
{
    const struct field *from = find(f, key);
    if (!from) return;
    int keep = (int)(from - f->fields);
    for (int i = keep; i < f->n; i++)
        field_clear(&f->fields[i]);
    f->n = keep;
    if (f->at >= f->n) {
        f->at = f->n > 0 ? f->n - 1 : 0;
        f->editing = false;
    }
    f->width = 0;
}

bool tui_form_editing(const struct tui_form *f)
{
    return f->editing;
}

enum rs_code tui_form_check(const struct tui_form *f, struct rs_err *err)
{
    for (int i = 0; i < f->n; i++) {
        enum rs_code rc = check(&f->fields[i], err);
        if (rc) return rc;
    }
    return RS_OK;
}

/* ---- places ---- */

static bool turns(const struct field *fd)
{
    return fd->row->type == RS_PARAM_CHOICE || fd->row->type == RS_PARAM_BOOL;
}

/* Columns of the value between its brackets; an edited one has room for the cursor. */
static int box_width(const struct tui_form *f, int i, int width)
{
    const struct field *fd = &f->fields[i];
    int w = tui_text_width(tui_edit_text(&fd->edit)) + (f->editing && i == f->at);
    int most = width - tui_text_width(fd->row->name) - FRAME - 3; /* mark, blank, "!" */
    w = w > most ? most : w;
    return w < MIN_BOX ? MIN_BOX : w;
}

/* "factors [96] " with a column in front for the mark and one behind for "!". */
static int field_width(const struct tui_form *f, int i, int width)
{
    return 1 + tui_text_width(f->fields[i].row->name) + 1 + box_width(f, i, width) + FRAME + GAP;
}

static void place(struct tui_form *f, int width)
{
    int x = 0;
    int line = 0;
    for (int i = 0; i < f->n; i++) {
        int w = field_width(f, i, width);
        if (x > 0 && x + w > width) {
            x = 0;
            line++;
        }
        f->fields[i].x = x;
        f->fields[i].line = line;
        x += w;
    }
    f->n_lines = f->n > 0 ? line + 1 : 0;
    f->width = width;
}

/* ---- keys ---- */

static void begin(struct tui_form *f)
{
    struct field *fd = &f->fields[f->at];
    if (turns(fd)) return;
    f->editing = true;
    free(fd->before);
    fd->before = rs_xstrdup(tui_edit_text(&fd->edit));
    fd->edit.at = fd->edit.text.len;
}

/* Ends editing; true: the value is another one. */
static bool end(struct tui_form *f, bool keep)
{
    struct field *fd = &f->fields[f->at];
    f->editing = false;
    if (!keep) {
        tui_edit_set(&fd->edit, fd->before ? fd->before : "");
        judge(fd);
    }
    return keep && !rs_str_eq(fd->before, tui_edit_text(&fd->edit));
}

/* The ith of "a|b|c"; NULL behind the last. */
static const char *choice(const char *choices, int i, size_t *len_out)
{
    for (; i > 0; i--) {
        choices = strchr(choices, '|');
        if (!choices) return NULL;
        choices++;
    }
    *len_out = strcspn(choices, "|");
    return choices;
}

/* The choice `by` places on, round the end; an unset one begins at its side. */
static void turn_choice(struct field *fd, int by)
{
    const char *text = tui_edit_text(&fd->edit);
    const char *choices = fd->row->choices;
    size_t len;
    int n = 0;
    int now = -1;
    for (const char *c; (c = choice(choices, n, &len)) != NULL; n++)
        if (strlen(text) == len && memcmp(c, text, len) == 0) now = n;
    int to = now >= 0 ? (now + by + n) % n : by > 0 ? 0 : n - 1;
    const char *c = choice(choices, to, &len);
    char *word = rs_xstrndup(c ? c : "", c ? len : 0);
    tui_edit_set(&fd->edit, word);
    free(word);
}

static void turn(struct field *fd, int by)
{
    if (fd->row->type == RS_PARAM_BOOL) {
        bool on = false;
        if (!rs_str_to_bool(tui_edit_text(&fd->edit), &on)) on = false;
        tui_edit_set(&fd->edit, on ? "false" : "true");
    } else {
        turn_choice(fd, by);
    }
    judge(fd);
}

/* A number by the row's step; what would not pass stays. */
static bool add_step(struct field *fd, int by)
{
    double v;
    if (!(fd->row->step > 0) || !rs_str_to_double(tui_edit_text(&fd->edit), &v)) return false;
    struct rs_str s;
    struct rs_err ignored = {0};
    rs_str_init(&s, 0);
    rs_str_add_double(&s, v + by * fd->row->step);
    bool fine = rs_param_check(fd->row, rs_str_text(&s), &ignored) == RS_OK;
    if (fine) tui_edit_set(&fd->edit, rs_str_text(&s));
    rs_str_clear(&s);
    judge(fd);
    return fine;
}

/* To the nearest field of another line. */
static void go_line(struct tui_form *f, int by)
{
    const struct field *from = &f->fields[f->at];
    if (f->width == 0) place(f, 80);
    int best = -1;
    for (int i = 0; i < f->n; i++) {
        if (f->fields[i].line != from->line + by) continue;
        if (best < 0 || abs(f->fields[i].x - from->x) < abs(f->fields[best].x - from->x)) best = i;
    }
    if (best >= 0) f->at = best;
}

static bool go(struct tui_form *f, int by)
{
    if (f->at + by < 0 || f->at + by >= f->n) return false;
    f->at += by;
    return true;
}

static bool key_editing(struct tui_form *f, const struct tui_key *k, bool *changed)
{
    struct field *fd = &f->fields[f->at];
    switch (k->code) {
    case TUI_KEY_ENTER:
        if (!k->held && fd->wrong[0] == '\0') *changed = end(f, true);
        return true;
    case TUI_KEY_ESC:
        end(f, false);
        return true;
    case TUI_KEY_TAB:
    case TUI_KEY_BACKTAB:
    case TUI_KEY_UP:
    case TUI_KEY_DOWN:
        *changed = end(f, true);
        if (k->code == TUI_KEY_UP || k->code == TUI_KEY_DOWN) {
            go_line(f, k->code == TUI_KEY_UP ? -1 : 1);
        } else if (go(f, k->code == TUI_KEY_TAB ? 1 : -1)) {
            begin(f);
        }
        return true;
    default:
        if (!tui_edit_key(&fd->edit, k)) return false;
        judge(fd);
        return true;
    }
}

static bool key_moving(struct tui_form *f, const struct tui_key *k, bool *changed)
{
    struct field *fd = &f->fields[f->at];
    int by = k->code == TUI_KEY_LEFT || k->code == 'h' || k->code == '-' ? -1 : 1;
    switch (k->code) {
    case TUI_KEY_TAB:
        return go(f, 1);
    case TUI_KEY_BACKTAB:
        return go(f, -1);
    case TUI_KEY_UP:
    case 'k':
        go_line(f, -1);
        return true;
    case TUI_KEY_DOWN:
    case 'j':
        go_line(f, 1);
        return true;
    case TUI_KEY_LEFT:
    case TUI_KEY_RIGHT:
    case 'h':
    case 'l':
        *changed = turns(fd);
        if (*changed) {
            turn(fd, by);
        } else {
            go(f, by);
        }
        return true;
    case TUI_KEY_HOME:
    case TUI_KEY_END:
        f->at = k->code == TUI_KEY_HOME ? 0 : f->n - 1;
        return true;
    case '+':
    case '-':
        *changed = add_step(fd, by);
        return *changed;
    case TUI_KEY_ENTER:
    case ' ':
        if (k->held || (k->code == ' ' && !turns(fd))) return k->held;
        *changed = turns(fd);
        if (*changed) {
            turn(fd, 1);
        } else {
            begin(f);
        }
        return true;
    default:
        return false;
    }
}

bool tui_form_key(struct tui_form *f, const struct tui_key *k, const char **changed_out)
{
    *changed_out = NULL;
    if (f->n == 0 || k->alt) return false;
    int at = f->at;
    bool changed = false;
    bool taken = f->editing ? key_editing(f, k, &changed) : key_moving(f, k, &changed);
    if (changed) *changed_out = f->fields[at].key;
    if (taken && f->width) place(f, f->width);
    return taken;
}

/* ---- drawing ---- */

static void draw_field(const struct tui_form *f, int i, struct tui_canvas *c, struct tui_rect clip,
                       int y, bool focused)
{
    const struct field *fd = &f->fields[i];
    bool here = focused && i == f->at;
    bool wrong = fd->wrong[0] != '\0';
    const char *frame = turns(fd) ? "<>" : "[]";
    int x = clip.x + fd->x;
    int w = box_width(f, i, clip.w);
    enum tui_role role = wrong ? TUI_ERROR : TUI_INPUT;
    if (here) tui_put(c, clip, x, y, ">", TUI_FOCUS, TUI_BOLD);
    x += 1;
    x += tui_put(c, clip, x, y, fd->row->name, TUI_TEXT, here ? TUI_BOLD : 0) + 1;
    tui_putf(c, clip, x, y, TUI_TEXT, here ? TUI_BOLD : 0, "%c", frame[0]);
    tui_edit_draw(&fd->edit, c, clip, x + 1, y, w, role, here ? TUI_BOLD : 0, here && f->editing);
    if (here && !f->editing && tui_rect_cut(clip, (struct tui_rect){x + 1, y, 1, 1}).w > 0) {
        c->cursor_x = x + 1;
        c->cursor_y = y;
    }
    tui_putf(c, clip, x + 1 + w, y, wrong ? TUI_ERROR : TUI_TEXT, here || wrong ? TUI_BOLD : 0,
             "%c%s", frame[1], wrong ? "!" : "");
}

void tui_form_draw(struct tui_form *f, struct tui_canvas *c, struct tui_rect area, bool focused)
{
    area = tui_rect_cut(area, tui_canvas_rect(c));
    if (area.w < 1 || area.h < 1) return;
    tui_fill(c, area, TUI_TEXT, 0);
    if (f->n == 0) return;
    place(f, area.w);
    int note = area.h > 1 ? 1 : 0;
    int rows = area.h - note;
    const struct field *at = &f->fields[f->at];
    int top = at->line >= rows ? at->line - rows + 1 : 0;
    int hidden = 0;
    for (int i = 0; i < f->n; i++) {
        int line = f->fields[i].line - top;
        if (line >= 0 && line < rows) {
            draw_field(f, i, c, area, area.y + line, focused);
        } else {
            hidden++;
        }
    }
    if (!note) return;
    bool wrong = at->wrong[0] != '\0';
    char more[32] = "";
    if (hidden > 0) snprintf(more, sizeof(more), "+%d fields", hidden);
    int more_w = (int)strlen(more);
    int y = area.y + area.h - 1;
    tui_put_in(c, area, area.x + 1, y, area.w - 1 - (more_w ? more_w + 1 : 0), false,
               wrong ? at->wrong : at->help, wrong ? TUI_ERROR : TUI_DIM, 0);
    if (more_w) tui_put(c, area, area.x + area.w - more_w, y, more, TUI_WARN, 0);
}
