/* Runs and versions from the console: compared, registered, promoted, rolled back, archived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/mem.h"

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

static void plays(const char *options, const char *script)
{
    ref_bin_write(&bin, "play.txt", script, strlen(script));
    char *line = rs_xprintf("console --script play.txt --size 120x34 --glyphs ascii %s", options);
    struct ref_run r;
    const struct ref_how how = {0};
    ref_bin_run(&bin, &how, line, &r);
    if (r.status != 0) fail_msg("%s ended with %d:\n%s%s", line, r.status, r.out, r.err);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "");
    ref_run_clear(&r);
    free(line);
}

static void assert_serves(int64_t version)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "model show production", "version");
    assert_int_equal(rs_val_get_int(doc, "version", 0), version);
    rs_val_free(doc);
}

static void runs_are_compared_with_what_serves(void **state)
{
    (void)state;
    plays("", "6\n"
              ":wait @production v1\n"
              ":wait ndcg@10\n"
              "* d\n"
              ":wait compare 2 runs\n"
              ":wait paired over\n"
              ":expect **\n" /* popularity is proven worse */
              "%\n"
              ":expect percent, paired\n"
              "% =\n"
              ":expect p, paired\n"
              ":expect 95 % interval\n"
              "o\n"
              ":expect parameters\n");
}

static void a_run_becomes_a_version(void **state)
{
    (void)state;
    plays("", "6\n"
              ":wait @production v1\n"
              "G P\n"
              ":wait version 2: popularity\n"
              "7\n"
              ":wait v2\n"
              ":expect register\n");
    assert_serves(1);
}

static void what_the_gate_refuses_wants_word_and_reason(void **state)
{
    (void)state;
    plays("", "7\n"
              ":wait v2\n"
              "g P\n"
              ":wait Promote popularity v2\n"
              ":expect no beats_popularity\n"
              ":expect gate: FAIL\n"
              "Tab v2 Enter Esc\n"); /* the word without a reason */
    assert_serves(1);
    plays("", "7\n"
              ":wait v2\n"
              "g P\n"
              ":wait gate: FAIL\n"
              "'to look at it' Tab v Enter Esc\n"); /* a reason without the word */
    assert_serves(1);
    plays("", "7\n"
              ":wait v2\n"
              "g P\n"
              ":wait gate: FAIL\n"
              "'to look at it' Tab v2 Enter\n"
              ":wait @production is version 2\n"
              ":wait to look at it\n"); /* in the audit trail */
    assert_serves(2);
}

static void a_rollback_wants_the_word(void **state)
{
    (void)state;
    plays("", "7\n"
              ":wait v2\n"
              "B\n"
              ":wait Roll back production to als v1\n"
              ":expect replaces v2\n"
              "v2 Enter Esc\n");
    assert_serves(2);
    plays("", "7\n"
              ":wait v2\n"
              "B\n"
              ":wait Roll back production to als v1\n"
              "v1 Enter\n"
              ":wait @production is version 1\n"
              ":wait rollback\n");
    assert_serves(1);
}

static void archiving_is_taken_back(void **state)
{
    (void)state;
    plays("", ":model archive 2 --undo\n"
              "Esc 7\n"
              ":wait v2\n"
              "g X\n"
              ":wait v2 archived: u takes it back\n"
              "u\n"
              ":wait taken back\n"
              "V\n"
              ":wait v2 is whole\n");
    struct rs_val *doc = ref_bin_json(&bin, 0, "model show 2", "stage");
    assert_string_equal(rs_val_get_str(doc, "stage", ""), "none");
    rs_val_free(doc);
}

static void read_only_changes_nothing(void **state)
{
    (void)state;
    plays("--read-only", "7\n"
                         ":wait v2\n"
                         "P\n"
                         ":expect not with --read-only\n"
                         "B\n"
                         ":expect not with --read-only\n"
                         "X\n"
                         ":expect not with --read-only\n");
    assert_serves(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_compared_with_what_serves),
        cmocka_unit_test(a_run_becomes_a_version),
        cmocka_unit_test(what_the_gate_refuses_wants_word_and_reason),
        cmocka_unit_test(a_rollback_wants_the_word),
        cmocka_unit_test(archiving_is_taken_back),
        cmocka_unit_test(read_only_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
