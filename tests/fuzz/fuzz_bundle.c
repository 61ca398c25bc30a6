/*
 * Bundles under attack. A flipped bit or a cut file is refused. A file with right checksums and
 * wrong numbers inside is refused or answers; it never crashes (run under the sanitizers too).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_rewrite.h"
#include "ref/ref_split.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/models/bundle.h"

enum { USERS = 9, ITEMS = 11, MANY_ITEMS = 400 };

static const char *const models[][2] = {
    {"als", "factors=3 iterations=2"},
    {"popularity", "genre_blend=0.5"},
};
enum { N_MODELS = sizeof(models) / sizeof(*models) };

struct target {
    struct ref_split split;
    char *dir;
    char *whole;  /* path of the sound bundle */
    char *broken; /* path to write attacks to */
    char *bytes;
    size_t len;
};

static void target_init(struct target *t, int model, int32_t n_items)
{
    struct rs_err err = {0};
    char sha256[65];
    ref_split_init(&t->split, 3, USERS, n_items);
    t->dir = ref_temp_dir();
    struct rs_model *m = ref_problem_fit(&t->split.p, models[model][0], models[model][1]);
    assert_ok(rs_bundle_save(t->dir, m, &t->split.s, 3.5, 1, sha256, &err), &err);
    rs_model_free(m);
    t->whole = rs_xprintf("%s/%s.rsm", t->dir, sha256);
    t->broken = rs_path_join(t->dir, "broken.rsm");
    assert_ok(rs_fs_read(t->whole, (size_t)1 << 20, &t->bytes, &t->len, &err), &err);
}

static void target_clear(struct target *t)
{
    free(t->whole);
    free(t->broken);
    free(t->bytes);
    ref_split_clear(&t->split);
    ref_remove(t->dir);
}

/* Plain, without fsync: thousands of them. */
static void write_broken(const struct target *t, const char *bytes, size_t len)
{
    FILE *f = fopen(t->broken, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    for (int model = 0; model < N_MODELS; model++) {
        struct target t;
        target_init(&t, model, ITEMS);
        for (size_t at = 0; at < t.len; at++) {
            struct rs_err err = {0};
            struct rs_bundle *b = NULL;
            char bit = (char)(1 << rs_rng_u64(5, (uint64_t)model, at) % 8);
            t.bytes[at] = (char)(t.bytes[at] ^ bit);
            write_broken(&t, t.bytes, t.len);
            t.bytes[at] = (char)(t.bytes[at] ^ bit);
            enum rs_code rc = rs_bundle_open(t.broken, &b, &err);
            if (rc == RS_OK || !err.msg[0]) fail_msg("byte %zu of %zu: opened", at, t.len);
        }
        target_clear(&t);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (int model = 0; model < N_MODELS; model++) {
        struct target t;
        target_init(&t, model, ITEMS);
        for (size_t len = 0; len < t.len; len += 1 + len / 50) {
            struct rs_err err = {0};
            struct rs_bundle *b = NULL;
            write_broken(&t, t.bytes, len);
            assert_code(rs_bundle_open(t.broken, &b, &err), RS_EDAMAGED, &err, NULL);
        }
        target_clear(&t);
    }
}

/* Everything a server would ask. */
static void use(const struct rs_bundle *b)
{
    struct rs_err err = {0};
    struct rs_ranked out[20];
    int32_t n;
    const char *source;
    float contribution[64];
    float base;
    int32_t n_users = b->train.n_rows;
    int32_t n_items = b->train.n_cols;
    for (int32_t u = -1; u < n_users; u++) {
        struct rs_ask ask = {.user = u, .k = 20, .exclude_seen = true};
        if (rs_bundle_recommend(b, &ask, NULL, out, &n, &source, &err)) continue;
        for (int32_t i = 0; i < n; i++) {
            assert_in_range(out[i].item, 0, n_items - 1);
        }
        if (u < 0 || rs_csr_len(&b->train, u) > 64) continue;
        struct rs_profile who = rs_bundle_profile(b, u);
        who.user = -1;
        (void)!b->model->ops->explain(b->model, &who, 0, contribution, &base, &err);
    }
    for (int32_t i = 0; i < n_items; i++) {
        (void)!rs_bundle_similar(b, i, 20, NULL, NULL, out, &n, &err);
        rs_catalogue_title(b->catalogue, i);
    }
}

static void right_checksums_over_wrong_numbers_never_crash(void **state)
{
    (void)state;
    enum { ROUNDS = 25 };
    int opened = 0;
    int refused = 0;
    for (int model = 0; model < N_MODELS; model++) {
        struct target t;
        struct rs_err err = {0};
        struct rs_reader *r = NULL;
        target_init(&t, model, MANY_ITEMS); /* enough to skip some in a list */
        assert_ok(rs_pack_open(t.whole, "MODL", 1, 1, &r, &err), &err);
        size_t sections = rs_pack_n_sections(r);
        rs_pack_close(r);
        for (size_t section = 0; section < sections; section++) {
            for (uint64_t round = 0; round < ROUNDS; round++) {
                struct rs_bundle *b = NULL;
                ref_rewrite(t.whole, t.broken, "MODL", section, round);
                if (rs_bundle_open(t.broken, &b, &err)) {
                    refused++;
                    continue;
                }
                opened++;
                use(b);
                rs_bundle_close(b);
            }
        }
        target_clear(&t);
    }
    assert_true(opened > 0 && refused > 0); /* both ways were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(right_checksums_over_wrong_numbers_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
