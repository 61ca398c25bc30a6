/* Snapshots of the served model: swaps, counts, refusals, and files that are known. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/serve/state_impl.h"
#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

static char nothing[] = "";

/* Two bundles and a server's settings. */
struct world {
    struct ref_bundle a, b;
    struct srv_models *m;
    struct srv_settings s;
};

static void world_init(struct world *w)
{
    *w = (struct world){.s = {.allow = nothing, .deny = nothing}};
    ref_bundle_init(&w->a, 1, 12, 10, "popularity", "");
    ref_bundle_init(&w->b, 2, 15, 20, "als", "factors=4 iterations=2");
    w->m = srv_models_new();
}

static void world_clear(struct world *w)
{
    srv_models_free(w->m);
    ref_bundle_clear(&w->a);
    ref_bundle_clear(&w->b);
}

static void publish(struct world *w, const struct ref_bundle *b, int64_t version)
{
    struct rs_err err = {0};
    assert_ok(srv_model_publish(w->m, b->path, b->sha256, version, &w->s, &err), &err);
}

static int64_t served(struct world *w)
{
    struct srv_model *model = srv_model_acquire(w->m);
    int64_t version = model ? model->version : 0;
    srv_model_release(w->m, model);
    return version;
}

static bool serves_version(struct world *w, int64_t version)
{
    struct srv_model *model = srv_model_acquire_version(w->m, version);
    assert_true(!model || model->version == version);
    srv_model_release(w->m, model);
    return model != NULL;
}

static void nothing_is_served_at_first(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_null(srv_model_acquire(w.m));
    assert_null(srv_model_acquire_version(w.m, 1));
    srv_model_release(w.m, NULL);
    srv_models_drop_previous(w.m, 0);
    srv_models_withdraw(w.m);
    world_clear(&w);
}

static void a_publication_is_served_and_says_what_it_is(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    publish(&w, &w.b, 7);
    struct srv_model *model = srv_model_acquire(w.m);
    assert_int_equal(model->version, 7);
    assert_string_equal(model->label, "v7");
    assert_string_equal(model->model, "als");
    assert_string_equal(model->bundle->sha256, w.b.sha256);
    assert_null(model->allowed);
    uint64_t generation = model->generation;
    srv_model_release(w.m, model);
    publish(&w, &w.b, 7); /* the same again is a publication of its own */
    model = srv_model_acquire(w.m);
    assert_true(model->generation > generation);
    srv_model_release(w.m, model);
    world_clear(&w);
}

static void the_one_before_stays_until_it_is_dropped(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    publish(&w, &w.a, 1);
    publish(&w, &w.b, 2);
    assert_int_equal(served(&w), 2);
    assert_true(serves_version(&w, 1) && serves_version(&w, 2));
    srv_models_drop_previous(w.m, 3600 * 1000);
    assert_true(serves_version(&w, 1));
    publish(&w, &w.a, 3);
    assert_false(serves_version(&w, 1)); /* one only */
    assert_true(serves_version(&w, 2));
    srv_models_drop_previous(w.m, 0);
    assert_false(serves_version(&w, 2));
    assert_int_equal(served(&w), 3);
    world_clear(&w);
}

static void a_withdrawn_alias_serves_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    publish(&w, &w.a, 1);
    publish(&w, &w.b, 2);
    srv_models_withdraw(w.m);
    assert_int_equal(served(&w), 0);
    assert_false(serves_version(&w, 1) || serves_version(&w, 2));
    publish(&w, &w.a, 1);
    assert_int_equal(served(&w), 1);
    assert_false(serves_version(&w, 2));
    world_clear(&w);
}

static int64_t maps_of_models(void)
{
    int64_t n = 0;
    char line[4096];
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        n += strstr(line, ".rsm") != NULL;
    fclose(f);
    return n;
}

static void who_holds_a_model_reads_on_and_the_last_one_closes_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    int64_t before = maps_of_models();
    publish(&w, &w.a, 1);
    struct srv_model *held = srv_model_acquire(w.m);
    for (int64_t version = 2; version < 50; version++)
        publish(&w, version % 2 ? &w.a : &w.b, version);
    assert_int_equal(maps_of_models(), before + 3); /* held, current, the one before */
    assert_int_equal(held->version, 1);
    assert_memory_equal(held->bundle->popularity, w.a.b->popularity,
                        (size_t)w.a.b->train.n_cols * sizeof(float));
    srv_model_release(w.m, held);
    assert_int_equal(maps_of_models(), before + 2);
    srv_models_withdraw(w.m);
    assert_int_equal(maps_of_models(), before);
    world_clear(&w);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void a_bad_file_is_refused_and_the_old_one_goes_on(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w);
    publish(&w, &w.a, 1);
    assert_code(srv_model_publish(w.m, "/nowhere/x.rsm", w.b.sha256, 2, &w.s, &err), RS_ENOTFOUND,
                &err, "/nowhere/x.rsm");
    assert_code(srv_model_publish(w.m, w.b.path, w.a.sha256, 2, &w.s, &err), RS_EDAMAGED, &err,
                "registered is");
    char *text = NULL;
    size_t len = 0;
    assert_ok(rs_fs_read(w.b.path, 1 << 24, &text, &len, &err), &err);
    for (size_t at = 0; at < len; at += len / 40 + 1) { /* a flipped bit anywhere */
        text[at] ^= 4;
        char *path = ref_file(w.b.dir, "flipped.rsm", text, len);
        assert_true(srv_model_publish(w.m, path, w.b.sha256, 2, &w.s, &err) != RS_OK);
        free(path);
        text[at] ^= 4;
    }
    char *path = ref_file(w.b.dir, "cut.rsm", text, len / 2);
    assert_true(srv_model_publish(w.m, path, w.b.sha256, 2, &w.s, &err) == RS_EDAMAGED);
    free(path);
    free(text);
    assert_int_equal(served(&w), 1);
    publish(&w, &w.b, 2);
    assert_int_equal(served(&w), 2);
    world_clear(&w);
}

/* Allocations of a publication: one of them is the buffer that a file is hashed through. */
static int64_t allocations(struct world *w, const struct ref_bundle *b)
{
    enum { MANY = 1 << 20 };
    rs_mem_fail_after(MANY);
    publish(w, b, 1);
    return MANY - rs_mem_fail_after(0);
}

/* Stamps of a file that was just written do not tell a change within the same tick. */
static void wait_until_settled(const struct ref_bundle *b)
{
    struct stat st;
    assert_int_equal(stat(b->path, &st), 0);
    int64_t changed_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
    while (rs_clock_now_ms() - changed_ms <= 100)
        rs_clock_sleep_ms(5);
}

static void a_file_is_hashed_once_until_it_changes(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    wait_until_settled(&w.b);
    int64_t first = allocations(&w, &w.b);
    allocations(&w, &w.a);
    assert_int_equal(allocations(&w, &w.b), first - 1); /* a rollback reads nothing twice */
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, w.b.path, old, 0), 0);
    wait_until_settled(&w.b);
    assert_int_equal(allocations(&w, &w.b), first);
    assert_int_equal(allocations(&w, &w.b), first - 1);
    /* Known by one hash is not known by another. */
    struct rs_err err = {0};
    assert_code(srv_model_publish(w.m, w.b.path, w.a.sha256, 2, &w.s, &err), RS_EDAMAGED, &err,
                w.b.sha256);
    world_clear(&w);
}

static void damage_to_a_known_file_is_seen(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w);
    publish(&w, &w.b, 1);
    int fd = open(w.b.path, O_RDWR);
    struct stat st;
    char last;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pread(fd, &last, 1, st.st_size - 1), 1);
    last ^= 1;
    assert_int_equal(pwrite(fd, &last, 1, st.st_size - 1), 1);
    close(fd);
    assert_true(srv_model_publish(w.m, w.b.path, w.b.sha256, 2, &w.s, &err) != RS_OK);
    assert_int_equal(served(&w), 1);
    world_clear(&w);
}

static void lists_of_items_come_with_the_model(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w);
    w.s.allow = ref_file(w.a.dir, "allow.txt", "i001\ni003\n", SIZE_MAX);
    publish(&w, &w.a, 1);
    struct srv_model *model = srv_model_acquire(w.m);
    assert_int_equal(model->allowed[0], 1 << 1 | 1 << 3);
    srv_model_release(w.m, model);
    char missing[] = "/nowhere/deny.txt";
    w.s.deny = missing;
    assert_code(srv_model_publish(w.m, w.b.path, w.b.sha256, 2, &w.s, &err), RS_ENOTFOUND, &err,
                missing);
    assert_int_equal(served(&w), 1);
    free(w.s.allow);
    world_clear(&w);
}

static enum rs_code publish_b(void *ctx, struct rs_err *err)
{
    struct world *w = ctx;
    return srv_model_publish(w->m, w->b.path, w->b.sha256, 2, &w->s, err);
}

static void without_memory_the_old_one_goes_on(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    publish(&w, &w.a, 1);
    w.s.allow = ref_file(w.a.dir, "allow.txt", "x\n", SIZE_MAX);
    assert_survives_oom(publish_b, &w);
    assert_int_equal(served(&w), 2);
    free(w.s.allow);
    world_clear(&w);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct reader {
    struct world *w;
    atomic_bool *stop;
    int64_t answers, wrong;
};

static void *read_models(void *arg)
{
    struct reader *r = arg;
    while (!atomic_load(r->stop)) {
        struct srv_model *model = srv_model_acquire(r->w->m);
        const struct ref_bundle *want = model->version % 2 ? &r->w->a : &r->w->b;
        size_t bytes = (size_t)want->b->train.n_cols * sizeof(float);
        r->wrong += memcmp(model->bundle->popularity, want->b->popularity, bytes) != 0;
        struct srv_model *before = srv_model_acquire_version(r->w->m, model->version - 1);
        if (before) r->wrong += before->version != model->version - 1;
        srv_model_release(r->w->m, before);
        srv_model_release(r->w->m, model);
        r->answers++;
    }
    return NULL;
}

static void swaps_under_readers(void **state)
{
    (void)state;
    enum { N = 3, SWAPS = 300 };
    struct world w;
    pthread_t threads[N];
    struct reader readers[N];
    atomic_bool stop = false;
    world_init(&w);
    int64_t before = maps_of_models();
    publish(&w, &w.a, 1);
    for (int i = 0; i < N; i++) {
        readers[i] = (struct reader){.w = &w, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, read_models, &readers[i]), 0);
    }
    for (int64_t version = 2; version < SWAPS; version++) {
        publish(&w, version % 2 ? &w.a : &w.b, version);
        if (version % 7 == 0) srv_models_drop_previous(w.m, 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
    assert_in_range(maps_of_models(), before + 1, before + 2);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_served_at_first),
        cmocka_unit_test(a_publication_is_served_and_says_what_it_is),
        cmocka_unit_test(the_one_before_stays_until_it_is_dropped),
        cmocka_unit_test(a_withdrawn_alias_serves_nothing),
        cmocka_unit_test(who_holds_a_model_reads_on_and_the_last_one_closes_it),
        cmocka_unit_test(a_bad_file_is_refused_and_the_old_one_goes_on),
        cmocka_unit_test(a_file_is_hashed_once_until_it_changes),
        cmocka_unit_test(damage_to_a_known_file_is_seen),
        cmocka_unit_test(lists_of_items_come_with_the_model),
        cmocka_unit_test(without_memory_the_old_one_goes_on),
        cmocka_unit_test(swaps_under_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
