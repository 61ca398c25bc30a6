/*
 * batch - command lines from a file, one after the other, and the signals that stop them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

#define MAX_BATCH_LINE (1 << 20)

static struct rs_task *watched; /* the handler's only way to the running command */

static void on_signal(int number)
{
    if (atomic_exchange(&watched->cancel, true) && number == SIGINT) {
        _exit(130); /* asked twice: files appear whole or not at all, so nothing is half-written */
    }
}

void rs_cli_watch_signals(struct rs_task *task)
{
    watched = task;
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

static const char *env_get(const char *name)
{
    return getenv(name);
}

/* The next logical line (a backslash at the end joins the next); false at the end of file. */
static bool next_line(FILE *f, struct rs_str *line, int *number)
{
    char *buf = NULL;
    size_t cap = 0;
    bool any = false;
    rs_str_reset(line);
    ssize_t len;
    while ((len = getline(&buf, &cap, f)) >= 0) {
        any = true;
        (*number)++;
        while (len > 0 && (buf[len - 1] == '\n' || buf[len - 1] == '\r')) {
            len--;
        }
        bool joins = len > 0 && buf[len - 1] == '\\';
        rs_str_addn(line, buf, (size_t)(joins ? len - 1 : len));
        if (!joins) break;
        rs_str_addc(line, ' ');
    }
    free(buf);
    return any;
}

int rs_cli_run_line(struct rs_cli *cli, const char *line)
{
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    if (rs_line_split(line, env_get, &words, &n, &err)) {
        fprintf(stderr, "recsys-tui: %s\n", err.msg);
        return rs_code_exit(err.code);
    }
    size_t skip = n > 0 && strcmp(words[0], "recsys-tui") == 0; /* lines pasted from the manual */
    int status = 0;
    if (n > skip) {
        status = rs_cli_run_words(cli, (const char *const *)words + skip, n - skip);
    }
    rs_fs_list_free(words);
    return status;
}

int rs_cli_batch(struct rs_cli *cli, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "r");
    if (!f) {
        fprintf(stderr, "recsys-tui: batch '%s': %s\n", path, strerror(errno));
        return rs_code_exit(errno == ENOENT ? RS_ENOTFOUND : RS_EIO);
    }
    const char *shown = standard ? "standard input" : path;
    struct rs_str line;
    rs_str_init(&line, MAX_BATCH_LINE);
    int number = 0;
    int first_failure = 0;
    cli->many = true;
    while (!rs_task_cancelled(&cli->ctx->task)) {
        int at = number + 1;
        if (!next_line(f, &line, &number)) break;
        int status = rs_cli_run_line(cli, rs_str_text(&line));
        fflush(cli->out);
        if (status == 0) continue;
        first_failure = first_failure ? first_failure : status;
        fprintf(stderr, "recsys-tui: %s:%d: exit status %d: %.200s\n", shown, at, status,
                rs_str_text(&line));
        if (!cli->keep_going) break;
    }
    if (!first_failure && rs_task_cancelled(&cli->ctx->task)) {
        first_failure = rs_code_exit(RS_ECANCEL);
    }
    rs_str_clear(&line);
    if (!standard) {
        fclose(f);
    }
    return first_failure;
}
