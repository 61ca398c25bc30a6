/*
 * app_news - what changes in the store without us: jobs, what serves.
 *
 * The kernel says when the store's folder is written to (inotify), the worker then asks the store
 * whether another process committed, and only that is news. So an idle console sleeps. While jobs
 * run a question a few seconds after the last one finds those that died.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "app_impl.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/registry/versions.h"
#include "rs/store/jobs.h"

enum { MAX_SAMPLES = 8, MAX_PACES = 16, MAX_JOBS = 500 };
#define ASK_AGAIN_NS 3000000000LL /* a dead job shows within 5 s */
#define ASK_GAP_NS   250000000LL  /* bursts of writes are one question */

/* How fast a job goes: its last points of progress. */
struct pace {
    int64_t job;
    int n;
    double done[MAX_SAMPLES];
    int64_t ms[MAX_SAMPLES];
};

/* The worker's memory between questions. */
struct tui_watch {
    uint64_t mark;
    bool anyhow; /* set by the UI thread before a question, when none is under way */
    struct pace paces[MAX_PACES];
};

static const struct tui_column job_columns[] = {
    {.name = "job", .title = "job", .width = 5, .flags = TUI_NUMBER},
    {.name = "kind", .title = "kind", .width = 13, .flags = 0},
    {.name = "state", .title = "state", .width = 10, .flags = 0},
    {.name = "percent", .title = "%", .width = 4, .flags = TUI_NUMBER},
    {.name = "time", .title = "time", .width = 10, .flags = 0},
    {.name = "eta", .title = "eta", .width = 10, .flags = 0},
    {.name = "note", .title = "command or last word", .width = 18, .flags = TUI_GROWS},
};

static void news_free(void *arg)
{
    struct tui_news *n = arg;
    if (!n) return;
    tui_rows_release(n->jobs);
    free(n);
}

static struct pace *pace_of(struct tui_watch *w, int64_t job)
{
    struct pace *oldest = &w->paces[0];
    for (int i = 0; i < MAX_PACES; i++) {
        if (w->paces[i].job == job) return &w->paces[i];
        if (w->paces[i].job < oldest->job) oldest = &w->paces[i];
    }
    *oldest = (struct pace){.job = job};
    return oldest;
}

/* Seconds left by the last units; negative: not known (under 3 units or 5 s, or no total). */
static double seconds_left(struct tui_watch *w, const struct rs_job *j)
{
    if (j->total <= 0 || j->done <= 0) return -1;
    struct pace *p = pace_of(w, j->id);
    if (p->n == 0 || j->done < p->done[p->n - 1]) {
        p->n = 0; /* another stage counts anew */
    }
    if (p->n == 0 || j->done > p->done[p->n - 1]) {
        if (p->n == MAX_SAMPLES) {
            memmove(p->done, p->done + 1, (MAX_SAMPLES - 1) * sizeof(p->done[0]));
            memmove(p->ms, p->ms + 1, (MAX_SAMPLES - 1) * sizeof(p->ms[0]));
            p->n--;
        }
        p->done[p->n] = j->done;
        p->ms[p->n++] = j->beat_ms;
    }
    double units = p->done[p->n - 1] - p->done[0];
    double seconds = (double)(p->ms[p->n - 1] - p->ms[0]) / 1000;
    bool early = j->done < 3 || (double)(j->beat_ms - j->started_ms) / 1000 < 5;
    if (early || units <= 0 || seconds <= 0) return -1;
    return (j->total - j->done) * seconds / units;
}

static int percent_of(const struct rs_job *j)
{
    if (j->total > 0) return (int)(100 * j->done / j->total);
    return j->state == RS_JOB_DONE ? 100 : -1;
}

static void set_duration(struct rs_val *row, const char *key, double seconds)
{
    char text[32] = "";
    if (seconds >= 0) rs_clock_format_duration(seconds, text, sizeof(text));
    rs_val_set_str(row, key, text);
}

static struct rs_val *job_row(struct tui_watch *w, const struct rs_job *j)
{
    struct rs_val *row = rs_val_map();
    bool runs = j->state == RS_JOB_RUNNING;
    int64_t end = j->ended_ms ? j->ended_ms : rs_clock_now_ms();
    int percent = percent_of(j);
    rs_val_set_int(row, "job", j->id);
    rs_val_set_str(row, "kind", j->kind);
    rs_val_set_str(row, "state", runs && j->cancel ? "cancelling" : rs_job_state_name(j->state));
    rs_val_set(row, "percent", percent < 0 ? rs_val_null() : rs_val_int(percent));
    set_duration(row, "time", (double)(end - j->started_ms) / 1000);
    set_duration(row, "eta", runs ? seconds_left(w, j) : -1);
    rs_val_set_str(row, "note", j->message[0] ? j->message : j->command);
    return row;
}

static void count_job(struct tui_news *n, const struct rs_job *j)
{
    if (j->state != RS_JOB_RUNNING) return;
    n->any_row = true;
    if (strcmp(j->kind, "serve") == 0) return;
    if (n->n_running < 8) n->running[n->n_running] = j->id;
    if (n->n_running++ > 0) return;
    int percent = percent_of(j);
    n->newest_started_ms = j->started_ms;
    int len = snprintf(n->job, sizeof(n->job), "#%lld %.40s", (long long)j->id, j->kind);
    if (percent >= 0) {
        snprintf(n->job + len, sizeof(n->job) - (size_t)len, " %d%%", percent);
    }
}

static enum rs_code read_jobs(struct tui_watch *w, struct rs_store *st, struct tui_news *n,
                              struct rs_err *err)
{
    struct rs_job *jobs = NULL;
    size_t n_jobs = 0;
    enum rs_code rc = rs_jobs_list(st, MAX_JOBS, &jobs, &n_jobs, err);
    if (rc) return rc;
    struct rs_val *list = rs_val_list();
    for (size_t i = 0; i < n_jobs; i++) {
        count_job(n, &jobs[i]);
        rs_val_push(list, job_row(w, &jobs[i]));
        rs_job_clear(&jobs[i]);
    }
    free(jobs);
    n->jobs = tui_rows_of_result(list, job_columns, sizeof(job_columns) / sizeof(job_columns[0]));
    rs_val_free(list);
    return RS_OK;
}

static enum rs_code read_serving(struct rs_store *st, struct tui_news *n, struct rs_err *err)
{
    int64_t number = 0;
    struct rs_err none = {0};
    struct rs_version v = {0};
    enum rs_code rc = rs_alias_get(st, "production", &number, &none);
    if (rc == RS_ENOTFOUND) return RS_OK;
    if (rc) {
        *err = none;
        return rc;
    }
    rc = rs_versions_get(st, number, &v, err);
    if (rc) return rc;
    snprintf(n->serving, sizeof(n->serving), "%.30s v%lld @production", v.model, (long long)number);
    rs_version_clear(&v);
    return RS_OK;
}

/* out NULL: nothing new. */
static enum rs_code ask_news(struct tui_work *work, struct rs_err *err)
{
    struct tui_watch *w = work->in;
    struct rs_store *st;
    bool changed = false;
    enum rs_code rc = rs_ctx_store(work->ctx, &st, err);
    if (!rc && rs_store_changes(st, &w->mark, &changed, err) == RS_ENOTFOUND) {
        rs_store_close(work->ctx->store); /* another file is in its place */
        work->ctx->store = NULL;
        w->mark = 0;
        rc = rs_ctx_store(work->ctx, &st, err);
        if (!rc) rc = rs_store_changes(st, &w->mark, &changed, err);
    }
    if (rc || (!changed && !w->anyhow)) return rc;
    struct tui_news *n = rs_xalloc(1, sizeof(*n));
    rc = read_jobs(w, st, n, err);
    if (!rc) rc = read_serving(st, n, err);
    if (rc) {
        news_free(n);
    } else {
        work->out = n;
    }
    return rc;
}

void tui_app_watch(struct tui_app *a)
{
    if (!a->watch) a->watch = rs_xalloc(1, sizeof(*a->watch));
    if (a->watch_fd < 0) a->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (a->watch_fd < 0) return; /* R and the question while jobs run remain */
    char *dir = rs_path_join(a->o.workspace, "db");
    /* Said again for a folder that is watched already it changes nothing. */
    (void)inotify_add_watch(a->watch_fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
    free(dir);
}

void tui_app_watch_events(struct tui_app *a)
{
    char buf[4096] __attribute__((aligned(8)));
    bool any = false;
    while (read(a->watch_fd, buf, sizeof(buf)) > 0) {
        any = true;
    }
    if (any && !a->news_asked && (a->news_ns == TUI_NO_TIME || a->news_ns > a->now_ns + ASK_GAP_NS))
        a->news_ns = a->now_ns + ASK_GAP_NS;
    if (any && a->news_asked) a->news_again = true;
}

void tui_app_ask_news(struct tui_app *a, bool anyhow)
{
    a->news_ns = TUI_NO_TIME;
    if (a->news_asked) {
        a->news_again = true;
        a->news_anyhow |= anyhow;
        return;
    }
    a->news_asked = true;
    a->news_again = false;
    a->watch->anyhow = anyhow || a->news_anyhow;
    a->news_anyhow = false;
    tui_worker_submit(a->worker, TUI_NEWS_VIEW, TUI_ASK_NEWS, ask_news, a->watch, NULL, news_free);
}

static void tell_changed(struct tui_view *v, void *arg)
{
    struct tui_app *a = arg;
    if (!v->ops->changed) return;
    a->current = v;
    v->ops->changed(v);
    a->current = NULL;
}

void tui_app_read_news(struct tui_app *a, struct tui_event *e)
{
    a->news_asked = false;
    tui_app_watch(a);
    if (e->rc) {
        tui_app_error(a, "store", &e->err);
    } else if (e->out) {
        news_free(a->news);
        a->news = e->out;
        e->out = NULL;
        a->news_dirty = true;
        tui_app_each_view(a, tell_changed, a);
    }
    if (a->news_again) {
        a->news_ns = a->now_ns + ASK_GAP_NS;
    } else if (a->news && a->news->any_row) {
        a->news_ns = a->now_ns + ASK_AGAIN_NS;
        a->news_anyhow = true; /* those that died do not say so */
    }
}

void tui_app_news_clear(struct tui_app *a)
{
    if (a->watch_fd >= 0) close(a->watch_fd);
    a->watch_fd = -1;
    news_free(a->news);
    a->news = NULL;
    free(a->watch);
    a->watch = NULL;
}
