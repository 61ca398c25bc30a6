/* pack - round trips, equal bytes, every refusal, and damage at every byte and length. */
#include "ref/support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/pack.h"

static int make_dir(void **state)
{
    *state = ref_temp_dir();
    return 0;
}

static int remove_dir(void **state)
{
    ref_remove(*state);
    return 0;
}

static size_t count(const char *dir)
{
    struct rs_err err = {0};
    char **names;
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    size_t n = 0;
    while (names[n])
        n++;
    rs_fs_list_free(names);
    return n;
}

static const int32_t ints[] = {1, -2, 3};
static const double reals[] = {0.5, 1e300};

/* Three sections with padding, one empty one, one of JSON. */
static enum rs_code write_sample(const char *path, uint32_t version, char *sha, struct rs_err *err)
{
    struct rs_writer *w = NULL;
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "factors", 64);
    enum rs_code rc = rs_writer_open(path, "TEST", version, &w, err);
    if (!rc) rc = rs_writer_add(w, "ints", RS_PACK_I32, ints, 3, err);
    if (!rc) rc = rs_writer_add(w, "none", RS_PACK_F32, NULL, 0, err);
    if (!rc) rc = rs_writer_add(w, "fifteen_letters", RS_PACK_F64, reals, 2, err);
    if (!rc) rc = rs_writer_add_json(w, "config", v, err);
    if (rc) {
        rs_writer_discard(w);
    } else {
        rc = rs_writer_close(w, sha, err);
    }
    rs_val_free(v);
    return rc;
}

static char *sample(const char *dir)
{
    struct rs_err err = {0};
    char *path = rs_path_join(dir, "sample.rsd");
    assert_ok(write_sample(path, 3, NULL, &err), &err);
    return path;
}

static void sections_come_back(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    assert_int_equal(count(*state), 1);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 3, &r, &err), &err);
    const void *p;
    int64_t n;
    assert_ok(rs_pack_get(r, "ints", RS_PACK_I32, 3, &p, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_memory_equal(p, ints, sizeof(ints));
    assert_ok(rs_pack_get(r, "fifteen_letters", RS_PACK_F64, -1, &p, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_memory_equal(p, reals, sizeof(reals));
    assert_ok(rs_pack_get(r, "none", RS_PACK_F32, 0, &p, NULL, &err), &err);
    struct rs_val *v = NULL;
    assert_ok(rs_pack_get_json(r, "config", &v, &err), &err);
    assert_int_equal(rs_val_get_int(v, "factors", 0), 64);
    rs_val_free(v);
    assert_true(rs_pack_has(r, "none"));
    assert_false(rs_pack_has(r, "other"));
    assert_string_equal(rs_pack_path(r), path);

    assert_int_equal(rs_pack_n_sections(r), 4);
    static const char *const names[] = {"ints", "none", "fifteen_letters", "config"};
    static const int64_t offsets[] = {64, 128, 128, 192};
    static const int64_t bytes[] = {12, 0, 16, 14};
    for (size_t i = 0; i < 4; i++) {
        int64_t offset;
        int64_t size;
        assert_string_equal(rs_pack_section(r, i, &offset, &size), names[i]);
        assert_int_equal(offset, offsets[i]);
        assert_int_equal(size, bytes[i]);
    }
    assert_int_equal(rs_pack_size(r), 256 + 4 * 48);
    rs_pack_close(r);
    rs_pack_close(NULL);
    free(path);
}

static void get_refuses(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 3, 3, &r, &err), &err);
    const void *p;
    struct rs_val *v;
    assert_code(rs_pack_get(r, "other", RS_PACK_I32, -1, &p, NULL, &err), RS_EDAMAGED, &err,
                "no section 'other'");
    assert_code(rs_pack_get(r, "ints", RS_PACK_F32, -1, &p, NULL, &err), RS_EDAMAGED, &err,
                "'ints' holds i32, not f32");
    assert_code(rs_pack_get(r, "ints", RS_PACK_I32, 4, &p, NULL, &err), RS_EDAMAGED, &err,
                "3 elements, not 4");
    assert_code(rs_pack_get_json(r, "other", &v, &err), RS_EDAMAGED, &err, "no section");
    assert_code(rs_pack_get_json(r, "ints", &v, &err), RS_EDAMAGED, &err, "holds i32");
    rs_pack_close(r);

    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_add(w, "bad", RS_PACK_BYTES, "{\"a\":", 5, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_code(rs_pack_get_json(r, "bad", &v, &err), RS_EPARSE, &err, "sample.rsd:bad");
    rs_pack_close(r);
    free(path);
}

static void open_refuses(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    struct rs_reader *r = NULL;
    char *missing = rs_path_join(*state, "none");
    assert_code(rs_pack_open(missing, "TEST", 1, 3, &r, &err), RS_ENOTFOUND, &err, "none");
    assert_code(rs_pack_open(path, "DATA", 1, 3, &r, &err), RS_EDAMAGED, &err,
                "is of kind 'TEST', not 'DATA'");
    assert_code(rs_pack_open(path, "TEST", 1, 2, &r, &err), RS_EARG, &err, "newer recsys-tui");
    assert_code(rs_pack_open(path, "TEST", 4, 5, &r, &err), RS_EARG, &err, "reads from 4");
    assert_code(rs_pack_open(*state, "TEST", 1, 3, &r, &err), RS_EIO, &err, "regular file");
    char *text = ref_file(*state, "text",
                          "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n"
                          "1,3,4.0,964981247\n",
                          SIZE_MAX);
    assert_code(rs_pack_open(text, "TEST", 1, 3, &r, &err), RS_EDAMAGED, &err,
                "no file of this program");
    assert_null(r);
    free(text);
    free(missing);
    free(path);
}

static void empty_pack(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "empty");
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "NONE", 1, &w, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "NONE", 1, 1, &r, &err), &err);
    assert_int_equal(rs_pack_n_sections(r), 0);
    assert_int_equal(rs_pack_size(r), 64);
    rs_pack_close(r);
    free(path);
}

static void a_pack_may_be_named_by_its_hash(void **state)
{
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    char sha[65];
    char is[RS_SHA256_HEX];
    char *path = rs_path_join(*state, "new.rsm");
    assert_ok(rs_writer_open(path, "NONE", 1, &w, &err), &err);
    assert_ok(rs_writer_close_hashed(w, ".rsm", sha, &err), &err);
    assert_false(rs_fs_exists(path));
    char *name = rs_xprintf("%s.rsm", sha);
    char *named = rs_path_join(*state, name);
    assert_ok(rs_sha256_file(named, is, &err), &err);
    assert_string_equal(is, sha);
    free(named);
    free(name);
    free(path);
}

static void equal_sections_give_equal_bytes(void **state)
{
    struct rs_err err = {0};
    char *a = rs_path_join(*state, "a");
    char *b = rs_path_join(*state, "b");
    char sha_a[65];
    char sha_b[65];
    char of_file[RS_SHA256_HEX];
    assert_ok(write_sample(a, 3, sha_a, &err), &err);
    assert_ok(write_sample(b, 3, sha_b, &err), &err);
    assert_string_equal(sha_a, sha_b);
    assert_ok(rs_sha256_file(a, of_file, &err), &err);
    assert_string_equal(of_file, sha_a);
    assert_ok(write_sample(b, 2, sha_b, &err), &err);
    assert_string_not_equal(sha_a, sha_b);
    free(b);
    free(a);
}

static void add_refuses(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "f");
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_code(rs_writer_add(w, "", RS_PACK_U8, "x", 1, &err), RS_EARG, &err, "section name ''");
    assert_code(rs_writer_add(w, "sixteen__letters", RS_PACK_U8, "x", 1, &err), RS_EARG, &err,
                "not 1 to 15 characters");
    assert_ok(rs_writer_add(w, "a", RS_PACK_U8, "x", 1, &err), &err);
    assert_code(rs_writer_add(w, "a", RS_PACK_U8, "x", 1, &err), RS_EARG, &err, "'a' twice");
    assert_code(rs_writer_add(w, "b", RS_PACK_F64, "x", SIZE_MAX / 4, &err), RS_EARG, &err,
                "too large");
    for (int i = 1; i < 4096; i++) {
        char name[16];
        snprintf(name, sizeof(name), "s%d", i);
        assert_ok(rs_writer_add(w, name, RS_PACK_U8, "x", 1, &err), &err);
    }
    assert_code(rs_writer_add(w, "one_more", RS_PACK_U8, "x", 1, &err), RS_EARG, &err,
                "more than 4096 sections");
    assert_ok(rs_writer_close(w, NULL, &err), &err); /* a refused section is not in the file */
    struct rs_reader *r = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_int_equal(rs_pack_n_sections(r), 4096);
    rs_pack_close(r);
    char *nowhere = rs_path_join(*state, "none/f");
    assert_code(rs_writer_open(nowhere, "TEST", 1, &w, &err), RS_ENOTFOUND, &err, "none/f");
    free(nowhere);
    free(path);
}

static void full_disk_and_discard_leave_nothing(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "f");
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_add(w, "a", RS_PACK_I32, ints, 3, &err), &err);
    rs_writer_discard(w);
    rs_writer_discard(NULL);
    assert_int_equal(count(*state), 0);

    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = 8192, .rlim_max = old.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char *big = rs_xalloc(100000, 1);
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_code(rs_writer_add(w, "big", RS_PACK_U8, big, 100000, &err), RS_EIO, &err,
                "file too large");
    assert_code(rs_writer_close(w, NULL, &err), RS_EIO, &err, "was not written");
    /* sections fit, the table does not */
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_add(w, "big", RS_PACK_U8, big, 8192 - 64, &err), &err);
    assert_code(rs_writer_close(w, NULL, &err), RS_EIO, &err, "file too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(count(*state), 0);
    free(big);
    free(path);
}

static enum rs_code write_it(void *ctx, struct rs_err *err)
{
    return write_sample(ctx, 1, NULL, err);
}

static void survives_oom(void **state)
{
    char *path = rs_path_join(*state, "f");
    assert_survives_oom(write_it, path);
    assert_int_equal(count(*state), 1);
    free(path);
}

/* Opens the bytes as a file: it must be refused as damaged. */
static void assert_damaged(const char *path, const char *bytes, size_t len, const char *how,
                           size_t at)
{
    struct rs_err err = {0};
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    struct rs_reader *r = NULL;
    enum rs_code rc = rs_pack_open(path, "TEST", 1, 3, &r, &err);
    if (rc != RS_EDAMAGED) {
        print_error("%s at %zu: %s %s\n", how, at, rs_code_name(rc), err.msg);
        fail();
    }
    assert_null(r);
}

static void every_flip_is_refused(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    char *bytes;
    size_t len;
    assert_ok(rs_fs_read(path, 1 << 20, &bytes, &len, &err), &err);
    for (size_t i = 0; i < len; i++) {
        static const unsigned char masks[] = {0x01, 0x80, 0xff};
        for (size_t m = 0; m < sizeof(masks); m++) {
            bytes[i] = (char)((unsigned char)bytes[i] ^ masks[m]);
            assert_damaged(path, bytes, len, "flip", i);
            bytes[i] = (char)((unsigned char)bytes[i] ^ masks[m]);
        }
    }
    free(bytes);
    free(path);
}

static void every_length_is_refused(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    char *bytes;
    size_t len;
    assert_ok(rs_fs_read(path, 1 << 20, &bytes, &len, &err), &err);
    for (size_t n = 0; n < len; n++)
        assert_damaged(path, bytes, n, "cut", n);
    char *longer = rs_xalloc(len + 64, 1);
    memcpy(longer, bytes, len);
    for (size_t n = 1; n <= 64; n++)
        assert_damaged(path, longer, len + n, "zeros", n);
    free(longer);
    free(bytes);
    free(path);
}

/* Little-endian fields of the layout, for files whose checksums hold but whose numbers lie. */
static void poke(char *bytes, size_t at, size_t size, uint64_t v)
{
    for (size_t i = 0; i < size; i++)
        bytes[at + i] = (char)(v >> 8 * i);
}

static uint64_t peek(const char *bytes, size_t at)
{
    uint64_t v;
    memcpy(&v, bytes + at, sizeof(v));
    return v;
}

/* Make the checksums of table and header right again. */
static void seal(char *bytes, size_t len)
{
    uint64_t table = peek(bytes, 24);
    if (table <= len) poke(bytes, 48, 8, rs_checksum(bytes + table, len - table));
    poke(bytes, 56, 8, rs_checksum(bytes, 56));
}

static void lies_with_right_checksums_are_refused(void **state)
{
    struct rs_err err = {0};
    char *path = sample(*state);
    char *bytes;
    size_t len;
    assert_ok(rs_fs_read(path, 1 << 20, &bytes, &len, &err), &err);
    size_t table = 256;
    assert_int_equal(peek(bytes, 24), table);
    const struct {
        size_t at;
        size_t size;
        uint64_t value;
    } lies[] = {
        {16, 8, 1},                    /* file size */
        {16, 8, UINT64_MAX},           /* file size */
        {24, 8, UINT64_MAX},           /* table offset */
        {24, 8, UINT64_MAX - 63},      /* table offset, aligned */
        {24, 8, 0},                    /* table over the header */
        {24, 8, 192},                  /* table over a section */
        {32, 4, 5},                    /* number of sections */
        {32, 4, 3},                    /* number of sections */
        {32, 4, UINT32_MAX},           /* number of sections */
        {36, 4, 1},                    /* header padding */
        {table, 1, 0},                 /* empty name */
        {table + 15, 1, 'x'},          /* bytes after the name's end */
        {table + 2 * 48 + 15, 1, 'x'}, /* a name without end */
        {table + 16, 4, 99},           /* type */
        {table + 20, 4, 1},            /* padding of the entry */
        {table + 24, 8, 0},            /* offset: the header */
        {table + 24, 8, 128},          /* offset: leaves a gap */
        {table + 24, 8, UINT64_MAX},   /* offset */
        {table + 32, 8, UINT64_MAX},   /* bytes */
        {table + 32, 8, 13},           /* bytes: no whole element */
        {table + 32, 8, 200},          /* bytes: over the next section */
        {table + 32, 8, 4096},         /* bytes: past the end */
        {table + 3 * 48 + 32, 8, 64},  /* bytes: padding counted in */
        {table + 40, 8, 0},            /* checksum */
    };
    char *lie = rs_xalloc(len, 1);
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        memcpy(lie, bytes, len);
        poke(lie, lies[i].at, lies[i].size, lies[i].value);
        seal(lie, len);
        assert_damaged(path, lie, len, "lie", i);
    }
    /* a layout of the future is no damage, but says what to do */
    memcpy(lie, bytes, len);
    poke(lie, 8, 4, 2);
    seal(lie, len);
    assert_ok(rs_fs_write(path, lie, len, &err), &err);
    struct rs_reader *r = NULL;
    assert_code(rs_pack_open(path, "TEST", 1, 3, &r, &err), RS_EARG, &err, "newer recsys-tui");
    free(lie);
    free(bytes);
    free(path);
}

#define IN_DIR(fn) cmocka_unit_test_setup_teardown(fn, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(sections_come_back),
        IN_DIR(get_refuses),
        IN_DIR(open_refuses),
        IN_DIR(empty_pack),
        IN_DIR(a_pack_may_be_named_by_its_hash),
        IN_DIR(equal_sections_give_equal_bytes),
        IN_DIR(add_refuses),
        IN_DIR(full_disk_and_discard_leave_nothing),
        IN_DIR(survives_oom),
        IN_DIR(every_flip_is_refused),
        IN_DIR(every_length_is_refused),
        IN_DIR(lies_with_right_checksums_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
