/* support - see the header. */
#include "ref/support.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"

#define OOM_RUNS 100000

void ref_assert_ok(enum rs_code rc, const struct rs_err *err, const char *expr, const char *file,
                   int line)
{
    if (rc == RS_OK) return;
    print_error("%s\n  is %s: %s\n", expr, rs_code_name(rc), err->msg);
    _fail(file, line);
}

void ref_assert_code(enum rs_code rc, enum rs_code want, struct rs_err *err, const char *part,
                     const char *expr, const char *file, int line)
{
    if (rc != want) {
        print_error("%s\n  is %s, not %s: %s\n", expr, rs_code_name(rc), rs_code_name(want),
                    err->msg);
        _fail(file, line);
    }
    if (rc != RS_OK && err->code != rc) {
        print_error("%s\n  returns %s, but the error holds %s: %s\n", expr, rs_code_name(rc),
                    rs_code_name(err->code), err->msg);
        _fail(file, line);
    }
    if (part && !strstr(err->msg, part)) {
        print_error("%s\n  says '%s', without '%s'\n", expr, err->msg, part);
        _fail(file, line);
    }
    *err = (struct rs_err){0};
}

static void check_close(double got, double want, int64_t i, double tol, uint64_t seed,
                        const char *what, const char *file, int line)
{
    if (fabs(got - want) <= tol * fmax(1.0, fabs(want))) return;
    print_error("%s[%" PRId64 "] is %.17g, not %.17g (tolerance %g, seed %" PRIu64 ")\n", what, i,
                got, want, tol, seed);
    _fail(file, line);
}

void ref_assert_close_f(const float *got, const double *want, int64_t n, double tol, uint64_t seed,
                        const char *what, const char *file, int line)
{
    for (int64_t i = 0; i < n; i++)
        check_close((double)got[i], want[i], i, tol, seed, what, file, line);
}

void ref_assert_close_d(const double *got, const double *want, int64_t n, double tol, uint64_t seed,
                        const char *what, const char *file, int line)
{
    for (int64_t i = 0; i < n; i++)
        check_close(got[i], want[i], i, tol, seed, what, file, line);
}

void ref_assert_survives_oom(ref_oom_fn *fn, void *ctx, const char *what, const char *file,
                             int line)
{
    for (int64_t nth = 1; nth <= OOM_RUNS; nth++) {
        struct rs_err err = {0};
        rs_mem_fail_after(nth);
        enum rs_code rc = fn(ctx, &err);
        bool failed = rs_mem_fail_after(0) == 0;
        if (failed != (rc == RS_ENOMEM) || (!failed && rc != RS_OK)) {
            print_error("%s with allocation %" PRId64 " %s is %s: %s\n", what, nth,
                        failed ? "failing" : "not reached", rs_code_name(rc), err.msg);
            _fail(file, line);
        }
        if (failed) continue;
        if (nth == 1) {
            print_error("%s allocates nothing that may fail\n", what);
            _fail(file, line);
        }
        return;
    }
    print_error("%s does not end within %d allocations\n", what, OOM_RUNS);
    _fail(file, line);
}

char *ref_temp_dir(void)
{
    char *dir = rs_fs_make_temp_dir("recsys-test");
    assert_non_null(dir);
    return dir;
}

void ref_remove(char *dir)
{
    struct rs_err err = {0};
    assert_ok(rs_fs_remove(dir, &err), &err);
    free(dir);
}

char *ref_file(const char *dir, const char *name, const char *text, size_t len)
{
    struct rs_err err = {0};
    char *path = rs_path_join(dir, name);
    assert_ok(rs_fs_write(path, text, len == SIZE_MAX ? strlen(text) : len, &err), &err);
    return path;
}

const char *ref_mirror(void)
{
    const char *dir = getenv("RECSYS_DATA_MIRROR");
    return dir && *dir ? dir : NULL;
}
