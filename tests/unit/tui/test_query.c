/* The filter's grammar against one film. */
#include <math.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "tui/table.h"

static const struct tui_column columns[] = {
    {.name = "item", .title = "item", .width = 6, .flags = TUI_NUMBER},
    {.name = "title", .title = "title", .width = 20, .flags = TUI_GROWS},
    {.name = "genres", .title = "genres", .width = 10},
    {.name = "rated", .title = "rated", .width = 6, .flags = TUI_NUMBER},
    {.name = "mean", .title = "mean", .width = 5, .flags = TUI_NUMBER},
    {.name = "metrics.ndcg@10", .title = "NDCG@10", .width = 5, .flags = TUI_NUMBER},
    {.name = "when", .title = "when", .width = 10},
    {.name = "year", .title = "year", .width = 4},
};
static const char *const texts[] = {"541",
                                    "Ambiance Am\xc3\xa9lie \"2\" (2001)",
                                    "Comedy|Romance",
                                    "1,042",
                                    "4.0",
                                    "-",
                                    "2026-02-11",
                                    "2001"};
static const double numbers[] = {541, NAN, NAN, 1042, 4, NAN, NAN, NAN};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const char *text(void *ctx, int column, char *buf, int size)
{
    (void)ctx;
    (void)buf;
    (void)size;
    return texts[column];
}

static double number(void *ctx, int column)
{
    (void)ctx;
    return numbers[column];
}

static bool matches(const char *filter)
{
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    const struct tui_columns cs = {columns, N_COLUMNS};
    const struct tui_row_reader row = {text, number, NULL, N_COLUMNS};
    assert_ok(tui_query_parse(filter, &cs, &q, &err), &err);
    bool yes = tui_query_match(q, &row);
    tui_query_free(q);
    return yes;
}

static const char *const yes[] = {
    /* words: anywhere in a text, in any case, all of them */
    "am",
    "AMBIANCE comedy",
    "541",
    "54",
    "am\xc3\xa9lie",
    "AM\xc3\x89LIE",
    "romance am",
    /* alternatives, negation */
    "horror|comedy",
    "|comedy",
    "comedy|",
    "-horror",
    "-horror|western",
    "am -xyz",
    /* half typed says nothing */
    "",
    "   ",
    "-",
    "rated>=",
    "title:",
    "am|",
    "| |",
    /* columns */
    "title:am",
    "TITLE:AM",
    "genres:rom",
    "item:54",
    "rated:1,0",
    "-title:comedy",
    "title:horror|genres:comedy",
    "rated>=1042",
    "rated<=1042",
    "rated=1042",
    "rated>1000",
    "rated<2000",
    "rated!=5",
    "rated>1e3",
    "mean>3.5 mean<4.1",
    "-rated<1000",
    "-metrics.ndcg@10>0",
    "-metrics.ndcg@10=0",
    "-metrics.ndcg@10!=0",
    "year=2001",
    "year>=2001",
    "year<2001.5",
    "when>=2026-02",
    "when<2026-03",
    "when=2026-02-11",
    "when!=2026",
    "genres=\"comedy|romance\"",
    "genres!=comedy",
    /* quotes */
    "\"ambiance am\"",
    "title:\"am\xc3\xa9lie \\\"2\\\"\"",
    "\"(2001",
    "-\"am x\"",
    "\"x y\"|am",
    "\"am\"tail",
    /* regular expressions */
    "~^amb~",
    "~AMB.*[0-9]{4}\\)$~",
    "title:~^a~",
    "-~^b~",
    "~x~|am",
    "~comedy\\|~",
    "~~",
    "-title:~^$~",
    /* an unknown column is a part of a word */
    "-unknown:am",
    "-nothing>=3",
};
static const char *const no[] = {
    "horror",
    "am xyz",
    "-am",
    "-comedy|horror",
    "horror|western",
    "1042",
    "1,042",
    "4.0",
    "am\xc3\xaalie",
    "title:comedy",
    "genres:am",
    "rated>1042",
    "rated<1042",
    "rated!=1042",
    "rated=1043",
    "-rated>=1042",
    "mean>=4.5",
    "metrics.ndcg@10>0",
    "metrics.ndcg@10<9",
    "metrics.ndcg@10!=7",
    "year>2001",
    "when<2026-02",
    "when=2026-02",
    "genres=comedy",
    "\"am ambiance\"",
    "~^mb~",
    "genres:~^rom~",
    "-~amb~",
    "unknown:am",
    "title:~^$~",
    "rated=x",
};

static void rows_match_what_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (!matches(yes[i])) fail_msg("does not match: %s", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        if (matches(no[i])) fail_msg("matches: %s", no[i]);
    }
}

static void parse_fails(const char *filter, const char *part)
{
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    const struct tui_columns cs = {columns, N_COLUMNS};
    assert_code(tui_query_parse(filter, &cs, &q, &err), RS_EPARSE, &err, part);
    assert_null(q);
}

static void a_regex_that_is_not_whole_is_said(void **state)
{
    (void)state;
    parse_fails("am ~ab", "regex 'ab' is not closed: end it with '~'");
    parse_fails("~", "is not closed");
    parse_fails("~ab\\~", "is not closed");
    parse_fails("~a(b~", "regex 'a(b': ");
    parse_fails("title:~[a~", "regex '[a': ");
    parse_fails("~(a)\\1~", "back references");
    parse_fails("~a{501}~", "repeats over 500");
    parse_fails("~((a{100}){100})~", "repeats over 500");
    parse_fails("~(a{2,40}){2,40}~", "repeats over 500");
}

static void long_texts_are_refused(void **state)
{
    (void)state;
    char text_1001[1002];
    memset(text_1001, 'a', 1001);
    text_1001[1001] = '\0';
    parse_fails(text_1001, "longer than 1000 bytes");
    text_1001[1000] = '\0';
    assert_false(matches(text_1001));
}

static void nothing_to_ask_is_no_query(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    assert_ok(tui_query_parse(" - rated>= ", &(struct tui_columns){columns, N_COLUMNS}, &q, &err),
              &err);
    assert_null(q);
    assert_null(tui_query_hold(NULL));
    tui_query_free(NULL);
}

/* What is looked for in a column is shown there. */
static void what_was_found_is_told(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    size_t n = 0;
    const char *s = "The Am\xc3\x89lie";
    const struct tui_columns cs = {columns, N_COLUMNS};
    assert_ok(tui_query_parse("-the rated:am x|am\xc3\xa9 genres:lie ~the~", &cs, &q, &err), &err);
    assert_ptr_equal(tui_query_find(q, 1, s, &n), s + 4);
    assert_int_equal(n, 4);
    assert_ptr_equal(tui_query_find(q, 2, s + 7, &n), s + 8);
    assert_null(tui_query_find(q, 4, s, &n));
    assert_null(tui_query_find(q, 1, "The", &n));
    assert_null(tui_query_find(q, 99, s, &n));
    assert_null(tui_query_find(NULL, 1, s, &n));
    tui_query_free(q);
}

static void folding_knows_latin_letters(void **state)
{
    (void)state;
    char out[32];
    tui_fold("ABC \xc3\x80\xc3\x9e\xc3\x97\xc3\xbf xyz[", out);
    assert_string_equal(out, "abc \xc3\xa0\xc3\xbe\xc3\x97\xc3\xbf xyz[");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_match_what_is_said),
        cmocka_unit_test(a_regex_that_is_not_whole_is_said),
        cmocka_unit_test(long_texts_are_refused),
        cmocka_unit_test(nothing_to_ask_is_no_query),
        cmocka_unit_test(what_was_found_is_told),
        cmocka_unit_test(folding_knows_latin_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
