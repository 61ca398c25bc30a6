/*
 * log - one sink for what the program has to say about itself: an event word, then key=value.
 *
 * Text on standard error; JSON lines when serving, which are dropped, and counted, where nobody
 * reads them; a callback for a ring buffer or the store.
 * Never in kernels; never a token or a whole request body.
 */
#ifndef RS_BASE_LOG_H
#define RS_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define RS_LOG_LEVELS(X)     \
    X(RS_LOG_DEBUG, "debug") \
    X(RS_LOG_INFO, "info")   \
    X(RS_LOG_WARN, "warn")   \
    X(RS_LOG_ERROR, "error")
#define RS_LOG_ENUM(id, name) id,
enum rs_log_level { RS_LOG_LEVELS(RS_LOG_ENUM) RS_LOG_LEVEL_COUNT };
#undef RS_LOG_ENUM

enum rs_log_format { RS_LOG_TEXT, RS_LOG_JSON };
typedef void rs_log_sink_fn(int64_t time_ms, enum rs_log_level level, const char *event,
                            const char *text, void *ctx);

void rs_log_set_level(enum rs_log_level level);
enum rs_log_level rs_log_level(void);
void rs_log_set_format(enum rs_log_format format);
/* Gets info and above, whatever level standard error shows; NULL: none. Called under the log's
 * lock, so it must neither log nor wait. */
void rs_log_set_sink(rs_log_sink_fn *sink, void *ctx);
void rs_log_set_stderr(bool on);
bool rs_log_level_parse(const char *name, enum rs_log_level *out);
const char *rs_log_level_name(enum rs_log_level level);
void rs_log(enum rs_log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
