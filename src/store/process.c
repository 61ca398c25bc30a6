/*
 * process - which process a job's row means: pid and start time, within one boot and pid namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs_impl.h"

/* The start of a small file of /proc as text; "" where it cannot be read. */
static void read_start(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;
    if (fd >= 0) close(fd);
    out[n > 0 ? n : 0] = '\0';
}

void rs_job_pid_space(char *out, size_t size)
{
    char boot[64];
    char space[64];
    read_start("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
    boot[strcspn(boot, "\n")] = '\0';
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);
    space[n > 0 ? n : 0] = '\0';
    snprintf(out, size, "%s/%s", boot, space);
}

int64_t rs_job_process_start(int64_t pid)
{
    char path[48];
    char text[1024];
    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    read_start(path, text, sizeof(text));
    char *at = strrchr(text, ')'); /* the name before it may hold anything */
    if (!at) return 0;
    for (int field = 2; field < 22 && at; field++) /* of proc(5), counted from 1 */
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : 0;
}

bool rs_job_process_alive(int64_t pid, int64_t start)
{
    if (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)) return false;
    int64_t now = rs_job_process_start(pid);
    return start == 0 || now == 0 || now == start;
}
