/*
 * reply - a call's result as a response: status, heads, body.
 *
 * Every head costs libmicrohttpd three allocations, so an answer of the API has four of ours:
 * Content-Type, X-Content-Type-Options, Cache-Control and X-Request-Id; the others come where they
 * mean something. A finished answer that is shared goes out without a copy, and to whoever asks for
 * nothing special as the very response that was made with it: that one has no X-Request-Id, which a
 * client gets by sending its own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_impl.h"
#include "rs/base/clock.h"
#include "rs/base/log.h"

#define JSON_TYPE "application/json"
/* Pages load their own parts and nothing else, and are framed by nobody. */
#define PAGE_POLICY                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char *http_error_name(int status)
{
#define ERROR_NAME(number, name) \
    case number:                 \
        return name;
    switch (status) {
        SRV_HTTP_ERRORS(ERROR_NAME)
    default:
        return "error";
    }
#undef ERROR_NAME
}

/* ---- heads --------------------------------------------------------------------------------- */

static void head(struct srv_request *r, const char *name, const char *value)
{
    if (!r->response || MHD_add_response_header(r->response, name, value) == MHD_YES) return;
    MHD_destroy_response(r->response); /* no memory: better none than half an answer */
    r->response = NULL;
}

/* The origin that may read the answer, as settings have it; NULL: no other than ours. */
static const char *allowed_origin(const struct srv_request *r)
{
    char *const *o = r->settings->cors;
    if (!o || !*o) return NULL;
    if (strcmp(*o, "*") == 0) return "*";
    for (; *o && r->heads.origin; o++) {
        if (strcmp(*o, r->heads.origin) == 0) return *o;
    }
    return NULL;
}

static void cors_heads(struct srv_request *r)
{
    const char *origin = allowed_origin(r);
    if (origin) {
        head(r, "Access-Control-Allow-Origin", origin);
        head(r, "Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id");
    }
    if (r->settings->cors && r->settings->cors[0] && strcmp(r->settings->cors[0], "*") != 0) {
        head(r, "Vary", "Origin");
    }
}

static void page_heads(struct srv_request *r)
{
    head(r, "Content-Security-Policy", PAGE_POLICY);
    head(r, "Referrer-Policy", "no-referrer");
    head(r, "X-Frame-Options", "DENY");
}

static const char *methods_text(unsigned allow, char out[64])
{
    snprintf(out, 64, "%s%sOPTIONS", allow & 1u << SRV_GET ? "GET, HEAD, " : "",
             allow & 1u << SRV_POST ? "POST, " : "");
    return out;
}

/* What every response has. type NULL: no body. */
static void common_heads(struct srv_request *r, const char *type, const char *caching)
{
    char text[64];
    if (type) {
        head(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        head(r, "X-Content-Type-Options", "nosniff");
    }
    head(r, MHD_HTTP_HEADER_CACHE_CONTROL, caching);
    head(r, "X-Request-Id", r->id);
    cors_heads(r);
    if (r->srv->tls_cert) head(r, "Strict-Transport-Security", "max-age=31536000");
    if (r->retry_s > 0) {
        snprintf(text, sizeof(text), "%d", r->retry_s);
        head(r, MHD_HTTP_HEADER_RETRY_AFTER, text);
    }
    if (r->close || atomic_load_explicit(&r->srv->draining, memory_order_relaxed)) {
        head(r, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

/* ---- errors -------------------------------------------------------------------------------- */

static struct MHD_Response *copy_of(const struct rs_str *text)
{
    if (text->failed) return NULL;
    return MHD_create_response_from_buffer(text->len, text->data, MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *no_body(void)
{
    return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
}

static void reply_failure(struct srv_request *r, int status, const char *code, const char *message)
{
    struct rs_str text;
    char methods[64];
    rs_assert(!r->response);
    rs_str_init(&text, 0);
    rs_str_addf(&text, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    rs_json_quote(message, &text);
    rs_str_add(&text, "}}");
    r->status = status;
    r->sent = text.len;
    r->response = copy_of(&text);
    rs_str_clear(&text);
    common_heads(r, JSON_TYPE, "no-store");
    if (status == MHD_HTTP_UNAUTHORIZED) {
        head(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
             r->heads.authorization ? "Bearer realm=\"recsys-tui\", error=\"invalid_token\""
                                    : "Bearer realm=\"recsys-tui\"");
    } else if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        head(r, MHD_HTTP_HEADER_ALLOW, methods_text(r->allow, methods));
    }
}

void srv_reply_error(struct srv_request *r, int status, const char *fmt, ...)
{
    char message[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    reply_failure(r, status, http_error_name(status), message);
}

static void reply_code(struct srv_request *r, const struct rs_err *err)
{
    int status = rs_code_http(err->code);
    if (status == MHD_HTTP_INTERNAL_SERVER_ERROR) {
        rs_log(RS_LOG_ERROR, "request", "id=%s route=%s: %s", r->id, r->call.route->path, err->msg);
    } else if (status == MHD_HTTP_SERVICE_UNAVAILABLE && r->retry_s == 0) {
        r->retry_s = 1;
    }
    reply_failure(r, status, rs_code_name(err->code), err->msg);
}

/* ---- results ------------------------------------------------------------------------------- */

static void release_body(void *arg)
{
    srv_body_release(arg);
}

void srv_reply_ready(struct srv_body *b)
{
    static const char *const heads[][2] = {{MHD_HTTP_HEADER_CONTENT_TYPE, JSON_TYPE},
                                           {"X-Content-Type-Options", "nosniff"},
                                           {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"}};
    b->ready = MHD_create_response_from_buffer_with_free_callback_cls(b->len, b->data, free, b);
    b->plain = b->ready != NULL;
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads) && b->plain; i++) {
        b->plain = MHD_add_response_header(b->ready, heads[i][0], heads[i][1]) == MHD_YES;
    }
}

/* Would the answer have no other heads than a plain one? */
static bool is_plain(const struct srv_request *r)
{
    const struct srv_call *c = &r->call;
    bool usual = c->status == MHD_HTTP_OK && !c->etag && !c->location && !c->route->type;
    bool cors = r->settings->cors && r->settings->cors[0];
    return usual && !cors && !r->heads.request_id && !r->close && !r->srv->tls_cert &&
           !atomic_load_explicit(&r->srv->draining, memory_order_relaxed);
}

/* The reference goes to the response. */
static struct MHD_Response *share(struct srv_body *b)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer_with_free_callback_cls(b->len, b->data, release_body, b);
    if (!r) srv_body_release(b);
    return r;
}

/* Does the client have this already? Entity tags here have no comma inside. */
static bool is_known(const struct srv_request *r)
{
    const char *have = r->heads.if_none_match;
    const char *etag = r->call.etag;
    if (!have || !etag || r->call.status != MHD_HTTP_OK) return false;
    if (strcmp(have, "*") == 0) return true;
    const char *at = strstr(have, etag);
    size_t len = strlen(etag);
    return at && (at[len] == '\0' || at[len] == ',' || at[len] == ' ');
}

static void make_body(struct srv_request *r)
{
    struct srv_call *c = &r->call;
    struct srv_body *shared = c->shared;
    c->shared = NULL;
    r->status = c->status;
    if (is_known(r)) {
        srv_body_release(shared);
        r->status = MHD_HTTP_NOT_MODIFIED;
        r->response = no_body();
    } else if (shared && shared->plain && is_plain(r)) {
        r->sent = shared->len;
        r->lent = shared;
        r->response = shared->ready;
    } else if (shared) {
        r->sent = shared->len;
        r->response = share(shared);
    } else {
        r->sent = c->out->len;
        r->response = copy_of(c->out);
    }
}

void srv_reply_result(struct srv_request *r, enum rs_code rc, const struct rs_err *err)
{
    struct srv_call *c = &r->call;
    struct rs_err full = {0};
    if (!rc && !c->shared && c->out->failed) {
        rc = rs_fail(&full, RS_ENOMEM, "no memory for the answer");
        err = &full;
    }
    if (rc) {
        srv_body_release(c->shared);
        c->shared = NULL;
        reply_code(r, err);
        return;
    }
    make_body(r);
    if (r->lent) return; /* it has its heads */
    bool page = c->route->flags & SRV_ASSET;
    common_heads(r, c->route->type ? c->route->type : JSON_TYPE, page ? "no-cache" : "no-store");
    if (page) page_heads(r);
    if (c->etag) head(r, MHD_HTTP_HEADER_ETAG, c->etag);
    if (c->location) head(r, MHD_HTTP_HEADER_LOCATION, c->location);
}

void srv_reply_options(struct srv_request *r)
{
    char methods[64];
    r->status = MHD_HTTP_NO_CONTENT;
    r->response = no_body();
    common_heads(r, NULL, "no-store");
    head(r, MHD_HTTP_HEADER_ALLOW, methods_text(r->allow, methods));
    if (r->heads.asked_method && allowed_origin(r)) { /* a browser asks before it calls */
        head(r, "Access-Control-Allow-Methods", methods_text(r->allow, methods));
        head(r, "Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
        head(r, "Access-Control-Max-Age", "600");
    }
}

void srv_reply_late(char *out, size_t size)
{
    static const char body[] = "{\"error\":{\"code\":\"request_timeout\",\"message\":"
                               "\"the body did not arrive within serving.request_s\"}}";
    char date[40];
    struct tm tm;
    time_t now = (time_t)(rs_clock_now_ms() / 1000);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    snprintf(out, size,
             "HTTP/1.1 408 Request Timeout\r\nDate: %s\r\nConnection: close\r\n"
             "Content-Type: " JSON_TYPE "\r\nX-Content-Type-Options: nosniff\r\n"
             "Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
             date, sizeof(body) - 1, body);
}
