/*
 * data_view - small things that users.c and items.c both draw and ask.
 */
#include "data_view.h"

#include <stdio.h>
#include <string.h>

#include "data_grid.h"
#include "glyph.h"
#include "rs/base/str.h"

const char tui_no_data[] =
    "No data yet. 1 and then D loads the demo set, :data import reads a ratings file.";
const char tui_see_errors[] = "The data could not be read. e says why, R tries again.";

enum tui_size tui_data_size(struct tui_rect content)
{
    int frame = content.y + 2; /* rows above, status and hints */
    return tui_size_of(content.w, content.h + frame);
}

static void free_nothing(void *data)
{
    (void)data;
}

void tui_data_set(struct tui_table *t, struct tui_worker *w, struct tui_rows *rows)
{
    const struct tui_rows *before = t->next ? t->next : t->rows;
    if (rows) {
        tui_table_set(t, w, tui_rows_hold(rows), NULL);
    } else if (before && before->n > 0) {
        struct tui_rows *none = tui_rows_new(before->columns.list, before->columns.n, 0, NULL);
        none->text = before->text;
        none->number = before->number;
        none->key = before->key;
        none->free = free_nothing;
        tui_table_set(t, w, none, NULL);
    }
}

void tui_data_first(struct tui_table *t)
{
    if (t->n_shown > 0) (void)tui_table_go(t, t->rows->key(t->rows, t->order[0]));
}

void tui_data_nothing(struct tui_canvas *c, struct tui_rect content, const char *title,
                      const char *text)
{
    struct tui_rect head = content;
    head.h = head.h > 0;
    tui_head(c, head, title, NULL, true);
    int y = content.y + 2;
    while (*text && content.w > 2 && y < content.y + content.h) {
        char line[256];
        size_t n = tui_text_cut(text, content.w - 2);
        n = n < sizeof(line) ? n : sizeof(line) - 1;
        for (size_t at = n; text[n] && at > 0; at--) { /* between words, where there are some */
            if (text[at] != ' ') continue;
            n = at;
            break;
        }
        if (n == 0) return;
        memcpy(line, text, n);
        line[n] = '\0';
        tui_put(c, content, content.x + 1, y++, line, TUI_TEXT, 0);
        text += n + (text[n] == ' ');
    }
}

void tui_data_bars(struct tui_canvas *c, struct tui_rect area, const struct tui_bar_row *rows,
                   int n, int32_t total)
{
    enum { COUNT = 6, GAPS = 3 };
    int32_t most = 1;
    int name = 1;
    for (int i = 0; i < n; i++) {
        int width = tui_text_width(rows[i].name);
        most = rows[i].n > most ? rows[i].n : most;
        name = width > name ? width : name;
    }
    int bar = area.w - name - COUNT - GAPS;
    int shown = n > area.h ? area.h - 1 : n; /* the last line says how many are left out */
    for (int i = 0; i < shown; i++) {
        char count[32];
        int y = area.y + i;
        tui_put_in(c, area, area.x + 1, y, name, false, rows[i].name, TUI_TEXT, 0);
        if (bar > 0) {
            tui_bar(c, area, area.x + name + 2, y, bar, (double)rows[i].n / most, TUI_BAR);
        }
        tui_put_in(c, area, area.x + area.w - COUNT, y, COUNT, true,
                   tui_thousands(rows[i].n, count), TUI_DIM, 0);
    }
    if (n == 0 && total == 0 && area.h > 0) {
        tui_put(c, area, area.x + 1, area.y, "no ratings", TUI_DIM, 0);
    } else if (n > area.h && area.h > 0) {
        tui_putf(c, area, area.x + 1, area.y + area.h - 1, TUI_DIM, 0, "+%d more", n - shown);
    }
}

void tui_data_months(struct tui_canvas *c, const struct tui_item *it, struct tui_rect area)
{
    int group = (it->n_months + area.w - 1) / area.w;
    int n = (it->n_months + group - 1) / group;
    double most = 1;
    for (int pass = 0; pass < 2; pass++) {
        for (int b = 0; b < n; b++) {
            double sum = 0;
            for (int m = b * group; m < (b + 1) * group && m < it->n_months; m++) {
                sum += it->count[m];
            }
            if (pass == 0) {
                most = sum > most ? sum : most;
                continue;
            }
            double height = sum / most * area.h;
            for (int y = 0; y < area.h && height > y; y++) {
                double part = height - y;
                int level = part >= 1 ? 7 : (int)(part * 8);
                tui_put(c, area, area.x + b, area.y + area.h - 1 - y, c->glyphs->spark[level],
                        TUI_BAR, 0);
            }
        }
    }
}

void tui_data_rules(const struct tui_view *v, struct tui_canvas *c, int n_panes)
{
    for (int i = 0; i < n_panes; i++) {
        const struct tui_rect *a = &v->panes[i].area;
        if (a->h > 0 && a->x > 0) tui_rule_down(c, a->x - 1, a->y, a->h);
    }
}

bool tui_data_read_k(struct tui_app *a, const char *text, int32_t *k)
{
    int64_t n;
    if (rs_str_to_i64(text, &n) && n >= 1 && n <= RS_MAX_K) {
        *k = (int32_t)n;
        return true;
    }
    tui_app_toast(a, "how many: '%.40s' is not a number from 1 to %d", text, RS_MAX_K);
    return false;
}
