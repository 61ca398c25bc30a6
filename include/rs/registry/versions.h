/*
 * versions - what may serve: numbered versions of bundles, stages, aliases, and the journal.
 *
 * Versions count 1, 2, 3 …; a version is a run's bundle with its evaluation. Stages: none,
 * staging, production, archived. An alias is a name that points at one version; "production" is
 * the one that serves. Every change is one transaction with a line in the journal, which is
 * append-only (triggers refuse UPDATE and DELETE) and hash-chained: hash = SHA-256(previous hash,
 * line). Changes open their own transaction, synced to disk: call them outside of one.
 */
#ifndef RS_REGISTRY_VERSIONS_H
#define RS_REGISTRY_VERSIONS_H

#include "rs/base/err.h"
#include "rs/base/val.h"
#include "rs/store/store.h"

#define RS_STAGES(X)               \
    X(RS_STAGE_NONE, "none")       \
    X(RS_STAGE_STAGING, "staging") \
    X(RS_STAGE_PRODUCTION, "production") X(RS_STAGE_ARCHIVED, "archived")
#define RS_STAGE_ENUM(id, name) id,
enum rs_stage { RS_STAGES(RS_STAGE_ENUM) RS_STAGE_COUNT };
#undef RS_STAGE_ENUM
const char *rs_stage_name(enum rs_stage s);

struct rs_version {
    int64_t number;
    char *run_id;
    char *model;
    char *bundle; /* sha256 */
    char *dataset, *split;
    char *description;
    enum rs_stage stage;
    int64_t created_ms;
    char **aliases; /* sorted, NULL-ended */
};
void rs_version_clear(struct rs_version *v);
struct rs_val *rs_version_val(const struct rs_version *v); /* version, run_id, model, stage, … */

/* Who and why, for the journal. */
struct rs_change {
    const char *actor;  /* user name */
    const char *reason; /* "" if none */
};

/* Register a finished run's bundle; the same run and bundle again gives the version it has.
 * models_dir: where the bundle must lie, verified. */
RS_MUST_USE enum rs_code rs_versions_register(struct rs_store *st, const char *run_id,
                                              const char *models_dir, const char *description,
                                              const struct rs_change *by, int64_t *number_out,
                                              bool *existed_out, struct rs_err *err);
/* REF: "7", "v7", an alias, "@alias", or a registered run (id, prefix, name). RS_ENOTFOUND. */
RS_MUST_USE enum rs_code rs_versions_resolve(struct rs_store *st, const char *ref,
                                             int64_t *number_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_versions_get(struct rs_store *st, int64_t number,
                                         struct rs_version *out, struct rs_err *err);
/* Newest first; each is cleared and the array freed by the caller. */
RS_MUST_USE enum rs_code rs_versions_list(struct rs_store *st, struct rs_version **out,
                                          size_t *n_out, struct rs_err *err);
/* RS_EREFUSED: an alias points at it. */
RS_MUST_USE enum rs_code rs_versions_archive(struct rs_store *st, int64_t number,
                                             const struct rs_change *by, struct rs_err *err);

/* Its stage is "none" again. One that is not archived: RS_OK without a journal line. */
RS_MUST_USE enum rs_code rs_versions_unarchive(struct rs_store *st, int64_t number,
                                               const struct rs_change *by, struct rs_err *err);

/* Point alias at a version. verdict: kept in the journal (may be NULL). The stage of a version is
 * that of the alias "production" or else "staging" at it; one that neither points at any more
 * becomes archived where archive_old, else "none". Unchanged: RS_OK without a journal line.
 * models_dir: the bundle is verified before the pointer moves. RS_EARG: a name that could mean a
 * version. */
RS_MUST_USE enum rs_code rs_alias_set(struct rs_store *st, const char *alias, int64_t number,
                                      const char *models_dir, const struct rs_val *verdict,
                                      bool archive_old, const struct rs_change *by,
                                      struct rs_err *err);
/* Back to what the alias pointed at before (or to `to` > 0); the version it leaves becomes
 * archived. What was before is a stack that the journal tells: a promotion puts its version on top;
 * a rollback takes off all above the nearest earlier place of its version, or, where that version
 * is not below, puts it on top. So rollbacks in a row walk back further, and what was rolled back
 * from is not met again. RS_ENOTFOUND: nothing before. RS_EDAMAGED: the model there is not whole,
 * the alias stays. */
RS_MUST_USE enum rs_code rs_alias_rollback(struct rs_store *st, const char *alias, int64_t to,
                                           const char *models_dir, const struct rs_change *by,
                                           int64_t *number_out, struct rs_err *err);
/* Where rs_alias_rollback would lead, and from where; nothing moves. */
RS_MUST_USE enum rs_code rs_alias_before(struct rs_store *st, const char *alias, int64_t to,
                                         int64_t *from_out, int64_t *to_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_alias_get(struct rs_store *st, const char *alias, int64_t *number_out,
                                      struct rs_err *err);
RS_MUST_USE enum rs_code rs_aliases_list(struct rs_store *st, struct rs_val **out,
                                         struct rs_err *err); /* {alias, version, since_ms, by} */

/* Journal lines {id, time_ms, actor, action, alias, version, from_version, reason, verdict, hash},
 * newest first. at_ms > 0: only what had happened by then. */
RS_MUST_USE enum rs_code rs_journal_list(struct rs_store *st, int64_t at_ms, int64_t limit,
                                         struct rs_val **out, struct rs_err *err);
/* Chain of hashes, aliases that point where the journal says, every registered bundle against its
 * hash. List of problems as texts; empty: sound. */
RS_MUST_USE enum rs_code rs_registry_verify(struct rs_store *st, const char *models_dir,
                                            struct rs_val **problems_out, struct rs_err *err);

#endif
