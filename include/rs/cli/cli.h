/*
 * cli - the command line: one command, a batch file, or a prompt; and help printed from the table.
 */
#ifndef RS_CLI_CLI_H
#define RS_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "rs/base/err.h"
#include "rs/base/str.h"
#include "rs/base/version.h"
#include "rs/commands/command.h"
#include "rs/commands/ctx.h"

/* Options that stand before or after any command, in a table like a command's. */
extern const struct rs_arg rs_cli_globals[];

/* The whole program from a terminal, a pipe or cron; returns the exit status. doors: the commands
 * that others do (RS_CMD_DOOR, and not ours); NULL: none. */
int rs_cli_main(int argc, char **argv, const struct rs_door *doors);

/* Help: everything, one group ("data") or one command, for a terminal of that width. */
void rs_help_all(struct rs_str *out);
/* Commands whose name begins with words; false: none does. */
bool rs_help_about(const char *const *words, size_t n, struct rs_str *out);
void rs_help_man(struct rs_str *out); /* recsys-tui.1 as man(7) source */
void rs_help_completion_bash(struct rs_str *out);
void rs_help_completion_zsh(struct rs_str *out);

/* A line of a batch file or the prompt cut into words: '…', "…" and \ quote, # begins a comment,
 * $NAME, ${NAME} and ${NAME:-default} come from the environment (RS_EARG where unset). RS_EPARSE:
 * an open quote or brace. words_out is NULL-ended; freed with rs_fs_list_free. */
RS_MUST_USE enum rs_code rs_line_split(const char *line, const char *(*env)(const char *name),
                                       char ***words_out, size_t *n_out, struct rs_err *err);

/* What may stand at the end of words[0..n] while prefix is typed: a sorted NULL-ended list, freed
 * with rs_fs_list_free. ctx: looks up datasets, runs, versions; NULL: the table alone. */
char **rs_complete(struct rs_ctx *ctx, const char *const *words, size_t n, const char *prefix);

/* State of the door, shared by its files. */
struct rs_cli {
    struct rs_ctx *ctx;
    bool json, csv, quiet, color, keep_going;
    bool inside;    /* a batch or a prompt: no further prompt */
    bool many;      /* several commands in one output: JSON documents stand on one line each */
    int width;      /* of standard output; 0: not a terminal */
    FILE *out;      /* results */
    int *out_errno; /* of the first write to out that failed, else 0; or NULL */
};
/* What went wrong, a line on standard error or a document among the results; returns the exit
 * status. */
int rs_cli_fail(const struct rs_cli *cli, const struct rs_err *err);
/* Run one command line (without the program's name); prints result or error; returns the status. */
int rs_cli_run_words(struct rs_cli *cli, const char *const *words, size_t n);
/* The same for a line of text, as rs_line_split cuts it; a leading "recsys-tui" is skipped. */
int rs_cli_run_line(struct rs_cli *cli, const char *line);
/* Lines of a file ("-": standard input): stops at the first failure unless keep_going. */
int rs_cli_batch(struct rs_cli *cli, const char *path);
int rs_cli_shell(struct rs_cli *cli);
/* Ctrl-C, SIGTERM and SIGHUP set the cancel flag of the running command; a second Ctrl-C ends at
 * once. NULL: no command to cancel any more. */
void rs_cli_watch_signals(struct rs_task *task);
/* The signals that are watched get their default actions, for a door with its own handlers. One
 * that came before has set the cancel flag. */
void rs_cli_leave_signals(void);
/* Did SIGTERM or SIGHUP come since the last call? A prompt ends then. */
bool rs_cli_take_end(void);

#endif
