/* run_bin - see the header. */
#include "ref/run_bin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/cli/cli.h"

#define WAIT_MS  90000 /* longest run, also under sanitizers on a busy machine */
#define MAX_ENV  64
#define MAX_SEEN (1 << 20)

void ref_bin_init(struct ref_bin *b)
{
    const char *build = getenv("BUILD");
    char *path = rs_path_join(build && *build ? build : "build/release", "recsys-tui");
    b->path = realpath(path, NULL);
    if (!b->path) fail_msg("%s: %s: build the program first", path, strerror(errno));
    free(path);
    b->dir = ref_temp_dir();
}

void ref_bin_clear(struct ref_bin *b)
{
    ref_remove(b->dir);
    free(b->path);
    *b = (struct ref_bin){0};
}

void ref_bin_demo(struct ref_bin *b)
{
    ref_bin_init(b);
    free(ref_bin_out(b, 0, REF_DEMO_FETCH));
    free(ref_bin_out(b, 0, REF_DEMO_RUN));
}

char *ref_bin_path(const struct ref_bin *b, const char *name)
{
    return rs_path_join(b->dir, name);
}

void ref_bin_write(const struct ref_bin *b, const char *name, const char *text, size_t len)
{
    struct rs_err err = {0};
    char *path = ref_bin_path(b, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(rs_fs_mkdirs(path, &err), &err);
    *slash = '/';
    assert_ok(rs_fs_write(path, text, len == SIZE_MAX ? strlen(text) : len, &err), &err);
    free(path);
}

/* ---- one run ------------------------------------------------------------------------------- */

/* What the program sees of our environment: enough to run, nothing that steers it. */
static void make_environment(const struct ref_bin *b, const struct ref_how *how, char **env)
{
    static const char *const kept[] = {
        "PATH",          "TMPDIR",       "ASAN_OPTIONS", "LSAN_OPTIONS",
        "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_PRELOAD",   NULL};
    size_t n = 0;
    for (const char *const *e = how->env; e && *e && n < MAX_ENV / 2; e++) {
        env[n++] = rs_xstrdup(*e); /* first: getenv takes the first of a name */
    }
    for (const char *const *k = kept; *k; k++) {
        if (getenv(*k)) env[n++] = rs_xprintf("%s=%s", *k, getenv(*k));
    }
    env[n++] = rs_xprintf("HOME=%s", b->dir);
    env[n++] = rs_xstrdup("LC_ALL=C.UTF-8");
    env[n++] = rs_xstrdup("TERM=dumb");
    env[n++] = rs_xstrdup("OMP_WAIT_POLICY=passive"); /* tests share the cores */
    env[n] = NULL;
}

static void free_environment(char **env)
{
    for (; *env; env++) {
        free(*env);
    }
}

struct words {
    char **list;
    char **argv;
};

static struct words cut(const struct ref_bin *b, const char *line)
{
    struct words w = {0};
    size_t n = 0;
    struct rs_err err = {0};
    assert_ok(rs_line_split(line, NULL, &w.list, &n, &err), &err);
    w.argv = rs_xalloc(n + 2, sizeof(char *));
    w.argv[0] = b->path;
    for (size_t i = 0; i < n; i++) {
        w.argv[i + 1] = w.list[i];
    }
    return w;
}

static void words_clear(struct words *w)
{
    rs_fs_list_free(w->list);
    free(w->argv);
}

/* In the child: nothing here may fail in silence, so each failure has a status of its own. */
static void become(const struct ref_bin *b, const struct ref_how *how, char **argv, char **env)
{
    if (how->file_limit) {
        struct rlimit limit = {(rlim_t)how->file_limit, (rlim_t)how->file_limit};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(121);
    }
    if (chdir(b->dir) != 0) _exit(122);
    execve(b->path, argv, env);
    _exit(123);
}

static void pause_us(int64_t us)
{
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static int wait_for(pid_t pid, const char *what)
{
    int status = 0;
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
    for (int64_t us = 200; waitpid(pid, &status, WNOHANG) == 0; us = us < 5000 ? us * 2 : us) {
        if (rs_clock_mono_ns() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            fail_msg("%s: still running after %d ms", what, WAIT_MS);
        }
        pause_us(us);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *read_all(FILE *f)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rewind(f);
    char buf[4096];
    size_t n;
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
        rs_str_addn(&text, buf, n);
    }
    fclose(f);
    return rs_str_take(&text);
}

static bool holds_a_file(const char *dir)
{
    char **names = NULL;
    struct rs_err err = {0};
    bool any = false;
    if (rs_fs_list(dir, &names, &err)) return false;
    for (char **n = names; *n; n++) {
        any |= (*n)[0] != '.';
    }
    rs_fs_list_free(names);
    return any;
}

static void wait_for_file(const struct ref_bin *b, const char *folder)
{
    char *dir = ref_bin_path(b, folder);
    for (int ms = 0; ms < WAIT_MS / 3 && !holds_a_file(dir); ms++) {
        pause_us(1000);
    }
    free(dir);
}

pid_t ref_bin_start(const struct ref_bin *b, const struct ref_how *how, const char *line,
                    const int fds[3])
{
    struct words w = cut(b, line);
    char *env[MAX_ENV];
    make_environment(b, how, env);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        for (int i = 0; i < 3; i++) {
            if (dup2(fds[i], i) < 0) _exit(120);
        }
        become(b, how, w.argv, env);
    }
    free_environment(env);
    words_clear(&w);
    return pid;
}

int ref_bin_wait(pid_t pid, const char *what)
{
    return wait_for(pid, what);
}

void ref_bin_run(const struct ref_bin *b, const struct ref_how *how, const char *line,
                 struct ref_run *out)
{
    FILE *files[3] = {tmpfile(), tmpfile(), tmpfile()};
    int fds[3];
    for (int i = 0; i < 3; i++) {
        assert_non_null(files[i]);
        fds[i] = fileno(files[i]);
    }
    if (how->input) fputs(how->input, files[0]);
    rewind(files[0]);
    int to = how->out_path ? open(how->out_path, O_WRONLY | O_CLOEXEC) : -1;
    if (to >= 0) fds[1] = to;
    pid_t pid = ref_bin_start(b, how, line, fds);
    if (to >= 0) close(to);
    if (how->when_in) wait_for_file(b, how->when_in);
    if (how->signal) {
        pause_us(how->delay_us);
        kill(pid, how->signal);
    }
    out->status = wait_for(pid, line);
    fclose(files[0]);
    out->out = read_all(files[1]);
    out->err = read_all(files[2]);
}

void ref_run_clear(struct ref_run *r)
{
    free(r->out);
    free(r->err);
    *r = (struct ref_run){0};
}

/* ---- runs with an expected end ------------------------------------------------------------- */

static void assert_status(const struct ref_run *r, int status, const char *line)
{
    if (r->status == status) return;
    fail_msg("%s\n  ended with %d, not %d\n%s%s", line, r->status, status, r->out, r->err);
}

char *ref_bin_out(const struct ref_bin *b, int status, const char *line)
{
    struct ref_run r;
    ref_bin_run(b, &(struct ref_how){0}, line, &r);
    assert_status(&r, status, line);
    free(r.err);
    return r.out;
}

static void assert_keys(const struct rs_val *doc, const char *keys, const char *line)
{
    while (*keys) {
        size_t len = strcspn(keys, ",");
        char *key = rs_xstrndup(keys, len);
        if (!rs_val_at(doc, key)) {
            struct rs_str text;
            rs_str_init(&text, 0);
            rs_json_print(doc, 2, &text);
            fail_msg("%s\n  has no '%s':\n%.3000s", line, key, rs_str_text(&text));
        }
        free(key);
        keys += len;
        keys += *keys == ',';
    }
}

struct rs_val *ref_bin_json(const struct ref_bin *b, int status, const char *line, const char *keys)
{
    char *with = rs_xprintf("%s --json", line);
    struct ref_run r;
    ref_bin_run(b, &(struct ref_how){0}, with, &r);
    assert_status(&r, status, with);
    struct rs_val *doc = NULL;
    struct rs_err err = {0};
    if (rs_json_parse(r.out, strlen(r.out), "output", &doc, &err) || doc->type != RS_VAL_MAP) {
        fail_msg("%s\n  is no JSON object: %s\n%.2000s", with, err.msg, r.out);
    }
    if (r.err[0]) fail_msg("%s\n  says on standard error: %s", with, r.err);
    assert_keys(doc, keys, with);
    ref_run_clear(&r);
    free(with);
    return doc;
}

static void assert_parts(const char *text, const char *parts, const char *line)
{
    while (*parts) {
        size_t len = strcspn(parts, "|");
        char *part = rs_xstrndup(parts, len);
        if (!strstr(text, part)) fail_msg("%s\n  says '%s', without '%s'", line, text, part);
        free(part);
        parts += len;
        parts += *parts == '|';
    }
}

static enum rs_code code_of(int status)
{
    for (int c = 0; c < RS_CODE_COUNT; c++) {
        if (rs_code_exit((enum rs_code)c) == status) return (enum rs_code)c;
    }
    fail_msg("%d is the status of no code", status);
    return RS_OK;
}

void ref_bin_refuses(const struct ref_bin *b, int status, const char *line, const char *parts)
{
    struct ref_run r;
    ref_bin_run(b, &(struct ref_how){0}, line, &r);
    assert_status(&r, status, line);
    assert_parts(r.err, parts, line);
    assert_string_equal(r.out, "");
    size_t len = strlen(r.err);
    if (strncmp(r.err, "recsys-tui: ", 12) != 0 || strchr(r.err, '\n') != r.err + len - 1) {
        fail_msg("%s\n  says more or less than one line: %s", line, r.err);
    }
    ref_run_clear(&r);
    struct rs_val *doc = ref_bin_json(b, status, line, "error.code,error.message");
    const struct rs_val *error = rs_val_get(doc, "error");
    assert_string_equal(rs_val_get_str(error, "code", ""), rs_code_name(code_of(status)));
    assert_parts(rs_val_get_str(error, "message", ""), parts, line);
    rs_val_free(doc);
}

static void list_leftovers(const char *dir, struct rs_str *out)
{
    char **names = NULL;
    struct rs_err err = {0};
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    for (char **n = names; *n; n++) {
        char *path = rs_path_join(dir, *n);
        if (strstr(*n, ".tmp")) {
            rs_str_addf(out, "%s\n", path);
        } else if (rs_fs_is_dir(path)) {
            list_leftovers(path, out);
        }
        free(path);
    }
    rs_fs_list_free(names);
}

char *ref_bin_leftovers(const struct ref_bin *b)
{
    struct rs_str out;
    rs_str_init(&out, 0);
    list_leftovers(b->dir, &out);
    return rs_str_take(&out);
}

/* ---- a terminal ---------------------------------------------------------------------------- */

void ref_pty_open(const struct ref_bin *b, const char *line, struct ref_pty *out)
{
    struct words w = cut(b, line);
    char *env[MAX_ENV];
    const char *const more[] = {"TERM=vt100", "INPUTRC=/dev/null", NULL};
    make_environment(b, &(struct ref_how){.env = more}, env);
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    *out = (struct ref_pty){.seen = rs_xalloc(MAX_SEEN + 1, 1)};
    out->pid = forkpty(&out->fd, NULL, NULL, &size);
    assert_true(out->pid >= 0);
    if (out->pid == 0) become(b, &(struct ref_how){0}, w.argv, env);
    free_environment(env);
    words_clear(&w);
}

void ref_pty_send(struct ref_pty *p, const char *keys)
{
    assert_int_equal(write(p->fd, keys, strlen(keys)), strlen(keys));
}

/* Reads what there is within ms; false at the end of the terminal. */
static bool pty_read(struct ref_pty *p, int ms)
{
    struct pollfd fd = {.fd = p->fd, .events = POLLIN};
    if (poll(&fd, 1, ms) <= 0) return true;
    ssize_t n = read(p->fd, p->seen + p->n, MAX_SEEN - p->n);
    if (n <= 0) return false;
    p->n += (size_t)n;
    p->seen[p->n] = '\0';
    return true;
}

void ref_pty_expect(struct ref_pty *p, const char *text)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS / 3 * 1000000;
    const char *at;
    while (!(at = strstr(p->seen + p->from, text))) {
        if (!pty_read(p, 100) || rs_clock_mono_ns() > until) {
            kill(p->pid, SIGKILL);
            fail_msg("the terminal does not show '%s' in:\n%s", text, p->seen);
        }
    }
    p->from = (size_t)(at - p->seen) + strlen(text);
}

int ref_pty_close(struct ref_pty *p)
{
    int64_t until = rs_clock_mono_ns() + (int64_t)WAIT_MS / 3 * 1000000;
    while (pty_read(p, 100) && rs_clock_mono_ns() < until) {
    }
    int status = wait_for(p->pid, "the program on its terminal");
    close(p->fd);
    free(p->seen);
    *p = (struct ref_pty){0};
    return status;
}
