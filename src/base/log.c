/*
 * log - the one global of the program: level, format, and where lines go.
 *
 * One mutex guards all of it and is held while a line is written, so lines never mix and a sink
 * that was removed is not called again. A sink must not log.
 */
#include "rs/base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/clock.h"
#include "rs/base/str.h"
#include "rs/base/val.h"
#include "utf8_impl.h"

#define TEXT_SIZE 2048 /* a longer text is cut and ends in "..." */

#define LEVEL_NAME(id, name) [id] = (name),
static const char *const level_names[RS_LOG_LEVEL_COUNT] = {RS_LOG_LEVELS(LEVEL_NAME)};
#undef LEVEL_NAME

static _Atomic int min_level = RS_LOG_INFO;
static atomic_bool has_sink;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum rs_log_format format = RS_LOG_TEXT; /* these five: under lock */
static bool to_stderr = true;
static rs_log_sink_fn *sink;
static void *sink_ctx;
static unsigned long long dropped; /* lines, since the last one that was written */

void rs_log_set_level(enum rs_log_level level)
{
    atomic_store(&min_level, (int)level);
}

enum rs_log_level rs_log_level(void)
{
    return (enum rs_log_level)atomic_load(&min_level);
}

void rs_log_set_format(enum rs_log_format new_format)
{
    pthread_mutex_lock(&lock);
    format = new_format;
    pthread_mutex_unlock(&lock);
}

void rs_log_set_sink(rs_log_sink_fn *new_sink, void *ctx)
{
    pthread_mutex_lock(&lock);
    sink = new_sink;
    atomic_store(&has_sink, new_sink != NULL);
    sink_ctx = ctx;
    pthread_mutex_unlock(&lock);
}

void rs_log_set_stderr(bool on)
{
    pthread_mutex_lock(&lock);
    to_stderr = on;
    pthread_mutex_unlock(&lock);
}

bool rs_log_level_parse(const char *name, enum rs_log_level *out)
{
    for (int i = 0; i < RS_LOG_LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) != 0) continue;
        *out = (enum rs_log_level)i;
        return true;
    }
    return false;
}

const char *rs_log_level_name(enum rs_log_level level)
{
    return level_names[level];
}

static void add_json(struct rs_str *line, int64_t now_ms, enum rs_log_level level,
                     const char *event, const char *text)
{
    char time[32];
    rs_clock_format(now_ms, time, sizeof(time));
    rs_str_addf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time, level_names[level]);
    rs_json_quote(event, line);
    rs_str_add(line, ",\"message\":");
    rs_json_quote(text, line);
    rs_str_add(line, "}\n");
}

static void add_text(struct rs_str *line, int64_t now_ms, enum rs_log_level level,
                     const char *event, const char *text)
{
    char time[32];
    rs_clock_format(now_ms - now_ms % 1000, time, sizeof(time));
    rs_str_addf(line, "%s %-5s %s: %s\n", time, level_names[level], event, text);
}

/* A pipe with room takes a line at once (PIPE_BUF); a file always does. */
static bool has_room(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) > 0 && p.revents & POLLOUT;
}

/* Under lock. The threads of a server do not stand still because nobody reads its log. */
static void write_line(int64_t now_ms, enum rs_log_level level, const char *event, const char *text)
{
    struct rs_str line;
    if (format == RS_LOG_JSON && !has_room()) {
        dropped++;
        return;
    }
    rs_str_init(&line, 0);
    if (dropped) {
        char count[100];
        snprintf(count, sizeof(count), "%llu lines were dropped: whoever reads the log is too slow",
                 dropped);
        add_json(&line, now_ms, RS_LOG_WARN, "log", count);
        dropped = 0;
    }
    (format == RS_LOG_JSON ? add_json : add_text)(&line, now_ms, level, event, text);
    /* whole line at once, so that lines of several processes do not mix either */
    fwrite(rs_str_text(&line), 1, line.len, stderr);
    fflush(stderr);
    rs_str_clear(&line);
}

void rs_log(enum rs_log_level level, const char *event, const char *fmt, ...)
{
    bool shown = (int)level >= atomic_load(&min_level);
    bool kept = level >= RS_LOG_INFO && atomic_load(&has_sink);
    if (!shown && !kept) return;
    char text[TEXT_SIZE];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0) return;
    if ((size_t)n >= sizeof(text)) rs_utf8_ellipsis(text, sizeof(text));
    rs_utf8_clean(text);

    int64_t now_ms = rs_clock_now_ms();
    pthread_mutex_lock(&lock);
    if (to_stderr && shown) write_line(now_ms, level, event, text);
    if (sink && level >= RS_LOG_INFO) sink(now_ms, level, event, text, sink_ctx);
    pthread_mutex_unlock(&lock);
}
