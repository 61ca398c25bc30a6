/* Users, items, histories, lists and reasons as tables: against plain loops over the same rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "tui/data_ask.h"
#include "tui/data_cells.h"
#include "tui/data_grid.h"

enum { USERS = 60, ITEMS = 80 };

struct world {
    struct ref_bundle t;
    struct tui_data d;
};

static int set_up(void **state)
{
    struct world *w = rs_xalloc(1, sizeof(*w));
    ref_bundle_init(&w->t, 11, USERS, ITEMS, "als", "factors=6 iterations=3 input=values");
    tui_data_of_bundle(w->t.b, "v7", &w->d);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    ref_bundle_clear(&w->t);
    free(w);
    return 0;
}

static const char *cell(const struct tui_rows *r, int32_t row, int column)
{
    static char buf[128];
    enum tui_role role = TUI_TEXT;
    return r->text(r, row, column, buf, sizeof(buf), &role);
}

static void users_are_added_up(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct tui_rows *r = NULL;
    assert_string_equal(w->d.label, "als v7");
    assert_ok(tui_user_rows(&w->d, NULL, &r, &err), &err);
    assert_int_equal(r->n, USERS);
    const struct rs_csr *train = &w->t.b->train;
    for (int32_t u = 0; u < USERS; u++) {
        double sum = 0;
        int64_t first = INT64_MAX;
        int64_t last = INT64_MIN;
        int32_t liked = 0;
        int64_t n = rs_csr_len(train, u);
        for (int64_t e = train->indptr[u]; e < train->indptr[u + 1]; e++) {
            sum += (double)train->values[e];
            liked += train->values[e] >= 3.5F;
            first = train->times[e] < first ? train->times[e] : first;
            last = train->times[e] > last ? train->times[e] : last;
        }
        char id[16];
        snprintf(id, sizeof(id), "%d", 10 * (u + 1));
        assert_string_equal(cell(r, u, TUI_USER_ID), id);
        assert_int_equal(r->key(r, u), 10 * (u + 1));
        int64_t held = rs_csr_len(&w->t.b->seen, u);
        assert_int_equal((int64_t)r->number(r, u, TUI_USER_RATED), n + held);
        assert_int_equal((int64_t)r->number(r, u, TUI_USER_HELD), held);
        double mean = r->number(r, u, TUI_USER_MEAN);
        if (n == 0) {
            assert_true(isnan(mean));
            assert_string_equal(cell(r, u, TUI_USER_MEAN), "-");
            assert_string_equal(cell(r, u, TUI_USER_LAST), "-");
            assert_true(isnan(r->number(r, u, TUI_USER_FIRST)));
            continue;
        }
        assert_true(fabs(mean - sum / (double)n) < 1e-6 * 5); /* float */
        assert_true(fabs(r->number(r, u, TUI_USER_LIKED) - (double)liked / (double)n) < 1e-6);
        assert_true(r->number(r, u, TUI_USER_FIRST) == (double)first);
        assert_true(r->number(r, u, TUI_USER_LAST) == (double)last);
        assert_true(r->number(r, u, TUI_USER_SPREAD) >= 0);
    }
    tui_rows_release(r);
}

static void items_are_added_up(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct tui_rows *r = NULL;
    float share[ITEMS];
    for (int32_t i = 0; i < ITEMS; i++) {
        share[i] = (float)i / ITEMS;
    }
    assert_ok(tui_item_rows(&w->d, share, NULL, &r, &err), &err);
    assert_int_equal(r->n, ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        double sum = 0;
        int32_t n = 0;
        int32_t seen = 0;
        for (int32_t u = 0; u < USERS; u++) {
            for (int64_t e = w->d.train.indptr[u]; e < w->d.train.indptr[u + 1]; e++) {
                if (w->d.train.indices[e] != i) continue;
                sum += (double)w->d.train.values[e];
                n++;
            }
            seen += rs_csr_has(&w->d.seen, u, i);
        }
        char text[40];
        snprintf(text, sizeof(text), "i%03d", i);
        assert_string_equal(cell(r, i, TUI_ITEM_ID), text);
        snprintf(text, sizeof(text), "Film %d (19%02d)", i, i % 100);
        assert_string_equal(cell(r, i, TUI_ITEM_TITLE), text);
        assert_string_equal(cell(r, i, TUI_ITEM_GENRES), i % 2 ? "Comedy Drama" : "Drama");
        assert_int_equal((int)r->number(r, i, TUI_ITEM_YEAR), 1900 + i % 100);
        assert_int_equal((int)r->number(r, i, TUI_ITEM_RATED), n + seen);
        if (n > 0) assert_true(fabs(r->number(r, i, TUI_ITEM_MEAN) - sum / n) < 5e-6);
        assert_true(r->number(r, i, TUI_ITEM_SHARE) == (double)share[i]);
    }
    assert_int_equal(tui_rows_find(r, tui_grid_key_of(r, "i042")), 42);
    assert_int_equal(tui_rows_find(r, tui_grid_key_of(r, "i999")), -1);
    tui_rows_release(r);
    assert_ok(tui_item_rows(&w->d, NULL, NULL, &r, &err), &err);
    assert_string_equal(cell(r, 3, TUI_ITEM_SHARE), "-");
    tui_rows_release(r);
}

static void histories_hold_what_was_rated_and_posted(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct tui_user *u = NULL;
    int32_t user = 4;
    int64_t n = rs_csr_len(&w->d.train, user) + rs_csr_len(&w->d.seen, user);
    assert_ok(tui_user_read(&w->d, "50", NULL, 0, &u, &err), &err);
    assert_true(u->known);
    assert_int_equal(u->rated, n);
    assert_int_equal(u->history->n, n);
    double before = INFINITY;
    int32_t valued = 0;
    for (int32_t row = 0; row < u->history->n; row++) {
        double v = u->history->number(u->history, row, 0);
        if (isnan(v)) continue;
        assert_int_equal(valued, row); /* rows without a value come last */
        assert_true(v <= before);
        before = v;
        valued++;
    }
    assert_int_equal(valued, rs_csr_len(&w->d.train, user));
    int32_t in_bars = 0;
    for (int b = 0; b < u->n_values; b++) {
        in_bars += u->values[b].n;
        if (b > 0)
            assert_true(strtod(u->values[b].name, NULL) > strtod(u->values[b - 1].name, NULL));
    }
    assert_int_equal(in_bars, valued);
    assert_string_equal(u->genres[0].name, "Drama"); /* all of them are */
    assert_int_equal(u->genres[0].n, n);
    tui_user_free(u);

    char known[16];
    int32_t item = w->d.train.indices[w->d.train.indptr[user]];
    snprintf(known, sizeof(known), "i%03d", item);
    const struct rs_event events[] = {{1, known, 9.5, 100}, {2, "elsewhere", 1, 200}};
    assert_ok(tui_user_read(&w->d, "50", events, 2, &u, &err), &err);
    assert_int_equal(u->rated, n + 1); /* of one item the later value stays */
    char id[32];
    assert_string_equal(tui_grid_row_id(u->history, 0, id, sizeof(id)), known);
    assert_string_equal(cell(u->history, 0, 0), "9.5");
    tui_user_free(u);
}

static void strangers_have_what_they_posted(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct tui_user *u = NULL;
    const struct rs_event events[] = {{1, "i007", 4, 1560000000}};
    assert_ok(tui_user_read(&w->d, "nobody", events, 1, &u, &err), &err);
    assert_false(u->known);
    assert_int_equal(u->rated, 1);
    assert_string_equal(cell(u->history, 0, 1), "Film 7 (1907)");
    assert_string_equal(cell(u->history, 0, 3), "19-06");
    tui_user_free(u);
    assert_ok(tui_user_read(&w->d, "nobody", NULL, 0, &u, &err), &err);
    assert_true(u->rated == 0 && isnan(u->mean) && u->n_values == 0 && u->n_genres == 0);
    tui_user_free(u);
}

static void lists_are_those_of_the_bundle(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    for (int32_t user = 0; user < USERS; user++) {
        char id[16];
        snprintf(id, sizeof(id), "%d", 10 * (user + 1));
        struct rs_ask ask = {.user = user, .k = 12, .exclude_seen = true};
        struct rs_ranked want[12];
        int32_t n;
        const char *source;
        assert_ok(rs_bundle_recommend(w->t.b, &ask, NULL, want, &n, &source, &err), &err);
        struct rs_wish wish = {.user_id = id, .k = 12, .exclude_seen = true};
        struct tui_list *l = NULL;
        assert_ok(tui_list_read(w->t.b, &wish, &l, &err), &err);
        assert_string_equal(l->id, id);
        assert_int_equal(l->n, n);
        for (int32_t i = 0; i < n; i++) {
            char item[16];
            char got[32];
            snprintf(item, sizeof(item), "i%03d", want[i].item);
            assert_string_equal(tui_grid_row_id(l->rows, i, got, sizeof(got)), item);
            assert_int_equal((int)l->rows->number(l->rows, i, 0), i + 1);
            assert_true(l->rows->number(l->rows, i, 1) == (double)want[i].score);
            double bar = l->rows->number(l->rows, i, 2);
            assert_true(bar >= 0 && bar <= 1);
        }
        if (rs_csr_len(&w->d.train, user) > 0) assert_string_equal(l->source, "als");
        tui_list_free(l);
    }
}

static void a_stranger_gets_what_is_popular_and_is_told(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct rs_wish wish = {.user_id = "99999", .k = 5, .exclude_seen = true};
    struct tui_list *l = NULL;
    assert_ok(tui_list_read(w->t.b, &wish, &l, &err), &err);
    assert_int_equal(l->n, 5);
    assert_string_equal(l->source, "popularity: unknown user");
    tui_list_free(l);
    struct tui_why *y = NULL;
    assert_ok(tui_why_read(w->t.b, &wish, "i003", &y, &err), &err);
    assert_string_equal(y->text, "there is no history to explain it by");
    assert_int_equal(y->rows->n, 0);
    tui_why_free(y);
}

static void reasons_sum_up(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    for (int32_t user = 0; user < USERS; user++) {
        if (rs_csr_len(&w->d.train, user) == 0) continue;
        char id[16];
        snprintf(id, sizeof(id), "%d", 10 * (user + 1));
        struct rs_wish wish = {.user_id = id, .k = 1};
        struct tui_why *y = NULL;
        assert_ok(tui_why_read(w->t.b, &wish, "i005", &y, &err), &err);
        assert_string_equal(y->title, "Film 5 (1905)");
        assert_int_equal(y->rows->n, rs_csr_len(&w->d.train, user));
        double sum = 0;
        double before = INFINITY;
        for (int32_t i = 0; i < y->rows->n; i++) {
            double share = y->rows->number(y->rows, i, 0);
            if (isnan(share)) continue;
            assert_true(share <= before);
            before = share;
            if (share > 0) sum += share;
        }
        if (sum > 0) assert_true(fabs(sum - 1) < 1e-5);
        assert_true(strlen(y->text) > 0);
        tui_why_free(y);
    }
    struct rs_wish wish = {.user_id = "10", .k = 1};
    struct tui_why *y = NULL;
    assert_ok(tui_why_read(w->t.b, &wish, "i999", &y, &err), &err);
    assert_non_null(strstr(y->text, "not in the model's catalogue"));
    tui_why_free(y);
}

static void similar_items_are_those_of_the_bundle(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct rs_ranked want[8];
    int32_t n;
    struct tui_list *l = NULL;
    assert_ok(rs_bundle_similar(w->t.b, 17, 8, NULL, NULL, want, &n, &err), &err);
    assert_ok(tui_similar_read(w->t.b, "i017", 8, NULL, &l, &err), &err);
    assert_int_equal(l->n, n);
    for (int32_t i = 0; i < n; i++) {
        assert_true(l->rows->number(l->rows, i, 1) == (double)want[i].score);
    }
    tui_list_free(l);
    assert_ok(tui_similar_read(w->t.b, "i999", 8, NULL, &l, &err), &err);
    assert_non_null(strstr(l->nothing, "'i999' is not in the model's catalogue"));
    tui_list_free(l);
}

static void raters_are_all_that_rated(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct tui_item *it = NULL;
    int32_t item = 23;
    int32_t n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        n += rs_csr_has(&w->d.train, u, item);
        n += rs_csr_has(&w->d.seen, u, item);
    }
    assert_ok(tui_item_read(&w->d, "i023", NULL, &it, &err), &err);
    assert_int_equal(it->rated, n);
    assert_int_equal(it->raters->n, n);
    double sum = 0;
    for (int m = 0; m < it->n_months; m++) {
        sum += it->count[m];
    }
    int32_t timed = 0;
    for (int32_t i = 0; i < n; i++) {
        timed += !isnan(it->raters->number(it->raters, i, 2));
    }
    assert_true(timed > 0 && sum == timed);
    assert_true(it->count[0] > 0 && it->count[it->n_months - 1] > 0);
    tui_item_free(it);
    assert_ok(tui_item_read(&w->d, "i999", NULL, &it, &err), &err);
    assert_int_equal(it->rated, 0);
    tui_item_free(it);
}

static void shares_count_the_lists(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct rs_task task = {0};
    struct tui_shares *s = rs_xalloc(1, sizeof(*s));
    int32_t times[ITEMS] = {0};
    int32_t lists = 0;
    int slices = 0;
    do {
        assert_ok(tui_shares_read(w->t.b, s->done, NULL, &task, s, &err), &err);
        for (int32_t i = 0; i < s->n_hits; i++) {
            times[s->hits[i].item]++;
            assert_in_range(s->hits[i].rank, 1, TUI_SHARE_K);
        }
        lists += s->n_lists;
        slices++;
    } while (s->done < s->total);
    assert_int_equal(s->total, USERS);
    assert_int_equal(slices, (USERS + TUI_SHARE_SLICE - 1) / TUI_SHARE_SLICE);
    int32_t want_lists = 0;
    for (int32_t u = 0; u < USERS; u++) {
        struct rs_ask ask = {.user = u, .k = TUI_SHARE_K, .exclude_seen = true};
        struct rs_ranked list[TUI_SHARE_K];
        int32_t n;
        const char *source;
        assert_ok(rs_bundle_recommend(w->t.b, &ask, NULL, list, &n, &source, &err), &err);
        if (strcmp(source, "als") != 0) continue;
        want_lists++;
        for (int32_t i = 0; i < n; i++) {
            times[list[i].item]--;
        }
    }
    assert_int_equal(lists, want_lists);
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(times[i], 0);
    }
    free(s);
}

static void cancelled_work_stops(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct rs_task task = {0};
    struct tui_rows *r = NULL;
    struct tui_item *it = NULL;
    atomic_store(&task.cancel, true);
    assert_code(tui_user_rows(&w->d, &task, &r, &err), RS_ECANCEL, &err, "users");
    assert_code(tui_item_rows(&w->d, NULL, &task, &r, &err), RS_ECANCEL, &err, "items");
    assert_code(tui_item_read(&w->d, "i001", &task, &it, &err), RS_ECANCEL, &err, "raters");
    assert_true(!r && !it);
}

static enum rs_code read_all(void *ctx, struct rs_err *err)
{
    const struct world *w = ctx;
    struct tui_rows *users = NULL;
    struct tui_rows *items = NULL;
    struct tui_user *u = NULL;
    struct tui_list *l = NULL;
    struct tui_why *y = NULL;
    struct tui_item *it = NULL;
    const struct rs_wish wish = {.user_id = "50", .k = 5, .exclude_seen = true};
    enum rs_code rc = tui_user_rows(&w->d, NULL, &users, err);
    if (!rc) rc = tui_item_rows(&w->d, NULL, NULL, &items, err);
    if (!rc) rc = tui_user_read(&w->d, "50", NULL, 0, &u, err);
    if (!rc) rc = tui_list_read(w->t.b, &wish, &l, err);
    if (!rc) rc = tui_why_read(w->t.b, &wish, "i004", &y, err);
    if (!rc) rc = tui_item_read(&w->d, "i004", NULL, &it, err);
    tui_rows_release(users);
    tui_rows_release(items);
    tui_user_free(u);
    tui_list_free(l);
    tui_why_free(y);
    tui_item_free(it);
    return rc;
}

static void memory_may_run_out(void **state)
{
    assert_survives_oom(read_all, *state);
}

static void numbers_and_months_are_said(void **state)
{
    (void)state;
    char buf[32];
    assert_string_equal(tui_thousands(0, buf), "0");
    assert_string_equal(tui_thousands(999, buf), "999");
    assert_string_equal(tui_thousands(1000, buf), "1,000");
    assert_string_equal(tui_thousands(-1234567, buf), "-1,234,567");
    char month[16];
    assert_string_equal(tui_month_text(tui_month_of(0), month), "1970-01");
    assert_string_equal(tui_month_text(tui_month_of(1577836799), month), "2019-12");
    assert_int_equal(tui_month_of(1577836800) - tui_month_of(1577836799), 1);
    assert_int_equal(tui_month_of(INT64_MIN), -1);
    assert_int_equal(tui_month_of(INT64_MAX), -1);
}

static void genres_are_short(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_catalogue *c = rs_catalogue_new(2);
    char text[64];
    assert_ok(rs_catalogue_set(c, 0, "Alien", "Sci-Fi|Horror|IMAX", 1979, &err), &err);
    tui_short_genres(c, 0, text, sizeof(text));
    assert_string_equal(text, "Horr IMAX SciF");
    tui_short_genres(c, 0, text, 12);
    assert_string_equal(text, "Horr IMAX"); /* a genre that does not fit is left out whole */
    tui_short_genres(c, 1, text, sizeof(text));
    assert_string_equal(text, "");
    rs_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histories_hold_what_was_rated_and_posted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(strangers_have_what_they_posted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_are_those_of_the_bundle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_gets_what_is_popular_and_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reasons_sum_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(similar_items_are_those_of_the_bundle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(raters_are_all_that_rated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shares_count_the_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelled_work_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_may_run_out, set_up, tear_down),
        cmocka_unit_test(numbers_and_months_are_said),
        cmocka_unit_test(genres_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
