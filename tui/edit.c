/*
 * edit - one line of text under a cursor; wrapping and pasting for its neighbours.
 *
 * The text is valid UTF-8 without controls, and the cursor never stands inside a character.
 */
#include <string.h>

#include "glyph.h"
#include "widgets.h"

enum { CTRL_A = 1, CTRL_B = 2, CTRL_D = 4, CTRL_E = 5, CTRL_F = 6, CTRL_H = 8 };
enum { CTRL_K = 11, CTRL_U = 21, CTRL_W = 23, DEL = 127 };

size_t tui_utf8(uint32_t code, char out[5])
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    out[0] = '\0';
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[n] | code);
    out[n] = '\0';
    return n;
}

static size_t char_at(const char *s, int *width_out)
{
    char shown[15];
    return tui_glyph_next(s, false, shown, width_out);
}

/* Columns as this canvas shows them. */
static size_t shown_at(const struct tui_canvas *c, const char *s, int *width_out)
{
    char shown[15];
    return tui_glyph_next(s, c->glyphs == &tui_glyphs_ascii, shown, width_out);
}

bool tui_may_type(uint32_t code)
{
    char bytes[5];
    char shown[15];
    int width;
    if (tui_utf8(code, bytes) == 0) return false;
    tui_glyph_next(bytes, false, shown, &width);
    return strcmp(shown, "?") != 0 || code == '?';
}

void tui_paste_text(const char *paste, struct rs_str *out)
{
    for (const char *s = paste; *s;) {
        char shown[15];
        int width;
        size_t n = tui_glyph_next(s, false, shown, &width);
        bool blank = *s == '\n' || *s == '\t' || *s == '\r';
        rs_str_add(out, blank ? " " : shown);
        s += *s == '\r' && s[1] == '\n' ? 2 : n;
    }
}

void tui_edit_set(struct tui_edit *e, const char *text)
{
    rs_str_reset(&e->text);
    tui_paste_text(text, &e->text);
    e->at = e->text.len;
}

void tui_edit_clear(struct tui_edit *e)
{
    rs_str_clear(&e->text);
    *e = (struct tui_edit){0};
}

const char *tui_edit_text(const struct tui_edit *e)
{
    return rs_str_text(&e->text);
}

/* ---- changes ---- */

/* Start of the character before byte `at`; 0 at the start. */
static size_t before(const struct tui_edit *e, size_t at)
{
    const char *text = tui_edit_text(e);
    size_t start = 0;
    int width;
    for (size_t i = 0; i < at; i += char_at(text + i, &width))
        start = i;
    return start;
}

static size_t behind(const struct tui_edit *e, size_t at)
{
    int width;
    return at < e->text.len ? at + char_at(tui_edit_text(e) + at, &width) : at;
}

static size_t word_before(const struct tui_edit *e)
{
    const char *text = tui_edit_text(e);
    size_t at = e->at;
    while (at > 0 && text[at - 1] == ' ')
        at--;
    while (at > 0 && text[at - 1] != ' ')
        at--;
    return at;
}

static void insert(struct tui_edit *e, const char *bytes, size_t n)
{
    if (n == 0 || e->text.len + n > TUI_EDIT_MAX) return;
    size_t behind_len = e->text.len - e->at;
    rs_str_addn(&e->text, bytes, n);
    if (e->text.failed) { /* no memory: an empty field, not a broken one */
        rs_str_reset(&e->text);
        e->at = 0;
        return;
    }
    char *at = e->text.data + e->at;
    memmove(at + n, at, behind_len);
    memcpy(at, bytes, n);
    e->at += n;
}

static void erase(struct tui_edit *e, size_t from, size_t to)
{
    if (from >= to) return;
    memmove(e->text.data + from, e->text.data + to, e->text.len - to + 1);
    e->text.len -= to - from;
    e->at = from;
}

static void insert_paste(struct tui_edit *e, const char *paste)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    tui_paste_text(paste, &text);
    insert(e, rs_str_text(&text), text.len);
    rs_str_clear(&text);
}

static bool insert_code(struct tui_edit *e, uint32_t code)
{
    char bytes[5];
    if (code < 0x20 || code == DEL || tui_utf8(code, bytes) == 0) return false;
    if (tui_may_type(code)) insert(e, bytes, strlen(bytes));
    return true;
}

bool tui_edit_key(struct tui_edit *e, const struct tui_key *k)
{
    if (k->alt) return false;
    switch (k->code) {
    case TUI_KEY_LEFT:
    case CTRL_B:
        e->at = before(e, e->at);
        return true;
    case TUI_KEY_RIGHT:
    case CTRL_F:
        e->at = behind(e, e->at);
        return true;
    case TUI_KEY_HOME:
    case CTRL_A:
        e->at = 0;
        return true;
    case TUI_KEY_END:
    case CTRL_E:
        e->at = e->text.len;
        return true;
    case TUI_KEY_BACKSPACE:
    case CTRL_H:
    case DEL:
        erase(e, before(e, e->at), e->at);
        return true;
    case TUI_KEY_DELETE:
    case CTRL_D:
        erase(e, e->at, behind(e, e->at));
        return true;
    case CTRL_K:
        erase(e, e->at, e->text.len);
        return true;
    case CTRL_U:
        erase(e, 0, e->at);
        return true;
    case CTRL_W:
        erase(e, word_before(e), e->at);
        return true;
    case TUI_KEY_PASTE:
        if (k->paste) insert_paste(e, k->paste);
        return true;
    default:
        return insert_code(e, k->code);
    }
}

/* ---- drawing ---- */

void tui_edit_draw(const struct tui_edit *e, struct tui_canvas *c, struct tui_rect clip, int x,
                   int y, int w, enum tui_role role, unsigned attrs, bool focused)
{
    struct tui_rect box = tui_rect_cut(clip, (struct tui_rect){x, y, w, 1});
    tui_fill(c, box, role, attrs);
    const char *text = tui_edit_text(e);
    int cursor = 0;
    int width;
    for (size_t i = 0; i < e->at; cursor += width)
        i += shown_at(c, text + i, &width);
    /* Without the focus the start is shown; with it, one column is kept for the cursor. */
    int skip = focused && cursor > w - 1 ? cursor - (w - 1) : 0;
    int skipped = 0;
    const char *s = text;
    for (; *s && skipped < skip; skipped += width)
        s += shown_at(c, s, &width);
    if (focused) {
        tui_put(c, box, x, y, s, role, attrs);
        int at = x + cursor - skipped;
        if (at >= box.x && at < box.x + box.w && box.h > 0) {
            c->cursor_x = at;
            c->cursor_y = y;
        }
    } else {
        tui_put_in(c, box, x, y, w, false, text, role, attrs);
    }
}

/* ---- wrapping ---- */

size_t tui_wrap(const char *text, int width, size_t *skip_out)
{
    size_t line = strcspn(text, "\n");
    size_t n = 0;
    size_t blank = 0; /* behind the last word that fits */
    int used = 0;
    while (n < line) {
        int w;
        size_t step = char_at(text + n, &w);
        if (used + w > width && n > 0) break;
        if (text[n] == ' ') blank = n;
        used += w;
        n += step;
    }
    if (n < line && text[n] != ' ' && blank > 0) n = blank;
    while (n < line && n > 0 && text[n - 1] == ' ')
        n--;
    size_t skip = 0;
    while (n + skip < line && text[n + skip] == ' ')
        skip++;
    *skip_out = skip + (n + skip == line && text[line] == '\n');
    return n;
}
