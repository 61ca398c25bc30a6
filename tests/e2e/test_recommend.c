/* recommend and explain as they are typed: filters, pages, diversity, posted feedback, lists of ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"
#include "rs/store/store.h"

enum { K = 10 };
static struct ref_bin bin; /* a demo workspace */
static long long known[3]; /* items that its model has */

static void refuses(int status, const char *line, const char *parts)
{
    ref_bin_refuses(&bin, status, line, parts);
}

/* What a list command printed. */
struct list {
    size_t n;
    int64_t item[200];
    double score[200];
    char source[40];
    int64_t ignored;
};

static struct list recommend(const char *options)
{
    struct list l = {0};
    char *line = rs_xprintf("recommend %s", options);
    struct rs_val *doc = ref_bin_json(&bin, 0, line, "user_id,recommendations,source,model");
    const struct rs_val *rows = rs_val_get(doc, "recommendations");
    assert_in_range(rows->n, 0, 200);
    for (size_t i = 0; i < rows->n; i++) {
        l.item[i] = rs_val_get_int(rows->items[i], "item_id", -1);
        l.score[i] = rs_val_get_real(rows->items[i], "score", -1);
    }
    l.n = rows->n;
    strncpy(l.source, rs_val_get_str(doc, "source", ""), sizeof(l.source) - 1);
    l.ignored = rs_val_get_int(doc, "ignored_items", 0);
    rs_val_free(doc);
    free(line);
    return l;
}

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    struct list l = recommend("--user nobody");
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        known[i] = l.item[i];
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

static bool has(const struct list *l, int64_t item)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->item[i] == item) return true;
    }
    return false;
}

static void pages_follow_each_other(void **state)
{
    (void)state;
    char *session = rs_xprintf("--items %lld,%lld", known[0], known[1]);
    const char *const kinds[] = {"--user 3", "--user 3 --diversity 0.4", "--user nobody", session};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        char *options = rs_xprintf("%s -k 30", kinds[i]);
        struct list whole = recommend(options);
        assert_int_equal(whole.n, 30);
        free(options);
        for (size_t offset = 0; offset < 30; offset += K) {
            options = rs_xprintf("%s -k %d --offset %zu", kinds[i], K, offset);
            struct list page = recommend(options);
            assert_int_equal(page.n, K);
            assert_memory_equal(page.item, whole.item + offset, K * sizeof(*page.item));
            assert_memory_equal(page.score, whole.score + offset, K * sizeof(*page.score));
            free(options);
        }
    }
    free(session);
    struct rs_val *doc = ref_bin_json(&bin, 0, "recommend -u 3 -k 2 --offset 5", "recommendations");
    const struct rs_val *rows = rs_val_get(doc, "recommendations");
    assert_int_equal(rs_val_get_int(rows->items[0], "rank", 0), 6);
    rs_val_free(doc);
}

static void items_are_left_out_and_picked(void **state)
{
    (void)state;
    struct list all = recommend("--user 3");
    char *options = rs_xprintf("--user 3 --exclude-items %lld,none,%lld", (long long)all.item[0],
                               (long long)all.item[4]);
    struct list l = recommend(options);
    assert_false(has(&l, all.item[0]) || has(&l, all.item[4]));
    assert_int_equal(l.item[0], all.item[1]);
    assert_int_equal(l.ignored, 0);
    free(options);
    options = rs_xprintf("--user 3 --candidates none,%lld,%lld,", (long long)all.item[7],
                         (long long)all.item[2]);
    l = recommend(options);
    assert_int_equal(l.n, 2);
    assert_true(l.item[0] == all.item[2] && l.item[1] == all.item[7]);
    assert_true(l.score[0] == all.score[2] && l.score[1] == all.score[7]);
    assert_int_equal(l.ignored, 1);
    free(options);
    refuses(3, "recommend --user 3 --strict --candidates none", "'none'");
    options = rs_xprintf("recommend --items %lld --candidates none", known[0]);
    refuses(3, options, "'none'");
    free(options);
    refuses(2, "recommend --user 3 --candidates ''", "--candidates|empty");
    refuses(2, "recommend --user 3 --exclude-items ''", "--exclude-items|empty");
    refuses(2, "recommend --user 3 --diversity 1.5", "--diversity|0..1");
    refuses(2, "recommend --user 3 --offset -1", "--offset");
    refuses(2, "recommend --user 3 --offset 995 -k 10", "offset=995|1000 places");
    refuses(2, "recommend --user 3 --offset 495 -k 10 --diversity 0.5", "500 places");
}

static void files_say_what_may_be_listed(void **state)
{
    (void)state;
    struct list all = recommend("--user 3");
    char *text = rs_xprintf("# the second and the third\n%lld\n%lld # here\n",
                            (long long)all.item[1], (long long)all.item[2]);
    ref_bin_write(&bin, "ids.txt", text, SIZE_MAX);
    free(text);
    struct list l = recommend("--user 3 serving.allow=ids.txt");
    assert_int_equal(l.n, 2);
    assert_true(l.item[0] == all.item[1] && l.item[1] == all.item[2]);
    l = recommend("--user 3 serving.deny=ids.txt");
    assert_int_equal(l.n, K);
    assert_true(l.item[0] == all.item[0] && l.item[1] == all.item[3]);
    l = recommend("--user nobody serving.allow=ids.txt");
    assert_int_equal(l.n, 2);
    assert_string_equal(l.source, "popularity:unknown_user");
    refuses(3, "recommend --user 3 serving.deny=none.txt", "none.txt");
    ref_bin_write(&bin, "bad.txt", "1\n\xff\n", SIZE_MAX);
    refuses(4, "recommend --user 3 serving.allow=bad.txt", "bad.txt:2");
}

static void post(const char *user, int64_t item, double value)
{
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    char *id = rs_xprintf("%lld", (long long)item);
    char *path = ref_bin_path(&bin, "db/recsys.db");
    int64_t row;
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    const struct rs_feedback f = {
        .user_id = user, .item_id = id, .value = value, .time_s = 1000, .type = ""};
    assert_ok(rs_feedback_add(st, &f, &row, &err), &err);
    rs_store_close(st);
    free(path);
    free(id);
}

static double score_and_rows(const char *line, size_t *n_out)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, line, "user_id,item_id,score,base,contributions");
    double score = rs_val_get_real(doc, "score", -1);
    *n_out = rs_val_get(doc, "contributions")->n;
    rs_val_free(doc);
    return score;
}

/* The next list reflects what was posted, and is explained by it; --no-feedback is as before. */
static void posted_feedback_counts(void **state)
{
    (void)state;
    struct list before = recommend("--user 5");
    post("5", before.item[0], 5);
    struct list after = recommend("--user 5");
    assert_string_equal(after.source, "als");
    assert_false(has(&after, before.item[0]));
    assert_true(after.score[0] != before.score[1]);
    struct list without = recommend("--user 5 --no-feedback");
    assert_memory_equal(&without, &before, sizeof(before));
    char *line = rs_xprintf("explain --user 5 -k 1000 --item %lld", (long long)after.item[0]);
    size_t n_with;
    size_t n_without;
    assert_true(fabs(score_and_rows(line, &n_with) - after.score[0]) < 1e-5);
    free(line);
    line =
        rs_xprintf("explain --user 5 -k 1000 --item %lld --no-feedback", (long long)before.item[0]);
    assert_true(fabs(score_and_rows(line, &n_without) - before.score[0]) < 1e-5);
    assert_int_equal(n_with, n_without + 1);
    free(line);
}

static void feedback_alone_makes_a_user(void **state)
{
    (void)state;
    char *explain = rs_xprintf("explain --user fresh --item %lld", known[2]);
    refuses(3, "recommend --user fresh --strict", "'fresh'");
    refuses(3, explain, "'fresh'");
    assert_string_equal(recommend("--user fresh").source, "popularity:unknown_user");
    post("fresh", known[0], 1);
    post("fresh", known[1], 5);
    post("fresh", known[0], 5); /* the last one counts */
    char *options = rs_xprintf("--items %lld,%lld", known[0], known[1]);
    struct list l = recommend("--user fresh --strict");
    struct list items = recommend(options);
    assert_string_equal(l.source, "als");
    assert_false(has(&l, known[0]) || has(&l, known[1]));
    assert_memory_equal(l.item, items.item, sizeof(l.item)); /* two items, both liked */
    size_t n;
    score_and_rows(explain, &n);
    assert_int_equal(n, 2);
    refuses(3, "recommend --user fresh --strict --no-feedback", "'fresh'");
    free(options);
    free(explain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(items_are_left_out_and_picked),
        cmocka_unit_test(files_say_what_may_be_listed),
        cmocka_unit_test(posted_feedback_counts),
        cmocka_unit_test(feedback_alone_makes_a_user),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
