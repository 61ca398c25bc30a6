/*
 * registry_view - small things that runs.c and models.c both do.
 */
#include "registry_view.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"

enum rs_code tui_call(struct tui_work *w, const char *name, const char *const *words, size_t n,
                      const char *key, struct rs_val *into, struct rs_err *err)
{
    struct rs_result r;
    rs_result_init(&r);
    enum rs_code rc = rs_ctx_call(w->ctx, name, words, n, &r, err);
    for (size_t i = 0; !rc && i < r.doc->n; i++) {
        if (key && strcmp(key, r.doc->keys[i]) != 0) continue;
        rs_val_set(into, r.doc->keys[i], rs_val_copy(r.doc->items[i]));
    }
    rs_result_clear(&r);
    return rc;
}

struct rs_val *tui_take_doc(struct rs_result *r)
{
    struct rs_val *doc = r->doc;
    r->doc = rs_val_map();
    return doc;
}

void tui_toast_result(struct tui_app *a, const struct rs_result *r)
{
    for (size_t i = 0; i < r->n_blocks; i++) {
        const char *text = r->blocks[i].text;
        if (!text) continue;
        tui_app_toast(a, "%.*s", (int)strcspn(text, "\n"), text);
        return;
    }
}

void tui_take_text(char **to, const char *text)
{
    char *copy = rs_xstrdup(text);
    free(*to);
    *to = copy;
}

char **tui_words_copy(const char *const *words)
{
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    char **out = rs_xalloc(n + 1, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        out[i] = rs_xstrdup(words[i]);
    }
    return out;
}

void tui_words_free(char **words)
{
    if (words) rs_fs_list_free(words);
}
