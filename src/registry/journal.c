/*
 * journal - the only file that knows the columns of rs_journal.
 *
 * A line's hash covers the hash before it and all its fields, so that a line changed, taken out or
 * put in by hand shows; the last id is also what SQLite counts, so that a cut end shows.
 */
#include <stdlib.h>
#include <string.h>

#include "registry_impl.h"
#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/store/sql.h"

/* The hash before the first line. */
static const char no_hash[] = "0000000000000000000000000000000000000000000000000000000000000000";

#define LINE_COLUMNS                                                                             \
    "id, time_ms, actor, action, alias, version, from_version, reason, verdict, previous_hash, " \
    "hash"

enum { AT_PREVIOUS = 9, AT_HASH = 10 };

/* The fields of a row in the order of LINE_COLUMNS as one line of JSON, hashed with `previous`. */
static void hash_line(const struct rs_val *fields, const char *previous, char out[RS_SHA256_HEX])
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(fields, 0, &text);
    struct rs_sha256 h;
    rs_sha256_init(&h);
    rs_sha256_add(&h, previous, strlen(previous));
    rs_sha256_add(&h, rs_str_text(&text), text.len);
    rs_sha256_hex(&h, out);
    rs_str_clear(&text);
}

static struct rs_val *make_fields(int64_t id, int64_t time_ms, const char *actor,
                                  const char *action, const char *alias, int64_t version,
                                  int64_t from_version, const char *reason, const char *verdict)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "id", id);
    rs_val_set_int(v, "time_ms", time_ms);
    rs_val_set_str(v, "actor", actor);
    rs_val_set_str(v, "action", action);
    rs_val_set_str(v, "alias", alias);
    rs_val_set_int(v, "version", version);
    rs_val_set_int(v, "from_version", from_version);
    rs_val_set_str(v, "reason", reason);
    rs_val_set_str(v, "verdict", verdict);
    return v;
}

static struct rs_val *row_fields(sqlite3_stmt *q)
{
    return make_fields(sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), rs_store_text(q, 2),
                       rs_store_text(q, 3), rs_store_text(q, 4), sqlite3_column_int64(q, 5),
                       sqlite3_column_int64(q, 6), rs_store_text(q, 7), rs_store_text(q, 8));
}

/* ---- append -------------------------------------------------------------------------------- */

static enum rs_code last_line(struct rs_store *st, int64_t *id_out, char hash_out[RS_SHA256_HEX],
                              struct rs_err *err)
{
    static const char sql[] = "SELECT id, hash FROM rs_journal ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *q = NULL;
    bool row = false;
    *id_out = 0;
    memcpy(hash_out, no_hash, RS_SHA256_HEX);
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) rc = rs_store_step(st, q, &row, err);
    if (rc || !row) return rc;
    *id_out = sqlite3_column_int64(q, 0);
    const char *hash = rs_store_text(q, 1);
    if (strlen(hash) == RS_SHA256_HEX - 1) {
        memcpy(hash_out, hash, RS_SHA256_HEX);
    } else {
        rc = rs_fail(err, RS_EDAMAGED,
                     "journal line %lld has no hash: see 'registry verify', 'db restore'",
                     (long long)*id_out);
    }
    rs_store_reset(q);
    return rc;
}

enum rs_code rs_journal_add(struct rs_store *st, const struct rs_journal_line *line,
                            struct rs_err *err)
{
    static const char sql[] = "INSERT INTO rs_journal (" LINE_COLUMNS ") "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    int64_t id = 0;
    char previous[RS_SHA256_HEX];
    char hash[RS_SHA256_HEX];
    sqlite3_stmt *q = NULL;
    enum rs_code rc = last_line(st, &id, previous, err);
    if (!rc) rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    struct rs_str verdict;
    rs_str_init(&verdict, 0);
    if (line->verdict) rs_json_print(line->verdict, 0, &verdict);
    struct rs_val *fields =
        make_fields(id + 1, rs_clock_now_ms(), line->by->actor ? line->by->actor : "", line->action,
                    line->alias, line->version, line->from_version,
                    line->by->reason ? line->by->reason : "", rs_str_text(&verdict));
    hash_line(fields, previous, hash);
    for (size_t i = 0; i < fields->n; i++) {
        const struct rs_val *v = fields->items[i];
        if (v->type == RS_VAL_INT) {
            sqlite3_bind_int64(q, (int)i + 1, v->i);
        } else {
            rs_store_bind_text(q, (int)i + 1, v->s);
        }
    }
    rs_store_bind_text(q, AT_PREVIOUS + 1, previous);
    rs_store_bind_text(q, AT_HASH + 1, hash);
    rs_val_free(fields);
    rs_str_clear(&verdict);
    return rs_store_exec(st, q, err);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void journal_row(sqlite3_stmt *q, struct rs_val *rows)
{
    struct rs_val *v = rs_val_push(rows, row_fields(q));
    const char *text = rs_store_text(q, 8);
    struct rs_val *verdict = NULL;
    struct rs_err bad = {0};
    if (rs_json_parse(text, strlen(text), "verdict", &verdict, &bad)) verdict = rs_val_null();
    rs_val_set(v, "verdict", verdict);
    rs_val_set_str(v, "hash", rs_store_text(q, AT_HASH));
}

enum rs_code rs_journal_list(struct rs_store *st, int64_t at_ms, int64_t limit, struct rs_val **out,
                             struct rs_err *err)
{
    static const char sql[] = "SELECT " LINE_COLUMNS " FROM rs_journal "
                              "WHERE ?1 <= 0 OR time_ms <= ?1 ORDER BY id DESC LIMIT ?2";
    sqlite3_stmt *q = NULL;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (!rc) {
        sqlite3_bind_int64(q, 1, at_ms);
        sqlite3_bind_int64(q, 2, limit > 0 ? limit : -1);
    }
    return rc ? rc : rs_store_collect(st, q, journal_row, rs_val_list(), out, err);
}

/* What an alias pointed at, oldest first; the last is where it points. */
struct stack {
    int64_t *versions;
    size_t n;
    size_t cap;
};

static enum rs_code push(struct stack *s, int64_t version, struct rs_err *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 32;
        int64_t *more = rs_try_realloc(s->versions, s->cap, cap, sizeof(*more));
        if (!more) return rs_fail(err, RS_ENOMEM, "journal: out of memory");
        s->versions = more;
        s->cap = cap;
    }
    s->versions[s->n++] = version;
    return RS_OK;
}

/* A rollback returns to the nearest earlier place of that version; to one that never was below, it
 * is a step forward like any other. */
static enum rs_code roll_back(struct stack *s, int64_t version, struct rs_err *err)
{
    for (size_t n = s->n; n > 1; n--) {
        if (s->versions[n - 2] == version) {
            s->n = n - 1;
            return RS_OK;
        }
    }
    return push(s, version, err);
}

enum rs_code rs_journal_before(struct rs_store *st, const char *alias, int64_t *out,
                               struct rs_err *err)
{
    static const char sql[] = "SELECT version, action = 'rollback' FROM rs_journal "
                              "WHERE alias = ?1 ORDER BY id";
    struct stack s = {0};
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    rs_store_bind_text(q, 1, alias);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        int64_t version = sqlite3_column_int64(q, 0);
        rc = sqlite3_column_int(q, 1) ? roll_back(&s, version, err) : push(&s, version, err);
        if (rc) rs_store_reset(q);
    }
    if (!rc) *out = s.n > 1 ? s.versions[s.n - 2] : 0;
    free(s.versions);
    return rc;
}

/* ---- check --------------------------------------------------------------------------------- */

static void add_problem(struct rs_val *problems, char *text)
{
    rs_val_push(problems, rs_val_str(text));
    free(text);
}

/* One row against what comes before it; at most one problem a row. */
static void check_line(sqlite3_stmt *q, int64_t want_id, const char *previous,
                       struct rs_val *problems)
{
    char hash[RS_SHA256_HEX];
    long long id = (long long)sqlite3_column_int64(q, 0);
    struct rs_val *fields = row_fields(q);
    hash_line(fields, rs_store_text(q, AT_PREVIOUS), hash);
    rs_val_free(fields);
    if (id != want_id) {
        add_problem(problems, rs_xprintf("journal: line %lld is missing", (long long)want_id));
    } else if (strcmp(rs_store_text(q, AT_PREVIOUS), previous) != 0) {
        add_problem(problems, rs_xprintf("journal: line %lld does not follow the one before", id));
    } else if (strcmp(rs_store_text(q, AT_HASH), hash) != 0) {
        add_problem(problems, rs_xprintf("journal: line %lld was changed", id));
    }
}

static enum rs_code check_chain(struct rs_store *st, int64_t *last_out, struct rs_val *problems,
                                struct rs_err *err)
{
    static const char sql[] = "SELECT " LINE_COLUMNS " FROM rs_journal ORDER BY id";
    char *previous = rs_xstrdup(no_hash);
    int64_t last = 0;
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (rc || !row) break;
        check_line(q, last + 1, previous, problems);
        last = sqlite3_column_int64(q, 0);
        free(previous);
        previous = rs_store_dup_text(q, AT_HASH);
    }
    free(previous);
    *last_out = last;
    return rc;
}

/* Rows of sql are problems in words. */
static enum rs_code add_rows(struct rs_store *st, const char *sql, int64_t bound,
                             struct rs_val *problems, struct rs_err *err)
{
    sqlite3_stmt *q = NULL;
    bool row = true;
    enum rs_code rc = rs_store_stmt(st, sql, &q, err);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, bound);
    while (!rc && row) {
        rc = rs_store_step(st, q, &row, err);
        if (!rc && row) rs_val_push(problems, rs_val_str(rs_store_text(q, 0)));
    }
    return rc;
}

enum rs_code rs_journal_check(struct rs_store *st, struct rs_val *problems, struct rs_err *err)
{
    static const char sql_end[] =
        "SELECT 'journal: ends at line ' || ?1 || ', but line ' || seq || ' was written' "
        "FROM sqlite_sequence WHERE name = 'rs_journal' AND seq <> ?1";
    static const char sql_aliases[] =
        "SELECT 'alias ' || coalesce(a.alias, l.alias) || ' points at ' || "
        "coalesce('version ' || a.version, 'nothing') || ', the journal says ' || "
        "coalesce('version ' || l.version, 'nothing') "
        "FROM (SELECT alias, version, max(id) FROM rs_journal WHERE alias <> '' GROUP BY alias) l "
        "FULL JOIN rs_alias a ON a.alias = l.alias WHERE a.version IS NOT l.version AND ?1 = 0";
    int64_t last = 0;
    enum rs_code rc = check_chain(st, &last, problems, err);
    if (!rc) rc = add_rows(st, sql_end, last, problems, err);
    if (!rc) rc = add_rows(st, sql_aliases, 0, problems, err);
    return rc;
}
