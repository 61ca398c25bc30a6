/* fs_impl - what the files of fs share. */
#ifndef RS_BASE_FS_IMPL_H
#define RS_BASE_FS_IMPL_H

#include "rs/base/err.h"

/* rs_fail_errno for "what 'path'"; RS_ENOTFOUND where there is no such file. */
enum rs_code rs_fs_fail(struct rs_err *err, int errno_value, const char *what, const char *path);

#endif
