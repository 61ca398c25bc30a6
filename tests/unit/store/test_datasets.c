/* Datasets, feedback and tokens: what is put in comes back, and what is wrong is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/store/datasets.h"

static void datasets_are_replaced_by_name(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_val *list = NULL;
    ref_store_init(&t);
    rs_clock_set(77);
    assert_ok(rs_datasets_put(t.st, "ml", "old", 1, 2, 3, &err), &err);
    assert_ok(rs_datasets_put(t.st, "aa", "f", 4, 5, 6, &err), &err);
    assert_ok(rs_datasets_put(t.st, "ml", "new", 610, 9724, 100836, &err), &err);
    rs_clock_set(-1);
    assert_ok(rs_datasets_list(t.st, &list, &err), &err);
    assert_int_equal(list->n, 2);
    const struct rs_val *ml = list->items[1];
    assert_string_equal(rs_val_get_str(ml, "name", ""), "ml");
    assert_string_equal(rs_val_get_str(ml, "fingerprint", ""), "new");
    assert_int_equal(rs_val_get_int(ml, "users", 0), 610);
    assert_int_equal(rs_val_get_int(ml, "items", 0), 9724);
    assert_int_equal(rs_val_get_int(ml, "interactions", 0), 100836);
    assert_int_equal(rs_val_get_int(ml, "prepared_ms", 0), 77);
    rs_val_free(list);
    ref_store_clear(&t);
}

/* ---- feedback ------------------------------------------------------------------------------ */

struct seen {
    struct rs_store *st;
    int64_t ids[8];
    size_t n;
    size_t stop_at;
    double sum;
};

static enum rs_code see(const struct rs_feedback *f, void *ctx, struct rs_err *err)
{
    struct seen *s = ctx;
    s->ids[s->n++] = f->id;
    s->sum += f->value;
    assert_string_equal(f->user_id, "42");
    assert_string_equal(f->type, f->id == 2 ? "click" : "");
    /* the callback may use the store */
    struct rs_val *list = NULL;
    enum rs_code rc = rs_datasets_list(s->st, &list, err);
    rs_val_free(list);
    if (rc) return rc;
    return s->n == s->stop_at ? rs_fail(err, RS_EPARSE, "enough") : RS_OK;
}

static void feedback_comes_in_order(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int64_t id = 0;
    ref_store_init(&t);
    struct rs_feedback f = {.user_id = "42", .item_id = "7", .value = 4.5, .time_s = 100};
    assert_ok(rs_feedback_add(t.st, &f, &id, &err), &err);
    assert_int_equal(id, 1);
    f.type = "click";
    assert_ok(rs_feedback_add(t.st, &f, &id, &err), &err);
    f.type = "";
    assert_ok(rs_feedback_add(t.st, &f, &id, &err), &err);
    struct seen s = {.st = t.st};
    assert_ok(rs_feedback_each(t.st, 0, see, &s, &err), &err);
    assert_int_equal(s.n, 3);
    assert_true(s.sum == 13.5);
    s = (struct seen){.st = t.st};
    assert_ok(rs_feedback_each(t.st, 1, see, &s, &err), &err);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.ids[0], 2);
    s = (struct seen){.st = t.st, .stop_at = 1};
    assert_code(rs_feedback_each(t.st, 0, see, &s, &err), RS_EPARSE, &err, "enough");
    assert_int_equal(s.n, 1);
    s = (struct seen){.st = t.st};
    assert_ok(rs_feedback_each(t.st, 0, see, &s, &err), &err); /* and again from the start */
    assert_int_equal(s.n, 3);
    f.value = (double)NAN;
    assert_code(rs_feedback_add(t.st, &f, &id, &err), RS_EREFUSED, &err, "value");
    ref_store_clear(&t);
}

static enum rs_code sum_up(const struct rs_feedback *f, void *ctx, struct rs_err *err)
{
    struct seen *s = ctx;
    (void)err;
    s->ids[s->n++] = f->id;
    s->sum += (double)f->received_ms;
    return RS_OK;
}

static void one_users_feedback_comes_alone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int64_t id = 0;
    ref_store_init(&t);
    static const char *const users[] = {"a", "b", "a", "it's", "a"};
    for (int i = 0; i < 5; i++) {
        struct rs_feedback f = {.user_id = users[i], .item_id = "7", .value = 1, .time_s = 9};
        rs_clock_set(1000 + i);
        assert_ok(rs_feedback_add(t.st, &f, &id, &err), &err);
    }
    rs_clock_set(-1);
    struct seen s = {0};
    assert_ok(rs_feedback_of(t.st, "a", 0, sum_up, &s, &err), &err);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.ids[0], 1);
    assert_int_equal(s.ids[2], 5);
    assert_true(s.sum == 1000 + 1002 + 1004);
    s = (struct seen){0};
    assert_ok(rs_feedback_of(t.st, "a", 3, sum_up, &s, &err), &err);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.ids[0], 5);
    s = (struct seen){0};
    assert_ok(rs_feedback_of(t.st, "it's", 0, sum_up, &s, &err), &err);
    assert_int_equal(s.n, 1);
    s = (struct seen){0};
    assert_ok(rs_feedback_of(t.st, "nobody", 0, sum_up, &s, &err), &err);
    assert_int_equal(s.n, 0);
    struct seen stop = {.st = t.st, .stop_at = 1};
    ref_store_sql(t.path, "UPDATE rs_feedback SET user_id = '42'");
    assert_code(rs_feedback_of(t.st, "42", 0, see, &stop, &err), RS_EPARSE, &err, "enough");
    assert_int_equal(stop.n, 1);
    ref_store_clear(&t);
}

/* One bad event of a transaction takes back its own part only. */
static void events_of_one_transaction_fail_alone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int64_t id = 0;
    ref_store_init(&t);
    assert_ok(rs_store_begin_full(t.st, &err), &err);
    for (int i = 0; i < 5; i++) {
        struct rs_feedback good = {.user_id = "a", .item_id = "1", .value = i};
        struct rs_feedback bad = {.user_id = "a", .item_id = NULL, .value = 1};
        assert_ok(rs_store_savepoint(t.st, &err), &err);
        assert_ok(rs_feedback_add(t.st, &good, &id, &err), &err);
        if (i % 2) {
            assert_code(rs_feedback_add(t.st, &bad, &id, &err), RS_EREFUSED, &err, "item_id");
            assert_ok(rs_store_rollback_to(t.st, &err), &err);
        } else {
            assert_ok(rs_store_release(t.st, &err), &err);
        }
    }
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_feedback"), 0);
    assert_ok(rs_store_commit(t.st, &err), &err);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_feedback"), 3);
    assert_int_equal(ref_store_int(t.path, "SELECT sum(value) FROM rs_feedback"), 0 + 2 + 4);
    ref_store_clear(&t);
}

/* ---- tokens -------------------------------------------------------------------------------- */

struct live {
    char text[256]; /* name:scope;… */
    const char *hash;
    enum rs_code rc;
};

static enum rs_code see_token(const struct rs_token *t, void *ctx, struct rs_err *err)
{
    struct live *l = ctx;
    size_t len = strlen(l->text);
    snprintf(l->text + len, sizeof(l->text) - len, "%s:%s;", t->name, t->scope);
    if (l->hash) assert_true(rs_hash_equal(t->hash_hex, l->hash));
    return l->rc ? rs_fail(err, l->rc, "enough") : RS_OK;
}

static void live_tokens_are_given_with_their_scope(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_SHA256_HEX];
    char b[RS_SHA256_HEX];
    struct live live = {0};
    struct rs_val *list = NULL;
    ref_store_init(&t);
    rs_sha256_of("a", 1, a);
    rs_sha256_of("b", 1, b);
    assert_ok(rs_tokens_add(t.st, "ci", "write", a, &err), &err);
    assert_ok(rs_tokens_add(t.st, "me", "admin", b, &err), &err);
    assert_ok(rs_tokens_each(t.st, see_token, &live, &err), &err);
    assert_string_equal(live.text, "ci:write;me:admin;");
    assert_ok(rs_tokens_revoke(t.st, "ci", &err), &err);
    live = (struct live){.hash = b};
    assert_ok(rs_tokens_each(t.st, see_token, &live, &err), &err);
    assert_string_equal(live.text, "me:admin;");
    char c[RS_SHA256_HEX];
    rs_sha256_of("c", 1, c);
    assert_ok(rs_tokens_add(t.st, "zoe", "read", c, &err), &err);
    live = (struct live){.rc = RS_EPARSE};
    assert_code(rs_tokens_each(t.st, see_token, &live, &err), RS_EPARSE, &err, "enough");
    assert_string_equal(live.text, "me:admin;");
    live = (struct live){0};
    assert_ok(rs_tokens_each(t.st, see_token, &live, &err), &err); /* and again from the start */
    assert_string_equal(live.text, "me:admin;zoe:read;");
    assert_ok(rs_tokens_list(t.st, &list, &err), &err);
    assert_int_equal(list->n, 3);
    assert_string_equal(rs_val_get_str(list->items[0], "name", ""), "ci");
    assert_true(rs_val_get_bool(list->items[0], "revoked", false));
    assert_false(rs_val_get_bool(list->items[1], "revoked", true));
    rs_val_free(list);
    ref_store_clear(&t);
}

static void bad_tokens_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_SHA256_HEX];
    ref_store_init(&t);
    rs_sha256_of("a", 1, a);
    assert_ok(rs_tokens_add(t.st, "ci", "read", a, &err), &err);
    assert_code(rs_tokens_add(t.st, "ci", "read", a, &err), RS_EARG, &err, "another name");
    assert_code(rs_tokens_add(t.st, "x", "root", a, &err), RS_EARG, &err, "'root'");
    assert_code(rs_tokens_add(t.st, "x", "read", "abc", &err), RS_EARG, &err, "SHA-256");
    assert_code(rs_tokens_revoke(t.st, "y", &err), RS_ENOTFOUND, &err, "no token 'y'");
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datasets_are_replaced_by_name),
        cmocka_unit_test(feedback_comes_in_order),
        cmocka_unit_test(one_users_feedback_comes_alone),
        cmocka_unit_test(events_of_one_transaction_fail_alone),
        cmocka_unit_test(live_tokens_are_given_with_their_scope),
        cmocka_unit_test(bad_tokens_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
