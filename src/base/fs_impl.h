/* fs_impl - what the files of fs share. */
#ifndef RS_BASE_FS_IMPL_H
#define RS_BASE_FS_IMPL_H

#include <stdbool.h>

#include "rs/base/err.h"

/* rs_fail_errno for "what 'path'"; RS_ENOTFOUND where there is no such file. */
enum rs_code rs_fs_fail(struct rs_err *err, int errno_value, const char *what, const char *path);
/* path still names the file open on fd: nobody removed or replaced it before we locked it. */
bool rs_fs_still_there(int fd, const char *path);

#endif
