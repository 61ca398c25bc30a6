/* hash - published vectors, pieces against the whole, and files. */
#include "ref/support.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"

static void sha256_vectors(void **state) /* FIPS 180-2, appendix B */
{
    (void)state;
    char hex[RS_SHA256_HEX];
    rs_sha256_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    rs_sha256_of(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    rs_sha256_of(two, strlen(two), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_equal_the_whole(void **state)
{
    (void)state;
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 31);
    char want[RS_SHA256_HEX];
    rs_sha256_of(bytes, sizeof(bytes), want);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        struct rs_sha256 h;
        char got[RS_SHA256_HEX];
        rs_sha256_init(&h);
        rs_sha256_add(&h, bytes, cut);
        rs_sha256_add(&h, NULL, 0);
        rs_sha256_add(&h, bytes + cut, sizeof(bytes) - cut);
        rs_sha256_hex(&h, got);
        assert_string_equal(got, want);
    }
}

static void every_digit_counts(void **state)
{
    (void)state;
    char a[RS_SHA256_HEX];
    char b[RS_SHA256_HEX];
    rs_sha256_of("a", 1, a);
    memcpy(b, a, sizeof(b));
    assert_true(rs_hash_equal(a, b));
    for (size_t i = 0; i + 1 < sizeof(b); i++) {
        b[i] ^= 1;
        assert_false(rs_hash_equal(a, b));
        b[i] ^= 1;
    }
}

static enum rs_code hash_it(void *ctx, struct rs_err *err)
{
    char hex[RS_SHA256_HEX];
    return rs_sha256_file(ctx, hex, err);
}

static void files(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    size_t len = 700001;
    char *bytes = rs_xalloc(len, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i % 253);
    char *path = ref_file(dir, "f", bytes, len);
    char want[RS_SHA256_HEX];
    char got[RS_SHA256_HEX];
    rs_sha256_of(bytes, len, want);
    assert_ok(rs_sha256_file(path, got, &err), &err);
    assert_string_equal(got, want);
    assert_survives_oom(hash_it, path);
    char *missing = rs_path_join(dir, "none");
    assert_code(rs_sha256_file(missing, got, &err), RS_ENOTFOUND, &err, "none");
    assert_code(rs_sha256_file(dir, got, &err), RS_EIO, &err, "is a directory");
    free(missing);
    free(path);
    free(bytes);
    ref_remove(dir);
}

static void checksum_sees_every_bit(void **state)
{
    (void)state;
    unsigned char bytes[40] = {0};
    uint64_t whole = rs_checksum(bytes, sizeof(bytes));
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_true(rs_checksum(bytes, sizeof(bytes)) != whole);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(rs_checksum(bytes, sizeof(bytes)) == whole);
    assert_true(rs_checksum(bytes, 39) != whole);
    /* files hold it: XXH3 of nothing with seed 0 is fixed by its specification */
    assert_true(rs_checksum(NULL, 0) == UINT64_C(0x2d06800538d394c2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors),          cmocka_unit_test(pieces_equal_the_whole),
        cmocka_unit_test(every_digit_counts),      cmocka_unit_test(files),
        cmocka_unit_test(checksum_sees_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
