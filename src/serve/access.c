/*
 * access - a JSON line a request, written by whoever has time for it.
 *
 * A thread that answers only copies its line into memory under the lock. When 64 KiB have come
 * together it writes them as far as the reader takes them at once (pieces of whole lines up to
 * PIPE_BUF, which a pipe that polls writable has room for), so a slow reader never holds an answer
 * up. The watch thread flushes what is left. Above MAX_WAITING lines are dropped and counted.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"

enum { MAX_LINE = 1024, FULL = 1 << 16, MAX_WAITING = 4 << 20 };

struct srv_access {
    int fd;
    pthread_mutex_t lock;
    struct rs_str lines; /* under lock, as the next two */
    unsigned long long dropped;
    pthread_mutex_t writer; /* held by the one that writes; taken before lock */
    struct rs_str writing;  /* under writer */
    size_t written;         /* bytes of writing; under writer */
};

struct srv_access *srv_access_new(int fd)
{
    struct srv_access *a = rs_xalloc(1, sizeof(*a));
    a->fd = fd;
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->writer, NULL);
    rs_str_init(&a->lines, MAX_WAITING);
    rs_str_init(&a->writing, MAX_WAITING);
    return a;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Under writer: the next lines, where nothing is left of the last ones. */
static bool next_lines(struct srv_access *a)
{
    if (a->written < a->writing.len) return true;
    a->written = 0;
    rs_str_reset(&a->writing);
    pthread_mutex_lock(&a->lock);
    struct rs_str lines = a->lines;
    a->lines = a->writing;
    a->writing = lines;
    unsigned long long dropped = a->dropped;
    a->dropped = 0;
    pthread_mutex_unlock(&a->lock);
    if (dropped) {
        rs_log(RS_LOG_WARN, "access", "%llu lines were dropped: whoever reads the log is too slow",
               dropped);
    }
    return a->writing.len > 0;
}

/* Whole lines, as many as fit PIPE_BUF; one alone may be longer. */
static size_t piece(const char *text, size_t left)
{
    if (left <= PIPE_BUF) return left;
    size_t n = PIPE_BUF;
    while (n > 0 && text[n - 1] != '\n') {
        n--;
    }
    return n ? n : left;
}

/* Under writer. wait: also for a reader that is slow, up to a second; what cannot be written then
 * stays. */
static void write_out(struct srv_access *a, bool wait)
{
    while (next_lines(a)) {
        struct pollfd p = {.fd = a->fd, .events = POLLOUT};
        if (poll(&p, 1, wait ? 1000 : 0) <= 0 || !(p.revents & POLLOUT)) return;
        const char *text = a->writing.data + a->written;
        ssize_t n = write(a->fd, text, piece(text, a->writing.len - a->written));
        if (n < 0 && errno != EINTR) return;
        if (n > 0) a->written += (size_t)n;
    }
}

void srv_access_flush(struct srv_access *a)
{
    if (pthread_mutex_trylock(&a->writer) != 0) return; /* somebody does */
    write_out(a, false);
    pthread_mutex_unlock(&a->writer);
}

void srv_access_free(struct srv_access *a)
{
    if (!a) return;
    pthread_mutex_lock(&a->writer);
    write_out(a, true);
    pthread_mutex_unlock(&a->writer);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->writer);
    rs_str_clear(&a->lines);
    rs_str_clear(&a->writing);
    free(a);
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Names of tokens are the only text here that somebody chose freely. */
static void quote(const char *text, char *out, size_t size)
{
    struct rs_str quoted;
    rs_str_init(&quoted, 0);
    rs_json_quote(text, &quoted);
    snprintf(out, size, "%s", rs_str_text(&quoted));
    rs_str_clear(&quoted);
}

static int format_line(char line[MAX_LINE], const struct srv_request *r, const char *method,
                       const char *route, size_t bytes, int64_t ns)
{
    char time[32];
    char actor[6 * sizeof(r->actor) + 3] = "\"\"";
    rs_clock_format(rs_clock_now_ms(), time, sizeof(time));
    if (r->actor[0]) quote(r->actor, actor, sizeof(actor));
    return snprintf(line, MAX_LINE,
                    "{\"time\":\"%s\",\"level\":\"info\",\"event\":\"request\",\"id\":\"%s\","
                    "\"client\":\"%s\",\"method\":\"%s\",\"route\":\"%s\",\"status\":%d,"
                    "\"ms\":%.3f,\"bytes\":%zu,\"actor\":%s}\n",
                    time, r->id, r->conn->client, method, route, r->status, (double)ns / 1e6, bytes,
                    actor);
}

void srv_access_add(struct srv_access *a, const struct srv_request *r, const char *method,
                    const char *route, size_t bytes, int64_t ns)
{
    char line[MAX_LINE];
    int n = format_line(line, r, method, route, bytes, ns);
    rs_assert(n > 0 && n < MAX_LINE);
    pthread_mutex_lock(&a->lock);
    bool fits = a->lines.len + (size_t)n < MAX_WAITING;
    if (fits) {
        rs_str_addn(&a->lines, line, (size_t)n);
    } else {
        a->dropped++;
    }
    bool full = a->lines.len >= FULL;
    pthread_mutex_unlock(&a->lock);
    if (full) srv_access_flush(a);
}
