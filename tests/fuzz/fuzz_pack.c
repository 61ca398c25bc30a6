/*
 * fuzz_pack - seeded mutations of a pack: none is taken for whole, none crashes.
 *
 * Half of the mutants get right checksums again, so that what lies behind those is reached too.
 * RS_FUZZ_ROUNDS sets how many (default 20000), RS_FUZZ_SEED the first; a failure prints its seed.
 */
#include "ref/support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/pack.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"

#define MAX_LEN   4096
#define N_SAMPLES 64

struct bytes {
    char data[MAX_LEN];
    size_t len;
};

static void make_sample(const char *path, uint64_t seed, struct bytes *out)
{
    static const enum rs_pack_type types[] = {RS_PACK_BYTES, RS_PACK_U8,  RS_PACK_I32,
                                              RS_PACK_I64,   RS_PACK_F32, RS_PACK_F64};
    struct rs_err err = {0};
    struct rs_rng r = rs_rng_make(seed, rs_rng_stream("pack", 0));
    uint64_t data[16];
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "FUZZ", 1, &w, &err), &err);
    int n = (int)rs_rng_below(&r, 8);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 16; j++)
            data[j] = rs_rng_next64(&r);
        char name[16];
        snprintf(name, sizeof(name), "s%d", i);
        enum rs_pack_type type = types[rs_rng_below(&r, 6)];
        assert_ok(rs_writer_add(w, name, type, data, (size_t)rs_rng_below(&r, 16), &err), &err);
    }
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    char *text;
    assert_ok(rs_fs_read(path, MAX_LEN, &text, &out->len, &err), &err);
    memcpy(out->data, text, out->len);
    free(text);
}

static void put(struct bytes *b, size_t at, const void *v, size_t size)
{
    if (at + size <= b->len) memcpy(b->data + at, v, size);
}

static void mutate(struct bytes *b, struct rs_rng *r)
{
    static const uint64_t edges[] = {
        0, 1, 63, 64, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX - 63, UINT64_MAX};
    if (b->len == 0) return;
    size_t at = (size_t)rs_rng_below(r, b->len);
    size_t end = at + (size_t)rs_rng_below(r, b->len - at + 1);
    uint64_t v = rs_rng_next64(r);
    switch (rs_rng_below(r, 8)) {
    case 0: /* a bit */
        b->data[at] = (char)((unsigned char)b->data[at] ^ 1u << (v & 7));
        break;
    case 1: /* a byte */
        b->data[at] = (char)v;
        break;
    case 2: /* an aligned field: header or table, more often than not */
        v = edges[v % (sizeof(edges) / sizeof(*edges))];
        put(b, at / 8 * 8, &v, 8);
        break;
    case 3: /* a 32-bit field a little off */
        if (at + 4 > b->len) break;
        b->data[at / 4 * 4] = (char)(b->data[at / 4 * 4] + (v & 1 ? 1 : -1));
        break;
    case 4: /* cut */
        b->len = at;
        break;
    case 5: /* drop a range */
        memmove(b->data + at, b->data + end, b->len - end);
        b->len -= end - at;
        break;
    case 6: /* double a range */
        if (b->len + (end - at) > MAX_LEN) break;
        memmove(b->data + end + (end - at), b->data + end, b->len - end);
        memcpy(b->data + end, b->data + at, end - at);
        b->len += end - at;
        break;
    default: /* zeros */
        memset(b->data + at, 0, end - at);
        break;
    }
}

/* Right size and checksums for wrong content. */
static void seal(struct bytes *b, struct rs_rng *r)
{
    if (b->len < 64) return;
    uint64_t len = b->len;
    if (rs_rng_below(r, 2)) put(b, 16, &len, 8);
    uint64_t table;
    memcpy(&table, b->data + 24, sizeof(table));
    for (uint64_t at = table; table >= 64 && at + 48 <= len; at += 48) {
        uint64_t offset;
        uint64_t bytes;
        memcpy(&offset, b->data + at + 24, sizeof(offset));
        memcpy(&bytes, b->data + at + 32, sizeof(bytes));
        if (offset > len || bytes > len - offset) continue;
        uint64_t sum = rs_checksum(b->data + offset, (size_t)bytes);
        put(b, (size_t)at + 40, &sum, 8);
    }
    if (table <= len) {
        uint64_t sum = rs_checksum(b->data + table, (size_t)(len - table));
        put(b, 48, &sum, 8);
    }
    uint64_t sum = rs_checksum(b->data, 56);
    put(b, 56, &sum, 8);
}

/* A pack that opened: all it says of itself must hold. */
static void read_all(const struct rs_reader *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rs_pack_n_sections(r); i++) {
        int64_t offset;
        int64_t bytes;
        const char *name = rs_pack_section(r, i, &offset, &bytes);
        assert_true(strlen(name) > 0 && strlen(name) < 16);
        assert_true(offset >= 64 && bytes >= 0 && offset % 64 == 0);
        assert_true((uint64_t)offset + (uint64_t)bytes <= rs_pack_size(r));
        for (int type = RS_PACK_BYTES; type <= RS_PACK_F64; type++) {
            struct rs_err err = {0};
            const void *p;
            int64_t n;
            if (rs_pack_get(r, name, type, -1, &p, &n, &err)) continue;
            sum += rs_checksum(p, (size_t)n); /* touches it */
        }
    }
    assert_true(rs_pack_n_sections(r) == 0 || sum != 0);
}

static void write_plain(const char *path, const struct bytes *b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b->data, b->len), b->len);
    close(fd);
}

static void run_seed(const char *path, const struct bytes *original, uint64_t seed, int64_t *opened)
{
    struct bytes mutant = *original;
    struct rs_rng r = rs_rng_make(seed, rs_rng_stream("mutate", 0));
    for (uint64_t n = 1 + rs_rng_below(&r, 4); n > 0; n--)
        mutate(&mutant, &r);
    bool sealed = rs_rng_below(&r, 2);
    if (sealed) seal(&mutant, &r);
    write_plain(path, &mutant);
    bool same =
        mutant.len == original->len && memcmp(mutant.data, original->data, original->len) == 0;
    struct rs_err err = {0};
    struct rs_reader *reader = NULL;
    enum rs_code rc = rs_pack_open(path, "FUZZ", 1, 1, &reader, &err);
    bool right = same     ? rc == RS_OK
                 : sealed ? rc == RS_OK || rc == RS_EDAMAGED || rc == RS_EARG
                          : rc == RS_EDAMAGED;
    if (!right)
        fail_msg("seed %" PRIu64 ": %s is %s (%s)", seed,
                 same     ? "the original"
                 : sealed ? "a sealed mutant"
                          : "a mutant",
                 rs_code_name(rc), err.msg);
    if (rc) return;
    read_all(reader);
    rs_pack_close(reader);
    (*opened)++;
}

static int64_t setting(const char *name, int64_t dflt)
{
    const char *text = getenv(name);
    int64_t v = dflt;
    if (text && *text) assert_true(rs_str_to_i64(text, &v) && v >= 0);
    return v;
}

static void mutants_are_refused(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "f.rsd");
    int64_t rounds = setting("RS_FUZZ_ROUNDS", 20000);
    int64_t seed = setting("RS_FUZZ_SEED", 1);
    struct bytes *samples = rs_xalloc(N_SAMPLES, sizeof(*samples));
    for (uint64_t i = 0; i < N_SAMPLES; i++)
        make_sample(path, i, &samples[i]);
    int64_t opened = 0;
    for (int64_t i = seed; i < seed + rounds; i++)
        run_seed(path, &samples[i % N_SAMPLES], (uint64_t)i, &opened);
    /* content changed under right checksums is a pack like any other */
    assert_true(rounds < 1000 || opened > rounds / 100);
    free(samples);
    free(path);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutants_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
