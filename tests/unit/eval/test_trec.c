/* The files that outside tools read. */
#include "ref/support.h"

#include <stdlib.h>

#include "ref/eval_problem.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/eval/eval.h"

static void check_text(const char *path, const char *want)
{
    struct rs_err err = {0};
    char *text = NULL;
    size_t len = 0;
    assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
    assert_string_equal(text, want);
    free(text);
}

/* Two users and four items with text ids, one user with a short list. */
static void trec_files(void **state)
{
    (void)state;
    struct rs_err err = {0};
    static const int64_t user_off[] = {0, 5, 6};
    static const int64_t item_off[] = {0, 1, 5, 6, 8};
    static const uint8_t part_of[] = {3, 1, 3, 3, /* */ 3, 1, 1, 3};
    static const float values[] = {4, 5, 4, 1, /* */ 2, 5, 5, 5};
    static const float scores[] = {1, 9, 3, 2, /* */ 1, 2, 3, 4};
    struct ep_problem p = {.split = {.protocol = RS_RANDOM, .n_users = 2, .n_items = 4}};
    ep_take_part(part_of, values, 2, 4, EP_TRAIN, &p.split.train);
    ep_take_part(part_of, values, 2, 4, EP_VAL, &p.split.val);
    ep_take_part(part_of, values, 2, 4, EP_TEST, &p.split.test);
    assert_ok(rs_idmap_from_texts(user_off, "a b%cd", 2, &p.split.users, &err), &err);
    assert_ok(rs_idmap_from_texts(item_off, "1Jo\xc3\xbcpzz", 4, &p.split.items, &err), &err);
    p.model = (struct ep_model){.base = {.ops = &ep_plain_ops, .n_users = 2, .n_items = 4},
                                .scores = scores};
    static const int32_t three[] = {3};
    struct rs_eval_opts o = {.ks = three,
                             .n_ks = 1,
                             .part = RS_PART_TEST,
                             .exclude = RS_EXCLUDE_TRAIN,
                             .threshold = 3.5};
    struct rs_eval *e = NULL;
    assert_ok(rs_eval_run(&p.model.base, &p.split, &o, NULL, &e, &err), &err);
    char *dir = ref_temp_dir();
    char *run_path = rs_path_join(dir, "x.run");
    char *qrels_path = rs_path_join(dir, "x.qrels");
    assert_ok(rs_eval_write_trec(e, &p.split, &o, run_path, qrels_path, &err), &err);
    check_text(run_path, "a%20b%25c Q0 p 1 2 recsys-tui\n"
                         "a%20b%25c Q0 zz 2 1 recsys-tui\n"
                         "a%20b%25c Q0 1 3 0 recsys-tui\n"
                         "d Q0 zz 1 2 recsys-tui\n"
                         "d Q0 1 2 1 recsys-tui\n");
    check_text(qrels_path, "a%20b%25c 0 1 1\n"
                           "a%20b%25c 0 p 1\n"
                           "d 0 zz 1\n");
    char *nowhere = rs_path_join(dir, "no/such/x.run");
    assert_code(rs_eval_write_trec(e, &p.split, &o, nowhere, qrels_path, &err), RS_ENOTFOUND, &err,
                "no/such");
    free(nowhere);
    free(run_path);
    free(qrels_path);
    ref_remove(dir);
    rs_eval_free(e);
    rs_idmap_free(p.split.users);
    rs_idmap_free(p.split.items);
    ep_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trec_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
