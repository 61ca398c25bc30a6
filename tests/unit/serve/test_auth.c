/* Who may: scopes, tokens of the store and of the environment, and headers that are none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/serve/state_impl.h"
#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"

#define ENV_TOKEN "environment-token-0"

struct world {
    struct ref_store t;
    struct srv_tokens *tokens;
    struct srv_settings s;
};

static void add(struct world *w, const char *name, const char *scope, const char *secret)
{
    struct rs_err err = {0};
    char hash[RS_SHA256_HEX];
    rs_sha256_of(secret, strlen(secret), hash);
    assert_ok(rs_tokens_add(w->t.st, name, scope, hash, &err), &err);
}

static void reload(struct world *w)
{
    struct rs_err err = {0};
    assert_ok(srv_tokens_reload(w->tokens, w->t.st, &err), &err);
}

static void world_init(struct world *w)
{
    *w = (struct world){0};
    ref_store_init(&w->t);
    w->tokens = srv_tokens_new();
}

static void world_clear(struct world *w)
{
    srv_tokens_free(w->tokens);
    ref_store_clear(&w->t);
}

static void with_env(struct world *w)
{
    rs_sha256_of(ENV_TOKEN, strlen(ENV_TOKEN), w->s.token_hash);
}

/* actor NULL: not allowed, so there is none. */
static void check(struct world *w, enum srv_scope need, const char *header,
                  enum srv_verdict verdict, const char *actor)
{
    char is[64] = "left over";
    enum srv_verdict got = srv_tokens_check(w->tokens, &w->s, need, header, is);
    if (got != verdict) fail_msg("need %d, '%s': verdict %d, not %d", need, header, got, verdict);
    assert_string_equal(is, actor ? actor : "");
}

static void what_needs_no_token_is_allowed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    static const char *const headers[] = {NULL, "", "Bearer nonsense-nonsense", "Basic x"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        check(&w, SRV_OPEN, headers[i], SRV_ALLOWED, NULL);
        check(&w, SRV_READ, headers[i], SRV_ALLOWED, NULL);
    }
    w.s.read_needs_token = true;
    check(&w, SRV_OPEN, NULL, SRV_ALLOWED, NULL);
    check(&w, SRV_READ, NULL, SRV_NONE_CONFIGURED, NULL);
    world_clear(&w);
}

static void without_any_token_nothing_is_written(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    reload(&w);
    check(&w, SRV_WRITE, NULL, SRV_NONE_CONFIGURED, NULL);
    check(&w, SRV_WRITE, "Bearer 0123456789abcdef", SRV_NONE_CONFIGURED, NULL);
    check(&w, SRV_ADMIN, "rubbish", SRV_NONE_CONFIGURED, NULL);
    world_clear(&w);
}

static void scopes_nest(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.s.read_needs_token = true;
    add(&w, "reader", "read", "secret-of-reader");
    add(&w, "writer", "write", "secret-of-writer");
    add(&w, "boss", "admin", "secret-of-boss");
    reload(&w);
    static const struct {
        const char *name;
        enum srv_scope scope;
    } who[] = {{"reader", SRV_READ}, {"writer", SRV_WRITE}, {"boss", SRV_ADMIN}};
    for (size_t i = 0; i < 3; i++) {
        char header[64];
        snprintf(header, sizeof(header), "Bearer secret-of-%s", who[i].name);
        for (enum srv_scope need = SRV_READ; need <= SRV_ADMIN; need++) {
            bool may = who[i].scope >= need;
            check(&w, need, header, may ? SRV_ALLOWED : SRV_LOW_SCOPE, may ? who[i].name : NULL);
        }
    }
    world_clear(&w);
}

static void the_environment_s_token_is_admin(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    with_env(&w);
    check(&w, SRV_ADMIN, "Bearer " ENV_TOKEN, SRV_ALLOWED, "RECSYS_TOKEN");
    check(&w, SRV_WRITE, "Bearer " ENV_TOKEN, SRV_ALLOWED, "RECSYS_TOKEN");
    check(&w, SRV_WRITE, NULL, SRV_NO_TOKEN, NULL);
    add(&w, "same", "read", ENV_TOKEN); /* the widest scope of a secret counts */
    reload(&w);
    check(&w, SRV_ADMIN, "Bearer " ENV_TOKEN, SRV_ALLOWED, "RECSYS_TOKEN");
    world_clear(&w);
}

static void headers_of_other_forms_are_bad(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    with_env(&w);
    static const char *const good[] = {"Bearer " ENV_TOKEN, "bearer " ENV_TOKEN,
                                       "BEARER   " ENV_TOKEN, "Bearer " ENV_TOKEN "  "};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        check(&w, SRV_WRITE, good[i], SRV_ALLOWED, "RECSYS_TOKEN");
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer ",
                                      "Bearer" ENV_TOKEN,
                                      "Bearer\t" ENV_TOKEN,
                                      ENV_TOKEN,
                                      "Basic " ENV_TOKEN,
                                      "Bearer " ENV_TOKEN "x",
                                      "Bearer environment-token-",
                                      "Bearer " ENV_TOKEN " " ENV_TOKEN,
                                      "Bearer " ENV_TOKEN ", Bearer x",
                                      "Bearer \xc3\xa9\xc3\xa9",
                                      "Bearer x\x01y"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check(&w, SRV_WRITE, bad[i], SRV_BAD_TOKEN, NULL);
    char *longest = rs_xalloc(5000, 1);
    memset(longest, 'a', 4999);
    memcpy(longest, "Bearer ", 7);
    check(&w, SRV_WRITE, longest, SRV_BAD_TOKEN, NULL);
    free(longest);
    world_clear(&w);
}

static void a_revoked_token_is_unknown_after_a_reload(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct world w;
    world_init(&w);
    with_env(&w);
    add(&w, "gone", "write", "secret-of-gone-1");
    reload(&w);
    check(&w, SRV_WRITE, "Bearer secret-of-gone-1", SRV_ALLOWED, "gone");
    assert_ok(rs_tokens_revoke(w.t.st, "gone", &err), &err);
    reload(&w);
    check(&w, SRV_WRITE, "Bearer secret-of-gone-1", SRV_BAD_TOKEN, NULL);
    world_clear(&w);
}

static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    char name[81];
    for (int i = 0; i < 40; i++)
        memcpy(name + 2 * i, "\xc3\xa9", 3);
    add(&w, name, "write", "secret-of-someone");
    reload(&w);
    name[62] = '\0'; /* 31 of them; the 32nd would not fit with the end */
    check(&w, SRV_WRITE, "Bearer secret-of-someone", SRV_ALLOWED, name);
    world_clear(&w);
}

static enum rs_code reload_again(void *ctx, struct rs_err *err)
{
    struct world *w = ctx;
    return srv_tokens_reload(w->tokens, w->t.st, err);
}

static void without_memory_the_old_list_stays(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (int i = 0; i < 40; i++) {
        char name[16];
        char secret[32];
        snprintf(name, sizeof(name), "t%d", i);
        snprintf(secret, sizeof(secret), "secret-number-%d", i);
        add(&w, name, "write", secret);
    }
    assert_survives_oom(reload_again, &w);
    struct rs_err err = {0};
    assert_true(rs_mem_fail_after(1) == 0);
    assert_code(srv_tokens_reload(w.tokens, w.t.st, &err), RS_ENOMEM, &err, "tokens");
    check(&w, SRV_WRITE, "Bearer secret-number-39", SRV_ALLOWED, "t39");
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_token_is_allowed),
        cmocka_unit_test(without_any_token_nothing_is_written),
        cmocka_unit_test(scopes_nest),
        cmocka_unit_test(the_environment_s_token_is_admin),
        cmocka_unit_test(headers_of_other_forms_are_bad),
        cmocka_unit_test(a_revoked_token_is_unknown_after_a_reload),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(without_memory_the_old_list_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
