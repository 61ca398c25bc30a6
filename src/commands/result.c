/*
 * result - documents and blocks of a command; the two stay apart until a door prints one of them.
 */
#include "rs/commands/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/mem.h"

void rs_result_init(struct rs_result *r)
{
    *r = (struct rs_result){.doc = rs_val_map()};
}

void rs_result_clear(struct rs_result *r)
{
    rs_val_free(r->doc);
    for (size_t i = 0; i < r->n_blocks; i++) {
        free(r->blocks[i].heading);
        free(r->blocks[i].text);
        rs_table_free(r->blocks[i].table);
    }
    free(r->blocks);
    *r = (struct rs_result){0};
}

static struct rs_block *add_block(struct rs_result *r)
{
    struct rs_block *grown = rs_xalloc(r->n_blocks + 1, sizeof(*grown));
    for (size_t i = 0; i < r->n_blocks; i++) {
        grown[i] = r->blocks[i];
    }
    free(r->blocks);
    r->blocks = grown;
    return &r->blocks[r->n_blocks++];
}

struct rs_val *rs_result_set(struct rs_result *r, const char *key, struct rs_val *v)
{
    return rs_val_set(r->doc, key, v);
}

void rs_result_say(struct rs_result *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    rs_assert(len >= 0);
    char *line = rs_xalloc((size_t)len + 1, 1);
    va_start(ap, fmt);
    vsnprintf(line, (size_t)len + 1, fmt, ap);
    va_end(ap);
    add_block(r)->text = line;
}

void rs_result_lines(struct rs_result *r, const char *text)
{
    add_block(r)->text = rs_xstrdup(text);
}

void rs_result_table(struct rs_result *r, const char *key, const char *heading,
                     struct rs_table *table)
{
    if (key) {
        rs_val_set(r->doc, key, rs_table_to_val(table));
    }
    struct rs_block *b = add_block(r);
    b->heading = rs_xstrdup(heading);
    b->table = table;
}

void rs_result_append(struct rs_result *r, const char *key, struct rs_result *from)
{
    for (size_t i = 0; i < from->n_blocks; i++) {
        *add_block(r) = from->blocks[i];
    }
    free(from->blocks);
    from->blocks = NULL;
    from->n_blocks = 0;
    if (key) {
        rs_val_set(r->doc, key, from->doc);
        from->doc = NULL;
    }
    rs_result_clear(from);
    rs_result_init(from);
}

void rs_result_print(const struct rs_result *r, int max_width, bool bold, struct rs_str *out)
{
    for (size_t i = 0; i < r->n_blocks; i++) {
        const struct rs_block *b = &r->blocks[i];
        if (b->heading) {
            if (i > 0) {
                rs_str_addc(out, '\n');
            }
            rs_str_addf(out, bold ? "\x1b[1m%s\x1b[0m\n" : "%s\n", b->heading);
        }
        if (b->text) {
            rs_str_addf(out, "%s\n", b->text);
        }
        if (b->table && rs_table_n_rows(b->table) == 0) {
            rs_str_add(out, "none\n");
        } else if (b->table) {
            rs_table_print(b->table, max_width, out);
        }
    }
}

void rs_result_csv(const struct rs_result *r, struct rs_str *out)
{
    bool first = true;
    for (size_t i = 0; i < r->n_blocks; i++) {
        if (!r->blocks[i].table) continue;
        if (!first) {
            rs_str_addc(out, '\n');
        }
        rs_table_csv(r->blocks[i].table, out);
        first = false;
    }
}
