/*
 * keymap - the one table of keys; and a copy of it with what the configuration changed.
 *
 * Dispatch, hints, help, palette and manual all read the table. Ranks order the hint row: what a
 * person needs most at a place has the lowest.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "glyph.h"
#include "key.h"
#include "rs/base/mem.h"

#define BIND(context, key, request, help, rank) {context, key, TUI_REQ_##request, help, rank},
/* clang-format off */
const struct tui_binding tui_bindings[] = {
    BIND(TUI_GLOBAL, "1", SCREEN_1, NULL, 0)
    BIND(TUI_GLOBAL, "2", SCREEN_2, NULL, 0)
    BIND(TUI_GLOBAL, "3", SCREEN_3, NULL, 0)
    BIND(TUI_GLOBAL, "4", SCREEN_4, NULL, 0)
    BIND(TUI_GLOBAL, "5", SCREEN_5, NULL, 0)
    BIND(TUI_GLOBAL, "6", SCREEN_6, NULL, 0)
    BIND(TUI_GLOBAL, "7", SCREEN_7, NULL, 0)
    BIND(TUI_GLOBAL, "8", SCREEN_8, NULL, 0)
    BIND(TUI_GLOBAL, "Tab", NEXT_PANE, "pane", 70)
    BIND(TUI_GLOBAL, "S-Tab", PREVIOUS_PANE, NULL, 0)
    BIND(TUI_GLOBAL, "Enter", OPEN, "open", 10)
    BIND(TUI_GLOBAL, "Esc", BACK, NULL, 0)
    BIND(TUI_GLOBAL, "q", LEAVE, "quit", 62)
    BIND(TUI_GLOBAL, "Q", QUIT, NULL, 0)
    BIND(TUI_GLOBAL, ":", PALETTE, "command", 50)
    BIND(TUI_GLOBAL, "?", HELP, "help", 60)
    BIND(TUI_GLOBAL, "J", JOBS, "jobs", 52)
    BIND(TUI_GLOBAL, "e", ERRORS, "errors", 54)
    BIND(TUI_GLOBAL, "u", UNDO, NULL, 80)
    BIND(TUI_GLOBAL, "^R", REDO, NULL, 0)
    BIND(TUI_GLOBAL, "R", RELOAD, "reload", 90)
    BIND(TUI_GLOBAL, "o", TURN, NULL, 0)
    BIND(TUI_GLOBAL, "z", ZOOM, "zoom", 72)
    BIND(TUI_GLOBAL, "{", NARROWER, NULL, 0)
    BIND(TUI_GLOBAL, "}", WIDER, NULL, 0)
    BIND(TUI_GLOBAL, "m", MOUSE, NULL, 0)
    BIND(TUI_GLOBAL, "^L", REPAINT, NULL, 0)
    BIND(TUI_GLOBAL, "^Z", SUSPEND, NULL, 0)
    BIND(TUI_GLOBAL, "^C", INTERRUPT, NULL, 0)

    BIND(TUI_LIST, "Up", UP, NULL, 0)
    BIND(TUI_LIST, "k", UP, NULL, 0)
    BIND(TUI_LIST, "Down", DOWN, NULL, 0)
    BIND(TUI_LIST, "j", DOWN, NULL, 0)
    BIND(TUI_LIST, "Left", LEFT, NULL, 0)
    BIND(TUI_LIST, "h", LEFT, NULL, 0)
    BIND(TUI_LIST, "Right", RIGHT, NULL, 0)
    BIND(TUI_LIST, "l", RIGHT, NULL, 0)
    BIND(TUI_LIST, "PgUp", PAGE_UP, NULL, 0)
    BIND(TUI_LIST, "PgDn", PAGE_DOWN, NULL, 0)
    BIND(TUI_LIST, "Home", FIRST, NULL, 0)
    BIND(TUI_LIST, "g", FIRST, NULL, 0)
    BIND(TUI_LIST, "End", LAST, NULL, 0)
    BIND(TUI_LIST, "G", LAST, NULL, 0)
    BIND(TUI_LIST, "H", SCROLL_LEFT, NULL, 0)
    BIND(TUI_LIST, "L", SCROLL_RIGHT, NULL, 0)
    BIND(TUI_LIST, "<", SORT_PREVIOUS, NULL, 0)
    BIND(TUI_LIST, ">", SORT_NEXT, NULL, 0)
    BIND(TUI_LIST, "s", SORT_TURN, "sort", 30)
    BIND(TUI_LIST, "/", FILTER, "filter", 20)
    BIND(TUI_LIST, "n", NEXT_MATCH, NULL, 0)
    BIND(TUI_LIST, "N", PREVIOUS_MATCH, NULL, 0)
    BIND(TUI_LIST, "Space", MARK, NULL, 0)
    BIND(TUI_LIST, "v", MARK_RANGE, NULL, 0)
    BIND(TUI_LIST, "*", MARK_ALL, NULL, 0)
    BIND(TUI_LIST, "U", MARK_NONE, NULL, 0)
    BIND(TUI_LIST, "f", FILTER_CELL, NULL, 0)
    BIND(TUI_LIST, "F5", FREQUENCIES, NULL, 0)
    BIND(TUI_LIST, "y", COPY_CELL, NULL, 0)
    BIND(TUI_LIST, "Y", COPY_ROW, NULL, 0)
    BIND(TUI_LIST, "w", WRITE_TABLE, "write CSV", 92)

    BIND(TUI_DASH, "d", COMPARE, "compare", 12)
    BIND(TUI_DASH, "D", DEMO_SET, NULL, 0)
    BIND(TUI_DASH, "x", CANCEL, "cancel job", 0)

    BIND(TUI_USERS, "E", SEEN, "seen", 24)
    BIND(TUI_USERS, "K", HOW_MANY, "how many", 26)
    BIND(TUI_USERS, "a", ANY_USER, "any user", 22)
    BIND(TUI_USERS, "o", TURN, "recommended, why, profile", 12)
    BIND(TUI_ITEMS, "K", HOW_MANY, "how many", 26)
    BIND(TUI_ITEMS, "o", TURN, "similar, raters, popularity", 12)

    BIND(TUI_TRAIN, "t", START, "start", 12)
    BIND(TUI_TRAIN, "x", CANCEL, "cancel", 14)
    BIND(TUI_TRAIN, "C", LOG_SCALE, "log scale", 32)
    BIND(TUI_TRAIN, "F", FOLLOW, "follow", 0)

    BIND(TUI_TUNE, "t", START, "start", 12)
    BIND(TUI_TUNE, "x", CANCEL, "cancel", 14)
    BIND(TUI_TUNE, "T", TO_TRAIN, "train form", 16)
    BIND(TUI_TUNE, "P", REGISTER, "register", 18)
    BIND(TUI_TUNE, "o", TURN, "next plot", 22)
    BIND(TUI_TUNE, "C", LOG_SCALE, NULL, 0)

    BIND(TUI_RUNS, "d", COMPARE, "compare marked", 12)
    BIND(TUI_RUNS, "b", BASELINE, "baseline", 14)
    BIND(TUI_RUNS, "=", DIFFERENT, "differing rows", 24)
    BIND(TUI_RUNS, "%", DELTA_FORM, "delta form", 26)
    BIND(TUI_RUNS, "T", TO_TRAIN, "train form", 18)
    BIND(TUI_RUNS, "P", REGISTER, "register", 16)
    BIND(TUI_RUNS, "o", TURN, "metrics, parameters, curve", 22)
    BIND(TUI_RUNS, "C", LOG_SCALE, NULL, 0)

    BIND(TUI_MODELS, "P", PROMOTE, "promote", 12)
    BIND(TUI_MODELS, "B", ROLL_BACK, "roll back", 14)
    BIND(TUI_MODELS, "X", ARCHIVE, "archive", 16)
    BIND(TUI_MODELS, "V", VERIFY, "verify", 18)
    BIND(TUI_MODELS, "o", TURN, "lineage, metrics, audit", 22)

    BIND(TUI_SERVE, "t", START, "start", 12)
    BIND(TUI_SERVE, "x", CANCEL, "stop", 14)
    BIND(TUI_SERVE, "F", FOLLOW, "follow", 22)
    BIND(TUI_SERVE, "W", WRAP, "wrap", 24)

    BIND(TUI_POPUP, "Esc", BACK, "close", 11)
    BIND(TUI_POPUP, "q", LEAVE, "close", 0)
    BIND(TUI_POPUP, "x", CANCEL, NULL, 0)
    {TUI_CONTEXT_COUNT, NULL, TUI_REQ_NONE, NULL, 0},
};
/* clang-format on */

static const char *const context_names[TUI_CONTEXT_COUNT] = {
#define NAME(id, name) name,
    TUI_CONTEXTS(NAME)
#undef NAME
};

struct bound {
    enum tui_context context;
    uint32_t code;
    enum tui_request request;
    const char *help;
    int rank;
};

struct tui_keymap {
    struct bound *list;
    int n;
};

enum { N_DEFAULTS = sizeof(tui_bindings) / sizeof(tui_bindings[0]) - 1 };

static const char *help_of(const struct bound *b)
{
    return b->help ? b->help : tui_request_help(b->request);
}

struct tui_keymap *tui_keymap_new(void)
{
    struct tui_keymap *m = rs_xalloc(1, sizeof(*m));
    m->list = rs_xalloc(N_DEFAULTS, sizeof(*m->list));
    for (int i = 0; i < N_DEFAULTS; i++) {
        const struct tui_binding *t = &tui_bindings[i];
        struct bound *b = &m->list[m->n++];
        *b = (struct bound){
            .context = t->context, .request = t->request, .help = t->help, .rank = t->rank};
        rs_assert(tui_key_parse(t->key, &b->code));
    }
    return m;
}

void tui_keymap_free(struct tui_keymap *m)
{
    if (!m) return;
    free(m->list);
    free(m);
}

static bool parse_what(const char *what, enum tui_context *context, enum tui_request *request,
                       struct rs_err *err)
{
    size_t len = strcspn(what, ".");
    int c = 0;
    while (c < TUI_CONTEXT_COUNT &&
           !(strlen(context_names[c]) == len && memcmp(context_names[c], what, len) == 0)) {
        c++;
    }
    if (!what[len] || c == TUI_CONTEXT_COUNT) {
        rs_fail(err, RS_EARG, "key '%s': it is PLACE.ACTION, as in users.turn or global.quit",
                what);
        return false;
    }
    *context = (enum tui_context)c;
    if (!tui_request_parse(what + len + 1, request) || *request == TUI_REQ_NONE) {
        rs_fail(err, RS_EARG, "key '%s': no action '%s' (? lists them)", what, what + len + 1);
        return false;
    }
    return true;
}

/* A key that says yes, or moves, must not change what serves. */
static bool too_easy(uint32_t code)
{
    return code == TUI_KEY_ENTER || code == TUI_KEY_ESC || code == ' ' || code == 'y' ||
           code == 'n' || code == TUI_KEY_TAB;
}

enum rs_code tui_keymap_set(struct tui_keymap *m, const char *what, const char *key,
                            struct rs_err *err)
{
    enum tui_context context;
    enum tui_request request;
    uint32_t code = 0;
    if (!parse_what(what, &context, &request, err)) return err->code;
    bool unbind = strcmp(key, "none") == 0;
    if (!unbind && !tui_key_parse(key, &code)) {
        return rs_fail(err, RS_EARG, "key '%s': no key '%s' (one character, ^R, F5, PgUp, none)",
                       what, key);
    }
    if (!unbind && (tui_request_flags(request) & TUI_PRODUCTION) && too_easy(code)) {
        return rs_fail(err, RS_EARG, "key '%s': '%s' is too easily pressed for what serves", what,
                       key);
    }
    const struct bound *old = NULL;
    for (int i = 0; i < m->n; i++) {
        const struct bound *b = &m->list[i];
        if (b->context != context) continue;
        if (b->request == request) {
            old = old ? old : b;
        } else if (!unbind && b->code == code) {
            return rs_fail(err, RS_EARG, "key '%s': '%s' is '%s' there (unbind that first: none)",
                           what, key, tui_request_name(b->request));
        }
    }
    struct bound fresh = old ? *old : (struct bound){.context = context, .request = request};
    fresh.code = code;
    int n = 0;
    for (int i = 0; i < m->n; i++) {
        if (m->list[i].context != context || m->list[i].request != request) {
            m->list[n++] = m->list[i];
        }
    }
    m->n = n;
    if (unbind) return RS_OK;
    struct bound *grown = rs_xalloc((size_t)n + 1, sizeof(*grown));
    memcpy(grown, m->list, (size_t)n * sizeof(*grown));
    grown[n] = fresh;
    free(m->list);
    m->list = grown;
    m->n = n + 1;
    return RS_OK;
}

enum tui_request tui_keymap_find(const struct tui_keymap *m, const enum tui_context *contexts,
                                 int n, uint32_t code)
{
    for (int c = 0; c < n; c++) {
        for (int i = 0; i < m->n; i++) {
            if (m->list[i].context == contexts[c] && m->list[i].code == code) {
                return m->list[i].request;
            }
        }
    }
    return TUI_REQ_NONE;
}

/* Does a context further in give the key another meaning? */
static bool hidden(const struct tui_keymap *m, const enum tui_context *contexts, int c,
                   uint32_t code)
{
    return tui_keymap_find(m, contexts, c, code) != TUI_REQ_NONE;
}

static bool may(const struct bound *b, bool read_only)
{
    return !read_only || !(tui_request_flags(b->request) & (TUI_PRODUCTION | TUI_CHANGES));
}

/* The best binding behind `rank` and, at equal ranks, behind (context, index): NULL: no more. */
static const struct bound *next_hint(const struct tui_keymap *m, const enum tui_context *contexts,
                                     int n, bool read_only, int *rank, int *place)
{
    const struct bound *best = NULL;
    int best_place = 0;
    for (int c = 0; c < n; c++) {
        for (int i = 0; i < m->n; i++) {
            const struct bound *b = &m->list[i];
            int at = c * m->n + i;
            bool later = b->rank > *rank || (b->rank == *rank && at > *place);
            if (b->context != contexts[c] || b->rank == 0 || !later || !may(b, read_only)) continue;
            if (hidden(m, contexts, c, b->code)) continue;
            if (!best || b->rank < best->rank) {
                best = b;
                best_place = at;
            }
        }
    }
    if (best) {
        *rank = best->rank;
        *place = best_place;
    }
    return best;
}

void tui_keymap_hints(const struct tui_keymap *m, const enum tui_context *contexts, int n,
                      int width, bool read_only, struct rs_str *out)
{
    int rank = 0;
    int place = -1;
    int used = 0;
    const struct bound *b;
    while ((b = next_hint(m, contexts, n, read_only, &rank, &place))) {
        char buf[16];
        const char *key = tui_key_text(b->code, buf);
        int w = tui_text_width(key) + 1 + tui_text_width(help_of(b)) + (used ? 2 : 0);
        if (used + w > width) continue; /* a shorter one of lower rank may still fit */
        rs_str_addf(out, "%s%s %s", used ? "  " : "", key, help_of(b));
        used += w;
    }
}

void tui_keymap_each(const struct tui_keymap *m, const enum tui_context *contexts, int n,
                     tui_binding_fn *fn, void *ctx)
{
    for (int c = 0; c < n; c++) {
        for (int i = 0; i < m->n; i++) {
            const struct bound *b = &m->list[i];
            char buf[16];
            if (b->context != contexts[c] || hidden(m, contexts, c, b->code)) continue;
            fn(context_names[b->context], tui_key_text(b->code, buf), b->request, help_of(b), ctx);
        }
    }
}

static enum rs_code check_binding(int i, struct rs_err *err)
{
    const struct tui_binding *b = &tui_bindings[i];
    const char *place = context_names[b->context];
    unsigned flags = tui_request_flags(b->request);
    uint32_t code;
    if (!tui_key_parse(b->key, &code)) {
        return rs_fail(err, RS_EARG, "%s: '%s' is no key", place, b->key);
    }
    for (int j = 0; j < N_DEFAULTS; j++) {
        const struct tui_binding *o = &tui_bindings[j];
        if (j == i || strcmp(o->key, b->key) != 0) continue;
        if (o->context == b->context) {
            return rs_fail(err, RS_EARG, "%s: '%s' is bound twice", place, b->key);
        }
        bool around = o->context == TUI_GLOBAL || o->context == TUI_LIST ||
                      o->context == TUI_POPUP; /* what may have been pressed just before */
        if ((flags & TUI_PRODUCTION) && around) {
            return rs_fail(err, RS_EARG, "%s: '%s' changes what serves and is '%s' around it",
                           place, b->key, tui_request_name(o->request));
        }
    }
    if ((flags & TUI_PRODUCTION) && too_easy(code)) {
        return rs_fail(err, RS_EARG, "%s: '%s' changes what serves", place, b->key);
    }
    return RS_OK;
}

enum rs_code tui_keymap_check(struct rs_err *err)
{
    for (int r = 0; r < TUI_REQUEST_COUNT; r++) {
        const char *name = tui_request_name((enum tui_request)r);
        const char *help = tui_request_help((enum tui_request)r);
        unsigned flags = tui_request_flags((enum tui_request)r);
        enum tui_request again;
        if (!help[0] || tui_text_width(help) > 50) {
            return rs_fail(err, RS_EARG, "request %s: its help has to have 1 to 50 columns", name);
        }
        if (!tui_request_parse(name, &again) || (int)again != r) {
            return rs_fail(err, RS_EARG, "request %s: another one has its name", name);
        }
        if ((flags & TUI_REPEATS) && (flags & (TUI_PRODUCTION | TUI_CHANGES))) {
            return rs_fail(err, RS_EARG, "request %s: a held key would act again", name);
        }
    }
    for (int i = 0; i < N_DEFAULTS; i++) {
        enum rs_code rc = check_binding(i, err);
        if (rc) return rc;
    }
    return RS_OK;
}
