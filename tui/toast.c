/*
 * toast - what just happened, for a moment on the status row; errors also in a log.
 *
 * A toast stays until the next key or 5 s; those that come meanwhile wait their turn. The log keeps
 * the newest errors; its rows are copies, so a table of them outlives what comes next.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyph.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "table.h"
#include "widgets.h"

#define SHOWN_NS 5000000000LL
enum { MAX_WAITING = 8, MAX_LOG = 500, MAX_LINES = 2 };

struct toast {
    char *text;
    bool error;
};

struct entry {
    int64_t at_ms;
    uint64_t number;
    char *where, *text;
};

struct tui_toasts {
    struct toast waiting[MAX_WAITING]; /* [0] is shown */
    int n_waiting;
    int64_t until_ns; /* 0: its time begins with the next tick */
    struct entry log[MAX_LOG];
    int n_log; /* oldest first */
    uint64_t n_ever, n_read;
};

struct tui_toasts *tui_toasts_new(void)
{
    return rs_xalloc(1, sizeof(struct tui_toasts));
}

static void entry_clear(struct entry *e)
{
    free(e->where);
    free(e->text);
}

void tui_toasts_free(struct tui_toasts *t)
{
    if (!t) return;
    for (int i = 0; i < t->n_waiting; i++)
        free(t->waiting[i].text);
    for (int i = 0; i < t->n_log; i++)
        entry_clear(&t->log[i]);
    free(t);
}

static void keep(struct tui_toasts *t, const char *where, const char *text)
{
    if (t->n_log == MAX_LOG) {
        entry_clear(&t->log[0]);
        memmove(t->log, t->log + 1, (MAX_LOG - 1) * sizeof(t->log[0]));
        t->n_log--;
    }
    t->log[t->n_log++] = (struct entry){.at_ms = rs_clock_now_ms(),
                                        .number = ++t->n_ever,
                                        .where = rs_xstrdup(where),
                                        .text = rs_xstrdup(text)};
}

void tui_toast(struct tui_toasts *t, bool error, const char *where, const char *text,
               int64_t now_ns)
{
    where = where ? where : "";
    if (error) keep(t, where, text);
    if (t->n_waiting == MAX_WAITING) free(t->waiting[--t->n_waiting].text);
    char *shown = error && *where ? rs_xprintf("%s: %s", where, text) : rs_xstrdup(text);
    t->waiting[t->n_waiting++] = (struct toast){shown, error};
    if (t->n_waiting == 1) t->until_ns = now_ns + SHOWN_NS;
}

/* The shown one goes; the next has its own 5 s. */
static void next(struct tui_toasts *t)
{
    free(t->waiting[0].text);
    t->n_waiting--;
    memmove(t->waiting, t->waiting + 1, (size_t)t->n_waiting * sizeof(t->waiting[0]));
    t->until_ns = 0;
}

bool tui_toasts_tick(struct tui_toasts *t, int64_t now_ns)
{
    if (t->n_waiting == 0) return false;
    if (t->until_ns == 0) t->until_ns = now_ns + SHOWN_NS;
    if (now_ns < t->until_ns) return false;
    next(t);
    if (t->n_waiting > 0) t->until_ns = now_ns + SHOWN_NS;
    return true;
}

bool tui_toasts_key(struct tui_toasts *t)
{
    if (t->n_waiting == 0) return false;
    next(t);
    return true;
}

int64_t tui_toasts_deadline(const struct tui_toasts *t)
{
    if (t->n_waiting == 0) return 0;
    return t->until_ns ? t->until_ns : 1; /* long ago: a tick is due */
}

int tui_toasts_unread(const struct tui_toasts *t)
{
    return (int)(t->n_ever - t->n_read);
}

void tui_toasts_read(struct tui_toasts *t)
{
    t->n_read = t->n_ever;
}

/* ---- drawing ---- */

/* One line stands at the right end of the status row; two take it and the row above. */
void tui_toasts_draw(const struct tui_toasts *t, struct tui_canvas *c, struct tui_rect status)
{
    status = tui_rect_cut(status, tui_canvas_rect(c));
    if (t->n_waiting == 0 || status.w < 4 || status.h < 1) return;
    const struct toast *shown = &t->waiting[0];
    enum tui_role role = shown->error ? TUI_ERROR : TUI_TEXT;
    unsigned attrs = shown->error ? TUI_BOLD : 0;
    int width = tui_text_width(shown->text);
    if (width + 2 <= status.w || status.y == 0) {
        int w = width + 2 < status.w ? width + 2 : status.w;
        struct tui_rect area = {status.x + status.w - w, status.y, w, 1};
        tui_fill(c, area, TUI_TEXT, 0);
        tui_put_in(c, area, area.x + 1, area.y, w - 1, false, shown->text, role, attrs);
        return;
    }
    tui_fill(c, (struct tui_rect){status.x, status.y - 1, status.w, MAX_LINES}, TUI_TEXT, 0);
    char line[1024];
    size_t skip;
    size_t n = tui_wrap(shown->text, status.w - 1, &skip);
    n = n < sizeof(line) ? n : sizeof(line) - 1;
    memcpy(line, shown->text, n);
    line[n] = '\0';
    struct tui_rect both = {status.x, status.y - 1, status.w, MAX_LINES};
    tui_put(c, both, status.x + 1, status.y - 1, line, role, attrs);
    tui_put_in(c, both, status.x + 1, status.y, status.w - 1, false, shown->text + n + skip, role,
               attrs);
}

/* ---- the log as a table ---- */

struct log_row {
    int64_t at_ms;
    uint64_t number;
    char at[24];
    char *where, *text;
};

struct log_data {
    int n;
    struct log_row rows[];
};

static const char *log_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                            enum tui_role *role_out)
{
    (void)buf;
    (void)size;
    const struct log_row *l = &((const struct log_data *)r->data)->rows[row];
    if (column == 0) {
        *role_out = TUI_DIM;
        return l->at;
    }
    return column == 1 ? l->where : l->text;
}

static double log_number(const struct tui_rows *r, int32_t row, int column)
{
    const struct log_row *l = &((const struct log_data *)r->data)->rows[row];
    return column == 0 ? (double)l->at_ms : (double)NAN;
}

static uint64_t log_key(const struct tui_rows *r, int32_t row)
{
    return ((const struct log_data *)r->data)->rows[row].number;
}

static void log_free(void *data)
{
    struct log_data *d = data;
    for (int i = 0; i < d->n; i++) {
        free(d->rows[i].where);
        free(d->rows[i].text);
    }
    free(d);
}

struct tui_rows *tui_toasts_rows(const struct tui_toasts *t)
{
    static const struct tui_column columns[] = {
        {"time", "time (UTC)", 19, 0}, {"where", "where", 12, 0}, {"text", "what", 40, TUI_GROWS}};
    struct log_data *d = rs_xalloc(1, sizeof(*d) + (size_t)t->n_log * sizeof(d->rows[0]));
    d->n = t->n_log;
    for (int i = 0; i < t->n_log; i++) {
        const struct entry *e = &t->log[t->n_log - 1 - i]; /* newest first */
        struct log_row *l = &d->rows[i];
        char stamp[32];
        rs_clock_format(e->at_ms, stamp, sizeof(stamp)); /* "2026-11-24T18:13:00Z" */
        snprintf(l->at, sizeof(l->at), "%.10s %.8s", stamp, stamp + 11);
        l->at_ms = e->at_ms;
        l->number = e->number;
        l->where = rs_xstrdup(e->where);
        l->text = rs_xstrdup(e->text);
    }
    struct tui_rows *rows = tui_rows_new(columns, 3, t->n_log, d);
    rows->text = log_text;
    rows->number = log_number;
    rows->key = log_key;
    rows->free = log_free;
    return rows;
}
