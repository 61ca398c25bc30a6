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
#include <sys/stat.h>
#include <unistd.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"

enum { MAX_LINE = 1024, FULL = 1 << 16, MAX_WAITING = 4 << 20 };

struct srv_access {
    int fd;
    size_t piece; /* bytes that one write may have: a pipe takes PIPE_BUF or waits; a file any */
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
    struct stat st;
    a->fd = fd;
    a->piece = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? MAX_WAITING : PIPE_BUF;
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

/* Whole lines, as many as fit max bytes; one alone may be longer. */
static size_t piece(const char *text, size_t left, size_t max)
{
    if (left <= max) return left;
    size_t n = max;
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
        ssize_t n = write(a->fd, text, piece(text, a->writing.len - a->written, a->piece));
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

static char *put(char *to, const char *text)
{
    while (*text) {
        *to++ = *text++;
    }
    return to;
}

/* At least `digits` of them. */
static char *put_number(char *to, uint64_t v, int digits)
{
    char text[20];
    int at = (int)sizeof(text);
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v || (int)sizeof(text) - at < digits);
    memcpy(to, text + at, sizeof(text) - (size_t)at);
    return to + sizeof(text) - at;
}

/* printf would take longer than many an answer. Every part is bounded: see MAX_LINE. */
static size_t format_line(char line[MAX_LINE], const struct srv_request *r, const char *method,
                          const char *route, size_t bytes, int64_t ns)
{
    char time[25] = "";
    char actor[6 * sizeof(r->actor) + 3] = "\"\"";
    uint64_t us = ((uint64_t)(ns > 0 ? ns : 0) + 500) / 1000;
    (void)rs_clock_stamp(rs_clock_now_ms(), time);
    if (r->actor[0]) quote(r->actor, actor, sizeof(actor));
    char *to = put(line, "{\"time\":\"");
    to = put(put(to, time), "\",\"level\":\"info\",\"event\":\"request\",\"id\":\"");
    to = put(put(put(to, r->id), "\",\"client\":\""), r->conn->client);
    to = put(put(put(to, "\",\"method\":\""), method), "\",\"route\":\"");
    to = put(put(to, route), "\",\"status\":");
    to = put(put_number(to, (uint64_t)r->status, 1), ",\"ms\":");
    to = put(put_number(to, us / 1000, 1), ".");
    to = put(put_number(to, us % 1000, 3), ",\"bytes\":");
    to = put(put_number(to, bytes, 1), ",\"actor\":");
    return (size_t)(put(put(to, actor), "}\n") - line);
}

void srv_access_add(struct srv_access *a, const struct srv_request *r, const char *method,
                    const char *route, size_t bytes, int64_t ns)
{
    char line[MAX_LINE];
    size_t n = format_line(line, r, method, route, bytes, ns);
    pthread_mutex_lock(&a->lock);
    bool fits = a->lines.len + n < MAX_WAITING;
    if (fits) {
        rs_str_addn(&a->lines, line, n);
    } else {
        a->dropped++;
    }
    bool full = a->lines.len >= FULL;
    pthread_mutex_unlock(&a->lock);
    if (full) srv_access_flush(a);
}
