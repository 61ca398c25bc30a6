/*
 * batch - command lines from a file, one after the other, and the signals that stop them.
 */
#include <ctype.h>
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
static volatile sig_atomic_t end_asked;

static void on_signal(int number)
{
    if (number != SIGINT) {
        end_asked = 1;
    }
    if (watched && atomic_exchange(&watched->cancel, true) && number == SIGINT) {
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

void rs_cli_leave_signals(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

bool rs_cli_take_end(void)
{
    bool asked = end_asked != 0;
    end_asked = 0;
    return asked;
}

static const char *env_get(const char *name)
{
    return getenv(name);
}

/* Does text end inside a comment, so that a backslash at its end says nothing? */
static bool ends_in_comment(const char *text)
{
    char quote = 0;
    bool in_word = false;
    for (; *text; text++) {
        if (quote) {
            if (*text == '\\' && quote == '"' && text[1]) {
                text++;
            } else if (*text == quote) {
                quote = 0;
            }
        } else if (*text == '#' && !in_word) {
            return true;
        } else if (*text == '\'' || *text == '"') {
            quote = *text;
        } else if (*text == '\\' && text[1]) {
            text++;
        }
        in_word = quote || !isspace((unsigned char)*text);
    }
    return false;
}

/* One line as it stands in the file, without its end; false at the end of the file. */
static bool read_line(FILE *f, struct rs_str *line, struct rs_err *err)
{
    size_t begin = line->len;
    int c;
    while ((c = getc(f)) != EOF && c != '\n' && c != '\0' && !line->failed) {
        rs_str_addc(line, (char)c);
    }
    if (ferror(f)) {
        rs_fail_errno(err, errno, "read");
    } else if (c == '\0') {
        rs_fail(err, RS_EPARSE, "a NUL byte: not a text file");
    } else if (line->failed) {
        rs_fail(err, RS_EPARSE, "a line of more than %d bytes", MAX_BATCH_LINE);
    } else if (line->len > begin && line->data[line->len - 1] == '\r') {
        line->data[--line->len] = '\0';
    }
    return c != EOF || line->len > begin;
}

/* The next logical line (a backslash at the end joins the next); false at the end of file or with
 * err set. */
static bool next_line(FILE *f, struct rs_str *line, int *number, struct rs_err *err)
{
    bool any = false;
    rs_str_reset(line);
    while (read_line(f, line, err)) {
        any = true;
        (*number)++;
        if (err->code) return false;
        if (*number == 1 && rs_str_starts(rs_str_text(line), "\xef\xbb\xbf")) {
            memmove(line->data, line->data + 3, line->len - 2); /* a byte order mark */
            line->len -= 3;
        }
        size_t slashes = 0;
        while (slashes < line->len && line->data[line->len - 1 - slashes] == '\\') {
            slashes++;
        }
        if (slashes % 2 == 0 || ends_in_comment(line->data)) break;
        line->data[--line->len] = '\0';
    }
    return any && !err->code;
}

int rs_cli_run_line(struct rs_cli *cli, const char *line)
{
    char **words = NULL;
    size_t n = 0;
    struct rs_err err = {0};
    if (rs_line_split(line, env_get, &words, &n, &err)) return rs_cli_fail(cli, &err);
    size_t skip = n > 0 && strcmp(words[0], "recsys-tui") == 0; /* lines pasted from the manual */
    int status = 0;
    if (n > skip) {
        status = rs_cli_run_words(cli, (const char *const *)words + skip, n - skip);
    }
    rs_fs_list_free(words);
    return status;
}

/* Lines of f, one after the other; number counts those of the file. */
static int run_lines(struct rs_cli *cli, FILE *f, const char *shown)
{
    struct rs_err err = {0};
    struct rs_str line;
    rs_str_init(&line, MAX_BATCH_LINE);
    int number = 0;
    int first_failure = 0;
    while (!rs_task_cancelled(&cli->ctx->task)) {
        int at = number + 1;
        if (!next_line(f, &line, &number, &err)) break;
        int status = rs_cli_run_line(cli, rs_str_text(&line));
        if (fflush(cli->out) != 0 && cli->out_errno && !*cli->out_errno) {
            *cli->out_errno = errno;
        }
        if (status == 0) continue;
        first_failure = first_failure ? first_failure : status;
        fprintf(stderr, "recsys-tui: %s:%d: exit status %d: %.200s\n", shown, at, status,
                rs_str_text(&line));
        if (!cli->keep_going) break;
    }
    rs_str_clear(&line);
    if (err.code) {
        rs_wrap(&err, "%s:%d", shown, number > 0 ? number : 1);
        int status = rs_cli_fail(cli, &err);
        return first_failure ? first_failure : status;
    }
    if (!first_failure && rs_task_cancelled(&cli->ctx->task)) {
        first_failure = rs_code_exit(RS_ECANCEL);
    }
    return first_failure;
}

int rs_cli_batch(struct rs_cli *cli, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    cli->inside = true;
    cli->many = true;
    FILE *f = standard ? stdin : fopen(path, "r");
    if (!f) {
        struct rs_err err = {0};
        int why = errno;
        rs_fail_errno(&err, why, "batch '%s'", path);
        err.code = why == ENOENT ? RS_ENOTFOUND : err.code;
        return rs_cli_fail(cli, &err);
    }
    int status = run_lines(cli, f, standard ? "standard input" : path);
    if (!standard) {
        fclose(f);
    }
    return status;
}
