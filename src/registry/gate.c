/*
 * gate - the rules of promotion, judged on stored scores of the test users.
 *
 * Every rule says what it found with its numbers, whether it passes or not, so that the journal
 * holds the proof and not only the answer.
 */
#include "rs/registry/gate.h"

#include <stdlib.h>
#include <string.h>

#include "registry_impl.h"
#include "rs/base/mem.h"
#include "rs/eval/stats.h"
#include "rs/tracking/runs.h"

struct judge {
    struct rs_store *st;
    const struct rs_gate_opts *o;
    struct rs_version candidate;
    struct rs_val *rules;
    bool pass;
};

/* ---- rules in words ------------------------------------------------------------------------ */

/* paired NULL: the rule compared nothing. */
static struct rs_val *add_rule(struct judge *j, const char *rule, bool pass, const char *detail,
                               const struct rs_paired *paired)
{
    struct rs_val *v = rs_val_push(j->rules, rs_val_map());
    rs_val_set_str(v, "rule", rule);
    rs_val_set_bool(v, "pass", pass);
    rs_val_set_str(v, "detail", detail);
    rs_val_set(v, "difference", paired ? rs_val_real(paired->difference) : rs_val_null());
    struct rs_val *interval = paired ? rs_val_list() : rs_val_null();
    if (paired) {
        rs_val_push(interval, rs_val_real(paired->interval.lo));
        rs_val_push(interval, rs_val_real(paired->interval.hi));
    }
    rs_val_set(v, "interval", interval);
    rs_val_set(v, "p_value", paired ? rs_val_real(paired->p_value) : rs_val_null());
    rs_val_set(v, "users", paired ? rs_val_int(paired->n) : rs_val_null());
    if (!pass) j->pass = false;
    return v;
}

/* "ndcg_at_10 is 0.0312 above popularity [0.0201, 0.0420] on 593 users" */
static char *difference_text(const struct judge *j, const struct rs_paired *p, const char *other)
{
    double d = p->difference;
    return rs_xprintf("%s is %.4f %s %s [%.4f, %.4f] on %lld users", j->o->metric, d < 0 ? -d : d,
                      d < 0 ? "below" : "above", other, p->interval.lo, p->interval.hi,
                      (long long)p->n);
}

static void add_too_few(struct judge *j, const char *rule, const struct rs_paired *p)
{
    char *text = rs_xprintf("%lld users prove nothing: at least %d are needed; evaluate on a split "
                            "with more test users, such as user-temporal",
                            (long long)p->n, RS_MIN_USERS);
    add_rule(j, rule, false, text, p);
    free(text);
}

/* ---- comparison ---------------------------------------------------------------------------- */

/* Scores of the users that both have, in place; users ascend. Returns how many. */
static int64_t keep_common(struct rs_user_scores *a, struct rs_user_scores *b)
{
    int64_t n = 0;
    for (int64_t i = 0, k = 0; i < a->n && k < b->n;) {
        if (a->users[i] == b->users[k]) {
            a->scores[n] = a->scores[i++];
            b->scores[n] = b->scores[k++];
            n++;
        } else if (a->users[i] < b->users[k]) {
            i++;
        } else {
            k++;
        }
    }
    return n;
}

/* The candidate's model against a scorer of another run (or its own), on test. Scores that are not
 * there are not an error: *missing gets the sentence, to be freed, and *out stays as it was. */
static enum rs_code compare(struct judge *j, const char *other_run, const char *other_scorer,
                            struct rs_paired *out, char **missing, struct rs_err *err)
{
    struct rs_user_scores a = {0};
    struct rs_user_scores b = {0};
    struct rs_err why = {0};
    enum rs_code rc = rs_runs_get_scores(j->st, j->candidate.run_id, "test", NULL, "model",
                                         j->o->metric, &a, &why);
    if (!rc)
        rc = rs_runs_get_scores(j->st, other_run, "test", a.exclude, other_scorer, j->o->metric, &b,
                                &why);
    if (rc == RS_ENOTFOUND) {
        *missing = rs_xstrdup(why.msg);
        rc = RS_OK;
    } else if (rc) {
        *err = why;
    } else {
        int64_t n = keep_common(&a, &b);
        if (n == 0) {
            *out = (struct rs_paired){.p_value = 1.0};
        } else {
            rc = rs_compare_paired(a.scores, b.scores, n, j->o->bootstrap_samples, j->o->seed, out,
                                   err);
        }
    }
    rs_user_scores_clear(&a);
    rs_user_scores_clear(&b);
    return rc;
}

/* ---- rules --------------------------------------------------------------------------------- */

static void judge_bundle(struct judge *j)
{
    struct rs_err why = {0};
    if (rs_version_check_bundle(j->o->models_dir, j->candidate.bundle, &why)) {
        add_rule(j, "verified", false, why.msg, NULL);
    } else {
        char *text = rs_xprintf("bundle %.12s is whole", j->candidate.bundle);
        add_rule(j, "verified", true, text, NULL);
        free(text);
    }
}

static enum rs_code judge_baseline(struct judge *j, struct rs_err *err)
{
    static const char rule[] = "beats_popularity";
    struct rs_paired p = {0};
    char *missing = NULL;
    enum rs_code rc = compare(j, j->candidate.run_id, "popularity", &p, &missing, err);
    if (rc) return rc;
    if (missing) {
        add_rule(j, rule, false, missing, NULL);
    } else if (p.n < RS_MIN_USERS) {
        add_too_few(j, rule, &p);
    } else {
        bool pass = p.interval.lo > 0;
        char *found = difference_text(j, &p, "popularity");
        char *text = rs_xprintf("%s%s", found,
                                pass                ? ""
                                : p.interval.hi < 0 ? ": popularity is better"
                                                    : ": not proven, the interval holds 0");
        add_rule(j, rule, pass, text, &p);
        free(text);
        free(found);
    }
    free(missing);
    return RS_OK;
}

static void add_skipped(struct judge *j, const char *text)
{
    struct rs_val *v = add_rule(j, "not_worse", true, text, NULL);
    rs_val_set_bool(v, "skipped", true);
}

static void add_not_worse(struct judge *j, int64_t current, const struct rs_paired *p)
{
    char *name = rs_xprintf("version %lld", (long long)current);
    char *found = difference_text(j, p, name);
    bool pass = p->interval.lo > -j->o->tolerance;
    char *text = pass ? rs_xprintf("%s", found)
                      : rs_xprintf("%s: it may be worse by more than %.4f", found, j->o->tolerance);
    add_rule(j, "not_worse", pass, text, p);
    free(text);
    free(found);
    free(name);
}

/* Were both made from the same split, so that their test users are the same people? */
static enum rs_code same_split(struct judge *j, const char *run, bool *same_out, struct rs_err *err)
{
    struct rs_run a = {0};
    struct rs_run b = {0};
    enum rs_code rc = rs_runs_get(j->st, j->candidate.run_id, &a, err);
    if (!rc) rc = rs_runs_get(j->st, run, &b, err);
    if (!rc) *same_out = strcmp(a.split_fingerprint, b.split_fingerprint) == 0;
    rs_run_clear(&a);
    rs_run_clear(&b);
    return rc;
}

static enum rs_code judge_against(struct judge *j, const struct rs_version *current,
                                  struct rs_err *err)
{
    struct rs_paired p = {0};
    char *missing = NULL;
    bool same = false;
    enum rs_code rc = same_split(j, current->run_id, &same, err);
    if (rc) return rc;
    if (!same) {
        char *text = rs_xprintf("skipped: version %lld was evaluated on another split (%s/%s)",
                                (long long)current->number, current->dataset, current->split);
        add_skipped(j, text);
        free(text);
        return RS_OK;
    }
    rc = compare(j, current->run_id, "model", &p, &missing, err);
    if (rc) return rc;
    if (missing) {
        add_rule(j, "not_worse", false, missing, NULL);
    } else if (p.n < RS_MIN_USERS) {
        add_too_few(j, "not_worse", &p);
    } else {
        add_not_worse(j, current->number, &p);
    }
    free(missing);
    return RS_OK;
}

static enum rs_code judge_current(struct judge *j, const char *alias, struct rs_err *err)
{
    int64_t number = 0;
    struct rs_err none = {0};
    struct rs_version current = {0};
    enum rs_code rc = rs_alias_get(j->st, alias, &number, &none);
    if (rc == RS_ENOTFOUND) {
        char *text = rs_xprintf("skipped: nothing is @%s yet", alias);
        add_skipped(j, text);
        free(text);
        return RS_OK;
    }
    if (rc) {
        *err = none;
        return rc;
    }
    if (number == j->candidate.number) {
        char *text = rs_xprintf("skipped: version %lld is @%s already", (long long)number, alias);
        add_skipped(j, text);
        free(text);
        return RS_OK;
    }
    rc = rs_versions_get(j->st, number, &current, err);
    if (!rc) rc = judge_against(j, &current, err);
    rs_version_clear(&current);
    return rc;
}

/* ---- verdict ------------------------------------------------------------------------------- */

static struct rs_val *make_verdict(struct judge *j, const char *alias)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_addf(&text, "version %lld %s @%s", (long long)j->candidate.number,
                j->pass ? "may become" : "is refused for", alias);
    for (size_t i = 0, n = 0; i < j->rules->n; i++) {
        const struct rs_val *r = j->rules->items[i];
        if (rs_val_get_bool(r, "pass", false) != j->pass) continue;
        rs_str_add(&text, n++ == 0 ? ": " : "; ");
        rs_str_add(&text, rs_val_get_str(r, "detail", ""));
    }
    struct rs_val *v = rs_val_map();
    rs_val_set_bool(v, "pass", j->pass);
    rs_val_set_str(v, "metric", j->o->metric);
    rs_val_set(v, "rules", j->rules);
    j->rules = NULL;
    rs_val_set_str(v, "text", rs_str_text(&text));
    rs_str_clear(&text);
    return v;
}

enum rs_code rs_gate_judge(struct rs_store *st, int64_t version, const char *alias,
                           const struct rs_gate_opts *o, struct rs_val **verdict_out,
                           struct rs_err *err)
{
    struct judge j = {.st = st, .o = o, .pass = true};
    enum rs_code rc = rs_versions_get(st, version, &j.candidate, err);
    if (rc) return rc;
    j.rules = rs_val_list();
    rc = judge_baseline(&j, err);
    if (!rc) rc = judge_current(&j, alias, err);
    if (!rc) {
        judge_bundle(&j);
        *verdict_out = make_verdict(&j, alias);
    }
    rs_val_free(j.rules);
    rs_version_clear(&j.candidate);
    return rc;
}
