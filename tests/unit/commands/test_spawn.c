/* spawn: a job in a process of its own ends with its result or its error, has nothing of the process
 * that started it, and outlives it. The program that is started is this test: with arguments, its
 * main is the command line's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/cli/cli.h"
#include "rs/commands/ctx.h"
#include "rs/commands/spawn.h"
#include "rs/store/jobs.h"

#define WORDS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define PATIENCE_MS 20000

static struct ref_store t; /* its folder is the workspace */

static int set_up(void **state)
{
    (void)state;
    ref_store_init(&t);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_store_clear(&t);
    return 0;
}

static struct rs_args *parse(const char *name, const char *const *words)
{
    size_t n = 0;
    struct rs_args *args = NULL;
    struct rs_err err = {0};
    while (words[n]) {
        n++;
    }
    assert_ok(rs_args_parse(rs_command_named(name), words, n, &args, &err), &err);
    return args;
}

static enum rs_code spawn(struct rs_store *st, const char *name, const char *const *words,
                          int64_t *id, struct rs_err *err)
{
    struct rs_args *args = parse(name, words);
    enum rs_code rc = rs_job_spawn(t.dir, st, rs_command_named(name), args, NULL, id, err);
    rs_args_free(args);
    return rc;
}

static int64_t started(const char *name, const char *const *words)
{
    struct rs_err err = {0};
    int64_t id = 0;
    assert_ok(spawn(t.st, name, words, &id, &err), &err);
    assert_true(id > 0);
    return id;
}

/* The job's row once done(row) holds; the caller clears it. */
static struct rs_job wait_for(int64_t id, bool (*done)(const struct rs_job *j))
{
    struct rs_err err = {0};
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    for (;;) {
        struct rs_job j = {0};
        assert_ok(rs_jobs_get(t.st, id, &j, &err), &err);
        if (done(&j)) return j;
        if (rs_clock_mono_ns() > deadline) {
            fail_msg("job %d waits: %s '%s'", (int)id, rs_job_state_name(j.state), j.message);
        }
        rs_job_clear(&j);
        rs_clock_sleep_ms(5);
    }
}

static bool has_ended(const struct rs_job *j)
{
    return j->state != RS_JOB_RUNNING;
}

static bool is_adopted(const struct rs_job *j)
{
    return j->pid != getpid() || j->state != RS_JOB_RUNNING;
}

/* "job wait" of a row that runs for 30 s: a job that goes on until it is cancelled. */
static int64_t long_job(struct rs_store *st)
{
    struct rs_err err = {0};
    int64_t other = 0;
    int64_t id = 0;
    assert_ok(rs_jobs_reserve(st, "train", "train", &other, &err), &err);
    char *number = rs_xprintf("%lld", (long long)other);
    assert_ok(spawn(st, "job wait", WORDS(number), &id, &err), &err);
    free(number);
    return id;
}

static void cancel(int64_t id)
{
    struct rs_err err = {0};
    assert_ok(rs_jobs_cancel(t.st, id, &err), &err);
    struct rs_job j = wait_for(id, has_ended);
    assert_string_equal(rs_job_state_name(j.state), "cancelled");
    rs_job_clear(&j);
}

static void a_job_ends_with_its_result(void **state)
{
    (void)state;
    int64_t id = started("run list", WORDS("-n", "3", "--filter=params.model = \"als\""));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child of ours, not even a dead one */
    assert_int_equal(errno, ECHILD);
    struct rs_job j = wait_for(id, has_ended);
    assert_string_equal(rs_job_state_name(j.state), "done");
    assert_string_equal(j.kind, "run list");
    assert_string_equal(j.command, "run list '--filter=params.model = \"als\"' --limit=3");
    struct rs_val *detail = NULL;
    struct rs_err err = {0};
    assert_ok(rs_json_parse(j.detail, strlen(j.detail), "detail", &detail, &err), &err);
    assert_int_equal(rs_val_at(detail, "result.runs")->n, 0);
    rs_val_free(detail);
    rs_job_clear(&j);
    char *path = rs_job_stderr(t.dir, id);
    assert_false(rs_fs_exists(path)); /* it said nothing */
    free(path);
}

/* Relative paths are the workspace's; the journal names who asked, not who runs the server. */
static void a_job_works_in_the_workspace_for_who_asked(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char run[RS_RUN_ID];
    int64_t id = started("db backup", WORDS("backup/store.db"));
    struct rs_job j = wait_for(id, has_ended);
    assert_string_equal(j.message, "");
    rs_job_clear(&j);
    char *copy = rs_path_join(t.dir, "backup/store.db");
    assert_true(rs_fs_exists(copy));
    free(copy);
    ref_store_run(&t, 1, run);
    struct rs_args *args = parse("model register", WORDS("--run", run));
    assert_ok(
        rs_job_spawn(t.dir, t.st, rs_command_named("model register"), args, "token ops", &id, &err),
        &err);
    rs_args_free(args);
    j = wait_for(id, has_ended);
    assert_string_equal(j.message, "");
    rs_job_clear(&j);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_journal WHERE actor = "
                                           "'token ops'"),
                     1);
}

static void a_job_that_fails_says_why(void **state)
{
    (void)state;
    int64_t id = started("run show", WORDS("nosuch"));
    struct rs_job j = wait_for(id, has_ended);
    assert_string_equal(rs_job_state_name(j.state), "failed");
    assert_non_null(strstr(j.message, "'nosuch'"));
    assert_string_equal(j.detail, "{}");
    char *path = rs_job_stderr(t.dir, id);
    struct rs_err err = {0};
    size_t len = 0;
    for (int i = 0; i < PATIENCE_MS && len == 0; i++) { /* the row is written first */
        char *text = NULL;
        assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
        if (len > 0) assert_non_null(strstr(text, j.message));
        free(text);
        if (len == 0) rs_clock_sleep_ms(1);
    }
    assert_true(len > 0);
    rs_job_clear(&j);
    free(path);
}

/* A wrong configuration fails the job, not only its process. */
static void a_job_fails_with_its_configuration(void **state)
{
    (void)state;
    int64_t id = started("user list", WORDS("model.factrs=3"));
    struct rs_job j = wait_for(id, has_ended);
    assert_string_equal(rs_job_state_name(j.state), "failed");
    assert_non_null(strstr(j.message, "factors"));
    rs_job_clear(&j);
}

static char *proc_text(int64_t pid, const char *name)
{
    char path[64];
    static char buf[1 << 16];
    snprintf(path, sizeof(path), "/proc/%lld/%s", (long long)pid, name);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, buf, sizeof(buf) - 1);
    close(fd);
    assert_true(n > 0);
    for (ssize_t i = 0; i < n; i++) {
        buf[i] = buf[i] ? buf[i] : '\n';
    }
    buf[n] = '\0';
    return buf;
}

/* Bits of "SigBlk:\t0000000000000000". */
static unsigned long long proc_signals(int64_t pid, const char *label)
{
    const char *line = strstr(proc_text(pid, "status"), label);
    assert_non_null(line);
    return strtoull(line + strlen(label), NULL, 16);
}

static void assert_no_descriptor_of(int64_t pid, const char *path)
{
    char dir[64];
    char **names = NULL;
    struct rs_err err = {0};
    snprintf(dir, sizeof(dir), "/proc/%lld/fd", (long long)pid);
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    for (char **n = names; *n; n++) {
        char target[4096];
        char *link = rs_path_join(dir, *n);
        ssize_t len = readlink(link, target, sizeof(target) - 1);
        free(link);
        if (len < 0) continue; /* closed meanwhile */
        target[len] = '\0';
        if (strcmp(target, path) == 0) fail_msg("descriptor %s is '%s'", *n, target);
        if (strcmp(*n, "0") == 0 || strcmp(*n, "1") == 0) {
            assert_string_equal(target, "/dev/null");
        }
    }
    rs_fs_list_free(names);
}

static void a_job_has_nothing_of_ours(void **state)
{
    (void)state;
    char *path = ref_file(t.dir, "open", "x", SIZE_MAX);
    int fd = open(path, O_RDONLY); /* as a library might: not closed by exec */
    sigset_t some;
    sigset_t before;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGUSR2);
    sigprocmask(SIG_BLOCK, &some, &before);
    signal(SIGUSR1, SIG_IGN);
    setenv("RECSYS_TOKEN", "hush", 1);
    int64_t id = long_job(t.st);
    sigset_t now;
    sigprocmask(SIG_SETMASK, &before, &now);
    assert_int_equal(sigismember(&now, SIGUSR2), 1); /* ours is as it was */
    assert_int_equal(sigismember(&now, SIGINT), 0);
    struct rs_job j = wait_for(id, is_adopted);
    assert_string_equal(rs_job_state_name(j.state), "running");
    assert_no_descriptor_of(j.pid, path);
    for (int i = 0; i < 1000 && proc_signals(j.pid, "SigBlk:\t"); i++) {
        rs_clock_sleep_ms(5); /* while it starts a thread it blocks them all itself */
    }
    assert_int_equal(proc_signals(j.pid, "SigBlk:\t"), 0);
    assert_int_equal(proc_signals(j.pid, "SigIgn:\t") & (1ULL << (SIGUSR1 - 1)), 0);
    assert_null(strstr(proc_text(j.pid, "environ"), "hush"));
    assert_null(strstr(proc_text(j.pid, "cmdline"), "hush"));
    assert_int_not_equal(getsid((pid_t)j.pid), getsid(0));
    rs_job_clear(&j);
    cancel(id);
    unsetenv("RECSYS_TOKEN");
    signal(SIGUSR1, SIG_DFL);
    close(fd);
    free(path);
}

static void a_job_outlives_who_started_it(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_store *st = NULL;
        struct rs_err err = {0};
        int64_t id = rs_store_open(t.path, 0, &st, &err) ? -1 : long_job(st);
        ssize_t n = write(ends[1], &id, sizeof(id));
        raise(SIGKILL);
        _exit(n > 0);
    }
    int64_t id = 0;
    int status = 0;
    assert_int_equal(read(ends[0], &id, sizeof(id)), sizeof(id));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(ends[0]);
    close(ends[1]);
    struct rs_job j = wait_for(id, is_adopted);
    while (j.state == RS_JOB_RUNNING && j.pid == pid) { /* still the reserved row */
        rs_job_clear(&j);
        rs_clock_sleep_ms(5);
        j = wait_for(id, is_adopted);
    }
    assert_string_equal(rs_job_state_name(j.state), "running");
    assert_int_equal(kill((pid_t)j.pid, 0), 0);
    rs_job_clear(&j);
    cancel(id);
}

static int64_t count_jobs(void)
{
    return ref_store_int(t.path, "SELECT count(*) FROM rs_job");
}

static void some_commands_are_no_jobs(void **state)
{
    (void)state;
    struct rs_err err = {0};
    int64_t id = -1;
    int64_t before = count_jobs();
    assert_code(spawn(t.st, "token add", WORDS("x"), &id, &err), RS_EREFUSED, &err, "secret");
    assert_code(spawn(t.st, "db restore", WORDS("x"), &id, &err), RS_EREFUSED, &err,
                "the store to itself");
    assert_code(spawn(t.st, "serve", WORDS(NULL), &id, &err), RS_EREFUSED, &err, "no job");
    assert_int_equal(id, -1);
    assert_int_equal(count_jobs(), before);
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        if (c->flags & RS_CMD_JOB) assert_ok(rs_job_allowed(c, &err), &err);
    }
}

static void what_cannot_start_has_failed(void **state)
{
    (void)state;
    struct rs_err err = {0};
    int64_t id = -1;
    struct rs_str text;
    rs_str_init(&text, 0);
    for (int i = 0; i < 200000; i++) {
        rs_str_addc(&text, 'x'); /* longer than the system lets an argument be */
    }
    assert_code(spawn(t.st, "run show", WORDS(rs_str_text(&text)), &id, &err), RS_EIO, &err,
                "start a process");
    rs_str_clear(&text);
    struct rs_job *jobs = NULL;
    size_t n = 0;
    assert_ok(rs_jobs_list(t.st, 1, &jobs, &n, &err), &err);
    assert_string_equal(rs_job_state_name(jobs[0].state), "failed");
    assert_non_null(strstr(jobs[0].message, "start a process"));
    rs_job_clear(&jobs[0]);
    free(jobs);
    char *logs = rs_path_join(t.dir, "logs");
    char *aside = rs_path_join(t.dir, "aside");
    assert_ok(rs_fs_rename(logs, aside, &err), &err);
    free(ref_file(t.dir, "logs", "in the way", SIZE_MAX));
    assert_code(spawn(t.st, "run list", WORDS(NULL), &id, &err), RS_EIO, &err, "logs");
    assert_ok(rs_fs_remove(logs, &err), &err);
    assert_ok(rs_fs_rename(aside, logs, &err), &err);
    free(logs);
    free(aside);
    assert_int_equal(id, -1);
}

/* A store that was moved away comes back to an empty place. */
static void a_job_makes_no_store(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    struct rs_ctx *ctx = rs_ctx_new(dir);
    struct rs_args *args = parse("run list", WORDS(NULL));
    struct rs_result out;
    struct rs_err err = {0};
    rs_result_init(&out);
    ctx->adopt = 7;
    assert_code(rs_ctx_run(ctx, rs_command_named("run list"), args, &out, &err), RS_ENOTFOUND, &err,
                "is not there");
    char *db = rs_path_join(dir, "db");
    assert_false(rs_fs_exists(db));
    free(db);
    rs_result_clear(&out);
    rs_args_free(args);
    rs_ctx_free(ctx);
    ref_remove(dir);
}

int main(int argc, char **argv)
{
    if (argc > 1) return rs_cli_main(argc, argv, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_ends_with_its_result),
        cmocka_unit_test(a_job_works_in_the_workspace_for_who_asked),
        cmocka_unit_test(a_job_that_fails_says_why),
        cmocka_unit_test(a_job_fails_with_its_configuration),
        cmocka_unit_test(a_job_has_nothing_of_ours),
        cmocka_unit_test(a_job_outlives_who_started_it),
        cmocka_unit_test(some_commands_are_no_jobs),
        cmocka_unit_test(what_cannot_start_has_failed),
        cmocka_unit_test(a_job_makes_no_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
