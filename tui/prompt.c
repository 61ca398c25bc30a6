/*
 * prompt - one line by GNU readline's callback interface, fed and drawn by us.
 *
 * Readline reads bytes from a queue and never sees the terminal: no modes, no signals, no LINES and
 * COLUMNS, no output but to the null device, and with a redisplay function of ours it asks for no
 * termcap entry either, which would pull curses' away. The user's inputrc holds.
 *
 * Readline calls back without a context and has one line at a time, so the open prompt stands in a
 * static variable.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "glyph.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "widgets.h"

enum { MAX_HISTORY = 1000, MAX_SHOWN = 8, QUEUE = 64 };
enum { CTRL_C = 3, CTRL_G = 7, CTRL_H = 8, CTRL_R = 18, CTRL_S = 19, CTRL_W = 23, CTRL_Y = 25 };

struct tui_prompt {
    char *label;
    char *history_file;
    tui_complete_fn *complete;
    void *ctx;
    enum tui_prompt_state state;
    char *line;   /* when it is done or cancelled */
    char **found; /* candidates, "word\thelp" */
    size_t next;  /* of found, while readline asks for them */
    bool listed;  /* found is shown */
    unsigned char queue[QUEUE];
    size_t n_queue, at_queue;
};

static struct tui_prompt *open_prompt;

/* ---- what readline calls ---- */

static int take_byte(FILE *unused)
{
    (void)unused;
    struct tui_prompt *p = open_prompt;
    return p && p->at_queue < p->n_queue ? p->queue[p->at_queue++] : EOF;
}

static int byte_waits(void)
{
    return open_prompt && open_prompt->at_queue < open_prompt->n_queue;
}

static void no_redisplay(void)
{
    /* the canvas is drawn after every key */
}

static void take_line(char *line)
{
    struct tui_prompt *p = open_prompt;
    p->state = line ? TUI_PROMPT_DONE : TUI_PROMPT_CANCELLED;
    free(p->line);
    p->line = rs_xstrdup(line ? line : "");
    free(line);
    rl_callback_handler_remove();
}

static size_t word_len(const char *candidate)
{
    return strcspn(candidate, "\t");
}

static char *next_candidate(const char *text, int again)
{
    (void)text;
    struct tui_prompt *p = open_prompt;
    if (!again) p->next = 0;
    if (!p->found || !p->found[p->next]) return NULL;
    const char *c = p->found[p->next++];
    return strndup(c, word_len(c)); /* readline's to free */
}

static void forget_candidates(struct tui_prompt *p)
{
    rs_fs_list_free(p->found);
    p->found = NULL;
    p->listed = false;
}

/* Readline puts what all candidates begin with in place of the word: others must go. */
static void keep_prefixed(char **list, const char *word)
{
    size_t n = 0;
    for (size_t i = 0; list[i]; i++) {
        if (rs_str_starts(list[i], word)) {
            list[n++] = list[i];
        } else {
            free(list[i]);
        }
    }
    list[n] = NULL;
}

static char **candidates(const char *text, int start, int end)
{
    (void)start;
    struct tui_prompt *p = open_prompt;
    rl_attempted_completion_over = 1; /* never file names */
    forget_candidates(p);
    p->found = p->complete ? p->complete(rl_line_buffer, end, p->ctx) : NULL;
    if (!p->found) return NULL;
    keep_prefixed(p->found, text);
    if (p->found[0] && !p->found[1]) {
        size_t len = word_len(p->found[0]); /* "factors=" goes on with its value */
        rl_completion_suppress_append = len > 0 && strchr("=:/", p->found[0][len - 1]) != NULL;
    }
    return rl_completion_matches(text, next_candidate);
}

static void list_candidates(char **matches, int n, int longest)
{
    (void)matches;
    (void)n;
    (void)longest;
    open_prompt->listed = true;
}

/* ---- opening and closing ---- */

/* Once: what our caller's terminal and the inputrc must not change comes behind rl_initialize. */
static void set_up(void)
{
    static FILE *null_in, *null_out;
    if (null_in) return;
    null_in = fopen("/dev/null", "re");
    null_out = fopen("/dev/null", "we");
    rs_assert(null_in && null_out);
    rl_readline_name = "recsys-tui";
    rl_instream = null_in;
    rl_outstream = null_out;
    rl_getc_function = take_byte;
    rl_input_available_hook = byte_waits;
    rl_redisplay_function = no_redisplay;
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_completion_display_matches_hook = list_candidates;
    rl_attempted_completion_function = candidates;
    rl_completer_word_break_characters = " ";
    rl_variable_bind("show-all-if-ambiguous", "on"); /* the inputrc may turn it off */
    rl_initialize();
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("convert-meta", "off");
    rl_variable_bind("input-meta", "on");
    rl_variable_bind("output-meta", "on");
    /* Arrows, Home and End are bound by readline itself; Del it would take from termcap. */
    static const char *const maps[] = {"emacs", "vi-insert", "vi-move"};
    for (size_t i = 0; i < 3; i++) {
        Keymap map = rl_get_keymap_by_name(maps[i]);
        rl_bind_keyseq_if_unbound_in_map("\\e[3~", rl_delete, map);
        rl_unbind_function_in_map(rl_quoted_insert, map);
        rl_unbind_function_in_map(rl_tab_insert, map);
    }
}

struct tui_prompt *tui_prompt_open(const char *label, const char *text, const char *history_file,
                                   tui_complete_fn *complete, void *ctx)
{
    rs_assert(!open_prompt);
    struct tui_prompt *p = rs_xalloc(1, sizeof(*p));
    *p = (struct tui_prompt){.label = rs_xstrdup(label),
                             .history_file = rs_xstrdup(history_file),
                             .complete = complete,
                             .ctx = ctx};
    open_prompt = p;
    set_up();
    using_history();
    clear_history();
    if (history_file) read_history(history_file);
    using_history();
    rl_callback_handler_install(p->label, take_line);
    struct rs_str start;
    rs_str_init(&start, 0);
    tui_paste_text(text ? text : "", &start);
    rl_replace_line(rs_str_text(&start), 1);
    rl_point = rl_end;
    rs_str_clear(&start);
    return p;
}

void tui_prompt_close(struct tui_prompt *p)
{
    if (!p) return;
    if (p->state == TUI_PROMPT_OPEN) rl_callback_handler_remove();
    open_prompt = NULL;
    forget_candidates(p);
    clear_history();
    free(p->label);
    free(p->history_file);
    free(p->line);
    free(p);
}

const char *tui_prompt_text(const struct tui_prompt *p)
{
    return p->state == TUI_PROMPT_OPEN ? rl_line_buffer : p->line;
}

/* ---- history ---- */

static void make_parent(const char *path)
{
    char *dir = rs_xstrdup(path);
    char *slash = strrchr(dir, '/');
    struct rs_err ignored = {0}; /* writing will say it again, and history is not worth a stop */
    if (slash && slash > dir) {
        *slash = '\0';
        if (rs_fs_mkdirs(dir, &ignored)) ignored.code = RS_OK;
    }
    free(dir);
}

/* Reads it again, so that what another console added stays; the line goes to the end, once. */
static void remember(const char *path, const char *line)
{
    if (!path || line[strspn(line, " ")] == '\0') return;
    clear_history();
    read_history(path);
    for (int i = history_length; i-- > 0;) {
        const HIST_ENTRY *e = history_get(history_base + i);
        if (e && strcmp(e->line, line) == 0) free_history_entry(remove_history(i));
    }
    add_history(line);
    make_parent(path);
    if (chmod(path, 0600)) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) close(fd);
    }
    stifle_history(MAX_HISTORY);
    write_history(path);
    unstifle_history();
}

/* ---- keys ---- */

static bool in_search(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG |
                      RL_STATE_MULTIKEY | RL_STATE_VIMOTION) != 0;
}

/* A line holds what has columns, whatever a history file has or a command of readline's left: its
 * version 8.2 cuts characters in vi mode, and then loops for ever behind one without columns. */
static void mend_line(void)
{
    struct rs_str line;
    rs_str_init(&line, 0);
    tui_paste_text(rl_line_buffer, &line);
    if (!line.failed && strcmp(rs_str_text(&line), rl_line_buffer) != 0) {
        rl_replace_line(rs_str_text(&line), 1);
        rl_point = rl_end;
    }
    rs_str_clear(&line);
}

static void feed(struct tui_prompt *p, const char *bytes, size_t n)
{
    rs_assert(n <= QUEUE);
    memcpy(p->queue, bytes, n);
    p->n_queue = n;
    p->at_queue = 0;
    while (p->at_queue < p->n_queue && p->state == TUI_PROMPT_OPEN)
        rl_callback_read_char();
    p->n_queue = p->at_queue = 0;
    if (p->state == TUI_PROMPT_OPEN && !in_search()) mend_line();
}

static void cancel(struct tui_prompt *p)
{
    p->line = rs_xstrdup(rl_line_buffer);
    p->state = TUI_PROMPT_CANCELLED;
    rl_callback_handler_remove();
}

/* One layer at a time: the list, a search, vi's insert mode, the prompt. */
static void escape(struct tui_prompt *p)
{
    if (p->listed) {
        forget_candidates(p);
    } else if (in_search()) {
        feed(p, "\a", 1); /* ^G */
    } else if (rl_editing_mode == 0 && rl_get_keymap() == rl_get_keymap_by_name("vi-insert")) {
        feed(p, "\033", 1);
    } else {
        cancel(p);
    }
}

/* Pasted text is text: it goes in as a whole, and no byte of it is a key. */
static void paste(struct tui_prompt *p, const char *text)
{
    struct rs_str line;
    rs_str_init(&line, 0);
    tui_paste_text(text, &line);
    if (in_search()) feed(p, "\a", 1);
    if (p->state == TUI_PROMPT_OPEN) {
        rl_begin_undo_group();
        rl_insert_text(rs_str_text(&line));
        rl_end_undo_group();
    }
    rs_str_clear(&line);
}

/* The bytes that terminals send and readline's key maps know. */
static const char *bytes_of(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *bytes;
    } table[] = {
        {TUI_KEY_ENTER, "\r"},         {TUI_KEY_TAB, "\t"},         {TUI_KEY_BACKTAB, "\033[Z"},
        {TUI_KEY_BACKSPACE, "\177"},   {TUI_KEY_DELETE, "\033[3~"}, {TUI_KEY_UP, "\033[A"},
        {TUI_KEY_DOWN, "\033[B"},      {TUI_KEY_RIGHT, "\033[C"},   {TUI_KEY_LEFT, "\033[D"},
        {TUI_KEY_HOME, "\033[H"},      {TUI_KEY_END, "\033[F"},     {TUI_KEY_PAGE_UP, "\033[5~"},
        {TUI_KEY_PAGE_DOWN, "\033[6~"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code) return table[i].bytes;
    return NULL;
}

/* Keys of an incremental search. Any other ends it first, on its own: readline 8.2 reads through a
 * dead context when a sequence both ends a search and goes on behind it. */
static bool is_search_key(const struct tui_key *k)
{
    static const uint32_t controls[] = {CTRL_G, CTRL_H, CTRL_R, CTRL_S, CTRL_W, CTRL_Y};
    if (k->alt) return false;
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        if (controls[i] == k->code) return true;
    return k->code == TUI_KEY_ENTER || k->code == TUI_KEY_BACKSPACE ||
           (k->code >= ' ' && k->code <= 0x10ffff);
}

static void type(struct tui_prompt *p, const struct tui_key *k)
{
    char bytes[16] = "\033";
    const char *name = bytes_of(k->code);
    size_t n = k->alt;
    if (name) {
        n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "%s", name);
    } else {
        size_t len = tui_utf8(k->code, bytes + n);
        if (len == 0 || (k->code > 127 && !tui_may_type(k->code))) return;
        n += len;
    }
    if (RL_ISSTATE(RL_STATE_ISEARCH) && !is_search_key(k)) feed(p, "\033", 1);
    feed(p, bytes, n);
}

enum tui_prompt_state tui_prompt_key(struct tui_prompt *p, const struct tui_key *k)
{
    if (p->state != TUI_PROMPT_OPEN) return p->state;
    if (k->code == TUI_KEY_ESC && !k->alt) {
        escape(p);
        return p->state;
    }
    if (k->code != TUI_KEY_TAB) forget_candidates(p);
    if (k->code == CTRL_C) {
        cancel(p);
    } else if (k->code == TUI_KEY_PASTE) {
        if (k->paste) paste(p, k->paste);
    } else {
        type(p, k);
    }
    if (p->state == TUI_PROMPT_DONE) remember(p->history_file, p->line);
    return p->state;
}

/* ---- drawing ---- */

/* Columns of the first n bytes as this canvas shows them. */
static int columns_of(const struct tui_canvas *c, const char *text, size_t n)
{
    char shown[15];
    int columns = 0;
    int width;
    for (size_t i = 0; i < n && text[i]; columns += width)
        i += tui_glyph_next(text + i, c->glyphs == &tui_glyphs_ascii, shown, &width);
    return columns;
}

static void draw_line(const struct tui_prompt *p, struct tui_canvas *c, struct tui_rect row)
{
    bool is_open = p->state == TUI_PROMPT_OPEN;
    const char *label = is_open && rl_display_prompt ? rl_display_prompt : p->label;
    const char *text = tui_prompt_text(p);
    int label_w = tui_text_width(label);
    label_w = label_w > row.w / 2 ? row.w / 2 : label_w;
    tui_fill(c, row, TUI_INPUT, 0);
    tui_put_in(c, row, row.x, row.y, label_w, false, label, TUI_KEY, TUI_BOLD);
    struct tui_rect box = {row.x + label_w, row.y, row.w - label_w, 1};
    int cursor = columns_of(c, text, is_open ? (size_t)rl_point : strlen(text));
    int skip = cursor > box.w - 1 ? cursor - (box.w - 1) : 0;
    char shown[15];
    int width;
    int skipped = 0;
    for (; *text && skipped < skip; skipped += width)
        text += tui_glyph_next(text, c->glyphs == &tui_glyphs_ascii, shown, &width);
    tui_put(c, box, box.x, row.y, text, TUI_INPUT, 0);
    c->cursor_x = box.x + cursor - skipped;
    c->cursor_y = row.y;
}

static void draw_candidates(const struct tui_prompt *p, struct tui_canvas *c, struct tui_rect row)
{
    int n = 0;
    int widest = 0;
    for (; p->found[n]; n++) {
        char word[128];
        snprintf(word, sizeof(word), "%.*s", (int)word_len(p->found[n]), p->found[n]);
        int w = tui_text_width(word);
        widest = w > widest ? w : widest;
    }
    int room = row.y < MAX_SHOWN ? row.y : MAX_SHOWN;
    int rows = n < room ? n : room;
    widest = widest > row.w / 2 ? row.w / 2 : widest;
    tui_fill(c, (struct tui_rect){row.x, row.y - rows, row.w, rows}, TUI_TEXT, 0);
    for (int i = 0; i < rows; i++) {
        struct tui_rect line = {row.x, row.y - rows + i, row.w, 1};
        if (i == rows - 1 && rows < n) {
            tui_putf(c, line, line.x + 1, line.y, TUI_WARN, 0, "+%d more", n - i);
            return;
        }
        char word[128];
        const char *all = p->found[i];
        size_t len = word_len(all);
        snprintf(word, sizeof(word), "%.*s", (int)len, all);
        tui_put_in(c, line, line.x + 1, line.y, widest, false, word, TUI_KEY, 0);
        if (all[len])
            tui_put_in(c, line, line.x + widest + 3, line.y, line.w - widest - 3, false,
                       all + len + 1, TUI_DIM, 0);
    }
}

void tui_prompt_draw(const struct tui_prompt *p, struct tui_canvas *c, struct tui_rect row)
{
    row = tui_rect_cut(row, tui_canvas_rect(c));
    if (row.w < 2 || row.h < 1) return;
    if (p->listed && p->found) draw_candidates(p, c, row);
    draw_line(p, c, row);
}
