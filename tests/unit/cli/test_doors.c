/* doors: the command line hands a command over to its door with the configuration composed and the
 * signals let go, reports what it says, and takes the signals back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What the door below saw, and what it is to answer. */
static struct {
    int times;
    int64_t port, cache_mb;
    char host[64], alias[64], line[200];
    bool defaults; /* all signals had their default actions */
    int signals;   /* its own handler's */
    enum rs_code answer;
} seen;

static void on_signal(int number)
{
    (void)number;
    seen.signals++;
}

static bool by_default(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static enum rs_code door_run(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    seen.times++;
    seen.port = rs_conf_int(ctx->conf, "serving.port");
    seen.cache_mb = rs_conf_int(ctx->conf, "serving.cache_mb");
    snprintf(seen.host, sizeof(seen.host), "%s", rs_conf_text(ctx->conf, "serving.host"));
    snprintf(seen.alias, sizeof(seen.alias), "%s", rs_conf_text(ctx->conf, "serving.alias"));
    snprintf(seen.line, sizeof(seen.line), "%s", ctx->command_line);
    seen.defaults = by_default(SIGINT) && by_default(SIGTERM) && by_default(SIGHUP);
    struct sigaction own = {.sa_handler = on_signal};
    sigaction(SIGTERM, &own, NULL);
    raise(SIGTERM);
    assert_string_equal(rs_args_command(args)->name, "serve");
    if (seen.answer) return rs_fail(err, seen.answer, "port %d is taken", (int)seen.port);
    atomic_store(&ctx->task.cancel, true); /* as `serve stop` does through the row */
    rs_result_say(out, "served");
    return RS_OK;
}

static void door_libraries(rs_lib_fn *fn, void *ctx)
{
    fn("doorlib", "1.0", "1.2", ctx);
}

static const struct rs_door doors[] = {
    {.command = "serve", .run = door_run, .libraries = door_libraries},
    {.command = NULL},
};

static char *dir; /* the workspace */

static int swap_fd(int fd, const char *name)
{
    char *path = rs_path_join(dir, name);
    int saved = dup(fd);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && to >= 0 && dup2(to, fd) == fd);
    close(to);
    free(path);
    return saved;
}

static void restore_fd(int fd, int saved)
{
    assert_int_equal(dup2(saved, fd), fd);
    close(saved);
}

/* Runs the command line; what it printed stands in the files out and err of the workspace. */
static int run(const char *const *words)
{
    char *argv[16] = {rs_xstrdup("recsys-tui"), rs_xstrdup("--workspace"), rs_xstrdup(dir)};
    int n = 3;
    for (; words[n - 3]; n++) {
        argv[n] = rs_xstrdup(words[n - 3]);
    }
    memset(&seen, 0, offsetof(__typeof__(seen), answer));
    fflush(stdout);
    int out = swap_fd(STDOUT_FILENO, "out");
    int err = swap_fd(STDERR_FILENO, "err");
    int status = rs_cli_main(n, argv, doors);
    fflush(stdout);
    restore_fd(STDOUT_FILENO, out);
    restore_fd(STDERR_FILENO, err);
    for (int i = 0; i < n; i++) {
        free(argv[i]);
    }
    return status;
}

static void assert_printed(const char *name, const char *part)
{
    struct rs_err err = {0};
    char *path = rs_path_join(dir, name);
    char *text = NULL;
    size_t len;
    assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
    if (!strstr(text, part)) fail_msg("'%s' is not in %s:\n%s", part, name, text);
    free(text);
    free(path);
}

static int set_up(void **state)
{
    (void)state;
    dir = ref_temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_remove(dir);
    return 0;
}

static void a_door_gets_configuration_and_signals(void **state)
{
    (void)state;
    assert_int_equal(run(WORDS("serve", "--port", "8131", "serving.cache_mb=0", "--host=::1",
                               "--alias", "staging")),
                     0);
    assert_int_equal(seen.times, 1);
    assert_int_equal(seen.port, 8131);
    assert_int_equal(seen.cache_mb, 0);
    assert_string_equal(seen.host, "::1");
    assert_string_equal(seen.alias, "staging");
    assert_string_equal(seen.line,
                        "serve --port 8131 serving.cache_mb=0 --host=::1 --alias staging");
    assert_true(seen.defaults);
    assert_int_equal(seen.signals, 1);
    assert_false(by_default(SIGTERM)); /* the command line's own again */
    assert_printed("out", "served");
    assert_int_equal(run(WORDS("serve")), 0);
    assert_int_equal(seen.port, 8000);
    assert_string_equal(seen.host, "127.0.0.1");
}

static void the_option_is_the_command(void **state)
{
    (void)state;
    assert_int_equal(run(WORDS("--serve")), 0);
    assert_int_equal(seen.times, 1);
    assert_int_equal(run(WORDS("--port", "0", "--serve", "serving.drain_s=1")), 0);
    assert_int_equal(seen.times, 1);
    assert_int_equal(seen.port, 0);
    assert_int_equal(run(WORDS("--serve", "train")), 2);
    assert_int_equal(seen.times, 0);
    assert_printed("err", "serve: unexpected argument 'train'");
    assert_int_equal(run(WORDS("--serve", "--help")), 0);
    assert_printed("out", "serve: answer over HTTP");
    assert_int_equal(seen.times, 0);
}

static void what_a_door_says_is_reported(void **state)
{
    (void)state;
    seen.answer = RS_EBUSY;
    assert_int_equal(run(WORDS("serve", "--port", "9")), 9);
    assert_printed("err", "recsys-tui: port 9 is taken");
    seen.answer = RS_OK;
}

static void a_wrong_or_only_shown_configuration_opens_no_door(void **state)
{
    (void)state;
    assert_int_equal(run(WORDS("serve", "serving.port=x")), 2);
    assert_printed("err", "serving: port");
    assert_int_equal(run(WORDS("serve", "--port", "70000")), 2);
    assert_int_equal(run(WORDS("serve", "--config-show", "--port", "99")), 0);
    assert_printed("out", "port: 99");
    assert_int_equal(seen.times, 0);
}

static void lines_of_a_batch_open_doors_too(void **state)
{
    (void)state;
    char *path = ref_file(dir, "lines", "serve --port 1\nserve --port 2\n", SIZE_MAX);
    assert_int_equal(run(WORDS("--batch", path)), 0);
    assert_int_equal(seen.times, 2);
    assert_int_equal(seen.port, 2);
    assert_true(seen.defaults);
    free(path);
    path = ref_file(dir, "lines", "--as-job 7 serve\n", SIZE_MAX);
    assert_int_equal(run(WORDS("--batch", path)), 2);
    assert_printed("err", "--as-job stands on the program's command line only");
    free(path);
}

static void doctor_asks_doors_for_their_libraries(void **state)
{
    (void)state;
    assert_int_equal(run(WORDS("doctor", "--json")), 0);
    assert_printed("out", "doorlib 1.2 (built with 1.0)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_door_gets_configuration_and_signals),
        cmocka_unit_test(the_option_is_the_command),
        cmocka_unit_test(what_a_door_says_is_reported),
        cmocka_unit_test(a_wrong_or_only_shown_configuration_opens_no_door),
        cmocka_unit_test(lines_of_a_batch_open_doors_too),
        cmocka_unit_test(doctor_asks_doors_for_their_libraries),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
