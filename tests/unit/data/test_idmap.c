/* Tests of idmap: order, lookup, what it refuses, and packs. */
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/data/idmap.h"

static struct rs_idmap *of_ints(const int64_t *ids, int32_t n)
{
    struct rs_err err = {0};
    struct rs_idmap *m = NULL;
    assert_ok(rs_idmap_from_ints(ids, n, &m, &err), &err);
    return m;
}

static struct rs_idmap *of_texts(const char *const *texts, int32_t n)
{
    struct rs_str bytes;
    rs_str_init(&bytes, 0);
    int64_t offsets[16] = {0};
    for (int32_t i = 0; i < n; i++) {
        rs_str_add(&bytes, texts[i]);
        offsets[i + 1] = (int64_t)bytes.len;
    }
    struct rs_err err = {0};
    struct rs_idmap *m = NULL;
    assert_ok(rs_idmap_from_texts(offsets, rs_str_text(&bytes), n, &m, &err), &err);
    rs_str_clear(&bytes);
    return m;
}

static void ints_are_found(void **state)
{
    (void)state;
    const int64_t ids[] = {INT64_MIN, -7, 0, 3, 1000, INT64_MAX};
    struct rs_idmap *m = of_ints(ids, 6);
    assert_int_equal(rs_idmap_size(m), 6);
    assert_true(rs_idmap_is_int(m));
    for (int32_t i = 0; i < 6; i++) {
        assert_int_equal(rs_idmap_find_int(m, ids[i]), i);
        assert_true(rs_idmap_int(m, i) == ids[i]);
    }
    assert_int_equal(rs_idmap_find_int(m, 4), -1);
    assert_int_equal(rs_idmap_find_int(m, -8), -1);
    assert_int_equal(rs_idmap_find(m, "3"), 3);
    assert_int_equal(rs_idmap_find(m, "-7"), 1);
    assert_int_equal(rs_idmap_find(m, "9223372036854775807"), 5);
    assert_int_equal(rs_idmap_find(m, "-9223372036854775808"), 0);
    static const char *const unknown[] = {
        "", "03", "+3", " 3", "3 ", "x", "-", "-0", "3.0", "9223372036854775808", "1e3"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
        assert_int_equal(rs_idmap_find(m, unknown[i]), -1);
    struct rs_val *v = rs_idmap_val(m, 4);
    assert_int_equal(v->type, RS_VAL_INT);
    assert_int_equal(v->i, 1000);
    rs_val_free(v);
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_idmap_add_text(m, 1, &text);
    assert_string_equal(rs_str_text(&text), "-7");
    rs_str_clear(&text);
    rs_idmap_free(m);
}

static void texts_are_found(void **state)
{
    (void)state;
    const char *const texts[] = {"07", "7", "B", "a", "ab", "b", "\xc3\xa9"};
    struct rs_idmap *m = of_texts(texts, 7);
    assert_false(rs_idmap_is_int(m));
    for (int32_t i = 0; i < 7; i++) {
        size_t len;
        assert_int_equal(rs_idmap_find(m, texts[i]), i);
        const char *bytes = rs_idmap_text(m, i, &len);
        assert_int_equal(len, strlen(texts[i]));
        assert_memory_equal(bytes, texts[i], len);
    }
    assert_int_equal(rs_idmap_find(m, "aa"), -1);
    assert_int_equal(rs_idmap_find(m, ""), -1);
    assert_int_equal(rs_idmap_find(m, "zzz"), -1);
    assert_int_equal(rs_idmap_find_int(m, 7), 1);
    struct rs_val *v = rs_idmap_val(m, 0);
    assert_string_equal(v->s, "07");
    rs_val_free(v);
    rs_idmap_free(m);
}

static void empty_maps_find_nothing(void **state)
{
    (void)state;
    struct rs_idmap *m = of_ints(NULL, 0);
    assert_int_equal(rs_idmap_size(m), 0);
    assert_int_equal(rs_idmap_find(m, "1"), -1);
    rs_idmap_free(m);
    m = of_texts(NULL, 0);
    assert_int_equal(rs_idmap_find(m, "1"), -1);
    rs_idmap_free(m);
    rs_idmap_free(NULL);
}

static void unsound_ids_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_idmap *m = NULL;
    const int64_t twice[] = {1, 2, 2};
    assert_code(rs_idmap_from_ints(twice, 3, &m, &err), RS_EARG, &err, "id 2 at index 2");
    assert_code(rs_idmap_from_texts((int64_t[]){0, 1, 2}, "ba", 2, &m, &err), RS_EARG, &err,
                "'a' at index 1");
    assert_code(rs_idmap_from_texts((int64_t[]){0, 0, 2}, "ba", 2, &m, &err), RS_EARG, &err,
                "0 bytes");
    assert_code(rs_idmap_from_texts((int64_t[]){0, 2, 1}, "ba", 2, &m, &err), RS_EARG, &err,
                "offsets");
    assert_code(rs_idmap_from_texts((int64_t[]){0, 1}, "\xff", 1, &m, &err), RS_EARG, &err,
                "not text");
    assert_code(rs_idmap_from_texts((int64_t[]){0, 2}, "a\0", 1, &m, &err), RS_EARG, &err,
                "not text");
    char *big = rs_xalloc(RS_ID_MAX_BYTES + 1, 1);
    memset(big, 'a', RS_ID_MAX_BYTES + 1);
    assert_code(rs_idmap_from_texts((int64_t[]){0, RS_ID_MAX_BYTES + 1}, big, 1, &m, &err), RS_EARG,
                &err, "1025 bytes");
    assert_ok(rs_idmap_from_texts((int64_t[]){0, RS_ID_MAX_BYTES}, big, 1, &m, &err), &err);
    struct rs_val *v = rs_idmap_val(m, 0);
    assert_int_equal(strlen(v->s), RS_ID_MAX_BYTES);
    rs_val_free(v);
    rs_idmap_free(m);
    free(big);
}

static void subset_keeps_order(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_idmap *m = of_ints((int64_t[]){5, 6, 9}, 3);
    struct rs_idmap *sub = NULL;
    assert_ok(rs_idmap_subset(m, (int32_t[]){0, 2}, 2, &sub, &err), &err);
    assert_int_equal(rs_idmap_size(sub), 2);
    assert_int_equal(rs_idmap_int(sub, 1), 9);
    rs_idmap_free(sub);
    rs_idmap_free(m);
    m = of_texts((const char *const[]){"a", "bb", "ccc"}, 3);
    assert_ok(rs_idmap_subset(m, (int32_t[]){1, 2}, 2, &sub, &err), &err);
    assert_int_equal(rs_idmap_find(sub, "bb"), 0);
    assert_int_equal(rs_idmap_find(sub, "ccc"), 1);
    assert_int_equal(rs_idmap_find(sub, "a"), -1);
    rs_idmap_free(sub);
    assert_ok(rs_idmap_subset(m, NULL, 0, &sub, &err), &err);
    assert_int_equal(rs_idmap_size(sub), 0);
    assert_false(rs_idmap_is_int(sub));
    rs_idmap_free(sub);
    rs_idmap_free(m);
}

static void packs_give_them_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "ids.rsd");
    struct rs_idmap *ints = of_ints((int64_t[]){-1, 8}, 2);
    struct rs_idmap *texts = of_texts((const char *const[]){"a", "x y"}, 2);
    struct rs_idmap *none = of_ints(NULL, 0);
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_idmap_save(ints, w, "users", &err), &err);
    assert_ok(rs_idmap_save(texts, w, "tenletters", &err), &err);
    assert_ok(rs_idmap_save(none, w, "none", &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    struct rs_idmap *m = NULL;
    assert_ok(rs_idmap_load(r, "users", &m, &err), &err);
    assert_int_equal(rs_idmap_find(m, "8"), 1);
    rs_idmap_free(m);
    assert_ok(rs_idmap_load(r, "tenletters", &m, &err), &err);
    assert_int_equal(rs_idmap_find(m, "x y"), 1);
    rs_idmap_free(m);
    assert_ok(rs_idmap_load(r, "none", &m, &err), &err);
    assert_int_equal(rs_idmap_size(m), 0);
    rs_idmap_free(m);
    assert_code(rs_idmap_load(r, "absent", &m, &err), RS_EDAMAGED, &err, "absent.off");
    rs_pack_close(r);
    rs_idmap_free(ints);
    rs_idmap_free(texts);
    rs_idmap_free(none);
    free(path);
    ref_remove(dir);
}

/* Sections whose checksums are right and whose contents are not. */
static void unsound_packs_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "ids.rsd");
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_add(w, "a.int", RS_PACK_I64, (int64_t[]){2, 1}, 2, &err), &err);
    assert_ok(rs_writer_add(w, "b.off", RS_PACK_I64, (int64_t[]){0, 9}, 2, &err), &err);
    assert_ok(rs_writer_add(w, "b.txt", RS_PACK_BYTES, "abc", 3, &err), &err);
    assert_ok(rs_writer_add(w, "c.off", RS_PACK_I64, NULL, 0, &err), &err);
    assert_ok(rs_writer_add(w, "c.txt", RS_PACK_BYTES, "abc", 3, &err), &err);
    assert_ok(rs_writer_add(w, "d.off", RS_PACK_I64, (int64_t[]){0, 2, 3}, 3, &err), &err);
    assert_ok(rs_writer_add(w, "d.txt", RS_PACK_BYTES, "aba", 3, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    struct rs_idmap *m = NULL;
    assert_code(rs_idmap_load(r, "a", &m, &err), RS_EDAMAGED, &err, "id 1 at index 1");
    assert_code(rs_idmap_load(r, "b", &m, &err), RS_EDAMAGED, &err, "offsets");
    assert_code(rs_idmap_load(r, "c", &m, &err), RS_EDAMAGED, &err, "-1 ids");
    assert_code(rs_idmap_load(r, "d", &m, &err), RS_EDAMAGED, &err, "not after");
    rs_pack_close(r);
    free(path);
    ref_remove(dir);
}

static enum rs_code make_and_cut(void *ctx, struct rs_err *err)
{
    (void)ctx;
    struct rs_idmap *m = NULL;
    struct rs_idmap *sub = NULL;
    enum rs_code rc = rs_idmap_from_texts((int64_t[]){0, 1, 2}, "ab", 2, &m, err);
    if (!rc) rc = rs_idmap_subset(m, (int32_t[]){1}, 1, &sub, err);
    rs_idmap_free(m);
    rs_idmap_free(sub);
    return rc;
}

static void failing_memory_is_told(void **state)
{
    (void)state;
    assert_survives_oom(make_and_cut, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints_are_found),
        cmocka_unit_test(texts_are_found),
        cmocka_unit_test(empty_maps_find_nothing),
        cmocka_unit_test(unsound_ids_are_refused),
        cmocka_unit_test(subset_keeps_order),
        cmocka_unit_test(packs_give_them_back),
        cmocka_unit_test(unsound_packs_are_refused),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
