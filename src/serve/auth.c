/*
 * auth - who may: bearer tokens against the hashes of the store and of the environment.
 *
 * srv_tokens.lock guards the list, which is replaced as a whole. A token is hashed before the lock
 * is taken; then it is compared with every hash, each compare as long as any other, so how long it
 * takes tells only how many tokens there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"
#include "state_impl.h"

enum { MAX_TOKEN = 1024, MAX_NAME = 64 };

struct token {
    char hash[RS_SHA256_HEX];
    char name[MAX_NAME];
    enum srv_scope scope;
};

struct token_list {
    struct token *tokens;
    size_t n, cap;
};

struct srv_tokens {
    pthread_mutex_t lock;
    struct token_list list; /* under lock */
};

struct srv_tokens *srv_tokens_new(void)
{
    struct srv_tokens *t = rs_xalloc(1, sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void srv_tokens_free(struct srv_tokens *t)
{
    if (!t) return;
    free(t->list.tokens);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Scopes nest: each may what those before it may. A scope that this program does not know may
 * nothing. */
static bool scope_of(const char *name, enum srv_scope *out)
{
    static const struct {
        const char *name;
        enum srv_scope scope;
    } scopes[] = {{"read", SRV_READ}, {"write", SRV_WRITE}, {"admin", SRV_ADMIN}};
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (strcmp(name, scopes[i].name) != 0) continue;
        *out = scopes[i].scope;
        return true;
    }
    return false;
}

/* As much of the name as fits, whole characters. */
static void copy_name(char out[MAX_NAME], const char *name)
{
    snprintf(out, MAX_NAME, "%s", name);
    size_t len = strlen(out);
    while (!rs_str_utf8_valid(out, len))
        out[--len] = '\0';
}

static enum rs_code add_token(const struct rs_token *row, void *ctx, struct rs_err *err)
{
    struct token_list *list = ctx;
    struct token t = {0};
    if (!scope_of(row->scope, &t.scope) || strlen(row->hash_hex) != RS_SHA256_HEX - 1) return RS_OK;
    snprintf(t.hash, sizeof(t.hash), "%s", row->hash_hex);
    copy_name(t.name, row->name);
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        struct token *more = rs_try_realloc(list->tokens, list->cap, cap, sizeof(*more));
        if (!more) return rs_fail(err, RS_ENOMEM, "%zu tokens", list->n + 1);
        list->tokens = more;
        list->cap = cap;
    }
    list->tokens[list->n++] = t;
    return RS_OK;
}

enum rs_code srv_tokens_reload(struct srv_tokens *t, struct rs_store *st, struct rs_err *err)
{
    struct token_list fresh = {0};
    enum rs_code rc = rs_tokens_each(st, add_token, &fresh, err);
    if (rc) {
        free(fresh.tokens);
        return rc;
    }
    pthread_mutex_lock(&t->lock);
    struct token_list old = t->list;
    t->list = fresh;
    pthread_mutex_unlock(&t->lock);
    free(old.tokens);
    return RS_OK;
}

/* ---- checking ------------------------------------------------------------------------------ */

/* The token in "Bearer TOKEN" (RFC 6750), the scheme in any case; NULL: not of that form. */
static const char *token_of(const char *header, size_t *len_out)
{
    static const char scheme[] = "bearer";
    size_t n = sizeof(scheme) - 1;
    if (strncasecmp(header, scheme, n) != 0 || header[n] != ' ') return NULL;
    const char *token = header + n + strspn(header + n, " ");
    size_t len = 0;
    while (token[len] > ' ' && token[len] <= '~')
        len++;
    if (len == 0 || len > MAX_TOKEN || token[len + strspn(token + len, " ")]) return NULL;
    *len_out = len;
    return token;
}

struct match {
    bool any; /* there are tokens at all */
    bool found;
    enum srv_scope scope; /* the widest that matched */
    char name[MAX_NAME];
};

static void consider(struct match *m, const char *hash, const char *want, enum srv_scope scope,
                     const char *name)
{
    m->any = true;
    if (!rs_hash_equal(hash, want) || (m->found && m->scope >= scope)) return;
    m->found = true;
    m->scope = scope;
    snprintf(m->name, sizeof(m->name), "%s", name);
}

static struct match look_up(struct srv_tokens *t, const struct srv_settings *s,
                            const char hash[RS_SHA256_HEX])
{
    struct match m = {0};
    if (s->token_hash[0]) consider(&m, s->token_hash, hash, SRV_ADMIN, "RECSYS_TOKEN");
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->list.n; i++) {
        const struct token *have = &t->list.tokens[i];
        consider(&m, have->hash, hash, have->scope, have->name);
    }
    pthread_mutex_unlock(&t->lock);
    return m;
}

enum srv_verdict srv_tokens_check(struct srv_tokens *t, const struct srv_settings *s,
                                  enum srv_scope need, const char *header, char actor_out[64])
{
    char hash[RS_SHA256_HEX] = {0}; /* of no token: equal to none */
    size_t len = 0;
    actor_out[0] = '\0';
    if (need == SRV_OPEN || (need == SRV_READ && !s->read_needs_token)) return SRV_ALLOWED;
    const char *token = header ? token_of(header, &len) : NULL;
    if (token) rs_sha256_of(token, len, hash);
    struct match m = look_up(t, s, hash);
    if (!m.any) return SRV_NONE_CONFIGURED;
    if (!header) return SRV_NO_TOKEN;
    if (!m.found) return SRV_BAD_TOKEN;
    if (m.scope < need) return SRV_LOW_SCOPE;
    memcpy(actor_out, m.name, sizeof(m.name));
    return SRV_ALLOWED;
}
