/* ref_web - see the header. */
#include "ref/ref_web.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "rs/cli/cli.h"

#define PATIENCE_MS 60000 /* also under sanitizers on a busy machine */

/* ---- the server ---------------------------------------------------------------------------- */

static char **make_environment(const struct ref_bin *b)
{
    static const char *const kept[] = {"PATH",         "TMPDIR",        "ASAN_OPTIONS",
                                       "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};
    size_t n_kept = sizeof(kept) / sizeof(*kept);
    char **env = rs_xalloc(n_kept + 5, sizeof(*env));
    size_t n = 0;
    for (size_t i = 0; i < n_kept; i++) {
        if (getenv(kept[i])) env[n++] = rs_xprintf("%s=%s", kept[i], getenv(kept[i]));
    }
    env[n++] = rs_xprintf("HOME=%s", b->dir);
    env[n++] = rs_xstrdup("LC_ALL=C.UTF-8");
    env[n++] = rs_xstrdup("OMP_WAIT_POLICY=passive"); /* tests share the cores */
    env[n++] = rs_xstrdup("RECSYS_TOKEN=" REF_WEB_TOKEN);
    return env;
}

static void launch(struct ref_web *w, const struct ref_bin *b, char **argv, int out)
{
    char **env = make_environment(b);
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (w->pid == 0) {
        int log = open(w->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        int in = open("/dev/null", O_RDONLY);
        if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0) _exit(121);
        if (chdir(b->dir) != 0) _exit(122);
        execve(b->path, argv, env);
        _exit(123);
    }
    rs_fs_list_free(env);
}

/* What the server's log says, for a test that fails. */
static void fail_with_log(const struct ref_web *w, const char *what)
{
    struct rs_err err = {0};
    char *text = NULL;
    size_t len;
    if (rs_fs_read(w->log, 1 << 20, &text, &len, &err)) fail_msg("%s: %s", what, err.msg);
    fail_msg("%s: %s", what, text);
}

static char *first_line(const struct ref_web *w, int fd)
{
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    struct rs_str line;
    rs_str_init(&line, 4096);
    for (;;) {
        char c;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (deadline - rs_clock_mono_ns()) / 1000000;
        if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0) {
            fail_with_log(w, "the server says nothing");
        }
        if (read(fd, &c, 1) != 1) fail_with_log(w, "the server ended");
        if (c == '\n') return rs_str_take(&line);
        rs_str_addc(&line, c);
    }
}

void ref_web_start(struct ref_web *w, const struct ref_bin *b, const char *options)
{
    static const char said[] = "serving on ";
    struct rs_err err = {0};
    char **words = NULL;
    size_t n = 0;
    int ends[2];
    char *line = rs_xprintf("serve --port 0 %s", options);
    assert_ok(rs_line_split(line, NULL, &words, &n, &err), &err);
    free(line);
    char **argv = rs_xalloc(n + 2, sizeof(*argv));
    argv[0] = b->path;
    memcpy(argv + 1, words, n * sizeof(*argv));
    *w = (struct ref_web){.log = rs_path_join(b->dir, "serve.log")};
    assert_int_equal(pipe(ends), 0);
    launch(w, b, argv, ends[1]);
    close(ends[1]);
    free(argv);
    rs_fs_list_free(words);
    line = first_line(w, ends[0]);
    close(ends[0]);
    char *end = strstr(line, ": ");
    if (!rs_str_starts(line, said) || !end) fail_msg("the server said: %s", line);
    w->address = rs_xstrndup(line + strlen(said), (size_t)(end - line) - strlen(said));
    free(line);
}

int ref_web_stop(struct ref_web *w)
{
    int status = 0;
    int64_t deadline = rs_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
    kill(w->pid, SIGTERM);
    while (waitpid(w->pid, &status, WNOHANG) == 0) {
        if (rs_clock_mono_ns() > deadline) {
            kill(w->pid, SIGKILL);
            waitpid(w->pid, &status, 0);
            fail_with_log(w, "the server does not end");
        }
        rs_clock_sleep_ms(5);
    }
    free(w->address);
    free(w->log);
    *w = (struct ref_web){0};
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- the client ---------------------------------------------------------------------------- */

static size_t keep(char *data, size_t size, size_t n, void *to)
{
    rs_str_addn(to, data, size * n);
    return size * n;
}

static struct curl_slist *request_headers(const char *token, const char *body, const char *extra)
{
    struct curl_slist *list = NULL;
    if (token) {
        char *bearer = rs_xprintf("Authorization: Bearer %s", token);
        list = curl_slist_append(list, bearer);
        free(bearer);
    }
    if (body) list = curl_slist_append(list, "Content-Type: application/json");
    if (extra) list = curl_slist_append(list, extra);
    return list;
}

static void read_json(struct ref_reply *r)
{
    struct rs_err err = {0};
    char *type = ref_reply_header(r, "Content-Type");
    if (r->len && type && rs_str_starts(type, "application/json")) {
        assert_ok(rs_json_parse(r->body, r->len, "answer", &r->json, &err), &err);
    }
    free(type);
}

void ref_web_ask(const struct ref_web *w, const char *method, const char *path, const char *token,
                 const char *body, const char *extra, struct ref_reply *out)
{
    struct rs_str headers;
    struct rs_str text;
    CURL *curl = curl_easy_init();
    char *url = rs_xprintf("%s%s", w->address, path);
    struct curl_slist *list = request_headers(token, body, extra);
    long status = 0;
    rs_str_init(&headers, 0);
    rs_str_init(&text, 0);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (body) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
    CURLcode rc = curl_easy_perform(curl);
    if (rc != CURLE_OK) {
        fprintf(stderr, "%s %s: %s\n", method, path, curl_easy_strerror(rc));
        fail_with_log(w, "no answer");
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    free(url);
    size_t len = text.len;
    *out = (struct ref_reply){.status = (int)status,
                              .headers = rs_str_take(&headers),
                              .body = rs_str_take(&text),
                              .len = len};
    read_json(out);
}

char *ref_reply_header(const struct ref_reply *r, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = r->headers; *line; line += strcspn(line, "\n") + 1) {
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");
            return rs_xstrndup(value, strcspn(value, "\r\n"));
        }
        if (!strchr(line, '\n')) break;
    }
    return NULL;
}

void ref_reply_clear(struct ref_reply *r)
{
    free(r->headers);
    free(r->body);
    rs_val_free(r->json);
    *r = (struct ref_reply){0};
}
