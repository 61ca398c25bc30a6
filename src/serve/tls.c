/*
 * tls - certificate and key from their files. libmicrohttpd wants their text.
 */
#include "http_impl.h"
#include "rs/base/fs.h"

enum { MAX_PEM = 1 << 20 };

static enum rs_code read_pem(const char *key, const char *path, char **out, struct rs_err *err)
{
    size_t len;
    enum rs_code rc = rs_fs_read(path, MAX_PEM, out, &len, err);
    if (rc) rs_wrap(err, "%s", key);
    return rc;
}

enum rs_code srv_tls_read(const struct srv_settings *set, char **cert_out, char **key_out,
                          struct rs_err *err)
{
    if (!set->tls_cert[0]) return RS_OK;
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return rs_fail(err, RS_EARG,
                       "serving.tls_cert: this libmicrohttpd was built without TLS: put a proxy in "
                       "front");
    enum rs_code rc = read_pem("serving.tls_cert", set->tls_cert, cert_out, err);
    if (!rc) rc = read_pem("serving.tls_key", set->tls_key, key_out, err);
    return rc;
}
