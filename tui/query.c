/*
 * query - a filter's text as words, each a list of alternatives, each one test of a row.
 *
 * Folding covers ASCII and Latin-1 letters, byte by byte: the second byte of a letter is folded by
 * looking at the first, so text is searched where it stands. A part that is only half typed ("a|",
 * "rated>=", "-") says nothing yet and is left out; an open quote runs to the end.
 */
#include "query.h"

#include <math.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "table.h"

enum {
    MAX_TEXT = 1000,   /* bytes of a query */
    MAX_REPEATS = 500, /* product of a regex's repeat counts: its automaton has as many states */
    CELL = 512,
};

enum test { HAS, LESS, AT_MOST, MORE, AT_LEAST, EQUAL, UNEQUAL };
static const struct {
    const char *text;
    enum test test;
} ops[] = {
    {":", HAS},  {"<=", AT_MOST}, {">=", AT_LEAST}, {"!=", UNEQUAL},
    {"<", LESS}, {">", MORE},     {"=", EQUAL},
};

enum { ANY_COLUMN = -1 };

struct term {
    int column; /* or ANY_COLUMN: those that words look into */
    enum test test;
    char *text; /* folded; not of a regex */
    bool is_number;
    double number; /* of text, where it is one */
    bool is_regex;
    regex_t regex;
};

struct word {
    bool negated;
    int first; /* its terms: [first, first + n) */
    int n;
};

struct tui_query {
    atomic_int refs;
    struct word *words;
    int n_words;
    struct term *terms;
    int n_terms;
    bool *numeric;    /* [n_columns] compared as numbers */
    bool *words_look; /* [n_columns] plain words look into it */
    int n_columns;
};

/* ---- folding ---- */

/* The byte at s[i], in lower case; s[i - 1] is looked at where i > 0. */
static unsigned char fold_at(const char *s, size_t i)
{
    unsigned char c = (unsigned char)s[i];
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
    bool latin = i > 0 && (unsigned char)s[i - 1] == 0xc3;
    return latin && c <= 0x9e && c != 0x97 ? (unsigned char)(c + 32) : c;
}

/* Of s, where what folds like needle begins; NULL: nowhere. */
static const char *find_folded(const char *s, const char *needle)
{
    unsigned char first = (unsigned char)needle[0];
    if (!first) return s;
    for (size_t at = 0; s[at]; at++) {
        if (fold_at(s, at) != first) continue;
        size_t i = 1;
        while (needle[i] && fold_at(s, at + i) == (unsigned char)needle[i])
            i++;
        if (!needle[i]) return s + at;
        if (!s[at + i]) return NULL;
    }
    return NULL;
}

static int compare_folded(const char *s, const char *folded)
{
    size_t i = 0;
    while (folded[i] && fold_at(s, i) == (unsigned char)folded[i])
        i++;
    return (int)fold_at(s, i) - (int)(unsigned char)folded[i];
}

void tui_fold(const char *s, char *out)
{
    size_t i = 0;
    for (; s[i]; i++) {
        out[i] = (char)fold_at(s, i);
    }
    out[i] = '\0';
}

/* ---- parsing ---- */

struct parser {
    const char *at;
    const struct tui_columns *columns;
    struct tui_query *q;
    struct rs_err *err;
};

/* Where a column's name and an operator stand at the cursor, takes both. */
static bool take_column(struct parser *p, int *column_out, enum test *test_out)
{
    for (int c = 0; p->columns && c < p->columns->n; c++) {
        const char *name = p->columns->list[c].name;
        size_t n = strlen(name);
        size_t same = 0;
        while (same < n && p->at[same] && fold_at(p->at, same) == fold_at(name, same))
            same++;
        if (n == 0 || same < n) continue;
        for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
            if (!rs_str_starts(p->at + n, ops[i].text)) continue;
            p->at += n + strlen(ops[i].text);
            *column_out = c;
            *test_out = ops[i].test;
            return true;
        }
    }
    return false;
}

/* "two words", \" and \\ inside; an open quote runs to the end. */
static void take_quoted(struct parser *p, struct rs_str *out)
{
    for (p->at++; *p->at && *p->at != '"'; p->at++) {
        if (*p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\')) p->at++;
        rs_str_addc(out, *p->at);
    }
    if (*p->at) p->at++;
}

static void take_plain(struct parser *p, struct rs_str *out)
{
    while (*p->at && *p->at != ' ' && *p->at != '|') {
        rs_str_addc(out, *p->at++);
    }
}

/* The C library builds an automaton with a state for every repeat and tries back references by
 * search: both could hold up the console for hours. */
static enum rs_code check_regex(const char *re, struct rs_err *err)
{
    long product = 1;
    for (const char *c = re; *c; c++) {
        if (*c == '\\' && c[1] >= '1' && c[1] <= '9')
            return rs_fail(err, RS_EPARSE, "regex '%s': back references are not taken", re);
        if (*c == '\\' && c[1]) {
            c++;
        } else if (*c == '{') {
            char *end;
            long low = strtol(c + 1, &end, 10);
            long high = *end == ',' ? strtol(end + 1, &end, 10) : low;
            long most = low > high ? low : high;
            if (most > MAX_REPEATS || (most > 1 && product > MAX_REPEATS / most))
                return rs_fail(err, RS_EPARSE, "regex '%s': repeats over %d in all", re,
                               MAX_REPEATS);
            if (most > 1) product *= most;
        }
    }
    return RS_OK;
}

/* ~regex~; a '~' inside is \~. */
static enum rs_code take_regex(struct parser *p, struct term *t)
{
    struct rs_str re;
    rs_str_init(&re, 0);
    for (p->at++; *p->at && *p->at != '~'; p->at++) {
        if (*p->at == '\\' && p->at[1] == '~') {
            p->at++;
        } else if (*p->at == '\\' && p->at[1]) {
            rs_str_addc(&re, *p->at++);
        }
        rs_str_addc(&re, *p->at);
    }
    const char *text = rs_str_text(&re);
    enum rs_code rc = RS_OK;
    if (!*p->at) {
        rc = rs_fail(p->err, RS_EPARSE, "regex '%s' is not closed: end it with '~'", text);
    } else {
        p->at++;
        rc = check_regex(text, p->err);
    }
    if (!rc && text[0]) {
        int bad = regcomp(&t->regex, text, REG_EXTENDED | REG_ICASE | REG_NOSUB);
        char why[80] = "";
        if (bad) {
            regerror(bad, &t->regex, why, sizeof(why));
            rc = rs_fail(p->err, RS_EPARSE, "regex '%s': %s", text, why);
        }
        t->is_regex = !bad;
    }
    rs_str_clear(&re);
    return rc;
}

static void set_text(struct term *t, struct rs_str *text)
{
    t->is_number = rs_str_to_double(rs_str_text(text), &t->number);
    t->text = rs_xalloc(text->len + 1, 1);
    tui_fold(rs_str_text(text), t->text);
}

/* One alternative: [column op] then a quoted, regex or plain text. Kept where it says something. */
static enum rs_code take_term(struct parser *p)
{
    struct term t = {.column = ANY_COLUMN, .test = HAS};
    struct rs_str text;
    enum rs_code rc = RS_OK;
    rs_str_init(&text, 0);
    bool has_column = take_column(p, &t.column, &t.test);
    if (*p->at == '~' && (!has_column || t.test == HAS)) {
        rc = take_regex(p, &t);
    } else if (*p->at == '"') {
        take_quoted(p, &text);
    } else {
        take_plain(p, &text);
    }
    while (!rc && *p->at && *p->at != ' ' && *p->at != '|') {
        p->at++; /* letters glued to a closing quote say nothing */
    }
    bool says = t.is_regex || text.len > 0;
    if (!rc && says) {
        if (!t.is_regex) set_text(&t, &text);
        p->q->terms[p->q->n_terms++] = t;
    }
    rs_str_clear(&text);
    return rc;
}

static enum rs_code take_word(struct parser *p)
{
    struct word w = {.first = p->q->n_terms};
    if (*p->at == '-') {
        w.negated = true;
        p->at++;
    }
    for (;;) {
        enum rs_code rc = take_term(p);
        if (rc) return rc;
        if (*p->at != '|') break;
        p->at++;
    }
    w.n = p->q->n_terms - w.first;
    if (w.n > 0) p->q->words[p->q->n_words++] = w;
    return RS_OK;
}

/* Words look at names: into columns of text, and the first one. */
static void set_columns(struct tui_query *q, const struct tui_columns *columns)
{
    q->n_columns = columns ? columns->n : 0;
    q->numeric = rs_xalloc((size_t)q->n_columns + 1, sizeof(*q->numeric));
    q->words_look = rs_xalloc((size_t)q->n_columns + 1, sizeof(*q->words_look));
    for (int c = 0; c < q->n_columns; c++) {
        q->numeric[c] = (columns->list[c].flags & TUI_NUMBER) != 0;
        q->words_look[c] = c == 0 || !q->numeric[c];
    }
}

enum rs_code tui_query_parse(const char *text, const struct tui_columns *columns,
                             struct tui_query **out, struct rs_err *err)
{
    size_t n = strlen(text);
    enum rs_code rc = RS_OK;
    if (n > MAX_TEXT) return rs_fail(err, RS_EPARSE, "filter: longer than %d bytes", MAX_TEXT);
    struct tui_query *q = rs_xalloc(1, sizeof(*q));
    q->refs = 1;
    q->words = rs_xalloc(n + 1, sizeof(*q->words)); /* no text has more than its bytes */
    q->terms = rs_xalloc(n + 1, sizeof(*q->terms));
    set_columns(q, columns);
    struct parser p = {.at = text, .columns = columns, .q = q, .err = err};
    while (!rc) {
        while (*p.at == ' ')
            p.at++;
        if (!*p.at) break;
        rc = take_word(&p);
    }
    if (rc || q->n_words == 0) {
        tui_query_free(q);
        q = NULL;
    }
    if (!rc) *out = q;
    return rc;
}

struct tui_query *tui_query_hold(struct tui_query *q)
{
    if (q) atomic_fetch_add(&q->refs, 1);
    return q;
}

void tui_query_free(struct tui_query *q)
{
    if (!q || atomic_fetch_sub(&q->refs, 1) > 1) return;
    for (int i = 0; i < q->n_terms; i++) {
        free(q->terms[i].text);
        if (q->terms[i].is_regex) regfree(&q->terms[i].regex);
    }
    free(q->terms);
    free(q->words);
    free(q->numeric);
    free(q->words_look);
    free(q);
}

/* ---- matching ---- */

static bool holds(enum test test, double sign)
{
    switch (test) {
    case LESS:
        return sign < 0;
    case AT_MOST:
        return sign <= 0;
    case MORE:
        return sign > 0;
    case AT_LEAST:
        return sign >= 0;
    case EQUAL:
        return sign == 0;
    default:
        return sign != 0;
    }
}

/* -1, 0 or 1; a missing number compares with nothing. */
static bool number_holds(const struct term *t, double v)
{
    if (isnan(v)) return false;
    return holds(t->test, v < t->number ? -1 : v > t->number);
}

static bool text_holds(const struct term *t, const char *s)
{
    double v;
    if (t->is_regex) return regexec(&t->regex, s, 0, NULL, 0) == 0;
    if (t->test == HAS) return find_folded(s, t->text) != NULL;
    if (t->is_number && rs_str_to_double(s, &v)) return number_holds(t, v);
    return s[0] && holds(t->test, compare_folded(s, t->text));
}

static bool term_holds(const struct tui_query *q, const struct term *t,
                       const struct tui_row_reader *row)
{
    char buf[CELL];
    int first = t->column == ANY_COLUMN ? 0 : t->column;
    int end = t->column == ANY_COLUMN ? q->n_columns : t->column + 1;
    if (end > row->n_columns) end = row->n_columns;
    for (int c = first; c < end; c++) {
        if (t->column == ANY_COLUMN && !q->words_look[c]) continue;
        if (t->test != HAS && t->is_number && q->numeric[c]) {
            if (number_holds(t, row->number(row->ctx, c))) return true;
            continue;
        }
        if (text_holds(t, row->text(row->ctx, c, buf, sizeof(buf)))) return true;
    }
    return false;
}

static bool looks_into(const struct tui_query *q, const struct term *t, int column)
{
    if (t->test != HAS || t->is_regex) return false;
    return t->column == column ||
           (t->column == ANY_COLUMN && column < q->n_columns && q->words_look[column]);
}

const char *tui_query_find(const struct tui_query *q, int column, const char *text, size_t *n_out)
{
    for (int w = 0; q && w < q->n_words; w++) {
        const struct word *word = &q->words[w];
        for (int i = word->first; i < word->first + word->n && !word->negated; i++) {
            const struct term *t = &q->terms[i];
            const char *at = looks_into(q, t, column) ? find_folded(text, t->text) : NULL;
            if (!at) continue;
            *n_out = strlen(t->text);
            return at;
        }
    }
    return NULL;
}

bool tui_query_match(const struct tui_query *q, const struct tui_row_reader *row)
{
    if (!q) return true;
    for (int w = 0; w < q->n_words; w++) {
        const struct word *word = &q->words[w];
        bool any = false;
        for (int i = word->first; i < word->first + word->n && !any; i++) {
            any = term_holds(q, &q->terms[i], row);
        }
        if (any == word->negated) return false;
    }
    return true;
}
