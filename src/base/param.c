/*
 * param - checks of one row, and what is printed from a table: help, JSON Schema, proof.
 */
#include "rs/base/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "param_impl.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/base/table.h"

const char *rs_param_type_name(enum rs_param_type type)
{
#define RS_PARAM_NAME(id, name) [id] = (name),
    static const char *const names[] = {RS_PARAM_TYPES(RS_PARAM_NAME)};
#undef RS_PARAM_NAME
    rs_assert((size_t)type < RS_PARAM_TYPE_COUNT);
    return names[type];
}

const struct rs_param *rs_param_find(const struct rs_param *table, const char *name)
{
    for (const struct rs_param *p = table; p->name; p++) {
        if (strcmp(p->name, name) == 0 || rs_str_eq(p->alias, name)) return p;
    }
    return NULL;
}

static bool is_bounded(const struct rs_param *p)
{
    return p->min != 0 || p->max != 0;
}

/* "1..1000", ">= 1", "<= 0.5"; nothing where there is no bound. */
static void add_range(const struct rs_param *p, struct rs_str *out)
{
    if (!is_bounded(p)) return;
    if (isinf(p->max)) {
        rs_str_add(out, " >= ");
        rs_str_add_double(out, p->min);
    } else if (isinf(p->min)) {
        rs_str_add(out, " <= ");
        rs_str_add_double(out, p->max);
    } else {
        rs_str_addc(out, ' ');
        rs_str_add_double(out, p->min);
        rs_str_add(out, "..");
        rs_str_add_double(out, p->max);
    }
}

/* What a row takes: "an integer 1..1000", "one of cholesky, cg". */
static void add_expected(const struct rs_param *p, struct rs_str *out)
{
    static const char *const words[] = {
        [RS_PARAM_BOOL] = "true or false",
        [RS_PARAM_INT] = "an integer",
        [RS_PARAM_REAL] = "a number",
        [RS_PARAM_TEXT] = "a text",
        [RS_PARAM_CHOICE] = "one of ",
        [RS_PARAM_INT_LIST] = "integers separated by commas, each",
    };
    if (p->type == RS_PARAM_INT_LIST && !is_bounded(p)) {
        rs_str_add(out, "integers separated by commas");
        return;
    }
    rs_str_add(out, words[p->type]);
    if (p->type != RS_PARAM_CHOICE) {
        add_range(p, out);
        return;
    }
    for (const char *c = p->choices; *c; c++) {
        if (*c == '|') {
            rs_str_add(out, ", ");
        } else {
            rs_str_addc(out, *c);
        }
    }
}

enum rs_code rs_param_refuse(const struct rs_param *p, const char *given, struct rs_err *err)
{
    struct rs_str want;
    rs_str_init(&want, 0);
    add_expected(p, &want);
    enum rs_code rc =
        rs_fail(err, RS_EARG, "%s: expected %s, got %s", p->name, rs_str_text(&want), given);
    rs_str_clear(&want);
    return rc;
}

static enum rs_code refuse_text(const struct rs_param *p, const char *text, struct rs_err *err)
{
    struct rs_str quoted;
    rs_str_init(&quoted, 0);
    rs_str_addc(&quoted, '\'');
    rs_text_fit(text, 80, &quoted);
    rs_str_addc(&quoted, '\'');
    enum rs_code rc = rs_param_refuse(p, rs_str_text(&quoted), err);
    rs_str_clear(&quoted);
    return rc;
}

static bool in_range(const struct rs_param *p, double v)
{
    return !is_bounded(p) || (v >= p->min && v <= p->max);
}

static int choice_index(const char *choices, const char *text)
{
    size_t len = strlen(text);
    int index = 0;
    for (const char *c = choices; len > 0; index++) {
        size_t n = strcspn(c, "|");
        if (n == len && memcmp(c, text, n) == 0) return index;
        if (c[n] == '\0') break;
        c += n + 1;
    }
    return -1;
}

/* "5,10, 20" -> 5 10 20; an empty text is an empty list. */
static bool parse_ints(const struct rs_param *p, const char *text, struct rs_slot *out)
{
    size_t n = 1;
    for (const char *c = text; *c; c++)
        n += *c == ',';
    if (text[strspn(text, " ")] == '\0') return true;
    if (n > RS_PARAM_MAX_INTS) return false;
    out->ints = rs_xalloc(n, sizeof(*out->ints));
    out->n_ints = n;
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(text, ",");
        text += strspn(text, " ");
        char word[32];
        size_t word_len = strcspn(text, ", ");
        const char *rest = text + word_len + strspn(text + word_len, " ");
        if (word_len >= sizeof(word) || (*rest != ',' && *rest != '\0') || len == 0) return false;
        memcpy(word, text, word_len);
        word[word_len] = '\0';
        if (!rs_str_to_i64(word, &out->ints[i]) || !in_range(p, (double)out->ints[i])) return false;
        text = *rest ? rest + 1 : rest;
    }
    return true;
}

enum rs_code rs_param_parse(const struct rs_param *p, const char *text, struct rs_slot *out,
                            struct rs_err *err)
{
    struct rs_slot s = {0};
    bool ok = false;
    switch (p->type) {
    case RS_PARAM_BOOL:
        ok = rs_str_to_bool(text, &s.b);
        break;
    case RS_PARAM_INT:
        ok = rs_str_to_i64(text, &s.i) && in_range(p, (double)s.i);
        break;
    case RS_PARAM_REAL:
        ok = rs_str_to_double(text, &s.r) && in_range(p, s.r);
        break;
    case RS_PARAM_TEXT:
        s.text = rs_xstrdup(text);
        ok = true;
        break;
    case RS_PARAM_CHOICE:
        s.i = choice_index(p->choices, text);
        s.text = rs_xstrdup(text);
        ok = s.i >= 0;
        break;
    case RS_PARAM_INT_LIST:
        ok = parse_ints(p, text, &s);
        break;
    case RS_PARAM_TYPE_COUNT:
        break;
    }
    if (!ok) {
        rs_slot_clear(&s);
        return refuse_text(p, text, err);
    }
    s.has = true;
    *out = s;
    return RS_OK;
}

void rs_slot_clear(struct rs_slot *s)
{
    free(s->text);
    free(s->ints);
    *s = (struct rs_slot){0};
}

enum rs_code rs_param_check(const struct rs_param *p, const char *text, struct rs_err *err)
{
    struct rs_slot s = {0};
    enum rs_code rc = rs_param_parse(p, text, &s, err);
    rs_slot_clear(&s);
    return rc;
}

void rs_param_describe(const struct rs_param *p, struct rs_str *out)
{
    if (p->type == RS_PARAM_CHOICE) {
        rs_str_add(out, p->choices);
    } else {
        rs_str_add(out, rs_param_type_name(p->type));
        add_range(p, out);
    }
    if (p->dflt && *p->dflt) rs_str_addf(out, ", default %s", p->dflt);
}

/* ---- JSON Schema --------------------------------------------------------------------------- */

static void schema_bounds(const struct rs_param *p, struct rs_val *s)
{
    if (!is_bounded(p)) return;
    bool whole = p->type != RS_PARAM_REAL;
    const struct {
        const char *key;
        double v;
    } bounds[] = {{"minimum", p->min}, {"maximum", p->max}};
    for (size_t i = 0; i < 2; i++) {
        double v = bounds[i].v;
        if (!isfinite(v)) continue;
        if (whole && fabs(v) < 9e15) {
            rs_val_set_int(s, bounds[i].key, (int64_t)v);
        } else {
            rs_val_set_real(s, bounds[i].key, v);
        }
    }
}

static void schema_choices(const struct rs_param *p, struct rs_val *s)
{
    struct rs_val *list = rs_val_set(s, "enum", rs_val_list());
    for (const char *c = p->choices;; c++) {
        size_t n = strcspn(c, "|");
        char *word = rs_xstrndup(c, n);
        rs_val_push(list, rs_val_str(word));
        free(word);
        c += n;
        if (*c == '\0') return;
    }
}

static struct rs_val *schema_of(const struct rs_param *p)
{
    static const char *const types[] = {
        [RS_PARAM_BOOL] = "boolean", [RS_PARAM_INT] = "integer",   [RS_PARAM_REAL] = "number",
        [RS_PARAM_TEXT] = "string",  [RS_PARAM_CHOICE] = "string", [RS_PARAM_INT_LIST] = "array",
    };
    struct rs_val *s = rs_val_map();
    rs_val_set_str(s, "type", types[p->type]);
    if (p->help) rs_val_set_str(s, "description", p->help);
    if (p->type == RS_PARAM_INT_LIST) {
        struct rs_val *items = rs_val_set(s, "items", rs_val_map());
        rs_val_set_str(items, "type", "integer");
        schema_bounds(p, items);
    } else {
        schema_bounds(p, s);
    }
    if (p->type == RS_PARAM_CHOICE) schema_choices(p, s);
    struct rs_slot dflt = {0};
    struct rs_err ignored = {0};
    if (p->dflt && rs_param_parse(p, p->dflt, &dflt, &ignored) == RS_OK)
        rs_val_set(s, "default", rs_slot_to_val(p, &dflt));
    rs_slot_clear(&dflt);
    return s;
}

struct rs_val *rs_param_schema(const struct rs_param *table)
{
    struct rs_val *schema = rs_val_map();
    rs_val_set_str(schema, "type", "object");
    struct rs_val *properties = rs_val_set(schema, "properties", rs_val_map());
    for (const struct rs_param *p = table; p->name; p++)
        rs_val_set(properties, p->name, schema_of(p));
    rs_val_set_bool(schema, "additionalProperties", false);
    return schema;
}

/* ---- proof that a table is sound ----------------------------------------------------------- */

static enum rs_code check_row(const struct rs_param *table, const struct rs_param *p,
                              struct rs_err *err)
{
    if (*p->name == '\0') return rs_fail(err, RS_EARG, "a row without a name");
    if ((unsigned)p->type >= RS_PARAM_TYPE_COUNT)
        return rs_fail(err, RS_EARG, "%s: type %d is unknown", p->name, (int)p->type);
    if (!p->help || *p->help == '\0') return rs_fail(err, RS_EARG, "%s: no help", p->name);
    if (strchr(p->help, '\n')) return rs_fail(err, RS_EARG, "%s: help over two lines", p->name);
    if (rs_param_find(table, p->name) != p || (p->alias && rs_param_find(table, p->alias) != p))
        return rs_fail(err, RS_EARG, "%s: name or alias is taken", p->name);
    if (!(p->min <= p->max) || !(p->tune_min <= p->tune_max))
        return rs_fail(err, RS_EARG, "%s: minimum above maximum", p->name);
    if ((p->type == RS_PARAM_CHOICE) != (p->choices && *p->choices))
        return rs_fail(err, RS_EARG, "%s: choices and type disagree", p->name);
    bool tuned = p->tune_min != 0 || p->tune_max != 0;
    if (tuned && (!in_range(p, p->tune_min) || !in_range(p, p->tune_max)))
        return rs_fail(err, RS_EARG, "%s: search range outside the range", p->name);
    if (tuned && p->log && !(p->tune_min > 0))
        return rs_fail(err, RS_EARG, "%s: a log scale needs a search range above 0", p->name);
    if (p->step < 0) return rs_fail(err, RS_EARG, "%s: step below 0", p->name);
    return p->dflt ? rs_param_check(p, p->dflt, err) : RS_OK;
}

enum rs_code rs_param_table_check(const struct rs_param *table, struct rs_err *err)
{
    for (const struct rs_param *p = table; p->name; p++) {
        enum rs_code rc = check_row(table, p, err);
        if (rc) return rs_wrap(err, "table row %d", (int)(p - table) + 1);
    }
    return RS_OK;
}
