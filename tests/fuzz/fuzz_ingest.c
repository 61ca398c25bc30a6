/*
 * Files of interactions from hostile hands, in every format, plain and packed: never a crash, a
 * leak or an endless read. What is taken is sorted, unique and finite; what is refused has a
 * message; and the direct path, small parts and libcsv over the whole agree on both.
 */
#include <math.h>
#include <stdio.h>

#include "fuzz/fuzz_text.h"
#include "ref/ref_archive.h"
#include "ref/support.h"

#include "../../src/data/ingest_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"

static const char *const csv_docs[] = {
    "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n1,20,3.5,964981247\n2,10,5,964982224\n",
    "user,item,event,ts\r\n7,\"a,b\",view,2020-01-02\r\n7,\"c \"\"d\"\"\",buy,1577936645000\r\n",
    "user_id;item_id;score\n1;2;3\n4;5;6\n1;2;4\n",
    "1,2,3,4\n\n5,6,7,8",
    "userId,movieId,note\n1,2,\"two\nlines\"\n3,4,\n",
    "\xef\xbb\xbfuser,item\n9223372036854775807,-9223372036854775808\n3000000000,1\n",
    NULL,
};
static const char *const csv_words[] = {
    "\"",     "\n",
    "\r",     "\r\n",
    ",",      ";",
    "\t",     "::",
    "\"\"",   "\"\n",
    "-",      "1e999",
    "nan",    "007",
    " ",      "99999999999999999999",
    "\xff",   "\xc3\xa9",
    "userId", "rating",
    "0.1",    "1600000000123",
    NULL,
};
static const char *const dat_docs[] = {
    "1::1193::5::978300760\n1::661::3::978302109\n2::1357::5::978298709\n",
    "user::item::rating\na::b::1\r\nc::d::2", NULL};
static const char *const tsv_docs[] = {"196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
                                       "user\titem\tvalue\n1\tx y\t2\n", NULL};
static const char *const json_docs[] = {
    "{\"user\": 2, \"item\": \"a\", \"rating\": 4.5}\n{\"user\": 1, \"item\": \"b\"}\n",
    "{\"user\":1,\"item\":2,\"timestamp\":\"2020-01-02T03:04:05Z\",\"type\":\"view\",\"x\":[{}]}\n",
    NULL};
static const char *const json_words[] = {"{",    "}",          "[",    "\"",   ":",
                                         "null", "1e400",      "true", "\\u0", "\"user\"",
                                         "-0",   "\"item\":3", "\n",   NULL};
static const char *const list_docs[] = {"0 1 2 3\n1 2\n2\n", "u1,a,b\r\nu2\tc d\n", NULL};
static const char *const list_words[] = {
    " ", ",", "\t", "\n", "\r", "-1", "007", "\xff", "99999999999999999999", NULL};

struct kind {
    const char *file;
    enum rs_format format;
    const char *const *docs;
    const char *const *words;
};
static const struct kind kinds[] = {
    {"r.csv", RS_FORMAT_CSV, csv_docs, csv_words},
    {"r.tsv", RS_FORMAT_TSV, tsv_docs, csv_words},
    {"r.dat", RS_FORMAT_DAT, dat_docs, csv_words},
    {"r.jsonl", RS_FORMAT_JSONL, json_docs, json_words},
    {"r.txt", RS_FORMAT_USER_ITEMS, list_docs, list_words},
    {"r", RS_FORMAT_AUTO, csv_docs, csv_words},
};
enum { N_KINDS = sizeof(kinds) / sizeof(*kinds) };

struct outcome {
    enum rs_code rc;
    struct rs_interactions x;
    struct rs_ingest_report report;
    struct rs_err err;
};

static struct outcome read_file(const char *path, const struct rs_ingest_opts *opts,
                                const struct rs_ingest_tune *tune)
{
    struct outcome o = {0};
    o.rc = rs_ingest_tuned(&path, 1, opts, tune, NULL, &o.x, &o.report, &o.err);
    return o;
}

static void clear(struct outcome *o)
{
    rs_interactions_clear(&o->x);
    rs_ingest_report_clear(&o->report);
}

static void check_sound(const struct outcome *o, uint64_t n)
{
    const struct rs_interactions *x = &o->x;
    bool ok = o->rc ? o->err.msg[0] && !strchr(o->err.msg, '\n') : x->n > 0;
    for (int64_t i = 0; ok && !o->rc && i < x->n; i++) {
        ok = x->user[i] >= 0 && x->user[i] < rs_idmap_size(x->users) && x->item[i] >= 0 &&
             x->item[i] < rs_idmap_size(x->items) && isfinite(x->value[i]);
        if (i > 0)
            ok = ok && (x->user[i] > x->user[i - 1] ||
                        (x->user[i] == x->user[i - 1] && x->item[i] > x->item[i - 1]));
    }
    ok = ok && o->report.bad_rows <= o->report.rows && o->report.n_examples <= MAX_EXAMPLES;
    if (!ok) fail_msg("case %llu: %s", (unsigned long long)n, o->err.msg);
}

static void check_same(const struct outcome *a, const struct outcome *b, uint64_t n)
{
    bool same = a->rc == b->rc && strcmp(a->err.msg, b->err.msg) == 0 &&
                a->report.rows == b->report.rows && a->report.bad_rows == b->report.bad_rows &&
                a->report.duplicates == b->report.duplicates && a->x.n == b->x.n;
    size_t rows = same ? (size_t)a->x.n : 0;
    if (same && rows > 0)
        same = memcmp(a->x.user, b->x.user, rows * sizeof(*a->x.user)) == 0 &&
               memcmp(a->x.item, b->x.item, rows * sizeof(*a->x.item)) == 0 &&
               memcmp(a->x.value, b->x.value, rows * sizeof(*a->x.value)) == 0;
    if (!same) fail_msg("case %llu: '%s', not '%s'", (unsigned long long)n, a->err.msg, b->err.msg);
}

static struct rs_ingest_opts options(uint64_t n, enum rs_format format)
{
    static const char *const columns[] = {NULL, NULL, "user=1,item=2", "user=2,item=1,value=3",
                                          "user=user,item=item,value=rating"};
    struct rs_rng g = rs_rng_make(n, rs_rng_stream("fuzz_ingest", 0));
    return (struct rs_ingest_opts){
        .format = rs_rng_below(&g, 4) ? format : RS_FORMAT_AUTO,
        .columns = columns[rs_rng_below(&g, 5)],
        .header = (int)rs_rng_below(&g, 3) - 1,
        .strict = rs_rng_below(&g, 4) == 0,
        .max_bad_share = 1,
        .value_max = rs_rng_below(&g, 4) ? 0 : 5,
    };
}

static void texts(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    rs_par_set_threads(1);
    const struct rs_ingest_tune whole = {.no_fast = true, .part_bytes = FUZZ_MAX};
    const struct rs_ingest_tune small = {.part_bytes = 8, .window_bytes = 32};
    for (uint64_t n = 0; n < fuzz_n_cases(3000); n++) {
        const struct kind *k = &kinds[n % N_KINDS];
        struct fuzz_text t;
        fuzz_make(&t, n, k->docs, k->words);
        struct rs_ingest_opts opts = options(n, k->format);
        char *path = ref_file(dir, k->file, t.bytes, t.len);
        struct outcome a = read_file(path, &opts, &whole);
        struct outcome b = read_file(path, &opts, &small);
        check_sound(&a, n);
        check_same(&b, &a, n);
        clear(&a);
        clear(&b);
        free(path);
    }
    rs_par_set_threads(0);
    ref_remove(dir);
}

/* Bytes of a packed file, changed in a few places. */
static void packed_files(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    rs_par_set_threads(1);
    const struct rs_ingest_tune tune = {.window_bytes = 64};
    const struct rs_ingest_opts opts = {.header = -1, .max_bad_share = 1};
    const int32_t indices[] = {2, 0, 1};
    const int32_t indptr[] = {0, 2, 3};
    const float data[] = {1, 2, 3};
    const int64_t shape[] = {2, 3};
    struct ref_member m[6] = {{"indices.npy", NULL, 0}, {"indptr.npy", NULL, 0},
                              {"format.npy", NULL, 0},  {"shape.npy", NULL, 0},
                              {"data.npy", NULL, 0},    {NULL, NULL, 0}};
    void *arrays[5] = {ref_npy("<i4", "(3,)", indices, sizeof(indices), &m[0].len),
                       ref_npy("<i4", "(3,)", indptr, sizeof(indptr), &m[1].len),
                       ref_npy("|S3", "()", "csr", 3, &m[2].len),
                       ref_npy("<i8", "(2,)", shape, sizeof(shape), &m[3].len),
                       ref_npy("<f4", "(3,)", data, sizeof(data), &m[4].len)};
    for (int i = 0; i < 5; i++)
        m[i].data = arrays[i];
    const struct ref_member one[] = {{"r.csv", csv_docs[0], strlen(csv_docs[0])}, {NULL, NULL, 0}};
    char *sound[3] = {ref_zip(dir, "m.npz", m), ref_zip(dir, "r.zip", one),
                      ref_gzip(dir, "r.csv.gz", csv_docs[0], strlen(csv_docs[0]))};
    static const char *const names[] = {"x.npz", "x.zip", "x.csv.gz"};
    for (uint64_t n = 0; n < fuzz_n_cases(1500); n++) {
        struct rs_rng g = rs_rng_make(n, rs_rng_stream("fuzz_ingest", 1));
        struct rs_err err = {0};
        char *bytes;
        size_t len;
        assert_ok(rs_fs_read(sound[n % 3], FUZZ_MAX, &bytes, &len, &err), &err);
        for (uint64_t i = n < 3 ? 0 : 1 + rs_rng_below(&g, 4); i > 0; i--)
            bytes[rs_rng_below(&g, len)] = (char)rs_rng_below(&g, 256);
        size_t cut = rs_rng_below(&g, 4) || n < 3 ? len : (size_t)rs_rng_below(&g, len);
        char *path = ref_file(dir, names[n % 3], bytes, cut);
        struct outcome o = read_file(path, &opts, &tune);
        if (n < 3 && o.rc) fail_msg("a sound file is refused: %s", o.err.msg);
        check_sound(&o, n);
        clear(&o);
        free(path);
        free(bytes);
    }
    for (int i = 0; i < 5; i++)
        free(arrays[i]);
    for (int i = 0; i < 3; i++)
        free(sound[i]);
    rs_par_set_threads(0);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(packed_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
