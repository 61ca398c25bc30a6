/* err - codes, text that is always one printable line, and assertions. */
#include "ref/support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void codes_are_distinct(void **state)
{
    (void)state;
    for (int a = 0; a < RS_CODE_COUNT; a++) {
        assert_true(strlen(rs_code_name(a)) > 0);
        assert_true(strlen(rs_code_text(a)) > 0);
        for (int b = 0; b < a; b++) {
            assert_int_not_equal(rs_code_exit(a), rs_code_exit(b));
            assert_string_not_equal(rs_code_name(a), rs_code_name(b));
        }
    }
    assert_int_equal(rs_code_exit(RS_OK), 0);
    assert_int_equal(rs_code_exit(RS_EARG), 2);
    assert_int_equal(rs_code_exit(RS_ECANCEL), 130);
    assert_int_equal(rs_code_http(RS_ENOTFOUND), 404);
    assert_string_equal(rs_code_name(RS_EPARSE), "malformed_input");
    assert_string_equal(rs_code_text(RS_EDAMAGED), "damaged data");
}

static void fail_and_wrap_build_one_sentence(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_int_equal(rs_fail(&err, RS_EPARSE, "%s:%d: rating '%s'", "a.csv", 17, "x"), RS_EPARSE);
    assert_string_equal(err.msg, "a.csv:17: rating 'x'");
    assert_int_equal(rs_wrap(&err, "load split '%s'", "ml"), RS_EPARSE);
    assert_int_equal(rs_wrap(&err, "train als"), RS_EPARSE);
    assert_int_equal(err.code, RS_EPARSE);
    assert_string_equal(err.msg, "train als: load split 'ml': a.csv:17: rating 'x'");
}

static void arguments_may_point_into_the_error(void **state)
{
    (void)state;
    struct rs_err err = {0};
    rs_fail(&err, RS_EIO, "inner");
    rs_fail(&err, RS_EARG, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
    rs_wrap(&err, "again %s", err.msg);
    assert_string_equal(err.msg, "again outer (inner): outer (inner)");
}

static void long_text_ends_in_dots(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char text[600];
    memset(text, 'a', sizeof(text));
    text[599] = '\0';
    rs_fail(&err, RS_EARG, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + sizeof(err.msg) - 5, "a...");

    text[499] = '\0'; /* fits exactly */
    rs_fail(&err, RS_EARG, "%s", text);
    assert_string_equal(err.msg, text);
    rs_wrap(&err, "b");
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_memory_equal(err.msg, "b: aaa", 6);
    assert_string_equal(err.msg + sizeof(err.msg) - 5, "a...");
}

static void cut_never_splits_a_character(void **state)
{
    (void)state;
    for (int lead = 480; lead < 500; lead++) {
        struct rs_err err = {0};
        char text[600];
        memset(text, 'a', sizeof(text));
        for (int i = lead; i + 3 < 596; i += 3)
            memcpy(text + i, "\u20ac", 3);
        text[596] = '\0';
        rs_fail(&err, RS_EARG, "%s", text);
        assert_null(strchr(err.msg, '?'));
        assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
    }
}

static void text_is_one_printable_line(void **state)
{
    (void)state;
    struct rs_err err = {0};
    rs_fail(&err, RS_EARG, "%s", "a\nb\tc\033[31m\x7f");
    assert_string_equal(err.msg, "a?b?c?[31m?");
    rs_fail(&err, RS_EARG, "%s", "\xff\xc3\xa9\xc3 \xc2\x9b \xed\xa0\x80.");
    assert_string_equal(err.msg, "?\xc3\xa9? ? ???.");
}

static void errno_text_is_appended(void **state)
{
    (void)state;
    struct rs_err err = {0};
    assert_int_equal(rs_fail_errno(&err, ENOSPC, "write '%s'", "f"), RS_EIO);
    assert_string_equal(err.msg, "write 'f': no space left on device");
    assert_int_equal(rs_fail_errno(&err, ENOMEM, "map '%s'", "f"), RS_ENOMEM);
    assert_int_equal(err.code, RS_ENOMEM);
    assert_int_equal(rs_fail_errno(&err, EIO, "read"), RS_EIO);
    assert_string_equal(err.msg, "read: input/output error");
    assert_int_equal(rs_fail_errno(&err, 123456, "odd"), RS_EIO);
    assert_non_null(strstr(err.msg, "123456"));
}

static void say_hook(void *ctx)
{
    const int *fd = ctx;
    if (write(*fd, "hook", 4) != 4) abort();
}

static void assertion_restores_and_aborts(void **state)
{
    (void)state;
    rs_assert(1 + 1 == 2);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        rs_assert_set_hook(say_hook, &fds[1]);
        rs_assert(1 + 1 == 3);
        _exit(0);
    }
    close(fds[1]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    char text[8] = {0};
    assert_int_equal(read(fds[0], text, sizeof(text) - 1), 4); /* once */
    assert_string_equal(text, "hook");
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_distinct),
        cmocka_unit_test(fail_and_wrap_build_one_sentence),
        cmocka_unit_test(arguments_may_point_into_the_error),
        cmocka_unit_test(long_text_ends_in_dots),
        cmocka_unit_test(cut_never_splits_a_character),
        cmocka_unit_test(text_is_one_printable_line),
        cmocka_unit_test(errno_text_is_appended),
        cmocka_unit_test(assertion_restores_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
