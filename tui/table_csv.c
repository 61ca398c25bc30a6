/*
 * table_csv - a table as CSV.
 */
#include <string.h>

#include "table.h"

enum { CELL = 512 };

static void add_field(struct rs_str *out, const char *s, bool last)
{
    if (strpbrk(s, ",\"\r\n")) {
        rs_str_addc(out, '"');
        for (; *s; s++) {
            if (*s == '"') rs_str_addc(out, '"');
            rs_str_addc(out, *s);
        }
        rs_str_addc(out, '"');
    } else {
        rs_str_add(out, s);
    }
    rs_str_add(out, last ? "\r\n" : ",");
}

void tui_table_csv(const struct tui_table *t, struct rs_str *out)
{
    char buf[CELL];
    if (!t->rows) return;
    int n = t->rows->columns.n;
    for (int c = 0; c < n; c++) {
        add_field(out, t->rows->columns.list[c].name, c + 1 == n);
    }
    for (int32_t i = 0; i < t->n_shown; i++) {
        for (int c = 0; c < n; c++) {
            add_field(out, tui_rows_text(t->rows, t->order[i], c, buf, sizeof(buf)), c + 1 == n);
        }
    }
}
