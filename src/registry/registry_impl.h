/*
 * registry_impl - what the files of the registry share: journal lines and columns of versions.
 */
#ifndef RS_SRC_REGISTRY_REGISTRY_IMPL_H
#define RS_SRC_REGISTRY_REGISTRY_IMPL_H

#include "rs/registry/versions.h"

/* What one line says; texts are borrowed. */
struct rs_journal_line {
    const char *action; /* "register", "promote", "rollback", "archive" */
    const char *alias;  /* "" if none */
    int64_t version;
    int64_t from_version;         /* what the alias left; 0: none */
    const struct rs_val *verdict; /* or NULL */
    const struct rs_change *by;
};

/* Append to the chain. Inside the transaction of the change itself. */
RS_MUST_USE enum rs_code rs_journal_add(struct rs_store *st, const struct rs_journal_line *line,
                                        struct rs_err *err);
/* Version that a rollback of alias leads to: what it pointed at before, as rs_alias_rollback says;
 * 0: nothing. */
RS_MUST_USE enum rs_code rs_journal_before(struct rs_store *st, const char *alias, int64_t *out,
                                           struct rs_err *err);
/* Chain of hashes; and that every alias points where its last line says. */
RS_MUST_USE enum rs_code rs_journal_check(struct rs_store *st, struct rs_val *problems,
                                          struct rs_err *err);

RS_MUST_USE enum rs_code rs_version_set_stage(struct rs_store *st, int64_t number,
                                              enum rs_stage stage, struct rs_err *err);
/* The version's bundle is whole in models_dir. */
RS_MUST_USE enum rs_code rs_version_check_bundle(const char *models_dir, const char *sha256,
                                                 struct rs_err *err);

#endif
