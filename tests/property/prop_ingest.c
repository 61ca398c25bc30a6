/*
 * The direct path, any cut and any number of threads against libcsv over the whole file on one
 * thread: equal columns, ids and report, byte for byte, on seeded files that mix plain rows with
 * everything that is not plain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"

#include "../../src/data/ingest_impl.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"

#define N_SEEDS 200

/* ---- files from seeds ----------------------------------------------------------------------- */

struct maker {
    struct rs_rng g;
    struct rs_str text;
    bool quotes;
    bool odd;    /* rows that are not plain */
    bool wide;   /* ids beyond 31 bits */
    bool texts;  /* ids that are no integers */
    bool sorted; /* rows in order, most of them */
    int64_t row;
    const char *delim;
    const char *newline;
};

static uint64_t below(struct maker *m, uint64_t n)
{
    return rs_rng_below(&m->g, n);
}

static bool one_in(struct maker *m, uint64_t n)
{
    return below(m, n) == 0;
}

static void add_id(struct maker *m, uint64_t range)
{
    static const char *const odd[] = {"-3",     "0",   "007",  "+5",
                                      " 12",    "12 ", "",     "-0",
                                      "1 2",    "x",   "\xc3", "99999999999999999999",
                                      "\"4\"5", "1e3", "\t8",  "9223372036854775807"};
    bool quote = m->quotes && one_in(m, 8);
    if (quote) rs_str_addc(&m->text, '"');
    if (m->odd && one_in(m, 40)) {
        const char *s = odd[below(m, sizeof(odd) / sizeof(*odd))];
        if (m->quotes || !strchr(s, '"')) rs_str_add(&m->text, s);
    } else if (m->wide && one_in(m, 10)) {
        rs_str_addf(&m->text, "%llu", (unsigned long long)(1ULL << (31 + below(m, 32))));
    } else if (m->texts && one_in(m, 10)) {
        rs_str_addf(&m->text, "u%llu", (unsigned long long)below(m, range));
    } else {
        rs_str_addf(&m->text, "%llu", (unsigned long long)below(m, range));
    }
    if (quote && one_in(m, 6)) rs_str_add(&m->text, one_in(m, 2) ? "\n" : "\"\"");
    if (quote) rs_str_addc(&m->text, '"');
}

static void add_value(struct maker *m)
{
    static const char *const odd[] = {"",
                                      "-1.5",
                                      "1e1",
                                      " 3",
                                      "3 ",
                                      "x",
                                      ".5",
                                      "5.",
                                      "nan",
                                      "+2",
                                      "0003",
                                      "1.234567",
                                      "1e-3",
                                      "12345678.5",
                                      "123456789012.25",
                                      "0.12345678901234567",
                                      "1e400",
                                      "3.5.1"};
    if (m->odd && one_in(m, 30)) {
        rs_str_add(&m->text, odd[below(m, sizeof(odd) / sizeof(*odd))]);
    } else if (one_in(m, 3)) {
        rs_str_addf(&m->text, "%llu", (unsigned long long)below(m, 6));
    } else {
        rs_str_addf(&m->text, "%.*f", (int)(1 + below(m, 9)), rs_rng_uniform(&m->g) * 5);
    }
}

static void add_time(struct maker *m)
{
    static const char *const odd[] = {"",
                                      "-7",
                                      "1.5e9",
                                      "2020-01-02T03:04:05Z",
                                      "1600000000123",
                                      "x",
                                      " 44",
                                      "007",
                                      "99999999999999999999",
                                      "1e30",
                                      "253402300800",
                                      "100000000001"};
    if (m->odd && one_in(m, 30)) {
        rs_str_add(&m->text, odd[below(m, sizeof(odd) / sizeof(*odd))]);
    } else {
        rs_str_addf(
            &m->text, "%llu",
            (unsigned long long)(one_in(m, 4) ? below(m, 100) : 800000000 + below(m, 800000000)));
    }
}

static void add_row(struct maker *m, const int order[4], int n_fields)
{
    m->row++;
    for (int f = 0; f < n_fields; f++) {
        if (f > 0) rs_str_add(&m->text, m->delim);
        switch (f < 4 ? order[f] : 4) {
        case 0:
            if (m->sorted && !one_in(m, 50)) {
                rs_str_addf(&m->text, "%lld", (long long)(m->row / 7));
            } else {
                add_id(m, 60);
            }
            break;
        case 1:
            if (m->sorted && !one_in(m, 50)) {
                rs_str_addf(&m->text, "%lld", (long long)(m->row % 7));
            } else {
                add_id(m, 90);
            }
            break;
        case 2:
            add_value(m);
            break;
        case 3:
            add_time(m);
            break;
        default:
            rs_str_add(&m->text, m->quotes && one_in(m, 4) ? "\"a, b\n c\""
                                 : one_in(m, 2)            ? "zz"
                                                           : "");
        }
    }
    if (m->odd && one_in(m, 60)) rs_str_add(&m->text, m->delim);
    rs_str_add(&m->text, m->newline);
    if (m->odd && one_in(m, 60)) rs_str_add(&m->text, one_in(m, 2) ? m->newline : "  \n");
    if (m->odd && one_in(m, 200)) rs_str_add(&m->text, "1");
    if (m->odd && one_in(m, 400)) rs_str_add(&m->text, "\r");
    if (m->odd && one_in(m, 400)) rs_str_addn(&m->text, "\0", 1);
}

/* A file, and the format and columns that read it. */
static void make_file(struct maker *m, uint64_t seed, struct rs_ingest_opts *opts, char **columns)
{
    *m = (struct maker){.g = rs_rng_make(seed, rs_rng_stream("prop_ingest", 0))};
    rs_str_init(&m->text, 0);
    m->quotes = one_in(m, 3);
    m->odd = one_in(m, 2);
    m->wide = one_in(m, 4);
    m->texts = one_in(m, 5);
    m->sorted = one_in(m, 3);
    m->newline = one_in(m, 3) ? "\r\n" : "\n";
    static const enum rs_format formats[] = {RS_FORMAT_CSV, RS_FORMAT_TSV, RS_FORMAT_DAT};
    static const char *const delims[] = {",", "\t", "::"};
    uint64_t format = below(m, 3);
    m->delim = delims[format];
    int order[4] = {0, 1, 2, 3};
    if (one_in(m, 2)) {
        for (uint64_t i = 3; i > 0; i--) {
            uint64_t j = below(m, i + 1);
            int t = order[i];
            order[i] = order[j];
            order[j] = t;
        }
    }
    int at[4];
    for (int f = 0; f < 4; f++)
        at[order[f]] = f + 1;
    *columns = one_in(m, 4)
                   ? rs_xprintf("user=%d,item=%d", at[0], at[1])
                   : rs_xprintf("user=%d,item=%d,value=%d,time=%d", at[0], at[1], at[2], at[3]);
    *opts = (struct rs_ingest_opts){
        .format = formats[format], .columns = *columns, .header = 0, .max_bad_share = 1};
    if (one_in(m, 4)) {
        opts->value_min = 0.5;
        opts->value_max = 4;
    }
    if (m->odd && one_in(m, 5)) rs_str_add(&m->text, "\xef\xbb\xbf");
    int n_fields = 4 + (int)below(m, 3);
    for (uint64_t n = 1 + below(m, 400); n > 0; n--)
        add_row(m, order, n_fields);
    if (m->odd && one_in(m, 3)) { /* the last line has no end */
        while (m->text.len > 0 && strchr("\r\n", m->text.data[m->text.len - 1]))
            m->text.data[--m->text.len] = '\0';
    }
}

/* ---- comparing ------------------------------------------------------------------------------ */

struct outcome {
    enum rs_code rc;
    struct rs_interactions x;
    struct rs_ingest_report report;
    struct rs_err err;
};

static struct outcome read_with(const char *path, const struct rs_ingest_opts *opts, int threads,
                                size_t part_bytes, bool no_fast)
{
    struct outcome o = {0};
    struct rs_ingest_tune tune = {.part_bytes = part_bytes, .no_fast = no_fast};
    rs_par_set_threads(threads);
    o.rc = rs_ingest_tuned(&path, 1, opts, &tune, NULL, &o.x, &o.report, &o.err);
    rs_par_set_threads(0);
    return o;
}

static void outcome_clear(struct outcome *o)
{
    rs_interactions_clear(&o->x);
    rs_ingest_report_clear(&o->report);
}

static bool same_ids(const struct rs_idmap *a, const struct rs_idmap *b)
{
    if (rs_idmap_size(a) != rs_idmap_size(b) || rs_idmap_is_int(a) != rs_idmap_is_int(b))
        return false;
    struct rs_str s;
    struct rs_str t;
    rs_str_init(&s, 0);
    rs_str_init(&t, 0);
    for (int32_t i = 0; i < rs_idmap_size(a); i++) {
        rs_idmap_add_text(a, i, &s);
        rs_idmap_add_text(b, i, &t);
        rs_str_addc(&s, '\n');
        rs_str_addc(&t, '\n');
    }
    bool same = strcmp(rs_str_text(&s), rs_str_text(&t)) == 0;
    rs_str_clear(&s);
    rs_str_clear(&t);
    return same;
}

static bool same_report(const struct rs_ingest_report *a, const struct rs_ingest_report *b)
{
    bool same = a->rows == b->rows && a->bad_rows == b->bad_rows &&
                a->duplicates == b->duplicates && a->null_values == b->null_values &&
                a->null_times == b->null_times && a->ms_times == b->ms_times &&
                a->n_examples == b->n_examples;
    for (int i = 0; same && i < a->n_examples; i++)
        same = strcmp(a->examples[i], b->examples[i]) == 0;
    return same;
}

static bool same_columns(const struct rs_interactions *a, const struct rs_interactions *b)
{
    size_t n = (size_t)a->n;
    return a->n == b->n && !a->time == !b->time &&
           memcmp(a->user, b->user, n * sizeof(*a->user)) == 0 &&
           memcmp(a->item, b->item, n * sizeof(*a->item)) == 0 &&
           memcmp(a->value, b->value, n * sizeof(*a->value)) == 0 &&
           (!a->time || memcmp(a->time, b->time, n * sizeof(*a->time)) == 0) &&
           same_ids(a->users, b->users) && same_ids(a->items, b->items);
}

static void assert_same(const struct outcome *got, const struct outcome *want, uint64_t seed)
{
    if (got->rc != want->rc || strcmp(got->err.msg, want->err.msg) != 0)
        fail_msg("seed %llu: '%s', not '%s'", (unsigned long long)seed, got->err.msg,
                 want->err.msg);
    if (!same_report(&got->report, &want->report))
        fail_msg("seed %llu: reports differ", (unsigned long long)seed);
    if (!got->rc && !same_columns(&got->x, &want->x))
        fail_msg("seed %llu: columns differ", (unsigned long long)seed);
}

static void assert_sorted(const struct rs_interactions *x)
{
    for (int64_t i = 1; i < x->n; i++) {
        assert_true(x->user[i - 1] < x->user[i] ||
                    (x->user[i - 1] == x->user[i] && x->item[i - 1] < x->item[i]));
    }
}

static void every_way_reads_the_same(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    int accepted = 0;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct maker m;
        struct rs_ingest_opts opts;
        char *columns;
        make_file(&m, seed, &opts, &columns);
        char *path = ref_file(dir, "r.txt", rs_str_text(&m.text), m.text.len);
        opts.strict = seed % 4 == 0;
        struct outcome want = read_with(path, &opts, 1, SIZE_MAX / 2, true);
        if (!want.rc) assert_sorted(&want.x);
        accepted += want.rc == RS_OK;
        static const int threads[] = {1, 2, 1, 3, 1};
        for (int way = 0; way < 5; way++) {
            size_t part_bytes = (size_t)1 << (2 * way + 1);
            struct outcome got =
                read_with(path, &opts, threads[(seed + (uint64_t)way) % 5], part_bytes, way % 2);
            assert_same(&got, &want, seed);
            outcome_clear(&got);
        }
        struct outcome whole = read_with(path, &opts, 1, SIZE_MAX / 2, false);
        assert_same(&whole, &want, seed);
        outcome_clear(&whole);
        outcome_clear(&want);
        free(path);
        free(columns);
        rs_str_clear(&m.text);
    }
    assert_true(accepted > N_SEEDS / 2); /* the files are not all refused */
    ref_remove(dir);
}

/* Rows of a matrix written in any order with some of them twice come back as the matrix. */
static void order_and_repeats_do_not_matter(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rs_rng g = rs_rng_make(seed, rs_rng_stream("prop_ingest", 1));
        int64_t cells[600];
        struct rs_str sorted;
        struct rs_str mixed;
        rs_str_init(&sorted, 0);
        rs_str_init(&mixed, 0);
        for (int64_t i = 0; i < 600; i++) {
            cells[i] = i;
            rs_str_addf(&sorted, "%lld,%lld,%lld\n", (long long)(i / 20), (long long)(i % 20),
                        (long long)i);
        }
        int64_t block = seed % 2 ? 600 : 20; /* all rows in any order, or those of each user */
        for (int64_t first = 0; first < 600; first += block) {
            for (int pass = 0; pass < 2; pass++) { /* the first is overwritten by the second */
                rs_rng_shuffle(&g, cells + first, block);
                for (int64_t k = first; k < first + block; k++)
                    rs_str_addf(&mixed, "%lld,%lld,%lld\n", (long long)(cells[k] / 20),
                                (long long)(cells[k] % 20), (long long)(pass ? cells[k] : 7));
            }
        }
        char *a = ref_file(dir, "a.csv", rs_str_text(&sorted), sorted.len);
        char *b = ref_file(dir, "b.csv", rs_str_text(&mixed), mixed.len);
        const struct rs_ingest_opts opts = {.header = 0, .strict = true};
        struct outcome want = read_with(a, &opts, 2, 100, false);
        struct outcome got = read_with(b, &opts, 3, 100, false);
        assert_int_equal(want.report.duplicates, 0);
        assert_int_equal(got.report.duplicates, 600);
        got.report.duplicates = 0;
        got.report.rows = want.report.rows;
        assert_same(&got, &want, seed);
        outcome_clear(&want);
        outcome_clear(&got);
        free(a);
        free(b);
        rs_str_clear(&sorted);
        rs_str_clear(&mixed);
    }
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_reads_the_same),
        cmocka_unit_test(order_and_repeats_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
