/*
 * str - a growing byte string with a maximum, and small helpers on C strings.
 *
 * A failed append (maximum or memory) clears the string, sets `failed` and makes later appends
 * no-ops, so a caller checks once at the end.
 */
#ifndef RS_BASE_STR_H
#define RS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rs_str {
    char *data; /* NUL-terminated, or NULL while empty */
    size_t len;
    size_t cap;
    size_t max;  /* 0: 1 GiB */
    bool failed; /* an append did not fit */
};

void rs_str_init(struct rs_str *s, size_t max);
void rs_str_clear(struct rs_str *s); /* frees; reusable, keeps max */
void rs_str_reset(struct rs_str *s); /* length 0, keeps memory */
void rs_str_add(struct rs_str *s, const char *text);
void rs_str_addn(struct rs_str *s, const char *bytes, size_t n);
void rs_str_addc(struct rs_str *s, char c);
void rs_str_addf(struct rs_str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *rs_str_take(struct rs_str *s);             /* the caller's, "" if empty; NULL if failed */
const char *rs_str_text(const struct rs_str *s); /* borrowed, "" if empty */

bool rs_str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool rs_str_starts(const char *s, const char *prefix);
bool rs_str_ends(const char *s, const char *suffix);
bool rs_str_contains_fold(const char *hay, const char *needle); /* ignores ASCII case */
bool rs_str_utf8_valid(const char *s, size_t n);
size_t rs_str_utf8_count(const char *s); /* characters of valid UTF-8 */
/* Whole text is a number of that kind; false leaves *out alone. No NaN, no infinities. */
bool rs_str_to_i64(const char *s, int64_t *out);
bool rs_str_to_double(const char *s, double *out);
bool rs_str_to_bool(const char *s, bool *out); /* true false yes no on off 1 0 */
/* Nearest of names[] (NULL-ended) by edit distance <= 3 and half the letters, or prefix, for "did
 * you mean"; or NULL. */
const char *rs_str_nearest(const char *word, const char *const *names);
/* Shortest decimal text that reads back as the same double (float for the f variant), as printf's
 * %g writes it; of 15 (6) digits and fewer, those that they have. */
void rs_str_add_double(struct rs_str *s, double v);
void rs_str_add_float(struct rs_str *s, float v);
void rs_str_add_int(struct rs_str *s, int64_t v);

#endif
