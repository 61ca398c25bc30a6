/*
 * yaml_print - a tree in YAML's block style, such that readers of YAML 1.1 and 1.2 agree on it.
 */
#include <string.h>

#include "val_impl.h"

static bool is_typed(const char *lower)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(lower, words[i]) == 0) return true;
    }
    return false;
}

/* Texts that any YAML reader takes as text without quotes; the rest is quoted as in JSON. */
static bool is_plain_text(const char *s)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/"
                               "0123456789.-+%@ ";
    size_t len = strlen(s);
    if (len == 0 || !strchr(first, *s) || strspn(s, rest) != len || s[len - 1] == ' ') return false;
    char lower[8] = {0};
    for (size_t i = 0; i < len && i + 1 < sizeof(lower); i++)
        lower[i] = (char)(s[i] | 0x20);
    return len >= sizeof(lower) || !is_typed(lower);
}

static void add_text(const char *s, struct rs_str *out)
{
    if (is_plain_text(s)) {
        rs_str_add(out, s);
    } else {
        rs_json_quote(s, out);
    }
}

/* YAML 1.1 readers want a '.' in numbers with an exponent. */
static void add_real(double r, struct rs_str *out)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_val_add_real(&text, r);
    const char *s = rs_str_text(&text);
    size_t mantissa = strcspn(s, "eE");
    rs_str_addn(out, s, mantissa);
    if (s[mantissa] && !memchr(s, '.', mantissa)) rs_str_add(out, ".0");
    rs_str_add(out, s + mantissa);
    rs_str_clear(&text);
}

static void pad(int n, struct rs_str *out)
{
    for (int i = 0; i < n; i++)
        rs_str_addc(out, ' ');
}

/* v after "key:" (in_map) or "-" at `column`; the line so far has no blank at its end. */
static void print(const struct rs_val *v, int column, bool in_map, struct rs_str *out)
{
    if (v->type < RS_VAL_LIST || v->n == 0) {
        if (column >= 0) rs_str_addc(out, ' ');
        if (v->type == RS_VAL_STR) {
            add_text(v->s, out);
        } else if (v->type == RS_VAL_REAL) {
            add_real(v->r, out);
        } else {
            rs_json_print(v, 0, out); /* {} and [] too */
        }
        rs_str_addc(out, '\n');
        return;
    }
    int inner = column < 0 ? 0 : column + 2;
    if (in_map) rs_str_addc(out, '\n');
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0 || in_map) {
            pad(inner, out);
        } else if (column >= 0) {
            rs_str_addc(out, ' '); /* first of a list's item: on the line of its "-" */
        }
        if (v->type == RS_VAL_MAP) {
            add_text(v->keys[i], out);
            rs_str_addc(out, ':');
        } else {
            rs_str_addc(out, '-');
        }
        print(v->items[i], inner, v->type == RS_VAL_MAP, out);
    }
}

void rs_yaml_print(const struct rs_val *v, struct rs_str *out)
{
    print(v, -1, false, out);
}
