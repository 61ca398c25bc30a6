/* Jobs: rows that tell what runs, who died, and carry a wish to stop. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/store/jobs.h"

enum { WAIT_MS = 20000 }; /* for what takes milliseconds, on a busy machine */

static struct rs_job get(struct rs_store *st, int64_t id)
{
    struct rs_err err = {0};
    struct rs_job j = {0};
    assert_ok(rs_jobs_get(st, id, &j, &err), &err);
    assert_int_equal(j.id, id);
    return j;
}

static void assert_state(struct rs_store *st, int64_t id, enum rs_job_state state,
                         const char *message)
{
    struct rs_job j = get(st, id);
    assert_string_equal(rs_job_state_name(j.state), rs_job_state_name(state));
    if (!strstr(j.message, message)) fail_msg("'%s' without '%s'", j.message, message);
    rs_job_clear(&j);
}

static struct rs_job_handle *start(struct rs_store *st, struct rs_task *task)
{
    struct rs_err err = {0};
    struct rs_job_handle *h = NULL;
    assert_ok(rs_job_start(st, "train", "train --model als", task, &h, &err), &err);
    return h;
}

/* Wait until a number of the store is what is wanted. */
static void await(const char *path, const char *sql, int64_t want)
{
    for (int ms = 0; ms < WAIT_MS; ms++) {
        if (ref_store_int(path, sql) == want) return;
        rs_clock_sleep_ms(1);
    }
    fail_msg("%s is not %lld", sql, (long long)want);
}

/* ---- a job's life -------------------------------------------------------------------------- */

static void a_job_is_a_row(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    rs_clock_set(1000);
    struct rs_job_handle *h = start(t.st, NULL);
    struct rs_job j = get(t.st, rs_job_id(h));
    assert_string_equal(j.kind, "train");
    assert_string_equal(j.command, "train --model als");
    assert_int_equal(j.state, RS_JOB_RUNNING);
    assert_int_equal(j.pid, getpid());
    assert_int_equal(j.started_ms, 1000);
    assert_int_equal(j.ended_ms, 0);
    assert_false(j.cancel);
    rs_job_clear(&j);
    const struct rs_progress p = {.what = "train als", .unit = "epochs", .done = 3, .total = 15};
    rs_job_progress(h, &p);
    rs_job_set_run(h, "3f9a12b4c5d6");
    rs_clock_set(5000);
    int64_t id = rs_job_id(h);
    rs_job_end(h, RS_OK, NULL);
    j = get(t.st, id);
    assert_int_equal(j.state, RS_JOB_DONE);
    assert_int_equal(j.ended_ms, 5000);
    assert_true(j.done == 3 && j.total == 15);
    assert_string_equal(j.what, "train als");
    assert_string_equal(j.unit, "epochs");
    assert_string_equal(j.run_id, "3f9a12b4c5d6");
    rs_job_clear(&j);
    rs_clock_set(-1);
    ref_store_clear(&t);
}

static void ends_tell_how(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    rs_job_end(h, RS_EARG, "no such thing");
    assert_state(t.st, 1, RS_JOB_FAILED, "no such thing");
    h = start(t.st, NULL);
    rs_job_end(h, RS_ECANCEL, "stopped in epoch 2 of 9");
    assert_state(t.st, 2, RS_JOB_CANCELLED, "epoch 2");
    ref_store_clear(&t);
}

static void lists_are_newest_first(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_job *jobs = NULL;
    size_t n = 0;
    ref_store_init(&t);
    for (int i = 0; i < 20; i++)
        rs_job_end(start(t.st, NULL), RS_OK, "");
    assert_ok(rs_jobs_list(t.st, 0, &jobs, &n, &err), &err);
    assert_int_equal(n, 20);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(jobs[i].id, 20 - (int64_t)i);
        rs_job_clear(&jobs[i]);
    }
    free(jobs);
    assert_ok(rs_jobs_list(t.st, 2, &jobs, &n, &err), &err);
    assert_int_equal(n, 2);
    rs_job_clear(&jobs[0]);
    rs_job_clear(&jobs[1]);
    free(jobs);
    struct rs_job j;
    assert_code(rs_jobs_get(t.st, 99, &j, &err), RS_ENOTFOUND, &err, "no job 99");
    ref_store_clear(&t);
}

static void an_open_transaction_does_not_hide_the_end(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    assert_ok(rs_store_begin(t.st, &err), &err);
    assert_ok(rs_log_add(t.st, 1, 1, "info", "half", "done", &err), &err);
    rs_job_end(h, RS_EIO, "disk full");
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_log"), 0);
    assert_int_equal(ref_store_int(t.path, "SELECT state = 'failed' FROM rs_job"), 1);
    ref_store_clear(&t);
}

/* A child holds the write lock while the job ends. */
static void a_locked_store_does_not_lose_the_end(void **state)
{
    (void)state;
    struct ref_store t;
    int ready[2];
    char c = 0;
    ref_store_init(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_err err = {0};
        struct rs_store *st = NULL;
        enum rs_code rc = rs_store_open(t.path, 0, &st, &err);
        if (!rc) rc = rs_store_begin(st, &err);
        if (!rc) rc = rs_log_add(st, 1, 1, "info", "event", "text", &err);
        ssize_t n = write(ready[1], &c, 1);
        rs_clock_sleep_ms(50);
        if (!rc) rc = rs_store_commit(st, &err);
        rs_store_close(st);
        _exit(rc || n != 1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    rs_job_end(h, RS_OK, "");
    assert_state(t.st, 1, RS_JOB_DONE, "");
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
    ref_store_clear(&t);
}

/* ---- beats --------------------------------------------------------------------------------- */

static void beats_carry_progress_and_bring_the_wish_to_stop(void **state)
{
    (void)state;
    struct ref_store t;
    struct rs_task task = {0};
    ref_store_init(&t);
    rs_store_set_beat_ms(t.st, 2);
    struct rs_job_handle *h = start(t.st, &task);
    const struct rs_progress p = {.what = "train als", .unit = "epochs", .done = 7, .total = 15};
    rs_job_progress(h, &p);
    rs_job_set_run(h, "3f9a12b4c5d6");
    await(t.path, "SELECT done = 7 AND run_id = '3f9a12b4c5d6' FROM rs_job", 1);
    assert_false(rs_task_cancelled(&task));
    ref_store_sql(t.path, "UPDATE rs_job SET cancel = 1");
    for (int ms = 0; ms < WAIT_MS && !rs_task_cancelled(&task); ms++)
        rs_clock_sleep_ms(1);
    assert_true(rs_task_cancelled(&task));
    rs_job_end(h, RS_ECANCEL, "");
    ref_store_clear(&t);
}

static void who_beats_again_lives_again(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    rs_store_set_beat_ms(t.st, 2);
    struct rs_job_handle *h = start(t.st, NULL);
    ref_store_sql(t.path, "UPDATE rs_job SET state = 'lost', message = 'gone', ended_ms = 5");
    await(t.path, "SELECT state = 'running' AND message = '' AND ended_ms = 0 FROM rs_job", 1);
    rs_job_end(h, RS_OK, "");
    ref_store_clear(&t);
}

/* ---- what a job says ----------------------------------------------------------------------- */

static void assert_detail(struct rs_store *st, int64_t id, const char *want)
{
    struct rs_job j = get(st, id);
    assert_string_equal(j.detail, want);
    rs_job_clear(&j);
}

static void details_come_with_the_beats(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_job *jobs = NULL;
    size_t n = 0;
    ref_store_init(&t);
    rs_store_set_beat_ms(t.st, 2);
    struct rs_job_handle *h = start(t.st, NULL);
    assert_detail(t.st, 1, "{}");
    rs_job_set_detail(h, "{\"address\":\"http://127.0.0.1:1\"}");
    await(t.path, "SELECT detail LIKE '%:1\"}' FROM rs_job", 1);
    rs_job_set_detail(h, "{\"n\":2}");
    rs_job_set_detail(h, "{\"n\":3}");
    await(t.path, "SELECT detail = '{\"n\":3}' FROM rs_job", 1);
    assert_ok(rs_jobs_list(t.st, 0, &jobs, &n, &err), &err);
    assert_string_equal(jobs[0].detail, "{\"n\":3}");
    rs_job_clear(&jobs[0]);
    free(jobs);
    rs_job_end(h, RS_OK, "");
    assert_detail(t.st, 1, "{\"n\":3}"); /* its last word */
    rs_store_set_beat_ms(t.st, 60000);
    h = start(t.st, NULL);
    rs_job_set_detail(h, "{\"n\":4}");
    rs_job_end(h, RS_OK, ""); /* before any beat */
    assert_detail(t.st, 2, "{\"n\":4}");
    ref_store_clear(&t);
}

static void count_failed_beat(int64_t time_ms, enum rs_log_level level, const char *event,
                              const char *text, void *ctx)
{
    (void)time_ms;
    (void)event;
    if (level == RS_LOG_WARN && strstr(text, "disk full")) atomic_fetch_add((atomic_int *)ctx, 1);
}

/* What a beat could not write, the next one writes. */
static void a_detail_outlives_failed_beats(void **state)
{
    (void)state;
    struct ref_store t;
    atomic_int failed = 0;
    ref_store_init(&t);
    rs_store_set_beat_ms(t.st, 2);
    ref_store_sql(t.path, "CREATE TRIGGER full BEFORE UPDATE ON rs_job "
                          "BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    rs_log_set_stderr(false);
    rs_log_set_sink(count_failed_beat, &failed);
    struct rs_job_handle *h = start(t.st, NULL);
    rs_job_set_detail(h, "{\"n\":1}");
    int before = atomic_load(&failed);
    for (int ms = 0; ms < WAIT_MS && atomic_load(&failed) < before + 2; ms++)
        rs_clock_sleep_ms(1);
    assert_true(atomic_load(&failed) >= before + 2);
    ref_store_sql(t.path, "DROP TRIGGER full");
    await(t.path, "SELECT detail = '{\"n\":1}' FROM rs_job", 1);
    rs_job_end(h, RS_OK, "");
    rs_log_set_sink(NULL, NULL);
    rs_log_set_stderr(true);
    ref_store_clear(&t);
}

static void a_result_is_kept(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_job *jobs = NULL;
    size_t n = 0;
    ref_store_init(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    rs_job_set_detail(h, "{\"n\":1}");
    rs_job_set_result(h, "{\"run_id\":\"old\"}");
    rs_job_set_result(h, "{\"run_id\":\"3f9a12b4c5d6\"}");
    rs_job_end(h, RS_OK, "");
    assert_detail(t.st, 1, "{\"result\":{\"run_id\":\"3f9a12b4c5d6\"}}");
    assert_ok(rs_jobs_list(t.st, 0, &jobs, &n, &err), &err);
    assert_string_equal(jobs[0].detail, "{}"); /* lists stay small */
    rs_job_clear(&jobs[0]);
    free(jobs);
    char *large = rs_xalloc(RS_JOB_MAX_RESULT + 2, 1);
    memset(large, '7', RS_JOB_MAX_RESULT + 1);
    h = start(t.st, NULL);
    rs_job_set_result(h, large);
    rs_job_end(h, RS_OK, "");
    assert_detail(t.st, 2, "{\"note\":\"the result has 1048577 bytes, more than are kept\"}");
    large[RS_JOB_MAX_RESULT] = '\0';
    h = start(t.st, NULL);
    rs_job_set_result(h, large);
    rs_job_end(h, RS_OK, "");
    assert_int_equal(ref_store_int(t.path, "SELECT length(detail) FROM rs_job WHERE id = 3"),
                     RS_JOB_MAX_RESULT + 11);
    free(large);
    ref_store_clear(&t);
}

/* ---- rows made for another process --------------------------------------------------------- */

static int64_t reserve(struct rs_store *st)
{
    struct rs_err err = {0};
    int64_t id = 0;
    assert_ok(rs_jobs_reserve(st, "train", "train --model als", &id, &err), &err);
    return id;
}

/* In another process: take over job id, beat, end. */
static int adopt_elsewhere(const char *path, int64_t id)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_err err = {0};
        struct rs_store *st = NULL;
        struct rs_job_handle *h = NULL;
        struct rs_task task = {0};
        enum rs_code rc = rs_store_open(path, 0, &st, &err);
        if (!rc) rc = rs_job_adopt(st, id, &task, &h, &err);
        if (rc) _exit((int)rc);
        struct rs_job j = get(st, id);
        bool mine = j.pid == getpid() && j.state == RS_JOB_RUNNING && j.message[0] == '\0';
        rs_job_clear(&j);
        rs_job_end(h, rs_task_cancelled(&task) ? RS_ECANCEL : RS_OK, "");
        rs_store_close(st);
        _exit(mine ? 0 : 99);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_child_adopts_what_was_reserved(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_job_handle *h = NULL;
    ref_store_init(&t);
    int64_t id = reserve(t.st);
    struct rs_job j = get(t.st, id);
    assert_int_equal(j.state, RS_JOB_RUNNING);
    assert_int_equal(j.pid, getpid());
    assert_string_equal(j.kind, "train");
    assert_string_equal(j.command, "train --model als");
    rs_job_clear(&j);
    assert_int_equal(adopt_elsewhere(t.path, id), 0);
    assert_state(t.st, id, RS_JOB_DONE, "");
    assert_code(rs_job_adopt(t.st, id, NULL, &h, &err), RS_EARG, &err, "it is done");
    assert_code(rs_job_adopt(t.st, 99, NULL, &h, &err), RS_ENOTFOUND, &err, "no job 99");
    h = start(t.st, NULL);
    struct rs_job_handle *second = NULL;
    assert_code(rs_job_adopt(t.st, rs_job_id(h), NULL, &second, &err), RS_EARG, &err,
                "it is running");
    assert_null(second);
    rs_job_end(h, RS_OK, "");
    ref_store_clear(&t);
}

/* The pid in the row is that of who reserved it: asked to stop, this test goes on. */
static void a_wish_to_stop_waits_for_the_child(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    int64_t id = reserve(t.st);
    assert_ok(rs_jobs_cancel(t.st, id, &err), &err);
    assert_state(t.st, id, RS_JOB_RUNNING, "");
    assert_int_equal(adopt_elsewhere(t.path, id), 0);
    assert_state(t.st, id, RS_JOB_CANCELLED, "");
    ref_store_clear(&t);
}

static void who_is_never_adopted_is_lost(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    rs_clock_set(1000000);
    int64_t id = reserve(t.st);
    rs_clock_set(1030000);
    assert_state(t.st, id, RS_JOB_RUNNING, "");
    rs_clock_set(1030001);
    assert_state(t.st, id, RS_JOB_LOST, "no sign of life");
    assert_int_equal(adopt_elsewhere(t.path, id), 0); /* late, but there */
    assert_state(t.st, id, RS_JOB_DONE, "");
    rs_clock_set(-1);
    ref_store_clear(&t);
}

static void what_could_not_start_has_failed(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    int64_t id = reserve(t.st);
    assert_ok(rs_jobs_abandon(t.st, id, "no such program", &err), &err);
    assert_state(t.st, id, RS_JOB_FAILED, "no such program");
    assert_code(rs_jobs_abandon(t.st, id, "again", &err), RS_EARG, &err, "it is failed");
    assert_code(rs_jobs_abandon(t.st, 99, "", &err), RS_ENOTFOUND, &err, "no job 99");
    assert_int_equal(adopt_elsewhere(t.path, id), RS_EARG);
    struct rs_job_handle *h = start(t.st, NULL);
    assert_code(rs_jobs_abandon(t.st, rs_job_id(h), "", &err), RS_EARG, &err, "it is running");
    rs_job_end(h, RS_OK, "");
    ref_store_clear(&t);
}

/* ---- the lost ------------------------------------------------------------------------------ */

/* A child that starts a job and is killed. */
static void leave_dead_job(struct ref_store *t)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_err err = {0};
        struct rs_store *st = NULL;
        struct rs_job_handle *h = NULL;
        if (rs_store_open(t->path, 0, &st, &err) == RS_OK &&
            rs_job_start(st, "train", "train", NULL, &h, &err) == RS_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void the_dead_are_lost(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    leave_dead_job(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    assert_state(t.st, 1, RS_JOB_LOST, "is gone");
    assert_state(t.st, 2, RS_JOB_RUNNING, "");
    assert_int_equal(ref_store_int(t.path, "SELECT ended_ms = beat_ms FROM rs_job WHERE id = 1"),
                     1);
    rs_job_end(h, RS_OK, "");
    ref_store_clear(&t);
}

static void a_reused_pid_is_another_process(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    struct rs_job_handle *h = start(t.st, NULL);
    ref_store_sql(t.path, "UPDATE rs_job SET process_start = process_start - 1");
    /* would end this test, were it sent */
    assert_code(rs_jobs_cancel(t.st, 1, &err), RS_EARG, &err, "it is lost");
    assert_state(t.st, 1, RS_JOB_LOST, "is gone");
    rs_job_end(h, RS_OK, "");
    assert_state(t.st, 1, RS_JOB_DONE, "");
    ref_store_clear(&t);
}

static void silence_is_loss(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    rs_clock_set(1000000);
    struct rs_job_handle *h = start(t.st, NULL);
    rs_clock_set(1030000);
    assert_state(t.st, 1, RS_JOB_RUNNING, "");
    rs_clock_set(1030001);
    assert_state(t.st, 1, RS_JOB_LOST, "no sign of life");
    rs_job_end(h, RS_OK, "");
    /* Of another machine or container: the pid says nothing, the beat does. */
    ref_store_sql(t.path, "UPDATE rs_job SET state = 'running', pid_space = 'elsewhere', "
                          "pid = 99999999, beat_ms = 1030000");
    assert_state(t.st, 1, RS_JOB_RUNNING, "");
    rs_clock_set(1060001);
    assert_state(t.st, 1, RS_JOB_LOST, "no sign of life");
    rs_clock_set(-1);
    ref_store_clear(&t);
}

/* ---- cancel -------------------------------------------------------------------------------- */

static void run_until_sigterm(const char *path, int ready)
{
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    struct rs_job_handle *h = NULL;
    sigset_t term;
    int got = 0;
    char c = 0;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    enum rs_code rc = rs_store_open(path, 0, &st, &err);
    if (!rc) rc = rs_job_start(st, "train", "train", NULL, &h, &err);
    if (rc || write(ready, &c, 1) != 1) _exit(1);
    sigwait(&term, &got);
    rs_job_end(h, RS_ECANCEL, "as asked");
    rs_store_close(st);
    _exit(0);
}

static void cancel_reaches_the_process(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int ready[2];
    char c = 0;
    ref_store_init(&t);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) run_until_sigterm(t.path, ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_ok(rs_jobs_cancel(t.st, 1, &err), &err);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    struct rs_job j = get(t.st, 1);
    assert_int_equal(j.state, RS_JOB_CANCELLED);
    assert_true(j.cancel);
    rs_job_clear(&j);
    assert_code(rs_jobs_cancel(t.st, 1, &err), RS_EARG, &err, "it is cancelled");
    assert_code(rs_jobs_cancel(t.st, 2, &err), RS_ENOTFOUND, &err, "no job 2");
    close(ready[0]);
    close(ready[1]);
    ref_store_clear(&t);
}

/* ---- log ----------------------------------------------------------------------------------- */

static void logs_keep_order(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_val *lines = NULL;
    ref_store_init(&t);
    for (int i = 0; i < 5; i++) {
        char text[] = {(char)('a' + i), '\0'};
        assert_ok(rs_log_add(t.st, 1, 100 + i, "info", "event", text, &err), &err);
        assert_ok(rs_log_add(t.st, 2, 100 + i, "warn", "event", "other", &err), &err);
    }
    assert_ok(rs_log_read(t.st, 1, 2, &lines, &err), &err);
    assert_int_equal(lines->n, 2);
    assert_string_equal(rs_val_get_str(lines->items[0], "text", ""), "d");
    assert_string_equal(rs_val_get_str(lines->items[1], "text", ""), "e");
    assert_int_equal(rs_val_get_int(lines->items[1], "time_ms", 0), 104);
    assert_string_equal(rs_val_get_str(lines->items[1], "level", ""), "info");
    assert_string_equal(rs_val_get_str(lines->items[1], "event", ""), "event");
    rs_val_free(lines);
    assert_ok(rs_log_read(t.st, 1, 0, &lines, &err), &err);
    assert_int_equal(lines->n, 5);
    rs_val_free(lines);
    assert_ok(rs_log_read(t.st, 3, 0, &lines, &err), &err);
    assert_int_equal(lines->n, 0);
    rs_val_free(lines);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_a_row),
        cmocka_unit_test(ends_tell_how),
        cmocka_unit_test(lists_are_newest_first),
        cmocka_unit_test(an_open_transaction_does_not_hide_the_end),
        cmocka_unit_test(a_locked_store_does_not_lose_the_end),
        cmocka_unit_test(beats_carry_progress_and_bring_the_wish_to_stop),
        cmocka_unit_test(who_beats_again_lives_again),
        cmocka_unit_test(details_come_with_the_beats),
        cmocka_unit_test(a_detail_outlives_failed_beats),
        cmocka_unit_test(a_result_is_kept),
        cmocka_unit_test(a_child_adopts_what_was_reserved),
        cmocka_unit_test(a_wish_to_stop_waits_for_the_child),
        cmocka_unit_test(who_is_never_adopted_is_lost),
        cmocka_unit_test(what_could_not_start_has_failed),
        cmocka_unit_test(the_dead_are_lost),
        cmocka_unit_test(a_reused_pid_is_another_process),
        cmocka_unit_test(silence_is_loss),
        cmocka_unit_test(cancel_reaches_the_process),
        cmocka_unit_test(logs_keep_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
