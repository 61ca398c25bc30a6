/*
 * datasets - rows about prepared datasets, posted feedback and access tokens.
 */
#ifndef RS_STORE_DATASETS_H
#define RS_STORE_DATASETS_H

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/store/store.h"

/* Insert or replace by name. */
RS_MUST_USE enum rs_code rs_datasets_put(struct rs_store *st, const char *name,
                                         const char *fingerprint, int64_t users, int64_t items,
                                         int64_t interactions, struct rs_err *err);
/* List of {name, fingerprint, users, items, interactions, prepared_ms}. */
RS_MUST_USE enum rs_code rs_datasets_list(struct rs_store *st, struct rs_val **out,
                                          struct rs_err *err);

/* rs_feedback: events posted to a server. Order is by id. */
struct rs_feedback {
    int64_t id;
    const char *user_id, *item_id, *type;
    double value;
    int64_t time_s;
    int64_t received_ms; /* when it was added; set where rows are read */
};
/* Inside a transaction of the caller's, or one of its own. RS_EREFUSED: no user, no item, no value
 * (NULL, NaN). */
RS_MUST_USE enum rs_code rs_feedback_add(struct rs_store *st, const struct rs_feedback *f,
                                         int64_t *id_out, struct rs_err *err);
/* Rows after that id, one by one; texts are borrowed until fn returns, an error of fn ends it. fn
 * may use the store, but not the same call again. */
typedef enum rs_code rs_feedback_fn(const struct rs_feedback *f, void *ctx, struct rs_err *err);
RS_MUST_USE enum rs_code rs_feedback_each(struct rs_store *st, int64_t after_id, rs_feedback_fn *fn,
                                          void *ctx, struct rs_err *err);
/* One user's. */
RS_MUST_USE enum rs_code rs_feedback_of(struct rs_store *st, const char *user_id, int64_t after_id,
                                        rs_feedback_fn *fn, void *ctx, struct rs_err *err);

/* Tokens are kept as SHA-256 of the secret; scope "read", "write", "admin". */
RS_MUST_USE enum rs_code rs_tokens_add(struct rs_store *st, const char *name, const char *scope,
                                       const char *hash_hex, struct rs_err *err);
RS_MUST_USE enum rs_code rs_tokens_list(
    struct rs_store *st, struct rs_val **out,
    struct rs_err *err); /* {name, scope, created_ms, revoked} */
RS_MUST_USE enum rs_code rs_tokens_revoke(struct rs_store *st, const char *name,
                                          struct rs_err *err);
/* Those that were not revoked, by name; texts are borrowed until fn returns. */
struct rs_token {
    const char *name, *scope;
    const char *hash_hex; /* for rs_hash_equal */
};
typedef enum rs_code rs_token_fn(const struct rs_token *t, void *ctx, struct rs_err *err);
RS_MUST_USE enum rs_code rs_tokens_each(struct rs_store *st, rs_token_fn *fn, void *ctx,
                                        struct rs_err *err);

#endif
