/* Pages and their parts are in the program, and keep to its Content-Security-Policy: nothing from
 * outside, no script or style within a page. */
#include <stdio.h>
#include <string.h>

#include "../src/serve/route_impl.h"
#include "ref/support.h"

static const struct srv_route *page_route(const char *path)
{
    const struct srv_route *r = srv_routes;
    while (strcmp(r->path, path) != 0) {
        r++;
    }
    return r;
}

static void get(const struct srv_route *r, struct rs_str *out, const char **etag_out)
{
    struct rs_err err = {0};
    struct srv_call c = {.route = r, .out = out};
    assert_ok(srv_get_page(&c, &err), &err);
    if (etag_out) *etag_out = c.etag;
}

static void every_page_is_built_in(void **state)
{
    (void)state;
    int n = 0;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (!(r->flags & SRV_ASSET)) continue;
        struct rs_str out;
        const char *etag = NULL;
        rs_str_init(&out, 0);
        get(r, &out, &etag);
        assert_true(out.len > 100);
        assert_true(rs_str_utf8_valid(out.data, out.len));
        assert_int_equal(strlen(etag), 18);
        assert_true(etag[0] == '"' && etag[17] == '"');
        rs_str_clear(&out);
        n++;
    }
    assert_true(n >= 6);
}

static void tags_tell_contents_apart(void **state)
{
    (void)state;
    struct rs_str out;
    const char *page;
    const char *script;
    rs_str_init(&out, 0);
    get(page_route("/docs"), &out, &page);
    assert_true(rs_str_starts(out.data, "<!doctype html>"));
    rs_str_reset(&out);
    get(page_route("/assets/docs.js"), &out, &script);
    assert_string_not_equal(page, script);
    rs_str_clear(&out);
}

/* Does text name `word` anywhere? */
static void assert_lacks(const char *path, const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (at) fail_msg("%s has '%s': …%.60s", path, word, at);
}

static void nothing_comes_from_outside(void **state)
{
    (void)state;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (!(r->flags & SRV_ASSET)) continue;
        struct rs_str out;
        rs_str_init(&out, 0);
        get(r, &out, NULL);
        assert_lacks(r->path, out.data, "https:");
        assert_lacks(r->path, out.data, "eval(");
        assert_lacks(r->path, out.data, "innerHTML");
        assert_lacks(r->path, out.data, "@import");
        for (const char *at = strstr(out.data, "http:"); at; at = strstr(at + 1, "http:")) {
            assert_true(
                rs_str_starts(at, "http://www.w3.org/")); /* the name of SVG, not a request */
        }
        if (rs_str_starts(r->type, "text/html")) {
            assert_lacks(r->path, out.data, "<style");
            assert_lacks(r->path, out.data, "style=");
            assert_lacks(r->path, out.data, "onclick=");
            assert_lacks(r->path, out.data, "<script>");
            assert_non_null(strstr(out.data, "<script src=\"/assets/"));
            assert_non_null(strstr(out.data, "name=\"viewport\""));
        }
        rs_str_clear(&out);
    }
}

static void missing_page_is_said(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_str out;
    const struct srv_route lost = {.path = "/assets/lost.js", .flags = SRV_ASSET};
    struct srv_call c = {.route = &lost, .out = &out};
    rs_str_init(&out, 0);
    assert_code(srv_get_page(&c, &err), RS_ENOTFOUND, &err, "/assets/lost.js");
    rs_str_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_built_in),
        cmocka_unit_test(tags_tell_contents_apart),
        cmocka_unit_test(nothing_comes_from_outside),
        cmocka_unit_test(missing_page_is_said),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
