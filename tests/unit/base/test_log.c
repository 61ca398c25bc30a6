/* log - levels, both formats as they reach standard error, and the sink. */
#include "ref/support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/clock.h"
#include "rs/base/log.h"
#include "rs/base/val.h"

static int saved_stderr;
static FILE *captured;

static int capture(void **state)
{
    (void)state;
    captured = tmpfile();
    if (!captured) return -1;
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
    rs_clock_set(1795543980123);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    fclose(captured);
    rs_clock_set(-1);
    rs_log_set_level(RS_LOG_INFO);
    rs_log_set_format(RS_LOG_TEXT);
    rs_log_set_sink(NULL, NULL);
    rs_log_set_stderr(true);
    return 0;
}

/* What has been written to standard error so far; the caller frees. */
static char *written(void)
{
    off_t len = lseek(fileno(captured), 0, SEEK_END);
    char *text = calloc(1, (size_t)len + 1);
    assert_non_null(text);
    assert_int_equal(pread(fileno(captured), text, (size_t)len, 0), len);
    return text;
}

static void assert_written(const char *want)
{
    char *text = written();
    assert_string_equal(text, want);
    free(text);
}

static void text_lines(void **state)
{
    (void)state;
    rs_log(RS_LOG_INFO, "train", "model=%s epoch=%d", "als", 3);
    rs_log(RS_LOG_ERROR, "serve", "port=%d", 8080);
    assert_written("2026-11-24T18:13:00Z info  train: model=als epoch=3\n"
                   "2026-11-24T18:13:00Z error serve: port=8080\n");
}

static void level_hides_what_is_below(void **state)
{
    (void)state;
    assert_int_equal(rs_log_level(), RS_LOG_INFO);
    rs_log(RS_LOG_DEBUG, "a", "hidden");
    rs_log_set_level(RS_LOG_WARN);
    assert_int_equal(rs_log_level(), RS_LOG_WARN);
    rs_log(RS_LOG_INFO, "a", "hidden");
    rs_log(RS_LOG_WARN, "a", "shown");
    rs_log_set_level(RS_LOG_DEBUG);
    rs_log(RS_LOG_DEBUG, "b", "shown");
    assert_written("2026-11-24T18:13:00Z warn  a: shown\n2026-11-24T18:13:00Z debug b: shown\n");
}

static void json_lines(void **state)
{
    (void)state;
    rs_log_set_format(RS_LOG_JSON);
    rs_log(RS_LOG_WARN, "data", "file=\"%s\" bad=%d", "a\\b", 2);
    char *text = written();
    assert_int_equal(text[strlen(text) - 1], '\n');
    struct rs_err err = {0};
    struct rs_val *v = NULL;
    assert_ok(rs_json_parse(text, strlen(text), "log", &v, &err), &err);
    assert_string_equal(rs_val_get_str(v, "time", ""), "2026-11-24T18:13:00.123Z");
    assert_string_equal(rs_val_get_str(v, "level", ""), "warn");
    assert_string_equal(rs_val_get_str(v, "event", ""), "data");
    assert_string_equal(rs_val_get_str(v, "message", ""), "file=\"a\\b\" bad=2");
    assert_int_equal(v->n, 4);
    rs_val_free(v);
    free(text);
}

/* Writing JSON lines never waits; what was lost is said when there is room again. */
static void json_lines_wait_for_nobody(void **state)
{
    (void)state;
    int ends[2];
    char text[4096];
    size_t filled = 0;
    assert_int_equal(pipe(ends), 0);
    int file = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    int flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    memset(text, 'x', sizeof(text));
    for (ssize_t n = 1; (n = write(ends[1], text, sizeof(text))) > 0;) {
        filled += (size_t)n;
    }
    fcntl(ends[1], F_SETFL, flags);
    rs_log_set_format(RS_LOG_JSON);
    rs_log(RS_LOG_WARN, "a", "lost");
    rs_log(RS_LOG_WARN, "a", "lost too");
    while (filled > 0) {
        ssize_t n = read(ends[0], text, sizeof(text));
        assert_true(n > 0);
        filled -= (size_t)n;
    }
    rs_log(RS_LOG_WARN, "a", "first");
    rs_log(RS_LOG_WARN, "a", "second");
    dup2(file, STDERR_FILENO);
    close(file);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    close(ends[0]);
#define LINE(event, message)                                                       \
    "{\"time\":\"2026-11-24T18:13:00.123Z\",\"level\":\"warn\",\"event\":\"" event \
    "\",\"message\":\"" message "\"}\n"
    assert_string_equal(text, LINE("log", "2 lines were dropped: whoever reads the log is too slow")
                                  LINE("a", "first") LINE("a", "second"));
}

static void one_line_whatever_comes(void **state)
{
    (void)state;
    rs_log(RS_LOG_INFO, "x", "%s", "a\nforged \033[2J\xff");
    assert_written("2026-11-24T18:13:00Z info  x: a?forged ?[2J?\n");
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    rs_log(RS_LOG_INFO, "x", "%s", text);
    char *line = written();
    assert_true(strlen(line) > 2000 && strlen(line) < 2200);
    assert_string_equal(line + strlen(line) - 5, "a...\n");
    free(line);
}

struct seen {
    int64_t time_ms;
    enum rs_log_level level;
    char line[100];
    int n;
};

static void remember(int64_t time_ms, enum rs_log_level level, const char *event, const char *text,
                     void *ctx)
{
    struct seen *s = ctx;
    s->time_ms = time_ms;
    s->level = level;
    s->n++;
    snprintf(s->line, sizeof(s->line), "%s|%s", event, text);
}

static void sink_gets_the_parts(void **state)
{
    (void)state;
    struct seen s = {0};
    rs_log_set_sink(remember, &s);
    rs_log_set_stderr(false);
    rs_log(RS_LOG_WARN, "tune", "trial=%d", 7);
    rs_log(RS_LOG_DEBUG, "tune", "hidden");
    rs_log_set_level(RS_LOG_ERROR); /* standard error shows less, the sink does not */
    rs_log(RS_LOG_WARN, "tune", "trial=%d", 7);
    rs_log_set_level(RS_LOG_INFO);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.time_ms, 1795543980123);
    assert_int_equal(s.level, RS_LOG_WARN);
    assert_string_equal(s.line, "tune|trial=7");
    assert_written("");
    rs_log_set_sink(NULL, NULL);
    rs_log(RS_LOG_WARN, "tune", "trial=8");
    assert_int_equal(s.n, 2);
}

static void level_names(void **state)
{
    (void)state;
    enum rs_log_level level;
    for (int i = 0; i < RS_LOG_LEVEL_COUNT; i++) {
        assert_true(rs_log_level_parse(rs_log_level_name(i), &level));
        assert_int_equal(level, i);
    }
    assert_string_equal(rs_log_level_name(RS_LOG_WARN), "warn");
    assert_false(rs_log_level_parse("loud", &level));
    assert_false(rs_log_level_parse("", &level));
}

static void *log_many(void *ctx)
{
    for (int i = 0; i < 200; i++)
        rs_log(RS_LOG_INFO, "thread", "n=%s i=%03d", (const char *)ctx, i);
    return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
    (void)state;
    pthread_t threads[4];
    static char names[4][2] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *text = written();
    int lines = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char name;
        int i;
        assert_int_equal(sscanf(line, "2026-11-24T18:13:00Z info  thread: n=%c i=%3d", &name, &i),
                         2);
        lines++;
    }
    assert_int_equal(lines, 800);
    free(text);
}

#define CAPTURED(fn) cmocka_unit_test_setup_teardown(fn, capture, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(text_lines),
        CAPTURED(level_hides_what_is_below),
        CAPTURED(json_lines),
        CAPTURED(json_lines_wait_for_nobody),
        CAPTURED(one_line_whatever_comes),
        CAPTURED(long_text_is_cut),
        CAPTURED(sink_gets_the_parts),
        cmocka_unit_test(level_names),
        CAPTURED(threads_do_not_mix_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
