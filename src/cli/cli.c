/*
 * cli - from argv to a command and from its result to standard output.
 *
 * Results go to standard output, everything else to standard error. With --json exactly one
 * document is printed, also for a failure.
 */
#include "rs/cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

const struct rs_arg rs_cli_globals[] = {
    {.name = "workspace",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE,
     .value = "DIR",
     .help = "where data, models and the store live (default: here)"},
    {.name = "json", .type = RS_PARAM_BOOL, .dflt = "false", .help = "print one JSON document"},
    {.name = "csv", .type = RS_PARAM_BOOL, .dflt = "false", .help = "print tables as CSV"},
    {.name = "quiet",
     .type = RS_PARAM_BOOL,
     .letter = 'q',
     .dflt = "false",
     .help = "no progress bars"},
    {.name = "threads",
     .type = RS_PARAM_INT,
     .dflt = "0",
     .min = 0,
     .max = 1024,
     .value = "N",
     .help = "threads of parallel work; 0: the cores we may use"},
    {.name = "log-level",
     .type = RS_PARAM_CHOICE,
     .flags = RS_ARG_OPTIONAL,
     .choices = "debug|info|warn|error",
     .help = "what is logged on standard error"},
    {.name = "batch",
     .type = RS_PARAM_TEXT,
     .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE,
     .value = "FILE",
     .help = "run the commands in a file; - reads standard input"},
    {.name = "keep-going",
     .type = RS_PARAM_BOOL,
     .dflt = "false",
     .help = "batch: go on after a failed command"},
    {.name = "serve",
     .type = RS_PARAM_BOOL,
     .dflt = "false",
     .help = "answer over HTTP: the command serve"},
    {.name = "as-job",
     .type = RS_PARAM_INT,
     .flags = RS_ARG_OPTIONAL | RS_ARG_HIDDEN,
     .min = 1,
     .max = 9e15,
     .value = "ID",
     .help = "run as this job, which the process that started us reserved"},
    {.name = "config-show",
     .type = RS_PARAM_BOOL,
     .dflt = "false",
     .help = "print the configuration the command would use"},
    {.name = "help", .type = RS_PARAM_BOOL, .letter = 'h', .dflt = "false", .help = "explain"},
    {.name = "version", .type = RS_PARAM_BOOL, .letter = 'V', .dflt = "false", .help = "version"},
    {.name = NULL},
};

static const struct rs_cmd globals_cmd = {.name = "command line", .args = rs_cli_globals};

/* Does words[i] name a global option? *uses: words it takes. */
static bool is_global(const char *const *words, size_t n, size_t i, bool in_command, size_t *uses)
{
    const char *w = words[i];
    *uses = 1;
    if (w[0] != '-' || !w[1]) return false;
    for (const struct rs_arg *g = rs_cli_globals; g->name; g++) {
        bool hit = false;
        bool inline_value = false;
        if (w[1] == '-') {
            size_t len = strcspn(w + 2, "=");
            hit = strlen(g->name) == len && memcmp(g->name, w + 2, len) == 0;
            inline_value = w[2 + len] == '=';
        } else {
            hit = g->letter && w[1] == g->letter && !w[2];
        }
        /* --version and friends of a command win over ours once the command is named. */
        if (!hit || (in_command && strcmp(g->name, "version") == 0)) continue;
        if (g->type != RS_PARAM_BOOL && !inline_value && i + 1 < n) {
            *uses = 2;
        }
        return true;
    }
    return false;
}

struct split_words {
    const char **ours;
    size_t n_ours;
    const char **rest;
    size_t n_rest;
};

static struct split_words split_globals(const char *const *words, size_t n)
{
    struct split_words s = {.ours = rs_xalloc(n + 1, sizeof(char *)),
                            .rest = rs_xalloc(n + 1, sizeof(char *))};
    bool options = true;
    for (size_t i = 0; i < n;) {
        size_t uses;
        options = options && strcmp(words[i], "--") != 0;
        if (options && is_global(words, n, i, s.n_rest > 0, &uses)) {
            for (size_t j = 0; j < uses; j++) {
                s.ours[s.n_ours++] = words[i++];
            }
        } else {
            s.rest[s.n_rest++] = words[i++];
        }
    }
    return s;
}

/* The global options among the words; --serve is the command of that name before the others. */
static enum rs_code parse_globals(struct split_words *s, struct rs_args **out, struct rs_err *err)
{
    enum rs_code rc = rs_args_parse(&globals_cmd, s->ours, s->n_ours, out, err);
    if (!rc && rs_args_bool(*out, "serve")) {
        memmove(s->rest + 1, s->rest, s->n_rest++ * sizeof(*s->rest));
        s->rest[0] = "serve";
    }
    return rc;
}

/* Text to the results; the first failure is kept for the end of the program. */
static void put(const struct rs_cli *cli, const char *text)
{
    if (fputs(text, cli->out) == EOF && cli->out_errno && !*cli->out_errno) {
        *cli->out_errno = errno;
    }
}

static void put_json(const struct rs_cli *cli, const struct rs_val *doc)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(doc, cli->many ? 0 : 2, &text);
    rs_str_addc(&text, '\n');
    put(cli, rs_str_text(&text));
    rs_str_clear(&text);
}

/* What the door says itself: text, or a document with the text under key. */
static void put_text(const struct rs_cli *cli, const char *key, const char *text)
{
    if (!cli->json) {
        put(cli, text);
        return;
    }
    struct rs_val *doc = rs_val_map();
    rs_val_set_str(doc, key, text);
    put_json(cli, doc);
    rs_val_free(doc);
}

int rs_cli_fail(const struct rs_cli *cli, const struct rs_err *err)
{
    const char *text = err->msg + (rs_str_starts(err->msg, "recsys-tui: ") ? 12 : 0);
    if (cli->json) {
        struct rs_val *doc = rs_val_map();
        struct rs_val *e = rs_val_set(doc, "error", rs_val_map());
        rs_val_set_str(e, "code", rs_code_name(err->code));
        rs_val_set_str(e, "message", text);
        put_json(cli, doc);
        rs_val_free(doc);
    } else {
        fprintf(stderr, "recsys-tui: %s\n", text);
    }
    return rs_code_exit(err->code);
}

static void print_result(struct rs_cli *cli, const struct rs_result *r)
{
    if (cli->json) {
        put_json(cli, r->doc);
        return;
    }
    struct rs_str text;
    rs_str_init(&text, 0);
    if (cli->csv) {
        rs_result_csv(r, &text);
    } else {
        rs_result_print(r, cli->width, cli->color, &text);
    }
    put(cli, rs_str_text(&text));
    rs_str_clear(&text);
}

static void on_bar(const struct rs_progress *p, void *arg)
{
    rs_bar_update(arg, p);
}

static enum rs_code no_command(const char *const *words, size_t n, struct rs_err *err)
{
    if (n == 0) return rs_fail(err, RS_EARG, "no command (see 'help')");
    const char *near = rs_command_nearest(words, n);
    return rs_fail(err, RS_EARG, "no command '%s%s%s'%s%s%s (see 'help')", words[0],
                   n > 1 ? " " : "", n > 1 ? words[1] : "", near ? ": did you mean " : "",
                   near ? near : "", near ? "?" : "");
}

/* Help about everything, or what words name. */
static int help_about(const struct rs_cli *cli, const char *const *words, size_t n)
{
    struct rs_str text;
    struct rs_err err = {0};
    int status = 0;
    rs_str_init(&text, 0);
    if (n == 0) {
        rs_help_all(&text);
    } else if (!rs_help_about(words, n, &text)) {
        no_command(words, n, &err);
        status = rs_cli_fail(cli, &err);
    }
    if (!status) {
        put_text(cli, "help", rs_str_text(&text));
    }
    rs_str_clear(&text);
    return status;
}

/* The command line's own commands: help and shell. */
static int run_own(struct rs_cli *cli, const struct rs_cmd *cmd, const struct rs_args *args)
{
    if (strcmp(cmd->name, "shell") == 0 && cli->inside) {
        struct rs_err err = {0};
        rs_fail(&err, RS_EARG, "shell: this is a prompt or a batch already");
        return rs_cli_fail(cli, &err);
    }
    if (strcmp(cmd->name, "shell") == 0) return rs_cli_shell(cli);
    rs_assert(strcmp(cmd->name, "help") == 0);
    struct rs_str text;
    rs_str_init(&text, 0);
    const char *shell = rs_args_text(args, "completion");
    size_t n = rs_args_count(args, "command");
    const char *words[8] = {0};
    for (size_t i = 0; i < n && i < 8; i++) {
        words[i] = rs_args_nth(args, "command", i);
    }
    if (rs_args_bool(args, "man")) {
        rs_help_man(&text);
    } else if (shell && strcmp(shell, "bash") == 0) {
        rs_help_completion_bash(&text);
    } else if (shell) {
        rs_help_completion_zsh(&text);
    } else {
        return help_about(cli, words, n < 8 ? n : 8);
    }
    put_text(cli, "help", rs_str_text(&text));
    rs_str_clear(&text);
    return 0;
}

/* What a command has to say before its end; then it says nothing more. */
struct announced {
    struct rs_cli *cli;
    bool done;
};

static void on_announce(const struct rs_result *r, void *arg)
{
    struct announced *a = arg;
    print_result(a->cli, r);
    fflush(a->cli->out);
    a->done = true;
}

/* The door that main gave for a command, or NULL. */
static const struct rs_door *door_of(const struct rs_cli *cli, const struct rs_cmd *cmd)
{
    const struct rs_door *d = cli->ctx->doors;
    while (d && d->command && strcmp(d->command, cmd->name) != 0) {
        d++;
    }
    return d && d->command ? d : NULL;
}

static enum rs_code pass_door(struct rs_cli *cli, const struct rs_door *door,
                              const struct rs_args *args, struct rs_result *out, struct rs_err *err)
{
    enum rs_code rc = rs_ctx_compose(cli->ctx, args, err);
    if (rc) return rc;
    rs_cli_leave_signals();
    if (rs_task_cancelled(&cli->ctx->task)) {
        rc = rs_fail(err, RS_ECANCEL, "%s: interrupted", door->command);
    } else {
        rc = door->run(cli->ctx, args, out, err);
        /* A wish to stop has reached whom it was meant for: the lines after it go on. */
        if (!rc) atomic_store(&cli->ctx->task.cancel, false);
    }
    rs_cli_watch_signals(&cli->ctx->task);
    return rc;
}

/* door NULL: a handler of the table. */
static int run_command(struct rs_cli *cli, const struct rs_cmd *cmd, const struct rs_door *door,
                       const struct rs_args *args)
{
    struct rs_result result;
    struct rs_err err = {0};
    struct rs_bar bar;
    rs_result_init(&result);
    rs_bar_init(&bar, stderr, !cli->quiet);
    cli->ctx->on_progress = on_bar;
    cli->ctx->progress_ctx = &bar;
    struct announced announced = {.cli = cli};
    cli->ctx->announce = on_announce;
    cli->ctx->announce_arg = &announced;
    enum rs_code rc = door ? pass_door(cli, door, args, &result, &err)
                           : rs_ctx_run(cli->ctx, cmd, args, &result, &err);
    rs_bar_finish(&bar);
    cli->ctx->announce = NULL;
    int status;
    if (rc) {
        status = rs_cli_fail(cli, &err);
    } else {
        if (!announced.done) print_result(cli, &result);
        status = result.exit_status;
    }
    rs_result_clear(&result);
    return status;
}

static int show_config(struct rs_cli *cli, const struct rs_args *args)
{
    struct rs_err err = {0};
    enum rs_code rc = rs_ctx_compose(cli->ctx, args, &err);
    if (rc) return rs_cli_fail(cli, &err);
    struct rs_val *tree = rs_conf_tree(cli->ctx->conf);
    if (cli->json) {
        put_json(cli, tree);
    } else {
        struct rs_str text;
        rs_str_init(&text, 0);
        rs_yaml_print(tree, &text);
        put(cli, rs_str_text(&text));
        rs_str_clear(&text);
    }
    rs_val_free(tree);
    return 0;
}

/* A command line without global options. */
static int run_plain(struct rs_cli *cli, const char *const *words, size_t n, bool help, bool config)
{
    struct rs_err err = {0};
    if (help) return help_about(cli, words, n);
    size_t used;
    const struct rs_cmd *cmd = rs_command_find(words, n, &used);
    if (!cmd) {
        struct rs_str text;
        rs_str_init(&text, 0);
        bool group = n == 1 && !cli->json && rs_help_about(words, n, &text);
        if (group) fputs(rs_str_text(&text), stderr); /* what it has */
        rs_str_clear(&text);
        no_command(words, n, &err);
        return group ? rs_code_exit(err.code) : rs_cli_fail(cli, &err);
    }
    struct rs_args *args = NULL;
    if (rs_args_parse(cmd, words + used, n - used, &args, &err)) return rs_cli_fail(cli, &err);
    int status;
    if (config) {
        status = show_config(cli, args);
    } else if ((cmd->flags & RS_CMD_DOOR) && !door_of(cli, cmd)) {
        status = run_own(cli, cmd, args);
    } else {
        free(cli->ctx->command_line);
        cli->ctx->command_line = rs_words_line(words, n);
        status = run_command(cli, cmd, door_of(cli, cmd), args);
    }
    rs_args_free(args);
    return status;
}

static int run_split(struct rs_cli *cli, const struct rs_args *g, const struct split_words *s)
{
    if (rs_args_bool(g, "version")) {
        put_text(cli, "version", cli->json ? RS_VERSION : "recsys-tui " RS_VERSION "\n");
        return 0;
    }
    return run_plain(cli, s->rest, s->n_rest, rs_args_bool(g, "help"),
                     rs_args_bool(g, "config-show"));
}

/* Options that a line of a batch or the prompt cannot change any more. */
static const char *too_late(const struct rs_args *g)
{
    static const char *const names[] = {"workspace", "batch",  "keep-going", "threads",
                                        "log-level", "as-job", NULL};
    for (const char *const *n = names; *n; n++) {
        if (rs_args_given(g, *n)) return *n;
    }
    return NULL;
}

int rs_cli_run_words(struct rs_cli *cli, const char *const *words, size_t n)
{
    struct split_words s = split_globals(words, n);
    struct rs_args *g = NULL;
    struct rs_err err = {0};
    struct rs_cli local = *cli;
    int status;
    const char *late = NULL;
    if (!parse_globals(&s, &g, &err) && (late = too_late(g))) {
        rs_fail(&err, RS_EARG, "--%s stands on the program's command line only", late);
    }
    if (err.code) {
        status = rs_cli_fail(cli, &err);
    } else {
        local.json |= rs_args_bool(g, "json");
        local.csv |= rs_args_bool(g, "csv");
        local.quiet |= rs_args_bool(g, "quiet");
        status = run_split(&local, g, &s);
    }
    rs_args_free(g);
    free(s.ours);
    free(s.rest);
    return status;
}

static int terminal_width(int fd)
{
    struct winsize ws;
    if (!isatty(fd)) return 0;
    if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0) return ws.ws_col;
    return 80;
}

static void init_cli(struct rs_cli *cli, const struct rs_args *g)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    cli->json = rs_args_bool(g, "json");
    cli->csv = rs_args_bool(g, "csv");
    cli->quiet = rs_args_bool(g, "quiet");
    cli->keep_going = rs_args_bool(g, "keep-going");
    cli->width = terminal_width(STDOUT_FILENO);
    cli->color = cli->width > 0 && !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;
    cli->out = stdout;
    rs_par_set_threads((int)rs_args_int(g, "threads"));
    const char *workspace = rs_args_text(g, "workspace");
    if (!workspace) {
        workspace = getenv("RECSYS_WORKSPACE");
    }
    cli->ctx = rs_ctx_new(workspace && workspace[0] ? workspace : ".");
    cli->ctx->adopt = rs_args_int(g, "as-job");
    cli->ctx->log_level =
        rs_args_text(g, "log-level") ? rs_xstrdup(rs_args_text(g, "log-level")) : NULL;
}

static int run_parsed(struct rs_cli *cli, const struct rs_args *g, const struct split_words *s)
{
    const char *batch = rs_args_text(g, "batch");
    if (batch && s->n_rest > 0) {
        struct rs_err err = {0};
        rs_fail(&err, RS_EARG, "--batch and the command '%s': say one of them", s->rest[0]);
        return rs_cli_fail(cli, &err);
    }
    if (batch) return rs_cli_batch(cli, batch);
    bool asked = rs_args_bool(g, "help") || rs_args_bool(g, "version") || cli->json;
    if (s->n_rest > 0 || asked) return run_split(cli, g, s);
    if (cli->width > 0 && isatty(STDIN_FILENO) && door_of(cli, rs_command_named("console"))) {
        static const char *const console[] = {"console"};
        return run_plain(cli, console, 1, false, rs_args_bool(g, "config-show"));
    }
    help_about(cli, NULL, 0);
    return cli->width > 0 ? 0 : rs_code_exit(RS_EARG);
}

/* Results reached their reader, or the reason why not; a reader that left (head) is none. */
static int close_output(int status, int failed)
{
    if (!failed && fflush(stdout) != 0) {
        failed = errno;
    }
    if (!failed || failed == EPIPE) return status;
    fprintf(stderr, "recsys-tui: write standard output: %s\n", strerror(failed));
    return status ? status : rs_code_exit(RS_EIO);
}

int rs_cli_main(int argc, char **argv, const struct rs_door *doors)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    size_t n = argc > 0 ? (size_t)argc - 1 : 0;
    struct split_words s = split_globals((const char *const *)argv + 1, n);
    int out_errno = 0;
    struct rs_cli cli = {.out = stdout, .out_errno = &out_errno};
    struct rs_args *g = NULL;
    struct rs_err err = {0};
    int status;
    if (parse_globals(&s, &g, &err)) {
        for (size_t i = 0; i < s.n_ours; i++) {
            cli.json |= strcmp(s.ours[i], "--json") == 0;
        }
        status = rs_cli_fail(&cli, &err);
    } else {
        init_cli(&cli, g);
        cli.ctx->doors = doors;
        rs_cli_watch_signals(&cli.ctx->task);
        status = run_parsed(&cli, g, &s);
        rs_cli_watch_signals(NULL);
        rs_ctx_free(cli.ctx);
    }
    rs_args_free(g);
    free(s.ours);
    free(s.rest);
    return close_output(status, out_errno);
}
