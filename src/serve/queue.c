/*
 * queue - calls that http threads do not wait for, in the order they came: one thread reads the
 * store, one writes it, one computes what takes long.
 *
 * srv_queue.lock guards the ring of waiting calls, what runs and how it ends; the rest belongs to
 * the queue's thread. A call belongs to that thread from srv_queue_put until srv_http_done.
 */
#include <stdlib.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"

enum {
    MAX_BATCH = 512,
    SCRATCH_BLOCK = 1 << 16,
    MIN_BUSY_MS = 100,  /* other writes of this program take less */
    KEEP_OUT = 1 << 16, /* bytes of an answer's memory that are kept for the next */
};

/* A call that waits. */
struct place {
    struct srv_call *call;
    int64_t since_ns; /* monotonic */
};

/* A call while it runs, and how its part went. */
struct slot {
    struct srv_call *call;
    struct rs_str out;
    enum rs_code rc;
    struct rs_err err;
};

struct srv_queue {
    struct srv *srv;
    enum srv_queue_kind kind;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct place *ring; /* under lock, as the next six */
    int size, first, waiting;
    int running;
    bool stopping;      /* no more calls come */
    bool dropping;      /* and none is begun */
    struct rs_ctx *ctx; /* the thread's, as all below */
    uint64_t mark;
    struct rs_arena *scratch;
    struct slot *slots; /* [most] */
    int most;
    int64_t since_ns; /* of the one in slots that came first */
};

/* ---- the ring ------------------------------------------------------------------------------ */

bool srv_queue_put(struct srv_queue *q, struct srv_call *c)
{
    pthread_mutex_lock(&q->lock);
    bool taken = !q->stopping && !q->dropping && q->waiting < q->size;
    if (taken) {
        q->ring[(q->first + q->waiting) % q->size] =
            (struct place){.call = c, .since_ns = rs_clock_mono_ns()};
        q->waiting++;
        pthread_cond_signal(&q->work);
    }
    pthread_mutex_unlock(&q->lock);
    return taken;
}

int srv_queue_depth(struct srv_queue *q)
{
    pthread_mutex_lock(&q->lock);
    int depth = q->waiting + q->running;
    pthread_mutex_unlock(&q->lock);
    return depth;
}

/* Waits for calls and takes up to q->most; 0: it is time to stop. *drop_out: they are not to
 * run. */
static int take(struct srv_queue *q, bool *drop_out)
{
    pthread_mutex_lock(&q->lock);
    q->running = 0;
    while (!q->waiting && !q->stopping)
        pthread_cond_wait(&q->work, &q->lock);
    int n = q->waiting < q->most ? q->waiting : q->most;
    q->since_ns = q->ring[q->first].since_ns;
    for (int i = 0; i < n; i++) {
        q->slots[i].call = q->ring[q->first].call;
        q->first = (q->first + 1) % q->size;
    }
    q->waiting -= n;
    q->running = n;
    *drop_out = q->dropping;
    pthread_mutex_unlock(&q->lock);
    return n;
}

/* ---- running ------------------------------------------------------------------------------- */

/* What the call that came first has waited already is taken off the store's wait for another
 * process's write, so nobody waits much longer than that wait, however many wait before him. */
static enum rs_code keep_store(struct srv_queue *q, struct rs_err *err)
{
    bool changed;
    enum rs_code rc = srv_store_keep(q->srv->db_path, &q->ctx->store, &q->mark, &changed, err);
    if (rc) return rc;
    int64_t left_ms = q->srv->busy_ms - (rs_clock_mono_ns() - q->since_ns) / 1000000;
    rs_store_set_busy_ms(q->ctx->store, left_ms > MIN_BUSY_MS ? (int)left_ms : MIN_BUSY_MS);
    return RS_OK;
}

/* The handler, with what the queue lends. */
static void run_handler(struct srv_queue *q, struct slot *s)
{
    struct srv_call *c = s->call;
    c->ctx = q->ctx;
    c->scratch = q->scratch;
    c->out = &s->out;
    s->err = (struct rs_err){0};
    s->rc = c->route->run(c, &s->err);
    rs_arena_reset(q->scratch);
}

static void answer(struct slot *s, enum rs_code rc, const struct rs_err *err)
{
    srv_http_done(s->call, rc, err); /* the call is no longer ours */
    s->call = NULL;
    if (s->out.cap > KEEP_OUT) {
        rs_str_clear(&s->out);
    } else {
        rs_str_reset(&s->out);
    }
}

static void run_query(struct srv_queue *q, struct slot *s)
{
    struct rs_err err = {0};
    enum rs_code rc = keep_store(q, &err);
    if (!rc) {
        run_handler(q, s);
        rc = s->rc;
        err = s->err;
        if (rc && q->ctx->store) rs_store_rollback(q->ctx->store);
    }
    answer(s, rc, &err);
}

static void run_long(struct srv_queue *q, struct slot *s)
{
    run_handler(q, s);
    answer(s, s->rc, &s->err);
}

/* What was committed is counted, and shown in answers from now on. */
static enum rs_code show(struct srv_queue *q, int n, struct rs_err *err)
{
    unsigned events = 0;
    for (int i = 0; i < n; i++)
        events += !q->slots[i].rc;
    atomic_fetch_add(&q->srv->metrics.feedback_events, events);
    enum rs_code rc = srv_overlay_catch_up(q->srv->overlay, q->ctx->store, err);
    if (rc) {
        rs_wrap(err, "stored, but answers do not show it yet");
        rs_log(RS_LOG_ERROR, "feedback", "%s", err->msg);
    }
    return rc;
}

/* In the transaction: a failure takes back the handler's own part. Returns what ends the whole. */
static enum rs_code run_part(struct srv_queue *q, struct slot *s, struct rs_err *err)
{
    struct rs_err none = {0};
    enum rs_code rc = rs_store_savepoint(q->ctx->store, err);
    if (rc) return rc;
    run_handler(q, s);
    if (!s->rc) return rs_store_release(q->ctx->store, err);
    if (!rs_store_rollback_to(q->ctx->store, &none)) return RS_OK;
    *err = s->err; /* it took the whole transaction with it */
    return s->rc;
}

static enum rs_code write_all(struct srv_queue *q, int n, struct rs_err *err)
{
    enum rs_code rc = keep_store(q, err);
    if (!rc) rc = rs_store_begin_full(q->ctx->store, err);
    if (rc) return rc;
    for (int i = 0; i < n && !rc; i++)
        rc = run_part(q, &q->slots[i], err);
    if (!rc) rc = rs_store_commit(q->ctx->store, err);
    if (!rc) return show(q, n, err);
    rs_store_rollback(q->ctx->store);
    return rc;
}

static void run_transaction(struct srv_queue *q, int n)
{
    struct rs_err err = {0};
    for (int i = 0; i < n; i++)
        q->slots[i].rc = RS_OK;
    enum rs_code rc = write_all(q, n, &err);
    for (int i = 0; i < n; i++) {
        struct slot *s = &q->slots[i];
        answer(s, s->rc ? s->rc : rc, s->rc ? &s->err : &err);
    }
}

static void drop(struct srv_queue *q, int n)
{
    struct rs_err err = {0};
    enum rs_code rc = rs_fail(&err, RS_ECANCEL, "the server is stopping");
    for (int i = 0; i < n; i++)
        answer(&q->slots[i], rc, &err);
}

static void *queue_main(void *arg)
{
    struct srv_queue *q = arg;
    bool dropped;
    for (int n = take(q, &dropped); n > 0; n = take(q, &dropped)) {
        if (dropped) {
            drop(q, n);
        } else if (q->kind == SRV_QUEUE_WRITER) {
            run_transaction(q, n);
        } else if (q->kind == SRV_QUEUE_BATCH) {
            run_long(q, &q->slots[0]);
        } else {
            run_query(q, &q->slots[0]);
        }
    }
    return NULL;
}

/* ---- start and stop ------------------------------------------------------------------------ */

static void free_queue(struct srv_queue *q)
{
    for (int i = 0; i < q->most; i++)
        rs_str_clear(&q->slots[i].out);
    free(q->slots);
    free(q->ring);
    rs_arena_free(q->scratch);
    rs_ctx_free(q->ctx);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static struct srv_queue *new_queue(struct srv *s, enum srv_queue_kind kind, int max_waiting)
{
    struct srv_queue *q = rs_xalloc(1, sizeof(*q));
    q->srv = s;
    q->kind = kind;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->work, NULL);
    q->size = max_waiting > 0 ? max_waiting : 1;
    q->ring = rs_xalloc((size_t)q->size, sizeof(*q->ring));
    q->most = kind == SRV_QUEUE_WRITER ? MAX_BATCH : 1;
    q->slots = rs_xalloc((size_t)q->most, sizeof(*q->slots));
    q->scratch = rs_arena_new(SCRATCH_BLOCK, 0);
    q->ctx = rs_ctx_new(s->workspace);
    q->ctx->keep_log_level = true;
    return q;
}

enum rs_code srv_queue_start(struct srv *s, enum srv_queue_kind kind, int max_waiting,
                             struct srv_queue **out, struct rs_err *err)
{
    static const char *const names[] = {"query", "writer", "batch"};
    struct srv_queue *q = new_queue(s, kind, max_waiting);
    struct rs_conf *conf = NULL;
    enum rs_code rc = rs_ctx_conf_for(q->ctx, "config show", NULL, 0, &conf, err);
    q->ctx->conf = conf;
    if (!rc) rc = srv_thread_start(&q->thread, queue_main, q, names[kind], err);
    if (rc) {
        free_queue(q);
        return rc;
    }
    *out = q;
    return RS_OK;
}

void srv_queue_drop(struct srv_queue *q)
{
    if (!q) return;
    pthread_mutex_lock(&q->lock);
    q->dropping = true;
    pthread_mutex_unlock(&q->lock);
}

void srv_queue_stop(struct srv_queue *q)
{
    if (!q) return;
    pthread_mutex_lock(&q->lock);
    q->stopping = true;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    pthread_join(q->thread, NULL);
    free_queue(q);
}
