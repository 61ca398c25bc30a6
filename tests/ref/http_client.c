/* http_client - see the header. */
#include "ref/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"

#define WAIT_MS 30000 /* longest wait for one thing, also under sanitizers on a busy machine */

static int64_t deadline(void)
{
    return rs_clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
}

/* ---- the server ---------------------------------------------------------------------------- */

char *ref_serve_log(const struct ref_serve *s)
{
    struct stat st;
    assert_int_equal(fstat(s->err, &st), 0);
    char *text = rs_xalloc((size_t)st.st_size + 1, 1);
    ssize_t n = pread(s->err, text, (size_t)st.st_size, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

void ref_serve_expect(const struct ref_serve *s, const char *text)
{
    for (int64_t until = deadline();;) {
        char *log = ref_serve_log(s);
        bool there = strstr(log, text) != NULL;
        if (!there && rs_clock_mono_ns() > until) fail_msg("no '%s' in the log:\n%s", text, log);
        free(log);
        if (there) return;
        rs_clock_sleep_ms(5);
    }
}

/* The first line of its standard output: it listens. */
static char *read_line(int fd)
{
    struct rs_str line;
    rs_str_init(&line, 0);
    char c = 0;
    for (int64_t until = deadline(); rs_clock_mono_ns() < until && c != '\n';) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0) continue;
        if (read(fd, &c, 1) != 1) break;
        if (c != '\n') rs_str_addc(&line, c);
    }
    return rs_str_take(&line);
}

/* "… http://127.0.0.1:41234: …" */
static bool find_address(struct ref_serve *s)
{
    const char *at = strstr(s->announced, "http");
    const char *host = at ? strstr(at, "://") : NULL;
    const char *colon = host ? strchr(host + 3, ':') : NULL;
    if (!colon) return false;
    size_t digits = strspn(colon + 1, "0123456789");
    s->address = rs_xstrndup(at, (size_t)(colon + 1 + digits - at));
    snprintf(s->host, sizeof(s->host), "%.*s", (int)(colon - host - 3), host + 3);
    s->port = (int)strtol(colon + 1, NULL, 10);
    return digits > 0;
}

void ref_serve_start(const struct ref_bin *b, const struct ref_how *how, const char *more,
                     struct ref_serve *out)
{
    int fds[3];
    int pipes[2];
    FILE *err = tmpfile();
    assert_non_null(err);
    assert_int_equal(pipe(pipes), 0);
    fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
    *out = (struct ref_serve){.err = fcntl(fileno(err), F_DUPFD_CLOEXEC, 0)};
    fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fds[1] = pipes[1];
    fds[2] = fileno(err);
    fcntl(fds[2], F_SETFL, O_APPEND | O_RDWR);
    char *line = rs_xprintf("serve --port 0 %s", more);
    out->pid = ref_bin_start(b, how, line, fds);
    close(fds[0]);
    close(pipes[1]);
    fclose(err);
    out->announced = read_line(pipes[0]);
    close(pipes[0]);
    if (!find_address(out)) {
        char *log = ref_serve_log(out);
        fail_msg("%s\n  does not listen: '%s'\n%s", line, out->announced, log);
    }
    free(line);
}

int ref_serve_stop(struct ref_serve *s, int signal)
{
    if (signal) kill(s->pid, signal);
    int status = ref_bin_wait(s->pid, "serve");
    close(s->err);
    free(s->announced);
    free(s->address);
    *s = (struct ref_serve){0};
    return status;
}

/* ---- a connection -------------------------------------------------------------------------- */

bool ref_http_try_open(const struct ref_serve *s, struct ref_http *out)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    assert_int_equal(inet_pton(AF_INET, s->host, &to.sin_addr), 1);
    *out = (struct ref_http){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (out->fd < 0) fail_msg("socket: %s", strerror(errno));
    rs_str_init(&out->in, 0);
    if (connect(out->fd, (struct sockaddr *)&to, sizeof(to)) == 0) return true;
    if (errno != ECONNREFUSED) fail_msg("connect to %s: %s", s->address, strerror(errno));
    ref_http_close(out);
    return false;
}

void ref_http_open(const struct ref_serve *s, struct ref_http *out)
{
    if (!ref_http_try_open(s, out)) fail_msg("connect to %s: refused", s->address);
}

void ref_http_close(struct ref_http *h)
{
    if (h->fd >= 0) close(h->fd);
    rs_str_clear(&h->in);
    h->fd = -1;
}

bool ref_http_send(struct ref_http *h, const char *bytes, size_t len)
{
    size_t left = len == SIZE_MAX ? strlen(bytes) : len;
    for (int64_t until = deadline(); left > 0;) {
        struct pollfd p = {.fd = h->fd, .events = POLLOUT};
        if (rs_clock_mono_ns() > until) fail_msg("the server does not read");
        if (poll(&p, 1, 100) <= 0) continue;
        ssize_t n = send(h->fd, bytes, left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (n > 0) {
            bytes += n;
            left -= (size_t)n;
        }
    }
    return true;
}

void ref_http_end_sending(struct ref_http *h)
{
    if (shutdown(h->fd, SHUT_WR) != 0 && errno != ENOTCONN) { /* that: the server was faster */
        fail_msg("shutdown: %s", strerror(errno));
    }
}

/* Reads more; false: the end, or the deadline. */
static bool read_more(struct ref_http *h, int64_t until, bool *late_out)
{
    char bytes[16384];
    while (rs_clock_mono_ns() < until) {
        struct pollfd p = {.fd = h->fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0) continue;
        ssize_t n = recv(h->fd, bytes, sizeof(bytes), 0);
        if (n <= 0) return false;
        rs_str_addn(&h->in, bytes, (size_t)n);
        return true;
    }
    *late_out = true;
    return false;
}

static size_t length_of(const struct ref_answer *a, bool to_head)
{
    if (to_head || a->status < 200 || a->status == 204 || a->status == 304) return 0;
    char *text = ref_answer_head(a, "Content-Length");
    if (!text) fail_msg("%d without Content-Length:\n%s", a->status, a->heads);
    size_t len = (size_t)strtoull(text, NULL, 10);
    free(text);
    return len;
}

static void take(struct ref_http *h, size_t n)
{
    memmove(h->in.data, h->in.data + n, h->in.len - n + 1);
    h->in.len -= n;
}

void ref_http_read(struct ref_http *h, bool to_head, struct ref_answer *out)
{
    bool late = false;
    int64_t until = deadline();
    const char *end = NULL;
    *out = (struct ref_answer){0};
    while (!(end = strstr(rs_str_text(&h->in), "\r\n\r\n")) && read_more(h, until, &late)) {
    }
    if (late) fail_msg("no answer within %d ms, only: %s", WAIT_MS, rs_str_text(&h->in));
    if (!end) return;
    const char *line_end = strstr(h->in.data, "\r\n") + 2;
    assert_true(rs_str_starts(h->in.data, "HTTP/1.1 "));
    struct ref_answer a = {.status = (int)strtol(h->in.data + 9, NULL, 10),
                           .heads = rs_xstrndup(line_end, (size_t)(end + 2 - line_end))};
    size_t before = (size_t)(end + 4 - h->in.data);
    a.len = length_of(&a, to_head);
    while (h->in.len < before + a.len && read_more(h, until, &late)) {
    }
    if (late) fail_msg("no whole body within %d ms", WAIT_MS);
    if (h->in.len < before + a.len) {
        free(a.heads);
        return;
    }
    a.body = rs_xalloc(a.len + 1, 1);
    memcpy(a.body, h->in.data + before, a.len);
    take(h, before + a.len);
    *out = a;
}

char *ref_http_rest(struct ref_http *h)
{
    bool late = false;
    int64_t until = deadline();
    while (read_more(h, until, &late)) {
    }
    return late ? NULL : rs_xstrdup(rs_str_text(&h->in));
}

bool ref_http_ended(struct ref_http *h)
{
    char *rest = ref_http_rest(h);
    bool ended = rest && !rest[0];
    free(rest);
    return ended;
}

void ref_http_expect(struct ref_http *h, int status, const char *what)
{
    struct ref_answer a;
    ref_http_read(h, false, &a);
    if (a.status != status) {
        fail_msg("%.300s\n  got %d, not %d: %s", what, a.status, status, a.body ? a.body : "");
    }
    ref_answer_clear(&a);
}

void ref_http_expect_end(struct ref_http *h, const char *what)
{
    if (!ref_http_ended(h)) fail_msg("%.300s\n  the connection goes on", what);
    ref_http_close(h);
}

/* ---- answers ------------------------------------------------------------------------------- */

void ref_answer_clear(struct ref_answer *a)
{
    free(a->heads);
    free(a->body);
    *a = (struct ref_answer){0};
}

char *ref_answer_head(const struct ref_answer *a, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = a->heads; at && *at; at = strstr(at, "\r\n") + 2) {
        if (strncasecmp(at, name, len) != 0 || at[len] != ':') continue;
        const char *value = at + len + 1 + strspn(at + len + 1, " ");
        return rs_xstrndup(value, strcspn(value, "\r"));
    }
    return NULL;
}

void ref_answer_expect_head(const struct ref_answer *a, const char *name, const char *value)
{
    char *got = ref_answer_head(a, name);
    if (!rs_str_eq(got, value)) {
        fail_msg("%s: '%s', not '%s'", name, got ? got : "(none)", value ? value : "(none)");
    }
    free(got);
}

struct rs_val *ref_answer_json(const struct ref_answer *a)
{
    struct rs_val *v = NULL;
    struct rs_err err = {0};
    if (rs_json_parse(a->body ? a->body : "", a->len, "answer", &v, &err)) {
        fail_msg("status %d, no JSON: %s\n%.2000s", a->status, err.msg, a->body ? a->body : "");
    }
    return v;
}

void ref_answer_is_error(const struct ref_answer *a, int status, const char *code, const char *part)
{
    if (a->status != status) {
        fail_msg("status %d instead of %d: %s", a->status, status, a->body ? a->body : "");
    }
    struct rs_val *v = ref_answer_json(a);
    const struct rs_val *error = rs_val_get(v, "error");
    assert_int_equal(v->n, 1);
    assert_int_equal(error->n, 2);
    assert_string_equal(rs_val_get_str(error, "code", ""), code);
    const char *message = rs_val_get_str(error, "message", "");
    if (!strstr(message, part)) fail_msg("'%s' has no '%s'", message, part);
    rs_val_free(v);
}

/* ---- one request --------------------------------------------------------------------------- */

void ref_ask(const struct ref_serve *s, const char *method, const char *path, const char *heads,
             const char *body, struct ref_answer *out)
{
    struct ref_http h;
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_addf(&text, "%s %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n%s", method, path,
                s->host, s->port, heads);
    if (body) {
        rs_str_addf(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                    strlen(body));
    }
    rs_str_add(&text, "\r\n");
    if (body) rs_str_add(&text, body);
    ref_http_open(s, &h);
    ref_http_send(&h, text.data, text.len);
    ref_http_read(&h, strcmp(method, "HEAD") == 0, out);
    ref_http_close(&h);
    rs_str_clear(&text);
    if (out->status == 0) fail_msg("%s %s: the connection ended without an answer", method, path);
}

struct rs_val *ref_ask_json(const struct ref_serve *s, const char *method, const char *path,
                            const char *heads, const char *body, int status)
{
    struct ref_answer a;
    ref_ask(s, method, path, heads, body, &a);
    if (a.status != status) {
        fail_msg("%s %s: status %d instead of %d: %s", method, path, a.status, status, a.body);
    }
    struct rs_val *v = ref_answer_json(&a);
    ref_answer_clear(&a);
    return v;
}
