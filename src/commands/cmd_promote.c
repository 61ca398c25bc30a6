/*
 * cmd_promote - move an alias forward through the gate, or back in one step.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/registry/gate.h"
#include "rs/registry/versions.h"

static void show_verdict(struct rs_result *out, const struct rs_val *verdict)
{
    const struct rs_val *rules = rs_val_get(verdict, "rules");
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "rule", NULL, RS_LEFT, 0);
    rs_table_column(t, "pass", "", RS_LEFT, 0);
    rs_table_column(t, "detail", "what was found", RS_LEFT, 0);
    for (size_t i = 0; rules && i < rules->n; i++) {
        const struct rs_val *r = rules->items[i];
        rs_table_row(t);
        rs_table_str(t, rs_val_get_str(r, "rule", ""));
        rs_table_str(t, rs_val_get_bool(r, "pass", false) ? "pass" : "FAIL");
        rs_table_str(t, rs_val_get_str(r, "detail", ""));
    }
    rs_result_table(out, NULL, "gate", t);
}

/* For an error's one line: that the bundle is not whole, which no force goes past, or else the
 * first rule that failed. */
static const char *first_failure(const struct rs_val *verdict, bool *forceable_out)
{
    const struct rs_val *rules = rs_val_get(verdict, "rules");
    const struct rs_val *first = NULL;
    *forceable_out = true;
    for (size_t i = 0; rules && i < rules->n; i++) {
        const struct rs_val *r = rules->items[i];
        if (rs_val_get_bool(r, "pass", false)) continue;
        bool broken = strcmp(rs_val_get_str(r, "rule", ""), "verified") == 0;
        if (!first || broken) first = r;
        if (broken) *forceable_out = false;
    }
    return first ? rs_val_get_str(first, "detail", "") : rs_val_get_str(verdict, "text", "");
}

static enum rs_code report(struct rs_ctx *ctx, int64_t number, const char *alias,
                           struct rs_result *out, struct rs_err *err)
{
    struct rs_version v = {0};
    enum rs_code rc = rs_versions_get(ctx->store, number, &v, err);
    if (rc) return rc;
    struct rs_val *doc = rs_version_val(&v);
    for (size_t i = 0; i < doc->n; i++) {
        rs_val_set(out->doc, doc->keys[i], rs_val_copy(doc->items[i]));
    }
    rs_val_free(doc);
    rs_val_set_str(out->doc, "alias", alias);
    rs_result_say(out, "@%s is version %lld (%s)", alias, (long long)number, v.model);
    rs_version_clear(&v);
    return RS_OK;
}

/* What an alias would go from and to: {version, alias, from_version}; from 0: it is not there. */
static void report_move(int64_t number, const char *alias, int64_t from, struct rs_result *out)
{
    rs_val_set_int(out->doc, "version", number);
    rs_val_set_str(out->doc, "alias", alias);
    rs_result_set(out, "from_version", from ? rs_val_int(from) : rs_val_null());
    rs_val_set_bool(out->doc, "dry_run", true);
}

/* The answer to --dry-run; takes the verdict. */
static enum rs_code report_verdict(struct rs_store *st, int64_t number, const char *alias,
                                   struct rs_val *verdict, struct rs_result *out,
                                   struct rs_err *err)
{
    int64_t from = 0;
    struct rs_err why = {0};
    bool pass = rs_val_get_bool(verdict, "pass", false);
    enum rs_code rc = rs_alias_get(st, alias, &from, &why);
    if (rc && rc != RS_ENOTFOUND) {
        rs_val_free(verdict);
        *err = why;
        return rc;
    }
    report_move(number, alias, from, out);
    rs_val_set_bool(out->doc, "pass", pass);
    show_verdict(out, verdict);
    rs_result_say(out, "dry run: version %lld %s @%s, nothing moved", (long long)number,
                  pass ? "may become" : "is refused for", alias);
    rs_result_set(out, "verdict", verdict);
    out->exit_status = pass ? 0 : 1;
    return RS_OK;
}

enum rs_code rs_cmd_model_promote(struct rs_ctx *ctx, const struct rs_args *args,
                                  struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    int64_t number;
    struct rs_val *verdict = NULL;
    const char *alias = rs_args_text(args, "to");
    const char *reason = rs_args_text(args, "reason");
    bool force = rs_args_bool(args, "force");
    char *dir = rs_ctx_path(ctx, "models");
    struct rs_change by = {.actor = rs_ctx_actor(), .reason = reason ? reason : ""};
    struct rs_gate_opts gate = {.metric = rs_conf_text(ctx->conf, "registry.gate_metric"),
                                .tolerance = rs_conf_real(ctx->conf, "registry.tolerance"),
                                .bootstrap_samples =
                                    (int)rs_conf_int(ctx->conf, "eval.bootstrap_samples"),
                                .seed = (uint64_t)rs_conf_int(ctx->conf, "eval.seed"),
                                .models_dir = dir};
    enum rs_code rc = rs_ctx_check_name("alias", alias, err);
    if (rc) goto done;
    if (force && (!reason || !reason[strspn(reason, " \t")])) {
        rc = rs_fail(err, RS_EARG, "--force goes past the gate: say why with --reason TEXT");
        goto done;
    }
    rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_versions_resolve(st, rs_args_text(args, "version"), &number, err);
    if (!rc) rc = rs_gate_judge(st, number, alias, &gate, &verdict, err);
    if (rc) goto done;
    bool pass = rs_val_get_bool(verdict, "pass", false);
    if (rs_args_bool(args, "dry-run")) {
        rc = report_verdict(st, number, alias, verdict, out, err);
        verdict = NULL;
        goto done;
    }
    if (!pass && !force) {
        bool forceable;
        const char *why = first_failure(verdict, &forceable);
        rc = rs_fail(err, RS_EREFUSED, "promote version %lld to %s: %s%s", (long long)number, alias,
                     why, forceable ? " (--force --reason TEXT goes past the gate)" : "");
        goto done;
    }
    rc = rs_alias_set(st, alias, number, dir, verdict, true, &by, err);
    if (!rc) rc = report(ctx, number, alias, out, err);
    if (rc) goto done;
    show_verdict(out, verdict);
    if (!pass) {
        rs_result_say(out, "promoted against the gate, as asked: %s", reason);
    }
    rs_result_say(out, "'model rollback' undoes it at once");
    rs_result_set(out, "verdict", verdict);
    verdict = NULL;
done:
    rs_val_free(verdict);
    free(dir);
    return rc;
}

enum rs_code rs_cmd_model_rollback(struct rs_ctx *ctx, const struct rs_args *args,
                                   struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    int64_t to = 0;
    int64_t number = 0;
    int64_t from = 0;
    const char *alias = rs_args_text(args, "alias");
    const char *ref = rs_args_text(args, "to");
    const char *reason = rs_args_text(args, "reason");
    struct rs_change by = {.actor = rs_ctx_actor(), .reason = reason ? reason : ""};
    char *dir = rs_ctx_path(ctx, "models");
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc && ref) rc = rs_versions_resolve(st, ref, &to, err);
    if (!rc && rs_args_bool(args, "dry-run")) {
        rc = rs_alias_before(st, alias, to, &from, &number, err);
        if (rc) goto done;
        report_move(number, alias, from, out);
        rs_result_say(out, "dry run: @%s would go from version %lld to %lld, nothing moved", alias,
                      (long long)from, (long long)number);
        goto done;
    }
    if (!rc) rc = rs_alias_rollback(st, alias, to, dir, &by, &number, err);
    if (!rc) rc = report(ctx, number, alias, out, err);
done:
    free(dir);
    return rc;
}
