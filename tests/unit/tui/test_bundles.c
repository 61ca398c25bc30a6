/* What the worker keeps open: bundles by hash, labels, the alias that moves on. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"
#include "tui/work.h"

static const struct rs_change me = {.actor = "me", .reason = ""};

struct bench {
    struct ref_store store;
    struct tui_worker *w;
    int wake_fd;
};

static void bench_init(struct bench *b, int n_versions)
{
    struct rs_err err = {0};
    ref_store_init(&b->store);
    for (int i = 1; i <= n_versions; i++) {
        char id[RS_RUN_ID];
        int64_t number;
        bool existed;
        ref_store_run(&b->store, (uint64_t)i, id);
        assert_ok(rs_versions_register(b->store.st, id, b->store.models, "", &me, &number, &existed,
                                       &err),
                  &err);
        assert_int_equal(number, i);
    }
    assert_ok(tui_worker_start(b->store.dir, &b->wake_fd, &b->w, &err), &err);
}

static void bench_clear(struct bench *b)
{
    tui_worker_stop(b->w);
    ref_store_clear(&b->store);
}

static void promote(struct bench *b, int64_t number)
{
    struct rs_err err = {0};
    assert_ok(
        rs_alias_set(b->store.st, "production", number, b->store.models, NULL, true, &me, &err),
        &err);
}

/* Labels, and whether the second bundle is the one that the first call gave. */
struct twice {
    const char *first, *second;
    char labels[2][64];
    char sha256[2][65];
    bool same;
};

static enum rs_code open_two(struct tui_work *w, struct rs_err *err)
{
    struct twice *t = w->in;
    const char *refs[2] = {t->first, t->second};
    const struct rs_bundle *found[2];
    for (int i = 0; i < 2; i++) {
        const char *label;
        enum rs_code rc = tui_models_bundle(w->models, refs[i], &found[i], &label, err);
        if (rc) return rc;
        snprintf(t->labels[i], sizeof(t->labels[i]), "%s", label);
        memcpy(t->sha256[i], found[i]->sha256, sizeof(t->sha256[i]));
    }
    t->same = found[0] == found[1];
    return RS_OK;
}

static enum rs_code ask(struct bench *b, tui_work_fn *fn, void *in, struct rs_err *err)
{
    struct tui_event e;
    struct pollfd p = {.fd = b->wake_fd, .events = POLLIN};
    tui_worker_submit(b->w, 1, 1, fn, in, NULL, NULL);
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_true(tui_worker_take(b->w, &e));
    *err = e.err;
    enum rs_code rc = e.rc;
    tui_event_clear(&e);
    return rc;
}

static void an_open_bundle_is_used_again(void **state)
{
    (void)state;
    struct bench b;
    struct rs_err err = {0};
    bench_init(&b, 2);
    promote(&b, 1);
    struct twice t = {.first = NULL, .second = "v1"};
    assert_ok(ask(&b, open_two, &t, &err), &err);
    assert_true(t.same);
    assert_string_equal(t.labels[0], "v1");
    t = (struct twice){.first = "v1", .second = "2"};
    assert_ok(ask(&b, open_two, &t, &err), &err);
    assert_false(t.same);
    assert_string_equal(t.labels[1], "v2");
    assert_string_not_equal(t.sha256[0], t.sha256[1]);
    bench_clear(&b);
}

static void what_serves_follows_the_alias(void **state)
{
    (void)state;
    struct bench b;
    struct rs_err err = {0};
    bench_init(&b, 2);
    promote(&b, 1);
    struct twice t = {0};
    assert_ok(ask(&b, open_two, &t, &err), &err);
    assert_true(t.same && strcmp(t.labels[1], "v1") == 0);
    promote(&b, 2);
    assert_ok(ask(&b, open_two, &t, &err), &err);
    assert_true(t.same && strcmp(t.labels[1], "v2") == 0);
    bench_clear(&b);
}

/* More than are kept: the one not used for longest makes room, none is lost or mixed up. */
static void more_than_are_kept_take_turns(void **state)
{
    (void)state;
    struct bench b;
    struct rs_err err = {0};
    enum { VERSIONS = 6 };
    char sha256[VERSIONS + 1][65];
    bench_init(&b, VERSIONS);
    for (int round = 0; round < 3; round++) {
        for (int v = 1; v <= VERSIONS; v++) {
            char ref[16];
            char want[16];
            snprintf(ref, sizeof(ref), "%d", v);
            snprintf(want, sizeof(want), "v%d", v);
            struct twice t = {.first = ref, .second = ref};
            assert_ok(ask(&b, open_two, &t, &err), &err);
            assert_true(t.same);
            assert_string_equal(t.labels[0], want);
            if (round > 0) assert_string_equal(t.sha256[0], sha256[v]);
            memcpy(sha256[v], t.sha256[0], sizeof(sha256[v]));
        }
    }
    bench_clear(&b);
}

static void a_file_by_path_and_what_is_not_there(void **state)
{
    (void)state;
    struct bench b;
    struct rs_err err = {0};
    bench_init(&b, 1);
    struct twice t = {.first = "v1", .second = "v1"};
    assert_ok(ask(&b, open_two, &t, &err), &err);
    char *path = rs_xprintf("%s/%s.rsm", b.store.models, t.sha256[0]);
    struct twice by_path = {.first = path, .second = path};
    assert_ok(ask(&b, open_two, &by_path, &err), &err);
    assert_string_equal(by_path.sha256[1], t.sha256[0]);
    free(path);
    t = (struct twice){.first = "v1", .second = "v9"};
    assert_code(ask(&b, open_two, &t, &err), RS_ENOTFOUND, &err, "v9");
    t = (struct twice){.first = "nope.rsm", .second = NULL};
    assert_code(ask(&b, open_two, &t, &err), RS_ENOTFOUND, &err, "nope.rsm");
    bench_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_bundle_is_used_again),
        cmocka_unit_test(what_serves_follows_the_alias),
        cmocka_unit_test(more_than_are_kept_take_turns),
        cmocka_unit_test(a_file_by_path_and_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
