/*
 * params - parameters of runs, and runs found again by them; tags and artifacts.
 *
 * A parameter is kept as JSON text, so that 1, 1.0, "1" and true stay what they are. Equal maps
 * have equal hashes: SHA-256 of the JSON with the keys of every map sorted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"
#include "runs_impl.h"

struct entry {
    const char *key;
    const struct rs_val *value;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* JSON with sorted keys. Recursion as deep as values nest, which base bounds. */
static void print_canonical(const struct rs_val *v, struct rs_str *out)
{
    bool map = v->type == RS_VAL_MAP;
    if (!map && v->type != RS_VAL_LIST) {
        rs_json_print(v, 0, out);
        return;
    }
    struct entry *entries = rs_xalloc(v->n + 1, sizeof(*entries));
    for (size_t i = 0; i < v->n; i++)
        entries[i] = (struct entry){.key = map ? v->keys[i] : "", .value = v->items[i]};
    if (map && v->n > 1) qsort(entries, v->n, sizeof(*entries), by_key);
    rs_str_addc(out, map ? '{' : '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0) rs_str_addc(out, ',');
        if (map) {
            rs_json_quote(entries[i].key, out);
            rs_str_addc(out, ':');
        }
        print_canonical(entries[i].value, out);
    }
    rs_str_addc(out, map ? '}' : ']');
    free(entries);
}

static enum rs_code hash_params(const struct rs_val *params, char out[RS_SHA256_HEX],
                                struct rs_err *err)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    print_canonical(params, &text);
    enum rs_code rc = text.failed ? rs_fail(err, RS_ENOMEM, "parameters: out of memory") : RS_OK;
    if (!rc) rs_sha256_of(rs_str_text(&text), text.len, out);
    rs_str_clear(&text);
    return rc;
}

static enum rs_code set_hash(struct rs_store *st, const char *id, const struct rs_val *params,
                             struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_run SET params_hash = ?2 WHERE id = ?1";
    char hash[RS_SHA256_HEX];
    sqlite3_stmt *q = NULL;
    enum rs_code rc = hash_params(params, hash, err);
    if (!rc) rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, hash);
    return rs_store_exec(st, q, err);
}

static enum rs_code put_param(struct rs_store *st, const char *id, const char *key,
                              const struct rs_val *value, struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_run_param (run_id, key, value) VALUES (?1, ?2, ?3)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    struct rs_str text;
    rs_str_init(&text, 0);
    print_canonical(value, &text);
    rs_store_bind_text(q, 2, key);
    rs_store_bind_text(q, 3, rs_str_text(&text));
    rs_str_clear(&text);
    return rs_run_explain(st, rs_store_exec(st, q, err), id, err);
}

enum rs_code rs_runs_set_params(struct rs_store *st, const char *id, const struct rs_val *params,
                                struct rs_err *err)
{
    static const char sql[] = "DELETE FROM rs_run_param WHERE run_id = ?1";
    sqlite3_stmt *q = NULL;
    bool own;
    enum rs_code rc = rs_store_join(st, &own, err);
    if (rc) return rc;
    rc = rs_run_stmt(st, sql, id, &q, err);
    if (!rc) rc = rs_store_exec(st, q, err);
    for (size_t i = 0; i < params->n && !rc; i++)
        rc = put_param(st, id, params->keys[i], params->items[i], err);
    if (!rc) rc = set_hash(st, id, params, err);
    return rs_store_leave(st, own, rc, err);
}

enum rs_code rs_runs_params(struct rs_store *st, const char *id, struct rs_val **out,
                            struct rs_err *err)
{
    static const char sql[] = "SELECT key, value FROM rs_run_param WHERE run_id = ?1 ORDER BY key";
    sqlite3_stmt *q = NULL;
    bool row = true;
    struct rs_val *map = rs_val_map();
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        struct rs_val *v = NULL;
        const char *text = rs_store_text(q, 1);
        rc = rs_json_parse(text, strlen(text), "parameter", &v, err);
        if (rc) {
            rs_wrap(err, "run %s: %s", id, rs_store_text(q, 0));
            err->code = RS_EDAMAGED;
            rs_store_reset(q);
        } else {
            rs_val_set(map, rs_store_text(q, 0), v);
        }
    }
    if (rc) {
        rs_val_free(map);
        return err->code;
    }
    *out = map;
    return RS_OK;
}

enum rs_code rs_runs_find_same(struct rs_store *st, const char *model,
                               const char *split_fingerprint, uint64_t seed,
                               const struct rs_val *params, char out[RS_RUN_ID], struct rs_err *err)
{
    static const char sql[] =
        "SELECT id FROM rs_run WHERE split_fingerprint = ?1 AND model = ?2 AND params_hash = ?3 "
        "AND seed = ?4 AND state = 'finished' AND bundle <> '' "
        "ORDER BY started_ms DESC, rowid DESC LIMIT 1";
    char hash[RS_SHA256_HEX];
    bool row = false;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = hash_params(params, hash, err);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, split_fingerprint);
    rs_store_bind_text(q, 2, model);
    rs_store_bind_text(q, 3, hash);
    sqlite3_bind_int64(q, 4, (int64_t)seed);
    rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row)
        return rs_fail(err, RS_ENOTFOUND, "no finished run of %s with these parameters", model);
    snprintf(out, RS_RUN_ID, "%s", rs_store_text(q, 0));
    rs_store_reset(q);
    return RS_OK;
}

/* ---- tags and artifacts -------------------------------------------------------------------- */

enum rs_code rs_runs_set_tag(struct rs_store *st, const char *id, const char *key,
                             const char *value, struct rs_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO rs_run_tag (run_id, key, value) "
                              "VALUES (?1, ?2, ?3)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, key);
    rs_store_bind_text(q, 3, value);
    return rs_run_explain(st, rs_store_exec(st, q, err), id, err);
}

static void tag_row(sqlite3_stmt *q, struct rs_val *rows)
{
    rs_val_set_str(rows, rs_store_text(q, 0), rs_store_text(q, 1));
}

enum rs_code rs_runs_tags(struct rs_store *st, const char *id, struct rs_val **out,
                          struct rs_err *err)
{
    static const char sql[] = "SELECT key, value FROM rs_run_tag WHERE run_id = ?1 ORDER BY key";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    return rc ? rc : rs_store_collect(st, q, tag_row, rs_val_map(), out, err);
}

enum rs_code rs_runs_add_artifact(struct rs_store *st, const char *id, const char *name,
                                  const char *path, const char *sha256, int64_t bytes,
                                  struct rs_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO rs_artifact "
                              "(run_id, name, path, sha256, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 2, name);
    rs_store_bind_text(q, 3, path);
    rs_store_bind_text(q, 4, sha256);
    sqlite3_bind_int64(q, 5, bytes);
    return rs_run_explain(st, rs_store_exec(st, q, err), id, err);
}

static void artifact_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_str(v, "name", rs_store_text(q, 0));
    rs_val_set_str(v, "path", rs_store_text(q, 1));
    rs_val_set_str(v, "sha256", rs_store_text(q, 2));
    rs_val_set_int(v, "bytes", sqlite3_column_int64(q, 3));
}

enum rs_code rs_runs_artifacts(struct rs_store *st, const char *id, struct rs_val **out,
                               struct rs_err *err)
{
    static const char sql[] = "SELECT name, path, sha256, bytes FROM rs_artifact "
                              "WHERE run_id = ?1 ORDER BY name";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_run_stmt(st, sql, id, &q, err);
    return rc ? rc : rs_store_collect(st, q, artifact_row, rs_val_list(), out, err);
}
