/*
 * support - what all tests share: assertions that print the error's text, temporary folders, files,
 * and reruns under failing allocations.
 */
#ifndef TESTS_REF_SUPPORT_H
#define TESTS_REF_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rs/base/err.h"

/* expr returns RS_OK; else the test fails and prints err->msg. */
#define assert_ok(expr, err) ref_assert_ok((expr), (err), #expr, __FILE__, __LINE__)

/* expr returns `code`, err holds it, and err->msg contains `part` (NULL: any text). Clears *err. */
#define assert_code(expr, code, err, part) \
    ref_assert_code((expr), (code), (err), (part), #expr, __FILE__, __LINE__)

/* n numbers (float or double) against doubles: |got - want| <= tol max(1, |want|). NaN equals
 * nothing. The seed is printed on failure. */
#define assert_close(got, want, n, tol, seed) \
    _Generic((got),                             \
        float *: ref_assert_close_f,            \
        const float *: ref_assert_close_f,      \
        double *: ref_assert_close_d,           \
        const double *: ref_assert_close_d)(    \
        (got), (want), (int64_t)(n), (tol), (seed), #got, __FILE__, __LINE__)

/* Runs fn with its 1st, 2nd, … rs_try_alloc failing until it gets through without a failure. Every
 * run that met a failure must return RS_ENOMEM, and at least one must. */
typedef enum rs_code ref_oom_fn(void *ctx, struct rs_err *err);
#define assert_survives_oom(fn, ctx) ref_assert_survives_oom((fn), (ctx), #fn, __FILE__, __LINE__)

char *ref_temp_dir(void);   /* a fresh folder; ended by ref_remove */
void ref_remove(char *dir); /* removes the folder and frees the name */
/* Write text (len bytes; SIZE_MAX: up to its NUL) to dir/name; the path is the caller's. */
char *ref_file(const char *dir, const char *name, const char *text, size_t len);
/* The folder with the real archives (RECSYS_DATA_MIRROR), or NULL: then call skip(). */
const char *ref_mirror(void);

void ref_assert_ok(enum rs_code rc, const struct rs_err *err, const char *expr, const char *file,
                   int line);
void ref_assert_code(enum rs_code rc, enum rs_code want, struct rs_err *err, const char *part,
                     const char *expr, const char *file, int line);
void ref_assert_close_f(const float *got, const double *want, int64_t n, double tol, uint64_t seed,
                        const char *what, const char *file, int line);
void ref_assert_close_d(const double *got, const double *want, int64_t n, double tol, uint64_t seed,
                        const char *what, const char *file, int line);
void ref_assert_survives_oom(ref_oom_fn *fn, void *ctx, const char *what, const char *file,
                             int line);

#endif
