/*
 * app_palette - ':' takes requests, screens with what they shall show, commands of the table, and a
 * few words of the console itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/commands/command.h"

#define WAIT_NS 120000000000LL /* a script's longest wait */

void tui_app_palette(struct tui_app *a)
{
    tui_app_prompt(a, TUI_REQ_PALETTE, ":", "");
    a->prompt_own = true;
}

/* ---- what is to be read ---- */

void tui_app_text(struct tui_app *a, const char *title, const char *const *lines)
{
    struct tui_view *caller = a->current;
    a->current = NULL; /* nobody waits for an answer */
    tui_app_dialog(
        a, TUI_SAY_RESULT,
        tui_dialog_new(TUI_DIALOG_TEXT, title, lines, NULL, NULL, false, false, a->last_key));
    a->current = caller;
}

/* A result of one line is a toast, a longer one is there to read. */
void tui_app_result(struct tui_app *a, const char *title, const struct rs_result *r)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    int room = a->canvas.w - 8; /* of the dialog, which is no wider than 90 */
    rs_result_print(r, room < 20 ? 20 : room > 86 ? 86 : room, false, &text);
    size_t n = 0;
    char **lines = rs_xalloc(text.len + 2, sizeof(*lines));
    char *at = text.data;
    while (at && *at) {
        size_t len = strcspn(at, "\n");
        lines[n++] = rs_xstrndup(at, len);
        at += len + (at[len] == '\n');
    }
    while (n > 0 && !lines[n - 1][0]) {
        free(lines[--n]);
        lines[n] = NULL;
    }
    if (n == 0) {
        tui_app_toast(a, "%s: done", title);
    } else if (n == 1) {
        tui_app_toast(a, "%s", lines[0]);
    } else {
        tui_app_text(a, title, (const char *const *)lines);
    }
    rs_fs_list_free(lines);
    rs_str_clear(&text);
}

/* ---- the console's own words ---- */

static enum rs_code say_set(struct tui_app *a, const char *arg, struct rs_err *err)
{
    const char *eq = strchr(arg, '=');
    if (!eq) return rs_fail(err, RS_EARG, "set: KEY=VALUE is wanted, as in set theme=mono");
    char *key = rs_xstrndup(arg, (size_t)(eq - arg));
    enum rs_code rc = rs_values_set_text(a->config.ui, key, eq + 1, err);
    free(key);
    if (!rc) tui_app_apply_config(a);
    return rc;
}

static enum rs_code say_save(struct tui_app *a, const char *arg, struct rs_err *err)
{
    (void)arg;
    enum rs_code rc = tui_config_write(&a->config, err);
    if (!rc) tui_app_toast(a, "saved: %s", a->config.path);
    return rc;
}

static enum rs_code say_dump(struct tui_app *a, const char *arg, struct rs_err *err)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    tui_app_frame(a);
    if (rs_str_ends(arg, ".ansi")) {
        tui_canvas_ansi(&a->canvas, a->theme, &text);
    } else if (rs_str_ends(arg, ".svg")) {
        tui_canvas_svg(&a->canvas, a->theme, &text);
    } else {
        tui_canvas_text(&a->canvas, &text);
    }
    enum rs_code rc = rs_fs_write(arg, rs_str_text(&text), text.len, err);
    rs_str_clear(&text);
    return rc;
}

static enum rs_code say_save_screen(struct tui_app *a, const char *arg, struct rs_err *err)
{
    if (!rs_str_ends(arg, ".txt") && !rs_str_ends(arg, ".ansi") && !rs_str_ends(arg, ".svg")) {
        return rs_fail(err, RS_EARG, "save-screen %s: .txt, .ansi or .svg says the form", arg);
    }
    return say_dump(a, arg, err);
}

bool tui_app_shows(struct tui_app *a, const char *text)
{
    struct rs_str screen;
    rs_str_init(&screen, 0);
    tui_app_frame(a);
    tui_canvas_text(&a->canvas, &screen);
    bool found = strstr(rs_str_text(&screen), text) != NULL;
    rs_str_clear(&screen);
    return found;
}

static enum rs_code say_expect(struct tui_app *a, const char *arg, struct rs_err *err)
{
    if (tui_app_shows(a, arg)) return RS_OK;
    return rs_fail(err, RS_EREFUSED, "expect: the screen does not show '%s'", arg);
}

static enum rs_code say_wait(struct tui_app *a, const char *arg, struct rs_err *err)
{
    if (a->script.n == 0) return rs_fail(err, RS_EARG, "wait: a word for scripts only");
    free(a->wait_text);
    a->wait_text = rs_xstrdup(arg);
    a->wait_ns = a->now_ns + WAIT_NS;
    return RS_OK;
}

static const struct own_word {
    const char *name;
    bool wants_arg;
    bool looks; /* at the screen as it is: a toast stays */
    enum rs_code (*say)(struct tui_app *a, const char *arg, struct rs_err *err);
} own_words[] = {
    {"set", true, false, say_set},      {"save", false, false, say_save},
    {"dump", true, true, say_dump},     {"save-screen", true, true, say_save_screen},
    {"expect", true, true, say_expect}, {"wait", false, true, say_wait},
};
enum { N_OWN = sizeof(own_words) / sizeof(own_words[0]) };

/* ---- commands ---- */

/* Commands that ask first. word: what has to be typed, "*" the version; NULL: y or n. */
static const struct guarded {
    const char *command, *word, *line;
} guarded[] = {
    {"model promote", "*", "Another version answers from then on."},
    {"model rollback", "rollback", "The version before answers from then on."},
    {"db restore", "restore", "The store is replaced; the present one is kept beside it."},
    {"run delete", NULL, "What it removes does not come back."},
    {"run gc", NULL, "What it removes does not come back."},
    {"token revoke", NULL, "Callers with this token are refused from then on."},
    {"serve stop", NULL, "Requests are refused from then on."},
};

void tui_app_command(struct tui_app *a, const char *name, const char *const *words)
{
    const struct rs_cmd *cmd = rs_command_named(name);
    if (cmd->flags & RS_CMD_JOB) {
        tui_start_job(a->worker, 0, tui_app_kind(a, TUI_ASK_JOB), name, words);
    } else {
        tui_ask_command(a->worker, 0, tui_app_kind(a, TUI_ASK_COMMAND), name, words);
    }
}

void tui_app_pending_clear(struct tui_app *a)
{
    free(a->pending_command);
    rs_fs_list_free(a->pending_words);
    a->pending_command = NULL;
    a->pending_words = NULL;
}

static void ask_first(struct tui_app *a, const struct guarded *g, const struct rs_args *args,
                      char **words)
{
    char word[80];
    bool by_version = g->word && strcmp(g->word, "*") == 0;
    const char *version = by_version ? rs_args_text(args, "version") : "";
    size_t n = 0;
    tui_app_pending_clear(a);
    a->pending_command = rs_xstrdup(g->command);
    while (words[n]) {
        n++;
    }
    a->pending_words = rs_xalloc(n + 1, sizeof(char *));
    for (size_t i = 0; i < n; i++) {
        a->pending_words[i] = rs_xstrdup(words[i]);
    }
    snprintf(word, sizeof(word), "%s%.60s", version[0] >= '0' && version[0] <= '9' ? "v" : "",
             version);
    const char *const lines[] = {g->line, NULL};
    const char *typed = by_version ? word : g->word;
    tui_app_dialog(a, TUI_SAY_COMMAND,
                   tui_dialog_new(typed ? TUI_DIALOG_WORD : TUI_DIALOG_ASK, g->command, lines,
                                  typed, NULL, false, false, a->last_key));
}

static const struct guarded *guard_of(const struct rs_cmd *cmd)
{
    for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
        if (strcmp(guarded[i].command, cmd->name) == 0) return &guarded[i];
    }
    return NULL;
}

static enum rs_code say_command(struct tui_app *a, const struct rs_cmd *cmd, char **words, size_t n,
                                struct rs_err *err)
{
    if (strcmp(cmd->name, "help") == 0) {
        tui_app_popup(a, &tui_help_popup, NULL);
        return RS_OK;
    }
    if (cmd->flags & RS_CMD_DOOR) {
        return rs_fail(err, RS_EREFUSED, "%s: start it from a shell", cmd->name);
    }
    if (tui_app_read_only(a) && (cmd->flags & RS_CMD_WRITES)) {
        return rs_fail(err, RS_EREFUSED, "%s: not with --read-only", cmd->name);
    }
    struct rs_args *args = NULL; /* wrong words are told at once, before any question */
    enum rs_code rc = rs_args_parse(cmd, (const char *const *)words, n, &args, err);
    if (rc) return rc;
    const struct guarded *g = guard_of(cmd);
    if (g) {
        ask_first(a, g, args, words);
    } else {
        tui_app_command(a, cmd->name, (const char *const *)words);
    }
    rs_args_free(args);
    return RS_OK;
}

/* ---- a line ---- */

static char *join(char **words, size_t n)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    for (size_t i = 0; i < n; i++) {
        rs_str_addf(&text, "%s%s", i ? " " : "", words[i]);
    }
    return rs_str_take(&text);
}

/* "user 1042" means the screen "users". */
static bool find_request(const char *word, enum tui_request *out)
{
    if (tui_request_parse(word, out)) return *out != TUI_REQ_NONE;
    char *plural = rs_xprintf("%ss", word);
    bool found =
        tui_request_parse(plural, out) && *out >= TUI_REQ_SCREEN_1 && *out <= TUI_REQ_SCREEN_8;
    free(plural);
    return found;
}

static void say_request(struct tui_app *a, enum tui_request r, char **words, size_t n)
{
    char *arg = join(words, n);
    struct tui_view *v = tui_app_focus(a);
    if (n == 0) {
        tui_app_request(a, r, 0);
    } else if (r >= TUI_REQ_SCREEN_1 && r <= TUI_REQ_SCREEN_8) {
        const struct tui_view_ops *ops = tui_screens[r - TUI_REQ_SCREEN_1];
        tui_app_go(a, ops ? ops->name : tui_request_name(r), arg);
    } else if (v->ops->text) {
        a->current = v;
        v->ops->text(v, r, arg);
        a->current = NULL;
    } else {
        tui_app_toast(a, "%s takes nothing more here", tui_request_name(r));
    }
    free(arg);
}

static enum rs_code unknown(const char *word, struct rs_err *err)
{
    const char *names[TUI_REQUEST_COUNT + N_OWN + 200];
    size_t n = 0;
    for (int r = 1; r < TUI_REQUEST_COUNT; r++) {
        names[n++] = tui_request_name((enum tui_request)r);
    }
    for (int i = 0; i < N_OWN; i++) {
        names[n++] = own_words[i].name;
    }
    for (const struct rs_cmd *c = rs_commands; c->name && n + 1 < sizeof(names) / sizeof(names[0]);
         c++) {
        names[n++] = c->name;
    }
    names[n] = NULL;
    const char *near = rs_str_nearest(word, names);
    return rs_fail(err, RS_EARG, "nothing is called '%s'%s%s%s", word,
                   near ? ": did you mean " : "", near ? near : "; Tab completes, ? lists the keys",
                   near ? "?" : "");
}

static enum rs_code say_words(struct tui_app *a, char **words, size_t n, const char *rest,
                              struct rs_err *err)
{
    for (int i = 0; i < N_OWN; i++) {
        if (strcmp(own_words[i].name, words[0]) != 0) continue;
        if (!own_words[i].looks) (void)tui_toasts_key(a->toasts);
        if (own_words[i].wants_arg && n < 2) {
            return rs_fail(err, RS_EARG, "%s: what? one word more is wanted", words[0]);
        }
        return own_words[i].say(a, rest, err);
    }
    (void)tui_toasts_key(a->toasts);
    enum tui_request r;
    size_t used;
    const struct rs_cmd *cmd = rs_command_find((const char *const *)words, n, &used);
    bool request = find_request(words[0], &r);
    bool option = n > used && cmd && rs_str_starts(words[used], "--");
    if (request && (n == 1 || !cmd || (used == 1 && !option))) {
        say_request(a, r, words + 1, n - 1);
        return RS_OK;
    }
    if (cmd) return say_command(a, cmd, words + used, n - used, err);
    return unknown(words[0], err);
}

enum rs_code tui_app_say(struct tui_app *a, const char *line, struct rs_err *err)
{
    char **words = NULL;
    size_t n = 0;
    line += strspn(line, " \t:");
    enum rs_code rc = tui_words(line, &words, NULL, &n, err);
    if (rc) return rc;
    const char *rest = line + strcspn(line, " \t");
    if (n > 0) rc = say_words(a, words, n, rest + strspn(rest, " \t"), err);
    rs_fs_list_free(words);
    return rc;
}
