/* What the group `serving` becomes, and what it may not be. */
#include <stdlib.h>
#include <string.h>

#include "../src/serve/state_impl.h"
#include "ref/support.h"
#include "rs/base/hash.h"
#include "rs/base/par.h"
#include "rs/commands/ctx.h"

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Overrides "a=1 b=2" and a token, read in the workspace "/w". */
static enum rs_code read_settings(const char *overrides, const char *token,
                                  struct srv_settings **out, struct rs_err *err)
{
    char *dir = ref_temp_dir();
    char text[512];
    const char *list[16];
    size_t n = 0;
    struct rs_conf *conf = NULL;
    snprintf(text, sizeof(text), "%s", overrides);
    for (char *at = text; *at;) {
        list[n++] = at;
        at += strcspn(at, " ");
        if (*at) *at++ = '\0';
    }
    assert_ok(rs_conf_load(rs_conf_groups, rs_conf_envs, no_environment, dir, list, n, &conf, err),
              err);
    enum rs_code rc = srv_settings_read(conf, "/w", token, out, err);
    rs_conf_free(conf);
    ref_remove(dir);
    return rc;
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct srv_settings *s = NULL;
    assert_ok(read_settings("", NULL, &s, &err), &err);
    assert_string_equal(s->alias, "production");
    assert_string_equal(s->host, "127.0.0.1");
    assert_int_equal(s->port, 8000);
    int cores = rs_par_threads();
    assert_int_equal(s->threads, cores > 1 ? cores - 1 : 1);
    assert_false(s->read_needs_token);
    assert_true(s->rate_per_s == 0);
    assert_int_equal(s->max_body, 4 << 20);
    assert_int_equal(s->cache_bytes, 8 << 20);
    assert_null(s->cors[0]);
    assert_string_equal(s->tls_cert, "");
    assert_string_equal(s->allow, "");
    assert_string_equal(s->token_hash, "");
    assert_int_equal(s->access_log, SRV_ACCESS_ALL);
    srv_settings_release(s);
}

static void what_is_said_is_read(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct srv_settings *s = NULL;
    char hash[RS_SHA256_HEX];
    assert_ok(read_settings("serving.alias=canary serving.port=0 serving.threads=3 "
                            "serving.read_needs_token=true serving.rate_per_s=5 "
                            "serving.max_body_kb=2 serving.cache_mb=3 serving.idle_s=4 "
                            "serving.request_s=5 serving.drain_s=6 serving.cursor_s=7 "
                            "serving.access_log=errors serving.allow=lists/a.txt "
                            "serving.deny=/etc/deny",
                            "0123456789abcdef", &s, &err),
              &err);
    assert_string_equal(s->alias, "canary");
    assert_int_equal(s->port, 0);
    assert_int_equal(s->threads, 3);
    assert_true(s->read_needs_token);
    assert_true(s->rate_per_s == 5 && s->rate_burst == 10);
    assert_int_equal(s->max_body, 2048);
    assert_int_equal(s->cache_bytes, 3 << 20);
    assert_int_equal(s->idle_s + 10 * s->request_s + 100 * s->drain_s + 1000 * s->cursor_s, 7654);
    assert_int_equal(s->access_log, SRV_ACCESS_ERRORS);
    assert_string_equal(s->allow, "/w/lists/a.txt"); /* of the workspace */
    assert_string_equal(s->deny, "/etc/deny");
    rs_sha256_of("0123456789abcdef", 16, hash);
    assert_string_equal(s->token_hash, hash);
    srv_settings_release(s);
}

static void a_rate_lets_at_least_one_through(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct srv_settings *s = NULL;
    assert_ok(read_settings("serving.rate_per_s=0.1", NULL, &s, &err), &err);
    assert_true(s->rate_burst == 1);
    srv_settings_release(s);
    assert_ok(read_settings("serving.rate_per_s=10 serving.rate_burst=3", NULL, &s, &err), &err);
    assert_true(s->rate_burst == 3);
    srv_settings_release(s);
}

static void origins_are_checked(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct srv_settings *s = NULL;
    assert_ok(
        read_settings("serving.cors=https://a.example,http://localhost:3000,", NULL, &s, &err),
        &err);
    assert_string_equal(s->cors[0], "https://a.example");
    assert_string_equal(s->cors[1], "http://localhost:3000");
    assert_null(s->cors[2]);
    srv_settings_release(s);
    assert_ok(read_settings("serving.cors=*", NULL, &s, &err), &err);
    assert_string_equal(s->cors[0], "*");
    srv_settings_release(s);
    static const char *const wrong[] = {"serving.cors=a.example",
                                        "serving.cors=https://a.example/",
                                        "serving.cors=https://",
                                        "serving.cors=ftp://a",
                                        "serving.cors=https://A.example",
                                        "serving.cors=*,https://a.b",
                                        NULL};
    for (const char *const *w = wrong; *w; w++)
        assert_code(read_settings(*w, NULL, &s, &err), RS_EARG, &err, "serving.cors: ");
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct srv_settings *s = NULL;
    assert_code(read_settings("serving.tls_cert=c.pem", NULL, &s, &err), RS_EARG, &err,
                "serving.tls_cert is set without serving.tls_key");
    assert_code(read_settings("serving.tls_key=k.pem", NULL, &s, &err), RS_EARG, &err,
                "serving.tls_key is set without serving.tls_cert");
    assert_code(read_settings("serving.alias=", NULL, &s, &err), RS_EARG, &err, "serving.alias");
    assert_code(read_settings("serving.host=", NULL, &s, &err), RS_EARG, &err, "serving.host");
    assert_code(read_settings("", "0123456789abcde", &s, &err), RS_EARG, &err,
                "RECSYS_TOKEN has 15 characters");
    assert_code(read_settings("", "0123456789 abcdef", &s, &err), RS_EARG, &err,
                "RECSYS_TOKEN has a character");
    assert_code(read_settings("", "0123456789\nabcdef", &s, &err), RS_EARG, &err, "RECSYS_TOKEN");
    assert_null(strstr(err.msg, "0123456789")); /* a token is never shown */
    assert_ok(read_settings("serving.tls_cert=c.pem serving.tls_key=/k.pem", "", &s, &err), &err);
    assert_string_equal(s->tls_cert, "/w/c.pem");
    assert_string_equal(s->tls_key, "/k.pem");
    assert_string_equal(s->token_hash, ""); /* an empty token is none */
    srv_settings_release(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),  cmocka_unit_test(what_is_said_is_read),
        cmocka_unit_test(a_rate_lets_at_least_one_through), cmocka_unit_test(origins_are_checked),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
