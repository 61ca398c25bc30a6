/* The prompt on a real terminal: editing, completion, history, Ctrl-C, and colours. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"

static struct ref_bin bin;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static struct ref_pty prompt(void)
{
    struct ref_pty p;
    ref_pty_open(&bin, "shell", &p);
    ref_pty_expect(&p, "Tab completes");
    ref_pty_expect(&p, "recsys> ");
    return p;
}

static void commands_run_one_by_one(void **state)
{
    (void)state;
    struct ref_pty p = prompt();
    ref_pty_send(&p, "model list\r");
    ref_pty_expect(&p, "als");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "recommend --user 1 -k 2\r");
    ref_pty_expect(&p, "for user 1");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "trian\r");
    ref_pty_expect(&p, "did you mean train?");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "shell\r"); /* no prompt in the prompt */
    ref_pty_expect(&p, "already");
    ref_pty_send(&p, "exit\r");
    assert_int_equal(ref_pty_close(&p), 2); /* of the last command */
    p = prompt();
    ref_pty_send(&p, "run list\r");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "\x04"); /* the end of input */
    assert_int_equal(ref_pty_close(&p), 0);
}

static void tab_completes_from_table_and_workspace(void **state)
{
    (void)state;
    struct ref_pty p = prompt();
    ref_pty_send(&p, "pipe\tsta\t--data\tsyn\t\r");
    ref_pty_expect(&p, "pipeline status --dataset synthetic");
    ref_pty_expect(&p, "up to date");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "model show prod\t\r"); /* an alias of the store */
    ref_pty_expect(&p, "production");
    ref_pty_expect(&p, "synthetic");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "run \t\t"); /* several: they are listed */
    ref_pty_expect(&p, "delete");
    ref_pty_expect(&p, "show");
    ref_pty_send(&p, "gc --dry\t\r");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "quit\r");
    assert_int_equal(ref_pty_close(&p), 0);
}

static void the_arrow_brings_back_what_was_said(void **state)
{
    (void)state;
    struct ref_pty p = prompt();
    ref_pty_send(&p, "token list\r");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "\x1b[A");
    ref_pty_expect(&p, "token list");
    ref_pty_send(&p, "\r");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "exit\r");
    assert_int_equal(ref_pty_close(&p), 0);
    p = prompt(); /* also in the next session */
    ref_pty_send(&p, "\x1b[A\x1b[A");
    ref_pty_expect(&p, "token list");
    ref_pty_send(&p, "\x15"
                     "exit\r");
    assert_int_equal(ref_pty_close(&p), 0);
    char *history = ref_bin_path(&bin, ".local/state/recsys-tui/history");
    assert_true(rs_fs_exists(history));
    free(history);
}

static void ctrl_c_clears_the_line_and_stops_a_command(void **state)
{
    (void)state;
    struct ref_pty p = prompt();
    ref_pty_send(&p, "this is not meant");
    ref_pty_expect(&p, "not meant");
    ref_pty_send(&p, "\x03");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "token list\r"); /* alone: the line before is gone */
    ref_pty_expect(&p, "none");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "train --model als --set factors=128 --set iterations=1000 --seed 9\r");
    ref_pty_expect(&p, "epochs"); /* the bar is drawn */
    ref_pty_send(&p, "\x03");
    ref_pty_expect(&p, "stopped");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "run list --filter 'state = \"cancelled\"'\r"); /* and the prompt lives on */
    ref_pty_expect(&p, "cancelled");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "exit\r");
    assert_int_equal(ref_pty_close(&p), 0);
}

static void a_request_to_end_stops_a_command_then_the_prompt(void **state)
{
    (void)state;
    struct ref_pty p = prompt();
    ref_pty_send(&p, "train --model als --set factors=128 --set iterations=1000 --seed 10\r");
    ref_pty_expect(&p, "epochs");
    assert_int_equal(kill(p.pid, SIGTERM), 0);
    ref_pty_expect(&p, "stopped");
    ref_pty_expect(&p, "recsys> ");
    ref_pty_send(&p, "token list\r");
    ref_pty_expect(&p, "none");
    ref_pty_expect(&p, "recsys> ");
    assert_int_equal(kill(p.pid, SIGTERM), 0);
    assert_int_equal(ref_pty_close(&p), 130);
}

static void headings_are_bold_on_a_terminal_alone(void **state)
{
    (void)state;
    struct ref_pty p;
    ref_pty_open(&bin, "model show production", &p);
    ref_pty_expect(&p, "\x1b[1m");
    assert_int_equal(ref_pty_close(&p), 0);
    char *text = ref_bin_out(&bin, 0, "model show production");
    assert_null(strchr(text, '\x1b'));
    free(text);
}

static void a_terminal_without_a_command_gets_the_console(void **state)
{
    (void)state;
    struct ref_pty p;
    ref_pty_open(&bin, "", &p);
    ref_pty_expect(&p, "recsys >");
    ref_pty_send(&p, "Q");
    assert_int_equal(ref_pty_close(&p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_run_one_by_one),
        cmocka_unit_test(tab_completes_from_table_and_workspace),
        cmocka_unit_test(the_arrow_brings_back_what_was_said),
        cmocka_unit_test(ctrl_c_clears_the_line_and_stops_a_command),
        cmocka_unit_test(a_request_to_end_stops_a_command_then_the_prompt),
        cmocka_unit_test(headings_are_bold_on_a_terminal_alone),
        cmocka_unit_test(a_terminal_without_a_command_gets_the_console),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
