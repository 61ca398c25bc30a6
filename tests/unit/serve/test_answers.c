/* Answers of the model's calls, without HTTP: what they say, in which shape, and what is refused. */
#include <math.h>
#include <stdio.h>

#include "ref/ref_call.h"
#include "rs/base/clock.h"
#include "rs/base/par.h"

enum { USERS = 30, ITEMS = 60 };

static void server_init(struct ref_core *t)
{
    ref_core_init(t, 7, USERS, ITEMS);
    ref_core_publish(t, "als", "factors=6 iterations=3");
}

/* Items of a list of rows, as the answer has them. */
static const char *item_at(const struct rs_val *rows, size_t i)
{
    return rs_val_get_str(rows->items[i], "item_id", "?");
}

static const struct rs_val *list_of(const struct ref_core_answer *a)
{
    const struct rs_val *rows = rs_val_get(a->val, "recommendations");
    assert_non_null(rows);
    return rows;
}

/* The answer is what the bundle says to the same question. */
static void assert_asked(struct ref_core *t, const struct ref_core_answer *a, struct rs_ask ask,
                         const char *source)
{
    struct rs_err err = {0};
    struct rs_ranked want[RS_MAX_K];
    int32_t n = 0;
    const char *from = "";
    struct srv_model *m = srv_model_acquire(t->srv->models);
    assert_ok(rs_bundle_recommend(m->bundle, &ask, NULL, want, &n, &from, &err), &err);
    ref_check_shape("Recommendations", a->val);
    const struct rs_val *rows = list_of(a);
    assert_int_equal(rows->n, n);
    assert_string_equal(rs_val_get_str(a->val, "source", ""), source);
    assert_string_equal(from, source);
    assert_int_equal(rs_val_get_int(a->val, "model_version", 0), m->version);
    for (int32_t i = 0; i < n; i++) {
        const struct rs_val *row = rows->items[i];
        assert_int_equal(rs_idmap_find(m->bundle->items, item_at(rows, (size_t)i)), want[i].item);
        assert_true((float)rs_val_get_real(row, "score", NAN) == want[i].score);
        assert_int_equal(rs_val_get_int(row, "rank", 0), ask.offset + i + 1);
        assert_string_equal(rs_val_get_str(row, "title", ""),
                            rs_catalogue_title(m->bundle->catalogue, want[i].item));
        assert_string_equal(rs_val_get_str(row, "genres", ""),
                            want[i].item % 2 ? "Comedy|Drama" : "Drama");
    }
    srv_model_release(t->srv->models, m);
}

static void lists_are_the_bundles(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    for (int32_t user = 0; user < USERS; user++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"user_id\": %d, \"k\": 7}", 10 * (user + 1));
        struct ref_core_answer a = ref_core_ask(&t, "/recommend", body);
        const char *source = rs_csr_len(&t.split.p.ui, user) ? "als" : "popularity:cold_user";
        assert_asked(&t, &a, (struct rs_ask){.user = user, .k = 7, .exclude_seen = true}, source);
        assert_int_equal(rs_val_get_int(a.val, "user_id", 0), 10 * (user + 1));
        ref_core_answer_clear(&a);
    }
    struct ref_core_answer a =
        ref_core_ask(&t, "/recommend", "{\"user_id\":\"10\",\"exclude_seen\":false}");
    assert_asked(&t, &a, (struct rs_ask){.user = 0, .k = 10}, "als");
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/recommend", "{\"user_id\": \"nobody\", \"k\": 3}");
    assert_asked(&t, &a, (struct rs_ask){.user = -1, .k = 3, .exclude_seen = true},
                 "popularity:unknown_user");
    assert_string_equal(rs_val_get_str(a.val, "user_id", ""), "nobody");
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/recommend",
                     "{\"items\": [\"i007\", \"i003\", \"i003\", \"x\"], \"k\": 5}");
    static const int32_t items[] = {3, 7};
    assert_asked(
        &t, &a,
        (struct rs_ask){.user = -1, .items = items, .n_items = 2, .k = 5, .exclude_seen = true},
        "als");
    assert_int_equal(rs_val_get(a.val, "user_id")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get_int(a.val, "ignored_items", 0), 1);
    ref_core_answer_clear(&a);
    ref_core_clear(&t);
}

static void options_reach_the_list(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    struct ref_core_answer a =
        ref_core_ask(&t, "/recommend",
                     "{\"user_id\": 10, \"genres\": [\"comedy\"], \"k\": 4,"
                     " \"exclude_seen\": false, \"exclude_items\": [\"i001\"],"
                     " \"candidates\": [\"i001\", \"i002\", \"i003\", \"i005\"]}");
    static const uint64_t allowed[] = {1U << 1 | 1U << 3 | 1U << 5};
    static const int32_t exclude[] = {1};
    assert_asked(
        &t, &a,
        (struct rs_ask){.user = 0, .k = 4, .allowed = allowed, .exclude = exclude, .n_exclude = 1},
        "als");
    assert_int_equal(list_of(&a)->n, 2);
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/recommend", "{\"user_id\": 10, \"diversity\": 0.7}");
    assert_asked(
        &t, &a, (struct rs_ask){.user = 0, .k = 10, .exclude_seen = true, .diversity = 0.7}, "als");
    ref_core_answer_clear(&a);
    ref_core_fails(&t, "/recommend", "{\"user_id\": 10, \"genres\": [\"Western\"]}", RS_ENOTFOUND,
                   "genre 'Western'");
    ref_core_fails(&t, "/recommend", "{\"user_id\": 1, \"strict\": true}", RS_ENOTFOUND,
                   "user '1'");
    ref_core_fails(&t, "/recommend", "{\"items\": [\"x\"], \"strict\": true}", RS_ENOTFOUND,
                   "item 'x'");
    ref_core_fails(&t, "/recommend", "{}", RS_EARG, "user_id and items are both missing");
    ref_core_fails(&t, "/recommend", "{\"user_id\": 10, \"items\": [\"i001\"]}", RS_EARG,
                   "user_id and items are both given");
    ref_core_clear(&t);
}

/* Adds a list's items to seen[n]; each is new. */
static size_t add_new(const struct rs_val *rows, char seen[][16], size_t n)
{
    for (size_t i = 0; i < rows->n; i++) {
        for (size_t o = 0; o < n; o++)
            assert_string_not_equal(item_at(rows, i), seen[o]);
        assert_int_equal(rs_val_get_int(rows->items[i], "rank", 0), n + 1);
        snprintf(seen[n++], 16, "%s", item_at(rows, i));
    }
    return n;
}

static struct ref_core_answer next_page(struct ref_core *t, const char *fields,
                                        const struct ref_core_answer *before)
{
    const char *cursor = rs_val_get_str(before->val, "next_cursor", NULL);
    assert_non_null(cursor);
    char *body = rs_xprintf("{%s, \"cursor\": \"%s\"}", fields, cursor);
    struct ref_core_answer a = ref_core_ask(t, "/recommend", body);
    free(body);
    ref_check_shape("Recommendations", a.val);
    return a;
}

/* Pages of 7 are the list of 100; between them happens what `between` does. */
static void check_pages(struct ref_core *t, const char *fields,
                        void (*between)(struct ref_core *t, size_t page))
{
    char seen[ITEMS + 7][16];
    char *body = rs_xprintf("{%s, \"k\": 100}", fields);
    struct ref_core_answer all = ref_core_ask(t, "/recommend", body);
    free(body);
    body = rs_xprintf("%s, \"k\": 7", fields);
    char *first = rs_xprintf("{%s}", body);
    struct ref_core_answer page = ref_core_ask(t, "/recommend", first);
    int64_t version = rs_val_get_int(page.val, "model_version", 0);
    size_t n = add_new(list_of(&page), seen, 0);
    for (size_t i = 0; rs_val_get_str(page.val, "next_cursor", NULL); i++) {
        if (between) between(t, i);
        struct ref_core_answer next = next_page(t, body, &page);
        assert_int_equal(rs_val_get_int(next.val, "model_version", 0), version);
        ref_core_answer_clear(&page);
        page = next;
        n = add_new(list_of(&page), seen, n);
    }
    assert_int_equal(rs_val_get(page.val, "next_cursor")->type, RS_VAL_NULL);
    assert_int_equal(rs_val_get(all.val, "next_cursor")->type, RS_VAL_NULL);
    assert_int_equal(n, list_of(&all)->n);
    assert_true(n > 20);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(item_at(list_of(&all), i), seen[i]);
    ref_core_answer_clear(&page);
    ref_core_answer_clear(&all);
    free(first);
    free(body);
}

static void post_feedback(struct ref_core *t, const char *user, const char *item)
{
    char *body = rs_xprintf("{\"user_id\": \"%s\", \"item_id\": \"%s\", \"value\": 5}", user, item);
    struct ref_core_answer a = ref_core_ask(t, "/feedback", body);
    ref_core_answer_clear(&a);
    free(body);
}

/* Feedback on what is still to come, and once another model. */
static void disturb(struct ref_core *t, size_t page)
{
    char item[16];
    snprintf(item, sizeof(item), "i%03d", (int)((17 * page + 50 + (size_t)t->version) % ITEMS));
    post_feedback(t, "10", item);
    if (page == 1) ref_core_publish(t, "popularity", "");
}

static void pages_are_the_list_cut_up(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    check_pages(&t, "\"user_id\": 10", NULL);
    check_pages(&t, "\"user_id\": 10, \"diversity\": 0.4", NULL);
    check_pages(&t, "\"user_id\": \"nobody\"", NULL);
    check_pages(&t, "\"items\": [\"i003\", \"i010\"], \"exclude_items\": [\"i004\"]", NULL);
    /* lists that nobody asked for yet: without feedback at their start, and with some */
    check_pages(&t, "\"user_id\": 10, \"exclude_items\": [\"i004\"]", disturb);
    ref_core_publish(&t, "als", "factors=6 iterations=3");
    check_pages(&t, "\"user_id\": 10, \"exclude_items\": [\"i006\"]", disturb);
    ref_core_publish(&t, "als", "factors=5 iterations=3");
    check_pages(&t, "\"user_id\": 10, \"exclude_seen\": false", disturb);
    ref_core_clear(&t);
}

static void ask_with_cursor(struct ref_core *t, const char *fields, const char *cursor,
                            enum rs_code code, const char *part)
{
    char *body = rs_xprintf("{%s, \"cursor\": \"%s\"}", fields, cursor);
    ref_core_fails(t, "/recommend", body, code, part);
    free(body);
}

static void cursors_belong_to_their_request(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    struct ref_core_answer a = ref_core_ask(&t, "/recommend", "{\"user_id\": 10, \"k\": 5}");
    const char *cursor = rs_val_get_str(a.val, "next_cursor", "");
    static const char *const others[] = {
        "\"user_id\": 10",
        "\"user_id\": 10, \"k\": 6",
        "\"user_id\": 20, \"k\": 5",
        "\"items\": [\"10\"], \"k\": 5",
        "\"user_id\": 10, \"k\": 5, \"exclude_seen\": false",
        "\"user_id\": 10, \"k\": 5, \"strict\": true",
        "\"user_id\": 10, \"k\": 5, \"diversity\": 0.1",
        "\"user_id\": 10, \"k\": 5, \"exclude_items\": []",
        "\"user_id\": 10, \"k\": 5, \"candidates\": [\"i001\"]",
        "\"user_id\": 10, \"k\": 5, \"genres\": [\"Drama\"]",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        ask_with_cursor(&t, others[i], cursor, RS_EREFUSED, "cursor: it is no next_cursor of this");
    ask_with_cursor(&t, "\"user_id\": 10, \"k\": 5", "AAAA", RS_EREFUSED, "cursor: it is no");
    ref_core_publish(&t, "popularity", "");
    struct ref_core_answer second = next_page(&t, "\"user_id\": 10, \"k\": 5", &a);
    ref_core_answer_clear(&second);
    ref_core_publish(&t, "als", "factors=4 iterations=2");
    ask_with_cursor(&t, "\"user_id\": 10, \"k\": 5", cursor, RS_EREFUSED,
                    "version 1 is no longer served: ask for the first page again");
    ref_core_answer_clear(&a);
    ref_core_clear(&t);
}

static void a_list_goes_out_again_until_something_changes(void **state)
{
    (void)state;
    static const char body[] = "{\"user_id\": 10, \"k\": 5}";
    struct ref_core t;
    server_init(&t);
    rs_clock_set(1000);
    struct ref_core_answer a = ref_core_ask(&t, "/recommend", body);
    rs_clock_set(2000);
    struct ref_core_answer b = ref_core_ask(&t, "/recommend", "{\"k\": 5.0, \"user_id\": \"10\"}");
    assert_true(a.shared && b.shared);
    assert_string_equal(a.text, b.text); /* the same moment, too */
    char item[16];
    snprintf(item, sizeof(item), "%s", item_at(list_of(&a), 0));
    ref_core_answer_clear(&b);
    b = ref_core_ask(&t, "/recommend", "{\"user_id\": 10, \"k\": 6}");
    assert_string_not_equal(a.text, b.text);
    ref_core_answer_clear(&b);
    post_feedback(&t, "10", item);
    b = ref_core_ask(&t, "/recommend", body);
    for (size_t i = 0; i < list_of(&b)->n; i++) /* seen now */
        assert_string_not_equal(item_at(list_of(&b), i), item);
    ref_core_answer_clear(&b);
    ref_core_publish(&t, "popularity", "");
    b = ref_core_ask(&t, "/recommend", body);
    assert_int_equal(rs_val_get_int(b.val, "model_version", 0), 2);
    ref_core_answer_clear(&b);
    assert_int_equal(srv_cache_stats(t.srv->cache).hits, 1);
    assert_int_equal(t.srv->metrics.lists, 5);
    assert_int_equal(t.srv->metrics.identical_lists, 0);
    ref_core_answer_clear(&a);
    rs_clock_set(-1);
    ref_core_clear(&t);
}

static void strangers_with_feedback_get_their_own_list(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    ref_core_fails(&t, "/recommend", "{\"user_id\": \"new\", \"strict\": true}", RS_ENOTFOUND,
                   "user 'new'");
    post_feedback(&t, "new", "i005");
    struct ref_core_answer a =
        ref_core_ask(&t, "/recommend", "{\"user_id\": \"new\", \"strict\": true}");
    static const int32_t items[] = {5};
    static const float values[] = {5};
    assert_asked(&t, &a,
                 (struct rs_ask){.user = -1,
                                 .items = items,
                                 .values = values,
                                 .n_items = 1,
                                 .k = 10,
                                 .exclude_seen = true},
                 "als");
    ref_core_answer_clear(&a);
    assert_int_equal(t.srv->metrics.fallback_lists, 0);
    a = ref_core_ask(&t, "/recommend", "{\"user_id\": \"other\"}");
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/recommend", "{\"user_id\": \"another\"}");
    ref_core_answer_clear(&a);
    assert_int_equal(t.srv->metrics.lists, 3);
    assert_int_equal(t.srv->metrics.fallback_lists, 2);
    assert_int_equal(t.srv->metrics.identical_lists, 1);
    ref_core_clear(&t);
}

static void a_batch_is_its_lists(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    rs_clock_set(1700000000123);
    post_feedback(&t, "20", "i011");
#define OPTIONS                                                                   \
    "\"k\": 4, \"exclude_items\": [\"i001\", \"x\"], \"candidates\": [\"i000\", " \
    "\"i001\", \"i002\", \"i011\", \"i033\", \"i044\", \"y\"]"
    struct ref_core_answer batch = ref_core_ask(
        &t, "/recommend/batch", "{\"user_ids\": [20, \"10\", \"nobody\", 20, 300], " OPTIONS "}");
    ref_check_shape("RecommendationsList", batch.val);
    static const char *const users[] = {"20", "10", "nobody", "20", "300"};
    struct rs_str all;
    rs_str_init(&all, 0);
    for (int i = 0; i < 5; i++) {
        char *body = rs_xprintf("{\"user_id\": \"%s\", " OPTIONS "}", users[i]);
        struct ref_core_answer one = ref_core_ask(&t, "/recommend", body);
        rs_str_addf(&all, "%s%s", i ? "," : "[", one.text);
        ref_core_answer_clear(&one);
        free(body);
    }
    rs_str_add(&all, "]");
    assert_string_equal(batch.text, rs_str_text(&all)); /* cursors, too */
    assert_int_equal(t.srv->metrics.lists, 10);
    rs_str_clear(&all);
    ref_core_answer_clear(&batch);
    ref_core_fails(&t, "/recommend/batch", "{\"user_ids\": [10, 11], \"strict\": true}",
                   RS_ENOTFOUND, "user '11'");
    ref_core_fails(&t, "/recommend/batch", "{\"user_ids\": [10], \"genres\": [\"x\"]}",
                   RS_ENOTFOUND, "genre 'x'");
    rs_clock_set(-1);
    ref_core_clear(&t);
}

static void similar_items_are_the_bundles(void **state)
{
    (void)state;
    struct ref_core t;
    struct rs_err err = {0};
    server_init(&t);
    struct ref_core_answer a =
        ref_core_ask(&t, "/similar-items", "{\"item_id\": \"i004\", \"k\": 6}");
    ref_check_shape("SimilarItems", a.val);
    struct srv_model *m = srv_model_acquire(t.srv->models);
    struct rs_ranked want[6];
    int32_t n;
    assert_ok(rs_bundle_similar(m->bundle, 4, 6, NULL, NULL, want, &n, &err), &err);
    srv_model_release(t.srv->models, m);
    const struct rs_val *rows = rs_val_get(a.val, "similar_items");
    assert_int_equal(rows->n, n);
    for (int32_t i = 0; i < n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "i%03d", want[i].item);
        assert_string_equal(item_at(rows, (size_t)i), id);
        assert_true((float)rs_val_get_real(rows->items[i], "similarity", NAN) == want[i].score);
    }
    struct ref_core_answer again =
        ref_core_ask(&t, "/similar-items", "{\"item_id\": \"i004\", \"k\": 6}");
    assert_true(again.shared);
    assert_string_equal(a.text, again.text);
    ref_core_answer_clear(&again);
    ref_core_answer_clear(&a);
    ref_core_fails(&t, "/similar-items", "{\"item_id\": 4}", RS_ENOTFOUND, "item '4'");
    ref_core_publish(&t, "popularity", "");
    ref_core_fails(&t, "/similar-items", "{\"item_id\": \"i004\"}", RS_EREFUSED,
                   "model 'popularity' (version 2) does not compare items: promote one");
    ref_core_clear(&t);
}

static bool lists_item(const struct ref_core_answer *a, const char *key, const char *item)
{
    const struct rs_val *rows = rs_val_get(a->val, key);
    for (size_t i = 0; i < rows->n; i++) {
        if (strcmp(item_at(rows, i), item) == 0) return true;
    }
    return false;
}

static void denied_items_are_in_no_list(void **state)
{
    (void)state;
    struct ref_core t;
    ref_core_init(&t, 7, USERS, ITEMS);
    char *deny = ref_file(t.store.dir, "deny.txt", "i004 # gone\ni010\n", SIZE_MAX);
    free(t.settings.deny);
    t.settings.deny = deny;
    ref_core_publish(&t, "als", "factors=6 iterations=3");
    struct ref_core_answer a =
        ref_core_ask(&t, "/recommend", "{\"user_id\": 10, \"k\": 100, \"exclude_seen\": false}");
    assert_int_equal(list_of(&a)->n, ITEMS - 2);
    assert_false(lists_item(&a, "recommendations", "i004"));
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/recommend",
                     "{\"user_id\": 10, \"candidates\": [\"i004\", \"i005\"],"
                     " \"exclude_seen\": false}");
    assert_int_equal(list_of(&a)->n, 1);
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/similar-items", "{\"item_id\": \"i004\", \"k\": 100}");
    assert_int_equal(rs_val_get(a.val, "similar_items")->n, ITEMS - 2);
    assert_false(lists_item(&a, "similar_items", "i010"));
    ref_core_answer_clear(&a);
    ref_core_clear(&t);
}

static void explanations_add_up_to_the_score(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    post_feedback(&t, "10", "i059");
    struct ref_core_answer list = ref_core_ask(&t, "/recommend", "{\"user_id\": 10, \"k\": 1}");
    char target[64];
    snprintf(target, sizeof(target), "/explain?user_id=10&item_id=%s&k=100",
             item_at(list_of(&list), 0));
    struct ref_core_answer a = ref_core_ask(&t, target, NULL);
    ref_check_shape("Explanation", a.val);
    double score = rs_val_get_real(a.val, "score", NAN);
    double sum = rs_val_get_real(a.val, "base", NAN);
    const struct rs_val *rows = rs_val_get(a.val, "contributions");
    bool has_feedback = false;
    double before = INFINITY;
    for (size_t i = 0; i < rows->n; i++) {
        double c = rs_val_get_real(rows->items[i], "contribution", NAN);
        assert_true(c <= before);
        before = c;
        sum += c;
        if (strcmp(item_at(rows, i), "i059") != 0) continue;
        has_feedback = true;
        assert_true(rs_val_get_real(rows->items[i], "value", NAN) == 5);
    }
    assert_true(has_feedback);
    assert_true(fabs(score - sum) < 1e-6);
    assert_true(fabs(score - rs_val_get_real(list_of(&list)->items[0], "score", NAN)) < 1e-4);
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/explain?user_id=10&item_id=i001&k=2", NULL);
    assert_int_equal(rs_val_get(a.val, "contributions")->n, 2);
    ref_core_answer_clear(&a);
    ref_core_answer_clear(&list);
    ref_core_fails(&t, "/explain?user_id=11&item_id=i001", NULL, RS_ENOTFOUND, "user '11'");
    ref_core_fails(&t, "/explain?user_id=10&item_id=1", NULL, RS_ENOTFOUND, "item '1'");
    ref_core_fails(&t, "/explain?user_id=10", NULL, RS_EARG, "item_id: it is missing");
    ref_core_clear(&t);
}

static void assert_page(struct ref_core *t, const char *target, const char *key, size_t n,
                        int64_t count, const char *first)
{
    struct ref_core_answer a = ref_core_ask(t, target, NULL);
    ref_check_shape(strncmp(target, "/users", 6) == 0    ? "Users"
                    : strncmp(target, "/items-", 7) == 0 ? "ItemRows"
                                                         : "Items",
                    a.val);
    const struct rs_val *rows = rs_val_get(a.val, key);
    assert_int_equal(rows->n, n);
    assert_int_equal(rs_val_get_int(a.val, "count", -1), count);
    if (n > 0) {
        struct rs_str text;
        rs_str_init(&text, 0);
        rs_json_print(rows->items[0], 0, &text);
        assert_string_equal(rs_str_text(&text), first);
        rs_str_clear(&text);
    }
    ref_core_answer_clear(&a);
}

static void users_and_items_are_listed_and_searched(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    assert_page(&t, "/users", "users", USERS, USERS, "10");
    assert_page(&t, "/users?limit=2&offset=28", "users", 2, USERS, "290");
    assert_page(&t, "/users?limit=2&offset=29", "users", 1, USERS, "300");
    assert_page(&t, "/users?offset=1000000000", "users", 0, USERS, NULL);
    assert_page(&t, "/users?search=9", "users", 3, 3, "90");
    assert_page(&t, "/users?search=00&offset=1&limit=1", "users", 1, 3, "200");
    assert_page(&t, "/users?search=x", "users", 0, 0, NULL);
    assert_page(&t, "/users?search=", "users", USERS, USERS, "10");
    assert_page(&t, "/items?limit=3", "items", 3, ITEMS, "\"i000\"");
    assert_page(&t, "/items?search=I05", "items", 10, 10, "\"i050\"");
    assert_page(&t, "/items?search=fILM+7", "items", 1, 1, "\"i007\"");
    assert_page(&t, "/items?search=(1931)", "items", 1, 1, "\"i031\"");
    assert_page(&t, "/items?search=film", "items", ITEMS, ITEMS, "\"i000\"");
    struct srv_model *m = srv_model_acquire(t.srv->models);
    char row[128];
    snprintf(row, sizeof(row),
             "{\"item_id\":\"i007\",\"title\":\"Film 7 (1907)\",\"genres\":\"Comedy|Drama\","
             "\"year\":1907,\"popularity\":%.1f}",
             (double)m->bundle->popularity[7]);
    srv_model_release(t.srv->models, m);
    assert_page(&t, "/items-with-metadata?search=i007", "items", 1, 1, row);
    ref_core_clear(&t);
}

static void histories_are_newest_first(void **state)
{
    (void)state;
    struct ref_core t;
    server_init(&t);
    static const char *const posts[] = {
        "{\"user_id\": 10, \"item_id\": \"i001\", \"value\": 2.5, \"timestamp\": 2000000000}",
        "{\"user_id\": 10, \"item_id\": 99, \"value\": 1, \"timestamp\": \"1970-01-01T00:00:07Z\"}",
        "{\"user_id\": 10, \"item_id\": \"i002\", \"value\": 3, \"timestamp\": 2000000000}",
    };
    for (int i = 0; i < 3; i++) {
        struct ref_core_answer a = ref_core_ask(&t, "/feedback", posts[i]);
        ref_core_answer_clear(&a);
    }
    struct ref_core_answer a = ref_core_ask(&t, "/user/10/history?limit=1000", NULL);
    ref_check_shape("History", a.val);
    const struct rs_val *rows = rs_val_get(a.val, "history");
    int64_t n_train = rs_csr_len(&t.split.p.ui, 0);
    int64_t n_seen = rs_csr_len(&t.split.val.ui, 0);
    assert_true(n_seen > 0);
    assert_int_equal(rows->n, 3 + n_train + n_seen);
    assert_int_equal(rs_val_get_int(a.val, "count", 0), rows->n);
    assert_int_equal(rs_val_get_int(a.val, "user_id", 0), 10);
    assert_string_equal(item_at(rows, 0), "i002"); /* of one second: the later event */
    assert_string_equal(item_at(rows, 1), "i001");
    assert_true(rs_val_get_real(rows->items[1], "value", 0) == 2.5);
    assert_string_equal(rs_val_get_str(rows->items[1], "timestamp", ""), "2033-05-18T03:33:20Z");
    assert_string_equal(rs_val_get_str(rows->items[1], "part", ""), "feedback");
    const char *before = "9";
    for (size_t i = 0; i < rows->n; i++) {
        const char *part = rs_val_get_str(rows->items[i], "part", "");
        const char *when = rs_val_get_str(rows->items[i], "timestamp", "");
        assert_true(strcmp(when, before) <= 0);
        before = when;
        if (i >= 2 && i < 2 + (size_t)n_train) assert_string_equal(part, "train");
        if (i == 2 + (size_t)n_train) {
            assert_string_equal(when, "1970-01-01T00:00:07Z");
            assert_string_equal(item_at(rows, i), "99");
        }
        if (i > 2 + (size_t)n_train) {
            assert_string_equal(part, "validation");
            assert_int_equal(rs_val_get(rows->items[i], "value")->type, RS_VAL_NULL);
            assert_int_equal(rs_val_get(rows->items[i], "timestamp")->type, RS_VAL_NULL);
            if (i > 3 + (size_t)n_train)
                assert_true(strcmp(item_at(rows, i), item_at(rows, i - 1)) > 0);
        }
    }
    struct ref_core_answer page = ref_core_ask(&t, "/user/10/history?limit=2&offset=1", NULL);
    assert_int_equal(rs_val_get_int(page.val, "count", 0), rows->n);
    assert_true(rs_val_equal(rs_val_get(page.val, "history")->items[1], rows->items[2]));
    ref_core_answer_clear(&page);
    ref_core_answer_clear(&a);
    ref_core_fails(&t, "/user/x%2Fy/history", NULL, RS_ENOTFOUND, "user 'x/y' was not in training");
    post_feedback(&t, "x/y", "i003");
    a = ref_core_ask(&t, "/user/x%2Fy/history", NULL);
    assert_int_equal(rs_val_get(a.val, "history")->n, 1);
    ref_core_answer_clear(&a);
    ref_core_clear(&t);
}

static void feedback_is_stored_as_said(void **state)
{
    (void)state;
    struct ref_core t;
    ref_core_init(&t, 7, USERS, ITEMS);
    rs_clock_set(1700000000999);
    struct ref_core_answer a =
        ref_core_ask(&t, "/feedback", "{\"user_id\": 10, \"item_id\": \"i001\"}");
    ref_check_shape("Feedback", a.val);
    assert_int_equal(a.status, 201);
    assert_string_equal(a.text, "{\"id\":1,\"user_id\":\"10\",\"item_id\":\"i001\",\"value\":1.0,"
                                "\"timestamp\":\"2023-11-14T22:13:20Z\",\"type\":\"\","
                                "\"known_user\":false,\"known_item\":false}");
    ref_core_answer_clear(&a);
    ref_core_publish(&t, "als", "factors=6 iterations=3");
    a = ref_core_ask(&t, "/feedback",
                     "{\"user_id\": \"10\", \"item_id\": \"i001\", \"type\": \"like\"}");
    assert_string_equal(a.text, "{\"id\":2,\"user_id\":10,\"item_id\":\"i001\",\"value\":3.5,"
                                "\"timestamp\":\"2023-11-14T22:13:20Z\",\"type\":\"like\","
                                "\"known_user\":true,\"known_item\":true}");
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/feedback",
                     "{\"user_id\": \"a\\\"b\", \"item_id\": 7, \"value\": -2, \"timestamp\": -1}");
    assert_string_equal(a.text, "{\"id\":3,\"user_id\":\"a\\\"b\",\"item_id\":\"7\",\"value\":-2.0,"
                                "\"timestamp\":\"1969-12-31T23:59:59Z\",\"type\":\"\","
                                "\"known_user\":false,\"known_item\":false}");
    ref_core_answer_clear(&a);
    assert_int_equal(ref_store_int(t.store.path, "SELECT count(*) FROM rs_feedback"), 3);
    assert_int_equal(ref_store_int(t.store.path, "SELECT time_s FROM rs_feedback WHERE id = 3"),
                     -1);
    rs_clock_set(-1);
    ref_core_clear(&t);
}

static void health_says_what_is_wrong(void **state)
{
    (void)state;
    struct ref_core t;
    ref_core_init(&t, 7, USERS, ITEMS);
    struct ref_core_answer a = ref_core_ask(&t, "/health", NULL);
    ref_check_shape("Health", a.val);
    assert_string_equal(rs_val_get_str(a.val, "status", ""), "degraded");
    assert_false(rs_val_get_bool(a.val, "model_loaded", true));
    assert_string_equal(rs_val_get(a.val, "problems")->items[0]->s,
                        "no model is served: model promote VERSION --to production");
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/ready", NULL);
    assert_int_equal(a.status, 503);
    assert_string_equal(a.text, "{\"status\":\"no model is served\"}");
    ref_core_answer_clear(&a);
    ref_core_publish(&t, "als", "factors=6 iterations=3");
    a = ref_core_ask(&t, "/health", NULL);
    assert_string_equal(rs_val_get_str(a.val, "status", ""), "healthy");
    assert_int_equal(rs_val_get_int(a.val, "model_version", 0), 1);
    assert_int_equal(rs_val_get_int(a.val, "n_users", 0), USERS);
    assert_int_equal(rs_val_get_int(a.val, "n_items", 0), ITEMS);
    assert_int_equal(rs_val_get(a.val, "problems")->n, 0);
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/ready", NULL);
    assert_int_equal(a.status, 200);
    ref_check_shape("State", a.val);
    ref_core_answer_clear(&a);
    atomic_store(&t.srv->draining, true);
    a = ref_core_ask(&t, "/ready", NULL);
    assert_int_equal(a.status, 503);
    ref_core_answer_clear(&a);
    a = ref_core_ask(&t, "/live", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.text, "{\"status\":\"ok\"}");
    ref_core_answer_clear(&a);
    ref_core_clear(&t);
}

static void without_memory_a_call_fails_and_the_next_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *target, *body;
    } calls[] = {
        {"/recommend", "{\"user_id\": 10, \"candidates\": [\"i001\", \"i002\"]}"},
        {"/recommend/batch", "{\"user_ids\": [10, 20]}"},
        {"/similar-items", "{\"item_id\": \"i001\"}"},
        {"/explain?user_id=10&item_id=i001", NULL},
        {"/user/10/history", NULL},
        {"/items-with-metadata", NULL},
    };
    struct ref_core t;
    server_init(&t);
    post_feedback(&t, "10", "i033");
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        const char *body = calls[i].body;
        bool through = false;
        for (size_t max = 16; !through && max < 1 << 20; max += max / 4 + 16) {
            rs_arena_free(t.scratch);
            rs_str_clear(&t.out);
            t.scratch = rs_arena_new(1024, max);
            rs_str_init(&t.out, max);
            struct ref_core_answer a =
                ref_core_bytes(&t, calls[i].target, body, body ? strlen(body) : 0);
            if (a.rc) assert_int_equal(a.rc, RS_ENOMEM);
            through = !a.rc;
            ref_core_answer_clear(&a);
        }
        assert_true(through);
    }
    ref_core_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_the_bundles),
        cmocka_unit_test(options_reach_the_list),
        cmocka_unit_test(pages_are_the_list_cut_up),
        cmocka_unit_test(cursors_belong_to_their_request),
        cmocka_unit_test(a_list_goes_out_again_until_something_changes),
        cmocka_unit_test(strangers_with_feedback_get_their_own_list),
        cmocka_unit_test(a_batch_is_its_lists),
        cmocka_unit_test(similar_items_are_the_bundles),
        cmocka_unit_test(denied_items_are_in_no_list),
        cmocka_unit_test(explanations_add_up_to_the_score),
        cmocka_unit_test(users_and_items_are_listed_and_searched),
        cmocka_unit_test(histories_are_newest_first),
        cmocka_unit_test(feedback_is_stored_as_said),
        cmocka_unit_test(health_says_what_is_wrong),
        cmocka_unit_test(without_memory_a_call_fails_and_the_next_does_not),
    };
    rs_par_set_threads(2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
