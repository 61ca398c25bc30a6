/* The query and writer threads: order, bounds, transactions, stores that go and come. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/serve/http_impl.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"

/* A call as the server would make it, and what became of it. */
struct ask {
    struct srv_call call; /* first */
    int number;
    const char *user, *item;
    enum rs_code fails_with; /* after it wrote */
    enum rs_code rc;         /* these and the next: under done_lock */
    char text[64];
    char message[sizeof((struct rs_err){0}.msg)];
    bool done;
};

static pthread_mutex_t done_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done_signal = PTHREAD_COND_INITIALIZER;
static int order[4096]; /* numbers as they were answered; under done_lock */
static int n_done;

/* In place of the server's: keeps what the answer would have been. */
void srv_http_done(struct srv_call *c, enum rs_code rc, const struct rs_err *err)
{
    struct ask *a = (struct ask *)c;
    pthread_mutex_lock(&done_lock);
    a->rc = rc;
    snprintf(a->text, sizeof(a->text), "%s", c->out ? rs_str_text(c->out) : "");
    snprintf(a->message, sizeof(a->message), "%s", rc ? err->msg : "");
    a->done = true;
    order[n_done++] = a->number;
    pthread_cond_broadcast(&done_signal);
    pthread_mutex_unlock(&done_lock);
}

static void wait_for(struct ask *a)
{
    pthread_mutex_lock(&done_lock);
    while (!a->done)
        pthread_cond_wait(&done_signal, &done_lock);
    pthread_mutex_unlock(&done_lock);
}

/* ---- handlers ------------------------------------------------------------------------------ */

static enum rs_code run_read(struct srv_call *c, struct rs_err *err)
{
    struct rs_val *list = NULL;
    assert_non_null(rs_arena_alloc(c->scratch, 1000));
    assert_int_equal(c->out->len, 0);
    enum rs_code rc = rs_datasets_list(c->ctx->store, &list, err);
    if (rc) return rc;
    rs_str_addf(c->out, "%zu datasets", list->n);
    rs_val_free(list);
    return RS_OK;
}

static enum rs_code run_fail(struct srv_call *c, struct rs_err *err)
{
    (void)c;
    return rs_fail(err, RS_ENUMERIC, "no luck");
}

static enum rs_code run_write(struct srv_call *c, struct rs_err *err)
{
    const struct ask *a = (const struct ask *)c;
    int64_t id = 0;
    const struct rs_feedback f = {
        .user_id = a->user, .item_id = a->item, .type = "", .value = a->number, .time_s = 1};
    enum rs_code rc = rs_feedback_add(c->ctx->store, &f, &id, err);
    if (rc) return rc;
    rs_str_addf(c->out, "id %lld", (long long)id);
    if (a->fails_with) return rs_fail(err, a->fails_with, "call %d fails", a->number);
    return RS_OK;
}

/* Ends the transaction behind the queue's back, as a full disk does. */
static enum rs_code run_break(struct srv_call *c, struct rs_err *err)
{
    rs_store_rollback(c->ctx->store);
    return rs_fail(err, RS_EIO, "the disk is full");
}

/* The next allocation is that of the event in memory. */
static enum rs_code run_starve(struct srv_call *c, struct rs_err *err)
{
    enum rs_code rc = run_write(c, err);
    rs_mem_fail_after(1);
    return rc;
}

/* Holds the queue's thread until the gate opens. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool at_gate;
static enum rs_code run_wait(struct srv_call *c, struct rs_err *err)
{
    (void)c;
    (void)err;
    atomic_store(&at_gate, true);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return RS_OK;
}

#define ROUTE(fn) static const struct srv_route route_##fn = {.run = run_##fn}
ROUTE(read);
ROUTE(fail);
ROUTE(write);
ROUTE(break);
ROUTE(starve);
ROUTE(wait);

/* ---- a server of a store alone ------------------------------------------------------------- */

struct world {
    struct ref_store t;
    struct srv s;
    struct srv_queue *q;
    struct rs_arena *arena;
};

static void world_init(struct world *w, enum srv_queue_kind kind, int max_waiting)
{
    struct rs_err err = {0};
    memset(w, 0, sizeof(*w));
    ref_store_init(&w->t);
    w->s.workspace = w->t.dir;
    w->s.db_path = w->t.path;
    w->s.busy_ms = 20;
    w->s.overlay = srv_overlay_new();
    w->arena = rs_arena_new(1 << 12, 0);
    n_done = 0;
    assert_ok(srv_queue_start(&w->s, kind, max_waiting, &w->q, &err), &err);
}

static void world_clear(struct world *w)
{
    srv_queue_stop(w->q);
    srv_overlay_free(w->s.overlay);
    rs_arena_free(w->arena);
    ref_store_clear(&w->t);
}

static struct ask make(const struct srv_route *route, int number)
{
    return (struct ask){.call = {.route = route}, .number = number, .user = "ann", .item = "x"};
}

static bool put(struct world *w, struct ask *a)
{
    return srv_queue_put(w->q, &a->call);
}

/* Puts it and waits for its answer. */
static void ask_and_wait(struct world *w, struct ask *a)
{
    assert_true(put(w, a));
    wait_for(a);
}

/* From here on calls wait. */
static void close_gate(struct world *w, struct ask *waits)
{
    pthread_mutex_lock(&gate);
    atomic_store(&at_gate, false);
    *waits = make(&route_wait, -1);
    assert_true(put(w, waits));
    while (!atomic_load(&at_gate))
        rs_clock_sleep_ms(1);
}

static void open_gate(struct ask *waits)
{
    pthread_mutex_unlock(&gate);
    wait_for(waits);
}

static int64_t rows(struct world *w)
{
    return ref_store_int(w->t.path, "SELECT count(*) FROM rs_feedback");
}

static size_t shown(struct world *w, const char *user)
{
    struct rs_err err = {0};
    const struct rs_event *events;
    size_t n = 0;
    int64_t revision;
    assert_ok(srv_overlay_read(w->s.overlay, user, 0, w->arena, &events, &n, &revision, &err),
              &err);
    return n;
}

/* ---- queries ------------------------------------------------------------------------------- */

static void queries_are_answered_from_the_store(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w, SRV_QUEUE_QUERY, 8);
    for (int i = 0; i < 3; i++) {
        char name[16];
        char want[32];
        struct ask a = make(&route_read, i);
        ask_and_wait(&w, &a);
        snprintf(want, sizeof(want), "%d datasets", i); /* each sees what there is by then */
        assert_int_equal(a.rc, RS_OK);
        assert_string_equal(a.text, want);
        snprintf(name, sizeof(name), "d%d", i);
        assert_ok(rs_datasets_put(w.t.st, name, "f", 1, 1, 1, &err), &err);
    }
    struct ask bad = make(&route_fail, 0);
    ask_and_wait(&w, &bad);
    assert_int_equal(bad.rc, RS_ENUMERIC);
    assert_string_equal(bad.message, "no luck");
    struct ask after = make(&route_read, 0);
    ask_and_wait(&w, &after);
    assert_string_equal(after.text, "3 datasets");
    world_clear(&w);
}

static void calls_run_in_order_and_waiting_is_bounded(void **state)
{
    (void)state;
    enum { ROOM = 10 };
    struct world w;
    struct ask waits;
    struct ask asks[ROOM + 1];
    world_init(&w, SRV_QUEUE_QUERY, ROOM);
    for (int round = 0; round < 3; round++) { /* the ring goes around */
        close_gate(&w, &waits);
        for (int i = 0; i <= ROOM; i++) {
            asks[i] = make(&route_read, i);
            assert_int_equal(put(&w, &asks[i]), i < ROOM);
        }
        assert_int_equal(srv_queue_depth(w.q), ROOM + 1); /* with the one at the gate */
        open_gate(&waits);
        wait_for(&asks[ROOM - 1]);
        pthread_mutex_lock(&done_lock);
        for (int i = 0; i < ROOM; i++)
            assert_int_equal(order[n_done - ROOM + i], i);
        pthread_mutex_unlock(&done_lock);
    }
    world_clear(&w);
}

static void what_waits_is_done_before_the_end(void **state)
{
    (void)state;
    enum { N = 20 };
    struct world w;
    struct ask waits;
    static struct ask asks[N];
    world_init(&w, SRV_QUEUE_WRITER, N + 1);
    close_gate(&w, &waits);
    for (int i = 0; i < N; i++) {
        asks[i] = make(&route_write, i);
        assert_true(put(&w, &asks[i]));
    }
    pthread_mutex_unlock(&gate);
    srv_queue_stop(w.q);
    w.q = NULL;
    for (int i = 0; i < N; i++) {
        assert_true(asks[i].done);
        assert_int_equal(asks[i].rc, RS_OK);
    }
    assert_int_equal(rows(&w), N);
    world_clear(&w);
}

static void move_store(struct world *w, const char *from, const char *to)
{
    char *a = rs_path_join(w->t.dir, from);
    char *b = rs_path_join(w->t.dir, to);
    assert_int_equal(rename(a, b), 0);
    free(a);
    free(b);
}

static void a_store_that_is_gone_fails_calls_until_it_is_back(void **state)
{
    (void)state;
    for (int kind = SRV_QUEUE_QUERY; kind <= SRV_QUEUE_WRITER; kind++) {
        struct world w;
        world_init(&w, (enum srv_queue_kind)kind, 8);
        const struct srv_route *route = kind == SRV_QUEUE_WRITER ? &route_write : &route_read;
        struct ask before = make(route, 0);
        ask_and_wait(&w, &before);
        assert_int_equal(before.rc, RS_OK);
        move_store(&w, "db", "away");
        for (int i = 0; i < 2; i++) {
            struct ask gone = make(route, 1);
            ask_and_wait(&w, &gone);
            assert_int_equal(gone.rc, RS_EBUSY);
            assert_non_null(strstr(gone.message, "is not there"));
        }
        char *db = rs_path_join(w.t.dir, "db");
        assert_int_equal(access(db, F_OK), -1); /* nothing was made in its place */
        free(db);
        move_store(&w, "away", "db");
        struct ask back = make(route, 2);
        ask_and_wait(&w, &back);
        assert_int_equal(back.rc, RS_OK);
        assert_int_equal(rows(&w), kind == SRV_QUEUE_WRITER ? 2 : 0);
        world_clear(&w);
    }
}

/* ---- the writer ---------------------------------------------------------------------------- */

static void an_answered_event_is_stored_and_shown(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, SRV_QUEUE_WRITER, 8);
    for (int i = 1; i <= 5; i++) {
        char want[16];
        struct ask a = make(&route_write, i);
        ask_and_wait(&w, &a);
        snprintf(want, sizeof(want), "id %d", i);
        assert_string_equal(a.text, want);
        assert_int_equal(rows(&w), i);
        assert_int_equal(shown(&w, "ann"), i);
    }
    assert_int_equal(w.s.metrics.feedback_events, 5);
    world_clear(&w);
}

static void one_that_fails_takes_back_its_own_part(void **state)
{
    (void)state;
    enum { N = 30 };
    struct world w;
    struct ask waits;
    struct ask asks[N];
    world_init(&w, SRV_QUEUE_WRITER, N + 1);
    close_gate(&w, &waits);
    for (int i = 0; i < N; i++) {
        asks[i] = make(&route_write, i);
        if (i % 3 == 0) asks[i].fails_with = RS_EREFUSED;
        if (i % 3 == 1) asks[i].user = "bob";
        assert_true(put(&w, &asks[i]));
    }
    open_gate(&waits);
    for (int i = 0; i < N; i++) {
        wait_for(&asks[i]);
        assert_int_equal(asks[i].rc, i % 3 == 0 ? RS_EREFUSED : RS_OK);
    }
    assert_non_null(strstr(asks[0].message, "call 0 fails"));
    assert_int_equal(rows(&w), 2 * N / 3);
    assert_int_equal(ref_store_int(w.t.path, "SELECT count(*) FROM rs_feedback WHERE "
                                             "cast(value AS INTEGER) % 3 = 0"),
                     0);
    assert_int_equal(shown(&w, "ann"), N / 3);
    assert_int_equal(shown(&w, "bob"), N / 3);
    world_clear(&w);
}

static void what_ends_the_transaction_fails_all_of_it(void **state)
{
    (void)state;
    struct world w;
    struct ask waits;
    struct ask asks[4];
    world_init(&w, SRV_QUEUE_WRITER, 8);
    close_gate(&w, &waits);
    for (int i = 0; i < 4; i++) {
        asks[i] = make(i == 2 ? &route_break : &route_write, i);
        assert_true(put(&w, &asks[i]));
    }
    open_gate(&waits);
    for (int i = 0; i < 4; i++) {
        wait_for(&asks[i]);
        assert_int_equal(asks[i].rc, RS_EIO);
        assert_string_equal(asks[i].message, "the disk is full");
    }
    assert_int_equal(rows(&w), 0);
    assert_int_equal(shown(&w, "ann"), 0);
    assert_int_equal(w.s.metrics.feedback_events, 1); /* the one that waited */
    struct ask after = make(&route_write, 9);
    ask_and_wait(&w, &after);
    assert_int_equal(after.rc, RS_OK);
    world_clear(&w);
}

static void a_locked_store_is_busy(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w, SRV_QUEUE_WRITER, 8);
    assert_ok(rs_store_begin(w.t.st, &err), &err);
    struct ask locked = make(&route_write, 1);
    ask_and_wait(&w, &locked);
    assert_int_equal(locked.rc, RS_EBUSY);
    rs_store_rollback(w.t.st);
    struct ask after = make(&route_write, 2);
    ask_and_wait(&w, &after);
    assert_int_equal(after.rc, RS_OK);
    assert_int_equal(rows(&w), 1);
    world_clear(&w);
}

static void what_is_dropped_is_not_begun(void **state)
{
    (void)state;
    enum { N = 5 };
    srv_queue_drop(NULL);
    for (int kind = SRV_QUEUE_QUERY; kind <= SRV_QUEUE_WRITER; kind++) {
        struct world w;
        struct ask waits;
        struct ask asks[N];
        world_init(&w, (enum srv_queue_kind)kind, N + 1);
        close_gate(&w, &waits);
        for (int i = 0; i < N; i++) {
            asks[i] = make(&route_write, i);
            assert_true(put(&w, &asks[i]));
        }
        srv_queue_drop(w.q);
        struct ask late = make(&route_write, N);
        assert_false(put(&w, &late));
        open_gate(&waits);
        assert_int_equal(waits.rc, RS_OK);
        for (int i = 0; i < N; i++) {
            wait_for(&asks[i]);
            assert_int_equal(asks[i].rc, RS_ECANCEL);
            assert_string_equal(asks[i].message, "the server is stopping");
        }
        assert_int_equal(rows(&w), 0);
        world_clear(&w);
    }
}

/* Those who come while one waits for the lock do not wait as long again. */
static void a_lock_is_waited_for_once(void **state)
{
    (void)state;
    enum { N = 10, BUSY_MS = 2000 };
    for (int kind = SRV_QUEUE_QUERY; kind <= SRV_QUEUE_WRITER; kind++) {
        struct rs_err err = {0};
        struct world w;
        struct ask asks[N];
        world_init(&w, (enum srv_queue_kind)kind, N);
        w.s.busy_ms = BUSY_MS;
        assert_ok(rs_store_begin(w.t.st, &err), &err);
        int64_t begun_ns = rs_clock_mono_ns();
        for (int i = 0; i < N; i++) {
            asks[i] = make(&route_write, i);
            assert_true(put(&w, &asks[i]));
        }
        for (int i = 0; i < N; i++) {
            wait_for(&asks[i]);
            assert_int_equal(asks[i].rc, RS_EBUSY);
        }
        int64_t took_ms = (rs_clock_mono_ns() - begun_ns) / 1000000;
        if (took_ms < BUSY_MS - 100 || took_ms > 2 * BUSY_MS - 100) {
            fail_msg("%d ms", (int)took_ms);
        }
        rs_store_rollback(w.t.st);
        world_clear(&w);
    }
}

/* What is stored but cannot be shown is no success: its poster would not find it. */
static void what_cannot_be_shown_is_no_success(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, SRV_QUEUE_WRITER, 8);
    struct ask starved = make(&route_starve, 1);
    ask_and_wait(&w, &starved);
    assert_int_equal(starved.rc, RS_ENOMEM);
    assert_memory_equal(starved.message, "stored, but answers do not show it yet", 38);
    assert_int_equal(rows(&w), 1);
    assert_int_equal(shown(&w, "ann"), 0);
    struct ask after = make(&route_write, 2);
    ask_and_wait(&w, &after);
    assert_int_equal(after.rc, RS_OK);
    assert_int_equal(shown(&w, "ann"), 2);
    world_clear(&w);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct poster {
    struct world *w;
    int first, n, wrong;
};

static void *post(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < p->n; i++) {
        char user[16];
        struct ask a = make(&route_write, p->first + i);
        snprintf(user, sizeof(user), "u%d", a.number);
        a.user = user;
        if (!put(p->w, &a)) {
            p->wrong++;
            continue;
        }
        wait_for(&a);
        p->wrong += a.rc != RS_OK || srv_overlay_revision(p->w->s.overlay, user) == 0;
    }
    return NULL;
}

static void many_posters_lose_nothing(void **state)
{
    (void)state;
    enum { N = 8, EACH = 100 };
    struct world w;
    pthread_t threads[N];
    struct poster posters[N];
    world_init(&w, SRV_QUEUE_WRITER, N);
    for (int i = 0; i < N; i++) {
        posters[i] = (struct poster){.w = &w, .first = i * EACH, .n = EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, post, &posters[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].wrong, 0);
    }
    assert_int_equal(rows(&w), N * EACH);
    assert_int_equal(ref_store_int(w.t.path, "SELECT count(DISTINCT user_id) FROM rs_feedback"),
                     N * EACH);
    assert_int_equal(srv_overlay_stats(w.s.overlay).events, N * EACH);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_answered_from_the_store),
        cmocka_unit_test(calls_run_in_order_and_waiting_is_bounded),
        cmocka_unit_test(what_waits_is_done_before_the_end),
        cmocka_unit_test(a_store_that_is_gone_fails_calls_until_it_is_back),
        cmocka_unit_test(an_answered_event_is_stored_and_shown),
        cmocka_unit_test(one_that_fails_takes_back_its_own_part),
        cmocka_unit_test(what_ends_the_transaction_fails_all_of_it),
        cmocka_unit_test(a_locked_store_is_busy),
        cmocka_unit_test(a_lock_is_waited_for_once),
        cmocka_unit_test(what_is_dropped_is_not_begun),
        cmocka_unit_test(what_cannot_be_shown_is_no_success),
        cmocka_unit_test(many_posters_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
