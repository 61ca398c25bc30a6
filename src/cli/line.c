/*
 * line - one line of a batch file or the prompt into words.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/cli/cli.h"

#define MAX_WORDS 1000
#define MAX_LINE  (1 << 20)

struct cutter {
    const char *at;
    const char *(*env)(const char *name);
    struct rs_str word;
    bool in_word;
    char **words;
    size_t n;
};

static enum rs_code end_word(struct cutter *c, struct rs_err *err)
{
    if (!c->in_word) return RS_OK;
    if (c->n >= MAX_WORDS) return rs_fail(err, RS_EPARSE, "more than %d words", MAX_WORDS);
    c->words[c->n++] = rs_xstrdup(rs_str_text(&c->word));
    rs_str_reset(&c->word);
    c->in_word = false;
    return RS_OK;
}

/* $NAME, ${NAME} or ${NAME:-default} at c->at, which is behind the dollar sign. */
static enum rs_code add_variable(struct cutter *c, struct rs_err *err)
{
    bool brace = *c->at == '{';
    const char *name = c->at + brace;
    size_t len = 0;
    while (isalnum((unsigned char)name[len]) || name[len] == '_') {
        len++;
    }
    if (len == 0 && brace) return rs_fail(err, RS_EPARSE, "'${' without a name");
    if (len > 200) return rs_fail(err, RS_EPARSE, "a variable's name of more than 200 bytes");
    if (len == 0) {
        rs_str_addc(&c->word, '$');
        return RS_OK;
    }
    char key[201];
    memcpy(key, name, len);
    key[len] = '\0';
    const char *value = c->env(key);
    c->at = name + len;
    if (brace) {
        const char *end = strchr(c->at, '}');
        if (!end) return rs_fail(err, RS_EPARSE, "'${%s' is not closed by '}'", key);
        bool has_default = strncmp(c->at, ":-", 2) == 0;
        if (!has_default && end != c->at) {
            return rs_fail(err, RS_EPARSE, "'${%s…}': expected ${NAME} or ${NAME:-default}", key);
        }
        if (has_default && (!value || !value[0])) {
            rs_str_addn(&c->word, c->at + 2, (size_t)(end - c->at - 2));
            c->at = end + 1;
            return RS_OK;
        }
        c->at = end + 1;
    }
    if (!value)
        return rs_fail(err, RS_EARG, "variable %s is not set: use ${%s:-default}", key, key);
    rs_str_add(&c->word, value);
    return RS_OK;
}

static enum rs_code add_double_quoted(struct cutter *c, struct rs_err *err)
{
    while (*c->at && *c->at != '"') {
        if (*c->at == '\\' && c->at[1] && strchr("\"\\$", c->at[1])) {
            rs_str_addc(&c->word, c->at[1]);
            c->at += 2;
        } else if (*c->at == '$') {
            c->at++;
            enum rs_code rc = add_variable(c, err);
            if (rc) return rc;
        } else {
            rs_str_addc(&c->word, *c->at++);
        }
    }
    if (!*c->at) return rs_fail(err, RS_EPARSE, "a \" is not closed");
    c->at++;
    return RS_OK;
}

static enum rs_code add_single_quoted(struct cutter *c, struct rs_err *err)
{
    const char *end = strchr(c->at, '\'');
    if (!end) return rs_fail(err, RS_EPARSE, "a ' is not closed");
    rs_str_addn(&c->word, c->at, (size_t)(end - c->at));
    c->at = end + 1;
    return RS_OK;
}

static enum rs_code cut(struct cutter *c, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    while (*c->at && !rc) {
        char ch = *c->at++;
        if (isspace((unsigned char)ch)) {
            rc = end_word(c, err);
            continue;
        }
        if (ch == '#' && !c->in_word) break;
        c->in_word = true;
        if (ch == '\'') {
            rc = add_single_quoted(c, err);
        } else if (ch == '"') {
            rc = add_double_quoted(c, err);
        } else if (ch == '$') {
            rc = add_variable(c, err);
        } else if (ch == '\\' && *c->at) {
            rs_str_addc(&c->word, *c->at++);
        } else {
            rs_str_addc(&c->word, ch);
        }
    }
    if (!rc && c->word.failed) {
        rc = rs_fail(err, RS_EPARSE, "a word of more than %d bytes", MAX_LINE);
    }
    return rc ? rc : end_word(c, err);
}

enum rs_code rs_line_split(const char *line, const char *(*env)(const char *name),
                           char ***words_out, size_t *n_out, struct rs_err *err)
{
    struct cutter c = {.at = line, .env = env, .words = rs_xalloc(MAX_WORDS + 1, sizeof(char *))};
    rs_str_init(&c.word, MAX_LINE);
    enum rs_code rc = cut(&c, err);
    rs_str_clear(&c.word);
    if (rc) {
        for (size_t i = 0; i < c.n; i++) {
            free(c.words[i]);
        }
        free(c.words);
        return rc;
    }
    *words_out = c.words;
    *n_out = c.n;
    return RS_OK;
}
