/*
 * job_log - lines wait in a bounded list, since a sink may neither log nor touch the store.
 */
#include "job_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/store/jobs.h"

#define MAX_WAITING 500 /* beyond it the newest are dropped and counted */

struct line {
    int64_t time_ms;
    enum rs_log_level level;
    char *event;
    char *text;
};

struct rs_job_log {
    int64_t job_id;
    pthread_mutex_t lock; /* guards the rest */
    struct line lines[MAX_WAITING];
    size_t n;
    size_t dropped;
};

static void remember(int64_t time_ms, enum rs_log_level level, const char *event, const char *text,
                     void *arg)
{
    struct rs_job_log *l = arg;
    pthread_mutex_lock(&l->lock);
    if (l->n < MAX_WAITING) {
        l->lines[l->n++] = (struct line){.time_ms = time_ms,
                                         .level = level,
                                         .event = rs_xstrdup(event),
                                         .text = rs_xstrdup(text)};
    } else {
        l->dropped++;
    }
    pthread_mutex_unlock(&l->lock);
}

struct rs_job_log *rs_job_log_open(int64_t job_id)
{
    struct rs_job_log *l = rs_xalloc(1, sizeof(*l));
    l->job_id = job_id;
    pthread_mutex_init(&l->lock, NULL);
    rs_log_set_sink(remember, l);
    return l;
}

void rs_job_log_flush(struct rs_job_log *l, struct rs_store *st)
{
    struct rs_err err = {0};
    enum rs_code rc = RS_OK; /* the first refusal drops the rest */
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->n; i++) {
        const struct line *x = &l->lines[i];
        if (!rc) {
            rc = rs_log_add(st, l->job_id, x->time_ms, rs_log_level_name(x->level), x->event,
                            x->text, &err);
        }
        free(x->event);
        free(x->text);
    }
    l->n = 0;
    if (l->dropped && !rc) {
        char text[64];
        snprintf(text, sizeof(text), "%zu more lines were dropped", l->dropped);
        rc = rs_log_add(st, l->job_id, rs_clock_now_ms(), "warn", "log", text, &err);
        if (!rc) l->dropped = 0; /* else the next flush says it */
    }
    pthread_mutex_unlock(&l->lock);
}

void rs_job_log_close(struct rs_job_log *l, struct rs_store *st)
{
    if (!l) return;
    rs_log_set_sink(NULL, NULL);
    rs_job_log_flush(l, st);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
