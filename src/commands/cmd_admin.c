/*
 * cmd_admin - configuration, access tokens, and the store as a file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/store/datasets.h"

#include "cells.h"

enum rs_code rs_cmd_config_show(struct rs_ctx *ctx, const struct rs_args *args,
                                struct rs_result *out, struct rs_err *err)
{
    (void)err;
    struct rs_val *tree = rs_conf_tree(ctx->conf);
    if (!rs_args_bool(args, "source")) {
        struct rs_str text;
        rs_str_init(&text, 0);
        rs_yaml_print(tree, &text);
        if (text.len > 0 && text.data[text.len - 1] == '\n') {
            text.data[text.len - 1] = '\0'; /* a block ends its own line */
        }
        rs_result_lines(out, rs_str_text(&text));
        rs_str_clear(&text);
        rs_val_free(out->doc);
        out->doc = tree;
        return RS_OK;
    }
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "key", NULL, RS_LEFT, 0);
    rs_table_column(t, "value", NULL, RS_LEFT, 0);
    rs_table_column(t, "source", "from", RS_LEFT, 0);
    for (size_t i = 0; i < tree->n; i++) {
        for (size_t j = 0; j < tree->items[i]->n; j++) {
            const struct rs_val *v = tree->items[i]->items[j];
            char *key = rs_xprintf("%s.%s", tree->keys[i], tree->items[i]->keys[j]);
            struct rs_str text;
            rs_str_init(&text, 0);
            rs_json_print(v, 0, &text);
            rs_table_row(t);
            rs_table_str(t, key);
            rs_table_val(t, rs_val_copy(v), v->type == RS_VAL_STR ? v->s : rs_str_text(&text));
            rs_table_str(t, rs_conf_source(ctx->conf, key));
            rs_str_clear(&text);
            free(key);
        }
    }
    rs_result_table(out, "keys", NULL, t);
    rs_val_free(tree);
    return RS_OK;
}

enum rs_code rs_cmd_config_schema(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_result *out, struct rs_err *err)
{
    (void)ctx;
    (void)args;
    (void)err;
    rs_val_free(out->doc);
    out->doc = rs_conf_schema(rs_conf_groups);
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(out->doc, 2, &text);
    rs_result_lines(out, rs_str_text(&text));
    rs_str_clear(&text);
    return RS_OK;
}

enum rs_code rs_cmd_token_add(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_store *st;
    unsigned char secret[32];
    char text[2 * sizeof(secret) + 8] = "rst_";
    char hash[RS_SHA256_HEX];
    const char *name = rs_args_text(args, "name");
    const char *scope = rs_args_text(args, "scope");
    enum rs_code rc = rs_ctx_check_name("token", name, err);
    if (rc) return rc;
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret)) {
        return rs_fail(err, RS_EIO, "the system gave no random bytes");
    }
    for (size_t i = 0; i < sizeof(secret); i++) {
        snprintf(text + 4 + 2 * i, 3, "%02x", secret[i]);
    }
    rs_sha256_of(text, strlen(text), hash);
    rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_tokens_add(st, name, scope, hash, err);
    if (rc) return rc;
    rs_val_set_str(out->doc, "name", name);
    rs_val_set_str(out->doc, "scope", scope);
    rs_val_set_str(out->doc, "token", text);
    rs_result_say(out, "%s", text);
    rs_result_say(out, "token '%s' (%s): shown once, kept only as a hash", name, scope);
    return RS_OK;
}

enum rs_code rs_cmd_token_list(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    struct rs_val *tokens = NULL;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_tokens_list(st, &tokens, err);
    if (rc) return rc;
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "name", NULL, RS_LEFT, 0);
    rs_table_column(t, "scope", NULL, RS_LEFT, 0);
    rs_table_column(t, "created", NULL, RS_LEFT, 0);
    rs_table_column(t, "revoked", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < tokens->n; i++) {
        const struct rs_val *k = tokens->items[i];
        rs_table_row(t);
        rs_table_str(t, rs_val_get_str(k, "name", ""));
        rs_table_str(t, rs_val_get_str(k, "scope", ""));
        rs_cell_time(t, rs_val_get_int(k, "created_ms", 0));
        rs_table_str(t, rs_val_get_bool(k, "revoked", false) ? "revoked" : "");
    }
    rs_result_table(out, NULL, NULL, t);
    rs_result_set(out, "tokens", tokens);
    return RS_OK;
}

enum rs_code rs_cmd_token_revoke(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    const char *name = rs_args_text(args, "name");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_tokens_revoke(st, name, err);
    if (rc) return rc;
    rs_val_set_str(out->doc, "name", name);
    rs_val_set_bool(out->doc, "revoked", true);
    rs_result_say(out, "token '%s' no longer opens anything", name);
    return RS_OK;
}

enum rs_code rs_cmd_db_backup(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_store *st;
    int64_t bytes = 0;
    const char *file = rs_args_text(args, "file");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_ctx_make_folder_of(file, err);
    if (!rc) rc = rs_store_backup(st, file, err);
    if (!rc) rc = rs_fs_size(file, &bytes, err);
    if (rc) return rc;
    rs_val_set_str(out->doc, "file", file);
    rs_val_set_int(out->doc, "bytes", bytes);
    rs_result_say(out, "%s: %.1f MB", file, (double)bytes / 1e6);
    return RS_OK;
}

enum rs_code rs_cmd_db_restore(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    const char *file = rs_args_text(args, "file");
    char *path = rs_ctx_path(ctx, "db/recsys.db");
    char *dir = rs_ctx_path(ctx, "db");
    bool before = rs_fs_exists(path);
    rs_store_close(ctx->store);
    ctx->store = NULL;
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = rs_store_restore(file, path, err);
    if (!rc) {
        rs_val_set_str(out->doc, "file", file);
        rs_result_say(out, "%s is the store now%s", file,
                      before ? "; the one before is db/recsys.db.before-restore" : "");
    }
    free(dir);
    free(path);
    return rc;
}

enum rs_code rs_cmd_db_check(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                             struct rs_err *err)
{
    (void)args;
    struct rs_store *st;
    struct rs_val *problems = NULL;
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_store_check(st, &problems, err);
    if (rc) return rc;
    rs_val_set_bool(out->doc, "ok", problems->n == 0);
    rs_val_set_int(out->doc, "schema", rs_store_version(st));
    rs_result_say(out, problems->n ? "%zu problems" : "the store is sound", problems->n);
    for (size_t i = 0; i < problems->n; i++) {
        rs_result_say(out, "  %s", problems->items[i]->s);
    }
    out->exit_status = problems->n ? 1 : 0;
    rs_result_set(out, "problems", problems);
    return RS_OK;
}
