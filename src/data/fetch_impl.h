/*
 * fetch_impl - what fetch, download and archive share.
 */
#ifndef RS_DATA_FETCH_IMPL_H
#define RS_DATA_FETCH_IMPL_H

#include "rs/data/fetch.h"

#define RS_FETCH_MAX_BYTES (8LL << 30) /* where the caller sets no other limit */

/* url into `to`, going on behind the bytes that are there (HTTP range); *resumed: bytes from before
 * were kept. At most max_bytes. RS_EIO with a remedy, RS_ENOTFOUND for a 404. */
RS_MUST_USE enum rs_code rs_download(const char *url, const char *to, int64_t max_bytes,
                                     struct rs_task *task, bool *resumed, struct rs_err *err);

#endif
