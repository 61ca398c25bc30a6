/*
 * versions - the only file that knows the columns of rs_model_version.
 *
 * A bundle is verified before the transaction that makes it a version: a version is always
 * complete, whatever is killed in between.
 */
#include "rs/registry/versions.h"

#include <stdlib.h>
#include <string.h>

#include "registry_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/models/bundle.h"
#include "rs/store/sql.h"
#include "rs/tracking/runs.h"

#define STAGE_NAME(id, name) [id] = (name),
static const char *const stage_names[RS_STAGE_COUNT] = {RS_STAGES(STAGE_NAME)};
#undef STAGE_NAME

const char *rs_stage_name(enum rs_stage s)
{
    return stage_names[s];
}

static void free_texts(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}

void rs_version_clear(struct rs_version *v)
{
    free(v->run_id);
    free(v->model);
    free(v->bundle);
    free(v->dataset);
    free(v->split);
    free(v->description);
    free_texts(v->aliases);
    *v = (struct rs_version){0};
}

struct rs_val *rs_version_val(const struct rs_version *v)
{
    struct rs_val *map = rs_val_map();
    rs_val_set_int(map, "version", v->number);
    rs_val_set_str(map, "run_id", v->run_id);
    rs_val_set_str(map, "model", v->model);
    rs_val_set_str(map, "stage", rs_stage_name(v->stage));
    struct rs_val *aliases = rs_val_set(map, "aliases", rs_val_list());
    for (char **a = v->aliases; a && *a; a++)
        rs_val_push(aliases, rs_val_str(*a));
    rs_val_set_str(map, "dataset", v->dataset);
    rs_val_set_str(map, "split", v->split);
    rs_val_set_str(map, "bundle", v->bundle);
    rs_val_set_str(map, "description", v->description);
    rs_val_set_int(map, "created_ms", v->created_ms);
    return map;
}

/* ---- reading ------------------------------------------------------------------------------- */

#define VERSION_COLUMNS \
    "number, run_id, model, bundle, dataset, split, description, stage, created_ms"

static void read_version(sqlite3_stmt *q, struct rs_version *out)
{
    *out = (struct rs_version){.number = sqlite3_column_int64(q, 0),
                               .run_id = rs_store_dup_text(q, 1),
                               .model = rs_store_dup_text(q, 2),
                               .bundle = rs_store_dup_text(q, 3),
                               .dataset = rs_store_dup_text(q, 4),
                               .split = rs_store_dup_text(q, 5),
                               .description = rs_store_dup_text(q, 6),
                               .created_ms = sqlite3_column_int64(q, 8)};
    for (int i = 0; i < RS_STAGE_COUNT; i++) {
        if (strcmp(rs_store_text(q, 7), stage_names[i]) == 0) out->stage = (enum rs_stage)i;
    }
}

static enum rs_code read_aliases(struct rs_store *st, struct rs_version *v, struct rs_err *err)
{
    static const char sql[] = "SELECT alias FROM rs_alias WHERE version = ?1 ORDER BY alias";
    size_t n = 0;
    size_t cap = 4;
    bool row = true;
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, v->number);
    v->aliases = rs_xalloc(cap, sizeof(*v->aliases));
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        if (n + 1 == cap) {
            char **more = rs_xalloc(cap * 2, sizeof(*more));
            memcpy(more, v->aliases, n * sizeof(*more));
            free(v->aliases);
            v->aliases = more;
            cap *= 2;
        }
        v->aliases[n++] = rs_store_dup_text(q, 0);
    }
    return rc;
}

static enum rs_code fail_unknown(int64_t number, struct rs_err *err)
{
    return rs_fail(err, RS_ENOTFOUND, "no version %lld: 'model list' shows them",
                   (long long)number);
}

enum rs_code rs_versions_get(struct rs_store *st, int64_t number, struct rs_version *out,
                             struct rs_err *err)
{
    static const char sql[] = "SELECT " VERSION_COLUMNS " FROM rs_model_version WHERE number = ?1";
    struct rs_version v = {0};
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, number);
    rc = rs_store_step(st, q, &row, err);
    if (rc) return rc;
    if (!row) return fail_unknown(number, err);
    read_version(q, &v);
    rs_store_reset(q);
    rc = read_aliases(st, &v, err);
    if (rc) {
        rs_version_clear(&v);
    } else {
        *out = v;
    }
    return rc;
}

static enum rs_code read_list(struct rs_store *st, struct rs_version **versions, size_t *n,
                              struct rs_err *err)
{
    static const char sql[] =
        "SELECT " VERSION_COLUMNS " FROM rs_model_version ORDER BY number DESC";
    sqlite3_stmt *q = NULL;
    size_t cap = 0;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        if (*n == cap) {
            size_t more = cap ? cap * 2 : 16;
            struct rs_version *grown = rs_try_realloc(*versions, cap, more, sizeof(*grown));
            if (!grown) {
                rs_store_reset(q);
                return rs_fail(err, RS_ENOMEM, "versions: out of memory");
            }
            *versions = grown;
            cap = more;
        }
        read_version(q, &(*versions)[(*n)++]);
    }
    for (size_t i = 0; i < *n && !rc; i++)
        rc = read_aliases(st, &(*versions)[i], err);
    return rc;
}

enum rs_code rs_versions_list(struct rs_store *st, struct rs_version **out, size_t *n_out,
                              struct rs_err *err)
{
    struct rs_version *versions = NULL;
    size_t n = 0;
    enum rs_code rc = read_list(st, &versions, &n, err);
    if (rc) {
        for (size_t i = 0; i < n; i++)
            rs_version_clear(&versions[i]);
        free(versions);
        return rc;
    }
    *out = versions;
    *n_out = n;
    return RS_OK;
}

/* ---- resolve ------------------------------------------------------------------------------- */

/* First column of a row with `text` as ?1: *number_out, or 0 where there is none. */
static enum rs_code look_up(struct rs_store *st, const char *sql, const char *text,
                            int64_t *number_out, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    *number_out = 0;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, text);
    rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    *number_out = sqlite3_column_int64(q, 0);
    rs_store_reset(q);
    return RS_OK;
}

enum rs_code rs_versions_resolve(struct rs_store *st, const char *ref, int64_t *number_out,
                                 struct rs_err *err)
{
    static const char sql_number[] = "SELECT number FROM rs_model_version WHERE number = ?1";
    static const char sql_run[] = "SELECT max(number) FROM rs_model_version WHERE run_id = ?1";
    const char *digits = ref + (*ref == 'v');
    bool number = *digits && strspn(digits, "0123456789") == strlen(digits);
    enum rs_code rc = RS_OK;
    int64_t found = 0;
    if (*ref == '@') return rs_alias_get(st, ref + 1, number_out, err);
    if (number) rc = look_up(st, sql_number, digits, &found, err);
    if (!rc && !found) {
        struct rs_err none = {0};
        rc = rs_alias_get(st, ref, &found, &none);
        if (rc == RS_ENOTFOUND) {
            rc = RS_OK;
        } else if (rc) {
            *err = none;
        }
    }
    if (!rc && !found) { /* digits may also begin a run's id */
        char id[RS_RUN_ID];
        struct rs_err none = {0};
        rc = rs_runs_resolve(st, ref, id, &none);
        if (!rc) {
            rc = look_up(st, sql_run, id, &found, err);
            if (!rc && !found)
                rc = rs_fail(
                    err, RS_ENOTFOUND,
                    "run %s is not registered: 'model register --run %s' makes it a version", id,
                    id);
        } else if (rc != RS_ENOTFOUND) {
            *err = none;
        } else {
            rc = rs_fail(err, RS_ENOTFOUND,
                         "no version, alias or run '%s': 'model list' shows versions", ref);
        }
    }
    if (!rc) *number_out = found;
    return rc;
}

/* ---- changes ------------------------------------------------------------------------------- */

enum rs_code rs_version_check_bundle(const char *models_dir, const char *sha256, struct rs_err *err)
{
    char *name = rs_xprintf("%s.rsm", sha256);
    char *path = rs_path_join(models_dir, name);
    enum rs_code rc = rs_bundle_verify(path, sha256, err);
    free(path);
    free(name);
    return rc;
}

enum rs_code rs_version_set_stage(struct rs_store *st, int64_t number, enum rs_stage stage,
                                  struct rs_err *err)
{
    static const char sql[] = "UPDATE rs_model_version SET stage = ?2 WHERE number = ?1";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, number);
    rs_store_bind_text(q, 2, rs_stage_name(stage));
    return rs_store_exec(st, q, err);
}

static enum rs_code insert_version(struct rs_store *st, const struct rs_run *run,
                                   const char *description, int64_t *number_out, struct rs_err *err)
{
    static const char sql[] =
        "INSERT INTO rs_model_version (run_id, model, bundle, dataset, split, description, stage, "
        "created_ms) VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, ''), 'none', ?7)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, run->id);
    rs_store_bind_text(q, 2, run->model);
    rs_store_bind_text(q, 3, run->bundle);
    rs_store_bind_text(q, 4, run->dataset);
    rs_store_bind_text(q, 5, run->split);
    rs_store_bind_text(q, 6, description);
    sqlite3_bind_int64(q, 7, rs_clock_now_ms());
    rc = rs_store_exec(st, q, err);
    if (!rc) *number_out = sqlite3_last_insert_rowid(rs_store_handle(st));
    return rc;
}

static enum rs_code find_existing(struct rs_store *st, const struct rs_run *run,
                                  int64_t *number_out, struct rs_err *err)
{
    static const char sql[] = "SELECT number FROM rs_model_version "
                              "WHERE run_id = ?1 AND bundle = ?2";
    sqlite3_stmt *q = NULL;
    bool row = false;
    *number_out = 0;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, run->id);
    rs_store_bind_text(q, 2, run->bundle);
    rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    *number_out = sqlite3_column_int64(q, 0);
    rs_store_reset(q);
    return RS_OK;
}

/* In a transaction, so that two processes that register one run make one version. */
static enum rs_code register_run(struct rs_store *st, const struct rs_run *run,
                                 const char *description, const struct rs_change *by,
                                 int64_t *number_out, bool *existed_out, struct rs_err *err)
{
    int64_t number = 0;
    enum rs_code rc = rs_store_begin_full(st, err);
    if (rc) return rc;
    rc = find_existing(st, run, &number, err);
    bool existed = number != 0;
    if (!rc && !existed) {
        rc = insert_version(st, run, description, &number, err);
        const struct rs_journal_line line = {
            .action = "register", .alias = "", .version = number, .by = by};
        if (!rc) rc = rs_journal_add(st, &line, err);
    }
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) {
        rs_store_rollback(st);
        return rc;
    }
    *number_out = number;
    *existed_out = existed;
    return RS_OK;
}

enum rs_code rs_versions_register(struct rs_store *st, const char *run_id, const char *models_dir,
                                  const char *description, const struct rs_change *by,
                                  int64_t *number_out, bool *existed_out, struct rs_err *err)
{
    struct rs_run run = {0};
    enum rs_code rc = rs_runs_get(st, run_id, &run, err);
    if (rc) return rc;
    if (run.state != RS_RUN_FINISHED || !run.bundle[0]) {
        rc = rs_fail(err, RS_EREFUSED, "run %s has no model: it is %s", run_id,
                     rs_run_state_name(run.state));
    } else {
        rc = rs_version_check_bundle(models_dir, run.bundle, err);
    }
    if (!rc) rc = register_run(st, &run, description, by, number_out, existed_out, err);
    if (rc) rs_wrap(err, "register run %s", run_id);
    rs_run_clear(&run);
    return rc;
}

/* In a transaction: what was read still holds when it is written. */
static enum rs_code archive(struct rs_store *st, int64_t number, bool back,
                            const struct rs_change *by, struct rs_err *err)
{
    struct rs_version v = {0};
    const struct rs_journal_line line = {
        .action = back ? "unarchive" : "archive", .alias = "", .version = number, .by = by};
    enum rs_code rc = rs_versions_get(st, number, &v, err);
    if (rc) return rc;
    if (!back && v.aliases && v.aliases[0]) {
        rc = rs_fail(err, RS_EREFUSED, "version %lld is behind @%s: move the alias first",
                     (long long)number, v.aliases[0]);
    } else if ((v.stage == RS_STAGE_ARCHIVED) == back) {
        rc = rs_version_set_stage(st, number, back ? RS_STAGE_NONE : RS_STAGE_ARCHIVED, err);
        if (!rc) rc = rs_journal_add(st, &line, err);
    }
    rs_version_clear(&v);
    return rc;
}

static enum rs_code archive_whole(struct rs_store *st, int64_t number, bool back,
                                  const struct rs_change *by, struct rs_err *err)
{
    enum rs_code rc = rs_store_begin_full(st, err);
    if (rc) return rc;
    rc = archive(st, number, back, by, err);
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) rs_store_rollback(st);
    return rc;
}

enum rs_code rs_versions_archive(struct rs_store *st, int64_t number, const struct rs_change *by,
                                 struct rs_err *err)
{
    return archive_whole(st, number, false, by, err);
}

enum rs_code rs_versions_unarchive(struct rs_store *st, int64_t number, const struct rs_change *by,
                                   struct rs_err *err)
{
    return archive_whole(st, number, true, by, err);
}

/* ---- verify -------------------------------------------------------------------------------- */

static enum rs_code check_bundles(struct rs_store *st, const char *models_dir,
                                  struct rs_val *problems, struct rs_err *err)
{
    struct rs_version *versions = NULL;
    size_t n = 0;
    enum rs_code rc = rs_versions_list(st, &versions, &n, err);
    for (size_t i = 0; i < n; i++) {
        struct rs_err why = {0};
        if (rs_version_check_bundle(models_dir, versions[i].bundle, &why)) {
            char *text = rs_xprintf("version %lld: %s", (long long)versions[i].number, why.msg);
            rs_val_push(problems, rs_val_str(text));
            free(text);
        }
        rs_version_clear(&versions[i]);
    }
    free(versions);
    return rc;
}

enum rs_code rs_registry_verify(struct rs_store *st, const char *models_dir,
                                struct rs_val **problems_out, struct rs_err *err)
{
    struct rs_val *problems = rs_val_list();
    enum rs_code rc = rs_journal_check(st, problems, err);
    if (!rc) rc = check_bundles(st, models_dir, problems, err);
    if (rc) {
        rs_val_free(problems);
    } else {
        *problems_out = problems;
    }
    return rc;
}
