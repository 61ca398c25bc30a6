/*
 * words - a command line as one text: for rows of jobs, logs and people.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/commands/command.h"

#define MAX_LINE (1 << 20)

/* The word, but *** for name and password of the address that it holds ("https://me:pw@host/"). */
static char *masked(const char *word)
{
    const char *scheme = strstr(word, "://");
    const char *begin = scheme ? scheme + 3 : word;
    size_t at = scheme ? strcspn(begin, "/?#") : 0;
    while (at > 0 && begin[at] != '@') {
        at--;
    }
    if (at == 0) return rs_xstrdup(word);
    return rs_xprintf("%.*s***%s", (int)(begin - word), word, begin + at);
}

static void add_word(const char *word, struct rs_str *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+.,/:@%~";
    if (word[0] && !word[strspn(word, plain)]) {
        rs_str_add(out, word);
        return;
    }
    rs_str_addc(out, '\'');
    for (; *word; word++) {
        if (*word == '\'') {
            rs_str_add(out, "'\\''");
        } else {
            rs_str_addc(out, *word);
        }
    }
    rs_str_addc(out, '\'');
}

char *rs_words_line(const char *const *words, size_t n)
{
    struct rs_str line;
    rs_str_init(&line, MAX_LINE);
    for (size_t i = 0; i < n; i++) {
        char *word = masked(words[i]);
        if (i) rs_str_addc(&line, ' ');
        add_word(word, &line);
        free(word);
    }
    char *text = rs_str_take(&line);
    return text ? text : rs_xstrdup(""); /* too long to be told */
}
