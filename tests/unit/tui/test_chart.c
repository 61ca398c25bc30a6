/* Charts: what the raster shows, ticks, the head's numbers, gaps, spikes, any size. */
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ref/support.h"
#include "tui/glyph.h"
#include "tui/ticks.h"
#include "tui/widgets.h"

static char *draw(const struct tui_chart *ch, const struct tui_glyphs *g, int w, int h)
{
    struct tui_canvas c;
    struct rs_str out;
    rs_str_init(&out, 0);
    tui_canvas_init(&c, g);
    tui_canvas_resize(&c, w, h);
    tui_chart_draw(ch, &c, tui_canvas_rect(&c));
    tui_canvas_text(&c, &out);
    tui_canvas_clear(&c);
    return rs_str_take(&out);
}

static void expect(const struct tui_chart *ch, const struct tui_glyphs *g, int w, int h,
                   const char *want)
{
    char *got = draw(ch, g, w, h);
    assert_string_equal(got, want);
    free(got);
}

static const double steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const double falling[] = {0.41,  0.36,  0.33,  0.32,  0.31,  0.305, 0.30,  0.298,
                                 0.296, 0.295, 0.294, 0.293, 0.292, 0.291, 0.291, 0.291};

static struct tui_chart loss(const struct tui_series *s)
{
    return (struct tui_chart){.title = "loss",
                              .series = s,
                              .n = 1,
                              .lower_is_better = true,
                              .whole_x = true,
                              .x_end = 15,
                              .cursor = -1};
}

static void one_line_in_three_rasters(void **state)
{
    (void)state;
    struct tui_series s = {.x = steps, .y = falling, .n = 12, .letter = 'a', .name = "13"};
    struct tui_chart ch = loss(&s);
    expect(&ch, &tui_glyphs_ascii, 40, 9,
           "-- loss  last 0.293 --------------------\n"
           "0.4|\".\n"
           "   | |\n"
           "   |  |\n"
           "   |   \".\n"
           "   |    ''--.\n"
           "0.3|         '''-----........ a\n"
           "   ++---+----+---+----+---+---+----+--\n"
           "    0   2    4   6    8   10  12   14\n");
    expect(&ch, &tui_glyphs_utf8, 40, 9,
           "── loss  last 0.293 ────────────────────\n"
           "0.4│⢣\n"
           "   │ ⢇\n"
           "   │ ⠈⢆\n"
           "   │   ⠱⡀\n"
           "   │    ⠈⠒⠤⢄⡀\n"
           "0.3│        ⠈⠉⠒⠒⠢⠤⠤⠤⠤⠤⠤⣀⣀⣀⣀⣀⣀ a\n"
           "   └┬───┬────┬───┬────┬───┬────┬───┬──\n"
           "    0   2    4   6    8   10   12  14\n");
    struct tui_glyphs half = tui_glyphs_utf8;
    half.braille = false;
    struct tui_series two = {.x = steps, .y = steps, .n = 4};
    ch = (struct tui_chart){.title = "t", .series = &two, .n = 1, .cursor = -1};
    expect(&ch, &half, 14, 3, "── t  last 3 ─\n2│     ▄▄▄▀▀\n0│▄▄▀▀▀\n");
}

/* 10,000 points in some 20 columns: what stands out is there, whatever the dash. */
static void a_spike_survives_thinning(void **state)
{
    (void)state;
    enum { N = 10000 };
    double *x = calloc(N, sizeof(*x));
    double *y = calloc(N, sizeof(*y));
    assert_non_null(x);
    assert_non_null(y);
    for (int i = 0; i < N; i++)
        x[i] = i;
    y[5123] = 1;
    y[2600] = -1;
    for (int i = 0; i < TUI_MAX_SERIES; i++) {
        struct tui_series s = {.x = x, .y = y, .n = N, .letter = (char)('a' + i)};
        struct tui_chart ch = {.title = "p99", .series = &s, .n = 1, .cursor = -1};
        char *got = draw(&ch, &tui_glyphs_ascii, 26, 4);
        const char *top = strchr(got, '\n') + 1;
        const char *middle = strchr(top, '\n') + 1;
        const char *bottom = strchr(middle, '\n') + 1;
        assert_int_equal(top[2], '|');
        assert_true(strcspn(top + 3, "'\":|") < strcspn(top + 3, "\n"));
        assert_true(strcspn(bottom + 3, ".:,|") < strcspn(bottom + 3, "\n"));
        free(got);
    }
    free(x);
    free(y);
}

static void gaps_are_counted_and_not_bridged(void **state)
{
    (void)state;
    const double y[] = {1, 1, NAN, INFINITY, 1, 1, 2, 2};
    struct tui_series s = {.x = steps, .y = y, .n = 8};
    struct tui_chart ch = {.title = "ndcg", .series = &s, .n = 1, .cursor = -1};
    expect(&ch, &tui_glyphs_ascii, 28, 3,
           "-- ndcg  last 2  2 gaps ----\n"
           "2|                  .-''''\n"
           "1|....         ....-'\n");
}

static void head_says_last_best_and_where(void **state)
{
    (void)state;
    const double up[] = {0.10, 0.1189, 0.1187};
    struct tui_series s = {.x = steps + 8, .y = up, .n = 3};
    struct tui_chart ch = {.title = "NDCG@10", .series = &s, .n = 1, .cursor = -1};
    expect(&ch, &tui_glyphs_ascii, 50, 1, "-- NDCG@10  last 0.1187 best 0.1189@9 ------------\n");
    ch.lower_is_better = true;
    expect(&ch, &tui_glyphs_ascii, 50, 1, "-- NDCG@10  last 0.1187 best 0.1@8 ---------------\n");
    ch.n = 0;
    expect(&ch, &tui_glyphs_ascii, 20, 3, "-- NDCG@10 ---------\n no points yet\n\n");
    ch.n = 1;
    ch.log_scale = true;
    ch.cursor = 1;
    expect(&ch, &tui_glyphs_ascii, 60, 1,
           "-- NDCG@10  last 0.1187 best 0.1@8  log ------- @9 0.1189 --\n");
    const double none[] = {NAN, -1};
    struct tui_series bad = {.x = steps, .y = none, .n = 2};
    ch.series = &bad;
    expect(&ch, &tui_glyphs_ascii, 40, 2,
           "-- NDCG@10  2 gaps  log ------- @1 -1 --\n no points yet\n");
}

static void letters_stand_at_the_ends_and_do_not_meet(void **state)
{
    (void)state;
    const double up[] = {0, 1, 2, 3};
    const double flat[] = {3, 3, 3, 3};
    const struct tui_series s[] = {
        {.x = steps, .y = up, .n = 4, .letter = 'a', .name = "3f9a"},
        {.x = steps, .y = flat, .n = 4, .letter = 'b', .name = "2c11 (baseline)"},
        {.x = steps, .y = flat, .n = 4, .letter = 'c', .name = "91be"},
        {.x = steps, .y = up, .n = 4, .letter = 'd', .faint = true}};
    struct tui_chart ch = {
        .title = "n", .series = s, .n = 4, .whole_x = true, .cursor = 2, .focused = true};
    expect(&ch, &tui_glyphs_ascii, 50, 10,
           "-> n  last 3 ------------------- @2 a 2 b 3 c 3 --\n"
           " |''''' ' ''''' ' ''''' ' ''''' ' ''''' ' ::\"\"'' a\n"
           " |                              |   ..--''       b\n"
           "2|                           ..---''    a = 3f9a c\n"
           " |                   ...--'''   |\n"
           " |            ..---''        b = 2c11 (baseline)\n"
           " |      ..--''                  |       c = 91be\n"
           "0|..--''                        |\n"
           " ++--------------+--------------+--------------+\n"
           "  0              1              2              3\n");
}

static void ticks_are_nice(void **state)
{
    (void)state;
    double t[TUI_MAX_TICKS];
    char text[TUI_TICK_SIZE];
    const struct tui_scale s = {0.2914, 0.41};
    double step = tui_tick_step(&s, 2, false);
    assert_int_equal(tui_ticks(&s, step, t), 2);
    tui_tick_text(t[0], step, text);
    assert_string_equal(text, "0.3");
    step = tui_tick_step(&s, 7, false);
    assert_int_equal(tui_ticks(&s, step, t), 6);
    tui_tick_text(t[5], step, text);
    assert_string_equal(text, "0.40");
    const struct tui_scale whole = {0, 2};
    assert_true(tui_tick_step(&whole, 20, true) == 1); /* no half steps */
    const struct tui_scale around = {-1, 1};
    step = tui_tick_step(&around, 5, false);
    assert_int_equal(tui_ticks(&around, step, t), 5);
    tui_tick_text(t[2], step, text);
    assert_string_equal(text, "0.0");
    const struct tui_scale decades = {-3, 2};
    assert_int_equal(tui_ticks_log(&decades, 6, t), 6);
    assert_close(t, ((double[]){1e-3, 1e-2, 1e-1, 1, 10, 100}), 6, 1e-12, 0);
    assert_int_equal(tui_ticks_log(&decades, 3, t), 3);
    const struct tui_scale narrow = {log10(0.29), log10(0.41)};
    assert_true(tui_ticks_log(&narrow, 3, t) >= 2);
    tui_tick_text(2.5e9, 1e8, text);
    assert_string_equal(text, "2.5e+09");
}

/* At any size, and with values at the ends of what a double holds. */
static void any_size_any_value(void **state)
{
    (void)state;
    const double hard[] = {1e308, -1e308, 1e299, -1e299, 5e-324, 0, NAN, -INFINITY, 1e-300, 1};
    const double small[] = {1, 1 + 1e-15, 1, 1, 1, 1, 1, 1, 1, 1};
    const double *const y[] = {hard, small};
    for (int i = 0; i < 2; i++) {
        const struct tui_series s[] = {
            {.x = steps, .y = y[i], .n = 10, .letter = 'a', .name = "one"},
            {.x = hard, .y = steps, .n = 10, .letter = 'b', .name = "two"},
            {.x = steps, .y = steps, .n = 0}};
        for (int w = 1; w < 60; w++) {
            for (int h = 1; h < 14; h++) {
                struct tui_chart ch = {.title = "x",
                                       .series = s,
                                       .n = 3,
                                       .log_scale = w % 2,
                                       .whole_x = h % 2,
                                       .cursor = w % 12 - 1};
                free(draw(&ch, w % 3 ? &tui_glyphs_utf8 : &tui_glyphs_ascii, w, h));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_in_three_rasters),
        cmocka_unit_test(a_spike_survives_thinning),
        cmocka_unit_test(gaps_are_counted_and_not_bridged),
        cmocka_unit_test(head_says_last_best_and_where),
        cmocka_unit_test(letters_stand_at_the_ends_and_do_not_meet),
        cmocka_unit_test(ticks_are_nice),
        cmocka_unit_test(any_size_any_value),
    };
    return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
