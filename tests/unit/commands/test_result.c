/* result: one document for programs, blocks for people, and how results are joined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/commands/result.h"

static struct rs_table *small_table(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "item_id", "item", RS_LEFT, -1);
    rs_table_column(t, "score", NULL, RS_RIGHT, 2);
    rs_table_row(t);
    rs_table_str(t, "a, b");
    rs_table_real(t, 0.125);
    rs_table_row(t);
    rs_table_str(t, "c");
    rs_table_real(t, 2);
    return t;
}

static void assert_doc(const struct rs_result *r, const char *want)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(r->doc, 0, &text);
    assert_string_equal(rs_str_text(&text), want);
    rs_str_clear(&text);
}

static void assert_print(const struct rs_result *r, bool bold, const char *want)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_result_print(r, 0, bold, &text);
    assert_string_equal(rs_str_text(&text), want);
    rs_str_clear(&text);
}

static void document_and_blocks_stay_apart(void **state)
{
    (void)state;
    struct rs_result r;
    rs_result_init(&r);
    assert_doc(&r, "{}");
    assert_print(&r, false, "");
    rs_val_set_int(rs_result_set(&r, "counts", rs_val_map()), "users", 3);
    rs_result_say(&r, "%d users", 3);
    rs_result_table(&r, "rows", "Rows", small_table());
    rs_result_table(&r, NULL, "For people", small_table());
    assert_doc(&r, "{\"counts\":{\"users\":3},\"rows\":[{\"item_id\":\"a, b\",\"score\":0.125},"
                   "{\"item_id\":\"c\",\"score\":2.0}]}");
    assert_print(&r, false,
                 "3 users\n\nRows\nitem  score\n----  -----\na, b   0.12\nc      2.00\n"
                 "\nFor people\nitem  score\n----  -----\na, b   0.12\nc      2.00\n");
    rs_result_clear(&r);
    assert_null(r.doc);
    assert_int_equal(r.n_blocks, 0);
}

static void headings_are_bold_where_asked(void **state)
{
    (void)state;
    struct rs_result r;
    rs_result_init(&r);
    rs_result_table(&r, NULL, "Rows", small_table());
    assert_print(&r, true,
                 "\x1b[1mRows\x1b[0m\nitem  score\n----  -----\na, b   0.12\nc      2.00\n");
    rs_result_clear(&r);
}

static void csv_has_the_tables_alone(void **state)
{
    (void)state;
    struct rs_result r;
    rs_result_init(&r);
    rs_result_say(&r, "not in CSV");
    rs_result_table(&r, NULL, "One", small_table());
    rs_result_say(&r, "nor this");
    rs_result_table(&r, NULL, "Two", small_table());
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_result_csv(&r, &text);
    assert_string_equal(rs_str_text(&text), "item_id,score\n\"a, b\",0.125\nc,2\n\n"
                                            "item_id,score\n\"a, b\",0.125\nc,2\n");
    rs_str_clear(&text);
    rs_result_clear(&r);
}

static void long_text_is_kept_whole(void **state)
{
    (void)state;
    struct rs_result r;
    rs_result_init(&r);
    char text[5001];
    memset(text, 'x', 5000);
    text[5000] = '\0';
    rs_result_lines(&r, text);
    rs_result_say(&r, "<%s>", text);
    assert_int_equal(strlen(r.blocks[0].text), 5000);
    assert_int_equal(strlen(r.blocks[1].text), 5002);
    rs_result_clear(&r);
}

static void appending_moves_blocks_and_document(void **state)
{
    (void)state;
    struct rs_result all;
    struct rs_result part;
    rs_result_init(&all);
    rs_result_init(&part);
    rs_result_say(&all, "first");
    rs_val_set_int(part.doc, "n", 1);
    rs_result_say(&part, "second");
    rs_result_append(&all, "part", &part);
    assert_doc(&all, "{\"part\":{\"n\":1}}");
    assert_doc(&part, "{}"); /* emptied, and of use again */
    assert_int_equal(part.n_blocks, 0);
    rs_val_set_int(part.doc, "n", 2);
    rs_result_say(&part, "third");
    rs_result_append(&all, NULL, &part);
    assert_doc(&all, "{\"part\":{\"n\":1}}");
    assert_print(&all, false, "first\nsecond\nthird\n");
    rs_result_clear(&part);
    rs_result_clear(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_and_blocks_stay_apart),
        cmocka_unit_test(headings_are_bold_where_asked),
        cmocka_unit_test(csv_has_the_tables_alone),
        cmocka_unit_test(long_text_is_kept_whole),
        cmocka_unit_test(appending_moves_blocks_and_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
