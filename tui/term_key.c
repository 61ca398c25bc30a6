/*
 * term_key - bytes to keys.
 *
 * curses knows the terminal's own sequences; they are read with wgetch from a pad, so that nothing
 * is refreshed by reading. Bytes rather than wide characters: wget_wch without delay loses the
 * start of a character whose bytes come apart. Control sequences that the terminal's description
 * does not have are read here to their end, so that none falls apart into keys.
 */
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ncurses.h>

#include "rs/base/clock.h"
#include "rs/base/utf8.h"
#include "term_impl.h"

enum {
    ESC = 27,
    HELD_MS = 60,           /* terminals repeat every 25 to 45 ms */
    PASTE_MAX = 1 << 20,    /* bytes; what comes beyond is dropped */
    PASTE_SILENCE_MS = 2000 /* after which a paste without an end has ended */
};

/* A byte, or a key of curses' (above 255); ERR: none there. */
static int next(struct tui_term *t)
{
    return wgetch((WINDOW *)t->keys);
}

/* The same inside a sequence, whose bytes may come apart. */
static int next_soon(struct tui_term *t)
{
    int c = next(t);
    if (c != ERR) return c;
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, t->esc_delay_ms) <= 0) return ERR;
    return next(t);
}

/* With Shift, Alt or Control they have names of their own, such as kRIT5; modifiers are left aside:
 * no action depends on them. */
static uint32_t of_modified(int key)
{
    static const struct {
        const char *name;
        uint32_t key;
    } map[] = {
        {"kUP", TUI_KEY_UP},       {"kDN", TUI_KEY_DOWN},       {"kLFT", TUI_KEY_LEFT},
        {"kRIT", TUI_KEY_RIGHT},   {"kHOM", TUI_KEY_HOME},      {"kEND", TUI_KEY_END},
        {"kPRV", TUI_KEY_PAGE_UP}, {"kNXT", TUI_KEY_PAGE_DOWN}, {"kDC", TUI_KEY_DELETE},
    };
    const char *name = keyname(key);
    for (size_t i = 0; name && i < sizeof(map) / sizeof(map[0]); i++)
        if (rs_str_starts(name, map[i].name)) return map[i].key;
    return TUI_KEY_NONE;
}

static uint32_t of_curses(int key)
{
    if (key > KEY_MAX) return of_modified(key);
    static const struct {
        int curses;
        uint32_t key;
    } map[] = {
        {KEY_UP, TUI_KEY_UP},         {KEY_DOWN, TUI_KEY_DOWN},
        {KEY_LEFT, TUI_KEY_LEFT},     {KEY_RIGHT, TUI_KEY_RIGHT},
        {KEY_SR, TUI_KEY_UP},         {KEY_SF, TUI_KEY_DOWN},
        {KEY_SLEFT, TUI_KEY_LEFT},    {KEY_SRIGHT, TUI_KEY_RIGHT},
        {KEY_HOME, TUI_KEY_HOME},     {KEY_END, TUI_KEY_END},
        {KEY_A1, TUI_KEY_HOME},       {KEY_C1, TUI_KEY_END},
        {KEY_A3, TUI_KEY_PAGE_UP},    {KEY_C3, TUI_KEY_PAGE_DOWN},
        {KEY_PPAGE, TUI_KEY_PAGE_UP}, {KEY_NPAGE, TUI_KEY_PAGE_DOWN},
        {KEY_ENTER, TUI_KEY_ENTER},   {KEY_BACKSPACE, TUI_KEY_BACKSPACE},
        {KEY_DC, TUI_KEY_DELETE},     {KEY_BTAB, TUI_KEY_BACKTAB},
        {KEY_F(1), TUI_KEY_F1},       {KEY_F(5), TUI_KEY_F5},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (map[i].curses == key) return map[i].key;
    return TUI_KEY_NONE;
}

/* A byte below 0x80 as a key. */
static uint32_t of_byte(int c)
{
    switch (c) {
    case '\r':
    case '\n':
        return TUI_KEY_ENTER;
    case '\t':
        return TUI_KEY_TAB;
    case '\b':
    case 0x7f:
        return TUI_KEY_BACKSPACE;
    case 0:
        return TUI_KEY_NONE;
    default:
        return (uint32_t)c;
    }
}

/* A character of several bytes that begins with c. */
static uint32_t of_bytes(struct tui_term *t, int c)
{
    char s[4] = {(char)c};
    size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
    size_t n = 1;
    while (n < want) {
        int more = next_soon(t);
        if (more == ERR) break;
        if (more < 0x80 || more > 0xbf) { /* the next key */
            ungetch(more);
            break;
        }
        s[n++] = (char)more;
    }
    struct rs_char ch = rs_char_at(s, n);
    bool whole = n > 1 && ch.bytes == n;
    bool control = ch.code >= 0x80 && ch.code < 0xa0;
    return whole && !control ? ch.code : TUI_KEY_NONE;
}

/* ---- control sequences: ESC [ … -------------------------------------------------------------- */

struct sequence {
    int prefix; /* '<', '?', '>' or 0 */
    int args[6];
    int n;
    int final;
};

/* After ESC [. false: it does not go on. */
static bool read_sequence(struct tui_term *t, struct sequence *s)
{
    *s = (struct sequence){0};
    for (int length = 0; length < 64; length++) {
        int c = next_soon(t);
        if (c < 0x20 || c > 0x7e) return false; /* ERR, too */
        if (c >= 0x40) {
            s->final = c;
            return true;
        }
        if (c >= '0' && c <= '9') {
            if (s->n == 0) s->n = 1;
            int *arg = &s->args[s->n - 1];
            if (*arg < 100000) *arg = *arg * 10 + (c - '0');
        } else if (c == ';') {
            if (s->n == 0) s->n = 1;
            if (s->n < 6) s->n++;
        } else if (c >= '<' && c <= '?' && length == 0) {
            s->prefix = c;
        }
    }
    return false;
}

static uint32_t of_sequence(const struct sequence *s)
{
    static const struct {
        int final, arg; /* arg 0: any */
        uint32_t key;
    } map[] = {
        {'A', 0, TUI_KEY_UP},     {'B', 0, TUI_KEY_DOWN},    {'C', 0, TUI_KEY_RIGHT},
        {'D', 0, TUI_KEY_LEFT},   {'H', 0, TUI_KEY_HOME},    {'F', 0, TUI_KEY_END},
        {'P', 0, TUI_KEY_F1},     {'Z', 0, TUI_KEY_BACKTAB}, {'~', 1, TUI_KEY_HOME},
        {'~', 7, TUI_KEY_HOME},   {'~', 4, TUI_KEY_END},     {'~', 8, TUI_KEY_END},
        {'~', 3, TUI_KEY_DELETE}, {'~', 5, TUI_KEY_PAGE_UP}, {'~', 6, TUI_KEY_PAGE_DOWN},
        {'~', 11, TUI_KEY_F1},    {'~', 15, TUI_KEY_F5},
    };
    if (s->prefix) return TUI_KEY_NONE;
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (map[i].final == s->final && (!map[i].arg || map[i].arg == s->args[0]))
            return map[i].key;
    return TUI_KEY_NONE;
}

/* ESC [ < button ; x ; y M: a press, the wheel, a move with a button down. false: a release, or a
 * report of the same cell. */
static bool of_mouse(struct tui_term *t, const struct sequence *s, struct tui_key *out)
{
    enum { MOVED = 32, WHEEL = 64 };
    int b = s->args[0];
    int x = s->args[1] - 1;
    int y = s->args[2] - 1;
    if (!t->mouse || s->final != 'M' || s->n < 3 || x < 0 || y < 0) return false;
    bool moved = (b & MOVED) != 0;
    if (moved && x == t->mouse_x && y == t->mouse_y) return false;
    int low = b & 3;
    if (b & WHEEL ? low > 1 : low == 3) return false;
    t->mouse_x = x;
    t->mouse_y = y;
    *out = (struct tui_key){.code = TUI_KEY_MOUSE,
                            .held = moved,
                            .x = x,
                            .y = y,
                            .button = b & WHEEL ? 4 + low : 1 + low};
    return true;
}

/* ---- paste ----------------------------------------------------------------------------------- */

static void begin_paste(struct tui_term *t)
{
    t->pasting = true;
    t->paste_ns = rs_clock_mono_ns();
    t->paste_mark = 0;
    rs_str_reset(&t->paste);
}

static void keep_paste(struct tui_term *t, const char *bytes, size_t n)
{
    if (t->paste.len + n <= PASTE_MAX) rs_str_addn(&t->paste, bytes, n);
}

/* One byte of a paste; true: it was the last one of the mark that ends it. */
static bool paste_byte(struct tui_term *t, char c)
{
    static const char mark[] = "\x1b[201~";
    if (c == mark[t->paste_mark]) {
        t->paste_mark++;
        return !mark[t->paste_mark];
    }
    keep_paste(t, mark, t->paste_mark);
    t->paste_mark = c == mark[0] ? 1 : 0;
    if (t->paste_mark) return false;
    char kept = c == '\r' ? '\n' : c ? c : '?';
    keep_paste(t, &kept, 1);
    return false;
}

/* What is there of a paste, byte by byte: what follows is not ours to read. true: it has ended. */
static bool read_paste(struct tui_term *t)
{
    int64_t now = rs_clock_mono_ns();
    bool ended = now - t->paste_ns > (int64_t)PASTE_SILENCE_MS * 1000000;
    int there = 0;
    while (!ended && ioctl(STDIN_FILENO, FIONREAD, &there) == 0 && there > 0) {
        for (; there > 0 && !ended; there--) {
            char c;
            if (read(STDIN_FILENO, &c, 1) != 1) return false;
            ended = paste_byte(t, c);
        }
        t->paste_ns = now;
    }
    if (ended) t->pasting = false;
    return ended;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static uint32_t key_of(struct tui_term *t, int c)
{
    return c > 255 ? of_curses(c) : c < 0x80 ? of_byte(c) : of_bytes(t, c);
}

/* What follows an ESC; false: nothing that is a key. */
static bool after_escape(struct tui_term *t, struct tui_key *out)
{
    out->code = ESC;
    int c = next(t);
    if (c == ERR) {
        out->code = TUI_KEY_ESC;
        return true;
    }
    struct sequence s = {0};
    if (c == '[') {
        if (!read_sequence(t, &s)) return false;
        if (s.prefix == '<') return of_mouse(t, &s, out);
        if (s.prefix == '?' && s.final == 'y' && s.args[0] == 2026) { /* 1 to 3: knows it */
            t->asked_ns = 0;
            t->sync = s.args[1] >= 1 && s.args[1] <= 3;
        }
        if (s.final == '~' && s.args[0] == 200) begin_paste(t);
        out->code = of_sequence(&s);
        return out->code != TUI_KEY_NONE;
    }
    if (c == 'O') { /* the keypad's */
        s.final = next_soon(t);
        out->code = s.final == 'M' ? TUI_KEY_ENTER : of_sequence(&s);
        return out->code != TUI_KEY_NONE;
    }
    if (c == ESC) {
        ungetch(c);
        out->code = TUI_KEY_ESC;
        return true;
    }
    out->alt = true;
    out->code = key_of(t, c);
    return out->code != TUI_KEY_NONE;
}

/* Nothing came: because nothing is there, or because the terminal is gone? */
static bool hung_up(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) return false;
    int there = 0;
    bool empty = ioctl(STDIN_FILENO, FIONREAD, &there) != 0 || there == 0;
    return empty && (p.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* The next key, without repeats told; false: none is there. */
static bool decode(struct tui_term *t, struct tui_key *out)
{
    for (;;) {
        *out = (struct tui_key){0};
        if (t->pasting) {
            if (!read_paste(t)) return false;
            out->code = TUI_KEY_PASTE;
            out->paste = rs_str_text(&t->paste);
            return true;
        }
        int c = next(t);
        if (c == ERR) return false;
        if (c == ESC) {
            if (after_escape(t, out)) return true;
            continue;
        }
        out->code = key_of(t, c);
        if (out->code != TUI_KEY_NONE) return true;
    }
}

bool tui_term_key(struct tui_term *t, struct tui_key *out, bool *gone_out)
{
    *gone_out = false;
    if (t->resized) {
        t->resized = false;
        *out = (struct tui_key){.code = TUI_KEY_RESIZE};
        return true;
    }
    if (!decode(t, out)) {
        if (hung_up()) t->gone = true;
        *gone_out = t->gone;
        return false;
    }
    if (out->code == TUI_KEY_MOUSE || out->code == TUI_KEY_PASTE) {
        t->last = TUI_KEY_NONE;
        return true;
    }
    int64_t now = rs_clock_mono_ns();
    out->held = out->code == t->last && now - t->last_ns < (int64_t)HELD_MS * 1000000;
    t->last = out->code;
    t->last_ns = now;
    return true;
}
