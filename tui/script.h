/*
 * script - lines that play a person: keys by name, texts letter by letter, and palette commands.
 *
 * A line is words: a key's name ("Enter", "^R", "j") is that key, anything else and what stands in
 * quotes is typed letter by letter. A line that begins with ':' and goes on is said to the palette
 * as it stands (":dump FILE"). '#' begins a comment line.
 */
#ifndef TUI_SCRIPT_H
#define TUI_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"

struct tui_step {
    int line;
    char *say;      /* to the palette, without the ':'; or NULL */
    uint32_t *keys; /* [n_keys], pressed at once */
    size_t n_keys;
};
struct tui_script {
    struct tui_step *steps; /* one a word, or one a palette line */
    size_t n;
};

/* A line of text cut at blanks; "…" and '…' keep them. *quoted_out (NULL: not wanted): which words
 * were quoted. Both NULL-ended or n long, freed with rs_fs_list_free and free. RS_EPARSE: an open
 * quote. */
RS_MUST_USE enum rs_code tui_words(const char *line, char ***words_out, bool **quoted_out,
                                   size_t *n_out, struct rs_err *err);
RS_MUST_USE enum rs_code tui_script_parse(const char *text, const char *source,
                                          struct tui_script *out, struct rs_err *err);
RS_MUST_USE enum rs_code tui_script_read(const char *path, struct tui_script *out,
                                         struct rs_err *err);
void tui_script_clear(struct tui_script *s);

#endif
