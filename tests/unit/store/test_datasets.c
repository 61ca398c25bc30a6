/* Datasets, feedback and tokens: what is put in comes back, and what is wrong is refused. */
#include <math.h>
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

/* ---- tokens -------------------------------------------------------------------------------- */

static void tokens_open_what_their_scope_says(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char a[RS_SHA256_HEX];
    char b[RS_SHA256_HEX];
    char scope[16] = "";
    struct rs_val *list = NULL;
    ref_store_init(&t);
    rs_sha256_of("a", 1, a);
    rs_sha256_of("b", 1, b);
    assert_ok(rs_tokens_add(t.st, "ci", "write", a, &err), &err);
    assert_ok(rs_tokens_add(t.st, "me", "admin", b, &err), &err);
    assert_ok(rs_tokens_scope(t.st, a, scope, sizeof(scope), &err), &err);
    assert_string_equal(scope, "write");
    assert_ok(rs_tokens_scope(t.st, b, scope, sizeof(scope), &err), &err);
    assert_string_equal(scope, "admin");
    assert_ok(rs_tokens_revoke(t.st, "ci", &err), &err);
    assert_code(rs_tokens_scope(t.st, a, scope, sizeof(scope), &err), RS_ENOTFOUND, &err,
                "revoked");
    assert_ok(rs_tokens_list(t.st, &list, &err), &err);
    assert_int_equal(list->n, 2);
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
    char scope[16];
    ref_store_init(&t);
    rs_sha256_of("a", 1, a);
    assert_ok(rs_tokens_add(t.st, "ci", "read", a, &err), &err);
    assert_code(rs_tokens_add(t.st, "ci", "read", a, &err), RS_EARG, &err, "another name");
    assert_code(rs_tokens_add(t.st, "x", "root", a, &err), RS_EARG, &err, "'root'");
    assert_code(rs_tokens_add(t.st, "x", "read", "abc", &err), RS_EARG, &err, "SHA-256");
    assert_code(rs_tokens_revoke(t.st, "y", &err), RS_ENOTFOUND, &err, "no token 'y'");
    assert_code(rs_tokens_scope(t.st, "", scope, sizeof(scope), &err), RS_ENOTFOUND, &err, "");
    a[63] = a[63] == '0' ? '1' : '0';
    assert_code(rs_tokens_scope(t.st, a, scope, sizeof(scope), &err), RS_ENOTFOUND, &err, "");
    a[63] = '\0';
    assert_code(rs_tokens_scope(t.st, a, scope, sizeof(scope), &err), RS_ENOTFOUND, &err, "");
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datasets_are_replaced_by_name),
        cmocka_unit_test(feedback_comes_in_order),
        cmocka_unit_test(tokens_open_what_their_scope_says),
        cmocka_unit_test(bad_tokens_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
