/*
 * spawn - the same binary once more, as a job.
 *
 * It is forked twice: the process in between ends at once and is waited for here, so the job is
 * nobody's child that would have to be reaped. Between fork and exec only calls are made that are
 * safe while other threads hold any lock. A pipe that exec closes says whether exec came about.
 */
#define _GNU_SOURCE /* pipe2, close_range */
#include "rs/commands/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/store/jobs.h"

extern char **environ;

enum rs_code rs_job_allowed(const struct rs_cmd *cmd, struct rs_err *err)
{
    if (cmd->flags & RS_CMD_SECRET)
        return rs_fail(err, RS_EREFUSED,
                       "%s: a job's result is kept, and this one is secret: run it on a command "
                       "line",
                       cmd->name);
    if (cmd->flags & RS_CMD_ALONE)
        return rs_fail(err, RS_EREFUSED,
                       "%s: it wants the store to itself, and a job stands in it: stop what uses "
                       "the store, then run it on a command line",
                       cmd->name);
    if (cmd->flags & RS_CMD_DOOR)
        return rs_fail(err, RS_EREFUSED, "%s: this is no job: run it on a command line", cmd->name);
    return RS_OK;
}

char *rs_job_stderr(const char *workspace, int64_t id)
{
    return rs_xprintf("%s/logs/job-%lld.log", workspace, (long long)id);
}

/* ---- between fork and exec ------------------------------------------------------------------ */

struct launch {
    char **argv, **envp;
    const char *dir; /* where it works */
    int in_out, log; /* descriptors above 2 */
    int report;      /* the pipe's end that gets an errno */
};

static _Noreturn void fail_launch(const struct launch *l)
{
    int why = errno;
    if (write(l->report, &why, sizeof(why)) < 0) _exit(126);
    _exit(127);
}

static _Noreturn void become_job(const struct launch *l)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, &plain, NULL); /* refused for some, which have no handlers */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(l->in_out, 0) < 0 || dup2(l->in_out, 1) < 0 || dup2(l->log, 2) < 0) fail_launch(l);
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) { /* an old kernel */
        for (int fd = 3; fd < (int)sysconf(_SC_OPEN_MAX); fd++) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }
    if (chdir(l->dir) != 0) fail_launch(l);
    execve("/proc/self/exe", l->argv, l->envp);
    fail_launch(l);
}

/* The process in between. */
static _Noreturn void fork_again(const struct launch *l)
{
    setsid();
    pid_t pid = fork();
    if (pid < 0) fail_launch(l);
    if (pid == 0) become_job(l);
    _exit(0);
}

/* ---- this side ------------------------------------------------------------------------------ */

/* A descriptor that dup2 to 0, 1 and 2 leaves alone; -1: errno. */
static int lifted(int fd)
{
    if (fd < 0 || fd > 2) return fd;
    int up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int why = errno;
    close(fd);
    errno = why;
    return up;
}

/* Forks and hears whether exec came about; 0 or an errno. Signals wait meanwhile, so that none of
 * our handlers runs in a copy of us. */
static int fork_and_hear(struct launch *l, int listen)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    int why = pid < 0 ? errno : 0;
    if (pid == 0) fork_again(l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(l->report);
    l->report = -1;
    if (pid < 0) return why;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    ssize_t n;
    while ((n = read(listen, &why, sizeof(why))) < 0 && errno == EINTR) {
    }
    return n == (ssize_t)sizeof(why) ? why : 0;
}

static enum rs_code launch(const char *dir, const char *log_path, char **argv, char **envp,
                           struct rs_err *err)
{
    int ends[2] = {-1, -1};
    struct launch l = {
        .argv = argv, .envp = envp, .dir = dir, .in_out = -1, .log = -1, .report = -1};
    enum rs_code rc = rs_ctx_make_folder_of(log_path, err);
    if (rc) return rc;
    l.log = lifted(open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (l.log < 0) rc = rs_fail_errno(err, errno, "open '%s'", log_path);
    if (!rc) l.in_out = lifted(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!rc && l.in_out < 0) rc = rs_fail_errno(err, errno, "open '/dev/null'");
    if (!rc && pipe2(ends, O_CLOEXEC) != 0) rc = rs_fail_errno(err, errno, "make a pipe");
    if (!rc) l.report = lifted(ends[1]);
    if (!rc && l.report < 0) rc = rs_fail_errno(err, errno, "make a pipe");
    if (!rc) {
        int why = fork_and_hear(&l, ends[0]);
        if (why) rc = rs_fail_errno(err, why, "start a process");
    }
    if (l.log >= 0) close(l.log);
    if (l.in_out >= 0) close(l.in_out);
    if (l.report >= 0) close(l.report);
    if (ends[0] >= 0) close(ends[0]);
    return rc;
}

static size_t length(char *const *list)
{
    size_t n = 0;
    while (list[n]) {
        n++;
    }
    return n;
}

/* The command's name, cut into words, and its arguments. */
static char **command_words(const struct rs_cmd *cmd, const struct rs_args *args)
{
    char **rest = rs_args_to_words(args);
    size_t n_rest = length(rest);
    char **words = rs_xalloc(strlen(cmd->name) + n_rest + 1, sizeof(*words));
    size_t n = 0;
    for (const char *at = cmd->name; *at; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        words[n++] = rs_xstrndup(at, len);
        at += len;
    }
    memcpy(words + n, rest, n_rest * sizeof(*rest));
    free(rest); /* the words have moved */
    return words;
}

/* The program's own options before the words, which stay the caller's. */
static char **job_argv(int64_t id, char *const *words)
{
    size_t n = length(words);
    char **argv = rs_xalloc(n + 4, sizeof(*argv));
    argv[0] = rs_xstrdup("recsys-tui");
    argv[1] = rs_xstrdup("--workspace=.");
    argv[2] = rs_xprintf("--as-job=%lld", (long long)id);
    for (size_t i = 0; i < n; i++) {
        argv[3 + i] = rs_xstrdup(words[i]);
    }
    return argv;
}

/* Our environment but for the server's secret, and who asked. */
static char **job_environment(const char *actor)
{
    char **list = rs_xalloc(length(environ) + 2, sizeof(*list));
    size_t n = 0;
    for (char **at = environ; *at; at++) {
        if (rs_str_starts(*at, "RECSYS_TOKEN=")) continue;
        if (actor && rs_str_starts(*at, "RECSYS_ACTOR=")) continue;
        list[n++] = rs_xstrdup(*at);
    }
    if (actor) list[n++] = rs_xprintf("RECSYS_ACTOR=%.100s", actor);
    return list;
}

static enum rs_code start(const char *workspace, int64_t id, char *const *words, const char *actor,
                          struct rs_err *err)
{
    char *log_path = rs_job_stderr(workspace, id);
    char **argv = job_argv(id, words);
    char **envp = job_environment(actor);
    enum rs_code rc = launch(workspace, log_path, argv, envp, err);
    rs_fs_list_free(envp);
    rs_fs_list_free(argv);
    free(log_path);
    return rc ? rs_wrap(err, "start job %lld", (long long)id) : RS_OK;
}

enum rs_code rs_job_spawn(const char *workspace, struct rs_store *st, const struct rs_cmd *cmd,
                          const struct rs_args *args, const char *actor, int64_t *job_id_out,
                          struct rs_err *err)
{
    enum rs_code rc = rs_job_allowed(cmd, err);
    if (rc) return rc;
    int64_t id = 0;
    char **words = command_words(cmd, args);
    char *line = rs_words_line((const char *const *)words, length(words));
    rc = rs_jobs_reserve(st, cmd->name, line, &id, err);
    if (!rc) {
        rc = start(workspace, id, words, actor, err);
        struct rs_err second = {0};
        if (rc && rs_jobs_abandon(st, id, err->msg, &second)) {
            rs_log(RS_LOG_WARN, "job", "id=%lld stays reserved: %s", (long long)id, second.msg);
        }
    }
    if (!rc) *job_id_out = id;
    rs_fs_list_free(words);
    free(line);
    return rc;
}
