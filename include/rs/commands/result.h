/*
 * result - what a command found: one JSON document, and blocks of text and tables for people.
 */
#ifndef RS_COMMANDS_RESULT_H
#define RS_COMMANDS_RESULT_H

#include "rs/base/str.h"
#include "rs/base/table.h"
#include "rs/base/val.h"

struct rs_result {
    struct rs_val *doc; /* a map: what --json prints */
    struct rs_block {
        char *heading;          /* or NULL */
        char *text;             /* or NULL */
        struct rs_table *table; /* or NULL */
    } * blocks;
    size_t n_blocks;
    int exit_status; /* of a command that worked but found a "no": verify, gate, doctor; else 0 */
};

void rs_result_init(struct rs_result *r);
void rs_result_clear(struct rs_result *r);

/* JSON only. rs_val_set_* on r->doc do as well. */
struct rs_val *rs_result_set(struct rs_result *r, const char *key, struct rs_val *v);
/* People only: a line of text (a newline is added). */
void rs_result_say(struct rs_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* People only: text of any length, as it is. */
void rs_result_lines(struct rs_result *r, const char *text);
/* Both: key = rows (list of maps), shown under heading. Takes the table. key NULL: people only. */
void rs_result_table(struct rs_result *r, const char *key, const char *heading,
                     struct rs_table *table);
/* Append what `from` has: blocks after ours, its document under key (NULL: dropped). Empties it. */
void rs_result_append(struct rs_result *r, const char *key, struct rs_result *from);

/* The blocks as people see them; max_width of the terminal, 0: unlimited. bold: headings in
 * bold by ANSI codes. */
void rs_result_print(const struct rs_result *r, int max_width, bool bold, struct rs_str *out);
/* The tables as CSV, one after the other, blank line between. */
void rs_result_csv(const struct rs_result *r, struct rs_str *out);

#endif
