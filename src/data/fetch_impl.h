/*
 * fetch_impl - what fetch, download and archive share.
 */
#ifndef RS_DATA_FETCH_IMPL_H
#define RS_DATA_FETCH_IMPL_H

#include "rs/data/fetch.h"

/* url into `to`, going on behind the bytes that are there (HTTP range). RS_EIO with a remedy. */
enum rs_code rs_download(const char *url, const char *to, struct rs_task *task, struct rs_err *err);

#endif
