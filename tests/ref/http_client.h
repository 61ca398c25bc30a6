/*
 * http_client - a server of the real program, and a client that sends exactly the bytes it is
 * given: no library corrects them on the way. Every wait ends.
 */
#ifndef TESTS_REF_HTTP_CLIENT_H
#define TESTS_REF_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ref/run_bin.h"
#include "rs/base/str.h"
#include "rs/base/val.h"

/* `serve --port 0` in a workspace. */
struct ref_serve {
    pid_t pid;
    char *announced; /* what it printed when it listened */
    char *address;   /* "http://127.0.0.1:41234" */
    char host[64];
    int port;
    int err; /* its standard error, a file */
};
/* more: further arguments, "" for none. The test fails, with what the server said, unless it
 * listens. how->env as for ref_bin_run. */
void ref_serve_start(const struct ref_bin *b, const struct ref_how *how, const char *more,
                     struct ref_serve *out);
/* Sends the signal (0: none, it is ending already), waits for the end; the exit status. */
int ref_serve_stop(struct ref_serve *s, int signal);
/* Standard error so far; the caller's. */
char *ref_serve_log(const struct ref_serve *s);
/* Waits until the log has text; fails with the log where it does not come. */
void ref_serve_expect(const struct ref_serve *s, const char *text);

/* ---- a connection -------------------------------------------------------------------------- */

struct ref_http {
    int fd;
    struct rs_str in; /* read and not yet taken */
};
void ref_http_open(const struct ref_serve *s, struct ref_http *out);
bool ref_http_try_open(const struct ref_serve *s, struct ref_http *out); /* false: it is refused */
void ref_http_close(struct ref_http *h);
/* len SIZE_MAX: up to its NUL. false: the server has closed. */
bool ref_http_send(struct ref_http *h, const char *bytes, size_t len);
void ref_http_end_sending(struct ref_http *h); /* half-close */

struct ref_answer {
    int status;  /* 0: the connection ended before a whole response */
    char *heads; /* lines between status line and empty line, each with its CR LF */
    char *body;
    size_t len;
};
/* The next response; to_head: of a HEAD request, so without a body. */
void ref_http_read(struct ref_http *h, bool to_head, struct ref_answer *out);
/* Waits until the server closes; what it sent before, the caller's. NULL: it does not close. */
char *ref_http_rest(struct ref_http *h);
/* It closes without another byte. */
bool ref_http_ended(struct ref_http *h);

/* The next response has that status; what: the request, for the failure. */
void ref_http_expect(struct ref_http *h, int status, const char *what);
/* The server closes without another byte; so do we. */
void ref_http_expect_end(struct ref_http *h, const char *what);

void ref_answer_clear(struct ref_answer *a);
/* The value of the first head of that name, the caller's; NULL: there is none. */
char *ref_answer_head(const struct ref_answer *a, const char *name);
/* It has that value; NULL: there is no such head. */
void ref_answer_expect_head(const struct ref_answer *a, const char *name, const char *value);
/* The body as JSON; the test fails where it is none. */
struct rs_val *ref_answer_json(const struct ref_answer *a);
/* The answer is {"error": {"code", "message"}} of that status and code; its message has part. */
void ref_answer_is_error(const struct ref_answer *a, int status, const char *code,
                         const char *part);

/* ---- one request on a connection of its own ------------------------------------------------ */

/* heads: "Name: value\r\n" lines beside Host, Connection, Content-Type and Content-Length; or "".
 * body: JSON, or NULL. */
void ref_ask(const struct ref_serve *s, const char *method, const char *path, const char *heads,
             const char *body, struct ref_answer *out);
/* That, with the body as JSON; the test fails unless the answer has that status. */
struct rs_val *ref_ask_json(const struct ref_serve *s, const char *method, const char *path,
                            const char *heads, const char *body, int status);

#endif
