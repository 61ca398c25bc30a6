/*
 * config - console.yaml read line by line in spirit: one bad line costs no other.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"

enum { MAX_CONFIG = 1 << 20, MAX_BAD_LINES = 100 };

const struct rs_param tui_ui_params[] = {
    {.name = "theme",
     .type = RS_PARAM_CHOICE,
     .dflt = "default",
     .choices = "default|light|high-contrast|mono",
     .help = "colours"},
    {.name = "glyphs",
     .type = RS_PARAM_CHOICE,
     .dflt = "auto",
     .choices = "auto|utf8|ascii",
     .help = "drawing characters; auto: by locale"},
    {.name = "mouse", .type = RS_PARAM_BOOL, .dflt = "false", .help = "clicks and wheel"},
    {.name = "fps",
     .type = RS_PARAM_INT,
     .dflt = "10",
     .min = 0,
     .max = 60,
     .help = "frames a second for news, 4 over SSH; 0: on a key only"},
    {.name = "esc_delay",
     .type = RS_PARAM_INT,
     .dflt = "25",
     .min = 0,
     .max = 5000,
     .help = "milliseconds that Esc waits for more"},
    {.name = NULL},
};

void tui_config_init(struct tui_config *c, const char *path)
{
    const char *home = getenv("HOME");
    const char *base = getenv("XDG_CONFIG_HOME");
    *c = (struct tui_config){
        .ui = rs_values_new(tui_ui_params), .keys = rs_val_map(), .columns = rs_val_map()};
    if (path) {
        c->path = rs_xstrdup(path);
    } else if (base && base[0] == '/') {
        c->path = rs_xprintf("%s/recsys-tui/console.yaml", base);
    } else if (home && home[0]) {
        c->path = rs_xprintf("%s/.config/recsys-tui/console.yaml", home);
    }
}

void tui_config_clear(struct tui_config *c)
{
    free(c->path);
    rs_values_free(c->ui);
    rs_val_free(c->keys);
    rs_val_free(c->columns);
    *c = (struct tui_config){0};
}

struct reading {
    struct tui_config *c;
    struct tui_keymap *keymap;
    tui_complain_fn *complain;
    void *ctx;
};

static void complain(const struct reading *r, int line, struct rs_err *err)
{
    rs_wrap(err, "%s:%d", r->c->path, line);
    r->complain(err, r->ctx);
}

static void read_ui(const struct reading *r, const char *key, const struct rs_val *v)
{
    struct rs_err err = {0};
    if (rs_values_set_val(r->c->ui, key, v, &err)) complain(r, v->line, &err);
}

/* The text of a scalar: a key "1" may be read as a number. */
static char *scalar_text(const struct rs_val *v)
{
    if (v->type == RS_VAL_STR) return rs_xstrdup(v->s);
    if (v->type == RS_VAL_INT) return rs_xprintf("%lld", (long long)v->i);
    return NULL;
}

static void read_key(const struct reading *r, const char *what, const struct rs_val *v)
{
    struct rs_err err = {0};
    char *key = scalar_text(v);
    if (!key) {
        rs_fail(&err, RS_EARG, "key '%s': %s is not a key", what, rs_val_type_name(v->type));
    } else if (!tui_keymap_set(r->keymap, what, key, &err)) {
        rs_val_set_str(r->c->keys, what, key);
    }
    if (err.code) complain(r, v->line, &err);
    free(key);
}

static void read_columns(const struct reading *r, const char *table, const struct rs_val *v)
{
    struct rs_err err = {0};
    bool ok = v->type == RS_VAL_LIST;
    for (size_t i = 0; ok && i < v->n; i++) {
        ok = v->items[i]->type == RS_VAL_STR;
    }
    if (ok) {
        rs_val_set(r->c->columns, table, rs_val_copy(v));
    } else {
        rs_fail(&err, RS_EARG, "columns '%s': a list of names is wanted", table);
        complain(r, v->line, &err);
    }
}

static void read_tree(const struct reading *r, const struct rs_val *tree)
{
    static const struct {
        const char *name;
        void (*read)(const struct reading *r, const char *key, const struct rs_val *v);
    } parts[] = {{"ui", read_ui}, {"keys", read_key}, {"columns", read_columns}};
    for (size_t i = 0; i < tree->n; i++) {
        const struct rs_val *part = tree->items[i];
        struct rs_err err = {0};
        size_t p = 0;
        while (p < 3 && strcmp(parts[p].name, tree->keys[i]) != 0) {
            p++;
        }
        if (p == 3) {
            rs_fail(&err, RS_EARG, "no part '%s' (ui, keys, columns)", tree->keys[i]);
        } else if (part->type != RS_VAL_MAP && part->type != RS_VAL_NULL) {
            rs_fail(&err, RS_EARG, "%s: lines of 'name: value' are wanted", tree->keys[i]);
        }
        if (err.code) {
            complain(r, part->line, &err);
            continue;
        }
        for (size_t k = 0; k < part->n; k++) {
            parts[p].read(r, part->keys[k], part->items[k]);
        }
    }
}

/* The line that an error of the parser names behind the source's name, 0: none. */
static int line_of(const struct rs_err *err, const char *source)
{
    int line = 0;
    const char *at = strstr(err->msg, source);
    if (at && at[strlen(source)] == ':') {
        line = (int)strtol(at + strlen(source) + 1, NULL, 10);
    }
    return line;
}

/* Blanks the last line up to that one which says something; false: none does. A bracket that stays
 * open is told at the end of the file, so what stands above goes line by line. */
static bool drop_line(char *text, int line)
{
    char *last = NULL;
    for (int at = 1; *text && (line == 0 || at <= line); at++) {
        size_t len = strcspn(text, "\n");
        if (strspn(text, " \t\r") < len) last = text;
        text += len + (text[len] == '\n');
    }
    if (last) memset(last, ' ', strcspn(last, "\n"));
    return last != NULL;
}

void tui_config_read(struct tui_config *c, struct tui_keymap *keymap, tui_complain_fn *fn,
                     void *ctx)
{
    struct reading r = {.c = c, .keymap = keymap, .complain = fn, .ctx = ctx};
    struct rs_err err = {0};
    char *text = NULL;
    size_t len = 0;
    if (!c->path || !rs_fs_exists(c->path)) return;
    if (rs_fs_read(c->path, MAX_CONFIG, &text, &len, &err)) {
        fn(&err, ctx);
        return;
    }
    struct rs_val *tree = NULL;
    for (int bad = 0; bad < MAX_BAD_LINES; bad++) {
        err = (struct rs_err){0};
        if (!rs_yaml_parse(text, len, c->path, &tree, &err)) break;
        fn(&err, ctx);
        if (!drop_line(text, line_of(&err, c->path))) break;
    }
    if (tree && tree->type == RS_VAL_MAP) {
        read_tree(&r, tree);
    } else if (tree) {
        err = (struct rs_err){0};
        rs_fail(&err, RS_EARG, "ui:, keys: and columns: are wanted");
        complain(&r, 1, &err);
    }
    rs_val_free(tree);
    free(text);
}

/* What differs from the built-in, in the order of the table. */
static struct rs_val *ui_map(const struct rs_values *ui)
{
    struct rs_val *all = rs_values_to_map(ui);
    struct rs_val *out = rs_val_map();
    for (size_t i = 0; i < all->n; i++) {
        if (rs_values_is_set(ui, all->keys[i])) {
            rs_val_set(out, all->keys[i], rs_val_copy(all->items[i]));
        }
    }
    rs_val_free(all);
    return out;
}

static enum rs_code may_write(const char *path, struct rs_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT) return RS_OK;
    if (stat(path, &st) != 0) return rs_fail_errno(err, errno, "%s", path);
    if (st.st_uid != geteuid()) {
        return rs_fail(err, RS_EREFUSED, "%s: belongs to another user", path);
    }
    return RS_OK;
}

enum rs_code tui_config_write(const struct tui_config *c, struct rs_err *err)
{
    if (!c->path) return rs_fail(err, RS_EARG, "nowhere to save to: HOME is not set");
    struct rs_val *tree = rs_val_map();
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_val_set(tree, "ui", ui_map(c->ui));
    rs_val_set(tree, "keys", rs_val_copy(c->keys));
    rs_val_set(tree, "columns", rs_val_copy(c->columns));
    for (size_t i = tree->n; i-- > 0;) {
        if (tree->items[i]->n == 0) rs_val_remove(tree, tree->keys[i]);
    }
    rs_yaml_print(tree, &text);
    enum rs_code rc = may_write(c->path, err);
    char *dir = rs_xstrdup(c->path);
    char *slash = strrchr(dir, '/');
    if (slash && slash != dir) {
        *slash = '\0';
        if (!rc) rc = rs_fs_mkdirs(dir, err);
    }
    if (!rc) rc = rs_fs_write(c->path, rs_str_text(&text), text.len, err);
    free(dir);
    rs_str_clear(&text);
    rs_val_free(tree);
    return rc;
}
