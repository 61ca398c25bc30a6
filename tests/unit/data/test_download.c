/*
 * Tests of fetch over HTTP: whole, resumed, refused, cancelled, from a server in a child process.
 */
#include "ref/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/ref_hostile.h"
#include "ref/ref_fetch.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

static void assert_nothing(const struct ref_set *p)
{
    assert_false(rs_fs_exists(p->raw));
    assert_false(rs_fs_exists(p->part));
}

static struct rs_fetch_opts opts_for(const struct ref_set *p, const struct ref_server *s)
{
    return (struct rs_fetch_opts){.dataset = "mine", .url = s->address, .sha256 = p->sha256};
}

static void a_download_is_fetched(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s = ref_server_start(&p, (enum ref_answer[]){REF_MOVED, REF_WHOLE}, 2);
    struct rs_fetch_opts o = opts_for(&p, &s);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err); /* no third request */
    ref_assert_fetched(&p, &r, s.address, true);
    ref_server_stop(&s, 2, (int64_t[]){0, 0});
    ref_set_clear(&p);
}

static void a_mirror_may_be_an_address(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s = ref_server_start(&p, (enum ref_answer[]){REF_WHOLE}, 1);
    char *mirror =
        rs_xprintf("%.*s/mirror/", (int)(strstr(s.address, "/sets") - s.address), s.address);
    char *from = rs_xprintf("%sml-1m.zip", mirror);
    struct rs_fetch_opts o = {.dataset = "ml-1m", .mirror = mirror, .sha256 = p.sha256};
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, from, false);
    ref_server_stop(&s, 1, (int64_t[]){0});
    free(from);
    free(mirror);
    ref_set_clear(&p);
}

static void a_cut_download_goes_on(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    int64_t half = (int64_t)p.len / 2;
    int64_t more = half + ((int64_t)p.len - half) / 2;
    struct ref_server s =
        ref_server_start(&p, (enum ref_answer[]){REF_CUT, REF_CUT, REF_BROKEN, REF_WHOLE}, 4);
    struct rs_fetch_opts o = opts_for(&p, &s);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "the next try goes on");
    assert_false(rs_fs_exists(p.raw));
    ref_assert_holds(p.part, "mine.zip");
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "the next try goes on");
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "500");
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    ref_server_stop(&s, 4, (int64_t[]){0, half, more, more});
    ref_set_clear(&p);
}

static void a_server_may_know_no_ranges(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s =
        ref_server_start(&p, (enum ref_answer[]){REF_CUT, REF_NO_RANGES, REF_NO_RANGES}, 3);
    struct rs_fetch_opts o = opts_for(&p, &s);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, NULL);
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    /* more from before than there is now */
    char *longer = rs_xalloc(p.len + 50, 1);
    assert_ok(rs_fs_remove(p.raw, &err), &err);
    assert_ok(rs_fs_mkdirs(p.part, &err), &err);
    free(ref_file(p.part, "mine.zip", longer, p.len + 50));
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    ref_server_stop(&s, 3, (int64_t[]){0, (int64_t)p.len / 2, (int64_t)p.len + 50});
    free(longer);
    ref_set_clear(&p);
}

static void parts_of_other_files_give_way(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s =
        ref_server_start(&p, (enum ref_answer[]){REF_WHOLE, REF_WHOLE, REF_WHOLE}, 3);
    struct rs_fetch_opts o = opts_for(&p, &s);
    assert_ok(rs_fs_mkdirs(p.part, &err), &err);
    free(ref_file(p.part, "mine.zip", "another", 7));
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    /* whole already: a process was killed before it looked */
    assert_ok(rs_fs_remove(p.raw, &err), &err);
    assert_ok(rs_fs_mkdirs(p.part, &err), &err);
    free(ref_file(p.part, "mine.zip", p.bytes, p.len));
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    ref_server_stop(&s, 3, (int64_t[]){7, 0, (int64_t)p.len});
    ref_set_clear(&p);
}

static void bad_answers_say_what_to_do(void **state)
{
    (void)state;
    static const char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s = ref_server_start(
        &p, (enum ref_answer[]){REF_MISSING, REF_BROKEN, REF_WHOLE, REF_WHOLE, REF_LONGER}, 5);
    struct rs_fetch_opts o = opts_for(&p, &s);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_ENOTFOUND, &err, s.address);
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "RECSYS_DATA_MIRROR");
    o.sha256 = other;
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, p.sha256);
    assert_nothing(&p);
    o.sha256 = p.sha256;
    o.max_bytes = (int64_t)p.len - 1;
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EDAMAGED, &err, "more than");
    assert_nothing(&p);
    o.max_bytes = 0;
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "the next try goes on");
    assert_false(rs_fs_exists(p.raw));
    ref_server_stop(&s, 5, (int64_t[]){0, 0, 0, 0, 0});
    ref_set_clear(&p);
}

static void nobody_there_says_what_to_do(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    int port;
    close(ref_listen(&port)); /* free a moment ago */
    char *url = rs_xprintf("http://127.0.0.1:%d/mine.zip", port);
    struct rs_fetch_opts o = {.dataset = "mine", .url = url, .sha256 = p.sha256};
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, "RECSYS_DATA_MIRROR");
    assert_code(rs_fetch(p.raw, &o, NULL, &r, &err), RS_EIO, &err, url);
    assert_false(rs_fs_exists(p.raw));
    free(url);
    ref_set_clear(&p);
}

/* Cancels the task once bytes came. */
static void cancel_soon(const struct rs_progress *p, void *ctx)
{
    struct rs_task *task = ctx;
    if (p->done > 0) atomic_store(&task->cancel, true);
}

static void a_cancelled_download_goes_on(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_fetch_result r;
    struct ref_set p = ref_set_make();
    struct ref_server s = ref_server_start(&p, (enum ref_answer[]){REF_STALL, REF_WHOLE}, 2);
    struct rs_fetch_opts o = opts_for(&p, &s);
    struct rs_task task = {.on_progress = cancel_soon};
    task.ctx = &task;
    assert_code(rs_fetch(p.raw, &o, &task, &r, &err), RS_ECANCEL, &err, "interrupted");
    assert_false(rs_fs_exists(p.raw));
    ref_assert_holds(p.part, "mine.zip");
    assert_ok(rs_fetch(p.raw, &o, NULL, &r, &err), &err);
    ref_assert_fetched(&p, &r, s.address, false);
    ref_server_stop(&s, 2, (int64_t[]){0, (int64_t)p.len / 2});
    ref_set_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_download_is_fetched),
        cmocka_unit_test(a_mirror_may_be_an_address),
        cmocka_unit_test(a_cut_download_goes_on),
        cmocka_unit_test(a_server_may_know_no_ranges),
        cmocka_unit_test(parts_of_other_files_give_way),
        cmocka_unit_test(bad_answers_say_what_to_do),
        cmocka_unit_test(nobody_there_says_what_to_do),
        cmocka_unit_test(a_cancelled_download_goes_on),
    };
    alarm(120); /* a test that waits for ever ends */
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
