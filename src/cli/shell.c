/*
 * shell - a prompt over the command table: history, completion, one command at a time.
 *
 * Without a terminal the lines of standard input run as a batch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

#define MAX_HISTORY 2000

/* readline calls back without a context, so the prompt's state stands here while it runs. */
static struct {
    struct rs_ctx *ctx;
    char **found; /* candidates of the word being completed */
    size_t next;
    bool ended; /* by a signal */
} prompt;

static const char *env_get(const char *name)
{
    return getenv(name);
}

static char *next_match(const char *text, int state)
{
    (void)text;
    if (state == 0) {
        prompt.next = 0;
    }
    return prompt.found && prompt.found[prompt.next] ? strdup(prompt.found[prompt.next++]) : NULL;
}

static char **matches(const char *text, int start, int end)
{
    (void)end;
    char *before = rs_xstrndup(rl_line_buffer, (size_t)start);
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    rs_fs_list_free(prompt.found);
    prompt.found = NULL;
    char **list = NULL;
    if (!rs_line_split(before, env_get, &words, &n, &err)) {
        prompt.found = rs_complete(prompt.ctx, (const char *const *)words, n, text);
        rs_fs_list_free(words);
        list = rl_completion_matches(text, next_match);
    }
    free(before);
    rl_attempted_completion_over = list != NULL; /* nothing of ours: file names */
    return list;
}

static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && state[0]) return rs_path_join(state, "recsys-tui/history");
    return home && home[0] ? rs_path_join(home, ".local/state/recsys-tui/history") : NULL;
}

static void history_load(const char *path)
{
    if (!path) return;
    char *dir = rs_xstrdup(path);
    char *slash = strrchr(dir, '/');
    if (slash) {
        *slash = '\0';
    }
    struct rs_err err = {0};
    if (rs_fs_mkdirs(dir, &err)) {
        fprintf(stderr, "recsys-tui: no history: %s\n", err.msg);
    }
    free(dir);
    using_history();
    stifle_history(MAX_HISTORY);
    read_history(path);
}

static bool is_end(const char *line)
{
    line += strspn(line, " \t");
    return strcmp(line, "exit") == 0 || strcmp(line, "quit") == 0;
}

/* Ctrl-C at the prompt: a fresh line; readline has let go of the old one. SIGTERM: the end. */
static int on_interrupt(void)
{
    if (rs_cli_take_end()) {
        prompt.ended = true;
        rl_done = 1;
    } else if (rs_task_cancelled(&prompt.ctx->task)) {
        atomic_store(&prompt.ctx->task.cancel, false);
        rl_replace_line("", 0);
        rl_crlf();
        rl_on_new_line();
        rl_redisplay();
    }
    return 0;
}

int rs_cli_shell(struct rs_cli *cli)
{
    if (!isatty(STDIN_FILENO)) return rs_cli_batch(cli, "-");
    char *path = history_path();
    cli->inside = true;
    prompt.ctx = cli->ctx;
    prompt.ended = false;
    rl_readline_name = "recsys-tui";
    rl_attempted_completion_function = matches;
    rl_completer_word_break_characters = " \t\n";
    rl_catch_signals = 0; /* Ctrl-C sets the task's flag; the hook below sees it */
    rl_signal_event_hook = on_interrupt;
    rl_event_hook =
        on_interrupt; /* ten times a second: for one that came while a key was handled */
    history_load(path);
    puts("recsys-tui " RS_VERSION ": 'help' lists the commands, Tab completes, 'exit' ends");
    int status = 0;
    char *line;
    while ((line = readline("recsys> ")) != NULL) {
        if (prompt.ended || is_end(line)) {
            status = prompt.ended ? rs_code_exit(RS_ECANCEL) : status;
            free(line);
            break;
        }
        if (line[strspn(line, " \t")]) {
            add_history(line);
            atomic_store(&cli->ctx->task.cancel, false);
            status = rs_cli_run_line(cli, line);
            fflush(cli->out);
            atomic_store(&cli->ctx->task.cancel, false);
            rs_cli_take_end(); /* what it stopped was the command */
        }
        free(line);
    }
    if (path) {
        write_history(path);
    }
    free(path);
    rs_fs_list_free(prompt.found);
    prompt.found = NULL;
    return status;
}
