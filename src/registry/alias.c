/*
 * alias - names that point at versions; the only file that knows the columns of rs_alias.
 *
 * The bundle is verified first; then pointer, stages and journal change in one synced transaction,
 * inside which everything is read again: two processes that promote at once leave one history.
 */
#include <stdlib.h>
#include <string.h>

#include "registry_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"

enum { MAX_ALIAS = 64 };

/* Names that cannot be taken for a version, a run or a flag. */
static enum rs_code check_name(const char *alias, struct rs_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char others[] = "0123456789.-";
    size_t len = strlen(alias);
    bool sound = len > 0 && len <= MAX_ALIAS && strchr(letters, alias[0]);
    for (size_t i = 1; i < len && sound; i++)
        sound = strchr(letters, alias[i]) || strchr(others, alias[i]);
    if (!sound)
        return rs_fail(err, RS_EARG,
                       "alias '%s': a name is a letter, then letters, digits, '_', '.' or '-', at "
                       "most %d",
                       alias, MAX_ALIAS);
    if (strcmp(alias, "latest") == 0 ||
        (alias[0] == 'v' && alias[1] && strspn(alias + 1, "0123456789") == len - 1))
        return rs_fail(err, RS_EARG, "alias '%s' would be taken for a version: choose another name",
                       alias);
    return RS_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* 0: it points at nothing. */
static enum rs_code read_alias(struct rs_store *st, const char *alias, int64_t *number_out,
                               struct rs_err *err)
{
    static const char sql[] = "SELECT version FROM rs_alias WHERE alias = ?1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    *number_out = 0;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, alias);
    rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    *number_out = sqlite3_column_int64(q, 0);
    rs_store_reset(q);
    return RS_OK;
}

enum rs_code rs_alias_get(struct rs_store *st, const char *alias, int64_t *number_out,
                          struct rs_err *err)
{
    int64_t number = 0;
    enum rs_code rc = read_alias(st, alias, &number, err);
    if (rc) return rc;
    if (!number)
        return rs_fail(err, RS_ENOTFOUND,
                       "alias '%s' points at no version: 'model promote VERSION --to %s' sets it",
                       alias, alias);
    *number_out = number;
    return RS_OK;
}

static void alias_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, rs_val_map());
    rs_val_set_str(v, "alias", rs_store_text(q, 0));
    rs_val_set_int(v, "version", sqlite3_column_int64(q, 1));
    rs_val_set_int(v, "since_ms", sqlite3_column_int64(q, 2));
    rs_val_set_str(v, "by", rs_store_text(q, 3));
}

enum rs_code rs_aliases_list(struct rs_store *st, struct rs_val **out, struct rs_err *err)
{
    static const char sql[] = "SELECT alias, version, since_ms, actor FROM rs_alias ORDER BY alias";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    return rc ? rc : rs_store_collect(st, q, alias_row, rs_val_list(), out, err);
}

/* ---- moving -------------------------------------------------------------------------------- */

struct move {
    const char *action; /* "promote", "rollback" */
    const char *alias;
    int64_t to;
    const struct rs_val *verdict;
    bool archive_old;
    const struct rs_change *by;
};

static enum rs_code write_pointer(struct rs_store *st, const struct move *m, struct rs_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO rs_alias (alias, version, since_ms, actor) "
                              "VALUES (?1, ?2, ?3, ?4)";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, m->alias);
    sqlite3_bind_int64(q, 2, m->to);
    sqlite3_bind_int64(q, 3, rs_clock_now_ms());
    rs_store_bind_text(q, 4, m->by->actor ? m->by->actor : "");
    return rs_store_exec(st, q, err);
}

/* The stage of a version follows from the aliases at it: production before staging; where there is
 * neither, `without`. */
static enum rs_code update_stage(struct rs_store *st, int64_t number, enum rs_stage without,
                                 struct rs_err *err)
{
    int64_t production = 0;
    int64_t staging = 0;
    enum rs_code rc = read_alias(st, rs_stage_name(RS_STAGE_PRODUCTION), &production, err);
    if (!rc) rc = read_alias(st, rs_stage_name(RS_STAGE_STAGING), &staging, err);
    if (rc) return rc;
    enum rs_stage stage = production == number ? RS_STAGE_PRODUCTION
                          : staging == number  ? RS_STAGE_STAGING
                                               : without;
    return rs_version_set_stage(st, number, stage, err);
}

static bool names_stage(const char *alias)
{
    return strcmp(alias, rs_stage_name(RS_STAGE_PRODUCTION)) == 0 ||
           strcmp(alias, rs_stage_name(RS_STAGE_STAGING)) == 0;
}

/* In a transaction; from: where the alias points now (0: nowhere), another version than m->to. */
static enum rs_code move_alias(struct rs_store *st, const struct move *m, int64_t from,
                               struct rs_err *err)
{
    enum rs_code rc = write_pointer(st, m, err);
    if (!rc && names_stage(m->alias)) {
        rc = update_stage(st, m->to, RS_STAGE_NONE, err);
        if (!rc && from)
            rc = update_stage(st, from, m->archive_old ? RS_STAGE_ARCHIVED : RS_STAGE_NONE, err);
    }
    const struct rs_journal_line line = {.action = m->action,
                                         .alias = m->alias,
                                         .version = m->to,
                                         .from_version = from,
                                         .verdict = m->verdict,
                                         .by = m->by};
    return rc ? rc : rs_journal_add(st, &line, err);
}

static enum rs_code check_version(struct rs_store *st, int64_t number, const char *models_dir,
                                  struct rs_err *err)
{
    struct rs_version v = {0};
    enum rs_code rc = rs_versions_get(st, number, &v, err);
    if (!rc) rc = rs_version_check_bundle(models_dir, v.bundle, err);
    if (rc && v.number) rs_wrap(err, "version %lld", (long long)number);
    rs_version_clear(&v);
    return rc;
}

enum rs_code rs_alias_set(struct rs_store *st, const char *alias, int64_t number,
                          const char *models_dir, const struct rs_val *verdict, bool archive_old,
                          const struct rs_change *by, struct rs_err *err)
{
    const struct move m = {.action = "promote",
                           .alias = alias,
                           .to = number,
                           .verdict = verdict,
                           .archive_old = archive_old,
                           .by = by};
    int64_t from = 0;
    enum rs_code rc = check_name(alias, err);
    if (!rc) rc = check_version(st, number, models_dir, err);
    if (!rc) rc = rs_store_begin_full(st, err);
    if (rc) return rc;
    rc = read_alias(st, alias, &from, err);
    if (!rc && from != number) rc = move_alias(st, &m, from, err);
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) rs_store_rollback(st);
    return rc;
}

/* Where a rollback leads, 0 for `to` meaning one step: checked against what the alias is now. */
enum rs_code rs_alias_before(struct rs_store *st, const char *alias, int64_t to, int64_t *from_out,
                             int64_t *to_out, struct rs_err *err)
{
    *to_out = to;
    enum rs_code rc = rs_alias_get(st, alias, from_out, err);
    if (!rc && to <= 0) rc = rs_journal_before(st, alias, to_out, err);
    if (!rc && *to_out <= 0)
        rc = rs_fail(err, RS_ENOTFOUND,
                     "alias '%s' has pointed at nothing before version %lld: name one with --to",
                     alias, (long long)*from_out);
    return rc;
}

enum rs_code rs_alias_rollback(struct rs_store *st, const char *alias, int64_t to,
                               const char *models_dir, const struct rs_change *by,
                               int64_t *number_out, struct rs_err *err)
{
    int64_t from = 0;
    int64_t target = 0;
    int64_t again = 0;
    enum rs_code rc = rs_alias_before(st, alias, to, &from, &target, err);
    if (!rc) rc = check_version(st, target, models_dir, err);
    if (!rc) rc = rs_store_begin_full(st, err);
    if (rc) return rc;
    rc = rs_alias_before(st, alias, to, &from, &again, err);
    if (!rc && again != target)
        rc = rs_fail(err, RS_EBUSY, "alias '%s' was moved by someone else meanwhile: look again",
                     alias);
    const struct move m = {
        .action = "rollback", .alias = alias, .to = target, .archive_old = true, .by = by};
    if (!rc && from != target) rc = move_alias(st, &m, from, err);
    if (!rc) rc = rs_store_commit(st, err);
    if (rc) {
        rs_store_rollback(st);
    } else {
        *number_out = target;
    }
    return rc;
}
