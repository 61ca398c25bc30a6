/* What pruning keeps beside the vectors: true bounds, equal bytes, old files, damaged ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/prune_impl.h"
#include "ref/ref_problem.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

enum { N = 300, F = 11, TILES = (N + RS_PRUNE_TILE - 1) / RS_PRUNE_TILE };

static float *vectors(void)
{
    float *y = rs_try_alloc(N, F * sizeof(*y));
    struct rs_rng rng = rs_rng_make(4, 0);
    for (int i = 0; i < N * F; i++) {
        double size = i / F % 50 ? 1 : 0;
        y[i] = (float)(size * rs_rng_normal(&rng) / (1 + i % 37));
    }
    return y;
}

static int32_t code_of(const struct rs_prune *p, int32_t at, int32_t k)
{
    size_t group = (size_t)(at / RS_PRUNE_TILE * p->n_groups + k / RS_PRUNE_GROUP);
    size_t lane = (size_t)(at % RS_PRUNE_TILE * RS_PRUNE_GROUP + k % RS_PRUNE_GROUP);
    return p->codes[group * RS_PRUNE_TILE * RS_PRUNE_GROUP + lane];
}

static void bounds_hold_of_every_item(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_prune p;
    float *y = vectors();
    assert_ok(rs_prune_build(y, N, F, &p, &err), &err);
    bool met[N] = {0};
    double before = INFINITY;
    for (int32_t at = 0; at < N; at++) {
        int32_t item = p.order[at];
        int32_t tile = at / RS_PRUNE_TILE;
        double norm = 0;
        double error = 0;
        assert_in_range(item, 0, N - 1);
        assert_false(met[item]);
        met[item] = true;
        for (int32_t k = 0; k < F; k++) {
            double v = (double)y[item * F + k];
            double e = v - (double)p.bounds[tile] * code_of(&p, at, k);
            norm += v * v;
            error += e * e;
        }
        assert_true(sqrt(error) <= (double)p.bounds[TILES + tile]);
        assert_true(sqrt(norm) <= (double)p.bounds[2 * TILES + tile]);
        assert_true(sqrt(norm) <= before * (1 + 1e-12));
        before = sqrt(norm);
    }
    for (int32_t k = F; k < p.n_groups * RS_PRUNE_GROUP; k++) {
        assert_int_equal(code_of(&p, 0, k), 0);
    }
    for (int32_t at = N; at < TILES * RS_PRUNE_TILE; at++) {
        assert_int_equal(code_of(&p, at, 0), 0);
    }
    rs_prune_clear(&p);
    free(y);
}

/* The sections of p through a file at path, loaded for y. */
static enum rs_code through_file(const char *path, const struct rs_prune *p, const float *y,
                                 struct rs_reader **r, struct rs_prune *out, struct rs_err *err)
{
    struct rs_writer *w = NULL;
    struct rs_err none = {0};
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &none), &none);
    assert_ok(rs_prune_save(p, w, &none), &none);
    assert_ok(rs_writer_close(w, NULL, &none), &none);
    assert_ok(rs_pack_open(path, "TEST", 1, 1, r, &none), &none);
    return rs_prune_load(*r, y, N, F, out, err);
}

static void saved_sections_are_borrowed(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_prune p;
    struct rs_prune loaded;
    struct rs_reader *r = NULL;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "pack");
    float *y = vectors();
    assert_ok(rs_prune_build(y, N, F, &p, &err), &err);
    assert_ok(through_file(path, &p, y, &r, &loaded, &err), &err);
    assert_null(loaded.own);
    assert_memory_equal(loaded.order, p.order, N * sizeof(*p.order));
    assert_memory_equal(loaded.bounds, p.bounds, sizeof(float) * 3 * TILES);
    assert_memory_equal(loaded.codes, p.codes, (size_t)TILES * RS_PRUNE_TILE * 12);
    rs_prune_clear(&loaded);
    rs_prune_clear(&p);
    rs_pack_close(r);
    free(y);
    free(path);
    ref_remove(dir);
}

/* One number of a sound index is replaced; load must say what is wrong. */
struct lie {
    int32_t at;
    int32_t item;     /* where what is 'o' */
    float bound;      /* 'b' */
    char what;        /* 'o'rder, 'b'ounds, 'c'odes */
    const char *says; /* part of the error */
};

static void lies_are_refused(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {.what = 'o', .at = 7, .item = N, .says = "'top.order' has item 300 at 7"},
        {.what = 'o', .at = N - 1, .item = -1, .says = "'top.order' has item -1 at 299"},
        {.what = 'o', .at = 0, .item = INT32_MAX, .says = "'top.order'"},
        {.what = 'b', .at = 0, .bound = -1.0f, .says = "'top.bounds' has -1 at 0"},
        {.what = 'b', .at = TILES, .bound = NAN, .says = "'top.bounds' has"},
        {.what = 'b', .at = 2 * TILES + 1, .bound = INFINITY, .says = "'top.bounds' has inf"},
        {.what = 'b', .at = 3 * TILES - 1, .bound = 1e6f, .says = "'top.bounds' has 1e+06"},
        {.what = 'c', .at = 5, .says = "'top.codes' holds -128"},
    };
    struct rs_err err = {0};
    struct rs_prune p;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "pack");
    float *y = vectors();
    assert_ok(rs_prune_build(y, N, F, &p, &err), &err);
    for (size_t l = 0; l < sizeof(lies) / sizeof(*lies); l++) {
        struct rs_prune lie = p;
        struct rs_prune loaded;
        struct rs_reader *r = NULL;
        int32_t order[N];
        float bounds[3 * TILES];
        static int8_t codes[TILES * RS_PRUNE_TILE * 12];
        memcpy(order, p.order, sizeof(order));
        memcpy(bounds, p.bounds, sizeof(bounds));
        memcpy(codes, p.codes, sizeof(codes));
        lie.order = order;
        lie.bounds = bounds;
        lie.codes = codes;
        if (lies[l].what == 'o') order[lies[l].at] = lies[l].item;
        if (lies[l].what == 'b') bounds[lies[l].at] = lies[l].bound;
        if (lies[l].what == 'c') codes[lies[l].at] = -128;
        assert_code(through_file(path, &lie, y, &r, &loaded, &err), RS_EDAMAGED, &err,
                    lies[l].says);
        rs_pack_close(r);
    }
    rs_prune_clear(&p);
    free(y);
    free(path);
    ref_remove(dir);
}

static void an_item_twice_is_no_order(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_prune p;
    struct rs_prune loaded;
    struct rs_reader *r = NULL;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "pack");
    float *y = vectors();
    int32_t order[N];
    assert_ok(rs_prune_build(y, N, F, &p, &err), &err);
    memcpy(order, p.order, sizeof(order));
    order[100] = order[3];
    struct rs_prune lie = p;
    lie.order = order;
    assert_code(through_file(path, &lie, y, &r, &loaded, &err), RS_EDAMAGED, &err, "at 100");
    rs_pack_close(r);
    rs_prune_clear(&p);
    free(y);
    free(path);
    ref_remove(dir);
}

/* Copies the pack at `from` without sections whose names begin with `prefix`. */
static void copy_without(const char *from, const char *to, const char *prefix)
{
    struct rs_err err = {0};
    struct rs_reader *r = NULL;
    struct rs_writer *w = NULL;
    assert_ok(rs_pack_open(from, "TEST", 1, 1, &r, &err), &err);
    assert_ok(rs_writer_open(to, "TEST", 1, &w, &err), &err);
    for (size_t i = 0; i < rs_pack_n_sections(r); i++) {
        const char *name = rs_pack_section(r, i, NULL, NULL);
        if (strncmp(name, prefix, strlen(prefix)) == 0) continue;
        const void *data;
        int64_t n;
        int type = 0;
        struct rs_err no = {0};
        while (rs_pack_get(r, name, (enum rs_pack_type)type, -1, &data, &n, &no)) {
            type++;
        }
        assert_ok(rs_writer_add(w, name, (enum rs_pack_type)type, data, (size_t)n, &err), &err);
    }
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    rs_pack_close(r);
}

static void save_model(const struct rs_model *m, const char *path)
{
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(m->ops->save(m, w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
}

/* Files of older programs have none of the sections; a file with some of them is damaged. */
static void what_an_older_program_left_out_is_built(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_problem problem;
    ref_problem_sized(&problem, 5, 60, 400, 0.1);
    struct rs_model *m = ref_problem_fit(&problem, "als", "factors=7 iterations=1");
    char *dir = ref_temp_dir();
    char *now = rs_path_join(dir, "now");
    char *old = rs_path_join(dir, "old");
    char *again = rs_path_join(dir, "again");
    save_model(m, now);
    copy_without(now, old, "top.");
    struct rs_reader *r = NULL;
    struct rs_model *loaded = ref_model_new("als", "factors=7 iterations=1");
    assert_ok(rs_pack_open(old, "TEST", 1, 1, &r, &err), &err);
    assert_false(rs_pack_has(r, "top.order"));
    assert_ok(m->ops->load(loaded, r, &err), &err);
    save_model(loaded, again);
    char *want = NULL;
    char *got = NULL;
    size_t want_len;
    size_t got_len;
    assert_ok(rs_fs_read(now, (size_t)1 << 24, &want, &want_len, &err), &err);
    assert_ok(rs_fs_read(again, (size_t)1 << 24, &got, &got_len, &err), &err);
    assert_int_equal(got_len, want_len);
    assert_memory_equal(got, want, want_len);
    rs_model_free(loaded);
    rs_pack_close(r);
    static const char *const sections[] = {"top.order", "top.codes", "top.bounds"};
    for (int i = 0; i < 3; i++) {
        copy_without(now, old, sections[i]);
        assert_ok(rs_pack_open(old, "TEST", 1, 1, &r, &err), &err);
        loaded = ref_model_new("als", "factors=7 iterations=1");
        assert_code(m->ops->load(loaded, r, &err), RS_EDAMAGED, &err, sections[i]);
        rs_model_free(loaded);
        rs_pack_close(r);
    }
    rs_model_free(m);
    free(want);
    free(got);
    free(now);
    free(old);
    free(again);
    ref_problem_clear(&problem);
    ref_remove(dir);
}

static enum rs_code build_once(void *ctx, struct rs_err *err)
{
    struct rs_prune p = {0};
    enum rs_code rc = rs_prune_build(ctx, N, F, &p, err);
    rs_prune_clear(&p);
    return rc;
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    float *y = vectors();
    assert_survives_oom(build_once, y);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_hold_of_every_item),
        cmocka_unit_test(saved_sections_are_borrowed),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(an_item_twice_is_no_order),
        cmocka_unit_test(what_an_older_program_left_out_is_built),
        cmocka_unit_test(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
