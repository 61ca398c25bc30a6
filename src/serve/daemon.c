/*
 * daemon - libmicrohttpd as this server uses it.
 *
 * It gets connections handed over (listen.c), and has neither a limit nor a timeout of its own:
 * conns.c counts, and ends what takes too long by the settings in force. The limit of version
 * 0.9.75 must never be reached: a connection that is handed over then leaves a lock taken.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http_impl.h"
#include "rs/base/log.h"
#include "rs/serve/serve.h"

enum {
    CONNECTION_MEMORY = 24 << 10, /* heads of a request, then those of its answer */
    CONNECTION_STEP = 4 << 10,
};

/* What it says of requests has their contents; such texts stay unformatted. */
static void __attribute__((format(printf, 2, 0))) on_say(void *cls, const char *fmt, va_list ap)
{
    struct srv *s = cls;
    char text[sizeof(s->daemon_says)];
    if (s->daemon && rs_log_level() > RS_LOG_DEBUG) return;
    if (strstr(fmt, "request for")) {
        snprintf(text, sizeof(text), "%s", fmt);
    } else {
        vsnprintf(text, sizeof(text), fmt, ap);
    }
    text[strcspn(text, "\n")] = '\0';
    if (!s->daemon && !s->daemon_says[0]) {
        snprintf(s->daemon_says, sizeof(s->daemon_says), "%s", text);
    }
    rs_log(RS_LOG_DEBUG, "http", "%s", text);
}

static enum rs_code fail_start(const struct srv *s, const struct srv_settings *set,
                               struct rs_err *err)
{
    const char *says = s->daemon_says[0] ? s->daemon_says : "no reason given";
    if (s->tls_cert)
        return rs_fail(err, RS_EARG,
                       "serving.tls_cert '%s' and serving.tls_key '%s' are not a certificate and "
                       "its key in PEM: %s",
                       set->tls_cert, set->tls_key, says);
    return rs_fail(err, RS_EIO, "start libmicrohttpd: %s", says);
}

enum rs_code srv_daemon_start(struct srv *s, const struct srv_settings *set, struct rs_err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET | (s->tls_cert ? MHD_USE_TLS : 0);
    struct MHD_OptionItem more[4] = {{MHD_OPTION_END, 0, NULL}};
    size_t n = 0;
    if (set->threads > 1) { /* a pool of one is refused */
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, set->threads, NULL};
    }
    if (s->tls_cert) {
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, s->tls_cert};
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, s->tls_key};
    }
    more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, srv_http_answer, s, MHD_OPTION_EXTERNAL_LOGGER, on_say, s,
        MHD_OPTION_URI_LOG_CALLBACK, srv_http_begin, s, MHD_OPTION_NOTIFY_COMPLETED, srv_http_end,
        s, MHD_OPTION_NOTIFY_CONNECTION, srv_http_connection, s, MHD_OPTION_UNESCAPE_CALLBACK,
        srv_http_unescape, s, MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_STEP, MHD_OPTION_ARRAY, more,
        MHD_OPTION_END);
    return s->daemon ? RS_OK : fail_start(s, set, err);
}

void rs_serve_libraries(rs_lib_fn *fn, void *ctx)
{
    char built[16];
    unsigned v = MHD_VERSION; /* 0x00097500: 0.9.75 */
    snprintf(built, sizeof(built), "%x.%x.%x", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff);
    fn("libmicrohttpd", built, MHD_get_version(), ctx);
}
