/*
 * err - errors as values: a code that decides exit and HTTP status, and one line for the user.
 *
 * Whatever can fail returns enum rs_code and takes struct rs_err *err last: never NULL, untouched
 * on success, {0} at its owner. The lowest function names value and place; a caller that knows
 * more wraps once. Text is lower case, one line, no full stop, and says what to do where it can.
 */
#ifndef RS_BASE_ERR_H
#define RS_BASE_ERR_H

#include <stdbool.h>

#define RS_MUST_USE     __attribute__((warn_unused_result))
#define RS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/*    code          exit http  name (JSON "code")   text */
#define RS_CODES(X)                                                  \
    X(RS_OK, 0, 200, "ok", "ok")                                     \
    X(RS_EARG, 2, 400, "invalid_argument", "invalid argument")       \
    X(RS_ENOTFOUND, 3, 404, "not_found", "not found")                \
    X(RS_EPARSE, 4, 422, "malformed_input", "malformed input")       \
    X(RS_EIO, 5, 500, "io_error", "i/o error")                       \
    X(RS_ENUMERIC, 6, 500, "numerical_failure", "numerical failure") \
    X(RS_ENOMEM, 7, 503, "out_of_memory", "out of memory")           \
    X(RS_EREFUSED, 8, 409, "refused", "refused")                     \
    X(RS_EBUSY, 9, 503, "busy", "busy")                              \
    X(RS_EDAMAGED, 10, 500, "damaged", "damaged data")               \
    X(RS_ECANCEL, 130, 503, "cancelled", "cancelled")

#define RS_CODE_ENUM(code, exit_status, http, name, text) code,
enum rs_code { RS_CODES(RS_CODE_ENUM) RS_CODE_COUNT };
#undef RS_CODE_ENUM

struct rs_err {
    enum rs_code code;
    char msg[500]; /* outermost context first, each cause after ": " */
};

/* Set code and text; returns code. A text that does not fit ends in "...". */
enum rs_code rs_fail(struct rs_err *err, enum rs_code code, const char *fmt, ...) RS_PRINTF(3, 4);
/* Prepend "context: "; returns err->code. */
enum rs_code rs_wrap(struct rs_err *err, const char *fmt, ...) RS_PRINTF(2, 3);
/* rs_fail with ": <text of errno_value>" appended; RS_ENOMEM for ENOMEM, else RS_EIO. */
enum rs_code rs_fail_errno(struct rs_err *err, int errno_value, const char *fmt, ...)
    RS_PRINTF(3, 4);

int rs_code_exit(enum rs_code code);         /* exit status of a process */
int rs_code_http(enum rs_code code);         /* REST status */
const char *rs_code_name(enum rs_code code); /* "not_found" */
const char *rs_code_text(enum rs_code code); /* "not found" */

/* For our own bugs only; stays on in release. Calls the hook (restore a terminal), then aborts. */
#define rs_assert(cond) ((cond) ? (void)0 : rs_assert_fail(#cond, __FILE__, __LINE__))
_Noreturn void rs_assert_fail(const char *cond, const char *file, int line);
typedef void rs_assert_hook_fn(void *ctx);
void rs_assert_set_hook(rs_assert_hook_fn *hook, void *ctx);

#endif
