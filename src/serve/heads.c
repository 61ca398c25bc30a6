/*
 * heads - are the heads of a request what every reader takes them for?
 *
 * libmicrohttpd reads generously: a bare LF ends a line, a line that begins with a blank goes on
 * the one before (by its name, as it happens), NUL ends a value, "Content-Length : 5" is a head of
 * another name. A proxy in front may read the same bytes otherwise, and two who disagree on where
 * a request ends can be made to disagree on whose request the rest is. It parses in place, though:
 * what lies between one part and the next are the line ends, colons and blanks, as they came or as
 * NUL. So a sound request is one whose parts lie exactly as far apart as RFC 9112 has them.
 */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "http_impl.h"

#define LINES "the headers are not lines of 'name: value' that end in CR LF"

/* A head that matters: which text of struct srv_heads it fills, and what is wrong with a second one
 * (NULL: nothing). */
struct known {
    const char *name;
    size_t len, at;
    const char *twice;
};
#define KNOWN(name, field, twice)                                        \
    {                                                                    \
        name, sizeof(name) - 1, offsetof(struct srv_heads, field), twice \
    }
#define ONCE(name, field) KNOWN(name, field, "the header " name " is given twice: send it once")
static const struct known knowns[] = {
    ONCE("Host", host),
    ONCE("Content-Length", length_text),
    ONCE("Content-Type", content_type),
    ONCE("Authorization", authorization),
    ONCE("Transfer-Encoding", transfer_encoding),
    ONCE("Content-Encoding", content_encoding),
    KNOWN("Expect", expect, NULL),
    ONCE("Origin", origin),
    ONCE("Access-Control-Request-Method", asked_method),
    KNOWN("If-None-Match", if_none_match, NULL),
    KNOWN("X-Request-Id", request_id, NULL),
};

/* ---- bytes --------------------------------------------------------------------------------- */

/* RFC 9110, 5.6.2, a bit a character. */
static bool is_token(const char *s, size_t n)
{
    static const uint64_t low = 0x3ff6cfa00000000;
    static const uint64_t high = 0x57ffffffc7fffffe;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c > 127 || !((c < 64 ? low >> c : high >> (c - 64)) & 1)) return false;
    }
    return n > 0;
}

/* Visible, blank, tab, and above ASCII. */
static bool is_value(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < ' ' && c != '\t') || c == 127) return false;
    }
    return true;
}

/* Is the value right behind its name, with a colon (now NUL) and blanks between? */
static bool follows(const char *name, size_t name_len, const char *value)
{
    const char *at = name + name_len;
    if ((uintptr_t)value <= (uintptr_t)at || *at != '\0') return false;
    for (at++; at < value; at++) {
        if (*at != ' ' && *at != '\t') return false;
    }
    return true;
}

/* ---- one head after the other -------------------------------------------------------------- */

struct reading {
    struct srv_heads *heads;
    const char *next; /* where the next line begins */
    const char *wrong;
};

static const char *keep(struct srv_heads *h, const char *name, size_t len, const char *value)
{
    for (size_t i = 0; i < sizeof(knowns) / sizeof(*knowns); i++) {
        const struct known *k = &knowns[i];
        if (k->len != len || strncasecmp(k->name, name, len) != 0) continue;
        const char **field = (const char **)((char *)h + k->at);
        if (*field && k->twice) return k->twice;
        if (!*field) *field = value;
        break;
    }
    return NULL;
}

static enum MHD_Result take_head(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct reading *w = arg;
    (void)kind;
    if (name != w->next || !value || !follows(name, name_len, value)) {
        w->wrong = LINES;
    } else if (!is_token(name, name_len)) {
        w->wrong = "a header's name has a character that names cannot have";
    } else if (!is_value(value, value_len)) {
        w->wrong = "a header's value has a control character";
    } else {
        w->next = value + value_len + 2;
        w->wrong = keep(w->heads, name, name_len, value);
    }
    return w->wrong ? MHD_NO : MHD_YES;
}

/* The request line and every head lie one behind the other, to the empty line. */
static const char *read_lines(struct srv_request *r, const char *method, const char *version)
{
    struct reading w = {.heads = &r->heads, .next = version + strlen(version) + 2};
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (method + strlen(method) + 1 != r->uri_at || r->uri_at + r->uri_len + 1 != version)
        return "the request line is not 'METHOD path HTTP/1.1'";
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, take_head, &w);
    if (w.wrong) return w.wrong;
    return size && method + size->header_size == w.next + 2 ? NULL : LINES;
}

/* ---- what they say ------------------------------------------------------------------------- */

static const char *read_uri(const struct srv_request *r)
{
    bool server = r->verb == SRV_VERB_OPTIONS && strcmp(r->uri, "*") == 0;
    if (r->uri[0] != '/' && !server)
        return "the request line has no path that begins with '/': name the host in Host";
    for (size_t i = 0; i < r->uri_len; i++) {
        unsigned char c = (unsigned char)r->uri[i];
        if (c <= ' ' || c >= 127)
            return "the path has a blank, a control character or one beyond ASCII: write it as %HH";
    }
    return NULL;
}

/* Digits alone, as libmicrohttpd has seen to. */
static bool read_length(struct srv_heads *h)
{
    if (!h->length_text) return true;
    if (!*h->length_text) return false;
    for (const char *c = h->length_text; *c; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || h->length > (UINT64_MAX - digit) / 10) return false;
        h->length = 10 * h->length + digit;
    }
    return true;
}

static const char *read_framing(struct srv_request *r, bool old, int *status_out)
{
    struct srv_heads *h = &r->heads;
    if (!old && !h->host) return "Host is missing";
    if (!read_length(h)) return "Content-Length is not a number";
    if (h->transfer_encoding && h->length_text)
        return "Content-Length and Transfer-Encoding contradict each other";
    if (h->transfer_encoding && old) return "HTTP/1.0 has no Transfer-Encoding";
    if (h->transfer_encoding && strcasecmp(h->transfer_encoding, "chunked") != 0) {
        *status_out = MHD_HTTP_NOT_IMPLEMENTED;
        return "Transfer-Encoding other than chunked is not known here";
    }
    return NULL;
}

const char *srv_heads_read(struct srv_request *r, const char *method, const char *version,
                           int *status_out)
{
    *status_out = MHD_HTTP_BAD_REQUEST;
    r->heads = (struct srv_heads){0};
    const char *wrong = read_lines(r, method, version);
    if (!wrong) wrong = read_uri(r);
    if (!wrong) wrong = read_framing(r, strcmp(version, "HTTP/1.0") == 0, status_out);
    return wrong;
}
