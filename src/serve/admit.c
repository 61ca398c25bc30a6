/*
 * admit - what is settled before a request's body: its call, whether its client may ask so often,
 * whether it may ask at all, and what its body is to be.
 *
 * What is refused here is answered after the body was read and thrown away (up to max_body), so
 * that the answer arrives and the connection stays.
 */
#include <string.h>
#include <strings.h>

#include "http_impl.h"

static const struct verb {
    const char *name;
    enum srv_verb verb;
} verbs[] = {
    {"GET", SRV_VERB_GET},
    {"HEAD", SRV_VERB_HEAD},
    {"POST", SRV_VERB_POST},
    {"OPTIONS", SRV_VERB_OPTIONS},
};

enum srv_verb srv_verb_of(const char *method)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strcmp(verbs[i].name, method) == 0) return verbs[i].verb;
    }
    return SRV_VERB_OTHER;
}

const char *srv_verb_name(enum srv_verb verb)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (verbs[i].verb == verb) return verbs[i].name;
    }
    return "other";
}

/* ---- the call ------------------------------------------------------------------------------ */

static enum srv_method method_of(enum srv_verb verb)
{
    return verb == SRV_VERB_POST ? SRV_POST : SRV_GET;
}

/* Sets r->call.route where path and method have one, r->allow where the path has any. */
static bool find_route(struct srv_request *r)
{
    struct rs_err err = {0};
    const char *query = strchr(r->uri, '?');
    r->path_len = query ? (size_t)(query - r->uri) : r->uri_len;
    r->query = query ? query + 1 : NULL;
    const struct srv_route *route = srv_route_find(method_of(r->verb), r->uri, r->path_len,
                                                   r->call.arena, r->path_values, &r->allow, &err);
    if (err.code) {
        srv_reply_error(r, MHD_HTTP_BAD_REQUEST, "%s", err.msg);
        return false;
    }
    if (r->verb == SRV_VERB_OPTIONS && strcmp(r->uri, "*") == 0) {
        r->allow = 1u << SRV_GET | 1u << SRV_POST;
    } else if (r->verb <= SRV_VERB_POST && route) {
        r->call.route = route;
        r->route_index = (int)(route - srv_routes);
    }
    return true;
}

static void refuse_route(struct srv_request *r)
{
    if (!r->allow) {
        srv_reply_error(r, MHD_HTTP_NOT_FOUND, "no call has this path: /docs lists the calls");
    } else {
        srv_reply_error(r, MHD_HTTP_METHOD_NOT_ALLOWED,
                        "this path does not take this method: see the Allow header");
    }
}

/* ---- may it? ------------------------------------------------------------------------------- */

static bool within_rate(struct srv_request *r)
{
    const struct srv_settings *set = r->settings;
    if (set->rate_per_s <= 0 || (r->call.route && r->call.route->flags & SRV_FREE)) return true;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (srv_limits_take(r->srv->limits, info->client_addr, set->rate_per_s, set->rate_burst,
                        r->begun_ns, &r->retry_s))
        return true;
    atomic_fetch_add_explicit(&r->srv->metrics.rate_limited, 1, memory_order_relaxed);
    srv_reply_error(r, MHD_HTTP_TOO_MANY_REQUESTS,
                    "more than %g requests a second: wait %d s, as Retry-After says",
                    set->rate_per_s, r->retry_s);
    return false;
}

static bool authorised(struct srv_request *r)
{
    static const char *const scopes[] = {"", "read", "write", "admin"};
    enum srv_scope need = r->call.route->scope;
    switch (srv_tokens_check(r->srv->tokens, r->settings, need, r->heads.authorization, r->actor)) {
    case SRV_ALLOWED:
        return true;
    case SRV_NO_TOKEN:
        srv_reply_error(r, MHD_HTTP_UNAUTHORIZED,
                        "this call needs a token of scope %s: send 'Authorization: Bearer TOKEN'",
                        scopes[need]);
        break;
    case SRV_BAD_TOKEN:
        srv_reply_error(r, MHD_HTTP_UNAUTHORIZED,
                        "the token is not one of this server: 'recsys-tui token list' shows those "
                        "that are");
        break;
    case SRV_LOW_SCOPE:
        srv_reply_error(r, MHD_HTTP_FORBIDDEN, "this call needs a token of scope %s", scopes[need]);
        break;
    case SRV_NONE_CONFIGURED:
        srv_reply_error(r, MHD_HTTP_FORBIDDEN,
                        "no token is configured, so this call is off: make one with 'recsys-tui "
                        "token add', or start the server with RECSYS_TOKEN");
        break;
    }
    return false;
}

/* ---- the body ------------------------------------------------------------------------------ */

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* application/json, of which only UTF-8 may be said. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, sizeof(json) - 1) != 0) return false;
    const char *at = skip_blanks(type + sizeof(json) - 1);
    while (*at == ';') {
        at = skip_blanks(at + 1);
        if (strncasecmp(at, "charset=", 8) == 0) {
            at += 8 + (at[8] == '"');
            if (strncasecmp(at, "utf-8", 5) != 0) return false;
        }
        at = skip_blanks(at + strcspn(at, ";"));
    }
    return *at == '\0';
}

static bool readable_body(struct srv_request *r)
{
    const struct srv_heads *h = &r->heads;
    if (!h->transfer_encoding && h->length == 0) return true;
    if (r->verb != SRV_VERB_POST) {
        r->close = true;
        srv_reply_error(r, MHD_HTTP_BAD_REQUEST, "this method takes no body");
        return false;
    }
    if (h->content_encoding && strcasecmp(h->content_encoding, "identity") != 0) {
        srv_reply_error(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                        "Content-Encoding is not known here: send the body as it is");
    } else if (!is_json(h->content_type)) {
        srv_reply_error(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                        "a body is JSON in UTF-8: send 'Content-Type: application/json'");
    } else {
        return true;
    }
    return false;
}

void srv_admit(struct srv_request *r)
{
    if (!find_route(r) || !within_rate(r)) return;
    if (r->verb == SRV_VERB_OPTIONS && r->allow) {
        srv_reply_options(r);
    } else if (!r->call.route) {
        refuse_route(r);
    } else if (authorised(r)) {
        (void)readable_body(r);
    }
}
