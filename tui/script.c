/*
 * script - reads lines into steps; the loop plays them, waiting for the worker in between.
 */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

enum { MAX_SCRIPT = 1 << 20 };

/* The word at *s into out; false: an open quote. */
static bool take_word(const char **s, struct rs_str *out, bool *quoted)
{
    const char *p = *s;
    char open = 0;
    *quoted = false;
    for (; *p && (open || (*p != ' ' && *p != '\t')); p++) {
        if (open && *p == open) {
            open = 0;
        } else if (!open && (*p == '"' || *p == '\'') && (p == *s || *quoted || p[-1] == '=')) {
            open = *p;
            *quoted = true;
        } else {
            rs_str_addc(out, *p);
        }
    }
    *s = p;
    return !open;
}

enum rs_code tui_words(const char *line, char ***words_out, bool **quoted_out, size_t *n_out,
                       struct rs_err *err)
{
    size_t max = strlen(line) / 2 + 2;
    char **words = rs_xalloc(max + 1, sizeof(*words));
    bool *quoted = rs_xalloc(max + 1, sizeof(*quoted));
    size_t n = 0;
    enum rs_code rc = RS_OK;
    for (const char *s = line + strspn(line, " \t"); *s && !rc; s += strspn(s, " \t")) {
        struct rs_str word;
        rs_str_init(&word, 0);
        if (!take_word(&s, &word, &quoted[n])) {
            rc = rs_fail(err, RS_EPARSE, "a quote stays open: '%s'", line);
            rs_str_clear(&word);
        } else {
            words[n++] = rs_str_take(&word);
        }
    }
    if (rc) {
        rs_fs_list_free(words);
    } else {
        *words_out = words;
        *n_out = n;
    }
    if (!rc && quoted_out) {
        *quoted_out = quoted;
    } else {
        free(quoted);
    }
    return rc;
}

/* The keys that type a text. */
static void type_text(const char *text, struct tui_step *step)
{
    step->keys = rs_xalloc(strlen(text) + 1, sizeof(*step->keys));
    for (const char *s = text; *s;) {
        char one[5] = {*s++};
        for (int n = 1; n < 4 && ((unsigned char)*s & 0xc0) == 0x80; n++) {
            one[n] = *s++;
        }
        if (tui_key_parse(one, &step->keys[step->n_keys])) step->n_keys++;
    }
}

static struct tui_step *add_step(struct tui_script *out, size_t *cap, int line)
{
    if (out->n == *cap) {
        size_t more = *cap ? *cap * 2 : 64;
        struct tui_step *grown = rs_xalloc(more, sizeof(*grown));
        if (out->n) memcpy(grown, out->steps, out->n * sizeof(*grown));
        free(out->steps);
        out->steps = grown;
        *cap = more;
    }
    struct tui_step *step = &out->steps[out->n++];
    *step = (struct tui_step){.line = line};
    return step;
}

static enum rs_code parse_line(const char *line, int number, struct tui_script *out, size_t *cap,
                               struct rs_err *err)
{
    line += strspn(line, " \t");
    if (line[0] == '#' || !line[0]) return RS_OK;
    if (line[0] == ':' && line[1] && line[1] != ' ') {
        add_step(out, cap, number)->say = rs_xstrdup(line + 1);
        return RS_OK;
    }
    char **words = NULL;
    bool *quoted = NULL;
    size_t n = 0;
    enum rs_code rc = tui_words(line, &words, &quoted, &n, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) {
        struct tui_step *step = add_step(out, cap, number);
        uint32_t code;
        if (!quoted[i] && tui_key_parse(words[i], &code)) {
            step->keys = rs_xalloc(1, sizeof(*step->keys));
            step->keys[step->n_keys++] = code;
        } else {
            type_text(words[i], step);
        }
    }
    rs_fs_list_free(words);
    free(quoted);
    return RS_OK;
}

enum rs_code tui_script_parse(const char *text, const char *source, struct tui_script *out,
                              struct rs_err *err)
{
    *out = (struct tui_script){0};
    size_t cap = 0;
    int number = 0;
    enum rs_code rc = RS_OK;
    while (*text && !rc) {
        size_t len = strcspn(text, "\n");
        number++;
        char *line = rs_xstrndup(text, len > 0 && text[len - 1] == '\r' ? len - 1 : len);
        if (!rs_str_utf8_valid(line, strlen(line))) {
            rc = rs_fail(err, RS_EPARSE, "not valid UTF-8");
        } else {
            rc = parse_line(line, number, out, &cap, err);
        }
        free(line);
        text += len + (text[len] == '\n');
    }
    if (rc) {
        rs_wrap(err, "%s:%d", source, number);
        tui_script_clear(out);
    }
    return rc;
}

enum rs_code tui_script_read(const char *path, struct tui_script *out, struct rs_err *err)
{
    char *text = NULL;
    size_t len;
    enum rs_code rc = rs_fs_read(path, MAX_SCRIPT, &text, &len, err);
    if (!rc) rc = tui_script_parse(text, path, out, err);
    free(text);
    return rc;
}

void tui_script_clear(struct tui_script *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->steps[i].say);
        free(s->steps[i].keys);
    }
    free(s->steps);
    *s = (struct tui_script){0};
}
