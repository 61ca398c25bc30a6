/*
 * fs_lock - one process at a time, by flock on a file that holds the owner's pid.
 *
 * flock and not fcntl: two locks of one process exclude each other too, and closing another
 * descriptor of the file gives nothing up.
 */
#define _DEFAULT_SOURCE /* flock */
#include "rs/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_impl.h"
#include "rs/base/clock.h"

#define POLL_MS 20

static long holder_pid(int fd)
{
    char text[32] = {0};
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

bool rs_fs_still_there(int fd, const char *path)
{
    struct stat mine;
    struct stat now;
    return fstat(fd, &mine) == 0 && stat(path, &now) == 0 && mine.st_ino == now.st_ino &&
           mine.st_dev == now.st_dev;
}

static enum rs_code busy(int fd, const char *path, struct rs_err *err)
{
    long pid = holder_pid(fd);
    if (pid > 0)
        return rs_fail(err, RS_EBUSY, "lock '%s' is held by process %ld: wait for it, or stop it",
                       path, pid);
    return rs_fail(err, RS_EBUSY, "lock '%s' is held by another process: wait for it", path);
}

enum rs_code rs_lock_open(const char *path, int64_t wait_ms, struct rs_lock *out,
                          struct rs_err *err)
{
    int64_t deadline = rs_clock_mono_ns() / 1000000 + wait_ms;
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) return rs_fail_errno(err, errno, "open lock '%s'", path);
        int e = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (e == 0 && rs_fs_still_there(fd, path)) {
            char text[32];
            int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
            /* the pid is a courtesy to who waits: on a full disk the lock still holds */
            if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) errno = 0;
            out->fd = fd;
            return RS_OK;
        }
        enum rs_code rc = RS_OK;
        if (e && e != EWOULDBLOCK && e != EINTR) {
            rc = rs_fail_errno(err, e, "lock '%s'", path);
        } else if (e == EWOULDBLOCK && rs_clock_mono_ns() / 1000000 >= deadline) {
            rc = busy(fd, path, err);
        }
        close(fd);
        if (rc) return rc;
        if (e) rs_clock_sleep_ms(POLL_MS);
    }
}

void rs_lock_close(struct rs_lock *l)
{
    if (l->fd >= 0) close(l->fd); /* gives up the lock */
    l->fd = -1;
}
