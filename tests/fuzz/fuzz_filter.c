/* Filters and sort keys from hostile hands: taken or refused with a position, never SQL of theirs,
 * never a damaged or changed store. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz_text.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/mem.h"

static const char *const docs[] = {
    "metrics.ndcg_at_10 > 0.1 and params.model = \"als\"",
    "not (model = 'als' or started >= 2026-05-01) and tags.\"my key\" like \"a%\"",
    "params.factors is not null and (seed < 3 or params.warm = true)",
    "name != \"it''s\" or bundle = \"\" or seconds >= 1e3",
    "((((((((state = failed))))))))",
    "params.`a b` = 'x\\'y' and not not not ended < \"2026-05-01T10:00Z\"",
    "-metrics.ndcg_at_10",
    NULL,
};
static const char *const words[] = {
    "(",  ")",       "'",    "\"",   "`",        "\\",      "not ",     " and ",    " or ",  "=",
    "!=", "is null", "null", "like", "%",        "_",       "metrics.", "params.",  "tags.", "?1",
    ";",  "--",      "/*",   "',1)", "1e999",    "0x10",    "\xff",     "\xc3\xa9", "\n",    "NaN",
    "-",  "true",    "||",   "CASE", "1 OR 1=1", "started", NULL,
};

static void check(struct ref_store *t, const char *text, uint64_t n)
{
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    int64_t total = -1;
    enum rs_code rc = rs_runs_list(t->st, text, NULL, 0, 0, &list, &total, &err);
    if (rc && (rc != RS_EPARSE || strncmp(err.msg, "filter: ", 8) != 0 || list))
        fail_msg("case %d: %s: %s", (int)n, text, err.msg);
    if (!rc && (total < 0 || total > 2 || list->n != (size_t)total))
        fail_msg("case %d: %s: %d runs", (int)n, text, (int)total);
    rs_val_free(list);
    list = NULL;
    rc = rs_runs_list(t->st, NULL, text, 0, 0, &list, NULL, &err);
    if (rc && rc != RS_EARG) fail_msg("case %d: sort %s: %s", (int)n, text, err.msg);
    if (!rc && list->n != 2) fail_msg("case %d: sort %s: %d runs", (int)n, text, (int)list->n);
    rs_val_free(list);
}

static void mutated_filters_are_taken_or_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    char id[RS_RUN_ID];
    ref_store_init(&t);
    for (int i = 0; i < 2; i++) {
        ref_store_start(&t, "als", "f", id);
        struct rs_val *params = rs_val_map();
        rs_val_set_int(params, "factors", 64);
        rs_val_set_str(params, "model", "als");
        assert_ok(rs_runs_set_params(t.st, id, params, &err), &err);
        assert_ok(rs_runs_set_tag(t.st, id, "my key", "abc", &err), &err);
        rs_val_free(params);
    }
    for (uint64_t n = 0, end = fuzz_n_cases(20000); n < end; n++) {
        struct fuzz_text f;
        fuzz_make(&f, n, docs, words);
        char *text = rs_xstrndup(f.bytes, f.len); /* up to a NUL, as a command line would have it */
        check(&t, text, n);
        free(text);
    }
    struct rs_val *problems = NULL;
    assert_ok(rs_store_check(t.st, &problems, &err), &err);
    assert_int_equal(problems->n, 0);
    rs_val_free(problems);
    assert_int_equal(ref_store_int(t.path, "SELECT count(*) FROM rs_run_tag"), 2);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_filters_are_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
