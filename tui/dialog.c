/*
 * dialog - questions that want an answer, and texts to read, in a box over the screen.
 *
 * What must stay true: Enter alone never says yes, the key that opened a dialog never answers it, a
 * held key never answers, and a word counts only when it is there letter for letter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "rs/base/mem.h"
#include "widgets.h"

enum { MAX_WIDTH = 90, EDGE = 2 /* border and blank */, MIN_FIELD = 10 };

struct choice {
    char letter;
    char *label;
};

struct tui_dialog {
    enum tui_dialog_kind kind;
    char *title;
    char **lines;
    int n_lines;
    struct choice *choices;
    int n_choices;
    char *word;
    struct tui_edit typed, note;
    bool has_note, needs_note, failed;
    bool on_note; /* where the cursor is */
    uint32_t opened_by;
    bool opener_down; /* no other key has come yet */
    char answer;
    const char *message;
    int top;                /* first row of the lines that is shown */
    int text_rows, visible; /* as last drawn */
};

/* "k keep,d discard,g go on" */
static void read_choices(struct tui_dialog *d, const char *text)
{
    int n = 1;
    for (const char *s = text; *s; s++)
        n += *s == ',';
    d->choices = rs_xalloc((size_t)n, sizeof(*d->choices));
    while (*text) {
        size_t len = strcspn(text, ",");
        rs_assert(len > 2 && text[1] == ' ');
        d->choices[d->n_choices++] = (struct choice){text[0], rs_xstrndup(text + 2, len - 2)};
        text += len + (text[len] == ',');
    }
}

struct tui_dialog *tui_dialog_new(enum tui_dialog_kind kind, const char *title,
                                  const char *const *lines, const char *word, const char *choices,
                                  bool wants_note, bool needs_note, uint32_t opened_by)
{
    struct tui_dialog *d = rs_xalloc(1, sizeof(*d));
    *d = (struct tui_dialog){.kind = kind,
                             .title = rs_xstrdup(title),
                             .has_note = wants_note || needs_note,
                             .needs_note = needs_note,
                             .opened_by = opened_by,
                             .opener_down = true};
    while (lines && lines[d->n_lines])
        d->n_lines++;
    d->lines = rs_xalloc((size_t)d->n_lines + 1, sizeof(*d->lines));
    for (int i = 0; i < d->n_lines; i++) {
        d->lines[i] = rs_xstrdup(lines[i]);
        d->failed = d->failed || (kind == TUI_DIALOG_WORD && rs_str_starts(lines[i], "no "));
    }
    if (kind == TUI_DIALOG_WORD) {
        rs_assert(word && *word);
        d->word = rs_xstrdup(word);
    } else if (kind == TUI_DIALOG_ASK) {
        read_choices(d, "y yes,n no");
    } else if (kind == TUI_DIALOG_CHOICE) {
        rs_assert(choices && *choices);
        read_choices(d, choices);
    }
    d->on_note = d->failed && d->needs_note;
    return d;
}

void tui_dialog_free(struct tui_dialog *d)
{
    if (!d) return;
    for (int i = 0; i < d->n_lines; i++)
        free(d->lines[i]);
    for (int i = 0; i < d->n_choices; i++)
        free(d->choices[i].label);
    free(d->lines);
    free(d->choices);
    free(d->title);
    free(d->word);
    tui_edit_clear(&d->typed);
    tui_edit_clear(&d->note);
    free(d);
}

const char *tui_dialog_note(const struct tui_dialog *d)
{
    return tui_edit_text(&d->note);
}

char tui_dialog_choice(const struct tui_dialog *d)
{
    return d->answer;
}

/* ---- keys ---- */

static uint32_t other_case(uint32_t code)
{
    bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    return letter ? code ^ 0x20 : code;
}

static const struct choice *choice_of(const struct tui_dialog *d, uint32_t code)
{
    for (int i = 0; i < d->n_choices; i++)
        if ((uint32_t)(unsigned char)d->choices[i].letter == code) return &d->choices[i];
    return NULL;
}

/* The letter that gives a choice: where it is the key that opened the dialog, its other case. */
static char letter_of(const struct tui_dialog *d, const struct choice *ch)
{
    uint32_t code = (uint32_t)(unsigned char)ch->letter;
    return (char)(code == d->opened_by ? other_case(code) : code);
}

static bool scroll(struct tui_dialog *d, uint32_t code)
{
    int page = d->visible > 1 ? d->visible - 1 : 1;
    int last = d->text_rows > d->visible ? d->text_rows - d->visible : 0;
    switch (code) {
    case TUI_KEY_UP:
    case 'k':
        d->top--;
        break;
    case TUI_KEY_DOWN:
    case 'j':
        d->top++;
        break;
    case TUI_KEY_PAGE_UP:
        d->top -= page;
        break;
    case TUI_KEY_PAGE_DOWN:
    case ' ':
        d->top += page;
        break;
    case TUI_KEY_HOME:
    case 'g':
        d->top = 0;
        break;
    case TUI_KEY_END:
    case 'G':
        d->top = last;
        break;
    default:
        return false;
    }
    d->top = d->top > last ? last : d->top;
    d->top = d->top < 0 ? 0 : d->top;
    return true;
}

static enum tui_dialog_answer key_text(struct tui_dialog *d, const struct tui_key *k)
{
    if (scroll(d, k->code) || k->held) return TUI_OPEN;
    bool closes = k->code == TUI_KEY_ESC || k->code == TUI_KEY_ENTER || k->code == 'q';
    return closes || k->code == d->opened_by ? TUI_NO : TUI_OPEN;
}

/* Letters answer; Enter and Esc leave everything as it is. */
static enum tui_dialog_answer key_choice(struct tui_dialog *d, const struct tui_key *k)
{
    if (k->code == d->opened_by || k->held) return TUI_OPEN;
    if (k->code == TUI_KEY_ESC || k->code == TUI_KEY_ENTER) return TUI_NO;
    const struct choice *ch = choice_of(d, k->code);
    if (!ch) ch = choice_of(d, other_case(k->code));
    if (!ch) {
        if (k->code == TUI_KEY_PAGE_UP || k->code == TUI_KEY_PAGE_DOWN) scroll(d, k->code);
        return TUI_OPEN;
    }
    d->answer = ch->letter;
    return d->kind == TUI_DIALOG_ASK && ch->letter != 'y' ? TUI_NO : TUI_YES;
}

static enum tui_dialog_answer confirm(struct tui_dialog *d)
{
    const char *note = tui_edit_text(&d->note);
    if (d->failed && !d->needs_note) {
        d->message = "refused: see the line that begins with no";
    } else if (d->failed && note[strspn(note, " ")] == '\0') {
        d->message = "a failed check wants a reason: write it into the note";
        d->on_note = true;
    } else if (strcmp(tui_edit_text(&d->typed), d->word) != 0) {
        d->message = "not the word that is asked for, letter for letter";
        d->on_note = false;
    } else {
        return TUI_YES;
    }
    return TUI_OPEN;
}

static enum tui_dialog_answer key_word(struct tui_dialog *d, const struct tui_key *k)
{
    d->message = NULL;
    switch (k->code) {
    case TUI_KEY_ESC:
        return k->held ? TUI_OPEN : TUI_NO;
    case TUI_KEY_ENTER:
        if (k->held) return TUI_OPEN;
        if (d->on_note) {
            d->on_note = false;
            return TUI_OPEN;
        }
        return confirm(d);
    case TUI_KEY_TAB:
    case TUI_KEY_BACKTAB:
    case TUI_KEY_UP:
    case TUI_KEY_DOWN:
        d->on_note = d->has_note && !d->on_note;
        return TUI_OPEN;
    case TUI_KEY_PAGE_UP:
    case TUI_KEY_PAGE_DOWN:
        scroll(d, k->code);
        return TUI_OPEN;
    default:
        tui_edit_key(d->on_note ? &d->note : &d->typed, k);
        return TUI_OPEN;
    }
}

enum tui_dialog_answer tui_dialog_key(struct tui_dialog *d, const struct tui_key *k)
{
    if (k->code == TUI_KEY_RESIZE || k->code == TUI_KEY_MOUSE || k->alt) return TUI_OPEN;
    bool still = d->opener_down && k->held && k->code == d->opened_by;
    if (still) return TUI_OPEN; /* the key that opened it is not even text */
    d->opener_down = false;
    if (d->kind == TUI_DIALOG_TEXT) return key_text(d, k);
    return d->kind == TUI_DIALOG_WORD ? key_word(d, k) : key_choice(d, k);
}

/* ---- drawing ---- */

/* Rows of the lines wrapped to width; draws those from top on where c is not NULL. */
static int put_lines(const struct tui_dialog *d, struct tui_canvas *c, struct tui_rect area)
{
    int row = 0;
    for (int i = 0; i < d->n_lines; i++) {
        const char *s = d->lines[i];
        bool judged = d->kind == TUI_DIALOG_WORD;
        bool no = judged && rs_str_starts(s, "no ");
        bool ok = judged && rs_str_starts(s, "ok ");
        bool first = true;
        do {
            char text[4 * MAX_WIDTH + 64];
            size_t skip;
            size_t n = tui_wrap(s, area.w, &skip);
            size_t fits = n < sizeof(text) ? n : sizeof(text) - 1;
            int y = area.y + row++ - d->top;
            if (c && y >= area.y && y < area.y + area.h) {
                memcpy(text, s, fits);
                text[fits] = '\0';
                tui_put(c, area, area.x, y, text, no ? TUI_ERROR : TUI_TEXT, 0);
                if (first && (ok || no))
                    tui_put(c, area, area.x, y, no ? "no" : "ok", no ? TUI_ERROR : TUI_BETTER,
                            TUI_BOLD);
            }
            first = false;
            s += n + skip;
        } while (*s);
    }
    return row;
}

/* "y yes  n no" */
static int choices_width(const struct tui_dialog *d)
{
    int w = 0;
    for (int i = 0; i < d->n_choices; i++)
        w += tui_text_width(d->choices[i].label) + 4;
    return w;
}

/* Rows below the lines: fields, the message, what answers. */
static int control_rows(const struct tui_dialog *d)
{
    if (d->kind == TUI_DIALOG_WORD) return 2 + d->has_note;
    return 1;
}

static int natural_width(const struct tui_dialog *d)
{
    int w = tui_text_width(d->title) + 2;
    for (int i = 0; i < d->n_lines; i++) {
        int line = tui_text_width(d->lines[i]);
        w = line > w ? line : w;
    }
    int controls = choices_width(d) + 12;
    if (d->kind == TUI_DIALOG_WORD) controls = 56;
    return w > controls ? w : controls;
}

static struct tui_rect place(const struct tui_dialog *d, const struct tui_canvas *c)
{
    int w = natural_width(d) + 2 * EDGE;
    w = w > MAX_WIDTH ? MAX_WIDTH : w;
    w = w > c->w ? c->w : w;
    int rows = put_lines(d, NULL, (struct tui_rect){0, 0, w - 2 * EDGE, 0});
    int h = rows + control_rows(d) + 2;
    h = h > c->h ? c->h : h;
    return (struct tui_rect){(c->w - w) / 2, (c->h - h) / 2, w, h};
}

static void draw_word(const struct tui_dialog *d, struct tui_canvas *c, struct tui_rect in)
{
    int y = in.y;
    if (d->has_note) {
        bool here = d->on_note;
        int x = in.x + tui_put(c, in, in.x, y, "note [", TUI_TEXT, here ? TUI_BOLD : 0);
        int w = in.x + in.w - 1 - x;
        if (w > 0) tui_edit_draw(&d->note, c, in, x, y, w, TUI_INPUT, 0, here);
        tui_put(c, in, in.x + in.w - 1, y++, "]", TUI_TEXT, here ? TUI_BOLD : 0);
    }
    bool here = !d->on_note;
    int x = in.x + tui_putf(c, in, in.x, y, TUI_TEXT, here ? TUI_BOLD : 0, "type %s to confirm [",
                            d->word);
    int w = tui_text_width(d->word) + 1;
    w = w < MIN_FIELD ? MIN_FIELD : w;
    if (x + w + 1 > in.x + in.w) w = in.x + in.w - 1 - x;
    if (w > 0) tui_edit_draw(&d->typed, c, in, x, y, w, TUI_INPUT, 0, here);
    x += w > 0 ? w : 0;
    tui_put(c, in, x, y, "]", TUI_TEXT, here ? TUI_BOLD : 0);
    if (x + 14 <= in.x + in.w) tui_put(c, in, in.x + in.w - 10, y, "Esc leaves", TUI_DIM, 0);
    y++;
    if (d->message) tui_put_in(c, in, in.x, y, in.w, false, d->message, TUI_ERROR, TUI_BOLD);
}

static void draw_choices(const struct tui_dialog *d, struct tui_canvas *c, struct tui_rect in)
{
    int x = in.x;
    for (int i = 0; i < d->n_choices; i++) {
        char key[2] = {letter_of(d, &d->choices[i]), '\0'};
        x += tui_put(c, in, x, in.y, key, TUI_KEY, TUI_BOLD) + 1;
        x += tui_put(c, in, x, in.y, d->choices[i].label, TUI_TEXT, 0) + 2;
    }
    const char *leave = d->opened_by == TUI_KEY_ESC ? "Enter leaves" : "Esc leaves";
    int w = tui_text_width(leave);
    if (x + w <= in.x + in.w) tui_put(c, in, in.x + in.w - w, in.y, leave, TUI_DIM, 0);
}

void tui_dialog_draw(struct tui_dialog *d, struct tui_canvas *c)
{
    struct tui_rect box = place(d, c);
    if (box.w < 2 * EDGE + 1 || box.h < 3) return;
    c->cursor_x = c->cursor_y = -1;
    tui_fill(c, box, TUI_TEXT, 0);
    tui_box(c, box, d->title);
    struct tui_rect in = {box.x + EDGE, box.y + 1, box.w - 2 * EDGE, box.h - 2};
    int controls = control_rows(d);
    controls = controls > in.h ? in.h : controls;
    struct tui_rect text = {in.x, in.y, in.w, in.h - controls};
    struct tui_rect below = {in.x, in.y + text.h, in.w, controls};
    d->visible = text.h;
    d->text_rows = put_lines(d, NULL, text);
    int last = d->text_rows > d->visible ? d->text_rows - d->visible : 0;
    d->top = d->top > last ? last : d->top;
    put_lines(d, c, text);
    if (last > d->top) { /* on the border: it hides no line */
        char more[40];
        snprintf(more, sizeof(more), " +%d PgDn ", last - d->top);
        tui_put(c, box, box.x + box.w - 2 - (int)strlen(more), box.y + box.h - 1, more, TUI_WARN,
                0);
    }
    if (d->kind == TUI_DIALOG_WORD) {
        draw_word(d, c, below);
    } else if (d->kind == TUI_DIALOG_TEXT) {
        tui_put(c, below, below.x, below.y,
                last && below.w >= 25 ? "arrows scroll  Esc closes" : "Esc closes", TUI_DIM, 0);
    } else {
        draw_choices(d, c, below);
    }
}
