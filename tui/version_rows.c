/*
 * version_rows - versions, where one comes from, what was done to them, and what a gate says.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "run_rows.h"

/* What the gate said when the version was last promoted: "pass", "FAIL"; "" if it never was. */
static const char *gate_of(const struct rs_val *history, int64_t version)
{
    for (size_t i = 0; history && i < history->n; i++) {
        const struct rs_val *line = history->items[i];
        const struct rs_val *verdict = rs_val_get(line, "verdict");
        if (rs_val_get_int(line, "version", 0) != version) continue;
        if (!verdict || verdict->type != RS_VAL_MAP) continue;
        return rs_val_get_bool(verdict, "pass", false) ? "pass" : "FAIL";
    }
    return "";
}

static char *aliases_text(const struct rs_val *aliases)
{
    struct rs_str s;
    rs_str_init(&s, 0);
    for (size_t i = 0; aliases && i < aliases->n; i++) {
        rs_str_addf(&s, "%s@%s", i ? " " : "", aliases->items[i]->s);
    }
    return rs_str_take(&s);
}

/* The metric of `model list` is the column whose key is none of the others. */
const char *tui_version_metric(const struct rs_val *versions)
{
    for (size_t i = 0; versions && versions->n > 0 && i < versions->items[0]->n; i++) {
        const char *key = versions->items[0]->keys[i];
        enum rs_val_type type = versions->items[0]->items[i]->type;
        if (strcmp(key, "version") != 0 && type != RS_VAL_STR && type != RS_VAL_LIST) return key;
    }
    return "metric";
}

static enum tui_role stage_role(const char *stage)
{
    if (strcmp(stage, "production") == 0) return TUI_KEY;
    return strcmp(stage, "archived") == 0 ? TUI_DIM : TUI_TEXT;
}

static void add_version(struct tui_sheet *s, const struct rs_val *v, const char *metric,
                        const struct rs_val *history)
{
    char buf[48];
    int64_t number = rs_val_get_int(v, "version", 0);
    const char *stage = rs_val_get_str(v, "stage", "");
    const char *gate = gate_of(history, number);
    char *aliases = aliases_text(rs_val_get(v, "aliases"));
    double value = rs_val_get_real(v, metric, (double)NAN);
    char *id = rs_xprintf("%" PRId64, number);
    tui_sheet_row(s, id);
    snprintf(buf, sizeof(buf), "v%" PRId64, number);
    tui_sheet_number(s, buf, (double)number, stage_role(stage));
    tui_sheet_text(s, stage, stage_role(stage));
    tui_sheet_text(s, aliases, TUI_TEXT);
    snprintf(buf, sizeof(buf), "%.8s", rs_val_get_str(v, "run_id", ""));
    tui_sheet_text(s, buf, TUI_TEXT);
    tui_sheet_number(s, tui_metric_text(value, buf), value, TUI_TEXT);
    tui_sheet_text(s, gate, gate[0] == 'F' ? TUI_WARN : TUI_TEXT);
    snprintf(buf, sizeof(buf), "%.10s", rs_val_get_str(v, "created", ""));
    tui_sheet_text(s, buf, TUI_DIM);
    tui_sheet_text(s, rs_val_get_str(v, "model", ""), TUI_TEXT);
    tui_sheet_text(s, rs_val_get_str(v, "split", ""), TUI_DIM);
    tui_sheet_text(s, rs_val_get_str(v, "description", ""), TUI_TEXT);
    free(aliases);
    free(id);
}

struct tui_rows *tui_version_rows(const struct rs_val *versions, const struct rs_val *history)
{
    char title[48];
    struct tui_sheet *s = tui_sheet_new();
    const char *metric = tui_version_metric(versions);
    const char *at = strstr(metric, "_at_");
    snprintf(title, sizeof(title), at ? "%.*s@%s" : "%.*s%s",
             at ? (int)(at - metric) : (int)strlen(metric), metric, at ? at + 4 : "");
    tui_sheet_column(s, "version", "ver", 4, TUI_FROZEN | TUI_NUMBER);
    tui_sheet_column(s, "stage", "stage", 10, 0);
    tui_sheet_column(s, "alias", "alias", 12, 0);
    tui_sheet_column(s, "run", "run", 8, 0);
    tui_sheet_column(s, metric, title, 8, TUI_NUMBER);
    tui_sheet_column(s, "gate", "gate", 4, 0);
    tui_sheet_column(s, "made", "made", 10, 0);
    tui_sheet_column(s, "model", "model", 10, 0);
    tui_sheet_column(s, "split", "split", 28, 0);
    tui_sheet_column(s, "description", "description", 20, TUI_GROWS);
    for (size_t i = 0; i < versions->n; i++) {
        add_version(s, versions->items[i], metric, history);
    }
    return tui_sheet_rows(s);
}

static void add_fact(struct tui_sheet *s, const char *what, const char *text)
{
    tui_sheet_row(s, what);
    tui_sheet_text(s, what, TUI_DIM);
    tui_sheet_text(s, text, TUI_TEXT);
}

struct tui_rows *tui_lineage_rows(const struct rs_val *version)
{
    static const char *const facts[][2] = {
        {"run", "run_id"},
        {"run name", "run.name"},
        {"model", "model"},
        {"dataset", "dataset"},
        {"split", "split"},
        {"seed", "run.seed"},
        {"data", "run.dataset_fingerprint"},
        {"split data", "run.split_fingerprint"},
        {"bundle", "bundle"},
        {"description", "description"},
    };
    char buf[48];
    struct tui_sheet *s = tui_sheet_new();
    const struct rs_val *tags = rs_val_at(version, "run.tags");
    tui_sheet_column(s, "what", "", 12, TUI_FROZEN);
    tui_sheet_column(s, "value", "", 20, TUI_GROWS);
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        const struct rs_val *v = rs_val_at(version, facts[i][1]);
        if (v && v->type == RS_VAL_INT) {
            snprintf(buf, sizeof(buf), "%" PRId64, v->i);
            add_fact(s, facts[i][0], buf);
        } else if (v && v->type == RS_VAL_STR && v->s[0]) {
            add_fact(s, facts[i][0], v->s);
        }
    }
    char *aliases = aliases_text(rs_val_get(version, "aliases"));
    add_fact(s, "alias", aliases);
    free(aliases);
    add_fact(s, "registered", tui_time_text(rs_val_get_int(version, "created_ms", 0), buf));
    for (size_t i = 0; tags && i < tags->n; i++) {
        if (tags->items[i]->type == RS_VAL_STR) add_fact(s, tags->keys[i], tags->items[i]->s);
    }
    return tui_sheet_rows(s);
}

static void add_line(struct tui_sheet *s, const struct rs_val *line)
{
    char buf[64];
    int64_t time_ms = rs_val_get_int(line, "time_ms", 0);
    int64_t from = rs_val_get_int(line, "from_version", 0);
    int64_t to = rs_val_get_int(line, "version", 0);
    const struct rs_val *verdict = rs_val_get(line, "verdict");
    bool judged = verdict && verdict->type == RS_VAL_MAP;
    bool pass = judged && rs_val_get_bool(verdict, "pass", false);
    char *id = rs_xprintf("%" PRId64, rs_val_get_int(line, "id", 0));
    tui_sheet_row(s, id);
    free(id);
    tui_sheet_number(s, tui_time_text(time_ms, buf), (double)time_ms, TUI_DIM);
    tui_sheet_text(s, rs_val_get_str(line, "actor", ""), TUI_TEXT);
    tui_sheet_text(s, rs_val_get_str(line, "action", ""), TUI_TEXT);
    if (from) {
        snprintf(buf, sizeof(buf), "v%" PRId64 " -> v%" PRId64, from, to);
    } else {
        snprintf(buf, sizeof(buf), "v%" PRId64, to);
    }
    tui_sheet_text(s, buf, TUI_TEXT);
    tui_sheet_text(s, judged ? pass ? "pass" : "FAIL" : "", pass ? TUI_TEXT : TUI_WARN);
    tui_sheet_text(s, rs_val_get_str(line, "alias", ""), TUI_TEXT);
    tui_sheet_text(s, rs_val_get_str(line, "reason", ""), TUI_TEXT);
}

struct tui_rows *tui_audit_rows(const struct rs_val *history)
{
    struct tui_sheet *s = tui_sheet_new();
    tui_sheet_column(s, "time", "time", 16, TUI_FROZEN);
    tui_sheet_column(s, "who", "who", 10, 0);
    tui_sheet_column(s, "action", "action", 9, 0);
    tui_sheet_column(s, "versions", "versions", 10, 0);
    tui_sheet_column(s, "gate", "gate", 4, 0);
    tui_sheet_column(s, "alias", "alias", 10, 0);
    tui_sheet_column(s, "reason", "reason", 20, TUI_GROWS);
    for (size_t i = 0; history && i < history->n; i++) {
        add_line(s, history->items[i]);
    }
    return tui_sheet_rows(s);
}

/* ---- what dialogs say ---- */

static void add_text(char **lines, size_t *n, char *text)
{
    lines[(*n)++] = text;
}

static char *replaces(const struct rs_val *doc, const char *since)
{
    int64_t from = rs_val_get_int(doc, "from_version", 0);
    if (!from) return rs_xprintf("nothing is @%s yet", rs_val_get_str(doc, "alias", ""));
    return rs_xprintf("replaces v%" PRId64 "%s%s; the service reloads, requests keep going", from,
                      since[0] ? ", " : "", since);
}

char **tui_promote_lines(const struct rs_val *doc, const char *since, bool *pass_out)
{
    const struct rs_val *rules = rs_val_at(doc, "verdict.rules");
    size_t n_rules = rules ? rules->n : 0;
    size_t passed = 0;
    size_t n = 0;
    char **lines = rs_xalloc(n_rules + 3, sizeof(*lines));
    add_text(lines, &n, replaces(doc, since));
    for (size_t i = 0; i < n_rules; i++) {
        const struct rs_val *r = rules->items[i];
        bool pass = rs_val_get_bool(r, "pass", false);
        passed += pass;
        add_text(lines, &n,
                 rs_xprintf("%s %s: %s", pass ? "ok" : "no", rs_val_get_str(r, "rule", ""),
                            rs_val_get_str(r, "detail", "")));
    }
    *pass_out = rs_val_get_bool(doc, "pass", false);
    add_text(lines, &n,
             rs_xprintf("gate: %s, %zu of %zu%s", *pass_out ? "PASS" : "FAIL", passed, n_rules,
                        *pass_out ? "" : "; going past it wants a reason, which is kept"));
    return lines;
}

char **tui_rollback_lines(const struct rs_val *doc, const char *since)
{
    size_t n = 0;
    char **lines = rs_xalloc(3, sizeof(*lines));
    add_text(lines, &n, replaces(doc, since));
    add_text(lines, &n,
             rs_xprintf("v%" PRId64 " is what served before; its file is checked first",
                        rs_val_get_int(doc, "version", 0)));
    return lines;
}
