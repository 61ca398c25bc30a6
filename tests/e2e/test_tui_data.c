/* Users and items on the screen: what commands say of the same workspace, played by scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"

static struct ref_bin bin;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static void plays_in(const struct ref_bin *b, const char *size, const char *script)
{
    ref_bin_write(b, "play.txt", script, strlen(script));
    char *line = rs_xprintf("console --script play.txt --size %s --glyphs ascii", size);
    char *out = ref_bin_out(b, 0, line);
    assert_string_equal(out, "");
    free(out);
    free(line);
}

static void plays(const char *size, const char *script)
{
    plays_in(&bin, size, script);
}

/* The beginning of a title, short enough for any pane; a script has quotes of its own. */
static char *title_of(const struct rs_val *row)
{
    const char *title = rs_val_get_str(row, "title", "");
    return rs_xprintf("%.10s", title + strspn(title, "\"'"));
}

static void a_list_is_what_recommend_says(void **state)
{
    (void)state;
    struct rs_val *doc = ref_bin_json(&bin, 0, "recommend --user 7 --k 5", "recommendations");
    const struct rs_val *list = rs_val_get(doc, "recommendations");
    assert_int_equal(list->n, 5);
    struct rs_str script;
    rs_str_init(&script, 0);
    rs_str_add(&script, "2\n:wait source: als\na 7 Enter\n:wait user 7  history\n"
                        "K Backspace Backspace 5 Enter\n:wait k 5\n:wait source: als, 5 items\n");
    for (size_t i = 0; i < list->n; i++) {
        char *title = title_of(list->items[i]);
        rs_str_addf(&script, ":expect %s\n", title);
        free(title);
    }
    rs_val_free(doc);
    plays("160x50", rs_str_text(&script));
    rs_str_clear(&script);
}

static void seen_items_come_and_go(void **state)
{
    (void)state;
    plays("100x30", "2\n:wait source: als\n:expect seen hidden\n"
                    "E\n:wait seen listed\n:wait source: als\n"
                    "E\n:wait seen hidden\n");
}

static void reasons_and_profile_are_turned_to(void **state)
{
    (void)state;
    plays("100x30", "2\n:wait why 1:\n"
                    "o\n:wait because of\n"
                    "o\n:wait profile\n"
                    "o\n:wait recommended\n");
    plays("160x50", "2\n:wait because of\n:expect profile\n:expect recommended\n");
}

static void strangers_get_what_is_popular(void **state)
{
    (void)state;
    plays("100x30", "2\n:wait source: als\n"
                    "a nobody Enter\n"
                    ":wait popularity: unknown user\n"
                    ":expect not in the data\n"
                    "o\n:wait no history to explain it by\n");
}

static void posted_feedback_counts(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    struct rs_val *doc = ref_bin_json(&bin, 0, "item list --limit 1 --sort -ratings", "items");
    struct rs_val *id = rs_val_get(rs_val_get(doc, "items")->items[0], "item_id");
    char item[32];
    snprintf(item, sizeof(item), "%lld", (long long)id->i);
    assert_int_equal(id->type, RS_VAL_INT);
    char *path = ref_bin_path(&bin, "db/recsys.db");
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    const struct rs_feedback f = {
        .user_id = "fresh", .item_id = item, .type = "rating", .value = 5, .time_s = 1560000000};
    int64_t row;
    assert_ok(rs_feedback_add(st, &f, &row, &err), &err);
    rs_store_close(st);
    plays("100x30", "2\n:wait source: als\na fresh Enter\n"
                    ":wait user fresh  history 1, mean 5.0, 1 posted\n:wait source: als\n");
    free(path);
    rs_val_free(doc);
}

static void bad_lengths_are_refused(void **state)
{
    (void)state;
    plays("100x30", "2\n:wait source: als\nK x Enter\n:wait is not a number from 1 to 1000\n"
                    ":expect k 10\n");
}

static void items_and_users_lead_to_each_other(void **state)
{
    (void)state;
    struct rs_val *doc = ref_bin_json(&bin, 0, "recommend --user 7 --k 1", "recommendations");
    char *title = title_of(rs_val_get(doc, "recommendations")->items[0]);
    char script[400];
    snprintf(script, sizeof(script),
             "2\n:wait source: als\na 7 Enter\n:wait user 7  history\n:wait source: als\n"
             "Tab Tab Enter\n:wait similar to %s\n:wait users' lists of 10\n"
             "o\n:wait raters of %s\n"
             "Tab Enter\n:wait source: als\n:expect history\nEsc\n:wait raters of\n",
             title, title);
    plays("100x30", script);
    free(title);
    rs_val_free(doc);
}

static void tables_are_filtered_and_sorted(void **state)
{
    (void)state;
    plays("100x30", "2\n:wait 150 users\n/ rated>=1 Enter\n:wait /rated>=1  150 users\n"
                    "/ ^U rated<0 Enter\n:wait 0 of 150 users\nEsc\n:wait 150 users\n");
}

static void one_pane_flips(void **state)
{
    (void)state;
    plays("70x20", "2\n:wait 150 users\n:expect [1/3 users]\n"
                   "Tab\n:expect [2/3 history]\n"
                   "Tab\n:expect [3/3 recommended]\n"
                   "o\n:expect [3/3 why]\n"
                   "3\n:wait [1/2 items]\nTab\n:wait similar to\n");
}

static void without_data_it_says_what_to_do(void **state)
{
    (void)state;
    struct ref_bin empty;
    ref_bin_init(&empty);
    plays_in(&empty, "100x30",
             "2\n:wait No data yet. 1 and then D\n3\n:wait No data yet. 1 and then D\n");
    free(ref_bin_out(&empty, 0, REF_DEMO_FETCH));
    free(ref_bin_out(&empty, 0, "data prepare --dataset synthetic"));
    free(ref_bin_out(&empty, 0, "data split --dataset synthetic"));
    plays_in(&empty, "100x30",
             "2\n:wait users  split\n:wait No model serves. 7 promotes one.\n:expect history\n"
             "3\n:wait No model serves. 7 promotes one.\no\n:wait raters of\n");
    ref_bin_clear(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_what_recommend_says),
        cmocka_unit_test(seen_items_come_and_go),
        cmocka_unit_test(reasons_and_profile_are_turned_to),
        cmocka_unit_test(strangers_get_what_is_popular),
        cmocka_unit_test(posted_feedback_counts),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(items_and_users_lead_to_each_other),
        cmocka_unit_test(tables_are_filtered_and_sorted),
        cmocka_unit_test(one_pane_flips),
        cmocka_unit_test(without_data_it_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
