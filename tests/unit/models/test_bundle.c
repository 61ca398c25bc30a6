/* Bundles: what is written comes back, answers obey what was asked, damage is refused. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/models/bundle.h"

enum { USERS = 40, ITEMS = 50 };

static int32_t recommend(const struct rs_bundle *b, const struct rs_ask *ask, struct rs_ranked *out,
                         const char *source)
{
    struct rs_err err = {0};
    int32_t n;
    const char *from = NULL;
    assert_ok(rs_bundle_recommend(b, ask, NULL, out, &n, &from, &err), &err);
    assert_string_equal(from, source);
    return n;
}

static bool in_list(const struct rs_ranked *list, int32_t n, int32_t item)
{
    for (int32_t i = 0; i < n; i++) {
        if (list[i].item == item) return true;
    }
    return false;
}

static void what_was_written_comes_back(void **state)
{
    (void)state;
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    const struct rs_bundle *b = t.b;
    assert_string_equal(b->sha256, t.sha256);
    assert_int_equal(rs_idmap_find(b->users, "400"), USERS - 1);
    assert_int_equal(rs_idmap_find(b->items, "i007"), 7);
    assert_string_equal(rs_catalogue_title(b->catalogue, 7), "Film 7 (1907)");
    assert_int_equal(b->train.nnz, t.split.p.ui.nnz);
    assert_memory_equal(b->train.values, t.split.p.ui.values, (size_t)b->train.nnz * sizeof(float));
    assert_memory_equal(b->seen.indices, t.split.val.ui.indices,
                        (size_t)b->seen.nnz * sizeof(int32_t));
    assert_null(b->seen.values);
    assert_string_equal(rs_val_get_str(b->info, "model", ""), "als");
    assert_int_equal(rs_val_get_int(b->info, "seed", 0), 42);
    assert_string_equal(rs_val_get_str(b->info, "dataset", ""), "made-up");
    assert_string_equal(rs_val_get_str(b->info, "split", ""), "by-hand");
    assert_string_equal(rs_val_get_str(b->info, "split_fingerprint", ""), t.split.s.fingerprint);
    assert_true(rs_val_get_real(b->info, "threshold", 0) == 3.5);
    assert_int_equal(rs_val_at(b->info, "params.factors")->i, 6);
    assert_int_equal(rs_val_at(b->info, "counts.items")->i, ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (int64_t e = t.split.p.iu.indptr[i]; e < t.split.p.iu.indptr[i + 1]; e++) {
            sum += (double)t.split.p.iu.values[e];
        }
        assert_close(&b->popularity[i], &sum, 1, 1e-6, 0);
    }
    struct rs_profile who = rs_bundle_profile(b, 3);
    assert_int_equal(who.user, 3);
    assert_int_equal(who.n, rs_csr_len(&t.split.p.ui, 3));
    ref_bundle_clear(&t);
}

static void equal_inputs_give_equal_bytes(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    char *other = ref_temp_dir();
    rs_par_set_threads(4);
    struct rs_model *again = ref_problem_fit(&t.split.p, "als", "factors=6 iterations=3");
    rs_par_set_threads(0);
    char sha256[65];
    assert_ok(rs_bundle_save(other, again, &t.split.s, 3.5, 42, sha256, &err), &err);
    assert_string_equal(sha256, t.sha256);
    char **names;
    assert_ok(rs_fs_list(other, &names, &err), &err);
    assert_non_null(names[0]);
    assert_null(names[1]); /* no temporary file stays */
    rs_fs_list_free(names);
    assert_ok(rs_bundle_save(other, again, &t.split.s, 3.5, 43, sha256, &err), &err);
    assert_string_not_equal(sha256, t.sha256);
    rs_model_free(again);
    ref_remove(other);
    ref_bundle_clear(&t);
}

static void lists_leave_out_what_was_seen(void **state)
{
    (void)state;
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3 input=binary");
    struct rs_ranked out[ITEMS];
    for (int32_t u = 0; u < USERS; u++) {
        if (rs_csr_len(&t.b->train, u) == 0) continue;
        struct rs_ask ask = {.user = u, .k = ITEMS};
        assert_int_equal(recommend(t.b, &ask, out, "als"), ITEMS);
        ask.exclude_seen = true;
        ask.exclude = (const int32_t[]){2, 3};
        ask.n_exclude = 2;
        int32_t n = recommend(t.b, &ask, out, "als");
        for (int32_t i = 0; i < ITEMS; i++) {
            bool seen = rs_csr_has(&t.split.p.ui, u, i) || rs_csr_has(&t.split.val.ui, u, i) ||
                        i == 2 || i == 3;
            assert_int_equal(in_list(out, n, i), !seen);
        }
    }
    const uint64_t allowed[1] = {1u << 5 | 1u << 9};
    struct rs_ask ask = {.user = 0, .k = 10, .allowed = allowed};
    assert_int_equal(recommend(t.b, &ask, out, "als"), 2);
    ref_bundle_clear(&t);
}

static void strangers_are_folded_in_or_get_popularity(void **state)
{
    (void)state;
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    struct rs_ranked stranger[ITEMS];
    struct rs_ranked user[ITEMS];
    struct rs_profile who = rs_bundle_profile(t.b, 0);
    struct rs_ask known = {.user = 0, .k = ITEMS};
    struct rs_ask by_items = {
        .user = -1, .items = who.items, .values = who.values, .n_items = who.n, .k = ITEMS};
    assert_int_equal(recommend(t.b, &known, user, "als"), ITEMS);
    assert_int_equal(recommend(t.b, &by_items, stranger, "als"), ITEMS);
    assert_memory_equal(user, stranger, sizeof(user)); /* the fold-in is the stored vector */
    by_items.exclude_seen = true;
    assert_int_equal(recommend(t.b, &by_items, stranger, "als"), ITEMS - who.n);

    struct rs_ask nobody = {.user = -1, .k = ITEMS, .exclude_seen = true};
    assert_int_equal(recommend(t.b, &nobody, stranger, "popularity:unknown_user"), ITEMS);
    for (int i = 1; i < ITEMS; i++) {
        assert_true(stranger[i - 1].score >= stranger[i].score);
    }
    assert_true(stranger[0].score == t.b->popularity[stranger[0].item]);

    int32_t cold = 0;
    while (cold < USERS && rs_csr_len(&t.b->train, cold) > 0) {
        cold++;
    }
    assert_true(cold < USERS); /* the generator leaves some users without a row */
    struct rs_ask cold_user = {.user = cold, .k = ITEMS, .exclude_seen = true};
    int32_t n = recommend(t.b, &cold_user, stranger, "popularity:cold_user");
    assert_int_equal(n, ITEMS - rs_csr_len(&t.b->seen, cold));
    ref_bundle_clear(&t);
}

/* A user's newer items count as if they had been in the history all along. */
static void newer_items_extend_a_user(void **state)
{
    (void)state;
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3 input=values");
    struct rs_profile who = rs_bundle_profile(t.b, 0);
    int32_t fresh[2];
    float fresh_values[2] = {4.5f, 2.0f};
    int32_t items[ITEMS];
    float values[ITEMS];
    int32_t n = 0;
    int32_t n_fresh = 0;
    int32_t at = 0;
    fresh[n_fresh++] = who.items[0]; /* one rated anew, one unseen */
    for (int32_t i = 0; i < ITEMS; i++) {
        bool old = at < who.n && who.items[at] == i;
        if (!old && n_fresh == 1 && i > who.items[0]) fresh[n_fresh++] = i;
        bool is_new = i == fresh[0] || (n_fresh == 2 && i == fresh[1]);
        if (old || is_new) {
            items[n] = i;
            values[n++] = is_new ? fresh_values[i != fresh[0]] : who.values[at];
        }
        at += old;
    }
    struct rs_ranked got[ITEMS];
    struct rs_ranked want[ITEMS];
    struct rs_ask extended = {
        .user = 0, .items = fresh, .values = fresh_values, .n_items = 2, .k = ITEMS};
    struct rs_ask by_hand = {
        .user = -1, .items = items, .values = values, .n_items = n, .k = ITEMS};
    assert_int_equal(recommend(t.b, &extended, got, "als"), ITEMS);
    assert_int_equal(recommend(t.b, &by_hand, want, "als"), ITEMS);
    assert_memory_equal(got, want, sizeof(want));
    extended.exclude_seen = true;
    int32_t left = recommend(t.b, &extended, got, "als");
    assert_false(in_list(got, left, fresh[0]) || in_list(got, left, fresh[1]));
    ref_bundle_clear(&t);
}

static void profiles_take_newer_rows(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    struct rs_arena *arena = rs_arena_new(0, 0);
    struct rs_profile plain = rs_bundle_profile(t.b, 0);
    struct rs_profile who;
    assert_true(plain.n > 2);
    assert_ok(rs_bundle_profile_with(t.b, 0, plain.items + 1, plain.values + 1, plain.n - 1, arena,
                                     &who, &err),
              &err);
    assert_int_equal(who.user, 0); /* nothing new: the row itself */
    assert_ptr_equal(who.items, plain.items);
    assert_int_equal(who.n, plain.n);
    const int32_t again[] = {plain.items[1]};
    assert_ok(rs_bundle_profile_with(t.b, 0, again, NULL, 1, arena, &who, &err), &err);
    assert_int_equal(who.user, plain.values[1] == 3.5f ? 0 : -1); /* liked: just the threshold */
    assert_int_equal(who.n, plain.n);
    assert_true(who.values[0] == plain.values[0] && who.values[1] == 3.5f);
    const float changed[] = {plain.values[1] + 0.5f};
    assert_ok(rs_bundle_profile_with(t.b, 0, again, changed, 1, arena, &who, &err), &err);
    assert_int_equal(who.user, -1);
    assert_memory_equal(who.items, plain.items, (size_t)plain.n * sizeof(*who.items));
    assert_true(who.values[1] == changed[0] && who.values[2] == plain.values[2]);
    assert_ok(rs_bundle_profile_with(t.b, -1, again, changed, 1, arena, &who, &err), &err);
    assert_true(who.user == -1 && who.n == 1 && who.items == again && who.values == changed);
    enum rs_code rc = rs_bundle_profile_with(t.b, USERS, NULL, NULL, 0, arena, &who, &err);
    assert_code(rc, RS_EARG, &err, "users 0 to 39");
    rc = rs_bundle_profile_with(t.b, -2, NULL, NULL, 0, arena, &who, &err);
    assert_code(rc, RS_EARG, &err, "user -2");
    rc = rs_bundle_profile_with(t.b, 0, (const int32_t[]){4, 2}, NULL, 2, arena, &who, &err);
    assert_code(rc, RS_EARG, &err, "history: item 2");
    rs_arena_free(arena);
    arena = rs_arena_new(0, 64);
    rc = rs_bundle_profile_with(t.b, 0, again, changed, 1, arena, &who, &err);
    assert_code(rc, RS_ENOMEM, &err, NULL);
    rs_arena_free(arena);
    ref_bundle_clear(&t);
}

/* Where training had no values, those of newer rows are ignored: who took an item liked it. */
static void values_count_only_where_training_had_some(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t = {0};
    ref_split_init(&t.split, 7, USERS, ITEMS);
    t.split.s.train.values = NULL;
    t.split.s.train_t.values = NULL;
    ref_bundle_of_split(&t, "als", "factors=6 iterations=3 input=values");
    struct rs_arena *arena = rs_arena_new(0, 0);
    struct rs_profile plain = rs_bundle_profile(t.b, 0);
    struct rs_profile who;
    const float value = 0.1f;
    assert_null(plain.values);
    assert_ok(rs_bundle_profile_with(t.b, 0, plain.items, &value, 1, arena, &who, &err), &err);
    assert_int_equal(who.user, 0);
    int32_t fresh = 0;
    while (rs_csr_has(&t.b->train, 0, fresh)) {
        fresh++;
    }
    assert_ok(rs_bundle_profile_with(t.b, 0, &fresh, &value, 1, arena, &who, &err), &err);
    assert_true(who.user == -1 && who.n == plain.n + 1 && !who.values);
    assert_ok(rs_bundle_profile_with(t.b, -1, &fresh, &value, 1, arena, &who, &err), &err);
    assert_null(who.values);
    rs_arena_free(arena);
    ref_bundle_clear(&t);
}

static void similar_items_leave_the_item_out(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    struct rs_ranked out[ITEMS];
    int32_t n;
    assert_ok(rs_bundle_similar(t.b, 5, 10, NULL, NULL, out, &n, &err), &err);
    assert_int_equal(n, 10);
    assert_false(in_list(out, n, 5));
    struct rs_ranked in_arena[10];
    struct rs_arena *arena = rs_arena_new(0, 0);
    assert_ok(rs_bundle_similar(t.b, 5, 10, NULL, arena, in_arena, &n, &err), &err);
    assert_true(rs_arena_used(arena) >= ITEMS * sizeof(float));
    assert_memory_equal(in_arena, out, sizeof(in_arena));
    rs_arena_free(arena);
    for (int i = 1; i < n; i++) {
        assert_true(out[i - 1].score >= out[i].score);
    }
    const uint64_t allowed[] = {1ULL << out[2].item | 1ULL << out[7].item | 1ULL << 5};
    assert_ok(rs_bundle_similar(t.b, 5, 10, allowed, NULL, in_arena, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_memory_equal(&in_arena[0], &out[2], sizeof(out[2]));
    assert_memory_equal(&in_arena[1], &out[7], sizeof(out[7]));
    assert_code(rs_bundle_similar(t.b, ITEMS, 10, NULL, NULL, out, &n, &err), RS_EARG, &err,
                "0 to 49");
    assert_code(rs_bundle_similar(t.b, 5, 0, NULL, NULL, out, &n, &err), RS_EARG, &err, "k=0");
    ref_bundle_clear(&t);
    ref_bundle_init(&t, 7, USERS, ITEMS, "popularity", "");
    assert_code(rs_bundle_similar(t.b, 5, 10, NULL, NULL, out, &n, &err), RS_EARG, &err,
                "does not compare items");
    struct rs_ask nobody = {.user = -1, .k = 3};
    assert_int_equal(recommend(t.b, &nobody, out, "popularity:unknown_user"), 3);
    ref_bundle_clear(&t);
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    const int32_t past[] = {3, ITEMS};
    const int32_t twice[] = {3, 3};
    const struct rs_ask bad[] = {
        {.user = USERS, .k = 1},
        {.user = -2, .k = 1},
        {.user = 0, .k = 0},
        {.user = 0, .k = RS_MAX_K + 1},
        {.user = -1, .k = 1, .items = past, .n_items = 2},
        {.user = -1, .k = 1, .items = twice, .n_items = 2},
        {.user = 0, .k = 1, .exclude = past, .n_exclude = 2},
        {.user = 0, .k = 1, .offset = -1},
        {.user = 0, .k = 1, .offset = RS_MAX_K},
        {.user = 0, .k = 1, .diversity = 1.5},
        {.user = 0, .k = 1, .offset = RS_MMR_POOL, .diversity = 0.5},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct rs_ranked out[1];
        int32_t n;
        const char *source;
        assert_code(rs_bundle_recommend(t.b, &bad[i], NULL, out, &n, &source, &err), RS_EARG, &err,
                    NULL);
    }
    ref_bundle_clear(&t);
}

static void held_out_users_keep_their_history(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_split s;
    ref_split_init(&s, 8, USERS, ITEMS);
    int32_t cold = 0;
    while (rs_csr_len(&s.p.ui, cold) > 0) {
        cold++;
    }
    int64_t ptr[USERS + 1] = {0};
    for (int32_t u = cold; u < USERS; u++) {
        ptr[u + 1] = 2;
    }
    s.s.fold = (struct rs_csr){.n_rows = USERS,
                               .n_cols = ITEMS,
                               .nnz = 2,
                               .indptr = ptr,
                               .indices = (int32_t[]){1, 4},
                               .values = (float[]){5, 4},
                               .times = (int64_t[]){1, 2}};
    struct rs_model *m = ref_problem_fit(&s.p, "als", "factors=6 iterations=3");
    char *dir = ref_temp_dir();
    char sha256[65];
    assert_ok(rs_bundle_save(dir, m, &s.s, 3.5, 1, sha256, &err), &err);
    char *path = rs_xprintf("%s/%s.rsm", dir, sha256);
    struct rs_bundle *b = NULL;
    assert_ok(rs_bundle_open(path, &b, &err), &err);
    assert_int_equal(rs_bundle_profile(b, cold).n, 2);
    struct rs_ranked out[ITEMS];
    struct rs_ask ask = {.user = cold, .k = ITEMS, .exclude_seen = true};
    int32_t n = recommend(b, &ask, out, "als"); /* folded in */
    assert_false(in_list(out, n, 1) || in_list(out, n, 4));
    rs_bundle_close(b);
    rs_model_free(m);
    free(path);
    ref_split_clear(&s);
    ref_remove(dir);
}

static void verify_compares_name_and_bytes(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "popularity", "");
    assert_ok(rs_bundle_verify(t.path, NULL, &err), &err);
    assert_ok(rs_bundle_verify(t.path, t.sha256, &err), &err);
    char other[65];
    memset(other, '0', 64);
    other[64] = '\0';
    assert_code(rs_bundle_verify(t.path, other, &err), RS_EDAMAGED, &err, "wanted 0000");
    char *renamed = rs_path_join(t.dir, "model.rsm");
    assert_ok(rs_fs_copy(t.path, renamed, &err), &err);
    assert_code(rs_bundle_verify(renamed, NULL, &err), RS_EARG, &err, "not named by its SHA-256");
    assert_ok(rs_bundle_verify(renamed, t.sha256, &err), &err);
    char *misnamed = rs_xprintf("%s/%s.rsm", t.dir, other);
    assert_ok(rs_fs_copy(t.path, misnamed, &err), &err);
    assert_code(rs_bundle_verify(misnamed, NULL, &err), RS_EDAMAGED, &err, "wanted 0000");
    free(renamed);
    free(misnamed);
    ref_bundle_clear(&t);
}

static void what_is_no_bundle_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    struct rs_bundle *b = NULL;
    char *missing = rs_path_join(dir, "none.rsm");
    assert_code(rs_bundle_open(missing, &b, &err), RS_ENOTFOUND, &err, "none.rsm");
    char *text = ref_file(dir, "text.rsm", "this is no model", SIZE_MAX);
    assert_code(rs_bundle_open(text, &b, &err), RS_EDAMAGED, &err, "text.rsm");
    char *newer = rs_path_join(dir, "newer.rsm");
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(newer, "MODL", 2, &w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_code(rs_bundle_open(newer, &b, &err), RS_EARG, &err, NULL);
    free(missing);
    free(text);
    free(newer);
    ref_remove(dir);
}

static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_bundle t;
    char sha256[65];
    ref_bundle_init(&t, 7, USERS, ITEMS, "popularity", "");
    char *under_a_file = rs_path_join(t.path, "models");
    enum rs_code rc = rs_bundle_save(under_a_file, t.m, &t.split.s, 3.5, 1, sha256, &err);
    assert_code(rc, RS_EIO, &err, "save model 'popularity'");
    free(under_a_file);
    ref_bundle_clear(&t);
}

static enum rs_code save_open_ask(void *ctx, struct rs_err *err)
{
    struct ref_bundle *t = ctx;
    char sha256[65];
    struct rs_bundle *b = NULL;
    enum rs_code rc = rs_bundle_save(t->dir, t->m, &t->split.s, 3.5, 42, sha256, err);
    if (!rc) rc = rs_bundle_open(t->path, &b, err);
    struct rs_ranked out[5];
    int32_t n;
    const char *source;
    const int32_t fresh[] = {1, 3};
    const int32_t exclude[] = {2};
    struct rs_ask ask = {.user = 0,
                         .items = fresh,
                         .n_items = 2,
                         .k = 5,
                         .offset = 2,
                         .diversity = 0.5,
                         .exclude_seen = true,
                         .exclude = exclude,
                         .n_exclude = 1};
    if (!rc) rc = rs_bundle_recommend(b, &ask, NULL, out, &n, &source, err);
    if (!rc) rc = rs_bundle_similar(b, 1, 5, NULL, NULL, out, &n, err);
    rs_bundle_close(b);
    return rc;
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    struct ref_bundle t;
    ref_bundle_init(&t, 7, USERS, ITEMS, "als", "factors=6 iterations=3");
    assert_survives_oom(save_open_ask, &t);
    ref_bundle_clear(&t);
}

/* Every size of arena that is too small gives an error, up to the one that is enough. */
static void a_small_arena_is_an_error(void **state)
{
    (void)state;
    const char *const models[] = {"als", "popularity"};
    const char *const params[] = {"factors=6 iterations=3", ""};
    const int32_t fresh[] = {1, 3};
    const int32_t exclude[] = {2};
    const struct rs_ask ask = {.user = 0,
                               .items = fresh,
                               .n_items = 2,
                               .k = 5,
                               .offset = 2,
                               .diversity = 0.5,
                               .exclude_seen = true,
                               .exclude = exclude,
                               .n_exclude = 1};
    for (int m = 0; m < 2; m++) {
        struct ref_bundle t;
        ref_bundle_init(&t, 7, USERS, ITEMS, models[m], params[m]);
        int failures = 0;
        enum rs_code rc;
        do {
            struct rs_err err = {0};
            struct rs_ranked out[5];
            int32_t n;
            const char *source;
            size_t size = 64 * (size_t)(failures + 1);
            struct rs_arena *arena = rs_arena_new(0, size);
            rc = rs_bundle_recommend(t.b, &ask, arena, out, &n, &source, &err);
            assert_true(rs_arena_used(arena) <= size);
            rs_arena_free(arena);
            if (rc) assert_code(rc, RS_ENOMEM, &err, NULL);
            failures += rc != RS_OK;
        } while (rc);
        assert_true(failures > 50); /* the pool alone takes 4000 bytes */
        ref_bundle_clear(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(equal_inputs_give_equal_bytes),
        cmocka_unit_test(lists_leave_out_what_was_seen),
        cmocka_unit_test(strangers_are_folded_in_or_get_popularity),
        cmocka_unit_test(newer_items_extend_a_user),
        cmocka_unit_test(profiles_take_newer_rows),
        cmocka_unit_test(values_count_only_where_training_had_some),
        cmocka_unit_test(similar_items_leave_the_item_out),
        cmocka_unit_test(bad_questions_are_refused),
        cmocka_unit_test(held_out_users_keep_their_history),
        cmocka_unit_test(verify_compares_name_and_bytes),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(a_small_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
