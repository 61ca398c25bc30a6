/* The worker: answers in order, newer questions over older, acts to the end, open files. */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/task.h"
#include "tui/work.h"

enum { WAIT_MS = 20000 };

struct bench {
    char *dir;
    struct tui_worker *w;
    int wake_fd;
};

static int setup(void **state)
{
    struct rs_err err = {0};
    struct bench *b = rs_xalloc(1, sizeof(*b));
    b->dir = ref_temp_dir();
    assert_ok(tui_worker_start(b->dir, &b->wake_fd, &b->w, &err), &err);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    tui_worker_stop(b->w);
    ref_remove(b->dir);
    free(b);
    return 0;
}

static bool readable(const struct bench *b, int wait_ms)
{
    struct pollfd p = {.fd = b->wake_fd, .events = POLLIN};
    return poll(&p, 1, wait_ms) == 1;
}

static void take(struct bench *b, struct tui_event *e)
{
    assert_true(readable(b, WAIT_MS));
    assert_true(tui_worker_take(b->w, e));
}

/* ---- questions ---- */

static atomic_int n_freed;

static void free_counted(void *p)
{
    atomic_fetch_add(&n_freed, 1);
    free(p);
}

static int *number(int v)
{
    int *p = rs_xalloc(1, sizeof(*p));
    *p = v;
    return p;
}

static enum rs_code twice(struct tui_work *w, struct rs_err *err)
{
    (void)err;
    const int *in = w->in;
    w->out = number(2 * *in);
    return RS_OK;
}

/* A door that the worker stands at until the test opens it, or the question is cancelled. */
struct door {
    sem_t entered, open;
    bool poll; /* looks at the cancel flag meanwhile */
};

static enum rs_code stand(struct tui_work *w, struct rs_err *err)
{
    struct door *d = w->in;
    sem_post(&d->entered);
    if (d->poll) {
        while (!rs_task_cancelled(w->task))
            ;
        return rs_fail(err, RS_ECANCEL, "stopped");
    }
    sem_wait(&d->open);
    w->out = number(1);
    return RS_OK;
}

static void door_init(struct door *d, bool poll_flag)
{
    sem_init(&d->entered, 0, 0);
    sem_init(&d->open, 0, 0);
    d->poll = poll_flag;
}

static void answers_come_in_order(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 200; i++) {
        tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, i, twice, number(i), free, free);
        if (i % 50 != 49) continue;
        for (int k = i - 49; k <= i; k++) {
            struct tui_event e;
            take(b, &e);
            assert_int_equal(e.kind, k);
            assert_int_equal(*(int *)e.out, 2 * k);
            tui_event_clear(&e);
        }
    }
    assert_false(readable(b, 0));
    assert_true(tui_worker_idle(b->w));
}

/* More answers than may wait: the worker waits for room, none is lost. */
static void a_full_queue_drops_nothing(void **state)
{
    struct bench *b = *state;
    enum { MANY = 500 };
    for (int i = 0; i < MANY; i++) {
        tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, i, twice, number(i), free, free);
    }
    for (int i = 0; i < MANY; i++) {
        struct tui_event e;
        take(b, &e);
        assert_int_equal(e.kind, i);
        tui_event_clear(&e);
    }
}

static void a_newer_question_cancels_the_older(void **state)
{
    struct bench *b = *state;
    struct door d;
    struct tui_event e;
    door_init(&d, true);
    atomic_store(&n_freed, 0);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 7, stand, &d, NULL, free);
    sem_wait(&d.entered);
    for (int i = 0; i < 10; i++) { /* the first stops the one that runs, each the one before */
        tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 7, twice, number(i), free_counted, free);
    }
    take(b, &e);
    assert_int_equal(e.rc, RS_OK);
    assert_int_equal(*(int *)e.out, 18);
    tui_event_clear(&e);
    assert_false(tui_worker_take(b->w, &e));
    assert_int_equal(atomic_load(&n_freed), 10);
}

/* An answer that is there but not taken is of the past, too. */
static void an_answer_not_taken_is_replaced(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 7, twice, number(1), free, free);
    assert_true(readable(b, WAIT_MS));
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 7, twice, number(2), free, free);
    take(b, &e);
    assert_int_equal(*(int *)e.out, 4);
    tui_event_clear(&e);
    assert_false(readable(b, 0));
}

static void other_views_and_kinds_go_on(void **state)
{
    struct bench *b = *state;
    struct door d;
    struct tui_event e;
    door_init(&d, false);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 1, stand, &d, NULL, free);
    sem_wait(&d.entered);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 2, twice, number(1), free, free);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 2, 1, twice, number(2), free, free);
    assert_true(tui_worker_busy(b->w, 1) && tui_worker_busy(b->w, 2));
    assert_false(tui_worker_busy(b->w, 3));
    tui_worker_cancel(b->w, 1); /* that view closes */
    assert_false(tui_worker_busy(b->w, 1));
    sem_post(&d.open); /* its answer comes too late */
    take(b, &e);
    assert_true(e.view == 2 && *(int *)e.out == 4);
    tui_event_clear(&e);
    assert_false(tui_worker_take(b->w, &e));
}

static void acts_are_never_cancelled(void **state)
{
    struct bench *b = *state;
    struct door d;
    door_init(&d, false);
    tui_worker_submit_as(b->w, TUI_WORK_PURE | TUI_WORK_ACT, 1, 1, stand, &d, NULL, free);
    sem_wait(&d.entered);
    tui_worker_submit_as(b->w, TUI_WORK_PURE | TUI_WORK_ACT, 1, 1, twice, number(5), free, free);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 1, twice, number(6), free, free);
    tui_worker_cancel(b->w, 1);
    sem_post(&d.open);
    for (int i = 0; i < 2; i++) {
        struct tui_event e;
        take(b, &e);
        assert_int_equal(*(int *)e.out, i ? 10 : 1);
        tui_event_clear(&e);
    }
}

static atomic_int n_acts;

static enum rs_code act(struct tui_work *w, struct rs_err *err)
{
    (void)w;
    (void)err;
    atomic_fetch_add(&n_acts, 1);
    return RS_OK;
}

static void stopping_ends_acts_and_drops_questions(void **state)
{
    struct bench *b = *state;
    struct door d;
    struct rs_err err = {0};
    door_init(&d, true);
    atomic_store(&n_acts, 0);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 1, stand, &d, NULL, free);
    sem_wait(&d.entered);
    for (int i = 0; i < 100; i++) { /* more than answers may wait */
        tui_worker_submit_as(b->w, TUI_WORK_PURE | TUI_WORK_ACT, 1, 2, act, NULL, NULL, NULL);
        tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 2, act, NULL, NULL, NULL);
    }
    tui_worker_stop(b->w);
    assert_int_equal(atomic_load(&n_acts), 100);
    assert_ok(tui_worker_start(b->dir, &b->wake_fd, &b->w, &err), &err);
}

static enum rs_code look_at_signals(struct tui_work *w, struct rs_err *err)
{
    (void)err;
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    w->out = number(sigismember(&set, SIGWINCH) && sigismember(&set, SIGTERM) &&
                    sigismember(&set, SIGINT));
    return RS_OK;
}

static void signals_are_not_the_workers(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    sigset_t mine;
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 1, look_at_signals, NULL, NULL, free);
    take(b, &e);
    assert_int_equal(*(int *)e.out, 1);
    tui_event_clear(&e);
    pthread_sigmask(SIG_BLOCK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
}

/* ---- commands ---- */

static void a_command_gives_its_result(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    tui_ask_command(b->w, 3, 4, "run list", NULL);
    take(b, &e);
    assert_ok(e.rc, &e.err);
    assert_true(e.view == 3 && e.kind == 4);
    const struct rs_result *r = e.out;
    assert_non_null(rs_val_get(r->doc, "runs"));
    void *mine = e.out; /* kept beyond the event */
    e.out = NULL;
    tui_event_clear(&e);
    tui_result_free(mine);
    tui_result_free(NULL);
}

static void what_is_wrong_comes_as_an_error(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    tui_ask_command(b->w, 1, 1, "run list", (const char *const[]){"--nope", NULL});
    take(b, &e);
    assert_code(e.rc, RS_EARG, &e.err, "nope");
    tui_event_clear(&e);
    tui_ask_command(b->w, 1, 1, "train", NULL);
    take(b, &e);
    assert_code(e.rc, RS_EREFUSED, &e.err, "train: runs as a job");
    tui_event_clear(&e);
    tui_ask_command(b->w, 1, 1, "help", NULL);
    take(b, &e);
    assert_code(e.rc, RS_EREFUSED, &e.err, "help: not a command of the console");
    tui_event_clear(&e);
    tui_start_job(b->w, 1, 1, "help", NULL);
    take(b, &e);
    assert_code(e.rc, RS_EREFUSED, &e.err, NULL);
    tui_event_clear(&e);
    tui_start_job(b->w, 1, 1, "train", (const char *const[]){"--nope", NULL});
    take(b, &e);
    assert_code(e.rc, RS_EARG, &e.err, "nope");
    tui_event_clear(&e);
}

static enum rs_code open_what_serves(struct tui_work *w, struct rs_err *err)
{
    const struct rs_bundle *bundle;
    return tui_models_bundle(w->models, NULL, &bundle, NULL, err);
}

static enum rs_code open_dataset(struct tui_work *w, struct rs_err *err)
{
    const struct rs_dataset *d;
    return tui_models_dataset(w->models, w->in, &d, err);
}

static void what_is_not_there_is_said(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    tui_worker_submit(b->w, 1, 1, open_what_serves, NULL, NULL, NULL);
    take(b, &e);
    assert_code(e.rc, RS_ENOTFOUND, &e.err, "no version is behind the alias");
    tui_event_clear(&e);
    tui_worker_submit(b->w, 1, 1, open_dataset, NULL, NULL, NULL);
    take(b, &e);
    assert_code(e.rc, RS_ENOTFOUND, &e.err, NULL);
    tui_event_clear(&e);
    tui_worker_submit(b->w, 1, 1, open_dataset, rs_xstrdup("../x"), free, NULL);
    take(b, &e);
    assert_code(e.rc, RS_EARG, &e.err, "dataset name");
    tui_event_clear(&e);
}

/* Work that needs the configuration hears what is wrong with it; the rest goes on. */
static void a_bad_configuration_is_said(void **state)
{
    struct bench *b = *state;
    struct tui_event e;
    free(ref_file(b->dir, "params.yaml", "serving: {alias: 1, nope: 2}\n", SIZE_MAX));
    tui_worker_submit(b->w, 1, 1, open_what_serves, NULL, NULL, NULL);
    take(b, &e);
    assert_code(e.rc, RS_EARG, &e.err, "params.yaml");
    tui_event_clear(&e);
    tui_worker_submit_as(b->w, TUI_WORK_PURE, 1, 1, twice, number(1), free, free);
    take(b, &e);
    assert_int_equal(e.rc, RS_OK);
    tui_event_clear(&e);
}

int main(void)
{
#define WITH_WORKER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORKER(answers_come_in_order),
        WITH_WORKER(a_full_queue_drops_nothing),
        WITH_WORKER(a_newer_question_cancels_the_older),
        WITH_WORKER(an_answer_not_taken_is_replaced),
        WITH_WORKER(other_views_and_kinds_go_on),
        WITH_WORKER(acts_are_never_cancelled),
        WITH_WORKER(stopping_ends_acts_and_drops_questions),
        WITH_WORKER(signals_are_not_the_workers),
        WITH_WORKER(a_command_gives_its_result),
        WITH_WORKER(what_is_wrong_comes_as_an_error),
        WITH_WORKER(what_is_not_there_is_said),
        WITH_WORKER(a_bad_configuration_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
