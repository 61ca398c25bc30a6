/*
 * task - the throttle between a kernel's loop and whoever watches it.
 *
 * One thread reports; any thread may cancel. The clock is read once a report.
 */
#include "rs/base/task.h"

#include <stddef.h>

#include "rs/base/clock.h"

static const int64_t min_gap_ns = 100000000; /* 10 reports a second */

void rs_task_begin(struct rs_task *task, const char *what, const char *unit, double total)
{
    if (!task) return;
    task->what = what;
    task->unit = unit;
    task->total = total;
    task->begun_ns = rs_clock_mono_ns();
    task->told_ns = 0;
}

bool rs_task_cancelled(const struct rs_task *task)
{
    for (; task; task = task->parent) {
        if (atomic_load_explicit(&task->cancel, memory_order_relaxed)) return true;
    }
    return false;
}

static void tell(struct rs_task *task, double done, const char *metric, int64_t step, double value,
                 int64_t now_ns)
{
    const struct rs_progress p = {
        .what = task->what,
        .unit = task->unit,
        .done = done,
        .total = task->total,
        .metric = metric,
        .value = value,
        .step = step,
        .seconds = (double)(now_ns - task->begun_ns) * 1e-9,
    };
    task->told_ns = now_ns;
    task->on_progress(&p, task->ctx);
}

void rs_task_report(struct rs_task *task, double done)
{
    if (!task || !task->on_progress) return;
    int64_t now = rs_clock_mono_ns();
    bool first = task->told_ns == 0;
    bool last = task->total > 0 && done >= task->total;
    if (first || last || now - task->told_ns >= min_gap_ns) tell(task, done, NULL, -1, 0, now);
}

void rs_task_metric(struct rs_task *task, double done, const char *metric, int64_t step,
                    double value)
{
    if (!task || !task->on_progress) return;
    tell(task, done, metric, step, value, rs_clock_mono_ns());
}
