/*
 * bar - one line of progress, fields dropped from the right where the terminal is narrow.
 */
#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rs/base/clock.h"
#include "rs/base/str.h"
#include "rs/base/table.h"
#include "rs/base/task.h"

enum { BAR_CELLS = 12, FIELD_SIZE = 160, MAX_FIELDS = 7, MAX_WHAT = 40, DEFAULT_WIDTH = 80 };

/* 8, 9999, 12.3 k, 20.0 M; below 100 a fraction keeps one decimal where asked. */
static void add_amount(struct rs_str *out, double v, bool fraction)
{
    static const char units[] = "kMGT";
    if (fraction && v < 99.95) {
        rs_str_addf(out, v < 0.95 ? "%.2f" : "%.1f", v);
        return;
    }
    if (v < 9999.5) {
        rs_str_addf(out, "%.0f", v);
        return;
    }
    size_t u = 0;
    for (v /= 1000; v >= 999.95 && units[u + 1]; u++)
        v /= 1000;
    rs_str_addf(out, "%.1f %c", v, units[u]);
}

static void add_bar(struct rs_str *out, double share, bool ascii)
{
    int full = (int)floor(share * BAR_CELLS);
    rs_str_addc(out, '[');
    for (int i = 0; i < BAR_CELLS; i++) {
        if (ascii) {
            rs_str_addc(out, i < full ? '#' : '-');
        } else {
            rs_str_add(out, i < full ? "\xe2\x96\x88" : "\xe2\x96\x91"); /* full block, light */
        }
    }
    rs_str_addc(out, ']');
}

static void add_done(struct rs_str *out, const struct rs_progress *p)
{
    add_amount(out, p->done, false);
    if (p->total > 0) {
        rs_str_addc(out, '/');
        add_amount(out, p->total, false);
    }
    if (p->unit) rs_str_addf(out, " %s", p->unit);
}

static void add_time(struct rs_str *out, const struct rs_progress *p, double rate)
{
    char text[48];
    double seconds = p->total > 0 ? ceil((p->total - p->done) / rate) : floor(p->seconds);
    if (seconds < 0) seconds = 0;
    if (seconds < 60) {
        snprintf(text, sizeof(text), "%.0f s", seconds);
    } else {
        rs_clock_format_duration(seconds, text, sizeof(text));
    }
    rs_str_addf(out, p->total > 0 ? "eta %s" : "%s", text);
}

static void add_metric(struct rs_str *out, const struct rs_progress *p)
{
    double size = fabs(p->value);
    bool plain = size >= 1e-3 && size < 1e4;
    rs_str_addf(out, plain ? "%s %.4f" : "%s %.4g", p->metric, p->value);
}

/* Fields in the order of the line; returns how many there are. */
static int make_fields(const struct rs_progress *p, bool ascii, struct rs_str *fields)
{
    int n = 0;
    rs_text_fit(p->what ? p->what : "", MAX_WHAT, &fields[n++]);
    if (p->total > 0) {
        double share = p->done / p->total;
        if (!(share > 0)) share = 0;
        if (share > 1) share = 1;
        add_bar(&fields[n++], share, ascii);
        rs_str_addf(&fields[n++], "%d%%", (int)floor(share * 100));
    }
    add_done(&fields[n++], p);
    double rate = p->seconds > 0 ? p->done / p->seconds : 0;
    if (rate > 0) {
        add_amount(&fields[n], rate, true);
        rs_str_addf(&fields[n++], p->unit ? " %s/s" : "/s", p->unit);
        add_time(&fields[n++], p, rate);
    }
    if (p->metric && isfinite(p->value)) add_metric(&fields[n++], p);
    return n;
}

void rs_bar_text(const struct rs_progress *p, int width, bool ascii, char *buf, size_t size)
{
    struct rs_str fields[MAX_FIELDS];
    struct rs_str line;
    for (int i = 0; i < MAX_FIELDS; i++)
        rs_str_init(&fields[i], FIELD_SIZE);
    rs_str_init(&line, 0);
    int n = make_fields(p, ascii, fields);
    int used = 0;
    for (int i = 0; i < n; i++) {
        const char *text = rs_str_text(&fields[i]);
        int need = rs_text_width(text) + (i > 0 ? 2 : 0);
        if (i > 0 && used + need > width) break;
        if (i > 0) rs_str_add(&line, "  ");
        rs_text_fit(text, width, &line);
        used += need;
    }
    if (size > 0) {
        size_t len = line.len < size ? line.len : 0; /* never a part of a character */
        memcpy(buf, rs_str_text(&line), len);
        buf[len] = '\0';
    }
    rs_str_clear(&line);
    for (int i = 0; i < MAX_FIELDS; i++)
        rs_str_clear(&fields[i]);
}

static int terminal_width(int fd)
{
    struct winsize ws;
    return ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 ? ws.ws_col : DEFAULT_WIDTH;
}

void rs_bar_init(struct rs_bar *b, FILE *f, bool on)
{
    const char *term = getenv("TERM");
    bool dumb = !term || rs_str_eq(term, "dumb");
    *b = (struct rs_bar){.f = f, .on = on && !dumb && isatty(fileno(f)), .width = DEFAULT_WIDTH};
    if (b->on) b->width = terminal_width(fileno(f));
}

void rs_bar_update(struct rs_bar *b, const struct rs_progress *p)
{
    if (!b->on) return;
    char text[1024];
    b->width = terminal_width(fileno(b->f)); /* the window may have changed */
    bool ascii = !rs_str_eq(nl_langinfo(CODESET), "UTF-8");
    rs_bar_text(p, b->width - 1, ascii, text, sizeof(text)); /* the last column would wrap */
    fprintf(b->f, "\r%s\x1b[K", text);
    fflush(b->f);
    b->shown = true;
}

void rs_bar_finish(struct rs_bar *b)
{
    if (b->shown) {
        fputs("\r\x1b[K", b->f);
        fflush(b->f);
    }
    b->shown = false;
}
