/*
 * ref_web - the real server in a workspace, on a port of the system's choice, and a client for it.
 */
#ifndef TESTS_REF_REF_WEB_H
#define TESTS_REF_REF_WEB_H

#include <stddef.h>
#include <sys/types.h>

#include "ref/run_bin.h"
#include "rs/base/val.h"

#define REF_WEB_TOKEN "rst_0123456789abcdef0123456789abcdef" /* RECSYS_TOKEN of the server */

struct ref_web {
    pid_t pid;
    char *address; /* "http://127.0.0.1:43210" */
    char *log;     /* file of its standard error */
};
/* `serve --port 0` and those words of a command line; returns once it says that it listens. */
void ref_web_start(struct ref_web *w, const struct ref_bin *b, const char *options);
int ref_web_stop(struct ref_web *w); /* SIGTERM; the exit status, or 128 + signal */

struct ref_reply {
    int status;
    char *headers; /* as they came, without the status line */
    char *body;    /* NUL-terminated */
    size_t len;
    struct rs_val *json; /* of an application/json body, else NULL */
};
/* One request; the test fails where none is answered. token, body (JSON) and extra (a header line)
 * may be NULL. */
void ref_web_ask(const struct ref_web *w, const char *method, const char *path, const char *token,
                 const char *body, const char *extra, struct ref_reply *out);
/* The value of a header, or NULL; the caller frees. */
char *ref_reply_header(const struct ref_reply *r, const char *name);
void ref_reply_clear(struct ref_reply *r);

#endif
