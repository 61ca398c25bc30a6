/*
 * json_impl - the tokens of a JSON text, as the reader into an arena takes them.
 */
#ifndef RS_SRC_BASE_JSON_IMPL_H
#define RS_SRC_BASE_JSON_IMPL_H

#include "val_impl.h"

enum json_kind {
    TOKEN_END,
    TOKEN_BAD,  /* no token of the language */
    TOKEN_WORD, /* null, true, false */
    TOKEN_TEXT,
    TOKEN_INT,
    TOKEN_REAL,
    TOKEN_PUNCT, /* one of {}[]:, */
};

struct json_lexer {
    struct rs_arena *arena;
    const char *source;
    struct rs_err *err;
    const char *p; /* after the token */
    const char *end;
    int line;
    enum json_kind kind;
    const char *token;
    char *text;   /* TOKEN_TEXT, decoded, in the arena */
    bool has_nul; /* TOKEN_TEXT: there is a \u0000 in it */
    int64_t i;    /* TOKEN_INT */
    double r;     /* TOKEN_REAL */
};

/* The next token of a text that rs_val_check_text has passed. RS_EPARSE: a text is malformed, a
 * number too large; other nonsense is TOKEN_BAD. RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_json_next(struct json_lexer *lx);
/* RS_EPARSE: "source:line: what near 'token'". */
enum rs_code rs_json_fail_near(const struct json_lexer *lx, const char *what);
enum rs_code rs_json_no_memory(const struct json_lexer *lx);

#endif
