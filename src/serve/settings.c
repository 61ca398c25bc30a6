/*
 * settings - the group `serving` as the server uses it: checked once, then immutable.
 *
 * The last holder frees it; the count is atomic, so no lock guards a settings object.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "state_impl.h"

enum { MIN_TOKEN = 16 };

static void free_settings(struct srv_settings *s)
{
    for (char **o = s->cors; o && *o; o++)
        free(*o);
    free(s->cors);
    free(s->alias);
    free(s->host);
    free(s->tls_cert);
    free(s->tls_key);
    free(s->allow);
    free(s->deny);
    free(s);
}

void srv_settings_hold(const struct srv_settings *s)
{
    atomic_fetch_add_explicit(&s->own->refs, 1, memory_order_relaxed);
}

void srv_settings_release(const struct srv_settings *s)
{
    if (s && atomic_fetch_sub(&s->own->refs, 1) == 1) free_settings(s->own);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* "" stays "", a relative name is one of the workspace. */
static char *path_of(const struct rs_conf *conf, const char *key, const char *workspace)
{
    const char *name = rs_conf_text(conf, key);
    return name[0] ? rs_path_join(workspace, name) : rs_xstrdup("");
}

/* What browsers send: scheme://host or scheme://host:port, in lower case, nothing behind it. */
static bool is_origin(const char *o)
{
    const char *host = rs_str_starts(o, "https://")  ? o + 8
                       : rs_str_starts(o, "http://") ? o + 7
                                                     : NULL;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    return host && host[0] && host[strspn(host, letters)] == '\0';
}

static enum rs_code check_origins(char *const *origins, size_t n, struct rs_err *err)
{
    for (size_t i = 0; i < n; i++) {
        bool any = strcmp(origins[i], "*") == 0;
        if (any && n > 1)
            return rs_fail(err, RS_EARG, "serving.cors: * stands alone, it means every origin");
        if (!any && !is_origin(origins[i]))
            return rs_fail(err, RS_EARG,
                           "serving.cors: '%s' is no origin: write https://host or "
                           "http://host:port, in lower case, without a path",
                           origins[i]);
    }
    return RS_OK;
}

/* "a, b" as a NULL-ended list without blanks and empty parts; *n_out of them. */
static char **split_list(const char *text, size_t *n_out)
{
    size_t most = 2;
    for (const char *c = text; *c; c++)
        most += *c == ',';
    char **list = rs_xalloc(most, sizeof(*list));
    size_t n = 0;
    while (*text) {
        text += strspn(text, ", \t");
        size_t len = strcspn(text, ", \t");
        if (len) list[n++] = rs_xstrndup(text, len);
        text += len;
    }
    *n_out = n;
    return list;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum rs_code read_token(struct srv_settings *s, const char *token, struct rs_err *err)
{
    if (!token || !token[0]) return RS_OK;
    size_t len = strlen(token);
    if (len < MIN_TOKEN)
        return rs_fail(
            err, RS_EARG,
            "RECSYS_TOKEN has %zu characters: use at least %d, as 'token add' makes them", len,
            MIN_TOKEN);
    for (const char *c = token; *c; c++) {
        if (*c <= ' ' || *c > '~')
            return rs_fail(err, RS_EARG,
                           "RECSYS_TOKEN has a character that no header can carry: use letters and "
                           "digits");
    }
    rs_sha256_of(token, len, s->token_hash);
    return RS_OK;
}

static enum srv_access_log access_log_of(const char *name)
{
    return strcmp(name, "all") == 0      ? SRV_ACCESS_ALL
           : strcmp(name, "errors") == 0 ? SRV_ACCESS_ERRORS
                                         : SRV_ACCESS_NONE;
}

/* One core is left to the kernel's network, the store's threads and jobs: a thread more than cores
 * that are free answers no more requests, and lets some wait for a time slice. */
static int default_threads(void)
{
    int cores = rs_par_threads();
    return cores > 1 ? cores - 1 : 1;
}

static void read_numbers(struct srv_settings *s, const struct rs_conf *conf)
{
    s->port = (int)rs_conf_int(conf, "serving.port");
    s->threads = (int)rs_conf_int(conf, "serving.threads");
    if (s->threads == 0) s->threads = default_threads();
    s->read_needs_token = rs_conf_bool(conf, "serving.read_needs_token");
    s->rate_per_s = rs_conf_real(conf, "serving.rate_per_s");
    s->rate_burst = rs_conf_real(conf, "serving.rate_burst");
    if (s->rate_burst <= 0) s->rate_burst = 2 * s->rate_per_s;
    if (s->rate_per_s > 0 && s->rate_burst < 1) s->rate_burst = 1; /* else nothing would pass */
    s->max_body = (size_t)rs_conf_int(conf, "serving.max_body_kb") << 10;
    s->connections = (int)rs_conf_int(conf, "serving.connections");
    s->idle_s = (int)rs_conf_int(conf, "serving.idle_s");
    s->request_s = (int)rs_conf_int(conf, "serving.request_s");
    s->drain_s = (int)rs_conf_int(conf, "serving.drain_s");
    s->cursor_s = (int)rs_conf_int(conf, "serving.cursor_s");
    s->cache_bytes = (size_t)rs_conf_int(conf, "serving.cache_mb") << 20;
    s->access_log = access_log_of(rs_conf_text(conf, "serving.access_log"));
}

static enum rs_code read_texts(struct srv_settings *s, const struct rs_conf *conf,
                               const char *workspace, struct rs_err *err)
{
    size_t n_origins = 0;
    s->alias = rs_xstrdup(rs_conf_text(conf, "serving.alias"));
    s->host = rs_xstrdup(rs_conf_text(conf, "serving.host"));
    s->cors = split_list(rs_conf_text(conf, "serving.cors"), &n_origins);
    s->tls_cert = path_of(conf, "serving.tls_cert", workspace);
    s->tls_key = path_of(conf, "serving.tls_key", workspace);
    s->allow = path_of(conf, "serving.allow", workspace);
    s->deny = path_of(conf, "serving.deny", workspace);
    if (!s->alias[0])
        return rs_fail(err, RS_EARG, "serving.alias is empty: name the alias that answers");
    if (!s->host[0])
        return rs_fail(err, RS_EARG,
                       "serving.host is empty: 127.0.0.1 is this machine, 0.0.0.0 "
                       "everywhere");
    if (!s->tls_cert[0] != !s->tls_key[0])
        return rs_fail(err, RS_EARG, "serving.%s is set without serving.%s: TLS needs both",
                       s->tls_cert[0] ? "tls_cert" : "tls_key",
                       s->tls_cert[0] ? "tls_key" : "tls_cert");
    return check_origins(s->cors, n_origins, err);
}

enum rs_code srv_settings_read(const struct rs_conf *conf, const char *workspace,
                               const char *env_token, struct srv_settings **out, struct rs_err *err)
{
    struct srv_settings *s = rs_xalloc(1, sizeof(*s));
    atomic_init(&s->refs, 1);
    s->own = s;
    read_numbers(s, conf);
    enum rs_code rc = read_texts(s, conf, workspace, err);
    if (!rc) rc = read_token(s, env_token, err);
    if (rc) {
        srv_settings_release(s);
        return rc;
    }
    *out = s;
    return RS_OK;
}
