/* ticks - where an axis has its marks, and what stands at them. */
#include "ticks.h"

#include <math.h>
#include <stdio.h>

static double nice_step(int rank) /* … 0.1 0.2 0.5 1 2 5 10 …, 0 is 1 */
{
    static const double steps[] = {1, 2, 5};
    int within = (rank % 3 + 3) % 3;
    return steps[within] * pow(10, (rank - within) / 3.0);
}

static int n_multiples(const struct tui_scale *s, double step)
{
    double n = floor(s->hi / step + 1e-9) - ceil(s->lo / step - 1e-9) + 1;
    return n < 1000 ? (int)n : 1000;
}

double tui_tick_step(const struct tui_scale *s, int max, bool whole)
{
    int rank = 3 * (int)ceil(log10(s->hi - s->lo)) + 3;
    if (whole && rank < 0) rank = 0;
    int least = whole ? 0 : rank - 40;
    while (rank > least && n_multiples(s, nice_step(rank)) < 2)
        rank--;
    while (rank > least && n_multiples(s, nice_step(rank - 1)) <= max)
        rank--;
    return nice_step(rank);
}

int tui_ticks(const struct tui_scale *s, double step, double out[TUI_MAX_TICKS])
{
    int n = 0;
    double first = ceil(s->lo / step - 1e-9);
    for (; n < TUI_MAX_TICKS && (first + n) * step <= s->hi + step * 1e-9; n++)
        out[n] = (first + n) * step;
    return n;
}

int tui_ticks_log(const struct tui_scale *s, int max, double out[TUI_MAX_TICKS])
{
    int from = 3 * (int)floor(s->lo);
    int to = 3 * (int)ceil(s->hi);
    int decades = (int)(floor(s->hi) - ceil(s->lo)) + 1;
    int by = decades >= 2 ? 3 * ((decades + max - 1) / max) : 1;
    int n = 0;
    for (int rank = from; rank <= to && n < TUI_MAX_TICKS; rank += by) {
        double v = nice_step(rank);
        if (log10(v) >= s->lo - 1e-9 && log10(v) <= s->hi + 1e-9) out[n++] = v;
    }
    if (n >= 2) return n;
    struct tui_scale plain = {pow(10, s->lo), pow(10, s->hi)};
    return tui_ticks(&plain, tui_tick_step(&plain, max, false), out);
}

void tui_tick_text(double v, double step, char out[TUI_TICK_SIZE])
{
    int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    if (fabs(v) < step * 1e-6) v = 0; /* no "-0" */
    bool plain = digits <= 6 && fabs(v) < 1e6;
    snprintf(out, TUI_TICK_SIZE, plain ? "%.*f" : "%.*g", plain ? digits : 4, v);
}
