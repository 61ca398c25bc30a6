/*
 * filter - what people type to choose runs, turned into a condition of SQL.
 *
 * Grammar  condition  = term { ("and" | "or") term }          "and" binds tighter, as in SQL
 *          term       = { "not" } ( "(" condition ")" | comparison )
 *          comparison = field op value | field "like" text | field "is" ["not"] "null"
 *          op         = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
 *          value      = "text" | 'text' | number | true | false | a bare word
 * The two languages have the same order of tokens and the same precedence, so the text is rewritten
 * in one pass with a count of open parentheses: no recursion, and bounded sizes keep SQLite's own
 * limits out of reach. Every comparison is made two-valued: with a missing value it is false.
 */
#include <string.h>
#include <strings.h>

#include "rs/base/clock.h"
#include "runs_impl.h"

enum {
    MAX_BYTES = 8192,
    MAX_COMPARISONS = 64,
    MAX_DEPTH = 32, /* open parentheses; also words "not" in a row */
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    const char *at; /* where it begins in the filter, quotes included */
    size_t len;
    struct rs_str text; /* TOKEN_TEXT: what the quotes hold */
    double number;
};

struct parser {
    const char *filter;
    const char *p; /* behind the token */
    struct token t;
    struct rs_query *q;
    int n_comparisons;
    struct rs_err *err;
};

/* ---- errors -------------------------------------------------------------------------------- */

/* 1-based, in characters. */
static int position(const struct parser *ps, const char *at)
{
    int n = 1;
    for (const char *p = ps->filter; p < at; p++) {
        if (((unsigned char)*p & 0xc0) != 0x80) n++;
    }
    return n;
}

static enum rs_code fail_at(struct parser *ps, const char *expected)
{
    const struct token *t = &ps->t;
    if (t->kind == TOKEN_END)
        return rs_fail(ps->err, RS_EPARSE, "filter: position %d: expected %s, found the end",
                       position(ps, t->at), expected);
    return rs_fail(ps->err, RS_EPARSE, "filter: position %d: expected %s, found %.*s",
                   position(ps, t->at), expected, (int)(t->len < 60 ? t->len : 60), t->at);
}

/* ---- tokens -------------------------------------------------------------------------------- */

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_.@/:+-", c)) || (unsigned char)c >= 0x80;
}

/* "…", '…' or `…`; a doubled quote and a backslash stand for the character itself. */
static enum rs_code read_quoted(struct parser *ps)
{
    char quote = *ps->p++;
    for (;; ps->p++) {
        if (*ps->p == quote && ps->p[1] != quote) break;
        if (*ps->p == quote || (*ps->p == '\\' && ps->p[1])) ps->p++;
        if (!*ps->p)
            return rs_fail(ps->err, RS_EPARSE, "filter: position %d: a quote without its end",
                           position(ps, ps->t.at));
        rs_str_addc(&ps->t.text, *ps->p);
    }
    ps->p++;
    ps->t.kind = TOKEN_TEXT;
    return RS_OK;
}

static void read_word(struct parser *ps)
{
    char copy[64];
    while (is_word_char(*ps->p))
        ps->p++;
    size_t len = (size_t)(ps->p - ps->t.at);
    ps->t.kind = TOKEN_WORD;
    if (len >= sizeof(copy)) return;
    memcpy(copy, ps->t.at, len);
    copy[len] = '\0';
    if (rs_str_to_double(copy, &ps->t.number)) ps->t.kind = TOKEN_NUMBER;
}

static enum rs_code next(struct parser *ps)
{
    enum rs_code rc = RS_OK;
    rs_str_reset(&ps->t.text);
    ps->p += strspn(ps->p, " \t\r\n");
    ps->t.at = ps->p;
    if (!*ps->p) {
        ps->t.kind = TOKEN_END;
    } else if (strchr("\"'`", *ps->p)) {
        rc = read_quoted(ps);
    } else if (is_word_char(*ps->p)) {
        read_word(ps);
    } else {
        ps->t.kind = TOKEN_SIGN;
        size_t len = strcspn(ps->p, "=!<>") == 0 ? strspn(ps->p, "=!<>") : 1;
        ps->p += len;
    }
    ps->t.len = (size_t)(ps->p - ps->t.at);
    return rc;
}

static bool is_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && t->len == strlen(word) && strncasecmp(t->at, word, t->len) == 0;
}

static bool is_sign(const struct token *t, const char *sign)
{
    return t->kind == TOKEN_SIGN && t->len == strlen(sign) && memcmp(t->at, sign, t->len) == 0;
}

/* ---- comparisons --------------------------------------------------------------------------- */

/* The operator in SQL, or NULL. */
static const char *operator_sql(const struct token *t)
{
    static const char *const ops[][2] = {{"=", " = "},   {"==", " = "},  {"!=", " <> "},
                                         {"<>", " <> "}, {"<", " < "},   {"<=", " <= "},
                                         {">", " > "},   {">=", " >= "}, {NULL, NULL}};
    for (int i = 0; ops[i][0]; i++) {
        if (is_sign(t, ops[i][0])) return ops[i][1];
    }
    return NULL;
}

/* The token as bytes: what quotes hold, or the word. */
static const char *value_text(const struct token *t, size_t *len)
{
    *len = t->kind == TOKEN_TEXT ? t->text.len : t->len;
    return t->kind == TOKEN_TEXT ? rs_str_text(&t->text) : t->at;
}

/* A date or seconds since 1970, as bound milliseconds. */
static enum rs_code add_time(struct parser *ps, const struct rs_field *f, const char *op)
{
    char copy[64] = "";
    int64_t ms;
    size_t len;
    const char *text = value_text(&ps->t, &len);
    if (len < sizeof(copy)) memcpy(copy, text, len);
    if (!copy[0] || rs_clock_parse(copy, &ms) != 0)
        return fail_at(ps, "a time such as \"2026-05-01\" or \"2026-05-01T10:00Z\"");
    rs_field_sql(ps->q, f, RS_AS_IS);
    rs_query_add(ps->q, op);
    rs_query_add_int(ps->q, ms);
    return RS_OK;
}

/* field op value, in the type that the field or, for parameters, the value has. */
static enum rs_code add_compared(struct parser *ps, const struct rs_field *f, const char *op)
{
    const struct token *t = &ps->t;
    bool is_true = is_word(t, "true");
    if (t->kind == TOKEN_END || t->kind == TOKEN_SIGN) return fail_at(ps, "a value");
    if (is_word(t, "null")) return fail_at(ps, "a value ('is null' tests for a missing one)");
    if (f->kind == RS_FIELD_TIME) return add_time(ps, f, op);
    bool number = f->kind == RS_FIELD_NUMBER || f->kind == RS_FIELD_METRIC;
    bool text = f->kind == RS_FIELD_TEXT || f->kind == RS_FIELD_TAG;
    if (number && t->kind != TOKEN_NUMBER) return fail_at(ps, "a number");
    if (text && t->kind == TOKEN_NUMBER) return fail_at(ps, "a text in quotes");
    if (t->kind == TOKEN_NUMBER) {
        rs_field_sql(ps->q, f, RS_AS_NUMBER);
        rs_query_add(ps->q, op);
        rs_query_add_real(ps->q, t->number);
    } else if (!text && (is_true || is_word(t, "false"))) {
        rs_field_sql(ps->q, f, RS_AS_BOOL);
        rs_query_add(ps->q, op);
        rs_query_add_int(ps->q, is_true);
    } else {
        size_t len;
        const char *value = value_text(t, &len);
        rs_field_sql(ps->q, f, RS_AS_TEXT);
        rs_query_add(ps->q, op);
        rs_query_add_text(ps->q, value, len);
    }
    return RS_OK;
}

static enum rs_code add_like(struct parser *ps, const struct rs_field *f)
{
    if (f->kind != RS_FIELD_TEXT && f->kind != RS_FIELD_TAG && f->kind != RS_FIELD_PARAM)
        return fail_at(ps, "= < > <= >= or !=, for 'like' is for texts");
    enum rs_code rc = next(ps);
    if (rc) return rc;
    if (ps->t.kind != TOKEN_TEXT) return fail_at(ps, "a pattern in quotes, such as \"a%\"");
    rs_field_sql(ps->q, f, RS_AS_TEXT);
    rs_query_add(ps->q, " LIKE ");
    rs_query_add_text(ps->q, rs_str_text(&ps->t.text), ps->t.text.len);
    return RS_OK;
}

static enum rs_code add_is_null(struct parser *ps, const struct rs_field *f)
{
    enum rs_code rc = next(ps);
    bool not = !rc && is_word(&ps->t, "not");
    if (not ) rc = next(ps);
    if (rc) return rc;
    if (!is_word(&ps->t, "null")) return fail_at(ps, "'null' or 'not null'");
    rs_field_sql(ps->q, f, RS_AS_IS);
    rs_query_add(ps->q, not ? " IS NOT NULL" : " IS NULL");
    return RS_OK;
}

static enum rs_code fail_field(struct parser *ps)
{
    char word[64] = "";
    if (ps->t.kind == TOKEN_WORD && ps->t.len < sizeof(word)) memcpy(word, ps->t.at, ps->t.len);
    const char *near = word[0] ? rs_str_nearest(word, rs_field_names()) : NULL;
    if (!near) return fail_at(ps, "a field such as model, state, params.KEY or metrics.KEY");
    return rs_fail(ps->err, RS_EPARSE, "filter: position %d: unknown field '%s': did you mean '%s'",
                   position(ps, ps->t.at), word, near);
}

/* The field at the token; a key in quotes follows its point directly. key: memory for that. */
static enum rs_code read_field(struct parser *ps, struct rs_field *f, struct rs_str *key)
{
    if (ps->t.kind != TOKEN_WORD || !rs_field_find(ps->t.at, ps->t.len, f)) return fail_field(ps);
    bool keyed = f->key != NULL;
    if (!keyed || f->key_len > 0) return RS_OK;
    if (!*ps->p || !strchr("\"'`", *ps->p)) return fail_at(ps, "a key behind the point");
    enum rs_code rc = next(ps);
    if (rc) return rc;
    rs_str_addn(key, rs_str_text(&ps->t.text), ps->t.text.len);
    f->key = rs_str_text(key);
    f->key_len = key->len;
    return RS_OK;
}

static enum rs_code add_comparison(struct parser *ps)
{
    struct rs_field f = {.kind = RS_FIELD_TEXT};
    struct rs_str key;
    if (++ps->n_comparisons > MAX_COMPARISONS)
        return rs_fail(ps->err, RS_EPARSE, "filter: position %d: more than %d comparisons",
                       position(ps, ps->t.at), MAX_COMPARISONS);
    rs_str_init(&key, MAX_BYTES);
    enum rs_code rc = read_field(ps, &f, &key);
    if (!rc) rc = next(ps);
    if (rc) goto done;
    rs_query_add(ps->q, "((");
    const char *op = operator_sql(&ps->t);
    if (op) {
        rc = next(ps);
        if (!rc) rc = add_compared(ps, &f, op);
    } else if (is_word(&ps->t, "like")) {
        rc = add_like(ps, &f);
    } else if (is_word(&ps->t, "is")) {
        rc = add_is_null(ps, &f);
    } else {
        rc = fail_at(ps, "= != < <= > >= like or is");
    }
    rs_query_add(ps->q, ") IS TRUE)");
done:
    rs_str_clear(&key);
    return rc;
}

/* ---- conditions ---------------------------------------------------------------------------- */

/* Everything up to the next comparison's end: "not", "(" and the comparison. */
static enum rs_code add_term(struct parser *ps, int *depth)
{
    int nots = 0;
    enum rs_code rc = RS_OK;
    while (!rc && (is_word(&ps->t, "not") || is_sign(&ps->t, "("))) {
        bool not = ps->t.kind == TOKEN_WORD;
        if (*depth + !not > MAX_DEPTH || nots + not > MAX_DEPTH)
            return rs_fail(ps->err, RS_EPARSE, "filter: position %d: nested deeper than %d",
                           position(ps, ps->t.at), MAX_DEPTH);
        *depth += !not ;
        nots += not ;
        rs_query_add(ps->q, not ? "NOT " : "(");
        rc = next(ps);
    }
    return rc ? rc : add_comparison(ps);
}

/* Closing parentheses, then "and", "or" (more_out) or the end. */
static enum rs_code add_joint(struct parser *ps, int *depth, bool *more_out)
{
    enum rs_code rc = next(ps);
    while (!rc && *depth > 0 && is_sign(&ps->t, ")")) {
        --*depth;
        rs_query_add(ps->q, ")");
        rc = next(ps);
    }
    if (rc) return rc;
    bool and = is_word(&ps->t, "and");
    *more_out = and || is_word(&ps->t, "or");
    if (*more_out) {
        rs_query_add(ps->q, and? " AND " : " OR ");
        return next(ps);
    }
    if (ps->t.kind == TOKEN_END && *depth == 0) return RS_OK;
    return fail_at(ps, *depth > 0 ? "'and', 'or' or ')'" : "'and', 'or' or the end");
}

enum rs_code rs_filter_sql(const char *filter, struct rs_query *q, struct rs_err *err)
{
    if (strlen(filter) > MAX_BYTES)
        return rs_fail(err, RS_EPARSE, "filter: longer than %d bytes", MAX_BYTES);
    struct parser ps = {.filter = filter, .p = filter, .q = q, .err = err};
    int depth = 0;
    bool more = true;
    rs_str_init(&ps.t.text, MAX_BYTES);
    enum rs_code rc = next(&ps);
    while (!rc && more) {
        rc = add_term(&ps, &depth);
        if (!rc) rc = add_joint(&ps, &depth, &more);
    }
    rs_str_clear(&ps.t.text);
    return rc;
}
