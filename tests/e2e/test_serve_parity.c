/* One scorer at every door: for 200 users the running server, the command line, the bundle in this
 * process and what evaluation ranks with give the same items with the same scores. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_web.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/data/split.h"
#include "rs/models/bundle.h"

enum { N_USERS = 200, K = 10, EVERY = 20 /* users that the command line is asked about */ };

struct world {
    struct ref_bin bin;
    struct ref_web web;
    struct rs_split *split;
    struct rs_bundle *bundle;
};

static int set_up(void **state)
{
    struct world *w = rs_xalloc(1, sizeof(*w));
    struct rs_err err = {0};
    ref_bin_init(&w->bin);
    free(ref_bin_out(&w->bin, 0,
                     "data fetch --dataset synthetic --users 260 --items 500 "
                     "--interactions 20000 --seed 9"));
    free(ref_bin_out(&w->bin, 0, REF_DEMO_RUN));
    struct rs_val *v = ref_bin_json(&w->bin, 0, "model show production", "bundle,model");
    assert_string_equal(rs_val_get_str(v, "model", ""), "als");
    char *name = rs_xprintf("models/%s.rsm", rs_val_get_str(v, "bundle", ""));
    char *path = ref_bin_path(&w->bin, name);
    assert_ok(rs_bundle_open(path, &w->bundle, &err), &err);
    free(path);
    free(name);
    rs_val_free(v);
    path = ref_bin_path(&w->bin, "data/processed/synthetic/user-temporal/split.rsd");
    assert_ok(rs_split_open(path, "synthetic", "user-temporal", &w->split, &err), &err);
    free(path);
    assert_true(w->split->n_users >= N_USERS);
    ref_web_start(&w->web, &w->bin, "serving.rate_per_s=0");
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    int status = ref_web_stop(&w->web);
    rs_bundle_close(w->bundle);
    rs_split_close(w->split);
    ref_bin_clear(&w->bin);
    free(w);
    return status;
}

/* A document's list is `want`: items, scores to the last bit, and places. */
static void assert_list(const struct world *w, const struct rs_val *document, const char *door,
                        int32_t user, const struct rs_ranked *want, int32_t n)
{
    const struct rs_val *rows = rs_val_get(document, "recommendations");
    assert_non_null(rows);
    assert_string_equal(rs_val_get_str(document, "source", ""), "als");
    assert_true(rs_val_get_int(document, "user_id", -1) == rs_idmap_int(w->bundle->users, user));
    if (rows->n != (size_t)n) fail_msg("%s, user %d: %zu rows, not %d", door, user, rows->n, n);
    for (int32_t i = 0; i < n; i++) {
        int64_t item = rs_val_get_int(rows->items[i], "item_id", -1);
        float score = (float)rs_val_get_real(rows->items[i], "score", -1);
        if (item != rs_idmap_int(w->bundle->items, want[i].item) || score != want[i].score)
            fail_msg("%s, user %d, place %d: item %lld with %.9g, not %d with %.9g", door, user,
                     i + 1, (long long)item, (double)score, want[i].item, (double)want[i].score);
        assert_int_equal(rs_val_get_int(rows->items[i], "rank", 0), i + 1);
    }
}

static struct rs_val *over_rest(const struct world *w, int32_t user)
{
    struct ref_reply r;
    char body[64];
    snprintf(body, sizeof(body), "{\"user_id\": %lld, \"k\": %d}",
             (long long)rs_idmap_int(w->bundle->users, user), K);
    ref_web_ask(&w->web, "POST", "/recommend", NULL, body, NULL, &r);
    assert_int_equal(r.status, 200);
    struct rs_val *v = r.json;
    r.json = NULL;
    ref_reply_clear(&r);
    return v;
}

static struct rs_val *by_command(const struct world *w, int32_t user)
{
    char line[64];
    snprintf(line, sizeof(line), "recommend --user %lld -k %d",
             (long long)rs_idmap_int(w->bundle->users, user), K);
    return ref_bin_json(&w->bin, 0, line, "user_id,recommendations,source");
}

/* "item_id": …, "score": … as they are printed, one a line. */
static char *printed_scores(const struct rs_val *document)
{
    const struct rs_val *rows = rs_val_get(document, "recommendations");
    struct rs_str text;
    rs_str_init(&text, 0);
    for (size_t i = 0; i < rows->n; i++) {
        rs_json_print(rs_val_get(rows->items[i], "item_id"), 0, &text);
        rs_str_addc(&text, ' ');
        rs_json_print(rs_val_get(rows->items[i], "score"), 0, &text);
        rs_str_addc(&text, '\n');
    }
    return rs_str_take(&text);
}

static void every_door_gives_the_same_lists(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    struct rs_profile who[N_USERS];
    struct rs_ranked *want = rs_xalloc((size_t)N_USERS * K, sizeof(*want));
    int32_t n_want[N_USERS];
    for (int32_t u = 0; u < N_USERS; u++)
        who[u] = rs_bundle_profile(w->bundle, u);
    const struct rs_rank_opts opts = {
        .k = K, .exclude = &w->split->train, .exclude2 = &w->split->val};
    assert_ok(rs_rank(w->bundle->model, who, N_USERS, NULL, &opts, NULL, want, n_want, &err), &err);
    int32_t shown = 0;
    for (int32_t u = 0; u < N_USERS; u++) {
        struct rs_ranked list[K];
        int32_t n = 0;
        const char *source = "";
        const struct rs_ask ask = {.user = u, .k = K, .exclude_seen = true};
        const struct rs_ranked *row = want + (size_t)u * K;
        assert_ok(rs_bundle_recommend(w->bundle, &ask, NULL, list, &n, &source, &err), &err);
        assert_int_equal(n, n_want[u]);
        assert_memory_equal(list, row, (size_t)n * sizeof(*list));
        struct rs_val *rest = over_rest(w, u);
        assert_list(w, rest, "rest", u, row, n);
        shown += n;
        if (u % EVERY == 0) {
            struct rs_val *command = by_command(w, u);
            assert_list(w, command, "command", u, row, n);
            char *a = printed_scores(rest);
            char *b = printed_scores(command);
            assert_string_equal(a, b);
            free(a);
            free(b);
            rs_val_free(command);
        }
        rs_val_free(rest);
    }
    assert_int_equal(shown, N_USERS * K);
    free(want);
}

/* All users in one request: the same once more. */
static void a_batch_gives_the_same_lists(void **state)
{
    const struct world *w = *state;
    struct rs_str body;
    struct ref_reply r;
    rs_str_init(&body, 0);
    rs_str_add(&body, "{\"user_ids\": [");
    for (int32_t u = 0; u < N_USERS; u++)
        rs_str_addf(&body, "%s%lld", u ? ", " : "", (long long)rs_idmap_int(w->bundle->users, u));
    rs_str_addf(&body, "], \"k\": %d}", K);
    ref_web_ask(&w->web, "POST", "/recommend/batch", NULL, rs_str_text(&body), NULL, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.json->n, N_USERS);
    for (int32_t u = 0; u < N_USERS; u++) {
        struct rs_val *one = over_rest(w, u);
        rs_val_remove(one, "timestamp"); /* of two moments */
        rs_val_remove(r.json->items[u], "timestamp");
        assert_true(rs_val_equal(one, r.json->items[u]));
        rs_val_free(one);
    }
    ref_reply_clear(&r);
    rs_str_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_door_gives_the_same_lists),
        cmocka_unit_test(a_batch_gives_the_same_lists),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
