/* Tables: alignment by terminal columns, safety of what is shown, CSV and JSON. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rs/base/table.h"

static void assert_shows(const struct rs_table *t, int width, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_table_print(t, width, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
}

static void assert_csv(const struct rs_table *t, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_table_csv(t, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
}

static void assert_json(const struct rs_table *t, const char *want)
{
    struct rs_val *v = rs_table_to_val(t);
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_json_print(v, 0, &out);
    assert_string_equal(rs_str_text(&out), want);
    rs_str_clear(&out);
    rs_val_free(v);
}

static struct rs_table *films(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "id", NULL, RS_RIGHT, 0);
    rs_table_column(t, "title", "film", RS_LEFT, 0);
    rs_table_column(t, "score", NULL, RS_RIGHT, 3);
    rs_table_column(t, "seen", NULL, RS_LEFT, 0);
    return t;
}

static void film(struct rs_table *t, int64_t id, const char *title, double score, bool seen)
{
    rs_table_row(t);
    rs_table_int(t, id);
    rs_table_str(t, title);
    rs_table_real(t, score);
    rs_table_bool(t, seen);
}

static void columns_line_up(void **state)
{
    (void)state;
    struct rs_table *t = films();
    film(t, 1, "Toy Story (1995)", 0.98765, true);
    film(t, 193609, "Heat, \"1995\"", -12, false);
    film(t, 7, NULL, NAN, true);
    assert_int_equal(rs_table_n_rows(t), 3);
    assert_int_equal(rs_table_n_columns(t), 4);
    assert_shows(t, 0,
                 "    id  film                score  seen\n"
                 "------  ----------------  -------  ----\n"
                 "     1  Toy Story (1995)    0.988  yes\n"
                 "193609  Heat, \"1995\"      -12.000  no\n"
                 "     7                             yes\n");
    assert_csv(t, "id,title,score,seen\n1,Toy Story (1995),0.98765,true\n"
                  "193609,\"Heat, \"\"1995\"\"\",-12,false\n7,,,true\n");
    assert_json(t,
                "[{\"id\":1,\"title\":\"Toy Story (1995)\",\"score\":0.98765,\"seen\":true},"
                "{\"id\":193609,\"title\":\"Heat, \\\"1995\\\"\",\"score\":-12.0,\"seen\":false},"
                "{\"id\":7,\"title\":null,\"score\":null,\"seen\":true}]");
    rs_table_free(t);
}

static void wide_and_combining_characters_line_up(void **state)
{
    (void)state;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "t", "\xe6\x98\xa0\xe7\x94\xbb", RS_LEFT, 0); /* two of two columns */
    rs_table_column(t, "n", NULL, RS_RIGHT, 0);
    static const char *const texts[] = {"ab", "\xe4\xb8\x83\xe4\xba\xba", "e\xcc\x81t\xc3\xa9"};
    for (int i = 0; i < 3; i++) {
        rs_table_row(t);
        rs_table_str(t, texts[i]);
        rs_table_int(t, i);
    }
    assert_shows(t, 0,
                 "\xe6\x98\xa0\xe7\x94\xbb  n\n"
                 "----  -\n"
                 "ab    0\n"
                 "\xe4\xb8\x83\xe4\xba\xba  1\n"
                 "e\xcc\x81t\xc3\xa9   2\n");
    rs_table_free(t);
}

static void narrow_terminals_cut_the_widest_text(void **state)
{
    (void)state;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    rs_table_column(t, "n", NULL, RS_RIGHT, 0);
    rs_table_row(t);
    rs_table_str(t, "The Good, the Bad and the Ugly");
    rs_table_str(t, "Action Western");
    rs_table_int(t, 123456789);
    assert_shows(t, 46,
                 "title                genres                  n\n"
                 "-------------------  --------------  ---------\n"
                 "The Good, the Bad \xe2\x80\xa6  Action Western  123456789\n");
    assert_shows(t, 31,
                 "title      genres             n\n"
                 "---------  ---------  ---------\n"
                 "The Good\xe2\x80\xa6  Action W\xe2\x80\xa6  123456789\n");
    assert_shows(t, 1, /* numbers are never cut, texts keep eight columns */
                 "title     genres            n\n"
                 "--------  --------  ---------\n"
                 "The Goo\xe2\x80\xa6  Action \xe2\x80\xa6  123456789\n");
    rs_table_free(t);
}

static void cells_may_be_values_with_a_text(void **state)
{
    (void)state;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "interval", NULL, RS_LEFT, 0);
    rs_table_column(t, "ratio", NULL, RS_RIGHT, -1);
    rs_table_row(t);
    struct rs_val *pair = rs_val_list();
    rs_val_push(pair, rs_val_real(0.11));
    rs_val_push(pair, rs_val_real(0.14));
    rs_table_val(t, pair, "[0.11, 0.14]");
    rs_table_real(t, 0.1);
    rs_table_row(t); /* a row that is not filled stays empty */
    rs_table_row(t);
    rs_table_val(t, NULL, NULL);
    assert_shows(t, 0,
                 "interval      ratio\n"
                 "------------  -----\n"
                 "[0.11, 0.14]    0.1\n\n\n");
    assert_csv(t, "interval,ratio\n\"[0.11, 0.14]\",0.1\n,\n,\n");
    assert_json(t, "[{\"interval\":[0.11,0.14],\"ratio\":0.1},{\"interval\":null,\"ratio\":null},"
                   "{\"interval\":null,\"ratio\":null}]");
    rs_table_free(t);
}

static void an_empty_table_shows_its_heading(void **state)
{
    (void)state;
    struct rs_table *t = films();
    assert_shows(t, 0, "id  film  score  seen\n--  ----  -----  ----\n");
    assert_csv(t, "id,title,score,seen\n");
    assert_json(t, "[]");
    rs_table_free(t);
    t = rs_table_new();
    assert_shows(t, 0, "");
    rs_table_free(t);
    rs_table_free(NULL);
}

static void many_rows_grow_the_table(void **state)
{
    (void)state;
    struct rs_table *t = films();
    for (int i = 0; i < 1000; i++)
        film(t, i, "x", i, i % 2);
    struct rs_val *v = rs_table_to_val(t);
    assert_int_equal(v->n, 1000);
    assert_int_equal(rs_val_get_int(v->items[777], "id", -1), 777);
    rs_val_free(v);
    rs_table_free(t);
}

static void assert_fit(const char *s, int width, const char *want)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    rs_text_fit(s, width, &out);
    assert_string_equal(rs_str_text(&out), want);
    assert_true(rs_text_width(rs_str_text(&out)) <= (width > 0 ? width : 0));
    rs_str_clear(&out);
}

static void text_is_cut_by_columns_and_made_safe(void **state)
{
    (void)state;
    assert_fit("abc", 3, "abc");
    assert_fit("abcd", 3, "ab\xe2\x80\xa6");
    assert_fit("abcd", 1, "\xe2\x80\xa6");
    assert_fit("abcd", 0, "");
    assert_fit("abcd", -1, "");
    assert_fit("", 5, "");
    assert_fit("\xe6\x98\xa0\xe7\x94\xbb\xe6\x98\xa0", 4,
               "\xe6\x98\xa0\xe2\x80\xa6"); /* 2+1 of 4 */
    assert_fit("e\xcc\x81z", 2, "e\xcc\x81z");
    assert_fit("a\x1b[31mb\n\t\x7f", 20, "a?[31mb???");
    assert_fit("\xc2\x9b"
               "31m\xc2\x85",
               20, "?31m?");                          /* C1 controls */
    assert_fit("a\xff\xe6\x98z", 20, "a???z");        /* bytes that are no text */
    assert_fit("\xe2\x80\xa8\xe2\x80\xa9", 20, "??"); /* line and paragraph ends */
    assert_fit("a\xe2\x80\xae"
               "b\xe2\x81\xa6"
               "c\xe2\x80\x8f",
               20, "abc"); /* bidi marks go */
}

static void width_counts_terminal_columns(void **state)
{
    (void)state;
    assert_int_equal(rs_text_width(""), 0);
    assert_int_equal(rs_text_width("caf\xc3\xa9"), 4);
    assert_int_equal(rs_text_width("cafe\xcc\x81"), 4);
    assert_int_equal(rs_text_width("\xe6\x98\xa0\xe7\x94\xbb"), 4);
    assert_int_equal(rs_text_width("\xef\xbc\xa1"), 2); /* full-width A */
    assert_int_equal(rs_text_width("\xff\xfe"), 2);
    assert_int_equal(rs_text_width("\x01\n"), 2);
    assert_int_equal(rs_text_width("\xe2\x80\xae"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(wide_and_combining_characters_line_up),
        cmocka_unit_test(narrow_terminals_cut_the_widest_text),
        cmocka_unit_test(cells_may_be_values_with_a_text),
        cmocka_unit_test(an_empty_table_shows_its_heading),
        cmocka_unit_test(many_rows_grow_the_table),
        cmocka_unit_test(text_is_cut_by_columns_and_made_safe),
        cmocka_unit_test(width_counts_terminal_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
