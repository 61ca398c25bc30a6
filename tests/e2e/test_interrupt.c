/* Signals at any moment: afterwards the same command finishes the work, and what is there is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TIMES 4
#else
#define TIMES 15
#endif

#define LONG_TRAIN \
    "train --model als --dataset synthetic --set factors=128 --set iterations=%d --seed 5 "

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

/* Is no job and no run left that says it runs? */
static void assert_nobody_runs(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "job list --limit 1000", "jobs");
    const struct rs_val *jobs = rs_val_get(doc, "jobs");
    for (size_t i = 0; i < jobs->n; i++) {
        assert_string_not_equal(rs_val_get_str(jobs->items[i], "state", ""), "running");
    }
    rs_val_free(doc);
    doc = ref_bin_json(&bin, 0, "run list --filter 'state = \"running\"'", "total");
    assert_int_equal(rs_val_get_int(doc, "total", 9), 0);
    rs_val_free(doc);
}

static void assert_sound(void)
{
    rs_val_free(ref_bin_json(&bin, 0, "registry verify", "ok"));
    rs_val_free(ref_bin_json(&bin, 0, "db check", "ok"));
}

/* Runs the whole pipeline again and again, and stops it at random moments of its time. */
static void stopped_pipelines_go_on(int signal, const int *statuses)
{
    int64_t begun = rs_clock_mono_ns();
    free(ref_bin_out(&bin, 0, REF_DEMO_RUN " --force"));
    uint64_t whole_us = (uint64_t)(rs_clock_mono_ns() - begun) / 1000;
    struct rs_rng rng = rs_rng_make(2026, (uint64_t)signal);
    int stopped = 0;
    for (int i = 0; i < TIMES; i++) {
        struct ref_how how = {.signal = signal, .delay_us = (int64_t)rs_rng_below(&rng, whole_us)};
        struct ref_run r;
        ref_bin_run(&bin, &how, REF_DEMO_RUN " --force", &r);
        bool known = r.status == 0;
        for (const int *s = statuses; *s; s++) {
            known |= r.status == *s;
        }
        if (!known) {
            fail_msg("signal %d after %lld us: status %d\n%s%s", signal, (long long)how.delay_us,
                     r.status, r.out, r.err);
        }
        stopped += r.status != 0;
        ref_run_clear(&r);
        assert_sound();
    }
    assert_true(stopped > 0);
    assert_nobody_runs();
    free(ref_bin_out(&bin, 0, REF_DEMO_RUN));
    struct rs_val *doc = ref_bin_json(&bin, 0, REF_DEMO_RUN, "ran");
    assert_int_equal(rs_val_get_int(doc, "ran", 9), 0);
    rs_val_free(doc);
    assert_sound();
    free(ref_bin_out(&bin, 0, "recommend --user 1"));
}

static void ctrl_c_at_any_moment(void **state)
{
    (void)state;
    stopped_pipelines_go_on(SIGINT, (const int[]){130, 0});
}

static void a_request_to_end_at_any_moment(void **state)
{
    (void)state;
    /* 143: it came before the program could listen */
    stopped_pipelines_go_on(SIGTERM, (const int[]){130, 143, 0});
}

static void a_kill_at_any_moment(void **state)
{
    (void)state;
    stopped_pipelines_go_on(SIGKILL, (const int[]){137, 0});
    /* What the dead left half-written goes when its place is written again. */
    free(ref_bin_out(&bin, 0, REF_DEMO_RUN " --force"));
    free(ref_bin_out(&bin, 0, "run gc"));
    char *left = ref_bin_leftovers(&bin);
    assert_string_equal(left, "");
    free(left);
}

static void a_kill_of_a_fetch_leaves_nothing_that_counts(void **state)
{
    (void)state;
    static const char line[] = "data fetch --dataset synthetic-two --interactions 200000 --seed 3";
    for (int i = 0; i < 3; i++) {
        struct ref_run r;
        ref_bin_run(&bin, &(struct ref_how){.signal = SIGKILL, .delay_us = 15000 * (i + 1)}, line,
                    &r);
        ref_run_clear(&r);
        ref_bin_run(&bin, &(struct ref_how){0}, "data prepare --dataset synthetic-two", &r);
        assert_true(r.status == 0 || r.status == 3); /* all of it or none of it */
        ref_run_clear(&r);
    }
    free(ref_bin_out(&bin, 0, line));
    free(ref_bin_out(&bin, 0, "data prepare --dataset synthetic-two"));
}

static void a_killed_backtest_leaves_nothing_for_good(void **state)
{
    (void)state;
    static const char line[] = "backtest --dataset synthetic --windows 3 --set factors=32 "
                               "--set iterations=200 eval.bootstrap_samples=200";
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGKILL, .delay_us = 100000}, line, &r);
    ref_run_clear(&r);
    free(ref_bin_out(&bin, 0, line));
    char **names = NULL;
    struct rs_err err = {0};
    char *dir = ref_bin_path(&bin, "data/processed/synthetic");
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    for (char **n = names; *n; n++) {
        assert_true((*n)[0] != '.');
    }
    rs_fs_list_free(names);
    free(dir);
}

/* ---- resume -------------------------------------------------------------------------------- */

static char *bundle_of_training(int iterations, const char *more, bool *resumed_out)
{
    char *line = rs_xprintf(LONG_TRAIN "%s --json --log-level info", iterations, more);
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){0}, line, &r);
    if (r.status != 0) fail_msg("%s: status %d\n%s", line, r.status, r.err);
    struct rs_val *doc = NULL;
    struct rs_err err = {0};
    assert_ok(rs_json_parse(r.out, strlen(r.out), "output", &doc, &err), &err);
    char *bundle = rs_xstrdup(rs_val_get_str(doc, "bundle", ""));
    *resumed_out = strstr(r.err, "resumed_after_epoch=") != NULL;
    rs_val_free(doc);
    ref_run_clear(&r);
    free(line);
    return bundle;
}

static int64_t training_us(int iterations, char **bundle_out)
{
    bool resumed;
    int64_t begun = rs_clock_mono_ns();
    *bundle_out = bundle_of_training(iterations, "", &resumed);
    assert_false(resumed);
    return (rs_clock_mono_ns() - begun) / 1000;
}

/* A checkpoint is written once a second: the training takes a few, and is stopped kindly as soon as
 * one is there, then killed on its way on from it. */
static void a_stopped_training_resumes_to_the_same_bytes(void **state)
{
    (void)state;
    char *want = NULL;
    int64_t probe_us = training_us(40, &want);
    free(want);
    int64_t iterations = 40 * 4000000 / (probe_us > 1 ? probe_us : 1);
    iterations = iterations < 40 ? 40 : iterations > 1000 ? 1000 : iterations;
    training_us((int)iterations, &want);
    char *line = rs_xprintf(LONG_TRAIN, (int)iterations);
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGINT, .when_in = "models/checkpoints"}, line,
                &r);
    assert_int_equal(r.status, 130);
    assert_non_null(strstr(r.err, "the same command goes on from there"));
    ref_run_clear(&r);
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGKILL, .delay_us = 300000}, line, &r);
    assert_int_equal(r.status, 137);
    ref_run_clear(&r);
    bool resumed;
    char *got = bundle_of_training((int)iterations, "--threads 1", &resumed);
    assert_string_equal(got, want);
    assert_true(resumed);
    free(got);
    got = bundle_of_training((int)iterations, "--threads 3", &resumed);
    assert_false(resumed); /* a finished training keeps no checkpoint */
    assert_string_equal(got, want);
    free(got);
    free(line);
    free(want);
    assert_sound();
}

/* Another pipeline has the workspace: waiting for it can be stopped too. */
static void a_wait_for_another_pipeline_can_be_stopped(void **state)
{
    (void)state;
    struct rs_lock lock = {.fd = -1};
    struct rs_err err = {0};
    char *path = ref_bin_path(&bin, "db/pipeline.lock");
    assert_ok(rs_lock_open(path, 10000, &lock, &err), &err);
    struct ref_run r;
    int64_t begun = rs_clock_mono_ns();
    ref_bin_run(&bin, &(struct ref_how){.signal = SIGTERM, .delay_us = 1000000}, REF_DEMO_RUN, &r);
    assert_int_equal(r.status, 130);
    assert_non_null(strstr(r.err, "another process held"));
    assert_true(rs_clock_mono_ns() - begun < 30 * (int64_t)1000000000);
    ref_run_clear(&r);
    rs_lock_close(&lock);
    free(path);
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctrl_c_at_any_moment),
        cmocka_unit_test(a_request_to_end_at_any_moment),
        cmocka_unit_test(a_kill_at_any_moment),
        cmocka_unit_test(a_kill_of_a_fetch_leaves_nothing_that_counts),
        cmocka_unit_test(a_killed_backtest_leaves_nothing_for_good),
        cmocka_unit_test(a_wait_for_another_pipeline_can_be_stopped),
        cmocka_unit_test(a_stopped_training_resumes_to_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
