/* Tasks: throttle, cancel through parents; the bar's text at any width and on a terminal. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "rs/base/table.h"
#include "rs/base/task.h"

struct seen {
    int n;
    struct rs_progress last;
};

static void see(const struct rs_progress *p, void *ctx)
{
    struct seen *s = ctx;
    s->n++;
    s->last = *p;
}

static void reports_are_throttled_but_the_first_and_last(void **state)
{
    (void)state;
    struct seen s = {0};
    struct rs_task task = {.on_progress = see, .ctx = &s};
    rs_task_begin(&task, "read", "rows", 1000);
    rs_task_report(&task, 1);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.last.what, "read");
    assert_string_equal(s.last.unit, "rows");
    assert_true(s.last.done == 1 && s.last.total == 1000 && s.last.step == -1);
    assert_null(s.last.metric);
    task.told_ns += 1000000000000; /* as if the last report were never old enough */
    for (int i = 2; i < 1000; i++)
        rs_task_report(&task, i);
    assert_int_equal(s.n, 1);
    rs_task_report(&task, 1000);
    assert_int_equal(s.n, 2);
    assert_true(s.last.done == 1000);
    task.told_ns -= 100000001; /* as if a tenth of a second had passed */
    rs_task_report(&task, 5);
    assert_int_equal(s.n, 3);
    assert_true(s.last.seconds >= 0);
}

static void values_of_steps_are_never_throttled(void **state)
{
    (void)state;
    struct seen s = {0};
    struct rs_task task = {.on_progress = see, .ctx = &s};
    rs_task_begin(&task, "train als", "epochs", 15);
    for (int i = 1; i <= 15; i++)
        rs_task_metric(&task, i, "loss", i, 1.0 / i);
    assert_int_equal(s.n, 15);
    assert_string_equal(s.last.metric, "loss");
    assert_true(s.last.step == 15 && s.last.value == 1.0 / 15);
    rs_task_begin(&task, "evaluate", NULL, 0); /* the next stage starts afresh */
    rs_task_report(&task, 3);
    assert_int_equal(s.n, 16);
    assert_null(s.last.unit);
}

static void a_cancel_reaches_children(void **state)
{
    (void)state;
    struct rs_task top = {0};
    struct rs_task middle = {.parent = &top};
    struct rs_task leaf = {.parent = &middle};
    rs_task_begin(&leaf, "x", NULL, 0);
    assert_false(rs_task_cancelled(&leaf));
    atomic_store(&middle.cancel, true);
    assert_true(rs_task_cancelled(&leaf));
    assert_false(rs_task_cancelled(&top));
    atomic_store(&middle.cancel, false);
    atomic_store(&top.cancel, true);
    assert_true(rs_task_cancelled(&leaf));
}

static void no_task_means_no_progress(void **state)
{
    (void)state;
    rs_task_begin(NULL, "x", "y", 1);
    rs_task_report(NULL, 1);
    rs_task_metric(NULL, 1, "loss", 1, 1);
    assert_false(rs_task_cancelled(NULL));
    struct rs_task silent = {0};
    rs_task_begin(&silent, "x", "y", 1);
    rs_task_report(&silent, 1);
    rs_task_metric(&silent, 1, "loss", 1, 1);
}

static void assert_bar(const struct rs_progress *p, int width, bool ascii, const char *want)
{
    char text[512];
    rs_bar_text(p, width, ascii, text, sizeof(text));
    assert_string_equal(text, want);
}

static const struct rs_progress epochs = {.what = "train als",
                                          .unit = "epochs",
                                          .done = 8,
                                          .total = 15,
                                          .metric = "loss",
                                          .value = 0.12341,
                                          .step = 8,
                                          .seconds = 2.58};

static void the_bar_has_all_fields_where_there_is_room(void **state)
{
    (void)state;
    assert_bar(&epochs, 100, true,
               "train als  [######------]  53%  8/15 epochs  3.1 epochs/s  eta 3 s  loss 0.1234");
    assert_bar(
        &epochs, 30, false,
        "train als  [\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
        "\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91]  53%");
}

static void narrow_terminals_drop_fields_from_the_right(void **state)
{
    (void)state;
    for (int width = 1; width < 120; width++) {
        char text[512];
        rs_bar_text(&epochs, width, width % 2, text, sizeof(text));
        assert_true(rs_text_width(text) <= width);
    }
    assert_bar(&epochs, 70, true,
               "train als  [######------]  53%  8/15 epochs  3.1 epochs/s  eta 3 s");
    assert_bar(&epochs, 65, true, "train als  [######------]  53%  8/15 epochs  3.1 epochs/s");
    assert_bar(&epochs, 24, true, "train als");
    assert_bar(&epochs, 5, true, "trai\xe2\x80\xa6");
    assert_bar(&epochs, 0, true, "");
}

static void numbers_are_short_and_odd_ones_harmless(void **state)
{
    (void)state;
    struct rs_progress p = {
        .what = "read", .unit = "rows", .done = 12345678, .total = 20e6, .seconds = 3, .step = -1};
    assert_bar(&p, 100, true,
               "read  [#######-----]  61%  12.3 M/20.0 M rows  4.1 M rows/s  eta 2 s");
    p.total = 0; /* unknown: no bar, time so far */
    assert_bar(&p, 100, true, "read  12.3 M rows  4.1 M rows/s  3 s");
    p.seconds = 250.7;
    assert_bar(&p, 100, true, "read  12.3 M rows  49.2 k rows/s  4 min 10 s");
    p.unit = NULL;
    p.done = 0;
    assert_bar(&p, 100, true, "read  0");
    p = (struct rs_progress){.what = "x", .done = 9999, .total = 9999, .seconds = 100};
    assert_bar(&p, 100, true, "x  [############]  100%  9999/9999  100/s  eta 0 s");
    p.done = 12000; /* more than was promised */
    assert_bar(&p, 100, true, "x  [############]  100%  12.0 k/9999  120/s  eta 0 s");
    p = (struct rs_progress){.what = "x", .done = 999950, .total = 2e12, .metric = "loss"};
    p.value = NAN;
    assert_bar(&p, 100, true, "x  [------------]  0%  1.0 M/2.0 T");
    p.value = 1.5e-7;
    p.done = -1;
    assert_bar(&p, 100, true, "x  [------------]  0%  -1/2.0 T  loss 1.5e-07");
    p = (struct rs_progress){.what = "a\x1b[2J\n"};
    assert_bar(&p, 100, true, "a?[2J?  0");
    p.what = NULL;
    assert_bar(&p, 100, true, "  0");
    char small[4] = "abc";
    rs_bar_text(&epochs, 100, true, small, sizeof(small)); /* no room: nothing, not a part */
    assert_string_equal(small, "");
}

static void a_bar_is_drawn_on_terminals_only(void **state)
{
    (void)state;
    struct rs_bar bar;
    FILE *f = tmpfile();
    assert_non_null(f);
    rs_bar_init(&bar, f, true);
    assert_false(bar.on);
    rs_bar_update(&bar, &epochs);
    rs_bar_finish(&bar);
    assert_int_equal(ftell(f), 0);
    fclose(f);

    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const char *name = ptsname(master);
    assert_non_null(name);
    int fd = open(name, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    struct winsize size = {.ws_row = 24, .ws_col = 60};
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    f = fdopen(fd, "w");
    setenv("TERM", "dumb", 1);
    rs_bar_init(&bar, f, true);
    assert_false(bar.on);
    setenv("TERM", "xterm", 1);
    rs_bar_init(&bar, f, false);
    assert_false(bar.on);
    rs_bar_init(&bar, f, true);
    assert_true(bar.on);
    assert_int_equal(bar.width, 60);
    rs_bar_update(&bar, &epochs);
    rs_bar_finish(&bar);
    rs_bar_finish(&bar); /* wipes once */
    char got[256] = {0};
    static const char want[] = "\rtrain als  [######------]  53%  8/15 epochs  3.1 epochs/s\x1b[K"
                               "\r\x1b[K";
    for (size_t n = 0; n < sizeof(want) - 1;) { /* a terminal gives in pieces what was one write */
        ssize_t more = read(master, got + n, sizeof(want) - 1 - n);
        assert_true(more > 0);
        n += (size_t)more;
    }
    assert_string_equal(got, want);
    fclose(f);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_throttled_but_the_first_and_last),
        cmocka_unit_test(values_of_steps_are_never_throttled),
        cmocka_unit_test(a_cancel_reaches_children),
        cmocka_unit_test(no_task_means_no_progress),
        cmocka_unit_test(the_bar_has_all_fields_where_there_is_room),
        cmocka_unit_test(narrow_terminals_drop_fields_from_the_right),
        cmocka_unit_test(numbers_are_short_and_odd_ones_harmless),
        cmocka_unit_test(a_bar_is_drawn_on_terminals_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
