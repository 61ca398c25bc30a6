/*
 * ticks - nice places for the marks of an axis: 1, 2 or 5 times a power of ten.
 */
#ifndef TUI_TICKS_H
#define TUI_TICKS_H

#include <stdbool.h>

enum { TUI_MAX_TICKS = 24, TUI_TICK_SIZE = 24 };

/* What an axis spans, lo < hi; of a logarithmic one the logarithms to base 10. */
struct tui_scale {
    double lo, hi;
};
/* The finest nice step with at most max marks in the range, but fine enough for two. whole: not
 * below 1. */
double tui_tick_step(const struct tui_scale *s, int max, bool whole);
/* Multiples of step in the range; how many. */
int tui_ticks(const struct tui_scale *s, double step, double out[TUI_MAX_TICKS]);
/* Powers of ten, with 2 and 5 between where those are few; values, not logarithms. */
int tui_ticks_log(const struct tui_scale *s, int max, double out[TUI_MAX_TICKS]);
/* With as many digits as the step has. */
void tui_tick_text(double v, double step, char out[TUI_TICK_SIZE]);

#endif
