/*
 * tokens - the only file that knows the columns of rs_token.
 */
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/store/datasets.h"
#include "rs/store/sql.h"

static const char *const scopes[] = {"read", "write", "admin"};

static bool is_scope(const char *text)
{
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (strcmp(text, scopes[i]) == 0) return true;
    }
    return false;
}

enum rs_code rs_tokens_add(struct rs_store *st, const char *name, const char *scope,
                           const char *hash_hex, struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_token (name, scope, hash, created_ms) "
                              "VALUES (?1, ?2, ?3, ?4)";
    if (!is_scope(scope))
        return rs_fail(err, RS_EARG, "token scope '%s' is none of read, write, admin", scope);
    if (strlen(hash_hex) != RS_SHA256_HEX - 1)
        return rs_fail(err, RS_EARG, "token '%s': its hash is not a SHA-256", name);
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, name);
    rs_store_bind_text(q, 2, scope);
    rs_store_bind_text(q, 3, hash_hex);
    sqlite3_bind_int64(q, 4, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (rc == RS_EREFUSED)
        rc = rs_fail(err, RS_EARG, "token '%s' was made before: choose another name", name);
    return rc;
}

static void token_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_str(v, "name", rs_store_text(q, 0));
    rs_val_set_str(v, "scope", rs_store_text(q, 1));
    rs_val_set_int(v, "created_ms", sqlite3_column_int64(q, 2));
    rs_val_set_bool(v, "revoked", sqlite3_column_int64(q, 3) != 0);
}

enum rs_code rs_tokens_list(struct rs_store *st, struct rs_val **out, struct rs_err *err)
{
    static const char sql[] = "SELECT name, scope, created_ms, revoked_ms FROM rs_token "
                              "ORDER BY created_ms, name";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_collect(st, q, token_row, rs_val_list(), out, err);
}

enum rs_code rs_tokens_revoke(struct rs_store *st, const char *name, struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_token SET revoked_ms = max(revoked_ms, ?2) "
                              "WHERE name = ?1";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, name);
    sqlite3_bind_int64(q, 2, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (!rc && sqlite3_changes(rs_store_handle(st)) == 0)
        rc = rs_fail(err, RS_ENOTFOUND, "no token '%s': 'token list' shows them", name);
    return rc;
}

enum rs_code rs_tokens_each(struct rs_store *st, rs_token_fn *fn, void *ctx, struct rs_err *err)
{
    static const char sql[] = "SELECT name, scope, hash FROM rs_token WHERE revoked_ms = 0 "
                              "ORDER BY name";
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        const struct rs_token t = {.name = rs_store_text(q, 0),
                                   .scope = rs_store_text(q, 1),
                                   .hash_hex = rs_store_text(q, 2)};
        rc = fn(&t, ctx, err);
    }
    rs_store_reset(q);
    return rc;
}
