/* Titles, genres, years: set, subset, read from files, saved and loaded. */
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/data/catalogue.h"

static struct rs_idmap *int_ids(int32_t n)
{
    int64_t ids[64];
    struct rs_idmap *m = NULL;
    struct rs_err err = {0};
    for (int32_t i = 0; i < n; i++)
        ids[i] = i + 1;
    assert_ok(rs_idmap_from_ints(ids, n, &m, &err), &err);
    return m;
}

static char *genres_of(const struct rs_catalogue *c, int32_t item)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    rs_catalogue_add_genres(c, item, &s);
    return rs_str_take(&s);
}

static void assert_row(const struct rs_catalogue *c, int32_t item, const char *title,
                       const char *genres, int32_t year)
{
    char *got = genres_of(c, item);
    assert_string_equal(rs_catalogue_title(c, item), title);
    assert_string_equal(got, genres);
    assert_int_equal(rs_catalogue_year(c, item), year);
    free(got);
}

static void new_rows_are_unknown(void **state)
{
    (void)state;
    struct rs_catalogue *c = rs_catalogue_new(3);
    assert_int_equal(rs_catalogue_size(c), 3);
    assert_int_equal(rs_catalogue_n_genres(c), 0);
    assert_row(c, 2, "", "", 0);
    rs_catalogue_free(c);
    rs_catalogue_free(NULL);
    struct rs_catalogue *none = rs_catalogue_new(0);
    assert_int_equal(rs_catalogue_size(none), 0);
    rs_catalogue_free(none);
}

static void set_keeps_genre_names_sorted(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(4);
    assert_ok(rs_catalogue_set(c, 0, "Heat (1995)", "Thriller|Crime", 0, &err), &err);
    assert_ok(rs_catalogue_set(c, 1, "Alien", "Horror|Sci-Fi|Horror", 1979, &err), &err);
    assert_ok(rs_catalogue_set(c, 2, "Nothing", "(no genres listed)", 0, &err), &err);
    assert_ok(rs_catalogue_set(c, 3, "Odd", "||Action||", 0, &err), &err);
    assert_int_equal(rs_catalogue_n_genres(c), 5);
    static const char *const names[] = {"Action", "Crime", "Horror", "Sci-Fi", "Thriller"};
    for (int32_t g = 0; g < 5; g++)
        assert_string_equal(rs_catalogue_genre(c, g), names[g]);
    assert_row(c, 0, "Heat (1995)", "Crime|Thriller", 1995);
    assert_row(c, 1, "Alien", "Horror|Sci-Fi", 1979);
    assert_row(c, 2, "Nothing", "", 0);
    assert_row(c, 3, "Odd", "Action", 0);
    assert_int_equal(rs_catalogue_genre_mask(c, 1), 1u << 2 | 1u << 3);
    assert_int_equal(rs_catalogue_find_genre(c, "sci-fi"), 3);
    assert_int_equal(rs_catalogue_find_genre(c, "Sci"), -1);
    assert_ok(rs_catalogue_set(c, 0, "Heat", "", 0, &err), &err); /* replaces */
    assert_row(c, 0, "Heat", "", 0);
    rs_catalogue_free(c);
}

static void a_name_and_its_beginning_are_two_genres(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(1);
    assert_ok(rs_catalogue_set(c, 0, "x", "War|Warm|Wa", 0, &err), &err);
    assert_int_equal(rs_catalogue_n_genres(c), 3);
    assert_row(c, 0, "x", "Wa|War|Warm", 0);
    rs_catalogue_free(c);
}

static void years_come_from_the_end_of_titles(void **state)
{
    (void)state;
    static const struct {
        const char *title;
        int32_t year;
    } cases[] = {{"A (1999)", 1999}, {"A (1999)  ", 1999},  {"(2001) A", 0},
                 {"A (199)", 0},     {"A (1998-1999)", 0},  {"A (19x9)", 0},
                 {"(1999)", 1999},   {"2001 (1968)", 1968}, {"", 0},
                 {"1999)", 0},       {"Blade (2049) x", 0}};
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_ok(rs_catalogue_set(c, 0, cases[i].title, "", 0, &err), &err);
        assert_int_equal(rs_catalogue_year(c, 0), cases[i].year);
    }
    assert_ok(rs_catalogue_set(c, 0, "A (1999)", "", 1800, &err), &err);
    assert_int_equal(rs_catalogue_year(c, 0), 1800);
    rs_catalogue_free(c);
}

static void the_65th_genre_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(2);
    for (int g = RS_MAX_GENRES - 1; g >= 0; g--) { /* each goes before all others */
        char *name = rs_xprintf("G%02d", g);
        assert_ok(rs_catalogue_set(c, 0, "t", name, 0, &err), &err);
        free(name);
    }
    assert_int_equal(rs_catalogue_n_genres(c), RS_MAX_GENRES);
    assert_row(c, 0, "t", "G00", 0);
    assert_ok(rs_catalogue_set(c, 1, "t", "G63|G00", 0, &err), &err);
    assert_row(c, 1, "t", "G00|G63", 0);
    assert_code(rs_catalogue_set(c, 0, "t", "New", 0, &err), RS_EARG, &err, "genre 'New'");
    rs_catalogue_free(c);
}

static void subsets_keep_rows_and_names(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(3);
    struct rs_catalogue *s = NULL;
    assert_ok(rs_catalogue_set(c, 0, "A (2000)", "X", 0, &err), &err);
    assert_ok(rs_catalogue_set(c, 2, "C", "Y|Z", 1950, &err), &err);
    const int32_t keep[] = {1, 2};
    assert_ok(rs_catalogue_subset(c, keep, 2, &s, &err), &err);
    rs_catalogue_free(c);
    assert_int_equal(rs_catalogue_size(s), 2);
    assert_int_equal(rs_catalogue_n_genres(s), 3);
    assert_row(s, 0, "", "", 0);
    assert_row(s, 1, "C", "Y|Z", 1950);
    rs_catalogue_free(s);
}

/* ---- files -------------------------------------------------------------------------------- */

/* Reads text into a fresh catalogue of items 1..n; *c_out NULL where it fails. */
static enum rs_code read_text(const char *text, size_t len, int32_t n, struct rs_catalogue **c_out,
                              int64_t *matched, struct rs_err *err)
{
    char *dir = ref_temp_dir();
    char *path = ref_file(dir, "movies.csv", text, len);
    struct rs_idmap *ids = int_ids(n);
    *c_out = rs_catalogue_new(n);
    enum rs_code rc = rs_catalogue_read(path, ids, *c_out, matched, err);
    rs_idmap_free(ids);
    free(path);
    ref_remove(dir);
    if (rc) {
        rs_catalogue_free(*c_out);
        *c_out = NULL;
    }
    return rc;
}

static struct rs_catalogue *read_ok(const char *text, int32_t n, int64_t want_matched)
{
    struct rs_err err = {0};
    struct rs_catalogue *c = NULL;
    int64_t matched = -1;
    assert_ok(read_text(text, SIZE_MAX, n, &c, &matched, &err), &err);
    assert_int_equal(matched, want_matched);
    return c;
}

static void reads_movielens_csv(void **state)
{
    (void)state;
    struct rs_catalogue *c = read_ok("\xef\xbb\xbfmovieId,title,genres\r\n"
                                     "1,Toy Story (1995),Adventure|Animation\r\n"
                                     "\r\n"
                                     "2,\"American President, The (1995)\",Comedy\r\n"
                                     "9,Unknown (2000),Drama\r\n"
                                     "3,\"\"\"Great\"\" \nThing (1990)\",(no genres listed)",
                                     4, 3);
    assert_row(c, 0, "Toy Story (1995)", "Adventure|Animation", 1995);
    assert_row(c, 1, "American President, The (1995)", "Comedy", 1995);
    assert_row(c, 2, "\"Great\" \nThing (1990)", "", 1990);
    assert_row(c, 3, "", "", 0);
    assert_int_equal(rs_catalogue_find_genre(c, "Drama"), -1); /* of an unknown item */
    rs_catalogue_free(c);
}

static void finds_columns_by_their_names(void **state)
{
    (void)state;
    struct rs_catalogue *c =
        read_ok("year,Genre,extra,NAME,Item_ID\n1977,Space,x,Star,1\n,,,,2\n", 2, 2);
    assert_row(c, 0, "Star", "Space", 1977);
    assert_row(c, 1, "", "", 0);
    rs_catalogue_free(c);
    c = read_ok("id,item\n7,1\n", 2, 1); /* item goes before id; no title, no genres */
    assert_row(c, 0, "", "", 0);
    rs_catalogue_free(c);
}

static void reads_double_colons_and_latin1(void **state)
{
    (void)state;
    struct rs_catalogue *c = read_ok("1::Caf\xe9 \xff \"x\", a: b (1996)::Drama|Comedy\n"
                                     "2::Caf\xc3\xa9::Drama\n"
                                     "3::::\n",
                                     3, 3);
    assert_row(c, 0, "Caf\xc3\xa9 \xc3\xbf \"x\", a: b (1996)", "Comedy|Drama", 1996);
    assert_row(c, 1, "Caf\xc3\xa9", "Drama", 0);
    assert_row(c, 2, "", "", 0);
    rs_catalogue_free(c);
    c = read_ok("title\tid\nOne, \"two\"\t1\n", 1, 1);
    assert_row(c, 0, "One, \"two\"", "", 0);
    rs_catalogue_free(c);
}

static void bad_files_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *part;
    } cases[] = {
        {"", SIZE_MAX, "the file is empty"},
        {"\n\n", SIZE_MAX, "the file is empty"},
        {"film,title\n1,x\n", SIZE_MAX, "movies.csv:1: no column is named item"},
        {"id,title\n\n1,x\n2\n", SIZE_MAX, "movies.csv:4: 1 columns, where column 2 is 'title'"},
        {"id,title\n1,\"a\nb\"\n2,\"open\n", SIZE_MAX, "movies.csv:4: a quote opens here"},
        {"id,title\n1,x\0y\n", 14, "movies.csv:2: a NUL byte in column 2"},
        {"id,year\n1,soon\n", SIZE_MAX, "movies.csv:2: year 'soon' is not a year"},
        {"id,year\n1,99999\n", SIZE_MAX, "year '99999'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rs_err err = {0};
        struct rs_catalogue *c = NULL;
        int64_t matched = -1;
        assert_code(read_text(cases[i].text, cases[i].len, 3, &c, &matched, &err), RS_EPARSE, &err,
                    cases[i].part);
        assert_int_equal(matched, -1);
    }
    struct rs_err err = {0};
    struct rs_idmap *ids = int_ids(1);
    struct rs_catalogue *c = rs_catalogue_new(1);
    int64_t matched;
    assert_code(rs_catalogue_read("/nowhere/movies.csv", ids, c, &matched, &err), RS_ENOTFOUND,
                &err, "movies.csv");
    rs_catalogue_free(c);
    rs_idmap_free(ids);
}

static void too_many_genres_name_the_line(void **state)
{
    (void)state;
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_add(&text, "id,title,genres\n1,x,");
    for (int g = 0; g <= RS_MAX_GENRES; g++)
        rs_str_addf(&text, "g%d|", g);
    struct rs_err err = {0};
    struct rs_catalogue *c = NULL;
    int64_t matched;
    assert_code(read_text(rs_str_text(&text), SIZE_MAX, 1, &c, &matched, &err), RS_EARG, &err,
                "movies.csv:2: genre 'g64'");
    rs_str_clear(&text);
}

/* ---- packs -------------------------------------------------------------------------------- */

static void write_pack(const char *path, const struct rs_catalogue *c, char *sha)
{
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_catalogue_save(c, w, &err), &err);
    assert_ok(rs_writer_close(w, sha, &err), &err);
}

static struct rs_catalogue *sample(bool backwards)
{
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(3);
    for (int32_t i = 0; i < 3; i++) {
        int32_t item = backwards ? 2 - i : i;
        char *title = rs_xprintf("Title %d (19%d0)", item, item + 1);
        char *genre = rs_xprintf("Genre %d|All", item);
        assert_ok(rs_catalogue_set(c, item, title, genre, 0, &err), &err);
        free(title);
        free(genre);
    }
    return c;
}

static void saved_and_loaded_they_are_the_same(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "c.pack");
    char sha[2][65];
    for (int i = 0; i < 2; i++) { /* whatever the order of setting */
        struct rs_catalogue *c = sample(i == 1);
        write_pack(path, c, sha[i]);
        rs_catalogue_free(c);
    }
    assert_string_equal(sha[0], sha[1]);
    struct rs_reader *r = NULL;
    struct rs_catalogue *c = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_code(rs_catalogue_load(r, 4, &c, &err), RS_EDAMAGED, &err, NULL);
    assert_ok(rs_catalogue_load(r, 3, &c, &err), &err);
    assert_row(c, 0, "Title 0 (1910)", "All|Genre 0", 1910);
    assert_row(c, 2, "Title 2 (1930)", "All|Genre 2", 1930);
    const int32_t keep[] = {2};
    struct rs_catalogue *s = NULL;
    assert_ok(rs_catalogue_subset(c, keep, 1, &s, &err), &err);
    rs_catalogue_free(c);
    rs_pack_close(r);
    assert_row(s, 0, "Title 2 (1930)", "All|Genre 2", 1930);
    rs_catalogue_free(s);
    free(path);
    ref_remove(dir);
}

/* Sections of n items, whatever they hold. */
static void write_raw(const char *path, const char *titles, size_t n_titles, const int64_t *offsets,
                      const uint64_t *masks, size_t n, const char *genre_names)
{
    struct rs_err err = {0};
    struct rs_writer *w = NULL;
    struct rs_val *genres = NULL;
    const int32_t years[2] = {0};
    assert_in_range(n, 1, 2);
    assert_ok(rs_json_parse(genre_names, strlen(genre_names), "test", &genres, &err), &err);
    assert_ok(rs_writer_open(path, "TEST", 1, &w, &err), &err);
    assert_ok(rs_writer_add(w, "cat.title", RS_PACK_BYTES, titles, n_titles, &err), &err);
    assert_ok(rs_writer_add(w, "cat.title_at", RS_PACK_I64, offsets, n, &err), &err);
    assert_ok(rs_writer_add_json(w, "cat.genre", genres, &err), &err);
    assert_ok(rs_writer_add(w, "cat.mask", RS_PACK_I64, masks, n, &err), &err);
    assert_ok(rs_writer_add(w, "cat.year", RS_PACK_I32, years, n, &err), &err);
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    rs_val_free(genres);
}

static void assert_damaged(const char *path, int32_t n_items)
{
    struct rs_err err = {0};
    struct rs_reader *r = NULL;
    struct rs_catalogue *c = NULL;
    assert_ok(rs_pack_open(path, "TEST", 1, 1, &r, &err), &err);
    assert_code(rs_catalogue_load(r, n_items, &c, &err), RS_EDAMAGED, &err, "make it again");
    rs_pack_close(r);
}

/* Sections of one item that pass every checksum but make no sense. */
static void senseless_sections_are_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *titles;
        size_t n_titles;
        int64_t offset;
        uint64_t mask;
        const char *genres;
    } cases[] = {
        {"\0abc", 4, 1, 0, "[]"},            /* no NUL at the end */
        {"x\0", 2, 0, 0, "[]"},              /* offset 0 is not the empty title */
        {"\0a\0", 3, 3, 0, "[]"},            /* beyond the block */
        {"\0a\0", 3, -1, 0, "[]"},           /* before it */
        {"", 0, 0, 0, "[]"},                 /* no block */
        {"\0a\0", 3, 1, 4, "[\"a\",\"b\"]"}, /* a bit without a name */
        {"\0a\0", 3, 1, 1, "[\"b\",\"a\"]"}, /* names out of order */
        {"\0a\0", 3, 1, 1, "[1]"},           /* a name that is no text */
        {"\0a\0", 3, 1, 0, "{}"},
    };
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "c.pack");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_raw(path, cases[i].titles, cases[i].n_titles, &cases[i].offset, &cases[i].mask, 1,
                  cases[i].genres);
        assert_damaged(path, 1);
    }
    free(path);
    ref_remove(dir);
}

/* Shared, they would take more room when saved again than the block has. */
static void titles_share_no_bytes(void **state)
{
    (void)state;
    static const int64_t offsets[][2] = {{1, 1}, {4, 1}, {1, 2}, {2, 4}};
    const uint64_t masks[2] = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "c.pack");
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        write_raw(path, "\0ab\0cd\0", 7, offsets[i], masks, 2, "[]");
        assert_damaged(path, 2);
    }
    free(path);
    ref_remove(dir);
}

/* ---- memory ------------------------------------------------------------------------------- */

static enum rs_code make_and_save(void *ctx, struct rs_err *err)
{
    struct rs_catalogue *sub = NULL;
    struct rs_writer *w = NULL;
    const int32_t keep[] = {0};
    struct rs_catalogue *c = rs_catalogue_new(2);
    if (!c) return rs_fail(err, RS_ENOMEM, "new");
    char title[1000];
    memset(title, 'x', sizeof(title) - 1); /* more than the first block of titles */
    title[sizeof(title) - 1] = '\0';
    enum rs_code rc = rs_catalogue_set(c, 0, title, "A", 0, err);
    if (!rc) rc = rs_catalogue_subset(c, keep, 1, &sub, err);
    if (!rc) rc = rs_writer_open(ctx, "TEST", 1, &w, err);
    if (!rc) rc = rs_catalogue_save(sub, w, err);
    if (!rc) {
        rc = rs_writer_close(w, NULL, err);
    } else {
        rs_writer_discard(w);
    }
    rs_catalogue_free(sub);
    rs_catalogue_free(c);
    return rc;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "c.pack");
    assert_survives_oom(make_and_save, path);
    free(path);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_rows_are_unknown),
        cmocka_unit_test(set_keeps_genre_names_sorted),
        cmocka_unit_test(a_name_and_its_beginning_are_two_genres),
        cmocka_unit_test(years_come_from_the_end_of_titles),
        cmocka_unit_test(the_65th_genre_is_refused),
        cmocka_unit_test(subsets_keep_rows_and_names),
        cmocka_unit_test(reads_movielens_csv),
        cmocka_unit_test(finds_columns_by_their_names),
        cmocka_unit_test(reads_double_colons_and_latin1),
        cmocka_unit_test(bad_files_are_refused_with_their_place),
        cmocka_unit_test(too_many_genres_name_the_line),
        cmocka_unit_test(titles_share_no_bytes),
        cmocka_unit_test(saved_and_loaded_they_are_the_same),
        cmocka_unit_test(senseless_sections_are_damaged),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
