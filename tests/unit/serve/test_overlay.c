/* Feedback in memory: against a naive list of rows, with other stores, and by threads. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/state_impl.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/store/datasets.h"

struct world {
    struct ref_store t;
    struct srv_overlay *o;
    struct rs_arena *arena;
};

static void world_init(struct world *w)
{
    ref_store_init(&w->t);
    w->o = srv_overlay_new();
    w->arena = rs_arena_new(1 << 12, 0);
}

static void world_clear(struct world *w)
{
    rs_arena_free(w->arena);
    srv_overlay_free(w->o);
    ref_store_clear(&w->t);
}

static int64_t add(struct rs_store *st, const char *user, const char *item, double value)
{
    struct rs_err err = {0};
    int64_t id = 0;
    const struct rs_feedback f = {
        .user_id = user, .item_id = item, .type = "", .value = value, .time_s = 1000};
    assert_ok(rs_feedback_add(st, &f, &id, &err), &err);
    return id;
}

static void catch_up(struct world *w)
{
    struct rs_err err = {0};
    assert_ok(srv_overlay_catch_up(w->o, w->t.st, &err), &err);
}

/* A user's events as "item=value item=value". */
static const char *events_of(struct world *w, const char *user, int64_t up_to)
{
    static char text[4096];
    struct rs_err err = {0};
    const struct rs_event *events = NULL;
    size_t n = 0;
    int64_t revision = -1;
    rs_arena_reset(w->arena);
    assert_ok(srv_overlay_read(w->o, user, up_to, w->arena, &events, &n, &revision, &err), &err);
    assert_int_equal(revision, n ? events[n - 1].id : 0);
    if (!up_to) assert_int_equal(srv_overlay_revision(w->o, user), revision);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%s=%g", i ? " " : "", events[i].item_id,
                 events[i].value);
    }
    return text;
}

static void events_stand_by_user_in_order(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "");
    add(w.t.st, "ann", "x", 1);
    int64_t second = add(w.t.st, "bob", "x", 2);
    add(w.t.st, "ann", "y", 3);
    assert_string_equal(events_of(&w, "ann", 0), ""); /* not before it is read */
    catch_up(&w);
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "x=1 y=3");
    assert_string_equal(events_of(&w, "bob", 0), "x=2");
    assert_string_equal(events_of(&w, "an", 0), "");
    assert_string_equal(events_of(&w, "", 0), "");
    assert_string_equal(events_of(&w, "ann", second), "x=1"); /* as it was then */
    int64_t last = add(w.t.st, "ann", "x", -4.5);
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "x=1 y=3 x=-4.5");
    struct srv_overlay_stats s = srv_overlay_stats(w.o);
    assert_int_equal(s.events, 4);
    assert_int_equal(s.users, 2);
    assert_int_equal(s.last_id, last);
    assert_int_equal(s.resets, 0);
    world_clear(&w);
}

static void lag_is_from_receipt_to_showing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    rs_clock_set(1000000);
    add(w.t.st, "ann", "x", 1);
    rs_clock_set(9000000);
    catch_up(&w); /* what was there at the start is no lag */
    assert_true(srv_overlay_stats(w.o).lag_s == 0);
    add(w.t.st, "ann", "y", 1);
    rs_clock_set(9000250);
    catch_up(&w);
    assert_true(srv_overlay_stats(w.o).lag_s == 0.25);
    rs_clock_set(-1);
    world_clear(&w);
}

/* ---- against a naive list ------------------------------------------------------------------ */

enum { MAX_ROWS = 3000 };
struct twin {
    struct {
        int user, item;
        double value;
        int64_t id;
    } rows[MAX_ROWS];
    int n, applied;
};

static void check_user(struct world *w, const struct twin *t, int user, int64_t up_to,
                       uint64_t seed)
{
    struct rs_err err = {0};
    const struct rs_event *events = NULL;
    size_t n = 0;
    size_t want = 0;
    int64_t revision;
    char id[16];
    snprintf(id, sizeof(id), "u%d", user);
    rs_arena_reset(w->arena);
    assert_ok(srv_overlay_read(w->o, id, up_to, w->arena, &events, &n, &revision, &err), &err);
    for (int i = 0; i < t->applied; i++) {
        if (t->rows[i].user != user || (up_to && t->rows[i].id > up_to)) continue;
        snprintf(id, sizeof(id), "i%d", t->rows[i].item);
        if (want >= n || events[want].id != t->rows[i].id ||
            events[want].value != t->rows[i].value || strcmp(events[want].item_id, id) != 0)
            fail_msg("seed %d: user %d, event %zu", (int)seed, user, want);
        want++;
    }
    assert_int_equal(n, want);
}

static void equals_the_rows_of_the_store(void **state)
{
    (void)state;
    static struct twin t;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rs_rng rng = rs_rng_make(seed, 0);
        struct rs_err err = {0};
        struct world w;
        world_init(&w);
        t.n = t.applied = 0;
        uint64_t n_users = 1 + rs_rng_below(&rng, 300);
        while (t.n < MAX_ROWS - 200) {
            assert_ok(rs_store_begin(w.t.st, &err), &err);
            for (uint64_t i = rs_rng_below(&rng, 200); i > 0; i--, t.n++) {
                char user[16];
                char item[16];
                t.rows[t.n].user = (int)rs_rng_below(&rng, n_users);
                t.rows[t.n].item = (int)rs_rng_below(&rng, 500);
                t.rows[t.n].value = rs_rng_normal(&rng);
                snprintf(user, sizeof(user), "u%d", t.rows[t.n].user);
                snprintf(item, sizeof(item), "i%d", t.rows[t.n].item);
                t.rows[t.n].id = add(w.t.st, user, item, t.rows[t.n].value);
            }
            assert_ok(rs_store_commit(w.t.st, &err), &err);
            catch_up(&w);
            t.applied = t.n;
            for (int i = 0; i < 20; i++) {
                int64_t up_to = (int64_t)rs_rng_below(&rng, (uint64_t)t.n + 2);
                check_user(&w, &t, (int)rs_rng_below(&rng, n_users + 1), up_to, seed);
            }
        }
        assert_int_equal(srv_overlay_stats(w.o).events, t.n);
        world_clear(&w);
    }
}

static void takes_little_memory(void **state)
{
    (void)state;
    enum { N = 100000, USERS = 10000, ITEMS = 2000 };
    struct rs_err err = {0};
    struct world w;
    world_init(&w);
    assert_ok(rs_store_begin(w.t.st, &err), &err);
    for (int i = 0; i < N; i++) {
        char user[32];
        char item[32];
        snprintf(user, sizeof(user), "user-number-%d", i % USERS);
        snprintf(item, sizeof(item), "item-number-%d", i * 7 % ITEMS);
        add(w.t.st, user, item, i);
    }
    assert_ok(rs_store_commit(w.t.st, &err), &err);
    catch_up(&w);
    assert_int_equal(srv_overlay_stats(w.o).events, N);
    assert_int_equal(srv_overlay_stats(w.o).users, USERS);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    srv_overlay_free(w.o);
    size_t bytes = before - mallinfo2().uordblks - mallinfo2().hblkhd;
    assert_in_range(bytes / N, 32, 50); /* ten million events: half a gigabyte */
    w.o = NULL;
#endif
    world_clear(&w);
}

/* ---- other stores -------------------------------------------------------------------------- */

static void another_store_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    struct ref_store other;
    world_init(&w);
    ref_store_init(&other);
    rs_clock_set(5000);
    add(w.t.st, "ann", "old", 1);
    add(w.t.st, "ann", "older", 2);
    catch_up(&w);
    add(other.st, "bob", "new", 3); /* fewer rows: its id is taken already */
    assert_ok(srv_overlay_catch_up(w.o, other.st, &err), &err);
    assert_string_equal(events_of(&w, "ann", 0), "");
    assert_string_equal(events_of(&w, "bob", 0), "new=3");
    assert_int_equal(srv_overlay_stats(w.o).resets, 1);
    assert_int_equal(srv_overlay_stats(w.o).events, 1);
    add(other.st, "bob", "newer", 4); /* as many rows as the first, others */
    assert_ok(srv_overlay_catch_up(w.o, other.st, &err), &err);
    assert_string_equal(events_of(&w, "bob", 0), "new=3 newer=4");
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "old=1 older=2");
    assert_string_equal(events_of(&w, "bob", 0), "");
    assert_int_equal(srv_overlay_stats(w.o).resets, 2);
    rs_clock_set(-1);
    ref_store_clear(&other);
    world_clear(&w);
}

static void an_emptied_store_empties_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    add(w.t.st, "ann", "x", 1);
    catch_up(&w);
    ref_store_sql(w.t.path, "DELETE FROM rs_feedback");
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "");
    add(w.t.st, "ann", "y", 2);
    catch_up(&w);
    assert_string_equal(events_of(&w, "ann", 0), "y=2");
    world_clear(&w);
}

/* ---- no memory ----------------------------------------------------------------------------- */

static enum rs_code load_anew(void *ctx, struct rs_err *err)
{
    struct world *w = ctx;
    srv_overlay_free(w->o);
    w->o = srv_overlay_new();
    return srv_overlay_catch_up(w->o, w->t.st, err);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", i);
        add(w.t.st, text, text, i);
    }
    assert_survives_oom(load_anew, &w);
    world_clear(&w);
}

static enum rs_code load_on(void *ctx, struct rs_err *err)
{
    struct world *w = ctx;
    return srv_overlay_catch_up(w->o, w->t.st, err);
}

/* What could not be applied comes with the next, once. */
static void after_no_memory_it_goes_on_where_it_was(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (int i = 0; i < 300; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", i);
        add(w.t.st, "ann", text, i);
    }
    assert_survives_oom(load_on, &w);
    assert_int_equal(srv_overlay_stats(w.o).events, 300);
    assert_memory_equal(events_of(&w, "ann", 3), "0=0 1=1 2=2", 12);
    world_clear(&w);
}

static enum rs_code read_ann(void *ctx, struct rs_err *err)
{
    struct world *w = ctx;
    const struct rs_event *events;
    size_t n;
    int64_t revision;
    struct rs_arena *arena = rs_arena_new(64, 0);
    enum rs_code rc = srv_overlay_read(w->o, "ann", 0, arena, &events, &n, &revision, err);
    rs_arena_free(arena);
    return rc;
}

static void a_read_without_memory_is_an_error(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (int i = 0; i < 100; i++)
        add(w.t.st, "ann", "some item with a name that takes room", i);
    catch_up(&w);
    assert_survives_oom(read_ann, &w);
    world_clear(&w);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct worker {
    struct world *w;
    atomic_bool *stop;
    bool writes;
    int wrong;
};

/* A user's events are 0, 1, 2, … in every view of them, and a view is never older than another. */
static void *read_users(struct worker *k)
{
    struct rs_arena *arena = rs_arena_new(1 << 12, 0);
    size_t least[4] = {0};
    for (int i = 0; !atomic_load(k->stop); i++) {
        struct rs_err err = {0};
        const struct rs_event *events = NULL;
        size_t n = 0;
        int64_t revision = 0;
        char user[8];
        snprintf(user, sizeof(user), "u%d", i % 4);
        rs_arena_reset(arena);
        int64_t before = srv_overlay_revision(k->w->o, user);
        if (srv_overlay_read(k->w->o, user, 0, arena, &events, &n, &revision, &err)) k->wrong++;
        k->wrong += revision < before || n < least[i % 4];
        for (size_t e = 0; e < n; e++)
            k->wrong += events[e].value != (double)e;
        least[i % 4] = n;
    }
    rs_arena_free(arena);
    return NULL;
}

/* Has a connection of its own, as the server's threads do. */
static void *catch_up_often(struct worker *k)
{
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    if (rs_store_open(k->w->t.path, 0, &st, &err)) k->wrong++;
    while (!k->wrong && !atomic_load(k->stop))
        k->wrong += srv_overlay_catch_up(k->w->o, st, &err) != RS_OK;
    rs_store_close(st);
    return NULL;
}

static void *work(void *arg)
{
    struct worker *k = arg;
    return k->writes ? catch_up_often(k) : read_users(k);
}

static void threads_see_every_event_once(void **state)
{
    (void)state;
    enum { N = 4, EVENTS = 400 };
    struct world w;
    pthread_t threads[N];
    struct worker workers[N];
    atomic_bool stop = false;
    world_init(&w);
    for (int i = 0; i < N; i++) {
        workers[i] = (struct worker){.w = &w, .stop = &stop, .writes = i % 2};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < EVENTS; i++) {
        char user[8];
        snprintf(user, sizeof(user), "u%d", i % 4);
        add(w.t.st, user, "x", i / 4);
        if (i % 10 == 0) catch_up(&w);
    }
    catch_up(&w);
    atomic_store(&stop, true);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    struct srv_overlay_stats s = srv_overlay_stats(w.o);
    assert_int_equal(s.events, EVENTS);
    assert_int_equal(s.resets, 0);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_stand_by_user_in_order),
        cmocka_unit_test(lag_is_from_receipt_to_showing),
        cmocka_unit_test(equals_the_rows_of_the_store),
        cmocka_unit_test(takes_little_memory),
        cmocka_unit_test(another_store_takes_the_place_of_the_one_before),
        cmocka_unit_test(an_emptied_store_empties_it),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(after_no_memory_it_goes_on_where_it_was),
        cmocka_unit_test(a_read_without_memory_is_an_error),
        cmocka_unit_test(threads_see_every_event_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
