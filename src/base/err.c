/* err - error values. Text is built in a local buffer, so that arguments may point into *err. */
#include "rs/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8_impl.h"

struct code_info {
    int exit_status;
    int http;
    const char *name;
    const char *text;
};

#define CODE_INFO(code, exit_status, http, name, text) [code] = {exit_status, http, name, text},
static const struct code_info codes[RS_CODE_COUNT] = {RS_CODES(CODE_INFO)};
#undef CODE_INFO

static rs_assert_hook_fn *assert_hook;
static void *assert_ctx;

/* head, between and tail become err->msg; what does not fit ends in "...". */
static void set_text(struct rs_err *err, const char *head, const char *between, const char *tail)
{
    char buf[sizeof(err->msg)];
    int n = snprintf(buf, sizeof(buf), "%s%s%s", head, between, tail);
    if (n >= (int)sizeof(buf)) rs_utf8_ellipsis(buf, sizeof(buf));
    memcpy(err->msg, buf, sizeof(buf));
    rs_utf8_clean(err->msg);
}

static void format(char *buf, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(buf, size, fmt, ap);
    if (n < 0) {
        buf[0] = '\0';
    } else if ((size_t)n >= size) {
        rs_utf8_ellipsis(buf, size);
    }
}

enum rs_code rs_fail(struct rs_err *err, enum rs_code code, const char *fmt, ...)
{
    char head[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    format(head, sizeof(head), fmt, ap);
    va_end(ap);
    err->code = code;
    set_text(err, head, "", "");
    return code;
}

enum rs_code rs_wrap(struct rs_err *err, const char *fmt, ...)
{
    char head[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    format(head, sizeof(head), fmt, ap);
    va_end(ap);
    set_text(err, head, ": ", err->msg);
    return err->code;
}

enum rs_code rs_fail_errno(struct rs_err *err, int errno_value, const char *fmt, ...)
{
    char head[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    format(head, sizeof(head), fmt, ap);
    va_end(ap);
    char why[128];
    if (strerror_r(errno_value, why, sizeof(why)) != 0)
        snprintf(why, sizeof(why), "error %d", errno_value);
    /* "No space left on device" in the middle of a sentence */
    if (why[0] >= 'A' && why[0] <= 'Z' && why[1] >= 'a') why[0] = (char)(why[0] - 'A' + 'a');
    err->code = errno_value == ENOMEM ? RS_ENOMEM : RS_EIO;
    set_text(err, head, ": ", why);
    return err->code;
}

static const struct code_info *info(enum rs_code code)
{
    rs_assert((unsigned)code < RS_CODE_COUNT);
    return &codes[code];
}

int rs_code_exit(enum rs_code code)
{
    return info(code)->exit_status;
}

int rs_code_http(enum rs_code code)
{
    return info(code)->http;
}

const char *rs_code_name(enum rs_code code)
{
    return info(code)->name;
}

const char *rs_code_text(enum rs_code code)
{
    return info(code)->text;
}

_Noreturn void rs_assert_fail(const char *cond, const char *file, int line)
{
    rs_assert_hook_fn *hook = assert_hook;
    assert_hook = NULL; /* an assertion inside the hook must not come back here */
    if (hook) hook(assert_ctx);
    fprintf(stderr, "recsys-tui: internal error: %s:%d: %s\n", file, line, cond);
    abort();
}

void rs_assert_set_hook(rs_assert_hook_fn *hook, void *ctx)
{
    assert_hook = hook;
    assert_ctx = ctx;
}
