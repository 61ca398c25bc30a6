/*
 * fuzz_archive - seeded mutations of small archives: no crash, and nothing outside the folder.
 *
 * Case n depends on n alone; a failure prints it. RS_FUZZ_CASES sets how many run.
 */
#include "ref/support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz_text.h"
#include "ref/ref_hostile.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/data/fetch.h"

enum { N_PACKS = 3, CASES = 1000, MAX_BYTES = 1 << 16 };

static const struct ref_entry entries[] = {
    {.name = "ml/", .kind = REF_DIR},
    {.name = "ml/ratings.csv", .text = "userId,movieId\n1,2\n1,3\n2,3\n"},
    {.name = "ml/a/movies.csv", .text = "movieId,title\n2,a\n3,b\n"},
    {0}};

struct sample {
    char *bytes;
    size_t len;
};

/* A bit, a byte, a 32-bit field, a piece cut out or doubled, a name changed, the end cut off. */
static void mutate(struct fuzz_text *t, struct rs_rng *r)
{
    static const char *const words[] = {"../", "/etc", "..", "\\", "/", "PK\1\2", "PK\5\6", "\n"};
    static const uint32_t edges[] = {0, 1, 0xffff, 0x7fffffff, 0xffffffff};
    size_t at = (size_t)rs_rng_below(r, t->len + 1);
    size_t rest = t->len - at;
    size_t piece = (size_t)rs_rng_below(r, (rest < 32 ? rest : 32) + 1);
    const char *word = words[rs_rng_below(r, sizeof(words) / sizeof(*words))];
    switch (rs_rng_below(r, 7)) {
    case 0:
        if (rest > 0) t->bytes[at] = (char)(t->bytes[at] ^ (1 << rs_rng_below(r, 8)));
        break;
    case 1:
        if (rest > 0) t->bytes[at] = (char)rs_rng_below(r, 256);
        break;
    case 2:
        if (rest >= 4) memcpy(t->bytes + at, &edges[rs_rng_below(r, 5)], 4);
        break;
    case 3:
        fuzz_splice(t, at, piece, "", 0);
        break;
    case 4:
        fuzz_splice(t, at, 0, t->bytes + at, piece);
        break;
    case 5:
        if (rest >= strlen(word)) memcpy(t->bytes + at, word, strlen(word));
        break;
    default:
        t->len = at;
    }
}

/* base holds what it held before; out is emptied. */
static void check_place(const char *base, const char *out, uint64_t n)
{
    struct rs_err err = {0};
    char **names = NULL;
    assert_ok(rs_fs_list(base, &names, &err), &err);
    if (!names[0] || strcmp(names[0], "case") != 0 || !names[1] || strcmp(names[1], "out") != 0 ||
        names[2]) {
        fail_msg("case %" PRIu64 ": something came out beside the folder", n);
    }
    rs_fs_list_free(names);
    assert_ok(rs_fs_list(out, &names, &err), &err);
    if (names[0]) assert_ok(rs_fs_remove(out, &err), &err);
    rs_fs_list_free(names);
}

static void run_case(const struct sample *samples, const char *base, uint64_t n, int *extracted)
{
    struct rs_rng r = rs_rng_make(n, rs_rng_stream("fuzz.archive", 0));
    const struct sample *s = &samples[rs_rng_below(&r, N_PACKS)];
    struct fuzz_text t = {.len = s->len};
    memcpy(t.bytes, s->bytes, s->len);
    for (uint64_t k = 1 + rs_rng_below(&r, 4); k > 0; k--) {
        mutate(&t, &r);
    }
    char *path = rs_path_join(base, "case");
    char *out = rs_path_join(base, "out");
    unlink(path); /* a fresh file: file systems flush one that was cut and written again */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(t.bytes, 1, t.len, f), t.len);
    assert_int_equal(fclose(f), 0);
    struct rs_err err = {0};
    assert_ok(rs_fs_mkdirs(out, &err), &err);
    enum rs_code rc = rs_archive_extract(path, out, MAX_BYTES, NULL, &err);
    if (rc != RS_OK && rc != RS_EDAMAGED) {
        fail_msg("case %" PRIu64 ": %s: %s", n, rs_code_name(rc), err.msg);
    }
    *extracted += rc == RS_OK;
    check_place(base, out, n);
    free(out);
    free(path);
}

static void mutants_stay_in_their_folder(void **state)
{
    (void)state;
    static const enum ref_format packs[N_PACKS] = {REF_ZIP, REF_TAR, REF_TAR_GZ};
    struct rs_err err = {0};
    struct sample samples[N_PACKS];
    char *made = ref_temp_dir();
    char *base = ref_temp_dir();
    for (int i = 0; i < N_PACKS; i++) {
        char *path = ref_pack(made, "a", packs[i], entries);
        assert_ok(rs_fs_read(path, FUZZ_MAX, &samples[i].bytes, &samples[i].len, &err), &err);
        free(path);
    }
    uint64_t cases = fuzz_n_cases(CASES);
    int extracted = 0;
    for (uint64_t n = 0; n < cases; n++) {
        run_case(samples, base, n, &extracted);
    }
    /* some mutants must get through, or what lies behind the first check is not tried */
    assert_true(cases < CASES || (extracted > 20 && extracted < (int)cases / 2));
    for (int i = 0; i < N_PACKS; i++) {
        free(samples[i].bytes);
    }
    ref_remove(base);
    ref_remove(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutants_stay_in_their_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
