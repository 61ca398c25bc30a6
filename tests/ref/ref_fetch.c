/*
 * ref_fetch - the set is an archive of two files; the server answers from a fixed list.
 */
#include "ref/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

#include "ref_hostile.h"
#include "ref_fetch.h"

static const struct ref_entry files[] = {{.name = "mine/ratings.csv", .text = "1,2,3\n"},
                                         {.name = "mine/movies.csv", .text = "2,x\n"},
                                         {0}};

struct ref_set ref_set_make(void)
{
    struct rs_err err = {0};
    struct ref_set p = {.base = ref_temp_dir()};
    p.raw = rs_path_join(p.base, "raw/mine");
    p.part = rs_path_join(p.base, "raw/mine.part");
    p.zip = ref_pack(p.base, "mine.zip", REF_ZIP, files);
    assert_ok(rs_fs_read(p.zip, 1 << 20, &p.bytes, &p.len, &err), &err);
    rs_sha256_of(p.bytes, p.len, p.sha256);
    return p;
}

void ref_set_clear(struct ref_set *p)
{
    ref_remove(p->base);
    free(p->raw);
    free(p->part);
    free(p->zip);
    free(p->bytes);
}

void ref_assert_fetched(const struct ref_set *p, struct rs_fetch_result *r, const char *from,
                        bool cached)
{
    assert_int_equal(r->cached, cached);
    assert_string_equal(r->from, from);
    assert_string_equal(r->sha256, p->sha256);
    assert_string_equal(r->files[0], "movies.csv");
    assert_string_equal(r->files[1], "ratings.csv");
    assert_null(r->files[2]);
    ref_assert_holds(p->raw, ".fetched.json movies.csv ratings.csv");
    ref_assert_text(p->raw, "ratings.csv", "1,2,3\n");
    char *up = rs_path_join(p->base, "raw");
    ref_assert_holds(up, "mine");
    free(up);
    rs_fetch_result_clear(r);
    assert_null(r->files);
}

struct request {
    int64_t from; /* first byte asked; 0: no range */
    char path[64];
};

static void send_all(int to, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(to, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

static bool read_request(int from, struct request *out)
{
    char text[4096];
    size_t len = 0;
    while (len < sizeof(text) - 1) {
        ssize_t n = recv(from, text + len, sizeof(text) - 1 - len, 0);
        if (n <= 0) return false;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n")) break;
    }
    const char *range = strstr(text, "\r\nRange: bytes=");
    *out = (struct request){.from = range ? strtoll(range + 15, NULL, 10) : 0};
    return sscanf(text, "GET %63s", out->path) == 1;
}

static void send_body(int to, enum ref_answer answer, int64_t from, const char *bytes, size_t len)
{
    char head[256];
    size_t first = answer != REF_NO_RANGES ? (size_t)from : 0;
    if (first >= len) {
        snprintf(head, sizeof(head),
                 "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n",
                 len);
        send_all(to, head, strlen(head));
        return;
    }
    size_t n = len - first;
    size_t sent = answer == REF_CUT || answer == REF_STALL ? n / 2 : n;
    int at = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n", first ? "206 Partial" : "200 OK");
    if (first) {
        at += snprintf(head + at, sizeof(head) - (size_t)at, "Content-Range: bytes %zu-%zu/%zu\r\n",
                       first, len - 1, len);
    }
    snprintf(head + at, sizeof(head) - (size_t)at,
             "Content-Length: %zu\r\nConnection: close\r\n\r\n",
             n + (answer == REF_LONGER ? 100 : 0));
    send_all(to, head, strlen(head));
    send_all(to, bytes + first, sent);
    char byte;
    if (answer == REF_STALL) {
        while (recv(to, &byte, 1, 0) > 0) {
        }
    }
}

static void reply(int to, enum ref_answer answer, int64_t from, const char *bytes, size_t len)
{
    static const char *const plain[] = {
        [REF_MISSING] =
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone",
        [REF_BROKEN] = "HTTP/1.1 500 Broken\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsigh",
        [REF_MOVED] = "HTTP/1.1 302 Found\r\nLocation: /moved.zip\r\nContent-Length: 4\r\n"
                      "Connection: close\r\n\r\nthis"};
    if (answer >= REF_MISSING) {
        send_all(to, plain[answer], strlen(plain[answer]));
    } else {
        send_body(to, answer, from, bytes, len);
    }
}

static _Noreturn void serve(int listener, int log, const enum ref_answer *answers, int n,
                            const char *bytes, size_t len)
{
    alarm(30); /* whatever happens, it ends */
    for (int i = 0; i < n; i++) {
        struct request r;
        int client = accept(listener, NULL, NULL);
        if (client < 0 || !read_request(client, &r)) _exit(1);
        if (write(log, &r, sizeof(r)) != sizeof(r)) _exit(1);
        reply(client, answers[i], r.from, bytes, len);
        shutdown(client, SHUT_WR);
        close(client);
    }
    _exit(0);
}

int ref_listen(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(s >= 0);
    assert_int_equal(bind(s, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s, 8), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return s;
}

struct ref_server ref_server_start(const struct ref_set *p, const enum ref_answer *answers, int n)
{
    int port;
    int ends[2];
    struct ref_server s;
    int listener = ref_listen(&port);
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        close(ends[0]);
        serve(listener, ends[1], answers, n, p->bytes, p->len);
    }
    close(listener);
    close(ends[1]);
    s.log = ends[0];
    s.address = rs_xprintf("http://127.0.0.1:%d/sets/mine.zip?key=1", port);
    return s;
}

void ref_server_stop(struct ref_server *s, int n, const int64_t *from)
{
    int status = -1;
    struct request r;
    for (int i = 0; i < n; i++) {
        assert_int_equal(read(s->log, &r, sizeof(r)), sizeof(r));
        assert_int_equal(r.from, from[i]);
        bool other = strcmp(r.path, "/moved.zip") == 0 || rs_str_starts(r.path, "/mirror/");
        if (!other) assert_string_equal(r.path, "/sets/mine.zip?key=1");
    }
    assert_int_equal(read(s->log, &r, sizeof(r)), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0);
    close(s->log);
    free(s->address);
}
