/* Tests of ingest: every format, what columns are found, what bad rows are told, and files that are
 * no data. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_archive.h"
#include "ref/support.h"

#include "../../../src/data/ingest_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/str.h"

static const struct rs_ingest_opts look = {.header = -1, .max_bad_share = 1};
static const struct rs_ingest_opts strict = {.header = -1, .strict = true};

/* "user item value time type" a row. */
static char *dump(const struct rs_interactions *x)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    for (int64_t i = 0; i < x->n; i++) {
        rs_idmap_add_text(x->users, x->user[i], &s);
        rs_str_addc(&s, ' ');
        rs_idmap_add_text(x->items, x->item[i], &s);
        rs_str_addc(&s, ' ');
        rs_str_add_float(&s, x->value[i]);
        if (x->time) rs_str_addf(&s, " %" PRId64, x->time[i]);
        if (x->type) rs_str_addf(&s, " %s", x->types[x->type[i]]);
        rs_str_addc(&s, '\n');
    }
    return rs_str_take(&s);
}

struct result {
    enum rs_code rc;
    char *text; /* of the rows; NULL: refused */
    struct rs_ingest_report report;
    struct rs_err err;
    bool int_users;
    bool int_items;
};

static struct result read_paths(const char *const *paths, size_t n,
                                const struct rs_ingest_opts *opts)
{
    struct result r = {0};
    struct rs_interactions x = {0};
    r.rc = rs_ingest(paths, n, opts, NULL, &x, &r.report, &r.err);
    if (!r.rc) {
        r.text = dump(&x);
        r.int_users = rs_idmap_is_int(x.users);
        r.int_items = rs_idmap_is_int(x.items);
    }
    rs_interactions_clear(&x);
    return r;
}

static struct result read_bytes(const char *name, const char *text, size_t len,
                                const struct rs_ingest_opts *opts)
{
    char *dir = ref_temp_dir();
    char *path = ref_file(dir, name, text, len);
    const char *paths[] = {path};
    struct result r = read_paths(paths, 1, opts);
    free(path);
    ref_remove(dir);
    return r;
}

static void result_clear(struct result *r)
{
    free(r->text);
    rs_ingest_report_clear(&r->report);
}

static void check_rows(const char *name, const char *text, const struct rs_ingest_opts *opts,
                       const char *want)
{
    struct result r = read_bytes(name, text, SIZE_MAX, opts);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, want);
    result_clear(&r);
}

static void check_refused(const char *name, const char *text, size_t len,
                          const struct rs_ingest_opts *opts, enum rs_code code, const char *part)
{
    struct result r = read_bytes(name, text, len, opts);
    assert_code(r.rc, code, &r.err, part);
    result_clear(&r);
}

/* ---- formats -------------------------------------------------------------------------------- */

static void csv_with_known_names(void **state)
{
    (void)state;
    const char *want = "1 10 4 100\n1 20 3.5 200\n2 10 5 300\n";
    check_rows("r.csv", "userId,movieId,rating,timestamp\n1,20,3.5,200\n2,10,5,300\n1,10,4.0,100\n",
               &look, want);
    check_rows("r.csv",
               "timestamp,rating,x,movieId,userId\n200,3.5,,20,1\n300,5,,10,2\n100,4,,10,1", &look,
               want);
    check_rows("r.csv", "USERID,MOVIEID\r\n1,20\r\n\r\n1,10\r\n", &look, "1 10 1\n1 20 1\n");
    check_rows("r.csv", "\xef\xbb\xbfuser_id,item_id,score\n1,20,0.5\n", &look, "1 20 0.5\n");
    check_rows("r.csv", "user;item;value\n1;20;0.5\n", &look, "1 20 0.5\n");
    check_rows("events.csv",
               "timestamp,visitorid,event,itemid\n1433221332117,7,view,3\n"
               "1433224214164,7,cart,2\n",
               &look, "7 2 1 1433224214 cart\n7 3 1 1433221332 view\n");
}

static void csv_without_header(void **state)
{
    (void)state;
    check_rows("r.csv", "1,20,3.5,200\n1,10,4,100\n", &look, "1 10 4 100\n1 20 3.5 200\n");
    check_rows("r.csv", "1,20\n", &look, "1 20 1\n");
    check_rows("r.csv", "ann,i1,4\n", &look, "ann i1 4\n");
    struct rs_ingest_opts o = look;
    o.columns = "user=2,item=1";
    check_rows("r.csv", "1,20,3.5,200\n", &o, "20 1 1\n");
    check_rows("r.csv", "who,what\n5,6\n", &o, "6 5 1\n"); /* a second row of numbers tells */
    o.header = 0;
    check_rows("r.csv", "u,i\nu,j\n", &o, "i u 1\nj u 1\n");
    o = look;
    o.header = 0;
    check_rows("r.csv", "user,item,1\n", &o, "user item 1\n");
    o.header = 1;
    o.columns = "user=1,item=3";
    check_rows("r.csv", "7,8,9\n1,2,3\n", &o, "1 3 1\n");
}

static void named_columns(void **state)
{
    (void)state;
    struct rs_ingest_opts o = look;
    o.columns = "user=who,item=what,value=stars";
    check_rows("r.csv", "what,stars,who,rating,timestamp\n1,2,3,4,5\n", &o, "3 1 2\n");
    o.columns = "item=what";
    check_rows("r.csv", "what,user,rating\n1,2,3\n", &o, "2 1 1\n");
    check_refused("r.csv", "user,x\n1,2\n", SIZE_MAX, &o, RS_EARG, "no column 'what' (item)");
    o.columns = "user=a,item=a";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "as user and as item");
    o.columns = "user=a,thing=b";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "'thing' is none of");
    o.columns = "user=a,itm=b";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "did you mean 'item'");
    o.columns = "user";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "not ROLE=NAME");
    o.columns = "user=a,user=b";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "twice");
    o.columns = "user=1,item=9";
    check_refused("r.csv", "a,b\n1,2\n", SIZE_MAX, &o, RS_EARG, "column 9 of 2");
    check_refused("r.csv", "alpha,beta,gamma\na,b,c\n", SIZE_MAX, &look, RS_EARG,
                  "r.csv: no column for user in the header: alpha, beta, gamma; pass --columns");
}

static void other_separators(void **state)
{
    (void)state;
    const char *want = "1 1193 5 978300760\n2 661 3 978302109\n";
    check_rows("ratings.dat", "1::1193::5::978300760\n2::661::3::978302109\n", &look, want);
    check_rows("ratings.dat", "1::1193::5::978300760\r\n\r\n2::661::3::978302109", &look, want);
    check_rows("x", "2::661::3::978302109\n1::1193::5::978300760\n", &look, want);
    check_rows("ratings.dat", "a:b::c::1::2\n", &look, "a:b c 1 2\n");
    check_rows("u.data", "2\t661\t3\t978302109\n1\t1193\t5\t978300760\n", &look, want);
    check_rows("r.tsv", "user\titem\trating\n1\ta b\t2\n", &look, "1 a b 2\n");
}

static void json_lines(void **state)
{
    (void)state;
    check_rows("r.jsonl",
               "{\"user\": 2, \"item\": \"a\", \"rating\": 4.5, \"timestamp\": 17}\n\n"
               "{\"user\": \"1\", \"item\": \"b\"}\r\n"
               "{\"user\": 1, \"item\": \"a\", \"rating\": null, \"timestamp\": \"1970-01-02\"}",
               &look, "1 a 1 86400\n1 b 1 0\n2 a 4.5 17\n");
    check_rows("r.json", "{\"reviewerID\": \"A1\", \"asin\": \"B0\", \"x\": {\"y\": []}}\n", &look,
               "A1 B0 1\n");
    struct rs_ingest_opts o = look;
    o.columns = "user=u,item=i,value=v";
    check_rows("x", "{\"u\": 1, \"i\": 2, \"v\": \"3\"}\n", &o, "1 2 3\n");
    check_refused("r.jsonl", "{\"u\": 1, \"i\": 2}\n", SIZE_MAX, &look, RS_EARG,
                  "no column for user in the header: u, i");
    check_refused("r.jsonl", "{\"u\": 1, \"i\": 2}\n", SIZE_MAX, &o, RS_EARG,
                  "no row has a key 'v'");
    static const char *const bad[][2] = {
        {"{\"user\": 1, \"item\": 2}\n{\"user\": 1.5, \"item\": 2}\n",
         "r.jsonl:2: column 'user': number is not an id"},
        {"{\"user\": 1, \"item\": 2}\n\n{\"user\": 1}\n", "r.jsonl:3: no column for item"},
        {"{\"user\": 1, \"item\": 2}\n{\"user\": 1,\n", "r.jsonl:2: not JSON: "},
        {"{\"user\": 1, \"item\": 2}\n[1, 2]\n", "r.jsonl:2: list, not an object"},
        {"{\"user\": 1, \"item\": 2, \"rating\": \"x\"}\n",
         "r.jsonl:1: column 'rating': 'x' is not a number"},
        {"{\"user\": 1, \"item\": 2, \"rating\": [1]}\n",
         "r.jsonl:1: column 'rating': list is not a value"},
        {"{\"user\": null, \"item\": 2}\n", "r.jsonl:1: column 'user': '' is empty"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        check_refused("r.jsonl", bad[i][0], SIZE_MAX, &strict, RS_EPARSE, bad[i][1]);
}

static void user_items_lists(void **state)
{
    (void)state;
    const char *want = "0 1 1\n0 2 1\n3 1 1\n";
    check_rows("train.txt", "0 2 1\n3 1\n4\n", &look, want);
    check_rows("train.txt", "3,1\r\n\r\n0, 1,\t2",
               &(struct rs_ingest_opts){.format = RS_FORMAT_USER_ITEMS}, want);
    check_rows("train.txt", "u1 a b\n", &look, "u1 a 1\nu1 b 1\n");
    check_refused("train.txt", "1 2\n1 99999999999999999999\n", SIZE_MAX, &strict, RS_EPARSE,
                  "train.txt:2: column 'item': '99999999999999999999' does not fit in 64 bits");
}

/* ---- values --------------------------------------------------------------------------------- */

static void values_and_times(void **state)
{
    (void)state;
    struct result r = read_bytes("r.csv",
                                 "user,item,rating,timestamp\n"
                                 "1,1,,5\n"
                                 "1,2,-2.5e1,\n"
                                 "1,3,+.5,1e3\n"
                                 "1,4, 7 ,1970-01-01T00:01:00Z\n"
                                 "1,5,0.1,1262304000123\n"
                                 "1,6,\"8\",-5\n"
                                 "1,7,005,0012\n"
                                 "1,8,3.0000000000000000001,12.9\n",
                                 SIZE_MAX, &strict);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, "1 1 1 5\n1 2 -25 0\n1 3 0.5 1000\n1 4 7 60\n1 5 0.1 1262304000\n"
                                "1 6 8 -5\n1 7 5 12\n1 8 3 12\n");
    assert_int_equal(r.report.null_values, 1);
    assert_int_equal(r.report.null_times, 1);
    assert_int_equal(r.report.ms_times, 1);
    assert_int_equal(r.report.rows, 8);
    result_clear(&r);
}

static void ids_are_integers_or_all_texts(void **state)
{
    (void)state;
    struct result r = read_bytes("r.csv",
                                 "user,item\n10,9\n9,x\n-3,10\n9223372036854775807,9\n"
                                 "-9223372036854775808,9\n",
                                 SIZE_MAX, &strict);
    assert_ok(r.rc, &r.err);
    assert_true(r.int_users);
    assert_false(r.int_items);
    assert_string_equal(r.text, "-9223372036854775808 9 1\n-3 10 1\n9 x 1\n10 9 1\n"
                                "9223372036854775807 9 1\n");
    result_clear(&r);
    r = read_bytes("r.csv", "user,item\n10,1\n07,1\n7,1\n9,1\n", SIZE_MAX, &strict);
    assert_ok(r.rc, &r.err);
    assert_false(r.int_users);
    assert_string_equal(r.text, "07 1 1\n10 1 1\n7 1 1\n9 1 1\n"); /* by bytes */
    result_clear(&r);
    check_rows("r.csv", "user,item\n1,4000000000\n1,3\n", &strict, "1 3 1\n1 4000000000 1\n");
    check_rows("r.csv", "user,item\n1,2000000000\n1,3\n", &strict, "1 3 1\n1 2000000000 1\n");
    char long_id[RS_ID_MAX_BYTES + 1];
    memset(long_id, 'z', RS_ID_MAX_BYTES);
    long_id[RS_ID_MAX_BYTES] = '\0';
    char *text = rs_xprintf("user,item\n%s,1\n", long_id);
    char *want = rs_xprintf("%s 1 1\n", long_id);
    check_rows("r.csv", text, &strict, want);
    free(text);
    free(want);
}

static void the_last_duplicate_stays(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *a = ref_file(dir, "a.csv", "user,item,rating\n1,1,1\n2,2,2\n1,1,3\n", SIZE_MAX);
    char *b = ref_file(dir, "b.csv", "item,user,rating,timestamp\n2,2,9,7\n3,1,5,8\n", SIZE_MAX);
    const char *paths[] = {a, b};
    struct result r = read_paths(paths, 2, &strict);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, "1 1 3 0\n1 3 5 8\n2 2 9 7\n");
    assert_int_equal(r.report.duplicates, 2);
    assert_int_equal(r.report.rows, 5);
    result_clear(&r);
    const char *back[] = {b, a};
    r = read_paths(back, 2, &strict);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, "1 1 3 0\n1 3 5 8\n2 2 2 0\n");
    result_clear(&r);
    free(a);
    free(b);
    ref_remove(dir);
}

static void event_types_are_sorted_names(void **state)
{
    (void)state;
    check_rows("r.csv", "user,item,event\n1,1,view\n1,2,\n1,3,\"add, to\"\n1,4,view\n", &strict,
               "1 1 1 view\n1 2 1 \n1 3 1 add, to\n1 4 1 view\n");
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add(&s, "user,item,event\n");
    for (int i = 0; i < 256; i++)
        rs_str_addf(&s, "1,%d,t%d\n", i, i);
    check_refused("r.csv", rs_str_text(&s), SIZE_MAX, &look, RS_EPARSE,
                  "more than 255 event types");
    rs_str_clear(&s);
}

/* ---- bad rows ------------------------------------------------------------------------------- */

static void bad_rows_are_named(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"1,2,x,3", "r.csv:3: column 'rating': 'x' is not a number"},
        {"1,2,4.5.6,3", "column 'rating': '4.5.6' is not a number"},
        {"1,2,0x10,3", "'0x10' is not a number"},
        {"1,2,nan,3", "column 'rating': 'nan' is not finite"},
        {"1,2,-Inf,3", "column 'rating': '-Inf' is not finite"},
        {"1,2,1e999,3", "column 'rating': '1e999' is out of range"},
        {"1,2,1e39,3", "column 'rating': '1e39' is out of range"},
        {"1,2,3,soon", "column 'timestamp': 'soon' is not a time"},
        {"1,2,3,2020-13-01", "column 'timestamp': '2020-13-01' is not a time"},
        {"1,2,3,1e17", "column 'timestamp': '1e17' is out of range"},
        {"1,2,3,999999999999999", "column 'timestamp': '999999999999999' is out of range"},
        {",2,3,4", "column 'userId': '' is empty"},
        {"1, ,3,4", "column 'movieId': '' is empty"},
        {"9223372036854775808,2,3,4",
         "column 'userId': '9223372036854775808' does not fit in 64 bits"},
        {"1,-9223372036854775809,3,4", "does not fit in 64 bits"},
        {"1,\xff\xfe,3,4", "' is not UTF-8"},
        {"1,2", "r.csv:3: 2 fields, not 4"},
        {"\"1\n\n\",2,3,x", "r.csv:3: column 'timestamp': 'x'"},
        {"1,\"a\nb\",3,4\n1,2,x,4", "r.csv:5: column 'rating': 'x'"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *text =
            rs_xprintf("userId,movieId,rating,timestamp\n1,1,1,1\n%s\n1,3,3,3\n", bad[i][0]);
        check_refused("r.csv", text, SIZE_MAX, &strict, RS_EPARSE, bad[i][1]);
        struct result r = read_bytes("r.csv", text, SIZE_MAX, &look);
        assert_ok(r.rc, &r.err);
        assert_int_equal(r.report.bad_rows, 1);
        assert_int_equal(r.report.n_examples, 1);
        assert_non_null(strstr(r.report.examples[0], bad[i][1]));
        assert_non_null(strstr(r.text, "1 3 3 3\n"));
        result_clear(&r);
        free(text);
    }
    static const char nul[] = "userId,movieId,rating\n1,a\0b,3\n";
    check_refused("r.csv", nul, sizeof(nul) - 1, &strict, RS_EPARSE,
                  "r.csv:2: column 'movieId': 'a?b' holds a NUL byte");
    static const char nul_number[] = "userId,movieId,rating\n1,2,3\0\n";
    check_refused("r.csv", nul_number, sizeof(nul_number) - 1, &strict, RS_EPARSE, "not a number");
    struct rs_ingest_opts o = strict;
    o.header = 0;
    check_refused("r.csv", "1,2,3\n1,2,x\n", SIZE_MAX, &o, RS_EPARSE,
                  "r.csv:2: column 3: 'x' is not a number");
    char *text = rs_xprintf("userId,movieId\n1,%01100d\n", 1);
    check_refused("r.csv", text, SIZE_MAX, &strict, RS_EPARSE, "is longer than 1024 bytes");
    free(text);
}

static void bounds_of_values(void **state)
{
    (void)state;
    struct rs_ingest_opts o = strict;
    o.value_min = 0.5;
    o.value_max = 5;
    check_rows("r.csv", "1,2,0.5,0\n1,3,5.0,0\n", &o, "1 2 0.5 0\n1 3 5 0\n");
    check_refused("r.csv", "1,2,0.5,0\n1,3,5.5,0\n", SIZE_MAX, &o, RS_EPARSE,
                  "r.csv:2: column 3: '5.5' is out of range");
    check_refused("r.csv", "1,2,0.4,0\n", SIZE_MAX, &o, RS_EPARSE, "'0.4' is out of range");
}

static void the_share_of_bad_rows_is_bounded(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    for (int i = 0; i < 100; i++)
        rs_str_addf(&s, "1,%d,%s\n", i, i % 8 == 7 ? "x" : "1");
    struct rs_ingest_opts o = {.header = 0, .max_bad_share = 0.12};
    struct result r = read_bytes("r.csv", rs_str_text(&s), SIZE_MAX, &o);
    assert_ok(r.rc, &r.err);
    assert_int_equal(r.report.rows, 100);
    assert_int_equal(r.report.bad_rows, 12);
    assert_int_equal(r.report.n_examples, 10);
    assert_string_equal(r.report.examples[9], "r.csv:80: column 3: 'x' is not a number");
    result_clear(&r);
    o.max_bad_share = 0.11;
    r = read_bytes("r.csv", rs_str_text(&s), SIZE_MAX, &o);
    assert_code(r.rc, RS_EPARSE, &r.err, "12 of 100 rows are bad (12 %, at most 11 %");
    assert_int_equal(r.report.n_examples, 10); /* filled on failure too */
    result_clear(&r);
    rs_str_clear(&s);
    check_refused("r.csv", "user,item\n,1\n", SIZE_MAX, &look, RS_EPARSE, "1 of 1 rows are bad");
}

static void files_without_rows(void **state)
{
    (void)state;
    check_refused("r.csv", "", 0, &look, RS_EPARSE, "r.csv: no rows");
    check_refused("r.csv", "\n \n", SIZE_MAX, &look, RS_EPARSE, "r.csv: no rows");
    check_refused("r.csv", "userId,movieId,rating\n", SIZE_MAX, &look, RS_EPARSE, "r.csv: no rows");
    check_refused("r.jsonl", "\n", SIZE_MAX, &look, RS_EPARSE, "no rows");
    check_refused("r.txt", "", 0, &look, RS_EPARSE, "no rows");
    check_refused("r.dat", "", 0, &look, RS_EPARSE, "no rows");
    check_refused("r.csv", "\xff\xfeu\0s\0", 6, &look, RS_EPARSE, "UTF-16");
    struct rs_interactions x = {0};
    struct rs_ingest_report report;
    struct rs_err err = {0};
    const char *paths[] = {"/nonexistent/r.csv"};
    assert_code(rs_ingest(paths, 1, &look, NULL, &x, &report, &err), RS_ENOTFOUND, &err,
                "/nonexistent/r.csv");
    assert_code(rs_ingest(paths, 0, &look, NULL, &x, &report, &err), RS_EARG, &err, "no file");
}

static void quotes(void **state)
{
    (void)state;
    check_rows("r.csv", "user,item,note\n\"a,b\",\"c \"\"d\"\"\",\"x\ny\"\n e , f\"g ,\n", &strict,
               "a,b c \"d\" 1\ne f\"g 1\n");
    check_refused("r.csv", "user,item\n1,2\n3,\"4\n5,6\n", SIZE_MAX, &look, RS_EPARSE,
                  "r.csv:3: a quote that opens here is never closed");
    check_rows("r.csv", "user,item\r1,2\r3,4", &strict, "1 2 1\n3 4 1\n");
}

/* ---- packed files --------------------------------------------------------------------------- */

static void check_packed(char *path, const char *dir, const char *want)
{
    const char *paths[] = {path};
    struct result r = read_paths(paths, 1, &strict);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, want);
    result_clear(&r);
    free(path);
    (void)dir;
}

static void gzip_and_zip(void **state)
{
    (void)state;
    static const char text[] = "userId,movieId,rating\n2,1,3\n1,7,4\n";
    const char *want = "1 7 4\n2 1 3\n";
    char *dir = ref_temp_dir();
    check_packed(ref_gzip(dir, "r.csv.gz", text, sizeof(text) - 1), dir, want);
    check_packed(ref_gzip(dir, "r", text, sizeof(text) - 1), dir, want);
    const struct ref_member one[] = {{"in/r.csv", text, sizeof(text) - 1}, {NULL, NULL, 0}};
    check_packed(ref_zip(dir, "r.zip", one), dir, want);
    static const char dat[] = "2::1::3\n1::7::4\n";
    const struct ref_member other[] = {{"r.dat", dat, sizeof(dat) - 1}, {NULL, NULL, 0}};
    check_packed(ref_zip(dir, "r.zip", other), dir, want);
    const struct ref_member two[] = {
        {"a.csv", text, sizeof(text) - 1}, {"b.csv", text, sizeof(text) - 1}, {NULL, NULL, 0}};
    char *path = ref_zip(dir, "two.zip", two);
    const char *paths[] = {path};
    struct result r = read_paths(paths, 1, &strict);
    assert_code(r.rc, RS_EARG, &r.err, "holds 'a.csv', 'b.csv'");
    result_clear(&r);
    free(path);
    const struct ref_member none[] = {{NULL, NULL, 0}};
    path = ref_zip(dir, "none.zip", none);
    paths[0] = path;
    r = read_paths(paths, 1, &strict);
    assert_code(r.rc, RS_EPARSE, &r.err, "holds no file");
    result_clear(&r);
    free(path);
    path = ref_gzip(dir, "empty.csv.gz", "", 0);
    paths[0] = path;
    r = read_paths(paths, 1, &strict);
    assert_code(r.rc, RS_EPARSE, &r.err, "no rows");
    result_clear(&r);
    free(path);
    ref_remove(dir);
}

static void cut_archives_are_refused(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add(&s, "userId,movieId,rating\n");
    for (int i = 0; i < 3000; i++)
        rs_str_addf(&s, "%d,%d,%d\n", i * 7919 % 1000, i, i % 5);
    char *dir = ref_temp_dir();
    char *path = ref_gzip(dir, "r.csv.gz", rs_str_text(&s), s.len);
    char *bytes;
    size_t len;
    struct rs_err err = {0};
    assert_ok(rs_fs_read(path, SIZE_MAX, &bytes, &len, &err), &err);
    char *cut = ref_file(dir, "cut.csv.gz", bytes, len / 2);
    const char *paths[] = {cut};
    struct result r = read_paths(paths, 1, &look);
    assert_code(r.rc, RS_EDAMAGED, &r.err, "cut.csv.gz' is damaged or cut short");
    result_clear(&r);
    free(cut);
    free(bytes);
    free(path);
    rs_str_clear(&s);
    ref_remove(dir);
}

/* A packed file read in windows that end anywhere is the plain file. */
static void windows_do_not_show(void **state)
{
    (void)state;
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_str_add(&s, "userId,movieId,rating,timestamp\n");
    for (int i = 0; i < 150; i++)
        rs_str_addf(&s, "%d,%s%d%s,%d.5,%d%s", i * 7919 % 100, i % 9 ? "" : "\"a\n", i % 50,
                    i % 9 ? "" : "\"", i % 5, i, i % 3 ? "\n" : "\r\n");
    char *dir = ref_temp_dir();
    char *plain = ref_file(dir, "r.csv", rs_str_text(&s), s.len);
    char *packed = ref_gzip(dir, "r.csv.gz", rs_str_text(&s), s.len);
    const char *paths[] = {plain};
    struct result want = read_paths(paths, 1, &strict);
    assert_ok(want.rc, &want.err);
    for (size_t window = 1; window < 3000; window = 2 * window + 3) {
        struct rs_ingest_tune tune = {.window_bytes = window, .part_bytes = 64};
        struct rs_interactions x = {0};
        struct rs_ingest_report report;
        struct rs_err err = {0};
        paths[0] = packed;
        assert_ok(rs_ingest_tuned(paths, 1, &strict, &tune, NULL, &x, &report, &err), &err);
        char *got = dump(&x);
        assert_string_equal(got, want.text);
        assert_int_equal(report.duplicates, want.report.duplicates);
        free(got);
        rs_interactions_clear(&x);
        rs_ingest_report_clear(&report);
    }
    result_clear(&want);
    free(plain);
    free(packed);
    rs_str_clear(&s);
    ref_remove(dir);
}

/* ---- npz ------------------------------------------------------------------------------------ */

struct npz {
    const char *index_descr, *ptr_descr, *data_descr, *shape_descr, *format_descr;
    const void *indices, *indptr, *data, *shape, *format;
    size_t index_len, ptr_len, data_len, shape_len, format_len;
    int n; /* entries */
};

static const struct npz good_npz = {
    .index_descr = "<i4",
    .ptr_descr = "<i4",
    .data_descr = "<f4",
    .shape_descr = "<i8",
    .format_descr = "|S3",
    .indices = (const int32_t[]){2, 0, 1},
    .indptr = (const int32_t[]){0, 2, 2, 3},
    .data = (const float[]){1.5F, 2, 3},
    .shape = (const int64_t[]){3, 4},
    .format = "csr",
    .index_len = 12,
    .ptr_len = 16,
    .data_len = 12,
    .shape_len = 16,
    .format_len = 3,
    .n = 3,
};

static struct result read_npz(const struct npz *z, const struct rs_ingest_opts *opts)
{
    char shape[16];
    snprintf(shape, sizeof(shape), "(%d,)", z->n);
    struct ref_member m[6] = {{"indices.npy", NULL, 0}, {"indptr.npy", NULL, 0},
                              {"format.npy", NULL, 0},  {"shape.npy", NULL, 0},
                              {"data.npy", NULL, 0},    {NULL, NULL, 0}};
    void *parts[5] = {
        ref_npy(z->index_descr, shape, z->indices, z->index_len, &m[0].len),
        ref_npy(z->ptr_descr, "(4,)", z->indptr, z->ptr_len, &m[1].len),
        ref_npy(z->format_descr, "()", z->format, z->format_len, &m[2].len),
        ref_npy(z->shape_descr, "(2,)", z->shape, z->shape_len, &m[3].len),
        ref_npy(z->data_descr, shape, z->data, z->data_len, &m[4].len),
    };
    for (int i = 0; i < 5; i++)
        m[i].data = parts[i];
    char *dir = ref_temp_dir();
    char *path = ref_zip(dir, "m.npz", m);
    const char *paths[] = {path};
    struct result r = read_paths(paths, 1, opts);
    for (int i = 0; i < 5; i++)
        free(parts[i]);
    free(path);
    ref_remove(dir);
    return r;
}

static void check_npz(const struct npz *z, const char *want)
{
    struct result r = read_npz(z, &strict);
    assert_ok(r.rc, &r.err);
    assert_string_equal(r.text, want);
    result_clear(&r);
}

static void check_npz_refused(const struct npz *z, enum rs_code code, const char *part)
{
    struct result r = read_npz(z, &strict);
    assert_code(r.rc, code, &r.err, part);
    result_clear(&r);
}

static void npz_matrices(void **state)
{
    (void)state;
    check_npz(&good_npz, "0 0 2\n0 2 1.5\n2 1 3\n");
    struct npz z = good_npz;
    z.index_descr = "<i8";
    z.indices = (const int64_t[]){2, 0, 1};
    z.index_len = 24;
    z.data_descr = "|b1";
    z.data = (const char[]){1, 0, 1};
    z.data_len = 3;
    z.format_descr = "<U3";
    z.format = "c\0\0\0s\0\0\0r\0\0\0";
    z.format_len = 12;
    check_npz(&z, "0 0 0\n0 2 1\n2 1 1\n");
    z.data_descr = "|i1";
    z.data = (const int8_t[]){-1, 2, 3};
    check_npz(&z, "0 0 2\n0 2 -1\n2 1 3\n");
    z.data_descr = "<f8";
    z.data = (const double[]){0.1, 2, 3};
    z.data_len = 24;
    check_npz(&z, "0 0 2\n0 2 0.1\n2 1 3\n");
    z.data = (const double[]){0.1, 2, 1e300};
    check_npz_refused(&z, RS_EPARSE, "m.npz: row 2, column 1: value 1e+300 is out of range");
    z.data = (const double[]){0.1, (double)NAN, 1};
    check_npz_refused(&z, RS_EPARSE, "row 0, column 0: value nan is not finite");
}

static void npz_that_lie(void **state)
{
    (void)state;
    struct npz z = good_npz;
    z.format = "csc";
    check_npz_refused(&z, RS_EARG, "format 'csc', not 'csr'");
    z = good_npz;
    z.indices = (const int32_t[]){2, 4, 1};
    check_npz_refused(&z, RS_EPARSE, "indices.npy: has a column outside the shape");
    z = good_npz;
    z.indptr = (const int32_t[]){0, 3, 2, 3};
    check_npz_refused(&z, RS_EPARSE, "indptr.npy: does not fit");
    z.indptr = (const int32_t[]){0, 2, 2, 1000000};
    check_npz_refused(&z, RS_EPARSE, "indptr.npy: does not fit");
    z = good_npz;
    z.shape = (const int64_t[]){3, INT64_MAX};
    check_npz_refused(&z, RS_EPARSE, "shape.npy: is out of range");
    z = good_npz;
    z.n = 1000000000; /* bytes that are not there */
    check_npz_refused(&z, RS_EPARSE, "indices.npy: ends too early");
    z = good_npz;
    z.n = 2;
    check_npz_refused(&z, RS_EPARSE, "indices.npy: is longer than its header says");
    z = good_npz;
    z.index_descr = ">i4";
    check_npz_refused(&z, RS_EPARSE, "indices.npy: has a type that is not read");
    z.index_descr = "<f4";
    check_npz_refused(&z, RS_EPARSE, "indices.npy: has no numbers of the kind");
    check_refused("m.npz", "1,2,3\n", SIZE_MAX, &look, RS_EPARSE, "m.npz: not an .npz file");
    char *dir = ref_temp_dir();
    const struct ref_member m[] = {{"format.npy", "x", 1}, {NULL, NULL, 0}};
    char *path = ref_zip(dir, "m.npz", m);
    const char *paths[] = {path};
    struct result r = read_paths(paths, 1, &look);
    assert_code(r.rc, RS_EPARSE, &r.err, "format.npy: ends too early");
    result_clear(&r);
    free(path);
    const struct ref_member none[] = {{"a.txt", "x", 1}, {NULL, NULL, 0}};
    path = ref_zip(dir, "m.npz", none);
    paths[0] = path;
    r = read_paths(paths, 1, &look);
    assert_code(r.rc, RS_EPARSE, &r.err, "no format.npy");
    result_clear(&r);
    free(path);
    ref_remove(dir);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void formats_have_names(void **state)
{
    (void)state;
    for (int f = 0; f < RS_FORMAT_COUNT; f++) {
        enum rs_format back;
        assert_true(rs_format_parse(rs_format_name((enum rs_format)f), &back));
        assert_int_equal(back, f);
    }
    enum rs_format f;
    assert_false(rs_format_parse("xlsx", &f));
}

static void on_progress(const struct rs_progress *p, void *ctx)
{
    double *last = ctx;
    assert_true(p->done <= p->total * 1.0001);
    *last = p->done / p->total;
}

static void progress_and_cancel(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *path = ref_file(dir, "r.csv", "1,2,3\n", SIZE_MAX);
    const char *paths[] = {path};
    struct rs_interactions x = {0};
    struct rs_ingest_report report;
    struct rs_err err = {0};
    double last = 0;
    struct rs_task task = {.on_progress = on_progress, .ctx = &last};
    assert_ok(rs_ingest(paths, 1, &look, &task, &x, &report, &err), &err);
    assert_true(last == 1);
    rs_interactions_clear(&x);
    atomic_store(&task.cancel, true);
    assert_code(rs_ingest(paths, 1, &look, &task, &x, &report, &err), RS_ECANCEL, &err, "r.csv");
    rs_ingest_report_clear(&report);
    free(path);
    ref_remove(dir);
}

static enum rs_code read_all(void *ctx, struct rs_err *err)
{
    const char *const *paths = ctx;
    enum rs_code rc = RS_OK;
    for (int i = 0; !rc && paths[i]; i++) {
        struct rs_interactions x = {0};
        struct rs_ingest_report report;
        rc = rs_ingest(&paths[i], 1, &look, NULL, &x, &report, err);
        rs_interactions_clear(&x);
        rs_ingest_report_clear(&report);
    }
    return rc;
}

static void failing_memory_is_told(void **state)
{
    (void)state;
    static const char text[] = "user,item,event\nann,9000000000,a\nbob,1,b\nann,1,a\n";
    char *dir = ref_temp_dir();
    char *plain = ref_file(dir, "a.csv", text, SIZE_MAX);
    char *packed = ref_gzip(dir, "b.csv.gz", "3,4,1\n1,2,3\n", 12);
    const char *paths[] = {plain, packed, NULL};
    rs_par_set_threads(1);
    assert_survives_oom(read_all, paths);
    rs_par_set_threads(0);
    free(plain);
    free(packed);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_with_known_names),
        cmocka_unit_test(csv_without_header),
        cmocka_unit_test(named_columns),
        cmocka_unit_test(other_separators),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(user_items_lists),
        cmocka_unit_test(values_and_times),
        cmocka_unit_test(ids_are_integers_or_all_texts),
        cmocka_unit_test(the_last_duplicate_stays),
        cmocka_unit_test(event_types_are_sorted_names),
        cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(bounds_of_values),
        cmocka_unit_test(the_share_of_bad_rows_is_bounded),
        cmocka_unit_test(files_without_rows),
        cmocka_unit_test(quotes),
        cmocka_unit_test(gzip_and_zip),
        cmocka_unit_test(cut_archives_are_refused),
        cmocka_unit_test(windows_do_not_show),
        cmocka_unit_test(npz_matrices),
        cmocka_unit_test(npz_that_lie),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(progress_and_cancel),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
