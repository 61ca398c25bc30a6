/* job show: what a job says of itself and what it left, for people and programs. */
#include <stdlib.h>
#include <string.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/commands/command.h"
#include "rs/commands/ctx.h"
#include "rs/store/jobs.h"

struct shown {
    struct rs_result result;
    struct rs_str text;
    enum rs_code rc;
    struct rs_err err;
};

static void show(const struct ref_store *t, const char *id, struct shown *out)
{
    struct rs_err err = {0};
    struct rs_ctx *ctx = rs_ctx_new(t->dir);
    const struct rs_cmd *cmd = rs_command_named("job show");
    struct rs_args *args = NULL;
    assert_ok(rs_args_parse(cmd, &id, 1, &args, &err), &err);
    *out = (struct shown){0};
    rs_result_init(&out->result);
    rs_str_init(&out->text, 0);
    out->rc = rs_ctx_run(ctx, cmd, args, &out->result, &out->err);
    rs_result_print(&out->result, 0, false, &out->text);
    rs_args_free(args);
    rs_ctx_free(ctx);
}

static void clear(struct shown *s)
{
    rs_result_clear(&s->result);
    rs_str_clear(&s->text);
}

static void assert_says(const struct shown *s, const char *part)
{
    if (!strstr(rs_str_text(&s->text), part))
        fail_msg("no '%s' in: %s", part, rs_str_text(&s->text));
}

static struct rs_job_handle *start(struct ref_store *t, const char *kind)
{
    struct rs_err err = {0};
    struct rs_job_handle *h = NULL;
    assert_ok(rs_job_start(t->st, kind, kind, NULL, &h, &err), &err);
    return h;
}

static void a_result_is_shown(void **state)
{
    (void)state;
    struct ref_store t;
    struct shown s;
    ref_store_init(&t);
    struct rs_job_handle *h = start(&t, "train");
    rs_job_set_result(h,
                      "{\"run_id\":\"3f9a12b4c5d6\",\"seconds\":1.5,\"params\":{\"factors\":64}}");
    rs_job_end(h, RS_OK, "");
    show(&t, "1", &s);
    assert_ok(s.rc, &s.err);
    const struct rs_val *result = rs_val_get(s.result.doc, "result");
    assert_string_equal(rs_val_get_str(result, "run_id", ""), "3f9a12b4c5d6");
    assert_null(rs_val_get(s.result.doc, "detail"));
    assert_says(&s, "3f9a12b4c5d6");
    assert_says(&s, "{\"factors\":64}");
    clear(&s);
    h = start(&t, "train");
    rs_job_set_result(h, "[1,2]"); /* whatever a command gives */
    rs_job_end(h, RS_OK, "");
    show(&t, "2", &s);
    assert_int_equal(rs_val_get(s.result.doc, "result")->n, 2);
    clear(&s);
    ref_store_clear(&t);
}

static void a_server_shows_what_it_does(void **state)
{
    (void)state;
    struct ref_store t;
    struct shown s;
    ref_store_init(&t);
    struct rs_job_handle *h = start(&t, "serve");
    show(&t, "1", &s);
    assert_ok(s.rc, &s.err);
    assert_null(rs_val_get(s.result.doc, "detail")); /* nothing said yet */
    assert_null(rs_val_get(s.result.doc, "result"));
    clear(&s);
    rs_job_set_detail(h, "{\"address\":\"http://127.0.0.1:8000\",\"version\":3,"
                         "\"requests_per_s\":120.5}");
    rs_job_end(h, RS_OK, "");
    show(&t, "1", &s);
    const struct rs_val *detail = rs_val_get(s.result.doc, "detail");
    assert_int_equal(rs_val_get_int(detail, "version", 0), 3);
    assert_says(&s, "http://127.0.0.1:8000");
    assert_says(&s, "120.5");
    clear(&s);
    ref_store_clear(&t);
}

static void damaged_rows_are_said_to_be(void **state)
{
    (void)state;
    static const char *const details[] = {"UPDATE rs_job SET detail = '{\"a\":'",
                                          "UPDATE rs_job SET detail = ''",
                                          "UPDATE rs_job SET detail = '[1]'"};
    struct ref_store t;
    struct shown s;
    ref_store_init(&t);
    rs_job_end(start(&t, "train"), RS_OK, "");
    for (size_t i = 0; i < 3; i++) {
        ref_store_sql(t.path, details[i]);
        show(&t, "1", &s);
        assert_code(s.rc, RS_EDAMAGED, &s.err, "job 1: its row is damaged: detail");
        clear(&s);
    }
    show(&t, "2", &s);
    assert_code(s.rc, RS_ENOTFOUND, &s.err, "no job 2");
    clear(&s);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_shown),
        cmocka_unit_test(a_server_shows_what_it_does),
        cmocka_unit_test(damaged_rows_are_said_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
